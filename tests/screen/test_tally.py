"""How far requests reach: rows by the channels that deciding requests cover, and by who asked."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

import optout
from optout.schema import CHANNELS

Make = Callable[..., optout.Request]
HOME = "東京都新宿区西新宿三丁目2番1号"


def report(store: optout.Store, frame: pl.DataFrame, policy: str = "person") -> dict[str, object]:
    return optout.screen(frame, store, policy=policy).report


def test_a_row_counts_for_every_channel_of_the_requests_that_decide_it(
    store: optout.Store, person: Make
) -> None:
    store.suppress(
        [person(channels="phone"), person(channels=["mail", "phone"]), person(name="高橋 一朗", kana=None)]
    )
    frame = pl.DataFrame({"氏名": ["高橋 一郎", "見本 花子", "高橋 一郎"], "住所": [HOME] * 3})
    # 一朗 asked for all channels, and is but a review where 一郎 withholds.
    told = report(store, frame)
    assert told["by_channel"] == {"mail": {"withhold": 2}, "phone": {"withhold": 2}}
    assert told["by_policy"] == {"person": 2}


def test_reviews_are_counted_apart(store: optout.Store, person: Make) -> None:
    store.suppress(person(channels="fax"))
    frame = pl.DataFrame({"氏名": ["高橋 一郎", "高橋 一朗"], "住所": [HOME] * 2})
    assert report(store, frame)["by_channel"] == {"fax": {"withhold": 1, "review": 1}}


def test_a_household_counts_only_where_nobody_asked_in_person(store: optout.Store, person: Make) -> None:
    store.suppress(
        [person(), person(name="見本 花子", kana=None, address="港区芝1-1", phones=[], household=True)]
    )
    frame = pl.DataFrame(
        {
            "氏名": ["高橋 一郎", "高橋 健二", "見本 健二", "見本 花子", "中田 実"],
            "住所": [HOME, HOME, "港区芝1-1", "港区芝1-1", "大阪市北区梅田1-1"],
            "備考": [None, None, None, None, "DM不要"],
        }
    )
    told = report(store, frame, "household")
    assert told["by_policy"] == {"household_policy": 1, "household_request": 1, "person": 2, "row": 1}
    assert told["by_channel"] == {channel: {"withhold": 4} for channel in CHANNELS}


def test_nothing_found_reaches_nowhere(store: optout.Store, person: Make) -> None:
    store.suppress(person())
    told = report(store, pl.DataFrame({"氏名": ["見本 花子"], "住所": ["港区芝1-1"]}))
    assert (told["by_channel"], told["by_policy"]) == ({}, {})
