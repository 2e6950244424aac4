"""Telephone numbers spelled by chance, read by us and by libphonenumber (PyPI `phonenumbers`), which is the oracle.

A number of the plan is drawn, then a way to write it; so the truth is known beside the two readings. libphonenumber
accepts a cell when it parses for Japan, is valid and Japanese. Where it accepts, the two must agree; each class in
which they do not is printed with who is right and an example. `answer` must not move.

    pip install .[bench]
    python benchmarks/bench_phone_oracle.py --cells 100000 --seed 1
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import time
from collections.abc import Callable
from typing import Final

import phonenumbers
import polars as pl

from optout.text import chars, phone

Groups = tuple[str, str, str]
# Area codes by length as the Ministry assigned them; the generator also draws some that nobody has.
_AREAS: Final = (
    ("03", "06"),
    ("011", "022", "025", "042", "043", "044", "045", "048", "052", "053", "072", "075", "078", "082", "092"),
    ("0123", "0138", "0166", "0178", "0246", "0263", "0422", "0466", "0532", "0742", "0852", "0942", "0985"),
    (
        "01267",
        "01374",
        "01558",
        "01654",
        "04992",
        "04998",
        "05769",
        "05979",
        "08387",
        "08514",
        "09496",
        "09802",
    ),
)
_KINDS: Final = {
    "fixed": 44,
    "fixed, any area code": 4,
    "mobile": 26,
    "060": 4,
    "050": 6,
    "020": 2,
    "0120": 4,
    "0800": 3,
    "0570": 2,
    "0990": 1,
    "0180": 1,
    "0200": 1,
    "pager 0204": 1,
    "0600": 1,
}
_SERVICES: Final = {
    "0120": (3, 3),
    "0570": (3, 3),
    "0990": (3, 3),
    "0180": (3, 3),
    "0800": (3, 4),
    "0600": (3, 4),
}
_WIDE: Final = str.maketrans("0123456789-()+. /", "０１２３４５６７８９－（）＋．　／")
_KANJI: Final = str.maketrans("0123456789", "〇一二三四五六七八九")
_LETTERS: Final = str.maketrans("01", "Ol")


def number(dice: random.Random) -> tuple[str, Groups]:
    """The kind of a number of the plan, and the number in its three groups."""
    kind = dice.choices(list(_KINDS), list(_KINDS.values()))[0]
    if kind in _SERVICES:
        middle, last = _SERVICES[kind]
        return kind, (kind, _digits(dice, middle), _digits(dice, last))
    if kind == "0200":
        return kind, ("0200", _digits(dice, 5), _digits(dice, 5))
    if kind == "pager 0204":
        return kind, ("0204", _digits(dice, 3), _digits(dice, 4))
    if kind.startswith("fixed"):
        return kind, _fixed(dice, known=kind == "fixed")
    area = dice.choice(["070", "080", "090"]) if kind == "mobile" else kind
    first = dice.choice("1235689" if kind == "020" else "123456789")
    return kind, (area, first + _digits(dice, 3), _digits(dice, 4))


def _fixed(dice: random.Random, known: bool) -> Groups:
    area = dice.choice(_AREAS[dice.choices(range(4), [3, 3, 3, 2])[0]])
    if not known:
        area = "0" + "".join(dice.choice("123456789") for _ in range(dice.randint(1, 4)))
    length = 6 - len(area)
    return area, dice.choice("23456789") + _digits(dice, length - 1), _digits(dice, 4)


def _digits(dice: random.Random, length: int) -> str:
    return "".join(dice.choice("0123456789") for _ in range(length))


def _joined(dice: random.Random, groups: Groups) -> str:
    """The groups under the usual separators."""
    return dice.choice(["{}-{}-{}", "{}-{}-{}", "{}{}{}", "{} {} {}", "{}({}){}", "({}){}-{}"]).format(
        *groups
    )


def _international(dice: random.Random, groups: Groups) -> str:
    before = dice.choice(["+81-{}", "+81 {}", "+81{}", "+81(0){}", "+81 (0) {}", "+81-0{}"])
    join = dice.choice(["-", " ", ""])
    return join.join((before.format(groups[0][1:]), *groups[1:]))


def _before(*words: str) -> Callable[[random.Random, Groups], str]:
    return lambda dice, groups: dice.choice(words) + _joined(dice, groups)


def _behind(*words: str) -> Callable[[random.Random, Groups], str]:
    return lambda dice, groups: _joined(dice, groups) + dice.choice(words)


def _dashes(accept: str) -> Callable[[random.Random, Groups], str]:
    return lambda dice, groups: dice.choice(chars.dashes(accept)).join(groups)


def _kanji(dice: random.Random, groups: Groups) -> str:
    return dice.choice(["", "-", "・"]).join(groups).translate(_KANJI)


def _regrouped(dice: random.Random, groups: Groups) -> str:
    """0423-25-1234 for 042-325-1234: digits move between area code and exchange, the number stays."""
    digits = "".join(groups)
    cut = dice.choice([2, 3, 4, 5]) if len(digits) == 10 else dice.choice([3, 4])
    return f"{digits[:cut]}-{digits[cut:-4]}-{digits[-4:]}" if cut < len(digits) - 4 else digits


STYLES: Final[dict[str, Callable[[random.Random, Groups], str]]] = {
    "plain": _joined,
    "hyphens": lambda _, groups: "-".join(groups),
    "dashes of every kind": _dashes("always"),
    "letters used as hyphens": _dashes("between_digits"),
    "dots": lambda _, groups: ".".join(groups),
    "slashes": lambda _, groups: "/".join(groups),
    "square brackets": lambda _, groups: "[{}]{}-{}".format(*groups),
    "full width": lambda dice, groups: _joined(dice, groups).translate(_WIDE),
    "kanji digits": _kanji,
    "look-alike letters": lambda dice, groups: _joined(dice, groups).translate(_LETTERS),
    "regrouped": _regrouped,
    "+81": _international,
    "+81, full width": lambda dice, groups: _international(dice, groups).translate(_WIDE),
    "81 without plus": lambda _, groups: "81" + "".join(groups)[1:],
    "81 and trunk zero": lambda _, groups: "81" + "".join(groups),
    "0081": lambda _, groups: "-".join(("0081", groups[0][1:], *groups[1:])),
    "010-81": lambda _, groups: "-".join(("010-81", groups[0][1:], *groups[1:])),
    "184 or 186": _before("184-", "186-", "184 ", "186 "),
    "carrier 00XY": _before("0033-", "0088-", "0077-"),
    "TEL before": _before("TEL:", "TEL ", "Tel.", "℡", "電話", "電話番号:", "携帯 ", "☎"),
    "lost zero": lambda _, groups: "".join(groups)[1:],
    "lost zero, full width": lambda _, groups: "".join(groups)[1:].translate(_WIDE),
    "lost zero, hyphens": lambda _, groups: "-".join((groups[0][1:], *groups[1:])),
    "lost zero, float": lambda _, groups: "".join(groups)[1:] + ".0",
    "lost zero, thousands": lambda _, groups: f"{int(''.join(groups)):,}",
    "text mark": lambda _, groups: "'" + "".join(groups),
    "formula": lambda _, groups: '="' + "".join(groups) + '"',
    "extension": _behind(" 内線12", "内線3", "(内線123)", " ext 12", " ext.3", " x12", " #12", "（内）45"),
    "remark behind": _behind("(代)", "（母）", " (自宅)", "　本人", "(携帯)", "(呼出)", " 夜間"),
    "blanks around": lambda dice, groups: f"  {_joined(dice, groups)}　",
    "numbered item": _before("1)", "①", "1. "),
}  # fmt: skip
# What these hold is not one number of the plan, so no reading of one number is right.
NOT_ONE: Final[dict[str, Callable[[random.Random, Groups], str]]] = {
    "a digit too few": lambda dice, groups: _joined(dice, (groups[0], groups[1], groups[2][1:])),
    "a digit too many": lambda dice, groups: _joined(dice, groups) + dice.choice("0123456789"),
    "lost in an exponent": lambda _, groups: f"{int(''.join(groups)):.2E}",
    "last digits masked": lambda _, groups: f"{groups[0]}-{groups[1]}-****",
    "without area code": lambda _, groups: f"{groups[1]}-{groups[2]}",
}
# Numbers as they were before the renumberings of 1991 and 1999; the truth is what they became.
_OLD: Final = (
    ("03", "033", 3),
    ("06", "066", 3),
    ("030", "0903", 2),
    ("080", "0908", 2),
    ("050", "0705", 3),
    ("060", "0706", 3),
)

# Why libphonenumber accepts what it should not, by the way of writing in which it does.
WHY: Final = {
    "look-alike letters": "letters are read as on the keys of a telephone: l is 5, o is 6",
    "a digit too few": "060 and seven digits is a personal number to libphonenumber; the plan has none",
    "before 1991 or 1999": "060 and seven digits is a personal number to libphonenumber; it was PHS before 1999",
    "without area code": "the rest of a machine's number looks like one with an area code",
}


def cells(count: int, rng_seed: int) -> pl.DataFrame:
    """`written`, `style`, `kind`, `truth` (numbers joined by ";", "" for none) of as many cells as asked for."""
    dice = random.Random(rng_seed)
    rows = [_cell(dice) for _ in range(count)]
    return pl.DataFrame(rows, schema=["written", "style", "kind", "truth"], orient="row")


def _cell(dice: random.Random) -> tuple[str, str, str, str]:
    kind, groups = number(dice)
    draw = dice.random()
    if draw < 0.04:
        old, new, length = dice.choice(_OLD)
        middle = dice.choice("23456789") + _digits(dice, length - 1)
        last = _digits(dice, 5 if length == 2 else 4)
        return f"{old}-{middle}-{last}", "before 1991 or 1999", "old", new + middle + last
    if draw < 0.08:
        _, second = number(dice)
        written = dice.choice(["/", "、", " / ", "　", "\n", "又は"]).join(
            ("-".join(groups), "-".join(second))
        )
        both = dict.fromkeys(("".join(groups), "".join(second)))
        return written, "two numbers", kind, ";".join(both)
    if draw < 0.14:
        style = dice.choice(list(NOT_ONE))
        return NOT_ONE[style](dice, groups), style, kind, ""
    style = dice.choice(list(STYLES))
    return STYLES[style](dice, groups), style, kind, "".join(groups)


def theirs(written: str) -> str:
    """What libphonenumber accepts as a Japanese number, as national digits; "" where it does not."""
    try:
        found = phonenumbers.parse(written, "JP")
    except phonenumbers.NumberParseException:
        return ""
    if found.country_code != 81 or not phonenumbers.is_valid_number(found):
        return ""
    return f"0{found.national_number}"


def compared(count: int, rng_seed: int) -> pl.DataFrame:
    """`cells` with `ours`, `theirs` as joined national digits."""
    asked = cells(count, rng_seed)
    return asked.with_columns(
        ours=phone.parse(asked["written"])["numbers"].list.join(";"),
        theirs=pl.Series([theirs(text) for text in asked["written"]]),
    )


def disagreements(found: pl.DataFrame) -> pl.DataFrame:
    """The classes of cells libphonenumber accepts and we read otherwise: how many, who is right, an example."""
    differ = found.filter((pl.col("theirs") != "") & (pl.col("ours") != pl.col("theirs")))
    right = (
        pl.when(pl.col("ours") == pl.col("truth"))
        .then(pl.lit("ours"))
        .when(pl.col("theirs") == pl.col("truth"))
        .then(pl.lit("theirs"))
        .otherwise(pl.lit("neither"))
    )
    by = differ.with_columns(right=right).group_by("style", "right", maintain_order=True)
    return by.agg(pl.len().alias("cells"), pl.col("written", "ours", "theirs", "kind").first()).sort(
        "cells", descending=True
    )


def by_style(found: pl.DataFrame) -> pl.DataFrame:
    """For each way of writing: cells, accepted by libphonenumber, right by each, in per cent."""
    return (
        found.group_by("style", maintain_order=True)
        .agg(
            pl.len().alias("cells"),
            accepted=pl.col("theirs").ne("").sum(),
            ours_right=(pl.col("ours").eq(pl.col("truth")).mean() * 100).round(1),
            theirs_right=(pl.col("theirs").eq(pl.col("truth")).mean() * 100).round(1),
        )
        .sort("style")
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began = time.perf_counter()
    found = compared(args.cells, args.seed)
    accepted = found.filter(pl.col("theirs") != "")
    wrong = found.filter((pl.col("ours") != pl.col("truth")) & (pl.col("ours") != ""))
    with pl.Config(
        tbl_rows=-1, tbl_cols=-1, fmt_str_lengths=60, tbl_width_chars=160, tbl_hide_dataframe_shape=True
    ):
        differ = disagreements(found)
        print(by_style(found), differ, sep="\n")
        print(
            *(f"{style}: {WHY.get(style, 'to be looked into')}" for style in differ["style"].unique().sort()),
            sep="\n",
        )
        print("read as another number than was written:")
        print(wrong.group_by("style", "kind").agg(pl.len(), pl.all().exclude("style", "kind").first()))
    record = {
        "bench": "phone_oracle",
        "cells": found.height,
        "seed": args.seed,
        "accepted": accepted.height,
        "agree": int((accepted["ours"] == accepted["theirs"]).sum()),
        "ours_right": int((found["ours"] == found["truth"]).sum()),
        "theirs_right": int((found["theirs"] == found["truth"]).sum()),
        "answer": int(found["ours"].str.len_bytes().sum()),
        "seconds": round(time.perf_counter() - began, 1),
        "phonenumbers": phonenumbers.__version__,
        "polars": pl.__version__,
        "machine": platform.processor() or platform.machine(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
