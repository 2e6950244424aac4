"""One row, field by field: both sides, level, weight; an address also part by part, as it was read."""

from __future__ import annotations

from typing import Final, TypeAlias

import polars as pl

from optout import match
from optout.keys import comparable
from optout.screen.snapshot import Snapshot

Part: TypeAlias = tuple[str, str | None, str | None]

# What is shown of both sides for each compared field: raw columns, as the list and the request wrote them.
_SHOWN: Final = {
    "person": ("name", "former", "kana", "company"),
    "address": ("postal", "address"),
    "phone": ("phone_",),
    "email": ("email_",),
    "birth_date": ("birth_date",),
    "corporate_number": ("corporate_number",),
}
# How both addresses were read; the level of the whole is what counts.
_PARTS: Final = ("municipality", "town", "numbers", "room")
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
    weighed = match.bits(near).iter_rows(named=True)
    lines_of = zip(near.iter_rows(named=True), weighed, _read(near, raw, snapshot), strict=True)
    told = [line for pair, bits, parts in lines_of for line in _of_pair(pair, bits, parts, raw, snapshot)]
    return pl.DataFrame(told, schema=_SCHEMA)


def _read(near: pl.DataFrame, raw: pl.DataFrame, snapshot: Snapshot) -> list[list[Part]]:
    """The parts of both addresses of every pair: (part, of the row, of the entry)."""
    sides = [
        comparable(side[near[line]], snapshot.gazetteer).facts.select(
            pl.concat_str(
                "prefecture",
                "city",
                pl.when(pl.col("ward") != pl.col("city")).then("ward"),
                ignore_nulls=True,
            )
            .replace("", None)
            .alias("municipality"),
            *_PARTS[1:],
        )
        for side, line in ((raw, "a"), (snapshot.raw, "b"))
    ]
    pairs = zip(*(side.iter_rows() for side in sides), strict=True)
    return [list(zip(_PARTS, ours, theirs, strict=True)) for ours, theirs in pairs]


def _of_pair(
    pair: dict[str, object],
    bits: dict[str, float],
    parts: list[Part],
    raw: pl.DataFrame,
    snapshot: Snapshot,
) -> list[dict[str, object]]:
    ours, theirs = raw.row(int(str(pair["a"])), named=True), snapshot.raw.row(int(str(pair["b"])), named=True)
    request = snapshot.entries["request"][int(str(pair["b"]))]
    whole = {
        "request": request,
        "subject": ours["subject"],
        "rule": pair["rule"],
        "verdict": pair["verdict"] or "keep",
    }
    fields = [
        {
            **whole,
            "field": field,
            "row_value": _shown(ours, columns),
            "entry_value": _shown(theirs, columns),
            "level": pair[field],
            "weight": bits[field],
        }
        for field, columns in _SHOWN.items()
    ]
    read = [
        {**whole, "field": part, "row_value": a, "entry_value": b, "level": _level(a, b), "weight": 0.0}
        for part, a, b in parts
    ]
    at = [*_SHOWN].index("address") + 1
    return [*fields[:at], *read, *fields[at:]]


def _level(ours: str | None, theirs: str | None) -> str:
    if ours is None or theirs is None:
        return "none"
    return "equal" if ours == theirs else "different"


def _shown(values: dict[str, object], columns: tuple[str, ...]) -> str | None:
    found = [str(v) for name, v in values.items() if name.startswith(columns) and v is not None]
    return " / ".join(found) or None
