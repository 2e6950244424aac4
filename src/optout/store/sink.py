"""Where each new head is told outside of the store: a file that only grows, or a command that reads it.

The audit chain shows an edit, a deletion and a reorder by itself. That its end was cut off, or the whole store put back
to an older copy, only somebody outside can tell who was told of a later head. A head vouches for every row before it,
so one that was never delivered is made up for by the next.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from optout.errors import OptionError, UnreadableFileError
from optout.store.commit import packed
from optout.store.head import Anchor
from optout.store.rootkey import sync_folder

Target: TypeAlias = "str | Path | Sequence[str]"

SECONDS: Final = 30  # a command that takes longer has failed
# One head vouches for all before it: of a sink that fails for days the last ones are enough.
_MOST: Final = 1_000
_COMMAND: Final = "|"
_log: Final = logging.getLogger(__name__)


def line(store_id: str, head: Anchor, ts: str) -> bytes:
    """What a sink receives: one JSON line, no personal data."""
    told = head._asdict() | {"audit_hash": head.audit_hash.hex(), "store": store_id, "ts": ts}
    return packed(told) + b"\n"


def heads(path: str | Path, store_id: str) -> list[Anchor]:
    """The heads of a store that a sink's file holds; a line that a crash cut off is passed over.

    Raises:
        UnreadableFileError: there is no such file, or it tells of no head of this store.
    """
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as failed:
        why = failed.strerror or type(failed).__name__
        raise UnreadableFileError(str(path), why, "Give the file that an audit sink wrote.") from failed
    found = [head for told in lines for head in _read(told, store_id)]
    if not found:
        raise UnreadableFileError(
            str(path),
            "it tells of no head of this store",
            "Give the file that this store's audit sink wrote.",
        )
    return found


def _read(told: bytes, store_id: str) -> Iterator[Anchor]:
    try:
        head = json.loads(told)
        if head["store"] == store_id:
            yield Anchor(
                int(head["epoch"]),
                int(head["revision"]),
                int(head["audit_n"]),
                bytes.fromhex(head["audit_hash"]),
            )
    except (ValueError, KeyError, TypeError):
        return


def require(target: Target | None) -> None:
    """Raise OptionError unless it is None, a file or a command."""
    if target is not None:
        _meant(target)


class Sink:
    """Tells heads to one target, in order; what could not be told waits for the next.

    Attributes:
        path: The file, when it is one.
        unsent: Heads that wait.
        why: Why the last attempt failed; None when it did not.
    """

    def __init__(self, target: Target, store_id: str) -> None:
        self.path, self._command = _meant(target)
        self._store_id = store_id
        self._last: Anchor | None = None
        self._waiting: list[bytes] = []
        self.why: str | None = None

    def __repr__(self) -> str:
        return f"Sink({'file' if self.path else 'command'}, {self.unsent} unsent)"

    @property
    def unsent(self) -> int:
        """How many heads wait."""
        return len(self._waiting)

    def told(self) -> list[Anchor]:
        """The heads its file holds; what a command did with them nobody here knows."""
        return heads(self.path, self._store_id) if self.path is not None and self.path.exists() else []

    def begin(self, head: Anchor) -> None:
        """Take a head as told: only what comes after it is new."""
        self._last = head

    def tell(self, head: Anchor, ts: str) -> None:
        """Tell a head, and before it those that wait. Never raises: what is committed stays committed."""
        if head != self._last:
            self._last = head
            self._waiting = [*self._waiting[1 - _MOST :], line(self._store_id, head, ts)]
        self.retry()

    def retry(self) -> None:
        """Tell the heads that wait."""
        self.why = None
        try:
            while self._waiting:
                self._deliver(self._waiting[0])
                del self._waiting[0]
        except (OSError, subprocess.SubprocessError) as failed:
            self.why = getattr(failed, "strerror", None) or type(failed).__name__
            _log.warning("audit sink failed (%s): %d heads wait for the next commit", self.why, self.unsent)

    def _deliver(self, told: bytes) -> None:
        if self.path is not None:
            _append(self.path, told)
        else:
            quiet = subprocess.DEVNULL
            subprocess.run(  # noqa: S603 - the operator's own command, no shell
                self._command, input=told, timeout=SECONDS, check=True, stdout=quiet, stderr=quiet
            )


def _meant(target: Target) -> tuple[Path | None, list[str]]:
    """The file, or the words of the command: a sequence, or a text that begins with "|"."""
    if isinstance(target, Path):
        return target.absolute(), []
    if isinstance(target, str):
        if not target.startswith(_COMMAND):
            return (Path(target).absolute() if target.strip() else None), _some(
                [target] * bool(target.strip())
            )
        target = shlex.split(target.removeprefix(_COMMAND), posix=os.name != "nt")
    return None, _some(list(target))


def _some(words: list[str]) -> list[str]:
    if not words or not all(isinstance(word, str) for word in words):
        raise OptionError(
            "audit_sink", ("a file", 'a command: ["program", "argument"] or "|program argument"')
        )
    return words


def _append(path: Path, told: bytes) -> None:
    """Append a line and sync; a line that a crash cut off is ended first."""
    made = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
    try:
        size = os.fstat(handle).st_size
        torn = size and os.lseek(handle, size - 1, os.SEEK_SET) >= 0 and os.read(handle, 1) != b"\n"
        whole = b"\n" * bool(torn) + told
        if os.write(handle, whole) != len(whole):
            raise OSError("the disk is full")
        os.fsync(handle)
    finally:
        os.close(handle)
    if made:
        sync_folder(path.parent)
