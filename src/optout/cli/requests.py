"""Requests in and out of the suppression list: init, suppress, import, lift."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import AUDIT_SINK, Session, argument, named

if TYPE_CHECKING:
    import polars as pl

    from optout.store import Receipt

_PANEL = "停止リスト Suppression list"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "init", "optout init suppression.db", _PANEL)(init)
    command(
        app,
        "suppress",
        "optout suppress suppression.db --name '見本 一郎' --phone 03-1234-5678 --source fax",
        _PANEL,
    )(suppress)
    command(app, "import", "optout import suppression.db requests.csv --columns channels=停止範囲", _PANEL)(
        bulk
    )
    command(app, "lift", "optout lift suppression.db R-ABCDEFGHIJKLM --reason 本人の申出", _PANEL)(lift)


def init(session: Session, store: options.StorePath) -> None:
    """Make a new, empty suppression list (停止リストを作る)."""
    from optout.store import Store

    target = os.environ.get(AUDIT_SINK) or None
    with session.keys(), Store.create(store, None, session.actor, session.purpose, target) as made:
        place = str(made.key_path) if made.key_path else None
        name = named(store, made)
        told = {"store": name, "store_id": made.store_id, "revision": made.revision, "key_file": place}
    session.tell_unsent(made)
    lines = [
        f"停止リストを作りました made: {name}",
        f"鍵 key: {place or 'the one you gave'}",
        "鍵を失うと停止リストは読めません. Without the key the list is lost; keep a copy elsewhere:",
        f"  optout key backup {argument(name)} --out FILE",
    ]
    session.tell(told, lambda: lines, value=name)


def suppress(
    session: Session,
    store: options.StorePath,
    name: Annotated[str | None, typer.Option("--name", help="氏名.")] = None,
    kana: Annotated[str | None, typer.Option("--kana", help="フリガナ.")] = None,
    company: Annotated[str | None, typer.Option("--company", help="会社名.")] = None,
    postal: Annotated[str | None, typer.Option("--postal", help="郵便番号.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="住所, from the prefecture on.")] = None,
    phone: Annotated[list[str] | None, typer.Option("--phone", help="電話・FAX番号. Repeatable.")] = None,
    email: Annotated[list[str] | None, typer.Option("--email", help="メール. Repeatable.")] = None,
    birth_date: Annotated[str | None, typer.Option("--birth-date", help="生年月日, any spelling.")] = None,
    corporate_number: Annotated[str | None, typer.Option("--corporate-number", help="法人番号.")] = None,
    received: Annotated[str | None, typer.Option("--received", help="受付日.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="経路: fax, post, phone ...")] = None,
    channels: Annotated[
        str | None,
        typer.Option("--channels", help="all, or some of mail,phone,fax,email,sms; none = the kind's."),
    ] = None,
    household: Annotated[bool, typer.Option("--household", help="For everyone at the address.")] = False,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Whose list; none = every list.")] = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="種別: opt_out, deceased, minor, do_not_call, moved_away, legal_hold.",
        ),
    ] = "opt_out",
    reason: Annotated[str | None, typer.Option("--reason", help="理由, in whatever words.")] = None,
) -> None:
    """Record one request (求めの登録); prints its id.

    It is on disk and in force when this returns. The same request again changes nothing.
    """
    from optout.store import Request

    request = Request(
        name=name,
        kana=kana,
        company=company,
        postal=postal,
        address=address,
        phones=phone or (),
        emails=email or (),
        birth_date=birth_date,
        corporate_number=corporate_number,
        received=received,
        source=source,
        channels=channels,
        household=household,
        tenant=tenant,
        kind=kind,
        reason=reason,
    )
    with session.store(store) as opened:
        receipt = opened.suppress(request)
    request_id, unmatchable = receipt.request_ids[0], receipt.unmatchable[0]
    if unmatchable:
        session.remark(
            "注意: 記録しましたが照合に使える項目がありません. Recorded, but nothing in it can match "
            "anybody: give a name with an address, phone, e-mail or birth date."
        )
    told = {
        "request_id": request_id,
        "revision": receipt.revision,
        "known": receipt.known,
        "unmatchable": unmatchable,
    }
    session.tell(told, lambda: [request_id], value=request_id)


def bulk(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    columns: options.ColumnPairs = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """Record many requests at once (一括登録).

    Beside the columns of any list, --columns may name kind, channels, household, tenant, received, source, reason.
    When lines cannot be read the others are recorded, the lines are told and the exit code is 11.
    """
    from optout.batch import damage, open_batch
    from optout.errors import UnreadableFileError
    from optout.report import screened

    mapping = options.mapping(columns) or {}
    source = open_batch(file, encoding, mapping or None, sheet)
    frame, who = scoped(source.frame, mapping)
    with session.store(store) as opened:
        receipt = opened.suppress(frame, who or None)
    unread, harm = source.quarantined["line"].to_list(), {"damage": damage.of_list(frame, who or None)}
    session.tell(_imported(receipt, unread) | harm, lambda: [*_lines(receipt), *screened.damage(harm)])
    if unread:
        why = f"{len(unread)} lines could not be read and are not recorded (first lines {unread[:5]})"
        raise UnreadableFileError(
            source.name, why, "The others are recorded; correct these and import again."
        )


def scoped(
    frame: pl.DataFrame, mapping: dict[str, list[str | int]]
) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """A list of requests with the columns that say how far a request goes under the names the store reads.

    Args:
        frame: The list.
        mapping: Field → headers or places from 0; the fields of scope are taken out of it.

    Returns:
        The frame, and the mapping of the columns that tell who is meant.

    Raises:
        UnknownColumnError: a header or place does not exist.
    """
    from optout.errors import UnknownColumnError
    from optout.store.bulk import SCOPE

    # Names from here on: places move when columns are taken out.
    named = {field: [_header(frame.columns, which) for which in told] for field, told in mapping.items()}
    renamed = {header: field for field in SCOPE for header in named.get(field, [])[:1]}
    if missing := [header for header in renamed if header not in frame.columns]:
        raise UnknownColumnError(missing, [f"column {n + 1}" for n in range(frame.width)])
    taken = [header for header in frame.columns if header in renamed.values() and header not in renamed]
    who = {field: headers for field, headers in named.items() if field not in SCOPE}
    return frame.drop(taken).rename(renamed), who


def _header(headers: list[str], which: str | int) -> str:
    """The header a column is meant by; digits that are no header are its place."""
    text = str(which)
    if text in headers or not (text.isascii() and text.isdigit()):
        return text
    return dict(zip(map(str, range(len(headers))), headers, strict=True)).get(text, text)


def _imported(receipt: Receipt, unread: list[int]) -> dict[str, Any]:
    return {
        "request_ids": receipt.request_ids,
        "revision": receipt.revision,
        "known": receipt.known,
        "unmatchable": [row for row, alone in enumerate(receipt.unmatchable) if alone],
        "unread_lines": unread,
    }


def _lines(receipt: Receipt) -> list[str]:
    done = "登録済み recorded before, nothing changed" if receipt.known else "登録 recorded"
    lines = [f"{done}: {len(receipt.request_ids):,} requests (revision {receipt.revision})"]
    if receipt.request_ids:
        lines.append(f"番号 ids: {receipt.request_ids[0]} ... {receipt.request_ids[-1]}")
    if rows := [row for row, alone in enumerate(receipt.unmatchable) if alone]:
        lines.append(
            f"注意 照合できない求め can match nobody: {len(rows):,} (first rows {rows[:5]}, counted from 0)"
        )
    return lines


def lift(
    session: Session,
    store: options.StorePath,
    request_id: Annotated[str, typer.Argument(metavar="REQUEST_ID", help="As on the receipt.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; the audit keeps it.", show_default=False)],
) -> None:
    """End a request (停止の解除).

    What was recorded stays recorded; the same request given again is a new one.
    """
    with session.store(store) as opened:
        revision = opened.lift(request_id, reason)
    told = {"request_id": request_id, "revision": revision, "lifted": True}
    session.tell(told, lambda: [f"解除 lifted: {request_id} (revision {revision})"])
