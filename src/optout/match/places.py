"""Two addresses → one level: the same place, part of it told, or another?

equal         one of the readings of each is the same municipality, town and numbers; a missing room agrees
room_differs  the same, and both tell a room, and not the same one
partial       the same town, the numbers of one begin with those of the other (1-2, 1-2-3), or are told apart by a
              hyphen that was lost (1-23), or one lacks the 小字
town          the same town, one side has no numbers
unclear       the same numbers, the town of one side is in no register: misspelt, or newer than the registers
typo          the same town, one number of several is another
city          the same municipality, another town or other numbers
different     another municipality
none          a side does not tell
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.keys.digest import combined, digest
from optout.match.facts import Facts

ADDRESS_LEVELS: Final = (
    *("equal", "room_differs", "partial", "town", "unclear", "typo", "city", "different", "none"),
)
# Part of the address is missing or spelt in an unknown way: beside the very same name, in doubt.
NEARLY: Final = ("partial", "town", "unclear")
# What is compared of an address.
PLACED: Final = (
    *("prefecture", "town", "numbers", "room", "tail", "seen", "unknown", "behind_town", "postal"),
    *("codes", "towns", "places", "known_town", "guess"),
)


def address_level(facts: Facts) -> pl.DataFrame:
    """The level of every pair, and whether blocking finds it by the places alone, whoever lives there.

    Args:
        facts: With the columns PLACED of `text.address.parse`, and `postal`.

    Returns:
        String `address`, one of ADDRESS_LEVELS, and Boolean `met`, which is told of NEARLY alone; no nulls, in the
        order of the pairs.
    """
    told, elsewhere, same = _plainly(facts)
    near = told & ~elsewhere & ~same
    # Lazily: what several of the expressions ask is then asked once.
    sides = facts.only(near).paired(PLACED).lazy().with_columns(_numbers()).collect()
    sides = sides.lazy().with_columns(_places()).collect()
    found = sides.lazy().select(_level().alias("address"), pl.col("blocked").fill_null(value=False)).collect()
    lines = near.arg_true()
    plainly = pl.Series(("none", "different", "equal")).gather(told.cast(pl.UInt32) + same.cast(pl.UInt32))
    return pl.DataFrame(
        {
            "address": plainly.scatter(lines, found["address"]),
            "met": same.scatter(lines, found["blocked"]),
        }
    )


def _plainly(facts: Facts) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Boolean, a line a pair: both sides tell an address, of `different` places plainly, and plainly of an `equal` one.

    Plainly elsewhere is another municipality, town, 小字 and postal code, all told plainly; plainly equal the very same
    in all that is compared, but for a room that is told once. From digests: most pairs are never put together.
    """
    ours = _digests(facts.rows)
    theirs = ours if facts.rows is facts.entries else _digests(facts.entries)
    a = {part: known[facts.a.to_numpy()] for part, known in ours.items()}
    b = {part: known[facts.b.to_numpy()] for part, known in theirs.items()}
    told = a["told"] & b["told"]
    elsewhere = told & a["plain"] & b["plain"] & ((a["postal"] != b["postal"]) | (a["postal"] == 0))
    for part in ("code", "town", "tail"):
        elsewhere &= a[part] != b[part]
    same = (a["whole"] == b["whole"]) & (a["whole"] != 0)
    same &= (a["room"] == b["room"]) | (a["room"] == 0) | (b["room"] == 0)
    return pl.Series(told, dtype=pl.Boolean), pl.Series(elsewhere), pl.Series(same)


def _digests(side: pl.DataFrame) -> dict[str, npt.NDArray[Any]]:
    """Of each line what is compared as digests, 0 for what is not told.

    `told`; `plain`: of one municipality and town; and `whole`: all of it but the room, of a place known without doubt.
    """
    known = side.select(
        *("tail", "postal", "numbers", "seen", "room"),
        told=pl.col("numbers").is_not_null() | pl.col("town").is_not_null(),
        plain=((pl.col("codes").list.len() == 1) & (pl.col("towns").list.len() == 1)).fill_null(False),
        sure=((pl.col("places").list.len() == 1) & pl.col("unknown").is_null() & ~pl.col("guess")).fill_null(
            False
        ),
        code=pl.col("codes").list.first(),
        town=pl.col("towns").list.first(),
        place=pl.col("places").list.first(),
    )
    parts = ("code", "town", "tail", "postal", "numbers", "seen", "room", "place")
    digests = known.select("told", "plain", "sure", *(digest(part).fill_null(0) for part in parts))
    found = {column.name: column.to_numpy() for column in digests}
    whole = combined(0, [found[part] for part in ("tail", "numbers", "seen", "place")])
    sure = found["sure"] & (found["numbers"] != 0) & (found["seen"] != 0)
    kept = ("told", "plain", "code", "town", "tail", "postal", "room")
    return {**{part: found[part] for part in kept}, "whole": np.where(sure, whole, 0)}


def _both(column: str) -> pl.Expr:
    return pl.col(f"a_{column}").is_not_null() & pl.col(f"b_{column}").is_not_null()


def _equal(column: str) -> pl.Expr:
    """True only where both sides tell and agree."""
    return (pl.col(f"a_{column}") == pl.col(f"b_{column}")).fill_null(value=False)


def _meet(column: str) -> pl.Expr:
    """The two lists have an element in common; most have a single one."""
    a, b = pl.col(f"a_{column}"), pl.col(f"b_{column}")
    return (a.list.set_intersection(b).list.len() > 0).fill_null(value=False)


def _numbers() -> list[pl.Expr]:
    a, b = pl.col("a_numbers"), pl.col("b_numbers")
    # 123-4-205 and 123-4 room 205 are one place when the town has no 丁目.
    with_room = (a == b + "-" + pl.col("b_room")) | (b == a + "-" + pl.col("a_room"))
    begins = (a + "-").str.starts_with(b + "-") | (b + "-").str.starts_with(a + "-")
    return [
        (_equal("numbers") | with_room.fill_null(value=False)).alias("same_numbers"),
        (begins | _hyphen_lost()).fill_null(value=False).alias("begin"),
        _one_apart().alias("one_apart"),
    ]


def _hyphen_lost() -> pl.Expr:
    """1-23 for 1-2-3: the digits agree, and one side has more hyphens. A fax loses them."""
    a, b = pl.col("a_numbers"), pl.col("b_numbers")
    digits = [side.str.replace_all("-", "", literal=True) for side in (a, b)]
    return (digits[0] == digits[1]) & (a.str.len_chars() != b.str.len_chars())


def _one_apart() -> pl.Expr:
    """As many numbers on both sides, two or three, and one of them another."""
    a, b = pl.col("a_numbers").str.split("-"), pl.col("b_numbers").str.split("-")
    differing = [(a.list.get(k, null_on_oob=True) != b.list.get(k, null_on_oob=True)) for k in range(3)]
    count = pl.sum_horizontal(part.fill_null(value=False) for part in differing)
    return ((a.list.len() == b.list.len()) & (a.list.len() > 1) & (count == 1)).fill_null(value=False)


def _places() -> list[pl.Expr]:
    # Two municipalities in no register are two, though each may stand for any that has the town.
    strangers = (pl.col("a_unknown") != pl.col("b_unknown")).fill_null(value=False)
    elsewhere = (_both("codes") & ~_meet("codes")) | (_both("prefecture") & ~_equal("prefecture")) | strangers
    placed = ~_anywhere("a") & ~_anywhere("b")
    alike = _equal("behind_town") | (pl.col("a_behind_town") == "") | (pl.col("b_behind_town") == "")
    return [
        elsewhere.alias("elsewhere"),
        (_meet("places") & ~strangers & placed).alias("same_place"),
        (_meet("towns") & ~strangers & placed & alike.fill_null(value=False)).alias("same_town"),
        (pl.col("a_known_town") & pl.col("b_known_town") & placed).alias("known"),
        (_equal("tail") | _equal("postal")).alias("probed"),
        ((pl.col("a_tail").eq_missing(pl.col("b_tail")) | _equal("postal")) & _numbers_seen()).alias(
            "blocked"
        ),
    ]


def _numbers_seen() -> pl.Expr:
    """Lane 1 has one of the numbers begin with all of the other's, too."""
    a, b = pl.col("a_seen"), pl.col("b_seen")
    cut = [side.str.replace("-[^-]*$", "") for side in (a, b)]
    return ((a == b) | (cut[0] == b) | (a == cut[1])).fill_null(value=False)


def _anywhere(side: str) -> pl.Expr:
    """Nothing but the name of a town that several prefectures have."""
    return pl.col(f"{side}_guess") & pl.col(f"{side}_prefecture").is_null()


def _equally() -> pl.Expr:
    """The same banchi. What blocking cannot see (another tail, another postal code) must not decide."""
    by_code = _equal("postal") & ~(pl.col("known") & ~pl.col("same_place"))
    return pl.col("same_numbers") & pl.col("blocked") & (pl.col("same_place") | by_code)


def _other_room() -> pl.Expr:
    differ = (pl.col("a_room") != pl.col("b_room")).fill_null(value=False)
    # The room stands as the last number on one side, so the rooms were compared already.
    return differ & ~_ends_alike("room") & _equal("numbers")


def _ends_alike(column: str) -> pl.Expr:
    """エクセル21803 and 803: the digits of a building's name run into the room's; 2-101 and 101."""
    a, b = pl.col(f"a_{column}"), pl.col(f"b_{column}")
    longer = (a.str.len_chars() >= 3) & (b.str.len_chars() >= 3)
    return (longer & (a.str.ends_with(b) | b.str.ends_with(a))).fill_null(value=False)


def _same_town() -> pl.Expr:
    """Registered under one name; or in no register on one side, and written alike."""
    return pl.col("same_town") | (~pl.col("known") & ~pl.col("elsewhere") & pl.col("probed"))


def _unclear() -> pl.Expr:
    """The same several numbers in a place that may be the same, of which one side's town is not known."""
    several = pl.col("same_numbers") & pl.col("a_numbers").str.contains("-")
    may_be = _meet("codes") | _equal("prefecture") | pl.col("probed")
    return several & ~pl.col("known") & ~pl.col("elsewhere") & may_be


def _level() -> pl.Expr:
    one_numberless = pl.col("a_numbers").is_null() | pl.col("b_numbers").is_null()
    return (
        pl.when(_equally() & _other_room())
        .then(pl.lit("room_differs"))
        .when(_equally())
        .then(pl.lit("equal"))
        .when(_unclear())
        .then(pl.lit("unclear"))
        .when(_same_town() & pl.col("begin"))
        .then(pl.lit("partial"))
        .when(_same_town() & one_numberless)
        .then(pl.lit("town"))
        .when(_same_town() & pl.col("one_apart"))
        .then(pl.lit("typo"))
        .when(_meet("codes") & ~pl.col("elsewhere"))
        .then(pl.lit("city"))
        .otherwise(pl.lit("different"))
    )
