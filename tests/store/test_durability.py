"""What was acknowledged is on disk: no close(), no atexit, no goodbye."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from optout.errors import StoreBusyError, StoreDamagedError, StoreFailedError
from optout.store import Request, Store, engine, statements, view
from optout.store.engine import sqlite

Where = Path | str

_EXITS = """
import os, sys
import polars as pl
from optout.store import Request, Store
store = Store.open(sys.argv[1])
one = store.suppress(Request(name="見本 一郎", phones="090-1234-5678")).request_ids
many = store.suppress([Request(phones=f"090-1234-{n:04}") for n in range(50)]).request_ids
lifted = store.suppress(Request(phones="03-1234-5678")).request_ids
store.lift(lifted[0], "本人の申出")
store.save_job("removal", "J-1", "planned", {"rows": [1]})
print(*one, *many, flush=True)
os._exit(1)
"""

_WRITES = """
import sys
from optout.store import Request, Store
store = Store.open(sys.argv[1])
for n in range(10_000):
    request = Request(name=f"見本 {sys.argv[2]}-{n}", phones=f"090-1234-{n:04}")
    receipt = store.suppress(request if n % 3 else [request])
    print(receipt.request_ids[0], receipt.revision, flush=True)
"""


def test_everything_acknowledged_survives_a_process_that_just_ends(path: Where, apart: Any) -> None:
    Store.create(path).close()
    with apart(_EXITS, path) as child:
        acknowledged = child.stdout.read().split()
    assert (child.returncode, len(acknowledged)) == (1, 51)
    with Store.open(path) as store:
        assert store.active_requests() == acknowledged
        assert store.load_job("J-1") == ("removal", "planned", {"rows": [1]})
        assert store.audit_verify() == 6


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_nothing_acknowledged_is_lost_when_writers_are_killed(path: Where, apart: Any) -> None:
    Store.create(path).close()
    acknowledged: dict[str, int] = {}
    for turn in range(4):
        with apart(_WRITES, path, turn) as child:
            for _ in range(15 + 7 * turn):
                request_id, revision = child.stdout.readline().split()
                acknowledged[request_id] = int(revision)
            child.kill()
            # Lines written before the kill and not read yet were acknowledged as well.
            rest = [
                line.split() for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")
            ]
            acknowledged |= {request_id: int(revision) for request_id, revision in rest}
    with Store.open(path) as store:
        assert set(acknowledged) <= set(store.active_requests())
        assert store.revision >= max(acknowledged.values())
        assert store.audit_verify() == store.revision + 1


def test_an_interrupt_leaves_no_open_transaction(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("optout.store.commit.Commit.finish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.suppress(Request(phones="090-1234-5678"))
    assert (store.revision, store.entries()[1].height) == (0, 0)
    assert store.suppress(Request(phones="090-1234-5678")).revision == 1


@contextmanager
def small_disk(store: Store) -> Iterator[None]:
    """SQLite's own limit stands in for a full disk: it answers SQLITE_FULL in the same places."""
    db = store._log._db
    assert db is not None
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 1}")
    yield
    db.execute("PRAGMA max_page_count = 1000000")


def test_a_full_disk_loses_nothing_and_stops_writing_until_reopened(file: Path) -> None:
    with Store.create(file) as store:
        kept = store.suppress(Request(phones="090-1234-5678")).request_ids
        big = [Request(name=f"見本 {n}" * 20, phones=os.urandom(8).hex()) for n in range(3000)]
        with small_disk(store), pytest.raises(StoreFailedError, match="disk full"):
            store.suppress(big)
        with pytest.raises(StoreFailedError):
            store.suppress(Request(phones="03-1234-5678"))
        assert store.active_requests() == kept
    with Store.open(file) as again:
        assert again.suppress(Request(phones="03-1234-5678")).revision == 2
        assert again.audit_verify() == 3


def test_a_store_that_stays_busy_is_called_busy(by_hand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.create(by_hand.path).close()
    monkeypatch.setattr(engine, "WAIT", 0.05)
    with Store.open(by_hand.path) as store:
        with by_hand.writing(), pytest.raises(StoreBusyError):
            store.suppress(Request(phones="090-1234-5678"))
        assert store.suppress(Request(phones="090-1234-5678")).revision == 1


def test_whoever_holds_the_lock_file_has_the_turn(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.create(file).close()
    monkeypatch.setattr(engine, "WAIT", 0.05)
    with Store.open(file) as store:
        with sqlite.turns(file), pytest.raises(StoreBusyError):
            store.suppress(Request(phones="090-1234-5678"))
        assert store.suppress(Request(phones="090-1234-5678")).revision == 1


def test_the_pragmas_are_those_measured(file: Path) -> None:
    with Store.create(file) as store, store._log.read() as db:
        got = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
        assert got == {"journal_mode": "truncate", "synchronous": 2}
        assert db.execute("PRAGMA secure_delete").fetchone()[0] == 1
        assert db.execute("PRAGMA trusted_schema").fetchone()[0] == 0


@pytest.mark.parametrize("failure", ["damaged", "interrupted"])
def test_a_read_that_failed_holds_nobody_up_whoever_keeps_its_traceback(
    by_hand: Any, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    with Store.create(by_hand.path) as store:
        for n in range(8):
            store.suppress(Request(phones=f"090-1234-{n:04}"))
    if failure == "damaged":
        by_hand.free()
        by_hand.do("UPDATE block SET data = zeroblob(9) WHERE seq = 3")
    decoded = iter(range(3))

    def interrupted(*given: Any) -> Any:
        if next(decoded, None) is None:
            raise KeyboardInterrupt
        return whole_rows(*given)

    whole_rows = view.entry.whole_rows
    monkeypatch.setattr(engine, "WAIT", 0.3)
    monkeypatch.setattr(view, "_AT_ONCE", 2)
    with Store.open(by_hand.path) as failed:
        with monkeypatch.context() as patch:
            if failure == "interrupted":
                patch.setattr(view.entry, "whole_rows", interrupted)
            with pytest.raises((StoreDamagedError, KeyboardInterrupt)) as kept:
                failed.entries()
        for _ in range(2):
            with Store.open(by_hand.path) as other:
                assert other.suppress(Request(phones="03-1234-5678")).revision == 9
            failed.close()
    assert kept.traceback


def test_a_statement_not_read_to_its_end_does_not_outlive_its_transaction(store: Store, path: Where) -> None:
    for n in range(3):
        store.suppress(Request(phones=f"090-1234-{n:04}"))
    kept = []
    with store._log.read() as db:
        kept += [db.execute(statements.ALL_BLOCKS), db.stream(statements.ALL_BLOCKS)]
        assert all(next(iter(each)) for each in kept)
    with store._log.write() as db:
        kept.append(db.stream(statements.ALL_BLOCKS))
        assert next(kept[-1])
    with Store.open(path) as other:
        assert other.suppress(Request(phones="03-1234-5678")).revision == 4
