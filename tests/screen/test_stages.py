from __future__ import annotations

from pathlib import Path

import polars as pl

import optout
from optout.screen.stages import stage, watched

OF_JUDGING = {"keys", "candidates", "comparable", "compare", "decide", "verdicts"}
EVERY = {"list", "read", "raw", "count", "write", "place"} | OF_JUDGING


def test_both_ways_to_screen_tell_where_time_goes_and_the_files_do_not(
    store: optout.Store, tmp_path: Path
) -> None:
    store.suppress(optout.Request(name="見本 花子", phones=["090-1234-0001"]))
    path = tmp_path / "list.csv"
    path.write_text("氏名,電話番号\n見本 花子,090-1234-0001\n見本 一郎,090-1234-0002\n", "utf-8")
    optout.screen_file(path, store, tmp_path / "unwatched")
    with watched() as of_stream:
        optout.screen_file(path, store, tmp_path / "stream")
    with watched() as of_frame:
        optout.screen(path, store).write(tmp_path / "frame")
    assert set(of_stream) == set(of_frame) == EVERY
    assert min(*of_stream.values(), *of_frame.values()) >= 0
    told = [(tmp_path / out / "report.json").read_bytes() for out in ("unwatched", "stream", "frame")]
    assert len(set(told)) == 1


def test_watchers_do_not_see_what_was_before_them_or_comes_after(store: optout.Store) -> None:
    rows = pl.DataFrame({"氏名": ["見本 花子"], "電話番号": ["090-1234-0001"]})
    optout.screen(rows, store, allow_empty=True)
    with watched() as outer:
        with watched() as inner, stage("here"):
            pass
        optout.screen(rows, store, allow_empty=True)
    assert (set(inner), set(outer)) == ({"here"}, {"here", *EVERY} - {"write", "place"})
    optout.screen(rows, store, allow_empty=True)
    assert set(outer) == {"here", *EVERY} - {"write", "place"}
