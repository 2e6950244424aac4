"""A file that appears whole or not at all: written beside its final place, forced to disk, then renamed.

Source: POSIX rename(2), "there is no instant at which another process finds newpath missing"; fsync(2) of
the file before and of the folder after. Windows cannot fsync a folder and cannot rename onto a file open
elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from optout.errors import HoldingLockedError, WriteFailedError

_PREFIX: Final = ".optout-"
_TOKEN: Final = 8
# polars tells of the system's refusal in words.
_OS_ERROR: Final = re.compile(r"os error ([0-9]+)")
_DISK: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EFBIG: "it is larger than the disk or a limit of this account allows",
    errno.EIO: "the disk reported an I/O error",
    getattr(errno, "EDQUOT", -1): "the quota of this account is used up",
}


class StagedFile:
    """One file being written under a temporary name in its final folder, readable by its owner only.

    Attributes:
        final: Where it will stand.
        temp: Where it is being written; same ending, so it reads as the same kind of file.
    """

    def __init__(self, final: Path) -> None:
        self.final = final
        self.temp = final.with_name(f"{_stem(final)}{secrets.token_hex(_TOKEN)}{final.suffix}")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with _disk_told(final):
            self._file = os.fdopen(os.open(self.temp, flags, 0o600), "w+b", buffering=1 << 20)
        self._sha = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes.

        Raises:
            WriteFailedError: the disk is full, or fails.
        """
        with _disk_told(self.final):
            self._file.write(data)
        self._sha.update(data)
        self.size += len(data)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Let another writer (polars) fill the temporary file.

        Raises:
            WriteFailedError: the disk is full, or fails.
        """
        with _disk_told(self.final):
            yield

    @property
    def sha256(self) -> str:
        """Hash (hex) of what was written through `write`."""
        return self._sha.hexdigest()

    def close(self) -> None:
        """Force everything to the disk, also what another writer put under the temporary name.

        Raises:
            WriteFailedError: the disk is full, or fails.
        """
        if not self._file.closed:
            with _disk_told(self.final):
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()

    def place(self, mode: int | None = None) -> None:
        """Rename to the final name, with `mode` or what the file there had or a new file would have.

        Raises:
            HoldingLockedError: the file there is open in another program; it is as it was.
        """
        self.close()
        self.temp.chmod(_mode(self.final) if mode is None else mode)
        try:
            self.temp.replace(self.final)
        except PermissionError:
            raise HoldingLockedError(self.final.name) from None

    def discard(self) -> None:
        """Remove the temporary file, if it is still there."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self.temp.unlink(missing_ok=True)


def sweep(final: Path) -> int:
    """Remove what an interrupted run left behind for this final name; the number of files removed."""
    stray = re.compile(re.escape(_stem(final)) + rf"[0-9a-f]{{{2 * _TOKEN}}}" + re.escape(final.suffix))
    found = [entry for entry in final.parent.iterdir() if stray.fullmatch(entry.name)]
    for entry in found:
        entry.unlink(missing_ok=True)
    return len(found)


def sync_folder(folder: Path) -> None:
    """Force renames in a folder to the disk; Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, data: bytes) -> str:
    """Write a small file whole or not at all; its SHA-256 (hex).

    Raises:
        HoldingLockedError: the file there is open in another program.
    """
    sweep(path)
    staged = StagedFile(path)
    try:
        staged.write(data)
        staged.place()
    finally:
        staged.discard()
    sync_folder(path.parent)
    return staged.sha256


def write_json_atomically(path: Path, content: Mapping[str, object]) -> str:
    """`write_atomically` of `as_json`."""
    return write_atomically(path, as_json(content))


@contextlib.contextmanager
def placed_after(files: Mapping[Path, bytes]) -> Iterator[None]:
    """Small files about others that get their names meanwhile: on the disk before, in their places right after.

    Args:
        files: Where each will stand, and its content.

    Raises:
        WriteFailedError: one could not be written; the others were not given their names.
    """
    staged: list[StagedFile] = []
    try:
        for path, content in files.items():
            sweep(path)
            staged.append(StagedFile(path))
            staged[-1].write(content)
            staged[-1].close()
        yield
        for file in staged:
            file.place()
    finally:
        for file in staged:
            file.discard()
    for folder in {path.parent for path in files}:
        sync_folder(folder)


def as_json(content: Mapping[str, object]) -> bytes:
    """Sorted keys, UTF-8, newline at the end; same content, same bytes."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    return text.encode() + b"\n"


@contextlib.contextmanager
def _disk_told(final: Path) -> Iterator[None]:
    """A disk that refuses is an error of ours, with a next step; anything else stays what it is."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise WriteFailedError(final.name, _DISK[error.errno]) from None
    except pl.exceptions.PolarsError as error:
        number = _OS_ERROR.search(str(error))
        if number is None or int(number[1]) not in _DISK:
            raise
        raise WriteFailedError(final.name, _DISK[int(number[1])]) from None


def _stem(final: Path) -> str:
    # A digest keeps the name short: a Japanese file name may fill the 255 bytes there are.
    return f"{_PREFIX}{hashlib.sha256(os.fsencode(final.name)).hexdigest()[:12]}-"


def _mode(final: Path) -> int:
    try:
        return stat.S_IMODE(final.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0o077)
        os.umask(mask)
        return 0o666 & ~mask
