"""Two operators' readings of one sheet, field by field: where they differ somebody looks at the sheet again.

Widths, blanks, kinds of dashes and hiragana or katakana are no difference; 渡邊 and 渡邉, 0 and O, 1-2-3 and 1-23 are.
A field is settled when two readings by different people agree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Final

from optout import tables
from optout.register.case_parts import ITEMS, Keying
from optout.store import Identity

_DIGITS_ONLY: Final = ("phones", "postal", "corporate_number")
_NUMBERED: Final = ("address", "birth_date")
_BETWEEN_DIGITS: Final = re.compile("(?<=[0-9])[ー~〜](?=[0-9])")
_KANA_SHIFT: Final = ord("ア") - ord("あ")


def unsettled(keyings: Sequence[Keying]) -> tuple[str, ...]:
    """Fields on which no two of these readings agree; none while there is one reading only.

    Args:
        keyings: One an operator, the newest of each.
    """
    if len(keyings) < 2:
        return ()
    return tuple(item for item in ITEMS if _agreed(keyings, item) is None)


def settled(keyings: Sequence[Keying]) -> Identity:
    """What two readings agree on; a field that is not settled as the newest reading has it."""
    chosen = {item: _agreed(keyings, item) or keyings[-1] for item in ITEMS}
    return Identity(**{item: getattr(keying.given, item) for item, keying in chosen.items()})


def with_newest(keyings: Sequence[Keying], newest: Keying) -> tuple[Keying, ...]:
    """The readings with a new one, in place of an earlier one of the same operator."""
    return (*(each for each in keyings if each.by != newest.by), newest)


def distinct(given: Sequence[Identity]) -> tuple[Identity, ...]:
    """Identities that differ in more than their spelling, the first of each."""
    known: dict[tuple[object, ...], Identity] = {}
    for identity in given:
        known.setdefault(tuple(form(identity, item) for item in ITEMS), identity)
    return tuple(known.values())


def form(identity: Identity, item: str) -> object:
    """What is compared of a field; empty when it is blank.

    Examples:
        >>> form(Identity(address="西新宿 ３−２−１"), "address")
        '西新宿3-2-1'
        >>> form(Identity(phones=["03(1234)5678"]), "phones")
        ('0312345678',)
    """
    value = getattr(identity, item)
    texts = (value,) if value is None or isinstance(value, str) else tuple(value)
    found = tuple(sorted(folded for text in texts if text and (folded := _folded(text, item))))
    return found if item in ("phones", "emails") else "".join(found)


def merged(identity: Identity, other: Identity) -> Identity:
    """An identity with the fields it lacks taken from another."""
    missing = {
        each.name: getattr(other, each.name) for each in fields(Identity) if not getattr(identity, each.name)
    }
    return replace(identity, **missing)


def _agreed(keyings: Sequence[Keying], item: str) -> Keying | None:
    """The first reading that another one agrees with."""
    forms = [form(keying.given, item) for keying in keyings]
    return next((keyings[n] for n, read in enumerate(forms) if forms.count(read) > 1), None)


def _folded(text: str, item: str) -> str:
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    if item in _DIGITS_ONLY:
        return "".join(letter for letter in plain if letter.isascii() and letter.isdigit()) or plain
    if item == "kana":
        return "".join(chr(ord(c) + _KANA_SHIFT) if "ぁ" <= c <= "ゖ" else c for c in plain)
    dashed = _BETWEEN_DIGITS.sub("-", plain.translate(_dashes())) if item in _NUMBERED else plain
    return "".join(letter for letter in dashed if not _is_selector(letter))


def _is_selector(letter: str) -> bool:
    """Variation selectors choose a glyph of the same character."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


@cache
def _dashes() -> dict[int, str]:
    rows = tables.load("dash").select("written", "accept").iter_rows()
    return {ord(mark): "-" for mark, accept in rows if accept == "always"}
