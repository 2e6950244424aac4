"""The duties after a request on the command line: what is said names nobody, what is written is for the person."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from optout.checks import desk
from optout.register import holding, ledger
from optout.store import Identity, Request, Store

from .conftest import Answer, Run

NAME, PLACE, PHONE = "番兵 守", "東京都新宿区西新宿3-2-1", "090-1234-7777"
PERSON = ("--name", NAME, "--address", PLACE, "--phone", PHONE)
TRACES = ("番兵", "バンペイ", "西新宿", "1234-7777", "12347777", "芝公園", "4-2-8")
HEADER = "氏名,フリガナ,〒,住所,TEL"
LIST = (
    f"{HEADER}\n番兵守,バンペイ マモル,160-0023,新宿区西新宿3-2-1,{PHONE}\n例示 花子,,,千代田区千代田1-1,\n"
)
WHO = ("--actor", "佐藤")


@pytest.fixture
def held(store: Path, tmp_path: Path) -> Path:
    """A registered list of two people, and a delivery of it."""
    path = tmp_path / "held.csv"
    path.write_text(LIST, "cp932")
    with Store.open(store, actor="佐藤") as opened:
        origin = {"collected": "2026-01-01"}
        holding.add(opened, holding.Holding("顧客", (str(path),), retention="催事", origin=origin))
        lines = pl.DataFrame({"row_id": ["line 1"], "name": ["番兵守"], "address": ["新宿区西新宿3-2-1"]})
        client = {"id": "C-1", "name": "見本商事", "address": "港区"}
        ledger.record(
            opened, ledger.Provision("P-1", date(2026, 4, 1), client, ("氏名",), delivery="D-1"), lines
        )
    return path


def silent(told: Answer, code: int = 0) -> Answer:
    assert told.code == code, told.said
    assert [trace for trace in TRACES if trace in told.said] == []
    return told


def case(store: Path, kind: str) -> str:
    """An accepted case of the person."""
    with Store.open(store, actor="佐藤") as opened:
        asked = desk.Asked(Request(name=NAME, address=PLACE, phones=PHONE), kind)
        (made,) = desk.receive(opened, asked).cases
        desk.verify(opened, made.id, "call_back", ["name"], passed=True)
        return desk.accept(opened, made.id).id


def test_C1_disclose_writes_for_the_person_and_says_nothing_of_them(
    run: Run, store: Path, held: Path, tmp_path: Path
) -> None:
    out, asked = tmp_path / "out", case(store, "disclose")
    told = silent(run("disclose", store, "--case", asked, "--out", out, "--json", *WHO)).document
    assert (told["answer"], told["provided"]) == ("held", 1)
    assert sorted(path.name for path in out.iterdir()) == [
        f"{asked}.{ending}" for ending in ("csv", "html", "json")
    ]
    rows = json.loads((out / f"{asked}.json").read_text("utf-8"))["held"][0]["rows"]
    assert rows[0]["TEL"] == PHONE
    with Store.open(store) as opened:
        assert desk.case(opened, asked).state == "done"
    silent(run("disclose", store, *PERSON, "--records", "--out", out, *WHO))
    held.write_text(LIST + "番兵 護,,,新宿区西新宿3-2-1,\n", "cp932")
    doubtful = run("disclose", store, *PERSON, "--out", tmp_path / "none", "--json", *WHO)
    assert silent(doubtful, 105).document["doubts"] == [
        {"holding": "顧客", "row": 2, "rule": "RU21", "level": "address"}
    ]
    assert not (tmp_path / "none").exists()
    silent(run("disclose", store, *PERSON, "--other", "顧客:2", "--out", out, *WHO))
    assert run("disclose", store, "--out", out).code == 2  # whom?


def test_D11_correct_plans_carries_out_and_tells_the_person(
    run: Run, store: Path, held: Path, tmp_path: Path
) -> None:
    asked = case(store, "correct")
    wanted = ("--set", "住所=東京都港区芝公園4-2-8", "--set", "郵便番号=105-0011")
    silent(run("correct", "plan", store, "--case", asked, *wanted, *WHO))
    plan = silent(run("correct", "plan", store, "--case", asked, *wanted, "--quiet", *WHO)).out.strip()
    done = silent(run("correct", "execute", store, plan, "--json", *WHO)).document
    assert (done["done"], done["case"]) == (True, asked)
    assert "105-0011,東京都港区芝公園4-2-8" in held.read_text("cp932")
    (tmp_path / "office.toml").write_text('name = "見本商会"\n', "utf-8")
    letter = ("--sender", tmp_path / "office.toml", "--out", tmp_path / "letters")
    (page,) = silent(run("correct", "letter", store, plan, "--quiet", *letter, *WHO)).out.split()
    assert "芝公園4-2-8" in Path(page).read_text("utf-8")
    by_hand = run(
        "correct", "plan", store, *PERSON, "--set", "電話=", "--instead-of", "電話=03-1234-0000", "--json"
    )
    assert [row["action"] for row in silent(by_hand).document["rows"]] == [
        "right"
    ]  # no such number stands there
    assert run("correct", "plan", store, *PERSON, "--set", "年齢").code == 2


def test_P2_notices_are_made_and_moved_on(run: Run, store: Path, held: Path, tmp_path: Path) -> None:
    with Store.open(store) as opened:
        opened.suppress(
            Request(name=NAME, address="大阪府大阪市北区梅田1-2-3", identities=[Identity(address=PLACE)])
        )
    made = silent(run("notices", "make", store, "--out", tmp_path / "n", "--json", *WHO)).document
    assert [one["rows"] for one in made["notices"]] == [1]
    assert sorted(path.name for path in (tmp_path / "n").iterdir()) == ["C-1.csv", "C-1.html"]
    assert "番兵守" in (tmp_path / "n" / "C-1.csv").read_text("cp932")
    for move in (("sent", "--how", "post"), ("remind",), ("acknowledge",), ("done", "--on", "2099-01-01")):
        silent(run("notices", move[0], store, "N-0001", *move[1:], *WHO))
    listed = silent(run("notices", "list", store, "--as-of", "2099-01-01", "--json")).document["notices"]
    assert [(one["status"], one["done"]) for one in listed] == [("done", "2099-01-01")]
    assert run("notices", "sent", store, "N-0001", "--how", "post").code == 101
    silent(run("notices", "again", store, "N-0001", "--out", tmp_path / "again"))
    silent(run("notices", "list", store, "--status", "overdue"))


def test_P3_a_clients_sheet_is_taken_in(run: Run, store: Path, held: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"納品番号,氏名,住所\nD-1,{NAME},{PLACE}\nD-9,見本 花子,大阪市北区梅田1-1\n", "cp932")
    told = silent(run("notices", "import", store, sheet, "--client", "見本商事", "--json", *WHO)).document
    assert (told["deliveries"], told["unknown_deliveries"]) == ({"D-1": 1}, {"D-9": 1})
    silent(run("notices", "import", store, sheet, "--client", "見本商事", *WHO))


def test_T3_retention_is_defined_shown_and_purged(run: Run, store: Path, held: Path, tmp_path: Path) -> None:
    silent(run("retention", "class", store))
    assert run("retention", "class", store, "催事").code == 2  # how long, and why?
    silent(run("retention", "class", store, "催事", "--days", "92", "--why", "約束"))
    silent(run("retention", "collected", store, "顧客", "--on", "2026/4/1"))
    assert silent(run("retention", "due", store, "--as-of", "2026-07-01", "--quiet")).out == ""
    silent(run("retention", "due", store, "--as-of", "2026-07-02", "--all"))
    exception = ("--contract", "契約1", "--purpose", "精算", "--until", "2026-07-31")
    silent(run("retention", "except", store, "顧客", *exception))
    silent(run("retention", "hold", store, "holding", "顧客", "--reason", "訴訟"))
    silent(run("retention", "release", store, "holding", "顧客", "--reason", "和解"))
    due = silent(run("retention", "due", store, "--as-of", "2026-08-01", "--json")).document["things"]
    assert [(one["name"], one["state"]) for one in due] == [("顧客", "due")]
    purge = ("retention", "purge", store, "--as-of", "2026-08-01", "--out", tmp_path / "purged")
    assert run(*purge, "--approver", "佐藤", *WHO).code == 83
    assert held.exists()
    told = silent(run(*purge, "--approver", "鈴木", "--json", *WHO)).document
    assert told["done"]
    assert not held.exists()
    assert len(list((tmp_path / "purged").iterdir())) == 3
    proof = (
        tmp_path / "purged" / "purge-P-0001.json",
        "--public-key",
        tmp_path / "purged" / "public_key.pem",
    )
    assert silent(run("retention", "verify", *proof, "--json")).document["items"][0]["rows"] == 2
    (tmp_path / "purged" / "purge-P-0001.json").write_text("{}")
    silent(run("retention", "verify", *proof), 68)
    page = (tmp_path / "purged" / "purge-P-0001.html").read_text("utf-8")
    assert [trace for trace in (*TRACES, "佐藤", "鈴木") if trace in page] == []
