"""What a spreadsheet did to a cell, undone where nothing was lost: the value as it should be written.

Source: tables/spreadsheet_damage.tsv, the rules of action `repaired`. A cell that an earlier rule calls lost or
doubtful stays as it is. A screen reads the same values from the damaged cells; this is for lists that are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.batch import damage
from optout.batch.columns import ColumnMapping
from optout.text import birth, phone, postal
from optout.text.spreadsheet import EVERYWHERE

_POSTAL_FIRST: Final = 3


def repaired(frame: pl.DataFrame, mapping: ColumnMapping) -> tuple[pl.DataFrame, dict[str, int]]:
    """Repair the cells that can be repaired for certain.

    Args:
        frame: A block of rows, String columns in the places of the mapping.
        mapping: From `columns.recognise`.

    Returns:
        The block with those cells as they should be, and how many there were by header.

    Examples:
        >>> from optout.batch.columns import recognise
        >>> list_ = pl.DataFrame({"氏名": ["見本 花子"] * 2, "TEL": ["9012345678", "9.01E+09"]})
        >>> fixed, counted = repaired(list_, recognise(list_.columns))
        >>> fixed["TEL"].to_list(), counted
        (['09012345678', '9.01E+09'], {'TEL': 1})
    """
    changed, counted = [], dict[str, int]()
    for place, slot in damage.slots(mapping).items():
        if place >= frame.width:
            continue
        column = frame.to_series(place)
        fixed = _of_column(column, slot)
        if fixed is not None:
            changed.append(fixed)
            counted[mapping.headers[place]] = int((fixed != column).sum())
    return frame.with_columns(changed), counted


def _of_column(column: pl.Series, slot: str) -> pl.Series | None:
    rules = _rules(slot)
    if not any(action == "repaired" for _, _, action in rules):
        return None
    any_rule = "|".join(f"(?:{pattern})" for pattern, _, _ in rules)
    at = column.str.contains(any_rule).fill_null(False).arg_true()
    if not len(at):
        return None
    cells = column.gather(at)
    for pattern, canonical, action in rules:
        fits = cells.str.contains(pattern) & (cells == column.gather(at))
        if action == "repaired" and fits.any():
            cells = cells.zip_with(~fits, _value(cells, slot, pattern, canonical))
        elif fits.any():
            # Lost or doubtful: no later rule may touch it.
            at, cells = at.filter(~fits), cells.filter(~fits)
    whole = column.clone().scatter(at, cells)  # it writes into what it is called on
    return None if whole.equals(column) else whole


def _value(cells: pl.Series, slot: str, pattern: str, canonical: str | None) -> pl.Series:
    """What should stand there; the cell itself where that cannot be told."""
    if canonical is not None:
        return cells.str.replace_all(pattern, canonical)
    read = _READERS[slot](cells)
    return read.zip_with(read.is_not_null(), cells).alias(cells.name)


def _phone(cells: pl.Series) -> pl.Series:
    return phone.parse(cells)["numbers"].list.first()


def _iso(cells: pl.Series) -> pl.Series:
    return birth.parse(cells).cast(pl.String)


def _digits(cells: pl.Series) -> pl.Series:
    exponent = cells.str.extract(r"^ *([1-9])\.([0-9]{12})[Ee]", 1) + cells.str.extract(
        r"\.([0-9]{12})[Ee]", 1
    )
    plain = cells.str.replace(r"\.0+ *$", "").str.replace_all("[^0-9]", "")
    return exponent.zip_with(exponent.is_not_null(), plain)


_READERS: Final[dict[str, Callable[[pl.Series], pl.Series]]] = {
    "phone": _phone,
    "postal": postal.parse,
    "birth_date": _iso,
    "corporate_number": _digits,
    "phone_first": lambda cells: "0" + cells.str.strip_chars(),
    "postal_first": lambda cells: cells.str.strip_chars().str.zfill(_POSTAL_FIRST),
}


@cache
def _rules(slot: str) -> tuple[tuple[str, str | None, str], ...]:
    """Pattern, what it becomes, action; those of the slot before those that hold everywhere."""
    table = tables.load("spreadsheet_damage")
    wanted = [slot, EVERYWHERE] if slot != EVERYWHERE else [EVERYWHERE]
    rows = [table.filter(slot=each).select("pattern", "canonical", "action").iter_rows() for each in wanted]
    return tuple(row for each in rows for row in each)
