from __future__ import annotations

import copy
import multiprocessing
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeAlias

import polars as pl
import pytest

from optout.keys import Comparable, comparable
from optout.screen import judge
from optout.store import Request, Store
from optout.tables.gazetteer import Gazetteer

Where: TypeAlias = "Path | str"
FOREVER = ("block", "audit", "checkpoint", "place", "record")


@pytest.fixture(autouse=True)
def key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the key folder of whoever runs it."""
    folder = tmp_path / "keys"
    monkeypatch.setenv("OPTOUT_KEY_DIR", str(folder))
    monkeypatch.delenv("OPTOUT_KEY", raising=False)
    monkeypatch.delenv("OPTOUT_KEY_FILE", raising=False)
    return folder


@cache
def _parsed() -> dict[tuple[bytes, str | None], Comparable]:
    return {}


def read_once(raw: pl.DataFrame, gazetteer: Gazetteer | None = None) -> Comparable:
    known = _parsed()
    asked = raw.serialize(), gazetteer.digest if gazetteer else None
    if asked not in known:
        known[asked] = comparable(raw, gazetteer)
    return known[asked]


@pytest.fixture(autouse=True)
def cells_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a cell says depends on the cell and the places alone, and is no matter of the store.

    So the same cells, screened anew in another test or on the other engine, are read once.
    """
    monkeypatch.setattr(judge, "comparable", read_once)


_BEGINS = """
import os, sys
os.dup2(told.fileno(), 1)
told.close()
os.environ.clear()
os.environ.update(environ)
sys.argv = argv
sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
exec(code, {"__name__": "__main__"})
sys.stdout.flush()
"""


class Apart:
    """A Python program in a process of its own, what it prints read line by line; as much of Popen as is asked for.

    Forked off a process that has imported the store and done nothing else: to import it anew for every child takes
    most of the time of a test. Where nothing can be forked off, it is imported anew.
    """

    def __init__(self, code: str, *arguments: object) -> None:
        argv = ["-c", *map(str, arguments)]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["optout.store", "optout.store.engine.postgres"])
        ours, told = context.Pipe(duplex=False)
        given = {"code": code, "argv": argv, "environ": dict(os.environ), "told": told}
        self._process = context.Process(target=exec, args=(_BEGINS, given))
        self._process.start()
        told.close()
        self.stdout: IO[str] = os.fdopen(os.dup(ours.fileno()), encoding="utf-8")
        ours.close()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self._process.join()


@pytest.fixture(scope="session")
def apart() -> Callable[..., Any]:
    """Run a program in a process of its own: its text, and its arguments."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        return Apart

    def anew(code: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    return anew


class FileByHand:
    """What whoever has a SQLite file, and no optout, can see and do."""

    refused: type[Exception] = sqlite3.IntegrityError

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path: Where = folder / "suppression.db"

    def another(self) -> Where:
        """A place for one more store."""
        return self.folder / f"{secrets.token_hex(4)}.db"

    def at(self, place: Where) -> FileByHand:
        """The same for another store."""
        other = copy.copy(self)
        other.path = place
        return other

    def is_there(self) -> bool:
        """Whether there is anything at the place."""
        return Path(self.path).exists()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(query).fetchall()

    def do(self, *statements: str) -> None:
        """All of them, or none."""
        with closing(sqlite3.connect(self.path)) as db, db:
            for statement in statements:
                db.execute(statement)

    def free(self) -> None:
        """Drop the triggers, as whoever edits by hand would."""
        names = self.ask("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        self.do(*(f"DROP TRIGGER {name}" for (name,) in names))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Somebody else is in the middle of a commit."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")

    def format(self) -> int:
        return int(self.ask("PRAGMA user_version")[0][0])

    def set_format(self, version: int) -> None:
        self.do(f"PRAGMA user_version = {version}")

    def has(self, table: str) -> bool:
        return bool(self.ask(f"SELECT 1 FROM sqlite_master WHERE name = '{table}'"))

    def kept(self) -> Iterator[Path]:
        """Every file in which a byte of the store may stand."""
        yield from (file for file in self.folder.rglob("*") if file.is_file())


class SchemaByHand:
    """The same for a schema of a PostgreSQL server, with a user who may do anything."""

    def __init__(self, server: Any) -> None:
        import psycopg

        self.refused: type[Exception] = psycopg.errors.RestrictViolation
        self.server = server
        self.since = time.time() - 1
        self.schema = f"s{secrets.token_hex(6)}"
        self.path: Where = server.url(self.schema)

    def another(self) -> Where:
        return str(self.server.url(f"s{secrets.token_hex(6)}"))

    def at(self, place: Where) -> SchemaByHand:
        other = copy.copy(self)
        other.path, other.schema = place, str(place).rpartition("schema=")[2]
        return other

    def is_there(self) -> bool:
        return bool(self.ask(f"SELECT 1 FROM pg_namespace WHERE nspname = '{self.schema}'"))

    def connect(self) -> Any:
        import psycopg

        return psycopg.connect(self.server.url(), options=f"-c search_path={self.schema}", autocommit=True)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as db:
            return list(db.execute(query).fetchall())

    def do(self, *statements: str) -> None:
        with closing(self.connect()) as db, db.transaction():
            for statement in statements:
                db.execute(_spelt(statement))

    def free(self) -> None:
        for table in filter(self.has, FOREVER[3:]):
            self.do(f"DROP TRIGGER {table}_append_only ON {table}")
        self.do(*(f"DROP TRIGGER {table}_append_only ON {table}" for table in FOREVER[:3]))

    @contextmanager
    def writing(self) -> Iterator[None]:
        with closing(self.connect()) as db, db.transaction():
            db.execute("SELECT FROM head FOR UPDATE")
            yield

    def format(self) -> int:
        return int(self.ask("SELECT version FROM format")[0][0])

    def set_format(self, version: int) -> None:
        self.do(f"UPDATE format SET version = {version}")

    def has(self, table: str) -> bool:
        return self.ask(f"SELECT to_regclass('{table}')") != [(None,)]

    def kept(self) -> Iterator[Path]:
        """What the server wrote since this test began: tables, its log of changes, what it said."""
        self.do("CHECKPOINT")
        for file in list(self.server.folder.rglob("*")):
            with suppress(FileNotFoundError):  # a running server removes files
                if file.is_file() and file.stat().st_mtime >= self.since:
                    yield file


def _spelt(statement: str) -> str:
    """Bytes as PostgreSQL writes them."""
    statement = re.sub(r"zeroblob\(([0-9]+)\)", r"decode(repeat('00', \1), 'hex')", statement)
    return re.sub(r"x'([0-9a-f]*)'", r"'\\x\1'::bytea", statement)


@pytest.fixture(params=["sqlite", "postgresql"])
def by_hand(request: pytest.FixtureRequest, tmp_path: Path) -> FileByHand | SchemaByHand:
    """The store of a test seen from outside; every test that takes it, `path` or `store` runs on both engines."""
    if request.param == "sqlite":
        return FileByHand(tmp_path)
    return SchemaByHand(request.getfixturevalue("postgres"))


@pytest.fixture
def path(by_hand: FileByHand | SchemaByHand) -> Where:
    return by_hand.path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What only a file can be asked: its bytes, its folder, its journal."""
    return tmp_path / "suppression.db"


@pytest.fixture
def store(path: Where) -> Iterator[Store]:
    with Store.create(path, actor="tester", purpose="test") as made:
        yield made


@pytest.fixture
def person() -> Request:
    return Request(
        name="見本 一郎",
        kana="ミホン イチロウ",
        postal="160-0023",
        address="東京都新宿区西新宿3-2-1",
        phones=["03-1234-5678"],
        emails=["ichiro.mihon@example.com"],
        received="2026-04-01",
        source="fax",
    )
