"""What an open store does for whoever looks after it: its key, copies of it, what is to be taken out for good."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from optout.errors import OptionError, UnknownRequestError
from optout.store import backup, exchange, history, jobs, merging, purge, record, rootkey, rotation
from optout.store.backup import Behind
from optout.store.commit import Commit
from optout.store.engine import Location, located
from optout.store.head import Anchor
from optout.store.kind import held
from optout.store.merging import Merged
from optout.store.reading import Reading
from optout.store.record import Ref

_EXCHANGE: Final = "optout exchange"


class Upkeep(Reading):
    """An open store as its keeper sees it; see `Store`."""

    def rotate_key(self, new_key: bytes | str | None = None) -> Path | None:
        """Change the root key, in milliseconds; a copy of the new one is owed to the safe (`optout key backup`).

        Cut off at any moment, the store opens with the old key or with the new one. The old key stays where it is:
        backups made before need it. The key that signs certificates changes too; certificates already issued are
        verified with the public key that lies beside them.

        Args:
            new_key: 32 bytes, or a passphrase, and nothing is kept of it here; None = a random one, kept beside the
                present one: in its folder or in the keyring of the operating system.

        Returns:
            The new key file, or None when you or the keyring have the key.

        Raises:
            OptionError: not a key, or the present one.
            WrongKeyError: somebody rotated the key since this store was opened.
            StoreError: the new key cannot be kept; nothing was changed.
            StoreBusyError, StoreFailedError: as for `suppress`.
        """
        self.key_path = rotation.rotate(
            self._log, self._keyring, self._stamp, new_key, self.key_path, os.environ
        )
        return self.key_path

    def backup_key(self, path: str | Path) -> None:
        """Write the key to a new file only its owner can read: 64 hex digits, to be printed and kept apart.

        Raises:
            StoreExistsError: something is at `path`.
            StoreError: the file cannot be written.
        """
        self._record("key backup", {})
        self._keyring.write(Path(path))

    def restore_key(self) -> Path:
        """Put the key this store was opened with into the key folder; the file.

        Raises:
            StoreExistsError: it is there already.
        """
        plain = rootkey.folder(os.environ) / f"{self.store_id}.key"
        place = rootkey.beside(plain, self._keyring.check) if plain.exists() else plain
        self._keyring.write(place)
        self._record("key restore", {})
        return place

    @property
    def public_keys(self) -> list[str]:
        """The public keys (PEM) certificates of this store were signed with, oldest first; the last is in use."""
        with self._log.read() as db:
            ids = [job_id for job_id, _ in jobs.listed(db, rotation.PUBLIC_KEY)]
            known = [jobs.load(db, self._keyring, self._log.name, job_id) for job_id in ids]
        return [*(job[2]["pem"] for job in known if job), self.public_key]

    def keep_key(self) -> str:
        """Put the key into the keyring of the operating system too (`optout[keyring]`); the name it has there.

        Read back before this returns. A key file that lies somewhere stays: remove it yourself when the keyring has
        proved itself.

        Raises:
            OptionError: the extra is not installed.
            StoreError: no keyring takes it, or it holds another key under this name.
        """
        name = rootkey.entry(self.store_id, self._keyring.check)
        self._keyring.keep(name)
        self._record("keep key", {"where": "keyring"})
        return name

    def backup(self, path: Location) -> Anchor:
        """Write a copy of the store as it is now to a new file, while it is in use; the head the copy has.

        The copy is a store like any other, sealed under the same key: keep it apart from the key. It is read in one
        transaction and checked before it bears its name. `path` may be the address of a server too.

        Raises:
            StoreExistsError: something is at `path`.
            StoreDamagedError: the store is not what was written; a backup of damage would be none.
            StoreError: the folder is missing or cannot be written.
        """
        target = located(path)
        target.require_free()
        # Written first: no copy without a row that tells of it.
        self._record("backup", {})
        return backup.copy(self._log, self._keyring, target)

    @property
    def behind(self) -> Behind | None:
        """What a store restored from a backup still lacks; while it is not None no certificate is issued.

        Raises:
            StoreDamagedError: what tells of the restore is missing or not what was written.
        """
        with self._log.read() as db:
            return backup.behind(db, self._keyring, self._log.name, self._head(db))

    def settle(self, heads: Iterable[Anchor] = (), accept_loss: str | None = None) -> Behind | None:
        """Tell a restored store how far the lost one had come; what it still lacks afterwards.

        Args:
            heads: Of the newest certificates issued, or of whatever else bears witness.
            accept_loss: Why what was recorded after the backup is given up, when nobody can say.

        Raises:
            OptionError: nothing is told, or the store was never restored.
            StoreDamagedError: a head belongs to another history than this store's.
        """
        with self._log.write() as db:
            backup.settle(db, self._keyring, self._log.name, self._stamp(), heads, accept_loss)
        return self.behind

    def purge(self, request_id: str, reason: str, force: bool = False) -> int:
        """Take what a person gave with one request out of the store for good; the revision.

        The blocks are sealed anew without it and the audit tells that they were. What earlier copies hold (backups, a
        server's log of changes) is out of reach. The keyed hash of the request stays: given again it is a new one.
        Purging what was purged already finishes what was cut off, and records nothing.

        Args:
            request_id: As on the receipt.
            reason: Why; it stays in the audit, so it must not say who.
            force: Purge a request that is in force. It ends with it.

        Raises:
            UnknownRequestError: no such request.
            OptionError: no reason.
            StoreError: the request is in force, and `force` was not given or it is a legal hold.
            NotErasedError: the purge is recorded, but what it took out still stands in the files of the server, because
                somebody was in the middle of a transaction all the while; purge the same again.
        """
        if not isinstance(reason, str) or not reason.strip():
            raise OptionError("reason", ("a text that says why, and not who",))
        revision = self._purged(request_id, reason, force)
        # Also when it had been purged before: whoever did it may have been killed in between.
        self.forget()
        self._log.scrub("block")
        return revision

    def _purged(self, request_id: str, reason: str, force: bool) -> int:
        with self._log.write() as db:
            at = self._caught_up(db)
            if request_id in {
                record["request"] for _, record in purge.told(db, self._keyring, self._log.name)
            }:
                return at.rev
            if not self._view.knows(request_id):
                raise UnknownRequestError(request_id)
            active, entries = not self._view.is_lifted(request_id), self._view.of([request_id])
            purge.require_allowed(request_id, active, force, bool(held(entries)))
            tenants = entries["tenant"].fill_null("").unique()
            commit = Commit(db, self._keyring, at, self._stamp())
            return purge.purge(commit, self._log.name, request_id, tenants, reason, lift=active)

    def purge_records(self, refs: Iterable[Ref], reason: str) -> int:
        """Take records, all their versions and frames, out of the store for good; how many rows were emptied.

        The audit and a record of the purge keep that they were; what earlier copies hold is out of reach.

        Args:
            refs: Kind and id of each.
            reason: Why; it stays, so it must not say who.

        Raises:
            OptionError: no reason.
            UnknownRecordError: one is not in the store; nothing was purged.
            NotErasedError: as for `purge`.
        """
        if not isinstance(reason, str) or not reason.strip():
            raise OptionError("reason", ("a text that says why, and not who",))
        given = list(refs)
        if given:
            with self._log.write() as db:
                rows = self._recorded(db).rows_of(given)
                commit = Commit(db, self._keyring, self._head(db), self._stamp())
                record.empty(commit, rows, given, reason)
                commit.finish("records purged", {"reason": reason, "records": len(given), "rows": len(rows)})
            self._log.scrub("record")
            return len(rows)
        return 0

    @property
    def exchange_key(self) -> str:
        """The public key (PEM) with which others export for this store; it changes with `rotate_key`."""
        return exchange.exchange_pem(self._keyring.subkey(_EXCHANGE))

    def export(self, path: str | Path, key: bytes | str, since: int = 0) -> Anchor:
        """Write the requests in force, or those recorded since, to a sealed and signed file; the head it is of.

        Args:
            path: A new file.
            key: 32 bytes, a passphrase, or the `exchange_key` of the store it is for.
            since: Only what was recorded after this revision.

        Raises:
            StoreExistsError: something is at `path`.
            OptionError: no key, or the store was never at that revision.
            WriteFailedError: the disk is full, or fails.
        """
        with self._log.read() as db:
            at = self._caught_up(db)
            history.require(since, at.rev)
            lifted = tuple(request for request, rev in self._view.lifted.items() if rev > since)
            sending = exchange.Sending(self.store_id, at.anchor, since, self._view.since(since), lifted)
        count = sending.entries["request"].n_unique()
        self._record("export", {"since": since, "revision": at.rev, "requests": count})
        exchange.write(Path(path), sending, key, self.signing_key)
        return at.anchor

    def merge(self, path: str | Path, key: bytes | str | None = None, sender: str | None = None) -> Merged:
        """Take in what another store exported. Only adds: nothing here is lifted, changed or replaced by it.

        The same file again changes nothing. Requests keep their ids.

        Args:
            path: What `export` wrote.
            key: What it was sealed with; None = it was sealed for this store's `exchange_key`.
            sender: The public key (PEM) of the store it has to come from; None = whoever signed it, named in the audit.

        Raises:
            UnreadableFileError: no export, changed or cut off, or signed by somebody else.
            WrongKeyError: it was sealed with another key.
            StoreBusyError, StoreFailedError: nothing was recorded.
        """
        received = exchange.read(Path(path), key, self._keyring.subkey(_EXCHANGE), sender)
        given = received.entries["request"].n_unique() if received.entries.height else 0
        with self._log.write() as db:
            at = self._caught_up(db)
            entries = merging.fresh(self._view, received)
            added, revision = entries["request"].n_unique(), at.rev
            if added:
                told = {
                    name: received.header[name] for name in ("store", "epoch", "revision", "since", "sender")
                }
                commit = Commit(db, self._keyring, at, self._stamp())
                revision = merging.merge(commit, entries, {**told, "requests": added})
        return Merged(revision, added, given - added, len(received.lifted), received.header["sender"])

    def replay(self, since: int) -> list[str]:
        """Requests in force that were recorded after a revision: what a list restored from a copy may hold again.

        `removal.replay` carries them out against the lists held; after a restore of unknown age take 0.

        Raises:
            OptionError: the store was never at it.
        """
        with self._log.read() as db:
            history.require(since, self._caught_up(db).rev)
            return self._view.since(since)["request"].unique(maintain_order=True).to_list()

    def _record(self, action: str, detail: Mapping[str, object]) -> None:
        with self._log.write() as db:
            Commit(db, self._keyring, self._head(db), self._stamp()).finish(action, detail)
