"""A Parquet file that another program than polars wrote → the same without some rows and with other cells, by pyarrow.

polars would write what it makes of the schema: columns that may not be null might, a time in microseconds would be one
in nanoseconds, and what pandas keeps beside the columns would be lost. pyarrow writes the schema it read; the new file
is refused unless its schema is the old one, down to how each column is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from optout.batch.records import Positions
from optout.errors import CellRefusedError, UnreadableFileError

_INSTALL: Final = "Install optout[parquet] (pyarrow), and run the same plan again."
_AGAIN: Final = "Write it again with polars or pandas, and make a new plan."
_SCHEMA: Final = b"ARROW:schema"


class NewCells(NamedTuple):
    """New values of a column: numbers of the rows, and as many values; null for blank."""

    rows: Positions
    values: pl.Series


def require_arrow(name: str) -> None:
    """Raise UnreadableFileError unless pyarrow is there."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        why = "was written by another program than polars, and only pyarrow can keep its schema"
        raise UnreadableFileError(name, why, _INSTALL) from None


def require_blankable(name: str, path: Path, cells: Mapping[str, NewCells]) -> None:
    """Raise CellRefusedError when a column that may not be null should be blank."""
    from pyarrow import parquet

    schema = parquet.read_schema(path)
    bare = [
        column
        for column, new in cells.items()
        if new.values.null_count() and not schema.field(column).nullable
    ]
    if bare:
        why = "may not be null in this file, so that they cannot be blank"
        raise CellRefusedError(name, bare, why, "Put a text there, or erase the row.")


def write(old: Path, new: Path, gone: Positions, cells: Mapping[str, NewCells]) -> None:
    """Write the new file, row group by row group.

    Args:
        old: The file.
        new: Where to; it is overwritten.
        gone: Numbers of the rows that go, ascending.
        cells: Column → new values, rows ascending.
    """
    from pyarrow import parquet

    source = parquet.ParquetFile(old)
    with parquet.ParquetWriter(new, source.schema_arrow, **_as_before(source)) as writer:
        for first, table in _groups(source):
            height = table.num_rows
            for column, values in cells.items():
                table = _changed(table, column, first, values)
            kept = ~np.isin(np.arange(first, first + height), gone)
            if kept.any():
                table = table if kept.all() else table.filter(kept)
                writer.write_table(table, row_group_size=max(1, table.num_rows))


def require_same_schema(name: str, old: Path, new: Path, same: bool) -> None:
    """Raise UnreadableFileError unless columns are declared and stored as they were, with all that is kept beside.

    Args:
        name: Of the file, for errors.
        old, new: The files.
        same: Whether polars finds the same types in both.
    """
    from pyarrow import parquet

    before, after = parquet.ParquetFile(old), parquet.ParquetFile(new)
    same = (
        same
        and before.schema.equals(after.schema)
        and before.schema_arrow.equals(after.schema_arrow, check_metadata=True)
        and _beside(before) == _beside(after)
    )
    if not same:
        raise UnreadableFileError(name, "has a schema that cannot be written again as it is", _AGAIN)


def _groups(source: Any) -> Iterator[tuple[int, Any]]:
    """Number of the first row, and rows, of each group."""
    first = 0
    for group in range(source.num_row_groups):
        table = source.read_row_group(group)
        yield first, table
        first += table.num_rows


def _as_before(source: Any) -> dict[str, Any]:
    """How the columns were packed and stored."""
    groups = [source.metadata.row_group(n) for n in range(source.num_row_groups)]
    columns = [groups[0].column(n) for n in range(source.metadata.num_columns)] if groups else []
    dictionaries = [
        one.path_in_schema for one in columns if any("DICTIONARY" in each for each in one.encodings)
    ]
    integers = {"INT32", "INT64"}
    decimals = [
        column.physical_type
        for column in (source.schema.column(n) for n in range(len(source.schema)))
        if column.logical_type.type == "DECIMAL"
    ]
    return {
        "compression": {
            one.path_in_schema: one.compression.lower().replace("uncompressed", "none") for one in columns
        },
        "use_dictionary": dictionaries or False,
        "write_statistics": [one.path_in_schema for one in columns if one.is_stats_set] or False,
        "version": source.metadata.format_version,
        "store_schema": _SCHEMA in (source.metadata.metadata or {}),
        "use_deprecated_int96_timestamps": any(one.physical_type == "INT96" for one in columns),
        "store_decimal_as_integer": bool(decimals) and set(decimals) <= integers,
    }


def _changed(table: Any, name: str, first: int, new: NewCells) -> Any:
    """Rows of a group with new values in one column."""
    import pyarrow as pa
    from pyarrow import compute

    low, high = np.searchsorted(new.rows, (first, first + table.num_rows))
    if low == high:
        return table
    place, field = table.schema.get_field_index(name), table.schema.field(name)
    plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    mask = np.zeros(table.num_rows, bool)
    mask[new.rows[low:high] - first] = True
    values = pa.array(new.values[int(low) : int(high)].to_list(), type=plain)
    column = compute.replace_with_mask(table.column(name).cast(plain), mask, values)
    return table.set_column(
        place, field, column.dictionary_encode().cast(field.type) if plain != field.type else column
    )


def _beside(source: Any) -> dict[bytes, bytes]:
    """What is kept beside the columns, but for pyarrow's own note of the schema."""
    return {key: text for key, text in (source.metadata.metadata or {}).items() if key != _SCHEMA}
