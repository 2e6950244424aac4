"""What must be true of a store: told by diaries, settled by what the store shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import polars as pl
import torture_people
from torture_work import Line

_RECORDS: Final = ("in", "out", "gone")  # operations that make a revision


@dataclass(slots=True)
class Truth:
    """Who must be in and who must not, by name, and what else was promised.

    Attributes:
        inside: Names that must be in force.
        outside: Names that must not.
        open_groups: The names that each thing under way was about.
        purged: Requests of which nothing may be left.
        copies: File name → the revision a backup has at least, and whether it was acknowledged.
        acknowledged: Operations that were.
        done: Of them, since they were last counted, those that make a revision; and all that make an audit row.
        begun: The same of all that was begun.
        prepared: Whether a snapshot was begun since that was last asked.
    """

    inside: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    open_groups: list[frozenset[str]] = field(default_factory=list)
    purged: set[str] = field(default_factory=set)
    copies: dict[str, tuple[int, bool]] = field(default_factory=dict)
    acknowledged: int = 0
    done: Counter[str] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)
    prepared: bool = False

    def hear(self, lines: Iterable[Line]) -> None:
        """Take in a diary; what began and was not acknowledged is open."""
        under_way: dict[str, frozenset[str]] = {}
        for what, verb, who, *told in lines:
            numbers = told[:1] if verb == "gone" else told
            names = (
                frozenset(_name(int(number), int(who)) for number in numbers) if verb in _RECORDS else None
            )
            self._note(what == "done", verb, told)
            if what == "begin" and names:
                under_way[who] = names
            elif names:
                self._settle(names, verb == "in")
                del under_way[who]
        self.open_groups += under_way.values()

    def _note(self, done: bool, verb: str, told: list[str]) -> None:
        counted = self.done if done else self.begun
        counted.update({"revisions": verb in _RECORDS, "rows": verb != "prepare"})
        self.acknowledged += done
        self.prepared |= verb == "prepare"
        if verb == "backup":
            self.copies[told[0]] = (int(told[1]), done)
        elif verb == "gone" and done:
            self.purged.add(told[1])

    def _settle(self, names: frozenset[str], is_in: bool) -> None:
        gain, lose = (self.inside, self.outside) if is_in else (self.outside, self.inside)
        gain |= names
        lose -= names

    def wrong(self, entries: pl.DataFrame) -> list[str]:
        """What the entries in force have or lack that they must not; whatever was open is settled by them."""
        seen = _people(entries)
        whole = {name for name, n in seen.items() if n == _lines(name)}
        found = [f"{len(seen) - len(whole)} people in half"] if len(whole) != len(seen) else []
        for names in self.open_groups:
            if len(names & whole) not in (0, len(names)):
                found.append("half a commit")
            self._settle(names, bool(names & whole))
        self.open_groups.clear()
        if lost := self.inside - whole:
            found.append(f"{len(lost)} lost")
        if back := whole - self.inside:
            found.append(f"{len(back)} that were lifted or never came")
        return found

    def miscounted(self, before: Counter[str], now: Counter[str]) -> list[str]:
        """Revisions and audit rows that there are too few or too many of since they were last counted."""
        told = {
            name: (now[name] - before[name], self.done[name], self.begun[name])
            for name in ("revisions", "rows")
        }
        self.done.clear()
        self.begun.clear()
        return [
            f"{came} {name} more, of {least} acknowledged and {most} begun"
            for name, (came, least, most) in told.items()
            if not least <= came <= most
        ]


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
