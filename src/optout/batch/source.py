"""Where rows come from: blocks of text columns, with what is needed to write the same bytes out again.

Every column is String. A blank cell of a text file is "" (null and blank mean the same downstream); a
null of a frame stays null. `parsed + quarantined = records` is checked for every block.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from polars import selectors as cs

from optout import schema
from optout.batch import encoding
from optout.batch.records import Positions
from optout.errors import ConservationError, EmptyBatchError, UnreadableFileError

# Four times as much for the text and the frame made of it, and the same again for the next stage.
# What a block costs beyond its rows (patterns made ready, tables joined) is some two seconds, as much as a third of a
# million rows: fewer and larger blocks. Memory for one is some 1.3 GB, however long the list.
BLOCK_BYTES: Final = 96 << 20
# Small enough that the allocator reuses its pages: a third less CPU than one 140 MB read.
READ_BYTES: Final = 16 << 20
_TRIED_ROWS: Final = 4096
# A last block smaller than this part of the others is shared out among them.
_SMALL: Final = 0.25
_NOWHERE: Final = np.empty(0, np.int64)
_EXACT_INTEGER: Final = 2.0**53


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Block:
    """Some consecutive records of a batch.

    Attributes:
        frame: The parsed rows, String columns, named uniquely (`Source.columns`).
        first_row: Number of the first of them (0-based over parsed rows).
        starts, ends: Byte range of each parsed row, line end included; empty when there are no bytes.
        quarantined: schema.QUARANTINE_SCHEMA, one line per record that was not parsed.
        bad_starts, bad_ends: Their byte ranges.
        original: The rows with their own dtypes, for a source that is no text file.
    """

    frame: pl.DataFrame
    first_row: int
    starts: Positions = field(default_factory=_NOWHERE.copy)
    ends: Positions = field(default_factory=_NOWHERE.copy)
    quarantined: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=schema.QUARANTINE_SCHEMA))
    bad_starts: Positions = field(default_factory=_NOWHERE.copy)
    bad_ends: Positions = field(default_factory=_NOWHERE.copy)
    original: pl.DataFrame | None = None

    def __repr__(self) -> str:
        return f"Block(first_row={self.first_row}, rows={self.frame.height}, records={self.records})"

    @property
    def records(self) -> int:
        """Records accounted for: parsed and quarantined."""
        return self.frame.height + self.quarantined.height

    @property
    def end(self) -> int:
        """Offset behind the last record, read or not; 0 when there are no bytes."""
        return max(int(ends[-1]) if len(ends) else 0 for ends in (self.ends, self.bad_ends))


class Source(ABC):
    """A batch that can be read whole (`frame`) or in blocks of bounded memory (`blocks`).

    Attributes:
        name: File name without folder, or what kind of frame it is.
        path: The file; null for a frame.
        headers: Header texts as written, duplicates and blanks included.
        columns: The same, made unique: the column names of `frame`.
        encoding, delimiter, eol: Of a text file; null otherwise.
        sheet: Name of the sheet of a workbook; null otherwise.
        unread: Other sheets of the same file that hold something: nobody in them was looked for.
        remarks: What was decided while opening it, in words: titles passed over, sheets not read. No personal data.
    """

    path: Path | None = None
    encoding: str | None = None
    delimiter: str | None = None
    eol: str | None = None
    sheet: str | None = None
    unread: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __init__(self, name: str, headers: list[str]) -> None:
        self.name, self.headers, self.columns = name, headers, unique(headers)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, columns={len(self.columns)})"

    @abstractmethod
    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """The rows in order, about `target_bytes` at a time.

        Raises:
            ConservationError: parsed and quarantined rows do not add up to the records there are.
        """

    @cached_property
    def sha256(self) -> str | None:
        """Hash (hex) of the file: of the bytes its rows were read from, once they were; null for a frame."""
        return None if self.path is None else encoding.sha256(self.path)

    def unchanged(self) -> bool:
        """Whether the file still has the bytes its rows were read from (it is read again to know)."""
        try:
            return self.path is None or encoding.sha256(self.path) == self.sha256
        except OSError:
            return False

    @cached_property
    def whole(self) -> Block:
        """All blocks as one."""
        return joined(list(self.blocks(READ_BYTES)), self.columns)

    @property
    def frame(self) -> pl.DataFrame:
        """All parsed rows: String columns, input order."""
        return self.whole.frame

    @property
    def original(self) -> pl.DataFrame:
        """All parsed rows as they were handed in, with their own dtypes."""
        return self.whole.frame if self.whole.original is None else self.whole.original

    @property
    def quarantined(self) -> pl.DataFrame:
        """schema.QUARANTINE_SCHEMA: the records that could not be parsed."""
        return self.whole.quarantined

    @property
    def records(self) -> int:
        """Records in the batch, parsed or not."""
        return self.whole.records


class FrameSource(Source):
    """A frame that somebody else has read."""

    def __init__(self, name: str, original: pl.DataFrame) -> None:
        super().__init__(name, original.columns)
        if not original.height:
            raise EmptyBatchError(name, "has no rows")
        self._original = original
        self._text = as_text(original, name)

    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Slices of the frame."""
        height = self._text.height
        rows = evenly(height, rows_per_block(self._text.estimated_size(), height, target_bytes))
        for first, part in enumerate(self._text.iter_slices(rows)):
            yield Block(part, first * rows, original=self._original.slice(first * rows, rows))


class ParquetSource(Source):
    """A Parquet file, read in slices of rows."""

    path: Path

    def __init__(self, path: Path) -> None:
        self.path = path
        self._scan = pl.scan_parquet(path, glob=False)
        try:
            dtypes = self._scan.collect_schema()
            self.height: int = self._scan.select(pl.len()).collect().item()
        except (pl.exceptions.PolarsError, OSError):
            raise _broken_parquet(path.name) from None
        super().__init__(path.name, dtypes.names())
        if not self.height:
            raise EmptyBatchError(path.name, "has no rows")
        as_text(pl.DataFrame(schema=dtypes), path.name)
        self.sha256 = encoding.sha256(path)

    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Slices of rows; a slice reads only the row groups it touches, the first ones twice to know their size."""
        part, done = self._slice(0, min(self.height, _TRIED_ROWS)), 0
        least = part.height
        while done < self.height:
            rows = max(least, rows_per_block(part.estimated_size(), part.height, target_bytes))
            part = self._slice(done, min(evenly(self.height - done, rows), self.height - done))
            yield Block(as_text(part, self.name), done, original=part)
            done, least = done + part.height, 1

    def _slice(self, first: int, rows: int) -> pl.DataFrame:
        try:
            part = self._scan.slice(first, rows).collect()
        except (pl.exceptions.PolarsError, OSError):
            raise _broken_parquet(self.name) from None
        if part.height != rows:
            raise ConservationError(self.height, first + part.height)
        return part


def _broken_parquet(name: str) -> UnreadableFileError:
    return UnreadableFileError(name, "is not a readable Parquet file", "Write it again from its source.")


def rows_per_block(size: float, rows: int, target_bytes: int) -> int:
    """Rows that make about `target_bytes`, at least one."""
    return max(1, int(rows * target_bytes / max(size, 1)))


def evenly(total: int, most: int) -> int:
    """How much to take at once, about `most`, so that no small rest stays behind: a block costs beyond its rows.

    Examples:
        >>> evenly(120, 100), evenly(130, 100), evenly(1_000, 100), evenly(0, 100)
        (120, 65, 100, 100)
    """
    return -(-total // max(1, math.ceil(total / most - _SMALL))) or most


def joined(blocks: list[Block], columns: list[str]) -> Block:
    """Consecutive blocks as one; without blocks, one of no rows."""
    if not blocks:
        return Block(pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), 0)
    if len(blocks) == 1:
        return blocks[0]
    originals = [block.original for block in blocks if block.original is not None]
    return Block(
        pl.concat([block.frame for block in blocks]),
        blocks[0].first_row,
        np.concatenate([block.starts for block in blocks]),
        np.concatenate([block.ends for block in blocks]),
        pl.concat([block.quarantined for block in blocks]),
        np.concatenate([block.bad_starts for block in blocks]),
        np.concatenate([block.bad_ends for block in blocks]),
        pl.concat(originals) if originals else None,
    )


def gathered(
    pieces: Iterator[Block], columns: list[str], start: int, end: int, wanted: int, little: int
) -> Iterator[Block]:
    """Consecutive pieces of a file as blocks of about `wanted` bytes; none is held here once it was given.

    Args:
        pieces: All blocks of bytes `start` to `end`.
        columns: Their columns.
        start, end: Where the first may begin, where the last may end.
        wanted: Bytes of a block.
        little: So many bytes more or less are not worth a block of their own.
    """
    parts: list[Block] = []
    for piece in pieces:
        parts.append(piece)
        upto = piece.end
        del piece
        if upto - start >= wanted - little and end - upto > little:
            block, parts, start = [joined(parts, columns)], [], upto
            yield block.pop()
    if parts:
        block, parts = [joined(parts, columns)], []
        yield block.pop()


def unique(headers: list[str]) -> list[str]:
    """Column names that differ: the second 電話番号 becomes 電話番号#2.

    Examples:
        >>> unique(["氏名", "電話", "電話", "電話#2", ""])
        ['氏名', '電話', '電話#3', '電話#2', '']
    """
    taken, names = set(headers), []
    seen: set[str] = set()
    for header in headers:
        name, number = header, 1
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{header}#{number}"
        seen.add(name)
        names.append(name)
    return names


def as_text(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Every column as String: whole floats without ".0", midnights as dates. Nulls stay.

    Raises:
        UnreadableFileError: a column holds lists, structs or other things that are no cell of a table.
    """
    nested = frame.select(cs.nested() | cs.object()).columns
    if nested:
        raise UnreadableFileError(name, f"columns {', '.join(nested)} hold no text", "Flatten or drop them.")
    return frame.with_columns(
        cs.float().map_batches(_float_text, return_dtype=pl.String),
        cs.datetime().map_batches(_datetime_text, return_dtype=pl.String),
        (~(cs.float() | cs.datetime() | cs.string())).cast(pl.String, strict=False),
    )


def _float_text(numbers: pl.Series) -> pl.Series:
    """pandas turns a column of telephone numbers with a gap into floats: 9012345678.0 → 9012345678."""
    whole = (numbers == numbers.floor()) & (numbers.abs() < _EXACT_INTEGER)
    digits = numbers.cast(pl.Int64, strict=False).cast(pl.String)
    return digits.zip_with(whole.fill_null(False), numbers.cast(pl.String))


def _datetime_text(moments: pl.Series) -> pl.Series:
    midnight = moments.dt.time() == time()
    return moments.dt.date().cast(pl.String).zip_with(midnight.fill_null(False), moments.cast(pl.String))
