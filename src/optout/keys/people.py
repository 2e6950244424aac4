"""The names under which one subject may appear: the name itself, a former surname, others in the cell, a company.

A long frame, one line per name: `i` UInt32 (line of the raw frame), `full` `family` `given` `kana` `kana_family`
`kana_given` `loose` `romaji` `romaji_family` `romaji_given` `form` `place` String, `latin` `wild` `care_of` Boolean, `source` String. Every line of
the raw frame has at least one, all null when there is no usable name.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.text import company, kana, name

# Whatever may be part of a legal form; `company.parse` decides.
_COMPANY: Final = [
    *("会社", "會社", "法人", "組合", "㈱", "㈲", "㍿", "株)", "有)", "株）", "有）", "(株", "(有", "（株", "（有"),
    *(f"{mark}{end}" for mark in "合資名同医財社宗学福特" for end in ")）"),
    *("特非", "一社", "一財", "公社", "公財", "社福", "co.", "inc.", "ltd", "k.k.", "corp"),
]
_NAME_PARTS: Final = ("full", "family", "given", "former", "script", "care_of", "wild", "flagged")
_KANA_PARTS: Final = {
    "key": "kana",
    "family": "kana_family",
    "given": "kana_given",
    "loose": "loose",
    "romaji": "romaji",
    "romaji_family": "romaji_family",
    "romaji_given": "romaji_given",
}


def names(raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Only what blocking needs of a name.

    Args:
        raw: A raw frame (see `optout.schema`).

    Returns:
        The main names, one line per raw line in order: `full`, `script` String, null where there is none, and
        `flagged` Boolean (the cell itself refuses, or tells a death); and the further names of the few lines that have any: `i` UInt32, `full`, `script` String without nulls.
    """
    main, extras = _written(raw)
    return main.select("full", "script", "flagged"), extras.select("i", "full", "script").drop_nulls()


def people(raw: pl.DataFrame) -> pl.DataFrame:
    """Every name of every line of a raw frame, with its kana: the long frame described above."""
    main, extras = _written(raw)
    known = pl.concat([main.drop("others"), extras], how="diagonal_relaxed")
    of_row = raw["kana"].gather(known["i"]).alias("of_row")
    known = known.with_columns(of_row).with_columns(_spoken())
    parsed = kana.parse(known["spoken"])
    parsed = parsed.select(pl.col(part).alias(ours) for part, ours in _KANA_PARTS.items())
    together = pl.concat([known, parsed], how="horizontal")
    return together.with_columns(
        pl.when(pl.col("script") == "kanji").then("full").alias("full"),
        pl.col("spoken").str.contains("[A-Za-zＡ-Ｚａ-ｚ]").fill_null(False).alias("latin"),
    ).drop("spoken", "of_row", "script", "former", "flagged")


def _spoken() -> pl.Expr:
    """How the name is read: a name in kana or Latin letters reads itself; else the kana column says it.

    A former surname or a second person in the cell is not what the kana column reads.
    """
    parts = pl.when(pl.col("given").is_not_null()).then(pl.col("family") + " " + pl.col("given"))
    written = pl.when(pl.col("script") != "kanji").then(pl.coalesce(parts, "full"))
    beside = pl.when(pl.col("source") == "name").then("of_row")
    return pl.coalesce(written, beside).alias("spoken")


def _written(raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Main names of all lines, and the further names of the few lines that have any."""
    parsed = name.parse(raw["name"])
    main = parsed.select(*_NAME_PARTS, "others").with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"),
        pl.lit(None, pl.String).alias("form"),
        pl.lit(None, pl.String).alias("place"),
        pl.lit("name").alias("source"),
    )
    main = _with_companies(main, raw["name"])
    extras = [_formers(main, raw["former"]), _others(main), _companies(raw["company"])]
    return main, pl.concat([main.drop("others").clear(), *extras], how="diagonal_relaxed")


def _with_companies(main: pl.DataFrame, written: pl.Series) -> pl.DataFrame:
    """A company in the name cell: its core is the name, its legal form an attribute."""
    held = written.str.contains_any(_COMPANY, ascii_case_insensitive=True).fill_null(False)
    if not held.any():
        return main
    of = company.parse(written.filter(held)).select("core", "form", "place")
    of = of.with_columns(main.filter(held)["i"])
    joined = main.join(of, on="i", how="left", maintain_order="left", suffix="_company")
    is_company = pl.col("form_company").is_not_null() & pl.col("core").is_not_null()
    return joined.with_columns(
        pl.when(is_company).then("core").otherwise("full").alias("full"),
        pl.when(is_company).then(None).otherwise("family").alias("family"),
        pl.when(is_company).then(None).otherwise("given").alias("given"),
        pl.when(is_company).then(pl.lit("kanji")).otherwise("script").alias("script"),
        pl.when(is_company).then("form_company").alias("form"),
        pl.when(is_company).then("place_company").alias("place"),
    ).select(main.columns)


def _formers(main: pl.DataFrame, column: pl.Series) -> pl.DataFrame:
    """The former surname with the given name of today, from brackets in the name or a column of its own."""
    if column.null_count() < len(column):
        main = main.with_columns(pl.coalesce("former", name.parse(column)["full"].alias("former")))
    some = main.filter(pl.col("former").is_not_null() & pl.col("given").is_not_null())
    return some.select(
        "i",
        (pl.col("former") + pl.col("given")).alias("full"),
        pl.col("former").alias("family"),
        "given",
        "script",
        "care_of",
        "wild",
        pl.lit("former").alias("source"),
    )


def _others(main: pl.DataFrame) -> pl.DataFrame:
    """The other people named in one cell (一郎・花子)."""
    some = main.select("i", "others").filter(pl.col("others").list.len() > 0).explode("others")
    parsed = name.parse(some["others"]).select(*_NAME_PARTS)
    return pl.concat([some.select("i"), parsed], how="horizontal").with_columns(
        pl.lit("joint").alias("source")
    )


def _companies(written: pl.Series) -> pl.DataFrame:
    """The company column, as one more name of the row."""
    lines = pl.int_range(len(written), dtype=pl.UInt32, eager=True).alias("i")
    held = written.is_not_null()
    some = company.parse(written.filter(held)).select(pl.col("core").alias("full"), "form", "place")
    return pl.concat([lines.filter(held).to_frame(), some], how="horizontal").with_columns(
        pl.lit("kanji").alias("script"),
        pl.lit(False).alias("wild"),
        pl.lit(False).alias("care_of"),
        pl.lit("company").alias("source"),
    ).drop_nulls("full")
