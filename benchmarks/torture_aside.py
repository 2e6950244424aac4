"""What a snapshot kept aside has to be: what the log alone gives, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl

from optout.screen import cache
from optout.screen.snapshot import Snapshot, snapshot
from optout.store import Store


def differences(kept: Snapshot, made: Snapshot) -> list[str]:
    """The parts in which two snapshots differ; [] when every verdict by them is the same."""
    facts = (
        "epoch" if kept.epoch != made.epoch else "",
        "revision" if kept.revision != made.revision else "",
        "scheme" if kept.scheme != made.scheme else "",
        # One too many costs a reading and tells nothing.
        "births" if not made.blocked.kana_births.is_in(kept.blocked.kana_births.implode()).all() else "",
        "rules" if kept.blocked.keys.keys() != made.blocked.keys.keys() else "",
    )
    parts = dict(_parts(kept))
    other = dict(_parts(made))
    return [*filter(None, facts), *(name for name, part in other.items() if not parts[name].equals(part))]


def _parts(told: Snapshot) -> Iterator[tuple[str, pl.DataFrame]]:
    yield "entries", told.entries
    # A column may be left of somebody who went: the longest list of numbers.
    filled = [column.name for column in told.raw if column.null_count() < told.raw.height]
    yield "raw", told.raw.select(sorted(filled))
    yield "comparable", pl.DataFrame({"usable": told.blocked.usable, "flagged": told.blocked.flagged})
    for rule, ours in told.blocked.keys.items():
        yield rule, ours.sort(ours.columns)


def wrong(store: Store, counts: Counter[str]) -> list[str]:
    """What the snapshot says that the log does not, or the other way round; counts whether it was one kept aside."""
    counts["used" if cache.load(store) else "rebuilt"] += 1
    found = differences(snapshot(store), snapshot(store.at(store.revision)))
    return [f"the snapshot kept aside has other {each}" for each in found]
