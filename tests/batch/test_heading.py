"""The header line: which record it is, and that no person is ever taken for one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.batch import headers
from optout.batch.columns import recognise
from optout.batch.heading import HEAD_RECORDS, Columns, HeaderOrPlace, by_position, find_heading, is_row
from optout.errors import HeaderMissingError, UnknownColumnError

CASES = Path(__file__).parent.parent / "cases" / "heading.tsv"
ROW = ["見本 一郎", "ミホン イチロウ", "160-0023", "東京都新宿区西新宿3-2-1", "03-1234-5678"]
HEADER = ["氏名", "フリガナ", "〒", "住所", "TEL"]


def cases() -> list[Any]:
    head, *lines = CASES.read_text("utf-8").splitlines()
    rows = [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]
    failing = pytest.mark.xfail(strict=True)
    return [
        pytest.param(row, id=row["id"], marks=[failing] if row["status"] == "known_failure" else [])
        for row in rows
    ]


def records(written: str) -> list[list[str]]:
    return [
        ROW if line == "@" else [cell.strip() for cell in line.split("|")] for line in written.split(" // ")
    ]


def columns(written: str) -> Columns:
    if written == "-":
        return None
    pairs = dict(pair.split("=") for pair in written.split(" "))
    return {field: which(value) for field, value in pairs.items()}


def which(value: str) -> str | int:
    if value.startswith("#"):
        return HeaderOrPlace(value[1:])
    return int(value) if value.isdigit() else value


@pytest.mark.parametrize("case", cases())
def test_the_header_is_found_as_its_case_says(case: dict[str, str]) -> None:
    if case["place"] == "missing":
        with pytest.raises(HeaderMissingError) as refused:
            find_heading("list.csv", records(case["records"]), columns(case["columns"]))
        assert "見本" not in str(refused.value)
        return
    heading = find_heading("list.csv", records(case["records"]), columns(case["columns"]))
    titles = [int(remark.split(" ")[0]) for remark in heading.remarks if "title" in remark]
    assert (str(heading.place).lower(), heading.known) == (case["place"], int(case["known"]))
    assert sum(titles) == int(case["titles"])


def test_a_lower_header_line_and_a_missing_one_are_remarked_on() -> None:
    lower = find_heading("list.csv", [["氏名", "住所", "", "TEL"], ["", "都道府県", "市区町村", ""], ROW])
    assert any("holds headers too" in remark for remark in lower.remarks)
    assert find_heading("list.csv", [ROW], {"name": 0}).remarks == (
        "no header line: the columns are told by position",
    )


def test_the_error_tells_how_many_columns_there_are() -> None:
    with pytest.raises(HeaderMissingError) as refused:
        find_heading("list.csv", [["顧客一覧"], ROW, ROW])
    assert refused.value.n_columns == 5


@pytest.mark.parametrize("rule", tables.load("header_title").to_dicts(), ids=lambda rule: rule["rule_id"])
def test_every_title_word_proves_itself(rule: dict[str, str]) -> None:
    """A full line with the word is passed over; the near miss is not."""
    header, rows = ["氏名", "TEL"], [["見本", "03-1234-5678"]]
    title = find_heading("list.csv", [[rule["example"], "見本"], header, *rows])
    assert title.place == 1
    try:
        near = find_heading("list.csv", [[rule["leaves_alone"], "見本"], header, *rows])
    except HeaderMissingError:
        return
    assert near.place == 0


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        (None, False),
        ({}, False),
        ({"name": 0}, True),
        ({"name": 0, "phone": [3, 4]}, True),
        ({"name": 0, "phone": "TEL"}, False),
        ({"name": [HeaderOrPlace("0")]}, True),
        ({"name": [HeaderOrPlace("氏名")]}, False),
        ({"name": [HeaderOrPlace("9012345678")]}, False),
    ],
)
def test_all_by_position_means_every_one(told: Columns, answer: bool) -> None:
    assert by_position(told) is answer


def test_digits_on_a_command_line_are_a_header_first_and_else_a_position() -> None:
    one = {"name": HeaderOrPlace("1"), "phone": HeaderOrPlace("2")}
    assert [c.position for c in recognise(["1", "2"], one).columns] == [0, 1]
    assert [c.position for c in recognise(["x", "甲", "乙"], one).columns if c.field] == [1, 2]
    with pytest.raises(UnknownColumnError):
        recognise(["甲", "乙"], {"name": "1"})
    with pytest.raises(UnknownColumnError):
        recognise(["甲", "乙"], {"name": HeaderOrPlace("7")})


def test_a_headerless_file_is_recognised_by_position() -> None:
    written = [f"column_{n + 1}" for n in range(5)]
    mapping = recognise(written, {"name": 0, "kana": 1, "postal": 2, "address": 3, "phone": [4]})
    assert [column.field for column in mapping.columns] == ["name", "kana", "postal", "address", "phone"]
    assert all(headers.read(header) is None for header in written)
    assert all(headers.by_values(header) is None for header in written)


def test_a_person_in_the_place_of_the_headers_of_a_frame_is_refused_and_not_shown() -> None:
    with pytest.raises(HeaderMissingError) as refused:
        recognise(ROW, {"name": 0})
    assert "見本" not in str(refused.value)
    assert is_row(ROW)
    assert not is_row(HEADER)


WORDS = ["氏名", "TEL", "住所", "自宅", "世帯主", "DM不要", "メール", "備考", "顧客一覧", "作成日", "件数"]
VALUES = ["見本 一郎", "見本一郎", "男", "45", "1970/3/2", "東京都", "", "", "2026年4月1日現在", "1"]
IDENTIFIERS = ["090-1234-5678", "03-1234-5678", "mihon@example.com", "東京都新宿区西新宿3-2-1", "〒160-0023"]
CELL = st.sampled_from([*WORDS, *VALUES, *IDENTIFIERS])
RECORDS = st.lists(st.lists(CELL, max_size=6), max_size=12)
TOLD = st.sampled_from([None, {"name": 0}, {"name": "氏名"}, {"name": 0, "phone": "TEL"}])


@settings(deadline=None, max_examples=300)
@given(RECORDS, TOLD)
def test_no_line_with_an_identifier_is_passed_over(lines: list[list[str]], told: Columns) -> None:
    try:
        place = find_heading("list.csv", lines, told).place
    except HeaderMissingError:
        return
    above = lines[: place or 0]
    assert not any(cell in IDENTIFIERS for line in above for cell in line)


@settings(deadline=None, max_examples=300)
@given(RECORDS, TOLD)
def test_a_header_has_more_headers_than_a_row_has_identifiers(lines: list[list[str]], told: Columns) -> None:
    try:
        heading = find_heading("list.csv", lines, told)
    except HeaderMissingError:
        return
    header = lines[heading.place] if heading.place is not None and lines else []
    identifiers = sum(cell in IDENTIFIERS for cell in header)
    assert not identifiers or heading.known > 2 * identifiers


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([["顧客一覧"], ["", ""], ["出力条件", "東京都"], ["2026/4/1現在"]]), max_size=6)
)
def test_titles_above_a_header_change_nothing_but_its_place(titles: list[list[str]]) -> None:
    heading = find_heading("list.csv", [*titles, HEADER, ROW, ROW])
    assert (heading.place, heading.known) == (len(titles), len(HEADER))


@settings(deadline=None)
@given(st.lists(st.permutations(ROW), min_size=1, max_size=5), st.integers(0, 4))
def test_rows_without_a_header_are_refused_or_rows(rows: list[list[str]], place: int) -> None:
    with pytest.raises(HeaderMissingError):
        find_heading("list.csv", rows)
    assert find_heading("list.csv", rows, {"name": place}).place is None


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.lists(st.text(max_size=30), max_size=5), max_size=6),
    st.one_of(st.none(), st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5)))),
)
def test_no_text_is_too_strange(lines: list[list[str]], told: Columns) -> None:
    try:
        heading = find_heading("list.csv", lines, told)
    except HeaderMissingError:
        return
    assert heading.place is None or 0 <= heading.place < max(len(lines), 1)


def test_only_the_first_records_are_looked_at() -> None:
    lines = [["顧客一覧"]] * HEAD_RECORDS + [HEADER, ROW]
    assert find_heading("list.csv", lines).known == 0
