"""An Excel workbook → the rows of the sheet that is a list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from optout.batch.heading import Columns
from optout.batch.source import BLOCK_BYTES, Block, Source

WORKBOOK_SIGN: Final = b"PK\x03\x04"


class WorkbookSource(Source):
    """A sheet of an Excel workbook."""

    def __init__(self, path: Path, sheet: str | None = None, columns: Columns = None) -> None:
        raise NotImplementedError

    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Slices of rows."""
        raise NotImplementedError
