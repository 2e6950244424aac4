"""The comparable columns of a list, for people who want only that."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

import polars as pl

from optout.batch import open_batch
from optout.batch.columns import recognise
from optout.batch.heading import Columns
from optout.batch.raw import raw
from optout.keys import comparable
from optout.screen.sampled import SAMPLE

_NAMES: Final = {
    "full": "name",
    "family": "name_family",
    "given": "name_given",
    "form": "legal_form",
    "kana": "kana",
    "romaji": "romaji",
}
_FACTS: Final = (
    "postal",
    "prefecture",
    "city",
    "ward",
    "town",
    "numbers",
    "room",
    "lot",
    "known_town",
    "postal_conflict",
    "phones",
    "emails",
    "corporate_number",
)


def normalize(
    frame: pl.DataFrame | pl.LazyFrame | str | Path,
    columns: Columns = None,
    *,
    ignore: Collection[str | int] = (),
    encoding: str | None = None,
    sheet: str | None = None,
) -> pl.DataFrame:
    """Normalise (正規化) every identifying column of a list.

    Args:
        frame: A frame or file, as for `screen`.
        columns, ignore, encoding, sheet: As for `screen`.

    Returns:
        One line per subject, in row order: `row` UInt32, `subject` (role), `name` `name_family` `name_given`
        `legal_form` `kana` `romaji` `postal` `prefecture` `city` `ward` `town` `numbers` `room` `lot`
        `corporate_number` String, `known_town` (the town is registered) `postal_conflict` (the postal code is of
        another municipality) Boolean, `phones` `emails` `municipalities` (codes of JIS X 0402 it may be in)
        `address_keys` (`code|town|numbers`; one place, when two lists share any) List(String), `birth_date` Date.
        Null where a value is blank or cannot be understood: a bad value never raises.

    Raises:
        InputError: the file or its columns cannot be used.

    Examples:
        >>> import polars as pl, optout
        >>> out = optout.normalize(pl.DataFrame({"氏名": ["髙橋　一郎 様"], "TEL": ["０９０（１２３４）５６７８"]}))
        >>> out["name"].item(), out["phones"].item().to_list()
        ('高橋一郎', ['09012345678'])
    """
    source = open_batch(frame, encoding, columns, sheet)
    mapping = recognise(source.headers, columns, ignore, source.frame.head(SAMPLE))
    return spelt(raw(source.frame, mapping))


def spelt(rows: pl.DataFrame) -> pl.DataFrame:
    """The lines of `normalize` for a raw frame (schema.py), in row order."""
    parsed = comparable(rows)
    main = parsed.people.filter(pl.col("source") == "name").sort("i")
    names = main.select(pl.col(theirs).alias(ours) for theirs, ours in _NAMES.items())
    facts = parsed.facts.select(
        *_FACTS,
        pl.col("codes").alias("municipalities"),
        pl.col("keys").alias("address_keys"),
        pl.col("birth").alias("birth_date"),
    )
    facts = facts.with_columns(pl.col("phones", "emails").list.unique(maintain_order=True))
    return pl.concat([rows.select("row", "subject"), names, facts], how="horizontal").sort(
        "row", maintain_order=True
    )
