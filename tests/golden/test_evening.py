"""W3, the evening: 伊藤 and 中村 deliver a list that was prepared three days ago, and not everything stood still.

Since it was prepared somebody asked to be left out; the extract has a column that was never filed; the client's own
stops are missing, its purpose is another; the file was opened in Excel. At last it goes out, checked at the door.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from .office import VERIFIED, Office

HEADER = "会員番号,氏名,フリガナ,郵便番号,住所,電話番号"
PEOPLE = (
    "1001,渡邉 健二,ワタナベ ケンジ,530-0001,大阪府大阪市北区梅田1-2-3,03-1234-5603",
    "1002,例示 花子,レイジ ハナコ,160-0023,東京都新宿区西新宿3-2-1,090-1234-5602",
    "1003,見本 誠,ミホン マコト,980-0803,宮城県仙台市青葉区国分町3-7-1,03-1234-5607",
    "1004,別人 太郎,ベツジン タロウ,100-0001,東京都千代田区千代田1-1,03-1234-5611",
    "1005,鈴木 勇,スズキ イサム,460-0001,愛知県名古屋市中区三の丸3-1-2,03-1234-5605",
    "1006,見本 小春,ミホン コハル,102-0083,東京都千代田区麹町1-2-3,03-1234-5614",
)
INCOMES = ("420", "510", "380", "650", "700", "300")
FILING = """name = "見本名簿株式会社"
address = "東京都千代田区千代田1-1"
representative = "見本 社長"
items = ["氏名", "フリガナ", "郵便番号", "住所", "電話番号", "会員番号"]
acquisition = ["会員からの取得"]
methods = ["電子記録媒体の交付", "電子メール"]
contact = ["郵送", "電話 03-1234-5600"]
updating = "年1回"
starts = "2026-02-01"
published = "2026-01-10"
noticed = "2026-01-10"
waiting_days = 14
"""
LIST = "D-2026-031.csv"
GOING = "--recipient C-102 --channel phone --method 電子記録媒体の交付 --delivery D-2026-031"


def test_W3_evening(office: Office, same: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTOUT_AUDIT_SINK", "heads.txt")
    prepared(office)
    refused(office)
    made_clean(office)
    at_the_door(office)
    reported(office)
    same("evening")


def prepared(office: Office) -> None:
    """What is on record, and the extract as it was made three days ago."""
    office.write("members.csv", HEADER, *PEOPLE)
    with_income = [f"{line},{income}" for line, income in zip(PEOPLE, INCOMES, strict=True)]
    office.write(LIST, f"{HEADER},年収", *with_income)
    (office.folder / "filing.toml").write_text(FILING, "utf-8")
    (office.folder / "covenant.pdf").write_bytes(b"%PDF covenant")
    office.at("2026-04-01 09:00", "鈴木")
    office.run("init s.db", told=False)
    office.run("suppress s.db --name '前任 次郎' --phone 03-1234-5699 --source post", told=False)
    facts = (
        "--entity 見本名簿株式会社 --use 第三者への提供 --basis direct --responsible 鈴木 --retention 通常"
    )
    office.run(f"holdings add s.db 会員 members.csv {facts}", told=False)
    office.run("filing set s.db filing.toml")
    office.run(
        f"recipient add s.db C-102 --name 見本テレマ {VERIFIED} --tenant C-102 --needs-own-list", told=False
    )
    office.run("store backup s.db --out march.db", told=False)
    office.at("2026-04-01 18:00", "中村")
    office.run(f"screen s.db {LIST} --channel phone --out prepared")
    office.at("2026-04-03 10:15", "佐藤")
    office.run("suppress s.db --name '見本 誠' --address 仙台市青葉区国分町3-7-1 --source phone", told=False)


def refused(office: Office) -> None:
    """Everything that is wrong is told at once, and who was caught is an incident."""
    office.at("2026-04-04 17:05", "伊藤")
    told = office.run(f"deliver s.db {LIST} {GOING} --purpose 投資の勧誘 --out out", code=67)
    for what in ("年収", "提供停止", "利用目的", "own list"):
        assert what in told.err, what
    assert not (office.folder / "out").exists()


def made_clean(office: Office) -> None:
    """The client's stops arrive, the column goes, the list is screened again, and goes out in CP932."""
    office.at("2026-04-04 17:30", "中村")
    office.write("stops.csv", "氏名,電話番号,テナント", "別人 太郎,03-1234-5611,C-102")
    office.run("import s.db stops.csv")
    office.write("cut.csv", HEADER, *PEOPLE)
    office.run("screen s.db cut.csv --channel phone --tenant C-102 --out again")
    # "Why are there two fewer?" asks the client.
    office.run("explain s.db cut.csv 3 --channel phone --tenant C-102 --purpose 取引先からの問い合わせ")
    counts = json.loads((office.folder / "again" / "report.json").read_text("utf-8"))["counts"]
    assert (counts["keep"], counts["withhold"], counts["review"]) == (4, 2, 0)
    (office.folder / LIST).write_bytes((office.folder / "again" / "kept.csv").read_bytes())
    # The machine at the gate still has the store of last month: what was told outside shows it.
    with pytest.MonkeyPatch.context() as gate:
        gate.delenv("OPTOUT_AUDIT_SINK")  # that machine tells nobody
        office.run(
            f"deliver march.db {LIST} {GOING} --purpose 教材の案内 --out out0 --head heads.txt", code=67
        )
    office.run(f"deliver s.db {LIST} {GOING} --purpose 教材の案内 --out out")
    office.keep(f"out/{LIST}", "cp932")
    office.keep("out/お読みください.txt", "utf-8-sig")
    form = (office.folder / "out" / "optout_form.html").read_text("utf-8")
    assert "オプトアウト依頼書" in form
    assert "D-2026-031" in form
    certificate = (office.folder / "out" / "certificate.json").read_text("utf-8")
    assert [line for line in PEOPLE if line.split(",")[1] in certificate] == []


def at_the_door(office: Office) -> None:
    """A changed file, newer requests, a certificate that has expired; and what the client sees."""
    verify = f"verify out/certificate.json out/{LIST} --public-key out/public_key.pem"
    office.run(verify)
    office.at("2026-04-04 17:50", "中村")
    path = office.folder / "out" / LIST
    whole = path.read_bytes()
    path.write_bytes(b"".join(sorted(whole.splitlines(keepends=True), reverse=True)))  # sorted in Excel
    office.run(verify, code=68)
    office.run(f"handover s.db out/certificate.json out/{LIST}", code=None)
    path.write_bytes(whole)
    office.run("suppress s.db --name '無関係 三郎' --phone 03-1234-5688 --source phone", told=False)
    office.run(f"handover s.db out/certificate.json out/{LIST}")
    office.run("suppress s.db --name '鈴木 勇' --phone 03-1234-5605 --source phone", told=False)
    office.run(f"handover s.db out/certificate.json out/{LIST}", code=None)
    office.at("2026-04-06 09:00", "中村")
    office.run(f"handover s.db out/certificate.json out/{LIST}", code=None)


def reported(office: Office) -> None:
    """What the month's report says of it, and the proof that nothing was lost on the way."""
    office.at("2026-04-06 17:00", "鈴木")
    office.run("report provisions s.db --out reports --from 2026-04-01 --to 2026-04-30")
    office.run("report effect s.db --out reports --from 2026-04-01 --to 2026-04-30")
    office.run("audit s.db --certificate out/certificate.json", told=False)
