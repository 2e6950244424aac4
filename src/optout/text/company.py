"""A company's name as written → its core, its legal form and where the form stands.

Source: tables/legal_form.tsv (会社法 and its sister laws; bank-transfer abbreviations). 前株 and 後株 can be
two companies, so the place is kept; (合) may be 合同, 合名 or 合資, and its form says so.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import addressing, chars, letters

SCHEMA: Final = {"core": pl.String, "form": pl.String, "place": pl.String}
_ENDING: Final = r" *(?:御中|各位|様|宛|行)$"


def parse(written: pl.Series) -> pl.DataFrame:
    """Take company names apart.

    Args:
        written: String series; nulls allowed.

    Returns:
        Frame of String columns, same height and order: `core`, the glyph-folded name in capitals without
        legal form, blanks or middle dots, null when blank; `form`, the legal form in full, null when none is
        written; `place`, "before" or "after" the core, null without a form.

    Examples:
        >>> parse(pl.Series(["㈱山田商店", "山田商店　株式會社"])).rows()
        [('山田商店', '株式会社', 'before'), ('山田商店', '株式会社', 'after')]
    """
    text = pl.col("text")
    frame = written.cast(pl.String).to_frame("text").with_columns(text=_spelled(text))
    frame = frame.with_columns(
        before=text.str.extract(rf"^({_forms()})", 1), after=text.str.extract(_ending(), 1)
    )
    frame = frame.with_columns(
        inside=pl.when(pl.coalesce("before", "after").is_null()).then(text.str.extract(_bracketed(), 1))
    )
    core = text.str.strip_prefix(pl.col("before").fill_null("")).str.strip_suffix(
        pl.col("after").fill_null("")
    )
    core = pl.when(pl.col("inside").is_null()).then(core).otherwise(core.str.replace(_bracketed(), ""))
    frame = frame.with_columns(
        core=chars.blank_to_null(_core(core)), form=pl.coalesce("before", "after", "inside")
    )
    named = pl.col("core").is_not_null()
    place = pl.when(pl.col("before").is_not_null()).then(pl.lit("before")).otherwise(pl.lit("after"))
    return frame.select(
        core=pl.coalesce("core", chars.blank_to_null(_core(text))),
        form=pl.when(named).then(_canonical_form(pl.col("form"))),
        place=pl.when(named & pl.col("form").is_not_null()).then(place),
    )


def _spelled(text: pl.Expr) -> pl.Expr:
    """Glyphs, brackets, capitals; no honorific, no blank beside a bracket or kanji."""
    folded = addressing.brackets(chars.fold_glyphs(text)).str.to_uppercase().str.strip_chars(" ")
    dashes = chars.Replacement.of(dict.fromkeys((*chars.dashes(), "-"), "-"))
    return dashes(folded).str.replace(_ENDING, "").str.replace_all(r" *([()]) *", "${1}")


def _core(text: pl.Expr) -> pl.Expr:
    long = text.str.replace_all(rf"([{letters.KANA}])-", "${1}ー")
    return long.str.replace_all(r"[ ・·•,.'’&＆-]", "").str.replace_all(r"[()]", "")


def _canonical_form(form: pl.Expr) -> pl.Expr:
    return form.str.strip_chars(" ,").replace_strict(_canonical(), default=None, return_dtype=pl.String)


@cache
def _canonical() -> dict[str, str]:
    table = tables.load("legal_form")
    spelled = table.select(_spelled(pl.col("written"))).to_series()
    return dict(zip(spelled, table["canonical"], strict=True))


@cache
def _forms() -> str:
    """An alternation of the written forms but the Latin ones, the longest first."""
    return _alternation(pl.col("kind") != "latin")


@cache
def _ending() -> str:
    """A form at the end; Latin ones only behind a blank or comma."""
    return rf"({_forms()}|[ ,]+(?:{_latin_forms()}))$"


@cache
def _bracketed() -> str:
    """A form in brackets in the middle: 見本商事(株)大阪支店."""
    forms = [form for form in _forms().split("|") if form.startswith(r"\(")]
    return rf"({'|'.join(forms)})"


@cache
def _latin_forms() -> str:
    return _alternation(pl.col("kind") == "latin")


def _alternation(kind: pl.Expr) -> str:
    rows = tables.load("legal_form").filter(kind).select(_spelled(pl.col("written"))).to_series()
    words = sorted(rows.unique(), key=lambda word: (-len(word), word))
    return "|".join(map(re.escape, words))
