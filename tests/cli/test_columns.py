"""`optout columns`: what a person and a program are told of a list, on a page of 80 columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from optout import errors

from .conftest import LIST, Run

ROWS = "".join(LIST.splitlines(keepends=True)[1:])
KEYS = {
    *("list", "kind", "encoding", "delimiter", "eol", "sheet", "header_line", "remarks", "rows_looked_at"),
    *("columns", "unmapped", "identity_like", "sensitive", "decisions", "suggestion"),
}


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def written(folder: Path, text: str) -> Path:
    place = folder / "given.csv"
    place.write_text(text, "cp932")
    return place


def silent(said: str) -> None:
    assert not any(word in said for word in ("見本", "例示", "ミホン", "西新宿", "1234"))


def test_a_list_is_told_on_a_page_of_eighty_columns(run: Run, tmp_path: Path, page: None) -> None:
    told = run("columns", written(tmp_path, f"顧客一覧,,,,\n{LIST}"))
    assert told.code == 0
    for part in ("cp932", "comma", "line 2", "1 line above the header was read as a title"):
        assert part in told.out
    lines = told.out.splitlines()
    assert max(map(cell_len, lines)) <= 80
    address = next(line for line in lines if "住所" in line)
    assert address.split() == ["2", "住所", "address", "self", "3", "3", "3"]
    silent(told.said)


def test_programs_are_told_the_same(run: Run, listed: Path) -> None:
    document = run("columns", listed, "--ignore", "備考", "--json").document
    assert set(document) == KEYS
    assert document["columns"][1] == {
        "position": 1,
        "header": "フリガナ",
        "field": "kana",
        "role": "self",
        "filled": 3,
        "distinct": 3,
        "alike": 3,
        "guess": None,
    }
    assert document["columns"][4]["field"] == "(ignored)"


def test_a_list_without_a_header_is_told_by_position_with_a_suggestion(
    run: Run, tmp_path: Path, page: None
) -> None:
    place = written(tmp_path, ROWS)
    told = run("columns", place)
    assert told.code == errors.HeaderMissingError.exit_code
    assert "--columns name=0" in told.out
    assert told.err.startswith("HeaderMissingError: ")
    silent(told.said)
    pairs = ("name=0", "kana=1", "address=2", "phone=3", "note=4")
    answer = run("columns", place, *(part for pair in pairs for part in ("--columns", pair)))
    assert (answer.code, answer.err) == (0, "")
    assert "column_4" in answer.out


def test_a_question_is_told_with_what_is_known(run: Run, tmp_path: Path, page: None) -> None:
    place = written(tmp_path, "氏名,連絡先\n見本 一郎,090-1234-5678\n例示 花子,a@example.com\n")
    told = run("columns", place)
    assert told.code == errors.AmbiguousColumnError.exit_code
    assert "(asked)" in told.out
    assert told.err.startswith("AmbiguousColumnError: ")
    silent(told.said)
    failed = run("columns", place, "--json")
    assert failed.code == failed.document["exit_code"] == told.code
    assert failed.document["details"]["headers"] == ["連絡先"]
    assert set(failed.document["details"]["known"]) == KEYS
    assert json.loads(failed.err) == failed.document
    quiet = run("columns", place, "--quiet")
    assert (quiet.code, quiet.out) == (told.code, "")


def test_a_column_that_does_not_look_like_its_field_is_pointed_out(
    run: Run, tmp_path: Path, page: None
) -> None:
    told = run("columns", written(tmp_path, "氏名,TEL,謎\n見本 一郎,なし,03-1234-5678\n"))
    assert "most cells do not look like the field: TEL" in told.out
    assert "look like identity, not mapped: 謎" in told.out
    assert "phone?" in told.out


@pytest.mark.parametrize("columns", [60, 300])
def test_wide_tables_are_cut_and_said_so(columns: int, run: Run, tmp_path: Path, page: None) -> None:
    header = ",".join(["氏名", "TEL", *(f"項目{n}" for n in range(columns))])
    told = run("columns", written(tmp_path, f"{header}\n見本,03-1234-5678{',' * columns}\n"))
    assert ("more columns, not shown" in told.out) is (columns > 200)
    assert max(map(cell_len, told.out.splitlines())) <= 80
