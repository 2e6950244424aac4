"""Characters: every row of the fold and dash tables proves itself; the fold is idempotent and elementwise."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.text import chars

CASES = Path(__file__).parents[1] / "cases"


def folded(*texts: str | None) -> list[str | None]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(chars.fold_glyphs(pl.col("text"))).to_series().to_list()


def test_every_kanji_rule_proves_itself() -> None:
    table = tables.load("kanji_fold")
    assert table.height > 19_000
    got = table.select(
        "rule_id",
        right=chars.fold_glyphs(pl.col("example")) == pl.col("expect"),
        spared=chars.fold_glyphs(pl.col("leaves_alone")) != pl.col("canonical"),
    )
    assert got.filter(~pl.col("right"))["rule_id"].to_list() == []


def test_no_kanji_rule_touches_its_near_miss() -> None:
    table = tables.load("kanji_fold")
    kept = table.select("rule_id", kept=chars.fold_glyphs(pl.col("leaves_alone")) == pl.col("leaves_alone"))
    assert kept.filter(~pl.col("kept"))["rule_id"].to_list() == []


def test_pairs_that_are_one_name_fold_and_pairs_that_are_two_stay_apart() -> None:
    pairs = pl.read_csv(CASES / "kanji_pairs.tsv", separator="\t", infer_schema=False, quote_char=None)
    assert pairs.height > 500
    one = chars.fold_glyphs(pl.col("a")) == chars.fold_glyphs(pl.col("b"))
    wrong = pairs.filter(one != (pl.col("expect") == "fold"))
    assert wrong.select("a", "b").rows() == []


def test_canonical_kanji_are_fixed_points() -> None:
    table = tables.load("kanji_fold")
    moved = table.filter(chars.fold_glyphs(pl.col("canonical")) != pl.col("canonical"))
    assert moved["rule_id"].to_list() == []


def test_kanji_that_are_taken_for_each_other_stay_two_letters_and_each_rule_proves_itself() -> None:
    table = tables.load("kanji_confusable")
    assert table.height > 1_000
    pairs = chars.look_alikes().implode()
    told = table.select(
        "rule_id",
        alike=pl.col("example").is_in(pairs) & pl.col("example").str.reverse().is_in(pairs),
        spared=~pl.col("leaves_alone").is_in(pairs),
        two=chars.fold_glyphs(pl.col("written")) != chars.fold_glyphs(pl.col("other")),
        settled=chars.fold_glyphs(pl.col("example")) == pl.col("example"),
    )
    assert told.filter(~pl.all_horizontal("alike", "spared", "two", "settled"))["rule_id"].to_list() == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), max_size=6))
def test_folding_twice_changes_nothing_and_keeps_the_height(texts: list[str | None]) -> None:
    once = folded(*texts)
    assert len(once) == len(texts)
    assert folded(*once) == once


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="髙邉藤ｶﾞ　Ａ一", max_size=6), st.text(alphabet="髙邉藤ｶﾞ　Ａ一", max_size=6))
def test_a_cell_is_folded_whatever_stands_beside_it(first: str, second: str) -> None:
    assert folded(first, second) == folded(first) + folded(second)


@pytest.mark.parametrize("accept", ["always", "between_digits", "never"])
def test_every_dash_is_listed_once(accept: str) -> None:
    others = {"always", "between_digits", "never"} - {accept}
    listed = chars.dashes(accept)
    assert listed
    assert not set(listed) & {dash for other in others for dash in chars.dashes(other)}


def test_every_dash_rule_names_its_code_point() -> None:
    table = tables.load("dash")
    assert table.height > 40
    for row in table.iter_rows(named=True):
        assert f"U+{ord(row['written']):04X}" == row["code_point"], row["rule_id"]


def test_blank_becomes_null() -> None:
    frame = pl.DataFrame({"text": [" ", "", None, " a "]})
    assert frame.select(chars.blank_to_null(pl.col("text"))).to_series().to_list() == [None, None, None, "a"]


PATTERNS = st.dictionaries(st.text("abc-", min_size=1, max_size=3), st.text("xya", max_size=2), min_size=1)


@settings(max_examples=100, deadline=None)
@given(PATTERNS, st.lists(st.text("abc-d", max_size=9), max_size=4))
def test_one_text_is_replaced_like_a_column_of_them(patterns: dict[str, str], texts: list[str]) -> None:
    replacement = chars.Replacement.of(patterns)
    column = replacement.on_series(pl.Series(texts, dtype=pl.String))
    assert [replacement.on_text(text) for text in texts] == column.to_list()
