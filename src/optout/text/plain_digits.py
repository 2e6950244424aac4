"""Columns of digits written plainly, read as numbers: 03-1234-5678, 160-0023, 1970/03/02.

Whatever else there is makes a cell hard: `text.phone`, `text.postal` and `text.birth` read it. The two agree wherever
this one reads at all (tested).
"""

from __future__ import annotations

import string
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout import tables
from optout.text import birth, packed, phone
from optout.text import flat as flats
from optout.text.flat import Keys, Mask, Places
from optout.text.packed import Packed

_WIDE: Final = "０１２３４５６７８９"
_KEPT: Final = dict(zip(string.digits + _WIDE, string.digits * 2, strict=True))
_DROPPED: Final = "-－‐−ー() "
_LENGTHS: Final = (10, 11)
_PREFIXES: Final = 1_000
_LOW: Final = np.uint64(10**8)
_TAIL: Final = np.uint32(10**7)
_FILLINGS: Final = ("1234567", "9876543")
_SAME: Final = np.uint32(1_111_111)  # seven equal digits are a multiple of it
_USUAL: Final = 15  # digits of a number that is taken for one
_HYPHEN_AT: Final = (3,)  # 160-0023
_BETWEEN: Final = (2, 5)  # 70-03-02
_ZERO: Final = np.uint64(ord("0"))
_ZEROS: Final = packed.ZEROS >> np.uint64(16)
_MONTHS: Final = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])  # days, by month from 1


def phones(written: pl.Series) -> tuple[Keys, Mask]:
    """The key of each cell that holds one personal number and nothing else, 0 for any other; the hard cells."""
    return packed.read(written, _read_phones, _bare())


def _read_phones(piece: Packed) -> tuple[Keys, Mask]:
    odd, count = piece.over(ord("9")), piece.lengths
    low, high = packed.number(piece.eight()), packed.number(packed.last(piece.eight(8), count - 8))
    number = high * _LOW + low
    # A spreadsheet drops the zero in front (phone_repair.tsv, stage zero); what is no number then is hard.
    whole = count + (((count == 9) & (number >= 10**8)) | ((count == 10) & (number >= 10**9)))
    long = whole == _LENGTHS[1]
    short = number // np.uint64(10**6)
    prefix = np.where(long, short // np.uint64(10), short)
    begins = np.minimum(prefix, _PREFIXES - 1).astype(np.int64) + long * _PREFIXES
    plain = ~odd & (long | (whole == _LENGTHS[0])) & (prefix < _PREFIXES) & _personal().take(begins)
    plain &= low.astype(np.uint32) % _TAIL % _SAME != 0
    return np.where(plain, _phone_key(number, whole), flats.NOTHING), ~plain & (count > 0)


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
    return packed.read(written, _read_postals)


def _read_postals(piece: Packed) -> tuple[Keys, Mask]:
    length, eight = piece.lengths, piece.eight()
    # 160-0023 is 160 0 0023, and 1600023 is 0 160 0023.
    bare, stands = packed.parted(eight, "-", _HYPHEN_AT)
    parted = (length == 8) & stands
    digits = np.where(parted, bare, packed.last(eight, 7) | _ZERO)
    plain = (parted | (length == 7)) & packed.all_digits(digits)
    number = packed.number(digits)
    code = np.where(parted, number - number // np.uint64(10**5) * np.uint64(10**5 - 10**4), number)
    known = plain & ~np.isin(code, _no_codes())
    return _code_key(np.where(known, code + np.uint64(1), flats.NOTHING)), ~plain & (length > 0)


def postal_keys(codes: pl.Series) -> Keys:
    """The keys of postal codes: String of seven digits; 0 for null."""
    return _code_key((codes.cast(pl.Int64).fill_null(-1).to_numpy() + 1).astype(np.uint64))


def _code_key(raised: Keys) -> Keys:
    return flats.spread(raised)


def births(written: pl.Series) -> tuple[Keys, Mask]:
    """The key of each cell 1970-03-02, 1970/03/02 or 19700302, 0 for what is no real date; the hard cells."""
    return packed.read(written, _read_births)


def dates(written: pl.Series) -> pl.Series:
    """`birth.parse`, the plain cells as numbers."""
    keys, hard = births(written)
    months = keys.astype(np.int64) // 100
    years = (months // 100 - 1970).astype("datetime64[Y]").astype("datetime64[M]")
    days = (years + (months % 100 - 1)).astype("datetime64[D]") + (keys.astype(np.int64) % 100 - 1)
    days[keys == flats.NOTHING] = np.datetime64("NaT")
    told = pl.Series(written.name, days)
    others = np.flatnonzero(hard)
    return told.scatter(others, birth.parse(written.gather(others))) if len(others) else told


def _read_births(piece: Packed) -> tuple[Keys, Mask]:
    length, eight = piece.lengths, piece.eight()
    bare, hyphens = packed.parted(eight, "-", _BETWEEN)
    _, slashes = packed.parted(eight, "/", _BETWEEN)
    century = packed.last(piece.eight(8), 2) | _ZEROS
    parted = (length == 10) & (hyphens | slashes) & packed.all_digits(century)
    digits = np.where(parted, bare, eight)
    plain = (parted | (length == 8)) & packed.all_digits(digits)
    number = np.where(plain, packed.number(digits), 0).astype(np.int32)
    # Of 1970-03-02 it is 70 0 03 0 02.
    month, day = number // 1_000, number % 1_000
    joined = (
        packed.number(century).astype(np.int32) * 10**6
        + (month // 1_000) * 10**4
        + (month % 1_000) * 100
        + day
    )
    number = np.where(parted & plain, joined, number)
    return np.where(_real(number), number, 0).astype(np.uint64), ~plain & (length > 0)


def _real(number: npt.NDArray[np.int32]) -> Mask:
    """The numbers 19700302 that are a date of somebody."""
    months = number // 100
    year = months // 100
    day, month = number - months * 100, months - year * 100
    real: Mask = (
        (year >= birth.FIRST_YEAR) & (month <= 12) & (day > 0) & (day <= _MONTHS.take(np.minimum(month, 12)))
    )
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    real &= (leap | (month != 2) | (day < 29)) & ~np.isin(number, _no_days())
    return real


def birth_keys(dates: pl.Series) -> Keys:
    """The keys of a Date column, 19700302; 0 for null."""
    number = dates.dt.year() * 10_000 + dates.dt.month().cast(pl.Int32) * 100 + dates.dt.day()
    return number.fill_null(0).to_numpy().astype(np.uint64)


@cache
def _personal() -> npt.NDArray[np.bool_]:
    """For each length and there the first four digits (the first is 0): a number that begins so may be a person's."""
    known = []
    for length in _LENGTHS:
        tried = [
            pl.Series([f"{prefix:04d}{filling[: length - 4]}" for prefix in range(_PREFIXES)])
            for filling in _FILLINGS
        ]
        known.append(np.logical_and.reduce([phone.personal(numbers).to_numpy() for numbers in tried]))
    return np.concatenate(known)


@cache
def _bare() -> packed.Letters:
    """Digits of any width; what parts them is dropped."""
    return packed.Letters(_KEPT, _DROPPED, nought="+")


@cache
def _no_codes() -> Keys:
    return tables.load("postal_placeholder")["code"].cast(pl.UInt64).to_numpy()


@cache
def _no_days() -> Places:
    return tables.load("birth_placeholder")["date"].str.replace_all("-", "").cast(pl.Int64).to_numpy()
