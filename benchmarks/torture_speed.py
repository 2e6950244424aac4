"""What the store costs beside the least any program would have to do, both sides in turns in one process.

Bounds: a bulk import of prepared entries takes at most 2 × writing the same frame as Parquet and encrypting it; one
opt-out, appended durably, at most 3 × a bare SQLite commit of as many bytes under the same pragmas, and at most 50 ms
from request to receipt; opening the list from the snapshot at most 3 × reading the same frame from plain Parquet.
"""

from __future__ import annotations

import io
import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import polars as pl
import torture_people
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from optout.store import Store, bulk

KEY: Final = bytes(range(32))
BOUNDS: Final = {"import": 2.0, "append": 3.0, "open": 3.0}
SUPPRESS_MS: Final = 50.0
BLOB: Final = 1_500  # bytes that one sealed request takes in its tables
PRAGMAS: Final = (
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
)

Side = Callable[[], float]


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


def _turns(repeats: int, **sides: Side) -> dict[str, float]:
    """Best seconds of each side; they take turns, so that a slow moment of the machine hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            seconds[name].append(side())
    return {name: min(each) for name, each in seconds.items()}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


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

    def floor() -> float:
        return _timed(lambda: _sealed_parquet(prepared, folder / "floor.bin"))

    def product(work: Callable[[Store], object]) -> float:
        _away(folder / "import.db")
        with Store.create(folder / "import.db", key=KEY) as store:
            return _timed(lambda: work(store))

    best = _turns(
        repeats,
        floor=floor,
        prepared=lambda: product(lambda store: store._suppress_many(given)),
        frame=lambda: product(lambda store: store.suppress(listed)),
    )
    return {
        "import": round(best["prepared"] / best["floor"], 2),
        "import_s": round(best["prepared"], 2),
        "import_floor_s": round(best["floor"], 2),
        "import_of_a_list": round(best["frame"] / best["floor"], 2),
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
            took["bare"].append(_timed(lambda: _bare_commit(bare, blob)))
            took["suppress"].append(_timed(lambda request=request: store.suppress(request)))  # type: ignore[misc]
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
    """From the file to the frame of entries in force, and from a Parquet file of the same frame."""
    path, plain = folder / "open.db", folder / "open.parquet"
    _away(path)
    with Store.create(path, key=KEY) as store:
        store.suppress(torture_people.frame(rows, rng_seed))
        store.entries()[1].write_parquet(plain, compression="zstd", compression_level=1)

    def opened() -> object:
        with Store.open(path, key=KEY) as store:
            return store.entries()

    best = _turns(repeats, plain=lambda: _timed(lambda: pl.read_parquet(plain)), store=lambda: _timed(opened))
    return {
        "open": round(best["store"] / best["plain"], 2),
        "open_s": round(best["store"], 2),
        "open_floor_s": round(best["plain"], 2),
    }


def _away(*paths: Path) -> None:
    for path in paths:
        for name in (path, Path(f"{path}-journal"), Path(f"{path}.lock")):
            name.unlink(missing_ok=True)
