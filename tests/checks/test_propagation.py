"""Clients who hold a person's data are told of the stop, and no more than they need; their own sheets come back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

import optout
from optout import errors, review
from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.checks import propagation
from optout.register import ledger, notice
from optout.report import answers, letters
from optout.store import Store

Deliver = Callable[..., ledger.Provision]
DAY = date(2026, 5, 1)
MOVED = optout.Request(
    name="渡邉 花子",
    address="大阪府大阪市北区梅田1-2-3",
    phones="090-1234-5678",
    identities=[optout.Identity(address="東京都新宿区西新宿三丁目2番1号"), optout.Identity(name="田中 花子")],
)


@pytest.fixture
def office(store: Store) -> Store:
    store.actor = "佐藤"
    store.now = lambda: datetime(2026, 5, 1, 3, tzinfo=UTC)
    return store


@pytest.fixture
def deliver(office: Store) -> Deliver:
    """A list that went to a client, as the ledger has it."""

    def make(
        number: str, client: str, rows: dict[str, list[str]], ids: list[str] | None = None
    ) -> ledger.Provision:
        frame = pl.DataFrame(rows)
        known = pl.Series(ids or [f"line {n + 1}" for n in range(frame.height)])
        lines = ledger.subject_lines(raw(frame, recognise(frame.columns)), known)
        recipient = {"id": client, "name": f"株式会社見本{client}", "address": "港区"}
        told = ledger.Provision(number, date(2026, 4, 1), recipient, tuple(rows), delivery=f"D-{number}")
        return ledger.record(office, told, lines)

    return make


def lines_of(made: propagation.Round, number: str, encoding: str = "cp932") -> list[str]:
    return made.files[number].read_bytes().decode(encoding).splitlines()


def test_P1_every_past_delivery_that_held_the_person_is_found_and_each_client_told_once(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    deliver("1", "C-101", {"氏名": ["例示 次郎", "渡邊花子"], "住所": ["千代田区1-1", "新宿区西新宿3-2-1"]})
    deliver("2", "C-102", {"氏名": ["例示 次郎"], "住所": ["千代田区1-1"]})
    deliver("3", "C-101", {"氏名": ["田中花子"], "住所": ["大阪市北区梅田1丁目2番3号"]})
    deliver(
        "4",
        "C-103",
        {"会員番号": ["A7", "A8"], "氏名": ["渡辺 花子", "渡辺 太郎"], "TEL": ["09012345678"] * 2},
        ["A7", "A8"],
    )
    office.suppress(MOVED)
    made = propagation.make(office, tmp_path / "notices", as_of=DAY)
    assert [(one.recipient, one.rows, one.deliveries) for one in made.notices] == [
        ("株式会社見本C-101", 2, ("D-1", "D-3")),
        ("株式会社見本C-103", 1, ("D-4",)),
    ]
    assert [path.name for path in made.files.values()] == ["C-101.csv", "C-103.csv"]
    assert lines_of(made, "N-0001") == [
        "納品番号,提供日,行,氏名,住所,ご依頼の内容",
        "D-1,2026-04-01,2,渡邊花子,新宿区西新宿3-2-1,利用停止",
        "D-3,2026-04-01,1,田中花子,大阪市北区梅田1丁目2番3号,利用停止",
    ]
    again = propagation.make(office, tmp_path / "again", as_of=DAY)
    assert (again.notices, list((tmp_path / "again").iterdir())) == ([], [])


def test_P1_a_client_that_numbers_its_rows_is_told_the_numbers_and_nobodys_name(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    deliver("4", "C-103", {"氏名": ["渡辺 花子"], "TEL": ["09012345678"]}, ["A7"])
    office.suppress(MOVED)
    made = propagation.make(office, tmp_path, as_of=DAY)
    assert lines_of(made, "N-0001") == [
        "納品番号,提供日,貴社の番号,ご依頼の内容",
        "D-4,2026-04-01,A7,利用停止",
    ]


def test_P1_the_fewest_items_are_told_and_never_what_the_client_was_not_given(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    rows = {
        "氏名": ["渡邊花子"],
        "フリガナ": ["ワタナベハナコ"],
        "住所": ["新宿区西新宿3-2-1"],
        "電話": ["090-1234-5678"],
        "メール": ["hanako@example.jp"],
        "生年月日": ["1970-03-02"],
    }
    deliver("1", "C-101", rows)
    office.suppress(MOVED)
    made = propagation.make(office, tmp_path, as_of=DAY)
    assert lines_of(made, "N-0001")[1] == "D-1,2026-04-01,1,渡邊花子,090-1234-5678,利用停止"
    page = answers.notice_page(made.notices[0], notice.lines(office, "N-0001"), letters.Sender("見本商会"))
    text = made.files["N-0001"].read_bytes().decode("cp932") + page
    unknown = ("梅田", "田中", "渡邉", "西新宿", "1970", "hanako", "ワタナベ", *office.active_requests())
    assert [word for word in unknown if word in text] == []
    assert "2026年5月15日" in page


def test_P1_a_name_that_cp932_lacks_is_written_so_that_it_can_be_read(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    deliver("1", "C-101", {"氏名": ["𠮷田花子"], "住所": ["新宿区西新宿3-2-1"]})
    deliver("2", "C-102", {"氏名": ["髙橋﨑子"], "住所": ["新宿区西新宿3-2-1"]})
    office.suppress(
        [optout.Request(name=name, address="新宿区西新宿3-2-1") for name in ("吉田花子", "高橋崎子")]
    )
    made = propagation.make(office, tmp_path, as_of=DAY)
    assert [one.encoding for one in made.notices] == ["utf-8-sig", "cp932"]
    assert "𠮷田花子" in lines_of(made, "N-0001", "utf-8-sig")[1]
    assert "髙橋﨑子" in lines_of(made, "N-0002")[1]
    assert b"?" not in made.files["N-0001"].read_bytes() + made.files["N-0002"].read_bytes()


def test_P1_what_is_asked_is_told_and_the_broadest_counts(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    deliver("1", "C-101", {"氏名": ["渡邊花子"], "住所": ["新宿区西新宿3-2-1"]})
    here = {"name": "渡邊花子", "address": "新宿区西新宿3-2-1"}
    office.suppress(optout.Request(**here, channels="電話,FAX"))
    assert "利用停止（電話・FAX）" in lines_of(propagation.make(office, tmp_path, as_of=DAY), "N-0001")[1]
    office.suppress([optout.Request(**here, channels="郵送"), optout.Request(**here)])
    assert [
        line.rpartition(",")[2] for line in lines_of(propagation.make(office, tmp_path), "N-0002")[1:]
    ] == ["利用停止"]


def test_P1_doubt_waits_in_the_review_and_no_client_is_told_before_it_is_decided(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    deliver("1", "C-101", {"氏名": ["渡邊花江", "渡邊花代", "渡邊太郎"], "住所": ["新宿区西新宿3-2-1"] * 3})
    (asked,) = office.suppress(optout.Request(name="渡邊花子", address="新宿区西新宿3-2-1")).request_ids
    made = propagation.make(office, tmp_path, as_of=DAY)
    assert made.notices == []
    assert made.waiting.select("provision", "request", "row").rows() == [("1", asked, 0), ("1", asked, 1)]
    open_ = review.waiting(office, "提供 1")
    assert open_.select("row", "request", "row_name").rows() == [
        (0, asked, "渡邊花江"),
        (1, asked, "渡邊花代"),
    ]
    review.decide(office, open_["item"][0], "same", "電話で確認", "鈴木")
    review.decide(office, open_["item"][1], "other", "妹", "鈴木")
    again = propagation.make(office, tmp_path, as_of=DAY)
    assert (again.looked_for, again.waiting.height) == (1, 0)
    assert lines_of(again, "N-0001")[1:] == ["D-1,2026-04-01,1,渡邊花江,新宿区西新宿3-2-1,利用停止"]
    assert propagation.make(office, tmp_path, as_of=DAY).looked_for == 0


def test_P1_who_took_a_stop_back_is_not_looked_for_again(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    deliver("1", "C-101", {"氏名": ["渡邊花江"], "住所": ["新宿区西新宿3-2-1"]})
    (asked,) = office.suppress(optout.Request(name="渡邊花子", address="新宿区西新宿3-2-1")).request_ids
    assert propagation.make(office, tmp_path, as_of=DAY).waiting.height == 1
    office.lift(asked, "本人の申出")
    assert propagation.make(office, tmp_path, as_of=DAY).looked_for == 0


def test_P1_a_hold_and_returned_mail_ask_nobody_for_anything(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    deliver("1", "C-101", {"氏名": ["渡邊花子"], "住所": ["新宿区西新宿3-2-1"]})
    here = {"name": "渡邊花子", "address": "新宿区西新宿3-2-1"}
    for kind in ("legal_hold", "moved_away"):
        office.suppress(optout.Request(**here, kind=kind))
    assert propagation.make(office, tmp_path, as_of=DAY).notices == []


def test_P1_a_clients_own_stop_is_told_to_nobody_else(
    office: Store, tmp_path: Path, deliver: Deliver
) -> None:
    deliver("1", "C-101", {"氏名": ["渡邊花子"], "住所": ["新宿区西新宿3-2-1"]})
    office.suppress(optout.Request(name="渡邊花子", address="新宿区西新宿3-2-1", tenant="別の会社"))
    assert propagation.make(office, tmp_path, as_of=DAY).notices == []


def test_P1_a_full_disk_records_no_notice_and_a_file_can_be_written_again(
    office: Store, deliver: Deliver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("1", "C-101", {"氏名": ["=渡邊花子"], "住所": ["新宿区西新宿3-2-1"]})
    office.suppress(MOVED)

    def full(*_: object) -> None:
        raise errors.WriteFailedError("x", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("optout.batch.staged.StagedFile.write", full)
        with pytest.raises(errors.WriteFailedError):
            propagation.make(office, tmp_path / "out", as_of=DAY)
    assert notice.notices(office) == {}
    made = propagation.make(office, tmp_path / "out", as_of=DAY)
    assert ",'=渡邊花子," in lines_of(made, "N-0001")[1]  # no formula
    path = propagation.rewrite(office, "N-0001", tmp_path / "again")
    assert path.read_bytes() == made.files["N-0001"].read_bytes()


@pytest.fixture
def told(office: Store) -> str:
    """A notice that was made on 2026-05-01 and is due in 14 days."""
    facts = {
        "deliveries": ("D-1",),
        "rows": 1,
        "columns": ("行",),
        "file": "x.csv",
        "sha256": "",
        "encoding": "cp932",
    }
    made = notice.Notice("N-0001", "見本商事", DAY, date(2026, 5, 15), (("R-1", "1", 0),), **facts)  # type: ignore[arg-type]
    office.keep([notice.draft(made, pl.DataFrame({"行": ["2"]}), after=0)], "notices")
    return made.id


def test_P2_a_notice_is_sent_acknowledged_done_and_overdue_in_between(office: Store, told: str) -> None:
    status = lambda day: propagation.listed(office, day)["status"].item()  # noqa: E731
    assert status(DAY) == "made"
    propagation.moved(office, told, "sent", date(2026, 5, 2), how="郵送")
    assert [status(date(2026, 5, day)) for day in (2, 15, 16)] == ["sent", "sent", "overdue"]
    propagation.moved(office, told, "acknowledged", date(2026, 5, 10))
    assert [status(date(2026, 5, day)) for day in (15, 16)] == ["acknowledged", "overdue"]
    propagation.moved(office, told, "done", date(2026, 5, 20), note="1件削除")
    assert status(date(2027, 1, 1)) == "done"
    kept = notice.notices(office)[told]
    assert (kept.how, kept.note, kept.sent, kept.done) == (
        "郵送",
        "1件削除",
        date(2026, 5, 2),
        date(2026, 5, 20),
    )


def test_P2_the_list_of_reminders_follows_the_day_alone(office: Store, told: str) -> None:
    propagation.moved(office, told, "sent", DAY)
    assert propagation.reminders(office, date(2026, 5, 15)).is_empty()
    late = propagation.reminders(office, date(2026, 5, 16))
    assert late.select("notice", "due").rows() == [(told, date(2026, 5, 15))]
    propagation.reminded(office, told, date(2026, 5, 16))
    assert propagation.reminders(office, date(2026, 5, 17))["reminded"].to_list() == [1]
    office.now = lambda: datetime(2099, 1, 1, tzinfo=UTC)
    assert propagation.reminders(office, date(2026, 5, 15)).is_empty()
    assert propagation.listed(office, status="overdue").height == 1


@pytest.mark.parametrize(
    ("moves", "wrong"),
    [
        ((), "acknowledged"),
        ((), "done"),
        (("sent",), "sent"),
        (("sent", "done"), "acknowledged"),
        ((), "lost"),
    ],
)
def test_P2_no_notice_goes_back_or_is_answered_before_it_was_sent(
    office: Store, told: str, moves: tuple[str, ...], wrong: str
) -> None:
    for state in moves:
        propagation.moved(office, told, state, DAY)
    with pytest.raises(errors.IllegalMoveError):
        propagation.moved(office, told, wrong, DAY)
    if "done" in moves or not moves:
        with pytest.raises(errors.IllegalMoveError):
            propagation.reminded(office, told, DAY)


def test_P2_a_status_that_does_not_exist_is_refused(office: Store, told: str) -> None:
    with pytest.raises(errors.OptionError):
        propagation.listed(office, DAY, "lost")


def sheet(path: Path, *lines: str) -> Path:
    header = "依頼日,依頼元会社名・担当,納品番号,氏名,〒,住所,TEL,理由"
    path.write_bytes("\r\n".join([header, *lines, ""]).encode("cp932"))
    return path


def test_P3_a_clients_sheet_suppresses_everybody_and_reports_unknown_deliveries(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    deliver("1", "C-101", {"氏名": ["渡邊花子", "例示 次郎"], "住所": ["新宿区西新宿3-2-1", "千代田区1-1"]})
    deliver("2", "C-102", {"氏名": ["例示 三郎"], "住所": ["千代田区1-1"]})
    file = sheet(
        tmp_path / "sheet.csv",
        "2026/4/28,見本C-101㈱ 担当 伊藤,Ｄ-1,渡邉 花子,,東京都新宿区西新宿3-2-1,,DM停止",
        "2026/4/28,株式会社見本C-101,D-1,例示 五郎,,東京都千代田区丸の内1-1-1,,DM停止",
        "2026/4/28,株式会社見本C-101,D-999,例示 四郎,,東京都千代田区丸の内1-1-2,,DM停止",
        "2026/4/28,株式会社見本C-101,D-2,例示 三郎,,東京都千代田区1-1,,名簿削除",
        "2026/4/28,株式会社見本C-101,,見本 六郎,,,090-1234-0006,電話停止",
    )
    found = propagation.take_back(office, file)
    assert [case.state for case in found.received.cases] == ["received"] * 5
    assert all(office.is_active(request) for case in found.received.cases for request in case.requests)
    assert (found.deliveries, found.unknown, found.of_others) == ({"D-1": 2}, {"D-999": 1}, {"D-2": 1})
    assert found.untold == 1
    assert found.not_in_it == (found.received.cases[1].id,)  # 五郎 was not in that delivery
    listed = pl.DataFrame(
        {"氏名": ["例示四郎", "見本六郎"], "住所": ["千代田区丸の内1-1-2", ""], "TEL": ["", "09012340006"]}
    )
    assert optout.screen(listed, office).verdicts["verdict"].to_list() == ["withhold"] * 2
    again = propagation.take_back(office, file)
    assert again.received.known
    assert [case.id for case in again.received.cases] == [case.id for case in found.received.cases]


def test_P3_client_and_delivery_may_be_said_for_the_whole_sheet(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    deliver("1", "C-101", {"氏名": ["渡邊花子"], "住所": ["新宿区西新宿3-2-1"]})
    (tmp_path / "plain.csv").write_text("氏名,住所\n渡邉花子,東京都新宿区西新宿3-2-1\n", "utf-8")
    found = propagation.take_back(office, tmp_path / "plain.csv", client="株式会社見本C-101", delivery="D-1")
    assert (found.deliveries, found.unknown, found.not_in_it) == ({"D-1": 1}, {}, ())
    (case,) = found.received.cases
    assert (case.channel, case.client, case.delivery) == ("client", "株式会社見本C-101", "D-1")


def test_P3_what_a_client_sends_back_is_told_to_the_other_clients(
    office: Store, deliver: Deliver, tmp_path: Path
) -> None:
    for number, client in (("1", "C-101"), ("2", "C-102")):
        deliver(number, client, {"氏名": ["渡邊花子"], "住所": ["新宿区西新宿3-2-1"]})
    (tmp_path / "plain.csv").write_text("氏名,住所\n渡邉花子,東京都新宿区西新宿3-2-1\n", "utf-8")
    propagation.take_back(office, tmp_path / "plain.csv", client="株式会社見本C-101", delivery="D-1")
    made = propagation.make(office, tmp_path / "notices", as_of=DAY)
    assert [one.recipient for one in made.notices] == ["株式会社見本C-101", "株式会社見本C-102"]
