"""A downloaded CSV, or a ZIP archive of CSV files → text in UTF-8, its date and its hash.

Source: Japan Post, the Digital Agency and e-Stat offer CSV in UTF-8 or CP932, mostly inside .zip; what a ZIP
directory says of a file's date survives the download, the date of the archive does not.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from optout.batch import codec
from optout.errors import UnreadableFileError

_ZIP_SIGN: Final = b"PK\x03\x04"
_BOM: Final = b"\xef\xbb\xbf"
# The largest, mt_town_all.csv, has some 700,000 lines of 350 bytes.
MOST_BYTES: Final = 2 << 30
_NO_DATE: Final = date(1980, 1, 1)  # a ZIP entry without one
_CHUNK: Final = 1 << 20


class Part(NamedTuple):
    """One CSV file.

    Attributes:
        name: Without folder.
        text: UTF-8, without a byte order mark.
        changed: When it was last changed, as the archive or the file system says.
    """

    name: str
    text: bytes
    changed: date


class Download(NamedTuple):
    """What a file holds.

    Attributes:
        name: Name of the file without folder.
        sha256: Hex, over the file as it is.
        parts: The CSV files in it; at least one.
    """

    name: str
    sha256: str
    parts: list[Part]


def opened(path: Path) -> Download:
    """Read a CSV file, or the CSV files of a ZIP archive.

    Raises:
        UnreadableFileError: missing, a folder, too large, neither CSV nor ZIP, or in another encoding.
    """
    try:
        if path.is_dir():
            raise UnreadableFileError(path.name, "is a folder", "Give one file.")
        if path.stat().st_size > MOST_BYTES:
            raise _too_large(path.name)
        content = path.read_bytes()
        changed = date.fromtimestamp(path.stat().st_mtime)
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise UnreadableFileError(path.name, why, "Check the path and its rights.") from None
    parts = (
        _unpacked(path, changed) if content.startswith(_ZIP_SIGN) else [_part(path.name, content, changed)]
    )
    return Download(path.name, hashlib.sha256(content).hexdigest(), parts)


def _unpacked(path: Path, changed: date) -> list[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = list(_csv_files(archive))
            if sum(info.file_size for info in inside) > MOST_BYTES:
                raise _too_large(path.name)
            parts = [
                _part(Path(info.filename).name, _read(archive, info), _date(info, changed)) for info in inside
            ]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise UnreadableFileError(path.name, "is a damaged ZIP archive", "Download it again.") from None
    if not parts:
        next_step = "Give the .zip or .csv as it was downloaded."
        raise UnreadableFileError(path.name, "is an archive without a CSV file", next_step)
    return parts


def _csv_files(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    for info in archive.infolist():
        hidden = info.filename.startswith("__MACOSX/")
        if info.filename.lower().endswith(".csv") and not hidden:
            yield info


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes that really come out: a declared size can lie."""
    content = bytearray()
    with archive.open(info) as file:
        while chunk := file.read(_CHUNK):
            content += chunk
            if len(content) > MOST_BYTES:
                raise _too_large(info.filename)
    return bytes(content)


def _date(info: zipfile.ZipInfo, otherwise: date) -> date:
    try:
        told = date(*info.date_time[:3])
    except ValueError:
        return otherwise
    return otherwise if told == _NO_DATE else told


def _part(name: str, content: bytes, changed: date) -> Part:
    content = content.removeprefix(_BOM)
    if b"\0" in content[:_CHUNK]:
        raise UnreadableFileError(name, "is not a text file", "Give the .csv or .zip as it was downloaded.")
    if codec.UTF_8.first_undecodable(content) is None:
        return Part(name, content, changed)
    try:
        return Part(name, b"".join(codec.CP932.to_utf8(content)), changed)
    except UnicodeDecodeError:
        why = "is neither UTF-8 nor CP932 (Shift_JIS)"
        raise UnreadableFileError(name, why, "Give the file as it was downloaded.") from None


def _too_large(name: str) -> UnreadableFileError:
    why = f"is larger than {MOST_BYTES >> 30} GB, as no address table is"
    return UnreadableFileError(name, why, "Check that this is the file you meant.")
