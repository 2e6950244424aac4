"""Names: cases, tables that prove themselves, and the laws a name owes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optout import tables
from optout.text import name

CASES = Path(__file__).parents[1] / "cases"


def cases(table: str) -> list[Any]:
    frame = pl.read_csv(CASES / f"{table}.tsv", separator="\t", infer_schema=False, quote_char=None)
    assert frame.height
    failing = pytest.mark.xfail(strict=True)
    return [
        pytest.param(row, id=row["id"], marks=[failing] if row["status"] == "known_failure" else [])
        for row in frame.with_columns(pl.all().replace({"(none)": None})).iter_rows(named=True)
    ]


def parsed(*written: str | None) -> pl.DataFrame:
    return name.parse(pl.Series("written", written, dtype=pl.String))


def full(written: str | None) -> str | None:
    answer: str | None = parsed(written)["full"].item()
    return answer


@pytest.mark.parametrize("case", cases("name"))
def test_case(case: dict[str, str | None]) -> None:
    got = parsed(case["written"]).row(0, named=True)
    for column in ("full", "family", "given", "former"):
        assert got[column] == case[column], column
    assert got["others"] == (case["others"].split(",") if case["others"] else [])
    marks = [mark for mark in ("care_of", "wild", "flagged") if got[mark]]
    assert marks == (case["marks"].split(",") if case["marks"] else [])


@pytest.mark.parametrize(
    "table",
    [
        "name_honorific",
        "name_title",
        "name_department",
        "name_unit",
        "name_placeholder",
        "name_note",
        "name_symbol",
        "name_latin",
    ],
)
def test_every_rule_proves_itself(table: str) -> None:
    rules = tables.load(table)
    assert rules.height
    got = rules.select("rule_id", "expect", got=name.parse(rules["example"])["full"])
    assert got.filter(pl.col("got").ne_missing(pl.col("expect")))["rule_id"].to_list() == []


@pytest.mark.parametrize(
    "table",
    ["name_honorific", "name_title", "name_department", "name_unit", "name_note", "name_placeholder"],
)
def test_no_rule_touches_its_near_miss(table: str) -> None:
    rules = tables.load(table)
    whole = rules.select(
        whole=name.letters.expand(name.letters.spell(pl.col("leaves_alone"))).str.replace_all(" ", "")
    )
    got = rules.select("rule_id", whole["whole"], got=name.parse(rules["leaves_alone"])["full"])
    assert got.filter(pl.col("got").ne_missing(pl.col("whole")))["rule_id"].to_list() == []


def test_every_simplified_letter_is_another_and_is_known_beside_the_japanese_one() -> None:
    rules = tables.load("name_simplified")
    assert (parsed(*rules["example"])["full"] != parsed(*rules["leaves_alone"])["full"]).any()
    assert name.letters.simplified().str.contains("^[^ ]{2}$").all()


def test_every_listed_surname_has_its_length() -> None:
    rules = tables.load("surname_length")
    names = name.parse(rules["example"])["full"]
    got = rules.select("rule_id", wrong=name.family_length(names).cast(pl.String) != pl.col("expect"))
    assert got.filter("wrong")["rule_id"].to_list() == []


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("林太郎", 1),
        ("林田一", 2),
        ("佐藤一郎", 2),
        ("長谷川潔", 3),
        ("林一", 1),
        ("勅使河原健", 4),
        ("ハヤシ", None),
        (None, None),
    ],
)
def test_surname_length_is_guessed(written: str | None, length: int | None) -> None:
    got = name.family_length(pl.Series([written], dtype=pl.String))
    assert got.dtype == pl.UInt8
    assert got.item() == length


def test_the_frame_has_the_promised_columns_even_when_empty() -> None:
    assert dict(parsed().schema) == name.SCHEMA
    assert dict(parsed("佐藤 一郎", "佐藤 一郎 様", None).schema) == name.SCHEMA
    assert name.parse(pl.Series([None, None])).height == 2


FAMILIES = st.sampled_from(
    ["佐藤", "髙橋", "渡邉", "林", "長谷川", "一ノ瀬", "佐々木", "君島", "土方", "関ヶ原", "サトウ"]
)
GIVENS = st.sampled_from(
    ["一郎", "花子", "孝行", "公方", "さくら", "キヨ", "一", "由美子", "博士", "美君", "奈々"]
)
DECORATIONS = st.sampled_from(
    [
        "{} {}",
        "{}　{}",
        "{} {}様",
        "{} {} 殿",
        "{} {} 先生",
        "★{} {}",
        "{} {}1",
        "代表取締役 {} {}",
        "{}・{}",
        "{} {}(転居)",
    ]
)


@settings(max_examples=20, deadline=None)
@given(FAMILIES.filter(lambda family: family != "サトウ"), GIVENS, DECORATIONS)
def test_what_stands_around_a_name_never_changes_it(family: str, given_name: str, form: str) -> None:
    plain = parsed(f"{family} {given_name}").select("full", "family", "given")
    assert parsed(form.format(family, given_name)).select("full", "family", "given").equals(plain)


PIECES = st.sampled_from(
    [
        "佐藤",
        "高",
        "髙",
        "一",
        "郎",
        "花子",
        "林",
        "様",
        "殿",
        "君",
        "方",
        "行",
        "氏",
        "先生",
        "さん",
        "サマ",
        "くん",
        "博士",
        "・",
        "、",
        "(",
        ")",
        "※",
        "DM不要",
        "故人",
        "他2名",
        "●",
        "ー",
        "-",
        "1",
        "部長",
        "代表取締役",
        "々",
        "ヶ",
        "が",
        "の",
        "Suzuki",
        ",",
        "旧姓鈴木",
    ]
)


@settings(max_examples=20, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=5), st.sampled_from(["", " "]))
def test_parsing_a_full_name_again_gives_it_back(pieces: list[str], blank: str) -> None:
    written = blank.join(pieces)
    assume("様々" not in written.replace(" ", ""))  # a word, which becomes an honorific written twice
    once = full(written)
    assert full(once) == once


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=10)), max_size=5))
def test_any_text_is_parsed_alone_as_among_others(texts: list[str | None]) -> None:
    together = parsed(*texts)
    assert together.height == len(texts)
    alone = [parsed(text) for text in texts]
    assert together.equals(pl.concat([parsed(), *alone]))


def test_a_refusal_in_the_table_is_heard_in_a_name() -> None:
    spoken = tables.load("own_flag").filter(place="spoken", meaning="refused")["example"]
    got = name.parse("山田太郎 " + spoken)
    assert spoken.filter(~got["flagged"]).to_list() == []
