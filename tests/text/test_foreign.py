"""Foreign names: words, sounds, and the table that makes them."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout import tables
from optout.text import foreign


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("DA SILVA José", ["DA", "SILVA", "JOSE"]),
        ("Jean-Paul Martin", ["JEAN", "PAUL", "MARTIN"]),
        ("ジョン・スミス", ["ジョン", "スミス"]),
        ("ﾏﾘｱ ｻﾝﾄｽ 様", ["マリア", "サントス"]),
        ("Smith, J.", ["SMITH", "J"]),
        ("佐藤 一郎", None),
        ("　", None),
        (None, None),
    ],
)
def test_a_name_without_kanji_is_its_words(written: str | None, words: list[str] | None) -> None:
    assert foreign.words(pl.Series([written], dtype=pl.String)).to_list() == [words]


@pytest.mark.parametrize(
    ("latin", "spoken"),
    [
        ("SMITH", "スミス"),
        ("JOHN", "ジョン"),
        ("MICHAEL", "マイケル"),
        ("SILVA", "シルバ"),
        ("GARCIA", "ガルシア"),
        ("NGUYEN", "グエン"),
        ("SCHMIDT", "シュミット"),
        ("FERNANDEZ", "フェルナンデス"),
        ("DAVID", "デイビッド"),
        ("PAUL", "ポール"),
    ],
)
def test_spelling_and_kana_sound_alike(latin: str, spoken: str) -> None:
    assert foreign.sounds(latin) == foreign.sounds(spoken)


def test_every_sound_proves_itself() -> None:
    for row in tables.load("name_sound").iter_rows(named=True):
        assert row["canonical"] in foreign.sounds(row["example"]), row["rule_id"]
        assert foreign.sounds(row["leaves_alone"]) != foreign.sounds(row["example"]), row["rule_id"]


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12))
def test_sounds_are_classes_and_none_stands_twice_running(word: str) -> None:
    heard = foreign.sounds(word)
    assert set(heard) <= set("AKSNPR")
    assert all(one != other for one, other in pairwise(heard))
    assert "A" not in heard[1:]
