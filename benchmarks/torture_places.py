"""New stores on either engine: a file in a folder of its own, or a schema of its own on a PostgreSQL server."""

from __future__ import annotations

import importlib.util
import multiprocessing
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from torture_work import KEY, Key, at_home

from optout.store import Store

_BUSY: Final = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()"
)
# What is imported in time of need, so that no process has to.
_LATE: Final = (
    *("optout.store.bulk", "optout.atlas", "filelock", "psycopg", "optout.store.engine.postgres"),
    *("numpy.ma", "encodings.euc_jp"),
)
_TOOL: Final = Path(__file__).parents[1] / "tools" / "postgres_server.py"


class Places:
    """Makes stores and takes them away again.

    Attributes:
        engine: "sqlite" or "postgresql".
        server: A running `postgres_server.Server`; None = SQLite.
    """

    def __init__(self, folder: Path, server: Any = None) -> None:
        self.folder, self.server = folder, server
        self.engine = "postgresql" if server else "sqlite"

    def new(self, key: Key = KEY) -> tuple[str, Path]:
        """Where a new, empty store is, and a folder for what belongs to it; None = its key lies there too."""
        home = self.folder / f"torture_{secrets.token_hex(6)}"
        home.mkdir()
        place = self.server.url(home.name) if self.server else str(home / "s.db")
        with at_home(home):
            Store.create(place, key=key).close()
        return place, home

    def away(self, home: Path) -> None:
        """Remove a store and its folder."""
        if self.server:
            self._tell(f"DROP SCHEMA {home.name} CASCADE")
        shutil.rmtree(home)

    def settle(self) -> None:
        """Wait for what a server still does for clients that are dead: a commit they had asked for may yet come."""
        until = time.monotonic() + 30
        while self.server and self._tell(_BUSY) != [(0,)]:
            if time.monotonic() > until:
                raise TimeoutError("the server still works for a dead client")
            time.sleep(0.002)

    def _tell(self, statement: str) -> list[Any]:
        import psycopg

        with closing(psycopg.connect(self.server.url(), autocommit=True)) as db:
            done = db.execute(statement)  # type: ignore[arg-type, unused-ignore]
            return done.fetchall() if done.description else []


def processes() -> Any:
    """A server that has everything imported and forks in milliseconds; spawning works too, slowly."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torture_kills", "torture_together", *_LATE])
    return context


@contextmanager
def postgres() -> Iterator[Any]:
    """A running PostgreSQL server of our own; a text saying why there is none."""
    tool = _tool()
    try:
        tool.binaries()
        importlib.import_module("psycopg")
    except (tool.MissingServerError, ImportError) as missing:
        yield str(missing)
        return
    with tool.running() as server:
        yield server


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("postgres_server", _TOOL)
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool
    spec.loader.exec_module(tool)
    return tool
