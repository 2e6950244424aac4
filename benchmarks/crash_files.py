"""Crashes while a holding in a file, or a table of SQLite, is changed: after every system call, and as power cuts.

A real process changes the holding; its calls are recorded (torture_record). A crash of the process leaves what all
calls so far made; a power cut leaves what was synced, and of the rest anything (torture_power.Disk). From each such
state the change is resumed as a caller would: by the fingerprint that was written down before.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import crash_made
import torture_record
from crash_made import KINDS, Kind
from crash_work import DIARY, SCENARIOS, looked_at
from torture_power import Disk
from torture_record import Event

from optout.errors import OptoutError
from optout.holdings import opened

Notes = list[list[str]]


def run(
    folder: Path,
    kind: str,
    cuts: int,
    rng_seed: int = 8,
    lies: bool = False,
    every: int = 1,
    scenarios: Iterable[str] = tuple(SCENARIOS),
) -> dict[str, Any]:
    """Crashes after each call (or each `every`th), and `cuts` power cuts, of one kind of holding for each scenario."""
    began, counts, broken = time.perf_counter(), Counter[str](), list[str]()
    for scenario in scenarios:
        place = folder / f"{kind}-{scenario}"
        home = place / "written"
        home.mkdir(parents=True)
        KINDS[kind].make(home)
        shutil.copytree(home, place / "old")
        events = torture_record.record(
            home, "crash_work", "work", str(home), KINDS[kind].location(home), scenario
        )
        disk = Disk(home, lies)
        disk.load({file.name: file.read_bytes() for file in (place / "old").iterdir()})
        judge = Judge(KINDS[kind], scenario, place, counts)
        broken += _examined(events, disk, judge, random.Random(rng_seed), cuts, every)
        if not lies and not _complete(disk, home):
            broken.append("the record of the writes is not complete")
    return {"kind": kind, **counts, "seconds": round(time.perf_counter() - began, 1), "broken": broken}


def _examined(
    events: list[Event], disk: Disk, judge: Judge, dice: random.Random, cuts: int, every: int
) -> Iterator[str]:
    n = len(events)
    # Half of the cuts around the end, where it is told that it is done.
    wanted = Counter(dice.choices(range(n + 1), k=cuts // 2))
    wanted += Counter(dice.choices(range(max(0, n - 6), n + 1), k=cuts - cuts // 2))
    judge.counts["calls"] += n
    for done in range(n + 1):
        if done:
            disk.apply(events[done - 1])
        told, what = notes(disk), f"after call {done} ({events[done - 1].kind if done else 'none'})"
        if done % every == 0 or done >= n - 4:
            yield from (
                f"{judge.scenario}, crash {what}: {each}" for each in judge.wrong(_stopped(disk), told)
            )
        for _ in range(wanted[done]):
            yield from (f"{judge.scenario}, cut {what}: {each}" for each in judge.wrong(disk.cut(dice), told))


def _complete(disk: Disk, home: Path) -> bool:
    """Replayed, the record gives the files that are there."""
    return _stopped(disk) == {file.name: file.read_bytes() for file in home.iterdir()}


def notes(disk: Disk) -> Notes:
    """What was written down is no part of the disk: the caller's store keeps it."""
    file = disk.names.get(DIARY)
    text = file.after(len(file.changes)).decode() if file else ""
    return [line.split("\t") for line in text.splitlines()]


def _stopped(disk: Disk) -> dict[str, bytes]:
    """A process that ends here: nothing is lost, nothing more is done."""
    return {name: file.after(len(file.changes)) for name, file in disk.names.items()}


class Judge:
    """Lays a state out, resumes from it, and says what is wrong."""

    def __init__(self, kind: Kind, scenario: str, place: Path, counts: Counter[str]) -> None:
        self._kind, self.scenario, self.counts = kind, scenario, counts
        self._target = place / "cut"
        old = place / "old" / kind.name
        self._old, self._new = kind.shows(old), kind.expected(old, scenario)
        assert self._old != self._new

    def wrong(self, state: dict[str, bytes], told: Notes) -> list[str]:
        """What is wrong with a state and with what comes of it; nothing is what there should be."""
        shutil.rmtree(self._target, ignore_errors=True)
        self._target.mkdir(parents=True)
        for name, content in state.items():
            if name != DIARY:
                (self._target / name).write_bytes(content)
        self.counts["points"] += 1
        try:
            return list(self._found(told))
        except (OptoutError, OSError, ValueError, KeyError, AssertionError) as refused:
            return [f"{type(refused).__name__}: {refused}"]

    def _found(self, told: Notes) -> list[str]:
        known = {line[0]: line[1:] for line in told}
        held = opened(self._kind.location(self._target))
        now = held.fingerprint()
        if "done" in known:
            self.counts["done before"] += 1
            return self._left("done but still there")
        if "before" not in known or now == known["before"][0]:
            self.counts["done anew"] += 1
            held.change(SCENARIOS[self.scenario], now, looked_at, lambda _: None)
            return self._left("wrong after it was done anew")
        if now == known.get("after", [""])[0]:
            self.counts["found done"] += 1
            return self._left("found done but wrong")
        self.counts["told not done"] += 1
        return ["neither the old nor the new state"]

    def _left(self, what: str) -> list[str]:
        shown = self._kind.shows(self._target / self._kind.name)
        wrong = [] if shown == self._new else [what]
        strays = [file for file in self._target.iterdir() if file.name != self._kind.name]
        hers = crash_made.PHONE.encode()
        return wrong + [f"{file.suffix} still has her" for file in strays if hers in file.read_bytes()]
