"""The line a long screen draws: never too wide, never where nobody looks, and gone when it is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from optout.cli.progress import Running, line
from optout.cli.session import Session
from optout.screen import Progress
from optout.store.rootkey import KEY_DIR

from .conftest import LIST, Run

HALF = Progress(rows=61_728_394, done_bytes=50, total_bytes=100)
POSIX = pytest.mark.skipif(os.name == "nt", reason="terminals and signals of another kind")


@pytest.mark.parametrize("width", [*range(40, 130, 3), 77, 117])
@pytest.mark.parametrize("rows", [0, 9, 123_456_789])
def test_the_line_fits_and_keeps_what_matters_most(width: int, rows: int) -> None:
    told = line("照合中 screening", Progress(rows, 25, 100), 3_600.0, 0.0, width)
    assert cell_len(told) <= width
    assert "25%" in told
    assert "3:00:00" in told


def test_on_a_usual_terminal_everything_is_there() -> None:
    told = line("照合中 screening", HALF, 61.0, 1.0, 77)
    assert told == ("照合中 screening  50% 61,728,394 rows 1,011,941 rows/s 残り left 1:00"), (
        "no room for a bar"
    )
    wide = line("照合中 screening", HALF, 61.0, 1.0, 117)
    assert wide.startswith(f"照合中 screening [{'#' * 15}{'.' * 15}]  50% 61,728,394 rows")


def test_before_anything_is_known_nothing_is_guessed() -> None:
    assert "left" not in line("a", Progress(0, 0, 100), 5.0, 0.0, 80)
    assert "left" not in line("a", Progress(5, 100, 100), 5.0, 0.0, 80)
    assert Progress(0, 0, 0).share == 1


def test_the_time_left_runs_on_between_two_blocks() -> None:
    now = iter([0.0, 10.0, 10.0, 14.0, 99.0])
    shown = Running("照合中", lambda: next(now), lambda: 80)
    assert str(shown.__rich__()) == "照合中 ..."
    shown.tell(HALF)
    assert [re.findall("left (.*)", str(shown.__rich__())) for _ in range(3)] == [
        ["0:10"],
        ["0:06"],
        ["0:00"],
    ]


@pytest.mark.parametrize("common", [{}, {"as_json": True}, {"quiet": True}])
def test_nothing_is_drawn_where_nobody_looks(common: dict[str, Any]) -> None:
    with Session(**common).progress("照合中") as told:
        assert told is None


@POSIX
@pytest.mark.parametrize(("mode", "drawn"), [((), True), (("--quiet",), False), (("--json",), False)])
def test_a_terminal_shows_it_and_is_left_clean(
    tmp_path: Path, store: Path, mode: tuple[str, ...], drawn: bool
) -> None:
    import pty

    big = tmp_path / "big.csv"
    big.write_text("氏名,TEL\n" + "例示 花子,06-1234-9999\n" * 3_000)
    arguments = ["screen", store, big, "--out", tmp_path / "out", "--stream", *mode]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "optout.cli", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 1 << 16):
            said += piece
    except OSError:  # Linux says so that the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    text = said.decode()
    assert ("照合中 screening" in text) == drawn
    assert ("3,000 rows" in text) == drawn
    # The last thing is that the line is wiped.
    assert not drawn or text.rstrip().endswith(("\x1b[2K", "\x1b[?25h"))
    assert (tmp_path / "out" / "kept.csv").exists()


# A screen that, in the middle of its work, is told from outside to end.
ENDED = """
import importlib, os, signal, sys
from optout.cli import main
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever starts the tests with nohup ignores it
run = importlib.import_module("optout.screen.run")
judged = run.judge
def told_to_end(*given):
    os.kill(os.getpid(), {signal})
    return judged(*given)
run.judge = told_to_end
sys.exit(main(sys.argv[1:]))
"""


@POSIX
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_being_told_to_end_leaves_nothing(tmp_path: Path, store: Path, listed: Path, name: str) -> None:
    number = getattr(signal, name)
    arguments = ["screen", store, listed, "--out", tmp_path / "out", "--stream"]
    done = subprocess.run(
        [sys.executable, "-c", ENDED.format(signal=int(number)), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 128 + number, done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


# Everything a process opens is written down; the folder for temporary files is looked at in the middle and after.
WATCHED = """
import os, sys
folder = os.environ["TMPDIR"]
opened, seen = [], []
def watch(event, given):
    if event in ("open", "os.mkdir", "tempfile.mkstemp", "tempfile.mkdtemp") and isinstance(given[0], str):
        opened.append(given[0])
        if os.path.isdir(folder):
            seen.extend(os.scandir(folder))
from optout.cli import main
sys.addaudithook(watch)
code = main(sys.argv[1:])
inside = [name for name in opened if os.path.abspath(name).startswith(folder)]
print("TEMPORARY", inside, [entry.name for entry in seen], os.listdir(folder))
sys.exit(code)
"""


@POSIX
def test_no_command_puts_anything_into_the_folder_for_temporary_files(
    tmp_path: Path, store: Path, listed: Path, clean: Path, run: Run
) -> None:
    empty, out = tmp_path / "tmp", tmp_path / "out"
    empty.mkdir()
    plan = run("remove", "plan", store, listed, "--quiet").out.strip()
    place = str(Path(os.environ[KEY_DIR]))
    environment = {**os.environ, "TMPDIR": str(empty), "SQLITE_TMPDIR": str(empty), KEY_DIR: place}
    delivery = ("--recipient", "見本商事", "--purpose", "案内", "--channel", "mail")
    commands: list[tuple[str | Path, ...]] = [
        ("screen", store, listed, "--out", out / "a"),
        ("screen", store, listed, "--out", out / "b", "--stream"),
        ("intake", store, listed, "--basis", "consent", "--out", out / "c"),
        ("deliver", store, clean, *delivery, "--out", out / "d"),
        ("remove", "execute", store, plan),
        ("import", store, clean),
        ("normalize", listed, "--out", out / "n.csv"),
        ("normalize", listed, "--out", out / "n.parquet"),
    ]
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, *map(str, command)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        assert "TEMPORARY [] [] []" in done.stdout, command
    assert LIST.encode("cp932") != listed.read_bytes()
