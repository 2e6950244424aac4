"""What an open store can be asked: the read side of `Store`, each answer of one moment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from optout.store import aside, audit, head, history, imported, jobs, layout, purge, seal, sink, statements
from optout.store.aside import Label
from optout.store.commit import Caller, Stamp
from optout.store.engine import Engine, Transaction
from optout.store.head import Anchor, Head
from optout.store.history import Changes, News, Past
from optout.store.imported import Shelf, TableImport
from optout.store.keyring import Keyring
from optout.store.record import Record, Records
from optout.store.view import View
from optout.tables.gazetteer import Gazetteer


class Reading:
    """An open store as readers see it; `Store` adds what writes.

    Attributes: see `Store`.
    """

    def __init__(
        self,
        path: Path | str,
        log: Engine[Any],
        keyring: Keyring,
        caller: Caller,
        key_path: Path | None,
    ) -> None:
        self._log, self._keyring = log, keyring
        self._view = View(keyring, log.name)
        self._records = Records(keyring, log.name)
        self._places = imported.Places(log.name)
        self.path: Path | str = path
        self.store_id: str = keyring.store_id
        self.key_path: Path | None = key_path
        self.actor, self.purpose = caller.actor, caller.purpose
        self.now: Callable[[], datetime] = caller.now
        self.audit_sink: sink.Sink | None = None
        self._aside = aside.Aside(aside.placed(os.environ, path, self.store_id), self.store_id, self.now)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._log.name!r}, id={self.store_id})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it; everything acknowledged is on disk already."""
        if self.audit_sink is not None:
            self.audit_sink.retry()
        self._log.close()

    @property
    def head(self) -> Anchor:
        """Epoch, revision, audit rows and audit hash, read now: other processes' commits show."""
        with self._log.read() as db:
            return self._head(db).anchor

    @property
    def revision(self) -> int:
        """Committed changes so far; 0 for a new store."""
        return self.head.revision

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """The store's key for certificates."""
        return self._keyring.signing_key

    @property
    def public_key(self) -> str:
        """The public half of `signing_key`, PEM."""
        return seal.public_pem(self.signing_key)

    def knows(self, anchor: Anchor) -> bool:
        """Whether a head is of this store's past; of a later one it is not, nor of another store's."""
        with self._log.read() as db:
            at = self._head(db)
            row = db.execute(statements.AUDIT_HASH, (anchor.audit_n,)).fetchone()
        within = anchor.revision <= at.rev and anchor.audit_n <= at.audit_n
        return within and row is not None and seal.same(anchor.audit_hash, row[0])

    def entries(self) -> tuple[int, pl.DataFrame]:
        """The newest revision and the entries in force at it, `schema.ENTRY_SCHEMA`, oldest first."""
        with self._log.read() as db:
            return self._caught_up(db).rev, self._view.active

    def at(self, revision: int) -> Past:
        """The list as it was at a revision; `screen` takes it in place of the store.

        Raises:
            OptionError: the store was never at it.
        """
        with self._log.read() as db:
            head = self._caught_up(db)
            history.require(revision, head.rev)
            places = self._places.of(db, self._view.shelf.at(revision))
            gone = purge.missing_at(purge.told(db, self._keyring, self._log.name), revision)
            return Past(self.path, head.epoch, revision, places, self._view.at(revision), gone)

    def changes(self, since: int) -> Changes:
        """What changed after a revision: `at(since)` without `lifted`, and then `added`, is the list of now.

        Raises:
            OptionError: the store was never at it.
        """
        with self._log.read() as db:
            head = self._caught_up(db)
            return history.changes(self._view, history.require(since, head.rev), head)

    def news(self, since: Head | None = None, shelf: Shelf | None = None) -> News | None:
        """For whoever holds the list as it stood at a head, with the imports of tables up to it; None = from nothing.

        Reads what is newer and no more. None when that head is not in the history of this store, or something was
        purged since: then what is held is worth nothing.
        """
        with self._log.read() as db:
            if since is None:
                head, view = self._caught_up(db), self._view
                return News(head, view.shelf, self._places.of(db, view.shelf), view.active, [])
            head = self._head(db)
            if not history.continues(db, since, head):
                return None
            view = View(self._keyring, self._log.name, since, shelf)
            view.catch_up(db, head)
            places = self._places.of(db, view.shelf)
            return News(head, view.shelf, places, view.active, list(view.lifted))

    def recall(self, build: aside.Build[aside.Derived]) -> aside.Derived | None:
        """What was derived from the list earlier and kept aside; None when nothing is that can be used."""
        self._forget_purged()
        with self._log.read() as db:
            keys = self._keyring.every(db)
        return self._aside.read(keys, build)

    def keep_aside(self, label: Label, sections: Iterable[bytes]) -> bool:
        """Keep aside what was derived from the list, sealed; whether that could be done."""
        with self._log.read() as db:
            keys = self._keyring.every(db)
        kept = self._aside.write(keys, label, sections)
        self._forget_purged()  # while it was written, somebody may have purged, and found nothing to forget
        return kept

    def forget(self) -> None:
        """Remove what was kept aside here; it is made again when it is needed."""
        self._aside.forget()

    def _forget_purged(self) -> None:
        """Remove what was kept aside before a purge: whoever purged elsewhere, or was killed on the way, left it."""
        made = self._aside.made_at()  # before the log is read, which then is no older
        if made is None:
            return
        with self._log.read() as db:
            late = history.purged_since(db, made)
        if late:
            self.forget()

    def requests(self, request_ids: Iterable[str]) -> pl.DataFrame:
        """Entries of these requests, lifted ones included; unknown ids have none."""
        with self._log.read() as db:
            self._caught_up(db)
            return self._view.of(list(request_ids))

    def is_active(self, request_id: str) -> bool:
        """Whether this request is known and not lifted."""
        with self._log.read() as db:
            self._caught_up(db)
            return self._view.knows(request_id) and not self._view.is_lifted(request_id)

    def active_requests(self) -> list[str]:
        """Ids of all requests in force, oldest first."""
        return self.entries()[1]["request"].unique(maintain_order=True).to_list()

    def load_job(self, job_id: str) -> tuple[str, str, dict[str, Any]] | None:
        """Kind, state and payload of a job, or None."""
        with self._log.read() as db:
            return jobs.load(db, self._keyring, self._log.name, job_id)

    def jobs(self, kind: str) -> list[tuple[str, str]]:
        """Job id and state of all jobs of a kind, in the order of their last change."""
        with self._log.read() as db:
            return jobs.listed(db, kind)

    def records(self, kind: str) -> dict[str, Record]:
        """The newest version of every record of a kind, by id, in the order they were first recorded.

        Raises:
            StoreDamagedError: a record is missing or not what was written.
        """
        with self._log.read() as db:
            return self._recorded(db).newest(kind)

    def record_of(self, kind: str, record_id: str) -> Record:
        """The newest version of one record.

        Raises:
            UnknownRecordError: there is none.
        """
        return self.versions(kind, record_id)[-1]

    def versions(self, kind: str, record_id: str) -> list[Record]:
        """Every version of one record, oldest first.

        Raises:
            UnknownRecordError: there is none.
        """
        with self._log.read() as db:
            return self._recorded(db).versions(kind, record_id)

    def frame_of(self, kind: str, record_id: str, name: str) -> pl.DataFrame | None:
        """The frame that goes with a record, of its newest version that has one of this name; None = no version has.

        Raises:
            UnknownRecordError: there is no such record.
            StoreDamagedError: it is not what was written.
        """
        with self._log.read() as db:
            return self._recorded(db).frame(db, kind, record_id, name)

    def digest_key(self, purpose: str) -> bytes:
        """32 bytes, one for each purpose, for keyed digests that have to stay the same for the life of the store."""
        with self._log.read() as db:
            return seal.derive(self._keyring.mac_key(db), self.store_id, f"digest {purpose}")

    def audit_verify(self, heads: Iterable[Anchor] | str | Path = ()) -> int:
        """Walk the audit chain, every block, job, index and imported table; the number of audit rows.

        The chain alone shows an edit, a deletion and a reorder. That its end was cut off shows only against heads
        that somebody outside was told: those given here, and those in the file of an audit sink.

        Args:
            heads: Anchors (of `Store.head`, of certificates), or the file that an audit sink wrote.

        Raises:
            StoreDamagedError: something is missing, changed or out of order, or a known head is not in the chain.
            UnreadableFileError: there is no such file, or it tells of no head of this store.
        """
        known = sink.heads(heads, self.store_id) if isinstance(heads, str | Path) else list(heads)
        known += self.audit_sink.told() if self.audit_sink is not None else []
        with self._log.read() as db:
            changed = purge.resealed(db, self._keyring, self._log.name)
            rows = audit.verify(db, self._head(db), self._log.name, changed, known)
            self._caught_up(db)
            audit.verify_beside(db, self._log.name)
            jobs.verify(db, self._keyring, self._log.name)
            if layout.has_records(db):
                self._recorded(db).verify(db)
            if layout.has_tables(db):
                imported.verify(db, self._view.shelf, self._log.name)
            return rows

    def tables(self) -> list[TableImport]:
        """The imports of address tables, oldest first; none = the packaged tables alone."""
        with self._log.read() as db:
            self._caught_up(db)
            return self._view.shelf.listed()

    def gazetteer(self, revision: int | None = None) -> Gazetteer:
        """The places addresses are read by: the packaged ones with what was imported up to a revision.

        Args:
            revision: None = the newest.

        Raises:
            StoreDamagedError: an imported table is not what was written.
        """
        with self._log.read() as db:
            at = self._caught_up(db)
            return self._places.of(db, self._view.shelf.at(at.rev if revision is None else revision))

    def _told_to(self, target: sink.Target | None, begun: bool) -> None:
        """Tell each new head to a target; of a new store the first one too."""
        if target is None:
            return
        try:
            self.audit_sink = sink.Sink(target, self.store_id)
        except BaseException:
            self._log.close()
            raise
        self._log.committed = self._tell
        if begun:
            self.audit_sink.begin(self.head)
        else:
            self._tell()

    def _tell(self) -> None:
        # What another process committed meanwhile is as good a witness.
        if self.audit_sink is not None:
            self.audit_sink.tell(self.head, self._stamp().ts)

    def _stamp(self) -> Stamp:
        return Caller(self.actor, self.purpose, self.now).stamp()

    def _head(self, db: Transaction) -> Head:
        return head.read(db, self._keyring.mac_key(db), self.store_id, self._log.name)

    def _recorded(self, db: Transaction) -> Records:
        self._records.catch_up(db, self._head(db))
        return self._records

    def _caught_up(self, db: Transaction) -> Head:
        at = self._head(db)
        self._view.catch_up(db, at)
        return at
