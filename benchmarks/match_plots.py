"""Plots of the matching benchmark as SVG, written out by hand: bars by kind, lines over sizes; no library needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

# Told apart by people who do not see red and green (Okabe and Ito).
COLOURS: Final = ("#0072b2", "#56b4e9", "#e69f00", "#999999", "#009e73")
_FONT: Final = 'font-family="sans-serif" font-size="12"'
_LEFT, _TOP, _BAR, _PLOT = 150, 56, 9, 480


def _page(width: float, height: float, body: Sequence[str], title: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" {_FONT} role="img">'
    )
    back = f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>'
    shown = escape(title)
    named = f'<title>{shown}</title><text x="10" y="20" font-size="14" font-weight="bold">{shown}</text>'
    return "\n".join([head, back, named, *body, "</svg>\n"])


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _legend(names: Sequence[str]) -> list[str]:
    marks = []
    x = 10.0
    for name, colour in zip(names, COLOURS, strict=False):
        marks.append(f'<rect x="{x:.0f}" y="30" width="11" height="11" fill="{colour}"/>')
        marks.append(_text(x + 15, 40, name))
        x += 30 + 7.2 * len(name)
    return marks


def bars(title: str, series: Mapping[str, Mapping[str, float | None]], bounds: Mapping[str, float]) -> str:
    """Horizontal bars of shares: name of a series → kind → share; a tick at the bound of a kind."""
    kinds = list(next(iter(series.values())))
    group = _BAR * len(series) + 8
    height = _TOP + group * len(kinds) + 30
    body = _legend(list(series))
    for percent in range(0, 101, 20):
        x = _LEFT + _PLOT * percent / 100
        body.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 4}" y2="{height - 26}" stroke="#dddddd"/>')
        body.append(_text(x, height - 10, f"{percent} %", "middle"))
    for number, kind in enumerate(kinds):
        y = _TOP + group * number
        body.append(_text(_LEFT - 8, y + group / 2, kind, "end"))
        for at, (shares, colour) in enumerate(zip(series.values(), COLOURS, strict=False)):
            width = _PLOT * (shares.get(kind) or 0)
            body.append(
                f'<rect x="{_LEFT}" y="{y + at * _BAR}" width="{width:.1f}" height="{_BAR - 1}" fill="{colour}"/>'
            )
        if kind in bounds:
            x = _LEFT + _PLOT * bounds[kind]
            body.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 2}" y2="{y + group - 6}" stroke="black"/>')
    return _page(_LEFT + _PLOT + 40, height, body, title)


def lines(title: str, across: str, series: Mapping[str, Mapping[int, float]]) -> str:
    """Seconds over a size, both on logarithmic axes: name of a series → size → seconds."""
    sizes = sorted({size for told in series.values() for size in told})
    seconds = [value for told in series.values() for value in told.values()]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])
    tall = 300

    def x_of(size: int) -> float:
        return 70 + _PLOT * (math.log10(size) - first) / max(last - first, 0.1)

    def y_of(value: float) -> float:
        return _TOP + tall * (high - math.log10(value)) / max(high - low, 1)

    body = _legend(list(series))
    for power in range(low, high + 1):
        y = y_of(10.0**power)
        body.append(f'<line x1="70" x2="{70 + _PLOT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>')
        body.append(_text(62, y + 4, f"{10.0**power:g} s", "end"))
    for size in sizes:
        body.append(_text(x_of(size), _TOP + tall + 18, f"{size:,}", "middle"))
    body.append(_text(70 + _PLOT / 2, _TOP + tall + 38, across, "middle"))
    for told, colour in zip(series.values(), COLOURS, strict=False):
        points = [(x_of(size), y_of(value)) for size, value in sorted(told.items())]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return _page(70 + _PLOT + 60, _TOP + tall + 50, body, title)
