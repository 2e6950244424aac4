"""The steps of one case: checked, accepted, refused, withdrawn, extended, keyed again, restricted, answered, closed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from optout.cli import desk_told, options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.checks.desk import Rekeyed

_ONE: Final = "suppression.db C-20260401-ABCDEFG"


def register(case: typer.Typer) -> None:
    """Add the commands of this module to `optout case`."""
    command(case, "verify", f"optout case verify {_ONE} --method 折り返し電話 --item 氏名 --passed")(verify)
    command(case, "accept", f"optout case accept {_ONE}")(accept)
    command(case, "refuse", f"optout case refuse {_ONE} --reason not_identified")(refuse)
    command(case, "withdraw", f"optout case withdraw {_ONE} --reason 本人の申出")(withdraw)
    command(case, "extend", f"optout case extend {_ONE} --due 2026-04-30 --reason 書類待ち")(extend)
    command(case, "rekey", f"optout case rekey {_ONE} --name '見本 一郎' --actor 鈴木")(rekey)
    command(case, "restrict", f"optout case restrict {_ONE} --reason 調査中")(restrict)
    command(case, "release", f"optout case release {_ONE} --reason 調査終了")(release)
    command(case, "answered", f"optout case answered {_ONE} --letter result --how phone")(answered)
    command(case, "close", f"optout case close {_ONE} --reason 書類が届かない")(close)


def verify(
    session: Session,
    store: options.StorePath,
    case: desk_told.CaseId,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="本人確認書類の写し, 折り返し電話, 登録事項の照合 ...; document.",
            show_default=False,
        ),
    ],
    item: desk_told.Item = None,
    passed: Annotated[
        bool | None, typer.Option("--passed/--failed", help="Without either: asked, and awaited.")
    ] = None,
    of: Annotated[str, typer.Option("--of", help="person, or agent (代理権).")] = "person",
    checker: Annotated[str | None, typer.Option("--checker", help="確認者; default the actor.")] = None,
    document: Annotated[
        Path | None, typer.Option("--document", help="What was shown; hash and name.")
    ] = None,
) -> None:
    """Record a check of who asks (本人確認); asking for what is not held is refused."""
    from optout.checks import desk as check

    paper = None if document is None else check.Paper.of(document)
    with session.store(store) as opened:
        desk_told.tell(session, check.verify(opened, case, method, item or (), passed, of, checker, paper))


def accept(
    session: Session,
    store: options.StorePath,
    case: desk_told.CaseId,
    paid: Annotated[bool, typer.Option("--paid", help="手数料を受領した.")] = False,
) -> None:
    """Accept a request (受理): it is to be carried out."""
    from optout.checks import desk as check

    with session.store(store) as opened:
        desk_told.tell(session, check.accept(opened, case, paid))


def refuse(
    session: Session,
    store: options.StorePath,
    case: desk_told.CaseId,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="GROUND",
            help="A ground the law knows: not_identified ...",
            show_default=False,
        ),
    ],
    note: Annotated[str | None, typer.Option("--note", help="What the letter says beside it.")] = None,
) -> None:
    """Refuse a request with its reason (拒否); what it suppressed ends."""
    from optout.checks import desk as check

    with session.store(store) as opened:
        desk_told.tell(session, check.refuse(opened, case, reason, note))


def withdraw(
    session: Session, store: options.StorePath, case: desk_told.CaseId, reason: desk_told.Reason
) -> None:
    """The person takes it back (取下げ); only its own entries are lifted."""
    from optout.checks import desk as check

    with session.store(store) as opened:
        desk_told.tell(session, check.withdraw(opened, case, reason))


def close(
    session: Session, store: options.StorePath, case: desk_told.CaseId, reason: desk_told.Reason
) -> None:
    """Close what nobody could be identified for (本人未確認で終了); it stays suppressed."""
    from optout.checks import desk as check

    with session.store(store) as opened:
        desk_told.tell(session, check.close(opened, case, reason))


def extend(
    session: Session,
    store: options.StorePath,
    case: desk_told.CaseId,
    due: Annotated[str, typer.Option("--due", metavar="DATE", help="The new day.", show_default=False)],
    reason: desk_told.Reason,
) -> None:
    """A later due date, with its reason (期限延長)."""
    from optout.checks import desk as check

    with session.store(store) as opened:
        desk_told.tell(session, check.extend(opened, case, due, reason))


def rekey(
    session: Session,
    store: options.StorePath,
    case: Annotated[str, typer.Argument(metavar="CASE", help="受付番号; with --file the sheet's, S-...")],
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="The whole sheet as this operator read it.")
    ] = None,
    name: desk_told.Name = None,
    kana: desk_told.Kana = None,
    postal: desk_told.Postal = None,
    address: desk_told.Address = None,
    phone: desk_told.Phone = None,
    email: desk_told.Email = None,
    birth_date: desk_told.Birth = None,
    columns: options.ColumnPairs = None,
) -> None:
    """Key a sheet once more (再入力), as the actor reads it; fields two operators agree on are settled.

    With --file every line of the sheet is compared; whoever stands in this file alone is received too.
    """
    from optout.checks import desk as check
    from optout.store import Identity

    given = Identity(**desk_told.identity(name, kana, postal, address, phone, email, birth_date))
    with session.store(store) as opened:
        if file is None:
            desk_told.tell(session, check.rekey(opened, case, given))
            return
        read = check.rekey_sheet(opened, case, file, options.mapping(columns))
    told = {
        "cases": [desk_told.line(each) for each in read.cases],
        "added": [desk_told.line(each) for each in read.added],
        "missing_lines": list(read.missing),
    }
    session.tell(told, lambda: _compared(read))


def _compared(read: Rekeyed) -> list[str]:
    differ = [f"{each.id} 違い differs: {', '.join(each.differs)}" for each in read.cases if each.differs]
    added = [f"{each.id} 追加 in this file alone, received" for each in read.added]
    missing = [f"line {line}: この入力にはない not in this file" for line in read.missing]
    return [f"比較 compared: {len(read.cases):,}, 違い different: {len(differ):,}", *differ, *added, *missing]


def restrict(
    session: Session, store: options.StorePath, case: desk_told.CaseId, reason: desk_told.Reason
) -> None:
    """Keep the data, and neither use nor provide it (利用・提供の制限)."""
    from optout.checks import desk as check

    with session.store(store) as opened:
        desk_told.tell(session, check.restrict(opened, case, reason))


def release(
    session: Session, store: options.StorePath, case: desk_told.CaseId, reason: desk_told.Reason
) -> None:
    """End a restriction (制限の解除)."""
    from optout.checks import desk as check

    with session.store(store) as opened:
        desk_told.tell(session, check.release(opened, case, reason))


def answered(
    session: Session,
    store: options.StorePath,
    case: desk_told.CaseId,
    letter: Annotated[
        str,
        typer.Option(
            "--letter", help="acknowledgement, identity, extension, result or refusal.", show_default=False
        ),
    ],
    how: Annotated[
        str, typer.Option("--how", help="post, fax, phone, email, counter ...", show_default=False)
    ],
    to: Annotated[str, typer.Option("--to", help="person, agent or client.")] = "person",
) -> None:
    """Record that somebody was told, by word of mouth or otherwise (回答の記録)."""
    from optout.checks import desk as check

    with session.store(store) as opened:
        desk_told.tell(session, check.answered(opened, case, letter, how, to))
