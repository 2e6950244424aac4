"""The ledger of provisions: one record a delivery and a person, statutory items, and who is found in it again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout.checks.provided import FOUND_SCHEMA, found
from optout.errors import OptionError, RecordChangedError, StoreDamagedError, UnknownRecordError
from optout.register import digests, ledger
from optout.register.day import JAPAN
from optout.register.ledger import Provision

CLIENT = {"name": "見本商事株式会社", "address": "東京都港区芝公園4-2-8", "representative": "見本 一"}


def people(**columns: list[str | None]) -> pl.DataFrame:
    usual: dict[str, list[str | None]] = {
        "row_id": ["A1", "A2"],
        "name": ["渡邊 一郎", "見本 花子"],
        "address": ["東京都新宿区西新宿三丁目2番1号", "千代田区千代田1-1"],
        "phone_1": ["03-1234-5678", None],
    }
    return pl.DataFrame(usual | columns)


def provision(number: str = "P-1", **other: Any) -> Provision:
    usual: dict[str, Any] = {"recipient": CLIENT, "items": ("氏名", "住所"), "delivery": f"D-{number}"}
    return Provision(number, **({"date": date(2026, 4, 1)} | usual | other))


def test_E1_a_provision_is_recorded_with_its_statutory_items_and_everybody_in_it(store: optout.Store) -> None:
    made = ledger.record(store, provision(), people())
    assert ledger.provisions(store) == [made]
    assert made.lacking == []
    assert made.statutory() == {
        "提供年月日": "2026-04-01",
        "第三者の氏名又は名称": CLIENT["name"],
        "第三者の住所": CLIENT["address"],
        "第三者の代表者の氏名": CLIENT["representative"],
        "個人データの項目": "氏名、住所",
    }
    lines = ledger.subjects(store, "P-1")
    assert lines.select("row", "row_id", "name").rows() == [(0, "A1", "渡邊 一郎"), (1, "A2", "見本 花子")]


def test_E1_the_record_outlives_the_process(store: optout.Store) -> None:
    made = ledger.record(store, provision(), people())
    with optout.Store.open(store.path) as again:
        assert ledger.provisions(again) == [made]
        assert ledger.subjects(again, "P-1").equals(ledger.subjects(store, "P-1"))


@pytest.mark.parametrize("mode", ["bulk", "contract"])
def test_E1_a_collective_record_is_refused_for_the_opt_out_basis(store: optout.Store, mode: str) -> None:
    with pytest.raises(OptionError, match="一括記録不可"):
        ledger.record(store, provision(mode=mode), people())
    assert ledger.provisions(store) == []
    assert ledger.record(store, provision(basis="consent", mode=mode), people()).mode == mode


@pytest.mark.parametrize("wrong", [{"basis": "hearsay"}, {"mode": "never"}])
def test_E1_an_unknown_basis_or_mode_is_refused(store: optout.Store, wrong: dict[str, str]) -> None:
    with pytest.raises(OptionError):
        ledger.record(store, provision(**wrong), people())


def test_E1_a_provision_of_nobody_is_no_record(store: optout.Store) -> None:
    with pytest.raises(OptionError, match="subjects"):
        ledger.record(store, provision(), people().clear())


def test_E1_a_record_is_never_written_over(store: optout.Store) -> None:
    ledger.record(store, provision(), people())
    with pytest.raises(RecordChangedError):
        ledger.record(store, provision(rows=9), people())


@pytest.mark.parametrize(
    ("basis", "without", "lacking"),
    [
        ("optout", {"address": ""}, ["第三者の住所"]),
        ("optout", {"representative": ""}, ["第三者の代表者の氏名"]),
        ("optout", {"representative": "", "kind": "individual"}, []),
        ("consent", {"name": ""}, ["第三者の氏名又は名称"]),
    ],
)
def test_E1_what_the_law_asks_and_is_not_told_is_named(
    basis: str, without: dict[str, str], lacking: list[str]
) -> None:
    assert provision(basis=basis, recipient=CLIENT | without).lacking == lacking


def test_E1_by_consent_the_consent_is_told_and_no_day() -> None:
    told = provision(basis="consent").statutory()
    assert told["本人の同意を得ている旨"] == "本人の同意を得ている"
    assert "提供年月日" not in told


@pytest.mark.parametrize(
    ("mode", "last", "until"),
    [
        ("each", None, date(2029, 4, 1)),
        ("each", date(2027, 1, 1), date(2029, 4, 1)),
        ("bulk", date(2027, 1, 1), date(2030, 1, 1)),
        ("contract", date(2027, 1, 1), date(2028, 1, 1)),
    ],
)
def test_E1_the_record_is_kept_as_long_as_the_rules_say(mode: str, last: date | None, until: date) -> None:
    assert provision(basis="consent", mode=mode).keep_until(last) == until


def test_E1_three_years_begin_when_the_record_is_made(store: optout.Store) -> None:
    made = ledger.record(store, provision(date=date(2020, 2, 29)), people())
    assert made.keep_until() > datetime.now(JAPAN).date() + timedelta(days=3 * 365 - 2)
    assert provision(date=date(2024, 2, 29)).keep_until() == date(2027, 3, 1)


def test_E2_every_delivery_of_a_person_is_found_however_it_was_written(store: optout.Store) -> None:
    ledger.record(store, provision("P-1"), people())
    ledger.record(
        store, provision("P-2", recipient={"name": "別の会社"}), people(name=["別人 太郎", "見本 花子"])
    )
    lines = found(store, optout.Request(name="渡邉一郎", address="新宿区西新宿３－２－１"))
    assert lines.select("provision", "recipient", "row", "row_id", "level", "verdict").rows() == [
        ("P-1", CLIENT["name"], 0, "A1", "name+address", "withhold"),
    ]
    moved = optout.Request(
        name="見本花子",
        address="大阪市北区梅田1-1",
        identities=[optout.Identity(address="東京都千代田区千代田一丁目1番")],
    )
    assert found(store, moved)["provision"].to_list() == ["P-1", "P-2"]
    assert found(store, optout.Request(name="見本 花子")).is_empty()


def test_E2_a_request_on_record_is_found_by_its_id_also_when_it_was_lifted(store: optout.Store) -> None:
    ledger.record(store, provision(), people())
    receipt = store.suppress(optout.Request(name="見本 花子", address="千代田区千代田1-1"))
    store.lift(receipt.request_ids[0], "本人の申出")
    lines = found(store, receipt.request_ids)
    assert lines.select("request", "row_id").rows() == [(receipt.request_ids[0], "A2")]
    assert lines.schema == pl.Schema(FOUND_SCHEMA)


def test_E2_a_request_of_one_tenant_is_looked_for_in_its_own_deliveries(store: optout.Store) -> None:
    ledger.record(store, provision("P-1"), people())
    ledger.record(store, provision("P-2", tenant="client-a"), people())
    of_a = optout.Request(name="見本 花子", address="千代田区千代田1-1", tenant="client-a")
    assert found(store, of_a)["provision"].to_list() == ["P-2"]
    of_all = optout.Request(name="見本 花子", address="千代田区千代田1-1")
    assert found(store, of_all)["provision"].to_list() == ["P-1", "P-2"]


def test_E2_a_record_made_under_other_rules_is_compared_with_everybody(
    store: optout.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(digests, "scheme", lambda: "k0-earlier")
        ledger.record(store, provision(), people())
    assert ledger.provisions(store)[0].scheme == "k0-earlier"
    asked = optout.Request(name="渡邉一郎", phones=["0312345678"])
    assert found(store, asked)["row_id"].to_list() == ["A1"]


def test_E2_digests_leave_out_whom_nothing_is_said_of(store: optout.Store) -> None:
    ledger.record(store, provision(), people())
    entries = pl.DataFrame({"i": [0], "key": [12345]}, schema={"i": pl.UInt32, "key": pl.UInt64})
    assert ledger.candidates(store, {"any": entries}) == []


def test_E5_no_name_and_no_unkeyed_digest_of_one_is_on_the_disk(store: optout.Store, tmp_path: Path) -> None:
    ledger.record(store, provision(), people())
    from optout.keys import blocked

    lines = ledger.subjects(store, "P-1")
    keys = pl.concat([frame["key"] for frame in blocked(lines, "row").keys.values()])
    assert len(keys) > 5
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.suffix == ".db")
    for text in ("渡邊", "花子", "西新宿", "5678", CLIENT["name"]):
        assert text.encode() not in written
        assert text.encode("cp932") not in written
    assert not any(int(key).to_bytes(8, "little") in written for key in keys)
    kept = store.frame_of(ledger.KIND, "P-1", "digests")
    assert kept is not None
    assert not set(kept["digest"]) & {int(key) & 0xFFFFFFFF for key in keys}
    assert "花子" not in repr(ledger.provisions(store)) + repr(provision())


def test_E3_a_record_that_somebody_changed_is_noticed(store: optout.Store) -> None:
    import sqlite3

    ledger.record(store, provision(), people())
    path = store.path
    store.close()
    with sqlite3.connect(path) as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("DELETE FROM record WHERE n = (SELECT max(n) FROM record)")
    db.close()
    with optout.Store.open(path) as again, pytest.raises(StoreDamagedError):
        ledger.provisions(again)


def test_E6_a_provision_that_was_withdrawn_counts_no_more_and_stays_on_record(store: optout.Store) -> None:
    ledger.record(store, provision(), people())
    store.keep([ledger.withdrawal(store, "P-1", "出荷取りやめ")], "withdrawn")
    assert ledger.provisions(store) == []
    assert found(store, optout.Request(name="渡邊 一郎", phones=["0312345678"])).is_empty()
    assert ledger.provision(store, "P-1").withdrawn == "出荷取りやめ"


def test_provisions_are_listed_by_day_and_recipient(store: optout.Store) -> None:
    for number, day in enumerate((date(2026, 4, 1), date(2026, 4, 30), date(2026, 5, 1))):
        ledger.record(
            store, provision(f"P-{number}", date=day, recipient={"name": f"客{number % 2}"}), people()
        )
    april = ledger.provisions(store, date(2026, 4, 1), date(2026, 4, 30))
    assert [each.id for each in april] == ["P-0", "P-1"]
    assert [each.id for each in ledger.provisions(store, recipient="客0")] == ["P-0", "P-2"]
    with pytest.raises(UnknownRecordError):
        ledger.subjects(store, "P-9")
