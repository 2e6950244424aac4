"""Lists against the suppression list, and by themselves: screen, explain, columns, normalize."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from optout.cli import failure, options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.report.sheet import Sheet

_PANEL: Final = "名簿 Lists"
# Above this a list is streamed: what fits in memory on an office machine with room to spare.
_STREAM_BYTES: Final = 512 << 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "screen", "optout screen suppression.db list.csv --out screened", _PANEL)(screen)
    command(app, "explain", "optout explain suppression.db list.csv 41", _PANEL)(explain)
    command(app, "columns", "optout columns list.csv --columns name=契約者", _PANEL, opens_store=False)(
        columns
    )
    command(app, "normalize", "optout normalize list.csv --out normalized.csv", _PANEL, opens_store=False)(
        normalize
    )


def screen(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    out: options.Out,
    policy: options.Policy = "person",
    channel: options.Channel = "any",
    tenant: options.Tenant = None,
    columns: options.ColumnPairs = None,
    ignore: options.Ignore = None,
    encoding: options.Encoding = None,
    out_encoding: options.OutEncoding = None,
    sheet: options.SheetName = None,
    allow_empty: options.AllowEmpty = False,
    stream: Annotated[bool, typer.Option("--stream", help="Block by block; always so above 512 MB.")] = False,
) -> None:
    """Screen a list (照合) into kept, withheld and review.

    Writes kept.csv, withheld.csv, review.csv, quarantined.csv and report.json; rows keep their very bytes.
    """
    from optout.screen import screen as whole
    from optout.screen import screen_file

    question: dict[str, Any] = {
        "columns": options.mapping(columns),
        "ignore": options.left_out(ignore),
        "encoding": encoding,
        "sheet": sheet,
        "allow_empty": allow_empty,
    }
    with session.store(store) as opened:
        if stream or _is_large(file):
            with session.progress("照合中 screening") as shown:
                report = screen_file(
                    file,
                    opened,
                    out,
                    policy,
                    channel,
                    tenant,
                    out_encoding=out_encoding,
                    progress=shown,
                    **question,
                ).report
        else:
            with session.working("照合中 screening ..."):
                result = whole(file, opened, policy, channel, tenant, **question)
                result.write(out, out_encoding)
                report = result.report
    session.tell(
        {**report, "out": str(out)}, lambda: _screened(report, out), value=str(report["counts"]["keep"])
    )


def _is_large(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > _STREAM_BYTES


def _screened(report: dict[str, Any], out: Path) -> list[Sheet | str]:
    from optout.report import screened

    title = f"照合 Screen of {report['list']['name']}"
    return [
        screened.counts(report, title),
        screened.reasons(report),
        *screened.scopes(report),
        *screened.damage(report),
        "",
        *screened.remarks(report),
        screened.against(report),
        f"出力 files: {out} (kept.csv withheld.csv review.csv quarantined.csv report.json{_books(report)})",
    ]


def _books(report: dict[str, Any]) -> str:
    return " kept.xlsx withheld.xlsx review.xlsx" if report["list"].get("sheet") else ""


def explain(
    session: Session,
    store: options.StorePath,
    file: options.ListFile,
    row: Annotated[
        int, typer.Argument(metavar="ROW", min=0, help="Row number, 0 = first row under the header.")
    ],
    policy: options.Policy = "person",
    channel: options.Channel = "any",
    tenant: options.Tenant = None,
    columns: options.ColumnPairs = None,
    ignore: options.Ignore = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """Why a row was judged as it was. Shows personal data (個人情報が表示されます).

    Field by field, the row beside every entry that came near. The look is recorded in the audit.
    """
    from optout.errors import OptionError
    from optout.report.explained import explained
    from optout.screen import screen as judged

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
            allow_empty=True,
        )
        if row >= result.verdicts.height:
            raise OptionError("ROW", (f"0 to {result.verdicts.height - 1}",))
        comparison = result.explain(row)
        opened.record("explain", {"row": row, "sha256": result.source.sha256})
    verdict = result.verdicts.row(row, named=True)
    session.remark("個人情報を含みます: this shows personal data; keep it at the desk.")
    told = {**verdict, "personal_data": True, "comparison": comparison.to_dicts()}
    session.tell(told, lambda: explained(row, str(verdict["verdict"]), verdict["reason"], comparison))


def columns(
    session: Session,
    file: options.ListFile,
    columns: options.ColumnPairs = None,
    ignore: options.Ignore = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """How a list is understood (列の対応): the file, its header line, every column.

    Cells are counted, never shown. What cannot be told is asked, with the exit code a screen would have.
    """
    from optout.batch.inspection import inspect

    seen = inspect(file, options.mapping(columns), options.left_out(ignore), encoding, sheet)
    told = {
        "list": seen.name,
        **{name: getattr(seen, name) for name in ("kind", "encoding", "delimiter", "eol", "sheet")},
        "header_line": seen.header_line,
        "remarks": list(seen.remarks),
        "rows_looked_at": seen.rows,
        "columns": [asdict(column) for column in seen.columns],
        **{name: list(getattr(seen, name)) for name in ("unmapped", "identity_like", "sensitive")},
        "decisions": list(seen.decisions),
        "suggestion": list(seen.suggestion),
    }
    if seen.question is None:
        session.tell(told, lambda: _mapped(told))
    elif session.as_json:
        asked = failure.told(seen.question)
        session.fail(replace(asked, details={**asked.details, "known": told}))
        raise typer.Exit(seen.question.exit_code)
    else:
        session.tell(told, lambda: _mapped(told))
        raise seen.question


def _mapped(told: dict[str, Any]) -> list[Sheet | str]:
    from optout.report.columns import file_facts, understood

    return [file_facts(told), understood(told)]


def normalize(
    session: Session,
    file: options.ListFile,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=".csv or .parquet; without it CSV on stdout.")
    ] = None,
    columns: options.ColumnPairs = None,
    ignore: options.Ignore = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """The comparable columns of a list (正規化).

    Names, addresses and numbers in one spelling each. Shows personal data: it is the list itself.
    """
    from optout.cli.tabular import csv_of, write_table
    from optout.screen import normalize as comparable

    with session.working("正規化中 normalizing ..."):
        frame = comparable(
            file,
            options.mapping(columns),
            ignore=options.left_out(ignore),
            encoding=encoding,
            sheet=sheet,
        )
    if out is not None:
        write_table(frame, out)
        told = {"rows": frame.height, "columns": frame.columns, "out": str(out)}
        session.tell(told, lambda: [f"正規化 normalized: {frame.height:,} lines, {out}"])
    elif session.as_json:
        session.tell({"rows": frame.height, "lines": frame.to_dicts()}, list)
    else:
        sys.stdout.write(f"{csv_of(frame)}\n")
