"""The midday of an office (取得時): an alumni list in a workbook and a mail-order list in CP932, as they come.

Golden: every row's fate, every question, and what was found stand here as they must come out.
"""

from __future__ import annotations

from pathlib import Path

import openpyxl
import polars as pl
import pytest

import optout
from optout import errors, review
from optout.register import holding, receipt, supplier
from optout.register.supplier import Supplier

MAIL_ORDER = [
    "氏名,ﾌﾘｶﾞﾅ,〒,住所１,住所２,住所３,TEL,生年月日",
    "高橋 一郎,ﾀｶﾊｼ ｲﾁﾛｳ,1600023,東京都新宿区,西新宿三丁目2番1号,,0333441234,",
    "渡辺 恵子,ﾜﾀﾅﾍﾞ ｹｲｺ,530-0001,大阪府大阪市北区,梅田1-3-12,,6-6344-1234,S45.3.2",
    "高橋 一朗,ﾀｶﾊｼ ｲﾁﾛｳ,160-0023,東京都新宿区,西新宿3-2-1,,,",
    "見本 花子,ﾐﾎﾝ ﾊﾅｺ,1000001,東京都千代田区,千代田1-1,,312345678,1970/3/2",
    "見本花子,ﾐﾎﾝﾊﾅｺ,100-0001,東京都千代田区,千代田１－１,,,S45.3.2",
    "〓本 次郎,ﾐﾎﾝ ｼﾞﾛｳ,1050011,東京都港区,芝公園4-2-8,,090-1234-0002,",
    "株式会社見本商店,ﾐﾎﾝｼｮｳﾃﾝ,,東京都港区,芝公園4-2-9,,03-3433-1234,",
    "例示 太郎・花子,,1500001,東京都渋谷区,神宮前1月2日,,9.01E+09,",
    "半分の行,ﾊﾝﾌﾞﾝ",
    "例示 三郎,ﾚｲｼﾞ ｻﾌﾞﾛｳ,1500001,東京都渋谷区,神宮前1-3,,080-1234-0003,平成25年4月1日",
]
ALUMNI = [
    ["見本高等学校 同窓会名簿（平成12年）"],
    [],
    ["番号", "氏　名", "フリガナ", "現住所", "電話番号", "備考"],
    [1, "髙橋　一郎", "タカハシ　イチロウ", "東京都新宿区西新宿３－２－１", "03-3344-1234", ""],
    [
        2,
        "見本　桃子（旧姓 渡邊）",
        "ミホン　モモコ",
        "京都市中京区寺町通御池上る上本能寺前町488",
        "075-222-1234",
        "",
    ],
    [3, "例示　四郎", "レイジ　シロウ", "北海道札幌市中央区北一条西2-1", "011-211-1234", "身障手帳2級"],
    [4, "例示　五郎", "レイジ　ゴロウ", "愛知県名古屋市中村区名駅4-7-1", "052-551-1234", "DM不要"],
]


@pytest.fixture
def office(store: optout.Store) -> optout.Store:
    """A store with this morning's requests and one registered seller."""
    store.suppress(
        [
            optout.Request(
                name="髙橋 一郎",
                kana="タカハシ イチロウ",
                address="東京都新宿区西新宿三丁目2番1号",
                phones=["03-3344-1234"],
            ),
            optout.Request(
                name="渡邊 恵子", address="大阪府大阪市北区梅田一丁目3番12号", phones=["06-6344-1234"]
            ),
        ]
    )
    facts = {"category": "individual", "pledge_sha256": "ab" * 32, "identity_checked": "2026-04-01"}
    supplier.add(store, Supplier("見本 七郎", address="東京都港区芝公園4-2-10", **facts))
    return store


def fates(intake: optout.Intake) -> list[str]:
    return list(intake.result.verdicts["verdict"])


def test_A1_A9_a_mail_order_list_in_cp932(office: optout.Store, tmp_path: Path) -> None:
    listed = tmp_path / "tsuhan_cp932.csv"
    listed.write_bytes("\r\n".join([*MAIL_ORDER, ""]).encode("cp932"))
    told = {"supplier": "見本 七郎", "basis": "individual", "documents": {"売買契約書": "cd" * 32}}
    intake = optout.intake(listed, office, **told, history="", received="2026-11-22", out=tmp_path / "in")
    withheld = ["withhold", "withhold", "review"]
    assert fates(intake) == [*withheld, "keep", "keep", "keep", "keep", "keep", "keep"]
    assert [question.split(":")[0] for question in intake.open_questions] == [
        "history",
        "review",
        "quarantined",
        "damage",
        "minors",
    ]
    found = intake.record["findings"]
    assert found["duplicates"]["rows"] == [4]
    assert found["several_people"]["rows"] == [7]
    assert [(each["header"], each["kind"], each["rows"]) for each in found["gaiji"]] == [
        ("氏名", "geta", [5])
    ]
    assert found["minors"]["rows"] == [8]
    damage = [(each["header"], each["action"], each["rows"]) for each in intake.record["damage"]]
    assert damage == [("住所２", "repaired", [7]), ("TEL", "lost", [7]), ("TEL", "repaired", [3])]
    assert intake.quarantined.rows() == [(10, "fields: 2 instead of 8")]
    with pytest.raises(errors.OpenQuestionsError):
        intake.accept(leave_out=["review", "quarantined"], acknowledge=["damage", "minors"])


def test_A1_A3_the_mail_order_list_becomes_a_holding_when_everything_is_settled(
    office: optout.Store, tmp_path: Path
) -> None:
    listed = tmp_path / "tsuhan_cp932.csv"
    listed.write_bytes("\r\n".join([*MAIL_ORDER, ""]).encode("cp932"))
    told = {"supplier": "S-0001", "basis": "individual", "documents": {"売買契約書": "cd" * 32}}
    told |= {"history": "通販の顧客名簿を退職者から購入", "received": "2026-11-22", "minors": "withhold"}
    first = optout.intake(listed, office, **told, out=tmp_path / "in")
    [item] = review.waiting(office, first.list_name).rows(named=True)
    assert (item["row_name"], item["reason"]) == ("高橋 一朗 / ﾀｶﾊｼ ｲﾁﾛｳ", "name_variant")
    review.decide(office, item["item"], "same", "電話で本人と確認", "高橋")
    intake = optout.intake(listed, office, **told, out=tmp_path / "in")
    assert fates(intake) == [*["withhold"] * 3, *["keep"] * 5, "withhold"]
    held = intake.accept(leave_out=["quarantined"], acknowledge=["damage"], name="通販2026")
    kept = "\r\n".join([MAIL_ORDER[0], *MAIL_ORDER[4:9], ""]).encode("cp932")
    assert held.read_bytes() == kept
    one = holding.of(office, "通販2026")
    assert (one.basis, one.origin["supplier"], one.origin["deliverable"]) == ("individual", "S-0001", True)
    [made] = receipt.receipts(office)
    assert (made.lacking, made.persons) == ([], 9)


def test_A5_A8_an_alumni_list_in_a_workbook(office: optout.Store, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in ALUMNI:
        sheet.append(row)
    sheet.merge_cells("A1:F1")
    listed = tmp_path / "同窓会名簿_H12.xlsx"
    book.save(listed)
    told = {"supplier": "見本 七郎", "basis": "optout", "history": "幹事から購入", "received": "2026-11-22"}
    with pytest.raises(errors.SensitiveValueError, match="備考"):
        optout.intake(listed, office, **told, out=tmp_path / "in")
    intake = optout.intake(listed, office, **told, out=tmp_path / "in", drop_sensitive=True)
    assert fates(intake) == ["withhold", "keep", "keep", "withhold"]
    assert intake.result.report["by_reason"] == {"own_flag": 1, "same_person": 1}
    assert intake.record["findings"]["special_care"][0]["kinds"] == {"disability": 1}
    assert intake.record["deliverable"] is False
    assert [question.split(":")[0] for question in intake.open_questions] == ["receipt", "source"]
    kept = pl.read_csv(tmp_path / "in" / "kept.csv", infer_schema=False)
    assert kept["備考"].fill_null("").to_list() == ["", ""]
    assert kept["番号"].to_list() == ["2", "3"]
