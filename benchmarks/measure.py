"""Time and memory of a task in a process of its own; ratios need both sides measured in turns."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def child(script: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What one task measures in a new process, and how long that process took from start to end."""
    began = time.perf_counter()
    told = subprocess.run([sys.executable, script, *arguments], stdout=subprocess.PIPE, check=True).stdout
    return {"process": time.perf_counter() - began} | json.loads(told)


def measured(work: Callable[[], object]) -> dict[str, Any]:
    """Do the work in this process: `wall` and `cpu` seconds, `rss_mb` peak of the process, `told` its result."""
    began, before = time.perf_counter(), cpu()
    told = work()
    wall = time.perf_counter() - began
    return {"wall": wall, "cpu": cpu() - before, "rss_mb": peak_mb(), "told": told}


def cpu() -> float:
    """CPU seconds of this process and its children so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_mb() -> float:
    """Peak memory of this process; on Linux not from getrusage, which may still show the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        return float(status.read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    return (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    )


def summary(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Best, median and spread of several runs of one task."""
    found: dict[str, float] = {"rss_mb": round(max(run["rss_mb"] for run in runs))}
    for measure in ("wall", "process", "cpu"):
        values = [run[measure] for run in runs]
        found |= {measure: round(min(values), 2), f"{measure}_median": round(statistics.median(values), 2)}
        found[f"{measure}_spread"] = round(max(values) / min(values), 2)
    return found
