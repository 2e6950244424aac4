from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from optout.errors import (
    NotErasedError,
    OptionError,
    StoreDamagedError,
    StoreError,
    UnknownRequestError,
)
from optout.store import Request, Store, blocks, engine, purge, statements
from optout.store.aside import Label
from optout.store.commit import Commit

Where = Path | str
NAME, PHONE = "標本沢 七郎", "090-1234-7391"


def person(**fields: Any) -> Request:
    return Request(name=NAME, phones=PHONE, source="受付係七号", **fields)


def others(n: int = 5) -> list[Request]:
    return [Request(name="見本 一郎", phones=f"090-1234-{number:04}") for number in range(n)]


def unsealed(store: Store) -> str:
    """Every block in clear, as whoever has the key and the file could read it."""
    with store._log.read() as db:
        keys = store._keyring.every(db)
        sealed = map(blocks.Block._make, db.stream(statements.ALL_BLOCKS))
        payloads = [blocks.unsealed(block, store.store_id, keys, "s") for block in sealed]
    return b"".join(payloads).decode("utf-8", "replace")


@pytest.mark.parametrize("kind", ["single", "bulk"])
def test_a_purged_request_is_gone_from_the_blocks_and_nobody_else_is(path: Where, kind: str) -> None:
    with Store.create(path) as store:
        rest = store.suppress(others()).request_ids
        if kind == "single":
            (gone,) = store.suppress(person()).request_ids
        else:
            gone, *more = store.suppress([person(), *others(3)]).request_ids
            rest += more
        assert kind == "bulk" or NAME in unsealed(store)
        store.lift(gone, "本人の申出")
        revision = store.purge(gone, "誤入力")
        assert revision == store.revision == 4
        assert NAME not in unsealed(store)
        assert (store.active_requests(), store.requests([gone]).height) == (rest, 0)
    with Store.open(path) as again:
        assert (again.active_requests(), again.requests([gone]).height) == (rest, 0)
        assert again.audit_verify() == again.head.audit_n
        assert again.purge(gone, "again") == revision
        with pytest.raises(UnknownRequestError):
            again.lift(gone, "reason")


def test_a_request_in_force_is_purged_only_by_force_and_with_a_reason(path: Where) -> None:
    with Store.create(path) as store:
        (gone,) = store.suppress(person(tenant="client-a")).request_ids
        with pytest.raises(StoreError, match="in force"):
            store.purge(gone, "誤入力")
        with pytest.raises(OptionError):
            store.purge(gone, " ", force=True)
        with pytest.raises(UnknownRequestError):
            store.purge("R-AAAAAAAAAAAAA", "誤入力")
        assert store.is_active(gone)
        store.purge(gone, "誤入力", force=True)
        assert not store.is_active(gone)
        assert NAME not in unsealed(store)


def test_the_same_request_given_after_a_purge_is_in_force_again(path: Where) -> None:
    with Store.create(path) as store:
        (single,) = store.suppress(person()).request_ids
        bulk = store.suppress([person(kana="ヒョウホン"), *others()]).request_ids
        for gone in (single, bulk[0]):
            store.purge(gone, "誤入力", force=True)
        (again,) = store.suppress(person()).request_ids
        anew = store.suppress([person(kana="ヒョウホン"), *others()]).request_ids
        assert again != single
        assert not set(anew) & set(bulk)
        assert store.is_active(again)
        assert all(store.is_active(each) for each in anew)


def test_the_list_as_it_was_says_that_something_was_purged(path: Where) -> None:
    with Store.create(path) as store:
        store.suppress(others(1))
        (gone,) = store.suppress(person()).request_ids
        store.suppress(others(2))
        store.purge(gone, "誤入力", force=True)
        assert [store.at(revision).purged for revision in range(5)] == [(), (), (gone,), (gone,), ()]
        assert gone not in store.at(2).entries()[1]["request"]


def test_another_process_that_has_the_list_open_forgets_it_too(path: Where) -> None:
    with Store.create(path) as store, Store.open(path) as other:
        (gone,) = store.suppress(person()).request_ids
        kept = store.suppress(others()).request_ids
        assert other.requests([gone]).height == 1
        store.purge(gone, "誤入力", force=True)
        assert (other.active_requests(), other.requests([gone]).height) == (kept, 0)


def test_the_audit_names_the_purge_and_verifies_after_many(by_hand: Any) -> None:
    with Store.create(by_hand.path) as store:
        ids = store.suppress([person(kana=f"カナ{n}") for n in range(4)]).request_ids
        for gone in ids[:3]:
            store.purge(gone, "誤入力", force=True)
            assert store.audit_verify() == store.head.audit_n
        assert store.active_requests() == ids[3:]
    actions = [action for (action,) in by_hand.ask("SELECT action FROM audit ORDER BY n")]
    assert actions.count("purge") == 3
    assert by_hand.format() == 4


def test_the_block_put_back_as_it_was_is_found_out(by_hand: Any) -> None:
    with Store.create(by_hand.path) as store:
        (gone,) = store.suppress(person()).request_ids
        ((old, data),) = by_hand.ask("SELECT sha256, data FROM block WHERE seq = 1")
        store.purge(gone, "誤入力", force=True)
    by_hand.free()
    by_hand.do(f"UPDATE block SET sha256 = x'{old.hex()}', data = x'{data.hex()}' WHERE seq = 1")
    with Store.open(by_hand.path) as store, pytest.raises(StoreDamagedError):
        store.audit_verify()


def test_blocks_can_be_changed_by_nobody_afterwards(by_hand: Any) -> None:
    with Store.create(by_hand.path) as store:
        (gone,) = store.suppress(person()).request_ids
        store.purge(gone, "誤入力", force=True)
    for statement in ("UPDATE block SET n = 0", "DELETE FROM block"):
        with pytest.raises(by_hand.refused):
            by_hand.do(statement)


def pieces(data: bytes, size: int = 24) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data) - size, size))


def test_no_byte_of_the_old_block_is_left_in_the_file_or_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "suppression.db"
    with Store.create(path) as store:
        store.suppress(others(200))
        (single,) = store.suppress(person()).request_ids
        bulk = store.suppress([person(kana="ヒョウホン"), *others(3000)]).request_ids
        store.lift(single, f"{NAME}様の申出")
        old = [row[9] for row in rows(store) if row[0] in (2, 3, 4)]
        assert len(old) == 3
        assert all(piece in path.read_bytes() for block in old for piece in list(pieces(block))[:3])
        for gone in (single, bulk[0]):
            store.purge(gone, "誤入力", force=True)
        files = [file.read_bytes() for file in tmp_path.iterdir() if file.is_file()]
        assert files
        assert [piece for block in old for piece in pieces(block) for file in files if piece in file] == []


def rows(store: Store) -> list[Any]:
    with store._log.read() as db:
        return list(db.stream(purge.statements.ALL_BLOCKS))


def of_servers_alone(by_hand: Any) -> None:
    if not hasattr(by_hand, "schema"):
        pytest.skip("of PostgreSQL alone")


def test_a_server_writes_the_table_anew(by_hand: Any) -> None:
    of_servers_alone(by_hand)
    where = "SELECT pg_relation_filepath('block')"
    with Store.create(by_hand.path) as store:
        (gone,) = store.suppress(person()).request_ids
        ((before,),), (old,) = by_hand.ask(where), rows(store)
        store.purge(gone, "誤入力", force=True)
    ((after,),) = by_hand.ask(where)
    assert after != before
    by_hand.do("CHECKPOINT")
    data = next(by_hand.server.folder.rglob(after.rpartition("/")[2])).read_bytes()
    assert [piece for piece in pieces(old[9]) if piece in data] == []


@pytest.mark.parametrize(
    ("begin", "asks", "why"),
    [
        ("BEGIN", "SELECT count(*) FROM block", "in use"),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1", "not ended"),
    ],
)
def test_a_purge_says_so_while_somebody_keeps_the_old_rows_and_erases_them_when_repeated(
    by_hand: Any, monkeypatch: pytest.MonkeyPatch, begin: str, asks: str, why: str
) -> None:
    of_servers_alone(by_hand)
    where = "SELECT pg_relation_filepath('block')"
    with Store.create(by_hand.path) as store:
        (gone,) = store.suppress(person()).request_ids
        (old,) = rows(store)
        monkeypatch.setattr(engine, "WAIT", 0.3)
        with closing(by_hand.connect()) as other:
            other.execute(begin)
            other.execute(asks)
            for _ in range(2):
                with pytest.raises(NotErasedError, match=why):
                    store.purge(gone, "誤入力", force=True)
            assert store.active_requests() == []
            assert store._log._db.execute("SHOW lock_timeout").fetchone() == ("0",)
        assert store.purge(gone, "誤入力") == store.revision == 2
        assert store.audit_verify() == 3
    ((after,),) = by_hand.ask(where)
    by_hand.do("CHECKPOINT")
    data = next(by_hand.server.folder.rglob(after.rpartition("/")[2])).read_bytes()
    assert [piece for piece in pieces(old[9]) if piece in data] == []


def test_a_reader_need_not_wait_for_a_purge_that_waits_for_another(
    by_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_servers_alone(by_hand)
    from optout.store.engine import erasing

    turn, begun = erasing._vacuumed, threading.Event()

    def told(*given: Any) -> bool:
        begun.set()
        return turn(*given)

    monkeypatch.setattr(erasing, "_vacuumed", told)
    with Store.create(by_hand.path) as store, closing(by_hand.connect()) as other:
        (gone,) = store.suppress(person()).request_ids
        kept = store.suppress(others()).request_ids
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM block")
        purging = threading.Thread(target=store.purge, args=(gone, "誤入力", True))
        purging.start()
        try:
            assert begun.wait(60)
            with Store.open(by_hand.path) as reader:
                assert reader.active_requests() == kept
            assert purging.is_alive()
        finally:
            other.execute("ROLLBACK")
            purging.join()
        assert store.active_requests() == kept


def test_whoever_may_not_rewrite_the_table_is_not_told_that_it_was(by_hand: Any) -> None:
    of_servers_alone(by_hand)
    with Store.create(by_hand.path, key=bytes(32)) as store:
        (gone,) = store.suppress(person()).request_ids
        store.purge(gone, "誤入力", force=True)
    role = f"clerk_{by_hand.schema}"
    by_hand.do(
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA {by_hand.schema} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {by_hand.schema} TO {role}",
    )
    address = by_hand.path.replace("optout@", f"{role}@")
    with Store.open(address, key=bytes(32)) as store, pytest.raises(NotErasedError, match="no permission"):
        store.purge(gone, "誤入力")


def test_a_server_lost_after_the_purge_leaves_it_recorded_and_says_what_is_not_done(
    by_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_servers_alone(by_hand)
    from optout.store.engine import erasing

    outwait = erasing._outwait_the_older

    def lost(db: Any, until: float) -> None:
        by_hand.do(f"SELECT pg_terminate_backend({db.info.backend_pid})")
        outwait(db, until)

    with Store.create(by_hand.path) as store:
        (gone,) = store.suppress(person()).request_ids
        with monkeypatch.context() as patch:
            patch.setattr(erasing, "_outwait_the_older", lost)
            with pytest.raises(NotErasedError):
                store.purge(gone, "誤入力", force=True)
        assert store.purge(gone, "誤入力") == store.revision == 2


def test_a_backup_of_a_purged_store_verifies(by_hand: Any, tmp_path: Path) -> None:
    with Store.create(by_hand.path) as store:
        (gone,) = store.suppress(person()).request_ids
        store.purge(gone, "誤入力", force=True)
        store.backup(tmp_path / "copy.db")
    with Store.restore(tmp_path / "copy.db", by_hand.another()) as again:
        assert again.audit_verify() == again.head.audit_n
        assert again.at(1).purged == (gone,)
        assert NAME not in unsealed(again)


@pytest.mark.parametrize(
    "edit", ["data = zeroblob(50)", "sha256 = zeroblob(32)", "dek_id = 99", "kind = 'lift'"]
)
def test_nothing_is_purged_out_of_a_block_that_is_not_what_was_written(by_hand: Any, edit: str) -> None:
    with Store.create(by_hand.path) as store:
        (gone,) = store.suppress(person(tenant="client-a")).request_ids
        revision, _ = store.entries()
        by_hand.free()
        by_hand.do(f"UPDATE block SET {edit} WHERE seq = 1")
        with pytest.raises(StoreDamagedError):
            store.purge(gone, "誤入力", force=True)
        assert store.revision == revision


class Cut(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["raise_format", "append", "_sealed_anew", "finish", "_commit", "scrub"])
def test_cut_off_at_any_step_the_purge_is_whole_or_was_not(
    path: Where, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with Store.create(path) as store:
        (gone,) = store.suppress(person()).request_ids
        owners: dict[str, Any] = {"_sealed_anew": purge, "_commit": store._log, "scrub": store._log}
        owner = owners.get(step, Commit)
        original = getattr(owner, step)

        def cut(*given: Any, **named: Any) -> Any:
            original(*given, **named)
            raise Cut

        with monkeypatch.context() as patch:
            patch.setattr(owner, step, cut)
            with pytest.raises(Cut):
                store.purge(gone, "誤入力", force=True)
    with Store.open(path) as again:
        done = again.revision == 2
        assert done == (step in ("_commit", "scrub"))
        assert again.is_active(gone) is not done
        assert (NAME in unsealed(again)) is not done
        assert again.audit_verify() == again.head.audit_n
        again.purge(gone, "誤入力", force=True)
        assert NAME not in unsealed(again)


_PURGES = """
import json, sys
from optout.store import Store
store = Store.open(sys.argv[1])
for gone in json.loads(sys.argv[2]):
    store.purge(gone, "reason", force=True)
    print(gone, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_while_it_purges_nobody_else_is_lost(path: Where, apart: Any) -> None:
    with Store.create(path) as store:
        gone = store.suppress([person(kana=f"カナ{n}") for n in range(40)]).request_ids
        kept = store.suppress(others(20)).request_ids
    said: set[str] = set()
    for turn in range(3):
        left = json.dumps([each for each in gone if each not in said])
        with apart(_PURGES, path, left) as child:
            said |= {child.stdout.readline().strip() for _ in range(2 + turn)}
            child.kill()
        with Store.open(path) as store:
            assert set(kept) <= set(store.active_requests())
            assert not said & set(store.active_requests())
            assert store.audit_verify() == store.head.audit_n


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what is kept aside lies, on both engines."""
    monkeypatch.setenv("OPTOUT_CACHE_DIR", str(tmp_path / "caches"))
    return tmp_path / "caches"


def keep(store: Store, sections: Iterator[bytes] = iter(())) -> bool:  # noqa: B008 - is empty
    with store._log.read() as db:
        at = store._head(db)
    return store.keep_aside(Label(at, "about", 0), sections)


def test_a_purge_killed_before_it_forgot_and_erased_is_finished_by_the_next(
    path: Where, aside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise Cut

    with Store.create(path) as store:
        (gone,) = store.suppress(person()).request_ids
        assert keep(store)
        with monkeypatch.context() as patch:
            patch.setattr(store, "forget", cut)
            with pytest.raises(Cut):
                store.purge(gone, "誤入力", force=True)
        assert len(list(aside.iterdir())) == 1
        at, scrubbed = store.head, []
        monkeypatch.setattr(store._log, "scrub", lambda _: scrubbed.append(list(aside.iterdir())))
        assert store.purge(gone, "誤入力") == at.revision
        assert scrubbed == [[]]
        assert store.head == at


@pytest.mark.parametrize("spoilt", [False, True])
def test_what_was_kept_aside_before_a_purge_is_removed_by_whoever_opens_the_store(
    path: Where, aside: Path, spoilt: bool
) -> None:
    with Store.create(path) as store, Store.open(path) as other:
        (gone,) = store.suppress(person()).request_ids
        assert keep(store)
        (file,) = aside.iterdir()
        before = file.read_bytes()[: 20 if spoilt else None]
        Store.open(path).close()
        assert file.exists()
        store.purge(gone, "誤入力", force=True)
        for again in (lambda: Store.open(path).close(), lambda: other.recall(lambda *_: None)):
            file.write_bytes(before)
            again()
            assert not file.exists()
        assert keep(store)
        Store.open(path).close()
        assert file.exists()


def test_nothing_is_kept_aside_that_was_purged_while_it_was_written(path: Where, aside: Path) -> None:
    with Store.create(path) as store, Store.open(path) as other:
        (gone,) = store.suppress(person()).request_ids

        def sections() -> Iterator[bytes]:
            other.purge(gone, "誤入力", force=True)
            yield b"a person"

        with store._log.read() as db:
            label = Label(store._head(db), "about", 1)
        store.keep_aside(label, sections())
        assert list(aside.iterdir()) == []


def test_a_purge_takes_away_what_a_killed_writer_left_half_written_aside(path: Where, aside: Path) -> None:
    with Store.create(path) as store:
        (gone,) = store.suppress(person()).request_ids
        assert keep(store)
        (file,) = aside.iterdir()
        file.with_name(f".{file.name}.0123abcd").write_bytes(file.read_bytes())
        store.purge(gone, "誤入力", force=True)
        assert list(aside.iterdir()) == []


@pytest.mark.parametrize("name", ["山田 太郎", "R-山田", "090-1234-5678"])
def test_a_name_given_for_a_request_id_is_not_repeated(store: Store, name: str) -> None:
    for ask in (store.purge, store.lift):
        with pytest.raises(UnknownRequestError) as caught:
            ask(name, "誤入力")
        assert name not in f"{caught.value} {caught.value!r} {vars(caught.value)}"
    with pytest.raises(UnknownRequestError, match="R-AAAAAAAAAAAAA-12 "):
        store.lift("R-AAAAAAAAAAAAA-12", "誤入力")
