"""The register of holdings → sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optout.register import day
from optout.register.holding import Holding
from optout.report.sheet import Cell, Column, Row, Sheet, facts
from optout.store.record import Record


def listed(lines: Sequence[Mapping[str, Any]]) -> Sheet:
    """Lists held: `id`, `name`, `owner`, `supplier`, `received`, `rows`, `deliverable`, `lacking`, `retired`."""
    rows = tuple(
        Row(
            (
                line["id"],
                line["name"],
                line["owner"] or "自社 ours",
                line["supplier"],
                line["received"] or "",
                "-" if line["rows"] is None else line["rows"],
                "可 yes" if line["deliverable"] else "不可 no",
                line["retired"] or ", ".join(line["lacking"]),
            ),
            "doubt" if line["lacking"] and not line["retired"] else "plain",
        )
        for line in lines
    )
    columns = (
        Column("番号 id", whole=True),
        Column("名簿 list"),
        Column("所有者 owner"),
        Column("取得元 supplier"),
        Column("取得 received", whole=True),
        Column("件 rows", number=True),
        Column("提供"),
        Column("不足・終了 lacking"),
    )
    notes = () if rows else ("まだありません: none is registered yet (optout holdings add ...).",)
    return Sheet("保有名簿 Holdings", columns, rows, notes)


def shown(one: Holding) -> Sheet:
    """One list as the register has it."""
    pairs: dict[str, Cell] = {
        "番号 id": one.id,
        "所有者 owner": one.owner or "自社 ours",
        "法人 entity": one.entity or "-",
        "場所 location": "; ".join(one.places),
        "項目 items": ", ".join(one.items) or "-",
        "利用目的 purpose": one.purpose or "-",
        "根拠 basis": one.basis or "-",
        "責任者 responsible": one.responsible or "-",
        "保存区分 retention": one.retention or "-",
        "由来 origin": ", ".join(f"{name}={value}" for name, value in one.origin.items()) or "-",
        "保存義務 exempt": one.exempt or "-",
    }
    if one.retired:
        pairs["保有終了 retired"] = one.retired
    lacking = f"不足 not told yet: {', '.join(one.lacking)}"
    return facts(f"保有名簿 {one.name}", pairs, (lacking,) if one.lacking else ())


def versions(known: Sequence[tuple[Record, Holding]]) -> Sheet:
    """When it was changed, by whom, and what."""
    rows = []
    for number, (record, one) in enumerate(known):
        before = known[number - 1][1] if number else None
        changed = [
            name
            for name in Holding.__slots__
            if before is not None and getattr(one, name) != getattr(before, name)
        ]
        rows.append(Row((day.clock(record.at), record.actor, ", ".join(changed) or "登録 registered")))
    columns = (Column("日時 at (JST)", whole=True), Column("担当 actor"), Column("変更 changed"))
    return Sheet("履歴 Versions", columns, tuple(rows))
