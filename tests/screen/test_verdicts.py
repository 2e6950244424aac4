"""DESIGN §5, sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

import optout
from optout.errors import EmptyStoreError, OptionError

Make = Callable[..., optout.Request]

NAME, KANA = "髙橋 一郎", "タカハシ イチロウ"
PLACE, ELSEWHERE = "新宿区西新宿3-2-1", "大阪市北区梅田1-1-1"
NUMBER, OTHER_NUMBER = "03-1234-5678", "06-1234-5678"


def verdict(store: optout.Store, **options: object) -> Callable[..., tuple[str, str | None]]:
    """Screen one row given as fields; its verdict and reason."""

    def of(**row: str | None) -> tuple[str, str | None]:
        headers = {
            "name": "氏名",
            "kana": "フリガナ",
            "address": "住所",
            "phone": "電話番号",
            "email": "メール",
        }
        headers |= {"birth": "生年月日", "note": "備考", "flag": "DM不要", "postal": "郵便番号"}
        frame = pl.DataFrame({headers[field]: [value] for field, value in row.items()})
        result = optout.screen(frame.cast(pl.String), store, **options)  # type: ignore[arg-type]
        line = result.verdicts.row(0, named=True)
        return line["verdict"], line["reason"]

    return of


def test_a_name_alone_never_withholds(store: optout.Store, person: Make) -> None:
    store.suppress(person())
    assert verdict(store)(name=NAME, kana=KANA) == ("keep", None)


@pytest.mark.parametrize(
    ("row", "request_fields"),
    [
        ({"name": NAME, "address": PLACE}, {}),
        ({"name": "高橋一郎様", "phone": "０３（１２３４）５６７８"}, {}),
        ({"name": NAME, "email": "TARO@Example.jp"}, {"emails": ["taro@example.jp"]}),
        ({"name": NAME, "birth": "S45.3.2"}, {"birth_date": "1970-03-02"}),
        ({"kana": "ﾀｶﾊｼ ｲﾁﾛｳ", "address": PLACE}, {}),
        ({"kana": "たかはし いちろう", "phone": NUMBER}, {}),
        ({"kana": KANA, "birth": "1970/3/2"}, {"birth_date": "昭和45年3月2日"}),
        ({"name": "高橋 一郎", "address": PLACE}, {"name": None}),
    ],
)
def test_a_name_with_one_more_identifier_withholds(
    store: optout.Store, person: Make, row: dict[str, str], request_fields: dict[str, object]
) -> None:
    store.suppress(person(**request_fields))
    assert verdict(store)(**row) == ("withhold", "same_email" if "email" in row else "same_person")


@pytest.mark.parametrize(
    ("given", "other"), [("一郎", "一朗"), ("明", "明美"), ("洋子", "陽子"), ("実", "稔")]
)
def test_given_names_between_equal_and_clearly_different_are_reviewed(
    store: optout.Store, given: str, other: str
) -> None:
    store.suppress(optout.Request(name=f"佐藤 {given}", address=PLACE, phones=[NUMBER]))
    assert verdict(store)(name=f"佐藤 {other}", address=PLACE) == ("review", "name_variant")
    assert verdict(store)(name=f"佐藤 {other}", phone=NUMBER) == ("review", "name_variant")


def test_an_equal_email_withholds_whoever_is_named(store: optout.Store, person: Make) -> None:
    store.suppress(person(emails=["taro@example.jp", "info@example.co.jp"]))
    assert verdict(store)(name="鈴木 花子", email="taro@example.jp") == ("withhold", "same_email")
    assert verdict(store)(name="鈴木 花子", email="info@example.co.jp") == ("keep", None)


def test_an_equal_phone_without_a_usable_name_withholds(store: optout.Store, person: Make) -> None:
    store.suppress(person())
    assert verdict(store)(name="不明", phone=NUMBER) == ("withhold", "same_phone")
    assert verdict(store)(phone=NUMBER) == ("withhold", "same_phone")


def test_an_equal_phone_of_a_relative_is_reviewed_or_withheld_by_policy(
    store: optout.Store, person: Make
) -> None:
    store.suppress(person())
    relative = {"name": "高橋 花子", "phone": NUMBER}
    assert verdict(store)(**relative)[0] == "review"
    assert verdict(store, policy="household")(**relative) == ("withhold", "household_policy")


def test_an_equal_phone_of_somebody_else_is_reviewed(store: optout.Store, person: Make) -> None:
    store.suppress(person())
    stranger = {"name": "鈴木 花子", "address": ELSEWHERE, "phone": NUMBER}
    assert verdict(store)(**stranger) == ("review", "other_person_same_phone")
    assert verdict(store, channel="phone")(**stranger) == ("withhold", "same_phone")


@pytest.mark.parametrize(
    "number", ["0120-123-456", "0800-123-4567", "090-1111-1111", "0000000000", "03-1234-56"]
)
def test_shared_and_impossible_numbers_are_no_keys(store: optout.Store, person: Make, number: str) -> None:
    store.suppress(person(phones=[number]))
    assert verdict(store)(name="鈴木 花子", phone=number) == ("keep", None)


def test_a_missing_room_agrees_and_another_room_is_reviewed(store: optout.Store, person: Make) -> None:
    store.suppress(person(address=f"{PLACE} 見本ハイツ301号室"))
    assert verdict(store)(name=NAME, address=PLACE) == ("withhold", "same_person")
    assert verdict(store)(name=NAME, address=f"{PLACE}-301") == ("withhold", "same_person")
    assert verdict(store)(name=NAME, address=f"{PLACE} 見本ハイツ302") == ("review", "room_differs")
    assert verdict(store)(name=NAME, address=f"{PLACE} 見本ハイツ302", phone=NUMBER)[0] == "withhold"


def test_a_relative_at_the_same_address_is_kept_or_withheld_by_policy(
    store: optout.Store, person: Make
) -> None:
    store.suppress(person())
    relative = {"name": "高橋 花子", "address": PLACE}
    assert verdict(store)(**relative) == ("keep", None)
    assert verdict(store, policy="household")(**relative) == ("withhold", "household_policy")


def test_a_changed_surname_is_reviewed_until_something_else_agrees(store: optout.Store) -> None:
    store.suppress(optout.Request(name="鈴木 花子", address=PLACE, phones=[NUMBER], birth_date="1980-01-31"))
    assert verdict(store)(name="佐藤 花子", address=PLACE) == ("review", "surname_changed")
    assert verdict(store)(name="佐藤 花子", address=PLACE, phone=NUMBER) == ("withhold", "surname_changed")
    assert verdict(store)(name="佐藤 花子", address=PLACE, birth="S55.1.31") == (
        "withhold",
        "surname_changed",
    )


@pytest.mark.parametrize("nobody", ["世帯主様", "不明", "", None])
def test_an_equal_address_without_a_usable_name_is_reviewed(
    store: optout.Store, person: Make, nobody: str | None
) -> None:
    store.suppress(person())
    assert verdict(store)(name=nobody, address=PLACE) == ("review", "no_usable_name")


def test_an_address_alone_withholds_only_for_a_household_request(store: optout.Store, person: Make) -> None:
    store.suppress(person(household=True))
    assert verdict(store)(name="鈴木 花子", address=PLACE) == ("withhold", "household_request")


def test_two_real_birth_dates_contradict_and_placeholders_do_not(store: optout.Store, person: Make) -> None:
    store.suppress(person(birth_date="1970-03-02"))
    assert verdict(store)(name=NAME, address=PLACE, birth="1995-07-08") == ("review", "birth_date_conflict")
    assert verdict(store)(name=NAME, address=PLACE, birth="1900-01-01") == ("withhold", "same_person")


@pytest.mark.parametrize(
    "row",
    [
        {"name": "鈴木 花子 ※DM不要", "address": ELSEWHERE},
        {"name": "鈴木 花子", "note": "架電禁止"},
        {"name": "鈴木 花子", "note": "2025年 故人"},
        {"name": "鈴木 花子", "flag": "1"},
        {"name": "鈴木 花子", "flag": "○"},
    ],
)
def test_the_rows_own_refusal_withholds(store: optout.Store, person: Make, row: dict[str, str]) -> None:
    store.suppress(person())
    assert verdict(store)(**row) == ("withhold", "own_flag")


def test_an_unclear_flag_is_reviewed(store: optout.Store, person: Make) -> None:
    store.suppress(person())
    assert verdict(store)(name="鈴木 花子", flag="△") == ("review", "own_flag_unclear")
    assert verdict(store)(name="鈴木 花子", flag="") == ("keep", None)


def test_a_row_in_which_no_identifier_survives_is_reviewed(store: optout.Store, person: Make) -> None:
    store.suppress(person())
    row = {"name": "匿名希望", "address": "不明", "phone": "9.01E+09", "email": "info@example.co.jp"}
    assert verdict(store)(**row) == ("review", "unidentifiable")


def test_a_cell_no_name_or_address_can_fill_is_reviewed(store: optout.Store, person: Make) -> None:
    store.suppress(person())
    assert verdict(store)(name="鈴木 花子" * 10_000, phone=OTHER_NUMBER) == ("review", "oversized_cell")
    assert verdict(store)(name="鈴木 花子", note="長い備考。" * 10_000) == ("keep", None)


def test_control_characters_hide_nobody(store: optout.Store, person: Make) -> None:
    store.suppress(person())
    assert verdict(store)(name="高橋\x01一\x7f郎", address=PLACE) == ("withhold", "same_person")


def test_a_request_in_which_nothing_survives_is_stored_and_flagged(store: optout.Store, person: Make) -> None:
    receipt = store.suppress([person(), optout.Request(name="不明", phones=["なし"])])
    assert receipt.unmatchable == [False, True]
    assert receipt.request_ids[1] in store.active_requests()


def test_an_empty_store_raises_unless_allowed(store: optout.Store) -> None:
    frame = pl.DataFrame({"氏名": [NAME]})
    with pytest.raises(EmptyStoreError):
        optout.screen(frame, store)
    assert optout.screen(frame, store, allow_empty=True).counts["keep"] == 1


def test_a_request_counts_on_the_channels_it_covers(store: optout.Store, person: Make) -> None:
    store.suppress(person(channels="phone"))
    row = {"name": NAME, "address": PLACE}
    assert verdict(store)(**row)[0] == "withhold"
    assert verdict(store, channel="phone")(**row)[0] == "withhold"
    assert verdict(store, channel="mail")(**row)[0] == "keep"


def test_a_clients_own_list_never_answers_for_another(store: optout.Store, person: Make) -> None:
    store.suppress(person(tenant="client-a"))
    store.suppress(optout.Request(name="鈴木 花子", phones=[OTHER_NUMBER]))
    row = {"name": NAME, "address": PLACE}
    assert verdict(store, tenant="client-a")(**row)[0] == "withhold"
    assert verdict(store, tenant="client-b")(**row)[0] == "keep"
    assert verdict(store)(**row)[0] == "keep"
    assert verdict(store, tenant="client-a")(name="鈴木 花子", phone=OTHER_NUMBER)[0] == "withhold"


def test_former_names_and_old_addresses_block_together(store: optout.Store, person: Make) -> None:
    old = [
        optout.Identity(name="鈴木 一郎"),
        optout.Identity(address=ELSEWHERE),
        optout.Identity(phones=[OTHER_NUMBER]),
    ]
    store.suppress(person(identities=old))
    for name in ("髙橋 一郎", "鈴木一郎"):
        for row in ({"address": PLACE}, {"address": ELSEWHERE}, {"phone": OTHER_NUMBER}):
            assert verdict(store)(name=name, **row) == ("withhold", "same_person")


def test_a_lifted_request_no_longer_counts_and_a_new_one_does(store: optout.Store, person: Make) -> None:
    first = store.suppress(person())
    store.suppress(optout.Request(name="鈴木 花子", phones=[OTHER_NUMBER]))
    store.lift(first.request_ids[0], reason="本人の申出")
    row = {"name": NAME, "address": PLACE}
    assert verdict(store)(**row)[0] == "keep"
    store.suppress(person())
    assert verdict(store)(**row)[0] == "withhold"


def test_a_rows_verdict_is_the_worst_of_its_subjects(store: optout.Store, person: Make) -> None:
    store.suppress(person())
    frame = pl.DataFrame(
        {
            "注文者氏名": ["鈴木 花子", "鈴木 花子"],
            "注文者電話番号": [OTHER_NUMBER, OTHER_NUMBER],
            "送付先氏名": ["高橋 一郎", "田中 次郎"],
            "送付先住所": [PLACE, ELSEWHERE],
        }
    )
    result = optout.screen(frame, store)
    assert result.verdicts["verdict"].to_list() == ["withhold", "keep"]
    assert result.hits["subject"].to_list() == ["recipient"]


@pytest.mark.parametrize(("option", "value"), [("policy", "everybody"), ("channel", "pigeon")])
def test_an_unknown_option_is_named(store: optout.Store, person: Make, option: str, value: str) -> None:
    store.suppress(person())
    with pytest.raises(OptionError, match=option):
        verdict(store, **{option: value})(name=NAME)
