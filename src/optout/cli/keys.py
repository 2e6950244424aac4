"""The key of a store: where it lies, its public half, a copy for the safe, and putting that copy back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated, Final

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

_PANEL: Final = "管理 Upkeep"
_BACKUP_RIGHTS: Final = 0o600


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    key = typer.Typer(help="鍵 The store key: a lost key is every opt-out lost.", no_args_is_help=True)
    command(key, "show", "optout key show suppression.db")(where)
    command(key, "public", "optout key public suppression.db --out public_key.pem")(public)
    command(key, "backup", "optout key backup suppression.db --out /media/usb/suppression.key")(backup)
    command(key, "restore", "optout key restore suppression.db /media/usb/suppression.key")(restore)
    app.add_typer(key, name="key", rich_help_panel=_PANEL)


def where(session: Session, store: options.StorePath) -> None:
    """Where the key lies (never the key itself)."""
    with session.store(store) as opened:
        place = str(opened.key_path) if opened.key_path else None
        told = {"store_id": opened.store_id, "key_file": place}
    lines = [f"停止リスト store: {told['store_id']}", f"鍵 key: {place or 'given by OPTOUT_KEY, in no file'}"]
    session.tell(told, lambda: lines, value=place or "")


def public(
    session: Session,
    store: options.StorePath,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it here as PEM.")] = None,
) -> None:
    """The public key that verifies certificates; give it to whoever receives lists."""
    from optout.batch import write_atomically

    with session.store(store) as opened:
        pem = opened.public_key
    if out is not None:
        write_atomically(out, pem.encode())
    told = {"public_key": pem, "out": str(out) if out else None}
    session.tell(told, lambda: [f"公開鍵 public key: {out}"] if out else pem.splitlines(), value=pem.strip())


def backup(
    session: Session,
    store: options.StorePath,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file.", show_default=False)],
) -> None:
    """Copy the key into a new file that only its owner can read. Keep it away from the store."""
    from optout.errors import KeyMissingError

    with session.store(store) as opened:
        place = opened.key_path
        if place is None:
            raise KeyMissingError(
                ("a key file (the key was given otherwise; keep a copy of what was given)",)
            )
        _copy(place, out)
        opened.record("key backup", {})
    told = {"backup": str(out)}
    session.tell(
        told, lambda: [f"控え backup: {out}", "停止リストと別の場所に保管. Keep it apart."], value=str(out)
    )


def restore(
    session: Session,
    store: options.StorePath,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `key backup` wrote.")],
) -> None:
    """Put a key copy back into the key folder, after proving that it opens this store."""
    from optout.store.rootkey import folder

    given = Session(session.as_json, session.quiet, file, session.actor, session.purpose)
    with given.store(store) as opened:
        place = folder(os.environ) / f"{opened.store_id}.key"
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy(file, place)
        opened.record("key restore", {})
    session.tell({"key_file": str(place)}, lambda: [f"鍵を戻しました restored: {place}"], value=str(place))


def _copy(source: Path, target: Path) -> None:
    """Copy a key; a file that is there already is never replaced."""
    from optout.errors import StoreExistsError

    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _BACKUP_RIGHTS)
    except FileExistsError:
        raise StoreExistsError(str(target)) from None
    with os.fdopen(handle, "wb") as copy, source.open("rb") as file:
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())
