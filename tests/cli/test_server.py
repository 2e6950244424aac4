"""A store on a server is named by its address wherever a path goes; its password is nowhere to be seen."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

SECRET = "geheim-7391"


@pytest.fixture
def address(postgres: Any, tmp_path: Path) -> str:
    schema = f"cli_{abs(hash(tmp_path)):x}"
    return str(postgres.url(schema)).replace("optout@", f"optout:{SECRET}@")


def test_the_commands_take_an_address_for_a_path(run: Any, address: str, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("氏名,電話番号\n見本 一郎,03-1234-5678\n見本 花子,03-1234-9999\n", "utf-8")
    made = run("init", address)
    wanted = run("suppress", address, "--name", "見本 一郎", "--phone", "03-1234-5678", "--quiet")
    screened = run("screen", address, listed, "--out", tmp_path / "out")
    planned = run("remove", "plan", address, listed, "--request", wanted.out.strip())
    audited = run("audit", address)
    again = run("init", address)
    unknown = run("audit", address.replace("&schema=", "&schema=x"))
    assert [each.code for each in (made, wanted, screened, planned, audited)] == [0] * 5
    assert (again.code, unknown.code) == (42, 41)
    with (tmp_path / "out" / "withheld.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["氏名"] for row in csv.DictReader(file)] == ["見本 一郎"]
    for answer in (made, wanted, screened, planned, audited, again, unknown):
        assert SECRET not in answer.said
    shown = address.replace(f":{SECRET}", "")
    assert f'optout key backup "{shown}"' in made.out
    assert f'optout remove execute "{shown}"' in planned.out
    assert not [
        file for file in tmp_path.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()
    ]
