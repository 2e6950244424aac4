"""The register of holdings (保有名簿): which lists are held, where they lie and what the office can say of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optout.register.holding import Holding
    from optout.store import Store

_PANEL: Final = "名簿 Lists"

Name: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="What the list is called.", show_default=False)
]
Places: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="LOCATION...",
        help="Where it lies: files, folders, patterns, or tables (sqlite:///office.db#people).",
        show_default=False,
    ),
]
Owner: TypeAlias = Annotated[str | None, typer.Option("--owner", help="所有者: the client whose list it is.")]
Entity: TypeAlias = Annotated[str | None, typer.Option("--entity", help="法人: who answers for it.")]
Items: TypeAlias = Annotated[
    list[str] | None, typer.Option("--item", help="項目: a column of personal data. Repeatable.")
]
Purpose: TypeAlias = Annotated[str | None, typer.Option("--use", metavar="TEXT", help="利用目的.")]
Basis: TypeAlias = Annotated[
    str | None, typer.Option("--basis", help="取得の根拠: consent, optout, individual, public, direct.")
]
Responsible: TypeAlias = Annotated[str | None, typer.Option("--responsible", help="責任者.")]
Retention: TypeAlias = Annotated[str | None, typer.Option("--retention", help="保存区分.")]
Exempt: TypeAlias = Annotated[
    str | None,
    typer.Option("--exempt", metavar="WHY", help="法令: why its rows must stay whoever asks."),
]
Derived: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--derived-from", metavar="NAME", help="派生元: a holding it was made of. Repeatable."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    holdings = typer.Typer(help="保有名簿 The register of lists held.", no_args_is_help=True)
    added = "optout holdings add suppression.db 顧客 customers.csv --use DM --responsible 鈴木"
    command(holdings, "add", added)(add)
    command(holdings, "list", "optout holdings list suppression.db")(listed)
    command(holdings, "show", "optout holdings show suppression.db 顧客")(show)
    command(holdings, "change", "optout holdings change suppression.db 顧客 --responsible 高橋")(change)
    command(holdings, "retire", "optout holdings retire suppression.db 顧客 --reason 廃棄")(retire)
    app.add_typer(holdings, name="holdings", rich_help_panel=_PANEL)


def add(
    session: Session,
    store: options.StorePath,
    name: Name,
    location: Places,
    owner: Owner = None,
    entity: Entity = None,
    item: Items = None,
    use: Purpose = None,
    basis: Basis = None,
    responsible: Responsible = None,
    retention: Retention = None,
    columns: options.ColumnPairs = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
    derived_from: Derived = None,
    exempt: Exempt = None,
) -> None:
    """Register a list that is held (保有名簿の登録).

    Without --item its columns are read from the list. A removal goes through every registered list.
    """
    from optout.register import holding

    told = _facts(
        owner,
        entity,
        item,
        use,
        basis,
        responsible,
        retention,
        columns,
        encoding,
        sheet,
        derived_from,
        exempt,
    )
    wanted = holding.Holding(name, tuple(location), **told)
    with session.store(store) as opened:
        if not wanted.items:
            wanted = holding.Holding(**{**_plain(wanted), "items": _headers(session, wanted)})
        made = holding.add(opened, wanted)
    if made.lacking:
        session.remark(f"注意 not told yet: {', '.join(made.lacking)}")
    session.tell(_document(made), lambda: [f"登録しました registered: {made.id} {made.name}"], value=made.id)


def listed(
    session: Session,
    store: options.StorePath,
    retired: Annotated[bool, typer.Option("--retired", help="With those held no more.")] = False,
) -> None:
    """The lists that are held (保有名簿一覧): registered ones, and those an intake accepted."""
    from optout.report import held

    with session.store(store) as opened:
        lines = _lines(opened, retired)
    session.tell({"holdings": lines}, lambda: [held.listed(lines)])


def show(session: Session, store: options.StorePath, name: Name) -> None:
    """What the register tells of one list, and every version of it."""
    from optout.register import holding
    from optout.report import held

    with session.store(store) as opened:
        versions = holding.versions(opened, name)
    newest = versions[-1][1]
    history = [{"at": record.at, "actor": record.actor, **_document(one)} for record, one in versions]
    session.tell(
        {**_document(newest), "versions": history},
        lambda: [held.shown(newest), held.versions(versions)],
        value=newest.id,
    )


def change(
    session: Session,
    store: options.StorePath,
    name: Name,
    location: Annotated[
        list[str] | None, typer.Option("--location", metavar="WHERE", help="Where it lies now. Repeatable.")
    ] = None,
    owner: Owner = None,
    entity: Entity = None,
    item: Items = None,
    use: Purpose = None,
    basis: Basis = None,
    responsible: Responsible = None,
    retention: Retention = None,
    columns: options.ColumnPairs = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
    derived_from: Derived = None,
    exempt: Exempt = None,
) -> None:
    """Change what the register tells of a list (登録内容の変更); earlier versions stay."""
    from optout.register import holding

    told = _facts(
        owner,
        entity,
        item,
        use,
        basis,
        responsible,
        retention,
        columns,
        encoding,
        sheet,
        derived_from,
        exempt,
    )
    told |= {"location": tuple(location)} if location else {}
    with session.store(store) as opened:
        if "origin" in told:
            told["origin"] = {**holding.of(opened, name).origin, **told["origin"]}
        made = holding.change(opened, name, **told)
    session.tell(_document(made), lambda: [f"変更しました changed: {made.id} {made.name}"], value=made.id)


def retire(
    session: Session,
    store: options.StorePath,
    name: Name,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, and what became of it.", show_default=False)
    ],
) -> None:
    """A list is held no more (保有終了). What was known of it stays."""
    from optout.register import holding

    with session.store(store) as opened:
        made = holding.retire(opened, name, reason)
    session.tell(_document(made), lambda: [f"保有終了 retired: {made.id} {made.name}"], value=made.id)


def _facts(
    owner: str | None,
    entity: str | None,
    items: Sequence[str] | None,
    purpose: str | None,
    basis: str | None,
    responsible: str | None,
    retention: str | None,
    columns: Sequence[str] | None,
    encoding: str | None,
    sheet: str | None,
    derived_from: Sequence[str] | None,
    exempt: str | None,
) -> dict[str, Any]:
    """What was told, by the names of `Holding`."""
    given: dict[str, Any] = {
        "owner": owner,
        "entity": entity,
        "items": tuple(items) if items else None,
        "purpose": purpose,
        "basis": basis,
        "responsible": responsible,
        "retention": retention,
        "columns": options.mapping(columns),
        "encoding": encoding,
        "sheet": sheet,
        "origin": {"derived_from": list(derived_from)} if derived_from else None,
        "exempt": exempt,
    }
    return {name: value for name, value in given.items() if value is not None}


def _headers(session: Session, wanted: Holding) -> tuple[str, ...]:
    """The columns of a list, read from it; none where it cannot be read today."""
    from optout.errors import CheckError, InputError
    from optout.holdings import expanded, opened

    found: dict[str, None] = {}
    try:
        for location in wanted.location:
            for place in expanded(location):
                source = opened(place, wanted.columns, wanted.encoding, wanted.sheet).source()
                found |= dict.fromkeys(header for header in source.headers if header.strip())
    except (InputError, CheckError, OSError) as error:
        session.remark(f"注意: 読めませんでした. It cannot be read now: {error}")
    return tuple(found)


def _plain(one: Holding) -> dict[str, Any]:
    return asdict(one)


def _document(one: Holding) -> dict[str, Any]:
    """As JSON values; no password of a database is shown."""
    return {**_plain(one), "location": one.places, "lacking": one.lacking}


def _lines(store: Store, retired: bool) -> list[dict[str, Any]]:
    from optout.register import holding

    every = list(holding.holdings(store, retired).values())
    intakes = {job_id: store.load_job(job_id) for job_id, _ in store.jobs("holding")}
    known = {str(one.origin["intake"]) for one in every if one.origin.get("intake")}
    accepted = {job_id: job[2] for job_id, job in intakes.items() if job is not None}
    lines = [_line(one, accepted.get(str(one.origin.get("intake")))) for one in every]
    # Accepted before there was a register.
    gone = {str(one.origin.get("intake")) for one in holding.holdings(store, retired=True).values()}
    return lines + [
        _of_intake(job_id, told) for job_id, told in accepted.items() if job_id not in known | gone
    ]


def _line(one: Holding, taken: dict[str, Any] | None) -> dict[str, Any]:
    supplier = (taken or {}).get("supplier", {}).get("name") or one.origin.get("supplier") or ""
    return {
        "id": one.id,
        "name": one.name,
        "owner": one.owner,
        "supplier": supplier,
        "basis": one.basis,
        "received": one.origin.get("received"),
        "rows": taken["counts"]["keep"] if taken else None,
        "deliverable": one.origin.get("deliverable", one.basis != "optout"),
        "location": one.places,
        "lacking": one.lacking,
        "exempt": one.exempt,
        "retired": one.retired,
        "origin": dict(one.origin),
    }


def _of_intake(job_id: str, taken: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": job_id,
        "name": taken["list"]["name"],
        "owner": None,
        "supplier": taken["supplier"].get("name", ""),
        "basis": taken["basis"],
        "received": taken["received"],
        "rows": taken["counts"]["keep"],
        "deliverable": taken["deliverable"],
        "location": [taken["path"]],
        "lacking": ["register"],
        "exempt": "",
        "retired": "",
        "origin": {"intake": job_id},
    }
