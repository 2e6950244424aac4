"""The packaged demo: rebuilt to the byte, readable, true, and about nobody."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

ENCODINGS = {
    "held_customers.csv": "cp932",
    "held_seminar.csv": "utf-8-sig",
    "bought_list.csv": "cp932",
    "delivery.csv": "cp932",
    "requests.csv": "utf-8",
}
LISTS = [name for name in ENCODINGS if name != "requests.csv"]
BUILDER = Path(__file__).parents[1] / "tools" / "build_demo.py"
FOLDER = resources.files("optout") / "cli" / "demo_data"
# Digits only: mobiles 0x0-1234-…, landlines whose exchange begins 123(4) after the dialling code.
INVENTED = re.compile(
    r"0(?:[789]01234[0-9]{4}|[1-9]1234[0-9]{4}|[1-9][0-9]1234[0-9]{3}|[1-9][0-9]{2}1234[0-9]{2})"
)


@cache
def rows(name: str) -> list[dict[str, str]]:
    text = (FOLDER / name).read_bytes().decode(ENCODINGS[name])
    return list(csv.DictReader(io.StringIO(text, newline="")))


@cache
def truth() -> Any:
    return json.loads((FOLDER / "truth.json").read_text("utf-8"))


def phones(name: str) -> list[str]:
    headers = [header for header in rows(name)[0] if "電話" in header or "携帯" in header or header == "TEL"]
    assert headers
    return [row[header] for row in rows(name) for header in headers if row[header]]


def national(written: str) -> str:
    digits = re.sub("[^0-9+]", "", written.translate(str.maketrans("０１２３４５６７８９", "0123456789")))
    digits = digits.replace("+81", "0")
    return digits if digits.startswith("0") else f"0{digits}"


def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    if not BUILDER.exists() or not (BUILDER.parents[1] / "benchmarks").exists():
        pytest.skip("the builder is part of the repository only")
    subprocess.run([sys.executable, BUILDER, "--out", tmp_path], check=True, stdout=subprocess.DEVNULL)
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(built) == sorted([*ENCODINGS, "late_request.json", "truth.json"])
    assert [name for name, data in built.items() if (FOLDER / name).read_bytes() != data] == []


def test_all_of_it_is_small() -> None:
    assert sum(len((FOLDER / name).read_bytes()) for name in [*ENCODINGS, "truth.json"]) < 1_500_000


@pytest.mark.parametrize("name", LISTS)
def test_every_list_decodes_to_the_rows_the_truth_counts(name: str) -> None:
    assert len(rows(name)) == truth()["rows"][name]
    assert all(None not in row and None not in row.values() for row in rows(name))


@pytest.mark.parametrize("name", list(ENCODINGS))
def test_every_telephone_number_is_of_an_invented_block(name: str) -> None:
    written = phones(name)
    assert len(written) > 20
    assert [number for number in written if not INVENTED.fullmatch(national(number))] == []


def test_the_mess_is_there() -> None:
    customers = rows("held_customers.csv")
    assert sum(bool(re.search("[ｦ-ﾟ]", row["フリガナ"])) for row in customers) > 200
    assert sum(bool(re.search("[髙﨑邉邊齋澤濱廣嶋]", row["氏名"])) for row in customers) > 50
    assert sum(bool(re.search("[一二三四五六七八九]丁目", row["住所"])) for row in customers) > 100
    assert sum(bool(re.fullmatch("[1-9][0-9]{8,9}", row["電話番号"])) for row in customers) > 50
    assert sum(row["備考"] == "DM不要" for row in customers) > 10


def test_every_request_of_the_truth_is_one_that_arrived() -> None:
    arrived = [row["受付番号"] for row in rows("requests.csv")]
    assert len(arrived) > 60
    assert [request["request"] for request in truth()["requests"]] == arrived


def test_every_row_of_the_truth_carries_the_name_asked_for_in_some_spelling() -> None:
    found = 0
    kana_of = {row["受付番号"]: row["フリガナ"].replace(" ", "") for row in rows("requests.csv")}
    for request in truth()["requests"]:
        for name, numbers in request["rows"].items():
            for number in numbers:
                row, kana = rows(name)[number], kana_of[request["request"]]
                listed = (row.get("フリガナ") or row.get("セイ", "") + row.get("メイ", "")).replace(" ", "")
                comparable = bool(re.fullmatch("[ァ-ー]+", listed) and re.fullmatch("[ァ-ー]+", kana))
                found += 1
                assert not comparable or listed == kana or request["kind"] == "former_surname"
    assert found > 60


def test_nobody_who_asked_is_in_the_delivery_but_the_late_one_is() -> None:
    asked = truth()["requests"]
    assert all("delivery.csv" not in request["rows"] for request in asked)
    assert all("delivery.csv" not in request["relatives"] for request in asked)
    late = truth()["late_request"]
    assert len(late["rows"]["delivery.csv"]) == 1
    assert len(late["relatives"]["delivery.csv"]) == 1


def test_relatives_and_namesakes_are_never_counted_as_the_person() -> None:
    pairs = [(request, kind) for request in truth()["requests"] for kind in ("relatives", "namesakes")]
    assert any(request[kind] for request, kind in pairs)
    for request, kind in pairs:
        for name, numbers in request[kind].items():
            assert not set(numbers) & set(request["rows"].get(name, []))
