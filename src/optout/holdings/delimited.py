"""A CSV, TSV or TXT file that is held: rows and cells go by byte ranges, every other byte stays the byte it was.

Nothing is decoded and encoded again: 398 of the 9,604 double-byte codes of CP932 do not survive that. Memory is that of
one block and of the rows that change, whatever the size of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from optout.batch.delimited import DelimitedSource, RowRanges, runs
from optout.batch.records import CR, LF, Positions
from optout.batch.staged import StagedFile
from optout.errors import ConservationError, HoldingChangedError, UnencodableError
from optout.holdings.cells import Patch, Record, patched, texts
from optout.holdings.held import Edits, require_columns

COPY_BYTES: Final = 2 << 20  # stays in the cache between being read, hashed twice and written
_LOOKED_AT_BYTES: Final = 16 << 20
_COUNTED_BYTES: Final = 4 << 20
_ROWS_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Located:
    """Where rows of a text file lie.

    Attributes:
        ranges: Start, end and number of rows of every range that goes, in order.
        records: Records in the file, parsed or not.
        regular: No record has quotes that are not RFC 4180, so that none is read otherwise without its neighbour.
        changed: The rows some of whose cells change, in order.
    """

    ranges: list[tuple[int, int, int]]
    records: int
    regular: bool
    changed: list[Record]

    @property
    def left(self) -> int:
        """Records there must be afterwards."""
        return self.records - sum(rows for _, _, rows in self.ranges)


def locate(
    source: DelimitedSource, rows: Collection[int] | Positions, changed: Collection[int] = ()
) -> Located:
    """Where some parsed rows lie in a text file.

    Args:
        source: The file.
        rows: Rows that go.
        changed: Others, some of whose cells change.

    Raises:
        ConservationError: a row number does not exist.
    """
    gone, kept = _in_order(rows), _in_order(changed)
    ranges: list[tuple[int, int, int]] = []
    found: list[Record] = []
    records, regular = 0, True
    for part in source.row_ranges(_LOOKED_AT_BYTES):
        records += part.records
        regular = regular and part.regular
        erased = np.zeros(len(part.starts), bool)
        erased[_within(part, gone)] = True
        ranges += [
            (int(part.starts[first]), int(part.ends[last]), last - first + 1)
            for first, last in runs(erased, part.starts, part.ends)
        ]
        found += _records(part, kept)
    n_found = sum(rows for _, _, rows in ranges) + len(found)
    if n_found != len(gone) + len(kept):
        raise ConservationError(len(gone) + len(kept), n_found)
    return Located(ranges, records, regular, found)


def _in_order(rows: Collection[int] | Positions) -> Positions:
    return rows if isinstance(rows, np.ndarray) else np.array(sorted(set(rows)), np.int64)


def _within(part: RowRanges, rows: Positions) -> Positions:
    """Places in a part of those of the rows that lie in it."""
    low, high = np.searchsorted(rows, (part.first_row, part.first_row + len(part.starts)))
    places: Positions = rows[low:high] - part.first_row
    return places


def _records(part: RowRanges, rows: Positions) -> Iterator[Record]:
    for place in _within(part, rows).tolist():
        yield Record(part.first_row + place, int(part.starts[place]), int(part.ends[place]))


class DelimitedChange:
    """Edits of a text file, found in its bytes and ready to be written.

    Args:
        source: The file as it was read.
        edits: What to change.

    Raises:
        ConservationError: a row does not exist.
        UnknownColumnError: a column does not exist.
        UnencodableError: the encoding of the file lacks characters of the new texts.
    """

    def __init__(self, source: DelimitedSource, edits: Edits) -> None:
        self._source, self._cells = source, edits.cells
        require_columns(self._cells, source.columns)
        self._found = locate(source, edits.gone, self._cells.keys())
        self._old = dict(_read(source.path, self._found.changed))
        self._patches = self._encoded()

    def write(self, expected: str) -> Callable[[StagedFile], str]:
        """What fills the new file; it returns the hash of what it wrote."""
        erased = [Patch(start, end, b"") for start, end, _ in self._found.ranges]
        every = sorted([*erased, *(patch for patches in self._patches.values() for patch in patches)])
        return lambda staged: copied(self._source.path, every, expected, staged)

    def reopened(self, new: Path) -> DelimitedSource:
        """The new file, read by the rules of the old one, and found to be what it should be.

        Raises:
            ConservationError: it is not.
        """
        source = self._source.moved(new)
        if not self._found.regular or self._cells:
            counted = sum(part.records for part in source.row_ranges(_LOOKED_AT_BYTES))
            if counted != self._found.left:
                raise ConservationError(self._found.left, counted)
        for row, raw in _read(new, self._moved()):
            self._require_row(row, raw)
        return source

    def _encoded(self) -> dict[int, list[Patch]]:
        found: dict[int, list[Patch]] = {}
        refused: list[int] = []
        for record in self._found.changed:
            row = record.row
            try:
                found[row] = patched(self._source, record, self._old[row], self._cells[row])
            except UnencodableError:
                refused.append(row)
        if refused:
            raise UnencodableError(self._source.encoding, len(refused), tuple(refused[:_ROWS_NAMED]))
        return found

    def _moved(self) -> Iterator[Record]:
        """Where the rows with new cells lie in the new file."""
        grown = {row: sum(map(_growth, patches)) for row, patches in self._patches.items()}
        shifts = [(start, start - end) for start, end, _ in self._found.ranges]
        shifts += [(record.start, grown[record.row]) for record in self._found.changed]
        shift, before = 0, iter(sorted(shifts))
        for record in self._found.changed:
            for start, growth in before:
                if start == record.start:
                    break
                shift += growth
            end = record.end + shift + grown[record.row]
            yield Record(record.row, record.start + shift, end)
            shift += grown[record.row]

    def _require_row(self, row: int, raw: bytes) -> None:
        """A row with new cells, read again, has these and otherwise the ones it had."""
        expected = texts(self._source, self._old[row])
        for column, text in self._cells[row].items():
            expected[column] = text or ""
        found = texts(self._source, raw)
        if found != expected:
            same = sum(one == other for one, other in zip(found, expected, strict=False))
            raise ConservationError(len(expected), same)


def _growth(patch: Patch) -> int:
    return len(patch.content) - (patch.end - patch.start)


def _read(path: Path, records: Iterable[Record]) -> Iterator[tuple[int, bytes]]:
    """Row and bytes of each record."""
    with path.open("rb") as file:
        for record in records:
            file.seek(record.start)
            yield record.row, file.read(record.end - record.start)


def copied(target: Path, patches: Sequence[Patch], expected: str, staged: StagedFile) -> str:
    """Copy a file with some byte ranges replaced; the hash of what was written.

    Raises:
        HoldingChangedError: what was read is not the file expected.
    """
    read, at = hashlib.sha256(), 0
    left = iter([*patches, None])
    patch = next(left)
    with target.open("rb", buffering=0) as file, ThreadPoolExecutor(1) as beside:
        while piece := file.read(COPY_BYTES):
            hashed = beside.submit(read.update, piece)
            view, upto = memoryview(piece), at + len(piece)
            while patch is not None and patch.start < upto:
                if patch.start >= at:
                    staged.write(view[: patch.start - at])
                    staged.write(patch.content)
                view, at = view[min(patch.end, upto) - at :], min(patch.end, upto)
                if patch.end > upto:
                    break
                patch = next(left)
            staged.write(view)
            at = upto
            hashed.result()
    if patch is not None:  # a cell at the very end, behind the last delimiter
        staged.write(patch.content)
    staged.close()
    if read.hexdigest() != expected:
        raise HoldingChangedError(target.name)
    return staged.sha256


def lines(source: DelimitedSource, rows: Sequence[int]) -> list[int]:
    """The physical line, from 1, on which each row begins, as an editor counts them.

    Raises:
        ConservationError: a row number does not exist.
    """
    wanted = _in_order(rows)
    starts: list[int] = []
    for part in source.row_ranges(_LOOKED_AT_BYTES):
        starts += part.starts[_within(part, wanted)].tolist()
        if len(starts) == len(wanted):
            break
    if len(starts) != len(wanted):
        raise ConservationError(len(wanted), len(starts))
    numbers = _lines_at(source, np.array(starts, np.int64))
    told = dict(zip(wanted.tolist(), numbers.tolist(), strict=True))
    return [told[row] for row in rows]


def _lines_at(source: DelimitedSource, starts: Positions) -> Positions:
    eol, unit = (CR if source.eol == "\r" else LF), source.codec.unit
    numbers, before, at = np.zeros(len(starts), np.int64), 0, source.bom
    with source.path.open("rb") as file:
        file.seek(at)
        while len(starts) and at <= starts[-1] and (piece := file.read(_COUNTED_BYTES)):
            flat = np.frombuffer(source.codec.flat(piece) if unit > 1 else piece, np.uint8)
            ends = np.flatnonzero(flat == eol) * unit + at
            here = (starts >= at) & (starts < at + len(piece))
            numbers[here] = np.searchsorted(ends, starts[here]) + before
            before, at = before + len(ends), at + len(piece)
    return numbers + 1
