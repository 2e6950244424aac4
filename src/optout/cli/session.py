"""What every command shares: who works, which key opens the store, and where output goes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeAlias

from optout.cli.failure import Failure

if TYPE_CHECKING:
    from rich.console import Console

    from optout.report.sheet import Sheet
    from optout.screen import Progress
    from optout.store import Store

_LONGEST_LINE: Final = 2_000
AUDIT_SINK: Final = "OPTOUT_AUDIT_SINK"  # a file, or "|program argument"
Sheets: TypeAlias = Callable[[], "Iterable[Sheet | str]"]


@dataclass(frozen=True, slots=True)
class Session:
    """The common options of one command.

    Attributes:
        as_json: One JSON document on standard output and nothing else.
        quiet: Nothing but the value asked for, and errors.
        key_file: The store key, before any other place it is looked for.
        actor: Who works, for the audit.
        purpose: What for, for the audit.
    """

    as_json: bool = False
    quiet: bool = False
    key_file: Path | None = None
    actor: str | None = None
    purpose: str | None = None

    @contextmanager
    def store(self, path: str) -> Iterator[Store]:
        """The store at a path or address, open for the time of a command."""
        from optout.store import Store

        target = os.environ.get(AUDIT_SINK) or None
        with self.keys(), Store.open(path, None, self.actor, self.purpose, target) as store:
            yield store
        self.tell_unsent(store)

    def tell_unsent(self, store: Store) -> None:
        """Say that a head could not be told outside of the store; what was done stands."""
        if store.audit_sink is not None and store.audit_sink.unsent:
            self.remark(
                f"注意: 監査の控えに書けませんでした. Done, but {AUDIT_SINK} could not be told "
                f"({store.audit_sink.why}); the next change tells the newest head."
            )

    @contextmanager
    def keys(self) -> Iterator[None]:
        """Make the store look for its key in the file given, and nowhere else."""
        from optout.store.rootkey import KEY_FILE

        before = os.environ.get(KEY_FILE)
        if self.key_file is not None:
            os.environ[KEY_FILE] = str(self.key_file)
        try:
            yield
        finally:
            if self.key_file is not None:
                os.environ.pop(KEY_FILE)
                os.environ.update({} if before is None else {KEY_FILE: before})

    def tell(self, document: Mapping[str, Any], sheets: Sheets, value: str | None = None) -> None:
        """Show a result: as JSON, as sheets, or, when quiet, as the one value asked for.

        Args:
            document: The result as JSON values.
            sheets: Makes the sheets and lines for people; called only when they are shown.
            value: What is printed when quiet; nothing by default.
        """
        if self.as_json:
            write_json(document, sys.stdout)
        elif self.quiet:
            sys.stdout.write(f"{value}\n" if value is not None else "")
        else:
            show(sheets(), console())

    def remark(self, text: str) -> None:
        """A warning for a person, on standard error; not when quiet or read by a program."""
        if not (self.as_json or self.quiet):
            sys.stderr.write(f"{text}\n")

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something is going on, on a terminal only."""
        screen = console(error=True)
        shown = screen.is_terminal and not (self.as_json or self.quiet)
        # An ASCII spinner: the usual one has no glyphs in a Japanese Windows console.
        with screen.status(what, spinner="line") if shown else nullcontext():
            yield

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[Progress], None] | None]:
        """Something to tell how far a screen has come: a line on a terminal, None where nobody looks at one."""
        from optout.cli.progress import Running

        screen = console(error=True)
        if not screen.is_terminal or self.as_json or self.quiet:
            yield None
            return
        # Two cells are the spinner's, and the last column stays free: a full line would wrap.
        shown = Running(what, time.monotonic, lambda: screen.width - 3)
        with screen.status(shown, spinner="line"):
            yield shown.tell

    def fail(self, failure: Failure) -> None:
        """Tell of an error: a line on standard error; for programs the same document on both streams."""
        if self.as_json:
            write_json(failure.document, sys.stdout)
            sys.stderr.write(json.dumps(failure.document) + "\n")
        else:
            sys.stderr.write(f"{failure.error}: {failure.message}\n")


def named(given: str, store: Store) -> str:
    """A store as it was named on the command line, but an address without its password."""
    return given if isinstance(store.path, Path) else store.path


def argument(text: str) -> str:
    """A text as it is typed into a shell; an address holds signs that a shell takes for its own."""
    return f'"{text}"' if set(" &?") & set(text) else text


def console(error: bool = False) -> Console:
    """A console that keeps values as they are: no markup, no highlighting, no emoji."""
    from rich.console import Console

    return Console(stderr=error, highlight=False, markup=False, emoji=False)


def show(sheets: Iterable[Sheet | str], screen: Console) -> None:
    """Draw sheets and lines, a blank line between sheets."""
    from optout.report.render import as_rich
    from optout.report.visible import visible

    for number, sheet in enumerate(sheets):
        if isinstance(sheet, str):
            screen.print(visible(sheet, _LONGEST_LINE), soft_wrap=True)
            continue
        if number:
            screen.print()
        screen.print(as_rich(sheet))


def write_json(document: Mapping[str, Any], stream: TextIO) -> None:
    """One JSON document; ASCII only where the stream could not carry every character."""
    unicode = (stream.encoding or "").lower().replace("-", "").startswith("utf")
    text = json.dumps(document, ensure_ascii=not unicode, indent=2, default=str)
    # A lone surrogate (half a character in a header) is no UTF-8; replaced rather than refused.
    stream.write(text.encode("utf-8", "replace").decode() + "\n")
