"""The three checks: remove (削除), intake (取得時), deliver (提供前), and verifying a certificate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session, argument, named

if TYPE_CHECKING:
    from optout.checks import Intake
    from optout.checks.removal import Outcome
    from optout.report.sheet import Sheet

_UNDONE: Final = ("review", "unreachable")
_PANEL: Final = "三重チェック The three checks"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    remove = typer.Typer(
        help="第1チェック Check 1: erase a person from every list held.", no_args_is_help=True
    )
    command(remove, "plan", "optout remove plan suppression.db customers.csv seminar.csv --request R-...")(
        plan
    )
    command(remove, "execute", "optout remove execute suppression.db PLAN_HASH --approver 鈴木")(execute)
    command(remove, "replay", "optout remove replay suppression.db customers.csv --since 120")(replay)
    app.add_typer(remove, name="remove", rich_help_panel=_PANEL)
    bought = (
        "optout intake suppression.db bought.csv --supplier 見本商会 --basis consent --history 展示会 --out d"
    )
    command(app, "intake", bought, _PANEL)(intake)
    going = (
        "optout deliver suppression.db kept.csv --recipient 見本商事 --purpose DM --channel mail --out out"
    )
    command(app, "deliver", going, _PANEL)(deliver)
    proof = "optout verify certificate.json kept.csv --public-key public_key.pem"
    command(app, "verify", proof, _PANEL, opens_store=False)(verify)


def plan(
    session: Session,
    store: options.StorePath,
    holdings: Annotated[
        list[Path], typer.Argument(metavar="HOLDING...", help="Lists held: CSV, TSV or Parquet.")
    ],
    request: Annotated[
        list[str] | None,
        typer.Option("--request", metavar="ID", help="Only these; default every active request."),
    ] = None,
) -> None:
    """Find the people of requests in lists held (dry run).

    Nothing is changed. Prints the hash that `remove execute` has to be given.
    """
    from optout.checks import removal
    from optout.report import checked

    with session.store(store) as opened, session.working("検索中 searching ..."):
        planned = removal.plan(opened, request, holdings)
        again = argument(named(store, opened))
    told = {"plan": planned.hash, "requests": planned.requests, "rows": planned.table.to_dicts()}
    next_step = f"実行 next: optout remove execute {again} {planned.hash}"
    names = [path.name for path in holdings]
    session.tell(told, lambda: [checked.planned(planned, names), "", next_step], value=planned.hash)


def execute(
    session: Session,
    store: options.StorePath,
    plan_hash: Annotated[str, typer.Argument(metavar="PLAN_HASH", help="As `remove plan` printed it.")],
    approver: Annotated[str | None, typer.Option("--approver", help="A second person who agreed.")] = None,
) -> None:
    """Carry out a plan.

    Every list is read again to prove it. The exit code is 60 while rows wait for a person, or a list could
    not be cleaned.
    """
    from optout.checks import removal

    with session.store(store) as opened, session.working("削除中 removing ..."):
        outcome = removal.execute(opened, plan_hash, approver)
    _tell_outcome(session, outcome)


def replay(
    session: Session,
    store: options.StorePath,
    holdings: Annotated[
        list[Path], typer.Argument(metavar="HOLDING...", help="Lists that were restored from a copy.")
    ],
    since: Annotated[
        int, typer.Option("--since", metavar="REVISION", help="The store's when the copy was made; 0 = all.")
    ] = 0,
    approver: Annotated[str | None, typer.Option("--approver", help="A second person who agreed.")] = None,
) -> None:
    """Carry out every request anew in lists restored from a copy (復元後の再削除).

    Plans and executes in one step. The exit code is 60 while rows wait for a person, or a list could not be cleaned.
    """
    from optout.checks import removal

    with session.store(store) as opened, session.working("削除中 removing ..."):
        outcome = removal.replay(opened, since, holdings, approver=approver)
    _tell_outcome(session, outcome)


def _tell_outcome(session: Session, outcome: Outcome) -> None:
    from optout.errors import CheckError
    from optout.report import checked

    told = {"plan": outcome.plan, "done": outcome.done, "holdings": outcome.table.to_dicts()}
    if not outcome.done and session.as_json:
        session.tell({**told, "exit_code": CheckError.exit_code}, list)
        raise typer.Exit(CheckError.exit_code)
    session.tell(told, lambda: [checked.carried_out(outcome)], value="done")
    if not outcome.done:
        undone = [f"{name}: {status}" for name, status in outcome.statuses.items() if status in _UNDONE]
        raise CheckError(
            f"Not done yet: {'; '.join(undone)}. "
            "Decide the rows, close the file or make room on its disk, and plan again."
        )


def intake(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    basis: Annotated[
        str,
        typer.Option(
            "--basis",
            metavar="BASIS",
            help="根拠: consent, optout, individual, public or direct.",
            show_default=False,
        ),
    ],
    out: options.Out,
    supplier: Annotated[str, typer.Option("--supplier", help="取得元: who handed it over.")] = "",
    history: Annotated[str, typer.Option("--history", help="取得の経緯: how they came by it.")] = "",
    drop_sensitive: Annotated[
        bool, typer.Option("--drop-sensitive", help="Leave out 要配慮 columns instead of refusing the list.")
    ] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Make the kept rows a holding.")] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            "--leave-out",
            metavar="WHICH",
            help="With --accept: leave out review or quarantined rows. Repeatable.",
        ),
    ] = None,
    acknowledge: Annotated[
        list[str] | None,
        typer.Option(
            "--acknowledge",
            metavar="WHAT",
            help="With --accept: damage, to hold rows though a spreadsheet took some of their values.",
        ),
    ] = None,
    policy: options.Policy = "person",
    channel: options.Channel = "any",
    tenant: options.Tenant = None,
    columns: options.ColumnPairs = None,
    ignore: options.Ignore = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
    allow_empty: options.AllowEmpty = False,
) -> None:
    """Check 2: filter an acquired list (取得時).

    It stays quarantined until --accept makes the kept rows a holding (保有名簿), which needs every question
    settled.
    """
    from optout.checks import intake as check

    with session.store(store) as opened, session.working("照合中 screening ..."):
        taken = check(
            file,
            opened,
            supplier,
            basis,
            history,
            out,
            policy,
            channel,
            tenant,
            options.mapping(columns),
            ignore=options.left_out(ignore),
            encoding=encoding,
            sheet=sheet,
            drop_sensitive=drop_sensitive,
            allow_empty=allow_empty,
        )
        held = taken.accept(leave_out or (), acknowledge or ()) if accept else None
    told = {
        **taken.record,
        "intake": taken.id,
        "open_questions": taken.open_questions,
        "report": taken.result.report,
    }
    told["held"] = str(held) if held else None
    session.tell(told, lambda: _taken_in(taken, out, held), value=taken.id)


def _taken_in(taken: Intake, out: Path, held: Path | None) -> list[Sheet | str]:
    from optout.report import checked, screened

    report = taken.result.report
    state = (
        f"保有名簿 accepted as a holding: {held}"
        if held
        else "隔離中 still quarantined; accept with --accept"
    )
    return [
        screened.counts(report, f"取得時チェック Intake of {taken.record['list']['name']}"),
        screened.reasons(report),
        *screened.damage(report),
        checked.taken_in(taken),
        "",
        *screened.remarks(report),
        f"出力 files: {out}",
        state,
    ]


def deliver(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    recipient: Annotated[
        str, typer.Option("--recipient", metavar="NAME", help="提供先.", show_default=False)
    ],
    purpose: Annotated[
        str,
        typer.Option(
            "--purpose",
            metavar="TEXT",
            help="利用目的: what the recipient may use it for.",
            show_default=False,
        ),
    ],
    channel: Annotated[
        str,
        typer.Option(
            "--channel",
            metavar="CHANNEL",
            help="手段: mail, phone, fax, email, sms or any.",
            show_default=False,
        ),
    ],
    out: options.Out,
    policy: options.Policy = "person",
    tenant: options.Tenant = None,
    columns: options.ColumnPairs = None,
    ignore: options.Ignore = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """Check 3: hand a clean list over with a certificate (提供前).

    Anything that is not proved clean is refused with exit code 67, and nothing is written.
    """
    from optout.checks import deliver as check
    from optout.report import checked

    with session.store(store) as opened, session.working("照合中 screening ..."):
        certificate = check(
            file,
            opened,
            recipient,
            purpose,
            channel,
            out,
            policy,
            tenant,
            options.mapping(columns),
            ignore=options.left_out(ignore),
            encoding=encoding,
            sheet=sheet,
        )
    told = {"certificate": str(certificate.path), "delivered": str(out / file.name), **certificate.payload}
    files = f"出力 files: {out} ({file.name} certificate.json public_key.pem)"
    session.tell(told, lambda: [checked.certified(certificate), "", files], value=str(certificate.path))


def verify(
    session: Session,
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="certificate.json.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The delivered file.")],
    public_key: Annotated[
        Path,
        typer.Option(
            "--public-key", metavar="FILE", help="The vendor's public key (PEM).", show_default=False
        ),
    ],
) -> None:
    """Verify a delivered file offline (証明の確認).

    Needs the certificate, the file and the public key; no store, no key, no network. The exit code is 68 when
    it is not valid.
    """
    from optout.register import verify_certificate
    from optout.report import checked

    proved = verify_certificate(certificate, file, public_key)
    told: dict[str, Any] = {"valid": True, **proved.payload}
    title = "有効 Valid: this file is the one the certificate was issued for"
    session.tell(told, lambda: [checked.certified(proved, title)], value=proved.id)
