"""`optout intake`, `optout supplier` and `optout review`, as an office uses them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from .conftest import Run

LINES = ["例示 花子,03-1234-5678,", "見本 一郎,03-1234-5678,", "例示 三郎,011-123-4567,2015-01-01"]


@pytest.fixture
def bought(tmp_path: Path) -> Path:
    """A row under review, one withheld, one of a minor."""
    place = tmp_path / "bought.csv"
    place.write_text("\n".join(["氏名,TEL,生年月日", *LINES, ""]), "cp932")
    return place


@pytest.fixture
def taken(run: Run, store: Path, bought: Path, tmp_path: Path) -> str:
    """The item that waits after an intake."""
    told = ("--basis", "direct", "--supplier", "展示会", "--history", "来場者", "--out", tmp_path / "in")
    assert run("intake", store, bought, *told, "--minors", "withhold", "--quiet").code == 0
    waiting = run("review", "list", store, "--quiet").out.split()
    assert len(waiting) == 1
    return waiting[0]


def test_V2_a_pair_is_listed_shown_decided_and_undone(run: Run, store: Path, taken: str) -> None:
    listed = run("review", "list", store, "--json").document
    assert (listed["waiting"], listed["items"][0]["reason"]) == (1, "other_person_same_phone")
    assert "例示" not in run("review", "list", store).out
    shown = run("review", "show", store, taken)
    assert "例示 花子" in shown.out
    assert "見本一郎" in shown.out
    decided = run(
        "review", "decide", store, taken, "other", "--reason", "電話で確認", "--reviewer", "佐藤", "--json"
    )
    assert (decided.document["answer"], decided.document["reviewer"]) == ("other", "佐藤")
    assert run("review", "list", store, "--quiet").out.strip() == ""
    assert run("review", "undo", store, taken, "--reason", "取り違え", "--quiet").code == 0
    assert run("review", "list", store, "--quiet").out.split() == [taken]
    told = run("review", "show", store, taken, "--json").document
    assert [one["answer"] for one in told["decisions"]] == ["other", None]
    assert run("review", "decide", store, taken, "maybe", "--reason", "?").code == 18
    assert run("review", "decide", store, "P-NOBODY", "same", "--reason", "?").code == 51


def test_V2_the_sheet_goes_out_and_comes_back(run: Run, store: Path, taken: str, tmp_path: Path) -> None:
    sheet = tmp_path / "review.csv"
    made = run("review", "export", store, sheet)
    assert "1 pairs" in made.out
    frame = pl.read_csv(sheet, infer_schema=False)
    filled = frame.with_columns(pl.lit("別人").alias("判断 answer"))
    sheet.write_bytes(filled.write_csv().encode("cp932"))
    assert run("review", "import", store, sheet).code == 25
    told = run("review", "import", store, sheet, "--reason", "現物を確認", "--json").document
    assert told == {"decided": 1, "known": 0, "left_open": 0}


def test_A6_a_supplier_is_registered_listed_and_asked_for(
    run: Run, store: Path, bought: Path, tmp_path: Path
) -> None:
    (tmp_path / "pledge.pdf").write_bytes(b"pledge")
    made = run("supplier", "add", store, "見本名簿店", "--address", "千代田区千代田1-1", "--json").document
    assert (made["id"], made["lacking"]) == ("S-0001", ["pledge (誓約書)"])
    assert "見本名簿店" in run("supplier", "list", store).out
    assert run("supplier", "show", store, "見本名簿店", "--quiet").out.strip() == "S-0001"
    second = ("supplier", "add", store, "二号店", "--pledge", tmp_path / "pledge.pdf")
    assert run(*second, "--identity-checked", "2026-02-30").code == 18
    assert run(*second, "--document", "契約書").code == 2
    assert run(*second, "--document", f"契約書={tmp_path / 'pledge.pdf'}", "--json").document["lacking"] == []
    told = ("--basis", "optout", "--supplier", "S-0001", "--history", "購入", "--out", tmp_path / "in")
    asked = run("intake", store, bought, *told, "--published", "--json").document["open_questions"]
    words = [question.split(":")[0] for question in asked]
    assert words == ["review", "minors", "receipt", "source"]
    refused = run("intake", store, bought, *told, "--accept", "--leave-out", "review")
    assert refused.code == 66


def test_A5_an_allow_list_and_a_day_for_ages_are_told_on_the_command_line(
    run: Run, store: Path, bought: Path, tmp_path: Path
) -> None:
    told = ("--basis", "direct", "--supplier", "展示会", "--history", "来場者", "--out", tmp_path / "in")
    options = ("--allow", "name", "--allow", "TEL", "--as-of", "2031-01-01", "--received", "令和8年4月1日")
    document = run("intake", store, bought, *told, *options, "--json").document
    assert (document["items"], document["dropped"]) == (["氏名", "TEL"], ["生年月日"])
    assert document["received"] == "2026-04-01"
    assert document["findings"]["minors"] == {"as_of": "2031-01-01", "count": 0, "rows": [], "under": 16}
