from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from optout.errors import OptoutError
from optout.store import Identity, Request, Store

NAME, KANA, PLACE, SOURCE = "標本沢", "ヒョウホンザワ", "西新宿九丁目", "受付係七号"
PHONE, EMAIL, BIRTH = "090-1234-7391", "sentinel7391", "1970-03-07"
SENTINELS = (NAME, KANA, PLACE, PHONE, EMAIL, BIRTH, SOURCE)
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp932", "euc-jp")


def planted(number: int) -> Request:
    return Request(
        name=f"{NAME} {number}",
        kana=KANA,
        address=f"東京都新宿区{PLACE}{number}",
        phones=PHONE,
        emails=f"{EMAIL}@example.com",
        birth_date=BIRTH,
        source=SOURCE,
        identities=[Identity(name=NAME), Identity(address=PLACE)],
    )


def in_clear(files: Iterable[Path]) -> list[tuple[str, str]]:
    """File and sentinel, wherever a sentinel stands in clear."""
    files = list(files)
    assert files
    needles = [(word, word.encode(code)) for word in SENTINELS for code in ENCODINGS]
    found: list[tuple[str, str]] = []
    for file in files:
        content = file.read_bytes()
        found += [(file.name, word) for word, needle in needles if needle in content]
    return found


def test_the_sentinels_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "plain.db").write_bytes(NAME.encode("cp932"))
    assert in_clear(tmp_path.iterdir()) == [("plain.db", NAME)]


def test_the_place_that_is_searched_holds_what_is_written_there(by_hand: Any) -> None:
    Store.create(by_hand.path, actor="planted7391").close()
    assert any(b"planted7391" in file.read_bytes() for file in by_hand.kept())


def test_no_personal_data_is_in_clear_on_disk(by_hand: Any) -> None:
    with Store.create(by_hand.path) as store:
        (single,) = store.suppress(planted(1)).request_ids
        store.suppress([planted(n) for n in range(2, 500)])
        store.lift(single, f"{NAME}様の申出")
        store.save_job("removal", "J-1", "planned", {"name": NAME, "phone": PHONE})
        store.save_job("removal", "J-1", "done", {"name": NAME})
        store.record("read", {"name": NAME})
        assert in_clear(by_hand.kept()) == []
    assert in_clear(by_hand.kept()) == []


def test_the_journal_of_a_commit_holds_nothing_in_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from optout.store import commit

    seen: list[list[tuple[str, str]]] = []
    finish = commit.Commit.finish

    def look(self: commit.Commit, action: str, detail: dict[str, object]) -> object:
        head = finish(self, action, detail)
        seen.append([(file.name, "") for file in tmp_path.glob("*-journal") if file.stat().st_size])
        seen.append(in_clear(file for file in tmp_path.rglob("*") if file.is_file()))
        return head

    with Store.create(tmp_path / "s.db") as store:
        store.suppress([planted(n) for n in range(500)])
        monkeypatch.setattr(commit.Commit, "finish", look)
        store.suppress([planted(n) for n in range(500, 1000)])
    assert seen == [[("s.db-journal", "")], []]


def test_no_error_shows_a_value(store: Store) -> None:
    calls: list[Callable[[], object]] = [
        lambda: Request(name=NAME, channels=NAME),
        lambda: store.suppress([planted(1), NAME]),  # type: ignore[list-item]
        lambda: store.suppress(pl.DataFrame({"x": [NAME]})),
        lambda: store.lift("R-AAAAAAAAAAAAA", NAME),
    ]
    for call in calls:
        with pytest.raises(OptoutError) as refused:
            call()
        shown = f"{refused.value!r} {refused.value} {refused.value.args}"
        assert not any(word in shown for word in SENTINELS)
