"""How long is the surname of a kanji name written without a blank? A guess that scores, never a key.

Source: tables/surname_length.tsv. Two letters are right for nine in ten people; the table names the surnames
of one, three and more letters, and the letters that commonly end a two-letter surname (林田, so not 林 + 田).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import polars as pl

from optout import tables
from optout.text import letters

_USUAL: Final = 2


@cache
def surnames(length: int) -> pl.Series:
    """The listed surnames of that many letters, in the spelling of `name.parse`."""
    table = tables.load("surname_length").filter(pl.col("kind") == "surname")
    spelled = table.select(written=letters.expand(letters.spell(pl.col("written"))), length=pl.col("length"))
    return spelled.filter(length=str(length))["written"]


@cache
def _endings() -> pl.Series:
    table = tables.load("surname_length").filter(kind="second")
    return table.select(letters.spell(pl.col("written"))).to_series()


def guess(full: pl.Expr) -> pl.Expr:
    """UInt8 expression over `full` of `name.parse`; see `family_length`. Elementwise."""
    length = full.str.len_chars()
    one_letter = full.str.head(1).is_in(surnames(1).implode()) & ~full.str.slice(1, 1).is_in(
        _endings().implode()
    )
    answer: Any = pl.when(length <= _USUAL).then(1)  # a chain of two types, Then and ChainedThen
    for count in (5, 4, 3):
        listed = full.str.head(count).is_in(surnames(count).implode())
        answer = answer.when(listed & (length > count)).then(count)
    known = answer.when(one_letter).then(1).otherwise(_USUAL)
    return pl.when(full.str.contains(f"^[{letters.HAN}]")).then(known).cast(pl.UInt8)


def family_length(full: pl.Series) -> pl.Series:
    """Guess how many leading letters of an unsplit kanji name are the surname.

    Args:
        full: String series, `full` of `name.parse`; nulls allowed.

    Returns:
        UInt8 series of the same height and order; null where the name is null or does not begin with a kanji.
        1 for a name of two letters.

    Examples:
        >>> family_length(pl.Series(["林太郎", "林田健一", "佐佐木望", "林一"])).to_list()
        [1, 2, 3, 1]
    """
    return full.to_frame("full").select(length=guess(pl.col("full")))["length"]
