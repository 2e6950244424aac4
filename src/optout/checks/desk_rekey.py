"""The sheet keyed once more: readings of two operators are compared, and every reading is suppressed meanwhile (R2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from optout.checks.desk_intake import SHEET, Arrival, Asked, identity_of, receive, stop_request
from optout.checks.desk_sheet import Columns, read_people
from optout.errors import OptionError, SecondPersonError
from optout.register import case_keying as keying
from optout.register import case_parts as parts
from optout.register import case_rules as rules
from optout.register.case import Case, actor, case, draft, recorded
from optout.register.case_parts import ITEMS, Keying
from optout.store import Identity, Store
from optout.store.record import Draft


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What a second reading of a whole sheet brought.

    Attributes:
        cases: The cases both operators have, in the order of the sheet.
        added: People only the second operator saw: received as cases of their own, in force like any other.
        missing: Lines only the first operator has; somebody should look at the sheet.
    """

    cases: tuple[Case, ...]
    added: tuple[Case, ...] = ()
    missing: tuple[int, ...] = ()


def rekey(store: Store, case_id: str, given: Identity) -> Case:
    """Record what one more operator reads on the sheet; fields that two agree on are settled.

    Args:
        store: The suppression list; its actor is who keyed.
        case_id: The case.
        given: What is written there, by this reader.

    Returns:
        The case: `needs_rekey` while a field is not settled, suppressed under every reading from this commit on.

    Raises:
        OptionError: nothing was keyed.
        SecondPersonError: nobody but the actor has keyed it.
        IllegalMoveError: it has gone on already.
    """
    known, by = case(store, case_id), actor(store)
    if not any(getattr(given, item) for item in ITEMS):
        raise OptionError("given", ("at least one field of what is written on the sheet",))
    first = known.keyed or (Keying(known.by, known.person),)
    keyed = keying.with_newest(first, Keying(by, given))
    if len(keyed) < 2:
        raise SecondPersonError("the sheet was keyed by the same operator before")
    differs = keying.unsettled(keyed)
    state = known.state
    if bool(differs) != (state == "needs_rekey") or state not in ("received", "verifying"):
        state = "needs_rekey" if differs else rules.FIRST
    if state != known.state:
        rules.require_move(known.state, state)
    person = known.person if differs else keying.settled(keyed)
    # Who was checked was perhaps somebody else, by another reading.
    void = known.void if len(keying.distinct([known.person, person])) == 1 else len(known.checks)
    after = replace(known, keyed=keyed, differs=differs, person=person, state=state, void=void)
    return _suppressed_as_read(store, known, after)


def rekey_sheet(
    store: Store,
    sheet_id: str,
    path: str | Path,
    columns: Columns | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Rekeyed:
    """Compare a second operator's file of a sheet with the first one's, line by line.

    Args:
        store: The suppression list; its actor is who keyed the file.
        sheet_id: Number of the sheet, S-…
        path: The second file; columns and lines as in the first.
        columns: As for `receive_sheet`.
        encoding: Of a text file, when it should not be found out.
        sheet: Name of the sheet of a workbook.

    Returns:
        What agrees, what was added and what is missing. Nobody on either file is lost.

    Raises:
        UnknownRecordError: no such sheet.
        InputError: the file cannot be used; nothing was recorded.
        SecondPersonError, IllegalMoveError: as for `rekey`; what was compared before stays recorded.
    """
    told = store.record_of(SHEET, sheet_id).told
    came = parts.read(Arrival, told)
    asked, _ = read_people(Path(path), came, columns, encoding, sheet)
    known = [case(store, case_id) for case_id in told["cases"]]
    pairs, extra = _by_line(known, asked)
    compared = tuple(rekey(store, one.id, identity_of(other.person)) for one, other in pairs)
    added = receive(store, extra, came).cases if extra else ()
    met = {one.id for one, _ in pairs}
    missing = tuple(one.line or 0 for one in known if one.id not in met)
    return Rekeyed(compared, added, missing)


def _by_line(known: list[Case], asked: list[Asked]) -> tuple[list[tuple[Case, Asked]], list[Asked]]:
    """Cases with what the second file says of the same line, and lines no case stands for."""
    waiting: dict[int | None, list[Case]] = {}
    for one in known:
        waiting.setdefault(one.line, []).append(one)
    pairs, extra = [], []
    for other in asked:
        of_line = waiting.get(other.line)
        if of_line:
            pairs.append((of_line.pop(0), other))
        else:
            extra.append(other)
    return pairs, extra


def _suppressed_as_read(store: Store, known: Case, after: Case) -> Case:
    """Record a case keyed anew; a reading that no entry has yet is suppressed in the same commit."""
    before = keying.distinct([known.person, *(each.given for each in known.keyed)])
    now = keying.distinct([*before, *(each.given for each in after.keyed)])
    if not after.stops or len(now) == len(before):
        return recorded(store, after, "case keyed again")

    def drafts(ids: Iterable[str]) -> list[Draft]:
        return [draft(replace(after, requests=(*known.requests, *ids)))]

    store.suppress(stop_request(after), also=drafts)
    return case(store, after.id)
