"""Delivery certificates: a DSSE envelope, canonical JSON, Ed25519; no personal data.

Whoever has the certificate, the file and the public key can verify offline that exactly these bytes were screened
against which revision of which list. Sources: DSSE protocol v1.0.2 (pre-authentication encoding), RFC 8032.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from optout.errors import CertificateError

PAYLOAD_TYPE: Final = "application/vnd.optout.delivery+json"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof that a file was clean at one revision of the list.

    Attributes:
        payload: What was signed: `id`, `issued_at`, `subject` (name, sha256, bytes, rows), `store` (id, epoch,
            revision, audit_n, audit_hash, entries), `rules`, `counts`, `policy`, `channel`, `tenant`, `recipient`,
            `purpose`, `columns`, `limits`. Plain JSON values, no personal data.
        envelope: The signed DSSE envelope as it is stored.
        path: Where it lies, when it was written or read.
    """

    payload: dict[str, Any]
    envelope: dict[str, Any]
    path: Path | None = None

    @property
    def id(self) -> str:
        """Number of the certificate."""
        return str(self.payload["id"])

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the delivered file."""
        return str(self.payload["subject"]["sha256"])

    @property
    def revision(self) -> int:
        """Revision of the list the file was clean at."""
        return int(self.payload["store"]["revision"])


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no blanks, UTF-8: the same value, the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _signed_bytes(body: bytes) -> bytes:
    """DSSE pre-authentication encoding: the type is signed with the body."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def _key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def issue(payload: dict[str, Any], key: Ed25519PrivateKey) -> Certificate:
    """Sign a payload.

    Args:
        payload: Plain JSON values (see `Certificate.payload`).
        key: The vendor's signing key.

    Returns:
        The certificate, not yet written anywhere.
    """
    body = canonical(payload)
    signature = base64.b64encode(key.sign(_signed_bytes(body))).decode()
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(body).decode(),
        "signatures": [{"keyid": _key_id(key.public_key()), "sig": signature}],
    }
    return Certificate(payload, envelope)


def file_digest(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size in bytes of a file, read in blocks."""
    sha, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha.update(block)
            size += len(block)
    return sha.hexdigest(), size


def verify_certificate(
    cert_path: str | Path, file_path: str | Path, public_key: str | bytes | Path | Ed25519PublicKey
) -> Certificate:
    """Verify offline that a file is the one a certificate was issued for.

    Args:
        cert_path: The certificate (JSON).
        file_path: The delivered file.
        public_key: The vendor's public key: PEM text, the path of a PEM file, 32 raw bytes, or a key object.

    Returns:
        The certificate, verified.

    Raises:
        CertificateError: wrong key, forged or damaged certificate, or another file. Never a False to overlook.
    """
    certificate = read_certificate(cert_path, public_key)
    try:
        found = file_digest(Path(file_path))
    except OSError as error:
        raise CertificateError("the file cannot be read") from error
    subject = certificate.payload["subject"]
    if found != (subject["sha256"], subject["bytes"]):
        raise CertificateError("the file's bytes are not the ones that were screened")
    return certificate


def read_certificate(cert_path: str | Path, public_key: str | bytes | Path | Ed25519PublicKey) -> Certificate:
    """Read a certificate and verify its signature, without the file it is of.

    Args:
        cert_path: The certificate (JSON).
        public_key: As for `verify_certificate`.

    Returns:
        The certificate.

    Raises:
        CertificateError: wrong key, forged or damaged certificate.
    """
    envelope = _envelope(Path(cert_path))
    body = _verified_body(envelope, _public_key(public_key))
    return Certificate(_payload(body), envelope, Path(cert_path))


def _envelope(path: Path) -> dict[str, Any]:
    try:
        envelope = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CertificateError("the certificate cannot be read") from error
    if not isinstance(envelope, dict) or envelope.get("payloadType") != PAYLOAD_TYPE:
        raise CertificateError("this is no delivery certificate")
    return envelope


def _verified_body(envelope: dict[str, Any], key: Ed25519PublicKey) -> bytes:
    try:
        body = base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(entry["sig"], validate=True) for entry in envelope["signatures"]]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise CertificateError("the certificate is damaged") from error
    if not signatures:
        raise CertificateError("it is not signed")
    try:
        for signature in signatures:
            key.verify(signature, _signed_bytes(body))
    except InvalidSignature as error:
        raise CertificateError("the signature is not by this key") from error
    return body


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
        complete = {"id", "store"} <= payload.keys() and {"sha256", "bytes"} <= payload["subject"].keys()
    except (ValueError, AttributeError, KeyError) as error:
        raise CertificateError("it lacks required fields") from error
    if not complete:
        raise CertificateError("it lacks required fields")
    return dict(payload)


def _public_key(given: str | bytes | Path | Ed25519PublicKey) -> Ed25519PublicKey:
    if isinstance(given, Ed25519PublicKey):
        return given
    try:
        if isinstance(given, bytes) and len(given) == 32:
            return Ed25519PublicKey.from_public_bytes(given)
        text = given if isinstance(given, bytes) else _pem(given)
        key = load_pem_public_key(text)
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError("the public key cannot be read") from error
    if not isinstance(key, Ed25519PublicKey):
        raise CertificateError("the public key is not Ed25519")
    return key


def _pem(given: str | Path) -> bytes:
    if isinstance(given, str) and "-----BEGIN" in given:
        return given.encode()
    return Path(given).read_bytes()
