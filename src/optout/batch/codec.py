"""How the bytes of a list stand for text: one `Codec` an encoding, and where its delimiters can be looked for.

Source: Windows code page 932 (never "shift_jis": it lacks ①, ㈱ and 髙); JIS X 0208 with NEC row 13 and the
IBM extensions, as EUC-JP (eucJP-ms) and ISO-2022-JP (CP50221) files from Windows hold them; RFC 1468 (a line
begins and ends in ASCII); Unicode 15.1 §23.8 (BOM).
"""

from __future__ import annotations

import codecs
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.errors import OptionError

# What a caller may ask for; `utf-8-sig` and `utf-16` have a byte order mark.
ENCODINGS: Final = (
    "utf-8",
    "utf-8-sig",
    "cp932",
    "euc-jp",
    "iso-2022-jp",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
)
_ALIASES: Final = {
    "utf8": "utf-8",
    "utf8-sig": "utf-8-sig",
    "sjis": "cp932",
    "shift-jis": "cp932",
    "windows-31j": "cp932",
    "ms932": "cp932",
    "ms-kanji": "cp932",
    "eucjp": "euc-jp",
    "euc": "euc-jp",
    "eucjp-ms": "euc-jp",
    "cp51932": "euc-jp",
    "iso2022-jp": "iso-2022-jp",
    "iso2022jp": "iso-2022-jp",
    "jis": "iso-2022-jp",
    "cp50220": "iso-2022-jp",
    "cp50221": "iso-2022-jp",
    "utf16": "utf-16",
    "unicode": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_STEP_BYTES: Final = 1 << 20
_DECODED_BYTES: Final = 1 << 14  # with the text made of them in the innermost cache: a quarter less time
_FILLER: Final = 0x80  # stands for whatever is part of a character: it is no delimiter, quote or line end
_ESCAPE: Final = 0x1B
_LF: Final = 0x0A

# JIS X 0208 has these signs once; Unicode has each twice, and code page 932 chose the other one.
_AS_IN_CP932: Final = (
    ("〜", "～"),
    ("−", "－"),
    ("‖", "∥"),
    ("—", "―"),
    ("¢", "￠"),
    ("£", "￡"),
    ("¬", "￢"),
    ("¦", "￤"),
)
# JIS X 0201 Roman, which old mail software writes where it means ASCII.
_ROMAN: Final = (("¥", "\\"), ("‾", "~"))


def canonical(encoding: str) -> str:
    """The one name of an encoding; Shift_JIS in all its spellings is CP932.

    Raises:
        OptionError: optout does not read or write this encoding.

    Examples:
        >>> canonical("Shift_JIS"), canonical("EUC_JP")
        ('cp932', 'euc-jp')
    """
    name = encoding.strip().lower().replace("_", "-")
    found = name if name in ENCODINGS else _ALIASES.get(name)
    if found is None:
        raise OptionError("encoding", ENCODINGS)
    return found


class Codec(ABC):
    """Bytes ↔ text in one encoding, without any byte order mark.

    Attributes:
        name: One of ENCODINGS without a mark.
        unit: Bytes of the smallest character: 2 in UTF-16, else 1.
    """

    unit = 1

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def decode(self, piece: bytes) -> str:
        """Whole lines as text.

        Raises:
            UnicodeDecodeError: some bytes stand for no character.
        """

    @abstractmethod
    def encode(self, text: str) -> bytes:
        """Text as bytes.

        Raises:
            UnicodeEncodeError: the encoding lacks a character.
        """

    def first_undecodable(self, piece: bytes | memoryview) -> int | None:
        """Offset of the first byte that is no text; null if all is."""
        try:
            self.decode(bytes(piece))
        except UnicodeDecodeError as error:
            return error.start
        return None

    def flat(self, piece: bytes, delimiter: int = 0) -> bytes:
        """One byte a unit, in which `" , ; TAB CR LF |` and NUL stand for themselves only.

        Args:
            piece: Bytes that begin at a line.
            delimiter: What will be looked for beside quotes and line ends.
        """
        del delimiter
        return piece

    def to_utf8(self, raw: bytes) -> Iterator[bytes]:
        """Whole records as UTF-8, a little at a time.

        Raises:
            UnicodeDecodeError: some bytes stand for no character.
        """
        yield self.decode(raw).encode()


class _Incremental(Codec):
    """An encoding whose own incremental decoder of Python will do."""

    def decode(self, piece: bytes) -> str:
        return piece.decode(self.name)

    def encode(self, text: str) -> bytes:
        return text.encode(self.name)

    def to_utf8(self, raw: bytes) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self.name)()
        view = memoryview(raw)
        for begin in range(0, len(raw), _DECODED_BYTES):
            yield decoder.decode(bytes(view[begin : begin + _DECODED_BYTES])).encode()
        decoder.decode(b"", True)


class _Utf8(_Incremental):
    def first_undecodable(self, piece: bytes | memoryview) -> int | None:
        with suppress(pl.exceptions.ComputeError):
            for part in _in_steps(memoryview(piece)):
                pl.Series([part], dtype=pl.Binary).cast(pl.String)  # a tenth of the time str() takes
            return None
        try:
            str(piece, "utf-8")
        except UnicodeDecodeError as error:
            return error.start
        return None

    def to_utf8(self, raw: bytes) -> Iterator[bytes]:
        if self.first_undecodable(raw) is not None:
            self.decode(raw)
        yield raw


def _in_steps(piece: memoryview) -> Iterator[bytes]:
    """The bytes in parts that stay in the cache, none beginning within a character of UTF-8."""
    begin = 0
    while begin < len(piece):
        end = begin + _STEP_BYTES
        while end < len(piece) and end > begin + 1 and piece[end] & 0xC0 == 0x80:
            end -= 1
        yield bytes(piece[begin:end])
        begin = end


_PAIR: Final = re.compile(rb"[\x81-\x9f\xe0-\xfc][\x40-\xfc]")


class _Cp932(_Incremental):
    def first_undecodable(self, piece: bytes | memoryview) -> int | None:
        try:
            str(piece, "cp932")
        except UnicodeDecodeError as error:
            wrong = error.start
        else:
            wrong = len(piece)
        found = [at for at in _not_in_cp932(bytes(piece)) if at < wrong]
        wrong = min([wrong, *found])
        return wrong if wrong < len(piece) else None

    def to_utf8(self, raw: bytes) -> Iterator[bytes]:
        for at in _not_in_cp932(raw):
            raise UnicodeDecodeError("cp932", raw, at, at + 1, "no character of code page 932")
        yield from super().to_utf8(raw)

    def flat(self, piece: bytes, delimiter: int = 0) -> bytes:
        # Second bytes are 0x40-0xFC: of all that is looked for, only | and a backslash can be one.
        return _PAIR.sub(bytes((_FILLER,)) * 2, piece) if delimiter == ord("|") else piece


def _not_in_cp932(piece: bytes) -> list[int]:
    """First places of bytes Python reads as private-use characters; code page 932 does not have them."""
    if np.frombuffer(piece, np.uint8).max(initial=0) < min(_PRIVATE):
        return []
    return [at for byte in _PRIVATE if (at := piece.find(byte)) >= 0]


_PRIVATE: Final = (0xFD, 0xFE, 0xFF)


class _Utf16(_Incremental):
    unit = 2

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._dtype = "<u2" if name == "utf-16-le" else ">u2"

    def flat(self, piece: bytes, delimiter: int = 0) -> bytes:
        del delimiter
        units = np.frombuffer(piece, self._dtype, count=len(piece) // 2)
        flat = np.where(units < _FILLER, units, _FILLER).astype(np.uint8).tobytes()
        return flat + bytes((_FILLER,)) * (len(piece) % 2)  # half a unit at the end of a file


class _Jis(Codec):
    """JIS X 0208 in one of its clothes; characters Python lacks there are looked up in code page 932."""

    def __init__(self, name: str, python: str, same: tuple[tuple[str, str], ...]) -> None:
        super().__init__(name)
        self._python, self._same = python, same

    def decode(self, piece: bytes) -> str:
        text = piece.decode(self._python, _LOOKED_UP)
        for theirs, ours in self._same:
            text = text.replace(theirs, ours)
        return text

    def encode(self, text: str) -> bytes:
        for theirs, ours in _AS_IN_CP932:
            text = text.replace(ours, theirs)
        return text.encode(self._python)


class _Iso2022(_Jis):
    def decode(self, piece: bytes) -> str:
        patterns = (_LEFT_OPEN, _SHIFTED, _UNKNOWN)
        wrong = [found for pattern in patterns if (found := pattern.search(piece))]
        first = min((found.start() for found in wrong), default=len(piece))
        text = super().decode(piece[:first])  # an error before it is told first
        if wrong:
            raise UnicodeDecodeError(self.name, piece, first, first + 1, "no ISO-2022-JP (RFC 1468)")
        return text

    def flat(self, piece: bytes, delimiter: int = 0) -> bytes:
        del delimiter
        if _ESCAPE not in piece:
            return piece
        array = np.frombuffer(piece, np.uint8)
        return np.where(_in_kanji(array) & (array >= 0x20), _FILLER, array).astype(np.uint8).tobytes()


# A line must end in ASCII (RFC 1468): what follows one that does not cannot be read on its own.
_LEFT_OPEN: Final = re.compile(rb"\x1b(?:\$[@B]|\$\([DOPQ]|\(I)[^\x1b\r\n]*(?=[\r\n]|\Z)")
# Other escapes, which Python passes through too.
_UNKNOWN: Final = re.compile(rb"\x1b(?!\$[@B]|\$\([DOPQ]|\([BJI])")
# Seven-bit kana by SO and SI, which Python passes through as they are.
_SHIFTED: Final = re.compile(rb"[\x0e\x0f]")


def _in_kanji(array: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which bytes stand behind an escape to something other than ASCII; a line begins in ASCII."""
    places = np.flatnonzero((array == _ESCAPE) | (array == _LF))
    padded = np.concatenate((array, np.zeros(2, np.uint8)))
    first, second = padded[places + 1], padded[places + 2]
    kanji = (first == ord("$")) | ((first == ord("(")) & (second == ord("I")))
    kanji &= array[places] == _ESCAPE
    lengths = np.diff(places, append=len(array), prepend=0)
    return np.repeat(np.concatenate(([False], kanji)), lengths)


_LOOKED_UP: Final = "optout-cp932"


def _looked_up(error: UnicodeError) -> tuple[str, int]:
    """A pair of bytes of row 13, or of the IBM extensions, as code page 932 has it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    row, cell = (byte & 0x7F for byte in error.object[error.start : error.start + 2].ljust(2))
    high = {byte >> 7 for byte in error.object[error.start : error.start + 2]}
    if len(high) == 1 and min(row, cell) > 0x20 and max(row, cell) < 0x7F:
        lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
        trail = cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20)
        try:
            return bytes((lead, trail)).decode("cp932"), error.start + 2
        except UnicodeDecodeError:
            pass
    raise error


codecs.register_error(_LOOKED_UP, _looked_up)

UTF_8: Final[Codec] = _Utf8("utf-8")
CP932: Final[Codec] = _Cp932("cp932")
EUC_JP: Final[Codec] = _Jis("euc-jp", "euc_jp", _AS_IN_CP932)
ISO_2022_JP: Final[Codec] = _Iso2022("iso-2022-jp", "iso2022_jp_ext", (*_AS_IN_CP932, *_ROMAN))
UTF_16_LE: Final[Codec] = _Utf16("utf-16-le")
UTF_16_BE: Final[Codec] = _Utf16("utf-16-be")
_EVERY: Final = {codec.name: codec for codec in (UTF_8, CP932, EUC_JP, ISO_2022_JP, UTF_16_LE, UTF_16_BE)}
_MARKED: Final = {"utf-8-sig": (UTF_8, codecs.BOM_UTF8), "utf-16": (UTF_16_LE, codecs.BOM_UTF16_LE)}


def codec_of(encoding: str) -> Codec:
    """The codec behind a canonical name; the one with a mark has that of its body."""
    return _MARKED[encoding][0] if encoding in _MARKED else _EVERY[encoding]


def mark_of(encoding: str) -> bytes:
    """The byte order mark a new file in this encoding begins with; most have none."""
    return _MARKED[encoding][1] if encoding in _MARKED else b""
