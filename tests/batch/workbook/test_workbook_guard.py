from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.batch import open_batch, workbook_values, workbook_zip
from optout.batch.workbook import WorkbookSource
from optout.batch.workbook_guard import ole_kind, refuse_unless_workbook
from optout.errors import InputError, UnreadableFileError, UnsafeWorkbookError

HEADER = ["氏名", "住所", "電話番号"]
ICHIRO = ["見本 一郎", "東京都新宿区西新宿3-2-1", "03-1234-5678"]
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def archive(path: Path, parts: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def types(*kinds: str) -> dict[str, str]:
    told = "".join(f'<Override PartName="/p" ContentType="application/{kind}"/>' for kind in kinds)
    return {"[Content_Types].xml": f'<Types xmlns="{TYPES}">{told}</Types>'}


OTHERS = {
    "macros": (
        types("vnd.ms-excel.sheet.macroEnabled.main+xml"),
        "macros (.xlsm)",
        "without letting its macros run",
    ),
    "add-in": (types("vnd.ms-excel.addin.macroEnabled.main+xml"), "macros", "名前を付けて保存"),
    "hidden macros": (
        types("vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", "vnd.ms-office.vbaProject"),
        "macros",
        "名前を付けて保存",
    ),
    "macros nobody declares": ({**types(), "xl/vbaProject.bin": "x"}, "macros", "名前を付けて保存"),
    "binary": (types("vnd.ms-excel.sheet.binary.macroEnabled.main"), ".xlsb", "名前を付けて保存"),
    "word": (
        types("vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
        "Word document",
        "Copy its table",
    ),
    "word without types": ({"word/document.xml": "<x/>"}, "Word document", "Copy its table"),
    "slides": (
        types("vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"),
        "PowerPoint",
        "Copy its table",
    ),
    "ods": ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, ".ods", "名前を付けて保存"),
    "odt": ({"mimetype": "application/vnd.oasis.opendocument.text"}, "OpenDocument", "Copy its table"),
    "numbers": ({"Index/Document.iwa": "x"}, "Apple Numbers", "Ask its sender"),
    "zip": ({"list.csv": "氏名\n見本\n"}, "ZIP archive", "Unpack it"),
    "epub": ({"mimetype": "application/epub+zip"}, "ZIP archive", "Unpack it"),
    "no workbook": (
        types("vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"),
        "damaged",
        "save it as Excel",
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_kind_of_file_is_named_with_the_next_step(tmp_path: Path, kind: str) -> None:
    parts, why, next_step = OTHERS[kind]
    with pytest.raises(UnreadableFileError) as error:
        open_batch(archive(tmp_path / "list.xlsx", parts))
    assert why in error.value.why
    assert next_step in error.value.next_step


@pytest.mark.parametrize(
    ("stream", "why", "next_step"),
    [
        ("EncryptedPackage", "password", "パスワードを使用して暗号化"),
        ("Workbook", ".xls", "名前を付けて保存"),
        ("Book", ".xls", "名前を付けて保存"),
        ("WordDocument", ".doc", "Copy its table"),
        ("Contents", "no workbook", "Ask its sender"),
    ],
)
def test_an_ole_file_is_told_by_its_streams(tmp_path: Path, stream: str, why: str, next_step: str) -> None:
    path = tmp_path / "list.xlsx"
    entry = stream.encode("utf-16-le").ljust(128, b"\0")
    path.write_bytes(OLE + bytes(504) + b"Workbook".ljust(512, b"x") + bytes(128) + entry)
    told = ole_kind(path)
    assert why in told[0]
    assert next_step in told[1]


def test_a_password_goes_before_the_old_kind(tmp_path: Path) -> None:
    path = tmp_path / "list.xls"
    names = ("Workbook", "EncryptedPackage")
    path.write_bytes(
        OLE + bytes(504) + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in names)
    )
    assert "password" in ole_kind(path)[0]


def test_a_part_with_a_password_of_its_own_is_refused(excel: Any) -> None:
    path = excel.sheet([HEADER, ICHIRO])
    raw = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(sign, raw):
            raw[found.start() + offset] |= 1
    path.write_bytes(raw)
    with pytest.raises(UnreadableFileError, match="password"):
        WorkbookSource(path)


def test_a_truncated_workbook_is_told_wherever_it_ends(excel: Any) -> None:
    path = excel.sheet([HEADER, *[ICHIRO] * 50])
    raw = path.read_bytes()
    for length in range(4, len(raw), 37):
        path.write_bytes(raw[:length])
        with pytest.raises(UnreadableFileError, match="damaged or incomplete"):
            WorkbookSource(path)


class TestBombs:
    def test_a_part_that_inflates_beyond_reason_is_refused(self, excel: Any) -> None:
        blanks = " " * (40 << 20)
        book = excel.Book({"名簿": excel.Sheet([HEADER, ICHIRO], tail=blanks)})
        with pytest.raises(UnsafeWorkbookError):
            WorkbookSource(excel.write(book))

    def test_the_limit_of_the_whole_counts_what_really_comes_out(
        self, excel: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = excel.sheet([HEADER, *[ICHIRO] * 3000])
        monkeypatch.setattr(workbook_zip, "MOST_INFLATED", 100_000)
        with pytest.raises(UnsafeWorkbookError):
            WorkbookSource(path)

    def test_a_declared_size_that_lies_is_noticed(self, excel: Any) -> None:
        path = excel.sheet([HEADER, *[ICHIRO] * 3000])
        _declare(path, "xl/worksheets/sheet1.xml", size=1000)
        with pytest.raises(UnreadableFileError, match="directory says"):
            WorkbookSource(path)

    def test_a_lie_with_the_checksum_of_its_beginning_is_noticed(self, excel: Any) -> None:
        path = excel.sheet([HEADER, *[ICHIRO] * 3000])
        content = excel.parts(path)["xl/worksheets/sheet1.xml"]
        _declare(path, "xl/worksheets/sheet1.xml", size=1000, checksum=zlib.crc32(content[:1000]))
        with pytest.raises(UnreadableFileError, match="directory says"):
            WorkbookSource(path)

    def test_overlapping_parts_are_refused(self, excel: Any) -> None:
        path = excel.sheet([HEADER, ICHIRO])
        raw = bytearray(path.read_bytes())
        entries = [found.start() for found in re.finditer(b"PK\x01\x02", raw)]
        raw[entries[-1] + 42 : entries[-1] + 46] = raw[entries[0] + 42 : entries[0] + 46]
        path.write_bytes(raw)
        with pytest.raises(UnsafeWorkbookError, match="overlap"):
            WorkbookSource(path)

    def test_too_many_parts_are_refused(self, excel: Any) -> None:
        many = {f"xl/media/{number}": b"" for number in range(workbook_zip.MOST_PARTS)}
        with pytest.raises(UnsafeWorkbookError, match="parts"):
            WorkbookSource(excel.write(excel.Book({"名簿": excel.Sheet([HEADER, ICHIRO])}, parts=many)))

    def test_a_stray_cell_in_the_last_corner_is_refused_before_room_is_made_for_all_between(
        self, excel: Any
    ) -> None:
        last = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        data = excel.Sheet([HEADER, ICHIRO]).xml.split("<sheetData>")[1].split("</sheetData>")[0] + last
        with pytest.raises(UnsafeWorkbookError, match="16,384 columns"):
            WorkbookSource(excel.write(excel.Book({"名簿": excel.Sheet(data=data)})))

    def test_a_long_text_that_every_cell_shares_is_refused(
        self, excel: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [HEADER, *[[excel.Raw('<c r="{r}" t="s"><v>0</v></c>')] * 3] * 500]
        book = excel.Book({"名簿": excel.Sheet(rows)}, strings=[f"<t>{'髙' * 1000}</t>"])
        path = excel.write(book)
        assert WorkbookSource(path).frame.height == 500
        monkeypatch.setattr(workbook_values, "MOST_TEXT", 1 << 20)
        with pytest.raises(UnsafeWorkbookError, match="texts"):
            WorkbookSource(path)

    def test_one_long_text_is_no_bomb(self, excel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [HEADER, *[[excel.Raw('<c r="{r}" t="s"><v>1</v></c>')] * 3] * 500]
        book = excel.Book({"名簿": excel.Sheet(rows)}, strings=[f"<t>{'髙' * 1000}</t>", "<t>x</t>"])
        monkeypatch.setattr(workbook_values, "MOST_TEXT", 1 << 20)
        assert WorkbookSource(excel.write(book)).frame.height == 500

    def test_more_texts_declared_than_there_can_be_are_refused(self, excel: Any) -> None:
        book = excel.Book({"名簿": excel.Sheet([HEADER, ICHIRO])})
        strings = book.all_parts()["xl/sharedStrings.xml"].replace(
            "<sst ", '<sst uniqueCount="999999999999" '
        )
        book.parts = {"xl/sharedStrings.xml": strings}
        with pytest.raises(UnsafeWorkbookError, match="declares"):
            WorkbookSource(excel.write(book))

    def test_entities_are_never_unfolded(self, excel: Any) -> None:
        book = excel.Book({"名簿": excel.Sheet([HEADER, ICHIRO])})
        for part in ("xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"):
            content = f'<!DOCTYPE x [<!ENTITY a "aaaa">]>{book.all_parts()[part]}'
            with pytest.raises(UnreadableFileError):
                WorkbookSource(excel.write(excel.Book(book.sheets, parts={part: content})))


def _declare(path: Path, part: str, size: int, checksum: int | None = None) -> None:
    """Write another size, and checksum, of a part into the archive."""
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        start = file.getinfo(part).header_offset
    entry = next(
        found.start()
        for found in re.finditer(b"PK\x01\x02", raw)
        if raw[found.start() + 46 :].startswith(part.encode())
    )
    for at in (start + 14, entry + 16):
        if checksum is not None:
            raw[at : at + 4] = struct.pack("<L", checksum)
        raw[at + 8 : at + 12] = struct.pack("<L", size)
    path.write_bytes(raw)


class TestWhatTwoReadersMightReadDifferently:
    def test_two_parts_of_one_name(self, excel: Any) -> None:
        book = excel.Book({"名簿": excel.Sheet([HEADER, ICHIRO])})
        book.parts = {"XL/worksheets/Sheet1.xml": book.sheets["名簿"].xml}
        with pytest.raises(UnreadableFileError, match="one name"):
            WorkbookSource(excel.write(book))

    @pytest.mark.parametrize("where", ["before", "behind"])
    def test_bytes_around_the_archive(self, excel: Any, where: str) -> None:
        path = excel.sheet([HEADER, ICHIRO])
        raw = path.read_bytes()
        path.write_bytes(b"PK\x03\x04junk" + raw if where == "before" else raw + b"junk")
        with pytest.raises(UnreadableFileError, match="damaged"):
            WorkbookSource(path)

    def test_two_sheets_of_one_name(self, excel: Any) -> None:
        sheets = {"list": excel.Sheet([HEADER, ICHIRO]), "LIST": excel.Sheet([HEADER, ICHIRO])}
        with pytest.raises(UnreadableFileError, match="list of sheets"):
            WorkbookSource(excel.write(excel.Book(sheets)))

    @pytest.mark.parametrize(
        "data",
        [
            '<row r="2"><c r="A2"><v>2</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>',
            '<row r="1"><c r="A1"><v>1</v></c></row><row r="1"><c r="B1"><v>2</v></c></row>',
            '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
            '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
            '<row r="1"><c r="A2"><v>1</v></c></row>',
            '<row r="1"><c r="XFE1"><v>1</v></c></row>',
            '<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
            '<row r="0"><c r="A0"><v>1</v></c></row>',
            '<row r="x"><c r="A1"><v>1</v></c></row>',
            '<row r="1"><c r="1"><v>1</v></c></row>',
            '<row r="1"><c r="A"><v>1</v></c></row>',
            '<row r="1"><c r="A1"><v>1</v></c><c><v>2</v></c></row>',
            '<row r="1"><c r="ZZZZZ99999999999"><v>1</v></c></row>',
            '<c r="A1"><v>1</v></c>',
            '<row r="1"><c r="A1"><c r="B1"><v>1</v></c></c></row>',
            '<row r="1"><row r="2"><c r="A2"><v>1</v></c></row></row>',
            '<row r="1"><!-- --><c r="A1"><v>1</v></c></row>',
            '<row r="1"><c r="A1" t="str"><v><![CDATA[x]]></v></c></row>',
            '<row r="1"><c r="A1"><v>1</v></c>',
            '<row r="1"><c r="A1"><v>1</c></row>',
            '<row r="1"><c r="A1" t="s"><v>0</v></c></row>',
            '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
            '<row r="1"><c r="A1" t="s">x<v>0</v></c></row>',
            '<row r="1"><c r="A1" t="zz"><v>0</v></c></row>',
            '<row r="1"><c r="A1"><v>1</v><v>2</v></c></row>',
            '<row r="1"><c r="A1"><v>1</v><is><t>x</t></is></c></row>',
            '<row r="1"><c r="A1"><v>1</v><f>A2</f></c></row>',
            '<row r="1"><c r="A1"><v>\x01</v></c></row>',
        ],
    )
    def test_rows_and_cells_in_disorder(self, excel: Any, data: str) -> None:
        with pytest.raises(UnreadableFileError) as error:
            WorkbookSource(excel.write(excel.Book({"名簿": excel.Sheet(data=data)})))
        assert "damaged" in error.value.why

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: text.encode("utf-16"),
            lambda text: f'<?xml version="1.0" encoding="Shift_JIS"?>{text}'.encode("cp932"),
            lambda text: text.encode("cp932"),
            lambda text: b"",
            lambda text: text.encode()[:-20],
            lambda text: None,
        ],
    )
    @pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml"])
    def test_parts_that_are_no_xml_in_utf_8(
        self, excel: Any, change: Callable[[str], bytes | None], part: str
    ) -> None:
        shared = excel.Raw('<c r="{r}" t="s"><v>0</v></c>')
        book = excel.Book({"名簿": excel.Sheet([HEADER, ICHIRO, [shared]])}, strings=["<t>見本</t>"])
        book.parts = {part: change(book.all_parts()[part])}
        with pytest.raises(UnreadableFileError):
            WorkbookSource(excel.write(book))

    def test_texts_under_another_name(self, excel: Any) -> None:
        book = excel.Book({"名簿": excel.Sheet([HEADER, ICHIRO])})
        relations = book.all_parts()["xl/_rels/workbook.xml.rels"].replace("styles.xml", "looks.xml")
        with pytest.raises(UnreadableFileError, match="another name"):
            WorkbookSource(
                excel.write(excel.Book(book.sheets, parts={"xl/_rels/workbook.xml.rels": relations}))
            )


def test_an_error_no_reader_takes_is_told_with_the_next_step(excel: Any) -> None:
    rows = [HEADER, [excel.Raw('<c r="{r}" t="e"><v>#SPILL!</v></c>')], ICHIRO]
    with pytest.raises(UnreadableFileError, match="1 cells hold an Excel error"):
        WorkbookSource(excel.sheet(rows))


def test_a_panic_of_the_reader_is_an_error_of_ours(excel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """No Exception."""

    def panic(*_: object) -> None:
        raise PanicException("見本 一郎")

    monkeypatch.setattr("fastexcel.read_excel", panic)
    with pytest.raises(UnreadableFileError) as error:
        WorkbookSource(excel.sheet([HEADER, ICHIRO]))
    assert "見本" not in str(error.value)


def test_the_reader_says_nothing_on_its_own(excel: Any, capfd: pytest.CaptureFixture[str]) -> None:
    data = excel.Sheet([HEADER, ICHIRO]).xml.split("<sheetData>")[1].split("</sheetData>")[0]
    for reference in ("A1:ZZZZ9999999", "見本 一郎", "A1:XFD1048576"):
        sheet = excel.Sheet(data=data, head=f'<dimension ref="{reference}"/>')
        told = ""
        try:
            WorkbookSource(excel.write(excel.Book({"名簿": sheet})))
        except InputError as error:
            told = str(error)
        assert "見本" not in told
    assert capfd.readouterr() == ("", "")


def test_the_largest_list_is_within_the_limits() -> None:
    rows, columns, per_cell = 1_048_576, 20, 100
    assert rows * columns * per_cell < workbook_zip.MOST_INFLATED
    assert rows * columns < workbook_values.MOST_CELLS
    assert rows * columns * 30 * 3 < workbook_values.MOST_TEXT


def test_nothing_but_the_container_is_looked_at_to_refuse(tmp_path: Path) -> None:
    parts = types("vnd.ms-excel.sheet.macroEnabled.main+xml") | {"xl/worksheets/sheet1.xml": "not xml"}
    with pytest.raises(UnreadableFileError, match="macros"):
        refuse_unless_workbook(archive(tmp_path / "list.xlsx", parts))


def test_the_reader_is_loaded_only_for_a_workbook() -> None:
    check = "import sys, optout; sys.exit(any(name in sys.modules for name in ('fastexcel', 'openpyxl')))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", check], check=False, env=environment).returncode == 0


def _seeds() -> list[dict[str, bytes]]:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["顧客一覧"])
    for row in (HEADER, ICHIRO, ["仮名 次郎", 3.5, 9012345678], [True, None, "=1+1"]):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("B3:B4")
    sheet.row_dimensions[4].hidden = True
    written = io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as file:
        return [{name: file.read(name) for name in file.namelist()}]


SEEDS = _seeds()
TOKENS = [
    b"<",
    b">",
    b"/>",
    b"</row>",
    b'<c r="ZZ9">',
    b'"',
    b"&",
    b"&#0;",
    b"-1",
    b"9" * 20,
    b"\0",
    b"\xff",
    b"<!--",
]


@st.composite
def damaged_parts(draw: st.DrawFn) -> dict[str, bytes]:
    parts = dict(draw(st.sampled_from(SEEDS)))
    for name in draw(st.lists(st.sampled_from(sorted(parts)), min_size=1, max_size=2)):
        content = parts[name]
        at = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 20))
        put = draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=3), st.just(content[at : at + 40])))
        parts[name] = content[:at] + put + content[at + length :]
    return parts


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged_parts())
def test_a_damaged_part_gives_rows_or_an_error_of_ours(tmp_path: Path, parts: dict[str, bytes]) -> None:
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    _rows_or_our_error(path)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_bytes_give_rows_or_an_error_of_ours(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "list.xlsx"
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in SEEDS[0].items():
            file.writestr(name, content)
    raw = bytearray(written.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(4, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    path.write_bytes(raw)
    _rows_or_our_error(path)


def _rows_or_our_error(path: Path) -> None:
    told = ""
    try:
        source = WorkbookSource(path)
    except InputError as error:
        told = str(error)
    assert "見本" not in told
    assert told or source.frame.height == len(source.sheet_rows) > 0
