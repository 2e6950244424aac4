from __future__ import annotations

import csv
import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.batch.codec import CP932, ENCODINGS, codec_of, mark_of
from optout.batch.staged import StagedFile
from optout.errors import (
    ConservationError,
    EmptyBatchError,
    HoldingChangedError,
    HoldingLockedError,
    UnreadableFileError,
)
from optout.holdings import Erased, delimited, erase_rows

RAW = '氏名,電話\r\n"髙橋",1\r\n\r\n壊れた行\r\n見本,"2\n2"\r\n鈴木,3'.encode("cp932")
CELL = st.text(st.sampled_from('ab0"髙ｶ\n\r,'), max_size=5)


def put(tmp_path: Path, raw: bytes = RAW, name: str = "held.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(raw)
    return path


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def erase(path: Path, *rows: int) -> Erased:
    return erase_rows(path, rows, sha(path), verify=lambda _: None)


def test_rows_go_and_every_other_byte_stays(tmp_path: Path) -> None:
    path = put(tmp_path)
    before = sha(path)
    erased = erase(path, 1)
    assert path.read_bytes() == RAW.replace('見本,"2\n2"\r\n'.encode("cp932"), b"")
    assert erased == Erased(1, before, sha(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["held.csv"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(
        st.tuples(st.lists(CELL, min_size=2, max_size=2), st.booleans()), min_size=1, max_size=12
    ).filter(lambda rows: any(not gone for _, gone in rows))
)
def test_what_is_left_is_the_table_without_the_rows(
    tmp_path: Path, rows: list[tuple[list[str], bool]]
) -> None:
    def written(kept: list[list[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows([["甲", "乙"], *kept])
        return text.getvalue().encode()

    path = put(tmp_path, written([row for row, _ in rows]))
    erase(path, *(number for number, (_, gone) in enumerate(rows) if gone))
    assert path.read_bytes() == written([row for row, gone in rows if not gone])


@pytest.mark.parametrize("copied_at_once", [1, 3, 1000])
def test_a_range_may_cross_the_pieces_that_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copied_at_once: int
) -> None:
    monkeypatch.setattr(delimited, "COPY_BYTES", copied_at_once)
    path = put(tmp_path, b"a,b\n" + b"".join(b"%d,x\n" % n for n in range(30)))
    erase(path, 0, 1, 2, 7, 9, 28, 29)
    left = [n for n in range(30) if n not in (0, 1, 2, 7, 9, 28, 29)]
    assert path.read_bytes() == b"a,b\n" + b"".join(b"%d,x\n" % n for n in left)


@pytest.mark.parametrize("codec", ENCODINGS)
def test_rows_go_in_every_encoding(tmp_path: Path, codec: str) -> None:
    def written(rows: list[str]) -> bytes:
        return mark_of(codec) + codec_of(codec).encode("氏名,電話\r\n" + "".join(rows))

    rows = ["見本,1\r\n", '"山田\n","2"\r\n', "\r\n", "表,3\r\n", "ソ能,4"]
    path = put(tmp_path, written(rows))
    erase_rows(path, [1, 3], sha(path), verify=lambda _: None, encoding=codec)
    assert path.read_bytes() == written([rows[0], rows[2], rows[3]])


def test_all_double_byte_codes_of_cp932_stay_when_other_rows_go(tmp_path: Path) -> None:
    leads = (*range(0x81, 0xA0), *range(0xE0, 0xFD))
    codes = [bytes((lead, trail)) for lead in leads for trail in (*range(0x40, 0x7F), *range(0x80, 0xFD))]
    codes = [code for code in codes if CP932.first_undecodable(code) is None]
    assert len(codes) == 9604
    rows = [b"%d,%b\r\n" % pair for pair in enumerate(codes)]
    path = put(tmp_path, "番号,氏名\r\n".encode("cp932") + b"".join(rows))
    erase(path, *range(0, 9604, 7))
    left = [row for number, row in enumerate(rows) if number % 7]
    assert path.read_bytes() == "番号,氏名\r\n".encode("cp932") + b"".join(left)


def test_all_rows_can_go_and_the_header_stays(tmp_path: Path) -> None:
    path = put(tmp_path, b"a,b\n1,2\n3,4\n")
    erase(path, 0, 1)
    assert path.read_bytes() == b"a,b\n"


def test_the_new_file_is_shown_before_it_takes_its_place(tmp_path: Path) -> None:
    path = put(tmp_path)

    def refuse(new: Path) -> None:
        assert new.suffix == ".csv"
        assert path.read_bytes() == RAW
        assert len(new.read_bytes()) < len(RAW)
        if os.name != "nt":
            assert new.stat().st_mode & 0o777 == 0o600
        raise HoldingChangedError("stop")

    with pytest.raises(HoldingChangedError, match="stop"):
        erase_rows(path, [0], sha(path), refuse)
    assert path.read_bytes() == RAW
    assert [entry.name for entry in tmp_path.iterdir()] == ["held.csv"]


def test_a_file_that_is_not_the_planned_one_is_left_alone(tmp_path: Path) -> None:
    path = put(tmp_path)
    with pytest.raises(HoldingChangedError):
        erase_rows(path, [0], "0" * 64, lambda _: None)
    changed = RAW + b"\r\n"
    with pytest.raises(HoldingChangedError):
        erase_rows(path, [0], sha(path), lambda _: path.write_bytes(changed) and None)
    assert path.read_bytes() == changed


def test_a_new_file_tampered_with_during_verification_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path)
    with pytest.raises(HoldingChangedError):
        erase_rows(path, [0], sha(path), lambda new: new.write_bytes(b"x") and None)
    assert path.read_bytes() == RAW


@pytest.mark.parametrize("row", [-1, 3, 10**9])
def test_a_row_that_does_not_exist_stops_everything(tmp_path: Path, row: int) -> None:
    path = put(tmp_path)
    with pytest.raises(ConservationError):
        erase(path, 0, row)
    assert path.read_bytes() == RAW


def test_a_file_open_in_excel_is_told_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    path = put(tmp_path)
    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(HoldingLockedError, match=r"held\.csv"):
        erase(path, 0)
    assert path.read_bytes() == RAW
    assert [entry.name for entry in tmp_path.iterdir()] == ["held.csv"]


def test_what_a_crash_left_behind_is_swept_and_nothing_else(tmp_path: Path) -> None:
    path, other = put(tmp_path), tmp_path / "other.csv"
    StagedFile(path).close()
    stays = StagedFile(other)
    stays.close()
    erase(path, 0)
    assert {entry.name for entry in tmp_path.iterdir()} == {"held.csv", stays.temp.name}


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links and mode bits")
def test_links_are_followed_hard_links_refused_and_the_mode_kept(tmp_path: Path) -> None:
    path = put(tmp_path)
    path.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    erase(link, 0)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    left = path.read_bytes()
    assert len(left) < len(RAW)
    (tmp_path / "second.csv").hardlink_to(path)
    with pytest.raises(UnreadableFileError, match="2 names"):
        erase(path, 0)
    assert path.read_bytes() == left


def test_missing_and_empty_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        erase_rows(tmp_path / "none.csv", [0], "0" * 64, lambda _: None)
    with pytest.raises(EmptyBatchError):
        erase(put(tmp_path, b""), 0)
