"""A case (受付): one request of one person from its arrival to the answer; every change is one more sealed version.

Whatever a case suppresses is in force from the commit that records the case, and ends with the commit that records its
refusal or withdrawal: both stand in the store together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from optout.errors import OptionError
from optout.register import case_parts as parts
from optout.register import case_rules as rules
from optout.register.case_parts import (
    Agent,
    Check,
    Ending,
    Extension,
    Keying,
    Restriction,
    Scope,
    Sent,
    Terms,
)
from optout.store import Identity, Store
from optout.store.record import Draft, Record

KIND: Final = "case"
ANSWERS: Final = ("result", "refusal")
_NOBODY: Final = ("", "unknown")


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """The handling of one request of one person.

    Attributes:
        id: C-date-letters; never given twice.
        kind: stop, correct, erase, disclose, disclose_records, purpose or complaint (`case_rules.kinds`).
        state: received, needs_rekey, verifying, accepted, executing, partial, done, refused, withdrawn or
            closed_unverified.
        channel: How it came: post, fax, phone, email, counter, web or client.
        received: The day it arrived; periods count from it.
        due: By when it is done and answered.
        person: Who it is about, as given; `others` further identities (former name, old address, a second reading).
        scope: How far a stop goes; `stops`: whether this case suppresses.
        terms: Rules it was taken under.
        reason: Why, in whatever words.
        client, contact, delivery: Company that forwarded it, its clerk, the number of the delivery.
        asked_on: 依頼日, as a client's sheet names it; periods count from the arrival.
        sheet, line: Sheet it stands on with others, and where (from 1).
        agent: Who asks for the person.
        keyed: What each operator read; `differs`: fields that are not settled.
        checks: Checks of identity and of the agent's right, oldest first; so many of them as `void` says were made of
            another reading of the sheet, and count no more.
        canonical: The earlier case of the same person and kind that this one repeats; it is answered all the same.
        requests: Ids of what it suppresses.
        extensions, letters, remarks, restriction, ending: What happened to it.
        facts: What whoever carried it out records (JSON values): plan, holdings, counts.
        by: Who recorded it; `on` the day.
        n: Version this was read from; 0 = not recorded yet.
    """

    id: str
    kind: str
    channel: str
    received: date
    due: date
    person: Identity
    terms: Terms
    by: str
    on: date
    state: str = rules.FIRST
    others: tuple[Identity, ...] = ()
    scope: Scope = field(default_factory=Scope)
    stops: bool = False
    reason: str | None = None
    client: str | None = None
    contact: str | None = None
    delivery: str | None = None
    asked_on: date | None = None
    sheet: str | None = None
    line: int | None = None
    agent: Agent | None = None
    keyed: tuple[Keying, ...] = ()
    differs: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    void: int = 0
    canonical: str | None = None
    requests: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()
    letters: tuple[Sent, ...] = ()
    remarks: tuple[str, ...] = ()
    restriction: Restriction | None = None
    ending: Ending | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    n: int = 0

    def __repr__(self) -> str:
        return f"Case({self.id}, {self.kind}, {self.state}, due {self.due})"

    def __hash__(self) -> int:
        return hash((self.id, self.n))

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.state in rules.open_states()

    @property
    def answered(self) -> bool:
        """Whether the person was told how it ended; who took it back needs no answer."""
        told = any(sent.letter in ANSWERS for sent in self.letters)
        return not self.is_open and (told or self.state == "withdrawn")

    @property
    def restricted(self) -> bool:
        """Whether the person's data is kept and neither used nor provided."""
        return self.restriction is not None

    def passed(self, of: str) -> bool:
        """Whether the last check of the person, or of the agent, was passed."""
        checks = self.checks[self.void :]
        known = [check.passed for check in checks if check.of == of and check.passed is not None]
        return bool(known) and bool(known[-1])

    @property
    def needs_identity(self) -> bool:
        """Whether it can be accepted only after a passed check, by the procedure it was taken under."""
        need = self.terms.procedure.get("check", {}).get(self.kind, rules.kinds()[self.kind].identity)
        return bool(need == "required")

    @property
    def steps(self) -> tuple[str, ...]:
        """What has to be done, in order; `suppress` stands in it when this case does."""
        of_kind = rules.kinds()[self.kind].steps
        added = ("suppress",) if self.stops and "suppress" not in of_kind else ()
        return (*added, *(step for step in of_kind if step != "suppress" or self.stops))

    @property
    def fee(self) -> int:
        """Yen, by the procedure it was taken under; 0 for a kind that must cost nothing."""
        charged = self.terms.procedure.get("fee", {}).get(self.kind, 0)
        return int(charged) if rules.kinds()[self.kind].fee else 0


def cases(store: Store) -> dict[str, Case]:
    """Every case by its id, in the order they were recorded."""
    return {case_id: _case(record) for case_id, record in store.records(KIND).items()}


def case(store: Store, case_id: str) -> Case:
    """One case; UnknownRecordError when there is none of this id."""
    return _case(store.record_of(KIND, case_id))


def history(store: Store, case_id: str) -> list[tuple[str, str, Case]]:
    """When (UTC) and by whom each version was recorded, and the version, oldest first."""
    return [(record.at, record.actor, _case(record)) for record in store.versions(KIND, case_id)]


def draft(given: Case) -> Draft:
    """The case as it is to be recorded: as a new one, or in place of the version it was made from."""
    content = parts.told(given)
    content.pop("n", None)
    return Draft(KIND, given.id, content, tenant="", after=given.n)


def moved(store: Store, given: Case, state: str, **facts: Any) -> Case:
    """Record that a case went on to another state; what it suppressed is lifted when it is refused or withdrawn.

    Args:
        store: The suppression list.
        given: The case as it was read.
        state: The state it goes to.
        facts: JSON values for `Case.facts`; None takes one away.

    Returns:
        The case as it stands now.

    Raises:
        IllegalMoveError: it cannot go there from where it is.
        RecordChangedError: somebody changed it since it was read.
    """
    return ended(store, advanced(given, state, facts))


def moved_all(store: Store, steps: Iterable[tuple[Case, str, Mapping[str, Any]]]) -> list[Case]:
    """The same for many cases in one commit; not for states that lift.

    Raises:
        IllegalMoveError, RecordChangedError: as for `moved`, of any of them; nothing was recorded.
    """
    made = [advanced(given, state, facts) for given, state, facts in steps]
    if any(each.state in rules.LIFTING for each in made):
        raise OptionError("state", tuple(sorted(set(rules.states()) - set(rules.LIFTING))))
    counts = {each.state: sum(other.state == each.state for other in made) for each in made}
    return _kept(store, made, "cases moved", {"cases": len(made), **counts})


def advanced(given: Case, state: str, facts: Mapping[str, Any]) -> Case:
    """A case in another state, not recorded yet; IllegalMoveError when it cannot go there."""
    rules.require_move(given.state, state)
    merged = {name: value for name, value in {**given.facts, **facts}.items() if value is not None}
    return replace(given, state=state, facts=merged)


def recorded(store: Store, given: Case, action: str) -> Case:
    """Record what was changed of a case other than its state; RecordChangedError as for `moved`."""
    return _kept(store, [given], action, {"case": given.id})[0]


def ended(store: Store, given: Case) -> Case:
    """Record a case that has moved; whatever is still in force of it is lifted in the same commit, if it must be."""
    all_held = (*given.requests, *(given.restriction.requests if given.restriction else ()))
    # What was purged meanwhile is not in force either.
    held = [request for request in all_held if store.is_active(request)]
    overtaken = store.record_of(KIND, given.id).n != given.n  # asked before anything is lifted
    if given.state not in rules.LIFTING or not held or overtaken:
        return recorded(store, given, f"case {given.state}")
    actor(store)
    reason = f"{given.id} {given.state}"
    for request in held[:-1]:
        store.lift(request, reason)
    store.lift(held[-1], reason, also=[draft(given)])
    return case(store, given.id)


def actor(store: Store) -> str:
    """Who works; OptionError when nobody is named, for every act at the desk has a name (X3)."""
    if store.actor.strip() in _NOBODY:
        raise OptionError("actor", ("the name of who works at the desk",))
    return store.actor


def _kept(store: Store, given: list[Case], action: str, detail: Mapping[str, Any]) -> list[Case]:
    actor(store)
    kept = store.keep([draft(each) for each in given], action, detail)
    return [replace(each, n=record.n) for each, record in zip(given, kept, strict=True)]


def _case(record: Record) -> Case:
    return parts.read(Case, {**record.told, "n": record.n})
