"""A number or a house that very many entries share: compared with a few and with those named alike, never dropped."""

from __future__ import annotations

import polars as pl
import pytest

import optout
from optout.keys.blocking import CROWD

NUMBER = "03-1234-5678"
KANJI = [chr(code) for code in range(0x4E00, 0x4E00 + 60)]
STAFF = [f"見本{a}{b}" for a in KANJI for b in KANJI][: CROWD + 100]


@pytest.fixture
def crowd(store: optout.Store) -> optout.Store:
    """More people with one number than are compared one by one; two of them are called otherwise."""
    names = [*STAFF, "佐藤 一郎", "鈴木 花子"]
    store.suppress(pl.DataFrame({"氏名": names, "電話番号": NUMBER, "住所": "東京都新宿区西新宿3-2-1"}))
    return store


def verdicts(store: optout.Store, rows: dict[str, list[str]]) -> pl.DataFrame:
    return optout.screen(pl.DataFrame(rows), store).verdicts


def test_whoever_asked_is_found_among_the_crowd(crowd: optout.Store) -> None:
    rows = {"氏名": ["佐藤 一郎", "鈴木花子", STAFF[-1]], "電話番号": [NUMBER] * 3}
    found = verdicts(crowd, rows)
    assert found["verdict"].to_list()[:2] == ["withhold"] * 2
    assert found["verdict"].to_list()[2] != "keep"


def test_a_row_that_nothing_was_found_for_is_reviewed_and_counted(crowd: optout.Store) -> None:
    rows = {"氏名": ["田中 次郎"], "住所": ["東京都新宿区西新宿3-2-1"], "電話番号": ["06-1234-5678"]}
    result = optout.screen(pl.DataFrame(rows), crowd)
    assert result.verdicts.select("verdict", "reason").row(0) == ("review", "crowded")
    assert result.report["by_reason"] == {"crowded": 1}


def test_a_house_of_fewer_is_compared_whole(store: optout.Store) -> None:
    store.suppress(pl.DataFrame({"氏名": STAFF[: CROWD - 10], "住所": "東京都新宿区西新宿3-2-1"}))
    rows = {"氏名": ["田中 次郎", STAFF[0]], "住所": ["東京都新宿区西新宿3-2-1"] * 2}
    assert verdicts(store, rows)["verdict"].to_list() == ["keep", "withhold"]


def test_many_rows_against_a_crowd_make_no_more_pairs_than_a_row_may_have(crowd: optout.Store) -> None:
    rows = {"氏名": [f"山田{k}郎" for k in KANJI] * 50, "電話番号": [NUMBER] * 50 * len(KANJI)}
    result = optout.screen(pl.DataFrame(rows), crowd)
    assert result.hits.height < 20 * len(rows["氏名"])
    assert set(result.verdicts["verdict"].to_list()) == {"review"}
