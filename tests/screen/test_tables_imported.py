"""Imported address tables reach the screen: the snapshot carries them, and its scheme names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import optout
from optout.keys import KeyScheme
from optout.screen.snapshot import snapshot
from optout.tables.gazetteer import packaged

HEADER = "pref,old_name,old_code,new_name,new_code,date,kind\n"
Person = Callable[..., optout.Request]


@pytest.fixture
def mergers(tmp_path: Path) -> Path:
    path = tmp_path / "mergers.csv"
    path.write_text(f"{HEADER}千葉県,見本町,12901,君津市,12225,1971-04-01,編入\n", "utf-8")
    return path


def test_a_snapshot_carries_the_places_of_its_revision(
    store: optout.Store, person: Person, mergers: Path
) -> None:
    store.suppress(person())
    before = snapshot(store)
    assert before.gazetteer is packaged()
    assert before.scheme == KeyScheme.current().tag
    store.import_tables("mergers", mergers)
    after = snapshot(store)
    assert (before.revision, after.revision) == (1, 2)
    assert after.gazetteer.former.filter(city="見本町")["code"].to_list() == ["12225"]
    assert after.scheme == KeyScheme.current(after.gazetteer).tag != before.scheme
    assert snapshot(store) is after


def test_a_result_names_the_scheme_it_was_made_under(
    store: optout.Store, person: Person, mergers: Path
) -> None:
    store.suppress(person())
    batch = pl.DataFrame({"氏名": ["髙橋 一郎"], "電話": ["03-1234-5678"]})
    before = optout.screen(batch, store).scheme
    store.import_tables("mergers", mergers)
    assert optout.screen(batch, store).scheme != before


def test_a_removal_planned_under_other_tables_is_stale(
    store: optout.Store, person: Person, mergers: Path, tmp_path: Path
) -> None:
    request = store.suppress(person()).request_ids
    held = tmp_path / "held.csv"
    held.write_text("氏名,電話\n髙橋 一郎,03-1234-5678\n", "utf-8")
    plan = optout.removal.plan(store, request, [held])
    store.import_tables("mergers", mergers)
    with pytest.raises(optout.errors.StalePlanError, match="matching rules changed"):
        optout.removal.execute(store, plan.hash)
    assert "髙橋" in held.read_text("utf-8")
