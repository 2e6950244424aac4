"""One request, and lists in which its person stands, as a vendor's files are: CP932, CRLF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

import optout

HEADER = "番号,氏名,フリガナ,住所,電話番号,備考"
ASKED = "1,高橋一郎様,ﾀｶﾊｼ ｲﾁﾛｳ,新宿区西新宿３－２－１,0312345678,"
OTHER = "2,見本 花子,ミホン ハナコ,千代田区千代田1-1,09012340001,"
VARIANT = "3,高橋 一朗,,新宿区西新宿3-2-1,,"
ODD = "4,見本　次郎,,港区芝公園4-2-8,,"


@pytest.fixture
def asked(store: optout.Store, person: Callable[..., optout.Request]) -> optout.Receipt:
    return store.suppress(person())


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write a list of these lines under a name; line ends and encoding as Excel on Windows writes them."""

    def write(*lines: str, name: str = "held.csv") -> Path:
        path = tmp_path / name
        path.write_bytes("\r\n".join([HEADER, *lines, ""]).encode("cp932"))
        return path

    return write


@pytest.fixture
def rows() -> dict[str, str]:
    """The lines by what they are: of the one who asked, of another, of a misspelt name."""
    return {"header": HEADER, "asked": ASKED, "other": OTHER, "variant": VARIANT, "odd": ODD}


@pytest.fixture
def state_of() -> Callable[[Path], dict[str, str]]:
    """Name and hash of every file in a folder."""

    def found(folder: Path) -> dict[str, str]:
        files = [
            path
            for path in folder.rglob("*")
            if path.is_file() and path.suffix not in (".db", ".key", ".lock")
        ]
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        }

    return found
