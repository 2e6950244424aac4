"""The full name of a municipality, as KEN_ALL and e-Stat write it → county, city and ward."""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import numerals

_MOST: Final = 999  # numbers in names of towns are read as one up to this, digit by digit beyond
NAME_COLUMNS: Final = ("prefecture", "county", "city", "ward")
# 郡山市, 大和郡山市 and 小郡町 have no county in front: what follows 郡 must be a name and 町 or 村.
_COUNTY: Final = r"^(.{1,4}?郡)(.+[町村])$"
_WARD: Final = r"^(.+?市)(.+区)$"
# 北海道 lists 支庁 and 振興局 where other prefectures list counties; no address is written with them.
_BRANCH: Final = r"^.+(?:支庁|総合振興局|振興局)"


@cache
def prefectures() -> tuple[str, ...]:
    """The 47 prefectures."""
    return tuple(tables.load("municipality")["prefecture"].unique(maintain_order=True))


def parted(full: pl.Expr) -> list[pl.Expr]:
    """`county`, `city`, `ward` of a municipality written in one piece without its prefecture.

    Args:
        full: String column, no nulls.

    Returns:
        Three String columns, elementwise; county and ward are null where there is none.

    Examples:
        >>> frame = pl.DataFrame({"full": ["札幌市中央区", "余市郡余市町", "大和郡山市", "小郡町"]})
        >>> frame.select(parted(pl.col("full"))).rows()
        [(None, '札幌市', '中央区'), ('余市郡', '余市町', None), (None, '大和郡山市', None), (None, '小郡町', None)]
    """
    plain = full.str.replace(_BRANCH, "")
    return [
        plain.str.extract(_COUNTY, 1).alias("county"),
        pl.coalesce(plain.str.extract(_COUNTY, 2), plain.str.extract(_WARD, 1), plain).alias("city"),
        plain.str.extract(_WARD, 2).alias("ward"),
    ]


def full_name() -> pl.Expr:
    """The name in one piece, prefecture first, of a frame with the four columns."""
    return pl.concat_str(*NAME_COLUMNS, ignore_nulls=True)


@cache
def _one_spelling() -> tuple[dict[str, str], dict[str, str]]:
    kana = dict(zip("ヶがガッのっ之乃壱弐参零", "ケケケツノツノノ一二三〇", strict=True))
    return kana, {str(number): numerals.grammatical()[number] for number in range(_MOST, 0, -1)}


def spelled(town: pl.Expr) -> pl.Expr:
    """One spelling of a town, to tell whether two publishers mean the same; it is compared and never kept.

    Args:
        town: String column.

    Returns:
        String column, elementwise.

    Examples:
        >>> pl.select(spelled(pl.lit("大字パルプ町１条"))).item() == pl.select(spelled(pl.lit("パルプ町一条"))).item()
        True
    """
    kana, digits = _one_spelling()
    plain = (
        town.str.normalize("NFKC").str.replace_all("大字|小字|^字", "").str.replace_all("([^文十])字", "${1}")
    )
    return plain.str.replace_many(kana).str.replace_many(digits, leftmost=True)
