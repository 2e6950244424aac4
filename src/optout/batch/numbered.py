"""氏名1 + 氏名2, 名称1 + 名称2, 住所1 + 住所2: parts of one value, or two of them? Decided once a file, by values.

Shops write the surname and the given name under 顧客名1 and 顧客名2; delivery slips write the firm and the person,
or a couple, under お届け先名称1 and 2; some lists write two whole addresses under 住所1 and 住所2. A second line of a
name that is not a given name is read as a further person at the same door: if it is a department, no harm is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

import polars as pl

from optout.batch import cells, headers
from optout.batch.subjects import Column, joint_role
from optout.errors import AmbiguousColumnError
from optout.schema import SELF
from optout.text import chars

Answer = Literal["parts", "lines", "unclear"]

_SECOND: Final = "second_"
_FIRST_OF: Final = {
    "name": ("name", "party", "name_family"),
    "party": ("party", "name"),
    "kana": ("kana", "kana_family"),
}
_SHORT: Final = {"name": 3, "kana": 5}  # letters of a surname; few are longer
_NO_SURNAME: Final = 0.5
# Where no value tells: on delivery slips 名称2 is the second line of the address label.
_SLIPS: Final = frozenset({"recipient", "sender"})
_LINE: Final = "名称"
_LATER_LINES: Final = ("address_2", "address_3", "address_4")
_FIRST_LINES: Final = ("address", "address_1")


def names(columns: Sequence[Column], sample: pl.DataFrame | None, decisions: list[str]) -> list[Column]:
    """Every second line of a name as a given name or a further person.

    Args:
        columns: All columns of the list.
        sample: Its first rows, columns in the same places.
        decisions: One sentence is added for each pair.

    Raises:
        AmbiguousColumnError: the values show both, or there are none.
    """
    settled = {column.position: column for column in columns}
    said: dict[str, Answer] = {}
    for second in sorted(columns, key=lambda column: _base(column) == "kana"):
        base = _base(second)
        first = _first(second, base, columns) if base else None
        if base is None or (first is None and not second.field.startswith(_SECOND)):
            continue
        answer = said.get(second.role, "unclear") if base == "kana" else "unclear"
        if first is not None and answer == "unclear":
            answer = "lines" if first.told else _answer(first, second, base, sample)
        if first is None or answer == "unclear":
            asked = [column.header for column in (first, second) if column is not None]
            raise AmbiguousColumnError(asked, [f"{_value(base)}_given", "joint_names"])
        said[second.role] = answer
        settled |= {column.position: column for column in _as(answer, first, second, base)}
        decisions.append(f"{first.header}, {second.header}: {_SAID[answer]}")
    return [settled[column.position] if not column.told else column for column in columns]


_SAID: Final = {
    "parts": "surname and given name, by their values",
    "lines": "the second is read as a further person at the same address",
}


def _base(column: Column) -> str | None:
    """`name`, `kana` or `party` for a second line of it."""
    if column.told:
        return None
    if column.field.startswith(_SECOND):
        return column.field.removeprefix(_SECOND)
    return "name" if column.field == "name_given" and _reading(column).number else None  # name2


def _value(base: str) -> str:
    return "kana" if base == "kana" else "name"


def _first(second: Column, base: str, columns: Sequence[Column]) -> Column | None:
    """The first line before a second one: of the same stem, or, for 氏名2, any name of that person."""
    stem = _reading(second).stem
    possible = [c for c in columns if c.role == second.role and c.field in _FIRST_OF[base]]
    same = [c for c in possible if _reading(c).stem == stem and _reading(c).number in {None, 1}]
    if not second.field.startswith(_SECOND):
        return next(iter(same), None)
    return next(iter(same or possible), None)


def _reading(column: Column) -> headers.Reading:
    return headers.read(column.header) or headers.Reading(column.field)


def _as(answer: Answer, first: Column, second: Column, base: str) -> list[Column]:
    field = _value(base)
    if answer == "parts":
        return [replace(first, field=f"{field}_family"), replace(second, field=f"{field}_given")]
    whole = field if first.field.endswith("_family") else first.field
    return [replace(first, field=whole), replace(second, field=field, role=joint_role(second.role))]


def _answer(first: Column, second: Column, base: str, sample: pl.DataFrame | None) -> Answer:
    is_line = _reading(second).stem.endswith(_LINE)
    pair = None if sample is None else _filled(first, second, sample)
    if pair is None or pair.is_empty():
        if not second.field.startswith(_SECOND):
            return "parts"
        return "lines" if (is_line and second.role in _SLIPS) or pair is not None else "unclear"
    short = pl.col("first").str.len_chars() <= _SHORT[_value(base)]
    share = pair.select((short & ~pl.col("first").str.contains(" ")).mean()).item()
    if is_line or share <= _NO_SURNAME:
        return "lines"
    return "parts" if share >= cells.CLEAR else "unclear"


def _filled(first: Column, second: Column, sample: pl.DataFrame) -> pl.DataFrame | None:
    """The rows in which both are filled; None when the rows do not tell, for the first is never filled."""
    if max(first.position, second.position) >= sample.width:
        return None
    pair = pl.DataFrame(
        [
            cells.text(sample.to_series(column.position).head(cells.LOOKED_AT)).alias(name)
            for name, column in (("first", first), ("second", second))
        ]
    ).with_columns(chars.fold_width(pl.col("first")))
    return None if pair["first"].null_count() == pair.height else pair.drop_nulls()


def places(columns: Sequence[Column], sample: pl.DataFrame | None, decisions: list[str]) -> list[Column]:
    """住所2 that is a whole address of its own, beside a whole 住所1, becomes a further place of the person.

    Args:
        columns: All columns of the list.
        sample: Its first rows, columns in the same places.
        decisions: One sentence is added for each such column.

    Raises:
        AmbiguousColumnError: some rows have two addresses, others one address in two lines.
    """
    return [_place(column, columns, sample, decisions) for column in columns]


def _place(
    column: Column, columns: Sequence[Column], sample: pl.DataFrame | None, decisions: list[str]
) -> Column:
    if column.told or column.field not in _LATER_LINES or sample is None:
        return column
    firsts = [c for c in columns if c.role == column.role and c.field in _FIRST_LINES]
    pair = _filled(firsts[0], column, sample) if len(firsts) == 1 else None
    if pair is None or pair.is_empty():
        return column
    whole = [cells.looks(pair[name], ["address"])["address"] for name in ("first", "second")]
    share = pl.DataFrame({"both": whole[0] & whole[1]})["both"].mean() or 0.0
    if not isinstance(share, float) or share <= 1 - cells.CLEAR:
        return column
    if share < cells.CLEAR or column.role != SELF:
        raise AmbiguousColumnError([firsts[0].header, column.header], [column.field, "other.address"])
    decisions.append(f"{column.header}: a further address of the person, by its values")
    number = _LATER_LINES.index(column.field)
    return replace(column, field="address", role="other" if number == 0 else f"other_{number + 1}")
