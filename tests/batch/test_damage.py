"""What a spreadsheet did to a list: every rule agrees with what the fields really read, and clean cells pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.batch import damage
from optout.batch.columns import recognise
from optout.keys.corporate import corporate_number
from optout.text import address, birth, company, email, kana, name, phone, postal

ANY: Final = "any"
# Slot → header of a column of that kind, and the columns that must stand beside it.
HEADERS: Final[dict[str, str]] = {
    "phone": "電話番号",
    "postal": "郵便番号",
    "address": "住所",
    "birth_date": "生年月日",
    "corporate_number": "法人番号",
    "postal_first": "郵便番号1",
    "postal_last": "郵便番号2",
    "phone_first": "電話番号1",
    "phone_last": "電話番号3",
    ANY: "氏名",
}
BESIDE: Final[dict[str, dict[str, str]]] = {
    "postal_first": {"氏名": "見本 花子", "郵便番号2": "0001"},
    "postal_last": {"氏名": "見本 花子", "郵便番号1": "060"},
    "phone_first": {"電話番号2": "1234", "電話番号3": "5678"},
    "phone_last": {"電話番号1": "090", "電話番号2": "1234"},
}
CLEAN: Final[dict[str, list[str]]] = {
    "氏名": ["見本 花子", "高橋　一郎 様", "Sample Hanako", ""],
    "フリガナ": ["ミホン ハナコ", "ﾀｶﾊｼ ｲﾁﾛｳ", "サンプル", ""],
    "会社名": ["株式会社見本", "見本#1商店", "Err株式会社", ""],
    "郵便番号": ["160-0023", "1600023", "〒160-0023", ""],
    "住所": [
        "東京都新宿区西新宿3-2-1",
        "東京都中央区月島1丁目2番3号",
        "三重県四日市市諏訪町1-5 見本ビルA",
        "千葉県流山市2001-2-3",
    ],
    "電話番号": ["03-1234-5678", "０９０（１２３４）５６７８", "+81-90-1234-5678", ""],
    "携帯": ["090-1234-5678", "09012345678", "(03)1234-5678", "TEL 03-1234-5678"],
    "メール": ["hanako@example.jp", "a#b@example.jp", "", "ichiro.takahashi@example.com"],
    "生年月日": ["1970-03-02", "S45.3.2", "1970/3/2 0:00:00", "昭和45年3月2日"],
    "法人番号": ["1234567890123", "", "T1234567890123", "1234-5678-90123"],
    "備考": ["#N/A", "9.01E+09", "2001/2/3", "####"],
}


def rules(*slots: str) -> list[Any]:
    rows = list(tables.load("spreadsheet_damage").iter_rows(named=True))
    assert rows
    return [pytest.param(row, id=row["rule_id"]) for row in rows if not slots or row["slot"] in slots]


def first(keys: pl.Series) -> str | None:
    return keys.to_list()[0][0] if len(keys.to_list()[0]) else None


def corporate(cell: str) -> str | None:
    found: str | None = pl.select(corporate_number(pl.lit(cell))).item()
    return found


READ: Final[dict[str, Callable[[str], str | None]]] = {
    "phone": lambda cell: first(phone.parse(pl.Series([cell]))["keys"]),
    "phone_first": lambda cell: first(phone.parse(pl.Series([f"{cell}-1234-5678"]))["keys"]),
    "phone_last": lambda cell: first(phone.parse(pl.Series([f"03-1234-{cell}"]))["keys"]),
    "postal": lambda cell: postal.parse(pl.Series([cell])).item(),
    "postal_first": lambda cell: postal.parse(pl.Series([f"{cell}-0001"])).item(),
    "postal_last": lambda cell: postal.parse(pl.Series([f"060-{cell}"])).item(),
    "address": lambda cell: address.parse(pl.Series([cell]))["numbers"].item(),
    "birth_date": lambda cell: (lambda day: day and day.isoformat())(birth.parse(pl.Series([cell])).item()),
    "corporate_number": corporate,
    "name": lambda cell: name.parse(pl.Series([cell]))["full"].item(),
    "kana": lambda cell: kana.parse(pl.Series([cell]))["key"].item(),
    "company": lambda cell: company.parse(pl.Series([cell]))["core"].item(),
    "email": lambda cell: first(email.parse(pl.Series([cell]))["keys"]),
}


def found(slot: str, cell: str) -> list[str]:
    """Rules under which a cell of that kind is reported."""
    row = {HEADERS[slot]: cell, **BESIDE.get(slot, {"メール": "hanako@example.jp"})}
    # Whether three columns are parts of one number is told by the values of the list.
    parts = pl.DataFrame({"電話番号1": ["03"], "電話番号2": ["1234"], "電話番号3": ["5678"]})
    sample = parts if slot.startswith("phone_") else None
    frame = pl.DataFrame([row]).select(sorted(row))
    told = damage.found(frame, recognise(frame.columns, sample=sample))
    return told.filter(pl.col("header") == HEADERS[slot])["rule"].to_list()


@pytest.mark.parametrize("rule", rules())
def test_a_rule_reports_its_example_and_not_its_near_miss(rule: dict[str, str]) -> None:
    assert found(rule["slot"], rule["example"]) == [rule["rule_id"]]
    assert rule["rule_id"] not in found(rule["slot"], rule["leaves_alone"])


@pytest.mark.parametrize("rule", rules(*(slot for slot in HEADERS if slot != ANY)))
def test_what_a_rule_says_of_its_example_is_what_the_field_reads(rule: dict[str, str]) -> None:
    read = READ[rule["slot"]](rule["example"])
    assert read == rule["expect"]
    assert (rule["action"] == "lost") == (read is None)


@pytest.mark.parametrize("field", READ)
@pytest.mark.parametrize("rule", rules(ANY))
def test_an_error_value_is_nobody_in_any_field(rule: dict[str, str], field: str) -> None:
    assert (rule["action"], rule["expect"]) == ("lost", None)
    assert READ[field](rule["example"]) is None


def test_every_action_and_every_slot_is_one_there_is() -> None:
    table = tables.load("spreadsheet_damage")
    assert set(table["action"]) == set(damage.ACTIONS)
    assert set(table["slot"]) == set(HEADERS)


def test_an_error_value_beside_a_name_leaves_the_name() -> None:
    assert READ["name"]("見本 #N/A") == "見本"
    assert READ["company"]("見本商店 #REF!") == "見本商店"
    assert address.parse(pl.Series(["東京都新宿区西新宿#REF! 見本ビル301号室"])).row(0)[3:6] == (
        "西新宿",
        None,
        "301",
    )


def test_a_clean_list_is_left_alone() -> None:
    frame = pl.DataFrame(CLEAN)
    told = damage.found(frame, recognise(frame.columns))
    assert told.schema == pl.Schema(damage.SCHEMA)
    assert told.rows() == []


def test_columns_that_screen_nobody_are_not_looked_at() -> None:
    frame = pl.DataFrame({"氏名": ["見本 花子"], "商品名": ["#N/A"], "備考": ["#N/A"], "TEL": ["########"]})
    assert damage.found(frame, recognise(frame.columns, ignore=["TEL"])).rows() == []
    assert damage.found(frame, recognise(frame.columns))["header"].to_list() == ["TEL"]


def test_a_refusal_column_tells_its_error_values() -> None:
    frame = pl.DataFrame({"氏名": ["見本 花子"], "DM可否": ["#REF!"]})
    assert damage.of_list(frame)[0]["header"] == "DM可否"


def test_the_rows_are_those_of_the_list_whatever_the_blocks() -> None:
    cells = ["9012345678", "9.01E+09", "03-1234-5678", "#N/A", "312345678"] * 9
    frame = pl.DataFrame({"氏名": ["見本 花子"] * 45, "TEL": cells, "予備TEL": [""] * 44 + ["1-Feb"]})
    mapping = recognise(frame.columns)
    whole = damage.told([damage.found(frame, mapping)])
    for size in (1, 4, 17):
        blocks = [damage.found(part, mapping, n * size) for n, part in enumerate(frame.iter_slices(size))]
        assert damage.told(blocks) == whole
    assert [(line["header"], line["kind"], line["action"], line["count"]) for line in whole] == [
        ("TEL", "error", "lost", 9),
        ("TEL", "exponent", "lost", 9),
        ("TEL", "zero", "repaired", 18),
        ("予備TEL", "date", "lost", 1),
    ]
    assert whole[1]["rows"] == [1, 6, 11, 16, 21, 26, 31, 36, 41]
    assert whole[2]["rows"] == [0, 4, 5, 9, 10, 14, 15, 19, 20, 24]
    assert whole[3] == whole[3] | {"column": 2, "rows": [44]}


def test_columns_of_one_name_are_told_apart() -> None:
    frame = pl.DataFrame([["見本 花子"], ["#N/A"], ["9.01E+09"]], schema=["氏名", "電話", "電話#2"])
    told = damage.told([damage.found(frame, recognise(["氏名", "電話", "電話"]))])
    assert [(line["column"], line["header"], line["kind"]) for line in told] == [
        (1, "電話", "error"),
        (2, "電話", "exponent"),
    ]


def test_nothing_of_a_cell_is_in_what_is_told() -> None:
    frame = pl.DataFrame({"氏名": ["見本 花子"] * 3, "TEL": ["9.012348888E+09", "9012348888", "9.01234E+09"]})
    told = damage.of_list(frame)
    assert sum(line["count"] for line in told) == 3
    assert not any(piece in str(told) for piece in ("8888", "9.0", "1234"))


MOBILE = st.integers(1, 9).flatmap(
    lambda third: st.integers(0, 10**7 - 1).map(lambda rest: 9_000_000_000 + third * 10**7 + rest)
)


@settings(deadline=None, max_examples=20)
@given(MOBILE, st.integers(0, 12))
def test_a_number_in_scientific_notation_is_read_only_with_every_digit(number: int, decimals: int) -> None:
    cell = f"{number:.{decimals}E}"
    keys = phone.parse(pl.Series([cell]))["keys"].to_list()[0]
    plain = phone.parse(pl.Series([f"0{number}"]))["keys"].to_list()[0]
    assert keys == (plain if decimals == 9 else [])
    assert len(found("phone", cell)) == 1


@settings(deadline=None, max_examples=20)
@given(MOBILE, st.sampled_from(["{}", "{}.0", "{:,}", "{:.9E}"]))
def test_whatever_a_spreadsheet_makes_of_a_number_with_all_its_digits_is_the_number(
    number: int, style: str
) -> None:
    cell = style.format(number)
    assert phone.parse(pl.Series([cell]))["numbers"].to_list() == [[f"0{number}"]] or number % 10**7 == 0
    assert damage.of_list(pl.DataFrame({"氏名": ["見本 花子"], "TEL": [cell]}))[0]["action"] == "repaired"


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 12), st.integers(1, 31))
def test_a_house_number_that_became_a_month_and_a_day_is_itself_again(month: int, day: int) -> None:
    town = "東京都新宿区西新宿"
    dated, plain = (
        address.parse(pl.Series([f"{town}{number}"])) for number in (f"{month}月{day}日", f"{month}-{day}")
    )
    assert dated.equals(plain)


@settings(deadline=None, max_examples=20)
@given(st.integers(1930, 2029), st.integers(1, 12), st.integers(1, 31), st.booleans())
def test_no_number_is_read_from_a_date(year: int, month: int, day: int, building: bool) -> None:
    end = " 見本ビル301" if building else ""
    for cell in (
        f"{year}/{month}/{day}",
        f"{year}/{month:02}/{day:02}",
        f"{year}-{month:02}-{day:02} 00:00:00",
    ):
        read = address.parse(pl.Series([f"東京都新宿区西新宿{cell}{end}"])).row(0, named=True)
        assert (read["town"], read["numbers"]) == ("西新宿", None)
        assert (read["room"] is not None) == building
        sketched = address.sketch(pl.Series([f"東京都新宿区西新宿{cell}{end}"])).row(0)
        assert sketched == ("新宿", None, None, None)
