"""A raw frame → keys by which one list is seen to hold a person twice: the name with a place, a number or a birth date.

Narrower than blocking: two lines that share one of these keys are told alike by name and by something else of theirs.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from optout.keys.digest import combined
from optout.keys.parts import parts

# What has to agree beside the name; e-mail stands for the person alone.
_BESIDE: Final = (("town", "numbers"), ("postal", "numbers"), ("birth",))
_FIRST_RULE: Final = 101  # numbers of no blocking rule


def person_keys(raw: pl.DataFrame) -> pl.DataFrame:
    """The keys of every line.

    Args:
        raw: A raw frame (see `optout.schema`).

    Returns:
        `row` UInt32, `key` UInt64, no nulls; a line may have none or several. In memory only: the digests are unkeyed.
    """
    read = parts(raw)
    rows, named = raw["row"].to_numpy(), read.named.key
    found = []
    for rule, beside in enumerate(_BESIDE, _FIRST_RULE):
        told = [named, *(read.single[part] for part in beside)]
        lines = np.flatnonzero(np.logical_and.reduce([part != 0 for part in told]))
        found.append((rows[lines], combined(rule, [part[lines] for part in told])))
    phones, emails = read.listed["phone"], read.listed["email"]
    of_number = named[phones.line] != 0
    lines = phones.line[of_number]
    found.append((rows[lines], combined(_FIRST_RULE + 8, [named[lines], phones.key[of_number]])))
    found.append((rows[emails.line], combined(_FIRST_RULE + 9, [emails.key])))
    frames = [
        pl.DataFrame({"row": r, "key": k}, schema={"row": pl.UInt32, "key": pl.UInt64}) for r, k in found
    ]
    return pl.concat(frames).unique()
