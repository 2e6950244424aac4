"""Lists that are held as files: CSV, TSV, TXT, Parquet and XLSX behind one face, and erasing rows by path.

The new file is written beside the old one, verified and put in its place (`replacing`); what differs is how it is
written: by byte ranges (`delimited`), by columns (`parquet_rows`), by the XML of rows (`workbook`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from optout.batch.delimited import DelimitedSource
from optout.batch.heading import Columns
from optout.batch.reader import open_batch
from optout.batch.source import ParquetSource, Source
from optout.batch.staged import StagedFile
from optout.batch.workbook import WORKBOOK_SIGN, WorkbookSource
from optout.errors import HoldingChangedError, UnreadableFileError
from optout.holdings.cells import Patch
from optout.holdings.delimited import DelimitedChange, copied, lines, locate
from optout.holdings.held import Changed, Edits, Planned, Verify, require_rows
from optout.holdings.parquet_rows import PARQUET_SIGN, ParquetChange, require_writer
from optout.holdings.replacing import fingerprint, reading, replaced, target_of
from optout.holdings.workbook import WorkbookChange
from optout.holdings.workbook import require_changeable as require_editable

__all__ = ["Erased", "HeldFile", "erasable", "erase_ranges", "erase_rows", "locate"]


class Change(Protocol):
    """Edits of a file of some kind, checked and ready to be written."""

    def write(self, expected: str) -> Callable[[StagedFile], str]:
        """What fills the new file and returns the hash of it."""

    def reopened(self, new: Path) -> Source:
        """The new file as the rules of the old one read it, found to be what it should be."""


class HeldFile:
    """A list in a file. See `Held`.

    Args:
        path: The file; a symbolic link is followed, the link stays.
        columns, encoding, sheet: As for `open_batch`.
    """

    def __init__(
        self, path: Path, columns: Columns = None, encoding: str | None = None, sheet: str | None = None
    ) -> None:
        self.path, self.name = path, path.name
        self._columns, self._encoding, self._sheet = columns, encoding, sheet

    def __repr__(self) -> str:
        return f"HeldFile({self.name!r})"

    def fingerprint(self) -> str:
        """SHA-256 (hex) of its bytes."""
        return fingerprint(self.path)

    def source(self) -> Source:
        """Its rows."""
        with reading(self.name):
            return open_batch(self.path, self._encoding, self._columns, self._sheet)

    def row_ids(self, rows: Sequence[int]) -> list[str]:
        """Line numbers of a text file; sheet and row of a workbook; rows of Parquet, from 1."""
        source = self.source()
        if isinstance(source, DelimitedSource):
            return [f"line {line}" for line in lines(source, rows)]
        if isinstance(source, ParquetSource):
            require_rows(rows, source.height)
            return [f"row {row + 1}" for row in rows]
        if isinstance(source, WorkbookSource):
            require_rows(rows, len(source.sheet_rows))
            return [f"{source.sheet}!{source.sheet_rows[row]}" for row in rows]
        raise _unchangeable(source)

    def require_changeable(self) -> None:
        """Raise if the file has hard links or is write-protected, or cannot be written without harm."""
        target_of(self.path)
        kind = sign(self.path)
        if kind == WORKBOOK_SIGN:
            source = self.source()
            if isinstance(source, WorkbookSource):
                require_editable(source)
        if kind == PARQUET_SIGN:
            require_writer(self.path)

    def change(self, edits: Edits, expected: str, verify: Verify, planned: Planned) -> Changed:
        """Replace the file by itself without some rows or with other cells."""
        target = target_of(self.path)
        if fingerprint(target) != expected:
            raise HoldingChangedError(self.name)
        source = self._read(target)
        if not len(edits.gone) and not edits.cells:
            verify(source)
            planned(expected)
            return Changed(0, 0, expected, expected)
        change = _change(source, edits, self._columns)
        after = replaced(
            target, expected, change.write(expected), lambda new: verify(change.reopened(new)), planned
        )
        return Changed(len(edits.gone), sum(map(len, edits.cells.values())), expected, after)

    def _read(self, target: Path) -> Source:
        with reading(self.name):
            return open_batch(target, self._encoding, self._columns, self._sheet)


def sign(path: Path) -> bytes:
    """How a file begins."""
    with reading(path.name), path.open("rb") as file:
        return file.read(len(WORKBOOK_SIGN))


def _change(source: Source, edits: Edits, columns: Columns) -> Change:
    if isinstance(source, DelimitedSource):
        return DelimitedChange(source, edits)
    if isinstance(source, ParquetSource):
        return ParquetChange(source, edits)
    if isinstance(source, WorkbookSource):
        return WorkbookChange(source, edits, columns)
    raise _unchangeable(source)


def _unchangeable(source: Source) -> UnreadableFileError:
    return UnreadableFileError(
        source.name, "is of a kind rows cannot be erased from", "Give a CSV, Parquet or Excel file."
    )


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done to a file.

    Attributes:
        rows_removed: Parsed rows that are gone.
        sha256_before, sha256_after: Hash (hex) of the file then and now.
    """

    rows_removed: int
    sha256_before: str
    sha256_after: str


def erase_rows(
    path: Path,
    rows: Collection[int],
    expected_sha256: str,
    verify: Callable[[Path], None],
    encoding: str | None = None,
    columns: Columns = None,
) -> Erased:
    """Replace a file by itself without some rows.

    Args:
        path: The file; a symbolic link is followed, the link stays.
        rows: Numbers of parsed rows (0-based), as a screen of these very bytes gave them.
        expected_sha256: Hash (hex) of the file the numbers are about.
        verify: Called with the path of the new file before it takes its place; raises to stop everything.
        encoding, columns: As they were given when the rows were numbered.

    Returns:
        Counts and hashes. Lines that could not be parsed stay as they are.

    Raises:
        HoldingChangedError: the file is not the one expected, or changed meanwhile; it was left alone.
        HoldingLockedError: it is open in another program; it was left alone.
        HoldingReadOnlyError: it is write-protected.
        UnreadableFileError: it has further names (hard links), under which the rows would live on.
        ConservationError: a row number does not exist, or the new file does not add up.
    """
    target = target_of(path)
    if fingerprint(target) != expected_sha256:
        raise HoldingChangedError(path.name)
    change = _change(open_batch(target, encoding, columns), Edits(sorted(set(rows))), columns)

    def checked(new: Path) -> None:
        change.reopened(new)
        verify(new)

    after = replaced(target, expected_sha256, change.write(expected_sha256), checked)
    return Erased(len(set(rows)), expected_sha256, after)


def erasable(source: Source) -> bool:
    """Whether rows can be taken out of such a file."""
    return isinstance(source, DelimitedSource | ParquetSource | WorkbookSource)


def erase_ranges(
    path: Path,
    ranges: Sequence[tuple[int, int, int]],
    expected_sha256: str,
    verify: Callable[[Path], None],
) -> Erased:
    """Replace a text file by itself without some byte ranges: what `erase_rows` does once it knows them.

    Args:
        path: The file.
        ranges: Start, end and number of rows of every range, in order, from `locate` for these very bytes.
        expected_sha256, verify: As for `erase_rows`.

    Returns:
        Counts and hashes.

    Raises:
        HoldingChangedError, HoldingLockedError, UnreadableFileError: see `erase_rows`.
    """
    target = target_of(path)
    erased = [Patch(start, end, b"") for start, end, _ in ranges]
    after = replaced(
        target,
        expected_sha256,
        lambda staged: copied(target, erased, expected_sha256, staged),
        verify,
    )
    return Erased(sum(rows for _, _, rows in ranges), expected_sha256, after)
