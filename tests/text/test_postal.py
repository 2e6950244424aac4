"""Postal codes: cases, rows that prove themselves, and the laws of a fold."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.text import postal

CASES = pl.read_csv(
    Path(__file__).parents[1] / "cases" / "postal.tsv", separator="\t", quote_char=None, infer_schema=False
).with_columns(pl.col("written", "expect").replace({"(none)": "", "(blank)": ""}))
WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")
KANJI = str.maketrans("0123456789", "〇一二三四五六七八九")
PLACEHOLDERS = set(tables.load("postal_placeholder")["code"])
CODE = st.integers(10_000, 9_999_999).map("{:07}".format).filter(lambda code: code not in PLACEHOLDERS)
ANYTHING = st.one_of(st.none(), st.text(max_size=12), st.text("0123456789-ー一〒 　.", max_size=12))


def codes(*written: str | None) -> list[str | None]:
    frame = pl.DataFrame({"written": written}, schema={"written": pl.String})
    return frame.select(postal.fold(pl.col("written"))).to_series().to_list()


@pytest.mark.parametrize("case", CASES.rows(named=True), ids=lambda case: case["id"])
def test_a_cell_gives_the_code_written_in_it(case: dict[str, str]) -> None:
    assert codes(case["written"]) == [case["expect"] or None]


def test_every_placeholder_is_null_and_its_near_miss_a_code() -> None:
    rows = tables.load("postal_placeholder")
    assert set(codes(*rows["code"], *rows["example"])) == {None}
    assert None not in codes(*rows["leaves_alone"])


@settings(deadline=None, max_examples=60)
@given(CODE)
def test_spelling_never_changes_the_code(code: str) -> None:
    split = f"{code[:3]}-{code[3:]}"
    spelt = [code, split, f"〒{split}", f"〒 {split}", split.replace("-", "ー"), split.replace("-", "一")]
    spelt += [split.translate(WIDE), split.translate(KANJI), f"{code}.0", f"{split} 東京都新宿区"]
    if code.startswith("0"):
        spelt += [code[1:], f"{code[1:]}.0"]
    if code.startswith("00"):
        spelt = spelt[:10]  # a spreadsheet drops both zeros; five digits could as well be an old code
    assert codes(*spelt) == [code] * len(spelt)


@settings(deadline=None, max_examples=25)
@given(st.lists(ANYTHING, max_size=8))
def test_cells_do_not_know_of_each_other(written: list[str | None]) -> None:
    assert codes(*written) == [codes(cell)[0] for cell in written]


@settings(deadline=None, max_examples=25)
@given(st.lists(ANYTHING, max_size=8))
def test_a_folded_code_folds_to_itself(written: list[str | None]) -> None:
    found = [code for code in codes(*written) if code]
    assert codes(*found) == found
