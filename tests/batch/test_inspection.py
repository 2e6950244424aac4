"""What `optout columns` tells: counts, guesses and questions, and never a cell."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.batch import likeness
from optout.batch.inspection import Inspection, inspect
from optout.errors import (
    AmbiguousColumnError,
    HeaderMissingError,
    MissingColumnError,
    UnknownColumnError,
    UnreadableFileError,
)

NAMES = ["見本 太郎", "例示 花子", "仮名 次郎", "見本 桜"]
KANAS = ["ミホン タロウ", "レイジ ハナコ", "カメイ ジロウ", "ミホン サクラ"]
STREETS = [f"東京都新宿区西新宿3-2-{n}" for n in range(1, 5)]
PHONES = ["03-1234-5678", "090-1234-5678", "なし", ""]
ROWS = [
    ",".join([name, kana, "160-0023", street, phone, f"{1970 + n}/3/2"])
    for n, (name, kana, street, phone) in enumerate(zip(NAMES, KANAS, STREETS, PHONES, strict=True))
]
HEADER = "氏名,フリガナ,〒,住所,TEL,生年月日"


def written(folder: Path, *lines: str, encoding: str = "cp932", name: str = "list.csv") -> Path:
    place = folder / name
    place.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
    return place


def silent(seen: Inspection) -> None:
    told = str(asdict(seen))
    assert not any(part in told for row in ROWS for part in row.split(",") if part and part != "なし")


def test_a_list_is_counted_column_by_column(tmp_path: Path) -> None:
    seen = inspect(written(tmp_path, "顧客一覧,,,,,", HEADER, *ROWS))
    assert (seen.kind, seen.encoding, seen.delimiter, seen.eol) == ("text", "cp932", ",", "\r\n")
    assert (seen.header_line, seen.rows, seen.question) == (2, 4, None)
    assert "1 line above the header was read as a title" in seen.remarks
    assert [(c.position, c.field, c.filled, c.distinct, c.alike) for c in seen.columns] == [
        (0, "name", 4, 4, 4),
        (1, "kana", 4, 4, 4),
        (2, "postal", 4, 1, 4),
        (3, "address", 4, 4, 4),
        (4, "phone", 3, 3, 2),
        (5, "birth_date", 4, 4, 4),
    ]
    silent(seen)


def test_a_list_without_a_header_gets_a_suggestion_that_works(tmp_path: Path) -> None:
    place = written(tmp_path, *ROWS)
    seen = inspect(place)
    assert isinstance(seen.question, HeaderMissingError)
    assert seen.header_line is None
    assert list(seen.suggestion) == ["name=0", "kana=1", "postal=2", "address=3", "phone=4", "birth_date=5"]
    assert [column.header for column in seen.columns] == [f"column_{n}" for n in range(1, 7)]
    silent(seen)
    told = {field: int(place) for field, place in (pair.split("=") for pair in seen.suggestion)}
    again = inspect(place, told)
    assert again.question is None
    assert [column.field for column in again.columns] == list(told)
    assert again.rows == 4
    silent(again)


def test_a_question_leaves_what_is_known(tmp_path: Path) -> None:
    rows = ["見本 太郎,090-1234-5678,茶", "例示 花子,a@example.com,茶"]
    seen = inspect(written(tmp_path, "氏名,連絡先,商品", *rows))
    assert isinstance(seen.question, AmbiguousColumnError)
    assert [column.field for column in seen.columns] == ["name", "(asked)", "(unmapped)"]
    assert [column.filled for column in seen.columns] == [2, 2, 2]
    assert seen.unmapped == ("商品",)
    assert inspect(tmp_path / "list.csv", {"phone": "連絡先", "email": "連絡先"}).question is None


def test_headers_that_say_nothing_are_not_shown_but_guessed(tmp_path: Path) -> None:
    seen = inspect(written(tmp_path, "見本一郎,渋谷", "例示花子,03-1234-5678", "仮名次郎,06-1234-5678"))
    assert isinstance(seen.question, MissingColumnError)
    assert "見本" not in str(asdict(seen))
    assert seen.columns[1].guess == "phone"
    assert seen.suggestion == ("name=0", "phone=1")


def test_a_column_in_which_somebody_refuses_is_suggested_as_a_note(tmp_path: Path) -> None:
    seen = inspect(written(tmp_path, "見本 太郎,03-1234-5678,茶", "例示 花子,06-1234-5678,DM不要"))
    assert seen.suggestion == ("name=0", "phone=1", "note=2")


def test_unmapped_and_ignored_columns_are_told(tmp_path: Path) -> None:
    lines = ["氏名,TEL,謎,捨,病歴", "見本 太郎,03-1234-5678,090-1234-5678,x,y"]
    seen = inspect(written(tmp_path, *lines), ignore=["捨"])
    assert [column.field for column in seen.columns][2:] == ["(unmapped)", "(ignored)", "(unmapped)"]
    assert (seen.identity_like, seen.sensitive, seen.columns[2].guess) == (("謎",), ("病歴",), "phone")


def test_a_column_of_two_fields_has_two_lines(tmp_path: Path) -> None:
    place = written(tmp_path, "氏名,連絡先", "見本 太郎,090-1234-5678")
    seen = inspect(place, {"phone": "連絡先", "email": "連絡先"})
    assert [(column.position, column.field) for column in seen.columns] == [
        (0, "name"),
        (1, "email"),
        (1, "phone"),
    ]


def test_a_parquet_file_has_no_header_line(tmp_path: Path) -> None:
    place = tmp_path / "list.parquet"
    pl.DataFrame({"氏名": NAMES, "TEL": PHONES}).write_parquet(place)
    seen = inspect(place)
    assert (seen.kind, seen.header_line, seen.delimiter) == ("parquet", None, None)
    pl.DataFrame({"見本 太郎": NAMES, "03-1234-5678": PHONES}).write_parquet(place)
    refused = inspect(place)
    assert isinstance(refused.question, HeaderMissingError)
    assert "太郎" not in str(asdict(refused))


def test_what_cannot_be_read_or_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        inspect(tmp_path / "none.csv")
    with pytest.raises(UnknownColumnError):
        inspect(written(tmp_path, HEADER, *ROWS), {"name": "顧客"})


@pytest.mark.parametrize(
    ("values", "guess"),
    [
        (["a@example.com", "b@example.com"], "email"),
        (["090-1234-5678", "０３（１２３４）５６７８"], "phone"),
        (["160-0023", "〒530-0001"], "postal"),
        (["東京都新宿区西新宿3-2-1", "大阪府大阪市北区梅田1"], "address"),
        (["新宿区西新宿3-2-1", "北区梅田1"], "address"),
        (["東京都", "大阪府"], "pref"),
        (["新宿区", "箱根町"], "city"),
        (["1970/3/2", "昭和45年3月2日"], "birth_date"),
        (["2026/4/1", "2026/4/2"], None),
        (["ミホン タロウ", "レイジ"], "kana"),
        (["見本商事(株)", "株式会社例示"], "company"),
        (["見本 太郎", "例示花子"], "name"),
        (["男", "女"], None),
        (["茶", "茶", "茶", "茶"], None),
        (["x1", "y2"], None),
        ([None, ""], None),
        ([1, 2], None),
    ],
)
def test_a_column_is_guessed_by_its_looks(values: list[Any], guess: str | None) -> None:
    assert likeness.guess(pl.Series(values)) == guess


@pytest.mark.parametrize(
    ("field", "cell", "other"),
    [
        ("name", "見本 太郎", "090-1234-5678"),
        ("kana_given", "タロウ", "太郎"),
        ("phone", "０３-1234-5678", "見本"),
        ("fax", "03-1234-5678", "a@example.com"),
        ("phone_n1", "090", "見本"),
        ("email", "a@example.com", "見本"),
        ("postal", "1600023", "見本"),
        ("postal_1", "160", "160-0023"),
        ("address", "東京都新宿区西新宿3-2-1", "見本ビル"),
        ("pref", "東京都", "新宿区"),
        ("city", "新宿区", "西新宿3-2-1"),
        ("birth_date", "S45.3.2", "1970"),
        ("birth_year", "1970", "見本"),
        ("corporate_number", "1234567890123", "123"),
    ],
)
def test_cells_that_look_like_their_field_are_counted(field: str, cell: str, other: str) -> None:
    assert likeness.alike(pl.Series([cell, other, None, cell]), field) == 2


def test_every_field_can_be_counted() -> None:
    for field in [*tables.load("header_field")["field"], "(unmapped)", "(ignored)", "(asked)"]:
        count = likeness.alike(pl.Series(["見本"]), field)
        assert count is None or 0 <= count <= 1


CELLS = st.one_of(st.none(), st.sampled_from([*NAMES, *PHONES, *STREETS, "茶", "1"]), st.text(max_size=20))


@settings(deadline=None, max_examples=100)
@given(st.lists(CELLS, max_size=20))
def test_no_column_is_too_strange_to_be_guessed(values: list[str | None]) -> None:
    column = pl.Series(values, dtype=pl.String)
    assert likeness.guess(column) in {
        None,
        "name",
        "kana",
        "company",
        "birth_date",
        "pref",
        "city",
        "address",
    } | {
        "email",
        "phone",
        "postal",
    }
    for field in ("name", "kana", "phone", "email", "postal", "address", "birth_date"):
        assert (likeness.alike(column, field) or 0) <= len(column)
