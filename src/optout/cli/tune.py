"""What reviewers decided, held against the rules: a sheet to fill in, and the figures of a filled one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    import polars as pl

    from optout.screen import Tuning

_PANEL: Final = "名簿 Lists"
_EXAMPLE: Final = "optout tune suppression.db list.csv --out sheet.csv"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "tune", _EXAMPLE, _PANEL)(tune)


def tune(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the sheet to be filled in: .csv or .parquet."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE", help="The sheet, filled in: .csv, .tsv, .xlsx or .parquet."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="VERDICT",
            help="Pairs on the sheet: review (default), withhold, keep. Repeatable.",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", min=1, help="On the sheet: N rows a verdict, drawn at random."),
    ] = None,
    threshold: Annotated[
        list[float] | None,
        typer.Option("--threshold", metavar="BITS", help="A weight to try (default: ten). Repeatable."),
    ] = None,
    policy: options.Policy = "person",
    channel: options.Channel = "any",
    tenant: options.Tenant = None,
    columns: options.ColumnPairs = None,
    ignore: options.Ignore = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """What labelled review decisions say of the rules (規則の見積もり). Changes no rule.

    First with --out: the pairs of a screen as a sheet; it shows personal data (個人情報が入ります). A reviewer writes
    本人 (same) or 別人 (other) in the column 判断 decision. Then with --labels: false and missed matches per rule, and
    what a threshold of weight would do.
    """
    from optout.screen import label_sheet
    from optout.screen import screen as judged
    from optout.screen import tune as estimated

    if (out is None) == (labels is None):
        raise typer.BadParameter("give --out to make a sheet, or --labels to read one", param_hint="--out")
    with session.store(store) as opened, session.working("照合中 screening ..."):
        result = judged(
            file,
            opened,
            policy,
            channel,
            tenant,
            options.mapping(columns),
            ignore=options.left_out(ignore),
            encoding=encoding,
            sheet=sheet,
        )
        if labels is not None:
            _tell(session, estimated(result, labels, threshold or None), result.report)
            return
        made = label_sheet(result, include or ("review",), sample)
        opened.record("label_sheet", {"pairs": made.height, "sha256": result.source.sha256})
    assert out is not None  # noqa: S101 - one of the two was given
    _write(session, made, out)


def _tell(session: Session, tuning: Tuning, report: dict[str, Any]) -> None:
    from optout.report.tuned import tuned

    told = {
        "list": report["list"],
        "against": report["against"],
        "labelled": tuning.labelled,
        "undecided": tuning.undecided,
        "rules": tuning.rules.to_dicts(),
        "thresholds": tuning.thresholds.to_dicts(),
        "remarks": list(tuning.remarks),
    }
    session.tell(told, lambda: tuned(tuning), value=str(tuning.labelled))


def _write(session: Session, made: pl.DataFrame, out: Path) -> None:
    from optout.cli.tabular import write_table
    from optout.report.tuned import for_a_reviewer

    write_table(for_a_reviewer(made), out)
    session.remark("個人情報を含みます: the sheet shows personal data; keep it at the desk.")
    line = f"判断用の一覧 sheet: {made.height:,} pairs, {out}; 本人 (same) または 別人 (other) を記入してください"
    told = {"pairs": made.height, "out": str(out), "personal_data": True}
    session.tell(told, lambda: [line], value=str(made.height))
