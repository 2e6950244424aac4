from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from optout.errors import OptionError, UnknownRequestError
from optout.schema import ENTRY_SCHEMA
from optout.store import Request, Store

Where = Path | str


def test_a_new_store_is_empty_at_revision_zero(store: Store) -> None:
    revision, entries = store.entries()
    assert (revision, entries.height, store.head.epoch) == (0, 0, 1)
    assert dict(entries.schema) == ENTRY_SCHEMA


def test_a_request_is_in_force_when_suppress_returns(store: Store, person: Request) -> None:
    receipt = store.suppress(person)
    revision, entries = store.entries()
    assert (receipt.revision, revision, store.revision) == (1, 1, 1)
    assert receipt.unmatchable == [False]
    assert entries["request"].to_list() == receipt.request_ids
    row = entries.row(0, named=True)
    assert (row["name"], row["phones"], row["received"]) == (person.name, ["03-1234-5678"], "2026-04-01")
    assert row["channels"] == ["mail", "phone", "fax", "email", "sms"]


def test_a_retry_changes_nothing_and_has_the_same_id(store: Store, person: Request) -> None:
    first = store.suppress(person)
    store.suppress(replace(person, name="見本 花子"))
    again = store.suppress(replace(person))
    assert again.request_ids == first.request_ids
    assert again.revision == store.revision == 2
    assert store.entries()[1].height == 2


def test_a_retry_by_another_process_has_the_same_id(store: Store, person: Request, path: Where) -> None:
    first = store.suppress(person)
    with Store.open(path) as other:
        assert other.suppress(person).request_ids == first.request_ids
        assert other.revision == 1


def test_another_store_gives_another_id(store: Store, person: Request, by_hand: Any) -> None:
    with Store.create(by_hand.another()) as other:
        assert other.suppress(person).request_ids != store.suppress(person).request_ids


def test_a_lifted_request_is_no_longer_in_force(store: Store, person: Request) -> None:
    (request_id,) = store.suppress(person).request_ids
    assert store.is_active(request_id)
    assert store.lift(request_id, reason="本人の申出") == 2
    assert not store.is_active(request_id)
    assert store.active_requests() == []
    assert store.entries()[1].is_empty()
    assert store.requests([request_id]).height == 1


def test_lifting_twice_is_a_no_op(store: Store, person: Request) -> None:
    (request_id,) = store.suppress(person).request_ids
    assert store.lift(request_id, "本人の申出") == store.lift(request_id, "本人の申出") == store.revision == 2


def test_what_was_lifted_and_asked_again_is_in_force_again(
    store: Store, person: Request, path: Where
) -> None:
    (first,) = store.suppress(person).request_ids
    store.lift(first, "本人の申出")
    with Store.open(path) as fresh:
        (second,) = fresh.suppress(person).request_ids
        assert second != first
        assert fresh.active_requests() == [second]
        assert fresh.suppress(person).request_ids == [second]
    store.lift(second, "本人の申出")
    (third,) = store.suppress(person).request_ids
    assert len({first, second, third}) == 3
    assert store.active_requests() == [third]


def test_an_unknown_request_cannot_be_lifted(store: Store) -> None:
    with pytest.raises(UnknownRequestError):
        store.lift("R-AAAAAAAAAAAAA", "本人の申出")


@pytest.mark.parametrize("wrong", ["見本 一郎", 7, None, {"name": "見本"}])
def test_what_is_no_request_is_refused(store: Store, wrong: Any) -> None:
    with pytest.raises(OptionError):
        store.suppress(wrong)


def test_the_clock_is_the_stores(store: Store, person: Request) -> None:
    assert store.now().tzinfo is not None
    store.now = lambda: datetime(2026, 4, 1, 9, tzinfo=UTC)
    store.suppress(person)
    with store._log.read() as db:
        (ts,) = db.execute("SELECT ts FROM audit ORDER BY n DESC LIMIT 1").fetchone()
    assert ts == "2026-04-01T09:00:00.000+00:00"


@pytest.mark.parametrize("reason", ["", "  "])
def test_lifting_needs_a_reason(store: Store, person: Request, reason: str) -> None:
    (request_id,) = store.suppress(person).request_ids
    with pytest.raises(OptionError):
        store.lift(request_id, reason)
    assert store.is_active(request_id)


def test_everything_is_there_after_reopening(store: Store, person: Request, path: Where) -> None:
    (kept,) = store.suppress(person).request_ids
    (gone,) = store.suppress(replace(person, name="見本 花子")).request_ids
    store.lift(gone, "本人の申出")
    before = store.entries()
    store.close()
    with Store.open(path) as again:
        assert again.active_requests() == [kept]
        assert again.entries()[0] == before[0]
        assert again.entries()[1].equals(before[1])


def test_an_open_store_sees_what_others_commit(store: Store, person: Request, path: Where) -> None:
    store.entries()
    with Store.open(path) as other:
        (request_id,) = other.suppress(person).request_ids
        assert (store.revision, store.is_active(request_id)) == (1, True)
        other.lift(request_id, "本人の申出")
        assert (store.revision, store.is_active(request_id)) == (2, False)


def test_a_request_nobody_can_be_found_by_is_stored_and_flagged(store: Store) -> None:
    receipt = store.suppress(Request(name="見本 一郎"))
    assert receipt.unmatchable == [True]
    assert store.active_requests() == receipt.request_ids
    assert store.suppress(Request()).unmatchable == [True]


def test_a_receipt_survives_the_way_out_of_a_worker(store: Store) -> None:
    receipt = store.suppress([Request(name="見本 一郎"), Request(phones="090-1234-5678")])
    copy = pickle.loads(pickle.dumps(receipt))
    assert copy == receipt
    assert copy.unmatchable == [True, False]


def test_a_tenant_has_entries_of_its_own(store: Store, person: Request) -> None:
    store.suppress(person)
    store.suppress(replace(person, tenant="client-a"))
    assert store.entries()[1]["tenant"].to_list() == [None, "client-a"]


def test_a_list_of_requests_is_one_revision(store: Store, person: Request, path: Where) -> None:
    people = [person, replace(person, name="見本 花子", tenant="client-a"), Request(name="見本")]
    receipt = store.suppress(people)
    assert (receipt.revision, receipt.unmatchable) == (1, [False, False, True])
    assert [request_id.rsplit("-", 1)[1] for request_id in receipt.request_ids] == ["0", "1", "2"]
    assert sorted(store.active_requests()) == sorted(receipt.request_ids)
    with Store.open(path) as other:
        assert other.suppress(iter(people)).request_ids == receipt.request_ids
    store.lift(receipt.request_ids[1], "本人の申出")
    again = store.suppress(people)
    assert not set(again.request_ids) & set(receipt.request_ids)
    assert store.suppress(people).request_ids == again.request_ids


def test_nothing_to_suppress_changes_nothing(store: Store) -> None:
    assert store.suppress([]).request_ids == []
    assert store.revision == 0


def test_a_list_with_something_else_in_it_is_refused_whole(store: Store, person: Request) -> None:
    with pytest.raises(OptionError):
        store.suppress([person, "見本 一郎"])  # type: ignore[list-item]
    assert store.revision == 0


def test_many_small_commits_read_as_one_frame(store: Store, person: Request) -> None:
    store.suppress([person])
    for number in range(70):
        store.suppress(Request(phones=f"090-1234-{number:04}"))
        store.entries()
    _, entries = store.entries()
    assert entries["request"].n_unique() == entries.height == 71
    assert entries.filter(pl.col("phones").list.contains("090-1234-0069")).height == 1


def test_jobs_come_back_as_they_were_saved(store: Store, path: Where) -> None:
    assert store.load_job("J-1") is None
    store.save_job("removal", "J-1", "planned", {"rows": [1, 2], "name": "見本"})
    store.save_job("removal", "J-2", "planned", {})
    store.save_job("removal", "J-1", "done", {"rows": []})
    with Store.open(path) as other:
        assert other.load_job("J-1") == ("removal", "done", {"rows": []})
        assert sorted(other.jobs("removal")) == [("J-1", "done"), ("J-2", "planned")]
        assert (other.jobs("intake"), other.revision) == ([], 0)


def test_the_signing_key_is_the_stores_own(store: Store, path: Where, by_hand: Any) -> None:
    assert store.public_key.startswith("-----BEGIN PUBLIC KEY-----")
    with Store.open(path) as again, Store.create(by_hand.another()) as other:
        assert again.public_key == store.public_key != other.public_key
    signature = store.signing_key.sign(b"payload")
    store.signing_key.public_key().verify(signature, b"payload")
