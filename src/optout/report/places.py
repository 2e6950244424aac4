"""Imports of address tables → sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from optout.report.sheet import Column, Row, Sheet, facts
from optout.store import TableImport

_KINDS: Final = {
    "ken-all": "郵便番号データ KEN_ALL",
    "abr": "町字マスター ABR",
    "mergers": "廃置分合 mergers",
}


def imports(told: Sequence[TableImport], scheme: str) -> Sheet:
    """Every import of a store, oldest first."""
    rows = tuple(
        Row(
            (
                _KINDS.get(each.kind, each.kind),
                each.name,
                each.as_of.isoformat(),
                each.revision,
                "有効 yes" if each.in_force else "差替済 replaced",
                each.rows,
            )
        )
        for each in told
    )
    columns = (
        Column("種類 kind"),
        Column("ファイル file"),
        Column("時点 as of", whole=True),
        Column("版 revision", number=True),
        Column("有効 in force"),
        Column("行 rows", number=True),
    )
    notes = () if rows else ("取り込みなし: only the tables that come with optout are used.",)
    return Sheet("住所表 Address tables", columns, rows, (*notes, f"規則 scheme: {scheme}"))


def imported(told: TableImport, scheme: str) -> Sheet:
    """One import, or that it was there already."""
    title = "取込済み Imported before, nothing was changed" if told.known else "取り込みました Imported"
    return facts(
        f"{title}: {_KINDS.get(told.kind, told.kind)}",
        {
            "ファイル file": told.name,
            "時点 as of": told.as_of.isoformat(),
            "行 rows": f"{told.rows:,}",
            "版 revision": str(told.revision),
            "規則 scheme": scheme,
        },
        told.remarks,
    )
