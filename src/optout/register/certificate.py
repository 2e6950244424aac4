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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from optout.errors import CertificateError

PAYLOAD_TYPE: Final = "application/vnd.optout.delivery+json"
PURGE_TYPE: Final = "application/vnd.optout.purge+json"
_CERTIFIES: Final = {PAYLOAD_TYPE: "delivery", PURGE_TYPE: "purge"}
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof that a file was clean at one revision of the list.

    Attributes:
        payload: What was signed: `id`, `delivery`, `issued_at`, `expires_at`, `operator`, `subject` (name, sha256,
            bytes, rows), `input` (name, sha256), `store` (id, epoch, revision, audit_n, audit_hash, entries), `rules`,
            `counts`, `reasons`, `seeds`, `blanked`, `policy`, `channel`, `other_channels`, `tenant`, `recipient`,
            `purpose`, `basis`, `method`, `columns`, `filing`, `holdings`, `lists`, `unchecked`, `limits`; `replaces`
            when it was issued again at hand-over. Plain JSON values, no data of anybody on the list. Those issued by
            earlier versions have fewer.
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

    @property
    def expires(self) -> datetime | None:
        """Until when the list may be handed over with it (UTC); None of one from a version without expiry."""
        told = self.payload.get("expires_at")
        return None if told is None else datetime.fromisoformat(told).astimezone(UTC)

    def require_current(self, at: datetime) -> None:
        """Do nothing if it may be used at a moment.

        Args:
            at: The moment, with its time zone.

        Raises:
            CertificateError: it has expired by then, or was issued later.
        """
        issued, expires = datetime.fromisoformat(self.payload["issued_at"]), self.expires
        if expires is not None and at > expires:
            raise CertificateError(f"it expired at {expires:%Y-%m-%d %H:%M} UTC")
        if at < issued.astimezone(UTC).replace(microsecond=0):
            raise CertificateError(f"it was issued later, at {issued:%Y-%m-%d %H:%M} UTC")


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no blanks, UTF-8: the same value, the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _signed_bytes(body: bytes, kind: str) -> bytes:
    """DSSE pre-authentication encoding: the type is signed with the body."""
    named = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(named), named, len(body), body)


def _key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def issue(payload: dict[str, Any], key: Ed25519PrivateKey, kind: str = PAYLOAD_TYPE) -> Certificate:
    """Sign a payload.

    Args:
        payload: Plain JSON values (see `Certificate.payload`).
        key: The vendor's signing key.
        kind: What it certifies: PAYLOAD_TYPE a delivery, PURGE_TYPE what was purged.

    Returns:
        The certificate, not yet written anywhere.
    """
    body = canonical(payload)
    signature = base64.b64encode(key.sign(_signed_bytes(body, kind))).decode()
    envelope = {
        "payloadType": kind,
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
    cert_path: str | Path,
    file_path: str | Path,
    public_key: str | bytes | Path | Ed25519PublicKey,
    at: datetime | None = None,
) -> Certificate:
    """Verify offline that a file is the one a certificate was issued for.

    Args:
        cert_path: The certificate (JSON).
        file_path: The delivered file.
        public_key: The vendor's public key: PEM text, the path of a PEM file, 32 raw bytes, or a key object.
        at: The moment it is to be used at, with its time zone; None = whether it may still be used is not asked, for
            it proves what it proves for ever.

    Returns:
        The certificate, verified.

    Raises:
        CertificateError: wrong key, forged or damaged certificate, another file, or it expired before `at`. Never a
            False to overlook.
    """
    certificate = read_certificate(cert_path, public_key)
    if at is not None:
        certificate.require_current(at)
    try:
        found = file_digest(Path(file_path))
    except OSError as error:
        raise CertificateError("the file cannot be read") from error
    subject = certificate.payload["subject"]
    if found != (subject["sha256"], subject["bytes"]):
        raise CertificateError("the file's bytes are not the ones that were screened")
    return certificate


def read_certificate(
    cert_path: str | Path, public_key: str | bytes | Path | Ed25519PublicKey, kind: str = PAYLOAD_TYPE
) -> Certificate:
    """Read a certificate and verify its signature, without the file it is of.

    Args:
        cert_path: The certificate (JSON).
        public_key: As for `verify_certificate`.
        kind: What it has to certify, as for `issue`.

    Returns:
        The certificate.

    Raises:
        CertificateError: wrong key, forged or damaged certificate.
    """
    envelope = _envelope(Path(cert_path), kind)
    body = _verified_body(envelope, _public_key(public_key), kind)
    return Certificate(_payload(body, kind), envelope, Path(cert_path))


def _envelope(path: Path, kind: str) -> dict[str, Any]:
    try:
        envelope = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CertificateError("the certificate cannot be read") from error
    if not isinstance(envelope, dict) or envelope.get("payloadType") != kind:
        raise CertificateError(f"this is no {_CERTIFIES[kind]} certificate")
    return envelope


def _verified_body(envelope: dict[str, Any], key: Ed25519PublicKey, kind: str) -> bytes:
    try:
        body = base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(entry["sig"], validate=True) for entry in envelope["signatures"]]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise CertificateError("the certificate is damaged") from error
    if not signatures:
        raise CertificateError("it is not signed")
    try:
        for signature in signatures:
            key.verify(signature, _signed_bytes(body, kind))
    except InvalidSignature as error:
        raise CertificateError("the signature is not by this key") from error
    return body


def _payload(body: bytes, kind: str) -> dict[str, Any]:
    try:
        payload = json.loads(body)
        complete = {"id", "store"} <= payload.keys()
        if kind == PAYLOAD_TYPE:
            complete = complete and {"sha256", "bytes"} <= payload["subject"].keys()
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
