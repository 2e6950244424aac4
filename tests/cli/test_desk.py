"""optout desk and optout case: a morning by commands; no command but `case show` tells who it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Answer = Any
Run = Callable[..., Answer]

SHEET = """依頼日,依頼元会社名・担当,納品番号,氏名,フリガナ,〒,住所,TEL,理由,本人/代理人,受付印
R8.3.30,見本商事／伊藤,D-2026-031,渡邉 花子,ワタナベ ハナコ,160-0023,東京都新宿区西新宿3-2-1,03-1234-9999,DM停止,本人,
〃,〃,〃,例示 五郎,,530-0001,大阪市北区梅田1-2-3,,名簿削除,代理人,
"""
SECRETS = ("渡邉", "花子", "五郎", "西新宿", "梅田", "9999")


@pytest.fixture
def desk(store: Path, run: Run) -> Run:
    """A command on the store, as 佐藤."""

    def call(*words: str | Path, actor: str = "佐藤") -> Answer:
        names = 2 if words[0] == "case" else 1
        return run(*words[:names], store, *words[names:], "--actor", actor)

    return call


@pytest.fixture
def received(desk: Run, tmp_path: Path) -> list[str]:
    """The ids of the two cases of SHEET."""
    file = tmp_path / "irai.csv"
    file.write_bytes(SHEET.replace("\n", "\r\n").encode("cp932"))
    told = desk("case", "receive", file, "--received", "2025-04-01", "--json").document
    return [case["case"] for case in told["cases"]]


@pytest.fixture
def office(tmp_path: Path) -> Path:
    place = tmp_path / "office.toml"
    place.write_text('name = "株式会社見本リスト"\nphone = "03-1234-0000"\n', "utf-8")
    return place


def test_R3_a_sheet_is_received_and_the_same_again_is_known(
    desk: Run, received: list[str], tmp_path: Path
) -> None:
    again = desk("case", "receive", tmp_path / "irai.csv", "--received", "2025-04-01", "--json").document
    assert again["known"]
    assert [case["case"] for case in again["cases"]] == received
    assert [case["kind"] for case in again["cases"]] == ["stop", "erase"]
    assert again["cases"][1]["remarks"] == ["agent_unnamed"]
    shown = desk("case", "receive", tmp_path / "irai.csv")
    assert received[0] in shown.out
    assert "代理人の氏名" in shown.out


def test_R1_one_person_is_received_by_options(desk: Run) -> None:
    told = desk(
        "case", "receive", "--kind", "開示", "--channel", "電話", "--name", "例示 桃子", "--phone",
        "090-1234-0002", "--received", "2025-04-01", "--json",
    )  # fmt: skip
    (case,) = told.document["cases"]
    assert (case["kind"], case["channel"], case["due"], case["requests"]) == (
        "disclose",
        "phone",
        "2025-04-15",
        [],
    )
    also = desk("case", "receive", "--kind", "苦情", "--name", "例示 桃子", "--stop", "--json").document[
        "cases"
    ][0]
    assert len(also["requests"]) == 1
    assert desk("case", "receive").code == 2
    for own in (("--name", "例示 桃子"), ("--kind", "erase"), ("--household",), ("--agent", "代理 次郎")):
        assert desk("case", "receive", "irai.csv", *own).code == 2


def test_R6_the_offices_own_procedure_comes_from_a_file(desk: Run, tmp_path: Path) -> None:
    file = tmp_path / "procedure.toml"
    file.write_text('twin_days = 30\n[days]\nstop = 7\n[check]\nstop = "required"\n', "utf-8")
    who = ("--name", "例示 桃子", "--phone", "090-1234-0002", "--received", "2025-04-01")
    told = desk("case", "receive", *who, "--procedure", file, "--json").document["cases"][0]
    assert told["due"] == "2025-04-08"
    assert desk("case", "accept", told["case"]).code == 102
    file.write_text("weeks = 2\n", "utf-8")
    assert desk("case", "receive", *who, "--procedure", file).code == 18
    file.write_text("no toml", "utf-8")
    assert desk("case", "receive", *who, "--procedure", file).code == 11


def test_R5_the_day_shows_what_is_due_and_what_is_late(desk: Run, received: list[str]) -> None:
    late = desk("desk", "--as-of", "2025-04-16", "--json").document
    assert late["counts"]["overdue"] == 2
    assert {case["case"] for case in late["cases"] if case["list"] == "overdue"} == set(received)
    assert {case["days_left"] for case in late["cases"] if case["list"] == "overdue"} == {-1}
    due = desk("desk", "--as-of", "2025-04-13", "--json").document
    assert (due["counts"]["due"], due["counts"]["overdue"]) == (2, 0)
    shown = desk("desk", "--as-of", "令和7年4月16日").out
    assert "期限超過 overdue" in shown
    assert received[0] in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert desk("desk", "--as-of", "4/31").code == 18


def test_R4_a_case_goes_its_way_and_no_other(desk: Run, received: list[str]) -> None:
    stop, erase = received
    assert desk("case", "accept", stop).out.startswith(f"{stop}: 受理 accepted")
    wrong = desk("case", "withdraw", erase, "--reason", "本人の申出", "--json")
    assert wrong.document["state"] == "withdrawn"
    assert desk("case", "accept", erase).code == 101
    assert desk("case", "list", "--state", "accepted", "--json").document["cases"][0]["case"] == stop
    assert desk("case", "list", "--overdue", "--as-of", "2025-04-16", "-q").code == 0


def test_R6_a_check_is_recorded_and_an_item_nobody_holds_is_refused(desk: Run, received: list[str]) -> None:
    _, erase = received
    assert desk("case", "accept", erase).code == 102
    refused = desk("case", "verify", erase, "--method", "id_copy", "--item", "運転免許証番号")
    assert refused.code == 103
    assert "運転免許証番号" in refused.err
    asked = desk("case", "verify", erase, "--method", "本人確認書類の写し", "--item", "氏名", "--json")
    assert asked.document["state"] == "verifying"
    desk("case", "verify", erase, "--method", "id_copy", "--passed")
    desk("case", "verify", erase, "--method", "document", "--of", "agent", "--passed")
    assert desk("case", "accept", erase, "-q").out == "accepted\n"


def test_R2_a_second_reading_by_another_operator(desk: Run, received: list[str]) -> None:
    stop, _ = received
    assert desk("case", "rekey", stop, "--name", "渡邉 花子").code == 83
    read = ("--kana", "ﾜﾀﾅﾍﾞ ﾊﾅｺ", "--postal", "1600023", "--phone", "0312349999")
    told = desk(
        "case", "rekey", stop, "--name", "渡邊 花子", "--address", "東京都新宿区西新宿3-2-1", *read, "--json",
        actor="鈴木",
    ).document  # fmt: skip
    assert (told["state"], told["differs"], len(told["requests"])) == ("needs_rekey", ["name"], 2)
    assert desk("desk", "--json").document["counts"]["rekey"] == 1


def test_R2_a_whole_sheet_is_keyed_again_from_a_second_file(
    desk: Run, received: list[str], tmp_path: Path
) -> None:
    sheet = desk("case", "list", "--json").document["cases"][0]["sheet"]
    second = tmp_path / "second.csv"
    second.write_bytes(SHEET.replace("渡邉", "渡邊").replace("\n", "\r\n").encode("cp932"))
    told = desk("case", "rekey", sheet, "--file", second, "--json", actor="鈴木").document
    assert [(case["state"], case["differs"]) for case in told["cases"]] == [
        ("needs_rekey", ["name"]),
        ("received", []),
    ]
    assert (told["added"], told["missing_lines"]) == ([], [])
    shown = desk("case", "rekey", sheet, "--file", second, actor="高橋").out
    assert shown.splitlines()[0] == "比較 compared: 2, 違い different: 0"


def test_R9_letters_are_written_as_html_and_text_and_recorded(
    desk: Run, received: list[str], office: Path, tmp_path: Path
) -> None:
    stop, erase = received
    out = tmp_path / "letters"
    options = ("--sender", office, "--out", out)
    told = desk(
        "case", "letter", stop, "--kind", "acknowledgement", *options, "--sent", "post", "--json"
    ).document
    html, text = (Path(file) for file in told["files"])
    assert (html.name, text.name) == (f"{stop}-acknowledgement.html", f"{stop}-acknowledgement.txt")
    assert "渡邉 花子　様" in text.read_text("utf-8")
    assert "渡邉 花子" in html.read_text("utf-8")
    desk("case", "refuse", erase, "--reason", "agent_unproved", "--note", "委任状がありません。")
    refusal = desk(
        "case", "letter", erase, "--kind", "refusal", *options, "--sent", "post", "--json"
    ).document
    assert "代理権を確認できません" in Path(refusal["files"][1]).read_text("utf-8")
    assert refusal["answered"]
    sheet = desk("case", "letter", stop, "--kind", "sheet", *options, "--json").document
    assert "渡邉" not in Path(sheet["files"][1]).read_text("utf-8")
    assert desk("case", "letter", stop, "--kind", "result", *options).code == 100
    bad = desk("case", "letter", stop, "--kind", "result", *options, "--detail", "no equals sign")
    assert bad.code == 2


def test_R5_an_extension_and_an_answer_by_phone(desk: Run, received: list[str]) -> None:
    stop, _ = received
    told = desk(
        "case", "extend", stop, "--due", "2025-04-30", "--reason", "書類の到着待ち", "--json"
    ).document
    assert told["due"] == "2025-04-30"
    desk("case", "withdraw", stop, "--reason", "本人の申出")
    told = desk("case", "answered", stop, "--letter", "result", "--how", "電話", "--json").document
    assert told["answered"]


def test_C2_a_restriction_is_set_and_ended(desk: Run, received: list[str]) -> None:
    stop, _ = received
    assert desk("case", "restrict", stop, "--reason", "調査中", "--json").document["restricted"]
    assert "制限中" in desk("case", "list").out
    assert not desk("case", "release", stop, "--reason", "調査終了", "--json").document["restricted"]


def test_R9_a_case_nobody_could_be_identified_for_is_closed(desk: Run, received: list[str]) -> None:
    _, erase = received
    desk("case", "verify", erase, "--method", "書留")
    assert desk("case", "close", erase, "--reason", "宛所不明で戻った", "-q").out == "closed_unverified\n"


def test_X3_who_looks_at_a_person_says_what_for(
    desk: Run, received: list[str], store: Path, run: Run
) -> None:
    stop, _ = received
    before = run("audit", store, "--json").document["audit_rows"]
    shown = desk("case", "show", stop, "--purpose", "本人からの照会")
    assert "at (JST)" in shown.out  # as the days deadlines are counted in
    for told in ("渡邉 花子", "ワタナベ ハナコ", "DM停止", "見本商事", "佐藤"):
        assert told in shown.out
    document = desk("case", "show", stop, "--json").document
    assert document["person"]["name"] == "渡邉 花子"
    assert run("audit", store, "--json").document["audit_rows"] == before + 2


def test_only_show_and_letters_tell_who_it_is_about(desk: Run, received: list[str], office: Path) -> None:
    stop, erase = received
    said = [
        desk("desk").said,
        desk("desk", "--json").said,
        desk("case", "list").said,
        desk("case", "list", "--json").said,
        desk("case", "accept", stop).said,
        desk("case", "accept", erase).said,
        desk("case", "refuse", stop, "--reason", "渡邉 花子").said,
        desk("case", "show", "C-20260401-AAAAAAA").said,
        desk("case", "show", "渡邉 花子").said,
        desk(
            "case", "letter", stop, "--kind", "result", "--sender", office, "--out", office.parent / "o"
        ).said,
    ]
    assert all(said)
    assert [text for text in said for secret in SECRETS if secret in text] == []


def test_lines_that_cannot_be_read_are_told_and_the_others_recorded(desk: Run, tmp_path: Path) -> None:
    file = tmp_path / "broken.csv"
    file.write_text("氏名,TEL,理由\n見本 一郎,090-1234-0001,停止\na,b,c,d,e\n", "utf-8")
    told = desk("case", "receive", file, "--json")
    assert told.code == 11
    assert desk("desk", "--json").document["counts"]["received"] == 1
