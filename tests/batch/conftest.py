"""Bytes of lists as office software writes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from optout.batch.codec import codec_of, mark_of


@pytest.fixture(scope="session")
def in_bytes() -> Callable[[str, str], bytes]:
    """Text in an encoding, with its mark; EUC-JP and JIS with the characters Windows adds to them."""
    return _in_bytes


def _in_bytes(text: str, name: str) -> bytes:
    if name in ("euc-jp", "iso-2022-jp"):
        return b"".join(_as_jis(char, name == "euc-jp") for char in text)
    return mark_of(name) + codec_of(name).encode(text)


def _as_jis(char: str, euc: bool) -> bytes:
    raw = {"髙": b"\xee\xe0", "﨑": b"\xed\x95"}.get(char) or char.encode("cp932")  # IBM ext. → NEC selection
    if len(raw) == 1:
        kana = raw[0] >= 0x80
        return raw if not kana else b"\x8e" + raw if euc else b"\x1b(I" + bytes((raw[0] & 0x7F,)) + b"\x1b(B"
    row = (raw[0] - (0x70 if raw[0] < 0xA0 else 0xB0)) * 2 - (raw[1] < 0x9F)
    cell = raw[1] - (0x7E if raw[1] >= 0x9F else 0x1F if raw[1] < 0x7F else 0x20)
    return bytes((row | 0x80, cell | 0x80)) if euc else b"\x1b$B" + bytes((row, cell)) + b"\x1b(B"
