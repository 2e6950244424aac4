"""Check 1 at size: N requests are looked for in K holdings of R rows, and erased, beside one plain read of them.

Half of the holdings are CP932, half UTF-8; the requests are those of the first holding and of strangers, in other
spellings, and every other holding holds some of the same people. `read` reads the bytes and hashes them; `parse`
reads them with polars; `plan` is the dry run for all requests, `plan one` that for a single request; `execute`
erases, verifies and reads again. Each is a process of its own. Prints how often a holding was read for its rows while
planning (it must be once, whatever the number of requests), a table, and one JSON line; `answer` must not move between
machines.

    python benchmarks/bench_removal.py --dir bench-data
    python benchmarks/bench_removal.py --dir bench-data --requests 1000 --holdings 20 --rows 1000000
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure
import polars as pl
from lists import requests, write_list
from people import people

KEY = bytes(range(32))
STRANGERS_START = 100_000_000
TASKS = ("read", "parse", "plan", "plan one", "execute")
CODES = ("cp932", "utf-8")


def paths(folder: Path, holdings: int) -> list[Path]:
    return [folder / f"holding_{n}.csv" for n in range(holdings)]


def generate(folder: Path, n_requests: int, holdings: int, rows: int, seed: int) -> None:
    """Holdings that share some people, and the store that has the requests; once for each folder and size."""
    stamp = json.dumps([n_requests, holdings, rows, seed])
    made = folder / "made.json"
    if made.exists() and made.read_text() == stamp:
        return
    first = people(rows, seed)
    shared = first.sample(min(rows, max(1, n_requests)), seed=seed)
    for n, path in enumerate(paths(folder, holdings)):
        others = people(rows, seed + 10 + n, start=rows * 2 * (n + 1)) if n else first
        everybody = others if n == 0 else pl.concat([others.head(rows - shared.height), shared])
        write_list(everybody, path.with_suffix(".made"), CODES[n % 2], rng_seed=seed + 100 + n)
    strangers = people(n_requests, seed + 1, start=STRANGERS_START)
    asked, _ = requests(shared, n_requests, seed + 2, share=0.5, strangers=strangers)
    _fill_store(folder, asked)
    made.write_text(stamp)


def _fill_store(folder: Path, asked: pl.DataFrame) -> None:
    import optout

    for old in folder.glob("store.db*"):
        old.unlink()
    with optout.Store.create(folder / "store.db", key=KEY, actor="bench") as store:
        store.suppress(asked)


def fresh(folder: Path, holdings: int) -> None:
    """Every holding as it was before anything was erased."""
    for path in paths(folder, holdings):
        shutil.copyfile(path.with_suffix(".made"), path)


def read(held: list[Path]) -> int:
    """The least there is: every byte once."""
    total = 0
    for path in held:
        code = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            while block := file.read(1 << 20):
                code.update(block)
                total += len(block)
    return total


def parse(held: list[Path]) -> int:
    """What polars needs to have the same rows as a frame."""
    return sum(
        pl.read_csv(path, infer_schema=False, encoding="utf8" if n % 2 else "utf8-lossy").height
        for n, path in enumerate(held)
    )


def plan(folder: Path, held: list[Path], one: bool) -> dict[str, Any]:
    """The dry run; how often the rows of a holding were read for it."""
    import optout
    from optout.batch import DelimitedSource

    scans: Counter[str] = Counter()
    blocks = DelimitedSource.blocks

    def counted(source: DelimitedSource, *given: Any) -> Any:
        scans[source.name] += 1
        return blocks(source, *given)

    DelimitedSource.blocks = counted  # type: ignore[method-assign]
    with optout.Store.open(folder / "store.db", key=KEY, actor="bench") as store:
        ids = store.active_requests()
        made = optout.removal.plan(store, ids[:1] if one else None, held)
    found = dict(made.table.group_by("action").len().sort("action").iter_rows())
    return {"hash": made.hash, "scans": max(scans.values()), "found": found}


def execute(folder: Path, plan_hash: str) -> dict[str, Any]:
    import optout

    with optout.Store.open(folder / "store.db", key=KEY, actor="bench") as store:
        outcome = optout.removal.execute(store, plan_hash, approver="second")
    return {"statuses": Counter(outcome.statuses.values()), "removed": int(outcome.table["removed"].sum())}


def _run(folder: Path, holdings: int, task: str, plan_hash: str) -> dict[str, Any]:
    """Do one task in this process; importing is no part of what is measured."""
    if task not in ("read", "parse"):
        from importlib import import_module

        import_module("optout.checks")
    held = paths(folder, holdings)
    work: dict[str, Callable[[], object]] = {
        "read": lambda: read(held),
        "parse": lambda: parse(held),
        "plan": lambda: plan(folder, held, one=False),
        "plan one": lambda: plan(folder, held, one=True),
        "execute": lambda: execute(folder, plan_hash),
    }
    return measure.measured(work[task])


def table(told: dict[str, dict[str, Any]]) -> str:
    lines = [f"{'':<10}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'× read':>9}{'× parse':>9}"]
    for task in TASKS:
        wall = told[task]["wall"]
        ratios = [f"{wall / told[floor]['wall']:>9.1f}" for floor in ("read", "parse")]
        lines.append(
            f"{task:<10}{wall:>9.2f}{told[task]['cpu']:>9.2f}{told[task]['rss_mb']:>9.0f}{''.join(ratios)}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("bench-data/removal"))
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--holdings", type=int, default=3)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rng-seed", type=int, default=7)
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--plan", default="")
    given = parser.parse_args()
    given.dir.mkdir(parents=True, exist_ok=True)
    if given.task:
        print(json.dumps(_run(given.dir, given.holdings, given.task, given.plan)))
        return
    generate(given.dir, given.requests, given.holdings, given.rows, given.rng_seed)
    fresh(given.dir, given.holdings)
    common = ["--dir", str(given.dir), "--holdings", str(given.holdings)]
    told: dict[str, dict[str, Any]] = {}
    for task in TASKS:
        plan_hash = told["plan"]["told"]["hash"] if task == "execute" else ""
        told[task] = measure.child(__file__, [*common, "--task", task, "--plan", plan_hash])
        print(f"{task}: {told[task]['wall']:.2f} s", file=sys.stderr)
    print(table(told))
    scans = told["plan"]["told"]["scans"]
    rows = f"{given.holdings} holdings of {given.rows:,} rows"
    print(f"\n{given.requests:,} requests against {rows}: each holding was read {scans} time(s) for its rows")
    record = {
        "bench": "removal",
        "requests": given.requests,
        "holdings": given.holdings,
        "rows": given.rows,
        "seconds": {task: round(told[task]["wall"], 2) for task in TASKS},
        "cpu": {task: round(told[task]["cpu"], 2) for task in TASKS},
        "peak_mb": {task: round(told[task]["rss_mb"]) for task in TASKS},
        "bytes": told["read"]["told"],
        "scans": scans,
        "answer": {**told["plan"]["told"]["found"], "erased": told["execute"]["told"]["removed"]},
        "statuses": told["execute"]["told"]["statuses"],
        "polars": pl.__version__,
        "threads": pl.thread_pool_size(),
        "machine": platform.processor() or platform.machine(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
