"""kill -9 of processes at work on a store, at every step of the product's own code and at random moments.

A step is a line of `optout.store`: a first run counts them, then each is the last one that some process executes. At
random moments one or two processes are killed while both write. After each kill the store must open and verify, hold
every acknowledged change, and of the operation under way all or nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import torture_work
from torture_places import Places
from torture_work import KEY, Diary, Truth, Writer

import optout.store
from optout.errors import OptoutError
from optout.store import Store

Step = tuple[str, int]

SOURCE: Final = str(Path(optout.store.__file__).parent)
PER_STORE: Final = 40  # kills that one store has to bear
PER_STOP: Final = 50  # kills for each immediate stop of a server
_METHODS: Final = multiprocessing.get_all_start_methods()


@dataclass(slots=True)
class Patient:
    """One store, and what is known of it."""

    place: str
    diary: Diary
    truth: Truth = field(default_factory=Truth)
    heard: int = 0
    kills: int = 0

    def examine(self) -> list[str]:
        """What is wrong with it; [] when all is well."""
        self.truth.hear(self.diary.read()[self.heard :])
        self.heard = len(self.diary.read())
        try:
            with Store.open(self.place, key=KEY) as store:
                revision, entries = store.entries()
                rows = store.audit_verify()
        except OptoutError as refused:
            return [f"{type(refused).__name__}: {refused}"]
        found = self.truth.wrong(entries)
        return found if rows == revision + 1 else [*found, f"{rows} audit rows at revision {revision}"]


def run(folder: Path, n: int = 1000, rng_seed: int = 6, server: Any = None) -> dict[str, Any]:
    """`n` kills, and what was broken; with a running PostgreSQL `server`, of its clients and now and then of itself."""
    context = _context()
    dice, began = random.Random(rng_seed), time.perf_counter()
    hospital = Hospital(Places(folder, server))
    steps = _steps(context, hospital.admit())
    dice.shuffle(steps)
    walked = steps[: max(1, n // 2)]
    for step in walked:
        _stop_at(context, hospital.next(), step)
        hospital.look(f"at {step[0]}:{step[1]}")
    while hospital.kills < n:
        dead = _stop_at_random(context, hospital.next(), dice)
        hospital.look("at a random moment", dead)
    stops = n // PER_STOP if server else 0
    for _ in range(stops):
        _stop_server(context, hospital.next(), server, dice)
        hospital.look("when the server was stopped")
    return {
        "engine": hospital.places.engine,
        "kills": hospital.kills,
        "server_stops": stops,
        "steps": len(walked),
        "steps_known": len(steps),
        "acknowledged": hospital.acknowledged,
        "stores": hospital.admitted,
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
        self.patient: Patient | None = None

    @property
    def acknowledged(self) -> int:
        """Operations that were, in all stores."""
        return self.discharged + (self.patient.truth.acknowledged if self.patient else 0)

    def admit(self) -> Patient:
        """A new store in a folder of its own."""
        if self.patient is not None:
            self.discharged += self.patient.truth.acknowledged
            self.places.away(self.patient.diary.path.parent)
        self.admitted += 1
        place, home = self.places.new()
        self.patient = Patient(place, Diary(home / "diary"))
        return self.patient

    def next(self) -> Patient:
        """The store at hand, or a new one when it has borne enough."""
        spent = self.patient is None or self.patient.kills >= PER_STORE
        return self.admit() if spent or self.patient is None else self.patient

    def look(self, how: str, dead: int = 1) -> None:
        """After a kill."""
        assert self.patient is not None
        self.kills += dead
        self.patient.kills += dead
        self.places.settle()
        wrong = self.patient.examine()
        if wrong:
            self.found += [f"{how}: {each}" for each in wrong]
            home = self.patient.diary.path.parent
            shutil.copytree(home, home.with_name(f"kept{self.kills}"))
            self.patient.kills = PER_STORE


def _context() -> Any:
    """A server that has everything imported and forks in milliseconds; spawning works too, slowly."""
    if "forkserver" not in _METHODS:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torture_kills", "optout.store.bulk", "optout.atlas"])
    return context


def _steps(context: Any, patient: Patient) -> list[Step]:
    """Every line of the store's own code that a cycle of operations executes."""
    told = patient.diary.path.with_name("steps")
    _run(context.Process(target=_count, args=(patient.place, str(patient.diary.path), str(told))))
    found = [line.rsplit(":", 1) for line in told.read_text("utf-8").splitlines()]
    return [(name, int(line)) for name, line in found]


def _stop_at(context: Any, patient: Patient, step: Step) -> None:
    who = patient.kills
    _run(context.Process(target=_until, args=(patient.place, str(patient.diary.path), who, step)))


def _run(process: Any) -> None:
    process.start()
    _ended(process)


def _ended(process: Any) -> None:
    process.join(60)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError("a torture process does not end")


def _stop_at_random(context: Any, patient: Patient, dice: random.Random) -> int:
    """Two processes write; each is killed at a moment of its own."""
    workers = [
        context.Process(
            target=_forever,
            args=(patient.place, str(patient.diary.path), 1000 * each + patient.kills, dice.random()),
        )
        for each in (1, 2)
    ]
    for worker in workers:
        worker.start()
    _wait_for_work(patient)
    for worker in workers:
        time.sleep(dice.uniform(0, 0.03))
        worker.kill()
        worker.join()
    return len(workers)


def _stop_server(context: Any, patient: Patient, server: Any, dice: random.Random) -> None:
    """The server stops without a goodbye while somebody writes, and recovers when it is started again."""
    arguments = (patient.place, str(patient.diary.path), 9000 + patient.kills, dice.random())
    worker = context.Process(target=_forever_quietly, args=arguments)
    worker.start()
    _wait_for_work(patient)
    time.sleep(dice.uniform(0, 0.1))
    server.stop("immediate")
    _ended(worker)
    server.start()


def _wait_for_work(patient: Patient, seconds: float = 20.0) -> None:
    """Until somebody has begun: a process killed while it imports has done nothing."""
    until = time.monotonic() + seconds
    while len(patient.diary.read()) <= patient.heard and time.monotonic() < until:
        time.sleep(0.001)


def _writer(place: str, diary: str, who: int) -> Writer:
    return Writer(Store.open(place, key=KEY), who, Diary(Path(diary)))


def _forever(place: str, diary: str, who: int, rng_seed: float) -> None:
    torture_work.forever(_writer(place, diary, who), int(rng_seed * 2**32))


def _forever_quietly(place: str, diary: str, who: int, rng_seed: float) -> None:
    with suppress(OptoutError):
        _forever(place, diary, who, rng_seed)


def _count(place: str, diary: str, told: str) -> None:
    seen: Counter[Step] = Counter()
    _trace(lambda step: seen.update((step,)))
    torture_work.cycle(_writer(place, diary, 0))
    sys.settrace(None)
    Path(told).write_text("\n".join(f"{name}:{line}" for name, line in seen), "utf-8")


def _until(place: str, diary: str, who: int, step: Step) -> None:
    """The cycle, up to one step: its last time or an earlier one, so that all operations have their turn."""
    left = who % 5

    def look(at: Step) -> None:
        nonlocal left
        if at == step:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    _trace(look)
    writer = _writer(place, diary, who)
    torture_work.cycle(writer)
    # Executed less often than that: the first time in a second cycle is the last moment of this process.
    left = 0
    torture_work.cycle(writer)
    os.kill(os.getpid(), signal.SIGKILL)


def _trace(look: Any) -> None:
    ours: dict[CodeType, bool] = {}

    def each_line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            look((Path(frame.f_code.co_filename).name, frame.f_lineno))
        return each_line

    def each_call(frame: FrameType, _event: str, _: Any) -> Any:
        code = frame.f_code
        if code not in ours:
            ours[code] = code.co_filename.startswith(SOURCE)
        return each_line if ours[code] else None

    sys.settrace(each_call)
