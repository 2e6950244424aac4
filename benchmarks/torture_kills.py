"""kill -9 of processes at work on a store, at every step of the product's own code and at random moments.

A step is a line of `optout.store`, or of what keeps a snapshot aside: a first run counts them, then each is the last
one that some process executes. At random moments one or two processes are killed while both write.
After each kill the store must open with a key its user holds and verify, hold every acknowledged change, and of the
operation under way all or nothing. A copy begun is whole or not there; a snapshot kept aside is what the log says, or
is not used.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import torture_places
import torture_work
from torture_patient import Patient
from torture_places import Places
from torture_work import CYCLE, IN_FOLDER, Diary, Line, Writer, at_home

import optout.store
from optout.errors import OptoutError

Step = tuple[str, int]

_ROOT: Final = Path(optout.store.__file__).parents[1]
SOURCES: Final = tuple(str(_ROOT / part) for part in ("store", "screen/cache.py", "screen/snapshot.py"))
LATE: Final = ("aside.py", "cache.py", "snapshot.py")
PATIENCE: Final = 600  # seconds for a process that needs two, on a machine with more to do
PER_STORE: Final = 40  # kills that one store has to bear
PER_STOP: Final = 50  # kills for each immediate stop of a server
PER_WARM: Final = 6  # stops at random for one of processes that were at it for a while
PREPARING: Final = ("prepare", "prepare", "lift", "purge", "suppress")  # what such processes do


def run(folder: Path, n: int = 1000, rng_seed: int = 6, server: Any = None) -> dict[str, Any]:
    """`n` kills, and what was broken; with a running PostgreSQL `server`, of its clients and now and then of itself."""
    context = torture_places.processes()
    dice, began = random.Random(rng_seed), time.perf_counter()
    hospital = Hospital(Places(folder, server))
    steps = _steps(context, hospital.admit())
    dice.shuffle(steps)
    walked = steps[: max(1, n // 2)]
    for step in walked:
        ended = _stop_at(context, hospital.next(), step)
        hospital.look(f"at {step[0]}:{step[1]}", [ended])
    for turn in range(n):
        if hospital.kills >= n:
            break
        ends = _stop_at_random(context, hospital.next(), dice, warm=turn % PER_WARM == PER_WARM - 1)
        hospital.look("at a random moment", ends)
    stops = n // PER_STOP if server else 0
    for _ in range(stops):
        _stop_server(context, hospital.next(), server, dice)
        hospital.look("when the server was stopped", [])
    return {
        "engine": hospital.places.engine,
        "kills": hospital.kills,
        "server_stops": stops,
        "steps": len(walked),
        "steps_known": len(steps),
        "acknowledged": hospital.acknowledged,
        "stores": hospital.admitted,
        **hospital.counts,
        "seconds": round(time.perf_counter() - began, 1),
        "broken": [*hospital.found, *_too_few(hospital)],
    }


def _too_few(hospital: Hospital) -> list[str]:
    """A run that kills nobody at work proves nothing."""
    return [] if hospital.acknowledged > hospital.kills // 4 else ["hardly anything was acknowledged"]


class Hospital:
    """Gives out stores, looks at them after every kill and keeps what was found."""

    def __init__(self, places: Places) -> None:
        self.places, self.admitted, self.kills, self.discharged = places, 0, 0, 0
        self.found: list[str] = []
        self.counts: Counter[str] = Counter()
        self.patient: Patient | None = None

    @property
    def acknowledged(self) -> int:
        """Operations that were, in all stores."""
        return self.discharged + (self.patient.truth.acknowledged if self.patient else 0)

    def admit(self) -> Patient:
        """A new store in a folder of its own."""
        if self.patient is not None:
            self.discharged += self.patient.truth.acknowledged
            self.places.away(self.patient.diary.home)
        self.admitted += 1
        place, home = self.places.new(IN_FOLDER)
        self.patient = Patient(place, Diary(home / "diary"), self.counts)
        return self.patient

    def next(self) -> Patient:
        """The store at hand, or a new one when it has borne enough."""
        spent = self.patient is None or self.patient.kills >= PER_STORE
        return self.admit() if spent or self.patient is None else self.patient

    def look(self, how: str, ends: list[int]) -> None:
        """After a kill; who ended in another way met an error, with nothing wrong but what was done to it before."""
        assert self.patient is not None
        self.kills += ends.count(-signal.SIGKILL)
        self.patient.kills += max(1, len(ends))
        self.places.settle()
        wrong = self.patient.examine()
        wrong += [f"a process ended with {end}" for end in ends if end != -signal.SIGKILL]
        if wrong:
            self.found += [f"{how}: {each}" for each in wrong]
            home = self.patient.diary.home
            shutil.copytree(home, home.with_name(f"kept{self.kills}"))
            self.patient.kills = PER_STORE


def _steps(context: Any, patient: Patient) -> list[Step]:
    """Every line of the store's own code that a cycle of operations executes."""
    told = patient.diary.path.with_name("steps")
    _run(context.Process(target=_count, args=(patient.place, str(patient.diary.path), str(told))))
    found = [line.rsplit(":", 1) for line in told.read_text("utf-8").splitlines()]
    return [(name, int(line)) for name, line in found]


def _stop_at(context: Any, patient: Patient, step: Step) -> int:
    who = patient.kills
    return _run(context.Process(target=_until, args=(patient.place, str(patient.diary.path), who, step)))


def _run(process: Any) -> int:
    process.start()
    return _ended(process)


def _ended(process: Any) -> int:
    """How it ended."""
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError("a torture process does not end")
    return int(process.exitcode)


def _stop_at_random(context: Any, patient: Patient, dice: random.Random, warm: bool) -> list[int]:
    """Two processes write; each is killed at a moment of its own."""
    kinds = PREPARING if warm else sorted(torture_work.DOING)
    workers = [
        context.Process(
            target=_forever,
            args=(patient.place, str(patient.diary.path), 1000 * each + patient.kills, dice.random(), kinds),
        )
        for each in (1, 2)
    ]
    for worker in workers:
        worker.start()
    # The first snapshot of a process takes a second, in which nothing is written; later ones are soon aside.
    _wait_for(patient, ["done", "prepare"] if warm else ["begin"], len(workers) if warm else 1)
    for worker in workers:
        time.sleep(dice.uniform(0, 0.4 if warm else 0.03))
        worker.kill()
        worker.join()
    return [worker.exitcode for worker in workers]


def _stop_server(context: Any, patient: Patient, server: Any, dice: random.Random) -> None:
    """The server stops without a goodbye while somebody writes, and recovers when it is started again."""
    kinds = sorted(torture_work.DOING)
    arguments = (patient.place, str(patient.diary.path), 9000 + patient.kills, dice.random(), kinds)
    worker = context.Process(target=_forever_quietly, args=arguments)
    worker.start()
    _wait_for(patient, ["begin"], 1)
    time.sleep(dice.uniform(0, 0.1))
    server.stop("immediate")
    _ended(worker)
    server.start()


def _wait_for(patient: Patient, words: Line, times: int, seconds: float = 20.0) -> None:
    """Until that was told so often: a process killed while it imports has done nothing."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        new = patient.diary.read()[patient.heard :]
        if sum(line[: len(words)] == words for line in new) >= times:
            return
        time.sleep(0.001)


@contextmanager
def _writer(place: str, diary: str, who: int) -> Iterator[Writer]:
    told = Diary(Path(diary))
    with at_home(told.home):
        yield Writer(torture_work.entered(place, told, IN_FOLDER), who, told, IN_FOLDER)


def _forever(place: str, diary: str, who: int, rng_seed: float, kinds: Sequence[str]) -> None:
    with _writer(place, diary, who) as writer:
        torture_work.forever(writer, int(rng_seed * 2**32), kinds)


def _forever_quietly(place: str, diary: str, who: int, rng_seed: float, kinds: Sequence[str]) -> None:
    with suppress(OptoutError):
        _forever(place, diary, who, rng_seed, kinds)


def _count(place: str, diary: str, told: str) -> None:
    seen: Counter[Step] = Counter()
    with _writer(place, diary, PER_STORE + 9) as writer:
        _trace(lambda step: seen.update((step,)))
        torture_work.cycle(writer)
        torture_work.cycle(writer, ("lift", "prepare"))  # what was kept aside is read, and something is newer
        sys.settrace(None)
    Path(told).write_text("\n".join(f"{name}:{line}" for name, line in seen), "utf-8")


def _until(place: str, diary: str, who: int, step: Step) -> None:
    """Cycles, begun anywhere, up to one step: its first time or a later one, so that all kinds have their turn."""
    kinds, left = _kinds(who, step), who // len(CYCLE) % 3

    def look(at: Step) -> None:
        nonlocal left
        if at == step:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    with _writer(place, diary, who) as writer:
        _trace(look)
        torture_work.cycle(writer, kinds)
        # Executed less often than that: the next time is the last moment of this process.
        left = 0
        torture_work.cycle(writer, kinds)
        os.kill(os.getpid(), signal.SIGKILL)


def _kinds(who: int, step: Step) -> Sequence[str]:
    """The first snapshot of a process takes a second: where its code is not asked for, it mostly comes last."""
    first = who % len(CYCLE)
    order = (*CYCLE[first:], *CYCLE[:first])
    if step[0] in LATE or who % len(CYCLE) == 0:
        return order
    quick = tuple(kind for kind in order if kind != "prepare")
    return (*quick, *quick, "prepare")


def _trace(look: Any) -> None:
    ours: dict[CodeType, bool] = {}

    def each_line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            look((Path(frame.f_code.co_filename).name, frame.f_lineno))
        return each_line

    def each_call(frame: FrameType, _event: str, _: Any) -> Any:
        code = frame.f_code
        if code not in ours:
            ours[code] = code.co_filename.startswith(SOURCES)
        return each_line if ours[code] else None

    sys.settrace(each_call)
