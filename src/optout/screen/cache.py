"""The snapshot kept aside: what opening a large list costs is paid once, and every verdict is the same without it.

Sealed and placed by the store (`store.aside`). It is used only when it is of this store, in its history, made under the
scheme of the day, and whole; otherwise the list is read from the log and the file made anew.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import polars as pl

from optout.keys import Blocked, KeyScheme
from optout.store import Store
from optout.store.aside import Label
from optout.store.history import News
from optout.store.imported import Shelf
from optout.tables.gazetteer import Gazetteer

if TYPE_CHECKING:
    from optout.screen.snapshot import Snapshot

# Raised whenever what is kept, or how, is another.
LAYOUT: Final = 2
# A smaller list is read as fast from the log; a snapshot is kept again when as many lines, or a tenth, changed.
LEAST: Final = 1_000
_PART: Final = 10
_SCOPE: Final = ("request", "tenant", "channels", "household", "planted")
_TOLD: Final = ("usable", "flagged", "head")
_FIXED: Final = 3  # sections before those of the keys: facts, lines, birth dates


def is_worth_it(snapshot: Snapshot) -> bool:
    """Whether enough changed since it was kept."""
    return snapshot.unkept >= max(LEAST, snapshot.n_entries // _PART)


def load(store: Store) -> tuple[Snapshot, News] | None:
    """The snapshot kept aside and what came after it; None when there is none that can be used."""

    def build(label: Label, sections: Iterator[bytes]) -> tuple[Snapshot, News] | None:
        facts = json.loads(next(sections))
        shelf = Shelf(tuple((revision, told) for revision, told in facts["shelf"]))
        news = store.news(label.head, shelf)
        if news is None or label.about != _about(news.places):
            return None
        return _snapshot(label, shelf, news.places, facts["rules"], sections), news

    return store.recall(build)


def save(store: Store, snapshot: Snapshot) -> bool:
    """Keep it aside; whether that could be done. A folder that cannot be written simply keeps nothing."""
    if snapshot.mark is None:
        return False
    head, _ = snapshot.mark
    rules = list(snapshot.blocked.keys)
    return store.keep_aside(Label(head, _about(snapshot.gazetteer), _FIXED + len(rules)), _sections(snapshot))


def _about(places: Gazetteer) -> str:
    scheme = KeyScheme.current(places)
    return f"{LAYOUT} {scheme.version} {scheme.tables}"


def _sections(snapshot: Snapshot) -> Iterator[bytes]:
    keys = snapshot.blocked
    shelf = snapshot.mark[1].records if snapshot.mark else ()
    yield json.dumps({"shelf": shelf, "rules": list(keys.keys)}).encode()
    of_lines = (keys.usable, keys.flagged, keys.heads)
    told = pl.DataFrame([column.alias(name) for column, name in zip(of_lines, _TOLD, strict=True)])
    yield _parquet(pl.concat([snapshot.entries, snapshot.raw.drop("row"), told], how="horizontal"))
    yield _parquet(keys.kana_births.alias("birth").to_frame())
    for ours in keys.keys.values():
        yield _parquet(ours)


def _snapshot(
    label: Label, shelf: Shelf, places: Gazetteer, rules: list[str], sections: Iterator[bytes]
) -> Snapshot:
    from optout.screen.snapshot import Snapshot

    lines = pl.read_parquet(next(sections))
    births = pl.read_parquet(next(sections))["birth"]
    keys = {rule: pl.read_parquet(section) for rule, section in zip(rules, sections, strict=True)}
    raw = lines.drop(*_SCOPE, *_TOLD)
    return Snapshot(
        label.head.epoch,
        label.head.rev,
        KeyScheme.current(places).tag,
        places,
        lines.select(_SCOPE),
        raw.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")),
        Blocked(keys, lines["usable"], lines["flagged"], births, lines["head"]),
        (label.head, shelf),
    )


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    size = max(frame.height, 1)
    frame.write_parquet(
        buffer, compression="zstd", compression_level=1, statistics=False, row_group_size=size
    )
    return buffer.getvalue()
