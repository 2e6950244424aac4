"""What is written around a person's name: honorifics, titles, c/o, remarks, brackets → the name alone.

Sources: tables/name_honorific.tsv, name_title.tsv, name_department.tsv, name_note.tsv; remarks that refuse or
tell a death are tables/own_flag.tsv. Every stage takes and returns one String column, elementwise. Nothing is
taken from the front except titles (君島 and 様 are surnames), and never so much that fewer than two letters
stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Final, TypeAlias

import polars as pl

from optout import tables
from optout.text import chars, flag, letters, surname

_BRACKETS: Final = chars.Replacement.of(
    dict.fromkeys("[{【〔〈《『「<“〖〘", "(") | dict.fromkeys("]}】〕〉》』」>”〗〙", ")")
)
Change: TypeAlias = Callable[[pl.Expr], pl.Expr]

_HAN: Final = letters.HAN
_TWO: Final = "[^ ] *[^ ]"  # a name keeps at least two letters
_POLITE: Final = ("様", "さま", "サマ", "殿")
_HOST: Final = f"(?:{'|'.join(_POLITE)})"
_FORMER: Final = r"旧姓?[:: はハ]+|旧姓"


def _any(words: Iterable[str]) -> str:
    """An alternation of literal words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


@cache
def words(table: str, place: str | None = None) -> tuple[str, ...]:
    """The `written` column of a table, of one place when asked; each also as the glyph fold spells it."""
    rows = tables.load(table)
    rows = rows if place is None else rows.filter(place=place)
    both = rows.select(pl.concat([pl.col("written"), chars.fold_glyphs(pl.col("written"))]))
    return tuple(both.to_series().unique(maintain_order=True))


def _where(hints: tuple[str, ...], text: pl.Expr, change: Change) -> pl.Expr:
    """What `change` makes of the cells that hold one of the hints (in any case); without one it changes nothing.

    A pattern is dear to make ready and dear to try, and a search for words is neither.
    """
    return text.map_batches(partial(_changed, hints, change), return_dtype=pl.String)


def _changed(hints: tuple[str, ...], change: Change, text: pl.Series) -> pl.Series:
    hinted = text.str.contains_any(list(hints), ascii_case_insensitive=True).arg_true()
    if not len(hinted):
        return text
    some = text.gather(hinted).alias("text").to_frame().select_seq(change(pl.col("text"))).to_series()
    return some if len(hinted) == len(text) else text.scatter(hinted, some)


def brackets(text: pl.Expr) -> pl.Expr:
    """Every kind of bracket → ( )."""
    return _BRACKETS(text)


def former(text: pl.Expr) -> pl.Expr:
    """The former surname (旧姓) named in brackets or at the end; null when none is."""
    text = pl.when(text.str.contains("旧", literal=True)).then(text)
    inside = text.str.extract(rf"\((?:[^()]*?)(?:{_FORMER})([^() ]{{1,8}})", 1)
    after = text.str.extract(rf" (?:旧姓)[:: は]*([{_HAN}]{{1,5}})$", 1)
    return pl.coalesce(inside, after)


def bracketed_people(text: pl.Expr) -> pl.Expr:
    """佐藤 一郎(花子), 佐藤 一郎(妻 花子) → 佐藤 一郎・花子, where what the brackets hold ends as given names do."""
    kin = "妻|夫|母|父|子|長男|長女|次男|次女|配偶者|同居"
    two = rf"^([^()]*{_TWO}[^()]*)\((?:(?:{kin})[ :・]*)?([{_HAN}]{{1,2}}[子郎美代香恵江枝奈乃])\)$"
    return _where(("(",), text, lambda held: held.str.replace(two, "${1}・${2}"))


def without_remarks(text: pl.Expr) -> pl.Expr:
    """Drop what follows ※, refusals and deaths (tables/own_flag.tsv), remarks of tables/name_note.tsv."""
    plain = _where(("※", "故", "亡"), text, _without_signs)
    told = _where(
        words("name_note"), flag.without_spoken(plain), lambda held: held.str.replace(_remarks(), "")
    )
    return told.str.strip_chars(_marks())


def _without_signs(text: pl.Expr) -> pl.Expr:
    bare = text.str.replace(r"[ (]*※.*$", "")
    return bare.str.replace(r"^\(?故(?:人|\)|[ :]|・)+", "").str.replace("^亡[ ・]", "")


@cache
def _remarks() -> str:
    return rf"[ /:・]*(?:{_any(words('name_note'))})(?:済み?|先不明|のため|有り?|あり)?[)]?$"


@cache
def _marks() -> str:
    """The signs a list puts beside a name: ★, ♪ …"""
    return " /:・" + "".join(tables.load("name_symbol").filter(kind="mark")["written"])


def without_numbers(text: pl.Expr) -> pl.Expr:
    """Drop a running number at either end."""
    return text.str.replace(r"^[0-9]+[ :)-]*", "").str.replace(r"[ #-]*[0-9]+$", "")


def without_brackets(text: pl.Expr) -> pl.Expr:
    """Drop bracketed remarks; a bracket never closed runs to the end; a name wholly in brackets stays."""
    return _where(("(", ")", "旧姓"), text, _unbracketed).str.strip_chars(" ")


def _unbracketed(text: pl.Expr) -> pl.Expr:
    bare = (
        text.str.replace_all(r"\([^()]*\)", " ")
        .str.replace(r"([^ ])\([^()]*$", "${1}")
        .str.replace(r"^[^() ]{1,3}\)", "")
        .str.replace(rf" 旧姓[:: は]*[{_HAN}]{{1,5}}$", "")
        .str.replace_all("[()]", " ")
        .str.strip_chars(" ")
    )
    return pl.when(bare.str.len_bytes() > 0).then(bare).otherwise(text.str.replace_all("[()]", ""))


@cache
def _honorifics() -> tuple[str, ...]:
    """The patterns that take honorifics off the end; what is kept is group 1."""
    end, kana = _any(words("name_honorific", "end")), _any(words("name_honorific", "kana"))
    kanji = _any(words("name_honorific", "kanji"))
    many = "(?:[0-9]+|[一二三四五六七八九十数]+) *(?:名|人)"
    return (
        rf"^(.*?{_TWO}.*?) *(?:他|外|ほか|以下) *{many}(?: *様)?$",
        rf"^(.*?{_TWO}.*?)(?: *(?:{end}))+$",
        rf"^({_any(surname.surnames(1))})(?: *(?:{end}))+$",
        rf"^(.*(?:{_TWO}(?: +|[{_HAN}])|[{_HAN}]{{2}}|[{letters.KANA}ー]{{2}}))(?:{kana}) *$",
        rf"^(.*?{_TWO}.*?[{_HAN}]|[{_HAN}]{{2,}}) *(?:{kanji})$",
        rf"^([{_HAN}]{{2,3}})(?:{_any(words('name_honorific', 'house'))})$",
    )


def without_honorifics(text: pl.Expr) -> pl.Expr:
    """Drop honorifics, 他2名, ご一同様 … from the end."""
    return _where((*words("name_honorific"), "名", "人"), text, _less_polite).str.strip_chars(" ")


def _less_polite(text: pl.Expr) -> pl.Expr:
    for pattern in _honorifics():
        text = text.str.replace(pattern, "${1}")
    front = _any([word.capitalize() for word in words("name_honorific", "front")])
    return text.str.replace(rf"^(?i:{front})(?:\. *| +)", "")


def without_last_word(text: pl.Expr) -> pl.Expr:
    """Drop what may also be a given name, once nothing but the name is left.

    行, 方, 外, 博士 go as a third word (柳 行 stays); 君 goes where it cannot end the given name (陳 美君 stays).
    """
    last = (*words("name_honorific", "apart"), *words("name_honorific", "long"))
    return _where(last, text, _less_last).str.strip_chars(" ")


def _less_last(text: pl.Expr) -> pl.Expr:
    apart, long = _any(words("name_honorific", "apart")), _any(words("name_honorific", "long"))
    third = text.str.replace(rf"^([^ ]+ [^ ]+) (?:{apart})$", "${1}")
    apart_given = third.str.replace(rf"^([^ ]+[ ・][^ ・]{{2,}}) *(?:{long})$", "${1}")
    return apart_given.str.replace(rf"^([^ ・]{{4,}}|[^ ]+ [^ ]+ ) *(?:{long})$", "${1}")


@cache
def _titles() -> tuple[str, ...]:
    joined, every = _any(words("name_title", "joined")), _any(words("name_title"))
    department = _any(words("name_department"))
    return (
        rf"^(?:.*[^ ] ?)?(?:{every})[ :・/]+({_TWO}.*)$",
        rf"^(?:{joined})+({_TWO}.*)$",
        rf"^(.*?{_TWO}.*?) +[^ ]*(?:{department})(?:{every})+$",
        rf"^([^ ]+ [^ ]+) +[^ ]*(?:{every})$",
        rf"^(.*?{_TWO}.*?) *(?:{joined})+$",
        rf"^(.*?{_TWO}.*?) +(?:{every})+$",
    )


def without_titles(text: pl.Expr) -> pl.Expr:
    """Drop titles at either end, with the company or department written before them."""
    return _where(words("name_title"), text, _untitled).str.strip_chars(" ")


def _untitled(text: pl.Expr) -> pl.Expr:
    for pattern in _titles():
        text = text.str.replace(pattern, "${1}")
    return text


@cache
def unit_words(kind: str) -> tuple[str, ...]:
    """What departments and offices are named by: `topic` (総務), `unit` (部) or `site` (支店)."""
    return tuple(tables.load("name_unit").filter(kind=kind)["written"])


@cache
def units() -> str:
    """A pattern for the words that name a department or an office: 総務部人事課, 大阪支店."""
    topic, unit, site = (_any(unit_words(kind)) for kind in ("topic", "unit", "site"))
    return rf"(?:[^ ]*(?:{topic})[^ ]{{0,4}}(?:{unit})|[^ ]+(?:{site}))"


def no_person() -> str:
    """A pattern for the end of what is no person's name: 税務課, 大阪支店, 窓口."""
    return rf"(?:{units()}|[部課室局係科店所院館校園社場会団堂屋寮棟階口])$"


def without_units(text: pl.Expr) -> pl.Expr:
    """Drop a department or office beside a name, with what stands before it (見本商事 営業部 佐藤花子).

    An office with a department and nobody named (見本区役所 総務部) stays whole.
    """
    return _where((*unit_words("unit"), *unit_words("site")), text, _without_unit)


def _without_unit(text: pl.Expr) -> pl.Expr:
    topic, unit = (_any(unit_words(kind)) for kind in ("topic", "unit"))
    named = text.str.replace(rf"^(?:[^ ]+ )*{units()} ({_TWO}.*)$", "${1}").str.replace(
        rf"^(?:{topic})(?:{unit})([{_HAN}--長][^ ]{{2,}}.*)$", "${1}"
    )
    behind = text.str.replace(rf"^([^ ]+ [^ ]{{1,4}}) {units()}$", "${1}")
    person = pl.when(text.str.contains(no_person())).then(behind).otherwise(named)
    return pl.when(person.str.contains(no_person())).then(text).otherwise(person)


# What each of the patterns below needs.
_HOSTED: Final = ("方", "気付", "c/o")
# (pattern, what stays), in order: 渡辺様方 鈴木一 | 渡辺 方 鈴木一 | 渡辺方 鈴木一 | 鈴木 一 渡辺様方 |
# 渡辺様方 | 見本商事気付 山田一 | 山田一 気付 | 山田一 c/o 鈴木
_CARE_OF: Final = (
    (rf"^.*?[^ ] ?{_HOST}方[ ・]*({_TWO}.*)$", "${1}"),
    (rf"^[{_HAN}]{{1,5}} 方 ({_TWO}.*)$", "${1}"),
    (rf"^[{_HAN}]{{2,5}}方 ({_TWO}.*)$", "${1}"),
    (rf"^([^ ]{{3,}}|[^ ]+ [^ ]+) [^ ]+{_HOST}方$", "${1}"),
    (rf"^(.*{_TWO}.*?) ?{_HOST}方$", "${1}"),
    (rf"^.*気付[ ・]*({_TWO}.*)$", "${1}"),
    (rf"^(.*{_TWO}.*?) *気付$", "${1}"),
    (rf"^(.*{_TWO}.*?) *(?i:c/o).*$", "${1}"),
)


def in_care_of(text: pl.Expr) -> pl.Expr:
    """Boolean: the mail goes to this person at somebody else's (様方, 方, 気付, c/o)."""
    return text.map_batches(_hosted, return_dtype=pl.Boolean)


def _hosted(text: pl.Series) -> pl.Series:
    inside = rf"\([^()]*(?:{_HOST}方|[{_HAN}]方|気付)\)"
    hosted = text.str.contains_any(list(_HOSTED), ascii_case_insensitive=True)
    lines = hosted.arg_true()
    if not len(lines):
        return hosted
    pattern = "|".join([inside, *(pattern for pattern, _ in _CARE_OF)])
    return hosted.scatter(lines, text.gather(lines).str.contains(pattern))


def without_host(text: pl.Expr) -> pl.Expr:
    """Drop whose house it is, keep the person."""
    return _where(_HOSTED, text, _without_host)


def _without_host(text: pl.Expr) -> pl.Expr:
    for pattern, kept in _CARE_OF:
        text = text.str.replace(pattern, kept)
    return text


def joined_people(text: pl.Expr) -> pl.Expr:
    """佐藤一郎様 花子様 → 佐藤一郎・花子: an honorific in the middle ends one person and starts the next."""
    joined = rf"({_TWO}) ?{_HOST}[ ・、,/&]+([^ ])"
    return _where(_POLITE, text, lambda held: held.str.replace_all(joined, "${1}・${2}"))
