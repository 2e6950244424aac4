"""An agreeing name weighs by how many people bear it, and the tables behind that are what they say."""

from __future__ import annotations

import math

import polars as pl
import pytest

from optout import match, tables
from optout.keys import comparable
from optout.match.weights import bound
from optout.schema import RAW_FIELDS, SELF
from optout.text import name


def compared(*pairs: tuple[dict[str, str], dict[str, str]]) -> pl.DataFrame:
    columns = ["row", "subject", *RAW_FIELDS, "phone_1"]
    told = [[{"subject": SELF, **pair[side]} for pair in pairs] for side in (0, 1)]
    frames = [pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String)) for rows in told]
    ours, theirs = (
        comparable(frame.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")))
        for frame in frames
    )
    lines = pl.int_range(len(pairs), dtype=pl.UInt32, eager=True)
    return match.compare(pl.DataFrame({"a": lines, "b": lines}), ours, theirs)


def commonness(*names: str) -> list[float]:
    return compared(*(({"name": one}, {"name": one}) for one in names))["commonness"].to_list()


def test_the_commoner_a_name_the_less_it_weighs() -> None:
    common, average, rare = commonness("佐藤 和子", "武藤 幸恵", "見本 花珠")
    assert common > average > rare
    assert common > 0 > rare


def test_a_surname_alone_says_little() -> None:
    [alone, whole] = commonness("佐藤", "佐藤 和子")
    assert alone > whole + 5


def test_commonness_has_a_floor_and_a_ceiling() -> None:
    average = 1e-6
    bounds = [math.log2(bound(quantity) / average) for quantity in ("rarest_name", "commonest_name")]
    found = commonness("佐藤", "見本 花珠", "和子", "鈴木 清")
    assert min(found) == pytest.approx(bounds[0])
    assert max(found) == pytest.approx(bounds[1])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"name": "佐藤 和子"}, {"name": "佐藤 和美"}),
        ({"name": "佐藤 和子"}, {"name": "鈴木 和子"}),
        ({"name": "サトウ カズコ"}, {"name": "サトウ カズコ"}),
        ({"name": "(株)佐藤"}, {"name": "株式会社佐藤"}),
        ({"name": "不明"}, {"name": "佐藤 和子"}),
    ],
)
def test_only_a_person_whose_kanji_agree_is_weighed_by_the_name(
    ours: dict[str, str], theirs: dict[str, str]
) -> None:
    assert compared((ours, theirs))["commonness"].to_list() == [0]


def test_glyphs_and_blanks_do_not_alter_what_a_name_weighs() -> None:
    pairs = [({"name": one}, {"name": "高橋 一郎"}) for one in ("高橋 一郎", "髙橋　一郎", "高橋一郎")]
    assert compared(*pairs)["commonness"].n_unique() == 1


def test_a_landline_is_told_from_a_mobile_number() -> None:
    numbers = [("03-1234-5678", "0312345678"), ("090-1234-0001", "09012340001"), ("050-1234-5678",) * 2]
    pairs = [({"phone_1": ours}, {"phone_1": theirs}) for ours, theirs in numbers]
    assert compared(*pairs)["landline"].to_list() == [True, False, True]


def test_the_names_told_are_folded_and_each_once() -> None:
    table = tables.load("name_frequency")
    whole = pl.when(pl.col("part") == "family").then(pl.col("folded") + "　一郎")
    parsed = name.parse(table.select(whole.otherwise("佐藤　" + pl.col("folded")))["folded"])
    read = pl.select(pl.when(table["part"] == "family").then(parsed["family"]).otherwise(parsed["given"]))
    assert table.filter(table["folded"] != read.to_series())["folded"].to_list() == []
    assert table.select("part", "folded").is_unique().all()


def test_no_more_people_bear_the_names_told_than_there_are() -> None:
    shares = tables.load("name_frequency").group_by("part").agg(pl.col("per_10000").cast(pl.Float64).sum())
    assert set(shares["part"]) == {"family", "given"}
    assert shares["per_10000"].is_between(3_000, 7_000).all()
    chance = tables.load("level_weight").filter(field="person", level="same")["u"].cast(pl.Float64).item()
    assert chance == pytest.approx(1e-6)
