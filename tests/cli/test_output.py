"""Streams: pipes, consoles of few characters, colours, and what is loaded for `--help`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from optout.store.rootkey import KEY_DIR

from .conftest import Run

OPTOUT = (sys.executable, "-m", "optout.cli")


def process(tmp_path: Path, *arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, KEY_DIR: str(tmp_path / "keys"), "CI": "true", **extra}
    return subprocess.run(
        [*OPTOUT, *map(str, arguments)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def test_a_japanese_windows_console_gets_what_it_can_show(tmp_path: Path, store: Path, listed: Path) -> None:
    told = process(tmp_path, "screen", store, listed, "--out", tmp_path / "out", PYTHONIOENCODING="cp932")
    assert told.returncode == 0
    assert "除外 withhold" in told.stdout.decode("cp932")
    helped = process(tmp_path, "--help", PYTHONIOENCODING="cp932")
    assert helped.returncode == 0
    assert "停止リスト" in helped.stdout.decode("cp932")


def test_a_character_the_console_lacks_is_no_crash(tmp_path: Path) -> None:
    place = tmp_path / "list.csv"
    place.write_text("氏名,TEL,𠮷野家\n一,03-1234-5678,x\n", "utf-8")
    told = process(tmp_path, "columns", place, PYTHONIOENCODING="cp932")
    assert told.returncode == 0
    document = process(tmp_path, "columns", place, "--json", PYTHONIOENCODING="cp932")
    assert b"\\ud842" in document.stdout


def test_piped_output_has_no_colours_and_no_progress(tmp_path: Path, store: Path, listed: Path) -> None:
    told = process(tmp_path, "screen", store, listed, "--out", tmp_path / "out")
    assert b"\x1b" not in told.stdout + told.stderr
    assert told.stderr == b""


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, listed: Path) -> None:
    big = tmp_path / "big.csv"
    big.write_text("氏名,TEL\n" + "見本 一郎,03-1234-5678\n" * 5_000)
    told = subprocess.run(
        [
            "bash",
            "-c",
            f'"{sys.executable}" -m optout.cli normalize "{big}" | head -1; exit ${{PIPESTATUS[0]}}',
        ],
        capture_output=True,
        check=False,
    )
    assert told.returncode == 0
    assert told.stderr == b""
    assert told.stdout.count(b"\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_an_interrupted_process_exits_with_130(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "import optout.store\n"
        "optout.store.Store.open = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT)\n"
        "from optout.cli import main\n"
        "sys.exit(main(['audit', 'x.db']))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert told.returncode == 128 + signal.SIGINT
    assert b"Traceback" not in told.stderr


def test_help_loads_nothing_beyond_the_package_itself() -> None:
    code = (
        "import sys, optout\n"
        "before = set(sys.modules)\n"
        "from optout.cli import main\n"
        "main(['--help'])\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "heavy = {'polars', 'numpy', 'cryptography', 'rapidfuzz', 'pykakasi', 'jaconv', 'filelock'}\n"
        "assert not new & heavy, new & heavy\n"
        "assert 'optout.cli.story' not in sys.modules\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert told.returncode == 0, told.stderr.decode()


def test_quiet_says_nothing_but_the_value(run: Run, store: Path, listed: Path, tmp_path: Path) -> None:
    told = run("screen", store, listed, "--out", tmp_path / "out", "--quiet")
    assert (told.out, told.err) == ("1\n", "")
    told = run("suppress", store, "--name", "例示 太郎", "--quiet")
    assert told.err == ""


def test_the_module_runs_where_no_script_is_installed(tmp_path: Path) -> None:
    told = process(tmp_path, "--version")
    assert told.returncode == 0
    assert told.stdout.startswith(b"optout ")
