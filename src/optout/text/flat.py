"""Cells as arrays of letters: what is plainly written is read at a tenth of what string expressions cost.

A column's cells stand one behind the other as UTF-16 code units with an END behind each, so a rule is a lookup in a
table of all letters and a few comparisons of whole arrays. Nothing here decides what is odd: a reader of plain cells
says which cells it cannot read (`hard`), and those take the path of string expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Mask: TypeAlias = npt.NDArray[np.bool_]
Places: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.uint16]
Keys: TypeAlias = npt.NDArray[np.uint64]

LETTERS: Final = 1 << 16
END: Final = 0
NOTHING: Final = np.uint64(0)  # of keys: not told
# Stays in the cache with all that is made of it.
_CELLS: Final = 1 << 15
_BEHIND: Final = 8  # ENDs behind the last cell, so that looking a few letters ahead needs no care
_SURROGATES: Final = range(0xD800, 0xE000)
_ODD: Final = 6_364_136_223_846_793_005
_MOST_LETTERS: Final = 64
_OF_HALF: Final = np.uint16(0xFC00)  # what tells a first half from any other letter
# Of so many letters the digests are made at a time.
_LETTERS: Final = 1 << 15
_FEW: Final = 16  # one in so many places, and looking each up costs as much as telling all cells
_SPREAD: Final = np.uint64(11_400_714_819_323_198_485)


def _powers(of: int, count: int) -> Keys:
    """From 1 on, modulo 2^64."""
    powers = np.full(count, of, np.uint64)
    powers[0] = 1
    return np.cumprod(powers)


_POWERS: Final = _powers(_ODD, _LETTERS + _MOST_LETTERS + 1)[1:]
_INVERSE: Final = _powers(pow(_ODD, -1, 1 << 64), _LETTERS)


class Flat(NamedTuple):
    """Some consecutive cells.

    Attributes:
        first: Number of the first cell in its column.
        codes: Their letters, END behind each cell, and a few more END.
        starts, ends: Where each cell begins, and its END.
    """

    first: int
    codes: Codes
    starts: Places
    ends: Places

    @property
    def height(self) -> int:
        """How many cells."""
        return len(self.starts)

    def holding(self, places: Places) -> Mask:
        """The cells that hold one of these places."""
        held = np.zeros(self.height, np.bool_)
        held[self.cell_of(places)] = True
        return held

    def cell_of(self, places: Places) -> Places:
        """The cell each place belongs to; an END belongs to the cell before it."""
        if len(places) * _FEW < len(self.codes):
            return np.searchsorted(self.ends, places)
        return np.repeat(np.arange(self.height), self.ends + 1 - self.starts).take(places)


def pieces(
    written: pl.Series, astral: Mapping[str, str] | None = None, endings: Mapping[str, str] | None = None
) -> Iterator[Flat | slice]:
    """A String column in pieces; null is an empty cell. A piece of which a cell holds an END is given as a slice.

    Args:
        written: The cells.
        astral: What letters beyond the first plane (𠮷) are read as; others become two halves.
        endings: What some ends of cells are read as.
    """
    for first in range(0, len(written), _CELLS):
        cells = written.slice(first, _CELLS)
        text = (cells.fill_null("") if cells.null_count() else cells).str.join(chr(END)).item() + chr(END)
        for ending, instead in (endings or {}).items():
            text = text.replace(ending + chr(END), instead + chr(END))
        units = text.encode("utf-16-le", "surrogatepass")
        if astral and len(units) != 2 * len(text):
            for letter in astral.keys() & _beyond_first(units):
                text = text.replace(letter, astral[letter])
            units = text.encode("utf-16-le", "surrogatepass")
        codes = np.frombuffer(units + bytes(2 * (_BEHIND - 1)), np.uint16)
        ends = np.flatnonzero(codes == END)
        if len(ends) != len(cells) - 1 + _BEHIND:
            yield slice(first, first + len(cells))
            continue
        ends = ends[: len(cells)]
        yield Flat(first, codes, np.concatenate(([0], ends[:-1] + 1)), ends)


def _beyond_first(units: bytes) -> set[str]:
    """The letters beyond the first plane."""
    codes = np.frombuffer(units, np.uint16)
    first = np.flatnonzero(codes & _OF_HALF == _SURROGATES.start)
    halves = codes.take(first).astype(np.uint32) | codes.take(first + 1).astype(np.uint32) << np.uint32(16)
    return set(np.unique(halves).tobytes().decode("utf-16-le"))


def table(default: int = 0) -> npt.NDArray[np.uint8]:
    """A table of all letters, for kinds of letters."""
    return np.full(LETTERS, default, np.uint8)


def beyond() -> range:
    """Halves of letters beyond the first plane."""
    return _SURROGATES


class Runs(NamedTuple):
    """Runs of digits in the cells of a piece, in order.

    Attributes:
        starts, ends: Where each begins, and behind its last digit.
        firsts: For each cell the number of its first run; for the cell behind the last, how many runs there are.
    """

    starts: Places
    ends: Places
    firsts: Places

    def counts(self) -> Places:
        """Runs in each cell."""
        return np.diff(self.firsts)


def runs(flat: Flat, digits: Mask) -> Runs:
    """The runs of digits; `digits` tells for every letter whether it is one."""
    edges = np.flatnonzero(np.not_equal(digits, np.append(np.False_, digits[:-1])))
    starts, ends = edges[::2], edges[1::2]
    firsts = np.searchsorted(starts, np.append(flat.starts, len(flat.codes)))
    return Runs(starts, ends, firsts)


def values(digit: npt.NDArray[np.uint8], codes: Codes, starts: Places, ends: Places, longest: int) -> Places:
    """The numbers in runs of digits, of the last `longest` of them; `digit` holds the value of every letter."""
    widths = ends - starts
    total = np.zeros(len(starts), np.int64)
    for back in range(1, min(longest, int(widths.max(initial=0))) + 1):
        wide = np.flatnonzero(widths >= back) if back > 1 else slice(None)
        total[wide] += digit.take(codes.take(ends[wide] - back)).astype(np.int64) * 10 ** (back - 1)
    return total


def digests(codes: Codes, counts: Places) -> Keys:
    """One number a word; equal words have equal numbers.

    Args:
        codes: Letters of all words, one behind the other.
        counts: Letters of each word; no letters give 0, letters behind the 64th do not count.
    """
    found = np.zeros(len(counts), np.uint64)
    filled = np.flatnonzero(counts)
    starts = (np.cumsum(counts) - counts).take(filled)
    behind = np.append(starts[1:], len(codes))
    begun = np.searchsorted(starts, np.arange(0, len(codes) + _LETTERS, _LETTERS)).tolist()
    for low, high in pairwise(begun):
        if low < high:
            letters = codes[starts[low] : behind[high - 1]]
            found[filled[low:high]] = _raised(letters, starts[low:high] - starts[low])
    for word in np.flatnonzero(counts[filled] > _MOST_LETTERS):
        letters = codes[starts[word] :][: counts[filled[word]]].astype(np.uint64) + np.uint64(1)
        place = np.minimum(np.arange(len(letters)), _MOST_LETTERS - 1)
        found[filled[word]] = (letters * _POWERS[place]).sum()
    return spread(found)


def _raised(codes: Codes, starts: Places) -> Keys:
    """What words begun in so few letters add up to, but for those that are too long."""
    letters = codes[: _LETTERS + _MOST_LETTERS].astype(np.uint64) + np.uint64(1)
    # Each letter is raised by its place among all; its place in the word is what counts.
    sums: Keys = np.add.reduceat(letters * _POWERS[: len(letters)], starts) * _INVERSE.take(starts)
    return sums


def digests_of_two(first: Codes, second: Codes, alone: Mask) -> Keys:
    """`digests` of words of two letters, or of the first one alone."""
    one = (first.astype(np.uint64) + np.uint64(1)) * _POWERS[0]
    other = (second.astype(np.uint64) + np.uint64(1)) * _POWERS[1]
    return spread(one + np.where(alone, NOTHING, other))


def spread(numbers: Keys) -> Keys:
    """Mix the bits so that neighbours lie apart; 0 stays 0, and nothing else becomes 0."""
    mixed = numbers * _SPREAD
    return mixed ^ (mixed >> np.uint64(32))


def of_words(words: pl.Series) -> Keys:
    """`digests` of a String column; 0 for null and blank words."""
    told = words.fill_null("")
    codes = np.frombuffer(told.str.join("").item().encode("utf-16-le", "surrogatepass"), np.uint16)
    counts = told.str.len_chars().to_numpy().astype(np.int64)
    return digests(codes, counts if counts.sum() == len(codes) else _units(told))


def _units(words: pl.Series) -> Places:
    lengths = [len(word.encode("utf-16-le", "surrogatepass")) // 2 for word in words.to_list()]
    return np.array(lengths, np.int64)


def summed(codes: Codes, place: Places) -> Keys:
    """What `digests_between` takes the digests of parts of words from.

    Args:
        codes: Letters of all words, one behind the other.
        place: Of each letter, how many stand before it in its word; less than 64.
    """
    terms = (codes.astype(np.uint64) + np.uint64(1)) * _POWERS[place]
    return np.concatenate((np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)))


def digests_between(sums: Keys, starts: Places, ends: Places, place: Places) -> Keys:
    """`digests` of parts of words: from which letter to before which, and how many stand before it in its word."""
    return spread((sums[ends] - sums[starts]) * _INVERSE.take(place))
