"""Characters: any width, any variant glyph → one spelling; blank → null.

Sources: Unicode 15.1 NFKC (width, compatibility forms), tables/kanji_fold.tsv (異体字), tables/dash.tsv.
NFKC alone folds neither 髙 﨑 德 邉 濵 栁 𠮷 nor variation selectors, and puts a space before a spacing dakuten;
one merged table does all of it in a single pass, at a third of the cost of NFKC, space and fold in turn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout import tables

# Blocks with compatibility forms that a Japanese list can hold; Hangul and Arabic forms are left to themselves.
_COMPATIBILITY: Final = (
    range(0x00A0, 0x0250),
    range(0x2000, 0x2E80),
    range(0x2E80, 0x3400),
    range(0xF900, 0xFB00),
    range(0xFE30, 0xFE70),
    range(0xFF00, 0x10000),
    range(0x1D400, 0x1D800),
    range(0x1F100, 0x1F300),
    range(0x2F800, 0x2FA20),
)
# Nothing to read: variation selectors, zero-width and control characters, soft hyphen, BOM, direction marks.
_INVISIBLE: Final = (
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    0x2060,
    0x00AD,
    0xFEFF,
    0x180E,
    *(code for code in (*range(0x20), *range(0x7F, 0xA0)) if not chr(code).isspace()),
)
_VOICED: Final = "\u3099"
_SEMI_VOICED: Final = "\u309a"
_SPACING_MARKS: Final = {"゛": _VOICED, "゜": _SEMI_VOICED, "ﾞ": _VOICED, "ﾟ": _SEMI_VOICED}
_KANA: Final = (
    *range(0x3041, 0x3097),
    *range(0x309D, 0x309F),
    *range(0x30A1, 0x30FB),
    *range(0x30FD, 0x30FF),
)
_HALF_KANA: Final = range(0xFF66, 0xFF9E)


# Looking which letters so many values hold costs what a pattern costs in an automaton.
_VALUES_A_PATTERN: Final = 4
_LETTERS: Final = 0x110000


class Replacement:
    """A set of literal replacements made in one pass, the longest pattern first.

    Attributes:
        patterns: What is looked for, longest first (polars' `leftmost` takes the first that fits).
        replacements: What each becomes.
    """

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self.patterns = sorted(sorted(mapping), key=len, reverse=True)
        self.replacements = [mapping[pattern] for pattern in self.patterns]

    @classmethod
    def of(cls, mapping: Mapping[str, str]) -> Replacement:
        """Order the mapping; pairs that change nothing stay, for they shield longer words."""
        return cls(mapping)

    def __call__(self, text: pl.Expr) -> pl.Expr:
        """Apply to a String column. Elementwise; null stays null."""
        # Not declared elementwise: the engine would cut the column up and build the automaton for every piece.
        return text.map_batches(self.on_series, return_dtype=pl.String)

    def on_series(self, text: pl.Series) -> pl.Series:
        """The same for a series."""
        patterns, replacements = self.patterns, self.replacements
        if len(text) < _VALUES_A_PATTERN * len(patterns):
            able = self._able(text)
            patterns, replacements = [patterns[k] for k in able], [replacements[k] for k in able]
        if not patterns:
            return text
        return text.str.replace_many(patterns, replacements, leftmost=True)

    def on_text(self, text: str) -> str:
        """The same for one text: where only a few are asked, one after the other."""
        return self._stretches.sub(self._on_stretch, text)

    def _on_stretch(self, found: re.Match[str]) -> str:
        text, at, told = found[0], 0, []
        while at < len(text):
            lengths = (length for length in self._longest_first if text[at : at + length] in self._index)
            length = next(lengths, 0)
            told.append(self.replacements[self._index[text[at : at + length]]] if length else text[at])
            at += length or 1
        return "".join(told)

    @cached_property
    def _stretches(self) -> re.Pattern[str]:
        """Where patterns may stand: a letter that begins one and all behind it that stand inside of one."""
        letters = ["".join(map(re.escape, sorted(chosen))) for chosen in (self._first, self.inner)]
        alone = "".join(map(re.escape, (pattern for pattern in self.patterns if len(pattern) == 1)))
        longer = f"[{letters[0]}][{letters[1]}]+" if letters[1] else ""
        return re.compile("|".join(part for part in (longer, alone and f"[{alone}]") if part))

    @cached_property
    def _first(self) -> frozenset[str]:
        return frozenset(pattern[0] for pattern in self.patterns)

    @cached_property
    def inner(self) -> frozenset[str]:
        """The letters that stand behind the first one of a pattern."""
        return frozenset(letter for pattern in self.patterns for letter in pattern[1:])

    @cached_property
    def _longest_first(self) -> tuple[int, ...]:
        return tuple(sorted({len(pattern) for pattern in self.patterns}, reverse=True))

    @cached_property
    def _index(self) -> dict[str, int]:
        return {pattern: index for index, pattern in enumerate(self.patterns)}

    @cached_property
    def _spelled(self) -> npt.NDArray[np.uint32]:
        """The letters of each pattern, a line each, filled up with zeros."""
        longest = max(map(len, self.patterns), default=1)
        filled = "".join(pattern.ljust(longest, "\0") for pattern in self.patterns)
        return _codes(filled).reshape(-1, longest)

    def _able(self, text: pl.Series) -> list[int]:
        """The patterns all of whose letters occur, in order: most automata are dear, and most patterns idle."""
        present = np.zeros(_LETTERS, np.bool_)
        present[0] = True
        present[_codes("".join(filter(None, text.to_list())))] = True
        able: list[int] = np.flatnonzero(present[self._spelled].all(axis=1)).tolist()
        return able


def _codes(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _marked_kana() -> dict[str, str]:
    """Kana with a voicing mark written as a second character → one character."""
    marked = {}
    for code in (*_KANA, *_HALF_KANA):
        base = unicodedata.normalize("NFKC", chr(code))
        for mark, combining in (*_SPACING_MARKS.items(), (_VOICED, _VOICED), (_SEMI_VOICED, _SEMI_VOICED)):
            composed = unicodedata.normalize("NFC", base + combining)
            if len(composed) == 1:
                marked[chr(code) + mark] = composed
    return marked


def single(mapping: Mapping[str, str]) -> dict[int, str]:
    """What becomes of single letters, for `str.translate`; longer patterns are left out."""
    return {ord(written): to for written, to in mapping.items() if len(written) == 1}


@cache
def width_map() -> Mapping[str, str]:
    """NFKC for every single character of the blocks above; invisible characters → nothing; blanks → one space."""
    folded: dict[str, str] = {}
    for block in _COMPATIBILITY:
        for code in block:
            char = chr(code)
            normal = unicodedata.normalize("NFKC", char)
            if normal != char and not unicodedata.combining(char):
                folded[char] = normal
    folded |= dict.fromkeys(map(chr, _INVISIBLE), "")
    folded |= dict.fromkeys("\u3000\u00a0\t\r\n\v\f\u0085\u2028\u2029", " ")
    folded |= dict.fromkeys(_SPACING_MARKS, "")  # a mark that voices nothing
    return folded | _marked_kana()


@cache
def glyph_map() -> Mapping[str, str]:
    """Width and variant glyphs together: the first thing done to every name and address."""
    kanji = tables.mapping("kanji_fold")
    folded = single(kanji)
    return {char: text.translate(folded) for char, text in width_map().items()} | kanji


@cache
def dashes(accept: str = "always") -> tuple[str, ...]:
    """The characters people type as a hyphen, by when to accept them (`always`, `between_digits`, `never`)."""
    table = tables.load("dash")
    return tuple(table.filter(pl.col("accept") == accept)["written"])


@cache
def _width() -> Replacement:
    return Replacement.of(width_map())


@cache
def _glyphs() -> Replacement:
    return Replacement.of(glyph_map())


def fold_width(text: pl.Expr) -> pl.Expr:
    """Full-width, half-width and compatibility forms → ordinary ones; invisible characters dropped.

    Args:
        text: String column, nulls allowed.

    Returns:
        String column, elementwise; kanji keep their glyph. Idempotent.

    Examples:
        >>> pl.select(fold_width(pl.lit("ＴＥＬ　ｶﾞｷﾞ０１"))).item()
        'TEL ガギ01'
    """
    return _width()(text)


def fold_glyphs(text: pl.Expr) -> pl.Expr:
    """`fold_width`, and every variant kanji → its representative. Source: tables/kanji_fold.tsv.

    Args:
        text: String column, nulls allowed.

    Returns:
        String column, elementwise. Idempotent.

    Examples:
        >>> pl.select(fold_glyphs(pl.lit("髙𣘺　渡邉"))).item()
        '高橋 渡辺'
    """
    return _glyphs()(text)


@cache
def look_alikes() -> pl.Series:
    """Two kanji that are taken for each other (荻萩, 己巳), as strings of both, in either order.

    They stay two letters; a name that differs only so is in doubt. Source: tables/kanji_confusable.tsv.
    """
    table = tables.load("kanji_confusable")
    return pl.concat([table["written"] + table["other"], table["other"] + table["written"]]).alias("pair")


def blank_to_null(text: pl.Expr) -> pl.Expr:
    """Strip; what is empty then is null. Elementwise on a String column."""
    stripped = text.str.strip_chars()
    return pl.when(stripped.str.len_bytes() > 0).then(stripped)


def overlaid(base: pl.DataFrame, where: pl.Series, over: pl.DataFrame) -> pl.DataFrame:
    """`base` with the lines for which `where` is true taken from `over`, in order.

    Args:
        base: Any frame.
        where: Boolean without nulls, of the same height.
        over: The same columns, one line per true value.

    Returns:
        The frame, same height and order. A gather: setting strings in place copies the column every time.
    """
    place = pl.when(where).then(base.height + where.cum_sum().cast(pl.Int64) - 1)
    lines = pl.select(place.otherwise(pl.int_range(base.height))).to_series()
    return pl.concat([base, over])[lines]
