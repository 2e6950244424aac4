"""A path or a frame → a `Source`: what kind it is, and a clear error when it is none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

from optout.batch.delimited import DelimitedSource
from optout.batch.heading import Columns
from optout.batch.source import FrameSource, ParquetSource, Source
from optout.batch.workbook import WORKBOOK_SIGN, WorkbookSource
from optout.batch.workbook_guard import ole_kind
from optout.errors import InputError, UnreadableFileError

Batch: TypeAlias = str | os.PathLike[str] | pl.DataFrame | pl.LazyFrame

_OLE_SIGN: Final = b"\xd0\xcf\x11\xe0"
_PARQUET_SIGN: Final = b"PAR1"
_PARQUET_SUFFIXES: Final = (".parquet", ".pq")


def open_batch(
    batch: Batch, encoding: str | None = None, columns: Columns = None, sheet: str | None = None
) -> Source:
    """Open a list for reading.

    Args:
        batch: Path of a CSV, TSV, TXT, XLSX or Parquet file, or a frame. A LazyFrame is collected.
        encoding: Of a text file, when the trial should be overridden: one of `encoding.ENCODINGS`.
        columns: As for `recognise`: headers named here help to find the header line; all by position (numbers)
            means that the file may have no header line.
        sheet: Name of the sheet of a workbook; needed when several look like lists.

    Returns:
        A source; text files have been read once (encoding, hash), rows are read on demand.

    Raises:
        UnreadableFileError: missing, a folder, binary, of an unknown kind or encoding.
        EmptyBatchError: no header or no rows.
        OptionError: an encoding optout does not know.

    Examples:
        >>> open_batch(pl.DataFrame({"氏名": ["見本 一郎"], "番号": [7]})).frame.row(0)
        ('見本 一郎', '7')
    """
    if isinstance(batch, pl.LazyFrame):
        return FrameSource("LazyFrame", batch.collect())
    if isinstance(batch, pl.DataFrame):
        return FrameSource("DataFrame", batch)
    if not isinstance(batch, str | os.PathLike):
        why = "is neither a path nor a polars frame"
        raise UnreadableFileError(type(batch).__name__, why, "Give a path, DataFrame or LazyFrame.")
    path = Path(batch)
    try:
        return _open_file(path, encoding, columns, sheet)
    except InputError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from None


def _open_file(path: Path, encoding: str | None, columns: Columns, sheet: str | None) -> Source:
    if path.is_dir():
        raise UnreadableFileError(path.name, "is a folder", "Give one file.")
    with path.open("rb") as file:
        sign = file.read(len(_PARQUET_SIGN))
    if sign == _PARQUET_SIGN:
        return ParquetSource(path)
    if sign == WORKBOOK_SIGN:
        return WorkbookSource(path, sheet, columns)
    if sign == _OLE_SIGN:
        raise UnreadableFileError(path.name, *ole_kind(path))
    if path.suffix.lower() in _PARQUET_SUFFIXES and sign:
        raise UnreadableFileError(path.name, "is not a Parquet file", "Give a CSV, TSV or Parquet file.")
    return DelimitedSource(path, encoding, columns)


def _unreadable(path: Path, error: OSError) -> UnreadableFileError:
    if isinstance(error, FileNotFoundError):
        return UnreadableFileError(path.name, "does not exist", "Check the path.")
    if isinstance(error, PermissionError):
        return UnreadableFileError(path.name, "may not be read", "Close it elsewhere or change its rights.")
    return UnreadableFileError(path.name, f"cannot be read ({error.strerror})", "Check the disk and path.")
