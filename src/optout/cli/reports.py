"""Reports for the office, the authority and the auditor: JSON, CSV and one page each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.checks.reporting import Period, Report
    from optout.store import Store

_PANEL: Final = "報告 Reports"
_DAY: Final = ["%Y-%m-%d"]
# Both open in Excel; CP932 is what older office systems read.
_ENCODINGS: Final = {"utf-8-sig": "utf-8-sig", "utf-8": "utf-8-sig", "cp932": "cp932"}

Since: TypeAlias = Annotated[
    datetime | None,
    typer.Option(
        "--from", metavar="YYYY-MM-DD", formats=_DAY, help="First day; by default the first of the month."
    ),
]
Until: TypeAlias = Annotated[
    datetime | None,
    typer.Option(
        "--to", metavar="YYYY-MM-DD", formats=_DAY, help="Last day, counted in; by default --as-of."
    ),
]
AsOf: TypeAlias = Annotated[
    datetime | None,
    typer.Option("--as-of", metavar="YYYY-MM-DD", formats=_DAY, help="基準日: by default today in Japan."),
]
CsvEncoding: TypeAlias = Annotated[
    str,
    typer.Option(
        "--encoding", metavar="NAME", help="Of the CSV files: utf-8-sig (with a mark), or cp932 (without)."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    report = typer.Typer(
        help="報告 Reports of a period: JSON, CSV and one page to print; no personal data in them.",
        no_args_is_help=True,
    )
    month = "--from 2026-11-01 --to 2026-11-30"
    command(report, "effect", f"optout report effect suppression.db --out reports {month}")(effect)
    command(report, "requests", f"optout report requests suppression.db --out reports {month}")(requests)
    command(report, "provisions", f"optout report provisions suppression.db --out reports {month}")(
        provisions
    )
    command(report, "filing", "optout report filing suppression.db --out reports")(filing)
    command(
        report,
        "breach",
        "optout report breach suppression.db --out reports --known 2026-11-20 --list leaked.csv",
    )(breach)
    app.add_typer(report, name="report", rich_help_panel=_PANEL)


def effect(
    session: Session,
    store: options.StorePath,
    out: options.Out,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    encoding: CsvEncoding = "utf-8-sig",
) -> None:
    """Rows removed at checks 1, 2 and 3 (三重チェックの効果), by list and supplier."""
    from optout.checks import reported

    _made(
        session,
        store,
        out,
        encoding,
        lambda opened: reported.effect(opened, _period(opened, since, until, as_of)),
    )


def requests(
    session: Session,
    store: options.StorePath,
    out: options.Out,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    encoding: CsvEncoding = "utf-8-sig",
) -> None:
    """Requests received, complied, partly, refused, and the days they took (求めへの対応)."""
    from optout.checks import reported

    def made(opened: Store) -> Report:
        return reported.requests(opened, _period(opened, since, until, as_of), _day(opened, as_of))

    _made(session, store, out, encoding, made)


def provisions(
    session: Session,
    store: options.StorePath,
    out: options.Out,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    encoding: CsvEncoding = "utf-8-sig",
) -> None:
    """What was provided, by recipient (第三者提供の月次報告)."""
    from optout.checks import reported

    _made(
        session,
        store,
        out,
        encoding,
        lambda opened: reported.provisions(opened, _period(opened, since, until, as_of)),
    )


def filing(
    session: Session,
    store: options.StorePath,
    out: options.Out,
    old: Annotated[
        int | None, typer.Option("--old", metavar="N", help="Version; by default the one before.")
    ] = None,
    new: Annotated[
        int | None, typer.Option("--new", metavar="N", help="Version; by default the newest.")
    ] = None,
    encoding: CsvEncoding = "utf-8-sig",
) -> None:
    """The nine items of the PPC filing, old beside new (届出事項の新旧対照表)."""
    from optout.checks import reported

    _made(session, store, out, encoding, lambda opened: reported.filing(opened, old, new))


def breach(
    session: Session,
    store: options.StorePath,
    out: options.Out,
    known: Annotated[
        datetime,
        typer.Option(
            "--known", metavar="YYYY-MM-DD", formats=_DAY, help="知った日: day 1.", show_default=False
        ),
    ],
    lists: Annotated[
        list[Path] | None, typer.Option("--list", metavar="FILE", help="A list that got out. Repeatable.")
    ] = None,
    provided: Annotated[
        list[str] | None,
        typer.Option(
            "--provision", metavar="ID", help="A provision whose delivered copy got out. Repeatable."
        ),
    ] = None,
    held: Annotated[
        list[str] | None, typer.Option("--holding", metavar="NAME", help="保有名簿 that got out. Repeatable.")
    ] = None,
    encrypted: Annotated[
        bool | None,
        typer.Option("--encrypted/--not-encrypted", help="高度な暗号化, and the key did not get out."),
    ] = None,
    malicious: Annotated[
        bool | None, typer.Option("--malicious/--not-malicious", help="不正の目的: theft, malware, staff.")
    ] = None,
    property_risk: Annotated[
        bool | None, typer.Option("--property-risk/--no-property-risk", help="財産的被害のおそれ.")
    ] = None,
    columns: options.ColumnPairs = None,
    as_of: AsOf = None,
    encoding: CsvEncoding = "utf-8-sig",
) -> None:
    """Who and what got out, and until when it must be reported (漏えい等).

    What nobody knows yet counts as yes.
    """
    from optout.batch import open_batch
    from optout.checks import reported
    from optout.checks.reporting_breach import Circumstances

    told = Circumstances(known.date(), encrypted, malicious, property_risk)
    mapping = options.mapping(columns)

    def made(opened: Store) -> Report:
        sources = [open_batch(path, None, mapping) for path in lists or ()]
        return reported.breach(
            opened, told, sources, provided or (), held or (), mapping, _day(opened, as_of)
        )

    _made(session, store, out, encoding, made)


def _day(store: Store, as_of: datetime | None) -> date:
    from optout.register import day

    return as_of.date() if as_of else day.today(store)


def _period(store: Store, since: datetime | None, until: datetime | None, as_of: datetime | None) -> Period:
    """The month up to the day asked for, unless told otherwise."""
    from optout.checks.reporting import Period

    last = until.date() if until else _day(store, as_of)
    return Period(since.date() if since else last.replace(day=1), last)


def _made(session: Session, store: str, out: Path, encoding: str, make: Callable[[Store], Report]) -> None:
    """Make a report, write its files, and show it."""
    from optout.report import figures

    encoding = _encoding(encoding)
    with session.store(store) as opened, session.working("集計中 counting ..."):
        report = make(opened)
        against = f"{opened.store_id[:8]} revision {opened.revision}"
        told = {**report.document, "store": {"id": opened.store_id, "revision": opened.revision}}
        written = _written(report, told, figures.page(report, against), out, encoding)
        opened.record(f"report {report.kind}", {"files": len(written)})
    shown = {**told, "files": written, "encoding": encoding}
    lines = [f"出力 files: {out} ({' '.join(written)})"]
    session.tell(shown, lambda: [*figures.sheets(report), "", *lines], value=str(out / f"{report.kind}.html"))


def _encoding(given: str) -> str:
    from optout.errors import OptionError

    known = _ENCODINGS.get(given.lower())
    if known is None:
        raise OptionError("--encoding", ("utf-8-sig", "cp932"))
    return known


def _written(report: Report, told: dict[str, Any], page: str, out: Path, encoding: str) -> list[str]:
    """Put every file under its name; the names."""
    from optout.batch import write_atomically
    from optout.cli.tabular import encoded_csv
    from optout.report import figures

    contents = {f"{name}.csv": encoded_csv(frame, encoding) for name, frame in figures.files(report).items()}
    document = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    contents = {f"{report.kind}.html": page.encode(), f"{report.kind}.json": document.encode(), **contents}
    out.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        write_atomically(out / name, content)
    return list(contents)
