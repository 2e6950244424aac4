"""Text → stable 64-bit digests, and digests → one key.

xxh3 through polars-hash: the same on every version and platform, which polars' own `hash` is not. The digests are
fast and unkeyed, so they live in memory only; nothing that leaves the machine is made from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
import polars_hash as plh

from optout.text.flat import Keys

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


def combined(rule: int, parts: Sequence[Keys]) -> Keys:
    """One key from several parts, different for every rule.

    Args:
        rule: Small number of the blocking rule, so that equal parts under two rules give two keys.
        parts: UInt64 arrays of one length; their order matters.

    Returns:
        UInt64, elementwise. Wraps modulo 2^64; the high bits are well mixed.
    """
    key = np.full(len(parts[0]), rule * _SPREAD % (1 << 64), np.uint64)
    for part in parts:
        key = (key ^ part) * np.uint64(_SPREAD)
    return key
