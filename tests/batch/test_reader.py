from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from optout.batch import open_batch
from optout.batch.codec import ENCODINGS
from optout.batch.source import Source
from optout.errors import ConservationError, EmptyBatchError, UnreadableFileError

CELL = st.text(st.sampled_from("ab0\"'髙ｶ\n\r,;\t 　\x01\x1f"), max_size=6)
TABLE = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=12)
)
InBytes = Callable[[str, str], bytes]
FIXTURE_OK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def put(tmp_path: Path, raw: bytes | str, name: str = "list.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return path


def shape(source: Source) -> tuple[int, int, int]:
    return source.records, source.frame.height, source.quarantined.height


@FIXTURE_OK
@given(
    TABLE,
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(ENCODINGS),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from([1, 40, 1 << 20]),
)
def test_every_table_the_csv_module_writes_reads_back_cell_by_cell(
    in_bytes: InBytes, tmp_path: Path, rows: list[list[str]], eol: str, codec: str, quoting: int, block: int
) -> None:
    header = [f"列{number}" for number in range(len(rows[0]))]
    text = io.StringIO()
    csv.writer(text, lineterminator=eol, quoting=quoting).writerows([header, *rows])
    assume(quoting == csv.QUOTE_ALL or eol == "\r\n")  # otherwise csv leaves the other line end bare
    source = open_batch(put(tmp_path, in_bytes(text.getvalue(), codec)), codec)
    assert source.headers == header
    assert [list(row) for part in source.blocks(block) for row in part.frame.rows()] == rows
    assert source.frame.rows() == [tuple(row) for row in rows]
    assert shape(source) == (len(rows), len(rows), 0)


def test_ragged_unreadable_and_unclosed_records_are_quarantined_with_their_line(tmp_path: Path) -> None:
    raw = b"\n".join(
        [
            "氏名,電話,住所".encode(),
            b"a,1,x",
            b"b,2",
            b"c,3,x,y",
            b'd,"4\n4",z',
            b"e,\xff,z",
            b"",
            b'f,"5,z',
            b"g,6,z",
        ]
        + [b"h,7,z"] * 30
    )
    source = open_batch(put(tmp_path, raw))
    assert source.quarantined.rows() == [
        (3, "fields: 2 instead of 3"),
        (4, "fields: 4 instead of 3"),
        (7, "undecodable"),
        (9, "unclosed quote"),
    ]
    assert source.frame["氏名"].to_list() == ["a", "d", "g", *["h"] * 30]
    assert shape(source) == (37, 33, 4)


def test_a_nul_far_into_the_file_is_quarantined(tmp_path: Path) -> None:
    raw = b"a,b\n" + b"1,2\n" * 300_000 + b"1,\x002\n" + b"3,4\n"
    source = open_batch(put(tmp_path, raw))
    assert source.quarantined.rows() == [(300_002, "control character NUL")]
    assert source.frame.row(-1) == ("3", "4")


def test_stray_quotes_are_read_as_the_csv_module_reads_them(tmp_path: Path) -> None:
    lines = ["a,b", '5" pipe,"x"', ' "lead",2', '"a"b,"c""d"', '"end",q"', "1,2"]
    source = open_batch(put(tmp_path, "\n".join(lines)))
    assert [list(row) for row in source.frame.rows()] == list(csv.reader(lines))[1:]


@pytest.mark.parametrize(
    ("name", "delimiter", "told"),
    [("a.csv", ",", ","), ("a.txt", "\t", "\t"), ("a.csv", ";", ";"), ("a.tsv", "\t", "\t")],
)
def test_the_delimiter_is_what_splits_the_header_most(
    tmp_path: Path, name: str, delimiter: str, told: str
) -> None:
    source = open_batch(put(tmp_path, delimiter.join("甲乙丙") + "\n" + delimiter.join("123"), name))
    assert source.delimiter == told
    assert source.frame.rows() == [("1", "2", "3")]


def test_a_tsv_is_split_at_tabs_whatever_else_its_header_holds(tmp_path: Path) -> None:
    source = open_batch(put(tmp_path, "氏名,様,殿\t住所\n1\t2\n", "list.TSV"))
    assert source.headers == ["氏名,様,殿", "住所"]


def test_duplicate_and_blank_headers_are_kept_as_written_and_named_apart(tmp_path: Path) -> None:
    source = open_batch(put(tmp_path, "電話,電話,,\n1,2,3,4\n"))
    assert source.headers == ["電話", "電話", "", ""]
    assert source.columns == ["電話", "電話#2", "", "#2"]
    assert source.frame.rows() == [("1", "2", "3", "4")]


def test_two_thousand_columns_a_huge_cell_and_control_characters_are_read(tmp_path: Path) -> None:
    cells = ["x"] * 1998 + ["あ" * 100_000, "\x01\x0b\x7f"]
    text = ",".join(f"c{number}" for number in range(2000)) + "\n" + ",".join(cells) + "\n"
    source = open_batch(put(tmp_path, text))
    assert list(source.frame.row(0)) == cells


def test_a_quote_may_span_blocks(tmp_path: Path) -> None:
    cell = '行\n,""' * 5000
    source = open_batch(put(tmp_path, f'a,b\n1,2\n3,"{cell}"\n5,6\n'))
    blocks = list(source.blocks(64))
    assert [row for block in blocks for row in block.frame.rows()] == [
        ("1", "2"),
        ("3", cell.replace('""', '"')),
        ("5", "6"),
    ]
    assert [block.first_row for block in blocks][:2] == [0, 1]


def test_blocks_together_are_the_whole(tmp_path: Path) -> None:
    lines = [f'{n},"{n}\n"' if n % 7 else f"{n}" for n in range(500)]
    source = open_batch(put(tmp_path, "a,b\r\n" + "\r\n".join(lines)))
    blocks = list(source.blocks(200))
    assert len(blocks) > 10
    assert pl.concat([block.frame for block in blocks]).equals(source.frame)
    assert pl.concat([block.quarantined for block in blocks]).equals(source.quarantined)
    assert sum(block.records for block in blocks) == source.records == 500


@pytest.mark.parametrize("raw", [b"", b"\xef\xbb\xbf", b"\n\n", b"a,b", b"a,b\r\n", b"a,b\n\n\r\n"])
def test_a_list_without_rows_is_told(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(EmptyBatchError):
        open_batch(put(tmp_path, raw))


@pytest.mark.parametrize("frame", [pl.DataFrame(), pl.DataFrame({"a": []}), pl.LazyFrame({"a": []})])
def test_a_frame_without_rows_is_told(frame: pl.DataFrame | pl.LazyFrame) -> None:
    with pytest.raises(EmptyBatchError):
        open_batch(frame)


def test_folders_missing_files_and_other_things_are_unreadable(tmp_path: Path) -> None:
    fake = put(tmp_path, b"a,b\n1,2\n", "list.parquet")
    broken = put(tmp_path, b"PAR1garbage", "broken.parquet")
    for batch in (tmp_path, tmp_path / "none.csv", fake, broken, 5):
        with pytest.raises(UnreadableFileError):
            open_batch(batch)  # type: ignore[arg-type]


def test_a_parser_that_counts_otherwise_is_never_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_batch(put(tmp_path, "a,b\n1,2\n3,4\n"))
    monkeypatch.setattr(pl, "read_csv", lambda *_, **__: pl.DataFrame({"a": ["1"], "b": ["2"]}))
    with pytest.raises(ConservationError):
        list(source.blocks())


def test_frames_become_text_without_the_marks_of_their_dtypes() -> None:
    frame = pl.DataFrame(
        {
            "phone": [9012345678.0, None],
            "share": [0.5, float("nan")],
            "born": [date(1970, 3, 2), None],
            "seen": [datetime(1970, 3, 2), datetime(1970, 3, 2, 1)],
            "flag": [True, False],
            "name": ["", None],
        }
    )
    text = open_batch(frame.lazy()).frame
    assert set(text.dtypes) == {pl.String}
    assert text["phone"].to_list() == ["9012345678", None]
    assert text["share"].to_list() == ["0.5", "NaN"]
    assert text["born"].to_list() == ["1970-03-02", None]
    assert text["seen"].str.slice(0, 13).to_list() == ["1970-03-02", "1970-03-02 01"]
    assert text["flag"].to_list() == ["true", "false"]
    assert text["name"].to_list() == ["", None]


def test_nested_columns_are_refused() -> None:
    with pytest.raises(UnreadableFileError, match="tags"):
        open_batch(pl.DataFrame({"tags": [["a"]]}))


def test_parquet_is_read_in_slices(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": range(20_000), "氏名": ["見本"] * 20_000})
    path = tmp_path / "list.parquet"
    frame.write_parquet(path, row_group_size=1000)
    source = open_batch(path)
    blocks = list(source.blocks(50_000))
    assert len(blocks) > 3
    assert pl.concat([block.frame for block in blocks]).equals(source.frame)
    assert source.original.equals(frame)
    assert source.frame["n"][-1] == "19999"
    assert shape(source) == (20_000, 20_000, 0)


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    path = put(tmp_path, "a,b\n1,2\n")
    source = open_batch(path)
    assert source.unchanged()
    path.write_text("a,b\n1,3\n")
    assert not source.unchanged()
    path.unlink()
    assert not source.unchanged()


def test_no_cell_shows_in_a_repr(tmp_path: Path) -> None:
    source = open_batch(put(tmp_path, "氏名,電話\n見本一郎,090-1234-0000\n"))
    assert "見本" not in repr(source) + repr(source.whole)
