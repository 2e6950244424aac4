"""benchmarks/torture_store.py in a short form, and proof that it would notice what it looks for."""

from __future__ import annotations

import importlib
import random
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from optout.errors import StoreDamagedError
from optout.store import Store

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="the benchmarks are not part of this copy")


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """By name, because the processes it starts import the same modules."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield
    for name in [name for name in sys.modules if name.startswith("torture_")]:
        del sys.modules[name]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One engine is enough for tests of the torture itself."""
    with Store.create(tmp_path / "judged.db") as made:
        yield made


def part(name: str) -> ModuleType:
    return importlib.import_module(f"torture_{name}")


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Any:
    """None is SQLite."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres")


def test_no_kill_loses_or_halves_anything(tmp_path: Path, server: Any) -> None:
    told = part("kills").run(tmp_path, n=14, server=server)
    assert told["broken"] == []
    assert told["kills"] >= 14
    assert told["steps_known"] > 200


def test_no_power_cut_loses_or_spoils_anything(tmp_path: Path) -> None:
    told = part("power").run(tmp_path, n=80)
    if "skipped" in told:
        pytest.skip(told["skipped"])
    assert told["broken"] == []
    assert told["fine"] + told.get("early", 0) == told["states"] >= 80
    assert told["fine"] > 60


def test_no_changed_byte_gives_another_verdict(tmp_path: Path) -> None:
    told = part("flips").run(tmp_path, n=100)
    assert told["broken"] == []
    assert told["changes"] == 100
    assert min(told["store"]["noticed"], told["certificate"]["noticed"]) > 10


@pytest.mark.parametrize("index", ["block_lift", "sqlite_autoindex_request_key_1", "sqlite_autoindex_job_1"])
def test_an_index_that_lost_its_rows_is_noticed(tmp_path: Path, index: str) -> None:
    flips = part("flips")
    path = tmp_path / "s.db"
    with Store.create(path, key=flips.KEY) as store:
        flips._filled(store)
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (index,)).fetchone()
    content = bytearray(path.read_bytes())
    rows = (page - 1) * flips.PAGE + 4  # the low byte of how many rows an index page has
    assert 0 < content[rows] < 64
    content[rows] = 0
    path.write_bytes(content)
    with pytest.raises(StoreDamagedError):
        flips._answers(path)


def test_a_schema_that_is_no_text_any_more_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    Store.create(path, key=bytes(32)).close()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"BEFORE UPDATE ON block", b"BEFORE \xd5PDATE ON block", 1))
    with pytest.raises(StoreDamagedError):
        Store.open(path, key=bytes(32))


def test_writers_and_readers_at_once_lose_nothing_and_see_no_half(tmp_path: Path, server: Any) -> None:
    told = part("together").run(tmp_path, seconds=5, server=server)
    assert told["broken"] == []
    assert min(told["commits"]) > 0


def test_nobody_planted_is_found_on_disk(tmp_path: Path, server: Any) -> None:
    told = part("scan").run(tmp_path, server=server)
    assert told["broken"] == []
    assert told["journals"] > 3 or server


def test_an_opt_out_is_on_disk_in_time(tmp_path: Path) -> None:
    told = part("speed").run(tmp_path, rows=2000, repeats=1, singles=50)
    assert told["suppress_ms"] <= 50


@pytest.mark.parametrize(
    ("diary", "kept", "expect"),
    [
        (["begin in 0 1", "done in 0 1"], [1], []),
        (["begin in 0 1", "done in 0 1"], [], ["1 lost"]),
        (["begin in 0 1 2"], [1, 2], []),
        (["begin in 0 1 2"], [], []),
        (["begin in 0 1 2"], [1], ["half a commit", "1 lost"]),
        ([], [1], ["1 that were lifted or never came"]),
        (["begin in 0 1", "done in 0 1", "begin out 0 1", "done out 0 1"], [], []),
        (["begin in 0 1", "done in 0 1", "begin out 0 1"], [1], []),
        (["begin in 0 1", "done in 0 1", "begin out 0 1"], [], []),
        (
            ["begin in 0 1", "done in 0 1", "begin out 0 1", "done out 0 1"],
            [1],
            ["1 that were lifted or never came"],
        ),
    ],
)
def test_what_is_lost_or_half_or_back_is_called_so(
    store: Store, diary: list[str], kept: list[int], expect: list[str]
) -> None:
    for number in kept:
        store.suppress(part("people").request(number))
    truth = part("work").Truth()
    truth.hear([line.split() for line in diary])
    assert truth.wrong(store.entries()[1]) == expect


def test_a_person_of_whom_an_entry_is_missing_is_there_in_half(store: Store) -> None:
    store.suppress(part("people").request(3))
    whole = store.entries()[1]
    assert whole.height == 2
    assert part("work").Truth().wrong(whole.head(1))[0] == "1 people in half"


def test_a_wrong_answer_is_told_from_a_refusal(tmp_path: Path) -> None:
    flips = part("flips")
    path = tmp_path / "file"
    path.write_bytes(bytes(64))
    subject = flips.Subject("file", path, [range(64)], lambda target: target.read_bytes()[:32])
    counts, wrong = flips._changed(subject, 100, random.Random(1))
    assert counts["wrong"] == len(wrong) > 20
    assert counts["harmless"] > 20


def test_readers_that_saw_different_lists_at_one_revision_are_found() -> None:
    seen: list[Any] = [
        [["saw", "3", "2/9"]],
        [["saw", "3", "2/8"]],
        [["saw", "4", "1/1"], ["saw", "3", "2/9"]],
    ]
    assert part("together")._disagreements(seen) == [
        "reader 2: a revision went back",
        "revision 3 was seen in two ways",
    ]


def test_an_import_that_lacks_a_row_is_seen_as_half() -> None:
    together = part("together")
    rows = [f"R-{'A' * 13}-{n}" for n in range(together.LIST)]
    assert together._in_half(pl.DataFrame({"request": rows})) == 0
    assert together._in_half(pl.DataFrame({"request": rows[:-1]})) == 1
