"""What is said of a row without any one entry of the list: its own refusal, or that it cannot be judged.

Source: 特商法 第17条 and 個人情報保護法 第27条第2項 (a refusal counts wherever it is written).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from optout.schema import REASON, VERDICT, numbered
from optout.text import flag

# UTF-8 bytes. No name, address or number is as long: a whole page slipped into one cell, and who stands in it
# cannot be told.
_LONGEST: Final = 2_000
# First that is true decides; only the first of them withholds.
_WORDS: Final = ("own_flag", "own_flag_unclear", "oversized_cell", "crowded", "unidentifiable")
_SAID: Final = _WORDS[:-1]

# Nothing at all is told of the subject.
_BLANK: Final = pl.all_horizontal(pl.exclude("row", "subject").is_null()).alias("blank")


def own_words(raw: pl.DataFrame, usable: pl.Series, flagged: pl.Series, crowded: pl.Series) -> pl.DataFrame:
    """The rows that speak for themselves.

    Args:
        raw: A raw frame.
        usable: Boolean, a line each: at least one identifier survives.
        flagged: Boolean, a line each: the name cell itself refuses.
        crowded: UInt32, lines that share a number or a house with so many entries that not all were compared.

    Returns:
        One line a row that has something to say: `row` UInt32, `verdict`, `reason`.
    """
    many = pl.Series("crowded", np.zeros(raw.height, np.bool_)).scatter(crowded, values=True)
    lines = raw.select("row", *_said(raw, flagged), _BLANK).with_columns(many, usable.alias("usable"))
    odd = lines.filter(pl.any_horizontal(_SAID) | ~pl.col("usable")).select("row").unique()
    untold = (~pl.col("usable") & ~pl.col("blank")).any() | (~pl.col("usable")).all()
    rows = (
        lines.join(odd, on="row", how="semi")
        .group_by("row")
        .agg(*(pl.col(word).any() for word in _SAID), untold.alias(_WORDS[-1]))
    )
    verdict = pl.when("own_flag").then(pl.lit("withhold")).otherwise(pl.lit("review"))
    reason = pl.coalesce([pl.when(word).then(pl.lit(word)) for word in _WORDS])
    judged = rows.select("row", verdict.cast(VERDICT).alias("verdict"), reason.cast(REASON).alias("reason"))
    return judged.drop_nulls("reason")


def _said(raw: pl.DataFrame, flagged: pl.Series) -> list[pl.Expr]:
    """`own_flag`, `own_flag_unclear`, `oversized_cell` of every line."""
    spoken = [_spoken(raw[text]) for text in ("company", *numbered(raw, "note"))]
    refusals = [flag.refusal(pl.col(column)) for column in numbered(raw, "refusal")]
    refusals += [flag.permission(pl.col(column)) for column in numbered(raw, "permission")]
    identity = [column for column in raw.columns if column not in ("row", "subject", *numbered(raw, "note"))]
    never = pl.lit(False)
    return [
        pl.any_horizontal(flagged, *spoken, *(told.fill_null(False) for told in refusals)).alias(_WORDS[0]),
        pl.any_horizontal(never, *(told.is_null() for told in refusals)).alias(_WORDS[1]),
        pl.any_horizontal((pl.col(identity).str.len_bytes() > _LONGEST).fill_null(False)).alias(_WORDS[2]),
    ]


def _spoken(texts: pl.Series) -> pl.Series:
    """`flag.spoken` of the cells that say anything at all: reading an empty one costs as much as a word."""
    filled = texts.is_not_null().arg_true()
    refused = texts.gather(filled).to_frame().select(flag.spoken(pl.first())).to_series()
    return pl.Series(np.zeros(len(texts), np.bool_)).scatter(filled, refused)
