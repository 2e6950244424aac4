"""A list that went through a spreadsheet: what is restored withholds, what is lost is looked at, and both are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import optout

Make = Callable[..., optout.Request]


@pytest.fixture
def asked(store: optout.Store, person: Make) -> optout.Receipt:
    return store.suppress(person(address="東京都新宿区西新宿1-2-3", birth_date="1970-03-02"))


def verdict(store: optout.Store, **cells: str) -> tuple[str, str | None]:
    result = optout.screen(pl.DataFrame({header: [cell] for header, cell in cells.items()}), store)
    return result.verdicts.select("verdict", "reason").row(0)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"氏名": "高橋一郎", "電話番号": "312345678"}, ("withhold", "same_person")),
        ({"氏名": "高橋一郎", "電話番号": "312345678.0"}, ("withhold", "same_person")),
        ({"氏名": "高橋一郎", "電話番号": "3.12345678E+08"}, ("withhold", "same_person")),
        ({"氏名": "高橋一郎", "生年月日": "19700302.0"}, ("withhold", "same_person")),
        ({"氏名": "高橋一郎", "住所": "新宿区西新宿", "番地": "1月2日"}, ("review", "partial_address")),
        ({"氏名": "高橋一郎", "住所": "新宿区西新宿", "番地": "2001/2/3"}, ("review", "partial_address")),
        ({"氏名": "高橋一郎", "住所": "新宿区西新宿", "番地": "2001-02-03"}, ("review", "partial_address")),
        ({"氏名": "高橋一郎", "住所": "新宿区西新宿", "番地": "#REF!"}, ("review", "partial_address")),
        ({"氏名": "高橋一郎", "住所": "新宿区西新宿1.0"}, ("review", "partial_address")),
        ({"氏名": "見本花子", "住所": "新宿区西新宿", "番地": "2001/2/3"}, ("keep", None)),
        ({"氏名": "#N/A", "住所": "新宿区西新宿1-2-3"}, ("review", "no_usable_name")),
        ({"電話番号": "9.01E+09"}, ("review", "unidentifiable")),
        ({"氏名": "#N/A", "住所": "#N/A", "電話番号": "########"}, ("review", "unidentifiable")),
        ({"氏名": "見本花子", "DM可否": "#N/A"}, ("review", "own_flag_unclear")),
        ({"氏名": "見本花子", "DM不要": "#REF!"}, ("review", "own_flag_unclear")),
    ],
)
def test_a_damaged_cell_never_lets_a_person_through(
    store: optout.Store, asked: optout.Receipt, cells: dict[str, str], expected: tuple[str, str | None]
) -> None:
    assert verdict(store, **cells) == expected


def test_two_people_whose_names_are_lost_are_not_one_person(store: optout.Store, person: Make) -> None:
    store.suppress(person(name="#N/A", kana="#N/A", address="#N/A", phones=["#N/A"], birth_date="1970-03-02"))
    row = {"氏名": "#N/A", "フリガナ": "#N/A", "住所": "#N/A", "電話番号": "#N/A", "会社名": "#N/A"}
    assert optout.screen(pl.DataFrame([row]), store, allow_empty=True).hits.is_empty()


def test_the_damage_is_in_the_report_whatever_the_blocks(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    rows = [f"見本 花子,03-1234-{n:04},160-0023" for n in range(40)]
    rows[7], rows[33] = "見本 花子,9.01E+09,600001", "#N/A,9012345678,160-0023"
    listed = tmp_path / "list.csv"
    listed.write_bytes("\r\n".join(["氏名,電話番号,郵便番号", *rows, ""]).encode("cp932"))
    whole = optout.screen(listed, store)
    optout.screen_file(listed, store, out=tmp_path / "out", block_bytes=256)
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["damage"] == whole.report["damage"]
    told = [(d["header"], d["kind"], d["action"], d["count"], d["rows"]) for d in report["damage"]]
    assert told == [
        ("氏名", "error", "lost", 1, [33]),
        ("電話番号", "exponent", "lost", 1, [7]),
        ("電話番号", "zero", "repaired", 1, [33]),
        ("郵便番号", "zero", "repaired", 1, [7]),
    ]
    assert report["list"] == {
        "name": "list.csv",
        "sha256": whole.source.sha256,
        "encoding": "cp932",
        "delimiter": ",",
        "eol": "\r\n",
        "sheet": None,
    }


def test_a_frame_with_numbers_is_told_too(store: optout.Store, asked: optout.Receipt) -> None:
    frame = pl.DataFrame({"氏名": ["見本 花子"] * 2, "電話番号": [9012345678.0, None]})
    (told,) = optout.screen(frame, store).report["damage"]
    assert (told["kind"], told["action"], told["count"]) == ("zero", "repaired", 1)


def test_a_clean_list_has_no_damage(store: optout.Store, asked: optout.Receipt) -> None:
    frame = pl.DataFrame({"氏名": ["見本 花子"], "電話番号": ["03-1234-0001"]})
    assert optout.screen(frame, store).report["damage"] == []
