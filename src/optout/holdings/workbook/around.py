"""What stands around the rows of a sheet, and points to them → the same after rows went.

Merged areas, filters, conditional formats, validations, links, breaks, selections, tables, drawings and defined names
follow their rows, as when Excel deletes rows. Source: ECMA-376 part 1, §18.3.1, §18.5, §20.5.2; [MS-XLSX] 2.2.4.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Set
from functools import cache
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

from optout.batch.workbook_cells import column_number
from optout.holdings.workbook.places import Shift, bare

_Change: TypeAlias = Callable[[str, str], "tuple[str, str] | None"]
_REF: Final = re.compile(r"""(\sref\s*=\s*["'])([^"']*)""")
_SQREF: Final = re.compile(r"""(\ssqref\s*=\s*["'])([^"']*)""")
_LOCATION: Final = re.compile(r"""(\slocation\s*=\s*["'])([^"']*)""")
_COUNT: Final = re.compile(r"""(\s(?:count|manualBreakCount)\s*=\s*["'])[0-9]+""")
_ID: Final = re.compile(r"""(\sid\s*=\s*["'])([0-9]+)""")
_CELLS: Final = re.compile(r"""(\s(?:activeCell|topLeftCell|sqref)\s*=\s*["'])([^"']*)""")
_RELATION: Final = re.compile(r"""\s[\w.\-]+:id\s*=\s*["']([^"']*)["']""")
_FORMULA: Final = re.compile(r"(<(?:[\w.\-]+:)?(?:formula|formula1|formula2|f)(?:\s[^>]*)?>)([^<]*)(</)")
_INNER_SQREF: Final = re.compile(r"(<(?:[\w.\-]+:)?sqref>)([^<]*)(</)")
_ANCHOR: Final = re.compile(r"(<(?:[\w.\-]+:)?row>)([0-9]+)(</)")
_BOX: Final = re.compile(r"<((?:[\w.\-]+:)?)shape\b.*?</\1shape\s*>", re.DOTALL)
_BOX_ROW: Final = re.compile(r"(<(?:[\w.\-]+:)?Row>\s*)([0-9]+)")
_BOX_COLUMN: Final = re.compile(r"(<(?:[\w.\-]+:)?Column>\s*)([0-9]+)")
_BOX_ANCHOR: Final = re.compile(r"(<(?:[\w.\-]+:)?Anchor>)([0-9,\s]+)")
_VALUE: Final = re.compile(r"""\sval\s*=\s*["']([^"']*)["']""")
_COLUMN: Final = re.compile(r"""\scolId\s*=\s*["']([0-9]+)["']""")
_NUMBER: Final = re.compile(r"[0-9]+")
_DEFINED: Final = re.compile(r"(<(?:[\w.\-]+:)?definedName\b[^>]*>)([^<]*)(</)")
_EMPTIABLE: Final = ("mergeCells", "dataValidations", "hyperlinks", "ignoredErrors", "rowBreaks")


class Around:
    """Rewrites what stands around the rows of one sheet.

    Args:
        sheet: Its name.
        shift: Rows that go.
        blanked: Cells (row, column) that are changed: links on them go.
        left: Column → texts that no row holds any more; they leave the filters.

    Attributes:
        links: Ids of the relations of links that stay.
    """

    def __init__(
        self, sheet: str, shift: Shift, blanked: Set[tuple[int, int]], left: Mapping[int, Set[str]]
    ) -> None:
        self._sheet, self._shift, self._blanked, self._left = sheet.casefold(), shift, blanked, left
        self.links: set[str] = set()

    def head(self, text: str) -> str:
        """What stands before the rows: the used range, views and selections."""
        text = _each(text, "dimension", lambda given, body: (self._kept_area(_REF, given), body))
        for element in ("sheetView", "pane", "selection"):
            text = _opening(text, element, lambda given: _CELLS.sub(self._stays, given))
        return text

    def tail(self, text: str) -> str:
        """What stands behind the rows."""
        for element, change in {
            "mergeCell": self._merge,
            "conditionalFormatting": self._ruled,
            "dataValidation": self._ruled,
            "hyperlink": self._link,
            "ignoredError": self._squared,
            "autoFilter": self._filter,
            "sortState": self._sorted,
            "rowBreaks": self._breaks,
        }.items():
            text = _each(text, element, change)
        for element in _EMPTIABLE:
            text = _each(text, element, _counted)
        return _without_empty(text)

    def table(self, text: str) -> str:
        """A table: its area, filter and order; Excel wants one row below the header."""
        before = _REF.search(text)
        text = _each(text, "autoFilter", self._filter)
        text = _each(text, "sortState", self._sorted)
        text = _opening(text, "table", lambda given: self._kept_area(_REF, given))
        after = _REF.search(text)
        if before and after and before[2] != after[2] and _height(after[2]) == 1:
            taller = _grown(after[2])
            text = text.replace(f'ref="{after[2]}"', f'ref="{taller}"')
        return text

    def drawing(self, text: str) -> str:
        """Pictures and shapes: the rows they hang on, counted from 0."""
        return _ANCHOR.sub(
            lambda found: f"{found[1]}{self._shift.row(int(found[2]) + 1) - 1}{found[3]}", text
        )

    def comments(self, text: str) -> str:
        """Comments (メモ): those of rows that go and of cells that change go too."""

        def moved(given: str, body: str) -> tuple[str, str] | None:
            found = _REF.search(given)
            area = self._shift.area(found[2]) if found else None
            if found is None or area is None or self._touches(found[2]):
                return None
            return _REF.sub(lambda old: old[1] + area, given), body

        return _each(text, "comment", moved)

    def notes(self, text: str) -> str:
        """The boxes comments are shown in; rows and columns counted from 0."""

        def moved(found: re.Match[str]) -> str:
            row, column = _BOX_ROW.search(found[0]), _BOX_COLUMN.search(found[0])
            if row is None or column is None:
                return found[0]
            number = int(row[2]) + 1
            if self._shift.goes(number) or (number, int(column[2]) + 1) in self._blanked:
                return ""
            by = self._shift.row(number) - number
            box = _BOX_ROW.sub(lambda old: f"{old[1]}{number + by - 1}", found[0])
            return _BOX_ANCHOR.sub(lambda old: old[1] + _anchored(old[2], by), box)

        return _BOX.sub(moved, text)

    def workbook(self, text: str) -> str:
        """Defined names."""
        return _DEFINED.sub(lambda found: found[1] + self._formula(found[2], self._named) + found[3], text)

    def relations(self, text: str, before: Set[str]) -> str:
        """The relations of the sheet without those of links that went: an address is a person's."""
        gone = before - self.links
        return _each(text, "Relationship", lambda given, body: None if _id(given) in gone else (given, body))

    def _named(self, sheet: str) -> bool:
        return bare(sheet).casefold() == self._sheet

    def _own(self, sheet: str) -> bool:
        return not sheet or self._named(sheet)

    def _formula(self, text: str, here: Callable[[str], bool], anchor: int | None = None) -> str:
        return escape(self._shift.formula(html.unescape(text), here, anchor))

    def _stays(self, found: re.Match[str]) -> str:
        """A place that is never lost: at worst the row that moves up into it."""
        moved = self._shift.areas(found[2])
        return found[1] + (moved or _NUMBER.sub(lambda row: str(self._shift.row(int(row[0]))), found[2]))

    def _kept_area(self, pattern: re.Pattern[str], given: str) -> str:
        return pattern.sub(self._stays, given, count=1)

    def _merge(self, given: str, body: str) -> tuple[str, str] | None:
        found = _REF.search(given)
        moved = self._shift.area(found[2]) if found else None
        if moved is None or len({*moved.split(":")}) == 1:
            return None
        return _REF.sub(lambda old: old[1] + moved, given), body

    def _squared(self, given: str, body: str) -> tuple[str, str] | None:
        found = _SQREF.search(given)
        moved = self._shift.areas(found[2]) if found else ""
        return (_SQREF.sub(lambda old: old[1] + moved, given), body) if moved else None

    def _ruled(self, given: str, body: str) -> tuple[str, str] | None:
        """A conditional format or a validation; those of newer versions name their area within."""
        found = _SQREF.search(given) or _INNER_SQREF.search(body)
        if found is None:
            return given, body
        moved = self._shift.areas(found[2])
        if not moved:
            return None
        anchor = min(map(int, _NUMBER.findall(found[2])), default=1)
        body = _FORMULA.sub(lambda old: old[1] + self._formula(old[2], self._own, anchor) + old[3], body)
        body = _INNER_SQREF.sub(lambda old: old[1] + self._shift.areas(old[2]) + old[3], body)
        return _SQREF.sub(lambda old: old[1] + moved, given), body

    def _link(self, given: str, body: str) -> tuple[str, str] | None:
        found = _REF.search(given)
        moved = self._shift.area(found[2]) if found else None
        if found is None or moved is None or self._touches(found[2]):
            return None
        if told := _RELATION.search(given):
            self.links.add(told[1])
        given = _REF.sub(lambda old: old[1] + moved, given)
        return _LOCATION.sub(lambda old: old[1] + self._formula(old[2], self._named), given), body

    def _touches(self, area: str) -> bool:
        rows, columns = _corners(area)
        return any(
            rows[0] <= row <= rows[1] and columns[0] <= column <= columns[1] for row, column in self._blanked
        )

    def _filter(self, given: str, body: str) -> tuple[str, str]:
        """A filter: its area, and without the texts that went: they may be a person's name."""
        found = _REF.search(given)
        first = _corners(found[2])[1][0] if found else 1
        body = _each(body, "filterColumn", lambda own, within: self._criteria(own, within, first))
        return self._kept_area(_REF, given), _each(body, "sortState", self._sorted)

    def _criteria(self, given: str, body: str, first: int) -> tuple[str, str] | None:
        number = _COLUMN.search(given)
        left = self._left.get(first + int(number[1]) if number else 0, frozenset[str]())

        def kept(own: str, within: str) -> tuple[str, str] | None:
            value = _VALUE.search(own)
            return None if value and html.unescape(value[1]) in left else (own, within)

        written = _each(_each(body, "filter", kept), "customFilter", kept)
        if written != body and not re.search(
            r"<(?:[\w.\-]+:)?(?:filter|customFilter|dateGroupItem)\b", written
        ):
            return None
        return given, written

    def _sorted(self, given: str, body: str) -> tuple[str, str]:
        body = _each(body, "sortCondition", lambda own, within: (self._kept_area(_REF, own), within))
        return self._kept_area(_REF, given), body

    def _breaks(self, given: str, body: str) -> tuple[str, str]:
        """A break stands below the row it names; of two that meet one is left."""
        seen: set[int] = set()

        def moved(own: str, within: str) -> tuple[str, str] | None:
            found = _ID.search(own)
            below = self._shift.row(int(found[2]) + 1) - 1 if found else 0
            if below < 1 or below in seen:
                return None
            seen.add(below)
            return _ID.sub(lambda old: f"{old[1]}{below}", own), within

        return given, _each(body, "brk", moved)


def _anchored(corners: str, by: int) -> str:
    """Column, offset, row, offset of two corners; the rows move."""
    numbers = corners.split(",")
    for place in (2, 6):
        if place < len(numbers):
            numbers[place] = f" {max(0, int(numbers[place]) + by)}"
    return ",".join(numbers)


@cache
def _element(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"<(?P<prefix>(?:[\w.\-]+:)?){name}(?P<given>\s[^>]*?)?(?:/>|>(?P<body>.*?)</(?P=prefix){name}\s*>)",
        re.DOTALL,
    )


def _each(text: str, name: str, change: _Change) -> str:
    """XML in which every element of a name is changed, or left out."""

    def changed(found: re.Match[str]) -> str:
        answer = change(found["given"] or "", found["body"] or "")
        if answer is None:
            return ""
        given, body = answer
        tag = f"{found['prefix']}{name}"
        return f"<{tag}{given}>{body}</{tag}>" if body else f"<{tag}{given}/>"

    return _element(name).sub(changed, text)


def _opening(text: str, name: str, change: Callable[[str], str]) -> str:
    """XML in which the attributes of every element of a name are changed."""
    pattern = re.compile(rf"(<(?:[\w.\-]+:)?{name})(\s[^>]*?)?(/?>)")
    return pattern.sub(lambda found: found[1] + change(found[2] or "") + found[3], text)


def _counted(given: str, body: str) -> tuple[str, str] | None:
    """A container that says how many elements it has; null without any."""
    top = _children(body)
    return (_COUNT.sub(lambda old: f"{old[1]}{top}", given), body) if top else None


def _children(body: str) -> int:
    depth = count = 0
    for found in re.finditer(r"<(/?)[^<>]*?(/?)>", body):
        if found[1]:
            depth -= 1
        else:
            count += depth == 0
            depth += not found[2]
    return count


def _without_empty(text: str) -> str:
    """Without extensions all of whose rules went."""
    for name in ("conditionalFormattings", "dataValidations"):
        text = re.sub(
            rf"<(?:[\w.\-]+:)?ext\b[^>]*>\s*<([\w.\-]+:){name}\b[^>]*?(?:/>|>\s*</\1{name}\s*>)\s*</(?:[\w.\-]+:)?ext\s*>",
            "",
            text,
        )
    return re.sub(r"<((?:[\w.\-]+:)?)extLst\b[^>]*>\s*</\1extLst\s*>", "", text)


def _id(given: str) -> str:
    found = re.search(r"""\sId\s*=\s*["']([^"']*)""", given)
    return found[1] if found else ""


def _corners(area: str) -> tuple[tuple[int, int], tuple[int, int]]:
    rows = sorted(map(int, _NUMBER.findall(area))) or [1, 1 << 20]
    columns = sorted(map(column_number, re.findall(r"[A-Za-z]+", area))) or [1, 1 << 14]
    return (rows[0], rows[-1]), (columns[0], columns[-1])


def _height(area: str) -> int:
    rows = _corners(area)[0]
    return rows[1] - rows[0] + 1


def _grown(area: str) -> str:
    """One row taller."""
    first, _, last = area.partition(":")
    last = last or first
    return f"{first}:{_NUMBER.sub(lambda row: str(int(row[0]) + 1), last)}"
