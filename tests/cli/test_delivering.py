"""The commands around a delivery: recipients, filing, external lists, decoys, hand-over, withdrawal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from optout.register.day import JAPAN

Run = Callable[..., Any]
TODAY = datetime.now(JAPAN).date()
GOING = ("--recipient", "C-102", "--purpose", "案内", "--channel", "mail")
FILING = """
name = "見本名簿株式会社"
address = "東京都千代田区千代田1-1"
representative = "見本 太郎"
items = ["氏名", "フリガナ", "住所", "電話番号"]
methods = ["記録媒体の交付"]
contact = ["電話 03-1234-5678"]
starts = "2026-04-01"
noticed = "2026-04-01"
"""


@pytest.fixture
def client(run: Run, store: Path, tmp_path: Path) -> list[str | Path]:
    """The words by which the client is registered; it is, with everything confirmed."""
    covenant = tmp_path / "covenant.pdf"
    covenant.write_bytes(b"covenant")
    month = (TODAY - timedelta(days=30)).isoformat()
    facts = {
        "--name": "見本商事",
        "--address": "東京都港区芝公園4-2-8",
        "--representative": "見本 一",
        "--corporate-number": "1000012010003",
        "--corporate-checked": month,
        "--contact": "営業部",
        "--contact-checked": month,
        "--covenant": covenant,
        "--use": "案内",
        "--valid-until": (TODAY + timedelta(days=9)).isoformat(),
    }
    words: list[str | Path] = ["recipient", "add", store, "C-102"]
    words += [word for pair in facts.items() for word in pair]
    assert run(*words).code == 0
    return words


def test_a_vendor_in_business_delivers_hands_over_and_withdraws(
    run: Run, store: Path, clean: Path, client: list[str | Path], tmp_path: Path
) -> None:
    (tmp_path / "filing.toml").write_text(FILING, "utf-8")
    assert run("filing", "set", store, tmp_path / "filing.toml").code == 0
    refused = run("deliver", store, clean, *GOING, "--out", tmp_path / "out", "--json")
    assert refused.code == refused.document["exit_code"] == 67
    assert len(refused.document["details"]["reasons"]) == 2  # the method, and rows of no holding
    assert run("holdings", "add", store, "顧客", clean).code == 0
    cells = ("--cell", "name=見本 囮", "--cell", "address=東京都千代田区千代田1-2-3 見本ビル{n}号")
    assert run("decoy", "add", store, "T1", *cells).code == 0
    told = (*GOING, "--method", "記録媒体の交付", "--delivery", "D-1", "--decoys", "1")
    gone = run("deliver", store, clean, *told, "--out", tmp_path / "out", "--json")
    assert gone.code == 0, gone.said
    assert gone.document["unchecked"] == []
    list_, proof = tmp_path / "out" / "clean.csv", tmp_path / "out" / "certificate.json"
    assert {path.name for path in (tmp_path / "out").iterdir()} > {"optout_form.html", "お読みください.txt"}
    found = run("decoy", "trace", store, list_, "--json").document["found"]
    assert [(line["delivery"], line["recipient"]) for line in found] == [("D-1", "見本商事")]
    assert run("handover", store, proof, list_, "--json").document["valid"] is True
    assert run("withdraw", store, "D-1", "--reason", "出荷取りやめ").code == 0
    assert run("handover", store, proof, list_).code == 68
    key = tmp_path / "out" / "public_key.pem"
    assert run("verify", proof, list_, "--public-key", key, "--current").code == 0


def test_recipients_are_listed_with_what_is_lacking(run: Run, store: Path, client: list[str | Path]) -> None:
    assert run("recipient", "add", store, "C-9", "--name", "別の会社").code == 0
    known = run("recipient", "list", store, "--json").document["recipients"]
    assert [(one["id"], bool(one["lacking"])) for one in known] == [("C-102", False), ("C-9", True)]
    shorter = ("contact_checked", "--check", "within", "--max-age-days", "10", "--applies", "corporation")
    assert run("recipient", "require", store, *shorter).code == 0
    shown = run("recipient", "show", store, "C-102", "--json").document
    assert len(shown["lacking"]) == 1
    assert "C-102" in run("recipient", "show", store, "C-102").out
    assert run("recipient", "show", store, "C-8").code == 51


def test_the_filing_is_shown_as_its_nine_items(run: Run, store: Path, tmp_path: Path) -> None:
    assert run("filing", "show", store, "--json").document == {"filing": None}
    (tmp_path / "filing.json").write_text(json.dumps({"name": "見本"}), "utf-8")
    assert run("filing", "set", store, tmp_path / "filing.json").code == 18
    (tmp_path / "filing.toml").write_text(FILING, "utf-8")
    assert run("filing", "set", store, tmp_path / "filing.toml", "-q").code == 0
    shown = run("filing", "show", store, "--json").document
    assert len(shown["items"]) == 9
    assert "第三者に提供される個人データの項目" in run("filing", "show", store).out


def test_an_external_list_is_imported_listed_and_retired(run: Run, store: Path, tmp_path: Path) -> None:
    (tmp_path / "numbers.csv").write_text("090-1234-0001\n090-1234-0002\n", "utf-8")
    told = ("--name", "tps", "--dated", (TODAY - timedelta(days=29)).isoformat(), "--kind", "tps")
    assert run("external", "import", store, tmp_path / "numbers.csv", *told).code == 0
    [one] = run("external", "list", store, "--json").document["lists"]
    assert (one["keys"], one["age_days"], one["max_age_days"]) == (2, 29, 28)
    assert run("external", "retire", store, "tps", "--reason", "契約終了").code == 0
    assert run("external", "list", store, "--json").document["lists"][0]["retired"] is True
    assert "tps" in run("external", "list", store).out
