"""Numbers → the geometry of a plot; the page draws it as SVG, with a title, a description and a table beside it.

Lengths are in units of the drawing, which is scaled to the page. No colour says what a number beside it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, log10
from typing import Final
from unicodedata import east_asian_width

WIDTH: Final = 640
_LABEL: Final = 190  # for the labels on the left
_TOTAL: Final = 70  # for the numbers on the right
_BAR: Final = 16
_STEP: Final = 26
# As wide as letters of 12 units are in the widest of the usual fonts: full width, and half.
_FULL: Final = 12.4
_HALF: Final = 8.0
_TICKS: Final = 4
_ROUND: Final = (1, 2, 5, 10)
MOST: Final = 15  # bars; the table has every line


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar.

    Attributes:
        x, width: Where it lies.
        tone: Which series it is of, from 0.
    """

    x: float
    width: float
    tone: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of a plot: its label, its parts, and the number at its end.

    Attributes:
        label: As much of it as there is room for.
        y: Its upper edge.
        segments: From left to right.
        end: Where the bar ends.
        total: What is written there.
    """

    label: str
    y: float
    segments: tuple[Segment, ...]
    end: float
    total: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Lying bars.

    Attributes:
        bars: From the top.
        ticks: Position → what is written there.
        legend: Position → name of a series; one alone needs none.
        height: Of the drawing, which is WIDTH wide.
        left: Where the axis stands.
        description: The plot in a sentence, for who cannot see it.
    """

    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    legend: tuple[tuple[float, str], ...]
    height: float
    left: float
    description: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A day on a line of time; `above` keeps neighbours apart."""

    x: float
    label: str
    day: str
    above: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """Days on a line.

    Attributes:
        marks: In order.
        description: The plot in a sentence.
    """

    marks: tuple[Mark, ...]
    description: str


def bars(labels: Sequence[str], series: dict[str, Sequence[float]], what: str) -> Bars | None:
    """Lying bars, stacked when there are several series.

    Args:
        labels: One a bar.
        series: Name → one number a bar, none below 0.
        what: What is counted, for the description.

    Returns:
        The first `MOST` of them; None where all numbers are nothing.
    """
    labels = labels[:MOST]
    values = {name: list(each[:MOST]) for name, each in series.items()}
    totals = [sum(each[place] for each in values.values()) for place in range(len(labels))]
    top = max(totals, default=0)
    if top <= 0:
        return None
    ends = _ticks(top)
    scale = (WIDTH - _LABEL - _TOTAL) / ends[-1]
    drawn = tuple(
        _bar(label, place, [each[place] for each in values.values()], scale)
        for place, label in enumerate(labels)
    )
    marks = tuple((_LABEL + end * scale, f"{end:,}") for end in ends)
    told = "、".join(f"{label} {_number(total)}" for label, total in zip(labels, totals, strict=True))
    height = len(labels) * _STEP + 26 + (24 if len(series) > 1 else 0)
    return Bars(drawn, marks, _legend(list(series)), height, _LABEL, f"{what}: {told}")


def _bar(label: str, place: int, parts: Sequence[float], scale: float) -> Bar:
    x, segments = float(_LABEL), []
    for tone, part in enumerate(parts):
        width = round(part * scale, 2)
        if width:
            segments.append(Segment(round(x, 2), width, tone))
        x += width
    y = place * _STEP + (_STEP - _BAR) / 2
    return Bar(shortened(label, _LABEL - 10), y, tuple(segments), round(x, 2), _number(sum(parts)))


def _legend(names: Sequence[str]) -> tuple[tuple[float, str], ...]:
    """Side by side, each as wide as its name."""
    x, placed = 2.0, []
    for name in names:
        placed.append((round(x, 2), name))
        x += 18 + _width(name) * 0.85 + 8
    return tuple(placed)


def _width(text: str) -> float:
    return sum(_FULL if east_asian_width(letter) in "WFA" else _HALF for letter in text)


def _number(value: float) -> str:
    return f"{value:,.1f}" if isinstance(value, float) and value % 1 else f"{int(value):,}"


def _ticks(top: float) -> list[int]:
    """Round numbers from 0 to one that is not below the largest."""
    rough = max(top / _TICKS, 1)
    size = 10 ** int(log10(rough))
    step = next(size * each for each in _ROUND if size * each >= rough)
    return [step * place for place in range(ceil(top / step) + 1)]


def shortened(text: str, room: float) -> str:
    """A text cut to the room there is; kanji and kana are twice as wide as letters.

    Examples:
        >>> shortened("見本名簿店", 40), shortened("abc", 40)
        ('見本…', 'abc')
    """
    if _width(text) <= room:
        return text
    kept = len(text) - 1
    while kept and _width(f"{text[:kept]}…") > room:
        kept -= 1
    return f"{text[:kept]}…"


def timeline(days: Sequence[tuple[str, date, int]]) -> Timeline | None:
    """Days of an incident on a line; the spaces grow as the square root, so that the first days stay apart.

    Args:
        days: Label, day and its number (the first is day 1), in order.

    Returns:
        None where there is one day alone.
    """
    if len(days) < 2:
        return None
    first, last = days[0][2], days[-1][2]
    room = WIDTH - 2 * 60
    marks = tuple(
        Mark(
            round(60 + room * ((number - first) / (last - first)) ** 0.5, 2),
            label,
            f"{day.isoformat()}（{number}日目）",
            place % 2 == 0,
        )
        for place, (label, day, number) in enumerate(days)
    )
    told = "、".join(f"{label} {day.isoformat()}" for label, day, _ in days)
    return Timeline(marks, told)
