"""The suppression list as it stands at one revision, ready to be probed.

Derived and disposable: rebuilt whenever the store has moved on, under the scheme of this installation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import polars as pl

from optout.keys import Blocked, KeyScheme, blocked
from optout.schema import CHANNELS, RAW_FIELDS, SELF
from optout.screen import seeds
from optout.store import Store
from optout.tables.gazetteer import Gazetteer


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Snapshot:
    """Active entries at one revision, with the planted ones behind them.

    Attributes:
        epoch: The store's life; a restored backup begins a new one.
        revision: All commits up to this one are in.
        scheme: Tag of the key scheme.
        gazetteer: The places addresses are read by, as they were at that revision.
        entries: `request`, `tenant`, `channels`, `household`, `planted`, one line an entry.
        raw: The same lines as a raw frame.
        blocked: Their blocking keys.
    """

    epoch: int
    revision: int
    scheme: str
    gazetteer: Gazetteer
    entries: pl.DataFrame
    raw: pl.DataFrame
    blocked: Blocked

    def __repr__(self) -> str:
        return f"<Snapshot revision {self.revision}, {self.n_entries} entries>"

    @property
    def n_entries(self) -> int:
        """Entries of the store, planted ones not counted."""
        return self.entries.height - int(self.entries["planted"].sum())


_LATEST: Final[WeakKeyDictionary[Store, Snapshot]] = WeakKeyDictionary()


def snapshot(store: Store) -> Snapshot:
    """The list at the newest revision; what was made for the same revision is used again."""
    known = _LATEST.get(store)
    epoch, revision, *_ = store.head
    if known is None or (known.epoch, known.revision) != (epoch, revision):
        known = _build(store)
        _LATEST[store] = known
    return known


def _build(store: Store) -> Snapshot:
    epoch, *_ = store.head
    revision, listed = store.entries()
    planted = seeds.entries()
    scopes = pl.concat(
        [
            listed.select("request", "tenant", "channels", "household", pl.lit(False).alias("planted")),
            planted.select(
                pl.col("seed").alias("request"),
                pl.lit(None, pl.String).alias("tenant"),
                pl.lit(list(CHANNELS)).alias("channels"),
                pl.lit(False).alias("household"),
                pl.lit(True).alias("planted"),
            ),
        ]
    )
    raw = pl.concat([raw_of_entries(listed), planted.drop("seed")], how="diagonal")
    raw = raw.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    gazetteer = store.gazetteer(revision)
    scheme = KeyScheme.current(gazetteer).tag
    return Snapshot(epoch, revision, scheme, gazetteer, scopes, raw, blocked(raw, "entry"))


def raw_of_entries(entries: pl.DataFrame) -> pl.DataFrame:
    """Entries (ENTRY_SCHEMA) as a raw frame; lists of phones and e-mails become numbered columns."""
    plain = [
        pl.col(field) if field in entries.columns else pl.lit(None, pl.String).alias(field)
        for field in RAW_FIELDS
    ]
    columns = [column for field in ("phone", "email") for column in _numbered(field, entries[f"{field}s"])]
    frame = entries.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), pl.lit(SELF).alias("subject"), *plain
    )
    return frame.with_columns(columns)


def _numbered(field: str, values: pl.Series) -> list[pl.Series]:
    longest = int(values.list.len().max() or 0)  # type: ignore[arg-type]
    return [values.list.get(k, null_on_oob=True).alias(f"{field}_{k + 1}") for k in range(longest)]


def in_scope(entries: pl.DataFrame, channel: str, tenant: str | None) -> pl.Series:
    """Boolean, a line each: the entry speaks for this tenant and channel. Planted entries always do."""
    ours = (
        pl.col("tenant").is_null()
        if tenant is None
        else pl.col("tenant").is_null() | (pl.col("tenant") == tenant)
    )
    on_channel = pl.lit(True) if channel == "any" else pl.col("channels").list.contains(channel)
    return entries.select((pl.col("planted") | (ours & on_channel)).alias("in_scope"))["in_scope"]
