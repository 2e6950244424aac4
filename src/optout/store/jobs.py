"""Jobs of the checks: a state in clear, a payload sealed and bound to its id, kind and state."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from optout.errors import StoreDamagedError
from optout.store import seal
from optout.store.commit import job_place
from optout.store.keyring import Keyring


def load(
    db: sqlite3.Connection, keyring: Keyring, path: Path, job_id: str
) -> tuple[str, str, dict[str, Any]] | None:
    """Kind, state and payload of a job; None when there is none of this id.

    Raises:
        StoreDamagedError: it is not what was written.
    """
    row = db.execute("SELECT kind, state, dek_id, payload FROM job WHERE job_id = ?", (job_id,)).fetchone()
    if row is None:
        return None
    kind, state, dek_id, sealed = row
    try:
        key = keyring.every(db)[dek_id]
        payload = json.loads(seal.unseal(key, sealed, job_place(keyring.store_id, kind, job_id, state)))
    except (seal.UnsealError, KeyError) as wrong:
        raise StoreDamagedError(str(path), "a job is not what was written") from wrong
    return kind, state, payload


def listed(db: sqlite3.Connection, kind: str) -> list[tuple[str, str]]:
    """Job id and state of all jobs of a kind, in the order of their last change."""
    rows = db.execute("SELECT job_id, state FROM job WHERE kind = ? ORDER BY updated, job_id", (kind,))
    return [(job_id, state) for job_id, state in rows]
