from __future__ import annotations

import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from optout.errors import (
    OptionError,
    OptoutError,
    StoreDamagedError,
    StoreExistsError,
    StoreMissingError,
    WrongKeyError,
)
from optout.store import Anchor, Request, Store, backup, statements
from optout.store.engine import sqlite

Where = Path | str


def filled(path: Where, **named: Any) -> tuple[Store, list[str]]:
    store = Store.create(path, **named)
    ids = store.suppress([Request(phones=f"090-1234-{n:04}") for n in range(30)]).request_ids
    ids += store.suppress(Request(phones="03-1234-5678", tenant="client-a")).request_ids
    store.lift(ids[3], "本人の申出")
    store.save_job("removal", "J-1", "planned", {"rows": [1]})
    return store, ids[:3] + ids[4:]


def contents(store: Store) -> tuple[list[str], object, Anchor]:
    store.audit_verify()
    return store.active_requests(), store.load_job("J-1"), store.head


def test_a_backup_is_the_store_as_it_is(by_hand: Any, tmp_path: Path) -> None:
    store, _ = filled(by_hand.path)
    with store:
        head = store.backup(tmp_path / "copy.db")
        told = contents(store)
        assert head == store.head
        store.suppress(Request(phones="090-1234-9999"))
    with Store.open(tmp_path / "copy.db") as copy:
        assert contents(copy) == told


def test_a_backup_copies_every_table(by_hand: Any, tmp_path: Path) -> None:
    store, _ = filled(by_hand.path)
    with store:
        store.backup(tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        assert {name for (name,) in tables} == set(statements.COPIED)
        for name, (_, write) in statements.COPIED.items():
            columns = len(db.execute(f"PRAGMA table_info({name})").fetchall()) - (name == "head")
            assert write.partition(" ON ")[0].count("?") == columns
            rows = db.execute(f"SELECT count(*) FROM {name}").fetchall()
            assert (name, rows) == (name, by_hand.ask(f"SELECT count(*) FROM {name}"))


def test_a_backup_never_writes_over_anything(path: Where, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    store, _ = filled(path)
    with store, pytest.raises(StoreExistsError):
        store.backup(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_a_damaged_store_has_no_backup(by_hand: Any, tmp_path: Path) -> None:
    store, _ = filled(by_hand.path)
    with store:
        by_hand.free()
        by_hand.do("UPDATE block SET data = zeroblob(50) WHERE seq = 1")
        with pytest.raises(StoreDamagedError):
            store.backup(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_restored_store_holds_what_the_backup_held_in_a_new_epoch(by_hand: Any, tmp_path: Path) -> None:
    store, active = filled(by_hand.path)
    with store:
        store.backup(tmp_path / "copy.db")
        _, job, head = contents(store)
    with Store.restore(tmp_path / "copy.db", by_hand.another()) as again:
        assert contents(again)[:2] == (active, job)
        assert again.head[:3] == (2, head.revision, head.audit_n + 1)
        again.suppress(Request(phones="090-1234-9999"))
        assert again.suppress(Request(phones="03-1234-5678", tenant="client-a")).request_ids == [active[-1]]
        assert again.audit_verify() == head.audit_n + 2
    with Store.open(tmp_path / "copy.db") as copy:
        assert copy.head == head


def test_a_restore_never_writes_over_a_store(by_hand: Any, tmp_path: Path) -> None:
    store, active = filled(by_hand.path)
    with store:
        store.backup(tmp_path / "copy.db")
        with pytest.raises(StoreExistsError):
            Store.restore(tmp_path / "copy.db", by_hand.path)
        assert store.active_requests() == active


def test_no_key_seals_in_two_histories(by_hand: Any, tmp_path: Path) -> None:
    store, _ = filled(by_hand.path)
    with store:
        store.backup(tmp_path / "copy.db")
    Store.restore(tmp_path / "copy.db", tmp_path / "again.db").close()
    with closing(sqlite3.connect(tmp_path / "again.db")) as db:
        in_use = "SELECT count(*) FROM dek WHERE retired IS NULL AND purpose <> 'mac' AND seals > 2"
        assert db.execute(in_use).fetchall() == [(0,)]


def test_a_wrong_key_restores_nothing(by_hand: Any, tmp_path: Path) -> None:
    store, _ = filled(by_hand.path, key=bytes(32))
    with store:
        store.backup(tmp_path / "copy.db")
    with pytest.raises(WrongKeyError):
        Store.restore(tmp_path / "copy.db", tmp_path / "again.db", key=bytes(range(32)))
    with pytest.raises(StoreMissingError):
        Store.restore(tmp_path / "nowhere.db", tmp_path / "again.db")
    assert not (tmp_path / "again.db").exists()


def restored(by_hand: Any, tmp_path: Path) -> tuple[Store, Anchor]:
    """A store restored from a backup, and the head of the lost one, a request further."""
    store, _ = filled(by_hand.path)
    with store:
        store.backup(tmp_path / "copy.db")
        store.suppress(Request(phones="090-1234-9999"))
        lost = store.head
    return Store.restore(tmp_path / "copy.db", by_hand.another()), lost


def test_a_restored_store_is_behind_until_it_has_caught_up(by_hand: Any, tmp_path: Path) -> None:
    store, lost = restored(by_hand, tmp_path)
    with store:
        assert store.behind == backup.Behind(2, 3, 3, None)
        assert store.settle([lost]) == backup.Behind(2, 3, 3, 4)
        store.suppress(Request(phones="090-1234-9999"))
        assert store.behind is None
        assert store.audit_verify() == store.head.audit_n


def test_a_head_the_backup_already_had_is_enough_when_it_is_the_newest(by_hand: Any, tmp_path: Path) -> None:
    store, _ = filled(by_hand.path)
    with store:
        certified = store.head
        store.backup(tmp_path / "copy.db")
        assert store.behind is None
    with Store.restore(tmp_path / "copy.db", by_hand.another()) as again:
        assert again.behind is not None
        assert again.settle([certified]) is None


def test_a_loss_is_accepted_by_name_and_told_in_the_audit(by_hand: Any, tmp_path: Path) -> None:
    store, lost = restored(by_hand, tmp_path)
    with store:
        store.settle([lost])
        with pytest.raises(OptionError):
            store.settle()
        with pytest.raises(OptionError):
            store.settle(accept_loss=" ")
        assert store.settle(accept_loss="the disk is gone") is None
        assert store.behind is None


def test_a_head_of_another_history_is_refused(by_hand: Any, tmp_path: Path) -> None:
    store, _ = restored(by_hand, tmp_path)
    with store:
        with pytest.raises(StoreDamagedError, match="another history"):
            store.settle([Anchor(1, 2, 3, bytes(32))])
        assert store.behind is not None


def test_the_second_store_of_one_backup_takes_an_epoch_of_its_own(by_hand: Any, tmp_path: Path) -> None:
    first, _ = restored(by_hand, tmp_path)
    with first:
        first.settle(accept_loss="tried")
        first.suppress(Request(phones="090-1234-8888"))
        head = first.head
    with Store.restore(tmp_path / "copy.db", by_hand.another()) as second:
        second.settle([head])
        assert second.head.epoch == head.epoch + 1


def test_a_store_that_was_never_restored_has_nothing_to_settle(store: Store) -> None:
    assert store.behind is None
    with pytest.raises(OptionError):
        store.settle(accept_loss="no reason")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM job WHERE kind = 'restore'",
        "DELETE FROM job",
        "UPDATE job SET kind = 'restored' WHERE kind = 'restore'",
        "UPDATE job SET job_id = 'J-2' WHERE kind = 'restore'",
        "UPDATE job SET state = 'accepted' WHERE kind = 'restore'",
    ],
)
def test_nobody_hides_by_hand_that_a_store_is_behind(by_hand: Any, tmp_path: Path, change: str) -> None:
    store, lost = restored(by_hand, tmp_path)
    with store:
        by_hand.at(store.path).do(change)
        with pytest.raises(StoreDamagedError):
            _ = store.behind
        with pytest.raises(StoreDamagedError):
            store.settle([lost])
        with pytest.raises(StoreDamagedError):
            store.settle(accept_loss="the disk is gone")


def test_an_earlier_restore_that_was_settled_never_stands_for_the_last_one(
    by_hand: Any, tmp_path: Path
) -> None:
    first, _ = restored(by_hand, tmp_path)
    with first:
        first.settle(accept_loss="the disk is gone")
        first.backup(tmp_path / "again.db")
    with Store.restore(tmp_path / "again.db", by_hand.another()) as second:
        assert second.behind == backup.Behind(3, 3, 3, None)
        hidden = "UPDATE audit SET action = 'lift' WHERE action = 'restore' AND epoch = 3"
        outside = by_hand.at(second.path)
        outside.free()
        outside.do("DELETE FROM job WHERE job_id = 'restore-3'", hidden)
        with pytest.raises(StoreDamagedError, match="restore"):
            _ = second.behind


def test_a_copy_of_a_settled_store_is_as_settled(by_hand: Any, tmp_path: Path) -> None:
    store, lost = restored(by_hand, tmp_path)
    with store:
        store.settle([lost._replace(epoch=4, audit_n=99)])
        store.suppress(Request(phones="090-1234-9999"))
        assert (store.head.epoch, store.behind) == (5, None)
        store.backup(tmp_path / "settled.db")
        store.rotate_key()
        assert store.behind is None
    with Store.open(tmp_path / "settled.db") as copy:
        assert (copy.head.epoch, copy.behind) == (5, None)
        assert copy.audit_verify() == copy.head.audit_n


class Cut(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["_write", "_fill", "publish", "_remove"])
@pytest.mark.parametrize("call", ["backup", "restore"])
def test_cut_off_at_any_step_there_is_a_whole_copy_or_none(
    by_hand: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, call: str
) -> None:
    store, active = filled(by_hand.path)
    target = tmp_path / "target.db"
    with store:
        store.backup(tmp_path / "copy.db")
        owner: Any = {"_fill": backup, "_write": sqlite.File}.get(step, sqlite)
        original = getattr(owner, step)

        def cut(*given: Any, **named: Any) -> Any:
            original(*given, **named)
            raise Cut

        with monkeypatch.context() as patch:
            patch.setattr(owner, step, cut)
            with pytest.raises(Cut):
                store.backup(target) if call == "backup" else Store.restore(tmp_path / "copy.db", target)
    if target.exists():
        with Store.open(target) as whole:
            assert contents(whole)[0] == active
    with Store.open(by_hand.path) as again:
        assert contents(again)[0] == active


_COPIES = """
import itertools, sys
from optout.store import Store
folder = sys.argv[2]
store = Store.open(sys.argv[1])
for n in itertools.count():
    print("copies", flush=True)
    store.backup(f"{folder}/{sys.argv[3]}-{n}.db")
    Store.restore(f"{folder}/{sys.argv[3]}-{n}.db", f"{folder}/{sys.argv[3]}-{n}-again.db").close()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_while_it_copies_every_copy_that_bears_a_name_is_whole(
    path: Where, apart: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    store, active = filled(path)
    store.close()
    for turn in range(3):
        with apart(_COPIES, path, folder, turn) as child:
            for _ in range(2 + turn):
                child.stdout.readline()
            child.kill()
    copies = list(folder.glob("[0-9]*.db"))
    assert copies
    for copy in copies:
        with Store.open(copy) as whole:
            assert contents(whole)[0] == active
    with Store.open(path) as again:
        assert contents(again)[0] == active


def test_a_store_copied_by_hand_while_open_is_not_needed(file: Path, tmp_path: Path) -> None:
    """Even a plain copy of a closed file opens: the backup is a store like any other."""
    store, active = filled(file)
    store.close()
    shutil.copy(file, tmp_path / "by_hand.db")
    with Store.open(tmp_path / "by_hand.db") as copy:
        assert contents(copy)[0] == active


def test_errors_of_a_backup_are_ours(path: Where, tmp_path: Path) -> None:
    store, _ = filled(path)
    with store, pytest.raises(OptoutError):
        store.backup(tmp_path / "no such folder" / "copy.db")
