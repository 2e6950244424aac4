"""Check 1: stopped at any step of an execution, the same hash goes on; never done while the person is still there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import optout
from optout.batch.staged import StagedFile
from optout.checks import desk
from optout.checks.removal.kept import KIND
from optout.holdings.files import HeldFile
from optout.register import case as register
from optout.register import holding
from optout.register.holding import Holding
from optout.store import Store

Put = Callable[..., Path]
Rows = dict[str, str]
# Whatever an execution does to the world goes through one of these; what it reads in between changes nothing.
STEPS: tuple[tuple[type, str], ...] = ((Store, "keep"), (HeldFile, "change"), (StagedFile, "place"))


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


@contextmanager
def killed_before(monkeypatch: pytest.MonkeyPatch, step: int | None) -> Iterator[list[str]]:
    """Stop right before the step of this number, from 0; None counts them."""
    done: list[str] = []

    def counted(owner: type, name: str) -> None:
        original = getattr(owner, name)

        def call(*given: Any, **named: Any) -> Any:
            if len(done) == step:
                raise Killed
            done.append(f"{owner.__name__}.{name}")
            return original(*given, **named)

        patch.setattr(owner, name, call)

    with monkeypatch.context() as patch:
        for owner, name in STEPS:
            counted(owner, name)
        yield done


def test_D4_an_execution_killed_before_any_step_is_finished_by_the_same_hash(
    person: Callable[..., optout.Request],
    put: Put,
    rows: Rows,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held, clean = put(rows["asked"], rows["other"]), put(rows["other"], name="clean.csv")
    place = tmp_path / "s.db"
    with Store.create(place, key=b"k" * 32) as store:
        (case,) = desk.receive(store, person()).cases
        desk.accept(store, case.id)
        for name, path in (("顧客", held), ("会員", clean)):
            holding.add(store, Holding(name, str(path)))
        plan = optout.removal.plan(store, case.requests)
    before, old = place.read_bytes(), held.read_bytes()
    new = "\r\n".join([rows["header"], rows["other"], ""]).encode("cp932")

    def opened() -> Store:
        return Store.open(place, key=b"k" * 32)

    with opened() as store, killed_before(monkeypatch, None) as steps:
        assert optout.removal.execute(store, plan.hash).done
    assert len(steps) > 7
    assert {f"{owner.__name__}.{name}" for owner, name in STEPS} == set(steps)
    for step in range(len(steps)):
        place.write_bytes(before)
        held.write_bytes(old)
        with opened() as store:
            with killed_before(monkeypatch, step), pytest.raises(Killed):
                optout.removal.execute(store, plan.hash)
            state = store.record_of(KIND, plan.hash).told["state"]
            assert state != "done", steps[step]
            assert register.case(store, case.id).state != "done" or held.read_bytes() == new
            # Which rows of what bytes are to go was on disk before the first of them went.
            assert held.read_bytes() == old or state == "executing"
            outcome = optout.removal.execute(store, plan.hash)
            assert outcome.cases == {case.id: "done"}, steps[step]
            assert (outcome.done, outcome.statuses) == (True, {"顧客": "removed", "会員": "not_found"})
            assert outcome.table["removed"].to_list() == [1, 0]
            assert held.read_bytes() == new, steps[step]
            assert store.record_of(KIND, plan.hash).told["state"] == "done"
    assert [path.name for path in tmp_path.glob(".optout-*")] == []


def test_D4_a_holding_that_lost_its_only_row_is_done_though_the_process_was_killed_then(
    person: Callable[..., optout.Request],
    put: Put,
    rows: Rows,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = put(rows["asked"])
    plan = optout.removal.plan(store, store.suppress(person()), held)
    with killed_before(monkeypatch, None) as steps, monkeypatch.context() as patch:
        patch.setattr(Store, "keep", _killed_after_the_place(Store.keep, steps))
        with pytest.raises(Killed):
            optout.removal.execute(store, plan.hash)
    assert held.read_bytes() == f"{rows['header']}\r\n".encode("cp932")
    outcome = optout.removal.execute(store, plan.hash)
    assert (outcome.done, outcome.table["removed"].to_list()) == (True, [1])


def _killed_after_the_place(keep: Callable[..., Any], steps: list[str]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        if "StagedFile.place" in steps:
            raise Killed
        return keep(*given, **named)

    return call
