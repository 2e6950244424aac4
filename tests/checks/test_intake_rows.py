"""Check 2, what stands in the rows: every form of file, special care, minors, damage, duplicates, crashes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

import optout
from optout import errors, review, tables
from optout.batch import gaiji, open_batch, special_care
from optout.batch.columns import recognise
from optout.batch.repair import repaired
from optout.batch.staged import StagedFile
from optout.checks.intake import division
from optout.checks.intake.shape import columns_left
from optout.screen import judge as judging

Put = Callable[..., Path]
Rows = dict[str, str]
States = Callable[[Path], dict[str, str]]
TOLD: dict[str, Any] = {"supplier": "見本名簿店", "basis": "direct", "history": "展示会で直接取得"}
HEADER = ["氏名", "住所", "電話番号", "生年月日", "備考"]
PEOPLE = [
    ["高橋一郎様", "新宿区西新宿３－２－１", "0312345678", "", ""],
    ["髙橋 一朗", "新宿区西新宿3-2-1", "", "", ""],
    ["見本　花子", "千代田区千代田1-1", "090-1234-0001", "1970-03-02", ""],
    ["見本 次郎", "港区芝公園4-2-8", "", "1982/12/1", "定期便"],
]


def written(path: Path, rows: list[list[str]], encoding: str, delimiter: str) -> Path:
    path.write_bytes("\r\n".join([*(delimiter.join(row) for row in rows), ""]).encode(encoding))
    return path


def taken(store: optout.Store, rows: list[list[str]], out: Path, **options: Any) -> optout.Intake:
    """A list of these rows, taken in."""
    frame = pl.DataFrame(rows, schema=HEADER, orient="row")
    return optout.intake(frame, store, **TOLD, out=out, **options)


def words(intake: optout.Intake) -> list[str]:
    return [question.split(":")[0] for question in intake.open_questions]


def test_A1_every_row_is_screened_against_every_request_and_the_counts_add_up(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    rows = [PEOPLE[n % 4] for n in range(40)]
    listed = written(tmp_path / "list.csv", [HEADER, *rows, ["壊れた", "行"]], "cp932", ",")
    intake = optout.intake(listed, store, **TOLD, out=tmp_path / "in", block_bytes=600)
    assert intake.record["counts"] == {"keep": 20, "withhold": 10, "review": 10, "quarantined": 1}
    assert sum(file.rows for file in intake.files.values()) == intake.record["list"]["records"] == 41
    assert [part.height for part in (intake.kept, intake.withheld, intake.review)] == [20, 10, 10]
    report = json.loads((tmp_path / "in" / "report.json").read_text("utf-8"))
    assert report["by_reason"] == {"name_variant": 10, "same_person": 10}
    assert report["supplier"] == "見本名簿店"
    whole = optout.screen(listed, store)
    assert intake.result.verdicts["verdict"].equals(whole.verdicts["verdict"])


def test_A1_rows_that_do_not_add_up_are_never_handed_out(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(self: division.SplitWriter) -> dict[str, Any]:
        return {name: file for name, file in real(self).items() if name != "withheld.csv"}

    real = division.SplitWriter.written
    monkeypatch.setattr(division.SplitWriter, "written", lossy)
    with pytest.raises(errors.ConservationError):
        taken(store, PEOPLE, tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())


def test_A2_taking_a_list_in_never_weakens_a_request(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    before = store.entries()
    cells = [["TRUE", "0", ""], ["FALSE", "1", "可"], ["", "", ""]]
    frame = pl.DataFrame(
        [[*PEOPLE[0][:3], *each] for each in cells],
        schema=["氏名", "住所", "電話番号", "DM可", "停止", "配信希望"],
        orient="row",
    )
    intake = optout.intake(frame, store, **TOLD, out=tmp_path / "in")
    intake.accept()
    assert intake.withheld.height == 3
    assert store.entries()[0] == before[0]
    assert store.entries()[1].equals(before[1])


@pytest.mark.parametrize(("encoding", "delimiter"), [("cp932", ","), ("utf-16", "\t")])
def test_A8_a_list_is_understood_in_every_encoding(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    rows = [[cell.replace("髙", "高") for cell in row] for row in PEOPLE]
    listed = written(tmp_path / "list.csv", [HEADER, *rows], encoding, delimiter)
    intake = optout.intake(listed, store, **TOLD, out=tmp_path / "in")
    assert intake.result.verdicts["verdict"].to_list() == ["withhold", "review", "keep", "keep"]
    assert intake.record["list"]["delimiter"] == delimiter


def test_A8_a_workbook_with_a_title_is_understood_and_an_ambiguous_header_stops(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["同窓会名簿 平成12年"], [], HEADER, *PEOPLE):
        sheet.append(row)
    book.save(tmp_path / "list.xlsx")
    intake = optout.intake(tmp_path / "list.xlsx", store, **TOLD, out=tmp_path / "in")
    assert intake.result.verdicts["verdict"].to_list() == ["withhold", "review", "keep", "keep"]
    assert {"kept.xlsx", "kept.csv"} <= set(intake.files)
    twice = pl.DataFrame({"氏名": ["見本 花子"], "お名前": ["鈴木 太郎"], "住所": ["千代田区千代田1-1"]})
    with pytest.raises(errors.AmbiguousColumnError):
        optout.intake(twice, store, **TOLD, out=tmp_path / "no")
    with pytest.raises(errors.MissingColumnError):
        optout.intake(pl.DataFrame({"商品": ["茶"], "数量": ["2"]}), store, **TOLD, out=tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_A10_an_unreadable_row_is_quarantined_with_its_line_and_never_clean(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    listed = written(tmp_path / "l.csv", [HEADER, PEOPLE[2], ["見本 花子", "半分"], PEOPLE[3]], "cp932", ",")
    intake = optout.intake(listed, store, **TOLD, out=tmp_path / "in")
    assert intake.quarantined.rows() == [(3, "fields: 2 instead of 5")]
    assert words(intake) == ["quarantined"]
    with pytest.raises(errors.OpenQuestionsError):
        intake.accept()
    held = intake.accept(leave_out=["quarantined"])
    assert "半分" not in held.read_text("cp932")


@pytest.mark.parametrize(
    "rule", tables.load("special_care_value").to_dicts(), ids=lambda rule: rule["rule_id"]
)
def test_A5_every_rule_of_special_care_finds_its_example_and_not_its_near_miss(rule: dict[str, str]) -> None:
    found = special_care.care(pl.Series([rule["example"], rule["leaves_alone"]])).to_list()
    assert found == ([True, False] if rule["meaning"] == "care" else [False, found[1]])
    near = "朝食付き 要返信 A型 障子張替え 前科目 がん具 結核予防会ビル"
    assert not special_care.care(pl.Series([near])).item()


def test_A5_cells_of_special_care_refuse_a_list_or_are_blanked(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    rows = [row.copy() for row in PEOPLE]
    rows[2][4], rows[3][4] = "糖尿病で通院中", "身障手帳２級"
    out = tmp_path / "in"
    with pytest.raises(errors.SensitiveValueError, match="備考") as refused:
        taken(store, rows, out)
    assert (refused.value.n_cells, refused.value.first_rows) == (2, (2, 3))
    assert "糖尿病" not in str(refused.value)
    assert not out.exists() or not list(out.iterdir())
    listed = written(
        tmp_path / "l.csv", [HEADER, *[[c.replace("髙", "高") for c in r] for r in rows]], "cp932", ","
    )
    intake = optout.intake(listed, store, **TOLD, out=out, drop_sensitive=True)
    assert intake.record["findings"]["special_care"] == [
        {"header": "備考", "kinds": {"disability": 1, "illness": 1}, "count": 2, "rows": [2, 3]}
    ]
    text = b"".join(path.read_bytes() for path in out.iterdir())
    assert "糖尿病".encode("cp932") not in text
    assert "身障".encode("cp932") not in text
    assert "見本　花子,千代田区千代田1-1,090-1234-0001,1970-03-02,\r\n".encode("cp932") in text
    assert intake.kept["備考"].to_list() == [None, None]


def test_A5_columns_outside_the_allow_list_are_screened_by_and_not_kept(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    rows = [row.copy() for row in PEOPLE]
    rows[2][4] = "糖尿病で通院中"
    intake = taken(store, rows, tmp_path / "in", allowed=["name", "住所", "生年月日"])
    assert intake.kept.columns == ["氏名", "住所", "生年月日"]
    assert intake.record["dropped"] == ["電話番号", "備考"]
    assert intake.result.verdicts["verdict"].to_list() == ["withhold", "review", "keep", "keep"]
    assert (tmp_path / "in" / "kept.csv").read_text("utf-8").splitlines()[0] == "氏名,住所,生年月日"
    with pytest.raises(errors.UnknownColumnError):
        taken(store, rows, tmp_path / "no", allowed=["年収"])


@pytest.mark.parametrize(
    ("as_of", "young"),
    [("2026-04-01", [0, 1, 2]), ("2026-04-02", [2]), ("2028-02-28", [2]), ("令和10年2月29日", [])],
)
def test_A7_a_person_under_sixteen_is_flagged_at_that_day(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, as_of: str, young: list[int]
) -> None:
    births = ["2010-04-02", "H22.4.2", "平成24年2月29日", "1900-01-01", ""]
    rows = [[f"見本 {n}子", f"港区芝公園4-2-{n}", "", born, ""] for n, born in enumerate(births, 1)]
    intake = taken(store, rows, tmp_path / "in", as_of=as_of)
    assert words(intake) == (["minors"] if young else [])
    assert intake.record["findings"]["minors"]["rows"] == young
    assert intake.kept.height == 5


def test_A7_rows_of_minors_are_withheld_when_the_office_says_so(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    rows = [[*PEOPLE[0][:3], "2015-01-01", ""], PEOPLE[2], [*PEOPLE[3][:3], "2015-01-01", ""]]
    intake = taken(store, rows, tmp_path / "in", minors="withhold", received=date(2026, 4, 1))
    assert intake.result.verdicts["verdict"].to_list() == ["withhold", "keep", "withhold"]
    assert intake.result.report["by_reason"] == {"same_person": 1, "under_16": 1}
    assert intake.open_questions == []
    asking = taken(store, rows, tmp_path / "in2", received=date(2026, 4, 1))
    assert words(asking) == ["minors"]
    with pytest.raises(errors.OpenQuestionsError):
        asking.accept()
    asking.accept(acknowledge=["minors"])


def test_A9_what_a_spreadsheet_changed_is_repaired_where_it_is_safe_and_reported_where_not(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    rows = [
        ["見本 花子", "千代田区千代田1月2日", "9012340001", "19700302.0", ""],
        ["見本 次郎", "千代田区千代田2001/2/3", "9.01E+09", "", ""],
        ["見本 三郎", "千代田区千代田1-3", "0312340002", "", ""],
    ]
    plain = taken(store, rows, tmp_path / "plain")
    assert words(plain) == ["damage"]
    assert plain.kept.rows() == [tuple(row) for row in rows]
    fixed = taken(store, rows, tmp_path / "fixed", repair=True)
    assert fixed.kept.select("住所", "電話番号", "生年月日").rows() == [
        ("千代田区千代田1-2", "09012340001", "1970-03-02"),
        ("千代田区千代田2001/2/3", "9.01E+09", ""),
        ("千代田区千代田1-3", "0312340002", ""),
    ]
    assert fixed.record["findings"]["repaired"] == {"住所": 1, "電話番号": 1, "生年月日": 1}
    assert fixed.record["damage"] == plain.record["damage"]
    lost = [(line["header"], line["action"]) for line in fixed.record["damage"] if line["action"] == "lost"]
    assert lost == [("住所", "lost"), ("電話番号", "lost")]


@pytest.mark.parametrize("rule", tables.load("gaiji").to_dicts(), ids=lambda rule: rule["rule_id"])
def test_A9_signs_of_lost_kanji_are_reported(rule: dict[str, str]) -> None:
    header = {"address": "住所"}.get(rule["slot"], "氏名")
    beside = {"住所": "氏名", "氏名": "住所"}[header]
    frame = pl.DataFrame({header: [rule["leaves_alone"], rule["example"]], beside: ["見本", "見本"]})
    found = gaiji.told([gaiji.found(frame, recognise(frame.columns), 10)])
    assert found == [{"header": header, "kind": rule["kind"], "count": 1, "rows": [11]}]


def test_A9_lost_kanji_duplicates_and_several_people_are_in_the_record(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    rows = [
        ["見本 花子", "千代田区千代田1-1", "", "", ""],
        ["〓本 次郎・三郎", "港区芝公園4-2-8", "", "", ""],
        ["見本　花子", "東京都千代田区千代田一丁目１番", "", "", ""],
        ["見本 花子", "大阪市北区梅田1-1", "090-1234-0001", "", ""],
        ["見本 花子", "", "09012340001", "", ""],
        ["見本 桃子", "千代田区千代田1-1", "", "", ""],
    ]
    intake = taken(store, rows, tmp_path / "in")
    found = intake.record["findings"]
    assert found["duplicates"] == {"count": 2, "rows": [2, 4], "looked_at": 6}
    assert found["several_people"] == {"count": 1, "rows": [1]}
    assert found["gaiji"] == [{"header": "氏名", "kind": "geta", "count": 1, "rows": [1]}]
    assert intake.open_questions == []
    assert taken(store, rows, tmp_path / "2", duplicates=False).record["findings"]["duplicates"] is None


def test_O3_a_planted_person_who_slips_through_fails_the_intake(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(pairs: pl.DataFrame) -> pl.DataFrame:
        return real(pairs.with_columns(pl.lit("other").alias("person"), pl.lit("none").alias("phone")))

    assert taken(store, PEOPLE, tmp_path / "in").result.report["seeds"] > 0
    real = judging.match.decide
    monkeypatch.setattr(judging.match, "decide", blind)
    with pytest.raises(errors.SeedMissedError):
        taken(store, PEOPLE, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


class _Cut(BaseException):
    """The power went."""


TAKING = sys.modules["optout.checks.intake"]  # `optout.checks.intake` is the function of that name
CUTS = {
    "second block": (division.Divider, "_add", 2),
    "before the first name": (StagedFile, "place", 1),
    "between two names": (StagedFile, "place", 3),
    "before the pairs": (TAKING, "keep_items", 1),
    "before the record": (optout.Store, "save_job", 1),
}


def test_O4_an_intake_cut_off_anywhere_is_done_again_and_no_half_of_a_file_bears_a_name(
    store: optout.Store,
    asked: optout.Receipt,
    tmp_path: Path,
    state_of: States,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = [[cell.replace("髙", "高") for cell in row] for row in PEOPLE]
    listed = written(tmp_path / "list.csv", [HEADER, *people * 2], "cp932", ",")
    whole = optout.intake(listed, store, **TOLD, out=tmp_path / "whole")
    complete = state_of(tmp_path / "whole")
    for where, (owner, name, nth) in CUTS.items():
        out = tmp_path / where
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, cutting(getattr(owner, name), nth))
            with pytest.raises(_Cut):
                optout.intake(listed, store, **TOLD, out=out, block_bytes=150 if name == "_add" else 1 << 20)
        assert all(complete[file] == digest for file, digest in state_of(out).items()), where
        again = optout.intake(listed, store, **TOLD, out=out)
        assert state_of(out) == complete, where
        assert again.id == whole.id


def cutting(real: Callable[..., Any], nth: int) -> Callable[..., Any]:
    """The same function, but its n-th call never comes back."""
    calls = [0]

    def cut(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == nth:
            raise _Cut
        return real(*args, **options)

    return cut


def test_O5_the_same_list_and_revision_give_the_same_bytes(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, state_of: States
) -> None:
    rows = [[*row[:4], "糖尿病で通院中" if n % 7 == 0 else ""] for n, row in enumerate(PEOPLE * 3)]
    rows = [[cell.replace("髙", "高") for cell in row] for row in rows]
    listed = written(tmp_path / "list.csv", [HEADER, *rows, ["半分"]], "cp932", ",")
    told = TOLD | {"drop_sensitive": True, "repair": True, "received": "2026-04-01"}
    for out, size in (("one", 1 << 25), ("two", 1 << 25), ("blocks", 300)):
        optout.intake(listed, store, **told, out=tmp_path / out, block_bytes=size)
    assert state_of(tmp_path / "one") == state_of(tmp_path / "two") == state_of(tmp_path / "blocks")


def test_V2_what_was_decided_is_used_when_the_list_is_taken_in_again(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    people = [[cell.replace("髙", "高") for cell in row] for row in PEOPLE]
    listed = written(tmp_path / "list.csv", [HEADER, *people], "cp932", ",")
    first = optout.intake(listed, store, **TOLD, out=tmp_path / "in")
    assert words(first) == ["review"]
    [item] = review.waiting(store, first.list_name)["item"]
    review.decide(store, item, "other", "電話で確認", "佐藤")
    again = optout.intake(listed, store, **TOLD, out=tmp_path / "in")
    assert again.open_questions == []
    assert again.kept["氏名"].to_list() == ["高橋 一朗", "見本　花子", "見本 次郎"]
    assert again.result.report["by_reason"]["decided_other"] == 1
    assert review.waiting(store).is_empty()


def test_V1_a_withheld_review_never_blocks_the_rest_of_the_list(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    intake = taken(store, PEOPLE, tmp_path / "in")
    held = intake.accept(leave_out=["review"])
    assert pl.read_csv(held)["氏名"].to_list() == ["見本　花子", "見本 次郎"]
    assert review.waiting(store)["row_name"].to_list() == ["髙橋 一朗"]


@pytest.mark.parametrize(
    ("columns", "left"),
    [
        ({"name": 0, "phone": 2, "note": 3}, {"name": [0], "phone": [1], "note": [2]}),
        ({"name": "乙", "address": "丙"}, {"name": ["乙"]}),
        ({"phone": ["丁", 2]}, {"phone": ["丁", 1]}),
        ({"address": [1]}, None),
        (None, None),
    ],
)
def test_what_was_told_of_the_columns_holds_of_the_rows_that_are_kept(columns: Any, left: Any) -> None:
    source = open_batch(pl.DataFrame({"乙": ["a"], "丙": ["b"], "丁": ["c"], "戊": ["d"]}))
    assert columns_left(columns, source, ["丙"]) == left


REPAIRED = tables.load("spreadsheet_damage").filter(pl.col("action") == "repaired").to_dicts()
WHOLE = {
    "phone": "電話番号",
    "postal": "郵便番号",
    "birth_date": "生年月日",
    "corporate_number": "法人番号",
    "address": "住所",
}


@pytest.mark.parametrize(
    "rule", [rule for rule in REPAIRED if rule["slot"] in WHOLE], ids=lambda rule: rule["rule_id"]
)
def test_A9_every_safe_repair_writes_what_a_screen_reads(rule: dict[str, str]) -> None:
    header = WHOLE[rule["slot"]]
    frame = pl.DataFrame({"氏名": ["見本 花子"] * 2, header: [rule["example"], rule["leaves_alone"]]})
    fixed, counted = repaired(frame, recognise(frame.columns))
    value, near = fixed[header]
    assert value != rule["example"]
    assert value == rule["expect"] or (rule["slot"] == "address" and value.endswith(rule["expect"]))
    assert counted[header] == 1 + (near != rule["leaves_alone"])


_CHILD = """
import os, sys
import optout
from optout.batch.staged import StagedFile
store = optout.Store.open(sys.argv[1])
real, calls = StagedFile.place, [0]
def place(self, mode=None):
    calls[0] += 1
    if calls[0] == 3:
        os._exit(1)  # no close(), no finally, no atexit: the nearest we get to a power cut
    real(self, mode)
StagedFile.place = place
optout.intake(sys.argv[2], store, "見本名簿店", "direct", "展示会で直接取得", out=sys.argv[3])
"""


def test_O4_a_process_that_died_leaves_nothing_half_and_the_next_run_sweeps_up(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, state_of: States
) -> None:
    people = [[cell.replace("髙", "高") for cell in row] for row in PEOPLE]
    listed, out = written(tmp_path / "list.csv", [HEADER, *people], "cp932", ","), tmp_path / "cut"
    child = [sys.executable, "-c", _CHILD, str(store.path), str(listed), str(out)]
    assert subprocess.run(child, check=False).returncode == 1
    placed = {path.name for path in out.iterdir() if not path.name.startswith(".optout-")}
    assert len(placed) == 2
    optout.intake(listed, store, **TOLD, out=tmp_path / "whole")
    complete = state_of(tmp_path / "whole")
    assert all(complete[name] == state_of(out)[name] for name in placed)
    optout.intake(listed, store, **TOLD, out=out)
    assert state_of(out) == complete
    assert store.audit_verify() > 0
