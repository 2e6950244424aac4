"""What is imported is laid over what is known: nothing that was readable becomes unreadable."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from optout.atlas import Extract, digest_of, laid_over, read, weighed
from optout.errors import OlderTableError, TableFileError
from optout.tables.gazetteer import Gazetteer

from .conftest import POSTAL, Put, abr, ken_all, prepared

SHIZUOKA = [
    ("22138", "4300926", "静岡県", "浜松市中央区", "砂山町"),
    ("22138", "4312102", "静岡県", "浜松市中央区", "都田"),
    ("22139", "4340000", "静岡県", "浜松市浜名区", "以下に掲載がない場合"),
    ("22140", "4313300", "静岡県", "浜松市天竜区", "以下に掲載がない場合"),
    ("22203", "4100801", "静岡県", "沼津市", "大手町"),
]
# 沼津市 was taken over by a new 富士沼津市, and 天竜区 renamed.
NEXT = [
    *SHIZUOKA[:3],
    ("22140", "4313300", "静岡県", "浜松市北遠区", "以下に掲載がない場合"),
    ("22299", "4100801", "静岡県", "富士沼津市", "大手町"),
    ("22299", "4100802", "静岡県", "富士沼津市", "新町"),
]


def extract(put: Put, kind: str, text: str, name: str = "table.csv") -> Extract:
    return read(kind, put(name, text))


def rows(frame: pl.DataFrame, **where: str) -> list[tuple[object, ...]]:
    return frame.filter(**where).rows()


def test_the_same_ken_all_changes_no_municipality_and_no_postal_code(put: Put, base: Gazetteer) -> None:
    laid = laid_over(base, [extract(put, "ken-all", ken_all(SHIZUOKA))])
    assert laid.municipalities.equals(base.municipalities)
    assert laid.former.equals(base.former)
    assert set(laid.postal.rows()) == set(POSTAL)
    assert set(laid.towns.rows()) == set(base.towns.rows())


def test_a_municipality_that_went_becomes_a_former_name_of_its_heir(put: Put, base: Gazetteer) -> None:
    laid = laid_over(base, [extract(put, "ken-all", ken_all(NEXT))])
    assert "22203" not in set(laid.municipalities["code"])
    assert rows(laid.municipalities, code="22299") == [("22299", "静岡県", None, "富士沼津市", None)]
    assert rows(laid.former, code="22299") == [("静岡県", None, "沼津市", None, "22299")]
    assert rows(laid.former, code="22140") == [("静岡県", None, "浜松市", "天竜区", "22140")]
    assert rows(laid.towns, code="22299") == [("22299", "大手町", None, 5), ("22299", "新町", None, 0)]


def test_other_prefectures_are_left_alone(put: Put, base: Gazetteer) -> None:
    laid = laid_over(base, [extract(put, "ken-all", ken_all(NEXT))])
    for table in ("municipalities", "towns", "postal"):
        before, after = (
            getattr(each, table).filter(pl.col("code").str.slice(0, 2) != "22") for each in (base, laid)
        )
        assert set(before.rows()) == set(after.rows())


def test_a_municipality_without_an_heir_is_kept(put: Put, base: Gazetteer) -> None:
    more = replace(
        base,
        municipalities=pl.concat(
            [base.municipalities]
            + [
                pl.DataFrame(
                    [(f"223{n:02}", "静岡県", None, f"見本{n}市", None)],
                    base.municipalities.schema,
                    orient="row",
                )
                for n in range(10)
            ]
        ),
    )
    there = [(f"223{n:02}", f"41000{n:02}", "静岡県", f"見本{n}市", "町") for n in range(1, 10)]
    given = extract(put, "ken-all", ken_all([*SHIZUOKA, *there]))
    laid = laid_over(more, [given])
    assert rows(laid.municipalities, code="22300") == [("22300", "静岡県", None, "見本0市", None)]
    assert weighed(more, given) == ("1 municipalities that are not in it were kept",)


def test_no_name_that_was_readable_is_lost(put: Put, base: Gazetteer) -> None:
    given = [extract(put, "ken-all", ken_all(NEXT)), extract(put, "ken-all", ken_all(SHIZUOKA), "back.csv")]
    names = ["prefecture", "county", "city", "ward"]

    def readable(each: Gazetteer) -> set[tuple[object, ...]]:
        return {*each.municipalities.select(names).rows(), *each.former.select(names).rows()}

    once, twice = laid_over(base, given[:1]), laid_over(base, given)
    assert readable(base) <= readable(once) <= readable(twice)
    for laid in (once, twice):
        assert set(laid.former["code"]) | set(laid.towns["code"]) <= set(laid.municipalities["code"])


@pytest.mark.parametrize("left", [SHIZUOKA[:2], [SHIZUOKA[0], *SHIZUOKA[2:4]]])
def test_a_cut_off_file_or_a_list_of_differences_is_refused(
    put: Put, base: Gazetteer, left: list[tuple[str, str, str, str, str]]
) -> None:
    with pytest.raises(TableFileError, match="cut off, or lists differences"):
        weighed(base, extract(put, "ken-all", ken_all(left)))


def test_a_file_with_abolished_municipalities_is_older(put: Put, base: Gazetteer) -> None:
    old = [("22131", "4300926", "静岡県", "浜松市中区", "砂山町"), *SHIZUOKA[1:]]
    given = extract(put, "ken-all", ken_all(old))
    with pytest.raises(OlderTableError, match="1 of its municipalities were abolished"):
        weighed(base, given)
    assert weighed(base, given, older=True) == ()


CHUO = {"lg_code": "221384", "pref": "静岡県", "city": "浜松市", "ward": "中央区"}
OLD = {"lg_code": "221317", "pref": "静岡県", "city": "浜松市", "ward": "中区"}


def test_the_registry_replaces_the_towns_of_the_municipalities_it_covers(put: Put, base: Gazetteer) -> None:
    given = extract(
        put, "abr", abr([{**CHUO, "oaza_cho": "大字都田", "koaza": "字谷上"}, {**CHUO, "oaza_cho": "新町"}])
    )
    laid = laid_over(base, [given])
    assert rows(laid.towns, code="22138") == [
        ("22138", "大字都田", None, 0),
        ("22138", "大字都田", "字谷上", 0),
        ("22138", "新町", None, 0),
        # Mail goes there, whatever the register says.
        ("22138", "砂山町", None, 0),
    ]
    assert rows(laid.towns, code="13104") == [("13104", "西新宿", None, 8)]


def test_towns_of_an_abolished_municipality_go_to_its_successor(put: Put, base: Gazetteer) -> None:
    given = extract(put, "abr", abr([{**OLD, "oaza_cho": "鍛冶町"}]))
    laid = laid_over(base, [given])
    assert {town for _, town, *_ in rows(laid.towns, code="22138")} == {"砂山町", "大字都田", "鍛冶町"}
    assert weighed(base, given) == (
        "1 of its municipalities are in use no longer: their towns went to the successors",
    )


def test_a_registry_newer_than_the_postal_codes_brings_its_municipalities(put: Put, base: Gazetteer) -> None:
    new = {"lg_code": "222992", "pref": "静岡県", "city": "富士沼津市", "oaza_cho": "新町"}
    given = extract(put, "abr", abr([new]))
    assert rows(laid_over(base, [given]).municipalities, code="22299") == [
        ("22299", "静岡県", None, "富士沼津市", None)
    ]
    assert "import a newer KEN_ALL" in weighed(base, given)[0]


def test_a_registry_with_half_of_the_towns_was_cut_off(put: Put, base: Gazetteer) -> None:
    many = pl.DataFrame([("22138", f"町{n}", None, 0) for n in range(9)], base.towns.schema, orient="row")
    with pytest.raises(TableFileError, match="1 towns where 11 are known"):
        weighed(
            replace(base, towns=pl.concat([base.towns, many])),
            extract(put, "abr", abr([{**CHUO, "oaza_cho": "新町"}])),
        )


def test_mergers_add_former_names_and_leave_what_is_known_more_exactly(put: Put, base: Gazetteer) -> None:
    changes = prepared(
        [
            ("静岡県", "中区", "22131", "中央区", "22138", "2024-01-01", "再編"),
            ("静岡県", "中区", "22131", "浜名区", "22139", "2024-01-01", "再編"),
            ("千葉県", "小櫃村", "12484", "君津市", "12225", "1970-09-28", "合併"),
        ]
    )
    laid = laid_over(base, [extract(put, "mergers", changes)])
    assert laid.former.rows() == [
        ("千葉県", None, "小櫃村", None, "12225"),
        ("静岡県", None, "浜松市", "中区", "22138"),
    ]


def test_mergers_lead_to_the_municipalities_a_newer_ken_all_has(put: Put, base: Gazetteer) -> None:
    changes = extract(
        put,
        "mergers",
        prepared(
            [
                ("静岡県", "見本村", "22400", "沼津市", "22203", "1990-04-01", "編入"),
                ("静岡県", "沼津市", "22203", "富士沼津市", "22299", "2027-04-01", "合併"),
            ]
        ),
        "mergers.csv",
    )
    laid = laid_over(base, [changes, extract(put, "ken-all", ken_all(NEXT))])
    assert ("静岡県", None, "見本村", None, "22299") in set(laid.former.rows())


def test_the_digest_names_what_is_laid_over_and_in_which_order(put: Put, base: Gazetteer) -> None:
    one = extract(put, "ken-all", ken_all(SHIZUOKA))
    two = extract(put, "abr", abr([{**CHUO, "oaza_cho": "新町"}]), "abr.csv")
    digests = [laid_over(base, given).digest for given in ([], [one], [two], [one, two], [two, one])]
    assert len(set(digests)) == 5
    assert digests[0] == base.digest
    assert digests[3] == digest_of(base, [one.content, two.content])


def test_a_gazetteer_keeps_its_shape_whatever_is_laid_over_it(put: Put, base: Gazetteer) -> None:
    given = [
        extract(put, "ken-all", ken_all(NEXT), "ken_all.csv"),
        extract(put, "abr", abr([{**OLD, "oaza_cho": "鍛冶町", "koaza": "字上"}]), "abr.csv"),
        extract(
            put,
            "mergers",
            prepared([("千葉県", "小櫃村", "12484", "君津市", "12225", "1970-09-28", "合併")]),
            "m.csv",
        ),
    ]
    laid = laid_over(base, given)
    for table in ("municipalities", "former", "towns", "postal"):
        before, after = getattr(base, table), getattr(laid, table)
        assert before.schema == after.schema
        assert after.is_duplicated().sum() == 0
    assert laid.municipalities["code"].n_unique() == laid.municipalities.height
    lone = laid.towns.filter(pl.col("koaza").is_null()).select("code", "town")
    assert laid.towns.join(lone, on=["code", "town"], how="anti").is_empty()
    assert laid.towns.filter(pl.col("koaza").is_not_null())["chome"].to_list() == [0, 0]
