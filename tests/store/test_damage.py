from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from optout.errors import StoreDamagedError, StoreError
from optout.store import Request, Store

KEY = bytes(range(32))


@pytest.fixture
def filled(path: Path) -> Path:
    with Store.create(path, key=KEY) as store:
        store.suppress([Request(name=f"見本 {n}", phones=f"090-1234-{n:04}") for n in range(300)])
        (single,) = store.suppress(Request(name="見本 花子", phones="03-1234-5678")).request_ids
        store.suppress(Request(name="見本 次郎", phones="03-1234-9999"))
        store.save_job("removal", "J-1", "planned", {"rows": [1]})
        store.lift(single, "本人の申出")
    return path


def everything(path: Path) -> tuple[int, list[str], object]:
    with Store.open(path, key=KEY) as store:
        revision, entries = store.entries()
        store.audit_verify()
        return revision, entries["phones"].list.first().to_list(), store.load_job("J-1")


def sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


def free(path: Path) -> None:
    """Drop the triggers, as whoever edits the file by hand would."""
    sql(
        path,
        *(f"DROP TRIGGER {table}_no_{verb}" for table in ("block", "audit") for verb in ("update", "delete")),
    )


def test_no_flipped_bit_goes_unnoticed_or_changes_an_answer(filled: Path, tmp_path: Path) -> None:
    honest, content = everything(filled), filled.read_bytes()
    target, noticed = tmp_path / "flipped.db", 0
    for at in range(0, len(content), 127):
        target.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        try:
            assert everything(target) == honest
        except StoreError:
            noticed += 1
    assert noticed > 50


@pytest.mark.parametrize("at", [0, 11, 12, 40, -1])
def test_a_block_with_a_flipped_bit_and_a_fitting_checksum_is_called_damaged(filled: Path, at: int) -> None:
    free(filled)
    with closing(sqlite3.connect(filled)) as db, db:
        data = bytearray(db.execute("SELECT data FROM block WHERE seq = 2").fetchone()[0])
        data[at] ^= 1
        digest = hashlib.sha256(data).digest()
        db.execute("UPDATE block SET data = ?, sha256 = ? WHERE seq = 2", (bytes(data), digest))
    with Store.open(filled, key=KEY) as store, pytest.raises(StoreDamagedError, match="block 2"):
        store.entries()


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_called_damaged(filled: Path, part: float) -> None:
    content = filled.read_bytes()
    filled.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(StoreDamagedError):
        everything(filled)


def test_zeroed_pages_are_called_damaged(filled: Path) -> None:
    content = filled.read_bytes()
    half = len(content) // 2 // 4096 * 4096
    filled.write_bytes(content[:half] + bytes(len(content) - half))
    with pytest.raises(StoreDamagedError):
        everything(filled)


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
        "UPDATE block SET data = 'text' WHERE seq = 2",
        "UPDATE block SET dek_id = 99 WHERE seq = 2",
        "UPDATE head SET rev = rev - 1, seq = seq - 1",
        "UPDATE head SET audit_hash = 'text'",
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
    ],
)
def test_an_edit_by_hand_is_noticed(filled: Path, edit: str) -> None:
    free(filled)
    sql(filled, edit)
    with pytest.raises(StoreDamagedError):
        everything(filled)


@pytest.mark.parametrize("table", ["block", "audit", "checkpoint"])
def test_the_file_itself_forbids_rewriting_history(filled: Path, table: str) -> None:
    sql(filled, "INSERT INTO checkpoint VALUES (1, 1, 1, x'00', 't', 'k', x'00', NULL)")
    for verb in (f"DELETE FROM {table}", f"UPDATE {table} SET rowid = rowid + 1000"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            sql(filled, verb)


def test_damage_met_while_catching_up_changes_nothing_in_memory(filled: Path) -> None:
    with Store.open(filled, key=KEY) as store:
        before = store.entries()[1]
        store.suppress(Request(phones="090-1234-7777"))
        free(filled)
        sql(filled, "UPDATE block SET data = zeroblob(100) WHERE seq = (SELECT max(seq) FROM block)")
        for _ in range(2):
            with pytest.raises(StoreDamagedError):
                store.entries()
        assert store._view.active.equals(before)
