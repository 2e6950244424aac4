"""What each check took out of each list, as plans, intakes and attempts to deliver were recorded.

A list that went through a check again (a retry, the same file after more requests) counts once, as it was seen last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import polars as pl

from optout.checks.removal import kept
from optout.checks.reporting import REMOVED
from optout.register import attempt, day, holding, incident, supplier
from optout.schema import VERDICTS
from optout.store import Store

PERSON: Final = "individual"
OWN: Final = ("direct", "public")  # bases of lists that nobody handed over


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows came from: the list as it was acquired, and its supplier; None = not known."""

    list: str
    supplier: str | None = None


@dataclass(frozen=True, slots=True)
class Origins:
    """Name of a holding → where its rows came from."""

    known: Mapping[str, Origin]

    @classmethod
    def of(cls, store: Store, intakes: Mapping[str, Mapping[str, Any]]) -> Self:
        """By the register of holdings; a list derived from another counts as the other."""
        held = {each.name: each for each in holding.holdings(store, retired=True).values()}
        suppliers = {each.id: party(each.particulars()) for each in supplier.suppliers(store, ended=True)}
        return cls({name: _origin(name, held, intakes, suppliers) for name in held})

    def one(self, names: tuple[str, ...], otherwise: str) -> Origin:
        """The origin they share; the file itself, where they are of several, with the supplier they share."""
        found = [self.known[name] for name in names if name in self.known]
        suppliers = {each.supplier for each in found}
        shared = next(iter(suppliers)) if len(suppliers) == 1 else None
        return found[0] if len(set(found)) == 1 else Origin(otherwise, shared)


def lines(store: Store) -> pl.DataFrame:
    """`reporting.REMOVED`: one line a list, check and day."""
    intakes = dict(_intakes(store))
    origins = Origins.of(store, intakes)
    every = [*_at_removal(store, origins), *_at_intake(intakes), *_at_delivery(store, origins)]
    return pl.DataFrame(every, schema=REMOVED)


def party(told: Mapping[str, Any], person: bool = False) -> str | None:
    """How a supplier or recipient is named in a report: a person by number alone, for a report names nobody."""
    if person or told.get("kind") == PERSON:
        return told.get("id") or PERSON
    return (told.get("name") or "").strip() or None


def _origin(
    name: str,
    held: Mapping[str, holding.Holding],
    intakes: Mapping[str, Mapping[str, Any]],
    suppliers: Mapping[str, str | None],
) -> Origin:
    seen: set[str] = set()
    while name not in seen and (before := held[name].origin.get("derived_from")):
        seen.add(name)
        first = before if isinstance(before, str) else before[0]
        if first not in held:
            break
        name = first
    told = held[name].origin
    taken = intakes.get(str(told.get("intake")))
    if taken is not None:
        return Origin(taken["list"]["name"], _supplier(taken))
    written = told.get("supplier")
    known = suppliers.get(str(written), None if held[name].basis == PERSON else written)
    return Origin(str(told.get("list") or name), known or _nobody(held[name].basis))


def _supplier(taken: Mapping[str, Any]) -> str | None:
    known = party(taken["supplier"], PERSON in (taken["basis"], taken.get("category")))
    return known or _nobody(taken["basis"])


def _nobody(basis: str) -> str | None:
    """What stands for the supplier of a list that nobody handed over: that we collected it, or where it is public."""
    return basis if basis in OWN else None


def _intakes(store: Store) -> Iterator[tuple[str, dict[str, Any]]]:
    """Those still in quarantine first, so that of a list taken in twice the one that was accepted counts."""
    for kind in ("intake", "holding"):
        for job_id, _ in store.jobs(kind):
            job = store.load_job(job_id)
            if job is not None:
                yield job_id, job[2]


def _at_intake(intakes: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    last = {(told["list"].get("sha256") or job_id): told for job_id, told in intakes.items()}
    for told in last.values():
        counts = told["counts"]
        yield {
            "check": 2,
            "on": day.read(told["received"]),
            "list": told["list"]["name"],
            "supplier": _supplier(told),
            "rows": sum(counts[verdict] for verdict in VERDICTS),
            "removed": counts["withhold"],
            "review": counts["review"],
        }


def _at_removal(store: Store, origins: Origins) -> Iterator[dict[str, Any]]:
    """Every part of a holding that a plan was carried out in; blanked cells leave their row, and are not counted."""
    for digest, record in store.records(kept.KIND).items():
        told = record.told
        waiting = {} if told["followed_by"] else _waiting(store, digest)
        for part in told["parts"]:
            done = part["outcome"]
            if done is None:
                continue
            origin = origins.known.get(part["holding"], Origin(part["holding"]))
            yield {
                "check": 1,
                "on": day.of(done["at"]),
                "list": origin.list,
                "supplier": origin.supplier,
                "rows": None,
                "removed": done["removed"],
                "review": waiting.pop(part["holding"], 0),
            }


def _waiting(store: Store, digest: str) -> dict[str, int]:
    rows = kept.rows_of(store, digest)
    return dict(rows.filter("waits").group_by("holding").len().iter_rows())


def _at_delivery(store: Store, origins: Origins) -> Iterator[dict[str, Any]]:
    """What was caught at the gate or at the door."""
    last = {(each.sha256 or each.delivery): each for each in attempt.attempts(store) if each.counts}
    for each in last.values():
        shared = origins.one(each.holdings, each.list)
        caught = _caught(store, each)
        by_origin = {shared: max(0, each.counts.get("withhold", 0) - sum(caught.values()))}
        for name, n in caught.items():
            origin = origins.known.get(name or "", shared)
            by_origin[origin] = by_origin.get(origin, 0) + n
        for origin, n in by_origin.items():
            yield {
                "check": 3,
                "on": each.on,
                "list": origin.list,
                "supplier": origin.supplier,
                "rows": _rows(each.counts) if origin == shared else 0,
                "removed": n,
                "review": each.counts.get("review", 0) if origin == shared else 0,
            }


def _rows(counts: Mapping[str, int]) -> int:
    return sum(counts.get(verdict, 0) for verdict in VERDICTS)


def _caught(store: Store, told: attempt.Attempt) -> dict[str | None, int]:
    """Name of a holding, or None where it is not known → rows of people who had asked, as the incident tells."""
    if told.incident is None:
        return {}
    rows = incident.hits(store, told.incident).unique("row", keep="first", maintain_order=True)
    return dict(rows.group_by("holding").len().sort("holding", nulls_last=True).iter_rows())
