"""Keyed digests of blocking keys: whether a person may be in a sealed list is known without opening it.

AES under a key of the store alone, cut to 32 bits, and sealed like everything else: nothing unkeyed is on the disk, and
without the store's key nothing can be tried out. A digest that agrees by chance costs a look and no wrong answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from optout.keys import KeyScheme
from optout.store import Store

Digests: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]

_PURPOSE: Final = "optout ledger digests 1"
_WORDS: Final = 4  # of 32 bits in a block of AES


def scheme() -> str:
    """Tag of the scheme blocking keys are made under; places that were imported do not enter into them."""
    return KeyScheme.current().tag


def of(store: Store, keys: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Digests of blocking keys: `digest`, `line` UInt32, distinct, sorted by digest.

    Args:
        store: Whose secret.
        keys: Blocking rule → frame with `i` (line), `key` UInt64; equal keys of two rules differ already.
    """
    every = pl.concat([frame.select("i", "key") for frame in keys.values()])
    made = pl.DataFrame(
        {"digest": _keyed(store.digest_key(_PURPOSE), every["key"].to_numpy()), "line": every["i"]}
    )
    return made.unique().sort("digest", "line")


def asked(store: Store, keys: Mapping[str, pl.DataFrame]) -> Digests:
    """The digests of keys that are looked up, sorted."""
    every = pl.concat([frame["key"] for frame in keys.values()]).unique().to_numpy()
    return np.unique(_keyed(store.digest_key(_PURPOSE), every))


def meet(kept: pl.DataFrame, looked_for: Digests) -> bool:
    """Whether any line has one of these digests."""
    return len(meeting(kept, looked_for)) > 0


def meeting(kept: pl.DataFrame, looked_for: Digests) -> pl.Series:
    """The lines (UInt32, sorted) that have one of these digests."""
    known = kept["digest"].to_numpy()
    first, last = (np.searchsorted(known, looked_for, side=side) for side in ("left", "right"))
    places = [np.arange(begin, end) for begin, end in zip(first, last, strict=True) if end > begin]
    found = kept["line"].gather(np.concatenate(places)) if places else kept["line"].clear()
    return found.unique().sort()


def _keyed(secret: bytes, keys: np.ndarray[Any, np.dtype[np.uint64]]) -> Digests:
    """One block of AES a key: a keyed permutation of 128 bits, of which 32 are kept."""
    if not len(keys):
        return np.empty(0, np.uint32)
    plain = np.zeros((len(keys), 2), "<u8")
    plain[:, 0] = keys
    # ECB hides nothing of a message; here every block is another key and only equality may be told.
    cipher = Cipher(algorithms.AES256(secret), modes.ECB()).encryptor()  # noqa: S305
    sealed = cipher.update(plain.tobytes()) + cipher.finalize()
    return np.frombuffer(sealed, "<u4")[::_WORDS].astype(np.uint32)
