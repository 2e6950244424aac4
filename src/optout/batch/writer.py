"""Rows and verdicts → kept.csv, withheld.csv, review.csv and quarantined.csv, for a workbook kept.xlsx and so on
too: all of them, or none.

From a text file the bytes of header and records are copied, never decoded and encoded again: 398 of the
9,604 double-byte codes of CP932 do not survive that. Another encoding is made only when asked for.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout import schema
from optout.batch.ahead import ahead
from optout.batch.codec import Codec, canonical, codec_of, mark_of
from optout.batch.delimited import DelimitedSource, spans
from optout.batch.encoding import sha256
from optout.batch.records import Positions
from optout.batch.source import Block, Source
from optout.batch.staged import StagedFile, sweep, sync_folder
from optout.batch.workbook import WorkbookSource
from optout.errors import ConservationError, OptionError, UnencodableError, UnreadableFileError

FILES: Final[Mapping[str, str]] = MappingProxyType(
    {"keep": "kept.csv", "withhold": "withheld.csv", "review": "review.csv"}
)
QUARANTINED: Final = "quarantined.csv"
# Beside the CSV files, when the list came as a workbook: the same rows with their formats.
BOOKS: Final[Mapping[str, str]] = MappingProxyType(
    {"keep": "kept.xlsx", "withhold": "withheld.xlsx", "review": "review.xlsx"}
)
_COPY_BYTES: Final = 16 << 20
_ROWS_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that stands under its final name.

    Attributes:
        path: Where.
        rows: Records in it, without the header.
        sha256: Hash (hex) of its bytes.
    """

    path: Path
    rows: int
    sha256: str


class SplitWriter:
    """Writes the four files of a screen block by block; nothing has a final name before `commit`.

    Args:
        source: Where the blocks come from.
        out: Folder, made if missing. Files of a former run are replaced.
        encoding: One of `codec.ENCODINGS`; by default that of the source, UTF-8 for frames, with the mark Excel
            needs for workbooks.

    Examples:
        >>> import tempfile
        >>> from optout.batch.reader import open_batch
        >>> source = open_batch(pl.DataFrame({"氏名": ["見本 一郎", "見本 花子"]}))
        >>> verdicts = pl.Series(["keep", "withhold"], dtype=schema.VERDICT)
        >>> with tempfile.TemporaryDirectory() as out:
        ...     files = write_split(source, verdicts, Path(out))
        ...     files["kept.csv"].path.read_text("utf-8"), files["withheld.csv"].rows
        ('氏名\\n見本 一郎\\n', 1)
    """

    def __init__(self, source: Source, out: Path, encoding: str | None = None) -> None:
        asked = canonical(encoding) if encoding else None
        out.mkdir(parents=True, exist_ok=True)
        _require_elsewhere(source, out)
        self._source, self._out = source, out
        self._copier: _Bytes | _Frames
        if isinstance(source, DelimitedSource):
            self._copier = _Bytes(source, asked if asked != source.encoding else None)
        else:
            unasked = "utf-8-sig" if isinstance(source, WorkbookSource) else "utf-8"
            self._copier = _Frames(source, asked or unasked)
        self._books = _Books(source, out) if isinstance(source, WorkbookSource) else None
        self._rows = dict.fromkeys((*FILES.values(), QUARANTINED), 0)
        self._unencodable: list[int] = []
        self._staged: dict[str, StagedFile] = {}
        try:
            for name in self._rows:
                sweep(out / name)
                self._staged[name] = StagedFile(out / name)
                self._staged[name].write(self._copier.header(raw=name == QUARANTINED))
        except BaseException:
            self.abort()
            raise

    def add(self, block: Block, verdicts: pl.Series) -> None:
        """Append a block's rows, each to the file its verdict names, and its quarantined records.

        Args:
            block: A block of the source; blocks come in order.
            verdicts: schema.VERDICT, one per parsed row of the block, no nulls.

        Raises:
            ConservationError: not one verdict per row.
        """
        if len(verdicts) != block.frame.height or verdicts.null_count():
            raise ConservationError(block.frame.height, len(verdicts) - verdicts.null_count())
        codes = verdicts.cast(schema.VERDICT).to_physical().to_numpy()
        if self._books is not None:
            self._books.codes.append(codes)
        for slices in ahead(self._split(block, codes)):
            for name, text, n_rows, unencodable in slices:
                self._unencodable += unencodable
                self._staged[name].write(text)
                self._rows[name] += n_rows
        self._staged[QUARANTINED].write(self._copier.quarantined(block))
        self._rows[QUARANTINED] += block.quarantined.height

    def _split(
        self, block: Block, codes: npt.NDArray[np.generic]
    ) -> Iterator[list[tuple[str, bytes, int, list[int]]]]:
        """Slice by slice what belongs into each file: its text, how many rows, and those it cannot hold."""
        for first, last in self._copier.slices(block):
            pieces, found = self._copier.read(block, first, last), []
            for code, name in enumerate(FILES.values()):
                wanted = codes[first:last] == code
                text, bad = pieces.take(wanted)
                found.append((name, text, int(wanted.sum()), (bad + block.first_row + first).tolist()))
            del pieces
            yield found

    def commit(self) -> dict[str, WrittenFile]:
        """Give the files their final names.

        Raises:
            UnencodableError: rows hold characters the encoding lacks; no file was placed.
            UnreadableFileError: the source changed while it was read; no file was placed.
            HoldingLockedError: a file of a former run is open elsewhere; files before it were replaced.
        """
        try:
            written = self.written()
            self._check()
            for staged in self._every():
                staged.place()
        finally:
            self.abort()
        sync_folder(self._out)
        return written

    def written(self) -> dict[str, WrittenFile]:
        """Name → what was written, and where it will stand; after the last block."""
        texts = {
            name: WrittenFile(staged.final, self._rows[name], staged.sha256)
            for name, staged in self._staged.items()
        }
        return texts if self._books is None else texts | self._books.written()

    def abort(self) -> None:
        """Remove whatever has no final name yet."""
        for staged in self._every():
            staged.discard()

    def _every(self) -> list[StagedFile]:
        return [*self._staged.values(), *(self._books.staged.values() if self._books else ())]

    def _check(self) -> None:
        """The files can be placed, and are on the disk: the list is read again while the disk is waited for."""
        if self._unencodable:
            rows = sorted(self._unencodable)
            raise UnencodableError(self._copier.encoding, len(rows), tuple(rows[:_ROWS_NAMED]))
        with ThreadPoolExecutor(1) as beside:
            unchanged = beside.submit(self._source.unchanged)
            for staged in self._every():
                staged.close()
        if not unchanged.result():
            raise UnreadableFileError(self._source.name, "changed while it was being read", "Run it again.")


def write_split(
    source: Source, verdict_of_row: pl.Series, out: Path, encoding: str | None = None
) -> dict[str, WrittenFile]:
    """Write all rows of a source by verdict: `SplitWriter` in one call.

    Args:
        source: The batch, read whole.
        verdict_of_row: schema.VERDICT, one per parsed row, input order.
        out: Folder, made if missing.
        encoding: one of `codec.ENCODINGS`; by default that of the source, UTF-8 for frames.

    Returns:
        File name → what was written; all four files, also those without rows.

    Raises:
        ConservationError, UnencodableError, UnreadableFileError, HoldingLockedError: see `SplitWriter`.
    """
    writer = SplitWriter(source, out, encoding)
    try:
        writer.add(source.whole, verdict_of_row)
        return writer.commit()
    finally:
        writer.abort()


class _Books:
    """Workbooks of the rows by verdict, written at once when all verdicts are known."""

    def __init__(self, source: WorkbookSource, out: Path) -> None:
        self._source = source
        self.codes: list[npt.NDArray[np.uint32]] = []
        self.staged: dict[str, StagedFile] = {}
        self._written: dict[str, WrittenFile] = {}
        for name in BOOKS.values():
            sweep(out / name)
        self._finals = {name: out / name for name in BOOKS.values()}

    def written(self) -> dict[str, WrittenFile]:
        # Here: it loads much that no text file needs.
        from optout.batch.workbook_copy import split_workbook

        if not self._written:
            self.staged = {name: StagedFile(final) for name, final in self._finals.items()}
            with ExitStack() as lent:
                for staged in self.staged.values():
                    lent.enter_context(staged.lent())
                targets = {code: staged.temp for code, staged in enumerate(self.staged.values())}
                rows = split_workbook(
                    self._source, np.concatenate([*self.codes, []]).astype(np.int64), targets
                )
            self._written = {
                name: WrittenFile(staged.final, rows[code], sha256(staged.temp))
                for code, (name, staged) in enumerate(self.staged.items())
            }
        return self._written


class _Frames:
    """Rows of a frame or Parquet file, as CSV in a given encoding."""

    def __init__(self, source: Source, encoding: str) -> None:
        self.encoding = encoding
        self._codec = codec_of(encoding)
        self._headers = source.headers
        # Those of the text file the frame was made from, if it was.
        self._delimiter, self._eol = source.delimiter or ",", source.eol or "\n"

    def header(self, raw: bool) -> bytes:
        line = io.StringIO()
        cells = list(schema.QUARANTINE_SCHEMA) if raw else self._headers
        csv.writer(line, delimiter=self._delimiter, lineterminator=self._eol).writerow(cells)
        return _encoded_header(line.getvalue(), self.encoding)

    def slices(self, block: Block) -> Iterator[tuple[int, int]]:
        yield 0, block.frame.height

    def read(self, block: Block, first: int, last: int) -> _FramePieces:
        rows = block.frame if block.original is None else block.original
        return _FramePieces(rows[first:last], self._codec, self._delimiter, self._eol)

    def quarantined(self, block: Block) -> bytes:
        """Line and why: there are no bytes to copy."""
        text = block.quarantined.write_csv(
            include_header=False, separator=self._delimiter, line_terminator=self._eol
        )
        return self._codec.encode(text)


@dataclass(frozen=True, slots=True, repr=False)
class _FramePieces:
    rows: pl.DataFrame
    codec: Codec
    delimiter: str
    eol: str

    def take(self, wanted: npt.NDArray[np.bool_]) -> tuple[bytes, Positions]:
        chosen = self.rows.filter(pl.Series(wanted))
        text = chosen.write_csv(include_header=False, separator=self.delimiter, line_terminator=self.eol)
        with suppress(UnicodeEncodeError):
            return self.codec.encode(text), np.empty(0, np.int64)
        lacking = [char for char in set(text) if not _encodes(char, self.codec)]
        hit = chosen.select(pl.any_horizontal(pl.all().cast(pl.String).str.contains_any(lacking))).to_series()
        return b"", np.flatnonzero(wanted)[hit.fill_null(False).to_numpy()]


class _Bytes:
    """Records of a text file, byte for byte, or put into another encoding with their quotes as they are."""

    def __init__(self, source: DelimitedSource, target: str | None) -> None:
        self._source, self._target = source, target
        self._codec = source.codec
        self.encoding = target or source.encoding

    def header(self, raw: bool) -> bytes:
        written = self._source.header_bytes()
        if raw or self._target is None:
            return written
        return _encoded_header(self._codec.decode(written[self._source.bom :]), self._target)

    def slices(self, block: Block) -> Iterator[tuple[int, int]]:
        first = 0
        while first < block.frame.height:
            limit = block.starts[first] + _COPY_BYTES
            last = max(first + 1, int(np.searchsorted(block.ends, limit, side="right")))
            yield first, last
            first = last

    def read(self, block: Block, first: int, last: int) -> _BytePieces:
        starts, ends = block.starts[first:last], block.ends[first:last]
        piece = self._span(int(starts[0]), int(ends[-1]))
        target = codec_of(self._target) if self._target else None
        return _BytePieces(piece, starts - starts[0], ends - starts[0], self._codec, target)

    def quarantined(self, block: Block) -> bytes:
        """The raw lines: what cannot be read cannot be put into another encoding."""
        everything = np.ones(len(block.bad_starts), bool)
        found = spans(everything, block.bad_starts, block.bad_ends)
        return b"".join(self._span(begin, end) for begin, end in found)

    def _span(self, start: int, end: int) -> bytes:
        with self._source.path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class _BytePieces:
    piece: bytes
    starts: Positions
    ends: Positions
    codec: Codec
    target: Codec | None

    def take(self, wanted: npt.NDArray[np.bool_]) -> tuple[bytes, Positions]:
        view = memoryview(self.piece)
        raw = b"".join(view[begin:end] for begin, end in spans(wanted, self.starts, self.ends))
        if self.target is None:
            return raw, np.empty(0, np.int64)
        with suppress(UnicodeEncodeError):
            return self.target.encode(self.codec.decode(raw)), np.empty(0, np.int64)
        bad = [row for row in np.flatnonzero(wanted).tolist() if not _encodes(self._text(row), self.target)]
        return b"", np.array(bad, np.int64)

    def _text(self, row: int) -> str:
        return self.codec.decode(self.piece[self.starts[row] : self.ends[row]])


def _require_elsewhere(source: Source, out: Path) -> None:
    """A list must not be replaced by its own kept rows."""
    names = (*FILES.values(), QUARANTINED, *BOOKS.values())
    if source.path and any((out / name).exists() and (out / name).samefile(source.path) for name in names):
        raise OptionError("out", ["a folder other than the one of the list itself"])


def _encodes(text: str, codec: Codec) -> bool:
    try:
        codec.encode(text)
    except UnicodeEncodeError:
        return False
    return True


def _encoded_header(text: str, encoding: str) -> bytes:
    try:
        return mark_of(encoding) + codec_of(encoding).encode(text)
    except UnicodeEncodeError:
        raise UnencodableError(encoding, 1, ()) from None
