"""Erase rows from a list that is held as a file: the old file or the new one, at every moment, never a torn
one.

The order of steps is the protocol (each but the sweep of stray files was shown to be needed): hash as
planned → temporary file, owner only, same folder → forced to disk → verified by reading it again,
screened again by the caller → source unchanged → renamed → folder forced to disk. CSV is copied by byte
ranges, so every byte that stays is the byte that was; Parquet keeps its metadata, codec and row-group
size.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from optout.batch import encoding as encodings
from optout.batch.delimited import DelimitedSource, runs
from optout.batch.reader import open_batch
from optout.batch.records import Positions
from optout.batch.source import ParquetSource, Source
from optout.batch.staged import StagedFile, sweep, sync_folder
from optout.errors import ConservationError, EmptyBatchError, HoldingChangedError, UnreadableFileError
from optout.holdings.parquet import layout

_COPY_BYTES: Final = 16 << 20
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
) -> Erased:
    """Replace a CSV or Parquet file by itself without some rows.

    Args:
        path: The file; a symbolic link is followed, the link stays.
        rows: Numbers of parsed rows (0-based), as a screen of these very bytes gave them.
        expected_sha256: Hash (hex) of the file the numbers are about.
        verify: Called with the path of the new file before it takes its place; raises to stop everything.
        encoding: As it was given when the rows were numbered.

    Returns:
        Counts and hashes. Lines that could not be parsed stay as they are.

    Raises:
        HoldingChangedError: the file is not the one expected, or changed meanwhile; it was left alone.
        HoldingLockedError: it is open in another program; it was left alone.
        UnreadableFileError: it has further names (hard links), under which the rows would live on.
        ConservationError: a row number does not exist, or the new file does not add up.
    """
    target = _target(path)
    sweep(target)
    if encodings.sha256(target) != expected_sha256:
        raise HoldingChangedError(path.name)
    source = open_batch(target, encoding)
    gone = np.array(sorted(set(rows)), np.int64)
    staged = StagedFile(target)
    try:
        after = _write_without(source, gone, staged)
        verify(staged.temp)
        if encodings.sha256(staged.temp) != after or not source.unchanged() or _target(path) != target:
            raise HoldingChangedError(path.name)
        _keep_owner(target, staged.temp)
        staged.place(stat.S_IMODE(target.stat().st_mode))
    finally:
        staged.discard()
    sync_folder(target.parent)
    return Erased(len(gone), expected_sha256, after)


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


def _write_without(source: Source, gone: Positions, staged: StagedFile) -> str:
    """Write and verify the new file; its hash."""
    if isinstance(source, DelimitedSource):
        return _csv_without(source, gone, staged)
    if isinstance(source, ParquetSource):
        return _parquet_without(source, gone, staged)
    raise UnreadableFileError(
        source.name, "is of a kind rows cannot be erased from", "Give a CSV or Parquet file."
    )


def _csv_without(source: DelimitedSource, gone: Positions, staged: StagedFile) -> str:
    records, at = 0, 0
    with source.path.open("rb") as file:
        for start, end, so_far in _erased_ranges(source, gone):
            records = so_far
            for begin in range(at, start, _COPY_BYTES):
                file.seek(begin)
                staged.write(file.read(min(_COPY_BYTES, start - begin)))
            at = end
    staged.close()
    written = staged.sha256
    if encodings.sha256(staged.temp) != written:
        raise ConservationError(staged.size, staged.temp.stat().st_size)
    _require_records(staged.temp, source.encoding, records - len(gone))
    return written


def _erased_ranges(source: DelimitedSource, gone: Positions) -> Iterator[tuple[int, int, int]]:
    """Byte ranges to leave out, with the records counted so far; at the end an empty one behind the file."""
    found, records = 0, 0
    for part in source.row_ranges():
        records += part.records
        low, high = np.searchsorted(gone, (part.first_row, part.first_row + len(part.starts)))
        erased = np.zeros(len(part.starts), bool)
        erased[gone[low:high] - part.first_row] = True
        found += int(high - low)
        for first, last in runs(erased, part.starts, part.ends):
            yield int(part.starts[first]), int(part.ends[last]), records
    if found != len(gone):
        raise ConservationError(len(gone), found)
    size = source.path.stat().st_size
    yield size, size, records


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
