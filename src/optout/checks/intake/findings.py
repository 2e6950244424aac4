"""What is found in the rows of a list beside requests: special care, minors, the same person twice, lost kanji.

Everything is counted, never shown: row numbers and headers only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from optout.batch import Block, gaiji
from optout.batch.columns import ColumnMapping
from optout.batch.special_care import CareFound
from optout.errors import OptionError
from optout.keys.sameness import person_keys
from optout.schema import REASON, VERDICT, numbered
from optout.screen.judge import Judged
from optout.text import birth, name

ROWS_NAMED: Final = 10
OF_AGE: Final = 16  # 16歳未満: 2026 amendment of the 個人情報保護法, rights of a legal representative
MINORS: Final = ("ask", "withhold")
# Keys of so many rows are held in memory: 36 bytes a row.
DUPLICATES_WITHIN: Final = 5_000_000
_SEVERAL: Final = r"[・･&＆/／,、\n]|\p{Han}と\p{Han}"


@dataclass(slots=True)
class Rows:
    """A count of rows and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, rows: pl.Series) -> None:
        """Take in row numbers, in order."""
        self.count += len(rows)
        self.first += rows.head(ROWS_NAMED - len(self.first)).to_list()

    def told(self) -> dict[str, Any]:
        """For a report."""
        return {"count": self.count, "rows": list(self.first)}


class Findings:
    """What was found so far, block by block.

    Args:
        mapping: What the columns are.
        as_of: The day ages are counted at.
        minors: One of MINORS: leave the rows of people under 16 to a question, or withhold them.
        duplicates: Whether to look for the same person twice.
    """

    def __init__(self, mapping: ColumnMapping, as_of: date, minors: str, duplicates: bool) -> None:
        if minors not in MINORS:
            raise OptionError("minors", MINORS)
        self._mapping, self.as_of, self._minors = mapping, as_of, minors
        self._born_after = _years_before(as_of, OF_AGE)
        self.minors, self.kept_minors, self.several, self.twice = Rows(), Rows(), Rows(), Rows()
        self._gaiji: list[pl.DataFrame] = []
        self._care: dict[str, tuple[Counter[str], Rows]] = {}
        self._keys: list[pl.DataFrame] | None = [] if duplicates else None
        self._looked_at = 0

    def add(self, block: Block, raw: pl.DataFrame, judged: Judged) -> Judged:
        """Look at a block; the same verdicts, but those of minors when they are to be withheld."""
        self._gaiji.append(gaiji.found(block.frame, self._mapping, block.first_row))
        self._add_several(raw)
        self._add_keys(block, raw)
        return self._add_minors(raw, judged)

    def add_care(self, found: list[CareFound]) -> None:
        """Count cells of special care."""
        for each in found:
            kinds, rows = self._care.setdefault(each.header, (Counter(), Rows()))
            kinds.update(each.kinds)
            rows.add(each.rows)

    @property
    def care(self) -> list[dict[str, Any]]:
        """Columns with cells of special care: `header`, `kinds`, `count`, `rows` (the first ten)."""
        return [
            {"header": header, "kinds": dict(sorted(kinds.items())), **rows.told()}
            for header, (kinds, rows) in self._care.items()
        ]

    def report(self) -> dict[str, Any]:
        """Everything, for a report: plain values, no personal data."""
        self._count_twice()
        return {
            "minors": {"as_of": self.as_of.isoformat(), "under": OF_AGE, **self.minors.told()},
            "several_people": self.several.told(),
            "duplicates": None if self._keys is None else {**self.twice.told(), "looked_at": self._looked_at},
            "gaiji": gaiji.told(self._gaiji),
            "special_care": self.care,
        }

    def _add_minors(self, raw: pl.DataFrame, judged: Judged) -> Judged:
        if raw["birth_date"].null_count() == raw.height:
            return judged
        young = raw.filter(birth.parse(raw["birth_date"]) > self._born_after)["row"].unique().sort()
        if young.is_empty():
            return judged
        self.minors.add(young)
        kept = judged.verdicts.filter(pl.col("verdict") == "keep", pl.col("row").is_in(young.implode()))[
            "row"
        ]
        if self._minors == "ask":
            self.kept_minors.add(kept)
            return judged
        changed = pl.col("row").is_in(kept.implode())
        verdicts = judged.verdicts.with_columns(
            pl.when(changed).then(pl.lit("withhold").cast(VERDICT)).otherwise("verdict").alias("verdict"),
            pl.when(changed).then(pl.lit("under_16").cast(REASON)).otherwise("reason").alias("reason"),
            *(pl.when(~changed).then(column).alias(column) for column in ("request", "rule", "weight")),
        )
        return Judged(verdicts, judged.hits, judged.pairs, judged.seeds, judged.own)

    def _add_several(self, raw: pl.DataFrame) -> None:
        """Rows that speak of several people: in columns of their own, or in one name cell."""
        identity = ["name", "kana", "company", *numbered(raw, "phone"), *numbered(raw, "email")]
        told = raw.select("row", "name", pl.any_horizontal(pl.col(identity).is_not_null()).alias("told"))
        lines = told.filter("told")
        twice = lines.filter(pl.col("row").is_duplicated())["row"]
        odd = lines.filter(pl.col("name").str.contains(_SEVERAL))
        joint = odd["row"].filter(name.parse(odd["name"])["others"].list.len() > 0)
        self.several.add(pl.concat([twice, joint]).unique().sort())

    def _add_keys(self, block: Block, raw: pl.DataFrame) -> None:
        if self._keys is None or self._looked_at >= DUPLICATES_WITHIN:
            return
        self._keys.append(person_keys(raw))
        self._looked_at += block.frame.height

    def _count_twice(self) -> None:
        """Rows that share a key with an earlier row."""
        if not self._keys or self.twice.count:
            return
        every = pl.concat(self._keys)
        rows, keys = every["row"].to_numpy(), every["key"].to_numpy()
        order = np.lexsort((rows, keys))
        rows, keys = rows[order], keys[order]
        again = np.flatnonzero((keys[1:] == keys[:-1]) & (rows[1:] != rows[:-1])) + 1
        self.twice.add(pl.Series(np.unique(rows[again]), dtype=pl.UInt32))


def _years_before(day: date, years: int) -> date:
    """Who was born after this day is younger."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)
