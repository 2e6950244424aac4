"""Pairs of names with nothing in common are told apart before they are compared, and no other pair is."""

from __future__ import annotations

import importlib
import random

import polars as pl
import pytest

from optout.keys import comparable
from optout.match.apart import plainly_other
from optout.match.levels import compare
from optout.schema import RAW_FIELDS

LETTERS = "一二三田中村山川沢澤荻萩斎斉野子美郎太健"
ODD = [
    "見本 一郎",
    "標本 花子様",
    "株式会社見本商会",
    "山田●郎",
    "Yamada Taro",
    "見本 サチ子",
    "(株)見本 標本太郎",
    "旧姓(見本)",
]


def raw(names: list[str | None], kana: list[str | None]) -> pl.DataFrame:
    columns: dict[str, list[str | None]] = {field: [None] * len(names) for field in RAW_FIELDS}
    return pl.DataFrame(columns | {"name": names, "kana": kana}, schema=dict.fromkeys(RAW_FIELDS, pl.String))


def apart(ours: str, theirs: str, kana: tuple[str | None, str | None] = (None, None)) -> bool:
    names = comparable(raw([ours, theirs], list(kana))).people
    lines = pl.Series([0], dtype=pl.UInt32), pl.Series([1], dtype=pl.UInt32)
    return bool(plainly_other(names, *lines).item())


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("見本 一郎", "佐藤 健二"), ("田中太郎", "山本花子"), ("見本 一郎", "標本 健二"), ("林 健", "森 花子")],
)
def test_names_that_begin_and_end_otherwise_are_apart(ours: str, theirs: str) -> None:
    assert apart(ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("見本 一郎", "見本 花子"),
        ("見本 一郎", "見崎 健二"),  # the first letter in common
        ("見本 一郎", "標本 健郎"),  # the last one
        ("荻原 健", "萩尾 花子"),  # one that is taken for the other's
        ("林 健", "森 花"),  # too short for a surname to be in sight
        ("見本●郎", "佐藤 健二"),  # a letter nobody can read
        ("見本 一郎", "Sato Kenji"),
        ("不明", "佐藤 健二"),
    ],
)
def test_whatever_may_have_something_in_common_is_compared(ours: str, theirs: str) -> None:
    assert not apart(ours, theirs)


def test_names_that_are_read_alike_are_compared() -> None:
    assert apart("見本 一郎", "佐藤 健二", ("ミホン イチロウ", "サトウ ケンジ"))
    assert not apart("見本 一郎", "佐藤 健二", ("サトウ ケンジ", "サトウ ケンジ"))
    assert not apart("見本 一郎", "佐藤 健二", ("ケンジ サトウ", "サトウ ケンジ"))


def test_a_pair_that_is_apart_would_be_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    spelled = [*ODD, *("".join(chance.choices(LETTERS, k=chance.randint(1, 6))) for _ in range(60))]
    spoken = [chance.choice([None, "".join(chance.choices("ヤマダタロウ ", k=6))]) for _ in spelled]
    subjects = comparable(raw(spelled, spoken))
    lines = pl.DataFrame({"a": range(len(spelled))}, schema={"a": pl.UInt32})
    pairs = lines.join(lines.rename({"a": "b"}), how="cross")
    told = compare(pairs, subjects, subjects)
    module = importlib.import_module("optout.match.compare")
    monkeypatch.setattr(module, "plainly_other", lambda _, a, __: pl.repeat(False, len(a), eager=True))
    assert told.equals(compare(pairs, subjects, subjects))
    assert (told["person"] == "other").sum() > len(spelled)
