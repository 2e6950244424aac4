"""Taking requests of another store into this one: what is not known yet is added, and nothing else happens."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from optout.schema import ENTRY_SCHEMA
from optout.store import entry, layout
from optout.store.bulk import BLOCK
from optout.store.commit import Commit, Piece
from optout.store.exchange import Received
from optout.store.view import View, parquet


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did.

    Attributes:
        revision: The store's, after it.
        added: Requests that are in force here now and were not known before.
        known: Requests that stood here already; those lifted or purged here stay so.
        lifted_there: Requests the sender lifted; here they stay in force until they are lifted here.
        sender: Public key (hex) of the store that signed the file.
    """

    revision: int
    added: int
    known: int
    lifted_there: int
    sender: str


def fresh(view: View, received: Received) -> pl.DataFrame:
    """The entries of requests this store never heard of."""
    if not received.entries.height:
        return pl.DataFrame(schema=ENTRY_SCHEMA)
    entries = entry.whole(received.entries, None)
    given = entries["request"].unique().to_list()
    known = set(view.of(given)["request"]) | set(view.lifted)
    return entries.filter(~pl.col("request").is_in(list(known.intersection(given))))


def merge(commit: Commit, entries: pl.DataFrame, told: dict[str, object]) -> int:
    """Write entries into the transaction of a commit, and finish it; the revision."""
    pieces = [
        Piece(
            part["tenant"][0] or "", "add", "pq", part.height, parquet(entry.told(part)), entry.is_plain(part)
        )
        for of_tenant in entries.partition_by("tenant", maintain_order=True)
        for part in of_tenant.iter_slices(BLOCK)
    ]
    if not all(piece.plain for piece in pieces):
        commit.raise_format(layout.KINDS.format)
    for piece in pieces:
        commit.append(piece)
    return commit.finish("merge", told).rev
