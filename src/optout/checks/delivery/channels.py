"""Who refused another channel than the one a list goes out for: the row stays, the cells of that channel are blanked.

Only where the order says so (`other_channels="blank"`): a mailing list then has no telephone number of anybody who does
not want to be called. A doubt counts like a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import polars as pl

from optout import tables
from optout.batch.columns import ColumnMapping
from optout.batch.subjects import Subject
from optout.checks.delivery.order import Order
from optout.register import external
from optout.screen import Result
from optout.store import Store

# What a channel needs of a row: items of tables/filed_item.tsv.
_NEEDS: Final = {
    "mail": ("postal", "address"),
    "phone": ("phone",),
    "sms": ("phone",),
    "fax": ("fax",),
    "email": ("email",),
}
_BY_FIELD: Final = {"phone": ("phone", "fax"), "email": ("email",)}


def blanks(
    store: Store,
    order: Order,
    rows: pl.DataFrame,
    mapping: ColumnMapping,
    screened: Callable[[str], Result],
) -> tuple[dict[int, list[int]], list[str]]:
    """The cells to blank, or why the list may not go out.

    Args:
        store: The suppression list, and the external lists.
        order: Whose `others` says what is done: keep (nothing is looked for), blank, refuse.
        rows: The list as a raw frame.
        mapping: What its columns are.
        screened: Screens it anew for a channel.

    Returns:
        Row → positions of filled cells that go blank; reasons.
    """
    if order.others == "keep" or order.channel == "any":
        return {}, []
    every = screened("any")
    said = [*_refused(every, order.channel), *_listed_outside(store, order, rows)]
    found = _filled(every.source.frame, mapping, said)
    if order.others == "refuse" and found:
        who = f"{len(found)} rows are of people who refused another channel than {order.channel}"
        return {}, [f"{who}, and can be reached by it (他の手段の停止)"]
    return found, []


def reachable(every: Result, mapping: ColumnMapping, channel: str) -> set[int]:
    """Rows of people who refused another channel than this one, and whom the list tells how to reach by it.

    Args:
        every: The list, screened for any channel.
        mapping: What its columns are.
        channel: The channel it goes out for.
    """
    return set(_filled(every.source.frame, mapping, _refused(every, channel)))


def _filled(
    frame: pl.DataFrame, mapping: ColumnMapping, said: Iterable[tuple[int, str, tuple[str, ...]]]
) -> dict[int, list[int]]:
    """Row → the places of its cells that are not blank and tell how to reach somebody who does not want it."""
    found: dict[int, set[int]] = {}
    for row, subject, items in said:
        cells = frame.row(row)
        places = [place for place in _positions(mapping, subject, items) if (cells[place] or "").strip()]
        found.setdefault(row, set()).update(places)
    return {row: sorted(places) for row, places in sorted(found.items()) if places}


def _refused(every: Result, channel: str) -> list[tuple[int, str, tuple[str, ...]]]:
    """Row, role and items of whoever asked that another channel stops."""
    concerned = every.verdicts.filter(pl.col("verdict") != "keep")["row"]
    hits = every.hits.filter(
        pl.col("row").is_in(concerned.implode()), ~pl.col("channels").list.contains(channel)
    )
    told = []
    for row, subject, channels in hits.select("row", "subject", "channels").iter_rows():
        items = tuple(dict.fromkeys(item for each in channels for item in _NEEDS[each]))
        told.append((row, subject, items))
    return told


def _listed_outside(store: Store, order: Order, rows: pl.DataFrame) -> list[tuple[int, str, tuple[str, ...]]]:
    """The same of whoever stands on an external list of another channel."""
    lists = [each for each in external.lists(store) if each.speaks_for("any", order.tenant)]
    asked = [each for each in lists if order.channel not in each.channels]
    told: pl.DataFrame = external.told_by(rows) if asked else pl.DataFrame()
    found: list[Any] = []
    for each in asked:
        hits = told.join(external.keys(store, each.name), on=["field", "key"], how="semi")
        found += [
            (row, "", _BY_FIELD[field]) for row, field in hits.select("row", "field").unique().iter_rows()
        ]
    return found


def _positions(mapping: ColumnMapping, subject: str, items: tuple[str, ...]) -> list[int]:
    """The columns of these items that are this person's; all of them where none is."""
    parts = tables.mapping("filed_item", "field", "item")
    every = [column.position for column in mapping.columns if parts.get(column.field) in items]
    own = {place for one in mapping.subjects if one.role == subject for place in _places(one)}
    return [place for place in every if place in own] or every


def _places(one: Subject) -> Iterator[int]:
    for places in (*one.fields.values(), *one.phones, one.emails):
        yield from places
