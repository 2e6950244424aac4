"""A raw frame → blocking keys: two subjects are compared only when they share one (tables/blocking.tsv).

This is lane 1, the cheap part done for every row. Its law: whatever the rules would withhold or review shares at
least one key here.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl

from optout import tables
from optout.keys.corporate import corporate_number
from optout.keys.digest import combine, digest
from optout.keys.people import names
from optout.schema import DType, numbered, typed
from optout.text import address, birth, email, kana, phone, postal

Side: TypeAlias = Literal["row", "entry"]

_KEYS: Final[dict[str, DType]] = {"i": pl.UInt32, "key": pl.UInt64}
# Several of these may stand in one line, so each has lines of its own.
_LISTED: Final = ("phone", "email")
# Fields are parsed side by side; polars lets go of the interpreter while it works.
_LANES: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Blocked:
    """What lane 1 knows of a raw frame.

    Attributes:
        keys: Blocking rule id → frame `i` UInt32 (line of the raw frame), `key` UInt64, no nulls.
        usable: Boolean, a line each: at least one identifier survives.
        flagged: Boolean, a line each: the name cell itself refuses (※DM不要), or tells a death.
        kana_births: UInt64, birth dates of the lines that have a reading and no kanji name.
    """

    keys: dict[str, pl.DataFrame]
    usable: pl.Series
    flagged: pl.Series
    kana_births: pl.Series


def blocked(raw: pl.DataFrame, side: Side, against: Blocked | None = None) -> Blocked:
    """Make the blocking keys of every line.

    Args:
        raw: A raw frame (see `optout.schema`); nulls and any spelling allowed.
        side: `row` for a batch, `entry` for the suppression list; it matters to the rules whose parts differ by side.
        against: The other side, when it is known: kana that could meet nothing there are not parsed.

    Returns:
        Keys by rule, and which lines have an identifier at all.
    """
    with ThreadPoolExecutor(_LANES) as lanes:
        places = lanes.submit(_places, raw, side)
        phones = lanes.submit(_listed, raw, "phone", phone.keys)
        emails = lanes.submit(_listed, raw, "email", email.keys)
        main, extras = names(raw)
        births, kana_births = _births(raw, main, side, against)
        listed = {"phone": phones.result(), "email": emails.result()}
        parts = pl.concat(
            [_lines(raw), places.result(), _corporate(raw), births, _digests(main)], how="horizontal"
        )
    named = pl.concat([parts, parts[extras["i"]].with_columns(_digests(extras)["name"])])
    keys = {
        rule["rule_id"]: _keys_of(number, rule["parts"].split("+"), parts, named, listed)
        for number, rule in enumerate(tables.load("blocking").iter_rows(named=True), 1)
    }
    return Blocked(keys, _usable(raw, parts, extras["i"], listed), main["flagged"], kana_births)


def _digests(known: pl.DataFrame) -> pl.DataFrame:
    return known.select(digest("full").alias("name"))


def matchable(raw: pl.DataFrame) -> pl.Series:
    """Boolean, a line each: some row could ever be matched with this line (a name alone never is)."""
    return _held(raw.height, [frame["i"] for frame in blocked(raw, "entry").keys.values()]).alias("matchable")


def _held(height: int, lines: list[pl.Series]) -> pl.Series:
    """Boolean of that height, true at the given line numbers."""
    mask = np.zeros(height, dtype=bool)
    for some in lines:
        mask[some.to_numpy()] = True
    return pl.Series(mask)


def _keys_of(
    rule: int, wanted: list[str], parts: pl.DataFrame, named: pl.DataFrame, listed: dict[str, pl.DataFrame]
) -> pl.DataFrame:
    """One key a line that has all parts of the rule."""
    source = listed[wanted[0]] if wanted[0] in _LISTED else named if "name" in wanted else parts
    return source.select("i", combine(rule, wanted)).drop_nulls().select(typed(_KEYS))


def _lines(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"))


def _places(raw: pl.DataFrame, side: Side) -> pl.DataFrame:
    """`town`, `postal`, `numbers`; `longer` and `shorter` meet when one side writes the room as a number."""
    frame = address.sketch(raw["address"]).with_columns(postal.parse(raw["postal"]).alias("zip"))
    begun = pl.concat_str("n1", "n2", separator="-", ignore_nulls=True)
    frame = frame.with_columns(
        pl.when(pl.col("n1").is_not_null())
        .then(pl.concat_str(begun, "n3", separator="-", ignore_nulls=True))
        .alias("all"),
        pl.when(pl.col("n3").is_not_null())
        .then(begun)
        .when(pl.col("n2").is_not_null())
        .then("n1")
        .alias("cut"),
    )
    whole, cut = digest("all"), digest("cut")
    longer, shorter = (whole, cut) if side == "entry" else (cut, whole)
    return frame.select(
        digest("tail").alias("town"),
        digest("zip").alias("postal"),
        whole.alias("numbers"),
        longer.alias("longer"),
        shorter.alias("shorter"),
    )


def _silent(column: pl.Series) -> bool:
    """Nothing stands in the column; a whole parse of nothing is not free."""
    return column.null_count() == len(column)


def _listed(raw: pl.DataFrame, field: str, keys_of: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    """One line a number or address of all columns of that field, digested."""
    found = [keys_of(raw[column]) for column in numbered(raw, field) if not _silent(raw[column])]
    values = pl.concat([pl.DataFrame(schema={"i": pl.UInt32, "value": pl.String}), *found])
    return values.select("i", digest("value").alias(field))


def _corporate(raw: pl.DataFrame) -> pl.DataFrame:
    written = raw["corporate_number"]
    if _silent(written):
        return pl.DataFrame({"corporate_number": written.cast(pl.UInt64)})
    parsed = raw.select(corporate_number(pl.col("corporate_number")).alias("digits"))
    return parsed.select(digest("digits").alias("corporate_number"))


def _births(
    raw: pl.DataFrame, main: pl.DataFrame, side: Side, against: Blocked | None
) -> tuple[pl.DataFrame, pl.Series]:
    """`birth`, the `kana` needed beside it, and `other_script`: kanji on one side and kana on the other."""
    if _silent(raw["birth_date"]):
        nothing = pl.Series([None] * raw.height, dtype=pl.UInt64)
        told_of = dict.fromkeys(("birth", "kana", "other_script"), nothing)
        return pl.DataFrame(told_of), nothing.drop_nulls()
    days = birth.parse(raw["birth_date"]).cast(pl.Int32).cast(pl.Int64)
    frame = pl.DataFrame({"birth": (days + 10**6).cast(pl.UInt64)}).with_row_index("i")
    kanji = (main["script"] == "kanji").fill_null(False)
    asked = frame["birth"].is_not_null() & (~kanji | _worth_reading(frame["birth"], against))
    frame = frame.with_columns(kanji.alias("kanji"), raw["kana"].is_not_null().alias("told"))
    frame = frame.join(_readings(raw["kana"], main, asked), on="i", how="left", maintain_order="left")
    read = pl.col("told") | pl.col("reading").is_not_null()
    of_row, of_entry = (1, 2) if side == "row" else (2, 1)
    other = pl.when(pl.col("kanji") & ~read).then(of_row).when(~pl.col("kanji") & read).then(of_entry)
    only = frame.filter(~pl.col("kanji") & pl.col("reading").is_not_null())["birth"].drop_nulls()
    kana_of = digest("reading").alias("kana")
    return frame.select("birth", kana_of, other.cast(pl.UInt64).alias("other_script")), only


def _readings(spoken: pl.Series, main: pl.DataFrame, asked: pl.Series) -> pl.DataFrame:
    """`i`, `reading` of the lines asked for: a name in kana or letters reads itself, else the kana column."""
    itself = pl.when(main["script"] != "kanji").then(main["full"])
    lines = pl.DataFrame({"kana": spoken, "asked": asked}).with_row_index("i")
    lines = lines.with_columns(pl.coalesce(itself, "kana").alias("kana")).filter("asked")
    return lines.select("i").with_columns(kana.key(lines["kana"]).alias("reading"))


def _worth_reading(births: pl.Series, against: Blocked | None) -> pl.Series:
    """A kanji name beside its kana is read only where the other side has kana alone on that very day."""
    if against is None:
        return pl.Series([True]).new_from_index(0, len(births))
    return births.is_in(against.kana_births.unique().implode()).fill_null(False)


def _usable(
    raw: pl.DataFrame, parts: pl.DataFrame, more: pl.Series, listed: dict[str, pl.DataFrame]
) -> pl.Series:
    """A line with a name, a reading, a phone, an e-mail, a birth date, a corporate number or a place."""
    placed = pl.col("numbers").is_not_null() & (pl.col("town").is_not_null() | pl.col("postal").is_not_null())
    told = placed | pl.any_horizontal(pl.col("name", "birth", "corporate_number").is_not_null())
    usable = parts.select(told.alias("told"))["told"] | _held(
        raw.height, [more, *(frame["i"] for frame in listed.values())]
    )
    silent = parts["i"].filter(~usable & raw["kana"].is_not_null())
    spoken = kana.key(raw["kana"].gather(silent)).is_not_null()
    return (usable | _held(raw.height, [silent.filter(spoken)])).alias("usable")
