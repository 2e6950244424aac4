"""Check 1 over whatever keeps a list: folders, tables, workbooks; a person in none, one or all of them."""

from __future__ import annotations

import importlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest

import optout
from optout.register import holding
from optout.register.holding import Holding

Put = Callable[..., Path]
Rows = dict[str, str]
HOME = "新宿区西新宿3-2-1"


def names(place: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(place) as db:
        return db.execute("SELECT 番号, 氏名, 紹介者氏名 FROM 会員 ORDER BY 番号").fetchall()


@pytest.fixture
def table(tmp_path: Path) -> tuple[Path, str]:
    """A SQLite table of members: one who asked, one beside him, one he introduced; and its address."""
    pytest.importorskip("sqlalchemy")
    place = tmp_path / "office.db"
    with sqlite3.connect(place) as db:
        db.execute(
            "CREATE TABLE 会員 (番号 INTEGER PRIMARY KEY, 氏名 TEXT, 住所 TEXT, 紹介者氏名 TEXT, 紹介者電話番号 TEXT)"
        )
        db.executemany(
            "INSERT INTO 会員 VALUES (?, ?, ?, ?, ?)",
            [
                (7, "高橋 一郎", HOME, None, None),
                (8, "見本 花子", "千代田区千代田1-1", None, None),
                (9, "見本 次郎", "港区芝公園4-2-8", "高橋 一郎", "03-1234-5678"),
            ],
        )
    db.close()
    return place, f"sqlite:///{place}#会員"


def test_a_table_of_a_database_is_a_holding_like_any_other(
    store: optout.Store, asked: optout.Receipt, table: tuple[Path, str]
) -> None:
    place, address = table
    holding.add(store, Holding("会員", address))  # type: ignore[arg-type]
    plan = optout.removal.plan(store, asked)
    told = plan.table.select("holding", "action", "id").rows()
    assert [(name, action) for name, action, _ in told] == [("会員", "remove"), ("会員", "blank")]
    assert "7" in told[0][2]
    outcome = optout.removal.execute(store, plan.hash)
    assert (outcome.done, outcome.statuses) == (True, {"会員": "removed"})
    assert names(place) == [(8, "見本 花子", None), (9, "見本 次郎", None)]
    assert optout.removal.plan(store, asked).table.is_empty()


def test_D2_a_table_that_changed_since_the_plan_makes_it_stale(
    store: optout.Store, asked: optout.Receipt, table: tuple[Path, str]
) -> None:
    place, address = table
    plan = optout.removal.plan(store, asked, {"会員": address})
    with sqlite3.connect(place) as db:
        db.execute("UPDATE 会員 SET 住所 = '不明' WHERE 番号 = 8")
    db.close()
    with pytest.raises(optout.errors.StalePlanError):
        optout.removal.execute(store, plan.hash)
    assert len(names(place)) == 3


def test_D3_a_person_in_none_one_or_all_lists_of_a_folder(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    counts = {"誰も": 0, "一つ": 1, "すべて": 2}
    for holds, n in counts.items():
        (tmp_path / holds / "2026").mkdir(parents=True)
        for number, name in enumerate(("a.csv", "2026/b.csv")):
            lines = (rows["other"], rows["asked"]) if number < n else (rows["other"],)
            shutil.move(put(*lines, name="made.csv"), tmp_path / holds / name)
        holding.add(store, Holding(holds, str(tmp_path / holds)))
    plan = optout.removal.plan(store, asked)
    assert plan.table.height == 3
    outcome = optout.removal.execute(store, plan.hash)
    assert dict(outcome.table.select("holding", "removed").rows()) == counts
    assert list(outcome.statuses.values()) == ["not_found", "removed", "removed"]
    left = [path.read_text("cp932") for holds in counts for path in (tmp_path / holds).rglob("*.csv")]
    assert ["高橋" in text for text in left] == [False] * 6
    assert len(optout.removal.evidence(store, plan.hash)["holdings"]) == 6


def test_a_workbook_loses_the_row_and_the_cells_of_one_of_two(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    made = openpyxl.Workbook()
    made.active.append(["注文者氏名", "注文者電話番号", "送付先氏名", "送付先住所"])
    made.active.append(["見本 花子", "090-1234-0001", "高橋 一郎", HOME])
    made.active.append(["高橋 一郎", "03-1234-5678", None, None])
    made.active.append(["見本 次郎", "090-1234-0002", None, None])
    path = tmp_path / "orders.xlsx"
    made.save(path)
    plan = optout.removal.plan(store, asked, [path])
    assert plan.table.select("action").to_series().to_list() == ["blank", "remove"]
    assert plan.table["id"].to_list()[1].endswith("3")
    outcome = optout.removal.execute(store, plan.hash)
    assert outcome.statuses == {"orders.xlsx": "removed"}
    left = [list(line) for line in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]
    assert left[1:] == [
        ["見本 花子", "090-1234-0001", None, None],
        ["見本 次郎", "090-1234-0002", None, None],
    ]


def test_a_large_list_is_planned_for_block_by_block(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows, whatever is held at once; a 4 GB list needs no more than a block of it."""
    from optout.checks.removal import looking
    from optout.screen import search as module

    frame = pl.DataFrame({"氏名": ["見本 花子", "高橋 一郎"] * 2_000, "住所": ["港区1-1", HOME] * 2_000})
    frame.write_csv(tmp_path / "large.csv")
    heights: list[int] = []
    met = module._met

    def counted(block: object, *given: object) -> object:
        heights.append(block.frame.height)  # type: ignore[attr-defined]
        return met(block, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_met", counted)
    monkeypatch.setattr(looking, "search", lambda *given: module.search(*given, block_bytes=20_000))
    monkeypatch.setattr(importlib.import_module("optout.screen.sampled"), "SAMPLE", 100)
    plan = optout.removal.plan(store, asked, [tmp_path / "large.csv"])
    assert plan.table["row"].to_list() == list(range(1, 4_000, 2))
    assert len(heights) > 4
    assert max(heights) < 1_000


def test_every_sheet_of_a_workbook_that_is_a_list_is_cleaned(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, number in (("東京", 1), ("大阪", 2), ("京都", 0)):
        sheet = made.create_sheet(name)
        sheet.append(["氏名", "住所"])
        for line in [["見本 花子", "千代田区千代田1-1"], *[["高橋 一郎", HOME]] * number]:
            sheet.append(line)
    path = tmp_path / "branches.xlsx"
    made.save(path)
    holding.add(store, Holding("支店", str(path)))
    plan = optout.removal.plan(store, asked)
    assert plan.table["action"].to_list() == ["remove"] * 3
    outcome = optout.removal.execute(store, plan.hash)
    assert (outcome.done, outcome.table["removed"].to_list()) == (True, [3])
    left = openpyxl.load_workbook(path)
    assert [sheet.max_row for sheet in left] == [2, 2, 2]
    made.create_sheet("メモ").append(["高橋さんに電話する"])
    made.save(path)
    # A sheet that is no list may hold anybody.
    assert optout.removal.plan(store, asked).table["why"].unique().to_list() == ["UndecidedSheetError"]


def test_a_list_that_is_registered_twice_is_changed_once(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    held = Path(shutil.move(put(rows["asked"], rows["other"], rows["asked"]), folder / "held.csv"))
    shutil.move(put(rows["asked"], rows["odd"], name="b.csv"), folder / "b.csv")
    holding.add(store, Holding("名簿庫", str(folder)))
    holding.add(store, Holding("顧客", str(held)))
    plan = optout.removal.plan(store, asked)
    assert plan.table.select("holding", "row").rows() == [("名簿庫", 0), ("顧客", 0), ("顧客", 2)]
    assert optout.removal.execute(store, plan.hash).statuses == {"名簿庫": "removed", "顧客": "removed"}
    assert held.read_bytes().decode("cp932").splitlines() == [rows["header"], rows["other"]]


def test_a_list_of_nothing_but_unreadable_records_says_how_many(
    store: optout.Store, person: Callable[..., optout.Request], tmp_path: Path
) -> None:
    listed = tmp_path / "ragged.csv"
    listed.write_bytes("氏名,電話番号\r\n一,二,三\r\n四,五,六,七\r\n".encode("cp932"))
    plan = optout.removal.plan(store, store.suppress(person()), [listed])
    assert optout.removal.execute(store, plan.hash).table.select("status", "unread").rows() == [
        ("not_found", 2)
    ]
