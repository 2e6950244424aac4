"""Comparison levels → rule, verdict, reason and weight (tables/rules.tsv).

The first rule of the table that fits decides, so precedence is the order of lines. A pair no rule fits is not a
hit. Weights (`match.weights`) order the review, they never decide.
"""

from __future__ import annotations

from functools import cache, reduce
from typing import Final

import polars as pl

from optout import tables
from optout.match.kinds import kinds
from optout.match.weights import FIELDS, bits
from optout.schema import REASON, VERDICT

_CONTEXT: Final = ("asked", "policy", "channel")
_ANY: Final = "any"


def decide(levels: pl.DataFrame) -> pl.DataFrame:
    """Judge pairs by their levels.

    Args:
        levels: String columns person, address, phone, email, birth_date, corporate_number, asked, policy, channel;
            no nulls; `commonness` Float64 and `landline` Boolean where they are known: they alter the weight alone.

    Returns:
        The frame with `rule` String, `verdict` VERDICT, `reason` REASON (all null where no rule fits) and `weight`
        Float64 (bits). Same order.
    """
    found, kind = kinds(levels, _named())
    rule = found.select(_first_rule().alias("rule"))
    answered = rule.join(answers(), on="rule", how="left", maintain_order="left")[kind]
    weight = bits(levels).sum_horizontal().alias("weight")
    return levels.with_columns(answered["rule"], weight, answered["verdict"], answered["reason"])


@cache
def _named() -> dict[str, tuple[str, ...]]:
    """The values of each column that some rule names."""
    rules = tables.load("rules")
    told = {column: rules[column].str.split("|").explode().unique().sort() for column in (*FIELDS, *_CONTEXT)}
    return {column: tuple(values.filter(values != _ANY)) for column, values in told.items()}


def answers() -> pl.DataFrame:
    """`rule` String, `verdict` VERDICT, `reason` REASON of every rule, in order of precedence."""
    return tables.load("rules").select(
        pl.col("rule_id").alias("rule"), pl.col("verdict").cast(VERDICT), pl.col("reason").cast(REASON)
    )


def _first_rule() -> pl.Expr:
    rules = tables.load("rules").iter_rows(named=True)
    return pl.coalesce([pl.when(_fits(rule)).then(pl.lit(rule["rule_id"])) for rule in rules])


def _fits(rule: dict[str, str]) -> pl.Expr:
    """All columns of a rule that name levels, as one condition."""
    asked = [
        pl.col(column).is_in(rule[column].split("|"))
        for column in (*FIELDS, *_CONTEXT)
        if rule[column] != _ANY
    ]
    return reduce(lambda a, b: a & b, asked)
