"""The list as it was, and what changed since: `at` and `changes`."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

import optout
from optout.errors import OptionError
from optout.store import Request, Store


def someone(number: int) -> Request:
    return Request(
        name=f"見本 {number}", phones=f"090-1234-{number:04}", tenant="子" if number % 3 == 0 else None
    )


def lived(store: Store, dice: random.Random, steps: int) -> dict[int, list[str]]:
    """A store that lives: revision → requests in force at it, oldest first."""
    alive: list[str] = []
    known = {0: list(alive)}
    for step in range(steps):
        if alive and dice.random() < 0.3:
            gone = dice.choice(alive)
            store.lift(gone, "test")
            alive.remove(gone)
        elif dice.random() < 0.3:
            frame = pl.DataFrame(
                {"氏名": [f"見本 {step}の{n}" for n in range(4)], "電話": ["090-1234-0001"] * 4}
            )
            alive += store.suppress(frame).request_ids
        else:
            alive += store.suppress(someone(step)).request_ids
        known[store.revision] = list(alive)
    return known


def requests(entries: pl.DataFrame) -> list[str]:
    return entries["request"].unique(maintain_order=True).to_list()


@pytest.mark.parametrize("rng_seed", range(2))
def test_every_revision_is_seen_as_it_was_from_a_store_that_lived_it_and_from_one_just_opened(
    store: Store, path: Path | str, rng_seed: int
) -> None:
    known = lived(store, random.Random(rng_seed), 15)
    with Store.open(path) as fresh:
        for revision, alive in known.items():
            for each in (store, fresh):
                past = each.at(revision)
                assert past.revision == revision
                assert past.entries()[0] == revision
                assert requests(past.entries()[1]) == alive


def test_what_changed_since_leads_from_each_revision_to_now(store: Store) -> None:
    known = lived(store, random.Random(7), 15)
    newest, now = store.entries()
    for revision in known:
        changes = store.changes(revision)
        assert (changes.since, changes.revision) == (revision, newest)
        before = store.at(revision).entries()[1]
        stays = before.filter(~pl.col("request").is_in(changes.lifted["request"].to_list()))
        assert pl.concat([stays, changes.added]).equals(now)
        assert (changes.lifted["revision"] > revision).all()


def test_the_past_does_not_change_when_the_store_does(store: Store, person: Request) -> None:
    (request,) = store.suppress(person).request_ids
    past = store.at(1)
    store.lift(request, "test")
    store.suppress(someone(1))
    assert requests(past.entries()[1]) == [request] == requests(store.at(1).entries()[1])
    assert requests(store.at(2).entries()[1]) == []
    with pytest.raises(AttributeError):
        past.revision = 2  # type: ignore[misc]


def test_what_came_and_went_since_is_told_as_lifted_and_not_as_added(store: Store, person: Request) -> None:
    (request,) = store.suppress(person).request_ids
    store.lift(request, "test")
    changes = store.changes(0)
    assert changes.added.height == 0
    assert changes.lifted.rows() == [(request, 2)]


@pytest.mark.parametrize("revision", [-1, 2, 2**70])
def test_a_revision_that_never_was_is_refused(store: Store, person: Request, revision: int) -> None:
    store.suppress(person)
    with pytest.raises(OptionError) as refused:
        store.at(revision)
    assert "from 0 to 1" in str(refused.value)
    with pytest.raises(OptionError):
        store.changes(revision)


@pytest.mark.parametrize("revision", ["1", None, True, 1.0])
def test_what_is_no_revision_at_all_is_refused(store: Store, revision: object) -> None:
    with pytest.raises(OptionError, match="revision"):
        store.at(revision)  # type: ignore[arg-type]


def test_the_past_and_the_changes_show_nobody(store: Store, person: Request) -> None:
    store.suppress(person)
    told = f"{store.at(1)!r} {store.changes(0)!r}"
    assert "見本" not in told
    assert "03-1234" not in told


def test_a_batch_is_screened_against_the_list_as_it_was(store: Store, person: Request) -> None:
    store.suppress(someone(1))
    (request,) = store.suppress(person).request_ids
    store.lift(request, "test")
    batch = pl.DataFrame({"氏名": ["見本一郎"], "電話": ["03-1234-5678"]})
    answers = [optout.screen(batch, store.at(revision)).verdicts["verdict"].item() for revision in (1, 2, 3)]
    assert answers == ["keep", "withhold", "keep"]
    assert optout.screen(batch, store.at(2)).revision == 2


def test_the_places_of_the_past_are_those_of_its_day(store: Store, person: Request, tmp_path: Path) -> None:
    store.suppress(person)
    mergers = tmp_path / "mergers.csv"
    header = "pref,old_name,old_code,new_name,new_code,date,kind\n"
    mergers.write_text(f"{header}千葉県,見本町,12901,君津市,12225,1971-04-01,編入\n", "utf-8")
    store.import_tables("mergers", mergers)
    assert store.at(1).gazetteer().digest == store.gazetteer(1).digest != store.at(2).gazetteer().digest
    batch = pl.DataFrame({"氏名": ["見本一郎"], "電話": ["03-1234-5678"]})
    schemes = [optout.screen(batch, store.at(revision)).scheme for revision in (1, 2)]
    assert schemes[0] != schemes[1] == optout.screen(batch, store).scheme
