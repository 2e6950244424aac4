"""A correction reaches every list, whole or not at all, and frees nobody from a stop."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

import optout
from optout import errors
from optout.batch.columns import recognise
from optout.checks import casework, correction, desk
from optout.checks.placing import Correction, placed
from optout.register import holding
from optout.report import answers, letters
from optout.store import Store

Held = Callable[..., Path]
KEY = bytes(range(32))
HEADER = "氏名,フリガナ,〒,住所,電話,備考"
MINE = "高橋一郎,ﾀｶﾊｼ ｲﾁﾛｳ,160-0023,新宿区西新宿3-2-1,0312345678,①"
OTHER = "例示 次郎,,100-0001,千代田区千代田1-1,09012340001,㈱"
RIGHT = "高橋一郎,,105-0011,東京都港区芝公園４－２－８,0312345678,"
DOUBT = "高橋 一朗,,,新宿区西新宿3-2-1,,"
MOVED = {"address": "東京都港区芝公園4-2-8", "postal": "105-0011"}


@pytest.fixture
def office(store: Store) -> Store:
    store.actor = "佐藤"
    return store


@pytest.fixture
def held(office: Store, tmp_path: Path) -> Held:
    def make(name: str, *lines: str, header: str = HEADER) -> Path:
        path = tmp_path / f"{name}.csv"
        path.write_bytes("\r\n".join([header, *lines, ""]).encode("cp932"))
        holding.add(office, holding.Holding(name, (str(path),)))
        return path

    return make


@pytest.fixture
def who(person: Callable[..., optout.Request]) -> optout.Request:
    return person()


def text(path: Path) -> str:
    return path.read_bytes().decode("cp932")


def test_D11_every_list_is_corrected_and_nothing_else_in_it_changes(
    office: Store, held: Held, who: optout.Request, tmp_path: Path
) -> None:
    first, second = held("顧客", OTHER, MINE), held("会員", RIGHT)
    # Two codes of one character, a gaiji, a second byte that is a backslash: whatever else stands there stays.
    first.write_bytes(first.read_bytes() + b"\x81\xca\xee\xf9\xfa\x40,,,,\x83\x5c,\x87\x9c\r\n")
    before = first.read_bytes()
    pl.DataFrame(
        {"氏名": ["例示", "髙橋一郎"], "住所": [None, "西新宿3丁目2番1号"], "TEL": ["", "03-1234-5678"]}
    ).write_parquet(tmp_path / "events.parquet")
    holding.add(office, holding.Holding("催事", (str(tmp_path / "events.parquet"),)))
    held("他人", OTHER)
    plan = correction.plan(office, who, MOVED)
    assert (first.read_bytes(), office.revision) == (before, 0)
    assert sorted(plan.table.select("holding", "row", "action").rows()) == [
        ("会員", 0, "right"),
        ("催事", 1, "correct"),
        ("顧客", 1, "correct"),
    ]
    outcome = correction.execute(office, plan.hash)
    assert outcome.done
    assert outcome.statuses == {
        "顧客": "corrected",
        "会員": "right",
        "催事": "corrected",
        "他人": "not_found",
    }
    old, new = "160-0023,新宿区西新宿3-2-1", "105-0011,東京都港区芝公園4-2-8"
    assert first.read_bytes() == before.replace(old.encode("cp932"), new.encode("cp932"))
    assert text(second) == "\r\n".join([HEADER, RIGHT, ""])
    events = pl.read_parquet(tmp_path / "events.parquet")
    assert events["住所"].to_list() == [None, "東京都港区芝公園4-2-8"]


def test_D11_a_workbook_and_a_table_are_corrected_too(
    office: Store, who: optout.Request, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("氏名", "住所", "電話"),
        ("例示 次郎", "千代田区1-1", ""),
        ("高橋一郎", "新宿区西新宿3-2-1", ""),
    ):
        sheet.append(row)
    book.save(tmp_path / "held.xlsx")
    with sqlite3.connect(tmp_path / "office.db") as db:
        db.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, 氏名 TEXT, 住所 TEXT)")
        db.execute("INSERT INTO people VALUES (7, '高橋 一郎', '新宿区西新宿3-2-1'), (8, '例示 次郎', 'x')")
    db.close()
    holding.add(office, holding.Holding("台帳", (str(tmp_path / "held.xlsx"),)))
    holding.add(office, holding.Holding("会員", (f"sqlite:///{tmp_path}/office.db#people",)))
    plan = correction.plan(office, who, {"name": "高橋 市郎"})
    assert correction.execute(office, plan.hash).done
    cells = openpyxl.load_workbook(tmp_path / "held.xlsx").active
    assert cells is not None
    assert [cell.value for cell in cells["A"]] == ["氏名", "例示 次郎", "高橋 市郎"]
    with sqlite3.connect(tmp_path / "office.db") as db:
        assert db.execute("SELECT 氏名 FROM people ORDER BY id").fetchall() == [
            ("高橋 市郎",),
            ("例示 次郎",),
        ]
    db.close()
    assert {change.row_id for change in correction.changes(office, plan.hash)} >= {"id=7"}


def test_D11_before_and_after_are_kept_sealed(
    office: Store, held: Held, who: optout.Request, tmp_path: Path
) -> None:
    held("顧客", MINE)
    plan = correction.plan(office, who, {**MOVED, "kana": ""})
    correction.execute(office, plan.hash)
    told = [(each.header, each.before, each.after) for each in correction.changes(office, plan.hash)]
    assert told == [
        ("フリガナ", "ﾀｶﾊｼ ｲﾁﾛｳ", ""),
        ("〒", "160-0023", "105-0011"),
        ("住所", "新宿区西新宿3-2-1", "東京都港区芝公園4-2-8"),
    ]
    content = b"".join(path.read_bytes() for path in tmp_path.glob("suppression.db*"))
    words = [word for _, before, after in told for word in (before, after) if word]
    assert [word for word in words if word.encode() in content or word.encode("utf-16-le") in content] == []
    said = repr((plan, correction.changes(office, plan.hash), plan.table.rows()))
    assert [word for word in ("新宿", "芝公園", "高橋") if word in said] == []
    versions = [each.told["state"] for each in office.versions(correction.KIND, plan.hash)]
    assert (versions[0], versions[-1]) == ("planned", "done")


def test_D11_the_person_is_told_what_was_corrected(office: Store, held: Held, who: optout.Request) -> None:
    held("顧客", MINE)
    (case,) = desk.receive(office, desk.Asked(who, "correct")).cases
    plan = correction.plan(office, casework.person(case), {**MOVED, "kana": ""}, case=case.id)
    with pytest.raises(errors.IllegalMoveError):  # who asks was not identified yet
        correction.execute(office, plan.hash)
    desk.verify(office, case.id, "call_back", ["name"], passed=True)
    desk.accept(office, case.id)
    assert correction.execute(office, plan.hash).case == case.id
    assert desk.case(office, case.id).state == "done"
    details = answers.correction_details(correction.changes(office, plan.hash))
    written = letters.letter(
        desk.case(office, case.id), "result", letters.Sender("見本商会"), case.received, details=details
    )
    assert "顧客の「住所」：東京都港区芝公園4-2-8" in written.text
    assert "顧客の「フリガナ」：（削除）" in written.text
    assert "新宿区西新宿3-2-1" not in written.text


def test_D11_what_withheld_a_row_withholds_it_under_the_corrected_name_and_address(
    office: Store, held: Held
) -> None:
    """Else a correction would free somebody who asked not to be called, or moved out of a household's stop."""
    path = held("顧客", "高橋一郎,,,新宿区西新宿3-2-1,,")
    here = {"name": "高橋 一郎", "address": "東京都新宿区西新宿3-2-1"}
    call, house, client, gone = office.suppress(
        [
            optout.Request(**here, channels="電話"),
            optout.Request(**here, household=True),
            optout.Request(**here, tenant="見本商事"),
            optout.Request(**here, kind="moved_away"),
        ]
    ).request_ids
    assert call != house != client != gone
    plan = correction.plan(office, optout.Request(**here), {**MOVED, "name": "田中 一郎"})
    assert any("carried over" in remark for remark in plan.remarks)
    before = office.active_requests()
    correction.execute(office, plan.hash)
    new = office.requests([one for one in office.active_requests() if one not in before])
    assert sorted(new.select("name", "tenant").rows(), key=str) == [("田中 一郎", None)] * 2
    assert not new["household"].any()
    assert sorted(map(list, new["channels"])) == [["mail", "phone", "fax", "email", "sms"], ["phone"]]
    after = optout.screen(path, office).verdicts
    assert after["verdict"].to_list() == ["withhold"]
    other = held("新居", "鈴木 花子,,,港区芝公園4-2-8,,")  # who lives at the new address asked for nothing
    assert optout.screen(other, office).verdicts["verdict"].to_list() == ["keep"]


def test_D11_a_row_in_doubt_waits_and_a_shared_cell_is_for_a_hand(
    office: Store, held: Held, who: optout.Request
) -> None:
    path = held("顧客", DOUBT)
    joint = held("連名", "例示 次郎,高橋 一郎,新宿区西新宿3-2-1", header="氏名,連名1,住所")
    before = text(joint)
    plan = correction.plan(office, who, MOVED)
    assert dict(plan.table.select("holding", "action").iter_rows()) == {"顧客": "review", "連名": "by_hand"}
    outcome = correction.execute(office, plan.hash)
    assert (outcome.done, outcome.statuses) == (False, {"顧客": "review", "連名": "by_hand"})
    assert (DOUBT in text(path), text(joint)) == (True, before)
    looked = correction.plan(office, who, MOVED, same={"顧客": [0]}, other={"連名": [0]})
    assert correction.execute(office, looked.hash).done
    assert "港区芝公園4-2-8" in text(path)


def test_D11_a_stale_plan_is_refused(office: Store, held: Held, who: optout.Request) -> None:
    path = held("顧客", MINE)
    plan = correction.plan(office, who, MOVED)
    path.write_bytes(path.read_bytes() + (OTHER + "\r\n").encode("cp932"))
    after = path.read_bytes()
    with pytest.raises(errors.StalePlanError):
        correction.execute(office, plan.hash)
    assert path.read_bytes() == after
    with pytest.raises(errors.StalePlanError):
        correction.execute(office, "0" * 32)
    again = correction.plan(office, who, MOVED)
    assert again.hash != plan.hash
    assert correction.execute(office, again.hash).done


def test_D11_the_same_plan_again_changes_nothing_and_tells_the_same(
    office: Store, held: Held, who: optout.Request
) -> None:
    path = held("顧客", MINE)
    plan = correction.plan(office, who, MOVED)
    assert correction.plan(office, who, MOVED).hash == plan.hash
    first, stamp = correction.execute(office, plan.hash), path.stat().st_mtime_ns
    assert correction.execute(office, plan.hash).table.equals(first.table)
    assert path.stat().st_mtime_ns == stamp


def test_D11_an_unreachable_list_leaves_it_undone_and_is_tried_again(
    office: Store, held: Held, who: optout.Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = held("顧客", MINE), held("会員", MINE)
    replace = Path.replace
    plan = correction.plan(office, who, MOVED)

    def locked(self: Path, target: Path) -> Path:
        if Path(target).name == second.name:
            raise PermissionError
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", locked)
        outcome = correction.execute(office, plan.hash)
    assert (outcome.done, outcome.statuses) == (False, {"顧客": "corrected", "会員": "unreachable"})
    assert "芝公園" in text(first)
    assert "芝公園" not in text(second)
    assert correction.execute(office, plan.hash).done
    assert "芝公園" in text(second)


def test_D11_a_character_the_list_cannot_hold_is_refused_and_the_list_stays(
    office: Store, held: Held, who: optout.Request
) -> None:
    path = held("顧客", MINE)
    before = path.read_bytes()
    plan = correction.plan(office, who, {"name": "𠮷田 一郎"})
    outcome = correction.execute(office, plan.hash)
    assert (outcome.done, outcome.statuses) == (False, {"顧客": "refused"})
    assert outcome.table["why"].to_list() == ["UnencodableError"]
    assert path.read_bytes() == before


def test_D11_cut_off_at_any_step_a_list_is_old_or_new_and_the_plan_goes_on(
    tmp_path: Path, who: optout.Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write of the store is once the last; whoever carries the plan out again finishes it."""
    old = "\r\n".join([HEADER, OTHER, MINE, ""])
    new = old.replace("160-0023,新宿区西新宿3-2-1", "105-0011,東京都港区芝公園4-2-8")
    paths = [tmp_path / f"{n}.csv" for n in range(2)]
    with optout.Store.create(tmp_path / "planned.db", KEY, actor="佐藤") as store:
        for path in paths:
            path.write_bytes(old.encode("cp932"))
            holding.add(store, holding.Holding(path.stem, (str(path),)))
        plan = correction.plan(store, who, MOVED)
    keep, steps = Store.keep, 0

    class CutOffError(Exception):
        pass

    for cut in range(1, 30):
        shutil.copy(tmp_path / "planned.db", tmp_path / f"{cut}.db")
        for path in paths:
            path.write_bytes(old.encode("cp932"))
        with optout.Store.open(tmp_path / f"{cut}.db", KEY, actor="佐藤") as store:
            left = cut

            def until_cut(self: Store, *args: Any, **kwargs: Any) -> Any:
                nonlocal left
                left -= 1
                if left == 0:
                    raise CutOffError
                return keep(self, *args, **kwargs)

            with monkeypatch.context() as patch:
                patch.setattr(Store, "keep", until_cut)
                try:
                    correction.execute(store, plan.hash)
                except CutOffError:
                    steps += 1
                else:
                    break
            assert {text(path) for path in paths} <= {old, new}
            assert correction.execute(store, plan.hash).done
            assert {text(path) for path in paths} == {new}
            assert len(correction.changes(store, plan.hash)) == 4
    assert steps >= 5


PLACED: list[Any] = [
    ("氏名,住所", "高橋一郎,新宿区1-1", "address=東京都港区芝公園4-2-8", "住所=東京都港区芝公園4-2-8", ""),
    ("氏名,住所", "高橋一郎,新宿区1-1", "address=東京都新宿区1－1", "住所=東京都新宿区1－1", ""),
    ("氏名,住所", "高橋一郎,東京都新宿区 １－１", "address=東京都新宿区1-1", "", ""),
    ("氏名,住所", "高橋一郎,新宿区3-21", "address=新宿区32-1", "住所=新宿区32-1", ""),
    ("姓,名", "高橋,一郎", "name=田中 一郎", "姓=田中", ""),
    ("姓,名", "高橋,一郎", "name=田中一郎", "", "name"),
    (
        "氏名,住所1,住所2",
        "高橋一郎,新宿区1-1,旧荘101",
        "address=東京都港区2-2",
        "住所1=東京都港区2-2 住所2=",
        "",
    ),
    (
        "氏名,都道府県,市区町村,町名,番地,建物名",
        "高橋一郎,東京都,新宿区,西新宿,3-2-1,旧荘",
        "address=大阪府大阪市北区梅田1-2-3",
        "都道府県=大阪府 市区町村=大阪市北区 町名=梅田 番地=1-2-3 建物名=",
        "",
    ),
    ("氏名,都道府県,市区町村,住所", "高橋一郎,東京都,新宿区,西新宿", "address=どこか1-1", "", "address"),
    ("氏名,〒1,〒2", "高橋一郎,160,0023", "postal=〒105-0011", "〒1=105 〒2=0011", ""),
    ("氏名,電話", "高橋一郎,03-1234-5678", "phone=090-1234-0000", "電話=090-1234-0000", ""),
    ("氏名,電話,携帯", "高橋一郎,03-1234-5678,09012340000", "phone=090-1234-1111", "", "phone"),
    ("氏名,電話,携帯", "高橋一郎,03-1234-5678,", "phone=090-1234-1111", "電話=090-1234-1111", ""),
    ("氏名,年齢", "高橋一郎,40", "birth_date=1970-03-02", "", ""),
    ("氏名,生年,生月,生日", "高橋一郎,1970,1,2", "birth_date=昭和45年3月2日", "生月=3", ""),
    ("氏名,メール", "高橋一郎,a@example.jp", "email=", "メール=", ""),
]


@pytest.mark.parametrize(("header", "row", "told", "put", "by_hand"), PLACED)
def test_D11_an_item_goes_where_the_list_has_it_or_to_a_hand(
    header: str, row: str, told: str, put: str, by_hand: str
) -> None:
    headers, cells = header.split(","), row.split(",")
    mapping = recognise(headers, sample=pl.DataFrame({str(n): [cell] for n, cell in enumerate(cells)}))
    item, _, value = told.partition("=")
    found = placed(mapping, ["self"], True, cells, [Correction(item, value)])
    assert {headers[place]: text for place, text in found.put.items()} == _pairs(put, headers)
    assert found.by_hand == ([by_hand] if by_hand else [])


def _pairs(put: str, headers: list[str]) -> dict[str, str]:
    """`住所1=東京都港区2-2 住所2=`; a value may hold a blank of its own."""
    told: dict[str, str] = {}
    last = ""
    for word in put.split(" ") if put else []:
        name, equals, value = word.partition("=")
        if equals and name in headers:
            last, told[name] = name, value
        else:
            told[last] += f" {word}"
    return told


def test_D11_the_number_that_was_wrong_is_the_one_that_is_replaced() -> None:
    headers, cells = ["氏名", "電話", "携帯"], ["高橋一郎", "03-1234-5678", "０９０１２３４００００"]
    mapping = recognise(headers)
    for old, column in (("090-1234-0000", 2), ("0312345678", 1)):
        found = placed(mapping, ["self"], True, cells, [Correction("phone", "090-1234-9999", old)])
        assert found.put == {column: "090-1234-9999"}
    assert placed(mapping, ["self"], True, cells, [Correction("phone", "x", "090-9999-0000")]).put == {}
    two = ["高橋一郎", "03-1234-5678/090-1234-0000", ""]
    found = placed(mapping, ["self"], True, two, [Correction("phone", "x", "090-1234-0000")])
    assert (found.put, found.by_hand) == ({}, ["phone"])


@pytest.mark.parametrize("wrong", [{}, {"年齢": "3"}, [Correction("name", "a"), Correction("name", "b")]])
def test_D11_what_is_to_be_corrected_must_be_said(office: Store, who: optout.Request, wrong: Any) -> None:
    with pytest.raises(errors.OptionError):
        correction.plan(office, who, wrong)
