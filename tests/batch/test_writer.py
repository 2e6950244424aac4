from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout import schema
from optout.batch import SplitWriter, open_batch, workbook_copy, write_json_atomically, write_split
from optout.batch.codec import ENCODINGS, codec_of, mark_of
from optout.errors import (
    ConservationError,
    HoldingLockedError,
    OptionError,
    UnencodableError,
    UnreadableFileError,
    WriteFailedError,
)

InBytes = Callable[[str, str], bytes]
FILES = ("kept.csv", "withheld.csv", "review.csv", "quarantined.csv")
CELL = st.text(st.sampled_from('ab0"髙ｶ\n\r,;\t'), max_size=5)
TABLE = st.lists(
    st.tuples(st.lists(CELL, min_size=3, max_size=3), st.sampled_from(schema.VERDICTS)),
    min_size=1,
    max_size=12,
)


def put(tmp_path: Path, raw: bytes | str, name: str = "list.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return path


def verdicts(*names: str) -> pl.Series:
    return pl.Series(names, dtype=schema.VERDICT)


def joined(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TABLE, st.booleans(), st.sampled_from(ENCODINGS))
def test_each_row_goes_to_the_file_of_its_verdict_byte_by_byte(
    in_bytes: InBytes, tmp_path: Path, table: list[tuple[list[str], str]], in_blocks: bool, codec: str
) -> None:
    mark = mark_of(codec)

    def lines(rows: list[list[str]]) -> bytes:
        return in_bytes(joined(rows), codec).removeprefix(mark)

    header = mark + lines([["甲", "乙", "丙"]])
    source = open_batch(put(tmp_path, header + lines([row for row, _ in table])), codec)
    chosen = verdicts(*(verdict for _, verdict in table))
    if in_blocks:
        writer = SplitWriter(source, tmp_path)
        for block in source.blocks(30):
            writer.add(block, chosen[block.first_row : block.first_row + block.frame.height])
        files = writer.commit()
    else:
        files = write_split(source, chosen, tmp_path)
    for verdict, name in zip(schema.VERDICTS, FILES, strict=False):
        rows = [row for row, given_verdict in table if given_verdict == verdict]
        written = files[name]
        assert written.path.read_bytes() == header + lines(rows)
        assert written.rows == len(rows)
        assert written.sha256 == hashlib.sha256(written.path.read_bytes()).hexdigest()
    assert files["quarantined.csv"].rows == 0


def test_all_double_byte_codes_of_cp932_stay_as_they_are(tmp_path: Path) -> None:
    leads = (*range(0x81, 0xA0), *range(0xE0, 0xFD))
    trails = (*range(0x40, 0x7F), *range(0x80, 0xFD))
    codes = [bytes((lead, trail)) for lead in leads for trail in trails]
    codes = [code for code in codes if decodes(code)]
    assert len(codes) == 9604
    raw = "番号,氏名\r\n".encode("cp932") + b"".join(b"%d,%b\r\n" % pair for pair in enumerate(codes))
    source = open_batch(put(tmp_path, raw))
    assert source.encoding == "cp932"
    files = write_split(source, verdicts(*["keep"] * len(codes)), tmp_path)
    assert files["kept.csv"].path.read_bytes() == raw


def decodes(code: bytes) -> bool:
    try:
        code.decode("cp932")
    except UnicodeDecodeError:
        return False
    return True


def test_quarantined_lines_and_the_last_line_keep_their_bytes(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3\r\n" + b"5,6\r\n" * 20 + b"\xff,8\r\n9,10"
    source = open_batch(put(tmp_path, raw))
    files = write_split(source, verdicts("keep", *["withhold"] * 20, "keep"), tmp_path)
    header = b"\xef\xbb\xbfa,b\r\n"
    assert files["kept.csv"].path.read_bytes() == header + b"1,2\r\n9,10"
    assert files["quarantined.csv"].path.read_bytes() == header + b"3\r\n\xff,8\r\n"
    assert [files[name].rows for name in FILES] == [2, 20, 0, 2]


@pytest.mark.parametrize("target", ENCODINGS)
@pytest.mark.parametrize("origin", ENCODINGS)
def test_another_encoding_changes_the_letters_and_nothing_else(
    in_bytes: InBytes, tmp_path: Path, origin: str, target: str
) -> None:
    text = '氏名,"備考"\r\n"見本","a\nb～－"\r\n見本,x\r\n'
    source = open_batch(put(tmp_path, in_bytes(text, origin)), origin)
    written = write_split(source, verdicts("keep", "keep"), tmp_path, target)["kept.csv"].path
    again = open_batch(written, target)
    assert again.frame.equals(source.frame)
    assert (again.eol, again.encoding) == ("\r\n", target)
    assert codec_of(target).decode(written.read_bytes().removeprefix(mark_of(target))) == text


def test_characters_the_encoding_lacks_are_told_by_row_and_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = "氏名\n見本\n𠮷野\n森鷗外\n見本\n"
    chosen = verdicts("keep", "keep", "withhold", "keep")
    frame = pl.DataFrame({"氏名": ["見本", "𠮷野", "森鷗外", None]})
    for batch in (put(tmp_path, text), frame):
        with pytest.raises(UnencodableError) as error:
            write_split(open_batch(batch), chosen, out, "cp932")
        assert (error.value.n_rows, error.value.first_rows) == (2, (1, 2))
        assert list(out.iterdir()) == []


def test_frames_and_parquet_are_written_as_utf_8(tmp_path: Path) -> None:
    frame = pl.DataFrame({"氏名": ["見本, 一郎", "見本"], "番号": [1, None]})
    frame.write_parquet(tmp_path / "list.parquet")
    for batch in (frame, tmp_path / "list.parquet"):
        files = write_split(open_batch(batch), verdicts("keep", "review"), tmp_path)
        assert files["kept.csv"].path.read_text("utf-8") == '氏名,番号\n"見本, 一郎",1\n'
        assert files["review.csv"].path.read_text("utf-8") == "氏名,番号\n見本,\n"


@pytest.mark.parametrize("given_verdicts", [["keep"], ["keep", None], ["keep", "keep", "keep"]])
def test_a_row_without_a_verdict_is_never_written(tmp_path: Path, given_verdicts: list[str | None]) -> None:
    source = open_batch(put(tmp_path, "a\n1\n2\n"))
    with pytest.raises(ConservationError):
        write_split(source, pl.Series(given_verdicts, dtype=schema.VERDICT), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_source_that_changed_meanwhile_gives_no_file(tmp_path: Path) -> None:
    path = put(tmp_path, "a\n1\n2\n")
    source = open_batch(path)
    chosen = verdicts("keep", "keep")
    assert source.records == 2
    path.write_text("a\n1\n3\n")
    with pytest.raises(UnreadableFileError, match="changed"):
        write_split(source, chosen, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_open_in_excel_is_told_and_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    source = open_batch(put(tmp_path, "a\n1\n"))
    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(HoldingLockedError):
        write_split(source, verdicts("keep"), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


_CRASH = """
import os, sys
from pathlib import Path
import polars as pl
from optout import schema
from optout.batch import open_batch, write_split

step, folder, calls = int(sys.argv[1]), Path(sys.argv[2]), 0
def counted(function):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == step:
            os._exit(9)
        return function(*args, **kwargs)
    return call
os.fsync, Path.replace, os.fdopen = counted(os.fsync), counted(Path.replace), counted(os.fdopen)
source = open_batch(folder / "list.csv")
write_split(source, pl.Series(["keep", "withhold"], dtype=schema.VERDICT), folder / "out")
"""


def test_a_crash_at_any_step_leaves_each_file_old_or_new(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    put(tmp_path, "a\n1\n2\n")
    new = {"kept.csv": b"a\n1\n", "withheld.csv": b"a\n2\n", "review.csv": b"a\n", "quarantined.csv": b"a\n"}
    for step in range(1, 30):
        for name in FILES:
            (out / name).write_bytes(b"old")
        code = subprocess.run(
            [sys.executable, "-c", _CRASH, str(step), str(tmp_path)], check=False
        ).returncode
        for name in FILES:
            assert (out / name).read_bytes() in (b"old", new[name])
        if code == 0:
            break
    assert code == 0
    assert step > 10
    assert {entry.name for entry in out.iterdir()} == set(FILES)


def test_a_report_is_written_the_same_way_twice(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    first = write_json_atomically(path, {"b": 1, "a": "氏名"})
    assert write_json_atomically(path, {"a": "氏名", "b": 1}) == first
    assert json.loads(path.read_text("utf-8")) == {"a": "氏名", "b": 1}
    assert path.read_bytes().endswith(b"}\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_a_file_is_private_until_it_is_placed(tmp_path: Path) -> None:
    source = open_batch(put(tmp_path, "a\n1\n"))
    writer = SplitWriter(source, tmp_path / "out")
    assert {entry.stat().st_mode & 0o777 for entry in (tmp_path / "out").iterdir()} == {0o600}
    writer.abort()
    assert list((tmp_path / "out").iterdir()) == []


def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    for row in (
        ["名簿 2026"],
        ["氏名", "電話"],
        ["見本 一郎", 9012345678],
        ["見本 花子", "'=1"],
        ["例示", None],
    ):
        book.active.append(row)
    path = tmp_path / "list.xlsx"
    book.save(path)
    return path


def shown(path: Path) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))


def test_a_workbook_is_written_as_text_and_as_workbooks(tmp_path: Path) -> None:
    source = open_batch(workbook(tmp_path))
    files = write_split(source, verdicts("keep", "withhold", "keep"), tmp_path / "out")
    assert set(files) == {*FILES, "kept.xlsx", "withheld.xlsx", "review.xlsx"}
    top = [("名簿 2026", None), ("氏名", "電話")]
    assert shown(files["kept.xlsx"].path) == [*top, ("見本 一郎", 9012345678), ("例示", None)]
    assert shown(files["withheld.xlsx"].path) == [*top, ("見本 花子", "'=1")]
    assert shown(files["review.xlsx"].path) == top
    assert [files[name].rows for name in ("kept.xlsx", "withheld.xlsx", "review.xlsx")] == [2, 1, 0]
    for written in files.values():
        assert written.sha256 == hashlib.sha256(written.path.read_bytes()).hexdigest()
    assert files["kept.csv"].path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == set(files)


def test_the_same_workbook_gives_the_same_bytes(tmp_path: Path) -> None:
    path, chosen = workbook(tmp_path), verdicts("keep", "withhold", "review")
    first, again = (write_split(open_batch(path), chosen, tmp_path / out) for out in ("a", "b"))
    assert {name: file.sha256 for name, file in first.items()} == {
        name: file.sha256 for name, file in again.items()
    }


def test_a_workbook_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> dict[int, int]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(workbook_copy, "split_workbook", full)
    with pytest.raises(WriteFailedError):
        write_split(open_batch(workbook(tmp_path)), verdicts("keep", "keep", "keep"), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(OptionError):
        write_split(
            open_batch(workbook(tmp_path).rename(tmp_path / "kept.xlsx")), verdicts(*["keep"] * 3), tmp_path
        )
