"""The headers of a list → what every column is, and whose: once a file, reusable for every block of it.

Source: tables/header_*.tsv and role_prefix.tsv (headers.py); values decide where headers do not (doubts.py).
Policy: what cannot be told raises with what was seen; no column that could name a person is left out quietly.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from optout.batch import cells, doubts, flags, headers, likeness, spelling
from optout.batch.heading import Columns, HeaderOrPlace, is_row
from optout.batch.special_care import sensitive
from optout.batch.subjects import Column, Subject, assemble
from optout.errors import AmbiguousColumnError, HeaderMissingError, MissingColumnError, UnknownColumnError
from optout.schema import SELF

__all__ = ["ColumnMapping", "describe", "recognise", "sensitive", "shown"]

_LOOKS_LIKE_IDENTITY: Final = 0.3
# Words of a header nobody knows that, with cells to match, speak of a person.
_SPEAKS: Final = re.compile(
    "氏名|名前|芳名|宛名|住所|番地|所在|電話|携帯|tel|fax|メール|mail|フリガナ|ふりがな|カナ|かな|生年月日|誕生日|郵便|〒"
)


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
            30 % or more look like an identifier, or whose header speaks of one and most cells look so too.
        """
        used = {column.position for column in self.columns if _slot(column)}
        left = [place for place in range(len(self.headers)) if place not in used | self.ignored]
        found = [place for place in left if _looks_like_identity(self.headers[place], frame.to_series(place))]
        return [self.headers[place].strip() or _numbered(place) for place in found]


def recognise(
    headers: Sequence[str],
    columns: Columns = None,
    ignore: Collection[str | int] = (),
    sample: pl.DataFrame | None = None,
) -> ColumnMapping:
    """Tell what every column is.

    Args:
        headers: The header line as written, duplicates included.
        columns: Field or `role.field` → header(s) or position(s) from 0. These go before recognition; several
            headers of one single-valued field are joined in the order given. Text is a header, never a position.
        ignore: Headers or positions to leave out.
        sample: First rows of the list, columns in the same places, any dtype.

    Returns:
        The mapping; it depends on the arguments only.

    Raises:
        UnknownColumnError: `columns` or `ignore` names a header, role or field that does not exist.
        AmbiguousColumnError: two columns claim one field of a person, or a header can mean several.
        MissingColumnError: no column tells who a row is about.
        HeaderMissingError: somebody's row stands where headers should.

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


def _looks_like_identity(header: str, values: pl.Series) -> bool:
    if max(cells.shares(values).values()) >= _LOOKS_LIKE_IDENTITY:
        return True
    return bool(_SPEAKS.search(spelling.fold(header))) and likeness.guess(values) is not None


@dataclass(frozen=True, slots=True)
class _Recogniser:
    written: tuple[str, ...]

    def mapping(
        self,
        columns: Mapping[str, str | int | Sequence[str | int]],
        ignore: Collection[str | int],
        sample: pl.DataFrame | None,
    ) -> ColumnMapping:
        if is_row(self.written):
            raise HeaderMissingError("The list", len(self.written))
        told = self._told(columns)
        ignored = frozenset(place for which in ignore for place in self._places(which))
        skip = ignored | {column.position for column in told}
        read = [self._read(place) for place in range(len(self.written)) if place not in skip]
        _require_one_line(read, sample)
        settled = doubts.settle(_by_position([*told, *_yielding(read, told)]), sample)
        subjects = assemble(settled.columns, settled.triples)
        if not subjects:
            raise MissingColumnError(shown(self.written))
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
        if isinstance(which, str):
            exact = [place for place, header in enumerate(self.written) if header == which]
            folded = spelling.fold(which)
            same = [place for place, header in enumerate(self.written) if spelling.fold(header) == folded]
            if exact or same:
                return exact or same
        number = which.place if isinstance(which, HeaderOrPlace) else which
        if isinstance(number, int) and 0 <= number < len(self.written):
            return [number]
        raise UnknownColumnError([str(which)], shown(self.written))


def shown(written: Sequence[str]) -> list[str]:
    """Headers for a message: where none is known, the line may be somebody's row, and is not shown."""
    known = any(headers.read(header) or headers.by_values(header) for header in written)
    made = all(header == f"column_{place + 1}" for place, header in enumerate(written))
    hidden = not made and (not known or is_row(written))
    return [
        _numbered(place) if hidden or not header.strip() else header for place, header in enumerate(written)
    ]


def _numbered(place: int) -> str:
    return f"column {place + 1} (position {place})"


def _require_one_line(read: Sequence[Column], sample: pl.DataFrame | None) -> None:
    """Columns without a header, over words of a second header line, are asked about."""
    if sample is None or not sample.height:
        return
    blank = [c.position for c in read if not c.header.strip() and c.position < sample.width]
    below = {place: cells.text(sample.to_series(place).head(1)).item() or "" for place in blank}
    words = {place: cell for place, cell in below.items() if headers.is_header(cell)}
    if words:
        raise AmbiguousColumnError([_numbered(place) for place in words], list(words.values()))


def _by_position(columns: Sequence[Column]) -> list[Column]:
    return sorted(columns, key=lambda column: column.position)


def _yielding(read: Sequence[Column], told: Sequence[Column]) -> list[Column]:
    """Recognised columns; one that claims a single value the caller has told otherwise becomes unmapped."""
    single = {(c.role, c.field) for c in told if headers.kinds()[c.field] in {"single", "joined"}}
    return [Column(c.position, c.header, rank=c.rank) if (c.role, c.field) in single else c for c in read]
