"""After a request: what is held of a person is disclosed (開示), what is wrong is corrected (訂正)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session, argument, named

if TYPE_CHECKING:
    from optout.checks.correction import Outcome
    from optout.checks.search import Who
    from optout.report.letters import Sender
    from optout.store import Store

_PANEL: Final = "求めへの対応 After a request"

Case: TypeAlias = Annotated[
    str | None,
    typer.Option("--case", metavar="CASE", help="受付番号: whom it is about, and what it answers."),
]
Requests: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--request", metavar="ID", help="Whom a recorded request names. Repeatable."),
]
Name: TypeAlias = Annotated[str | None, typer.Option("--name", help="氏名, as it stands in the lists now.")]
Kana: TypeAlias = Annotated[str | None, typer.Option("--kana", help="フリガナ.")]
Address: TypeAlias = Annotated[str | None, typer.Option("--address", help="住所.")]
Phone: TypeAlias = Annotated[list[str] | None, typer.Option("--phone", help="電話番号. Repeatable.")]
Email: TypeAlias = Annotated[list[str] | None, typer.Option("--email", help="メール. Repeatable.")]
Birth: TypeAlias = Annotated[str | None, typer.Option("--birth-date", help="生年月日.")]
HoldingNames: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--holding", metavar="NAME", help="Only these of the register; default all. Repeatable."),
]
Same: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--same", metavar="HOLDING:ROW", help="A row in doubt that is this person's. Repeatable."),
]
Other: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--other", metavar="HOLDING:ROW", help="A row in doubt that is somebody else's. Repeatable."
    ),
]
SenderFile: TypeAlias = Annotated[
    Path | None, typer.Option("--sender", metavar="FILE", help="The office: TOML or JSON, for the page.")
]
PlanHash: TypeAlias = Annotated[
    str, typer.Argument(metavar="PLAN_HASH", help="As `correct plan` printed it.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(
        app, "disclose", "optout disclose suppression.db --case C-20260401-ABCDEFG --out disclosed", _PANEL
    )(disclose)
    correct = typer.Typer(help="訂正 Correct what is held of a person, in every list.", no_args_is_help=True)
    wanted = "--case C-20260401-ABCDEFG --set 住所=東京都港区芝公園4-2-8 --set 郵便番号=105-0011"
    command(correct, "plan", f"optout correct plan suppression.db {wanted}")(plan)
    command(correct, "execute", "optout correct execute suppression.db PLAN_HASH")(execute)
    command(
        correct, "letter", "optout correct letter suppression.db PLAN_HASH --sender office.toml --out letters"
    )(letter)
    app.add_typer(correct, name="correct", rich_help_panel=_PANEL)


def disclose(
    session: Session,
    store: options.StorePath,
    out: options.Out,
    case: Case = None,
    request: Requests = None,
    name: Name = None,
    kana: Kana = None,
    address: Address = None,
    phone: Phone = None,
    email: Email = None,
    birth_date: Birth = None,
    records: Annotated[
        bool,
        typer.Option("--records", help="第三者提供記録: the records of provision and receipt alone (33⑤)."),
    ] = False,
    holding: HoldingNames = None,
    same: Same = None,
    other: Other = None,
    sender: SenderFile = None,
) -> None:
    """Write what is held of one person (保有個人データの開示): JSON, CSV and a page to print.

    "Not held" is an answer too. While a list cannot be read, or a row is in doubt, nothing is written and the exit
    code is 105.
    """
    from optout.checks import disclosure

    office = _sender(sender)
    with session.store(store) as opened, session.working("照合中 searching ..."):
        who = _who(opened, case, request, _person(name, kana, address, phone, email, birth_date))
        if records:
            _disclose_records(session, opened, who, out, case, office)
            return
        found = disclosure.access(opened, who, holding, None, case, None, _rows(same), _rows(other))
        files = _write_access(opened, found, out, office) if found.answer != disclosure.INCOMPLETE else []
    _tell_access(session, found, files)
    found.require_complete()


def plan(
    session: Session,
    store: options.StorePath,
    put: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="ITEM=VALUE",
            help="氏名, 住所 ... as it should be; nothing takes it away. Repeatable.",
        ),
    ],
    instead_of: Annotated[
        list[str] | None,
        typer.Option("--instead-of", metavar="ITEM=VALUE", help="The wrong phone number or mail address."),
    ] = None,
    case: Case = None,
    request: Requests = None,
    name: Name = None,
    kana: Kana = None,
    address: Address = None,
    phone: Phone = None,
    email: Email = None,
    birth_date: Birth = None,
    holding: HoldingNames = None,
    same: Same = None,
    other: Other = None,
) -> None:
    """Find one person in every list and say which cells would change (dry run).

    Prints the hash that `correct execute` has to be given. Rows in doubt, and items that cannot be placed for
    certain, are left for a person.
    """
    from optout.checks import correction
    from optout.checks.placing import Correction
    from optout.report import duties

    wrong = dict(_pairs(instead_of, "--instead-of"))
    wanted = [Correction(item, value, wrong.get(item)) for item, value in _pairs(put, "--set")]
    with session.store(store) as opened, session.working("検索中 searching ..."):
        who = _who(opened, case, request, _person(name, kana, address, phone, email, birth_date))
        planned = correction.plan(opened, who, wanted, holding, case, None, _rows(same), _rows(other))
        again = argument(named(store, opened))
    document = {"plan": planned.hash, "rows": planned.table.to_dicts(), "remarks": list(planned.remarks)}
    next_step = f"実行 next: optout correct execute {again} {planned.hash}"
    session.tell(document, lambda: [duties.correction_planned(planned), "", next_step], value=planned.hash)


def execute(session: Session, store: options.StorePath, plan_hash: PlanHash) -> None:
    """Carry out a plan; every list is read again to prove it.

    The exit code is 60 while rows wait for a person, or a list could not be corrected; the same again does the rest.
    """
    from optout.checks import correction

    with session.store(store) as opened, session.working("訂正中 correcting ..."):
        outcome = correction.execute(opened, plan_hash)
    _tell_outcome(session, outcome)


def letter(
    session: Session,
    store: options.StorePath,
    plan_hash: PlanHash,
    sender: Annotated[
        Path, typer.Option("--sender", metavar="FILE", help="The office: TOML or JSON.", show_default=False)
    ],
    out: options.Out,
) -> None:
    """Write the letter that tells the person what was corrected (訂正の通知, 第34条第3項), as HTML and text."""
    from optout.batch import write_atomically
    from optout.checks import correction, desk
    from optout.errors import OptionError
    from optout.register import day
    from optout.report import answers, letters

    office = letters.read_sender(sender)
    with session.store(store) as opened:
        number = correction.case_of(opened, plan_hash)
        if number is None:
            raise OptionError("plan", ("one made with --case",))
        details = answers.correction_details(correction.changes(opened, plan_hash))
        written = letters.letter(
            desk.case(opened, number), "result", office, day.today(opened), None, details
        )
        opened.record("case letter written", {"case": number, "letter": "result", "to": written.to})
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{number}-result.{ending}" for ending in ("html", "txt")]
    for file, content in zip(files, (written.html, written.text), strict=True):
        write_atomically(file, content.encode())
    told = {"case": number, "files": [str(file) for file in files], "sha256": written.sha256}
    session.tell(told, lambda: [f"出力 files: {', '.join(told['files'])}"], value=str(files[0]))


def _person(
    name: str | None,
    kana: str | None,
    address: str | None,
    phones: list[str] | None,
    emails: list[str] | None,
    birth_date: str | None,
) -> dict[str, Any]:
    told = {"name": name, "kana": kana, "address": address, "phones": phones, "emails": emails}
    return {field: value for field, value in (told | {"birth_date": birth_date}).items() if value}


def _who(store: Store, case: str | None, requests: list[str] | None, told: Mapping[str, Any]) -> Who:
    """The person a command line names: by a case, by recorded requests, or by what is told."""
    from optout.checks import casework
    from optout.register.case import case as one
    from optout.store import Request

    ways = [bool(requests), bool(told), case is not None and not (requests or told)]
    if sum(ways) != 1:
        raise typer.BadParameter(
            "name the person by --case, by --request, or by --name with --address, --phone ..."
        )
    if requests:
        return list(requests)
    return Request(**told) if told else casework.person(one(store, str(case)))


def _rows(pairs: list[str] | None) -> dict[str, list[int]]:
    """`HOLDING:ROW` → name of a list → rows."""
    told: dict[str, list[int]] = {}
    for pair in pairs or ():
        name, _, row = pair.rpartition(":")
        if not (name and row.isascii() and row.isdigit()):
            raise typer.BadParameter("give HOLDING:ROW, e.g. 顧客:12")
        told.setdefault(name, []).append(int(row))
    return told


def _pairs(given: list[str] | None, option: str) -> list[tuple[str, str]]:
    """`ITEM=VALUE` pairs, the item by its field name or in Japanese."""
    from optout.batch import headers

    told = []
    for pair in given or ():
        item, equals, value = pair.partition("=")
        if not (item.strip() and equals):
            raise typer.BadParameter("give ITEM=VALUE, e.g. 住所=東京都港区芝公園4-2-8", param_hint=option)
        field = headers.field_named(item.strip())
        read = headers.read(item.strip())
        known = field or (read.field if read else None) or item.strip()
        told.append((_ITEMS.get(known, known), value.strip()))
    return told


_ITEMS: Final = {"name_former": "former", "mobile": "phone", "phone_home": "phone", "fax": "phone"}


def _sender(file: Path | None) -> Sender | None:
    from optout.report import letters

    return None if file is None else letters.read_sender(file)


def _write_access(store: Store, found: Any, out: Path, office: Sender | None) -> list[str]:
    """The three files, all or none; the case has been carried out when they stand there."""
    from optout.checks import casework
    from optout.report import answers

    stem = found.case or "disclosure"
    content = {
        "json": answers.as_json(found),
        "csv": answers.as_csv(found),
        "html": answers.access_page(found, office).encode(),
    }
    case = casework.begun(store, found.case) if found.case else None
    files = _placed(out, stem, content)
    if case is not None:
        casework.ended(store, case, True, disclosed=found.answer == "held")
    return files


def _disclose_records(
    session: Session, store: Store, who: Who, out: Path, case: str | None, office: Sender | None
) -> None:
    from optout.checks import casework, disclosure
    from optout.register import day
    from optout.report import answers, duties

    if case is not None:
        casework.required(store, case)
    found = disclosure.records_of(store, who, case)
    page = answers.records_page(found, day.today(store), office, case)
    begun = casework.begun(store, case) if case else None
    files = _placed(
        out, f"{case or 'disclosure'}-records", {"json": answers.as_json(found), "html": page.encode()}
    )
    if begun is not None:
        casework.ended(store, begun, True, disclosed=found.answer == "held")
    told = {
        "answer": found.answer,
        "provided": len(found.provided),
        "received": len(found.received),
        "waiting": found.waiting,
        "files": files,
    }
    session.tell(told, lambda: [duties.records(found), "", f"出力 files: {', '.join(files)}"], value=files[0])


def _placed(out: Path, stem: str, content: Mapping[str, bytes]) -> list[str]:
    from optout.batch.staged import placed_after

    out.mkdir(parents=True, exist_ok=True)
    files = {out / f"{stem}.{ending}": data for ending, data in content.items()}
    with placed_after(files):
        pass
    return [str(file) for file in files]


def _tell_access(session: Session, found: Any, files: list[str]) -> None:
    from optout.report import duties

    told = {
        "answer": found.answer,
        "case": found.case,
        "holdings": found.looked.to_dicts(),
        "doubts": found.doubts.to_dicts(),
        "left_out": {one.holding: list(one.left_out) for one in found.held if one.left_out},
        "provided": len(found.records.provided),
        "received": len(found.records.received),
        "files": files,
    }
    if not files and session.as_json:
        from optout.errors import IncompleteAnswerError

        session.tell({**told, "exit_code": IncompleteAnswerError.exit_code}, list)
        raise typer.Exit(IncompleteAnswerError.exit_code)
    shown = [f"出力 files: {', '.join(files)}"] if files else []
    session.tell(told, lambda: [*duties.disclosed(found), "", *shown], value=files[0] if files else None)


def _tell_outcome(session: Session, outcome: Outcome) -> None:
    from optout.errors import CheckError
    from optout.report import duties

    told = {
        "plan": outcome.plan,
        "done": outcome.done,
        "holdings": outcome.table.to_dicts(),
        "case": outcome.case,
    }
    if not outcome.done and session.as_json:
        session.tell({**told, "exit_code": CheckError.exit_code}, list)
        raise typer.Exit(CheckError.exit_code)
    session.tell(told, lambda: [duties.corrected(outcome)], value="done" if outcome.done else None)
    if not outcome.done:
        good = ("corrected", "right", "not_found")
        undone = [f"{name}: {status}" for name, status in outcome.statuses.items() if status not in good]
        raise CheckError(
            f"Not done yet: {'; '.join(undone)}. Look at the rows, close the file elsewhere, and plan again."
        )
