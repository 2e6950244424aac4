"""What a flag column says: a refusal (DM不要) or a permission (DM可否). Source: tables/header_flag.tsv."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from optout import tables
from optout.batch import spelling


@lru_cache(4_096)
def polarity(header: str) -> str | None:
    """Whether a flag column states a refusal (DM不要) or a permission (DM可否); None: neither.

    Source: tables/header_flag.tsv.

    Examples:
        >>> polarity("メール配信停止フラグ"), polarity("ＤＭ可否"), polarity("件数")
        ('refusal', 'permission', None)
    """
    text = spelling.joined(spelling.fold(header))
    if text in _flags("alone"):
        return _flags("alone")[text]
    channel, tail = "|".join(_words("channel")), "|".join(_words("tail"))
    for word, says in _flags("polarity").items():
        if re.fullmatch(f"(?:(?:{channel})[のをへ]?)+{word}(?:{tail})?", text):
            return says
    return None


@cache
def _flags(part: str) -> Mapping[str, str]:
    table = tables.load("header_flag")
    rows = zip(table["part"], table["written"], table["polarity"], strict=True)
    return {spelling.joined(spelling.fold(written)): says for kind, written, says in rows if kind == part}


@cache
def _words(part: str) -> tuple[str, ...]:
    return tuple(sorted((re.escape(word) for word in _flags(part)), key=len, reverse=True))
