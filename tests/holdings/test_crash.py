"""benchmarks/crash_holdings.py in a short form, and proof that it would notice what it looks for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="the benchmarks are not part of this copy")


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """By name, because the processes it starts import the same modules."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield
    for name in [name for name in sys.modules if name.startswith(("torture_", "crash_"))]:
        del sys.modules[name]


def part(name: str) -> ModuleType:
    return importlib.import_module(f"crash_{name}")


@pytest.fixture
def able() -> None:
    if reason := importlib.import_module("torture_record").able():
        pytest.skip(reason)


@pytest.mark.parametrize(
    ("kind", "scenario", "every"),
    [("CSV", "change", 2), ("Parquet", "erase", 3), ("XLSX", "change", 9), ("SQLite", "erase", 5)],
)
def test_D4_a_crash_leaves_the_old_list_or_the_new_one_and_never_done_but_still_there(
    able: None, tmp_path: Path, kind: str, scenario: str, every: int
) -> None:
    told = part("files").run(tmp_path, kind, cuts=6, every=every, scenarios=[scenario])
    assert told["broken"] == []
    assert told["points"] >= 11
    assert told["done anew"] > told["points"] // 3
    assert told["done before"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of cursors that were cut off
def test_D4_a_connection_cut_at_any_statement_leaves_the_old_table_or_the_new_one(postgres: Any) -> None:
    told = part("server").run(postgres, stops=0, every=26, scenarios=["change"])
    assert told["broken"] == []
    assert told["points"] >= 3
    assert told["found done"]


def test_a_disk_that_lies_is_noticed(able: None, tmp_path: Path) -> None:
    told = part("files").run(tmp_path, "CSV", cuts=12, every=100, lies=True, scenarios=["erase"])
    assert told["broken"]
