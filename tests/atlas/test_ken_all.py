"""Japan Post's KEN_ALL in both of its forms, and files that look like it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from optout.atlas import read
from optout.errors import TableFileError, UnreadableFileError

from .conftest import Put, csv_text, ken_all

LONG = "協和（８８−２、２７１−１０、３４３−２、４０４−１、４２７−３、４３１−１２、４４３−６、６０８−２番地）"
ROWS = [
    ("01101", "0600000", "北海道", "札幌市中央区", "以下に掲載がない場合"),
    ("01101", "0600042", "北海道", "札幌市中央区", "大通西（１～１９丁目）"),
    ("01224", "0660005", "北海道", "千歳市", LONG),
    ("03366", "0295503", "岩手県", "和賀郡西和賀町", "穴明２２地割、穴明２３地割"),
    ("03507", "0287912", "岩手県", "九戸郡洋野町", "種市第１５地割～第２１地割（鹿糠、小路合）"),
    ("04101", "9806101", "宮城県", "仙台市青葉区", "中央アエル（１階）"),
    ("04101", "9800021", "宮城県", "仙台市青葉区", "中央"),
    ("13362", "1000301", "東京都", "利島村", "利島村一円"),
    ("19209", "4070311", "山梨県", "北杜市", "大泉町西井出８２４０−１"),
    ("25443", "5220317", "滋賀県", "犬上郡多賀町", "一円"),
    ("37403", "7660002", "香川県", "仲多度郡琴平町", "琴平町の次に１～４２６番地がくる場合（川東）"),
]
TOLD = {
    ("01101", "0600000", ""),
    ("01101", "0600042", "大通西"),
    ("01224", "0660005", "協和"),
    ("03366", "0295503", "穴明"),
    ("03507", "0287912", "種市"),
    ("04101", "9800021", "中央"),
    ("04101", "9806101", "中央"),
    ("13362", "1000301", ""),
    ("19209", "4070311", "大泉町西井出"),
    ("25443", "5220317", "一円"),
    ("37403", "7660002", ""),
}


def in_lines_of_38(rows: list[tuple[str, str, str, str, str]]) -> list[tuple[str, str, str, str, str]]:
    """As the CP932 file does: a longer town goes on in the next line."""
    return [
        (*place, town[at : at + 38])
        for *place, town in rows  # type: ignore[misc]
        for at in range(0, len(town), 38)
    ]


def told(path: Path) -> set[tuple[str, str, str]]:
    return set(read("ken-all", path).frame.select("code", "postal", "town").rows())


def test_the_town_is_what_stands_before_the_brackets(put: Put) -> None:
    assert told(put("utf_ken_all.csv", ken_all(ROWS))) == TOLD


@pytest.mark.parametrize("name", ["KEN_ALL.CSV", "ken_all.csv.zip"])
def test_the_cp932_file_with_its_cut_lines_says_the_same(put: Put, name: str) -> None:
    lines = in_lines_of_38(ROWS)
    assert len(lines) == len(ROWS) + 1
    old = read("ken-all", put(name, ken_all(lines).replace("～", "〜").replace("−", "－"), "cp932"))
    new = read("ken-all", put("utf_ken_all.csv", ken_all(ROWS)))
    assert set(old.frame.select("code", "postal", "town").rows()) == TOLD
    assert old.content == new.content
    assert old.sha256 != new.sha256


def test_a_municipality_is_parted_into_county_city_and_ward(put: Put) -> None:
    rows = read("ken-all", put("utf_ken_all.csv", ken_all(ROWS))).frame
    names = {
        code: row for code, *row in rows.select("code", "prefecture", "county", "city", "ward").iter_rows()
    }
    assert names["01101"] == ["北海道", None, "札幌市", "中央区"]
    assert names["03366"] == ["岩手県", "和賀郡", "西和賀町", None]


def test_the_date_is_that_of_the_file_in_the_archive_unless_told(put: Put) -> None:
    path = put("utf_ken_all.csv.zip", ken_all(ROWS))
    assert read("ken-all", path).as_of == date(2026, 10, 30)
    assert read("ken-all", path, date(2020, 1, 1)).as_of == date(2020, 1, 1)


def test_the_postal_codes_of_offices_are_told_from_those_of_towns(put: Put) -> None:
    offices = csv_text([("01101", "(カ)ミホン", "見本商店", "北海道", "札幌市中央区", "北一条", *"1234567")])
    with pytest.raises(TableFileError, match="JIGYOSYO"):
        read("ken-all", put("JIGYOSYO.CSV", offices, "cp932"))


def test_a_file_that_a_spreadsheet_has_saved_is_refused_by_line_not_by_value(put: Put) -> None:
    spoilt = ken_all(ROWS).replace("01101,", "1101,", 1).replace("0600042", "600042")
    with pytest.raises(TableFileError, match=r"2 lines .* \(first lines 1, 2\)") as refused:
        read("ken-all", put("utf_ken_all.csv", spoilt))
    assert "spreadsheet" in str(refused.value)
    assert "600042" not in str(refused.value)


def test_a_list_of_people_is_refused_without_a_word_of_it(put: Put) -> None:
    people = csv_text([("見本 一郎", "03-1234-5678"), ("例示 花子", "090-1234-5678")])
    for kind in ("ken-all", "abr", "mergers"):
        with pytest.raises(TableFileError) as refused:
            read(kind, put("list.csv", people, "cp932"))
        assert "2 columns" in str(refused.value) or "no column" in str(refused.value)
        assert "見本" not in f"{refused.value}{refused.value.args}"


def test_the_headers_of_a_list_are_told(put: Put) -> None:
    with pytest.raises(TableFileError, match="columns seen: 氏名, 電話番号 and 1 others"):
        read("ken-all", put("list.csv", csv_text([("氏名", "電話番号", "見本 一郎")]), "cp932"))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", b"", "0 columns"),
        ("a.csv", b"\x89PNG\0\0", "not a text file"),
        ("a.csv", "麻生区".encode("euc-jp") + b"\xff\xfd", "neither UTF-8 nor CP932"),
        ("a.zip", b"PK\x03\x04 and nothing else", "damaged ZIP"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises((UnreadableFileError, TableFileError), match=why):
        read("ken-all", path)


def test_a_missing_file_a_folder_and_an_archive_without_a_table_are_told(tmp_path: Path, put: Put) -> None:
    for path, why in (
        (tmp_path / "none.csv", "does not exist"),
        (tmp_path, "is a folder"),
        (put("readme.txt.zip", "nothing"), "without a CSV file"),
    ):
        with pytest.raises(UnreadableFileError, match=why):
            read("ken-all", path)


def test_a_cut_line_is_refused(put: Put) -> None:
    text = ken_all(ROWS)
    with pytest.raises(TableFileError, match="not of one length"):
        read("ken-all", put("utf_ken_all.csv", text[: text.rindex(",0,0")]))
    with pytest.raises(TableFileError, match="first lines 2"):
        read(
            "ken-all",
            put("utf_ken_all.csv", text.replace("大通西（１～１９丁目）,0", "大通西（１～１９丁目）")),
        )


def test_what_unpacks_to_more_than_a_table_can_be_is_not_read(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put("utf_ken_all.csv.zip", ken_all(ROWS) * 100)
    monkeypatch.setattr("optout.atlas.file.MOST_BYTES", 50_000)
    with pytest.raises(UnreadableFileError, match="larger than"):
        read("ken-all", path)
