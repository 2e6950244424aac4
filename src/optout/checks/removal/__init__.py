"""Check 1: a request is carried out in every list held, and proved by reading again.

`plan` is a dry run with a hash; `execute` accepts only that hash. A request is done only when every holding is
verified clean. Source: 個人情報保護法 第27条第2項, 第35条; the suppression entry itself always stays.
"""

from __future__ import annotations

from collections.abc import Iterable

from optout.checks.removal.carrying import executed
from optout.checks.removal.outcome import Outcome, evidence
from optout.checks.removal.places import Holdings, Mappings
from optout.checks.removal.planning import BULK_ROWS, Plan, planned
from optout.checks.removal.retrying import retried
from optout.checks.removal.standing import waiting
from optout.store import Receipt, Store

__all__ = ["BULK_ROWS", "Holdings", "Outcome", "Plan", "evidence", "execute", "plan", "replay", "retry"]


def plan(
    store: Store,
    requests: Receipt | Iterable[str] | str | None,
    holdings: Holdings = None,
    columns: Mappings = None,
    bulk_rows: int = BULK_ROWS,
) -> Plan:
    """Find the subjects of requests in every holding; nothing is changed.

    Each holding is read once, block by block, for all the requests. Rows in doubt are put before a person
    (`review.waiting`); plan again when they were decided.

    Args:
        store: The suppression list; the requests are in it already (a stop takes effect at receipt).
        requests: Request ids, a receipt, or None for every active request. A request whose case was not accepted yet
            is left out of the latter.
        holdings: None for every registered holding; names of registered ones; paths of CSV, TSV, XLSX or Parquet files,
            folders of them, addresses of SQL tables; or name → path.
        columns: Name of a holding → its column mapping, where headers and register do not say it.
        bulk_rows: Above so many rows to be changed a second person has to agree.

    Returns:
        The plan, stored under its hash.

    Raises:
        UnknownRequestError: an id is not in the store.
        StalePlanError: a request is no longer active.
        IllegalMoveError: the case of a named request was not accepted yet.
        OptionError: no holdings were given, and none is registered.
    """
    return planned(store, requests, holdings, columns, bulk_rows)


def execute(store: Store, plan_hash: str, approver: str | None = None) -> Outcome:
    """Carry out a plan: rows are erased crash-safely and each holding is read again to prove it.

    Args:
        store: The suppression list the plan was made with.
        plan_hash: `Plan.hash`.
        approver: A second person who agreed, not the actor of the store; needed when the plan is `bulk`. It is
            recorded; that they did agree is for the office to see to.

    Returns:
        What happened to each holding. Executing a finished plan again returns the same and changes nothing; one that
        was cut off, or could not reach a holding, goes on where it stopped.

    Raises:
        SecondPersonError: nobody else agreed.
        StalePlanError: no such plan, a request was lifted, the rules, the register, a hold or a decision changed, or a
            holding is not what was planned for. Holdings done before it was noticed stay done; make a new plan for the
            rest.
        RecordChangedError: somebody else executes the same plan at this moment.
    """
    return executed(store, plan_hash, approver)


def replay(
    store: Store,
    since: int,
    holdings: Holdings = None,
    columns: Mappings = None,
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
        SecondPersonError: many people are in the list again, and nobody else agreed.
        StalePlanError: a holding changed meanwhile.
    """
    pending = waiting(store)
    again = [request for request in store.replay(since) if request not in pending]
    return execute(store, plan(store, again, holdings, columns).hash, approver)


def retry(store: Store, approver: str | None = None) -> list[Outcome]:
    """Try again whatever a removal left open: holdings out of reach then, rows decided since.

    Args:
        store: The suppression list.
        approver: As for `execute`; plans that need one and have none are left as they are.

    Returns:
        What happened, one a plan that was open: each is planned anew over the same holdings and carried out.

    Raises:
        StalePlanError: a holding changed meanwhile.
    """
    return retried(store, approver)
