"""A raw frame → blocking keys: two subjects are compared only when they share one (tables/blocking.tsv).

This is lane 1 (the cheap part done for every row). Its law: whatever the rules would withhold or review shares at
least one key here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import polars as pl

from optout import tables
from optout.keys.digest import combine, digest
from optout.keys.people import names
from optout.schema import numbered
from optout.text import address, birth, email, kana, phone, postal

Side: TypeAlias = Literal["row", "entry"]

_KEYS: Final = {"i": pl.UInt32, "key": pl.UInt64}


@dataclass(frozen=True, slots=True, eq=False)
class Blocked:
    """What lane 1 knows of a raw frame.

    Attributes:
        keys: Blocking rule id → frame `i` UInt32 (line of the raw frame), `key` UInt64, no nulls.
        usable: Boolean, a line each: at least one identifier survives.
    """

    keys: dict[str, pl.DataFrame]
    usable: pl.Series


def blocked(raw: pl.DataFrame, side: Side) -> Blocked:
    """Make the blocking keys of every line.

    Args:
        raw: A raw frame (see `optout.schema`); nulls and any spelling allowed.
        side: `row` for a batch, `entry` for the suppression list; it matters only to BK11, where the two differ.

    Returns:
        Keys by rule, and which lines have an identifier at all.
    """
    parts = _places(raw) | _names(raw) | _numbers(raw)
    parts |= _births(raw, parts["full"], side)
    keys = {
        rule["rule_id"]: _keys_of(number, rule["parts"].split("+"), parts)
        for number, rule in enumerate(tables.load("blocking").iter_rows(named=True), 1)
    }
    return Blocked(keys, _usable(raw, parts))


def matchable(raw: pl.DataFrame) -> pl.Series:
    """Boolean, a line each: some row could ever be matched with this line (a name alone never is)."""
    found = pl.concat([frame["i"] for frame in blocked(raw, "entry").keys.values()]).unique()
    return pl.int_range(raw.height, dtype=pl.UInt32, eager=True).is_in(found.implode()).alias("matchable")


def _keys_of(rule: int, names_of_parts: list[str], parts: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Join the parts line by line; a line that lacks one has no key under this rule."""
    first, *rest = names_of_parts
    frame = parts[first]
    for part in rest:
        frame = frame.join(parts[part], on="i", how="inner")
    return frame.select("i", combine(rule, names_of_parts)).cast(_KEYS)


def _part(lines: pl.DataFrame, column: str, part: str) -> pl.DataFrame:
    """One digest column under the name of the part, without nulls."""
    return lines.select("i", digest(column).alias(part)).drop_nulls()


def _lines(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"))


def _places(raw: pl.DataFrame) -> dict[str, pl.DataFrame]:
    lines = _lines(address.sketch(raw["address"])).with_columns(
        raw.select(postal.fold(pl.col("postal")).alias("postal"))["postal"],
        pl.concat_str("first", pl.col("second").fill_null(""), separator="-").alias("numbers"),
    )
    return {
        "town": _part(lines, "tail", "town"),
        "numbers": _part(lines, "numbers", "numbers"),
        "postal": _part(lines, "postal", "postal"),
    }


def _names(raw: pl.DataFrame) -> dict[str, pl.DataFrame]:
    known = names(raw)
    initial = known.select("i", pl.col("full").str.slice(0, 1).alias("initial")).unique()
    return {
        "full": known,
        "name": _part(known, "full", "name"),
        "initial": _part(initial, "initial", "initial"),
    }


def _numbers(raw: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Telephone numbers, e-mail addresses and their aliases, corporate numbers."""
    phones = [_listed(phone.parse(raw[column])["keys"]) for column in numbered(raw, "phone")]
    emails = []
    for column in numbered(raw, "email"):
        parsed = email.parse(raw[column])
        emails += [_listed(parsed["keys"]), _listed(parsed["aliases"])]
    corporate = _lines(raw.select(corporate_number(pl.col("corporate_number")).alias("value")))
    return {
        "phone": _part(_stacked(phones), "value", "phone"),
        "email": _part(_stacked(emails), "value", "email"),
        "corporate_number": _part(corporate, "value", "corporate_number"),
    }


def _listed(values: pl.Series) -> pl.DataFrame:
    """List column → one line a value."""
    lines = pl.DataFrame({"value": values}).with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"))
    return lines.filter(pl.col("value").list.len() > 0).explode("value")


def _stacked(frames: list[pl.DataFrame]) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"value": pl.String, "i": pl.UInt32})
    return pl.concat([empty, *frames]).unique() if frames else empty


def corporate_number(written: pl.Expr) -> pl.Expr:
    """The 13 digits of a corporate number (法人番号), else null. Elementwise on a String column.

    Source: 行政手続における特定の個人を識別するための番号の利用等に関する法律 第39条; a leading 1-9 is the check digit.
    """
    return chars_only(written).str.extract("^([1-9][0-9]{12})$")


def chars_only(written: pl.Expr) -> pl.Expr:
    """ASCII digits of a cell, whatever their width."""
    return written.str.normalize("NFKC").str.replace_all("[^0-9]", "")


def _births(raw: pl.DataFrame, known: pl.DataFrame, side: Side) -> dict[str, pl.DataFrame]:
    """Birth dates, and the kana needed beside them (kana are parsed for these lines only)."""
    born = _lines(birth.parse(raw["birth_date"]).alias("birth").cast(pl.Int32).to_frame())
    born = born.drop_nulls().select("i", pl.col("birth").cast(pl.Int64).add(10**6).cast(pl.UInt64))
    spoken = _spoken(raw, born["i"], known)
    initial = spoken.select("i", pl.col("kana").str.slice(0, 1).alias("initial"))
    kanji = known.filter(pl.col("script") == "kanji")["i"].unique().implode()
    has_kanji, has_kana = pl.col("i").is_in(kanji), pl.col("i").is_in(spoken["i"].implode())
    of_row, of_entry = (1, 2) if side == "row" else (2, 1)
    other = pl.when(has_kanji & ~has_kana).then(of_row).when(has_kana & ~has_kanji).then(of_entry)
    return {
        "birth": born,
        "kana_initial": _part(initial, "initial", "kana_initial"),
        "other_script": born.select("i", other.cast(pl.UInt64).alias("other_script")).drop_nulls(),
    }


def _spoken(raw: pl.DataFrame, lines: pl.Series, known: pl.DataFrame) -> pl.DataFrame:
    """`i`, `kana` of the given lines: from the kana column, or a name that is itself in kana or letters."""
    written = known.filter(pl.col("script") != "kanji").unique("i", keep="first", maintain_order=True)
    beside = pl.DataFrame({"i": lines, "kana": raw["kana"].gather(lines)}, schema_overrides={"i": pl.UInt32})
    told = beside.join(written, on="i", how="left", maintain_order="left").select(
        "i", pl.coalesce("kana", "full").alias("kana")
    )
    return told.with_columns(kana.parse(told["kana"])["key"].alias("kana")).drop_nulls()


def _usable(raw: pl.DataFrame, parts: dict[str, pl.DataFrame]) -> pl.Series:
    """A line with a name, a reading, a phone, an e-mail, a birth date, a corporate number or a place."""
    place = pl.concat([parts["town"].select("i"), parts["postal"].select("i")]).unique()
    place = place.join(parts["numbers"].select("i"), on="i", how="inner")
    identifying = ("full", "phone", "email", "birth", "corporate_number")
    known = pl.concat([place, *(parts[part].select("i") for part in identifying)])["i"].unique()
    lines = pl.int_range(raw.height, dtype=pl.UInt32, eager=True)
    usable = lines.is_in(known.implode())
    silent = lines.filter(~usable)
    spoken = kana.parse(raw["kana"].gather(silent))["key"].is_not_null()
    late = silent.filter(spoken)
    return (usable | lines.is_in(late.implode())).alias("usable")
