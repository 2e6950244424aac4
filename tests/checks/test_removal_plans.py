"""Check 1: plans: what makes one stale, who has to agree, what is tried again, and the cases behind the requests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import optout
from optout import errors
from optout.checks import desk
from optout.checks.removal import carrying
from optout.register import case, holding
from optout.register.holding import Holding
from optout.store import Store

Person = Callable[..., optout.Request]
Put = Callable[..., Path]
Rows = dict[str, str]
ROW = "{n},高橋一郎,ﾀｶﾊｼ ｲﾁﾛｳ,新宿区西新宿３－２－１,0312345678,"


@pytest.fixture
def held(put: Put, rows: Rows) -> Path:
    return put(rows["asked"], rows["other"])


def test_D2_only_the_hash_of_a_plan_is_executed_and_an_old_plan_is_answered(
    store: Store, asked: optout.Receipt, held: Path
) -> None:
    before = held.read_bytes()
    store.save_job("removal", "f" * 64, "planned", {"requests": asked.request_ids})
    with pytest.raises(errors.StalePlanError, match="earlier version"):
        optout.removal.execute(store, "f" * 64)
    with pytest.raises(errors.StalePlanError, match="no plan"):
        optout.removal.execute(store, "0" * 64)
    assert held.read_bytes() == before


def test_D2_a_plan_is_stale_when_what_it_rests_on_changed(
    store: Store,
    person: Person,
    asked: optout.Receipt,
    put: Put,
    rows: Rows,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    held = Path(shutil.move(put(rows["asked"], rows["other"]), folder / "held.csv"))
    holding.add(store, Holding("顧客", str(folder)))
    plan = optout.removal.plan(store, asked)
    assert plan.table.select("holding", "action", "id").rows() == [("顧客", "remove", "held.csv: line 2")]
    before = held.read_bytes()

    def stale(why: str) -> None:
        with pytest.raises(errors.StalePlanError, match=why):
            optout.removal.execute(store, plan.hash)
        assert held.read_bytes() == before

    with monkeypatch.context() as patch:
        known = carrying.asked
        patch.setattr(carrying, "asked", lambda *given: replace(known(*given), scheme="k0-00000000"))
        stale("rules changed")
    hold = store.suppress(person(kind="legal_hold"))
    stale("holds changed")
    store.lift(hold.request_ids[0], "訴訟の終結")
    (folder / "more.csv").write_bytes(before)
    stale("lists it did not hold")
    (folder / "more.csv").unlink()
    holding.change(store, "顧客", responsible="鈴木")
    stale("register of holdings changed")
    store.lift(asked.request_ids[0], "本人の申出")
    stale("lifted")


def test_X2_many_rows_need_a_second_person_who_is_not_the_actor(
    tmp_path: Path, person: Person, put: Put, rows: Rows
) -> None:
    with Store.create(tmp_path / "s.db", key=b"k" * 32, actor="佐藤") as store:
        receipt = store.suppress(person())
        held = put(*(ROW.format(n=n) for n in range(101)), rows["other"])
        before = held.read_bytes()
        plan = optout.removal.plan(store, receipt, [held])
        assert (plan.acting, plan.limit, plan.bulk) == (101, optout.removal.BULK_ROWS, True)
        for approver in (None, "佐藤", " 佐藤 "):
            with pytest.raises(errors.SecondPersonError):
                optout.removal.execute(store, plan.hash, approver)
        assert held.read_bytes() == before
        small = optout.removal.plan(store, receipt, [held], bulk_rows=101)
        assert (small.bulk, small.hash != plan.hash) == (False, True)
        with pytest.raises(errors.SecondPersonError):
            optout.removal.execute(store, small.hash, "佐藤")
        assert optout.removal.execute(store, plan.hash, "鈴木").done
        told = optout.removal.evidence(store, plan.hash)
        assert (told["approver"], {step["actor"] for step in told["steps"]}) == ("鈴木", {"佐藤"})


def test_D3_one_holding_out_of_reach_leaves_the_request_partial_until_a_retry_reaches_it(
    store: Store, person: Person, put: Put, rows: Rows
) -> None:
    received = desk.receive(store, person())
    (one,) = received.cases
    first, second = put(rows["asked"], rows["other"]), put(rows["asked"], name="away.csv")
    for name, path in (("顧客", first), ("外付け", second)):
        holding.add(store, Holding(name, str(path)))
    away = second.rename(second.with_suffix(".gone"))
    with pytest.raises(errors.IllegalMoveError):
        optout.removal.plan(store, one.requests)
    nobody = optout.removal.plan(store, None)
    assert (nobody.requests, nobody.pending) == ([], list(one.requests))
    assert set(optout.removal.replay(store, 0, [first]).statuses.values()) == {"not_found"}
    desk.accept(store, one.id)
    outcome = optout.removal.execute(store, optout.removal.plan(store, None).hash)
    assert outcome.statuses == {"顧客": "removed", "外付け": "unreachable"}
    assert (outcome.done, outcome.cases) == (False, {one.id: "partial"})
    assert [each.statuses["外付け"] for each in optout.removal.retry(store)] == ["unreachable"]
    away.rename(second)
    (again,) = optout.removal.retry(store)
    assert again.statuses == {"顧客": "not_found", "外付け": "removed"}
    assert (again.done, again.cases) == (True, {one.id: "done"})
    assert case.case(store, one.id).facts["holdings"] == again.statuses
    assert optout.removal.retry(store) == []
    assert optout.removal.evidence(store, outcome.plan)["state"] == "superseded"


def test_D3_a_case_is_not_done_while_a_registered_holding_was_not_looked_into(
    store: Store, person: Person, put: Put, rows: Rows
) -> None:
    (one,) = desk.receive(store, person()).cases
    desk.accept(store, one.id)
    for name in ("顧客", "会員"):
        holding.add(store, Holding(name, str(put(rows["asked"], rows["other"], name=f"{name}.csv"))))
    outcome = optout.removal.execute(store, optout.removal.plan(store, one.requests, ["顧客"]).hash)
    assert (outcome.done, outcome.cases) == (True, {one.id: "partial"})
    outcome = optout.removal.execute(store, optout.removal.plan(store, one.requests).hash)
    assert outcome.cases == {one.id: "done"}


def test_D3_one_case_waits_for_review_while_another_is_done(
    store: Store, person: Person, put: Put, rows: Rows
) -> None:
    sure = person(name="見本 花子", kana=None, address="千代田区千代田1-1", phones="090-1234-0001")
    first, second = desk.receive(store, [person(), sure]).cases
    for one in (first, second):
        desk.accept(store, one.id)
    put(rows["variant"], rows["other"])
    outcome = optout.removal.execute(
        store, optout.removal.plan(store, None, [put(rows["variant"], rows["other"])]).hash
    )
    assert outcome.cases == {first.id: "partial", second.id: "done"}
    assert outcome.table.select("status", "removed", "review").row(0) == ("review", 1, 1)


def test_D4_the_evidence_tells_what_was_done_and_no_person(
    store: Store, asked: optout.Receipt, held: Path
) -> None:
    plan = optout.removal.plan(store, asked, [held])
    before = optout.removal.evidence(store, plan.hash)
    assert (before["state"], before["holdings"][0]["status"]) == ("planned", "not carried out")
    outcome = optout.removal.execute(store, plan.hash)
    told = optout.removal.evidence(store, plan.hash)
    (of_held,) = told["holdings"]
    assert of_held["found"] == [{"id": "line 2", "action": "remove", "rule": "RU08", "why": None}]
    hashes = outcome.table.select("sha256_before", "sha256_after").row(0)
    assert (of_held["before"], of_held["after"]) == hashes
    assert "read again" in of_held["verified"]
    assert [step["state"] for step in told["steps"]] == ["planned", "executing", "done"]
    assert "高橋" not in json.dumps(told, ensure_ascii=False)
    assert "高橋" not in repr(plan) + repr(outcome)


def test_D10_a_list_from_a_backup_or_imported_again_is_cleaned_by_a_replay(
    store: Store, person: Person, put: Put, rows: Rows, tmp_path: Path
) -> None:
    store.suppress(person(name="例示 太郎", kana=None, address="港区芝公園4-2-8", phones=()))
    since = store.revision
    store.suppress(person())
    for name in ("顧客", "会員"):
        holding.add(store, Holding(name, str(put(rows["asked"], rows["other"], name=f"{name}.csv"))))
    clean = optout.removal.replay(store, since)
    assert clean.statuses == {"顧客": "removed", "会員": "removed"}
    put(rows["asked"], rows["other"], name="顧客.csv")
    again = optout.removal.replay(store, since)
    assert again.statuses == {"顧客": "removed", "会員": "not_found"}
    assert "高橋" not in (tmp_path / "顧客.csv").read_text("cp932")
    parquet = tmp_path / "old.parquet"
    pl.DataFrame({"氏名": ["高橋 一郎"], "住所": ["新宿区西新宿3-2-1"]}).write_parquet(parquet)
    assert optout.removal.replay(store, 0, [parquet]).statuses == {"old.parquet": "removed"}


def test_D1_every_registered_holding_is_gone_through_and_a_name_stands_for_its_list(
    store: Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    with pytest.raises(errors.OptionError, match="holdings"):
        optout.removal.plan(store, asked)
    columns = {"name": "甲", "address": "乙"}
    odd = tmp_path / "odd.csv"
    odd.write_text("甲,乙\n高橋一郎,新宿区西新宿3-2-1\n見本花子,港区芝公園4-2-8\n", "utf-8")
    holding.add(store, Holding("顧客", str(put(rows["asked"], rows["other"]))))
    holding.add(store, Holding("会員", str(odd), columns=columns))
    plan = optout.removal.plan(store, asked)
    assert plan.holdings == ["顧客", "会員"]
    assert plan.table.select("holding", "row", "action").rows() == [
        ("顧客", 0, "remove"),
        ("会員", 0, "remove"),
    ]
    named = optout.removal.plan(store, asked, ["会員"])
    assert named.holdings == ["会員"]
    # The register says how a list is read also when it is named by its place.
    assert optout.removal.plan(store, asked, [odd]).table["row"].to_list() == [0]
    assert optout.removal.execute(store, plan.hash).statuses == {"顧客": "removed", "会員": "removed"}


def test_D3_who_tells_too_little_to_be_found_is_not_done(store: Store, put: Put, rows: Rows) -> None:
    (one,) = desk.receive(store, optout.Request(name="高橋 一郎")).cases
    desk.accept(store, one.id)
    plan = optout.removal.plan(store, None, [put(rows["asked"])])
    assert (plan.table.height, plan.unmatchable) == (0, list(one.requests))
    assert optout.removal.execute(store, plan.hash).cases == {one.id: "partial"}


def test_D3_a_list_whose_headers_changed_is_unreachable_never_clean(
    store: Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    held = tmp_path / "held.csv"
    held.write_text("甲,乙\n高橋一郎,新宿区西新宿3-2-1\n見本花子,港区芝公園4-2-8\n", "utf-8")
    plan = optout.removal.plan(store, asked, [held])
    assert plan.table.select("action", "id", "why").rows() == [
        ("unreachable", "held.csv", "MissingColumnError")
    ]
    assert optout.removal.execute(store, plan.hash).statuses == {"held.csv": "unreachable"}


def test_a_removal_cut_off_is_finished_by_a_retry_under_its_own_hash(
    store: Store, asked: optout.Receipt, held: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = optout.removal.plan(store, asked, [held])

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(carrying, "outcome_of", stopped)
        with pytest.raises(KeyboardInterrupt):
            optout.removal.execute(store, plan.hash)
    (outcome,) = optout.removal.retry(store)
    assert (outcome.plan, outcome.done) == (plan.hash, True)
    assert outcome.table["removed"].to_list() == [1]
