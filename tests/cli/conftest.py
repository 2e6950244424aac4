from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from optout.cli import main
from optout.store.rootkey import KEY, KEY_DIR, KEY_FILE


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.out)

    @property
    def said(self) -> str:
        return self.out + self.err


Run = Callable[..., Answer]

LIST = """氏名,フリガナ,住所,TEL,備考
見本 一郎,ミホン イチロウ,東京都新宿区西新宿3-2-1,03-1234-5678,
例示 花子,レイジ ハナコ,大阪府大阪市北区梅田1-2-3,06-1234-9999,
例示 次郎,レイジ ジロウ,東京都千代田区丸の内1-1-1,090-1234-0001,DM不要
"""
CLEAN = """氏名,フリガナ,住所,TEL
例示 花子,レイジ ハナコ,大阪府大阪市北区梅田1-2-3,06-1234-9999
例示 三郎,レイジ サブロウ,北海道札幌市中央区北一条西2-3,011-123-4567
"""


@pytest.fixture(autouse=True)
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test looks at the user's key folder."""
    for name in (KEY, KEY_FILE):
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "keys"
    monkeypatch.setenv(KEY_DIR, str(place))
    return place


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process."""

    def call(*arguments: str | Path) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call


@pytest.fixture
def store(tmp_path: Path, run: Run) -> Path:
    """A store with one request, of the first person of LIST."""
    place = tmp_path / "store.db"
    assert run("init", place).code == 0
    asked = ("--name", "見本一郎", "--phone", "０３（１２３４）５６７８", "--source", "fax")
    assert run("suppress", place, *asked).code == 0
    return place


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    place = tmp_path / "list.csv"
    place.write_text(LIST, "cp932")
    return place


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    place = tmp_path / "clean.csv"
    place.write_text(CLEAN, "cp932")
    return place
