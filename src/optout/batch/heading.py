"""The first records of a list → which of them is the header line, or that there is none.

Source: headers.py for what a header is, tables/header_title.tsv for what stands above one, cells.py for what a
row looks like. Policy: a row taken for a header is a person missed, so a line with a telephone number, an
e-mail or an address, or with a name beside a date, is never passed over; a header taken for a row is only odd.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from optout import tables
from optout.batch import cells, headers, spelling
from optout.errors import HeaderMissingError

Columns: TypeAlias = Mapping[str, str | int | Sequence[str | int]] | None

HEAD_RECORDS: Final = 40
_LONGEST: Final = 200  # characters of a cell that are looked at
_FEW: Final = 3  # fewer headers than this may be words of a row (自宅, 世帯主, DM不要)
_LOOKED_BELOW: Final = 20
_SURE: Final = 2  # headers that make a line below others the header line
_NARROW: Final = 0.75  # of the width of the header line
# Kinds of cells.py in the order they are tried, and what one such cell, or any number of them, weighs
# against one header.
_STRONG: Final = ("email", "postal", "phone", "address", "local")
_PLACES: Final = frozenset({"address", "local"})
_WEAK: Final = {"name": 1.0, "kana": 1.0, "gender": 1.0, "date": 0.75, "number": 0.5, "place": 0.5}
_DATED: Final = frozenset({"date", "number"})  # the columns of a calendar: the heavier of the two counts
_STRONG_WEIGHT: Final = 2.0
_NEVER_HEADERS: Final = ("email", "postal", "phone", "date", "number")
_KINDS: Final = ("address", "local", "prefecture", "city", "gender", "kana", "name")
_ROW: Final = 1.0  # a line without any header that weighs this much is a row


class HeaderOrPlace(str):
    """A column as a command line names it: the header of that text, or else, if it is digits, a position from 0."""

    __slots__ = ()

    @property
    def place(self) -> int | None:
        """The position, when the text could be one."""
        return int(self) if self.isascii() and self.isdigit() and len(self) < _DIGITS else None


_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the header line of a list stands.

    Attributes:
        place: Index of the header among the records; null when there is none and the first record is a row.
        known: How many of its cells are headers optout knows or the caller named.
        remarks: What was decided, in words: counts only, no cell.
    """

    place: int | None
    known: int
    remarks: tuple[str, ...] = ()


def find_heading(name: str, records: Sequence[Sequence[str]], columns: Columns = None) -> Heading:
    """Find the header line.

    Args:
        name: The list, for the error.
        records: The first records, at most HEAD_RECORDS, cell by cell; "" is blank.
        columns: As for `recognise`: headers named here are headers; all by position means there may be none.

    Returns:
        The first line with headers; titles above it are passed over when at least two headers (or one the caller
        named, or one under single cells) follow and no line above could be anybody's row. Without any header:
        null when all columns are told by position, else the first line, for `recognise` to refuse.

    Raises:
        HeaderMissingError: the first line is somebody's row and the columns are not told by position.

    Examples:
        >>> find_heading("list.csv", [["顧客一覧", ""], ["氏名", "ＴＥＬ"], ["見本 一郎", "03-1234-5678"]])
        Heading(place=1, known=2, remarks=('1 line above the header was read as a title',))
    """
    named = frozenset(spelling.fold(text) for text in _named(columns))
    lines = _Lines(list(records[:HEAD_RECORDS]), named)
    place = _header(lines)
    if place is None and by_position(columns):
        place = _counted(lines)
        if place is None:
            return Heading(None, 0, ("no header line: the columns are told by position",))
    if place is not None:
        return Heading(place, len(lines[place].known), tuple(_remarks(lines, place)))
    first = lines.first
    if first is not None and _begins_with_a_row(lines, first):
        widths = Counter(len(record) for record in lines.records if any(record))
        raise HeaderMissingError(name, max(widths, key=lambda width: (widths[width], width)))
    return Heading(first or 0, 0)


def by_position(columns: Columns) -> bool:
    """Whether a caller told columns, and every one of them by position."""
    told = list(_told(columns))
    return bool(told) and all(
        each.place is not None if isinstance(each, HeaderOrPlace) else isinstance(each, int) for each in told
    )


def is_row(written: Sequence[str]) -> bool:
    """Whether a header line is somebody's row: it weighs more as a row than it has headers."""
    line = _line(written, frozenset())
    return line.weight >= max(len(line.known), _ROW)


def _told(columns: Columns) -> Iterator[str | int]:
    for which in (columns or {}).values():
        yield from [which] if isinstance(which, str | int) else which


def _named(columns: Columns) -> Iterator[str]:
    for each in _told(columns):
        # Digits may be a cell of any row: they are a header in a numbered line only.
        if isinstance(each, str) and not (isinstance(each, HeaderOrPlace) and each.place is not None):
            yield each


@dataclass(frozen=True, slots=True)
class _Line:
    """What a record looks like.

    Attributes:
        cells: Of folded width.
        filled: How many are not blank.
        known: Places of headers; `named` those the caller named.
        strong: How many of the others look like a telephone number, an e-mail, a postal code or an address.
        weak: What else they look like.
    """

    cells: tuple[str, ...]
    filled: int
    known: frozenset[int]
    named: frozenset[int]
    strong: int
    weak: frozenset[str]

    @property
    def weight(self) -> float:
        dated = max((_WEAK[kind] for kind in self.weak & _DATED), default=0.0)
        return self.strong * _STRONG_WEIGHT + dated + sum(_WEAK[kind] for kind in self.weak - _DATED)

    @property
    def somebody(self) -> bool:
        """Whether the line could be matched with a person."""
        names = bool(self.weak & {"name", "kana"})
        return self.strong > 0 or (names and bool(self.weak & {"date", "place"}) and not self.labelled)

    @property
    def labelled(self) -> bool:
        """Whether it begins as a remark about the list does (作成日, 出力条件)."""
        first = next((cell for cell in self.cells if cell), "")
        return "".join(first.split()).startswith(_title_words("start"))

    @property
    def titled(self) -> bool:
        """Whether its words are those of a title (顧客一覧, 作成日)."""
        ends = _title_words("end")
        texts = ("".join(cell.split()).rstrip(_TRAILING) for cell in self.cells)
        return self.labelled or any(text.endswith(ends) for text in texts)


_TRAILING: Final = "()[]【】「」:・0123456789年月日件"


class _Lines:
    """Records, each looked at when it is asked for: most often two of them tell."""

    def __init__(self, records: Sequence[Sequence[str]], named: frozenset[str]) -> None:
        self.records, self._named = records, named
        self._seen: dict[int, _Line] = {}
        self.filled = [sum(not cell.isspace() for cell in record if cell) for record in records]
        self.widest = max(self.filled, default=0)

    def __getitem__(self, at: int) -> _Line:
        if at not in self._seen:
            self._seen[at] = _line(self.records[at], self._named)
        return self._seen[at]

    def between(self, start: int, stop: int) -> Iterator[_Line]:
        """Lines that are not blank."""
        for at in range(start, min(stop, len(self.records))):
            if self[at].filled:
                yield self[at]

    @property
    def first(self) -> int | None:
        """The first line that is not blank."""
        return next((at for at, record in enumerate(self.records) if self[at].filled), None)


def _line(record: Sequence[str], named: frozenset[str]) -> _Line:
    folded = tuple(_folded(cell) for cell in record)
    kinds: Counter[str] = Counter()
    known, told = set(), set()
    for place, cell in enumerate(folded):
        if not cell:
            continue
        if named and spelling.fold(cell) in named:
            told.add(place)
        elif kind := cells.kind_of(cell, _NEVER_HEADERS):
            kinds[kind] += 1
        elif headers.is_header(cell):
            known.add(place)
        elif kind := _kind(cell):
            kinds[kind] += 1
    strong = sum(kinds[kind] for kind in _STRONG)
    filled = sum(map(bool, folded))
    return _Line(
        folded, filled, frozenset(known | told), frozenset(told), strong, frozenset(kinds) - {*_STRONG}
    )


def _folded(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", cell[:_LONGEST]).split())


def _kind(cell: str) -> str | None:
    """What a cell that is no header looks like."""
    kind = cells.kind_of(cell, _KINDS)
    if kind in _PLACES:
        # 東京都在住者一覧, 東京都新宿区: no door is told.
        door = any(char in _NUMERALS for char in cell) and not cell.rstrip(_TRAILING).endswith(
            _title_words("end")
        )
        return kind if door else "place"
    if kind in {"prefecture", "city"}:
        return "place"
    return kind


_NUMERALS: Final = frozenset("0123456789一二三四五六七八九十")


@cache
def _title_words(where: str) -> tuple[str, ...]:
    table = tables.load("header_title")
    rows = zip(table["written"], table["where"], strict=True)
    return tuple(_folded(written) for written, at in rows if at == where)


def _header(lines: _Lines) -> int | None:
    """The header line: the first that is one, or a better one below it when those above it are titles."""
    best: int | None = None
    for at in range(len(lines.records)):
        line = lines[at]
        known = _sure(lines, at)
        if len(known) > line.weight and _reaches(lines, at, known):
            if best is None or _is_title_of(lines[best], line):
                best = at
        elif line.somebody or _closes(line, None if best is None else lines[best], lines):
            break
    return best


def _closes(line: _Line, best: _Line | None, lines: _Lines) -> bool:
    """Whether a line that is no header cannot stand above one."""
    wide = lines.widest if best is None or best.titled else best.filled
    return wide > 1 and line.filled >= wide and not line.titled


def _sure(lines: _Lines, at: int) -> frozenset[int]:
    """Places of the headers of a line, without words that the lines below use as values."""
    line = lines[at]
    if not line.known or (len(line.known) >= _FEW and not line.strong):
        return line.known
    below = [other for other in lines.between(at + 1, at + 1 + _LOOKED_BELOW) if other.cells != line.cells]
    return frozenset(
        place
        for place in line.known
        if place in line.named or not any(_uses(other, place) for other in below)
    )


def _uses(line: _Line, place: int) -> bool:
    return place in line.known and (len(line.known) < _FEW or line.strong > 0)


def _reaches(lines: _Lines, at: int, known: frozenset[int]) -> bool:
    """Whether every line above may be passed over."""
    line, above = lines[at], list(lines.between(0, at))
    alone = all(other.filled == 1 for other in above)
    enough = len(known) >= _SURE or known & line.named or line.filled == 1 or alone
    return bool(known) and bool(enough) and all(_passable(other, line) for other in above)


def _passable(title: _Line, header: _Line) -> bool:
    if title.somebody:
        return False
    return title.titled or title.filled < header.filled or header.filled == 1


def _is_title_of(title: _Line, header: _Line) -> bool:
    """Whether a line with headers in it is only a title (作成日 2026/4/1) of a header below."""
    narrow = title.filled < header.filled * _NARROW
    return len(header.known) > len(title.known) and narrow and (title.titled or title.filled == 1)


def _counted(lines: _Lines) -> int | None:
    """The first line when it is 0, 1, 2 …: a program named the columns so."""
    if lines.first is None:
        return None
    numbers = list(lines[lines.first].cells)
    counted = [[str(n + start) for n in range(len(numbers))] for start in (0, 1)]
    return lines.first if numbers in counted else None


def _begins_with_a_row(lines: _Lines, first: int) -> bool:
    line = lines[first]
    if line.somebody or line.weight >= max(len(line.known), _ROW):
        return True
    # Titles, and under them rows: no line before the first row is wide enough to be its header.
    for at, other in enumerate(lines.between(first, len(lines.records))):
        if other.somebody:
            return at > 0
        if other.filled * 2 >= _usual(lines):
            return False
    return False


def _usual(lines: _Lines) -> int:
    return Counter(filled for filled in lines.filled if filled).most_common(1)[0][0]


def _remarks(lines: _Lines, place: int) -> Iterator[str]:
    titles = len(list(lines.between(0, place)))
    if titles:
        were = "line above the header was read as a title" if titles == 1 else ""
        yield f"{titles} {were or 'lines above the header were read as titles'}"
    below = next(lines.between(place + 1, place + 2), None)
    if below and below.cells != lines[place].cells and len(below.known) >= _SURE and not below.weight:
        yield "the line below the header holds headers too; it was read as a row"
