"""Check 2, where a list comes from: the receipt record (第30条), the supplier, and what may become of the list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout import errors
from optout.checks import received
from optout.checks.intake import division, taken
from optout.register import holding, receipt, supplier
from optout.register.holding import Holding
from optout.register.supplier import Supplier

Put = Callable[..., Path]
Rows = dict[str, str]
FULL: dict[str, Any] = {
    "supplier": {"name": "見本名簿店", "address": "東京都千代田区千代田1-1", "representative": "見本 太郎"},
    "history": "展示会の来場者から同意を得て取得",
    "received": "2026-04-01",
    "documents": {"契約書": "ab" * 32},
}


@pytest.fixture
def bought(put: Put, rows: Rows) -> Path:
    return put(rows["other"], rows["asked"], rows["odd"], name="bought.csv")


def words(intake: optout.Intake) -> list[str]:
    return [question.split(":")[0] for question in intake.open_questions]


def test_A3_the_receipt_record_tells_the_statutory_items_and_everybody_who_was_in_the_list(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path
) -> None:
    intake = optout.intake(bought, store, basis="optout", published=True, **FULL, out=tmp_path / "in")
    assert intake.open_questions == []
    assert receipt.receipts(store) == []
    intake.accept()
    [made] = receipt.receipts(store)
    assert made.statutory() == {
        "提供を受けた年月日": "2026-04-01",
        "提供者の氏名又は名称": "見本名簿店",
        "提供者の住所": "東京都千代田区千代田1-1",
        "提供者の代表者の氏名": "見本 太郎",
        "取得の経緯": "展示会の来場者から同意を得て取得",
        "個人データの項目": "番号、氏名、フリガナ、住所、電話番号、備考",
        "個人情報保護委員会により公表されている旨": "個人情報保護委員会により公表されている",
    }
    assert (made.lacking, made.is_art30, made.persons) == ([], True, 3)
    persons = receipt.subjects(store, made.id)
    assert persons.select("row", "verdict", "name").rows() == [
        (0, "keep", "見本 花子"),
        (1, "withhold", "高橋一郎様"),
        (2, "keep", "見本　次郎"),
    ]
    assert receipt.receipts(store, since=date(2026, 4, 2)) == []


MISSING = {
    "no address": ("consent", {"supplier": {"name": "見本名簿店", "representative": "見本 太郎"}}, "住所"),
    "no representative": ("optout", {"supplier": {"name": "見本名簿店", "address": "港区"}}, "代表者"),
    "no document": ("individual", {"documents": {}}, "書面"),
    "no consent": ("consent", {"consent": None}, "同意"),
    "not published": ("optout", {"published": None}, "公表"),
}


@pytest.mark.parametrize(("basis", "changed", "missed"), MISSING.values(), ids=list(MISSING))
def test_A3_a_list_stays_quarantined_until_every_item_is_told(
    store: optout.Store,
    asked: optout.Receipt,
    bought: Path,
    tmp_path: Path,
    basis: str,
    changed: dict[str, Any],
    missed: str,
) -> None:
    told = FULL | {"consent": True, "published": True} | changed
    intake = optout.intake(bought, store, basis=basis, **told, out=tmp_path / "in", strict=True)
    [question] = [asked for asked in intake.open_questions if asked.startswith("receipt")]
    assert missed in question
    with pytest.raises(errors.OpenQuestionsError):
        intake.accept(leave_out=["review", "quarantined"], acknowledge=["damage", "minors"])
    assert receipt.receipts(store) == []
    assert holding.holdings(store) == {}


@pytest.mark.parametrize("basis", ["direct", "public"])
def test_A3_own_collection_and_public_sources_have_a_source_record_instead(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path, basis: str
) -> None:
    intake = optout.intake(
        bought, store, "電話帳", basis, "電話帳 2025年版", out=tmp_path / "in", strict=basis == "direct"
    )
    assert intake.open_questions == []
    intake.accept()
    [made] = receipt.receipts(store)
    assert (made.is_art30, made.deliverable, made.lacking) == (False, True, [])
    assert "電話帳 2025年版" in made.statutory().values()
    assert not any("提供者" in item for item in made.statutory())


def test_A4_a_list_by_anothers_optout_is_not_deliverable_nor_is_anything_made_from_it(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path, put: Put, rows: Rows
) -> None:
    intake = optout.intake(bought, store, "見本名簿店", "オプトアウト", "購入", out=tmp_path / "in")
    held = intake.accept(name="同窓会")
    assert intake.record["deliverable"] is False
    assert holding.of(store, "同窓会").origin["deliverable"] is False
    holding.add(store, Holding("抽出", put(rows["other"], name="a.csv"), origin={"derived_from": ["同窓会"]}))
    holding.add(store, Holding("再抽出", put(rows["other"], name="b.csv"), origin={"derived_from": "抽出"}))
    holding.add(store, Holding("申込者", put(rows["other"], name="c.csv"), basis="direct"))
    number = f"RC-{intake.id[2:]}"
    assert [receipt.barred(store, name) for name in ("同窓会", "抽出", "再抽出")] == [[number]] * 3
    assert receipt.barred(store, "申込者") == []
    holding.retire(store, "同窓会", "返却")
    assert receipt.barred(store, "再抽出") == [number]
    for file in (bought, held):
        again = optout.intake(file, store, "見本名簿店", "direct", "展示会", out=tmp_path / "again")
        assert words(again) == ["origin"]
    with pytest.raises(errors.UnknownHoldingError):
        receipt.barred(store, "どこにもない")


def test_A6_the_supplier_comes_from_the_register_and_what_its_file_lacks_is_asked_for(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path
) -> None:
    seller = supplier.add(
        store,
        Supplier("見本 太郎", "港区芝公園4-2-8", category="individual", documents={"売買契約書": "cd" * 32}),
    )
    intake = optout.intake(bought, store, seller.id, "individual", "本人の同窓会名簿", out=tmp_path / "in")
    assert intake.record["supplier"]["name"] == "見本 太郎"
    assert words(intake) == ["source", "source"]
    assert "pledge" in intake.open_questions[0]
    assert "identity" in intake.open_questions[1]
    facts = {"pledge_sha256": "ef" * 32, "identity_checked": "2026-04-01"}
    supplier.change(store, seller.id, **facts)
    whole = optout.intake(bought, store, "見本 太郎", "個人", "本人の同窓会名簿", out=tmp_path / "in")
    assert whole.open_questions == []
    whole.accept()
    [made] = receipt.receipts(store)
    assert (made.supplier["id"], made.documents) == (seller.id, {"売買契約書": "cd" * 32})
    other = optout.intake(bought, store, "見本 太郎", "optout", "購入", out=tmp_path / "in2", published=True)
    assert any("is registered as individual" in question for question in other.open_questions)
    unknown = optout.intake(bought, store, "知らない店", "individual", "購入", out=tmp_path / "in3")
    assert "source: the supplier is not in the register" in unknown.open_questions[-1]


def test_accepting_twice_or_after_a_cut_makes_one_receipt_and_one_holding(
    store: optout.Store,
    asked: optout.Receipt,
    bought: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intake = optout.intake(bought, store, **FULL, basis="individual", out=tmp_path / "in")
    real = store.keep
    kinds = ["receipt part", "receipt", "holding add"]
    for cut in kinds:

        def keep(drafts: Any, action: str, detail: Any = None, cut: str = cut) -> Any:
            if action == cut:
                raise OSError("cut")
            return real(drafts, action, detail)

        with monkeypatch.context() as patched:
            patched.setattr(store, "keep", keep)
            with pytest.raises(OSError, match="cut"):
                intake.accept()
        assert holding.holdings(store) == {}
        assert len(receipt.receipts(store)) == (cut == "holding add")
    assert intake.accept() == intake.accept()
    [held] = holding.holdings(store).values()
    [made] = receipt.receipts(store)
    assert (held.origin["receipt"], made.persons) == (made.id, 3)
    assert held.location == (str((tmp_path / "in" / "kept.csv").absolute()),)


def test_a_file_that_changed_since_it_was_screened_does_not_become_a_holding(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path
) -> None:
    told = {"supplier": "見本名簿店", "basis": "direct", "history": "展示会"}
    intake = optout.intake(bought, store, **told, out=tmp_path / "in")
    kept = tmp_path / "in" / "kept.csv"
    whole = kept.read_bytes()
    kept.write_bytes(whole + "9,高橋 一郎,,新宿区西新宿3-2-1,,\r\n".encode("cp932"))
    with pytest.raises(errors.HoldingChangedError):
        intake.accept()
    kept.write_bytes(whole)
    bought.write_bytes(bought.read_bytes() + b"\r\n")
    with pytest.raises(errors.UnreadableFileError, match="changed"):
        intake.accept()
    assert holding.holdings(store) == {}


def test_a_person_is_found_in_the_receipts_under_any_spelling_and_withheld_rows_too(
    store: optout.Store, asked: optout.Receipt, bought: Path, tmp_path: Path
) -> None:
    optout.intake(bought, store, **FULL, basis="individual", out=tmp_path / "in").accept()
    found = received.found(store, optout.Request(name="髙橋 一郎", phones=["03-1234-5678"]))
    assert found.select("supplier", "row", "verdict", "date").rows() == [
        ("見本名簿店", 1, "withhold", date(2026, 4, 1))
    ]
    assert received.found(store, asked.request_ids[0])["row"].to_list() == [1]
    nobody = optout.Request(name="田中 実", phones=["03-9999-0000"])
    assert received.found(store, nobody).is_empty()


def test_a_big_receipt_is_kept_in_parts(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taken, "_PART", 4)
    names = [f"見本 {n}郎" for n in range(10)]
    frame = pl.DataFrame({"氏名": names, "住所": [f"港区芝公園4-2-{n + 1}" for n in range(10)]})
    frame.write_csv(tmp_path / "l.csv")
    intake = optout.intake(tmp_path / "l.csv", store, **FULL, basis="individual", out=tmp_path / "in")
    monkeypatch.setattr(division.Division.persons, "__defaults__", (60,))
    intake.accept()
    [made] = receipt.receipts(store)
    assert made.parts > 1
    assert receipt.subjects(store, made.id)["name"].to_list() == names
    assert sum(part.height for part in receipt.parts_of(store, made.id)) == made.persons == 10
