"""A list and a store about each other: invented people with a known truth, for measuring what a screen catches.

    N rows = true matches (M / 2) + traps (see match_traps) + unrelated people and companies
    M entries = people, one a household, and 5 % companies

Every second entry stands on the list once more, changed in one of the ways of `KINDS` (the shares are fixed
here); then both sides are written down independently by `match_cells`, with the same noise. What is assumed:

- Names are drawn from 437 surnames and some 600 given names, the common ones as often as they are; Japan has
  100,000 surnames, so namesakes are far more frequent here than there.
- Addresses are real towns (Japan Post) with drawn numbers; 70 of 100 households have a landline, 75 of 100
  people a mobile, 45 an e-mail address, and then cells are blank as lists have them (`match_cells.BLANK`).
- A kind changes one thing, but for "several", which the bounds do not cover: that changes two. Real lists do more.
- Numbers and mailboxes of unrelated people are never those of an entry: who shares one is in a trap.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import match_changes as changes
import numpy as np
import polars as pl
from match_changes import Change, Person
from match_person import ENTRY_START, framed, plain, spares, with_companies
from match_traps import traps, with_switchboards
from people import people

# Share of the true matches, in per cent.
KINDS: Final[dict[str, tuple[int, Change]]] = {
    "format": (14, changes.unchanged),
    "itaiji": (8, changes.variant_glyphs),
    "phone_changed": (8, changes.phone_changed),
    "phone_missing": (8, changes.phone_missing),
    "moved": (8, changes.moved),
    "name_typo": (6, changes.name_typo),
    "given_kana": (5, changes.given_in_kana),
    "surname_changed": (6, changes.surname_changed),
    "number_typo": (6, changes.number_typo),
    "phone_typo": (5, changes.phone_typo),
    "kana_only": (5, changes.kana_only),
    "romaji": (4, changes.romaji),
    "company": (4, changes.company),
    "joint": (4, changes.joint),
    "several": (6, changes.several),  # two of these at once
    "fax": (3, changes.unchanged),  # its characters are confused when it is written (match_cells)
}
UNRELATED: Final = "unrelated"
CHUNK: Final = 1_000_000
MATCHED: Final = 0.5  # entries that stand on the list


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Both sides and what is true of them.

    Attributes:
        entries: The people who asked (`match_person.COLUMNS`).
        chunks: The people of the list in list order, a part at a time, so that a long list fits in memory; with
            `kind` String (a kind, a trap or "unrelated") and `entry` UInt32 (the entry they are, null when none).
    """

    entries: pl.DataFrame
    chunks: Iterator[pl.DataFrame]


def world(n_rows: int, n_entries: int, rng_seed: int, towns: pl.DataFrame | None = None) -> World:
    """A list of `n_rows` and a store of `n_entries`; the same for the same seed. `towns` as for `people`."""
    entries = with_switchboards(_entries(n_entries, rng_seed, towns), rng_seed + 1, towns)
    true = round(n_entries * MATCHED)
    spare = spares(true * 2, rng_seed + 2, towns)
    rng = random.Random(rng_seed + 3)
    some = pl.concat(
        [_matches(entries, true, spare, rng), _apart(traps(entries, true, spare, rng, towns), entries)]
    )
    del spare
    some = some[np.random.RandomState(rng_seed + 5).permutation(some.height)]
    if some.height > n_rows:
        raise ValueError(f"{n_entries} entries need a list of at least {some.height} rows")
    return World(entries, _chunks(n_rows, some, entries, rng_seed + 4, towns))


def _chunks(
    n_rows: int, some: pl.DataFrame, entries: pl.DataFrame, rng_seed: int, towns: pl.DataFrame | None
) -> Iterator[pl.DataFrame]:
    """Matches and traps spread evenly among unrelated people."""
    count = -(-n_rows // CHUNK)
    for number in range(count):
        begin, end = (n_rows * at // count for at in (number, number + 1))
        first, last = (some.height * at // count for at in (number, number + 1))
        known = some[first:last]
        left = end - begin - known.height
        others = [_unrelated(left, entries, rng_seed + number, begin, towns)] if left else []
        rows = pl.concat([known, *others])
        yield rows[np.random.RandomState(rng_seed + 1000 + number).permutation(rows.height)]


def _entries(n: int, rng_seed: int, towns: pl.DataFrame | None) -> pl.DataFrame:
    """One member of each household; every twentieth is a company."""
    some = people(round(n * 1.4) + 50, rng_seed, towns=towns, start=ENTRY_START)
    order = np.random.RandomState(rng_seed).permutation(some.height)
    some = some[order].unique("household_id", keep="first", maintain_order=True).head(n)
    return with_companies(plain(some), rng_seed)


def _matches(entries: pl.DataFrame, true: int, spare: list[Person], rng: random.Random) -> pl.DataFrame:
    """As many entries once more, each changed in the way of its kind."""
    persons = entries.with_row_index("entry").to_dicts()
    rng.shuffle(persons)
    frames = []
    for kind, (share, change) in sorted(KINDS.items(), key=lambda item: item[0] not in ("company", "itaiji")):
        wanted = round(true * share / 100)
        chosen, persons = _taken(persons, kind, wanted)
        made = [change(person, spare.pop(), rng) for person in chosen]
        frames.append(framed(made, kind))
    return pl.concat(frames)


def _taken(persons: list[Person], kind: str, wanted: int) -> tuple[list[Person], list[Person]]:
    """The first of them to whom the kind applies, and the rest."""
    chosen: list[Person] = []
    left: list[Person] = []
    for person in persons:
        fit = len(chosen) < wanted and _applies(person, kind)
        (chosen if fit else left).append(person)
    return chosen, left


def _applies(person: Person, kind: str) -> bool:
    if kind == "company" or person["name_family"] is None:
        return person["name_family"] is None and kind in ("company", "format", "phone_missing", "number_typo")
    if kind == "itaiji":
        return changes.has_variant(person)
    if kind in ("phone_changed", "moved", "phone_typo", "several"):
        return bool(person["phone"] or person["mobile"])
    return True


def _unrelated(
    n: int, entries: pl.DataFrame, rng_seed: int, start: int, towns: pl.DataFrame | None
) -> pl.DataFrame:
    some = with_companies(plain(people(n, rng_seed, towns=towns, start=start)), rng_seed)
    nobody = pl.lit(None, dtype=pl.UInt32)
    return _apart(some.with_columns(kind=pl.lit(UNRELATED), entry=nobody), entries)


def _apart(rows: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """Take away what an unrelated row shares with an entry by an accident of drawing: number or mailbox."""
    shared = pl.col("kind").is_in(["relatives", "switchboard"])
    clean = [
        pl.when(shared | ~pl.col(field).is_in(entries[field].drop_nulls().implode()))
        .then(pl.col(field))
        .alias(field)
        for field in ("phone", "mobile", "email")
    ]
    return rows.with_columns(clean)
