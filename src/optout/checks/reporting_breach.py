"""An incident → whether it must be reported to the PPC and the persons, and until when (X6).

Source: 個人情報保護法 第26条; 施行規則 第7条 (what is reportable), 第8条 (速報: 速やかに, 確報: 30日, 不正の目的 60日);
通則編 3-5-3: the day of knowing is day 1, 速やかに is about 3 to 5 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from optout import tables
from optout.checks.reporting import Report
from optout.schema import DType

MANY: Final = 1_000  # 施行規則 第7条第4号: 千人を超える
_FIRST: Final = (3, 5)
_FINAL: Final = 30
_FINAL_IF_MALICIOUS: Final = 60
_REASON: Final = ("reason", "answer")
_POINTS: Final[dict[str, DType]] = {"number": pl.UInt8, "point": pl.String, "told": pl.List(pl.String)}
# One line a list that got out.
LEAKED: Final[dict[str, DType]] = {
    "list": pl.String,
    "rows": pl.UInt64,
    "people": pl.UInt64,  # told apart by everything the list says of them: never fewer than there are
    "items": pl.List(pl.String),
    "sensitive": pl.List(pl.String),
    "property": pl.List(pl.String),
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What only people can tell of an incident.

    Attributes:
        known: The day somebody of us came to know: day 1.
        encrypted: Whether what got out is under 高度な暗号化 and the key did not get out; None = nobody knows.
        malicious: Whether it was done with intent (theft, malware, staff); None = nobody knows.
        property_risk: Whether misuse may cost people money; None = told by the items alone.
    """

    known: date
    encrypted: bool | None = None
    malicious: bool | None = None
    property_risk: bool | None = None


def breach(
    lines: pl.DataFrame, told: Circumstances, people: int | None = None, as_of: date | None = None
) -> Report:
    """The scope of an incident (X6): people, items, the tests of the law, and the days things are due.

    Args:
        lines: `LEAKED`.
        told: What only people know of it.
        people: In all lists together; None = those of each list added up.
        as_of: The day on which days are counted as passed; None = they are only named.

    Returns:
        Tables `dates` (`what`, `day_number`, `on`, `passed`), `reasons` (施行規則 第7条: `reason`, `answer` yes, no or
        unknown), `lists`, `items`, `first_report` (施行規則 第8条第1項: nine points, of which the lists tell two, and
        people fill in the rest). What nobody knows counts as yes: a report too many harms nobody.
    """
    people = int(lines["people"].sum()) if people is None else people
    answers = _answers(lines, told, people)
    counted = [reason for reason, answer in answers.items() if answer != "no"]
    reportable = bool(counted) and told.encrypted is not True
    facts = {
        "people": people,
        "rows": int(lines["rows"].sum()),
        "lists": lines.height,
        "over_1000": people > MANY,
        "encrypted": _word(told.encrypted),
        "reportable": reportable,
        "known": told.known,
        "tell_persons": reportable,
    }
    tables = {
        "dates": _dates(told, reportable, as_of),
        "reasons": pl.DataFrame(
            {"reason": list(answers), "answer": list(answers.values())},
            schema=dict.fromkeys(_REASON, pl.String),
        ),
        "lists": lines.select("list", "rows", "people").sort("list"),
        "items": _items(lines),
        "first_report": _first_report(lines, people) if reportable else pl.DataFrame(schema=_POINTS),
    }
    unknown = sum(answer == "unknown" for answer in answers.values()) + (told.encrypted is None)
    return Report("breach", facts, tables, remarks={"unknown": unknown} if unknown else {})


def _word(answer: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[answer]


def _answers(lines: pl.DataFrame, told: Circumstances, people: int) -> dict[str, str]:
    """The four tests of 施行規則 第7条, in its order."""
    property_items = bool(lines["property"].list.len().sum())
    return {
        "sensitive": _word(bool(lines["sensitive"].list.len().sum())),
        "property": "yes" if property_items else _word(told.property_risk),
        "malicious": _word(told.malicious),
        "over_1000": _word(people > MANY),
    }


def _dates(told: Circumstances, reportable: bool, as_of: date | None) -> pl.DataFrame:
    """When what is due; none when nothing has to be reported."""
    final = _FINAL_IF_MALICIOUS if told.malicious else _FINAL
    numbers = [("known", 1), *(("first", day) for day in _FIRST), ("final", final), ("persons", None)]
    shown = numbers if reportable else numbers[:1]
    lines = [
        {
            "what": what,
            "day_number": number,
            "on": _day(told.known, number),
            "passed": _passed(told, number, as_of),
        }
        for what, number in shown
    ]
    schema: Sequence[tuple[str, DType]] = (
        ("what", pl.String),
        ("day_number", pl.Int64),
        ("on", pl.Date),
        ("passed", pl.Boolean),
    )
    return pl.DataFrame(lines, schema=dict(schema))


def _day(known: date, number: int | None) -> date | None:
    """The day of knowing is day 1 (通則編 3-5-3-3)."""
    return None if number is None else known + timedelta(days=number - 1)


def _passed(told: Circumstances, number: int | None, as_of: date | None) -> bool | None:
    due = _day(told.known, number)
    return None if due is None or as_of is None else due < as_of


def _items(lines: pl.DataFrame) -> pl.DataFrame:
    """Every item that got out: of how many lists, and whether it needs special care or may cost people money."""
    each = (
        lines.select(pl.col("items").alias("item"), "sensitive", "property")
        .explode("item")
        .drop_nulls("item")
    )
    marked = each.with_columns(
        pl.col("sensitive").list.contains(pl.col("item")), pl.col("property").list.contains(pl.col("item"))
    )
    return (
        marked.group_by("item", maintain_order=True)
        .agg(pl.len().cast(pl.UInt64).alias("lists"), pl.col("sensitive").any(), pl.col("property").any())
        .sort(~pl.col("sensitive"), ~pl.col("property"), maintain_order=True)
    )


def _first_report(lines: pl.DataFrame, people: int) -> pl.DataFrame:
    """`number`, `point` and what the lists tell of it; nothing where people have to write."""
    known = {"items": _items(lines)["item"].to_list(), "people": [f"{people:,}"]}
    points = tables.load("breach_item").select("number", "item").iter_rows()
    told = [{"number": int(number), "point": point, "told": known.get(point, [])} for number, point in points]
    return pl.DataFrame(told, schema=_POINTS)
