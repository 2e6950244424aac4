"""The opt-out desk (受付窓口): requests received, checked, decided, answered; each step of a case is recorded.

    received → verifying → accepted → executing → done
        and needs_rekey, partial, refused, withdrawn, closed_unverified (tables/case_move.tsv)

A stop is in force from the commit that records it; the period of fourteen days is for the removal and the answer. A
refusal lifts what the case suppressed, and so does a withdrawal; a case closed because nobody could be identified
stays suppressed. Sources: 個人情報保護法 第27条第2項, 第32条–第40条; 政令 第12条・第13条.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from optout.checks.desk_day import Day, day, overdue
from optout.checks.desk_intake import Arrival, Asked, Received, receive, stop_request
from optout.checks.desk_items import held
from optout.checks.desk_rekey import Rekeyed, rekey, rekey_sheet
from optout.checks.desk_sheet import receive_sheet
from optout.errors import DeskError, NotIdentifiedError, OptionError
from optout.register import case_rules as rules
from optout.register import day as days
from optout.register.case import (
    Case,
    actor,
    advanced,
    case,
    cases,
    draft,
    ended,
    history,
    recorded,
)
from optout.register.case_parts import (
    Agent,
    Check,
    Ending,
    Extension,
    Keying,
    Paper,
    Restriction,
    Sent,
)
from optout.register.case_rules import Procedure
from optout.schema import CHANNELS
from optout.store import Store
from optout.store.record import Draft

__all__ = [
    "Agent",
    "Arrival",
    "Asked",
    "Case",
    "Day",
    "Keying",
    "Paper",
    "Procedure",
    "Received",
    "Rekeyed",
    "accept",
    "answered",
    "case",
    "cases",
    "close",
    "day",
    "extend",
    "history",
    "overdue",
    "receive",
    "receive_sheet",
    "refuse",
    "rekey",
    "rekey_sheet",
    "release",
    "restrict",
    "shown",
    "verify",
    "withdraw",
]

_DOCUMENT = "document"
_ENTRIES = ("opt_out", "legal_hold")


def verify(
    store: Store,
    case_id: str,
    method: str,
    items: Collection[str] = (),
    passed: bool | None = None,
    of: str = "person",
    checker: str | None = None,
    document: Paper | None = None,
) -> Case:
    """Record a check of who asks (本人確認), or of an agent's right (代理権).

    Args:
        store: The suppression list.
        case_id: The case.
        method: A method of tables/case_identity.tsv, code or Japanese; of an agent "document".
        items: Items asked for: fields (name, birth_date …) or Japanese (氏名, 生年月日 …); each must be held.
        passed: True, False, or None when it was asked for and the answer is awaited.
        of: "person" or "agent".
        checker: Who checked; None = the actor.
        document: What was shown, by name and hash.

    Returns:
        The case; a new one is `verifying` from now on.

    Raises:
        ItemNotHeldError: an item is neither in a list held nor in the request (第37条第2項・第4項).
        IllegalMoveError: the case has gone on already.
        OptionError: a word is unknown, or there is no agent.
    """
    known = case(store, case_id)
    if of not in ("person", "agent") or (of == "agent" and known.agent is None):
        raise OptionError("of", ("person", "agent, of a case that has one"))
    asked = held(store, known, items)
    how = _DOCUMENT if of == "agent" and method == _DOCUMENT else rules.method(method)
    made = Check(
        "agent" if of == "agent" else "person",
        how,
        asked,
        (checker or "").strip() or actor(store),
        days.today(store),
        passed,
        document,
    )
    after = replace(known, checks=(*known.checks, made))
    if known.state == "verifying":
        return recorded(store, after, "case checked")
    return ended(store, advanced(after, "verifying", {}))


def accept(store: Store, case_id: str, paid: bool = False) -> Case:
    """Accept a request: it is to be carried out.

    Args:
        store: The suppression list.
        case_id: The case.
        paid: The fee of its kind was paid.

    Returns:
        The case.

    Raises:
        NotIdentifiedError: its kind needs a passed check first; one of the case it repeats does not count.
        DeskError: its fee is open.
        IllegalMoveError: it cannot be accepted from where it is.
    """
    known = case(store, case_id)
    rules.require_move(known.state, "accepted")
    if known.needs_identity and not known.passed("person"):
        raise NotIdentifiedError("no check of the person was passed")
    if known.needs_identity and known.agent is not None and not known.passed("agent"):
        raise NotIdentifiedError("the agent's right was not shown")
    if known.fee and not paid:
        raise DeskError(
            f"The fee of {known.fee:,} yen is open. Say that it was paid, or refuse (fee_unpaid)."
        )
    facts = {"fee_paid": known.fee} if known.fee else {}
    return ended(store, advanced(known, "accepted", facts))


def refuse(store: Store, case_id: str, reason: str, note: str | None = None) -> Case:
    """Refuse a request, with its reason (第36条); what it suppressed ends with it.

    Args:
        store: The suppression list.
        case_id: The case.
        reason: A ground of tables/case_refusal.tsv that the law knows for this kind.
        note: What the letter says beside the sentence of the ground.

    Returns:
        The case.

    Raises:
        NoGroundError: no such ground for this kind; a stop (第27条第2項) needs none of the person's.
        IllegalMoveError: it cannot be refused from where it is.
    """
    known = case(store, case_id)
    ground = rules.refusal(known.kind, reason)
    return _end(store, known, "refused", ground.code, note)


def withdraw(store: Store, case_id: str, reason: str) -> Case:
    """The person takes a request back: its own entries are lifted, the case stays and says so.

    Args:
        store: The suppression list.
        case_id: The case.
        reason: How it was taken back.

    Returns:
        The case. Other requests of the same person stay in force.

    Raises:
        OptionError: no reason.
        IllegalMoveError: it cannot be withdrawn from where it is.
    """
    return _end(store, case(store, case_id), "withdrawn", reason, None)


def close(store: Store, case_id: str, reason: str) -> Case:
    """Close a case because nobody could be identified; what it suppresses stays suppressed, for the safe side.

    Args:
        store: The suppression list.
        case_id: The case.
        reason: What was tried.

    Returns:
        The case. A proof that arrives late opens it again (`verify`).

    Raises:
        OptionError: no reason.
        IllegalMoveError: it cannot be closed from where it is.
    """
    return _end(store, case(store, case_id), "closed_unverified", reason, None)


def extend(store: Store, case_id: str, due: date | str, reason: str) -> Case:
    """Set a later due date, with its reason (期限延長).

    Args:
        store: The suppression list.
        case_id: The case.
        due: The new day.
        reason: Why it takes longer; the letter says it.

    Returns:
        The case.

    Raises:
        OptionError: no reason, or a day that is not later.
        DeskError: the case has ended.
    """
    known, later = case(store, case_id), days.read(due, "due")
    if not known.is_open:
        raise DeskError(f"A case that is {known.state} has no period to extend. Leave it.")
    if later is None or later <= known.due:
        raise OptionError("due", ((known.due + timedelta(days=1)).isoformat() + " or later",))
    made = Extension(known.due, later, _said(reason), actor(store), days.today(store))
    return recorded(store, replace(known, due=later, extensions=(*known.extensions, made)), "case extended")


def restrict(store: Store, case_id: str, reason: str) -> Case:
    """Keep the person's data and neither use nor provide it (利用・提供の制限), as while a correction is looked into.

    Args:
        store: The suppression list.
        case_id: The case.
        reason: Why.

    Returns:
        The case: the person is suppressed on every channel, and no removal or purge erases the rows.

    Raises:
        OptionError: no reason. DeskError: it is restricted already, was refused or withdrawn.
    """
    known, by = case(store, case_id), actor(store)
    if known.restriction is not None:
        raise DeskError("This case is restricted already. Leave it, or release it.")
    if known.state in rules.LIFTING:
        raise DeskError(f"A case that is {known.state} holds nothing. Open a new case for the person.")
    told, said, on = stop_request(known), _said(reason), days.today(store)
    both = [replace(told, kind=kind, channels=CHANNELS, source=f"{known.id} restricted") for kind in _ENTRIES]

    def drafts(ids: Iterable[str]) -> list[Draft]:
        return [draft(replace(known, restriction=Restriction(tuple(ids), said, by, on)))]

    store.suppress(both, also=drafts)
    return case(store, case_id)


def release(store: Store, case_id: str, reason: str) -> Case:
    """End a restriction; what the case itself stops stays stopped.

    Args:
        store: The suppression list.
        case_id: The case.
        reason: Why.

    Returns:
        The case.

    Raises:
        OptionError: no reason. DeskError: it is not restricted.
    """
    known, by = case(store, case_id), actor(store)
    if known.restriction is None:
        raise DeskError("This case is not restricted. Leave it.")
    told = {"reason": _said(reason), "by": by, "on": days.today(store).isoformat()}
    ends = [*known.facts.get("released", []), told]
    after = replace(known, restriction=None, facts={**known.facts, "released": ends})
    *first, last = known.restriction.requests
    for request in first:
        store.lift(request, f"{known.id} released")
    store.lift(last, f"{known.id} released", also=[draft(after)])
    return case(store, case_id)


def answered(
    store: Store, case_id: str, letter: str, how: str, to: str = "person", sha256: str | None = None
) -> Case:
    """Record that the person, agent or client was told.

    Args:
        store: The suppression list.
        case_id: The case.
        letter: acknowledgement, identity, extension, result or refusal.
        how: Channel by which it went.
        to: person, agent or client.
        sha256: Of the text that went out; None for word of mouth.

    Returns:
        The case.

    Raises:
        OptionError: an unknown letter, channel or addressee.
        DeskError: a result of a case that has not ended, or of another ending.
    """
    known = case(store, case_id)
    _require_fits(known, letter)
    if to not in ("person", "agent", "client"):
        raise OptionError("to", ("person", "agent", "client"))
    sent = Sent(letter, to, rules.channel(how), actor(store), days.today(store), sha256)
    return recorded(store, replace(known, letters=(*known.letters, sent)), f"case letter {letter}")


def shown(store: Store, case_id: str) -> tuple[Case, list[tuple[str, str, Case]]]:
    """A case and its history for somebody who looks; the audit keeps who did, and what for.

    Args:
        store: The suppression list; its actor and purpose are recorded.
        case_id: The case.

    Returns:
        The case, and when, by whom and what each of its versions was, oldest first.
    """
    by, versions = actor(store), history(store, case_id)
    store.record("case read", {"case": case_id, "by": by})
    return versions[-1][2], versions


def _require_fits(known: Case, letter: str) -> None:
    fits: Mapping[str, bool] = {
        "acknowledgement": True,
        "identity": known.state in ("received", "verifying"),
        "extension": bool(known.extensions),
        "result": known.state in ("done", "closed_unverified", "withdrawn"),
        "refusal": known.state == "refused",
    }
    if letter not in fits:
        raise OptionError("letter", tuple(fits))
    if not fits[letter]:
        raise DeskError(
            f"A letter of {letter} is not due in a case that is {known.state}. Send another letter."
        )


def _end(store: Store, known: Case, state: str, reason: str, note: str | None) -> Case:
    rules.require_move(known.state, state)
    ending = Ending(_said(reason), actor(store), days.today(store), (note or "").strip() or None)
    return ended(store, replace(advanced(known, state, {}), ending=ending))


def _said(reason: str) -> str:
    if not isinstance(reason, str) or not reason.strip():
        raise OptionError("reason", ("a text that says why",))
    return reason.strip()
