"""A raw frame → the parts blocking keys are put together from: one 64-bit number a line, 0 where not told.

What is plainly written is read as arrays (text.flat), whatever is not by the readers of `text`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from optout.keys.corporate import corporate_number
from optout.keys.digest import digest
from optout.keys.people import companies, names
from optout.schema import numbered
from optout.text import birth, email, flat, phone, plain_digits, plain_name, postal
from optout.text.address import plain as plain_address
from optout.text.flat import Keys, Mask, Places

Reader: TypeAlias = Callable[[pl.Series], tuple[Keys, Mask]]

# Fields are parsed side by side; polars and numpy let go of the interpreter while they work.
_LANES: Final = 2


class Listed(NamedTuple):
    """Keys of which a line may have several: `line` of the raw frame, and the key."""

    line: Places
    key: Keys


class Named(NamedTuple):
    """The names of a raw frame.

    Attributes:
        key: Of the main name of each line.
        head: Of the first letter of that name.
        kanji: It holds a kanji.
        flagged: The name cell itself refuses, or tells a death.
        more: Further names: a former surname, others in the cell, a company.
        hard: The lines whose names are not plain, in order.
        parted: The main name of each of these with a blank between its parts.
    """

    key: Keys
    head: Keys
    kanji: Mask
    flagged: Mask
    more: Listed
    hard: Places
    parted: pl.Series


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What lane 1 reads of a raw frame.

    Attributes:
        single: Name of the part → one key a line: `town`, `postal`, `numbers`, `cut` (the numbers without the last),
            `corporate_number`, `birth`.
        listed: `phone` and `email`.
        named: The names.
    """

    single: dict[str, Keys]
    listed: dict[str, Listed]
    named: Named

    @property
    def height(self) -> int:
        """How many lines."""
        return len(self.named.key)


def parts(raw: pl.DataFrame) -> Parts:
    """Read the parts of every line.

    Args:
        raw: A raw frame (see `optout.schema`); nulls and any spelling allowed.
    """
    with ThreadPoolExecutor(_LANES) as lanes:
        placed = lanes.submit(_places, raw)
        phones = lanes.submit(_listed, raw, "phone", _phones)
        emails = lanes.submit(_listed, raw, "email", _emails)
        named = _named(raw)
        single = {"corporate_number": _corporate(raw), "birth": _births(raw["birth_date"])}
        return Parts(single | placed.result(), {"phone": phones.result(), "email": emails.result()}, named)


def silent(column: pl.Series) -> bool:
    """Nothing stands in the column; a whole reading of nothing is not free."""
    return column.null_count() == len(column)


def nothing(height: int) -> Keys:
    """Keys of lines that tell nothing."""
    return np.zeros(height, np.uint64)


def _read(written: pl.Series, plain: Reader, other: Callable[[pl.Series], Keys]) -> Keys:
    """The keys of a column: plain cells as arrays, the hard ones by the other reader."""
    if silent(written):
        return nothing(len(written))
    keys, hard = plain(written)
    lines = np.flatnonzero(hard)
    if len(lines):
        keys[lines] = other(written.gather(lines))
    return keys


def _places(raw: pl.DataFrame) -> dict[str, Keys]:
    if silent(raw["address"]):
        sketch = plain_address.Sketch(*(nothing(raw.height) for _ in plain_address.Sketch._fields))
    else:
        sketch = plain_address.sketched(raw["address"])
    code = _read(
        raw["postal"], plain_digits.postals, lambda cells: plain_digits.postal_keys(postal.parse(cells))
    )
    return {**sketch._asdict(), "postal": code}


def _births(written: pl.Series) -> Keys:
    return _read(written, plain_digits.births, lambda cells: plain_digits.birth_keys(birth.parse(cells)))


def _corporate(raw: pl.DataFrame) -> Keys:
    if silent(raw["corporate_number"]):
        return nothing(raw.height)
    parsed = raw.select(corporate_number(pl.col("corporate_number")).alias("digits"))
    return parsed.select(digest("digits").fill_null(0)).to_series().to_numpy()


def _listed(raw: pl.DataFrame, field: str, keys_of: Callable[[pl.Series], Listed]) -> Listed:
    """The keys of all columns of a field, read one behind the other."""
    columns = [raw[column] for column in numbered(raw, field) if not silent(raw[column])]
    if not columns:
        return Listed(np.empty(0, np.int64), nothing(0))
    found = keys_of(pl.concat(columns))
    return found if len(columns) == 1 else Listed(found.line % raw.height, found.key)


def _phones(written: pl.Series) -> Listed:
    keys, hard = plain_digits.phones(written)
    lines = np.flatnonzero(keys)
    others = np.flatnonzero(hard)
    if not len(others):
        return Listed(lines, keys[lines])
    read = phone.keys(written.gather(others))
    return Listed(
        np.concatenate([lines, others[read["i"].to_numpy()]]),
        np.concatenate([keys[lines], plain_digits.phone_keys(read["value"])]),
    )


def _emails(written: pl.Series) -> Listed:
    read = email.keys(written).select("i", digest("value").alias("key"))
    return Listed(read["i"].to_numpy().astype(np.int64), read["key"].to_numpy())


def _named(raw: pl.DataFrame) -> Named:
    """Plain names as arrays; what is not plain, or stands beside a former surname, by `keys.people`."""
    keys, heads = nothing(raw.height), nothing(raw.height)
    kanji, flagged = np.zeros(raw.height, np.bool_), np.zeros(raw.height, np.bool_)
    hard = raw["former"].is_not_null().to_numpy().copy()
    for piece in () if silent(raw["name"]) else plain_name.pieces(raw["name"]):
        if isinstance(piece, slice):
            hard[piece] = True
            continue
        here = slice(piece.first, piece.first + piece.height)
        found, of_piece = plain_name.read(piece)
        keys[here], heads[here], kanji[here] = found
        hard[here] |= of_piece
    lines, more = np.flatnonzero(hard), [_firms(raw["company"])]
    parted = pl.Series(dtype=pl.String)
    if len(lines):
        read = raw.select("name", "former", company=pl.lit(None, pl.String))[lines]
        main, further = names(read)
        keys[lines] = flat.of_words(main["full"])
        heads[lines] = flat.of_words(main["full"].str.head(1))
        kanji[lines] = (main["script"] == "kanji").fill_null(value=False).to_numpy()
        flagged[lines], parted = main["flagged"].to_numpy(), main["parted"]
        more.append(Listed(lines[further["i"].to_numpy()], flat.of_words(further["full"])))
    every = Listed(*(np.concatenate(column) for column in zip(*more, strict=True)))
    return Named(keys, heads, kanji, flagged, every, lines, parted)


def _firms(written: pl.Series) -> Listed:
    if silent(written):
        return Listed(np.empty(0, np.int64), nothing(0))
    found = companies(written)
    return Listed(found["i"].to_numpy().astype(np.int64), flat.of_words(found["full"]))
