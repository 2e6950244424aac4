"""A copy of a store that is in use, and a store made of such a copy.

A backup is a store in one SQLite file, whatever engine the original is on: the same sealed blocks under the same key,
read in one transaction, never by copying an open file. A store made of one starts a new epoch: what was recorded after
the backup is not in it, so no list goes out before somebody has told how far the lost one had come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from optout.errors import OptionError, StoreDamagedError
from optout.store import audit, head, jobs, layout, purge, statements
from optout.store.commit import Commit, Stamp
from optout.store.engine import Engine, Place, Row, Transaction
from optout.store.head import FIRST, Anchor, Head
from optout.store.keyring import Keyring

RESTORE: Final = "restore"  # the kind of job that tells of a restored store
_BEHIND: Final = "behind"


@dataclass(frozen=True, slots=True)
class Behind:
    """A store that was restored from a backup and has not caught up with what was certified before.

    Attributes:
        epoch: Its epoch, which began with the restore.
        restored: The revision of the backup.
        revision: The revision now.
        known: The highest revision any certificate names, as far as told; None = nobody has told.
    """

    epoch: int
    restored: int
    revision: int
    known: int | None


def copy(log: Engine[Any], keyring: Keyring, target: Place) -> Anchor:
    """Write a copy to a place that is free; the head it has. On any failure there is no copy.

    Raises:
        StoreExistsError: something is at `target`.
        StoreDamagedError: the store is not what was written; a backup of damage is none.
        StoreError: it cannot be written there.
    """
    target.require_free()
    with log.read() as db:
        at = head.read(db, keyring.mac_key(db), keyring.store_id, log.name)
        target.build(lambda draft: _fill(log, keyring, db, draft, at))
    return at.anchor


def restored(log: Engine[Any], keyring: Keyring, target: Place, stamp: Stamp) -> Anchor:
    """Make a store of an open backup, in a new epoch; the head it has. On any failure there is none."""
    target.require_free()
    with log.read() as db:
        at = head.read(db, keyring.mac_key(db), keyring.store_id, log.name)

        def fill(draft: Transaction) -> None:
            _fill(log, keyring, db, draft, at)
            # The lost store went on counting the seals of these keys.
            draft.execute(statements.RETIRE_DEKS, (stamp.ts,))
            commit = Commit(draft, keyring, at._replace(epoch=at.epoch + 1), stamp)
            told = {"epoch": at.epoch + 1, "revision": at.rev, "audit_n": at.audit_n, "known": None}
            commit.keep_job(RESTORE, f"{RESTORE}-{at.epoch + 1}", _BEHIND, told)
            made.append(commit.finish(RESTORE, told))

        made: list[Head] = []
        target.build(fill)
    return made[0].anchor


def _fill(log: Engine[Any], keyring: Keyring, db: Transaction, draft: Transaction, at: Head) -> None:
    layout.make_tables(draft)
    copied = list(statements.COPIED.values())
    for step in layout.steps(draft, db.format() or layout.FIRST):
        step.run(draft)
    if layout.has_tables(db):
        copied.append(statements.COPIED_PLACES)
    if layout.has_records(db):
        copied.append(statements.COPIED_RECORDS)
    for read, write in copied:
        draft.insert(write, _rows(log, db, read))
    audit.verify(draft, at, log.name, purge.resealed(draft, keyring, log.name))


def _rows(log: Engine[Any], db: Transaction, statement: str) -> Iterator[Row]:
    """The rows of a table; what is wrong with them is said of the store they are read from."""
    try:
        yield from db.stream(statement)
    except log.failures as error:
        raise log.told(error) from error


def behind(db: Transaction, keyring: Keyring, name: str, at: Head) -> Behind | None:
    """What a restored store lacks; None when it was never restored, has caught up, or its loss was accepted.

    Raises:
        StoreDamagedError: what tells of the restore is missing or not what was written.
    """
    job = _newest(db, keyring, name, at)
    if job is None or job[0] != _BEHIND:
        return None
    told = job[1]
    if told["known"] is not None and at.rev >= told["known"]:
        return None
    return Behind(at.epoch, told["revision"], at.rev, told["known"])


def settle(
    db: Transaction, keyring: Keyring, name: str, stamp: Stamp, heads: Iterable[Anchor], accepted: str | None
) -> None:
    """Tell a restored store the heads known from outside, or that what is lost is accepted, and why.

    Raises:
        OptionError: the store was not restored, or nothing is told.
        StoreDamagedError: a head belongs to another history than this store's, or what tells of the restore is
            missing.
    """
    at, given = head.read(db, keyring.mac_key(db), keyring.store_id, name), list(heads)
    job = _newest(db, keyring, name, at)
    if job is None:
        raise OptionError("heads", ("nothing: this store was never restored from a backup",))
    if not given and not (accepted or "").strip():
        raise OptionError("heads", ("the head of at least one certificate", "accept_loss= with the reason"))
    told = job[1]
    for anchor in given:
        _require_ours(db, name, anchor, told["audit_n"])
    revisions = [anchor.revision for anchor in given]
    told["known"] = max([*revisions, told["known"] or 0]) if revisions else told["known"]
    # Another store may have been made of the same backup and issued certificates: ours come after them.
    epoch = max([at.epoch, *(anchor.epoch + 1 for anchor in given if anchor.audit_n > told["audit_n"])])
    told["settled"] = epoch
    commit = Commit(db, keyring, at._replace(epoch=epoch), stamp)
    commit.keep_job(RESTORE, f"{RESTORE}-{told['epoch']}", "accepted" if accepted else _BEHIND, told)
    commit.finish("restore settled", {"known": told["known"], "accepted": accepted})


def _require_ours(db: Transaction, name: str, anchor: Anchor, shared: int) -> None:
    """What was certified before the backup was made has to be in it."""
    if anchor.audit_n > shared:
        return
    row = db.execute(statements.AUDIT_HASH, (anchor.audit_n,)).fetchone()
    if row is None or row[0] != anchor.audit_hash:
        raise StoreDamagedError(name, "a certificate tells of another history than this store's")


def _newest(db: Transaction, keyring: Keyring, name: str, at: Head) -> tuple[str, dict[str, Any]] | None:
    """State and payload of the job of the last restore; None when the store was never restored.

    Whoever takes its row away would hide that the store is behind. But only a restore ends the first epoch, the audit
    names its job, and a job that was settled says for which epoch.

    Raises:
        StoreDamagedError: it is missing or not what was written.
    """
    if at.epoch == FIRST.epoch:
        return None
    ids = [job_id for job_id in jobs.verify(db, keyring, name) if job_id.startswith(f"{RESTORE}-")]
    loaded = [jobs.load(db, keyring, name, job_id) for job_id in ids]
    restores = [(job[1], job[2]) for job in loaded if job is not None and job[0] == RESTORE]
    if restores:
        state, told = max(restores, key=lambda job: int(job[1]["epoch"]))
        if told.get("settled", at.epoch) == at.epoch:
            return state, told
    raise StoreDamagedError(name, f"what tells of the restore that began epoch {at.epoch} is missing")
