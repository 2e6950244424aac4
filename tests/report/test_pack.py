"""The papers that go with a list: the form that prints on A4, and what the client must know."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

import optout
from optout.batch.staged import StagedFile
from optout.register import attempt, filing
from optout.register.certificate import Certificate
from optout.report import pack

from .chromium import Chromium, binary

TOLD: dict[str, Any] = {
    "recipient": "見本商事 <株>",
    "purpose": "DM & 案内",
    "channel": "mail",
    "delivery": "D-2026-031",
}


@pytest.fixture
def ready(store: optout.Store, person: Any, tmp_path: Path) -> Path:
    """A list that is clean."""
    store.suppress(person())
    path = tmp_path / "labels.csv"
    path.write_bytes("氏名,TEL\r\n見本 花子,090-1234-0001\r\n".encode("cp932"))
    return path


def put(store: optout.Store) -> None:
    filing.record(
        store,
        filing.Filing(
            "見本名簿株式会社",
            "東京都千代田区千代田1-1",
            "見本 太郎",
            ("氏名", "電話番号"),
            ("記録媒体の交付",),
            starts="2026-04-01",  # type: ignore[arg-type]
            contact=("電話 03-1234-5678", "optout@example.com"),
        ),
    )


def test_G7_the_pack_is_list_certificate_key_form_and_read_me(
    store: optout.Store, ready: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    cert = optout.deliver(ready, store, out=out, papers=pack.papers(store), **TOLD)
    names = {"labels.csv", "certificate.json", "public_key.pem", pack.FORM, pack.README}
    assert {path.name for path in out.iterdir()} == names
    assert (out / "labels.csv").read_bytes() == ready.read_bytes()
    assert optout.verify_certificate(cert.path, out / "labels.csv", out / "public_key.pem").id == cert.id


def test_G7_the_form_bears_the_delivery_number_and_has_what_an_office_fills_in(
    store: optout.Store, ready: Path, tmp_path: Path
) -> None:
    cert = optout.deliver(ready, store, out=tmp_path / "out", **TOLD)
    put(store)
    filed = filing.current(store)
    assert filed
    vendor = {"name": filed.name, "contact": filed.contact}
    form = pack.made(cert, "labels.csv", vendor)[pack.FORM].decode()
    for word in (
        "オプトアウト依頼書",
        "D-2026-031",
        "納品番号",
        "ご依頼日",
        "氏名",
        "フリガナ",
        "〒",
        "住所",
        "TEL",
    ):
        assert word in form
    for word in (
        "DM停止",
        "名簿削除",
        "本人",
        "代理人",
        "受付印",
        "見本名簿株式会社",
        "電話 03-1234-5678",
        cert.id,
    ):
        assert word in form
    assert form.count("□本人") == 5
    assert "見本商事 &lt;株&gt;" in form
    assert "size: A4" in form
    assert not re.search(r"<script|https?://|<link|<img", form)


def test_G7_the_read_me_says_what_the_client_may_do_and_how_to_verify(
    store: optout.Store, ready: Path, tmp_path: Path
) -> None:
    cert = optout.deliver(ready, store, out=tmp_path / "out", papers=pack.papers(store), **TOLD)
    raw = (tmp_path / "out" / pack.README).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    text = raw.decode("utf-8-sig")
    for word in (
        "D-2026-031",
        "見本商事 <株>",
        "DM & 案内",
        "郵送",
        "1件",
        cert.id,
        "optout verify certificate.json",
    ):
        assert word in text
    assert "None" not in text
    assert "花子" not in text


def test_G7_whatever_stops_it_no_list_stands_there_without_its_papers(
    store: optout.Store, ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = StagedFile.place
    for survivors in range(5):
        left = iter(range(survivors))

        def interrupted(file: StagedFile, mode: int | None = None, left: Any = left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            placed(file, mode)

        out = tmp_path / f"out{survivors}"
        told = TOLD | {"delivery": f"D-{survivors}"}
        with monkeypatch.context() as patch:
            patch.setattr(StagedFile, "place", interrupted)
            with pytest.raises(KeyboardInterrupt):
                optout.deliver(ready, store, out=out, papers=pack.papers(store), **told)
        assert "labels.csv" not in {path.name for path in out.iterdir()}
        assert attempt.of(store, f"D-{survivors}")[-1].state == "withdrawn"


@pytest.mark.parametrize("long", [False, True])
def test_G7_the_form_is_one_page_of_a4_in_a_browser(tmp_path: Path, long: bool) -> None:
    path = binary()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI opens the form in a browser: install chromium")
        pytest.skip("no Chromium on the path (Debian: apt-get install chromium)")
    payload: dict[str, Any] = {
        "id": "80ed9895-77e1-4511-abae-180f6ec1121e",
        "delivery": "D-2026-031" * (4 if long else 1),
        "recipient": {"name": "見本商事株式会社" * (3 if long else 1)},
        "purpose": "DM発送",
        "channel": "mail",
        "subject": {"rows": 12_000},
        "store": {"revision": 31},
        "blanked": 4,
        "issued_at": "2026-11-22T10:00:00+00:00",
        "expires_at": "2026-11-23T10:00:00+00:00",
    }
    contact = ["電話 03-1234-5678(平日9時〜17時)", "FAX 03-1234-5679", "optout@example.com"]
    vendor = {"name": "見本名簿株式会社", "contact": contact}
    form = tmp_path / pack.FORM
    name = "宛名ラベル" * (6 if long else 1) + ".csv"
    form.write_bytes(pack.made(Certificate(payload, {}), name, vendor)[pack.FORM])
    with Chromium(path, tmp_path / "browser") as browser:
        seen = browser.open(form, 643, paper=True)  # 170 mm between the margins
        printed = browser.pdf()
    assert (seen.overflowing, seen.errors, seen.requests) == ([], [], [])
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed or b"/MediaBox [0 0 595" in printed
