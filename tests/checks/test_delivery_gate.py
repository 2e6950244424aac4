"""The gate of a vendor in business: everything the register can prove must be proved, and every reason is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout import DeliveryRefused
from optout.batch import open_batch
from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.checks import removal
from optout.checks.delivery import conditions, derived, missed, order, withdraw
from optout.errors import OptionError, StoreDamagedError, UnreadableFileError
from optout.keys import KeyScheme
from optout.register import attempt, external, filing, holding, incident, ledger, receipt, recipient
from optout.register.day import JAPAN

Put = Callable[..., Path]
Rows = dict[str, str]
Told = dict[str, Any]
ORDER: Told = {
    "basis": "optout",
    "method": "電子メールによる送付",
    "delivery": None,
    "holdings": None,
    "other_channels": "keep",
    "strict": False,
    "decoys": 0,
    "encoding": None,
    "read_as": {},
}


def refused(tmp_path: Path, path: Path, store: optout.Store, told: Told, **other: Any) -> list[str]:
    """The reasons of a refusal that left nothing behind and is on record."""
    before = len(attempt.attempts(store))
    with pytest.raises(DeliveryRefused) as refusal:
        optout.deliver(path, store, out=tmp_path / "out", **(told | other))
    assert not [*(tmp_path / "out").glob("*")]
    made = attempt.attempts(store)[before:]
    assert [(each.state, list(each.reasons)) for each in made] == [("refused", refusal.value.reasons)]
    assert ledger.provisions(store) == []
    return refusal.value.reasons


@pytest.fixture
def clean(put: Put, rows: Rows) -> Path:
    return put(rows["other"], rows["odd"], name="clean.csv")


def test_a_list_of_registered_rows_goes_out_to_a_verified_client(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    cert = optout.deliver(clean, store, out=tmp_path / "out", **office)
    assert cert.payload["unchecked"] == []
    assert cert.payload["holdings"] == ["顧客"]
    assert cert.payload["filing"] == 1
    [made] = ledger.provisions(store)
    assert made.lacking == []
    assert (made.certificate, made.file_sha256, made.rows) == (cert.id, cert.sha256, 2)
    assert (made.recipient["name"], made.method, made.holdings) == (
        "見本商事株式会社",
        "電子メールによる送付",
        ("顧客",),
    )
    assert ledger.subjects(store, made.id)["row_id"].to_list() == ["2", "4"]


def test_every_reason_of_every_register_is_told_at_once(
    store: optout.Store,
    office: Told,
    put: Put,
    rows: Rows,
    tmp_path: Path,
    client: Callable[..., recipient.Recipient],
) -> None:
    recipient.add(store, client(contact_checked=None, valid_until="2020-01-01"))
    (tmp_path / "n.csv").write_text("TEL\n090-1234-0001\n", "utf-8")
    external.import_list(
        store, tmp_path / "n.csv", "dnc", datetime.now(JAPAN).date() - timedelta(days=40), "dnc"
    )
    path = tmp_path / "list.csv"
    header = "番号,氏名,フリガナ,住所,電話番号,年収"
    path.write_bytes("\r\n".join([header, rows["other"], rows["asked"], rows["variant"], ""]).encode("cp932"))
    told = office | {"channel": "phone", "purpose": "電話勧誘", "method": "郵送"}
    reasons = refused(tmp_path, path, store, told)
    expected = (
        "RF08",
        "RF11",
        "利用目的",
        "withhold",
        "review",
        "FI03",
        "FI05",
        "保有名簿台帳",
        "40 days old",
        "1 rows are on external",
    )
    for word in expected:
        assert sum(word in reason for reason in reasons) == 1, word
    assert len(reasons) == len(expected)
    for planted in ("高橋", "花子", "西新宿", "0312345678", "09012340001"):
        assert planted not in " ".join(reasons)


def test_G4_a_recipient_nobody_registered_is_refused_in_business(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    [reason] = refused(tmp_path, clean, store, office | {"recipient": "新しい会社"})
    assert "提供先台帳" in reason


def test_G4_a_registered_recipient_is_held_to_its_record_without_a_filing_too(
    store: optout.Store,
    asked: optout.Receipt,
    clean: Path,
    tmp_path: Path,
    client: Callable[..., recipient.Recipient],
) -> None:
    recipient.add(store, client(covenant_sha256=""))
    [reason] = refused(tmp_path, clean, store, {"recipient": "C-102", "purpose": "DM発送", "channel": "mail"})
    assert "RF09" in reason


def test_G5_what_is_outside_of_the_filing_does_not_go_out(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    known = filing.current(store)
    assert known
    filing.record(store, replace(known, items=("氏名", "電話番号"), covers={}, waiting_days=40_000))
    items, method, day = refused(tmp_path, clean, store, office | {"method": "郵送"})
    assert "FI03): 番号, フリガナ, 住所, 備考" in items
    assert "FI05" in method
    assert "周知期間" in day


def test_G5_by_consent_the_filing_is_not_asked(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    optout.deliver(clean, store, out=tmp_path / "out", **(office | {"basis": "consent", "method": ""}))
    assert ledger.provisions(store)[0].basis == "consent"


def test_G5_columns_of_special_care_never_go_out_by_opt_out(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("氏名,電話番号,病歴\n見本 花子,090-1234-0001,なし\n", "utf-8")
    told = {"recipient": "見本商事", "purpose": "DM", "channel": "mail"}
    [reason] = refused(tmp_path, path, store, told)
    assert "要配慮" in reason
    assert "病歴" in reason
    assert optout.deliver(path, store, out=tmp_path / "out", basis="consent", **told)


def test_D1_a_row_of_no_registered_holding_does_not_go_out(
    store: optout.Store, office: Told, put: Put, rows: Rows, tmp_path: Path
) -> None:
    stranger = "9,例示 太郎,レイジ タロウ,港区芝公園4-2-8,09012340009,"
    [reason] = refused(tmp_path, put(rows["other"], stranger), store, office)
    assert "1 rows stand in no registered holding (保有名簿台帳), first rows [1]" in reason


def test_D1_a_row_is_known_again_as_long_as_no_cell_was_changed(
    store: optout.Store, office: Told, put: Put
) -> None:
    lines = {
        "2,見本 花子,ﾐﾎﾝ ﾊﾅｺ,千代田区千代田１－１,090-1234-0001,": True,  # widths and hyphens
        "2,見本 花子,,千代田区千代田1-1,,": True,  # fewer cells
        ",,,,09012340001,": True,  # a number alone
        "2,見本 花子,ミホン ハナコ,千代田区千代田1-1,9012340001,": False,  # a program took the zero
        "2,見本 花子,ミホン ハナコ,千代田区千代田1-2,09012340001,": False,  # edited
        "2,見本 花子,,港区芝公園4-2-8,,": False,  # put together from two rows
    }
    frame = open_batch(put(*lines, name="extract.csv")).frame
    rows = raw(frame, recognise(frame.columns))
    asked = order.ordered(store, office["recipient"], "DM発送", "mail", "person", None, **ORDER)
    found = derived.origin(store, asked, rows, None)
    assert sorted(found.found["row"]) == [row for row, there in enumerate(lines.values()) if there]
    assert found.reasons == [
        "3 rows stand in no registered holding (保有名簿台帳), first rows [3, 4, 5]",
    ]


def test_D1_rows_of_the_holdings_that_are_named_and_no_others(
    store: optout.Store, office: Told, put: Put, rows: Rows, tmp_path: Path
) -> None:
    holding.add(store, holding.Holding("別", put(rows["other"], name="other.csv"), basis="consent"))
    path = put(rows["other"], rows["odd"], name="both.csv")
    [reason] = refused(tmp_path, path, store, office | {"holdings": ["別"]})
    assert "first rows [1]" in reason
    cert = optout.deliver(path, store, out=tmp_path / "out", **office)
    assert cert.payload["holdings"] == ["顧客"]


@pytest.mark.parametrize(("again", "in_business"), [(False, False), (True, True)])
def test_A4_what_was_received_by_opt_out_never_goes_out_by_opt_out(
    store: optout.Store,
    asked: optout.Receipt,
    request: pytest.FixtureRequest,
    put: Put,
    tmp_path: Path,
    again: bool,
    in_business: bool,
) -> None:
    told = {"recipient": "見本商事", "purpose": "DM発送", "channel": "mail"}
    if in_business:
        told = request.getfixturevalue("office")
    line = "7,例示 花,レイジ ハナ,港区芝公園4-2-8,09012340007,"
    bought = put(line, name="bought.csv")
    made = holding.add(store, holding.Holding("購入", bought, basis="optout"))
    if again:
        holding.retire(store, "購入", "名寄せ済")
        copy = put(line, name="copy.csv")
        holding.add(
            store, holding.Holding("名寄せ", copy, basis="direct", origin={"derived_from": [made.id]})
        )
    [reason] = refused(tmp_path, put(line, name="extract.csv"), store, told)
    assert "第27条第2項但書" in reason
    assert optout.deliver(
        tmp_path / "extract.csv", store, out=tmp_path / "out", **(told | {"basis": "consent"})
    )


def test_A4_the_very_file_that_was_received_by_opt_out_does_not_go_out_either(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path
) -> None:
    told = {"recipient": "見本商事", "purpose": "DM", "channel": "mail"}
    sha256 = optout.register.certificate.file_digest(clean)[0]
    made = receipt.ReceiptRecord(
        "RC-1", datetime.now(JAPAN).date(), "optout", {"name": "見本名簿店"}, file={"sha256": sha256}
    )
    receipt.record(store, made, [])
    [reason] = refused(tmp_path, clean, store, told)
    assert "RC-1" in reason
    assert optout.deliver(clean, store, out=tmp_path / "out", basis="consent", **told)


def test_G6_a_client_that_never_handed_over_its_own_list_gets_nothing(
    store: optout.Store,
    office: Told,
    clean: Path,
    tmp_path: Path,
    client: Callable[..., recipient.Recipient],
) -> None:
    recipient.add(store, client(tenant="C-102", needs_own_list=True))
    [reason] = refused(tmp_path, clean, store, office)
    assert "取引先停止リスト" in reason
    store.suppress(optout.Request(name="誰か 別", phones=["090-1234-7777"], tenant="C-102"))
    cert = optout.deliver(clean, store, out=tmp_path / "out", **office)
    [own] = cert.payload["lists"]
    assert (own["name"], own["entries"], own["newest"]) == ("C-102", 1, store.now().date().isoformat())


def test_G6_the_clients_own_stops_count_for_that_client(
    store: optout.Store,
    office: Told,
    clean: Path,
    tmp_path: Path,
    client: Callable[..., recipient.Recipient],
) -> None:
    recipient.add(store, client(tenant="C-102"))
    store.suppress(optout.Request(name="見本 花子", phones=["090-1234-0001"], tenant="C-102"))
    [reason] = refused(tmp_path, clean, store, office)
    assert "withhold" in reason


FRESH = (
    ("tps", 0, "phone", ["1 rows are on external list tps, first rows [0]"]),
    ("tps", 28, "any", ["1 rows are on external list tps, first rows [0]"]),
    ("tps", 29, "sms", ["29 days old, 28 allowed", "1 rows are on external list tps"]),
    ("dnc", 31, "phone", ["1 rows are on external list tps"]),
    ("client", 30, "phone", ["1 rows are on external list tps"]),
    ("client", 31, "fax", ["31 days old, 30 allowed", "1 rows are on external list tps"]),
    ("tps", 99, "mail", []),
)


def test_G6_external_lists_are_applied_while_they_are_fresh(
    store: optout.Store, clean: Path, tmp_path: Path
) -> None:
    (tmp_path / "n.csv").write_text("０９０－１２３４－０００１\n", "utf-8")
    frame = open_batch(clean).frame
    rows = raw(frame, recognise(frame.columns))
    for kind, age, channel, told in FRESH:
        external.import_list(
            store, tmp_path / "n.csv", "tps", datetime.now(JAPAN).date() - timedelta(days=age), kind
        )
        asked = order.ordered(store, "見本商事", "DM", channel, "person", None, **ORDER)
        reasons, lists = conditions.applied(store, asked, rows)
        assert len(reasons) == len(told)
        assert all(part in reason for part, reason in zip(told, reasons, strict=True))
        assert [each["age_days"] for each in lists] == [age] * bool(told)


def test_G6_a_list_nobody_stands_on_is_named_with_its_age(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path
) -> None:
    (tmp_path / "n.csv").write_text("03-1234-9999\n", "utf-8")
    external.import_list(
        store, tmp_path / "n.csv", "tps", datetime.now(JAPAN).date() - timedelta(days=3), "tps"
    )
    cert = optout.deliver(clean, store, "見本商事", "架電", "phone", out=tmp_path / "out")
    [applied] = cert.payload["lists"]
    assert (applied["name"], applied["age_days"], applied["max_age_days"], applied["keys"]) == (
        "tps",
        3,
        28,
        1,
    )


def test_a_list_under_review_goes_out_when_its_reviews_are_decided(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    from optout import review

    path = put(rows["other"], rows["variant"])
    told = {"recipient": "見本商事", "purpose": "DM", "channel": "mail"}
    [reason] = refused(tmp_path, path, store, told)
    assert "review" in reason
    result = optout.screen(path, store, channel="mail")
    items = review.items(store, result)
    review.keep_items(store, "list", items)
    for item in items:
        review.decide(store, item.id, "other", "別人と確認", "鈴木")
    assert optout.deliver(path, store, out=tmp_path / "out", **told).payload["counts"]["keep"] == 2


def test_a_delivery_number_is_used_once(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    optout.deliver(clean, store, out=tmp_path / "first", delivery="D-2026-031", **office)
    with pytest.raises(DeliveryRefused, match="D-2026-031"):
        optout.deliver(clean, store, out=tmp_path / "out", delivery="D-2026-031", **office)
    assert not (tmp_path / "out").exists()


def test_a_word_that_means_nothing_is_a_mistake_of_the_caller(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    mistakes: list[Told] = [
        {"basis": "hearsay"},
        {"other_channels": "perhaps"},
        {"decoys": -1},
        {"delivery": "D 1"},
        {"delivery": ""},
        {"valid_hours": 0},
        {"max_age": timedelta(hours=1)},
    ]
    for wrong in mistakes:
        with pytest.raises(OptionError):
            optout.deliver(clean, store, out=tmp_path / "out", **(office | wrong))
    assert not [each for each in attempt.attempts(store) if each.state == "delivered"]


def test_without_a_filing_the_certificate_names_what_nobody_checked(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path
) -> None:
    cert = optout.deliver(clean, store, "見本商事", "DM", "mail", out=tmp_path / "out")
    assert len(cert.payload["unchecked"]) == 3
    [made] = ledger.provisions(store)
    assert made.lacking == ["第三者の住所", "第三者の代表者の氏名"]
    reasons = refused_strictly(tmp_path, clean, store)
    assert len(reasons) == 3


def refused_strictly(tmp_path: Path, path: Path, store: optout.Store) -> list[str]:
    with pytest.raises(DeliveryRefused) as refusal:
        optout.deliver(path, store, "見本商事", "DM", "mail", out=tmp_path / "strict", strict=True)
    return refusal.value.reasons


def test_G2_a_store_that_cannot_be_read_lets_nothing_out(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    path = Path(store.path)
    store.close()
    raw = bytearray(path.read_bytes())
    at = len(raw) // 2
    raw[at : at + 4096] = os.urandom(4096)
    path.write_bytes(raw)
    with pytest.raises(optout.errors.StoreError), optout.Store.open(path) as damaged:
        optout.deliver(clean, damaged, out=tmp_path / "out", **office)
    assert not (tmp_path / "out").exists()


def test_G2_verdicts_by_other_rules_than_those_in_force_let_nothing_out(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other:
        current = staticmethod(lambda *_: KeyScheme(99, "0" * 64))

    monkeypatch.setattr("optout.checks.delivery.KeyScheme", Other)
    [reason] = refused(tmp_path, clean, store, office)
    assert "照合キー" in reason


def test_G2_a_copy_of_the_list_that_is_out_of_date_lets_nothing_out(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    store.backup(tmp_path / "copy.db")
    store.suppress(optout.Request(name="誰か 別", phones=["090-1234-7777"]))
    with optout.Store.open(tmp_path / "copy.db") as old:
        [reason] = refused(tmp_path, clean, old, office | {"head": store.head})
        assert "out of date" in reason
    assert optout.deliver(clean, store, out=tmp_path / "out", head=store.head, **office)


def test_G2_the_head_told_outside_must_be_fresh_itself(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    witness = tmp_path / "heads.jsonl"
    path = store.path
    store.close()
    with optout.Store.open(path, audit_sink=witness) as told:
        told.suppress(optout.Request(name="誰か 別", phones=["090-1234-7777"]))
    with optout.Store.open(path) as late:
        now = late.now()
        late.now = lambda: now + timedelta(hours=30)
        [reason] = refused(tmp_path, clean, late, office | {"head": witness, "max_age": timedelta(hours=24)})
        assert "older than" in reason
        late.now = lambda: now + timedelta(hours=20)
        assert optout.deliver(
            clean, late, out=tmp_path / "out", head=witness, max_age=timedelta(hours=24), **office
        )
        with pytest.raises(UnreadableFileError):
            optout.deliver(clean, late, out=tmp_path / "o2", head=tmp_path / "none.jsonl", **office)


def test_G2_a_column_nobody_knows_lets_nothing_out(
    store: optout.Store, office: Told, rows: Rows, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("氏名,住所,甲\n見本 花子,千代田区千代田1-1,x\n", "utf-8")
    [reason] = refused(tmp_path, path, store, office)
    assert "甲" in reason


CRASH = """
import os, sys, optout
from optout.batch.staged import StagedFile
from optout.register.day import JAPAN
placed = StagedFile.place
def crash(file, mode=None):
    if file.final.suffix == ".csv":
        os._exit(1)  # no exception handler, no close: the nearest we get to a power cut
    placed(file, mode)
StagedFile.place = crash
store = optout.Store.open(sys.argv[1])
optout.deliver(sys.argv[2], store, "見本商事", "DM", "mail", sys.argv[3], delivery="D-1")
"""


def test_E6_after_a_crash_a_record_may_be_too_many_and_a_list_never(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path
) -> None:
    arguments = [str(store.path), str(clean), str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", CRASH, *arguments], check=False, timeout=60)
    assert done.returncode == 1
    assert not (tmp_path / "out" / "clean.csv").exists()
    assert [made.delivery for made in ledger.provisions(store)] == ["D-1"]
    withdraw(store, "D-1", "停電のため出荷せず")
    assert ledger.provisions(store) == []
    assert [made.withdrawn for made in ledger.provisions(store, withdrawn=True)] == ["停電のため出荷せず"]
    optout.deliver(clean, store, "見本商事", "DM", "mail", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "certificate.json",
        "clean.csv",
        "public_key.pem",
    ]
    assert store.audit_verify() == store.head.audit_n


def test_G3_a_hit_at_the_gate_is_an_incident_that_names_requests_and_rows(
    store: optout.Store, asked: optout.Receipt, office: Told, put: Put, rows: Rows, tmp_path: Path
) -> None:
    path = put(rows["other"], rows["asked"], name="labels.csv")
    refused(tmp_path, path, store, office | {"delivery": "D-7"})
    [made] = incident.incidents(store)
    assert (made.check, made.delivery, made.list, made.rows, made.requests) == (
        "delivery",
        "D-7",
        "labels.csv",
        1,
        1,
    )
    assert attempt.attempts(store)[-1].incident == made.id
    hits = incident.hits(store, made.id)
    assert hits.select("row", "request").rows() == [(1, asked.request_ids[0])]
    assert made.missed == {"unknown": 1}
    assert "高橋" not in str(made.why)


def aged(path: Path, days: float) -> Path:
    """The file as if it had been written days ago, or in days to come."""
    moment = path.stat().st_mtime - days * 86_400
    os.utime(path, (moment, moment))
    return path


def test_G3_a_request_that_came_after_the_list_was_written_is_nobodys_fault(
    store: optout.Store, office: Told, put: Put, rows: Rows, tmp_path: Path
) -> None:
    path = aged(put(rows["other"], rows["asked"], name="labels.csv"), 3)
    refused(tmp_path, path, store, office)
    [made] = incident.incidents(store)
    assert (made.missed, made.why) == ({"none": 1}, {missed.LATE: 1})


def test_G3_a_row_of_a_holding_no_removal_went_through_was_missed_by_check_1(
    store: optout.Store, office: Told, put: Put, rows: Rows, tmp_path: Path
) -> None:
    holding.add(store, holding.Holding("古い", put(rows["asked"], name="old.csv"), basis="direct"))
    path = aged(put(rows["asked"], name="labels.csv"), -1)
    refused(tmp_path, path, store, office)
    [made] = incident.incidents(store)
    assert (made.missed, made.why) == ({"removal": 1}, {missed.NOT_REMOVED: 1})


def test_G3_a_row_that_is_back_after_its_removal_was_missed_by_check_1(
    store: optout.Store, office: Told, put: Put, rows: Rows, tmp_path: Path
) -> None:
    path = put(rows["asked"], rows["other"], name="old.csv")
    kept = path.read_bytes()
    holding.add(store, holding.Holding("古い", path, basis="direct"))
    plan = removal.plan(store, None)
    removal.execute(store, plan.hash)
    list_ = aged(put(rows["asked"], name="labels.csv"), -1)
    refused(tmp_path, list_, store, office)
    path.write_bytes(kept)  # somebody puts a copy back
    refused(tmp_path, list_, store, office)
    why = [made.why for made in incident.incidents(store)]
    assert why == [{missed.OLDER: 1}, {missed.BACK_AGAIN: 1}]


def test_G3_a_row_that_came_in_past_a_request_was_missed_by_check_2(
    store: optout.Store, office: Told, put: Put, rows: Rows, tmp_path: Path
) -> None:
    taken = put(rows["asked"], name="kept.csv")
    holding.add(store, holding.Holding("仕入", taken, basis="individual", origin={"intake": "I-1"}))
    refused(tmp_path, aged(put(rows["asked"], name="labels.csv"), -1), store, office)
    [made] = incident.incidents(store)
    assert (made.missed, made.why) == ({"intake": 1}, {missed.AT_INTAKE: 1})


def test_E5_no_refusal_incident_or_attempt_shows_a_person(
    store: optout.Store,
    asked: optout.Receipt,
    office: Told,
    put: Put,
    rows: Rows,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = put(rows["asked"], rows["variant"], name="labels.csv")
    reasons = refused(tmp_path, path, store, office)
    [made] = incident.incidents(store)
    told = (
        f"{reasons} {made} {made.why} {attempt.attempts(store)} {incident.hits(store, made.id)} {caplog.text}"
    )
    for planted in ("高橋", "一朗", "西新宿", "0312345678", "見本 一", "花"):
        assert planted not in told


def test_E6_the_evidence_is_of_what_went_out_and_not_of_what_was_asked(
    store: optout.Store,
    office: Told,
    clean: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from optout.batch.staged import StagedFile

    placed = StagedFile.place

    def locked(file: StagedFile, mode: int | None = None) -> None:
        if file.final.name == "clean.csv":
            raise optout.errors.HoldingLockedError("clean.csv")
        placed(file, mode)

    with monkeypatch.context() as patch:
        patch.setattr(StagedFile, "place", locked)
        with pytest.raises(optout.errors.HoldingLockedError):
            optout.deliver(clean, store, out=tmp_path / "out", delivery="D-1", **office)
    assert not (tmp_path / "out" / "clean.csv").exists()
    assert ledger.provisions(store) == []
    assert [made.state for made in attempt.of(store, "D-1")] == ["delivered", "withdrawn"]
    cert = optout.deliver(clean, store, out=tmp_path / "out", delivery="D-2", **office)
    [made] = ledger.provisions(store)
    sha256 = optout.register.certificate.file_digest(tmp_path / "out" / "clean.csv")[0]
    assert (made.file_sha256, cert.sha256) == (sha256, sha256)


def test_E1_the_record_and_the_certificate_are_one_commit(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    before = store.head.audit_n
    cert = optout.deliver(clean, store, out=tmp_path / "out", **office)
    assert store.head.audit_n == before + 1
    [provision], [made] = store.records("provision").values(), store.records("delivery").values()
    assert (provision.at, provision.told["certificate"]) == (made.at, cert.id)


def test_E3_a_delivery_that_somebody_took_out_of_the_records_is_noticed(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    import sqlite3

    optout.deliver(clean, store, out=tmp_path / "out", **office)
    assert store.audit_verify() == store.head.audit_n
    path = store.path
    store.close()
    with sqlite3.connect(path) as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("DELETE FROM record WHERE kind = 'provision'")
    db.close()
    with pytest.raises(StoreDamagedError), optout.Store.open(path) as again:
        again.audit_verify()


def test_a_workbook_and_a_parquet_file_are_known_again_in_their_holding(
    store: optout.Store, office: Told, clean: Path, tmp_path: Path
) -> None:
    frame = pl.DataFrame({"氏名": ["見本 花子"], "住所": ["千代田区千代田1-1"], "電話番号": ["09012340001"]})
    frame.write_parquet(tmp_path / "list.parquet")
    cert = optout.deliver(tmp_path / "list.parquet", store, out=tmp_path / "out", **office)
    assert cert.payload["holdings"] == ["顧客"]
