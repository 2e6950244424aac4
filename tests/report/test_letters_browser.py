"""The letters in a browser: each is one page of A4, nothing overflows and nothing is asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from optout.register import case_rules as rules
from optout.register.case import Case
from optout.register.case_parts import Check, Ending, Extension, Terms
from optout.report import letters
from optout.report.letters import Sender
from optout.store import Identity

from .chromium import Chromium, binary

A4 = 794  # 210 mm at 96 to the inch
INSIDE = 643  # 170 mm between the margins
APRIL = date(2026, 4, 1)
# As long as names, addresses and companies get.
OFFICE = Sender(
    "株式会社見本リストアンドダイレクトマーケティングサービス東日本",
    "東京都千代田区丸の内1-1-1 見本ビルディング丸の内サウスタワー三十二階",
    "100-0005",
    "代表取締役社長　例示 太郎",
    "個人情報に関するお問い合わせ窓口（お客様相談室内）",
    "03-1234-0000",
    "privacy-of-a-very-long-mailbox-name@example.com",
    "平日10時～17時（年末年始を除く）",
)
WHO = Identity(
    name="カタカナノナガイナマエヲモツミホン・アレクサンドリア・マリー 花子",
    postal="160-0023",
    address="東京都新宿区西新宿三丁目2番1号 見本グランドタワーレジデンス西新宿イーストウイング1234号室",
)
REASON = "ご本人確認書類の到着が連休により遅れており、確認に日数を要しているため"


def cases() -> Iterator[tuple[Case, str]]:
    terms = Terms("k5-00000000", "0" * 64, "person", "0.1.0", rules.USUAL.told)
    given = Case(
        "C-20260401-ABCDEFG",
        "erase",
        "fax",
        APRIL,
        date(2026, 4, 15),
        WHO,
        terms,
        "佐藤",
        APRIL,
        stops=True,
        requests=("R-AAAAAAAAAAAAA",),
        delivery="D-2026-031-A",
        sheet="S-20260401-ABCDEFG",
        line=1,
        client="見本商事株式会社",
    )
    longest = max(rules.refusals().values(), key=lambda ground: len(ground.japanese) + len(ground.article))
    yield given, "acknowledgement"
    yield replace(given, checks=(Check("person", "id_copy", ("name",), "佐藤", APRIL),)), "identity"
    yield replace(given, extensions=(Extension(APRIL, APRIL, REASON, "佐藤", APRIL),)), "extension"
    yield replace(given, state="done", facts={"holdings": {"a": "removed", "b": "exempt"}}), "result"
    yield replace(given, state="refused", ending=Ending(longest.code, "佐藤", APRIL, REASON * 3)), "refusal"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, made = tmp_path_factory.mktemp("letters"), {}
    written = [letters.letter(case, kind, OFFICE, APRIL) for case, kind in cases()]
    for letter in [*written, letters.sheet_report([case for case, _ in cases()], OFFICE, APRIL)]:
        made[letter.kind] = folder / f"{letter.kind}.html"
        made[letter.kind].write_text(letter.html, "utf-8")
    return made


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    path = binary()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI opens the letters in a browser: install chromium")
        pytest.skip("no Chromium on the path (Debian: apt-get install chromium)")
    with Chromium(path, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.mark.parametrize("kind", [*letters.SUBJECTS, "sheet"])
def test_R9_a_letter_is_one_page_of_a4_and_asks_for_nothing(
    browser: Chromium, pages: dict[str, Path], kind: str
) -> None:
    shown = browser.open(pages[kind], A4)
    if folder := os.environ.get("OPTOUT_PICTURES"):
        (Path(folder) / f"letter-{kind}.png").write_bytes(browser.picture())
    assert (shown.overflowing, shown.errors, shown.requests) == ([], [], [])
    assert browser.open(pages[kind], INSIDE, paper=True).overflowing == []
    printed = browser.pdf()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed or b"/MediaBox [0 0 595" in printed
