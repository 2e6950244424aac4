"""A frame → CSV or Parquet, whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import polars as pl

from optout.batch import write_atomically
from optout.errors import OptionError, UnencodableError

# Source: OWASP, CSV Injection: = + - @, tab, carriage return and line feed, and the full-width forms that a
# spreadsheet with a Japanese keyboard takes for the same.
_FORMULA: Final = r"^[=+\-@\t\r\n＝＋－＠]"


def inert(text: pl.Expr) -> pl.Expr:
    """A cell that a spreadsheet would run as a formula, with an apostrophe before it. For cells we make only.

    Args:
        text: String column, nulls allowed.

    Returns:
        String column, elementwise; every other cell as it was.

    Examples:
        >>> pl.select(inert(pl.lit("=1+1"))).item(), pl.select(inert(pl.lit("1-2-3"))).item()
        ("'=1+1", '1-2-3')
    """
    return pl.when(~text.str.contains(_FORMULA)).then(text).otherwise(pl.lit("'") + text)


def csv_of(frame: pl.DataFrame) -> str:
    """Comma-separated lines with a header; lists joined by a semicolon; no newline at the end; no cell is a formula."""
    joined = frame.select(
        pl.col(name).cast(pl.List(pl.String)).list.join(";") if isinstance(dtype, pl.List) else pl.col(name)
        for name, dtype in frame.schema.items()
    )
    return joined.with_columns(inert(pl.col(pl.String))).write_csv().rstrip("\n")


def encoded_csv(frame: pl.DataFrame, encoding: str) -> bytes:
    """The same as bytes, lines ended as spreadsheets on Windows end them.

    Args:
        frame: What to write.
        encoding: utf-8-sig or cp932.

    Raises:
        UnencodableError: rows hold characters the encoding lacks.
    """
    lines = csv_of(frame).split("\n")
    try:
        return "".join(f"{line}\r\n" for line in lines).encode(encoding)
    except UnicodeEncodeError as lacking:
        bad = [
            number for number, line in enumerate(lines, -1) if not _fits(line, encoding)
        ]  # 0 = under the header
        raise UnencodableError(encoding, len(bad), bad[:5]) from lacking


def _fits(line: str, encoding: str) -> bool:
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def write_table(frame: pl.DataFrame, out: Path) -> None:
    """Write a .csv (UTF-8 with a mark, so that Excel reads it) or .parquet file.

    Raises:
        OptionError: another kind of file.
        WriteFailedError: the disk is full, or fails.
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
