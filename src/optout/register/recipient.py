"""Recipients (提供先): who may be given a list, and what was confirmed of them, with dates.

What has to be confirmed is rows of tables/recipient_field.tsv, each with the day it holds from, for the sub-rules of
the amendment of 2026 are still to come; an office sets its own beside them with `require`.

Sources: 個人情報保護法 第27条第2項, 第29条; PPC 緊急命令 2025-05-16 and 勧告 2025-09-10 (the recipient's existence, the
contact's enrolment, the purpose); 法人番号の指定等に関する省令 第2条 (check digit).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from optout import tables
from optout.errors import OptionError
from optout.register import day
from optout.store import Draft, Record, Store

KIND: Final = "recipient"
KINDS: Final = ("corporation", "individual")
CHECKS: Final = ("told", "check_digit", "within", "sha256", "future", "none")
_RULES: Final = "rules"  # the record of what this office asks beside the table
_DATES: Final = ("corporate_checked", "identity_checked", "contact_checked", "valid_until")
_NUMBER: Final = re.compile("[1-9][0-9]{12}")
_SHA256: Final = re.compile("[0-9a-f]{64}")
_ID: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """Somebody lists may be provided to.

    Attributes:
        id: 取引先番号: letters, digits, `.`, `_`, `-`; stands in clear, so never a name.
        name: 氏名又は名称.
        address: 住所.
        representative: 代表者の氏名.
        kind: "corporation" or "individual".
        corporate_number: 法人番号, 13 digits.
        corporate_checked: When its existence was confirmed (法人登記, 法人番号公表サイト).
        identity_checked: When the identity of an individual was confirmed.
        contact: 担当者.
        contact_checked: When the contact's enrolment was confirmed (在籍確認).
        covenant_sha256: Hash of the covenant (誓約書) as it is filed.
        purposes: 利用目的 it may use a list for, as declared.
        valid_until: Until when it may be provided to, without confirming anew.
        tenant: Whose own list of stops is applied to what it gets; None = it has none.
        needs_own_list: It must have handed one over, and it must not be empty.
        encoding: Of the text files it wants; None = as the list is.
        further: Whatever else the office records.
    """

    id: str
    name: str
    address: str = ""
    representative: str = ""
    kind: str = "corporation"
    corporate_number: str = ""
    corporate_checked: date | None = None
    identity_checked: date | None = None
    contact: str = ""
    contact_checked: date | None = None
    covenant_sha256: str = ""
    purposes: tuple[str, ...] = ()
    valid_until: date | None = None
    tenant: str | None = None
    needs_own_list: bool = False
    encoding: str | None = None
    further: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id) or self.id == _RULES:
            raise OptionError("id of a recipient", ("letters, digits, . _ -, at most 64",))
        if self.kind not in KINDS:
            raise OptionError("kind of a recipient", KINDS)
        if not self.name.strip():
            raise OptionError("name of a recipient", ("a text",))
        purposes = (self.purposes,) if isinstance(self.purposes, str) else tuple(self.purposes)
        object.__setattr__(self, "purposes", purposes)
        object.__setattr__(self, "corporate_number", _digits(self.corporate_number))
        for name in _DATES:
            object.__setattr__(self, name, day.read(getattr(self, name), name))

    def __repr__(self) -> str:
        return f"<Recipient {self.id}>"

    @property
    def party(self) -> dict[str, str]:
        """What a record of provision tells of it."""
        told = {"id": self.id, "name": self.name, "address": self.address, "kind": self.kind}
        told |= {"representative": self.representative, "corporate_number": self.corporate_number}
        checked = self.corporate_checked if self.kind == "corporation" else self.identity_checked
        told["verified"] = checked.isoformat() if checked else ""
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that has to be confirmed.

    Attributes:
        rule_id: Of the table, or "own".
        field: Of `Recipient`, or a key of its `further`.
        japanese: How it is called.
        applies: always, corporation or individual.
        check: One of CHECKS.
        max_age_days: Of `within`.
        since: First day it holds, `until` the last; None = without end.
    """

    rule_id: str
    field: str
    japanese: str
    applies: str = "always"
    check: str = "told"
    max_age_days: int | None = None
    since: date | None = None
    until: date | None = None

    def holds(self, kind: str, as_of: date) -> bool:
        """Whether it is asked of this kind of recipient on a day."""
        begun = self.since is None or self.since <= as_of
        ended = self.until is not None and self.until < as_of
        return self.check != "none" and self.applies in ("always", kind) and begun and not ended


def add(store: Store, recipient: Recipient) -> Recipient:
    """Record a recipient, or a new version of what is known of it.

    Args:
        store: Where to.
        recipient: What was confirmed.

    Returns:
        The same.

    Raises:
        OptionError: another recipient has this name.
        RecordChangedError: somebody recorded it in the meantime.
    """
    known = store.records(KIND)
    same = [other for other in recipients(store).values() if _folded(other.name) == _folded(recipient.name)]
    if any(other.id != recipient.id for other in same):
        raise OptionError("name of a recipient", ("one no other recipient has",))
    after = known[recipient.id].n if recipient.id in known else 0
    store.keep([Draft(KIND, recipient.id, _plain(recipient), after=after)], KIND, {"recipient": recipient.id})
    return recipient


def recipients(store: Store) -> dict[str, Recipient]:
    """Every recipient on record, by id, in the order of the first record."""
    return {key: _read(kept) for key, kept in store.records(KIND).items() if key != _RULES}


def named(store: Store, name: str) -> Recipient | None:
    """The recipient of this number or name; widths and blanks do not matter. None when there is none."""
    known = recipients(store)
    if name in known:
        return known[name]
    return next((one for one in known.values() if _folded(one.name) == _folded(name)), None)


def versions(store: Store, recipient_id: str) -> list[tuple[Recipient, Record]]:
    """What was known of a recipient, oldest first.

    Raises:
        UnknownRecordError: there is none of this number.
    """
    return [(_read(kept), kept) for kept in store.versions(KIND, recipient_id)]


def require(store: Store, rules: Iterable[Rule]) -> None:
    """Set what this office asks beside the table; a rule of a field takes the place of the table's.

    Args:
        store: Where to.
        rules: All of them; earlier ones are replaced. A rule of a statutory record may not be loosened.

    Raises:
        OptionError: an unknown check, or a rule that asks less than the law for the record of a provision.
    """
    given = list(rules)
    statutory = {rule.field for rule in _packaged() if rule.since == _packaged()[0].since}
    for rule in given:
        if rule.check not in CHECKS or rule.applies not in ("always", *KINDS):
            raise OptionError("rule", CHECKS)
        if rule.field in statutory and rule.check == "none":
            raise OptionError(f"rule of {rule.field} (第29条)", ("told",))
    told = [_rule_plain(rule) for rule in given]
    store.keep([Draft(KIND, _RULES, {"rules": told})], "recipient rules", {"rules": len(told)})


def rules(store: Store) -> list[Rule]:
    """What is asked of recipients: the table, with what this office set in its place or beside it."""
    kept = store.records(KIND).get(_RULES)
    own = [_rule_read(told) for told in kept.told["rules"]] if kept else []
    replaced = {rule.field for rule in own}
    return [*(rule for rule in _packaged() if rule.field not in replaced), *own]


def lacking(recipient: Recipient, purpose: str, as_of: date, asked: Iterable[Rule]) -> list[str]:
    """Why a recipient may not be provided to; nothing when it may.

    Args:
        recipient: What is known of it.
        purpose: What the list is for.
        as_of: The day.
        asked: From `rules`.

    Returns:
        One reason a rule, with its id; no personal data.
    """
    held = [rule for rule in asked if rule.holds(recipient.kind, as_of)]
    reasons = [
        f"recipient {recipient.id}: {why} ({rule.japanese}, {rule.rule_id})"
        for rule in held
        if (why := _wrong(rule, _value(recipient, rule.field), as_of))
    ]
    declared = {_folded(one) for one in recipient.purposes}
    if declared and _folded(purpose) not in declared:
        reasons.append(f"recipient {recipient.id}: the purpose is none of those it declared (利用目的)")
    return reasons


def is_corporate_number(number: str) -> bool:
    """Whether the check digit (the first) fits.

    Examples:
        >>> is_corporate_number("1000012010003"), is_corporate_number("1000012010004")
        (True, False)
    """
    if not _NUMBER.fullmatch(number):
        return False
    weighed = sum(int(digit) * (1 + n % 2) for n, digit in enumerate(reversed(number[1:])))
    return int(number[0]) == 9 - weighed % 9


def _wrong(rule: Rule, value: object, as_of: date) -> str | None:
    if not value:
        return f"{rule.field} is not on record"
    if rule.check == "check_digit" and not is_corporate_number(str(value)):
        return f"{rule.field} is no number that exists (its check digit does not fit)"
    if rule.check == "sha256" and not _SHA256.fullmatch(str(value)):
        return f"{rule.field} is no SHA-256"
    if rule.check in ("within", "future"):
        return _off(rule, value, as_of)
    return None


def _off(rule: Rule, value: object, as_of: date) -> str | None:
    told = value if isinstance(value, date) else date.fromisoformat(str(value))
    if rule.check == "future":
        return None if told >= as_of else f"{rule.field} has passed ({told})"
    if told > as_of:
        return f"{rule.field} lies ahead ({told})"
    oldest = as_of - timedelta(days=rule.max_age_days or 0)
    return None if told >= oldest else f"{rule.field} is older than {rule.max_age_days} days ({told})"


def _value(recipient: Recipient, name: str) -> object:
    return getattr(recipient, name, None) or (recipient.further or {}).get(name)


@cache
def _packaged() -> tuple[Rule, ...]:
    rows = tables.load("recipient_field").iter_rows(named=True)
    names = [each.name for each in fields(Rule)]
    return tuple(_rule_read({name: row[name] for name in names}) for row in rows)


def _rule_read(told: Mapping[str, Any]) -> Rule:
    age = told["max_age_days"]
    dates = {name: day.read(told[name], name) for name in ("since", "until")}
    return replace(Rule(**{**told, **dates}), max_age_days=None if age is None else int(age))


def _rule_plain(rule: Rule) -> dict[str, Any]:
    told = {each.name: getattr(rule, each.name) for each in fields(rule)}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}


def _plain(recipient: Recipient) -> dict[str, Any]:
    told = {each.name: getattr(recipient, each.name) for each in fields(recipient)}
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}
    return plain | {"purposes": list(recipient.purposes)}


def _read(kept: Record) -> Recipient:
    return Recipient(**{**kept.told, "purposes": tuple(kept.told["purposes"])})


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _digits(written: str) -> str:
    return re.sub(r"[\s\-－‐―]", "", unicodedata.normalize("NFKC", written or "")).removeprefix("T")
