"""Birth dates (生年月日): any spelling → a date.

Source: tables/birth_era.tsv (元号 and the days they began and ended), tables/birth_placeholder.tsv (dates
that stand for "unknown"). A year without its century or era, a spreadsheet's serial number and a day-month
order that could be either are null: in doubt the birth date does not speak.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import chars

_ONES: Final = ("", *"一二三四五六七八九")
_TENS: Final = ("", "十", *(f"{digit}十" for digit in _ONES[2:]))
# Before 1873 Japan counted by the moon: 太政官布告 第337号 (明治5年).
FIRST_YEAR: Final = 1873
_TIME: Final = r"(?:T| +)[0-9]{1,2}:[0-9]{2}.*$"
# 19700302 as a number: 19,700,302 and 1.9700302E+07 have every digit, 1.97E+07 has not.
_SEPARATED: Final = r"^([0-9]{2}),([0-9]{3}),([0-9]{3})$"
_EXPONENT: Final = r"^([12])\.([0-9]{7})E\+?0*7$"
_ASIDE: Final = r"\([^()]*\)"  # 1970年(昭和45年)3月2日, (月), (満55歳)
_WESTERN: Final = r"^([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|([0-9]{2})([0-9]{2}))$"
_ERA: Final = r"^([MTSHR])-?(?:([0-9]{1,2})-([0-9]{1,2})-([0-9]{1,2})|([0-9]{2})([0-9]{2})([0-9]{2}))$"


def parse(written: pl.Series) -> pl.Series:
    """A birth date in any spelling → a date; each distinct spelling is read once.

    Args:
        written: String; western or Japanese years, any separator and width, a time may follow; nulls allowed.

    Returns:
        Date series of the same name, height and order; null for what is no whole date, does not exist
        (S65, 2月30日, before 1873) or is a placeholder. The future is not judged. Elementwise.

    Examples:
        >>> parse(pl.Series(["昭和45年3月2日", "S65.1.1"])).to_list()
        [datetime.date(1970, 3, 2), None]
    """
    cells = pl.DataFrame({"written": written.cast(pl.String)})
    distinct = cells.unique()
    read = distinct.with_columns(date=_dates(distinct["written"]))
    return cells.join(read, on="written", how="left", maintain_order="left")["date"].alias(written.name)


def _dates(written: pl.Series) -> pl.Series:
    """The dates of distinct spellings."""
    cells = _parts(_folded(pl.DataFrame({"text": written})))
    cells = cells.join(_eras(), on="letter", how="left", maintain_order="left")
    year = pl.col("year").cast(pl.Int32)
    cells = cells.with_columns(
        year=pl.when(pl.col("letter").is_null()).then(year).otherwise(year + pl.col("before_first_year"))
    )
    cells = cells.with_columns(
        iso=pl.format("{}-{}-{}", _padded("year", 4), _padded("month", 2), _padded("day", 2))
    )
    cells = cells.with_columns(date=pl.col("iso").str.to_date("%Y-%m-%d", strict=False))
    within = pl.col("date").is_between("first", "last") | pl.col("letter").is_null()
    real = within & (pl.col("year") >= FIRST_YEAR) & ~pl.col("iso").is_in(_placeholders())
    return cells.select(pl.when(real).then("date").alias("date")).to_series()


def _folded(cells: pl.DataFrame) -> pl.DataFrame:
    """Spelling → letters of eras, ASCII digits and single hyphens."""
    text = pl.col("text")
    cells = cells.with_columns(chars.fold_width(text).str.to_uppercase().str.strip_chars(" '\"="))
    cells = cells.with_columns(text.str.replace_all(_ASIDE, "").str.strip_chars())
    cells = cells.with_columns(text.str.replace(_TIME, "").str.replace(r"^([0-9]{8})\.0+$", "${1}"))
    cells = cells.with_columns(
        text.str.replace(_SEPARATED, "${1}${2}${3}").str.replace(_EXPONENT, "${1}${2}")
    )
    cells = cells.with_columns(_words()(text))
    return cells.with_columns(text.str.replace_all("[ -]+", "-").str.strip_chars("-"))


def _parts(cells: pl.DataFrame) -> pl.DataFrame:
    """Add `letter`, `year`, `month`, `day` as written; null where the text is no whole date."""
    western = pl.col("text").str.extract_groups(_WESTERN)
    era = pl.col("text").str.extract_groups(_ERA)
    cells = cells.with_columns(western=western, era=era)
    a, b = pl.col("western").struct, pl.col("era").struct
    return cells.select(
        letter=b.field("1"),
        year=pl.coalesce(a.field("1"), b.field("2"), b.field("5")),
        month=pl.coalesce(a.field("2"), a.field("4"), b.field("3"), b.field("6")),
        day=pl.coalesce(a.field("3"), a.field("5"), b.field("4"), b.field("7")),
    )


def _padded(column: str, width: int) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.zfill(width)


@cache
def _eras() -> pl.DataFrame:
    """Letter → the year before its first, first and last day."""
    era = tables.load("birth_era").select("letter", "before_first_year", "first", "last")
    return era.with_columns(
        pl.col("before_first_year").cast(pl.Int32), pl.col("first", "last").str.to_date("%Y-%m-%d")
    )


@cache
def _placeholders() -> list[str]:
    return tables.load("birth_placeholder")["date"].to_list()


@cache
def _words() -> chars.Replacement:
    """Eras → letters, kanji numerals → digits, separators → "-", what may stand around a date → nothing."""
    eras = tables.load("birth_era").select("letter", "written").rows()
    letters = {word: letter for letter, written in eras for word in written.split(" ")}
    numerals = {tens + ones: str(10 * t + o) for t, tens in enumerate(_TENS) for o, ones in enumerate(_ONES)}
    del numerals[""]
    dashes = dict.fromkeys([*chars.dashes(), *chars.dashes("between_digits")], "-")
    separators = {**dashes, **dict.fromkeys([*"年月./,、", "年-"], "-"), "一": "1", "元": "1"}
    around = ["日", "生まれ", "うまれ", "生", "西暦", "紀元", "生年月日", "誕生日", "頃", ":", "A.D.", "AD"]
    return chars.Replacement.of(
        {**separators, **numerals, "〇": "0", "零": "0", "元年": "1-", **letters, **dict.fromkeys(around, "")}
    )
