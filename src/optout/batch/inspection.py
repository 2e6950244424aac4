"""A list → how it is understood: the file, its header line, every column, and what nobody could tell.

Cells of the first block are counted, never shown; a header line that may be somebody's row is not shown either.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from optout.batch import cells, headers, likeness
from optout.batch.columns import ColumnMapping, recognise, shown
from optout.batch.delimited import DelimitedSource
from optout.batch.heading import Columns
from optout.batch.reader import open_batch
from optout.batch.source import ParquetSource, Source
from optout.batch.special_care import sensitive
from optout.batch.workbook import WorkbookSource
from optout.errors import AmbiguousColumnError, HeaderMissingError, InputError, MissingColumnError
from optout.schema import SELF

_BLOCK: Final = 4 << 20
ASKED: Final = "(asked)"
UNMAPPED: Final = "(unmapped)"


@dataclass(frozen=True, slots=True)
class Counted:
    """One column.

    Attributes:
        position: Place from 0.
        header: As written; "column 3 (position 2)" where it may not be shown or there is none.
        field: A field of header_field.tsv, `(unmapped)`, `(ignored)` or `(asked)`.
        role: Whose it is.
        filled, distinct: Cells of the rows looked at.
        alike: How many look like the field; null where any text may stand.
        guess: For a column without a field, what its cells look like; null for nothing.
    """

    position: int
    header: str
    field: str
    role: str
    filled: int = 0
    distinct: int = 0
    alike: int | None = None
    guess: str | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is understood of a list.

    Attributes:
        name: Of the file.
        kind: `text`, `workbook`, `parquet` or `frame`.
        encoding, delimiter, eol, sheet: Of a text file or workbook; null otherwise.
        header_line: Number, from 1, of the last line of the header; null where there is no such line.
        remarks: What was decided while opening it.
        rows: How many rows were looked at.
        columns: One line a column and field, in order.
        decisions: What was decided by values or neighbours.
        unmapped, identity_like, sensitive: Headers.
        suggestion: `field=position` pairs for a list whose headers tell nothing; to be confirmed.
        question: The error that keeps the list from being screened; null when it can be.
    """

    name: str
    kind: str
    encoding: str | None
    delimiter: str | None
    eol: str | None
    sheet: str | None
    header_line: int | None
    remarks: tuple[str, ...]
    rows: int
    columns: tuple[Counted, ...]
    decisions: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    identity_like: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    suggestion: tuple[str, ...] = ()
    question: InputError | None = None


def inspect(
    path: Path,
    columns: Columns = None,
    ignore: Collection[str | int] = (),
    encoding: str | None = None,
    sheet: str | None = None,
) -> Inspection:
    """Look at the first rows of a file.

    Args:
        path: A .csv, .tsv, .txt, .xlsx or .parquet file.
        columns, ignore: As for `recognise`.
        encoding, sheet: As for `open_batch`.

    Returns:
        What is known; `question` holds the error a screen would raise, if columns or the header cannot be told.

    Raises:
        InputError: the file itself cannot be read, or `columns` names what does not exist.
    """
    try:
        source = open_batch(path, encoding, columns, sheet)
    except HeaderMissingError as error:
        source = open_batch(path, encoding, {"name": 0}, sheet)
        return _unclear(source, _sample(source), error)
    sample = _sample(source)
    try:
        mapping = recognise(source.headers, columns, ignore, sample)
    except (AmbiguousColumnError, MissingColumnError, HeaderMissingError) as error:
        return _unclear(source, sample, error)
    return _understood(source, sample, mapping)


def _sample(source: Source) -> pl.DataFrame:
    """The first rows, as many as a screen lets tell; the rest of a big file is not read."""
    block = next(source.blocks(_BLOCK), None)
    rows = pl.DataFrame(schema=dict.fromkeys(source.columns, pl.String)) if block is None else block.frame
    return rows.head(cells.LOOKED_AT)


def _understood(source: Source, sample: pl.DataFrame, mapping: ColumnMapping) -> Inspection:
    fields = [(column.position, column.field or UNMAPPED, column.role) for column in mapping.columns]
    fields += [(place, "(ignored)", SELF) for place in mapping.ignored]
    lines = [_counted(source, sample, *line) for line in sorted(fields)]
    return replace(
        _opened(source, sample, lines),
        decisions=mapping.decisions,
        unmapped=tuple(column.header for column in lines if column.field == UNMAPPED),
        identity_like=tuple(mapping.identity_like(sample)),
    )


def _unclear(source: Source, sample: pl.DataFrame, question: InputError) -> Inspection:
    """What the headers alone say, and what is asked."""
    asked = set(question.headers) if isinstance(question, AmbiguousColumnError) else set()
    lines = []
    for place, (header, said) in enumerate(zip(source.headers, shown(source.headers), strict=True)):
        reading = headers.read(header)
        field = reading.field.removeprefix("second_") if reading else ""
        field = ASKED if header in asked or said in asked else field or UNMAPPED
        lines.append(_counted(source, sample, place, field, reading.role if reading else SELF))
    return replace(
        _opened(source, sample, lines),
        remarks=() if isinstance(question, HeaderMissingError) else source.remarks,
        unmapped=tuple(column.header for column in lines if column.field == UNMAPPED),
        suggestion=() if asked else tuple(likeness.suggestion(sample)),
        question=question,
    )


def _counted(source: Source, sample: pl.DataFrame, place: int, field: str, role: str) -> Counted:
    values = cells.text(sample.to_series(place))
    loose = field in {UNMAPPED, ASKED}
    return Counted(
        place,
        shown(source.headers)[place],
        field,
        role,
        len(values) - values.null_count(),
        values.drop_nulls().n_unique(),
        likeness.alike(values, field),
        likeness.guess(values) if loose else None,
    )


def _opened(source: Source, sample: pl.DataFrame, lines: list[Counted]) -> Inspection:
    kinds: dict[type, str] = {DelimitedSource: "text", WorkbookSource: "workbook", ParquetSource: "parquet"}
    return Inspection(
        source.name,
        kinds.get(type(source), "frame"),
        source.encoding,
        source.delimiter,
        source.eol,
        source.sheet,
        _header_line(source),
        source.remarks,
        sample.height,
        tuple(lines),
        sensitive=tuple(sensitive(source.headers)),
    )


def _header_line(source: Source) -> int | None:
    if isinstance(source, WorkbookSource):
        return source.layout.first - 1 or None
    if isinstance(source, DelimitedSource):
        header = source.header_bytes()[source.bom :]
        return source.codec.flat(header).count((source.eol or "\n")[-1:].encode()) or None
    return None
