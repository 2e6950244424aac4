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
# Too large for lines of text; where they come from, and their checksums, stand in SOURCES.tsv.
READING: Final = "reading.parquet"
PLACE_NAME: Final = "place_name.parquet"
PARQUET: Final = (READING, "town.parquet", "postal.parquet", PLACE_NAME)
# Tells of the tables that come from outside; it is no table of rules itself.
SOURCES: Final = "SOURCES"
# What the office asks, writes and keeps: no key, level or verdict depends on any of these.
OFFICE: Final = (
    *("breach_item", "case_", "external_list", "filed_item", "filing_item", "gaiji", "header_property"),
    *("provision_item", "receipt_item", "recipient_field", "record_retention", "report_words"),
    *("source_category", "special_care_value"),
)


def names() -> list[str]:
    """Every packaged table of rules, sorted by name."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted({name.removesuffix(".tsv") for name in files if name.endswith(".tsv")} - {SOURCES})


def content(file: str) -> bytes:
    """The bytes of a packaged file.

    Raises:
        TableError: the file is missing.
    """
    try:
        return resources.files(__name__).joinpath(file).read_bytes()
    except FileNotFoundError as missing:
        raise TableError(file.removesuffix(".tsv").removesuffix(".parquet"), "is missing") from missing


@cache
def load(name: str) -> pl.DataFrame:
    """One rule table as a frame of String columns, in file order, `(none)` as null.

    Raises:
        TableError: the table is missing, has no rows, a ragged line or an empty cell.
    """
    text = content(f"{name}.tsv")
    try:
        frame = pl.read_csv(text, separator="\t", quote_char=None, infer_schema=False)
    except pl.exceptions.PolarsError as ragged:
        raise TableError(name, "has ragged lines") from ragged
    if frame.is_empty():
        raise TableError(name, "has no rows")
    # Dozens of tables are read by every process, so no more is asked of the engine than a table needs.
    if any(column.null_count() for column in frame):
        empty = frame.select(pl.any_horizontal(pl.all().is_null())).to_series().arg_true()
        raise TableError(name, f"has empty cells, lines {[line + 2 for line in empty.head(5)]}")
    if BLANK.encode() in text:
        frame = frame.with_columns(pl.all().replace(BLANK, " "))
    return frame.select_seq(pl.when(pl.all() != NONE).then(pl.all())) if NONE.encode() in text else frame


def mapping(name: str, written: str = "written", canonical: str = "canonical") -> dict[str, str]:
    """The two columns of a table that say what becomes what; a null canonical is the empty string."""
    frame = load(name)
    return dict(zip(frame[written], frame[canonical].fill_null(""), strict=True))


@cache
def large(file: str) -> pl.DataFrame:
    """One of the PARQUET tables.

    Raises:
        TableError: the file is missing or damaged.
    """
    try:
        return pl.read_parquet(content(file))
    except pl.exceptions.PolarsError as damaged:
        raise TableError(file.removesuffix(".parquet"), "is damaged") from damaged


@cache
def readings() -> pl.DataFrame:
    """The readings names and parts of names may have; made by tools/build_readings.py from ENAMDICT (CC BY-SA).

    Returns:
        Frame of `name`, `reading` (K1) String and Boolean, no nulls: `family`, `given` (of what it is a reading),
        `part` (one kanji inside a name, not a whole name), `usual` (of a given name: one bearer in ten).

    Raises:
        TableError: the file is missing or damaged.
    """
    return large(READING)


@cache
def digest() -> str:
    """SHA-256 (hex) over the names and bytes of all tables: what every result and certificate names."""
    return _digest(names())


@cache
def matching_digest() -> str:
    """SHA-256 (hex) over the tables that keys, levels and verdicts depend on: what the key scheme names."""
    return _digest([name for name in names() if not name.startswith(OFFICE)])


def _digest(of: list[str]) -> str:
    sha = hashlib.sha256()
    for file in (*(f"{name}.tsv" for name in of), *PARQUET):
        sha.update(file.removesuffix(".tsv").encode() + b"\0" + content(file) + b"\0")
    return sha.hexdigest()
