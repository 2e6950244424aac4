"""Two subjects' names → one level: the same person, a relative, or somebody else? The only module that scores strings.

Surname and given name are compared apart and by code point: Jaro-Winkler cannot tell a typo (一郎/一朗) from a
brother (健一/健二). In doubt the answer is `similar`, which is at most a review.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import polars as pl
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from optout.match.aloud import with_reading, with_words
from optout.match.apart import plainly_other
from optout.match.beside import met_names, paired
from optout.match.firms import branch, firm, other_form, other_trade
from optout.match.weights import commonness
from optout.text import chars, letters, name, reading, surname

PERSON_LEVELS: Final = ("same", "former", "similar", "renamed", "relative", "other", "unknown")
_RANK: Final = {level: rank for rank, level in enumerate(PERSON_LEVELS)}
# Brothers are numbered; a typing error seldom turns one numeral into another.
_NUMERALS: Final = "[一二三四五六七八九十]"
# 幸子 written サチ子: the kana say how a kanji may be read, which only a lexicon could confirm.
_SPELT_OUT: Final = "[ァ-ヺ]"
_MOST_ALIKE: Final = 3  # letters of a name that may be misread at once
_FAR: Final = 9  # letters apart; whoever is so far apart is not alike
_EQUALLY: Final = ("full", "family", "care_of", "form", "place", "source", "firm")
_IN_KANJI: Final = ("full", "family", "wild", "trade", "firm")
_SPOKEN: Final = (
    *("kana", "kana_family", "kana_given", "loose", "latin", "romaji", "romaji_family", "romaji_given"),
    *("form", "place", "firm"),
)
_DATED: Final = ("full", "kana", "source", "latin", "romaji", "romaji_family", "romaji_given")


def persons(
    pairs: pl.DataFrame, rows: pl.DataFrame, entries: pl.DataFrame, worth: pl.DataFrame
) -> pl.DataFrame:
    """The best level over all the names of both sides of each pair.

    Args:
        pairs: `a`, `b` UInt32, distinct.
        rows: Long frame of names of the rows (see `optout.keys.people`), `i` = `a`.
        entries: The same of the entries, `i` = `b`.
        worth: Boolean, a line a pair: `crossed`, `siblings`, `born`: where reading aloud is worth its cost; `dated`:
            where it matters by what blocking finds the pair.

    Returns:
        `person` String, `written` Boolean (the same name stands on both sides, letter by letter), `dated` Boolean
        (of names that are alike, where asked: beside an equal birth date blocking finds the pair by these names) and
        `commonness` Float64 (bits, see `match.weights`); in the order of the pairs, no nulls.
    """
    met, names = met_names(pairs, rows, entries)
    apart = plainly_other(names, met["a_line"], met["b_line"])
    near = met.filter(~apart)
    one = (names["full"].gather(near["a_line"]) == names["full"].gather(near["b_line"])).fill_null(False)
    equal, unequal = _equal(near.filter(one), names), _unequal(near.filter(~one), names, worth)
    other = met["pair"].filter(apart)
    levels = _best(
        [(other, "other"), *((found["pair"], found["person"]) for found in (equal, unequal))], pairs.height
    )
    asked = near.filter(((levels == "similar") & worth["dated"]).gather(near["pair"]))
    dated = asked.filter(paired(asked, names, _DATED).select(_dated()).to_series())
    return pl.DataFrame(
        {
            "person": levels,
            "written": _among(equal["pair"], pairs.height),
            "dated": _among(dated["pair"], pairs.height),
            "commonness": _most_common(equal, pl.concat([other, unequal["pair"]]), pairs.height),
        }
    )


def _best(found: Iterable[tuple[pl.Series, str | pl.Series]], height: int) -> pl.Series:
    """The best level of each pair by those of its names; `unknown` where nothing is known of a pair."""
    ranks = np.full(height, _RANK["unknown"], np.uint8)
    for pair, level in found:
        rank = _RANK[level] if isinstance(level, str) else level.replace_strict(_RANK, return_dtype=pl.UInt8)
        np.minimum.at(ranks, pair.to_numpy(), np.asarray(rank))
    return pl.Series(PERSON_LEVELS).gather(ranks)


def _among(pairs: pl.Series, height: int) -> pl.Series:
    """Boolean, a line a pair: it is one of these."""
    among = np.zeros(height, np.bool_)
    among[pairs.to_numpy()] = True
    return pl.Series(among, dtype=pl.Boolean)


def _most_common(equal: pl.DataFrame, others: pl.Series, height: int) -> pl.Series:
    """Of the equal names of each pair the commonest; of what else was compared the pair has 0."""
    bits = np.full(height, -np.inf)
    np.maximum.at(bits, equal["pair"].to_numpy(), equal["commonness"].to_numpy())
    np.maximum.at(bits, others.to_numpy(), 0.0)
    return pl.Series(np.where(np.isneginf(bits), 0.0, bits))


def _equal(met: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """`pair`, `person`, `commonness` of names that are one, letter by letter: how they are read says no more."""
    told = pl.concat([met, paired(met, names, _EQUALLY)], how="horizontal")
    level = (
        pl.when(other_form() | _passed_on())
        .then(pl.lit("similar"))
        .when(_once())
        .then(pl.lit("former"))
        .otherwise(pl.lit("same"))
    )
    told = told.select("pair", "a_full", "a_family", "b_full", "b_family", person=level, firm=firm())
    borne = (told["person"] != "similar") & ~told["firm"]
    bits = commonness(_split(told.filter(borne)))
    common = pl.repeat(0.0, told.height, eager=True).scatter(borne.arg_true(), bits)
    return told.select("pair", "person").with_columns(commonness=common)


def _unequal(met: pl.DataFrame, names: pl.DataFrame, worth: pl.DataFrame) -> pl.DataFrame:
    """`pair`, `person` of names that are not one, or of which one is told in kana only."""
    named = pl.concat([met, paired(met, names, names.columns), worth[met["pair"]]], how="horizontal")
    named = _with_kana(_with_kanji(named))
    return _with_person(with_words(with_reading(named))).select("pair", "person")


def _dated() -> pl.Expr:
    """The main names begin with one letter, are kanji and kana, or share a first sound where one is in romaji."""
    main = (pl.col("a_source") == "name") & (pl.col("b_source") == "name")
    headed = pl.col("a_full").str.head(1) == pl.col("b_full").str.head(1)
    told = {
        side: (pl.col(f"{side}_full").is_not_null(), pl.col(f"{side}_kana").is_not_null()) for side in "ab"
    }
    other_script = pl.any_horizontal(
        told[one][0] & ~told[one][1] & ~told[other][0] & told[other][1] for one, other in ("ab", "ba")
    )
    heard = [
        pl.concat_list(
            pl.col(f"{side}_{part}").str.head(1) for part in ("romaji", "romaji_family", "romaji_given")
        )
        for side in "ab"
    ]
    sound = (pl.col("a_latin") | pl.col("b_latin")) & (
        heard[0].list.drop_nulls().list.set_intersection(heard[1].list.drop_nulls()).list.len() > 0
    )
    return (main & (headed.fill_null(False) | other_script | sound.fill_null(False))).fill_null(False)


def _distance(frame: pl.DataFrame, part: str, asked: pl.Expr, most: int = 1) -> pl.Series:
    """Levenshtein distance of `a_` and `b_` of a part that differ, where asked; more than `most` is more.

    Elsewhere `_FAR`, and where the one has more letters than the other by two: so far apart nothing is alike.
    """
    a, b = pl.col(f"a_{part}"), pl.col(f"b_{part}")
    lengths = a.str.len_chars().cast(pl.Int32) - b.str.len_chars().cast(pl.Int32)
    near = frame.select(((a != b) & asked & (lengths.abs() <= 1)).fill_null(False)).to_series()
    distance = pl.repeat(_FAR, frame.height, dtype=pl.UInt32, eager=True)
    if not near.any():
        return distance
    ours, theirs = (frame[f"{side}_{part}"].filter(near).to_list() for side in "ab")
    told = cpdist(ours, theirs, scorer=Levenshtein.distance, score_cutoff=most)
    return distance.scatter(near.arg_true(), pl.Series(told, dtype=pl.UInt32))


def _with_kanji(named: pl.DataFrame) -> pl.DataFrame:
    """`kanji`: similar, renamed, relative, other, or none when a side has no kanji. And `a_gn`, `b_gn`, given names."""
    told = named["a_full"].is_not_null() & named["b_full"].is_not_null()
    some = _split(named.select(_sides(_IN_KANJI)).filter(told))
    some = some.with_columns(
        _distance(some, "gn", pl.col("a_fn") == pl.col("b_fn")).alias("given_distance"),
        _distance(some, "full", pl.lit(True), _MOST_ALIKE).alias("full_distance"),
    )
    some = _with_wildcards(_with_likeness(some))
    found = some.lazy().select(_kanji_level().alias("kanji"), "a_gn", "b_gn").collect()
    return named.with_columns(_at(told, found)).with_columns(pl.col("kanji").fill_null("none"))


def _sides(parts: Iterable[str]) -> list[str]:
    """These parts of both sides."""
    return [f"{side}_{part}" for part in parts for side in "ab"]


def _at(lines: pl.Series, found: pl.DataFrame) -> pl.DataFrame:
    """What was found for these lines (Boolean), as columns of all; null elsewhere."""
    at = pl.repeat(None, len(lines), dtype=pl.UInt32, eager=True)
    return found[at.scatter(lines.arg_true(), pl.int_range(found.height, dtype=pl.UInt32, eager=True))]


def _with_likeness(named: pl.DataFrame) -> pl.DataFrame:
    """`alike`: every letter that differs is taken for the other's (荻野/萩野), a few of them at most."""
    few = (pl.col("full_distance") <= _MOST_ALIKE) & (pl.col("a_full") != pl.col("b_full"))
    told = named.select("a_full", "b_full", few=few).filter("few").select("a_full", "b_full").unique()
    a, b = pl.col("a_full"), pl.col("b_full")
    told = told.filter(a.str.len_chars() == b.str.len_chars())
    differing = (
        told.with_columns(x=a.str.split(""), y=b.str.split(""))
        .explode("x", "y")
        .filter(pl.col("x") != pl.col("y"))
    )
    known = pl.concat([chars.look_alikes(), letters.simplified()])
    strange = differing.filter(~(pl.col("x") + pl.col("y")).is_in(known.implode()))
    alike = told.join(strange, on=["a_full", "b_full"], how="anti").with_columns(alike=pl.lit(True))
    joined = named.join(alike, on=["a_full", "b_full"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("alike").fill_null(False))


def _split(named: pl.DataFrame) -> pl.DataFrame:
    """Surname `fn` and given name `gn` of both sides; where nothing separates them, the other side or a guess does."""
    guesses = name.family_length(pl.concat([named["a_full"], named["b_full"]]))
    named = named.with_columns(
        guesses.head(named.height).alias("a_guess"), guesses.tail(named.height).alias("b_guess"), bare=_bare()
    )
    cuts = []
    for side, other in ("ab", "ba"):
        full, family = pl.col(f"{side}_full"), pl.col(f"{side}_family")
        theirs = pl.col(f"{other}_family")
        begins = full.str.starts_with(theirs)
        # Both unsplit: one guess serves both, or 長谷川 would be cut at two places.
        shared = pl.max_horizontal(pl.col(f"{side}_guess"), pl.col(f"{other}_guess"))
        heads_agree = full.str.slice(0, shared) == pl.col(f"{other}_full").str.slice(0, shared)
        guess = pl.when(theirs.is_null() & heads_agree).then(shared).otherwise(pl.col(f"{side}_guess"))
        length = (
            pl.when(begins.fill_null(False)).then(theirs.str.len_chars()).otherwise(guess.cast(pl.UInt32))
        )
        cut = pl.when("bare").then(0).otherwise(pl.coalesce(family.str.len_chars(), length))
        cuts.append(cut.alias(f"{side}_cut"))
    named = named.with_columns(cuts)
    return named.with_columns(
        *(pl.col(f"{s}_full").str.slice(0, pl.col(f"{s}_cut")).alias(f"{s}_fn") for s in "ab"),
        *(pl.col(f"{s}_full").str.slice(pl.col(f"{s}_cut")).alias(f"{s}_gn") for s in "ab"),
    )


def _bare() -> pl.Expr:
    """Both names are two letters at most and no surname is in sight: given names alone (笑子, 咲子)."""
    sides = [
        pl.col(f"{s}_family").is_null()
        & (pl.col(f"{s}_full").str.len_chars() <= 2)
        & ~pl.col(f"{s}_full").str.head(1).is_in(surname.surnames(1).implode())
        for s in "ab"
    ]
    return (sides[0] & sides[1]).fill_null(False)


def _kanji_level() -> pl.Expr:
    family = pl.col("a_fn") == pl.col("b_fn")
    a_gn, b_gn = pl.col("a_gn"), pl.col("b_gn")
    given = (a_gn == b_gn) & (a_gn.str.len_chars() > 0)
    begins = a_gn.str.starts_with(b_gn) | b_gn.str.starts_with(a_gn)
    plain = [gn.str.replace_all(_NUMERALS, "一") for gn in (a_gn, b_gn)]
    numbered = (plain[0] == plain[1]) & (a_gn != b_gn)
    spelt = [gn.str.contains(_SPELT_OUT) for gn in (a_gn, b_gn)]
    near = (pl.col("full_distance") <= 1) & (pl.col("a_full").str.len_chars() >= 3)
    latin = [gn.str.contains("^[A-Z]+$") for gn in (a_gn, b_gn)]
    half_spelt = (spelt[0] != spelt[1]) & (a_gn.str.slice(-1) == b_gn.str.slice(-1))
    return (
        pl.when(other_trade())
        .then(pl.lit("other"))
        .when(pl.col("bare"))
        .then(pl.lit("relative"))
        .when(pl.col("fits") | pl.col("alike") | (firm() & (branch("full") | near)))
        .then(pl.lit("similar"))
        .when(firm())
        .then(pl.lit("other"))
        .when(family & numbered)
        .then(pl.lit("relative"))
        .when(family & (begins | half_spelt | (latin[0] != latin[1]) | (pl.col("given_distance") <= 1)))
        .then(pl.lit("similar"))
        .when(branch("full"))
        .then(pl.lit("similar"))
        .when(given | _ends())
        .then(pl.lit("renamed"))
        .when(family)
        .then(pl.lit("relative"))
        .when(near)
        .then(pl.lit("similar"))
        .otherwise(pl.lit("other"))
    )


def _ends() -> pl.Expr:
    """One name ends with the other: 佐藤 鈴木花子, or a word nobody knows stands before it."""
    a, b = pl.col("a_full"), pl.col("b_full")
    shorter = pl.min_horizontal(a.str.len_chars(), b.str.len_chars())
    return ((a.str.ends_with(b) | b.str.ends_with(a)) & (shorter >= 3)).fill_null(False)


def _with_wildcards(named: pl.DataFrame) -> pl.DataFrame:
    """`fits`: lost characters (● 〓 ?) of one side may be what the other has there."""
    lossy = named.select((pl.col("a_wild") | pl.col("b_wild")).fill_null(False)).to_series()
    if not lossy.any():
        return named.with_columns(fits=pl.lit(False))
    fits = named.filter(lossy).select(_wildcards_fit()).to_series()
    return named.with_columns(lossy.alias("fits").scatter(lossy.arg_true(), fits))


def _wildcards_fit() -> pl.Expr:
    """A lost character (● 〓 ?) stands for any one character."""
    a, b = pl.col("a_full"), pl.col("b_full")
    wild = (pl.col("a_wild") | pl.col("b_wild")) & (a.str.len_chars() == b.str.len_chars())
    at = [
        (a.str.slice(k, 1) == b.str.slice(k, 1)) | (a.str.slice(k, 1) == "?") | (b.str.slice(k, 1) == "?")
        for k in range(8)
    ]
    return (wild & pl.all_horizontal(at)) | _gap_fits("a", "b") | _gap_fits("b", "a")


def _gap_fits(lossy: str, whole: str) -> pl.Expr:
    """Of one letter two or three signs may be left, so a gap may stand for any number of letters."""
    a, b = pl.col(f"{lossy}_full"), pl.col(f"{whole}_full")
    head, tail = a.str.extract(r"^([^?]*)\?", 1), a.str.extract(r"\?([^?]*)$", 1)
    longer = b.str.len_chars() > head.str.len_chars() + tail.str.len_chars()
    other_length = a.str.len_chars() != b.str.len_chars()
    return (
        pl.col(f"{lossy}_wild") & other_length & longer & b.str.starts_with(head) & b.str.ends_with(tail)
    ).fill_null(False)


def _with_kana(named: pl.DataFrame) -> pl.DataFrame:
    """`spoken`: equal, similar, relative, renamed, other, or none when a side has no kana, or kanji have the say."""
    asked = named["a_kana"].is_not_null() & named["b_kana"].is_not_null() & (named["kanji"] != "similar")
    found = _heard(named.select(_sides(_SPOKEN)).filter(asked))
    return named.with_columns(_at(asked, found)).with_columns(pl.col("spoken").fill_null("none"))


def _heard(named: pl.DataFrame) -> pl.DataFrame:
    """`spoken` of names with kana on both sides."""
    a, b = pl.col("a_kana"), pl.col("b_kana")
    latin = pl.col("a_latin") | pl.col("b_latin")
    both_latin = pl.col("a_latin") & pl.col("b_latin")
    romaji = pl.col("a_romaji") == pl.col("b_romaji")
    swapped = (pl.col("a_swapped") == pl.col("b_romaji")) | (pl.col("b_swapped") == pl.col("a_romaji"))
    swapped = swapped.fill_null(False)
    begins = pl.col("a_kana_given").str.starts_with(pl.col("b_kana_given"))
    begins |= pl.col("b_kana_given").str.starts_with(pl.col("a_kana_given"))
    family = (pl.col("a_kana_family") == pl.col("b_kana_family")).fill_null(False)
    near_given = begins.fill_null(False) | (pl.col("kana_distance") <= 1)
    turned = (pl.col("a_kana_given") == pl.col("b_kana_family")) & (
        pl.col("a_kana_family") == pl.col("b_kana_given")
    )
    named = named.with_columns(
        *(
            pl.when(latin & pl.col(f"{s}_romaji_given").is_not_null())
            .then(pl.col(f"{s}_romaji_given") + pl.col(f"{s}_romaji_family"))
            .alias(f"{s}_swapped")
            for s in "ab"
        ),
        _distance(named, "kana_given", family).alias("kana_distance"),
        _distance(named, "kana", pl.lit(True)).alias("kana_whole"),
        turned=turned.fill_null(False),
    )
    level = (
        pl.when(firm() & (((a == b) & other_form()) | ((a != b) & branch("kana"))))
        .then(pl.lit("similar"))
        .when((a == b) | (pl.col("turned") & pl.col("ordered")))
        .then(pl.lit("equal"))
        .when(latin & ~both_latin & (romaji | swapped))
        .then(pl.lit("equal"))
        .when(pl.col("turned") | (latin & (romaji | swapped)) | (pl.col("a_loose") == pl.col("b_loose")))
        .then(pl.lit("similar"))
        .when(family & near_given)
        .then(pl.lit("similar"))
        .when(family)
        .then(pl.lit("relative"))
        .when(_unsplit_beginning())
        .then(pl.lit("similar"))
        .when(((pl.col("a_kana_given") == pl.col("b_kana_given")) & ~firm()).fill_null(False))
        .then(pl.lit("renamed"))
        .when((pl.col("kana_whole") <= 1) & (a.str.len_chars() >= 4))
        .then(pl.lit("similar"))
        .otherwise(pl.lit("other"))
    )
    return _with_order(named).lazy().select(level.alias("spoken")).collect()


def _unsplit_beginning() -> pl.Expr:
    """A surname alone beside the whole name, or ユミ beside ユミコ."""
    a, b = pl.col("a_kana"), pl.col("b_kana")
    unsplit = pl.col("a_kana_given").is_null() | pl.col("b_kana_given").is_null()
    shorter = pl.min_horizontal(a.str.len_chars(), b.str.len_chars())
    return (unsplit & (a.str.starts_with(b) | b.str.starts_with(a)) & (shorter >= 2)).fill_null(False)


def _with_order(named: pl.DataFrame) -> pl.DataFrame:
    """`ordered`: where the two parts stand turned round, it is plain which is the surname."""
    if not named["turned"].any():
        return named.with_columns(ordered=pl.lit(False))
    family, given = (
        pl.concat([named[f"{side}_kana_{part}"].filter(named["turned"]) for side in "ab"])
        for part in ("family", "given")
    )
    plain = reading.clearly_surname_first(family, given)
    half = len(plain) // 2
    ordered = named["turned"].scatter(named["turned"].arg_true(), plain.head(half) | plain.tail(half))
    return named.with_columns(ordered=ordered)


def _with_person(named: pl.DataFrame) -> pl.DataFrame:
    """Kanji, kana and reading together: the first line that fits."""
    kanji, spoken, read = pl.col("kanji"), pl.col("spoken"), pl.col("read")
    unknown = [pl.col(f"{side}_full").is_null() & pl.col(f"{side}_kana").is_null() for side in "ab"]
    # Two kanji and their reading may be a given name alone.
    whole = pl.max_horizontal(pl.col("a_full").str.len_chars(), pl.col("b_full").str.len_chars()) > 2
    whole |= pl.col("a_given").is_not_null() | pl.col("b_given").is_not_null()
    read_alike = (read == "equal") & whole
    same = (kanji == "none") & ((spoken == "equal") | read_alike)
    doubtful = (kanji == "similar") | (spoken == "equal") | (read == "equal")
    doubtful |= (kanji == "none") & ((spoken == "similar") | pl.col("worded"))
    unread = (kanji == "none") & (spoken == "none") & read.is_in(["unclear", "similar"])
    level = (
        pl.when(unknown[0] | unknown[1])
        .then(pl.lit("unknown"))
        .when(same & ~_passed_on())
        .then(pl.when(_once()).then(pl.lit("former")).otherwise(pl.lit("same")))
        .when(same | doubtful | unread)
        .then(pl.lit("similar"))
        .when((kanji == "renamed") | ((kanji == "none") & (spoken == "renamed")))
        .then(pl.lit("renamed"))
        .when((kanji == "relative") | ((kanji == "none") & (spoken == "relative")))
        .then(pl.lit("relative"))
        .otherwise(pl.lit("other"))
    )
    return named.with_columns(level.alias("person"))


def _once() -> pl.Expr:
    """One of the names is a former one."""
    return ((pl.col("a_source") == "former") | (pl.col("b_source") == "former")).fill_null(False)


def _passed_on() -> pl.Expr:
    """One of the names is that of whoever passes the letter on."""
    return (pl.col("a_care_of") | pl.col("b_care_of")).fill_null(False)
