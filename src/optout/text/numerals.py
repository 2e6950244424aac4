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
_UNITS: Final = (("千", 1000), ("百", 100), ("十", 10))
MARKED: Final = MappingProxyType({digit: f"<{value}>" for value, digit in enumerate(DIGITS)})


def written(number: int) -> str:
    """A number below 10,000 in the 十百千 grammar.

    Examples:
        >>> written(2855)
        '二千八百五十五'
    """
    text = ""
    for unit, size in _UNITS:
        count, number = divmod(number, size)
        if count:
            text += ("" if count == 1 else DIGITS[count]) + unit
    return text + (DIGITS[number] if number else "")


def _positional() -> dict[str, str]:
    runs = {}
    for length in (2, 3, 4):
        for digits in product(range(10), repeat=length):
            if digits[0]:
                runs["".join(DIGITS[d] for d in digits)] = "".join(map(str, digits))
    return runs


@cache
def marked() -> Mapping[str, str]:
    """Every numeral below 10,000 → `<n>`, so that a number made from kanji is told from an ASCII one."""
    numbers = _positional() | {written(n): str(n) for n in range(1, 10_000)}
    numbers |= {f"一{unit}": str(size) for unit, size in _UNITS}
    return MappingProxyType({**MARKED, **{text: f"<{n}>" for text, n in numbers.items()}})


def within(text: str) -> Set[str]:
    """The numerals of `marked` that stand somewhere in a text, as part of another one or not."""
    runs = set(_RUN.findall(text))
    parts = {
        run[at : at + length] for run in runs for length in range(1, _LONGEST + 1) for at in range(len(run))
    }
    return parts & marked().keys()
