"""How time grows: the floor, a screen from UTF-8 and one from CP932, over lists and over stores of several sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import match_files as files
import match_speed as speed

TASKS: Final = (speed.FLOOR, "file utf8", "file cp932")


def measured(folder: Path, sizes: list[tuple[int, int]], seed: int, repeats: int) -> list[dict[str, Any]]:
    """One record for each (rows, entries): process seconds, CPU seconds and peak memory of each task."""
    found = []
    for rows, entries in sizes:
        place = files.made(folder, rows, entries, seed)
        results = speed.compared(place, repeats, TASKS)
        told = {
            task: {what: run[what] for what in ("process", "cpu", "rss_mb")} for task, run in results.items()
        }
        found.append({"rows": rows, "entries": entries, "tasks": told})
    return found


def text(found: list[dict[str, Any]]) -> str:
    """Seconds, microseconds a row and memory for every size."""
    lines = [
        f"{'rows':>11}{'entries':>11}   {'task':<12}{'process s':>10}{'cpu s':>9}{'µs a row':>10}{'peak MB':>9}"
    ]
    for record in found:
        for task, run in record["tasks"].items():
            each = run["process"] / record["rows"] * 1e6
            lines.append(
                f"{record['rows']:>11,}{record['entries']:>11,}   {task:<12}{run['process']:>10.2f}{run['cpu']:>9.2f}"
                f"{each:>10.2f}{run['rss_mb']:>9.0f}"
            )
    return "\n".join(lines)


def series(found: list[dict[str, Any]], along: str, fixed: str) -> dict[str, dict[int, float]]:
    """Task → size → seconds along one of `rows` and `entries`, at that value of the other with the most sizes."""
    values = [record[fixed] for record in found]
    usual = max(values, key=values.count)
    told: dict[str, dict[int, float]] = {task: {} for task in TASKS}
    for record in found:
        if record[fixed] == usual:
            for task in TASKS:
                told[task][record[along]] = record["tasks"][task]["process"]
    return told
