"""Suppliers, and what was found in a list that was taken in → sheets. Counts only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from optout.checks import Intake
from optout.register.supplier import Supplier, categories
from optout.report.sheet import Cell, Column, Row, Sheet, facts

_CARE: Final = {
    "illness": "病歴・診療",
    "disability": "障害",
    "checkup": "健診結果",
    "creed": "信条",
    "union": "労働組合 (機微)",
    "crime": "犯罪の経歴",
    "victim": "犯罪被害",
    "origin": "人種・社会的身分",
    "sexuality": "性的指向 (機微)",
}
_GAIJI: Final = {
    "pua": "外字 (PUA)",
    "replacement": "U+FFFD",
    "geta": "〓",
    "question": "? (文字化け)",
    "box": "■ (文字化け)",
}


def findings(found: Mapping[str, Any]) -> list[Sheet]:
    """What was found beside requests; no sheet when nothing was."""
    minors, several, twice = found["minors"], found["several_people"], found["duplicates"]
    rows = [
        (f"{minors['under']}歳未満 under {minors['under']} ({minors['as_of']})", minors),
        ("一行に複数の人 several people in a row", several),
        ("名簿内の重複 the same person again", twice or {"count": 0, "rows": []}),
    ]
    for each in found["gaiji"]:
        rows.append((f"{each['header']}: {_GAIJI.get(each['kind'], each['kind'])}", each))
    for each in found["special_care"]:
        kinds = "・".join(_CARE.get(kind, kind) for kind in each["kinds"])
        rows.append((f"{each['header']}: 要配慮 {kinds} (blanked)", each))
    told = tuple(
        Row((what, each["count"], ", ".join(map(str, each["rows"][:5]))), "doubt")
        for what, each in rows
        if each["count"]
    )
    told += tuple(Row((f"{h}: 修復 repaired", n, "")) for h, n in found.get("repaired", {}).items())
    columns = (Column(""), Column("件 rows", number=True), Column("行 first rows"))
    return [Sheet("名簿の中身 What is in the list", columns, told)] if told else []


def reviews(taken: Intake) -> list[str]:
    """Where the open pairs of an intake wait."""
    n = taken.result.items.height
    return (
        [f"要確認 {n:,} pairs wait for a decision: optout review list STORE --list '{taken.list_name}'"]
        if n
        else []
    )


def suppliers(known: Sequence[Supplier]) -> Sheet:
    """Every supplier and what its file lacks."""
    rows = tuple(
        Row(
            (one.id, one.name, categories()[one.category].japanese, "; ".join(one.lacking) or "-"),
            "doubt" if one.lacking else "plain",
        )
        for one in known
    )
    notes = () if rows else ("まだありません: no supplier is registered (optout supplier add).",)
    headers = ("番号 id", "名称 name", "区分 kind", "不足 lacking")
    return Sheet("取得元 Suppliers", tuple(map(Column, headers)), rows, notes)


def supplier(one: Supplier) -> Sheet:
    """What is on record of a supplier."""
    pairs: dict[str, Cell] = {
        "番号 id": one.id,
        "区分 kind": categories()[one.category].japanese,
        "住所 address": one.address or "-",
        "代表者 representative": one.representative or "-",
        "法人番号 corporate number": one.corporate_number or "-",
        "誓約書 pledge SHA-256": one.pledge_sha256 or "-",
        "本人確認 identity checked": str(one.identity_checked or "-"),
        "届出の公表 published": str(one.published_checked or "-"),
        **{f"書面 {what}": digest for what, digest in one.documents.items()},
    }
    notes = tuple(f"不足 lacking: {what}" for what in one.lacking)
    return facts(f"取得元 Supplier {one.name}", pairs, notes)
