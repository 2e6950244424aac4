"""Every rule table: whole, sourced, and each line of the deciding tables proves itself.

The tables of phones, e-mails, names, kana, companies, flags and headers are proved beside their fields.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import polars as pl
import pytest

from optout import match, tables
from optout.errors import TableError
from optout.keys import blocked, comparable
from optout.schema import RAW_FIELDS, REASONS, VERDICTS
from optout.screen import seeds
from optout.text import address

TOLD = ("rule_id", "example", "leaves_alone", "source", "licence")
# A pair of which nothing is known: no field told, asked by a person, the plain policy, any channel.
UNTOLD = {
    **dict.fromkeys(match.FIELDS, "none"),
    "person": "unknown",
    "asked": "person",
    "policy": "person",
    "channel": "any",
}
CONTEXT = {
    "asked": ("person", "household"),
    "policy": ("person", "household"),
    "channel": ("any", "mail", "phone", "fax", "email", "sms"),
}
# What a list may tell of a person, enough to withhold.
TELLING = (("name", "address"), ("name", "birth_date"), ("phone",), ("email",))
ALLOWED = {**match.LEVELS, **CONTEXT}
# The raw column a compared field is read from.
RAW_OF = {
    "person": "name",
    "phone": "phone_1",
    "email": "email_1",
    **{field: field for field in ("address", "birth_date", "corporate_number")},
}


def lines(name: str) -> list[Any]:
    rows = list(tables.load(name).iter_rows(named=True))
    assert rows
    return [pytest.param(row, id=row["rule_id"]) for row in rows]


def raw(values: dict[str, list[str | None]]) -> pl.DataFrame:
    """A raw frame of one subject a line, other columns null."""
    height = len(next(iter(values.values())))
    columns = [*RAW_FIELDS, "phone_1", "email_1"]
    empty: list[str | None] = [None] * height
    frame = pl.DataFrame({c: values.get(c, empty) for c in columns}, schema=dict.fromkeys(columns, pl.String))
    return frame.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), pl.lit("self").alias("subject"), pl.all()
    )


def levels_of(text: str) -> dict[str, str]:
    """`person=same phone=equal` → all columns a rule looks at."""
    told = dict(part.split("=") for part in text.split())
    assert told
    for column, level in told.items():
        assert level in ALLOWED[column], f"{column}={level} is no level"
    return UNTOLD | told


def decided(text: str) -> dict[str, Any]:
    return match.decide(pl.DataFrame([levels_of(text)])).row(0, named=True)


Written: TypeAlias = tuple[str, str]  # a compared field and what stands in it


def judged(pairs: list[tuple[list[Written], list[Written]]]) -> pl.DataFrame:
    """Levels, rule and verdict of pairs of subjects, a line each, in one go: starting up is what costs."""
    sides = []
    for side in (0, 1):
        told = [{RAW_OF.get(field, field): value for field, value in pair[side]} for pair in pairs]
        sides.append(
            comparable(raw({c: [line.get(c) for line in told] for c in (*RAW_FIELDS, "phone_1", "email_1")}))
        )
    numbers = pl.int_range(len(pairs), dtype=pl.UInt32, eager=True)
    levels = match.compare(pl.DataFrame({"a": numbers, "b": numbers}), *sides)
    return match.decide(levels.with_columns(pl.lit(UNTOLD[name]).alias(name) for name in CONTEXT))


def written(field: str, side: str) -> list[Written]:
    if side == "(blank)":
        return []
    if field != "address":
        return [(field, side)]
    # The examples leave out the city where it is 新宿区, and who lives there: one person on both sides.
    return [(field, side if "区" in side else f"東京都新宿区{side}"), ("person", "高橋 花子")]


@cache
def weighed(column: str) -> dict[str, str]:
    """Rule of level_weight → the level that comparing this column's pair gives."""
    table = tables.load("level_weight")
    pairs = [(field, *pair.split(", ")) for field, pair in table.select("field", column).iter_rows()]
    levels = judged([(written(field, left), written(field, right)) for field, left, right in pairs])
    found = [levels[field][line] for line, (field, *_) in enumerate(pairs)]
    return dict(zip(table["rule_id"], found, strict=True))


@cache
def sown() -> dict[tuple[str, tuple[str, ...]], str | None]:
    """Seed and what is told of it → the verdict on its row."""
    asked = [(seed, told) for seed in tables.load("seed").iter_rows(named=True) for told in TELLING]
    sides = [
        tuple([(field, seed[f"{side}_{field}"]) for field in (*told, "postal")] for side in ("row", "entry"))
        for seed, told in asked
    ]
    verdicts = judged(sides)["verdict"]  # type: ignore[arg-type]
    return {(seed["rule_id"], told): verdict for (seed, told), verdict in zip(asked, verdicts, strict=True)}


@pytest.mark.parametrize("name", tables.names())
def test_a_table_is_whole_and_every_line_names_its_proof_and_source(name: str) -> None:
    frame = tables.load(name)
    assert frame.height
    assert set(TOLD) <= set(frame.columns)
    assert frame["rule_id"].is_unique().all()
    blank = {column: frame[column].null_count() for column in TOLD}
    assert blank == dict.fromkeys(TOLD, 0)
    assert not frame.filter(pl.col("example") == pl.col("leaves_alone"))["rule_id"].to_list()


def test_rule_ids_of_all_tables_are_different_so_a_report_can_name_one() -> None:
    ids = pl.concat([tables.load(name)["rule_id"] for name in tables.names()])
    assert ids.filter(ids.is_duplicated()).to_list() == []


def test_a_missing_table_says_so_and_what_to_do() -> None:
    with pytest.raises(TableError, match="is missing"):
        tables.load("no such table")


@pytest.mark.parametrize("rule", lines("rules"))
def test_a_rule_decides_its_example_and_not_its_near_miss(rule: dict[str, str]) -> None:
    answer = decided(rule["example"])
    assert (answer["rule"], answer["verdict"]) == (rule["rule_id"], rule["verdict"])
    assert answer["reason"] == rule["reason"]
    assert decided(rule["leaves_alone"])["rule"] != rule["rule_id"]


@pytest.mark.parametrize("rule", lines("rules"))
def test_a_rule_uses_words_that_exist(rule: dict[str, str]) -> None:
    for column, allowed in ALLOWED.items():
        assert rule[column] == "any" or set(rule[column].split("|")) <= set(allowed)
    assert rule["verdict"] in VERDICTS
    assert rule["verdict"] != "keep"
    assert rule["reason"] in REASONS


def test_every_reason_is_given_by_a_rule_or_by_the_row_itself() -> None:
    by_rule = set(tables.load("rules")["reason"])
    assert set(REASONS) - by_rule == {
        "own_flag",
        "own_flag_unclear",
        "oversized_cell",
        "crowded",
        "unidentifiable",
        "under_16",
        "decided_same",
        "decided_other",
    }


def test_a_name_alone_never_decides() -> None:
    """DESIGN §5: name alone never withholds."""
    for person in match.LEVELS["person"]:
        for policy in CONTEXT["policy"]:
            assert decided(f"person={person} policy={policy}")["rule"] is None


def test_every_level_has_a_weight_and_no_other_has() -> None:
    weights = tables.load("level_weight")
    expected = {(field, level) for field, levels in match.LEVELS.items() for level in levels}
    assert set(weights.select("field", "level").iter_rows()) == expected
    chances = weights.select(pl.col("m", "u").cast(pl.Float64))
    assert chances.select(pl.all_horizontal(pl.all().is_between(0, 1, closed="right")).all()).item()


@pytest.mark.parametrize("rule", lines("level_weight"))
def test_a_level_is_what_comparing_its_example_gives(rule: dict[str, str]) -> None:
    assert weighed("example")[rule["rule_id"]] == rule["level"]
    assert weighed("leaves_alone")[rule["rule_id"]] != rule["level"]


@pytest.mark.parametrize("rule", lines("address_fold"))
def test_an_address_is_folded_as_the_example_says_and_the_near_miss_stays_apart(rule: dict[str, str]) -> None:
    folded = pl.select(
        example=address.fold(pl.lit(rule["example"])), near=address.fold(pl.lit(rule["leaves_alone"]))
    )
    assert folded["example"].item() == rule["expect"]
    assert rule["written"] in rule["example"]
    assert rule["written"] not in rule["leaves_alone"]
    assert folded["near"].item() != rule["expect"]


def test_every_municipality_is_found_in_its_own_name() -> None:
    table = tables.load("municipality")
    parsed = address.parse(table["example"])
    wrong = table.select("rule_id", "prefecture", "city").with_columns(
        parsed["prefecture"].alias("found_prefecture"), parsed["city"].alias("found_city")
    )
    wrong = wrong.filter(
        pl.col("prefecture").ne_missing(pl.col("found_prefecture"))
        | pl.col("city").ne_missing(pl.col("found_city"))
    )
    assert wrong.rows() == []


def test_a_near_miss_is_not_taken_for_its_municipality() -> None:
    table = tables.load("municipality")
    parsed = address.parse(table["leaves_alone"])
    # 美唄 is a town too, and may be looked for; it is not read as the city's name.
    same = (parsed["prefecture"] == table["prefecture"]) & (parsed["city"] == table["city"])
    taken = table.filter(same & ~parsed["guess"])
    assert taken["rule_id"].to_list() == []


def test_every_blocking_rule_makes_a_key_from_parts_that_exist() -> None:
    whole: dict[str, list[str | None]] = {
        "name": ["見本 一郎", "見本 一郎"],
        "kana": ["ミホン イチロウ", None],  # the second has kanji only: BK11 is for those
        "postal": ["160-0023", "160-0023"],
        "address": ["東京都新宿区西新宿3-2-1"] * 2,
        "birth_date": ["1970-03-02"] * 2,
        "corporate_number": ["1234567890123"] * 2,
        "phone_1": ["03-1234-5678"] * 2,
        "email_1": ["ichiro@example.com"] * 2,
    }
    keys = blocked(raw(whole), "row").keys
    assert list(keys) == tables.load("blocking")["rule_id"].to_list()
    assert [rule for rule, made in keys.items() if made.is_empty()] == []


@pytest.mark.parametrize("seed", lines("seed"))
@pytest.mark.parametrize("told", TELLING, ids="+".join)
def test_a_planted_entry_is_withheld_by_whatever_a_list_tells(
    seed: dict[str, str], told: tuple[str, ...]
) -> None:
    assert sown()[seed["rule_id"], told] == "withhold"


def test_the_planted_people_are_all_told_of() -> None:
    assert seeds.entries().height == tables.load("seed").height
