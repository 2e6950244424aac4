"""An office in which a day is played by the command line, and the book in which it is written down.

Clock, actors and randomness are given, so the same day is the same book; what still differs from machine to machine
(hashes, numbers made of them, versions) is replaced by a name in the order it occurs.
"""

from __future__ import annotations

import difflib
import random
import re
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

import pytest

from optout.cli import main
from optout.store import commit

# A client of whom everything was confirmed; the number is an invented one with the right check digit.
VERIFIED: Final = (
    "--address 東京都港区芝公園4-2-8 --representative '見本 社長' --corporate-number 2000012345678 "
    "--corporate-checked 2026-02-20 --contact 伊藤 --contact-checked 2026-02-20 --covenant covenant.pdf "
    "--valid-until 2027-02-19 --use 教材の案内"
)
EXPECTED: Final = Path(__file__).parent / "expected"
JAPAN: Final = timezone(timedelta(hours=9))
STORELESS: Final = ("columns", "verify")  # commands that open no store
KEY: Final = bytes(range(32))
# What is told apart by order of appearance, the longer pattern first.
_CHANGING: Final = (
    ("sha", r"\b[0-9a-f]{64}\b"),
    ("uuid", r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    ("store", r"\b[0-9a-f]{32}\b"),
    ("scheme", r"\bk[0-9]+-[0-9a-f]{8}\b"),
    ("R", r"\bR-[A-Z2-7]{13}(?:\.[0-9]+)?"),
    ("C", r"\bC-[0-9]{8}-[A-Z2-7]{7}\b"),
    ("S", r"\bS-[0-9]{8}-[A-Z2-7]{7}\b"),
    ("I", r"\bI-[0-9a-f]{12}\b"),
    ("RC", r"\bRC-[0-9a-f]{12}\b"),
    ("P", r"\bP-[0-9A-Za-z]{10,}\b"),
    ("D", r"\bD-[0-9]{8}-[0-9a-f]{6}\b"),
    ("X", r"\bX-[0-9a-f]{12}\b"),
    ("id", r"\b[A-Z]-[0-9a-f]{12,16}\b"),
    ("bytes", r"(?<=\()[0-9a-f]{8}(?=\))"),
)
_PATTERN: Final = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _CHANGING))


@dataclass
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    def one(self, pattern: str) -> str:
        """The first match in the output."""
        found = re.search(pattern, self.out)
        assert found, f"{pattern} is not in: {self.out}"
        return found[0]

    def every(self, pattern: str) -> list[str]:
        """All matches in the output, each once."""
        return list(dict.fromkeys(re.findall(pattern, self.out)))


@dataclass
class Office:
    """A folder with a store in it, a clock, and the book.

    Attributes:
        folder: Where the day takes place; commands name files relative to it.
        book: What is compared, by file name.
    """

    folder: Path
    capsys: pytest.CaptureFixture[str]
    now: datetime = datetime(2026, 4, 1, tzinfo=UTC)
    actor: str = "佐藤"
    book: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def at(self, moment: str, actor: str | None = None) -> None:
        """It is now such a time in Japan, and such a person works."""
        self.now = datetime.fromisoformat(moment).replace(tzinfo=JAPAN).astimezone(UTC)
        self.actor = actor or self.actor

    def run(self, line: str, code: int | None = 0, told: bool = True) -> Answer:
        """A command line as it is typed; it and what it said are written down."""
        words = shlex.split(line)
        self.capsys.readouterr()
        got = main(
            words if words[0] in STORELESS else [*words, "--actor", self.actor, "--key-file", "store.key"]
        )
        said = self.capsys.readouterr()
        answer = Answer(got, said.out, said.err)
        assert code is None or got == code, f"{line}\nexit {got}\n{said.out}\n{said.err}"
        if told:
            when = self.now.astimezone(JAPAN).strftime("%Y-%m-%d %H:%M")
            end = f"exit {got}\n" if got else ""
            self._tell(f"[{when} {self.actor}] optout {line}\n{said.out}{said.err}{end}\n")
        return answer

    def write(self, name: str, *lines: str, encoding: str = "cp932") -> None:
        """A text file as Excel on Windows writes it."""
        (self.folder / name).write_bytes("\r\n".join([*lines, ""]).encode(encoding))

    def keep(self, path: str | Path, encoding: str = "utf-8", name: str | None = None) -> str:
        """Write a text file of the office into the book; its text."""
        text = (self.folder / path).read_bytes().decode(encoding)
        self.book[name or str(path)] = self._stable(text.replace("\r\n", "\n"))
        return text

    def same(self, story: str, update: bool) -> None:
        """Compare the book with what is expected, or write it anew."""
        place = EXPECTED / story
        if update:
            _written(place, self.book)
        known = {str(path.relative_to(place)): path for path in place.rglob("*") if path.is_file()}
        assert set(known) == set(self.book), (
            f"{story}: {sorted(set(known) ^ set(self.book))}; --update writes anew"
        )
        for name, text in self.book.items():
            expected = known[name].read_text("utf-8")
            shown = difflib.unified_diff(
                expected.splitlines(), text.splitlines(), "expected", "now", lineterm=""
            )
            assert text == expected, f"{story}/{name}\n" + "\n".join(shown)

    def _tell(self, text: str) -> None:
        self.book["transcript.txt"] = self.book.get("transcript.txt", "") + self._stable(text)

    def _stable(self, text: str) -> str:
        lines = [line.rstrip() for line in text.replace(str(self.folder), "<office>").split("\n")]
        return _PATTERN.sub(self._named, "\n".join(lines))

    def _named(self, found: re.Match[str]) -> str:
        kind, value = str(found.lastgroup), found[0]
        if value not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[value] = f"<{kind}{self._counts[kind]}>"
        return self._names[value]


def _written(place: Path, book: dict[str, str]) -> None:
    for path in place.rglob("*"):
        if path.is_file():
            path.unlink()
    for name, text in book.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def opened(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office with a new store, its own key, clock and dice."""
    made = Office(folder, capsys)
    (folder / "store.key").write_bytes(KEY)
    (folder / "store.key").chmod(0o600)
    dice = random.Random(20260401)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("os.urandom", dice.randbytes)
    monkeypatch.setattr("secrets.token_bytes", lambda n=32: dice.randbytes(n))
    monkeypatch.setattr("secrets.token_hex", lambda n=32: dice.randbytes(n).hex())

    def caller(actor: str | None, purpose: str | None) -> commit.Caller:
        return commit.Caller(actor or "unknown", purpose or "unspecified", lambda: made.now)

    monkeypatch.setattr("optout.store._caller", caller)
    return made
