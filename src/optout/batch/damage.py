"""What a spreadsheet did to the cells of a list: which column, what kind, how many, in which rows.

Source: tables/spreadsheet_damage.tsv. Counted, never shown. Two steps: one cheap test a column that no clean
cell passes and every damaged one does; the rules themselves look at what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

import polars as pl

from optout import tables
from optout.batch import cells, headers
from optout.batch.columns import ColumnMapping, recognise
from optout.batch.heading import Columns
from optout.batch.subjects import Column
from optout.schema import DType
from optout.text.spreadsheet import EVERYWHERE

SCHEMA: Final[dict[str, DType]] = {
    "column": pl.UInt32,
    "header": pl.String,
    "rule": pl.String,
    "count": pl.UInt32,
    "rows": pl.List(pl.UInt32),
}
ROWS_NAMED: Final = 10
# How much of what was damaged is left, the worst first.
ACTIONS: Final = ("lost", "doubtful", "repaired")

# A field whose rules are not those of its slot. A birth year or a prefecture alone can only be an error value.
_SLOTS: Final = {
    "postal_1": "postal_first",
    "postal_2": "postal_last",
    **dict.fromkeys(("birth_year", "birth_month", "birth_day", "pref", "city"), EVERYWHERE),
}
_OF_FIELDS: Final = ("phone", "postal", "address", "birth_date", "corporate_number")
_UNJUDGED: Final = ("", "note")
_CLEAN: Final = {"postal": "^[0-9]{3}-?[0-9]{4}$", "corporate_number": "^[0-9]{13}$"}
_ODD: Final = {
    "address": r"(?:/[0-9]{1,2}|日|:00|-0[0-9]|-0[0-9]-[0-9]{2}|-1[0-2]-[123][0-9]|[a-z]|[a-z]-[0-9]{2,4}|\.0+"
    r"|[!?#A])$",
    "birth_date": r"^ *(?:#|Err:|[0-9]{4,5}(?:\.0+)? *$|[0-9]{1,2}(?:月|-[A-Z]|,)|[A-Z][a-z]{2}-"
    r"|[0-9](?:\.[0-9]+)?[Ee]|[0-9]{8}\.)",
}


def found(frame: pl.DataFrame, mapping: ColumnMapping, first_row: int = 0) -> pl.DataFrame:
    """Find the cells of identity columns that a spreadsheet has changed.

    Args:
        frame: A block of rows as `Source.blocks` gives them: String columns in the places of the mapping.
        mapping: From `columns.recognise`.
        first_row: Number of the block's first row.

    Returns:
        One line per column and rule (SCHEMA): `column` (place from 0), `header`, `rule`, `count`, `rows` (the
        first ten). Empty for a clean list. Depends on each cell alone.

    Examples:
        >>> from optout.batch.columns import recognise
        >>> list_ = pl.DataFrame({"氏名": ["見本 花子", "#N/A"], "TEL": ["9.01E+09", "03-1234-5678"]})
        >>> found(list_, recognise(list_.columns)).select("header", "count", "rows").rows()
        [('氏名', 1, [1]), ('TEL', 1, [0])]
    """
    looked_at = {place: slot for place, slot in slots(mapping).items() if place < frame.width}
    odd = frame.select(  # all columns side by side
        _first_look(pl.nth(place), slot).alias(str(place)) for place, slot in looked_at.items()
    )
    lines = [
        (place, mapping.headers[place], *line)
        for place, slot in looked_at.items()
        for line in _ruled(frame.to_series(place), odd[str(place)], slot, first_row)
    ]
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def of_list(frame: pl.DataFrame, columns: Columns = None) -> list[dict[str, Any]]:
    """`found` and `told` for a list that is read whole and nothing else is asked of.

    Args:
        frame: All rows, String columns.
        columns: As for `columns.recognise`.

    Raises:
        InputError: the columns cannot be told.
    """
    return told([found(frame, recognise(frame.columns, columns, sample=frame.head(cells.LOOKED_AT)))])


def told(blocks: Iterable[pl.DataFrame]) -> list[dict[str, Any]]:
    """What `found` found in the blocks of a list, as a report has it.

    Args:
        blocks: Frames of SCHEMA, in the order of their rows.

    Returns:
        One mapping per column, kind and action, columns in order, what is lost first: `column`, `header`, `kind`,
        `action`, `rules`, `count`, `rows` (the first ten).
    """
    every = pl.concat([pl.DataFrame(schema=SCHEMA), *blocks])
    kinds = tables.load("spreadsheet_damage").select(pl.col("rule_id").alias("rule"), "kind", "action")
    known = every.join(kinds, on="rule", how="left", maintain_order="left").with_columns(
        pl.col("action").cast(pl.Enum(ACTIONS))
    )
    grouped = known.group_by("column", "header", "kind", "action").agg(
        pl.col("rule").unique().sort().alias("rules"),
        pl.col("count").sum(),
        pl.col("rows").explode().sort().head(ROWS_NAMED),
    )
    return grouped.sort("column", "action", "kind").with_columns(pl.col("action").cast(pl.String)).to_dicts()


def slots(mapping: ColumnMapping) -> dict[int, str]:
    """Place → which rules hold there; columns that screen nobody are not looked at."""
    parts = _parts(mapping)
    slots = {column.position: _slot(column) for column in mapping.columns}
    return {place: parts.get(place, slot) for place, slot in slots.items() if slot not in _UNJUDGED}


def _slot(column: Column) -> str:
    slot = headers.slots().get(column.field, "")
    if slot in _UNJUDGED:
        return slot
    return _SLOTS.get(column.field, slot if slot in _OF_FIELDS else EVERYWHERE)


def _parts(mapping: ColumnMapping) -> dict[int, str]:
    """電話番号1/2/3: the first may have lost a zero, the last always has four digits, the middle tells nothing."""
    numbers = [number for subject in mapping.subjects for number in subject.phones]
    whole = {number[0] for number in numbers if len(number) == 1}
    slots: dict[int, str] = {}
    for first, *middle, last in (number for number in numbers if len(number) > 1):
        slots |= {first: "phone_first", last: "phone_last"} | dict.fromkeys(middle, EVERYWHERE)
    return {place: slot for place, slot in slots.items() if place not in whole}


def _ruled(
    column: pl.Series, odd: pl.Series, slot: str, first_row: int
) -> Iterator[tuple[str, int, list[int]]]:
    """Rule, count and first rows of what the first look left; each cell counts for the first rule that fits it."""
    cell = pl.col("cell")
    if not odd.any():
        return
    rows = (first_row + odd.arg_true()).cast(pl.UInt32)
    left = pl.DataFrame({"cell": column.filter(odd), "row": rows}).filter(_suspicious(cell, slot))
    # One pass for all rules: a list may write every number in a way that looks odd and is none of them.
    left = left.filter(cell.str.contains("|".join(f"(?:{pattern})" for _, pattern in _rules(slot))))
    for rule, pattern in _rules(slot):
        if left.is_empty():
            return
        fits = left.select(cell.str.contains(pattern))["cell"]
        if fits.any():
            yield rule, int(fits.sum()), left["row"].filter(fits).head(ROWS_NAMED).to_list()
            left = left.filter(~fits)


@cache
def _rules(slot: str) -> tuple[tuple[str, str], ...]:
    """Rule and pattern, those of the slot before those that hold everywhere."""
    table = tables.load("spreadsheet_damage")
    wanted = [slot, EVERYWHERE] if slot != EVERYWHERE else [EVERYWHERE]
    return tuple(
        pair for each in wanted for pair in table.filter(slot=each).select("rule_id", "pattern").iter_rows()
    )


def _suspicious(cell: pl.Expr, slot: str) -> pl.Expr:
    """A cheap test: true at least wherever a rule of the slot fits."""
    if slot in ("phone", "phone_first"):
        return (cell != "") & ~_begins(cell, "0")
    if slot in _CLEAN:
        return (cell != "") & ~cell.str.contains(_CLEAN[slot])
    if slot == "birth_date":
        return cell.str.contains(_ODD[slot])
    error = _begins(cell, "#") | _begins(cell, "Err:")
    if slot in ("postal_first", "postal_last", "phone_last"):
        return cell.str.len_bytes().is_between(1, 3) | error
    return error | cell.str.contains(_ODD[slot]) if slot in _ODD else error


def _first_look(cell: pl.Expr, slot: str) -> pl.Expr:
    """True at least wherever `_suspicious` is: names, mail and addresses seldom sort among the error values."""
    if slot not in (EVERYWHERE, "address"):
        return _suspicious(cell, slot)
    among = (cell >= "#") & (cell < "Err;")
    return among | cell.str.contains(_ODD[slot]) if slot in _ODD else among


def _begins(cell: pl.Expr, word: str) -> pl.Expr:
    """Two comparisons: a third of what `starts_with` costs."""
    return (cell >= word) & (cell < word[:-1] + chr(ord(word[-1]) + 1))
