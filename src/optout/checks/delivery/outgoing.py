"""The bytes that go out: the file as it came, or with cells blanked, decoys planted and another encoding.

Without any of these it is a copy, byte for byte; with them, a row that is not concerned keeps its very bytes, unless
another encoding is asked for. A character the encoding lacks is an error, never a `?`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout.batch import Block, Source
from optout.batch.codec import Codec, canonical, codec_of, mark_of
from optout.batch.columns import ColumnMapping
from optout.batch.delimited import DelimitedSource
from optout.errors import DeliveryRefused, OptionError, UnencodableError
from optout.holdings.cells import Patch, Record, patched
from optout.schema import SELF

Blanks = Mapping[int, Sequence[int]]  # row → positions of columns

_ROWS_NAMED: Final = 10
_BLOCK: Final = 1 << 20
# What a decoy has one text for and a list several columns: the first that is there takes all of it.
_WHOLE: Final = {
    "address": ("address", "address_1", "addr_rest", "town"),
    "phone": ("phone", "phone_home", "mobile", "phone_work"),
    "postal": ("postal",),
    "email": ("email",),
}
_AS_BESIDE: Final = frozenset({"honorific", "gender", "source", "acquired_on", "entity_kind"})


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """A list as it shall go out.

    Attributes:
        name: Of the file.
        blanks: Cells to blank.
        decoys: Row number as it goes out → cells; in order.
        encoding: Other than the list's own; None = as it is.
        content: The bytes, where they are not those of the file.
        encoded: The encoding of what goes out; None where that is no text.
    """

    name: str
    blanks: Blanks = field(default_factory=dict)
    decoys: Mapping[int, Sequence[str]] = field(default_factory=dict)
    encoding: str | None = None
    content: bytes | None = None
    encoded: str | None = None

    def pieces(self, path: Path) -> Iterator[bytes]:
        """What is written."""
        if self.content is not None:
            yield self.content
            return
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block

    def row_of(self, rows: pl.Series) -> pl.Series:
        """Numbers of rows as they came → as they go out, past the decoys before them."""
        before = pl.Series([place - at for at, place in enumerate(sorted(self.decoys))], dtype=pl.Int64)
        return (
            rows.cast(pl.Int64) + before.search_sorted(rows.cast(pl.Int64), side="right").cast(pl.Int64)
        ).cast(pl.UInt32)


def prepared(
    source: Source, blanks: Blanks, decoys: Mapping[int, Sequence[str]], encoding: str | None
) -> Outgoing:
    """Make what goes out of a list that was found clean.

    Args:
        source: The list.
        blanks: Row → positions of cells to blank.
        decoys: Row number as it goes out → a cell for each column.
        encoding: One of `codec.ENCODINGS`; None = as it is.

    Raises:
        UnencodableError: the encoding lacks characters of some rows.
        DeliveryRefused: the file changed while it was screened.
    """
    wanted = canonical(encoding) if encoding else None
    other = wanted if wanted != source.encoding else None
    if not (blanks or decoys or other):
        return Outgoing(source.name, encoded=source.encoding)
    if isinstance(source, DelimitedSource):
        content = _text(source, blanks, decoys, other)
        return Outgoing(source.name, blanks, decoys, other, content, other or source.encoding)
    final = wanted or "utf-8-sig"
    name = f"{Path(source.name).stem}.csv"
    return Outgoing(name, blanks, decoys, final, _table(source, blanks, decoys, final), final)


def decoy_rows(planted: pl.DataFrame, mapping: ColumnMapping, frame: pl.DataFrame) -> dict[int, list[str]]:
    """Decoys (`register.decoy.SCHEMA`) as rows of a list; they look like the rows around them.

    What the list has no column for is left out. What tells nothing of a person (敬称, 性別, データ年月) is as in the
    row beside it, and the list's own number is one nobody in it has.
    """
    fields = {column.field for column in mapping.columns if column.role == SELF}
    marked = set(planted.filter("marked")["field"])
    if not any(fields & {*_WHOLE.get(name, ()), name} for name in marked):
        raise OptionError("decoys", ("a template whose {n} stands in a column this list has",))
    found: dict[int, list[str]] = {}
    numbers = {c.position: _taken(frame, c.position) for c in mapping.columns if c.field == "record_id"}
    for before, part in enumerate(planted.partition_by("row", maintain_order=True)):
        place = int(part["row"][0])
        beside = frame.row(min(place - before, frame.height - 1))
        cells = dict(part.select("field", "value").iter_rows())
        found[place] = _row(_parted(cells), mapping, beside)
        for position, taken in numbers.items():
            found[place][position] = _number(taken, int(part["number"][0]))
    return found


def _parted(cells: Mapping[str, str]) -> dict[str, str]:
    """With the parts of names, where a blank tells them."""
    told = dict(cells)
    for whole in ("name", "kana"):
        family, blank, given = told.get(whole, "").replace("　", " ").partition(" ")
        if blank:
            told |= {f"{whole}_family": family, f"{whole}_given": given}
    return told


def _row(cells: Mapping[str, str], mapping: ColumnMapping, beside: Sequence[Any]) -> list[str]:
    row, used = [""] * len(mapping.headers), set[str]()
    fields = {column.field for column in mapping.columns if column.role == SELF}
    first = {
        next((name for name in places if name in fields), whole): cells[whole]
        for whole, places in _WHOLE.items()
        if whole in cells
    }
    known = {**cells, **first}
    for column in mapping.columns:
        if column.role == SELF and column.field in known and column.field not in used:
            row[column.position] = known[column.field]
            used.add(column.field)
        elif column.field in _AS_BESIDE:
            row[column.position] = str(beside[column.position] or "")
    return row


def _taken(frame: pl.DataFrame, position: int) -> set[int]:
    numbers = frame.to_series(position).str.strip_chars().cast(pl.Int64, strict=False)
    return set(numbers.drop_nulls().to_list())


def _number(taken: set[int], seed: int) -> str:
    """A number between those of the list that none of its rows has, and now taken; blank where they are no numbers."""
    if not taken:
        return ""
    at = min(taken) + seed % (len(taken) + 1)
    while at in taken:
        at += 1
    taken.add(at)
    return str(at)


def _text(
    source: DelimitedSource, blanks: Blanks, decoys: Mapping[int, Sequence[str]], other: str | None
) -> bytes:
    raw, block = source.path.read_bytes(), source.whole
    if not source.unchanged():
        raise DeliveryRefused(["the file changed while it was screened; deliver it again"])
    content = _spliced(
        raw, [*_blanked(source, block, raw, blanks), *_planted(source, block, len(raw), decoys, raw)]
    )
    if other is None:
        return content
    text = source.codec.decode(content[len(mark_of(source.encoding)) if _marked(content, source) else 0 :])
    try:
        return mark_of(other) + codec_of(other).encode(text)
    except UnicodeEncodeError:
        raise _lacking(block.frame, codec_of(other), other) from None


def _marked(content: bytes, source: DelimitedSource) -> bool:
    mark = mark_of(source.encoding)
    return bool(mark) and content.startswith(mark)


def _blanked(source: DelimitedSource, block: Block, raw: bytes, blanks: Blanks) -> Iterator[Patch]:
    for row, columns in sorted(blanks.items()):
        start, end = int(block.starts[row]), int(block.ends[row])
        yield from patched(source, Record(row, start, end), raw[start:end], dict.fromkeys(columns))


def _planted(
    source: DelimitedSource, block: Block, size: int, decoys: Mapping[int, Sequence[str]], raw: bytes
) -> Iterator[Patch]:
    eol = source.eol or "\n"
    for before, (place, cells) in enumerate(sorted(decoys.items())):
        row = place - before
        at = int(block.starts[row]) if row < block.frame.height else size
        line = _line(cells, source.delimiter or ",", eol)
        if at == size and not raw.endswith(source.codec.encode(eol)):
            line = eol + line.removesuffix(eol)
        try:
            yield Patch(at, at, source.codec.encode(line))
        except UnicodeEncodeError:
            raise UnencodableError(str(source.encoding), 1, ()) from None


def _spliced(raw: bytes, patches: list[Patch]) -> bytes:
    view, at, parts = memoryview(raw), 0, list[bytes | memoryview]()
    # A row that is planted stands before what is changed in the next one.
    for patch in sorted(patches, key=lambda each: (each.start, each.end)):
        parts += [view[at : patch.start], patch.content]
        at = patch.end
    return b"".join([*parts, view[at:]])


def _table(source: Source, blanks: Blanks, decoys: Mapping[int, Sequence[str]], encoding: str) -> bytes:
    """Rows of a workbook or Parquet file as CSV."""
    rows = [list(row) for row in source.frame.fill_null("").iter_rows()] if blanks or decoys else None
    frame = source.frame
    if rows is not None:
        for row, columns in blanks.items():
            for column in columns:
                rows[row][column] = ""
        for place, cells in sorted(decoys.items()):
            rows.insert(place, list(cells))
        frame = pl.DataFrame(rows, schema=dict.fromkeys(source.columns, pl.String), orient="row")
    if frame.width > 1:  # a blank cell is nothing between two delimiters
        frame = frame.with_columns(pl.all().replace("", None))
    eol = source.eol or "\r\n"
    text = _line(source.headers, ",", eol) + frame.write_csv(include_header=False, line_terminator=eol)
    try:
        return mark_of(encoding) + codec_of(encoding).encode(text)
    except UnicodeEncodeError:
        raise _lacking(frame, codec_of(encoding), encoding) from None


def _line(cells: Sequence[str], delimiter: str, eol: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator=eol).writerow(cells)
    return line.getvalue()


def _lacking(frame: pl.DataFrame, codec: Codec, encoding: str) -> UnencodableError:
    """Which rows hold characters an encoding lacks."""
    signs = frame.select(pl.concat_str(pl.all().fill_null("")).str.split("").explode().unique()).to_series()
    lacking = [sign for sign in signs if sign and not _encodes(sign, codec)]
    rows = frame.select(pl.any_horizontal(pl.all().str.contains_any(lacking))).to_series().fill_null(False)
    named = rows.arg_true()
    return UnencodableError(encoding, len(named), tuple(named.head(_ROWS_NAMED).to_list()))


def _encodes(sign: str, codec: Codec) -> bool:
    try:
        codec.encode(sign)
    except UnicodeEncodeError:
        return False
    return True
