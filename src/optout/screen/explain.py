"""One row, field by field: both sides, level, weight."""

from __future__ import annotations

from typing import Final

import polars as pl

from optout import match
from optout.screen.snapshot import Snapshot

# What is shown of both sides for each compared field: raw columns, as the list and the request wrote them.
_SHOWN: Final = {
    "person": ("name", "former", "kana", "company"),
    "address": ("postal", "address"),
    "phone": ("phone_",),
    "email": ("email_",),
    "birth_date": ("birth_date",),
    "corporate_number": ("corporate_number",),
}
_SCHEMA: Final = {
    "request": pl.String,
    "subject": pl.String,
    "rule": pl.String,
    "verdict": pl.String,
    "field": pl.String,
    "row_value": pl.String,
    "entry_value": pl.String,
    "level": pl.String,
    "weight": pl.Float64,
}


def explain(row: int, raw: pl.DataFrame, pairs: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    """Every entry that was compared with a row, best first, a line a field (see `Result.explain`)."""
    lines = raw.with_row_index("line").filter(pl.col("row") == row)
    near = pairs.filter(pl.col("a").is_in(lines["line"].implode()))
    near = near.sort(pl.col("rule").is_null(), "weight", "b", descending=[False, True, False])
    told = [line for pair in near.iter_rows(named=True) for line in _of_pair(pair, raw, snapshot)]
    return pl.DataFrame(told, schema=_SCHEMA)


def _of_pair(pair: dict[str, object], raw: pl.DataFrame, snapshot: Snapshot) -> list[dict[str, object]]:
    ours, theirs = raw.row(int(str(pair["a"])), named=True), snapshot.raw.row(int(str(pair["b"])), named=True)
    bits = {(field, level): weight for field, level, weight in match.weights().iter_rows()}
    request = snapshot.entries["request"][int(str(pair["b"]))]
    return [
        {
            "request": request,
            "subject": ours["subject"],
            "rule": pair["rule"],
            "verdict": pair["verdict"] or "keep",
            "field": field,
            "row_value": _shown(ours, columns),
            "entry_value": _shown(theirs, columns),
            "level": pair[field],
            "weight": bits[(field, str(pair[field]))],
        }
        for field, columns in _SHOWN.items()
    ]


def _shown(values: dict[str, object], columns: tuple[str, ...]) -> str | None:
    found = [str(v) for name, v in values.items() if name.startswith(columns) and v is not None]
    return " / ".join(found) or None
