"""Every condition of a delivery that rows do not decide: who, what for, how, from when, and by which copy of the list.

Each gives reasons in words, without personal data; all of them are told at once. What the register never learnt of is
a reason only where an order is strict (ADR 0021); the certificate names it otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from optout.batch.columns import ColumnMapping, describe, sensitive
from optout.checks.delivery.order import Order
from optout.errors import OptionError
from optout.register import attempt, external, filing, recipient
from optout.store import Anchor, Store, sink


def before(store: Store, order: Order) -> list[str]:
    """What speaks against an order before its list is looked at."""
    return [
        *_untold(order),
        *_behind(store),
        *_of_recipient(store, order),
        *_of_delivery(store, order),
    ]


def of_columns(order: Order, mapping: ColumnMapping) -> list[str]:
    """What speaks against the columns, the method and the day (第27条第2項)."""
    if order.basis != "optout":
        return []
    reasons = []
    if care := sensitive(mapping.headers):
        reasons.append(
            f"columns of special care (要配慮個人情報) may not go out by opt-out: {', '.join(care)}"
        )
    if order.filing is None:
        return [*reasons, *(["no filing with the PPC (届出) is on record"] if order.strict else [])]
    columns = [(header, "" if field.startswith("(") else field) for header, field, _ in describe(mapping)]
    return [*reasons, *filing.outside(order.filing, columns, order.method, order.on)]


def unchecked(order: Order) -> list[str]:
    """What nobody asked the register, for the certificate to say."""
    if order.strict:
        return []
    missing = {"recipient (提供先台帳)": order.known is None, "holding (保有名簿台帳)": True}
    missing["filing (届出)"] = order.basis == "optout"
    return [what for what, untold in missing.items() if untold]


def stale(store: Store, head: Anchor | str | Path | None, max_age: timedelta | None) -> list[str]:
    """Whether this may be an old copy of the suppression list, by a head that was told outside of it.

    Args:
        store: The copy at hand.
        head: An anchor, or the file an audit sink wrote; None = nobody outside is asked.
        max_age: How old the newest head in that file may be, for an old file proves nothing of a younger list.

    Raises:
        OptionError: `max_age` without a file.
        UnreadableFileError: no such file, or it tells of no head of this store.
    """
    if head is None or isinstance(head, Anchor):
        if max_age is not None:
            raise OptionError("max_age", ("only beside the file of an audit sink as head",))
        return [] if head is None else _unknown(store, [head])
    known = sink.heads(head, store.store_id)
    reasons = _unknown(store, known)
    if max_age is not None:
        told = max(_times(Path(head), store.store_id), default=datetime.fromtimestamp(0, UTC))
        if store.now() - told > max_age:
            reasons.append(
                f"the newest head told outside is of {told:%Y-%m-%d %H:%M} UTC, older than {max_age}"
            )
    return reasons


def applied(store: Store, order: Order, rows: pl.DataFrame) -> tuple[list[str], list[dict[str, Any]]]:
    """External lists: why rows may not go out, and which lists were applied, how old.

    Args:
        store: Where the lists are.
        order: The order.
        rows: The list as a raw frame.
    """
    asked = [each for each in external.lists(store) if each.speaks_for(order.channel, order.tenant)]
    told = external.told_by(rows) if asked else pl.DataFrame()
    reasons, lists = [], []
    for each in asked:
        hits = (
            told.join(external.keys(store, each.name), on=["field", "key"], how="semi")["row"].unique().sort()
        )
        age = each.age(order.on)
        if age > each.max_age_days:
            reasons.append(
                f"external list {each.name} is {age} days old, {each.max_age_days} allowed; import it anew"
            )
        if len(hits):
            reasons.append(
                f"{len(hits)} rows are on external list {each.name}, first rows {hits.head(5).to_list()}"
            )
        facts = {"name": each.name, "kind": each.kind, "dated": each.dated.isoformat(), "age_days": age}
        lists.append({**facts, "max_age_days": each.max_age_days, "keys": each.keys, "sha256": each.sha256})
    return reasons, lists


def own_list(store: Store, order: Order) -> dict[str, Any] | None:
    """The recipient's own list of stops, as it was applied; None without a tenant."""
    if order.tenant is None:
        return None
    entries = store.entries()[1].filter(pl.col("tenant") == order.tenant)
    newest = entries["first_seen"].max()
    told = newest.date().isoformat() if isinstance(newest, datetime) else None
    return {"name": order.tenant, "kind": "tenant", "entries": entries.height, "newest": told}


def _untold(order: Order) -> list[str]:
    told = {"recipient (提供先)": order.party.get("name"), "purpose (利用目的)": order.purpose}
    return [f"{what} is not told" for what, value in told.items() if not (value or "").strip()]


def _behind(store: Store) -> list[str]:
    """A list restored from a backup may lack requests that a certificate already counted in."""
    lacks = store.behind
    if lacks is None:
        return []
    known = (
        "nobody has told how far the lost one had come"
        if lacks.known is None
        else (f"certificates name revision {lacks.known}")
    )
    return [
        f"the suppression list was restored from a backup of revision {lacks.restored} and is at {lacks.revision}; "
        f"{known} (`optout store settle`)"
    ]


def _of_recipient(store: Store, order: Order) -> list[str]:
    if order.known is None:
        named = (order.party.get("name") or "").strip()
        return ["the recipient is not registered (提供先台帳)"] if order.strict and named else []
    reasons = recipient.lacking(order.known, order.purpose, order.on, recipient.rules(store))
    if order.known.needs_own_list and not _has_own_list(store, order):
        reasons.append(
            f"recipient {order.known.id}: its own list of stops was not handed over (取引先停止リスト)"
        )
    return reasons


def _has_own_list(store: Store, order: Order) -> bool:
    given = own_list(store, order)
    dated = [
        each for each in external.lists(store) if each.tenant is not None and each.tenant == order.tenant
    ]
    return bool(dated) or bool(given and given["entries"])


def _of_delivery(store: Store, order: Order) -> list[str]:
    if attempt.delivered(store, order.delivery) is None:
        return []
    return [f"delivery {order.delivery} (納品番号) went out before; give another number"]


def _unknown(store: Store, heads: Iterable[Anchor]) -> list[str]:
    """The head furthest on must be of this store's past; then all before it are."""
    last = max(heads, key=lambda head: (head.epoch, head.audit_n))
    if store.knows(last):
        return []
    return [
        f"a head told outside is of revision {last.revision}, and this copy of the suppression list "
        f"(revision {store.revision}) does not know it: it is out of date, or another one"
    ]


def _times(path: Path, store_id: str) -> Iterable[datetime]:
    for line in path.read_bytes().splitlines():
        try:
            told = json.loads(line)
            if told["store"] == store_id:
                yield datetime.fromisoformat(told["ts"])
        except (ValueError, KeyError, TypeError):
            continue
