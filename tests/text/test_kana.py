"""Readings: cases, tables that prove themselves, and the laws a key owes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jaconv
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.text import chars, kana, letters

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
    return kana.parse(pl.Series("written", written, dtype=pl.String))


@pytest.mark.parametrize("case", cases("kana"))
def test_case(case: dict[str, str | None]) -> None:
    got = parsed(case["written"]).row(0, named=True)
    for column in ("key", "family", "given", "romaji"):
        assert got[column] == case[column], column


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("kana_spelling", "key"),
        ("kana_long_vowel", "key"),
        ("kana_voicing", "loose"),
        ("kana_nasal", "romaji"),
        ("kana_romaji", "romaji"),
    ],
)
def test_every_rule_proves_itself(table: str, column: str) -> None:
    rules = tables.load(table)
    assert rules.height
    got, near = kana.parse(rules["example"])[column], kana.parse(rules["leaves_alone"])[column]
    expected = rules["expect"]
    if table == "kana_romaji":  # the rows say the syllable; RK drops its length
        expected = kana.parse(expected)[column]
    assert rules.filter(got.ne_missing(expected))["rule_id"].to_list() == []
    assert rules.filter(near.ne_missing(rules["leaves_alone"]))["rule_id"].to_list() == []


def test_the_frame_has_the_promised_columns_even_when_empty() -> None:
    assert dict(parsed().schema) == kana.SCHEMA
    assert dict(parsed("サトウ", "Sato", None).schema) == kana.SCHEMA
    assert kana.parse(pl.Series([None])).height == 1


KANA = st.text(alphabet=[chr(code) for code in range(0x30A1, 0x30F7)] + ["ー"], min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(KANA)
def test_a_key_is_its_own_key(written: str) -> None:
    once = parsed(written)["key"].item()
    again = parsed(once)["key"].item()
    assert again == once


@settings(max_examples=40, deadline=None)
@given(KANA)
def test_hiragana_and_katakana_have_one_key(written: str) -> None:
    hiragana = "".join(chr(ord(char) - 0x60) if "ァ" <= char <= "ヶ" else char for char in written)
    assert parsed(hiragana).equals(parsed(written))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["サトウ", "オオノ", "マツモト", "イイ"]),
    st.sampled_from(["ウメ", "ハナコ", "イチロウ", "ユウ"]),
)
def test_the_key_of_the_whole_does_not_depend_on_the_blank(family: str, given_name: str) -> None:
    whole = ["key", "loose", "romaji"]
    assert parsed(f"{family} {given_name}").select(whole).equals(parsed(family + given_name).select(whole))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=10)), max_size=5))
def test_any_text_is_parsed_alone_as_among_others(texts: list[str | None]) -> None:
    together = parsed(*texts)
    assert together.height == len(texts)
    assert together.equals(pl.concat([parsed(), *(parsed(text) for text in texts)]))


def test_the_kana_fold_agrees_with_jaconv_on_every_kana() -> None:
    hiragana = [chr(code) for code in range(0x3041, 0x3097)]
    table = letters.katakana()
    assert [table[char] for char in hiragana] == [jaconv.hira2kata(char) for char in hiragana]
    narrow = "ｱｲｳｴｵｶﾞｷﾞｸﾞｹﾞｺﾞｻﾞｼﾞｽﾞｾﾞｿﾞﾀﾞﾁﾞﾂﾞﾃﾞﾄﾞﾅﾆﾇﾈﾉﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟﾊﾞﾋﾞﾌﾞﾍﾞﾎﾞﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｬｭｮｯｰ"
    assert pl.select(chars.fold_width(pl.lit(narrow))).item() == jaconv.h2z(narrow)


@given(
    st.lists(
        st.one_of(st.none(), st.text(st.sampled_from("さとうｻﾄｳﾞーSATOHh 　様()・"), max_size=8)), max_size=6
    )
)
def test_the_key_alone_is_the_key_of_parse(written: list[str | None]) -> None:
    series = pl.Series(written, dtype=pl.String)
    assert kana.key(series).to_list() == kana.parse(series)["key"].to_list()
