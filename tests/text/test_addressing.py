"""What stands around a name is looked for only where a word of its table stands; everywhere, it would be the same."""

from __future__ import annotations

import random
from functools import cache
from typing import Final

import polars as pl
import pytest

from optout import tables
from optout.text import addressing, name
from optout.text.addressing import Change

TABLES: Final = (
    "name_honorific",
    "name_title",
    "name_department",
    "name_note",
    "name_placeholder",
    "name_unit",
)
LETTERS: Final = ("佐藤", "一郎", "花子", "様田", "関", "君島", "人", "口", "サトウ", "ケ", "Sato", "ICHIRO")
SIGNS: Final = (
    " ",
    " ",
    "　",
    "・",
    "/",
    "(",
    ")",
    "※",
    "旧姓",
    "故",
    "亡 ",
    "他2名",
    "3",
    "c/o ",
    "方",
    "気付",
    "様",
    "-",
    "?",
    "ー",
)
STAGES: Final = {
    stage.__name__: stage
    for stage in (
        addressing.bracketed_people,
        addressing.without_remarks,
        addressing.without_brackets,
        addressing.without_honorifics,
        addressing.without_last_word,
        addressing.without_titles,
        addressing.without_units,
        addressing.without_host,
        addressing.joined_people,
    )
}


@cache
def cells() -> pl.Series:
    rng = random.Random(1)
    words = [word for table in TABLES for word in tables.load(table)["written"]]
    parts = (LETTERS, LETTERS, words, SIGNS)
    return pl.Series(
        ["".join(rng.choice(rng.choice(parts)) for _ in range(rng.randint(1, 6))) for _ in range(20_000)]
    )


def everywhere(hints: tuple[str, ...], change: Change, text: pl.Series) -> pl.Series:
    return text.to_frame("text").select(change(pl.col("text"))).to_series()


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_a_stage_changes_nothing_where_no_word_of_it_stands(
    stage: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = addressing.brackets(pl.col("text"))
    told = cells().to_frame("text").select(stage(text))
    monkeypatch.setattr(addressing, "_changed", everywhere)
    assert told.equals(cells().to_frame("text").select(stage(text)))


def test_nobody_is_in_care_of_somebody_without_a_word_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    hosted = cells().to_frame("text").select(addressing.in_care_of(pl.col("text")))
    monkeypatch.setattr(addressing, "_HOSTED", tuple({letter for cell in cells() for letter in cell}))
    assert hosted.equals(cells().to_frame("text").select(addressing.in_care_of(pl.col("text"))))
    assert hosted.to_series().any()


def test_a_name_that_is_not_read_once_more_would_be_the_same_read_once_more() -> None:
    full = name.parse(cells())["full"].drop_nulls().unique(maintain_order=True)
    alone = full.filter(~full.str.contains(name._hidden()))
    assert alone.len() > 1_000
    assert name._staged(alone)["full"].equals(alone.alias("full"))


def test_where_nothing_more_stands_beside_a_company_nobody_is_cared_for_and_nothing_lost() -> None:
    said = name.beside(cells())
    plain = name.parse(cells().filter(~said["more"]))
    assert plain.height > 1_000
    assert not (plain["care_of"] | plain["wild"]).any()
    whole = name.parse(cells())
    assert (whole["wild"] | whole["care_of"]).any()
