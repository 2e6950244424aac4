"""The address tables of a store: what was imported, and newer ones."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.store import TableImport

_PANEL: Final = "管理 Upkeep"
_KEN_ALL: Final = "optout tables import-ken-all suppression.db utf_ken_all.zip"
_ABR: Final = "optout tables import-abr suppression.db mt_town_all.csv.zip"
_MERGERS: Final = "optout tables import-mergers suppression.db FEA_haitibungou.csv"

Download: TypeAlias = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="The .csv or .zip as it was downloaded.", show_default=False),
]
Replace: TypeAlias = Annotated[
    bool,
    typer.Option("--replace", help="Count it in place of every earlier import of its kind, even if older."),
]
AsOf: TypeAlias = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        metavar="YYYY-MM-DD",
        formats=["%Y-%m-%d"],
        help="The day it tells of, if the date of the file is not it.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    tables = typer.Typer(
        help="住所表 The address tables a store reads addresses by; newer ones can be imported.",
        no_args_is_help=True,
    )
    command(tables, "list", "optout tables list suppression.db")(listed)
    command(tables, "import-ken-all", _KEN_ALL)(ken_all)
    command(tables, "import-abr", _ABR)(abr)
    command(tables, "import-mergers", _MERGERS)(mergers)
    app.add_typer(tables, name="tables", rich_help_panel=_PANEL)


def listed(session: Session, store: options.StorePath) -> None:
    """The address tables that were imported, and the key scheme they make."""
    from optout.report import places

    with session.store(store) as opened:
        imports = opened.tables()
        scheme = _scheme(opened.gazetteer())
    told = {"scheme": scheme, "tables": [_plain(each) for each in imports]}
    session.tell(told, lambda: [places.imports(imports, scheme)], value=scheme)


def ken_all(
    session: Session, store: options.StorePath, file: Download, replace: Replace = False, as_of: AsOf = None
) -> None:
    """Import the postal codes of Japan Post (郵便番号データ, KEN_ALL).

    utf_ken_all.csv or KEN_ALL.CSV, of the whole country or of a prefecture, also as .zip. Municipalities and postal
    codes of the prefectures it covers are replaced, towns are added. Not the monthly differences (ADD, DEL).
    """
    _imported(session, store, "ken-all", file, replace, as_of)


def abr(
    session: Session, store: options.StorePath, file: Download, replace: Replace = False, as_of: AsOf = None
) -> None:
    """Import the towns of the address base registry (デジタル庁 町字マスター).

    mt_town_all.csv or mt_town_prefNN.csv, also as .zip. The towns of the municipalities it covers are replaced.
    """
    _imported(session, store, "abr", file, replace, as_of)


def mergers(session: Session, store: options.StorePath, file: Download, replace: Replace = False) -> None:
    """Import the changes of municipalities since 1970 (e-Stat 廃置分合等情報).

    Old municipality names are then read as the municipality of today.
    """
    _imported(session, store, "mergers", file, replace, None)


def _imported(
    session: Session, store: str, kind: str, file: Path, replace: bool, as_of: datetime | None
) -> None:
    from optout.report import places

    day: date | None = as_of.date() if as_of else None
    with session.store(store) as opened, session.working("取込中 importing ..."):
        done = opened.import_tables(kind, file, replace, day)
        scheme = _scheme(opened.gazetteer())
    session.tell(
        {**_plain(done), "scheme": scheme}, lambda: [places.imported(done, scheme)], value=str(done.revision)
    )


def _scheme(gazetteer: Any) -> str:
    from optout.keys import KeyScheme

    return KeyScheme.current(gazetteer).tag


def _plain(told: TableImport) -> dict[str, Any]:
    return {**asdict(told), "as_of": told.as_of.isoformat(), "remarks": list(told.remarks)}
