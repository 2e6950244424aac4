"""When one list is seen to hold a person twice."""

from __future__ import annotations

import polars as pl
import pytest

from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.keys.sameness import person_keys

FIELDS = ("氏名", "住所", "電話番号", "生年月日", "メール")


def share(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether two rows have a key in common."""
    rows = pl.DataFrame([left, right], schema=FIELDS, orient="row")
    keys = person_keys(raw(rows, recognise(rows.columns)))
    return keys["key"].n_unique() < keys.unique(["row", "key"]).height


SAME = {
    "name and address": (
        ("見本 花子", "港区芝公園4-2-8", "", "", ""),
        ("見本花子", "東京都港区芝公園四丁目2番8号", "", "", ""),
    ),
    "name and phone": (("髙橋 一郎", "", "03-1234-5678", "", ""), ("高橋一郎様", "", "0312345678", "", "")),
    "name and birth date": (("見本 花子", "", "", "S45.3.2", ""), ("見本 花子", "", "", "1970/3/2", "")),
    "e-mail": (("見本 花子", "", "", "", "a@example.jp"), ("", "", "", "", "A@EXAMPLE.JP")),
}
APART = {
    "a name alone": (("見本 花子", "", "", "", ""), ("見本 花子", "", "", "", "")),
    "a household": (
        ("見本 花子", "港区芝公園4-2-8", "03-1234-5678", "", ""),
        ("見本 次郎", "港区芝公園4-2-8", "03-1234-5678", "", ""),
    ),
    "a namesake": (
        ("見本 花子", "港区芝公園4-2-8", "", "", ""),
        ("見本 花子", "港区芝公園4-2-9", "", "", ""),
    ),
    "a placeholder date": (("見本 花子", "", "", "1900-01-01", ""), ("見本 花子", "", "", "1900-01-01", "")),
}


@pytest.mark.parametrize(("left", "right"), SAME.values(), ids=list(SAME))
def test_a_person_told_alike_by_name_and_something_else_is_the_same(
    left: tuple[str, ...], right: tuple[str, ...]
) -> None:
    assert share(left, right)


@pytest.mark.parametrize(("left", "right"), APART.values(), ids=list(APART))
def test_a_person_who_shares_only_a_name_or_a_household_is_not(
    left: tuple[str, ...], right: tuple[str, ...]
) -> None:
    assert not share(left, right)
