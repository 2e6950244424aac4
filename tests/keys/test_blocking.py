"""Blocking keys: stable numbers, made of each line alone, equal wherever a rule could speak."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from optout import tables
from optout.errors import KeySchemeError
from optout.keys import KeyScheme, blocked, matchable
from optout.keys.corporate import corporate_number
from optout.keys.digest import combined, digest
from optout.schema import RAW_FIELDS, SELF

Told = dict[str, str | None]
HOME = "東京都新宿区西新宿3-2-1"


def raw(*told: Told) -> pl.DataFrame:
    columns = ["row", "subject", *RAW_FIELDS, "phone_1", "email_1"]
    rows = [{"subject": SELF, **one} for one in told]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))
    return frame.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))


def shared(row: Told, entry: Told) -> set[str]:
    """The blocking rules under which a row meets an entry."""
    entries = blocked(raw(entry), "entry")
    rows = blocked(raw(row), "row", entries)
    met = {rule: keys.join(entries.keys[rule], on="key") for rule, keys in rows.keys.items()}
    return {rule for rule, pairs in met.items() if pairs.height}


@pytest.mark.parametrize(
    ("rule", "row", "entry"),
    [
        ("BK01", {"phone_1": "０３（１２３４）５６７８"}, {"phone_1": "03-1234-5678"}),
        ("BK02", {"email_1": "A@EXAMPLE.jp"}, {"email_1": "a@example.jp"}),
        ("BK02", {"email_1": "a@ezweb.ne.jp"}, {"email_1": "a@au.com"}),
        ("BK03", {"corporate_number": "１２３４５６７８９０１２３"}, {"corporate_number": "1234567890123"}),
        ("BK04", {"address": "新宿区西新宿三丁目2番1号"}, {"address": HOME}),
        ("BK05", {"address": f"{HOME.removesuffix('-1')}-1"}, {"address": "新宿区西新宿3-2"}),
        ("BK06", {"address": "新宿区西新宿3-2"}, {"address": HOME}),
        (
            "BK07",
            {"address": "西新宿3-2-1", "postal": "160-0023"},
            {"address": "不思議3-2-1", "postal": "1600023"},
        ),
        ("BK10", {"name": "高橋一郎", "address": "某3-2-1"}, {"name": "髙橋 一郎", "address": HOME}),
        ("BK11", {"name": "高橋一郎", "postal": "1600023"}, {"name": "髙橋 一郎", "postal": "160-0023"}),
        ("BK12", {"name": "高橋一郎", "address": "西新宿"}, {"name": "髙橋 一郎", "address": HOME}),
        (
            "BK13",
            {"name": "高橋一郎", "birth_date": "S45.3.2"},
            {"name": "髙橋 一郎", "birth_date": "1970-03-02"},
        ),
        (
            "BK14",
            {"kana": "ﾀｶﾊｼ ｲﾁﾛｳ", "birth_date": "S45.3.2"},
            {"kana": "タカハシ イチロウ", "birth_date": "1970-03-02"},
        ),
        (
            "BK15",
            {"name": "高橋 一郎", "birth_date": "S45.3.2"},
            {"kana": "タカハシ イチロウ", "birth_date": "1970-03-02"},
        ),
    ],
)
def test_a_row_meets_an_entry_under_a_rule(rule: str, row: Told, entry: Told) -> None:
    assert rule in shared(row, entry)


def test_every_rule_has_keys_of_its_own() -> None:
    everything = {"name": "高橋 一郎", "kana": "タカハシ イチロウ", "postal": "1600023", "address": HOME}
    everything |= {"phone_1": "03-1234-5678", "email_1": "a@example.jp", "birth_date": "1970-03-02"}
    kana_only = {"kana": "タカハシ イチロウ", "birth_date": "1970-03-02"}
    found = blocked(raw(everything | {"corporate_number": "1234567890123"}, kana_only), "entry").keys
    assert list(found) == tables.load("blocking")["rule_id"].to_list()
    assert all(keys.schema == {"i": pl.UInt32, "key": pl.UInt64} for keys in found.values())
    assert all(keys.height and not keys["key"].null_count() for keys in found.values())
    every = pl.concat([keys["key"].unique() for keys in found.values()])
    assert every.n_unique() == len(every)


@pytest.mark.parametrize(
    ("row", "entry"),
    [
        ({"name": "高橋 一郎"}, {"name": "高橋 一郎"}),
        ({"address": "新宿区西新宿3-2-1"}, {"address": "新宿区百人町3-2-1"}),
        ({"phone_1": "0120-123-456"}, {"phone_1": "0120-123-456"}),
        ({"email_1": "info@example.jp"}, {"email_1": "info@example.jp"}),
        ({"birth_date": "1970-03-02"}, {"birth_date": "1970-03-02"}),
        (
            {"name": "高橋 一郎", "birth_date": "1970-03-02"},
            {"name": "鈴木 花子", "birth_date": "1970-03-02"},
        ),
        ({}, {}),
    ],
)
def test_what_can_never_matter_does_not_meet(row: Told, entry: Told) -> None:
    assert shared(row, entry) == set()


def test_a_line_has_the_same_keys_in_any_company() -> None:
    told = [
        {"name": "高橋 一郎・花子", "address": HOME, "phone_1": "03-1234-5678"},
        {"name": "鈴木 花子", "former": "佐藤", "postal": "160-0023"},
        {"company": "株式会社見本", "address": "港区芝1-1", "email_1": "a@au.com"},
        {},
    ]
    together = blocked(raw(*told), "row")
    for number, one in enumerate(told):
        alone = blocked(raw(one), "row")
        for rule, keys in together.keys.items():
            assert sorted(keys.filter(pl.col("i") == number)["key"]) == sorted(alone.keys[rule]["key"])
        assert together.usable[number] == alone.usable[0]


def test_usable_means_that_something_identifies() -> None:
    told: list[Told] = [
        {"name": "高橋"},
        {"kana": "タカハシ"},
        {"phone_1": "03-1234-5678"},
        {"email_1": "a@example.jp"},
        {"address": HOME},
        {"birth_date": "1970-03-02"},
        {"company": "株式会社見本"},
        {"name": "不明", "address": "不明", "phone_1": "9.01E+09", "email_1": "info@example.jp"},
        {"postal": "160-0023"},
        {},
    ]
    assert blocked(raw(*told), "row").usable.to_list() == [True] * 7 + [False] * 3


def test_matchable_means_that_some_row_could_match() -> None:
    told: list[Told] = [
        {"name": "高橋 一郎"},
        {"name": "不明", "phone_1": "なし"},
        {"name": "高橋 一郎", "phone_1": "03-1234-5678"},
        {"name": "高橋 一郎", "birth_date": "1970-03-02"},
        {"address": HOME},
    ]
    assert matchable(raw(*told)).to_list() == [False, False, True, True, True]


def test_digests_are_the_published_ones_on_every_machine() -> None:
    # xxh3 of nothing and of 高橋一郎; were they others, keys of another version would not compare.
    frame = pl.DataFrame({"text": ["", "高橋一郎", None]}).select(digest("text"))
    assert frame["text"].dtype == pl.UInt64
    assert frame["text"][0] == 0x2D06800538D394C2
    assert frame["text"][2] is None
    assert frame["text"][1] == digest_of("高橋一郎") != digest_of("高橋一朗")


def digest_of(text: str) -> int:
    return int(pl.DataFrame({"text": [text]}).select(digest("text")).item())


def test_a_combined_key_depends_on_rule_order_and_parts() -> None:
    x, y = np.array([1, 1], np.uint64), np.array([2, 3], np.uint64)
    keys = [combined(1, [x, y]), combined(2, [x, y]), combined(1, [y, x])]
    assert len({int(key) for of_rule in keys for key in of_rule}) == 6


def test_a_row_keeps_the_keys_that_may_meet_an_entry_and_hardly_any_other() -> None:
    told = [{"phone_1": f"03-{n:04}-5678", "name": f"見本 {n}"} for n in range(2000, 2500)]
    ours = blocked(raw(*told[:100]), "entry")
    kept = blocked(raw(*told), "row", ours).keys["BK01"]["i"].to_list()
    assert kept[:100] == list(range(100))
    assert len(kept) < 150


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("1234567890123", "1234567890123"),
        ("T1234-56-7890-123", "1234567890123"),
        ("１２３４５６７８９０１２３", "1234567890123"),
        ("0234567890123", None),
        ("123456789012", None),
        ("12345678901234", None),
        ("", None),
        (None, None),
    ],
)
def test_a_corporate_number_has_thirteen_digits(written: str | None, digits: str | None) -> None:
    assert pl.select(corporate_number(pl.lit(written, pl.String))).item() == digits


def test_a_scheme_names_its_tables_and_refuses_another() -> None:
    scheme = KeyScheme.current()
    assert scheme.tag == f"k{scheme.version}-{tables.matching_digest()[:8]}"
    scheme.require(scheme.tag)
    with pytest.raises(KeySchemeError) as other:
        scheme.require("k0-00000000")
    assert (other.value.ours, other.value.stored) == (scheme.tag, "k0-00000000")
