"""The bytes of a text file → its encoding: UTF-8 (with or without BOM) or CP932, decided over the whole file.

Source: Unicode 15.1 §23.8 (BOM); Windows code page 932, which Japanese Excel writes (never "shift_jis":
it lacks ①, ㈱ and 髙). The encoding that leaves the fewest lines undecodable wins, UTF-8 on a tie and when
as many Japanese lines are valid UTF-8 as are not: nearly any bytes are some CP932. It does not fit if it
leaves more than one line in a thousand (in a short file: more than ten lines, or one in ten). One pass
also takes the SHA-256 and looks for signs of a binary file.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from optout.errors import OptionError, UnreadableFileError

BOM: Final = b"\xef\xbb\xbf"
_ALIASES: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "utf8-sig": "utf-8-sig",
    "cp932": "cp932",
    "sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "windows-31j": "cp932",
    "ms932": "cp932",
}
ENCODINGS: Final = ("utf-8", "utf-8-sig", "cp932")
HEAD_BYTES: Final = 1 << 20
_UNDECODABLE_AT_MOST: Final = 0.001
# A damaged line in a list of a hundred is a line for quarantine, not a list nobody can read.
_ALWAYS_BEARABLE: Final = 10
_CHUNK: Final = 1 << 18
_QUOTED: Final = re.compile(rb'"[^"]*"')
# What takes three bytes in UTF-8, kana and kanji among it: CP932 text is almost never valid there.
_FIRST_OF_THREE_BYTES: Final = "\u0800"

_SAVE_AS_CSV: Final = (
    "Open it in Excel, save it as CSV (CSV UTF-8) and give that file; Excel files come with a later release"
)
_UNPACK: Final = "Unpack it and give the CSV or Parquet file inside"
_SIGNS: Final = (
    (b"PK\x03\x04", "is an Excel workbook or ZIP archive", _SAVE_AS_CSV),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel workbook", _SAVE_AS_CSV),
    (b"%PDF-", "is a PDF document", "Ask its sender for the table as CSV"),
    (b"\x1f\x8b", "is a gzip archive", _UNPACK),
    (b"\xff\xfe", "is UTF-16 text", "Save it as CSV UTF-8"),
    (b"\xfe\xff", "is UTF-16 text", "Save it as CSV UTF-8"),
)
_NOT_TEXT: Final = "Give a CSV, TSV or Parquet file"


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over the bytes of a text file tells.

    Attributes:
        encoding: `utf-8`, `utf-8-sig` or `cp932`.
        sha256: Hash (hex) of all bytes.
        size: Bytes.
        eol: ``\\n``, ``\\r\\n`` or ``\\r``, as the first lines have it.
        clean: Every line can be decoded.
    """

    encoding: str
    sha256: str
    size: int
    eol: str
    clean: bool

    @property
    def codec(self) -> str:
        """The codec for bytes behind the BOM."""
        return "cp932" if self.encoding == "cp932" else "utf-8"

    @property
    def bom(self) -> int:
        """Length of the byte order mark."""
        return len(BOM) if self.encoding == "utf-8-sig" else 0


def canonical(encoding: str) -> str:
    """The one name of an encoding; Shift_JIS in all its spellings is CP932.

    Raises:
        OptionError: optout does not read or write this encoding.

    Examples:
        >>> canonical("Shift_JIS")
        'cp932'
    """
    try:
        return _ALIASES[encoding.lower()]
    except KeyError:
        raise OptionError("encoding", ENCODINGS) from None


def survey(path: Path, encoding: str | None = None) -> Survey:
    """Decide the encoding of a text file; `encoding` overrides the trial, not the check that it fits.

    Raises:
        UnreadableFileError: binary, or neither UTF-8 nor CP932 decodes 99.9 % of its lines.
        OptionError: an encoding optout does not know.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    _refuse_binary(path.name, head)
    size, eol = path.stat().st_size, _eol(head)
    asked = canonical(encoding) if encoding else None
    first = _Trial(asked or "utf-8", size)
    second: _Trial | None = None
    sha = hashlib.sha256()
    for chunk in _line_chunks(path, eol[-1:].encode()):
        sha.update(chunk)
        first.feed(chunk)
        if second is not None:
            second.feed(chunk)
        elif first.bad and asked is None:
            second = _caught_up(path, first.seen, size, eol)
    best = first if second is None or first.bad <= max(first.good, second.bad) else second
    if best.bad and best.bad > _bearable(_lines(path, eol)):
        raise _undecodable(path.name, asked)
    with_bom = head.startswith(BOM) and best.codec == "utf-8"
    return Survey("utf-8-sig" if with_bom else best.codec, sha.hexdigest(), size, eol, best.bad == 0)


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file, read through a small buffer."""
    sha, buffer = hashlib.sha256(), bytearray(_CHUNK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            sha.update(view[:count])
    return sha.hexdigest()


class _Trial:
    """Counts the lines an encoding cannot decode; infinite once they are too many for any file.

    Attributes:
        bad: Lines that cannot be decoded.
        good: Of the lines beside them, those with kanji or kana that can (a lower bound for the file).
    """

    def __init__(self, encoding: str, size: int) -> None:
        self.codec = "cp932" if encoding == "cp932" else "utf-8"
        self.bad: float = 0
        self.good = 0
        self.seen = 0
        self._too_many = _bearable(size)  # a file has no more lines than bytes

    def feed(self, chunk: memoryview) -> None:
        """Try some whole lines."""
        self.seen += len(chunk)
        if self.bad == math.inf or first_undecodable(chunk, self.codec) is None:
            return
        for line in bytes(chunk).splitlines():
            decodes = first_undecodable(line, self.codec) is None
            self.bad += not decodes
            self.good += decodes and _is_japanese(line, self.codec)
        if self.bad > self._too_many:
            self.bad = math.inf


def first_undecodable(piece: bytes | memoryview, codec: str) -> int | None:
    """Offset of the first byte that is no text in this codec; null if all is."""
    try:
        str(piece, codec)
    except UnicodeDecodeError as error:
        wrong = error.start
    else:
        wrong = len(piece)
    if codec == "cp932":
        # Python reads these bytes as private-use characters; code page 932 does not have them.
        found = [bytes(piece).find(byte) for byte in (0xFD, 0xFE, 0xFF)]
        wrong = min([wrong, *(at for at in found if at >= 0)])
    return wrong if wrong < len(piece) else None


def _is_japanese(line: bytes, codec: str) -> bool:
    return not line.isascii() and max(line.decode(codec)) >= _FIRST_OF_THREE_BYTES


def _bearable(lines: int) -> float:
    return max(_UNDECODABLE_AT_MOST * lines, min(_ALWAYS_BEARABLE, lines / 10))


def _caught_up(path: Path, upto: int, size: int, eol: str) -> _Trial:
    """A CP932 trial that has seen the first `upto` bytes too."""
    trial = _Trial("cp932", size)
    for chunk in _line_chunks(path, eol[-1:].encode()):
        if trial.seen >= upto:
            break
        trial.feed(chunk)
    return trial


def _line_chunks(path: Path, eol: bytes) -> Iterator[memoryview]:
    """The file in pieces that end where a line ends, through one buffer (a piece is valid until the next)."""
    buffer, kept = bytearray(_CHUNK), 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(memoryview(buffer)[kept:]):
            filled = kept + count
            end = buffer.rfind(eol, kept, filled) + 1
            if end:
                yield memoryview(buffer)[:end]
            kept = filled - end
            grown = bytearray(2 * len(buffer)) if kept == len(buffer) else buffer
            grown[:kept] = buffer[end:filled]
            buffer = grown
    if kept:
        yield memoryview(buffer)[:kept]


def _lines(path: Path, eol: str) -> int:
    return sum(1 + bytes(chunk).count(eol[-1:].encode()) for chunk in _line_chunks(path, eol[-1:].encode()))


def _eol(head: bytes) -> str:
    outside = _QUOTED.sub(b"", head)
    text = outside if b"\n" in outside or b"\r" in outside else head
    first = text.find(b"\n")
    if first < 0:
        return "\r" if b"\r" in text else "\n"
    return "\r\n" if text[first - 1 : first] == b"\r" else "\n"


def _refuse_binary(name: str, head: bytes) -> None:
    for sign, why, next_step in _SIGNS:
        if head.startswith(sign):
            raise UnreadableFileError(name, why, f"{next_step}.")
    if b"\0" in head:
        raise UnreadableFileError(name, "is not a text file (it holds NUL bytes)", f"{_NOT_TEXT}.")


def _undecodable(name: str, asked: str | None) -> UnreadableFileError:
    tried = asked or "UTF-8 nor CP932 (Shift_JIS)"
    why = f"more than one line in a thousand is not {tried}" if asked else f"its text is neither {tried}"
    return UnreadableFileError(name, why, "Say which with encoding=, or save it again as CSV UTF-8.")
