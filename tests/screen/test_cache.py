"""The snapshot kept aside: verdicts are the same with it and without it, and nothing in it is ever trusted."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout import keys
from optout.screen import cache
from optout.screen.snapshot import snapshot
from optout.store import Store

Crowd = Callable[[int, int], pl.DataFrame]
KEY = b"k" * 32
MERGERS = (
    "pref,old_name,old_code,new_name,new_code,date,kind\n千葉県,見本町,12901,君津市,12225,1971-04-01,編入\n"
)


@pytest.fixture(autouse=True)
def _always_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "is_worth_it", lambda _: True)


@pytest.fixture
def home(tmp_path: Path, crowd: Crowd) -> Path:
    """The folder of a store with forty requests and the snapshot it was screened with."""
    folder = tmp_path / "home"
    folder.mkdir()
    with Store.create(folder / "s.db", key=KEY) as store:
        store.suppress(crowd(1, 40))
        snapshot(store)
    return folder


@pytest.fixture
def aside(home: Path) -> Path:
    return home / "s.db.snapshot"


@pytest.fixture
def batch(crowd: Crowd) -> pl.DataFrame:
    return crowd(2, 200)


def opened(home: Path) -> Store:
    return Store.open(home / "s.db", key=KEY)


def answers(store: Store, batch: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    result = optout.screen(batch, store)
    return result.verdicts, result.hits


def without(
    home: Path, batch: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The verdicts by the log alone."""
    with monkeypatch.context() as off:
        off.setenv("OPTOUT_CACHE_DIR", "off")
        with opened(home) as store:
            return answers(store, batch)


def same(one: tuple[pl.DataFrame, pl.DataFrame], other: tuple[pl.DataFrame, pl.DataFrame]) -> bool:
    return one[0].equals(other[0]) and one[1].equals(other[1])


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many lines keys were made for, each time they were."""
    made: list[int] = []

    def blocked(raw: pl.DataFrame, side: keys.Side) -> keys.Blocked:
        made.append(raw.height)
        return keys.blocked(raw, side)

    monkeypatch.setattr(sys.modules["optout.screen.snapshot"], "blocked", blocked)
    return made


def test_a_kept_snapshot_gives_the_same_verdicts_and_makes_no_keys_again(
    home: Path, batch: pl.DataFrame, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(home) as store:
        kept = answers(store, batch)
    assert builds == []
    assert "withhold" in kept[0]["verdict"]
    assert same(kept, without(home, batch, monkeypatch))
    assert len(builds) == 1


def test_the_kept_snapshot_is_what_was_made(home: Path) -> None:
    with opened(home) as store:
        kept, made = snapshot(store), snapshot(store.at(1))
    assert kept.entries.equals(made.entries)
    assert kept.raw.select(made.raw.columns).equals(made.raw)
    assert all(kept.blocked.keys[rule].equals(ours) for rule, ours in made.blocked.keys.items())
    assert kept.blocked.keys.keys() == made.blocked.keys.keys()
    assert kept.blocked.usable.equals(made.blocked.usable)
    assert kept.blocked.flagged.equals(made.blocked.flagged)
    assert (kept.epoch, kept.revision, kept.scheme) == (made.epoch, made.revision, made.scheme)


@pytest.mark.parametrize("rng_seed", range(2))
def test_what_is_newer_is_added_and_what_was_lifted_taken_away(
    home: Path,
    crowd: Crowd,
    batch: pl.DataFrame,
    builds: list[int],
    monkeypatch: pytest.MonkeyPatch,
    rng_seed: int,
) -> None:
    dice = random.Random(rng_seed)
    for step in range(3):
        with opened(home) as store:
            if dice.random() < 0.6:
                store.suppress(crowd(10 * rng_seed + step + 3, dice.randrange(1, 20)))
            for request in dice.sample(store.active_requests(), dice.randrange(6)):
                store.lift(request, "test")
            within = answers(store, batch)
        with opened(home) as store:
            kept = answers(store, batch)
        del builds[:]
        assert same(kept, without(home, batch, monkeypatch))
        assert same(within, kept)
    assert builds


def test_only_what_is_newer_is_read_again(home: Path, crowd: Crowd, builds: list[int]) -> None:
    with opened(home) as store:
        planted = snapshot(store).raw.height - snapshot(store).n_entries
        store.suppress(crowd(3, 5))
        snapshot(store)
        assert builds == [planted + 5]
    with opened(home) as store:
        assert snapshot(store).n_entries == 45
    assert builds == [planted + 5]


def test_another_scheme_makes_it_anew(
    home: Path, batch: pl.DataFrame, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optout.keys.scheme.VERSION", keys.scheme.VERSION + 1)
    for made in (1, 1):
        with opened(home) as store:
            kept = answers(store, batch)
        assert len(builds) == made
    assert same(kept, without(home, batch, monkeypatch))


def test_imported_tables_make_it_anew(
    home: Path, batch: pl.DataFrame, builds: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mergers.csv").write_text(MERGERS, "utf-8")
    with opened(home) as store:
        before = optout.screen(batch, store).scheme
        store.import_tables("mergers", tmp_path / "mergers.csv")
        after = optout.screen(batch, store)
        assert after.scheme != before
    assert len(builds) == 1
    with opened(home) as store:
        kept = optout.screen(batch, store)
        assert store.gazetteer().digest == snapshot(store).gazetteer.digest
    assert len(builds) == 1
    assert kept.scheme == after.scheme
    assert same((kept.verdicts, kept.hits), without(home, batch, monkeypatch))


def test_a_changed_byte_anywhere_never_changes_a_verdict(
    home: Path, aside: Path, batch: pl.DataFrame, builds: list[int]
) -> None:
    whole, dice = aside.read_bytes(), random.Random(6)
    with opened(home) as store:
        expected, entries = answers(store, batch.head(20)), snapshot(store).entries
    head = len(whole.split(b"}", 1)[0]) + 40
    places = [*range(0, head, head // 20), *dice.sample(range(len(whole)), 40), len(whole) - 1]
    for at in places:
        aside.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << dice.randrange(8))]) + whole[at + 1 :])
        del builds[:]
        with opened(home) as store:
            assert snapshot(store).entries.equals(entries), at
            assert at % 8 or same(answers(store, batch.head(20)), expected), at
        assert len(builds) == 1, f"byte {at} was not noticed"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.9999])
def test_a_cut_off_file_is_made_anew(home: Path, aside: Path, builds: list[int], share: float) -> None:
    whole = aside.read_bytes()
    aside.write_bytes(whole[: int(len(whole) * share)])
    with opened(home) as store:
        assert snapshot(store).n_entries == 40
    assert len(builds) == 1
    assert len(aside.read_bytes()) == len(whole)


def test_the_file_of_another_store_is_not_taken(
    home: Path, aside: Path, builds: list[int], tmp_path: Path
) -> None:
    with Store.create(tmp_path / "other.db", key=KEY) as other:
        other.suppress(optout.Request(name="見本 一郎", phones="090-1234-5678"))
        snapshot(other)
    del builds[:]
    (tmp_path / "other.db.snapshot").replace(aside)
    with opened(home) as store:
        assert snapshot(store).n_entries == 40
    assert len(builds) == 1


def test_the_file_of_a_time_that_was_undone_is_not_taken(
    home: Path, aside: Path, builds: list[int], batch: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older copy of the store was put back and lived on: the same revision, another list."""
    before = (home / "s.db").read_bytes()
    with opened(home) as store:
        store.suppress(optout.Request(name="見本 一郎", phones="090-1234-5678"))
        snapshot(store)
    (home / "s.db").write_bytes(before)
    with opened(home) as store:
        assert snapshot(store).n_entries == 40
        aside_of_then = aside.read_bytes()
        store.suppress(optout.Request(name="見本 花子", phones="090-1234-0009"))
        aside.write_bytes(aside_of_then)
    with opened(home) as store:
        kept = answers(store, batch)
        assert snapshot(store).raw["name"].is_in(["見本 花子"]).any()
        assert not snapshot(store).raw["name"].is_in(["見本 一郎"]).any()
    assert same(kept, without(home, batch, monkeypatch))


def test_plain_parquet_in_its_place_is_not_taken(home: Path, aside: Path, builds: list[int]) -> None:
    pl.DataFrame({"request": ["R"]}).write_parquet(aside)
    with opened(home) as store:
        assert snapshot(store).n_entries == 40
    assert len(builds) == 1


def test_a_purged_request_is_not_in_it(home: Path, aside: Path, crowd: Crowd) -> None:
    with opened(home) as store:
        request = store.active_requests()[0]
        store.purge(request, "test", force=True)
        assert not aside.exists()
        assert request not in snapshot(store).entries["request"]


def test_a_snapshot_older_than_a_purge_is_not_taken(home: Path, aside: Path, builds: list[int]) -> None:
    old = aside.read_bytes()
    with opened(home) as store:
        store.purge(store.active_requests()[0], "test", force=True)
    aside.write_bytes(old)
    with opened(home) as store:
        assert snapshot(store).n_entries == 39
    assert len(builds) == 1
    assert aside.read_bytes() != old


def test_a_folder_that_cannot_be_written_keeps_nothing(
    home: Path, aside: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    aside.unlink()
    whole = os.open

    def refused(path: object, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT and ".snapshot" in str(path):
            raise PermissionError(13, "Permission denied")
        return whole(path, flags, mode)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr("optout.store.aside.os.open", refused)
    with opened(home) as store:
        assert snapshot(store).n_entries == 40
    assert builds
    assert not list(home.glob("*.snapshot*"))


def test_it_may_be_kept_in_another_folder_or_nowhere(
    home: Path, aside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside.unlink()
    for named in ("off", str(tmp_path / "caches")):
        monkeypatch.setenv("OPTOUT_CACHE_DIR", named)
        with opened(home) as store:
            snapshot(store)
            name = f"{store.store_id}.snapshot"
    assert not aside.exists()
    assert [each.name for each in (tmp_path / "caches").iterdir()] == [name]
    if os.name == "posix":
        assert (tmp_path / "caches").stat().st_mode & 0o777 == 0o700


def test_of_a_server_it_is_kept_in_the_cache_folder_of_the_user(
    postgres: Any, crowd: Crowd, batch: pl.DataFrame, builds: list[int], tmp_path: Path
) -> None:
    address = postgres.url(f"s{secrets.token_hex(6)}")
    with Store.create(address, key=KEY) as store:
        store.suppress(crowd(1, 40))
        made = answers(store, batch)
    folder = tmp_path / "caches"
    with pytest.MonkeyPatch.context() as named:
        named.setattr("platformdirs.user_cache_path", lambda *_, **__: folder)
        for _ in range(2):
            with Store.open(address, key=KEY) as store:
                assert same(answers(store, batch), made)
    assert len(builds) == 2
    assert [each.name for each in folder.iterdir()] == [f"{store.store_id}.snapshot"]


@pytest.mark.skipif(os.name != "posix", reason="no mode bits")
def test_only_its_owner_can_read_it(aside: Path) -> None:
    assert aside.stat().st_mode & 0o777 == 0o600


def test_nobody_can_be_read_in_it(home: Path, crowd: Crowd) -> None:
    planted = [
        cell
        for cell in crowd(1, 40)["氏名", "住所", "電話番号", "メール"].unpivot()["value"].unique()
        if cell
    ]
    assert planted
    for file in home.iterdir():
        content = file.read_bytes()
        for cell in planted:
            for encoding in ("utf-8", "utf-16-le", "cp932"):
                assert cell.encode(encoding, "ignore") not in content


_KILLED = """
import os, sys
from pathlib import Path
from optout.screen import cache
from optout.screen.snapshot import snapshot
from optout.store import Store, aside
cache.is_worth_it = lambda _: True
whole, left = aside.seal.seal, int(sys.argv[2])
def seal(*given):
    global left
    left -= 1
    if left < 0:
        os._exit(1)
    return whole(*given)
aside.seal.seal = seal
with Store.open(Path(sys.argv[1]), key=b"k" * 32) as store:
    snapshot(store)
"""


@pytest.mark.parametrize("sections", [0, 2])
@pytest.mark.parametrize("there", [True, False], ids=["old", "none"])
def test_killed_while_it_is_kept_the_old_one_or_none_is_left(
    home: Path, aside: Path, crowd: Crowd, sections: int, there: bool
) -> None:
    with opened(home) as store:
        store.suppress(crowd(3, 5))
    old = aside.read_bytes()
    if not there:
        aside.unlink()
    script = [sys.executable, "-c", _KILLED, str(home / "s.db"), str(sections)]
    environment = {**os.environ, "PYTHONPATH": str(Path(optout.__file__).parents[1])}
    assert subprocess.run(script, check=False, env=environment).returncode == 1
    assert (aside.read_bytes() == old) if there else not aside.exists()
    with opened(home) as store:
        assert snapshot(store).n_entries == 45


def test_what_a_killed_process_left_is_swept_away_later(home: Path, aside: Path, crowd: Crowd) -> None:
    old, young = (home / f".s.db.snapshot.0000000{n}" for n in range(2))
    for draft in (old, young):
        draft.write_bytes(b"sealed")
    os.utime(old, (0, 0))
    aside.unlink()
    with opened(home) as store:
        snapshot(store)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_small_list_keeps_nothing(home: Path, aside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    aside.unlink()
    with opened(home) as store:
        snapshot(store)
    assert not aside.exists()


def test_a_list_is_kept_again_when_a_tenth_changed(
    home: Path, aside: Path, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(cache, "LEAST", 10)
    old = aside.read_bytes()
    for rng_seed, changes in ((3, False), (4, True)):
        with opened(home) as store:
            store.suppress(crowd(rng_seed, 6))
            snapshot(store)
        assert (aside.read_bytes() != old) is changes
