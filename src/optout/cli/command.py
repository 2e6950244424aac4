"""A function with a session → a command with the common options, and an exit code for whatever it raises."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer

from optout.cli import failure
from optout.cli.session import Session

_PANEL: Final = "Common"
_OUTPUT: Final = {
    "as_json": Annotated[
        bool,
        typer.Option("--json", help="One JSON document on stdout, nothing else.", rich_help_panel=_PANEL),
    ],
    "quiet": Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Only the value asked for, and errors.", rich_help_panel=_PANEL),
    ],
}
_STORE: Final = {
    "key_file": Annotated[
        Path | None,
        typer.Option(
            "--key-file",
            metavar="FILE",
            help="Store key (default: the usual places).",
            rich_help_panel=_PANEL,
        ),
    ],
    "actor": Annotated[
        str | None,
        typer.Option("--actor", metavar="NAME", help="Who works, for the audit.", rich_help_panel=_PANEL),
    ],
    "purpose": Annotated[
        str | None,
        typer.Option("--purpose", metavar="TEXT", help="What for, for the audit.", rich_help_panel=_PANEL),
    ],
}


def command(
    app: typer.Typer, name: str, example: str, panel: str | None = None, opens_store: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function whose first parameter is the session.

    Args:
        app: Where to register it.
        name: Name of the command.
        example: A command line, shown by `--help`.
        panel: Heading it stands under.
        opens_store: Whether the options about key and audit apply.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        options = {**(_STORE if opens_store else {}), **_OUTPUT}
        epilog = f"例 Example: {example}"
        app.command(name, epilog=epilog, rich_help_panel=panel)(_with_session(function, options))
        return function

    return register


def _with_session(function: Callable[..., None], options: dict[str, Any]) -> Callable[..., None]:
    hints = get_type_hints(function, include_extras=True)
    own = {
        name: parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "session"
    }
    common = {
        name: inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if name in _OUTPUT else None,
            annotation=annotation,
        )
        for name, annotation in options.items()
        if name not in own
    }

    def run(**given: Any) -> None:
        told = {name: given[name] for name in options}
        session = Session(**told)
        _guarded(session, lambda: function(session, **{name: given[name] for name in own}))

    run.__doc__, run.__name__ = function.__doc__, function.__name__
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in {**own, **common}.values()]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _guarded(session: Session, work: Callable[[], None]) -> None:
    try:
        work()
        sys.stdout.flush()
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except BrokenPipeError:
        _let_go_of_the_pipe()
        raise typer.Exit(0) from None
    except (Exception, KeyboardInterrupt) as error:
        if failure.wants_traceback(error):
            raise
        told = failure.told(error)
        with suppress(OSError):
            session.fail(told)
        # Without its context: an error that holds a frame must not travel on.
        raise typer.Exit(told.exit_code) from None


def _let_go_of_the_pipe() -> None:
    """The reader went away (`| head`): nothing may try to flush what is left for it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
