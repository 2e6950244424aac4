"""What peers are given, and how all are compared: one score for each row, precision at equal recall.

Every peer gets the columns of `optout.normalize`, of the list and of the requests; folding, parsing and readings
are thus the same on all sides, and what differs is the matching. A peer's score of a row is its best score over
all requests. Ours orders rows by verdict, then by weight.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

RECALLS: Final = (0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99)
COLUMNS: Final = (
    "name", "family", "given", "kana", "postal", "city", "town", "numbers", "room", "place", "phone_1", "phone_2",
    "email", "birth_date",
)  # fmt: skip
_LEGAL: Final = r"株式会社|有限会社|合同会社|一般社団法人|[(（](?:株|有|同|一社)[)）]|㈱|㈲|御中|\s"


def prepared(place: Path) -> float:
    """Write the normalised columns of both sides beside the data, once; the seconds the list took."""
    spent = place / "normalised.txt"
    if spent.exists() and spent.stat().st_mtime > (place / "made.json").stat().st_mtime:
        return float(spent.read_text())
    import optout

    cells = pl.read_parquet(place / "requests.parquet")
    _plain(optout.normalize(cells), cells).write_parquet(place / "right.parquet")
    began = time.perf_counter()
    listed = pl.read_csv(place / "utf8.csv", infer_schema=False)
    parts = [_plain(optout.normalize(part), part) for part in listed.iter_slices(250_000)]
    pl.concat(parts).with_columns(unique_id=pl.int_range(pl.len())).write_parquet(place / "left.parquet")
    seconds = time.perf_counter() - began
    spent.write_text(str(seconds))
    return seconds


def _plain(folded: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """One line a row with plain text columns; a company in its own cell stands in for a missing name."""
    folded = folded.unique("row", keep="first", maintain_order=True)
    firm = cells["会社名"].str.replace_all(_LEGAL, "")
    firm = firm.set(firm == "", None)
    keys = pl.col("address_keys").list.first()
    return folded.with_columns(firm.alias("firm")).select(
        unique_id=pl.int_range(pl.len()),
        name=pl.coalesce("name", pl.when(pl.col("kana").is_null()).then("firm")),
        family="name_family",
        given="name_given",
        kana="kana",
        postal="postal",
        city=pl.col("municipalities").list.first(),
        town="town",
        numbers="numbers",
        room="room",
        place=keys,
        phone_1=pl.col("phones").list.get(0, null_on_oob=True),
        phone_2=pl.col("phones").list.get(1, null_on_oob=True),
        email=pl.col("emails").list.first(),
        birth_date=pl.col("birth_date").cast(pl.String),
    )


def best(pairs: pl.DataFrame, rows: int) -> np.ndarray:
    """The best score of every row; -inf where nothing was found. `pairs` has `row` and `score`."""
    scores = np.full(rows, -np.inf)
    top = pairs.group_by("row").agg(pl.col("score").max())
    scores[top["row"].to_numpy()] = top["score"].to_numpy()
    return scores


def curve(
    scores: np.ndarray, told: pl.DataFrame, recalls: tuple[float, ...] = RECALLS
) -> dict[float, float | None]:
    """Precision at each recall: among the eligible matches, and over all rows flagged; None where it is not reached.

    Rows of equal score are taken together, so a tool with few scores is not given an order it does not have.
    """
    true, eligible = told["entry"].is_not_null().to_numpy(), told["eligible"].to_numpy()
    known = np.isfinite(scores)
    levels, at = np.unique(-scores[known], return_inverse=True)
    flagged, right, met = (
        np.cumsum(np.bincount(at, weights=which[known], minlength=len(levels)))
        for which in (np.ones(len(scores)), true, eligible)
    )
    found: dict[float, float | None] = {}
    for recall in recalls:
        reached = np.flatnonzero(met >= recall * eligible.sum())
        found[recall] = float(right[reached[0]] / flagged[reached[0]]) if len(reached) else None
    return found


def highest(scores: np.ndarray, told: pl.DataFrame) -> float:
    """The recall of taking every row that has any score."""
    eligible = told["eligible"].to_numpy()
    return float((np.isfinite(scores) & eligible).sum() / eligible.sum())


def by_kind(scores: np.ndarray, told: pl.DataFrame, recall: float) -> dict[str, float]:
    """Recall of each kind (eligible rows), and share of each trap flagged, at the threshold of a total recall."""
    eligible = told["eligible"].to_numpy()
    met = np.sort(scores[eligible])[::-1]
    least = met[min(len(met), int(np.ceil(recall * len(met)))) - 1]
    flagged = pl.Series("flagged", (scores >= least) & np.isfinite(scores))
    asked = pl.col("eligible") | pl.col("entry").is_null()
    shares = told.with_columns(flagged).filter(asked).group_by("kind").agg(pl.col("flagged").mean())
    return dict(shares.sort("kind").iter_rows())
