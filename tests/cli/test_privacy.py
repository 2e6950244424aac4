"""A planted person must never show in what a command says, nor in a report, record or certificate."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Answer, Run

NAME, KANA, PHONE, EMAIL = "番兵 守", "バンペイ マモル", "090-1234-7777", "banpei@example.jp"
TRACES = ("番兵", "バンペイ", "1234-7777", "12347777", "banpei")
DELIVERY = ("--recipient", "見本商事", "--purpose", "案内", "--channel", "mail")
HEADER = "氏名,フリガナ,TEL,メール"
SENTINEL = f"{NAME},{KANA},{PHONE},{EMAIL}"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    place = tmp_path / "list.csv"
    place.write_text(f"{HEADER}\n{SENTINEL}\n例示 花子,レイジ ハナコ,06-1234-9999,\n{SENTINEL},too,many\n")
    return place


def silent(told: Answer) -> None:
    assert [trace for trace in TRACES if trace in told.said] == []


def without_traces(*files: Path) -> None:
    for file in files:
        text = file.read_text("utf-8")
        assert [trace for trace in TRACES if trace in text] == []


@pytest.mark.parametrize("mode", [(), ("--json",), ("--quiet",)])
def test_no_command_says_who_was_found(
    mode: tuple[str, ...], run: Run, store: Path, listed: Path, tmp_path: Path
) -> None:
    out, taken, going = tmp_path / "out", tmp_path / "in", tmp_path / "going"
    asked = ("--name", NAME, "--kana", KANA, "--phone", PHONE, "--email", EMAIL)
    silent(run("suppress", store, *asked, *mode))
    silent(run("import", store, listed, *mode))
    silent(run("columns", listed, *mode))
    silent(run("screen", store, listed, "--out", out, *mode))
    silent(run("screen", store, listed, "--out", out, "--stream", *mode))
    silent(run("intake", store, listed, "--basis", "consent", "--out", taken, *mode))
    refused = run("deliver", store, listed, *DELIVERY, "--out", going, *mode)
    assert refused.code == 67
    silent(refused)
    silent(run("remove", "plan", store, listed, *mode))
    plan = run("remove", "plan", store, listed, "--quiet").out.strip()
    silent(run("remove", "execute", store, plan, *mode))
    silent(run("holdings", "list", store, *mode))
    silent(run("audit", store, *mode))
    without_traces(out / "report.json", taken / "report.json", taken / "intake.json")


def test_a_certificate_names_nobody(run: Run, store: Path, listed: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.csv"
    kept.write_text(f"{HEADER}\n{SENTINEL}\n")
    out = tmp_path / "going"
    silent(run("deliver", store, kept, *DELIVERY, "--out", out, "--json"))
    silent(run("verify", out / "certificate.json", out / "kept.csv", "--public-key", out / "public_key.pem"))
    without_traces(out / "certificate.json")


def test_a_list_without_a_header_does_not_show_its_first_person(
    run: Run, store: Path, tmp_path: Path
) -> None:
    place = tmp_path / "bare.csv"
    place.write_text(f"{SENTINEL}\n{SENTINEL}\n")
    for told in (run("screen", store, place, "--out", tmp_path / "o"), run("import", store, place, "--json")):
        assert told.code == 21
        silent(told)


def test_only_an_explanation_shows_a_person_and_says_that_it_does(
    run: Run, store: Path, listed: Path
) -> None:
    run("suppress", store, "--name", NAME, "--phone", PHONE)
    told = run("explain", store, listed, "0")
    assert "番兵" in told.out
    assert "個人情報" in told.err


def test_nothing_a_person_gave_is_in_the_store_file(run: Run, store: Path) -> None:
    run("suppress", store, "--name", NAME, "--phone", PHONE)
    content = store.read_bytes()
    assert all(trace.encode() not in content for trace in TRACES)
