"""Suppliers (取得元): who hands lists over, what was confirmed, documents by their hashes."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

import optout
from optout import errors, tables
from optout.register import receipt, supplier
from optout.register.supplier import Supplier


def test_A6_a_source_is_one_of_three_kinds_and_each_basis_of_another_belongs_to_one() -> None:
    assert list(supplier.categories()) == ["operator", "individual", "public"]
    of = {basis: supplier.category_of(basis) for basis in receipt.BASES}
    assert of == {
        "consent": "operator",
        "optout": "operator",
        "individual": "individual",
        "public": "public",
        "direct": None,
    }
    with pytest.raises(errors.OptionError, match="category"):
        Supplier("見本名簿店", category="friend")


def test_A6_a_pledge_and_the_check_of_an_individual_are_missed_until_they_are_on_file(
    store: optout.Store, tmp_path: Path
) -> None:
    pledge = tmp_path / "pledge.pdf"
    pledge.write_bytes(b"%PDF-1.7 pledge")
    firm = supplier.add(store, Supplier("見本名簿店"))
    seller = supplier.add(store, Supplier("見本 太郎", category="individual"))
    assert firm.lacking == ["pledge (誓約書)"]
    assert seller.lacking == ["pledge (誓約書)", "check of identity (本人確認)"]
    assert Supplier("電話帳", category="public").lacking == []
    digest = receipt.hashed({"pledge": pledge})["pledge"]
    assert digest == hashlib.sha256(b"%PDF-1.7 pledge").hexdigest()
    facts = {"pledge_sha256": digest, "identity_checked": "令和8年4月1日", "identity_method": "運転免許証"}
    told = supplier.change(store, "見本 太郎", **facts)
    assert (told.lacking, told.identity_checked) == ([], date(2026, 4, 1))
    assert supplier.of(store, seller.id) == told
    assert len(store.versions("supplier", seller.id)) == 2


def test_documents_are_kept_by_their_hash_alone(store: optout.Store, tmp_path: Path) -> None:
    (tmp_path / "contract.pdf").write_bytes(b"contract")
    made = supplier.add(store, Supplier("見本名簿店"), {"契約書": tmp_path / "contract.pdf"})
    assert made.documents == {"契約書": hashlib.sha256(b"contract").hexdigest()}
    assert receipt.hashed([tmp_path / "contract.pdf"]) == {"contract.pdf": made.documents["契約書"]}
    assert receipt.hashed({"別": "ab" * 32}) == {"別": "ab" * 32}
    with pytest.raises(errors.OptionError, match="documents"):
        receipt.hashed({"契約書": tmp_path / "nowhere.pdf"})


def test_the_register_finds_a_supplier_by_name_or_number_and_forgets_none(store: optout.Store) -> None:
    made = supplier.add(store, Supplier("見本名簿店", address="東京都千代田区千代田1-1"))
    assert made.id == "S-0001"
    with pytest.raises(errors.OptionError, match="name"):
        supplier.add(store, Supplier("見本名簿店"))
    assert supplier.known(store, "見本名簿店") == supplier.known(store, "S-0001") == made
    assert supplier.known(store, "どこか") is None
    supplier.change(store, made.id, ended="取引終了")
    assert supplier.suppliers(store) == []
    assert supplier.of(store, "S-0001").ended == "取引終了"
    assert supplier.add(store, Supplier("見本名簿店")).id == "S-0002"
    with pytest.raises(errors.UnknownRecordError):
        supplier.of(store, "S-0009")
    with pytest.raises(errors.OptionError, match="facts"):
        supplier.change(store, "S-0002", id="S-1")


def test_a_supplier_is_sealed_and_its_repr_silent(store: optout.Store, tmp_path: Path) -> None:
    made = supplier.add(store, Supplier("見本 太郎", address="港区芝公園4-2-8", category="individual"))
    assert repr(made) == "<Supplier S-0001>"
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "見本 太郎".encode() not in on_disk


@pytest.mark.parametrize("rule", tables.load("receipt_item").to_dicts(), ids=lambda rule: rule["rule_id"])
def test_every_statutory_item_is_one_a_record_tells(rule: dict[str, str]) -> None:
    empty = receipt.ReceiptRecord("RC-1", date(2026, 4, 1), rule["basis"])
    full = receipt.ReceiptRecord(
        "RC-1",
        date(2026, 4, 1),
        rule["basis"],
        supplier={"name": "見本名簿店", "address": "千代田区千代田1-1", "representative": "見本 太郎"},
        history="展示会",
        documents={"契約書": "ab" * 32},
        items=("氏名",),
        consent=True,
        published=True,
    )
    assert full.lacking == []
    told_anyway = rule["item"] in ("date", "subject") or (
        rule["when"] == "corporation" and rule["basis"] == "individual"
    )
    assert (rule["japanese"] in empty.lacking) is not told_anyway
    shown = full.statutory()
    assert (rule["japanese"] in shown) is (rule["item"] not in ("subject", "document"))
