"""A downloaded file of one of three kinds → what it says, checked, with its date and a digest of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from optout.atlas import abr, ken_all, mergers
from optout.atlas.file import Part, opened
from optout.errors import OptionError
from optout.schema import DType

_SLICE: Final = 65_536


class _Kind(NamedTuple):
    """How one kind of file is read.

    Attributes:
        read: One CSV file → frame.
        schema: Of that frame.
        scope: The column that says what it speaks of; it replaces what was known of these and of nothing else.
    """

    read: Callable[[Part], pl.DataFrame]
    schema: Mapping[str, DType]
    scope: str


_READERS: Final = {
    "ken-all": _Kind(ken_all.read, ken_all.SCHEMA, "prefecture"),
    "abr": _Kind(abr.read, abr.SCHEMA, "code"),
    "mergers": _Kind(mergers.read, mergers.SCHEMA, "prefecture"),
}
KINDS: Final = tuple(_READERS)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Extract:
    """What one import says.

    Attributes:
        kind: One of KINDS.
        frame: Its lines, in the schema of its kind.
        name: Name of the file without folder.
        as_of: The day it tells of: the last change in it for mergers, else what was given or the date of the file.
        sha256: Hex, over the file as it was.
    """

    kind: str
    frame: pl.DataFrame
    name: str
    as_of: date
    sha256: str

    @property
    def content(self) -> str:
        """SHA-256 (hex) over the lines: the same table in another encoding or archive has the same."""
        sha = hashlib.sha256(self.kind.encode())
        for part in self.frame.iter_slices(_SLICE):
            for column in part.get_columns():
                text = column.cast(pl.String)
                lengths = text.str.len_bytes().cast(pl.Int64).fill_null(-1)
                sha.update(f"{column.name}\0{part.height}\0".encode())
                sha.update(lengths.to_numpy().astype("<i8").tobytes() + text.str.join("").item().encode())
        return sha.hexdigest()

    @property
    def scope(self) -> frozenset[str]:
        """The prefectures, or for ABR the municipality codes, it speaks of."""
        return frozenset(self.frame[_READERS[self.kind].scope].unique())


def read(kind: str, path: Path, as_of: date | None = None) -> Extract:
    """Read a file of public address tables.

    Args:
        kind: One of KINDS.
        path: The .csv or .zip as it was downloaded, UTF-8 or CP932; all CSV files of an archive count.
        as_of: The day it tells of, when the date of the file is not to be trusted.

    Returns:
        What it says.

    Raises:
        OptionError: another kind.
        UnreadableFileError: no CSV or ZIP file.
        TableFileError: a file of another kind, or damaged.
    """
    if kind not in _READERS:
        raise OptionError("kind", KINDS)
    reader = _READERS[kind]
    download = opened(path)
    frame = pl.concat([reader.read(part) for part in download.parts]).unique(maintain_order=True)
    told = as_of or max(part.changed for part in download.parts)
    if kind == "mergers":
        told = date.fromisoformat(str(frame["date"].max()))
    return Extract(
        kind,
        frame.select(pl.col(name).cast(dtype) for name, dtype in reader.schema.items()),
        download.name,
        told,
        download.sha256,
    )
