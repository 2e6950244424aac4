"""What may be kept how long, and what a purge takes and leaves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

import optout
from optout import errors
from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.checks import retention
from optout.register import certificate, holding, ledger
from optout.register.retention import of_record
from optout.store import Store

Put = Callable[..., Path]
Rows = dict[str, str]
Hold = Callable[..., holding.Holding]
Provide = Callable[..., ledger.Provision]
TODAY = date(2026, 7, 2)


def at(store: Store, day: date) -> None:
    """The store's clock stands at noon in Japan of a day."""
    store.now = lambda: datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


@pytest.fixture
def office(store: Store) -> Store:
    store.actor = "佐藤"
    at(store, TODAY)
    retention.define(store, "催事", 92, "募集要項の約束")
    retention.define(store, "短期", 30, "規約")
    return store


@pytest.fixture
def held(office: Store, put: Put, rows: Rows) -> Hold:
    """A registered list of two people, collected on a day."""

    def make(name: str, kept: str = "催事", collected: str | None = "2026-04-01") -> holding.Holding:
        path = put(rows["asked"], rows["other"], name=f"{name}.csv")
        origin = {} if collected is None else {"collected": collected}
        return holding.add(office, holding.Holding(name, (str(path),), retention=kept, origin=origin))

    return make


@pytest.fixture
def provided(office: Store) -> Provide:
    """A provision recorded on a day, of these names at one address."""

    def make(number: str, on: date, *names: str, **facts: Any) -> ledger.Provision:
        frame = pl.DataFrame({"氏名": names, "住所": ["新宿区西新宿3-2-1"] * len(names)})
        lines = ledger.subject_lines(raw(frame, recognise(frame.columns)), pl.Series(["x"] * len(names)))
        before, office.now = office.now, lambda: datetime(on.year, on.month, on.day, 3, tzinfo=UTC)
        told = ledger.Provision(
            number, on, {"name": "見本商事", "address": "港区"}, ("氏名", "住所"), **facts
        )
        made = ledger.record(office, told, lines)
        office.now = before
        return made

    return make


def states(store: Store, as_of: date) -> dict[str, str]:
    told = retention.schedule(store, as_of)
    return dict(zip(told["id"], told["state"], strict=True))


def test_T1_a_list_is_due_on_the_last_day_its_vendor_promised(office: Store, held: Hold) -> None:
    fair, short = held("展示会"), held("体験会", "短期")
    assert states(office, date(2026, 4, 30)) == {fair.id: "kept", short.id: "kept"}
    assert states(office, date(2026, 5, 1)) == {fair.id: "kept", short.id: "due"}  # 30 days after 4/1
    assert states(office, date(2026, 7, 1))[fair.id] == "kept"
    assert states(office, date(2026, 7, 2))[fair.id] == "due"  # 92 days after 4/1
    retention.define(office, "催事", 100, "約束を改めた")
    assert states(office, date(2026, 7, 2))[fair.id] == "kept"


def test_T1_nothing_is_kept_by_default_and_nothing_is_passed_over(office: Store, held: Hold) -> None:
    unclassed, unknown, undated = (
        held("区分なし", ""),
        held("未定義", "永年"),
        held("日付なし", collected=None),
    )
    told = retention.schedule(office, date(2099, 1, 1))
    assert dict(zip(told["id"], told["state"], strict=True)) == dict.fromkeys(
        (unclassed.id, unknown.id, undated.id), "undecided"
    )
    assert told["why"].n_unique() == 3
    assert retention.due_for_purge(office, date(2099, 1, 1)).is_empty()
    retention.collected(office, "日付なし", date(2026, 4, 1))
    assert states(office, date(2026, 7, 2))[undated.id] == "due"


@pytest.mark.parametrize("days", [0, -1, 92.0, True, "92"])
def test_T1_a_class_has_a_number_of_days(office: Store, days: Any) -> None:
    with pytest.raises(errors.OptionError):
        retention.define(office, "催事", days, "約束")
    assert retention.classes(office)["催事"].days == 92


def test_T1_an_exception_needs_a_contract_a_purpose_and_an_end(office: Store, held: Hold) -> None:
    fair, last = held("展示会"), date(2026, 12, 31)
    for contract, purpose, until in (("", "精算", last), ("契約12号", " ", last), ("契約12号", "精算", None)):
        with pytest.raises(errors.OptionError):
            retention.exempt(office, "展示会", contract, purpose, until)  # type: ignore[arg-type]
    retention.exempt(office, "展示会", "契約12号", "精算", last)
    assert states(office, TODAY)[fair.id] == "exempt"
    assert states(office, last)[fair.id] == "exempt"
    assert states(office, date(2027, 1, 1))[fair.id] == "due"


def test_T1_what_is_due_is_purged_and_a_certificate_proves_it(
    office: Store, held: Hold, tmp_path: Path
) -> None:
    fair, kept = held("展示会"), held("新しい", collected="2026-07-01")
    done = retention.purge(office, TODAY, approver="鈴木")
    assert done.done
    assert done.table.select("id", "outcome", "rows", "rows_held").rows() == [(fair.id, "purged", 2, 0)]
    assert not Path(fair.location[0]).exists()
    assert Path(kept.location[0]).exists()
    assert list(holding.holdings(office)) == ["新しい"]
    (tmp_path / "purge.json").write_text(json.dumps(done.certificate.envelope))
    read = certificate.read_certificate(tmp_path / "purge.json", office.public_key, certificate.PURGE_TYPE)
    assert read.payload["items"][0]["rows"] == 2
    assert retention.purge(office, TODAY, "鈴木").certificate is None  # nothing is due any more
    text = json.dumps(read.payload, ensure_ascii=False)
    assert [word for word in ("高橋", "見本", "0312345678", "佐藤", "鈴木") if word in text] == []
    assert retention.certificate_of(office, done.id).id == read.id
    with pytest.raises(errors.CertificateError):  # it certifies a purge and no delivery
        certificate.read_certificate(tmp_path / "purge.json", office.public_key)
    forged = done.certificate.envelope | {"payload": "e30="}
    (tmp_path / "purge.json").write_text(json.dumps(forged))
    with pytest.raises(errors.CertificateError):
        certificate.read_certificate(tmp_path / "purge.json", office.public_key, certificate.PURGE_TYPE)


@pytest.mark.parametrize("approver", ["", " ", "佐藤"])
def test_T1_nobody_purges_alone(office: Store, held: Hold, approver: str) -> None:
    path = Path(held("展示会").location[0])
    with pytest.raises(errors.SecondPersonError):
        retention.purge(office, TODAY, approver)
    assert path.exists()


def test_T2_a_stop_never_expires_whatever_is_purged(
    office: Store, held: Hold, person: Callable[..., optout.Request], put: Put, rows: Rows
) -> None:
    (stop,) = office.suppress(person(received="2001-01-01")).request_ids
    held("展示会")
    retention.define(office, "停止", 1, "名前が似ているだけ")
    assert set(retention.schedule(office, date(9999, 12, 31))["what"]) == {"holding"}
    retention.purge(office, TODAY, "鈴木")
    at(office, date(2126, 1, 1))
    assert office.is_active(stop)
    again = optout.screen(put(rows["asked"], name="again.csv"), office)
    assert again.verdicts["verdict"].to_list() == ["withhold"]


def test_T3_a_record_is_kept_three_years_from_the_day_it_was_made(office: Store, provided: Provide) -> None:
    provided("P-1", date(2026, 4, 1), "例示 次郎")
    provided("P-2", date(2024, 2, 29), "例示 次郎")
    assert states(office, date(2029, 4, 1))["P-1"] == "kept"
    assert states(office, date(2029, 4, 2))["P-1"] == "due"
    assert states(office, date(2027, 2, 28))["P-2"] == "kept"
    assert states(office, date(2027, 3, 1))["P-2"] == "due"


def test_T3_a_record_by_contract_is_kept_a_year_from_the_last_provision_under_it(
    office: Store, provided: Provide
) -> None:
    provided("P-1", date(2024, 4, 1), "例示 次郎", basis="consent", mode="contract")
    provided("P-2", date(2025, 4, 1), "例示 三郎", basis="consent", mode="contract")
    told = {number: states(office, date(2026, 4, day)) for number, day in (("last day", 1), ("after", 2))}
    assert told == {
        "last day": {"P-1": "kept", "P-2": "kept"},
        "after": {"P-1": "due", "P-2": "due"},
    }
    with pytest.raises(errors.OptionError):  # 規則19条2項括弧書: never of an opt-out provision
        provided("P-3", date(2025, 4, 1), "例示 三郎", basis="optout", mode="contract")


def test_T3_the_rules_agree_with_the_ledger(provided: Provide) -> None:
    for method in ("each", "bulk", "contract"):
        made = provided(f"P-{method}", date(2026, 4, 1), "例示 次郎", basis="consent", mode=method)
        assert of_record("provision", method).ends(date(2026, 4, 1)) == made.keep_until()
    assert of_record("receipt", "no such method").years == 3  # the longest, in doubt


def test_T3_a_record_is_purged_with_a_certificate_and_not_before_its_time(
    office: Store, provided: Provide
) -> None:
    provided("P-1", date(2023, 7, 1), "例示 次郎")
    provided("P-2", date(2023, 7, 2), "例示 次郎")
    with pytest.raises(errors.OptionError):
        retention.purge(office, TODAY, "鈴木", only=["P-2"])
    with pytest.raises(errors.OptionError):  # a wrong year would take what the law still orders to keep
        retention.purge(office, date(2036, 7, 2), "鈴木")
    done = retention.purge(office, TODAY, "鈴木")
    assert done.table.select("id", "outcome", "rows").rows() == [("P-1", "purged", 1)]
    assert [each.id for each in ledger.provisions(office)] == ["P-2"]
    office.audit_verify()
    assert done.certificate.payload["items"][0]["rule"] == "LR01"


def test_T3_a_legal_hold_wins_over_every_end(
    office: Store, held: Hold, provided: Provide, person: Callable[..., optout.Request], put: Put, rows: Rows
) -> None:
    fair, sealed = held("展示会"), held("係争中")
    provided("P-1", date(2020, 4, 1), "高橋 一郎", "例示 次郎")
    provided("P-2", date(2020, 4, 1), "例示 次郎")
    provided("P-3", date(2020, 4, 1), "例示 次郎")
    office.suppress(person(kind="legal_hold", reason="訴訟"))
    retention.hold(office, "holding", "係争中", "訴訟")
    retention.hold(office, "provision", "P-3", "訴訟")
    assert states(office, TODAY) == {
        fair.id: "due",
        sealed.id: "held",
        "P-1": "due",
        "P-2": "due",
        "P-3": "held",
    }
    done = retention.purge(office, TODAY, "鈴木")
    told = {line["id"]: (line["outcome"], line["rows"], line["rows_held"]) for line in done.table.to_dicts()}
    assert told == {fair.id: ("held", 1, 1), "P-1": ("held", 0, 2), "P-2": ("purged", 1, 0)}
    left = Path(fair.location[0]).read_bytes().decode("cp932").splitlines()
    assert left == [rows["header"], rows["asked"]]  # byte for byte what it was
    assert "展示会" in holding.holdings(office)
    retention.release(office, "holding", "係争中", "和解")
    assert states(office, TODAY)[sealed.id] == "due"
    with pytest.raises(errors.OptionError):
        retention.release(office, "holding", "係争中", "和解")


def test_T3_a_table_loses_its_rows_and_a_workbook_its_other_sheets_not(
    office: Store, person: Callable[..., optout.Request], tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "office.db") as db:
        db.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, 氏名 TEXT, 住所 TEXT)")
        db.execute("INSERT INTO people VALUES (1, '高橋 一郎', '新宿区西新宿3-2-1'), (2, '例示 次郎', 'x')")
    db.close()
    book = openpyxl.Workbook()
    for name in ("催事", "別件"):
        book.create_sheet(name).append(("氏名", "住所"))
        book[name].append(("例示 次郎", "千代田区1-1"))
    del book["Sheet"]
    book.save(tmp_path / "held.xlsx")
    office.suppress(person(kind="legal_hold"))
    origin = {"collected": "2026-01-01"}
    places = {
        "表": f"sqlite:///{tmp_path}/office.db#people",
        "冊": str(tmp_path / "held.xlsx"),
        "空": str(tmp_path / "none"),
    }
    (tmp_path / "none").mkdir()
    for name, place in places.items():
        sheet = "催事" if name == "冊" else None
        holding.add(office, holding.Holding(name, (place,), retention="催事", origin=origin, sheet=sheet))
    done = retention.purge(office, TODAY, "鈴木")
    told = {
        line["name"]: (line["outcome"], line["rows"], line["rows_held"]) for line in done.table.to_dicts()
    }
    assert told == {"表": ("held", 1, 1), "冊": ("purged", 1, 0), "空": ("unreachable", 0, 0)}
    assert not done.done
    assert done.certificate
    outcomes = {item["name"]: item["outcome"] for item in done.certificate.payload["items"]}
    assert outcomes == {"表": "held", "冊": "purged", "空": "unreachable"}
    again = retention.purge(office, TODAY, "鈴木")  # nothing waits for a drive that is gone
    assert (again.id, set(again.table["name"])) == ("P-0002", {"表", "空"})
    with sqlite3.connect(tmp_path / "office.db") as db:
        assert db.execute("SELECT 氏名 FROM people").fetchall() == [("高橋 一郎",)]
    db.close()
    left = openpyxl.load_workbook(tmp_path / "held.xlsx")
    assert [list(left[name].values)[1:] for name in left.sheetnames] == [[], [("例示 次郎", "千代田区1-1")]]


def test_T3_what_a_law_orders_to_keep_is_no_purges_business(office: Store, held: Hold) -> None:
    fair = held("展示会")
    holding.change(office, "展示会", exempt="商法 第19条")
    assert states(office, date(2099, 1, 1)) == {fair.id: "held"}


def test_T4_the_same_day_gives_the_same_answer_whatever_the_clock(
    office: Store, held: Hold, provided: Provide
) -> None:
    held("展示会")
    held("体験会", "短期")
    provided("P-1", date(2026, 4, 1), "例示 次郎")
    days = [date(2026, 4, 1), date(2026, 5, 1), TODAY, date(2029, 4, 1), date(2029, 4, 2), date(2040, 1, 1)]
    told = [retention.schedule(office, day) for day in days]
    at(office, date(2050, 1, 1))
    assert all(retention.schedule(office, day).equals(before) for day, before in zip(days, told, strict=True))
    due = [set(frame.filter(state="due")["id"]) for frame in told]
    assert all(earlier <= later for earlier, later in pairwise(due))
    assert [len(ids) for ids in due] == [0, 1, 2, 2, 3, 3]


def test_T4_a_purge_cut_off_at_any_step_is_finished_by_the_next(
    tmp_path: Path, put: Put, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write of the store is the last one once; whoever comes after finishes with one certificate."""
    keep, steps = Store.keep, 0

    class CutOffError(Exception):
        pass

    for cut in range(1, 20):
        with optout.Store.create(tmp_path / f"{cut}.db", actor="佐藤") as store:
            at(store, TODAY)
            retention.define(store, "催事", 92, "約束")
            paths = [str(put(rows["asked"], name=f"{cut}-{n}.csv")) for n in range(1)]
            listed = holding.Holding(
                "展示会", tuple(paths), retention="催事", origin={"collected": "2026-01-01"}
            )
            holding.add(store, listed)
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
                    retention.purge(store, TODAY, "鈴木")
                except CutOffError:
                    steps += 1
                else:
                    break
            done = retention.purge(store, TODAY, "鈴木")
            assert done.done
            assert done.table["rows"].to_list() == [1]
            assert not any(Path(path).exists() for path in paths)
            assert [one.told["ended"] for one in retention_records(store)] == [True]
    assert steps >= 4


def retention_records(store: Store) -> list[Any]:
    from optout.register.retention import purges

    return list(purges(store).values())


def test_D8_a_purge_takes_neither_the_stop_nor_the_records_of_three_years(
    office: Store, held: Hold, provided: Provide, person: Callable[..., optout.Request]
) -> None:
    (stop,) = office.suppress(person()).request_ids
    provided("P-1", TODAY, "高橋 一郎")
    held("展示会")
    removed = optout.removal.plan(office, stop, [holding.of(office, "展示会").location[0]])
    assert optout.removal.execute(office, removed.hash).done
    retention.purge(office, TODAY, "鈴木")
    assert office.is_active(stop)
    assert ledger.subjects(office, "P-1")["name"].to_list() == ["高橋 一郎"]
    assert states(office, TODAY) == {"P-1": "kept"}
