"""How far a streamed screen has come: rows and bytes, no clock; rate and time left are the caller's to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from optout.batch import Block, ParquetSource, Source
from optout.batch.workbook import WorkbookSource


@dataclass(frozen=True, slots=True)
class Progress:
    """What a streamed screen has done so far.

    Attributes:
        rows: Rows judged and written.
        done_bytes: Bytes of the file behind them; where rows have no place in the file, their share of it.
        total_bytes: Size of the file.
    """

    rows: int
    done_bytes: int
    total_bytes: int

    @property
    def share(self) -> float:
        """Between 0 and 1.

        Examples:
            >>> Progress(rows=10, done_bytes=250, total_bytes=1000).share
            0.25
        """
        return min(1.0, self.done_bytes / self.total_bytes) if self.total_bytes else 1.0


Listener: TypeAlias = Callable[[Progress], None]


class Meter:
    """Tells a listener after each block.

    Args:
        source: What is being read.
        listener: Called with each Progress; whatever it raises ends the screen and leaves nothing behind.
    """

    def __init__(self, source: Source, listener: Listener | None) -> None:
        self._source, self._listener = source, listener
        self._total = source.path.stat().st_size if source.path else 0

    def at(self, block: Block) -> Progress:
        """Where the screen stands once a block is done."""
        rows = block.first_row + block.frame.height
        return Progress(rows, self._bytes(block, rows), self._total)

    def tell(self, progress: Progress) -> None:
        """So far everything is done."""
        if self._listener is not None:
            self._listener(progress)

    def end(self, rows: int) -> None:
        """Everything is done: also what follows the last block, or a source that cannot tell places."""
        self.tell(Progress(rows, self._total, self._total))

    def _bytes(self, block: Block, rows: int) -> int:
        if block.end:
            return block.end
        height = _height(self._source)
        return self._total * rows // height if height else 0


def _height(source: Source) -> int:
    """Rows there are, where that is known from the start; else 0."""
    if isinstance(source, ParquetSource):
        return source.height
    return len(source.sheet_rows) if isinstance(source, WorkbookSource) else 0
