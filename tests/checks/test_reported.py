"""From the records of a store to the figures of its reports (Q1, Q2, Q3)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout.checks import desk, reported
from optout.checks.delivery import withdraw
from optout.checks.reporting import Period
from optout.errors import OptionError
from optout.register import case, filing
from optout.register.filing import Filing

APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))


@pytest.fixture
def office(tmp_path: Path) -> optout.Store:
    """A store whose clock stands in April."""
    made = optout.Store.create(tmp_path / "suppression.db", actor="佐藤")
    made.now = lambda: datetime(2026, 4, 6, 3, 0, tzinfo=UTC)
    return made


def received(store: optout.Store, number: int, kind: str = "stop", channel: str = "post", **came: Any) -> str:
    person = optout.Request(name=f"見本 {number}郎", address=f"東京都千代田区千代田1-{number}")
    taken = desk.receive(store, desk.Asked(person, kind), desk.Arrival(channel, "2026-04-01", **came))
    return taken.cases[0].id


def test_Q1_cases_of_the_desk_are_counted_by_how_they_ended_and_when_the_person_was_told(
    office: optout.Store,
) -> None:
    waiting = received(office, 1)
    taken_back = received(office, 2, channel="phone")
    refused = received(office, 3, kind="disclose")
    unknown = received(office, 4, kind="erase")
    half, done = received(office, 5), received(office, 6, channel="fax", client="見本ダイレクト")
    desk.withdraw(office, taken_back, "本人の申出")
    desk.refuse(office, refused, "not_identified")
    desk.answered(office, refused, "refusal", "post")
    desk.close(office, unknown, "書類が届かない")
    for one in (half, done):
        desk.accept(office, one)
        case.moved(office, case.case(office, one), "executing")
    case.moved(office, case.case(office, half), "partial")
    case.moved(office, case.case(office, done), "done")
    office.suppress(optout.Request(name="受付 なし", phones=["03-1234-5678"]))
    report = reported.requests(office, APRIL, date(2026, 4, 16))
    assert {name: n for name, n in report.facts.items() if name in ("received", "overdue", "mean_days")} == {
        **{"received": 6, "overdue": 3, "mean_days": 5.0}
    }
    assert dict(report.tables["by_outcome"].select("outcome", "cases").iter_rows()) == {
        **{"complied": 1, "partly": 1, "refused": 1, "withdrawn": 1, "closed": 1, "open": 1}
    }
    # Done and not yet told is late, too: the answer is what the two weeks are for.
    assert set(report.tables["overdue"]["id"]) == {waiting, half, done}
    assert report.remarks == {"no_case": 1}
    desk.answered(office, done, "result", "fax")
    assert reported.requests(office, APRIL, date(2026, 4, 16)).facts["overdue"] == 2


def test_Q1_rows_that_a_law_keeps_make_an_erasure_a_partial_one(office: optout.Store) -> None:
    number = received(office, 1, kind="erase")
    desk.verify(office, number, "本人確認書類の写し", ["氏名"], True)
    desk.accept(office, number)
    case.moved(office, case.case(office, number), "executing")
    case.moved(office, case.case(office, number), "done", holdings={"会員": "removed", "台帳": "exempt"})
    report = reported.requests(office, APRIL, date(2026, 4, 10))
    assert (report.facts["complied"], report.facts["partly"]) == (0, 1)


def filed(**told: Any) -> Filing:
    usual: dict[str, Any] = {
        "name": "見本名簿株式会社",
        "address": "東京都千代田区千代田1-1",
        "representative": "見本 太郎",
        "items": ("氏名", "住所"),
        "methods": ("電子メール",),
        "starts": date(2026, 2, 1),
        "acquisition": ("購入",),
        "contact": ("郵送",),
        "updating": "年1回",
    }
    return Filing(**(usual | told))


def test_Q2_two_filings_on_record_are_told_old_beside_new(office: optout.Store) -> None:
    filing.record(office, filed())
    assert reported.filing(office).facts["first_filing"] is True
    filing.record(office, filed(items=("氏名", "住所", "電話番号"), address="大阪市北区梅田1-1"))
    filing.record(office, filed(starts=date(2027, 1, 1)))
    newest, first = reported.filing(office), reported.filing(office, old=1, new=2)
    changed = {
        name: report.tables["items"].filter(pl.col("change") != "same")["item"].to_list()
        for name, report in (("newest", newest), ("first", first))
    }
    assert changed == {"newest": ["party", "items", "starts"], "first": ["party", "items"]}
    with pytest.raises(OptionError):
        reported.filing(office, new=4)


def test_Q3_a_seller_who_is_a_person_is_told_by_number_alone(office: optout.Store, tmp_path: Path) -> None:
    office.suppress(optout.Request(name="見本 花子", phones=["090-1234-5678"]))
    sellers: dict[str, tuple[str, Any]] = {
        "a": ("individual", "番兵 守"),
        "b": ("consent", {"id": "S-7", "name": "番兵 守", "kind": "individual"}),
        "c": ("consent", "見本名簿店"),
        "d": ("direct", ""),
    }
    for name, (basis, supplier) in sellers.items():
        listed = tmp_path / f"{name}.csv"
        listed.write_text(
            f"氏名,TEL,備考\n見本 花子,090-1234-5678,{name}\n別人 太郎,03-1234-5611,\n", "utf-8"
        )
        optout.intake(listed, office, supplier, basis, "展示会", tmp_path / name)
    report = reported.effect(office, APRIL)
    told = dict(report.tables["by_supplier"].select("supplier", "removed_2").iter_rows())
    assert told == {"individual": 1, "S-7": 1, "見本名簿店": 1, "direct": 1}
    assert "番兵" not in str(report.document)


def test_Q3_a_list_taken_in_again_counts_once_and_as_it_was_seen_last(
    office: optout.Store, tmp_path: Path
) -> None:
    listed = tmp_path / "bought.csv"
    listed.write_text("氏名,TEL\n見本 花子,090-1234-5678\n別人 太郎,03-1234-5611\n", "utf-8")
    for day, name, phone in ((6, "見本 花子", "090-1234-5678"), (7, "別人 太郎", "03-1234-5611")):
        office.now = lambda day=day: datetime(2026, 4, day, 3, 0, tzinfo=UTC)  # type: ignore[misc]
        office.suppress(optout.Request(name=name, phones=[phone]))
        optout.intake(listed, office, "見本名簿店", "consent", "展示会", tmp_path / f"in{day}")
    report = reported.effect(office, APRIL)
    assert report.tables["by_check"].filter(check=2).select("runs", "rows", "removed").row(0) == (1, 2, 2)


def test_Q2_a_delivery_that_was_taken_back_is_not_reported_as_a_provision(
    office: optout.Store, tmp_path: Path
) -> None:
    office.suppress(optout.Request(name="見本 花子", phones=["090-1234-5678"]))
    listed = tmp_path / "labels.csv"
    listed.write_text("氏名,TEL\n別人 太郎,03-1234-5611\n", "utf-8")
    for number in ("D-1", "D-2"):
        optout.deliver(listed, office, "見本商事", "案内", "mail", tmp_path / number, delivery=number)
    assert reported.provisions(office, APRIL).facts["deliveries"] == 2
    withdraw(office, "D-2", "取引中止")
    report = reported.provisions(office, APRIL)
    assert report.tables["deliveries"]["on"].to_list() == [date(2026, 4, 6)]
    assert report.remarks == {"withdrawn": 1}
