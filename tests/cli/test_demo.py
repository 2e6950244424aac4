from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optout.cli import story

from .conftest import Answer, Run


@pytest.fixture
def shown(run: Run, tmp_path: Path) -> Answer:
    return run("demo", "--out", tmp_path / "demo", "--json")


def test_the_three_checks_work_and_every_known_answer_is_found(
    shown: Answer, tmp_path: Path, own_keys: Path
) -> None:
    assert shown.code == 0, shown.err
    told: dict[str, Any] = shown.document
    assert told["requests"] > 60
    assert all(answer["caught"] == answer["of"] > 0 for answer in told["known_answers"].values())
    assert told["removal"]["removed"] > 20
    assert told["intake"]["withhold"] > 10
    assert told["prepared"]["withhold"] == 0
    assert any("withhold" in reason for reason in told["refused"])
    assert told["delivered"]["counts"]["withhold"] == 1
    assert told["delivered"]["verified"] is True
    assert not own_keys.exists()
    summary = (tmp_path / "demo" / "summary.txt").read_text("utf-8")
    assert "提供不可 Delivery refused" in summary


def test_what_the_demo_proposes_to_try_works(
    shown: Answer, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "demo")
    summary = (tmp_path / "demo" / "summary.txt").read_text("utf-8")
    proposed = [line.split() for line in summary.splitlines() if line.startswith("  optout ")]
    assert len(proposed) == 3
    for _, *arguments in proposed:
        told = run(*arguments)
        assert told.code == 0, told.err
        assert told.out


def test_a_former_demo_is_replaced_and_anything_else_left_alone(
    shown: Answer, run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "demo"
    first = (out / "demo.key").read_text()
    again = run("demo", "--out", out)
    assert again.code == 0
    assert "== 完了 Done ==" in again.out
    assert (out / "demo.key").read_text() != first
    (out / "mine.txt").write_text("mine")
    assert run("demo", "--out", out).code == 18
    assert (out / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir() if "former" in path.name) == []


def test_a_folder_of_something_else_is_never_touched(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "demo.json").write_text("{}")
    assert run("demo", "--out", other).code == 18
    (tmp_path / "file").write_text("x")
    assert run("demo", "--out", tmp_path / "file").code == 18
    assert (other / "demo.json").read_text() == "{}"


def test_a_demo_that_breaks_off_leaves_the_former_one(
    shown: Answer, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "demo"
    key = (out / "demo.key").read_text()

    def breaks(_: story.Scene) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(story, "STEPS", (("x", breaks),))
    assert run("demo", "--out", out).code == 130
    assert (out / "demo.key").read_text() == key
    assert run("demo", "--out", tmp_path / "new").code == 130
    assert not (tmp_path / "new").exists()
