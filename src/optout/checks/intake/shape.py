"""Rows as they may be kept: without columns that are not wanted, cells of special care blanked, damage undone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import polars as pl

from optout.batch import Block, Source, headers, spelling
from optout.batch.columns import ColumnMapping
from optout.batch.heading import Columns, HeaderOrPlace
from optout.batch.repair import repaired
from optout.batch.source import BLOCK_BYTES
from optout.batch.special_care import cells_of_care
from optout.errors import UnknownColumnError


class Shaped(Source):
    """A source whose blocks are other than the file's; read like any other, and written as the file was.

    Args:
        source: The list.
        mapping: What its columns are.
        gone: Columns (of `source.columns`) to leave out.
        blank_care: Blank the cells of special care.
        repair: Undo what a spreadsheet did, where nothing was lost.
    """

    def __init__(
        self, source: Source, mapping: ColumnMapping, gone: Collection[str], blank_care: bool, repair: bool
    ) -> None:
        self._source, self._mapping = source, mapping
        self._gone, self._blank, self._repair = list(gone), blank_care, repair
        kept = [place for place, name in enumerate(source.columns) if name not in set(gone)]
        super().__init__(source.name, [source.headers[place] for place in kept])
        self.path, self.sha256 = source.path, source.sha256
        self.delimiter, self.eol = source.delimiter, source.eol
        self.repaired: dict[str, int] = {}

    @property
    def is_as_the_file(self) -> bool:
        """Whether nothing is changed, so that the very bytes can be copied."""
        return not (self._gone or self._blank or self._repair)

    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """The blocks of the list, each as it may be kept."""
        return map(self.shaped, self._source.blocks(target_bytes))

    def shaped(self, block: Block) -> Block:
        """One block as it may be kept."""
        if self.is_as_the_file:
            return block
        rows = block.frame if block.original is None else block.original
        if self._repair:
            fixed, counted = repaired(block.frame, self._mapping)
            rows = rows.with_columns(fixed[header] for header in _changed(block.frame, fixed))
            for header, n in counted.items():
                self.repaired[header] = self.repaired.get(header, 0) + n
        if self._blank:
            rows = self._blanked(block, rows)
        rows = rows.drop(self._gone)
        if self.delimiter is not None and rows.width > 1:
            # A blank cell of a text file is nothing between two delimiters; a line of nothing would be no record.
            rows = rows.with_columns(pl.col(pl.String).replace("", None))
        return replace(block, frame=rows, original=rows)

    def _blanked(self, block: Block, rows: pl.DataFrame) -> pl.DataFrame:
        names = block.frame.columns
        number = pl.int_range(block.first_row, block.first_row + rows.height, dtype=pl.UInt32)
        caring = {
            names[found.place]: found.rows
            for found in cells_of_care(block.frame, self._mapping, block.first_row)
        }
        return rows.with_columns(
            pl.when(~number.is_in(at.implode())).then(pl.col(name)).alias(name) for name, at in caring.items()
        )


def columns_left(
    columns: Columns, source: Source, gone: Collection[str]
) -> dict[str, list[str | int]] | None:
    """What was told of the columns of a list, as it holds of the rows that are written: places move, dropped ones go.

    Args:
        columns: Field → header(s) or place(s).
        source: The list.
        gone: Columns (of `source.columns`) that are not written.
    """
    names = source.columns
    left = [place for place, name in enumerate(names) if name not in set(gone)]
    moved = {place: number for number, place in enumerate(left)}
    headers_left = {spelling.fold(source.headers[place]) for place in left}
    found: dict[str, list[str | int]] = {}
    for told, which in (columns or {}).items():
        each = [which] if isinstance(which, str | int) else list(which)
        places = [_place(one, source.headers) for one in each]
        kept = [
            one if place is None else moved[place]
            for one, place in zip(each, places, strict=True)
            if (spelling.fold(str(one)) in headers_left if place is None else place in moved)
        ]
        found |= {told: kept} if kept else {}
    return found or None


def _place(which: str | int, written: Sequence[str]) -> int | None:
    """The place that is meant, where it is no header."""
    if isinstance(which, int):
        return which
    return which.place if isinstance(which, HeaderOrPlace) and which not in written else None


def _changed(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    return [name for name in before.columns if not before[name].equals(after[name])]


def outside(source: Source, mapping: ColumnMapping, allowed: Collection[str] | None) -> list[str]:
    """The columns (of `source.columns`) that are not on an allow-list.

    Args:
        source: The list.
        mapping: What its columns are.
        allowed: Headers, fields (`name_family`) or what fields are of (`name`, `phone`); None allows everything.

    Raises:
        UnknownColumnError: none of the list's columns is called so, nor is any field.
    """
    if allowed is None:
        return []
    known = {*source.headers, *headers.slots(), *(slot for slot in headers.slots().values() if slot)}
    if unknown := [one for one in allowed if one not in known]:
        raise UnknownColumnError(unknown, source.headers)
    wanted = set(allowed)
    fields: dict[int, set[str]] = {}
    for column in mapping.columns:
        told = {column.field, headers.slots().get(column.field, "")} - {""}
        fields.setdefault(column.position, set()).update(told)
    return [
        name
        for place, (name, header) in enumerate(zip(source.columns, source.headers, strict=True))
        if not wanted & {header, *fields.get(place, set())}
    ]
