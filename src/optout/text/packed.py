"""Columns of digits as bytes: eight digits are one number of 64 bits, so a rule is arithmetic on whole cells.

The cells stand one behind the other with an END behind each, and with room before the first: a cell is looked at from
its end backwards, whatever its length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.text.flat import END, Keys, Mask, Places, table

Bytes: TypeAlias = npt.NDArray[np.uint8]

_CELLS: Final = 1 << 15
_EIGHT: Final = 8
_BEFORE: Final = 2 * _EIGHT
# Eight times the byte, and what puts neighbours together: digits to pairs, pairs to fours, fours to all eight.
_EACH: Final = 0x0101_0101_0101_0101
_DIGITS: Final = np.uint64(0x0F * _EACH)
_PAIRS: Final = (np.uint64(10 * 2**8 + 1), np.uint64(8), np.uint64(0x00FF_00FF_00FF_00FF))
_FOURS: Final = (np.uint64(100 * 2**16 + 1), np.uint64(16), np.uint64(0x0000_FFFF_0000_FFFF))
_ALL: Final = (np.uint64(10_000 * 2**32 + 1), np.uint64(32))
_KIND: Final = np.uint64(0xF0 * _EACH)
ZEROS: Final = np.uint64(0x30 * _EACH)
_OVER_NINE: Final = np.uint64(0x06 * _EACH)


class Packed(NamedTuple):
    """Some consecutive cells.

    Attributes:
        codes: Their bytes, END behind each cell, and some bytes before the first.
        ends: Where the END of each cell is.
        lengths: Bytes of each cell.
    """

    codes: Bytes
    ends: Places
    lengths: Places

    def over(self, byte: int) -> Mask:
        """The cells that hold a higher byte."""
        held = np.zeros(len(self.ends), np.bool_)
        held[np.searchsorted(self.ends, np.flatnonzero(self.codes > byte))] = True
        return held

    def eight(self, back: int = 0) -> Keys:
        """The eight bytes that end so many before the end of each cell, the last one highest; cells before it show."""
        every = np.ndarray((len(self.codes) - _EIGHT + 1,), "<u8", self.codes, strides=(1,))
        found: Keys = every[self.ends - (_EIGHT + back)]
        return found


Reader: TypeAlias = Callable[[Packed], tuple[Keys, Mask]]


class Letters:
    """As what byte each letter is read; one that is neither kept nor dropped is an odd one, higher than any digit.

    Args:
        kept: Letter → ASCII letter.
        dropped: Letters that tell nothing.
        nought: A letter that is a 0 in front of a cell, and odd elsewhere.
    """

    _ODD: Final = ord("x")
    _NOUGHT: Final = ord("+") | 0x80
    _DROPPED: Final = b" "

    def __init__(self, kept: Mapping[str, str], dropped: str, nought: str) -> None:
        self._bytes = table(self._ODD)
        self._bytes[END] = END
        self._bytes[[ord(letter) for letter in kept]] = [ord(to) for to in kept.values()]
        self._bytes[[ord(letter) for letter in dropped]] = ord(self._DROPPED)
        self._bytes[ord(nought)] = self._NOUGHT
        self._of_ascii = self._bytes[:256].tobytes()

    def spelled(self, text: bytes) -> Bytes:
        """The bytes of cells, an END before each."""
        if text.isascii():
            told = text.translate(self._of_ascii)
        else:
            units = np.frombuffer(text.decode("utf-8").encode("utf-16-le"), np.uint16)
            told = self._bytes.take(units).tobytes()
        codes = np.frombuffer(bytearray(told.translate(None, self._DROPPED)), np.uint8)
        noughts = np.flatnonzero(codes == self._NOUGHT)
        codes[noughts[codes[noughts - 1] == END]] = ord("0")
        return codes


def read(written: pl.Series, of_piece: Reader, letters: Letters | None = None) -> tuple[Keys, Mask]:
    """The key of each cell, and the cells to be read by another reader; null is neither.

    Args:
        written: String.
        of_piece: What reads some cells.
        letters: As what their letters are read; as they are by default.
    """
    keys, hard = np.zeros(len(written), np.uint64), np.zeros(len(written), np.bool_)
    lines, cells = np.flatnonzero(written.is_not_null().to_numpy()), written.drop_nulls()
    for first in range(0, len(cells), _CELLS):
        here = lines[first : first + _CELLS]
        piece = _packed(cells.slice(first, _CELLS), letters)
        keys[here], hard[here] = of_piece(piece) if piece else (0, True)
    return keys, hard


def _packed(cells: pl.Series, letters: Letters | None) -> Packed | None:
    """The cells as bytes; none when a cell holds an END."""
    text = bytes(_BEFORE) + cells.str.join(chr(END)).cast(pl.Binary).item() + bytes(1)
    codes = letters.spelled(text) if letters else np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(codes[_BEFORE:] == END) + _BEFORE
    if len(ends) != len(cells):
        return None
    return Packed(codes, ends, np.diff(ends, prepend=_BEFORE - 1) - 1)


def all_digits(eight: Keys) -> Mask:
    """Of eight bytes each: they are digits."""
    told: Mask = (eight & _KIND == ZEROS) & (eight + _OVER_NINE & _KIND == ZEROS)
    return told


def last(eight: Keys, counts: Places | int) -> Keys:
    """Of eight bytes each the last so many, zeros before them."""
    before = ((_EIGHT - np.clip(counts, 0, _EIGHT)) * _EIGHT).astype(np.uint64)
    return eight >> before << before


def parted(eight: Keys, letter: str, places: tuple[int, ...]) -> tuple[Keys, Mask]:
    """Of eight bytes each: they with a digit 0 at these places, and whether the letter stands there."""
    here = sum(0xFF << _EIGHT * place for place in places)
    stood, zeros = (sum(ord(of) << _EIGHT * place for place in places) for of in (letter, "0"))
    stands: Mask = eight & np.uint64(here) == np.uint64(stood)
    return eight & ~np.uint64(here) | np.uint64(zeros), stands


def number(eight: Keys) -> Keys:
    """The number eight digits each are; a byte 0 counts as the digit."""
    (of_pairs, by_one, each), (of_fours, by_two, both), (of_all, by_four) = _PAIRS, _FOURS, _ALL
    pairs = (eight & _DIGITS) * of_pairs >> by_one & each
    return ((pairs * of_fours >> by_two & both) * of_all) >> by_four
