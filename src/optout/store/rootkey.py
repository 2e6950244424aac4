"""Where the root key of a store is looked for, and where `create` puts one when there is none.

In order: `key=`, OPTOUT_KEY_FILE, OPTOUT_KEY, then the per-user key folder and the keyring of the operating system,
of these two whichever holds the key that fits. A source that is named but cannot be used ends the search: falling
through to another key would be a surprise.

A rotated key never takes the place of the one before: it lies beside it, named by its key check, and is there before
the store is changed. So whenever a rotation is cut off, the key that fits is in its place; older backups keep theirs.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import platformdirs

from optout.errors import KeyMissingError, OptionError, StoreError, StoreExistsError
from optout.store import oskeyring, seal
from optout.store.keyring import key_check

Stretch: TypeAlias = Callable[[str], bytes]

KEY_FILE: Final = "OPTOUT_KEY_FILE"
KEY: Final = "OPTOUT_KEY"
KEY_DIR: Final = "OPTOUT_KEY_DIR"
_HEX: Final = re.compile(r"[0-9A-Fa-f]{64}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{43}=?")
_NAMED: Final = 12  # hex digits of a key check that name a key


@dataclass(frozen=True, slots=True)
class Found:
    """A root key and where it came from.

    Attributes:
        root: 32 bytes, or None when no place had one.
        path: The key file, when it came from one.
        places: Every place looked at, for `KeyMissingError`.
    """

    root: bytes | None
    path: Path | None
    places: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Found({'a key' if self.root else 'no key'}, {len(self.places)} places)"


def find(
    key: bytes | str | None,
    environ: Mapping[str, str],
    store_id: str | None,
    passphrase: Stretch,
    check: str = "",
) -> Found:
    """Look in the order of the module docstring.

    Args:
        key: 32 bytes, a passphrase, or None.
        environ: The environment, read by the caller.
        store_id: Names the file in the key folder; None when the store is only being made.
        passphrase: Turns a passphrase into 32 bytes (salt and cost are the store's).
        check: The key check of the store, by which a rotated key is found.

    Raises:
        OptionError: `key` is neither 32 bytes nor a passphrase.
        KeyMissingError: OPTOUT_KEY_FILE names a file that is not there.
        StoreError: others than the owner can read the key file.
    """
    if key is not None:
        return Found(given(key, passphrase), None, ("key=",))
    if environ.get(KEY_FILE):
        path = _newest(Path(environ[KEY_FILE]), check)
        return Found(_from_bytes(_read(path, ("key=", f"{KEY_FILE}={path}")), passphrase), path, ())
    if environ.get(KEY):
        return Found(_from_text(environ[KEY], passphrase), None, ())
    path = folder(environ) / f"{store_id or '(new store)'}.key"
    places = ("key=", KEY_FILE, KEY, oskeyring.PLACE, str(path))
    if store_id is None:
        return Found(None, None, places)
    return _kept(path, store_id, passphrase, check, places)


def _kept(path: Path, store_id: str, passphrase: Stretch, check: str, places: tuple[str, ...]) -> Found:
    """The key folder, and the operating system's keyring unless the folder has the key that fits."""
    path, root = _newest(path, check), None
    if path.is_file():
        root = _from_bytes(_read(path, places), passphrase)
        if key_check(root, store_id) == check:
            return Found(root, path, places)
    held = oskeyring.read(entry(store_id, check)) or oskeyring.read(store_id)
    if held:
        return Found(_from_text(held, passphrase), None, places)
    return Found(root, path if root else None, places)


def beside(path: Path, check: str) -> Path:
    """Where a rotated key lies: beside the file, named by its key check."""
    return path.with_name(f"{path.stem.partition('.')[0]}.{check[:_NAMED]}{path.suffix}")


def entry(store_id: str, check: str) -> str:
    """What a rotated key is called in the keyring of the operating system."""
    return f"{store_id}.{check[:_NAMED]}"


def _newest(path: Path, check: str) -> Path:
    rotated = beside(path, check)
    return rotated if check and rotated.is_file() else path


def folder(environ: Mapping[str, str]) -> Path:
    """The per-user key folder, or OPTOUT_KEY_DIR."""
    named = environ.get(KEY_DIR)
    return Path(named) if named else platformdirs.user_data_path("optout", appauthor=False) / "keys"


def make(place: Path, store_id: str) -> tuple[bytes, Path]:
    """A random root key in a new file only its owner can read, on disk before this returns.

    Raises:
        StoreError: the folder or file cannot be written.
    """
    root, path = seal.new_key(), place / f"{store_id}.key"
    keep(path, root)
    return root, path


def keep(path: Path, root: bytes) -> None:
    """Write a key into a new file only its owner can read; on disk before this returns.

    Raises:
        StoreExistsError: something is there; a key is never written over.
        StoreError: the folder or file cannot be written.
    """
    place = path.parent
    try:
        if not place.is_dir():
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.chmod(0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(root.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(place)
    except FileExistsError as taken:
        raise StoreExistsError(str(path)) from taken
    except OSError as failed:
        why = failed.strerror or type(failed).__name__
        raise StoreError(
            f"No key could be written to {place} ({why}). Set {KEY_DIR}, {KEY_FILE} or {KEY}, or give key=."
        ) from failed


def of_copy(path: Path) -> bytes | str:
    """What a copy of a key says, for `key=`: a key as it was printed or typed, or a passphrase.

    A copy may lie on a medium without mode bits: who can read it is not asked.

    Raises:
        KeyMissingError: it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as failed:
        raise KeyMissingError((f"{path} (cannot be read)",)) from failed
    if len(content) == seal.KEY_BYTES:
        return content
    text = content.decode("utf-8", "surrogateescape").strip()
    digits = "".join(text.replace("-", "").split())
    if _HEX.fullmatch(digits):
        return bytes.fromhex(digits)
    return _from_text(text, lambda _: b"") or text


def require_private(path: Path) -> None:
    """Raise StoreError when others than the owner (or root and a group of its choice) can read a key file.

    Windows has no mode bits; the folder of the user protects it there.
    """
    if os.name == "nt":
        return
    about = path.stat()
    mode, owner, us = stat.S_IMODE(about.st_mode), about.st_uid, os.geteuid()
    allowed = 0o740 if owner == 0 and us != 0 else 0o700
    if mode & ~allowed & 0o077:
        raise StoreError(
            f"The key file {path} can be read by others (mode {mode:03o}). Make it yours alone: chmod 600 {path}"
        )
    if us not in (0, owner) and owner != 0:
        raise StoreError(f"The key file {path} belongs to another user. Make a copy that is yours.")


def sync_folder(place: Path) -> None:
    """Make new names in a folder durable. Windows has no such call, and needs none for NTFS."""
    if os.name == "nt":
        return
    handle = os.open(place, os.O_RDONLY)
    try:
        # Some network file systems refuse to sync a folder; the files in it are synced by themselves.
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path, places: tuple[str, ...]) -> bytes:
    try:
        require_private(path)
        return path.read_bytes()
    except OSError as failed:
        raise KeyMissingError((*places[:-1], f"{places[-1]} (cannot be read)")) from failed


def given(key: object, passphrase: Stretch) -> bytes:
    """32 bytes as they are, a passphrase stretched; OptionError for anything else."""
    if isinstance(key, str) and key:
        return passphrase(key)
    if isinstance(key, bytes | bytearray) and len(key) == seal.KEY_BYTES:
        return bytes(key)
    raise OptionError("key", ("32 bytes", "a passphrase (str, not empty)"))


def _from_bytes(content: bytes, passphrase: Stretch) -> bytes:
    if len(content) == seal.KEY_BYTES:
        return content
    return _from_text(content.decode("utf-8", "surrogateescape").rstrip("\r\n"), passphrase)


def _from_text(text: str, passphrase: Stretch) -> bytes:
    written = text.strip()
    if not written:
        raise OptionError("store key", ("64 hex digits", "base64 of 32 bytes", "a passphrase"))
    if _HEX.fullmatch(written):
        return bytes.fromhex(written)
    if _BASE64.fullmatch(written):
        padded = written.rstrip("=").replace("-", "+").replace("_", "/") + "="
        with suppress(binascii.Error):
            return base64.b64decode(padded, validate=True)
    return passphrase(written)
