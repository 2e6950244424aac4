"""A person's answers: kept as records with reviewer and reason, every version of them, and taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from optout.errors import OptionError, UnknownRecordError
from optout.review.item import KEPT_IF_OTHER, Item, shown
from optout.review.settled import ITEM, KIND
from optout.store import Draft, Record, Store

ANSWERS: Final = ("same", "other")


def decide(store: Store, item_id: str, answer: str, reason: str, reviewer: str | None = None) -> Record:
    """Keep what a person decided of a pair; from now on it holds wherever this pair is met under this scheme.

    Args:
        store: Where it is kept, sealed.
        item_id: Of an item that was put before a person.
        answer: `same` (本人: the row is withheld) or `other` (別人: the row is kept, unless something else speaks).
        reason: Why; it stays with the decision.
        reviewer: Who decided; the actor of the store by default.

    Raises:
        UnknownRecordError: no such item.
        OptionError: another answer, no reason, or `other` where nobody can tell who the row is about.
    """
    return keep_answers(store, [(shown(store, item_id), answer, reason, reviewer)])[0]


def undo(store: Store, item_id: str, reason: str, reviewer: str | None = None) -> Record:
    """Take a decision back: the pair is under review again. What was decided stays in `history`.

    Raises:
        UnknownRecordError: nothing was decided of it.
        OptionError: no reason.
    """
    before = store.record_of(KIND, item_id)
    if not before.told["answer"]:
        raise UnknownRecordError(KIND)
    told = before.told | {"answer": None, "undone": before.told["answer"], **_by(store, reason, reviewer)}
    draft = Draft(KIND, item_id, told, after=before.n)
    return store.keep([draft], "review undone", {"item": item_id})[0]


def history(store: Store, item_id: str) -> list[Record]:
    """Every version of a decision, oldest first.

    Raises:
        UnknownRecordError: nothing was ever decided of it.
    """
    return store.versions(KIND, item_id)


def decisions(store: Store) -> dict[str, Record]:
    """The decisions that stand, by item, in the order they were first made."""
    return {i: r for i, r in store.records(KIND).items() if i.startswith(ITEM) and r.told["answer"]}


def keep_answers(store: Store, given: Iterable[tuple[Item, str, str, str | None]]) -> list[Record]:
    """Keep several answers (item, answer, reason, reviewer) in one commit; all or none."""
    known = store.records(KIND)
    drafts = []
    for item, answer, reason, reviewer in given:
        _require(item, answer)
        told = _told(item) | {"answer": answer, **_by(store, reason, reviewer)}
        before = known.get(item.id)
        drafts.append(Draft(KIND, item.id, told, after=before.n if before else 0))
    if not drafts:
        return []
    return store.keep(drafts, "review decided", {"items": len(drafts)})


def _require(item: Item, answer: str) -> None:
    if answer not in ANSWERS:
        raise OptionError("answer", ANSWERS)
    if answer == "other" and item.request is None and item.reason not in KEPT_IF_OTHER:
        # DESIGN: a row in which no identifier survives is never kept.
        raise OptionError("answer", ("same", "leave it under review"))


def _by(store: Store, reason: str, reviewer: str | None) -> dict[str, str]:
    told = {"reason": reason, "reviewer": store.actor if reviewer is None else reviewer}
    for what, text in told.items():
        if not isinstance(text, str) or not text.strip():
            raise OptionError(what, ("a text",))
    return told


def _told(item: Item) -> dict[str, Any]:
    facts = ("list", "row", "subject", "request", "rule", "weight", "scheme")
    evidence = [asdict(each) for each in item.evidence]
    return {name: getattr(item, name) for name in facts} | {"word": item.reason, "evidence": evidence}
