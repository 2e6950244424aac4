"""Cells of a text file change by byte ranges; whatever stands around them is the same afterwards."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.batch.codec import ENCODINGS, codec_of, mark_of
from optout.batch.source import Source
from optout.errors import (
    CellRefusedError,
    ConservationError,
    OptionError,
    UnencodableError,
    UnknownColumnError,
)
from optout.holdings import Changed, Edits, opened

TWO = (
    '注文者,電話,送付先,送付先電話\r\n"髙橋 一郎",03-1234-5678,見本 花子,"03-1234-0000"\r\n\r\n'
    "表 ソ能,1,予定,2\r\n壊れた行\r\n鈴木,,3,"
).encode("cp932")
CELL = st.text(st.sampled_from('ab0"髙ｶ\n\r, ;'), max_size=5)


def seen(_: Source) -> None:
    return None


def changed(path: Path, edits: Edits, **read: str) -> Changed:
    held = opened(path, **read)
    told: list[str] = []
    done = held.change(edits, held.fingerprint(), seen, told.append)
    assert told == [done.after] == [held.fingerprint()]
    return done


def test_D7_of_a_row_with_two_people_only_the_asked_ones_cells_are_blanked(tmp_path: Path) -> None:
    path = tmp_path / "held.csv"
    path.write_bytes(TWO)
    done = changed(path, Edits(blank={0: [0, 1]}))
    assert path.read_bytes() == TWO.replace('"髙橋 一郎",03-1234-5678'.encode("cp932"), b'"",')
    assert (done.rows_erased, done.cells_changed) == (0, 2)
    assert [entry.name for entry in tmp_path.iterdir()] == ["held.csv"]


def test_cells_are_put_and_rows_go_in_one_change(tmp_path: Path) -> None:
    path = tmp_path / "held.csv"
    path.write_bytes(TWO)
    changed(path, Edits(erase=[0], put={1: {0: "表,能", 3: '"新"'}, 2: {1: "新", 3: "末"}}))
    expected = '注文者,電話,送付先,送付先電話\r\n\r\n"表,能",1,予定,"""新"""\r\n壊れた行\r\n鈴木,新,3,末'
    assert path.read_bytes() == expected.encode("cp932")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data(), rows=st.lists(st.lists(CELL, min_size=2, max_size=3), min_size=1, max_size=8))
def test_what_is_left_is_the_table_with_other_cells(
    tmp_path: Path, data: st.DataObject, rows: list[list[str]]
) -> None:
    width = min(map(len, rows))
    table = [row[:width] for row in rows]

    def written(kept: list[list[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["甲", "乙", "丙"][:width], *kept])
        return text.getvalue().encode()

    path = tmp_path / "held.csv"
    path.write_bytes(written(table))
    places = st.tuples(st.integers(0, len(table) - 1), st.integers(0, width - 1))
    cells = data.draw(st.dictionaries(places, st.none() | CELL))
    gone = data.draw(st.sets(st.integers(0, len(table) - 1), max_size=len(table)))
    blank: dict[int, list[int]] = {}
    put: dict[int, dict[int, str]] = {}
    for (row, column), text in cells.items():
        table[row][column] = text or ""
        if text is None:
            blank.setdefault(row, []).append(column)
        else:
            put.setdefault(row, {})[column] = text
    changed(path, Edits(sorted(gone), blank, put))
    assert path.read_bytes() == written([row for number, row in enumerate(table) if number not in gone])


@pytest.mark.parametrize("codec", ENCODINGS)
def test_cells_change_in_every_encoding(tmp_path: Path, codec: str) -> None:
    def written(rows: list[str]) -> bytes:
        return mark_of(codec) + codec_of(codec).encode("氏名,電話\r\n" + "".join(rows))

    path = tmp_path / "held.csv"
    rows = ["見本,1\r\n", '"山田\n","2"\r\n', "\r\n", "表,3\r\n", "ソ能,4"]
    path.write_bytes(written(rows))
    changed(path, Edits([2], {0: [0]}, {1: {0: "能\n表"}, 3: {0: "申", 1: ""}}), encoding=codec)
    assert path.read_bytes() == written([",1\r\n", '"能\n表","2"\r\n', "\r\n", "申,"])


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_a_delimiter_within_a_character_of_cp932_is_none(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "held.txt"
    path.write_bytes("氏名,電話,住所\nポ弼,1,予\nポ能,2,予\n".replace(",", delimiter).encode("cp932"))
    changed(path, Edits(blank={0: [1]}, put={1: {2: f"ポ{delimiter}"}}))
    left = '氏名,電話,住所\nポ弼,,予\nポ能,2,"ポ?"\n'.replace(",", delimiter).replace("?", delimiter)
    assert path.read_bytes() == left.encode("cp932")


def test_quotes_that_are_not_regular_are_read_as_the_reader_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "held.csv"
    path.write_bytes('氏名,住所,電話\n見本,5" disk,1\n"甲"乙,x,2\n鈴木,y,3\n'.encode())
    changed(path, Edits(blank={0: [2], 1: [0]}, put={0: {0: "改"}}))
    assert path.read_bytes() == '氏名,住所,電話\n改,5" disk,\n"",x,2\n鈴木,y,3\n'.encode()


def test_a_row_of_one_column_stays_a_row_when_its_cell_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "held.csv"
    path.write_bytes("電話番号\n03-1234-5678\n03-1234-0000\n".encode())
    changed(path, Edits(blank={0: [0]}))
    assert path.read_bytes() == '電話番号\n""\n03-1234-0000\n'.encode()


@pytest.mark.parametrize("text", ["🍣", "a¥b", "\0"])
def test_a_character_the_encoding_lacks_is_told_and_nothing_changes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "held.csv"
    path.write_bytes(TWO)
    with pytest.raises(UnencodableError) as told:
        changed(path, Edits(put={1: {0: text}, 2: {0: text}}))
    assert (told.value.n_rows, told.value.first_rows) == (2, (1, 2))
    assert text not in str(told.value)
    assert path.read_bytes() == TWO


@pytest.mark.parametrize(
    ("edits", "error"),
    [
        (Edits(blank={9: [0]}), ConservationError),
        (Edits(erase=[-1]), ConservationError),
        (Edits(blank={0: [4]}), UnknownColumnError),
        (Edits(put={0: {-1: "x"}}), UnknownColumnError),
        (Edits(blank={0: [1]}, put={0: {1: "x"}}), OptionError),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_does_not_exist_cannot_change(
    tmp_path: Path, edits: Edits, error: type[Exception], kind: str
) -> None:
    path = tmp_path / f"held.{kind}"
    if kind == "csv":
        path.write_bytes(TWO)
    else:
        pl.DataFrame({name: ["x"] for name in "甲乙丙丁"}).write_parquet(path)
    before = path.read_bytes()
    with pytest.raises(error):
        changed(path, edits)
    assert path.read_bytes() == before


def test_the_rows_are_found_by_the_lines_an_editor_shows(tmp_path: Path) -> None:
    path = tmp_path / "held.csv"
    path.write_bytes('題名\n\n氏名,電話\n"甲\n乙",1\n\n壊れた,行,x\n丙,2\n丁,3'.encode())
    assert opened(path).row_ids([2, 0, 1]) == ["line 9", "line 4", "line 8"]
    path.write_bytes("氏名,電話\r\n甲,1\r\n\r\n乙,2\r\n".encode("utf-16"))
    assert opened(path).row_ids([0, 1]) == ["line 2", "line 4"]
    with pytest.raises(ConservationError):
        opened(path).row_ids([2])
    pl.DataFrame({"氏名": ["甲", "乙"]}).write_parquet(path)
    assert opened(path).row_ids([1, 0]) == ["row 2", "row 1"]


def test_cells_of_parquet_change_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "held.parquet"
    frame = pl.DataFrame(
        {
            "氏名": ["甲", "乙", None, "丁"],
            "番号": [1, 2, 3, 4],
            "確認": [True, False, None, True],
            "区分": pl.Series(["a", "b", "a", None], dtype=pl.Enum(["a", "b"])),
            "日": pl.Series(["2026-01-02"] * 4).str.to_date(),
        }
    )
    frame.write_parquet(path, compression="gzip", metadata={"own": "x"})
    done = changed(
        path, Edits([1], {0: [0, 4]}, {2: {0: "新", 1: "77", 2: "false", 3: "b", 4: "1970-03-02"}})
    )
    assert (done.rows_erased, done.cells_changed) == (1, 7)
    left = pl.read_parquet(path)
    assert left.schema == frame.schema
    assert [str(cell) for cell in left.row(0)] == ["None", "1", "True", "a", "None"]
    assert [str(cell) for cell in left.row(1)] == ["新", "77", "False", "b", "1970-03-02"]
    assert left.row(2) == frame.row(3)
    assert pl.read_parquet_metadata(path)["own"] == "x"
    for column, text in ((1, "見本"), (2, "見本"), (3, "見本"), (4, "見本")):
        with pytest.raises(CellRefusedError) as told:
            changed(path, Edits(put={0: {column: text}}))
        assert text not in str(told.value)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_all_rows_can_go_and_the_caller_is_shown_a_list_without_rows(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"held.{kind}"
    frame = pl.DataFrame({"氏名": ["甲", "乙"], "電話": ["1", "2"]})
    frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    held = opened(path)
    shown: list[tuple[list[str], int]] = []
    held.change(
        Edits([0, 1]),
        held.fingerprint(),
        lambda new: shown.append((new.headers, new.frame.height)),
        lambda _: None,
    )
    assert shown == [(["氏名", "電話"], 0)]
    assert path.read_bytes() == "氏名,電話\n".encode() or pl.read_parquet(path).is_empty()


def test_what_is_shown_is_the_new_state_read_by_the_rules_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "held.csv"
    path.write_bytes(TWO)
    held = opened(path)
    shown: list[Source] = []

    def verify(new: Source) -> None:
        assert path.read_bytes() == TWO
        assert new.name == "held.csv"
        assert (new.encoding, new.delimiter, new.eol) == ("cp932", ",", "\r\n")
        assert new.frame["注文者"].to_list() == ["表 ソ能", "鈴木"]
        shown.append(new)

    held.change(Edits([0]), held.fingerprint(), verify, lambda _: None)
    assert shown


def test_without_edits_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "held.csv"
    path.write_bytes(TWO)
    before = path.stat()
    assert changed(path, Edits()) == Changed(0, 0, opened(path).fingerprint(), opened(path).fingerprint())
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_no_repr_shows_a_text() -> None:
    edits = Edits([1], {2: [0]}, {3: {0: "見本 花子"}})
    assert "見本" not in repr(edits)
