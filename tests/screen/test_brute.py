"""Lane 1 loses nothing lane 2 would find: every row against every entry, beside what blocking proposed.

The short form of benchmarks/bench_brute.py, where most records agree with some others in part.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

import optout

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="benchmarks are part of the repository only")
SIZE = 150


@cache
def brute() -> ModuleType:
    if str(BENCHMARKS) not in sys.path:
        sys.path.append(str(BENCHMARKS))
    return importlib.import_module("bench_brute")


@pytest.fixture(scope="module")
def mingled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[pl.DataFrame, optout.Store]]:
    frame, asked = brute().sides(SIZE, SIZE, 3, mingle=True)
    with optout.Store.create(tmp_path_factory.mktemp("brute") / "s.db", key=b"k" * 32) as store:
        brute().fill(store, asked)
        yield frame, store


@pytest.mark.parametrize(
    ("policy", "channel"), [("person", "any"), ("household", "mail"), ("person", "phone")]
)
def test_a_screen_judges_as_if_every_pair_were_compared(
    mingled: tuple[pl.DataFrame, optout.Store], policy: str, channel: str
) -> None:
    found = brute().compared(*mingled, policy, channel)
    assert found.pairs >= SIZE**2 * 4 // 5
    assert found.spoken > SIZE
    assert found.rules >= 10
    assert brute().kinds(found.lost).rows() == []
    assert found.differing.rows() == []
