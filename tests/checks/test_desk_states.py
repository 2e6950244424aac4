"""In whatever order a case is worked on, only moves of the table happen, and a stop stays until it is lifted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import optout
from optout import desk
from optout.errors import DeskError, NotIdentifiedError, OptionError
from optout.register import case as register
from optout.register import case_rules as rules
from optout.register.case import Case

STATES = sorted(rules.states())
NOW = datetime(2026, 4, 1, 1, tzinfo=UTC)
# Verb of the desk → what it does to a case; each either moves it or raises and records nothing.
VERBS: dict[str, Callable[[optout.Store, str], Case]] = {
    "ask": lambda store, case: desk.verify(store, case, "id_copy"),
    "pass": lambda store, case: desk.verify(store, case, "id_copy", passed=True),
    "fail": lambda store, case: desk.verify(store, case, "id_copy", passed=False),
    "accept": desk.accept,
    "refuse": lambda store, case: desk.refuse(store, case, "not_identified"),
    "withdraw": lambda store, case: desk.withdraw(store, case, "本人の申出"),
    "close": lambda store, case: desk.close(store, case, "書類が届かない"),
    "rekey_same": lambda store, case: desk.rekey(store, case, desk.case(store, case).person),
    "rekey_other": lambda store, case: desk.rekey(store, case, optout.Identity(name="別読 一郎")),
    "execute": lambda store, case: register.moved(store, desk.case(store, case), "executing"),
    "half": lambda store, case: register.moved(store, desk.case(store, case), "partial"),
    "finish": lambda store, case: register.moved(store, desk.case(store, case), "done"),
    "extend": lambda store, case: desk.extend(
        store, case, desk.case(store, case).due + timedelta(days=1), "書類待ち"
    ),
    "restrict": lambda store, case: desk.restrict(store, case, "調査中"),
    "release": lambda store, case: desk.release(store, case, "調査終了"),
    "result": lambda store, case: desk.answered(store, case, "result", "post"),
    "refusal": lambda store, case: desk.answered(store, case, "refusal", "post"),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[optout.Store]:
    with pytest.MonkeyPatch.context() as patch:
        folder: Path = tmp_path_factory.mktemp("states")
        patch.setenv("OPTOUT_KEY_DIR", str(folder / "keys"))
        made = optout.Store.create(folder / "suppression.db", actor="佐藤", key="a passphrase of the tests")
        made.now = lambda: NOW
        yield made
        made.close()


def opened(store: optout.Store, kind: str) -> Case:
    store.actor = "佐藤"
    # Nobody the case before was: looking for repetitions is not what is tested here.
    number = len(store.records("case"))
    person = optout.Request(name="見本 一郎", phones=f"090-1234-{number % 10_000:04}")
    return desk.receive(store, desk.Asked(person, kind)).cases[0]


@given(st.sampled_from(STATES), st.sampled_from(STATES))
def test_R4_a_pair_of_states_is_a_move_of_the_table_or_raises(before: str, after: str) -> None:
    if after in rules.moves()[before]:
        rules.require_move(before, after)
        return
    with pytest.raises(DeskError):
        rules.require_move(before, after)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["stop", "erase", "correct"]), st.lists(st.sampled_from(sorted(VERBS)), max_size=12))
def test_R4_no_order_of_acts_breaks_the_table_or_weakens_a_stop(
    store: optout.Store, kind: str, verbs: list[str]
) -> None:
    current = opened(store, kind)
    for verb in verbs:
        store.actor = "鈴木" if verb.startswith("rekey") else "佐藤"
        before = store.head
        try:
            after = VERBS[verb](store, current.id)
        except (DeskError, OptionError):
            after = None
        if after is None:
            assert store.head == before, f"{verb} was refused and recorded something"
            assert desk.case(store, current.id) == current
            continue
        assert after == desk.case(store, current.id)
        assert after.state == current.state or after.state in rules.moves()[current.state]
        assert_consistent(store, after)
        current = after


def assert_consistent(store: optout.Store, case: Case) -> None:
    lifted = case.state in rules.LIFTING
    held = [*case.requests, *(case.restriction.requests if case.restriction else ())]
    assert [store.is_active(request) for request in held] == [not lifted] * len(held)
    assert bool(case.requests) == case.stops
    assert bool(case.differs) == (case.state == "needs_rekey") or lifted
    assert (case.ending is not None) or case.state not in ("refused", "withdrawn", "closed_unverified")
    if case.state in ("accepted", "executing", "partial", "done") and case.needs_identity:
        assert case.passed("person")


def test_the_verbs_of_this_test_reach_every_state(store: optout.Store) -> None:
    ways = {
        "done": ["pass", "accept", "execute", "finish"],
        "partial": ["pass", "accept", "execute", "half"],
        "executing": ["pass", "accept", "execute"],
        "accepted": ["pass", "accept"],
        "verifying": ["ask"],
        "closed_unverified": ["ask", "close"],
        "refused": ["refuse"],
        "withdrawn": ["withdraw"],
        "needs_rekey": ["rekey_other"],
        "received": [],
    }
    assert set(ways) == set(STATES)
    for state, verbs in ways.items():
        current = opened(store, "erase")
        for verb in verbs:
            store.actor = "鈴木" if verb.startswith("rekey") else "佐藤"
            current = VERBS[verb](store, current.id)
        assert current.state == state
    with pytest.raises(NotIdentifiedError):
        VERBS["accept"](store, opened(store, "erase").id)
