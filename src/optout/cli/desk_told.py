"""What the commands of the desk share: their options, and how a case is told of without saying who it is about."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.register.case import Case
    from optout.register.case_rules import Procedure

CaseId: TypeAlias = Annotated[str, typer.Argument(metavar="CASE", help="受付番号, e.g. C-20260401-ABCDEFG.")]
Reason: TypeAlias = Annotated[str, typer.Option("--reason", help="Why; it is kept.", show_default=False)]
Kind: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--kind",
        help="stop (default), correct, erase, disclose, disclose_records, purpose, complaint; 停止, 消去 ...",
    ),
]
Item: TypeAlias = Annotated[list[str] | None, typer.Option("--item", help="氏名, 生年月日 ... Repeatable.")]
Name: TypeAlias = Annotated[str | None, typer.Option("--name", help="氏名.")]
Kana: TypeAlias = Annotated[str | None, typer.Option("--kana", help="フリガナ.")]
Postal: TypeAlias = Annotated[str | None, typer.Option("--postal", help="郵便番号.")]
Address: TypeAlias = Annotated[str | None, typer.Option("--address", help="住所.")]
Phone: TypeAlias = Annotated[list[str] | None, typer.Option("--phone", help="電話番号. Repeatable.")]
Email: TypeAlias = Annotated[list[str] | None, typer.Option("--email", help="メール. Repeatable.")]
Birth: TypeAlias = Annotated[str | None, typer.Option("--birth-date", help="生年月日.")]


def identity(
    name: str | None,
    kana: str | None,
    postal: str | None,
    address: str | None,
    phone: list[str] | None,
    email: list[str] | None,
    birth_date: str | None,
) -> dict[str, Any]:
    """The options that tell who somebody is, as fields of an `Identity`."""
    given = {"name": name, "kana": kana, "postal": postal, "address": address, "birth_date": birth_date}
    return {**given, "phones": phone or (), "emails": email or ()}


def procedure(file: Path | None) -> Procedure:
    """How this office takes requests, from a TOML file with the fields of `Procedure`; the usual way without one.

    Raises:
        UnreadableFileError: it is no TOML file.
        OptionError: a field or value that cannot be.
    """
    from optout.errors import OptionError, UnreadableFileError
    from optout.register.case_rules import USUAL, Procedure

    if file is None:
        return USUAL
    try:
        told = tomllib.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError) as wrong:
        raise UnreadableFileError(
            file.name, "is no TOML file", "Write lines such as twin_days = 90."
        ) from wrong
    if unknown := set(told) - set(Procedure.__slots__):
        raise OptionError(f"procedure, {len(unknown)} fields", tuple(Procedure.__slots__))
    return Procedure(**told)


def line(case: Case) -> dict[str, Any]:
    """A case without personal data."""
    return {
        "case": case.id,
        "kind": case.kind,
        "state": case.state,
        "channel": case.channel,
        "received": case.received.isoformat(),
        "due": case.due.isoformat(),
        "answered": case.answered,
        "sheet": case.sheet,
        "line": case.line,
        "canonical": case.canonical,
        "requests": list(case.requests),
        "differs": list(case.differs),
        "remarks": list(case.remarks),
        "restricted": case.restricted,
    }


def tell(session: Session, case: Case) -> None:
    """Say where a case stands."""
    from optout.register import case_rules as rules

    state = f"{rules.states()[case.state]} {case.state}"
    session.tell(line(case), lambda: [f"{case.id}: {state}, 期限 due {case.due}"], value=case.state)
