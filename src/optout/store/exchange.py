"""The list, or what is new in it, as one sealed and signed file for another store.

    header line (JSON, in clear: which store, which revisions, how it is sealed, how many parts) | parts | signature

Each part is AES-256-GCM bound to the header and its number; the Ed25519 signature of the sending store covers
everything before it, so a file that was cut off, put together or changed is refused before anything is read from it.
The key is 32 bytes, a passphrase (scrypt), or that of the receiving store (X25519, RFC 7748, an ephemeral key a file).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import polars as pl
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from optout.batch.staged import StagedFile, sync_folder
from optout.errors import OptionError, StoreExistsError, UnreadableFileError, WrongKeyError
from optout.store import rootkey, seal
from optout.store.bulk import BLOCK
from optout.store.head import Anchor
from optout.store.view import parquet

FORMAT: Final = "optout export 1"
_PURPOSE: Final = "optout exchange 1"
_PEM: Final = "-----BEGIN PUBLIC KEY-----"
_SIGNATURE: Final = 64
_LENGTH: Final = 4
_LONGEST_HEADER: Final = 1 << 16
_AGAIN: Final = "Ask its sender for the file again."


@dataclass(frozen=True, slots=True, repr=False)
class Sending:
    """What is exported.

    Attributes:
        store_id: Of the sending store.
        head: The moment it is of.
        since: Requests recorded after this revision; 0 = all.
        entries: Those in force.
        lifted: Requests lifted since, for information: a merge lifts nothing.
    """

    store_id: str
    head: Anchor
    since: int
    entries: pl.DataFrame
    lifted: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Received:
    """What a file told, its signature proved.

    Attributes:
        header: In clear: `store`, `epoch`, `revision`, `since`, `sender` (hex).
        entries: `schema.ENTRY_SCHEMA`, as the sender's version had it.
        lifted: What the sender lifted.
    """

    header: dict[str, Any]
    entries: pl.DataFrame
    lifted: tuple[str, ...]


def exchange_key(secret: bytes) -> X25519PrivateKey:
    """The key others seal files for a store with."""
    return X25519PrivateKey.from_private_bytes(secret)


def exchange_pem(secret: bytes) -> str:
    """Its public half, PEM."""
    public = exchange_key(secret).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def write(path: Path, sending: Sending, key: bytes | str, signer: Ed25519PrivateKey) -> None:
    """Seal, sign and name a file; on any failure there is none.

    Raises:
        StoreExistsError: something is at `path`.
        OptionError: `key` is no key.
        WriteFailedError: the disk is full, or fails.
    """
    if path.exists():
        raise StoreExistsError(str(path))
    sealing, secret = _sealing_key(key)
    slices = list(sending.entries.iter_slices(BLOCK)) if sending.entries.height else []
    sender = signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    head = {"store": sending.store_id, "epoch": sending.head.epoch, "revision": sending.head.revision}
    told = {"since": sending.since, "parts": len(slices) + 1, "sender": sender, "seal": sealing}
    header = json.dumps({"format": FORMAT, **head, **told}, sort_keys=True).encode() + b"\n"
    staged, sha = StagedFile(path), hashlib.sha256()
    try:
        for piece in _pieces(header, secret, sending.lifted, slices):
            sha.update(piece)
            staged.write(piece)
        staged.write(signer.sign(FORMAT.encode() + sha.digest()))
        staged.place(0o600)
    finally:
        staged.discard()
    sync_folder(path.parent)


def _pieces(
    header: bytes, secret: bytes, lifted: tuple[str, ...], slices: list[pl.DataFrame]
) -> Iterator[bytes]:
    yield header
    plain = [json.dumps({"lifted": lifted}).encode()]
    for number in range(len(slices) + 1):
        payload = plain[0] if number == 0 else parquet(slices[number - 1])
        sealed = seal.seal(secret, payload, _place(header, number))
        yield len(sealed).to_bytes(_LENGTH, "big") + sealed


def read(path: Path, key: bytes | str | None, own: bytes, sender: str | None) -> Received:
    """Prove, open and read a file.

    Args:
        path: What `write` wrote.
        key: The key or passphrase it was sealed with; None = it was sealed for the store with `own`.
        own: The secret of this store's exchange key.
        sender: The public key (PEM) it has to be signed with; None = whoever signed it.

    Raises:
        UnreadableFileError: no such file, of another kind, changed or cut off, or signed by somebody else.
        WrongKeyError: it was sealed with another key.
    """
    try:
        with path.open("rb") as file:
            header = _proved(file, path.name, sender)
            secret = _opening_key(header, key, own)
            parts = [_opened(file, _line(header), secret, number, path) for number in range(header["parts"])]
    except OSError as failed:
        why = failed.strerror or type(failed).__name__
        raise UnreadableFileError(path.name, f"cannot be read ({why})", "Check the path.") from failed
    frames = [pl.read_parquet(io.BytesIO(part)) for part in parts[1:]]
    entries = pl.concat(frames) if frames else pl.DataFrame()
    return Received(header, entries, tuple(json.loads(parts[0])["lifted"]))


def _proved(file: BinaryIO, name: str, sender: str | None) -> dict[str, Any]:
    """The header of a file whose signature is good; the file then stands behind its header."""
    line = file.readline(_LONGEST_HEADER)
    try:
        header = json.loads(line)
        known = isinstance(header, dict) and header.get("format") == FORMAT
    except ValueError:
        known = False
    if not known:
        raise UnreadableFileError(name, "is no export of a suppression list", _AGAIN)
    size = os.fstat(file.fileno()).st_size - _SIGNATURE
    sha, left = hashlib.sha256(line), size - len(line)
    while left > 0 and (block := file.read(min(left, 1 << 20))):
        sha.update(block)
        left -= len(block)
    try:
        signer = Ed25519PublicKey.from_public_bytes(bytes.fromhex(header["sender"]))
        signer.verify(file.read(_SIGNATURE), FORMAT.encode() + sha.digest())
    except (InvalidSignature, KeyError, TypeError, ValueError):
        raise UnreadableFileError(name, "is damaged, cut off or changed", _AGAIN) from None
    if sender is not None and _raw(sender, Ed25519PublicKey) != header["sender"]:
        raise UnreadableFileError(name, "was signed by another store", "Ask who sent it.")
    file.seek(len(line))
    return dict(header)


def _opened(file: BinaryIO, line: bytes, secret: bytes, number: int, path: Path) -> bytes:
    sealed = file.read(int.from_bytes(file.read(_LENGTH), "big"))
    try:
        return seal.unseal(secret, sealed, _place(line, number))
    except seal.UnsealError:
        raise WrongKeyError(str(path), "file") from None


def _line(header: dict[str, Any]) -> bytes:
    return json.dumps(header, sort_keys=True).encode() + b"\n"


def _place(header: bytes, number: int) -> bytes:
    return seal.bound("export", hashlib.sha256(header).hexdigest(), number)


def _sealing_key(key: object) -> tuple[dict[str, Any], bytes]:
    """What the header says of the key, and the key."""
    if isinstance(key, str) and _PEM in key:
        ephemeral = X25519PrivateKey.generate()
        public = ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        shared = ephemeral.exchange(_recipient(key))
        return {"for": _raw(key, X25519PublicKey), "ephemeral": public}, seal.derive(shared, public, _PURPOSE)
    salt, cost = secrets.token_hex(16), seal.SCRYPT_N
    given = rootkey.given(key, lambda phrase: seal.stretch(phrase, bytes.fromhex(salt), cost))
    return {"salt": salt, "scrypt_n": cost}, seal.derive(given, salt, _PURPOSE)


def _opening_key(header: dict[str, Any], key: bytes | str | None, own: bytes) -> bytes:
    sealing = header["seal"]
    if "ephemeral" in sealing:
        shared = exchange_key(own).exchange(
            X25519PublicKey.from_public_bytes(bytes.fromhex(sealing["ephemeral"]))
        )
        return seal.derive(shared, sealing["ephemeral"], _PURPOSE)
    if key is None:
        raise OptionError("key", ("the key or passphrase the file was sealed with",))
    salt = sealing["salt"]
    given = rootkey.given(key, lambda phrase: seal.stretch(phrase, bytes.fromhex(salt), sealing["scrypt_n"]))
    return seal.derive(given, salt, _PURPOSE)


def _recipient(pem: str) -> X25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        key = None
    if not isinstance(key, X25519PublicKey):
        raise OptionError("key", ("the exchange key of the receiving store (`optout key exchange`), PEM",))
    return key


def _raw(pem: str, kind: type[Ed25519PublicKey | X25519PublicKey]) -> str:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        key = None
    if not isinstance(key, kind):
        raise OptionError("sender", ("a public key, PEM",))
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
