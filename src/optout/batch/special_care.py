"""Headers of special care (要配慮個人情報), which may not be provided by opt-out.

Source: 個人情報の保護に関する法律 第2条第3項, 同施行令 第2条, in tables/header_sensitive.tsv.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from optout import tables
from optout.batch import headers as known
from optout.batch import spelling


def sensitive(headers: Sequence[str]) -> list[str]:
    """The headers of special care (要配慮個人情報), in order, as written.

    Args:
        headers: Headers as written.

    Returns:
        Those that a row of tables/header_sensitive.tsv names (whole, start or part of the header).

    Examples:
        >>> sensitive(["氏名", "病歴（詳細）", "障害物"])
        ['病歴（詳細）']
    """
    return [header for header in headers if _is_sensitive(header)]


@cache
def _is_sensitive(header: str) -> bool:
    text = spelling.fold(header)
    forms = {spelling.joined(text), spelling.joined(spelling.without_brackets(text))}
    forms |= {rest for form in tuple(forms) for _, rest in known.after_role(form)}
    table = tables.load("header_sensitive")
    for written, where in zip(table["written"], table["where"], strict=True):
        word = spelling.joined(spelling.fold(written))
        if any(_says(form, word, where) for form in forms):
            return True
    return False


def _says(form: str, word: str, where: str) -> bool:
    if where == "whole":
        return form == word
    return form.startswith(word) if where == "start" else word in form
