"""The opt-out desk: the day, and the cases received, checked, decided and answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from optout.cli import desk_steps, desk_told, options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from datetime import date

    from optout.checks.desk import Agent, Received
    from optout.report.letters import Letter
    from optout.store import Store

_PANEL: Final = "受付窓口 Desk"
_ENDINGS: Final = ("html", "txt")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "desk", "optout desk suppression.db", _PANEL)(desk)
    case = typer.Typer(help="受付 A request of one person, from arrival to answer.", no_args_is_help=True)
    one = "suppression.db C-20260401-ABCDEFG"
    by_phone = "optout case receive suppression.db --channel phone --name '見本 一郎' --phone 03-1234-5678"
    command(case, "receive", by_phone)(receive)
    command(case, "list", "optout case list suppression.db --state partial")(listed)
    command(case, "show", f"optout case show {one} --purpose 問い合わせ")(show)
    desk_steps.register(case)
    command(case, "letter", f"optout case letter {one} --kind result --sender office.toml --out letters")(
        letter
    )
    app.add_typer(case, name="case", rich_help_panel=_PANEL)


def desk(
    session: Session,
    store: options.StorePath,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Default today in Japan.")
    ] = None,
    ahead: Annotated[int, typer.Option("--ahead", metavar="DAYS", help="Due within so many days.")] = 3,
) -> None:
    """The day: received, due, overdue, waiting for review, partial (本日の窓口)."""
    from optout.checks import desk as check
    from optout.report import cases

    with session.store(store) as opened:
        day = check.day(opened, _day(as_of), ahead)
    told = {"as_of": day.as_of.isoformat(), "counts": day.counts, "cases": day.table.to_dicts()}
    session.tell(told, lambda: cases.day(day.as_of, day.lists, day.counts))


def receive(
    session: Session,
    store: options.StorePath,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="依頼書: a client's sheet, .csv or .xlsx; without it one person."
        ),
    ] = None,
    kind: desk_told.Kind = None,
    channel: Annotated[
        str | None,
        typer.Option("--channel", help="post, fax, phone, email, counter, web, client; a FILE: client."),
    ] = None,
    received: Annotated[str | None, typer.Option("--received", help="到着日. Default today.")] = None,
    client: Annotated[str | None, typer.Option("--client", help="依頼元会社名.")] = None,
    contact: Annotated[str | None, typer.Option("--contact", help="依頼元の担当.")] = None,
    delivery: Annotated[str | None, typer.Option("--delivery", help="納品番号.")] = None,
    image: Annotated[
        Path | None, typer.Option("--image", help="The scanned sheet; its name and hash are kept.")
    ] = None,
    name: desk_told.Name = None,
    kana: desk_told.Kana = None,
    postal: desk_told.Postal = None,
    address: desk_told.Address = None,
    phone: desk_told.Phone = None,
    email: desk_told.Email = None,
    birth_date: desk_told.Birth = None,
    stop_channels: Annotated[
        str | None, typer.Option("--stop-channels", help="停止する手段: mail,phone ...; none = all.")
    ] = None,
    household: Annotated[bool, typer.Option("--household", help="For everyone at the address.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="理由, in whatever words.")] = None,
    also_stop: Annotated[bool, typer.Option("--stop", help="Suppress, though this kind does not.")] = False,
    agent: Annotated[str | None, typer.Option("--agent", help="代理人の氏名.")] = None,
    right: Annotated[str, typer.Option("--right", help="法定代理人 or 任意代理人.")] = "任意代理人",
    document: Annotated[Path | None, typer.Option("--document", help="委任状, 戸籍謄本 ...")] = None,
    procedure: Annotated[
        Path | None,
        typer.Option(
            "--procedure", metavar="FILE", help="自社の手続 (TOML): days, check, fee, twin_days, policy."
        ),
    ] = None,
    columns: options.ColumnPairs = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """Record what arrived (受付); a stop is in force when this returns.

    With FILE every line is a case, linked by the sheet; the exit code is 11 when lines could not be read.
    """
    from optout.checks import desk as check
    from optout.store import Request

    paper = None if image is None else check.Paper.of(image)
    came = check.Arrival(
        channel or ("client" if file else "post"), received, client, contact, delivery, paper
    )
    office = desk_told.procedure(procedure)
    who = (name, kana, postal, address, phone, email, birth_date)
    if file is None:
        _require_a_person(*who, reason)
    else:
        _refuse_a_person(*who, reason, stop_channels, agent, document, kind, household, also_stop)
    with session.store(store) as opened:
        if file is not None:
            said = options.mapping(columns)
            taken = check.receive_sheet(opened, file, came, office, said, encoding, sheet)
        else:
            given = desk_told.identity(name, kana, postal, address, phone, email, birth_date)
            person = Request(**given, channels=stop_channels, household=household, reason=reason)
            by = _agent(agent, right, document)
            asked = check.Asked(person, kind or "stop", by, stop=True if also_stop else None)
            taken = check.receive(opened, asked, came, office)
    _tell_received(session, taken)


def listed(
    session: Session,
    store: options.StorePath,
    state: Annotated[str | None, typer.Option("--state", help="Only these.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only these.")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="用紙番号: the cases of one sheet.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is late.")] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Default today in Japan.")
    ] = None,
) -> None:
    """Cases, without personal data (受付一覧)."""
    from optout.checks import desk as check
    from optout.report import cases

    with session.store(store) as opened:
        on = _day(as_of) or _today(opened)
        known = check.overdue(opened, on) if overdue else list(check.cases(opened).values())
    wanted = [
        case
        for case in known
        if state in (None, case.state) and kind in (None, case.kind) and sheet in (None, case.sheet)
    ]
    told = {"as_of": on.isoformat(), "cases": [desk_told.line(case) for case in wanted]}
    session.tell(told, lambda: [cases.table(wanted, f"受付 Cases ({len(wanted):,})", on)])


def show(session: Session, store: options.StorePath, case: desk_told.CaseId) -> None:
    """Everything of a case, the person included (受付票); the audit keeps who looked, and what for."""
    from optout.checks import desk as check
    from optout.register.case_parts import told
    from optout.report import cases

    with session.store(store) as opened:
        found, versions = check.shown(opened, case)
        on = _today(opened)
    told_all = {**told(found), "steps": list(found.steps), "versions": len(versions)}
    session.tell(told_all, lambda: cases.shown(found, versions, on))


def letter(
    session: Session,
    store: options.StorePath,
    case: desk_told.CaseId,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="acknowledgement, identity, extension, result, refusal, or sheet.",
            show_default=False,
        ),
    ],
    sender: Annotated[
        Path, typer.Option("--sender", metavar="FILE", help="The office: TOML or JSON.", show_default=False)
    ],
    out: options.Out,
    to: Annotated[str | None, typer.Option("--to", help="person, agent or client.")] = None,
    detail: Annotated[
        list[str] | None, typer.Option("--detail", metavar="WHAT=VALUE", help="A line under 記. Repeatable.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="A paragraph of your own.")] = "",
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Of the letter; default today.")
    ] = None,
    sent: Annotated[
        str | None, typer.Option("--sent", metavar="CHANNEL", help="Record that it went out: post, email ...")
    ] = None,
) -> None:
    """Write a letter as HTML and text (受付・本人確認・延長・結果・拒否の通知).

    sheet reports on every line of the sheet the case stands on, without names. The audit keeps that it was written.
    """
    from optout.checks import desk as check
    from optout.report import letters

    office = letters.read_sender(sender)
    with session.store(store) as opened:
        found = check.case(opened, case)
        date_of = _day(on) or _today(opened)
        if kind == "sheet":
            same = [each for each in check.cases(opened).values() if each.sheet == found.sheet]
            written = letters.sheet_report(same, office, date_of)
        else:
            written = letters.letter(found, kind, office, date_of, to, _details(detail), note)
        opened.record("case letter written", {"case": case, "letter": kind, "to": written.to})
        files = _written(out, f"{found.sheet if kind == 'sheet' else case}-{kind}", written)
        if sent is not None and kind != "sheet":
            found = check.answered(opened, case, kind, sent, written.to, written.sha256)
    told = {
        **desk_told.line(found),
        "letter": kind,
        "to": written.to,
        "files": files,
        "sha256": written.sha256,
    }
    session.tell(told, lambda: [f"出力 files: {', '.join(files)}"], value=files[0])


def _written(out: Path, stem: str, letter: Letter) -> list[str]:
    from optout.batch import write_atomically

    out.mkdir(parents=True, exist_ok=True)
    content = {"html": letter.html, "txt": letter.text}
    files = [out / f"{stem}.{ending}" for ending in _ENDINGS]
    for file, ending in zip(files, _ENDINGS, strict=True):
        write_atomically(file, content[ending].encode())
    return [str(file) for file in files]


def _details(pairs: list[str] | None) -> list[tuple[str, str]]:
    found = []
    for pair in pairs or ():
        what, equals, value = pair.partition("=")
        if not (what.strip() and equals):
            raise typer.BadParameter("give WHAT=VALUE", param_hint="--detail")
        found.append((what.strip(), value.strip()))
    return found


def _require_a_person(*given: object) -> None:
    if not any(given):
        what = "give a FILE, or what is known of the person: --name, --address, --phone ..."
        raise typer.BadParameter(what, param_hint="FILE")


def _refuse_a_person(*given: object) -> None:
    if any(given):
        what = "give a FILE or a person; a FILE says itself who asks for what"
        raise typer.BadParameter(what, param_hint="FILE")


def _agent(name: str | None, right: str, document: Path | None) -> Agent | None:
    from optout.checks import desk as check

    if name is None and document is None:
        return None
    return check.Agent(right, name or "", document=None if document is None else check.Paper.of(document))


def _day(written: str | None) -> date | None:
    from optout.register import day

    return day.read(written, "--as-of")


def _today(store: Store) -> date:
    from optout.register import day

    return day.today(store)


def _tell_received(session: Session, taken: Received) -> None:
    from optout.errors import UnreadableFileError
    from optout.register import case_rules as rules

    unread = [line for line, _ in taken.unread]
    told = {
        "sheet": taken.sheet,
        "known": taken.known,
        "cases": [desk_told.line(case) for case in taken.cases],
        "unread_lines": unread,
    }
    ids = [case.id for case in taken.cases]
    session.tell(told, lambda: _received_lines(taken, rules.remarks()), value="\n".join(ids))
    if unread:
        why = f"{len(unread)} lines could not be read and are not recorded (first lines {unread[:5]})"
        raise UnreadableFileError(
            "sheet", why, "The others are recorded; correct these lines and receive them as a new file."
        )


def _received_lines(taken: Received, remarks: dict[str, str]) -> list[str]:
    done = "受付済み recorded before, nothing changed" if taken.known else "受付 received"
    lines = [f"{done}: {len(taken.cases):,}" + (f" (用紙 sheet {taken.sheet})" if taken.sheet else "")]
    for case in taken.cases:
        lines.append(f"{case.id}  {case.kind}  期限 due {case.due}  {case.state}")
        lines += [f"    注意 {remarks[code]}" for code in case.remarks if code in remarks]
        lines += [f"    同一人の受付 repeats {case.canonical}"] if case.canonical else []
    return lines
