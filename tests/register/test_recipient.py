"""Recipients: everything that has to be confirmed, each lacking thing named, rules that an office can add to."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

import optout
from optout import tables
from optout.errors import OptionError, RecordChangedError
from optout.register import recipient
from optout.register.recipient import Recipient, Rule

TODAY = date(2026, 11, 22)


def verified(**other: Any) -> Recipient:
    usual: dict[str, Any] = {
        "id": "C-102",
        "name": "見本商事株式会社",
        "address": "東京都港区芝公園4-2-8",
        "representative": "見本 一",
        "corporate_number": "1000012010003",
        "corporate_checked": date(2026, 10, 1),
        "contact": "営業部 見本 花",
        "contact_checked": date(2026, 10, 1),
        "covenant_sha256": "a" * 64,
        "purposes": ("DM発送",),
        "valid_until": date(2027, 3, 31),
    }
    return Recipient(**(usual | other))


def lacking(one: Recipient, rules: list[Rule], purpose: str = "DM発送") -> list[str]:
    return recipient.lacking(one, purpose, TODAY, rules)


def test_G4_a_recipient_of_whom_everything_is_confirmed_lacks_nothing(store: optout.Store) -> None:
    recipient.add(store, verified())
    assert lacking(verified(), recipient.rules(store)) == []
    assert recipient.named(store, "見本商事 株式会社") == recipient.named(store, "C-102") == verified()
    assert recipient.named(store, "他の会社") is None


@pytest.mark.parametrize(
    ("without", "rule"),
    [
        ({"address": ""}, "RF02"),
        ({"representative": ""}, "RF03"),
        ({"corporate_number": ""}, "RF04"),
        ({"corporate_number": "1000012010004"}, "RF04"),
        ({"corporate_checked": None}, "RF05"),
        ({"corporate_checked": date(2025, 11, 21)}, "RF05"),
        ({"corporate_checked": date(2026, 11, 23)}, "RF05"),
        ({"contact": ""}, "RF07"),
        ({"contact_checked": None}, "RF08"),
        ({"covenant_sha256": ""}, "RF09"),
        ({"covenant_sha256": "誓約書あり"}, "RF09"),
        ({"valid_until": None}, "RF11"),
        ({"valid_until": date(2026, 11, 21)}, "RF11"),
    ],
)
def test_G4_each_thing_that_is_not_confirmed_is_a_reason(
    store: optout.Store, without: dict[str, Any], rule: str
) -> None:
    [reason] = lacking(verified(**without), recipient.rules(store))
    assert rule in reason
    for planted in ("見本", "芝公園", "誓約書あり"):
        assert planted not in reason


def test_G4_all_that_is_lacking_is_told_at_once(store: optout.Store) -> None:
    bare = Recipient("C-1", "見本商事")
    found = lacking(bare, recipient.rules(store))
    told = [row["rule_id"] for row in tables.load("recipient_field").iter_rows(named=True)]
    expected = [
        rule for rule in told if rule not in ("RF01", "RF06")
    ]  # the name is there; RF06 is for individuals
    assert [next(rule for rule in expected if rule in reason) for reason in found] == expected


def test_G4_an_individual_is_identified_and_has_no_representative(store: optout.Store) -> None:
    someone = verified(
        kind="individual", representative="", corporate_number="", contact="", contact_checked=None
    )
    [reason] = lacking(someone, recipient.rules(store))
    assert "identity_checked" in reason
    assert lacking(verified(kind="individual", identity_checked=TODAY), recipient.rules(store)) == []


def test_G4_a_purpose_nobody_declared_is_a_reason(store: optout.Store) -> None:
    assert lacking(verified(), recipient.rules(store), "ＤＭ 発送") == []
    [reason] = lacking(verified(), recipient.rules(store), "電話勧誘")
    assert "利用目的" in reason


def test_G4_rules_hold_from_a_day_on_and_an_office_adds_its_own(store: optout.Store) -> None:
    shorter = Rule("own", "contact_checked", "在籍確認", "corporation", "within", 30)
    coming = Rule("own", "ownership", "実質的支配者", "corporation", "told", since=date(2028, 7, 1))
    recipient.require(store, [shorter, coming])
    [reason] = lacking(verified(), recipient.rules(store))
    assert "contact_checked is older than 30 days" in reason
    later = recipient.lacking(
        verified(contact_checked="2028-07-01", corporate_checked="2028-07-01", valid_until="2029-03-31"),
        "DM発送",
        date(2028, 7, 2),
        recipient.rules(store),
    )
    assert [reason for reason in later if "ownership" in reason] == later
    assert len(later) == 1
    told = verified(further={"ownership": "確認済"})
    assert not [
        why
        for why in recipient.lacking(told, "DM発送", date(2028, 7, 2), recipient.rules(store))
        if "ownership" in why
    ]


def test_G4_a_rule_of_the_statutory_record_cannot_be_waived(store: optout.Store) -> None:
    with pytest.raises(OptionError, match="第29条"):
        recipient.require(store, [Rule("own", "address", "住所", check="none")])
    recipient.require(store, [Rule("own", "contact_checked", "在籍確認", check="none")])
    assert lacking(verified(contact_checked=None), recipient.rules(store)) == []
    with pytest.raises(OptionError):
        recipient.require(store, [Rule("own", "contact", "担当者", check="perhaps")])


@pytest.mark.parametrize("number", ["1000012010003", "7000012050002", "８７００１１０００５９０１"])
def test_G4_the_check_digit_of_a_corporate_number(number: str) -> None:
    """法人番号の指定等に関する省令 第2条."""
    digits = verified(corporate_number=number).corporate_number
    assert recipient.is_corporate_number(digits)
    wrong = str((int(digits[0]) % 9) + 1) + digits[1:]
    assert not recipient.is_corporate_number(wrong)
    assert not recipient.is_corporate_number(digits[:12])


def test_every_version_of_a_recipient_stays_on_record(store: optout.Store) -> None:
    recipient.add(store, verified())
    recipient.add(store, verified(contact="営業部 例示 太"))
    assert [one.contact for one, _ in recipient.versions(store, "C-102")] == [
        "営業部 見本 花",
        "営業部 例示 太",
    ]
    with pytest.raises(OptionError, match="name"):
        recipient.add(store, verified(id="C-103"))


def test_two_people_who_change_a_recipient_at_once_do_not_undo_each_other(store: optout.Store) -> None:
    recipient.add(store, verified())
    draft = store.record_of(recipient.KIND, "C-102")
    recipient.add(store, verified(contact="営業部 例示 太"))
    from optout.store import Draft

    with pytest.raises(RecordChangedError):
        store.keep([Draft(recipient.KIND, "C-102", draft.told, after=draft.n)], "recipient")


@pytest.mark.parametrize(
    "wrong", [{"id": "見本商事"}, {"id": ""}, {"kind": "friend"}, {"name": " "}, {"valid_until": "春"}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        verified(**wrong)


def test_E5_nothing_of_a_recipient_is_shown_by_accident(store: optout.Store) -> None:
    assert repr(verified()) == "<Recipient C-102>"
