"""Telephone numbers: cases, rows that prove themselves, and the laws of a parser."""

import importlib.util
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.text import phone

CASES = pl.read_csv(
    Path(__file__).parents[1] / "cases" / "phone.tsv", separator="\t", quote_char=None, infer_schema=False
).with_columns(pl.col("written", "expect").replace({"(none)": "", "(blank)": ""}))
SPELLINGS = (
    "{}{}{}",
    "{}-{}-{}",
    "({}){}-{}",
    "{}({}){}",
    "{} {} {}",
    "{}　{}　{}",
    "{}.{}.{}",
    "{}ー{}ー{}",
    "{}ｰ{}ｰ{}",
    "{}−{}−{}",
    "{}一{}一{}",
    "{}の{}の{}",
    "{}・{}・{}",
    "TEL:{}-{}-{}",
    "℡{}-{}-{}(代)",
    "186-{}-{}-{}",
    "{}-{}-{} 内線12",
    "'{}{}{}",
    "携帯 {}-{}-{}（母）",
)
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
KANJI = str.maketrans("0123456789", "〇一二三四五六七八九")
PERSONAL = st.one_of(
    st.tuples(st.sampled_from(["060", "070", "080", "090", "050"]), st.integers(1000, 9999)),
    st.tuples(st.sampled_from(["03", "06"]), st.integers(1000, 9999)),
    st.tuples(st.sampled_from(["045", "011", "092", "082"]), st.integers(100, 999)),
)
LAST = st.integers(0, 9998).map("{:04}".format)
ANYTHING = st.one_of(
    st.none(), st.text(max_size=30), st.text("0123456789-+()（）ー一 /、FAXTELOol.eE", max_size=40)
)


def oracle() -> ModuleType:
    """benchmarks/bench_phone_oracle.py, which draws numbers, spells them and asks libphonenumber."""
    path = Path(__file__).parents[2] / "benchmarks" / "bench_phone_oracle.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(*written: str | None) -> list[list[str]]:
    return phone.parse(pl.Series(written, dtype=pl.String))["numbers"].to_list()


@pytest.mark.parametrize("case", CASES.rows(named=True), ids=lambda case: case["id"])
def test_a_cell_gives_the_numbers_written_in_it(case: dict[str, str], request: pytest.FixtureRequest) -> None:
    if case["status"] == "known_failure":
        request.applymarker(pytest.mark.xfail(reason=case["why"]))
    assert ";".join(numbers(case["written"])[0]) == case["expect"]


@pytest.mark.parametrize(
    "rule", tables.load("phone_repair").rows(named=True), ids=lambda rule: rule["rule_id"]
)
def test_every_repair_proves_itself_and_leaves_its_near_miss(rule: dict[str, str]) -> None:
    got, near = numbers(rule["example"], rule["leaves_alone"])
    assert got == rule["expect"].split(";")
    digits = "".join(
        char for char in rule["leaves_alone"].translate(str.maketrans("〜", "-")) if char in "0123456789"
    )
    assert near in ([], [digits], [digits[-10:]], ["0" + digits])


@pytest.mark.parametrize("rule", tables.load("phone_word").rows(named=True), ids=lambda rule: rule["rule_id"])
def test_every_word_beside_a_number_proves_itself(rule: dict[str, str]) -> None:
    assert numbers(rule["example"], rule["leaves_alone"]) == [[rule["expect"]], [rule["expect"]]]


@pytest.mark.parametrize("rule", tables.load("phone_plan").rows(named=True), ids=lambda rule: rule["rule_id"])
def test_every_kind_of_the_plan_proves_itself(rule: dict[str, str]) -> None:
    plan = pl.Series([rule["example"], rule["leaves_alone"]])
    assert plan.str.contains(rule["pattern"]).to_list() == [True, False]
    parsed = phone.parse(plan).row(0, named=True)
    assert parsed["numbers"] == [rule["example"]]
    assert parsed["keys"] == ([rule["example"]] if rule["is_key"] == "yes" else [])
    assert parsed["reason"] == rule["reason"]


@pytest.mark.parametrize(
    "rule", tables.load("phone_placeholder").rows(named=True), ids=lambda rule: rule["rule_id"]
)
def test_a_placeholder_is_no_key_and_its_near_miss_is(rule: dict[str, str]) -> None:
    dummy, near = phone.parse(pl.Series([rule["example"], rule["leaves_alone"]])).rows(named=True)
    assert (dummy["keys"], dummy["reason"]) == ([], "placeholder")
    assert near["keys"] == [rule["leaves_alone"]]


def test_the_numbers_everybody_uses_as_examples_are_keys() -> None:
    written = pl.Series(["090-1234-5678", "03-1234-5678", "03-3344-1234", "06-1234-5678", "050-1234-5678"])
    parsed = phone.parse(written)
    assert parsed["keys"].to_list() == parsed["numbers"].to_list()
    assert parsed["keys"].list.len().to_list() == [1] * 5


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("9.01E+09", "lost"),
        ("090-1234-567", "impossible"),
        ("1234-5678", "partial"),
        ("0120-123-456", "shared"),
        ("020-1234-5678", "machine"),
        ("110", "service"),
        ("+1-212-555-0100", "foreign"),
        ("なし", "placeholder"),
        ("03-1234-5678/0120-123-456", "shared"),
        ("03-1234-5678", None),
        ("", None),
        (None, None),
    ],
)
def test_what_gives_no_key_says_why(written: str | None, reason: str | None) -> None:
    assert phone.parse(pl.Series([written], dtype=pl.String))["reason"].to_list() == [reason]


@settings(deadline=None, max_examples=60)
@given(PERSONAL, LAST)
def test_spelling_never_changes_the_number(start: tuple[str, int], last: str) -> None:
    area, middle = start[0], str(start[1])
    spelt = [spelling.format(area, middle, last) for spelling in SPELLINGS]
    spelt += [text.translate(WIDE) for text in spelt if "12" not in SPELLINGS[spelt.index(text)]]
    spelt += [f"{area}-{middle}-{last}".translate(KANJI), f"{area}{middle}{last}".translate(KANJI)]
    spelt += [
        f"+81-{area[1:]}-{middle}-{last}",
        f"+81(0){area[1:]}-{middle}-{last}",
        f"0081{area[1:]}{middle}{last}",
    ]
    spelt += [f"{area[1:]}{middle}{last}", f"{area[1:]}{middle}{last}.0", f"81{area[1:]}{middle}{last}"]
    assert numbers(*spelt) == [[area + middle + last]] * len(spelt)


@settings(deadline=None, max_examples=25)
@given(st.lists(ANYTHING, max_size=8))
def test_cells_do_not_know_of_each_other(written: list[str | None]) -> None:
    together = phone.parse(pl.Series(written, dtype=pl.String))
    alone = [phone.parse(pl.Series([cell], dtype=pl.String)).row(0) for cell in written]
    assert together.rows() == alone


@settings(deadline=None, max_examples=25)
@given(st.lists(ANYTHING, max_size=8))
def test_a_parsed_number_parses_to_itself(written: list[str | None]) -> None:
    parsed = phone.parse(pl.Series(written, dtype=pl.String))
    found = [number for cell in parsed["numbers"].to_list() for number in cell]
    assert numbers(*found) == [[number] for number in found]
    assert all(set(keys) <= set(cell) for cell, keys, _ in parsed.rows())


def test_where_libphonenumber_accepts_a_number_we_agree_or_it_is_wrong() -> None:
    found = oracle().compared(count=2_000, rng_seed=7)
    accepted = found.filter(pl.col("theirs") != "")
    differ = accepted.filter(pl.col("ours") != pl.col("theirs"))
    assert accepted.height > 900
    assert differ.filter(pl.col("ours") != pl.col("truth")).rows() == []
    assert differ.height < accepted.height / 50


def test_no_generated_spelling_is_read_as_another_number() -> None:
    found = oracle().compared(count=2_000, rng_seed=8)
    read = found.filter(pl.col("ours") != "")
    assert read.height > 1_500
    assert read.filter(pl.col("ours") != pl.col("truth")).rows() == []
