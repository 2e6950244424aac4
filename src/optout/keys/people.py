"""The names under which one subject may appear: the name itself, a former surname, others in the cell, a company.

A long frame, one line per name: `i` UInt32 (line of the raw frame), `full` `family` `given` `kana` `kana_family`
`kana_given` `loose` `romaji` `romaji_family` `romaji_given` `form` `place` String, `latin` `wild` `care_of`
`ownerless` Boolean (these kana may be the company's), `cell` String (as written, for `text.foreign.words`: a name
without kanji, else its kana), `source` String. Every line of the raw frame has at least one, all null when there is
no usable name.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.text import company, kana, name

_NAME_PARTS: Final = ("full", "family", "given", "former", "script", "care_of", "wild", "flagged")
_IS_COMPANY: Final = (pl.col("source") == "company") | pl.col("form").is_not_null()
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
        The main names, one line per raw line in order: `full`, `script`, `parted` (its parts with a blank between
        them, where it has any) String, null where there is none, and `flagged` Boolean (the cell itself refuses,
        or tells a death); and the further names of the few lines that have any: `i` UInt32, `full`, `script`
        String without nulls.
    """
    main, extras = _written(raw)
    return main.select("full", "script", "flagged", parted()), extras.select(
        "i", "full", "script"
    ).drop_nulls()


def parted() -> pl.Expr:
    """A name of `text.name` with a blank between its parts; whole where it has none."""
    return pl.coalesce(pl.col("family") + " " + pl.col("given"), "full").alias("parted")


def companies(written: pl.Series) -> pl.DataFrame:
    """The companies of a column of their own, as `names` tells further names: `i`, `full`."""
    cells = _lined(written)
    read = _read_companies(cells, "company")
    return pl.concat([_companies(cells), read], how="diagonal_relaxed").select("i", "full").drop_nulls()


def people(raw: pl.DataFrame) -> pl.DataFrame:
    """Every name of every line of a raw frame, with its kana: the long frame described above."""
    main, extras = _written(raw)
    known = pl.concat([main.drop("others"), extras], how="diagonal_relaxed")
    known = _with_row_kana(raw, known).with_columns(_spoken())
    parsed = kana.parse(known["spoken"])
    parsed = parsed.select(pl.col(part).alias(ours) for part, ours in _KANA_PARTS.items())
    together = pl.concat([known, parsed], how="horizontal").with_columns(_cell(raw, known))
    return together.with_columns(
        pl.when(pl.col("script") == "kanji").then("full").alias("full"),
        pl.col("spoken").str.contains("[A-Za-zＡ-Ｚａ-ｚ]").fill_null(False).alias("latin"),
    ).drop("spoken", "of_row", "script", "former", "flagged")


def _cell(raw: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """`cell`: the name cell where it holds no kanji, else its kana; dots and blanks as they were written."""
    cells = known.select("source", "script", "of_row", cell=raw["name"][known["i"]])
    own = pl.when(pl.col("script") == "kanji").then("of_row").otherwise(pl.coalesce("cell", "of_row"))
    return cells.select(cell=pl.when(pl.col("source") == "name").then(own))["cell"]


def _with_row_kana(raw: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """`of_row`: the kana of the row for the name they may read; for the company too where nobody is named.

    A former surname or a second person in the cell is not what they read. The kana of a company come without
    its legal form, which the name has then if it has none. `ownerless`: kana that may be the company's.
    """
    told = raw.select("kana", nameless=pl.col("name").is_null(), firm=pl.col("company").is_not_null())
    source = pl.col("source")
    read = (source == "name") | ((source == "company") & pl.col("nameless"))
    known = pl.concat([known, told[known["i"]]], how="horizontal").with_columns(
        pl.when(read).then("kana").alias("of_row"),
        ((source == "name") & pl.col("nameless") & pl.col("firm")).alias("ownerless"),
    )
    return _without_legal_form(known.drop("kana", "nameless", "firm").with_row_index("line")).drop("line")


def _without_legal_form(known: pl.DataFrame) -> pl.DataFrame:
    # What a company puts in brackets tells it from its neighbours; a person's brackets are remarks.
    bracketed = pl.col("ownerless") & pl.col("of_row").str.contains("[(（]")
    hinted = (
        pl.col("of_row").str.contains_any(list(company.kana_hints()))
        | (pl.col("source") == "company")
        | bracketed
    )
    firms = known.filter(pl.col("of_row").is_not_null() & hinted).select("line", "of_row")
    if firms.is_empty():
        return known
    read_as = pl.concat([firms.select("line"), company.parse_kana(firms["of_row"])], how="horizontal")
    joined = known.join(read_as, on="line", how="left", maintain_order="left", suffix="_read")
    firm = pl.col("form_read").is_not_null() | (pl.col("source") == "company") | bracketed
    untold = pl.col("form").is_null() & pl.col("full").is_null()
    return joined.with_columns(
        pl.when(firm).then("core").otherwise("of_row").alias("of_row"),
        *(pl.when(untold).then(f"{c}_read").otherwise(c).alias(c) for c in ("form", "place")),
    ).drop("core", "form_read", "place_read")


def _spoken() -> pl.Expr:
    """How the name is read: a name in kana or Latin letters reads itself; else the kana column says it.

    A company's name wholly in kana may be a name or a reading, so it is both.
    """
    written = pl.when(pl.col("script") != "kanji").then(parted())
    own = pl.when(pl.col("full").str.contains("^[ァ-ヺーぁ-ゖ]+$") & _IS_COMPANY).then("full")
    return pl.coalesce(written, "of_row", own).alias("spoken")


def _written(raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Main names of all lines, and the further names of the few lines that have any."""
    firms = _named_firms(raw["name"])
    # Nothing of a company's cell is a person's name; whoever is named behind it is `_staff`.
    parsed = name.parse(raw["name"].scatter(firms["i"].filter(~firms["more"]), None))
    main = parsed.select(*_NAME_PARTS, "others").with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"),
        pl.lit(None, pl.String).alias("form"),
        pl.lit(None, pl.String).alias("place"),
        pl.lit("name").alias("source"),
    )
    main = _with_companies(main, firms)
    others, staff = _others(main, _staff(firms))
    extras = [_formers(main, raw["former"]), others]
    if raw["company"].null_count() < raw.height:
        cells = _lined(raw["company"])
        extras += [_companies(cells), _read_companies(cells, "company")]
    if not firms.is_empty():
        extras += [_read_companies(firms.select("i", "cell"), "reading"), staff]
    return main, pl.concat([main.drop("others").clear(), *extras], how="diagonal_relaxed")


def _may_be_company(written: pl.Expr) -> pl.Expr:
    return written.str.contains_any(list(company.hints()), ascii_case_insensitive=True)


def _named_firms(written: pl.Series) -> pl.DataFrame:
    """Companies in name cells.

    `i`, `cell`; `spelled`, and `core` `form` `place` of `company.parse`; `flagged` `more` of `name.beside`.
    """
    cells = _lined(written).filter(_may_be_company(pl.col("cell")))
    spelled = company.spelled(cells["cell"])
    of = company.of_spelled(spelled).select("core", "form", "place")
    some = pl.concat([cells, spelled.to_frame("spelled"), of], how="horizontal").drop_nulls(("core", "form"))
    return pl.concat([some, name.beside(some["cell"])], how="horizontal")


def _lined(written: pl.Series) -> pl.DataFrame:
    """The cells in which something stands: `i`, `cell`."""
    cells = pl.DataFrame({"i": pl.int_range(len(written), dtype=pl.UInt32, eager=True), "cell": written})
    return cells.drop_nulls("cell")


def _with_companies(main: pl.DataFrame, firms: pl.DataFrame) -> pl.DataFrame:
    """A company in the name cell: its core is the name, its legal form an attribute."""
    if firms.is_empty():
        return main
    joined = main.join(
        firms.drop("cell", "spelled", "more"), on="i", how="left", maintain_order="left", suffix="_company"
    )
    is_company = pl.col("form_company").is_not_null()
    return joined.with_columns(
        pl.when(is_company).then("core").otherwise("full").alias("full"),
        pl.when(is_company).then(None).otherwise("family").alias("family"),
        pl.when(is_company).then(None).otherwise("given").alias("given"),
        pl.when(is_company).then(pl.lit("kanji")).otherwise("script").alias("script"),
        pl.when(is_company).then("form_company").alias("form"),
        pl.when(is_company).then("place_company").alias("place"),
        pl.when(is_company).then("flagged_company").otherwise("flagged").alias("flagged"),
        pl.when(~is_company).then("others").alias("others"),
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


def _others(main: pl.DataFrame, staff: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The other people named in one cell (一郎・花子), and whoever is named behind a company, of `_staff`.

    Of these, one word without honorific or title may be a place (株式会社見本 北海道): in doubt, so at most a review.
    """
    joint = main.select("i", "others").filter(pl.col("others").list.len() > 0).explode("others")
    # Making the patterns ready is not free, so all are parsed at once.
    parsed = name.parse(pl.concat([joint["others"], staff["staff"]])).select(*_NAME_PARTS)
    of_joint, of_staff = parsed.head(joint.height), parsed.slice(joint.height)
    addressed = pl.col("cell").str.contains(r"(?:様|殿|氏|先生|さま|さん)[ 　]*$")
    plain = pl.col("full") == pl.col("staff")
    source = [pl.lit(source).alias("source") for source in ("joint", "staff")]
    return (
        pl.concat([joint.select("i"), of_joint], how="horizontal").with_columns(source[0]),
        pl.concat([staff, of_staff], how="horizontal")
        .with_columns((pl.col("care_of") | (plain & ~addressed)).alias("care_of"), source[1])
        .drop("cell", "staff"),
    )


def _companies(cells: pl.DataFrame) -> pl.DataFrame:
    """The company column, as one more name of the row."""
    some = company.parse(cells["cell"]).select(pl.col("core").alias("full"), "form", "place")
    return (
        pl.concat([cells.select("i"), some], how="horizontal")
        .with_columns(
            pl.lit("kanji").alias("script"),
            pl.lit(False).alias("wild"),
            pl.lit(False).alias("care_of"),
            pl.lit("company").alias("source"),
        )
        .drop_nulls("full")
    )


def _staff(firms: pl.DataFrame) -> pl.DataFrame:
    """Who is named behind a company in a name cell: `i`, `cell`, `staff`."""
    staff = company.staff(firms["spelled"])
    return firms.select("i", "cell").with_columns(staff).drop_nulls("staff")


def _read_companies(cells: pl.DataFrame, source: str) -> pl.DataFrame:
    """Companies written wholly in kana, once more as the reading of a name in kanji."""
    cells = cells.filter(company.written_in_kana(cells["cell"]))
    some = company.parse_kana(cells["cell"]).select(pl.col("core").alias("full"), "form", "place")
    return (
        pl.concat([cells.select("i"), some], how="horizontal")
        .with_columns(
            pl.lit("kana").alias("script"),
            pl.lit(False).alias("wild"),
            pl.lit(False).alias("care_of"),
            pl.lit(source).alias("source"),
        )
        .drop_nulls("full")
    )
