"""Readings of kanji names: sets of keys, distinct names only."""

from __future__ import annotations

import polars as pl
import pytest

from optout.text import kana, reading


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("山田 太郎", "ヤマダ タロウ"),
        ("上村 裕子", "カミムラ ユウコ"),
        ("小鳥遊 葵", "タカナシ アオイ"),
        ("四月一日 進", "ワタヌキ ススム"),
        ("佐佐木 花子", "ササキ ハナコ"),
    ],
)
def test_the_usual_reading_is_among_the_readings(written: str, read: str) -> None:
    key = kana.parse(pl.Series([read]))["key"].item()
    assert key in reading.readings(pl.Series([written]))["readings"].item().to_list()


def test_an_implausible_reading_is_not() -> None:
    key = kana.parse(pl.Series(["サンダ フトロウ"]))["key"].item()
    assert key not in reading.readings(pl.Series(["山田 太郎"]))["readings"].item().to_list()


def test_each_distinct_name_comes_once_and_null_never() -> None:
    got = reading.readings(pl.Series(["林 一", None, "林 一", "林一"]))
    assert got["name"].to_list() == ["林 一", "林一"]
    assert got["readings"].null_count() == 0


def test_no_names_give_an_empty_frame_of_the_same_shape() -> None:
    got = reading.readings(pl.Series([], dtype=pl.String))
    assert dict(got.schema) == reading.SCHEMA
    assert got.is_empty()
