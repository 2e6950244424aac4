"""Invented people for the torture of the store: single requests, and frames of a million rows in a second."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from optout.schema import CHANNELS, ENTRY_SCHEMA
from optout.store import Identity, Request

HERE: Final = Path(__file__).parent


def request(number: int, writer: int = 0) -> Request:
    """One request; no two numbers or writers make the same one."""
    return Request(
        name=f"見本 {number}の{writer}",
        kana="ミホン",
        address=f"東京都新宿区西新宿{number % 9 + 1}-{number % 30 + 1}-{writer + 1}",
        phones=f"090-1234-{number % 10_000:04}",
        identities=[Identity(name=f"旧姓 {number}")] if number % 3 == 0 else [],
        tenant=f"client-{number % 2}" if number % 5 == 0 else None,
        source="fax",
    )


def frame(rows: int, rng_seed: int) -> pl.DataFrame:
    """A list of requests as an office has it: eight columns, a tenth of the cells empty."""
    dice = np.random.default_rng(rng_seed)
    families, people, towns = (_table(name) for name in ("surnames", "given_names", "towns"))
    family, first, town = (dice.integers(table.height, size=rows) for table in (families, people, towns))
    numbers = {name: pl.Series(name, dice.integers(low, high, size=rows)) for name, low, high in _DRAWN}
    drawn = pl.DataFrame(numbers).select(pl.all().cast(pl.String))
    place = towns.select(pl.concat_str("pref", "city", "town"))[town].to_series()
    made = pl.DataFrame(
        {
            "氏名": families["name"][family] + " " + people["name"][first],
            "フリガナ": families["kana"][family] + " " + people["kana"][first],
            "郵便番号": drawn["area"] + "-" + drawn["last"],
            "住所": place + drawn["chome"] + "-" + drawn["ban"] + "-" + drawn["go"],
            "電話番号": "03-" + drawn["mid"] + "-" + drawn["last"],
            "携帯": "090-" + drawn["mid"] + "-" + drawn["end"],
            "メール": "user" + drawn["mid"] + drawn["end"] + "@example.jp",
            "生年月日": "19" + drawn["year"] + "-0" + drawn["month"] + "-" + drawn["day"],
        }
    )
    absent = pl.Series(dice.random(rows) < 0.1)
    blank = pl.when(~absent).then(pl.col("電話番号", "メール", "生年月日"))
    return made.with_columns(blank)


def entries(rows: int, rng_seed: int) -> pl.DataFrame:
    """The same people as prepared entries: `ENTRY_SCHEMA`, no step of reading left to do."""
    listed = pl.concat_list("電話番号", "携帯").list.drop_nulls()
    given = {
        "name": pl.col("氏名"),
        "kana": pl.col("フリガナ"),
        "postal": pl.col("郵便番号"),
        "address": pl.col("住所"),
        "phones": listed,
        "emails": pl.concat_list("メール").list.drop_nulls(),
        "birth_date": pl.col("生年月日"),
        "channels": pl.lit(list(CHANNELS), pl.List(pl.String)),
        "household": pl.lit(False),
    }
    rest = {name: pl.lit(None, dtype) for name, dtype in ENTRY_SCHEMA.items() if name not in given}
    named = [column.alias(name) for name, column in (rest | given).items()]
    return frame(rows, rng_seed).select(named).select(list(ENTRY_SCHEMA))


_DRAWN: Final = (
    ("area", 100, 1000),
    ("last", 1000, 10_000),
    ("mid", 1000, 10_000),
    ("end", 1000, 10_000),
    ("chome", 1, 9),
    ("ban", 1, 31),
    ("go", 1, 21),
    ("year", 40, 100),
    ("month", 1, 10),
    ("day", 10, 29),
)


@cache
def _table(name: str) -> pl.DataFrame:
    return pl.read_csv(HERE / f"{name}.tsv", separator="\t", infer_schema=False)
