"""Names written plainly, read as arrays of letters: 佐藤 一郎, 佐藤一郎, サトウ イチロウ.

Plain is kanji or kana with one blank at most and none of the words that tables know to stand beside a name. Whatever
else there is makes the cell hard: `text.name` reads it. The two agree wherever this one reads at all (tested).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
# Behind a blank さま is nothing else than 様, and no name; in katakana it may be one.
_ENDINGS: Final = {" さま": " 様", "　さま": "　様"}
_KANJI: Final = (slice(0x3400, 0x4DC0), slice(0x4E00, 0xA000))
_KATAKANA: Final = (slice(0x30A1, 0x30FB),)
_AMONG_KANJI: Final = "ケガ"
_BEFORE_BLANKS: Final = "方マ"  # 佐藤方 花子, 佐藤さま 花子
_NUMERALS: Final = "一二三四五六七八九十数"
_PEOPLE: Final = "名人"
_FAMILY: Final = "家"


def _of_kinds(*kinds: int) -> Mask:
    held = np.zeros(_KIND + 1, np.bool_)
    held[list(kinds)] = True
    return held


_LED: Final = ((_LONG, _of_kinds(_KANA, _LONG)), (_AGAIN, _of_kinds(_HAN)))


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


def pieces(written: pl.Series) -> Iterator[Flat | slice]:
    """A column of names as `read` takes them."""
    return flats.pieces(written, astral(), _ENDINGS)


def read(flat: Flat) -> tuple[Names, Mask]:
    """The plain names of a piece, and which cells are hard (theirs tell nothing)."""
    table = _letters()
    text, told = table.folded.take(flat.codes), table.told.take(flat.codes)
    hard = _misplaced(flat, told & _KIND)
    text, told = _repeated(text, told)
    kind = told & _KIND
    others = _others(kind)
    hard[others.cells[others.kind == _HARD]] = True
    counts = flat.ends - flat.starts - np.bincount(others.cells, minlength=flat.height)
    firsts = np.cumsum(counts) - counts
    blanks = _bare_ends(flat, text, kind, others, hard) - flat.starts - counts
    hard |= (counts == 1) | (blanks > 1) | _twice(flat, text, others) | _telling(flat, text, told)
    places = np.flatnonzero(kind >= _HAN)
    letters_of = text.take(places)
    hard |= _ended(text, kind, places, firsts + counts) | _same(letters_of, firsts, counts)
    read = ~hard & (counts > 0)
    key = np.where(read, flats.digests(letters_of, counts), flats.NOTHING)
    head = np.zeros(flat.height, np.uint64)
    first = letters_of.take(firsts[read])
    head[read] = flats.digests_of_two(first, first, np.ones(len(first), np.bool_))
    return Names(key, head, np.logical_or.reduceat(kind == _HAN, flat.starts) & read), hard


class _Others(NamedTuple):
    """The letters of a piece that are not of a name, in order: where they stand, in which cells, and their kinds."""

    places: Places
    cells: Places
    kind: npt.NDArray[np.uint8]

    def of_kind(self, kind: int) -> tuple[Places, Places]:
        """Where those of a kind stand, and in which cells."""
        some = np.flatnonzero(self.kind == kind)
        return self.places.take(some), self.cells.take(some)


def _others(kind: npt.NDArray[np.uint8]) -> _Others:
    places = np.flatnonzero(kind < _HAN)
    kinds = kind.take(places)
    ends = kinds == _END
    inner = np.flatnonzero(~ends)
    return _Others(places.take(inner), np.cumsum(ends).take(inner), kinds.take(inner))


def _misplaced(flat: Flat, kind: npt.NDArray[np.uint8]) -> Mask:
    """The cells with a sign of a long vowel that follows no kana, or a 々 that follows no kanji."""
    held = np.zeros(flat.height, np.bool_)
    for sign, led in _LED:
        places = np.flatnonzero(kind == sign)
        alone = ~led.take(kind.take(places - 1)) | (places == 0)
        held[flat.cell_of(places[alone])] = True
    return held


def _repeated(text: Codes, told: npt.NDArray[np.uint8]) -> tuple[Codes, npt.NDArray[np.uint8]]:
    """佐々木 → 佐佐木."""
    again = np.flatnonzero(told == _AGAIN)
    if len(again):
        text[again], told[again] = text[again - 1], told[again - 1] & ~_KIND | np.uint8(_HAN)
    return text, told


def _twice(flat: Flat, text: Codes, others: _Others) -> Mask:
    """佐藤一郎 佐藤花子: words of three kanji and more that begin alike are two people."""
    places, cells = others.of_kind(_BLANK)
    starts = flat.starts.take(cells)
    long = np.flatnonzero((places - starts > 2) & (flat.ends.take(cells) - places > 3))
    held = np.zeros(flat.height, np.bool_)
    held[cells[long[text.take(places[long] + 1) == text.take(starts[long])]]] = True
    return held


def _bare_ends(flat: Flat, text: Codes, kind: npt.NDArray[np.uint8], others: _Others, hard: Mask) -> Places:
    """Where each cell ends without a 様 and the blank before it; a 様 anywhere else makes it hard, and so does 同様."""
    ends = flat.ends
    polite = (kind.take(ends - 1) == _POLITE) & (ends > flat.starts)
    at = np.flatnonzero(polite)
    hard[at[_pairs_at_end().hold(text.take(ends[at] - 2), text.take(ends[at] - 1))]] = True
    ends = ends - polite
    inner, cells = others.of_kind(_POLITE)
    hard[cells[inner < ends[cells]]] = True
    bare: Places = ends - (polite & (kind.take(ends - 1) == _BLANK))
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
        self.first, self.last = (_is_in(word[place] for word in longer) for place in (-2, -1))

    def hold(self, first: Codes, last: Codes) -> Mask:
        """Those that are such a pair; few end as one does, and fewer begin so."""
        held = self.last.take(last) & self.first.take(first)
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
    traits = told.take(places)
    words, topics, units, small, parted = (
        places[traits & trait > 0] for trait in (_WORD, _TOPIC, _UNIT, _SMALL, _PARTED)
    )
    word = _pairs_anywhere().hold(text.take(words - 1), text.take(words))
    among = _among_kanji(small, told & _KIND)
    telling = np.concatenate((words[word], small[among], parted[told.take(parted + 1) == _BLANK]))
    held, of_topic, of_unit = (flat.holding(some) for some in (telling, topics, units))
    told_all: Mask = held | (of_topic & of_unit)
    return told_all


def _among_kanji(places: Places, kind: npt.NDArray[np.uint8]) -> Mask:
    """Those that have a kanji on both sides, blanks left aside."""
    before, after = places - 1 - (kind[places - 1] == _BLANK), places + 1 + (kind[places + 1] == _BLANK)
    among: Mask = (kind[before] == _HAN) & (kind[after] == _HAN)
    return among


def _ended(text: Codes, kind: npt.NDArray[np.uint8], places: Places, behind: Places) -> Mask:
    """The cells that end with a word such as 様, or as 二名 does; `behind` the last letter of each among `places`."""
    if not len(places):
        return np.zeros(len(behind), np.bool_)
    at = places.take(np.maximum(behind - 1, 0))
    before_it = np.maximum(at - 1, 0)
    last, before = text.take(at), text.take(before_it)
    people, numerals = _of_people()
    # 二 名 is what 二名 is.
    counted = people.take(last) & (numerals.take(before) | (kind.take(before_it) == _BLANK))
    ended: Mask = _single_at_end().take(last) | _pairs_at_end().hold(before, last) | counted
    return ended


@cache
def _of_people() -> tuple[Mask, Mask]:
    return _is_in(_PEOPLE), _is_in(_NUMERALS)


def _same(text: Codes, firsts: Places, counts: Places) -> Mask:
    """ああああ: the first three letters are one."""
    same = counts > 2
    at = firsts[same]
    same[same] = (text[at] == text[at + 1]) & (text[at] == text[at + 2])
    return same
