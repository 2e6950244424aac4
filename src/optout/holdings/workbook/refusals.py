"""Workbooks from which no row is taken, and why: what would be wrong afterwards, or keep a copy of the row.

Known when a plan is made. Macros and passwords are refused before, when the file is opened.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from optout.batch.workbook_parts import WORKBOOK, Contents, elements
from optout.batch.workbook_sheet import cells, pieces
from optout.batch.workbook_zip import Package
from optout.errors import UnreadableFileError
from optout.holdings.workbook.places import sheets_in
from optout.holdings.workbook.relations import Related

_AGAIN: Final = "save it, and make a new plan."
_COPY: Final = "Copy the list into a workbook of its own, " + _AGAIN
# Parts that hold copies of rows, or would bring them back.
_PARTS: Final = {
    "xl/pivotcache/": ("has a pivot table, which keeps a copy of the rows", f"Delete it, {_AGAIN}"),
    "xl/model/": ("has a data model, which keeps a copy of the rows", f"Delete it, {_AGAIN}"),
    "xl/externallinks/": (
        "is linked to other workbooks",
        f"Break the links (データ → リンクの編集), {_AGAIN}",
    ),
    "xl/revisions/": ("keeps a history of its changes (共有ブック)", f"End the sharing, {_AGAIN}"),
    "_xmlsignatures/": (
        "is signed, and a change would break the signature",
        f"Take the signature off, {_AGAIN}",
    ),
    "xl/querytables/": (
        "is filled by a query, which would bring the rows back",
        f"Unlink the query, {_AGAIN}",
    ),
    "xl/slicercaches/": ("has slicers", f"Delete them, {_AGAIN}"),
    "xl/timelinecaches/": ("has timelines", f"Delete them, {_AGAIN}"),
}
# What the sheet may point to; anything else is not known to stay right.
_RELATIONS: Final = {"hyperlink", "table", "drawing", "printersettings", "image", "comments", "vmldrawing"}
_TOLD: Final = {
    "threadedcomment": "comments with answers (コメント)",
    "pivottable": "a pivot table",
    "oleobject": "embedded objects",
    "control": "controls",
    "ctrlprop": "controls",
}
# Elements behind the rows that are left alone or follow their rows.
_ELEMENTS: Final = frozenset(
    [
        *("sheetCalcPr", "autoFilter", "sortState", "mergeCells", "phoneticPr", "conditionalFormatting"),
        *(
            "dataValidations",
            "hyperlinks",
            "printOptions",
            "pageMargins",
            "pageSetup",
            "headerFooter",
            "rowBreaks",
        ),
        *("colBreaks", "ignoredErrors", "drawing", "legacyDrawing", "picture", "tableParts", "extLst"),
    ]
)
_LOCK: Final = re.compile(r"^lock|[Pp]assword|[Hh]ashValue")
_FALSE: Final = ("0", "false", "")
_EXTENSIONS: Final = {"conditionalFormattings", "dataValidations", ""}
_PROTECTED: Final = ("sheetProtection", "protectedRanges")
_FORMULA: Final = re.compile(rb"<(?:[\w.\-]+:)?(?:f|formula|formula1|formula2)(?:\s[^>]*)?>([^<]+)</")
_BOX: Final = re.compile(rb"""\sObjectType\s*=\s*["']([^"']*)""")
_SPAN: Final = re.compile(r"""'[^']*:[^']*'!|[^\s'"!,;:+\-*/^&=<>(){}@%]+:[^\s'"!,;:+\-*/^&=<>(){}@%]+!""")
_NAMED: Final = re.compile(r"<(?:[\w.\-]+:)?definedName\b[^>]*?\sname=[\"']([^\"']*)[\"'][^>]*>([^<]*)<")


class _Child(NamedTuple):
    """An element below the root of a sheet, or within an extension."""

    name: str
    extension: bool


def require_editable(package: Package, inside: Contents, sheet: str, part: str, related: Related) -> None:
    """Raise UnreadableFileError when rows of a sheet cannot be taken out, or not without leaving a copy.

    Args:
        package, inside: The workbook.
        sheet, part: Name and part of the sheet.
        related: What the sheet points to.
    """
    name = package.name
    for start, (why, next_step) in _PARTS.items():
        if any(part.startswith(start) for part in package.parts):
            raise UnreadableFileError(name, why, next_step)
    given = dict(elements(name, [(package.read(WORKBOOK), True)]))
    locks = {**given.get("workbookProtection", {}), **given.get("fileSharing", {})}
    if any(_LOCK.search(lock) and locks[lock] not in _FALSE for lock in locks):
        raise UnreadableFileError(name, "is protected (ブックの保護)", f"Take the protection off, {_AGAIN}")
    _require_known_relations(package, sheet, related)
    _require_known_elements(package, sheet, part)
    if any(bool(some.formula.any()) for _, some in cells(package, part)):
        why = f"the sheet {sheet} has formulas, which would be wrong or keep what they calculated"
        step = "Turn them into values (コピー → 値の貼り付け), " + _AGAIN
        raise UnreadableFileError(name, why, step)
    _require_no_pointers(package, inside, sheet, part, related)


def _require_known_relations(package: Package, sheet: str, related: Related) -> None:
    name = package.name
    unknown = sorted({one.kind.lower() for one in related.every} - _RELATIONS)
    if unknown:
        told = ", ".join(dict.fromkeys(_TOLD.get(kind, kind) for kind in unknown))
        why = f"the sheet {sheet} has {told}, which may hold the person and would not follow their rows"
        raise UnreadableFileError(name, why, f"Delete them, {_AGAIN}")
    boxes = b"".join(package.read(one) for one in related.parts("vmlDrawing"))
    if set(_BOX.findall(boxes)) - {b"Note"}:
        raise UnreadableFileError(
            name, f"the sheet {sheet} has controls (フォーム)", f"Delete them, {_AGAIN}"
        )


def _require_known_elements(package: Package, sheet: str, part: str) -> None:
    for child in _children(package, part):
        if child.name in _PROTECTED:
            why = f"the sheet {sheet} is protected (シートの保護)"
            raise UnreadableFileError(package.name, why, f"Take the protection off, {_AGAIN}")
        if child.name not in (_EXTENSIONS if child.extension else _ELEMENTS):
            why = f"the sheet {sheet} has a part that is not known to stay right ({child.name})"
            raise UnreadableFileError(package.name, why, _COPY)


def _children(package: Package, part: str) -> Iterator[_Child]:
    """What stands behind the rows of a sheet."""
    tail = b"".join(piece.text for piece in pieces(package, part) if piece.kind == "tail")
    path = ["worksheet", "sheetData"]
    for found in re.finditer(rb"<(/?)(?:[\w.\-]+:)?([\w.\-]+)[^<>]*?(/?)>", tail):
        closing, local, empty = found.groups()
        if closing:
            path.pop()
            continue
        name = local.decode()
        if len(path) == 1:
            yield _Child(name, False)
        elif path[1:] == ["extLst", "ext"]:
            yield _Child(name, True)
        if not empty:
            path.append(name)


def _require_no_pointers(package: Package, inside: Contents, sheet: str, part: str, related: Related) -> None:
    """Formulas, validations and charts elsewhere that speak of the sheet keep what they found there."""
    names = {*related.table_names, *_names_of(package, sheet)}
    for other in (one for one in inside.sheets if one.part != part):
        formulas = (formula for piece in pieces(package, other.part) for formula in _formulas(piece.text))
        if any(_speaks(formula, sheet, names) for formula in formulas):
            why = f"formulas on the sheet {other.name} speak of the sheet {sheet} and keep what they found there"
            step = "Turn them into values (コピー → 値の貼り付け), " + _AGAIN
            raise UnreadableFileError(package.name, why, step)
    for chart in (one for one in package.parts if one.startswith("xl/charts/") and one.endswith(".xml")):
        if any(_speaks(formula, sheet, names) for formula in _formulas(package.read(chart))):
            why = f"a chart shows the sheet {sheet} and keeps what it found there"
            raise UnreadableFileError(package.name, why, f"Delete it, {_AGAIN}")


def _formulas(piece: bytes) -> Iterator[str]:
    for found in _FORMULA.finditer(piece):
        yield html.unescape(found[1].decode("utf-8", "replace"))


def _speaks(formula: str, sheet: str, names: set[str]) -> bool:
    if not any(sign in formula for sign in ("!", "[")) and not names:
        return False
    if any(name.casefold() == sheet.casefold() for name in sheets_in(formula)) or _SPAN.search(formula):
        return True
    if f"{sheet}!" in formula or f"{sheet}'!" in formula:  # within a text: INDIRECT
        return True
    words = {word.casefold() for word in re.findall(r"[\w.\\]+", formula)}
    return any(name.casefold() in words for name in names)


def _names_of(package: Package, sheet: str) -> Iterator[str]:
    """Defined names that speak of a sheet, but for those Excel makes itself."""
    text = package.read(WORKBOOK).decode("utf-8", "replace")
    for name, formula in _NAMED.findall(text):
        speaks = any(one.casefold() == sheet.casefold() for one in sheets_in(html.unescape(formula)))
        if speaks and not name.startswith("_xlnm."):
            yield html.unescape(name)
