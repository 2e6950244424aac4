"""Names written plainly, read as arrays of letters: 佐藤 一郎, 佐藤一郎, サトウ イチロウ.

Plain is kanji or kana with one blank at most and none of the words that tables know to stand beside a name. Whatever
else there is makes the cell hard: `text.name` reads it. The two agree wherever this one reads at all (tested).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.text import addressing, company, flag, letters
from optout.text import flat as flats
from optout.text.flat import END, Codes, Flat, Keys, Mask, Places

# Kinds of letters. _POLITE: 様; _AGAIN: 々, the letter before once more; _LONG: the sign of a long vowel. Of a name
# itself are the last three.
_HARD, _END, _BLANK, _POLITE, _AGAIN, _HAN, _KANA, _LONG = range(8)
_KIND: Final = np.uint8(7)
# What else is known of a letter: it ends a word of `_anywhere`, a department's topic or its kind; is ケ or ガ; ends a
# word behind which a blank tells.
_WORD, _TOPIC, _UNIT, _SMALL, _PARTED = (np.uint8(8 << k) for k in range(5))
_POLITE_LETTERS: Final = "様殿"
_KANJI: Final = (slice(0x3400, 0x4DC0), slice(0x4E00, 0xA000))
_KATAKANA: Final = (slice(0x30A1, 0x30FB),)
_AMONG_KANJI: Final = "ケガ"
_BEFORE_BLANKS: Final = "方マ"  # 佐藤方 花子, 佐藤さま 花子
_NUMERALS: Final = "一二三四五六七八九十数"
_PEOPLE: Final = "名人"
_FAMILY: Final = "家"


class Names(NamedTuple):
    """One line a cell.

    Attributes:
        key: Of the whole name without blanks; 0 where there is none.
        head: Of its first letter.
        kanji: It holds a kanji.
    """

    key: Keys
    head: Keys
    kanji: Mask


def read(flat: Flat) -> tuple[Names, Mask]:
    """The plain names of a piece, and which cells are hard (theirs tell nothing)."""
    table = _letters()
    text, told = table.folded[flat.codes], table.told[flat.codes]
    hard = flat.any_of(told == _HARD) | _misplaced(flat, told & _KIND)
    text, told = _repeated(text, told)
    kind = told & _KIND
    places = np.flatnonzero(kind >= _HAN)
    firsts = np.searchsorted(places, np.append(flat.starts, len(flat.codes)))
    counts = np.diff(firsts)
    blanks = _bare_ends(flat, text, kind, hard) - flat.starts - counts
    hard |= (counts == 1) | (blanks > 1) | _twice(flat, text, kind) | _telling(flat, text, told)
    hard |= _ended(flat, text, kind, places, firsts) | _same(text[places], firsts, counts)
    read = ~hard & (counts > 0)
    key = np.where(read, flats.digests(text[places], counts), flats.NOTHING)
    head = np.zeros(flat.height, np.uint64)
    first = text[places[firsts[:-1][read]]]
    head[read] = flats.digests_of_two(first, first, np.ones(len(first), np.bool_))
    return Names(key, head, np.logical_or.reduceat(kind == _HAN, flat.starts) & read), hard


def _misplaced(flat: Flat, kind: npt.NDArray[np.uint8]) -> Mask:
    """The cells with a sign of a long vowel that follows no kana, or a 々 that follows no kanji."""
    held = np.zeros(flat.height, np.bool_)
    for sign, led in ((_LONG, (_KANA, _LONG)), (_AGAIN, (_HAN,))):
        places = np.flatnonzero(kind == sign)
        alone = ~np.isin(kind[places - 1], led) | (places == 0)
        held[flat.cell_of(places[alone])] = True
    return held


def _repeated(text: Codes, told: npt.NDArray[np.uint8]) -> tuple[Codes, npt.NDArray[np.uint8]]:
    """佐々木 → 佐佐木."""
    again = np.flatnonzero(told == _AGAIN)
    if len(again):
        text[again], told[again] = text[again - 1], told[again - 1] & ~_KIND | np.uint8(_HAN)
    return text, told


def _twice(flat: Flat, text: Codes, kind: npt.NDArray[np.uint8]) -> Mask:
    """佐藤一郎 佐藤花子: words of three kanji and more that begin alike are two people."""
    places = np.flatnonzero(kind == _BLANK)
    cells = flat.cell_of(places)
    long = (places - flat.starts[cells] > 2) & (flat.ends[cells] - places > 3)
    held = np.zeros(flat.height, np.bool_)
    held[cells[long & (text[places + 1] == text[flat.starts[cells]])]] = True
    return held


def _bare_ends(flat: Flat, text: Codes, kind: npt.NDArray[np.uint8], hard: Mask) -> Places:
    """Where each cell ends without a 様 and the blank before it; a 様 anywhere else makes it hard, and so does 同様."""
    ends = flat.ends
    polite = (kind[ends - 1] == _POLITE) & (ends > flat.starts)
    hard |= _pairs_at_end().hold(text[ends - 2], text[ends - 1], polite)
    ends = ends - polite
    inner = np.flatnonzero(kind == _POLITE)
    cells = flat.cell_of(inner)
    hard[cells[inner < ends[cells]]] = True
    bare: Places = ends - (polite & (kind[ends - 1] == _BLANK))
    return bare


class _Letters(NamedTuple):
    """Tables of all letters: as spelled; its kind and what else is known of it."""

    folded: Codes
    told: npt.NDArray[np.uint8]


@cache
def astral() -> Mapping[str, str]:
    """Letters beyond the first plane that are spelled as one of it: 𠮷 is 吉."""
    single = {letter: to for letter, to in letters.spelling().items() if len(letter) == len(to) == 1}
    return {letter: to for letter, to in single.items() if ord(letter) >= flats.LETTERS > ord(to)}


@cache
def _letters() -> _Letters:
    folded, kind = _kinds()
    told = kind.copy()
    traits = ((_WORD, _pairs_anywhere().last), *zip((_TOPIC, _UNIT), _of_offices(), strict=True))
    for trait, held in (*traits, (_SMALL, _is_in(_AMONG_KANJI)), (_PARTED, _is_in(_BEFORE_BLANKS))):
        told |= np.where(held[folded] & (kind != _HARD), trait, np.uint8(0))
    return _Letters(folded, told)


@cache
def _kinds() -> tuple[Codes, npt.NDArray[np.uint8]]:
    """All letters as spelled, and their kinds."""
    folded, kind = np.arange(flats.LETTERS, dtype=np.uint16), flats.table(_HARD)
    for letters_of, kinds in ((_KANJI, _HAN), (_KATAKANA, _KANA)):
        for block in letters_of:
            kind[block] = kinds
    for letter, of in (("ー", _LONG), ("々", _AGAIN), (" ", _BLANK), ("〆", _HAN)):
        kind[ord(letter)] = of
    alone = [word for word in _anywhere() if len(word) == 1 and ord(word) < flats.LETTERS]
    kind[[ord(letter) for letter in alone]] = _HARD
    kind[[ord(letter) for letter in _POLITE_LETTERS]] = _POLITE
    single = [(letter, to) for letter, to in letters.spelling().items() if len(letter) == 1 and letter != to]
    spelled = kind.copy()
    for letter, to in single:
        if ord(letter) < flats.LETTERS:
            plain = len(to) == 1 and ord(to) < flats.LETTERS
            folded[ord(letter)] = ord(to) if plain else ord(letter)
            spelled[ord(letter)] = kind[ord(to)] if plain else _HARD
    spelled[END] = _END
    return folded, spelled


def _spelled(words: Iterable[str]) -> list[str]:
    spelled = pl.Series(sorted(words), dtype=pl.String).to_frame("word").select(letters.spell(pl.col("word")))
    return [word for word in spelled["word"].unique(maintain_order=True).to_list() if word]


@cache
def _anywhere() -> tuple[str, ...]:
    """Words that make a cell hard wherever they stand."""
    words = {*addressing.words("name_title"), *addressing.words("name_note"), *flag.hints(), *company.hints()}
    words |= {*addressing.words("name_placeholder", "start"), *addressing.unit_words("site")}
    return tuple(_spelled(words | {"様", "旧", "気付"}))


@cache
def _at_end() -> tuple[str, ...]:
    """Words that make a cell hard at its end."""
    places = ("end", "kana", "kanji", "long", "apart")
    words = {word for place in places for word in addressing.words("name_honorific", place)}
    return tuple(_spelled(words | {*addressing.words("name_placeholder", "whole"), _FAMILY}))


class _Pairs:
    """The last two letters of words of two letters or more."""

    def __init__(self, words: Iterable[str]) -> None:
        longer = [word for word in words if len(word) > 1 and all(map(_is_letter, word[-2:]))]
        codes = [ord(word[-2]) << 16 | ord(word[-1]) for word in longer]
        self._pairs = np.unique(np.array(codes, np.uint32))
        self.last = _is_in(word[-1] for word in longer)

    def hold(self, first: Codes, last: Codes, asked: Mask) -> Mask:
        """Of the letters asked for, those that are such a pair; few end as one does."""
        held = asked & self.last[last]
        some = np.flatnonzero(held)
        pairs = first[some].astype(np.uint32) << np.uint32(16) | last[some]
        at = np.minimum(np.searchsorted(self._pairs, pairs), len(self._pairs) - 1)
        held[some] = self._pairs[at] == pairs
        return held


def _is_letter(letter: str) -> bool:
    """It may stand in a plain name; a word with any other letter makes the cell hard by that."""
    return ord(letter) < flats.LETTERS and bool(_kinds()[1][ord(letter)])


def _is_in(some: Iterable[str]) -> Mask:
    held = np.zeros(flats.LETTERS, np.bool_)
    held[[ord(letter) for letter in some if ord(letter) < flats.LETTERS]] = True
    return held


@cache
def _pairs_anywhere() -> _Pairs:
    return _Pairs(_anywhere())


@cache
def _pairs_at_end() -> _Pairs:
    return _Pairs(_at_end())


@cache
def _single_at_end() -> Mask:
    return _is_in(word for word in _at_end() if len(word) == 1)


@cache
def _of_offices() -> tuple[Mask, Mask]:
    """Letters of a department's topic and of its kind; a department has both."""
    topic, unit = (_spelled(addressing.unit_words(kind)) for kind in ("topic", "unit"))
    return _is_in(word[-1] for word in topic), _is_in(word[-1] for word in unit)


def _telling(flat: Flat, text: Codes, told: npt.NDArray[np.uint8]) -> Mask:
    """The cells that hold a word that never stands in a plain name, may name an office, or have a small ヶ (関ケ原)."""
    places = np.flatnonzero(told > _KIND)
    traits, cells = told[places], flat.cell_of(places)
    held = np.zeros(flat.height, np.bool_)
    held[cells[_pairs_anywhere().hold(text[places - 1], text[places], (traits & _WORD) > 0)]] = True
    of_office = [np.zeros(flat.height, np.bool_) for _ in (_TOPIC, _UNIT)]
    for office, trait in zip(of_office, (_TOPIC, _UNIT), strict=True):
        office[cells[(traits & trait) > 0]] = True
    small = (traits & _SMALL) > 0
    held[cells[small][_among_kanji(places[small], told & _KIND)]] = True
    held[cells[((traits & _PARTED) > 0) & (told[places + 1] == _BLANK)]] = True
    told_all: Mask = held | (of_office[0] & of_office[1])
    return told_all


def _among_kanji(places: Places, kind: npt.NDArray[np.uint8]) -> Mask:
    """Those that have a kanji on both sides, blanks left aside."""
    before, after = places - 1 - (kind[places - 1] == _BLANK), places + 1 + (kind[places + 1] == _BLANK)
    among: Mask = (kind[before] == _HAN) & (kind[after] == _HAN)
    return among


def _ended(flat: Flat, text: Codes, kind: npt.NDArray[np.uint8], places: Places, firsts: Places) -> Mask:
    """The cells that end with a word such as 様, or as 二名 does."""
    if not len(places):
        return np.zeros(flat.height, np.bool_)
    at = places[np.maximum(firsts[1:] - 1, 0)]
    last, before = text[at], text[np.maximum(at - 1, 0)]
    of_people = _is_in(_PEOPLE)[last]
    every = np.ones(flat.height, np.bool_)
    # 二 名 is what 二名 is.
    counted = of_people & (_is_in(_NUMERALS)[before] | (kind[np.maximum(at - 1, 0)] == _BLANK))
    ended: Mask = _single_at_end()[last] | _pairs_at_end().hold(before, last, every) | counted
    return ended


def _same(text: Codes, firsts: Places, counts: Places) -> Mask:
    """ああああ: the first three letters are one."""
    same = counts > 2
    at = firsts[:-1][same]
    same[same] = (text[at] == text[at + 1]) & (text[at] == text[at + 2])
    return same
