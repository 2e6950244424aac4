"""Bytes of a CSV or TSV file → where its records begin and end, and how many fields each has.

Source: RFC 4180 (a quote opens at the start of a field, `""` inside is one quote). Works on bytes in which
`" , ; TAB CR LF` stand for themselves: those of UTF-8, CP932 and EUC-JP as they are, others as `Codec.flat`
gives them. Two ways: quotes all regular, or none at all (masks of bytes, which are cheaper still where the
quotes hide nothing); anything else (positions, one Python step per irregular record, after which reading starts
afresh at the next line).

An entirely empty line is no record: it is neither counted nor parsed, wherever it stands, as the csv
module has it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Positions: TypeAlias = npt.NDArray[np.int64]

QUOTE: Final = 0x22
LF: Final = 0x0A
CR: Final = 0x0D

REGULAR: Final = 0
LITERAL: Final = 1  # one line; quotes that are not RFC 4180, read as the csv module reads them
UNCLOSED: Final = 2  # a quote opened on this line and never closed where a field ends

# A quoted record longer than this is a quote somebody forgot to close. The rule depends on the file alone.
LONGEST_QUOTED: Final = 16 << 20
_CHUNK: Final = 1 << 18  # stays in the cache: half the time of one pass over the whole array
_NOWHERE: Final = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The records of a piece of a file that begins at a record.

    Attributes:
        starts: Byte offset of each record.
        ends: Offset behind its line end; the next record need not start there (empty lines).
        fields: Number of fields.
        flaws: `REGULAR`, `LITERAL` or `UNCLOSED` for each record.
        used: Bytes accounted for; what follows is the beginning of a record whose end is not here.
        line_ends: Offsets of all physical line ends, for line numbers.
    """

    starts: Positions
    ends: Positions
    fields: Positions
    flaws: npt.NDArray[np.uint8]
    used: int
    line_ends: Positions

    def lines(self, which: npt.NDArray[np.bool_]) -> Positions:
        """Physical lines (0-based within the piece) on which the chosen records start."""
        return np.searchsorted(self.line_ends, self.starts[which])

    def scaled(self, unit: int) -> Records:
        """The same in bytes, where the piece was searched one byte for every `unit` bytes of the file."""
        if unit == 1:
            return self
        return Records(
            self.starts * unit,
            self.ends * unit,
            self.fields,
            self.flaws,
            self.used * unit,
            self.line_ends * unit,
        )

    @property
    def physical_lines(self) -> int:
        """Line ends within the bytes accounted for."""
        return int(np.searchsorted(self.line_ends, self.used))


def find(piece: bytes, delimiter: int, eol: int, at_end: bool) -> Records:
    """Find the records of a piece of a file that begins at a record.

    Args:
        piece: The bytes, as `Codec.flat` gives them.
        delimiter: Byte that separates fields.
        eol: `LF` (a CR before it belongs to the line end) or `CR` (old Macs).
        at_end: The file ends with this piece, so a record needs no line end.

    Examples:
        >>> found = find(b'1,2\\n"a\\nb",3\\n\\n4', ord(","), LF, at_end=True)
        >>> found.starts.tolist(), found.ends.tolist(), found.fields.tolist()
        ([0, 4, 13], [4, 12, 14], [2, 2, 1])
    """
    regular = _regular(piece, delimiter, eol, at_end)
    return regular if regular is not None else _Irregular(piece, delimiter, eol, at_end).records()


def literal_fields(line: str, delimiter: str) -> list[str] | None:
    """The cells of one line as the csv module reads it; null if a quote stays open or it refuses."""
    reader = csv.reader([line, ""], delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == 1 else None


def requote(cells: list[str], delimiter: str) -> str:
    """The same cells as a regular line, without line end."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    return line.getvalue()


def _chunks(size: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, size, _CHUNK):
        yield begin, min(begin + _CHUNK, size)


def _positions(piece: bytes, byte: int) -> Positions:
    array = np.frombuffer(piece, dtype=np.uint8)
    found = [np.flatnonzero(array[begin:end] == byte) + begin for begin, end in _chunks(len(piece))]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _assemble(
    piece: bytes, ends: Positions, delimiters: Positions, line_ends: Positions, eol: int, over: int | None
) -> Records:
    """Records from the line ends that stand outside quotes.

    Args:
        piece: Bytes that begin at a record.
        ends: Those line ends.
        delimiters: How many delimiters outside quotes there are before each, behind the one before it.
        line_ends: All line ends.
        eol: As for `find`.
        over: Delimiters behind the last line end, if what stands there is a record; else null.
    """
    array = np.frombuffer(piece, dtype=np.uint8)
    if over is not None and (not len(ends) or ends[-1] < len(piece) - 1):
        ends, delimiters = np.append(ends, len(piece)), np.append(delimiters, over)
    used = min(int(ends[-1]) + 1, len(piece)) if len(ends) else 0
    starts = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1] + 1))
    filled = _filled(array, starts, ends, eol)
    starts, ends = starts[filled], np.minimum(ends[filled] + 1, len(piece))
    return Records(starts, ends, delimiters[filled] + 1, np.zeros(len(starts), np.uint8), used, line_ends)


def _filled(
    array: npt.NDArray[np.uint8], starts: Positions, ends: Positions, eol: int
) -> npt.NDArray[np.bool_]:
    filled: npt.NDArray[np.bool_] = ends > starts
    if eol == LF:
        short = np.flatnonzero(ends == starts + 1)
        filled[short] = array[starts[short]] != CR
    return filled


def _regular(piece: bytes, delimiter: int, eol: int, at_end: bool) -> Records | None:
    """Every quote, if there is one, opens at the start of a field and closes at its end. Otherwise null."""
    array = np.frombuffer(piece, np.uint8)
    quoted = b'"' in piece
    inside, over = 0, 0
    line_ends, ends, delimiters = [_NOWHERE], [_NOWHERE], [_NOWHERE]
    for begin, end in _chunks(len(piece)):
        window = array[begin:end]
        line_end, delimits = np.flatnonzero(window == eol), window == delimiter
        line_ends.append(line_end + begin)
        quotes = np.flatnonzero(window == QUOTE) if quoted else _NOWHERE
        if not _stand_at_edges(array, quotes + begin, inside, delimiter, eol):
            return None
        if inside or not _hide_nothing(quotes):
            opened = _odd_so_far(window == QUOTE, inside)
            inside = int(opened[-1])
            line_end = line_end[~opened[line_end]]
            delimits &= ~opened
        counts = _count(delimits, line_end)
        counts[0] += over
        over = int(counts[-1])
        ends.append(line_end + begin)
        delimiters.append(counts[:-1])
    lines, behind = np.concatenate(line_ends), over if at_end else None
    every = _assemble(piece, np.concatenate(ends), np.concatenate(delimiters), lines, eol, behind)
    left = len(piece) - every.used
    longest = int((every.ends - every.starts).max(initial=0))
    if quoted and ((inside and at_end) or max(left * inside, longest) > LONGEST_QUOTED):
        return None
    return every


def _hide_nothing(quotes: Positions) -> bool:
    """Every quote has its other right beside it: empty cells, written as `""`."""
    return len(quotes) % 2 == 0 and bool((quotes[1::2] - quotes[::2] == 1).all())


def _count(delimits: npt.NDArray[np.bool_], line_ends: Positions) -> Positions:
    """Delimiters before each line end, behind the one before it; at the end those behind the last."""
    ones, firsts = delimits.view(np.uint8), np.concatenate(([0], line_ends))
    counts = np.add.reduceat(ones, firsts, dtype=np.uint8).astype(np.int64)
    # A byte counts to 255. No count is above the true one, so they are all true if their sum is.
    if int(counts.sum()) == np.count_nonzero(delimits):
        return counts
    return np.add.reduceat(ones, firsts, dtype=np.int64)


def _stand_at_edges(
    array: npt.NDArray[np.uint8], quotes: Positions, inside: int, delimiter: int, eol: int
) -> bool:
    """Whether every quote that opens stands at the start of a field, and every other at the end of one."""
    if not len(quotes):
        return True
    edges = np.zeros(256, bool)
    edges[[QUOTE, delimiter, eol]] = True
    opens, closes = quotes[inside::2], quotes[1 - inside :: 2]
    # What lies outside the piece ends a field.
    if not bool((edges[array[opens - 1]] | (opens == 0)).all()):
        return False
    behind = _at(array, closes + 1, eol)
    wrong = np.flatnonzero(~edges[behind])
    if eol == LF and len(wrong):
        return bool(((behind[wrong] == CR) & (_at(array, closes[wrong] + 2, eol) == LF)).all())
    return not len(wrong)


def _at(array: npt.NDArray[np.uint8], places: Positions, outside: int) -> npt.NDArray[np.uint8]:
    found = array.take(places, mode="clip")
    found[places >= len(array)] = outside
    return found


def _odd_so_far(quotes: npt.NDArray[np.bool_], carry: int) -> npt.NDArray[np.bool_]:
    """Whether the quotes up to and with each byte are odd in number: a prefix xor, 64 bytes a word."""
    padded = np.packbits(quotes, bitorder="little")
    words = np.zeros(-(-len(padded) // 8), np.dtype("<u8"))
    words.view(np.uint8)[: len(padded)] = padded
    for shift in (1, 2, 4, 8, 16, 32):
        words ^= words << np.uint64(shift)
    last = np.bitwise_xor.accumulate(words >> np.uint64(63)) ^ np.uint64(carry)
    before = np.concatenate((np.array([carry], np.uint64), last[:-1]))
    words ^= np.uint64(0) - before
    bits = np.unpackbits(words.view(np.uint8), bitorder="little", count=len(quotes))
    return bits.view(np.bool_)


class _Irregular:
    """Records of a piece in which some quotes are not as RFC 4180 has them."""

    def __init__(self, piece: bytes, delimiter: int, eol: int, at_end: bool) -> None:
        self.piece, self.delimiter, self.eol, self.at_end = piece, delimiter, eol, at_end
        self.quotes = _positions(piece, QUOTE)
        self.line_ends = _positions(piece, eol)
        if at_end and piece[-1] != eol:
            self.line_ends = np.append(self.line_ends, len(piece))
        self.delimiters = _positions(piece, delimiter)
        self.quotes_before_end = np.searchsorted(self.quotes, self.line_ends)
        self.quotes_before_delimiter = np.searchsorted(self.quotes, self.delimiters)
        self.misplaced = self._misplaced()
        self.parts: list[Records] = []
        self.at = 0

    def records(self) -> Records:
        """Regular stretches at once, irregular records one by one."""
        while self.at < len(self.piece) and (self._stretch() or self._single()):
            pass
        empty = Records(*(np.empty(0, np.int64),) * 3, np.empty(0, np.uint8), 0, self.line_ends)
        parts = self.parts or [empty]
        return Records(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.ends for part in parts]),
            np.concatenate([part.fields for part in parts]),
            np.concatenate([part.flaws for part in parts]),
            self.at,
            self.line_ends,
        )

    def _misplaced(self) -> tuple[Positions, Positions]:
        """Quotes that cannot stand where they do, if even (odd) ones open."""
        padded = np.full(len(self.piece) + 3, self.eol, np.uint8)
        padded[1:-2] = np.frombuffer(self.piece, dtype=np.uint8)
        before, behind, next_but_one = (padded[self.quotes + shift] for shift in (0, 2, 3))
        edges = (QUOTE, self.delimiter, self.eol)
        opens, closes = np.isin(before, edges), np.isin(behind, edges)
        if self.eol == LF:
            closes |= (behind == CR) & (next_but_one == LF)
        even = np.arange(len(self.quotes)) % 2 == 0
        return (
            np.flatnonzero(~np.where(even, opens, closes)),
            np.flatnonzero(~np.where(even, closes, opens)),
        )

    def _stretch(self) -> bool:
        """Take all records up to the next misplaced quote; whether there were any."""
        first = int(np.searchsorted(self.quotes, self.at))
        limit = self._next_misplaced(first)
        ends = self._outside(self.line_ends, self.quotes_before_end, first, limit)
        ends = self._before_too_long(ends)
        if not len(ends):
            return False
        stop = min(int(ends[-1]) + 1, len(self.piece))
        delimiters = self._outside(self.delimiters, self.quotes_before_delimiter, first, stop)
        counts = np.diff(np.searchsorted(delimiters, ends), prepend=0)
        whole = _assemble(self.piece[self.at : stop], ends - self.at, counts, ends, self.eol, None)
        self.parts.append(
            Records(whole.starts + self.at, whole.ends + self.at, whole.fields, whole.flaws, 0, ends)
        )
        self.at = stop
        return True

    def _next_misplaced(self, first: int) -> int:
        wrong = self.misplaced[first % 2]
        index = int(np.searchsorted(wrong, first))
        return int(self.quotes[wrong[index]]) if index < len(wrong) else len(self.piece) + 1

    def _outside(self, positions: Positions, quotes_before: Positions, first: int, limit: int) -> Positions:
        low, high = np.searchsorted(positions, (self.at, limit))
        outside: Positions = positions[low:high][(quotes_before[low:high] - first) % 2 == 0]
        return outside

    def _before_too_long(self, ends: Positions) -> Positions:
        lengths = np.diff(ends, prepend=self.at - 1)
        too_long = np.flatnonzero(lengths > LONGEST_QUOTED)
        return ends[: too_long[0]] if len(too_long) else ends

    def _single(self) -> bool:
        """Take the one line at `at`, whose quotes are irregular or open; whether it could be decided."""
        index = int(np.searchsorted(self.line_ends, self.at))
        whole_line = index < len(self.line_ends)
        end = min(int(self.line_ends[index]) + 1, len(self.piece)) if whole_line else len(self.piece)
        if not self.at_end and (not whole_line or self._may_still_close()):
            return False
        self.parts.append(self._line(self.at, end))
        self.at = end
        return True

    def _may_still_close(self) -> bool:
        """No misplaced quote is seen yet and the record may end in the next piece."""
        limit = self._next_misplaced(int(np.searchsorted(self.quotes, self.at)))
        return limit > len(self.piece) and len(self.piece) - self.at <= LONGEST_QUOTED

    def _line(self, start: int, end: int) -> Records:
        limit = self._next_misplaced(int(np.searchsorted(self.quotes, start)))
        text = self.piece[start:end].decode("latin-1").rstrip("\r\n")
        cells = literal_fields(text, chr(self.delimiter)) if limit < end or end == len(self.piece) else None
        return Records(
            np.array([start]),
            np.array([end]),
            np.array([len(cells) if cells is not None else 0]),
            np.array([UNCLOSED if cells is None else LITERAL], np.uint8),
            0,
            self.line_ends,
        )
