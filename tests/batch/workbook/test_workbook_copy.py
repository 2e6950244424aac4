from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.batch.workbook import WorkbookSource
from optout.batch.workbook_copy import split_workbook
from optout.errors import ConservationError, UnreadableFileError

HEADER = ["氏名", "住所", "電話番号"]
ICHIRO = ["見本 一郎", "東京都新宿区西新宿3-2-1", "03-1234-5678"]
HANAKO = ["見本 花子", "東京都新宿区西新宿3-2-2", "090-1234-5678"]
JIRO = ["仮名 次郎", "東京都港区芝1-1-1", "090-1234-0001"]
NAMES = ("kept.xlsx", "withheld.xlsx", "review.xlsx")


def split(source: WorkbookSource, *codes: int) -> list[Path]:
    """One file per code, beside the source."""
    targets = {code: source.path.with_name(name) for code, name in enumerate(NAMES)}
    counted = split_workbook(source, np.array(codes, np.int8), targets)
    assert counted == {code: codes.count(code) for code in targets}
    return list(targets.values())


def sheet_of(path: Path) -> Any:
    return openpyxl.load_workbook(path).active


def cells(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(cell.value for cell in row) for row in sheet_of(path).iter_rows()]


def test_each_row_goes_to_the_workbook_of_its_verdict(excel: Any) -> None:
    source = WorkbookSource(excel.sheet([HEADER, ICHIRO, HANAKO, JIRO]))
    kept, withheld, review = split(source, 0, 1, 0)
    assert cells(kept) == [tuple(HEADER), tuple(ICHIRO), tuple(JIRO)]
    assert cells(withheld) == [tuple(HEADER), tuple(HANAKO)]
    assert cells(review) == [tuple(HEADER)]
    assert sheet_of(kept).title == "名簿"


def test_values_formats_and_looks_stay_as_they_are(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    values: list[tuple[Any, str]] = [
        ("0312345678", "@"),
        ("=と書いた", "@"),
        (1600023, r"000\-0000"),
        (datetime.datetime(2001, 2, 3), 'yyyy"年"m"月"d"日"'),
        (datetime.datetime(2001, 2, 3, 4, 5, 6), "yyyy/m/d h:mm:ss"),
        (datetime.time(9, 30), "h:mm"),
        (0.1 + 0.2, "0.00%"),
        (123456789012345678, "General"),
        (True, "General"),
        ("一行目\n二行目", "General"),
    ]
    sheet.append(["氏名", *[f"項目{number}" for number, _ in enumerate(values)]])
    for number in range(3):
        sheet.append([f"見本 {number}"])
        for place, (value, number_format) in enumerate(values, 2):
            cell = sheet.cell(number + 2, place, value)
            cell.number_format = number_format
            cell.font = openpyxl.styles.Font(color="FFFF0000")
            if isinstance(value, str):
                cell.data_type = "s"
    sheet.column_dimensions["B"].width = 33
    sheet.column_dimensions["C"].hidden = True
    sheet.row_dimensions[3].hidden = True
    sheet.freeze_panes = "B2"
    book.save(tmp_path / "list.xlsx")
    kept, withheld, _ = split(WorkbookSource(tmp_path / "list.xlsx"), 1, 0, 1)
    found = sheet_of(kept)
    for before, after in zip(sheet_of(tmp_path / "list.xlsx")[3], found[2], strict=True):
        assert (after.value, after.data_type) == (before.value, before.data_type)
        assert after.number_format == before.number_format
        assert after.font.color == before.font.color
    assert found.column_dimensions["B"].width == 33
    assert found.column_dimensions["C"].hidden
    assert found.row_dimensions[2].hidden
    assert found.freeze_panes == "B2"
    assert not sheet_of(withheld).row_dimensions[2].hidden


def test_titles_and_their_merged_cells_stay_above_the_rows(excel: Any) -> None:
    rows = [["顧客一覧", None, None], [], HEADER, ICHIRO, [], HANAKO]
    kept, withheld, _ = split(WorkbookSource(excel.sheet(rows, merges=["A2:C2"], top=2)), 1, 0)
    assert cells(kept) == [(None,) * 3, ("顧客一覧", None, None), (None,) * 3, tuple(HEADER), tuple(HANAKO)]
    assert [str(area) for area in sheet_of(kept).merged_cells.ranges] == ["A2:C2"]
    assert cells(withheld)[3:] == [tuple(HEADER), tuple(ICHIRO)]


def test_a_formula_becomes_its_last_value(excel: Any) -> None:
    rows = [
        HEADER,
        [
            excel.Raw(
                '<c r="{r}" t="str" cm="1"><f t="shared" ref="A2:A3" si="0">B2&amp;"様"</f><v>見本 一郎</v></c>'
            ),
            *ICHIRO[1:],
        ],
        [excel.Raw('<c r="{r}" t="str"><f t="shared" si="0"/><v>見本 花子</v></c>'), *HANAKO[1:]],
        [excel.Raw('<c r="{r}"><f>1+1</f></c>'), *JIRO[1:]],
    ]
    kept, _, _ = split(WorkbookSource(excel.sheet(rows)), 0, 0, 0)
    assert cells(kept)[1:] == [tuple(ICHIRO), tuple(HANAKO), (None, *JIRO[1:])]
    assert b"<f" not in excel.parts(kept)["xl/worksheets/sheet1.xml"]


def test_a_value_of_merged_cells_goes_with_every_row(excel: Any) -> None:
    rows = [
        HEADER,
        ICHIRO,
        ["見本 花子", None, None],
        ["見本 三郎", excel.Raw('<c r="{r}" s="5"/>'), "03"],
        JIRO,
    ]
    source = WorkbookSource(excel.sheet(rows, merges=["B2:B4", "C2:C3"]))
    kept, withheld, review = split(source, 0, 1, 2, 0)
    assert cells(kept)[1:] == [tuple(ICHIRO), tuple(JIRO)]
    assert cells(withheld)[1:] == [("見本 花子", *ICHIRO[1:])]
    assert cells(review)[1:] == [("見本 三郎", ICHIRO[1], "03")]
    assert not sheet_of(withheld).merged_cells.ranges


def test_merged_cells_need_no_references(excel: Any) -> None:
    book = excel.Book({"名簿": excel.Sheet([HEADER, ICHIRO, ["見本 花子", "", "03"]], merges=["B2:B3"])})
    xml = re.sub(r' r="[A-Z]+[0-9]+"', "", book.sheets["名簿"].xml)
    book.parts = {"xl/worksheets/sheet1.xml": xml.replace('<is><t xml:space="preserve"></t></is>', "")}
    _, withheld, _ = split(WorkbookSource(excel.write(book)), 0, 1)
    assert WorkbookSource(withheld).frame.rows() == [("見本 花子", ICHIRO[1], "03")]


def test_nothing_of_other_rows_or_sheets_goes_along(excel: Any) -> None:
    strings = [
        "<t>秘密 一郎</t>",
        '<t>秘密 花子</t><rPh sb="0" eb="2"><t>ヒミツ</t></rPh>',
        "<t>秘密 欄外</t>",
    ]
    rows = [HEADER, *[[excel.Raw(f'<c r="{{r}}" t="s"><v>{n}</v></c>'), "x", "03"] for n in (0, 1)]]
    beside = {
        "xl/comments1.xml": "秘密",
        "xl/pivotCache/pivotCacheRecords1.xml": "秘密",
        "docProps/core.xml": "秘密",
        "customXml/item1.xml": "秘密",
    }
    tail = '<headerFooter><oddHeader>秘密</oddHeader></headerFooter><autoFilter ref="A1:C3"><x>秘密</x></autoFilter>'
    sheets = {"名簿": excel.Sheet(rows, tail=tail), "控え": excel.Sheet([["秘密 三郎"]], state="hidden")}
    path = excel.write(excel.Book(sheets, strings=strings, charts=["秘密"], parts=beside))
    kept, withheld, review = split(WorkbookSource(path), 0, 1)
    told = {target: b"".join(excel.parts(target).values()).decode() for target in (kept, withheld, review)}
    assert re.findall("秘密 *..", told[kept]) == ["秘密 一郎"]
    assert re.findall("秘密 *..", told[withheld]) == ["秘密 花子"]
    assert "秘密" not in told[review]
    # Phonetic guides are part of a name; Excel sorts by them.
    assert "ヒミツ" in told[withheld]
    assert "ヒミツ" not in told[kept]


def test_the_same_rows_give_the_same_bytes(excel: Any) -> None:
    source = WorkbookSource(excel.sheet([HEADER, ICHIRO, HANAKO]))
    first = [path.read_bytes() for path in split(source, 0, 1)]
    assert [path.read_bytes() for path in split(source, 0, 1)] == first


@pytest.mark.parametrize("date1904", [False, True])
def test_days_stay_what_they_were(excel: Any, date1904: bool) -> None:
    rows = [["氏名", "生年月日"], ["見本", excel.Raw('<c r="{r}" s="1"><v>36925.25</v></c>')]]
    source = WorkbookSource(excel.write(excel.Book({"名簿": excel.Sheet(rows)}, date1904=date1904)))
    kept, _, _ = split(source, 0)
    assert WorkbookSource(kept).frame.equals(source.frame)


FORMS: dict[str, Callable[[str], str]] = {
    "with prefixes": lambda xml: re.sub("<(/?)", r"<\1x:", xml).replace(
        "xmlns=", 'xmlns="urn:other" xmlns:y="urn:y" xmlns:x='
    ),
    "with attributes of others": lambda xml: xml.replace(
        "<worksheet", '<worksheet xmlns:x14ac="urn:x14ac" mc:Ignorable="x14ac" xmlns:mc="urn:mc"'
    ).replace("<row", '<row x14ac:dyDescent="0.25"'),
    "with instructions and comments": lambda xml: (
        f"<?x <cols> ?><!-- <sheetViews> -->{xml}" if "<sst" not in xml else xml
    ),
    "with single quotes": lambda xml: xml.replace('"', "'"),
    "strict": lambda xml: xml.replace(
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    ),
    "without row numbers": lambda xml: re.sub('<row r="[0-9]+"', "<row", xml),
}


@pytest.mark.parametrize("form", FORMS)
def test_other_programs_write_the_same_in_other_words(excel: Any, form: str) -> None:
    strings = ["<t>見本 一郎</t>", "<t>見本 花子</t>"]
    rows = [HEADER, *[[excel.Raw(f'<c r="{{r}}" t="s"><v>{n}</v></c>'), "x", 3] for n in (0, 1)]]
    book = excel.Book({"名簿": excel.Sheet(rows, head="<sheetFormatPr/>")}, strings=strings)
    parts = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"]
    book.parts = {part: FORMS[form](book.all_parts()[part].replace("<sst", "<sst ")) for part in parts}
    source = WorkbookSource(excel.write(book))
    kept, withheld, _ = split(source, 1, 0)
    assert WorkbookSource(kept).frame.rows() == [("見本 花子", "x", "3")]
    assert WorkbookSource(withheld).frame.rows() == [("見本 一郎", "x", "3")]


@pytest.mark.parametrize("codes", [[0], [0, 1, 0], [0, 3]])
def test_a_row_without_a_workbook_is_never_written(excel: Any, codes: list[int]) -> None:
    source = WorkbookSource(excel.sheet([HEADER, ICHIRO, HANAKO]))
    with pytest.raises(ConservationError):
        split_workbook(source, np.array(codes), {0: excel.folder / "a.xlsx", 1: excel.folder / "b.xlsx"})
    assert not (excel.folder / "a.xlsx").exists()


def test_rows_gone_from_the_file_meanwhile_are_noticed(excel: Any) -> None:
    source = WorkbookSource(excel.sheet([HEADER, ICHIRO, HANAKO]))
    excel.sheet([HEADER, ICHIRO])
    with pytest.raises((ConservationError, UnreadableFileError)):
        split(source, 0, 0)


VALUE = st.one_of(
    st.text(st.sampled_from("髙ｶa0=<&>\"'\n"), max_size=5),
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.floats(allow_nan=False, allow_infinity=False),
)
ROWS = st.lists(
    st.tuples(st.lists(VALUE, min_size=3, max_size=3), st.integers(0, 2)), min_size=1, max_size=12
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.integers(0, 2), st.integers(1, 3))
def test_the_workbooks_together_hold_every_row_once(
    tmp_path: Path, excel_in: Callable[[Path], Any], rows: list[tuple[list[Any], int]], blank: int, left: int
) -> None:
    excel = excel_in(tmp_path)
    written = [["見本", "x", "x"], *[[]] * blank, *[row for row, _ in rows]]
    source = WorkbookSource(excel.sheet([["一覧"], HEADER, *written], left=left))
    code_of = {number: code for number, (_, code) in enumerate(rows, 4 + blank)}
    codes = [code_of.get(number, 0) for number in source.sheet_rows.tolist()]
    for code, path in enumerate(split(source, *codes)):
        if code in codes:
            expect = source.frame.filter(pl.Series(codes) == code)
            named = {"name": "氏名", "address": "住所", "phone": "電話番号"}
            assert WorkbookSource(path, columns=named).frame.rows() == expect.rows()
            assert {cell.data_type for row in sheet_of(path).iter_rows() for cell in row} <= {
                "s",
                "n",
                "b",
                "inlineStr",
            }
