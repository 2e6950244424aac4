"""The suppression list (停止リスト): an append-only log of sealed blocks in a SQLite file or PostgreSQL.

Nothing a person gave is in clear on disk; nothing is overwritten; a revision is taken under the head lock, so
who sees revision N sees every change up to N. The store records and never scores.
"""

from __future__ import annotations

import base64
import getpass
import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

from optout.errors import (
    KeyMissingError,
    OptionError,
    StoreFailedError,
    UnknownRequestError,
)
from optout.store import backup as copying
from optout.store import bulk, creation, entry, imported, layout, rootkey, seal, sink, statements
from optout.store import record as writing
from optout.store.commit import Caller, Commit, Piece, packed
from optout.store.engine import Location, Place, Transaction, located
from optout.store.head import Anchor, Head
from optout.store.imported import TableImport
from optout.store.keyring import Keyring, key_check
from optout.store.record import Draft, Record
from optout.store.request import Answered, Identity, Receipt, Request
from optout.store.upkeep import Upkeep

__all__ = ["Anchor", "Draft", "Identity", "Receipt", "Record", "Request", "Store", "TableImport"]

Also: TypeAlias = "Callable[[Sequence[str]], Iterable[Draft]]"

_SINGLE: Final = b"request"
_ID_BYTES: Final = 9  # 72 bits; 13 base32 characters show 65 of them


class Store(Upkeep):
    """An open suppression list; make one with `create`, open one with `open`, close it or use `with`.

    Safe for several threads, several processes and after a fork. Environment and clock are read in `create`
    and `open` only.

    Attributes:
        path: The file, beside it its journal and lock file; or the address of the server, without secrets.
        store_id: 32 hex digits; names the key file.
        key_path: The key file, when the key came from one.
        actor: Who works with the store, and `purpose` what for; both stand on every audit row.
        now: The clock, UTC.
    """

    @classmethod
    def create(
        cls,
        path: Location,
        key: bytes | str | None = None,
        actor: str | None = None,
        purpose: str | None = None,
        audit_sink: sink.Target | None = None,
    ) -> Store:
        """Make a new store; when no key is found a random one is put into the key folder (`key_path`).

        Args:
            path: A file that does not exist, in a folder that does; or "postgresql://user@host/database?schema=optout"
                (or its parts as a mapping), a schema that does not exist or is empty, in a database that does.
            key: 32 bytes, or a passphrase; None = look in OPTOUT_KEY_FILE, OPTOUT_KEY, then make one.
            actor: Who works with the store, for the audit; None = the OS user.
            purpose: What for; None = "unspecified".
            audit_sink: Who is told of each new head, outside of the store: a file, to which a line is appended, or a
                command that reads it (["program", "argument"] or "|program argument"). One that fails loses no
                commit: it is logged, `audit_sink.unsent` counts, and the next commit and `close` try again.

        Raises:
            StoreExistsError: something is at `path`.
            OptionError: a key or path that cannot be.
            StoreError: the folder is missing or cannot be written, or the server is not safe to write to.
        """
        sink.require(audit_sink)
        place = located(path)
        place.require_free()
        caller = _caller(actor, purpose)
        store_id, salt = secrets.token_hex(16), secrets.token_bytes(16)
        found = rootkey.find(key, os.environ, None, lambda phrase: seal.stretch(phrase, salt))
        root, made = found.root, None
        if root is None:
            root, made = rootkey.make(rootkey.folder(os.environ), store_id)
        facts = layout.Facts(
            store_id, caller.stamp().ts, salt.hex(), str(seal.SCRYPT_N), key_check(root, store_id)
        )
        try:
            creation.build(place, facts, root, caller.stamp())
        except BaseException as failed:
            # A server lost while it committed has perhaps made the store.
            unknown = isinstance(failed, StoreFailedError) and failed.outcome != StoreFailedError.outcome
            if made is not None and not unknown:
                made.unlink(missing_ok=True)
            raise
        store = cls._opened(place, lambda _facts: rootkey.Found(root, made or found.path, ()), caller)
        store._told_to(audit_sink, begun=False)
        return store

    @classmethod
    def open(
        cls,
        path: Location,
        key: bytes | str | None = None,
        actor: str | None = None,
        purpose: str | None = None,
        audit_sink: sink.Target | None = None,
    ) -> Store:
        """Open an existing store; arguments as for `create`.

        Raises:
            StoreMissingError: nothing is at `path`; opening never makes a store.
            StoreDamagedError: it is not a store, or not what was written.
            KeyMissingError: no place has a key; WrongKeyError: it is another store's.
            StoreError: a newer format, or a file that cannot be read.
        """
        store = cls._opened(
            located(path), lambda facts: _find(key, os.environ, facts), _caller(actor, purpose)
        )
        store._told_to(audit_sink, begun=True)
        return store

    @classmethod
    def restore(
        cls,
        backup: Location,
        path: Location,
        key: bytes | str | None = None,
        actor: str | None = None,
        purpose: str | None = None,
    ) -> Store:
        """Make a store of a backup and open it: a new epoch, and no certificate before `settle`.

        Args:
            backup: What `Store.backup` wrote; it stays as it is.
            path: As for `create`: nothing is there yet. Move what is left of a damaged store away first.
            key: The key the backup was made under; `actor` and `purpose` as for `create`.

        Raises:
            StoreExistsError: something is at `path`; a restore never writes over a store.
            StoreMissingError, StoreDamagedError, WrongKeyError, KeyMissingError: of the backup, as for `open`.
            StoreError: it cannot be written there.
        """
        target = located(path)
        target.require_free()
        with cls.open(backup, key, actor, purpose) as source:
            copying.restored(source._log, source._keyring, target, source._stamp())
        return cls.open(path, key, actor, purpose)

    @classmethod
    def _opened(cls, place: Place, find: Callable[[layout.Facts], rootkey.Found], caller: Caller) -> Store:
        log = place.open()
        try:
            with log.read() as db:
                facts = layout.read_facts(db, log.name)
            found = find(facts)
            if found.root is None:
                raise KeyMissingError(found.places)
            keyring = Keyring(log.name, facts.store_id, found.root)
            store = cls(place.path, log, keyring, caller, found.path)
            with log.read() as db:
                # Read anew: a rotation since has other data keys, for which this key is the wrong one.
                store._keyring.prove(db, layout.read_facts(db, log.name).key_check)
                store._head(db)
            store._forget_purged()
        except BaseException:
            log.close()
            raise
        return store

    def suppress(
        self,
        requests: Request | pl.DataFrame | pl.LazyFrame | Iterable[Request],
        columns: bulk.Columns | None = None,
        also: Also | None = None,
    ) -> Receipt:
        """Record requests; when this returns they are on disk and in force. The same again changes nothing.

        Whatever is recorded stays in force until it is lifted: a second request for a person is one more, and nothing
        in a later list (a blank cell, a FALSE, an older state of the file) takes anything back.

        Args:
            requests: One request, a list of them, or a frame whose columns are recognised by header; beside
                them kind (種別), channels, household, tenant, received (受付日), source (受付方法) and reason (理由)
                are read.
            columns: Field → header(s), for a frame.
            also: Request ids → what the checks record with them, in the same commit; if the same requests were
                recorded before, in a commit of its own.

        Returns:
            Ids, the revision, whether the same was recorded before, and which of them can match nobody.

        Raises:
            InputError: the frame has no identity column, or a value of a wrong type was given.
            StoreBusyError, StoreFailedError: nothing was recorded.
        """
        if isinstance(requests, Request):
            return self._suppress_one(requests, also)
        return self._suppress_many(_gathered(requests, columns), also)

    def lift(self, request_id: str, reason: str, also: Iterable[Draft] = ()) -> int:
        """End a request; the revision. What was recorded stays; the same request given again is a new one.

        Args:
            request_id: As on the receipt.
            reason: Why; the audit names it.
            also: What the checks record with it, in the same commit; if it was lifted before, in one of its own.

        Raises:
            OptionError: no reason; the audit must name one.
            UnknownRequestError: no such request.
        """
        if not isinstance(reason, str) or not reason.strip():
            raise OptionError("reason", ("a text that says why",))
        with self._log.write() as db:
            at = self._caught_up(db)
            if not self._view.knows(request_id):
                raise UnknownRequestError(request_id)
            commit = Commit(db, self._keyring, at, self._stamp())
            if self._view.is_lifted(request_id):
                self._keep_in(commit, "lift", {"request": request_id}, also)
                return at.rev
            tenant = self._view.of([request_id])["tenant"][0] or ""
            detail = {"request": request_id, "reason": reason}
            commit.append(Piece(tenant, "lift", "js", 1, packed(detail)))
            self._write_in(commit, also)
            return commit.finish("lift", detail).rev

    def save_job(self, kind: str, job_id: str, state: str, payload: Mapping[str, object]) -> None:
        """Keep or replace a job of the checks; the payload (JSON values) is sealed, the audit tells of it."""
        with self._log.write() as db:
            commit = Commit(db, self._keyring, self._head(db), self._stamp())
            commit.keep_job(kind, job_id, state, payload)
            commit.finish(f"job {kind} {state}", {"job": job_id})

    def keep(
        self, drafts: Iterable[Draft], action: str, detail: Mapping[str, object] | None = None
    ) -> list[Record]:
        """Record what the checks did, in one commit; the records.

        Args:
            drafts: Each becomes the newest version of the record of its kind and id.
            action: What was done, for the audit; no personal data.
            detail: JSON values for the audit; sealed.

        Raises:
            RecordChangedError: one was changed since the version its draft was made from; nothing was recorded.
            StoreBusyError, StoreFailedError: nothing was recorded.
        """
        with self._log.write() as db:
            commit = Commit(db, self._keyring, self._head(db), self._stamp())
            return self._keep_in(commit, action, detail or {}, drafts)

    def _keep_in(
        self, commit: Commit, action: str, detail: Mapping[str, object], drafts: Iterable[Draft]
    ) -> list[Record]:
        kept = self._write_in(commit, drafts)
        if kept:
            commit.finish(action, detail)
        return kept

    def _write_in(self, commit: Commit, drafts: Iterable[Draft]) -> list[Record]:
        """Write drafts into an open commit, if there are any and none was overtaken."""
        given = list(drafts)
        if not given:
            return []
        present = self._recorded(commit.db)
        for draft in given:
            present.require(draft)
        return writing.write(commit, given)

    def record(self, action: str, detail: Mapping[str, object]) -> None:
        """Write an audit row alone: a read, an export, a delivery. The detail (JSON values) is sealed."""
        with self._log.write() as db:
            Commit(db, self._keyring, self._head(db), self._stamp()).finish(action, detail)

    def import_tables(
        self, kind: str, path: str | Path, replace: bool = False, as_of: date | None = None
    ) -> TableImport:
        """Take newer address tables into the store; they count from the next screen on, under a new key scheme.

        All or nothing. A table that says what one in force says already is not recorded again (`known`).

        Args:
            kind: "ken-all" (Japan Post), "abr" (Digital Agency, 町字マスター) or "mergers" (e-Stat, 廃置分合).
            path: The .csv or .zip as it was downloaded; UTF-8 or CP932.
            replace: Count it in place of every earlier import of its kind, even if it is older.
            as_of: The day it tells of; by default the date of the file, for mergers the last change in it.

        Returns:
            What was recorded, with remarks.

        Raises:
            TableFileError: a file of another kind, damaged or cut off.
            OlderTableError: an import in force is newer, or municipalities in it were abolished since.
            UnreadableFileError, OptionError: no such file or kind.
            StoreBusyError, StoreFailedError: nothing was recorded.
        """
        from optout import atlas

        extract = atlas.read(kind, Path(path), as_of)
        with self._log.read() as db:
            # Before our turn: laying tables over one another takes seconds, and is remembered.
            self._caught_up(db)
            imported.settled(db, self._places, self._view.shelf, extract, replace)
        with self._log.write() as db:
            at = self._caught_up(db)
            told = imported.settled(db, self._places, self._view.shelf, extract, replace)
            if isinstance(told, TableImport):
                return told
            return imported.record(Commit(db, self._keyring, at, self._stamp()), extract, replace, told)

    def _suppress_one(self, request: Request, also: Also | None) -> Receipt:
        def pieces(request_id: str) -> list[Piece]:
            rows = entry.told_rows(request.entries(request_id))
            return [Piece(request.tenant or "", "add", "js", len(rows), packed(rows), request.is_plain)]

        given = (_SINGLE, request.canonical, request.tenant or "")
        drafts = None if also is None else lambda receipt_id: also([receipt_id])
        receipt_id, revision, known = self._commit_once(*given, pieces, drafts)
        judge = cache(lambda: bulk.from_requests([request]).unmatchable())
        return Receipt(Answered((receipt_id,)), revision, judge, known)

    def _suppress_many(self, given: bulk.Import, also: Also | None) -> Receipt:
        if given.n == 0:
            return Receipt(Answered(()), self.revision, Answered(()))
        drafts = None if also is None else lambda receipt_id: also(bulk.ids(receipt_id, given.n))
        receipt_id, revision, known = self._commit_once(b"import", given.digest, "", given.pieces, drafts)
        named = cache(partial(bulk.ids, receipt_id, given.n))
        return Receipt(named, revision, cache(given.unmatchable), known)

    def _commit_once(
        self,
        kind: bytes,
        content: bytes,
        tenant: str,
        pieces: Callable[[str], list[Piece]],
        drafts: Callable[[str], Iterable[Draft]] | None,
    ) -> tuple[str, int, bool]:
        """Id, revision and whether it stood already.

        Encoding is done before our turn, unless someone else's commit changed the id.
        """
        with self._log.read() as db:
            at = self._head(db)
            expected, _, known = self._generation(db, at, kind, content, tenant)
        if known:
            if drafts is not None:
                self.keep(drafts(expected), "suppress", {"request": expected})
            return expected, at.rev, True
        encoded = pieces(expected)
        with self._log.write() as db:
            at = self._head(db)
            receipt_id, key, known = self._generation(db, at, kind, content, tenant)
            commit = Commit(db, self._keyring, at, self._stamp())
            also = () if drafts is None else drafts(receipt_id)
            if known:
                self._keep_in(commit, "suppress", {"request": receipt_id}, also)
                return receipt_id, at.rev, True
            due = encoded if receipt_id == expected else pieces(receipt_id)
            if not all(piece.plain for piece in due):
                commit.raise_format(layout.KINDS.format)
            for piece in due:
                commit.append(piece)
            commit.remember(tenant, key)
            self._write_in(commit, also)
            detail = {"request": receipt_id, "entries": sum(piece.n for piece in encoded)}
            return receipt_id, commit.finish("suppress", detail).rev, False

    def _generation(
        self, db: Transaction, at: Head, kind: bytes, content: bytes, tenant: str
    ) -> tuple[str, bytes, bool]:
        """Id, request key and whether it stands: the first generation that is new or was never lifted."""
        secret = self._keyring.mac_key(db)
        self._view.catch_up_lifts(db, at)
        for generation in count():
            key = seal.mac(secret, kind, content, str(generation).encode())
            receipt_id = "R-" + base64.b32encode(key[:_ID_BYTES]).decode("ascii")[:13]
            # Whether its key is held or not (a merge brings none): what is recorded under a lifted id is not in force.
            lifted = self._view.is_lifted if kind == _SINGLE else self._view.any_lifted
            if lifted(receipt_id):
                continue
            row = db.execute(statements.REQUEST, (tenant, key)).fetchone()
            if row is not None:
                self._view.require_held(db, row[0], tenant, receipt_id)
            return receipt_id, key, row is not None
        raise AssertionError("count() does not end")


def _find(key: bytes | str | None, environ: Mapping[str, str], facts: layout.Facts) -> rootkey.Found:
    salt, cost = bytes.fromhex(facts.salt), int(facts.scrypt_n)
    return rootkey.find(
        key, environ, facts.store_id, lambda phrase: seal.stretch(phrase, salt, cost), facts.key_check
    )


def _gathered(
    requests: pl.DataFrame | pl.LazyFrame | Iterable[Request], columns: bulk.Columns | None
) -> bulk.Import:
    if isinstance(requests, pl.LazyFrame):
        requests = requests.collect()
    if isinstance(requests, pl.DataFrame):
        return bulk.from_frame(requests, columns)
    return bulk.from_requests(requests)


def _caller(actor: str | None, purpose: str | None) -> Caller:
    """The only place that asks who works here and what time it is."""
    return Caller(actor or _user(), purpose or "unspecified", lambda: datetime.now(UTC))


def _user() -> str:
    with suppress(OSError, KeyError, ImportError):  # no such user, or none of its variables on Windows
        return getpass.getuser()
    return "unknown"
