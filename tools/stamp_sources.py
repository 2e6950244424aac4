"""Bring the checksums and row counts of src/optout/tables/SOURCES.tsv up to date, after a table was built anew.

Run: python tools/stamp_sources.py
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import polars as pl

FOLDER = Path(__file__).parents[1] / "src/optout/tables"
COUNTED = ("sha256", "rows")


def counted(file: str, content: bytes) -> tuple[str, str]:
    """SHA-256 (hex) of a table's file, and its rows without the header."""
    large = file.endswith(".parquet")
    rows = pl.read_parquet(BytesIO(content)).height if large else content.count(b"\n") - 1
    return hashlib.sha256(content).hexdigest(), str(rows)


def stamped(text: str, folder: Path) -> str:
    """The table of sources with its columns `sha256` and `rows` as the files in the folder are."""
    header, *lines = (line.split("\t") for line in text.splitlines())
    places = [header.index(name) for name in COUNTED]
    for line in lines:
        for place, told in zip(places, counted(line[0], (folder / line[0]).read_bytes()), strict=True):
            line[place] = told
    return "".join("\t".join(line) + "\n" for line in (header, *lines))


def main() -> None:
    """Write the table anew."""
    path = FOLDER / "SOURCES.tsv"
    path.write_text(stamped(path.read_text("utf-8"), FOLDER), encoding="utf-8")


if __name__ == "__main__":
    main()
