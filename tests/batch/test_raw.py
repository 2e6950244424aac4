"""The raw frame: joined, split by person, as written."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.errors import UnknownColumnError
from optout.schema import RAW_FIELDS


def people(cells: dict[str, list[Any]], **options: Any) -> pl.DataFrame:
    frame = pl.DataFrame(cells)
    return raw(frame, recognise(frame.columns, sample=frame, **options))


def one(**cells: Any) -> dict[str, Any]:
    """The raw line of a list of one row."""
    (line,) = people({header: [cell] for header, cell in cells.items()}).to_dicts()
    return line


def test_every_row_has_one_line_of_text_columns() -> None:
    got = people({"氏名": ["見本 太郎", " 　"], "TEL": ["03-1234-5678", None], "商品名": ["茶", "茶"]})
    assert got.columns == ["row", "subject", *RAW_FIELDS, "phone_1"]
    assert got.dtypes == [pl.UInt32, *[pl.String] * (len(RAW_FIELDS) + 2)]
    assert got["row"].to_list() == [0, 1]
    assert got["name"].to_list() == ["見本 太郎", None]


@pytest.mark.parametrize(
    ("cells", "field", "expect"),
    [
        ({"姓": "見本", "名": "花子"}, "name", "見本 花子"),
        ({"姓": "見本", "名": None}, "name", "見本"),
        ({"氏名": "見本花子", "姓": "誤", "名": "記"}, "name", "見本花子"),
        ({"氏名": None, "姓": "見本", "名": "花子"}, "name", "見本 花子"),
        ({"氏名": "見本", "セイ": "ミホン", "メイ": "ハナコ"}, "kana", "ミホン ハナコ"),
        ({"氏名": "見本", "旧姓": "例示"}, "former", "例示"),
        ({"氏名": "見本", "郵便番号1": "160", "郵便番号2": "0023"}, "postal", "160-0023"),
        ({"氏名": "見本", "郵便番号1": "160", "郵便番号2": None}, "postal", None),
        ({"氏名": "見本", "生年": "1970", "生月": "3", "生日": "2"}, "birth_date", "1970-3-2"),
        ({"氏名": "見本", "生年": "1970", "生月": None, "生日": "2"}, "birth_date", None),
        ({"氏名": "見本", "生年月日": date(1970, 3, 2)}, "birth_date", "1970-03-02"),
        ({"氏名": "見本", "生年月日": datetime(1970, 3, 2)}, "birth_date", "1970-03-02"),
        ({"氏名": "見本", "TEL": 9012345678.0}, "phone_1", "9012345678.0"),
        (
            {"氏名": "見本", "TEL": ["03-1234-5678", "090-1234-5678"]},
            "phone_1",
            "03-1234-5678 / 090-1234-5678",
        ),
        ({"氏名": "見本", "emails": []}, "email_1", None),
        ({"氏名": "見本", "TEL1": "090", "TEL2": "1234", "TEL3": "5678"}, "phone_1", "090-1234-5678"),
        ({"氏名": "見本", "DM不要": True}, "refusal_1", "true"),
        ({"氏名": "見本", "ＤＭ可否": "否"}, "permission_1", "否"),
        ({"氏名": "見本", "備考": "茶"}, "note_1", "茶"),
    ],
)
def test_a_value_is_joined_as_written(cells: dict[str, Any], field: str, expect: str | None) -> None:
    assert one(**cells)[field] == expect


@pytest.mark.parametrize(
    ("cells", "expect"),
    [
        ({"住所1": "東京都新宿区", "住所2": "西新宿", "住所3": "3-2-1"}, "東京都新宿区西新宿3-2-1"),
        ({"住所1": "新宿区西新宿3-2-1", "住所2": "201"}, "新宿区西新宿3-2-1 201"),
        ({"住所1": "新宿区西新宿3-2-1", "住所2": None, "住所3": "B201"}, "新宿区西新宿3-2-1 B201"),
        ({"住所1": None, "住所2": None}, None),
        (
            {"住所": "新宿区西新宿3-2-1", "建物名": "見本ビル", "部屋番号": "201"},
            "新宿区西新宿3-2-1 見本ビル 201",
        ),
        ({"住所": "新宿区西新宿3-2-1見本ビル", "建物名": "見本ビル"}, "新宿区西新宿3-2-1見本ビル"),
        (
            {"都道府県": "東京都", "市区町村": "新宿区", "町名": "西新宿", "番地": "3-2-1"},
            "東京都新宿区西新宿3-2-1",
        ),
        ({"都道府県": "東京都", "市区町村": "新宿区", "住所": "西新宿3-2-1"}, "東京都新宿区西新宿3-2-1"),
        ({"都道府県": "東京都", "市区町村": "新宿区", "住所": "東京都新宿区西新宿3"}, "東京都新宿区西新宿3"),
        ({"都道府県": "東京都", "市区町村": "新宿区", "住所": "新宿区西新宿3"}, "東京都新宿区西新宿3"),
        (
            {"都道府県": "神奈川県", "市区町村": "箱根町", "住所": "足柄下郡箱根町湯本3"},
            "神奈川県足柄下郡箱根町湯本3",
        ),
        ({"都道府県": "東京都", "市区町村": "新宿区", "住所": "大阪府大阪市北区1"}, "大阪府大阪市北区1"),
        ({"都道府県": "東京都", "市区町村": None, "住所": "新宿区西新宿3"}, "東京都新宿区西新宿3"),
        ({"都道府県": None, "市区町村": "新宿区", "住所": "西新宿3"}, "新宿区西新宿3"),
        ({"都道府県": "東京都", "市区町村": "新宿区", "住所": None}, "東京都新宿区"),
        ({"都道府県": "東京都", "住所": "府中市3"}, "東京都府中市3"),
        ({"住所": None, "住所1": "新宿区西新宿", "住所2": "3-2-1"}, "新宿区西新宿3-2-1"),
        ({"市区町村": "新宿区", "番地": "西新宿3-2-1", "住所2": "見本ビル"}, "新宿区西新宿3-2-1見本ビル"),
    ],
)
def test_an_address_is_joined_and_nothing_is_said_twice(cells: dict[str, Any], expect: str | None) -> None:
    typed = {header: pl.Series([cell], dtype=pl.String) for header, cell in cells.items()}
    frame = pl.DataFrame({"氏名": ["見本"], **typed})
    assert raw(frame, recognise(frame.columns))["address"].to_list() == [expect]


def test_the_order_told_is_the_order_joined() -> None:
    got = people(
        {"乙": ["花子"], "甲": ["見本"], "丁": ["3-2-1"]}, columns={"name": ["甲", "乙"], "address": "丁"}
    )
    assert got["name"].to_list() == ["見本 花子"]


def test_orderer_and_recipient_are_two_people() -> None:
    got = people(
        {
            "注文者氏名": ["見本 太郎", "見本 次郎"],
            "注文者住所": ["新宿区1", "新宿区2"],
            "送付先氏名": ["例示 花子", None],
            "送付先住所": ["北区1", None],
            "備考": ["茶", None],
        }
    )
    assert got.select("row", "subject", "name", "address", "note_1").rows() == [
        (0, "orderer", "見本 太郎", "新宿区1", "茶"),
        (1, "orderer", "見本 次郎", "新宿区2", None),
        (0, "recipient", "例示 花子", "北区1", None),
    ]


def test_a_work_address_is_the_same_person_elsewhere() -> None:
    got = people(
        {
            "氏名": ["見本 太郎", "見本 次郎"],
            "自宅住所": ["新宿区1", "新宿区2"],
            "会社住所": ["北区1", None],
            "会社電話": ["03-1234-5678", "03-1234-0000"],
        }
    )
    assert got.select("row", "subject", "name", "address", "phone_1").rows() == [
        (0, "self", "見本 太郎", "新宿区1", "03-1234-5678"),
        (1, "self", "見本 次郎", "新宿区2", "03-1234-0000"),
        (0, "work", "見本 太郎", "北区1", "03-1234-5678"),
    ]


def test_a_joint_name_takes_the_surname_and_the_address() -> None:
    got = people(
        {
            "氏名": ["見本 太郎", "見本太郎", "見本 太郎"],
            "〒": ["160-0023"] * 3,
            "住所": ["新宿区1"] * 3,
            "連名1": ["花子", "花子", "例示 桜"],
            "連名2": ["次郎・三郎", None, None],
            "連名1ふりがな": ["はなこ", None, None],
        }
    )
    joint = got.filter(pl.col("subject") != "self").sort("row", "subject")
    assert joint.select("row", "subject", "name", "kana", "postal", "address").rows() == [
        (0, "joint", "見本 花子", "はなこ", "160-0023", "新宿区1"),
        (0, "joint_2", "見本 次郎", None, "160-0023", "新宿区1"),
        (0, "joint_2-2", "見本 三郎", None, "160-0023", "新宿区1"),
        (1, "joint", "見本 花子", None, "160-0023", "新宿区1"),
        (2, "joint", "例示 桜", None, "160-0023", "新宿区1"),
    ]


def test_the_second_line_of_a_delivery_slip_is_a_person_at_the_same_door() -> None:
    got = people(
        {
            "お届け先名称１": ["株式会社 見本", "見本 太郎", "見本太郎", "見本 太郎"],
            "お届け先名称２": ["営業部 例示 桜様", "花子", "花子", None],
            "お届け先住所１": ["新宿区1"] * 4,
            "お届け先電話番号": ["03-1234-5678"] * 4,
            "ご依頼主名称１": ["仮名商店"] * 4,
        }
    )
    second = got.filter(pl.col("subject") == "recipient_joint")
    assert second.select("row", "name", "address", "phone_1").rows() == [
        (0, "例示 桜様", "新宿区1", "03-1234-5678"),
        (1, "見本 花子", "新宿区1", "03-1234-5678"),
        (2, "見本 花子", "新宿区1", "03-1234-5678"),
    ]


def test_no_surname_is_taken_from_a_firm_nor_given_to_a_department() -> None:
    got = people(
        {
            "氏名1": ["株式会社 見本", "見本 太郎", "長谷川 桜"],
            "氏名2": ["花子", "営業部", "見本 次郎"],
            "TEL": ["03-1234-5678"] * 3,
        }
    )
    assert got.filter(pl.col("subject") == "joint")["name"].to_list() == ["花子", "営業部", "見本 次郎"]


def test_a_guardian_shares_the_address_only_where_the_row_names_one() -> None:
    got = people(
        {
            "氏名": ["見本 花子", "見本 次郎"],
            "住所": ["新宿区1", "新宿区2"],
            "保護者氏名": ["見本 太郎", None],
            "保護者電話番号": ["03-1234-5678", "090-1234-5678"],
        }
    )
    guardian = got.filter(pl.col("subject") == "guardian")
    assert guardian.select("row", "name", "address", "phone_1").rows() == [
        (0, "見本 太郎", "新宿区1", "03-1234-5678"),
        (1, None, None, "090-1234-5678"),
    ]


def test_a_frame_narrower_than_its_mapping_is_refused() -> None:
    mapping = recognise(["氏名", "TEL"])
    with pytest.raises(UnknownColumnError):
        raw(pl.DataFrame({"氏名": ["見本"]}), mapping)


def test_columns_of_one_header_are_told_apart_by_place() -> None:
    frame = pl.DataFrame({"a": ["見本"], "b": ["03-1234-5678"], "c": ["090-1234-5678"]})
    got = raw(frame, recognise(["氏名", "電話番号", "電話番号"]))
    assert got.select("name", "phone_1", "phone_2").row(0) == ("見本", "03-1234-5678", "090-1234-5678")


def test_no_rows_make_no_lines() -> None:
    frame = pl.DataFrame(schema={"氏名": pl.String, "連名": pl.String, "会社住所": pl.Null})
    assert raw(frame, recognise(frame.columns)).is_empty()


CELLS = st.sampled_from(["見本 太郎", "花子", "花子・桜", "新宿区1", "03-1234-5678", "１", "", "　", None])
HEADERS = [
    "氏名",
    "カナ",
    "〒",
    "住所",
    "会社住所",
    "会社電話",
    "携帯",
    "連名",
    "送付先氏名",
    "送付先住所",
    "DM不要",
    "備考",
]
ROWS = st.lists(st.lists(CELLS, min_size=len(HEADERS), max_size=len(HEADERS)), min_size=1, max_size=6)
PHONES = ["会社電話", "携帯"]


def frame_of(rows: list[list[str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(HEADERS, pl.String), orient="row")


@settings(deadline=None, max_examples=50)
@given(ROWS, st.permutations([header for header in HEADERS if header not in PHONES]))
def test_the_order_of_columns_never_changes_the_raw_frame(
    rows: list[list[str | None]], order: list[str]
) -> None:
    frame = frame_of(rows)
    other = frame.select(*order, *PHONES)
    got = raw(other, recognise(other.columns)).sort("row", "subject")
    assert_frame_equal(got, raw(frame, recognise(HEADERS)).sort("row", "subject"))


@settings(deadline=None, max_examples=50)
@given(ROWS, st.integers(0, 6))
def test_blocks_make_the_same_lines_as_the_whole(rows: list[list[str | None]], cut: int) -> None:
    frame, mapping = frame_of(rows), recognise(HEADERS)
    blocks = [raw(frame[:cut], mapping, 0), raw(frame[cut:], mapping, min(cut, frame.height))]
    together = pl.concat(blocks).sort("row", "subject")
    assert_frame_equal(together, raw(frame, mapping).sort("row", "subject"))


@settings(deadline=None, max_examples=50)
@given(ROWS)
def test_every_row_keeps_its_first_person_once(rows: list[list[str | None]]) -> None:
    got = raw(frame_of(rows), recognise(HEADERS), first_row=7)
    first = got.filter(pl.col("subject") == "self")
    assert first["row"].to_list() == list(range(7, 7 + len(rows)))
    assert not got.select("row", "subject").is_duplicated().any()


def test_the_kana_of_a_company_are_kept_where_nobody_is_named() -> None:
    firms = {"会社名": ["見本商事㈱"], "フリガナ": ["ミホンショウジ"], "TEL": ["03-1234-5678"]}
    for extra, kana in (({}, "ミホンショウジ"), ({"担当者名": ["見本 一郎"]}, None)):
        frame = pl.DataFrame({**firms, **extra})
        assert raw(frame, recognise(frame.columns))["kana"].to_list() == [kana]
