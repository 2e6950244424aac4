"""A corrected item of a person → the cells of a row it stands in, however the list has split it.

What cannot be placed for certain (an address no column of which fits, one of several telephone numbers when nobody said
which) is left for a hand. A blank value empties the cells. Nothing here reads or writes a list.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from optout.batch.columns import ColumnMapping
from optout.batch.subjects import Subject
from optout.checks.search import naming, places_of
from optout.errors import OptionError
from optout.text import address, birth, phone

ITEMS: Final = ("name", "former", "kana", "company", "postal", "address", "birth_date", "phone", "email")
# Item → the column that has it whole, and the columns that share it.
_SHARED: Final = {
    "name": ("name", ("name_family", "name_given")),
    "kana": ("kana", ("kana_family", "kana_given")),
    "postal": ("postal", ("postal_1", "postal_2")),
    "birth_date": ("birth_date", ("birth_year", "birth_month", "birth_day")),
    "former": ("name_former", ()),
    "company": ("company", ()),
}
_LINES: Final = ("address", "address_1")
_AFTER: Final = ("address_2", "address_3", "address_4", "town", "addr_rest", "building")
_COUNTY: Final = re.compile(r"(?:[^0-9市区町村]{1,6}郡)?")
_TOWN: Final = re.compile(r"([^0-9０-９〇一二三四五六七八九十]*)(.*)", re.DOTALL)
_ONE_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | dict.fromkeys(
    map(ord, "‐‑–—−"), ord("-")
)

Cells = Sequence[str]


@dataclass(frozen=True, slots=True, repr=False)
class Correction:
    """One item as it should be.

    Attributes:
        item: One of ITEMS.
        value: As the person told it; "" takes it away. A name with a blank between surname and given name.
        instead_of: Of a telephone number or mail address: the wrong one it replaces; None where a list has one only.
    """

    item: str
    value: str
    instead_of: str | None = None

    def __post_init__(self) -> None:
        if self.item not in ITEMS:
            raise OptionError("item", ITEMS)
        if not isinstance(self.value, str):
            raise OptionError("value", ("a text",))

    def __repr__(self) -> str:
        return f"Correction({self.item})"


@dataclass(slots=True, repr=False)
class Placed:
    """What a row becomes.

    Attributes:
        put: Column → new text; only what differs. Personal data.
        by_hand: Items that cannot be placed for certain.
        right: Items that stand there as they should.
    """

    put: dict[int, str] = field(default_factory=dict)
    by_hand: list[str] = field(default_factory=list)
    right: list[str] = field(default_factory=list)


def placed(
    mapping: ColumnMapping, roles: Iterable[str], alone: bool, cells: Cells, corrections: Iterable[Correction]
) -> Placed:
    """Where the corrected items of one person go in one row.

    Args:
        mapping: What the columns of the list are.
        roles: The subjects of the row that are this person.
        alone: The row speaks of nobody else.
        cells: The row as text, one a column.
        corrections: What is to be as told.

    Returns:
        The cells to put. A list that has no column for an item needs nothing of it; a cell that tells of somebody
        else, too (the address of a 連名), is for a hand.
    """
    found = Placed()
    subjects = _own(mapping, roles)
    others = set() if alone else _columns_of_others(mapping, subjects)
    for correction in corrections:
        told = [_one(subject, cells, correction) for subject in subjects]
        known = {place: text for puts in told if puts is not None for place, text in puts.items()}
        differing = {place: text for place, text in known.items() if not _same(cells[place], text)}
        if None in told or others & differing.keys():
            found.by_hand.append(correction.item)
            continue
        found.put |= differing
        if known and not differing:
            found.right.append(correction.item)
    return found


def _own(mapping: ColumnMapping, roles: Iterable[str]) -> list[Subject]:
    """The subjects that are this person; of one person with a further place (勤務先) the first alone."""
    asked = set(roles)
    people = [naming(subject) for subject in mapping.subjects if subject.role in asked]
    first = {naming(subject): subject for subject in reversed(mapping.subjects)}
    return [first[named] for named in dict.fromkeys(people) if named]


def _columns_of_others(mapping: ColumnMapping, mine: Iterable[Subject]) -> set[int]:
    names = {naming(subject) for subject in mine}
    return {
        place for subject in mapping.subjects if naming(subject) not in names for place in places_of(subject)
    }


def _one(subject: Subject, cells: Cells, correction: Correction) -> dict[int, str] | None:
    """Column → text for one subject, {} when it has no such column, None when it cannot be told."""
    if correction.item in ("phone", "email"):
        return _number(subject, cells, correction)
    if correction.item == "address":
        return _address(subject.fields, cells, correction.value)
    return _whole_and_parts(subject.fields, correction)


def _whole_and_parts(fields: Mapping[str, tuple[int, ...]], correction: Correction) -> dict[int, str] | None:
    whole, parts = _SHARED[correction.item]
    of_whole = fields.get(whole, ())
    puts = dict.fromkeys(of_whole[1:], "") | dict.fromkeys(of_whole[:1], correction.value)
    places = [fields[part][0] for part in parts if part in fields]
    if not places:
        return puts
    split = _split(correction, len(parts))
    if len(places) != len(parts) or split is None:
        return None
    return puts | dict(zip(places, split, strict=True))


def _split(correction: Correction, n: int) -> Sequence[str] | None:
    """The value as its parts; None when it does not say where one ends."""
    value = correction.value.strip()
    if not value:
        return [""] * n
    if correction.item == "postal":
        digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", value))
        return [digits[:3], digits[3:]] if len(digits) == 7 else None
    if correction.item == "birth_date":
        day = birth.parse(pl.Series([value]))[0]
        return [str(day.year), str(day.month), str(day.day)] if day else None
    parts = value.split()
    return parts if len(parts) == n else None


def _address(fields: Mapping[str, tuple[int, ...]], cells: Cells, value: str) -> dict[int, str] | None:
    """The first line takes what no column before it takes; what came behind belonged to the old address."""
    rest, puts = value.strip(), dict[int, str]()
    heads = [name for name in ("pref", "city") if name in fields]
    line = next((name for name in _LINES if name in fields), None)
    behind = [place for name in (*_LINES, *_AFTER) for place in fields.get(name, ())]
    if not heads and not behind:
        return {}
    if heads:
        head = _head(rest) if rest else ("", "")
        if head is None:
            return None
        named = dict(zip(("pref", "city"), head, strict=True))
        puts = {fields[name][0]: named[name] for name in heads}
        # 都道府県, 住所: many lists say the prefecture in both.
        twice = line is not None and _begins_with(
            cells[fields[line][0]], [cells[fields[name][0]] for name in heads]
        )
        rest = rest if twice else rest.removeprefix("".join(head) if "city" in heads else head[0])
    body = _body(fields, line, rest)
    return None if body is None else puts | dict.fromkeys(behind, "") | body


def _body(fields: Mapping[str, tuple[int, ...]], line: str | None, rest: str) -> dict[int, str] | None:
    if line is not None:
        return {fields[line][0]: rest}
    if "town" in fields and "addr_rest" in fields:
        town, numbers = _TOWN.fullmatch(rest).groups()  # type: ignore[union-attr]
        return {fields["town"][0]: town, fields["addr_rest"][0]: numbers}
    only = next((name for name in ("town", "addr_rest") if name in fields), None)
    if only is not None:
        return {fields[only][0]: rest}
    return None if rest else {}


def _head(value: str) -> tuple[str, str] | None:
    """Prefecture and municipality as written at the beginning of an address; None when it does not begin with both."""
    line = address.parse(pl.Series([value])).row(0, named=True)
    prefecture, city, ward = line["prefecture"], line["city"], line["ward"]
    if not prefecture or not city or not value.startswith(prefecture):
        return None
    named = city if ward in (None, city) else f"{city}{ward}"
    begun = re.match(f"{_COUNTY.pattern}{re.escape(named)}", value[len(prefecture) :])
    return (prefecture, begun[0]) if begun else None


def _begins_with(cell: str, heads: Sequence[str]) -> bool:
    first = next((head for head in heads if head), "")
    return bool(first) and cell.startswith(first)


def _number(subject: Subject, cells: Cells, correction: Correction) -> dict[int, str] | None:
    """The place of the number that was wrong."""
    every = list(subject.phones) if correction.item == "phone" else [(place,) for place in subject.emails]
    if not every:
        return {}
    filled = [places for places in every if any(cells[place].strip() for place in places)]
    if correction.instead_of is not None:
        old = _read(correction.item, correction.instead_of)
        meant = [places for places in filled if _read(correction.item, _joined(cells, places)) == old]
        together = [places for places in filled if old & _read(correction.item, _joined(cells, places))]
        if len(together) > len(meant):
            return None  # two numbers in one cell
        return {} if not meant else _in_parts(meant, correction)
    where = filled or every
    return _in_parts(where, correction) if len(where) == 1 else None


def _in_parts(where: Sequence[tuple[int, ...]], correction: Correction) -> dict[int, str] | None:
    puts: dict[int, str] = {}
    for places in where:
        parts = [correction.value] if len(places) == 1 else re.split(r"[-－ー‐ 　]", correction.value.strip())
        if not correction.value.strip():
            parts = [""] * len(places)
        if len(parts) != len(places):
            return None
        puts |= dict(zip(places, parts, strict=True))
    return puts


def _joined(cells: Cells, places: Sequence[int]) -> str:
    return "-".join(cells[place] for place in places)


def _read(item: str, written: str) -> frozenset[str]:
    if item == "phone":
        return frozenset(phone.parse(pl.Series([written]))["numbers"][0])
    return frozenset([unicodedata.normalize("NFKC", written).strip().casefold()])


def _same(before: str, after: str) -> bool:
    """Whether a cell says it already: blanks, widths and the kind of a hyphen are no correction; a letter is."""
    return _plain(before) == _plain(after)


def _plain(text: str) -> str:
    return "".join((text or "").translate(_ONE_WIDTH).split())
