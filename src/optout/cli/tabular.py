"""A frame → CSV or Parquet, whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from optout.batch import write_atomically
from optout.errors import OptionError


def csv_of(frame: pl.DataFrame) -> str:
    """Comma-separated lines with a header; lists joined by a semicolon; no newline at the end."""
    joined = [
        pl.col(name).list.join(";") if isinstance(dtype, pl.List) else pl.col(name)
        for name, dtype in frame.schema.items()
    ]
    return frame.select(joined).write_csv().rstrip("\n")


def write_table(frame: pl.DataFrame, out: Path) -> None:
    """Write a .csv (UTF-8 with a mark, so that Excel reads it) or .parquet file.

    Raises:
        OptionError: another kind of file.
    """
    suffix = out.suffix.lower()
    if suffix == ".csv":
        write_atomically(out, f"{csv_of(frame)}\n".encode("utf-8-sig"))
    elif suffix == ".parquet":
        page = io.BytesIO()
        frame.write_parquet(page)
        write_atomically(out, page.getvalue())
    else:
        raise OptionError("--out", ("a name that ends in .csv", "a name that ends in .parquet"))
