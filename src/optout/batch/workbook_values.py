"""A sheet and its facts → the text of every cell, and proof that none was left behind.

Everything is text as Excel shows it without formats: whole numbers without ".0", midnights as dates, TRUE and FALSE,
blanks for errors. The reader (fastexcel) is handed only what has been weighed, its answer is counted against the
XML, and what it could not read (a number too large for the date format of its cell) is taken from there.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.batch import workbook_cells
from optout.batch.records import Positions
from optout.batch.workbook_parts import Sheet
from optout.batch.workbook_sheet import Facts, cells
from optout.batch.workbook_zip import Package, damaged
from optout.errors import UnsafeWorkbookError

# Measured: 150 bytes a cell that is full, 50 a blank one. 1,048,576 rows × 20 are 21 M cells (3.1 GB); a stray cell
# in XFD1048576 would make 17 G of them.
MOST_CELLS: Final = 1 << 26
# Shared strings are repeated in every cell that shows them: 20 cells of 30 bytes in each of a million rows are 0.6 GB.
MOST_TEXT: Final = 2 << 30

_MIDNIGHT: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00$"
# Day 0 of the 1900 date system stands before a time without a date.
_TIME_ALONE: Final = r"^1899-12-31 ([0-9:.]+)$"
# What becomes of a telephone number in a cell with a date format, when it is no year at all.
_IMPOSSIBLE_YEAR: Final = r"^[+-][0-9]+-[0-9]{2}-[0-9]{2} "
_LOGGERS: Final = ("calamine", "fastexcel")
_EXACT_INTEGER: Final = 2.0**53
_Mask = npt.NDArray[np.bool_]


def values(package: Package, sheet: Sheet, facts: Facts, strings: Positions) -> pl.DataFrame:
    """Read a sheet.

    Args:
        package: The workbook.
        sheet: Which sheet.
        facts: What `workbook_sheet.facts` says of it.
        strings: Size of each shared string.

    Returns:
        One String column per column from `facts.left` on, named by its place; one line per row of the sheet from
        row 1 to `facts.bottom`. Null where a cell has no value or an error.

    Raises:
        UnreadableFileError: the reader refuses it, or reads other cells than there are.
        UnsafeWorkbookError: so wide or so full that it would not fit into memory.
    """
    width = facts.right - facts.left + 1 if facts.bottom else 0
    if facts.bottom * width > MOST_CELLS:
        why = f"its used range is {facts.bottom:,} rows × {width:,} columns"
        raise UnsafeWorkbookError(package.name, why)
    _require_fitting_text(package, sheet, facts, strings)
    if not facts.bottom:
        return pl.DataFrame()
    read = _read(package, sheet.name)
    if read.shape != (facts.bottom, width):
        raise damaged(package.name, "its cells are not where they say")
    text = read.rename(dict(zip(read.columns, map(str, range(width)), strict=True)))
    found = sum(text.height - column.null_count() for column in text)
    odd = _impossible(text)
    if found != facts.values or odd is not None:
        text = _with_lost_cells(package, sheet, facts, text, odd)
    return _with_truths(text.select(_as_shown(column) for column in text), facts)


def _read(package: Package, sheet: str) -> pl.DataFrame:
    import fastexcel

    # A path that ends like another kind of workbook would be read as that kind.
    known = package.path.suffix.lower() == ".xlsx"
    for logger in map(logging.getLogger, _LOGGERS):
        logger.setLevel(logging.CRITICAL)  # its warnings may quote a cell, and go to the terminal by default
    try:
        reader = fastexcel.read_excel(str(package.path) if known else package.path.read_bytes())
        loaded: Any = reader.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
        frame: pl.DataFrame = loaded.to_polars()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # a panic of the reader is no Exception; its message may quote a cell
        raise damaged(package.name, "its cells cannot be read") from None
    return frame


def _require_fitting_text(package: Package, sheet: Sheet, facts: Facts, strings: Positions) -> None:
    """A long text that a million cells share is small in the file and not in memory."""
    if not facts.shared or int(strings.max(initial=0)) * facts.shared <= MOST_TEXT:
        return
    total = 0
    for piece, some in cells(package, sheet.part):
        shown = workbook_cells.string_numbers(package.name, piece, some, len(strings))
        total += int(strings[shown].sum())
        if total > MOST_TEXT:
            raise UnsafeWorkbookError(package.name, "its texts would unpack to more than any list (a bomb)")


def _impossible(text: pl.DataFrame) -> _Mask | None:
    """Cells whose date is none; null when there is none."""
    found = text.select(pl.all().str.contains(_IMPOSSIBLE_YEAR).fill_null(False))
    return found.to_numpy() if found.select(pl.any_horizontal(pl.all().any())).item() else None


def _with_lost_cells(
    package: Package, sheet: Sheet, facts: Facts, text: pl.DataFrame, odd: _Mask | None
) -> pl.DataFrame:
    """Put in, as they stand in the XML, the cells that were read as nothing."""
    lost = text.select(pl.all().is_null()).to_numpy()
    lost = lost if odd is None else lost | odd
    found: dict[int, dict[int, str]] = {}
    for piece, some in cells(package, sheet.part):
        _collect(package.name, piece, some, facts.left, lost, found)
    columns = [_scattered(column, found.get(place, {})) for place, column in enumerate(text)]
    whole = pl.DataFrame(columns)
    if sum(whole.height - column.null_count() for column in whole) != facts.values:
        raise damaged(package.name, "not all of its cells can be read")
    return whole


def _collect(
    name: str,
    piece: bytes,
    some: workbook_cells.Cells,
    left: int,
    lost: _Mask,
    found: dict[int, dict[int, str]],
) -> None:
    candidates = np.flatnonzero(some.present & (some.kind != workbook_cells.ERROR))
    hit = candidates[lost[some.row[candidates] - 1, some.column[candidates] - left]]
    for cell in hit.tolist():
        if some.kind[cell] not in (workbook_cells.NUMBER, workbook_cells.DATE):
            continue
        raw = workbook_cells.content(piece[some.start[cell] : some.end[cell]])
        if raw is None:
            raise damaged(name, "not all of its cells can be read")
        found.setdefault(int(some.column[cell]) - left, {})[int(some.row[cell]) - 1] = _number_text(raw)


def _number_text(raw: str) -> str:
    try:
        number = float(raw)
    except ValueError:
        return raw
    return str(int(number)) if abs(number) < _EXACT_INTEGER and number == int(number) else raw


def _scattered(column: pl.Series, found: dict[int, str]) -> pl.Series:
    return column.scatter(list(found), list(found.values())) if found else column


def _as_shown(column: pl.Series) -> pl.Series:
    if column.str.ends_with(" 00:00:00").any():
        column = column.str.replace(_MIDNIGHT, "${1}")
    if column.str.starts_with("1899-12-31 ").any():
        column = column.str.replace(_TIME_ALONE, "${1}")
    return column


def _with_truths(text: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """TRUE and FALSE as Excel shows them."""
    row, column = facts.truths
    for place in np.unique(column).tolist():
        rows = row[column == place] - 1
        name = str(place - facts.left)
        shown = text[name].gather(rows).str.to_uppercase()
        text = text.with_columns(text[name].scatter(rows, shown))
    return text
