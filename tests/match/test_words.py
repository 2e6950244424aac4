"""Foreign names word by word: which bags of words may be one name."""

from __future__ import annotations

import polars as pl
import pytest

from optout.match.words import may_agree
from optout.text import foreign

MAY = [
    ("NGUYEN VAN ANH", "NGUYEN ANH VAN"),
    ("SMITH JOHN PAUL", "ジョン スミス"),
    ("DA SILVA JOSE", "ダシルバ ジョゼ"),
    ("DA SILVA JOSE", "ジョゼ・ダ・シルバ"),
    ("DE LA CRUZ MARIA", "Maria DelaCruz"),
    ("MARIA SANTOS", "マリアサントス"),
    ("ROBERT WILSON", "ロバート ウィルソン"),
    ("CHRISTOPHER LEE", "クリストファー・リー"),
    ("J. SMITH", "JOHN SMITH"),
    ("J. Smith", "スミス ジョン"),
    ("T.Yamada", "ヤマダ タロウ"),
    ("TIARA SATO", "サトウ ティアラ"),
    ("ジョン・P・スミス", "ジョン スミス"),
]
NOT = [
    ("JOHN SMITH", "MARY SMITH"),
    ("JOHN SMITH", "メアリー スミス"),
    ("NGUYEN VAN ANH", "TRAN THI HOA"),
    ("SATO KENJI", "サトウ カンジ"),
    ("J. SMITH", "K. SMITH"),
    ("SMITH", "スミス ジョン"),
    ("J S", "JOHN SMITH"),
]


def alike(one: str, other: str) -> list[bool]:
    sides = [(one, other), (other, one)]
    words = [foreign.words(pl.Series(side)) for side in zip(*sides, strict=True)]
    return may_agree(pl.DataFrame({"a_words": words[0], "b_words": words[1]})).to_list()


@pytest.mark.parametrize(("one", "other"), MAY)
def test_the_same_words_in_any_order_and_script_may_be_one_name(one: str, other: str) -> None:
    assert alike(one, other) == [True, True]


@pytest.mark.parametrize(("one", "other"), NOT)
def test_a_word_that_is_met_by_none_makes_another_name(one: str, other: str) -> None:
    assert alike(one, other) == [False, False]


def test_no_words_agree_with_nothing() -> None:
    nothing = pl.DataFrame({"a_words": [None, ["A"]], "b_words": [["A"], None]})
    assert may_agree(nothing.cast(pl.List(pl.String))).to_list() == [False, False]
