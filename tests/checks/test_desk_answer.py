"""From the arrival of a stop to its answer: received, carried out in the lists held, told, and off the desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import optout
from optout import desk
from optout.errors import IllegalMoveError
from optout.register import holding
from optout.report import letters

OFFICE = letters.Sender("株式会社見本リスト")
APRIL = date(2026, 4, 1)


@pytest.fixture
def store(tmp_path: Path) -> optout.Store:
    made = optout.Store.create(tmp_path / "suppression.db", actor="佐藤")
    made.now = lambda: datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
    return made


def register(store: optout.Store, path: Path) -> None:
    told = {"entity": "見本", "purpose": "DM", "basis": "direct", "responsible": "鈴木", "retention": "名簿"}
    holding.add(store, holding.Holding(path.stem, (str(path),), items=("氏名", "住所", "電話番号"), **told))


def test_R4_R5_R9_a_stop_is_carried_out_in_every_list_held_and_answered_with_what_was_done(
    store: optout.Store, person: Callable[..., optout.Request], put: Callable[..., Path], rows: dict[str, str]
) -> None:
    for name in ("customers", "seminar"):
        register(
            store, put(rows["other"], *([rows["asked"]] if name == "customers" else []), name=f"{name}.csv")
        )
    taken = desk.receive(
        store, [person(), person(name="例示 桃子", kana=None, phones=(), address="大阪市北区梅田1-2-3")]
    )
    ids = [request for case in taken.cases for request in case.requests]
    with pytest.raises(IllegalMoveError):
        optout.removal.plan(store, ids, None)  # nobody has accepted them yet
    for case in taken.cases:
        desk.accept(store, case.id)

    plan = optout.removal.plan(store, ids, None)
    assert optout.removal.execute(store, plan.hash).done
    found, absent = (desk.case(store, case.id) for case in taken.cases)
    assert (found.state, absent.state) == ("done", "done")
    assert found.facts["holdings"] == {"customers": "removed", "seminar": "not_found"}
    assert [case.id for case in desk.overdue(store, date(2026, 4, 16))] == [found.id, absent.id]

    erased = letters.letter(found, "result", OFFICE, APRIL)
    assert "該当する情報を削除いたしました" in erased.text
    nothing = letters.letter(absent, "result", OFFICE, APRIL)
    assert "該当する情報は見つかりませんでした" in nothing.text
    # Not found anywhere is an answer, and suppressed all the same.
    assert store.is_active(absent.requests[0])
    for case, letter in ((found, erased), (absent, nothing)):
        desk.answered(store, case.id, "result", "post", letter.to, letter.sha256)
    assert desk.overdue(store, date(2026, 4, 16)) == []
    day = desk.day(store, date(2026, 4, 16))
    assert {name: n for name, n in day.counts.items() if n} == {}
    assert [sent.sha256 for sent in desk.case(store, found.id).letters] == [erased.sha256]
