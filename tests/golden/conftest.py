"""The days of the office, compared with the books in `expected`; `pytest tests/golden --update` writes them anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .office import Office, opened


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write the expected books anew")


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office on a morning."""
    if os.name == "nt":
        pytest.skip("the books name files as they are named elsewhere than on Windows")
    folder = tmp_path / "office"
    folder.mkdir()
    return opened(folder, capsys, monkeypatch)


@pytest.fixture
def same(office: Office, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Compare the book of the office with the expected one of a story."""
    # Where pytest was started with another folder this conftest is read too late for the option.
    update = bool(request.config.getoption("--update", False))
    return lambda story: office.same(story, update)
