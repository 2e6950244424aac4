"""What is done with a list that is held, whatever keeps it: it is read, and rows are erased or cells changed.

A holding is a file (CSV, TSV, TXT, Parquet, XLSX) or a table of a database. Whatever it is, a change happens whole or
not at all, is shown to the caller before it takes effect, and is refused when the holding is not what it was when
the rows were found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np

from optout.batch.records import Positions
from optout.batch.source import BLOCK_BYTES, Block, Source
from optout.errors import ConservationError, OptionError, UnknownColumnError

Verify: TypeAlias = Callable[[Source], None]
Planned: TypeAlias = Callable[[str], None]
# Row → column → the new text; None blanks the cell.
Cells: TypeAlias = dict[int, dict[int, str | None]]


@dataclass(frozen=True, slots=True, repr=False)
class Edits:
    """What to change. Rows are numbers of parsed rows from 0, columns positions from 0, of the source as it was read.

    Attributes:
        erase: Rows that go.
        blank: Row → columns whose cells become blank.
        put: Row → column → new text. What is said of cells of a row that goes is of no account.
    """

    erase: Sequence[int] = ()
    blank: Mapping[int, Sequence[int]] = field(default_factory=dict)
    put: Mapping[int, Mapping[int, str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Edits(erase={len(self.erase)} rows, blank={len(self.blank)} rows, put={len(self.put)} rows)"

    @property
    def gone(self) -> Positions:
        """The rows that go, in order, each once."""
        return np.array(sorted({int(row) for row in self.erase}), np.int64)

    @property
    def cells(self) -> Cells:
        """The cells that change, in rows that stay.

        Raises:
            OptionError: one cell is both blanked and put.
        """
        gone = {int(row) for row in self.erase}
        found: Cells = {int(row): dict.fromkeys(map(int, columns)) for row, columns in self.blank.items()}
        for row, texts in self.put.items():
            of_row = found.setdefault(int(row), {})
            if any(int(column) in of_row for column in texts):
                raise OptionError("edits", ["a cell is blanked or put, not both"])
            of_row.update({int(column): text for column, text in texts.items()})
        return {row: of_row for row, of_row in sorted(found.items()) if of_row and row not in gone}


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done.

    Attributes:
        rows_erased: Rows that are gone.
        cells_changed: Cells that were blanked or put.
        before, after: Fingerprint of the holding then and now.
    """

    rows_erased: int
    cells_changed: int
    before: str
    after: str


class Held(Protocol):
    """A list that is held. It does nothing and keeps nothing open until it is asked.

    Attributes:
        name: For messages: a file name, or a database and table without user, password and host options.
    """

    name: str

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the bytes of a file, or of the schema and rows of a table.

        Raises:
            UnreadableFileError: it does not exist or may not be read.
            HoldingUnreachableError: its server or disk does not answer.
        """

    def source(self) -> Source:
        """The rows, to be screened whole or in blocks.

        Raises:
            EmptyBatchError: it has no rows.
            InputError: it cannot be read as a list.
            HoldingUnreachableError: its server or disk does not answer.
        """

    def row_ids(self, rows: Sequence[int]) -> list[str]:
        """How a person finds rows: ``line 12``, ``顧客!12``, ``row 12`` (from 1), ``id=12``; in the order asked.

        A primary key may be personal (an address, a number): what is told here belongs into sealed records.

        Raises:
            ConservationError: a row number does not exist.
        """

    def require_changeable(self) -> None:
        """Raise what `change` would raise for any edit, without reading the rows: known when a plan is made.

        Raises:
            UnreadableFileError, HoldingReadOnlyError, HoldingUnreachableError: see `change`.
        """

    def change(self, edits: Edits, expected: str, verify: Verify, planned: Planned) -> Changed:
        """Change rows and cells, all or none of them.

        Args:
            edits: What to change.
            expected: Fingerprint of the holding in which the rows were found.
            verify: Called with the new state before it takes effect; raises to stop everything.
            planned: Called with the fingerprint after, right before the change takes effect: written down, it tells
                after a crash whether the change happened.

        Returns:
            Counts and fingerprints. Without edits nothing is written, and `verify` sees the holding as it is.

        Raises:
            HoldingChangedError: it is not the one expected, or changed meanwhile; it was left alone.
            HoldingLockedError: it is open in another program, or locked; it was left alone.
            HoldingReadOnlyError: it may be read only.
            HoldingUnreachableError: its server does not answer, or stopped answering; look before trying again.
            HoldingBoundError: rows of other tables point to the rows.
            UnreadableFileError: it is of a kind that cannot be changed; says why and what to do.
            UnencodableError, CellRefusedError: cells cannot hold the texts.
            WriteFailedError: the disk is full or fails.
            ConservationError: a row does not exist, or the new state does not add up.
        """


class NoRows(Source):
    """A list all of whose rows are gone: the same columns, nothing below."""

    def __init__(self, was: Source) -> None:
        super().__init__(was.name, was.headers)
        self.encoding, self.delimiter, self.eol, self.sheet = was.encoding, was.delimiter, was.eol, was.sheet

    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """None."""
        del target_bytes
        yield from ()


def require_columns(cells: Cells, columns: Sequence[str]) -> None:
    """Raise UnknownColumnError unless every column that is to be changed exists."""
    asked = {column for of_row in cells.values() for column in of_row}
    if unknown := sorted(column for column in asked if not 0 <= column < len(columns)):
        raise UnknownColumnError([str(column) for column in unknown], columns)


def require_rows(asked: Iterable[int], height: int) -> None:
    """Raise ConservationError unless every row number exists."""
    rows = list(asked)
    there = sum(0 <= row < height for row in rows)
    if there != len(rows):
        raise ConservationError(len(rows), there)
