"""benchmarks/torture_store.py in a short form, and proof that it would notice what it looks for."""

from __future__ import annotations

import importlib
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from optout.errors import StoreDamagedError
from optout.screen import cache
from optout.screen.snapshot import snapshot
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
    told = part("kills").run(tmp_path, n=8, server=server)
    assert told["broken"] == []
    assert told["kills"] >= 8
    assert told["steps_known"] > 700


def test_no_power_cut_loses_or_spoils_anything(tmp_path: Path) -> None:
    told = part("power").run(tmp_path, n=60)
    if "skipped" in told:
        pytest.skip(told["skipped"])
    assert told["broken"] == []
    assert told["fine"] + told.get("early", 0) == told["states"] >= 60
    assert told["fine"] > 45


def test_no_changed_byte_gives_another_verdict(tmp_path: Path) -> None:
    told = part("flips").run(tmp_path, n=80)
    assert told["broken"] == []
    assert told["changes"] == 80
    assert min(told[each]["noticed"] for each in ("store", "snapshot", "certificate")) > 10
    assert told["snapshot"]["screened"]


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
    told = part("together").run(tmp_path, seconds=2, server=server)
    assert told["broken"] == []
    assert min(told["commits"]) > 0


def test_nobody_planted_is_found_on_disk(tmp_path: Path, server: Any) -> None:
    told = part("scan").run(tmp_path, server=server)
    assert told["broken"] == []
    assert told["journals"] > 3 or server


def test_an_opt_out_is_on_disk_in_time(tmp_path: Path) -> None:
    told = part("speed").run(tmp_path, rows=2000, repeats=1, singles=50)
    assert told["suppress_ms"] <= 50
    assert told["open_s"] > told["open_floor_s"] > 0
    assert told["first_suppress_s"] > 0


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
        (["begin in 0 1", "done in 0 1", "begin gone 0 1 R-1", "done gone 0 1 R-1"], [], []),
        (["begin in 0 1", "done in 0 1", "begin gone 0 1 R-1"], [1], []),
        (["begin in 0 1", "done in 0 1", "begin rotate 0 00", "begin prepare 1"], [1], []),
    ],
)
def test_what_is_lost_or_half_or_back_is_called_so(
    store: Store, diary: list[str], kept: list[int], expect: list[str]
) -> None:
    for number in kept:
        store.suppress(part("people").request(number))
    truth = part("truth").Truth()
    truth.hear([line.split() for line in diary])
    assert truth.wrong(store.entries()[1]) == expect


def test_a_person_of_whom_an_entry_is_missing_is_there_in_half(store: Store) -> None:
    store.suppress(part("people").request(3))
    whole = store.entries()[1]
    assert whole.height == 2
    assert part("truth").Truth().wrong(whole.head(1))[0] == "1 people in half"


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


@pytest.mark.parametrize(
    ("came", "expect"),
    [
        ({"revisions": 1, "rows": 2}, []),
        ({"revisions": 2, "rows": 3}, []),
        ({"revisions": 0, "rows": 2}, ["0 revisions more, of 1 acknowledged and 2 begun"]),
        ({"revisions": 2, "rows": 4}, ["4 rows more, of 2 acknowledged and 3 begun"]),
    ],
)
def test_a_commit_too_few_or_too_many_is_counted(came: dict[str, int], expect: list[str]) -> None:
    truth = part("truth").Truth()
    lines = ("begin in 0 1", "done in 0 1", "begin rotate 0 00", "done rotate 0 00", "begin out 0 1")
    truth.hear([line.split() for line in lines])
    before = Counter(revisions=5, rows=9)
    assert truth.miscounted(before, before + Counter(came)) == expect


@pytest.fixture
def patient(tmp_path: Path) -> Any:
    """Three people in a store whose key and snapshot lie where an examination looks for them."""
    with part("work").at_home(tmp_path), Store.create(tmp_path / "s.db") as made:
        for number in range(3):
            made.suppress(part("people").request(number))
        snapshot(made)
    diary = part("work").Diary(tmp_path / "diary")
    for number in range(3):
        for what in ("begin", "done"):
            diary.tell(what, "in", 0, number)
    return part("patient").Patient(str(tmp_path / "s.db"), diary, Counter())


def test_a_store_that_is_well_is_found_so(patient: Any) -> None:
    assert patient.examine() == []
    assert patient.counts == {"used": 1}


def test_a_key_the_user_chose_opens_the_store(patient: Any) -> None:
    key = bytes(range(32))
    with part("work").at_home(patient.diary.home), Store.open(patient.place) as store:
        store.rotate_key(key)
    assert "WrongKeyError" in patient.examine()[0]
    patient.diary.tell("begin", "rotate", 0, key.hex())
    assert patient.examine() == []


@pytest.mark.parametrize(
    ("content", "told", "expect"),
    [
        (None, "done backup 0 copy.db 3", "a copy that was acknowledged is not there"),
        (b"", "begin backup 0 copy.db 3", "StoreDamagedError"),
        (b"SQLite format 3\0", "begin backup 0 copy.db 3", "StoreDamagedError"),
    ],
)
def test_a_copy_in_half_is_noticed(patient: Any, content: bytes | None, told: str, expect: str) -> None:
    if content is not None:
        (patient.diary.home / "copy.db").write_bytes(content)
    patient.diary.tell(*told.split())
    assert any(each.startswith(expect) for each in patient.examine())


def test_a_copy_of_too_early_a_moment_or_of_another_list_is_noticed(patient: Any) -> None:
    with part("work").at_home(patient.diary.home), Store.open(patient.place) as store:
        store.backup(patient.diary.home / "copy.db")
        patient.diary.tell("begin", "backup", 0, "copy.db", 4)
        assert patient.examine() == ["a copy is of revision 3, begun at 4"]
        with Store.create(patient.diary.home / "other.db", key=bytes(32)) as other:
            for number in range(3, 6):
                other.suppress(part("people").request(number))
            found = part("patient").copied(patient.place, [None], other, 0)
        assert found == ["a copy has other entries than the store had"]


def test_what_is_left_of_a_purged_request_is_noticed(patient: Any) -> None:
    with part("work").at_home(patient.diary.home), Store.open(patient.place) as store:
        request = store.active_requests()[1]
    for what in ("begin", "done"):
        patient.diary.tell(what, "gone", 0, 1, request)
    assert "1 entries of purged requests" in patient.examine()


def test_a_snapshot_that_is_not_the_list_is_noticed(patient: Any) -> None:
    aside = part("aside")
    with part("work").at_home(patient.diary.home), Store.open(patient.place) as store:
        whole = snapshot(store)
        cache.save(store, replace(whole, entries=whole.entries.with_columns(household=~pl.col("household"))))
    with part("work").at_home(patient.diary.home), Store.open(patient.place) as store:
        assert aside.wrong(store, Counter()) == ["the snapshot kept aside has other entries"]


def test_a_damaged_snapshot_that_is_not_made_anew_is_wrong(tmp_path: Path) -> None:
    flips = part("flips")
    path = tmp_path / "file"
    path.write_bytes(bytes(64))

    def refuse(target: Path) -> object:
        if any(target.read_bytes()):
            raise flips.NotUsedError
        return None

    for heals in (False, True):
        subject = flips.Subject("snapshot", path, [range(64)], refuse, refuse, heals=heals)
        counts, wrong = flips._changed(subject, 1, random.Random(1))
        assert (counts["wrong"], len(wrong)) == (heals, heals)
