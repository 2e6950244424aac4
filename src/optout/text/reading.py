"""Kanji names and how they are read: does this kana, or romaji, read that name?

Sources: tables.readings (ENAMDICT, CC BY-SA): every listed reading of surnames and given names, and of the single
kanji names are made of, so that 湊斗 is read although nobody listed it. pykakasi (GPL-3.0-or-later) only for what
holds a kanji the table lacks, and for firms; it is imported when the first such name is asked for. A reading
makes a candidate or agrees beside an address; it never decides alone.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import polars as pl

from optout import tables
from optout.text import chars, kana, letters, surname
from optout.text.said import VOWELS, Asked, Ear, Listed, Sound, Sounds, Way

# What `agree` is told of each pair: the name, and what is to be its reading.
NAMED: Final = ("full", "family", "given")
SPOKEN: Final = ("key", "romaji", "romaji_family", "romaji_given", "latin")
_REPEATED: Final = re.compile(r"([㐀-䶿一-鿿])\1")
_READABLE: Final = rf"^[{letters.HAN}ァ-ヺー]+$"
_LONGEST_GIVEN: Final = 4  # of which all readings are listed; each letter multiplies them
Use: TypeAlias = Literal["family", "given"]


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
    lines = pairs.select(
        pl.col(*NAMED, *SPOKEN[:-1]).cast(pl.String), pl.col("latin", "firm").fill_null(value=False)
    )
    told = (lines["full"].str.contains(_READABLE) & lines["key"].is_not_null()).fill_null(value=False)
    asked = [Asked(*line) for line in lines.filter(told).iter_rows()]
    known = _answers([*dict.fromkeys(asked)])
    answers = pl.repeat(None, lines.height, dtype=pl.Boolean, eager=True).alias("agree")
    return answers.scatter(told.arg_true(), pl.Series([known.get(one) for one in asked], dtype=pl.Boolean))


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
    first, second = pl.col("family"), pl.col("given")
    asked = pl.concat([family, given]).unique().implode()
    heard = tables.readings().filter(pl.col("reading").is_in(asked), part=False)
    surnames, usual = (
        heard.filter(of)["reading"].unique().implode() for of in ("family", pl.col("given") & pl.col("usual"))
    )
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
    halves = [(told.filter(usual=usual), usual) for usual in (True, False)]
    alike = pl.concat([_read_alike(half, usual=usual) for half, usual in halves])
    joined = pairs.join(
        alike.with_columns(shared=pl.lit(value=True)), on=["a", "b"], how="left", maintain_order="left"
    )
    return joined["shared"].fill_null(value=False)


def _read_alike(pairs: pl.DataFrame, *, usual: bool) -> pl.DataFrame:
    """The distinct `a`, `b` that have a reading in common."""
    if pairs.is_empty():
        return pairs.select("a", "b")
    read = _readings(pl.concat([pairs["a"], pairs["b"]]).unique(), usual=usual)
    both = pairs.join(read, left_on="a", right_on="name").join(read, left_on="b", right_on="name")
    return both.filter(pl.col("reading") == pl.col("reading_right")).select("a", "b").unique()


class _Fold(NamedTuple):
    """What makes one key of readings: of a column, and text by text."""

    of: Callable[[pl.Expr], pl.Expr]
    passes: Sequence[chars.Replacement]


@cache
def _fold(latin: bool) -> _Fold:
    if latin:
        return _Fold(
            lambda readings: kana.romaji_of(kana.run_together(readings)), (kana.seams(), kana.nasals())
        )
    return _Fold(kana.run_together, (kana.seams(),))


@cache
def _listed(use: Use, *, usual: bool = False) -> pl.DataFrame:
    """`name`, `reading`, `usual` of whole surnames or given names: everything the table has, or usual readings only."""
    return _of(use, usual=usual, part=False)


@cache
def _letters(use: Use, *, usual: bool = False) -> pl.DataFrame:
    """`name`, `reading` of single kanji, and of kana, which read themselves."""
    return pl.concat([_of(use, usual=usual, part=True).drop("usual"), _kana_letters()])


def _of(use: Use, *, usual: bool, part: bool) -> pl.DataFrame:
    listed = tables.readings().filter(pl.col(use) & (pl.col("usual") | (not usual)), part=part)
    return listed.select("name", "reading", "usual")


@cache
def _foreign_sounds(*, latin: bool) -> Mapping[str, Sounds]:
    return _sounds([_foreign_surnames()], latin=latin)[0]


@cache
def _kana_letters() -> pl.DataFrame:
    """`name`, `reading`: kana in a name read themselves."""
    kana_letters = pl.DataFrame({"name": [chr(code) for code in range(0x30A1, 0x30F7)]})
    read = kana_letters.with_columns(reading=kana.keys(pl.col("name")))
    return pl.concat([read, pl.DataFrame({"name": ["ー"], "reading": ["ー"]})])


def _answers(asked: Sequence[Asked]) -> dict[Asked, bool | None]:
    """May each name be read so? In doubt there is no answer."""
    cuts = {one: one.cuts() for one in asked if not one.firm}
    families = _about(_listed("family"), {family for ways in cuts.values() for family, _ in ways})
    givens = _about(_listed("given"), {given for ways in cuts.values() for _, given in ways})
    ways = _likely(cuts, frozenset(families["name"]))
    answers: dict[Asked, bool | None] = {}
    for latin in (False, True):
        some = [one for one in asked if one.latin == latin]
        if some:
            answers |= _heard(some, ways, families, givens, latin=latin)
    return answers


def _heard(
    asked: Sequence[Asked],
    cuts: Mapping[Asked, Sequence[Way]],
    families: pl.DataFrame,
    givens: pl.DataFrame,
    *,
    latin: bool,
) -> dict[Asked, bool | None]:
    """The answers for readings of one script."""
    sought = dict(zip(asked, _sought(asked, latin=latin), strict=True))
    ways = {one: cuts[one] for one in asked if not one.firm and sought[one]}
    ear = _ear(ways.values(), families, givens, latin=latin)
    heard = {one for one in ways if ear.hears(ways[one], sought[one])}
    dark = [one for one in ways if one not in heard and ear.dark(ways[one])]
    words = [one.full for one in asked if one.firm]
    for _ in range(2):  # surnames, then given names
        words += sorted({part for one in dark for part in ear.unread(ways[one], sought[one])})
        ear, words = replace(ear, aloud={**ear.aloud, **_aloud(words, latin=latin)}), []
    heard |= {one for one in dark if ear.hears_aloud(ways[one], sought[one])}
    heard -= {one for one in heard if ear.foreign(ways[one], sought[one])}
    heard |= {one for one in asked if one.firm and ear.hears_word(one.full, sought[one])}
    unlike = [one for one in ways if one not in heard and ear.unlike(ways[one], sought[one])]
    return {**dict.fromkeys(heard, True), **dict.fromkeys(unlike, False)}


def _sought(asked: Sequence[Asked], *, latin: bool) -> list[set[str]]:
    """What is to be said, folded."""
    sought = [one.sought() for one in asked]
    texts = pl.Series([*set().union(*sought)], dtype=pl.String).to_frame("text")
    folded = dict(texts.with_columns(folded=_fold(latin).of(pl.col("text"))).iter_rows())
    return [{folded[text] for text in texts_of} for texts_of in sought]


def _likely(cuts: Mapping[Asked, Sequence[Way]], listed: Collection[str]) -> dict[Asked, list[Way]]:
    """The cuts behind a listed surname, or one as long as surnames are, or one that is not told."""
    wholes = [*{family + given for ways in cuts.values() for family, given in ways}]
    lengths = surname.family_length(pl.Series(wholes, dtype=pl.String))
    usual = dict(zip(wholes, lengths.to_list(), strict=True))
    return {
        one: [
            (family, given)
            for family, given in ways
            if not family or family in listed or len(family) == usual[family + given]
        ]
        for one, ways in cuts.items()
    }


def _ear(
    ways: Collection[Sequence[Way]], families: pl.DataFrame, givens: pl.DataFrame, *, latin: bool
) -> Ear:
    """What is to be known of these names."""
    surnames, names = ({way[part] for cuts in ways for way in cuts} for part in (0, 1))
    families, givens = _about(families, surnames), _about(givens, names)
    abroad = _foreign_sounds(latin=latin)
    theirs = {given for cuts in ways for family, given in cuts if family in abroad}
    asked = (
        *(families, _about(_letters("family"), set().union(*surnames))),
        *(givens, _about(_letters("given"), set().union(*names))),
        _about(givens.filter("usual"), theirs),
    )
    *sounds, usual = _sounds(asked, latin=latin)
    return Ear(
        _fold(latin).passes, Listed(*sounds[:2]), Listed(*sounds[2:]), usual=usual, abroad=abroad, aloud={}
    )


def _about(listed: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Only what concerns these names."""
    return listed.filter(pl.col("name").is_in(pl.Series([*names], dtype=pl.String).implode()))


def _sounds(tables_of: Sequence[pl.DataFrame], *, latin: bool) -> list[Mapping[str, Sounds]]:
    """Of each table the readings of each name, as they are listed and folded; all are folded at once."""
    columns = ("name", "reading")
    listed = pl.concat([one.select(*columns, of=pl.lit(at)) for at, one in enumerate(tables_of)])
    found: list[dict[str, list[Sound]]] = [{} for _ in tables_of]
    if listed.is_empty():
        return [*found]
    fold = _fold(latin)
    inner = [*frozenset().union(*(replacement.inner for replacement in fold.passes))]
    folded = pl.col("folded")
    told = listed.select("of", *columns, folded=fold.of(pl.col("reading"))).with_columns(
        stem=folded.str.strip_suffix("ン"),
        tail=folded.str.replace(f"^[{VOWELS}]", ""),
        joins=pl.col("reading").str.head(1).is_in(inner),
    )
    for of, name, reading, run, stem, tail, joins in told.iter_rows():
        found[of].setdefault(name, []).append((reading, run, stem, tail, joins))
    return [*found]


def _aloud(words: Sequence[str], *, latin: bool) -> Mapping[str, Sounds]:
    return _sounds([_spoken(pl.Series(words, dtype=pl.String))], latin=latin)[0] if words else {}


@cache
def _foreign_surnames() -> pl.DataFrame:
    """`name`, `reading` K1: surnames of one kanji, read as abroad or in on-yomi."""
    table = tables.load("surname_foreign")
    return table.select(name=letters.spell(pl.col("written")), reading=kana.keys(pl.col("reading")))


def _readings(names: pl.Series, *, usual: bool) -> pl.DataFrame:
    """`name`, `reading`: the readings of given names, part by part where no bearer is known."""
    whole = _about(_listed("given", usual=usual), names).drop("usual")
    said = (
        names.filter(~names.is_in(whole["name"].implode())).to_frame("name").with_columns(reading=pl.lit(""))
    )
    ends, parts = [whole], _letters("given", usual=usual).rename({"name": "letter", "reading": "more"})
    for at in range(_LONGEST_GIVEN):
        said = said.with_columns(letter=pl.col("name").str.slice(at, 1)).join(parts, on="letter")
        said = said.select("name", reading=pl.col("reading") + pl.col("more"))
        if said.is_empty():
            break
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
        if not gc.get_freeze_count():
            # They are old at once, or they would be walked a generation after the other.
            gc.freeze()
            gc.unfreeze()
    finally:
        if collecting:
            gc.enable()

    def convert(text: str) -> str:
        return "".join(word["kana"] for word in reader.convert(text))

    return convert
