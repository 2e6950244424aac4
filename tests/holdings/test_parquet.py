from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from optout.errors import ConservationError, HoldingChangedError
from optout.holdings import erase_rows
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
