"""The headers of a list → what every column is, and whose: once a file, reusable for every block of it.

Source: tables/header_*.tsv and role_prefix.tsv (headers.py); values decide where headers do not (doubts.py).
Policy: what cannot be told raises with what was seen; no column that could name a person is left out quietly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from optout.batch import cells, doubts, flags, headers, spelling
from optout.batch.special_care import sensitive
from optout.batch.subjects import Column, Subject, assemble
from optout.errors import AmbiguousColumnError, MissingColumnError, UnknownColumnError
from optout.schema import SELF

__all__ = ["ColumnMapping", "describe", "recognise", "sensitive"]

_LOOKS_LIKE_IDENTITY = 0.3


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What every column of a list is. Holds headers and places only, no value of a row.

    Attributes:
        headers: As written, in order; duplicates stay.
        columns: One per column; two when a column was told to hold two fields.
        subjects: The people of a row, the first person first.
        ignored: Positions the caller left out.
        decisions: What was decided by values or neighbours, in words.
    """

    headers: tuple[str, ...]
    columns: tuple[Column, ...]
    subjects: tuple[Subject, ...]
    ignored: frozenset[int] = frozenset()
    decisions: tuple[str, ...] = ()

    @property
    def unmapped(self) -> list[str]:
        """Headers that were not recognised and not ignored, in order."""
        return [column.header for column in self.columns if not column.field]

    def positions(self, slot: str) -> list[int]:
        """Places of `refusal`, `permission` or `note` columns, in order."""
        found = [column.position for column in self.columns if _slot(column) == slot]
        return list(dict.fromkeys(found))

    def identity_like(self, frame: pl.DataFrame) -> list[str]:
        """Columns that are screened by nothing but look like phone numbers, e-mails or addresses.

        Args:
            frame: Rows of the list, columns in their places; the first 10,000 are looked at.

        Returns:
            Headers of columns that fill none of the raw frame, are not ignored, and of whose filled cells
            30 % or more look like an identifier.
        """
        used = {column.position for column in self.columns if _slot(column)}
        left = [place for place in range(len(self.headers)) if place not in used | self.ignored]
        return [self.headers[place] for place in left if _looks_like_identity(frame.to_series(place))]


def recognise(
    headers: Sequence[str],
    columns: Mapping[str, str | int | Sequence[str | int]] | None = None,
    ignore: Collection[str | int] = (),
    sample: pl.DataFrame | None = None,
) -> ColumnMapping:
    """Tell what every column is.

    Args:
        headers: The header line as written, duplicates included.
        columns: Field or `role.field` → header(s) or position(s) from 0. These go before recognition; several
            headers of one single-valued field are joined in the order given.
        ignore: Headers or positions to leave out.
        sample: First rows of the list, columns in the same places, any dtype.

    Returns:
        The mapping; it depends on the arguments only.

    Raises:
        UnknownColumnError: `columns` or `ignore` names a header, role or field that does not exist.
        AmbiguousColumnError: two columns claim one field of a person, or a header can mean several.
        MissingColumnError: no column tells who a row is about.

    Examples:
        >>> mapping = recognise(["氏　名", "ＴＥＬ", "商品名"])
        >>> describe(mapping)
        [('氏　名', 'name', 'self'), ('ＴＥＬ', 'phone', 'self'), ('商品名', '(unmapped)', 'self')]
    """
    return _Recogniser(tuple(headers)).mapping(columns or {}, ignore, sample)


def describe(mapping: ColumnMapping) -> list[tuple[str, str, str]]:
    """Header, field and role of every column, in order, for a report."""
    left_out = [Column(place, mapping.headers[place], "(ignored)") for place in mapping.ignored]
    every = _by_position([*mapping.columns, *left_out])
    return [(column.header, column.field or "(unmapped)", column.role) for column in every]


def _slot(column: Column) -> str:
    slot = headers.slots().get(column.field, "")
    if slot != "flag":
        return slot
    # An unclear flag is a refusal: at worst a row too many goes to review.
    return flags.polarity(column.header) or "refusal"


def _looks_like_identity(values: pl.Series) -> bool:
    shares = cells.shares(values)
    return max(shares["phone"], shares["email"], shares["address"]) >= _LOOKS_LIKE_IDENTITY


@dataclass(frozen=True, slots=True)
class _Recogniser:
    written: tuple[str, ...]

    def mapping(
        self,
        columns: Mapping[str, str | int | Sequence[str | int]],
        ignore: Collection[str | int],
        sample: pl.DataFrame | None,
    ) -> ColumnMapping:
        told = self._told(columns)
        ignored = frozenset(place for which in ignore for place in self._places(which))
        skip = ignored | {column.position for column in told}
        read = [self._read(place) for place in range(len(self.written)) if place not in skip]
        settled = doubts.settle(_by_position([*told, *_yielding(read, told)]), sample)
        subjects = assemble(settled.columns, settled.triples)
        if not subjects:
            raise MissingColumnError(_shown(self.written))
        return ColumnMapping(self.written, settled.columns, subjects, ignored, settled.decisions)

    def _read(self, place: int) -> Column:
        reading = headers.read(self.written[place])
        if reading is None:
            return Column(place, self.written[place], rank=place)
        role = "joint" if reading.field == "joint_names" else reading.role
        return Column(place, self.written[place], reading.field, role, rank=place)

    def _told(self, columns: Mapping[str, str | int | Sequence[str | int]]) -> list[Column]:
        told = []
        for name, which in columns.items():
            role, field = self._field(name)
            chosen = [which] if isinstance(which, (str, int)) else list(which)
            found = [(one, self._places(one)) for one in chosen]
            many = headers.kinds()[field] in {"many", "unused", "joined", "joint"}
            for one, places in found:
                if len(places) > 1 and not many:
                    raise AmbiguousColumnError([str(one)] * len(places), [name])
            flat = dict.fromkeys(place for _, places in found for place in places)
            told += [
                Column(place, self.written[place], field, role, True, rank) for rank, place in enumerate(flat)
            ]
        return told

    def _field(self, name: str) -> tuple[str, str]:
        role, dot, field = name.rpartition(".")
        known = headers.field_named(field)
        roles = {*headers.roles(), *(reading.role for reading in map(headers.read, self.written) if reading)}
        if known is None or (dot and role not in roles):
            raise UnknownColumnError([name], sorted(headers.kinds()))
        return ("joint" if known == "joint_names" else role or SELF), known

    def _places(self, which: str | int) -> list[int]:
        if isinstance(which, int):
            if 0 <= which < len(self.written):
                return [which]
        else:
            exact = [place for place, header in enumerate(self.written) if header == which]
            same = [
                place
                for place, header in enumerate(self.written)
                if spelling.fold(header) == spelling.fold(which)
            ]
            if exact or same:
                return exact or same
        raise UnknownColumnError([str(which)], _shown(self.written))


def _shown(written: Sequence[str]) -> list[str]:
    """Headers for a message; a list without a header line has a person in their place, who is not shown."""
    shares = cells.shares(pl.Series("header", list(written), pl.String))
    return [f"column {place + 1}" for place in range(len(written))] if any(shares.values()) else list(written)


def _by_position(columns: Sequence[Column]) -> list[Column]:
    return sorted(columns, key=lambda column: column.position)


def _yielding(read: Sequence[Column], told: Sequence[Column]) -> list[Column]:
    """Recognised columns; one that claims a single value the caller has told otherwise becomes unmapped."""
    single = {(c.role, c.field) for c in told if headers.kinds()[c.field] in {"single", "joined"}}
    return [
        Column(c.position, c.header, rank=c.rank)
        if (c.role, c.field.removeprefix("second_")) in single
        else c
        for c in read
    ]
