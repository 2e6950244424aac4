"""Levels → rule, verdict, weight: the table proves itself, and what it says follows the law of two mistakes."""

from __future__ import annotations

import math
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import match, tables
from optout.schema import REASONS

CONTEXT = {"asked": "person", "policy": "person", "channel": "any"}
NEUTRAL = {
    "person": "other",
    "address": "none",
    "phone": "none",
    "email": "none",
    "birth_date": "none",
    "corporate_number": "none",
}
ORDER = {None: 0, "review": 1, "withhold": 2}


def decided(*told: dict[str, str]) -> pl.DataFrame:
    return match.decide(pl.DataFrame([NEUTRAL | CONTEXT | one for one in told]))


def levels_in(text: str) -> dict[str, str]:
    return dict(part.split("=") for part in text.split())


@pytest.fixture(scope="module")
def every_pair() -> pl.DataFrame:
    """All combinations of levels and contexts there are."""
    axes = {**match.LEVELS, "asked": ("person", "household"), "policy": ("person", "household")}
    axes["channel"] = ("any", "mail", "phone")
    frame = pl.DataFrame(list(product(*axes.values())), schema=list(axes), orient="row")
    return match.decide(frame)


def test_every_rule_proves_itself() -> None:
    rules = tables.load("rules")
    got = decided(*(levels_in(example) for example in rules["example"]))
    assert got["rule"].to_list() == rules["rule_id"].to_list()
    assert got["verdict"].cast(pl.String).to_list() == rules["verdict"].to_list()
    assert got["reason"].cast(pl.String).to_list() == rules["reason"].to_list()


def test_no_rule_takes_its_near_miss() -> None:
    rules = tables.load("rules")
    got = decided(*(levels_in(near) for near in rules["leaves_alone"]))
    assert [a for a, b in zip(rules["rule_id"], got["rule"], strict=True) if a == b] == []


def test_rules_name_levels_that_exist(every_pair: pl.DataFrame) -> None:
    rules = tables.load("rules")
    for field, levels in match.LEVELS.items():
        named = {level for cell in rules[field] for level in cell.split("|")} - {"any"}
        assert named <= set(levels)
    assert set(rules["reason"]) <= set(REASONS)


def test_every_rule_can_be_reached(every_pair: pl.DataFrame) -> None:
    assert set(every_pair["rule"].drop_nulls()) == set(tables.load("rules")["rule_id"])


def test_a_name_alone_is_never_a_hit(every_pair: pl.DataFrame) -> None:
    alone = every_pair.filter(
        *(
            ~pl.col(field).is_in(["equal", "alias", "room_differs", "partial", "town", "unclear"])
            for field in match.LEVELS
            if field != "person"
        )
    )
    assert alone.height
    assert alone["rule"].null_count() == alone.height


def test_an_equal_address_alone_withholds_only_for_a_household(every_pair: pl.DataFrame) -> None:
    alone = every_pair.filter(
        person="other",
        address="equal",
        phone="none",
        email="none",
        birth_date="none",
        corporate_number="none",
    )
    assert set(alone.filter(verdict="withhold")["asked"]) == {"household"}


def test_the_same_person_is_never_kept_where_anything_agrees(every_pair: pl.DataFrame) -> None:
    agreeing = pl.any_horizontal(
        pl.col("address").is_in(["equal", "room_differs", "partial", "town", "unclear"]),
        pl.col("phone") == "equal",
        pl.col("email").is_in(["equal", "alias"]),
        pl.col("birth_date") == "equal",
        pl.col("corporate_number") == "equal",
    )
    assert every_pair.filter(pl.col("person") == "same", agreeing)["rule"].null_count() == 0


def test_household_policy_and_the_phone_channel_only_ever_withhold_more(every_pair: pl.DataFrame) -> None:
    ranks = every_pair.with_columns(
        pl.col("verdict").cast(pl.String).replace_strict(ORDER, default=0, return_dtype=pl.Int8).alias("rank")
    )
    beside = [*match.LEVELS, "asked"]

    def ranks_of(**context: str) -> pl.DataFrame:
        return ranks.filter(**context).sort(beside).select(*beside, "rank")

    for channel in ("any", "phone"):
        household, person = (ranks_of(policy=policy, channel=channel) for policy in ("household", "person"))
        assert (household["rank"] >= person["rank"]).all()
    calls, union, letters = (
        ranks_of(policy="person", channel=channel) for channel in ("phone", "any", "mail")
    )
    assert (calls["rank"] >= union["rank"]).all()
    assert letters.equals(union)


def test_the_verdicts_are_in_the_order_of_the_rules_and_rows_stay_in_place() -> None:
    told = [{"phone": "equal"}, {}, {"email": "equal", "phone": "equal"}, {"email": "alias"}]
    assert decided(*told)["rule"].to_list() == ["RU19", None, "RU01", "RU25"]


def test_nothing_to_decide_gives_nothing() -> None:
    empty = decided({}).clear()
    assert match.decide(empty.select(*NEUTRAL, *CONTEXT)).height == 0


def test_weights_are_bits_of_agreement_and_cover_every_level() -> None:
    weights = match.weights()
    known = {(field, level) for field, levels in match.LEVELS.items() for level in levels}
    assert set(weights.select("field", "level").rows()) == known
    bits = {(field, level): bit for field, level, bit in weights.rows()}
    for field, levels in match.LEVELS.items():
        assert bits[field, levels[0]] > 10
        assert bits[field, "unknown" if field == "person" else "none"] == 0
        assert all(math.isfinite(bits[field, level]) for level in levels)
    assert (
        bits["person", "same"]
        > bits["person", "similar"]
        > bits["person", "renamed"]
        > bits["person", "relative"]
    )


def test_the_weight_of_a_pair_is_the_sum_over_its_fields() -> None:
    bits = {(field, level): bit for field, level, bit in match.weights().rows()}
    pair = NEUTRAL | {"person": "same", "phone": "equal", "address": "partial"}
    assert decided(pair)["weight"].item() == pytest.approx(sum(bits[item] for item in pair.items()))


def test_answers_are_the_rules_in_order_of_precedence() -> None:
    answers = match.answers()
    assert answers["rule"].to_list() == tables.load("rules")["rule_id"].to_list()
    assert set(answers["verdict"].cast(pl.String)) == {"withhold", "review"}


def beside(**told: object) -> pl.DataFrame:
    """A pair of nothing but these levels, and what weights ask."""
    return match.decide(pl.DataFrame([NEUTRAL | CONTEXT | told]))


@settings(max_examples=20, deadline=None)
@given(
    levels=st.fixed_dictionaries({field: st.sampled_from(known) for field, known in match.LEVELS.items()}),
    commonness=st.floats(-7, 14),
    landline=st.booleans(),
)
def test_weights_never_decide(levels: dict[str, str], commonness: float, landline: bool) -> None:
    plain, weighed = beside(**levels), beside(**levels, commonness=commonness, landline=landline)
    assert weighed.select("rule", "verdict", "reason").equals(plain.select("rule", "verdict", "reason"))
    assert math.isfinite(weighed["weight"].item())


def test_a_common_name_weighs_less_by_as_many_bits() -> None:
    pair = {"person": "same", "address": "equal"}
    usual, common = beside(**pair)["weight"].item(), beside(**pair, commonness=3.5)["weight"].item()
    assert usual - common == pytest.approx(3.5)


def test_the_landline_of_a_household_is_hardly_a_second_agreement() -> None:
    bits = {(field, level): bit for field, level, bit in match.weights().rows()}
    home = {"person": "same", "address": "equal", "phone": "equal"}
    alone = beside(person="same", address="equal", phone="none")["weight"].item()
    line, mobile = (beside(**home, landline=told)["weight"].item() for told in (True, False))
    assert alone < line < alone + 1
    assert mobile == pytest.approx(alone + bits["phone", "equal"])
    elsewhere = home | {"address": "different"}
    assert beside(**elsewhere, landline=True)["weight"].item() == beside(**elsewhere)["weight"].item()


def test_the_bits_of_the_fields_add_up_to_the_weight(every_pair: pl.DataFrame) -> None:
    some = every_pair.gather_every(97).with_columns(commonness=pl.lit(2.0), landline=pl.lit(True))
    weight = match.decide(some.drop("rule", "verdict", "reason", "weight"))["weight"]
    assert match.bits(some).columns == list(match.FIELDS)
    assert match.bits(some).sum_horizontal().to_list() == pytest.approx(weight.to_list())
