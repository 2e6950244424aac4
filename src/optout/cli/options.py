"""Arguments and options that several commands take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

StorePath: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="STORE", help="The suppression list (停止リスト): a file, or postgresql://user@host/database."
    ),
]
ListFile: TypeAlias = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A list: .csv, .tsv, .txt, .xlsx or .parquet.", show_default=False),
]
Policy: TypeAlias = Annotated[
    str, typer.Option("--policy", metavar="POLICY", help="person, or household to withhold relatives too.")
]
Channel: TypeAlias = Annotated[
    str,
    typer.Option(
        "--channel", metavar="CHANNEL", help="Use of the list: mail, phone, fax, email, sms or any."
    ),
]
Tenant: TypeAlias = Annotated[
    str | None, typer.Option("--tenant", metavar="NAME", help="Whose own list counts beside the global one.")
]
ColumnPairs: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="FIELD=HEADER",
        help="What a column is, e.g. name=氏名, or name=0 by its place from 0 (no header 0). Repeatable.",
    ),
]
Ignore: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore", metavar="HEADER", help="A column to leave out, by header or place from 0. Repeatable."
    ),
]
Encoding: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="NAME", help="文字コード: cp932, utf-8, euc-jp ..., if not to be found out."
    ),
]
OutEncoding: TypeAlias = Annotated[
    str | None,
    typer.Option("--out-encoding", metavar="NAME", help="Of the files written; by default that of the list."),
]
SheetName: TypeAlias = Annotated[
    str | None,
    typer.Option("--sheet", metavar="NAME", help="シート: of a workbook in which several look like lists."),
]
AllowEmpty: TypeAlias = Annotated[
    bool, typer.Option("--allow-empty", help="Screen even when the store holds nothing.")
]
Out: TypeAlias = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for the results.", show_default=False)
]


def mapping(pairs: Sequence[str] | None) -> dict[str, list[str | int]] | None:
    """`field=header` pairs → field → headers or places in order; None when there are none."""
    told: dict[str, list[str | int]] = {}
    for pair in pairs or ():
        field, equals, header = pair.partition("=")
        if not (field.strip() and equals and header):
            raise typer.BadParameter("give FIELD=HEADER, e.g. --columns name=氏名", param_hint="--columns")
        told.setdefault(field.strip(), []).append(_which(header))
    return told or None


def left_out(headers: Sequence[str] | None) -> tuple[str | int, ...]:
    """Headers or places to ignore."""
    return tuple(map(_which, headers or ()))


def _which(header: str) -> str:
    """A header; digits no header is made of are a place, for a list without a header line has no other name."""
    from optout.batch.heading import HeaderOrPlace

    return HeaderOrPlace(header) if header.isascii() and header.isdigit() else header
