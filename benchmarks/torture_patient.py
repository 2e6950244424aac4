"""One store that processes are killed at work on, and what is looked at after each kill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest.mock import patch

import polars as pl
import torture_aside
from torture_truth import Truth
from torture_work import ASIDE, IN_FOLDER, Diary, Key, at_home, keys, opened

from optout.errors import OptoutError
from optout.screen import cache
from optout.store import Store

EVERY: Final = 2  # so often the snapshot is looked at even when nobody was at work on it


@dataclass(slots=True)
class Patient:
    """One store, and what is known of it.

    Attributes:
        place: Where it is.
        diary: What the processes at work on it told.
        counts: Looks at copies and snapshots, for all patients.
        heard: Lines of the diary so far.
        kills: It bore.
        rows: Revisions and audit rows at the last look.
    """

    place: str
    diary: Diary
    counts: Counter[str]
    truth: Truth = field(default_factory=Truth)
    heard: int = 0
    kills: int = 0
    rows: Counter[str] = field(default_factory=lambda: Counter(rows=1))

    def examine(self) -> list[str]:
        """What is wrong with it; [] when all is well."""
        lines = self.diary.read()
        self.truth.hear(lines[self.heard :])
        self.heard = len(lines)
        held = keys(IN_FOLDER, lines)
        try:
            # Whoever looks leaves what was kept aside as it is.
            with (
                at_home(self.diary.home),
                patch.object(cache, "is_worth_it", lambda _: False),
                opened(self.place, held) as store,
            ):
                found = [*self._people(store), *self._copies(store, held), *self._aside(store)]
                head = store.head
                self.rows = Counter(revisions=head.revision, rows=head.audit_n)
                return found
        except OptoutError as refused:
            return [f"{type(refused).__name__}: {refused}"]

    def _people(self, store: Store) -> list[str]:
        revision, entries = store.entries()
        now = Counter(revisions=revision, rows=store.audit_verify())
        found = self.truth.wrong(entries) + self.truth.miscounted(self.rows, now)
        left = store.requests(self.truth.purged)
        return [*found, *([f"{left.height} entries of purged requests"] if left.height else [])]

    def _copies(self, store: Store, held: list[Key]) -> list[str]:
        """Each is looked at once, and taken away; where there is none, the next attempt has to make it."""
        found: list[str] = []
        for name, (revision, done) in self.truth.copies.items():
            copy = self.diary.home / name
            there = copy.exists()
            if done and not there:
                found.append("a copy that was acknowledged is not there")
            if not there:
                store.backup(copy)
                found += ["a draft was left"] if [*copy.parent.glob(f".{name}.*")] else []
            self.counts["copies" if there else "copies_not_there"] += 1
            found += copied(copy, held, store, revision)
            for each in copy.parent.glob(f"*{name}*"):
                each.unlink()
        self.truth.copies.clear()
        return found

    def _aside(self, store: Store) -> list[str]:
        due, self.truth.prepared = self.truth.prepared or self.kills % EVERY == 0, False
        lies = due and any((self.diary.home / ASIDE).glob("*.snapshot"))
        return torture_aside.wrong(store, self.counts) if lies else []


def copied(copy: Path, held: Iterable[Key], store: Store, least: int) -> list[str]:
    """What is wrong with a backup: it must open whole, and be the store as it was at a revision that is late enough."""
    with opened(copy, held) as other:
        revision, entries = other.entries()
        other.audit_verify()
    if revision < least:
        return [f"a copy is of revision {revision}, begun at {least}"]
    then = store.at(revision)
    kept = entries.filter(~pl.col("request").is_in(list(then.purged)))
    return [] if kept.equals(then.listed) else ["a copy has other entries than the store had"]
