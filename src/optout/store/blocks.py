"""A block as it stands in the log: what it is bound to, and its payload again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from optout.errors import StoreDamagedError
from optout.store import seal


class Block(NamedTuple):
    """A row of `block`, its columns in the order of every statement that reads whole blocks.

    Attributes:
        seq: Its number in the log.
        tenant: "" = global.
        n: Entries (or lifts) in it.
        sha256: Of `data`.
        data: Sealed.
    """

    seq: int
    epoch: int
    tenant: str
    rev: int
    kind: str
    codec: str
    n: int
    dek_id: int
    sha256: bytes
    data: bytes

    def __repr__(self) -> str:
        return f"Block({self.seq}, {self.kind}, {self.codec}, n={self.n})"

    def place(self, store_id: str) -> bytes:
        """The associated data it was sealed with."""
        return place(store_id, self.epoch, self.tenant, self.rev, self.seq, self.kind, self.codec)


def place(store_id: str, epoch: int, tenant: str, rev: int, seq: int, kind: str, codec: str) -> bytes:
    """What a block is bound to, so that it cannot be moved, swapped or replayed."""
    return seal.bound("block", store_id, epoch, tenant, rev, seq, kind, codec)


def unsealed(block: Block, store_id: str, keys: Mapping[int, bytes], name: str) -> bytes:
    """The payload of a block.

    Args:
        block: As it was read.
        store_id: Of the store it is read from; `name` is what messages call it.
        keys: Data keys by id.

    Raises:
        StoreDamagedError: its digest, key, place or seal is not what was written.
    """
    whole = isinstance(block.data, bytes) and hashlib.sha256(block.data).digest() == block.sha256
    if not whole or block.dek_id not in keys:
        raise damaged(name, block.seq)
    try:
        return seal.unseal(keys[block.dek_id], block.data, block.place(store_id))
    except seal.UnsealError as wrong:
        raise damaged(name, block.seq) from wrong


def damaged(name: str, seq: int) -> StoreDamagedError:
    """What is said of a block that is missing, or not what was written."""
    return StoreDamagedError(name, f"block {seq} is not what was written")
