"""The people of the matching benchmark are what its truth says, and their cells still tell who they are."""

from __future__ import annotations

import importlib
import re
import sys
import unicodedata
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

import optout

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="benchmarks are part of the repository only")
ROWS, ENTRIES = 3_000, 1_000
PLACE = ("pref", "city", "town", "chome", "ban", "go")


@cache
def module(name: str) -> ModuleType:
    if str(BENCHMARKS) not in sys.path:
        sys.path.append(str(BENCHMARKS))
    return importlib.import_module(name)


@cache
def world(seed: int = 5) -> Any:
    few = module("people").few_towns()
    made = module("match_people").world(ROWS, ENTRIES, seed, few)
    return made.entries, pl.concat(made.chunks)


@cache
def cells() -> Any:
    """Both sides written down and the truth, before the last muddle."""
    entries, rows = world()
    write = module("match_cells")
    asked, listed = write.written(entries, 20), write.written(rows, 10)
    listed, fax = write.faxed(listed, rows["kind"].eq("fax").arg_true().to_list(), 30)
    return asked, listed, write.truth(rows, listed, entries, asked, fax)


def pairs(kind: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Row and entry of every true match of a kind."""
    entries, rows = world()
    some = rows.filter(pl.col("kind") == kind)
    assert some.height > 10
    return list(zip(some.to_dicts(), entries[some["entry"]].to_dicts(), strict=True))


def same(row: dict[str, Any], entry: dict[str, Any], *fields: str) -> bool:
    return all(row[field] == entry[field] for field in fields)


def test_the_same_seed_makes_the_same_people() -> None:
    few = module("people").few_towns()
    again = module("match_people").world(ROWS, ENTRIES, 5, few)
    assert again.entries.equals(world()[0])
    assert pl.concat(again.chunks).equals(world()[1])
    assert not module("match_people").world(ROWS, ENTRIES, 6, few).entries.equals(world()[0])


def test_the_shares_of_the_kinds_are_kept() -> None:
    kinds, traps = module("match_people").KINDS, module("match_traps").TRAPS
    assert sum(share for share, _ in kinds.values()) == 100
    counted = dict(world()[1]["kind"].value_counts().iter_rows())
    true = ENTRIES // 2
    assert {kind: counted[kind] for kind in kinds} == {
        k: true * share // 100 for k, (share, _) in kinds.items()
    }
    assert {trap: counted[trap] for trap in traps} == {t: round(true * share) for t, share in traps.items()}
    assert sum(counted.values()) == ROWS


def test_a_list_longer_than_one_chunk_has_the_same_people_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module("match_people"), "CHUNK", 700)
    made = module("match_people").world(ROWS, ENTRIES, 5, module("people").few_towns())
    chunks = list(made.chunks)
    assert len(chunks) == 5
    together, alone = pl.concat(chunks), world()[1]
    assert together.height == ROWS
    known = pl.col("kind") != "unrelated"
    order = ["kind", "entry", "name_given", "mobile", "ban"]
    assert together.filter(known).sort(order).equals(alone.filter(known).sort(order))


@pytest.mark.parametrize(
    ("kind", "kept", "changed"),
    [
        ("phone_changed", (*PLACE, "name_family", "name_given"), ("phone", "mobile")),
        ("moved", ("name_family", "name_given", "mobile", "birth_date"), ("ban", "town")),
        ("number_typo", ("name_family", "name_given", "phone", "mobile", "town"), ("chome", "ban", "go")),
        ("name_typo", (*PLACE, "phone", "mobile"), ("name_family", "name_given")),
        ("phone_typo", (*PLACE, "name_family"), ("phone", "mobile")),
        ("surname_changed", ("name_given", "kana_given", "birth_date"), ("name_family",)),
    ],
)
def test_a_kind_changes_what_it_says_and_nothing_else(
    kind: str, kept: tuple[str, ...], changed: tuple[str, ...]
) -> None:
    found = pairs(kind)
    assert all(same(row, entry, *kept) for row, entry in found)
    assert not any(same(row, entry, *changed) for row, entry in found)


@pytest.mark.parametrize(
    "kind", ["format", "itaiji", "given_kana", "kana_only", "romaji", "joint", "company", "fax"]
)
def test_what_is_only_written_otherwise_is_the_same_person(kind: str) -> None:
    fields = (
        *PLACE,
        "name_family",
        "name_given",
        "company",
        "form",
        "phone",
        "mobile",
        "email",
        "birth_date",
    )
    assert all(same(row, entry, *fields) for row, entry in pairs(kind))


def test_another_glyph_is_another_string_and_the_same_kanji() -> None:
    plain = module("match_glyphs").plain
    for row, entry in pairs("itaiji"):
        written, name = row["as_family"] + row["as_given"], entry["name_family"] + entry["name_given"]
        assert written != name
        assert plain(written) == plain(name)


def test_nobody_in_a_trap_is_the_one_who_asked() -> None:
    entries, rows = world()
    traps = rows.filter(pl.col("kind").is_in(list(module("match_traps").TRAPS)))
    assert traps["entry"].null_count() == traps.height
    names = ["name_family", "name_given"]
    asked = [*names, *PLACE]
    assert traps.join(entries, on=asked, how="semi", nulls_equal=True).is_empty()
    for line in ("mobile", "email"):
        assert not traps[line].drop_nulls().is_in(entries[line].drop_nulls().implode()).any()
    numbers = traps.filter(~pl.col("kind").is_in(["relatives", "switchboard"]))["phone"].drop_nulls()
    assert not numbers.is_in(entries["phone"].drop_nulls().implode()).any()


@pytest.mark.parametrize(
    ("trap", "shared", "other"),
    [
        ("relatives", (*PLACE, "room", "phone", "name_family"), "name_given"),
        ("namesakes", ("pref", "city", "name_family", "name_given"), None),
        ("neighbours", ("pref", "city", "town", "chome"), None),
        ("same_building", (*PLACE, "building"), "room"),
        ("switchboard", ("phone",), "name_family"),
        ("common_names", ("name_family", "name_given"), None),
    ],
)
def test_a_trap_shares_with_some_entry_what_it_says(
    trap: str, shared: tuple[str, ...], other: str | None
) -> None:
    entries, rows = world()
    some = rows.filter(pl.col("kind") == trap).with_row_index("i")
    assert some.height >= 50
    met = some.join(entries, on=list(shared), nulls_equal=True)
    assert met["i"].n_unique() == some.height
    if other:
        assert met.filter(pl.col(other).ne_missing(pl.col(f"{other}_right")))["i"].n_unique() == some.height


def digits(written: str) -> str:
    return re.sub("[^0-9]", "", unicodedata.normalize("NFKC", written))


def test_noise_leaves_numbers_names_and_mailboxes_what_they_are() -> None:
    """Read by nothing but NFKC, so that no fault of ours can hide one of the generator's."""
    _, rows = world()
    _, listed, _ = cells()
    muddled = module("match_muddle").muddled(listed, 40)
    plain = module("match_glyphs").plain
    seen = 0
    lines = ("phone", "mobile")
    before = listed.select(lines).rows()
    for person, told, cell, kind in zip(
        rows.to_dicts(), before, muddled.to_dicts(), rows["kind"], strict=True
    ):
        numbers = digits(cell["phone"] + " " + cell["mobile"])
        own = [digits(person[line]).removeprefix("0") for line, text in zip(lines, told, strict=True) if text]
        assert kind == "fax" or all(number in numbers for number in own)
        assert own or not numbers
        if cell["email"]:
            assert unicodedata.normalize("NFKC", cell["email"]).lower() == person["email"]
        if (
            kind in ("format", "phone_changed", "moved", "relatives", "namesakes")
            and person["company"] is None
        ):
            name = re.sub("[ 　\U000e0101]|様|殿|さま", "", cell["name"])
            meant = person["name_family"] + person["name_given"]
            assert plain(unicodedata.normalize("NFKC", name)) == plain(unicodedata.normalize("NFKC", meant))
            seen += 1
    assert seen > 300


def test_only_what_both_sides_tell_counts_as_equal() -> None:
    asked, listed, truth = cells()
    true = truth.filter(pl.col("entry").is_not_null())
    rows, entries = listed[true["row"]], asked[true["entry"]]
    for field in ("address", "email", "birth_date"):
        told = (rows[field] != "") & (entries[field] != "")
        assert not (true[field] & ~told).any()
    numbers = [side["phone"] + side["mobile"] != "" for side in (rows, entries)]
    assert not (true["phone"] & ~(numbers[0] & numbers[1])).any()
    assert not truth.filter(pl.col("entry").is_null())["eligible"].any()
    assert not true.filter(pl.col("kind") == "phone_missing")["phone"].any()
    beside = true["address"] | true["phone"] | true["email"] | true["birth_date"]
    assert true["eligible"].equals((true["name"] & beside) | (true["address"] & true["phone"]))


def test_a_list_in_cp932_holds_everybody() -> None:
    _, listed, _ = cells()
    holding = module("match_cells").holding(module("match_muddle").muddled(listed, 40), "cp932")
    text = "".join(holding.rows()[0]) + holding.write_csv()
    assert text.encode("cp932").decode("cp932") == text


def test_a_score_counts_what_was_withheld_and_caught() -> None:
    truth = pl.DataFrame(
        {
            "kind": ["format", "format", "romaji", "romaji", "relatives", "unrelated", "unrelated"],
            "entry": pl.Series([0, 1, 2, 3, None, None, None], dtype=pl.UInt32),
            "eligible": [True, True, True, False, False, False, False],
            "verdict": ["withhold", "keep", "review", "keep", "withhold", "review", "keep"],
        }
    )
    found = module("match_score").score(truth)
    kinds = {row["kind"]: row for row in found.kinds.drop_nulls("rows").to_dicts()}
    assert (kinds["format"]["withheld"], kinds["format"]["caught"]) == (0.5, 0.5)
    assert (kinds["romaji"]["eligible"], kinds["romaji"]["caught"], kinds["romaji"]["holds"]) == (
        1,
        1.0,
        True,
    )
    assert not kinds["format"]["holds"]
    assert found.precision == 0.5
    assert found.unrelated_review == 1 / 7
    assert "BELOW" in module("match_score").text(found)


def test_the_engine_catches_what_differs_in_format_alone(tmp_path: Path) -> None:
    asked, listed, truth = cells()
    write, muddle = module("match_cells"), module("match_muddle")
    headed = [muddle.muddled(side, seed).rename(write.HEADERS) for side, seed in ((asked, 50), (listed, 40))]
    with optout.Store.create(tmp_path / "store.db", key=bytes(32)) as store:
        store.suppress(headed[0])
        verdicts = optout.screen(headed[1], store).verdicts.sort("row")
    told = truth.sort("row").with_columns(verdicts["verdict"].cast(pl.String))
    found = module("match_score").score(told)
    shares = {row["kind"]: row for row in found.kinds.to_dicts()}
    assert shares["format"]["withheld"] >= 0.98
    true = told.filter("eligible")
    assert true.filter(pl.col("verdict") != "keep").height >= 0.96 * true.height
