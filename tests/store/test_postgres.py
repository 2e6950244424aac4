"""What only a server can do: be unsafe, be lost, be full of strangers, know a password."""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from optout.errors import (
    OptionError,
    OptoutError,
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreFailedError,
    StoreMissingError,
)
from optout.store import Request, Store, statements
from optout.store.commit import Commit

# In CI nothing is skipped: there it has to be installed.
psycopg = import_module("psycopg") if os.environ.get("CI") else pytest.importorskip("psycopg")
SECRET = "geheim-7391"  # a password, invented

pytestmark = pytest.mark.parametrize("by_hand", ["postgresql"], indirect=True)


@contextmanager
def setting(by_hand: Any, name: str, value: str) -> Iterator[None]:
    """A setting of the whole server."""
    with closing(psycopg.connect(by_hand.server.url(), autocommit=True)) as db:
        db.execute(f"ALTER SYSTEM SET {name} = {value}")
        db.execute("SELECT pg_reload_conf()")
        try:
            until(lambda: shown(by_hand, name) == value)
            yield
        finally:
            db.execute(f"ALTER SYSTEM RESET {name}")
            db.execute("SELECT pg_reload_conf()")
            until(lambda: shown(by_hand, name) != value)


def shown(by_hand: Any, name: str) -> str:
    return str(by_hand.ask(f"SHOW {name}")[0][0])


def until(true: Callable[[], bool]) -> None:
    """The server takes a setting over when it comes to it."""
    for _ in range(10_000):
        if true():
            return
    raise AssertionError("the server did not take the setting over")


def lose(by_hand: Any) -> None:
    """End every other session, as a network or an administrator would."""
    by_hand.ask(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'optout'"
    )


def test_a_missing_database_or_schema_is_never_made(by_hand: Any) -> None:
    for make in (Store.open, Store.create):
        with pytest.raises(StoreMissingError):
            make(by_hand.server.url("optout", database="nowhere"))
    with pytest.raises(StoreMissingError):
        Store.open(by_hand.path)
    assert not by_hand.is_there()
    assert by_hand.ask("SELECT count(*) FROM pg_database WHERE datname = 'nowhere'") == [(0,)]


def test_an_empty_schema_an_administrator_made_is_taken(by_hand: Any) -> None:
    by_hand.do(f"CREATE SCHEMA {by_hand.schema}")
    with pytest.raises(StoreDamagedError):
        Store.open(by_hand.path)
    with Store.create(by_hand.path) as store:
        assert store.revision == 0


@pytest.mark.parametrize(
    "what", ["TABLE {}.customer(id int)", "FUNCTION {}.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"]
)
def test_a_schema_of_others_is_left_alone(by_hand: Any, what: str) -> None:
    by_hand.do(f"CREATE SCHEMA {by_hand.schema}", f"CREATE {what.format(by_hand.schema)}")
    with pytest.raises(StoreExistsError):
        Store.create(by_hand.path)
    with pytest.raises(StoreDamagedError):
        Store.open(by_hand.path)


def test_several_stores_share_a_database(by_hand: Any) -> None:
    with Store.create(by_hand.path) as one, Store.create(by_hand.another()) as other:
        one.suppress(Request(phones="090-1234-5678"))
        assert (one.revision, other.revision) == (1, 0)
        assert one.store_id != other.store_id


def test_a_mapping_says_the_same_as_an_address(by_hand: Any) -> None:
    server = {"host": str(by_hand.server.folder), "dbname": "office", "user": "optout", "port": None}
    with Store.create({**server, "schema": by_hand.schema}) as store:
        store.suppress(Request(phones="090-1234-5678"))
    with Store.open({"url": by_hand.server.url(), "schema": by_hand.schema}) as store:
        assert store.revision == 1
    with Store.open(store.path) as store:
        assert store.revision == 1


@pytest.mark.parametrize(
    "wrong",
    [
        f"postgresql://optout:{SECRET} x@localhost/office",
        f"postgresql://[optout:{SECRET}/office",
        f"postgresql://optout:{SECRET}@localhost/office?nothing=1",
        f"postgresql://optout:{SECRET}@localhost/office?schema=pg_x",
        f"postgresql://optout:{SECRET}@localhost/office?schema=A%22;",
        {"password": SECRET, "nothing": 1},
        {"password": SECRET, "schema": "x" * 64},
        Path(f"postgresql://optout:{SECRET}@localhost/office"),
    ],
)
def test_an_address_that_cannot_be_is_refused_and_not_repeated(by_hand: Any, wrong: Any) -> None:
    for make in (Store.open, Store.create):
        with pytest.raises(OptionError) as refused:
            make(wrong)
        assert SECRET not in told(refused.value)


def told(error: BaseException) -> str:
    """All that whoever logs an error could log."""
    shown = f"{error!r} {error} {error.args} {vars(error)}"
    return shown + "".join(traceback.format_exception(error)) + repr(pickle.loads(pickle.dumps(error)))


def with_password(by_hand: Any) -> str:
    return str(by_hand.path).replace("optout@", f"optout:{SECRET}@")


def test_a_password_is_nowhere_to_be_seen(by_hand: Any, key_folder: Path) -> None:
    address = with_password(by_hand)
    with pytest.raises(StoreMissingError) as missing:
        Store.open(address)
    with Store.create(address) as store:
        store.suppress(Request(phones="090-1234-5678"))
        assert SECRET not in f"{store!r} {store.path} {store._log.name} {store._log._address!r}"
        with pytest.raises(StoreExistsError) as exists:
            Store.create(address)
        lose(by_hand)
        by_hand.free()
        by_hand.do("DELETE FROM head")
        with pytest.raises(StoreDamagedError) as damaged:
            store.entries()
    with pytest.raises(StoreError) as unreachable:
        Store.open(address.replace(str(by_hand.server.folder), "/nowhere"))
    for error in (missing, exists, damaged, unreachable):
        assert SECRET not in told(error.value)
    kept = [*by_hand.kept(), *key_folder.iterdir()]
    assert not [file for file in kept if SECRET.encode() in file.read_bytes()]


def test_a_server_that_repeats_a_password_is_not_quoted(by_hand: Any) -> None:
    address = by_hand.path.replace("optout@", "office:office@").replace("/office?", "/nowhere?")
    with pytest.raises(StoreError) as refused:
        Store.open(address)
    assert 'role "office"' not in told(refused.value)


@pytest.mark.parametrize(("name", "value"), [("fsync", "off"), ("full_page_writes", "off")])
def test_a_server_that_may_lose_what_it_acknowledged_is_refused(by_hand: Any, name: str, value: str) -> None:
    Store.create(by_hand.path).close()
    other = by_hand.another()
    with setting(by_hand, name, value):
        with pytest.raises(StoreError, match=f"{name} = {value}"):
            Store.open(by_hand.path)
        with pytest.raises(StoreError, match=f"{name} = {value}"):
            Store.create(other)
    with Store.open(by_hand.path) as store:
        assert store.revision == 0


def test_a_commit_waits_for_the_disk_whatever_the_user_is_set_to(by_hand: Any) -> None:
    with Store.create(by_hand.path + "&options=-c%20synchronous_commit%3Doff") as store:
        with store._log.write() as db:
            assert db.execute("SHOW synchronous_commit").fetchone() == ("on",)
            assert db.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
        with store._log.read() as db:
            assert db.execute("SHOW transaction_isolation").fetchone() == ("repeatable read",)
            assert db.execute("SHOW transaction_read_only").fetchone() == ("on",)
    more = by_hand.path + "&options=-c%20synchronous_commit%3Dremote_apply"
    with Store.open(more) as store, store._log.write() as db:
        assert db.execute("SHOW synchronous_commit").fetchone() == ("remote_apply",)


def test_a_table_a_crash_would_empty_is_noticed(by_hand: Any) -> None:
    Store.create(by_hand.path).close()
    by_hand.do("ALTER TABLE request_key SET UNLOGGED")
    with pytest.raises(StoreDamagedError, match="UNLOGGED"):
        Store.open(by_hand.path)


def test_no_row_can_be_emptied_out_of_history(by_hand: Any) -> None:
    Store.create(by_hand.path).close()
    with pytest.raises(by_hand.refused, match="append-only"):
        by_hand.do("TRUNCATE audit")


def test_a_session_cut_off_while_idle_is_made_anew(by_hand: Any) -> None:
    with Store.create(by_hand.path) as store:
        lose(by_hand)
        first = store.suppress(Request(phones="090-1234-5678"))
        lose(by_hand)
        assert store.active_requests() == first.request_ids
        assert store.suppress(Request(phones="03-1234-5678")).revision == 2


def test_a_session_lost_while_writing_records_nothing_and_stops_writing_until_reopened(
    by_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.create(by_hand.path) as store:
        kept = store.suppress(Request(phones="090-1234-5678")).request_ids
        with monkeypatch.context() as patch:
            patch.setattr(Commit, "remember", lambda *_: lose(by_hand))
            with pytest.raises(StoreFailedError, match=r"lost|57P01"):
                store.suppress(Request(phones="03-1234-5678"))
        with pytest.raises(StoreFailedError):
            store.suppress(Request(phones="03-1234-5678"))
        assert store.active_requests() == kept
    with Store.open(by_hand.path) as again:
        assert again.suppress(Request(phones="03-1234-5678")).revision == 2
        assert again.audit_verify() == 3


def test_a_session_lost_while_it_commits_leaves_it_open_whether_it_did(
    by_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = Commit.finish

    def lost(self: Commit, *given: Any) -> Any:
        head = finish(self, *given)
        lose(by_hand)
        return head

    with Store.create(by_hand.path) as store:
        with monkeypatch.context() as patch:
            patch.setattr(Commit, "finish", lost)
            with pytest.raises(StoreFailedError, match="not known: repeat the call"):
                store.suppress(Request(phones="090-1234-5678"))
        with pytest.raises(StoreFailedError):
            store.suppress(Request(phones="090-1234-5678"))
    with Store.open(by_hand.path) as again:
        assert again.suppress(Request(phones="090-1234-5678")).revision == 1


def test_a_commit_the_server_answers_by_rolling_back_is_no_commit(by_hand: Any) -> None:
    def fail_and_go_on(store: Store) -> None:
        with store._log.write() as db, suppress(psycopg.Error):
            db.execute("SELECT 1 / 0")

    with Store.create(by_hand.path) as store, pytest.raises(StoreFailedError, match="rolled"):
        fail_and_go_on(store)


def test_a_commit_of_nothing_is_no_commit(by_hand: Any) -> None:
    def end_it(store: Store) -> None:
        with store._log.write() as db:
            db.execute("ROLLBACK")

    with Store.create(by_hand.path) as store, pytest.raises(StoreFailedError, match="ended before"):
        end_it(store)


def test_a_statement_holds_no_sign_that_an_engine_reads_otherwise(by_hand: Any) -> None:
    texts = [text for name, text in vars(statements).items() if name.isupper() and isinstance(text, str)]
    assert len(texts) > 15
    assert [text for text in texts if "%" in text or "'?'" in text or '"' in text] == []


def test_a_text_a_server_cannot_keep_is_refused_and_harms_nothing(by_hand: Any) -> None:
    with Store.create(by_hand.path) as store:
        with pytest.raises(OptionError, match="NUL"):
            store.suppress(Request(phones="090-1234-5678", tenant="a\0b"))
        assert store.suppress(Request(phones="090-1234-5678", name="a\0b")).revision == 1


def test_a_user_with_few_rights_can_work(by_hand: Any) -> None:
    Store.create(by_hand.path, key=bytes(32)).close()
    role = f"clerk_{by_hand.schema}"
    by_hand.do(
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA {by_hand.schema} TO {role}",
        f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {by_hand.schema} TO {role}",
        f"GRANT UPDATE ON head, dek, job TO {role}",
    )
    address = by_hand.path.replace("optout@", f"{role}@")
    with Store.open(address, key=bytes(32)) as store:
        (request_id,) = store.suppress(Request(phones="090-1234-5678")).request_ids
        store.save_job("removal", "J-1", "planned", {})
        store.save_job("removal", "J-1", "done", {})
        assert store.lift(request_id, "本人の申出") == 2
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        closing(psycopg.connect(address_of(address))) as db,
    ):
        db.execute(f"DELETE FROM {by_hand.schema}.block")


def address_of(address: str) -> str:
    return address.partition("&schema=")[0]


def test_a_user_without_rights_is_told_so(by_hand: Any) -> None:
    Store.create(by_hand.path, key=bytes(32)).close()
    role = f"stranger_{by_hand.schema}"
    by_hand.do(f"CREATE ROLE {role} LOGIN")
    with pytest.raises(StoreError, match="no rights"):
        Store.open(by_hand.path.replace("optout@", f"{role}@"), key=bytes(32))
    with pytest.raises(StoreError, match="no permission"):
        Store.create(by_hand.another().replace("optout@", f"{role}@"), key=bytes(32))


_WRITES = """
import sys
from optout.store import Request, Store
store = Store.open(sys.argv[1], key=bytes(32))
for n in range(10_000):
    print(store.suppress(Request(phones=f"090-1234-{n:04}")).revision, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_nothing_acknowledged_is_lost_when_the_server_dies(by_hand: Any, apart: Any) -> None:
    Store.create(by_hand.path, key=bytes(32)).close()
    with apart(_WRITES, by_hand.path) as writer:
        last = [int(writer.stdout.readline()) for _ in range(20)][-1]
        by_hand.server.stop("immediate")
        rest = [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        last = max([last, *map(int, rest)])
        by_hand.server.start()
    with Store.open(by_hand.path, key=bytes(32)) as store:
        assert store.revision in (last, last + 1)
        assert store.audit_verify() == store.revision + 1


def test_every_error_of_a_server_is_one_of_ours(by_hand: Any) -> None:
    with Store.create(by_hand.path) as store:
        by_hand.do("DROP TABLE job")
        with pytest.raises(StoreDamagedError):
            store.load_job("J-1")
        with pytest.raises(OptoutError):
            store.save_job("removal", "J-1", "planned", {})
