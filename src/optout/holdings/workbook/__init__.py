"""A workbook that is held: rows go as when Excel deletes rows, cells change under the format they have.

Only the parts that must change are written anew: the sheet, its tables, drawings and links, the defined names, and the
shared texts that no cell shows any more, which would keep the person. All other parts keep their content.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.batch import encoding as encodings
from optout.batch import workbook_cells
from optout.batch.heading import Columns
from optout.batch.source import Source
from optout.batch.staged import StagedFile
from optout.batch.workbook import WorkbookSource
from optout.batch.workbook_guard import refuse_unless_workbook
from optout.batch.workbook_parts import STRINGS, WORKBOOK, contents, prefix_of, string_pieces, string_sizes
from optout.batch.workbook_sheet import cells, facts, pieces
from optout.batch.workbook_zip import Package
from optout.errors import CellRefusedError, ConservationError, EmptyBatchError, UnreadableFileError
from optout.holdings.held import Cells, Edits, NoRows, require_columns, require_rows
from optout.holdings.workbook.around import Around
from optout.holdings.workbook.places import Shift
from optout.holdings.workbook.refusals import require_editable
from optout.holdings.workbook.relations import related
from optout.holdings.workbook.rows import RowChange, SheetCells, heirs, holdable, with_prefix

_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STRING: Final = re.compile(rb"<si\b[^>]*?(?:/>|>.*?</si\s*>)", re.DOTALL)
_THUMBNAIL: Final = re.compile(rb"""<Relationship\b[^>]*?/thumbnail["'][^>]*?/>""")
_PACKAGE_RELATIONS: Final = "_rels/.rels"
_PREVIEW: Final = "docprops/thumbnail"  # a picture of the first rows
_TAKE_APART: Final = "Take the merged cells apart (セル結合の解除), save it, and make a new plan."
_LARGE: Final = 1 << 31


class WorkbookChange:
    """Edits of a sheet, checked and ready to be written.

    Args:
        source: The sheet as it was read.
        edits: What to change.
        columns: As they were given when it was read.

    Raises:
        ConservationError: a row does not exist.
        UnknownColumnError: a column does not exist.
        CellRefusedError: a cell cannot hold the new text, or belongs to several rows.
        UnreadableFileError: the workbook cannot be changed without harm; says why.
    """

    def __init__(self, source: WorkbookSource, edits: Edits, columns: Columns) -> None:
        self._source, self._columns, self._edits = source, columns, edits
        self._package = refuse_unless_workbook(source.path)
        self._inside, self._part = contents(self._package), source.layout.part
        self._related = related(self._package, self._part)
        require_editable(self._package, self._inside, source.sheet, self._part, self._related)
        found = edits.cells
        require_columns(found, source.columns)
        require_rows([*edits.gone.tolist(), *found], len(source.sheet_rows))
        self._facts = facts(self._package, self._part)
        self._shift = Shift(source.sheet_rows[edits.gone])
        every = (some for _, some in cells(self._package, self._part))
        self._heirs = heirs(self._shift, self._facts.areas, every)
        self._require_heirs()
        self._cells = self._on_sheet(found)
        self._texts = _with(source.frame, found).filter(~_rows(source.frame.height, edits.gone))

    def write(self, expected: str) -> Callable[[StagedFile], str]:
        """What fills the new file; it returns the hash of it."""
        del expected  # the protocol hashes the old file again after this
        return self._write

    def reopened(self, new: Path) -> Source:
        """The new file, found to hold exactly the other rows, and the new cells.

        Raises:
            ConservationError: it does not.
        """
        try:
            source = WorkbookSource(new, self._source.sheet, self._columns)
        except EmptyBatchError:
            if self._texts.height:
                raise ConservationError(self._texts.height, 0) from None
            return NoRows(self._source)
        old, found = self._texts.rows(), source.frame.rows()
        if old != found:
            raise ConservationError(
                len(old), sum(one == other for one, other in zip(old, found, strict=False))
            )
        source.name = self._source.name
        return source

    def _require_heirs(self) -> None:
        """A merged value whose row goes needs a cell to move to; one with a hidden value of its own is none."""
        for area in self._facts.areas:
            left = self._shift.rows(area.top, area.bottom)
            lost = self._shift.goes(area.top) and (area.top, area.left) not in self._heirs
            if lost and left and left[1] > left[0]:
                why = f"has merged cells with further values under them (rows {area.top} to {area.bottom})"
                raise UnreadableFileError(self._source.name, why, _TAKE_APART)

    def _on_sheet(self, found: Cells) -> SheetCells:
        """Edits by row and column of the sheet; merged cells belong to all the rows they cover."""
        rows, left = self._source.sheet_rows, self._facts.left
        placed = {
            int(rows[row]): {left + column: text for column, text in of_row.items()}
            for row, of_row in found.items()
        }
        for row, of_row in found.items():
            for column, text in of_row.items():
                self._require_free(int(rows[row]), left + column, column, text)
        return placed

    def _require_free(self, row: int, column: int, position: int, text: str | None) -> None:
        name, header = self._source.name, (self._source.columns[position],)
        if text and not holdable(text):
            why = "cannot hold control characters or more than 32,767 characters"
            raise CellRefusedError(name, header, why, "Give a shorter text in plain characters.")
        for area in self._facts.areas:
            inside = area.top <= row <= area.bottom and area.left <= column <= area.right
            if inside and (area.bottom > area.top or (text and column != area.left)):
                why = "are merged with cells of other rows or columns"
                raise CellRefusedError(name, header, why, _TAKE_APART)

    def _write(self, staged: StagedFile) -> str:
        around = Around(self._source.sheet, self._shift, self._blanked(), self._left())
        orphans = self._orphans()
        with staged.lent(), zipfile.ZipFile(staged.temp, "w") as archive:
            # The sheet first: what it points to depends on what stays in it.
            order = sorted(
                self._package.parts,
                key=lambda part: (part != self._part, self._package.parts[part].header_offset),
            )
            links = {one.id for one in self._related.every if one.kind == "hyperlink"}
            for part in order:
                if not part.startswith(_PREVIEW):
                    self._copy(archive, part, self._content(part, around, orphans, links))
        staged.close()
        return encodings.sha256(staged.temp)

    def _copy(self, archive: zipfile.ZipFile, part: str, content: Iterator[bytes]) -> None:
        old = self._package.parts[part]
        entry = zipfile.ZipInfo(old.filename, old.date_time)
        entry.compress_type, entry.external_attr = old.compress_type, old.external_attr
        entry.create_system = old.create_system
        with archive.open(entry, "w", force_zip64=old.file_size > _LARGE) as file:
            for piece in content:
                file.write(piece)

    def _content(
        self, part: str, around: Around, orphans: npt.NDArray[np.bool_], links: set[str]
    ) -> Iterator[bytes]:
        if part == self._part:
            return self._sheet(around)
        if part == STRINGS and orphans.any():
            return _strings(self._package, orphans)
        if part == _PACKAGE_RELATIONS:
            return iter([_THUMBNAIL.sub(b"", self._whole(part))])
        changes: dict[str, Callable[[str], str]] = {
            WORKBOOK: around.workbook,
            self._related.part: lambda text: around.relations(text, links),
            **dict.fromkeys(self._related.parts("table"), around.table),
            **dict.fromkeys(self._related.parts("drawing"), around.drawing),
            **dict.fromkeys(self._related.parts("comments"), around.comments),
            **dict.fromkeys(self._related.parts("vmlDrawing"), around.notes),
        }
        if part in changes:
            return iter([changes[part](self._whole(part).decode()).encode()])
        return self._raw(part)

    def _raw(self, part: str) -> Iterator[bytes]:
        """A part of any kind as it is, checked against its checksum."""
        with zipfile.ZipFile(self._package.path) as archive, archive.open(self._package.parts[part]) as file:
            while piece := file.read(1 << 20):
                yield piece

    def _whole(self, part: str) -> bytes:
        return b"".join(self._raw(part))

    def _sheet(self, around: Around) -> Iterator[bytes]:
        rows, tail = None, list[bytes]()
        for piece in pieces(self._package, self._part):
            if piece.kind == "head":
                prefix = prefix_of(piece.text, rb"worksheet")
                rows = RowChange(self._source.name, self._shift, self._cells, self._heirs, prefix)
                yield around.head(piece.text.decode()).encode()
            elif piece.kind == "rows" and rows is not None:
                yield rows.changed(piece.text)
            else:
                tail.append(piece.text)
        yield around.tail(b"".join(tail).decode()).encode()

    def _blanked(self) -> set[tuple[int, int]]:
        return {(row, column) for row, of_row in self._cells.items() for column in of_row}

    def _left(self) -> dict[int, set[str]]:
        """Column of the sheet → texts that no row holds any more."""
        before, left = self._source.frame, self._facts.left
        found = {}
        for place, name in enumerate(before.columns):
            gone = set(before[name].unique().to_list()) - set(self._texts[name].unique().to_list())
            found[left + place] = {text for text in gone if text}
        return found

    def _orphans(self) -> npt.NDArray[np.bool_]:
        """Shared texts that some cell showed and none does any more."""
        count = len(string_sizes(self._package))
        shown, hidden = np.zeros(count, bool), np.zeros(count, bool)
        for sheet in self._inside.sheets:
            for piece, some in cells(self._package, sheet.part):
                numbers = workbook_cells.string_numbers(self._package.name, piece, some, count)
                goes = self._goes(some) if sheet.part == self._part else np.zeros(len(numbers), bool)
                hidden[numbers[goes]] = True
                shown[numbers[~goes]] = True
        return hidden & ~shown

    def _goes(self, some: workbook_cells.Cells) -> npt.NDArray[np.bool_]:
        """Of the cells that show a shared text, those that go."""
        shared = some.present & (some.kind == workbook_cells.SHARED)
        row, column = some.row[shared], some.column[shared]
        goes: npt.NDArray[np.bool_] = np.isin(row, self._shift.gone)
        for number, of_row in self._cells.items():
            goes |= (row == number) & np.isin(column, list(of_row))
        for top, left in self._heirs:
            goes &= ~((row == top) & (column == left))
        return goes


def require_changeable(source: WorkbookSource) -> None:
    """Raise UnreadableFileError when the workbook cannot be changed without harm."""
    package = refuse_unless_workbook(source.path)
    part = source.layout.part
    require_editable(package, contents(package), source.sheet, part, related(package, part))


def _strings(package: Package, orphans: npt.NDArray[np.bool_]) -> Iterator[bytes]:
    """The shared texts, those that nothing shows any more empty: the others keep their numbers."""
    prefix = prefix_of(b"".join(package.chunks(STRINGS))[:4096], rb"sst")
    number = -1

    def emptied(found: re.Match[bytes]) -> bytes:
        nonlocal number
        number += 1
        return b"<si><t/></si>" if orphans[number] else found[0]

    yield _DECLARATION
    for piece in string_pieces(package):
        yield with_prefix(_STRING.sub(emptied, piece), prefix)


def _rows(height: int, rows: npt.NDArray[np.int64]) -> pl.Series:
    mask = np.zeros(height, bool)
    mask[rows] = True
    return pl.Series(mask)


def _with(frame: pl.DataFrame, cells: Cells) -> pl.DataFrame:
    """A frame of texts with other cells."""
    by_column: dict[int, dict[int, str]] = {}
    for row, of_row in cells.items():
        for column, text in of_row.items():
            by_column.setdefault(column, {})[row] = text or ""
    changed = [
        frame.to_series(column).scatter(list(texts), list(texts.values()))
        for column, texts in by_column.items()
    ]
    return frame.with_columns(changed)
