"""Rows of the matching benchmark on which the engine went wrong, beside the entry they are: to see why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
from match_cells import HEADERS
from match_score import WITHHELD, Score

_LEVELS = ("person", "address", "phone", "email", "birth_date")


def examples(place: Path, told: pl.DataFrame, found: Score, n: int, result: Any) -> str:
    """Up to `n` rows of every kind below its bound and every trap above its own, with the levels of the pair."""
    listed = pl.read_csv(place / "utf8.csv", infer_schema=False).select(HEADERS.values())
    asked = pl.read_parquet(place / "requests.parquet")
    pairs = _pairs(result)
    lines: list[str] = []
    for row in found.kinds.drop_nulls("rows").iter_rows(named=True):
        wrong = pl.col("verdict") != "withhold" if row["what"] == WITHHELD else pl.col("verdict") == "keep"
        missed = told.filter(pl.col("kind") == row["kind"], "eligible", wrong)
        if missed.height:
            lines.append(f"\n== {row['kind']}: {missed.height} missed")
            lines += _shown(missed.head(n), listed, asked, pairs)
    for trap in found.traps["kind"]:
        wrongly = told.filter(pl.col("kind") == trap, pl.col("verdict") == "withhold")
        if wrongly.height:
            lines.append(f"\n== {trap}: {wrongly.height} withheld")
            lines += _shown(wrongly.head(n), listed, asked, pairs)
    return "\n".join(lines)


def _pairs(result: Any) -> pl.DataFrame:
    """Every compared pair with the row and the request it is of."""
    pairs: pl.DataFrame = result._judged.pairs
    return pairs.with_columns(
        row=result._raw["row"].gather(pairs["a"]),
        request=result._snapshot.entries["request"].gather(pairs["b"]),
    )


def _shown(some: pl.DataFrame, listed: pl.DataFrame, asked: pl.DataFrame, pairs: pl.DataFrame) -> list[str]:
    lines = []
    for row in some.iter_rows(named=True):
        request = row["request"] or row["hit"]
        found = pairs.filter(pl.col("row") == row["row"], pl.col("request") == request)
        levels = "no shared key" if found.is_empty() else " ".join(f"{f}={found[f][0]}" for f in _LEVELS)
        lines.append(f"{row['verdict']} {row['rule'] or '-'} | {levels}")
        lines.append("   row:   " + " | ".join(cell or "" for cell in listed.row(row["row"])))
        if row["entry"] is not None:
            lines.append("   entry: " + " | ".join(cell or "" for cell in asked.row(row["entry"])))
    return lines
