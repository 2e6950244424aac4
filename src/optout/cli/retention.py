"""Retention (保存期間): classes, exceptions, legal holds, what is due, and the purge with its certificate."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.checks.purging import Purged

_PANEL: Final = "求めへの対応 After a request"

AsOf: TypeAlias = Annotated[
    str,
    typer.Option(
        "--as-of", metavar="DATE", help="The day, said by you: no clock decides.", show_default=False
    ),
]
What: TypeAlias = Annotated[str, typer.Argument(metavar="WHAT", help="holding, provision or receipt.")]
Id: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Its number; of a holding the name too.")]
Reason: TypeAlias = Annotated[str, typer.Option("--reason", help="Why; it is kept.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    keep = typer.Typer(
        help="保存期間 How long lists and records are kept, and their purge.", no_args_is_help=True
    )
    a_class = "optout retention class suppression.db 催事 --days 92 --why 募集要項の約束"
    contract = "--contract 契約12号 --purpose 精算 --until 2026-12-31"
    command(keep, "class", a_class)(define)
    command(keep, "collected", "optout retention collected suppression.db 展示会2026 --on 2026-04-01")(
        collected
    )
    command(keep, "except", f"optout retention except suppression.db 展示会2026 {contract}")(exempt)
    command(keep, "hold", "optout retention hold suppression.db holding 展示会2026 --reason 訴訟")(hold)
    command(keep, "release", "optout retention release suppression.db holding 展示会2026 --reason 和解")(
        release
    )
    command(keep, "due", "optout retention due suppression.db --as-of 2026-07-02")(due)
    command(
        keep, "purge", "optout retention purge suppression.db --as-of 2026-07-02 --approver 鈴木 --out purged"
    )(purge)
    proof = "optout retention verify purged/purge-P-0001.json --public-key purged/public_key.pem"
    command(keep, "verify", proof, opens_store=False)(verify)
    app.add_typer(keep, name="retention", rich_help_panel=_PANEL)


def define(
    session: Session,
    store: options.StorePath,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="保存区分; without it all are shown.")
    ] = None,
    days: Annotated[int | None, typer.Option("--days", help="After the day of collection.")] = None,
    why: Annotated[str | None, typer.Option("--why", help="The promise or rule behind it.")] = None,
) -> None:
    """Define a class or change it, or show all. There is none by default: 92 and 30 days are your own promises."""
    from optout.checks import retention

    with session.store(store) as opened:
        if name is not None:
            if days is None or not why:
                raise typer.BadParameter("give --days and --why with NAME")
            retention.define(opened, name, days, why)
        found = retention.classes(opened)
    told = [{"name": one.name, "days": one.days, "why": one.why} for one in found.values()]
    lines = [f"{one.name}: {one.days} 日 days ({one.why})" for one in found.values()]
    session.tell({"classes": told}, lambda: lines or ["保存区分はありません no class is defined"], value=name)


def collected(
    session: Session,
    store: options.StorePath,
    holding: Annotated[str, typer.Argument(metavar="HOLDING", help="保有名簿, by its name.")],
    on: Annotated[
        str,
        typer.Option("--on", metavar="DATE", help="取得日; its oldest row's.", show_default=False),
    ],
) -> None:
    """Say when a list was collected (取得日); one that came through an intake knows it already."""
    from optout.checks import retention
    from optout.register import day

    with session.store(store) as opened:
        known = retention.collected(opened, holding, _day(day.read(on, "on")))
    told = {"holding": known.name, "collected": known.origin["collected"]}
    session.tell(told, lambda: [f"{known.name}: 取得日 collected {told['collected']}"], value=known.name)


def exempt(
    session: Session,
    store: options.StorePath,
    holding: Annotated[str, typer.Argument(metavar="HOLDING", help="保有名簿, by its name.")],
    contract: Annotated[str, typer.Option("--contract", help="契約.", show_default=False)],
    purpose: Annotated[
        str, typer.Option("--purpose-of", "--purpose", help="何のために.", show_default=False)
    ],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day.", show_default=False)],
) -> None:
    """Keep one list longer because a contract says so (契約による例外); an exception without an end is none."""
    from optout.checks import retention
    from optout.register import day
    from optout.register import holding as holdings

    with session.store(store) as opened:
        name, last = holdings.of(opened, holding).name, _day(day.read(until, "until"))
        made = retention.exempt(opened, name, contract, purpose, last)
    told = {"holding": made.holding, "contract": made.contract, "until": made.until.isoformat()}
    session.tell(told, lambda: [f"{made.holding}: {made.until} まで保存 kept until"], value=made.holding)


def hold(session: Session, store: options.StorePath, what: What, id: Id, reason: Reason) -> None:
    """Put a list or record under legal hold (法的保全): no purge touches it."""
    from optout.checks import retention

    with session.store(store) as opened:
        made = retention.hold(opened, what, id, reason)
    session.tell(
        {"what": made.what, "id": made.id}, lambda: [f"法的保全 held: {made.what} {made.id}"], value=made.id
    )


def release(session: Session, store: options.StorePath, what: What, id: Id, reason: Reason) -> None:
    """End a legal hold (法的保全の解除)."""
    from optout.checks import retention

    with session.store(store) as opened:
        retention.release(opened, what, id, reason)
    session.tell({"what": what, "id": id}, lambda: [f"解除 released: {what} {id}"], value=id)


def due(
    session: Session,
    store: options.StorePath,
    as_of: AsOf,
    everything: Annotated[bool, typer.Option("--all", help="Also what is kept, held, exempt.")] = False,
) -> None:
    """What may no longer be kept on a day (保存期間の満了), and what nobody has decided about."""
    from optout.checks import retention
    from optout.register import day
    from optout.report import duties

    with session.store(store) as opened:
        on = _day(day.read(as_of, "as_of"))
        found = retention.schedule(opened, on)
    shown = found if everything else found.filter(found["state"].is_in(["due", "undecided"]))
    told = [{name: _told(value) for name, value in row.items()} for row in shown.to_dicts()]
    title = f"保存期間 Retention as of {on}"
    ids = "\n".join(shown.filter(shown["state"] == "due")["id"])
    document = {"as_of": on.isoformat(), "things": told}
    session.tell(document, lambda: [duties.schedule(shown, title)], value=ids or None)


def purge(
    session: Session,
    store: options.StorePath,
    as_of: AsOf,
    approver: Annotated[
        str, typer.Option("--approver", metavar="NAME", help="承認者: a second person.", show_default=False)
    ],
    out: options.Out,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="Only these; default everything due. Repeatable."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it stays, so it must not say who.")
    ] = "保存期間の満了",
) -> None:
    """Purge what is due, and write the certificate (廃棄証明) with a page to print.

    Rows and records of people under legal hold stay. The exit code is 60 when a list could not be reached: it is
    due still.
    """
    from optout.checks import retention
    from optout.errors import CheckError
    from optout.register import day
    from optout.report import duties

    with session.store(store) as opened, session.working("廃棄中 purging ..."):
        done = retention.purge(opened, _day(day.read(as_of, "as_of")), approver, only, reason)
        files = _certified(done, out, opened.public_key)
    told: dict[str, Any] = {"purge": done.id, "done": done.done, "resumed": done.resumed, "files": files}
    told["things"] = done.table.to_dicts()
    if not done.done and session.as_json:
        session.tell({**told, "exit_code": CheckError.exit_code}, list)
        raise typer.Exit(CheckError.exit_code)
    shown = f"出力 files: {', '.join(files)}" if files else "満了なし nothing is due"
    session.tell(told, lambda: [duties.purged(done), "", shown], value=done.id or None)
    if not done.done:
        raise CheckError(
            "Not everything could be purged: see the reasons. Bring the lists back and purge again."
        )


def verify(
    session: Session,
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="purge-P-0001.json.")],
    public_key: Annotated[
        Path,
        typer.Option("--public-key", metavar="FILE", help="The vendor's public key.", show_default=False),
    ],
) -> None:
    """Verify a certificate of a purge offline (廃棄証明の確認); the exit code is 68 when it is not valid."""
    from optout.register.certificate import PURGE_TYPE, read_certificate

    proved = read_certificate(certificate, public_key, PURGE_TYPE)
    things = len(proved.payload["items"])
    shown = f"有効 valid: {proved.payload['purge']}, {proved.payload['as_of']}, {things} things"
    session.tell({"valid": True, **proved.payload}, lambda: [shown], value=proved.id)


def _certified(done: Purged, out: Path, public_key: str) -> list[str]:
    """The certificate, a page of it and the key it is verified with; nothing when nothing was due."""
    if done.certificate is None:
        return []
    from optout.batch.staged import as_json, placed_after
    from optout.report import answers

    out.mkdir(parents=True, exist_ok=True)
    files = {
        out / f"purge-{done.id}.json": as_json(done.certificate.envelope),
        out / f"purge-{done.id}.html": answers.purge_page(done.certificate.payload).encode(),
        out / "public_key.pem": public_key.encode(),
    }
    with placed_after(files):
        pass
    return [str(file) for file in files]


def _day(read: date | None) -> date:
    if read is None:
        raise typer.BadParameter("say the day", param_hint="--as-of")
    return read


def _told(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
