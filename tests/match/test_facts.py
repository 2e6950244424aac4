"""Facts beside each other: two lists meet as sets do; and the kinds of line are told apart as lines are."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.match.facts import Facts
from optout.match.kinds import kinds

LISTS = st.lists(st.one_of(st.none(), st.lists(st.sampled_from("xyz"), max_size=3)), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(LISTS, LISTS)
def test_two_lists_meet_where_they_have_an_element_in_common(
    ours: list[list[str] | None], theirs: list[list[str] | None]
) -> None:
    pairs = [(a, b) for a in range(len(ours)) for b in range(len(theirs))]
    rows, entries = (
        pl.DataFrame({"told": told}, schema={"told": pl.List(pl.String)}) for told in (ours, theirs)
    )
    a, b = (pl.Series(side, dtype=pl.UInt32) for side in zip(*pairs, strict=True))
    facts = Facts(rows, entries, a, b)
    assert facts.meet("told", "told").to_list() == [
        bool({*(ours[a] or [])} & {*(theirs[b] or [])}) for a, b in pairs
    ]
    assert facts.told("told").to_list() == [ours[a] is not None and theirs[b] is not None for a, b in pairs]


def test_lines_are_of_one_kind_when_all_that_counts_is_equal() -> None:
    few = pl.DataFrame({"x": ["a", "b", "c", "d", "b"], "y": ["k", "l", "k", "k", "l"], "z": range(5)})
    known = {"x": ("a", "b"), "y": ("k", "l")}
    found, kind = kinds(pl.concat([few] * 1000), known)
    assert found[kind].rows() == [("a", "k"), ("b", "l"), (None, "k"), (None, "k"), ("b", "l")] * 1000
    assert found.height == 3
    found, kind = kinds(few, known)
    assert found[kind].equals(few.select(*known))
