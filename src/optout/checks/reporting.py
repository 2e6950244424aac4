"""Lines of records → the figures of reports; numbers only: no store, no clock, no person.

`effect` is what the three checks removed, `requests` how requests were answered, `provisions` what went out in a month,
`filing` what changes in the PPC filing; `reporting_breach` has the fifth. `reported` gathers the lines.
Sources: 個人情報保護法 第27条第2項・第3項, 第39条; the PPC's orders of 2025 (a monthly report of provisions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import polars as pl

from optout import tables
from optout.errors import OptionError
from optout.schema import DType

# One line: rows of one list at one check on one day.
REMOVED: Final[dict[str, DType]] = {
    "check": pl.UInt8,  # 1 removal, 2 intake, 3 delivery
    "on": pl.Date,
    "list": pl.String,
    "supplier": pl.String,  # null = not known
    "rows": pl.UInt64,  # looked at; null at check 1, where the same rows are looked at for every request
    "removed": pl.UInt64,
    "review": pl.UInt64,
}
# One line a case (受付).
ANSWERED: Final[dict[str, DType]] = {
    "id": pl.String,
    "kind": pl.String,
    "channel": pl.String,
    "client": pl.String,  # null = the person asked us
    "received": pl.Date,
    "due": pl.Date,
    "answered": pl.Date,  # null = not yet
    "outcome": pl.String,  # of OUTCOMES
}
# partly: carried out in some holdings and not yet in all, or for a part of what was asked.
OUTCOMES: Final = ("complied", "partly", "refused", "withdrawn", "closed", "open")
# One line a delivery.
PROVIDED: Final[dict[str, DType]] = {
    "id": pl.String,
    "on": pl.Date,
    "recipient": pl.String,
    "corporate_number": pl.String,
    "verified": pl.Date,  # when the recipient's identity was confirmed; null = not on record
    "purpose": pl.String,
    "basis": pl.String,
    "method": pl.String,
    "items": pl.List(pl.String),
    "rows": pl.UInt64,
    "certificate": pl.String,
}
# Up to and with so many days; the last of them is the internal limit (arrival + 14 days, 第39条).
_DAYS: Final = (0, 1, 3, 7, 14)


@dataclass(frozen=True, slots=True)
class Period:
    """Days a report is about, both counted in.

    Raises:
        OptionError: it ends before it begins.
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise OptionError("--to", ("a day that is not before --from",))

    def holds(self, day: pl.Expr) -> pl.Expr:
        """Whether a day is in it; null is not. Elementwise."""
        return day.is_between(self.since, self.until).fill_null(False)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The figures of a report: plain values and frames, no personal data.

    Attributes:
        kind: effect, requests, provisions, filing or breach.
        facts: What stands at the top: name → value, in the order of reading.
        tables: Name → frame, in the order of reading. Same input, same rows in the same order.
        period: The days it is about; None where there are none.
        remarks: What the reader must know of the figures: code → how many.
    """

    kind: str
    facts: dict[str, Any]
    tables: dict[str, pl.DataFrame]
    period: Period | None = None
    remarks: dict[str, int] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """The report as JSON values; dates as ISO 8601."""
        period = {"from": _plain(self.period.since), "to": _plain(self.period.until)} if self.period else None
        return {
            "report": self.kind,
            "period": period,
            "facts": _plain(self.facts),
            "tables": {name: _plain(table.to_dicts()) for name, table in self.tables.items()},
            "remarks": dict(self.remarks),
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def effect(lines: pl.DataFrame, period: Period) -> Report:
    """Rows removed at checks 1, 2 and 3 (Q3), by check, month, list and supplier.

    Args:
        lines: `REMOVED`.
        period: By the day of the check.

    Returns:
        Tables `by_check`, `by_month`, `by_list`, `by_supplier`, the most removed first.
    """
    told = lines.filter(period.holds(pl.col("on")))
    tables = {
        "by_check": _by_check(told),
        "by_month": _removed(told.with_columns(pl.col("on").dt.strftime("%Y-%m").alias("month")), ["month"])
        .drop("removed_rank")
        .sort("month"),
        "by_list": _ranked(_removed(told, ["list", "supplier"]), ["list", "supplier"]),
        "by_supplier": _ranked(_removed(told, ["supplier"]), ["supplier"]),
    }
    facts = {
        "removed": int(told["removed"].sum()),
        **{f"removed_{check}": int(told.filter(check=check)["removed"].sum()) for check in (1, 2, 3)},
        "review": int(told["review"].sum()),
        "lists": told["list"].n_unique(),
        "suppliers": told["supplier"].drop_nulls().n_unique(),
    }
    unknown = told.filter(pl.col("supplier").is_null())["list"].n_unique()
    return Report("effect", facts, tables, period, {"supplier_unknown": unknown} if unknown else {})


def _by_check(told: pl.DataFrame) -> pl.DataFrame:
    """Three lines, also for a check that did nothing."""
    counted = told.group_by("check").agg(
        pl.len().cast(pl.UInt64).alias("runs"),
        pl.col("list").n_unique().cast(pl.UInt64).alias("lists"),
        pl.when(pl.col("rows").is_not_null().any()).then(pl.col("rows").sum()).alias("rows"),
        pl.col("removed").sum(),
        pl.col("review").sum(),
    )
    checks = pl.DataFrame({"check": [1, 2, 3]}, schema={"check": pl.UInt8})
    whole = checks.join(counted, on="check", how="left", maintain_order="left")
    zero = ("runs", "lists", "removed", "review")
    share = pl.when(pl.col("rows") > 0).then((pl.col("removed") / pl.col("rows") * 100).round(2))
    return whole.with_columns(pl.col(zero).fill_null(0)).with_columns(share.alias("share"))


def _removed(told: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """One line a group: removed at each check, in all, and under review."""
    at = [
        pl.col("removed").filter(pl.col("check") == check).sum().alias(f"removed_{check}")
        for check in (1, 2, 3)
    ]
    return told.group_by(by).agg(
        *at,
        pl.col("removed").sum(),
        pl.col("review").sum(),
        pl.col("removed").sum().cast(pl.Int64).neg().alias("removed_rank"),
    )


def _ranked(counted: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The most removed first, then by name: the order never depends on the order of the lines."""
    return counted.sort("removed_rank", *by, nulls_last=True).drop("removed_rank")


def requests(lines: pl.DataFrame, period: Period, as_of: date, unfiled: int = 0) -> Report:
    """How the requests received in a period were answered (Q1), by outcome, kind, channel and client.

    Args:
        lines: `ANSWERED`; those received in the period are counted.
        period: By the day of arrival.
        as_of: The day on which what is open is counted as late or not.
        unfiled: Requests in the suppression list that belong to no case: in force, but not in these figures.

    Returns:
        Tables `by_outcome`, `days`, `by_kind`, `by_channel`, `by_client`, `overdue`; days count from arrival to the
        answer, of answered cases only.
    """
    told = lines.filter(period.holds(pl.col("received"))).with_columns(
        (pl.col("answered") - pl.col("received")).dt.total_days().alias("days")
    )
    late = _overdue(told, as_of)
    tables = {
        "by_outcome": _by_outcome(told),
        "days": _spread(told),
        **{f"by_{name}": _answers(told, name) for name in ("kind", "channel", "client")},
        "overdue": late,
    }
    facts = {"received": told.height, **_of_outcomes(told), **_times(told), "overdue": late.height}
    return Report(
        "requests", facts | {"as_of": as_of}, tables, period, {"no_case": unfiled} if unfiled else {}
    )


def _of_outcomes(told: pl.DataFrame) -> dict[str, int]:
    return {outcome: told.filter(outcome=outcome).height for outcome in OUTCOMES}


def _times(told: pl.DataFrame) -> dict[str, Any]:
    days = told["days"].drop_nulls()
    return {"mean_days": _rounded(days.mean()), "median_days": _rounded(days.median())}


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 1)


def _by_outcome(told: pl.DataFrame) -> pl.DataFrame:
    counts = _of_outcomes(told)
    whole = told.height or 1
    share = [round(n / whole * 100, 2) for n in counts.values()]
    return pl.DataFrame(
        {"outcome": list(counts), "cases": list(counts.values()), "share": share},
        schema={"outcome": pl.String, "cases": pl.UInt64, "share": pl.Float64},
    )


def _spread(told: pl.DataFrame) -> pl.DataFrame:
    """Answered cases by the days they took; the last line is later than the limit."""
    ends: list[int | None] = [*_DAYS, None]
    days, lines, first = told["days"].drop_nulls(), [], 0
    for last in ends:
        among = (days >= first) if last is None else days.is_between(first, last)
        lines.append({"from_day": first, "to_day": last, "cases": int(among.sum())})
        first = first if last is None else last + 1
    return pl.DataFrame(lines, schema={"from_day": pl.Int64, "to_day": pl.Int64, "cases": pl.UInt64})


def _answers(told: pl.DataFrame, by: str) -> pl.DataFrame:
    """One line a kind, channel or client: how many, how answered, in how many days."""
    outcomes = [(pl.col("outcome") == outcome).sum().cast(pl.UInt64).alias(outcome) for outcome in OUTCOMES]
    counted = told.group_by(by).agg(
        pl.len().cast(pl.UInt64).alias("received"),
        *outcomes,
        pl.col("days").mean().round(1).alias("mean_days"),
        pl.col("days").median().round(1).alias("median_days"),
    )
    return counted.sort(pl.col("received").cast(pl.Int64).neg(), by, nulls_last=True)


def _overdue(told: pl.DataFrame, as_of: date) -> pl.DataFrame:
    late = told.filter(pl.col("answered").is_null() & (pl.col("due") < as_of))
    return late.select(
        "id", "kind", "received", "due", (pl.lit(as_of) - pl.col("due")).dt.total_days().alias("days_late")
    ).sort("due", "id")


def provisions(lines: pl.DataFrame, period: Period) -> Report:
    """What was provided in a period (Q2): the monthly provision report the PPC ordered in 2025.

    Args:
        lines: `PROVIDED`.
        period: By the day of the delivery.

    Returns:
        Tables `by_recipient`, `by_basis`, `by_day`, `deliveries`.
    """
    told = lines.filter(period.holds(pl.col("on"))).sort("on", "id")
    unverified = told.filter(pl.col("verified").is_null() | (pl.col("verified") > pl.col("on")))
    tables = {
        "by_recipient": _by_recipient(told),
        "by_basis": _counted(told, "basis"),
        "by_day": _counted(told, "on"),
        "deliveries": told,
    }
    facts = {
        "deliveries": told.height,
        "rows": int(told["rows"].sum()),
        "recipients": told.select("recipient", "corporate_number").unique().height,
        "not_verified": unverified.height,
        "no_certificate": told["certificate"].null_count(),
    }
    return Report("provisions", facts, tables, period)


def _counted(told: pl.DataFrame, by: str) -> pl.DataFrame:
    return (
        told.group_by(by)
        .agg(pl.len().cast(pl.UInt64).alias("deliveries"), pl.col("rows").sum())
        .sort(by, nulls_last=True)
    )


def _by_recipient(told: pl.DataFrame) -> pl.DataFrame:
    who = ["recipient", "corporate_number"]
    counted = told.group_by(who).agg(
        pl.len().cast(pl.UInt64).alias("deliveries"),
        pl.col("rows").sum(),
        pl.col("on").min().alias("first"),
        pl.col("on").max().alias("last"),
        pl.col("verified").max(),
        pl.col("purpose").drop_nulls().unique().sort().alias("purposes"),
        pl.col("items").explode().drop_nulls().unique(maintain_order=True).alias("items"),
    )
    return counted.sort(pl.col("rows").cast(pl.Int64).neg(), *who, nulls_last=True)


_DIFFERENCE: Final[dict[str, DType]] = {
    "number": pl.UInt8,
    "item": pl.String,
    "old": pl.List(pl.String),
    "new": pl.List(pl.String),
    "change": pl.String,
    "taken_away": pl.List(pl.String),
    "put_in": pl.List(pl.String),
    "when": pl.String,
}


def filing(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Report:
    """The nine items of the PPC filing, the old beside the new (Q2).

    Args:
        old: Field of tables/filing_item.tsv → text, list of texts or date; None = nothing was filed before.
        new: The same, as it is to be.

    Returns:
        Table `items`: `number`, `item`, `old`, `new`, `change` (same, changed, added, removed), `taken_away`, `put_in`,
        `when` a change must be filed (法第27条第3項: beforehand, without_delay).

    Raises:
        OptionError: a field that is none of the nine.
    """
    form = tables.load("filing_item").select("number", "field", "change").rows()
    fields = tuple(name for _, name, _ in form)
    if strange := (set(old or {}) | set(new)) - set(fields):
        raise OptionError(f"filing ({len(strange)} unknown items)", fields)
    lines = [
        {
            "number": int(number),
            "item": name,
            **_difference((old or {}).get(name), new.get(name)),
            "when": when,
        }
        for number, name, when in form
    ]
    changed = [line for line in lines if line["change"] != "same"]
    facts = {
        "changed": len(changed),
        "beforehand": sum(line["when"] == "beforehand" for line in changed),
        "without_delay": sum(line["when"] == "without_delay" for line in changed),
        "missing": sum(not line["new"] for line in lines),
        "first_filing": old is None,
    }
    return Report("filing", facts, {"items": pl.DataFrame(lines, schema=_DIFFERENCE)})


def _difference(old: Any, new: Any) -> dict[str, Any]:
    before, after = _texts(old), _texts(new)
    return {
        "old": before,
        "new": after,
        "change": _change(before, after),
        "taken_away": [text for text in before if text not in after],
        "put_in": [text for text in after if text not in before],
    }


def _change(before: list[str], after: list[str]) -> str:
    if sorted(before) == sorted(after):
        return "same"
    if not before:
        return "added"
    return "changed" if after else "removed"


def _texts(value: Any) -> list[str]:
    """A text, a date or several of them → texts; nothing or a blank → none."""
    several: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    return [str(each).strip() for each in several if each is not None and str(each).strip()]
