"""The figures of the reports, from lines of records (Q1, Q2, Q3, X6)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optout
from optout import tables
from optout.batch import open_batch
from optout.batch.special_care import costly
from optout.checks import reporting
from optout.checks.leaked import Leak, scope
from optout.checks.reporting import ANSWERED, OUTCOMES, PROVIDED, REMOVED, Period
from optout.checks.reporting_breach import LEAKED, Circumstances, breach
from optout.errors import OptionError

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def removed(*lines: tuple[int, int, str, str | None, int | None, int, int]) -> pl.DataFrame:
    """check, day of November, list, supplier, rows, removed, review."""
    told = [
        dict(zip(REMOVED, (check, date(2026, 11, day), *rest), strict=True)) for check, day, *rest in lines
    ]
    return pl.DataFrame(told, schema=REMOVED)


def case(number: int, **told: Any) -> dict[str, Any]:
    arrived = told.pop("received", date(2026, 11, 2))
    usual = {"kind": "stop", "channel": "fax", "client": None, "outcome": "complied", "answered": None}
    due = {"due": arrived + timedelta(days=14)}
    return {"id": f"C-{number:03d}", "received": arrived, **due, **usual, **told}


def answered(*lines: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=ANSWERED)


def rows(report: reporting.Report, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return report.tables[table].select(columns).rows()


def test_Q3_the_effect_is_counted_by_check_list_and_supplier() -> None:
    lines = removed(
        (1, 3, "同窓会.csv", "見本名簿店", None, 4, 1),
        (2, 4, "同窓会.csv", "見本名簿店", 1000, 20, 3),
        (2, 5, "通販.csv", "例示商店", 500, 7, 0),
        (3, 9, "通販.csv", "例示商店", 400, 2, 0),
        (3, 10, "不明.csv", None, 100, 1, 0),
    )
    report = reporting.effect(lines, NOVEMBER)
    assert rows(report, "by_check", "check", "runs", "rows", "removed", "share") == [
        (1, 1, None, 4, None),
        (2, 2, 1500, 27, 1.8),
        (3, 2, 500, 3, 0.6),
    ]
    assert rows(report, "by_list", "list", "removed_1", "removed_2", "removed_3", "removed", "review") == [
        ("同窓会.csv", 4, 20, 0, 24, 4),
        ("通販.csv", 0, 7, 2, 9, 0),
        ("不明.csv", 0, 0, 1, 1, 0),
    ]
    assert rows(report, "by_supplier", "supplier", "removed") == [
        ("見本名簿店", 24),
        ("例示商店", 9),
        (None, 1),
    ]
    assert report.facts["removed"] == 34
    assert report.remarks == {"supplier_unknown": 1}


def test_Q3_what_happened_outside_of_the_period_is_not_counted_and_both_its_days_are() -> None:
    lines = removed((2, 1, "a", "s", 10, 1, 0), (2, 30, "a", "s", 10, 2, 0))
    early = removed((2, 1, "a", "s", 10, 64, 0)).with_columns(on=date(2026, 10, 31))
    assert reporting.effect(pl.concat([lines, early]), NOVEMBER).facts["removed"] == 3


def test_a_check_that_did_nothing_has_a_line_that_says_so() -> None:
    report = reporting.effect(pl.DataFrame(schema=REMOVED), NOVEMBER)
    assert rows(report, "by_check", "check", "runs", "removed") == [(1, 0, 0), (2, 0, 0), (3, 0, 0)]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            *(
                st.integers(1, 3),
                st.integers(1, 30),
                st.sampled_from("abc"),
                st.sampled_from(["s", "t", None]),
            ),
            *(st.just(1000), st.integers(0, 500), st.integers(0, 500)),
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_O5_no_row_is_lost_between_the_tables_and_their_order_is_that_of_no_line(
    lines: Any, rng: Any
) -> None:
    report = reporting.effect(removed(*lines), NOVEMBER)
    whole = sum(line[5] for line in lines)
    for name in ("by_check", "by_month", "by_list", "by_supplier"):
        assert report.tables[name]["removed"].sum() == whole
    shuffled = rng.sample(lines, len(lines))
    assert reporting.effect(removed(*shuffled), NOVEMBER).document == report.document


def test_Q1_requests_are_told_by_outcome_with_mean_and_median_days_by_kind_channel_and_client() -> None:
    lines = answered(
        case(1, answered=date(2026, 11, 3)),
        case(2, answered=date(2026, 11, 5), client="見本商事", channel="client"),
        case(3, answered=date(2026, 11, 14), outcome="refused", kind="erase"),
        case(4, outcome="partly"),
        case(5, outcome="open", received=date(2026, 11, 20)),
        case(6, outcome="withdrawn", answered=date(2026, 11, 2)),
        case(7, received=date(2026, 10, 31), answered=date(2026, 11, 1)),
    )
    report = reporting.requests(lines, NOVEMBER, date(2026, 11, 25), unfiled=3)
    assert {name: report.facts[name] for name in ("received", *OUTCOMES)} == {
        **{"received": 6, "complied": 2, "partly": 1, "refused": 1, "withdrawn": 1, "closed": 0, "open": 1}
    }
    assert (report.facts["mean_days"], report.facts["median_days"]) == (4.0, 2.0)
    assert rows(report, "by_kind", "kind", "received", "mean_days", "median_days") == [
        ("stop", 5, 1.3, 1.0),
        ("erase", 1, 12.0, 12.0),
    ]
    assert rows(report, "by_channel", "channel", "received") == [("fax", 5), ("client", 1)]
    assert rows(report, "by_client", "client", "complied") == [(None, 1), ("見本商事", 1)]
    assert rows(report, "overdue", "id", "days_late") == [("C-004", 9)]
    assert report.remarks == {"no_case": 3}


def test_Q1_every_answered_case_is_in_one_span_of_days() -> None:
    took = [0, 1, 2, 3, 4, 7, 8, 14, 15, 90]
    lines = [case(n, answered=date(2026, 11, 2) + timedelta(days)) for n, days in enumerate(took)]
    report = reporting.requests(answered(*lines), NOVEMBER, date(2026, 11, 30))
    assert report.tables["days"].rows() == [
        *((0, 0, 1), (1, 1, 1), (2, 3, 2), (4, 7, 2), (8, 14, 2), (15, None, 2))
    ]


def test_Q1_a_request_is_late_on_the_day_after_it_was_due() -> None:
    lines = answered(case(1, received=date(2026, 11, 1), outcome="open"))
    late = [
        reporting.requests(lines, NOVEMBER, day).facts["overdue"]
        for day in (date(2026, 11, 15), date(2026, 11, 16))
    ]
    assert late == [0, 1]


def provided(number: int, **told: Any) -> dict[str, Any]:
    usual = {
        "id": f"P-{number}",
        "on": date(2026, 11, number),
        "recipient": "見本商事",
        "corporate_number": "1234567890123",
        "verified": date(2026, 10, 1),
        "purpose": "教材の案内",
        "basis": "optout",
        "method": "mail",
        "items": ["氏名", "住所"],
        "rows": 100,
        "certificate": f"cert-{number}",
    }
    return usual | told


def test_Q2_the_monthly_report_of_provisions_names_recipients_rows_purposes_and_items() -> None:
    lines = pl.DataFrame(
        [
            provided(4),
            provided(9, rows=50, items=["氏名", "電話番号"], purpose="模試の案内"),
            provided(11, recipient="例示通販", corporate_number=None, verified=None, certificate=None),
        ],
        schema=PROVIDED,
    )
    report = reporting.provisions(lines, NOVEMBER)
    told = report.tables["by_recipient"].to_dicts()
    assert [(line["recipient"], line["deliveries"], line["rows"]) for line in told] == [
        ("見本商事", 2, 150),
        ("例示通販", 1, 100),
    ]
    assert set(told[0]["items"]) == {"氏名", "住所", "電話番号"}
    assert told[0]["purposes"] == ["教材の案内", "模試の案内"]
    assert report.facts == {
        "deliveries": 3,
        "rows": 250,
        "recipients": 2,
        "not_verified": 1,
        "no_certificate": 1,
    }


def test_Q2_a_recipient_who_was_confirmed_after_the_delivery_was_not_confirmed_for_it() -> None:
    lines = pl.DataFrame([provided(4, verified=date(2026, 11, 5))], schema=PROVIDED)
    assert reporting.provisions(lines, NOVEMBER).facts["not_verified"] == 1


FILED: dict[str, Any] = {
    "party": ("見本名簿株式会社", "東京都千代田区千代田1-1", "見本 太郎"),
    "purpose": "第三者への提供",
    "items": ("氏名", "住所", "電話番号"),
    "acquisition": ("同窓会名簿の購入",),
    "methods": ("書面", "電子記録媒体"),
    "stop": "本人の求めに応じて停止する",
    "contact": ("郵送",),
    "updating": "年1回",
    "starts": date(2026, 4, 1),
}


def test_Q2_the_filing_is_told_item_by_item_old_beside_new_and_when_a_change_must_be_filed() -> None:
    new = FILED | {
        "items": ("電話番号", "氏名", "生年月日"),
        "party": ("見本名簿株式会社", "大阪市北区梅田1-1"),
    }
    report = reporting.filing(FILED, new)
    lines = {line["item"]: line for line in report.tables["items"].to_dicts()}
    assert [line["number"] for line in lines.values()] == list(range(1, 10))
    assert lines["items"]["taken_away"] == ["住所"]
    assert lines["items"]["put_in"] == ["生年月日"]
    assert (lines["items"]["when"], lines["party"]["when"]) == ("beforehand", "without_delay")
    assert {name for name, line in lines.items() if line["change"] != "same"} == {"items", "party"}
    assert report.facts == {
        **{"changed": 2, "beforehand": 1, "without_delay": 1, "missing": 0, "first_filing": False}
    }


def test_Q2_the_order_of_items_is_no_change_and_a_first_filing_adds_all_nine() -> None:
    assert reporting.filing(FILED, FILED | {"items": FILED["items"][::-1]}).facts["changed"] == 0
    first = reporting.filing(None, FILED)
    assert first.facts["first_filing"] is True
    assert first.tables["items"]["change"].unique().to_list() == ["added"]


def test_a_filing_has_nine_items_and_no_other() -> None:
    with pytest.raises(OptionError):
        reporting.filing(None, {"colour": "red"})


def leaked(**told: Any) -> pl.DataFrame:
    usual = {"list": "a.csv", "rows": 10, "people": 10, "items": ["氏名"], "sensitive": [], "property": []}
    return pl.DataFrame([usual | told], schema=LEAKED)


KNOWN = date(2026, 11, 20)
HARMLESS = Circumstances(KNOWN, encrypted=False, malicious=False, property_risk=False)


def test_X6_the_day_of_knowing_is_day_one_and_days_3_5_and_30_are_named() -> None:
    report = breach(leaked(people=1001, rows=1001), HARMLESS, as_of=date(2026, 11, 23))
    assert report.tables["dates"].rows() == [
        ("known", 1, date(2026, 11, 20), True),
        ("first", 3, date(2026, 11, 22), True),
        ("first", 5, date(2026, 11, 24), False),
        ("final", 30, date(2026, 12, 19), False),
        ("persons", None, None, None),
    ]


def test_X6_malice_gives_60_days_and_makes_it_reportable_whatever_the_number() -> None:
    told = Circumstances(KNOWN, encrypted=False, malicious=True, property_risk=False)
    report = breach(leaked(), told)
    assert report.facts["reportable"] is True
    assert ("final", 60, date(2027, 1, 18), None) in report.tables["dates"].rows()


@pytest.mark.parametrize(("people", "over"), [(999, False), (1000, False), (1001, True)])
def test_X6_more_than_a_thousand_people_is_1001(people: int, over: bool) -> None:
    report = breach(leaked(people=people), HARMLESS)
    assert (report.facts["over_1000"], report.facts["reportable"]) == (over, over)


def test_X6_what_is_encrypted_is_not_reportable_and_what_nobody_knows_is() -> None:
    sealed = breach(leaked(people=5000), Circumstances(KNOWN, True, True, True))
    assert sealed.facts["reportable"] is False
    assert sealed.tables["dates"].height == 1
    unknown = breach(leaked(), Circumstances(KNOWN))
    assert unknown.facts["reportable"] is True
    assert unknown.remarks == {"unknown": 3}


def test_X6_items_of_special_care_and_of_money_are_found_and_stand_first() -> None:
    frame = pl.DataFrame({"氏名": ["見本 花子"], "口座番号": ["1"], "病歴": [""]})
    found = scope([Leak(open_batch(frame))])
    report = breach(found.lines, HARMLESS, found.people)
    assert rows(report, "items", "item", "sensitive", "property") == [
        ("病歴", True, False),
        ("口座番号", False, True),
        ("氏名", False, False),
    ]
    assert rows(report, "reasons", "reason", "answer")[:2] == [("sensitive", "yes"), ("property", "yes")]


def test_X6_the_nine_points_of_the_first_report_are_there_and_two_are_filled_in() -> None:
    report = breach(leaked(people=1234, items=["氏名", "住所"]), Circumstances(KNOWN))
    points = report.tables["first_report"]
    assert points["number"].to_list() == list(range(1, 10))
    told = {line["point"]: line["told"] for line in points.iter_rows(named=True) if line["told"]}
    assert told == {"items": ["氏名", "住所"], "people": ["1,234"]}


def test_X6_people_are_counted_once_however_they_are_spelt_and_wherever_they_stand() -> None:
    first = pl.DataFrame(
        {
            "氏名": ["髙橋　一郎 様", "高橋一郎", "見本 花子・太郎", None],
            "住所": ["東京都新宿区西新宿3-2-1", "新宿区西新宿三丁目2番1号", "千代田区千代田1-1", None],
            "TEL": ["090-1234-5678", "０９０１２３４５６７８", None, None],
        }
    )
    second = pl.DataFrame(
        {"TEL": ["09012345678"], "氏名": ["高橋 一郎"], "住所": ["東京都新宿区西新宿3-2-1"]}
    )
    found = scope([Leak(open_batch(first)), Leak(open_batch(second), "写し")])
    # 高橋, 見本花子, 見本太郎, and a row that tells nothing.
    assert found.lines.select("rows", "people").rows() == [(4, 4), (1, 1)]
    assert found.people == 4
    assert found.lines["list"].to_list()[1] == "写し"


def test_X6_a_record_that_cannot_be_read_is_somebody(tmp_path: Any) -> None:
    path = tmp_path / "leaked.csv"
    path.write_text("氏名,TEL\n見本 花子,090-1234-5678\n見本 花子,090-1234-5678,too,many\n", "utf-8")
    found = scope([Leak(open_batch(path))])
    assert (found.lines["rows"].item(), found.people) == (2, 2)


@pytest.mark.parametrize("rule", tables.load("header_property").to_dicts(), ids=lambda rule: rule["rule_id"])
def test_every_header_of_money_proves_itself(rule: dict[str, str]) -> None:
    assert costly([rule["leaves_alone"], rule["example"]]) == [rule["example"]]


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(OptionError):
        Period(date(2026, 11, 2), date(2026, 11, 1))


def test_a_report_needs_no_more_than_an_empty_store(store: optout.Store) -> None:
    from optout.checks import reported

    for report in (
        reported.effect(store, NOVEMBER),
        reported.requests(store, NOVEMBER, date(2026, 11, 30)),
        reported.provisions(store, NOVEMBER),
    ):
        assert set(report.facts.values()) <= {0, None, date(2026, 11, 30)}
    with pytest.raises(OptionError, match="none: record the filing first"):
        reported.filing(store)
