"""Crash at every step of erasing and changing in holdings of every kind: no person is "done but still there".

    python benchmarks/crash_holdings.py                # all kinds; PostgreSQL where a server is installed
    python benchmarks/crash_holdings.py CSV XLSX --cuts 300
    python benchmarks/crash_holdings.py memory         # erase in a CSV of --megabytes, with the most memory it took

Prints a table and one JSON line a kind. Exit code 1 when anything is broken.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torture_record

COLUMNS: Final = ("calls", "points", "done anew", "found done", "done before", "told not done", "broken")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "kinds",
        nargs="*",
        default=["CSV", "Parquet", "Parquet (pandas)", "XLSX", "SQLite", "SQLite (WAL)", "PostgreSQL"],
    )
    parser.add_argument(
        "--cuts", type=int, default=60, help="power cuts a scenario, beside a crash after each call"
    )
    parser.add_argument("--stops", type=int, default=12, help="stops of the server a scenario")
    parser.add_argument("--megabytes", type=int, default=256)
    given = parser.parse_args()
    told = []
    for line in _told(given):
        told.append(line)
        print(json.dumps(line, ensure_ascii=False), flush=True)
    points = [line for line in told if "points" in line]
    if points:
        print(_table(points))
    return int(any(line.get("broken") for line in told))


def _told(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="optout-crash-") as folder:
        for kind in given.kinds:
            if kind == "memory":
                yield memory(Path(folder), given.megabytes)
            elif kind == "PostgreSQL":
                yield _on_server(given.stops)
            elif reason := torture_record.able():
                yield {"kind": kind, "skipped": reason}
            else:
                import crash_files

                yield crash_files.run(Path(folder), kind, given.cuts)


def _on_server(stops: int) -> dict[str, Any]:
    import crash_server

    with server() as running:
        return crash_server.run(running, stops)


@contextmanager
def server() -> Iterator[Any]:
    """A PostgreSQL server of our own."""
    path = Path(__file__).parents[1] / "tools" / "postgres_server.py"
    spec = importlib.util.spec_from_file_location("postgres_server", path)
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool
    spec.loader.exec_module(tool)
    with tool.running() as running:
        yield running


def memory(folder: Path, megabytes: int) -> dict[str, Any]:
    """Erase and blank in a CSV, in a process of its own: the most memory it took, beside that for a smaller file."""
    sizes = (megabytes // 4, megabytes)
    most = {size: _measured(folder / f"{size}.csv", size << 20) for size in sizes}
    broken = [f"{size} MB: failed" for size in sizes if not most[size]["ok"]]
    if most[sizes[1]]["MB"] > most[sizes[0]]["MB"] + megabytes // 4:
        broken.append("memory grows with the file")
    return {"kind": "memory of CSV", "by megabytes": most, "broken": broken}


def _measured(path: Path, size: int) -> dict[str, Any]:
    _write(path, size)
    began = time.perf_counter()
    # A process of its own, not a fork: threads of polars do not survive one.
    code = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}\n"
    code += f"import pathlib, crash_holdings\nsys.exit(crash_holdings.erased(pathlib.Path({str(path)!r})))"
    child = subprocess.Popen([sys.executable, "-c", code])
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    path.unlink()
    return {
        "MB": used.ru_maxrss >> 10,
        "seconds": round(time.perf_counter() - began, 1),
        "ok": status == 0,
    }


def _write(path: Path, size: int) -> None:
    lines = "".join(
        f"{n},見本 {n},03-1234-{n % 10_000:04},東京都新宿区西新宿3-2-{n % 90}\r\n" for n in range(20_000)
    ).encode("cp932")
    with path.open("wb") as file:
        file.write("番号,氏名,電話,住所\r\n".encode("cp932"))
        for _ in range(max(1, size // len(lines))):
            file.write(lines)


def erased(path: Path) -> int:
    """What the screen of a caller takes beside this is measured elsewhere."""
    from optout.holdings import Edits, opened

    held = opened(path)
    rows = 10_000 * (path.stat().st_size // 900_000)
    edits = Edits(range(0, rows, 97), {1: [1, 2]}, {3: {1: "改"}})
    done = held.change(edits, held.fingerprint(), lambda _: None, lambda _: None)
    return 0 if done.rows_erased else 1


def _table(told: list[dict[str, Any]]) -> str:
    lines = [f"{'kind':<18}" + "".join(f"{name:>15}" for name in COLUMNS)]
    sums = dict.fromkeys(COLUMNS, 0)
    for line in told:
        counts = {**line, "broken": len(line["broken"])}
        for name in COLUMNS:
            sums[name] += counts.get(name, 0)
        lines.append(f"{line['kind']:<18}" + "".join(f"{counts.get(name, 0):>15}" for name in COLUMNS))
    return "\n".join([*lines, f"{'all':<18}" + "".join(f"{sums[name]:>15}" for name in COLUMNS)])


if __name__ == "__main__":
    sys.exit(main())
