"""Is a file what it should be, beside what is known already: whole, and not older?

A file that was cut off, or a monthly list of differences, must never replace a whole table: places it lacks would be
read no longer, and people who live there would be missed.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.atlas.extract import Extract
from optout.atlas.names import NAME_COLUMNS
from optout.atlas.overlay import change_by, homes
from optout.atlas.successors import former_names
from optout.errors import OlderTableError, TableFileError
from optout.tables.gazetteer import Gazetteer

# A prefecture has some 30 municipalities and 2,500 postal codes; a year changes one or two.
OLDER: Final = (
    "Import a newer file, or take this one in place of the earlier ones with replace=True (--replace)."
)
_MOST_MISSING: Final = 0.1
_FEWEST_CODES: Final = 0.8
_FEWEST_TOWNS: Final = 0.5


def weighed(now: Gazetteer, extract: Extract, older: bool = False) -> tuple[str, ...]:
    """What is to be told of an import before it is laid over what is in force.

    Args:
        now: What is in force.
        extract: What is to be imported.
        older: An older file is meant.

    Returns:
        Remarks, in words.

    Raises:
        TableFileError: it lacks so much of what it covers that it cannot be whole.
        OlderTableError: it still has municipalities that were abolished since.
    """
    if extract.kind == "ken-all":
        return _ken_all(now, extract, older)
    if extract.kind == "abr":
        return _abr(now, extract)
    _, lost = former_names(extract.frame, now.municipalities)
    ahead = f"{lost} changes lead to no municipality of today and were left out"
    return (ahead,) if lost else ()


def _ken_all(now: Gazetteer, extract: Extract, older: bool) -> tuple[str, ...]:
    change = change_by(now, extract.frame)
    abolished = change.now.join(now.former, on=list(NAME_COLUMNS), how="semi", nulls_equal=True)
    abolished = abolished.join(change.there, on="code", how="anti")
    if abolished.height and not older:
        why = f"is older than what is in force: {abolished.height} of its municipalities were abolished since"
        raise OlderTableError(extract.name, why, OLDER)
    served = now.postal.join(change.there, on="code", how="semi").height
    for what, missing, most in (
        ("municipalities", change.kept.height, _MOST_MISSING * change.there.height),
        ("postal codes", served - extract.frame.height, (1 - _FEWEST_CODES) * served),
    ):
        if missing > most:
            raise _cut_off(extract, f"{missing:,} {what} are missing in the prefectures it covers")
    said = []
    if change.heirs.height:
        said.append(f"{change.heirs['old'].n_unique()} municipalities became former names of others")
    if change.kept.height:
        said.append(f"{change.kept.height} municipalities that are not in it were kept")
    return tuple(said)


def _abr(now: Gazetteer, extract: Extract) -> tuple[str, ...]:
    covered = extract.frame.select("code").unique()
    known = now.towns.filter(pl.col("koaza").is_null()).join(covered, on="code", how="semi").height
    told = extract.frame.filter(pl.col("koaza").is_null())
    if told.height < _FEWEST_TOWNS * known:
        raise _cut_off(extract, f"{told.height:,} towns where {known:,} are known")
    heirs = homes(now, extract.frame)
    new = covered.join(now.municipalities, on="code", how="anti").join(
        heirs, left_on="code", right_on="old", how="anti"
    )
    said = []
    if heirs.height:
        said.append(
            f"{heirs['old'].n_unique()} of its municipalities are in use no longer: their towns went to the successors"
        )
    if new.height:
        said.append(f"{new.height} of its municipalities are new: import a newer KEN_ALL as well")
    return tuple(said)


def _cut_off(extract: Extract, why: str) -> TableFileError:
    told = f"is not whole: {why}; it was cut off, or lists differences alone"
    return TableFileError(extract.name, told, "Give the whole file as it was downloaded.")
