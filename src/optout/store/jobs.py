"""Jobs of the checks: a state in clear, a payload sealed and bound to its id, kind and state."""

from __future__ import annotations

import json
from typing import Any

from optout.errors import StoreDamagedError
from optout.store import seal, statements
from optout.store.commit import job_place
from optout.store.engine import Transaction
from optout.store.keyring import Keyring


def load(db: Transaction, keyring: Keyring, name: str, job_id: str) -> tuple[str, str, dict[str, Any]] | None:
    """Kind, state and payload of a job; None when there is none of this id.

    Raises:
        StoreDamagedError: it is not what was written.
    """
    row = db.execute(statements.JOB, (job_id,)).fetchone()
    if row is None:
        return None
    kind, state, dek_id, sealed = row
    try:
        key = keyring.every(db)[dek_id]
        payload = json.loads(seal.unseal(key, sealed, job_place(keyring.store_id, kind, job_id, state)))
    except (seal.UnsealError, KeyError) as wrong:
        raise StoreDamagedError(name, "a job is not what was written") from wrong
    return kind, state, payload


def listed(db: Transaction, kind: str) -> list[tuple[str, str]]:
    """Job id and state of all jobs of a kind, in the order of their last change."""
    rows = db.execute(statements.JOBS, (kind,))
    return [(job_id, state) for job_id, state in rows]
