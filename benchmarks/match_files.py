"""The matching benchmark on disk: lists in UTF-8 and CP932, the requests, a store that holds them, and the truth."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Final

import match_cells as cells
import polars as pl
from match_muddle import muddled
from match_people import UNRELATED, world

KEY: Final = bytes(range(32))
_PART: Final = 100_000
ENCODINGS: Final = {"utf8": "utf-8", "cp932": "cp932"}
_MODULES: Final = (
    *("people", "lists", "respell", "match_glyphs", "match_changes", "match_person", "match_people"),
    *("match_traps", "match_cells", "match_muddle", "match_files"),
)


def made(folder: Path, rows: int, entries: int, seed: int) -> Path:
    """The folder of these sizes, filled if it is not yet, or was by another generator."""
    place = folder / f"{rows}x{entries}"
    stamp = json.dumps([rows, entries, seed, _generator()])
    mark = place / "made.json"
    if mark.exists() and mark.read_text() == stamp:
        return place
    place.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    _write(place, rows, entries, seed)
    mark.write_text(stamp)
    return place


def _generator() -> str:
    """A digest of the generator's source: data of another one are not used again."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join((here / f"{name}.py").read_bytes() for name in _MODULES)).hexdigest()[:16]


def _write(place: Path, rows: int, entries: int, seed: int) -> None:
    began = time.perf_counter()
    both = world(rows, entries, seed)
    asked = cells.written(both.entries, seed + 20)
    lists = {name: _Writer(place / f"{name}.csv", encoding) for name, encoding in ENCODINGS.items()}
    told: list[pl.DataFrame] = []
    for number, chunk in enumerate(both.chunks):
        listed, fax = _written(chunk, seed + 1000 * number)
        first = sum(part.height for part in told)
        told.append(cells.truth(chunk, listed, both.entries, asked, fax).with_columns(pl.col("row") + first))
        listed = muddled(listed, seed + 40 + 1000 * number)
        for writer in lists.values():
            writer.add(listed, first)
    headed = muddled(asked, seed + 50).rename(cells.HEADERS)
    headed.write_parquet(place / "requests.parquet")
    ids = pl.Series("request", _fill_store(place, headed))
    truths = pl.concat(told)
    met = ids.gather(truths["entry"].fill_null(0))
    truths.with_columns(request=pl.when(pl.col("entry").is_not_null()).then(met)).write_parquet(
        place / "truth.parquet"
    )
    print(f"{place.name}: made in {time.perf_counter() - began:.0f} s", file=sys.stderr)


def _written(chunk: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    lines = chunk["kind"].eq("fax").arg_true().to_list()
    return cells.faxed(cells.written(chunk, seed + 10), lines, seed + 30)


class _Writer:
    """A list as Windows programs write it, numbered; every character is one the encoding holds."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path, self._encoding = path, encoding
        path.unlink(missing_ok=True)

    def add(self, listed: pl.DataFrame, first: int) -> None:
        """Append a part that begins with row `first`."""
        listed = (
            cells.holding(listed, self._encoding).rename(cells.HEADERS).with_row_index("顧客番号", first + 1)
        )
        line_end = "\n" if self._encoding == "utf-8" else "\r\n"
        with self._path.open("ab") as out:
            for part in listed.iter_slices(_PART):
                text = part.write_csv(include_header=out.tell() == 0, line_terminator=line_end)
                out.write(text.encode(self._encoding))


def _fill_store(place: Path, asked: pl.DataFrame) -> list[str]:
    import optout

    for old in place.glob("store.db*"):
        old.unlink()
    with optout.Store.create(place / "store.db", key=KEY) as store:
        return list(store.suppress(asked).request_ids)


def truth(place: Path) -> pl.DataFrame:
    """What is true of every row (see `match_cells.truth`), with the `request` it should meet."""
    return pl.read_parquet(place / "truth.parquet")


def unrelated(told: pl.DataFrame) -> pl.DataFrame:
    """The rows that are in no kind and no trap."""
    return told.filter(pl.col("kind") == UNRELATED)
