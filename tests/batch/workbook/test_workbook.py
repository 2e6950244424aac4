from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.batch import open_batch
from optout.batch.workbook import WorkbookSource
from optout.errors import EmptyBatchError, HeaderMissingError, OptionError, UndecidedSheetError

HEADER = ["氏名", "住所", "電話番号"]
ICHIRO = ["見本 一郎", "東京都新宿区西新宿3-2-1", "03-1234-5678"]
HANAKO = ["見本 花子", "東京都新宿区西新宿3-2-2", "090-1234-5678"]
JIRO = ["仮名 次郎", "東京都港区芝1-1-1", "090-1234-0001"]


def told(source: WorkbookSource, word: str) -> list[str]:
    return [remark for remark in source.remarks if word in remark]


def test_every_value_is_text_as_excel_shows_it_without_formats(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["氏名", "備考"])
    cases: list[tuple[Any, str]] = [
        ("  髙橋 一郎　", "  髙橋 一郎　"),
        ("一行目\n二行目", "一行目\n二行目"),
        ("0312345678", "0312345678"),
        ("=1+1と書いた", "=1+1と書いた"),
        (9012345678, "9012345678"),
        (9012345678.0, "9012345678"),
        (1.5, "1.5"),
        (-3, "-3"),
        (True, "TRUE"),
        (False, "FALSE"),
        ("true", "true"),
        (datetime.date(2001, 2, 3), "2001-02-03"),
        (datetime.datetime(2001, 2, 3), "2001-02-03"),
        (datetime.datetime(2001, 2, 3, 4, 5, 6), "2001-02-03 04:05:06"),
        (datetime.time(9, 30), "09:30:00"),
        (None, ""),
    ]
    for value, _ in cases:
        sheet.append(["見本", None])
        sheet.cell(sheet.max_row, 2, value).data_type = "s" if isinstance(value, str) else None
        if not isinstance(value, str):
            sheet.cell(sheet.max_row, 2).value = value
    book.save(tmp_path / "list.xlsx")
    source = WorkbookSource(tmp_path / "list.xlsx")
    assert source.frame.schema == {"氏名": pl.String, "備考": pl.String}
    assert source.frame["備考"].to_list() == [text for _, text in cases]


def test_phonetic_guides_are_not_glued_to_the_text(excel: Any) -> None:
    shared = '<t>髙橋</t><rPh sb="0" eb="2"><t>タカハシ</t></rPh><phoneticPr fontId="1"/>'
    rich = '<r><t>山</t></r><r><rPr><sz val="9"/></rPr><t>田</t></r><rPh sb="0" eb="2"><t>ヤマダ</t></rPh>'
    rows = [
        ["氏名"],
        [excel.Raw('<c r="{r}" t="s"><v>0</v></c>')],
        [excel.Raw('<c r="{r}" t="s"><v>1</v></c>')],
        [excel.Raw(f'<c r="{{r}}" t="inlineStr"><is>{shared}</is></c>')],
    ]
    path = excel.write(excel.Book({"名簿": excel.Sheet(rows)}, strings=[shared, rich]))
    assert WorkbookSource(path).frame["氏名"].to_list() == ["髙橋", "山田", "髙橋"]


@pytest.mark.parametrize(("date1904", "expect"), [(False, "2001-02-03"), (True, "2005-02-04")])
def test_days_count_from_1900_or_1904(excel: Any, date1904: bool, expect: str) -> None:
    rows = [["氏名", "生年月日"], ["見本", excel.Raw('<c r="{r}" s="1"><v>36925</v></c>')]]
    path = excel.write(excel.Book({"名簿": excel.Sheet(rows)}, date1904=date1904))
    assert WorkbookSource(path).frame["生年月日"].to_list() == [expect]


@pytest.mark.parametrize("number", ["9012345678", "9.012345678E9", "312345678", "9012345678.0"])
def test_a_telephone_number_in_a_date_cell_is_not_lost(excel: Any, number: str) -> None:
    """Excel shows ###; the reader gives nothing, or a year of five digits."""
    rows = [
        ["氏名", "電話番号"],
        ["見本", excel.Raw(f'<c r="{{r}}" s="1"><v>{number}</v></c>')],
        ["仮名", "03"],
    ]
    frame = WorkbookSource(excel.sheet(rows)).frame
    assert frame["電話番号"].to_list() == [str(int(float(number))), "03"]


def test_errors_and_formulas_without_a_result_are_blank_and_counted(excel: Any) -> None:
    rows = [
        ["氏名", "住所"],
        ["見本 一郎", excel.Raw('<c r="{r}" t="e"><v>#N/A</v></c>')],
        ["見本 花子", excel.Raw('<c r="{r}" t="e"><f>X!A1</f><v>#REF!</v></c>')],
        [
            excel.Raw('<c r="{r}" t="str"><f>A2&amp;A3</f><v>仮名</v></c>'),
            excel.Raw('<c r="{r}"><f>1+1</f></c>'),
        ],
    ]
    source = WorkbookSource(excel.sheet(rows))
    assert source.frame.rows() == [("見本 一郎", ""), ("見本 花子", ""), ("仮名", "")]
    assert told(source, "2 cells with an Excel error")
    assert told(source, "1 formula without a stored result")


def test_a_list_may_begin_anywhere_and_every_row_keeps_its_number(excel: Any) -> None:
    rows = [["顧客一覧"], [], HEADER, ICHIRO, [], [None, None, None], HANAKO]
    source = WorkbookSource(excel.sheet(rows, top=5, left=3))
    assert source.headers == HEADER
    assert source.frame.rows() == [tuple(ICHIRO), tuple(HANAKO)]
    assert source.sheet_rows.tolist() == [8, 11]
    assert (source.records, source.quarantined.height) == (2, 0)


def test_empty_rows_are_no_records_but_a_blank_looking_cell_is_one(excel: Any) -> None:
    rows = [["氏名"], ["見本"], [""], [excel.Raw('<c r="{r}" s="5"/>')], ["　"], ["仮名"]]
    source = WorkbookSource(excel.sheet(rows))
    assert source.frame["氏名"].to_list() == ["見本", "　", "仮名"]
    assert source.sheet_rows.tolist() == [2, 5, 6]


def test_columns_without_a_header_and_repeated_headers_are_kept(excel: Any) -> None:
    source = WorkbookSource(excel.sheet([["氏名", None, "電話", "電話"], ["見本", "x", "03", "090"]]))
    assert source.headers == ["氏名", "", "電話", "電話"]
    assert source.columns == ["氏名", "", "電話", "電話#2"]
    assert source.frame.row(0) == ("見本", "x", "03", "090")


class TestSheets:
    def test_the_only_sheet_that_looks_like_a_list_is_read_wherever_it_stands(self, excel: Any) -> None:
        sheets = {
            "表紙": excel.Sheet([["2026年度 見本商店"]]),
            "名簿": excel.Sheet([HEADER, ICHIRO]),
            "空": excel.Sheet(),
            "集計": excel.Sheet([["件数"], [1]]),
        }
        source = WorkbookSource(excel.write(excel.Book(sheets, charts=["グラフ"])))
        assert (source.sheet, source.frame.height) == ("名簿", 1)
        assert source.unread == ("表紙", "集計", "グラフ")
        assert told(source, "only the sheet 名簿 was read, not: 表紙, 集計, グラフ")

    def test_a_sheet_can_be_named(self, excel: Any) -> None:
        sheets = {
            "東京": excel.Sheet([HEADER, ICHIRO]),
            "大阪": excel.Sheet([HEADER, HANAKO, JIRO]),
            "空": excel.Sheet(),
        }
        path = excel.write(excel.Book(sheets))
        source = open_batch(path, sheet="大阪")
        assert isinstance(source, WorkbookSource)
        assert (source.sheet, source.frame.height, source.unread) == ("大阪", 2, ("東京",))
        with pytest.raises(OptionError) as error:
            WorkbookSource(path, "京都")
        assert error.value.allowed == ("東京", "大阪", "空")
        with pytest.raises(EmptyBatchError):
            WorkbookSource(path, "空")

    @pytest.mark.parametrize("state", ["visible", "hidden", "veryHidden"])
    def test_several_lists_are_asked_for_hidden_ones_too(self, excel: Any, state: str) -> None:
        sheets = {"東京": excel.Sheet([HEADER, ICHIRO]), "大阪": excel.Sheet([HEADER, HANAKO], state=state)}
        with pytest.raises(UndecidedSheetError) as error:
            WorkbookSource(excel.write(excel.Book(sheets)))
        assert error.value.sheets == ("東京", "大阪")

    def test_a_hidden_list_beside_a_cover_is_read_and_that_is_told(self, excel: Any) -> None:
        sheets = {"表紙": excel.Sheet([["見本商店"]]), "名簿": excel.Sheet([HEADER, ICHIRO], state="hidden")}
        source = WorkbookSource(excel.write(excel.Book(sheets)))
        assert source.sheet == "名簿"
        assert told(source, "hidden")

    def test_when_no_sheet_looks_like_a_list_the_first_to_be_seen_is_taken(self, excel: Any) -> None:
        sheets = {
            "見出しだけ": excel.Sheet([["甲", "乙"]]),
            "隠し": excel.Sheet([["甲", "乙"], ["1", "2"]], state="hidden"),
            "商品": excel.Sheet([["品番", "品名"], ["1", "2"]]),
        }
        assert WorkbookSource(excel.write(excel.Book(sheets))).sheet == "商品"

    def test_rows_without_a_header_are_told_from_a_list(self, excel: Any) -> None:
        with pytest.raises(HeaderMissingError):
            WorkbookSource(excel.sheet([ICHIRO, HANAKO]))
        sheets = {"続き": excel.Sheet([ICHIRO]), "名簿": excel.Sheet([HEADER, HANAKO])}
        assert WorkbookSource(excel.write(excel.Book(sheets))).sheet == "名簿"

    def test_columns_by_position_need_no_header_but_one_sheet(self, excel: Any) -> None:
        columns: Any = {"name": 0, "address": 1, "phone": 2}
        source = WorkbookSource(excel.sheet([ICHIRO, HANAKO]), columns=columns)
        assert source.headers == ["column_1", "column_2", "column_3"]
        assert source.sheet_rows.tolist() == [1, 2]
        book = excel.Book({"甲": excel.Sheet([ICHIRO]), "乙": excel.Sheet([HANAKO])})
        with pytest.raises(UndecidedSheetError):
            WorkbookSource(excel.write(book), columns=columns)

    @pytest.mark.parametrize("rows", [[], [[None]], [[""]], [HEADER]])
    def test_a_workbook_without_rows_is_empty(self, excel: Any, rows: list[list[Any]]) -> None:
        with pytest.raises(EmptyBatchError):
            WorkbookSource(excel.sheet(rows))

    def test_text_of_people_beside_the_cells_is_told_of(self, excel: Any) -> None:
        beside = {
            "xl/pivotCache/pivotCacheRecords1.xml": "<x/>",
            "xl/comments1.xml": "<x/>",
            "xl/comments2.xml": "<x/>",
        }
        source = WorkbookSource(
            excel.write(excel.Book({"名簿": excel.Sheet([HEADER, ICHIRO])}, parts=beside))
        )
        assert source.remarks == ("not read: 1 pivot table cache, 2 comment lists",)


class TestMergedCells:
    def test_a_merged_title_is_passed_over(self, excel: Any) -> None:
        source = WorkbookSource(excel.sheet([["送付先"], HEADER, ICHIRO], merges=["A1:C1"]))
        assert source.headers == HEADER

    def test_a_value_merged_over_rows_belongs_to_every_row(self, excel: Any) -> None:
        rows = [HEADER, ICHIRO, ["見本 花子", None, None], ["見本 三郎", None, "090-1234-0003"], JIRO]
        source = WorkbookSource(excel.sheet(rows, merges=["B2:B4", "C2:C3"]))
        assert source.frame["住所"].to_list() == [ICHIRO[1]] * 3 + [JIRO[1]]
        assert source.frame["電話番号"].to_list() == [ICHIRO[2], ICHIRO[2], "090-1234-0003", JIRO[2]]
        assert told(source, "merged cells: 3 values")

    def test_a_person_written_over_two_merged_rows_is_one_person(self, excel: Any) -> None:
        rows = [HEADER, ICHIRO, [], HANAKO, []]
        merges = [f"{column}{row}:{column}{row + 1}" for column in "ABC" for row in (2, 4)]
        assert WorkbookSource(excel.sheet(rows, merges=merges)).frame.rows() == [tuple(ICHIRO), tuple(HANAKO)]

    def test_a_value_under_a_merged_cell_is_never_overwritten(self, excel: Any) -> None:
        source = WorkbookSource(excel.sheet([HEADER, ICHIRO, HANAKO], merges=["A2:C3"]))
        assert source.frame.rows() == [tuple(ICHIRO), tuple(HANAKO)]

    def test_a_value_merged_over_columns_stays_where_it_is(self, excel: Any) -> None:
        header = ["氏名", "住所1", "住所2"]
        source = WorkbookSource(excel.sheet([header, ["見本", "東京都港区芝1-1-1", None]], merges=["B2:C2"]))
        assert source.frame.row(0) == ("見本", "東京都港区芝1-1-1", "")

    @pytest.mark.parametrize(
        ("text", "width", "expect"),
        [
            ("住所", 3, ["住所1", "住所2", "住所3"]),
            ("郵便番号", 2, ["郵便番号1", "郵便番号2"]),
            ("電話番号", 3, ["電話番号1", "電話番号2", "電話番号3"]),
            ("商品名", 2, ["商品名", "商品名"]),
        ],
    )
    def test_columns_under_one_header_cell_are_its_parts(
        self, excel: Any, text: str, width: int, expect: list[str]
    ) -> None:
        rows = [["氏名", text, *[None] * (width - 1), "備考"], ["見本", *"甲乙丙"[:width], ""]]
        source = WorkbookSource(excel.sheet(rows, merges=[f"B1:{'ABCD'[width]}1"]))
        assert source.headers == ["氏名", *expect, "備考"]
        assert told(source, f"one header cell over {width} columns")

    def test_columns_under_a_merged_header_that_hold_nothing_are_no_parts(self, excel: Any) -> None:
        rows = [["氏名", None, "住所", None], ["見本 一郎", None, "東京都港区芝1-1-1", None]]
        source = WorkbookSource(excel.sheet(rows, merges=["A1:B1", "C1:D1", "A2:B2", "C2:D2"]))
        assert source.headers == ["氏名", "", "住所"]

    def test_a_header_in_two_lines_is_read_as_one(self, excel: Any) -> None:
        rows = [
            ["顧客一覧"],
            ["番号", "ご依頼主", None, "送付先", None, None, "備考"],
            [None, "氏名", "電話番号", "氏名", "電話番号", "住所", None],
            [1, "見本 一郎", "03-1234-5678", "仮名 次郎", "090-1234-5678", "東京都港区芝1-1-1", "x"],
        ]
        merges = ["A1:G1", "A2:A3", "B2:C2", "D2:F2", "G2:G3"]
        source = WorkbookSource(excel.sheet(rows, merges=merges))
        expect = [
            "番号",
            "ご依頼主氏名",
            "ご依頼主電話番号",
            "送付先氏名",
            "送付先電話番号",
            "送付先住所",
            "備考",
        ]
        assert source.headers == expect
        assert source.frame.height == 1
        assert source.sheet_rows.tolist() == [4]
        assert told(source, "two header lines were read as one")

    def test_a_group_that_says_nothing_of_whose_it_is_is_left_out(self, excel: Any) -> None:
        rows = [
            ["基本情報", None, "連絡先", None],
            ["氏名", "住所", "電話番号", "メール"],
            ["見本", "東京都港区芝1-1-1", "03", "a@example.jp"],
        ]
        source = WorkbookSource(excel.sheet(rows, merges=["A1:B1", "C1:D1"]))
        assert source.headers[:2] == ["氏名", "住所"]
        assert source.frame.height == 1

    def test_groups_nobody_knows_tell_two_people_apart(self, excel: Any) -> None:
        rows = [["甲", None, "乙", None], ["氏名", "住所", "氏名", "住所"], [*ICHIRO[:2], *HANAKO[:2]]]
        source = WorkbookSource(excel.sheet(rows, merges=["A1:B1", "C1:D1"]))
        assert source.headers == ["甲氏名", "甲住所", "乙氏名", "乙住所"]

    def test_parts_of_an_address_under_their_group_are_known(self, excel: Any) -> None:
        rows = [
            ["氏名", "住所", None, None],
            [None, "都道府県", "市区町村", "番地"],
            ["見本", "東京都", "港区", "芝1-1-1"],
        ]
        source = WorkbookSource(excel.sheet(rows, merges=["A1:A2", "B1:D1"]))
        assert source.headers == ["氏名", "住所都道府県", "住所市区町村", "住所番地"]

    def test_a_partial_title_is_no_group(self, excel: Any) -> None:
        source = WorkbookSource(excel.sheet([["顧客名簿 2026年"], HEADER, ICHIRO], merges=["A1:B1"]))
        assert source.headers == HEADER

    def test_a_first_row_under_merged_headers_is_no_header(self, excel: Any) -> None:
        rows = [
            ["氏名", "住所", None],
            ["見本 一郎", "東京都", "港区芝1-1-1"],
            ["仮名 次郎", "東京都", "港区芝1-1-2"],
        ]
        source = WorkbookSource(excel.sheet(rows, merges=["B1:C1"]))
        assert source.headers == ["氏名", "住所1", "住所2"]
        assert source.frame.height == 2


def test_hidden_rows_and_columns_are_read_and_told(excel: Any) -> None:
    head = '<cols><col min="2" max="2" hidden="1"/><col min="7" max="9" hidden="1"/></cols>'
    rows = [HEADER, ICHIRO, HANAKO, JIRO, []]
    source = WorkbookSource(excel.sheet(rows, hidden_rows=[1, 3, 4, 5], head=head))
    assert source.frame.rows() == [tuple(ICHIRO), tuple(HANAKO), tuple(JIRO)]
    assert told(source, "2 hidden rows and 1 hidden column")


@pytest.mark.parametrize("name", ["list.XLSX", "list.csv", "list.xls", "list.ods", "list", "名簿.xlsx"])
def test_the_name_of_the_file_decides_nothing(excel: Any, name: str) -> None:
    source = open_batch(excel.sheet([HEADER, ICHIRO], name))
    assert isinstance(source, WorkbookSource)
    assert source.frame.height == 1


XML_FORMS: dict[str, Callable[[str], str]] = {
    "with prefixes": lambda xml: (
        xml.replace("</", "</\0").replace("<", "<x:").replace("<x:/\0", "</x:").replace("xmlns=", "xmlns:x=")
    ),
    "with single quotes": lambda xml: xml.replace('"', "'"),
    "with blanks and lines": lambda xml: (
        xml.replace("<v>", "\n <v >").replace("</c>", "\n</c >").replace(" r=", "\t r=")
    ),
    "without references": lambda xml: re.sub(r' r="[A-Z]+[0-9]+"', "", xml),
    "without row numbers": lambda xml: re.sub(r'<row r="[0-9]+"', "<row", xml),
    "with a declaration and a comment": lambda xml: (
        f'<?xml version="1.0" encoding="UTF-8"?><!-- made by -->{xml}'
    ),
    "with a byte order mark": lambda xml: f"\ufeff{xml}",
    "strict": lambda xml: xml.replace(
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    ),
}


@pytest.mark.parametrize("form", XML_FORMS)
def test_other_programs_write_the_same_in_other_words(excel: Any, form: str) -> None:
    rows = [HEADER, [*ICHIRO[:2], 312345678], [True, "x", excel.Raw('<c r="{r}" s="1"><v>36925</v></c>')]]
    book = excel.Book({"名簿": excel.Sheet(rows)})
    book.parts = {"xl/worksheets/sheet1.xml": XML_FORMS[form](book.sheets["名簿"].xml)}
    assert WorkbookSource(excel.write(book)).frame.rows() == [
        (*ICHIRO[:2], "312345678"),
        ("TRUE", "x", "2001-02-03"),
    ]


def test_blocks_are_the_rows_in_order(excel: Any) -> None:
    source = WorkbookSource(excel.sheet([HEADER, *[[f"見本 {n}", "x", str(n)] for n in range(100)]]))
    blocks = list(source.blocks(500))
    assert len(blocks) > 1
    assert pl.concat([block.frame for block in blocks]).equals(source.frame)
    assert [block.first_row for block in blocks][:2] == [0, blocks[0].frame.height]
    assert source.unchanged()


def test_a_changed_file_is_noticed(excel: Any) -> None:
    source = WorkbookSource(excel.sheet([HEADER, ICHIRO]))
    excel.sheet([HEADER, HANAKO])
    assert not source.unchanged()


def test_no_person_stands_in_a_repr_or_remark(excel: Any) -> None:
    rows = [HEADER, ICHIRO, ["見本 花子", None, None]]
    source = WorkbookSource(excel.sheet(rows, merges=["B2:B3"], hidden_rows=[2]))
    assert "見本" not in repr(source) + repr(source.layout) + "".join(source.remarks)


# openpyxl does not mark a cell of blanks alone as such, and Excel reads _x000D_ as a control character.
TEXT = st.text(st.sampled_from("髙ｶ a0=<&>\"'\n\t　;"), max_size=6).filter(
    lambda text: not text or text.strip()
)
VALUE = st.one_of(
    TEXT, st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.dates(datetime.date(1901, 1, 1))
)


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return "" if value is None else str(value)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(VALUE, min_size=3, max_size=3), min_size=1, max_size=12))
def test_what_is_written_is_read(tmp_path: Path, rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for number, row in enumerate([["氏名", "住所", "電話番号"], ["見本", "x", "x"], *rows], 1):
        for place, value in enumerate(row, 1):
            cell = sheet.cell(number, place, value)
            if isinstance(value, str):
                cell.data_type = "s"
    book.save(tmp_path / "list.xlsx")
    expect = [tuple(map(shown, row)) for row in [["見本", "x", "x"], *rows]]
    assert WorkbookSource(tmp_path / "list.xlsx").frame.rows() == [row for row in expect if any(row)]
