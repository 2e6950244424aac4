"""The rule tables: one TSV file a kind of rule, UTF-8, no quoting, order = precedence, no empty cell.

Every row names its source, an example and a near miss (`leaves_alone`) it must not touch, so a table can be
tested row by row. `(none)` stands for a cell that has no value; `(blank)` for one ordinary space.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Final

import polars as pl

from optout.errors import TableError

NONE: Final = "(none)"
BLANK: Final = "(blank)"
# Too large for lines of text; its licence stands beside it, its source in the tool that builds it.
READING: Final = "reading.parquet"


def names() -> list[str]:
    """Every packaged table, sorted by name."""
    folder = resources.files(__name__)
    return sorted(
        entry.name.removesuffix(".tsv") for entry in folder.iterdir() if entry.name.endswith(".tsv")
    )


@cache
def load(name: str) -> pl.DataFrame:
    """One rule table as a frame of String columns, in file order, `(none)` as null.

    Raises:
        TableError: the table is missing, has no rows, a ragged line or an empty cell.
    """
    try:
        content = resources.files(__name__).joinpath(f"{name}.tsv").read_bytes()
    except FileNotFoundError as missing:
        raise TableError(name, "is missing") from missing
    try:
        frame = pl.read_csv(content, separator="\t", quote_char=None, infer_schema=False)
    except pl.exceptions.PolarsError as ragged:
        raise TableError(name, "has ragged lines") from ragged
    if frame.is_empty():
        raise TableError(name, "has no rows")
    empty = frame.select(pl.any_horizontal(pl.all().fill_null("") == "")).to_series().arg_true()
    if len(empty):
        raise TableError(name, f"has empty cells, lines {[line + 2 for line in empty.head(5)]}")
    return frame.with_columns(pl.all().replace({NONE: None, BLANK: " "}))


def mapping(name: str, written: str = "written", canonical: str = "canonical") -> dict[str, str]:
    """The two columns of a table that say what becomes what; a null canonical is the empty string."""
    frame = load(name)
    return dict(zip(frame[written], frame[canonical].fill_null(""), strict=True))


@cache
def readings() -> pl.DataFrame:
    """The readings names and parts of names may have; made by tools/build_readings.py from ENAMDICT (CC BY-SA).

    Returns:
        Frame of `name`, `reading` (K1) String and Boolean, no nulls: `family`, `given` (of what it is a reading),
        `part` (one kanji inside a name, not a whole name), `usual` (of a given name: one bearer in ten).

    Raises:
        TableError: the file is missing or damaged.
    """
    try:
        return pl.read_parquet(resources.files(__name__).joinpath(READING).read_bytes())
    except FileNotFoundError as missing:
        raise TableError("reading", "is missing") from missing
    except pl.exceptions.PolarsError as damaged:
        raise TableError("reading", "is damaged") from damaged


@cache
def digest() -> str:
    """SHA-256 (hex) over the names and bytes of all tables: what the key scheme and every result name."""
    sha = hashlib.sha256()
    folder = resources.files(__name__)
    for file in (*(f"{name}.tsv" for name in names()), READING):
        sha.update(file.removesuffix(".tsv").encode() + b"\0" + folder.joinpath(file).read_bytes() + b"\0")
    return sha.hexdigest()
