"""CSV and TSV files: records found on the raw bytes; sound ones parsed, others quarantined by byte range."""

from __future__ import annotations

import copy
import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from optout import schema
from optout.batch import records
from optout.batch.ahead import ahead
from optout.batch.codec import Codec
from optout.batch.encoding import HEAD_BYTES, bearable, survey
from optout.batch.heading import HEAD_RECORDS, Columns, Heading, find_heading
from optout.batch.records import CR, LF, LITERAL, UNCLOSED, Positions, Records
from optout.batch.source import BLOCK_BYTES, READ_BYTES, Block, Source, evenly, gathered
from optout.errors import (
    ConservationError,
    EmptyBatchError,
    HeaderMissingError,
    InputError,
    UndecidedEncodingError,
    UnreadableFileError,
)

_DELIMITERS: Final = (",", "\t", ";", "|")
_DECODE_BYTES: Final = 1 << 20
_TRIED_BYTES: Final = 16 << 20
_MARK: Final = b"\xef\xbb\xbf"
_TOP_BYTES: Final = 1 << 13
_Mask: TypeAlias = npt.NDArray[np.bool_]


class RowRanges(NamedTuple):
    """Byte ranges of consecutive parsed rows, how many records (parsed or not) lie there, all quoted regularly."""

    first_row: int
    starts: Positions
    ends: Positions
    records: int
    regular: bool


class _Located(NamedTuple):
    """A piece of the file, its records, which of them are sound, why the others are not, and all of it as UTF-8."""

    piece: bytes
    found: Records
    sound: _Mask
    why: dict[int, str]
    utf8: bytes | None
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

    def __init__(
        self,
        path: Path,
        encoding: str | None = None,
        columns: Columns = None,
    ) -> None:
        self._size = path.stat().st_size
        if not self._size:
            raise EmptyBatchError(path.name, "is empty")
        self._survey, self._asked = survey(path, encoding, _TRIED_BYTES), encoding is not None
        self._codec = self._survey.codec
        self.path, self.encoding, self.eol = path, self._survey.encoding, self._survey.eol
        self._eol_byte = CR if self.eol == "\r" else LF
        top = self._top(columns)
        self.delimiter, self.header_end, self.remarks = top.delimiter, top.end, top.heading.remarks
        super().__init__(path.name, top.headers)
        self._header = self._read(0, self.header_end)
        self._require_rows()

    @property
    def codec(self) -> Codec:
        """How the bytes behind the mark stand for text."""
        return self._codec

    @property
    def bom(self) -> int:
        """Length of the byte order mark."""
        return self._survey.bom

    def header_bytes(self) -> bytes:
        """Everything before the first record: byte order mark, empty lines, titles, header."""
        return self._header

    def moved(self, path: Path) -> DelimitedSource:
        """Another file that was made of this one, read by the same rules; it may have no rows left."""
        other = copy.copy(self)
        other.path, other._size, other._asked = path, path.stat().st_size, True
        for known in ("sha256", "whole"):
            other.__dict__.pop(known, None)
        return other

    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Blocks cut where records end; a record longer than the target makes its block longer.

        Raises:
            UndecidedEncodingError: after the last block, when more than one line in a thousand could not be read.
            UnreadableFileError: after the last block, when the file has changed since it was opened.
        """
        length = evenly(self._size - self.header_end, target_bytes)
        piece = evenly(length, READ_BYTES) if length > READ_BYTES else length
        pieces: Iterator[Block] = map(self._block, ahead(self._located(piece, as_text=True)))
        if piece < length:
            pieces = gathered(pieces, self.columns, self.header_end, self._size, length, piece // 2)
        yield from pieces

    def row_ranges(self, target_bytes: int = BLOCK_BYTES) -> Iterator[RowRanges]:
        """Where the rows of `blocks` lie, at half the cost: nothing is parsed. Raises as `blocks`."""
        yield from map(_ranges, self._located(target_bytes))

    def _located(self, target_bytes: int, as_text: bool = False) -> Iterator[_Located]:
        at, row, line = self.header_end, 0, self._header_lines()
        n_records, n_undecodable, sha = 0, 0, hashlib.sha256(self._header)
        with self.path.open("rb") as file:
            self._require_same(file.read(self.header_end) == self._header)
            while at < self._size:
                piece, flat, found = self._piece(file, at, target_bytes + target_bytes % self._codec.unit)
                sha.update(memoryview(piece)[: found.used * self._codec.unit])
                if not found.used:
                    break
                why = self._flawed(flat, found)
                found = found.scaled(self._codec.unit)
                utf8 = self._whole_text(piece, found.used) if as_text else None
                undecodable = _undecodable(piece, found, self._codec) if utf8 is None else []
                why |= dict.fromkeys(undecodable, "undecodable")
                sound = _sound(found, why)
                parts = [_Located(piece, found, sound, why, utf8, at, row, line)]
                n_records, n_undecodable = n_records + len(found.starts), n_undecodable + len(undecodable)
                at, row, line = at + found.used, row + int(sound.sum()), line + found.physical_lines
                # Only whoever asked holds the piece now; its memory is free when the next one is read.
                del piece, flat, utf8, found, why, sound
                if len(parts[0].found.starts):
                    yield parts.pop()
        self._require_same(self.__dict__.setdefault("sha256", sha.hexdigest()) == sha.hexdigest())
        self._require_decodable(n_undecodable, n_records)

    def _require_same(self, same: bool) -> None:
        if not same:
            raise UnreadableFileError(self.name, "changed while it was being read", "Run it again.")

    def _require_decodable(self, n_undecodable: int, n_records: int) -> None:
        """The beginning of the file decided its encoding; the rest must bear it out."""
        if n_undecodable > bearable(n_records) and not self._asked:
            found = survey(self.path)
            if found.codec is not self._codec:
                raise UndecidedEncodingError(self.name, {self.encoding: n_undecodable}, n_records)

    def _read(self, start: int, end: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def _piece(self, file: BinaryIO, at: int, length: int) -> tuple[bytes, bytes, Records]:
        while True:
            wanted = self._whole_lines(file, at, length)
            file.seek(at)
            piece = file.read(wanted)
            at_end = at + len(piece) >= self._size or len(piece) < wanted
            flat = self._codec.flat(piece, ord(self.delimiter))
            found = records.find(flat, ord(self.delimiter), self._eol_byte, at_end)
            if found.used or at_end:
                return piece, flat, found
            length *= 4

    def _whole_lines(self, file: BinaryIO, at: int, length: int) -> int:
        """`length`, or a little less that ends with a line: such a piece is seldom cut, and so not copied."""
        looked_at = min(length, _TOP_BYTES)
        if at + length >= self._size or self._codec.unit > 1:
            return length
        file.seek(at + length - looked_at)
        return length - looked_at + (file.read(looked_at).rfind(self._eol_byte) + 1 or looked_at)

    def _top(self, columns: Columns) -> _Top:
        """The delimiter under which the first lines make the best table, and its header."""
        head = self._read(self._survey.bom, self._survey.bom + HEAD_BYTES)
        found = [self._top_with(delimiter, head, columns) for delimiter in self._possible()]
        best = max(found, key=lambda top: (top.heading.known > 0, top.width, top.heading.known))
        if best.refused is not None:
            raise best.refused
        return best

    def _possible(self) -> Sequence[str]:
        return ("\t",) if self.path.suffix.lower() == ".tsv" else _DELIMITERS

    def _top_with(self, delimiter: str, head: bytes, columns: Columns) -> _Top:
        found = self._first_records(head, ord(delimiter))
        lines = [
            _record_text(head[start:end], self._codec)
            for start, end in zip(found.starts[:HEAD_RECORDS], found.ends[:HEAD_RECORDS], strict=True)
        ]
        cells = [_cells(line, delimiter) for line in lines]
        width = Counter(map(len, cells)).most_common(1)[0][0]
        try:
            heading = find_heading(self.path.name, cells, columns)
        except HeaderMissingError as error:
            return _Top(delimiter, width, Heading(None, 0), [], 0, refused=error)
        bom = self._survey.bom
        if heading.place is None:
            return _Top(delimiter, width, heading, [f"column_{n + 1}" for n in range(width)], bom)
        start, end = int(found.starts[heading.place]), int(found.ends[heading.place])
        unreadable = self._codec.first_undecodable(head[start:end]) is not None
        why = f"its header cannot be read as {self.encoding}"
        refused = (
            UnreadableFileError(self.path.name, why, "Say which with encoding=.") if unreadable else None
        )
        headers = cells[heading.place]
        return _Top(delimiter, len(headers), heading, headers, bom + end, refused)

    def _first_records(self, head: bytes, delimiter: int) -> Records:
        for length in (_TOP_BYTES, 8 * _TOP_BYTES, HEAD_BYTES):
            flat, at_end = self._codec.flat(head[:length], delimiter), len(head) < length
            found = records.find(flat, delimiter, self._eol_byte, at_end)
            if len(found.starts) >= HEAD_RECORDS or at_end:
                break
        if not len(found.starts):  # a record longer than all this
            found = records.find(flat, delimiter, self._eol_byte, at_end=True)
        if not len(found.starts):
            raise EmptyBatchError(self.path.name, "has no header")
        return found.scaled(self._codec.unit)

    def _header_lines(self) -> int:
        header = self.header_bytes()[self._survey.bom :]
        return self._codec.flat(header).count(self._eol_byte)

    def _require_rows(self) -> None:
        with self.path.open("rb") as file:
            file.seek(self.header_end)
            while piece := file.read(HEAD_BYTES):
                if self._codec.flat(piece).strip(b"\r\n"):
                    return
        raise EmptyBatchError(self.name, "has a header and no rows")

    def _block(self, part: _Located) -> Block:
        found, sound = part.found, part.sound
        text = self._text(part)
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

    def _flawed(self, flat: bytes, found: Records) -> dict[int, str]:
        """Record → why it cannot be parsed."""
        expected = len(self.columns)
        counts = found.fields
        why = {
            index: f"fields: {counts[index]} instead of {expected}"
            for index in np.flatnonzero(counts != expected).tolist()
        }
        why |= dict.fromkeys(np.flatnonzero(found.flaws == UNCLOSED).tolist(), "unclosed quote")
        why |= dict.fromkeys(_holding_nul(flat, found), "control character NUL")
        return why

    def _whole_text(self, piece: bytes, used: int) -> bytes | None:
        """A piece as UTF-8; null when some of it is no text."""
        try:
            return b"".join(self._codec.to_utf8(piece[:used]))
        except UnicodeDecodeError:
            return None

    def _text(self, part: _Located) -> bytes:
        """The sound records in UTF-8, quoted as RFC 4180 has it."""
        piece, found, sound = part.piece, part.found, part.sound
        literal = sound & (found.flaws == LITERAL)
        if part.utf8 is not None and not literal.any() and _is_everything(found, sound):
            return part.utf8
        instead = {
            index: self._requoted(piece[found.starts[index] : found.ends[index]])
            for index in np.flatnonzero(literal).tolist()
        }
        return b"".join(self._codec.to_utf8(_cut(piece, found, sound & ~literal, instead)))

    def _requoted(self, line: bytes) -> bytes:
        cells = records.literal_fields(self._codec.decode(line).rstrip("\r\n"), self.delimiter) or []
        return self._codec.encode(records.requote(cells, self.delimiter) + chr(self._eol_byte))

    def _parse(self, text: bytes, rows: int) -> pl.DataFrame:
        dtypes = dict.fromkeys(self.columns, pl.String)
        if not rows:
            return pl.DataFrame(schema=dtypes)
        # The parser takes a mark off the beginning; here it stands in a cell, where a second file was added.
        text = _MARK + text if text.startswith(_MARK) else text
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


@dataclass(frozen=True, slots=True)
class _Top:
    """How the first lines of a file read with one delimiter: `width` columns, rows behind byte `end`."""

    delimiter: str
    width: int
    heading: Heading
    headers: list[str]
    end: int
    refused: InputError | None = None


def _record_text(record: bytes, codec: Codec) -> str:
    """One of the first lines; a mark for one that cannot be read, which is quarantined or refused later."""
    try:
        return codec.decode(record).rstrip("\r\n")
    except UnicodeDecodeError:
        return "\ufffd"


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(line.splitlines(keepends=True), delimiter=delimiter), [""])
    except csv.Error:
        return [line]


def _ranges(part: _Located) -> RowRanges:
    found, sound = part.found, part.sound
    starts, ends = found.starts[sound] + part.at, found.ends[sound] + part.at
    return RowRanges(part.row, starts, ends, len(sound), not found.flaws.any())


def _sound(found: Records, why: dict[int, str]) -> _Mask:
    sound = np.ones(len(found.starts), bool)
    sound[list(why)] = False
    return sound


def _quarantined(lines: Positions, why: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"line": lines, "why": why}, schema=schema.QUARANTINE_SCHEMA)


def _record_of(found: Records, offset: int) -> int:
    return int(np.searchsorted(found.ends, offset, side="right"))


def _holding_nul(flat: bytes, found: Records) -> list[int]:
    hit, at = [], flat.find(b"\0", 0, found.used)
    while at >= 0:
        hit.append(_record_of(found, at))
        at = flat.find(b"\0", int(found.ends[hit[-1]]), found.used)
    return hit


def _undecodable(piece: bytes, found: Records, codec: Codec) -> list[int]:
    """Records that cannot be decoded; looked at in slices, so one bad record costs little."""
    hit: list[int] = []
    first, view = 0, memoryview(piece)
    while first < len(found.starts):
        begin = int(found.starts[first])
        last = max(first + 1, int(np.searchsorted(found.ends, begin + _DECODE_BYTES)))
        wrong = codec.first_undecodable(view[begin : int(found.ends[last - 1])])
        if wrong is None:
            first = last
        else:
            hit.append(_record_of(found, begin + wrong))
            first = hit[-1] + 1
    return hit


def _is_everything(found: Records, sound: _Mask) -> bool:
    """No record and no empty line is to be left out."""
    return bool(sound.all()) and int((found.ends - found.starts).sum()) == found.used


def _cut(piece: bytes, found: Records, wanted: _Mask, instead: dict[int, bytes]) -> bytes:
    """The wanted records' bytes, and those given instead, in order."""
    parts: list[tuple[int, bytes | memoryview]] = list(instead.items())
    view = memoryview(piece)
    for first, last in runs(wanted, found.starts, found.ends):
        parts.append((first, view[int(found.starts[first]) : int(found.ends[last])]))
    parts.sort(key=lambda part: part[0])
    return b"".join(part for _, part in parts)


def runs(wanted: _Mask, starts: Positions, ends: Positions) -> Iterator[tuple[int, int]]:
    """First and last index of each run of wanted records that touch one another."""
    yield from zip(*(side.tolist() for side in _touching(wanted, starts, ends)), strict=True)


def spans(wanted: _Mask, starts: Positions, ends: Positions) -> Iterator[tuple[int, int]]:
    """The byte range of each such run."""
    firsts, lasts = _touching(wanted, starts, ends)
    yield from zip(starts[firsts].tolist(), ends[lasts].tolist(), strict=True)


def _touching(wanted: _Mask, starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    chosen = np.flatnonzero(wanted)
    breaks = np.flatnonzero((np.diff(chosen) > 1) | (starts[chosen[1:]] != ends[chosen[:-1]]))
    return np.concatenate((chosen[:1], chosen[breaks + 1])), np.concatenate((chosen[breaks], chosen[-1:]))
