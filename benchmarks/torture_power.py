"""Power cuts: the disks that could be left behind at any moment of the product's own writing.

The writing of a real process is recorded (torture_record). A cut comes after any of its calls. What was synced is
there; of what was written since, every 512-byte sector has its own luck: it holds what it held at the last sync or at
any moment after it, so writes are dropped, reordered and torn. The length of a file, and each name put into or taken
out of a folder, is settled in the same way. Where a file grew and its sectors did not arrive there are zeros or
anything at all. Each such disk is opened with the product: it must verify and hold all that was acknowledged before the
cut, and no operation by halves.

A second generation cuts the power again while the product recovers from a first cut and writes on.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torture_people
import torture_record
import torture_work
from torture_patient import copied
from torture_record import Event
from torture_truth import Truth
from torture_work import KEY, Diary, Key, Line, Writer, keys, opened

from optout.errors import OptoutError, StoreMissingError
from optout.store import Store

SECTOR: Final = 512
STORE: Final = "s.db"
DIARY: Final = "diary"
MADE: Final = ["made"]
SECOND: Final = 0.2  # share of the states that are of a second generation
DISKS: Final = 100  # states for each disk that is written on
# All but `prepare`: a snapshot is not synced, and a torn one is as one with bytes changed (torture_flips).
KINDS: Final = tuple(kind for kind in torture_work.CYCLE if kind != "prepare")


def run(folder: Path, n: int = 3200, rng_seed: int = 6) -> dict[str, Any]:
    """`n` states, and what was broken."""
    if reason := torture_record.able():
        return {"skipped": reason, "broken": []}
    dice, began = random.Random(rng_seed), time.perf_counter()
    counts: Counter[str] = Counter()
    broken: list[str] = []
    home = folder / "written"
    home.mkdir()
    events = torture_record.record(home, "torture_power", "begin", str(home))
    broken += [*_complete(events, home), *_blind(events, home, dice)]
    later = round(n * SECOND)
    _examined(events, Disk(home), n - later, dice, counts, broken, [])
    for turn, states in enumerate(range(later, 0, -DISKS)):
        _second(folder / f"again{turn}", events, home, min(states, DISKS), dice, counts, broken)
    return {
        "states": counts.total(),
        "calls": len(events),
        "syncs": sum(event.kind == "sync" for event in events),
        **counts,
        "seconds": round(time.perf_counter() - began, 1),
        "broken": broken,
    }


def begin(home: str) -> None:
    """What is recorded first: a store is made, and every kind of commit; one is larger than SQLite's cache."""
    diary = Diary(Path(home) / DIARY)
    store = Store.create(Path(home) / STORE, key=KEY)
    diary.tell("made")
    _all_kinds(Writer(store, 0, diary))
    store.close()


def again(home: str, who: int, held: list[str]) -> None:
    """What is recorded on a disk after a cut: recovery, and more commits."""
    diary = Diary(Path(home) / DIARY)
    # What a first cut left was told of elsewhere: the keys come by hand.
    with opened(Path(home) / STORE, [bytes.fromhex(key) for key in held]) as store:
        torture_work.cycle(Writer(store, who, diary), KINDS)


def _all_kinds(writer: Writer) -> None:
    torture_work.cycle(writer, KINDS)
    writer.store.save_job("removal", "J-1", "planned", {"rows": list(range(100))})
    _large(writer)
    writer.store.record("export", {"rows": 3})
    torture_work.cycle(writer, KINDS)


def _large(writer: Writer) -> None:
    """Three megabytes in one commit: pages go to the file before the commit does."""
    writer.number += 1
    request = torture_people.request(writer.number, writer.who)
    object.__setattr__(request, "source", os.urandom(1_500_000).hex())
    writer.diary.tell("begin", "in", writer.who, writer.number)
    writer.store.suppress(request)
    writer.diary.tell("done", "in", writer.who, writer.number)


@dataclass(slots=True)
class File:
    """One file: what a sync made certain, and every change since."""

    certain: bytes = b""
    changes: list[Event] = field(default_factory=list)

    def sync(self) -> None:
        """Everything so far is certain."""
        self.certain, self.changes = self.after(len(self.changes)), []

    def after(self, n: int) -> bytes:
        """The content after so many of the changes."""
        content = bytearray(self.certain)
        for change in self.changes[:n]:
            _change(content, change)
        return bytes(content)

    def torn(self, dice: random.Random, most: int) -> bytes:
        """One way in which the file may lie on the disk, given that at most so many changes were sent there.

        A truncation is a change of the file system's own: it happens whole, and nothing that came after it is on the
        disk before it.
        """
        if not self.changes or most == 0:
            return self.certain
        grown = dice.randint(0, most)
        cuts = [n for n, change in enumerate(self.changes[:most], 1) if change.kind == "truncate"]
        since = max((n for n in cuts if n <= grown), default=0)
        until = min((n - 1 for n in cuts if n > grown), default=most)
        base, whole, size = self._cut_only(since), self.after(until), self._size(grown)
        content = bytearray(base[:size].ljust(size, b"\0"))
        if dice.random() < 0.3:
            content[len(base) :] = dice.randbytes(max(0, size - len(base)))
        luck = dice.random()
        for at in self._written(until, size):
            if dice.random() < luck:
                _put(content, at, whole)
            elif dice.random() < 0.1:
                _put(content, at, self.after(dice.randint(since, until)))
        return bytes(content)

    def _cut_only(self, n: int) -> bytes:
        """What was certain, after the truncations among so many changes."""
        content = bytearray(self.certain)
        for change in self.changes[:n]:
            if change.kind == "truncate":
                _change(content, change)
        return bytes(content)

    def _size(self, n: int) -> int:
        size = len(self.certain)
        for change in self.changes[:n]:
            size = change.at if change.kind == "truncate" else max(size, change.at + len(change.content))
        return size

    def _written(self, n: int, size: int) -> list[int]:
        """Where the sectors begin that any of so many changes writes, within the size."""
        sectors: set[int] = set()
        for change in self.changes[:n]:
            sectors.update(range(change.at // SECTOR, -(-(change.at + len(change.content)) // SECTOR)))
        return sorted(each * SECTOR for each in sectors if each * SECTOR < size)


def _put(content: bytearray, at: int, source: bytes) -> None:
    """One sector of another version; the file keeps its size."""
    end = min(at + SECTOR, len(content))
    content[at:end] = source[at:end].ljust(end - at, b"\0")


def _change(content: bytearray, change: Event) -> None:
    if change.kind == "truncate":
        del content[change.at :]
        content.extend(bytes(change.at - len(content)))
    else:
        content.extend(bytes(max(0, change.at - len(content))))
        content[change.at : change.at + len(change.content)] = change.content


Names = dict[str, File]


class Disk:
    """A folder as the process sees it, and all that a power cut could leave of it."""

    def __init__(self, home: Path, lies: bool = False) -> None:
        self.home, self.lies = str(home), lies
        self.names: Names = {}
        self.certain: Names = {}
        self.moves: list[Event] = []
        self.born: dict[int, File] = {}

    def load(self, content: dict[str, bytes]) -> None:
        """What lay there before."""
        self.names = {name: File(each) for name, each in content.items()}
        self.certain = dict(self.names)

    def apply(self, event: Event) -> None:
        """One more call; a disk that lies does nothing when asked to sync."""
        if self.lies and event.kind == "sync":
            return
        if event.path == self.home:
            self.certain, self.moves = dict(self.names), []
        elif event.kind in ("write", "truncate", "sync"):
            file = self.names.get(self._name(event.path))
            if file is None:
                return  # a folder within, or a file without a name any more
            if event.kind == "sync":
                file.sync()
            else:
                file.changes.append(event)
        else:
            self._move(self.names, event)
            self.moves.append(event)

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self.home) if path else ""

    def _move(self, names: Names, event: Event) -> None:
        old, new = self._name(event.path), self._name(event.other)
        if event.kind == "create":
            names[old] = self.born.setdefault(id(event), File())
        elif event.kind == "unlink":
            names.pop(old, None)
        elif old in names:
            names[new] = names[old]
            if event.kind == "rename":
                del names[old]

    def ordered(self, dice: random.Random) -> dict[str, bytes]:
        """Nothing overtakes: names as they are, every file whole up to some change."""
        return {name: file.after(dice.randint(0, len(file.changes))) for name, file in self.names.items()}

    def cut(self, dice: random.Random) -> dict[str, bytes]:
        """One disk that may be left."""
        if dice.random() < 0.15:
            return self.ordered(dice)
        names, luck = dict(self.certain), dice.choice((0.0, 0.5, 0.9, 1.0))
        in_order = dice.random() < 0.5
        sent = dice.randint(0, len(self.moves))
        for n, move in enumerate(self.moves):
            if n < sent if in_order else dice.random() < luck:
                self._move(names, move)
        return {name: file.torn(dice, dice.randint(0, len(file.changes))) for name, file in names.items()}


def _complete(events: list[Event], home: Path) -> list[str]:
    """Replayed, the record must give the files that are there."""
    disk = Disk(home)
    for event in events:
        disk.apply(event)
    there = {file.name: file.read_bytes() for file in home.iterdir()}
    replayed = {name: file.after(len(file.changes)) for name, file in disk.names.items()}
    return [] if there == replayed else ["the record of the writes is not complete"]


def _blind(events: list[Event], home: Path, dice: random.Random) -> list[str]:
    """A disk that lies must be found out, or these states prove nothing."""
    wrong: list[str] = []
    _examined(events, Disk(home, lies=True), 25, dice, Counter(), wrong, [])
    for kept in home.parent.glob("kept*"):
        shutil.rmtree(kept)
    return [] if wrong else ["a disk that lies was not noticed"]


def _examined(
    events: list[Event],
    disk: Disk,
    n: int,
    dice: random.Random,
    counts: Counter[str],
    broken: list[str],
    before: list[Line],
) -> None:
    """`n` states, spread evenly over the calls; then what each one shows."""
    cuts = Counter(dice.choices(range(1, len(events) + 1), k=n))
    target = Path(disk.home).with_name("cut")
    for done, event in enumerate(events, 1):
        disk.apply(event)
        for _ in range(cuts[done]):
            _lay_out(target, left := disk.cut(dice))
            wrong = _opened(target, [*before, *_told(disk)])
            counts["early" if wrong is None else "broken" if wrong else "fine"] += 1
            broken += [
                f"after call {done} ({event.kind} {Path(event.path).name}): {each}" for each in wrong or []
            ]
            if wrong:
                _keep(target, left)


def _told(disk: Disk) -> list[Line]:
    """The diary is no part of the disk: what was acknowledged was acknowledged."""
    file = disk.names.get(DIARY)
    lines = file.after(len(file.changes)).decode().splitlines() if file else []
    return [line.split("\t") for line in lines]


def _lay_out(target: Path, left: dict[str, bytes]) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, content in left.items():
        if name != DIARY:
            (target / name).parent.mkdir(exist_ok=True)
            (target / name).write_bytes(content)


def _keep(target: Path, left: dict[str, bytes]) -> None:
    """As the cut left it, not as opening it did."""
    _lay_out(target.with_name(f"kept{time.monotonic_ns()}"), left)


def _opened(target: Path, told: list[Line]) -> list[str] | None:
    """What is wrong with a disk; None when there is no store yet and none was promised."""
    truth = Truth()
    truth.hear(line for line in told if line != MADE)
    held = keys(KEY, told)
    try:
        with opened(target / STORE, held) as store:
            _, entries = store.entries()
            store.audit_verify()
            found = truth.wrong(entries)
            if store.requests(truth.purged).height:
                found.append("entries of purged requests")
            return found + [
                each for name in truth.copies for each in _copy(target / name, truth, held, store)
            ]
    except StoreMissingError:
        return ["the store is gone"] if MADE in told else None
    except OptoutError as refused:
        return [f"{type(refused).__name__}: {refused}"]


def _copy(copy: Path, truth: Truth, held: list[Key], store: Store) -> list[str]:
    least, done = truth.copies[copy.name]
    if not copy.exists():
        return ["a copy that was acknowledged is gone"] if done else []
    return copied(copy, held, store, least)


def _second(
    place: Path,
    events: list[Event],
    home: Path,
    n: int,
    dice: random.Random,
    counts: Counter[str],
    broken: list[str],
) -> None:
    """A disk that a cut left, preferably in the middle of a commit, written on and cut again."""
    disk, again_home = Disk(home), place / "written"
    syncs = [k for k, event in enumerate(events) if event.kind == "sync" and event.path.endswith(STORE)]
    for event in events[: dice.choice(syncs[len(syncs) // 4 :])]:
        disk.apply(event)
    left = {name: content for name, content in disk.cut(dice).items() if name != DIARY}
    told = _told(disk)
    _lay_out(again_home, left)
    held = [key.hex() for key in keys(KEY, told) if key]
    later = torture_record.record(again_home, "torture_power", "again", str(again_home), 1, held)
    disk = Disk(again_home)
    disk.load(left)
    _examined(later, disk, n, dice, counts, broken, told)
