"""The audit chain: one row a commit, each hashing the one before, in the transaction it describes.

`content` is the SHA-256 over the digests of what the commit sealed, so the chain binds the entries too:
whoever holds a certificate with (audit_n, audit_hash) is a witness of everything before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from itertools import groupby

from optout.errors import StoreDamagedError
from optout.store import statements
from optout.store.engine import Transaction
from optout.store.head import Head
from optout.store.layout import GENESIS


def link(prev: bytes, facts: tuple[str | int, ...], content: bytes, detail: bytes) -> bytes:
    """The hash of an audit row: SHA-256 over the row before, its facts, its content and its sealed detail."""
    body = json.dumps([*facts, content.hex(), hashlib.sha256(detail).hexdigest()], ensure_ascii=True)
    return hashlib.sha256(prev + body.encode()).digest()


def digest_of(parts: Iterable[bytes]) -> bytes:
    """The `content` of an audit row, from the digests of what was sealed, in order."""
    return hashlib.sha256(b"".join(parts)).digest()


def verify(db: Transaction, head: Head, name: str) -> int:
    """Walk the whole chain and every block; the number of audit rows.

    Raises:
        StoreDamagedError: a row or block is missing, changed or out of order.
    """
    sealed = _blocks_by_revision(db, name)
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
        prev, rev = after, at
    if (count, prev, rev) != (head.audit_n, head.audit_hash, head.rev) or sealed:
        raise StoreDamagedError(name, "the audit chain does not end where the head says")
    return count


def _broken(name: str, count: int) -> StoreDamagedError:
    return StoreDamagedError(name, f"audit row {count} is not what was written")


def _blocks_by_revision(db: Transaction, name: str) -> dict[int, bytes]:
    def digests() -> Iterable[tuple[int, bytes]]:
        for rev, sha256, data in db.stream(statements.SUMS):
            if not isinstance(data, bytes) or hashlib.sha256(data).digest() != sha256:
                raise StoreDamagedError(name, f"a block of revision {rev} is not what was written")
            yield rev, sha256

    grouped = groupby(digests(), key=lambda pair: pair[0])
    return {rev: digest_of(sha256 for _, sha256 in pairs) for rev, pairs in grouped}
