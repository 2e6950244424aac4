"""Company names: cases, a table that proves itself, and the laws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.text import company

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
    return company.parse(pl.Series("written", written, dtype=pl.String))


@pytest.mark.parametrize("case", cases("company"))
def test_case(case: dict[str, str | None]) -> None:
    assert parsed(case["written"]).row(0) == (case["core"], case["form"], case["place"])


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("株式会社見本 佐藤花子", "佐藤花子"),
        ("㈱見本　佐藤 花子 様", "佐藤 花子"),
        ("株式会社 見本 営業部 佐藤花子様", "営業部 佐藤花子"),
        ("見本商事株式会社 代表取締役 佐藤花子", "代表取締役 佐藤花子"),
        ("株式会社見本", None),
        ("株式会社 見本商事", None),
        ("見本商事株式会社 大阪支店", None),
        ("株式会社見本 総務部 税務課", None),
        ("株式会社見本 食品", None),
        ("見本文化放送　株式会社　（ＭＨＢ）", None),
        (None, None),
    ],
)
def test_whoever_is_named_behind_a_company_is_told(written: str | None, named: str | None) -> None:
    spelled = company.spelled(pl.Series([written], dtype=pl.String))
    assert company.staff(spelled).to_list() == [named]


def test_every_trade_proves_itself() -> None:
    rules = tables.load("company_trade")
    assert rules.height
    told = rules.select(
        ends=pl.col("example").str.extract(f".({company.trades()})$", 1),
        near=pl.col("leaves_alone").str.contains(f".({company.trades()})$"),
    )
    assert told["ends"].to_list() == rules["written"].to_list()
    assert not told["near"].any()


def test_every_legal_form_proves_itself() -> None:
    rules = tables.load("legal_form")
    got = company.parse(rules["example"])
    assert rules.filter(got["core"] != rules["expect"])["rule_id"].to_list() == []
    assert rules.filter(got["form"].ne_missing(rules["canonical"]))["rule_id"].to_list() == []
    near = company.parse(rules["leaves_alone"])
    assert near["core"].to_list() == rules["leaves_alone"].to_list()
    assert near["form"].null_count() == rules.height


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["㈱", "(株)", "（株）　", "株式会社", "株式會社 "]),
    st.sampled_from(["見本商事", "ABC", "みどり電機"]),
)
def test_spelling_of_the_form_never_changes_the_company(form: str, core: str) -> None:
    assert parsed(form + core).row(0) == (core, "株式会社", "before")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=10)), max_size=5))
def test_any_text_is_parsed_alone_as_among_others(texts: list[str | None]) -> None:
    together = parsed(*texts)
    assert together.height == len(texts)
    assert dict(together.schema) == company.SCHEMA
    assert together.equals(pl.concat([parsed(), *(parsed(text) for text in texts)]))


@pytest.mark.parametrize(
    "form", ["㈱", "（株）", "　株式会社　", "株式会社", " (株) ", "（カブ）", "カブシキガイシヤ"]
)
def test_a_form_in_the_middle_folds_with_blanks_or_without(form: str) -> None:
    assert parsed(f"丸紅見本{form}北海道支社").row(0) == ("丸紅見本北海道支社", "株式会社", "inside")


@pytest.mark.parametrize("word", ["見本生活協同組合", "見本信用金庫", "見本連合会"])
def test_a_word_of_the_name_is_no_form_in_the_middle(word: str) -> None:
    assert parsed(f"{word}大阪支部").row(0) == (f"{word}大阪支部", None, None)
    assert parsed(word)["form"].item() in company.inseparable()


@pytest.mark.parametrize(
    ("written", "core", "form", "place"),
    [
        ("カブシキガイシヤ ミホン", "ミホン", "株式会社", "before"),
        ("かぶしきがいしゃ　みほん", "ミホン", "株式会社", "before"),
        ("ﾐﾎﾝ ﾕｳｹﾞﾝｶﾞｲｼｬ", "ミホン", "有限会社", "after"),
        ("ミホン(カ", "ミホン", "株式会社", "after"),
        ("ｶ)ﾐﾎﾝｼﾖｳｼﾞ", "ミホンシヨウジ", "株式会社", "before"),
        ("ミホンショウジ", "ミホンシヨウジ", None, None),
        ("イツパンザイダンホウジン ミホン", "ミホン", "一般財団法人", "before"),
    ],
)
def test_kana_of_a_company(written: str, core: str, form: str | None, place: str | None) -> None:
    assert company.parse_kana(pl.Series([written])).row(0) == (core, form, place)


def test_every_form_is_hinted_at() -> None:
    rules = tables.load("legal_form").filter(~pl.col("written").is_in(["KK", "GK", "YK"]))
    examples = rules["example"].str.replace("^(.*)(CO LTD|Y.K.|G.K.|L.L.C.)$", "LTD")
    held = examples.str.contains_any(list(company.hints()), ascii_case_insensitive=True)
    assert rules.filter(~held)["written"].to_list() == []


def test_the_end_of_a_banks_name_is_no_honorific() -> None:
    assert parsed("株式会社　見本銀行　様", "㈱見本銀行", "見本商店 行")["core"].to_list() == [
        "見本銀行",
        "見本銀行",
        "見本商店",
    ]
