"""A row's own refusal: cases and a table that proves itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from optout import tables
from optout.text import flag

CASES = Path(__file__).parents[1] / "cases"
JUDGE = {"spoken": flag.spoken, "hint": flag.spoken, "refusal": flag.refusal, "permission": flag.permission}
ANSWER = {"true": True, "false": False, "(none)": None, None: None}


def cases() -> list[Any]:
    frame = pl.read_csv(CASES / "own_flag.tsv", separator="\t", infer_schema=False, quote_char=None)
    assert frame.height
    failing = pytest.mark.xfail(strict=True)
    return [
        pytest.param(
            row, id=f"{row['place']}-{row['written']}", marks=[failing] if row["status"] != "pass" else []
        )
        for row in frame.iter_rows(named=True)
    ]


def judged(place: str, text: str | None) -> bool | None:
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    answer: bool | None = frame.select(JUDGE[place](pl.col("text"))).item()
    return answer


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, str]) -> None:
    written = {"(none)": None, "(blank)": " "}.get(case["written"], case["written"])
    assert judged(case["place"], written) is ANSWER[case["expect"]]


@pytest.mark.parametrize("rule", tables.load("own_flag").rows(named=True), ids=lambda rule: rule["rule_id"])
def test_every_rule_proves_itself(rule: dict[str, str]) -> None:
    assert judged(rule["place"], rule["example"]) is ANSWER[rule["expect"]]
    assert (
        judged(rule["place"], rule["leaves_alone"]) is not ANSWER[rule["expect"]] or rule["place"] == "hint"
    )


def test_blank_says_nothing_and_null_is_no_refusal() -> None:
    assert judged("spoken", None) is False
    assert judged("spoken", " ") is False


def test_an_empty_column_stays_empty() -> None:
    frame = pl.DataFrame({"text": []}, schema={"text": pl.String})
    assert frame.select(flag.spoken(pl.col("text"))).height == 0
