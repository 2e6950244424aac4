"""Open pairs and decisions → sheets, and the sheet a reviewer fills in. Shows personal data: for the desk alone."""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.match import FIELDS
from optout.register import day
from optout.report.sheet import Column, Row, Sheet, Tone
from optout.report.words import words
from optout.review import Item
from optout.review.sheet import HEADERS
from optout.store import Record

_MOST: Final = 200
_TONES: Final[dict[str, Tone]] = {"same": "bad", "equal": "bad", "different": "good", "other": "good"}
_ANSWERS: Final = {"same": "本人 same", "other": "別人 other", None: "取消 undone"}


def waiting(open_: pl.DataFrame) -> Sheet:
    """The open pairs, oldest list first: ids, rows and reasons; names are not shown here."""
    rows = tuple(
        Row(
            (
                line["item"],
                line["list"],
                line["row"],
                words("reason", line["reason"]),
                line["request"] or "-",
            ),
            "doubt",
        )
        for line in open_.head(_MOST).iter_rows(named=True)
    )
    headers = ("番号 item", "名簿 list", "行 row", "理由 reason", "求め request")
    columns = tuple(Column(header, header.endswith("row"), header.endswith("item")) for header in headers)
    notes = [f"未判断 {open_.height:,} pairs wait"]
    if open_.height > _MOST:
        notes.append(f"ほか {open_.height - _MOST:,} more, not shown: optout review export")
    return Sheet("要確認 Waiting for a decision", columns, rows, tuple(notes))


def compared(item: Item, versions: list[Record]) -> list[Sheet]:
    """One pair field by field, and what was decided of it, oldest first."""
    rows = tuple(
        Row(
            (
                words("field", each.field),
                each.row_value or "-",
                each.entry_value or "-",
                words("level", each.level) if each.level else "-",
                "-" if each.weight is None else f"{each.weight:.1f}",
            ),
            _TONES.get(each.level or "", "doubt"),
        )
        for each in item.evidence
    )
    columns = tuple(map(Column, ("項目 field", "名簿 row", "登録 entry", "一致度 level")))
    asked = f"求め request {item.request or '-'} / {words('reason', item.reason)}"
    title = f"{item.id}: {item.list} 行 row {item.row} / {asked}"
    shown = [Sheet(title, (*columns, Column("重み bits", number=True)), rows)]
    return [*shown, history(versions)] if versions else shown


def history(versions: list[Record]) -> Sheet:
    """Every version of a decision, oldest first."""
    rows = tuple(
        Row((day.clock(one.at), _ANSWERS[one.told["answer"]], one.told["reviewer"], one.told["reason"]))
        for one in versions
    )
    return Sheet(
        "判断の履歴 Decisions", tuple(map(Column, ("日時 at", "判断 answer", "確認者", "理由 why"))), rows
    )


def for_a_reviewer(sheet: pl.DataFrame) -> pl.DataFrame:
    """What `review.answer_sheet` made, in Japanese with English beside: headers, reasons and levels."""
    levels = [f"{field}_level" for field in FIELDS]
    kinds = {"rule_reason": "reason", **dict.fromkeys(levels, "level")}
    shown = sheet.with_columns(_worded(sheet[column], kind) for column, kind in kinds.items())
    sides = {
        f"{side}_{'name' if field == 'person' else field}": f"{whose}: {words('field', field)}"
        for side, whose in {"row": "名簿 list", "entry": "求め request"}.items()
        for field in FIELDS
    }
    agreement = {f"{field}_level": f"一致度 level: {words('field', field)}" for field in FIELDS}
    plain = {
        "list": "名簿 list",
        "row": "行 row",
        "subject": "誰 subject",
        "request": "求め request",
        "rule": "規則 rule",
        "rule_reason": "要確認の理由 reason of the rule",
        "weight": "重み weight",
    }
    return shown.rename({name: known[0] for name, known in HEADERS.items()} | plain | sides | agreement)


def _worded(column: pl.Series, kind: str) -> pl.Series:
    text = column.cast(pl.String)
    known = text.drop_nulls().unique().to_list()
    return text.replace(known, [words(kind, word) for word in known])
