"""Writing a table of a PostgreSQL server anew, so that what was replaced in it stands in none of its files.

A row that an open transaction might still see is carried over, and a table can be rewritten only while nobody else uses
it. So both are waited for, and VACUUM itself is asked how many old rows it kept. Source: PostgreSQL documentation,
VACUUM; 9.27 (`pg_snapshot_xmin`); 28.2 (`pg_stat_activity.backend_xmin`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import sql

Server: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

FORBIDDEN: Final = "no permission"
_IN_USE: Final = "its table was in use for {:.0f} s; a session idle in a transaction can be the cause"
_SEEN: Final = "a transaction that began before the purge had not ended after {:.0f} s"
# Whoever waits for a table to himself holds up every reader who comes later: many short turns rather than a long one.
_TURNS: Final = 60
_POLL: Final = 0.02
_NOW: Final = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
_OLDER: Final = """
SELECT pg_snapshot_xmin(pg_current_snapshot()) < %(now)s::xid8 OR EXISTS (
    SELECT FROM pg_catalog.pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND age(backend_xmin) > age(%(now)s::xid8::xid))
"""


def rewritten(db: Server, table: sql.Identifier, wait: float) -> str | None:
    """Write a table anew; None when no old row is left in it, otherwise why.

    Args:
        db: A session with no transaction open.
        table: Its schema and name.
        wait: Seconds for others to be done with it.
    """
    begun = time.monotonic()
    while True:
        _outwait_the_older(db, begun + wait)
        told: list[str] = []
        with _session(db, wait, told):
            while not _vacuumed(db, table):
                if time.monotonic() >= begun + wait:
                    return _IN_USE.format(time.monotonic() - begun)
        # Whoever may not do it is told so, and nothing is done. The number comes first, whatever the language.
        kept = re.search(r"[0-9]+", "\n".join(told))
        if kept is None or not int(kept[0]):
            return FORBIDDEN if kept is None else None
        # Not of ours, perhaps: what somebody else has just replaced is counted, too.
        if time.monotonic() >= begun + wait:
            return _SEEN.format(time.monotonic() - begun)
        time.sleep(_POLL)


def _outwait_the_older(db: Server, until: float) -> None:
    """Wait for the transactions of now to end; VACUUM judges whether they have."""
    now = _asked(db, _NOW)
    while _asked(db, _OLDER, now=now) and time.monotonic() < until:
        time.sleep(_POLL)


def _asked(db: Server, question: str, **given: object) -> Any:
    (answer,) = db.execute(question.encode(), given or None).fetchone() or (None,)
    return answer


@contextmanager
def _session(db: Server, wait: float, told: list[str]) -> Iterator[None]:
    """A VACUUM is part of no transaction, so the session has the limit; what the server tells is listened to."""

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        told.append(notice.message_detail or "")

    turn = max(1, int(wait * 1000 / _TURNS))  # 0 would be no limit
    db.add_notice_handler(hear)
    try:
        db.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(f"{turn}ms")))
        yield
    finally:
        db.remove_notice_handler(hear)
        with suppress(psycopg.Error):
            db.execute("RESET lock_timeout")


def _vacuumed(db: Server, table: sql.Identifier) -> bool:
    """Whether our turn came."""
    with suppress(psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        db.execute(sql.SQL("VACUUM (FULL, VERBOSE) {}").format(table))
        return True
    return False
