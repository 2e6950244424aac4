"""Check 2: a bought list is divided, recorded and held back until every question is answered."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import optout
from optout import errors
from optout.checks.intake import BASES

Put = Callable[..., Path]
Rows = dict[str, str]
States = Callable[[Path], dict[str, str]]
TOLD = {"supplier": "見本名簿店", "basis": "direct", "history": "展示会で直接取得"}
FILES = {"kept.csv", "withheld.csv", "review.csv", "quarantined.csv", "report.json", "intake.json"}


@pytest.fixture
def bought(put: Put, rows: Rows) -> Path:
    return put(rows["other"], rows["asked"], rows["variant"], "two,fields", rows["odd"], name="bought.csv")


def test_four_files_add_up_to_the_list_byte_for_byte(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path
) -> None:
    intake = optout.intake(bought, store, **TOLD, out=tmp_path / "in")
    assert {path.name for path in (tmp_path / "in").iterdir()} == FILES
    parts = [
        (tmp_path / "in" / name).read_bytes().split(b"\r\n")[1:-1] for name in sorted(FILES) if "csv" in name
    ]
    records = bought.read_bytes().split(b"\r\n")[1:-1]
    assert sum(map(len, parts)) == len(records) == 5
    assert sorted(line for part in parts for line in part) == sorted(records)
    assert b"two,fields" in (tmp_path / "in" / "quarantined.csv").read_bytes()
    counts = intake.record["counts"]
    assert counts == {"keep": 2, "withhold": 1, "review": 1, "quarantined": 1}
    heights = [part.height for part in (intake.kept, intake.withheld, intake.review, intake.quarantined)]
    assert heights == [2, 1, 1, 1]


def test_an_intake_waits_until_every_question_is_answered(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path
) -> None:
    intake = optout.intake(bought, store, supplier=" ", basis="consent", history="", out=tmp_path / "in")
    words = [question.split(":")[0] for question in intake.open_questions]
    assert words == ["supplier", "history", "review", "quarantined"]
    for left_out in ((), ("review",), ("review", "quarantined")):
        with pytest.raises(errors.OpenQuestionsError) as refused:
            intake.accept(leave_out=left_out)
        assert [question.split(":")[0] for question in refused.value.questions] == [
            word for word in words if word not in left_out
        ]
    with pytest.raises(errors.OptionError):
        intake.accept(leave_out=["supplier"])
    assert store.jobs("holding") == []


def test_an_accepted_intake_is_a_holding_of_the_kept_rows_alone(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path, rows: Rows
) -> None:
    intake = optout.intake(bought, store, **TOLD, out=tmp_path / "in")
    held = intake.accept(leave_out=["review", "quarantined"])
    wanted = "\r\n".join([rows["header"], rows["other"], rows["odd"], ""]).encode("cp932")
    assert held.read_bytes() == wanted
    assert [job for job, _ in store.jobs("holding")] == [intake.id]
    kind, state, record = store.load_job(intake.id) or ("", "", {})
    assert (kind, state, record["left_out"]) == ("holding", "held", ["quarantined", "review"])
    assert record["path"] == str(held)


@pytest.mark.parametrize("basis", BASES)
def test_the_basis_decides_whether_the_list_may_be_passed_on(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path, basis: str
) -> None:
    clean = put(rows["other"])
    intake = optout.intake(clean, store, "見本名簿店", basis, "展示会", out=tmp_path / "in")
    assert intake.record["basis"] == basis
    assert intake.record["deliverable"] is (basis != "optout")
    assert intake.open_questions == []


def test_an_unknown_basis_is_named_and_nothing_is_written(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path
) -> None:
    with pytest.raises(errors.OptionError, match="basis"):
        optout.intake(bought, store, "見本名簿店", "hearsay", "展示会", out=tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_columns_of_special_care_are_refused_unless_they_are_dropped(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    path, out = tmp_path / "bought.csv", tmp_path / "in"
    path.write_text(
        "氏名,病歴,住所\n見本花子,秘密の値,港区芝公園4-2-8\n高橋一郎,秘密の値,新宿区西新宿3-2-1\n", "utf-8"
    )
    with pytest.raises(errors.SensitiveColumnError, match="病歴"):
        optout.intake(path, store, **TOLD, out=out)
    assert not out.exists()
    intake = optout.intake(path, store, **TOLD, out=out, drop_sensitive=True)
    assert (out / "kept.csv").read_bytes() == "氏名,住所\n見本花子,港区芝公園4-2-8\n".encode()
    assert intake.record["dropped"] == ["病歴"]
    assert all("秘密の値".encode() not in file.read_bytes() for file in out.iterdir())


def test_the_same_list_gives_the_same_bytes_in_another_folder(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path, state_of: States
) -> None:
    store.now = lambda: datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
    first = optout.intake(bought, store, **TOLD, out=tmp_path / "one")
    second = optout.intake(bought, store, **TOLD, out=tmp_path / "two")
    assert state_of(tmp_path / "one") == state_of(tmp_path / "two")
    assert first.id == second.id
    assert json.loads((tmp_path / "one" / "intake.json").read_text("utf-8"))["received"] == "2026-04-01"


def test_the_reports_hold_no_persons_data(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path
) -> None:
    intake = optout.intake(bought, store, **TOLD, out=tmp_path / "in")
    told = [(tmp_path / "in" / name).read_text("utf-8") for name in ("report.json", "intake.json")]
    told += [repr(intake), str(intake.open_questions), str(intake.record)]
    for planted in ("高橋", "花子", "西新宿", "0312345678", "09012340001", "ﾀｶﾊｼ"):
        assert all(planted not in text for text in told)


@pytest.mark.parametrize(
    "broken", [b"", "番号,氏名,住所\r\n".encode("cp932"), b"\x00\x01\xff" * 500, b"a,b\r\n1,2\r\n"]
)
def test_a_list_that_cannot_be_used_leaves_nothing_behind(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, broken: bytes
) -> None:
    (tmp_path / "bought.csv").write_bytes(broken)
    with pytest.raises(errors.InputError):
        optout.intake(tmp_path / "bought.csv", store, **TOLD, out=tmp_path / "in")
    assert not (tmp_path / "in").exists()
    assert store.jobs("intake") == []


def test_a_disk_that_fills_up_leaves_no_half_of_a_file(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("optout.batch.staged.os.fsync", full)
    with pytest.raises(errors.WriteFailedError, match="the disk is full"):
        optout.intake(bought, store, **TOLD, out=tmp_path / "in")
    assert [path.name for path in (tmp_path / "in").iterdir()] == []
    assert store.jobs("intake") == []


def test_screening_against_nothing_must_be_meant(store: optout.Store, bought: Path, tmp_path: Path) -> None:
    with pytest.raises(errors.EmptyStoreError):
        optout.intake(bought, store, **TOLD, out=tmp_path / "in")
    intake = optout.intake(bought, store, **TOLD, out=tmp_path / "in", allow_empty=True)
    assert intake.withheld.is_empty()


def test_a_column_that_looks_like_identity_is_a_question(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    frame = pl.DataFrame({"氏名": ["見本 花子"] * 40, "甲": [f"03-1234-{n:04}" for n in range(40)]})
    intake = optout.intake(frame, store, **TOLD, out=tmp_path / "in")
    assert [question.split(":")[0] for question in intake.open_questions] == ["columns"]
    assert "甲" in intake.open_questions[0]


def test_a_supplier_may_be_told_with_its_particulars(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    clean = tmp_path / "clean.csv"
    clean.write_text("氏名,電話番号\n鈴木 花子,06-1234-5678\n", "utf-8")
    supplier = {"name": "見本名簿店", "address": "東京都千代田区千代田1-1", "representative": "見本 太郎"}
    taken = optout.intake(clean, store, supplier, "opt-out", "展示会", out=tmp_path / "in")
    assert taken.record["supplier"] == supplier
    assert (taken.record["basis"], taken.record["deliverable"]) == ("optout", False)
    nobody = optout.intake(clean, store, {"name": ""}, "個人", "展示会", out=tmp_path / "in2")
    assert [question.split(":")[0] for question in nobody.open_questions] == ["supplier"]


def test_dropping_a_column_loses_no_unreadable_record(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    listed = tmp_path / "care.csv"
    rows = [
        "氏名,電話番号,電話番号,病歴",
        "鈴木 花子,06-1234-5678,,あり",
        "見本 次郎,03-1234",
        "田中 実,,06-1234-5679,なし",
    ]
    listed.write_bytes("\r\n".join([*rows, ""]).encode("cp932"))
    taken = optout.intake(
        listed, store, "見本名簿店", "direct", "展示会", out=tmp_path / "in", drop_sensitive=True
    )
    assert [question.split(":")[0] for question in taken.open_questions] == ["quarantined"]
    assert taken.quarantined.rows() == [(3, "fields: 2 instead of 4")]
    assert sum(file.rows for file in taken.files.values()) == taken.record["list"]["records"] == 3
    report = json.loads((tmp_path / "in" / "report.json").read_text("utf-8"))
    assert report["counts"]["quarantined"] == 1
    assert [told["field"] for told in report["columns"]].count("phone") == 2
    assert "病歴" not in taken.kept.columns
    written = b"".join(file.read_bytes() for file in sorted((tmp_path / "in").glob("*.csv")))
    assert "あり".encode("cp932") not in written
    assert b"fields: 2 instead of 4" in written


def test_what_was_lost_in_a_spreadsheet_is_a_question_and_what_was_restored_is_not(
    store: optout.Store, asked: optout.Receipt, put: Put, tmp_path: Path
) -> None:
    fine = put("1,見本 花子,,千代田区千代田1-1,9012340001,", name="fine.csv")
    restored = optout.intake(fine, store, **TOLD, out=tmp_path / "fine")
    assert restored.open_questions == []
    assert [(d["kind"], d["action"]) for d in restored.record["damage"]] == [("zero", "repaired")]
    harmed = put(
        "1,見本 花子,,千代田区千代田1-1,9.01E+09,", "2,見本 次郎,,#N/A,9012340002,", name="harmed.csv"
    )
    lost = optout.intake(harmed, store, **TOLD, out=tmp_path / "harmed")
    (question,) = lost.open_questions
    assert question.startswith("damage: 2 values were lost")
    assert "電話番号 (exponent, 1)" in question
    assert "9.01" not in question
    with pytest.raises(errors.OpenQuestionsError):
        lost.accept(leave_out=["review"])
    with pytest.raises(errors.OptionError, match="acknowledge"):
        lost.accept(acknowledge=["history"])
    with pytest.raises(errors.OptionError, match="leave_out"):
        lost.accept(leave_out=["damage"])
    assert lost.accept(acknowledge=["damage"]).name == "kept.csv"
    _, _, record = store.load_job(lost.id) or ("", "", {})
    assert (record["acknowledged"], record["left_out"]) == (["damage"], [])
    assert record["damage"] == json.loads((tmp_path / "harmed" / "intake.json").read_text("utf-8"))["damage"]


def test_the_record_says_how_the_list_was_written(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path
) -> None:
    taken = optout.intake(bought, store, **TOLD, out=tmp_path / "in")
    told = taken.record["list"]
    assert (told["encoding"], told["delimiter"], told["eol"], told["sheet"]) == ("cp932", ",", "\r\n", None)
    assert (told["records"], told["sha256"]) == (5, taken.result.source.sha256)


@pytest.mark.parametrize("encoding", ["cp932", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
def test_a_list_rid_of_a_column_is_written_as_it_was(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    cells = [
        ["氏名", "電話番号", "病歴", "電話番号", "備考"],
        ["見本 花子", "06-1234-5678", "秘密", "", "一, 二; 三"],
        ["高橋 一郎", "03-1234-5678", "秘密", "", ""],
        ["短い行"],
    ]

    def written(rows: list[list[str]]) -> bytes:
        page = io.StringIO()
        csv.writer(page, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
        return page.getvalue().encode(encoding)

    listed, out = tmp_path / "list.csv", tmp_path / "in"
    listed.write_bytes(written(cells))
    taken = optout.intake(listed, store, **TOLD, out=out, drop_sensitive=True)
    rest = [row[:2] + row[3:] for row in cells[:3]]
    assert (out / "kept.csv").read_bytes() == written([rest[0], rest[1]])
    assert (out / "withheld.csv").read_bytes() == written([rest[0], rest[2]])
    assert taken.quarantined.height == 1
    assert (out / "quarantined.csv").read_bytes() == written(
        [["line", "why"], ["4", "fields: 1 instead of 5"]]
    )
    assert all("秘密".encode(encoding)[-4:] not in file.read_bytes() for file in out.glob("*.csv"))


def test_a_list_is_not_replaced_by_its_own_rows_without_a_column(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    listed = tmp_path / "kept.csv"
    listed.write_text("氏名,病歴,電話番号\n見本 花子,あり,06-1234-5678\n", "utf-8")
    before = listed.read_bytes()
    with pytest.raises(errors.OptionError, match="out"):
        optout.intake(listed, store, **TOLD, out=tmp_path, drop_sensitive=True)
    assert listed.read_bytes() == before
