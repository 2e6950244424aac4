"""Rows go → every reference to the rows below moves up, as it does when Excel deletes rows.

Source: ECMA-376 part 1, §18.17.2 (references in formulas), §18.18.62 (ST_Ref), §18.18.76 (ST_Sqref).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np

from optout.batch.records import Positions
from optout.batch.workbook_cells import MOST_COLUMNS, MOST_ROWS, column_number

_LOST: Final = "#REF!"
_AREA: Final = re.compile(
    r"(?P<c1>\$?[A-Za-z]{1,3})?(?P<r1>\$?[0-9]{1,7})?(?::(?P<c2>\$?[A-Za-z]{1,3})?(?P<r2>\$?[0-9]{1,7})?)?"
)
# In a formula: texts, quoted sheet names and names of their own are passed over; what is left may be a reference.
_TOKEN: Final = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")"""
    r"""|(?P<sheet>(?:'(?:[^']|'')+'|[^\s'"!,;:+\-*/^&=<>(){}\[\]@%]+)!)?"""
    r"(?P<area>\$?[A-Za-z]{1,3}\$?[0-9]{1,7}(?::\$?[A-Za-z]{1,3}\$?[0-9]{1,7})?"
    r"|\$?[0-9]{1,7}:\$?[0-9]{1,7}|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3})(?![\w.(!])"
    r"|(?P<other>[\w.\\]+|'(?:[^']|'')*'!?|.)",
    re.DOTALL,
)


class Place(NamedTuple):
    """A part of a reference: a row, fixed by a "$" or not."""

    fixed: bool
    row: int


class Shift:
    """Which rows of a sheet go.

    Args:
        gone: Numbers of the rows, from 1, ascending.
    """

    def __init__(self, gone: Positions) -> None:
        self.gone = gone

    def row(self, number: int) -> int:
        """Where a row is afterwards; where the next one is, if it goes itself."""
        return number - int(np.searchsorted(self.gone, number))

    def goes(self, number: int) -> bool:
        """Whether a row goes."""
        at = int(np.searchsorted(self.gone, number))
        return at < len(self.gone) and int(self.gone[at]) == number

    def rows(self, top: int, bottom: int) -> tuple[int, int] | None:
        """Where rows are afterwards; null when all of them go."""
        within = int(np.searchsorted(self.gone, bottom, side="right") - np.searchsorted(self.gone, top))
        if within == bottom - top + 1:
            return None
        if bottom >= MOST_ROWS:  # a whole column stays one
            return self.row(top), bottom
        first = self.row(top)
        return first, first + bottom - top - within

    def area(self, reference: str) -> str | None:
        """``A2:D9`` afterwards; null when all of it goes. What is no such reference stays."""
        found = _AREA.fullmatch(reference)
        if found is None or found["r1"] is None:
            return reference
        first, last = _place(found["r1"]), _place(found["r2"] or found["r1"])
        rows = self.rows(min(first.row, last.row), max(first.row, last.row))
        if rows is None:
            return None
        top, bottom = (
            f"{'$' if place.fixed else ''}{row}" for place, row in zip((first, last), rows, strict=True)
        )
        if ":" not in reference:
            return f"{found['c1'] or ''}{top}"
        return f"{found['c1'] or ''}{top}:{found['c2'] or ''}{bottom}"

    def areas(self, references: str) -> str:
        """Several of them, with blanks between; those that go are left out."""
        return " ".join(filter(None, map(self.area, references.split())))

    def formula(self, text: str, here: Callable[[str], bool], anchor: int | None = None) -> str:
        """A formula whose references follow.

        Args:
            text: The formula, unescaped.
            here: Whether a sheet named in it (with quotes, without "!"; "" for none) is the one that loses rows.
            anchor: For formulas of conditional formats and validations: the first row they are for. What is not
                fixed is meant from there, and moves with it.
        """
        return "".join(self._moved(found, here, anchor) for found in _TOKEN.finditer(text))

    def _moved(self, found: re.Match[str], here: Callable[[str], bool], anchor: int | None) -> str:
        area, sheet = found["area"], found["sheet"] or ""
        if area is None or not here(sheet.removesuffix("!")) or not is_reference(area):
            return found[0]
        if anchor is not None and "$" not in re.sub(r"\$[A-Za-z]+", "", area):
            return sheet + self._relative(area, anchor)
        moved = self.area(area)
        return sheet + (_LOST if moved is None else moved)

    def _relative(self, area: str, anchor: int) -> str:
        by = self.row(anchor) - anchor
        return re.sub(r"[0-9]+", lambda digits: str(max(1, int(digits[0]) + by)), area)


def is_reference(area: str) -> bool:
    """Whether what looks like a reference can be one: ``ABC12`` is, ``XYZ1`` is no column."""
    letters = [column_number(part) for part in re.findall(r"[A-Za-z]+", area)]
    rows = [int(part) for part in re.findall(r"[0-9]+", area)]
    return all(0 < column <= MOST_COLUMNS for column in letters) and all(0 < row <= MOST_ROWS for row in rows)


def sheets_in(text: str) -> Iterable[str]:
    """Names of the sheets a formula speaks of, without quotes."""
    for quoted, plain in re.findall(
        r"""(?:'((?:[^']|'')+)'|([^\s'"!,;+\-*/^&=<>(){}@%]+))!""", _without_texts(text)
    ):
        yield quoted.replace("''", "'") if quoted else plain


def _without_texts(formula: str) -> str:
    return re.sub(r'"(?:[^"]|"")*"', '""', formula)


def bare(sheet: str) -> str:
    """The name of a sheet without the quotes it has in a formula."""
    return sheet[1:-1].replace("''", "'") if sheet.startswith("'") else sheet


def _place(written: str) -> Place:
    return Place(written.startswith("$"), int(written.removeprefix("$")))
