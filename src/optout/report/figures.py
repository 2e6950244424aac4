"""A `Report` of the checks → figures: each a heading, a plot where one helps, and the whole table beside it.

The same figures make the page, the CSV files and what the terminal shows. No personal data, no clock: the same report
gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from optout.checks.reporting import Report
from optout.report import html
from optout.report.figures_plot import MOST, Bars, Timeline, bars, timeline
from optout.report.figures_words import COLUMNS, FACTS, REMARKS, SOURCES, TABLES, TITLES, Both, value
from optout.report.sheet import Column, Row, Sheet

_REMOVED: Final = ("removed_1", "removed_2", "removed_3")
_ANSWERS: Final = ("complied", "partly", "refused", "withdrawn", "closed", "open")
_BLANK: Final = "－"
_WIDE: Final = (
    "list",
    "supplier",
    "recipient",
    "purpose",
    "purposes",
    "items",
    "old",
    "new",
    "item",
    "certificate",
)
# On the page there is no room for them; the JSON and CSV files have every column.
_ELSEWHERE: Final = {
    ("provisions", "by_recipient"): ("first", "last"),
    ("provisions", "deliveries"): ("corporate_number", "verified", "basis", "certificate"),
    ("filing", "items"): ("taken_away", "put_in"),
}
_MARKS: Final = {
    "change": pl.col("change") != "same",
    "passed": pl.col("passed"),
    "answer": pl.col("answer") != "no",
}
# Ids and days stay on one line.
_WHOLE: Final = (
    "id",
    "on",
    "due",
    "received",
    "first",
    "last",
    "verified",
    "month",
    "corporate_number",
    "day_number",
)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column.

    Attributes:
        japanese, english: Its heading.
        number: Its cells are numbers.
        whole: They stay on one line.
        wide: They are texts and need room.
    """

    japanese: str
    english: str
    number: bool
    whole: bool
    wide: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One part of a report.

    Attributes:
        name: Of its table; unique on the page.
        title: Heading, Japanese and English.
        heads: Of the columns.
        rows: Cells as they are shown.
        bars, line: The plot, where there is one.
        cut: Lines that the plot has no room for; the table has them.
        marked: Lines that the reader should not miss.
    """

    name: str
    title: Both
    heads: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]
    bars: Bars | None = None
    line: Timeline | None = None
    cut: int = 0
    marked: frozenset[int] = frozenset()


def figures(report: Report) -> list[Figure]:
    """Every table of a report, in the order of reading."""
    return [_figure(report.kind, name, table) for name, table in report.tables.items()]


def page(report: Report, against: str) -> str:
    """The report as one self-contained HTML page (A4).

    Args:
        report: What to show.
        against: Which store and revision it was made of.
    """
    japanese, english = TITLES[report.kind]
    return html.page(
        "report.html",
        title=japanese,
        english=english,
        source=SOURCES[report.kind],
        period=report.period,
        facts=[(FACTS[name], _shown(name, given)) for name, given in report.facts.items()],
        figures=figures(report),
        remarks=[REMARKS[code].format(f"{n:,}") for code, n in report.remarks.items()],
        against=against,
    )


def sheets(report: Report) -> list[Sheet]:
    """The report for a terminal: what stands at the top, then every table that has lines."""
    japanese, english = TITLES[report.kind]
    top = tuple(Row((" ".join(FACTS[name]), _shown(name, given))) for name, given in report.facts.items())
    notes = tuple(REMARKS[code].format(f"{n:,}") for code, n in report.remarks.items())
    first = Sheet(f"{japanese} {english}", (Column(""), Column("", number=True)), top, notes)
    return [first, *(_sheet(figure) for figure in figures(report) if figure.rows)]


def files(report: Report) -> dict[str, pl.DataFrame]:
    """One frame a table for CSV files: name of the file without its ending → Japanese headers, words for codes."""
    return {f"{report.kind}_{name}": _written(table) for name, table in report.tables.items()}


def _written(table: pl.DataFrame) -> pl.DataFrame:
    """Numbers and days stay what they are, so that a spreadsheet can count with them."""
    columns = [_as_written(table[name]).alias(" ".join(COLUMNS[name])) for name in table.columns]
    return pl.DataFrame(columns)


def _as_written(column: pl.Series) -> pl.Series:
    if (column.dtype.is_numeric() and column.name != "check") or column.dtype == pl.Date:
        return column
    known = [None if given is None else str(value(column.name, given)) for given in column.to_list()]
    return pl.Series(column.name, known, dtype=pl.String)


def _figure(kind: str, name: str, whole: pl.DataFrame) -> Figure:
    table = whole.drop(_ELSEWHERE.get((kind, name), ()))
    heads = tuple(
        Head(*COLUMNS[column], _is_number(column, dtype), column in _WHOLE, column in _WIDE)
        for column, dtype in table.schema.items()
    )
    rows = tuple(
        tuple(_shown(column, cell) for column, cell in line.items()) for line in table.iter_rows(named=True)
    )
    draw = _PLOTS.get((kind, name))
    drawn = draw(whole) if draw else None
    return Figure(
        name,
        TABLES[kind, name],
        heads,
        rows,
        drawn if isinstance(drawn, Bars) else None,
        drawn if isinstance(drawn, Timeline) else None,
        max(0, table.height - MOST) if isinstance(drawn, Bars) else 0,
        _marked(whole),
    )


def _marked(table: pl.DataFrame) -> frozenset[int]:
    """Lines of the filing that change, days that have passed, tests that are met."""
    of_table = [expression for column, expression in _MARKS.items() if column in table.columns]
    if not of_table:
        return frozenset()
    return frozenset(
        table.select(pl.any_horizontal(of_table).fill_null(False)).to_series().arg_true().to_list()
    )


def _is_number(column: str, dtype: pl.DataType) -> bool:
    return dtype.is_numeric() and column not in ("check", "to_day")


def _sheet(figure: Figure) -> Sheet:
    columns = tuple(Column(head.japanese, head.number, head.whole) for head in figure.heads)
    return Sheet(" ".join(figure.title), columns, tuple(Row(cells) for cells in figure.rows))


def _shown(column: str, given: Any) -> str:
    """A cell as people read it."""
    told = value(column, given)
    if isinstance(told, float):
        return f"{told:,.2f}" if column == "share" else f"{told:,.1f}"
    return f"{told:,}" if isinstance(told, int) else told or _BLANK


def _stacked(label: str, series: Sequence[str], what: str) -> Callable[[pl.DataFrame], Bars | None]:
    def draw(table: pl.DataFrame) -> Bars | None:
        labels = [str(_shown(label, given)) for given in table[label].to_list()]
        return bars(labels, {" ".join(COLUMNS[each]): table[each].to_list() for each in series}, what)

    return draw


def _days(table: pl.DataFrame) -> Bars | None:
    spans = zip(table["from_day"].to_list(), table["to_day"].to_list(), strict=True)
    labels = [_span(first, last) for first, last in spans]
    return bars(labels, {"受付 cases": table["cases"].to_list()}, "回答までの日数ごとの受付の数")


def _span(first: int, last: int | None) -> str:
    if last is None:
        return f"{first}日以上"
    return f"{first}日" if first == last else f"{first}–{last}日"


def _due(table: pl.DataFrame) -> Timeline | None:
    known: list[tuple[str, date, int]] = [
        (str(value("what", line["what"])).split()[0], line["on"], line["day_number"])
        for line in table.iter_rows(named=True)
        if line["on"] is not None
    ]
    return timeline(known)


_PLOTS: Final[dict[tuple[str, str], Callable[[pl.DataFrame], Bars | Timeline | None]]] = {
    ("effect", "by_check"): _stacked("check", ("removed",), "チェックごとに除外した行"),
    ("effect", "by_month"): _stacked("month", _REMOVED, "月ごとに除外した行"),
    ("effect", "by_list"): _stacked("list", _REMOVED, "名簿ごとに除外した行"),
    ("effect", "by_supplier"): _stacked("supplier", _REMOVED, "取得元ごとに除外した行"),
    ("requests", "by_outcome"): _stacked("outcome", ("cases",), "結果ごとの受付の数"),
    ("requests", "days"): _days,
    ("requests", "by_kind"): _stacked("kind", _ANSWERS, "種類ごとの受付の数"),
    ("requests", "by_channel"): _stacked("channel", _ANSWERS, "受付方法ごとの受付の数"),
    ("requests", "by_client"): _stacked("client", _ANSWERS, "取引先ごとの受付の数"),
    ("provisions", "by_recipient"): _stacked("recipient", ("rows",), "提供先ごとの行数"),
    ("provisions", "by_basis"): _stacked("basis", ("rows",), "根拠ごとの行数"),
    ("provisions", "by_day"): _stacked("on", ("rows",), "提供日ごとの行数"),
    ("breach", "dates"): _due,
    ("breach", "lists"): _stacked("list", ("people",), "名簿ごとの人数"),
}
