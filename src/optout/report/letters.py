"""A case → the letter its person, agent or client is sent: HTML that prints on A4, and plain text.

受付通知 (acknowledgement), 本人確認のお願い (identity), 期限延長 (extension), 結果通知 (result) and 拒否通知 (refusal).
A letter says what is on record and nothing else: that rows were erased only when a removal says so; that there was an
earlier request never, for whoever writes twice has perhaps not been identified.

Sources: 個人情報保護法 第32条第3項, 第33条第3項, 第34条第3項, 第35条第7項 (the answer), 第36条 (its reason).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

from optout.errors import DeskError, OptionError, UnreadableFileError
from optout.register import case_rules as rules
from optout.register.case import Case
from optout.register.case_parts import RIGHTS
from optout.report import html
from optout.schema import CHANNELS

SUBJECTS: Final = {
    "acknowledgement": "個人情報に関するご請求の受付について（受付通知）",
    "identity": "ご本人確認のお願い",
    "extension": "回答予定日の変更について（期限延長通知）",
    "result": "個人情報に関するご請求への回答（結果通知）",
    "refusal": "個人情報に関するご請求への回答（お断りの通知）",
}
_SHEET: Final = "個人情報に関するご請求の処理状況について（ご報告）"
_MEDIA: Final = {"mail": "郵送", "phone": "電話", "fax": "FAX", "email": "電子メール", "sms": "SMS"}
_ITEMS: Final = {
    "name": "氏名",
    "kana": "フリガナ",
    "postal": "郵便番号",
    "address": "住所",
    "phone": "電話番号",
    "email": "メールアドレス",
    "birth_date": "生年月日",
    "company": "会社名",
    "corporate_number": "法人番号",
    "former": "旧姓",
    "gender": "性別",
    "record_id": "会員番号",
}
_LAW: Final = "個人情報の保護に関する法律"
# What a state means to a client who sent the sheet.
_STATES: Final = {"needs_rekey": "内容確認中", "executing": "処理中", "partial": "処理中"}


@dataclass(frozen=True, slots=True)
class Sender:
    """The office that writes.

    Attributes:
        name: 名称; `representative` 代表者 with office.
        postal, address: 所在地.
        desk: 窓口の名称; `phone`, `email`, `hours` how it is reached.
    """

    name: str
    address: str = ""
    postal: str = ""
    representative: str = ""
    desk: str = ""
    phone: str = ""
    email: str = ""
    hours: str = ""

    def __post_init__(self) -> None:
        told = [getattr(self, each.name) for each in fields(self)]
        if not all(isinstance(text, str) for text in told) or not self.name.strip():
            raise OptionError("sender", tuple(each.name for each in fields(self)))

    @property
    def lines(self) -> list[str]:
        """The block at the right of a letter."""
        where = f"〒{self.postal}　{self.address}" if self.postal else self.address
        return [line for line in (self.name, self.representative, where) if line]

    @property
    def desk_parts(self) -> list[str]:
        """How the desk is reached."""
        ways = {"電話": self.phone, "メール": self.email, "受付時間": self.hours}
        return [self.desk or self.name, *(f"{what} {value}" for what, value in ways.items() if value)]

    @property
    def desk_line(self) -> str:
        """The same in one line."""
        return "　".join(self.desk_parts)


@dataclass(frozen=True, slots=True, repr=False)
class Addressee:
    """Whom a letter is to; holds personal data.

    Attributes:
        lines: Postal code and address.
        name: With the title 様 or 御中 beside it.
        beside: A second line: for whom an agent asks, or a company's clerk.
    """

    lines: tuple[str, ...]
    name: str
    title: str = "様"
    beside: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """A letter; holds personal data.

    Attributes:
        kind: One of `SUBJECTS`, or "sheet".
        to: person, agent or client.
        subject: Its heading.
        html: A self-contained page.
        text: The same as plain text.
    """

    kind: str
    to: str
    subject: str
    html: str
    text: str

    def __repr__(self) -> str:
        return f"Letter({self.kind}, to {self.to})"

    @property
    def sha256(self) -> str:
        """Of the plain text (hex), as `desk.answered` records it."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a removal says of a case.

    Attributes:
        known: A removal has looked.
        erased: Something was erased; `kept_elsewhere`: something stays and is not provided.
        held: A disclosure has something to show.
    """

    known: bool
    erased: bool
    kept_elsewhere: bool
    held: bool


def letter(
    case: Case,
    kind: str,
    sender: Sender,
    on: date,
    to: str | None = None,
    details: Iterable[tuple[str, str]] = (),
    note: str = "",
) -> Letter:
    """Write a letter.

    Args:
        case: The case as it stands.
        kind: acknowledgement, identity, extension, result or refusal.
        sender: The office.
        on: The date of the letter.
        to: person, agent or client; None = the agent, if one is named, else the person.
        details: What, and its value: the items corrected, the purpose of use … They stand under 記.
        note: A paragraph of the office's own in a result, or beside the reason of a refusal.

    Returns:
        The letter; nothing is recorded (`desk.answered` does that).

    Raises:
        OptionError: no such letter or addressee.
        DeskError: the case is not where this letter belongs, or a letter with content has none.
    """
    if kind not in SUBJECTS:
        raise OptionError("letter", tuple(SUBJECTS))
    _require(case, kind, details := tuple(details), note)
    addressee = _addressee(case, to)
    facts = [*_facts(case, kind), *details]
    values: dict[str, Any] = {
        "case": case,
        "whose": "ご本人" if addressee[0] == "person" else "該当される方",
        "checked": case.passed("person"),
        "outcome": _outcome(case),
        "note": note.strip(),
    }
    paragraphs = _paragraphs(html.plain(f"letter_{kind}.txt", **values))
    shown = {
        "case": case,
        "subject": SUBJECTS[kind],
        "sender": sender,
        "to": addressee[1],
        "on": on,
        "paragraphs": paragraphs,
        "facts": facts,
    }
    return Letter(
        kind,
        addressee[0],
        SUBJECTS[kind],
        html.page("letter.html", **shown),
        html.plain("letter.txt", **shown),
    )


def sheet_report(cases: Sequence[Case], sender: Sender, on: date) -> Letter:
    """What became of each line of a client's sheet, without a name on it.

    Args:
        cases: The cases of one sheet, in any order.
        sender: The office.
        on: The date.

    Returns:
        The report to the client.

    Raises:
        OptionError: no case, or cases of several sheets.
    """
    sheets = {case.sheet for case in cases}
    if len(sheets) != 1 or None in sheets:
        raise OptionError("cases", ("the cases of one sheet",))
    first = min(cases, key=lambda case: case.line or 0)
    rows = [
        {
            "line": case.line,
            "id": case.id,
            "delivery": case.delivery,
            "kind": rules.kinds()[case.kind].japanese,
            "state": _STATES.get(case.state, rules.states()[case.state]),
            "due": html.day(case.due) if case.is_open else "",
        }
        for case in sorted(cases, key=lambda case: case.line or 0)
    ]
    company = Addressee(
        (), first.client or "ご依頼元", "御中", f"{first.contact}　様" if first.contact else ""
    )
    shown = {
        "subject": _SHEET,
        "number": first.sheet,
        "sender": sender,
        "to": company,
        "on": on,
        "rows": rows,
        "lifted": any(case.state in rules.LIFTING for case in cases),
    }
    return Letter(
        "sheet",
        "client",
        _SHEET,
        html.page("letter_sheet.html", **shown),
        html.plain("letter_sheet.txt", **shown),
    )


def read_sender(path: str | Path) -> Sender:
    """The office from a TOML or JSON file with the fields of `Sender`.

    Raises:
        UnreadableFileError: it is neither, or not there.
        OptionError: it has no name, or a field that does not exist.
    """
    file = Path(path)
    try:
        text = file.read_text("utf-8-sig")
        told = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as wrong:
        raise UnreadableFileError(
            file.name, "is no TOML or JSON file", 'Write lines such as name = "見本商会".'
        ) from wrong
    known = [each.name for each in fields(Sender)]
    if not isinstance(told, Mapping) or set(told) - set(known) or "name" not in told:
        raise OptionError("sender", tuple(known))
    return Sender(**told)


def _require(case: Case, kind: str, details: tuple[tuple[str, str], ...], note: str) -> None:
    ended = ("done", "withdrawn", "closed_unverified")
    fits = {
        "identity": case.state in ("received", "verifying"),
        "extension": bool(case.extensions),
        "result": case.state in ended,
        "refusal": case.state == "refused",
    }
    if not fits.get(kind, True):
        raise DeskError(
            f"A letter of {kind} is not due in a case that is {case.state}. Write another letter."
        )
    told = ("correct", "purpose", "complaint", "disclose", "disclose_records")
    if kind == "result" and case.state == "done" and case.kind in told and not (details or note.strip()):
        article = rules.kinds()[case.kind].answer_article or rules.kinds()[case.kind].article
        raise DeskError(f"The answer to a {case.kind} says what it is ({article}). Give details or a note.")


def _addressee(case: Case, to: str | None) -> tuple[str, Addressee]:
    named = case.agent is not None and bool(case.agent.name.strip())
    chosen = to or ("agent" if named else "person")
    name = (case.person.name or case.person.kana or case.person.company or "").strip()
    where = tuple(line for line in (_postal(case.person.postal), case.person.address) if line)
    if chosen == "person":
        return chosen, Addressee(where, name or "ご請求者")
    if chosen == "agent" and case.agent is not None and named:
        beside = f"（{name} 様の{RIGHTS[case.agent.right]}）" if name else f"（{RIGHTS[case.agent.right]}）"
        lines = (case.agent.address,) if case.agent.address else ()
        return chosen, Addressee(lines, case.agent.name.strip(), beside=beside)
    if chosen == "client" and case.client:
        clerk = f"{case.contact}　様" if case.contact else ""
        return chosen, Addressee((), case.client, "御中", clerk)
    raise OptionError("to", ("person", "agent, of a case that names one", "client, of a case that has one"))


def _postal(written: str | None) -> str | None:
    return None if not written else written if written.startswith("〒") else f"〒{written}"


def _facts(case: Case, kind: str) -> list[tuple[str, str]]:
    """The lines under 記."""
    rule = rules.kinds()[case.kind]
    told = [
        ("受付番号", case.id),
        ("受付日", html.day(case.received)),
        ("ご請求の内容", rule.japanese),
        ("根拠となる条文", f"{_LAW}{rule.article}"),
        ("受付方法", rules.channels()[case.channel]),
    ]
    if case.delivery:
        told.append(("納品番号", case.delivery))
    if case.stops and set(case.scope.channels) != set(CHANNELS):
        told.append(("停止の対象", "、".join(_MEDIA[channel] for channel in case.scope.channels)))
    return told + _MORE[kind](case)


def _acknowledged(case: Case) -> list[tuple[str, str]]:
    fee = f"{case.fee:,}円" if case.fee else "かかりません"
    return [("回答の予定日", f"{html.day(case.due)}まで"), ("手数料", fee)]


def _identity(case: Case) -> list[tuple[str, str]]:
    checks = [check for check in case.checks if check.passed is None]
    ways = [rules.methods().get(check.method, "権限を証する書類") for check in checks]
    asked = [_ITEMS.get(item, item) for check in checks for item in check.items]
    told = [("確認の方法", "、".join(dict.fromkeys(ways)) or "窓口よりご案内いたします")]
    if asked:
        told.append(("確認させていただく事項", "、".join(dict.fromkeys(asked))))
    return told


def _extended(case: Case) -> list[tuple[str, str]]:
    last = case.extensions[-1]
    return [
        ("変更前の回答予定日", html.day(last.before)),
        ("変更後の回答予定日", html.day(last.due)),
        ("変更の理由", last.reason),
    ]


def _finished(case: Case) -> list[tuple[str, str]]:
    words = {"done": "完了", "withdrawn": "取下げ", "closed_unverified": "本人確認ができないため終了"}
    if case.kind not in ("stop", "erase") and case.state == "done":
        return [("結果", "訂正等を行いました")] if case.kind == "correct" else []
    return [("結果", words[case.state])]


def _refused(case: Case) -> list[tuple[str, str]]:
    if case.ending is None:
        raise DeskError("This case has no reason on record. Refuse it with its reason first.")
    ground = rules.refusals()[case.ending.reason]
    told = [("理由", ground.japanese), ("お断りの根拠", f"{_LAW}{ground.article}")]
    return [*told, ("補足", case.ending.note)] if case.ending.note else told


_MORE: Final = {
    "acknowledgement": _acknowledged,
    "identity": _identity,
    "extension": _extended,
    "result": _finished,
    "refusal": _refused,
}


def _outcome(case: Case) -> _Outcome:
    holdings = case.facts.get("holdings")
    statuses = set(holdings.values()) if isinstance(holdings, Mapping) else set()
    stays = bool(statuses & {"suppressed", "exempt"})
    return _Outcome(bool(statuses), "removed" in statuses, stays, bool(case.facts.get("disclosed")))


def _paragraphs(text: str) -> list[str]:
    """Blocks of lines; lines of one block are one paragraph, for Japanese has no blank between them."""
    blocks = (["".join(line.strip() for line in block.split("\n"))] for block in text.split("\n\n"))
    return [line for (line,) in blocks if line]
