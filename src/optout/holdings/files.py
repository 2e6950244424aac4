"""Erase rows from a list that is held as a file: the old file or the new one, at every moment, never a torn
one.

The order of steps is the protocol (each but the sweep of stray files was shown to be needed): hash as
planned → temporary file, owner only, same folder → forced to disk → verified by reading it again,
screened again by the caller → source unchanged → renamed → folder forced to disk. CSV is copied by byte
ranges, so every byte that stays is the byte that was; Parquet keeps its metadata, codec and row-group
size.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from optout.batch import encoding as encodings
from optout.batch.delimited import DelimitedSource, runs
from optout.batch.heading import Columns
from optout.batch.reader import open_batch
from optout.batch.records import Positions
from optout.batch.source import ParquetSource, Source
from optout.batch.staged import StagedFile, sweep, sync_folder
from optout.errors import ConservationError, EmptyBatchError, HoldingChangedError, UnreadableFileError
from optout.holdings.parquet import layout

_COPY_BYTES: Final = 2 << 20  # stays in the cache between being read, hashed twice and written
_ROW: Final = "\0row"  # no header can be this: NUL never passes the reader
_OWN_METADATA: Final = "ARROW:schema"


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
    """Replace a CSV or Parquet file by itself without some rows.

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
        UnreadableFileError: it has further names (hard links), under which the rows would live on.
        ConservationError: a row number does not exist, or the new file does not add up.
    """
    target = _target(path)
    gone = np.array(sorted(set(rows)), np.int64)
    if encodings.sha256(target) != expected_sha256:
        raise HoldingChangedError(path.name)
    source = open_batch(target, encoding, columns)
    if isinstance(source, DelimitedSource):
        found = locate(source, gone)
        return erase_ranges(path, found.ranges, expected_sha256, found.checked(verify, source))
    if isinstance(source, ParquetSource):
        return _replaced(
            target, expected_sha256, len(gone), lambda new: _parquet_without(source, gone, new), verify
        )
    raise UnreadableFileError(
        source.name, "is of a kind rows cannot be erased from", "Give a CSV or Parquet file."
    )


def erasable(source: Source) -> bool:
    """Whether `erase_rows` can take rows out of such a file: text and Parquet, not yet workbooks."""
    return isinstance(source, DelimitedSource | ParquetSource)


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
    target = _target(path)
    n_rows = sum(rows for _, _, rows in ranges)
    return _replaced(
        target,
        expected_sha256,
        n_rows,
        lambda new: _copied_without(target, ranges, expected_sha256, new),
        verify,
    )


def _replaced(
    target: Path,
    expected_sha256: str,
    n_rows: int,
    write: Callable[[StagedFile], str],
    verify: Callable[[Path], None],
) -> Erased:
    """The protocol, whatever writes the new file."""
    sweep(target)
    staged = StagedFile(target)
    try:
        after = write(staged)
        verify(staged.temp)
        with ThreadPoolExecutor(1) as beside:
            source = beside.submit(encodings.sha256, target)
            if encodings.sha256(staged.temp) != after or source.result() != expected_sha256:
                raise HoldingChangedError(target.name)
        _keep_owner(target, staged.temp)
        staged.place(stat.S_IMODE(target.stat().st_mode))
    finally:
        staged.discard()
    sync_folder(target.parent)
    return Erased(n_rows, expected_sha256, after)


def _target(path: Path) -> Path:
    try:
        target = path.resolve(strict=True)
        links = target.stat().st_nlink
    except FileNotFoundError:
        raise UnreadableFileError(path.name, "does not exist", "Check the path.") from None
    if links > 1:
        why = f"has {links} names (hard links); erasing under one would leave the rows under the others"
        raise UnreadableFileError(path.name, why, "Leave one name and make a new plan.")
    return target


@dataclass(frozen=True, slots=True)
class Located:
    """Where rows of a text file lie.

    Attributes:
        ranges: Start, end and number of rows of every range, in order.
        records: Records in the file, parsed or not.
        regular: No record has quotes that are not RFC 4180, so that none is read otherwise without its neighbour.
    """

    ranges: list[tuple[int, int, int]]
    records: int
    regular: bool

    def checked(self, verify: Callable[[Path], None], source: DelimitedSource) -> Callable[[Path], None]:
        """`verify`, and before it a count of the new file's records where that is not certain."""
        left = self.records - sum(rows for _, _, rows in self.ranges)

        def verified(new: Path) -> None:
            if not self.regular:
                _require_records(new, source.encoding, left)
            verify(new)

        return verified


def locate(source: DelimitedSource, rows: Collection[int] | Positions) -> Located:
    """Where some parsed rows lie in a text file.

    Raises:
        ConservationError: a row number does not exist.
    """
    gone = np.array(sorted(set(rows)), np.int64) if not isinstance(rows, np.ndarray) else rows
    ranges: list[tuple[int, int, int]] = []
    records, regular = 0, True
    for part in source.row_ranges():
        records += part.records
        regular = regular and part.regular
        low, high = np.searchsorted(gone, (part.first_row, part.first_row + len(part.starts)))
        erased = np.zeros(len(part.starts), bool)
        erased[gone[low:high] - part.first_row] = True
        ranges += [
            (int(part.starts[first]), int(part.ends[last]), last - first + 1)
            for first, last in runs(erased, part.starts, part.ends)
        ]
    found = sum(rows for _, _, rows in ranges)
    if found != len(gone):
        raise ConservationError(len(gone), found)
    return Located(ranges, records, regular)


def _copied_without(
    target: Path, ranges: Sequence[tuple[int, int, int]], expected_sha256: str, staged: StagedFile
) -> str:
    """Copy a file but for some ranges; the hash of what was written."""
    read, at = hashlib.sha256(), 0
    left = iter([*((start, end) for start, end, _ in ranges), (None, None)])
    start, end = next(left)
    with target.open("rb", buffering=0) as file, ThreadPoolExecutor(1) as beside:
        while piece := file.read(_COPY_BYTES):
            hashed = beside.submit(read.update, piece)
            view, upto = memoryview(piece), at + len(piece)
            while start is not None and end is not None and start < upto:
                staged.write(view[: max(0, start - at)])
                view, at = view[min(end, upto) - at :], min(end, upto)
                if end > upto:
                    break
                start, end = next(left)
            staged.write(view)
            at = upto
            hashed.result()
    staged.close()
    if read.hexdigest() != expected_sha256:
        raise HoldingChangedError(target.name)
    return staged.sha256


def _require_records(written: Path, encoding: str, expected: int) -> None:
    """The new file, read again, holds as many records as should be left."""
    try:
        new = open_batch(written, encoding)
        counted = sum(part.records for part in new.row_ranges()) if isinstance(new, DelimitedSource) else -1
    except EmptyBatchError:
        counted = 0
    if counted != expected:
        raise ConservationError(expected, counted)


def _parquet_without(source: ParquetSource, gone: Positions, staged: StagedFile) -> str:
    if len(gone) and (gone[0] < 0 or gone[-1] >= source.height):
        raise ConservationError(len(gone), int(((gone >= 0) & (gone < source.height)).sum()))
    path, was = source.path, layout(source.path)
    if was is None:
        raise UnreadableFileError(
            source.name, "has an unknown Parquet layout", "Write it again from its source."
        )
    metadata = pl.read_parquet_metadata(path)
    kept = pl.scan_parquet(path, glob=False).with_row_index(_ROW)
    kept = kept.filter(~pl.col(_ROW).is_in(pl.Series(gone, dtype=pl.UInt32).implode())).drop(_ROW)
    with staged.lent():
        kept.sink_parquet(
            staged.temp,
            compression=was.codec,
            row_group_size=was.row_group_rows,
            metadata={key: value for key, value in metadata.items() if key != _OWN_METADATA},
        )
    staged.close()
    _require_equal(source, gone, staged.temp)
    return encodings.sha256(staged.temp)


def _require_equal(source: ParquetSource, gone: Positions, written: Path) -> None:
    """The new file, read again, holds exactly the other rows."""
    new, at = pl.scan_parquet(written, glob=False), 0
    for block in source.blocks():
        old = block.original
        if old is None:
            continue
        keep = ~np.isin(np.arange(block.first_row, block.first_row + old.height), gone)
        old = old.filter(pl.Series(keep))
        if not new.slice(at, old.height).collect().equals(old):
            raise ConservationError(source.height - len(gone), at)
        at += old.height
    counted = new.select(pl.len()).collect().item()
    if counted != at:
        raise ConservationError(at, counted)


def _keep_owner(old: Path, new: Path) -> None:
    """A file rewritten by an administrator still belongs to whom it belonged."""
    if hasattr(os, "chown"):
        owner = old.stat()
        with suppress(PermissionError):
            os.chown(new, owner.st_uid, owner.st_gid)
