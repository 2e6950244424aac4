"""Digests to be found again among many: sorted, and entered by their highest bits."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from optout.text.flat import Keys, Places

NOWHERE: Final = -1
_LEAST_BITS: Final = 12
_LAST: Final = np.uint64(2**64 - 1)


class Lookup(NamedTuple):
    """Digests in order.

    Attributes:
        keys: Each once, and a last one that nothing is beyond.
        buckets: For each place (see `place`) the first of `keys` that has it, or a later one.
    """

    keys: Keys
    buckets: Places

    @classmethod
    def of(cls, keys: Keys) -> Lookup:
        """A lookup of sorted keys, each there once."""
        buckets = np.zeros(1 << max(_LEAST_BITS, len(keys).bit_length()), np.int64)
        held = np.bincount(place(keys, len(buckets)), minlength=len(buckets))
        np.cumsum(held[:-1], out=buckets[1:])
        return cls(np.append(keys, _LAST), buckets)

    def first(self, asked: Keys) -> Places:
        """Where each is among the keys, or the first that is beyond it."""
        at = self.buckets.take(place(asked, len(self.buckets)))
        behind = np.flatnonzero(self.keys.take(at) < asked)
        while len(behind):
            at[behind] += 1
            behind = behind[self.keys.take(at[behind]) < asked[behind]]
        return at

    def find(self, asked: Keys) -> Places:
        """Where each is among the keys, `NOWHERE` for those that are not."""
        at = self.first(asked)
        return np.where(self.keys.take(at) == asked, at, NOWHERE)


def place(keys: Keys, size: int) -> Places:
    """The highest bits of each key, as a place in a table of that size, a power of two."""
    return (keys >> np.uint64(64 - (size.bit_length() - 1))).view(np.int64)
