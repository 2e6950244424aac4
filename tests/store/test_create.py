from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from optout.errors import (
    OptionError,
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreMissingError,
)
from optout.store import Request, Store, creation, layout


def left(path: Path) -> list[str]:
    """What is in the folder of a store, the lock file apart."""
    return sorted(entry.name for entry in path.parent.iterdir() if entry.name != f"{path.name}.lock")


def test_open_never_creates(path: Path) -> None:
    with pytest.raises(StoreMissingError):
        Store.open(path)
    assert left(path) == []


@pytest.mark.parametrize("content", [b"", b"precious"])
def test_create_never_overwrites(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreExistsError):
        Store.create(path)
    assert path.read_bytes() == content


def test_create_does_not_make_folders(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        Store.create(tmp_path / "missing" / "store.db")
    assert not (tmp_path / "missing").exists()


def test_two_creators_make_one_store(path: Path, monkeypatch: pytest.MonkeyPatch, key_folder: Path) -> None:
    def meanwhile(path: Path, *rest: object) -> None:
        monkeypatch.setattr(creation, "build", build)
        with Store.create(path, key=bytes(32)) as first:
            first.suppress(Request(phones="090-1234-5678"))
        build(path, *rest)  # type: ignore[arg-type]

    build = creation.build
    monkeypatch.setattr(creation, "build", meanwhile)
    with pytest.raises(StoreExistsError):
        Store.create(path)
    with Store.open(path, key=bytes(32)) as store:
        assert store.revision == 1
    assert list(key_folder.iterdir()) == []


@pytest.mark.parametrize("step", ["_first_rows", "_publish"])
def test_a_creation_that_fails_leaves_nothing(
    path: Path, key_folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(creation, step, fail)
    with pytest.raises(KeyboardInterrupt):
        Store.create(path)
    assert left(path) == ["keys"]
    assert list(key_folder.iterdir()) == []


_KILLED = """
import os, sys
from optout.store import Store, creation
creation.{step} = lambda *_: os._exit(9)
Store.create(sys.argv[1])
"""


@pytest.mark.parametrize("step", ["_first_rows", "_publish"])
def test_a_creation_that_is_killed_leaves_no_store_and_is_swept_up(path: Path, step: str) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED.format(step=step), str(path)], check=False)
    assert done.returncode == 9
    assert not path.exists()
    with Store.create(path) as store:
        assert store.revision == 0
    assert left(path) == ["keys", path.name]


def test_a_folder_without_hard_links_is_no_obstacle(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no hard links here")

    monkeypatch.setattr(creation.os, "link", refuse)
    with Store.create(path) as store:
        assert store.revision == 0
    with pytest.raises(StoreExistsError):
        Store.create(path)


@pytest.mark.parametrize("name", ["停止 リスト.db", "a%20b#c?.db"])
def test_a_store_may_have_any_name(tmp_path: Path, name: str) -> None:
    with Store.create(str(tmp_path / name)) as store:
        store.suppress(Request(phones="090-1234-5678"))
    with Store.open(str(tmp_path / name)) as store:
        assert store.revision == 1


def test_a_server_address_names_the_extra_it_needs() -> None:
    for make in (Store.create, Store.open):
        with pytest.raises(OptionError, match=r"optout\[postgres\]"):
            make("postgresql://localhost/suppression")


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, b"SQLite format 3\0" + bytes(5000)])
def test_what_is_no_store_is_called_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreDamagedError):
        Store.open(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_no_store(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE t(x)")
    other.commit()
    other.close()
    with pytest.raises(StoreDamagedError):
        Store.open(path)


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError):
        Store.open(tmp_path)


def test_a_newer_format_is_refused_with_a_next_step(path: Path) -> None:
    Store.create(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {layout.FORMAT + 1}")
    db.close()
    with pytest.raises(StoreError, match="Update optout"):
        Store.open(path)


def test_a_closed_store_says_so(path: Path) -> None:
    store = Store.create(path)
    store.close()
    store.close()
    calls: list[Callable[[], object]] = [lambda: store.revision, lambda: store.suppress(Request())]
    for call in calls:
        with pytest.raises(StoreError, match="closed"):
            call()
