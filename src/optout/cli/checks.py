"""The third of the three checks: deliver (提供前), hand-over, and verifying a certificate; see `removing`, `intake`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

_PANEL: Final = "三重チェック The three checks"
OutsideHead: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--head",
        metavar="FILE",
        help="監査の控え: what an audit sink wrote; shows that this copy of the store is not out of date.",
    ),
]
OldestHead: TypeAlias = Annotated[
    float | None,
    typer.Option("--max-age-hours", metavar="N", help="How old the newest head in that file may be."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    going = (
        "optout deliver suppression.db kept.csv --recipient 見本商事 --purpose DM --channel mail --out out"
    )
    command(app, "deliver", going, _PANEL)(deliver)
    leaving = "optout handover suppression.db out/certificate.json out/kept.csv"
    command(app, "handover", leaving, _PANEL)(handover)
    back = "optout withdraw suppression.db D-2026-031 --reason 出荷取りやめ"
    command(app, "withdraw", back, _PANEL)(withdraw)
    proof = "optout verify certificate.json kept.csv --public-key public_key.pem"
    command(app, "verify", proof, _PANEL, opens_store=False)(verify)


def deliver(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    recipient: Annotated[
        str,
        typer.Option(
            "--recipient",
            metavar="NAME",
            help="提供先: its number or name in the register, or a name.",
            show_default=False,
        ),
    ],
    purpose: Annotated[
        str,
        typer.Option(
            "--purpose",
            metavar="TEXT",
            help="利用目的: what the recipient may use it for.",
            show_default=False,
        ),
    ],
    channel: Annotated[
        str,
        typer.Option(
            "--channel",
            metavar="CHANNEL",
            help="手段: mail, phone, fax, email, sms or any.",
            show_default=False,
        ),
    ],
    out: options.Out,
    policy: options.Policy = "person",
    tenant: options.Tenant = None,
    columns: options.ColumnPairs = None,
    ignore: options.Ignore = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
    basis: Annotated[
        str, typer.Option("--basis", metavar="BASIS", help="提供の根拠: optout or consent.")
    ] = "optout",
    method: Annotated[
        str, typer.Option("--method", metavar="TEXT", help="提供の方法, as the filing names it.")
    ] = "",
    delivery: Annotated[
        str | None, typer.Option("--delivery", metavar="ID", help="納品番号; one is made otherwise.")
    ] = None,
    holding: Annotated[
        list[str] | None,
        typer.Option(
            "--holding", metavar="NAME", help="保有名簿: where its rows were taken from. Repeatable."
        ),
    ] = None,
    other_channels: Annotated[
        str,
        typer.Option(
            "--other-channels",
            metavar="WHAT",
            help="他の手段の停止: keep those rows, blank the cells of that channel, or refuse.",
        ),
    ] = "keep",
    decoys: Annotated[
        int, typer.Option("--decoys", metavar="N", help="ダミー行: rows to plant by which a leak is traced.")
    ] = 0,
    out_encoding: options.OutEncoding = None,
    valid_hours: Annotated[
        float, typer.Option("--valid-hours", metavar="N", help="有効期限: how long it may be handed over.")
    ] = 24,
    head: OutsideHead = None,
    max_age_hours: OldestHead = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Ask for everything the register could prove, without a filing too."),
    ] = False,
    pack: Annotated[
        bool, typer.Option("--pack/--no-pack", help="納品一式: with オプトアウト依頼書 and お読みください.")
    ] = True,
) -> None:
    """Check 3: hand a clean list over with a certificate (提供前).

    Anything that is not proved clean is refused with exit code 67, and nothing is written. Once a filing (届出)
    is recorded, the recipient, the holdings, the columns, the method and the day must be proved, too.
    """
    from optout.checks import deliver as check
    from optout.report import checked
    from optout.report import pack as packing

    with session.store(store) as opened, session.working("照合中 screening ..."):
        certificate = check(
            file,
            opened,
            recipient,
            purpose,
            channel,
            out,
            policy,
            tenant,
            options.mapping(columns),
            ignore=options.left_out(ignore),
            encoding=encoding,
            sheet=sheet,
            basis=basis,
            method=method,
            delivery=delivery,
            holdings=holding,
            other_channels=other_channels,
            decoys=decoys,
            out_encoding=out_encoding,
            valid_hours=valid_hours,
            head=head,
            max_age=_hours(max_age_hours),
            strict=strict,
            papers=packing.papers(opened) if pack else None,
        )
    name = certificate.payload["subject"]["name"]
    told = {"certificate": str(certificate.path), "delivered": str(out / name), **certificate.payload}
    further = f" {packing.FORM} {packing.README}" if pack else ""
    files = f"出力 files: {out} ({name} certificate.json public_key.pem{further})"
    session.tell(told, lambda: [checked.certified(certificate), "", files], value=str(certificate.path))


def handover(
    session: Session,
    store: options.StorePath,
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="certificate.json.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The list, as it will be handed over.")],
    head: OutsideHead = None,
    max_age_hours: OldestHead = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Where a certificate issued anew goes; else over the old one."
        ),
    ] = None,
) -> None:
    """At hand-over: may this list still go out? (引渡し時の確認).

    Requests that arrived since are looked for, and the certificate is issued anew. The exit code is 67 when
    somebody in the list asked meanwhile, 68 when the file changed or the certificate expired.
    """
    from optout.checks.hand_over import handover as check
    from optout.report import checked

    with session.store(store) as opened, session.working("照合中 screening ..."):
        current = check(certificate, file, opened, head=head, max_age=_hours(max_age_hours), out=out)
    told = {"valid": True, "certificate": str(current.path), **current.payload}
    anew = "再発行 issued anew" if "replaces" in current.payload else "そのまま有効 still current"
    session.tell(told, lambda: [checked.certified(current), "", anew], value=str(current.path))


def withdraw(
    session: Session,
    store: options.StorePath,
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="納品番号.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why.", show_default=False)],
) -> None:
    """Record that a list never went out after all (出荷の取消し).

    Its certificate is accepted no more at hand-over; its record of provision stays, and counts no more.
    """
    from optout.checks.delivery import withdraw as record

    with session.store(store) as opened:
        made = record(opened, delivery, reason)
    told = {"delivery": made.delivery, "state": made.state, "provision": made.provision}
    session.tell(told, lambda: [f"取消し withdrawn: {made.delivery}"], value=made.delivery)


def _hours(given: float | None) -> timedelta | None:
    return None if given is None else timedelta(hours=given)


def verify(
    session: Session,
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="certificate.json.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The delivered file.")],
    public_key: Annotated[
        Path,
        typer.Option(
            "--public-key", metavar="FILE", help="The vendor's public key (PEM).", show_default=False
        ),
    ],
    current: Annotated[
        bool, typer.Option("--current", help="期限 Refuse one that has expired by this computer's clock.")
    ] = False,
) -> None:
    """Verify a delivered file offline (証明の確認).

    Needs the certificate, the file and the public key; no store, no key, no network. The exit code is 68 when
    it is not valid.
    """
    from optout.register import verify_certificate
    from optout.report import checked

    proved = verify_certificate(certificate, file, public_key, datetime.now(UTC) if current else None)
    told: dict[str, Any] = {"valid": True, **proved.payload}
    title = "有効 Valid: this file is the one the certificate was issued for"
    session.tell(told, lambda: [checked.certified(proved, title)], value=proved.id)
