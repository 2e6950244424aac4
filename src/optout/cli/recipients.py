"""What a delivery is held against: recipients (提供先), the filing (届出), external lists, decoys."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optout.register.external import Listed
    from optout.register.filing import Filing
    from optout.register.recipient import Recipient

_PANEL: Final = "提供先・届出 Recipients and filing"

RecipientId: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help="取引先番号: letters, digits, . _ -", show_default=False)
]
_DAY: Final = "YYYY-MM-DD"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    recipient = typer.Typer(
        help="提供先 Who lists may be provided to, and what was confirmed.", no_args_is_help=True
    )
    added = "optout recipient add suppression.db C-102 --name 見本商事 --address 港区 --use DM"
    command(recipient, "add", added)(add)
    command(recipient, "list", "optout recipient list suppression.db")(listed)
    command(recipient, "show", "optout recipient show suppression.db C-102")(show)
    asked = "optout recipient require suppression.db contact_checked --check within --max-age-days 180"
    command(recipient, "require", asked)(require)
    app.add_typer(recipient, name="recipient", rich_help_panel=_PANEL)
    filing = typer.Typer(help="届出 The vendor's filing with the PPC (nine items).", no_args_is_help=True)
    command(filing, "set", "optout filing set suppression.db filing.toml")(filing_set)
    command(filing, "show", "optout filing show suppression.db")(filing_show)
    app.add_typer(filing, name="filing", rich_help_panel=_PANEL)
    external = typer.Typer(
        help="外部リスト Lists of numbers others keep (TPS, DNC, a client's).", no_args_is_help=True
    )
    taken = "optout external import suppression.db numbers.csv --name tps --dated 2026-11-01 --kind tps"
    command(external, "import", taken)(external_import)
    command(external, "list", "optout external list suppression.db")(external_list)
    command(external, "retire", "optout external retire suppression.db tps --reason 契約終了")(
        external_retire
    )
    app.add_typer(external, name="external", rich_help_panel=_PANEL)
    decoy = typer.Typer(help="ダミー行 Planted rows by which a leak is traced.", no_args_is_help=True)
    planted = (
        "optout decoy add suppression.db T1 --cell 'name=見本 囮' --cell 'address=東京都...見本ビル{n}号'"
    )
    command(decoy, "add", planted)(decoy_add)
    command(decoy, "trace", "optout decoy trace suppression.db leaked.csv")(decoy_trace)
    app.add_typer(decoy, name="decoy", rich_help_panel=_PANEL)


def add(
    session: Session,
    store: options.StorePath,
    recipient: RecipientId,
    name: Annotated[str, typer.Option("--name", help="氏名又は名称.", show_default=False)],
    address: Annotated[str, typer.Option("--address", help="住所.")] = "",
    representative: Annotated[str, typer.Option("--representative", help="代表者の氏名.")] = "",
    individual: Annotated[bool, typer.Option("--individual", help="個人: not a corporation.")] = False,
    corporate_number: Annotated[str, typer.Option("--corporate-number", help="法人番号, 13 digits.")] = "",
    corporate_checked: Annotated[
        str | None, typer.Option("--corporate-checked", metavar=_DAY, help="法人の実在確認日.")
    ] = None,
    identity_checked: Annotated[
        str | None, typer.Option("--identity-checked", metavar=_DAY, help="個人の本人確認日.")
    ] = None,
    contact: Annotated[str, typer.Option("--contact", help="担当者.")] = "",
    contact_checked: Annotated[
        str | None, typer.Option("--contact-checked", metavar=_DAY, help="担当者の在籍確認日.")
    ] = None,
    covenant: Annotated[
        Path | None, typer.Option("--covenant", metavar="FILE", help="誓約書: its hash is recorded.")
    ] = None,
    use: Annotated[
        list[str] | None, typer.Option("--use", metavar="TEXT", help="利用目的. Repeatable.")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option("--valid-until", metavar=_DAY, help="取引承認の期限.")
    ] = None,
    tenant: options.Tenant = None,
    needs_own_list: Annotated[
        bool, typer.Option("--needs-own-list", help="It must have handed over its own list of stops.")
    ] = False,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="文字コード it wants its lists in.")
    ] = None,
) -> None:
    """Record a recipient, or a new version of one (提供先の登録).

    All that is known is told each time; earlier versions stay on record.
    """
    from optout.register import recipient as register_of

    given = register_of.Recipient(
        recipient,
        name,
        address,
        representative,
        "individual" if individual else "corporation",
        corporate_number,
        corporate_checked,  # type: ignore[arg-type]
        identity_checked,  # type: ignore[arg-type]
        contact,
        contact_checked,  # type: ignore[arg-type]
        hashlib.sha256(covenant.read_bytes()).hexdigest() if covenant else "",
        tuple(use or ()),
        valid_until,  # type: ignore[arg-type]
        tenant,
        needs_own_list,
        encoding,
    )
    with session.store(store) as opened:
        made = register_of.add(opened, given)
        lacks = _lacking(opened, made)
    document = {**_plain(made), "lacking": lacks}
    session.tell(
        document, lambda: [f"登録 recorded: {made.id}", *(f"  不足 {why}" for why in lacks)], value=made.id
    )


def listed(session: Session, store: options.StorePath) -> None:
    """List recipients, and how many things are still to be confirmed (提供先の一覧)."""
    from optout.register import recipient as register_of
    from optout.report.sheet import Column, Row, Sheet

    with session.store(store) as opened:
        known = [(one, _lacking(opened, one)) for one in register_of.recipients(opened).values()]
    rows = tuple(
        Row((one.id, one.name, str(one.valid_until or "-"), len(lacks)), "doubt" if lacks else "good")
        for one, lacks in known
    )
    columns = (Column("番号 id"), Column("提供先 recipient"), Column("期限 valid until"))
    sheet = Sheet("提供先 Recipients", (*columns, Column("不足 lacking", number=True)), rows)
    document = {"recipients": [{**_plain(one), "lacking": lacks} for one, lacks in known]}
    session.tell(document, lambda: [sheet])


def show(session: Session, store: options.StorePath, recipient: RecipientId) -> None:
    """Show what is known of a recipient, and what is lacking (提供先の確認)."""
    from optout.register import recipient as register_of
    from optout.report.sheet import Cell, facts

    with session.store(store) as opened:
        versions = register_of.versions(opened, recipient)
        one = versions[-1][0]
        lacks = _lacking(opened, one)
    pairs: dict[str, Cell] = {name: str(value) for name, value in _plain(one).items() if value}
    title = f"提供先 Recipient {one.id} (version {len(versions)})"
    session.tell(
        {**_plain(one), "versions": len(versions), "lacking": lacks},
        lambda: [facts(title, pairs, tuple(f"不足 {why}" for why in lacks))],
    )


def require(
    session: Session,
    store: options.StorePath,
    field: Annotated[str, typer.Argument(metavar="FIELD", help="Of a recipient.", show_default=False)],
    check: Annotated[
        str,
        typer.Option("--check", metavar="CHECK", help="told, check_digit, within, sha256, future, or none."),
    ] = "told",
    applies: Annotated[
        str, typer.Option("--applies", metavar="KIND", help="always, corporation or individual.")
    ] = "always",
    max_age_days: Annotated[
        int | None, typer.Option("--max-age-days", metavar="N", help="Of `within`.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar=_DAY, help="First day it holds.")] = None,
    called: Annotated[str, typer.Option("--called", metavar="TEXT", help="What it is called.")] = "",
) -> None:
    """Ask something of recipients beside what the law and the PPC do (確認項目の設定).

    One rule a field; it takes the place of the packaged one. What Art. 29 has to be told cannot be waived.
    """
    from optout.register import day
    from optout.register import recipient as register_of

    rule = register_of.Rule(
        "own", field, called or field, applies, check, max_age_days, day.read(since, "since")
    )
    with session.store(store) as opened:
        kept = [one for one in register_of.rules(opened) if one.rule_id == "own" and one.field != field]
        register_of.require(opened, [*kept, rule])
        known = register_of.rules(opened)
    document = {"rules": [{"id": one.rule_id, "field": one.field, "check": one.check} for one in known]}
    session.tell(document, lambda: [f"{one.rule_id} {one.field}: {one.check}" for one in known])


def filing_set(
    session: Session,
    store: options.StorePath,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Nine items, as TOML or JSON (see docs/how-to/deliver.md)."),
    ],
) -> None:
    """Record the filing with the PPC; from then on every delivery is held against it (届出の登録)."""
    from optout.errors import OptionError
    from optout.register import filing

    try:
        text = file.read_text("utf-8")
        told = tomllib.loads(text) if file.suffix.lower() == ".toml" else json.loads(text)
        given = filing.Filing(**told)
    except (OSError, ValueError, TypeError) as wrong:
        known = ("name address representative items methods starts acquisition contact",)
        raise OptionError(f"filing ({type(wrong).__name__})", known) from wrong
    with session.store(store) as opened:
        made = filing.record(opened, given)
    session.tell(
        _filed(made), lambda: [f"届出 filing: version {made.version}, 提供可能日 from {made.allowed_from}"]
    )


def filing_show(session: Session, store: options.StorePath) -> None:
    """Show the filing in force (届出の確認)."""
    from optout.register import filing
    from optout.report.sheet import facts

    with session.store(store) as opened:
        made = filing.current(opened)
    if made is None:
        session.tell({"filing": None}, lambda: ["届出はまだ登録されていません: no filing is on record."])
        return
    notes = (f"提供可能日 may provide from {made.allowed_from}", f"周知期間 waiting days {made.waiting_days}")
    sheet = facts(f"届出 Filing, version {made.version}", dict(made.sheet), notes)
    session.tell(_filed(made), lambda: [sheet])


def external_import(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    name: Annotated[str, typer.Option("--name", help="What the list is called.", show_default=False)],
    dated: Annotated[
        str, typer.Option("--dated", metavar=_DAY, help="The day it tells of.", show_default=False)
    ],
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="tps, dnc, client or other.")] = "other",
    tenant: options.Tenant = None,
    max_age_days: Annotated[
        int | None, typer.Option("--max-age-days", metavar="N", help="Less than its kind allows.")
    ] = None,
    columns: options.ColumnPairs = None,
    encoding: options.Encoding = None,
) -> None:
    """Import a dated list of numbers or e-mail addresses (外部リストの取込)."""
    from optout.register import external

    with session.store(store) as opened:
        made = external.import_list(
            opened,
            file,
            name,
            dated,
            kind,
            tenant=tenant,
            max_age_days=max_age_days,
            columns=options.mapping(columns),
            encoding=encoding,
        )
    told = f"{made.name}: {made.keys:,} 件 keys, 読めない行 unreadable {made.unreadable:,}, {made.max_age_days} 日 days"
    session.tell(_external(made), lambda: [told], value=made.name)


def external_list(session: Session, store: options.StorePath) -> None:
    """List external lists and their age (外部リストの一覧)."""
    from optout.register import day, external
    from optout.report.sheet import Column, Row, Sheet

    with session.store(store) as opened:
        known, today = external.lists(opened), day.today(opened)
    rows = tuple(
        Row(
            (one.name, one.kind, str(one.dated), one.age(today), one.max_age_days, one.keys),
            "plain" if one.retired else "bad" if one.age(today) > one.max_age_days else "good",
        )
        for one in known
    )
    columns = [Column(name) for name in ("名称 name", "種別 kind", "基準日 dated")]
    columns += [Column(name, number=True) for name in ("経過日数 days", "上限 allowed", "件 keys")]
    document = {"lists": [{**_external(one), "age_days": one.age(today)} for one in known]}
    session.tell(document, lambda: [Sheet("外部リスト External lists", tuple(columns), rows)])


def external_retire(
    session: Session,
    store: options.StorePath,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the list.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why.", show_default=False)],
) -> None:
    """Take an external list out of force (外部リストの廃止)."""
    from optout.register import external

    with session.store(store) as opened:
        made = external.retire(opened, name, reason)
    session.tell(_external(made), lambda: [f"廃止 retired: {made.name}"], value=made.name)


def decoy_add(
    session: Session,
    store: options.StorePath,
    template: Annotated[str, typer.Argument(metavar="ID", help="Its number.", show_default=False)],
    cell: Annotated[
        list[str],
        typer.Option(
            "--cell",
            metavar="FIELD=TEXT",
            help="A cell; {n} in an address or email becomes a number of its own. Repeatable.",
            show_default=False,
        ),
    ],
) -> None:
    """Register where something sent to a decoy arrives (ダミー行の登録)."""
    from optout.register import decoy

    cells = dict(pair.partition("=")[::2] for pair in cell)
    with session.store(store) as opened:
        made = decoy.add(opened, decoy.Template(template, cells))
    session.tell(
        {"template": made.id, "fields": list(made.cells)},
        lambda: [f"登録 recorded: {made.id}"],
        value=made.id,
    )


def decoy_trace(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    columns: options.ColumnPairs = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """Which delivery did a list that turned up come from? (漏えい元の特定)."""
    from optout.checks.traced import traced
    from optout.report.sheet import Column, Row, Sheet

    with session.store(store) as opened, session.working("照合中 screening ..."):
        found = traced(opened, file, options.mapping(columns), encoding=encoding, sheet=sheet)
    rows = tuple(
        Row((line["delivery"], line["recipient"] or "-", str(line["on"] or "-"), line["row"]), "bad")
        for line in found.iter_rows(named=True)
    )
    columns_ = [Column(name) for name in ("納品番号 delivery", "提供先 recipient", "提供日 on")]
    note = () if rows else ("ダミー行は見つかりません: no decoy is in it.",)
    title = "漏えい元 Where it came from"
    page = Sheet(title, (*columns_, Column("行 row", number=True)), rows, note)
    session.tell({"found": found.to_dicts()}, lambda: [page])


def _lacking(store: Any, one: Recipient) -> list[str]:
    from optout.register import day
    from optout.register import recipient as register_of

    purpose = one.purposes[0] if one.purposes else ""
    return register_of.lacking(one, purpose, day.today(store), register_of.rules(store))


def _plain(one: Recipient) -> Mapping[str, Any]:
    from dataclasses import asdict

    return asdict(one)


def _filed(one: Filing) -> dict[str, Any]:
    return {"version": one.version, "allowed_from": one.allowed_from, "items": dict(one.sheet)}


def _external(one: Listed) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one)
