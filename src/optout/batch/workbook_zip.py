"""A ZIP container → the parts of a workbook, inflated under limits and weighed before anybody parses them.

Source: ECMA-376 part 2 (Open Packaging Conventions); APPNOTE.TXT 6.3 (ZIP). Declared sizes can lie, so the
bytes that really come out are counted. What two readers might understand differently (two parts of one name,
overlapping parts, bytes before or behind the archive) is refused.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from optout.errors import UnreadableFileError, UnsafeWorkbookError

# A workbook of 255 sheets, each with drawings, comments and tables, has some 2,000 parts.
MOST_PARTS: Final = 10_000
_MOST_DIRECTORY: Final = 4 << 20
# Measured: 1,048,576 rows × 20 addresses written into the cells are 2.0 GB, as shared strings 0.9 GB.
MOST_INFLATED: Final = 4 << 30
# Measured: lists 9-40, one text repeated in cells without references 192; a bomb is near the 1,032 of deflate.
MOST_RATIO: Final = 300
# Below this no ratio does harm.
_RATIO_COUNTS_FROM: Final = 16 << 20
# Parts that are read whole: styles of the worst grown workbooks are some 20 MB.
_MOST_WHOLE: Final = 64 << 20
_CHUNK: Final = 1 << 20

_END: Final = struct.Struct("<4s4H2LH")
_END_SIGN: Final = b"PK\x05\x06"
_LOCATOR: Final = struct.Struct("<4sLQL")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_LOCAL_SIGN: Final = b"PK\x03\x04"
_ENCODING: Final = re.compile(rb"""^<\?xml[^>]*\sencoding=["']([^"']*)["']""")
_UTF8: Final = (b"utf-8", b"utf8", b"us-ascii")
_BOM: Final = b"\xef\xbb\xbf"

SAVE_AGAIN: Final = (
    "Open it in Excel, save it as Excel ブック (.xlsx) with 名前を付けて保存, and give that file."
)


def damaged(name: str, why: str) -> UnreadableFileError:
    """The error of a workbook that is not as Excel writes one."""
    return UnreadableFileError(name, f"is a damaged or incomplete Excel workbook ({why})", SAVE_AGAIN)


class Package:
    """The parts of a container by name (lower case, "/"); names and sizes are checked, contents as they are read.

    Attributes:
        path: The file.
        name: Its name without folder.
        parts: What the directory says.

    Raises:
        UnreadableFileError: no sound ZIP file.
        UnsafeWorkbookError: too many parts, or they would unpack to too much.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        with path.open("rb") as file:
            self.parts = _parts(file, path.name)
        self._inflated: dict[str, int] = {}
        if sum(info.file_size for info in self.parts.values()) > MOST_INFLATED:
            raise self._too_big()

    def __contains__(self, part: str) -> bool:
        return part in self.parts

    def read(self, part: str) -> bytes:
        """A small part as a whole.

        Raises:
            UnreadableFileError: missing or damaged.
            UnsafeWorkbookError: it is not small.
        """
        content = bytearray()
        for chunk in self.chunks(part):
            content += chunk
            if len(content) > _MOST_WHOLE:
                raise self._too_big()
        return bytes(content)

    def head(self, part: str, length: int) -> bytes:
        """The first bytes of a part of any kind."""
        with self.path.open("rb") as file:
            return next(_inflated(file, self.parts[part], self.name), b"")[:length]

    def chunks(self, part: str) -> Iterator[bytes]:
        """A part of XML in UTF-8, piece by piece; its size, ratio and checksum are checked on the way.

        Raises:
            UnreadableFileError: missing, damaged, in another encoding or with a document type declaration.
            UnsafeWorkbookError: it inflates beyond a limit.
        """
        if part not in self.parts:
            raise damaged(self.name, f"{part} is missing")
        info, size, tail = self.parts[part], 0, b""
        self._weigh(part, info.file_size)
        with self.path.open("rb") as file:
            for chunk in _inflated(file, info, self.name):
                if not size:
                    self._require_utf8(chunk)
                # Entities of a document type can unfold to anything; a workbook never has one.
                if b"<!DOCTYPE" in tail + chunk:
                    raise damaged(self.name, "a part declares a document type")
                size, tail = size + len(chunk), chunk[-8:]
                self._weigh(part, size)
                yield chunk

    def _weigh(self, part: str, size: int) -> None:
        self._inflated[part] = max(size, self._inflated.get(part, 0))
        ratio = size / max(self.parts[part].compress_size, 1)
        if sum(self._inflated.values()) > MOST_INFLATED or (size > _RATIO_COUNTS_FROM and ratio > MOST_RATIO):
            raise self._too_big()

    def _too_big(self) -> UnsafeWorkbookError:
        return UnsafeWorkbookError(self.name, "it would unpack to more than any list (a ZIP bomb)")

    def _require_utf8(self, head: bytes) -> None:
        text = head.removeprefix(_BOM).lstrip()
        encoding = _ENCODING.match(text)
        if not text.startswith(b"<") or (encoding and encoding[1].lower() not in _UTF8):
            raise damaged(self.name, "a part is not XML in UTF-8")


def _parts(file: BinaryIO, name: str) -> Mapping[str, zipfile.ZipInfo]:
    directory = _directory(file, name)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError, OSError):
        raise damaged(name, "its directory cannot be read") from None
    if len(entries) > MOST_PARTS:
        raise UnsafeWorkbookError(name, f"it has more than {MOST_PARTS:,} parts")
    _require_no_overlap(entries, directory, name)
    files = [entry for entry in entries if not entry.is_dir()]
    parts = {entry.filename.replace("\\", "/").lstrip("/").lower(): entry for entry in files}
    if len(parts) != len(files):
        raise damaged(name, "two parts have one name")
    return parts


def _directory(file: BinaryIO, name: str) -> int:
    """Where the directory starts: of sane size, right before the end record, which is the very end."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - 0xFFFF))
    tail = file.read()
    at = tail.rfind(_END_SIGN)
    if at < 0 or len(tail) - at < _END.size:
        raise damaged(name, "its end is missing")
    start: int
    _, _, _, _, entries, length, start, comment = _END.unpack_from(tail, at)
    end = size - len(tail) + at
    if 0xFFFFFFFF in (length, start) or entries == 0xFFFF:
        length, start, end = _end64(file, end, name)
    if length > _MOST_DIRECTORY:
        raise UnsafeWorkbookError(name, f"it has more than {MOST_PARTS:,} parts")
    if at + _END.size + comment != len(tail) or start + length != end:
        raise damaged(name, "it has bytes before or behind the archive")
    return start


def _end64(file: BinaryIO, end: int, name: str) -> tuple[int, int, int]:
    """Length, start and end of the directory of a ZIP64 archive."""
    try:
        file.seek(end - _LOCATOR.size)
        sign, _, at, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
        file.seek(at)
        record = _END64.unpack(file.read(_END64.size))
    except (struct.error, OSError, ValueError, OverflowError):
        raise damaged(name, "its end is missing") from None
    if sign != b"PK\x06\x07" or record[0] != b"PK\x06\x06":
        raise damaged(name, "its end is missing")
    return record[8], record[9], at


def _require_no_overlap(entries: list[zipfile.ZipInfo], directory: int, name: str) -> None:
    """Parts that share bytes are how a small file unpacks to any size."""
    spans = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    ends = [start + _LOCAL.size + length for start, length in spans]
    starts = [*(start for start, _ in spans), directory]
    if any(end > following for end, following in zip(ends, starts[1:], strict=True)):
        raise UnsafeWorkbookError(name, "its parts overlap (a ZIP bomb)")


def _inflated(file: BinaryIO, info: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    """What really comes out of a part; it must be what the directory promised."""
    _seek_content(file, info, name)
    size, checksum = 0, 0
    try:
        for chunk in _raw(file, info) if info.compress_type == zipfile.ZIP_STORED else _unpacked(file, info):
            size, checksum = size + len(chunk), zlib.crc32(chunk, checksum)
            yield chunk
    except zlib.error:
        raise damaged(name, "a part cannot be unpacked") from None
    if size != info.file_size or checksum != info.CRC:
        raise damaged(name, "a part is not what the directory says")


def _seek_content(file: BinaryIO, info: zipfile.ZipInfo, name: str) -> None:
    if info.flag_bits & 1:
        raise UnreadableFileError(
            name, "is an archive with a password", "Unpack it and give the file inside."
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise damaged(name, "a part is packed in an unusual way")
    file.seek(info.header_offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_SIGN):
        raise damaged(name, "a part is not where the directory says")
    *_, name_length, extra_length = _LOCAL.unpack(header)
    file.seek(name_length + extra_length, 1)


def _raw(file: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    left = info.compress_size
    while left and (chunk := file.read(min(left, _CHUNK))):
        left -= len(chunk)
        yield chunk


def _unpacked(file: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    for packed in _raw(file, info):
        while packed and not unpacker.eof:
            if chunk := unpacker.decompress(packed, _CHUNK):
                yield chunk
            packed = unpacker.unconsumed_tail
    while not unpacker.eof and (chunk := unpacker.decompress(b"", _CHUNK)):
        yield chunk
