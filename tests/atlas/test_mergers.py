"""Changes of municipalities, told in words or prepared as a table, followed to the codes of today."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from optout.atlas import read, weighed
from optout.atlas.successors import former_names
from optout.errors import TableFileError
from optout.tables.gazetteer import Gazetteer, packaged

from .conftest import Put, estat, prepared

# What the words say of who became whom.
WORDS = [
    ("上磯町(01335)、大野町(01336)が合併し、北斗市(01236)を新設", {("01335", "01236"), ("01336", "01236")}),
    ("津市(24201)、久居市(24213)が合併し、津市を新設", {("24201", "津市"), ("24213", "津市")}),
    ("戸井町(01339)、つがる町(01340)が函館市(01202)に編入", {("01339", "01202"), ("01340", "01202")}),
    ("石狩町(01303)が石狩市(01215)に市制施行", {("01303", "01215")}),
    ("大宮町(08344)が常陸大宮町に名称変更し、常陸大宮市(08225)に市制施行", {("08344", "08225")}),
    ("加賀町(よみ、17999)が見本町に名称変更", {("17999", "見本町")}),
    ("堺市(27201)の堺市(27140)への政令指定都市施行\n堺区(27141)、中区(27142)の新設", {("27201", "27140")}),
    ("岡山市(33201)の岡山市(33100)への政令指定都市移行", {("33201", "33100")}),
    ("西区(40135)から分離し、早良区(40137)、城南区(40136)を新設", {("40135", "40137"), ("40135", "40136")}),
    (
        "中道町(19326)と上九一色村(19341)大字梯及び古関が甲府市(19201)に編入",
        {("19326", "19201"), ("19341", "19201")},
    ),
    (
        "上九一色村(19341)大字梯及び古関が甲府市(19201)に編入し、大字精進が富士河口湖町(19430)に編入",
        {("19341", "19201"), ("19341", "19430")},
    ),
    ("留萌支庁幌延町(01488)が宗谷支庁幌延町(01520)に区域変更", {("01488", "01520")}),
    (
        "鳳至郡穴水町(17421)、鳳至郡門前町(17422)が鳳珠郡穴水町(17461)、鳳珠郡門前町(17462)に郡の区域変更",
        {("17421", "17461"), ("17422", "17462")},
    ),
    ("函館市(01202)が特例市から中核市に移行", set()),
    ("桃生郡(04560)の廃止", set()),
]


@pytest.mark.parametrize(("words", "expect"), WORDS)
def test_the_words_of_e_stat_say_who_became_whom(put: Put, words: str, expect: set[tuple[str, str]]) -> None:
    always = ("08523", "北海道", "", "石下町", "1971-01-01", "石下町(99998)が水海道市(99999)に編入")
    file = estat([always, ("01335", "北海道", "渡島支庁", "上磯町", "2006-02-01", words)])
    told = read("mergers", put("FEA_haitibungou.csv", file, "cp932")).frame.filter(date="2006-02-01")
    assert {
        (old, code or name) for old, code, name in told.select("old_code", "new_code", "new_name").rows()
    } == expect


def test_each_code_repeats_the_words_and_tells_its_county(put: Put) -> None:
    words = "引佐町(22522)、三ケ日町(22523)が浜松市(22202)に編入"
    rows = [
        (code, "静岡県", over, name, "2005-07-01", words)
        for code, over, name in (
            ("22522", "引佐郡", "引佐町"),
            ("22523", "引佐郡", "三ケ日町"),
            ("22202", "", "浜松市"),
        )
    ]
    told = read("mergers", put("FEA.csv", estat(rows), "cp932"))
    assert told.frame.select("county", "old_name", "new_name").rows() == [
        ("引佐郡", "引佐町", "浜松市"),
        ("引佐郡", "三ケ日町", "浜松市"),
    ]
    assert told.as_of == date(2005, 7, 1)


CHAIN = [
    ("千葉県", "小櫃村", "12484", "君津町", "", "1970-09-28", "合併"),
    ("千葉県", "君津町", "12486", "君津町", "", "1970-09-28", "合併"),
    ("千葉県", "君津町", "12486", "君津市", "12225", "1971-09-01", "市制施行"),
    ("千葉県", "夷隅郡見本町", "12442", "御宿町", "12443", "1980-04-01", "編入"),
    ("静岡県", "細江町", "22521", "浜松市", "22202", "2005-07-01", "編入"),
    ("静岡県", "浜松市", "22202", "浜松市", "22130", "2007-04-01", "政令市"),
    ("静岡県", "北区", "22135", "中央区", "22138", "2024-01-01", "再編"),
    ("静岡県", "北区", "22135", "浜名区", "22139", "2024-01-01", "再編"),
    ("静岡県", "沼津市", "22203", "沼津市", "22203", "1990-04-01", "合併"),
    ("静岡県", "失町", "22999", "無市", "22998", "1990-04-01", "編入"),
]


def test_a_change_is_followed_to_the_codes_of_today(put: Put, base: Gazetteer) -> None:
    changes = read("mergers", put("mergers.csv", prepared(CHAIN))).frame
    former, lost = former_names(changes, base.municipalities)
    assert lost == 1
    assert set(former.rows()) == {
        ("千葉県", None, "小櫃村", None, "12225"),
        ("千葉県", None, "君津町", None, "12225"),
        ("千葉県", "夷隅郡", "見本町", None, "12443"),
        # A designated city stands for all of its wards.
        ("静岡県", None, "細江町", None, "22138"),
        ("静岡県", None, "細江町", None, "22139"),
        ("静岡県", None, "細江町", None, "22140"),
        ("静岡県", None, "浜松市", None, "22138"),
        ("静岡県", None, "浜松市", None, "22139"),
        ("静岡県", None, "浜松市", None, "22140"),
        # A ward has the city of its successor.
        ("静岡県", None, "浜松市", "北区", "22138"),
        ("静岡県", None, "浜松市", "北区", "22139"),
    }


def test_a_ward_that_was_split_and_goes_on_is_no_former_name(put: Put, base: Gazetteer) -> None:
    split = [("静岡県", "中央区", "22138", "浜名区", "22139", "2025-04-01", "分離")]
    changes = read("mergers", put("mergers.csv", prepared(split))).frame
    assert former_names(changes, base.municipalities)[0].is_empty()


def test_what_leads_nowhere_is_told(put: Put, base: Gazetteer) -> None:
    assert weighed(base, read("mergers", put("mergers.csv", prepared(CHAIN)))) == (
        "1 changes lead to no municipality of today and were left out",
    )


def test_a_chain_of_changes_that_goes_round_ends(put: Put, base: Gazetteer) -> None:
    rows = [
        ("千葉県", "甲町", "12001", "乙町", "12002", "1990-04-01", "名称変更"),
        ("千葉県", "乙町", "12002", "甲町", "12001", "1990-04-01", "名称変更"),
    ]
    changes = read("mergers", put("mergers.csv", prepared(rows))).frame
    assert former_names(changes, base.municipalities)[1] == 2


def test_a_line_that_cannot_be_is_refused(put: Put) -> None:
    for spoilt in (
        ("千葉県", "小櫃村", "484", "君津町", "", "1970-09-28", "合併"),
        (*CHAIN[0][:5], "昭和45年", ""),
    ):
        with pytest.raises(TableFileError, match="1 of 1 rows"):
            read("mergers", put("mergers.csv", prepared([spoilt])))


def test_the_whole_list_leads_to_the_municipalities_of_today(whole_mergers: Path) -> None:
    extract = read("mergers", whole_mergers)
    former, lost = former_names(extract.frame, packaged().municipalities)
    assert extract.frame.height > 2_000
    assert lost / extract.frame.height < 0.005
    known = {tuple(row[:-1]): set[str]() for row in former.rows()}
    for *name, code in former.rows():
        known[tuple(name)].add(code)
    assert known["千葉県", None, "佐原市", None] == {"12236"}
    assert known["静岡県", None, "浜松市", "浜北区"] == {"22139"}
    assert known["福岡県", None, "北九州市", "小倉区"] == {"40106", "40107"}
    assert len(known["静岡県", None, "細江町", None]) == 3
    today = set(packaged().municipalities["code"])
    assert set(former["code"]) <= today
