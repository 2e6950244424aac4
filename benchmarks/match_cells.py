"""Persons of the matching benchmark → the cells of a list or a request form, and what in them is still true.

Both sides go through the same `written`, each with a seed of its own. The noise of addresses, numbers, postal
codes, births and readings is that of `lists.spell`; names get widths, blanks, honorifics, and now and then an old
glyph or a variation selector. Noise never alters who is meant; the one change made here is that of FAX rows, and
it is recorded.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from lists import spell
from match_changes import legal
from match_glyphs import ALIKE, ALIKE_DIGITS, FORMS, PLAIN, encodable

HEADERS: Final = {
    "name": "氏名", "kana": "フリガナ", "postal": "郵便番号", "address": "住所", "phone": "電話番号",
    "mobile": "携帯電話", "email": "メールアドレス", "birth_date": "生年月日", "company": "会社名",
}  # fmt: skip
# Share of filled cells that a list leaves out, on top of the few that `spell` blanks.
BLANK: Final = {"kana": 0.2, "email": 0.4, "birth_date": 0.4, "mobile": 0.1}
# What some lists and some forms never ask for, and how many records come from such a one.
_PLACE, _LINES = ("postal", "address"), ("phone", "mobile")
PROFILES: Final[dict[str, tuple[int, tuple[str, ...]]]] = {
    "full": (64, ()),
    "letters": (14, (*_LINES, "email", "birth_date")),
    "calls": (12, (*_PLACE, "email", "birth_date")),
    "members": (6, (*_PLACE, "email")),
    "mails": (4, (*_PLACE, *_LINES)),
}
OLD_GLYPH: Final = 0.03  # of names that have one, either side
SELECTOR: Final = 0.003
_VOICED: Final = (
    "ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポがぎぐげござじずぜぞだぢづでどばびぶべぼぱぴぷぺぽ"
)
_PLACEHOLDER: Final = "1900/01/01"
_PRESENT: Final = ("name", "kana", "address", "phone", "mobile", "email", "birth_date", "company")
_FORMS_WRITTEN: Final = (0.45, 0.8, 0.95)
_FAX_FIELDS: Final = ("name", "address", "phone")


def written(persons: pl.DataFrame, rng_seed: int) -> pl.DataFrame:
    """The cells: one String column for each key of HEADERS, "" for a blank; same height and order."""
    spelled = spell(_spellable(persons), rng_seed)
    rng = np.random.RandomState(rng_seed + 50)
    cells = persons.select(
        name=_name(persons, rng),
        kana=spelled["kana"].fill_null(""),
        postal=spelled["postal"],
        address=spelled["address"],
        phone=spelled["phone"],
        mobile=spelled["mobile"],
        email=spelled["email"].fill_null(""),
        birth_date=spelled["birth_date"].fill_null(""),
        company=pl.lit(""),
    )
    cells = cells.with_columns(
        pl.when(pl.Series(rng.random_sample(persons.height) >= share))
        .then(pl.col(field))
        .otherwise(pl.lit(""))
        .alias(field)
        for field, share in BLANK.items()
    )
    cells = _with_company(_profiled(cells, rng), persons, rng)
    told = [
        pl.coalesce(persons[f"as_{field}"], cells[field]).alias(field)
        for field in ("name", "kana", "company")
    ]
    return cells.with_columns(told).select(*HEADERS)


def _profiled(cells: pl.DataFrame, rng: np.random.RandomState) -> pl.DataFrame:
    """Blank what the record's list never asked for."""
    weights = [share for share, _ in PROFILES.values()]
    drawn = _drawn(rng, cells.height, list(PROFILES), weights)
    for profile, (_, missing) in PROFILES.items():
        here = pl.lit(drawn == profile)
        cells = cells.with_columns(
            pl.when(here).then(pl.lit("")).otherwise(pl.col(field)).alias(field) for field in missing
        )
    return cells


def _spellable(persons: pl.DataFrame) -> pl.DataFrame:
    return persons.select(
        "name_family", "name_given", "kana_family", "kana_given", "postal", "pref", "city", "town", "chome",
        "ban", "go", "building", "room", "phone", "mobile", "email", "birth_date",
    )  # fmt: skip


def _name(persons: pl.DataFrame, rng: np.random.RandomState) -> pl.Series:
    """Surname and given name as they are written, with blanks, an honorific, now and then an old glyph."""
    n = persons.height
    old = {plain: forms[0] for plain, forms in FORMS.items()}
    aged = pl.Series(rng.random_sample(n) < OLD_GLYPH)
    parts = []
    for part in ("family", "given"):
        plain, told = pl.col(f"name_{part}"), pl.col(f"as_{part}")
        noisy = pl.when(aged).then(plain.str.replace_many(list(old), list(old.values()))).otherwise(plain)
        parts.append(pl.coalesce(told, noisy))
    selector = (
        pl.when(pl.Series(rng.random_sample(n) < SELECTOR)).then(pl.lit("\U000e0101")).otherwise(pl.lit(""))
    )
    gap = _drawn(rng, n, ("　", " ", ""), (55, 25, 20))
    title = _drawn(rng, n, ("", "様", "　様", "殿", " さま"), (95, 3, 1, 0.5, 0.5))
    whole = parts[0] + selector + pl.lit(gap) + parts[1] + pl.lit(title)
    return persons.select(whole.fill_null("").alias("name")).to_series()


def _drawn(rng: np.random.RandomState, n: int, texts: Sequence[str], weights: Sequence[float]) -> pl.Series:
    edges = np.cumsum(weights)
    return pl.Series(texts).gather(np.searchsorted(edges, rng.random_sample(n) * edges[-1], side="right"))


def _with_company(cells: pl.DataFrame, persons: pl.DataFrame, rng: np.random.RandomState) -> pl.DataFrame:
    """Companies stand in the name cell, three in ten in the company cell; whoever works there has both cells."""
    n = persons.height
    style = np.searchsorted(_FORMS_WRITTEN, rng.random_sample(n), side="right")
    alone, apart = persons["name_family"].is_null(), pl.Series(rng.random_sample(n) < 0.3)
    some = persons.select("company", "form", "front").with_columns(style=pl.Series(style)).with_row_index("i")
    some = some.drop_nulls("company")
    texts = [
        f"{legal(form, style)}{core}" if front else f"{core}{legal(form, style)}"
        for core, form, front, style in some.drop("i").iter_rows()
    ]
    named = some.select("i").with_columns(whole=pl.Series(texts, dtype=pl.String))
    cells = cells.with_row_index("i").join(named, on="i", how="left", maintain_order="left")
    in_name = alone & ~apart
    return cells.with_columns(
        name=pl.when(in_name).then(pl.col("whole")).otherwise(pl.col("name")).fill_null(""),
        company=pl.when(~in_name).then(pl.col("whole")).fill_null(""),
    ).drop("i", "whole")


def faxed(cells: pl.DataFrame, lines: list[int], rng_seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Characters of some lines taken for others: one to three of them, in one or two of name, address, phone.

    Args:
        cells: As from `written`.
        lines: Which lines.
        rng_seed: Of what is confused.

    Returns:
        The cells, and of every line in `lines` which of `name` `address` `phone` `mobile` differ (Boolean, with
        `line` UInt32).
    """
    rng = random.Random(rng_seed)
    before = cells[lines].to_dicts()
    after = [_confused(dict(row), rng) for row in before]
    differ = [
        {"line": line} | {field: old[field] != new[field] for field in (*_FAX_FIELDS, "mobile")}
        for line, old, new in zip(lines, before, after, strict=True)
    ]
    schema = {"line": pl.UInt32, **dict.fromkeys((*_FAX_FIELDS, "mobile"), pl.Boolean)}
    changed = pl.DataFrame(after, schema=cells.schema)
    where = pl.Series(lines, dtype=pl.UInt32)
    cells = cells.with_columns(cells[field].scatter(where, changed[field]) for field in cells.columns)
    return cells, pl.DataFrame(differ, schema=schema)


def _confused(row: dict[str, str], rng: random.Random) -> dict[str, str]:
    fields = rng.sample(_FAX_FIELDS, 2 if rng.random() < 0.3 else 1)
    for field in fields:
        cell = "mobile" if field == "phone" and row["mobile"] else field
        row[cell] = _misread(row[cell], 1 if rng.random() < 0.7 else 2, digits=field == "phone", rng=rng)
    return row


def _misread(text: str, times: int, *, digits: bool, rng: random.Random) -> str:
    known = ALIKE_DIGITS if digits else ALIKE | ALIKE_DIGITS
    places = [at for at, char in enumerate(text) if char in known]
    chars = list(text)
    for at in rng.sample(places, min(times, len(places))):
        chars[at] = rng.choice(known[chars[at]])
    return "".join(chars)


def truth(
    rows: pl.DataFrame,
    row_cells: pl.DataFrame,
    entries: pl.DataFrame,
    entry_cells: pl.DataFrame,
    fax: pl.DataFrame,
) -> pl.DataFrame:
    """What is equal in truth between every row and the entry it is, told from the persons and never from the cells.

    A field counts when both sides have written something in it, it is the same in the persons, and no FAX spoilt it.

    Returns:
        One line a row: `row` UInt32, `kind` String, `entry` UInt32, `name` `address` `phone` `email` `birth_date`
        Boolean (equal in truth; false where there is no entry), `eligible` Boolean.
    """
    known = rows["entry"].is_not_null()
    a = _told(rows, row_cells).filter(known)
    b = _told(entries, entry_cells)[rows["entry"].drop_nulls()]
    pairs = pl.concat([a.rename(lambda c: f"a_{c}"), b.rename(lambda c: f"b_{c}")], how="horizontal")
    spoilt = rows.select(line=pl.int_range(pl.len(), dtype=pl.UInt32)).filter(known)
    spoilt = spoilt.join(fax, on="line", how="left", maintain_order="left").with_columns(
        pl.exclude("line").fill_null(False)
    )
    pairs = pl.concat([pairs, spoilt.rename(lambda c: f"spoilt_{c}")], how="horizontal")
    equal = pairs.select(
        row="spoilt_line",
        name=_same("who") & ~pl.col("spoilt_name"),
        address=_same("place") & ~pl.col("spoilt_address"),
        phone=_any_line(),
        email=_same("email"),
        birth_date=_same("birth_date"),
    )
    return _with_eligible(rows, equal)


def _with_eligible(rows: pl.DataFrame, equal: pl.DataFrame) -> pl.DataFrame:
    fields = ("name", "address", "phone", "email", "birth_date")
    everyone = rows.select("kind", "entry").with_row_index("row").cast({"row": pl.UInt32})
    told = everyone.join(equal, on="row", how="left", maintain_order="left")
    told = told.with_columns(pl.col(fields).fill_null(False))
    beside = pl.any_horizontal("address", "phone", "email", "birth_date")
    return told.with_columns(eligible=(pl.col("name") & beside) | (pl.col("address") & pl.col("phone")))


def _told(persons: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Who, where, and the numbers of every line; null where its cells say nothing."""
    filled = {field: cells[field].is_in(["", _PLACEHOLDER]).not_() for field in _PRESENT}
    named = filled["name"] | filled["kana"] | filled["company"]
    # A company is who it is; a person who works in one is not.
    who = pl.coalesce(
        pl.concat_str("name_family", "name_given", separator="\0"), pl.concat_str("company", "form")
    )
    place = pl.concat_str(
        *(
            pl.col(part).cast(pl.String).fill_null("")
            for part in ("pref", "city", "town", "chome", "ban", "go")
        ),
        separator="\0",
    )
    return persons.select(
        who=pl.when(named).then(who),
        place=pl.when(filled["address"]).then(place),
        phone=pl.when(filled["phone"]).then("phone"),
        mobile=pl.when(filled["mobile"]).then("mobile"),
        email=pl.when(filled["email"]).then("email"),
        birth_date=pl.when(filled["birth_date"]).then("birth_date"),
    )


def _same(field: str) -> pl.Expr:
    return (pl.col(f"a_{field}") == pl.col(f"b_{field}")).fill_null(False)


def _any_line() -> pl.Expr:
    """A number of the row that no FAX spoilt is one of the entry's."""
    return pl.any_horizontal(
        ((pl.col(f"a_{line}") == pl.col(f"b_{line}")).fill_null(False) & ~pl.col(f"spoilt_{line}"))
        for line in ("phone", "mobile")
    )


def holding(cells: pl.DataFrame, encoding: str) -> pl.DataFrame:
    """The cells as an encoding can hold them: plain glyphs, composed kana, a plain hyphen; selectors go."""
    odd = {char: plain for char, plain in PLAIN.items() if not encodable(char, encoding)} | {"\U000e0101": ""}
    odd |= {unicodedata.normalize("NFD", kana): kana for kana in _VOICED}
    odd |= {dash: "-" for dash in "−–—‒" if not encodable(dash, encoding)}
    return cells.with_columns(pl.all().str.replace_many(list(odd), list(odd.values())))
