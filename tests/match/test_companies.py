"""Two companies: which names are one, which are doubtful, which are others."""

from __future__ import annotations

import polars as pl
import pytest

import optout
from optout import match
from optout.keys import comparable
from optout.schema import RAW_FIELDS

PLACE = "東京都新宿区西新宿3-2-1"


def side(**fields: str) -> pl.DataFrame:
    """A raw frame of one row."""
    told: dict[str, str | None] = {**dict.fromkeys(RAW_FIELDS), "address": PLACE, **fields}
    frame = pl.DataFrame(
        {name: [value] for name, value in told.items()}, schema=dict.fromkeys(told, pl.String)
    )
    return frame.select(pl.lit(0, pl.UInt32).alias("row"), pl.lit("self").alias("subject"), pl.all())


def level(one: dict[str, str], other: dict[str, str]) -> str:
    pair = pl.DataFrame({"a": [0], "b": [0]}, schema={"a": pl.UInt32, "b": pl.UInt32})
    found: str = match.compare(pair, comparable(side(**one)), comparable(side(**other)))["person"].item()
    assert found == match.compare(pair, comparable(side(**other)), comparable(side(**one)))["person"].item()
    return found


SAME = [
    ("丸紅見本　（株）　北海道支社", "丸紅見本㈱北海道支社"),
    ("丸紅見本　株式会社　北海道支社", "丸紅見本（株）北海道支社"),
    ("見本文化放送　株式会社　（ＭＨＢ）", "見本文化放送(株)（MHB）"),
    ("株式会社　見本商事", "見本商事"),
    ("見本商事株式会社", "見本　商事"),
    ("学校法人　見本学園", "見本学園"),
    ("見本生活協同組合", "見本（生協）"),
    ("見本トラック・バス　株式会社", "見本トラックバス㈱"),
    ("株式会社　見本銀行　様", "㈱見本銀行"),
    ("株式会社見本商事 御中", "(株)見本商事"),
]
DOUBTFUL = [
    ("株式会社見本商事", "見本商事株式会社"),
    ("株式会社見本商事大阪支店", "見本商事株式会社大阪支店"),
    ("有限会社見本商事", "株式会社見本商事"),
    ("(合)見本商事", "合同会社見本商事"),
    ("医療法人社団見本会", "医療法人見本会"),
    ("キヤノン見本株式会社", "キャノン見本株式会社"),
    ("見本区役所", "見本区役所　総務部　税務課"),
    ("見本生活協同組合", "見本"),
    ("見本大学　生活協同組合", "国立大学法人　見本大学"),
]
OTHERS = [
    ("百見銀行　四日市支店", "百見リース　株式会社　四日市支店"),
    ("見本電機株式会社", "見本食品株式会社"),
    ("株式会社見本太郎", "株式会社見本次郎丸"),
]


@pytest.mark.parametrize("field", ["company", "name"])
@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_legal_form_is_written_in_any_way_or_left_out(one: str, other: str, field: str) -> None:
    assert level({"company": one}, {field: other}) == "same"


@pytest.mark.parametrize("field", ["company", "name"])
@pytest.mark.parametrize(("one", "other"), DOUBTFUL)
def test_another_form_or_another_place_of_it_is_in_doubt(one: str, other: str, field: str) -> None:
    assert level({"company": one}, {field: other}) == "similar"


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_a_company_has_no_surname_and_no_brothers(one: str, other: str) -> None:
    assert level({"company": one}, {"company": other}) == "other"


KANJI = {
    "company": "丸紅見本　（株）　北海道支社",
    "kana": "マルベニミホン カブシキガイシヤ ホツカイドウシシヤ",
}


@pytest.mark.parametrize("field", ["company", "name", "kana"])
@pytest.mark.parametrize(
    "kana",
    [
        "マルベニミホン カブシキガイシヤ ホツカイドウシシヤ",
        "ﾏﾙﾍﾞﾆﾐﾎﾝ ｶﾌﾞｼｷｶﾞｲｼｬ ﾎｯｶｲﾄﾞｳｼｼｬ",
        "まるべにみほん　かぶしきがいしゃ　ほっかいどうししゃ",
        "マルベニミホンカブシキガイシャホッカイドウシシャ",
        "マルベニミホン（カブ）ホツカイドウシシヤ",
        "マルベニミホン ホッカイドウシシャ",
    ],
)
def test_the_kana_of_a_company_are_the_company(kana: str, field: str) -> None:
    assert level(KANJI, {field: kana}) == "same"


def test_kana_with_another_legal_form_are_in_doubt() -> None:
    row = {"company": "見本商事㈲", "kana": "ミホンシヨウジ ユウゲンガイシヤ"}
    assert level(row, {"name": "カブシキガイシャミホンショウジ"}) == "similar"
    assert level(row, {"name": "ミホンショウジ(ユ"}) == "same"
    assert level(row, {"name": "ユ)ミホンショウジ"}) == "similar"


def test_equal_kana_do_not_make_two_kinds_of_body_one() -> None:
    union = {"company": "見本大学　生活協同組合", "kana": "ミホンダイガク セイカツキヨウドウクミアイ"}
    school = {"company": "国立大学法人　見本大学", "kana": "コクリツダイガクホウジン ミホンダイガク"}
    assert level(union, school) == "similar"


def test_kana_without_a_name_stay_a_persons_beside_a_company() -> None:
    person = {"kana": "ミホン タロウ", "company": "株式会社架空商事"}
    assert level(person, {"name": "見本 太郎", "kana": "ミホン タロウ"}) == "same"
    assert level(person, {"company": "架空商事"}) == "same"
    assert level(person, {"company": "例示電機株式会社"}) == "other"


def test_no_person_reads_like_the_company_beside_them() -> None:
    row = {"name": "見本 太郎", "kana": "ミホン タロウ", "company": "架空商事㈱"}
    assert level(row, {"company": "架空商事㈱", "kana": "ミホンタロウ"}) == "same"
    assert level(row, {"company": "例示電機㈱", "kana": "レイジデンキ"}) == "other"


def test_a_list_of_companies_is_screened_by_their_kana(store: optout.Store) -> None:
    listed = pl.DataFrame({"会社名": ["株式会社　見本商事"], "フリガナ": ["ミホンシヨウジ"], "住所": [PLACE]})
    store.suppress(optout.Request(name="ｶﾌﾞｼｷｶﾞｲｼﾔ ﾐﾎﾝｼﾖｳｼﾞ", address="新宿区西新宿三丁目2番1号"))
    assert optout.screen(listed, store).counts["withhold"] == 1


def test_brackets_tell_two_offices_apart_in_kana_too() -> None:
    one = {"company": "見本税関支署（合同庁舎）", "kana": "ミホンゼイカンシシヨ(ゴウドウチヨウシヤ)"}
    other = {"company": "見本税関支署（ＣＩＱ庁舎）", "kana": "ミホンゼイカンシシヨ(CIQチヨウシヤ)"}
    assert level(one, other) == "other"
