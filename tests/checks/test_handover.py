"""At hand-over: a changed file, an expired pass or a newer opt-out stops the list; anything else is issued anew."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import optout
from optout import DeliveryRefused, review
from optout.checks.delivery import withdraw
from optout.checks.hand_over import handover
from optout.errors import CertificateError, OptionError
from optout.register import attempt, external, filing, incident, recipient
from optout.register.certificate import Certificate
from optout.register.day import JAPAN

Put = Callable[..., Path]
Rows = dict[str, str]
Going = tuple[Certificate, Path]
TOLD: dict[str, Any] = {"recipient": "見本商事", "purpose": "DM", "channel": "mail"}
OTHERS = optout.Request(name="誰か 別", phones=["090-1234-7777"])


@pytest.fixture
def going(store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path) -> Going:
    """A list on its way, and its certificate."""
    path = put(rows["other"], rows["odd"], name="labels.csv")
    cert = optout.deliver(path, store, out=tmp_path / "out", delivery="D-1", **TOLD)
    assert cert.path
    return cert, tmp_path / "out" / "labels.csv"


def test_G1_nothing_new_and_the_pass_is_still_good(store: optout.Store, going: Going) -> None:
    cert, path = going
    store.record("a look", {})  # the audit moves, the list does not
    assert handover(cert.path, path, store).id == cert.id


def test_G1_the_pass_is_bound_to_file_client_revision_and_expiry(store: optout.Store, going: Going) -> None:
    cert, _ = going
    issued, expires = (datetime.fromisoformat(cert.payload[name]) for name in ("issued_at", "expires_at"))
    assert expires - issued == timedelta(hours=24)
    assert cert.expires == expires
    assert cert.payload["recipient"] == {"name": "見本商事"}
    assert (cert.revision, cert.payload["purpose"], cert.payload["channel"]) == (store.revision, "DM", "mail")


def test_G1_a_changed_file_is_refused(store: optout.Store, going: Going) -> None:
    cert, path = going
    lines = path.read_bytes().splitlines(keepends=True)
    edited = [*lines[:2], lines[2].replace(b"4", b"5")]
    for changed in ([lines[0], lines[2], lines[1]], edited, lines[:2], None):
        path.unlink() if changed is None else path.write_bytes(b"".join(changed))
        with pytest.raises(CertificateError):
            handover(cert.path, path, store)


def test_G1_an_expired_pass_is_refused(store: optout.Store, going: Going) -> None:
    cert, path = going
    now = store.now()
    for hours, good in ((24.1, False), (-1, False), (23.9, True)):
        store.now = lambda hours=hours: now + timedelta(hours=hours)  # type: ignore[misc]
        if good:
            assert handover(cert.path, path, store).id == cert.id
        else:
            with pytest.raises(CertificateError, match=r"expired|issued later"):
                handover(cert.path, path, store)


def test_G1_requests_of_others_since_and_the_pass_is_issued_anew_with_the_old_expiry(
    store: optout.Store, going: Going, tmp_path: Path
) -> None:
    cert, path = going
    store.suppress(OTHERS)
    anew = handover(cert.path, path, store, out=tmp_path / "again.json")
    assert anew.payload["replaces"] == cert.id != anew.id
    assert anew.revision == store.revision > cert.revision
    assert (anew.expires, anew.sha256) == (cert.expires, cert.sha256)
    assert anew.payload["store"]["entries"] == cert.payload["store"]["entries"] + 1
    proved = optout.verify_certificate(tmp_path / "again.json", path, store.public_key, datetime.now(UTC))
    assert proved.id == anew.id
    assert [made.state for made in attempt.of(store, "D-1")] == ["delivered", "reissued"]
    assert handover(tmp_path / "again.json", path, store).id == anew.id


@pytest.mark.parametrize("certain", [True, False])
def test_G1_a_newer_opt_out_of_somebody_in_the_list_refuses_and_is_an_incident(
    store: optout.Store, going: Going, certain: bool
) -> None:
    cert, path = going
    store.suppress(OTHERS)
    store.suppress(optout.Request(name="見本花子" if certain else "見本花", address="千代田区千代田1-1"))
    with pytest.raises(DeliveryRefused) as refusal:
        handover(cert.path, path, store)
    [reason] = refusal.value.reasons
    assert ("withhold" if certain else "review") in reason
    assert "first rows [0]" in reason
    made = incident.incidents(store)
    assert [(each.check, each.delivery, each.missed) for each in made] == [
        ("handover", "D-1", {"none": 1})
    ] * certain
    assert [each.state for each in attempt.of(store, "D-1")] == ["delivered", "refused"]
    assert "花" not in reason


def test_G1_a_request_that_was_lifted_again_stops_nothing(store: optout.Store, going: Going) -> None:
    cert, path = going
    receipt = store.suppress(optout.Request(name="見本花子", address="千代田区千代田1-1"))
    store.lift(receipt.request_ids[0], "本人の申出")
    assert handover(cert.path, path, store).payload["replaces"] == cert.id


def test_G1_a_request_for_another_channel_stops_a_list_whose_cells_were_blanked(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    path = put(rows["other"], name="labels.csv")
    for others, stopped in (("keep", False), ("blank", True)):
        cert = optout.deliver(path, store, out=tmp_path / others, other_channels=others, **TOLD)
        receipt = store.suppress(optout.Request(name="見本花子", phones=["09012340001"], channels="電話"))
        if stopped:
            with pytest.raises(DeliveryRefused):
                handover(cert.path, tmp_path / others / "labels.csv", store)
        else:
            assert handover(cert.path, tmp_path / others / "labels.csv", store)
        store.lift(receipt.request_ids[0], "次の試験")


def test_G1_a_request_for_another_channel_by_which_nobody_can_be_reached_stops_nothing(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    path = put(rows["odd"], name="labels.csv")  # a row without a number
    cert = optout.deliver(path, store, out=tmp_path / "out", other_channels="refuse", **TOLD)
    store.suppress(optout.Request(name="見本次郎", address="港区芝公園4-2-8", channels="電話"))
    anew = handover(cert.path, tmp_path / "out" / "labels.csv", store)
    assert anew.payload["replaces"] == cert.id
    again = optout.deliver(path, store, out=tmp_path / "again", other_channels="refuse", **TOLD)
    assert again.payload["blanked"] == 0
    store.suppress(optout.Request(name="見本次郎", address="港区芝公園4-2-8"))
    with pytest.raises(DeliveryRefused):
        handover(again.path, tmp_path / "again" / "labels.csv", store)


def test_G1_an_older_copy_of_the_store_is_refused(store: optout.Store, going: Going, tmp_path: Path) -> None:
    cert, path = going
    store.backup(tmp_path / "copy.db")
    store.suppress(OTHERS)
    anew = handover(cert.path, path, store, out=tmp_path / "again.json")
    with optout.Store.open(tmp_path / "copy.db") as old:
        with pytest.raises(DeliveryRefused, match="older than the certificate"):
            handover(anew.path, path, old)
        with pytest.raises(DeliveryRefused, match="out of date"):
            handover(cert.path, path, old, head=store.head)
        with pytest.raises(OptionError, match="max_age"):
            handover(cert.path, path, old, max_age=timedelta(hours=1))


def test_G1_other_rules_since_refuse(
    store: optout.Store, going: Going, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other:
        tag = "k9-99999999"

    monkeypatch.setattr("optout.checks.hand_over.KeyScheme.current", lambda *_: Other)
    with pytest.raises(DeliveryRefused, match="照合キー"):
        handover(going[0].path, going[1], store)


def test_G1_what_else_the_pass_rested_on_must_still_hold(
    store: optout.Store,
    asked: optout.Receipt,
    office: dict[str, Any],
    put: Put,
    rows: Rows,
    tmp_path: Path,
    client: Callable[..., recipient.Recipient],
) -> None:
    path = put(rows["other"], name="labels.csv")
    cert = optout.deliver(path, store, out=tmp_path / "out", **(office | {"channel": "phone"}))
    recipient.add(store, client(valid_until="2020-01-01"))
    (tmp_path / "n.csv").write_text("03-1234-9999\n", "utf-8")
    external.import_list(
        store, tmp_path / "n.csv", "tps", datetime.now(JAPAN).date() - timedelta(days=1), "tps"
    )
    with pytest.raises(DeliveryRefused) as refusal:
        handover(cert.path, tmp_path / "out" / "labels.csv", store)
    assert [word in reason for word, reason in zip(("RF11", "tps"), refusal.value.reasons, strict=True)] == [
        True
    ] * 2


def test_G1_a_filing_that_was_changed_since_refuses(
    store: optout.Store, office: dict[str, Any], put: Put, rows: Rows, tmp_path: Path
) -> None:
    path = put(rows["other"], name="labels.csv")
    cert = optout.deliver(path, store, out=tmp_path / "out", **office)
    known = filing.current(store)
    assert known
    filing.record(store, replace(known, items=("氏名",), covers={}))
    with pytest.raises(DeliveryRefused, match="届出"):
        handover(cert.path, tmp_path / "out" / "labels.csv", store)


def test_G1_a_decision_that_is_taken_back_stops_the_list(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    path = put(rows["other"], rows["variant"], name="labels.csv")
    items = review.items(store, optout.screen(path, store, channel="mail"))
    review.keep_items(store, "labels", items)
    review.decide(store, items[0].id, "other", "別人と確認", "鈴木")
    now = store.now()
    store.now = lambda: now + timedelta(minutes=5)
    cert = optout.deliver(path, store, out=tmp_path / "out", **TOLD)
    out = tmp_path / "out" / "labels.csv"
    assert handover(cert.path, out, store).id == cert.id
    store.now = lambda: now + timedelta(minutes=10)
    review.undo(store, items[0].id, "確認の誤り")
    with pytest.raises(DeliveryRefused, match="review"):
        handover(cert.path, out, store)


def test_G1_a_delivery_that_was_withdrawn_is_not_handed_over(store: optout.Store, going: Going) -> None:
    withdraw(store, "D-1", "出荷取りやめ")
    with pytest.raises(CertificateError, match="withdrawn"):
        handover(going[0].path, going[1], store)
    with pytest.raises(OptionError):
        withdraw(store, "D-9", "出荷取りやめ")


def test_G1_the_certificate_of_another_vendor_is_not_ours(
    store: optout.Store, going: Going, tmp_path: Path
) -> None:
    with optout.Store.create(tmp_path / "other.db") as other, pytest.raises(CertificateError):
        handover(going[0].path, going[1], other)


def test_G1_a_pass_from_before_a_change_of_the_key_is_still_ours(store: optout.Store, going: Going) -> None:
    store.rotate_key()
    assert handover(going[0].path, going[1], store).id == going[0].id


def test_G1_columns_told_once_need_not_be_told_again(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("甲,乙,番,番2\n見本 花子,千代田区千代田1-1,1,2\n", "utf-8")
    columns = {"name": "甲", "address": "乙"}
    cert = optout.deliver(path, store, out=tmp_path / "out", columns=columns, ignore=["番", 3], **TOLD)
    store.suppress(OTHERS)
    assert handover(cert.path, tmp_path / "out" / "list.csv", store).payload["replaces"] == cert.id


CLI = "from optout.cli import main; import sys; sys.exit(main(sys.argv[1:]))"


def test_E4_a_third_party_verifies_from_an_empty_folder_with_the_public_key_alone(
    store: optout.Store, going: Going, tmp_path: Path
) -> None:
    cert, path = going
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    for name in ("certificate.json", "labels.csv", "public_key.pem"):
        (empty / name).write_bytes((path.parent / name).read_bytes())
    environment = {"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path), "HOME": str(empty)}
    words = [
        "verify",
        "certificate.json",
        "labels.csv",
        "--public-key",
        "public_key.pem",
        "--json",
        "--current",
    ]
    done = subprocess.run(
        [sys.executable, "-c", CLI, *words],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert (told["valid"], told["id"]) == (True, cert.id)
    assert told["subject"]["sha256"] == cert.sha256
    needed = {
        "input",
        "counts",
        "reasons",
        "rules",
        "policy",
        "operator",
        "store",
        "seeds",
        "columns",
        "expires_at",
    }
    assert needed <= told.keys()
    assert sorted(each.name for each in empty.iterdir()) == [
        "certificate.json",
        "labels.csv",
        "public_key.pem",
    ]


def test_E4_an_expired_certificate_proves_what_it_proves_and_is_refused_for_use(
    store: optout.Store, going: Going
) -> None:
    cert, path = going
    assert optout.verify_certificate(cert.path, path, store.public_key).id == cert.id
    with pytest.raises(CertificateError, match="expired"):
        optout.verify_certificate(
            cert.path, path, store.public_key, datetime.now(UTC) + timedelta(hours=24, minutes=1)
        )
