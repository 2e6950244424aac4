"""Taking a request out of the log for good: its blocks are sealed anew without it, and the log says so.

The database forbids changes of blocks. A purge lifts that for the one transaction in which it seals blocks anew; what
it did stands in an `amend` block of the same commit: which blocks, their digest before and after. So the audit chain
holds, whoever changes a block otherwise is found out, and nobody is told that the entry had never been there.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import polars as pl

from optout.errors import StoreError
from optout.store import blocks, layout, seal, statements
from optout.store.blocks import Block
from optout.store.commit import Commit, Piece, packed
from optout.store.engine import Transaction
from optout.store.keyring import Keyring
from optout.store.view import PURGE, parquet


class _Without(NamedTuple):
    """A block and what it says without the request."""

    block: Block
    n: int
    payload: bytes


def purge(commit: Commit, name: str, request_id: str, tenants: Iterable[str], reason: str, lift: bool) -> int:
    """Write a purge into the transaction of a commit, and finish it; the revision.

    Args:
        commit: Of an open write transaction.
        name: The store, for messages.
        request_id: What is to go.
        tenants: Whose lists it stands in ("" = global).
        reason: Why; stays in the audit.
        lift: It is in force, and is ended first: the same request given again is a new one.
    """
    owners = set(tenants)
    commit.raise_format(layout.PURGES.format)
    found = list(_holding(commit.db, commit.keyring, name, request_id, owners))
    if lift:
        told = {"request": request_id, "reason": PURGE}
        commit.append(Piece(min(owners), "lift", "js", 1, packed(told)))
    with commit.db.changing("block"):
        sealed = [_sealed_anew(commit, each) for each in found]
    first = min((each.block.rev for each in found if each.block.kind == "add"), default=0)
    record = {"request": request_id, "first": first, "blocks": sealed}
    commit.append(Piece("", "amend", "js", 1, packed({PURGE: record})))
    return commit.finish("purge", {"request": request_id, "reason": reason, "blocks": len(sealed)}).rev


def _holding(
    db: Transaction, keyring: Keyring, name: str, request_id: str, owners: set[str]
) -> Iterator[_Without]:
    keys = keyring.every(db)
    for block in map(Block._make, db.stream(statements.ALL_BLOCKS)):
        if block.kind == "amend" or block.tenant not in owners:
            continue
        left = _without(block, blocks.unsealed(block, keyring.store_id, keys, name), request_id)
        if left is not None:
            yield left


def _without(block: Block, payload: bytes, request_id: str) -> _Without | None:
    """What is left of a block; None when the request is not in it."""
    if block.kind == "lift":
        if json.loads(payload)["request"] != request_id:
            return None
        return _Without(block, 1, packed({"request": request_id, "reason": PURGE}))
    if block.codec == "js":
        rows = json.loads(payload)
        left = [row for row in rows if row["request"] != request_id]
        return _Without(block, len(left), packed(left)) if len(left) < len(rows) else None
    entries = pl.read_parquet(io.BytesIO(payload))
    others = entries.filter(pl.col("request") != request_id)
    return _Without(block, others.height, parquet(others)) if others.height < entries.height else None


def _sealed_anew(commit: Commit, left: _Without) -> list[int | str]:
    block, keyring = left.block, commit.keyring
    dek = keyring.to_seal(commit.db, block.tenant, "block", commit.stamp.ts)
    data = seal.seal(dek.key, left.payload, block.place(keyring.store_id))
    sha256 = hashlib.sha256(data).digest()
    commit.db.execute(statements.RESEAL_BLOCK, (left.n, dek.dek_id, sha256, data, block.seq))
    return [block.seq, block.sha256.hex(), sha256.hex()]


def told(db: Transaction, keyring: Keyring, name: str) -> list[tuple[int, dict[str, Any]]]:
    """Every purge, oldest first: its revision and what it says (`request`, `first`, `blocks`)."""
    if (db.format() or 0) < layout.PURGES.format:
        return []
    keys = keyring.every(db)
    amends = list(map(Block._make, db.stream(statements.AMENDS)))
    payloads = [
        (block.rev, json.loads(blocks.unsealed(block, keyring.store_id, keys, name))) for block in amends
    ]
    return [(rev, payload[PURGE]) for rev, payload in payloads if PURGE in payload]


def resealed(db: Transaction, keyring: Keyring, name: str) -> dict[int, list[tuple[bytes, bytes]]]:
    """Block → its digests before and after each purge, oldest first; for `audit.verify`."""
    changed: dict[int, list[tuple[bytes, bytes]]] = {}
    for _, record in told(db, keyring, name):
        for seq, before, after in record["blocks"]:
            changed.setdefault(seq, []).append((bytes.fromhex(before), bytes.fromhex(after)))
    return changed


def missing_at(purges: Iterable[tuple[int, Mapping[str, Any]]], revision: int) -> tuple[str, ...]:
    """Requests that stood in the log at a revision and were purged since."""
    return tuple(told["request"] for rev, told in purges if told["first"] <= revision < rev)


def require_allowed(request_id: str, active: bool, force: bool, held: bool) -> None:
    """StoreError when a request in force would go without `force`, or a legal hold in force at all."""
    if active and held:
        raise StoreError(
            f"Request {request_id} is a legal hold in force: what it tells of outlives a purge. Lift it first."
        )
    if active and not force:
        raise StoreError(
            f"Request {request_id} is in force: without it lists would reach the person again. "
            "Lift it first, or purge it with force."
        )
