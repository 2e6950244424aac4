"""`screen_file` gives the files of `screen(...).write(...)`, whatever the size of its blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import optout
from optout import errors
from optout.screen import run

Crowd = Callable[[int, int], pl.DataFrame]
PARTS = ("kept.csv", "withheld.csv", "review.csv", "quarantined.csv")
KINDS = {"utf-8": "csv", "utf-8-sig": "csv", "cp932": "csv", "tab": "tsv", "parquet": "parquet"}


def put(folder: Path, frame: pl.DataFrame, kind: str) -> Path:
    path = folder / f"list.{KINDS[kind]}"
    if kind == "parquet":
        frame.write_parquet(path, row_group_size=37)
        return path
    text = frame.write_csv(separator="\t" if kind == "tab" else ",", line_terminator="\r\n")
    lines = text.split("\r\n")
    lines.insert(len(lines) // 2, "too,many" + ",x" * 20 + "\t" * 20)
    path.write_bytes("\r\n".join(lines).encode("utf-8" if kind == "tab" else kind))
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in PARTS}


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_any_size_give_the_same_files_as_the_whole(
    listed: optout.Store, crowd: Crowd, tmp_path: Path, kind: str
) -> None:
    frame = crowd(11, 80)
    if kind == "cp932":
        frame = frame.with_columns(pl.all().str.replace_all("[邉]", "邊"))
    path = put(tmp_path, frame, kind)
    whole = optout.screen(path, listed)
    whole.write(tmp_path / "whole")
    summary = optout.screen_file(path, listed, out=tmp_path / "streamed", block_bytes=1 << 12)
    assert files(tmp_path / "streamed") == files(tmp_path / "whole")
    counted = {"keep": summary.keep, "withhold": summary.withhold, "review": summary.review}
    assert counted == whole.counts
    assert summary.quarantined == whole.quarantined.height == (kind != "parquet")
    assert sum(counted.values()) + summary.quarantined == summary.records == 80 + summary.quarantined


def test_one_row_at_a_time_gives_the_same_files(listed: optout.Store, crowd: Crowd, tmp_path: Path) -> None:
    path = put(tmp_path, crowd(12, 6), "utf-8")
    optout.screen(path, listed).write(tmp_path / "whole")
    optout.screen_file(path, listed, out=tmp_path / "streamed", block_bytes=1)
    assert files(tmp_path / "streamed") == files(tmp_path / "whole")


def test_the_reports_of_both_agree(listed: optout.Store, crowd: Crowd, tmp_path: Path) -> None:
    path = put(tmp_path, crowd(13, 60), "utf-8")
    optout.screen(path, listed).write(tmp_path / "whole")
    summary = optout.screen_file(path, listed, out=tmp_path / "streamed", block_bytes=1 << 12)
    reports = [
        json.loads((tmp_path / way / "report.json").read_text("utf-8")) for way in ("whole", "streamed")
    ]
    for key in (
        "counts",
        "by_rule",
        "by_reason",
        "by_field",
        "by_channel",
        "by_policy",
        "quarantine",
        "columns",
        "against",
        "files",
        "list",
    ):
        assert reports[0][key] == reports[1][key], key
    assert summary.report["counts"] == reports[1]["counts"]


def test_the_reports_of_both_are_the_same_to_the_byte(
    listed: optout.Store, crowd: Crowd, tmp_path: Path
) -> None:
    path = put(tmp_path, crowd(13, 40), "utf-8")
    optout.screen(path, listed).write(tmp_path / "whole")
    optout.screen_file(path, listed, out=tmp_path / "streamed", block_bytes=1 << 11)
    reports = [(tmp_path / way / "report.json").read_bytes() for way in ("whole", "streamed")]
    assert reports[0] == reports[1]


def test_what_columns_are_does_not_depend_on_the_size_of_blocks(listed: optout.Store, tmp_path: Path) -> None:
    # 電話番号1–3 are parts of one number or three numbers: only values tell, and the first rows are blank.
    blank = [["見本 花子", "", "", ""]] * 30
    parts = [["高橋 一郎", "03", "1234", "5678"]] * 10
    frame = pl.DataFrame(blank + parts, schema=["氏名", "電話番号1", "電話番号2", "電話番号3"], orient="row")
    path = put(tmp_path, frame, "utf-8")
    optout.screen(path, listed).write(tmp_path / "whole")
    optout.screen_file(path, listed, out=tmp_path / "streamed", block_bytes=512)
    assert files(tmp_path / "streamed") == files(tmp_path / "whole")


def test_an_error_in_the_middle_leaves_nothing_under_a_final_name(
    listed: optout.Store, crowd: Crowd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, judged, blocks = put(tmp_path, crowd(14, 60), "utf-8"), run.judge, iter(range(2))

    def twice_then_never(*args: object) -> object:
        if next(blocks, None) is None:
            raise errors.SeedMissedError(3, 0)
        return judged(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "judge", twice_then_never)
    with pytest.raises(errors.SeedMissedError):
        optout.screen_file(path, listed, out=tmp_path / "out", block_bytes=1 << 10)
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_one_revision_serves_the_whole_pass(
    store: optout.Store,
    person: Callable[..., optout.Request],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.suppress(person())
    path = put(
        tmp_path, pl.DataFrame({"氏名": ["見本 花子"] * 8, "電話番号": ["090-1234-0001"] * 8}), "utf-8"
    )
    judged = run.judge

    def before_a_commit(*args: object) -> object:
        found = judged(*args)  # type: ignore[arg-type]
        store.suppress(optout.Request(name="見本 花子", phones=["090-1234-0001"]))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(run, "judge", before_a_commit)
        summary = optout.screen_file(path, store, out=tmp_path / "out", block_bytes=64)
    assert (summary.keep, summary.report["against"]["revision"]) == (8, 1)
    assert optout.screen_file(path, store, out=tmp_path / "out").withhold == 8


@pytest.mark.parametrize("broken", [b"", "氏名,住所\n".encode(), b"\x00\xff" * 999])
def test_a_file_that_cannot_be_used_writes_nothing(
    listed: optout.Store, tmp_path: Path, broken: bytes
) -> None:
    (tmp_path / "list.csv").write_bytes(broken)
    with pytest.raises(errors.InputError):
        optout.screen_file(tmp_path / "list.csv", listed, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
