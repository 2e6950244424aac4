"""What the checks record beside the list: every version kept, sealed, and noticed when it is not what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from optout.errors import (
    OptionError,
    RecordChangedError,
    StoreBusyError,
    StoreDamagedError,
    UnknownRecordError,
)
from optout.store import Draft, Request, Store, layout, record

PERSON = Request(name="見本 一郎", phones="090-1234-5678")
NAMES = pl.DataFrame({"name": ["見本 一郎", "見本 花子", None], "row": [1, 2, 3]})


def case(state: str = "received", after: int | None = None, **frames: pl.DataFrame) -> Draft:
    return Draft("case", "C-1", {"state": state, "name": "見本 一郎"}, frames=frames, after=after)


def test_the_newest_version_counts_and_every_version_stays(store: Store, path: Any) -> None:
    (first,) = store.keep([case()], "case received")
    (second,) = store.keep([case("done", after=first.n)], "case done")
    with Store.open(path) as again:
        assert again.records("case") == store.records("case") == {"C-1": second}
        assert [each.told["state"] for each in again.versions("case", "C-1")] == ["received", "done"]
        assert again.record_of("case", "C-1").actor == "tester"
        assert again.records("holding") == {}
        assert again.audit_verify() == again.head.audit_n


def test_a_record_is_no_change_of_the_list(store: Store) -> None:
    store.suppress(PERSON)
    revision = store.revision
    store.keep([case()], "case received")
    assert store.revision == revision
    assert store.record_of("case", "C-1").revision == revision


def test_what_was_recorded_elsewhere_is_seen_at_once(store: Store, path: Any) -> None:
    with Store.open(path) as other:
        assert other.records("case") == {}
        store.keep([case()], "case received")
        assert list(other.records("case")) == ["C-1"]


def test_a_frame_comes_back_as_it_was_however_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "_PART_ROWS", 2)
    (kept,) = store.keep([case(people=NAMES, none=NAMES.clear())], "case received")
    assert kept.frames == {"people": (1, 2), "none": (3, 3)}
    people = store.frame_of("case", "C-1", "people")
    none = store.frame_of("case", "C-1", "none")
    assert people is not None
    assert none is not None
    assert people.equals(NAMES)
    assert none.schema == NAMES.schema
    assert store.frame_of("case", "C-1", "other") is None
    store.keep(
        [case("done")], "case done"
    )  # a version without frames does not take away those of an earlier one
    assert NAMES.equals(store.frame_of("case", "C-1", "people"))  # type: ignore[arg-type]


def test_nothing_is_recorded_over_what_somebody_else_changed(store: Store, path: Any) -> None:
    (first,) = store.keep([case(after=0)], "case received")
    with Store.open(path) as other:
        other.keep([case("done", after=first.n)], "case done")
    before = store.head
    for stale in (0, first.n):
        with pytest.raises(RecordChangedError, match="case"):
            store.keep([Draft("case", "C-2", {}), case("refused", after=stale)], "case refused")
    assert store.head == before
    assert list(store.records("case")) == ["C-1"]


def test_a_request_and_its_record_are_one_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def also(ids: Any) -> list[Draft]:
        return [Draft("case", f"C-{n}", {"request": each}) for n, each in enumerate(ids)]

    receipt = store.suppress(PERSON, also=also)
    assert store.record_of("case", "C-0").told == {"request": receipt.request_ids[0]}
    assert store.head.audit_n == 2
    many = store.suppress([PERSON, Request(phones="090-1234-0001")], also=also)
    assert [each.told["request"] for each in store.records("case").values()] == many.request_ids

    def fails(*_: object) -> None:
        raise StoreBusyError("suppression.db", 1.0)

    before = store.head
    monkeypatch.setattr(record, "_written", fails)
    with pytest.raises(StoreBusyError):
        store.suppress(Request(phones="090-1234-0002"), also=also)
    assert store.head == before


def test_the_same_request_again_is_recorded_though_the_list_does_not_change(store: Store) -> None:
    receipt = store.suppress(PERSON)
    again = store.suppress(PERSON, also=lambda ids: [Draft("case", "C-2", {"request": ids[0]})])
    assert again.known
    assert again.revision == receipt.revision
    assert store.record_of("case", "C-2").told == {"request": receipt.request_ids[0]}
    assert store.audit_verify() == store.head.audit_n


def test_a_lift_and_its_record_are_one_commit(store: Store) -> None:
    (request,) = store.suppress(PERSON).request_ids
    before = store.head.audit_n
    store.lift(request, "本人の申出", also=[case("withdrawn")])
    assert store.head.audit_n == before + 1
    assert store.record_of("case", "C-1").told["state"] == "withdrawn"
    store.lift(request, "本人の申出", also=[case("closed")])
    assert store.record_of("case", "C-1").told["state"] == "closed"
    assert store.audit_verify() == store.head.audit_n


def test_nobody_recorded_stands_in_clear(store: Store, by_hand: Any) -> None:
    store.keep([case(people=NAMES)], "case received")
    told = [file.read_bytes() for file in by_hand.kept()]
    assert told
    assert not any(needle.encode() in each for each in told for needle in ("見本", "花子"))
    assert "見本" not in repr([case(), store.record_of("case", "C-1")])


def test_the_database_itself_refuses_to_change_a_record(store: Store, by_hand: Any) -> None:
    store.keep([case()], "case received")
    for statement in ("UPDATE record SET kind = 'x'", "DELETE FROM record"):
        with pytest.raises(by_hand.refused, match="append-only"):
            by_hand.do(statement)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM record WHERE n = 3",
        "DELETE FROM record WHERE n = 2",
        "DELETE FROM record",
        "UPDATE record SET record_id = 'C-9' WHERE n = 3",
        "UPDATE record SET kind = 'holding' WHERE n = 3",
        "UPDATE record SET part = 'people' WHERE n = 3",
        "UPDATE record SET data = zeroblob(9) WHERE n = 3",
        "UPDATE record SET data = x'' WHERE n = 3",
        "UPDATE record SET data = (SELECT b.data FROM record b WHERE b.n = 2) WHERE n = 3",
        "UPDATE record SET n = 9 WHERE n = 3",
        "INSERT INTO record SELECT 4, epoch, rev, tenant, kind, record_id, part, dek_id, sha256, data "
        "FROM record WHERE n = 2",
    ],
)
def test_a_record_that_is_not_what_was_written_is_noticed(
    store: Store, path: Any, by_hand: Any, damage: str
) -> None:
    store.keep([case(people=NAMES)], "case received")
    store.keep([case("done")], "case done")
    by_hand.free()
    by_hand.do(damage)
    with Store.open(path) as again, pytest.raises(StoreDamagedError):
        again.records("case")


def test_a_part_of_a_frame_that_is_not_what_was_written_is_noticed(
    store: Store, path: Any, by_hand: Any
) -> None:
    store.keep([case(people=NAMES)], "case received")
    by_hand.free()
    by_hand.do("UPDATE record SET data = zeroblob(9) WHERE n = 1")
    with Store.open(path) as again:
        assert list(again.records("case")) == ["C-1"]
        with pytest.raises(StoreDamagedError, match="record 1"):
            again.frame_of("case", "C-1", "people")
        with pytest.raises(StoreDamagedError, match="record 1"):
            again.audit_verify()


def test_purged_records_are_gone_for_good_and_the_store_is_whole(
    store: Store, path: Any, by_hand: Any
) -> None:
    store.keep([case(people=NAMES), Draft("case", "C-2", {})], "case received")
    store.keep([case("done")], "case done")
    with Store.open(path) as other:
        assert len(other.records("case")) == 2
        assert store.purge_records([("case", "C-1")], "保存期間の満了") == 3
        for each in (store, other):
            assert list(each.records("case")) == ["C-2"]
            with pytest.raises(UnknownRecordError):
                each.frame_of("case", "C-1", "people")
    with Store.open(path) as again:
        assert list(again.records("case")) == ["C-2"]
        assert again.audit_verify() == again.head.audit_n
        assert by_hand.ask("SELECT count(*) FROM record WHERE length(data) = 0") == [(3,)]
        (purge,) = again.records(record.PURGED).values()
        assert purge.told["records"] == [["case", "C-1"]]
        with pytest.raises(UnknownRecordError):
            again.purge_records([("case", "C-1")], "again")
        with pytest.raises(OptionError):
            again.purge_records([("case", "C-2")], " ")


def test_records_travel_with_a_backup_and_outlive_a_rotation(
    store: Store, path: Any, by_hand: Any, tmp_path: Path
) -> None:
    store.keep([case(people=NAMES)], "case received")
    store.rotate_key()
    store.keep([case("done")], "case done")
    copy = by_hand.another()
    store.backup(copy)
    restored = tmp_path / "restored.db"
    with Store.restore(copy, restored) as again:
        assert again.record_of("case", "C-1").told["state"] == "done"
        assert NAMES.equals(again.frame_of("case", "C-1", "people"))  # type: ignore[arg-type]
        again.keep([case("refused")], "case refused")
        assert again.audit_verify() == again.head.audit_n


def test_a_store_keeps_its_format_until_something_is_recorded(store: Store, by_hand: Any) -> None:
    store.suppress(PERSON)
    assert by_hand.format() == layout.FIRST
    assert store.records("case") == {}
    assert store.keep([], "nothing") == []
    assert by_hand.format() == layout.FIRST
    store.keep([case()], "case received")
    assert by_hand.format() == layout.RECORDS.format


def test_a_keyed_digest_stays_the_same_for_the_life_of_a_store(store: Store, path: Any) -> None:
    before = store.digest_key("pairs")
    store.rotate_key()
    assert store.digest_key("pairs") == before != store.digest_key("people")
    with Store.open(path) as again:
        assert again.digest_key("pairs") == before
