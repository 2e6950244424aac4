"""What happens to lists in an office: renamed, open in Excel, on a full disk, linked, protected, changed meanwhile."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from optout.batch import staged
from optout.batch.source import Source
from optout.errors import (
    EmptyBatchError,
    HoldingChangedError,
    HoldingLockedError,
    HoldingReadOnlyError,
    HoldingUnreachableError,
    OptoutError,
    UnreadableFileError,
    WriteFailedError,
)
from optout.holdings import Edits, Held, expanded, opened

KINDS = ["csv", "parquet", "xlsx"]
EDITS = Edits([1], blank={0: [1]})
posix = pytest.mark.skipif(os.name == "nt", reason="needs links and mode bits")


def put(folder: Path, kind: str, name: str = "held", header: str = "氏名") -> Path:
    path = folder / f"{name}.{kind}"
    frame = pl.DataFrame({header: ["見本 一郎", "見本 花子", "見本 次郎"], "電話": ["1", "2", "3"]})
    if kind == "csv":
        path.write_bytes(frame.write_csv(line_terminator="\r\n").encode("cp932"))
    elif kind == "parquet":
        frame.write_parquet(path)
    else:
        book = openpyxl.Workbook()
        for row in (frame.columns, *frame.rows()):
            book.active.append(row)
        book.save(path)
    return path


def seen(_: Source) -> None:
    return None


def refused(
    held: Held, expected: str, error: type[OptoutError], verify: Callable[[Source], None] = seen
) -> str:
    """The change is refused, before anything is told to be about to happen."""
    told: list[str] = []
    with pytest.raises(error) as refusal:
        held.change(EDITS, expected, verify, told.append)
    assert told == []
    assert "見本" not in str(refusal.value)
    return str(refusal.value)


@pytest.fixture(params=KINDS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return put(tmp_path, request.param)


def untouched(path: Path, before: bytes) -> bool:
    return path.read_bytes() == before and [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_holding_that_was_renamed_is_not_there_and_is_found_again_under_its_name(path: Path) -> None:
    held = opened(path)
    expected = held.fingerprint()
    path.rename(path.with_name("renamed" + path.suffix))
    assert "Check the path" in refused(held, expected, UnreadableFileError)
    for ask in (held.fingerprint, held.source, held.require_changeable):
        with pytest.raises(UnreadableFileError, match="does not exist"):
            ask()
    again = opened(path.with_name("renamed" + path.suffix))
    assert again.change(EDITS, expected, seen, lambda _: None).rows_erased == 1


def test_a_holding_that_changed_since_the_plan_is_left_alone(path: Path) -> None:
    held = opened(path)
    expected = held.fingerprint()
    header = put(path.parent, path.suffix[1:], "other", "お名前")
    header.replace(path)  # the same rows under another header
    before = path.read_bytes()
    refused(held, expected, HoldingChangedError)
    assert untouched(path, before)


def test_a_holding_that_changes_while_it_is_verified_is_left_alone(path: Path) -> None:
    held = opened(path)
    before = put(path.parent, path.suffix[1:], "other", "お名前")
    new = before.read_bytes()
    before.unlink()
    refused(held, held.fingerprint(), HoldingChangedError, lambda _: path.write_bytes(new) and None)
    assert untouched(path, new)


def test_a_holding_that_changes_at_the_very_last_moment_is_left_alone(path: Path) -> None:
    held, new = opened(path), path.read_bytes() + b"\r\n"
    with pytest.raises(HoldingChangedError):
        held.change(EDITS, held.fingerprint(), seen, lambda _: path.write_bytes(new) and None)
    assert untouched(path, new)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="needs extended attributes")
def test_labels_and_access_lists_of_a_file_stay(path: Path) -> None:
    try:
        os.setxattr(path, "user.class", b"secret")
    except OSError:
        pytest.skip("this disk has no extended attributes")
    held = opened(path)
    held.change(EDITS, held.fingerprint(), seen, lambda _: None)
    assert os.getxattr(path, "user.class") == b"secret"


def test_a_holding_open_in_excel_on_windows_is_told_and_can_be_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sharing_violation(*_: object) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file")

    held, before = opened(path), path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", sharing_violation)
        with pytest.raises(HoldingLockedError, match="Close it"):
            held.change(EDITS, held.fingerprint(), seen, lambda _: None)
    assert untouched(path, before)
    assert held.change(EDITS, held.fingerprint(), seen, lambda _: None).rows_erased == 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_or_broken_disk_leaves_the_old_list(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def full(file: int) -> None:
        if not stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(code, "no")

    held, before = opened(path), path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(staged.os, "fsync", full)
        assert "Nothing was put under a final name" in refused(held, held.fingerprint(), WriteFailedError)
    assert untouched(path, before)


@posix
def test_a_symbolic_link_is_followed_and_stays_and_hard_links_are_refused(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / f"link{path.suffix}"
    link.symlink_to(path)
    held = opened(link)
    held.change(Edits([0]), held.fingerprint(), seen, lambda _: None)
    assert link.is_symlink()
    assert opened(path).source().frame.height == 2
    before = path.read_bytes()
    (folder / "second").hardlink_to(path)
    assert "2 names" in refused(opened(path), opened(path).fingerprint(), UnreadableFileError)
    with pytest.raises(UnreadableFileError, match="hard links"):
        held.require_changeable()
    assert path.read_bytes() == before


@posix
def test_a_write_protected_list_is_left_alone_even_by_an_administrator(path: Path) -> None:
    path.chmod(0o444)
    before, held = path.read_bytes(), opened(path)
    assert held.source().frame.height == 3
    refused(held, held.fingerprint(), HoldingReadOnlyError)
    with pytest.raises(HoldingReadOnlyError):
        held.require_changeable()
    assert untouched(path, before)
    assert path.stat().st_mode & 0o777 == 0o444


def test_a_folder_in_which_nothing_may_be_written_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = os.open

    def forbidden(name: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, "no")
        return create(name, flags, mode)

    held, before = opened(path), path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(staged.os, "open", forbidden)
        refused(held, held.fingerprint(), HoldingReadOnlyError)
    assert untouched(path, before)


def test_a_share_that_does_not_answer_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "csv")
    held, before = opened(path), opened(path).fingerprint()

    def gone(*_: object, **__: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr("optout.batch.encoding.sha256", gone)
    with pytest.raises(HoldingUnreachableError, match="Stale"):
        held.fingerprint()
    refused(held, before, HoldingUnreachableError)


def test_an_empty_list_and_a_folder_are_told(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    with pytest.raises(EmptyBatchError):
        opened(empty).source()
    for ask in (opened(tmp_path).fingerprint, opened(tmp_path).source):
        with pytest.raises(UnreadableFileError, match="is a folder"):
            ask()


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A folder as offices have them."""
    share = tmp_path / "名簿"
    for name in (
        *("2024.csv", "2025.CSV", "a.xlsx", "b.parquet", "c.tsv", "d.txt", "old.xls", "packed.zip"),
        *("~$a.xlsx", ".hidden.csv", ".optout-0123456789ab-0123456789abcdef.csv", "photo.jpg", "letter.docx"),
        *("sub/e.csv", "sub/deeper/f.csv", ".git/g.csv"),
    ):
        (share / name).parent.mkdir(parents=True, exist_ok=True)
        (share / name).write_bytes(b"x")
    return share


def names(found: list[str], share: Path) -> list[str]:
    return [Path(each).relative_to(share).as_posix() for each in found]


def test_a_folder_stands_for_all_that_may_be_lists_in_it(share: Path) -> None:
    """What optout cannot read is among them: passed over, it would hide a person."""
    assert names(expanded(share), share) == [
        *("2024.csv", "2025.CSV", "a.xlsx", "b.parquet", "c.tsv", "d.txt", "old.xls", "packed.zip"),
        *("sub/e.csv", "sub/deeper/f.csv"),
    ]


def test_a_pattern_stands_for_what_fits(share: Path) -> None:
    assert names(expanded(share / "*.csv"), share) == ["2024.csv"]
    assert names(expanded(share / "202?.*"), share) == ["2024.csv", "2025.CSV"]
    assert names(expanded(share / "*" / "*.csv"), share) == ["sub/e.csv"]
    assert names(expanded(share / "**" / "*.csv"), share) == ["2024.csv", "sub/e.csv", "sub/deeper/f.csv"]


def test_anything_else_stands_for_itself(share: Path) -> None:
    for location in ("sqlite:///x.db#people", str(share / "none.csv"), str(share / "2024.csv")):
        assert expanded(location) == [location]
    (share / "[1].csv").write_bytes(b"x")
    assert expanded(share / "[1].csv") == [str(share / "[1].csv")]


def test_a_folder_or_pattern_without_lists_is_told(share: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for location in (tmp_path / "empty", share / "*.pq", tmp_path / "none" / "*.csv"):
        with pytest.raises(UnreadableFileError, match="connected"):
            expanded(location)


@posix
def test_links_in_a_folder_are_followed_once(share: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "z.csv").write_bytes(b"x")
    (share / "linked").symlink_to(elsewhere)
    (share / "again.csv").symlink_to(share / "2024.csv")
    (share / "sub" / "round").symlink_to(share)
    found = names(expanded(share), share)
    assert "linked/z.csv" in found
    assert ("2024.csv" in found) + ("again.csv" in found) == 1
    assert len(found) == 11


@posix
def test_a_folder_that_may_not_be_looked_into_is_told(share: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def forbidden(folder: str) -> object:
        if str(folder).endswith("sub"):
            raise PermissionError(errno.EACCES, "no", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(UnreadableFileError, match="sub: may not be read"):
        expanded(share)
