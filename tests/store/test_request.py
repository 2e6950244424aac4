from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from optout.errors import OptionError
from optout.schema import CHANNELS, ENTRY_SCHEMA
from optout.store import Identity, Receipt, Request
from optout.store.request import Answered, channels, read_channels
from optout.tables import load


def pairs(request: Request) -> set[tuple[Any, Any]]:
    return {(entry["name"], entry["address"]) for entry in request.entries("R-1")}


def test_an_entry_has_every_field_of_the_schema() -> None:
    (entry,) = Request(name="見本 一郎").entries("R-1")
    assert set(entry) == set(ENTRY_SCHEMA)
    assert (entry["request"], entry["phones"], entry["household"]) == ("R-1", [], False)


def test_every_name_is_listed_with_every_address() -> None:
    request = Request(
        name="見本 花子",
        address="東京都新宿区1-1",
        phones="03-1234-5678",
        identities=[
            Identity(name="旧本 花子", birth_date=date(1970, 3, 2)),
            Identity(address="大阪府大阪市2-2", phones=["090-1234-5678", "03-1234-5678"]),
        ],
    )
    names, places = {"見本 花子", "旧本 花子"}, {"東京都新宿区1-1", "大阪府大阪市2-2"}
    assert pairs(request) == {(name, place) for name in names for place in places}
    for entry in request.entries("R-1"):
        assert entry["phones"] == ["03-1234-5678", "090-1234-5678"]
        assert entry["birth_date"] == "1970-03-02"


def test_the_same_identity_twice_adds_nothing() -> None:
    request = Request(
        name="見本 花子", address="東京都1-1", identities=[Identity(name="見本 花子"), Identity()]
    )
    assert len(request.entries("R-1")) == 1


def test_another_name_is_not_read_as_the_main_one() -> None:
    request = Request(name="見本 花子", kana="ミホン ハナコ", identities=[Identity(name="旧本 花子")])
    assert [entry["kana"] for entry in request.entries("R-1")] == ["ミホン ハナコ", None]


def test_another_address_is_not_at_the_main_postal_code() -> None:
    request = Request(postal="160-0023", address="東京都1-1", identities=[Identity(address="大阪府2-2")])
    assert [entry["postal"] for entry in request.entries("R-1")] == ["160-0023", None]


def test_another_reading_is_of_the_main_name() -> None:
    request = Request(name="見本 裕子", kana="ミホン ユウコ", identities=[Identity(kana="ミホン ヒロコ")])
    assert [(entry["name"], entry["kana"]) for entry in request.entries("R-1")] == [
        ("見本 裕子", "ミホン ユウコ"),
        ("見本 裕子", "ミホン ヒロコ"),
    ]


def test_a_request_without_a_name_takes_those_of_its_identities() -> None:
    request = Request(phones="03-1234-5678", identities=[Identity(name="見本 花子")])
    assert [entry["name"] for entry in request.entries("R-1")] == ["見本 花子"]


@pytest.mark.parametrize(
    ("written", "expect"),
    [
        ("all", CHANNELS),
        (None, CHANNELS),
        ("すべて", CHANNELS),
        ("phone", ("phone",)),
        ("電話、ＦＡＸ", ("phone", "fax")),
        ("fax, MAIL", ("mail", "fax")),
        (["ﾒｰﾙ", "SMS"], ("email", "sms")),
        (("郵送",), ("mail",)),
        (["電話,FAX", "郵送"], ("mail", "phone", "fax")),
    ],
)
def test_channels_are_read_in_both_languages(written: Any, expect: tuple[str, ...]) -> None:
    assert channels(written) == expect


def test_every_channel_word_proves_itself() -> None:
    rows = load("channel").to_dicts()
    assert rows
    for row in rows:
        meaning = CHANNELS if row["expect"] == "all" else (row["expect"],)
        assert read_channels(row["example"]) == meaning
        assert read_channels(row["leaves_alone"]) != meaning


@pytest.mark.parametrize("wrong", ["pigeon", "", [], ["phone", 3], 7, "電話,鳩"])
def test_a_channel_that_does_not_exist_is_refused(wrong: Any) -> None:
    with pytest.raises(OptionError):
        Request(channels=wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": 7},
        {"name": b"x"},
        {"phones": 9012345678},
        {"phones": [9012345678]},
        {"emails": b"a@example.com"},
        {"birth_date": 19700302},
        {"household": "yes"},
        {"identities": "見本"},
        {"identities": [Request()]},
        {"identities": 3},
        {"tenant": 1},
    ],
)
def test_a_value_of_another_type_is_refused_and_not_shown(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError) as refused:
        Request(**wrong)
    assert "9012345678" not in str(refused.value)


def test_dates_become_text_and_blanks_nothing() -> None:
    request = Request(
        name=" ", birth_date=datetime(1970, 3, 2, 1), received=date(2026, 4, 1), phones=["", " "]
    )
    assert (request.name, request.birth_date, request.received) == (None, "1970-03-02", "2026-04-01")
    assert request.phones == ()


def test_half_a_surrogate_pair_does_not_stop_a_request() -> None:
    assert Request(name="見本\ud867").name == "見本\ufffd"
    assert Request(name="\ud842\udfb7野").name == "𠮷野"


def test_the_same_request_has_the_same_canonical_form() -> None:
    assert Request(phones="03-1234-5678").canonical == Request(phones=["03-1234-5678"]).canonical
    assert Request(name="見本").canonical != Request(kana="見本").canonical


def test_repr_shows_no_value() -> None:
    other = Identity(name="旧本 花子", address="大阪府2-2", phones="090-1234-5678")
    request = Request(
        name="見本 花子",
        emails="hanako@example.com",
        birth_date="1970-03-02",
        channels="電話",
        identities=[other],
    )
    shown = f"{request!r} {other!r} {request} {other} {request.identities!r}"
    for value in ("見本", "花子", "旧本", "example", "1970", "090", "大阪"):
        assert value not in shown
    assert repr(Receipt(Answered(("R-1",)), 3, Answered((True,)))) == "Receipt(1 requests, revision=3)"
