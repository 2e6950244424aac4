"""The commands in one place, and the outermost frame of the process."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import Annotated, Any, Final, TextIO

import typer

from optout.cli import (
    checks,
    copies,
    demo,
    desk,
    duties,
    holdings,
    intake,
    keys,
    lists,
    notices,
    places,
    recipients,
    removing,
    reports,
    requests,
    retention,
    review,
    tune,
    upkeep,
)

_ENDING: Final = ("SIGTERM", "SIGHUP", "SIGBREAK")
_HELP: Final = (
    "Keep people who asked to be left out, out of every name list. "
    "停止リスト（オプトアウト）の三重チェック: 削除・取得時・提供前."
)

app = typer.Typer(
    name="optout",
    help=_HELP,
    epilog="まず試す Try it: optout demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"optout {version('optout')}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """The options of `optout` itself."""


for module in (
    demo,
    requests,
    desk,
    duties,
    notices,
    lists,
    tune,
    intake,
    review,
    removing,
    checks,
    recipients,
    holdings,
    retention,
    reports,
    upkeep,
    places,
    keys,
    copies,
):
    module.register(app)


@cache
def _built() -> Any:
    """The commands as they run, made once a process: making them takes longer than most of them run."""
    return typer.main.get_command(app)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        _never_unprintable(stream)
    try:
        with _unwinding():
            _built()(given, prog_name="optout")
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
        if code == 2 and "--json" in given:
            sys.stdout.write(json.dumps(_USAGE) + "\n")
        return code
    except KeyboardInterrupt:
        return 130
    finally:
        _flushed()
    return 0


_USAGE: Final = {
    "error": "UsageError",
    "message": "wrong usage: see standard error, or --help",
    "exit_code": 2,
}


@contextmanager
def _unwinding() -> Iterator[None]:
    """Being told to end (kill, a closed terminal, a shutdown) unwinds as Ctrl-C does: nothing half-written stays."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    # What the caller has chosen (nohup) stays.
    ours = [number for number in known if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _never_unprintable(stream: TextIO | None) -> None:
    """A character the console lacks becomes a question mark, not a crash."""
    if stream is not None and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")


def _flushed() -> None:
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
