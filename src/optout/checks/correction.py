"""A correction (訂正, 追加, 削除) in every list held: planned, carried out, read again, kept.

The same discipline as a removal: `plan` changes nothing, `execute` accepts only a hash that still fits, each list
changes whole or not at all and counts only when it was read again. Only rows that surely are the person's are
corrected. Whoever asked to be left out stays out: what withheld a row before withholds it under the corrected name and
address, too, recorded before the row changes.

Source: 個人情報保護法 第34条第1項・第3項 (the person is told, with what was corrected).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from optout.batch import Source
from optout.checks import casework, lookup
from optout.checks.following import follow, followed
from optout.checks.lookup import Looked, Named, Rows
from optout.checks.placing import Correction, Placed, placed
from optout.checks.search import Who, alone, entries_of
from optout.errors import (
    CellRefusedError,
    CheckError,
    HoldingChangedError,
    OptionError,
    StalePlanError,
    UnencodableError,
    UnknownRecordError,
)
from optout.holdings.held import Edits, Held
from optout.keys import KeyScheme
from optout.register.certificate import canonical
from optout.schema import DType
from optout.store import Draft, Record, Store

KIND: Final = "correction"
_PURPOSE: Final = "optout correction plan 1"
_DIGITS: Final = 32
_FINAL: Final = ("corrected", "right", "not_found", "review", "by_hand", "refused")
_GOOD: Final = ("corrected", "right", "not_found")
TABLE: Final[dict[str, DType]] = {
    "holding": pl.String,
    "row": pl.UInt32,
    "rule": pl.String,
    "level": pl.String,
    "items": pl.String,
    "action": pl.String,
}
OUTCOME: Final[dict[str, DType]] = {
    "holding": pl.String,
    "status": pl.String,
    "rows": pl.UInt32,
    "cells": pl.UInt32,
    "waiting": pl.UInt32,
    "why": pl.String,
}
_REFUSING: Final = (UnencodableError, CellRefusedError)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a correction would do: a dry run.

    Attributes:
        hash: What `execute` has to be given. Keyed: it tells nothing of the values.
        table: One line per row found: `holding`, `row` UInt32 (0-based; null for a list that cannot be read), `rule`,
            `level`, `items` (joined by "+"), `action` (correct, right, by_hand, review, unreachable). No personal data.
        remarks: What the office should know.
    """

    hash: str
    table: pl.DataFrame
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a correction did.

    Attributes:
        plan: Hash of the plan.
        table: One line per list: `holding`, `status` (corrected, right, not_found, review, by_hand, refused,
            unreachable), `rows` and `cells` changed, `waiting` rows for a person, `why`.
        done: Every list was read again and is right, and nothing waits.
        case: Number of the case.
    """

    plan: str
    table: pl.DataFrame
    done: bool
    case: str | None = None

    @property
    def statuses(self) -> dict[str, str]:
        """Holding → status."""
        return dict(zip(self.table["holding"], self.table["status"], strict=True))


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """One cell before and after, as it is kept sealed. Personal data.

    Attributes:
        holding: Name of the list.
        row: Number of the row when it was changed, 0-based; `row_id` how a person finds it.
        row_id: See `row`.
        header: Of the column.
        before, after: What stood there, and what stands there now.
    """

    holding: str
    row: int
    row_id: str
    header: str
    before: str
    after: str

    def __repr__(self) -> str:
        return f"<Change {self.holding}, row {self.row}, {self.header}>"


def plan(
    store: Store,
    who: Who,
    corrections: Iterable[Correction] | Mapping[str, str],
    holdings: Named = None,
    case: str | None = None,
    tenant: str | None = None,
    same: Rows | None = None,
    other: Rows | None = None,
) -> Plan:
    """Find a person in every holding, and say which cells would change; nothing is changed.

    Args:
        store: The store.
        who: Ids of requests, or what the person told of themselves: as they stand in the lists now.
        corrections: What is to be as told; or item → value.
        holdings: Names of registered holdings; None = every one that is ours or of `tenant`.
        case: Number of the case.
        tenant: Whose lists count beside ours.
        same: Name of a list → rows under review that somebody looked at: they are the person's.
        other: The same of rows that are somebody else's.

    Returns:
        The plan, kept sealed under its hash.

    Raises:
        OptionError: nothing is to be corrected, or one item twice, or a row of `same` was not found.
        UnknownRequestError, UnknownHoldingError: no such request or holding.
    """
    wanted = _corrections(corrections)
    asked = alone(store, entries_of(store, who))
    lists = {
        one.place.name: _planned(store, one, wanted)
        for one in lookup.look(lookup.holdings(store, _names(holdings), tenant), asked, same, other)
    }
    payload = {
        "store": store.store_id,
        "case": case,
        "scheme": KeyScheme.current(store.gazetteer()).tag,
        "corrections": [[one.item, one.value, one.instead_of] for one in wanted],
        "lists": lists,
    }
    digest = hmac.digest(store.digest_key(_PURPOSE), canonical(payload), "sha256").hex()[:_DIGITS]
    known = store.records(KIND).get(digest)
    # The hash tells what the lists hold: whatever this plan did before, a list put back from a copy undid it.
    if known is None or known.told["state"] != "planned":
        store.keep([Draft(KIND, digest, {**payload, "state": "planned"})], "correction plan", _counts(lists))
    return Plan(digest, _table(lists), _remarks(wanted, lists))


def execute(store: Store, plan_hash: str) -> Outcome:
    """Carry out a plan: each list changes whole or not at all, and is read again to prove it.

    Args:
        store: The store the plan was made with.
        plan_hash: `Plan.hash`. The same again after a crash, or when a list can be reached again, does the rest.

    Returns:
        What happened to each list. A finished plan changes nothing and returns the same.

    Raises:
        StalePlanError: no such plan, the rules changed, or a list is not what was planned for. Lists done before it
            was noticed stay done; make a new plan for the rest.
        IllegalMoveError: its case is not accepted.
    """
    try:
        record = store.record_of(KIND, plan_hash)
    except UnknownRecordError:
        raise StalePlanError("no plan with this hash is kept here") from None
    told = deepcopy(record.told)
    if told["state"] == "done":
        return _outcome(plan_hash, told)
    if told["scheme"] != KeyScheme.current(store.gazetteer()).tag:
        raise StalePlanError("the matching rules changed since")
    case = casework.begun(store, told["case"]) if told["case"] else None
    progress = _Progress(store, plan_hash, told, record)
    progress.keep("executing")
    for name, one in told["lists"].items():
        if one.get("outcome", {}).get("status") not in _FINAL:
            one["outcome"] = _carried_out(store, name, one, progress)
            progress.keep("executing")
    outcome = _outcome(plan_hash, told)
    progress.keep("done" if outcome.done else "partial")
    if case is not None:
        casework.ended(store, case, outcome.done, correction=plan_hash)
    return outcome


def changes(store: Store, plan_hash: str) -> list[Change]:
    """What a correction changed, before and after: for the letter to the person, and for the file.

    Args:
        store: Where it is kept; the reading is written into its audit.
        plan_hash: Of an executed plan.

    Returns:
        One a cell, of the lists that were corrected.

    Raises:
        UnknownRecordError: no such plan.
    """
    told = store.record_of(KIND, plan_hash).told
    store.record("correction read", {"correction": plan_hash})
    return [
        Change(name, row["row"], row["row_id"], cell["header"], cell["before"], cell["after"])
        for name, one in told["lists"].items()
        if one.get("outcome", {}).get("status") in ("corrected", "review", "by_hand")
        and one["outcome"]["rows"]
        for row in one["rows"]
        for cell in row["cells"]
    ]


def case_of(store: Store, plan_hash: str) -> str | None:
    """Number of the case a plan was made for.

    Args:
        store: Where it is kept.
        plan_hash: Of the plan.

    Returns:
        The number; None when it was made for no case.

    Raises:
        UnknownRecordError: no such plan.
    """
    number = store.record_of(KIND, plan_hash).told["case"]
    return None if number is None else str(number)


class _Progress:
    """How far a plan has come, recorded step by step."""

    def __init__(self, store: Store, plan_hash: str, told: dict[str, Any], record: Record) -> None:
        self._store, self._id, self._told, self._n = store, plan_hash, told, record.n

    def keep(self, state: str) -> None:
        """Record it; RecordChangedError when somebody else carries the same plan out at this moment."""
        self._told["state"] = state
        draft = Draft(KIND, self._id, self._told, after=self._n)
        (kept,) = self._store.keep([draft], f"correction {state}", {"correction": self._id})
        self._n = kept.n


def _names(holdings: Named) -> list[str] | None:
    """A list that is corrected is a registered one: the plan tells of it by name, and never where it lies."""
    return None if holdings is None else [one if isinstance(one, str) else one.name for one in holdings]


def _corrections(given: Iterable[Correction] | Mapping[str, str]) -> list[Correction]:
    wanted = [Correction(*pair) for pair in given.items()] if isinstance(given, Mapping) else list(given)
    single = [one.item for one in wanted if one.instead_of is None]
    if not wanted or len(set(single)) != len(single):
        raise OptionError("corrections", ("one or more items, each once",))
    return wanted


def _planned(store: Store, looked: Looked, wanted: list[Correction]) -> dict[str, Any]:
    """What would happen to one list, as it is kept: JSON values, personal data in them."""
    found, holding = looked.found, looked.place.holding
    where = {"holding": holding.name}
    if found is None or found.unread:
        return {**where, "why": looked.why or "unread lines or sheets", "fingerprint": None, "rows": []}
    rows = [
        _row(looked, row, lines, wanted) for (row,), lines in found.rows.group_by("row", maintain_order=True)
    ]
    put = [row for row in rows if row["cells"]]
    if put:
        held = looked.place.open()
        try:
            held.require_changeable()
        except lookup.UNREADABLE as error:
            return {**where, "why": type(error).__name__, "fingerprint": None, "rows": []}
        for row, row_id in zip(put, held.row_ids([row["row"] for row in put]), strict=True):
            row["row_id"] = row_id
        follow(store, looked, put)
    return {**where, "fingerprint": looked.fingerprint, "rows": rows, "columns": found.cells.columns[1:]}


def _row(looked: Looked, row: Any, lines: pl.DataFrame, wanted: list[Correction]) -> dict[str, Any]:
    """One row found: what is done about it."""
    found = looked.found
    mine = lines.filter("certain")
    told = {"row": row, "row_id": "", "cells": [], "items": [], "by_hand": [], "requests": []}
    best = (lines if mine.is_empty() else mine).row(0, named=True)
    told |= {"rule": best["rule"], "level": best["level"], "action": "review"}
    if found is None or found.mapping is None or mine.is_empty() or best["joint"]:
        return told
    cells = [cell or "" for cell in found.cells.filter(pl.col(found.cells.columns[0]) == row).row(0)[1:]]
    result = placed(found.mapping, mine["subject"], bool(mine["alone"].all()), cells, wanted)
    headers = found.cells.columns[1:]
    told["cells"] = [
        {"place": place, "header": headers[place], "before": cells[place], "after": text}
        for place, text in sorted(result.put.items())
    ]
    return told | {"items": _items(wanted, result), "by_hand": result.by_hand, "action": _action(result)}


def _items(wanted: list[Correction], result: Placed) -> list[str]:
    left = {*result.by_hand, *result.right}
    return [one.item for one in wanted if one.item not in left] if result.put else []


def _action(result: Placed) -> str:
    if result.by_hand:
        return "by_hand"
    return "correct" if result.put else "right"


def _carried_out(store: Store, name: str, told: dict[str, Any], progress: _Progress) -> dict[str, Any]:
    """Change and verify one list; what stopped us is a status, except a list that changed."""
    waiting = sum(row["action"] in ("review", "by_hand") for row in told["rows"])
    if told["fingerprint"] is None and told.get("why"):
        return _result("unreachable", waiting, why=told["why"])
    put = [row for row in told["rows"] if row["cells"]]
    if not put:
        return _result(_still(told), waiting)
    followed(store, put)
    try:
        held = lookup.place_of(store, told["holding"], name).open()
        _changed(name, held, told, put, progress)
    except _REFUSING as error:
        return _result("refused", len(put) + waiting, why=type(error).__name__)
    except (HoldingChangedError, StalePlanError):
        raise StalePlanError(f"{name} changed since it was planned for") from None
    except lookup.UNREADABLE as error:
        return _result("unreachable", waiting, why=type(error).__name__)
    status = _still(told) if waiting else "corrected"
    return _result(status, waiting, len(put), sum(len(row["cells"]) for row in put))


def _changed(
    name: str, held: Held, told: dict[str, Any], put: list[dict[str, Any]], progress: _Progress
) -> None:
    """The protocol: the old state or the new one, and the new one is read again."""
    now = held.fingerprint()
    if now not in (told["fingerprint"], told.get("expected")):
        raise StalePlanError(name)

    def planned(after: str) -> None:
        # Known before it takes effect, so that after a crash the new state is told from somebody else's.
        told["expected"] = after
        progress.keep("executing")

    if now == told["fingerprint"]:
        cells = {row["row"]: {cell["place"]: cell["after"] for cell in row["cells"]} for row in put}
        texts = {row: {place: text for place, text in of.items() if text} for row, of in cells.items()}
        blanks = {row: [place for place, text in of.items() if not text] for row, of in cells.items()}
        held.change(Edits(blank=blanks, put=texts), now, lambda new: _require_right(new, put), planned)
    _require_right(held.source(), put)


def _require_right(source: Source, put: list[dict[str, Any]]) -> None:
    """Read again: every cell says what it should."""
    due = {row["row"]: row["cells"] for row in put}
    for block in source.blocks():
        here = [row for row in due if block.first_row <= row < block.first_row + block.frame.height]
        for row in here:
            cells = block.frame.row(row - block.first_row)
            if all((cells[cell["place"]] or "") == cell["after"] for cell in due[row]):
                del due[row]
    if due:
        raise CheckError(f"{len(due)} rows do not say what they should after the change. Report this.")


def _still(told: dict[str, Any]) -> str:
    """The status of a list by its rows, when nothing in it had to change."""
    actions = {row["action"] for row in told["rows"]}
    return next((one for one in ("review", "by_hand", "right") if one in actions), "not_found")


def _result(
    status: str, waiting: int, rows: int = 0, cells: int = 0, why: str | None = None
) -> dict[str, Any]:
    return {"status": status, "rows": rows, "cells": cells, "waiting": waiting, "why": why}


def _outcome(plan_hash: str, told: Mapping[str, Any]) -> Outcome:
    lines = [{"holding": name, **one["outcome"]} for name, one in told["lists"].items()]
    table = pl.DataFrame(lines, schema=OUTCOME)
    return Outcome(plan_hash, table, bool(table["status"].is_in(_GOOD).all()), told["case"])


def _table(lists: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    lines: list[dict[str, Any]] = []
    for name, one in lists.items():
        if one["fingerprint"] is None and one.get("why"):
            lines.append({"holding": name, "action": "unreachable"})
        for row in one["rows"]:
            items = "+".join([*row["items"], *row["by_hand"]])
            lines.append({"holding": name, **row, "items": items})
    return pl.DataFrame([{key: line.get(key) for key in TABLE} for line in lines], schema=TABLE)


def _counts(lists: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {
        "lists": len(lists),
        "rows": sum(bool(row["cells"]) for one in lists.values() for row in one["rows"]),
    }


def _remarks(wanted: list[Correction], lists: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    items = {one.item for one in wanted}
    told = []
    if "address" in items and "postal" not in items:
        told.append("the postal code was not given: it stays beside the new address")
    if "name" in items and "kana" not in items:
        told.append("the kana were not given: they stay beside the new name")
    stops = sum(len(row["requests"]) for one in lists.values() for row in one["rows"])
    if stops:
        told.append(f"{stops} stops on these rows are carried over to what the rows will say")
    return tuple(told)
