"""`optout tune`: a sheet for a reviewer, and what the filled sheet says of the rules."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from .conftest import Run

LINES = ["例示 花子,03-1234-5678", "例示 次郎,03-1234-5678", "見本 一郎,03-1234-5678"]


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    """Two rows under review, one withheld."""
    place = tmp_path / "doubtful.csv"
    place.write_text("\n".join(["氏名,TEL", *LINES, ""]), "cp932")
    return place


@pytest.fixture
def sheet(run: Run, store: Path, doubtful: Path, tmp_path: Path) -> Path:
    place = tmp_path / "sheet.csv"
    made = run("tune", store, doubtful, "--out", place, "--json")
    assert (made.code, made.document["pairs"]) == (0, 2)
    return place


def fill(sheet: Path, *answers: str) -> Path:
    """The sheet as a reviewer hands it back."""
    frame = pl.read_csv(sheet, infer_schema=False)
    filled = frame.with_columns(pl.Series("判断 decision", answers))
    sheet.write_bytes(filled.write_csv().encode("cp932"))
    return sheet


def test_a_sheet_is_written_filled_in_and_read_again(
    run: Run, store: Path, doubtful: Path, sheet: Path
) -> None:
    told = run("tune", store, doubtful, "--labels", fill(sheet, "本人", "別人"))
    assert told.code == 0
    assert "RU19" in told.out
    assert "50%" in told.out
    assert "too few labels" in told.out
    assert "no rule was changed" in told.out
    assert max(map(len, told.out.splitlines())) <= 80


def test_programs_get_the_same_as_json(run: Run, store: Path, doubtful: Path, sheet: Path) -> None:
    filled = fill(sheet, "本人", "")
    told = run("tune", store, doubtful, "--labels", filled, "--threshold", "0", "--json").document
    assert (told["labelled"], told["undecided"]) == (1, 1)
    (rule,) = [each for each in told["rules"] if each["labelled"]]
    assert (rule["rule"], rule["pairs"], rule["same"], rule["few"]) == ("RU19", 2, 1, True)
    assert {each["threshold"] for each in told["thresholds"]} == {0.0}
    assert told["against"]["revision"] == 1
    assert run("tune", store, doubtful, "--labels", filled, "--quiet").out == "1\n"


def test_a_sheet_may_hold_other_verdicts_and_a_sample(
    run: Run, store: Path, doubtful: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sheet.parquet"
    asked = ("--include", "review", "--include", "withhold", "--sample", "1")
    assert run("tune", store, doubtful, "--out", out, *asked, "--quiet").out == "2\n"
    assert pl.read_parquet(out)["判定 verdict"].sort().to_list() == ["要確認 review", "除外 withhold"]


def test_the_sheet_shows_persons_and_says_so_and_nothing_else_does(
    run: Run, store: Path, doubtful: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sheet.csv"
    made = run("tune", store, doubtful, "--out", out)
    assert "個人情報" in made.err
    assert "例示" in out.read_text("utf-8-sig")
    said = made.said + run("tune", store, doubtful, "--labels", fill(out, "本人", "本人")).said
    run("tune", store, doubtful, "--out", out)
    refused = run("tune", store, doubtful, "--labels", fill(out, "例示の人", "本人"), "--json")
    assert (refused.code, refused.document["details"]) == (25, {"n_lines": 1, "first_lines": [2]})
    assert [trace for trace in ("例示", "見本", "1234") if trace in said + refused.said] == []


def test_the_look_at_persons_is_a_row_of_the_audit(
    run: Run, store: Path, doubtful: Path, sheet: Path
) -> None:
    before = run("audit", store, "--json").document["audit_rows"]
    run("tune", store, doubtful, "--out", sheet)
    assert run("audit", store, "--json").document["audit_rows"] == before + 1


def test_one_of_out_and_labels_is_asked_for(run: Run, store: Path, doubtful: Path, sheet: Path) -> None:
    assert run("tune", store, doubtful).code == 2
    assert run("tune", store, doubtful, "--out", sheet, "--labels", sheet).code == 2
