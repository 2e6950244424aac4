"""The register of holdings: what is held, every version of it, and which list a file belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optout import Store, errors
from optout.register import holding
from optout.register.holding import Holding

TOLD: dict[str, Any] = {
    "owner": "client-a",
    "entity": "株式会社見本名簿",
    "items": ("氏名", "住所"),
    "purpose": "DM発送リストの提供",
    "basis": "consent",
    "responsible": "鈴木",
    "retention": "92日",
    "columns": {"name": "契約者", "phone": ["TEL", 3]},
    "origin": {"intake": "I-1", "derived_from": ["顧客"]},
}


def test_D1_the_register_tells_of_each_list_what_the_office_must_be_able_to_say(
    store: Store, tmp_path: Path
) -> None:
    made = holding.add(store, Holding("会員", tmp_path / "members.csv", **TOLD))  # type: ignore[arg-type]
    assert (made.id, made.lacking) == ("H-0001", [])
    assert made.location == (str(tmp_path / "members.csv"),)
    (known,) = holding.holdings(store).values()
    assert known == made
    assert known.columns == {"name": ["契約者"], "phone": ["TEL", 3]}
    bare = holding.add(store, Holding("展示会", ["a.csv", "b.csv"]))  # type: ignore[arg-type]
    assert bare.id == "H-0002"
    assert bare.lacking == ["entity", "items", "purpose", "basis", "responsible", "retention"]
    assert all(Path(place).is_absolute() for place in bare.location)
    assert "見本名簿" not in repr(made) + repr(known)


def test_D1_every_change_is_a_version_and_a_retired_list_stays_known(store: Store) -> None:
    holding.add(store, Holding("会員", "members.csv"))
    holding.change(store, "会員", responsible="鈴木")
    changed = holding.change(store, "H-0001", location="moved.csv")
    assert (changed.responsible, Path(changed.location[0]).name) == ("鈴木", "moved.csv")
    gone = holding.retire(store, "会員", "廃棄 2026-11-22")
    assert gone.retired
    assert holding.holdings(store) == {}
    assert list(holding.holdings(store, retired=True)) == ["H-0001"]
    assert holding.of(store, "H-0001") == gone
    versions = [one for _, one in holding.versions(store, "H-0001")]
    assert [one.responsible for one in versions] == ["", "鈴木", "鈴木", "鈴木"]
    with pytest.raises(errors.OptionError, match="name"):
        holding.change(store, "H-0001", responsible="高橋")
    assert holding.add(store, Holding("会員", "new.csv")).id == "H-0002"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"location": ()},
        {"location": " "},
        {"items": "氏名"},
        {"purpose": None},
    ],
)
def test_D1_what_cannot_be_told_of_a_list_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.OptionError):
        Holding(**{"name": "会員", "location": "members.csv", **wrong})


def test_D1_a_name_is_held_once_and_an_unknown_one_is_told(store: Store) -> None:
    holding.add(store, Holding("会員", "members.csv"))
    with pytest.raises(errors.OptionError, match="name"):
        holding.add(store, Holding("会員", "other.csv"))
    for change in (lambda: holding.change(store, "会員", id="H-9"), lambda: holding.change(store, "会員")):
        with pytest.raises(errors.OptionError):
            change()
    with pytest.raises(errors.UnknownHoldingError) as told:
        holding.of(store, "顧客")
    assert told.value.n_held == 1
    with pytest.raises(errors.OptionError, match="reason"):
        holding.retire(store, "会員", " ")


@pytest.mark.parametrize(
    ("location", "asked", "covers"),
    [
        ("held.csv", "held.csv", True),
        ("held.csv", "other.csv", False),
        ("lists", "lists/2026/a.csv", True),
        ("lists", "lists2/a.csv", False),
        ("lists/*.csv", "lists/a.csv", True),
        ("lists/*.csv", "lists/a.parquet", False),
        ("sqlite:///a.db#people", "sqlite:///a.db#people", True),
        ("sqlite:///a.db#people", "sqlite:///a.db#orders", False),
    ],
)
def test_D1_a_file_is_known_by_the_list_it_belongs_to(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str, asked: str, covers: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    holding.add(store, Holding("会員", location))  # type: ignore[arg-type]
    found = holding.covering(store, asked)
    assert (found is not None) == covers
    holding.retire(store, "会員", "廃棄")
    assert holding.covering(store, asked) is None


def test_a_password_in_an_address_is_kept_and_never_shown(store: Store) -> None:
    where = "postgresql+psycopg://clerk:secret@db:5432/office#people"
    made = holding.add(store, Holding("会員", where))  # type: ignore[arg-type]
    assert made.location == (where,)
    assert made.places == ["postgresql+psycopg://clerk@db:5432/office#people"]
    assert "secret" not in repr(made)


def test_two_people_who_change_a_list_at_once_do_not_overwrite_each_other(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding.add(store, Holding("会員", "members.csv"))
    seen = holding._record(store, "会員")
    holding.change(store, "会員", responsible="鈴木")
    monkeypatch.setattr(holding, "_record", lambda *_: seen)
    with pytest.raises(errors.RecordChangedError):
        holding.change(store, "会員", responsible="高橋")
    monkeypatch.undo()
    assert holding.of(store, "会員").responsible == "鈴木"
