"""How the columns of a list are understood → a sheet; cells are counted, never shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optout.report.sheet import Column, Row, Sheet

_MOST = 200


def understood(told: Mapping[str, Any]) -> Sheet:
    """Header, field, whose it is, and how many cells are filled."""
    filled = {line["header"]: line["filled"] for line in told["filled"]}
    rows = tuple(
        Row(
            (line["header"], line["field"], line["role"], filled[line["header"]]),
            "plain" if line["field"].startswith("(") else "good",
        )
        for line in told["columns"][:_MOST]
    )
    columns = (
        Column("列 header"),
        Column("項目 field"),
        Column("誰 role"),
        Column("記入 filled", number=True),
    )
    return Sheet(
        f"列の対応 Columns of {told['list']} ({told['encoding'] or 'no text file'})",
        columns,
        rows,
        _notes(told),
    )


def _notes(told: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [f"先頭 first {told['rows_looked_at']:,} rows looked at"]
    if (hidden := len(told["columns"]) - _MOST) > 0:
        notes.append(f"ほか {hidden:,} more columns, not shown")
    if told["sensitive"]:
        notes.append(f"要配慮個人情報 special care: {', '.join(told['sensitive'])}")
    if told["identity_like"]:
        notes.append(f"注意 look like identity, not mapped: {', '.join(told['identity_like'])}")
    return (*notes, *(f"判断 decided: {decision}" for decision in told["decisions"]))
