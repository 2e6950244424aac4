"""One sheet of a workbook → the list in it: header, rows, where they stand, what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from optout.batch.heading import HEAD_RECORDS, Columns, find_heading
from optout.batch.records import Positions
from optout.batch.workbook_merges import fills, one_header_line, parts, spread
from optout.batch.workbook_parts import Sheet
from optout.batch.workbook_sheet import Area, Facts, facts
from optout.batch.workbook_values import values
from optout.batch.workbook_zip import Package
from optout.errors import HeaderMissingError


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a list are in its sheet; holds no text. Rows and columns from 1.

    Attributes:
        part: The sheet's XML.
        first: The first row below titles and header.
        areas: Merged areas above it.
        date1904: Days of the workbook count from 1904-01-01.
        fills: Column → row → the row its value comes from, for merged cells.
    """

    part: str
    first: int = 1
    areas: tuple[Area, ...] = ()
    date1904: bool = False
    fills: Mapping[int, Mapping[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ListSheet:
    """What one sheet holds.

    Attributes:
        sheet: Which.
        headers: One per column.
        text: The rows below the header, String columns in the places of `headers`, no nulls.
        rows: Number of each row in the sheet, from 1.
        layout: Where it is in the sheet.
        known: Headers that are known.
        remarks: What was decided.
        error: Why its header cannot be told.
    """

    sheet: Sheet
    headers: list[str]
    text: pl.DataFrame
    rows: Positions
    layout: Layout
    known: int = 0
    remarks: tuple[str, ...] = ()
    error: HeaderMissingError | None = None

    @property
    def looks_like_one(self) -> bool:
        """It has headers that are known, and rows."""
        return self.known > 0 and self.text.height > 0


@dataclass(frozen=True, slots=True)
class SheetReader:
    """Reads sheets of one workbook.

    Attributes:
        package: The workbook.
        strings: Size of each shared string.
        date1904: Days count from 1904-01-01.
        columns: As for `recognise`.
    """

    package: Package
    strings: Positions
    date1904: bool
    columns: Columns

    def read(self, sheet: Sheet) -> ListSheet | None:
        """The list of a sheet; null when the sheet is empty.

        Raises:
            UnreadableFileError: damaged.
            UnsafeWorkbookError: beyond a limit.
        """
        seen = facts(self.package, sheet.part)
        cells = values(self.package, sheet, seen, self.strings)
        if not seen.bottom:
            return None
        written = cells.select(pl.any_horizontal(pl.all().fill_null("") != "")).to_series()
        if not written.any():
            return None
        sources = fills(self.package.name, cells, seen)
        text = spread(cells, sources).select(pl.all().fill_null("")).filter(written)
        return self._list(sheet, seen, text, np.flatnonzero(written.to_numpy()) + 1, sources)

    def _list(
        self, sheet: Sheet, seen: Facts, text: pl.DataFrame, rows: Positions, sources: dict[int, Positions]
    ) -> ListSheet:
        first_records = [list(record) for record in text.head(HEAD_RECORDS).iter_rows()]
        head = one_header_line(first_records, rows[:HEAD_RECORDS].tolist(), seen)
        try:
            heading = find_heading(self.package.name, head.records, self.columns)
        except HeaderMissingError as error:
            return ListSheet(sheet, [], text, rows, Layout(sheet.part), error=error)
        start = 0 if heading.place is None else head.places[heading.place] + 1
        data, kept = text.slice(start), rows[start:]
        header, told = [f"column_{place + 1}" for place in range(text.width)], tuple[str, ...]()
        if heading.place is not None:
            empty = [not (column != "").any() for column in data]
            header, told = parts(head.records[heading.place], int(rows[start - 1]), seen, empty)
        first = int(rows[start - 1]) + 1 if start else 1
        above = tuple(area for area in seen.areas if area.bottom < first)
        layout = Layout(sheet.part, first, above, self.date1904, _taken(sources, kept, seen.left))
        remarks = (*head.remarks, *heading.remarks, *told, *_remarks(sheet, seen, kept, layout))
        return ListSheet(sheet, header, data, kept, layout, heading.known, remarks)


def _taken(sources: dict[int, Positions], rows: Positions, left: int) -> dict[int, dict[int, int]]:
    """Of the rows below the header: column → row → the row its value comes from."""
    found = {}
    for column, source in sources.items():
        moved = rows[source[rows - 1] != rows - 1]
        if len(moved):
            found[column + left] = dict(zip(moved.tolist(), (source[moved - 1] + 1).tolist(), strict=True))
    return found


def _remarks(sheet: Sheet, seen: Facts, rows: Positions, layout: Layout) -> Iterator[str]:
    if sheet.hidden:
        yield "the sheet is hidden; it was read"
    columns = sum(
        max(0, min(last, seen.right) - max(first, seen.left) + 1) for first, last in seen.hidden_columns
    )
    hidden = (
        counted(int(np.isin(rows, seen.hidden_rows).sum()), "hidden row"),
        counted(columns, "hidden column"),
    )
    if any(hidden):
        yield f"{' and '.join(filter(None, hidden))} read like the others"
    cells = sum(map(len, layout.fills.values()))
    if cells:
        yield f"merged cells: {counted(cells, 'value')} taken into further rows"
    if seen.errors:
        yield f"{counted(seen.errors, 'cell')} with an Excel error (#N/A, #REF! …) read as blank"
    if seen.unstored:
        yield (
            f"{counted(seen.unstored, 'formula')} without a stored result read as blank; "
            "open the file in Excel and save it to have them calculated"
        )


def counted(number: int, what: str) -> str:
    """A number of things in words; nothing for none.

    Examples:
        >>> counted(3, "hidden row"), counted(1, "cell"), counted(0, "cell")
        ('3 hidden rows', '1 cell', '')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}" if number else ""
