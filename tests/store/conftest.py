from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from optout.store import Request, Store


@pytest.fixture(autouse=True)
def key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the key folder of whoever runs it."""
    folder = tmp_path / "keys"
    monkeypatch.setenv("OPTOUT_KEY_DIR", str(folder))
    monkeypatch.delenv("OPTOUT_KEY", raising=False)
    monkeypatch.delenv("OPTOUT_KEY_FILE", raising=False)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "suppression.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.create(path, actor="tester", purpose="test") as made:
        yield made


@pytest.fixture
def person() -> Request:
    return Request(
        name="見本 一郎",
        kana="ミホン イチロウ",
        postal="160-0023",
        address="東京都新宿区西新宿3-2-1",
        phones=["03-1234-5678"],
        emails=["ichiro.mihon@example.com"],
        received="2026-04-01",
        source="fax",
    )
