"""The bytes of a text file → its encoding, decided by strict trial.

Source: Unicode 15.1 §23.8 (BOM); RFC 1468 (ESC $ begins kanji in ISO-2022-JP). The encoding that leaves the
fewest lines undecodable wins. UTF-8 goes before the others when as many Japanese lines are valid in it as are
not: nearly any bytes are some CP932. A tie, or more than one line in a thousand that cannot be read, is
asked: `UndecidedEncodingError`. A trial over the beginning of a file is a first answer: whoever reads on
counts what cannot be decoded, and has the whole file tried when it is too much.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from optout.batch import codec as codecs
from optout.batch.codec import Codec
from optout.errors import UndecidedEncodingError, UnreadableFileError

HEAD_BYTES: Final = 1 << 20
_UNDECODABLE_AT_MOST: Final = 0.001
_CHUNK: Final = 1 << 18
_QUOTED: Final = re.compile(rb'"[^"]*"')
# What takes three bytes in UTF-8, kana and kanji among it: CP932 text is almost never valid there.
_FIRST_OF_THREE_BYTES: Final = "\u0800"
_KANJI_IN: Final = b"\x1b$"
# UTF-16 text has a zero byte beside every comma, digit and line end; other text has a stray one at most.
_ZERO_BYTES_OF_UTF_16: Final = 0.03
_FEWEST_ZERO_BYTES: Final = 3
_ZERO_LINES_OF_BINARY: Final = 0.5
# A trial that fails like this is over: only to be read on would cost more than all the others.
_HOPELESS_BAD: Final = 1000
_HOPELESS_SHARE: Final = 0.1

_UNPACK: Final = "Unpack it and give the CSV, Excel or Parquet file inside"
_SIGNS: Final = (
    (b"PK\x03\x04", "is an Excel workbook or ZIP archive", "Give it as .xlsx"),
    (b"%PDF-", "is a PDF document", "Ask its sender for the table as CSV or Excel"),
    (b"\x1f\x8b", "is a gzip archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", _UNPACK),
    (b"Rar!", "is a RAR archive", _UNPACK),
    (b"\xff\xfe\x00\x00", "is UTF-32 text", "Save it as CSV UTF-8"),
    (b"\x00\x00\xfe\xff", "is UTF-32 text", "Save it as CSV UTF-8"),
)
_NOT_TEXT: Final = "Give a CSV, TSV, Excel or Parquet file"
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig", codecs.UTF_8),
    (b"\xff\xfe", "utf-16", codecs.UTF_16_LE),
    (b"\xfe\xff", "utf-16", codecs.UTF_16_BE),
)


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over the bytes of a text file tells.

    Attributes:
        encoding: One of `codec.ENCODINGS`; with the byte order mark, if there is one.
        codec: How the bytes behind the mark stand for text.
        bom: Length of the mark, 0 without.
        eol: ``\\n``, ``\\r\\n`` or ``\\r``, as the first lines have it.
        clean: Every line that was tried can be decoded.
    """

    encoding: str
    codec: Codec
    bom: int
    eol: str
    clean: bool


def survey(path: Path, encoding: str | None = None, enough: float = math.inf) -> Survey:
    """Decide the encoding of a text file; `encoding` overrides the trial.

    Args:
        path: The file.
        encoding: What the caller says it is; lines it cannot decode are then for quarantine, however many.
        enough: Bytes after which the trial may end, if Japanese text was among them.

    Raises:
        UnreadableFileError: binary, or not one line can be read in the encoding asked for.
        UndecidedEncodingError: no encoding decodes 99.9 % of the lines, or two decode equally many.
        OptionError: an encoding optout does not know.
    """
    asked = codecs.canonical(encoding) if encoding else None
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    _refuse_archives(path.name, head)
    name, first, bom = _told(head, asked) if asked else _seen(head)
    _refuse_binary(path.name, first.flat(head))
    reading = _Pass(path, first, _eol(_outline(head, first)), alone=name is not None)
    reading.run(enough)
    best = reading.chosen() if asked is None else reading.readable()
    return Survey(name or best.codec.name, best.codec, bom, reading.eol, best.bad == 0)


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file, read through a small buffer."""
    sha, buffer = hashlib.sha256(), bytearray(_CHUNK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            sha.update(view[:count])
    return sha.hexdigest()


def _seen(head: bytes) -> tuple[str | None, Codec, int]:
    """Name, codec and length of the mark where the first bytes leave no choice; else UTF-8 to begin with."""
    for mark, name, marked in _MARKS:
        if head.startswith(mark):
            return name, marked, len(mark)
    little, big = (_line_ends(codec.flat(head)) for codec in (codecs.UTF_16_LE, codecs.UTF_16_BE))
    zeros = head.count(0) > max(_FEWEST_ZERO_BYTES, _ZERO_BYTES_OF_UTF_16 * len(head))
    if zeros and not min(little, big) and 2 * max(little, big) >= head.count(b"\n"):
        codec = codecs.UTF_16_LE if little else codecs.UTF_16_BE
        return codec.name, codec, 0
    return None, codecs.UTF_8, 0


def _line_ends(text: bytes) -> int:
    return text.count(b"\n") + text.count(b"\r")


def _told(head: bytes, asked: str) -> tuple[str, Codec, int]:
    """The same for the encoding asked for; a mark that belongs to it is told from text."""
    for mark, name, marked in _MARKS:
        if head.startswith(mark) and (asked == "utf-16" == name or codecs.codec_of(asked) is marked):
            return name, marked, len(mark)
    codec = codecs.codec_of(asked)
    return codec.name, codec, 0


def _outline(head: bytes, first: Codec) -> bytes:
    """The first bytes without what only looks like a quote or a line end."""
    return codecs.ISO_2022_JP.flat(head) if _KANJI_IN in head else first.flat(head)


class _Trial:
    """Counts the lines an encoding cannot decode.

    Attributes:
        bad: Lines that cannot be decoded.
        good: Of the lines beside them, those with kanji or kana that can (a lower bound for the file).
        japanese: Some line holds kanji or kana.
        ascii: Every line so far is ASCII.
        hopeless: So many are bad that the rest was not looked at.
    """

    def __init__(self, codec: Codec, eol: str) -> None:
        self.codec, self._eol = codec, ord(eol[-1])
        self.bad = self.good = self._lines = 0
        self.japanese = self.hopeless = False
        self.ascii = True

    def feed(self, chunk: bytes) -> None:
        """Try some whole lines."""
        if self.hopeless:
            return
        self.ascii = self.ascii and chunk.isascii()
        if self.codec.first_undecodable(chunk) is None:
            self.japanese = self.japanese or self._is_japanese(chunk)
            return
        for line in self._split(chunk):
            decodes = self.codec.first_undecodable(line) is None
            self.bad += not decodes
            self.good += decodes and self._is_japanese(line)
            self._lines += 1
        self.japanese = self.japanese or self.good > 0
        self.hopeless = self.bad > max(_HOPELESS_BAD, _HOPELESS_SHARE * self._lines)

    def _split(self, chunk: bytes) -> Iterator[bytes]:
        flat, unit, begin = self.codec.flat(chunk), self.codec.unit, 0
        while begin < len(flat):
            end = flat.find(self._eol, begin) + 1 or len(flat)
            yield chunk[begin * unit : end * unit]
            begin = end

    def _is_japanese(self, text: bytes) -> bool:
        if text.isascii() and b"\x1b" not in text:
            return False
        return max(self.codec.decode(text), default="") >= _FIRST_OF_THREE_BYTES


class _Pass:
    """One reading of a file, in which the encodings that may fit are tried side by side."""

    def __init__(self, path: Path, first: Codec, eol: str, alone: bool) -> None:
        self._path, self.eol, self.size = path, eol, 0
        self._trials = [_Trial(first, eol)]
        self._alone = alone
        self._lines, self._escaped = 0, False

    def run(self, enough: float) -> None:
        """Read the file, or enough of it to tell."""
        first = self._trials[0]
        for chunk in self._chunks():
            self._lines += first.codec.flat(chunk).count(ord(self.eol[-1]))
            for trial in self._trials:
                trial.feed(chunk)
            self.size += len(chunk)
            self._widen(chunk)
            if self.size >= enough and any(trial.japanese for trial in self._trials):
                break
        self._lines += not chunk.endswith(self.eol[-1:].encode()) if self.size else 0
        if not self._alone and len(self._trials) == 1 and not (first.ascii or first.japanese):
            self._begin(codecs.CP932, codecs.EUC_JP)  # é or ﾄｳ: two bytes that are text in each of them

    def readable(self) -> _Trial:
        """The encoding asked for, if it reads anything at all."""
        trial = self._trials[0]
        if trial.hopeless or trial.bad >= self._lines:
            why = f"its lines cannot be read as {trial.codec.name}"
            raise UnreadableFileError(self._path.name, why, "Leave encoding= out, or say another.")
        return trial

    def chosen(self) -> _Trial:
        """The encoding that leaves the fewest lines undecodable."""
        # What is ASCII in UTF-8 can be kanji in ISO-2022-JP, never the other way round.
        fewest = sorted(
            self._trials, key=lambda trial: (_badness(trial), trial.codec is not codecs.ISO_2022_JP)
        )
        evident = [trial for trial in fewest if self._is_evident(trial)]
        best = (evident or fewest)[0]
        ties = [trial for trial in fewest if trial is not best and _badness(trial) == _badness(best)]
        if best.hopeless or best.bad > bearable(self._lines) or (ties and not evident):
            raise self._undecided()
        return best

    def _is_evident(self, trial: _Trial) -> bool:
        """Bytes that happen to be Japanese in UTF-8 or ISO-2022-JP hardly exist; in the others nearly any are."""
        others = [_badness(other) for other in self._trials if other is not trial]
        told = trial.ascii or trial.japanese
        evident = trial.codec in (codecs.UTF_8, codecs.ISO_2022_JP) and told
        return evident and _badness(trial) <= max(trial.good, min(others, default=0))

    def _undecided(self) -> UndecidedEncodingError:
        counts = {trial.codec.name: trial.bad for trial in self._trials}
        return UndecidedEncodingError(self._path.name, counts, self._lines)

    def _widen(self, chunk: bytes) -> None:
        """Try other encodings too, once there is a reason; what they missed is read again."""
        if self._alone:
            return
        if len(self._trials) == 1 and self._trials[0].bad:
            self._begin(codecs.CP932, codecs.EUC_JP)
        if not self._escaped and b"\x1b" in chunk and _KANJI_IN in chunk:
            self._escaped = True
            self._begin(codecs.ISO_2022_JP)

    def _begin(self, *others: Codec) -> None:
        begun = [_Trial(codec, self.eol) for codec in others]
        done = 0
        for chunk in self._chunks():
            for trial in begun:
                trial.feed(chunk)
            done += len(chunk)
            if done >= self.size:
                break
        self._trials += begun

    def _chunks(self) -> Iterator[bytes]:
        """The file in pieces that end where a line ends."""
        kept = b""
        with self._path.open("rb", buffering=0) as file:
            while read := file.read(_CHUNK):
                piece = kept + read
                end = self._last_line_end(piece)
                if end:
                    yield piece[:end]
                kept = piece[end:]
        if kept:
            yield kept

    def _last_line_end(self, piece: bytes) -> int:
        """Offset behind the last line end; 0 if there is none."""
        first = self._trials[0].codec
        mark = first.encode(self.eol[-1])
        at = piece.rfind(mark)
        while at > 0 and at % first.unit:
            at = piece.rfind(mark, 0, at + len(mark) - 1)
        return at + len(mark) if at >= 0 else 0


def bearable(lines: int) -> float:
    """Undecodable lines that are for quarantine; more of them are a question."""
    # One damaged line in a list of any length, unless there is nothing to compare it with.
    return max(_UNDECODABLE_AT_MOST * lines, lines >= 3)


def _badness(trial: _Trial) -> float:
    return math.inf if trial.hopeless else trial.bad


def _eol(outline: bytes) -> str:
    outside = _QUOTED.sub(b"", outline)
    text = outside if b"\n" in outside or b"\r" in outside else outline
    first = text.find(b"\n")
    if first < 0:
        return "\r" if b"\r" in text else "\n"
    return "\r\n" if text[first - 1 : first] == b"\r" else "\n"


def _refuse_archives(name: str, head: bytes) -> None:
    for sign, why, next_step in _SIGNS:
        if head.startswith(sign):
            raise UnreadableFileError(name, why, f"{next_step}.")


def _refuse_binary(name: str, outline: bytes) -> None:
    """A stray NUL is a damaged record; NULs everywhere are no text."""
    if b"\0" in outline:
        lines = outline.splitlines() or [outline]
        if sum(b"\0" in line for line in lines) > _ZERO_LINES_OF_BINARY * len(lines):
            raise UnreadableFileError(name, "is not a text file (it holds NUL bytes)", f"{_NOT_TEXT}.")
