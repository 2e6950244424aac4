"""The names of places: those that are shipped are those the rules make, and another gazetteer has its own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from optout import tables
from optout.tables import gazetteer
from optout.text import address
from optout.text.address import naming
from optout.text.address.places import Places, places_of


@cache
def places() -> Places:
    return places_of(gazetteer.packaged())


def keys(written: str, registers: gazetteer.Gazetteer) -> list[str]:
    found: list[str] = address.parse(pl.Series([written]), gazetteer=registers)["keys"].item().to_list()
    return found


def test_the_names_that_are_shipped_are_what_the_rules_make_of_the_places() -> None:
    made = naming.names(gazetteer.packaged())
    assert_frame_equal(tables.large(tables.PLACE_NAME), made)  # else run tools/build_place_names.py


def test_a_name_is_written_out_whatever_it_ends_with() -> None:
    names = pl.DataFrame({"alias": ["静", "西16", "静"], "town": ["岩舟町…", "西16番町", "…"]})
    assert names.select(naming.whole()).to_series().to_list() == ["岩舟町静", "西16番町", "静"]


def test_no_name_holds_the_sign_that_stands_for_one() -> None:
    whole = pl.concat([places().towns.table, places().hamlets.table, places().direct.table]).select(
        "alias", naming.whole()
    )
    assert not whole.select(pl.any_horizontal(pl.all().str.contains("…", literal=True).any())).item()


def test_the_names_of_other_places_are_made_of_those() -> None:
    base = gazetteer.packaged()
    new = pl.DataFrame([("13104", "幻想町", None, 0)], schema=base.towns.schema, orient="row")
    other = replace(base, towns=pl.concat([base.towns.filter(code="13104"), new]), digest="other")
    assert keys("新宿区幻想町1-2", other) == ["13104|幻想町|1-2"]
    assert address.parse(pl.Series(["新宿区幻想町1-2"]), gazetteer=other)["known_town"].item()
    assert not address.parse(pl.Series(["新宿区幻想町1-2"]))["known_town"].item()


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("見本町1-2", None),
        ("静岡県", None),
        ("静岡県静岡市葵区見本1-2", "22101"),
        ("静岡市葵区見本1-2", "22101"),
        ("ん静岡市葵区見本1-2", None),
    ],
)
def test_an_address_begins_with_the_longest_name_that_fits(written: str, code: str | None) -> None:
    codes = address.parse(pl.Series([written]))["codes"].item()
    assert (codes is not None and codes.to_list() == [code]) == (code is not None)


def test_every_prefix_knows_the_longest_other_it_begins_with() -> None:
    prefixes = places().prefixes["prefix"].to_list()
    assert prefixes == sorted(prefixes)
    known = set(prefixes)
    for prefix, shorter in places().prefixes.select("prefix", "shorter").iter_rows():
        begun = [prefix[:length] for length in range(1, len(prefix)) if prefix[:length] in known]
        assert (prefixes[shorter] if shorter is not None else None) == (begun[-1] if begun else None)
