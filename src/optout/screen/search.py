"""One pass over a list of any size for a few requests: every row they meet, and nothing of the others.

The same engine as `screen`, block by block; what is kept in memory are the rows that were met. It is for whoever asks
where somebody is (a removal, a disclosure), not what a list may be used for: a row nobody asked about is passed over,
whatever it says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from optout.batch import Block, Source
from optout.batch.columns import ColumnMapping, recognise
from optout.batch.heading import Columns
from optout.batch.raw import raw as raw_of
from optout.batch.source import BLOCK_BYTES
from optout.schema import VERDICT, VERDICTS_SCHEMA
from optout.screen.judge import Judged, Question, judge
from optout.screen.sampled import sampled
from optout.screen.snapshot import Snapshot, snapshot
from optout.store import Store
from optout.store.history import Past

# Who is asked about counts for every channel, and for every list: how far a request reaches is for the caller to say.
_EVERYWHERE = Question("person", "any", None)
# What a row says of itself and that concerns who looks for somebody: not everybody it may be was compared.
_UNSURE = "crowded"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Seen:
    """The rows of a list that were met, numbered from 0 without a gap.

    Attributes:
        rows: UInt32, the number in the list of each of them.
        raw: Their raw frame, all subjects.
        judged: What was found: `pairs` with a verdict alone, as `judge` gives them; `a` is a line of `raw`.
        cells: Their cells as text, a line a row, columns as in the list.
        mapping: What the columns are; None of a list without rows.
        n_rows: Rows of the list.
        unread: Records of it that could not be read.
    """

    rows: pl.Series
    raw: pl.DataFrame
    judged: Judged
    cells: pl.DataFrame
    mapping: ColumnMapping | None
    n_rows: int
    unread: int

    def __repr__(self) -> str:
        return f"<Seen {self.rows.len()} of {self.n_rows} rows>"


def listed_alone(store: Store, entries: pl.DataFrame) -> Snapshot:
    """A list of these entries (ENTRY_SCHEMA) alone, under the store's scheme of now; planted ones are in it too."""
    head = store.head
    return snapshot(Past(store.path, head.epoch, head.revision, store.gazetteer(), entries))


def search(source: Source, asked: Snapshot, columns: Columns = None, block_bytes: int = BLOCK_BYTES) -> Seen:
    """Look for some people in a list, in one pass.

    Args:
        source: The list; a block of it is held at once.
        asked: Who is looked for, from `listed_alone`. Every entry counts, whatever its channels and tenant.
        columns: As for `screen`.
        block_bytes: About how much of the list is held at once; what is found does not depend on it.

    Returns:
        The rows that were met.

    Raises:
        InputError: its columns cannot be used.
        SeedMissedError: the search itself failed.
    """
    sample, blocks = sampled(source, block_bytes)
    if sample.is_empty():  # and yet it may hold records nobody could read
        unread = sum(block.quarantined.height for block in blocks)
        return _together([], None, source.columns, 0, unread)
    mapping = recognise(source.headers, columns, (), sample)
    found: list[_Part] = []
    n_rows = unread = 0
    for block in blocks:
        n_rows, unread = n_rows + block.frame.height, unread + block.quarantined.height
        found.append(_met(block, mapping, asked))
        del block  # the next one is read while this name would still hold it
    return _together([part for part in found if part.rows.len()], mapping, source.columns, n_rows, unread)


def seen_without(seen: Seen, blank: pl.DataFrame, asked: Snapshot) -> Seen:
    """Some of the rows that were met, searched again without some of their cells; numbered from 0 in that order.

    Args:
        seen: The rows.
        blank: `row` UInt32 (as in `Seen.raw`), `blank` List(UInt32): places of the cells that go.
        asked: Who is looked for.
    """
    if seen.mapping is None:
        return seen
    gone = [
        pl.when(blank["blank"].list.contains(place)).then(None).otherwise(pl.col(name)).alias(name)
        for place, name in enumerate(seen.cells.columns)
    ]
    left = seen.cells[blank["row"]].with_columns(gone)
    part = _met(Block(left, 0), seen.mapping, asked)
    return _together([part] if part.rows.len() else [], seen.mapping, left.columns, left.height, 0)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Part:
    rows: pl.Series
    raw: pl.DataFrame
    pairs: pl.DataFrame
    own: pl.DataFrame
    cells: pl.DataFrame


def _met(block: Block, mapping: ColumnMapping, asked: Snapshot) -> _Part:
    """The rows of a block that were met, numbered anew."""
    lines = raw_of(block.frame, mapping, block.first_row)
    judged = judge(lines, block.first_row, block.frame.height, asked, _EVERYWHERE)
    pairs = judged.pairs.filter(pl.col("verdict").is_not_null())
    own = judged.own.filter(pl.col("reason") == _UNSURE)
    rows = pl.concat([lines["row"].gather(pairs["a"]), own["row"]]).unique().sort()
    if rows.is_empty():
        return _Part(rows, lines.clear(), pairs, own, block.frame.clear())
    place = rows.to_frame("row").with_row_index("at")
    kept = lines.with_row_index("a").join(place, on="row", how="inner", maintain_order="left")
    at = kept.select("a", pl.int_range(pl.len(), dtype=pl.UInt32).alias("new"))
    moved = pairs.join(at, on="a", how="left", maintain_order="left")
    numbered = own.join(place, on="row", how="left", maintain_order="left")
    return _Part(
        rows,
        kept.with_columns(pl.col("at").alias("row")).drop("a", "at").select(lines.columns),
        moved.with_columns(pl.col("new").alias("a")).drop("new").select(pairs.columns),
        numbered.with_columns(pl.col("at").alias("row")).select(own.columns),
        block.frame[(rows - block.first_row).cast(pl.UInt32)],
    )


def _together(
    parts: list[_Part], mapping: ColumnMapping | None, columns: list[str], n_rows: int, unread: int
) -> Seen:
    lines = rows = 0
    moved: list[_Part] = []
    for part in parts:
        more, start = pl.lit(rows, pl.UInt32), pl.lit(lines, pl.UInt32)
        moved.append(
            _Part(
                part.rows,
                part.raw.with_columns(pl.col("row") + more),
                part.pairs.with_columns(pl.col("a") + start),
                part.own.with_columns(pl.col("row") + more),
                part.cells,
            )
        )
        rows, lines = rows + part.rows.len(), lines + part.raw.height
    nobody = Judged(_verdicts(rows), pl.DataFrame(), pl.DataFrame(), 0, pl.DataFrame())
    if not moved:
        empty = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        return Seen(pl.Series([], dtype=pl.UInt32), pl.DataFrame(), nobody, empty, mapping, n_rows, unread)
    pairs = pl.concat([part.pairs for part in moved])
    own = pl.concat([part.own for part in moved])
    return Seen(
        pl.concat([part.rows for part in moved]),
        pl.concat([part.raw for part in moved]),
        Judged(nobody.verdicts, pl.DataFrame(), pairs, 0, own),
        pl.concat([part.cells for part in moved]),
        mapping,
        n_rows,
        unread,
    )


def _verdicts(n_rows: int) -> pl.DataFrame:
    """Every row that was met is in question."""
    rows = pl.DataFrame({"row": pl.int_range(n_rows, dtype=pl.UInt32, eager=True)})
    said = rows.with_columns(pl.lit("review").cast(VERDICT).alias("verdict"))
    untold = [
        pl.lit(None, dtype).alias(name) for name, dtype in VERDICTS_SCHEMA.items() if name not in said.columns
    ]
    return said.with_columns(untold).select(list(VERDICTS_SCHEMA))
