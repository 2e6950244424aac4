"""A person (or company) of the matching benchmark: the fields of `people`, a company, and how lists write them.

`as_family` `as_given` stand for the parts of the name where a list writes them otherwise, `as_name` `as_kana`
`as_company` for the whole cell; null where it is written as it is.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from match_changes import Person
from people import people

COMPANIES: Final = 0.05
# Household numbers of the groups lie apart, so that nobody shares a telephone by chance.
ENTRY_START: Final = 20_000_000
SPARE_START: Final = 42_000_000
BOARD_START: Final = 62_000_000
COLUMNS: Final = (
    "name_family", "name_given", "kana_family", "kana_given", "postal", "pref", "city", "town", "chome", "ban",
    "go", "building", "room", "phone", "mobile", "email", "birth_date", "company", "form", "front", "as_family",
    "as_given", "as_name", "as_kana", "as_company",
)  # fmt: skip
_FORMS: Final = ("株式会社", "有限会社", "合同会社", "一般社団法人")
_TRADES: Final = (
    "商事", "工業", "建設", "電機", "物産", "システム", "サービス", "製作所", "不動産", "運輸", "印刷", "食品",
    "薬局", "設計", "技研", "フーズ", "企画", "産業", "興業", "クリニック",
)  # fmt: skip
_BEFORE: Final = (
    "",
    "",
    "",
    "新",
    "東",
    "西",
    "北",
    "南",
    "第一",
    "大",
    "三",
    "日の出",
    "中央",
    "みどり",
    "サン",
)


def framed(persons: list[Person], kind: str) -> pl.DataFrame:
    """Persons as a frame of rows of one kind; `entry` from each of them, if they have one."""
    made = {column: [person.get(column) for person in persons] for column in COLUMNS}
    made |= {"kind": [kind] * len(persons), "entry": [person.get("entry") for person in persons]}
    return pl.DataFrame(made, schema=_schema())


def _schema() -> dict[str, pl.DataType | type[pl.DataType]]:
    whole = dict.fromkeys(("chome", "ban", "go", "room"), pl.Int64)
    schema: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(COLUMNS, pl.String)
    others = {"birth_date": pl.Date, "front": pl.Boolean, "kind": pl.String, "entry": pl.UInt32}
    return schema | whole | others


def plain(some: pl.DataFrame) -> pl.DataFrame:
    """`people` with the columns of a person here; no company, nothing written otherwise."""
    blank = {
        column: pl.lit(None, dtype=_schema()[column]) for column in COLUMNS if column not in some.columns
    }
    return some.with_columns(**blank).select(COLUMNS)


def with_companies(some: pl.DataFrame, rng_seed: int) -> pl.DataFrame:
    """Every twentieth line becomes a company that has a landline and neither birth, mobile nor reading."""
    rng = np.random.RandomState(rng_seed + 100)
    n = some.height
    is_company = pl.Series(rng.random_sample(n) < COMPANIES) & some["phone"].is_not_null()
    before, trades = (pl.Series(words)[rng.randint(0, len(words), n)] for words in (_BEFORE, _TRADES))
    form = pl.Series(_FORMS)[np.searchsorted([0.6, 0.85, 0.95], rng.random_sample(n))]
    front = pl.Series(rng.random_sample(n) < 0.7)
    personal = ("name_family", "name_given", "kana_family", "kana_given", "mobile", "email", "birth_date")
    return some.with_columns(
        company=pl.when(is_company).then(before + pl.col("name_family") + trades),
        form=pl.when(is_company).then(form),
        front=pl.when(is_company).then(front),
    ).with_columns(pl.when(~is_company).then(pl.col(field)).alias(field) for field in personal)


def spares(n: int, rng_seed: int, towns: pl.DataFrame | None = None) -> list[Person]:
    """People who are on neither side, each with two numbers: their names, places and numbers are lent."""
    some = people(n, rng_seed, towns=towns, start=SPARE_START)
    more = people(n, rng_seed + 1, towns=towns, start=SPARE_START + 2 * n)
    lines = more.select(pl.col("phone", "mobile").drop_nulls().implode()).row(0)
    fill = [
        pl.col(field).fill_null(pl.Series(numbers)[np.arange(n) % len(numbers)])
        for field, numbers in zip(("phone", "mobile"), lines, strict=True)
    ]
    return some.with_columns(fill).to_dicts()
