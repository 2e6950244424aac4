"""Kanji names and how they are read: does this kana, or romaji, read that name?

Sources: tables.readings (ENAMDICT, CC BY-SA): every listed reading of surnames and given names, and of the single
kanji names are made of, so that 湊斗 is read although nobody listed it. pykakasi (GPL-3.0-or-later) only for what
holds a kanji the table lacks, and for firms; it is imported when the first such name is asked for. A reading
makes a candidate or agrees beside an address; it never decides alone.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import polars as pl

from optout import tables
from optout.text import kana, letters, surname

# What `agree` is told of each pair: the name, and what is to be its reading.
NAMED: Final = ("full", "family", "given")
SPOKEN: Final = ("key", "romaji", "romaji_family", "romaji_given", "latin")
_REPEATED: Final = re.compile(r"([㐀-䶿一-鿿])\1")
_READABLE: Final = rf"^[{letters.HAN}ァ-ヺー]+$"
_LONGEST_SURNAME: Final = 5
_ONE_NAME: Final = 3  # so short, it may be a surname alone or a given name alone
_LONGEST_PART: Final = 6
_LONGEST_GIVEN: Final = 4  # of which all readings are listed; each letter multiplies them
Use = Literal["family", "given"]
Fold = Callable[[pl.Expr], pl.Expr]


def agree(pairs: pl.DataFrame) -> pl.Series:
    """Is the kana or romaji of each pair a plausible reading of its name?

    Args:
        pairs: `full`, `family`, `given` as `name.parse` has them (without a surname every place to cut is tried);
            `key`, `romaji`, `romaji_family`, `romaji_given` as `kana.parse` has them; `latin` Boolean, the
            reading was written in Latin letters, either name first; `firm` Boolean, no person's name.

    Returns:
        Boolean series `agree`, same height and order. False where neither the listed surname nor the given name
        can be read so; null in doubt: one of them can, a reading is missing, a letter is lost.

    Examples:
        >>> name = {"full": "佐藤湊斗", "family": None, "given": None, "latin": False, "firm": False}
        >>> romaji = dict.fromkeys(["romaji", "romaji_family", "romaji_given"])
        >>> keys = ["サトーミナト", "サトーミナミ", "スズキハナコ"]
        >>> agree(pl.DataFrame([name | romaji | {"key": key} for key in keys])).to_list()
        [True, None, False]
    """
    columns = [*NAMED, *SPOKEN, "firm"]
    lines = pairs.select(columns).with_columns(
        pl.col(*NAMED, "key", "romaji", "romaji_family", "romaji_given").cast(pl.String),
        pl.col("latin", "firm").fill_null(value=False),
    )
    told = pl.col("full").str.contains(_READABLE) & pl.col("key").is_not_null()
    asked = lines.filter(told).unique(maintain_order=True).with_row_index("id")
    found = [
        _answers(asked.filter(pl.col("latin") == latin), fold)
        for latin, fold in ((False, kana.run_together), (True, _romaji))
    ]
    known = asked.join(pl.concat(found), on="id").drop("id")
    return lines.join(known, on=columns, how="left", nulls_equal=True, maintain_order="left")["agree"]


def clearly_surname_first(family: pl.Series, given: pl.Series) -> pl.Series:
    """Can the first of two readings only be the surname and the second only the given name?

    Args:
        family: String series of K1 keys of what stands first; nulls allowed.
        given: The same of what stands second.

    Returns:
        Boolean series `clear`, same height and order, no nulls: スズキ イチロウ, but not ミナミ アオイ.

    Examples:
        >>> clearly_surname_first(pl.Series(["スズキ", "ミナミ"]), pl.Series(["イチロー", "アオイ"])).to_list()
        [True, False]
    """
    surnames = _lexicon("family").whole["reading"].unique().implode()
    usual = _lexicon("given", usual=True).whole["reading"].unique().implode()
    first, second = pl.col("family"), pl.col("given")
    clear = first.is_in(surnames) & ~first.is_in(usual) & second.is_in(usual)
    frame = pl.DataFrame({"family": family, "given": given})
    return frame.select(clear=clear.fill_null(value=False))["clear"]


def shared(ours: pl.Series, theirs: pl.Series) -> pl.Series:
    """Have two given names a usual reading in common (浩 and 弘, not 道子 and 信子)?

    One in kana (ルイ and 琉生) may be any of the other's listed readings.

    Args:
        ours: String series of given names as `name.parse` has them; nulls allowed.
        theirs: The same, of the same height.

    Returns:
        Boolean series `shared`, same height and order, no nulls. Of two in kanji only usual readings count: with every
        listed one, one pair of given names in fifty would share some.

    Examples:
        >>> shared(pl.Series(["浩", "道子"]), pl.Series(["弘", "信子"])).to_list()
        [True, False]
    """
    pairs = pl.DataFrame({"a": ours, "b": theirs}, schema={"a": pl.String, "b": pl.String})
    kana_only = [pl.col(side).str.contains("^[ァ-ヺー]+$") for side in "ab"]
    told = pairs.drop_nulls().unique().with_columns(usual=kana_only[0] == kana_only[1])
    alike = pl.concat([_read_alike(told.filter(usual=usual), usual=usual) for usual in (True, False)])
    joined = pairs.join(
        alike.with_columns(shared=pl.lit(value=True)), on=["a", "b"], how="left", maintain_order="left"
    )
    return joined["shared"].fill_null(value=False)


def _read_alike(pairs: pl.DataFrame, *, usual: bool) -> pl.DataFrame:
    """The distinct `a`, `b` that have a reading in common."""
    read = _readings(pl.concat([pairs["a"], pairs["b"]]).unique(), usual=usual)
    both = pairs.join(read, left_on="a", right_on="name").join(read, left_on="b", right_on="name")
    return both.filter(pl.col("reading") == pl.col("reading_right")).select("a", "b").unique()


def _romaji(readings: pl.Expr) -> pl.Expr:
    return kana.romaji_of(kana.run_together(readings))


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """What surnames, or given names, may be read like.

    Attributes:
        use: Which of the two; the column of a frame of ways that holds them.
        whole: `name`, `reading` of whole names.
        parts: The same of single kanji, and of kana, which read themselves.
    """

    use: Use
    whole: pl.DataFrame
    parts: pl.DataFrame

    @classmethod
    def of(cls, use: Use, *, usual: bool = False) -> _Lexicon:
        """Everything the table has on surnames or given names, or the usual readings only."""
        listed = tables.readings().filter(pl.col(use) & (pl.col("usual") | (not usual)))
        whole, parts = (listed.filter(part=part).select("name", "reading") for part in (False, True))
        return cls(use, whole, pl.concat([parts, _kana_letters()]))

    def about(self, ways: pl.DataFrame) -> _Lexicon:
        """Only what concerns the names of these ways: every join after that is small."""
        asked = pl.col("name").is_in(ways[self.use].unique().implode())
        return _Lexicon(self.use, self.whole.filter(asked), self.parts)

    def lists(self) -> pl.Expr:
        """Boolean over ways: the name is listed as a whole."""
        return pl.col(self.use).is_in(self.whole["name"].unique().implode())


Lexicons = tuple[_Lexicon, _Lexicon]  # surnames, given names


@cache
def _lexicon(use: Use, *, usual: bool = False) -> _Lexicon:
    return _Lexicon.of(use, usual=usual)


@cache
def _kana_letters() -> pl.DataFrame:
    """`name`, `reading`: kana in a name read themselves."""
    kana_letters = pl.DataFrame({"name": [chr(code) for code in range(0x30A1, 0x30F7)]})
    read = kana_letters.with_columns(reading=kana.keys(pl.col("name")))
    return pl.concat([read, pl.DataFrame({"name": ["ー"], "reading": ["ー"]})])


def _answers(asked: pl.DataFrame, fold: Fold) -> pl.DataFrame:
    """`id`, `agree` of the pairs of which there is no doubt."""
    if asked.is_empty():
        return pl.DataFrame(schema={"id": pl.UInt32, "agree": pl.Boolean})
    targets = _targets(asked, fold)
    cuts = _cuts(asked.filter(~pl.col("firm")))
    lexicons = (_lexicon("family").about(cuts), _lexicon("given").about(cuts))
    ways = cuts.filter(_likely(lexicons[0])).join(targets, on="id")
    firms = asked.filter("firm").select("id", word="full", said=pl.lit("")).join(targets, on="id")
    heard = _heard(ways, lexicons, fold)
    heard = heard.join(_foreign(ways.join(heard, on="id", how="semi"), lexicons, fold), on="id", how="anti")
    read = pl.concat([heard, _done(_extended(firms, _spoken(firms["word"]), fold))])
    other = _unlike(ways.join(read, on="id", how="anti"), lexicons, fold)
    return pl.concat(
        [read.with_columns(agree=pl.lit(value=True)), other.with_columns(agree=pl.lit(value=False))]
    )


def _heard(ways: pl.DataFrame, lexicons: Lexicons, fold: Fold) -> pl.DataFrame:
    """`id` of the pairs whose name can be read so: listed names first, then part by part, pykakasi last."""
    found = []
    for say in (_listed, _spelt, _aloud):
        said = ways.with_columns(said=pl.lit(""))
        for lexicon in lexicons:
            said = say(said, lexicon, fold)
        found.append(_done(said))
        ways = ways.join(found[-1], on="id", how="anti")
        if ways.is_empty():
            break
        if say is _spelt:
            ways = ways.filter(_dark(ways, lexicons))
    return pl.concat(found)


def _targets(asked: pl.DataFrame, fold: Fold) -> pl.DataFrame:
    """`id`, `target`: what is to be said, surname first; romaji may have been written the other way round."""
    turned = pl.col("romaji_given") + pl.col("romaji_family")
    sought = pl.when("latin").then(pl.concat_list("romaji", turned)).otherwise(pl.concat_list("key"))
    each = asked.select("id", target=sought).explode("target").drop_nulls()
    return each.with_columns(fold(pl.col("target"))).unique()


def _cuts(named: pl.DataFrame) -> pl.DataFrame:
    """`id`, `family`, `given`: a name where it is cut, or everywhere it may be. A part may be missing (blank)."""
    told = pl.col("family").is_not_null() & pl.col("given").is_not_null()
    parted = named.filter(told).select("id", "family", "given")
    places = pl.int_ranges(0, pl.min_horizontal(pl.col("full").str.len_chars(), _LONGEST_SURNAME) + 1)
    uncut = named.filter(~told).select("id", "full", cut=places).explode("cut")
    family, given = pl.col("full").str.slice(0, pl.col("cut")), pl.col("full").str.slice(pl.col("cut"))
    short = pl.col("full").str.len_chars() <= _ONE_NAME
    cut = uncut.filter(((family != "") & (given != "")) | short).select("id", family=family, given=given)
    return pl.concat([parted, cut])


def _likely(families: _Lexicon) -> pl.Expr:
    """The surname is listed, or as long as surnames are, or not told."""
    usual = pl.col("family").str.len_chars() == surname.guess(pl.col("family") + pl.col("given"))
    return families.lists() | usual.fill_null(value=False) | (pl.col("family") == "")


def _done(ways: pl.DataFrame) -> pl.DataFrame:
    return ways.filter(pl.col("said") == pl.col("target")).select("id").unique()


def _extended(ways: pl.DataFrame, readings: pl.DataFrame, fold: Fold) -> pl.DataFrame:
    """`ways` with every reading of `word` said behind `said`, as far as `target` begins so."""
    if ways.is_empty():
        return ways.drop("word")
    said = ways.join(readings, left_on="word", right_on="name")
    said = said.with_columns(said=fold(pl.col("said") + pl.col("reading")))
    # ン may yet become ナ行 before a vowel.
    begins = pl.col("target").str.starts_with(pl.col("said").str.strip_suffix("ン"))
    return said.filter(begins).drop("reading", "word").unique()


def _listed(ways: pl.DataFrame, lexicon: _Lexicon, fold: Fold) -> pl.DataFrame:
    """Each way with a reading that the table lists for the whole part; a missing part is said already."""
    silent = ways.filter(pl.col(lexicon.use) == "")
    return pl.concat([silent, _extended(ways.with_columns(word=lexicon.use), lexicon.whole, fold)])


def _spelt(ways: pl.DataFrame, lexicon: _Lexicon, fold: Fold) -> pl.DataFrame:
    """`_listed`, and kanji by kanji; a surname only if none is listed, for of those hardly any reading is missing."""
    left = ways.filter(pl.col(lexicon.use) != "")
    if lexicon.use == "family":
        left = left.filter(~lexicon.lists())
    spelt = [_listed(ways, lexicon, fold)]
    for at in range(_LONGEST_PART):
        left = left.with_columns(word=pl.col(lexicon.use).str.slice(at, 1))
        left = _extended(left, lexicon.parts, fold)
        spelt.append(left.filter(pl.col(lexicon.use).str.len_chars() == at + 1))
        if left.is_empty():
            break
    return pl.concat(spelt).unique()


def _aloud(ways: pl.DataFrame, lexicon: _Lexicon, fold: Fold) -> pl.DataFrame:
    """`_spelt`, and as pykakasi reads the parts that the table cannot read."""
    words = ways.filter(_unreadable(ways, lexicon)).with_columns(word=lexicon.use)
    return pl.concat([_spelt(ways, lexicon, fold), _extended(words, _spoken(words["word"]), fold)]).unique()


def _foreign(ways: pl.DataFrame, lexicons: Lexicons, fold: Fold) -> pl.DataFrame:
    """`id` of the pairs whose surname is read as a Chinese or Korean one and the given name not as in Japan.

    Whoever is 李 明 may be リ アキラ, リ メイ, リー ミン or イ ミョン: one reading says too little.
    """
    abroad = _foreign_surnames().rename({"name": "family"})
    held = ways.filter(pl.col("given") != "").join(abroad, on="family").with_columns(said=pl.lit(""))
    held = held.filter(pl.col("target").str.starts_with(fold(pl.col("reading")))).drop("reading").unique()
    usual = _lexicon("given", usual=True).about(held)
    return (
        held.select("id")
        .unique()
        .join(_done(_listed(_listed(held, lexicons[0], fold), usual, fold)), on="id", how="anti")
    )


@cache
def _foreign_surnames() -> pl.DataFrame:
    """`name`, `reading` K1: surnames of one kanji, read as abroad or in on-yomi."""
    table = tables.load("surname_foreign")
    return table.select(name=letters.spell(pl.col("written")), reading=kana.keys(pl.col("reading")))


def _dark(ways: pl.DataFrame, lexicons: Lexicons) -> pl.Expr:
    """Boolean over `ways`: in none of the ways of this pair can the table read both parts."""
    unreadable = [_unreadable(ways, lexicon) for lexicon in lexicons]
    return (unreadable[0] | unreadable[1]).all().over("id")


def _unlike(ways: pl.DataFrame, lexicons: Lexicons, fold: Fold) -> pl.DataFrame:
    """`id` of the pairs of which neither part can be read so, though both can be read."""
    families, givens = lexicons
    parted = ways.filter((pl.col("family") != "") & (pl.col("given") != "")).with_columns(said=pl.lit(""))
    sure = parted.filter(families.lists())
    unsure = pl.concat(
        [
            parted.filter(_unreadable(parted, givens)).select("id"),
            _listed(sure, families, fold).select("id"),
            _ending(parted, givens, fold).select("id"),
        ]
    )
    return sure.select("id").unique().join(unsure, on="id", how="anti")


def _ending(ways: pl.DataFrame, lexicon: _Lexicon, fold: Fold) -> pl.DataFrame:
    """The ways whose target ends with a reading of the given name, listed or kanji by kanji from the last."""
    name = pl.col(lexicon.use)
    said = fold(pl.col("reading") + pl.col("said"))
    # The first sound may be lost in a long vowel before it (サノ + オウタ).
    ends = pl.col("target").str.ends_with(said.str.replace("^[アイウエオー]", ""))
    whole = ways.join(lexicon.whole, left_on=lexicon.use, right_on="name").filter(ends)
    left, found = ways, [whole.select("id")]
    for at in range(_LONGEST_PART):
        left = left.with_columns(word=name.str.slice(-1 - at, 1)).filter(name.str.len_chars() > at)
        left = left.join(lexicon.parts, left_on="word", right_on="name").filter(ends).with_columns(said=said)
        left = left.drop("reading", "word").unique()
        found.append(left.filter(name.str.len_chars() == at + 1).select("id"))
        if left.is_empty():
            break
    return pl.concat(found)


def _unreadable(ways: pl.DataFrame, lexicon: _Lexicon) -> pl.Expr:
    """Boolean over `ways`: the part is not listed and holds a kanji that is not."""
    words = ways.filter(~lexicon.lists()).select(word=lexicon.use).unique()
    letters_of = words.with_columns(letter=pl.col("word").str.split("")).explode("letter")
    strange = letters_of.join(lexicon.parts, left_on="letter", right_on="name", how="anti")
    return pl.col(lexicon.use).is_in(strange["word"].unique().implode())


def _readings(names: pl.Series, *, usual: bool) -> pl.DataFrame:
    """`name`, `reading`: the readings of given names, part by part where no bearer is known."""
    named = names.to_frame("given")
    lexicon = _lexicon("given", usual=usual).about(named)
    said = named.filter(~lexicon.lists()).select(name="given", reading=pl.lit(""))
    ends, parts = [lexicon.whole], lexicon.parts.rename({"name": "letter", "reading": "more"})
    for at in range(_LONGEST_GIVEN):
        said = said.with_columns(letter=pl.col("name").str.slice(at, 1)).join(parts, on="letter")
        said = said.select("name", reading=pl.col("reading") + pl.col("more"))
        ends.append(said.filter(pl.col("name").str.len_chars() == at + 1))
    return pl.concat(ends).with_columns(kana.run_together(pl.col("reading"))).unique()


def _spoken(words: pl.Series) -> pl.DataFrame:
    """`name`, `reading` K1: how pykakasi reads each word; its first answer is right for two names in three."""
    distinct = words.unique(maintain_order=True)
    # Names are compared without 々, dictionaries list words with it.
    said = [_converter()(_REPEATED.sub(r"\1々", word)) for word in distinct]
    frame = pl.DataFrame(
        {"name": distinct, "reading": said}, schema={"name": pl.String, "reading": pl.String}
    )
    return frame.with_columns(kana.keys(pl.col("reading")))


@cache
def _converter() -> Callable[[str], str]:
    # Slow to import, and GPL: loaded only where a reading is asked for.
    import pykakasi

    kakasi: Any = pykakasi.kakasi
    collecting = gc.isenabled()
    gc.disable()  # its dictionaries are 10^5 objects that live for ever: half the loading time is walking them
    try:
        reader = kakasi()
    finally:
        if collecting:
            gc.enable()

    def convert(text: str) -> str:
        return "".join(word["kana"] for word in reader.convert(text))

    return convert
