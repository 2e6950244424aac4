"""The XML of a sheet → what no reader of values tells: rows, hidden parts, merged areas, errors, formulas.

Source: ECMA-376 part 1, §18.3.1 (sheetData, row, c, cols, mergeCell). One streaming pass: an XML parser for what
stands before and behind the rows, `workbook_cells` for the rows themselves.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np

from optout.batch.records import Positions
from optout.batch.workbook_cells import ERROR, MOST_COLUMNS, SHARED, TRUTH, Cells, column_number, find
from optout.batch.workbook_parts import elements, plain
from optout.batch.workbook_zip import Package, damaged
from optout.errors import UnreadableFileError, UnsafeWorkbookError

_PIECE: Final = 1 << 20
# A row of 16,384 cells, or the columns' widths: some MB.
_LONGEST: Final = 64 << 20
_SHEET_DATA: Final = re.compile(rb"<((?:[\w.\-]+:)?)sheetData\b[^>]*>")
_TRUE: Final = ("1", "true", "on")
_AREA: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7}):\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
# The others (#SPILL!, #GETTING_DATA) make the reader refuse the whole sheet.
_KNOWN_ERROR: Final = re.compile(rb"<v>(?:#NULL!|#DIV/0!|#VALUE!|#REF!|#NAME\?|#NUM!|#N/A)</v>")
_NONE: Final = np.empty(0, np.int64)


class Piece(NamedTuple):
    """Some of a sheet's XML; `rows` are whole rows, without prefixes."""

    kind: Literal["head", "rows", "tail"]
    text: bytes


class Area(NamedTuple):
    """A merged area; rows and columns from 1, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What one pass over a sheet tells; rows and columns are numbered from 1. Holds no text of a cell.

    Attributes:
        bottom: Last row with a value.
        left, right: First and last column with a value.
        values: Cells with a value, those with errors not among them.
        errors: Cells with an Excel error.
        unstored: Formulas whose result was not stored.
        shared: Cells that point to a shared string.
        hidden_rows: Numbers of the hidden rows.
        hidden_columns: First and last column of each hidden run.
        areas: Merged areas, those of one cell left out.
        truths: Row and column of each cell that holds TRUE or FALSE.
    """

    bottom: int = 0
    left: int = 0
    right: int = 0
    values: int = 0
    errors: int = 0
    unstored: int = 0
    shared: int = 0
    hidden_rows: Positions = field(default_factory=_NONE.copy)
    hidden_columns: tuple[tuple[int, int], ...] = ()
    areas: tuple[Area, ...] = ()
    truths: tuple[Positions, Positions] = (_NONE, _NONE)


def pieces(package: Package, part: str) -> Iterator[Piece]:
    """A sheet in order: what stands before the rows, the rows some MB at a time, what stands behind.

    Raises:
        UnreadableFileError: damaged.
        UnsafeWorkbookError: beyond a limit.
    """
    chunks, held = package.chunks(part), b""
    found = None
    for chunk in chunks:
        held += chunk
        found = _SHEET_DATA.search(held)
        if found or len(held) > _LONGEST:
            break
    if found is None:
        raise damaged(package.name, "a sheet has no place for rows")
    yield Piece("head", held[: found.end()])
    held = held[found.end() :]
    if not found[0].endswith(b"/>"):
        held = yield from _rows(package.name, held, chunks, found[1])
    yield Piece("tail", held)
    yield from (Piece("tail", chunk) for chunk in chunks)


def _rows(name: str, held: bytes, chunks: Iterator[bytes], prefix: bytes) -> Generator[Piece, None, bytes]:
    """Pieces of whole rows; what was read beyond them is returned."""
    row, close = b"<" + prefix + b"row", b"</" + prefix + b"sheetData"
    while (closed := held.find(close)) < 0:
        chunk = b"".join(_some(chunks, _PIECE))
        if not chunk:
            raise damaged(name, "a sheet has no end")
        cut = held.rfind(row)
        if cut > 0:
            yield Piece("rows", plain(held[:cut], prefix))
            held = held[cut:]
        held += chunk
        if len(held) > _LONGEST:
            raise UnsafeWorkbookError(name, "a row in it is longer than a row can be")
    yield Piece("rows", plain(held[:closed], prefix))
    return held[closed:]


def _some(chunks: Iterator[bytes], length: int) -> Iterator[bytes]:
    """Chunks until there are `length` bytes."""
    for chunk in chunks:
        yield chunk
        length -= len(chunk)
        if length <= 0:
            return


def facts(package: Package, part: str) -> Facts:
    """Look at a sheet once.

    Raises:
        UnreadableFileError: damaged, its rows or cells do not ascend, or it holds errors no reader takes.
        UnsafeWorkbookError: beyond a limit.
    """
    tally = _Tally(package.name)
    areas: list[Area] = []
    hidden: list[tuple[int, int]] = []
    for element, given in elements(package.name, tally.texts(pieces(package, part))):
        if element == "mergeCell":
            areas += _area(given.get("ref", ""))
        elif element == "col" and given.get("hidden") in _TRUE:
            hidden.append(_run(package.name, given))
    return tally.facts(tuple(hidden), tuple(areas))


def has_values(package: Package, part: str) -> bool:
    """Whether any cell of a sheet holds something; reads no further than the first.

    Raises:
        UnreadableFileError: damaged.
        UnsafeWorkbookError: beyond a limit.
    """
    return any(bool(some.present.any()) for _, some in cells(package, part))


def cells(package: Package, part: str) -> Iterator[tuple[bytes, Cells]]:
    """The rows of a sheet, some MB of XML at a time, and the cells in them.

    Raises:
        UnreadableFileError: damaged.
        UnsafeWorkbookError: beyond a limit.
    """
    last = 0
    for piece in pieces(package, part):
        if piece.kind == "rows":
            some = find(package.name, piece.text, last)
            last = int(some.numbers[-1]) if len(some.numbers) else last
            yield piece.text, some


class _Tally:
    """Adds up what the pieces of a sheet tell."""

    def __init__(self, name: str) -> None:
        self._name, self._last = name, 0
        self._bottom, self._left, self._right = 0, MOST_COLUMNS, 0
        self._values = self._errors = self._unstored = self._shared = 0
        self._hidden: list[Positions] = []
        self._truths: list[tuple[Positions, Positions]] = []

    def texts(self, found: Iterator[Piece]) -> Iterator[tuple[bytes, bool]]:
        """The sheet as it is, for `elements`; its rows are counted on the way."""
        for piece in found:
            if piece.kind == "rows":
                self._add(piece.text, find(self._name, piece.text, self._last))
            yield piece.text, piece.kind != "rows"

    def _add(self, piece: bytes, some: Cells) -> None:
        if not len(some.numbers):
            return
        self._last = int(some.numbers[-1])
        self._hidden.append(some.numbers[some.hidden])
        self._unstored += int((some.formula & ~some.present).sum())
        self._shared += int((some.present & (some.kind == SHARED)).sum())
        truth = some.present & (some.kind == TRUTH)
        self._truths.append((some.row[truth], some.column[truth]))
        self._add_errors(piece, some)
        columns = some.column[some.present]
        self._values += len(columns)
        if len(columns):
            self._left, self._right = (
                min(self._left, int(columns.min())),
                max(self._right, int(columns.max())),
            )
            self._bottom = int(some.row[some.present][-1])

    def _add_errors(self, piece: bytes, some: Cells) -> None:
        wrong = np.flatnonzero(some.present & (some.kind == ERROR)).tolist()
        self._errors += len(wrong)
        unknown = sum(not _KNOWN_ERROR.search(piece, some.start[cell], some.end[cell]) for cell in wrong)
        if unknown:
            why = f"{unknown:,} cells hold an Excel error that cannot be read, such as #SPILL!"
            raise UnreadableFileError(self._name, why, "Correct or empty those cells in Excel and save it.")

    def facts(self, hidden_columns: tuple[tuple[int, int], ...], areas: tuple[Area, ...]) -> Facts:
        return Facts(
            self._bottom,
            self._left if self._right else 0,
            self._right,
            self._values - self._errors,
            self._errors,
            self._unstored,
            self._shared,
            np.concatenate([_NONE, *self._hidden]),
            hidden_columns,
            areas,
            (
                np.concatenate([_NONE, *(row for row, _ in self._truths)]),
                np.concatenate([_NONE, *(column for _, column in self._truths)]),
            ),
        )


def _area(reference: str) -> list[Area]:
    found = _AREA.fullmatch(reference)
    if not found:
        return []
    rows = sorted((int(found[2]), int(found[4])))
    columns = sorted((column_number(found[1]), column_number(found[3])))
    area = Area(rows[0], columns[0], rows[1], columns[1])
    return [area] if area.top >= 1 and area[:2] != area[2:] else []


def _run(name: str, given: Mapping[str, str]) -> tuple[int, int]:
    try:
        return int(given.get("min", "")), int(given.get("max", ""))
    except ValueError:
        raise damaged(name, "a column has no number") from None
