"""What the three checks return → sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from optout import match
from optout.checks import Intake
from optout.checks.removal import Outcome, Plan
from optout.register import Certificate, case_rules
from optout.report.sheet import Cell, Column, Row, Sheet, Tone, facts
from optout.report.words import words

_ACTIONS: Final[dict[str, Tone]] = {
    "remove": "bad",
    "blank": "bad",
    "review": "doubt",
    "exempt": "plain",
    "suppress_only": "plain",
    "unreachable": "bad",
}
_STATUSES: Final[dict[str, Tone]] = {
    "removed": "good",
    "suppressed": "good",
    "exempt": "good",
    "not_found": "good",
    "review": "doubt",
    "unreachable": "bad",
}


def planned(plan: Plan, holdings: Sequence[str] = ()) -> Sheet:
    """Rows by holding and action, with a line for holdings in which nothing was found."""
    found = plan.table.group_by("holding", "action", maintain_order=True).len()
    rows = [
        Row((holding, words("action", action), 0 if action == "unreachable" else n), _ACTIONS[action])
        for holding, action, n in found.iter_rows()
    ]
    rows += [
        Row((name, words("status", "not_found"), 0)) for name in holdings if name not in set(found["holding"])
    ]
    columns = (Column("保有名簿 holding"), Column("処理 action"), Column("件 rows", number=True))
    notes = [f"求め requests: {len(plan.requests):,}", f"計画 plan: {plan.hash}"]
    if plan.bulk:
        notes.append(
            f"二人体制 {plan.acting:,} rows, more than {plan.limit:,}: a second person has to agree (--approver)"
        )
    if plan.pending:
        notes.append(f"受理前 left out, their case was not accepted yet: {len(plan.pending):,} requests")
    if plan.unmatchable:
        notes.append(
            f"照合できない求め can be found nowhere, for they tell too little: {len(plan.unmatchable):,}"
        )
    return Sheet("削除計画 Removal plan (nothing is changed yet)", columns, tuple(rows), tuple(notes))


def plan_reasons(plan: Plan) -> Sheet:
    """Why rows were found, most frequent first."""
    told = plan.table.drop_nulls("rule").join(match.answers(), on="rule", how="left")
    found = (
        told.group_by("action", "reason")
        .len()
        .sort("action", "len", "reason", descending=[False, True, False])
    )
    rows = tuple(
        Row((words("action", action), words("reason", reason), n), _ACTIONS[action])
        for action, reason, n in found.iter_rows()
    )
    columns = tuple(map(Column, ("処理 action", "理由 reason")))
    return Sheet("理由 Why", (*columns, Column("件 rows", number=True)), rows)


def carried_out(outcome: Outcome) -> Sheet:
    """What happened to every holding."""
    rows = tuple(
        Row(
            (
                line["holding"],
                words("status", line["status"]),
                line["removed"],
                line["blanked"],
                line["review"],
                line["why"] or "",
            ),
            _tone(line["status"]),
        )
        for line in outcome.table.iter_rows(named=True)
    )
    columns = (
        Column("保有名簿 holding"),
        Column("結果 status"),
        Column("削除 removed", number=True),
        Column("一部消去 blanked", number=True),
        Column("要確認 review", number=True),
        Column("備考 why"),
    )
    done = "完了 done: every holding was read again and is clean."
    undone = "未完了 not done: rows wait for a person, or a holding could not be cleaned."
    notes = [done if outcome.done else undone]
    if unread := int(outcome.table["unread"].sum()):
        notes.append(
            f"読めない記録 records that could not be read as rows, and were not searched: {unread:,}"
        )
    states = case_rules.states()
    notes += [f"受付 {case}: {states.get(state, state)} {state}" for case, state in outcome.cases.items()]
    return Sheet("削除結果 Removal", columns, rows, tuple(notes))


def _tone(status: str) -> Tone:
    return _STATUSES.get(status, "doubt")


def taken_in(intake: Intake) -> Sheet:
    """The open questions of an intake, or that there are none."""
    rows = tuple(Row((question,), "doubt") for question in intake.open_questions)
    notes = (
        f"取得番号 intake: {intake.id}",
        f"取得元 supplier: {intake.record['supplier'].get('name') or '-'}; 根拠 basis: {intake.record['basis']}",
        "提供可 may be provided"
        if intake.record["deliverable"]
        else "再提供不可 may not be provided by opt-out again",
    )
    title = "未解決 Open questions" if rows else "未解決なし No open question"
    return Sheet(title, (Column(""),), rows, notes)


def refused(reasons: Sequence[str]) -> Sheet:
    """Why a delivery was refused, every reason."""
    rows = tuple(Row((number, reason), "bad") for number, reason in enumerate(reasons, 1))
    return Sheet("提供不可 Delivery refused", (Column(""), Column("")), rows)


def certified(certificate: Certificate, title: str = "提供証明 Certificate") -> Sheet:
    """What a certificate says."""
    payload = certificate.payload
    store = payload["store"]
    pairs: dict[str, Cell] = {
        "証明番号 id": certificate.id,
        "発行 issued": str(payload["issued_at"]),
        "名簿 file": f"{payload['subject']['name']} ({payload['subject']['rows']:,} rows)",
        "停止リスト store": f"revision {store['revision']}, {store['entries']:,} entries",
        "監査 audit": f"row {store['audit_n']}",
        "提供先 recipient": str(payload["recipient"].get("name", "-")),
        "利用目的 purpose": str(payload["purpose"]),
        "手段 channel": str(payload["channel"]),
    }
    return facts(title, pairs, (f"SHA-256 {certificate.sha256}",))
