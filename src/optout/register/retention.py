"""How long what is held may be kept: the vendor's own classes (保存区分), exceptions by contract, and legal holds.

Nothing is kept or purged by default: a class has the days its vendor gave it, and a holding of no class is told as
such, never passed over. What the law fixes for its records stands in tables/record_retention.tsv. A stop is no holding
and has no class: it never expires. Source: 個人情報保護法 第22条, 施行規則 第21条, 第25条, 民法 第140条, 第143条.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from optout import tables
from optout.errors import OptionError
from optout.store import Draft, Record, Store

What: TypeAlias = Literal["holding", "provision", "receipt"]
WHAT: Final[tuple[What, ...]] = ("holding", "provision", "receipt")
RETENTION: Final = "retention"
_CLASS, _EXCEPTION, _HOLD, _PURGE = "class:", "exception:", "hold:", "purge:"
_DAYS: Final = ("a whole number of days, 1 or more",)
_FEBRUARY: Final = 28


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """How long lists of a kind are kept.

    Attributes:
        name: By which a holding names it.
        days: After the day of collection; on the last of them it is due.
        why: The promise or rule behind it.
    """

    name: str
    days: int
    why: str

    def ends(self, collected: date) -> date:
        """The day on which a list collected that day is due."""
        return collected + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Exemption:
    """A contract by which one holding is kept longer than its class.

    Attributes:
        holding: Its name.
        contract: Which contract says so.
        purpose: What it is kept for.
        until: The last day; from the next on the class counts again.
    """

    holding: str
    contract: str
    purpose: str
    until: date


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold on one holding or record: nothing purges it until it is released.

    Attributes:
        what: "holding", "provision" or "receipt".
        id: Which.
        reason: Why; not whose.
        since: Moment it was recorded, UTC, ISO 8601.
    """

    what: What
    id: str
    reason: str
    since: str


@dataclass(frozen=True, slots=True)
class LegalRule:
    """How long the law has a record kept.

    Attributes:
        rule: Line of tables/record_retention.tsv.
        years: From the day it is counted from.
        counted_from: "made", the day the record was made, or "last", that of the last provision under it.
    """

    rule: str
    years: int
    counted_from: str

    def ends(self, since: date) -> date:
        """The last day of the period: the first day is not counted, and a February 29 ends on a 28th.

        Examples:
            >>> LegalRule("LR01", 3, "made").ends(date(2024, 2, 29))
            datetime.date(2027, 2, 28)
        """
        year = since.year + self.years
        late = (since.month, since.day) == (2, _FEBRUARY + 1) and not isleap(year)
        return since.replace(year=year, day=_FEBRUARY if late else since.day)


def define(store: Store, name: str, days: int, why: str) -> RetentionClass:
    """Define a class, or change one; earlier versions stay on record.

    Args:
        store: The store.
        name: By which holdings name it.
        days: After the day of collection.
        why: The promise or rule behind it.

    Returns:
        The class.

    Raises:
        OptionError: no name, no reason, or not a number of days.
    """
    _require_texts(name=name, why=why)
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise OptionError("days", _DAYS)
    made = RetentionClass(name.strip(), days, why)
    store.keep([Draft(RETENTION, _CLASS + made.name, asdict(made))], "retention class", {"class": made.name})
    return made


def classes(store: Store) -> dict[str, RetentionClass]:
    """Every class by its name, in the order they were first defined."""
    found = [RetentionClass(**told) for told in _told(store, _CLASS).values()]
    return {each.name: each for each in found}


def exempt(store: Store, holding: str, contract: str, purpose: str, until: date) -> Exemption:
    """Keep one holding longer than its class, because a contract says so; a later call replaces it.

    Args:
        store: The store.
        holding: Name of the holding.
        contract: Which contract.
        purpose: What it is kept for.
        until: The last day.

    Returns:
        The exemption.

    Raises:
        OptionError: one of them is not told; an exemption without an end is none.
    """
    _require_texts(holding=holding, contract=contract, purpose=purpose)
    if not isinstance(until, date):
        raise OptionError("until", ("a date",))
    made = Exemption(holding, contract, purpose, until)
    told = asdict(made) | {"until": until.isoformat()}
    store.keep([Draft(RETENTION, _EXCEPTION + holding, told)], "retention exception", {"holding": holding})
    return made


def exemptions(store: Store) -> dict[str, Exemption]:
    """The newest exemption of each holding, ended ones too."""
    return {
        told["holding"]: Exemption(**{**told, "until": date.fromisoformat(told["until"])})
        for told in _told(store, _EXCEPTION).values()
    }


def hold(store: Store, what: str, id: str, reason: str) -> Hold:
    """Put a holding or record under legal hold.

    Args:
        store: The store.
        what: "holding", "provision" or "receipt".
        id: Which.
        reason: Why; not whose.

    Returns:
        The hold.

    Raises:
        OptionError: no such thing to hold, or no reason.
    """
    _require_texts(id=id, reason=reason)
    told = {"what": _what(what), "id": id, "reason": reason, "in_force": True}
    (kept,) = store.keep(
        [Draft(RETENTION, f"{_HOLD}{what}:{id}", told)], "legal hold", {"what": what, "id": id}
    )
    return _held(kept)


def release(store: Store, what: str, id: str, reason: str) -> None:
    """End a legal hold.

    Args:
        store: The store.
        what: As it was held.
        id: Which.
        reason: Why it ends.

    Raises:
        OptionError: nothing of this id is held, or no reason is given.
    """
    _require_texts(reason=reason)
    if (what, id) not in holds(store):
        raise OptionError(
            "id", sorted(f"{kind} {held}" for kind, held in holds(store)) or ["(no hold in force)"]
        )
    told = {"what": what, "id": id, "reason": reason, "in_force": False}
    store.keep(
        [Draft(RETENTION, f"{_HOLD}{what}:{id}", told)], "legal hold released", {"what": what, "id": id}
    )


def holds(store: Store) -> dict[tuple[str, str], Hold]:
    """The legal holds in force, by what they are on and its id."""
    found = [_held(record) for record in _records(store, _HOLD).values() if record.told["in_force"]]
    return {(each.what, each.id): each for each in found}


def of_record(what: str, method: str | None) -> LegalRule:
    """The rule for an Art. 29 or Art. 30 record; one of an unknown method is kept as the longest rule has it.

    Args:
        what: "provision" or "receipt".
        method: "each", "bulk" or "contract"; None = each.

    Examples:
        >>> of_record("provision", None).rule, of_record("receipt", "contract").years
        ('LR01', 1)
    """
    rules = _rules()
    return rules.get((what, method or "each")) or rules[what, "each"]


@cache
def _rules() -> dict[tuple[str, str], LegalRule]:
    rows = tables.load("record_retention").select("record", "method", "rule_id", "years", "counted_from")
    return {
        (what, method): LegalRule(rule, int(years), counted_from)
        for what, method, rule, years, counted_from in rows.iter_rows()
    }


def purges(store: Store) -> dict[str, Record]:
    """The records of purges, by their number, oldest first."""
    return _records(store, _PURGE)


def purge_draft(number: str, told: Mapping[str, Any], after: int | None = None) -> Draft:
    """What records how far a purge has come."""
    return Draft(RETENTION, _PURGE + number, told, after=after)


def _told(store: Store, prefix: str) -> dict[str, dict[str, Any]]:
    return {name: record.told for name, record in _records(store, prefix).items()}


def _records(store: Store, prefix: str) -> dict[str, Record]:
    found = store.records(RETENTION).items()
    return {name.removeprefix(prefix): record for name, record in found if name.startswith(prefix)}


def _held(record: Record) -> Hold:
    told = record.told
    return Hold(_what(told["what"]), told["id"], told["reason"], record.at)


def _what(what: str) -> What:
    if what not in WHAT:
        raise OptionError("what", WHAT)
    return what


def _require_texts(**given: object) -> None:
    for option, value in given.items():
        if not isinstance(value, str) or not value.strip():
            raise OptionError(option, ("a text",))
