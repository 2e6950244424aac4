"""A column of cells → how many look like a field, and which field it might be. Cells are counted, never shown.

Source: the patterns of cells.py and the readers of `optout.text`. A guess is for a person to confirm; nothing is
screened by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

from optout.batch import cells, headers
from optout.text import birth, chars, company, email, flag, phone, postal

_MOST: Final = 0.6  # share of the filled cells that makes a guess
_SURE: Final = 0.8
_SOME: Final = 0.3
_BORN_BEFORE: Final = 2015  # a column of later dates tells of orders, not of births
_NAMES: Final = ("name", "name_family", "name_given", "name_former", "joint_names", "party")
_KANAS: Final = ("kana", "kana_family", "kana_given")
_KANA: Final = r"^[ァ-ヺーぁ-ゖ゛゜・ A-Za-z.'-]+$"
_ONLY_KANA: Final = r"^[ァ-ヺー ]{2,30}$"
_NAME: Final = r"^[^0-9@:/]{1,60}$"
_SHORT_NAME: Final = r"^[\p{Han}々ヶノ]{1,4} ?[\p{Han}々\p{Hiragana}\p{Katakana}ー]{1,5}$"
_PHONE_PART: Final = r"^[0-9]{1,5}$"


def alike(values: pl.Series, field: str) -> int | None:
    """How many cells look like what they were taken for.

    Args:
        values: A column, any dtype.
        field: A field of header_field.tsv.

    Returns:
        Count of cells; None where a cell of the field can be anything (company, building, note …).

    Examples:
        >>> alike(pl.Series(["０３-1234-5678", "なし", None]), "phone"), alike(pl.Series(["茶"]), "note")
        (1, None)
    """
    look = _look(field)
    if look is None:
        return None
    filled = cells.text(values).drop_nulls()
    return int(look(filled).fill_null(False).sum()) if len(filled) else 0


def _look(field: str) -> Callable[[pl.Series], pl.Series] | None:
    """What tells a cell of a field, as a function of filled cells to Booleans."""
    if field in _PARTS:
        return lambda filled: _matches(filled, _PARTS[field])
    if headers.slots().get(field) == "phone":
        return lambda filled: phone.parse(filled)["numbers"].list.len() > 0
    return _LOOKS.get(field)


def _matches(filled: pl.Series, pattern: str) -> pl.Series:
    folded = filled.to_frame("cell").select(chars.fold_width(pl.col("cell")))
    return folded.to_series().str.replace(r"\.0$", "").str.contains(pattern)


def _located(filled: pl.Series) -> pl.Series:
    found = cells.looks(filled, ["address", "local", "prefecture", "city"])
    return found.select(pl.any_horizontal(pl.all())).to_series()


_PARTS: Final = {
    **dict.fromkeys(("phone_n1", "phone_n2", "phone_n3"), _PHONE_PART),
    **dict.fromkeys(_NAMES, _NAME),
    **dict.fromkeys(_KANAS, _KANA),
    "postal_1": r"^[0-9]{2,3}$",
    "postal_2": r"^[0-9]{1,4}$",
    "birth_year": r"^[0-9]{1,4}年?$",
    "birth_month": r"^[0-9]{1,2}月?$",
    "birth_day": r"^[0-9]{1,2}日?$",
    "corporate_number": r"^[0-9-]{13,16}$",
    "pref": cells.PATTERNS["prefecture"],
}
_LOOKS: Final[dict[str, Callable[[pl.Series], pl.Series]]] = {
    "email": lambda filled: email.parse(filled)["addresses"].list.len() > 0,
    "postal": lambda filled: postal.parse(filled).is_not_null(),
    "birth_date": lambda filled: birth.parse(filled).is_not_null(),
    "address": _located,
    "address_1": _located,
    "city": lambda filled: cells.looks(filled, ["city"])["city"],
}


def guess(values: pl.Series) -> str | None:
    """The field a column looks like.

    Args:
        values: A column, any dtype; the first 10,000 rows are looked at.

    Returns:
        `email`, `phone`, `postal`, `address`, `pref`, `city`, `birth_date`, `kana`, `company` or `name`; None when it
        looks like none of them.
    """
    filled = cells.text(values.head(cells.LOOKED_AT)).drop_nulls()
    if filled.is_empty():
        return None
    kinds = ("email", "phone", "postal", "address", "prefecture", "city", "local", "date")
    found = cells.shares(filled, kinds)
    kind = next((kind for kind in kinds if found[kind] >= _MOST), None)
    if kind == "date":
        years = birth.parse(filled).dt.year().drop_nulls()
        return "birth_date" if len(years) and (years < _BORN_BEFORE).mean() == 1 else None
    return _FIELD_OF.get(kind, kind) if kind else _guess_name(filled)


_FIELD_OF: Final = {"prefecture": "pref", "local": "address"}


def _guess_name(filled: pl.Series) -> str | None:
    several = filled.n_unique() >= _SOME * len(filled)
    if several and _matches(filled, _ONLY_KANA).mean() >= _SURE:  # type: ignore[operator]
        return "kana"
    firms = filled.str.contains_any(list(company.hints()), ascii_case_insensitive=True)
    if firms.mean() >= _SOME:  # type: ignore[operator]
        return "company"
    names = _matches(filled, _SHORT_NAME) & ~_matches(filled, cells.PATTERNS["gender"])
    names &= filled.str.len_chars() > 1
    return "name" if several and names.mean() >= _SURE else None  # type: ignore[operator]


def suggestion(frame: pl.DataFrame) -> list[str]:
    """What `--columns` could say of a list nothing is known of: `name=0`, `phone=4` …, at most one name.

    Args:
        frame: The first rows, columns in their places.
    """
    pairs: list[str] = []
    taken: set[str] = set()
    for place, column in enumerate(frame.get_columns()):
        field = guess(column) or _refusals(column)
        if field is None or (field in taken and field not in _MANY):
            continue
        taken.add(field)
        pairs.append(f"{field}={place}")
    return pairs


_MANY: Final[Sequence[str]] = ("phone", "email", "note")


def _refusals(values: pl.Series) -> str | None:
    """`note` for a column in which anybody refuses (DM不要): it must be read."""
    filled = cells.text(values.head(cells.LOOKED_AT)).to_frame("cell")
    return "note" if filled.select(flag.spoken(pl.col("cell")).any()).item() else None
