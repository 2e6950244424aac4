"""The rows of a sheet as XML → the same without some rows and with other cells; each kept row is its own XML.

Only numbers of rows change in the rest: formats, heights, hidden rows, phonetic guides and the last digit of a number
stay. A new text is written into the cell itself, under the format the cell has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

import numpy as np

from optout.batch.workbook_cells import Cells, column_letters, column_number, find
from optout.batch.workbook_sheet import Area
from optout.holdings.workbook.places import Shift

# Row → column (both from 1, of the sheet) → new text; null blanks.
SheetCells: TypeAlias = Mapping[int, Mapping[int, "str | None"]]

# Row and column of a cell whose row goes → of the one that takes its value.
Heirs: TypeAlias = Mapping[tuple[int, int], tuple[int, int]]

_ROW: Final = re.compile(rb"<row\b([^>]*?)(?:/>|>(.*?)</row\s*>)", re.DOTALL)
_ROW_NUMBER: Final = re.compile(rb"""(\sr\s*=\s*["'])([0-9]+)""")
_CELL: Final = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c\s*>)", re.DOTALL)
_PLACE: Final = re.compile(rb"""(<c\b[^>]*?\sr\s*=\s*["'][A-Za-z]+)[0-9]+""")
_REFERENCE: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)[0-9]+["']""")
_STYLE: Final = re.compile(rb"""\ss\s*=\s*["']([0-9]+)["']""")
_ELEMENT: Final = re.compile(rb"<(/?)(?=[A-Za-z_][\w.\-]*[\s/>])")
# What XML cannot hold; and what Excel would take for an escaped character.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class RowChange:
    """Takes a sheet's rows piece by piece, in order, and gives them back changed.

    Args:
        name: Of the file, for errors.
        shift: Rows that go.
        cells: Cells that change.
        heirs: From `heirs`: cells whose values move.
        prefix: What the part puts before its elements.
    """

    def __init__(self, name: str, shift: Shift, cells: SheetCells, heirs: Heirs, prefix: bytes) -> None:
        self._name, self._shift, self._cells, self._prefix = name, shift, cells, prefix
        self._heirs = heirs
        self._takers = {(row, column): place for place, (row, column) in self._heirs.items()}
        self._held: dict[tuple[int, int], bytes] = {}
        self._rows_touched = {row for row, _ in (*self._heirs, *self._takers)} | set(cells)
        self._first = min([*shift.gone[:1].tolist(), *self._rows_touched], default=1 << 30)
        self._last = 0

    def changed(self, piece: bytes) -> bytes:
        """The rows of a piece without prefixes, as they are to be written, with them."""
        numbers = find(self._name, piece, self._last).numbers
        if not len(numbers):
            return self._prefixed(piece)
        before, self._last = self._last, int(numbers[-1])
        if self._last < self._first:
            return self._prefixed(piece)
        written, at, number = [], 0, before
        for found in _ROW.finditer(piece):
            told = _ROW_NUMBER.search(found[1])
            number = int(told[2]) if told else number + 1
            written += [piece[at : found.start()], self._row(number, found)]
            at = found.end()
        return self._prefixed(b"".join([*written, piece[at:]]))

    def _row(self, number: int, found: re.Match[bytes]) -> bytes:
        content = found[2] or b""
        if number in self._rows_touched:
            content = self._edited(number, content)
        if self._shift.goes(number):
            return b""
        place = b"%d" % self._shift.row(number)
        attributes, told = _ROW_NUMBER.subn(lambda match: match[1] + place, found[1], count=1)
        attributes = attributes if told else b' r="%s"%s' % (place, attributes)
        return b"<row%s>%s</row>" % (attributes, _PLACE.sub(lambda match: match[1] + place, content))

    def _edited(self, number: int, content: bytes) -> bytes:
        cells = _by_column(number, content)
        for (row, column), heir in self._heirs.items():
            if row == number and column in cells:
                self._held[heir] = cells[column]
        edits = self._cells.get(number, {})
        for column, text in edits.items():
            if column in cells or text:
                cells[column] = written_cell(number, column, cells.get(column, b""), text)
        for row, column in self._takers:
            if row == number and (row, column) in self._held:
                cells[column] = self._held[row, column]
        return b"".join(cells[column] for column in sorted(cells))

    def _prefixed(self, piece: bytes) -> bytes:
        return _ELEMENT.sub(rb"<\1" + self._prefix, piece) if self._prefix else piece


def with_prefix(piece: bytes, prefix: bytes) -> bytes:
    """XML without prefixes, with one before each element."""
    return _ELEMENT.sub(rb"<\1" + prefix, piece) if prefix else piece


def written_cell(row: int, column: int, old: bytes, text: str | None) -> bytes:
    """The XML of a cell with another text, or none, under the format it had."""
    style = _STYLE.search(old[: old.find(b">") + 1])
    attributes = b' r="%s%d"' % (column_letters(column).encode(), row)
    attributes += b' s="%s"' % style[1] if style else b""
    if not text:
        return b"<c%s/>" % attributes
    content = escape(_ESCAPED.sub("_x005F_", text)).replace("\r", "_x000D_")
    return b'<c%s t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>' % (attributes, content.encode())


def holdable(text: str) -> bool:
    """Whether a cell of a workbook can hold a text."""
    return len(text) <= 32_767 and not _FORBIDDEN.search(text)


def _by_column(number: int, content: bytes) -> dict[int, bytes]:
    """Column → XML of each cell; a cell without a reference is given one."""
    cells: dict[int, bytes] = {}
    for order, found in enumerate(_CELL.finditer(content), 1):
        told = _REFERENCE.search(found[1])
        if told:
            cells[column_number(told[1].decode())] = found[0]
        else:
            cells[order] = b'<c r="%s%d"%s' % (column_letters(order).encode(), number, found[0][2:])
    return cells


def heirs(shift: Shift, areas: Sequence[Area], cells: Iterable[Cells]) -> Heirs:
    """Of merged areas: cell of a row that goes → cell of the first row that stays, unless it has a value of its own.

    Args:
        shift: Rows that go.
        areas: The merged areas.
        cells: All cells of the sheet.
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for area in areas:
        if shift.goes(area.top):
            stay = next((row for row in range(area.top, area.bottom + 1) if not shift.goes(row)), None)
            if stay is not None:
                found[area.top, area.left] = (stay, area.left)
    if not found:
        return found
    wanted, taken = set(found.values()), set[tuple[int, int]]()
    for some in cells:
        here = some.present & np.isin(some.row, [row for row, _ in wanted])
        taken |= wanted.intersection(zip(some.row[here].tolist(), some.column[here].tolist(), strict=True))
    return {cell: heir for cell, heir in found.items() if heir not in taken}
