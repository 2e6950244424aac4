"""Japan Post's KEN_ALL (utf_ken_all.csv, KEN_ALL.CSV, a prefecture's file) → municipalities, towns, postal codes.

Source: 郵便番号データの説明 (post.japanpost.jp/zipcode/dl/readme.html): 15 columns without a header; in the CP932
file a town name of more than 38 characters goes on in the next line, which the open bracket shows. What is in
brackets (丁目, 番地, 次のビルを除く) says which part of the town the postal code is for, and is dropped.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.atlas.columns import first_line, parsed, refused
from optout.atlas.file import Part
from optout.atlas.names import parted, prefectures
from optout.schema import DType

EXPECTED: Final = "Japan Post's KEN_ALL (utf_ken_all.csv or KEN_ALL.CSV, 15 columns without a header)"
COLUMNS: Final = 15
SCHEMA: Final[dict[str, DType]] = dict.fromkeys(
    ("code", "prefecture", "county", "city", "ward", "postal", "town"), pl.String
)
_OFFICES: Final = 13  # columns of JIGYOSYO.CSV
# Which town it is, is not told: every place of the municipality that has no line of its own.
_NO_TOWN: Final = r"^以下に掲載がない場合$|の次に.+がくる場合$|^.+[市区町村]一円$"
_BRACKETS: Final = r"[（(].*$"
# 種市第１５地割～第２１地割: 地割 is a number of the lot, and the list of them is no name.
_CHIWARI: Final = r"第?[0-9０-９]+地割.*$"
# 大泉町西井出８２４０−１, 三次市国有無番地: a lot of its own postal code.
_LOT: Final = r"(?:[０-９]+[−－‐-][０-９]+|国有無番地)$"
_FLOOR: Final = "階"


def read(part: Part) -> pl.DataFrame:
    """One file → frame of SCHEMA: a line for each postal code, municipality and town ("" = not told).

    Raises:
        TableFileError: it is not KEN_ALL, or holds lines KEN_ALL cannot have.
    """
    header = first_line(part)
    if len(header) != COLUMNS:
        why = f"it has {len(header)} columns"
        if len(header) == _OFFICES:
            why += ", as the postal codes of offices (JIGYOSYO.CSV) have, which are no towns"
        raise refused(part, EXPECTED, why, header)
    frame = parsed(part, header, EXPECTED)
    lines = frame.select(
        pl.col("c0").str.strip_chars().alias("code"),
        pl.col("c2").str.strip_chars().alias("postal"),
        pl.col("c6").str.strip_chars().alias("prefecture"),
        pl.col("c7").str.strip_chars().alias("full"),
        pl.col("c8").fill_null("").alias("town"),
        pl.col("c14").alias("last"),
    )
    _require_sound(part, header, lines)
    return _told(_joined(lines))


def _require_sound(part: Part, header: list[str], lines: pl.DataFrame) -> None:
    sound = (
        pl.col("code").str.contains("^[0-9]{5}$")
        & pl.col("postal").str.contains("^[0-9]{7}$")
        & pl.col("prefecture").is_in(prefectures())
        & pl.col("full").str.contains("[市区町村]$")
        & pl.col("last").is_not_null()
    )
    wrong = lines.select((~sound).fill_null(value=True).alias("wrong"))["wrong"].arg_true() + 1
    if len(wrong):
        first = ", ".join(map(str, wrong.head(5)))
        why = f"in {len(wrong):,} lines code, postal code or municipality cannot be (first lines {first})"
        raise refused(part, EXPECTED, why, header)


def _joined(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines that go on in the next one, in one piece: a bracket is open until it is closed."""
    depth = pl.col("town").str.count_matches("（").cast(pl.Int32) - pl.col("town").str.count_matches(
        "）"
    ).cast(pl.Int32)
    same = pl.struct("code", "postal").rle_id()
    lines = lines.with_columns(depth.alias("depth"), same.alias("place"))
    before = (pl.col("depth").cum_sum() - pl.col("depth")).over("place")
    lines = lines.with_columns((before <= 0).cum_sum().over("place").alias("piece"))
    return lines.group_by("place", "piece", maintain_order=True).agg(
        pl.col("code", "postal", "prefecture", "full").first(), pl.col("town").str.join("")
    )


def _told(lines: pl.DataFrame) -> pl.DataFrame:
    """Municipalities in parts; towns without brackets; the floors of a building at the town it stands in."""
    told = pl.col("town").str.strip_chars()
    plain = told.str.replace(_BRACKETS, "")
    # 渡名喜村 has one line, and its town is the village.
    itself = (plain == pl.col("full").str.replace("^.+郡", "")) & (pl.len().over("code") == 1)
    name = plain.str.replace(_CHIWARI, "").str.replace(_LOT, "")
    named = pl.when(~(plain.str.contains(_NO_TOWN) | itself)).then(name).otherwise(pl.lit(""))
    floor = told.str.extract(r"[（(](.*)$").str.contains(_FLOOR).fill_null(value=False)
    lines = lines.with_columns(named.alias("town"), floor.alias("floor"))
    towns = lines.filter(~pl.col("floor")).with_columns(pl.col("town").str.split("、")).explode("town")
    floors = _standing_in(lines.filter("floor"), towns)
    whole = pl.concat([towns, floors]).with_columns(parted(pl.col("full")))
    return whole.select(list(SCHEMA)).unique(maintain_order=True).sort("code", "postal", "town")


def _standing_in(floors: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """中央アエル（７階） stands in 中央: the longest town of the municipality its name begins with, or none."""
    known = towns.select("code", pl.col("town").alias("begins")).unique(maintain_order=True)
    floors = floors.with_row_index("line")
    hits = floors.join(known, on="code").filter(pl.col("town").str.starts_with(pl.col("begins")))
    longest = hits.sort(pl.col("begins").str.len_chars()).group_by("line").agg(pl.col("begins").last())
    placed = floors.join(longest, on="line", how="left", maintain_order="left")
    return placed.with_columns(pl.col("begins").fill_null("").alias("town")).select(towns.columns)
