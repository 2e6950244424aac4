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

from typing import Final

import polars as pl

from optout.keys.digest import digest
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
    ours, theirs = facts.beside(_tells(facts.rows), _tells(facts.entries))
    told = ours & theirs
    near = told & ~_plainly_elsewhere(facts)
    # Lazily: what several of the expressions ask is then asked once.
    sides = facts.only(near).paired(PLACED).lazy().with_columns(_numbers()).collect()
    sides = sides.lazy().with_columns(_places()).collect()
    found = sides.lazy().select(_level().alias("address"), pl.col("blocked").fill_null(value=False)).collect()
    lines = near.arg_true()
    elsewhere = pl.Series(("none", "different")).gather(told.cast(pl.UInt32))
    return pl.DataFrame(
        {
            "address": elsewhere.scatter(lines, found["address"]),
            "met": (near & ~near).scatter(lines, found["blocked"]),
        }
    )


def _tells(side: pl.DataFrame) -> pl.Series:
    return side["numbers"].is_not_null() | side["town"].is_not_null()


def _plainly_elsewhere(facts: Facts) -> pl.Series:
    """Boolean, a line a pair: another municipality, town, 小字 and postal code, all told plainly: `different`.

    Told from digests, so that most pairs are never put together.
    """
    sides = []
    for side, lines in ((facts.rows, facts.a), (facts.entries, facts.b)):
        told = side.select(
            pl.col("tail", "postal"),
            plain=((pl.col("codes").list.len() == 1) & (pl.col("towns").list.len() == 1)).fill_null(False),
            code=pl.col("codes").list.first(),
            town=pl.col("towns").list.first(),
        )
        digests = told.select(
            "plain", *(digest(part).fill_null(0) for part in ("code", "town", "tail", "postal"))
        )
        at = lines.to_numpy()
        sides.append({column.name: column.to_numpy()[at] for column in digests})
    a, b = sides
    elsewhere = a["plain"] & b["plain"] & ((a["postal"] != b["postal"]) | (a["postal"] == 0))
    for part in ("code", "town", "tail"):
        elsewhere &= a[part] != b[part]
    return pl.Series(elsewhere)


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
