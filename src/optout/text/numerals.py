"""Kanji numerals → numbers, as literal patterns: 二十三, 百五, 一〇五, 二千八百五十五.

Positional runs (一二三四) and the 十百千 grammar both occur in addresses; a run of one kind is one number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Final

DIGITS: Final = "〇一二三四五六七八九"
LETTERS: Final = DIGITS + "十百千"
_RUN: Final = re.compile(f"[{LETTERS}]+")
_LONGEST: Final = 7  # letters of 九千九百九十九
_UNITS: Final = "千百十"
MARKED: Final = MappingProxyType({digit: f"<{value}>" for value, digit in enumerate(DIGITS)})


@cache
def grammatical() -> tuple[str, ...]:
    """The numbers below 10,000 in the 十百千 grammar, in order; of 0 nothing.

    Examples:
        >>> grammatical()[2855]
        '二千八百五十五'
    """
    thousands, hundreds, tens = (["", unit, *(digit + unit for digit in DIGITS[2:])] for unit in _UNITS)
    ones = ["", *DIGITS[1:]]
    return tuple("".join(parts) for parts in product(thousands, hundreds, tens, ones))


@cache
def marked() -> Mapping[str, str]:
    """Every numeral below 10,000 → `<n>`, so that a number made from kanji is told from an ASCII one."""
    kanji = str.maketrans("0123456789", DIGITS)
    positional = {str(n).translate(kanji): f"<{n}>" for n in range(10, 10_000)}
    numbers = positional | {text: f"<{n}>" for n, text in enumerate(grammatical()) if n}
    numbers |= {f"一{unit}": f"<{10**power}>" for power, unit in zip((3, 2, 1), _UNITS, strict=True)}
    return MappingProxyType({**MARKED, **numbers})


def within(text: str) -> Set[str]:
    """The numerals of `marked` that stand somewhere in a text, as part of another one or not."""
    runs = set(_RUN.findall(text))
    parts = {
        run[at : at + length] for run in runs for length in range(1, _LONGEST + 1) for at in range(len(run))
    }
    return parts & marked().keys()
