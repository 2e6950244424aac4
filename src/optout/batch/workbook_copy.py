"""Rows of a sheet and verdicts → one workbook per verdict; every row keeps its own XML.

Titles, header, the rows' own formats, widths, hidden rows and columns and phonetic guides stay as they are, down to
the last digit; only row numbers and the numbers of shared strings change, and formulas give way to the result that
is stored beside them. What stands elsewhere was not screened and is left out: other sheets, comments, drawings,
pivot tables, links, texts of other rows. The same rows give the same bytes: no clock, no randomness.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeAlias
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt

from optout.batch.workbook import WorkbookSource
from optout.batch.workbook_cells import column_letters, column_number
from optout.batch.workbook_guard import refuse_unless_workbook
from optout.batch.workbook_list import Layout
from optout.batch.workbook_parts import STRINGS, STYLES, contents, plain, prefix_of, string_pieces
from optout.batch.workbook_sheet import Piece, pieces
from optout.batch.workbook_zip import Package
from optout.errors import ConservationError

_Match: TypeAlias = re.Match[bytes]

_ROW: Final = re.compile(rb"<row\b([^>]*?)(?:/>|>(.*?)</row\s*>)", re.DOTALL)
_ROW_NUMBER: Final = re.compile(rb"""(\sr\s*=\s*["'])([0-9]+)""")
_CELL: Final = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c\s*>)", re.DOTALL)
# Most cells; the patterns below it are for those that are written in other words.
_PLAIN: Final = re.compile(
    rb"""<c r="([A-Z]+)[0-9]+"((?: s="[0-9]+")?)(?: t="s"><v>([0-9]+)<|(?= t="(?!s")|/?>))"""
)
_PLACE: Final = re.compile(rb"""(<c\b[^>]*?\sr\s*=\s*["'][A-Za-z]+)[0-9]+""")
_REFERENCE: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)[0-9]+["']""")
_SHARED: Final = re.compile(rb"""(\st\s*=\s*["']s["'][^>]*>\s*<v\b[^>]*>)\s*([0-9]+)""")
_FORMULA: Final = re.compile(rb"<f\b[^>]*?(?:/>|>.*?</f\s*>)", re.DOTALL)
# They point into parts that are left out (data types, dynamic arrays).
_METADATA: Final = re.compile(rb"""(<c\b[^>]*?)\s[cv]m\s*=\s*["'][0-9]*["']""")
_STRING: Final = re.compile(rb"<si\b[^>]*?(?:/>|>.*?</si\s*>)", re.DOTALL)
_COMMENT: Final = re.compile(rb"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_NAMESPACE: Final = re.compile(rb"""\s(xmlns:[\w.\-]+|mc:Ignorable)\s*=\s*("[^"]*"|'[^']*')""")
# What stands before the rows and says how they look, in the order it must have.
_LOOKS: Final = (
    re.compile(rb"<sheetViews\b.*?</sheetViews\s*>", re.DOTALL),
    re.compile(rb"<sheetFormatPr\b[^>]*?(?:/>|>.*?</sheetFormatPr\s*>)", re.DOTALL),
    re.compile(rb"<cols\b.*?</cols\s*>", re.DOTALL),
)

_MAIN: Final = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT: Final = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_KINDS: Final = {
    _MAIN: "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    _STRICT: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SPREADSHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WORKBOOK: Final = "xl/workbook.xml"
_SHEET: Final = "xl/worksheets/sheet1.xml"
_STRINGS: Final = "xl/sharedStrings.xml"
_STYLES: Final = "xl/styles.xml"
_THEME: Final = "xl/theme/theme1.xml"
# Date of every part: the first a ZIP file can tell.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
_AT_ONCE: Final = 10_000
_LARGE: Final = 1 << 31


def split_workbook(
    source: WorkbookSource, codes: npt.NDArray[np.integer], targets: Mapping[int, Path]
) -> dict[int, int]:
    """Write the rows of a workbook by verdict.

    Args:
        source: The workbook; it is read again.
        codes: One number per parsed row, input order.
        targets: Number → file to write; existing files are overwritten.

    Returns:
        Number → rows written below the header, for each of the targets.

    Raises:
        ConservationError: not one target per row.
        UnreadableFileError: the workbook is not what it was.
        OSError: a file cannot be written; the files are incomplete.
    """
    if len(codes) != len(source.sheet_rows) or not np.isin(codes, list(targets)).all():
        raise ConservationError(len(source.sheet_rows), int(np.isin(codes, list(targets)).sum()))
    package = refuse_unless_workbook(source.path)
    strings = _Strings(package)
    with ExitStack() as stack:
        parts = _unchanging(package, source)
        large = any(info.file_size > _LARGE for info in package.parts.values())
        written = {code: _Target(stack, path, parts, source.layout, large) for code, path in targets.items()}
        rows = _Rows(source, codes, written)
        for piece in pieces(package, source.layout.part):
            rows.add(piece)
        for target in written.values():
            target.finish(strings)
    counted = {code: target.rows for code, target in written.items()}
    if sum(counted.values()) != len(codes):
        raise ConservationError(len(codes), sum(counted.values()))
    return counted


class _Strings:
    """The shared strings as they are written, and what stands before them."""

    def __init__(self, package: Package) -> None:
        self.head, self.found = b"", list[bytes]()
        for piece in string_pieces(package) if STRINGS in package else ():
            self.head = self.head or piece
            self.found += _STRING.findall(piece)


class _Target:
    """One workbook being written.

    Attributes:
        rows: Rows below the header.
    """

    def __init__(
        self, stack: ExitStack, path: Path, parts: Mapping[str, bytes], layout: Layout, large: bool
    ) -> None:
        self._zip = stack.enter_context(zipfile.ZipFile(path, "w"))
        for part, content in parts.items():
            self._zip.writestr(_entry(part), content)
        self._sheet = stack.enter_context(self._zip.open(_entry(_SHEET), "w", force_zip64=large))
        self._layout, self._large, self.rows = layout, large, 0
        self._strings: dict[bytes, bytes] = {}
        self._main, self._place = _MAIN, b""

    def begin(self, head: bytes, main: bytes) -> None:
        """Write what stands before the rows."""
        self._main = main
        looks = [found[0] for found in (look.search(head) for look in _LOOKS) if found]
        self._sheet.write(b"".join([_DECLARATION, _root(b"worksheet", head, main), *looks, b"<sheetData>"]))

    def add(self, attributes: bytes, content: bytes, number: int | None) -> bytes:
        """A row for this workbook, as it was (`number`) or behind the last one."""
        if number is None:
            number = self._layout.first + self.rows
            self.rows += 1
        self._place = b"%d" % number
        attributes, told = _ROW_NUMBER.subn(self._placed, attributes, count=1)
        attributes = attributes if told else b' r="%s"%s' % (self._place, attributes)
        cells, found = _PLAIN.subn(self._moved, content)
        if found != content.count(b"<c"):
            cells = _SHARED.sub(self._renumbered, _PLACE.sub(self._placed, content))
        return b"<row%s>%s</row>" % (attributes, cells)

    def write(self, rows: list[bytes]) -> None:
        """Append rows."""
        self._sheet.write(b"".join(rows))

    def finish(self, strings: _Strings) -> None:
        """Write what stands behind the rows, and the texts they point to."""
        self._sheet.write(b"</sheetData>%s</worksheet>" % _merged(self._layout))
        self._sheet.close()
        with self._zip.open(_entry(_STRINGS), "w", force_zip64=self._large) as part:
            part.write(_DECLARATION + _root(b"sst", strings.head, self._main))
            used = [strings.found[int(number)] for number in self._strings]
            for first in range(0, len(used), _AT_ONCE):
                part.write(b"".join(used[first : first + _AT_ONCE]))
            part.write(b"</sst>")

    def _moved(self, found: _Match) -> bytes:
        """A cell as Excel writes it, in its new row."""
        letters, rest, number = found.groups()
        if number is None:
            return b'<c r="%s%s"%s' % (letters, self._place, rest)
        return b'<c r="%s%s"%s t="s"><v>%s<' % (letters, self._place, rest, self._string(number))

    def _placed(self, found: _Match) -> bytes:
        return found[1] + self._place

    def _renumbered(self, found: _Match) -> bytes:
        return found[1] + self._string(found[2])

    def _string(self, number: bytes) -> bytes:
        """Number of a shared string in this workbook."""
        known = self._strings.get(number)
        if known is None:
            known = self._strings[number] = b"%d" % len(self._strings)
        return known


class _Rows:
    """Hands every row of the sheet to the workbook it belongs to."""

    def __init__(
        self, source: WorkbookSource, codes: npt.NDArray[np.integer], targets: Mapping[int, _Target]
    ) -> None:
        self._name, self._targets, self._first = source.name, targets, source.layout.first
        self._owner = dict(zip(source.sheet_rows.tolist(), codes.tolist(), strict=True))
        self._fills, self._sources = _by_row(source.layout.fills)
        self._held: dict[tuple[int, int], bytes] = {}
        self._last = 0

    def add(self, piece: Piece) -> None:
        if piece.kind == "head":
            head = _COMMENT.sub(b"", piece.text)
            head = plain(head, prefix_of(head, rb"worksheet"))
            for target in self._targets.values():
                target.begin(head, _STRICT if _STRICT in head else _MAIN)
        elif piece.kind == "rows":
            lines: dict[int, list[bytes]] = {code: [] for code in self._targets}
            for found in _ROW.finditer(piece.text):
                self._add_row(found[1], found[2] or b"", lines)
            for code, rows in lines.items():
                self._targets[code].write(rows)

    def _add_row(self, attributes: bytes, content: bytes, lines: dict[int, list[bytes]]) -> None:
        told = _ROW_NUMBER.search(attributes)
        number = self._last = int(told[2]) if told else self._last + 1
        owner = self._owner.get(number)
        title = number < self._first
        content = self._spread(number, _valued(content))
        if title:
            for code, target in self._targets.items():
                lines[code].append(target.add(attributes, content, number))
        elif owner is not None:
            lines[owner].append(self._targets[owner].add(attributes, content, None))

    def _spread(self, number: int, content: bytes) -> bytes:
        """Remember cells whose value is wanted further down, and put in those from further up."""
        if number not in self._sources and number not in self._fills:
            return content
        cells = dict(_placed(content))
        for column in self._sources.get(number, ()):
            self._held[number, column] = cells[column]
        for column, row in self._fills.get(number, {}).items():
            cells[column] = self._held[row, column]
        return b"".join(cells[column] for column in sorted(cells))


def _valued(content: bytes) -> bytes:
    """Cells with the result of their formula in its place, without what points out of the sheet."""
    if b"<f" in content:
        content = _FORMULA.sub(b"", content)
    while b"m=" in content and (found := _METADATA.subn(rb"\g<1>", content))[1]:
        content = found[0]
    return content


def _placed(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Column and XML of each cell; a cell without a reference is given one."""
    for order, found in enumerate(_CELL.finditer(content), 1):
        told = _REFERENCE.search(found[1])
        if told:
            yield column_number(told[1].decode()), found[0]
        else:
            yield order, b'<c r="%s0"%s' % (column_letters(order).encode(), found[0][2:])


def _by_row(
    fills: Mapping[int, Mapping[int, int]],
) -> tuple[dict[int, dict[int, int]], dict[int, set[int]]]:
    """Row → column → row its value comes from; row → columns whose values are wanted elsewhere."""
    targets: dict[int, dict[int, int]] = {}
    sources: dict[int, set[int]] = {}
    for column, rows in fills.items():
        for row, source in rows.items():
            targets.setdefault(row, {})[column] = source
            sources.setdefault(source, set()).add(column)
    return targets, sources


def _unchanging(package: Package, source: WorkbookSource) -> dict[str, bytes]:
    """The parts that are the same for every verdict."""
    theme = contents(package).theme
    looks = {_STYLES: package.read(STYLES)} if STYLES in package else {}
    looks |= {_THEME: package.read(theme)} if theme else {}
    strict = any(_STRICT in piece.text for piece in [next(pieces(package, source.layout.part))])
    main = _STRICT if strict else _MAIN
    kinds = {_SHEET: "worksheet", _STRINGS: "sharedStrings", _STYLES: "styles", _THEME: "theme"}
    held = [part for part in kinds if part in looks or part in (_SHEET, _STRINGS)]
    return {
        "[Content_Types].xml": _content_types(held),
        "_rels/.rels": _relations({"rId1": ("officeDocument", _WORKBOOK)}, main),
        _WORKBOOK: _workbook(source, main),
        "xl/_rels/workbook.xml.rels": _relations(
            {f"rId{number}": (kinds[part], part.removeprefix("xl/")) for number, part in enumerate(held, 1)},
            main,
        ),
        **looks,
    }


def _content_types(held: list[str]) -> bytes:
    kinds = {
        _WORKBOOK: f"{_SPREADSHEET}.sheet.main+xml",
        _SHEET: f"{_SPREADSHEET}.worksheet+xml",
        _STRINGS: f"{_SPREADSHEET}.sharedStrings+xml",
        _STYLES: f"{_SPREADSHEET}.styles+xml",
        _THEME: "application/vnd.openxmlformats-officedocument.theme+xml",
    }
    told = "".join(
        f'<Override PartName="/{part}" ContentType="{kinds[part]}"/>' for part in (_WORKBOOK, *held)
    )
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        _DECLARATION
        + (
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="{relations}"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{told}</Types>'
        ).encode()
    )


def _relations(targets: Mapping[str, tuple[str, str]], main: bytes) -> bytes:
    told = "".join(
        f'<Relationship Id="{key}" Type="{_KINDS[main]}/{kind}" Target="{part}"/>'
        for key, (kind, part) in targets.items()
    )
    return _DECLARATION + f'<Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>'.encode()


def _workbook(source: WorkbookSource, main: bytes) -> bytes:
    strict = ' conformance="strict"' if main == _STRICT else ""
    date = ' date1904="1"' if source.layout.date1904 else ""
    return (
        _DECLARATION
        + (
            f'<workbook xmlns="{main.decode()}" xmlns:r="{_KINDS[main]}"{strict}><workbookPr{date}/>'
            f"<bookViews><workbookView/></bookViews><sheets>"
            f'<sheet name={quoteattr(source.sheet)} sheetId="1" r:id="rId1"/></sheets></workbook>'
        ).encode()
    )


def _root(element: bytes, head: bytes, main: bytes) -> bytes:
    """The root element with the namespaces that attributes below it use."""
    opening = re.search(rb"<%s\b[^>]*>" % element, head)
    others = b"".join(b" %s=%s" % found for found in _NAMESPACE.findall(opening[0] if opening else b""))
    return b'<%s xmlns="%s"%s>' % (element, main, others)


def _merged(layout: Layout) -> bytes:
    told = "".join(
        f'<mergeCell ref="{column_letters(area.left)}{area.top}:{column_letters(area.right)}{area.bottom}"/>'
        for area in layout.areas
    )
    return f'<mergeCells count="{len(layout.areas)}">{told}</mergeCells>'.encode() if told else b""


def _entry(part: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(part, _NO_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 0  # the same on every system
    return entry
