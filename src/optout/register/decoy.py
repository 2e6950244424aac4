"""Decoys (ダミー行): rows that name nobody, other ones in every delivery, by which a client that leaks is known.

The vendor registers where mail, calls or e-mail to it arrive, as a template in which `{n}` stands for a number no other
delivery has: a room, a part of an e-mail address. Nobody is named, so a decoy is not screened and in no record of
provision; the delivery keeps it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from optout.batch import headers
from optout.errors import OptionError
from optout.register import attempt
from optout.schema import DType
from optout.store import Draft, Record, Store

KIND: Final = "decoy"
MARK: Final = "{n}"
SCHEMA: Final[dict[str, DType]] = {
    "row": pl.UInt32,
    "template": pl.String,
    "number": pl.UInt32,
    "field": pl.String,
    "value": pl.String,
    "marked": pl.Boolean,
}
_PURPOSE: Final = "optout decoys 1"
_FIRST, _LAST = 101, 9_999  # numbers a room may have


@dataclass(frozen=True, slots=True, repr=False)
class Template:
    """Where something sent to a decoy arrives.

    Attributes:
        id: Its number; stands in clear.
        cells: Field (as in `columns=`: name, kana, postal, address, phone, email …) → text; `{n}` in one at least.
    """

    id: str
    cells: Mapping[str, str]

    def __post_init__(self) -> None:
        known = {name: headers.field_named(name) for name in self.cells}
        if not self.cells or None in known.values():
            raise OptionError("field of a decoy", ("name", "kana", "postal", "address", "phone", "email"))
        if not any(
            MARK in text for name, text in self.cells.items() if name in ("address", "building", "email")
        ):
            raise OptionError("cells of a decoy", (f"an address or email with {MARK} in it",))

    def __repr__(self) -> str:
        return f"<Template {self.id}>"

    def numbered(self, number: int) -> dict[str, str]:
        """The cells with the number in its place."""
        return {name: text.replace(MARK, str(number)) for name, text in self.cells.items()}

    def marked(self) -> list[str]:
        """The fields that tell one delivery from another."""
        return [name for name, text in self.cells.items() if MARK in text]


def add(store: Store, template: Template) -> Template:
    """Register a template, or a new version of it.

    Args:
        store: Where to.
        template: What it says.
    """
    store.keep(
        [Draft(KIND, template.id, {"cells": dict(template.cells)})], "decoy template", {"decoy": template.id}
    )
    return template


def templates(store: Store) -> dict[str, Template]:
    """Every template, by id."""
    return {key: _read(kept) for key, kept in store.records(KIND).items()}


def planted(store: Store, delivery: str, count: int, rows: int) -> pl.DataFrame:
    """The decoys of one delivery: the same for the same delivery, and for no other.

    Args:
        store: Whose templates.
        delivery: 納品番号.
        count: How many.
        rows: Rows of the list; they are spread among them.

    Returns:
        SCHEMA, one line a cell: `row` (number in the list as it goes out), `template`, `number`, `field`, `value`,
        `marked` (the value differs from delivery to delivery).

    Raises:
        OptionError: no template is registered, or the numbers are used up.
    """
    known = list(templates(store).values())
    if not known:
        raise OptionError("decoys", ("a template registered before (`optout decoy add`)",))
    secret, used = store.digest_key(_PURPOSE), _used(store)
    numbers = _numbers(secret, delivery, count, used)
    places = _places(secret, delivery, count, rows)
    lines: list[tuple[Any, ...]] = []
    for at, (place, number) in enumerate(zip(places, numbers, strict=True)):
        template = known[at % len(known)]
        marked = template.marked()
        cells = template.numbered(number).items()
        lines += [(place, template.id, number, name, text, name in marked) for name, text in cells]
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def all_planted(store: Store) -> pl.DataFrame:
    """Every decoy of every delivery: SCHEMA with `delivery`."""
    known = {delivery: attempt.decoys(store, delivery) for delivery in store.records(attempt.KIND)}
    frames = [
        frame.select(pl.lit(delivery).alias("delivery"), *SCHEMA)
        for delivery, frame in known.items()
        if frame is not None
    ]
    return pl.concat([pl.DataFrame(schema={"delivery": pl.String, **SCHEMA}), *frames])


def _used(store: Store) -> set[int]:
    return set(all_planted(store)["number"].to_list())


def _numbers(secret: bytes, delivery: str, count: int, used: set[int]) -> list[int]:
    """Numbers nobody has had, in an order nobody can foresee."""
    if count > _LAST - _FIRST + 1 - len(used):
        raise OptionError("decoys", ("fewer: every number of a room is used up",))
    found: list[int] = []
    at = _drawn(secret, f"{delivery}\n", _LAST - _FIRST + 1)
    while len(found) < count:
        number = _FIRST + at % (_LAST - _FIRST + 1)
        if number not in used and number not in found:
            found.append(number)
            at += _drawn(secret, f"{delivery}\n{len(found)}", 997)
        at += 1
    return found


def _places(secret: bytes, delivery: str, count: int, rows: int) -> list[int]:
    """Row numbers in the list as it goes out, distinct, in order."""
    total, found = rows + count, set[int]()
    step = 0
    while len(found) < count:
        found.add(_drawn(secret, f"{delivery}\nrow {step}", total))
        step += 1
    return sorted(found)


def _drawn(secret: bytes, what: str, below: int) -> int:
    return int.from_bytes(hmac.digest(secret, what.encode(), "sha256")[:8], "big") % below


def _read(kept: Record) -> Template:
    return Template(kept.id, kept.told["cells"])
