"""The tools that build tables: their rules on small inputs, and what is shipped is what they prove."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from optout import tables

TOOLS = Path(__file__).parents[1] / "tools"


@cache
def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a dataclass looks its module up by name
    spec.loader.exec_module(module)
    return module


def lists(joyo: str = "", jinmei: str = "") -> Any:
    return tool("build_kanji_fold").Official(frozenset(joyo), frozenset(jinmei), frozenset())


def classes(official: Any, **sources: list[tuple[str, str]]) -> Any:
    """The classes after these pairs, from sources as trusted as their names say."""
    fold = tool("build_kanji_fold")
    names = {"law": fold.OFFICIAL[0], "tax": fold.NTA, "registers": fold.REGISTERS}
    return fold.joined({names[source]: pairs for source, pairs in sources.items()}, official)


def test_two_official_kanji_are_one_only_where_an_official_table_pairs_them() -> None:
    assert classes(lists("坂阪"), tax=[("坂", "阪")])["坂"] == {"坂"}
    assert classes(lists("斉", "齊"), law=[("斉", "齊")])["斉"] == {"斉", "齊"}


def test_no_chain_joins_what_may_not_be_joined() -> None:
    chained = classes(lists(), tax=[("薗", "𦸗"), ("𦸗", "園")])
    assert chained["園"] == {"園"}
    assert chained["薗"] == {"薗", "𦸗"}


def test_the_registers_alone_never_join_two_common_kanji_but_may_bring_a_rare_one() -> None:
    assert classes(lists(), registers=[("田", "畠")])["田"] == {"田"}
    assert classes(lists(), registers=[("田", "𤰃")])["田"] == {"田", "𤰃"}


def test_the_representative_is_the_official_kanji_then_the_commoner_one() -> None:
    official = lists("高", "槙")
    assert min("髙高", key=official.rank) == "高"
    assert min("槇槙", key=official.rank) == "槙"
    assert min("𠮷吉", key=official.rank) == "吉"


def test_the_fold_that_is_shipped_is_the_one_that_is_proved() -> None:
    fold = tool("build_kanji_fold")
    text = resources.files(tables).joinpath("kanji_fold.tsv").read_text("utf-8")
    assert fold.proved(text) == text
    tiers = tables.load("kanji_fold")["source"].str.extract("^([^:]+):", 1)
    assert dict(tiers.value_counts().iter_rows()) == fold.ROWS


def test_a_fold_that_misses_a_pair_or_joins_two_names_is_not_proved() -> None:
    fold = tool("build_kanji_fold")
    text = resources.files(tables).joinpath("kanji_fold.tsv").read_text("utf-8")
    for written, canonical, other in (("邊", "辺", "邊"), ("髙", "高", "曽")):
        assert f"\t{written}\t{canonical}\t" in text
        with pytest.raises(AssertionError):
            fold.proved(text.replace(f"\t{written}\t{canonical}\t", f"\t{written}\t{other}\t", 1))


def test_kana_are_dealt_out_to_kanji_in_every_way() -> None:
    assert tool("build_readings").cuts(2, 3) == (((0, 1), (1, 3)), ((0, 2), (2, 3)))
    assert tool("build_readings").cuts(3, 2) == ()


def test_aligning_names_finds_how_each_kanji_is_read() -> None:
    names = [("翔太", "シヨウタ"), ("健太", "ケンタ"), ("健", "ケン"), ("雄太", "ユウタ"), ("翔", "シヨウ")]
    counted = tool("build_readings").aligned(names)
    best = {
        kanji: max((pair for pair in counted if pair[0] == kanji), key=counted.get)[1] for kanji in "翔太健"
    }
    assert best == {"翔": "シヨウ", "太": "タ", "健": "ケン"}


def test_known_people_are_counted_where_surname_and_given_name_are_listed() -> None:
    build = tool("build_readings")
    listed = pl.DataFrame(
        [
            ("見本", "みほん", "s"),
            ("裕子", "ゆうこ", "f"),
            ("裕子", "ひろこ", "f"),
            ("見本裕子", "みほんゆうこ", "h"),
            ("例題裕子", "れいだいひろこ", "h"),
        ],
        schema=["kanji", "kana", "classes"],
        orient="row",
    )
    people = build.known_people(build.keyed(listed))
    assert people.rows() == [("裕子", "ユーコ", 1)]


def test_the_readings_that_are_shipped_are_those_that_are_proved() -> None:
    table = tables.readings()
    assert tool("build_readings").proved(table) is table


def test_a_table_of_readings_with_a_line_missing_is_not_proved() -> None:
    with pytest.raises(AssertionError):
        tool("build_readings").proved(tables.readings().slice(1))


def test_the_readings_come_with_their_licence_and_their_documentation() -> None:
    licence = resources.files(tables).joinpath("reading.LICENCE.txt").read_text("utf-8")
    for told in (
        "CC-BY-SA-3.0",
        "GENERAL DICTIONARY LICENCE STATEMENT",
        "ENAMDICT file contains",
        "Changed:",
    ):
        assert told in licence
