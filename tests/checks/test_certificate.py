"""A certificate proves one file under one key, and nothing else can be made of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import optout
from optout.errors import CertificateError
from optout.register.certificate import canonical, file_digest, issue

KEY, OTHER_KEY = (Ed25519PrivateKey.from_private_bytes(letter * 32) for letter in (b"a", b"b"))
RAW = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def payload_for(path: Path) -> dict[str, Any]:
    sha256, size = file_digest(path)
    return {
        "id": "c-1",
        "issued_at": "2026-04-01T09:00:00+00:00",
        "subject": {"name": path.name, "rows": 1, "sha256": sha256, "bytes": size},
        "store": {"id": "s", "epoch": 1, "revision": 7, "audit_n": 9, "audit_hash": "00", "entries": 1},
        "rules": {"scheme": "k1-x"},
        "counts": {"keep": 1, "withhold": 0, "review": 0},
        "channel": "mail",
        "tenant": None,
        "recipient": {"name": "見本商事"},
        "purpose": "DM",
        "columns": ["氏名"],
        "limits": ["one"],
    }


@pytest.fixture
def delivered(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes("氏名\r\n見本 花子\r\n".encode("cp932"))
    return path


@pytest.fixture
def cert(tmp_path: Path, delivered: Path) -> Path:
    return put(tmp_path, issue(payload_for(delivered), KEY).envelope)


def put(tmp_path: Path, envelope: object, name: str = "certificate.json") -> Path:
    path = tmp_path / name
    path.write_text(json.dumps(envelope, ensure_ascii=False), "utf-8")
    return path


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for key, inner in inside for leaf in leaves(inner, (*path, key))]
    yield from found or [path]


def with_flipped(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value with the one at `path` changed in its smallest part."""
    if path:
        copied = dict(value) if isinstance(value, dict) else list(value)
        copied[path[0]] = with_flipped(value[path[0]], path[1:])
        return copied
    if isinstance(value, str):
        return chr(ord(value[0]) ^ 1) + value[1:] if value else "x"
    return 1 if value is None else value + 1 if isinstance(value, int) else [value]


@pytest.mark.parametrize("form", ["pem text", "pem path", "pem path as text", "pem bytes", "raw", "object"])
def test_the_key_may_come_in_any_form(tmp_path: Path, cert: Path, delivered: Path, form: str) -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    forms = {
        "pem text": pem.decode(),
        "pem path": tmp_path / "key.pem",
        "pem path as text": str(tmp_path / "key.pem"),
        "pem bytes": pem,
        "raw": RAW,
        "object": KEY.public_key(),
    }
    proved = optout.verify_certificate(str(cert), str(delivered), forms[form])
    assert (proved.id, proved.revision, proved.path) == ("c-1", 7, cert)


def test_every_field_of_the_payload_is_signed(tmp_path: Path, delivered: Path) -> None:
    certificate = issue(payload_for(delivered), KEY)
    paths = list(leaves(certificate.payload))
    assert len(paths) >= 20
    for path in paths:
        forged = canonical(with_flipped(certificate.payload, path))
        envelope = certificate.envelope | {"payload": base64.b64encode(forged).decode()}
        with pytest.raises(CertificateError, match="signature"):
            optout.verify_certificate(put(tmp_path, envelope), delivered, RAW)


def test_every_byte_of_payload_and_signature_counts(tmp_path: Path, delivered: Path) -> None:
    envelope = issue(payload_for(delivered), KEY).envelope
    body = base64.b64decode(envelope["payload"])
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    for place in range(0, len(body), 7):
        forged = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        path = put(tmp_path, envelope | {"payload": base64.b64encode(forged).decode()})
        with pytest.raises(CertificateError):
            optout.verify_certificate(path, delivered, RAW)
    for place in range(len(signature)):
        forged = signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
        path = put(tmp_path, envelope | {"signatures": [{"sig": base64.b64encode(forged).decode()}]})
        with pytest.raises(CertificateError):
            optout.verify_certificate(path, delivered, RAW)


@pytest.mark.parametrize(
    "change",
    [
        {"payloadType": "application/json"},
        {"payloadType": None},
        {"payload": "***"},
        {"payload": 5},
        {"signatures": []},
        {"signatures": None},
        {"signatures": [{}]},
        {"signatures": [{"sig": "x"}]},
        {"signatures": [{"sig": 5}]},
        {"signatures": ["sig"]},
    ],
)
def test_a_damaged_envelope_is_no_certificate(
    tmp_path: Path, delivered: Path, change: dict[str, object]
) -> None:
    envelope = issue(payload_for(delivered), KEY).envelope | change
    with pytest.raises(CertificateError):
        optout.verify_certificate(put(tmp_path, envelope), delivered, RAW)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '"x"', "null", "{}", "\x00"])
def test_what_is_no_json_object_is_no_certificate(tmp_path: Path, delivered: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text, "utf-8")
    with pytest.raises(CertificateError):
        optout.verify_certificate(tmp_path / "c.json", delivered, RAW)
    with pytest.raises(CertificateError):
        optout.verify_certificate(tmp_path / "none.json", delivered, RAW)


@pytest.mark.parametrize(
    "change",
    [b"", b"x", "氏名\r\n見本 花子\r\n\r\n".encode("cp932"), "氏名\r\n見本 華子\r\n".encode("cp932")],
)
def test_another_file_is_not_proved(cert: Path, delivered: Path, change: bytes) -> None:
    delivered.write_bytes(change)
    with pytest.raises(CertificateError, match="bytes"):
        optout.verify_certificate(cert, delivered, RAW)
    delivered.unlink()
    with pytest.raises(CertificateError, match="cannot be read"):
        optout.verify_certificate(cert, delivered, RAW)


def test_the_certificate_of_another_file_or_key_is_not_accepted(
    tmp_path: Path, cert: Path, delivered: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_bytes(b"a\r\n1\r\n")
    of_other = put(tmp_path, issue(payload_for(other), KEY).envelope, "other.json")
    with pytest.raises(CertificateError, match="bytes"):
        optout.verify_certificate(of_other, delivered, RAW)
    with pytest.raises(CertificateError, match="signature"):
        optout.verify_certificate(cert, delivered, OTHER_KEY.public_key())


@pytest.mark.parametrize("key", [b"", b"short", "no key at all", b"\0" * 31, "-----BEGIN PUBLIC KEY-----\nx"])
def test_what_is_no_key_is_told(cert: Path, delivered: Path, key: bytes | str) -> None:
    with pytest.raises(CertificateError, match="key"):
        optout.verify_certificate(cert, delivered, key)


@pytest.mark.parametrize("lacking", ["id", "subject", "store", "sha256"])
def test_a_signed_payload_without_its_fields_is_no_certificate(
    tmp_path: Path, delivered: Path, lacking: str
) -> None:
    payload = payload_for(delivered)
    del (payload["subject"] if lacking == "sha256" else payload)[lacking]
    with pytest.raises(CertificateError):
        optout.verify_certificate(put(tmp_path, issue(payload, KEY).envelope), delivered, RAW)


def test_a_second_signature_must_be_good_too(tmp_path: Path, delivered: Path) -> None:
    envelope = issue(payload_for(delivered), KEY).envelope
    stranger = issue(payload_for(delivered), OTHER_KEY).envelope["signatures"]
    with pytest.raises(CertificateError):
        optout.verify_certificate(
            put(tmp_path, envelope | {"signatures": envelope["signatures"] + stranger}), delivered, RAW
        )


def test_canonical_json_is_the_same_for_the_same_value() -> None:
    assert canonical({"b": [1, "髙"], "a": None}) == '{"a":null,"b":[1,"髙"]}'.encode()
