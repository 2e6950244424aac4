"""Check 2 (取得時) and the register of suppliers (取得元)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.checks import Intake
    from optout.register.supplier import Supplier
    from optout.report.sheet import Sheet

_PANEL: Final = "三重チェック The three checks"
_REGISTERS: Final = "台帳 Registers"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    bought = (
        "optout intake suppression.db bought.csv --supplier 見本商会 --basis consent --history 展示会 --out d"
    )
    command(app, "intake", bought, _PANEL)(intake)
    suppliers = typer.Typer(help="取得元 Suppliers: who hands lists over.", no_args_is_help=True)
    made = (
        "optout supplier add suppression.db 見本名簿店 --address 東京都千代田区千代田1-1 --pledge pledge.pdf"
    )
    command(suppliers, "add", made)(add)
    command(suppliers, "list", "optout supplier list suppression.db")(listed)
    command(suppliers, "show", "optout supplier show suppression.db S-0001")(show)
    app.add_typer(suppliers, name="supplier", rich_help_panel=_REGISTERS)


Documents = Annotated[
    list[str] | None,
    typer.Option(
        "--document",
        metavar="WHAT=FILE",
        help="What was shown, e.g. 契約書=contract.pdf; its SHA-256 is recorded. Repeatable.",
    ),
]


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
    supplier: Annotated[
        str, typer.Option("--supplier", help="取得元: who handed it over: a name, or S-… of the register.")
    ] = "",
    history: Annotated[str, typer.Option("--history", help="取得の経緯: how they came by it.")] = "",
    received: Annotated[
        str | None, typer.Option("--received", metavar="DATE", help="提供を受けた日 (default: today).")
    ] = None,
    document: Documents = None,
    consent: Annotated[bool, typer.Option("--consent", help="本人の同意を確認した (basis consent).")] = False,
    published: Annotated[
        bool, typer.Option("--published", help="提供者の届出の公表を確認した (basis optout).")
    ] = False,
    category: Annotated[
        str | None,
        typer.Option("--category", metavar="KIND", help="取得元の区分: operator, individual or public."),
    ] = None,
    strict: Annotated[
        bool | None,
        typer.Option(
            "--strict/--not-strict",
            help="Quarantine until every item of Art. 30 is told (default: once a supplier is registered).",
        ),
    ] = None,
    drop_sensitive: Annotated[
        bool,
        typer.Option(
            "--drop-sensitive",
            help="Leave out 要配慮 columns and blank such cells instead of refusing the list.",
        ),
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow",
            metavar="HEADER",
            help="Keep this header or field only (name, address ...). Repeatable.",
        ),
    ] = None,
    minors: Annotated[
        str, typer.Option("--minors", metavar="WHAT", help="16歳未満: ask (a question) or withhold.")
    ] = "ask",
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Day ages are counted at (default: received)."),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Write what a spreadsheet damaged as it should be, where it is safe."),
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
            help="With --accept: damage, to hold rows though a spreadsheet took some of their values; minors.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="With --accept: what the holding is called.")
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
    settled. With the holding the receipt record of 第30条 is written.
    """
    from optout.checks import intake as check

    with session.store(store) as opened, session.progress("照合中 screening") as progress:
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
            received=received,
            documents=_documents(document),
            consent=consent or None,
            published=published or None,
            category=category,
            allowed=allow,
            minors=minors,
            as_of=as_of,
            repair=repair,
            strict=strict,
            progress=progress,
        )
        held = taken.accept(leave_out or (), acknowledge or (), name=name) if accept else None
    told = {
        **taken.record,
        "intake": taken.id,
        "open_questions": taken.open_questions,
        "report": taken.result.report,
    }
    told["held"] = str(held) if held else None
    session.tell(told, lambda: _taken_in(taken, out, held), value=taken.id)


def _documents(pairs: Sequence[str] | None) -> dict[str, str] | None:
    told: dict[str, str] = {}
    for pair in pairs or ():
        what, equals, file = pair.partition("=")
        if not (what.strip() and equals and file.strip()):
            raise typer.BadParameter("give WHAT=FILE, e.g. 契約書=contract.pdf", param_hint="--document")
        told[what.strip()] = file.strip()
    return told or None


def _taken_in(taken: Intake, out: Path, held: Path | None) -> list[Sheet | str]:
    from optout.report import checked, received, screened

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
        *received.findings(taken.record["findings"]),
        checked.taken_in(taken),
        "",
        *received.reviews(taken),
        *screened.remarks(report),
        f"出力 files: {out}",
        state,
    ]


def add(
    session: Session,
    store: options.StorePath,
    name: Annotated[str, typer.Argument(metavar="NAME", help="氏名又は名称.")],
    address: Annotated[str, typer.Option("--address", metavar="TEXT", help="住所.")] = "",
    representative: Annotated[
        str, typer.Option("--representative", metavar="TEXT", help="代表者の氏名.")
    ] = "",
    category: Annotated[
        str, typer.Option("--category", metavar="KIND", help="区分: operator, individual or public.")
    ] = "operator",
    corporate_number: Annotated[
        str, typer.Option("--corporate-number", metavar="NUMBER", help="法人番号.")
    ] = "",
    pledge: Annotated[
        Path | None, typer.Option("--pledge", metavar="FILE", help="誓約書: its SHA-256 is recorded.")
    ] = None,
    document: Documents = None,
    identity_checked: Annotated[
        str | None, typer.Option("--identity-checked", metavar="DATE", help="本人確認をした日.")
    ] = None,
    identity_method: Annotated[
        str, typer.Option("--identity-method", metavar="TEXT", help="本人確認の方法.")
    ] = "",
    identity_by: Annotated[str, typer.Option("--identity-by", metavar="NAME", help="確認した者.")] = "",
    published_checked: Annotated[
        str | None, typer.Option("--published-checked", metavar="DATE", help="届出の公表を確認した日.")
    ] = None,
) -> None:
    """Register a supplier (取得元の登録)."""
    from optout.register import day, receipt, supplier

    pledged = receipt.hashed({"pledge": pledge})["pledge"] if pledge else ""
    given = supplier.Supplier(
        name,
        address,
        representative,
        category,
        corporate_number,
        pledged,
        identity_checked=day.read(identity_checked, "--identity-checked"),
        identity_method=identity_method,
        identity_by=identity_by,
        published_checked=day.read(published_checked, "--published-checked"),
    )
    with session.store(store) as opened:
        made = supplier.add(opened, given, _documents(document))
    session.tell(_told(made), lambda: [_sheet(made)], value=made.id)


def listed(session: Session, store: options.StorePath) -> None:
    """List the suppliers (取得元の一覧)."""
    from optout.register import supplier
    from optout.report import received

    with session.store(store) as opened:
        known = supplier.suppliers(opened)
    told = {"suppliers": [_told(one) for one in known]}
    session.tell(told, lambda: [received.suppliers(known)], value="\n".join(one.id for one in known))


def show(
    session: Session,
    store: options.StorePath,
    name: Annotated[str, typer.Argument(metavar="SUPPLIER", help="Its name, or its number S-….")],
) -> None:
    """Show what is on record of a supplier."""
    from optout.register import supplier

    with session.store(store) as opened:
        one = supplier.of(opened, name)
    session.tell(_told(one), lambda: [_sheet(one)], value=one.id)


def _told(one: Supplier) -> dict[str, Any]:
    return asdict(one) | {"lacking": one.lacking}


def _sheet(one: Supplier) -> Sheet:
    from optout.report import received

    return received.supplier(one)
