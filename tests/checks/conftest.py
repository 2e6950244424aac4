"""One request, and lists in which its person stands, as a vendor's files are: CP932, CRLF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import optout
from optout.register import filing, holding, recipient
from optout.register.day import JAPAN

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


FILED = ("氏名", "フリガナ", "住所", "電話番号")


@pytest.fixture
def office(store: optout.Store, asked: optout.Receipt, put: Callable[..., Path]) -> dict[str, Any]:
    """A vendor in business: a filing, a verified client, a holding; what `deliver` is told of a list for it."""
    filing.record(
        store,
        filing.Filing(
            "見本名簿株式会社",
            "東京都千代田区千代田1-1",
            "見本 太郎",
            FILED,
            ("電子メールによる送付",),
            starts="2026-04-01",  # type: ignore[arg-type]
            contact=("電話 03-1234-5678", "optout@example.com"),
            noticed="2026-04-01",  # type: ignore[arg-type]
            waiting_days=14,
            covers={"氏名": ("番号", "備考")},
        ),
    )
    recipient.add(store, verified())
    held = put(OTHER, ODD, "5,見本 三郎,ミホン サブロウ,港区芝公園4-2-9,08012340003,", name="customers.csv")
    holding.add(store, holding.Holding("顧客", held, basis="direct"))
    return {"recipient": "C-102", "purpose": "DM発送", "channel": "mail", "method": "電子メールによる送付"}


def verified(**other: Any) -> recipient.Recipient:
    """A client of whom everything was confirmed within the year."""
    confirmed = datetime.now(JAPAN).date() - timedelta(days=30)
    usual: dict[str, Any] = {
        "id": "C-102",
        "name": "見本商事株式会社",
        "address": "東京都港区芝公園4-2-8",
        "representative": "見本 一",
        "corporate_number": "1000012010003",
        "corporate_checked": confirmed,
        "contact": "営業部 見本 花",
        "contact_checked": confirmed,
        "covenant_sha256": "a" * 64,
        "purposes": ("DM発送",),
        "valid_until": datetime.now(JAPAN).date() + timedelta(days=90),
    }
    return recipient.Recipient(**(usual | other))


@pytest.fixture
def client() -> Callable[..., recipient.Recipient]:
    """`verified`, with fields given or taken away."""
    return verified
