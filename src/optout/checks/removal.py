"""Check 1: a request is carried out in every list held, and proved by reading again.

`plan` is a dry run with a hash; `execute` accepts only that hash. A request is done only when every holding is
verified clean. Source: 個人情報保護法 第27条第2項, 第35条; the suppression entry itself always stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout import match
from optout.errors import (
    CheckError,
    EmptyBatchError,
    HoldingChangedError,
    HoldingLockedError,
    InputError,
    StalePlanError,
    UnknownRequestError,
    WriteFailedError,
)
from optout.holdings import erasable, erase_rows
from optout.keys import KeyScheme
from optout.register.certificate import canonical, file_digest
from optout.schema import CHANNELS
from optout.screen import Columns, Result, screen
from optout.store import Receipt, Store

Holdings = Iterable[str | Path] | Mapping[str, str | Path]
_TABLE: Final = {
    "holding": pl.String,
    "row": pl.UInt32,
    "request": pl.String,
    "rule": pl.String,
    "level": pl.String,
    "action": pl.String,
}
_OUTCOME: Final = {
    "holding": pl.String,
    "status": pl.String,
    "removed": pl.UInt32,
    "review": pl.UInt32,
    "sha256_before": pl.String,
    "sha256_after": pl.String,
}
_UNTRIED: Final = {"status": "unreachable"}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a removal would do: a dry run.

    Attributes:
        hash: What `execute` has to be given; it stands for every line of the table and every byte of the holdings.
        table: One line per row found: `holding`, `row` UInt32 (0-based), `request`, `rule`, `level` (fields that
            agree), `action` (remove, review, suppress_only; unreachable with a null row). No personal data.
        requests: The requests it is for.
    """

    hash: str
    table: pl.DataFrame
    requests: list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a removal did.

    Attributes:
        plan: Hash of the plan.
        table: One line per holding: `holding`, `status` (removed, suppressed, not_found, review, unreachable),
            `removed` and `review` UInt32 rows, `sha256_before`, `sha256_after`. Suppressed: rows were found and
            stay, for the request covers some channels or one client only.
        done: Every holding was verified clean and nothing waits for a person.
    """

    plan: str
    table: pl.DataFrame
    done: bool

    @property
    def statuses(self) -> dict[str, str]:
        """Holding → status."""
        return dict(zip(self.table["holding"], self.table["status"], strict=True))


def plan(
    store: Store,
    requests: Receipt | Iterable[str] | str | None,
    holdings: Holdings,
    columns: Mapping[str, Columns] | None = None,
) -> Plan:
    """Find the subjects of requests in every holding; nothing is changed.

    Args:
        store: The suppression list; the requests are in it already (a stop takes effect at receipt).
        requests: Request ids, a receipt, or None for every active request.
        holdings: Paths of CSV, TSV or Parquet files, or name → path.
        columns: Name of a holding → its column mapping, where headers do not say it.

    Returns:
        The plan, stored under its hash.

    Raises:
        UnknownRequestError: an id is not in the store.
        StalePlanError: a request is no longer active.
    """
    ids = _ids(store, requests)
    named = _named(holdings)
    mappings = columns or {}
    found = {name: _found(store, ids, path, mappings.get(name)) for name, path in named.items()}
    payload = {
        "store": store.store_id,
        "requests": ids,
        "scheme": KeyScheme.current(store.gazetteer()).tag,
        "holdings": {name: {"path": str(named[name]), **found[name]} for name in named},
        "columns": {name: _plain(mapping) for name, mapping in mappings.items() if mapping},
    }
    digest = hashlib.sha256(canonical(payload)).hexdigest()
    job = store.load_job(digest)
    # The hash tells the bytes of the holdings: whatever this plan did before, a list put back from a copy undid it.
    if job is None or job[1] != "planned":
        store.save_job("removal", digest, "planned", payload)
    return Plan(digest, _table(payload["holdings"]), ids)  # type: ignore[arg-type]


def execute(store: Store, plan_hash: str, approver: str | None = None) -> Outcome:
    """Carry out a plan: rows are erased crash-safely and each holding is read again to prove it.

    Args:
        store: The suppression list the plan was made with.
        plan_hash: `Plan.hash`.
        approver: A second person who agreed, recorded in the audit.

    Returns:
        What happened to each holding. Executing a finished plan again returns the same and changes nothing.

    Raises:
        StalePlanError: no such plan, a request was lifted, the rules changed, or a holding is not what was planned
            for. Holdings done before it was noticed stay done; make a new plan for the rest.
    """
    job = store.load_job(plan_hash)
    if job is None or job[0] != "removal":
        raise StalePlanError("no plan with this hash is stored here")
    _, state, payload = job
    if state == "done":
        return _outcome(plan_hash, payload)
    _require_current(store, payload)
    payload["approver"] = approver

    def record(state: str) -> None:
        store.save_job("removal", plan_hash, state, payload)

    record("executing")
    for name, holding in payload["holdings"].items():
        # What was out of reach is tried again: close the file and run the same plan.
        if holding.get("outcome", _UNTRIED)["status"] == "unreachable":
            holding["outcome"] = _carried_out(store, name, holding, payload, lambda: record("executing"))
            record("executing")
    outcome = _outcome(plan_hash, payload)
    record("done" if outcome.done else "partial")
    return outcome


def replay(
    store: Store,
    since: int,
    holdings: Holdings,
    columns: Mapping[str, Columns] | None = None,
    approver: str | None = None,
) -> Outcome:
    """Carry out anew every request recorded after a revision: a list restored from a copy may hold the people again.

    Args:
        store: The suppression list.
        since: Its revision when the copy was made; 0 when nobody knows.
        holdings: The restored lists, as for `plan`.
        columns: As for `plan`.
        approver: As for `execute`.

    Returns:
        What happened to each holding.

    Raises:
        OptionError: the store was never at `since`.
        StalePlanError: a holding changed meanwhile.
    """
    return execute(store, plan(store, store.replay(since), holdings, columns).hash, approver)


def _ids(store: Store, requests: Receipt | Iterable[str] | str | None) -> list[str]:
    if requests is None:
        return sorted(store.active_requests())
    listed = requests.request_ids if isinstance(requests, Receipt) else requests
    ids = sorted({listed} if isinstance(listed, str) else set(listed))
    if unknown := set(ids) - set(store.requests(ids)["request"]):
        raise UnknownRequestError(min(unknown))
    lifted = [request for request in ids if not store.is_active(request)]
    if lifted:
        raise StalePlanError(f"{len(lifted)} of {len(ids)} requests are not active")
    return ids


def _named(holdings: Holdings) -> dict[str, Path]:
    if isinstance(holdings, Mapping):
        return {name: Path(path) for name, path in holdings.items()}
    paths = [Path(path) for path in ([holdings] if isinstance(holdings, str | Path) else holdings)]
    short = {path.name for path in paths}
    return {path.name if len(short) == len(paths) else str(path): path for path in paths}


def _plain(mapping: Columns) -> dict[str, list[str | int]]:
    return {field: [h] if isinstance(h, str | int) else list(h) for field, h in (mapping or {}).items()}


def _found(store: Store, ids: list[str], path: Path, columns: Columns) -> dict[str, Any]:
    """Hash of a holding and the rows in it that speak of these requests; `unreachable` and why otherwise."""
    try:
        tenants = store.requests(ids)["tenant"].unique(maintain_order=True).to_list() or [None]
        results = [
            screen(path, store, tenant=tenant, columns=columns, allow_empty=True) for tenant in tenants
        ]
    except EmptyBatchError:
        return {"sha256": file_digest(path)[0], "records": 0, "rows": []}
    except (InputError, OSError) as error:
        return {"unreachable": type(error).__name__, "sha256": None, "records": 0, "rows": []}
    source, rows = results[0].source, _rows(store, results, ids)
    # A sheet nobody has looked into may hold the person; and from a workbook no row can be erased yet.
    if source.unread or (not erasable(source) and any(row["action"] == "remove" for row in rows)):
        return {"unreachable": type(source).__name__, "sha256": None, "records": 0, "rows": []}
    return {"sha256": source.sha256, "records": source.records, "rows": rows}


def _rows(store: Store, results: list[Result], ids: list[str]) -> list[dict[str, Any]]:
    """One line a row: the best hit of these requests, and what to do about it.

    Args:
        store: The suppression list.
        results: One screen for every tenant among the requests, of the same holding.
        ids: The requests.
    """
    result = results[0]
    hits = pl.concat([found.hits for found in results]).filter(pl.col("request").is_in(ids))
    hits = hits.unique(["row", "subject", "request", "rule"], maintain_order=True)
    certain = pl.col("verdict") == "withhold"
    # A client's own stop binds what goes to that client; it erases nobody from the lists we hold.
    ours = store.requests(ids).filter(pl.col("tenant").is_null())["request"].unique()
    everywhere = (pl.col("channels").list.len() == len(CHANNELS)) & pl.col("request").is_in(ours.implode())
    alone = ~pl.col("row").is_in(_shared_rows(result, hits).implode())
    action = (
        pl.when(certain & everywhere & alone)
        .then(pl.lit("remove"))
        .when(certain & ~everywhere)
        .then(pl.lit("suppress_only"))
        .otherwise(pl.lit("review"))
    )
    order = {"remove": 0, "review": 1, "suppress_only": 2}
    lines = hits.join(match.answers(), on="rule").with_columns(action.alias("action"))
    best = lines.sort(
        "row",
        pl.col("action").replace_strict(order, return_dtype=pl.UInt8),
        "weight",
        "request",
        descending=[False, False, True, False],
    ).unique("row", keep="first", maintain_order=True)
    return best.select(
        "row", "request", "rule", pl.col("fields").list.join("+").alias("level"), "action"
    ).to_dicts()


def _shared_rows(result: Result, hits: pl.DataFrame) -> pl.Series:
    """Rows that speak of somebody else too: erasing them would erase a person who did not ask."""
    matched = hits.select("row", "subject").unique()
    others = result.subjects.join(matched, on=["row", "subject"], how="anti")
    return pl.concat([others["row"], result.joint(hits["row"])]).unique()


def _table(holdings: dict[str, dict[str, Any]]) -> pl.DataFrame:
    lines: list[dict[str, Any]] = []
    for name, holding in holdings.items():
        if "unreachable" in holding:
            lines.append({"holding": name, "action": "unreachable"})
        lines += [{"holding": name, **row} for row in holding["rows"]]
    return pl.DataFrame(lines, schema=_TABLE)


def _require_current(store: Store, payload: dict[str, Any]) -> None:
    lifted = [request for request in payload["requests"] if not store.is_active(request)]
    if lifted:
        raise StalePlanError(f"{len(lifted)} of its requests were lifted since")
    if payload["scheme"] != KeyScheme.current(store.gazetteer()).tag:
        raise StalePlanError("the matching rules changed since")


def _carried_out(
    store: Store, name: str, holding: dict[str, Any], payload: dict[str, Any], record: Callable[[], None]
) -> dict[str, Any]:
    """Erase and verify one holding; what stopped us is a status, except a holding that changed."""
    path, ids = Path(holding["path"]), payload["requests"]
    columns = payload["columns"].get(name)
    if "unreachable" in holding:
        return _result(holding, "unreachable", 0, None)
    rows = [row["row"] for row in holding["rows"] if row["action"] == "remove"]

    def verify(staged: Path) -> None:
        _require_clean(store, staged, ids, columns)
        # Known before the rename, so that after a crash the new file is told from one somebody else changed.
        holding["expected"] = file_digest(staged)[0]
        record()

    try:
        after = file_digest(path)[0]
        if after not in (holding["sha256"], holding.get("expected")):
            raise StalePlanError(f"{name} changed since it was planned for")
        if rows and after == holding["sha256"]:
            after = erase_rows(path, rows, after, verify, columns=columns).sha256_after
        _require_clean(store, path, ids, columns)
    except (HoldingLockedError, WriteFailedError, OSError):
        return _result(holding, "unreachable", 0, None)
    except HoldingChangedError as changed:
        raise StalePlanError(f"{name} changed since it was planned for") from changed
    stays = any(row["action"] == "suppress_only" for row in holding["rows"])
    status = "removed" if rows else "suppressed" if stays else "not_found"
    return _result(holding, status, len(rows), after)


def _result(holding: dict[str, Any], status: str, removed: int, after: str | None) -> dict[str, Any]:
    """What happened to a holding; rows that wait for a person come before what was erased."""
    review = sum(row["action"] == "review" for row in holding["rows"])
    if review and status != "unreachable":
        status = "review"
    return {
        "status": status,
        "removed": removed,
        "review": review,
        "before": holding["sha256"],
        "after": after,
    }


def _require_clean(store: Store, path: Path, ids: list[str], columns: Columns) -> None:
    """Read again: no row that these requests would have removed is left."""
    found = _found(store, ids, path, columns)
    left = sum(row["action"] == "remove" for row in found["rows"])
    if left or "unreachable" in found:
        raise CheckError(
            f"{left} rows are still found in what was to replace the holding. Report this; the plan is not done."
        )


def _outcome(plan_hash: str, payload: dict[str, Any]) -> Outcome:
    lines = [
        {
            "holding": name,
            "status": holding["outcome"]["status"],
            "removed": holding["outcome"]["removed"],
            "review": holding["outcome"]["review"],
            "sha256_before": holding["outcome"]["before"],
            "sha256_after": holding["outcome"]["after"],
        }
        for name, holding in payload["holdings"].items()
    ]
    table = pl.DataFrame(lines, schema=_OUTCOME)
    done = table["status"].is_in(["removed", "suppressed", "not_found"]).all()
    return Outcome(plan_hash, table, done)
