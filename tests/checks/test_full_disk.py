"""A disk that fills up in the middle of a check: a clear error, and everything as it was."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout import errors
from optout.batch import staged
from optout.register import attempt

Put = Callable[..., Path]
Rows = dict[str, str]
Filled = Callable[[int], None]
TOLD = {"supplier": "見本名簿店", "basis": "direct", "history": "展示会で直接取得"}


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    """`disk(n)`: n more files reach the disk, then it is full. The store has its own and is not concerned."""
    left = [0]

    def full(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            return
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1

    with monkeypatch.context() as patch:

        def fill(n: int) -> None:
            left[0] = n
            patch.setattr(staged.os, "fsync", full)

        yield fill


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("n", range(6))
def test_an_intake_leaves_nothing(
    store: optout.Store,
    asked: optout.Receipt,
    put: Put,
    rows: Rows,
    tmp_path: Path,
    disk: Filled,
    n: int,
    drop: bool,
) -> None:
    bought = put(rows["other"], rows["asked"], "two,fields", name="bought.csv")
    if drop:
        bought.write_bytes(bought.read_bytes().replace("備考".encode("cp932"), "病歴".encode("cp932")))
    disk(n)
    with pytest.raises(errors.WriteFailedError, match="Nothing was put under a final name"):
        optout.intake(bought, store, **TOLD, out=tmp_path / "in", drop_sensitive=drop)
    assert names(tmp_path / "in") == []
    assert store.jobs("intake") == []


@pytest.mark.parametrize("n", range(3))
def test_no_list_is_handed_over_without_its_certificate(
    store: optout.Store,
    asked: optout.Receipt,
    put: Put,
    rows: Rows,
    tmp_path: Path,
    disk: Filled,
    n: int,
) -> None:
    clean = put(rows["other"], name="clean.csv")
    told: dict[str, Any] = {"recipient": "見本商事", "purpose": "案内", "channel": "mail"}
    disk(n)
    with pytest.raises(errors.WriteFailedError):
        optout.deliver(clean, store, **told, out=tmp_path / "going")
    assert names(tmp_path / "going") == []
    assert "delivered" not in [made.state for made in attempt.attempts(store)]


def test_a_holding_stays_as_it_was_and_is_tried_again(
    store: optout.Store,
    asked: optout.Receipt,
    put: Put,
    rows: Rows,
    disk: Filled,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = put(rows["asked"], rows["other"])
    before = held.read_bytes()
    plan = optout.removal.plan(store, asked, [held])
    disk(0)
    assert optout.removal.execute(store, plan.hash).statuses == {"held.csv": "unreachable"}
    assert held.read_bytes() == before
    assert not any(name.startswith(".optout-") for name in names(held.parent))
    disk(99)
    assert optout.removal.execute(store, plan.hash).statuses == {"held.csv": "removed"}


LIMITED = """
import resource, sys
import optout
store, plan = sys.argv[1:]
with optout.Store.open(store, key=b"k" * 32) as opened:
    # The store's own files are small enough.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    print(optout.removal.execute(opened, plan).statuses)
"""


@pytest.mark.skipif(os.name == "nt", reason="limits of another kind")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_holding_that_cannot_be_written_anew_stays_as_it_was(
    person: Callable[..., optout.Request], tmp_path: Path, kind: str
) -> None:
    held = tmp_path / f"held.{kind}"
    rows = range(60_000)
    frame = pl.DataFrame(
        {
            "氏名": [f"見本 花子{n}" for n in rows],
            "電話番号": [f"03-1{n % 1000:03}-{n % 10_000:04}" for n in rows],
        }
    )
    frame = pl.concat([frame, pl.DataFrame({"氏名": ["高橋 一郎"], "電話番号": ["03-1234-5678"]})])
    frame.write_csv(held) if kind == "csv" else frame.write_parquet(held, compression="uncompressed")
    before = held.read_bytes()
    with optout.Store.create(tmp_path / "s.db", key=b"k" * 32) as store:
        asked = store.suppress(person())
        plan = optout.removal.plan(store, asked, [held])
    assert plan.table["action"].to_list() == ["remove"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "s.db"), plan.hash],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str({held.name: "unreachable"}), done.stderr
    assert held.read_bytes() == before
    assert not any(name.startswith(".optout-") for name in names(tmp_path))
