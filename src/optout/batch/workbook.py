"""An Excel workbook → the rows of the sheet that is a list.

The container is weighed (workbook_zip), told from other Office files (workbook_guard), its sheets are looked at once
(workbook_sheet), read (workbook_values) and taken for lists (workbook_list). Hidden sheets, rows and columns are read
like others: the people in them are people. What was decided stands in `remarks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from optout.batch import encoding
from optout.batch.heading import Columns, by_position
from optout.batch.records import Positions
from optout.batch.source import BLOCK_BYTES, Block, Source, rows_per_block
from optout.batch.workbook_guard import refuse_unless_workbook
from optout.batch.workbook_list import Layout, ListSheet, SheetReader, counted
from optout.batch.workbook_parts import Contents, contents, string_sizes
from optout.batch.workbook_sheet import has_values
from optout.batch.workbook_zip import Package
from optout.errors import EmptyBatchError, OptionError, UndecidedSheetError

WORKBOOK_SIGN: Final = b"PK\x03\x04"
# Parts that may hold text of people and are no cells of a sheet.
_BESIDE: Final = {
    "xl/pivotcache/pivotcacherecords": "pivot table cache",
    "xl/comments": "comment list",
    "xl/drawings/drawing": "drawing",
    "xl/externallinks/externallink": "linked workbook",
}


class WorkbookSource(Source):
    """A sheet of an Excel workbook (.xlsx): every cell as text.

    Args:
        path: The workbook.
        sheet: Name of the sheet; by default the only one that looks like a list.
        columns: As for `recognise`: headers named here help to find the header line.

    Attributes:
        sheet: Name of the sheet that was read.
        sheet_rows: Number, from 1, of each parsed row in that sheet.
        layout: Where its parts are, for writing it back.

    Raises:
        UnreadableFileError: no .xlsx workbook, or damaged; says what it is and what to do.
        UnsafeWorkbookError: it would unpack to more than a list can be.
        UndecidedSheetError: several sheets look like lists.
        OptionError: there is no such sheet.
        EmptyBatchError: no rows.
        HeaderMissingError: somebody's row stands where headers should.
    """

    path: Path
    sheet: str
    sheet_rows: Positions
    layout: Layout

    def __init__(self, path: Path, sheet: str | None = None, columns: Columns = None) -> None:
        digest = encoding.sha256(path)
        package = refuse_unless_workbook(path)
        inside = contents(package)
        reader = SheetReader(package, string_sizes(package), inside.date1904, columns)
        choose = _only if sheet is None else _named
        found, filled = choose(reader, inside, sheet or "")
        super().__init__(path.name, found.headers)
        self.path, self.sha256 = path, digest
        self.sheet, self.sheet_rows, self.layout = found.sheet.name, found.rows, found.layout
        self.unread = tuple(name for name in (*filled, *inside.others) if name != self.sheet)
        self.remarks = (*_unread(self.sheet, self.unread, package), *found.remarks)
        self._text = found.text.rename(dict(zip(found.text.columns, self.columns, strict=True)))

    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Slices of the rows."""
        rows = rows_per_block(self._text.estimated_size(), self._text.height, target_bytes)
        for first, part in enumerate(self._text.iter_slices(rows)):
            yield Block(part, first * rows)


def _named(reader: SheetReader, inside: Contents, name: str) -> tuple[ListSheet, list[str]]:
    """The sheet of that name, and the names of all that hold something."""
    package = reader.package
    sheet = next((sheet for sheet in inside.sheets if sheet.name == name), None)
    if sheet is None:
        raise OptionError("sheet", [sheet.name for sheet in inside.sheets])
    found = reader.read(sheet)
    filled = [other.name for other in inside.sheets if other != sheet and has_values(package, other.part)]
    return _with_rows(package.name, [found] if found else []), filled


def _only(reader: SheetReader, inside: Contents, _: str) -> tuple[ListSheet, list[str]]:
    """The one sheet that looks like a list, else the first to be seen; and the names of all that hold something."""
    found: list[ListSheet] = []
    lists: list[str] = []
    filled: list[str] = []
    for sheet in inside.sheets:
        read = reader.read(sheet)
        if read is None:
            continue
        filled.append(sheet.name)
        if read.looks_like_one:
            lists.append(sheet.name)
            found = found if len(lists) > 1 else [read]
        elif not lists and (not found or _goes_before(read, found[0])):
            found = [read]
    several = filled if not lists and by_position(reader.columns) else lists
    if len(several) > 1:
        raise UndecidedSheetError(reader.package.name, several)
    return _with_rows(reader.package.name, found), filled


def _goes_before(one: ListSheet, other: ListSheet) -> bool:
    """Of sheets that look like no list, one with rows, and then one that can be seen, is most likely meant."""
    return (one.text.height > 0, not one.sheet.hidden) > (other.text.height > 0, not other.sheet.hidden)


def _with_rows(name: str, found: Sequence[ListSheet]) -> ListSheet:
    if not found:
        raise EmptyBatchError(name, "has no rows")
    error = found[0].error
    if error is not None:
        raise error
    if not found[0].text.height:
        raise EmptyBatchError(name, "has a header and no rows")
    return found[0]


def _unread(sheet: str, others: Sequence[str], package: Package) -> Iterator[str]:
    if others:
        yield f"only the sheet {sheet} was read, not: {', '.join(others)}"
    beside = [
        counted(sum(part.startswith(start) for part in package.parts), what)
        for start, what in _BESIDE.items()
    ]
    if any(beside):
        yield f"not read: {', '.join(filter(None, beside))}"
