from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from optout.errors import (
    OptionError,
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreMissingError,
)
from optout.store import Request, Store, creation, layout
from optout.store.engine import sqlite

Where = Path | str


def left(path: Path) -> list[str]:
    """What is in the folder of a store, the lock file apart."""
    return sorted(entry.name for entry in path.parent.iterdir() if entry.name != f"{path.name}.lock")


def test_open_never_creates(by_hand: Any, key_folder: Path) -> None:
    with pytest.raises(StoreMissingError):
        Store.open(by_hand.path)
    assert not by_hand.is_there()
    assert list(key_folder.parent.iterdir()) == []


def test_create_finds_a_store_and_leaves_it(path: Where, key_folder: Path) -> None:
    with Store.create(path) as store:
        kept = store.suppress(Request(phones="090-1234-5678")).request_ids
        with pytest.raises(StoreExistsError):
            Store.create(path)
        assert store.active_requests() == kept
    assert len(list(key_folder.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"precious"])
def test_create_never_overwrites(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(StoreExistsError):
        Store.create(file)
    assert file.read_bytes() == content


def test_create_does_not_make_folders(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        Store.create(tmp_path / "missing" / "store.db")
    assert not (tmp_path / "missing").exists()


def test_two_creators_make_one_store(path: Where, monkeypatch: pytest.MonkeyPatch, key_folder: Path) -> None:
    def meanwhile(*given: object) -> None:
        monkeypatch.setattr(creation, "build", build)
        with Store.create(path, key=bytes(32)) as first:
            first.suppress(Request(phones="090-1234-5678"))
        build(*given)  # type: ignore[arg-type]

    build = creation.build
    monkeypatch.setattr(creation, "build", meanwhile)
    with pytest.raises(StoreExistsError):
        Store.create(path)
    with Store.open(path, key=bytes(32)) as store:
        assert store.revision == 1
    assert list(key_folder.iterdir()) == []


def fail(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_creation_that_fails_leaves_nothing(
    by_hand: Any, key_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creation, "_first_rows", fail)
    with pytest.raises(KeyboardInterrupt):
        Store.create(by_hand.path)
    assert not by_hand.is_there()
    assert list(key_folder.iterdir()) == []


@pytest.mark.parametrize("step", [(creation, "_first_rows"), (sqlite, "publish")])
def test_a_creation_that_fails_leaves_no_file(
    file: Path, key_folder: Path, monkeypatch: pytest.MonkeyPatch, step: tuple[object, str]
) -> None:
    monkeypatch.setattr(*step, fail)
    with pytest.raises(KeyboardInterrupt):
        Store.create(file)
    assert left(file) == ["keys"]
    assert list(key_folder.iterdir()) == []


_KILLED = """
import os, sys
from optout.store import Store, creation
from optout.store.engine import sqlite
{step} = lambda *_: os._exit(9)
Store.create(sys.argv[1])
"""


def killed(apart: Any, path: Where, step: str = "creation._first_rows") -> int | None:
    with apart(_KILLED.format(step=step), path) as child:
        assert child.stdout.read() == ""
    return child.returncode


def test_a_creation_that_is_killed_leaves_no_store(by_hand: Any, apart: Any) -> None:
    assert killed(apart, by_hand.path) == 9
    assert not by_hand.is_there()
    with Store.create(by_hand.path) as store:
        assert store.revision == 0


@pytest.mark.parametrize("step", ["creation._first_rows", "sqlite.publish"])
def test_a_creation_of_a_file_that_is_killed_leaves_no_store_and_is_swept_up(
    file: Path, apart: Any, step: str
) -> None:
    assert killed(apart, file, step) == 9
    assert not file.exists()
    with Store.create(file) as store:
        assert store.revision == 0
    assert left(file) == ["keys", file.name]


def test_a_folder_without_hard_links_is_no_obstacle(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no hard links here")

    monkeypatch.setattr(sqlite.os, "link", refuse)
    with Store.create(file) as store:
        assert store.revision == 0
    with pytest.raises(StoreExistsError):
        Store.create(file)


@pytest.mark.parametrize("name", ["停止 リスト.db", "a%20b#c?.db"])
def test_a_store_may_have_any_name(tmp_path: Path, name: str) -> None:
    with Store.create(str(tmp_path / name)) as store:
        store.suppress(Request(phones="090-1234-5678"))
    with Store.open(str(tmp_path / name)) as store:
        assert store.revision == 1


def test_a_server_address_names_the_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("optout.store.engine.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for make in (Store.create, Store.open):
        with pytest.raises(OptionError, match=r"optout\[postgres\]"):
            make("postgresql://localhost/suppression")


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, b"SQLite format 3\0" + bytes(5000)])
def test_what_is_no_store_is_called_damaged(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(StoreDamagedError):
        Store.open(file)
    assert file.read_bytes() == content


def test_another_programs_database_is_no_store(file: Path) -> None:
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE t(x)")
    other.commit()
    other.close()
    with pytest.raises(StoreDamagedError):
        Store.open(file)


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError):
        Store.open(tmp_path)


def test_a_newer_format_is_refused_with_a_next_step(by_hand: Any) -> None:
    Store.create(by_hand.path).close()
    by_hand.set_format(layout.FORMAT + 1)
    with pytest.raises(StoreError, match="Update optout"):
        Store.open(by_hand.path)


def test_a_closed_store_says_so(path: Where) -> None:
    store = Store.create(path)
    store.close()
    store.close()
    calls: list[Callable[[], object]] = [lambda: store.revision, lambda: store.suppress(Request())]
    for call in calls:
        with pytest.raises(StoreError, match="closed"):
            call()


def killed_after_naming(path: Path, make: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hidden second name that is left."""
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "_remove", fail)
        with pytest.raises(KeyboardInterrupt):
            make()
    (second,) = path.parent.glob(f".{path.name}.creating-*")
    assert second.samefile(path)
    return second


def test_a_second_name_left_by_a_kill_goes_when_the_store_is_opened_or_made_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = killed_after_naming(file, lambda: Store.create(file, key=bytes(32)), monkeypatch)
    Store.open(file, key=bytes(32)).close()
    assert not second.exists()
    for make in (Store.create, Store.open(file, key=bytes(32)).backup):
        copy = file.with_name(f"{make.__name__}.db")
        second = killed_after_naming(copy, partial(make, copy), monkeypatch)
        with pytest.raises(StoreExistsError):
            make(copy)
        assert not second.exists()
        assert copy.exists()


def test_the_next_backup_removes_the_second_name_of_the_last(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.create(file) as store:
        monday, tuesday = file.with_name("monday.db"), file.with_name("tuesday.db")
        second = killed_after_naming(monday, lambda: store.backup(monday), monkeypatch)
        under_way = file.with_name(".wednesday.db.creating-0123abcd")
        under_way.write_bytes(b"of somebody else")
        with sqlite.turns(file.with_name("wednesday.db")):
            store.backup(tuesday)
        assert not second.exists()
        assert monday.exists()
        assert under_way.exists()


def test_the_next_backup_removes_what_was_left_of_one_that_is_gone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.create(file) as store:
        monday, tuesday = file.with_name("monday.db"), file.with_name("tuesday.db")
        second = killed_after_naming(monday, lambda: store.backup(monday), monkeypatch)
        monday.unlink()
        store.backup(tuesday)
        assert not second.exists()


def test_a_link_that_is_none_of_ours_stays(file: Path) -> None:
    Store.create(file).close()
    theirs = file.with_name(".suppression.db.creating-mine")
    theirs.hardlink_to(file)
    Store.open(file).close()
    assert theirs.exists()
