"""Cases of the opt-out desk → sheets. Only `shown` holds personal data: it is for the desk alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from optout.register import case_rules as rules
from optout.register.case import Case
from optout.register.case_parts import RIGHTS
from optout.register.day import clock
from optout.report.sheet import Cell, Column, Row, Sheet, Tone, facts
from optout.store import Identity

_LISTS: Final = {
    "overdue": "期限超過 overdue",
    "due": "期限間近 due",
    "partial": "一部未了 partial",
    "rekey": "再入力待ち to key again",
    "verifying": "本人確認中 being identified",
    "unanswered": "未回答 to be answered",
    "received": "受付 received",
}
_TONES: Final[Mapping[str, Tone]] = {"overdue": "bad", "due": "doubt", "partial": "doubt", "rekey": "doubt"}
_FIELDS: Final = {
    "name": "氏名 name",
    "kana": "フリガナ kana",
    "postal": "〒 postal",
    "address": "住所 address",
    "phones": "電話番号 phone",
    "emails": "メール email",
    "birth_date": "生年月日 birth date",
    "company": "会社名 company",
    "corporate_number": "法人番号 corporate number",
}
_LETTERS: Final = {
    "acknowledgement": "受付通知",
    "identity": "本人確認のお願い",
    "extension": "期限延長通知",
    "result": "結果通知",
    "refusal": "お断りの通知",
}


def day(as_of: date, lists: Mapping[str, Iterable[Case]], counts: Mapping[str, int]) -> list[Sheet]:
    """The counts of a day, and each list that has a case in it."""
    pairs: dict[str, Cell] = {_LISTS[name]: counts[name] for name in _LISTS}
    pairs["要確認 waiting for review"] = counts["review"]
    top = facts(f"受付窓口 Desk, {as_of.isoformat()}", pairs)
    listed = {name: list(found) for name, found in lists.items()}
    return [
        top,
        *(
            table(found, _LISTS[name], as_of, _TONES.get(name, "plain"))
            for name, found in listed.items()
            if found
        ),
    ]


def table(cases: Iterable[Case], title: str, as_of: date, tone: Tone = "plain") -> Sheet:
    """One line a case, without personal data."""
    listed = list(cases)
    rows = tuple(Row(_cells(case, as_of), tone) for case in listed)
    columns = (
        Column("受付番号 case", whole=True),
        Column("種類 kind", whole=True),
        Column("状態 state", whole=True),
        Column("期限 due", whole=True),
        Column("残日 days", number=True),
    )
    return Sheet(title, columns, rows, tuple(_beside(listed)) if rows else ("なし none",))


def _cells(case: Case, as_of: date) -> tuple[Cell, ...]:
    left = "-" if case.answered else (case.due - as_of).days
    return (case.id, case.kind, rules.states()[case.state], case.due.isoformat(), left)


def _beside(cases: list[Case]) -> Iterator[str]:
    """What does not fit into a line."""
    yield from (f"{case.id} 同一人の受付 repeats {case.canonical}" for case in cases if case.canonical)
    yield from (f"{case.id} 利用・提供の制限中 restricted" for case in cases if case.restricted)


def shown(case: Case, history: Iterable[tuple[str, str, Case]], as_of: date) -> list[Sheet]:
    """Everything of a case, the person included, and how it came to stand where it is."""
    top = [facts(f"受付 Case {case.id}", _facts(case, as_of), _remarks(case)), _person(case)]
    keyed = [_keyed(case)] if case.keyed else []
    return [*top, *keyed, _checks(case), _letters(case), _history(history)]


def _facts(case: Case, as_of: date) -> dict[str, Cell]:
    rule = rules.kinds()[case.kind]
    came = [rules.channels()[case.channel], case.client or "", case.contact or "", case.delivery or ""]
    late = (as_of - case.due).days
    pairs: dict[str, Cell] = {
        "種類 kind": f"{rule.japanese} {case.kind} ({rule.article})",
        "状態 state": f"{rules.states()[case.state]} {case.state}",
        "経路 came by": " / ".join(text for text in came if text),
        "受付日 received": case.received.isoformat(),
        "期限 due": case.due.isoformat() + (f" ({late} days late)" if late > 0 and not case.answered else ""),
        "用紙 sheet": f"{case.sheet} #{case.line}" if case.sheet else "",
        "同一人の受付 repeats": case.canonical or "",
        "停止 stops": " ".join(case.requests) if case.stops else "",
        "制限 restricted": " ".join(case.restriction.requests) if case.restriction else "",
        "代理人 agent": RIGHTS[case.agent.right] + f" {case.agent.name}" if case.agent else "",
        "手続 steps": " → ".join(case.steps),
        "規則 rules": f"{case.terms.scheme}, policy {case.terms.policy}, optout {case.terms.optout}",
        "理由 reason": case.reason or "",
        "終了 ending": " ".join(filter(None, (case.ending.reason, case.ending.note))) if case.ending else "",
    }
    return {what: value for what, value in pairs.items() if value}


def _remarks(case: Case) -> tuple[str, ...]:
    return tuple(f"注意 {rules.remarks()[code]}" for code in case.remarks if code in rules.remarks())


def _person(case: Case) -> Sheet:
    rows = [
        Row((label, *(_written(identity, field) for identity in (case.person, *case.others))))
        for field, label in _FIELDS.items()
        if any(getattr(identity, field) for identity in (case.person, *case.others))
    ]
    columns = (Column(""), Column("本人 person"), *(Column(f"別 {n}") for n, _ in enumerate(case.others, 1)))
    return Sheet("本人 Person", columns, tuple(rows), () if rows else ("なし nothing was told",))


def _keyed(case: Case) -> Sheet:
    rows = tuple(
        Row(
            (_FIELDS[field], *(_written(keying.given, field) for keying in case.keyed)),
            "doubt" if field in case.differs else "plain",
        )
        for field in _FIELDS
        if any(getattr(keying.given, field) for keying in case.keyed)
    )
    columns = (Column(""), *(Column(keying.by) for keying in case.keyed))
    return Sheet(
        "入力 Keyings", columns, rows, ("違いのある項目は再入力 fields that differ are keyed again",)
    )


def _checks(case: Case) -> Sheet:
    answers: dict[bool | None, tuple[str, Tone]] = {
        None: ("待ち awaited", "doubt"),
        True: ("確認済 passed", "good"),
        False: ("不一致 failed", "bad"),
    }
    rows = tuple(
        Row(
            (
                check.on.isoformat(),
                check.of,
                rules.methods().get(check.method, check.method),
                " ".join(check.items),
                check.checker,
                answers[check.passed][0],
            ),
            answers[check.passed][1],
        )
        for check in case.checks
    )
    columns = tuple(map(Column, ("日 on", "of", "方法 method", "項目 items", "確認者 by", "結果")))
    need = "必要 a passed check is needed" if case.needs_identity else "不要 no check is needed"
    suits = "、".join(rules.methods()[method] for method in rules.methods_for(case.channel))
    return Sheet("本人確認 Checks", columns, rows, (need, f"この経路に適した方法 methods that suit: {suits}"))


def _letters(case: Case) -> Sheet:
    rows = tuple(
        Row((sent.on.isoformat(), f"{_LETTERS[sent.letter]} {sent.letter}", sent.to, sent.how, sent.by))
        for sent in case.letters
    )
    columns = tuple(map(Column, ("日 on", "通知 letter", "宛先 to", "方法 by", "担当 who")))
    return Sheet("通知 Letters", columns, rows, () if rows else ("なし none",))


def _history(history: Iterable[tuple[str, str, Case]]) -> Sheet:
    rows = tuple(
        Row((clock(at), actor, f"{rules.states()[case.state]} {case.state}", case.due.isoformat()))
        for at, actor, case in history
    )
    columns = tuple(map(Column, ("日時 at (JST)", "担当 by", "状態 state", "期限 due")))
    return Sheet("経過 History", columns, rows)


def _written(identity: Identity, field: str) -> str:
    value = getattr(identity, field)
    return value or "" if value is None or isinstance(value, str) else ", ".join(value)
