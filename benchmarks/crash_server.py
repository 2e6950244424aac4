"""Crashes while a table of PostgreSQL is changed: at every statement, of the connection and of the server.

Before and after each statement of the change, and around its commit, the connection is cut by the server, or the server
is stopped without goodbye and started again. Then the change is resumed by the fingerprint that was written down.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from crash_made import expected_rows, rows, shown_rows, tables
from crash_work import SCENARIOS, looked_at
from sqlalchemy import event

from optout.errors import OptoutError
from optout.holdings import opened

SCHEMA: Final = "crash"
Hit = Callable[[], None]


class Table:
    """The people in a schema of a server."""

    def __init__(self, server: Any) -> None:
        self.server, self.location = server, f"{server.url()}#{SCHEMA}.people"

    def connect(self) -> Any:
        return psycopg.connect(self.server.url(), options=f"-c search_path={SCHEMA}", autocommit=True)

    def make(self) -> None:
        with closing(self.connect()) as db:
            db.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            db.execute(f"CREATE SCHEMA {SCHEMA}")
            for statement in tables():
                db.execute(statement)
            values = [(int(row[0]), *row[1:]) for row in rows()]
            db.cursor().executemany("INSERT INTO people VALUES (%s, %s, %s, %s)", values)

    def shows(self) -> Any:
        with closing(self.connect()) as db:
            return shown_rows(lambda query: db.execute(query).fetchall())

    def cut(self) -> None:
        """Every other connection ends."""
        with closing(self.connect()) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def stop(self) -> None:
        """The server ends without goodbye, and comes back."""
        self.server.stop("immediate")
        self.server.start()


@contextmanager
def hit_at(wanted: int, hit: Hit) -> Iterator[Counter[str]]:
    """Count the boundaries of statements on all connections; do something at one of them."""
    seen: Counter[str] = Counter()
    live = [True]

    def boundary(*_: object) -> None:
        if live[0]:
            seen["all"] += 1
            if seen["all"] == wanted:
                live[0] = False
                hit()

    commit = psycopg.Connection.commit

    def committed(self: Any) -> None:
        """The commit is done, and its answer may get lost."""
        boundary()
        commit(self)
        before = live[0]
        boundary()
        if before and not live[0]:
            raise psycopg.OperationalError("the answer to the commit was lost")

    names = ("before_cursor_execute", "after_cursor_execute")
    for name in names:
        event.listen(sa.Engine, name, boundary)
    psycopg.Connection.commit = committed
    try:
        yield seen
    finally:
        psycopg.Connection.commit = commit
        for name in names:
            event.remove(sa.Engine, name, boundary)


def run(
    server: Any, stops: int = 12, every: int = 1, scenarios: Iterable[str] = tuple(SCENARIOS)
) -> dict[str, Any]:
    """The connection is cut at every boundary; `stops` times, for each scenario, the server is stopped."""
    began, counts, broken = time.perf_counter(), Counter[str](), list[str]()
    table = Table(server)
    for scenario in scenarios:
        table.make()
        boundaries = _changed(table, scenario, 0, lambda: None)[1]
        counts["calls"] += boundaries
        points = [(n, table.cut) for n in range(1, boundaries + 1) if n % every == 0 or n > boundaries - 2]
        # The last ones stand around the commit.
        last = range(boundaries - stops // 2 + 1, boundaries + 1)
        spread = range(1, boundaries - stops // 2, max(1, boundaries // max(1, stops // 2)))
        points += [(n, table.stop) for n in ([*spread, *last] if stops else [])]
        for n, hit in points:
            table.make()
            wrong = _judged(table, scenario, n, hit, counts)
            broken += [
                f"{scenario}, {hit.__name__} at boundary {n} of {boundaries}: {each}" for each in wrong
            ]
    return {
        "kind": "PostgreSQL",
        **counts,
        "seconds": round(time.perf_counter() - began, 1),
        "broken": broken,
    }


def _changed(table: Table, scenario: str, at: int, hit: Hit) -> tuple[dict[str, str], int]:
    """Change the table, and be hit; what was written down until then, and how many boundaries there were."""
    told: dict[str, str] = {"before": opened(table.location).fingerprint()}
    with hit_at(at, hit) as seen:
        try:
            held = opened(table.location)
            held.change(
                SCENARIOS[scenario], told["before"], looked_at, lambda after: told.update(after=after)
            )
            told["done"] = ""
        except OptoutError as error:
            told["error"] = type(error).__name__
    gc.collect()
    return told, seen["all"]


def _judged(table: Table, scenario: str, at: int, hit: Hit, counts: Counter[str]) -> list[str]:
    told, _ = _changed(table, scenario, at, hit)
    counts["points"] += 1
    expected = expected_rows(scenario)
    held = opened(table.location)
    now = held.fingerprint()
    if "done" in told:
        counts["done before"] += 1
        return [] if table.shows() == expected else ["done but still there"]
    counts[told["error"]] += 1
    if now == told["before"]:
        counts["done anew"] += 1
        held.change(SCENARIOS[scenario], now, looked_at, lambda _: None)
    elif now == told.get("after"):
        counts["found done"] += 1
    else:
        counts["told not done"] += 1
        return ["neither the old nor the new state"]
    return [] if table.shows() == expected else ["wrong after it was resumed"]
