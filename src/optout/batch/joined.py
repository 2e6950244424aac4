"""Split columns → one value: 姓 + 名, 都道府県 + 市区町村 + 住所, 郵便番号1 + 2, 生年 + 生月 + 生日.

Every function takes and returns String expressions over cleaned cells (stripped, blank → null): elementwise,
null where all parts are null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

_FULL: Final = r"^(?:北海道|東京都|(?:大阪|京都)府|(?:神奈川|和歌山|鹿児島|[\p{Han}]{2})県)"
_DIGIT_END: Final = r"[0-9０-９〇一二三四五六七八九十]$"
_DIGIT_START: Final = r"^[0-9０-９A-Za-zＡ-Ｚａ-ｚ〇一二三四五六七八九十]"
# A city column names a whole municipality or ward; only such a name may be looked for inside an address.
_CITY: Final = r"^.+[市区町村]$"

Parts = Mapping[str, Sequence[pl.Expr]]


def in_turn(parts: Sequence[pl.Expr], between: str) -> pl.Expr:
    """The parts that are there, joined with `between`; null when none is."""
    if len(parts) == 1:
        return parts[0]
    text = pl.concat_str(parts, separator=between, ignore_nulls=True)
    return pl.when(pl.any_horizontal([part.is_not_null() for part in parts])).then(text)


def all_or_none(parts: Sequence[pl.Expr], between: str) -> pl.Expr:
    """The parts joined; null when one is missing (a year alone is no date)."""
    return pl.concat_str(parts, separator=between, ignore_nulls=False)


def full_or_parts(fields: Parts, full: str, parts: Sequence[str], joined: pl.Expr | None) -> pl.Expr | None:
    """The full column; where it is blank, the joined parts, if the list has every one of them."""
    whole = in_turn(fields[full], " ") if full in fields else None
    if whole is None:
        return joined
    if joined is None or any(part not in fields for part in parts):
        return whole
    return pl.coalesce(whole, joined)


def person_name(fields: Parts, full: str) -> pl.Expr | None:
    """`name` or `kana`: the full column, else surname and given name with one space between them."""
    parts = (f"{full}_family", f"{full}_given")
    found = [part for name in parts for part in fields.get(name, ())]
    return full_or_parts(fields, full, parts, in_turn(found, " ") if found else None)


def postal_code(fields: Parts) -> pl.Expr | None:
    """`postal`, else `postal_1`-`postal_2`."""
    return _hyphened(fields, "postal", ("postal_1", "postal_2"))


def date_of_birth(fields: Parts) -> pl.Expr | None:
    """`birth_date`, else year-month-day."""
    return _hyphened(fields, "birth_date", ("birth_year", "birth_month", "birth_day"))


def address(fields: Parts) -> pl.Expr | None:
    """Prefecture, city, town, rest and building in order, nothing said twice within a row.

    Without a separator, except where a number would grow (3-2-1 + 201): there, and before the building, one
    space. A 住所 beside 都道府県 and 市区町村 is the rest in most lists, the whole in some: decided by row.
    """
    body = _body(fields)
    for name, before in (("city", _with_city), ("pref", _with_prefecture)):
        if name in fields:
            head = fields[name][0]
            body = head if body is None else before(head, body, "address" in fields or "address_1" in fields)
    for building in fields.get("building", ()):
        body = building if body is None else _then(body, building, " ", at_end=True)
    return body


def _hyphened(fields: Parts, full: str, parts: Sequence[str]) -> pl.Expr | None:
    complete = all(part in fields for part in parts)
    joined = all_or_none([fields[part][0] for part in parts], "-") if complete else None
    if full in fields:
        whole = in_turn(fields[full], "-")
        return whole if joined is None else pl.coalesce(whole, joined)
    return joined


def _body(fields: Parts) -> pl.Expr | None:
    """What follows the municipality, or the whole address."""
    lines = [
        part for name in ("address_1", "address_2", "address_3", "address_4") for part in fields.get(name, ())
    ]
    whole = list(fields.get("address", ()))
    town = [part for name in ("town", "addr_rest") for part in fields.get(name, ())]
    if town and not whole and "address_1" not in fields:
        return _following(_run(town), lines)  # 番地, 住所2, 住所3
    if whole and "address_1" in fields:
        body: pl.Expr | None = pl.coalesce(_run(whole), _run(lines))
    else:
        body = _run([*whole, *lines]) if whole or lines else None
    if body is None:
        return _run(town) if town else None
    return _following(body, town)


def _following(body: pl.Expr, parts: Sequence[pl.Expr]) -> pl.Expr:
    for part in parts:
        body = _then(body, part, "", at_end=False)
    return body


def _run(parts: Sequence[pl.Expr]) -> pl.Expr:
    text = parts[0]
    for part in parts[1:]:
        text = _apart(text, part)
    return text


def _apart(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Joined without a separator, or with one space where two numbers would run together."""
    touch = left.str.contains(_DIGIT_END) & right.str.contains(_DIGIT_START)
    together = pl.when(touch).then(left + pl.lit(" ") + right).otherwise(left + right)
    return pl.coalesce(together, left, right)


def _then(body: pl.Expr, part: pl.Expr, between: str, at_end: bool) -> pl.Expr:
    """`part` after `body`, unless the body says it already."""
    said = body.str.ends_with(part) if at_end else body.str.contains(part, literal=True)
    longer = body + pl.lit(between) + part if between else _apart(body, part)
    return pl.coalesce(pl.when(said).then(body).otherwise(longer), body, part)


def _with_city(city: pl.Expr, body: pl.Expr, whole: bool) -> pl.Expr:
    said = body.str.starts_with(city)
    if whole:
        # 北区 + 大阪市北区梅田; 箱根町 + 足柄下郡箱根町湯本: the cell knows more than the column.
        said = (
            said
            | (city.str.contains(_CITY) & body.str.contains(city, literal=True))
            | body.str.contains(_FULL)
        )
    return pl.coalesce(pl.when(said).then(body).otherwise(city + body), body, city)


def _with_prefecture(prefecture: pl.Expr, body: pl.Expr, whole: bool) -> pl.Expr:
    said = body.str.starts_with(prefecture)
    if whole:
        said = said | body.str.contains(_FULL)
    return pl.coalesce(pl.when(said).then(body).otherwise(prefecture + body), body, prefecture)
