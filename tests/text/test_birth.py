"""Birth dates: cases, rows that prove themselves, and the laws of a parser."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.text import birth

CASES = pl.read_csv(
    Path(__file__).parents[1] / "cases" / "birth.tsv", separator="\t", quote_char=None, infer_schema=False
).with_columns(pl.col("written", "expect").replace({"(none)": "", "(blank)": ""}))
WIDE = str.maketrans("0123456789-/.", "０１２３４５６７８９－／．")
BORN = st.dates(date(1905, 1, 1), date(2025, 12, 31))
ANYTHING = st.one_of(
    st.none(), st.text(max_size=20), st.text("0123456789-/.年月日昭和平SHTR元 　:", max_size=16)
)


def dates(*written: str | None) -> list[date | None]:
    return birth.parse(pl.Series(written, dtype=pl.String)).to_list()


@pytest.mark.parametrize("case", CASES.rows(named=True), ids=lambda case: case["id"])
def test_a_cell_gives_the_date_written_in_it(case: dict[str, str]) -> None:
    expect = date.fromisoformat(case["expect"]) if case["expect"] else None
    assert dates(case["written"]) == [expect]


@pytest.mark.parametrize("rule", tables.load("birth_era").rows(named=True), ids=lambda rule: rule["rule_id"])
def test_every_era_proves_itself_under_every_name(rule: dict[str, str]) -> None:
    expect = date.fromisoformat(rule["expect"])
    rest = rule["example"][1:]
    assert {*dates(*(name + rest for name in rule["written"].split(" ")))} == {expect}
    assert dates(rule["example"], rule["leaves_alone"]) == [expect, None]


def test_every_placeholder_is_null_and_its_near_miss_a_date() -> None:
    rows = tables.load("birth_placeholder")
    assert set(dates(*rows["date"], *rows["example"])) == {None}
    assert None not in dates(*rows["leaves_alone"])


@settings(deadline=None, max_examples=60)
@given(BORN)
def test_spelling_never_changes_the_date(born: date) -> None:
    y, m, d = born.year, born.month, born.day
    spelt = [born.isoformat(), f"{y}/{m}/{d}", f"{y}.{m}.{d}", f"{y}{m:02}{d:02}", f"{y}年{m}月{d}日"]
    spelt += [f"{y}年{m:02}月{d:02}日生", f"{born} 00:00:00", f"西暦{y}年{m}月{d}日"]
    for rule in tables.load("birth_era").rows(named=True):
        if rule["first"] <= born.isoformat() <= rule["last"]:
            n = y - int(rule["before_first_year"])
            spelt += [f"{rule['letter']}{n}.{m}.{d}", f"{rule['letter']}{n:02}{m:02}{d:02}"]
            spelt += [f"{rule['written'].split(' ')[0]}{'元' if n == 1 else n}年{m}月{d}日"]
    spelt += [text.translate(WIDE) for text in spelt]
    placeholder = born.isoformat() in tables.load("birth_placeholder")["date"]
    assert dates(*spelt) == [None if placeholder else born] * len(spelt)


@settings(deadline=None, max_examples=25)
@given(st.lists(ANYTHING, max_size=8))
def test_cells_do_not_know_of_each_other(written: list[str | None]) -> None:
    assert dates(*written) == [dates(cell)[0] for cell in written]


@settings(deadline=None, max_examples=25)
@given(st.lists(ANYTHING, max_size=8))
def test_a_date_read_reads_as_itself(written: list[str | None]) -> None:
    found = [day for day in dates(*written) if day]
    assert dates(*(day.isoformat() for day in found)) == found
