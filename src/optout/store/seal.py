"""Root key → key-encryption key → wrapped data keys → AES-256-GCM, with what is sealed bound to its place.

Sources: NIST SP 800-38D (GCM: random 96-bit nonces, at most 2^32 seals a key), RFC 5869 (HKDF), RFC 3394
(AES key wrap), RFC 7914 (scrypt). A blob cannot be moved, swapped or replayed: its associated data says where
it belongs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import unicodedata
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
# Random nonces: NIST SP 800-38D 8.3 allows 2^32 seals under one key.
MAX_SEALS: Final = 2**32
# OWASP password storage: scrypt N = 2^17, r = 8, p = 1 (128 MB, some 0.3 s).
SCRYPT_N: Final = 2**17
_SCRYPT_MOST: Final = 2**20


class UnsealError(Exception):
    """A sealed blob or wrapped key is not what was written; the caller says of which store."""


def new_key() -> bytes:
    """32 bytes from the operating system's random source."""
    return os.urandom(KEY_BYTES)


def derive(root: bytes, store_id: str, purpose: str) -> bytes:
    """HKDF-SHA-256: a 32-byte key of one store for one purpose."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=store_id.encode(), info=purpose.encode()).derive(
        root
    )


def stretch(passphrase: str, salt: bytes, cost: int = SCRYPT_N) -> bytes:
    """A passphrase → root key, by scrypt; NFKC first, so a full-width keyboard gives the same key."""
    if not 2 <= cost <= _SCRYPT_MOST:
        raise UnsealError("scrypt cost out of range")
    given = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")
    return Scrypt(salt=salt, length=KEY_BYTES, n=cost, r=8, p=1).derive(given)


def wrap(kek: bytes, key: bytes) -> bytes:
    """A data key under the key-encryption key (RFC 3394)."""
    return aes_key_wrap(kek, key)


def unwrap(kek: bytes, wrapped: bytes) -> bytes:
    """The data key again; UnsealError when the wrapping key or the blob is another one."""
    try:
        return aes_key_unwrap(kek, wrapped)
    except (InvalidUnwrap, ValueError, TypeError) as wrong:
        raise UnsealError("a data key does not unwrap") from wrong


def bound(*place: str | int) -> bytes:
    """Associated data: the parts as canonical JSON, so that no two different places read the same."""
    return json.dumps(place, ensure_ascii=True, separators=(",", ":")).encode()


def seal(key: bytes, plain: bytes, place: bytes) -> bytes:
    """Nonce and ciphertext with tag; `place` is authenticated, not stored."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place)


def unseal(key: bytes, sealed: bytes, place: bytes) -> bytes:
    """What was sealed; UnsealError when a bit, the key or the place differs."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place)
    except (InvalidTag, ValueError, TypeError) as wrong:
        raise UnsealError("a sealed block does not open") from wrong


def mac(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256 over the parts, each preceded by its length."""
    code = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        code.update(len(part).to_bytes(8, "little") + part)
    return code.digest()


def same(ours: bytes, theirs: object) -> bool:
    """Compare in constant time; whatever is not bytes differs."""
    return isinstance(theirs, bytes) and hmac.compare_digest(ours, theirs)


def signing_key(root: bytes, store_id: str) -> Ed25519PrivateKey:
    """The store's own Ed25519 key for certificates."""
    return Ed25519PrivateKey.from_private_bytes(derive(root, store_id, "optout certificate signing"))


def public_pem(key: Ed25519PrivateKey) -> str:
    """The public half, PEM (SubjectPublicKeyInfo)."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
