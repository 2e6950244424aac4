"""`optout demo`: the three checks on invented people, in a folder of its own; no server, network or key."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from optout.cli.command import command
from optout.cli.session import Session, console, show

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from optout.report.sheet import Sheet

_MARK: Final = "demo.json"
_SUMMARY: Final = "summary.txt"
_WIDTH: Final = 100


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    command(app, "demo", "optout demo --out my-demo", "まず Start here", opens_store=False)(demo)


def demo(
    session: Session,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="A new folder, or the folder of a former demo.")
    ] = Path("optout-demo"),
) -> None:
    """See the three checks work on invented people (実演).

    Every number is computed while you watch. Nothing outside the folder is touched, your own store key least
    of all.
    """
    with _fresh(out):
        told = _played(session, out)
    session.tell({"out": str(out), **told}, list, value=str(out))


def _played(session: Session, out: Path) -> dict[str, object]:
    """Run the story, showing each step when it is done."""
    from optout.cli import story
    from optout.report.render import as_text

    silent = session.as_json or session.quiet
    screen = console()
    pages: list[Sheet | str] = []
    with story.opened(out) as scene, _progress(screen, silent) as progress:
        bar = progress.add_task("", total=len(story.STEPS))
        for title, step in story.STEPS:
            progress.update(bar, description=title)
            sheets = list(step(scene))
            pages += [title, *sheets]
            if not silent:
                _show_step(progress, title, sheets)
            progress.advance(bar)
        told = scene.told
    text = [page if isinstance(page, str) else as_text(page, _WIDTH).rstrip("\n") for page in pages]
    (out / _SUMMARY).write_text("\n\n".join(text) + "\n", "utf-8", newline="\n")
    return told


def _show_step(progress: Progress, title: str, sheets: list[Sheet | str]) -> None:
    screen = progress.console
    screen.print(f"\n== {title} ==", style="bold cyan")
    show(sheets, screen)


def _progress(screen: Console, silent: bool) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        SpinnerColumn("line"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=silent or not screen.is_terminal,
    )


@contextmanager
def _fresh(out: Path) -> Iterator[None]:
    """An empty folder to work in; a former demo stands aside until this one is complete."""
    former = _set_aside(out)
    try:
        out.mkdir(parents=True)
        (out / _MARK).write_text(json.dumps({"optout_demo": 1, "files": []}), "utf-8")
        yield
        _mark(out)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        if former is not None:
            former.rename(out)
        raise
    if former is not None:
        shutil.rmtree(former, ignore_errors=True)


def _set_aside(out: Path) -> Path | None:
    from optout.errors import OptionError

    if not (out.exists() or out.is_symlink()):
        return None
    if out.is_dir() and not out.is_symlink():
        if not any(out.iterdir()):
            out.rmdir()
            return None
        if _is_former(out):
            aside = out.with_name(f".{out.name}.former-{secrets.token_hex(4)}")
            out.rename(aside)
            return aside
    raise OptionError(
        "--out", ("a folder that does not exist", "an empty folder", "a former demo nobody added to")
    )


def _files(out: Path) -> list[str]:
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())


def _mark(out: Path) -> None:
    """List what the demo made, so that the next one deletes that and nothing else."""
    (out / _MARK).write_text(json.dumps({"optout_demo": 1, "files": _files(out)}, indent=1), "utf-8")


def _is_former(out: Path) -> bool:
    try:
        mark = json.loads((out / _MARK).read_text("utf-8"))
        known = {*mark["files"], _MARK} if mark["optout_demo"] == 1 else set()
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return set(_files(out)) <= known
