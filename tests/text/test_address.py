"""Addresses: cases, pairs of spellings at the level they name, and the laws an address owes."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import match, tables
from optout.keys import Comparable, comparable
from optout.schema import RAW_FIELDS, SELF
from optout.text import address

CASES = Path(__file__).parents[1] / "cases"
PARTS = ("prefecture", "city", "ward", "town", "numbers", "room")
# What may not be said of a pair, at the level the pair names.
WRONG = {
    ("same", "any"): set(match.LEVELS["address"]) - {"equal"},
    ("same", "banchi"): set(match.LEVELS["address"]) - {"equal", "room_differs"},
    ("same", "room"): set(match.LEVELS["address"]) - {"equal"},
    ("different", "any"): {"equal", "room_differs"},
    ("different", "room"): {"equal"},
}
# Letters of addresses, in every width and script they come in.
LETTERS = "東京都新宿区西三丁目番地号室条一二十〇１23４-－ー ヶのツ大字北甲イろ〒()#\u3099\ufe00髙Ab\t"


@cache
def cases(table: str) -> pl.DataFrame:
    frame = pl.read_csv(CASES / f"{table}.tsv", separator="\t", infer_schema=False, quote_char=None)
    assert frame.height
    return frame


def marked(table: str) -> list[Any]:
    failing = pytest.mark.xfail(strict=True)
    return [
        pytest.param(number, id=f"{row['id']}", marks=[failing] if row["status"] == "known_failure" else [])
        for number, row in enumerate(cases(table).iter_rows(named=True))
    ]


def parts_of(written: pl.Series) -> Comparable:
    """An address alone, as a comparable line each."""
    nothing = pl.lit(None, pl.String)
    fields = [written.alias(field) if field == "address" else nothing.alias(field) for field in RAW_FIELDS]
    rows = pl.int_range(len(written), dtype=pl.UInt32, eager=True).alias("row").to_frame()
    return comparable(rows.with_columns(pl.lit(SELF).alias("subject"), *fields))


def levels(ours: pl.Series, theirs: pl.Series) -> list[str]:
    lines = pl.int_range(len(ours), dtype=pl.UInt32, eager=True)
    pairs = pl.DataFrame({"a": lines, "b": lines})
    return match.compare(pairs, parts_of(ours), parts_of(theirs))["address"].to_list()


@cache
def levels_of_pairs() -> tuple[list[str], list[str]]:
    known = cases("address_pairs")
    return levels(known["a"], known["b"]), levels(known["b"], known["a"])


@cache
def parsed_cases() -> pl.DataFrame:
    return address.parse(cases("address")["written"])


def parsed(*written: str | None) -> pl.DataFrame:
    return address.parse(pl.Series("written", written, dtype=pl.String))


def sketched(*written: str | None) -> pl.DataFrame:
    return address.sketch(pl.Series("written", written, dtype=pl.String))


@pytest.mark.parametrize("number", marked("address"))
def test_case(number: int) -> None:
    case, got = cases("address").row(number, named=True), parsed_cases().row(number, named=True)
    told = {part: case[part] for part in PARTS if case[part] != "(any)"}
    assert {part: got[part] or "(none)" for part in told} == told


@pytest.mark.parametrize("number", marked("address_pairs"))
def test_a_pair_is_what_it_is_at_its_level_in_both_directions(number: int) -> None:
    case = cases("address_pairs").row(number, named=True)
    for got in levels_of_pairs():
        assert got[number] not in WRONG[case["label"], case["level"]]


def test_what_differs_is_never_taken_for_equal_but_for_the_known_failures() -> None:
    known = cases("address_pairs").with_columns(got=pl.Series(levels_of_pairs()[0]))
    wrong = known.filter(label="different", got="equal")
    assert set(wrong["status"]) <= {"known_failure"}


def test_what_is_found_equal_has_an_equal_sketch() -> None:
    known = cases("address_pairs").with_columns(got=pl.Series(levels_of_pairs()[0]))
    equal = known.filter(pl.col("got").is_in(["equal", "room_differs"]))
    ours, theirs = address.sketch(equal["a"]), address.sketch(equal["b"])
    # A room written as one more number is what the blocking rules `longer` and `shorter` are for.
    third = ours["n3"].is_not_null() & theirs["n3"].is_not_null()
    assert ours["tail"].equals(theirs["tail"])
    assert ours["n1"].equals(theirs["n1"])
    assert ours["n3"].filter(third).equals(theirs["n3"].filter(third))


def test_every_rule_of_the_fold_table_proves_itself_and_spares_its_near_miss() -> None:
    rules = tables.load("address_fold")
    got = rules.select("rule_id", "expect", got=address.fold(pl.col("example")))
    assert got.filter(pl.col("got").ne_missing(pl.col("expect")))["rule_id"].to_list() == []
    near = rules.select("rule_id", "expect", got=address.fold(pl.col("leaves_alone")))
    assert near.filter(pl.col("got") == pl.col("expect"))["rule_id"].to_list() == []


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("西新宿三丁目2番1号", "西新宿<3>丁目2番1号"),
        ("桜ヶ丘", "桜ケ丘"),
        ("桜が丘", "桜ケ丘"),
        ("大字中字上", "中字上"),
        ("３－２－１", "3-2-1"),
        ("髙田", "高田"),
    ],
)
def test_a_spelling_is_folded(written: str, folded: str) -> None:
    assert pl.select(address.fold(pl.lit(written))).item() == folded


def not_separating(dashes: list[str]) -> list[str]:
    got = parsed(*(f"新宿区西新宿3{dash}2{dash}1" for dash in dashes))["numbers"].to_list()
    return [f"U+{ord(dash):04X}" for dash, numbers in zip(dashes, got, strict=True) if numbers != "3-2-1"]


def test_every_dash_separates_numbers() -> None:
    dashes = tables.load("dash").filter(pl.col("accept") == "always", pl.col("written") != "\u00ad")
    assert not_separating(dashes["written"].to_list()) == []


def test_the_invisible_hyphen_of_the_dash_table_separates_numbers_too() -> None:
    assert not_separating(["\u00ad"]) == []


@pytest.mark.parametrize(
    "rule", list(tables.load("address_placeholder").iter_rows(named=True)), ids=lambda rule: rule["rule_id"]
)
def test_every_placeholder_proves_itself(rule: dict[str, str]) -> None:
    assert parsed(rule["example"]).select(PARTS).row(0) == (None,) * len(PARTS)
    assert parsed(rule["leaves_alone"]).select(PARTS).row(0) != (None,) * len(PARTS)


def test_nothing_and_placeholders_are_null() -> None:
    for nothing in (None, "", " 　", "不明", "住所不明", "なし", "同上", "-"):
        assert parsed(nothing).select(PARTS).row(0) == (None,) * len(PARTS)


def test_an_empty_column_gives_an_empty_frame() -> None:
    assert parsed().height == sketched().height == 0


def test_all_parts_are_text_and_readings_are_lists() -> None:
    got = parsed("新宿区西新宿3-2-1", None).schema
    lists = ("codes", "towns", "places", "keys")
    flags = ("known_town", "guess", "postal_conflict")
    assert {name: got[name] for name in lists} == dict.fromkeys(lists, pl.List(pl.String))
    assert {name: got[name] for name in flags} == dict.fromkeys(flags, pl.Boolean())
    assert {got[name] for name in got if name not in lists + flags} == {pl.String()}


@settings(max_examples=12, deadline=None)
@given(st.lists(st.none() | st.text(LETTERS, max_size=20), min_size=1, max_size=40))
def test_no_text_raises_and_every_line_stands_for_itself(written: list[str | None]) -> None:
    together, cheap = parsed(*written), sketched(*written)
    assert together.height == cheap.height == len(written)
    assert pl.concat([parsed(one) for one in written[:2]]).equals(together[:2])
    assert pl.concat([sketched(one) for one in written[:2]]).equals(cheap[:2])


@settings(max_examples=12, deadline=None)
@given(st.lists(st.none() | st.text(LETTERS, max_size=20), min_size=1, max_size=40))
def test_the_whole_parse_knows_what_the_sketch_sees(written: list[str | None]) -> None:
    whole, cheap = parsed(*written), sketched(*written)
    joined = pl.concat_str("n1", "n2", "n3", separator="-", ignore_nulls=True)
    numbers = cheap.select(numbers=pl.when(pl.col("n1").is_not_null()).then(joined))["numbers"]
    told = whole["numbers"].is_not_null()
    assert numbers.filter(told).to_list() == whole["seen"].filter(told).to_list()
    assert cheap["tail"].filter(told).to_list() == whole["tail"].filter(told).to_list()


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 999), min_size=1, max_size=3), st.sampled_from(["西新宿", "久保", "桜ヶ丘"]))
def test_numbers_are_the_same_in_every_way_of_writing_them(numbers: list[int], town: str) -> None:
    units = ["丁目", "番", "号"] if len(numbers) == 3 else ["番地", "号"] if len(numbers) == 2 else ["番地"]
    hyphened = "-".join(map(str, numbers))
    ways = [
        hyphened,
        unicodedata.normalize("NFKC", hyphened).translate(
            str.maketrans("0123456789-", "０１２３４５６７８９－")
        ),
        "".join(f"{number}{unit}" for number, unit in zip(numbers, units, strict=True)),
        " - ".join(map(str, numbers)),
    ]
    got = parsed(*(f"新宿区{town}{way}" for way in ways))
    assert set(got["numbers"]) == {hyphened}
    assert got["town"].n_unique() == 1
