from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from optout.errors import StoreDamagedError, StoreError
from optout.store import Request, Store

KEY = bytes(range(32))
Where = Path | str


def fill(path: Where) -> None:
    with Store.create(path, key=KEY) as store:
        store.suppress([Request(name=f"見本 {n}", phones=f"090-1234-{n:04}") for n in range(300)])
        (single,) = store.suppress(Request(name="見本 花子", phones="03-1234-5678")).request_ids
        store.suppress(Request(name="見本 次郎", phones="03-1234-9999"))
        store.save_job("removal", "J-1", "planned", {"rows": [1]})
        store.lift(single, "本人の申出")


@pytest.fixture
def filled(by_hand: Any) -> Any:
    """A store with something of everything in it, seen from outside."""
    fill(by_hand.path)
    return by_hand


@pytest.fixture
def filled_file(file: Path) -> Path:
    fill(file)
    return file


def everything(path: Where) -> tuple[int, list[str], object]:
    with Store.open(path, key=KEY) as store:
        revision, entries = store.entries()
        store.audit_verify()
        return revision, entries["phones"].list.first().to_list(), store.load_job("J-1")


def test_no_flipped_bit_goes_unnoticed_or_changes_an_answer(filled_file: Path, tmp_path: Path) -> None:
    honest, content = everything(filled_file), filled_file.read_bytes()
    target, noticed = tmp_path / "flipped.db", 0
    for at in range(0, len(content), 127):
        target.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        try:
            assert everything(target) == honest
        except StoreError:
            noticed += 1
    assert noticed > 50


@pytest.mark.parametrize("at", [0, 11, 12, 40, -1])
def test_a_block_with_a_flipped_bit_and_a_fitting_checksum_is_called_damaged(filled: Any, at: int) -> None:
    filled.free()
    data = bytearray(filled.ask("SELECT data FROM block WHERE seq = 2")[0][0])
    data[at] ^= 1
    digest = hashlib.sha256(data).hexdigest()
    filled.do(f"UPDATE block SET data = x'{data.hex()}', sha256 = x'{digest}' WHERE seq = 2")
    with Store.open(filled.path, key=KEY) as store, pytest.raises(StoreDamagedError, match="block 2"):
        store.entries()


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_called_damaged(filled_file: Path, part: float) -> None:
    content = filled_file.read_bytes()
    filled_file.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(StoreDamagedError):
        everything(filled_file)


def test_zeroed_pages_are_called_damaged(filled_file: Path) -> None:
    content = filled_file.read_bytes()
    half = len(content) // 2 // 4096 * 4096
    filled_file.write_bytes(content[:half] + bytes(len(content) - half))
    with pytest.raises(StoreDamagedError):
        everything(filled_file)


@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM block WHERE seq = 2",
        "DELETE FROM block WHERE seq = (SELECT max(seq) FROM block)",
        "UPDATE block SET tenant = 'client-a' WHERE seq = 1",
        "UPDATE block SET rev = 9 WHERE seq = 2",
        "UPDATE block SET kind = 'add' WHERE kind = 'lift'",
        "UPDATE block SET data = (SELECT data FROM block WHERE seq = 3), "
        "sha256 = (SELECT sha256 FROM block WHERE seq = 3) WHERE seq = 2",
        "UPDATE block SET dek_id = 99 WHERE seq = 2",
        "UPDATE head SET rev = rev - 1, seq = seq - 1",
        "UPDATE head SET audit_hash = x'74657874'",
        "DELETE FROM head",
        "DELETE FROM dek WHERE purpose = 'mac'",
        "UPDATE dek SET wrapped = zeroblob(40) WHERE purpose = 'block'",
        "UPDATE audit SET actor = 'someone else' WHERE n = 2",
        "UPDATE audit SET ts = '2000-01-01' WHERE n = 3",
        "DELETE FROM audit WHERE n = 2",
        "UPDATE job SET state = 'done'",
        "UPDATE job SET payload = zeroblob(60)",
        "UPDATE meta SET value = 'x' WHERE key = 'salt'",
        "UPDATE meta SET value = '00' WHERE key = 'key_check'",
        "DELETE FROM meta WHERE key = 'store_id'",
        "DELETE FROM request_key",
        "UPDATE request_key SET rev = rev + 1 WHERE rev = 3",
        "DELETE FROM job",
    ],
)
def test_an_edit_by_hand_is_noticed(filled: Any, edit: str) -> None:
    filled.free()
    filled.do(edit)
    with pytest.raises(StoreDamagedError):
        everything(filled.path)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE block SET data = 'text' WHERE seq = 2",
        "UPDATE head SET audit_hash = 'text'",
        "UPDATE head SET rev = 3.5",
        "UPDATE block SET tenant = x'' WHERE seq = 2",
        "UPDATE block SET epoch = 'one' WHERE seq = 2",
        "UPDATE audit SET actor = x'78' WHERE n = 2",
        "UPDATE job SET state = CAST(state AS BLOB)",
        "UPDATE request_key SET rev = 'one' WHERE rev = 1",
        "UPDATE dek SET wrapped = 'text'",
    ],
)
def test_a_value_of_another_type_is_noticed(filled_file: Path, edit: str) -> None:
    with closing(sqlite3.connect(filled_file)) as db, db:
        db.execute("DROP TRIGGER block_no_update")
        db.execute("DROP TRIGGER audit_no_update")
        db.execute(edit)
    with pytest.raises(StoreDamagedError):
        everything(filled_file)


@pytest.mark.parametrize("table", ["block", "audit", "checkpoint"])
def test_the_database_itself_forbids_rewriting_history(filled: Any, table: str) -> None:
    filled.do("INSERT INTO checkpoint VALUES (1, 1, 1, x'00', 't', 'k', x'00', NULL)")
    for verb in (f"DELETE FROM {table}", f"UPDATE {table} SET epoch = epoch + 1000"):
        with pytest.raises(filled.refused, match="append-only"):
            filled.do(verb)


def test_damage_met_while_catching_up_changes_nothing_in_memory(filled: Any) -> None:
    with Store.open(filled.path, key=KEY) as store:
        before = store.entries()[1]
        store.suppress(Request(phones="090-1234-7777"))
        filled.free()
        filled.do("UPDATE block SET data = zeroblob(100) WHERE seq = (SELECT max(seq) FROM block)")
        for _ in range(2):
            with pytest.raises(StoreDamagedError):
                store.entries()
        assert store._view.active.equals(before)


def test_who_was_lifted_and_asks_again_is_in_force_even_when_the_request_keys_are_lost(filled: Any) -> None:
    filled.do("DELETE FROM request_key")
    with Store.open(filled.path, key=KEY) as store:
        (again,) = store.suppress(Request(name="見本 花子", phones="03-1234-5678")).request_ids
        assert store.is_active(again)


def test_a_request_key_of_somebody_else_acknowledges_nothing(filled: Any) -> None:
    request = Request(name="見本 次郎", phones="03-1234-9999", tenant="client-a")
    with Store.open(filled.path, key=KEY) as store:
        store.suppress(request)
    filled.do("UPDATE request_key SET rev = 1 WHERE tenant = 'client-a'")
    with Store.open(filled.path, key=KEY) as store, pytest.raises(StoreDamagedError, match="request key"):
        store.suppress(request)


def test_a_lost_job_and_an_earlier_state_put_back_are_noticed(filled: Any) -> None:
    ((planned,),) = filled.ask("SELECT payload FROM job")
    with Store.open(filled.path, key=KEY) as store:
        store.save_job("removal", "J-1", "done", {"rows": [1]})
        filled.do(f"UPDATE job SET state = 'planned', payload = x'{planned.hex()}'")
        for ask in (lambda: store.load_job("J-1"), store.audit_verify):
            with pytest.raises(StoreDamagedError, match="a job"):
                ask()
        filled.do("DELETE FROM job")
        with pytest.raises(StoreDamagedError, match="a job"):
            store.load_job("J-1")
        assert store.load_job("J-2") is None
