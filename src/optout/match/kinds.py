"""Millions of pairs are of a few hundred kinds: what is decided by levels alone is decided once a kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Final

import numpy as np
import polars as pl

_FEW: Final = 2_000  # lines that are as soon decided one by one


def kinds(levels: pl.DataFrame, known: Mapping[str, Sequence[str]]) -> tuple[pl.DataFrame, pl.Series]:
    """The kinds of line that occur, and of which kind each line is.

    Args:
        levels: String columns, no nulls.
        known: Of each column that counts, the values that anything is decided by; all others are one.

    Returns:
        Those columns, one line a kind (of few lines, each is its own), null where the value may be any other; and
        UInt32, the line of the kind of each line.
    """
    if levels.height < _FEW:
        return levels.select(*known), pl.int_range(levels.height, dtype=pl.UInt32, eager=True)
    sizes = [len(values) + 1 for values in known.values()]
    code = np.zeros(levels.height, np.int64)
    for (column, values), size in zip(known.items(), sizes, strict=True):
        told = levels[column].cast(pl.Enum(values), strict=False).to_physical().fill_null(size - 1)
        code = code * size + told.to_numpy()
    place = np.zeros(prod(sizes), np.uint32)
    place[code] = 1
    found = np.flatnonzero(place)
    place[found] = np.arange(len(found))
    columns = np.unravel_index(found, sizes) if sizes else ()
    values_of = {
        column: pl.Series([*values, None], dtype=pl.String).gather(at)
        for (column, values), at in zip(known.items(), columns, strict=True)
    }
    return pl.DataFrame(values_of), pl.Series(place[code])
