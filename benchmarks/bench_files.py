"""Files of any size: reading CP932 beside UTF-8, erasing rows beside copying, memory of a long list beside a short.

    python benchmarks/bench_files.py --dir bench-data read --size-gb 1
    python benchmarks/bench_files.py --dir bench-data erase --size-mb 385 --rows 1000
    python benchmarks/bench_files.py --dir bench-data stream --rows 1000000 10000000

`read` reads every block of the same list in both encodings with optout, and with polars, UTF-8 only. `erase`
removes rows by byte range, and by row number (which must be found first), with everything that is verified,
beside a plain copy forced to disk. `stream` screens lists of two lengths against one store. Every run is a
process of its own, the kinds take turns; prints a table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure
import numpy as np
import polars as pl
from lists import requests, write_list
from people import people

KEY = bytes(range(32))
_COPY_BYTES = 16 << 20
_MADE_ROWS = 1_000_000


def _made(folder: Path, encoding: str, size: float) -> Path:
    """The usual list again and again until the file is that large; the header once."""
    path = folder / f"{encoding}-{round(size / 1e6)}mb.csv"
    if path.exists():
        return path
    part = folder / f"part-{encoding}.csv"
    if not part.exists():
        write_list(people(_MADE_ROWS, 1), part, encoding, rng_seed=4)
    header, _, rows = part.read_bytes().partition(b"\n")
    with path.open("wb") as file:
        file.write(header + b"\n")
        while file.tell() < size:
            rest = int(size) - file.tell()
            file.write(rows if rest >= len(rows) else rows[: rows.rfind(b"\n", 0, rest + 200) + 1])
    return path


def _twin(folder: Path, path: Path) -> Path:
    """The same list in UTF-8."""
    twin = folder / f"{path.stem}-as-utf8.csv"
    if not twin.exists():
        with (
            path.open(encoding="cp932", newline="") as old,
            twin.open("w", encoding="utf-8", newline="") as new,
        ):
            shutil.copyfileobj(old, new, _COPY_BYTES)
    return twin


def read(path: Path) -> int:
    """Every row of the list as text, block by block."""
    from optout.batch import open_batch

    return sum(block.frame.height for block in open_batch(path).blocks())


def read_with_polars(path: Path) -> int:
    """The same with polars alone, which must be told what the file is."""
    rows = 0
    for part in pl.scan_csv(path, infer_schema=False).collect_batches():
        rows += part.height
    return rows


def copy(path: Path, to: Path) -> int:
    """A plain copy, forced to disk as an erased list is."""
    shutil.copyfile(path, to)
    with to.open("rb+") as file:
        os.fsync(file.fileno())
    return to.stat().st_size


def erase(path: Path, rows: int) -> str:
    """Some rows of the file, spread over it, gone: found, copied around, forced to disk, read again."""
    from optout.batch.encoding import sha256
    from optout.holdings.files import erase_rows

    return erase_rows(path, _spread(path, rows), sha256(path), _accept).sha256_after


def erase_located(path: Path, rows: int) -> Callable[[], object]:
    """The same when a plan knows where the rows lie."""
    from optout.batch.delimited import DelimitedSource
    from optout.holdings.files import erase_ranges, locate

    source = DelimitedSource(path)
    ranges = locate(source, _spread(path, rows)).ranges
    return lambda: erase_ranges(path, ranges, str(source.sha256), _accept).sha256_after


def _spread(path: Path, rows: int) -> list[int]:
    spread: list[int] = np.linspace(0, _rows_of(path) - 1, rows, dtype=np.int64).tolist()
    return spread


def _accept(written: Path) -> None:
    del written


def _rows_of(path: Path) -> int:
    """Rows of a list without line ends inside cells, as the ones made here are."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_COPY_BYTES), b"")) - 1


def stream(folder: Path, rows: int) -> dict[str, int]:
    """A list of that many rows against a store of 10,000 requests, written out."""
    import optout

    with optout.Store.open(folder / "stream.db", key=KEY) as store:
        summary = optout.screen_file(folder / f"stream-{rows}.csv", store, folder / "stream-out")
    return {"keep": summary.keep, "withhold": summary.withhold, "review": summary.review}


def prepare(args: argparse.Namespace) -> None:
    """The files a kind of run needs, once for each folder."""
    folder: Path = args.dir
    folder.mkdir(parents=True, exist_ok=True)
    if args.kind == "read":
        _twin(folder, _made(folder, "cp932", args.size_gb * 1e9))
    elif args.kind == "erase":
        _made(folder, "cp932", args.size_mb * 1e6)
    else:
        _made_store(folder)
        part = _made(folder, "utf-8", 1e6)
        for rows in args.rows:
            _made_rows(folder, rows)
        part.unlink()


def _made_store(folder: Path) -> None:
    import optout

    path = folder / "stream.db"
    if not path.exists():
        asked, _ = requests(
            people(_MADE_ROWS, 1), 10_000, 2, share=0.5, strangers=people(10_000, 3, start=10**7)
        )
        with optout.Store.create(path, key=KEY) as store:
            store.suppress(asked)


def _made_rows(folder: Path, rows: int) -> None:
    path = folder / f"stream-{rows}.csv"
    if path.exists():
        return
    header, _, made = (folder / "part-utf-8.csv").read_bytes().partition(b"\n")
    with path.open("wb") as file:
        file.write(header + b"\n")
        for _ in range(rows // _MADE_ROWS):
            file.write(made)


def tasks(args: argparse.Namespace) -> list[str]:
    """What takes turns; the first is what the others are compared with."""
    if args.kind == "read":
        return ["utf8", "cp932", "polars_utf8"]
    return (
        ["copy", "erase_ranges", "erase_rows"] if args.kind == "erase" else [str(rows) for rows in args.rows]
    )


def run(args: argparse.Namespace, task: str) -> dict[str, Any]:
    """One task in this process; importing is no part of what is measured."""
    import optout  # noqa: F401

    folder: Path = args.dir
    if args.kind == "read":
        cp932 = _made(folder, "cp932", args.size_gb * 1e9)
        path = cp932 if task == "cp932" else _twin(folder, cp932)
        return measure.measured(lambda: read_with_polars(path) if task == "polars_utf8" else read(path))
    if args.kind == "erase":
        made, work = _made(folder, "cp932", args.size_mb * 1e6), folder / "erased.csv"
        copy(made, work)
        works: dict[str, Callable[[], Callable[[], object]]] = {
            "copy": lambda: lambda: copy(made, folder / "copied.csv"),
            "erase_ranges": lambda: erase_located(work, args.rows),
            "erase_rows": lambda: lambda: erase(work, args.rows),
        }
        return measure.measured(works[task]())
    return measure.measured(lambda: stream(folder, int(task)))


def table(results: dict[str, dict[str, float]]) -> str:
    """Best wall and CPU seconds, peak memory, and ratios to the first."""
    lines = [f"{'':<12}{'wall s':>9}{'median':>9}{'cpu s':>9}{'peak MB':>9}{'wall ×':>9}{'MB ×':>9}"]
    first = next(iter(results.values()))
    for task, found in results.items():
        plain = (
            f"{found['wall']:>9.2f}{found['wall_median']:>9.2f}{found['cpu']:>9.2f}{found['rss_mb']:>9.0f}"
        )
        ratios = [found[what] / first[what] for what in ("wall", "rss_mb")]
        lines.append(f"{task:<12}{plain}{ratios[0]:>9.2f}{ratios[1]:>9.2f}")
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", type=Path, required=True, help="holds the generated files; used again")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--task", help="run only this, in this process")
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("read").add_argument("--size-gb", type=float, default=1.0)
    erasing = kinds.add_parser("erase")
    erasing.add_argument("--size-mb", type=float, default=385)
    erasing.add_argument("--rows", type=int, default=1000)
    kinds.add_parser("stream").add_argument("--rows", type=int, nargs="+", default=[10**6, 10**7])
    return parser.parse_args()


def main() -> None:
    """Command line."""
    args = _arguments()
    if args.task:
        print(json.dumps(run(args, args.task)))
        return
    prepare(args)
    runs: dict[str, list[dict[str, Any]]] = {task: [] for task in tasks(args)}
    for _ in range(args.repeats):
        for task in runs:
            runs[task].append(
                measure.child(__file__, [*_again(args), "--task", task, args.kind, *_sizes(args)])
            )
    results = {task: measure.summary(found) for task, found in runs.items()}
    print(table(results))
    record = {"bench": f"files {args.kind}", "results": results, "polars": pl.__version__}
    record |= {"answer": {task: found[0]["told"] for task, found in runs.items()}, "cpus": os.cpu_count()}
    print(json.dumps(record | {"machine": platform.machine()}))


def _again(args: argparse.Namespace) -> list[str]:
    return ["--dir", str(args.dir)]


def _sizes(args: argparse.Namespace) -> list[str]:
    if args.kind == "read":
        return ["--size-gb", str(args.size_gb)]
    if args.kind == "erase":
        return ["--size-mb", str(args.size_mb), "--rows", str(args.rows)]
    return ["--rows", *map(str, args.rows)]


if __name__ == "__main__":
    main()
