"""A location → the holding that is there: a file, or a table of a database."""

from __future__ import annotations

import os
from pathlib import Path

from optout.batch.heading import Columns
from optout.errors import UnreadableFileError
from optout.holdings.files import HeldFile
from optout.holdings.held import Held


def opened(
    location: str | os.PathLike[str],
    columns: Columns = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Held:
    """Open a list that is held; what is there is looked at when something is asked of it.

    Args:
        location: Path of a CSV, TSV, TXT, Parquet or XLSX file, or the address of a database with a table behind
            "#": ``sqlite:///office.db#people``, ``postgresql://user@host/office#schema.people``.
        columns: As for `recognise`; of a file.
        encoding: Of a text file, when it should not be found out.
        sheet: Of a workbook, when several look like lists.

    Returns:
        The holding.

    Raises:
        UnreadableFileError: an address that cannot be read, or SQLAlchemy is not installed (optout[sql]).
    """
    text = os.fspath(location)
    if "://" in text:
        return _table(text)
    return HeldFile(Path(text), columns, encoding, sheet)


def _table(text: str) -> Held:
    try:
        from optout.holdings.sql import HeldTable
    except ModuleNotFoundError as missing:
        if missing.name != "sqlalchemy":
            raise
        why = "is in a database, and SQLAlchemy is not installed"
        raise UnreadableFileError("the table", why, "Install optout[sql].") from None
    return HeldTable(text)
