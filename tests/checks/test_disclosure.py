"""What a person is shown of themselves, and what they are not shown of others."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

import optout
from optout import errors
from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.checks import casework, desk, disclosure
from optout.register import holding, ledger, receipt
from optout.report import answers
from optout.store import Store

Held = Callable[..., holding.Holding]
HEADER = "氏名,フリガナ,〒,住所,電話,備考"
MINE = "髙橋一郎,タカハシ イチロウ,160-0023,新宿区西新宿3-2-1,03-1234-5678,初回"
OTHER = "例示 次郎,レイジ ジロウ,100-0001,千代田区千代田1-1,090-1234-0001,秘"
DOUBT = "高橋 一朗,,,新宿区西新宿3-2-1,,"
RELATIVE = "高橋 花子,タカハシ ハナコ,,新宿区西新宿3-2-1,03-1234-5678,"


@pytest.fixture
def office(store: Store) -> Store:
    store.actor = "佐藤"
    store.now = lambda: datetime(2026, 4, 1, 3, tzinfo=UTC)
    return store


@pytest.fixture
def held(office: Store, tmp_path: Path) -> Held:
    def make(name: str, *lines: str, header: str = HEADER, **facts: Any) -> holding.Holding:
        path = tmp_path / f"{name}.csv"
        path.write_bytes("\r\n".join([header, *lines, ""]).encode("cp932"))
        return holding.add(office, holding.Holding(name, (str(path),), **facts))

    return make


@pytest.fixture
def who(person: Callable[..., optout.Request]) -> optout.Request:
    return person(identities=[optout.Identity(address="大阪府大阪市北区梅田1-2-3")])


def provide(store: Store, number: str, rows: dict[str, list[str]], **facts: Any) -> ledger.Provision:
    frame = pl.DataFrame(rows)
    ids = pl.Series([f"row {n}" for n in range(frame.height)])
    lines = ledger.subject_lines(raw(frame, recognise(frame.columns)), ids)
    client = {"name": "見本商事株式会社", "address": "東京都港区芝公園4-2-8", "representative": "見本 太郎"}
    told = {"purpose": "極秘企画", "delivery": "D-2026-031", "certificate": "C-9", **facts}
    return ledger.record(
        store, ledger.Provision(number, date(2026, 3, 1), client, tuple(rows), **told), lines
    )


def receive(store: Store, number: str, rows: dict[str, list[str]], **facts: Any) -> receipt.ReceiptRecord:
    frame = pl.DataFrame(rows)
    lines = raw(frame, recognise(frame.columns))
    supplier = {"name": "例示名簿店", "address": "東京都千代田区千代田1-1", "representative": "例示 太郎"}
    told = {"basis": "consent", "consent": True, "history": "展示会", "intake": "I-1", **facts}
    kept = receipt.ReceiptRecord(number, date(2025, 3, 1), supplier=supplier, items=tuple(rows), **told)
    return receipt.record(store, kept, [receipt.subject_lines(lines, pl.Series(["keep"] * lines.height))])


def text_of(access: disclosure.Access) -> str:
    """Everything the person would be given, in every form."""
    pages = [answers.as_json(access).decode(), answers.as_csv(access).decode("utf-8-sig")]
    return "\n".join([*pages, answers.access_page(access)])


def test_C1_the_package_shows_what_every_holding_holds_and_what_for(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("顧客", OTHER, MINE, entity="見本商会", purpose="商品の案内")
    held("催事", "旧住所,高橋一郎,大阪市北区梅田1丁目2-3", header="区分,氏名,住所", purpose="催事の案内")
    found = disclosure.access(office, who)
    assert found.answer == "held"
    assert found.looked.select("holding", "status", "rows").rows() == [
        ("顧客", "held", 1),
        ("催事", "held", 1),
    ]
    first, second = found.plain()["held"]
    assert first == {
        "holding": "顧客",
        "entity": "見本商会",
        "purpose": "商品の案内",
        "rows": [dict(zip(HEADER.split(","), MINE.split(","), strict=True))],
    }
    assert second["rows"] == [{"区分": "旧住所", "氏名": "高橋一郎", "住所": "大阪市北区梅田1丁目2-3"}]
    found.require_complete()


def test_C1_the_three_forms_say_the_same_and_open_in_a_spreadsheet(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("顧客", MINE, purpose="商品の案内")
    provide(office, "P-1", {"氏名": ["髙橋一郎"], "住所": ["新宿区西新宿3-2-1"]})
    access = disclosure.access(office, who, as_of=date(2026, 4, 1))
    document = json.loads(answers.as_json(access))
    table = list(csv.reader(io.StringIO(answers.as_csv(access).decode("utf-8-sig"))))
    page = answers.access_page(access)
    for header, value in document["held"][0]["rows"][0].items():
        assert ["顧客", "1", header, value] in table
        assert f"<td>{value}</td>" in page
    assert ["提供の記録", "1", "第三者の氏名又は名称", "見本商事株式会社"] in table
    assert "2026年4月1日現在" in page
    assert "<script" not in page


def test_C1_a_cell_that_is_a_formula_or_markup_stays_text(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("顧客", MINE.replace("初回", '"=HYPERLINK(""x"")"'), MINE.replace("初回", "<b>注</b>"))
    access = disclosure.access(office, who)
    table = list(csv.reader(io.StringIO(answers.as_csv(access).decode("utf-8-sig"))))
    assert ["顧客", "1", "備考", '\'=HYPERLINK("x")'] in table
    assert "&lt;b&gt;注&lt;/b&gt;" in answers.access_page(access)


def test_C1_not_held_is_an_answer_too(office: Store, held: Held, who: optout.Request) -> None:
    held("顧客", OTHER)
    before = office.head.audit_n
    access = disclosure.access(office, who)
    assert office.head.audit_n == before + 1  # every reading stands in the audit
    assert (access.answer, access.held) == ("not_held", ())
    access.require_complete()
    assert "存在しませんでした" in answers.access_page(access)
    assert json.loads(answers.as_json(access))["answer"] == "not_held"


def test_C1_nothing_is_answered_while_a_holding_cannot_be_read(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("顧客", OTHER)
    Path(held("借用", MINE).location[0]).unlink()
    held("壊れ", OTHER, "too,few")
    access = disclosure.access(office, who)
    assert access.answer == "incomplete"
    assert access.looked.filter(status="unreachable")["holding"].to_list() == ["借用", "壊れ"]
    with pytest.raises(errors.IncompleteAnswerError, match="借用, 壊れ"):
        access.require_complete()
    assert "この書面は回答ではありません" in answers.access_page(access)


def test_C1_the_other_sheets_of_a_workbook_are_read_or_registered_apart(
    office: Store, who: optout.Request, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    for name, row in (("顧客", ("高橋一郎", "新宿区西新宿3-2-1")), ("控え", ("例示 次郎", "千代田区1-1"))):
        sheet = book.create_sheet(name)
        sheet.append(("氏名", "住所"))
        sheet.append(row)
    del book["Sheet"]
    book.save(tmp_path / "held.xlsx")
    for sheet_name in ("顧客", "控え"):
        told = holding.Holding(sheet_name, (str(tmp_path / "held.xlsx"),), sheet=sheet_name)
        holding.add(office, told)
    access = disclosure.access(office, who)
    assert dict(access.looked.select("holding", "status").iter_rows()) == {"顧客": "held", "控え": "not_held"}
    holding.change(office, "控え", sheet=None)
    assert disclosure.access(office, who).answer == "incomplete"


def test_C1_a_row_in_doubt_is_shown_to_nobody_before_somebody_has_looked(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("顧客", MINE, DOUBT)
    access = disclosure.access(office, who)
    assert access.answer == "incomplete"
    assert access.doubts.select("holding", "row").rows() == [("顧客", 1)]
    assert "一朗" not in text_of(access)
    with pytest.raises(errors.IncompleteAnswerError):
        access.require_complete()
    others = disclosure.access(office, who, other={"顧客": [1]})
    assert (others.answer, len(others.held[0].rows)) == ("held", 1)
    same = disclosure.access(office, who, same={"顧客": [1]})
    assert (same.answer, len(same.held[0].rows)) == ("held", 2)
    with pytest.raises(errors.OptionError):  # a row that was not found is nobody's to show
        disclosure.access(office, who, same={"顧客": [7]})


def test_C1_a_relative_with_the_same_number_is_neither_shown_nor_in_the_way(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("顧客", MINE, RELATIVE)
    household = optout.Request(name=who.name, address=who.address, phones=who.phones, household=True)
    for asked in (household, office.suppress(household).request_ids):
        access = disclosure.access(office, asked)
        assert (access.answer, len(access.held[0].rows)) == ("held", 1)
        assert "ハナコ" not in text_of(access)


def test_C1_what_withholds_a_row_does_not_show_it_unless_the_name_agrees(office: Store, held: Held) -> None:
    """To withhold in doubt harms nobody; to show a row of somebody else does."""
    held(
        "顧客",
        "例示 次郎,,ichiro.t@example.jp",
        ",03-1234-5678,",
        "髙橋一郎,,ichiro.t@example.jp",
        header="氏名,電話,メール",
    )
    asked = optout.Request(name="高橋 一郎", phones="0312345678", emails="ichiro.t@example.jp")
    access = disclosure.access(office, asked)
    assert access.doubts["row"].to_list() == [0, 1]
    assert [dict(row) for row in access.held[0].rows] == [
        {"氏名": "髙橋一郎", "メール": "ichiro.t@example.jp"}
    ]
    office.suppress(asked)
    listed = Path(holding.of(office, "顧客").location[0])
    assert set(optout.screen(listed, office).verdicts["verdict"]) == {"withhold"}


def test_C1_of_a_row_of_two_people_only_ones_own_cells_are_shown(
    office: Store, held: Held, who: optout.Request
) -> None:
    header = "注文者氏名,注文者住所,注文者電話,送付先氏名,送付先住所,備考"
    held(
        "注文",
        "例示 次郎,千代田区千代田1-1,090-1234-0001,高橋 一郎,新宿区西新宿3-2-1,代金は例示様",
        header=header,
    )
    held("連名", "高橋一郎・花子,新宿区西新宿3-2-1,", header="氏名,住所,電話")
    access = disclosure.access(office, who, same={"連名": [0]})
    assert [dict(row) for one in access.held for row in one.rows] == [
        {"送付先氏名": "高橋 一郎", "送付先住所": "新宿区西新宿3-2-1"},
        {"住所": "新宿区西新宿3-2-1"},
    ]
    assert [one.left_out for one in access.held] == [("備考",), ("氏名",)]
    shown = text_of(access)
    assert [word for word in ("例示", "090-1234-0001", "花子", "代金") if word in shown] == []


def test_C1_a_clients_own_list_is_the_clients_to_answer_for(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("預かり", MINE, owner="見本商事")
    assert disclosure.access(office, who).looked.is_empty()
    assert disclosure.access(office, who, tenant="見本商事").answer == "held"


def test_C1_source_and_recipients_stand_in_the_package(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("顧客", OTHER)
    provide(office, "P-1", {"氏名": ["髙橋一郎"], "住所": ["大阪市北区梅田1-2-3"]})
    receive(office, "RC-1", {"氏名": ["高橋 一郎"], "電話": ["0312345678"]}, basis="public")
    told = disclosure.access(office, who).plain()
    assert (told["answer"], told["held"]) == ("held", [])
    assert told["records"]["provided"][0]["第三者の氏名又は名称"] == "見本商事株式会社"
    assert (
        told["records"]["received"][0]["取得年月日"] == "2025-03-01"
    )  # the source of a list nobody handed over


def test_C1_a_case_is_answered_only_when_it_was_accepted(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("顧客", MINE)
    (case,) = desk.receive(office, desk.Asked(who, "disclose")).cases
    with pytest.raises(errors.IllegalMoveError):
        disclosure.access(office, casework.person(case), case=case.id)
    desk.verify(office, case.id, "call_back", ["name"], passed=True)
    desk.accept(office, case.id)
    assert disclosure.access(office, casework.person(case), case=case.id).answer == "held"


def test_C1_nothing_shows_in_a_repr_or_in_what_the_office_sees(
    office: Store, held: Held, who: optout.Request
) -> None:
    held("顧客", MINE, DOUBT)
    provide(office, "P-1", {"氏名": ["髙橋一郎"], "住所": ["新宿区西新宿3-2-1"]})
    access = disclosure.access(office, who)
    said = repr((access, access.held, access.records, access.looked.rows(), access.doubts.rows()))
    assert [word for word in ("橋", "新宿", "1234") if word in said] == []


def test_E2_the_records_tell_the_statutory_items_and_no_others(office: Store, who: optout.Request) -> None:
    rows = {"氏名": ["例示 次郎", "髙橋一郎"], "住所": ["千代田区千代田1-1", "大阪市北区梅田1-2-3"]}
    provide(office, "P-1", rows)
    receive(office, "RC-1", {"氏名": ["タカハシ イチロウ", "高橋一郎"], "電話": ["", "0312345678"]})
    found = disclosure.records_of(office, who)
    assert found.provided == (
        {
            "提供年月日": "2026-03-01",
            "第三者の氏名又は名称": "見本商事株式会社",
            "第三者の住所": "東京都港区芝公園4-2-8",
            "第三者の代表者の氏名": "見本 太郎",
            "個人データの項目": "氏名、住所",
            "本人を特定するに足りる事項": "氏名 髙橋一郎、住所 大阪市北区梅田1-2-3",
        },
    )
    (received,) = found.received
    assert received["提供者の氏名又は名称"] == "例示名簿店"
    assert received["本人を特定するに足りる事項"] == "氏名 高橋一郎、電話番号 0312345678"
    text = json.dumps(found.plain(), ensure_ascii=False) + answers.records_page(found, date(2026, 4, 1))
    secrets = ("極秘", "D-2026-031", "C-9", "row 1", "P-1", "RC-1", "I-1", "例示 次郎", "keep")
    assert [word for word in secrets if word in text] == []


def test_E2_of_a_provision_by_consent_no_date_is_a_statutory_item(office: Store, who: optout.Request) -> None:
    provide(office, "P-1", {"氏名": ["髙橋一郎"], "住所": ["新宿区西新宿3-2-1"]}, basis="consent")
    (told,) = disclosure.records_of(office, who).provided
    assert told["本人の同意を得ている旨"] == "本人の同意を得ている"
    assert "提供年月日" not in told


def test_E2_no_record_is_an_answer_and_a_doubtful_one_is_nobodys(office: Store, who: optout.Request) -> None:
    provide(office, "P-1", {"氏名": ["高橋一朗", "高橋 花子"], "住所": ["新宿区西新宿3-2-1"] * 2})
    receive(office, "RC-1", {"氏名": ["高橋一郎"], "住所": ["新宿区西新宿3-2-1"]}, basis="direct")
    found = disclosure.records_of(office, who)
    assert (found.answer, found.provided, found.received) == (
        "not_held",
        (),
        (),
    )  # direct: nobody's provision
    assert found.waiting == 1
    assert "存在しませんでした" in answers.records_page(found, date(2026, 4, 1))


def test_E2_a_changed_surname_and_an_old_address_are_found(office: Store) -> None:
    provide(office, "P-1", {"氏名": ["渡邊 花子"], "住所": ["新宿区西新宿3-2-1"], "TEL": ["090-1234-5678"]})
    told = optout.Request(name="渡邉 花子", address="東京都新宿区西新宿三丁目2番1号")
    married = optout.Request(name="田中 花子", address="東京都新宿区西新宿三丁目2番1号", phones="09012345678")
    moved = optout.Request(
        name="渡辺花子",
        address="大阪府大阪市北区梅田1-2-3",
        identities=[optout.Identity(address="東京都新宿区西新宿3-2-1")],
    )
    assert [len(disclosure.records_of(office, asked).provided) for asked in (told, married, moved)] == [
        1,
        1,
        1,
    ]
