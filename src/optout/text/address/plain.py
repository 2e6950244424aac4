"""Addresses written plainly, read as arrays of letters: town, up to three numbers, as `sketch` sees them.

Plain is 新宿区西新宿3-2-1, 西新宿３丁目２番１号 見本ビル301, 西新宿三丁目2-1, 大字見本123番地4: numerals in digits, one
way of parting them, nothing in brackets. Whatever else there is makes the cell hard, which costs time and nothing
else: `banchi.sketched` reads it. The two agree wherever this one reads at all (tested).
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.text import flat as flats
from optout.text import numerals
from optout.text.address import banchi, kanji, spelling
from optout.text.address.kanji import is_in
from optout.text.flat import END, Codes, Flat, Keys, Mask, Places

# Kinds of letters, the last three rare. _PART: between numbers; _KANJI: numerals; _BOUND: hard beside some letters.
_OTHER, _PART, _END, _DIGIT, _KANJI, _BOUND, _HARD = range(7)
_BLANK: Final = ord(" ")
_PARTS: Final = " 丁目番地号割字-ノ・~ー"
# A number in front of one of these may be part of a name: 1条, 2線, 3区, 4東, 5地割; 1月2日 is a date to a spreadsheet.
_NAMING: Final = "条線区部軒東西南北月年地字"
# Marks of something the other path takes out or reads otherwise: brackets, dates, lots.
_ODD: Final = "([「【<>/#.:〒廿壱弐参"
# The streets of 京都 (東入, 上ル), and what stands in the place of numbers (無番地, 番外地, 地先).
_BEHIND: Final = {"る": "入上下ケ", "ル": "入上下ケ", "入": "東西", "外": "番", "先": "地"}
_IN_FRONT: Final = {"無": "番"}
_WINDOW: Final = 4  # letters before the number that may have a say in the tail
_WIDEST: Final = 4  # letters between two numbers
_LONGEST: Final = 5  # digits of a number
_LIMIT: Final = 10**_LONGEST
_SHIFTS: Final = tuple(np.uint64(20 * nth) for nth in range(3))
_YEARS: Final = (1900, 2100)


class Sketch(NamedTuple):
    """What lane 1 knows of addresses: one key a cell, 0 where not told.

    Attributes:
        town: Of the two letters before the numbers.
        numbers: Of all numbers, three at most.
        cut: Of all but the last; 0 for a single one.
    """

    town: Keys
    numbers: Keys
    cut: Keys


def sketched(written: pl.Series) -> Sketch:
    """The keys of every cell, plain or not."""
    found = Sketch(*(np.zeros(len(written), np.uint64) for _ in Sketch._fields))
    hard = np.zeros(len(written), np.bool_)
    for piece in flats.pieces(written):
        if isinstance(piece, slice):
            hard[piece] = True
            continue
        here = slice(piece.first, piece.first + piece.height)
        some, hard[here] = read(piece)
        for all_of, of_piece in zip(found, some, strict=True):
            all_of[here] = of_piece
    lines = np.flatnonzero(hard)
    if len(lines):
        others = of_strings(banchi.sketched(*spelling.cleaned(written.gather(lines))))
        for all_of, of_hard in zip(found, others, strict=True):
            all_of[lines] = of_hard
    return found


def of_strings(sketch: pl.DataFrame) -> Sketch:
    """The same keys from `tail`, `n1`, `n2`, `n3` String."""
    columns = [sketch[name].fill_null("") for name in banchi.NUMBERS[:3]]
    told = [(column.str.len_bytes() > 0).to_numpy() for column in columns]
    small = [column.cast(pl.UInt64, strict=False).fill_null(_LIMIT).to_numpy() for column in columns]
    strange = [said & (one >= _LIMIT) for said, one in zip(told, small, strict=True)]
    whole, cut = _packed(
        [np.where(said, one + 1, 0).astype(np.uint64) for said, one in zip(told, small, strict=True)]
    )
    begun = strange[0] | strange[1]
    _worded(whole, sketch, begun | strange[2], 3)
    _worded(cut, sketch, told[2] & begun, 2)
    _worded(cut, sketch, told[1] & ~told[2] & strange[0], 1)
    return Sketch(flats.of_words(sketch["tail"]), whole, cut)


def _worded(keys: Keys, sketch: pl.DataFrame, where: Mask, count: int) -> None:
    """Keys of the first numbers of lines in which one is no small number (無番地, 123456)."""
    lines = np.flatnonzero(where)
    if len(lines):
        numbers = (
            sketch[lines]
            .select(pl.col(banchi.NUMBERS[:count]).fill_null(""))
            .select(pl.concat_str(pl.all(), pl.lit("-" * (3 - count)), separator="-"))
        )
        keys[lines] = flats.of_words(numbers.to_series())


def _packed(numbers: list[Keys]) -> tuple[Keys, Keys]:
    """Keys of numbers that were raised by one, 0 = none: of all of them, and without the last."""
    first, second, third = (number << shift for number, shift in zip(numbers, _SHIFTS, strict=True))
    cut = np.where(third > 0, first | second, np.where(second > 0, first, np.uint64(0)))
    return flats.spread(first | second | third), flats.spread(cut)


class _Letters(NamedTuple):
    """Tables of all letters: as folded, its kind, the value of a digit or kanji numeral."""

    folded: Codes
    kind: npt.NDArray[np.uint8]
    value: npt.NDArray[np.uint8]


@cache
def _letters() -> _Letters:
    folded = np.arange(flats.LETTERS, dtype=np.uint16)
    kind, value = flats.table(_OTHER), flats.table()
    kind[flats.beyond()] = _HARD
    fold = spelling.replacements()
    for letter, instead in fold.items():
        if len(letter) == 1 and ord(letter) < flats.LETTERS:
            plain = len(instead) == 1 and ord(instead) < flats.LETTERS
            folded[ord(letter)] = ord(instead) if plain else ord(letter)
            kind[ord(letter)] = _OTHER if plain else _HARD
    for wanted, letters in (
        (_PART, _PARTS),
        (_BOUND, [*_BEHIND, *_IN_FRONT]),
        (_HARD, _ODD + "abcdefghijklmnopqrstuvwxyz"),
    ):
        for letter in letters:
            kind[folded == ord(letter)] = wanted
    # Letters that nobody sees are taken out before anything else is.
    kind[folded == END] = _HARD
    for digit in range(10):
        same = folded == ord("0") + digit
        kind[same], value[same] = _DIGIT, digit
    for number, letter in enumerate(numerals.DIGITS):
        kind[ord(letter)], value[ord(letter)] = _KANJI, number
    for letter in "十百千":
        kind[ord(letter)] = _KANJI
    # Marks of voicing belong to the letter before.
    for letter in "゛゜ﾞﾟ\u3099\u309a":
        kind[ord(letter)] = _HARD
    kind[END] = _END
    return _Letters(folded, kind, value)


@cache
def _pairs() -> npt.NDArray[np.uint32]:
    """The last two letters of every word that the fold spells as another word."""
    numbers = numerals.marked()
    words = [word for word in spelling.replacements() if len(word) > 1 and word not in numbers]
    folded = _letters().folded
    changed = [word for word in words if _ends(word) and _letterwise(word) != spelling.replacements()[word]]
    ends = [folded[[ord(letter) for letter in word[-2:]]] for word in changed]
    return np.unique([int(a) << 16 | int(b) for a, b in ends]).astype(np.uint32)


def _ends(word: str) -> bool:
    """The kind of its last two letters leaves them to be read here."""
    return all(ord(letter) < flats.LETTERS and _letters().kind[ord(letter)] != _HARD for letter in word[-2:])


def _letterwise(word: str) -> str:
    return "".join(chr(_letters().folded[ord(letter)]) for letter in word)


def respelt(text: Codes, places: Places) -> Places:
    """Which of these places, numbered, may end a word that the fold spells as another word."""
    found = np.flatnonzero(_ends_pair()[text[places]])
    at = places[found]
    pair = text[at - 1].astype(np.uint32) << np.uint32(16) | text[at]
    some: Places = found[_is_pair(pair)]
    return some


def _is_pair(letters: npt.NDArray[np.uint32]) -> Mask:
    pairs = _pairs()
    found: Mask = pairs.take(np.minimum(np.searchsorted(pairs, letters), len(pairs) - 1)) == letters
    return found


@cache
def _ends_pair() -> Mask:
    """A table of all (folded) letters: does it end one of `_pairs`?"""
    held = np.zeros(flats.LETTERS, np.bool_)
    held[_pairs() & np.uint32(flats.LETTERS - 1)] = True
    return held


_IS_NAMING: Final = is_in(_NAMING)
_IS_DASH: Final = is_in("-ノ・~ー")
# Joins two numbers by itself; 号 is the last of them, and joins none behind the second.
_IS_JOINT: Final = (is_in("-ノ・~ー番"), is_in("-ノ・~ー番号"))
_ENDS_CITY: Final = is_in(banchi.ENDS_CITY)
_DROPPED: Final = is_in("条第字")
_NO_TAIL: Final = is_in("<> 条第字-")


def _digits_of_kanji() -> Codes:
    digit = np.zeros(flats.LETTERS, np.uint16)
    digit[[ord(letter) for letter in numerals.LETTERS]] = [
        ord("0") + number for number in (*range(10), 0, 0, 0)
    ]
    return digit


def _tens_of_kanji() -> Codes:
    tens = np.zeros(flats.LETTERS, np.uint16)
    tens[[ord(letter) for letter in "十百千"]] = [ord(digit) for digit in "100"]
    return tens


_DIGIT_OF: Final = _digits_of_kanji()  # the last one
_TENS_OF: Final = _tens_of_kanji()  # the one before, if there is one


def digits_of_kanji(text: Codes) -> Codes:
    """The same letters, kanji numerals that are a digit replaced by it."""
    digit = _DIGIT_OF[text]
    letters: Codes = np.where((digit > 0) & (_TENS_OF[text] == 0), digit, text)
    return letters


class Piece(NamedTuple):
    """A piece and what its letters are.

    Attributes:
        flat: The letters as written.
        text, kind: Each as folded, and its kind.
        number: Whether it is a digit, or of a kanji numeral that is a number.
        few: Where the letters that are numerals, bound or hard stand.
        numerals: All kanji numerals.
    """

    flat: Flat
    text: Codes
    kind: npt.NDArray[np.uint8]
    number: Mask
    few: Places
    numerals: kanji.Numerals

    def of_kind(self, kind: int) -> Places:
        """Where the letters of one of these kinds stand."""
        found: Places = self.few[self.kind.take(self.few) == kind]
        return found


class Parted(NamedTuple):
    """Plain cells in parts.

    Attributes:
        piece: What they are in.
        runs: Its numbers.
        hard: Of each cell of the piece, whether it is not plain.
        lines: The cells with numbers, hard ones among them.
        begin, end: Where their numbers begin, and behind the last number.
        numbers: As many as asked for, each raised by one, 0 for none.
    """

    piece: Piece
    runs: flats.Runs
    hard: Mask
    lines: Places
    begin: Places
    end: Places
    numbers: list[Places]


def read(flat: Flat) -> tuple[Sketch, Mask]:
    """The keys of the plain cells of a piece, and which cells are hard (theirs tell nothing)."""
    piece, _, hard, lines, begin, _, numbers = parted(flat)
    town, unclear = _towns(piece, begin, flat.starts[lines])
    hard[lines[unclear]] = True
    odd, packed = hard[lines], _packed([number.astype(np.uint64) for number in numbers])
    found = Sketch(*(np.zeros(flat.height, np.uint64) for _ in Sketch._fields))
    for all_of, some in zip(found, (town, *packed), strict=True):
        all_of[lines] = np.where(odd, flats.NOTHING, some)
    return found, hard


def parted(flat: Flat, most: int = 3) -> Parted:
    """Where the numbers of the plain cells of a piece stand, and the first ones of them."""
    piece = _piece(flat)
    runs = flats.runs(flat, piece.number)
    hard = flat.holding(np.concatenate((piece.of_kind(_HARD), _bound(piece))))
    hard |= (runs.counts() == 0) & (flat.ends > flat.starts)
    _unclear(piece, runs, hard)
    lines = np.flatnonzero(~hard & (runs.counts() > 0))
    nth = runs.firsts[lines]
    begin = runs.starts.take(nth) if len(lines) else lines
    numbers, end, odd = _numbers(piece, runs, nth, most)
    hard[lines[odd | (begin == flat.starts[lines])]] = True
    return Parted(piece, runs, hard, lines, begin, end, numbers)


def _piece(flat: Flat) -> Piece:
    letters = _letters()
    text, kind = letters.folded.take(flat.codes), letters.kind.take(flat.codes)
    few = np.flatnonzero(kind >= _KANJI)
    number, written = kind == _DIGIT, few[kind.take(few) == _KANJI]
    numerals = kanji.numerals_of(text, written, number)
    number[written] = np.repeat(numerals.certain, numerals.ends - numerals.starts)
    return Piece(flat, text, kind, number, few, numerals)


def digit_values() -> npt.NDArray[np.uint8]:
    """Of every letter as written, the value of a digit."""
    return _letters().value


def may_be_year(number: Places) -> Mask:
    """Of a number raised by one: 2001-10-02 is a date to a spreadsheet."""
    return (_YEARS[0] < number) & (number <= _YEARS[1])


def _bound(piece: Piece) -> Places:
    """Where a letter of `_BEHIND` or `_IN_FRONT` stands beside one of its letters."""
    places = piece.of_kind(_BOUND)
    text, held = piece.text[places], np.zeros(len(places), np.bool_)
    for step, pairs in ((-1, _BEHIND), (1, _IN_FRONT)):
        other = piece.text[places + step]
        for letter, beside in pairs.items():
            held |= (text == ord(letter)) & _among(other, beside)
    beside_them: Places = places[held]
    return beside_them


def _among(text: Codes, letters: str) -> Mask:
    among: Mask = np.logical_or.reduce([text == ord(letter) for letter in letters])
    return among


def _unclear(piece: Piece, runs: flats.Runs, hard: Mask) -> None:
    """Hard is a cell in which something that may be a number stands in front of its first one."""
    places = piece.numerals.starts[piece.numerals.unclear]
    cells = piece.flat.cell_of(places)
    hard[cells[np.searchsorted(runs.starts, places) == runs.firsts[cells]]] = True


def _numbers(piece: Piece, runs: flats.Runs, nth: Places, most: int) -> tuple[list[Places], Places, Mask]:
    """The numbers from the nth run on, where the last one ends, and which cells are hard after all."""
    at, odd = np.zeros(len(nth), np.int64), np.zeros(len(nth), np.bool_)
    numbers, asked = [], np.arange(len(nth))
    for count in range(most):
        if count:
            joined, strange = _joined(piece, at.take(asked), first=count == 1)
            odd[asked[strange]] = True
            asked = asked[joined & ~strange]
        run = nth.take(asked) + count
        begins, ends = (edge.take(run) if len(run) else run for edge in (runs.starts, runs.ends))
        odd[asked[(ends - begins > _LONGEST) & (piece.kind.take(begins) == _DIGIT)]] = True
        number = np.zeros(len(nth), np.int64)
        number[asked] = _values(piece, begins, ends) + 1
        numbers.append(number)
        at[asked] = ends
    odd |= (may_be_year(numbers[0]) | may_be_year(numbers[1])) & (numbers[2] > 0)
    odd |= may_be_year(numbers[-1]) & _IS_DASH.take(piece.text.take(at))
    return numbers, at, odd


def _values(piece: Piece, begins: Places, ends: Places) -> Places:
    value = flats.values(_letters().value, piece.flat.codes, begins, ends, _LONGEST)
    written = np.flatnonzero(piece.kind.take(begins) == _KANJI)
    value[written] = piece.numerals.value[np.searchsorted(piece.numerals.starts, begins[written])]
    return value


def _joined(piece: Piece, at: Places, *, first: bool) -> tuple[Mask, Mask]:
    """Does another number belong to the one that ends at the place? And the cells in which that is not plain."""
    joined = _IS_JOINT[first].take(piece.text.take(at)) & piece.number.take(at + 1)
    strange = np.zeros(len(at), np.bool_)
    others = np.flatnonzero(~joined)
    joined[others], strange[others] = _parted(piece, at.take(others))
    return joined, strange


def _parted(piece: Piece, at: Places) -> tuple[Mask, Mask]:
    """The same where more than one letter, or none that joins, stands behind the number."""
    text, kind = piece.text, piece.kind
    first, second = text.take(at), text.take(at + 1)
    end = at.copy()
    for _ in range(_WIDEST):
        end += kind.take(end) == _PART
    follows, gap = kind.take(end), end - at
    pair = (first == ord("丁")) & (second == ord("目")) | (first == ord("番")) & (second == ord("地"))
    wide = pair & ((gap == 2) | (gap == 3) & _IS_DASH.take(text.take(at + 2)))
    digit = piece.number.take(end)
    joined = digit & (wide | (gap == 2) & (first == ord("号")) & _IS_DASH.take(second))
    alone = (gap == 1) & ((first == _BLANK) | (first == ord("号")))
    strange = (follows == _PART) | (follows == _KANJI) & ~digit & ~((gap == 1) & (first == _BLANK))
    strange |= digit & ~joined & ~alone & (gap > 0)
    strange |= _IS_NAMING.take(first) | (first == ord("丁")) & (second != ord("目"))
    strange |= (first == ord("番")) & ((second == ord("町")) | (second == ord("丁")))
    return joined, strange | _IS_DASH.take(first) & ~digit & (follows != _END)


def _letters_before(piece: Piece, begin: Places, starts: Places) -> list[Codes]:
    """The letters before the numbers, the last one first, END before the first of a cell.

    Without what `banchi.tails` drops: single blanks, 条, 第, 字 with its 大 or 小.
    """
    found, at, codes = [], begin, piece.flat.codes
    for _ in range(_WINDOW):
        at = at - 1
        at = at - (piece.text.take(at) == _BLANK)
        dropped = np.flatnonzero(_DROPPED.take(piece.text.take(at)))
        there = at[dropped]
        small = (codes[there] == ord("字")) & (
            (codes[there - 1] == ord("大")) | (codes[there - 1] == ord("小"))
        )
        at[dropped] -= 1 + small
        found.append(np.where(at >= starts, piece.text.take(at), np.uint16(END)))
    return found


def _towns(piece: Piece, begin: Places, starts: Places) -> tuple[Keys, Mask]:
    """The key of the two letters before the numbers, a final 町 apart; of the last alone behind a municipality's sign.

    And the cells in which these letters are not plain.
    """
    before = _letters_before(piece, begin, starts)
    kinds = _letters().kind
    town = before[0] == ord("町")
    last = np.where(town, before[1], before[0])
    first = np.where(town, before[2], before[1])
    odd = last == END
    odd |= _NO_TAIL.take(before[0]) | _NO_TAIL.take(last) | _NO_TAIL.take(first)
    # A kanji numeral stands for its digits, of which the last two count; a longer one is not plain.
    third = np.where(town, before[3], before[2])
    one, two, three = (kinds.take(letter) == _KANJI for letter in (last, first, third))
    odd |= (one & two) | (two & three)
    tens = _TENS_OF.take(last)
    first = np.where(one & (tens > 0), tens, np.where(two, _DIGIT_OF.take(first), first))
    last = np.where(one, _DIGIT_OF.take(last), last)
    for nth in range(_WINDOW - 1):
        respelt = _ends_pair().take(before[nth]) & ((nth < _WINDOW - 2) | town)
        cells = np.flatnonzero(respelt)
        pair = before[nth + 1][cells].astype(np.uint32) << np.uint32(16) | before[nth][cells]
        odd[cells] |= _is_pair(pair)
    alone = _ENDS_CITY.take(first) | (first == END)
    return flats.digests_of_two(np.where(alone, last, first), last, alone), odd
