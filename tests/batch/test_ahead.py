from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from optout.batch.ahead import ahead
from optout.batch.source import evenly


class Item:
    pass


def test_items_come_in_order_and_are_made_in_another_thread() -> None:
    made_in = []

    def items() -> Iterator[int]:
        for number in range(20):
            made_in.append(threading.get_ident())
            yield number

    assert list(ahead(items())) == list(range(20))
    assert threading.get_ident() not in made_in


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("the third")

    coming = ahead(items())
    assert (next(coming), next(coming)) == (1, 2)
    with pytest.raises(ValueError, match="the third"):
        next(coming)


def test_no_more_than_one_is_made_beforehand_and_none_is_held_that_was_given() -> None:
    made: list[weakref.ref[Item]] = []

    def items() -> Iterator[Item]:
        for _ in range(9):
            item = [Item()]
            made.append(weakref.ref(item[0]))
            yield item.pop()

    coming = ahead(items())
    for number in range(9):
        given = weakref.ref(next(coming))
        gc.collect()
        assert given() is None
        assert len(made) <= number + 2


def test_it_may_be_left_in_the_middle() -> None:
    coming = ahead(iter([1, 2, 3]))
    assert next(coming) == 1
    coming.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("total", [1, 99, 100, 124, 126, 225, 226, 10_000, 10_024, 10_026])
def test_what_is_taken_at_once_leaves_no_small_rest(total: int) -> None:
    at_once, total = evenly(total * 1_000, 100_000), total * 1_000
    n_blocks = -(-total // at_once)
    assert at_once <= 125_000
    assert total - (n_blocks - 1) * at_once >= at_once // 3
