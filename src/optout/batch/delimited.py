"""CSV and TSV files: records found on the raw bytes; sound ones parsed, others quarantined by byte range."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from optout import schema
from optout.batch import records
from optout.batch.encoding import HEAD_BYTES, first_undecodable, survey
from optout.batch.heading import Columns
from optout.batch.records import CR, LF, LITERAL, UNCLOSED, Positions, Records
from optout.batch.source import BLOCK_BYTES, Block, Source
from optout.errors import ConservationError, EmptyBatchError, UnreadableFileError

_DELIMITERS: Final = (",", "\t", ";")
_DECODE_BYTES: Final = 1 << 20
_Mask: TypeAlias = npt.NDArray[np.bool_]


class RowRanges(NamedTuple):
    """Byte ranges of consecutive parsed rows, and how many records (parsed or not) lie there."""

    first_row: int
    starts: Positions
    ends: Positions
    records: int


class _Located(NamedTuple):
    """A piece of the file, its records, which of them are sound, and why the others are not."""

    piece: bytes
    found: Records
    sound: _Mask
    why: dict[int, str]
    at: int
    row: int
    line: int


class DelimitedSource(Source):
    """A CSV or TSV file.

    Attributes:
        header_end: Byte offset where the first record after the header may begin.
    """

    path: Path
    encoding: str
    delimiter: str
    eol: str

    def __init__(self, path: Path, encoding: str | None = None, columns: Columns = None) -> None:
        if not path.stat().st_size:
            raise EmptyBatchError(path.name, "is empty")
        self._survey = survey(path, encoding)
        self._codec, self._size = self._survey.codec, self._survey.size
        self.path, self.encoding, self.eol = path, self._survey.encoding, self._survey.eol
        self.sha256 = self._survey.sha256
        self._eol_byte = CR if self.eol == "\r" else LF
        header, self._header_start, self.header_end = self._header()
        only = ("\t",) if path.suffix.lower() == ".tsv" else _DELIMITERS
        splits = {delimiter: _cells(header, delimiter) for delimiter in only}
        self.delimiter = max(splits, key=lambda delimiter: len(splits[delimiter]))
        super().__init__(path.name, splits[self.delimiter])
        self._require_rows()

    def header_bytes(self) -> bytes:
        """Everything before the first record: byte order mark, empty lines, header."""
        with self.path.open("rb") as file:
            return file.read(self.header_end)

    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Blocks cut where records end; a record longer than the target makes its block longer."""
        for part in self._located(target_bytes):
            yield self._block(part)

    def row_ranges(self, target_bytes: int = BLOCK_BYTES) -> Iterator[RowRanges]:
        """Where the rows of `blocks` lie, at a third of the cost: nothing is parsed."""
        for part in self._located(target_bytes):
            found, sound = part.found, part.sound
            yield RowRanges(part.row, found.starts[sound] + part.at, found.ends[sound] + part.at, len(sound))

    def _located(self, target_bytes: int) -> Iterator[_Located]:
        at, row, line = self.header_end, 0, self._header_lines()
        with self.path.open("rb") as file:
            while at < self._size:
                piece, found = self._piece(file, at, target_bytes)
                if not found.used:
                    break
                why = self._quarantine(piece, found)
                part = _Located(piece, found, _sound(found, why), why, at, row, line)
                if len(found.starts):
                    yield part
                at, row, line = at + found.used, row + int(part.sound.sum()), line + found.physical_lines

    def _piece(self, file: BinaryIO, at: int, length: int) -> tuple[bytes, Records]:
        while True:
            file.seek(at)
            piece = file.read(length)
            at_end = at + len(piece) >= self._size or len(piece) < length
            found = records.find(piece, ord(self.delimiter), self._eol_byte, at_end)
            if found.used or at_end:
                return piece, found
            length *= 4

    def _header(self) -> tuple[str, int, int]:
        """Text of the first line that is not empty, where it starts and ends."""
        with self.path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        start = self._survey.bom
        while head[start : start + 1] in (b"\r", b"\n"):
            start += 1
        if start == len(head):
            raise EmptyBatchError(self.path.name, "has no header")
        end = _header_end(head, start, self._eol_byte)
        try:
            return head[start:end].decode(self._codec).rstrip("\r\n"), start, end
        except UnicodeDecodeError:
            why = f"its header cannot be read as {self.encoding}"
            raise UnreadableFileError(self.path.name, why, "Say which with encoding=.") from None

    def _header_lines(self) -> int:
        return self.header_bytes().count(self._eol_byte)

    def _require_rows(self) -> None:
        with self.path.open("rb") as file:
            file.seek(self.header_end)
            while piece := file.read(HEAD_BYTES):
                if piece.strip(b"\r\n"):
                    return
        raise EmptyBatchError(self.name, "has a header and no rows")

    def _block(self, part: _Located) -> Block:
        found, sound = part.found, part.sound
        text = self._text(part.piece, found, sound)
        bad = ~sound
        why = [part.why[index] for index in np.flatnonzero(bad).tolist()]
        return Block(
            self._parse(text, int(sound.sum())),
            part.row,
            found.starts[sound] + part.at,
            found.ends[sound] + part.at,
            _quarantined(found.lines(bad) + part.line + 1, why),
            found.starts[bad] + part.at,
            found.ends[bad] + part.at,
        )

    def _quarantine(self, piece: bytes, found: Records) -> dict[int, str]:
        """Record → why it is not parsed."""
        expected = len(self.columns)
        counts = found.fields
        why = {
            index: f"fields: {counts[index]} instead of {expected}"
            for index in np.flatnonzero(counts != expected).tolist()
        }
        why |= dict.fromkeys(np.flatnonzero(found.flaws == UNCLOSED).tolist(), "unclosed quote")
        why |= dict.fromkeys(_holding_nul(piece, found), "control character NUL")
        if not self._survey.clean:
            why |= dict.fromkeys(_undecodable(piece, found, self._codec), "undecodable")
        return why

    def _text(self, piece: bytes, found: Records, sound: _Mask) -> bytes:
        """The sound records in UTF-8, quoted as RFC 4180 has it."""
        literal = sound & (found.flaws == LITERAL)
        raw = _cut(
            piece,
            found,
            sound & ~literal,
            {
                index: self._requoted(piece[found.starts[index] : found.ends[index]])
                for index in np.flatnonzero(literal).tolist()
            },
        )
        return raw if self._codec == "utf-8" else b"".join(_to_utf8(raw, self._codec))

    def _requoted(self, line: bytes) -> bytes:
        cells = records.literal_fields(line.decode(self._codec).rstrip("\r\n"), self.delimiter) or []
        return (records.requote(cells, self.delimiter) + chr(self._eol_byte)).encode(self._codec)

    def _parse(self, text: bytes, rows: int) -> pl.DataFrame:
        dtypes = dict.fromkeys(self.columns, pl.String)
        if not rows:
            return pl.DataFrame(schema=dtypes)
        try:
            frame = pl.read_csv(
                text,
                schema=dtypes,
                has_header=False,
                separator=self.delimiter,
                quote_char='"' if b'"' in text else None,
                eol_char=chr(self._eol_byte),
                infer_schema=False,
                empty_string_is_null=False,
                extra_columns="raise",
                missing_columns="raise",
            )
        except pl.exceptions.PolarsError:
            # The parser's message may quote a cell.
            raise ConservationError(rows, 0) from None
        if frame.height != rows:
            raise ConservationError(rows, frame.height)
        return frame


def _cells(header: str, delimiter: str) -> list[str]:
    return next(csv.reader(header.splitlines(keepends=True), delimiter=delimiter))


def _header_end(head: bytes, start: int, eol: int) -> int:
    """Behind the first line end outside quotes; the first line end if a quote stays open."""
    end = first = head.find(eol, start)
    while end >= 0 and head.count(b'"', start, end) % 2:
        end = head.find(eol, end + 1)
    chosen = end if end >= 0 else first
    return chosen + 1 if chosen >= 0 else len(head)


def _sound(found: Records, why: dict[int, str]) -> _Mask:
    sound = np.ones(len(found.starts), bool)
    sound[list(why)] = False
    return sound


def _quarantined(lines: Positions, why: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"line": lines, "why": why}, schema=schema.QUARANTINE_SCHEMA)


def _record_of(found: Records, offset: int) -> int:
    return int(np.searchsorted(found.ends, offset, side="right"))


def _holding_nul(piece: bytes, found: Records) -> list[int]:
    hit, at = [], piece.find(b"\0", 0, found.used)
    while at >= 0:
        hit.append(_record_of(found, at))
        at = piece.find(b"\0", int(found.ends[hit[-1]]), found.used)
    return hit


def _undecodable(piece: bytes, found: Records, codec: str) -> list[int]:
    """Records that cannot be decoded; looked at in slices, so one bad record costs little."""
    hit: list[int] = []
    first, view = 0, memoryview(piece)
    while first < len(found.starts):
        begin = int(found.starts[first])
        last = max(first + 1, int(np.searchsorted(found.ends, begin + _DECODE_BYTES)))
        wrong = first_undecodable(view[begin : int(found.ends[last - 1])], codec)
        if wrong is None:
            first = last
        else:
            hit.append(_record_of(found, begin + wrong))
            first = hit[-1] + 1
    return hit


def _cut(piece: bytes, found: Records, wanted: _Mask, instead: dict[int, bytes]) -> bytes:
    """The wanted records' bytes, and those given instead, in order."""
    if bool(wanted.all()) and int((found.ends - found.starts).sum()) == found.used:
        return piece[: found.used]
    parts: list[tuple[int, bytes | memoryview]] = list(instead.items())
    view = memoryview(piece)
    for first, last in runs(wanted, found.starts, found.ends):
        parts.append((first, view[int(found.starts[first]) : int(found.ends[last])]))
    parts.sort(key=lambda part: part[0])
    return b"".join(part for _, part in parts)


def runs(wanted: _Mask, starts: Positions, ends: Positions) -> Iterator[tuple[int, int]]:
    """First and last index of each run of wanted records that touch one another."""
    chosen = np.flatnonzero(wanted)
    if not len(chosen):
        return
    breaks = np.flatnonzero((np.diff(chosen) > 1) | (starts[chosen[1:]] != ends[chosen[:-1]]))
    firsts = chosen[np.concatenate(([0], breaks + 1))]
    lasts = chosen[np.concatenate((breaks, [len(chosen) - 1]))]
    yield from zip(firsts.tolist(), lasts.tolist(), strict=True)


def _to_utf8(raw: bytes, codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)()
    view = memoryview(raw)
    for begin in range(0, len(raw), _DECODE_BYTES):
        yield decoder.decode(bytes(view[begin : begin + _DECODE_BYTES])).encode()
    decoder.decode(b"", True)
