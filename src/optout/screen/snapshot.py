"""The suppression list as it stands at one revision, ready to be probed.

Derived and disposable: what is newer is put behind what is known, all of it is made anew under another scheme.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

import polars as pl

from optout.keys import Blocked, KeyScheme, blocked
from optout.schema import CHANNELS, RAW_FIELDS, SELF
from optout.screen import cache, seeds
from optout.store import Store
from optout.store.head import Head
from optout.store.history import News, Past
from optout.store.imported import Shelf
from optout.store.kind import listed
from optout.tables.gazetteer import Gazetteer

_CHUNKS: Final = 8


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
        mark: Head and imports of tables up to it, from where news are asked for; None of a past revision.
        unkept: Lines that changed since the snapshot was kept aside.
    """

    epoch: int
    revision: int
    scheme: str
    gazetteer: Gazetteer
    entries: pl.DataFrame
    raw: pl.DataFrame
    blocked: Blocked
    mark: tuple[Head, Shelf] | None = None
    unkept: int = 0

    def __repr__(self) -> str:
        return f"<Snapshot revision {self.revision}, {self.n_entries} entries>"

    @property
    def n_entries(self) -> int:
        """Entries of the store, planted ones not counted."""
        return self.entries.height - int(self.entries["planted"].sum())


_Listed: TypeAlias = "Store | Past"
_LATEST: Final[WeakKeyDictionary[_Listed, Snapshot]] = WeakKeyDictionary()


def snapshot(store: Store | Past) -> Snapshot:
    """The list at the newest revision, or as it was at a past one; what was made before is used again."""
    known = _LATEST.get(store)
    if isinstance(store, Past):
        made = known or _of_past(store)
    else:
        epoch, revision, *_ = store.head
        if known is not None and (known.epoch, known.revision) == (epoch, revision):
            return known
        made = _current(store, known)
    _LATEST[store] = made
    return made


def _of_past(past: Past) -> Snapshot:
    """Never kept aside: it is asked for once in a while."""
    told = grown(None, past.listed, [])
    return Snapshot(past.epoch, past.revision, KeyScheme.current(past.places).tag, past.places, *told)


def _current(store: Store, known: Snapshot | None) -> Snapshot:
    """What is known, here or kept aside, with what is newer; all of it when the rules or the history are others."""
    told = _heard(store, known) or cache.load(store)
    base, news = told or (None, store.news())
    assert news is not None  # noqa: S101 - None is told of a head only
    changed = news.added.height + len(news.lifted)
    if base is not None and not changed:
        return replace(base, revision=news.head.rev, gazetteer=news.places, mark=(news.head, news.shelf))
    scheme = KeyScheme.current(news.places)
    parts = grown(base, news.added, news.lifted)
    mark, unkept = (news.head, news.shelf), changed + (base.unkept if base else 0)
    made = Snapshot(news.head.epoch, news.head.rev, scheme.tag, news.places, *parts, mark, unkept)
    if cache.is_worth_it(made) and cache.save(store, made):
        made = replace(made, unkept=0)
    return made


def _heard(store: Store, known: Snapshot | None) -> tuple[Snapshot, News] | None:
    """What was made in this process before, and what came after it."""
    if known is None or known.mark is None:
        return None
    news = store.news(*known.mark)
    same = news is not None and KeyScheme.current(news.places).tag == known.scheme
    return (known, news) if news is not None and same else None


def grown(
    base: Snapshot | None, added: pl.DataFrame, lifted: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame, Blocked]:
    """Scopes, raw frame and keys: the lines of a snapshot without what was lifted, then what was added.

    The planted entries come last. A key depends on its own line alone, so nothing that stands is read again.
    """
    scopes, raw = _lines(listed(added))
    keys = blocked(raw, "entry")
    if base is not None:
        before = _standing(base, lifted)
        keys = _behind(before.blocked, keys, before.raw.height)
        scopes = pl.concat([before.entries, scopes])
        raw = pl.concat([before.raw, raw], how="diagonal")
    lines = raw.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    return _whole(scopes), _whole(lines), keys


def _lines(added: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Scopes and raw frame of entries, the planted ones behind them."""
    planted = seeds.entries()
    scopes = pl.concat(
        [
            added.select("request", "tenant", "channels", "household", pl.lit(False).alias("planted")),
            planted.select(
                pl.col("seed").alias("request"),
                pl.lit(None, pl.String).alias("tenant"),
                pl.lit(list(CHANNELS)).alias("channels"),
                pl.lit(False).alias("household"),
                pl.lit(True).alias("planted"),
            ),
        ]
    )
    return scopes, pl.concat([raw_of_entries(added), planted.drop("seed")], how="diagonal")


def _standing(base: Snapshot, lifted: list[str]) -> Snapshot:
    """The lines of the store that were not lifted; the planted ones come again behind what is new."""
    n = base.n_entries
    if not lifted:
        keys = {rule: ours.filter(pl.col("i") < n) for rule, ours in base.blocked.keys.items()}
        return _cut(base, base.entries.head(n), base.raw.head(n), keys, pl.int_range(n, eager=True))
    stays = ~base.entries["planted"] & ~base.entries["request"].is_in(lifted)
    line = stays.cast(pl.UInt32).cum_sum() - 1
    keys = {rule: _moved(ours, stays, line) for rule, ours in base.blocked.keys.items()}
    return _cut(base, base.entries.filter(stays), base.raw.filter(stays), keys, stays.arg_true())


def _moved(ours: pl.DataFrame, stays: pl.Series, line: pl.Series) -> pl.DataFrame:
    """Keys of the lines that stay, under their new numbers."""
    left = ours.filter(stays.gather(ours["i"]))
    return left.with_columns(line.gather(left["i"]).alias("i"))


def _cut(
    base: Snapshot, entries: pl.DataFrame, raw: pl.DataFrame, keys: dict[str, pl.DataFrame], lines: pl.Series
) -> Snapshot:
    # Which line a birth date of `kana_births` is of is not known: one too many costs a reading and tells nothing.
    old = base.blocked
    usable, flagged, heads = (column.gather(lines) for column in (old.usable, old.flagged, old.heads))
    left = Blocked(keys, usable, flagged, old.kana_births, heads)
    return replace(base, entries=entries, raw=raw, blocked=left)


def _behind(first: Blocked, second: Blocked, height: int) -> Blocked:
    """The keys of two frames as those of one; `height` lines come first."""
    keys = {
        rule: _whole(
            pl.concat([ours, second.keys[rule].with_columns(pl.col("i") + pl.lit(height, pl.UInt32))])
        )
        for rule, ours in first.keys.items()
    }
    return Blocked(
        keys,
        pl.concat([first.usable, second.usable]),
        pl.concat([first.flagged, second.flagged]),
        pl.concat([first.kana_births, second.kana_births]).unique(),
        pl.concat([first.heads, second.heads]),
    )


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    """Few chunks: joins and gathers are slow over many."""
    return frame.rechunk() if frame.n_chunks() > _CHUNKS else frame


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
