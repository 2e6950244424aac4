"""W2, the midday: 高橋 takes in bought lists: the Excel file of a school's alumni, the CP932 file of a mail-order shop.

What goes wrong in them is what goes wrong in offices: titles over the header, merged cells, lost zeros, 番地 that are
dates now, letters nobody has, half-width kana in pieces, several people in a row, and sellers who tell too little.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook

from .office import Office

# Who asked to be left out, before today.
ASKED = """氏名,フリガナ,郵便番号,住所,電話番号,生年月日,受付日,受付方法
見本 一郎,ミホン イチロウ,160-0023,東京都新宿区西新宿3-2-1,03-1234-5601,,2026-01-10,fax
例示 花子,レイジ ハナコ,336-0011,埼玉県浦和市高砂3-15-1,090-1234-5602,,2026-01-11,post
渡邉 健二,ワタナベ ケンジ,530-0001,大阪府大阪市北区梅田1-2-3,03-1234-5603,,2026-01-12,phone
髙橋 由美,タカハシ ユミ,060-0001,北海道札幌市中央区北一条西2-3,090-1234-5604,,2026-01-13,fax
佐藤 勝,サトウ マサル,460-0001,愛知県名古屋市中区三の丸3-1-2,090-1234-5605,昭和45年3月2日,2026-01-14,email
渡部 学,ワタベ マナブ,231-0021,神奈川県横浜市中区日本大通1,,,2026-01-15,post
中村 恵,ナカムラ メグミ,980-0803,宮城県仙台市青葉区国分町3-7-1,,,2026-01-16,client
"""
ALUMNI = "同窓会名簿_H12.xlsx"
SHOP = "tsuhan_cp932.csv"
CLINIC = (
    "氏名,フリガナ,郵便番号,住所,電話番号,既往歴,備考",
    "見本 五郎,ミホン ゴロウ,105-0011,東京都港区芝公園4-2-8,03-1234-5631,糖尿病,",
    "例示 六子,レイジ ムツコ,110-0005,東京都台東区上野1-2-3,03-1234-5632,,糖尿病の治療中",
)
# What has to become of each row, by its 番号 or name: said here, and not taken from what came out.
WITHHELD_ALUMNI = {"1", "2", "3", "7", "12"}
REVIEWED_ALUMNI = {"4", "11"}  # half a name, and nobody
KEPT_ALUMNI = {"5", "6", "8", "9", "10"}
WITHHELD_SHOP = {"佐藤\u3000勝", "渡部 学"}
REVIEWED_SHOP = {"中村"}
HEADER = ("番号", "氏 名", "フリガナ", "〒", "住 所", "TEL", "生年月日", "備考")
# A workbook as a school makes it: the zero of a number is gone, 3丁目15番1号, 一丁目, 〓 for 髙, two people in a cell.
ROWS: tuple[tuple[object, ...], ...] = (
    (1, "見本一郎", "ミホンイチロウ", 1600023, "東京都新宿区西新宿3-2-1", 312345601, "S30.4.5", None),
    (2, "例示 花子", "レイジ ハナコ", "330-0063", "埼玉県さいたま市浦和区高砂3丁目15番1号", None, None, None),
    (3, "渡辺 健二", "ﾜﾀﾅﾍﾞ ｹﾝｼﾞ", "530-0001", "大阪市北区梅田一丁目2-3", None, None, None),
    (4, "〓橋 由美", "タカハシ ユミ", None, "札幌市中央区北1条西2-3", "090-1234-5604", None, None),
    (
        5,
        "別人 太郎",
        "ベツジン タロウ",
        "100-0001",
        "東京都千代田区千代田1-1",
        "03-1234-5611",
        "昭和50年6月7日",
        None,
    ),
    (
        6,
        "別人 太郎",
        "ベツジン タロウ",
        "100-0001",
        "千代田区千代田一番一号",
        "03-1234-5611",
        "S50.6.7",
        None,
    ),
    (7, "中村 誠・恵", "ナカムラ マコト", "980-0803", "仙台市青葉区国分町3-7-1", None, None, None),
    (8, "株式会社見本商事", None, "104-0061", "東京都中央区銀座1-2-3", "03-1234-5612", None, None),
    (
        9,
        "見本 小春",
        "ミホン コハル",
        "102-0083",
        "東京都千代田区麹町1-2-3",
        None,
        datetime(2015, 5, 5),
        None,
    ),
    (10, "例示 三郎", "レイジ サブロウ", "150-0001", "東京都渋谷区神宮前1-2-3", "9.01235E+10", None, None),
    (11, None, None, None, None, None, None, "住所不明"),
    (
        12,
        "田中 実",
        "タナカ ミノル",
        "060-0042",
        "北海道札幌市中央区大通西1-2",
        "090-1234-5613",
        None,
        "DM不要",
    ),
)
# As a shop system writes it: half-width kana in pieces, the 番地 of a spreadsheet, ? for a letter it lacks.
LINES = (
    "氏名,ﾌﾘｶﾞﾅ,〒,住所１,住所２,住所３,TEL,生年月日",
    "佐藤　勝,ｻﾄｳ ﾏｻﾙ,460-0001,愛知県名古屋市中区,三の丸,2003/1/2,9012345605,S45.3.2",
    "渡部 学,ﾜﾀﾍ゛ ﾏﾅﾌ゛,231-0021,神奈川県横浜市中区,日本大通１,,,",
    "?田 一郎,ﾖｼﾀﾞ ｲﾁﾛｳ,101-0021,東京都千代田区,外神田1-2-3,見本ビル101,03-1234-5621,S33.3.3",
    "例示 次郎,ﾚｲｼﾞ ｼﾞﾛｳ,355-0328,埼玉県比企郡小川町,大字大塚５５,,090-1234-5622,H1.1.8",
    "見本 花,ﾐﾎﾝ ﾊﾅ,540-0008,大阪府大阪市中央区,大手前2-1-22,,03-1234-5623,1985/12/1",
    "中村,ﾅｶﾑﾗ,,,,,090-1234-5604,",
    "鈴木 一,ｽｽﾞｷ ﾊｼﾞﾒ,too,many,cells,in,this,line,of,the,list",
)


def alumni(path: Path) -> None:
    """The workbook: titles over the header, one of them in merged cells."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "名簿"
    sheet.append(["平成12年度 同窓会名簿"])
    sheet.merge_cells("A1:H1")
    sheet.append(["平成12年10月1日現在　取扱注意"])
    sheet.append([])
    sheet.append(list(HEADER))
    for row in ROWS:
        sheet.append(list(row))
    book.save(path)


def listed(office: Office, folder: str, part: str, encoding: str = "utf-8-sig") -> set[str]:
    """First cells of the rows of one of the four files."""
    text = (office.folder / folder / f"{part}.csv").read_bytes().decode(encoding)
    return {row[0] for row in csv.reader(io.StringIO(text)) if row} - {"番号", "氏名"}


def test_W2_midday(office: Office, same: Callable[[str], None]) -> None:
    alumni(office.folder / ALUMNI)
    office.write(SHOP, *LINES)
    office.write("clinic.csv", *CLINIC)
    (office.folder / "asked.csv").write_text(ASKED, "utf-8")
    for name in ("誓約書", "売買契約書", "運転免許証の写し"):
        (office.folder / f"{name}.pdf").write_bytes(f"%PDF {name}".encode())
    office.at("2026-04-01 08:50", "鈴木")
    office.run("init s.db", told=False)
    office.run("import s.db asked.csv")
    the_alumni(office)
    the_shop(office)
    the_clinic(office)
    office.at("2026-04-01 13:30", "鈴木")
    office.run("holdings list s.db")
    office.run("report effect s.db --out reports --as-of 2026-04-01")
    same("midday")


def the_alumni(office: Office) -> None:
    """An individual sells a workbook; what he does not tell keeps it in quarantine."""
    office.at("2026-04-01 12:05", "高橋")
    office.run(f"columns {ALUMNI}")
    office.run(f"intake s.db {ALUMNI} --basis individual --supplier 同窓生 --out in1 --accept", code=66)
    assert listed(office, "in1", "withheld") == WITHHELD_ALUMNI
    assert listed(office, "in1", "review") == REVIEWED_ALUMNI
    assert listed(office, "in1", "kept") == KEPT_ALUMNI
    waiting = office.run("review list s.db").every(r"P-[0-9A-Za-z]+")
    for item in waiting:
        office.run(f"review show s.db {item} --purpose 取得時の確認")
    office.run(f"review decide s.db {waiting[0]} same --reason 住所と電話が一致")
    office.at("2026-04-01 12:20")
    office.run(
        "supplier add s.db '例示 四郎' --address 東京都港区芝公園4-2-8 --category individual --pledge 誓約書.pdf "
        "--identity-checked 2026-04-01 --identity-method 運転免許証 --identity-by 高橋 "
        "--document 本人確認書類=運転免許証の写し.pdf"
    )
    office.run(
        f"intake s.db {ALUMNI} --basis individual --supplier S-0001 --history 卒業時に配布された名簿 "
        "--document 売買契約書=売買契約書.pdf --minors withhold --out in1 "
        "--accept --leave-out review --acknowledge damage --name 同窓会名簿H12"
    )
    assert listed(office, "in1", "withheld") == {*WITHHELD_ALUMNI, "4", "9"}  # decided; under 16
    for part in ("kept", "withheld", "review"):
        office.keep(f"in1/{part}.csv", "utf-8-sig")


def the_shop(office: Office) -> None:
    """A seller who had the list by another's opt-out: it may be held, and never provided again by opt-out."""
    office.at("2026-04-01 12:40")
    office.run(f"columns {SHOP}")
    told = (
        f"intake s.db {SHOP} --basis optout --supplier 見本名簿店 --history 見本通販からオプトアウトで取得 "
        "--out in2 --not-strict"
    )
    office.run(told)
    first = {path.name: path.read_bytes() for path in (office.folder / "in2").iterdir()}
    assert listed(office, "in2", "withheld", "cp932") == WITHHELD_SHOP
    assert listed(office, "in2", "review", "cp932") == REVIEWED_SHOP
    office.run(f"{told} --accept --leave-out review --leave-out quarantined --acknowledge damage --name 通販")
    assert {path.name: path.read_bytes() for path in (office.folder / "in2").iterdir()} == first
    for part in ("kept", "withheld", "review", "quarantined"):
        office.keep(f"in2/{part}.csv", "cp932")
    going = "--recipient 見本ダイレクト --purpose 教材の案内 --channel mail --out out2"
    office.run(f"deliver s.db in2/kept.csv {going}", code=67)


def the_clinic(office: Office) -> None:
    """A column of health, and one cell of it in a note: refused, or left out for good."""
    office.at("2026-04-01 13:05")
    told = (
        "intake s.db clinic.csv --basis consent --consent --supplier 見本健康食品 --history 購入者の同意により取得 "
        "--out in3 --not-strict"
    )
    office.run(told, code=16)
    assert not (office.folder / "in3").exists()
    office.run(f"{told} --drop-sensitive")
    assert "糖尿病" not in office.keep("in3/kept.csv", "cp932")
