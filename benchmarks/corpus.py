"""Files as offices send them, each with what must be read from it: encodings × line ends × quoting × headers × damage.

    python benchmarks/corpus.py                # makes every file, reads it, prints what came out
    python benchmarks/corpus.py --keep DIR     # and leaves the files there

Text is put into bytes by Python's own codecs, tables by its csv module, workbooks by openpyxl: nothing here is
made by the code that reads it. Everybody in them is invented.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import struct
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import openpyxl

HEADER: Final = ["氏名", "フリガナ", "電話番号", "住所", "備考"]
ROWS: Final = [
    ["見本 一郎", "ミホン イチロウ", "090-1234-5678", "東京都新宿区西新宿3-2-1", "表示、ソフト"],
    ["見本 花子", "ﾐﾎﾝ ﾊﾅｺ", "03-1234-5678", "東京都新宿区西新宿3-2-1", ""],
    ["例示 次郎", "レイジ ジロウ", "０３－１２３４－９９９９", "大阪府大阪市北区梅田1丁目", "能力 申込"],
    ["見本 三郎", "ミホン サブロウ", "", "京都府京都市中京区一之船入町", "ー・ー"],
    ["例示 恵", "レイジ メグミ", "090-1234-0000", "北海道札幌市北区北40条東8丁目", "予定"],
    ["見本 四郎", "ミホン シロウ", "06-1234-5678", "大阪府堺市堺区南瓦町3番1号", "ボックス"],
]
# Name here → codec of Python, bytes before the text.
ENCODINGS: Final = {
    "utf-8": ("utf-8", b""),
    "utf-8-sig": ("utf-8", b"\xef\xbb\xbf"),
    "cp932": ("cp932", b""),
    "euc-jp": ("euc_jp", b""),
    "iso-2022-jp": ("iso2022_jp_ext", b""),
    "utf-16": ("utf-16-le", b"\xff\xfe"),
    "utf-16-le": ("utf-16-le", b""),
    "utf-16-be": ("utf-16-be", b""),
}
EOLS: Final = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
QUOTING: Final = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL}
DELIMITERS: Final = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}


@dataclass(frozen=True)
class Case:
    """One file and what must come of it.

    Attributes:
        name: What it is, also its file name.
        raw: The bytes.
        rows: Cells that must be read; empty when an error must be raised.
        header: Header texts that must be read.
        lines: Physical line numbers of the records that must be quarantined.
        error: Name of the error that must be raised instead.
        options: Further arguments of `open_batch`.
    """

    name: str
    raw: bytes
    rows: list[list[str]] = field(default_factory=list)
    header: list[str] = field(default_factory=lambda: list(HEADER))
    lines: list[int] = field(default_factory=list)
    error: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def cases() -> Iterator[Case]:
    """Every file."""
    yield from plain()
    yield from delimited()
    yield from spread_cells()
    yield from headings()
    yield from damaged()
    yield from undecided()
    yield from workbooks()
    yield from refused()


def encoded(text: str, encoding: str) -> bytes:
    """Text in an encoding, its mark before it; JIS X 0208 has one wave dash and one minus."""
    codec, mark = ENCODINGS[encoding]
    if codec in ("euc_jp", "iso2022_jp_ext"):
        text = text.replace("～", "〜").replace("－", "−")
    return mark + text.encode(codec)


def table(
    rows: Sequence[Sequence[str]], eol: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL, delimiter: str = ","
) -> str:
    """Rows as the csv module writes them."""
    text = io.StringIO()
    csv.writer(text, lineterminator=eol, quoting=quoting, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def plain() -> Iterator[Case]:
    """Every encoding with every line end and quoting, with and without a last line end."""
    for (encoding, (eol_name, eol), (how, quoting)), last in itertools.product(
        itertools.product(ENCODINGS, EOLS.items(), QUOTING.items()), (True, False)
    ):
        text = table([HEADER, *ROWS], eol, quoting)
        name = f"plain-{encoding}-{eol_name}-{how}-{'closed' if last else 'open'}.csv"
        yield Case(name, encoded(text if last else text.removesuffix(eol), encoding), ROWS)


def delimited() -> Iterator[Case]:
    """Every delimiter, in every encoding, also inside quoted cells."""
    for encoding, (name, delimiter), (how, quoting) in itertools.product(
        ENCODINGS, DELIMITERS.items(), QUOTING.items()
    ):
        rows = [[*row[:4], f"{row[4]}{delimiter}x"] for row in ROWS]
        text = table([HEADER, *rows], "\r\n", quoting, delimiter)
        yield Case(f"delimiter-{encoding}-{name}-{how}.txt", encoded(text, encoding), rows)


def spread_cells() -> Iterator[Case]:
    """Cells with line ends, quotes and blanks in them, and empty lines between records."""
    odd = ["a\nb", 'say "so"', " x ", "", "\n", '"', "a,b", "'"]
    for encoding, (eol_name, eol), (how, quoting) in itertools.product(
        ENCODINGS, EOLS.items(), QUOTING.items()
    ):
        rows = [[*row[:4], cell] for row, cell in zip(itertools.cycle(ROWS), odd, strict=False)]
        if eol == "\r":
            rows = [[cell.replace("\n", " ") for cell in row] for row in rows]
        text = table([HEADER, *rows], eol, csv.QUOTE_ALL if eol != "\r\n" else quoting)
        yield Case(f"cells-{encoding}-{eol_name}-{how}.csv", encoded(text, encoding), rows)
        lines = table([HEADER, *ROWS], eol, quoting).split(eol)
        gaps = eol.join([lines[0], "", *lines[1:4], "", "", *lines[4:], "", ""])
        yield Case(f"gaps-{encoding}-{eol_name}-{how}.csv", encoded(gaps, encoding), ROWS)


def headings() -> Iterator[Case]:
    """Titles above the header, no header at all, headers in other widths and with remarks."""
    odd = ["氏　名(必須)", "ﾌﾘｶﾞﾅ", "ＴＥＬ", "ご住所【必須】", "備考※任意"]
    positions = {"name": 0, "kana": 1, "phone": 2, "address": 3}
    for encoding in ENCODINGS:
        one = [["顧客一覧"], HEADER, *ROWS]
        padded = [["顧客一覧 2026年4月1日現在", "", "", "", ""], ["", "", "", "", ""], HEADER, *ROWS]
        yield Case(f"title-{encoding}.csv", encoded(table(one), encoding), ROWS)
        yield Case(f"titles-{encoding}.csv", encoded(table(padded), encoding), ROWS)
        yield Case(f"widths-{encoding}.csv", encoded(table([odd, *ROWS]), encoding), ROWS, odd)
        bare = encoded(table(ROWS), encoding)
        yield Case(f"headerless-{encoding}.csv", bare, error="HeaderMissingError")
        names = [f"column_{n + 1}" for n in range(5)]
        told = {"columns": positions}
        yield Case(f"headerless-told-{encoding}.csv", bare, ROWS, names, options=told)
        whole = encoded(table([HEADER, *ROWS]), encoding)
        yield Case(f"header-and-positions-{encoding}.csv", whole, ROWS, options=told)


def damaged() -> Iterator[Case]:
    """One bad record in the middle; the others are read, it is quarantined at its line, or read as it stands."""
    for encoding, (eol_name, eol) in itertools.product(ENCODINGS, EOLS.items()):
        codec = ENCODINGS[encoding][0]
        before, after = table([HEADER, *ROWS[:3]], eol), table(ROWS[3:], eol)
        bad = {
            "short": f"見本,ミホン{eol}",
            "long": f"見本,ミホン,1,2,3,4{eol}",
            "nul": f"見本,ミホン,1,2,\0{eol}",
            "unclosed": f'見本,"ミホン,1,2,3{eol}',
        }
        for name, line in bad.items():
            raw = encoded(before + line + after, encoding)
            yield Case(f"{name}-{encoding}-{eol_name}.csv", raw, ROWS, lines=[5])
        lone = ["見", 'a"b', "1", "2", "3"]
        raw = encoded(before + ",".join(lone) + eol + after, encoding)
        yield Case(f"lone-{encoding}-{eol_name}.csv", raw, [*ROWS[:3], lone, *ROWS[3:]])
        raw = (
            encoded(before, encoding)
            + _undecodable(codec, eol)
            + encoded(after, encoding).removeprefix(ENCODINGS[encoding][1])
        )
        yield Case(f"undecodable-{encoding}-{eol_name}.csv", raw, ROWS, lines=[5])


def _undecodable(codec: str, eol: str) -> bytes:
    """A record of five fields with bytes that are no text."""
    wrong = {
        "utf-8": b"\xe8\xa6,\xff",
        "cp932": b"\x81\xff,\x85\x40",
        "euc_jp": b"\xa4\xff,\x85",
        "iso2022_jp_ext": b"\x1b$B\x7f\x7f\x1b(B,\x80",
        "utf-16-le": b"\x00\xdc,\x00",
        "utf-16-be": b"\xdc\x00\x00,",
    }[codec]
    return wrong + ",1,2,3".encode(codec) + eol.encode(codec)


def undecided() -> Iterator[Case]:
    """What fits no encoding or several is asked; the answer is then taken."""
    half = "name,tel,address\nﾔﾏﾀﾞ,03-1234-5678,x\nﾐﾎﾅｺ,03-1234-9999,y\n".encode("cp932")
    header, rows = ["name", "tel", "address"], [["ﾔﾏﾀﾞ", "03-1234-5678", "x"], ["ﾐﾎﾅｺ", "03-1234-9999", "y"]]
    yield Case("kana-or-kanji.csv", half, error="UndecidedEncodingError")
    yield Case("kana-told.csv", half, rows, header, options={"encoding": "shift_jis"})
    latin = "name,tel\nJosé,03-1234-5678\n".encode()
    yield Case("latin-or-kana.csv", latin, error="UndecidedEncodingError")
    yield Case(
        "latin-told.csv", latin, [["José", "03-1234-5678"]], ["name", "tel"], options={"encoding": "utf-8"}
    )
    for encoding in ("utf-8", "cp932", "euc-jp"):
        codec = ENCODINGS[encoding][0]
        raw = encoded(table([HEADER, *ROWS]), encoding) + _undecodable(codec, "\r\n") * 3
        yield Case(f"much-{encoding}.csv", raw, error="UndecidedEncodingError")
        told = {"encoding": encoding}
        yield Case(f"much-told-{encoding}.csv", raw, ROWS, lines=[8, 9, 10], options=told)
        long = encoded(table([HEADER, *ROWS * 500]), encoding) + _undecodable(codec, "\r\n") * 3
        yield Case(f"little-{encoding}.csv", long, ROWS * 500, lines=[3002, 3003, 3004])


def workbooks() -> Iterator[Case]:
    """Excel: titles, merged cells, several sheets, hidden rows, numbers and dates as cells."""
    for titles, merged, empty, hidden in itertools.product(
        (0, 1, 3), (False, True), (False, True), (False, True)
    ):
        book = openpyxl.Workbook()
        sheet = book.active
        for number in range(titles):
            sheet.append([f"顧客名簿 {number}"])
        if merged and titles:
            sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=5)
        if empty:
            sheet.append([])
        for row in [HEADER, *ROWS]:
            sheet.append(row)
        if hidden:
            sheet.row_dimensions[sheet.max_row].hidden = True
            sheet.column_dimensions["E"].hidden = True
        name = f"book-{titles}-{'merged' if merged else 'plain'}-{'gap' if empty else 'tight'}"
        yield Case(f"{name}-{'hidden' if hidden else 'shown'}.xlsx", _saved(book), ROWS)
    yield from _sheets()
    yield from _typed_cells()


def _sheets() -> Iterator[Case]:
    for where, state in itertools.product((0, 1), ("visible", "hidden")):
        book = openpyxl.Workbook()
        other = book.active
        other.title = "説明"
        other.append(["この表について"])
        sheet = book.create_sheet("名簿", where)
        for row in [HEADER, *ROWS]:
            sheet.append(row)
        (sheet if where else other).sheet_state = state
        if state == "visible" or where == 0:
            yield Case(f"sheets-{where}-{state}.xlsx", _saved(book), ROWS)
    book = openpyxl.Workbook()
    for title, rows in (("東京", ROWS[:3]), ("大阪", ROWS[3:])):
        sheet = book.create_sheet(title)
        for row in [HEADER, *rows]:
            sheet.append(row)
    raw = _saved(book)
    yield Case("two-lists.xlsx", raw, error="UndecidedSheetError")
    yield Case("two-lists-told.xlsx", raw, ROWS[3:], options={"sheet": "大阪"})
    yield Case("two-lists-wrong.xlsx", raw, error="OptionError", options={"sheet": "名古屋"})
    family = openpyxl.Workbook()
    for row in [HEADER, *ROWS]:
        family.active.append(row)
    family.active.merge_cells("D2:D3")
    yield Case("family.xlsx", _saved(family), [ROWS[0], [*ROWS[1][:3], ROWS[0][3], ROWS[1][4]], *ROWS[2:]])


def _typed_cells() -> Iterator[Case]:
    cells: dict[str, tuple[object, str]] = {
        "number": (9012345678, "9012345678"),
        "zeros": ("09012345678", "09012345678"),
        "fraction": (1.5, "1.5"),
        "date": (datetime(2001, 2, 3), "2001-02-03"),
        "moment": (datetime(2001, 2, 3, 4, 5, 6), "2001-02-03 04:05:06"),
        "truth": (True, "TRUE"),
        "formula-like": ("'=1+1", "'=1+1"),
        "lines": ("一行\n二行", "一行\n二行"),
        "blank": (None, ""),
    }
    for name, (cell, text) in cells.items():
        book = openpyxl.Workbook()
        book.active.append(HEADER)
        book.active.append([*ROWS[0][:4], cell])
        book.active.append(ROWS[1])
        yield Case(f"cell-{name}.xlsx", _saved(book), [[*ROWS[0][:4], text], ROWS[1]])


def _saved(book: Any) -> bytes:
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def refused() -> Iterator[Case]:
    """What is no list, with the error that says so."""
    unreadable, empty = "UnreadableFileError", "EmptyBatchError"
    yield Case("nothing.csv", b"", error=empty)
    yield Case("lines.csv", b"\r\n\r\n", error=empty)
    yield Case("mark.csv", b"\xef\xbb\xbf", error=empty)
    for encoding in ENCODINGS:
        yield Case(f"header-only-{encoding}.csv", encoded(table([HEADER]), encoding), error=empty)
    yield Case("program.csv", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" * 300, error=unreadable)
    yield Case("paper.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", error=unreadable)
    yield Case("archive.csv", b"\x1f\x8b\x08\0" + b"x" * 40, error=unreadable)
    yield Case("old.xls", _ole("Workbook"), error=unreadable)
    yield Case("locked.xlsx", _ole("EncryptedPackage"), error=unreadable)
    yield Case("utf-32.csv", "氏名\n見本\n".encode("utf-32"), error=unreadable)
    yield Case("not.parquet", b"PAR2" + b"\0" * 40, error=unreadable)
    yield Case("broken.parquet", b"PAR1" + b"\0" * 40, error=unreadable)
    yield Case("not.xlsx", b"PK\x03\x04" + b"x" * 100, error=unreadable)
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.append(ROWS[0])
    whole = _saved(book)
    yield Case("cut.xlsx", whole[: len(whole) // 2], error=unreadable)
    yield Case("macros.xlsm", _with_member(whole, "xl/vbaProject.bin", b"x" * 100), error=unreadable)
    yield Case(
        "letter.docx", _zip({"word/document.xml": b"<w/>", "[Content_Types].xml": b"<t/>"}), error=unreadable
    )
    yield Case("photos.zip", _zip({"a.jpg": b"x"}), error=unreadable)
    yield Case("empty.xlsx", _saved(openpyxl.Workbook()), error=empty)
    bomb = _with_member(whole, "xl/worksheets/sheet1.xml", b"<worksheet>" + b" " * (400 << 20))
    yield Case("bomb.xlsx", bomb, error="UnsafeWorkbookError")


def _ole(stream: str) -> bytes:
    """The least of a compound file: its signature and a directory entry."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    return head.ljust(512, b"\0") + stream.encode("utf-16-le").ljust(512, b"\0")


def _zip(members: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return raw.getvalue()


def _with_member(book: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as old:
        members = {member: old.read(member) for member in old.namelist() if member != name}
    return _zip(members | {name: content})


def told(case: Case, folder: Path) -> str:
    """Why the file was not read as it must be; empty when it was."""
    from optout.batch import open_batch
    from optout.errors import OptoutError

    path = folder / case.name
    path.write_bytes(case.raw)
    try:
        source = open_batch(path, **case.options)
        frame = source.frame
    except OptoutError as error:
        return "" if type(error).__name__ == case.error else f"{type(error).__name__}: {error}"
    except Exception as error:  # whatever is none of ours is a crash
        return f"crash, {type(error).__name__}"
    if case.error:
        return f"{case.error} was not raised"
    if [list(row) for row in frame.rows()] != case.rows:
        return "other rows"
    if source.headers != case.header:
        return "another header"
    lines = source.quarantined["line"].to_list()
    if lines != case.lines or source.records != len(case.rows) + len(case.lines):
        return f"quarantined lines {lines}, records {source.records}"
    return ""


def run(folder: Path) -> dict[str, str]:
    """Name of every file → what was wrong, empty when nothing was."""
    found = {case.name: told(case, folder) for case in cases()}
    assert len(found) >= 500, "a name was used twice"
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, help="leave the files in this folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = args.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        found = run(folder)
    kinds = Counter(name.split("-")[0].split(".")[0] for name in found)
    wrong = {name: why for name, why in found.items() if why}
    for name, why in wrong.items():
        print(f"WRONG {name}: {why}")
    print(f"{len(found) - len(wrong)} of {len(found)} files as they must be")
    print(json.dumps({"bench": "corpus", "files": len(found), "wrong": len(wrong), "kinds": kinds}))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
