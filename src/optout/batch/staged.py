"""A file that appears whole or not at all: written beside its final place, forced to disk, then renamed.

Source: POSIX rename(2), "there is no instant at which another process finds newpath missing"; fsync(2) of
the file before and of the folder after. Windows cannot fsync a folder and cannot rename onto a file open
elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from optout.errors import HoldingLockedError

_PREFIX: Final = ".optout-"
_TOKEN: Final = 8


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
        self._file = os.fdopen(os.open(self.temp, flags, 0o600), "w+b", buffering=1 << 20)
        self._sha = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self._file.write(data)
        self._sha.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        """Hash (hex) of what was written through `write`."""
        return self._sha.hexdigest()

    def close(self) -> None:
        """Force everything to the disk, also what another writer put under the temporary name."""
        if not self._file.closed:
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
    """`write_atomically` of JSON: sorted keys, UTF-8, newline at the end; same content, same bytes."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    return write_atomically(path, text.encode() + b"\n")


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
