from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from optout.errors import (
    OptionError,
    StoreExistsError,
    UnreadableFileError,
    WrongKeyError,
)
from optout.store import Request, Store, seal

KEY = bytes(range(32))
Where = Path | str


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost is written into each file, so a cheap one opens by the same code."""
    monkeypatch.setattr(seal, "SCRYPT_N", 2**4)
    monkeypatch.setattr(seal.stretch, "__defaults__", (2**4,))


@pytest.fixture
def there(by_hand: Any) -> Iterator[Store]:
    """The store that receives."""
    with Store.create(by_hand.another(), actor="receiver") as made:
        yield made


def people(n: int, start: int = 0) -> list[Request]:
    return [Request(name="見本 一郎", phones=f"090-1234-{number:04}") for number in range(start, start + n)]


def test_what_one_store_exports_another_takes_in(store: Store, there: Store, tmp_path: Path) -> None:
    ids = store.suppress(people(5)).request_ids
    ids += store.suppress(Request(phones="03-1234-5678", tenant="client-a", channels="mail")).request_ids
    store.lift(ids[2], "本人の申出")
    store.export(tmp_path / "list.optout", KEY)
    own = there.suppress(people(1, 100)).request_ids
    merged = there.merge(tmp_path / "list.optout", KEY)
    assert (merged.added, merged.known, merged.lifted_there, merged.revision) == (5, 0, 1, 2)
    del ids[2]
    assert there.active_requests() == own + ids
    assert there.requests(ids).equals(store.requests(ids))
    assert there.audit_verify() == there.head.audit_n


def test_the_same_file_again_changes_nothing(store: Store, there: Store, tmp_path: Path) -> None:
    store.suppress(people(5))
    store.export(tmp_path / "list.optout", "合言葉")
    first = there.merge(tmp_path / "list.optout", "合言葉")
    head = there.head
    again = there.merge(tmp_path / "list.optout", "合言葉")
    assert (again.added, again.known, again.revision) == (0, 5, first.revision)
    assert there.head == head


def test_a_delta_holds_what_is_new_since_a_revision(store: Store, there: Store, tmp_path: Path) -> None:
    store.suppress(people(5))
    since = store.revision
    new = store.suppress(people(2, 50)).request_ids
    store.export(tmp_path / "new.optout", KEY, since=since)
    assert there.merge(tmp_path / "new.optout", KEY).added == 2
    assert there.active_requests() == new
    store.export(tmp_path / "nothing.optout", KEY, since=store.revision)
    assert there.merge(tmp_path / "nothing.optout", KEY).added == 0
    with pytest.raises(OptionError):
        store.export(tmp_path / "later.optout", KEY, since=99)
    assert not (tmp_path / "later.optout").exists()


def test_an_import_never_weakens_what_is_there(store: Store, there: Store, tmp_path: Path) -> None:
    ids = store.suppress(people(3)).request_ids
    store.export(tmp_path / "all.optout", KEY)
    there.merge(tmp_path / "all.optout", KEY)
    store.lift(ids[0], "本人の申出")
    there.lift(ids[1], "本人の申出")
    there.purge(ids[2], "誤入力", force=True)
    store.export(tmp_path / "later.optout", KEY)
    for file in ("later.optout", "all.optout"):
        assert there.merge(tmp_path / file, KEY).added == 0
        assert there.active_requests() == [ids[0]]


def test_only_the_store_it_is_for_opens_it(store: Store, there: Store, tmp_path: Path) -> None:
    store.suppress(people(3))
    store.export(tmp_path / "list.optout", there.exchange_key)
    with pytest.raises(WrongKeyError):
        store.merge(tmp_path / "list.optout")
    assert there.merge(tmp_path / "list.optout", sender=store.public_key).added == 3
    with pytest.raises(UnreadableFileError, match="another store"):
        there.merge(tmp_path / "list.optout", sender=there.public_key)
    with pytest.raises(OptionError):
        store.export(tmp_path / "wrong.optout", store.public_key)


@pytest.mark.parametrize("key", [bytes(32), "another", None])
def test_another_key_opens_nothing(
    store: Store, there: Store, tmp_path: Path, key: bytes | str | None
) -> None:
    store.suppress(people(3))
    store.export(tmp_path / "list.optout", KEY)
    with pytest.raises((WrongKeyError, OptionError)):
        there.merge(tmp_path / "list.optout", key)
    assert there.revision == 0


def test_a_wrong_key_is_said_of_the_file(store: Store, there: Store, tmp_path: Path) -> None:
    store.suppress(people(1))
    store.export(tmp_path / "list.optout", KEY)
    with pytest.raises(WrongKeyError, match=r"list\.optout\. The file is unchanged"):
        there.merge(tmp_path / "list.optout", "another")


def test_every_changed_byte_and_every_cut_is_noticed(store: Store, there: Store, tmp_path: Path) -> None:
    store.suppress(people(3))
    store.export(tmp_path / "list.optout", KEY)
    whole = (tmp_path / "list.optout").read_bytes()
    damaged = tmp_path / "damaged.optout"
    for at in range(0, len(whole), 7):
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(UnreadableFileError):
            there.merge(damaged, KEY)
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        damaged.write_bytes(whole[:size])
        with pytest.raises(UnreadableFileError):
            there.merge(damaged, KEY)
    damaged.write_bytes(whole + b"x")
    with pytest.raises(UnreadableFileError):
        there.merge(damaged, KEY)
    with pytest.raises(UnreadableFileError):
        there.merge(tmp_path / "nowhere", KEY)
    assert there.revision == 0


def test_an_export_shows_nobody_and_writes_over_nothing(store: Store, tmp_path: Path) -> None:
    store.suppress(Request(name="標本沢 七郎", phones="090-1234-7391"))
    store.export(tmp_path / "list.optout", KEY)
    content = (tmp_path / "list.optout").read_bytes()
    for word in ("標本沢", "090-1234-7391"):
        assert word.encode() not in content
    with pytest.raises(StoreExistsError):
        store.export(tmp_path / "list.optout", KEY)
    assert [file.name for file in tmp_path.iterdir() if "optout" in file.suffix] == ["list.optout"]


def test_who_sent_what_stands_in_the_audit(store: Store, there: Store, by_hand: Any, tmp_path: Path) -> None:
    store.suppress(people(3))
    store.export(tmp_path / "list.optout", KEY)
    there.merge(tmp_path / "list.optout", KEY)
    assert by_hand.ask("SELECT action FROM audit ORDER BY n DESC LIMIT 1") == [("export",)]
    assert there.head.audit_n == 2 or there.head.audit_n == 3


def test_a_request_that_came_by_merge_and_was_lifted_is_in_force_when_given_again(
    store: Store, by_hand: Any, tmp_path: Path
) -> None:
    store.backup(tmp_path / "copy.db")
    (single,) = store.suppress(people(1)[0]).request_ids
    bulk = store.suppress(people(3)).request_ids
    store.export(tmp_path / "lost.optout", KEY)
    with Store.restore(tmp_path / "copy.db", by_hand.another()) as again:
        assert again.merge(tmp_path / "lost.optout", KEY).added == 4
        again.lift(single, "本人の申出")
        again.lift(bulk[1], "本人の申出")
        anew = [*again.suppress(people(1)[0]).request_ids, *again.suppress(people(3)).request_ids]
        assert all(again.is_active(each) for each in anew)


def test_what_a_restored_list_may_hold_again_is_listed(store: Store) -> None:
    old = store.suppress(people(2)).request_ids
    since = store.revision
    new = store.suppress(people(2, 50)).request_ids
    store.lift(new[0], "本人の申出")
    assert store.replay(since) == new[1:]
    assert store.replay(0) == old + new[1:]
    with pytest.raises(OptionError):
        store.replay(99)
