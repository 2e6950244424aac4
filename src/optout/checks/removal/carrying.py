"""A plan is carried out: holding by holding, each change verified before it takes effect and read again after it.

Before a row goes, the store holds which rows of what bytes are to go, for whom, and who agreed. Every step is recorded
before it is made, so after a crash the same hash goes on where it stopped; what happened without being recorded is told
by the fingerprints.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, Final

import polars as pl

from optout.batch import Source
from optout.checks.removal import tracking
from optout.checks.removal.asked import asked
from optout.checks.removal.finding import Judge
from optout.checks.removal.kept import Kept, Part, each_of, load, rows_of, save
from optout.checks.removal.looking import OUT_OF_REACH, assigned, held_of, looked_into
from optout.checks.removal.outcome import Outcome, outcome_of
from optout.checks.removal.places import Place
from optout.errors import (
    CheckError,
    EmptyBatchError,
    HoldingBoundError,
    HoldingChangedError,
    SecondPersonError,
    StalePlanError,
    UnknownRequestError,
    WriteFailedError,
)
from optout.holdings import Edits, Held
from optout.register import holding as register
from optout.review import Decisions
from optout.store import Store

# What keeps a change from being made today and leaves the holding as it is.
_KEPT_FROM: Final = (*OUT_OF_REACH, WriteFailedError, HoldingBoundError)


def executed(store: Store, plan_hash: str, approver: str | None) -> Outcome:
    """See `removal.execute`."""
    kept = load(store, plan_hash)
    rows, each = rows_of(store, plan_hash), each_of(store, plan_hash)
    if kept.state == "done":
        return outcome_of(plan_hash, kept, rows, each, {})
    _require_second(store, kept, approver)
    judge = _require_current(store, kept)
    kept.approver, kept.state = approver or kept.approver, "executing"
    # Which rows of what bytes are to go is on disk before the first of them does: the evidence of what was asked.
    save(store, plan_hash, kept, {"approver": kept.approver, "rows": kept.acting})
    tracking.begun(store, plan_hash, kept, each)
    for number, part in enumerate(kept.parts):
        if part.outcome is None or part.outcome["status"] == "unreachable":
            mine = rows.filter(pl.col("part") == number)
            part.outcome = _carried_out(store, plan_hash, kept, part, judge, mine)
            save(store, plan_hash, kept)
    outcome = outcome_of(plan_hash, kept, rows, each, {})
    # The cases first: a plan that is done is not looked into again.
    cases = tracking.ended(store, kept, outcome)
    kept.state = "done" if outcome.done else "partial"
    save(store, plan_hash, kept)
    return outcome_of(plan_hash, kept, rows, each, cases)


def _require_second(store: Store, kept: Kept, approver: str | None) -> None:
    """Many rows need somebody else's word; nobody agrees with himself."""
    agreed = approver or kept.approver
    if agreed is not None and _same(agreed, store.actor):
        raise SecondPersonError("the approver is the one who executes the plan")
    if kept.acting > kept.limit and not agreed:
        raise SecondPersonError(f"{kept.acting} rows would be changed, more than {kept.limit}")


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _require_current(store: Store, kept: Kept) -> Callable[[], Judge]:
    """By what rows are judged, which is what the plan was made by; StalePlanError otherwise."""
    try:
        who = asked(store, kept.requests)
    except (StalePlanError, UnknownRequestError):
        raise StalePlanError("some of its requests were lifted since") from None
    if who.scheme != kept.scheme:
        raise StalePlanError("the matching rules changed since")
    if who.holds != kept.holds:
        raise StalePlanError("legal holds changed since")
    records = store.records(register.KIND)
    for place in kept.places:
        if place.registered and records[place.registered].n != place.version:
            raise StalePlanError(f"the register of holdings changed for {place.name} since")
    _require_parts(kept)
    decisions = Decisions.of(store, kept.scheme)
    if any(decisions.answers.get(item) is not True for item in kept.released):
        raise StalePlanError("a review decision it rests on was taken back since")
    # Made when a list was changed and has to be searched again.
    return cache(lambda: Judge(who, who.snapshot(store), decisions, frozenset(kept.shared)))


def _require_parts(kept: Kept) -> None:
    """A folder holds the lists it held; one that was out of reach still counts as that."""
    known = {(part.holding, part.location) for part in kept.parts}
    far = [(part.holding, part.location) for part in kept.parts if part.unreachable is not None]
    for place, part in assigned(kept.places):
        away = any(place.name == name and register.covers(where, part.location) for name, where in far)
        if (place.name, part.location) not in known and not away:
            raise StalePlanError(f"{place.name} holds lists it did not hold")


def _carried_out(
    store: Store, plan_hash: str, kept: Kept, part: Part, judge: Callable[[], Judge], rows: pl.DataFrame
) -> dict[str, Any]:
    """Change and verify one file or table; what stopped us is a status, except a holding that changed."""
    if part.unreachable is not None:
        return _told(store, "unreachable", rows, None, why=part.unreachable)
    held = held_of(kept.place(part), part)
    edits = _edits(rows)
    try:
        after, how = _changed(store, plan_hash, kept, part, held, edits, judge)
    except HoldingChangedError as changed:
        raise StalePlanError(f"{part.name} changed since it was planned for") from changed
    except _KEPT_FROM as error:
        return _told(store, "unreachable", rows, None, why=type(error).__name__)
    return _told(store, "carried out", rows, after, verified=how)


def _edits(rows: pl.DataFrame) -> Edits:
    blank = rows.filter(pl.col("action") == "blank").select("row", "blank")
    erase = rows.filter(pl.col("action") == "remove")["row"].to_list()
    return Edits(erase, dict(blank.iter_rows()))


def _changed(
    store: Store, plan_hash: str, kept: Kept, part: Part, held: Held, edits: Edits, judge: Callable[[], Judge]
) -> tuple[str, str]:
    """The fingerprint after, and how it was verified."""
    place = kept.place(part)

    def verify(source: Source) -> None:
        _require_clean(judge(), source, place)

    def planned(after: str) -> None:
        # Known before it takes effect, so that after a crash it is told from what somebody else changed.
        kept.changed(part, after)
        save(store, plan_hash, kept)

    now = held.fingerprint()
    if now not in (part.fingerprint, part.moved, part.expected):
        raise HoldingChangedError(part.name)
    if not (edits.erase or edits.blank):
        return now, "unchanged since it was searched"
    if now != part.expected:
        after = held.change(edits, now, verify, planned).after
    else:
        # It took effect, and we were stopped before that was recorded.
        with suppress(EmptyBatchError):  # every row of it is gone
            verify(held.source())
        after = now
    if held.fingerprint() != after:
        raise HoldingChangedError(part.name)
    return after, "searched again before it took effect, read again after"


def _require_clean(judge: Judge, source: Source, place: Place) -> None:
    """No row that these requests would have changed is left."""
    found = judge.found(looked_into(judge, source, place), place)
    if left := found.acting.height:
        raise CheckError(
            f"{left} rows are still found in what was to replace the holding. Report this; the plan is not done."
        )


def _told(
    store: Store, status: str, rows: pl.DataFrame, after: str | None, why: str = "", verified: str = ""
) -> dict[str, Any]:
    """What happened to a file or table."""
    done = status != "unreachable"
    counts = {action: int((rows["action"] == action).sum()) for action in ("remove", "blank")}
    return {
        "status": status,
        "why": why,
        "removed": counts["remove"] if done else 0,
        "blanked": counts["blank"] if done else 0,
        "review": int(rows["waits"].sum()),
        "after": after,
        "verified": verified,
        "at": store.now().isoformat(timespec="seconds"),
    }
