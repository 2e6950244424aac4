"""Repairs by pattern: what a table says is written wrongly → as it is meant."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def joined(patterns: Sequence[str]) -> str:
    """One pattern that fits where any of them does."""
    return "|".join(f"(?:{pattern})" for pattern in patterns)


class Repairs:
    """Replacements one after the other.

    Args:
        patterns: What is looked for, each in what the repairs before it left.
        canonical: What each becomes; `${1}` is what a group of it held.
    """

    def __init__(self, patterns: Sequence[str], canonical: Sequence[str]) -> None:
        self.any = joined(patterns)
        self._mended = pl.col("text")
        for pattern, to in zip(patterns, canonical, strict=True):
            self._mended = self._mended.str.replace_all(pattern, to)

    def __call__(self, text: pl.Series) -> pl.Series:
        """Repair a String column, elementwise; null stays null. Hardly a cell needs it: only where one of them fits."""
        lines = text.str.contains(self.any).arg_true()
        if not len(lines):
            return text
        mended = text.gather(lines).to_frame("text").select_seq(self._mended)
        return text.scatter(lines, mended.to_series())
