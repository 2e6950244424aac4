"""External lists: dated files of numbers, read in any spelling, that grow too old."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import optout
from optout.errors import InputError, OptionError, UnknownRecordError
from optout.register import external
from optout.register.day import JAPAN

TODAY = datetime.now(JAPAN).date()


def imported(store: optout.Store, tmp_path: Path, text: str, **told: Any) -> external.Listed:
    path = tmp_path / "numbers.csv"
    path.write_bytes(text.encode("cp932"))
    return external.import_list(store, path, "tps", **({"dated": TODAY, "kind": "tps"} | told))


@pytest.mark.parametrize(
    ("text", "keys", "unreadable"),
    [
        ("電話番号\n03-1234-5678\n０９０－１２３４－０００１\n", {"0312345678", "09012340001"}, 0),
        ("03-1234-5678\n090-1234-0001\n", {"0312345678", "09012340001"}, 0),
        ("03-1234-5678\n", {"0312345678"}, 0),
        ("TEL\n03-1234-5678\nなし\n", {"0312345678"}, 1),
        ("メールアドレス\na.b@example.com\n", {"a.b@example.com"}, 0),
    ],
)
def test_G6_numbers_are_read_in_any_spelling(
    store: optout.Store, tmp_path: Path, text: str, keys: set[str], unreadable: int
) -> None:
    made = imported(store, tmp_path, text, kind="other")
    assert (made.keys, made.unreadable) == (len(keys), unreadable)
    assert set(external.keys(store, "tps")["key"]) == keys


@pytest.mark.parametrize(("kind", "days"), [("tps", 28), ("dnc", 31), ("client", 30)])
def test_G6_how_old_a_list_may_be_depends_on_its_kind(
    store: optout.Store, tmp_path: Path, kind: str, days: int
) -> None:
    made = imported(store, tmp_path, "TEL\n03-1234-5678\n", kind=kind, dated=TODAY - timedelta(days=9))
    assert (made.max_age_days, made.age(TODAY)) == (days, 9)
    assert imported(store, tmp_path, "TEL\n03-1234-5678\n", kind=kind, max_age_days=7).max_age_days == 7
    with pytest.raises(OptionError, match="max_age_days"):
        imported(store, tmp_path, "TEL\n03-1234-5678\n", kind=kind, max_age_days=days + 1)


def test_G6_the_next_import_takes_the_place_of_the_one_before(store: optout.Store, tmp_path: Path) -> None:
    imported(store, tmp_path, "TEL\n03-1234-5678\n", dated=TODAY - timedelta(days=30))
    imported(store, tmp_path, "TEL\n03-1234-5679\n")
    [one] = external.lists(store)
    assert one.dated == TODAY
    assert external.keys(store, "tps")["key"].to_list() == ["0312345679"]
    assert len(store.versions(external.KIND, "tps")) == 2


def test_G6_a_list_speaks_for_its_channels_and_tenant_until_it_is_retired(
    store: optout.Store, tmp_path: Path
) -> None:
    made = imported(store, tmp_path, "TEL\n03-1234-5678\n", tenant="client-a")
    assert made.speaks_for("phone", "client-a")
    assert made.speaks_for("any", "client-a")
    assert not made.speaks_for("mail", "client-a")
    assert not made.speaks_for("phone", None)
    assert not made.speaks_for("phone", "client-b")
    assert not external.retire(store, "tps", "契約終了").speaks_for("phone", "client-a")
    with pytest.raises(UnknownRecordError):
        external.retire(store, "dnc", "契約終了")
    with pytest.raises(OptionError):
        external.retire(store, "tps", " ")


@pytest.mark.parametrize(
    "wrong", [{"kind": "rumour"}, {"dated": TODAY + timedelta(days=1)}, {"dated": "春"}, {"max_age_days": 0}]
)
def test_what_cannot_be_is_refused(store: optout.Store, tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        imported(store, tmp_path, "TEL\n03-1234-5678\n", **wrong)
    assert external.lists(store) == []


@pytest.mark.parametrize("text", ["TEL\nなし\n", "", "甲,乙\n1,2\n"])
def test_a_file_without_a_number_is_no_list(store: optout.Store, tmp_path: Path, text: str) -> None:
    with pytest.raises((OptionError, InputError)):
        imported(store, tmp_path, text)
