"""Names of which one is written and the other spoken: may they be read alike, or have their words in common?

Reading aloud is dear, so it is asked only of pairs whose answer depends on it.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.match.firms import firm
from optout.match.words import may_agree
from optout.text import foreign, reading

_IN_KANA: Final = "^[ァ-ヺー]+$"


def with_reading(named: pl.DataFrame) -> pl.DataFrame:
    """`read`: do kanji and kana agree when read? Only for pairs whose answer depends on it."""
    kanji, spoken = pl.col("kanji"), pl.col("spoken")
    crossed = (kanji == "none") & (spoken == "none")
    crossed &= (pl.col("a_full").is_not_null() | pl.col("a_kana").is_not_null()) & (
        pl.col("b_full").is_not_null() | pl.col("b_kana").is_not_null()
    )
    # Nobody's kana beside a company are its reading, and were compared as that.
    crossed &= ~(pl.col("a_ownerless") | pl.col("b_ownerless"))
    siblings = (kanji == "relative") & (spoken == "none")
    # Beside a birth date a relative is nobody, unless one of the given names is the reading of the other.
    spelt = [pl.col(f"{side}_gn").str.contains(_IN_KANA).fill_null(False) for side in "ab"]
    read = pl.col("siblings") | (pl.col("born") & (spelt[0] != spelt[1]))
    named = named.with_columns((crossed & pl.col("crossed") | siblings & read).alias("asked")).with_row_index(
        "line"
    )
    asked = named.filter("asked")
    if asked.is_empty():
        return named.with_columns(pl.lit("none").alias("read"))
    answers = _read(asked)
    joined = named.join(answers, on="line", how="left", maintain_order="left")
    return joined.with_columns(pl.col("read").fill_null("none"))


def _read(asked: pl.DataFrame) -> pl.DataFrame:
    """`line`, `read`: equal, similar (in romaji), different, or unclear, for the pairs in question."""
    told = [asked[f"{side}_kana"].is_not_null() for side in "ab"]
    neither = asked.filter(~told[0] & ~told[1])
    usual = reading.shared(neither["a_gn"], neither["b_gn"])
    halves = [_crossed(asked.filter(told[1] & ~told[0]), "a", "b")]
    halves.append(_crossed(asked.filter(told[0] & ~told[1]), "b", "a"))
    return pl.concat(
        [
            _agreement(pl.concat(halves)),
            neither.select("line", read=pl.when(usual).then(pl.lit("equal")).otherwise(pl.lit("unclear"))),
        ]
    )


def _crossed(asked: pl.DataFrame, named: str, spoken: str) -> pl.DataFrame:
    """`line`, and what `reading.agree` asks of the kanji of one side and the kana of the other."""
    return asked.select(
        "line",
        *(pl.col(f"{named}_{part}").alias(part) for part in reading.NAMED),
        pl.col(f"{spoken}_kana").alias("key"),
        *(pl.col(f"{spoken}_{part}").alias(part) for part in reading.SPOKEN if part != "key"),
        firm=firm(),
    )


def _agreement(pairs: pl.DataFrame) -> pl.DataFrame:
    """`line`, `read`: may the kanji of one side be read like the kana of the other?"""
    alike = reading.agree(pairs)
    level = (
        pl.when(alike & pairs["latin"])  # romaji has lost the length of vowels
        .then(pl.lit("similar"))
        .when(alike)
        .then(pl.lit("equal"))
        .when(~alike)
        .then(pl.lit("different"))
        .otherwise(pl.lit("unclear"))
    )
    return pairs.select("line", level.alias("read"))


def with_words(named: pl.DataFrame) -> pl.DataFrame:
    """`worded`: word by word, in any order and script, the two may be one name. Only where nothing else says so."""
    asked = named["crossed"] & (named["kanji"] == "none")
    asked &= ~named["spoken"].is_in(["equal", "similar"]) & (named["read"] != "equal")
    if not asked.any():
        return named.with_columns(worded=pl.lit(False))
    cells = named.filter(asked)
    words = foreign.words(pl.concat([cells["a_cell"], cells["b_cell"]]))
    told = pl.DataFrame({"a_words": words.head(cells.height), "b_words": words.tail(cells.height)})
    worded = (asked & ~asked).scatter(asked.arg_true(), may_agree(told))
    return named.with_columns(worded=worded)
