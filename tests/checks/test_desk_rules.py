"""The tables of the desk: each line proves itself, and the words of the code are those of the tables."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.errors import IllegalMoveError, NoGroundError, OptionError
from optout.register import case_keying as keying
from optout.register import case_parts as parts
from optout.register import case_rules as rules
from optout.register.case_parts import Keying
from optout.store import Identity


def lines(name: str) -> list[Any]:
    rows = list(tables.load(name).iter_rows(named=True))
    assert rows
    return [pytest.param(row, id=row["rule_id"]) for row in rows]


@pytest.mark.parametrize("rule", lines("case_kind"))
def test_R1_a_kind_is_known_by_its_words_and_not_by_its_near_miss(rule: dict[str, str]) -> None:
    assert rules.kind(rule["example"]) == rule["kind"]
    with pytest.raises(OptionError):
        rules.kind(rule["leaves_alone"])


@pytest.mark.parametrize("kind", rules.kinds().values(), ids=lambda kind: kind.code)
def test_R1_the_kind_drives_due_date_fee_and_steps(kind: rules.Kind) -> None:
    assert rules.USUAL.due(kind.code, date(2026, 4, 1)) == date(2026, 4, 15)
    # 第38条: a fee for 第32条第2項 and 第33条 alone.
    assert kind.fee == (kind.code in ("disclose", "disclose_records", "purpose"))
    assert ("fee" in kind.steps) == kind.fee
    assert ("suppress" in kind.steps) == kind.suppresses == (kind.code in ("stop", "erase"))
    assert ("identity" in kind.steps) == (kind.identity == "required")
    assert kind.steps[-1] == "answer"


@pytest.mark.parametrize("rule", lines("case_channel"))
def test_R2_a_channel_is_known_by_its_words(rule: dict[str, str]) -> None:
    assert rules.channel(rule["example"]) == rule["channel"]
    with pytest.raises(OptionError):
        rules.channel(rule["leaves_alone"])


@pytest.mark.parametrize("rule", lines("case_identity"))
def test_R6_a_method_is_known_by_its_words_and_suits_its_channels(rule: dict[str, str]) -> None:
    for word in rule["words"].split("|"):
        assert rules.method(word) == rule["method"]
    assert rule["method"] in rules.methods_for(rule["example"])
    assert rule["method"] not in rules.methods_for(rule["leaves_alone"])
    assert set(rule["channels"].split("|")) <= set(rules.channels())


@pytest.mark.parametrize("rule", lines("case_move"))
def test_R4_a_move_of_the_table_is_allowed_and_its_near_miss_is_not(rule: dict[str, str]) -> None:
    assert rule["example"] == f"{rule['state']}>{rule['next']}"
    rules.require_move(rule["state"], rule["next"])
    before, after = rule["leaves_alone"].split(">")
    with pytest.raises(IllegalMoveError) as refused:
        rules.require_move(before, after)
    assert refused.value.state == before
    assert set(refused.value.allowed) == set(rules.moves()[before])


def test_R4_every_state_is_reached_and_no_way_leads_out_of_the_table() -> None:
    reached = {rules.FIRST}
    for _ in rules.states():
        reached |= {after for state in reached for after in rules.moves()[state]}
    assert reached == set(rules.states())
    assert set(tables.load("case_state")["state"]) == set(rules.moves())
    # Once refused or withdrawn, what was suppressed is lifted: nothing may follow.
    assert [rules.moves()[state] for state in rules.LIFTING] == [(), ()]


@pytest.mark.parametrize("rule", lines("case_refusal"))
def test_R9_a_ground_is_for_its_kinds_alone(rule: dict[str, str]) -> None:
    assert rules.refusal(rule["example"], rule["reason"]).code == rule["reason"]
    assert set(rule["kinds"].split("|")) <= set(rules.kinds())
    with pytest.raises(NoGroundError):
        rules.refusal(rule["leaves_alone"], rule["reason"])


def test_R9_a_stop_needs_no_ground_and_costs_nothing() -> None:
    # 第27条第2項: 本人の求めに応じて. It is refused only to who is not the person, or not the agent.
    allowed = {code for code, ground in rules.refusals().items() if "stop" in ground.kinds}
    assert allowed == {"not_identified", "agent_unproved"}


@pytest.mark.parametrize("rule", lines("case_header"))
def test_a_column_of_a_clients_sheet_is_known_by_its_words(rule: dict[str, str]) -> None:
    assert rules.headers()[rules.fold(rule["example"])] == rule["field"]
    assert rules.fold(rule["leaves_alone"]) not in rules.headers()


def test_a_procedure_is_never_later_than_the_law_and_never_charges_for_a_stop() -> None:
    assert rules.Procedure(days={"stop": 7}).due("stop", date(2026, 4, 1)) == date(2026, 4, 8)
    for wrong in (
        {"days": {"erase": 15}},  # 第39条: the person may sue after two weeks
        {"days": {"stop": 0}},
        {"days": {"other": 7}},
        {"fee": {"stop": 500}},
        {"check": {"stop": "always"}},
        {"days": {"stop": "7"}},
        {"fee": {"disclose": -1}},
        {"twin_days": True},
        {"policy": "everybody"},
    ):
        with pytest.raises(OptionError):
            rules.Procedure(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("DM停止", "stop"),
        ("名簿削除", "erase"),
        ("名簿から削除してください", "erase"),
        ("提供記録の開示", "disclose_records"),
        ("保有個人データの開示を希望", "disclose"),
        ("住所の訂正", "correct"),
        ("利用目的の通知", "purpose"),
        ("どこで知りましたか", None),
        ("DM停止と開示", None),  # two kinds: a person decides
        ("", None),
        (None, None),
    ],
)
def test_the_kind_is_read_from_a_reason_or_not_at_all(reason: str | None, kind: str | None) -> None:
    assert rules.kind_in(reason) == kind


SAME = [
    ("name", "渡邊　花子", "渡邊 花子"),
    ("name", "髙󠄀橋 一郎", "髙橋 一郎"),
    ("kana", "ﾜﾀﾅﾍﾞ ﾊﾅｺ", "わたなべ はなこ"),
    ("postal", "〒160-0023", "1600023"),
    ("address", "西新宿３−２−１", "西新宿3-2-1"),
    ("address", "西新宿3ー2ー1", "西新宿3-2-1"),
    ("phones", "03(1234)5678", "０３－１２３４－５６７８"),
    ("emails", "Hanako@Example.com", "hanako@example.com"),
]
OTHER = [
    ("name", "渡邊 花子", "渡邉 花子"),
    ("name", "見本 一郎", "見本 一朗"),
    ("kana", "ワタナベ", "ワタベ"),
    ("address", "西新宿1-2-3", "西新宿1-23"),
    ("address", "一番町1-2", "1番町1-2"),
    ("phones", "03-1234-5678", "03-1234-5673"),
    ("emails", "o@example.com", "0@example.com"),
    ("birth_date", None, "1970-03-02"),
]


@pytest.mark.parametrize(("field", "one", "other"), SAME)
def test_R2_spelling_is_no_difference_of_two_readings(field: str, one: str, other: str) -> None:
    readings = [Keying("佐藤", Identity(**{field: one})), Keying("鈴木", Identity(**{field: other}))]
    assert keying.unsettled(readings) == ()


@pytest.mark.parametrize(("field", "one", "other"), OTHER)
def test_R2_another_letter_or_digit_is_a_difference(field: str, one: str | None, other: str) -> None:
    readings = [Keying("佐藤", Identity(**{field: one})), Keying("鈴木", Identity(**{field: other}))]
    assert keying.unsettled(readings) == (field,)


TEXTS = st.one_of(st.none(), st.sampled_from(["見本 一郎", "見本 一朗", "3-2-1", "1-23", "0", "O"]))
IDENTITIES = st.builds(Identity, name=TEXTS, address=TEXTS, phones=st.lists(TEXTS, max_size=2))


@settings(max_examples=40)
@given(IDENTITIES, IDENTITIES)
def test_R2_the_order_of_two_readings_changes_nothing(one: Identity, other: Identity) -> None:
    first, second = Keying("佐藤", one), Keying("鈴木", other)
    assert keying.unsettled([first, second]) == keying.unsettled([second, first])
    assert keying.unsettled([first, Keying("鈴木", one)]) == ()
    assert keying.unsettled([first]) == ()


@settings(max_examples=40)
@given(IDENTITIES, IDENTITIES)
def test_R2_a_third_reading_that_agrees_settles_every_field(one: Identity, other: Identity) -> None:
    three = [Keying("佐藤", one), Keying("鈴木", other), Keying("高橋", other)]
    assert keying.unsettled(three) == ()
    agreed = keying.settled(three)
    for item in parts.ITEMS:
        assert keying.form(agreed, item) == keying.form(other, item)


@settings(max_examples=40)
@given(st.builds(parts.Agent, st.sampled_from([*parts.RIGHTS]), st.text(max_size=5), TEXTS), IDENTITIES)
def test_a_part_of_a_case_comes_back_from_its_json_values(agent: parts.Agent, who: Identity) -> None:
    reading = Keying("佐藤", who)
    assert parts.read(parts.Agent, parts.told(agent)) == agent
    assert parts.read(Keying, parts.told(reading)) == reading
    assert repr(agent) == "Agent(...)"
