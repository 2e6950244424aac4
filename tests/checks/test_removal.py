"""Check 1: what is planned is what is erased, byte for byte, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

import optout
from optout import errors
from optout.checks import removal
from optout.holdings import Edits
from optout.holdings.files import HeldFile
from optout.schema import CHANNELS

Put = Callable[..., Path]
Rows = dict[str, str]
States = Callable[[Path], dict[str, str]]
# Two codes of CP932 for one character, a gaiji, and a second byte that is a backslash.
ODD_BYTES = b"5,\x81\xca\xee\xf9\xfa\x40,,\x83\x5c\x94\x5c,,\x87\x9c"


def planned(store: optout.Store, asked: optout.Receipt, *paths: Path) -> removal.Plan:
    return optout.removal.plan(store, asked, list(paths))


def test_D2_a_plan_changes_nothing_and_has_the_same_hash_again(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path, state_of: States
) -> None:
    held, before = put(rows["asked"], rows["other"]), state_of(tmp_path)
    revision = store.revision
    plan = planned(store, asked, held)
    assert planned(store, asked, held).hash == plan.hash
    assert state_of(tmp_path) | {"held.csv": ""} == before | {"held.csv": ""}
    assert state_of(tmp_path)["held.csv"] == before["held.csv"]
    assert store.revision == revision
    assert plan.requests == asked.request_ids
    held.write_bytes(held.read_bytes() + (rows["odd"] + "\r\n").encode("cp932"))
    assert planned(store, asked, held).hash != plan.hash


def test_the_table_of_a_plan_tells_what_and_why_without_a_persons_data(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows
) -> None:
    plan = planned(store, asked, put(rows["other"], rows["asked"], rows["variant"]))
    assert plan.table.select("holding", "row", "request", "action").rows() == [
        ("held.csv", 1, asked.request_ids[0], "remove"),
        ("held.csv", 2, asked.request_ids[0], "review"),
    ]
    assert "高橋" not in repr(plan)
    assert "高橋" not in repr(plan.table.rows())


def test_D4_exactly_the_planned_rows_go_and_every_other_byte_stays(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows
) -> None:
    held = put(rows["other"], rows["asked"], rows["odd"], rows["asked"])
    raw = held.read_bytes() + ODD_BYTES + b"\r\n" + b"too,few\r\n"
    held.write_bytes(raw)
    plan = planned(store, asked, held)
    assert plan.table["row"].to_list() == [1, 3]
    outcome = optout.removal.execute(store, plan.hash)
    assert held.read_bytes() == raw.replace((rows["asked"] + "\r\n").encode("cp932"), b"")
    assert outcome.done
    assert outcome.table.row(0, named=True)["removed"] == 2
    assert store.is_active(asked.request_ids[0])
    assert planned(store, asked, held).table.is_empty()


def test_executing_twice_changes_nothing_and_tells_the_same(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows
) -> None:
    held = put(rows["asked"], rows["other"])
    plan = planned(store, asked, held)
    first = optout.removal.execute(store, plan.hash, approver="second person")
    after, stamp = held.read_bytes(), held.stat().st_mtime_ns
    again = optout.removal.execute(store, plan.hash)
    assert again.table.equals(first.table)
    assert (held.read_bytes(), held.stat().st_mtime_ns) == (after, stamp)


def test_parquet_loses_the_rows_and_keeps_dtypes(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    frame = pl.DataFrame(
        {
            "番号": [1, 2, 3],
            "氏名": ["見本 花子", "高橋 一郎", "見本 次郎"],
            "住所": ["", "新宿区西新宿3-2-1", None],
        },
        schema_overrides={"番号": pl.Int16},
    )
    frame.write_parquet(tmp_path / "held.parquet", compression="gzip")
    plan = planned(store, asked, tmp_path / "held.parquet")
    assert optout.removal.execute(store, plan.hash).statuses == {"held.parquet": "removed"}
    left = pl.read_parquet(tmp_path / "held.parquet")
    assert left.equals(frame[[0, 2]])
    assert left.schema == frame.schema


def test_D5_each_holding_gets_its_own_answer(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    clean, held = put(rows["other"], name="clean.csv"), put(rows["asked"], rows["other"])
    doubtful, header = put(rows["variant"], rows["asked"], name="doubtful.csv"), put(name="header.csv")
    plan = planned(store, asked, clean, held, doubtful, header, tmp_path / "gone.csv")
    assert plan.table.filter(action="unreachable")["holding"].to_list() == ["gone.csv"]
    outcome = optout.removal.execute(store, plan.hash)
    assert outcome.statuses == {
        "clean.csv": "not_found",
        "held.csv": "removed",
        "doubtful.csv": "review",
        "header.csv": "not_found",
        "gone.csv": "unreachable",
    }
    assert not outcome.done
    assert doubtful.read_bytes().decode("cp932").splitlines() == [rows["header"], rows["variant"]]


def test_a_list_of_nobody_else_keeps_its_header(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows
) -> None:
    held = put(rows["asked"], rows["asked"])
    outcome = optout.removal.execute(store, planned(store, asked, held).hash)
    assert held.read_bytes() == (rows["header"] + "\r\n").encode("cp932")
    assert outcome.done


def test_D3_a_file_that_cannot_be_written_is_unreachable_and_never_done(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = put(rows["asked"], rows["other"])
    before, plan = held.read_bytes(), planned(store, asked, held)

    def locked(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", locked)
        outcome = optout.removal.execute(store, plan.hash)
    assert (outcome.statuses, outcome.done) == ({"held.csv": "unreachable"}, False)
    assert held.read_bytes() == before
    assert [path.name for path in held.parent.glob(".optout-*")] == []
    # The message of HoldingLockedError says: close it and run the same plan again.
    assert optout.removal.execute(store, plan.hash).statuses == {"held.csv": "removed"}


def test_a_file_gone_since_the_plan_is_unreachable(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows
) -> None:
    held = put(rows["asked"], rows["other"])
    plan = planned(store, asked, held)
    held.unlink()
    outcome = optout.removal.execute(store, plan.hash)
    assert (outcome.statuses, outcome.done) == ({"held.csv": "unreachable"}, False)
    assert not held.exists()


@pytest.mark.parametrize(
    "change", ["a row more", "the person replaced by another", "the person gone, another edited"]
)
def test_D2_a_plan_for_a_file_that_changed_is_stale_and_the_file_untouched(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, change: str
) -> None:
    held = put(rows["asked"], rows["other"])
    plan = planned(store, asked, held)
    lines = {
        "a row more": (rows["asked"], rows["other"], rows["odd"]),
        "the person replaced by another": (rows["odd"], rows["other"]),
        "the person gone, another edited": (rows["odd"],),
    }
    changed = put(*lines[change]).read_bytes()
    with pytest.raises(errors.StalePlanError, match=r"held\.csv"):
        optout.removal.execute(store, plan.hash)
    assert held.read_bytes() == changed


def test_a_plan_is_stale_when_a_request_was_lifted_or_the_hash_is_of_no_plan(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows
) -> None:
    held = put(rows["asked"], rows["other"])
    before, plan = held.read_bytes(), planned(store, asked, held)
    for unknown in ("0" * 64, "", plan.hash[:-1], plan.hash.upper()):
        with pytest.raises(errors.StalePlanError):
            optout.removal.execute(store, unknown)
    store.lift(asked.request_ids[0], reason="本人の申出")
    with pytest.raises(errors.StalePlanError, match="lifted"):
        optout.removal.execute(store, plan.hash)
    assert held.read_bytes() == before
    with pytest.raises(errors.StalePlanError):
        planned(store, asked, held)


def test_a_plan_for_a_request_that_does_not_exist_says_so(store: optout.Store, put: Put, rows: Rows) -> None:
    with pytest.raises(errors.UnknownRequestError):
        optout.removal.plan(store, ["R-NONE"], [put(rows["other"])])


def test_a_request_for_some_channels_never_erases(
    store: optout.Store, person: Callable[..., optout.Request], put: Put, rows: Rows
) -> None:
    receipt = store.suppress(person(channels=CHANNELS[1]))
    held = put(rows["asked"], rows["other"])
    before, plan = held.read_bytes(), planned(store, receipt, held)
    assert plan.table["action"].to_list() == ["suppress_only"]
    outcome = optout.removal.execute(store, plan.hash)
    assert outcome.done
    assert list(outcome.statuses.values()) == ["suppressed"]
    assert held.read_bytes() == before


def test_a_clients_own_request_is_found_and_erases_nobody(
    store: optout.Store, person: Callable[..., optout.Request], put: Put, rows: Rows
) -> None:
    receipt = store.suppress(person(tenant="client-a"))
    held = put(rows["asked"], rows["other"])
    before, plan = held.read_bytes(), planned(store, receipt, held)
    assert plan.table.select("row", "action").rows() == [(0, "suppress_only")]
    outcome = optout.removal.execute(store, plan.hash)
    assert list(outcome.statuses.values()) == ["suppressed"]
    assert held.read_bytes() == before


def test_a_clients_request_beside_everybodys_leaves_the_erasing_to_the_latter(
    store: optout.Store, person: Callable[..., optout.Request], put: Put, rows: Rows
) -> None:
    store.suppress(person(tenant="client-a"))
    store.suppress(person())
    held = put(rows["asked"], rows["other"])
    plan = optout.removal.plan(store, None, [held])
    assert plan.table.select("row", "action").rows() == [(0, "remove")]
    assert list(optout.removal.execute(store, plan.hash).statuses.values()) == ["removed"]


def test_D7_a_row_of_two_people_loses_the_cells_of_one_and_goes_for_both(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    frame = pl.DataFrame(
        {
            "注文者氏名": ["見本 花子", "高橋 一郎"],
            "注文者電話番号": ["090-1234-0001", "03-1234-5678"],
            "送付先氏名": ["高橋 一郎", "高橋 一郎"],
            "送付先住所": ["新宿区西新宿3-2-1", "新宿区西新宿3-2-1"],
        }
    )
    path = tmp_path / "orders.parquet"
    frame.write_parquet(path)
    plan = planned(store, asked, path)
    assert plan.table.select("row", "action").rows() == [(0, "blank"), (1, "remove")]
    outcome = optout.removal.execute(store, plan.hash)
    assert outcome.statuses == {"orders.parquet": "removed"}
    assert outcome.table.select("removed", "blanked").row(0) == (1, 1)
    assert pl.read_parquet(path).rows() == [("見本 花子", "090-1234-0001", None, None)]
    assert planned(store, asked, path).table.is_empty()


@pytest.mark.parametrize("cell", ["高橋 一郎・見本 花子", "高橋 一郎・花子"])
def test_D7_a_cell_of_two_people_is_never_erased_for_one(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, cell: str
) -> None:
    path = tmp_path / "couples.parquet"
    pl.DataFrame({"氏名": [cell], "住所": ["新宿区西新宿3-2-1"]}).write_parquet(path)
    assert planned(store, asked, path).table["action"].to_list() == ["review"]


def test_a_crash_between_rename_and_record_is_finished_by_running_the_plan_again(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = put(rows["asked"], rows["other"])
    plan = planned(store, asked, held)
    change = HeldFile.change

    def change_then_crash(*given: Any) -> object:
        change(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(HeldFile, "change", change_then_crash)
        with pytest.raises(KeyboardInterrupt):
            optout.removal.execute(store, plan.hash)
    after = held.read_bytes()
    outcome = optout.removal.execute(store, plan.hash)
    assert outcome.done
    assert outcome.table.row(0, named=True)["removed"] == 1
    assert held.read_bytes() == after == "\r\n".join([rows["header"], rows["other"], ""]).encode("cp932")


KILLED = """
import os, signal, sys
from pathlib import Path
import optout
from optout.batch import staged
step, store_path, plan = sys.argv[1:]
replace = Path.replace
def die(self, target):
    if Path(target).name == "held.csv":
        if step == "after": replace(self, target)
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = die
optout.removal.execute(optout.Store.open(store_path), plan)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("step", ["before", "after"])
def test_a_process_killed_at_the_rename_leaves_the_old_list_or_the_new_one_and_can_be_finished(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, step: str
) -> None:
    held = put(rows["asked"], rows["other"])
    old, new = held.read_bytes(), "\r\n".join([rows["header"], rows["other"], ""]).encode("cp932")
    plan = planned(store, asked, held)
    killed = subprocess.run([sys.executable, "-c", KILLED, step, str(store.path), plan.hash], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert held.read_bytes() == (old if step == "before" else new)
    assert optout.removal.execute(store, plan.hash).done
    assert held.read_bytes() == new
    assert [path.name for path in held.parent.glob(".optout-*")] == []


def test_D4_nothing_is_called_done_when_the_rows_are_still_found(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = put(rows["asked"], rows["other"], rows["asked"])
    before, plan = held.read_bytes(), planned(store, asked, held)
    change = HeldFile.change
    monkeypatch.setattr(
        HeldFile, "change", lambda held, edits, *rest: change(held, Edits(edits.erase[:1]), *rest)
    )
    with pytest.raises(errors.CheckError, match="still found"):
        optout.removal.execute(store, plan.hash)
    assert held.read_bytes() == before


def test_a_mapping_of_columns_goes_with_the_plan(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    held = tmp_path / "held.csv"
    held.write_text("甲,乙\n高橋一郎,新宿区西新宿3-2-1\n見本花子,港区芝公園4-2-8\n", "utf-8")
    columns = {"held": {"name": "甲", "address": "乙"}}
    plan = optout.removal.plan(store, asked, {"held": held}, columns=columns)
    assert optout.removal.execute(store, plan.hash).statuses == {"held": "removed"}
    assert held.read_text("utf-8") == "甲,乙\n見本花子,港区芝公園4-2-8\n"


def test_a_sheet_nobody_looked_into_makes_a_workbook_unreachable_never_done(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    """A sheet that was not read may hold the person."""

    def book(name: str, *sheets: list[str]) -> Path:
        made = openpyxl.Workbook()
        made.remove(made.active)
        for number, lines in enumerate(sheets):
            sheet = made.create_sheet(f"表{number}")
            for line in lines:
                sheet.append(line.split(","))
        made.save(tmp_path / name)
        return tmp_path / name

    header = put(rows["other"]).read_text("cp932").splitlines()[0]
    found = book("found.xlsx", [header, rows["asked"]])
    clean = book("clean.xlsx", [header, rows["other"]])
    unread = book("unread.xlsx", [header, rows["other"]], ["説明"])
    plan = planned(store, asked, found, clean, unread)
    assert dict(plan.table.select("holding", "action").rows()) == {
        "found.xlsx": "remove",
        "unread.xlsx": "unreachable",
    }
    outcome = optout.removal.execute(store, plan.hash)
    assert dict(outcome.table.select("holding", "status").rows()) == {
        "found.xlsx": "removed",
        "clean.xlsx": "not_found",
        "unread.xlsx": "unreachable",
    }
    assert not outcome.done
