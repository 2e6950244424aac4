"""The blocks of a list in their order, and before the first of them is worked on a sample by which columns are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from optout.batch import Block, Source
from optout.batch.source import BLOCK_BYTES, joined

# Rows looked at when values must tell what a column is; the same for any block size.
SAMPLE: Final = 10_000


class Sampled(NamedTuple):
    """A list about to be read.

    Attributes:
        sample: Its first rows.
        blocks: All of it; no block is held here once it was given.
    """

    sample: pl.DataFrame
    blocks: Iterator[Block]


def sampled(source: Source, block_bytes: int = BLOCK_BYTES) -> Sampled:
    """Read as many blocks as a sample takes.

    Args:
        source: The list.
        block_bytes: About how much of it is held at once.

    Raises:
        EmptyBatchError: it holds no rows, where the source says so.
        UnreadableFileError: it cannot be read.
    """
    blocks = source.blocks(block_bytes)
    begun: list[Block] = []
    while sum(block.frame.height for block in begun) < SAMPLE and (block := next(blocks, None)):
        begun.append(block)
    return Sampled(joined(begun, source.columns).frame.head(SAMPLE), _in_turn(begun, blocks))


def _in_turn(begun: list[Block], blocks: Iterator[Block]) -> Iterator[Block]:
    while begun:
        yield begun.pop(0)
    yield from blocks
