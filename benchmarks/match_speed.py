"""What a screen costs beside the least that any program has to do: whole processes, imports and all, in turns.

The floor reads the UTF-8 list with polars, leaves out rows whose raw name and telephone stand in the requests, and
writes the rest. Ours opens the store, screens a list and writes every output: `screen` holds the list in memory,
`screen_file` goes through it block by block.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any, Final

import measure
import polars as pl

# Task → wall and CPU as multiples of the floor that may not be exceeded.
BOUNDS: Final = {"screen utf8": 3.0, "screen cp932": 4.5, "file utf8": 3.0, "file cp932": 4.5}
FLOOR: Final = "floor"
TASKS: Final = (FLOOR, *BOUNDS)


def floor(place: Path) -> None:
    """What no program can do without."""
    known = pl.scan_parquet(place / "requests.parquet").select("氏名", "電話番号").unique()
    listed = pl.scan_csv(place / "utf8.csv", infer_schema=False)
    joined = listed.join(known, on=["氏名", "電話番号"], how="anti", nulls_equal=False)
    joined.sink_csv(place / "floor.csv")


def ours(place: Path, task: str) -> dict[str, float]:
    """The whole job from an existing store; seconds by stage."""
    import match_files

    import optout
    from optout.screen.stages import watched

    how, name = task.split()
    out = place / f"out_{how}_{name}"
    with watched() as stages, optout.Store.open(place / "store.db", key=match_files.KEY) as store:
        if how == "file":
            optout.screen_file(place / f"{name}.csv", store, out)
        else:
            optout.screen(place / f"{name}.csv", store).write(out)
    return stages


def run(place: Path, task: str) -> dict[str, Any]:
    """Do one task in this process, which does nothing else; CPU and memory are those of the whole process."""
    found = measure.measured(lambda: floor(place) if task == FLOOR else ours(place, task))
    return {
        "wall": found["wall"],
        "cpu": measure.cpu(),
        "rss_mb": measure.peak_mb(),
        "told": {"stages": found["told"] or {}},
    }


def compared(place: Path, repeats: int, tasks: tuple[str, ...] = TASKS) -> dict[str, dict[str, Any]]:
    """Every task in processes of its own, the kinds in turn; summaries by task, with the stages of the last run."""
    runs: dict[str, list[dict[str, Any]]] = {task: [] for task in tasks}
    for _ in range(repeats):
        for task in tasks:
            shutil.rmtree(place / f"out_{'_'.join(task.split())}", ignore_errors=True)
            runs[task].append(measure.child(__file__, ["--place", str(place), "--task", task]))
    return {
        task: measure.summary(found) | {"stages": found[-1]["told"]["stages"]} for task, found in runs.items()
    }


def text(results: dict[str, dict[str, Any]]) -> str:
    """Seconds and multiples of the floor, then the stages."""
    lines = [
        f"{'':<14}{'process s':>10}{'spread':>8}{'cpu s':>8}{'peak MB':>9}{'wall ×':>8}{'cpu ×':>8}   bound"
    ]
    least = results[FLOOR]
    for task, found in results.items():
        wall, cpu = (found[what] / least[what] for what in ("process", "cpu"))
        bound = BOUNDS.get(task)
        over = bound is not None and max(wall, cpu) > bound
        note = f"≤ {bound} ×{'  ABOVE' if over else ''}" if bound else ""
        lines.append(
            f"{task:<14}{found['process']:>10.2f}{found['process_spread']:>8.2f}{found['cpu']:>8.2f}"
            f"{found['rss_mb']:>9.0f}{wall:>8.2f}{cpu:>8.2f}   {note}"
        )
    for task, found in results.items():
        stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in found["stages"].items())
        lines += [f"{task}: {stages}"] if stages else []
    return "\n".join(lines)


def main() -> None:
    """One task; the command line of the child processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--task", required=True, choices=TASKS)
    args = parser.parse_args()
    print(json.dumps(run(args.place, args.task)))


if __name__ == "__main__":
    main()
