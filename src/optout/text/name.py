"""A person's name as written → surname, given name, former surname, further people, and how far to trust it.

Sources: the tables name_*.tsv, surname_length.tsv, own_flag.tsv; text.chars for glyphs.
Plain names (nine in ten) are spelled and split in one pass; only what looks irregular goes through the stages
of text.addressing, text.people and text.letters. What is no name (不明, 世帯主様, ああああ, mojibake)
is null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

import polars as pl

from optout.text import addressing, chars, flag, letters, people, spreadsheet
from optout.text.surname import family_length

__all__ = ["family_length", "parse"]

SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "full": pl.String,
    "family": pl.String,
    "given": pl.String,
    "former": pl.String,
    "others": pl.List(pl.String),
    "script": pl.String,
    "care_of": pl.Boolean,
    "wild": pl.Boolean,
    "flagged": pl.Boolean,
}
_HAN: Final = letters.HAN
_KANJI: Final = _HAN.replace("々", "")
_KATAKANA: Final = "ァ-ヺー"
_NOBODY: Final = pl.lit([], dtype=pl.List(pl.String))
# Latin-1 letters side by side (ÕýÄ¿), UTF-8 read as CP932 (縺ゅ), punctuation among kana (EUC read as CP932).
_UNREADABLE: Final = (
    r"[\x{80}-\x{FF}]{2}.*[\x{80}-\x{FF}]|[縺繧繝譁蜷].*[縺繧繝譁蜷]|"
    rf"^[^{_HAN}]*[{letters.KANA}][「」。]|(?:[「」。]|(?:^|[^{_HAN}])、)[{letters.KANA}][^{_HAN}]*$"
)
_SAME_LETTER: Final = "|".join(
    f"^{re.escape(chr(code))}{{3,}}$" for code in (*range(0x30A1, 0x30F7), *range(65, 91))
)
# An honorific before a blank ends one person and may begin another; 縺 繧 繝 are UTF-8 read as CP932.
_BETWEEN: Final = ("様", "殿 ", "さま ", "方 ", "旧", "気付", "縺", "繧", "繝")
_CAPITAL_SURNAME: Final = r"^([A-Z][a-z'’-]+) ([A-Z][A-Z'’-]+)$"


def parse(written: pl.Series) -> pl.DataFrame:
    """Take names apart.

    Args:
        written: String series, names as lists write them; nulls allowed.

    Returns:
        Frame of the same height and order:
        `full` String, the whole name without blanks, null when there is none; `family`, `given` String, both
        null unless a separator stands between them; `former` String, the 旧姓; `others` List[String],
        further people as "family given"; `script` String, kanji, kana or latin; `care_of` Boolean, at
        somebody else's (様方); `wild` Boolean, letters are lost ("?" in `full`); `flagged` Boolean, the cell
        itself refuses (※DM不要) or tells a death (故人).

    Examples:
        >>> parse(pl.Series(["髙橋　一郎 様", "不明"])).select("full", "family", "given").rows()
        [('高橋一郎', '高橋', '一郎'), (None, None, None)]
    """
    if written.is_empty():  # making the patterns ready is not free
        return pl.DataFrame(schema=SCHEMA)
    frame = written.cast(pl.String).to_frame("written")
    frame = _marked(frame.with_columns_seq(text=letters.spell(pl.col("written")).str.strip_chars(" ")))
    odd = frame.filter("odd")
    if odd.is_empty():
        return _plain(frame)
    polite = _marked(odd.with_columns_seq(text=_polite(pl.col("text"))))
    staged = chars.overlaid(_plain(polite), polite["odd"], _settled(polite.filter("odd")["written"]))
    return chars.overlaid(_plain(frame), frame["odd"], staged)


def beside(written: pl.Series) -> pl.DataFrame:
    """What a cell says beside a name that is no person's, without taking it apart.

    Args:
        written: String series, companies as lists write them; nulls allowed.

    Returns:
        Boolean columns without nulls, same height and order: `flagged` of `parse`; `more`, false where `parse` finds
        neither `care_of` nor `wild` for certain.

    Examples:
        >>> beside(pl.Series(["㈱見本 ※DM不要", "㈱見本 佐藤様方"])).rows()
        [(True, False), (False, True)]
    """
    text = pl.col("text")
    more = text.str.contains("方|気付|(?i:c/o)") | text.str.contains(letters.lost())
    return _opened(written.cast(pl.String)).select(flagged=_flagged(text), more=more.fill_null(value=False))


def _marked(frame: pl.DataFrame) -> pl.DataFrame:
    # A long pattern costs ten times as much when the column is cut into parts for several threads; so everywhere here.
    odd = frame.select_seq(pl.col("text").str.contains(_irregular()).fill_null(value=False)).to_series()
    return frame.with_columns((odd | people.may_be_two(frame["text"])).alias("odd"))


def _polite(text: pl.Expr) -> pl.Expr:
    """A lane for lists where every name has 様 or a wide blank: what is left is checked again."""
    bare = text.str.replace(r"^([^ ]+(?: +[^ ]+)?) +[様殿]$", "${1}")
    shorter = bare.str.replace(r"^([^ ]+?)(?: +([^ ]+?))?[様殿]?$", "${1} ${2}").str.strip_chars(" ")
    return pl.when(text.str.contains(_placeholders())).then(text).otherwise(shorter)


@cache
def _irregular() -> str:
    """What sends a spelled name to the stages: any sign, and every word the tables know."""
    apart = _words(addressing.words("name_honorific", "apart"))
    signs = (
        rf"[^{_KANJI}{_KATAKANA} ]|  | [^ ]+ |(?:^|[{_HAN} ])ー|^.$|(?:^| ){addressing.units()}| (?:{apart})$"
    )
    return f"{signs}|{_telling()}"


@cache
def _hidden() -> str:
    """What sends a name without its blanks to the stages once more: letters alone would stay."""
    return rf"[々0-9]|(?:^|[{_HAN}?])ー|^.$|^{addressing.units()}|{flag.refused()}|{_telling()}"


@cache
def _telling() -> str:
    """The words the tables know, and letters that depend on their neighbours."""
    anywhere = {*addressing.words("name_title"), *addressing.words("name_note"), *flag.hints()}
    anywhere |= {*addressing.words("name_placeholder", "start"), *_BETWEEN}
    last = {
        word
        for place in ("end", "kana", "kanji", "long")
        for word in addressing.words("name_honorific", place)
    }
    whole = _words(addressing.words("name_placeholder", "whole"))
    return "|".join(
        (
            rf"[{_KANJI}] ?[ケガ] ?[{_KANJI}]|^[^ ]{{2,3}}家$|^(?:{whole})$|{_SAME_LETTER}",
            f"{_words(anywhere)}|(?:{_words(last)}|[一二三四五六七八九十数] ?[名人])$",
        )
    )


def _words(words: Iterable[str]) -> str:
    """An alternation of words in the spelling of `letters.spell`."""
    spelled = pl.Series(sorted(words)).to_frame("word").select(letters.spell(pl.col("word"))).to_series()
    return "|".join(re.escape(word) for word in spelled.unique(maintain_order=True) if word)


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The fast path: `text` is letters and at most one blank."""
    text = chars.blank_to_null(pl.col("text"))
    frame = frame.select(
        full=text.str.replace(" ", "", literal=True),
        parts=pl.col("text").str.split_exact(" ", 1).struct.rename_fields(["family", "given"]),
    ).unnest("parts")
    return _finished(frame.with_columns_seq(family=pl.when(pl.col("given").is_not_null()).then("family")))


def _finished(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the columns a stage did not make, cast, and put everything in the order of SCHEMA."""
    defaults = {"former": pl.lit(None), "others": _NOBODY} | dict.fromkeys(
        ("care_of", "wild", "flagged"), pl.lit(value=False)
    )
    missing = {column: default for column, default in defaults.items() if column not in frame.columns}
    frame = frame.with_columns_seq(script=_script(pl.col("full")), **missing)
    return frame.select(pl.col(column).cast(dtype) for column, dtype in SCHEMA.items())


def _script(full: pl.Expr) -> pl.Expr:
    return (
        pl.when(full.is_null())
        .then(None)
        .when(full.str.contains(f"[{_HAN}]"))
        .then(pl.lit("kanji"))
        .when(full.str.contains(f"[{_KATAKANA}]"))
        .then(pl.lit("kana"))
        .otherwise(pl.lit("latin"))
    )


def _settled(written: pl.Series) -> pl.DataFrame:
    """The stages, and once more where a name without its blanks shows a word that had hidden."""
    if written.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    once = _staged(written).with_columns_seq(
        again=pl.col("full").str.contains(_hidden()).fill_null(value=False)
    )
    if not once["again"].any():
        return once.drop("again")
    known = pl.col("full").is_not_null()
    twice = (
        once.filter("again")
        .select("full")
        .with_columns_seq(again=_staged(once.filter("again")["full"])["full"])
    )
    changed = twice.filter(pl.col("again").ne_missing(pl.col("full"))).unique("full")
    joined = once.drop("again").join(changed, on="full", how="left", maintain_order="left", nulls_equal=False)
    moved = known & pl.col("full").is_in(changed["full"].implode())
    settled = joined.with_columns_seq(
        pl.when(~moved).then("family"),
        pl.when(~moved).then("given"),
        full=pl.when(moved).then("again").otherwise("full"),
    )
    return _finished(settled)


def _staged(written: pl.Series) -> pl.DataFrame:
    """The slow path: what stands around the name goes, then further people, then the letters themselves."""
    text = pl.col("text")
    frame = _opened(written).with_columns_seq(
        unreadable=text.str.contains(_UNREADABLE),
        flagged=_flagged(text),
        former=letters.respell(addressing.former(text)),
        remarked=text,
    )
    frame = _addressed(frame)
    frame = people.split(frame.with_columns_seq(text=people.dotted(text)))
    frame = _named(frame.with_columns_seq(text=text.map_batches(_lettered, return_dtype=pl.String)))
    return _finished(
        frame.with_columns_seq(
            wild=pl.col("full").str.contains(letters.LOST, literal=True).fill_null(value=False)
        )
    )


def _opened(written: pl.Series) -> pl.DataFrame:
    """`text`: the cell in its usual letters, brackets and blanks."""
    known = spreadsheet.without_errors(pl.col("written"))
    frame = written.to_frame("written").select(text=addressing.brackets(chars.fold_glyphs(known)))
    bare = pl.col("text").str.replace_all("[\t\n]", " ").str.strip_chars(" ")
    return frame.with_columns_seq(text=_together(bare))


def _flagged(text: pl.Expr) -> pl.Expr:
    return (flag.spoken(text) | text.str.contains(r"^\(?故(?:人|\)| )|^亡[ ・]")).fill_null(value=False)


def _together(text: pl.Expr) -> pl.Expr:
    """Letters spaced out for layout (山 田 太 郎) → one word; a wider blank among them still separates."""
    spaced = text.str.contains(r"^[^ ](?: +[^ ]){2,}$")
    wide = (
        text.str.replace(r" {2,}", "\t")
        .str.replace_all(" ", "", literal=True)
        .str.replace("\t", " ", literal=True)
    )
    return pl.when(spaced).then(wide).otherwise(text.str.replace_all(" +", " "))


def _addressed(frame: pl.DataFrame) -> pl.DataFrame:
    """`text` without remarks, brackets, host, honorifics and titles; `care_of`."""
    text = pl.col("text")
    frame = frame.with_columns_seq(text=addressing.bracketed_people(addressing.without_remarks(text)))
    frame = frame.with_columns_seq(hosted=addressing.in_care_of(text), text=addressing.without_brackets(text))
    frame = frame.with_columns_seq(text=addressing.without_numbers(text))
    frame = frame.with_columns_seq(text=addressing.without_honorifics(text))
    frame = frame.with_columns_seq(
        care_of=(pl.col("hosted") | addressing.in_care_of(text)).fill_null(value=False),
        text=addressing.without_host(text),
    )
    frame = frame.with_columns_seq(text=addressing.joined_people(text))
    for _ in range(2):  # 代表取締役 山田太郎 様, 山田太郎 様 (部長)
        frame = frame.with_columns_seq(text=addressing.without_titles(text))
        frame = frame.with_columns_seq(text=addressing.without_units(text))
        frame = frame.with_columns_seq(text=addressing.without_honorifics(text))
    return frame.with_columns_seq(text=addressing.without_last_word(text))


def _lettered(text: pl.Series) -> pl.Series:
    """`_letters_of` where there is anything but kanji with a blank between them."""
    asked = text.str.contains(rf"[^{_KANJI} ]|  |^ | $").arg_true()
    if not len(asked):
        return text
    some = text.gather(asked).alias("text").to_frame().select_seq(_letters_of(pl.col("text"))).to_series()
    return text.scatter(asked, some)


def _letters_of(text: pl.Expr) -> pl.Expr:
    """Lost letters marked, numbers at the ends and every sign dropped, then spelled."""
    surname_first = (
        text.str.replace(r"^([^,]+?) *, *([^,]+)$", "${1} ${2}")
        .str.replace_all("['’]", "")
        .str.replace_all(".", " ", literal=True)
        .str.replace(_CAPITAL_SURNAME, "${2} ${1}")
    )
    lost = letters.lost_letters(surname_first.str.replace_all(" +", " ").str.strip_chars(" "))
    spelled = letters.respell(addressing.without_numbers(lost))
    return (
        spelled.str.replace_all(rf"[^{_HAN}{_KATAKANA}A-Z0-9? ]", "")
        .str.replace_all(" +", " ")
        .str.strip_chars(" ")
    )


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """`full`, `family`, `given` from `text`; all null when it is no name."""
    text = pl.col("text")
    full = text.str.replace_all(" ", "", literal=True)
    nobody = (
        pl.col("unreadable")
        | ~full.str.contains(rf"[{_HAN}{_KATAKANA}A-Z]")
        | full.str.contains(_placeholders())
        | pl.col("remarked").str.strip_chars(" ").str.to_uppercase().is_in(_placeholder_words().implode())
    )
    frame = frame.with_columns_seq(full=pl.when(~nobody).then(full))
    named = pl.col("full").is_not_null() & text.str.contains(" ", literal=True)
    return frame.with_columns_seq(
        family=pl.when(named).then(text.str.extract("^([^ ]+) ", 1)),
        given=pl.when(named).then(text.str.extract(" (.+)$", 1).str.replace_all(" ", "", literal=True)),
    )


@cache
def _placeholder_words() -> pl.Series:
    return pl.Series(addressing.words("name_placeholder", "whole")).str.to_uppercase().unique()


@cache
def _placeholders() -> str:
    whole = _words(addressing.words("name_placeholder", "whole"))
    start = _words(addressing.words("name_placeholder", "start"))
    return f"^(?:{whole})$|^(?:{start})|{_SAME_LETTER}"
