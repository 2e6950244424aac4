"""e-Stat's 廃置分合等情報 (changes of municipalities) → one line a change: old municipality, new one, date.

Source: e-Stat 市区町村名・コード → 廃置分合等情報を調べる (FEA_haitibungou-….csv, CP932): the change is
told in words with the codes in brackets (改正事由), and each code concerned repeats them. The same prepared as a table
(pref, old_name, old_code, new_name, new_code, date, kind) are read as well.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.atlas.columns import chosen, first_line, folded, refused
from optout.atlas.file import Part
from optout.atlas.names import parted, prefectures
from optout.schema import DType

EXPECTED: Final = "e-Stat's changes of municipalities (廃置分合等情報)"
# `new_code` is null where the source leaves it out (合併 into a new municipality that keeps a code).
SCHEMA: Final[dict[str, DType]] = dict.fromkeys(
    ("prefecture", "county", "old_name", "old_code", "new_name", "new_code", "date", "kind"), pl.String
)
_PREPARED: Final = {
    "prefecture": ("pref", "prefecture", "都道府県"),
    "old_name": ("old_name", "旧市区町村"),
    "old_code": ("old_code", "旧コード"),
    "new_name": ("new_name", "新市区町村"),
    "new_code": ("new_code", "新コード"),
    "date": ("date", "廃置分合等施行年月日"),
    "kind": ("kind", "種別"),
}
_AS_GIVEN: Final = {
    "code": ("標準地域コード",),
    "prefecture": ("都道府県",),
    "district": ("政令市･郡･支庁･振興局等",),
    "date": ("廃置分合等施行年月日",),
    "told": ("改正事由",),
}
_NAMED: Final = r"[^、()]+?\((?:[^()0-9]*、)?[0-9]{5}\)"
_CODE: Final = r"([0-9]{5})\)"
_NAME: Final = r"^(?:と|及び|並びに)?(.+?)\("
# 上磯町(01335)、大野町(01336)が合併し、北斗市(01236)を新設. What stands before the first が behind a code is old; a
# list goes on with 、 and a name may hold a が itself (つがる市).
_CHANGE: Final = r"^(.*?\)[^()、]*?)(?:から分離し、|が(?:合併|統合|再編)し、|が)(.+)$"
_DESIGNATED: Final = r"^(.*?\))の(.+への政令指定都市(?:施行|移行))$"
_NEW: Final = (
    r"([^、()]+?)(?:\([^()]*\))?(?:を新設|に(?:編入|市制施行|町制施行|名称変更|(?:郡の)?区域変更)|への政令)"
)
_KIND: Final = r"(新設|編入|市制施行|町制施行|名称変更|区域変更|政令指定都市)[^新編市町名区政]*$"


def read(part: Part) -> pl.DataFrame:
    """One file in either form → frame of SCHEMA, oldest first.

    Raises:
        TableFileError: it is another table, or holds lines this one cannot have.
    """
    header = {folded(cell) for cell in first_line(part)}
    prepared = folded("old_code") in header or folded("旧コード") in header
    changes = _prepared(part) if prepared else _as_given(part)
    if changes.is_empty():
        raise refused(part, EXPECTED, "no change could be read in it", first_line(part), _AS_GIVEN)
    return changes.unique(maintain_order=True).sort("date", "old_code", "new_code", nulls_last=True)


def _prepared(part: Part) -> pl.DataFrame:
    frame = chosen(part, _PREPARED, ("kind",), EXPECTED)
    _require_sound(part, frame, "old_code", "new_code")
    county = parted(pl.col("old_name"))[0]
    return _kept(frame.with_columns(county, _plain("old_name"), _plain("new_name")))


def _as_given(part: Part) -> pl.DataFrame:
    frame = chosen(part, _AS_GIVEN, ("district",), EXPECTED)
    _require_sound(part, frame, "code")
    told = pl.col("told").str.normalize("NFKC").str.replace_all(r"[ \t]", "").str.split("\n")
    lines = frame.select("prefecture", "date", told).explode("told").unique(maintain_order=True)
    lines = lines.with_columns(_halves("old"), _halves("new")).filter(
        pl.col("old").is_not_null() & pl.col("new").str.contains(_NEW)
    )
    lines = lines.with_columns(
        pl.col("new").str.extract(_KIND, 1).alias("kind"),
        pl.col("old").str.extract_all(_NAMED),
        _targets().alias("new"),
    )
    pairs = lines.explode("old").explode("new").drop_nulls("old")
    named = pairs.with_columns(
        pl.col("old").str.extract(_NAME, 1).alias("old_name"),
        pl.col("old").str.extract(_CODE, 1).alias("old_code"),
        pl.coalesce(pl.col("new").str.extract(_NAME, 1), "new").alias("new_name"),
        pl.col("new").str.extract(_CODE, 1).alias("new_code"),
    )
    changes = named.with_columns(_plain("old_name"), _plain("new_name"))
    counties = _counties(frame)
    return _kept(changes.join(counties, on=["prefecture", "old_code"], how="left", maintain_order="left"))


def _halves(which: str) -> pl.Expr:
    group = 1 if which == "old" else 2
    told = pl.col("told")
    return pl.coalesce(told.str.extract(_DESIGNATED, group), told.str.extract(_CHANGE, group)).alias(which)


def _targets() -> pl.Expr:
    """The new ones with their codes; without any code, the last name told."""
    coded = pl.col("new").str.extract_all(_NAMED)
    bare = pl.concat_list(pl.col("new").str.extract_all(_NEW).list.last().str.extract(_NEW, 1))
    return pl.when(coded.list.len() > 0).then(coded).otherwise(bare)


def _plain(which: str) -> pl.Expr:
    """A municipality without county or 支庁."""
    return pl.concat_str(*parted(pl.col(which))[1:], ignore_nulls=True).alias(which)


def _kept(changes: pl.DataFrame) -> pl.DataFrame:
    """Frame of SCHEMA; a change of 郡 or 支庁 keeps the name, so of several told at once only equal names belong."""
    changes = changes.with_columns(pl.col("kind").fill_null(""))
    moved = pl.col("kind").str.contains("区域変更")
    return changes.filter(~moved | (pl.col("old_name") == pl.col("new_name"))).select(list(SCHEMA))


def _counties(frame: pl.DataFrame) -> pl.DataFrame:
    """The county of each code, from the lines of the codes themselves."""
    county = pl.when(pl.col("district").str.contains("郡$")).then("district").alias("county")
    lines = frame.select("prefecture", pl.col("code").alias("old_code"), county).drop_nulls("county")
    return lines.unique(["prefecture", "old_code"], keep="first", maintain_order=True)


def _require_sound(part: Part, frame: pl.DataFrame, first: str, *others: str) -> None:
    code = "^[0-9A-Za-z]{5}$"  # e-Stat gives 支庁 codes with a letter
    sound = (
        pl.col(first).str.contains(code)
        & pl.all_horizontal(
            pl.lit(value=True), *(pl.col(n).str.contains(code).fill_null(True) for n in others)
        )
        & pl.col("prefecture").is_in(prefectures())
        & pl.col("date").str.contains("^(?:1[89]|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}$")
    )
    wrong = frame.select((~sound).fill_null(value=True).alias("wrong"))["wrong"].arg_true()
    if len(wrong):
        why = f"in {len(wrong):,} of {frame.height:,} rows code, prefecture or date cannot be"
        raise refused(part, EXPECTED, why, first_line(part), {**_PREPARED, **_AS_GIVEN})
