"""`optout holdings …` and `optout remove …` over registered lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optout.register import day

Run = Callable[..., Any]


def test_D1_a_list_is_registered_changed_shown_and_retired(run: Run, store: Path, listed: Path) -> None:
    assert run("holdings", "list", store, "--json").document == {"holdings": []}
    told = run("holdings", "add", store, "顧客", listed, "--use", "DM", "--derived-from", "会員", "--json")
    assert told.code == 0
    assert told.document["items"] == ["氏名", "フリガナ", "住所", "TEL", "備考"]
    assert told.document["lacking"] == ["entity", "basis", "responsible", "retention"]
    assert run("holdings", "add", store, "顧客", listed).code == 18
    changed = run("holdings", "change", store, "顧客", "--responsible", "鈴木", "--quiet")
    assert changed.out == "H-0001\n"
    assert run("holdings", "change", store, "顧客").code == 18
    shown = run("holdings", "show", store, "顧客", "--json").document
    assert shown["responsible"] == "鈴木"
    assert [version["responsible"] for version in shown["versions"]] == ["", "鈴木"]
    page = run("holdings", "show", store, "H-0001").out
    assert "鈴木" in page
    assert "responsible" in page
    assert "at (JST)" in page
    assert all(day.clock(version["at"]) in page for version in shown["versions"])
    assert "顧客" in run("holdings", "list", store).out
    assert run("holdings", "retire", store, "顧客", "--reason", "廃棄").code == 0
    assert run("holdings", "list", store, "--json").document == {"holdings": []}
    (gone,) = run("holdings", "list", store, "--retired", "--json").document["holdings"]
    assert gone["retired"] == "廃棄"
    assert run("holdings", "show", store, "会員").code == 26


def test_a_list_that_cannot_be_read_today_is_registered_all_the_same(
    run: Run, store: Path, tmp_path: Path
) -> None:
    told = run("holdings", "add", store, "外付け", tmp_path / "away.csv")
    assert told.code == 0
    assert "cannot be read now" in told.err
    assert run("remove", "plan", store, "--json").document["rows"][0]["action"] == "unreachable"


def test_D3_a_removal_goes_through_the_register_and_is_tried_again(
    run: Run, store: Path, listed: Path, clean: Path, tmp_path: Path
) -> None:
    assert run("remove", "plan", store).code == 18
    for name, place in (("顧客", listed), ("会員", clean)):
        assert run("holdings", "add", store, name, place, "--quiet").code == 0
    away = clean.rename(tmp_path / "away.csv")
    plan = run("remove", "plan", store, "--out", tmp_path / "plan.csv", "--json").document
    assert plan["holdings"] == ["顧客", "会員"]
    assert [(row["holding"], row["action"], row["id"]) for row in plan["rows"]] == [
        ("顧客", "remove", "line 2"),
        ("会員", "unreachable", "clean.csv"),
    ]
    assert (
        (tmp_path / "plan.csv").read_text("utf-8-sig").startswith("holding,row,request,rule,level,action,id")
    )
    assert run("remove", "execute", store, plan["plan"], "--json").code == 60
    assert run("remove", "retry", store).code == 60
    away.rename(clean)
    done = run("remove", "retry", store, "--json")
    assert done.code == 0
    assert [each["done"] for each in done.document["outcomes"]] == [True]
    assert run("remove", "retry", store, "--quiet").out == "0\n"
    out = tmp_path / "evidence.json"
    last = done.document["outcomes"][0]["plan"]
    assert run("remove", "evidence", store, last, "--out", out, "--quiet").out == "done\n"
    assert json.loads(out.read_text("utf-8"))["plan"] == last


@pytest.mark.parametrize("approver", [None, "佐藤", "鈴木"])
def test_X2_a_bulk_removal_asks_for_an_approver_who_is_not_the_actor(
    run: Run, store: Path, listed: Path, approver: str | None
) -> None:
    plan = run("remove", "plan", store, listed, "--bulk-rows", "0")
    assert "--approver" in plan.out
    plan = run("remove", "plan", store, listed, "--bulk-rows", "0", "--json").document
    assert plan["bulk"] is True
    named = () if approver is None else ("--approver", approver)
    told = run("remove", "execute", store, plan["plan"], "--actor", "佐藤", *named)
    assert told.code == (0 if approver == "鈴木" else 83)
