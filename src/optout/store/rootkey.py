"""Where the root key of a store is looked for, and where `create` puts one when there is none.

In order: `key=`, OPTOUT_KEY_FILE, OPTOUT_KEY, the per-user key folder. A source that is named but cannot be
used ends the search: falling through to another key would be a surprise.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import platformdirs

from optout.errors import KeyMissingError, OptionError, StoreError
from optout.store import seal

Stretch: TypeAlias = Callable[[str], bytes]

KEY_FILE: Final = "OPTOUT_KEY_FILE"
KEY: Final = "OPTOUT_KEY"
KEY_DIR: Final = "OPTOUT_KEY_DIR"
_HEX: Final = re.compile(r"[0-9A-Fa-f]{64}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{43}=?")


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
    key: bytes | str | None, environ: Mapping[str, str], store_id: str | None, passphrase: Stretch
) -> Found:
    """Look in the order of the module docstring.

    Args:
        key: 32 bytes, a passphrase, or None.
        environ: The environment, read by the caller.
        store_id: Names the file in the key folder; None when the store is only being made.
        passphrase: Turns a passphrase into 32 bytes (salt and cost are the store's).

    Raises:
        OptionError: `key` is neither 32 bytes nor a passphrase.
        KeyMissingError: OPTOUT_KEY_FILE names a file that is not there.
    """
    if key is not None:
        return Found(_given(key, passphrase), None, ("key=",))
    if environ.get(KEY_FILE):
        path = Path(environ[KEY_FILE])
        return Found(_from_bytes(_read(path, ("key=", f"{KEY_FILE}={path}")), passphrase), path, ())
    if environ.get(KEY):
        return Found(_from_text(environ[KEY], passphrase), None, ())
    path = folder(environ) / f"{store_id or '(new store)'}.key"
    places = ("key=", KEY_FILE, KEY, str(path))
    if store_id is None or not path.is_file():
        return Found(None, None, places)
    return Found(_from_bytes(_read(path, places), passphrase), path, places)


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
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.chmod(0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(root.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(place)
    except OSError as failed:
        why = failed.strerror or type(failed).__name__
        raise StoreError(
            f"No key could be written to {place} ({why}). Set {KEY_DIR}, {KEY_FILE} or {KEY}, or give key=."
        ) from failed
    return root, path


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
        return path.read_bytes()
    except OSError as failed:
        raise KeyMissingError((*places[:-1], f"{places[-1]} (cannot be read)")) from failed


def _given(key: object, passphrase: Stretch) -> bytes:
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
