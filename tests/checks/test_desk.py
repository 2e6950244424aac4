"""The desk: what is received is in force, checked, decided and answered; FEATURES R1–R8, R10, R11, C2, S3, X3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout import desk
from optout.checks import desk_twins
from optout.errors import (
    DeskError,
    IllegalMoveError,
    ItemNotHeldError,
    NoGroundError,
    NotIdentifiedError,
    OptionError,
    RecordChangedError,
    SecondPersonError,
    StoreError,
    UnknownRecordError,
)
from optout.register import case as register
from optout.register import case_rules as rules
from optout.register.case import Case
from optout.store.record import Draft

APRIL = date(2026, 4, 1)
Ask = Callable[..., Case]


@pytest.fixture
def store(tmp_path: Path) -> optout.Store:
    made = optout.Store.create(tmp_path / "suppression.db", actor="佐藤", purpose="受付")
    # 8:50 in Tokyo: by UTC it is the day before.
    made.now = lambda: datetime(2026, 3, 31, 23, 50, tzinfo=UTC)
    return made


@pytest.fixture
def ask(store: optout.Store, person: Callable[..., optout.Request]) -> Ask:
    """One person asks; a case."""

    def make(kind: str = "stop", fields: dict[str, Any] | None = None, **how: Any) -> Case:
        procedure = how.pop("procedure", rules.USUAL)
        arrival = how.pop("arrival", None)
        asked = desk.Asked(person(**(fields or {})), kind, **how)
        return desk.receive(store, asked, arrival, procedure).cases[0]

    return make


def in_force(store: optout.Store) -> set[str]:
    """The names that are on the list now; that they withhold a row is tested where `withheld` is asked."""
    return set(store.entries()[1]["name"])


def withheld(store: optout.Store, name: str) -> bool:
    row = pl.DataFrame({"氏名": [name], "住所": ["新宿区西新宿3-2-1"]})
    return optout.screen(row, store, allow_empty=True).verdicts["verdict"].to_list() == ["withhold"]


@pytest.mark.parametrize("kind", rules.kinds())
def test_R1_a_request_of_every_kind_is_opened_and_only_a_stop_or_an_erasure_suppresses(
    ask: Ask, store: optout.Store, kind: str
) -> None:
    opened = ask(kind)
    assert (opened.kind, opened.state, opened.received, opened.due) == (
        kind,
        "received",
        APRIL,
        date(2026, 4, 15),
    )
    assert opened.stops == (kind in ("stop", "erase"))
    assert in_force(store) == ({"髙橋 一郎"} if opened.stops else set())
    assert opened.steps == rules.kinds()[kind].steps


def test_R1_another_kind_suppresses_when_it_says_so_and_a_stop_cannot_say_it_does_not(
    ask: Ask, store: optout.Store, person: Callable[..., optout.Request]
) -> None:
    opened = ask("complaint", stop=True)
    assert opened.steps == ("suppress", "answer")
    assert in_force(store) == {"髙橋 一郎"}
    with pytest.raises(OptionError):
        desk.Asked(person(), "stop", stop=False)


def test_R1_a_fee_is_taken_for_a_disclosure_and_never_for_a_stop(ask: Ask, store: optout.Store) -> None:
    procedure = desk.Procedure(fee={"disclose": 500}, check={"disclose": "none"})
    opened = ask("disclose", procedure=procedure)
    assert opened.fee == 500
    with pytest.raises(DeskError, match="fee"):
        desk.accept(store, opened.id)
    assert desk.accept(store, opened.id, paid=True).facts == {"fee_paid": 500}
    assert ask("stop", procedure=procedure).fee == 0


def test_R2_every_channel_is_kept_and_an_image_by_its_hash_alone(
    ask: Ask, store: optout.Store, tmp_path: Path
) -> None:
    scan = tmp_path / "fax_0401.tif"
    scan.write_bytes(b"II*\0 a picture of a sheet with a name on it")
    arrival = desk.Arrival("ＦＡＸ", image=desk.Paper.of(scan))
    opened = ask(arrival=arrival)
    assert opened.channel == "fax"
    sheet = store.record_of("sheet", opened.sheet or "").told
    assert sheet["image"] == {"name": "fax_0401.tif", "sha256": desk.Paper.of(scan).sha256}
    assert b"a picture of a sheet" not in (tmp_path / "suppression.db").read_bytes()
    seen = {
        ask(fields={"name": "見本 花子"}, arrival=desk.Arrival(name)).channel for name in rules.channels()
    }
    assert seen == set(rules.channels())


def test_R2_two_readings_that_differ_need_a_third_and_are_suppressed_from_the_first_commit(
    ask: Ask, store: optout.Store
) -> None:
    before = store.revision
    second = desk.Keying("鈴木", optout.Identity(name="髙橋 次郎", address="東京都新宿区西新宿三丁目2番1号"))
    opened = ask(fields={"phones": (), "kana": None}, second=second)
    assert (opened.state, opened.differs, store.revision) == ("needs_rekey", ("name",), before + 1)
    assert withheld(store, "高橋 一郎")
    assert withheld(store, "高橋 次郎")
    with pytest.raises(IllegalMoveError):
        desk.accept(store, opened.id)

    store.actor = "高橋"
    settled = desk.rekey(store, opened.id, second.given)
    assert (settled.state, settled.differs, settled.person.name) == ("received", (), "髙橋 次郎")
    # A misreading stays suppressed: entries are never corrected.
    assert in_force(store) == {"髙橋 一郎", "髙橋 次郎"}
    assert desk.accept(store, opened.id).state == "accepted"


def test_R2_a_later_reading_that_differs_is_suppressed_in_the_commit_that_records_it(
    ask: Ask, store: optout.Store
) -> None:
    opened = ask(fields={"phones": (), "kana": None})
    store.actor = "鈴木"
    keyed = desk.rekey(
        store, opened.id, optout.Identity(name="髙橋 次郎", address="東京都新宿区西新宿三丁目2番1号")
    )
    assert (keyed.state, keyed.differs) == ("needs_rekey", ("name",))
    assert len(keyed.requests) == 2
    assert in_force(store) == {"髙橋 一郎", "髙橋 次郎"}
    # Looking again, the second operator agrees with the first.
    agreed = desk.rekey(
        store, opened.id, optout.Identity(name="髙橋 一郎", address="東京都新宿区西新宿3-2-1")
    )
    assert agreed.state == "needs_rekey"
    assert agreed.differs == ("address",)
    done = desk.rekey(store, opened.id, opened.person)
    assert (done.state, done.differs) == ("received", ())
    lifted = desk.withdraw(store, opened.id, "本人の申出")
    assert not any(store.is_active(request) for request in lifted.requests)


def test_R2_one_operator_alone_cannot_settle_a_sheet(ask: Ask, store: optout.Store) -> None:
    opened = ask()
    with pytest.raises(SecondPersonError):
        desk.rekey(store, opened.id, opened.person)
    store.actor = "鈴木"
    with pytest.raises(OptionError):
        desk.rekey(store, opened.id, optout.Identity())
    store.actor = "佐藤"
    with pytest.raises(SecondPersonError):
        ask(second=desk.Keying("佐藤", opened.person))


def test_R3_a_sheet_with_five_people_is_five_linked_cases_each_with_its_own_status(
    store: optout.Store, person: Callable[..., optout.Request]
) -> None:
    before = store.revision
    people = [
        person(name=f"見本 {given}", kana=None, phones=(), address=f"大阪市北区梅田1-2-{n}")
        for n, given in enumerate(("一郎", "花子", "三郎", "桃子", "五郎"), 1)
    ]
    taken = desk.receive(store, people, desk.Arrival("client", client="見本商事", delivery="D-2026-031"))
    assert store.revision == before + 1
    assert [(case.sheet, case.line) for case in taken.cases] == [(taken.sheet, n) for n in range(1, 6)]
    assert len({request for case in taken.cases for request in case.requests}) == 5
    first, second, third, *_ = taken.cases
    desk.accept(store, first.id)
    desk.refuse(store, second.id, "not_identified")
    desk.verify(store, third.id, "client_vouches")
    states = [case.state for case in desk.cases(store).values()]
    assert states == ["accepted", "refused", "verifying", "received", "received"]
    assert [store.is_active(case.requests[0]) for case in taken.cases] == [True, False, True, True, True]


def test_R3_a_sheet_that_is_handed_in_twice_is_known(
    store: optout.Store, person: Callable[..., optout.Request], tmp_path: Path
) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.7 two people")
    arrival = desk.Arrival("fax", image=desk.Paper.of(scan))
    people = [person(), person(name="見本 花子", phones=["090-1234-0001"])]
    first = desk.receive(store, people, arrival)
    again = desk.receive(store, people, arrival)
    assert (again.known, again.sheet, again.cases) == (True, first.sheet, first.cases)
    # The rest of the same sheet, keyed later, is not lost.
    rest = desk.receive(store, [person(name="例示 三郎", phones=["090-1234-0002"])], arrival)
    assert not rest.known
    assert len(desk.cases(store)) == 3


def test_R4_the_usual_way_leads_to_done_and_an_illegal_step_raises_and_records_nothing(
    ask: Ask, store: optout.Store
) -> None:
    opened = ask("erase")
    with pytest.raises(IllegalMoveError):
        register.moved(store, opened, "done")
    checked = desk.verify(store, opened.id, "id_copy", ["氏名", "住所"], passed=True)
    accepted = desk.accept(store, opened.id)
    executing = register.moved(store, accepted, "executing", plan="p")
    partial = register.moved(store, executing, "partial", holdings={"a": "unreachable"})
    again = register.moved(store, partial, "executing")
    done = register.moved(store, again, "done", holdings={"a": "removed"})
    assert [checked.state, accepted.state, executing.state, partial.state, done.state] == [
        "verifying",
        "accepted",
        "executing",
        "partial",
        "done",
    ]
    assert done.facts == {"plan": "p", "holdings": {"a": "removed"}}
    versions = [case.state for _, _, case in desk.history(store, opened.id)]
    assert versions == ["received", "verifying", "accepted", "executing", "partial", "executing", "done"]
    with pytest.raises(IllegalMoveError):
        desk.refuse(store, done.id, "not_identified")
    assert len(desk.history(store, opened.id)) == len(versions)


def test_R4_who_worked_from_an_older_version_is_refused_and_nothing_is_lifted(
    ask: Ask, store: optout.Store
) -> None:
    opened = ask()
    desk.accept(store, opened.id)
    with pytest.raises(RecordChangedError):
        register.moved(store, opened, "withdrawn")
    assert store.is_active(opened.requests[0])


def test_R4_many_cases_move_in_one_commit_or_none_does(ask: Ask, store: optout.Store) -> None:
    made = [desk.accept(store, ask(fields={"name": f"見本 {n}郎"}).id) for n in "一二三"]
    with pytest.raises(IllegalMoveError):
        register.moved_all(store, [(made[0], "executing", {}), (made[1], "done", {})])
    assert {case.state for case in desk.cases(store).values()} == {"accepted"}
    rows = store.head.audit_n
    moved = register.moved_all(store, [(case, "executing", {"plan": "p"}) for case in made])
    assert store.head.audit_n == rows + 1
    assert [case.state for case in moved] == ["executing"] * 3
    assert moved == list(desk.cases(store).values())


def test_R5_arrived_on_april_first_it_is_due_on_the_fifteenth_and_late_on_the_sixteenth(
    ask: Ask, store: optout.Store
) -> None:
    opened = ask()
    assert opened.due == date(2026, 4, 15)
    assert desk.overdue(store, date(2026, 4, 15)) == []
    assert desk.overdue(store, date(2026, 4, 16)) == [opened]
    assert desk.day(store, date(2026, 4, 13)).due == (opened,)
    assert desk.day(store, date(2026, 4, 11)).due == ()


def test_R5_what_is_done_and_not_answered_is_late_too(ask: Ask, store: optout.Store) -> None:
    opened = desk.accept(store, ask().id)
    done = register.moved(store, register.moved(store, opened, "executing"), "done")
    assert [case.id for case in desk.overdue(store, date(2026, 4, 16))] == [done.id]
    assert [case.id for case in desk.day(store, APRIL).unanswered] == [done.id]
    desk.answered(store, done.id, "result", "phone")
    assert desk.overdue(store, date(2026, 4, 16)) == []
    assert desk.day(store, APRIL).unanswered == ()


def test_R5_an_extension_needs_a_reason_and_a_later_day(ask: Ask, store: optout.Store) -> None:
    opened = ask()
    with pytest.raises(OptionError):
        desk.extend(store, opened.id, "2026-04-30", " ")
    with pytest.raises(OptionError):
        desk.extend(store, opened.id, opened.due, "書類の到着待ち")
    later = desk.extend(store, opened.id, "令和8年4月30日", "書類の到着待ち")
    assert later.due == date(2026, 4, 30)
    assert [(each.before, each.due, each.reason) for each in later.extensions] == [
        (date(2026, 4, 15), date(2026, 4, 30), "書類の到着待ち")
    ]
    assert desk.overdue(store, date(2026, 4, 16)) == []
    desk.withdraw(store, opened.id, "本人の申出")
    with pytest.raises(DeskError):
        desk.extend(store, opened.id, "2026-05-30", "書類の到着待ち")


def test_R6_a_check_records_method_items_and_checker(ask: Ask, store: optout.Store) -> None:
    opened = ask("disclose")
    asked = desk.verify(store, opened.id, "本人確認書類の写し", ["氏名", "住所"])
    assert (asked.state, asked.checks[-1].passed) == ("verifying", None)
    with pytest.raises(NotIdentifiedError):
        desk.accept(store, opened.id)
    failed = desk.verify(store, opened.id, "id_copy", ["name"], passed=False, checker="鈴木")
    with pytest.raises(NotIdentifiedError):
        desk.accept(store, opened.id)
    passed = desk.verify(store, opened.id, "call_back", ["TEL"], passed=True)
    assert [(c.method, c.items, c.checker, c.passed) for c in passed.checks] == [
        ("id_copy", ("name", "address"), "佐藤", None),
        ("id_copy", ("name",), "鈴木", False),
        ("call_back", ("phone",), "佐藤", True),
    ]
    assert failed.state == "verifying"
    assert desk.accept(store, opened.id).state == "accepted"


def test_R6_nothing_is_asked_for_that_is_neither_held_nor_in_the_request(
    ask: Ask, store: optout.Store
) -> None:
    opened = ask("disclose")
    for item in ("運転免許証番号", "生年月日", "birth_date"):
        with pytest.raises(ItemNotHeldError) as refused:
            desk.verify(store, opened.id, "registered_facts", ["氏名", item])
        assert refused.value.items == (item,)
    assert desk.case(store, opened.id) == opened
    # A list held has birth dates: now they may be asked for.
    store.keep([Draft("holding", "H-1", {"name": "顧客", "items": ["氏名", "誕生日"]})], "holding added")
    assert desk.verify(store, opened.id, "registered_facts", ["生年月日"]).checks[-1].items == ("birth_date",)


def test_R11_what_was_purged_meanwhile_does_not_stand_in_the_way_of_a_withdrawal(
    ask: Ask, store: optout.Store
) -> None:
    opened = ask()
    store.purge(opened.requests[0], "誤って登録", force=True)
    assert desk.withdraw(store, opened.id, "本人の申出").state == "withdrawn"


def test_R5_nothing_arrives_tomorrow(ask: Ask, store: optout.Store) -> None:
    with pytest.raises(OptionError, match="received"):
        ask(arrival=desk.Arrival(received="2026-04-02"))
    assert desk.cases(store) == {}


def test_R6_a_stop_needs_no_proof_unless_the_office_says_so(ask: Ask, store: optout.Store) -> None:
    assert desk.accept(store, ask("stop").id).state == "accepted"
    strict = ask("stop", fields={"name": "見本 花子"}, procedure=desk.Procedure(check={"stop": "required"}))
    with pytest.raises(NotIdentifiedError):
        desk.accept(store, strict.id)
    # In force all the same: a stop takes effect at receipt.
    assert store.is_active(strict.requests[0])


def test_R6_a_repetition_cannot_pass_on_the_check_of_the_case_it_repeats(
    ask: Ask, store: optout.Store
) -> None:
    first = ask("disclose")
    desk.verify(store, first.id, "id_copy", passed=True)
    desk.accept(store, first.id)
    again = ask("disclose")
    assert again.canonical == first.id
    with pytest.raises(NotIdentifiedError):
        desk.accept(store, again.id)


def test_R6_a_check_does_not_count_for_another_reading_of_the_sheet(ask: Ask, store: optout.Store) -> None:
    opened = ask("erase")
    desk.verify(store, opened.id, "id_copy", passed=True)
    other = optout.Identity(**{**_given(opened), "name": "髙橋 次郎"})
    for operator in ("鈴木", "高橋"):
        store.actor = operator
        read = desk.rekey(store, opened.id, other)
    assert (read.state, read.person.name) == ("received", "髙橋 次郎")
    with pytest.raises(NotIdentifiedError):
        desk.accept(store, opened.id)
    desk.verify(store, opened.id, "id_copy", passed=True)
    assert desk.accept(store, opened.id).state == "accepted"


def _given(case: Case) -> dict[str, Any]:
    return {name: getattr(case.person, name) for name in case.person.__slots__}


def test_R7_an_agent_is_recorded_with_the_hash_of_the_document_and_shows_the_right_first(
    ask: Ask, store: optout.Store, tmp_path: Path
) -> None:
    paper = tmp_path / "委任状.pdf"
    paper.write_bytes(b"%PDF-1.7 a letter of attorney")
    agent = desk.Agent("任意代理人", "代理 次郎", "東京都港区芝公園4-2-8", desk.Paper.of(paper))
    opened = ask("erase", agent=agent)
    assert opened.agent == agent
    assert opened.agent.right == "mandatary"
    desk.verify(store, opened.id, "id_copy", passed=True)
    with pytest.raises(NotIdentifiedError, match="agent"):
        desk.accept(store, opened.id)
    desk.verify(store, opened.id, "document", passed=True, of="agent", document=desk.Paper.of(paper))
    assert desk.accept(store, opened.id).state == "accepted"
    assert desk.Agent("legal_representative", "例示 桃子").right == "legal_representative"
    with pytest.raises(OptionError):
        desk.Agent("友人", "代理 次郎")
    with pytest.raises(OptionError):
        desk.verify(store, ask().id, "document", of="agent")


def test_R8_the_same_person_again_is_linked_and_suppressed_and_answered(
    ask: Ask, store: optout.Store
) -> None:
    first = ask()
    # Other spellings, by another way.
    again = ask(
        fields={"name": "高橋　一郎", "address": "新宿区西新宿３−２−１"}, arrival=desk.Arrival("電話")
    )
    third = ask(fields={"name": "高橋 一郎", "address": None, "kana": None})
    assert (again.canonical, third.canonical) == (first.id, first.id)
    assert len({*first.requests, *again.requests, *third.requests}) == 3
    assert set(desk.day(store, APRIL).received) == {first, again, third}
    late = {case.id for case in desk.overdue(store, date(2026, 4, 16))}
    assert late == {first.id, again.id, third.id}
    # Taking one back leaves the others in force.
    desk.withdraw(store, again.id, "本人の申出")
    assert in_force(store) == {"髙橋 一郎", "高橋 一郎"}


def test_R8_another_person_another_kind_and_another_year_are_no_repetition(
    ask: Ask, store: optout.Store
) -> None:
    ask()
    brother = ask(fields={"name": "髙橋 健二", "kana": None, "phones": ()})
    disclosure = ask("disclose")
    store.now = lambda: datetime(2026, 7, 1, 3, tzinfo=UTC)
    later = ask(arrival=desk.Arrival(received="2026-07-01"))
    assert [case.canonical for case in (brother, disclosure, later)] == [None, None, None]
    near = ask(arrival=desk.Arrival(received="2026-06-30"))
    assert near.canonical is not None


def test_R10_scheme_policy_and_rules_are_frozen_on_the_case(
    ask: Ask, store: optout.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = ask(procedure=desk.Procedure(days={"stop": 7}, policy="household"))
    terms = opened.terms
    scheme = optout.screen(pl.DataFrame({"氏名": ["見本 花子"]}), store).scheme
    assert (terms.scheme, terms.policy, terms.optout) == (scheme, "household", optout.__version__)
    assert len(terms.rules) == 64
    monkeypatch.setattr("optout.keys.scheme.VERSION", 99)
    moved = desk.accept(store, opened.id)
    assert moved.terms == terms
    assert moved.terms.procedure["days"] == {"stop": 7}
    assert ask(fields={"name": "見本 花子"}).terms.scheme.startswith("k99-")


def test_R11_a_withdrawal_lifts_its_own_entries_and_the_case_stays(ask: Ask, store: optout.Store) -> None:
    one, other = ask(), ask(arrival=desk.Arrival("phone"))
    before = store.revision
    withdrawn = desk.withdraw(store, one.id, "配信の再開を希望")
    assert (withdrawn.state, withdrawn.ending.reason if withdrawn.ending else None) == (
        "withdrawn",
        "配信の再開を希望",
    )
    assert store.revision == before + 1
    assert [store.is_active(request) for request in (*one.requests, *other.requests)] == [False, True]
    # The row is kept as revoked: the entry is still there to be read, and the case says what became of it.
    assert store.requests(one.requests)["name"].to_list() == ["髙橋 一郎"]
    assert desk.case(store, one.id).person.name == "髙橋 一郎"
    desk.withdraw(store, other.id, "配信の再開を希望")
    assert not withheld(store, "高橋 一郎")
    with pytest.raises(IllegalMoveError):
        desk.accept(store, one.id)


def test_R11_a_refusal_lifts_and_a_case_nobody_could_be_identified_for_stays_suppressed(
    ask: Ask, store: optout.Store
) -> None:
    refused = desk.refuse(store, ask("erase").id, "no_ground", "漏えいの事実はありません。")
    assert refused.ending is not None
    assert (refused.ending.reason, refused.ending.note) == ("no_ground", "漏えいの事実はありません。")
    assert not store.is_active(refused.requests[0])
    with pytest.raises(NoGroundError):
        desk.refuse(store, ask("stop").id, "no_ground")
    silent = ask("erase", fields={"name": "見本 花子"})
    desk.verify(store, silent.id, "registered_mail")
    closed = desk.close(store, silent.id, "書留が戻った")
    assert closed.state == "closed_unverified"
    assert store.is_active(closed.requests[0])
    # The proof arrives late.
    assert desk.verify(store, closed.id, "id_copy", passed=True).state == "verifying"


def test_C2_restricted_data_is_kept_and_neither_used_nor_provided(
    ask: Ask, store: optout.Store, put: Callable[..., Path], rows: dict[str, str]
) -> None:
    opened = ask("correct")
    assert opened.requests == ()
    held = desk.restrict(store, opened.id, "訂正の調査中")
    assert held.restriction is not None
    stop, hold = held.restriction.requests
    assert store.requests([stop, hold])["kind"].to_list() == ["opt_out", "legal_hold"]
    assert withheld(store, "高橋 一郎")
    # Nobody erases it: not an erasure that is asked for meanwhile, not a purge.
    path = put(rows["asked"], rows["other"])
    before = path.read_bytes()
    erasure = ask("erase")
    desk.verify(store, erasure.id, "id_copy", passed=True)
    desk.accept(store, erasure.id)
    plan = optout.removal.plan(store, erasure.requests, {"held": path})
    assert "remove" not in plan.table["action"].to_list()
    optout.removal.execute(store, plan.hash)
    assert path.read_bytes() == before
    with pytest.raises(StoreError, match="legal hold"):
        store.purge(hold, "古い記録", force=True)


def test_C2_a_restriction_ends_by_release_or_with_the_case(ask: Ask, store: optout.Store) -> None:
    opened = ask("correct")
    held = desk.restrict(store, opened.id, "訂正の調査中")
    with pytest.raises(DeskError):
        desk.restrict(store, opened.id, "もう一度")
    free = desk.release(store, opened.id, "訂正済み")
    assert (free.restricted, free.facts["released"][0]["reason"]) == (False, "訂正済み")
    with pytest.raises(DeskError):
        desk.release(store, opened.id, "もう一度")
    again = desk.restrict(store, opened.id, "再調査")
    both = [each.restriction.requests for each in (held, again) if each.restriction]
    assert [[store.is_active(request) for request in pair] for pair in both] == [[False] * 2, [True] * 2]
    desk.withdraw(store, again.id, "本人の申出")
    assert store.active_requests() == []
    with pytest.raises(DeskError):
        desk.restrict(store, opened.id, "取下げの後")


def test_S3_reason_origin_and_first_seen_of_each_request_are_kept_beside_each_other(
    ask: Ask, store: optout.Store
) -> None:
    first = ask(fields={"reason": "DM停止"}, arrival=desk.Arrival("fax", received="2026-03-30"))
    store.now = lambda: datetime(2026, 5, 1, 3, tzinfo=UTC)
    second = ask(fields={"reason": "電話も停止"}, arrival=desk.Arrival("phone"))
    entries = store.entries()[1].select("source", "reason", "received", "first_seen").rows()
    assert entries == [
        (f"fax {first.id}", "DM停止", "2026-03-30", datetime(2026, 3, 31, 23, 50, tzinfo=UTC)),
        (f"phone {second.id}", "電話も停止", "2026-05-01", datetime(2026, 5, 1, 3, tzinfo=UTC)),
    ]


def test_X3_an_act_without_a_name_is_refused(ask: Ask, store: optout.Store) -> None:
    opened = ask()
    for nobody in ("", "  ", "unknown"):
        store.actor = nobody
        for act in (
            lambda: ask(),
            lambda: desk.accept(store, opened.id),
            lambda: desk.withdraw(store, opened.id, "本人の申出"),
            lambda: desk.shown(store, opened.id),
        ):
            with pytest.raises(OptionError, match="actor"):
                act()
    assert store.is_active(opened.requests[0])


def test_X3_numbers_are_never_given_twice(
    ask: Ask, store: optout.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = [bytes([n] * 5) for n in (1, 1, 2)]
    monkeypatch.setattr("optout.checks.desk_intake.secrets.token_bytes", lambda _n: drawn.pop(0))
    first = ask()
    before = store.revision
    with pytest.raises(RecordChangedError):
        ask(fields={"name": "見本 花子"})
    # Neither the case nor its stop was recorded.
    assert store.revision == before
    assert ask(fields={"name": "見本 花子"}).id != first.id


def test_X3_whoever_looks_at_a_case_stands_in_the_audit(ask: Ask, store: optout.Store) -> None:
    opened = ask()
    rows = store.head.audit_n
    shown, versions = desk.shown(store, opened.id)
    assert (shown, [case for _, _, case in versions]) == (opened, [opened])
    assert store.head.audit_n == rows + 1
    assert store.audit_verify() == rows + 1
    with pytest.raises(UnknownRecordError):
        desk.shown(store, "C-20260401-AAAAAAA")


def test_no_repr_of_a_case_tells_who_it_is(ask: Ask) -> None:
    agent = desk.Agent("任意代理人", "代理 次郎")
    opened = ask(agent=agent, second=desk.Keying("鈴木", optout.Identity(name="髙橋 次郎")))
    said = repr((opened, opened.agent, opened.keyed, opened.person, opened.terms, opened.scope))
    for secret in ("橋", "次郎", "新宿", "1234"):
        assert secret not in said


def test_a_request_is_on_disk_before_anything_else_is_looked_at(
    ask: Ask, store: optout.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> dict[str, str]:
        raise MemoryError

    monkeypatch.setattr("optout.checks.desk_twins.earlier", fail)
    with pytest.raises(MemoryError):
        ask()
    (kept,) = desk.cases(store).values()
    assert store.is_active(kept.requests[0])


def test_who_is_worked_on_at_once_keeps_what_was_done_and_is_linked_all_the_same(
    ask: Ask, store: optout.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask()
    found = desk_twins.earlier

    def accepted_meanwhile(opened: optout.Store, fresh: list[Case], everyone: list[Case]) -> dict[str, str]:
        if fresh[0].state == "received":
            desk.accept(opened, fresh[0].id)
        return found(opened, fresh, everyone)

    monkeypatch.setattr("optout.checks.desk_twins.earlier", accepted_meanwhile)
    again = ask()
    assert (again.state, again.canonical) == ("accepted", first.id)
    assert again == desk.case(store, again.id)
