"""No import weakens what is there: blanks, FALSE, a re-import, an older file, an overwrite; and whose list it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optout
from optout.errors import DeliveryRefused
from optout.schema import CHANNELS
from optout.store import Request, Store

PEOPLE = pl.DataFrame(
    {
        "氏名": ["見本 一郎", "見本 花子"],
        "住所": ["東京都新宿区西新宿3-2-1", "大阪府大阪市北区梅田1-1-1"],
        "電話番号": ["090-1234-0001", "090-1234-0002"],
        "停止範囲": ["すべて", "電話"],
        "対象": ["世帯", "本人"],
        "受付日": ["2026-04-01", "2026-04-02"],
    }
)
LISTED = PEOPLE.select("氏名", "住所", "電話番号")
RANK = {"keep": 0, "review": 1, "withhold": 2}


def ranks(store: Store, **asked: Any) -> list[int]:
    found = optout.screen(LISTED, store, allow_empty=True, **asked).verdicts["verdict"]
    return [RANK[each] for each in found]


def standing(store: Store) -> list[list[int]]:
    return [ranks(store, channel=channel) for channel in ("any", "mail", "phone")]


def blank(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.lit("").alias(name) for name in frame.columns if name != "氏名")


def refused_column(value: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(停止=pl.lit(value), 配信停止=pl.lit(value))


LATER: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "blank cells": blank,
    "all cells blank": lambda frame: frame.with_columns(pl.lit("").alias(name) for name in frame.columns),
    "FALSE": refused_column("FALSE"),
    "0": refused_column("0"),
    "no household any more": lambda frame: frame.with_columns(対象=pl.lit("FALSE")),
    "one channel only": lambda frame: frame.with_columns(停止範囲=pl.lit("FAX")),
    "an older state of the file": lambda frame: frame.head(1).with_columns(受付日=pl.lit("2020-01-01")),
    "an overwrite with other people": lambda frame: frame.with_columns(氏名=pl.lit("架空 次郎")),
    "another client's": lambda frame: frame.with_columns(テナント=pl.lit("client-b")),
    "a legal hold": lambda frame: frame.with_columns(種別=pl.lit("法的保全")),
    "moved away": lambda frame: frame.with_columns(種別=pl.lit("転居")),
    "the same again": lambda frame: frame,
}


@pytest.fixture(scope="module")
def first_standing() -> Callable[[Store], list[list[int]]]:
    """What PEOPLE alone suppress, the same in every case: asked of the first store on each engine."""
    known: dict[type, list[list[int]]] = {}

    def ask(store: Store) -> list[list[int]]:
        engine = type(store._log)
        if engine not in known:
            known[engine] = standing(store)
        return known[engine]

    return ask


@pytest.mark.parametrize("later", LATER)
def test_a_later_import_leaves_every_earlier_suppression_standing(
    store: Store, first_standing: Callable[[Store], list[list[int]]], later: str
) -> None:
    ids = store.suppress(PEOPLE).request_ids
    before, entries = first_standing(store), store.entries()[1]
    assert before == [[2, 2], [2, 0], [2, 2]]
    store.suppress(LATER[later](PEOPLE))
    after = standing(store)
    assert all(
        new >= old for was, now in zip(before, after, strict=True) for old, new in zip(was, now, strict=True)
    )
    assert store.entries()[1].head(entries.height).equals(entries)
    assert all(store.is_active(each) for each in ids)


def test_the_same_file_twice_is_one_revision_and_says_so(store: Store, path: Any) -> None:
    first = store.suppress(PEOPLE)
    again = store.suppress(PEOPLE.clone())
    assert (first.known, again.known, again.revision) == (False, True, 1)
    assert again.request_ids == first.request_ids
    assert "known" in repr(again)
    with Store.open(path) as other:
        assert other.suppress(PEOPLE).known
        assert other.revision == 1
    single = Request(phones="090-1234-5678")
    assert [store.suppress(single).known, store.suppress(single).known] == [False, True]


@cache
def empty(folder: Path) -> Path:
    Store.create(folder / "empty.db", key=bytes(32)).close()
    return folder / "empty.db"


ROWS = st.fixed_dictionaries(
    {
        "氏名": st.sampled_from(["見本 一郎", "見本 花子", ""]),
        "電話番号": st.sampled_from(["090-1234-0001", "090-1234-0002", ""]),
        "停止範囲": st.sampled_from(["すべて", "電話", "郵送", "FALSE", ""]),
        "対象": st.sampled_from(["世帯", "本人", "FALSE", ""]),
        "種別": st.sampled_from(["停止", "故人", "架電禁止", "転居", "法的保全", "FALSE", ""]),
        "テナント": st.sampled_from(["", "client-a"]),
    }
)
STEPS = st.lists(st.lists(ROWS, min_size=1, max_size=3) | st.integers(0, 5), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_what_is_suppressed_only_grows_but_for_the_lift_of_its_own_request(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[dict[str, str]] | int]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / "grows.db"
    shutil.copy(empty(folder), path)
    with Store.open(path, key=bytes(32)) as store:
        for step in steps:
            before, active = covered(store), store.active_requests()
            gone: set[str] = set()
            if isinstance(step, int):
                gone = set(active[step : step + 1])
                for request in gone:
                    store.lift(request, "本人の申出")
            else:
                schema = dict.fromkeys(step[0], pl.String)
                store.suppress(pl.DataFrame(step, schema=schema))
            kept = {each for each in before if each[0] not in gone}
            assert kept <= covered(store)
            assert {each[0] for each in before} - gone <= set(store.active_requests())
    with Store.open(path, key=bytes(32)) as again:
        assert kept <= covered(again)


def covered(store: Store) -> set[tuple[str, ...]]:
    """Who is suppressed how: request, whose list, name, number, kind, household, channel."""
    exploded = store.entries()[1].explode("phones").explode("channels")
    told = exploded.select("request", "tenant", "name", "phones", "kind", "household", "channels")
    return {tuple(map(str, row)) for row in told.iter_rows()}


ASKED = Request(
    name="見本 一郎", address="東京都新宿区西新宿3-2-1", phones="090-1234-0001", tenant="client-a"
)


def test_a_clients_own_list_never_answers_for_another_client(store: Store) -> None:
    store.suppress(ASKED)
    store.suppress(Request(name="見本 花子", phones="090-1234-0002"))
    by_tenant = {tenant: ranks(store, tenant=tenant) for tenant in (None, "client-a", "client-b", "")}
    assert by_tenant == {None: [0, 2], "client-a": [2, 2], "client-b": [0, 2], "": [0, 2]}
    for channel in CHANNELS:
        assert ranks(store, tenant="client-b", channel=channel)[0] == 0


def test_a_list_is_delivered_to_one_client_and_refused_to_the_one_it_was_asked_of(
    store: Store, tmp_path: Path
) -> None:
    store.suppress(ASKED)
    path = tmp_path / "list.csv"
    LISTED.write_csv(path)
    terms = {"recipient": "株式会社見本", "purpose": "案内", "channel": "mail"}
    with pytest.raises(DeliveryRefused):
        optout.deliver(path, store, **terms, out=tmp_path / "a", tenant="client-a")
    certificate = optout.deliver(path, store, **terms, out=tmp_path / "b", tenant="client-b")
    assert certificate.payload["tenant"] == "client-b"
    assert optout.deliver(path, store, **terms, out=tmp_path / "c").payload["tenant"] is None
