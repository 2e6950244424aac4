"""The XML of some rows → where each cell stands and of what kind it is, by masks over the bytes.

Source: ECMA-376 part 1, §18.3.1.4 (c), §18.3.1.73 (row), §18.18.11 (cell types). Rows and cells must ascend, as in
every file Excel writes, so that no reader can take one for another.
"""

from __future__ import annotations

import html
import re
import string
from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from optout.batch.records import Positions
from optout.batch.workbook_zip import damaged

MOST_ROWS: Final = 1_048_576
MOST_COLUMNS: Final = 16_384
_Bytes: TypeAlias = npt.NDArray[np.uint8]
_Mask: TypeAlias = npt.NDArray[np.bool_]

# Kinds of cells by the first letter of their type; str begins like s and is told apart.
NUMBER: Final = ord("n")
SHARED: Final = ord("s")
TEXT: Final = ord("t")
INLINE: Final = ord("i")
DATE: Final = ord("d")
TRUTH: Final = ord("b")
ERROR: Final = ord("e")

_HIDDEN: Final = re.compile(rb"""\shidden\s*=\s*["'](?:1|true|on)["']""")
_VALUE: Final = re.compile(rb"<v\b[^>]*>([^<]*)</v")
_INDEX: Final = re.compile(rb"<v\b[^>]*>\s*([0-9]{1,9})\s*</v")
_BLANKS: Final = b" \t\r\n"
# What may follow the name of an element.
_STOPS: Final = np.isin(np.arange(256), list(_BLANKS + b"/>"))
_IS_BLANK: Final = np.isin(np.arange(256), list(_BLANKS))
_QUOTES: Final = np.isin(np.arange(256), list(b"\"'"))
# Letter → 1..26, digit → 0..9, anything else → -1.
_LETTER: Final = np.full(256, -1, np.int64)
_LETTER[list(string.ascii_uppercase.encode())] = np.arange(1, 27)
_LETTER[list(string.ascii_lowercase.encode())] = np.arange(1, 27)
_DIGIT: Final = np.full(256, -1, np.int64)
_DIGIT[list(string.digits.encode())] = np.arange(10)
_OPENS: Final = np.arange(256) == ord("<")
_ROW_DIGITS: Final = 7
_STRING_DIGITS: Final = 9
# Bytes looked at behind a position; so many are put behind the end.
_AHEAD: Final = 16


class Cells(NamedTuple):
    """Cells of consecutive rows.

    Attributes:
        numbers: Number of each row, from 1, ascending.
        hidden: Which rows are hidden.
        start, end: Where each cell's XML stands in the piece.
        row, column: Place of each cell, from 1.
        kind: NUMBER, SHARED, TEXT …
        present: Which cells have something in them, be it an empty text.
        formula: Which cells have a formula.
    """

    numbers: Positions
    hidden: _Mask
    start: Positions
    end: Positions
    row: Positions
    column: Positions
    kind: _Bytes
    present: _Mask
    formula: _Mask


def find(name: str, piece: bytes, before: int) -> Cells:
    """Find the cells of whole rows.

    Args:
        name: Of the file, for errors.
        piece: XML of whole rows without prefixes.
        before: Number of the row before them.

    Raises:
        UnreadableFileError: damaged, with comments and the like, or rows or cells do not ascend.
    """
    tags = _Tags(name, piece)
    if not (tags.nests(b"row") and tags.nests(b"c")):
        raise damaged(name, "its rows or cells are not closed")
    row_tags, cell_tags = np.flatnonzero(tags.named(b"row")), np.flatnonzero(tags.named(b"c"))
    numbers = _row_numbers(name, tags, row_tags, before)
    of_row = np.searchsorted(row_tags, cell_tags) - 1
    if len(cell_tags) and of_row[0] < 0:
        raise damaged(name, "a cell stands in no row")
    row = numbers[of_row]
    column = _columns(name, tags, cell_tags, row)
    if len(row) and (
        column.max() > MOST_COLUMNS or bool(((np.diff(column) <= 0) & (np.diff(row) == 0)).any())
    ):
        raise damaged(name, "its cells are out of order")
    kind = _kinds(tags, cell_tags)
    _require_one_content(name, tags, cell_tags)
    present = _present(tags, cell_tags, kind)
    _require_numbers(name, piece, tags, cell_tags[present & (kind == SHARED)])
    following = np.append(tags.start[cell_tags], len(piece))[1:]
    return Cells(
        numbers,
        _hidden(piece, tags, row_tags),
        tags.start[cell_tags],
        following,
        row,
        column,
        kind,
        present,
        tags.held_by(cell_tags, tags.named(b"f")),
    )


def openings(name: str, piece: bytes, element: bytes) -> Positions:
    """Where in a piece of XML without prefixes an element opens.

    Raises:
        UnreadableFileError: one opens before the last one is closed; comments and the like.
    """
    tags = _Tags(name, piece)
    if not tags.nests(element):
        raise damaged(name, "its texts are not closed")
    return tags.start[tags.named(element)]


class _Tags:
    """The opening tags of a piece of XML; positions into its bytes.

    Attributes:
        bytes: The piece, with some more behind its end.
        start, end: Of each tag, at "<" and at ">".
    """

    def __init__(self, name: str, piece: bytes) -> None:
        self.bytes: _Bytes = np.frombuffer(piece + b"\0" * _AHEAD, np.uint8)
        every = np.flatnonzero(self.bytes == ord("<"))
        ends = _ends(every, np.append(np.flatnonzero(self.bytes == ord(">")), len(piece)))
        first = self.bytes[every + 1]
        # Comments, CDATA and instructions are treated differently by different readers.
        if bool(((first == ord("!")) | (first == ord("?"))).any()):
            raise damaged(name, "a part is not written as Excel writes it")
        opening = first != ord("/")
        self.start: Positions = every[opening]
        self.end: Positions = ends[opening]
        self._closing = every[~opening]

    @cached_property
    def _attributes(self) -> tuple[Positions, Positions]:
        """The "=" behind each attribute with a name of one letter, and the tag it belongs to."""
        equals = np.flatnonzero(self.bytes == ord("="))
        equals = equals[_IS_BLANK[self.bytes[equals - 2]] & _QUOTES[self.bytes[equals + 1]] & (equals > 1)]
        tag = np.searchsorted(self.start, equals) - 1
        inside = (tag >= 0) & (equals < self.end[tag]) if len(self.start) else np.zeros(len(tag), bool)
        return equals[inside], tag[inside]

    def named(self, element: bytes) -> _Mask:
        """Which tags open this element."""
        return _spelt(self.bytes, self.start + 1, element)

    def nests(self, element: bytes) -> bool:
        """Whether every one of these elements is closed before the next one opens."""
        opens = self.start[self.named(element) & (self.bytes[self.end - 1] != ord("/"))]
        closes = self._closing[_spelt(self.bytes, self._closing + 2, element)]
        if len(opens) != len(closes):
            return False
        return bool((opens < closes).all() and (closes[:-1] < opens[1:]).all())

    def attribute(self, letter: bytes, tags: Positions) -> Positions:
        """For each tag the position of the value of an attribute with a name of one letter; -1 without."""
        equals, tag = self._attributes
        found = self.bytes[equals - 1] == ord(letter)
        values = np.full(len(self.start), -1, np.int64)
        values[tag[found]] = equals[found] + 2
        return values[tags]

    def held_by(self, holders: Positions, found: _Mask) -> _Mask:
        """Which of the holders have a tag of these before the next holder."""
        owner = np.searchsorted(holders, np.flatnonzero(found), side="right") - 1
        held = np.zeros(len(holders), bool)
        held[owner[owner >= 0]] = True
        return held


def _spelt(text: _Bytes, at: Positions, element: bytes) -> _Mask:
    """Where the name of this element, and no longer one, stands."""
    found: _Mask = text[at] == element[0]
    places = np.flatnonzero(found)
    right = _STOPS[text[at[places] + len(element)]]
    for place, letter in enumerate(element[1:], 1):
        right &= text[at[places] + place] == letter
    found[places] = right
    return found


def _ends(starts: Positions, ends: Positions) -> Positions:
    """The first of the ends behind each start."""
    if len(ends) == len(starts) + 1 and bool(
        ((starts < ends[:-1]) & (ends[:-1] < np.append(starts[1:], ends[-1]))).all()
    ):
        return ends[:-1]
    return ends[np.searchsorted(ends, starts)]


def _digits(text: _Bytes, at: Positions, most: int, stops: _Mask) -> Positions:
    """The number written from each position on; -1 unless it has 1 to `most` digits and then one of the stops."""
    number, end = np.zeros(len(at), np.int64), at.copy()
    for _ in range(most):
        digit = _DIGIT[text[end]]
        more = digit >= 0
        if not more.any():
            break
        number[more] = number[more] * 10 + digit[more]
        end += more
    number[(end == at) | ~stops[text[end]]] = -1
    return number


def _row_numbers(name: str, tags: _Tags, row_tags: Positions, before: int) -> Positions:
    at = tags.attribute(b"r", row_tags)
    told = at >= 0
    numbers = _digits(tags.bytes, at[told], _ROW_DIGITS, _QUOTES)
    if bool((numbers < 1).any()):
        raise damaged(name, "a row has no number")
    if not told.all():
        numbers = np.fromiter(_counted(numbers.tolist(), told.tolist(), before), np.int64, len(at))
    if len(numbers) and (
        numbers[0] <= before or numbers[-1] > MOST_ROWS or bool((np.diff(numbers) <= 0).any())
    ):
        raise damaged(name, "its rows are out of order")
    return numbers


def _counted(numbers: list[int], told: list[bool], before: int) -> Iterator[int]:
    """A row without a number follows the one before it."""
    given = iter(numbers)
    for known in told:
        before = next(given) if known else before + 1
        yield before


def _columns(name: str, tags: _Tags, cell_tags: Positions, row: Positions) -> Positions:
    at = tags.attribute(b"r", cell_tags)
    untold = at < 0
    if bool(((np.diff(row) == 0) & (np.diff(untold))).any()):
        raise damaged(name, "a cell has no place")
    column = np.zeros(len(at), np.int64)
    for _ in range(3):
        letter = _LETTER[tags.bytes[at]]
        more = letter > 0
        column[more] = column[more] * 26 + letter[more]
        at = at + more
    number = _digits(tags.bytes, at, _ROW_DIGITS, _QUOTES)
    if bool((((column < 1) | (number != row)) & ~untold).any()):
        raise damaged(name, "a cell has a false place")
    return np.where(untold, _by_order(row), column) if untold.any() else column


def _by_order(row: Positions) -> Positions:
    """Cells without references stand one behind the other from column A."""
    first = np.flatnonzero(np.diff(row, prepend=-1))
    lengths = np.diff(np.append(first, len(row)))
    return np.arange(len(row)) - np.repeat(first, lengths) + 1


def _kinds(tags: _Tags, cell_tags: Positions) -> _Bytes:
    at = tags.attribute(b"t", cell_tags)
    kind = np.where(at < 0, np.uint8(NUMBER), tags.bytes[at])
    kind[(at >= 0) & (kind == SHARED) & (tags.bytes[at + 1] == ord("t"))] = TEXT
    return kind


def _present(tags: _Tags, cell_tags: Positions, kind: _Bytes) -> _Mask:
    value = tags.named(b"v")
    filled = value & (tags.bytes[tags.end - 1] != ord("/")) & (tags.bytes[tags.end + 1] != ord("<"))
    by_value = tags.held_by(cell_tags, filled) & (kind != INLINE)
    empty_text = tags.held_by(cell_tags, value) & ((kind == TEXT) | (kind == DATE))
    present: _Mask = by_value | empty_text | tags.held_by(cell_tags, tags.named(b"is"))
    return present


def _require_one_content(name: str, tags: _Tags, cell_tags: Positions) -> None:
    """Of a cell with two values, or one before its formula, readers take different ones."""
    content = np.flatnonzero(tags.named(b"v") | tags.named(b"is"))
    owner = np.searchsorted(cell_tags, content, side="right")
    formula = np.flatnonzero(tags.named(b"f"))
    behind_its_cell = np.isin(formula - 1, cell_tags, assume_unique=True)
    if bool((np.diff(owner) == 0).any()) or not behind_its_cell.all():
        raise damaged(name, "a cell holds two values")


def _require_numbers(name: str, piece: bytes, tags: _Tags, shared: Positions) -> None:
    """A cell that points to a shared string holds its number and nothing else: a wrong one is another's text."""
    value = shared + 1
    if len(value) and (value[-1] >= len(tags.start) or not tags.named(b"v")[value].all()):
        raise damaged(name, "a cell points to no text")
    number = _digits(tags.bytes, tags.end[value] + 1, _STRING_DIGITS, _OPENS)
    adjacent = tags.start[value] == tags.end[shared] + 1
    for cell in np.flatnonzero((number < 0) | ~adjacent).tolist():
        between = piece[tags.end[shared[cell]] + 1 : tags.start[value[cell]]]
        if between.strip() or not _INDEX.match(piece, tags.start[value[cell]]):
            raise damaged(name, "a cell points to no text")


def _hidden(piece: bytes, tags: _Tags, row_tags: Positions) -> _Mask:
    hidden = np.zeros(len(row_tags), bool)
    for found in _HIDDEN.finditer(piece) if b"hidden" in piece else ():
        tag = int(np.searchsorted(tags.start, found.start())) - 1
        at = int(np.searchsorted(row_tags, tag))
        if at < len(row_tags) and row_tags[at] == tag and found.start() < tags.end[tag]:
            hidden[at] = True
    return hidden


def column_number(letters: str) -> int:
    """The number, from 1, of a column.

    Examples:
        >>> column_number("A"), column_number("AA")
        (1, 27)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def column_letters(number: int) -> str:
    """The letters of a column, counted from 1.

    Examples:
        >>> column_letters(1), column_letters(27), column_letters(16_384)
        ('A', 'AA', 'XFD')
    """
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def content(cell: bytes) -> str | None:
    """What stands between <v> and </v> in the XML of a cell; null when nothing does."""
    found = _VALUE.search(cell)
    return html.unescape(found[1].decode("utf-8", "replace")).strip() if found else None


def string_numbers(name: str, piece: bytes, some: Cells, count: int) -> Positions:
    """Which shared string each cell that points to one shows.

    Raises:
        UnreadableFileError: it points to none.
    """
    shared = np.flatnonzero(some.present & (some.kind == SHARED)).tolist()
    told = (_INDEX.search(piece, some.start[cell], some.end[cell]) for cell in shared)
    numbers = np.fromiter((int(found[1]) if found else -1 for found in told), np.int64, len(shared))
    if bool(((numbers < 0) | (numbers >= count)).any()):
        raise damaged(name, "a cell points to no text")
    return numbers
