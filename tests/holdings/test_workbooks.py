"""Rows and cells of a workbook go as in Excel; what stands beside them stays, what cannot stay right is refused."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.table import Table

from optout.batch.source import Source
from optout.errors import CellRefusedError, ConservationError, HoldingLockedError, UnreadableFileError
from optout.holdings import Changed, Edits, opened

SHEET = "顧客 名簿"
Make = Callable[..., Path]


def seen(_: Source) -> None:
    return None


def change(path: Path, edits: Edits) -> Changed:
    held = opened(path, sheet=SHEET)
    told: list[str] = []
    done = held.change(edits, held.fingerprint(), seen, told.append)
    assert told == [done.after] == [held.fingerprint()]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    return done


def texts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def with_parts(path: Path, parts: Mapping[str, Callable[[str], str] | str]) -> None:
    """Rewrite parts of a workbook, or add some."""
    found = texts(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found.items():
            put = parts.get(name)
            archive.writestr(name, put(content.decode()) if callable(put) else put or content)
        for name, put in parts.items():
            if name not in found and isinstance(put, str):
                archive.writestr(name, put)


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def as_excel_writes_it(path: Path) -> None:
    """Texts shared by all sheets, where openpyxl writes them into the cells."""
    shared: dict[str, int] = {}

    def pointed(found: re.Match[str]) -> str:
        return f'{found[1]} t="s"><v>{shared.setdefault(found[2], len(shared))}</v></c>'

    def sheet(text: str) -> str:
        return re.sub(r'(<c [^>]*?) t="inlineStr"><is>(.*?)</is></c>', pointed, text, flags=re.DOTALL)

    sheets = {name: sheet(part.decode()) for name, part in texts(path).items() if "/worksheets/sheet" in name}
    strings = "".join(f"<si>{text}</si>" for text in shared)
    with_parts(
        path,
        {
            **sheets,
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}" uniqueCount="{len(shared)}">{strings}</sst>',
            "xl/_rels/workbook.xml.rels": lambda text: text.replace(
                "</Rel", f'<Relationship Type="{KIND}" Target="sharedStrings.xml" Id="shared"/></Rel'
            ),
            "[Content_Types].xml": lambda text: text.replace(
                "</Types", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPE}"/></Types'
            ),
        },
    )


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(
        build: Callable[[Any, Any], None] = lambda book, sheet: None, rows: int = 10, shared: bool = True
    ) -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = SHEET
        sheet.append(["氏名", "電話", "住所", "番号"])
        for n in range(1, rows + 1):
            sheet.append([f"見本 {n}", f"03-1234-{n:04}", "東京都" if n % 2 else "大阪府", n])
        build(book, sheet)
        path = tmp_path / "held.xlsx"
        book.save(path)
        if shared:
            as_excel_writes_it(path)
        return path

    return made


def values(path: Path, sheet: str = SHEET) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))


def test_rows_go_and_formats_heights_widths_and_other_sheets_stay(make: Make) -> None:
    def build(book: Any, sheet: Any) -> None:
        sheet["A5"].font = Font(bold=True, color="FFFF0000")
        sheet["D6"].number_format = "000-0000"
        sheet.column_dimensions["B"].width = 31
        sheet.row_dimensions[7].height = 44
        sheet.row_dimensions[9].hidden = True
        sheet.freeze_panes = "A2"
        other = book.create_sheet("別")
        other.append(["集計", "=SUM(B2:B3)"])
        other["A1"].fill = PatternFill("solid", fgColor="FF00FF00")

    path = make(build)
    before, rows = texts(path), values(path)
    done = change(path, Edits([1, 2, 7]))
    assert (done.rows_erased, done.cells_changed) == (3, 0)
    assert values(path) == [row for number, row in enumerate(rows) if number not in (2, 3, 8)]
    sheet = openpyxl.load_workbook(path)[SHEET]
    assert (sheet["A3"].font.b, sheet["A3"].font.color.rgb) == (True, "FFFF0000")
    assert (sheet["A3"].value, sheet["D4"].value, sheet["D4"].number_format) == ("見本 4", 5, "000-0000")
    assert (sheet.row_dimensions[5].height, sheet.row_dimensions[6].hidden) == (44, False)
    assert (sheet.column_dimensions["B"].width, sheet.freeze_panes, sheet.dimensions) == (31, "A2", "A1:D8")
    after = texts(path)
    assert set(after) == set(before)
    same = {name for name in before if before[name] == after[name]}
    assert {"xl/worksheets/sheet2.xml", "xl/styles.xml", "xl/theme/theme1.xml", "docProps/core.xml"} <= same


@pytest.mark.parametrize("shared", [True, False])
def test_nothing_of_the_person_is_left_in_any_part(make: Make, shared: bool) -> None:
    def build(book: Any, sheet: Any) -> None:
        sheet["B3"].hyperlink = "mailto:mihon2@example.com"
        sheet["B6"].hyperlink = "mailto:mihon5@example.com"
        sheet.auto_filter.ref = "A1:D11"
        sheet.auto_filter.add_filter_column(0, ["見本 2", "見本 3"])

    path = make(build, shared=shared)
    rows = values(path)
    change(path, Edits([1], blank={4: [0, 1]}))
    everything = b"".join(texts(path).values()).decode()
    for gone in ("見本 2", "mihon2", "mihon5", "03-1234-0005", "見本 5"):
        assert gone not in everything
    assert "東京都" in everything
    left = values(path)
    assert left[:2] == rows[:2]
    assert left[4] == (None, None, "東京都", 5)
    assert 'val="見本 3"' in everything


def test_D7_cells_are_blanked_and_put_under_the_format_they_have(make: Make) -> None:
    def build(book: Any, sheet: Any) -> None:
        sheet["A3"].font = Font(italic=True)
        sheet["D4"].number_format = "0000"

    path = make(build)
    rows = values(path)
    new = 'Ａ & "B" <c>\n二行目'
    done = change(path, Edits(blank={1: [0, 1]}, put={2: {3: "0077", 0: new}}))
    assert (done.rows_erased, done.cells_changed) == (0, 4)
    expected = [list(row) for row in rows]
    expected[2][0] = expected[2][1] = None
    expected[3][3], expected[3][0] = "0077", new
    assert [list(row) for row in values(path)] == expected
    sheet = openpyxl.load_workbook(path)[SHEET]
    assert (sheet["A3"].font.i, sheet["D4"].number_format) == (True, "0000")


def test_everything_that_points_to_rows_follows_them(make: Make) -> None:
    def build(book: Any, sheet: Any) -> None:
        sheet.merge_cells("C8:C10")
        sheet.merge_cells("A4:B4")
        sheet.conditional_formatting.add("A2:D11", FormulaRule(formula=["$D2>5"], font=Font(bold=True)))
        sheet.conditional_formatting.add("B3", FormulaRule(formula=["COUNTIF($B$2:$B$11,B3)>1"]))
        wanted = DataValidation(type="list", formula1='"東京都,大阪府"')
        wanted.add("C2:C11")
        wanted.add("D3")
        sheet.add_data_validation(wanted)
        sheet.auto_filter.ref = "A1:D11"
        sheet.row_breaks.append(Break(id=6))
        sheet["B9"].hyperlink = "https://example.com/9"
        book.defined_names["一覧"] = DefinedName("一覧", attr_text=f"'{SHEET}'!$A$2:$A$11")
        book.defined_names["見出し"] = DefinedName("見出し", attr_text=f"'{SHEET}'!$A$1:$D$1")
        sheet.print_title_rows = "1:1"
        sheet.print_area = "A1:D11"

    path = make(build)
    change(path, Edits([1, 6]))
    book = openpyxl.load_workbook(path)
    sheet = book[SHEET]
    assert {str(area) for area in sheet.merged_cells.ranges} == {"C7:C8", "A3:B3"}
    assert sheet["C7"].value == "東京都"  # its own row went; the rows it was merged with have it still
    formats = {
        str(each.sqref): [rule.formula for rule in each.rules] for each in sheet.conditional_formatting
    }
    assert formats == {"A2:D9": [["$D2>5"]]}
    assert [str(each.sqref) for each in sheet.data_validations.dataValidation] == ["C2:C9"]
    assert sheet.auto_filter.ref == "A1:D9"
    assert [each.id for each in sheet.row_breaks.brk] == [5]
    assert sheet["B7"].hyperlink.target == "https://example.com/9"
    assert book.defined_names["一覧"].attr_text == f"'{SHEET}'!$A$2:$A$9"
    assert book.defined_names["見出し"].attr_text == f"'{SHEET}'!$A$1:$D$1"
    assert (sheet.print_title_rows, sheet.print_area) == ("$1:$1", f"'{SHEET}'!$A$1:$D$9")


def test_comments_follow_their_rows_and_those_of_the_person_go(make: Make) -> None:
    def build(book: Any, sheet: Any) -> None:
        for row in (1, 3, 5, 7, 9):
            sheet.cell(row, 2).comment = Comment(f"メモ {row}", "担当")

    path = make(build)
    change(path, Edits([1, 5], blank={3: [1]}))
    sheet = openpyxl.load_workbook(path)[SHEET]
    found = {cell.coordinate: cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment}
    assert found == {"B1": "メモ 1", "B7": "メモ 9"}
    everything = b"".join(texts(path).values()).decode()
    assert "メモ 3" not in everything
    boxes = next(part.decode() for name, part in texts(path).items() if name.endswith(".vml"))
    assert re.findall(r"Row>(\d+)</", boxes) == ["0", "6"]


@pytest.mark.parametrize(("gone", "area"), [([0, 9], "A1:D9"), (list(range(10)), "A1:D2")])
def test_a_table_shrinks_and_never_loses_its_last_row(make: Make, gone: list[int], area: str) -> None:
    path = make(lambda book, sheet: sheet.add_table(Table(displayName="顧客", ref="A1:D11")))
    change(path, Edits(gone))
    table = openpyxl.load_workbook(path)[SHEET].tables["顧客"]
    assert (table.ref, table.autoFilter.ref) == (area, area)
    assert len(values(path)) == 11 - len(gone)


def test_rows_are_found_by_the_numbers_excel_shows(make: Make) -> None:
    held = opened(make(lambda book, sheet: sheet.insert_rows(1, 2)))
    assert held.row_ids([3, 0]) == [f"{SHEET}!7", f"{SHEET}!4"]


def test_prefixed_parts_and_rows_without_numbers_are_understood(make: Make) -> None:
    path = make()

    def prefixed(text: str) -> str:
        text = re.sub(r'(<row) r="\d+"', r"\1", text)
        text = re.sub(r'(<c) r="[A-Z]+\d+"', r"\1", text)
        text = re.sub(r"<(/?)(?=[A-Za-z])", r"<\1x:", text)
        return text.replace("xmlns=", "xmlns:x=")

    rows = values(path)
    with_parts(path, {"xl/worksheets/sheet1.xml": prefixed})
    change(path, Edits([1], blank={0: [1]}))
    expected = [list(row) for number, row in enumerate(rows) if number != 2]
    expected[1][1] = None
    assert [list(row) for row in values(path)] == expected


def formulas(book: Any, sheet: Any) -> None:
    sheet["E2"] = "=D2*2"


def pointed_at(book: Any, sheet: Any) -> None:
    book.create_sheet("別")["A1"] = f"='{SHEET}'!A2"


def indirectly(book: Any, sheet: Any) -> None:
    book.create_sheet("別")["A1"] = f"=INDIRECT(\"'{SHEET}'!A2\")"


def by_name(book: Any, sheet: Any) -> None:
    book.defined_names["一覧"] = DefinedName("一覧", attr_text=f"'{SHEET}'!$A$2:$A$11")
    book.create_sheet("別")["A1"] = "=INDEX(一覧,2)"


def by_table(book: Any, sheet: Any) -> None:
    sheet.add_table(Table(displayName="表1", ref="A1:D11"))
    book.create_sheet("別")["A1"] = "=COUNTA(表1[氏名])"


def protected(book: Any, sheet: Any) -> None:
    sheet.protection.sheet = True


def locked(book: Any, sheet: Any) -> None:
    book.security.lockStructure = True


def charted(book: Any, sheet: Any) -> None:
    from openpyxl.chart import BarChart, Reference

    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=4, min_row=1, max_row=11), titles_from_data=True)
    book.create_sheet("図").add_chart(chart, "A1")


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (formulas, "has formulas"),
        (pointed_at, "the sheet 別 speak of"),
        (indirectly, "the sheet 別 speak of"),
        (by_name, "the sheet 別 speak of"),
        (by_table, "the sheet 別 speak of"),
        (protected, "シートの保護"),
        (locked, "ブックの保護"),
        (charted, "chart"),
    ],
)
def test_what_would_be_wrong_afterwards_or_keep_a_copy_is_refused(
    make: Make, build: Callable[[Any, Any], None], why: str
) -> None:
    path = make(build)
    before = path.read_bytes()
    held = opened(path, sheet=SHEET)
    assert held.source().frame.height == 10
    with pytest.raises(UnreadableFileError, match=why) as told:
        held.require_changeable()
    assert "make a new plan" in str(told.value)
    with pytest.raises(UnreadableFileError, match=why):
        held.change(Edits([1]), held.fingerprint(), seen, lambda _: None)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("xl/pivotCache/pivotCacheRecords1.xml", "pivot"),
        ("xl/externalLinks/externalLink1.xml", "linked"),
        ("xl/revisions/revisionLog1.xml", "history"),
        ("_xmlsignatures/sig1.xml", "signed"),
        ("xl/queryTables/queryTable1.xml", "query"),
        ("xl/model/item.data", "data model"),
        ("xl/slicerCaches/slicerCache1.xml", "slicers"),
        ("xl/vbaProject.bin", "macros"),
    ],
)
def test_parts_that_keep_copies_or_bring_rows_back_are_refused(make: Make, part: str, why: str) -> None:
    path = make()
    before = values(path)
    with_parts(path, {part: "<x/>"})
    held = opened(path, sheet=SHEET)
    with pytest.raises(UnreadableFileError, match=why):
        held.require_changeable()
    assert values(path) == before


@pytest.mark.parametrize("text", ["a\x00b", "a\x0bb", "x" * 32_768])
def test_a_text_no_cell_can_hold_is_refused(make: Make, text: str) -> None:
    path = make()
    before = path.read_bytes()
    with pytest.raises(CellRefusedError) as told:
        change(path, Edits(put={0: {0: text}}))
    assert text not in str(told.value)
    assert path.read_bytes() == before


def test_a_merged_cell_belongs_to_all_its_rows_and_is_not_changed_for_one(make: Make) -> None:
    path = make(lambda book, sheet: sheet.merge_cells("C8:C10"))
    with pytest.raises(CellRefusedError, match="結合の解除"):
        change(path, Edits(blank={7: [2]}))
    with pytest.raises(ConservationError):
        change(path, Edits([10]))


@pytest.mark.parametrize("mark", ["~$held.xlsx", ".~lock.held.xlsx#"])
def test_a_workbook_somebody_has_open_on_another_machine_is_left_alone(make: Make, mark: str) -> None:
    path = make()
    before = path.read_bytes()
    path.with_name(mark).write_bytes(b"somebody")
    held = opened(path)
    with pytest.raises(HoldingLockedError, match="Close it"):
        held.change(Edits([1]), held.fingerprint(), seen, lambda _: None)
    with pytest.raises(HoldingLockedError):
        held.require_changeable()
    assert path.read_bytes() == before


def test_all_rows_can_go(make: Make) -> None:
    path = make(rows=3)
    shown: list[tuple[list[str], int]] = []
    held = opened(path)
    held.change(
        Edits([0, 1, 2]),
        held.fingerprint(),
        lambda new: shown.append((new.headers, new.frame.height)),
        lambda _: None,
    )
    assert shown == [(["氏名", "電話", "住所", "番号"], 0)]
    assert values(path) == [("氏名", "電話", "住所", "番号")]
