"""The parts of a workbook around its sheets: which sheets there are, and the table of shared strings.

Source: ECMA-376 part 1, §18.2 (workbook), §18.4 (shared strings), §18.17.4.1 (the 1904 date system); part 2, §9
(relationships). Read with an incremental parser that never sees a document type.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

import numpy as np

from optout.batch.records import Positions
from optout.batch.workbook_cells import openings
from optout.batch.workbook_zip import Package, damaged
from optout.errors import UnsafeWorkbookError

# The reader looks for these two under fixed names.
STYLES: Final = "xl/styles.xml"
STRINGS: Final = "xl/sharedstrings.xml"
WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_DOCTYPE: Final = "!DOCTYPE"
_TRUE: Final = ("1", "true", "on")
_DECLARATION: Final = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\?>")
_OPEN: Final = re.compile(rb"<(?:[\w.\-]+:)?sst\b([^>]*)>")
_DECLARED: Final = re.compile(rb"""\suniqueCount\s*=\s*["']\s*\+?0*([0-9]*)""")
# Excel allows 32,767 characters in a cell, each at worst a run with a font of its own.
_LONGEST_STRING: Final = 64 << 20
# A reader reserves 24 bytes for every string declared, before it has seen one.
_MOST_DECLARED: Final = 1 << 25


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of cells.

    Attributes:
        name: As on its tab.
        part: Where its XML is.
        hidden: It has no tab to be seen.
    """

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """What stands in a workbook.

    Attributes:
        sheets: Sheets of cells, in the order of their tabs.
        others: Names of the rest: charts, dialogs.
        date1904: Days count from 1904-01-01.
        theme: Part of the theme, whose colours the styles use; "" without.
    """

    sheets: tuple[Sheet, ...]
    others: tuple[str, ...]
    date1904: bool
    theme: str


def contents(package: Package) -> Contents:
    """Read the list of sheets.

    Raises:
        UnreadableFileError: damaged.
    """
    relations = _relations(package)
    sheets, others, date1904 = [], [], False
    for element, given in elements(package.name, [(package.read(WORKBOOK), True)]):
        if element == "workbookPr":
            date1904 = given.get("date1904") in _TRUE
        elif element == "sheet":
            kind, part = relations.get(_id(given), ("", ""))
            name = given.get("name", "")
            if kind == "worksheet":
                sheets.append(Sheet(name, part, given.get("state", "visible") != "visible"))
            else:
                others.append(name)
    for kind, fixed in (("sharedStrings", STRINGS), ("styles", STYLES)):
        if any(part != fixed for found, part in relations.values() if found == kind):
            raise damaged(package.name, f"{fixed} has another name")
    names = [name.casefold() for name in [*(sheet.name for sheet in sheets), *others]]
    if len(set(names)) != len(names) or any(sheet.part not in package for sheet in sheets):
        raise damaged(package.name, "its list of sheets does not hold")
    theme = next((part for kind, part in relations.values() if kind == "theme" and part in package), "")
    for part in (STYLES, theme):
        if part in package:
            deque(elements(package.name, [(package.read(part), False)]), maxlen=0)
    return Contents(tuple(sheets), tuple(others), date1904, theme)


def elements(name: str, chunks: Iterable[tuple[bytes, bool]]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Elements of XML in the order they open, without prefixes, each with its attributes.

    Args:
        name: Of the file, for errors.
        chunks: The XML, and whether elements that open in a chunk are wanted or need only be well-formed.

    Raises:
        UnreadableFileError: it is not well-formed, or declares a document type.
    """
    found: list[tuple[str, Mapping[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: found.append((_DOCTYPE, {}))
    try:
        for chunk, wanted in chunks:
            parser.StartElementHandler = _opened(found) if wanted else None
            parser.Parse(chunk, False)
            if any(element == _DOCTYPE for element, _ in found):
                raise damaged(name, "a part declares a document type")
            yield from found
            found.clear()
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError):
        raise damaged(name, "a part is no well-formed XML") from None


def _opened(found: list[tuple[str, Mapping[str, str]]]) -> Callable[[str, Mapping[str, str]], None]:
    return lambda tag, given: found.append((tag.rpartition(":")[2], given))


def string_sizes(package: Package) -> Positions:
    """Bytes of XML of each shared string; what could make a reader reserve endless room is refused.

    Raises:
        UnreadableFileError: damaged.
        UnsafeWorkbookError: it declares far more strings than it has, or one is longer than a cell can be.
    """
    if STRINGS not in package:
        return np.empty(0, np.int64)
    starts: list[Positions] = []
    at, head = 0, b""

    def counted() -> Iterator[tuple[bytes, bool]]:
        nonlocal at, head
        for piece in string_pieces(package):
            head = head or piece
            starts.append(openings(package.name, piece, b"si") + at)
            at += len(piece)
            yield piece, False

    deque(elements(package.name, counted()), maxlen=0)
    sizes: Positions = np.diff(np.concatenate([*starts, [at]])).astype(np.int64)
    opening = _OPEN.search(head)
    declared = _DECLARED.findall(opening[1] if opening else b"")
    if any(int(number[:20] or b"0") > _MOST_DECLARED + len(sizes) for number in declared):
        raise UnsafeWorkbookError(package.name, "it declares more texts than it has")
    return sizes


def string_pieces(package: Package) -> Iterator[bytes]:
    """The XML of the shared strings without prefixes, in pieces that begin where a string begins.

    Raises:
        UnreadableFileError: damaged.
        UnsafeWorkbookError: one is longer than a cell can be.
    """
    held, prefix = b"", b""
    for number, chunk in enumerate(package.chunks(STRINGS)):
        held += chunk
        if not number:
            held = _DECLARATION.sub(b"", held)
            prefix = prefix_of(held, rb"sst")
        cut = held.rfind(b"<" + prefix + b"si")
        if cut > 0:
            yield plain(held[:cut], prefix)
            held = held[cut:]
        if len(held) > _LONGEST_STRING:
            raise UnsafeWorkbookError(package.name, "a text in it is longer than a cell can be")
    yield plain(held, prefix)


def prefix_of(head: bytes, root: bytes) -> bytes:
    """The prefix (with its colon) an XML part puts before its elements, b"" for none."""
    found = re.search(rb"<([\w.\-]+:)?" + root + rb"\b", head)
    return found[1] or b"" if found else b""


def plain(piece: bytes, prefix: bytes) -> bytes:
    """XML without the prefix of its elements."""
    return piece.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</") if prefix else piece


def _relations(package: Package) -> Mapping[str, tuple[str, str]]:
    """Id → (kind, part)."""
    found = {}
    for element, given in elements(package.name, [(package.read(_RELATIONS), True)]):
        if element == "Relationship" and given.get("TargetMode") != "External":
            kind = given.get("Type", "").rpartition("/")[2]
            target = given.get("Target", "").replace("\\", "/")
            inside = target.startswith(("/", "xl/"))
            part = target.lstrip("/") if inside else posixpath.normpath(f"xl/{target}")
            found[given.get("Id", "")] = (kind, part.lower())
    return found


def _id(given: Mapping[str, str]) -> str:
    return next((value for key, value in given.items() if key.endswith(":id")), "")
