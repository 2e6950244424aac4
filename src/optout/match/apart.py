"""Pairs of names that neither begin nor end alike: plainly two people, and not worth comparing.

Whoever shares a switchboard, a house or a birth date with many shares neither surname nor given name with most of
them. What `match.compare` would say of such a pair is `other`: every level above it asks for an equal surname (and so
an equal first letter), an equal given name (an equal last one), one letter more or less or another (which leaves the
one or the other), or letters all of which are taken for the other's.
"""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.keys.digest import digest
from optout.text import chars, letters
from optout.text.flat import Mask, Places

Letters: TypeAlias = npt.NDArray[np.uint32]
Lines: TypeAlias = npt.NDArray[np.uint32]

_FEWEST: Final = 3  # where both have fewer letters there may be no surname in sight
_UNICODE: Final = 0x110000


def plainly_other(names: pl.DataFrame, a: pl.Series, b: pl.Series) -> pl.Series:
    """Boolean, a line a pair: both names are told in full, begin and end otherwise, and their kana do not agree.

    Args:
        names: Of both sides (see `optout.keys.people`).
        a, b: UInt32, lines of `names`; no nulls.
    """
    head, tail, sizes = _ends(names["full"])
    known = names.select(
        odd=pl.col("wild").fill_null(True) | pl.col("latin").fill_null(False),
        spoken=pl.col("kana").is_not_null(),
    )
    odd, spoken = known["odd"].to_numpy(), known["spoken"].to_numpy()
    ours, theirs = a.to_numpy(), b.to_numpy()
    apart = (
        (head[ours] != head[theirs]) & (tail[ours] != tail[theirs]) & (sizes[ours] > 0) & (sizes[theirs] > 0)
    )
    apart &= (sizes[ours] >= _FEWEST) | (sizes[theirs] >= _FEWEST)
    apart &= ~(odd[ours] | odd[theirs])
    asked = np.flatnonzero(apart & spoken[ours] & spoken[theirs])
    apart[asked[_spoken_alike(names, ours[asked], theirs[asked])]] = False
    return pl.Series(apart)


def _ends(full: pl.Series) -> tuple[Letters, Letters, Places]:
    """The classes of the first and the last letter of each name, and how many letters it has; 0 where there is none."""
    sizes = full.str.len_chars().fill_null(0).to_numpy().astype(np.int64)
    codes = np.frombuffer(full.str.join("").item().encode("utf-32-le"), np.uint32)
    behind = np.cumsum(sizes)
    head, tail = np.zeros(len(sizes), np.uint32), np.zeros(len(sizes), np.uint32)
    told = sizes > 0
    head[told] = _class_of()[codes[(behind - sizes)[told]]]
    tail[told] = _class_of()[codes[behind[told] - 1]]
    return head, tail, sizes


def _spoken_alike(names: pl.DataFrame, ours: Lines, theirs: Lines) -> Mask:
    """Of two that say how they are read: that may be equal, or equal when the parts are turned round."""
    heard = names.select(digest(part).fill_null(0) for part in ("kana", "kana_family", "kana_given"))
    key, family, given = (heard[part].to_numpy() for part in heard.columns)
    turned = (given[ours] == family[theirs]) & (family[ours] == given[theirs])
    alike: Mask = (key[ours] == key[theirs]) | turned
    return alike


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
