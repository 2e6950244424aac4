"""The key of a store: where it lies, a copy for the safe and putting that back, another key, the public halves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session, argument, named

_PANEL: Final = "管理 Upkeep"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    key = typer.Typer(help="鍵 The store key: a lost key is every opt-out lost.", no_args_is_help=True)
    command(key, "show", "optout key show suppression.db")(where)
    command(key, "public", "optout key public suppression.db --out public_key.pem")(public)
    command(key, "backup", "optout key backup suppression.db --out /media/usb/suppression.key")(backup)
    command(key, "restore", "optout key restore suppression.db /media/usb/suppression.key")(restore)
    command(key, "rotate", "optout key rotate suppression.db")(rotate)
    command(key, "keyring", "optout key keyring suppression.db")(keyring)
    command(key, "exchange", "optout key exchange suppression.db --out our_exchange_key.pem")(exchange)
    app.add_typer(key, name="key", rich_help_panel=_PANEL)


def where(session: Session, store: options.StorePath) -> None:
    """Where the key lies (never the key itself)."""
    with session.store(store) as opened:
        place = str(opened.key_path) if opened.key_path else None
        told = {"store_id": opened.store_id, "key_file": place}
    lines = [
        f"停止リスト store: {told['store_id']}",
        f"鍵 key: {place or 'in no file (OPTOUT_KEY, or the keyring of the operating system)'}",
    ]
    session.tell(told, lambda: lines, value=place or "")


_Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it here as PEM.")]


def public(session: Session, store: options.StorePath, out: _Out = None) -> None:
    """The public key that verifies certificates; give it to whoever receives lists."""
    with session.store(store) as opened:
        pem = opened.public_key
    _tell_pem(session, pem, out, "public_key", "公開鍵 public key")


def exchange(session: Session, store: options.StorePath, out: _Out = None) -> None:
    """The public key with which another store exports for this one (`optout store export --seal-with`)."""
    with session.store(store) as opened:
        pem = opened.exchange_key
    _tell_pem(session, pem, out, "exchange_key", "受け渡し用の公開鍵 exchange key")


def _tell_pem(session: Session, pem: str, out: Path | None, name: str, words: str) -> None:
    from optout.batch import write_atomically

    if out is not None:
        write_atomically(out, pem.encode())
    told = {name: pem, "out": str(out) if out else None}
    session.tell(told, lambda: [f"{words}: {out}"] if out else pem.splitlines(), value=pem.strip())


def backup(
    session: Session,
    store: options.StorePath,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file.", show_default=False)],
) -> None:
    """Copy the key into a new file that only its owner can read. Print it, and keep it away from the store."""
    with session.store(store) as opened:
        opened.backup_key(out)
    lines = [f"控え backup: {out}", "印刷し、停止リストと別の場所に保管. Print it and keep it apart."]
    session.tell({"backup": str(out)}, lambda: lines, value=str(out))


def restore(
    session: Session,
    store: options.StorePath,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `key backup` wrote, or was typed anew.")],
) -> None:
    """Put a key copy back into the key folder, after proving that it opens this store."""
    from optout.store import Store
    from optout.store.rootkey import of_copy

    with Store.open(store, of_copy(file), session.actor, session.purpose) as opened:
        place = opened.restore_key()
    session.tell({"key_file": str(place)}, lambda: [f"鍵を戻しました restored: {place}"], value=str(place))


def rotate(
    session: Session,
    store: options.StorePath,
    new_key: Annotated[
        Path | None,
        typer.Option("--new-key-file", metavar="FILE", help="Holds the new key; by default a random one."),
    ] = None,
) -> None:
    """Change the key (鍵の更新).

    The new one lies where the present one does, which stays: older backups need it. Make a copy of the new one.
    Certificates are signed by another key from now on; give the new public key to whoever receives lists.
    """
    from optout.store.rootkey import of_copy

    given = of_copy(new_key) if new_key else None
    with session.store(store) as opened:
        place = opened.rotate_key(given)
        again = argument(named(store, opened))
    told = {"key_file": str(place) if place else None, "new_key_file": str(new_key) if new_key else None}
    lines = [
        f"鍵を更新しました rotated; 新しい鍵 new key: {place or new_key or 'in the keyring of the operating system'}",
        f"控えを取り直してください Make a new copy: optout key backup {again} --out FILE",
    ]
    session.tell(told, lambda: lines, value=str(place or ""))


def keyring(session: Session, store: options.StorePath) -> None:
    """Put the key into the keyring of the operating system too (needs optout[keyring]).

    The key file stays; remove it when the store has opened without it.
    """
    with session.store(store) as opened:
        name = opened.keep_key()
    session.tell({"keyring": name}, lambda: [f"OSのキーリングに保管 kept in the keyring: {name}"], value=name)
