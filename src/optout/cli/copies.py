"""Copies of a store, what another store sent, and what is to be gone for good: store ..., purge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session, argument, named

if TYPE_CHECKING:
    from optout.store.backup import Behind

_PANEL: Final = "管理 Upkeep"
_NewFile = Annotated[str, typer.Option("--out", metavar="FILE", help="A new file.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="写し Backups of a store, and what two stores send each other.", no_args_is_help=True
    )
    command(group, "backup", "optout store backup suppression.db --out backup.db")(backup)
    command(group, "restore", "optout store restore backup.db suppression.db")(restore)
    command(group, "settle", "optout store settle suppression.db --certificate out/certificate.json")(settle)
    command(
        group,
        "export",
        "optout store export suppression.db --out list.optout --seal-with their_exchange_key.pem",
    )(export)
    command(group, "merge", "optout store merge suppression.db list.optout")(merge)
    app.add_typer(group, name="store", rich_help_panel=_PANEL)
    command(app, "purge", "optout purge suppression.db R-ABCDEFGHIJKLM --reason 誤入力", _PANEL)(purge)


def backup(session: Session, store: options.StorePath, out: _NewFile) -> None:
    """Copy the store to a new file while it is in use (バックアップ).

    The copy is checked and sealed under the same key: keep the key elsewhere.
    """
    with session.store(store) as opened, session.working("複製中 copying ..."):
        epoch, revision, rows, digest = opened.backup(out)
    told = {"backup": out, "epoch": epoch, "revision": revision, "audit_rows": rows, "head": digest.hex()}
    lines = [
        f"控え backup: {out}",
        f"時点 epoch {epoch}, revision {revision}",
        "鍵とは別の場所に保管. Keep it apart from the key.",
    ]
    session.tell(told, lambda: lines, value=out)


def restore(
    session: Session,
    copy: Annotated[str, typer.Argument(metavar="BACKUP", help="What `store backup` wrote.")],
    store: options.StorePath,
) -> None:
    """Make a store of a backup (復元).

    Nothing may be at STORE. Nothing is delivered from it before `optout store settle`: requests recorded after the
    backup are not in it.
    """
    from optout.store import Store

    with (
        session.keys(),
        Store.restore(copy, store, actor=session.actor, purpose=session.purpose) as made,
        session.working("復元中 restoring ..."),
    ):
        name, head = named(store, made), made.head
    told = {"store": name, "epoch": head.epoch, "revision": head.revision}
    lines = [
        f"復元しました restored: {name}",
        f"時点 epoch {head.epoch}, revision {head.revision}",
        "バックアップ後の求めは入っていません. What was recorded after the backup is not in it:",
        f"  optout store settle {argument(name)} --certificate certificate.json",
    ]
    session.tell(told, lambda: lines, value=name)


def settle(
    session: Session,
    store: options.StorePath,
    certificate: Annotated[
        list[Path] | None,
        typer.Option("--certificate", metavar="FILE", help="証明書: the newest ones issued. Repeatable."),
    ] = None,
    accept_loss: Annotated[
        str | None,
        typer.Option("--accept-loss", metavar="REASON", help="Give up what was recorded after the backup."),
    ] = None,
) -> None:
    """Tell a restored store how far the lost one had come; the exit code is 60 while it lacks something."""
    from optout.checks import recovery
    from optout.errors import CheckError

    with session.store(store) as opened:
        lacks = recovery.settle(opened, certificate or (), accept_loss)
        revision = opened.revision
    told: dict[str, Any] = {"settled": lacks is None, "revision": revision}
    if lacks is None:
        session.tell(told, lambda: ["提供できます. Delivery is open again."], value="settled")
        return
    if session.as_json:
        session.tell({**told, "known": lacks.known, "exit_code": CheckError.exit_code}, list)
        raise typer.Exit(CheckError.exit_code)
    raise CheckError(_lacking(lacks))


def _lacking(lacks: Behind) -> str:
    return (
        f"The list is at revision {lacks.revision}, and certificates name revision {lacks.known}. "
        "Enter the requests recorded after the backup again (求めの再登録), or merge an export that has them."
    )


def export(
    session: Session,
    store: options.StorePath,
    out: _NewFile,
    seal_with: Annotated[
        Path,
        typer.Option(
            "--seal-with",
            metavar="FILE",
            help="The other store's exchange key (PEM), or a file with a key or passphrase.",
            show_default=False,
        ),
    ],
    since: Annotated[int, typer.Option("--since", metavar="REVISION", help="Only what is newer.")] = 0,
) -> None:
    """Write the requests in force to a sealed and signed file for another store (書き出し)."""
    from optout.store.rootkey import of_copy

    key = of_copy(seal_with)
    with session.store(store) as opened, session.working("書き出し中 exporting ..."):
        head = opened.export(out, key, since)
    told = {"out": out, "since": since, "revision": head.revision}
    session.tell(
        told, lambda: [f"書き出し exported: {out}", f"時点 revision {since}..{head.revision}"], value=out
    )


def merge(
    session: Session,
    store: options.StorePath,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `store export` wrote.")],
    open_with: Annotated[
        Path | None,
        typer.Option(
            "--open-with", metavar="FILE", help="Key or passphrase; not for one sealed for this store."
        ),
    ] = None,
    sender: Annotated[
        Path | None,
        typer.Option(
            "--sender", metavar="FILE", help="公開鍵: public key (PEM) of the store it must come from."
        ),
    ] = None,
) -> None:
    """Take in what another store exported (取り込み). It only adds: nothing here is lifted or replaced."""
    from optout.store.rootkey import of_copy

    key = of_copy(open_with) if open_with else None
    pem = str(of_copy(sender)) if sender else None
    with session.store(store) as opened, session.working("取込中 merging ..."):
        merged = opened.merge(file, key, pem)
    told = {
        "revision": merged.revision,
        "added": merged.added,
        "known": merged.known,
        "lifted_there": merged.lifted_there,
        "sender": merged.sender,
    }
    lines = [
        f"追加 added: {merged.added:,}",
        f"既知 known already: {merged.known:,}",
        f"相手側で解除 lifted there, in force here: {merged.lifted_there:,}",
        f"時点 revision {merged.revision}",
    ]
    session.tell(told, lambda: lines, value=str(merged.added))


def purge(
    session: Session,
    store: options.StorePath,
    request_id: Annotated[str, typer.Argument(metavar="REQUEST_ID", help="As on the receipt.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why, never who; the audit keeps it.", show_default=False)
    ],
    force: Annotated[bool, typer.Option("--force", help="Even a request that is in force.")] = False,
) -> None:
    """Take what one request holds out of the store for good (完全消去).

    For a request that was lifted, or entered by mistake. Backups made before still hold it.
    """
    with session.store(store) as opened:
        revision = opened.purge(request_id, reason, force)
    told = {"request": request_id, "revision": revision}
    lines = [
        f"消去しました purged: {request_id}",
        f"時点 revision {revision}",
        "以前のバックアップには残ります. Older backups hold it.",
    ]
    session.tell(told, lambda: lines, value=str(revision))
