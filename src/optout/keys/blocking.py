"""A raw frame → blocking keys: two subjects are compared only when they share one (tables/blocking.tsv).

This is lane 1, the cheap part done for every row. Its law: whatever the rules would withhold or review shares at
least one key here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl

from optout import tables
from optout.keys.digest import combined, digest
from optout.keys.parts import Listed, Named, Parts, nothing, parts, silent
from optout.schema import DType
from optout.text import kana, name
from optout.text.flat import Keys, Mask, Places

Side: TypeAlias = Literal["row", "entry"]

_KEYS: Final[dict[str, DType]] = {"i": pl.UInt32, "key": pl.UInt64}
# Of a sieve: so many times as many places as keys, so that one row in so many passes by chance.
_ROOM: Final = 16
_LEAST_BITS: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Blocked:
    """What lane 1 knows of a raw frame.

    Attributes:
        keys: Blocking rule id → frame `i` UInt32 (line of the raw frame), `key` UInt64, no nulls.
        usable: Boolean, a line each: at least one identifier survives.
        flagged: Boolean, a line each: the name cell itself refuses (※DM不要), or tells a death.
        kana_births: UInt64, birth dates of the lines that have a reading and no kanji name.
    """

    keys: dict[str, pl.DataFrame]
    usable: pl.Series
    flagged: pl.Series
    kana_births: pl.Series
    _sieves: dict[str, Mask] = field(default_factory=dict, repr=False)

    def may_hold(self, rule: str, keys: Keys) -> Mask:
        """Which of these keys may be one of ours under that rule; hardly any other passes."""
        sieve = self._sieves.get(rule)
        if sieve is None:
            sieve = self._sieves.setdefault(rule, _sieve(self.keys[rule]["key"].to_numpy()))
        return sieve[_place(keys, len(sieve))]


def _sieve(keys: Keys) -> Mask:
    bits = max(_LEAST_BITS, int(len(keys) * _ROOM).bit_length())
    sieve = np.zeros(1 << bits, np.bool_)
    sieve[_place(keys, len(sieve))] = True
    return sieve


def _place(keys: Keys, size: int) -> Keys:
    return keys >> np.uint64(64 - (size.bit_length() - 1))


def blocked(raw: pl.DataFrame, side: Side, against: Blocked | None = None) -> Blocked:
    """Make the blocking keys of every line.

    Args:
        raw: A raw frame (see `optout.schema`); nulls and any spelling allowed.
        side: `row` for a batch, `entry` for the suppression list; it matters to the rules whose parts differ by side.
        against: The other side, when it is known: keys and kana that could meet nothing there are left out.

    Returns:
        Keys by rule, and which lines have an identifier at all.
    """
    read = parts(raw)
    kana_parts, kana_births = _kana(raw, read, side, against)
    single = read.single | kana_parts | _ends(read.single, side) | {"name": read.named.key}
    keys = {
        rule: _keys_of(number, rule, wanted, single, read, against)
        for number, (rule, wanted) in enumerate(_rules().items(), 1)
    }
    usable = pl.Series("usable", _usable(raw, read))
    return Blocked(keys, usable, pl.Series("flagged", read.named.flagged), kana_births)


@cache
def _rules() -> Mapping[str, tuple[str, ...]]:
    """Blocking rule id → its parts."""
    rows = tables.load("blocking").iter_rows(named=True)
    return {row["rule_id"]: tuple(row["parts"].split("+")) for row in rows}


def matchable(raw: pl.DataFrame) -> pl.Series:
    """Boolean, a line each: some row could ever be matched with this line (a name alone never is)."""
    found = blocked(raw, "entry").keys.values()
    return pl.Series("matchable", _held(raw.height, *(frame["i"].to_numpy() for frame in found)))


def _held(height: int, *lines: Places) -> Mask:
    """Of that height, true at the given line numbers."""
    mask = np.zeros(height, np.bool_)
    for some in lines:
        mask[some] = True
    return mask


def _ends(single: Mapping[str, Keys], side: Side) -> dict[str, Keys]:
    """`longer` and `shorter` meet when one side writes the room as a number."""
    longer, shorter = ("numbers", "cut") if side == "entry" else ("cut", "numbers")
    return {"longer": single[longer], "shorter": single[shorter]}


def _keys_of(
    number: int,
    rule: str,
    wanted: tuple[str, ...],
    single: Mapping[str, Keys],
    read: Parts,
    against: Blocked | None,
) -> pl.DataFrame:
    """One key a line that has all parts of the rule."""
    if wanted[0] in read.listed:
        some = read.listed[wanted[0]]
        found = [_made(number, [some.key], some.line)]
    else:
        found = [_made(number, [single[part] for part in wanted], None)]
        more = read.named.more
        if "name" in wanted and len(more.line):
            named = [more.key if part == "name" else single[part][more.line] for part in wanted]
            found.append(_made(number, named, more.line))
    if against is not None:
        found = [_sifted(some, rule, against) for some in found]
    return pl.concat([pl.DataFrame({"i": lines, "key": keys}, schema=_KEYS) for lines, keys in found])


def _made(number: int, of_parts: list[Keys], lines: Places | None) -> Listed:
    """The keys where all parts are told."""
    told = np.logical_and.reduce([part != 0 for part in of_parts])
    places = np.flatnonzero(told)
    keys = combined(number, of_parts if len(places) == len(told) else [part[places] for part in of_parts])
    return Listed(places if lines is None else lines[places], keys)


def _sifted(some: Listed, rule: str, against: Blocked) -> Listed:
    passing = np.flatnonzero(against.may_hold(rule, some.key))
    return Listed(some.line[passing], some.key[passing])


def _kana(
    raw: pl.DataFrame, read: Parts, side: Side, against: Blocked | None
) -> tuple[dict[str, Keys], pl.Series]:
    """The `kana` needed beside a birth date, and `other_script`: kanji on one side and kana on the other."""
    if silent(raw["birth_date"]):
        untold = nothing(raw.height)
        return {"kana": untold, "other_script": untold}, pl.Series([], dtype=pl.UInt64)
    birth, kanji = read.single["birth"], read.named.kanji
    asked = np.flatnonzero((birth != 0) & (~kanji | _worth_reading(birth, against)))
    reading = nothing(raw.height)
    reading[asked] = _readings(raw, read.named, asked)
    spoken = raw["kana"].is_not_null().to_numpy() | (reading != 0)
    of_row, of_entry = (1, 2) if side == "row" else (2, 1)
    other = np.where(kanji & ~spoken, of_row, np.where(~kanji & spoken, of_entry, 0)).astype(np.uint64)
    only = birth[~kanji & (reading != 0)]
    return {"kana": reading, "other_script": other}, pl.Series(only, dtype=pl.UInt64)


def _readings(raw: pl.DataFrame, named: Named, lines: Places) -> Keys:
    """A name in kana or letters reads itself, else the kana column."""
    spoken = raw["kana"].gather(lines)
    itself = ~named.kanji[lines] & (named.key[lines] != 0)
    if itself.any():
        full = name.whole(raw["name"].gather(lines[itself]))["full"]
        spoken = spoken.scatter(np.flatnonzero(itself), full)
    read = kana.key(spoken).alias("reading").to_frame()
    return read.select(digest("reading").fill_null(0)).to_series().to_numpy()


def _worth_reading(births: Keys, against: Blocked | None) -> Mask:
    """A kanji name beside its kana is read only where the other side has kana alone on that very day."""
    if against is None:
        return np.ones(len(births), np.bool_)
    return np.isin(births, against.kana_births.unique().to_numpy())


def _usable(raw: pl.DataFrame, read: Parts) -> Mask:
    """A line with a name, a reading, a phone, an e-mail, a birth date, a corporate number or a place."""
    single, named = read.single, read.named
    usable = (single["numbers"] != 0) & ((single["town"] != 0) | (single["postal"] != 0))
    usable |= (named.key != 0) | (single["birth"] != 0) | (single["corporate_number"] != 0)
    usable |= _held(raw.height, named.more.line, *(some.line for some in read.listed.values()))
    quiet = np.flatnonzero(~usable & raw["kana"].is_not_null().to_numpy())
    if len(quiet):
        usable[quiet] = kana.key(raw["kana"].gather(quiet)).is_not_null().to_numpy()
    return usable
