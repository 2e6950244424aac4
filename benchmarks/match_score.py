"""Verdicts and truth → what was withheld and caught of every kind, beside the bounds that must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl
from match_people import KINDS, UNRELATED
from match_traps import TRAPS

WITHHELD: Final = "withheld"
CAUGHT: Final = "caught"
# Share of the eligible rows that must be withheld, or caught (withheld or in review).
BOUNDS: Final[dict[str, tuple[str, float]]] = {
    **dict.fromkeys(
        ("format", "itaiji", "phone_changed", "phone_missing", "moved", "number_typo", "phone_typo"),
        (WITHHELD, 0.99),
    ),
    "kana_only": (WITHHELD, 0.97),
    **dict.fromkeys(
        ("name_typo", "surname_changed", "given_kana", "romaji", "joint", "company", "fax"), (CAUGHT, 0.98)
    ),
}
TRAP_BOUNDS: Final = {"relatives": 0.005, "namesakes": 0.001}
PRECISION: Final = 0.995
UNRELATED_REVIEW: Final = 0.0005  # of all rows


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """What a screen made of the rows.

    Attributes:
        kinds: One line a true kind: `kind`, `rows`, `eligible`, `withheld`, `caught` (shares of the eligible),
            `other_withheld` `other_caught` (shares of the rest), `what` and `bound`, `holds`.
        traps: One line a trap and one for unrelated rows: `kind`, `rows`, `withheld`, `review` (shares), `bound`.
        precision: Share of the withheld rows that are the person who asked.
        unrelated_review: Unrelated rows in review, as a share of all rows.
    """

    kinds: pl.DataFrame
    traps: pl.DataFrame
    precision: float
    unrelated_review: float


def score(told: pl.DataFrame) -> Score:
    """Count; `told` is the truth of every row with its `verdict` (String)."""
    told = told.with_columns(withheld=pl.col("verdict") == "withhold", caught=pl.col("verdict") != "keep")
    true = pl.col("entry").is_not_null()
    withheld = told.filter("withheld")
    review = told.filter(pl.col("kind") == UNRELATED, pl.col("verdict") == "review")
    precision = withheld.filter(true).height / max(1, withheld.height)
    return Score(
        _kinds(told.filter(true)), _traps(told.filter(~true)), precision, review.height / told.height
    )


def _kinds(told: pl.DataFrame) -> pl.DataFrame:
    good, rest = pl.col("eligible"), ~pl.col("eligible")
    counted = told.group_by("kind").agg(
        pl.len().alias("rows"),
        good.sum().alias("eligible"),
        pl.col("withheld").filter(good).mean().alias("withheld"),
        pl.col("caught").filter(good).mean().alias("caught"),
        pl.col("withheld").filter(rest).mean().alias("other_withheld"),
        pl.col("caught").filter(rest).mean().alias("other_caught"),
    )
    bounds = pl.DataFrame(
        [(kind, *BOUNDS.get(kind, (CAUGHT, None))) for kind in KINDS],
        schema=["kind", "what", "bound"],
        orient="row",
    )
    told = bounds.join(counted, on="kind", how="left", maintain_order="left")
    asked = pl.when(pl.col("what") == WITHHELD).then("withheld").otherwise("caught")
    return told.with_columns(holds=asked >= pl.col("bound"))


def _traps(told: pl.DataFrame) -> pl.DataFrame:
    counted = told.group_by("kind").agg(
        pl.len().alias("rows"),
        pl.col("withheld").mean().alias("withheld"),
        (pl.col("verdict") == "review").mean().alias("review"),
    )
    order = pl.DataFrame({"kind": [*TRAPS, UNRELATED]})
    bounds = pl.col("kind").replace_strict(TRAP_BOUNDS, default=None, return_dtype=pl.Float64)
    return order.join(counted, on="kind", how="left", maintain_order="left").with_columns(
        bound=bounds, holds=pl.col("withheld") <= bounds
    )


def text(found: Score) -> str:
    """The tables, as printed."""
    lines = [f"{'kind':<16}{'rows':>7}{'eligible':>9}{'withheld':>10}{'caught':>9}{'kept':>7}   bound"]
    for row in found.kinds.drop_nulls("rows").iter_rows(named=True):
        kept = round(row["eligible"] * (1 - (row["caught"] or 0)))
        bound = _bound(row)
        lines.append(
            f"{row['kind']:<16}{row['rows']:>7,}{row['eligible']:>9,}{_share(row['withheld'])}"
            f"{_share(row['caught'], 9)}{kept:>7,}   {bound}"
        )
    lines.append("")
    lines.append(f"{'trap':<16}{'rows':>9}{'withheld':>10}{'review':>9}   bound")
    for row in found.traps.drop_nulls("rows").iter_rows(named=True):
        bound = (
            ""
            if row["bound"] is None
            else f"withheld ≤ {row['bound']:.1%}{'' if row['holds'] else '  ABOVE'}"
        )
        lines.append(
            f"{row['kind']:<16}{row['rows']:>9,}{_share(row['withheld'])}{_share(row['review'], 9)}   {bound}"
        )
    lines.append("")
    over = "  ABOVE" if found.unrelated_review > UNRELATED_REVIEW else ""
    under = "  BELOW" if found.precision < PRECISION else ""
    lines.append(f"precision of withhold {found.precision:.3%} (≥ {PRECISION:.1%}){under}")
    lines.append(
        f"unrelated rows in review {found.unrelated_review:.4%} of the list (≤ {UNRELATED_REVIEW:.2%}){over}"
    )
    return "\n".join(lines)


def _bound(row: dict[str, object]) -> str:
    return (
        ""
        if row["bound"] is None
        else f"{row['what']} ≥ {row['bound']:.0%}{'' if row['holds'] else '  BELOW'}"
    )


def _share(value: float | None, width: int = 10) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.2%}"
