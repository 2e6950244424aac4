"""recordlinkage (Python Record Linkage Toolkit): blocking on each identifier, Jaro-Winkler names, and the ECM
classifier, which needs no labels; its probability of a match is the score.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Final

import polars as pl

_BLOCKS: Final = (
    ("phone_1",), ("phone_2",), ("email",), ("place",), ("postal", "numbers"), ("name", "city"), ("kana", "city"),
    ("name", "birth_date"), ("kana", "birth_date"), ("family", "birth_date"),
)  # fmt: skip
_ALIKE: Final = 0.85  # Jaro-Winkler from here on counts as agreement
_BATCH: Final = 1_000_000


def pairs(place: Path) -> pl.DataFrame:
    """Candidates with the probability that they match: `row` UInt32, `score` Float64."""
    import recordlinkage

    warnings.simplefilter("ignore", FutureWarning)
    left, right = (_side(place, side) for side in ("left", "right"))
    candidates = _candidates(left, right)
    compare = recordlinkage.Compare()
    for field in ("name", "kana", "given"):
        compare.string(field, field, method="jarowinkler", threshold=_ALIKE, label=field)
    for field in ("family", "place", "phone_1", "phone_2", "email", "birth_date", "city"):
        compare.exact(field, field, label=field)
    vectors = compare.compute(candidates, left, right)
    classifier = recordlinkage.ECMClassifier(init="jaro")
    classifier.fit(vectors)
    scores = classifier.prob(vectors)
    return pl.DataFrame(
        {"row": vectors.index.get_level_values(0).to_numpy(), "score": scores.to_numpy()}
    ).cast({"row": pl.UInt32, "score": pl.Float64})


def _side(place: Path, side: str) -> Any:
    import pandas as pd

    known = pl.read_parquet(place / f"{side}.parquet")
    return pd.DataFrame(known.to_dict(as_series=False)).set_index("unique_id")


def _candidates(left: Any, right: Any) -> Any:
    """Pairs that agree on a block; blanks are no agreement, so only records that have the fields are looked at."""
    import recordlinkage

    found = None
    for block in _BLOCKS:
        fields = list(block)
        sides = [side.dropna(subset=fields) for side in (left, right)]
        if any(side.empty for side in sides):
            continue
        some = recordlinkage.index.Block(fields).index(*sides)
        found = some if found is None else found.union(some)
    return found
