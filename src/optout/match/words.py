"""Foreign names word by word: may two bags of words be one name, in whatever order and script?

NGUYEN VAN ANH and NGUYEN ANH VAN; SMITH JOHN PAUL and ジョン スミス; DA SILVA and ダシルバ; J. SMITH. All the
words of the shorter name must be found in the longer one. That is a doubt, never an agreement.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from optout.text import foreign

_TOGETHER: Final = 3  # words written as one: DE LA CRUZ
_MOST: Final = 6  # words of one name; more are a sentence, and every order of them is tried


def may_agree(pairs: pl.DataFrame) -> pl.Series:
    """Boolean series `alike`, a line a pair: `a_words`, `b_words` List(String) may be one name. Null counts as not."""
    told = pairs.select("a_words", "b_words").drop_nulls().unique()
    met = told.rows()
    odd = foreign.borrowed(
        pl.Series([word for a, b in met if _crossed(a, b) for word in a + b], dtype=pl.String)
    )
    answers = [_alike(a, b, odd) for a, b in met]
    known = told.with_columns(pl.Series("alike", answers, dtype=pl.Boolean))
    joined = pairs.select("a_words", "b_words").join(
        known, on=["a_words", "b_words"], how="left", maintain_order="left"
    )
    return joined["alike"].fill_null(value=False)


def _crossed(ours: list[str], theirs: list[str]) -> bool:
    """In two scripts."""
    return len({word.isascii() for word in ours + theirs}) > 1


def _alike(ours: list[str], theirs: list[str], borrowed: frozenset[str]) -> bool:
    shorter, longer = sorted((ours, theirs), key=len)
    if _crossed(ours, theirs) and not any(len(word) == 1 or word in borrowed for word in ours + theirs):
        return False  # romaji and Japanese kana are compared by their reading
    if len(shorter) == 1:
        whole = {"".join(longer), "".join([*longer[1:], longer[0]]), "".join([longer[-1], *longer[:-1]])}
        return len(longer) > 1 and any(_meet(shorter[0], word) == "equal" for word in whole)
    return _all_found(shorter, longer)


def _all_found(shorter: list[str], longer: list[str]) -> bool:
    """Every word of the shorter name stands for words of the longer one, and one of them is no initial."""
    return len(longer) <= _MOST and any(
        "equal" in found or found.count("near") > 1 for found in _ways(shorter, longer)
    )


def _ways(words: list[str], free: list[str]) -> Iterator[list[str]]:
    """How well each of the words is met, for every way to give each of them words of its own."""
    if not words:
        yield []
        return
    for at in range(len(free)):
        for end in range(at + 1, min(at + _TOGETHER, len(free)) + 1):
            if met := _meet(words[0], "".join(free[at:end])):
                yield from ([met, *others] for others in _ways(words[1:], free[:at] + free[end:]))


def _meet(one: str, other: str) -> str:
    """`equal`, `near`, `initial`, or nothing."""
    same_script = one.isascii() == other.isascii()
    a, b = (one, other) if same_script else (foreign.sounds(one), foreign.sounds(other))
    if min(len(one), len(other)) == 1 and (one if len(one) == 1 else other).isascii():
        return "initial" if a[:1] == b[:1] else ""
    if a == b:
        return "equal"
    if same_script:
        return ""
    return "near" if _without_r(a) == _without_r(b) or _one_apart(a, b) else ""


def _without_r(sounds: str) -> str:
    """R before a consonant or at the end is hardly heard: ROBERT, ロバート."""
    return sounds[:1] + sounds[1:].replace("R", "")


def _one_apart(a: str, b: str) -> bool:
    """One sound is missing or another, and at least two agree."""
    if max(len(a), len(b)) < 3 or abs(len(a) - len(b)) > 1:
        return False
    start = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rests = {(a[start + 1 :], b[start + 1 :]), (a[start + 1 :], b[start:]), (a[start:], b[start + 1 :])}
    return any(x == y for x, y in rests)
