"""The audit against somebody outside: heads told to a file or a command, and what they show that the chain cannot."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from optout.errors import OptionError, StoreDamagedError, UnreadableFileError
from optout.store import Request, Store, sink

Where = Path | str
_READS = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read())"


def told(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def suppress(store: Store, number: int) -> None:
    store.suppress(Request(name="見本 一郎", phones=f"090-1234-{number:04}"))


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder / "heads.jsonl"


def test_a_file_is_told_every_head(path: Where, heads: Path) -> None:
    with Store.create(path, audit_sink=heads) as store:
        suppress(store, 1)
        suppress(store, 1)
        store.record("read", {})
        newest = store.head
    with Store.open(path, audit_sink=str(heads)) as store:
        suppress(store, 2)
        assert [each["audit_n"] for each in told(heads)] == [1, 2, 3, 4]
        assert [each["revision"] for each in told(heads)] == [0, 1, 1, 2]
        assert sink.heads(heads, store.store_id)[2] == newest
        assert store.audit_verify() == store.audit_verify(heads) == 4
    assert "見本" not in heads.read_text("utf-8")
    assert "0001" not in heads.read_text("utf-8")


@pytest.mark.parametrize("as_text", [True, False])
def test_a_command_reads_every_head(path: Where, heads: Path, as_text: bool) -> None:
    words = [sys.executable, "-c", _READS, str(heads)]
    text = "|" + " ".join(f'"{word}"' for word in words)
    with Store.create(path, audit_sink=text if as_text else words) as store:
        suppress(store, 1)
    assert [each["audit_n"] for each in told(heads)] == [1, 2]


def test_a_sink_that_fails_loses_no_commit_and_is_made_up_for(
    path: Where, heads: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heads.mkdir()  # nothing can be appended to a folder
    with Store.create(path, audit_sink=heads) as store:
        suppress(store, 1)
        assert store.audit_sink is not None
        assert (store.revision, store.audit_sink.unsent) == (1, 2)
        assert store.audit_sink.why
        assert "heads wait" in caplog.text
        assert "見本" not in caplog.text
        heads.rmdir()
        suppress(store, 2)
        assert (store.audit_sink.unsent, store.audit_sink.why) == (0, None)
    assert [each["audit_n"] for each in told(heads)] == [1, 2, 3]


def test_what_waits_is_told_when_the_store_is_closed(path: Where, heads: Path) -> None:
    heads.mkdir()
    with Store.create(path, audit_sink=heads) as store:
        suppress(store, 1)
        heads.rmdir()
    assert [each["audit_n"] for each in told(heads)] == [1, 2]


@pytest.mark.parametrize("ending", ["import sys; sys.exit(3)", "import sys; sys.stdin.close()"])
def test_a_command_that_fails_is_noticed(path: Where, ending: str) -> None:
    with Store.create(path, audit_sink=[sys.executable, "-c", ending]) as store:
        suppress(store, 1)
        assert store.revision == 1
        assert store.audit_sink is not None
        assert (store.audit_sink.unsent > 0) == ("exit" in ending)


def test_a_command_that_hangs_is_given_up(path: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "SECONDS", 0.2)
    hangs = "import threading; threading.Event().wait(20)"
    with Store.create(path, audit_sink=[sys.executable, "-c", hangs]) as store:
        assert store.audit_sink is not None
        assert store.audit_sink.unsent == 1


def test_a_line_cut_off_by_a_crash_spoils_no_other(path: Where, heads: Path) -> None:
    with Store.create(path, audit_sink=heads) as store:
        suppress(store, 1)
        heads.write_bytes(heads.read_bytes()[:-9])
        suppress(store, 2)
        assert [head.audit_n for head in sink.heads(heads, store.store_id)] == [1, 3]
        assert store.audit_verify(heads) == 3


@pytest.mark.parametrize("wrong", ["", "|", [], [1], " "])
def test_what_is_no_sink_is_refused_before_anything_is_made(path: Where, wrong: Any) -> None:
    with pytest.raises(OptionError):
        Store.create(path, audit_sink=wrong)
    with Store.create(path), pytest.raises(OptionError):
        Store.open(path, audit_sink=wrong)


def test_a_file_that_tells_of_another_store_is_no_witness(store: Store, heads: Path, by_hand: Any) -> None:
    with Store.create(by_hand.another(), audit_sink=heads):
        pass
    for file in (heads, heads.with_name("none")):
        with pytest.raises(UnreadableFileError):
            store.audit_verify(file)


def test_a_store_put_back_to_an_older_copy_is_found_out_by_whoever_knows_a_head(
    file: Path, heads: Path, tmp_path: Path
) -> None:
    with Store.create(file, audit_sink=heads) as store:
        suppress(store, 1)
    shutil.copy(file, tmp_path / "older.db")
    with Store.open(file) as store:
        suppress(store, 2)
        later = store.head
    shutil.copy(tmp_path / "older.db", file)
    with Store.open(file) as store:
        # All of it is true, as far as it goes: the chain alone cannot tell.
        assert store.audit_verify() == store.audit_verify(heads) == 2
        with pytest.raises(StoreDamagedError, match="ends with audit row 2"):
            store.audit_verify([later])
        suppress(store, 3)
        with pytest.raises(StoreDamagedError, match="audit row 3 is not the one"):
            store.audit_verify([later])


def test_the_file_of_the_sink_is_a_witness_unasked(file: Path, heads: Path, tmp_path: Path) -> None:
    with Store.create(file, audit_sink=heads) as store:
        suppress(store, 1)
        shutil.copy(file, tmp_path / "older.db")
        suppress(store, 2)
    shutil.copy(tmp_path / "older.db", file)
    with Store.open(file, audit_sink=heads) as store, pytest.raises(StoreDamagedError):
        store.audit_verify()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE audit SET actor = 'nobody' WHERE n = 2",
        "DELETE FROM audit WHERE n = 2",
        "UPDATE audit SET n = CASE n WHEN 2 THEN 103 ELSE 102 END WHERE n IN (2, 3)",
        "UPDATE audit SET ts = '2020-01-01T00:00:00.000+00:00' WHERE n = 3",
        "DELETE FROM audit WHERE n = 3",
    ],
)
def test_an_edit_a_deletion_and_a_reorder_are_found_without_a_witness(
    store: Store, by_hand: Any, edit: str
) -> None:
    suppress(store, 1)
    suppress(store, 2)
    by_hand.free()
    by_hand.do(edit, "UPDATE audit SET n = n - 100 WHERE n > 100")
    with pytest.raises(StoreDamagedError):
        store.audit_verify()
