"""A PostgreSQL server of its own, in a temporary folder on a socket nobody else sees, for as long as a block runs.

    python tools/postgres_server.py python -m pytest tests/store     # OPTOUT_TEST_SERVER names it meanwhile

The tests start one a process. initdb refuses root: then it runs as the user postgres, or nobody.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

NAMED: Final = (
    "OPTOUT_POSTGRES_BIN"  # the folder of initdb and pg_ctl, where they are found in none of the usual ones
)
DATABASE: Final = "office"
_USUAL: Final = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
_NEEDED: Final = ("initdb", "pg_ctl", "postgres")
# Durable as shipped (fsync, full_page_writes); small, for there is one of it in every worker.
_SETTINGS: Final = (
    *("-c", "listen_addresses=", "-c", "shared_buffers=16MB", "-c", "max_connections=60"),
    *("-c", "max_wal_size=256MB", "-c", "log_min_messages=warning", "-c", "log_min_error_statement=panic"),
)


class MissingServerError(Exception):
    """No PostgreSQL server is installed here."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        folder: Its data, socket and log.
        binaries: Where its programs are.
    """

    folder: Path
    binaries: Path

    @property
    def data(self) -> Path:
        """The cluster: every byte it keeps."""
        return self.folder / "data"

    def url(self, schema: str | None = None, database: str = DATABASE) -> str:
        """The address of a database, or of a schema in it."""
        place = f"postgresql://optout@/{database}?host={self.folder}"
        return f"{place}&schema={schema}" if schema else place

    def stop(self, mode: str = "fast") -> None:
        """fast, or immediate: no goodbye to anybody, recovery at the next start. By the pid in its own folder."""
        self._run("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w")

    def start(self, *settings: str) -> None:
        """Start it, and wait until it answers."""
        options = " ".join(("-k", f"'{self.folder}'", *(f"'{each}'" for each in (*_SETTINGS, *settings))))
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-D", str(self.data), "-w", "-t", "60", "-l", log, "-o", options)

    @property
    def is_running(self) -> bool:
        """Whether there is a process for this folder."""
        return (self.data / "postmaster.pid").exists()

    def initialise(self) -> None:
        """A new cluster with one database."""
        usual = (
            "-U",
            "optout",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        )
        self._run("initdb", "-D", str(self.data), *usual)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        # Into a file: the server keeps whatever it inherits open.
        with (self.folder / "told").open("ab") as told:
            streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": told, "stderr": told}
            environment = {**os.environ, "LC_ALL": "C"}
            subprocess.run(
                command, check=True, cwd=self.folder, env=environment, **streams, **_unprivileged()
            )


def _unprivileged() -> dict[str, Any]:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd

    known = {each.pw_name: each for each in pwd.getpwall()}
    who = known.get("postgres") or known["nobody"]
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def binaries() -> Path:
    """The folder of the newest server installed here; MissingServerError when there is none."""
    named = [Path(os.environ[NAMED])] if os.environ.get(NAMED) else []
    usual = [folder for pattern in _USUAL for folder in Path("/").glob(pattern.removeprefix("/"))]
    usual.sort(
        key=lambda folder: [
            int(part) for part in "".join(c if c.isdigit() else " " for c in str(folder)).split()
        ]
    )
    on_path = shutil.which("initdb")
    places = [*named, *reversed(usual), *([Path(on_path).resolve().parent] if on_path else [])]
    for place in places:
        if all((place / program).exists() for program in _NEEDED):
            return place
    raise MissingServerError(
        f"no PostgreSQL server is installed ({', '.join(_NEEDED)}); on Debian: apt-get install postgresql"
    )


@contextmanager
def running() -> Iterator[Server]:
    """A server that ends with the block, and its folder with it."""
    found = binaries()
    folder = Path(tempfile.mkdtemp(prefix="optout-pg-"))
    server = Server(folder, found)
    try:
        who = _unprivileged()
        if who:
            os.chown(folder, who["user"], who["group"])
        server.initialise()
        server.start()
        try:
            server._run(
                "psql",
                "-q",
                "-h",
                str(folder),
                "-U",
                "optout",
                "-c",
                f"CREATE DATABASE {DATABASE}",
                "postgres",
            )
            yield server
        finally:
            if server.is_running:
                server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str], run: Callable[..., Any] = subprocess.run) -> int:
    """Run a command while a server runs."""
    with running() as server:
        return int(
            run(command, env={**os.environ, "OPTOUT_TEST_SERVER": server.url()}, check=False).returncode
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
