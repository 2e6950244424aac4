"""W1, the morning: what arrived at the desk overnight, from the sheet of a client to the letter that answers it.

佐藤 receives a client's fax with five people, a letter, a call and an e-mail; 鈴木 keys what cannot be read and agrees
to the removal. The people stand in two lists that are held, and in a list that C-102 was given in March.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

import optout

from .office import VERIFIED, Office

CASE = r"C-[0-9]{8}-[A-Z2-7]{7}"

MEMBERS = (
    "会員番号,氏名,フリガナ,郵便番号,住所,電話番号",
    "1001,渡邉 健二,ワタナベ ケンジ,530-0001,大阪府大阪市北区梅田1-2-3,03-1234-5603",
    "1002,例示 花子,レイジ ハナコ,160-0023,東京都新宿区西新宿3-2-1 見本ハイツ101,090-1234-5602",
    "1003,山本 実,ヤマモト ミノル,101-0021,東京都千代田区外神田1-2-3 田中様方,",
    "1004,高橋 一郎,タカハシ イチロウ,150-0001,東京都渋谷区神宮前1-2-3,",
    "1005,鈴木 勇,スズキ イサム,460-0001,愛知県名古屋市中区三の丸3-1-2,03-1234-5605",
    "1006,例示 四郎,レイジ シロウ,060-0001,北海道札幌市中央区北一条西2-3,090-1234-5606",
    "1007,見本 誠,ミホン マコト,980-0803,宮城県仙台市青葉区国分町3-7-1,03-1234-5607",
    "1008,別人 太郎,ベツジン タロウ,100-0001,東京都千代田区千代田1-1,03-1234-5611",
    "1009,見本商店,ミホンショウテン,104-0061,東京都中央区銀座1-2-3,03-1234-5609",
)
ORDERS = (
    "注文番号,注文者氏名,注文者住所,注文者電話番号,送付先氏名,送付先住所",
    "A-1,別人 太郎,東京都千代田区千代田1-1,03-1234-5611,渡辺健二,大阪市北区梅田1-2-3",
    "A-2,見本 小春,東京都千代田区麹町1-2-3,03-1234-5614,,",
)
# What the client faxed, as it was keyed from the picture: O for 0, another 辺, no building, 1-23 for 1-2-3.
_FROM = "2026/3/31,見本ダイレクト／伊藤"
SHEET = (
    "依頼日,依頼元会社名・担当,納品番号,氏名,フリガナ,〒,住所,TEL,理由,本人/代理人,受付印",
    f"{_FROM},D-2026-031,渡邊 健二,ワタナベ ケンジ,5300001,大阪市北区梅田1-2-3,O3-1234-56O3,DM停止,本人,済",
    f"{_FROM},D-2026-031,見本 花子,ミホン ハナコ,160-0023,新宿区西新宿3-2-1,090-1234-5602,DM停止,本人,済",
    f"{_FROM},,山本 実,,101-0021,千代田区外神田1-2-3 田中様方,,名簿削除,本人,済",
    f"{_FROM},D-2026-031,高橋 一郎,タカハシ イチロウ,150-0001,渋谷区神宮前1-23,,DM停止,本人,済",
    f"{_FROM},D-2026-031,鈴木,,,,03-1234-5605,DM停止,代理人,済",
)
OFFICE = """name = "見本名簿株式会社"
address = "東京都千代田区千代田1-1"
desk = "オプトアウト受付窓口"
phone = "03-1234-5600"
"""


def test_W1_morning(office: Office, same: Callable[[str], None]) -> None:
    in_march(office)
    sheet = the_fax(office)
    others = the_others(office)
    keyed_again(office, sheet)
    removed(office, sheet, others)
    answered(office, sheet, others)
    stays(office)
    same("morning")


def in_march(office: Office) -> None:
    """What is held, and what C-102 was given."""
    office.write("members.csv", *MEMBERS)
    office.write("orders.csv", *ORDERS)
    office.write("D-2026-031.csv", *MEMBERS)
    (office.folder / "office.toml").write_text(OFFICE, "utf-8")
    (office.folder / "covenant.pdf").write_bytes(b"%PDF covenant")
    office.at("2026-03-02 10:00", "鈴木")
    office.run("init s.db", told=False)
    office.run("suppress s.db --name '前任 次郎' --phone 03-1234-5699 --source post", told=False)
    facts = "--entity 見本名簿株式会社 --use 第三者への提供 --basis direct --responsible 鈴木"
    office.run(f"holdings add s.db 会員 members.csv {facts}", told=False)
    office.run(f"holdings add s.db 注文 orders.csv {facts}", told=False)
    office.run(f"recipient add s.db C-102 --name 見本ダイレクト {VERIFIED}", told=False)
    office.at("2026-03-20 17:00", "伊藤")
    going = "--recipient C-102 --purpose 教材の案内 --channel mail --delivery D-2026-031 --out sent"
    office.run(f"deliver s.db D-2026-031.csv {going}", told=False)


def the_fax(office: Office) -> dict[str, str]:
    """Five people on a client's sheet; a stop counts from here on."""
    office.write("依頼書.csv", *SHEET)
    (office.folder / "fax_0331.tif").write_bytes(b"II* a picture")
    office.at("2026-04-01 09:05", "佐藤")
    line = "case receive s.db 依頼書.csv --channel fax --received 2026-04-01 --image fax_0331.tif"
    found = office.run(line).every(CASE)
    assert office.run(line).every(CASE) == found  # the same sheet again is the same cases
    return dict(zip(("渡邉", "花子", "山本", "高橋", "鈴木"), found, strict=True))


def the_others(office: Office) -> dict[str, str]:
    """A letter of one who has moved and asks where we had him from, a call by the wife, an e-mail."""
    office.at("2026-04-01 09:30")
    letter = "--channel post --received 2026-03-31 --name '例示 四郎' --address 北海道札幌市中央区北一条西2-3"
    by_letter = office.run(f"case receive s.db {letter} --reason 転居済み").one(CASE)
    records = office.run(f"case receive s.db --kind disclose_records {letter}").one(CASE)
    office.at("2026-04-01 09:42")
    by_phone = office.run(
        "case receive s.db --channel phone --name '見本 恵' --phone 03-1234-5607 --stop-channels phone"
    ).one(CASE)
    office.at("2026-04-01 09:55")
    again = office.run(
        "case receive s.db --channel email --name '渡邉 健二' --address 大阪市北区梅田1-2-3 --phone 03-1234-5603"
    ).one(CASE)
    return {"手紙": by_letter, "記録": records, "電話": by_phone, "メール": again}


def keyed_again(office: Office, sheet: dict[str, str]) -> None:
    """鈴木 reads the picture once more; what two operators read is settled."""
    office.at("2026-04-01 10:05", "鈴木")
    office.run(
        f"case rekey s.db {sheet['渡邉']} --name '渡邉 健二' --kana 'ワタナベ ケンジ' --postal 5300001 "
        "--address 大阪市北区梅田1-2-3 --phone 03-1234-5603"
    )
    office.run(
        f"case rekey s.db {sheet['高橋']} --name '高橋 一郎' --kana 'タカハシ イチロウ' --postal 150-0001 "
        "--address 渋谷区神宮前1-2-3"
    )
    office.run("desk s.db")
    office.at("2026-04-01 10:12", "高橋")
    office.run(
        f"case rekey s.db {sheet['渡邉']} --name '渡邉 健二' --kana 'ワタナベ ケンジ' --postal 5300001 "
        "--address 大阪市北区梅田1-2-3 --phone 03-1234-5603"
    )
    office.run(
        f"case rekey s.db {sheet['高橋']} --name '高橋 一郎' --kana 'タカハシ イチロウ' --postal 150-0001 "
        "--address 渋谷区神宮前1-2-3"
    )


def removed(office: Office, sheet: dict[str, str], others: dict[str, str]) -> None:
    """Stops need no proof; the plan is made, looked at, agreed to and carried out."""
    office.at("2026-04-01 10:20", "佐藤")
    for case in (
        sheet["渡邉"],
        sheet["花子"],
        sheet["高橋"],
        others["手紙"],
        others["電話"],
        others["メール"],
    ):
        office.run(f"case accept s.db {case}")
    office.run(f"case accept s.db {sheet['鈴木']}")
    # An erasure (35条) needs to know who asks; 山本 has no number, so the client is asked for a copy of his licence.
    office.run(f"case accept s.db {sheet['山本']}", code=102)
    office.run(
        f"case verify s.db {sheet['山本']} --method 本人確認書類の写し --item 氏名 --item 住所 --passed"
    )
    office.run(f"case accept s.db {sheet['山本']}")
    office.run("remove plan s.db")
    waiting = office.run("review list s.db").every(r"P-[0-9A-Za-z]+")
    for item in waiting:
        office.run(f"review show s.db {item} --purpose 削除前の確認")
    office.at("2026-04-01 10:45", "鈴木")
    for item in waiting:
        office.run(f"review decide s.db {item} same --reason 送付状の原本で住所を確認")
    office.at("2026-04-01 10:50", "佐藤")
    plan = office.run("remove plan s.db --out plan.csv").one(r"[0-9a-f]{64}")
    office.keep("plan.csv", "utf-8-sig", "plan.csv")
    office.run(
        f"remove execute s.db {plan} --approver 佐藤", code=83
    )  # a second person, and not the one who executes
    office.run(f"remove execute s.db {plan} --approver 鈴木")
    office.run(f"remove execute s.db {plan} --approver 鈴木")
    office.run(f"remove evidence s.db {plan} --out evidence.json", told=False)
    office.keep("evidence.json")
    for name in ("members.csv", "orders.csv"):
        office.keep(name, "cp932")


def answered(office: Office, sheet: dict[str, str], others: dict[str, str]) -> None:
    """The client is told what to strike out, the persons what was done, and the desk what is left."""
    office.at("2026-04-01 11:10", "佐藤")
    office.run("notices make s.db --out notices --sender office.toml")
    for path in sorted((office.folder / "notices").glob("*.csv")):
        office.keep(path.relative_to(office.folder), "cp932")
    office.run("notices sent s.db N-0001 --how email")
    office.run(
        f"case letter s.db {others['手紙']} --kind result --sender office.toml --out letters --sent post"
    )
    office.keep(f"letters/{others['手紙']}-result.txt", name="結果通知.txt")
    office.run(f"case letter s.db {sheet['渡邉']} --kind sheet --sender office.toml --out letters")
    for path in sorted((office.folder / "letters").glob("*-sheet.txt")):
        office.keep(path.relative_to(office.folder), name="依頼元への報告.txt")
    office.run("desk s.db --as-of 2026-04-01 --ahead 14")
    office.run("desk s.db --as-of 2026-04-16")
    office.run("report requests s.db --out reports --as-of 2026-04-16 --from 2026-03-01")
    office.run("audit s.db", told=False)


def stays(office: Office) -> None:
    """What must be so whatever the book says: who asked is gone, everybody else stands as before."""
    held = {
        line.split(",")[0]: line for line in (office.folder / "members.csv").read_text("cp932").splitlines()
    }
    assert {"1001", "1002", "1003", "1004", "1005", "1006"} & set(held) == set()
    assert [held[number] for number in ("1007", "1008", "1009")] == list(MEMBERS[-3:])
    orders = (office.folder / "orders.csv").read_text("cp932").splitlines()
    assert orders[1] == "A-1,別人 太郎,東京都千代田区千代田1-1,03-1234-5611,,"
    [notice] = (office.folder / "notices").glob("*.csv")
    told = notice.read_text("cp932")
    assert [number for number in ("1001", "1002", "1003", "1004", "1006") if number not in told] == []
    assert [number for number in ("1007", "1008", "1009", "氏名", "渡") if number in told] == []
    letters = [path.read_text("utf-8") for path in (office.folder / "letters").glob("*-result.html")]
    assert len(letters) == 1
    assert "例示 四郎" in letters[0]
    assert "結果通知" in letters[0]


def test_W1_a_hyphen_that_a_fax_lost_is_at_least_looked_at(store: optout.Store) -> None:
    faxed = optout.Request(name="高橋 一郎", kana="タカハシ イチロウ", address="渋谷区神宮前1-23")
    store.suppress(faxed)
    held = pl.DataFrame(
        {"氏名": ["高橋 一郎"], "フリガナ": ["タカハシ イチロウ"], "住所": ["渋谷区神宮前1-2-3"]}
    )
    assert optout.screen(held, store).verdicts["verdict"].item() == "review"
