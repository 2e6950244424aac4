"""The audit chain: one row a commit, each hashing the one before, in the transaction it describes.

`content` is the SHA-256 over the digests of what the commit sealed, so the chain binds the entries too:
whoever holds a certificate with (audit_n, audit_hash) is a witness of everything before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeAlias

from optout.errors import StoreDamagedError
from optout.store import statements
from optout.store.engine import Transaction
from optout.store.head import Anchor, Head
from optout.store.layout import GENESIS

Resealed: TypeAlias = "Mapping[int, Sequence[tuple[bytes, bytes]]]"


def link(prev: bytes, facts: tuple[str | int, ...], content: bytes, detail: bytes) -> bytes:
    """The hash of an audit row: SHA-256 over the row before, its facts, its content and its sealed detail."""
    body = json.dumps([*facts, content.hex(), hashlib.sha256(detail).hexdigest()], ensure_ascii=True)
    return hashlib.sha256(prev + body.encode()).digest()


def digest_of(parts: Iterable[bytes]) -> bytes:
    """The `content` of an audit row, from the digests of what was sealed, in order."""
    return hashlib.sha256(b"".join(parts)).digest()


def verify(
    db: Transaction, head: Head, name: str, resealed: Resealed | None = None, known: Iterable[Anchor] = ()
) -> int:
    """Walk the whole chain and every block; the number of audit rows.

    Args:
        db: An open transaction.
        head: Where the chain has to end.
        name: The store, for messages.
        resealed: Block → its digests before and after each purge (`purge.resealed`).
        known: Heads that somebody outside was told: the chain must hold each of them.

    Raises:
        StoreDamagedError: a row or block is missing, changed or out of order, or the chain ends before a known head.
    """
    sealed, witnessed = _blocks_by_revision(db, name, resealed or {}), _by_row(known)
    prev, count, rev = GENESIS, 0, 0
    for row in db.stream(statements.AUDIT):
        n, epoch, at, ts, actor, action, purpose, content, detail, before, after = row
        count += 1
        honest = n == count and before == prev and at in (rev, rev + 1)
        if not (honest and isinstance(content, bytes) and isinstance(detail, bytes)):
            raise _broken(name, count)
        if after != link(prev, (n, epoch, at, ts, actor, action, purpose), content, detail):
            raise _broken(name, count)
        if at != rev and sealed.pop(at, None) != content:
            raise StoreDamagedError(name, f"the blocks of revision {at} are not what was written")
        if witnessed.pop(count, {after}) != {after}:
            raise StoreDamagedError(
                name, f"audit row {count} is not the one that was told outside of the store"
            )
        prev, rev = after, at
    if witnessed:
        why = f"it ends with audit row {count}; a head told outside of the store has row {max(witnessed)}"
        raise StoreDamagedError(name, why)
    if (count, prev, rev) != (head.audit_n, head.audit_hash, head.rev) or sealed:
        raise StoreDamagedError(name, "the audit chain does not end where the head says")
    return count


def verify_beside(db: Transaction, name: str) -> None:
    """Raise StoreDamagedError unless the indexes fit their tables and every recorded list has its request key."""
    if not db.is_sound():
        raise StoreDamagedError(name, "its indexes or pages do not fit together")
    keys = [rev for (rev,) in db.stream(statements.REQUEST_REVISIONS)]
    if keys != [rev for (rev,) in db.stream(statements.SUPPRESSED, (digest_of(()),))]:
        raise StoreDamagedError(name, "its request keys are not what was written")


def _by_row(known: Iterable[Anchor]) -> dict[int, set[bytes]]:
    """Hashes by audit row; of two that differ one is wrong."""
    rows: dict[int, set[bytes]] = {}
    for head in known:
        rows.setdefault(head.audit_n, set()).add(head.audit_hash)
    return rows


def _broken(name: str, count: int) -> StoreDamagedError:
    return StoreDamagedError(name, f"audit row {count} is not what was written")


def _blocks_by_revision(db: Transaction, name: str, resealed: Resealed) -> dict[int, bytes]:
    def digests() -> Iterable[tuple[int, bytes]]:
        for seq, rev, sha256, data in db.stream(statements.SUMS):
            if not isinstance(data, bytes) or hashlib.sha256(data).digest() != sha256:
                raise StoreDamagedError(name, f"a block of revision {rev} is not what was written")
            yield rev, _as_first_written(sha256, resealed.get(seq, ()))

    grouped = groupby(digests(), key=lambda pair: pair[0])
    return {rev: digest_of(sha256 for _, sha256 in pairs) for rev, pairs in grouped}


def _as_first_written(sha256: bytes, changes: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The digest a block was committed with; any other one unless each change fits the one before."""
    for before, after in reversed(changes):
        if after != sha256:
            return b""
        sha256 = before
    return sha256


@dataclass(frozen=True, slots=True)
class Times:
    """When each revision was committed, by its audit row.

    Attributes:
        written: Revision → UTC, ISO 8601.
        name: The store, for messages.
    """

    written: Mapping[int, str]
    name: str

    @classmethod
    def after(cls, db: Transaction, audit_n: int, name: str) -> Times:
        """Those of the revisions that audit rows after this one tell of; the first row of a revision made it."""
        return cls(dict(db.execute(statements.AUDIT_TIMES, (audit_n,)).fetchall()), name)

    def of(self, rev: int) -> datetime | None:
        """The moment of a revision; None when its row is missing, which `verify` tells of.

        Raises:
            StoreDamagedError: it is no moment.
        """
        written = self.written.get(rev)
        try:
            return None if written is None else datetime.fromisoformat(written).astimezone(UTC)
        except (TypeError, ValueError, OverflowError) as wrong:
            raise StoreDamagedError(
                self.name, f"the time of revision {rev} is not what was written"
            ) from wrong
