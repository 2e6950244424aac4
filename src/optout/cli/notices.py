"""Notices to clients who were given a person's data (提供先への通知): made, sent, acknowledged, done, overdue."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.register.notice import Notice
    from optout.store import Store

_PANEL: Final = "求めへの対応 After a request"

Number: TypeAlias = Annotated[str, typer.Argument(metavar="NOTICE", help="通知番号, e.g. N-0001.")]
On: TypeAlias = Annotated[
    str | None, typer.Option("--on", metavar="DATE", help="The day; default today in Japan.")
]
Note: TypeAlias = Annotated[str, typer.Option("--note", help="What the client said.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    notices = typer.Typer(
        help="通知 Tell clients whose lists hold who asked to be left out.", no_args_is_help=True
    )
    one = "suppression.db N-0001"
    command(notices, "make", "optout notices make suppression.db --out notices")(make)
    command(notices, "list", "optout notices list suppression.db --status overdue")(listed)
    command(notices, "sent", f"optout notices sent {one} --how post")(sent)
    command(notices, "acknowledge", f"optout notices acknowledge {one}")(acknowledge)
    command(notices, "done", f"optout notices done {one} --note 2件削除")(done)
    command(notices, "remind", f"optout notices remind {one}")(remind)
    command(notices, "again", f"optout notices again {one} --out notices")(again)
    command(notices, "import", "optout notices import suppression.db sheet.csv --client 見本商事")(take_back)
    app.add_typer(notices, name="notices", rich_help_panel=_PANEL)


def make(
    session: Session,
    store: options.StorePath,
    out: options.Out,
    request: Annotated[
        list[str] | None,
        typer.Option("--request", metavar="ID", help="Only these; default what is new since the last round."),
    ] = None,
    within: Annotated[int, typer.Option("--within", metavar="DAYS", help="Days the client is given.")] = 14,
    sender: Annotated[
        Path | None, typer.Option("--sender", metavar="FILE", help="The office: TOML or JSON, for the page.")
    ] = None,
) -> None:
    """Find past deliveries of who asked to be left out; write one file and one page for each client.

    A client is told its own row numbers, or the fewest items as they were delivered. Nobody is told twice.
    """
    from optout.batch import write_atomically
    from optout.checks import propagation
    from optout.register import notice
    from optout.report import answers, duties, letters

    office = None if sender is None else letters.read_sender(sender)
    with session.store(store) as opened, session.working("照合中 searching ..."):
        made = propagation.make(opened, out, request, None, within)
        for one in made.notices:
            page = answers.notice_page(one, notice.lines(opened, one.id), office)
            write_atomically(made.files[one.id].with_suffix(".html"), page.encode())
    told = {
        "notices": [_plain(one) | {"path": str(made.files[one.id])} for one in made.notices],
        "requests": made.looked_for,
        "waiting": made.waiting.to_dicts(),
    }
    session.tell(told, lambda: [duties.round_made(made)], value="\n".join(made.files) or None)


def listed(
    session: Session,
    store: options.StorePath,
    status: Annotated[
        str | None, typer.Option("--status", help="made, sent, acknowledged, done or overdue.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Default today in Japan.")
    ] = None,
) -> None:
    """Every notice as it stands on a day; --status overdue is the list of reminders (督促)."""
    from optout.checks import propagation
    from optout.register import day
    from optout.report import duties

    with session.store(store) as opened:
        found = propagation.listed(opened, day.read(as_of, "as_of"), status)
    rows = [{name: _told(value) for name, value in row.items()} for row in found.to_dicts()]
    session.tell({"notices": rows}, lambda: [duties.notices(found)], value="\n".join(found["notice"]) or None)


def sent(
    session: Session,
    store: options.StorePath,
    notice: Number,
    how: Annotated[str, typer.Option("--how", help="post, fax, email ...", show_default=False)],
    on: On = None,
) -> None:
    """Record that a notice was sent (送付)."""
    _move(session, store, notice, "sent", on, how)


def acknowledge(
    session: Session, store: options.StorePath, notice: Number, on: On = None, note: Note = ""
) -> None:
    """Record that the client has received it (受領)."""
    _move(session, store, notice, "acknowledged", on, note=note)


def done(session: Session, store: options.StorePath, notice: Number, on: On = None, note: Note = "") -> None:
    """Record that the client has stopped or erased (措置済)."""
    _move(session, store, notice, "done", on, note=note)


def remind(session: Session, store: options.StorePath, notice: Number, on: On = None) -> None:
    """Record that the client was reminded (督促)."""
    from optout.checks import propagation

    with session.store(store) as opened:
        moved = propagation.reminded(opened, notice, _day(opened, on))
    _tell(session, moved)


def again(session: Session, store: options.StorePath, notice: Number, out: options.Out) -> None:
    """Write the file of a notice again, byte for byte."""
    from optout.checks import propagation

    with session.store(store) as opened:
        path = propagation.rewrite(opened, notice, out)
    session.tell({"notice": notice, "path": str(path)}, lambda: [f"出力 file: {path}"], value=str(path))


def take_back(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    client: Annotated[
        str | None, typer.Option("--client", help="依頼元会社名, where no line names it.")
    ] = None,
    delivery: Annotated[
        str | None, typer.Option("--delivery", help="納品番号, where no line names it.")
    ] = None,
    columns: options.ColumnPairs = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """Take a client's own sheet of refusals in: everybody on it is suppressed, unknown deliveries are told.

    The exit code is 11 when lines could not be read; the others are recorded.
    """
    from optout.checks import propagation
    from optout.errors import UnreadableFileError
    from optout.report import duties

    with session.store(store) as opened:
        found = propagation.take_back(
            opened, file, client, delivery, options.mapping(columns), encoding, sheet
        )
    cases = [one.id for one in found.received.cases]
    unread = [line for line, _ in found.received.unread]
    told = {
        "cases": cases,
        "requests": [request for one in found.received.cases for request in one.requests],
        "known": found.received.known,
        "deliveries": dict(found.deliveries),
        "unknown_deliveries": dict(found.unknown),
        "deliveries_of_others": dict(found.of_others),
        "without_delivery": found.untold,
        "not_in_delivery": list(found.not_in_it),
        "unread_lines": unread,
    }
    session.tell(told, lambda: [duties.taken_back(found)], value="\n".join(cases) or None)
    if unread:
        why = f"{len(unread)} lines could not be read and are not recorded (first lines {unread[:5]})"
        raise UnreadableFileError(file.name, why, "The others are recorded; correct these and import again.")


def _move(
    session: Session, store: str, number: str, state: str, on: str | None, how: str = "", note: str = ""
) -> None:
    from optout.checks import propagation

    with session.store(store) as opened:
        moved = propagation.moved(opened, number, state, _day(opened, on), how, note)
    _tell(session, moved)


def _day(store: Store, on: str | None) -> date:
    from optout.register import day

    return day.read(on, "on") or day.today(store)


def _tell(session: Session, one: Notice) -> None:
    session.tell(_plain(one), lambda: [f"{one.id}: {one.state} (期限 due {one.due})"], value=one.id)


def _plain(one: Notice) -> dict[str, Any]:
    """What a program is told of a notice: nothing of its lines."""
    names = (
        "id",
        "recipient",
        "state",
        "rows",
        "made",
        "due",
        "sent",
        "acknowledged",
        "done",
        "file",
        "sha256",
    )
    return {name: _told(getattr(one, name)) for name in (*names, "encoding")} | {
        "reminded": len(one.reminded)
    }


def _told(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
