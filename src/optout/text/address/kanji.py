"""Kanji numerals in cells as arrays of letters: where each stands, what number it is, whether it is one at all.

三丁目十四番 holds two numbers, 三田 none: what follows decides, as `banchi` has it. In doubt a numeral is neither.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from optout.text import flat as flats
from optout.text import numerals
from optout.text.flat import END, Codes, Mask, Places

_NO_NUMBER: Final = -1
_LONGEST: Final = 7  # letters of 九千九百九十九
_BITS: Final = 4  # of a letter in the code of a numeral
_SHORT: Final = 4  # letters of the numerals that are looked up directly
_DIGITS: Final = "0123456789"
# A numeral is a number at the end of a cell and in front of these, whatever stands behind them.
_AT_ONCE: Final = " -・~ー"
# In front of these it is one if one of the others follows, or the end, or another numeral.
_IF_FOLLOWED: Final = {"丁": "目", "番": "地号-ノ・~ー ", "号": "室 ", "ノ": ""}
_NEVER_AT_END: Final = "丁ノ"
_NEVER_BY_NUMERAL: Final = "丁"
# In front of these it may be one, in front of any other letter it is part of a name: 三田.
MAY_COUNT: Final = f" 丁目番地号割字-ノ・~ー{_DIGITS}"
# In front of the same it is part of a name unless one of these follows, or the end, or another numeral: 一番町, 八ノ窪.
_NAME_UNLESS: Final = {"丁": "目 ", "番": "地号-ノ・~ー ", "号": "室 ", "ノ": ""}


class Numerals(NamedTuple):
    """Runs of kanji numerals, in order.

    Attributes:
        starts, ends: Where each begins, and behind its last letter.
        value: The number it is; negative for a run that is no numeral below 10,000.
        certain: It is a number, of the address or the building, and no part of a name.
        unclear: It may be a number.
    """

    starts: Places
    ends: Places
    value: Places
    certain: Mask
    unclear: Mask


def numerals_of(text: Codes, places: Places, digit: Mask) -> Numerals:
    """The runs among these letters.

    Args:
        text: Folded letters of a piece.
        places: Where its kanji numerals stand.
        digit: For every letter, whether it is a digit.
    """
    breaks = np.flatnonzero(np.diff(places) != 1)
    first, last = (np.concatenate(edge) for edge in (([0], breaks + 1), (breaks, [len(places) - 1])))
    if not len(places):
        first = last = places
    starts, ends = places[first], places[last] + 1
    value = _values(text, starts, ends)
    counts, may_count = _counts(text, ends)
    certain = counts & (value >= 0) & ~digit.take(starts - 1) & ~digit.take(ends)
    return Numerals(starts, ends, value, certain, ~certain & (may_count | (value < 0)))


def _values(text: Codes, starts: Places, ends: Places) -> Places:
    widths, letter = ends - starts, _letters()
    code = np.zeros(len(starts), np.int64)
    for nth in range(min(_LONGEST, int(widths.max(initial=0)))):
        held = slice(None) if nth == 0 else np.flatnonzero(widths > nth)
        code[held] = code[held] << _BITS | letter.take(text.take(starts[held] + nth))
    short, long, value = _numbers()
    found = short.take(np.minimum(code, len(short) - 1)).astype(np.int64)
    more = np.flatnonzero(widths > _SHORT)
    at = np.minimum(np.searchsorted(long, code[more]), len(long) - 1)
    found[more] = np.where((long[at] == code[more]) & (widths[more] <= _LONGEST), value[at], _NO_NUMBER)
    return found


@cache
def _letters() -> npt.NDArray[np.uint8]:
    """A number from 1 for each letter of a numeral."""
    letter = flats.table()
    letter[[ord(each) for each in numerals.LETTERS]] = np.arange(1, len(numerals.LETTERS) + 1)
    return letter


@cache
def _numbers() -> tuple[npt.NDArray[np.int16], Places, Places]:
    """Numbers by the code of the numeral: a table for short ones; codes of the long ones, sorted, and their numbers."""
    known = {word: int(number[1:-1]) for word, number in numerals.marked().items()}
    nibble = {letter: nth for nth, letter in enumerate(numerals.LETTERS, 1)}
    short = np.full(1 << _BITS * _SHORT, _NO_NUMBER, np.int16)
    long = {}
    for word, number in known.items():
        code = 0
        for letter in word:
            code = code << _BITS | nibble[letter]
        if len(word) <= _SHORT:
            short[code] = number
        else:
            long[code] = number
    codes = sorted(long)
    return short, np.array(codes, np.int64), np.array([long[code] for code in codes], np.int64)


def _counts(text: Codes, ends: Places) -> tuple[Mask, Mask]:
    """What follows counts, and is not part of a name; and: it may be so."""
    following, after = text.take(ends), text.take(np.minimum(ends + 1, len(text) - 1))
    at_once, may_count, numeral, if_followed, name_unless = _tables()
    counts = (following == END) | at_once.take(following)
    may = (following == END) | may_count.take(following)
    for letter in _IF_FOLLOWED:
        here = np.flatnonzero(following == ord(letter))
        behind, end = after[here], after[here] == END
        may[here] = name_unless[letter][behind] | numeral[behind] | end
        counts[here] = if_followed[letter][behind]
        if letter not in _NEVER_AT_END:
            counts[here] |= end
        if letter not in _NEVER_BY_NUMERAL:
            counts[here] |= numeral[behind]
    return counts, may


@cache
def _tables() -> tuple[Mask, Mask, Mask, dict[str, Mask], dict[str, Mask]]:
    followed, unless = (
        {letter: is_in(on) for letter, on in table.items()} for table in (_IF_FOLLOWED, _NAME_UNLESS)
    )
    return is_in(_AT_ONCE), is_in(MAY_COUNT), is_in(_DIGITS + numerals.LETTERS), followed, unless


def is_in(letters: str) -> Mask:
    """A table of all (folded) letters: is it one of these?"""
    held = np.zeros(flats.LETTERS, np.bool_)
    held[[ord(letter) for letter in letters]] = True
    return held
