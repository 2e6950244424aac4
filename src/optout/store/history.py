"""The list at another moment: as it was at a revision, and what changed after one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from optout.errors import OptionError
from optout.schema import DType
from optout.store import seal, statements
from optout.store.engine import Transaction
from optout.store.head import Head
from optout.store.imported import Shelf
from optout.store.view import View
from optout.tables.gazetteer import Gazetteer

LIFTED_SCHEMA: Final[dict[str, DType]] = {"request": pl.String, "revision": pl.Int64}


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Past:
    """The list as it was at a revision; `screen` takes it in place of a store. It never changes.

    Attributes:
        path: The store it is of.
        epoch: The store's life.
        revision: All commits up to this one are in, no later one is.
        places: The places addresses were read by.
        listed: Entries that were in force, but for the purged ones.
        purged: Requests that stood in the list then and were purged since: what they held is gone.
    """

    path: Path | str
    epoch: int
    revision: int
    places: Gazetteer
    listed: pl.DataFrame
    purged: tuple[str, ...] = ()

    def __repr__(self) -> str:
        gone = f", {len(self.purged)} requests purged since" if self.purged else ""
        return f"<{self.path} at revision {self.revision}, {self.listed.height} entries{gone}>"

    def entries(self) -> tuple[int, pl.DataFrame]:
        """The revision and the entries that were in force at it, as `Store.entries` gives them."""
        return self.revision, self.listed

    def gazetteer(self) -> Gazetteer:
        """The places addresses were read by."""
        return self.places


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Changes:
    """What leads from the list at one revision to the list at a later one: take the lifted away, put the added behind.

    Attributes:
        since: Changes after this revision,
        revision: up to this one.
        added: Entries recorded since and still in force, `schema.ENTRY_SCHEMA`, oldest first.
        lifted: Requests lifted since: `request` String, `revision` Int64 of the lift. Some may be of requests
            recorded since: they came and went.
    """

    since: int
    revision: int
    added: pl.DataFrame
    lifted: pl.DataFrame

    def __repr__(self) -> str:
        counts = f"{self.added.height} entries added, {self.lifted.height} requests lifted"
        return f"<Changes {self.since}..{self.revision}: {counts}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class News:
    """What whoever holds the list of an earlier moment must hear.

    Attributes:
        head: Where the log stands now.
        shelf: Every import of address tables up to now.
        places: The places they make.
        added: Entries to be put behind.
        lifted: Requests to be taken away.
    """

    head: Head
    shelf: Shelf
    places: Gazetteer
    added: pl.DataFrame
    lifted: list[str]


def require(revision: object, newest: int) -> int:
    """The revision, if the store was ever at it; OptionError names those it was at."""
    if isinstance(revision, int) and not isinstance(revision, bool) and 0 <= revision <= newest:
        return revision
    raise OptionError("revision", (f"a whole number from 0 to {newest}",))


def continues(db: Transaction, since: Head, head: Head) -> bool:
    """Whether an earlier head is in the history of this one, and nothing that stood then was purged since."""
    if since.epoch != head.epoch or any(then > now for then, now in zip(since[1:4], head[1:4], strict=True)):
        return False
    return _knows(db, since) and not _purged_after(db, since.audit_n)


def purged_since(db: Transaction, since: Head) -> bool:
    """Whether something may have been purged of what stood at a head; one of another history knows of no purge."""
    return _purged_after(db, since.audit_n if _knows(db, since) else 0)


def _knows(db: Transaction, head: Head) -> bool:
    row = db.execute(statements.AUDIT_HASH, (head.audit_n,)).fetchone()
    return row is not None and seal.same(head.audit_hash, row[0])


def _purged_after(db: Transaction, audit_n: int) -> bool:
    return db.execute(statements.PURGED, (audit_n,)).fetchone() is not None


def changes(view: View, since: int, head: Head) -> Changes:
    """What a view that has caught up tells of the time after a revision."""
    after = [(request, revision) for request, revision in view.lifted.items() if revision > since]
    lifted = pl.DataFrame(after, schema=LIFTED_SCHEMA, orient="row").sort("revision", maintain_order=True)
    return Changes(since, head.rev, view.since(since), lifted)
