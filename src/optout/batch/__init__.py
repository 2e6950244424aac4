"""Bytes and frames: files in, encodings, quarantine, columns by header, files out."""

from __future__ import annotations

from optout.batch.delimited import DelimitedSource
from optout.batch.reader import Batch, open_batch
from optout.batch.source import Block, FrameSource, ParquetSource, Source
from optout.batch.staged import write_atomically, write_json_atomically
from optout.batch.writer import SplitWriter, WrittenFile, write_split

__all__ = [
    "Batch",
    "Block",
    "DelimitedSource",
    "FrameSource",
    "ParquetSource",
    "Source",
    "SplitWriter",
    "WrittenFile",
    "open_batch",
    "write_atomically",
    "write_json_atomically",
    "write_split",
]
