"""A sheet → rich table for a terminal, or plain text for a file or a pipe.

Lines are drawn in ASCII: box-drawing characters are two cells wide in a Japanese Windows console and would
not line up. Widths are counted in cells, so a kanji takes two.
"""

from __future__ import annotations

import io
from typing import Final

from rich.box import Box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from optout.report.sheet import Cell, Sheet, Tone
from optout.report.visible import visible

_RULED: Final = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
_STYLES: Final[dict[Tone, str]] = {"plain": "", "good": "green", "bad": "red", "doubt": "yellow"}
_NOTE_LETTERS: Final = 1_200


def as_rich(sheet: Sheet) -> Group:
    """The sheet for a rich console."""
    parts: list[Text | Table] = [Text(visible(sheet.title), style="bold")]
    if sheet.rows:
        parts.append(_table(sheet))
    parts += [Text(f"  {visible(note, _NOTE_LETTERS)}") for note in sheet.notes]
    return Group(*parts)


def as_text(sheet: Sheet, width: int = 80) -> str:
    """The sheet as plain text, no line wider than `width` cells; ends with a newline."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, force_terminal=False, highlight=False).print(
        as_rich(sheet)
    )
    return "".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())


def _table(sheet: Sheet) -> Table:
    headed = any(column.header for column in sheet.columns)
    table = Table(
        box=_RULED if headed else None, show_header=headed, header_style="", pad_edge=False, padding=(0, 1)
    )
    table.show_edge = False
    for place, column in enumerate(sheet.columns):
        table.add_column(
            Text(visible(column.header)),
            justify="right" if column.number else "left",
            no_wrap=column.number or column.whole,
            overflow="fold",
            min_width=4 if place else None,
        )
    for row in sheet.rows:
        table.add_row(*[Text(_written(cell), style=_STYLES[row.tone]) for cell in row.cells])
    return table


def _written(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else visible(cell)
