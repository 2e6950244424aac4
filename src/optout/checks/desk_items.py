"""What a check of identity may ask for: items of the lists held and of the request, no others (第37条第2項・第4項)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from optout.batch import headers
from optout.errors import ItemNotHeldError
from optout.register import case_rules as rules
from optout.register.case import Case
from optout.register.case_parts import ITEMS
from optout.store import Store


def held(store: Store, known: Case, items: Collection[str]) -> tuple[str, ...]:
    """The items as they are recorded.

    Args:
        store: Whose register of holdings counts.
        known: The case.
        items: Fields or Japanese words.

    Raises:
        ItemNotHeldError: one is neither in a list held nor in the request.
    """
    if isinstance(items, str):
        items = [items]
    named = {item: _item(item) for item in items}
    if excess := [item for item, meant in named.items() if meant not in _known_items(store, known)]:
        raise ItemNotHeldError(tuple(excess))
    return tuple(dict.fromkeys(named.values()))


def _known_items(store: Store, known: Case) -> set[str]:
    told = {item for item in ITEMS if any(getattr(one, item) for one in (known.person, *known.others))}
    held = {
        item
        for record in store.records("holding").values()
        if not record.told.get("retired")
        for item in _listed(record.told)
    }
    return {_item(item) for item in told | held}


def _listed(told: Mapping[str, Any]) -> list[str]:
    found = told.get("items") or ()
    return [item for item in found if isinstance(item, str)]


def _item(word: str) -> str:
    """One name for an item however it is called: 氏名, 姓 and name are `name`."""
    if word in ITEMS:
        return {"phones": "phone", "emails": "email"}.get(word, word)
    read = headers.read(word)
    if read is None:
        return rules.fold(word)
    return headers.slots().get(read.field) or read.field
