"""The main job at size: 1 M rows against 100 k requests, beside the least that any program would have to do.

The floor reads the same UTF-8 file with polars, leaves out rows whose raw name and telephone stand in a frame
of 100 k, and writes the rest. Ours opens a store that holds the requests, screens the file and writes every
output; from UTF-8, then from CP932. Each run is a process of its own, the kinds take turns. Prints a table of
ratios and one JSON line; `answer` must not move between machines.

    python benchmarks/bench_screen.py --dir bench-data --repeats 3
    python benchmarks/bench_screen.py --dir bench-data --rows 100000 --entries 10000
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import measure
import polars as pl
from lists import requests, write_list
from people import people

KEY = bytes(range(32))
STRANGERS_START = 10_000_000
VERDICTS = ("keep", "withhold", "review")
TASKS = ("floor", "utf8", "cp932")


def generate(folder: Path, rows: int, entries: int, seed: int) -> None:
    """Both lists, the requests and their truth, once for each folder."""
    stamp = json.dumps([rows, entries, seed])
    made = folder / "made.json"
    if made.exists() and made.read_text() == stamp:
        return
    everybody = people(rows, seed)
    strangers = people(entries, seed + 1, start=STRANGERS_START)
    asked, truth = requests(everybody, entries, seed + 2, share=0.1, strangers=strangers)
    write_list(everybody, folder / "utf8.csv", "utf-8", rng_seed=seed + 3)
    write_list(everybody, folder / "cp932.csv", "cp932", rng_seed=seed + 3)
    asked.write_parquet(folder / "requests.parquet")
    home = everybody["household_id"]
    truth.with_columns(household=home[truth["person"]]).write_parquet(folder / "truth.parquet")
    home.to_frame().write_parquet(folder / "homes.parquet")
    _fill_store(folder, asked)
    made.write_text(stamp)


def _fill_store(folder: Path, asked: pl.DataFrame) -> None:
    import optout

    for old in folder.glob("store.db*"):
        old.unlink()
    began = time.perf_counter()
    with optout.Store.create(folder / "store.db", key=KEY) as store:
        store.suppress(asked)
    print(f"store of {asked.height:,} requests: {time.perf_counter() - began:.1f} s", file=sys.stderr)


def floor(folder: Path) -> None:
    """What no program can do without."""
    known = pl.scan_parquet(folder / "requests.parquet").select("氏名", "電話番号").unique()
    listed = pl.scan_csv(folder / "utf8.csv", infer_schema=False)
    joined = listed.join(known, on=["氏名", "電話番号"], how="anti", nulls_equal=False)
    joined.sink_csv(folder / "floor.csv")


def screen(folder: Path, name: str) -> None:
    """The whole job from an existing store."""
    import optout

    with optout.Store.open(folder / "store.db", key=KEY) as store:
        optout.screen(folder / f"{name}.csv", store).write(folder / f"out_{name}")


def answer(folder: Path) -> dict[str, int]:
    """Counts per verdict; how many of those who asked were caught, and how many of their relatives."""
    import optout

    with optout.Store.open(folder / "store.db", key=KEY) as store:
        verdicts = optout.screen(folder / "utf8.csv", store).verdicts
    of = verdicts.sort("row")["verdict"].cast(pl.String)
    truth, homes = pl.read_parquet(folder / "truth.parquet"), pl.read_parquet(folder / "homes.parquet")
    rows = pl.int_range(len(of), eager=True)
    asked = rows.is_in(truth["person"].cast(pl.Int64).implode())
    related = homes["household_id"].is_in(truth["household"].implode()) & ~asked
    counts = {verdict: int((of == verdict).sum()) for verdict in VERDICTS}
    for label, group in (("asked", asked), ("relatives", related), ("others", ~asked & ~related)):
        counts |= {f"{label}_{verdict}": int((group & (of == verdict)).sum()) for verdict in VERDICTS}
    return counts


def _child(folder: Path, task: str) -> dict[str, Any]:
    shutil.rmtree(folder / f"out_{task}", ignore_errors=True)
    return measure.child(__file__, ["--dir", str(folder), "--task", task])


def _run(folder: Path, task: str) -> dict[str, Any]:
    """Do one task in this process; importing is no part of what is measured."""
    if task != "floor":
        import_module("optout")
    work: dict[str, Callable[[], object]] = {
        "floor": lambda: floor(folder),
        "utf8": lambda: screen(folder, "utf8"),
        "cp932": lambda: screen(folder, "cp932"),
        "answer": lambda: answer(folder),
    }
    return measure.measured(work[task])


def table(results: dict[str, dict[str, float]]) -> str:
    """Best wall and CPU seconds, memory, and the ratio to the floor."""
    lines = [f"{'':<8}{'wall s':>9}{'median':>9}{'cpu s':>9}{'peak MB':>9}{'wall ×':>9}{'cpu ×':>9}"]
    least = results["floor"]
    for task, found in results.items():
        ratios = [found[what] / least[what] for what in ("wall", "cpu")]
        plain = (
            f"{found['wall']:>9.2f}{found['wall_median']:>9.2f}{found['cpu']:>9.2f}{found['rss_mb']:>9.0f}"
        )
        lines.append(f"{task:<8}{plain}{ratios[0]:>9.2f}{ratios[1]:>9.2f}")
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--dir", type=Path, required=True, help="holds the generated files; used again if they fit"
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--task", choices=(*TASKS, "answer"), help="run only this, in this process")
    return parser.parse_args()


def main() -> None:
    """Command line."""
    args = _arguments()
    folder: Path = args.dir
    if args.task:
        print(json.dumps(_run(folder, args.task)))
        return
    folder.mkdir(parents=True, exist_ok=True)
    generate(folder, args.rows, args.entries, args.seed)
    tasks = list(dict.fromkeys(["floor", *args.tasks]))
    runs: dict[str, list[dict[str, Any]]] = {task: [] for task in tasks}
    for _ in range(args.repeats):
        for task in tasks:
            runs[task].append(_child(folder, task))
    results = {task: measure.summary(found) for task, found in runs.items()}
    told = _child(folder, "answer")["told"] if len(tasks) > 1 else None
    print(table(results))
    record = {
        "bench": "screen",
        "rows": args.rows,
        "entries": args.entries,
        "seed": args.seed,
        "repeats": args.repeats,
    }
    machine = platform.processor() or platform.machine()
    versions = {
        "polars": pl.__version__,
        "python": platform.python_version(),
        "threads": pl.thread_pool_size(),
    }
    print(json.dumps(record | {"results": results, "answer": told, "machine": machine} | versions))


if __name__ == "__main__":
    main()
