"""The words of the product → Japanese with English beside (tables/report_words.tsv)."""

from __future__ import annotations

from functools import cache

from optout import tables


@cache
def _known() -> dict[tuple[str, str], str]:
    table = tables.load("report_words").select("kind", "word", "japanese", "english")
    return {(kind, word): f"{japanese} {english}" for kind, word, japanese, english in table.iter_rows()}


def words(kind: str, word: str) -> str:
    """How a verdict, reason, action, status or quarantine reason is shown; an unknown word is shown as it is.

    Examples:
        >>> words("verdict", "withhold")
        '除外 withhold'
    """
    return _known().get((kind, word), word)


def why(text: str) -> str:
    """Why a record was quarantined; what stands behind the colon stays.

    Examples:
        >>> why("fields: 9 instead of 8")
        '項目数の不一致 wrong number of fields: 9 instead of 8'
    """
    code, colon, detail = text.partition(":")
    return f"{words('quarantine', code)}{colon}{detail}"
