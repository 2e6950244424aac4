"""A long screen says how far it is, and whatever ends it leaves nothing half-written."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

import optout
from optout import errors
from optout.batch import staged
from optout.screen import Progress

ROWS = 160
BLOCK = 1 << 11
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and limits of another kind")
FILES = {"kept.csv", "withheld.csv", "review.csv", "quarantined.csv", "report.json"}

# Screens a list block by block; after the first block it says so and waits for whatever its parent does.
SCREEN = """
import sys
import optout
store, listed, out, way = sys.argv[1:]
def told(seen):
    if way == "wait":
        print("begun", flush=True)
        sys.stdin.readline()
with optout.Store.open(store, key=b"k" * 32) as opened:
    try:
        optout.screen_file(listed, opened, out, block_bytes=1 << 11, progress=told)
    except optout.OptoutError as error:
        print(type(error).__name__, error)
        raise SystemExit(error.exit_code)
"""


@pytest.fixture
def store(tmp_path: Path, person: Callable[..., optout.Request]) -> optout.Store:
    made = optout.Store.create(tmp_path / "s.db", key=b"k" * 32, actor="tester")
    made.suppress(person())
    return made


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    rows = [f"見本 花子,03-1234-{n:04},千代田区千代田1-1-{n % 30 + 1}" for n in range(ROWS)]
    rows[3] = "高橋 一郎,03-1234-5678,新宿区西新宿3-2-1"
    path.write_bytes("\r\n".join(["氏名,電話番号,住所", *rows, "too,few", ""]).encode("cp932"))
    return path


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_it_tells_rows_and_bytes_until_everything_is_done(
    store: optout.Store, listed: Path, tmp_path: Path, kind: str
) -> None:
    if kind == "parquet":
        frame = pl.DataFrame({"氏名": ["見本 花子"] * ROWS, "電話番号": ["03-1234-0000"] * ROWS})
        listed = tmp_path / "list.parquet"
        frame.write_parquet(listed, row_group_size=50)
    seen: list[Progress] = []
    optout.screen_file(listed, store, tmp_path / "out", block_bytes=BLOCK, progress=seen.append)
    assert (len(seen) > 3) == (kind == "csv")
    for before, after in pairwise(seen):
        assert before.rows <= after.rows
        assert before.done_bytes <= after.done_bytes
    size = listed.stat().st_size
    assert seen[-1] == Progress(ROWS, size, size)
    assert (seen[0].rows, seen[-1].share) != (0, 0)
    assert all(0 < told.share <= 1 for told in seen)


def test_who_stops_it_from_within_finds_nothing_left(
    store: optout.Store, listed: Path, tmp_path: Path
) -> None:
    def stop(seen: Progress) -> None:
        assert {Path(name).suffix for name in left(tmp_path / "out")} == {".csv"}
        assert not FILES & left(tmp_path / "out")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optout.screen_file(listed, store, tmp_path / "out", block_bytes=BLOCK, progress=stop)
    assert left(tmp_path / "out") == set()


def begun(tmp_path: Path, listed: Path, way: str = "wait", **extra: str) -> subprocess.Popen[str]:
    arguments = [tmp_path / "s.db", listed, tmp_path / "out", way]
    process = subprocess.Popen(
        [sys.executable, "-c", SCREEN, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **extra},
    )
    assert process.stdout
    if way == "wait":
        assert process.stdout.readline() == "begun\n"
    return process


@POSIX
def test_ctrl_c_leaves_nothing(store: optout.Store, listed: Path, tmp_path: Path) -> None:
    process = begun(tmp_path, listed)
    assert len(left(tmp_path / "out")) == 4
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode != 0
    assert "KeyboardInterrupt" in said
    assert left(tmp_path / "out") == set()


@POSIX
def test_what_a_killed_process_left_is_swept_by_the_next(
    store: optout.Store, listed: Path, tmp_path: Path
) -> None:
    process = begun(tmp_path, listed)
    process.kill()
    process.communicate()
    stray = left(tmp_path / "out")
    assert len(stray) == 4
    assert not FILES & stray
    assert all((tmp_path / "out" / name).stat().st_mode & 0o077 == 0 for name in stray)
    optout.screen_file(listed, store, tmp_path / "out")
    assert left(tmp_path / "out") == FILES


@POSIX
def test_files_that_may_not_grow_are_told_of_and_nothing_is_left(
    store: optout.Store, listed: Path, tmp_path: Path
) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n" + SCREEN
    arguments = [tmp_path / "s.db", listed, tmp_path / "out", "on"]
    done = subprocess.run(
        [sys.executable, "-c", limited, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == errors.WriteFailedError.exit_code, done.stderr
    assert done.stdout.startswith("WriteFailedError Writing kept.csv failed: it is larger than")
    assert left(tmp_path / "out") == set()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EFBIG])
@pytest.mark.parametrize("whole", [True, False])
def test_a_disk_that_fails_at_any_file_is_told_of_and_nothing_is_left(
    store: optout.Store,
    listed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    whole: bool,
) -> None:
    result = optout.screen(listed, store)
    for survivors in range(5):
        out, synced = tmp_path / f"out{survivors}", iter(range(survivors))

        def full(_: int, synced: object = synced) -> None:
            if next(synced, None) is None:  # type: ignore[call-overload]
                raise OSError(number, "refused")

        with monkeypatch.context() as patch:
            patch.setattr(staged.os, "fsync", full)
            with pytest.raises(errors.WriteFailedError, match="Nothing was put under a final name"):
                result.write(out) if whole else optout.screen_file(listed, store, out)
        assert left(out) == set()


def test_an_error_that_is_not_the_disks_stays_what_it_is(
    store: optout.Store, listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: int) -> None:
        raise OSError(errno.EINVAL, "refused")

    with monkeypatch.context() as patch:
        patch.setattr(staged.os, "fsync", refused)
        with pytest.raises(OSError, match="refused"):
            optout.screen_file(listed, store, tmp_path / "out")
    assert left(tmp_path / "out") == set()


def grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write("見本 次郎,03-1234-9999,\r\n".encode("cp932"))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def rewritten(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"03-1234-0159", b"03-1234-5678"))


def replaced(path: Path) -> None:
    other = path.with_suffix(".new")
    shutil.copy(path, other)
    grown(other)
    other.replace(path)


@pytest.mark.parametrize("change", [grown, cut, emptied, rewritten, replaced])
@pytest.mark.parametrize("at", [1, 3, "end"])
def test_a_list_that_changes_while_it_is_read_is_no_result(
    store: optout.Store, listed: Path, tmp_path: Path, change: Callable[[Path], None], at: int | str
) -> None:
    told: list[Progress] = []

    def meddle(seen: Progress) -> None:
        told.append(seen)
        if at == len(told) or (at == "end" and seen.share == 1):
            change(listed)

    with pytest.raises(errors.OptoutError) as stopped:
        optout.screen_file(listed, store, tmp_path / "out", block_bytes=BLOCK, progress=meddle)
    assert isinstance(stopped.value, errors.UnreadableFileError | errors.ConservationError)
    assert left(tmp_path / "out") == set()


@pytest.mark.parametrize("change", [grown, cut, emptied, rewritten, replaced])
def test_a_result_is_not_written_from_a_list_that_changed_since(
    store: optout.Store, listed: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    result = optout.screen(listed, store)
    change(listed)
    with pytest.raises(errors.OptoutError) as stopped:
        result.write(tmp_path / "out")
    assert isinstance(stopped.value, errors.UnreadableFileError | errors.ConservationError)
    assert left(tmp_path / "out") == set()


def test_a_former_result_stays_whole_when_a_new_one_fails(
    store: optout.Store, listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    optout.screen_file(listed, store, out)
    before = {name: (out / name).read_bytes() for name in left(out)}
    store.suppress(optout.Request(name="見本 花子", phones=["03-1234-0001"]))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(staged.os, "fsync", full)
        with pytest.raises(errors.WriteFailedError):
            optout.screen_file(listed, store, out)
    assert {name: (out / name).read_bytes() for name in left(out)} == before
    assert set(before) == FILES


@pytest.mark.parametrize("change", ["replaced", "truncated"])
def test_a_parquet_file_that_changes_while_it_is_read_is_no_result(
    store: optout.Store, tmp_path: Path, change: str
) -> None:
    listed = tmp_path / "list.parquet"
    frame = pl.DataFrame({"氏名": ["見本 花子"] * 9_000, "電話番号": ["03-1234-0000"] * 9_000})
    frame.write_parquet(listed, row_group_size=1_000)

    def meddle(_: Progress) -> None:
        if change == "truncated":
            emptied(listed)
        else:
            frame.with_columns(pl.lit("03-1234-5678").alias("電話番号")).write_parquet(listed)

    with pytest.raises(errors.OptoutError) as stopped:
        optout.screen_file(listed, store, tmp_path / "out", block_bytes=1 << 14, progress=meddle)
    assert isinstance(stopped.value, errors.UnreadableFileError | errors.ConservationError)
    assert left(tmp_path / "out") == set()
