"""One record of a text file and the cells that change in it → the byte ranges to be replaced, and by what.

A cell is found as the reader finds it (RFC 4180, and what the csv module makes of quotes that are not), in the flat
bytes in which a delimiter is nothing else; so CP932, UTF-16 and ISO-2022-JP are safe. Nothing beside the cell changes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from optout.batch.delimited import DelimitedSource
from optout.errors import ConservationError, UnencodableError

_LINE_ENDS: Final = "\r\n"


class Patch(NamedTuple):
    """Bytes `start` to `end` give way to `content`."""

    start: int
    end: int
    content: bytes


class Record(NamedTuple):
    """A parsed row of a text file and where it lies."""

    row: int
    start: int
    end: int


def patched(
    source: DelimitedSource, record: Record, raw: bytes, new: Mapping[int, str | None]
) -> list[Patch]:
    """What to replace in a record.

    Args:
        source: The file.
        record: Where the record lies.
        raw: Its bytes.
        new: Column → text; null blanks the cell.

    Raises:
        ConservationError: the record has other cells than the file has columns.
        UnencodableError: the encoding of the file lacks a character.
    """
    spans = _spans(source, raw)
    if len(spans) != len(source.columns):
        raise ConservationError(len(source.columns), len(spans))
    unit = source.codec.unit
    patches = []
    for column, text in sorted(new.items()):
        start, end = (place * unit for place in spans[column])
        quoted = source.codec.decode(raw[start:end]).startswith('"')
        content = _written(text or "", quoted or len(spans) == 1, source.delimiter)
        patches.append(Patch(record.start + start, record.start + end, _encoded(source, content, record.row)))
    return patches


def texts(source: DelimitedSource, raw: bytes) -> list[str]:
    """The cells of a record, as the csv module reads them."""
    line = source.codec.decode(raw).rstrip(_LINE_ENDS)
    try:
        return next(csv.reader([line], delimiter=source.delimiter), [""])
    except csv.Error:  # a cell longer than that module reads, or a bare CR in one
        unit = source.codec.unit
        cells = [source.codec.decode(raw[start * unit : end * unit]) for start, end in _spans(source, raw)]
        return [cell[1:-1].replace('""', '"') if cell.startswith('"') else cell for cell in cells]


def _spans(source: DelimitedSource, raw: bytes) -> list[tuple[int, int]]:
    """Start and end of each cell, quotes included, in units of the encoding."""
    flat = source.codec.flat(raw, ord(source.delimiter)).rstrip(_LINE_ENDS.encode())
    found, at = [], 0
    cell = _cell(source.delimiter)
    while match := cell.match(flat, at):
        found.append(match.span())
        at = match.end() + 1
        if match.end() == len(flat):
            break
    return found


@cache
def _cell(delimiter: str) -> re.Pattern[bytes]:
    """A quoted cell, whatever follows its last quote, or anything up to the delimiter."""
    other = rb"[^%s]*" % re.escape(delimiter.encode())
    return re.compile(rb'(?:"(?>(?:[^"]+|"")*)"%s|%s)' % (other, other))


def _written(text: str, quoted: bool, delimiter: str) -> str:
    """A cell as RFC 4180 has it, in quotes where it had them or needs them."""
    if quoted or any(sign in text for sign in (delimiter, '"', "\r", "\n")):
        return '"' + text.replace('"', '""') + '"'
    return text


def _encoded(source: DelimitedSource, text: str, row: int) -> bytes:
    try:
        content = source.codec.encode(text)
        # Some codecs write ¥ as the byte of a backslash: what is read back must be what was written.
        if "\0" not in text and source.codec.decode(content) == text:
            return content
    except UnicodeError:
        pass
    raise UnencodableError(source.encoding, 1, [row])
