"""What a removal did: to each holding, for each request, and the evidence of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from optout.checks.removal.kept import KIND, Kept, Part, each_of, load, rows_of
from optout.register import holding as register
from optout.schema import DType
from optout.store import Store

OUTCOME: Final[dict[str, DType]] = {
    "holding": pl.String,
    "status": pl.String,
    "removed": pl.UInt32,
    "review": pl.UInt32,
    "sha256_before": pl.String,
    "sha256_after": pl.String,
    "blanked": pl.UInt32,
    "suppressed": pl.UInt32,
    "exempt": pl.UInt32,
    "unread": pl.UInt32,
    "why": pl.String,
}
REQUESTS: Final[dict[str, DType]] = {"request": pl.String, "holding": pl.String, "status": pl.String}
SETTLED: Final = ("removed", "suppressed", "exempt", "not_found")
# Status of a holding or request → the actions it stands for, the first that occurs decides.
_BY_ACTION: Final = {
    "review": ("review",),
    "removed": ("remove", "blank"),
    "exempt": ("exempt",),
    "suppressed": ("suppress_only",),
}


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a removal did.

    Attributes:
        plan: Hash of the plan.
        table: One line per holding: `holding`, `status`, `removed` and `review` UInt32 rows, `sha256_before`,
            `sha256_after`, then UInt32 `blanked` (rows of several people, of whom one went), `suppressed`, `exempt`
            (rows that stay), `unread` (records that are no rows), `why` (of exempt and unreachable). Status: removed;
            suppressed: rows were found and stay, for the request covers some channels or one client only, or the
            household's others; exempt: a law or a hold keeps them; not_found; review: a person has to decide;
            unreachable.
        done: Every holding was verified clean and nothing waits for a person.
        requests: `request`, `holding`, `status`: the same for each request.
        cases: Case → the state it has now, of the cases these requests belong to.
    """

    plan: str
    table: pl.DataFrame
    done: bool
    requests: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REQUESTS))
    cases: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Outcome of {self.plan[:12]}, {'done' if self.done else 'not done'}>"

    @property
    def statuses(self) -> dict[str, str]:
        """Holding → status."""
        return dict(zip(self.table["holding"], self.table["status"], strict=True))


def outcome_of(
    plan_hash: str, kept: Kept, rows: pl.DataFrame, each: pl.DataFrame, cases: Mapping[str, str]
) -> Outcome:
    """The outcome of a plan that was carried out."""
    lines = [_line(place.name, kept, rows) for place in kept.places]
    table = pl.DataFrame(lines, schema=OUTCOME)
    done = bool(table["status"].is_in(SETTLED).all())
    return Outcome(plan_hash, table, done, _requests(kept, each, table), cases)


def _line(holding: str, kept: Kept, rows: pl.DataFrame) -> dict[str, Any]:
    parts = [part for part in kept.parts if part.holding == holding]
    done = [part.outcome or {} for part in parts]
    mine = rows.filter(pl.col("holding") == holding)
    far = sorted({str(told["why"]) for told in done if told.get("status") == "unreachable"})
    # A doubtful row beside cells that went waits too.
    waiting, actions = int(mine["waits"].sum()), set(mine["action"])
    kept_by = sorted(set(mine.filter(pl.col("action") == "exempt")["why"].drop_nulls()))
    # A folder all of whose lists are registered by themselves has none of its own.
    status = "unreachable" if far else "review" if waiting else _status(actions)
    return {
        "holding": holding,
        "status": status,
        "removed": sum(told.get("removed", 0) for told in done),
        "review": waiting,
        "sha256_before": _digest({part.location: part.fingerprint for part in reversed(parts)}),
        "sha256_after": _digest(
            {part.location: told.get("after") for part, told in zip(parts, done, strict=True)}
        ),
        "blanked": sum(told.get("blanked", 0) for told in done),
        "suppressed": int((mine["action"] == "suppress_only").sum()),
        "exempt": int((mine["action"] == "exempt").sum()),
        "unread": sum(part.unread for part in parts),
        "why": "; ".join(far or (kept_by if status == "exempt" else ())) or None,
    }


def _status(actions: set[str]) -> str:
    return next((status for status, of in _BY_ACTION.items() if actions & set(of)), "not_found")


def _digest(hashes: Mapping[str, str | None]) -> str | None:
    """Of one file its own; of several one over all, by their places; None when one is not known."""
    known = [code for _, code in sorted(hashes.items())]
    if not known or None in known:
        return None
    return known[0] if len(known) == 1 else hashlib.sha256("\n".join(map(str, known)).encode()).hexdigest()


def _requests(kept: Kept, each: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """What became of every request in every holding."""
    actions = {action: n for n, of in enumerate(_BY_ACTION.values()) for action in of}
    statuses = dict(enumerate(_BY_ACTION))
    strongest = each.select(
        "request", "holding", pl.col("action").replace_strict(actions, return_dtype=pl.UInt8).alias("n")
    )
    told = strongest.group_by("request", "holding").agg(
        pl.col("n").min().replace_strict(statuses, return_dtype=pl.String).alias("status")
    )
    far = table.select("holding", (pl.col("status") == "unreachable").alias("far"))
    every = pl.DataFrame({"request": kept.requests}, schema={"request": pl.String}).join(far, how="cross")
    # A row nobody could be told in may be anybody's.
    unsure = told.filter(pl.col("request").is_null())["holding"]
    found = every.join(told, on=["request", "holding"], how="left", maintain_order="left")
    status = (
        pl.when("far")
        .then(pl.lit("unreachable"))
        .when(pl.col("holding").is_in(unsure.implode()))
        .then(pl.lit("review"))
        .otherwise(pl.col("status").fill_null("not_found"))
    )
    return found.select("request", "holding", status.alias("status"))


def covers_register(store: Store, kept: Kept) -> bool:
    """Whether every registered holding was looked into, whole."""
    whole = {place.registered for place in kept.places if place.whole}
    return {held.id for held in register.holdings(store).values()} <= whole


def evidence(store: Store, plan_hash: str) -> dict[str, Any]:
    """What was done, not what was asked: JSON values for an office's files.

    Args:
        store: The suppression list.
        plan_hash: Of a plan, carried out or not.

    Returns:
        Requests, who planned, executed and agreed and when, and of every file and table its hashes before and after,
        the ids and actions of the rows, and how it was verified. No personal data but what a primary key may be.

    Raises:
        StalePlanError: no such plan.
    """
    kept, rows, each = load(store, plan_hash), rows_of(store, plan_hash), each_of(store, plan_hash)
    versions = store.versions(KIND, plan_hash)
    steps = [{"state": one.told["state"], "at": one.at, "actor": one.actor} for one in versions]
    return {
        "plan": plan_hash,
        "store": kept.store_id,
        "state": kept.state,
        "scheme": kept.scheme,
        "approver": kept.approver,
        "requests": kept.requests,
        "legal_holds": len(kept.holds),
        "steps": [step for n, step in enumerate(steps) if not n or step["state"] != steps[n - 1]["state"]],
        "holdings": [_evident(part, rows.filter(pl.col("part") == n)) for n, part in enumerate(kept.parts)],
        "by_request": each.group_by("request", "holding", "action").len().sort(pl.all()).to_dicts(),
        "followed_by": kept.followed_by,
    }


def _evident(part: Part, rows: pl.DataFrame) -> dict[str, Any]:
    told = part.outcome or {}
    return {
        "holding": part.holding,
        "list": part.name,
        "rows": part.rows,
        "unread": part.unread,
        "before": part.fingerprint,
        "after": told.get("after"),
        "status": told.get("status", "not carried out"),
        "why": told.get("why") or part.unreachable,
        "verified": told.get("verified") or None,
        "at": told.get("at"),
        "found": rows.select("id", "action", "rule", "why").to_dicts(),
    }
