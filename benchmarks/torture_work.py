"""What a torture process does to a store, and what must be true afterwards.

Every operation is told of twice in a file of its own, before it begins and once it was acknowledged; what was written
to a file outlives the process. So afterwards each person is known to be in, out, or either (the operation under way).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl
import torture_people

from optout.store import Store

KEY: Final = bytes(range(32))
LIST: Final = 40  # rows of a bulk import; odd ones are of a second tenant


@dataclass(slots=True)
class Diary:
    """The file a process tells its operations to."""

    path: Path

    def tell(self, *words: object) -> None:
        """One line, in one call of the system, so that a kill leaves whole lines."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, ("\t".join(map(str, words)) + "\n").encode())
        os.close(handle)

    def read(self) -> list[list[str]]:
        """Every line so far, oldest first."""
        return (
            [line.split("\t") for line in self.path.read_text("utf-8").splitlines()]
            if self.path.exists()
            else []
        )


@dataclass(slots=True)
class Writer:
    """One process at work: `who` and the number of the operation make every person its own."""

    store: Store
    who: int
    diary: Diary
    number: int = 0
    mine: list[tuple[int, str]] = field(default_factory=list)

    def do(self, kind: str) -> None:
        """One operation, told of before and after."""
        self.number += 1
        DOING[kind](self)

    def suppress(self) -> None:
        """One person."""
        number = self.number
        self.diary.tell("begin", "in", self.who, number)
        (request_id,) = self.store.suppress(torture_people.request(number, self.who)).request_ids
        self.diary.tell("done", "in", self.who, number)
        self.mine.append((number, request_id))

    def bulk(self) -> None:
        """A list, `LIST` people in one commit of several blocks."""
        numbers = range(self.number, self.number + LIST)
        self.number = numbers[-1]
        self.diary.tell("begin", "in", self.who, *numbers)
        self.store.suppress([torture_people.request(number, self.who) for number in numbers])
        self.diary.tell("done", "in", self.who, *numbers)

    def lift(self) -> None:
        """The last person that came alone goes again."""
        if not self.mine:
            return self.suppress()
        number, request_id = self.mine.pop()
        self.diary.tell("begin", "out", self.who, number)
        self.store.lift(request_id, "本人の申出")
        self.diary.tell("done", "out", self.who, number)
        return None


DOING: Final[dict[str, Callable[[Writer], None]]] = {
    "suppress": Writer.suppress,
    "import": Writer.bulk,
    "lift": Writer.lift,
}


def cycle(writer: Writer, kinds: Iterable[str] = ("suppress", "import", "lift", "suppress")) -> None:
    """Each kind once, in this order."""
    for kind in kinds:
        writer.do(kind)


def forever(writer: Writer, rng_seed: int, more: Callable[[], bool] = lambda: True) -> None:
    """Operations at random, until something ends the process."""
    dice = random.Random(rng_seed)
    kinds = sorted(DOING)
    while more():
        writer.do(dice.choice(kinds))


@dataclass(slots=True)
class Truth:
    """Who must be in and who must not, by name; told by diaries, settled by what a store showed."""

    inside: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    open_groups: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    acknowledged: int = 0

    def hear(self, lines: Iterable[list[str]]) -> None:
        """Take in a diary; what began and was not acknowledged is open."""
        begun: dict[str, tuple[str, frozenset[str]]] = {}
        for what, verb, who, *numbers in lines:
            names = frozenset(_name(int(number), int(who)) for number in numbers)
            if what == "begin":
                begun[who] = (verb, names)
            else:
                self._settle(verb, names)
                self.acknowledged += 1
                del begun[who]
        self.open_groups += begun.values()

    def _settle(self, verb: str, names: frozenset[str]) -> None:
        gain, lose = (self.inside, self.outside) if verb == "in" else (self.outside, self.inside)
        gain |= names
        lose -= names

    def wrong(self, entries: pl.DataFrame) -> list[str]:
        """What the entries in force have or lack that they must not; whatever was open is settled by them."""
        seen = _people(entries)
        whole = {name for name, n in seen.items() if n == _lines(name)}
        found = [f"{len(seen) - len(whole)} people in half"] if len(whole) != len(seen) else []
        for verb, names in self.open_groups:
            if len(names & whole) not in (0, len(names)):
                found.append("half a commit")
            came_true = bool(names & whole) == (verb == "in")
            self._settle(verb if came_true else {"in": "out", "out": "in"}[verb], names)
        self.open_groups.clear()
        if lost := self.inside - whole:
            found.append(f"{len(lost)} lost")
        if back := whole - self.inside:
            found.append(f"{len(back)} that were lifted or never came")
        return found


def _name(number: int, who: int) -> str:
    return torture_people.request(number, who).name or ""


@cache
def _lines(name: str) -> int:
    """How many entries one person has: one, and one more for each other identity."""
    number, who = name.removeprefix("見本 ").split("の")
    return len(torture_people.request(int(number), int(who)).entries(""))


def _people(entries: pl.DataFrame) -> Counter[str]:
    """Entries by the person's first name; the other names of a person stand in entries of the same request."""
    main = entries.filter(pl.col("name").str.contains("の")).group_by("request").agg(pl.col("name").first())
    counts = entries.group_by("request").len().join(main, on="request", how="left")
    return Counter(dict(zip(counts["name"].fill_null("の"), counts["len"], strict=True)))
