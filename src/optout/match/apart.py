"""Pairs of names that have nothing in common, told from their letters: plainly two people, and not worth comparing.

Whoever shares a switchboard, a house or a birth date with many shares no letter of the name with most of them. What
`match.compare` would say of such a pair is `other`: every level above it asks for a letter both names have, or for one
that is taken for the other's.
"""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.text import chars, letters

Letters: TypeAlias = npt.NDArray[np.uint32]

_FEWEST: Final = 3  # of fewer letters there may be no surname in sight
_MOST: Final = 8
_UNICODE: Final = 0x110000


def plainly_other(names: pl.DataFrame, a: pl.Series, b: pl.Series) -> pl.Series:
    """Boolean, a line a pair: both names are told in full, have no letter in common, and their kana do not agree.

    Args:
        names: Of both sides (see `optout.keys.people`).
        a, b: UInt32, lines of `names`; no nulls.
    """
    told = names.select(
        whole=pl.col("full").str.len_chars().is_between(_FEWEST, _MOST).fill_null(False)
        & ~pl.col("wild").fill_null(True)
        & ~pl.col("latin").fill_null(False)
    )["whole"]
    worth = told.gather(a) & told.gather(b)
    asked = worth.arg_true()
    ours, theirs = a.gather(asked), b.gather(asked)
    spelled = _classes(names["full"], told)
    apart = _disjoint(spelled[ours.to_numpy()], spelled[theirs.to_numpy()]) & ~_spoken_alike(
        names, ours, theirs
    )
    return worth.scatter(asked, apart)


def _classes(full: pl.Series, told: pl.Series) -> Letters:
    """The letters of each name told, as numbers of their class, 0 behind the last."""
    cells = full.filter(told)
    codes = np.frombuffer("".join(cells.to_list()).encode("utf-32-le"), np.uint32)
    sizes = cells.str.len_chars().to_numpy().astype(np.int64)
    lines = np.repeat(told.arg_true().to_numpy(), sizes)
    within = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    spelled = np.zeros((len(full), _MOST), np.uint32)
    spelled[lines, within] = _class_of()[codes]
    return spelled


def _disjoint(ours: Letters, theirs: Letters) -> pl.Series:
    """No letter of the one is a letter of the other."""
    met = np.zeros(len(ours), np.bool_)
    for mine in ours.T[ours.any(axis=0)]:
        for other in theirs.T[theirs.any(axis=0)]:
            met |= (mine == other) & (mine != 0)
    return pl.Series(~met)


def _spoken_alike(names: pl.DataFrame, ours: pl.Series, theirs: pl.Series) -> pl.Series:
    """Both say how they are read, and that is equal, or equal when the parts are turned round."""
    parts = ("kana", "kana_family", "kana_given")
    a, b = ({part: names[part].gather(side) for part in parts} for side in (ours, theirs))
    alike = (a["kana"] == b["kana"]).fill_null(False)
    alike |= (a["kana_given"] == b["kana_family"]).fill_null(False)
    return alike | (a["kana_family"] == b["kana_given"]).fill_null(False)


@cache
def _class_of() -> Letters:
    """The class of each letter: those that are taken for one another, directly or by way of others, are one."""
    found = np.arange(_UNICODE, dtype=np.uint32)
    root: dict[int, int] = {}

    def top(code: int) -> int:
        while code in root:
            code = root[code]
        return code

    for pair in pl.concat([chars.look_alikes(), letters.simplified()]):
        one, other = (top(ord(letter)) for letter in pair)
        if one != other:
            root[other] = one
    for code in root:
        found[code] = top(code)
    return found
