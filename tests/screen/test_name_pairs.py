"""Pairs of names in their context, screened in both directions: the row's name against the request's."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout

TABLE = Path(__file__).parents[1] / "cases" / "name_pairs.tsv"
WANTED = {
    "yes": {"withhold"},
    "review": {"review"},
    "no": {"keep"},
    "not_yes": {"keep", "review"},
}


def cases() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) > 150
    return rows


CASES = cases()


def beside(number: int, context: str) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """What else the row tells and the request tells, in a place and under a number of this pair alone."""
    home, phone = f"東京都新宿区西新宿{number}-2-1", f"090-1234-{number:04}"
    landline, there = f"03-1234-{number:04}", {"address": home, "phone": f"090-1234-{number:04}"}
    rows: dict[str, dict[str, str | None]] = {
        "same_addr": {"address": home},
        "same_addr+phone": {"address": home, "phone": phone},
        "name_only": {},
        "diff_addr": {"address": f"大阪府大阪市北区梅田{number}-5-6"},
        "same_city": {"address": f"東京都新宿区四谷{number}-7-8"},
        "same_mobile": {"phone": phone},
        "same_landline": {"phone": landline},
    }
    entries: dict[str, dict[str, str | None]] = {
        "same_addr": {"address": home},
        "same_landline": {"phone": landline},
        "same_mobile": {"phone": phone},
    }
    return rows[context], entries.get(context, dict(there))


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """The verdict of each pair, one way and the other."""
    folder = tmp_path_factory.mktemp("pairs")
    ways = [
        screened(folder / f"{way}.db", ours, theirs)
        for way, ours, theirs in (("there", "name_a", "name_b"), ("back", "name_b", "name_a"))
    ]
    return list(zip(*ways, strict=True))


def screened(store_path: Path, ours: str, theirs: str) -> list[str]:
    told = [beside(int(case["id"]), case["context"]) for case in CASES]
    rows = [
        {"氏名": case[ours], "住所": row.get("address"), "電話番号": row.get("phone")}
        for case, (row, _) in zip(CASES, told, strict=True)
    ]
    requests = [
        optout.Request(
            name=case[theirs],
            address=entry.get("address"),
            phones=[entry["phone"]] if entry.get("phone") else [],
        )
        for case, (_, entry) in zip(CASES, told, strict=True)
    ]
    with optout.Store.create(store_path, key=b"k" * 32) as store:
        store.suppress(requests)
        frame = pl.DataFrame(rows, schema=dict.fromkeys(["氏名", "住所", "電話番号"], pl.String))
        found: list[str] = optout.screen(frame, store).verdicts["verdict"].to_list()
    return found


def marked() -> list[Any]:
    failing = pytest.mark.xfail(strict=True)
    return [
        pytest.param(
            number,
            id=f"{case['id']}-{case['class']}",
            marks=[failing] if case["status"] == "known_failure" else [],
        )
        for number, case in enumerate(CASES)
    ]


@pytest.mark.parametrize("number", marked())
def test_a_pair_is_judged_as_it_should_be_in_both_directions(
    number: int, verdicts: list[tuple[str, str]]
) -> None:
    assert set(verdicts[number]) <= WANTED[CASES[number]["expected"]]


def test_no_known_failure_keeps_who_must_go_or_withholds_who_may_stay(
    verdicts: list[tuple[str, str]],
) -> None:
    for case, found in zip(CASES, verdicts, strict=True):
        worst = {"yes": "keep", "review": None, "no": "withhold", "not_yes": "withhold"}[case["expected"]]
        assert worst not in found, case["id"]
