"""The columns of a downloaded file → the ones we know, or an error that says what was seen and never a value."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.atlas.file import Part
from optout.errors import TableFileError

_SHOWN: Final = 12
NEXT_STEP: Final = "Give the file as it was downloaded, not as a spreadsheet saved it."


def folded(header: str) -> str:
    """A header without width, case, blanks and the middle dots that each release writes another way."""
    plain = unicodedata.normalize("NFKC", header).casefold()
    return "".join(char for char in plain if not char.isspace() and char not in "・･_-\ufeff")


def first_line(part: Part) -> list[str]:
    """The cells of the first line."""
    line = part.text[: 1 << 16].decode("utf-8", "ignore")
    return next(csv.reader(io.StringIO(line, newline="")), [])


def chosen(
    part: Part, wanted: Mapping[str, tuple[str, ...]], optional: tuple[str, ...], expected: str
) -> pl.DataFrame:
    """The wanted columns of a file with a header, under our names.

    Args:
        part: The file.
        wanted: Our name → how the header is written in the releases known.
        optional: Our names that may be missing; they are null then.
        expected: What the file should be, for the error.

    Returns:
        Frame of String columns, stripped, blank as null.

    Raises:
        TableFileError: a column is missing, or the lines are not of one length.
    """
    header = first_line(part)
    places = {folded(cell): number for number, cell in reversed(list(enumerate(header)))}
    found = {
        name: next((places[folded(told)] for told in written if folded(told) in places), None)
        for name, written in wanted.items()
    }
    missing = [wanted[name][0] for name, at in found.items() if at is None and name not in optional]
    if missing:
        raise refused(part, expected, f"it has no column {', '.join(missing)}", header, wanted)
    frame = parsed(part, header, expected, skip=1)
    columns = [
        (pl.lit(None, pl.String) if at is None else _told(f"c{at}")).alias(name) for name, at in found.items()
    ]
    return frame.select(columns)


def parsed(part: Part, header: list[str], expected: str, skip: int = 0) -> pl.DataFrame:
    """All lines as String columns c0, c1, …; TableFileError when they are not of one length."""
    schema = {f"c{number}": pl.String for number in range(len(header))}
    try:
        frame = pl.read_csv(
            part.text,
            has_header=False,
            skip_rows=skip,
            schema=schema,
            infer_schema=False,
            extra_columns="raise",
            missing_columns="raise",
        )
        ragged = _ends_short(part.text, len(header))
    except pl.exceptions.PolarsError:
        ragged = True
    if ragged:
        # From here, and without its cause: the parser's message may quote a cell.
        raise refused(part, expected, "its lines are not of one length", header)
    if frame.is_empty():
        raise refused(part, expected, "it has no rows", header)
    return frame


def _ends_short(text: bytes, width: int) -> bool:
    """Whether the file was cut off in its last line, which the parser fills up with nulls."""
    last = text.rstrip(b"\r\n").rpartition(b"\n")[2].decode()
    inside_a_cell = last.count('"') % 2 == 1
    return not inside_a_cell and len(next(csv.reader([last]), [])) < width


def refused(
    part: Part,
    expected: str,
    why: str,
    header: list[str],
    wanted: Mapping[str, tuple[str, ...]] | None = None,
) -> TableFileError:
    """The error of a file that is something else. Only headers we know are told: the first line may be a person."""
    ours = {folded(told) for written in (wanted or {}).values() for told in written}
    known = [cell.strip() for cell in header if folded(cell) in ours | _headers()]
    others = f"{len(header) - len(known)} others"
    seen = f"{', '.join(known[:_SHOWN])} and {others}" if known else f"{others}, none known"
    return TableFileError(part.name, f"is not {expected}: {why} (columns seen: {seen})", NEXT_STEP)


@cache
def _headers() -> frozenset[str]:
    return frozenset(folded(header) for header in tables.load("header_alias")["written"])


def _told(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text)
