"""What a request asks for (求めの種別) → channels and effect on a list: the rows of tables/request_kind.tsv.

opt_out, deceased and minor withhold the person wherever found; do_not_call does so for calls and short messages.
Of who moved away the address alone is out of date: the entry speaks of that name at that address and of no number,
for the person may be reached elsewhere and the next tenant is somebody else. A legal hold suppresses nobody; it is a
record that rows must stay. A word nobody knows means opt_out: the broader stop is safe.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.errors import OptionError
from optout.schema import CHANNELS, KIND, KINDS

OPT_OUT: Final = KINDS[0]
# What else an entry may tell a person by; of who moved away it does not count.
_NUMBERS: Final = ("birth_date", "corporate_number")
_LISTS: Final = ("phones", "emails")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request.

    Attributes:
        code: One of `schema.KINDS`.
        words: How lists name it, folded.
        channels: Which it covers when none are said; where they are not all of them, in any case.
        effect: "person" withholds, "address" withholds at the address alone, "record" withholds nobody.
    """

    code: str
    words: tuple[str, ...]
    channels: tuple[str, ...]
    effect: str


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its code, in the order of `schema.KINDS`."""
    rows = tables.load("request_kind").select("kind", "words", "channels", "effect").iter_rows()
    made = [
        Kind(code, tuple(map(_folded, words.split("|"))), _listed(channels), effect)
        for code, words, channels, effect in rows
    ]
    return {kind.code: kind for kind in made}


def kind(written: object) -> str:
    """The one kind that a word of either language means; OptionError when none or several.

    Examples:
        >>> kind("架電禁止")
        'do_not_call'
    """
    known = {_words().get(word) for word in words(written)} if isinstance(written, str) else set()
    (code,) = known if len(known) == 1 else (None,)
    if code is None:
        raise OptionError("kind", (*KINDS, "故人", "未成年", "架電禁止", "転居", "法的保全"))
    return code


def read_kinds(cell: str) -> tuple[str, ...]:
    """The kinds that a cell of a request list names; an unknown word means opt_out.

    Examples:
        >>> read_kinds("故人・法的保全"), read_kinds("個人")
        (('deceased', 'legal_hold'), ('opt_out',))
    """
    found = {_words().get(word, OPT_OUT) for word in words(cell)} or {OPT_OUT}
    return tuple(code for code in KINDS if code in found)


def covered(code: str, said: Iterable[str] | None) -> tuple[str, ...]:
    """The channels of an entry: what was said, and what its kind means in any case.

    Examples:
        >>> covered("opt_out", ["fax"]), covered("do_not_call", ["fax"])
        (('fax',), ('phone', 'fax', 'sms'))
    """
    meant = kinds()[code].channels
    chosen = {*(said or meant), *(() if meant == CHANNELS else meant)}
    return tuple(channel for channel in CHANNELS if channel in chosen)


def listed(entries: pl.DataFrame) -> pl.DataFrame:
    """Entries as a screen must read them (`schema.ENTRY_SCHEMA` in and out, in order).

    Holds are left out; of who moved away only name and address are left.
    """
    odd = entries["kind"].is_in(pl.Series([*_with("address"), *_with("record")], dtype=KIND).implode())
    if not odd.any():
        return entries
    moved = pl.col("kind").is_in(_with("address"))
    nothing = pl.lit([], dtype=pl.List(pl.String))
    return entries.filter(~pl.col("kind").is_in(_with("record")).fill_null(value=False)).with_columns(
        *(pl.when(~moved.fill_null(value=False)).then(field).alias(field) for field in _NUMBERS),
        *(pl.when(moved).then(nothing).otherwise(field).alias(field) for field in _LISTS),
    )


def held(entries: pl.DataFrame) -> list[str]:
    """Ids of the requests among these entries that are a legal hold: what they name must not be erased."""
    of_holds = entries.filter(pl.col("kind").is_in(_with("record")))
    return of_holds["request"].unique(maintain_order=True).to_list()


def words(cell: str) -> list[str]:
    """The words of a cell, split at commas and the like, widths and blanks folded."""
    folded = unicodedata.normalize("NFKC", cell).casefold()
    for mark in "、・;/|":
        folded = folded.replace(mark, ",")
    return [word for part in folded.split(",") if (word := "".join(part.split()))]


def _folded(word: str) -> str:
    return "".join(words(word))


@cache
def _words() -> dict[str, str]:
    return {word: kind.code for kind in kinds().values() for word in kind.words}


@cache
def _with(effect: str) -> list[str]:
    return [kind.code for kind in kinds().values() if kind.effect == effect]


def _listed(channels: str | None) -> tuple[str, ...]:
    return tuple(channels.split("|")) if channels else ()
