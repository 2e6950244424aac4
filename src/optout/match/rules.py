"""Comparison levels → rule, verdict, reason and weight (tables/rules.tsv, tables/level_weight.tsv).

The first rule of the table that fits decides, so precedence is the order of lines. A pair no rule fits is not a
hit. Weights are match weights, log2(m / u) summed over the fields: they order the review, they never decide.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Final

import polars as pl

from optout import tables
from optout.schema import REASON, VERDICT

FIELDS: Final = ("person", "address", "phone", "email", "birth_date", "corporate_number")
_CONTEXT: Final = ("asked", "policy", "channel")
_ANY: Final = "any"


def decide(levels: pl.DataFrame) -> pl.DataFrame:
    """Judge pairs by their levels.

    Args:
        levels: String columns person, address, phone, email, birth_date, corporate_number, asked, policy, channel;
            no nulls.

    Returns:
        The frame with `rule` String, `verdict` VERDICT, `reason` REASON (all null where no rule fits) and `weight`
        Float64 (bits). Same order.
    """
    decided = levels.with_columns(_first_rule().alias("rule"), _weight().alias("weight"))
    return decided.join(answers(), on="rule", how="left", maintain_order="left")


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


def weights() -> pl.DataFrame:
    """`field`, `level` String, `weight` Float64: log2(m / u) of each level, in bits."""
    table = tables.load("level_weight")
    bits = [math.log2(float(m) / float(u)) for m, u in zip(table["m"], table["u"], strict=True)]
    return table.select("field", "level").with_columns(pl.Series("weight", bits))


def _weight() -> pl.Expr:
    table = weights()
    of_fields = []
    for field in FIELDS:
        rows = table.filter(pl.col("field") == field)
        of_fields.append(pl.col(field).replace_strict(rows["level"], rows["weight"], default=0.0))
    return pl.sum_horizontal(of_fields)
