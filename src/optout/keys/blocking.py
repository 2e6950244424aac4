"""A raw frame → blocking keys: two subjects are compared only when they share one (tables/blocking.tsv).

This is lane 1, the cheap part done for every row. Its law: whatever the rules would withhold or review shares at
least one key here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from optout import tables
from optout.keys.digest import combined, digest
from optout.keys.parts import Listed, Named, Parts, nothing, parts, silent
from optout.keys.people import parted
from optout.schema import DType
from optout.text import kana, name
from optout.text.flat import Keys, Mask, Places
from optout.text.lookup import Lookup, place

Side: TypeAlias = Literal["row", "entry"]

_KEYS: Final[dict[str, DType]] = {"i": pl.UInt32, "key": pl.UInt64}
_PAIRS: Final[dict[str, DType]] = {"a": pl.UInt32, "b": pl.UInt32}
# A switchboard or a tower that so many entries share tells little; comparing all with all of them would never end.
CROWD: Final = 500
_FEW_OF_A_CROWD: Final = 8
# Of a sieve: so many times as many places as keys, so that one row in so many passes by chance.
_ROOM: Final = 16
_LEAST_BITS: Final = 12
_LINES: Final = 1 << 15  # what is made of so many stays in the cache


class Met(NamedTuple):
    """Pairs that share a blocking key.

    Attributes:
        pairs: `a` UInt32 (line of the other frame), `b` UInt32 (line of ours), distinct, sorted.
        crowded: UInt32, lines of the other frame one of whose keys more than `CROWD` of our lines have. Of these only
            a few were taken, and those whose name begins alike: what is said of such a line is not all.
    """

    pairs: pl.DataFrame
    crowded: pl.Series


@dataclass(frozen=True, slots=True, eq=False)
class Blocked:
    """What lane 1 knows of a raw frame.

    Attributes:
        keys: Blocking rule id → frame `i` UInt32 (line of the raw frame), `key` UInt64, no nulls.
        usable: Boolean, a line each: at least one identifier survives.
        flagged: Boolean, a line each: the name cell itself refuses (※DM不要), or tells a death.
        kana_births: UInt64, birth dates of the lines that have a reading and no kanji name.
        heads: UInt64, a line each: the first letter of the main name, 0 where there is none.
    """

    keys: dict[str, pl.DataFrame]
    usable: pl.Series
    flagged: pl.Series
    kana_births: pl.Series
    heads: pl.Series
    _sieves: dict[str, Mask] = field(default_factory=dict, repr=False)
    _sorted: dict[str, _Sorted] = field(default_factory=dict, repr=False)

    def sieve(self, rule: str) -> Mask:
        """Of the places of keys: some key of ours may have that place under that rule; hardly any other does."""
        known = self._sieves.get(rule)
        if known is None:
            known = self._sieves.setdefault(rule, _sieve(self.keys[rule]["key"].to_numpy()))
        return known

    def met_by(self, other: Blocked) -> Met:
        """The pairs that share a key with a line of another raw frame."""
        found, crowded = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
        for rule, asked in other.keys.items():
            ours, lines = self._in_order(rule), asked["i"].to_numpy()
            first, count = ours.found(asked["key"].to_numpy())
            many = count > CROWD
            found.append(ours.pairs(lines, first, np.minimum(count, np.where(many, _FEW_OF_A_CROWD, CROWD))))
            if many.any():
                heads = other.heads.gather(lines[many]).to_numpy()
                found.append(self._alike(ours.line, lines[many], first[many], count[many], heads))
                crowded.append(lines[many])
        pairs = np.sort(np.concatenate(found))
        pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=~pairs[:1]))]
        sides = {"a": pairs >> np.uint64(32), "b": pairs & np.uint64((1 << 32) - 1)}
        met = pl.DataFrame({side: lines.astype(np.uint32) for side, lines in sides.items()}, schema=_PAIRS)
        return Met(met, pl.Series(np.unique(np.concatenate(crowded)), dtype=pl.UInt32))

    def _alike(self, ours: Places, lines: Places, first: Places, count: Places, heads: Keys) -> Keys:
        """Of a crowd those whose name begins with the same letter, so many at most."""
        found = [np.empty(0, np.uint64)]
        told = pl.DataFrame({"line": lines, "first": first, "count": count, "head": heads})
        for (begin, size, head), of in told.group_by("first", "count", "head", maintain_order=True):
            crowd = ours[int(begin) : int(begin) + int(size)]
            same = crowd[self.heads.gather(crowd).to_numpy() == head][:CROWD] if head else crowd[:0]
            rows = of["line"].to_numpy()
            found.append(_paired(np.repeat(rows, len(same)), np.tile(same, len(rows))))
        return np.concatenate(found)

    def _in_order(self, rule: str) -> _Sorted:
        """Our keys of a rule in order, and their lines: hardly any row has one, so looking it up is enough."""
        known = self._sorted.get(rule)
        if known is None:
            keys, lines = (self.keys[rule][column].to_numpy() for column in ("key", "i"))
            known = self._sorted.setdefault(rule, _sorted(keys, lines))
        return known


class _Sorted(NamedTuple):
    """Keys in order.

    Attributes:
        line: The line of each.
        known: Each key once.
        firsts: Where each of these begins; the last two are how many keys there are.
    """

    line: Places
    known: Lookup
    firsts: Places

    def found(self, keys: Keys) -> tuple[Places, Places]:
        """Where each key begins among ours, and how often it is there."""
        at = self.known.first(keys)
        first = self.firsts.take(at)
        return first, np.where(self.known.keys.take(at) == keys, self.firsts.take(at + 1) - first, 0)

    def pairs(self, lines: Places, first: Places, count: Places) -> Keys:
        """Each of these lines with so many of ours."""
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return _paired(np.repeat(lines, count), self.line[np.repeat(first, count) + within])


def _paired(a: Places, b: Places) -> Keys:
    """Two lines as one number."""
    return a.astype(np.uint64) << np.uint64(32) | b.astype(np.uint64)


def _sorted(keys: Keys, lines: Places) -> _Sorted:
    order = np.argsort(keys)
    keys = keys[order]
    firsts = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
    return _Sorted(lines[order], Lookup.of(keys[firsts]), np.append(firsts, [len(keys)] * 2))


def _sieve(keys: Keys) -> Mask:
    bits = max(_LEAST_BITS, int(len(keys) * _ROOM).bit_length())
    sieve = np.zeros(1 << bits, np.bool_)
    sieve[place(keys, len(sieve))] = True
    return sieve


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
    kana_parts, sounds, kana_births = _kana(raw, read, side, against)
    single = read.single | kana_parts | _ends(read.single, side)
    single |= {"name": read.named.key, "head": read.named.head}
    listed = read.listed | {"sound": sounds}
    keys = {
        rule: _keys_of(
            number, wanted, (single, listed, read.named), None if against is None else against.sieve(rule)
        )
        for number, (rule, wanted) in enumerate(_rules().items(), 1)
    }
    usable = pl.Series("usable", _usable(raw, read))
    heads = pl.Series("head", read.named.head, dtype=pl.UInt64)
    return Blocked(keys, usable, pl.Series("flagged", read.named.flagged), kana_births, heads)


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
    wanted: tuple[str, ...],
    read: tuple[Mapping[str, Keys], Mapping[str, Listed], Named],
    sieve: Mask | None,
) -> pl.DataFrame:
    """One key a line that has all parts of the rule; those that may meet something on the other side."""
    single, listed, named = read
    if wanted[0] in listed:
        some = listed[wanted[0]]
        found = [
            _made(number, [some.key, *(single[part][some.line] for part in wanted[1:])], some.line, sieve)
        ]
    else:
        found = [_made(number, [single[part] for part in wanted], None, sieve)]
    if "name" in wanted and len(named.more.line):
        more = [named.more.key if part == "name" else single[part][named.more.line] for part in wanted]
        found.append(_made(number, more, named.more.line, sieve))
    return pl.concat(pl.DataFrame({"i": some.line, "key": some.key}, schema=_KEYS) for some in found)


def _made(number: int, of_parts: list[Keys], lines: Places | None, sieve: Mask | None) -> Listed:
    """The keys where all parts are told, and may meet something."""
    height = len(of_parts[0])
    places, keys = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    for first in range(0, height, _LINES):
        some = [part[first : first + _LINES] for part in of_parts]
        made = combined(number, some)
        # Hardly any key passes, so the others need not be asked whether all their parts are told.
        passing = (
            np.arange(len(made)) if sieve is None else np.flatnonzero(sieve.take(place(made, len(sieve))))
        )
        told = np.logical_and.reduce([part.take(passing) != 0 for part in some])
        passing = passing[told]
        places.append(passing + first)
        keys.append(made.take(passing))
    found = np.concatenate(places)
    return Listed(found if lines is None else lines[found], np.concatenate(keys))


def _kana(
    raw: pl.DataFrame, read: Parts, side: Side, against: Blocked | None
) -> tuple[dict[str, Keys], Listed, pl.Series]:
    """The `kana` needed beside a birth date, and `other_script`: kanji on one side and kana on the other.

    Then `sound`: the first sounds of the parts of a reading, for romaji and kana agree in little else for certain; and
    the birth dates of the lines that have a reading and no kanji.
    """
    if silent(raw["birth_date"]):
        untold = nothing(raw.height)
        of_nobody = Listed(np.empty(0, np.int64), nothing(0))
        return {"kana": untold, "other_script": untold}, of_nobody, pl.Series([], dtype=pl.UInt64)
    birth, kanji = read.single["birth"], read.named.kanji
    worth = _worth_reading(birth, against)
    asked = np.flatnonzero((birth != 0) & (~kanji | worth))
    written = _spoken(raw, read.named, asked)
    reading = nothing(raw.height)
    reading[asked] = _digested(kana.key(written))
    latin = written.str.contains("[A-Za-zＡ-Ｚａ-ｚ]").fill_null(value=False).to_numpy()
    of_sound = np.flatnonzero(latin | worth[asked])
    sounds = _sounds(written.gather(of_sound), asked[of_sound])
    spoken = raw["kana"].is_not_null().to_numpy() | (reading != 0)
    of_row, of_entry = (1, 2) if side == "row" else (2, 1)
    other = np.where(kanji & ~spoken, of_row, np.where(~kanji & spoken, of_entry, 0)).astype(np.uint64)
    only = birth[~kanji & (reading != 0)]
    return {"kana": reading, "other_script": other}, sounds, pl.Series(only, dtype=pl.UInt64)


def _spoken(raw: pl.DataFrame, named: Named, lines: Places) -> pl.Series:
    """How the lines are read: a name in kana or letters reads itself, else the kana column says it."""
    spoken = raw["kana"].gather(lines)
    itself = np.flatnonzero(~named.kanji[lines] & (named.key[lines] != 0))
    asked = lines[itself]
    known = np.isin(asked, named.hard, assume_unique=True)
    plain, hard = itself[~known], itself[known]
    if len(plain):
        spoken = spoken.scatter(
            plain, name.parse(raw["name"].gather(asked[~known])).select(parted()).to_series()
        )
    if len(hard):
        spoken = spoken.scatter(hard, named.parted.gather(np.searchsorted(named.hard, asked[known])))
    return spoken


def _sounds(written: pl.Series, lines: Places) -> Listed:
    """The first sound of the whole reading and of each of its parts."""
    read = kana.parse(written).select(pl.col("romaji", "romaji_family", "romaji_given").str.head(1))
    heard = read.select(
        pl.concat_list(pl.all()).list.drop_nulls().list.unique(maintain_order=True).alias("sound")
    )
    told = heard.with_columns(line=pl.Series(lines, dtype=pl.Int64)).explode("sound").drop_nulls()
    return Listed(told["line"].to_numpy(), _digested(told["sound"]))


def _digested(words: pl.Series) -> Keys:
    return words.alias("word").to_frame().select(digest("word").fill_null(0)).to_series().to_numpy()


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
    known: Mask = usable
    return known
