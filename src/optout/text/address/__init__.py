"""Japanese addresses → municipality, town, numbers, room and the keys under which two are the same place.

A key is `code|town|numbers`: the municipality's code of today (JIS X 0402), the town's registered name, folded, with
whatever else stands before the numbers (小字, 甲, イ), and the numbers. The 丁目 is simply the first number, so
1丁目2番3号 = 1-2-3 = 一の二の三. Where an address can be read in several ways it has several keys, and any that
meets another's is enough. Sources: tables/address_fold.tsv, address_placeholder.tsv, dash.tsv; tables.gazetteer.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from optout.tables import gazetteer as registers
from optout.tables.gazetteer import Gazetteer
from optout.text import chars
from optout.text.address import banchi, plain_places
from optout.text.address.places import Places, places_of
from optout.text.address.resolve import resolve
from optout.text.address.spelling import cleaned, fold, told, without_marks

__all__ = ["fold", "parse", "sketch"]

_HIRAGANA_LOT: Final = (
    "[^0-9０-９〇一二三四五六七八九十百地番号]の[-－‐ 　]*[0-9０-９〇一二三四五六七八九十百]"
)
_LOTS: Final = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
# Up to so many addresses, looking for names in arrays costs more than it saves.
_FEW: Final = 5_000
_WHOLE: Final = 99  # the longest cut of a numeral: all of it, and what counts it
_LOT: Final = rf"^([{_LOTS}A-Zぁ-んァ-ヺ]|国有地?)$"


def sketch(written: pl.Series) -> pl.DataFrame:
    """The cheap part, for every row of a batch: the tail of the town's name and the numbers.

    Two addresses that `parse` finds equal have equal sketches, whatever prefecture, city or ward was left out.

    Args:
        written: String, an address in one piece; nulls allowed.

    Returns:
        Frame of the same height and order: `tail` String (two characters before the numbers, a final 町 apart),
        `n1`, `n2`, `n3` String. Null where there is none.
    """
    return banchi.sketched(*cleaned(written))


def parse(
    written: pl.Series, postal: pl.Series | None = None, gazetteer: Gazetteer | None = None
) -> pl.DataFrame:
    """Everything an address tells, for the rows that need it.

    Args:
        written: String, an address in one piece; nulls allowed.
        postal: String of seven digits or null, beside each; a code written in the address itself counts where there
            is none.
        gazetteer: The registered places; those of the package by default.

    Returns:
        Frame of the same height and order, null where not told. String: `prefecture`, `city`, `ward` (of a designated
        city, or a special ward itself), `town` (the registered name, folded, and what else stands before the numbers:
        `behind_town`), `numbers` (at most three, joined by "-"; a lot may stand among them), `room`, `lot` (甲, イ,
        無番地), `tail` and `seen` (the numbers) of the sketch, `unknown` (a municipality in no register, or a former
        ward). List(String): `codes` of the municipalities it may lie in, `towns` (`code|registered name`), `places`
        (`code|town`), `keys` (`code|town|numbers`). Boolean, no nulls: `known_town` (registered), `guess` (its
        municipality follows from the town or the postal code), and `postal_conflict` (the postal code is of another
        municipality: read both ways).

    Source: tables.gazetteer (Japan Post KEN_ALL, Digital Agency ABR) for places; JIS X 0402 for codes.

    Examples:
        >>> line = parse(pl.Series(["東京都新宿区西新宿三丁目2番1号 見本ビル301号室"])).row(0, named=True)
        >>> line["keys"], line["room"]
        (['13104|西新宿|3-2-1'], '301')
    """
    places = places_of(gazetteer or registers.packaged())
    if len(written) <= _FEW:
        return by_expressions(written, postal, places)
    told = plain_places.read(written, postal, places)
    if told.hard.all():
        return by_expressions(written, postal, places)
    hard = pl.Series(told.hard)
    others = by_expressions(written.filter(hard), None if postal is None else postal.filter(hard), places)
    # A gather; a blank cell is the line behind the last.
    at = np.full(len(written), len(told.lines) + others.height)
    at[told.lines] = np.arange(len(told.lines))
    at[told.hard] = np.arange(others.height) + len(told.lines)
    blank = others.clear(1).with_columns(
        pl.col("known_town", "guess", "postal_conflict").fill_null(value=False)
    )
    return pl.concat([told.frame, others, blank], rechunk=True)[at]


def by_expressions(written: pl.Series, postal: pl.Series | None, places: Places) -> pl.DataFrame:
    """`parse` for cells of any kind, by string expressions."""
    text, beside = cleaned(written)
    code, numberless = (banchi.at_lines(beside, column, len(text)) for column in ("code", "numberless"))
    if postal is not None:
        code = postal.zip_with(postal.is_not_null(), code)
    frame = banchi.split(told(text), numberless)
    frame = frame.with_columns(postal=code, tail=banchi.tails(frame["name"]))
    frame = frame.with_columns(name=_typed_lots(pl.col("name"), written))
    return _assembled(*_ended(*_located(frame, places), places), places)


def _typed_lots(name: pl.Expr, written: pl.Series) -> pl.Expr:
    """良川の12 and 良川ノ12 are two lots, though the fold knows one of the letters only."""
    hiragana = written.str.contains(_HIRAGANA_LOT).fill_null(value=False)
    return pl.when(hiragana).then(name.str.replace("ノ(-?)$", "の${1}")).otherwise(name)


def _located(frame: pl.DataFrame, places: Places) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The frame with the `id` of its distinct name and postal code; readings and beginnings by `id`."""
    names = frame.select("name", "postal").drop_nulls("name").unique().with_row_index("id")
    frame = frame.join(names, on=["name", "postal"], how="left", nulls_equal=True, maintain_order="left")
    return frame, *resolve(names.with_columns(without_marks(pl.col("name"))), places)


def _ended(
    frame: pl.DataFrame, readings: pl.DataFrame, begun: pl.DataFrame, places: Places
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """助七1: where no town is known by its name alone, the kanji numeral behind it may be the end of one."""
    unknown = begun.join(readings.filter("known"), on="id", how="anti").filter("told", pl.col("left") != "")
    lines = frame.select("id", "name", "behind", at=pl.int_range(pl.len(), dtype=pl.UInt32))
    lines = lines.filter(pl.col("behind").str.starts_with("<")).join(unknown, on="id")
    lines = lines.with_columns(digits=pl.col("behind").str.extract("^<([0-9]+)>"))
    longer = _with_numeral(lines, places)
    if longer.is_empty():
        return frame, readings, begun
    again = banchi.split(longer["behind"]).with_columns(longer["name"])
    some = again.select("name", "numbers", "lot", "room").with_columns(frame["postal"].gather(longer["at"]))
    # Numbered behind the ids there are.
    some, more, begun_so = _located(some, places)
    later = pl.col("id") + begun.height
    held = pl.select(pl.int_range(frame.height, dtype=pl.UInt32).is_in(longer["at"].implode()).alias("held"))[
        "held"
    ]
    read = ("numbers", "lot", "room", "id")
    frame = frame.with_columns(
        chars.overlaid(frame.select(read), held, some.with_columns(later).select(read))
    )
    return (
        frame,
        pl.concat([readings, more.with_columns(later)]),
        pl.concat([begun, begun_so.with_columns(later)]),
    )


def _with_numeral(lines: pl.DataFrame, places: Places) -> pl.DataFrame:
    """`at`, `name`, `behind` of the lines whose name is a town with the numeral, its first digits, or 番 behind it."""
    cuts = lines.with_columns(cut=pl.int_ranges(1, pl.col("digits").str.len_chars() + 1)).explode("cut")
    head, others = pl.col("digits").str.head(pl.col("cut")), pl.col("digits").str.slice(pl.col("cut"))
    counted = lines.filter(pl.col("behind").str.contains("^<[0-9]+>番"))  # 麻布十番2-3
    tried = pl.concat(
        [
            cuts.with_columns(end=head, others=others),
            counted.with_columns(
                cut=pl.lit(_WHOLE, pl.Int64), end=pl.col("digits") + "番", others=pl.lit("")
            ),
        ],
        how="diagonal_relaxed",
    ).with_columns(alias=pl.col("left") + pl.col("end"))
    tried = tried.filter(pl.col("alias").str.contains("[0-9]番?$"))
    groups = lines.select("group").unique().join(places.groups, on="group")
    names = groups.join(places.towns.having(tried["alias"]), on="code")
    found = tried.join(names, on=["group", "alias"], how="semi").sort("at", "cut").unique("at", keep="last")
    number = pl.when(pl.col("others") != "").then("<" + pl.col("others") + ">").otherwise(pl.lit(""))
    behind = number + pl.col("behind").str.replace("^<[0-9]+>", "")
    name = pl.col("name") + pl.col("end")
    return found.select("at", name=name, behind=behind.str.replace("^[-ノ番 ]+", "")).sort("at")


def _assembled(
    frame: pl.DataFrame, readings: pl.DataFrame, begun: pl.DataFrame, places: Places
) -> pl.DataFrame:
    """One line an address again."""
    known = _municipality(readings, begun, places).join(_listed(readings, begun), on="id").sort("id")
    # A gather: ids are line numbers, and the line behind the last tells nothing.
    known = pl.concat([known.drop("id"), known.drop("id").clear(1)])
    frame = pl.concat([frame, known[frame["id"].fill_null(begun.height)]], how="horizontal")
    town = chars.blank_to_null(pl.col("town") + pl.col("rest_of_name"))
    lot = pl.coalesce("lot", pl.col("rest_of_name").str.extract(_LOT, 1))
    flags = [pl.col(c).fill_null(value=False) for c in ("known_town", "guess", "postal_conflict")]
    return frame.with_columns(keys=_keys(frame)).select(
        *("prefecture", "city", "ward"),
        town.alias("town"),
        *("numbers", "room", lot.alias("lot"), "tail", "seen", "unknown"),
        pl.col("rest_of_name").alias("behind_town"),
        *("codes", "towns", "places", "keys"),
        *flags,
    )


def _listed(readings: pl.DataFrame, begun: pl.DataFrame) -> pl.DataFrame:
    """The readings of each name as lists; the first one's town, or what stands there when none is known."""
    readings = readings.sort("id", "code", "town", "rest")
    place = pl.col("code") + "|" + pl.col("town")
    lists = readings.group_by("id", maintain_order=True).agg(
        pl.col("code").unique(maintain_order=True).alias("codes"),
        place.unique(maintain_order=True).alias("towns"),
        (place + pl.col("rest")).unique(maintain_order=True).alias("places"),
        pl.col("town").first(),
        pl.col("rest").first().alias("rest_of_name"),
        pl.col("known").any().alias("known_town"),
        pl.col("guess").any(),
        pl.col("conflict").any().alias("postal_conflict"),
        pl.col("unknown").first(),
    )
    whole = begun.select("id", "left").join(lists, on="id", how="left")
    return whole.with_columns(
        pl.col("town").fill_null(""), rest_of_name=pl.coalesce("rest_of_name", "left")
    ).drop("left")


def _municipality(readings: pl.DataFrame, begun: pl.DataFrame, places: Places) -> pl.DataFrame:
    """`prefecture`, `city`, `ward` on which all readings agree; without any, the prefecture that is told."""
    unread = begun.join(readings, on="id", how="anti").join(places.groups, on="group").select("id", "code")
    codes = pl.concat([readings.select("id", "code"), unread]).unique()
    once = codes.filter(pl.len().over("id") == 1).join(places.municipalities, on="code")
    several = codes.filter(pl.len().over("id") > 1).join(places.municipalities, on="code")
    parts = ("prefecture", "city", "ward")
    agreed = [pl.when(pl.col(c).n_unique() == 1).then(pl.col(c).first()).alias(c) for c in parts]
    return pl.concat([once.select("id", *parts), several.group_by("id").agg(agreed)])


def _keys(frame: pl.DataFrame) -> pl.Series:
    """`places` with the numbers behind each; null without numbers."""
    several = frame.select("numbers", "places").with_row_index("line")
    several = several.filter(pl.col("numbers").is_not_null(), pl.col("places").list.len() > 1)
    by_line = several.explode("places").group_by("line", maintain_order=True)
    many = by_line.agg(keys=pl.col("places") + "|" + pl.col("numbers"))
    one = pl.col("places").list.first() + "|" + pl.col("numbers")
    lines = (
        frame.select("places", one=one)
        .with_row_index("line")
        .join(many, on="line", how="left", maintain_order="left")
    )
    single = pl.when(pl.col("one").is_not_null()).then(pl.concat_list("one"))
    return lines.select(keys=pl.coalesce("keys", single))["keys"]
