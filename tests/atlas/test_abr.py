"""The Digital Agency's table of towns."""

from __future__ import annotations

import pytest

from optout.atlas import read
from optout.errors import TableFileError

from .conftest import Put, abr, csv_text

CITY = {"lg_code": "131041", "pref": "東京都", "city": "新宿区"}
KYOTO = {"lg_code": "261041", "pref": "京都府", "city": "京都市", "ward": "中京区"}
ROWS = [
    {**CITY, "machiaza_type": "1", "oaza_cho": "西新宿"},
    {**CITY, "machiaza_type": "2", "oaza_cho": "西新宿", "chome": "二丁目", "chome_number": "2"},
    {**CITY, "machiaza_type": "2", "oaza_cho": "西新宿", "chome": "八丁目"},
    {**CITY, "machiaza_type": "2", "oaza_cho": "北新宿", "chome": "二十三丁目"},
    {**CITY, "machiaza_type": "3", "oaza_cho": "大字見本", "koaza": "字坊主岳"},
    {**CITY, "machiaza_type": "3", "oaza_cho": "大字見本", "koaza": "甲"},
    {**CITY, "machiaza_type": "3", "koaza": "上の原"},
    {**CITY, "machiaza_type": "5", "koaza": "甲州街道"},
    {**KYOTO, "machiaza_type": "3", "oaza_cho": "亀屋町", "koaza": "御幸町通", "koaza_aka_code": "2"},
    {**KYOTO, "machiaza_type": "3", "oaza_cho": "□屋町"},
]
TOLD = [
    ("13104", "", None, 0),
    ("13104", "", "上の原", 0),
    ("13104", "北新宿", None, 23),
    ("13104", "大字見本", None, 0),
    ("13104", "大字見本", "字坊主岳", 0),
    ("13104", "西新宿", None, 8),
    ("26104", "亀屋町", None, 0),
]


@pytest.mark.parametrize("name", ["mt_town_pref13.csv", "mt_town_all.csv.zip"])
def test_towns_have_their_highest_chome_and_a_line_of_their_own_beside_their_koaza(
    put: Put, name: str
) -> None:
    extract = read("abr", put(name, "\ufeff" + abr(ROWS)))
    assert extract.frame.select("code", "town", "koaza", "chome").rows() == TOLD
    assert extract.scope == {"13104", "26104"}


def test_the_release_of_2022_had_japanese_headers(put: Put) -> None:
    header = [
        "全国地方公共団体コード",
        "町字id",
        "町字区分コード",
        "都道府県名",
        "郡名",
        "市区町村名",
        "政令市区名",
    ]
    header += ["大字・町名", "丁目名", "小字名"]
    row = ["131041", "0024002", "2", "東京都", "", "新宿区", "", "西新宿", "八丁目", ""]
    told = read("abr", put("town_all.csv", csv_text([header, row]))).frame
    assert told.select("code", "town", "chome").rows() == [("13104", "西新宿", 8)]


def test_another_table_of_the_registry_is_refused_with_its_columns(put: Put) -> None:
    cities = csv_text([("lg_code", "pref", "county", "city", "ward"), ("131041", "東京都", "", "新宿区", "")])
    with pytest.raises(
        TableFileError, match=r"no column oaza_cho, chome, koaza \(columns seen: lg_code, pref"
    ):
        read("abr", put("mt_city_all.csv", cities))


def test_a_line_that_cannot_be_is_told_by_its_number(put: Put) -> None:
    with pytest.raises(TableFileError, match=r"first lines 3"):
        read("abr", put("mt_town_all.csv", abr([ROWS[0], {**ROWS[1], "lg_code": "新宿区"}])))
