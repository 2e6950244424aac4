"""The next item made while the last one is worked on: reading costs processor time, but no waiting."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in the same order, one made beforehand in a thread of its own.

    What making one raises is raised in its place. Nothing given out is held here: beside the item the caller works on
    there is one more.

    Args:
        items: Made one after the other, never two at once; none is None.

    Examples:
        >>> list(ahead(iter([1, 2, 3])))
        [1, 2, 3]
    """
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming, given = beside.submit(next, items, None), [item]
            del item
            yield given.pop()
