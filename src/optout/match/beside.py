"""The names of two sides beside each other: which of them are to be compared, and their columns in one frame."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl

from optout.match import firms
from optout.text.flat import Places


def sided(names: pl.DataFrame) -> pl.DataFrame:
    """The names of one side, and `staffed`: a company's name, beside which a person is named; see also `firms.told`."""
    company = (pl.col("source") == "company") | pl.col("form").is_not_null()
    told = pl.col("full").is_not_null() | (pl.col("kana").is_not_null() & ~pl.col("ownerless"))
    known = names.select(company=company.fill_null(False), person=(~company & told).fill_null(False))
    lines = names["i"].to_numpy()
    manned = np.zeros(int(lines.max(initial=0)) + 1, np.bool_)
    manned[lines[known["person"].to_numpy()]] = True
    staffed = known["company"] & pl.Series(manned[lines], dtype=pl.Boolean)
    return names.with_columns(*firms.told(), staffed=staffed).drop("i")


def met_names(
    pairs: pl.DataFrame, rows: pl.DataFrame, entries: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every name of the one side beside every name of the other, pair by pair.

    Two people of one company: who it is must be told by their own names.

    Args:
        pairs: `a`, `b` UInt32; the line is the number of the pair.
        rows, entries: The names of both sides (see `optout.keys.people`); they may be the very same frame.

    Returns:
        `pair`, `a_line`, `b_line` UInt32; and the names these are lines of.
    """
    same = rows is entries
    names = sided(rows) if same else pl.concat([sided(rows), sided(entries)])
    mine, first_of_a, of_a = _lines_of(pairs["a"], rows["i"])
    theirs, first_of_b, of_b = _lines_of(pairs["b"], entries["i"])
    times = of_a * of_b
    pair = np.repeat(np.arange(pairs.height), times)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
    at_a, at_b = np.divmod(within, of_b[pair])
    a = mine[first_of_a[pair] + at_a]
    b = theirs[first_of_b[pair] + at_b] + (0 if same else rows.height)
    alone = names["staffed"].to_numpy()
    kept = ~(alone[a] & alone[b])
    lines = {"pair": pair[kept], "a_line": a[kept], "b_line": b[kept]}
    return pl.DataFrame(lines, schema=dict.fromkeys(lines, pl.UInt32)), names


def _lines_of(asked: pl.Series, subjects: pl.Series) -> tuple[Places, Places, Places]:
    """The lines in order of their subject; and of each asked for, where its own begin there, and how many they are."""
    of, who = subjects.to_numpy(), asked.to_numpy()
    counts = np.bincount(of, minlength=int(who.max(initial=0)) + 1)
    return np.argsort(of, kind="stable"), (np.cumsum(counts) - counts)[who], counts[who]


def paired(met: pl.DataFrame, names: pl.DataFrame, parts: Collection[str]) -> pl.DataFrame:
    """A line for each of `met`: these parts of the names of its two sides, as `a_…`, `b_…`."""
    known = names.select(parts)
    sides = [known[met[f"{side}_line"]].select(pl.all().name.prefix(f"{side}_")) for side in "ab"]
    return pl.concat(sides, how="horizontal")
