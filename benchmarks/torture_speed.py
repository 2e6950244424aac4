"""What the store costs beside the least any program would have to do, both sides in turns.

Bounds: a bulk import of prepared entries takes at most 2 × writing the same frame as Parquet and encrypting it; one
opt-out, appended durably, at most 3 × a bare SQLite commit of as many bytes under the same pragmas, and at most 50 ms
from request to receipt; opening the list from the snapshot kept aside at most 3 × reading the same frame from plain
Parquet, in time and in CPU, each in a process of its own that has imported what it needs.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl
import torture_people
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from optout.screen import cache
from optout.screen.snapshot import snapshot
from optout.store import Store, bulk

KEY: Final = bytes(range(32))
BOUNDS: Final = {"import": 2.0, "append": 3.0, "open": 3.0, "open_cpu": 3.0}
SUPPRESS_MS: Final = 50.0
BLOB: Final = 1_500  # bytes that one sealed request takes in its tables
PRAGMAS: Final = (
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
)


class Took(NamedTuple):
    """Seconds, and seconds of the processors."""

    s: float
    cpu_s: float


Side = Callable[[], Took]

# What a new process is timed at; whatever is imported in time of need counts.
_CLOCKED: Final = """
import sys, time
import polars as pl
from optout.screen.snapshot import snapshot
from optout.store import Request, Store
given = sys.argv[1:]

def work():
{code}

began = time.perf_counter(), time.process_time()
kept = work()
print(time.perf_counter() - began[0], time.process_time() - began[1])
"""
_SNAPSHOT: Final = """
store = Store.open(given[0], key=bytes(range(32)))
return store, snapshot(store)
"""
_PLAIN: Final = "return [pl.read_parquet(path) for path in given]"
_SUPPRESS: Final = """
store = Store.open(given[0], key=bytes(range(32)))
return store.suppress(Request(name=f"見本 {time.time_ns()}", phones="090-1234-5678", source="fax"))
"""


def run(
    folder: Path, rows: int = 1_000_000, repeats: int = 3, rng_seed: int = 6, singles: int = 300
) -> dict[str, Any]:
    """Every ratio, the seconds or milliseconds behind it, and what was broken."""
    told: dict[str, Any] = {"rows": rows, "repeats": repeats}
    told |= _imports(folder, rows, repeats, rng_seed)
    told |= _appends(folder, singles)
    told |= _opens(folder, rows, repeats, rng_seed)
    broken = [f"{name} {told[name]} > {most}" for name, most in BOUNDS.items() if told[name] > most]
    if told["suppress_ms"] > SUPPRESS_MS:
        broken.append(f"suppress {told['suppress_ms']} ms > {SUPPRESS_MS} ms")
    return told | {"broken": broken}


def _turns(repeats: int, **sides: Side) -> dict[str, Took]:
    """Best times of each side; they take turns, so that a slow moment of the machine hits all of them."""
    took: dict[str, list[Took]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            took[name].append(side())
    return {
        name: Took(min(one.s for one in each), min(one.cpu_s for one in each)) for name, each in took.items()
    }


def _timed(work: Callable[[], object]) -> Took:
    began = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - began[0], time.process_time() - began[1])


def _timed_apart(code: str, *given: Path) -> Side:
    """The same in a new process each time."""

    def side() -> Took:
        arguments: list[str | Path] = [
            sys.executable,
            "-c",
            _CLOCKED.format(code=textwrap.indent(code, "    ")),
            *given,
        ]
        done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE)
        return Took(*map(float, done.stdout.split()))

    return side


def _written(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _imports(folder: Path, rows: int, repeats: int, rng_seed: int) -> dict[str, Any]:
    prepared = torture_people.entries(rows, rng_seed)
    listed = torture_people.frame(rows, rng_seed)
    given = bulk.Import(
        prepared.drop("request").with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")), rows
    )

    def floor() -> Took:
        return _timed(lambda: _sealed_parquet(prepared, folder / "floor.bin"))

    def product(work: Callable[[Store], object]) -> Took:
        _away(folder / "import.db")
        with Store.create(folder / "import.db", key=KEY) as store:
            return _timed(lambda: work(store))

    best = _turns(
        repeats,
        floor=floor,
        prepared=lambda: product(lambda store: store._suppress_many(given, None)),
        frame=lambda: product(lambda store: store.suppress(listed)),
    )
    named = {"import": best["prepared"], "import_of_a_list": best["frame"], "import_floor": best["floor"]}
    return (
        _ratio("import", named["import"], best["floor"])
        | _ratio("import_of_a_list", named["import_of_a_list"], best["floor"])
        | _seconds(named)
    )


def _ratio(name: str, ours: Took, floor: Took) -> dict[str, float]:
    return {name: round(ours.s / floor.s, 2), f"{name}_cpu": round(ours.cpu_s / floor.cpu_s, 2)}


def _seconds(best: dict[str, Took]) -> dict[str, float]:
    return {
        f"{name}_{unit}": round(value, 3)
        for name, took in best.items()
        for unit, value in took._asdict().items()
    }


def _sealed_parquet(entries: pl.DataFrame, path: Path) -> None:
    buffer = io.BytesIO()
    entries.write_parquet(buffer, compression="zstd", compression_level=1, statistics=False)
    nonce = os.urandom(12)
    _written(path, nonce + AESGCM(KEY).encrypt(nonce, buffer.getvalue(), b""))


def _appends(folder: Path, n: int) -> dict[str, Any]:
    """Medians: one fsync in a hundred takes ten times as long, on either side."""
    bare_path, blob = folder / "bare.db", os.urandom(BLOB)
    _away(bare_path, folder / "append.db")
    took: dict[str, list[float]] = {"bare": [], "suppress": []}
    with (
        closing(sqlite3.connect(bare_path, isolation_level=None)) as bare,
        Store.create(folder / "append.db", key=KEY) as store,
    ):
        for pragma in PRAGMAS:
            bare.execute(pragma)
        bare.execute("CREATE TABLE sealed(seq INTEGER PRIMARY KEY, data BLOB NOT NULL)")
        for number in range(n):
            request = torture_people.request(number)
            took["bare"].append(_timed(lambda: _bare_commit(bare, blob)).s)
            took["suppress"].append(_timed(lambda request=request: store.suppress(request)).s)  # type: ignore[misc]
    bare_ms, suppress_ms = (statistics.median(each) * 1e3 for each in took.values())
    return {
        "append": round(suppress_ms / bare_ms, 2),
        "suppress_ms": round(suppress_ms, 2),
        "suppress_worst_ms": round(max(took["suppress"]) * 1e3, 1),
        "bare_commit_ms": round(bare_ms, 2),
    }


def _bare_commit(db: sqlite3.Connection, blob: bytes) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO sealed(data) VALUES (?)", (blob,))
    db.execute("COMMIT")


def _opens(folder: Path, rows: int, repeats: int, rng_seed: int) -> dict[str, Any]:
    """From the sealed files to a list ready to be probed, and from Parquet files of the same entries.

    `open_whole` is beside all that the snapshot holds: those entries, split into columns, and their keys.
    """
    path, plain = folder / "open.db", folder / "plain"
    _away(path)
    shutil.rmtree(plain, ignore_errors=True)
    plain.mkdir()
    with Store.create(path, key=KEY) as store:
        store.suppress(torture_people.frame(rows, rng_seed))
        made = snapshot(store)
        # A short list is not kept aside; here it is.
        assert cache.save(store, made)
        _write(plain / "entries", store.entries()[1])
    lines = pl.concat([made.entries, made.raw], how="horizontal")
    for name, frame in {"lines": lines, **made.blocked.keys}.items():
        _write(plain / name, frame)
    whole = [file for file in plain.iterdir() if file.name != "entries"]
    best = _turns(
        repeats,
        open=_timed_apart(_SNAPSHOT, path),
        open_floor=_timed_apart(_PLAIN, plain / "entries"),
        open_whole_floor=_timed_apart(_PLAIN, *whole),
    )
    # What is recorded now is news to the snapshot.
    best |= _turns(repeats, first_suppress=_timed_apart(_SUPPRESS, path))
    best |= _turns(repeats, open_with_news=_timed_apart(_SNAPSHOT, path))
    return (
        _ratio("open", best["open"], best["open_floor"])
        | _ratio("open_whole", best["open"], best["open_whole_floor"])
        | _seconds(best)
    )


def _write(path: Path, frame: pl.DataFrame) -> None:
    frame.write_parquet(path, compression="zstd", compression_level=1)


def _away(*paths: Path) -> None:
    for path in paths:
        for name in (path, Path(f"{path}-journal"), Path(f"{path}.lock")):
            name.unlink(missing_ok=True)
