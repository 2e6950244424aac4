"""Columns of digits written plainly, read as numbers: 03-1234-5678, 160-0023, 1970/03/02.

Whatever else there is makes a cell hard: `text.phone`, `text.postal` and `text.birth` read it. The two agree wherever
this one reads at all (tested).
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout import tables
from optout.text import birth, phone, postal
from optout.text import flat as flats
from optout.text.flat import Keys, Mask, Places

_WIDE: Final = "０１２３４５６７８９"
_BARE: Final = {**dict.fromkeys("-－‐−ー() ", ""), **dict(zip(_WIDE, "0123456789", strict=True))}
_LENGTHS: Final = (10, 11)
_PREFIXES: Final = 1_000
_TAIL: Final = 10**7
_FILLINGS: Final = ("1234567", "9876543")
_SAME: Final = 1_111_111  # seven equal digits are a multiple of it
_USUAL: Final = 15  # digits of a number that is taken for one
_DATE: Final = "^[0-9]{4}(?:[0-9]{4}|-[0-9]{2}-[0-9]{2}|/[0-9]{2}/[0-9]{2})$"
_MONTHS: Final = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])  # days, by month from 1


def phones(written: pl.Series) -> tuple[Keys, Mask]:
    """The key of each cell that holds one personal number and nothing else, 0 for any other; the hard cells."""
    bare = pl.col("cell").str.replace_many(_BARE)
    cells = written.fill_null("").to_frame("cell").select_seq(bare.alias("digits"))
    cells = cells.select_seq(
        value=pl.col("digits").cast(pl.UInt64, strict=False).fill_null(0),
        count=pl.col("digits").str.len_bytes(),
    )
    number, count = cells["value"].to_numpy(), cells["count"].to_numpy().copy()
    # A spreadsheet drops the zero in front (phone_repair.tsv, stage zero); what is no number then is hard.
    count += ((count == 9) & (number >= 10**8)) | ((count == 10) & (number >= 10**9))
    long = count == _LENGTHS[1]
    prefix = number // np.where(long, np.uint64(10**7), np.uint64(10**6))
    known = _personal()[long.astype(np.int64), np.minimum(prefix, _PREFIXES - 1).astype(np.int64)]
    plain = (long | (count == _LENGTHS[0])) & (prefix < _PREFIXES) & known & (number % _TAIL % _SAME != 0)
    return np.where(plain, _phone_key(number, count), flats.NOTHING), ~plain & (count > 0)


def phone_keys(numbers: pl.Series) -> Keys:
    """The keys of national numbers: String digits without nulls."""
    value = numbers.cast(pl.UInt64, strict=False)
    usual = (value.is_not_null() & (numbers.str.len_bytes() <= _USUAL)).to_numpy()
    keys = _phone_key(value.fill_null(0).to_numpy(), numbers.str.len_bytes().to_numpy())
    odd = np.flatnonzero(~usual)
    if len(odd):
        keys[odd] = flats.of_words(numbers.gather(odd))
    return keys


def _phone_key(number: Keys, count: npt.NDArray[np.uint32]) -> Keys:
    """A leading zero counts, so the number of digits is part of it."""
    return flats.spread(number << np.uint64(4) | count.astype(np.uint64))


def postals(written: pl.Series) -> tuple[Keys, Mask]:
    """The key of each cell 160-0023 or 1600023, 0 for any other and for placeholders; the hard cells."""
    cells = (
        written.fill_null("")
        .to_frame("cell")
        .select_seq(
            "cell",
            plain=pl.col("cell").str.contains(postal.PLAIN),
            code=pl.col("cell").str.replace("-", "", literal=True).cast(pl.UInt64, strict=False).fill_null(0),
        )
    )
    plain, code = cells["plain"].to_numpy(), cells["code"].to_numpy()
    known = plain & ~np.isin(code, _no_codes())
    return _code_key(np.where(known, code + np.uint64(1), flats.NOTHING)), ~plain & (
        cells["cell"] != ""
    ).to_numpy()


def postal_keys(codes: pl.Series) -> Keys:
    """The keys of postal codes: String of seven digits; 0 for null."""
    return _code_key((codes.cast(pl.Int64).fill_null(-1).to_numpy() + 1).astype(np.uint64))


def _code_key(raised: Keys) -> Keys:
    return flats.spread(raised)


def births(written: pl.Series) -> tuple[Keys, Mask]:
    """The key of each cell 1970-03-02, 1970/03/02 or 19700302, 0 for what is no real date; the hard cells."""
    digits = pl.col("cell").str.replace_many(["-", "/"], ["", ""]).cast(pl.Int64, strict=False)
    cells = (
        written.fill_null("")
        .to_frame("cell")
        .select_seq("cell", plain=pl.col("cell").str.contains(_DATE), number=digits.fill_null(0))
    )
    plain = cells["plain"].to_numpy()
    number = np.where(plain, cells["number"].to_numpy(), 0).astype(np.int32)
    day, months = number % 100, number // 100
    month, year = months % 100, months // 100
    real = (year >= birth.FIRST_YEAR) & (month <= 12) & (day > 0) & (day <= _MONTHS[np.minimum(month, 12)])
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    real &= leap | (month != 2) | (day < 29)
    real &= ~np.isin(number, _no_days())
    return np.where(real, number, 0).astype(np.uint64), ~plain & (cells["cell"] != "").to_numpy()


def birth_keys(dates: pl.Series) -> Keys:
    """The keys of a Date column, 19700302; 0 for null."""
    number = dates.dt.year() * 10_000 + dates.dt.month().cast(pl.Int32) * 100 + dates.dt.day()
    return number.fill_null(0).to_numpy().astype(np.uint64)


@cache
def _personal() -> npt.NDArray[np.bool_]:
    """For each length and the first four digits (the first is 0): a number that begins so may identify a person."""
    known = []
    for length in _LENGTHS:
        tried = [
            pl.Series([f"{prefix:04d}{filling[: length - 4]}" for prefix in range(_PREFIXES)])
            for filling in _FILLINGS
        ]
        known.append(np.logical_and.reduce([phone.personal(numbers).to_numpy() for numbers in tried]))
    return np.array(known)


@cache
def _no_codes() -> Keys:
    return tables.load("postal_placeholder")["code"].cast(pl.UInt64).to_numpy()


@cache
def _no_days() -> Places:
    return tables.load("birth_placeholder")["date"].str.replace_all("-", "").cast(pl.Int64).to_numpy()
