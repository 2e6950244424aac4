"""Kanji and how they are read: what agrees, what differs, and what stays in doubt."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.text import kana, name, reading


def asked(*written: tuple[str | None, str | None], firm: bool = False) -> pl.DataFrame:
    """Pairs of a name in kanji and what may be its reading, as lists write them."""
    names = name.parse(pl.Series("name", [pair[0] for pair in written], dtype=pl.String))
    spoken = pl.Series("kana", [pair[1] for pair in written], dtype=pl.String)
    read = kana.parse(spoken).select(part for part in reading.SPOKEN if part != "latin")
    latin = spoken.str.contains("[A-Za-z]").alias("latin")
    parts = pl.concat([names.select(reading.NAMED), read], how="horizontal")
    return parts.with_columns(latin, firm=pl.lit(firm))


def agreed(*written: tuple[str | None, str | None]) -> list[bool | None]:
    return reading.agree(asked(*written)).to_list()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("山田 太郎", "ヤマダ タロウ"),
        ("山田太郎", "ヤマダタロウ"),
        ("上村 裕子", "カミムラ ユウコ"),
        ("上村 裕子", "ウエムラ ヒロコ"),
        ("山崎 健", "ヤマサキ ケン"),
        ("角田 守", "ツノダ マモル"),
        ("小鳥遊 葵", "タカナシ アオイ"),
        ("四月一日 進", "ワタヌキ ススム"),
        ("佐々木花子", "ササキハナコ"),
        ("髙𣘺 花子", "タカハシ ハナコ"),
        ("高橋 ゆう子", "ﾀｶﾊｼ ﾕｳｺ"),
        ("長谷川ひろみ", "ハセガワ ヒロミ"),
        ("佐藤 湊斗", "サトウ ミナト"),  # listed nowhere: read kanji by kanji
        ("佐野 桜太", "サノ オウタ"),
        ("佐野桜太", "サノオータ"),  # the first sound of the given name is lost in ノー
        ("林", "ハヤシ"),
        ("佐藤 湊斗", "Sato Minato"),
        ("佐藤湊斗", "Minato SATO"),
        ("大野 信一", "Shin-ichi Ohno"),
    ],
)
def test_a_plausible_reading_agrees(written: str, read: str) -> None:
    assert agreed((written, read)) == [True]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("山田 太郎", "サンダ フトロウ"),
        ("山田太郎", "スズキハナコ"),
        ("佐藤 湊斗", "Suzuki Hanako"),
    ],
)
def test_a_reading_of_which_neither_part_fits_is_anothers(written: str, read: str) -> None:
    assert agreed((written, read)) == [False]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("山田 太郎", "ヤマダ ジロウ"),
        ("山田 太郎", "カワダ タロウ"),
        ("田中 七音", "タナカ ドレミ"),
        ("佐藤 ?郎", "スズキ ハナコ"),
        ("李 明", "リ メイ"),
        ("王 偉", "ワン ウェイ"),
        ("山田 太郎", None),
        (None, "ヤマダ タロウ"),
    ],
)
def test_in_doubt_nothing_is_said(written: str | None, read: str | None) -> None:
    assert agreed((written, read)) == [None]


def test_a_chinese_surname_with_a_japanese_given_name_is_read_as_in_japan() -> None:
    assert agreed(("林 明", "リン アキラ"), ("林 太郎", "ハヤシ タロウ")) == [True, True]


def test_no_surname_read_as_abroad_agrees_with_a_given_name_that_is() -> None:
    """ウェイ is a listed reading of 偉, but not a usual one in Japan."""
    rules = tables.load("surname_foreign")
    assert rules.height
    assert True not in agreed(
        *((f"{family} 偉", f"{read} ウェイ") for family, read in _words(rules["example"]))
    )


def test_a_rule_of_foreign_surnames_does_not_hold_for_its_near_miss() -> None:
    rules = tables.load("surname_foreign")
    held = list(rules.select("written", "reading").iter_rows())
    assert [pair for pair in _words(rules["leaves_alone"]) if pair in held] == []
    assert list(_words(rules["example"])) == held
    assert agreed(("林 偉", "ハヤシ ウェイ"), ("高 偉", "タカ ウェイ")) == [True, True]


def _words(column: pl.Series) -> Iterator[tuple[str, str]]:
    for text in column:
        family, read = text.split()
        yield family, read


def test_a_firm_is_read_as_a_word_and_never_as_a_surname() -> None:
    told = asked(("見本商事", "ミホンショウジ"), ("山田電機", "サンダデンキ"), firm=True)
    assert reading.agree(told).to_list() == [True, None]


def test_a_kanji_that_no_table_knows_is_left_to_pykakasi() -> None:
    strange = "龘"
    assert tables.readings().filter(pl.col("name").str.contains(strange)).is_empty()
    spoken = reading._spoken(pl.Series([strange]))["reading"].item()
    assert agreed((f"山田 {strange}", f"ヤマダ {spoken}")) == [True]


def test_common_names_are_read_without_pykakasi_and_importing_reads_no_table() -> None:
    program = (
        "import sys, optout\n"
        "from optout import tables\n"
        "from optout.text import reading\n"
        "assert tables.readings.cache_info().misses == 0\n"
        "import polars as pl\n"
        "row = dict.fromkeys(['romaji', 'romaji_family', 'romaji_given', 'family', 'given'])\n"
        "row |= {'full': '佐藤湊斗', 'key': 'サトーミナト', 'latin': False, 'firm': False}\n"
        "schema = dict.fromkeys(row, pl.String) | {'latin': pl.Boolean, 'firm': pl.Boolean}\n"
        "assert reading.agree(pl.DataFrame([row], schema=schema)).to_list() == [True]\n"
        "assert 'pykakasi' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


NAMES = st.sampled_from(["山田 太郎", "佐藤湊斗", "李 明", "髙橋 花子", "田中 龘", "見本", "?郎", "林", None])
KANA = st.sampled_from(
    ["ヤマダ タロウ", "サトウミナト", "リ メイ", "Taro Yamada", "タカハシ", "カ", "", None]
)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(NAMES, KANA), max_size=6))
def test_each_pair_is_answered_as_if_it_were_alone(written: list[tuple[str | None, str | None]]) -> None:
    answers = reading.agree(asked(*written))
    assert answers.dtype == pl.Boolean
    assert answers.to_list() == [answer for pair in written for answer in agreed(pair)]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_listed_surname_and_a_listed_given_name_agree_with_any_of_their_readings(
    data: st.DataObject,
) -> None:
    # Of more kanji than a name has, ENAMDICT lists railway lines.
    lines = tables.readings().filter(~pl.col("part") & (pl.col("name").str.len_chars() <= 4))
    picked = []
    for use in ("family", "given"):
        listed = lines.filter(pl.col(use))
        picked.append(listed.row(data.draw(st.integers(0, listed.height - 1), label=use), named=True))
    family, chosen = picked
    told = pl.DataFrame(
        [
            {
                "full": family["name"] + chosen["name"],
                "key": family["reading"] + chosen["reading"],
                **dict.fromkeys(["family", "given", "romaji", "romaji_family", "romaji_given"]),
                "latin": False,
                "firm": False,
            }
        ]
    ).with_columns(pl.col("key").map_batches(lambda key: kana.parse(key)["key"]))
    # 謝名堂 may also be Mr 謝: then one reading says too little, and the answer is doubt.
    foreign = family["name"][0] in reading._foreign_surnames()["name"].to_list()
    assert reading.agree(told).item() in ((True, None) if foreign else (True,))


def test_two_given_names_share_only_usual_readings() -> None:
    ours = pl.Series(["浩", "道子", "幸子", "健一", "湊斗", None, "裕子"])
    theirs = pl.Series(["弘", "信子", "サチ子", "健二", "港斗", "弘", "ユウ子"])
    assert reading.shared(ours, theirs).to_list() == [True, False, True, False, True, False, True]
    assert reading.shared(theirs, ours).to_list() == reading.shared(ours, theirs).to_list()


def test_no_given_names_share_nothing() -> None:
    nobody = pl.Series([], dtype=pl.String)
    assert reading.shared(nobody, nobody).to_list() == []


def test_the_order_of_two_readings_is_clear_only_when_each_can_be_but_one() -> None:
    first = pl.Series(["スズキ", "イチロー", "ミナミ", "アオイ", "タナカ", None])
    second = pl.Series(["イチロー", "スズキ", "アオイ", "ミナミ", "ハナコ", "ハナコ"])
    assert reading.clearly_surname_first(first, second).to_list() == [True, False, False, False, True, False]


def test_the_table_of_readings_is_whole() -> None:
    table = tables.readings()
    assert dict(table.schema) == {
        **dict.fromkeys(["name", "reading"], pl.String),
        **dict.fromkeys(["family", "given", "part", "usual"], pl.Boolean),
    }
    assert table.null_count().sum_horizontal().item() == 0
    assert table.select((pl.col("family") | pl.col("given")).all()).item()
    assert not table.select("name", "reading", "part").is_duplicated().any()
    sample = table.filter(pl.col("part")).with_columns(again=kana.keys(pl.col("reading")))
    assert sample.filter(pl.col("again") != pl.col("reading"))["reading"].to_list() == []
