"""Two comparable lines → a level a field: symmetrical, and of each pair alone."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import match
from optout.keys import Comparable, comparable
from optout.schema import RAW_FIELDS, SELF

Told = dict[str, str | None]


def lines(*told: Told) -> Comparable:
    columns = ["row", "subject", *RAW_FIELDS, "phone_1", "phone_2", "email_1"]
    rows = [{"subject": SELF, **one} for one in told]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))
    return comparable(frame.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")))


def levels(ours: Told, theirs: Told) -> dict[str, str]:
    pair = pl.DataFrame({"a": [0], "b": [0]}, schema={"a": pl.UInt32, "b": pl.UInt32})
    return match.compare(pair, lines(ours), lines(theirs)).select(*match.FIELDS).row(0, named=True)


WHO = {"name": "高橋 花子"}
HOME = "東京都新宿区西新宿3-2-1"


@pytest.mark.parametrize(
    ("field", "ours", "theirs", "level"),
    [
        ("phone", {"phone_1": "03-1234-5678"}, {"phone_1": "0312345678"}, "equal"),
        (
            "phone",
            {"phone_1": "03-1234-5678", "phone_2": "090-1234-0001"},
            {"phone_1": "09012340001"},
            "equal",
        ),
        ("phone", {"phone_1": "03-1234-5678"}, {"phone_1": "03-1234-5679"}, "different"),
        ("phone", {"phone_1": "0120-123-456"}, {"phone_1": "0120-123-456"}, "none"),
        ("email", {"email_1": "A@example.jp"}, {"email_1": "a@example.jp"}, "equal"),
        ("email", {"email_1": "a@ezweb.ne.jp"}, {"email_1": "a@au.com"}, "alias"),
        ("email", {"email_1": "info@example.jp"}, {"email_1": "info@example.jp"}, "none"),
        ("birth_date", {"birth_date": "S45.3.2"}, {"birth_date": "1970-03-02"}, "equal"),
        ("birth_date", {"birth_date": "1900-01-01"}, {"birth_date": "1970-03-02"}, "none"),
        ("birth_date", {"birth_date": "1971-03-02"}, {"birth_date": "1970-03-02"}, "different"),
        (
            "corporate_number",
            {"corporate_number": "1234567890123"},
            {"corporate_number": "T1234567890123"},
            "equal",
        ),
        (
            "corporate_number",
            {"corporate_number": "123456789012"},
            {"corporate_number": "123456789012"},
            "none",
        ),
        ("address", {"address": HOME}, {"address": f"{HOME} 見本ビル301"}, "equal"),
        ("address", {"address": f"{HOME}-302"}, {"address": f"{HOME} 見本ビル301"}, "room_differs"),
        ("address", {"address": f"{HOME}-301"}, {"address": f"{HOME} 見本ビル301号室"}, "equal"),
        ("address", WHO | {"address": "新宿区西新宿3-2"}, WHO | {"address": HOME}, "partial"),
        ("address", WHO | {"address": "西新宿3-2-1"}, WHO | {"address": HOME}, "unclear"),
        ("address", {"address": "新宿区西新宿3-2"}, {"address": HOME}, "partial"),
        # Blocking sees one missing number, not two, so of another name nothing is said.
        ("address", {"address": "新宿区西新宿3"}, {"address": HOME}, "city"),
        (
            "address",
            {"address": "西新宿3-2-1", "postal": "1600023"},
            {"address": HOME, "postal": "160-0023"},
            "equal",
        ),
        ("address", {"address": "新宿区西新宿3-2-2"}, {"address": HOME}, "typo"),
        (
            "address",
            WHO | {"address": "新宿区西新宿3-21"},
            WHO | {"address": HOME},
            "partial",
        ),  # a hyphen lost
        ("address", {"address": "不明"}, {"address": HOME}, "none"),
        (
            "address",
            {"address": "福岡県北九州市門司区123-4-205"},
            {"address": "北九州市門司区123-4 205号室"},
            "equal",
        ),
        ("person", {"name": "髙橋 一郎"}, {"name": "高橋一郎"}, "same"),
        ("person", {"kana": "ﾀｶﾊｼ ｲﾁﾛｳ"}, {"kana": "タカハシ イチロウ"}, "same"),
        ("person", {"name": "高橋 一朗"}, {"name": "高橋 一郎"}, "similar"),
        ("person", {"name": "鈴木 花子"}, {"name": "佐藤 花子"}, "renamed"),
        ("person", {"name": "高橋 花子"}, {"name": "高橋 一郎"}, "relative"),
        ("person", {"name": "鈴木 次郎"}, {"name": "高橋 花子"}, "other"),
        ("person", {"name": "世帯主様"}, {"name": "高橋 花子"}, "unknown"),
        ("person", {"name": "高橋 花子(旧姓 鈴木)"}, {"name": "鈴木 花子"}, "former"),
        ("person", {"former": "鈴木", "name": "高橋 花子"}, {"name": "鈴木花子"}, "former"),
        ("person", {"name": "高橋 一郎・花子"}, {"name": "高橋 花子"}, "same"),
        ("person", {"company": "(株)見本商事"}, {"name": "株式会社見本商事"}, "same"),
    ],
)
def test_a_level_is_told_alike_from_both_sides(field: str, ours: Told, theirs: Told, level: str) -> None:
    assert levels(ours, theirs)[field] == level
    assert levels(theirs, ours)[field] == level


def test_nothing_told_is_no_agreement() -> None:
    silent = {"person": "unknown", **dict.fromkeys(list(match.LEVELS)[1:], "none")}
    assert levels({}, {}) == silent
    assert levels({"name": "高橋 一郎", "address": HOME}, {}) == silent


def test_no_pair_gives_no_level() -> None:
    nothing = pl.DataFrame(schema={"a": pl.UInt32, "b": pl.UInt32})
    got = match.compare(nothing, lines({}), lines({}))
    assert got.height == 0
    assert set(got.columns) == {"a", "b", *match.LEVELS, "commonness", "landline"}


VALUES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            ["高橋 一郎", "髙橋一郎", "高橋 花子", "鈴木 花子", "タカハシ イチロウ", "不明", "(株)見本", None]
        ),
        "kana": st.sampled_from(["タカハシ イチロウ", "ﾊﾅｺ", None]),
        "address": st.sampled_from(
            [HOME, "新宿区西新宿3-2", "西新宿3-2-1 301", f"{HOME} 302号", "港区1", None]
        ),
        "postal": st.sampled_from(["160-0023", "1000001", None]),
        "phone_1": st.sampled_from(["03-1234-5678", "0312345678", "0120-123-456", None]),
        "email_1": st.sampled_from(["a@au.com", "a@ezweb.ne.jp", None]),
        "birth_date": st.sampled_from(["S45.3.2", "1970-03-02", "1980-01-01", None]),
    }
)


@settings(max_examples=10, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=12))
def test_comparison_is_symmetrical_and_each_pair_is_its_own(told: list[Told]) -> None:
    known, n = lines(*told), len(told)
    grid = pl.DataFrame({"a": [a for a in range(n) for _ in range(n)], "b": list(range(n)) * n})
    grid = grid.cast(pl.UInt32)
    straight = match.compare(grid, known, known)
    turned = match.compare(grid.select(a="b", b="a"), known, known)
    assert straight.drop("a", "b").equals(turned.drop("a", "b"))
    some = straight.sample(min(5, straight.height), seed=1)
    assert match.compare(some.select("a", "b"), known, known).equals(some)
    assert straight.null_count().sum_horizontal().item() == 0
