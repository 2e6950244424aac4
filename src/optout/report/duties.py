"""What the duties after a request return (開示, 訂正, 通知, 保存期間) → sheets. No personal data in any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from optout.report.sheet import Cell, Column, Row, Sheet, Tone

if TYPE_CHECKING:
    from optout.checks.correction import Outcome, Plan
    from optout.checks.disclosure import Access, Records
    from optout.checks.propagation import Round, TakenBack
    from optout.checks.purging import Purged

# Word → as it is shown, and what it means to the reader.
_WORDS: Final[dict[str, tuple[str, Tone]]] = {
    "held": ("保有 held", "plain"),
    "not_held": ("保有なし not held", "plain"),
    "incomplete": ("未回答 incomplete", "bad"),
    "waiting": ("要確認 waiting", "doubt"),
    "unreachable": ("読めない unreachable", "bad"),
    "correct": ("訂正する correct", "good"),
    "corrected": ("訂正済 corrected", "good"),
    "right": ("正しい already right", "plain"),
    "by_hand": ("手作業 by hand", "doubt"),
    "review": ("要確認 review", "doubt"),
    "refused": ("書けない refused", "bad"),
    "not_found": ("該当なし not found", "plain"),
    "made": ("作成 made", "doubt"),
    "sent": ("送付済 sent", "plain"),
    "acknowledged": ("受領 acknowledged", "plain"),
    "done": ("措置済 done", "good"),
    "overdue": ("期限超過 overdue", "bad"),
    "due": ("満了 due", "bad"),
    "kept": ("保存中 kept", "good"),
    "exempt": ("契約により保存 exempt", "plain"),
    "undecided": ("未定 undecided", "doubt"),
    "purged": ("廃棄済 purged", "good"),
}
_OF_SCHEDULE: Final = {"held": "法的保全 held"}
_WHAT: Final = {
    "holding": "保有名簿 holding",
    "provision": "提供の記録 provision",
    "receipt": "受領の記録 receipt",
}


def disclosed(access: Access) -> list[Sheet | str]:
    """Where the person was looked for, and what somebody has to look at."""
    counts = access.looked.iter_rows(named=True)
    rows = [
        _row((line["holding"], line["rows"], line["waiting"], line["why"] or ""), line["status"], 1)
        for line in counts
    ]
    columns = (
        Column("保有名簿 holding"),
        Column("結果 result"),
        *_numbers("行 rows", "要確認 doubtful"),
        Column("理由 why"),
    )
    left = [f"{one.holding}: {', '.join(one.left_out)}" for one in access.held if one.left_out]
    notes = [
        f"回答 answer: {_WORDS[access.answer][0]}",
        _records_line(access.records),
        *(f"別の方に関する可能性があり除いた列 left out, look at them: {each}" for each in left),
    ]
    sheets: list[Sheet | str] = [Sheet("保有個人データの開示 Disclosure", columns, tuple(rows), tuple(notes))]
    if access.doubts.height:
        sheets.append(_doubts(access.doubts))
    return sheets


def _doubts(doubts: pl.DataFrame) -> Sheet:
    rows = tuple(Row((name, row, rule, level), "doubt") for name, row, rule, level in doubts.iter_rows())
    columns = (
        Column("保有名簿 holding"),
        Column("行 row", number=True),
        Column("規則 rule"),
        Column("一致 agrees"),
    )
    note = "確認してから From 0. Look at each, then say --same HOLDING:ROW or --other HOLDING:ROW."
    return Sheet("ご本人か確認が必要な行 Rows in doubt", columns, rows, (note,))


def records(found: Records) -> Sheet:
    """How many records name the person."""
    rows = (Row(("提供 provided", len(found.provided))), Row(("受領 received", len(found.received))))
    note = (f"確認が必要 perhaps: {found.waiting}",) if found.waiting else ()
    return Sheet("第三者提供記録 Records", (Column(""), Column("件 records", number=True)), rows, note)


def _records_line(found: Records) -> str:
    perhaps = f", 要確認 perhaps {found.waiting}" if found.waiting else ""
    return f"記録 records: 提供 provided {len(found.provided)}, 受領 received {len(found.received)}{perhaps}"


def correction_planned(plan: Plan) -> Sheet:
    """What would change, without a value."""
    rows = [
        _row(
            (
                line["holding"],
                "" if line["row"] is None else line["row"],
                line["items"] or "",
                line["rule"] or "",
            ),
            line["action"],
            1,
        )
        for line in plan.table.iter_rows(named=True)
    ]
    columns = (
        Column("保有名簿 holding"),
        Column("処理 action"),
        Column("行 row"),
        Column("項目 items"),
        Column("規則 rule"),
    )
    notes = (*(f"注意 {remark}" for remark in plan.remarks), f"計画 plan: {plan.hash}")
    return Sheet("訂正計画 Correction plan (nothing is changed yet)", columns, tuple(rows), notes)


def corrected(outcome: Outcome) -> Sheet:
    """What was changed, by list."""
    rows = [
        _row(
            (line["holding"], line["rows"], line["cells"], line["waiting"], line["why"] or ""),
            line["status"],
            1,
        )
        for line in outcome.table.iter_rows(named=True)
    ]
    columns = (
        Column("保有名簿 holding"),
        Column("結果 status"),
        *_numbers("行 rows", "セル cells", "要確認 waiting"),
        Column("理由 why"),
    )
    done = "完了 done" if outcome.done else "未了 not done yet"
    return Sheet("訂正 Correction", columns, tuple(rows), (done,))


def round_made(made: Round) -> Sheet:
    """The notices of one round."""
    rows = tuple(
        Row((one.id, one.recipient, one.rows, one.due.isoformat(), one.file)) for one in made.notices
    )
    columns = (
        Column("通知 notice", whole=True),
        Column("提供先 recipient"),
        Column("行 rows", number=True),
        Column("期限 due"),
        Column("ファイル file"),
    )
    notes = [f"照合した求め requests looked for: {made.looked_for:,}"]
    if made.waiting.height:
        notes.append(f"要確認 rows of past deliveries in doubt: {made.waiting.height:,}")
    if not rows:
        notes.insert(0, "新しい通知はありません nobody is to be told of anything new")
    return Sheet("提供先への通知 Notices", columns, rows, tuple(notes))


def notices(listed: pl.DataFrame) -> Sheet:
    """Notices as they stand on a day."""
    rows = [
        _row(
            (line["notice"], line["recipient"], line["rows"], str(line["due"]), line["reminded"]),
            line["status"],
            2,
        )
        for line in listed.iter_rows(named=True)
    ]
    columns = (
        Column("通知 notice", whole=True),
        Column("提供先 recipient"),
        Column("状態 status"),
        Column("行 rows", number=True),
        Column("期限 due"),
        Column("督促 reminded", number=True),
    )
    return Sheet("提供先への通知 Notices", columns, tuple(rows), () if rows else ("該当なし none",))


def taken_back(found: TakenBack) -> Sheet:
    """What a client's sheet said of deliveries."""
    rows = [Row((number, "照合済 on record", n), "good") for number, n in found.deliveries.items()]
    rows += [
        Row((number, "不明な納品番号 unknown delivery", n), "doubt") for number, n in found.unknown.items()
    ]
    rows += [
        Row((number, "別の提供先 another client's", n), "doubt") for number, n in found.of_others.items()
    ]
    if found.untold:
        rows.append(Row(("-", "納品番号なし not told", found.untold), "doubt"))
    notes = [f"受付 cases, all suppressed: {len(found.received.cases):,}"]
    if found.not_in_it:
        notes.append(f"その納品に見当たらない not found in that delivery: {', '.join(found.not_in_it)}")
    if found.received.known:
        notes.append("登録済み the same sheet was recorded before, nothing changed")
    columns = (Column("納品番号 delivery"), Column("台帳 ledger"), Column("行 lines", number=True))
    return Sheet("取引先からの停止依頼 A client's sheet", columns, tuple(rows), tuple(notes))


def schedule(found: pl.DataFrame, title: str) -> Sheet:
    """Until when things are kept."""
    rows = [
        _row(
            (
                _WHAT[line["what"]],
                line["id"],
                line["name"] or "",
                line["rule"] or "-",
                str(line["until"] or "-"),
                line["why"] or "",
            ),
            line["state"],
            5,
            _OF_SCHEDULE,
        )
        for line in found.iter_rows(named=True)
    ]
    columns = (
        Column("種類 what"),
        Column("番号 id", whole=True),
        Column("名称 name"),
        Column("区分 rule"),
        Column("満了 until"),
        Column("状態 state"),
        Column("理由 why"),
    )
    return Sheet(title, columns, tuple(rows), () if rows else ("該当なし none",))


def purged(found: Purged) -> Sheet:
    """What a purge did."""
    rows = []
    for line in found.table.iter_rows(named=True):
        cells = (_WHAT[line["what"]], line["id"], line["name"] or "", line["rows"], line["rows_held"])
        rows.append(_row((*cells, line["why"] or ""), line["outcome"] or "waiting", 3, _OF_SCHEDULE))
    columns = (
        Column("種類 what"),
        Column("番号 id", whole=True),
        Column("名称 name"),
        Column("結果 outcome"),
        *_numbers("廃棄 rows gone", "保存 rows held"),
        Column("理由 why"),
    )
    notes = [
        f"廃棄番号 purge: {found.id}",
        "完了 done" if found.done else "未了 not everything: what could not be reached is due still",
    ]
    if found.resumed:
        notes.append(
            "中断していた廃棄を続けました this finished a purge that was cut off; purge again for the rest"
        )
    return Sheet("廃棄 Purge", columns, tuple(rows), tuple(notes))


def _row(cells: tuple[Cell | None, ...], word: str, at: int, other: dict[str, str] | None = None) -> Row:
    """A line with a word of the product put in at a place."""
    shown, tone = _WORDS[word]
    told = [0 if cell is None else cell for cell in cells]
    told.insert(at, (other or {}).get(word, shown))
    return Row(tuple(told), tone)


def _or_blank(number: int | None) -> Cell:
    return "" if number is None else number


def _numbers(*headers: str) -> tuple[Column, ...]:
    return tuple(Column(header, number=True) for header in headers)
