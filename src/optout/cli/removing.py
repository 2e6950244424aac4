"""Check 1 (削除): plan a removal, carry it out, try again what is open, and show what was done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session, argument, named

if TYPE_CHECKING:
    from collections.abc import Callable

    from optout.checks.removal import Outcome

_UNDONE: Final = ("review", "unreachable")
_PANEL: Final = "三重チェック The three checks"

Holdings: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[HOLDING...]",
        help="Lists held: names in the register, files, folders, tables (sqlite:///office.db#people). "
        "None: every registered holding.",
        show_default=False,
    ),
]
Approver: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--approver", metavar="NAME", help="承認者: a second person who agreed; not whoever runs this."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    remove = typer.Typer(
        help="第1チェック Check 1: erase a person from every list held.", no_args_is_help=True
    )
    add: dict[str, tuple[Callable[..., None], str]] = {
        "plan": (plan, "optout remove plan suppression.db customers.csv seminar.csv --request R-..."),
        "execute": (execute, "optout remove execute suppression.db PLAN_HASH --approver 鈴木"),
        "replay": (replay, "optout remove replay suppression.db customers.csv --since 120"),
        "retry": (retry, "optout remove retry suppression.db"),
        "evidence": (evidence, "optout remove evidence suppression.db PLAN_HASH --out evidence.json"),
    }
    for name, (function, example) in add.items():
        command(remove, name, example)(function)
    app.add_typer(remove, name="remove", rich_help_panel=_PANEL)


def plan(
    session: Session,
    store: options.StorePath,
    holdings: Holdings = None,
    request: Annotated[
        list[str] | None,
        typer.Option("--request", metavar="ID", help="Only these; default every active request."),
    ] = None,
    bulk_rows: Annotated[
        int | None,
        typer.Option(
            "--bulk-rows", metavar="N", help="Above so many rows a second person has to agree; default 100."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the table to a .csv or .parquet file too."),
    ] = None,
) -> None:
    """Find the people of requests in lists held (dry run).

    Nothing is changed. Prints the hash that `remove execute` has to be given. Rows in doubt wait for a person
    (`optout review`).
    """
    from optout.checks import removal
    from optout.cli.tabular import write_table
    from optout.report import checked

    limit = removal.BULK_ROWS if bulk_rows is None else bulk_rows
    with session.store(store) as opened, session.working("検索中 searching ..."):
        planned = removal.plan(opened, request, holdings or None, bulk_rows=limit)
        again = argument(named(store, opened))
    if out is not None:
        write_table(planned.table, out)
    told = {
        "plan": planned.hash,
        "requests": planned.requests,
        "holdings": planned.holdings,
        "acting": planned.acting,
        "bulk": planned.bulk,
        "unmatchable": planned.unmatchable,
        "pending": planned.pending,
        "rows": planned.table.to_dicts(),
    }
    approver = " --approver NAME" if planned.bulk else ""
    next_step = f"実行 next: optout remove execute {again} {planned.hash}{approver}"
    session.tell(
        told, lambda: [checked.planned(planned, planned.holdings), "", next_step], value=planned.hash
    )


def execute(
    session: Session,
    store: options.StorePath,
    plan_hash: Annotated[str, typer.Argument(metavar="PLAN_HASH", help="As `remove plan` printed it.")],
    approver: Approver = None,
) -> None:
    """Carry out a plan.

    Every list is read again to prove it. The exit code is 60 while rows wait for a person, or a list could
    not be cleaned; 83 when a second person has to agree.
    """
    from optout.checks import removal

    with session.store(store) as opened, session.working("削除中 removing ..."):
        outcome = removal.execute(opened, plan_hash, approver)
    _tell_outcome(session, outcome)


def replay(
    session: Session,
    store: options.StorePath,
    holdings: Holdings = None,
    since: Annotated[
        int, typer.Option("--since", metavar="REVISION", help="The store's when the copy was made; 0 = all.")
    ] = 0,
    approver: Approver = None,
) -> None:
    """Carry out every request anew in lists restored from a copy (復元後の再削除).

    Plans and executes in one step. The exit code is 60 while rows wait for a person, or a list could not be cleaned.
    """
    from optout.checks import removal

    with session.store(store) as opened, session.working("削除中 removing ..."):
        outcome = removal.replay(opened, since, holdings or None, approver=approver)
    _tell_outcome(session, outcome)


def retry(session: Session, store: options.StorePath, approver: Approver = None) -> None:
    """Try again whatever removals left open (未完了の再実行).

    Lists that were out of reach, rows that were decided since. The exit code is 60 while something is still open.
    """
    from optout.checks import removal
    from optout.report import checked

    with session.store(store) as opened, session.working("削除中 removing ..."):
        outcomes = removal.retry(opened, approver)
    told = {"outcomes": [_plain(outcome) for outcome in outcomes]}
    session.tell(
        told,
        lambda: [checked.carried_out(each) for each in outcomes] or ["未完了なし nothing is open"],
        value=str(len(outcomes)),
    )
    if not all(outcome.done for outcome in outcomes):
        raise typer.Exit(60)


def evidence(
    session: Session,
    store: options.StorePath,
    plan_hash: Annotated[str, typer.Argument(metavar="PLAN_HASH", help="As `remove plan` printed it.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the JSON document to a file.")
    ] = None,
) -> None:
    """Show what a removal did (削除の証跡): hashes, row ids, times, who acted and who agreed."""
    from optout.batch import write_atomically
    from optout.checks import removal

    with session.store(store) as opened:
        told = removal.evidence(opened, plan_hash)
    text = json.dumps(told, ensure_ascii=False, indent=2)
    if out is not None:
        write_atomically(out, f"{text}\n".encode())
    session.tell(told, lambda: [text if out is None else f"出力 file: {out}"], value=told["state"])


def _plain(outcome: Outcome) -> dict[str, object]:
    return {
        "plan": outcome.plan,
        "done": outcome.done,
        "holdings": outcome.table.to_dicts(),
        "cases": dict(outcome.cases),
    }


def _tell_outcome(session: Session, outcome: Outcome) -> None:
    from optout.errors import CheckError
    from optout.report import checked

    told = _plain(outcome)
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
