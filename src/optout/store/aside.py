"""What is derived from a store, kept aside in one sealed file: disposable, never the truth, never shipped.

Magic, length of the label, label (JSON, in the clear: store, where its log stood, under which rules, which data keys),
then sections, each AES-256-GCM and bound to the label and its number. Polars could encrypt Parquet itself, but reads a
file that is not encrypted in its place without a word (docs/adr/0014-snapshot-cache.md).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final, TypeAlias, TypeVar

import platformdirs
from polars.exceptions import PolarsError

from optout.store import seal
from optout.store.head import FIRST, Head

Build: TypeAlias = "Callable[[Label, Iterator[bytes]], Derived | None]"
Derived = TypeVar("Derived")

CACHE_DIR: Final = "OPTOUT_CACHE_DIR"
OFF: Final = "off"
SUFFIX: Final = ".snapshot"
_MAGIC: Final = b"optout aside 1\n"
_LENGTH: Final = 8  # bytes of a length, little-endian
_LONGEST_LABEL: Final = 1 << 20
# A draft that old was left by a process that was killed: writing one takes seconds.
_STRAY: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Label:
    """What a file kept aside says of itself.

    Attributes:
        head: Where the log stood.
        about: Under which rules it was made.
        sections: How many follow.
    """

    head: Head
    about: str
    sections: int


def placed(environ: Mapping[str, str], path: Path | str, store_id: str) -> Path | None:
    """Where it is kept: beside the file of a store, for a server in the per-user cache folder; None = nowhere.

    Args:
        environ: OPTOUT_CACHE_DIR names another folder for both, or "off".
        path: The file, or the address of the server.
        store_id: Names the file in a folder.
    """
    named = environ.get(CACHE_DIR)
    if named == OFF:
        return None
    if isinstance(path, Path) and not named:
        return path.with_name(f"{path.name}{SUFFIX}")
    folder = Path(named) if named else platformdirs.user_cache_path("optout", appauthor=False)
    return folder / f"{store_id}{SUFFIX}"


@dataclass(frozen=True, slots=True)
class Aside:
    """The place of one store's file; whatever is wrong with it, there is none.

    Attributes:
        path: Where; None = nothing is kept.
        store_id: Whose.
        now: The clock.
    """

    path: Path | None
    store_id: str
    now: Callable[[], datetime]

    def read(self, keys: Mapping[int, bytes], build: Build[Derived]) -> Derived | None:
        """What `build` makes of label and sections; None when the file is missing, foreign, damaged or cut off.

        Args:
            keys: The data keys of the store.
            build: Takes the sections one by one, or none of them when the label tells it enough.
        """
        if self.path is None:
            return None
        try:
            with self.path.open("rb") as file:
                label, written = self._label(file)
                key = self._key(keys, written)
                return build(label, _sections(file, key, written, label.sections))
        except (
            OSError,
            seal.UnsealError,
            PolarsError,
            ValueError,
            KeyError,
            TypeError,
            OverflowError,
            MemoryError,
        ):
            return None

    def write(self, keys: Mapping[int, bytes], label: Label, sections: Iterable[bytes]) -> bool:
        """Put a new file in the place of the old one, whole or not at all; whether that could be done."""
        if self.path is None:
            return False
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        written = self._written(label, sorted(keys))
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep(_STRAY)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                _write(file, self._key(keys, written), written, sections)
            # Not synced: what a power cut leaves of it is found out by its seals.
            draft.replace(self.path)
        except (OSError, OverflowError, MemoryError):
            return False
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        return True

    def made_at(self) -> Head | None:
        """Where the log stood when the file was made, as it says; FIRST when it does not; None when there is none."""
        if self.path is None:
            return None
        try:
            with self.path.open("rb") as file:
                return self._label(file)[0].head
        except OSError:
            return None
        except (ValueError, KeyError, TypeError, OverflowError):
            return FIRST

    def forget(self) -> None:
        """Remove the file and what is being written in its place, because something in it is to be gone."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            self._sweep(0.0)

    def _written(self, label: Label, ids: list[int]) -> bytes:
        told = {
            "store": self.store_id,
            "head": [*label.head[:4], label.head.audit_hash.hex()],
            "about": label.about,
            "sections": label.sections,
            "keys": ids,
            "salt": secrets.token_hex(16),
        }
        return json.dumps(told, sort_keys=True).encode()

    def _label(self, file: IO[bytes]) -> tuple[Label, bytes]:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ValueError
        written = _read(file, _LONGEST_LABEL)
        told = json.loads(written)
        if told["store"] != self.store_id:
            raise ValueError
        *numbers, audit_hash = told["head"]
        epoch, rev, seq, audit_n = map(int, numbers)
        head = Head(epoch, rev, seq, audit_n, bytes.fromhex(audit_hash))
        return Label(head, str(told["about"]), int(told["sections"])), written

    def _key(self, keys: Mapping[int, bytes], written: bytes) -> bytes:
        """A key of this file alone, of every data key there was: destroying one of them destroys it."""
        told = json.loads(written)
        together = b"".join(keys[int(one)] for one in told["keys"])
        return seal.derive(together, self.store_id, f"optout aside {told['salt']}")

    def _sweep(self, age: float) -> None:
        """Remove drafts that are older: of a process that was killed, or of one that then writes none."""
        assert self.path is not None  # noqa: S101 - `write`, `forget`
        oldest = self.now().timestamp() - age
        for draft in self.path.parent.glob(f".{self.path.name}.????????"):
            with suppress(OSError):
                if not age or draft.stat().st_mtime < oldest:
                    draft.unlink()


def _place(written: bytes, number: int) -> bytes:
    return seal.bound("aside", hashlib.sha256(written).hexdigest(), number)


def _write(file: IO[bytes], key: bytes, written: bytes, sections: Iterable[bytes]) -> None:
    file.write(_MAGIC + len(written).to_bytes(_LENGTH, "little") + written)
    for number, section in enumerate(sections):
        sealed = seal.seal(key, section, _place(written, number))
        file.write(len(sealed).to_bytes(_LENGTH, "little"))
        file.write(sealed)


def _sections(file: IO[bytes], key: bytes, written: bytes, count: int) -> Iterator[bytes]:
    most = os.fstat(file.fileno()).st_size
    for number in range(count):
        yield seal.unseal(key, _read(file, most), _place(written, number))


def _read(file: IO[bytes], most: int) -> bytes:
    length = int.from_bytes(file.read(_LENGTH), "little")
    if length > most or len(read := file.read(length)) != length:
        raise ValueError
    return read
