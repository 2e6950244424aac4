"""What stands in a store: the audit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.store import Anchor, Store

_PANEL: Final = "管理 Upkeep"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "audit", "optout audit suppression.db", _PANEL)(audit)


def audit(
    session: Session,
    store: options.StorePath,
    heads: Annotated[
        Path | None,
        typer.Option(
            "--heads", metavar="FILE", help="控え: what an audit sink wrote; shows a cut-off end too."
        ),
    ] = None,
    certificate: Annotated[
        list[Path] | None,
        typer.Option(
            "--certificate",
            metavar="PATH",
            help="証明書: certificates issued, or a folder of them; the same by what recipients hold. Repeatable.",
        ),
    ] = None,
) -> None:
    """Verify the audit chain and every block (監査).

    Prints the number of audit rows and the head. The exit code is 43 when anything was changed or is missing, or when
    a head that was told outside is not in the chain; 68 when a certificate is no valid one of this store.
    """
    with session.store(store) as opened, session.working("検査中 verifying ..."):
        known = _told_outside(opened, heads, certificate or ())
        rows = opened.audit_verify(known)
        epoch, revision, _, digest = opened.head
    head = digest.hex()
    told = {
        "audit_rows": rows,
        "head": head,
        "epoch": epoch,
        "revision": revision,
        "heads_told": len(known),
    }
    lines = [
        f"監査 audit: {rows:,} rows, unbroken (改ざんなし)",
        *([f"外部の控え heads told outside: {len(known):,}, all in it"] if known else []),
        f"先頭 head: {head}",
        f"時点 epoch {epoch}, revision {revision}",
    ]
    session.tell(told, lambda: lines, value=head)


def _told_outside(store: Store, written: Path | None, certificates: Sequence[Path]) -> list[Anchor]:
    """The heads of an audit sink's file, and of certificates."""
    from optout.checks import recovery
    from optout.store import sink

    by_sink = sink.heads(written, store.store_id) if written is not None else []
    return [*by_sink, *recovery.heads(store, certificates)]
