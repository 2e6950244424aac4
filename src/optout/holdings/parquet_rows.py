"""A Parquet file that is held: rows and cells go, everything else of it stays.

Values, order, dtypes, metadata, codec and size of row groups are those of the old file; the new one is compared with
it block by block before it counts. Written in a stream: memory is that of some row groups.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from optout.batch import encoding as encodings
from optout.batch.source import ParquetSource, Source
from optout.batch.staged import StagedFile
from optout.errors import CellRefusedError, ConservationError, UnreadableFileError
from optout.holdings import parquet_arrow
from optout.holdings.held import Edits, NoRows, require_columns, require_rows
from optout.holdings.parquet import Layout, layout
from optout.holdings.parquet_arrow import NewCells

_ROW: Final = "\0row"  # no header can be this: NUL never passes the reader
PARQUET_SIGN: Final = b"PAR1"
_POLARS: Final = "Polars"
_OWN_METADATA: Final = "ARROW:schema"
_TRUTHS: Final = {"true": True, "false": False}


class ParquetChange:
    """Edits of a Parquet file, checked and ready to be written.

    Args:
        source: The file as it was read.
        edits: What to change.

    Raises:
        ConservationError: a row does not exist.
        UnknownColumnError: a column does not exist.
        CellRefusedError: a column is of a kind that cannot hold the new text.
        UnreadableFileError: the layout of the file is not known.
    """

    def __init__(self, source: ParquetSource, edits: Edits) -> None:
        self._source, self._gone, cells = source, edits.gone, edits.cells
        require_columns(cells, source.columns)
        require_rows([*self._gone.tolist(), *cells], source.height)
        self._layout = require_writer(source.path)
        self._dtypes = pl.read_parquet_schema(source.path)
        self._new = {
            name: _new_cells(source.name, name, self._dtypes[name], rows)
            for name, rows in _by_column(cells, source.columns).items()
        }
        self._by_polars = self._layout.writer.startswith(_POLARS)
        if not self._by_polars:
            parquet_arrow.require_blankable(source.name, source.path, self._new)

    def write(self, expected: str) -> Callable[[StagedFile], str]:
        """What fills the new file; it returns the hash of it."""
        del expected  # the protocol hashes the old file again after this
        return self._write

    def _write(self, staged: StagedFile) -> str:
        path = self._source.path
        with staged.lent():
            if self._by_polars:
                self._sink(path, staged.temp)
            else:
                parquet_arrow.write(path, staged.temp, self._gone, self._new)
        staged.close()
        return encodings.sha256(staged.temp)

    def _sink(self, path: Path, new: Path) -> None:
        metadata = pl.read_parquet_metadata(path)
        edited = self._edited(pl.scan_parquet(path, glob=False).with_row_index(_ROW))
        edited.sink_parquet(
            new,
            compression=self._layout.codec,
            row_group_size=self._layout.row_group_rows,
            metadata={key: value for key, value in metadata.items() if key != _OWN_METADATA},
        )

    def reopened(self, new: Path) -> Source:
        """The new file, found to hold exactly the other rows, and the new cells.

        Raises:
            ConservationError: it does not.
        """
        left = self._source.height - len(self._gone)
        same = pl.read_parquet_schema(new) == self._dtypes
        if not self._by_polars:
            parquet_arrow.require_same_schema(self._source.name, self._source.path, new, same)
        elif not same:
            raise ConservationError(len(self._dtypes), len(pl.read_parquet_schema(new)))
        self._require_equal(new, left)
        if not left:
            return NoRows(self._source)
        source = ParquetSource(new)
        source.name = self._source.name
        return source

    def _edited(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Rows numbered in `_ROW`, without those that go and with the new cells."""
        gone = pl.Series(self._gone, dtype=pl.UInt32)
        kept = rows.filter(~pl.col(_ROW).is_in(gone.implode())) if len(gone) else rows
        return kept.with_columns(_column(name, new) for name, new in self._new.items()).drop(_ROW)

    def _require_equal(self, new: Path, left: int) -> None:
        written, at = pl.scan_parquet(new, glob=False), 0
        for block in self._source.blocks():
            if block.original is None:
                continue
            numbers = pl.Series(
                _ROW, np.arange(block.first_row, block.first_row + block.original.height), dtype=pl.UInt32
            )
            old = self._edited(block.original.lazy().with_columns(numbers)).collect()
            if not written.slice(at, old.height).collect().equals(old):
                raise ConservationError(left, at)
            at += old.height
        counted = written.select(pl.len()).collect().item()
        if counted != at or at != left:
            raise ConservationError(left, counted)


def require_writer(path: Path) -> Layout:
    """How a file is laid out.

    Raises:
        UnreadableFileError: it is not known, or what is needed to write it anew is not installed.
    """
    found = layout(path)
    if found is None:
        raise UnreadableFileError(
            path.name, "has an unknown Parquet layout", "Write it again from its source."
        )
    if not found.writer.startswith(_POLARS):
        parquet_arrow.require_arrow(path.name)
    return found


def _by_column(
    cells: dict[int, dict[int, str | None]], columns: list[str]
) -> dict[str, dict[int, str | None]]:
    found: dict[str, dict[int, str | None]] = {}
    for row, of_row in cells.items():
        for column, text in of_row.items():
            found.setdefault(columns[column], {})[row] = text
    return found


def _new_cells(holding: str, name: str, dtype: pl.DataType, rows: dict[int, str | None]) -> NewCells:
    """The rows of a column that hold other values, ascending; null for blank."""
    texts = pl.Series(list(rows.values()), dtype=pl.String)
    return NewCells(np.array(list(rows), np.int64), _typed(holding, name, dtype, texts))


def _column(name: str, new: NewCells) -> pl.Expr:
    """A column in which some rows hold other values."""
    numbers, dtype = pl.Series(new.rows, dtype=pl.UInt32), new.values.dtype
    put = pl.col(_ROW).replace_strict(numbers, new.values, default=None, return_dtype=dtype)
    return pl.when(pl.col(_ROW).is_in(numbers.implode())).then(put).otherwise(pl.col(name)).alias(name)


def _typed(holding: str, name: str, dtype: pl.DataType, texts: pl.Series) -> pl.Series:
    """Texts as values of a column's own kind."""
    try:
        if dtype == pl.Boolean:
            return texts.str.to_lowercase().replace_strict(_TRUTHS, return_dtype=pl.Boolean)
        if dtype == pl.Date:
            return texts.str.to_date("%Y-%m-%d")
        if isinstance(dtype, pl.Datetime):
            return texts.str.to_datetime(time_unit=dtype.time_unit, time_zone=dtype.time_zone).cast(dtype)
        return texts.cast(dtype)
    except pl.exceptions.PolarsError:
        # The message of polars may quote the text.
        why = f"are of the type {dtype}, which the new text is not"
        raise CellRefusedError(holding, (name,), why, "Give a text of that type.") from None
