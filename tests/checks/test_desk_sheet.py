"""A client's sheet as CSV and XLSX, and a whole morning at the desk (WORKFLOWS W1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

import optout
from optout import desk
from optout.errors import EmptyBatchError, OptionError, UnknownColumnError
from optout.register.case import Case

HEADER = [
    *("依頼日", "依頼元会社名・担当", "納品番号", "氏名", "フリガナ", "〒", "住所", "TEL"),
    *("理由", "本人/代理人", "受付印"),
]
SHEET = [
    "R8.3.30|見本商事／伊藤|D-2026-031|渡邉 花子|ワタナベ ハナコ"
    "|160-0023|東京都新宿区西新宿3-2-1|03-1234-5678|DM停止|本人|",
    "〃|〃|〃|渡邉 太郎|ワタナベ タロウ|〃|同上|０３－１２３４－５６７８|名簿削除|本人|",
    "〃|〃||例示 桃子|レイジ モモコ|530-0001|大阪市北区梅田1-2-3 田中様方||DM停止|代理人（母）|",
    "4/1|〃|〃|佐藤||||090-1234-0001|どこで知りましたか|本人|",
    "R8.3.31|見本商事 担当 伊藤|D-2026-032|見本電器店||||0120-123-456|開示請求|本人|",
    "||||||||||",
]
Write = Callable[..., Path]


@pytest.fixture
def store(tmp_path: Path) -> optout.Store:
    made = optout.Store.create(tmp_path / "suppression.db", actor="佐藤")
    made.now = lambda: datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
    return made


@pytest.fixture
def sheet(tmp_path: Path) -> Write:
    def write(*lines: str, name: str = "irai.csv", header: list[str] = HEADER) -> Path:
        path = tmp_path / name
        rows = [header, *(line.split("|") for line in lines or SHEET)]
        if path.suffix == ".xlsx":
            book = openpyxl.Workbook()
            page = book.active
            assert page is not None
            for row in rows:
                page.append([cell or None for cell in row])
            book.save(path)
            book.close()
        else:
            path.write_bytes("\r\n".join(",".join(row) for row in [*rows, [""]]).encode("cp932"))
        return path

    return write


def told(case: Case) -> tuple[object, ...]:
    return (case.line, case.kind, case.person.name, case.delivery, case.client, case.contact)


@pytest.mark.parametrize("name", ["irai.csv", "irai.xlsx"])
def test_R3_a_clients_file_becomes_a_case_a_line(store: optout.Store, sheet: Write, name: str) -> None:
    before = store.revision
    taken = desk.receive_sheet(store, sheet(name=name), desk.Arrival("fax"))
    assert [told(case) for case in taken.cases] == [
        (1, "stop", "渡邉 花子", "D-2026-031", "見本商事", "伊藤"),
        (2, "erase", "渡邉 太郎", "D-2026-031", "見本商事", "伊藤"),
        (3, "stop", "例示 桃子", None, "見本商事", "伊藤"),
        (4, "stop", "佐藤", "D-2026-031", "見本商事", "伊藤"),
        (5, "disclose", "見本電器店", "D-2026-032", "見本商事", "伊藤"),
    ]
    assert store.revision == before + 1
    assert {case.sheet for case in taken.cases} == {taken.sheet}
    assert [case.asked_on for case in taken.cases] == [
        date(2026, 3, 30),
        date(2026, 3, 30),
        date(2026, 3, 30),
        None,
        date(2026, 3, 31),
    ]
    # Periods count from the arrival here, not from the day the person wrote to the client.
    assert {case.due for case in taken.cases} == {date(2026, 4, 15)}
    assert [bool(case.requests) for case in taken.cases] == [True, True, True, True, False]


def test_R3_a_form_with_a_title_dates_and_gaps_is_read_as_it_is(store: optout.Store, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (
        ["オプトアウト依頼書"],
        [],
        ["株式会社見本リスト 御中", None, None, "送付枚数 1枚"],
        [],
        ["No.", "依頼日", "依頼元会社名・担当", "氏　名", "住　所", "ＴＥＬ", "理由", "本人/代理人"],
        [
            1,
            date(2026, 3, 30),
            "見本商事\n伊藤",
            "渡邉 花子",
            "東京都新宿区西新宿3-2-1",
            312349999,
            "DM停止",
            "本人",
        ],
        [2, *[None] * 7],
        [3, date(2026, 3, 31), "〃", "例示 五郎", "大阪市北区梅田1-2-3", None, "名簿削除", "法定代理人"],
        [4, *[None] * 7],
    ):
        page.append(row)
    book.save(tmp_path / "irai.xlsx")
    book.close()
    taken = desk.receive_sheet(store, tmp_path / "irai.xlsx", desk.Arrival("email"))
    assert [
        (case.line, case.asked_on, case.person.name, case.client, case.contact) for case in taken.cases
    ] == [
        (1, date(2026, 3, 30), "渡邉 花子", "見本商事", "伊藤"),
        (3, date(2026, 3, 31), "例示 五郎", "見本商事", "伊藤"),
    ]
    held = pl.DataFrame({"氏名": ["渡辺花子"], "電話番号": ["03-1234-9999"]})
    assert optout.screen(held, store).verdicts["verdict"].to_list() == ["withhold"]


def test_what_the_desk_should_look_at_is_said_of_each_line(store: optout.Store, sheet: Write) -> None:
    taken = desk.receive_sheet(store, sheet(), desk.Arrival("fax"))
    assert [case.remarks for case in taken.cases] == [
        ("same_number",),
        ("same_number",),
        ("delivery_missing", "care_of", "agent_unnamed"),
        ("surname_only", "date_unread", "kind_unread", "origin_asked"),
        ("unmatchable", "shared_number"),
    ]
    assert taken.cases[1].person.address == "東京都新宿区西新宿3-2-1"
    agent = taken.cases[2].agent
    assert (agent.right, agent.name) if agent else None == ("mandatary", "")


def test_the_same_file_again_changes_nothing(store: optout.Store, sheet: Write) -> None:
    first = desk.receive_sheet(store, sheet())
    before = store.head
    again = desk.receive_sheet(store, sheet())
    assert (again.known, again.cases, store.head) == (True, first.cases, before)


def test_R2_a_second_operators_file_is_compared_line_by_line_and_nobody_is_lost(
    store: optout.Store, sheet: Write
) -> None:
    lines = [
        "|見本商事|D-1|渡邉 花子|||新宿区西新宿3-2-1|03-1234-5678|停止|本人|",
        "|見本商事|D-1|例示 五郎||||090-1234-0001|停止|本人|",
        "|見本商事|D-1|見本 次郎||||090-1234-0002|停止|本人|",
    ]
    taken = desk.receive_sheet(store, sheet(*lines), desk.Arrival("fax", received="2026-03-31"))
    seen = [
        lines[0].replace("渡邉", "渡邊").replace("新宿区", "新宿区　"),
        "||||||||||",  # the second operator took the third line for the person of the fourth
        lines[2].replace("次郎", "二郎"),
        "|見本商事|D-1|例示 桃子||||090-1234-0003|停止|本人|",
    ]
    store.actor = "鈴木"
    read = desk.rekey_sheet(store, taken.sheet or "", sheet(*seen, name="second.csv"))
    assert [(case.line, case.state, case.differs) for case in read.cases] == [
        (1, "needs_rekey", ("name",)),
        (3, "needs_rekey", ("name",)),
    ]
    assert read.missing == (2,)
    (added,) = read.added
    assert (added.person.name, added.received, added.delivery) == ("例示 桃子", date(2026, 3, 31), "D-1")
    names = {"渡邉 花子", "渡邊 花子", "例示 五郎", "見本 次郎", "見本 二郎", "例示 桃子"}
    assert set(store.entries()[1]["name"]) == names


def test_a_line_that_cannot_be_read_is_told_and_kept_on_the_sheet(store: optout.Store, sheet: Write) -> None:
    path = sheet("R8.4.1|見本商事|D-1|見本 一郎||||090-1234-0001|停止|本人|", "a|b")
    path.write_bytes(path.read_bytes().replace(b"a,b", b"a,b,c,d,e,f,g,h,i,j,k,l,m"))
    taken = desk.receive_sheet(store, path)
    assert len(taken.cases) == 1
    assert [line for line, _ in taken.unread] == [3]
    assert [line for line, _ in store.record_of("sheet", taken.sheet or "").told["unread"]] == [3]


def test_columns_under_other_names_are_named(store: optout.Store, sheet: Write) -> None:
    header = ["いつ", "どこから", "番号札", "お名前", "ケータイ", "ご希望"]
    path = sheet("2026/3/30|見本商事|D-9|見本 一郎|090-1234-0001|電話停止", header=header)
    columns = {"received": "いつ", "client": "どこから", "delivery": "番号札", "reason": "ご希望"}
    (case,) = desk.receive_sheet(store, path, columns={**columns, "phone": "ケータイ"}).cases
    assert told(case) == (1, "stop", "見本 一郎", "D-9", "見本商事", None)
    assert case.asked_on == date(2026, 3, 30)
    with pytest.raises(UnknownColumnError):
        desk.receive_sheet(store, path, columns={"received": "ない列"})
    with pytest.raises(OptionError):
        desk.receive_sheet(store, path, columns={"received": ["いつ", "どこから"]})


def test_a_form_nobody_filled_in_is_refused(store: optout.Store, sheet: Write) -> None:
    with pytest.raises(EmptyBatchError):
        desk.receive_sheet(store, sheet("||||||||||", "||||||||||"))
    assert desk.cases(store) == {}


def test_an_unknown_reason_is_a_stop_and_never_nothing(store: optout.Store, sheet: Write) -> None:
    path = sheet("|見本商事|D-1|見本 一郎||||090-1234-0001|もう結構です|本人|")
    (case,) = desk.receive_sheet(store, path).cases
    assert (case.kind, case.remarks) == ("stop", ("kind_unread",))
    assert store.is_active(case.requests[0])


# Who stands in a list of the vendor, and whether the morning's stops withhold the row.
HELD = {
    "渡辺花子,新宿区西新宿３丁目２番１号,": "withhold",  # 渡邉 and 渡辺 are one name; the building is missing
    "渡邊 太郎,東京都新宿区西新宿3-2-1,": "withhold",
    "渡邉 美咲,東京都新宿区西新宿3-2-1,": "keep",  # of the same house; did not ask
    "例示桃子,大阪府大阪市北区梅田1丁目2-3,": "withhold",
    "佐藤 健,千代田区丸の内1-1-1,09012340001": "review",  # only a surname was told: he, or somebody of the house
    "見本電器店,千葉県千葉市中央区中央1-1,0120-123-456": "keep",  # asked for a disclosure
    "見本 次郎,港区芝公園4-2-8,": "withhold",  # by post
    "旧姓 三郎,港区芝公園4-2-8,": "keep",
    "見本 桜,横浜市中区本町1-1,": "withhold",  # by phone: the married name
    "例示 桜,横浜市中区本町1-1,": "withhold",  # and the former one
    "例示 健,埼玉県さいたま市大宮区桜木町1-7-5,": "withhold",  # the old address
    "無関 係子,札幌市中央区北一条西2-3,": "keep",
}


def test_R2_R3_R8_a_morning_at_the_desk(store: optout.Store, sheet: Write) -> None:
    # 8:50 the fax of a client with five people; 鈴木 keys two lines of it a second time.
    fax = desk.receive_sheet(store, sheet(), desk.Arrival("fax")).cases
    store.actor = "鈴木"
    misread = desk.rekey(store, fax[0].id, optout.Identity(**{**given(fax[0]), "name": "渡邊 花子"}))
    agreed = desk.rekey(
        store, fax[1].id, optout.Identity(**{**given(fax[1]), "address": "東京都新宿区西新宿３－２－１"})
    )
    assert (misread.state, misread.differs, agreed.state) == ("needs_rekey", ("name",), "received")

    # A letter, a call (a married name), an e-mail with an old address, and the first person of the fax by herself.
    store.actor = "佐藤"
    letter = desk.receive(
        store,
        desk.Asked(optout.Request(name="見本 次郎", address="東京都港区芝公園4-2-8"), "消去"),
        desk.Arrival("郵送", received="2026-03-31"),
    )
    call = desk.receive(
        store,
        optout.Request(
            name="見本 桜",
            address="神奈川県横浜市中区本町1-1",
            identities=[optout.Identity(name="例示 桜")],
            reason="結婚して姓が変わりました",
        ),
        desk.Arrival("電話"),
    )
    mail = desk.receive(
        store,
        optout.Request(
            name="例示 健",
            address="東京都千代田区丸の内1-1-1",
            emails=["ken@example.com"],
            identities=[optout.Identity(address="埼玉県さいたま市大宮区桜木町1-7-5")],
        ),
        desk.Arrival("メール"),
    )
    herself = desk.receive(
        store,
        optout.Request(name="渡辺 花子", address="新宿区西新宿3-2-1 見本マンション"),
        desk.Arrival("電話"),
    )

    cases = list(desk.cases(store).values())
    number = {case.id: f"#{n}" for n, case in enumerate(cases)}
    golden = [
        # case, kind, state, channel, received, due, repeats
        ("#0", "stop", "needs_rekey", "fax", "04-01", "04-15", ""),
        ("#1", "erase", "received", "fax", "04-01", "04-15", ""),
        ("#2", "stop", "received", "fax", "04-01", "04-15", ""),
        ("#3", "stop", "received", "fax", "04-01", "04-15", ""),
        ("#4", "disclose", "received", "fax", "04-01", "04-15", ""),
        ("#5", "erase", "received", "post", "03-31", "04-14", ""),
        ("#6", "stop", "received", "phone", "04-01", "04-15", ""),
        ("#7", "stop", "received", "email", "04-01", "04-15", ""),
        ("#8", "stop", "received", "phone", "04-01", "04-15", "#0"),
    ]
    assert [
        (
            number[case.id],
            case.kind,
            case.state,
            case.channel,
            f"{case.received:%m-%d}",
            f"{case.due:%m-%d}",
            number.get(case.canonical or "", ""),
        )
        for case in cases
    ] == golden
    assert [taken.cases[0].id for taken in (letter, call, mail, herself)] == [case.id for case in cases[5:]]
    assert desk.day(store).counts == {
        "overdue": 0,
        "due": 0,
        "partial": 0,
        "rekey": 1,
        "verifying": 0,
        "unanswered": 0,
        "received": 9,
        "review": 0,
    }
    # In force before anybody was identified or anything was carried out.
    rows = [line.split(",") for line in HELD]
    held = pl.DataFrame(rows, schema=["氏名", "住所", "TEL"], orient="row")
    assert optout.screen(held, store).verdicts["verdict"].to_list() == list(HELD.values())


def given(case: Case) -> dict[str, object]:
    return {name: getattr(case.person, name) for name in case.person.__slots__}
