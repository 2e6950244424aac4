"""The places of Japan: municipalities, towns with their 小字, and postal codes, as they are registered.

Built by tools/build_municipality.py and tools/build_towns.py from KEN_ALL of Japan Post and the address base registry
(アドレス・ベース・レジストリ) of the Digital Agency; versions and checksums stand in SOURCES.tsv. Names are spelled as
the sources spell them: folding them is the business of text.address.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Final

import polars as pl

from optout import tables

TOWN: Final = "town.parquet"
POSTAL: Final = "postal.parquet"
_NAMES: Final = ("prefecture", "county", "city", "ward")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Gazetteer:
    """Places of Japan as they are registered (unfolded spellings).

    Attributes:
        municipalities: `code` (five-digit JIS X 0402, in use today), `prefecture`, `county`, `city`, `ward` String;
            county and ward null where there is none. One line a municipality, in the order of the codes.
        former: `prefecture`, `county`, `city`, `ward` String of a name no longer in use, `code` of a successor:
            one line a successor.
        towns: `code`, `town`, `koaza` String, `chome` UInt8. One line a distinct (code, town, koaza); a town with
            小字 has a line whose koaza is null besides. Town `""`: 丁目 or 小字 directly under the municipality.
            `chome`: the highest 丁目 registered, 0 for none, always 0 on the lines of 小字.
        postal: `postal` (seven digits), `code`, `town` String; town `""` for a code of the rest of a municipality.
        digest: SHA-256 (hex) over the content; part of the key scheme.
    """

    municipalities: pl.DataFrame
    former: pl.DataFrame
    towns: pl.DataFrame
    postal: pl.DataFrame
    digest: str


@cache
def packaged() -> Gazetteer:
    """The places that are shipped.

    Raises:
        TableError: a table is missing or damaged.

    Examples:
        >>> packaged().towns.filter(code="13104", town="西新宿")["chome"].item()
        8
    """
    sha = hashlib.sha256()
    for name in ("municipality.tsv", "municipality_former.tsv", TOWN, POSTAL):
        sha.update(name.encode() + b"\0" + tables.content(name) + b"\0")
    municipalities = tables.load("municipality")
    former = tables.load("municipality_former")
    return Gazetteer(
        municipalities.select(pl.col("rule_id").str.strip_prefix("MU").alias("code"), *_NAMES),
        former.select(*_NAMES, pl.col("code").str.split("|")).explode("code"),
        tables.large(TOWN),
        tables.large(POSTAL),
        sha.hexdigest(),
    )
