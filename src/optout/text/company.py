"""A company's name as written → its core, its legal form and where the form stands.

Source: tables/legal_form.tsv (会社法 and its sister laws; bank-transfer abbreviations). 前株 and 後株 can be
two companies, so the place is kept; (合) may be 合同, 合名 or 合資, and its form says so. A form written out
is taken out wherever it stands (丸紅株式会社北海道支社), for lists drop the blanks around it; an abbreviation
only at the ends or in brackets; what is part of the name (生活協同組合) only at the ends.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import addressing, chars, letters, spreadsheet

SCHEMA: Final = {"core": pl.String, "form": pl.String, "place": pl.String}
# 行 without a blank before it is the end of a bank's name.
_ENDING: Final = r" *(?:御中|各位|様|宛)$| +行$"
_LARGE: Final = dict(zip("ァィゥェォッャュョヮ", "アイウエオツヤユヨワ", strict=True))
# A search for a few words is far cheaper than the patterns, and most names hold none of them.
_HINTS: Final = ("会社", "會社", "法人", "組合", "金庫", "連合会", "LLP")
_KANA_HINTS: Final = ("カイシ", "ガイシ", "ホウジン", "クミアイ", "キンコ", "レンゴウカイ")
_NARROW_HINTS: Final = ("ｶｲｼ", "ｶﾞｲｼ", "ﾎｳｼﾞﾝ", "ｸﾐｱｲ", "ｷﾝｺ", "ﾚﾝｺﾞｳｶｲ")
_LATIN_HINTS: Final = ("co.", "inc.", " inc", "ltd", "k.k.", "corp", "limited", " llc", "company")


def parse(written: pl.Series) -> pl.DataFrame:
    """Take company names apart.

    Args:
        written: String series; nulls allowed.

    Returns:
        Frame of String columns, same height and order: `core`, the glyph-folded name in capitals without
        legal form, blanks or middle dots, null when blank; `form`, the legal form in full, null when none is
        written; `place`, "before", "after" or "inside" the core, null without a form.

    Examples:
        >>> parse(pl.Series(["㈱山田商店", "山田商店　株式會社"])).rows()
        [('山田商店', '株式会社', 'before'), ('山田商店', '株式会社', 'after')]
    """
    return of_spelled(spelled(written))


def spelled(written: pl.Series) -> pl.Series:
    """Company names in their usual letters, brackets and capitals, without honorifics; nulls allowed."""
    return written.cast(pl.String).to_frame("text").select_seq(_spelled(pl.col("text"))).to_series()


def parse_kana(written: pl.Series) -> pl.DataFrame:
    """Take the kana of company names apart, their legal forms in kana too.

    Args:
        written: String series of kana, any width, hiragana or katakana; nulls allowed.

    Returns:
        As `parse`; `core` in katakana, all kana large, as business directories print them.

    Examples:
        >>> parse_kana(pl.Series(["かぶしきがいしゃ みほん", "ﾐﾎﾝ ｶﾌﾞｼｷｶﾞｲｼﾔ"])).rows()
        [('ミホン', '株式会社', 'before'), ('ミホン', '株式会社', 'after')]
    """
    text = pl.col("text")
    frame = written.cast(pl.String).to_frame("text").with_columns(text=chars.fold_width(text))
    frame = frame.with_columns(text=_large()(text))
    return of_spelled(frame.select(_spelled(text))["text"])


def written_in_kana(written: pl.Series) -> pl.Series:
    """Boolean: the name holds kana and no kanji, so it may be a reading. Null counts as false."""
    # A kanji is one in any width, and most names have one.
    asked = ~written.cast(pl.String).str.contains(f"[{letters.HAN}]").fill_null(value=True)
    text = chars.fold_width(pl.col("text"))
    kana = text.str.contains(f"[{letters.KANA}]") & ~text.str.contains(f"[{letters.HAN}]")
    some = written.filter(asked).cast(pl.String).to_frame("text").select(kana).to_series()
    return asked.scatter(asked.arg_true(), some)


def staff(spelled: pl.Series) -> pl.Series:
    """Whoever is named behind a company in one cell (株式会社見本 佐藤花子).

    Args:
        spelled: What `spelled` makes of the cells; nulls allowed.

    Returns:
        String series `staff`, same height and order; null where nothing behind the company looks like a person:
        offices, trades and single words of two letters do not.

    Examples:
        >>> staff(spelled(pl.Series(["㈱見本 佐藤花子様", "見本商事株式会社 大阪支店"]))).to_list()
        ['佐藤花子', None]
    """
    found = pl.Series("staff", [None], dtype=pl.String).new_from_index(0, len(spelled))
    parted = spelled.str.contains(" ", literal=True).arg_true()
    if parted.is_empty():
        return found
    text, rest = pl.col("text"), pl.col("rest")
    frame = spelled.gather(parted).to_frame("text").select(text.str.replace_all(" +", " "))
    behind = [rf"^(?:{_forms()}) *[^ ]+ (.+)$", rf"^[^ ]*[^ ](?:{_forms()}) (.+)$"]
    frame = frame.select(rest=pl.coalesce(text.str.extract(pattern, 1) for pattern in behind))
    person = rest.str.contains(
        rf"[{letters.HAN}]{{3,}}$|[{letters.HAN}{letters.KANA}ー]+ [{letters.HAN}{letters.KANA}ー]+$"
    )
    place = rest.str.contains(rf"(?:{trades()})$|{addressing.no_person()}")
    named = frame.select(pl.when(person & ~place).then("rest")).to_series()
    return found.scatter(parted, named)


@cache
def trades() -> str:
    """A pattern for what a business calls itself at the end of its name (電機, 商店, 歯科), the longest first."""
    return _alternation(tables.load("company_trade")["written"].to_list())


@cache
def inseparable() -> tuple[str, ...]:
    """Legal forms that are part of the name: whoever writes 見本 does not mean 見本生活協同組合."""
    return tuple(tables.load("legal_form").filter(kind="part")["canonical"].unique().sort())


@cache
def hints() -> tuple[str, ...]:
    """Whatever a name with a legal form holds one of, in any width and case; `parse` decides."""
    signs = [sign for sign in _short() if len(sign) == 1]
    inner = {"".join(char for char in form if char not in "()") for form in _short() if len(form) > 1}
    halves = [half for word in sorted(inner) for half in (f"({word}", f"（{word}", f"{word})", f"{word}）")]
    return (*_HINTS, *signs, *halves, *_LATIN_HINTS, *kana_hints())


@cache
def kana_hints() -> tuple[str, ...]:
    """The same for kana in any script; `parse_kana` decides."""
    words = [*_KANA_HINTS, *map(_hiragana, _KANA_HINTS), *_NARROW_HINTS]
    return (
        *words,
        *(mark for kana in "カｶユﾕ" for mark in (f"({kana}", f"（{kana}", f"{kana})", f"{kana}）")),
        "ブ)",
        "ブ）",
    )


def _short() -> list[str]:
    return tables.load("legal_form").filter(pl.col("kind").is_in(["short", "unclear"]))["written"].to_list()


def of_spelled(spelled: pl.Series) -> pl.DataFrame:
    """`parse` of cells that `spelled` has read."""
    if spelled.is_empty():  # making the patterns ready is not free
        return pl.DataFrame(schema=SCHEMA)
    text = pl.col("text")
    frame = spelled.to_frame("text").with_columns(
        before=text.str.extract(f"^({_forms()})", 1), after=text.str.extract(_ending(), 1)
    )
    ends = text.str.strip_prefix(pl.col("before").fill_null("")).str.strip_suffix(
        pl.col("after").fill_null("")
    )
    frame = _with_inside(frame.with_columns(core=ends))
    frame = frame.with_columns(
        core=chars.blank_to_null(_core(pl.col("core"))), form=pl.coalesce("before", "after", "inside")
    )
    named = pl.col("core").is_not_null()
    place = pl.coalesce(
        pl.when(pl.col(at).is_not_null()).then(pl.lit(at)) for at in ("before", "after", "inside")
    )
    return frame.select(
        core=pl.coalesce("core", chars.blank_to_null(_core(text))),
        form=pl.when(named).then(_canonical_form(pl.col("form"))),
        place=pl.when(named).then(place),
    )


def _with_inside(frame: pl.DataFrame) -> pl.DataFrame:
    """`inside`: the form in the middle of a name that has none at its ends; `core` without it."""
    frame = frame.with_columns(inside=pl.lit(None, pl.String))
    asked = frame["before"].is_null() & frame["after"].is_null()
    if not asked.any():
        return frame
    some = frame.filter(asked).with_columns(
        inside=pl.col("text").str.extract(_inside(), 1), core=pl.col("core").str.replace(_inside(), " ")
    )
    return chars.overlaid(frame, asked, some)


@cache
def _large() -> chars.Replacement:
    """Katakana, and the small ones large."""
    every = {hira: _enlarged(kata) for hira, kata in letters.katakana().items()}
    return chars.Replacement.of(_LARGE | every)


def _enlarged(katakana: str) -> str:
    return "".join(_LARGE.get(char, char) for char in katakana)


@cache
def _to_hiragana() -> dict[str, str]:
    return {kata: hira for hira, kata in letters.katakana().items() if len(hira) == 1}


def _hiragana(katakana: str) -> str:
    back = _to_hiragana()
    return "".join(back.get(char, char) for char in katakana)


def _spelled(text: pl.Expr) -> pl.Expr:
    """Glyphs, brackets, capitals, long vowels; no honorific, no blank beside a bracket."""
    known = spreadsheet.without_errors(text)
    folded = addressing.brackets(chars.fold_glyphs(known)).str.to_uppercase().str.strip_chars(" ")
    dashes = chars.Replacement.of(dict.fromkeys((*chars.dashes(), "-"), "-"))
    long = dashes(folded).str.replace_all(rf"([{letters.KANA}])-", "${1}ー")
    return long.str.replace(_ENDING, "").str.replace_all(r" *([()]) *", "${1}")


def _core(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"[ ・·•,.'’&＆()-]", "")


def _canonical_form(form: pl.Expr) -> pl.Expr:
    bare = form.str.strip_chars(" ,")
    return bare.replace_strict(_canonical(), default=None, return_dtype=pl.String)


@cache
def _canonical() -> dict[str, str]:
    rows = tables.load("legal_form")
    return {
        spelled: canonical
        for written, canonical in zip(_spellings(rows["written"]), rows["canonical"], strict=True)
        for spelled in written
    }


def _spellings(written: pl.Series) -> list[list[str]]:
    """Each form as `_spelled` leaves it, in every kind of kana, its bracket closed and not: 見本(カ."""
    spelled = written.to_frame("text").select(_spelled(pl.col("text"))).to_series()
    both = [list(dict.fromkeys((form, _enlarged(form), _hiragana(form)))) for form in spelled]
    return [[*forms, *(form[:-1] for form in forms if _bracketed(form))] for forms in both]


def _bracketed(form: str) -> bool:
    return form.startswith("(") and form.endswith(")")


def _of_kind(*kinds: str) -> list[str]:
    rows = tables.load("legal_form").filter(pl.col("kind").is_in(kinds))
    return [form for forms in _spellings(rows["written"]) for form in forms]


def _alternation(forms: list[str]) -> str:
    """The longest first."""
    return "|".join(re.escape(form) for form in sorted(set(forms), key=lambda form: (-len(form), form)))


@cache
def _forms() -> str:
    """An alternation of the forms that may stand at the start: all but Latin and half a bracket."""
    every = _of_kind("word", "short", "part", "unclear")
    return _alternation([form for form in every if not form.startswith("(") or _bracketed(form)])


@cache
def _ending() -> str:
    """A form at the end; Latin ones only behind a blank or comma."""
    every = _alternation(_of_kind("word", "short", "part", "unclear"))
    return rf"({every}|[ ,]+(?:{_alternation(_of_kind('latin'))}))$"


@cache
def _inside() -> str:
    """A form in the middle: in brackets (見本商事(株)大阪支店), written out, or Latin between blanks."""
    bracketed = [form for form in _of_kind("short", "unclear") if _bracketed(form)]
    latin = rf"[ ,]+(?:{_alternation(_of_kind('latin'))})[ ,]"
    return f"({_alternation(bracketed + _of_kind('word'))}|{latin})"
