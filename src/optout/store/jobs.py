"""Jobs of the checks: a state in clear, a payload sealed and bound to its id, kind and state.

The row can be replaced, so it proves nothing by itself: the newest audit row that names the job holds its digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from optout.errors import StoreDamagedError
from optout.store import audit, seal, statements
from optout.store.commit import job_place
from optout.store.engine import Transaction
from optout.store.keyring import Keyring


def load(db: Transaction, keyring: Keyring, name: str, job_id: str) -> tuple[str, str, dict[str, Any]] | None:
    """Kind, state and payload of a job; None when there is none of this id.

    Raises:
        StoreDamagedError: it is missing, doubled, not what was written or not the newest state.
    """
    rows = db.execute(statements.JOB, (job_id,)).fetchall()
    newest = next((content for named, content in _told(db, keyring, name) if named == job_id), None)
    if not rows and newest is None:
        return None
    if len(rows) != 1 or newest not in (None, _digest(rows[0][3])):
        raise _damage(name)
    kind, state, dek_id, sealed = rows[0]
    place = job_place(keyring.store_id, kind, job_id, state)
    return kind, state, _opened(keyring.every(db), name, dek_id, sealed, place)


def listed(db: Transaction, kind: str) -> list[tuple[str, str]]:
    """Job id and state of all jobs of a kind, in the order of their last change."""
    rows = db.execute(statements.JOBS, (kind,))
    return [(job_id, state) for job_id, state in rows]


def verify(db: Transaction, keyring: Keyring, name: str) -> frozenset[str]:
    """The ids of all jobs, each of them there once and, as far as the audit names it, in its newest state.

    Raises:
        StoreDamagedError: one that the audit names is missing, or one is doubled or not what was written.
    """
    newest: dict[str, bytes] = {}
    for job_id, content in _told(db, keyring, name):
        newest.setdefault(job_id, content)
    kept: set[str] = set()
    for job_id, sealed in db.stream(statements.JOB_SUMS):
        if job_id in kept or newest.get(job_id, _digest(sealed)) != _digest(sealed):
            raise _damage(name)
        kept.add(job_id)
    if newest.keys() - kept:
        raise _damage(name)
    return frozenset(kept)


def _told(db: Transaction, keyring: Keyring, name: str) -> Iterator[tuple[str, bytes]]:
    """Job id and digest from the audit rows that name one, newest first."""
    keys = keyring.every(db)
    for n, epoch, content, dek_id, sealed in db.stream(statements.JOB_AUDIT, (audit.digest_of(()),)):
        place = seal.bound("audit", keyring.store_id, epoch, n)
        detail = _opened(keys, name, dek_id, sealed, place)
        if "job" in detail:
            yield str(detail["job"]), content


def _opened(keys: dict[int, bytes], name: str, dek_id: int, sealed: bytes, place: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(seal.unseal(keys[dek_id], sealed, place)))
    except (seal.UnsealError, KeyError) as wrong:
        raise _damage(name) from wrong


def _digest(sealed: bytes) -> bytes:
    return audit.digest_of((sha256(sealed).digest(),))


def _damage(name: str) -> StoreDamagedError:
    return StoreDamagedError(name, "a job is not what was written")
