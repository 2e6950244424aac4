"""Arguments and options that several commands take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

StorePath: TypeAlias = Annotated[
    Path, typer.Argument(metavar="STORE", help="The suppression list (停止リスト).")
]
ListFile: TypeAlias = Annotated[
    Path, typer.Argument(metavar="FILE", help="A list: .csv, .tsv, .txt or .parquet.", show_default=False)
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
    typer.Option("--columns", metavar="FIELD=HEADER", help="What a column is, e.g. name=氏名. Repeatable."),
]
Ignore: TypeAlias = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="HEADER", help="A column to leave out. Repeatable.")
]
Encoding: TypeAlias = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="utf-8, utf-8-sig or cp932, if not to be found out."),
]
AllowEmpty: TypeAlias = Annotated[
    bool, typer.Option("--allow-empty", help="Screen even when the store holds nothing.")
]
Out: TypeAlias = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for the results.", show_default=False)
]


def mapping(pairs: Sequence[str] | None) -> dict[str, list[str]] | None:
    """`field=header` pairs → field → headers in order; None when there are none."""
    told: dict[str, list[str]] = {}
    for pair in pairs or ():
        field, equals, header = pair.partition("=")
        if not (field.strip() and equals and header):
            raise typer.BadParameter("give FIELD=HEADER, e.g. --columns name=氏名", param_hint="--columns")
        told.setdefault(field.strip(), []).append(header)
    return told or None
