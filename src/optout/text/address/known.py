"""Every name of the registers that means one place, to be looked up by digest.

Digests of 64 bits stand for the letters: of the names one looks for, one in 10^13 is taken for another by chance.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from optout.text import flat as flats
from optout.text.address import banchi, naming
from optout.text.address.kanji import is_in
from optout.text.address.places import ANYWHERE, Places
from optout.text.flat import Keys, Mask
from optout.text.flat import Places as At
from optout.text.lookup import NOWHERE, Lookup

# Of these the letters alone do not tell what `parse` reads: a lot (良川の12), the tail of the municipality.
_UNCLEAR: Final = "ノ$|^[条第]*町?$"
# A numeral of one letter: 千葉 is 1000葉 to the registers, and that letter and another to a reader of letters.
_LETTER: Final = {"1000": "千", "100": "百", "10": "十"}
_SPREAD: Final = np.uint64(0x9E37_79B9_7F4A_7C15)


class Known(NamedTuple):
    """Every name that means one place.

    Attributes:
        prefixes: Digests of what addresses begin with.
        groups: The group of municipalities each means; ANYWHERE if that is not all there is to it.
        ends: Which letters a prefix ends with.
        names: Digests of towns in a group.
        codes: The municipality of each as a number, and NOWHERE behind the last.
        towns: The same as `code`, `alias`, `town` String (see `naming.names`), and `at`, a line of the municipalities.
        municipalities: `prefecture`, `city`, `ward` String.
        postal: Postal codes.
        of_postal: The municipality of each as a number; `NOWHERE` for several.
    """

    prefixes: Lookup
    groups: At
    ends: Mask
    names: Lookup
    codes: At
    towns: pl.DataFrame
    municipalities: pl.DataFrame
    postal: Lookup
    of_postal: At

    def told(self, lines: At) -> pl.DataFrame:
        """What these lines of `towns` mean: `code`, `town`, `tail`, `prefecture`, `city`, `ward` String.

        Spelled out for each town that occurs: of all there are, a list names few.
        """
        place = np.zeros(self.towns.height, np.uint32)
        place[lines] = 1
        occurring = np.flatnonzero(place)
        place[occurring] = np.arange(len(occurring))
        some = self.towns[occurring]
        told = some.select("code", naming.whole()).with_columns(banchi.tails("区" + some["alias"]))
        return pl.concat([told, self.municipalities[some["at"]]], how="horizontal")[place[lines]]


@lru_cache(maxsize=4)
def known_of(places: Places) -> Known:
    """The names of a gazetteer; made once, which takes as long as reading 50,000 addresses."""
    plainly = pl.col("told") & pl.col("former_ward").is_null()
    prefixes = places.prefixes.select(
        "prefix", group=pl.when(plainly).then("group").otherwise(ANYWHERE).cast(pl.Int64)
    )
    ends = is_in("".join(prefixes["prefix"].str.slice(-1).unique()))
    municipalities = places.municipalities.with_row_index("at")
    groups = prefixes.select("group").unique().join(places.groups.cast({"group": pl.Int64}), on="group")
    groups = groups.filter(pl.col("group") != ANYWHERE).join(municipalities, on="code")
    towns = places.towns.table.filter(~pl.col("alias").str.contains(_UNCLEAR))
    towns = towns.with_columns(digest=_digests(towns["alias"]))
    towns = groups.select("group", "code", "at").join(towns, on="code")
    names, by_name = _once(of_group(towns["digest"].to_numpy(), towns["group"].to_numpy()))
    begun, by_prefix = _once(_digests(prefixes["prefix"]))
    towns = towns.select("code", "alias", "town", "at")[by_name]
    return Known(
        begun,
        prefixes["group"].to_numpy()[by_prefix],
        ends,
        names,
        np.append(as_numbers(towns["code"]), NOWHERE),
        towns,
        municipalities.drop("at", "code"),
        *_postal(places.postal.table),
    )


def _once(keys: Keys) -> tuple[Lookup, At]:
    """A lookup, and which lines it holds, in order; of a key that several lines have, none."""
    order = np.argsort(keys)
    found = keys[order]
    repeated = found[1:] == found[:-1]
    once = np.ones(len(found), np.bool_)
    once[1:] &= ~repeated
    once[:-1] &= ~repeated
    return Lookup.of(found[once]), order[once]


def _postal(postal: pl.DataFrame) -> tuple[Lookup, At]:
    numbers = pl.DataFrame({"postal": as_numbers(postal["postal"]), "code": as_numbers(postal["code"])})
    least, most = pl.col("code").min(), pl.col("code").max()
    known = numbers.group_by("postal").agg(pl.when(least == most).then(least).otherwise(NOWHERE))
    codes, order = _once(of_postal(known["postal"].to_numpy()))
    return codes, known["code"].to_numpy()[order]


def of_postal(codes: At) -> Keys:
    """Digests of postal codes, as numbers."""
    return flats.spread((codes + 1).astype(np.uint64))


def _digests(names: pl.Series) -> Keys:
    digests = flats.of_words(names)
    counted = names.str.contains("10").to_numpy().nonzero()[0]
    some = names.gather(counted)
    for number, letter in _LETTER.items():
        some = some.str.replace_all(f"(^|[^0-9]){number}($|[^0-9])", f"${{1}}{letter}${{2}}")
    digests[counted] = flats.of_words(some)
    return digests


def of_group(digests: Keys, groups: At) -> Keys:
    """Digests of towns in a group, of those of their names."""
    return flats.spread(digests + groups.astype(np.uint64) * _SPREAD)


def as_numbers(codes: pl.Series) -> At:
    """Codes in digits as numbers, NOWHERE for null."""
    numbers: At = codes.cast(pl.Int64, strict=False).fill_null(NOWHERE).to_numpy()
    return numbers
