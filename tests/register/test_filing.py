"""The filing: nine items, what is outside of it, and from which day something may be provided."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

import optout
from optout import tables
from optout.batch import headers
from optout.errors import OptionError
from optout.register import filing
from optout.register.filing import Filing

TODAY = date(2026, 11, 22)


def filed(**other: Any) -> Filing:
    usual: dict[str, Any] = {
        "name": "見本名簿株式会社",
        "address": "東京都千代田区千代田1-1",
        "representative": "見本 太郎",
        "items": ("氏名", "住所", "電話番号"),
        "methods": ("電子メールによる送付", "記録媒体の交付"),
        "starts": "2026-04-01",
        "noticed": "2026-04-01",
        "waiting_days": 14,
    }
    return Filing(**(usual | other))


def outside(
    one: Filing, columns: list[str], method: str = "電子メールによる送付", on: date = TODAY
) -> list[str]:
    named = [(column, reading.field if (reading := headers.read(column)) else "") for column in columns]
    return filing.outside(one, named, method, on)


@pytest.mark.parametrize(
    ("columns", "unfiled"),
    [
        (["氏名", "住所", "電話番号"], []),
        (["お名前", "姓", "名", "住所1", "住所２", "携帯電話", "TEL"], []),
        (["氏名", "年収"], ["年収"]),
        (["氏名", "〒", "フリガナ"], ["〒", "フリガナ"]),
        (["氏名", "メールアドレス", "FAX番号", "生年月日"], ["メールアドレス", "FAX番号", "生年月日"]),
        (["氏名", "顧客番号"], ["顧客番号"]),
    ],
)
def test_G5_a_column_that_is_not_filed_may_not_go_out(columns: list[str], unfiled: list[str]) -> None:
    reasons = outside(filed(), columns)
    assert [reason.split(": ")[1] for reason in reasons] == ([", ".join(unfiled)] if unfiled else [])


def test_G5_what_the_vendor_says_an_item_covers_is_filed() -> None:
    one = filed(covers={"住所": ("〒",), "氏名": ("顧客番号", "敬称")})
    assert outside(one, ["氏名", "〒", "顧客番号", "敬称"]) == []
    with pytest.raises(OptionError, match="covers"):
        filed(covers={"年収": ("年収",)})


@pytest.mark.parametrize(
    ("method", "refused"),
    [("電子メール による送付", False), ("記録媒体の交付", False), ("郵送", True), ("", True)],
)
def test_G5_the_method_must_be_filed(method: str, refused: bool) -> None:
    reasons = outside(filed(), ["氏名"], method)
    assert bool(reasons) is refused
    assert all("FI05" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("facts", "first"),
    [
        ({}, date(2026, 4, 15)),
        ({"waiting_days": 0}, date(2026, 4, 1)),
        ({"starts": "2026-06-01"}, date(2026, 6, 1)),
        ({"noticed": "2026-05-20", "published": "2026-05-25"}, date(2026, 6, 3)),
        ({"noticed": None, "published": "2026-05-25"}, date(2026, 6, 8)),
    ],
)
def test_G5_nothing_goes_out_before_people_had_time_to_say_no(facts: dict[str, Any], first: date) -> None:
    one = filed(**facts)
    assert one.allowed_from == first
    assert outside(one, ["氏名"], on=first) == []
    [reason] = outside(one, ["氏名"], on=date.fromordinal(first.toordinal() - 1))
    assert str(first) in reason


def test_G5_a_filing_nobody_was_told_of_allows_nothing() -> None:
    [reason] = outside(filed(noticed=None), ["氏名"])
    assert "通知" in reason


def test_a_filing_has_nine_items_and_every_version_stays(store: optout.Store) -> None:
    assert filing.current(store) is None
    assert filing.versions(store) == []
    filing.record(store, filed())
    second = filing.record(store, filed(items=("氏名", "住所")))
    assert [each.version for each in filing.versions(store)] == [1, 2]
    assert filing.current(store) == second
    assert len(second.sheet) == tables.load("filing_item").height == 9
    assert second.sheet["第三者に提供される個人データの項目"] == "氏名、住所"


def test_every_field_of_a_person_belongs_to_an_item_that_can_be_filed() -> None:
    parts = tables.mapping("filed_item", "field", "item")
    personal = {row["field"] for row in tables.load("header_field").iter_rows(named=True) if row["slot"]}
    assert personal - parts.keys() <= {"dm_ok", "note", "refusal", "permission"}
    assert parts.keys() <= set(tables.load("header_field")["field"])


@pytest.mark.parametrize("wrong", [{"starts": None}, {"starts": "春"}, {"waiting_days": -1}])
def test_a_filing_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        filed(**wrong)
