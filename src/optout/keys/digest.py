"""Text → stable 64-bit digests, and digests → one key.

xxh3 through polars-hash: the same on every version and platform, which polars' own `hash` is not. The digests are
fast and unkeyed, so they live in memory only; nothing that leaves the machine is made from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl
import polars_hash as plh

# 2^64 / golden ratio, odd: multiplication by it is a bijection on 64 bits and spreads neighbouring values.
_SPREAD: Final = 11_400_714_819_323_198_485


def digest(text: str) -> pl.Expr:
    """The xxh3 digest of a String column.

    Args:
        text: Name of the column; nulls allowed.

    Returns:
        UInt64, elementwise; null stays null.
    """
    return plh.col(text).nchash.xxh3_64()


def combine(rule: int, parts: Sequence[str]) -> pl.Expr:
    """One key from several digest columns, different for every rule.

    Args:
        rule: Small number of the blocking rule, so that equal parts under two rules give two keys.
        parts: Names of UInt64 columns; the order matters.

    Returns:
        UInt64, elementwise; null where any part is null. Wraps modulo 2^64.
    """
    spread = pl.lit(_SPREAD, dtype=pl.UInt64)
    key = pl.lit(rule, dtype=pl.UInt64) * spread
    for part in parts:
        key = (key ^ pl.col(part)) * spread
    return key.alias("key")
