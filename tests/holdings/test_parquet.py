from __future__ import annotations

import hashlib
import sys
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from optout.errors import CellRefusedError, ConservationError, HoldingChangedError, UnreadableFileError
from optout.holdings import Edits, erase_rows, opened
from optout.holdings.parquet import Codec, Layout, layout

FRAME = pl.DataFrame(
    {
        "氏名": [f"見本{number}" for number in range(1000)],
        "電話": [None if number % 3 else "090-1234-0000" for number in range(1000)],
        "番号": range(1000),
        "生年月日": [date(1970, 3, 2)] * 1000,
    }
)


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("codec", ["uncompressed", "snappy", "gzip", "brotli", "lz4", "zstd"])
def test_the_layout_is_read_from_the_footer(tmp_path: Path, codec: Codec) -> None:
    path = tmp_path / "held.parquet"
    FRAME.write_parquet(path, compression=codec, row_group_size=300)
    told = layout(path)
    assert told is not None
    assert told.codec == codec
    assert 250 <= told.row_group_rows <= 300


def test_what_is_no_parquet_has_no_layout(tmp_path: Path) -> None:
    path = tmp_path / "held.parquet"
    for raw in (b"PAR1" + b"x" * 20, b"PAR1\xff\xff\xff\xff\x04\x00\x00\x00PAR1"):
        path.write_bytes(raw)
        assert layout(path) is None


@pytest.mark.parametrize("codec", ["snappy", "gzip", "zstd"])
def test_rows_go_and_codec_groups_and_metadata_stay(tmp_path: Path, codec: Codec) -> None:
    path = tmp_path / "held.parquet"
    FRAME.write_parquet(path, compression=codec, row_group_size=250, metadata={"own": "x", "pandas": "{}"})
    before, old = sha(path), layout(path)
    rows = [0, 17, *range(400, 700), 999]
    erased = erase_rows(path, rows, before, lambda _: None)
    assert erased.rows_removed == len(rows)
    assert (erased.sha256_before, erased.sha256_after) == (before, sha(path))
    assert pl.read_parquet(path).equals(
        FRAME.with_row_index("row").filter(~pl.col("row").is_in(rows)).drop("row")
    )
    metadata = pl.read_parquet_metadata(path)
    assert (metadata["own"], metadata["pandas"]) == ("x", "{}")
    assert isinstance(old, Layout)
    new = layout(path)
    assert new is not None
    assert new.codec == old.codec
    assert new.row_group_rows <= old.row_group_rows
    assert [entry.name for entry in tmp_path.iterdir()] == ["held.parquet"]


def test_a_refused_verification_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "held.parquet"
    FRAME.write_parquet(path)
    before = sha(path)

    def refuse(new: Path) -> None:
        assert pl.read_parquet(new).height == 999
        raise HoldingChangedError("stop")

    with pytest.raises(HoldingChangedError, match="stop"):
        erase_rows(path, [3], before, refuse)
    with pytest.raises(ConservationError):
        erase_rows(path, [1000], before, lambda _: None)
    assert sha(path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["held.parquet"]


def test_all_rows_of_a_parquet_file_can_go(tmp_path: Path) -> None:
    path = tmp_path / "held.parquet"
    FRAME.head(3).write_parquet(path)
    erase_rows(path, [0, 1, 2], sha(path), lambda _: None)
    assert pl.read_parquet(path).height == 0
    assert pl.read_parquet_schema(path) == FRAME.schema


def by_arrow(path: Path, rows: int = 10, **written: Any) -> Any:
    """A file as pandas and Spark write it: things polars would write otherwise."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    kinds = {
        "氏名": pa.string(),
        "番号": pa.int32(),
        "時刻": pa.time64("us"),
        "日時": pa.timestamp("ms", tz="Asia/Tokyo"),
        "金額": pa.decimal128(10, 2),
        "区分": pa.dictionary(pa.int8(), pa.string()),
    }
    moment = datetime(2026, 1, 2, 3)
    cells = [
        (f"見本 {n}", n, time(1, n), moment, Decimal("1.50"), "甲" if n % 2 else "乙") for n in range(rows)
    ]
    arrays = [
        pa.array(column, type=kind)
        for column, kind in zip(zip(*cells, strict=True), kinds.values(), strict=True)
    ]
    fields = [
        pa.field(name, kind, nullable=name != "番号", metadata={"列": name}) for name, kind in kinds.items()
    ]
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"pandas": "{}", "own": "x"}))
    parquet.write_table(table, path, row_group_size=4, **written)
    return table


@pytest.mark.parametrize(
    "written",
    [
        {"compression": "gzip", "use_dictionary": False},
        {"compression": {"氏名": "zstd", "番号": "none"}, "version": "1.0", "write_statistics": False},
        {"use_deprecated_int96_timestamps": True, "store_schema": False},
    ],
)
def test_what_another_program_wrote_keeps_its_schema_down_to_how_it_is_stored(
    tmp_path: Path, written: dict[str, Any]
) -> None:
    path = tmp_path / "held.parquet"
    by_arrow(path, **written)
    from pyarrow import parquet

    before = parquet.ParquetFile(path)
    old, codecs = before.read().to_pylist(), _codecs(before)
    held = opened(path)
    done = held.change(
        Edits([0, 5], {1: [0, 5]}, {9: {0: "新", 1: "77", 5: "丙"}}),
        held.fingerprint(),
        lambda new: None,
        lambda after: None,
    )
    assert (done.rows_erased, done.cells_changed) == (2, 5)
    after = parquet.ParquetFile(path)
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    assert after.schema.equals(before.schema)
    assert _codecs(after) == codecs
    assert [after.metadata.row_group(n).num_rows for n in range(after.num_row_groups)] == [3, 3, 2]
    old[1].update(氏名=None, 区分=None)
    old[9].update(氏名="新", 番号=77, 区分="丙")
    assert after.read().to_pylist() == [row for number, row in enumerate(old) if number not in (0, 5)]


def _codecs(file: Any) -> list[str]:
    group = file.metadata.row_group(0)
    return [group.column(n).compression for n in range(group.num_columns)]


def test_a_column_that_may_not_be_null_is_not_blanked(tmp_path: Path) -> None:
    path = tmp_path / "held.parquet"
    by_arrow(path)
    held, before = opened(path), path.read_bytes()
    with pytest.raises(CellRefusedError, match="番号"):
        held.change(Edits(blank={0: [1]}), held.fingerprint(), lambda new: None, lambda after: None)
    assert path.read_bytes() == before


def test_without_pyarrow_such_a_file_is_refused_and_not_flattened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "held.parquet"
    by_arrow(path)
    held, before = opened(path), path.read_bytes()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    for ask in (
        lambda: held.change(Edits([0]), held.fingerprint(), lambda new: None, lambda after: None),
        held.require_changeable,
    ):
        with pytest.raises(UnreadableFileError, match=r"optout\[parquet\]"):
            ask()
    assert path.read_bytes() == before


def test_all_rows_of_what_another_program_wrote_can_go(tmp_path: Path) -> None:
    path = tmp_path / "held.parquet"
    table = by_arrow(path, 3)
    held, shown = opened(path), list[int]()
    held.change(
        Edits([0, 1, 2]), held.fingerprint(), lambda new: shown.append(new.frame.height), lambda after: None
    )
    from pyarrow import parquet

    assert shown == [0]
    assert parquet.read_table(path).num_rows == 0
    assert parquet.read_schema(path).equals(table.schema, check_metadata=True)


def test_a_schema_that_cannot_be_written_again_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "held.parquet"
    by_arrow(path, use_deprecated_int96_timestamps=True)  # declared in milliseconds, stored in nanoseconds
    held, before = opened(path), path.read_bytes()
    with pytest.raises(UnreadableFileError, match="cannot be written again"):
        held.change(Edits([0]), held.fingerprint(), lambda new: None, lambda after: None)
    assert path.read_bytes() == before
