"""A file that is held, replaced: the old file or the new one, at every moment, never a torn one.

The order of steps is the protocol (each but the sweep of stray files was shown to be needed): hash as planned →
temporary file, owner only, same folder → forced to disk → verified by reading it again, screened again by the caller
→ source unchanged → new hash told → renamed → folder forced to disk.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from optout.batch import encoding as encodings
from optout.batch.staged import StagedFile, sweep, sync_folder
from optout.errors import (
    HoldingChangedError,
    HoldingLockedError,
    HoldingReadOnlyError,
    HoldingUnreachableError,
    UnreadableFileError,
)

# What Excel and LibreOffice leave beside a file somebody has open, perhaps on another machine: saving it there would
# bring the rows back.
_OPEN_ELSEWHERE: Final = ("~${}", ".~lock.{}#")
_WRITABLE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@contextmanager
def reading(name: str) -> Iterator[None]:
    """A file that cannot be read is an error of ours: not there, not allowed, or its disk does not answer.

    Raises:
        UnreadableFileError: it does not exist, or may not be read.
        HoldingUnreachableError: its disk or share does not answer.
    """
    try:
        yield
    except FileNotFoundError:
        raise UnreadableFileError(name, "does not exist", "Check the path.") from None
    except PermissionError:
        raise UnreadableFileError(
            name, "may not be read", "Close it elsewhere or change its rights."
        ) from None
    except OSError as error:
        raise HoldingUnreachableError(name, error.strerror or "its disk does not answer") from None


def fingerprint(path: Path) -> str:
    """SHA-256 (hex) of a file; raises as `reading`."""
    with reading(path.name):
        if path.is_dir():
            raise UnreadableFileError(path.name, "is a folder", "Give its files one by one.")
        return encodings.sha256(path)


def target_of(path: Path) -> Path:
    """The file itself, behind symbolic links, when it can be replaced.

    Raises:
        UnreadableFileError: missing, or with further names (hard links), under which the rows would live on.
        HoldingReadOnlyError: it is write-protected.
        HoldingLockedError: the mark of a program that has it open lies beside it.
        HoldingUnreachableError: its disk does not answer.
    """
    with reading(path.name):
        target = path.resolve(strict=True)
        found = target.stat()
    if found.st_nlink > 1:
        why = f"has {found.st_nlink} names (hard links); erasing under one would leave the rows under the others"
        raise UnreadableFileError(path.name, why, "Leave one name and make a new plan.")
    # An administrator, and rename(2), pass over this; whoever set it meant it.
    if not found.st_mode & _WRITABLE:
        raise HoldingReadOnlyError(path.name)
    if any(target.with_name(sign.format(target.name)).exists() for sign in _OPEN_ELSEWHERE):
        raise HoldingLockedError(path.name)
    return target


def replaced(
    target: Path,
    expected: str,
    write: Callable[[StagedFile], str],
    verify: Callable[[Path], None],
    planned: Callable[[str], None] = lambda _: None,
) -> str:
    """Put a new file in the place of an old one.

    Args:
        target: From `target_of`.
        expected: Hash (hex) of the old file.
        write: Fills the temporary file; the hash of what it wrote.
        verify: Called with the path of the new file before it takes its place; raises to stop everything.
        planned: Called with the hash of the new file right before it takes its place.

    Returns:
        Hash (hex) of the new file.

    Raises:
        HoldingChangedError: the file is not the one expected, or changed meanwhile; it was left alone.
        HoldingLockedError: it is open in another program; it was left alone.
        HoldingReadOnlyError: nothing may be written in its folder.
        WriteFailedError: the disk is full or fails.
    """
    staged = _staged(target)
    try:
        after = write(staged)
        verify(staged.temp)
        seen = _seen(target)
        with ThreadPoolExecutor(1) as beside:
            source = beside.submit(encodings.sha256, target)
            if encodings.sha256(staged.temp) != after or source.result() != expected:
                raise HoldingChangedError(target.name)
        _keep_owner(target, staged.temp)
        planned(after)
        if _seen(target) != seen:
            raise HoldingChangedError(target.name)
        staged.place(stat.S_IMODE(target.stat().st_mode))
    finally:
        staged.discard()
    sync_folder(target.parent)
    return after


def _staged(target: Path) -> StagedFile:
    try:
        sweep(target)
        return StagedFile(target)
    except PermissionError:
        raise HoldingReadOnlyError(target.name) from None


def _seen(target: Path) -> tuple[int, int, int]:
    """What changes when somebody writes to a file, or puts another in its place."""
    try:
        found = target.stat()
    except FileNotFoundError:
        raise HoldingChangedError(target.name) from None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _keep_owner(old: Path, new: Path) -> None:
    """A file rewritten by an administrator still belongs to whom it belonged, with its access lists and labels."""
    if hasattr(os, "chown"):
        owner = old.stat()
        with suppress(PermissionError):
            os.chown(new, owner.st_uid, owner.st_gid)
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(old):
                os.setxattr(new, name, os.getxattr(old, name))
