"""What every test stands on: its own key folder, never the user's."""

from __future__ import annotations

import csv
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# A worker beside others: their threads would wait for one another's processor.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")

import optout  # polars reads the variable when it is first imported

CASES = Path(__file__).parent / "cases"
_SERVER = Path(__file__).parents[1] / "tools" / "postgres_server.py"


@pytest.fixture(autouse=True)
def _own_key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPTOUT_KEY", "OPTOUT_KEY_FILE", "OPTOUT_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OPTOUT_KEY_DIR", str(tmp_path / "keys"))
    # Nor the keyring of whoever runs it.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture
def store(tmp_path: Path) -> optout.Store:
    """A new, empty suppression list."""
    return optout.Store.create(tmp_path / "suppression.db")


@pytest.fixture
def person() -> Callable[..., optout.Request]:
    """A request of an invented person; fields can be given or taken away."""

    def make(**fields: object) -> optout.Request:
        usual: dict[str, object] = {
            "name": "髙橋 一郎",
            "kana": "タカハシ イチロウ",
            "address": "東京都新宿区西新宿三丁目2番1号",
            "phones": ["03-1234-5678"],
        }
        return optout.Request(**(usual | fields))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def case_rows() -> Callable[[str], list[dict[str, str]]]:
    """The rows of tests/cases/<name>.tsv; an empty table is an error, so no test passes by finding nothing."""

    def read(name: str) -> list[dict[str, str]]:
        with (CASES / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        assert rows, f"{name}.tsv has no rows"
        return rows

    return read


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A real PostgreSQL server of this process alone; in CI it has to be there."""
    spec = importlib.util.spec_from_file_location("postgres_server", _SERVER)
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool
    spec.loader.exec_module(tool)
    try:
        tool.binaries()
        importlib.import_module("psycopg")
    except (tool.MissingServerError, ImportError) as missing:
        if os.environ.get("CI"):
            pytest.fail(f"CI runs these tests: {missing}")
        pytest.skip(str(missing))
    with tool.running() as server:
        yield server
