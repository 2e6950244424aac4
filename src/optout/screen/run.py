"""`screen` and `screen_file`: a batch against the store, as one frame or as a stream of blocks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from optout.batch import Block, Source, SplitWriter, damage, open_batch
from optout.batch.columns import recognise
from optout.batch.heading import Columns
from optout.batch.raw import raw
from optout.batch.source import BLOCK_BYTES
from optout.batch.staged import as_json, placed_after
from optout.errors import EmptyStoreError, OptionError
from optout.schema import CHANNELS, POLICIES, VERDICTS
from optout.screen import result as results
from optout.screen.judge import Judged, Question, judge
from optout.screen.progress import Listener, Meter, Progress
from optout.screen.result import Result
from optout.screen.sampled import SAMPLE, sampled
from optout.screen.snapshot import Snapshot, snapshot
from optout.screen.stages import stage
from optout.screen.tally import Tally
from optout.store import Store
from optout.store.history import Past

__all__ = ["Columns", "Summary", "ask", "screen", "screen_file"]


def screen(
    batch: pl.DataFrame | pl.LazyFrame | str | Path | Source,
    store: Store | Past,
    policy: str = "person",
    channel: str = "any",
    tenant: str | None = None,
    columns: Columns = None,
    *,
    ignore: Collection[str | int] = (),
    encoding: str | None = None,
    sheet: str | None = None,
    allow_empty: bool = False,
) -> Result:
    """Screen a list that fits in memory against the suppression list (照合).

    Args:
        batch: A frame, or the path of a .csv, .tsv, .txt, .xlsx or .parquet file. Every value is read as text.
        store: The suppression list, at its newest revision; or `store.at(revision)`.
        policy: `person`, or `household` to withhold relatives at the same address or number too.
        channel: `mail`, `phone`, `fax`, `email`, `sms`, or `any`: a request counts when it covers the channel.
        tenant: Whose own list counts beside the global one.
        columns: Field → header(s) or position(s) from 0, where the headers do not say it themselves; all by
            position for a file without a header line.
        ignore: Headers or positions to leave out of the screen (they stay in the output).
        encoding: Of a text file, when it should not be found out.
        sheet: Name of the sheet of a workbook, when several look like lists.
        allow_empty: Screen even when the store holds nothing.

    Returns:
        Verdicts, hits and the three parts of the list.

    Raises:
        InputError: the file or its columns cannot be used.
        EmptyStoreError: no active entry, unless `allow_empty`.
        SeedMissedError, ConservationError: the screen itself failed; there is no result.

    Source: 個人情報保護法 第27条第2項; rules in tables/rules.tsv.
    """
    question = ask(policy, channel, tenant)
    with ThreadPoolExecutor(1) as beside:
        listed = beside.submit(current_list, store, allow_empty)
        with stage("read"):
            source = batch if isinstance(batch, Source) else open_batch(batch, encoding, columns, sheet)
            mapping = recognise(source.headers, columns, ignore, source.frame.head(SAMPLE))
        with stage("raw"):
            rows = raw(source.frame, mapping)
        current = listed.result()
        damaged = beside.submit(damage.found, source.frame, mapping)
        judged = judge(rows, 0, source.frame.height, current, question)
    tally = Tally()
    with stage("count"):
        tally.add(judged, source.whole, damaged.result())
        told = tally.report(source, mapping, mapping.identity_like(source.frame), current, question)
    return Result(judged.verdicts, results.public_hits(judged), told, source, rows, judged, current)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of a streamed screen.

    Attributes:
        keep, withhold, review: Rows by verdict.
        quarantined: Records that could not be read.
        records: Records in the file; the four counts above add up to it.
        report: The same report as `Result.report`.
    """

    keep: int
    withhold: int
    review: int
    quarantined: int
    records: int
    report: dict[str, Any]


def screen_file(
    path: str | Path,
    store: Store | Past,
    out: str | Path,
    policy: str = "person",
    channel: str = "any",
    tenant: str | None = None,
    columns: Columns = None,
    *,
    ignore: Collection[str | int] = (),
    encoding: str | None = None,
    out_encoding: str | None = None,
    sheet: str | None = None,
    allow_empty: bool = False,
    block_bytes: int = BLOCK_BYTES,
    progress: Listener | None = None,
) -> Summary:
    """Screen a file of any size in one pass, block by block; the same files and verdicts as `screen(...).write(out)`.

    Args:
        path: A .csv, .tsv, .txt, .xlsx or .parquet file.
        store: The suppression list; one revision serves the whole pass.
        out: Folder for kept.csv, withheld.csv, review.csv, quarantined.csv and report.json.
        policy, channel, tenant, columns, ignore, encoding, sheet, allow_empty: As for `screen`.
        out_encoding: Of the CSV files; the input's own by default (then rows keep their very bytes).
        block_bytes: About how much of the file is held at once; verdicts do not depend on it.
        progress: Called after every block with a `Progress`; what it raises ends the screen.

    Returns:
        The counts.

    Raises:
        As `screen`; UnencodableError: `out_encoding` lacks a character; WriteFailedError: the disk is full.
        On any error, and when interrupted, nothing stands under a final name.
    """
    question = ask(policy, channel, tenant)
    with ThreadPoolExecutor(1) as beside:
        opened = beside.submit(open_batch, path, encoding, columns, sheet)
        current = current_list(store, allow_empty)
        source = opened.result()
    writer = SplitWriter(source, Path(out), out_encoding)
    try:
        told = _streamed(source, writer, columns, ignore, current, question, block_bytes, progress)
        report = told | {"files": results.describe_files(writer.written())}
        with stage("place"), placed_after({Path(out) / results.REPORT: as_json(report)}):
            writer.commit()
    finally:
        writer.abort()
    counts = told["counts"]
    return Summary(**{field: counts[field] for field in (*VERDICTS, "quarantined", "records")}, report=told)


def _streamed(
    source: Source,
    writer: SplitWriter,
    columns: Columns,
    ignore: Collection[str | int],
    current: Snapshot,
    question: Question,
    block_bytes: int,
    progress: Listener | None,
) -> dict[str, Any]:
    """Judge and write block by block; the columns are decided once, by the first rows.

    While a block is judged, a thread writes the one before it and then reads the next: no more than two are held.
    """
    with stage("read"):
        sample, blocks = sampled(source, block_bytes)
    mapping = recognise(source.headers, columns, ignore, sample)
    identity_like = mapping.identity_like(sample)
    del sample
    tally, meter = Tally(), Meter(source, progress)

    def put(block: Block, judged: Judged, damaged: Future[pl.DataFrame]) -> Progress:
        with stage("write"):
            writer.add(block, judged.verdicts["verdict"])
        with stage("count"):
            tally.add(judged, block, damaged.result())
        return meter.at(block)

    with ThreadPoolExecutor(1) as beside:
        behind: list[Future[Progress]] = []
        coming = beside.submit(_next, blocks)
        while (block := coming.result()) is not None:
            damaged = beside.submit(damage.found, block.frame, mapping, block.first_row)
            coming = beside.submit(_next, blocks)
            with stage("raw"):
                rows = raw(block.frame, mapping, block.first_row)
            judged = judge(rows, block.first_row, block.frame.height, current, question)
            for written in behind:
                meter.tell(written.result())
            behind = [beside.submit(put, block, judged, damaged)]
            # Another block is waited for while these names would still hold this one.
            del block, rows, judged
        for written in behind:
            meter.tell(written.result())
    meter.end(tally.counts()["rows"])
    return tally.report(source, mapping, identity_like, current, question)


def _next(blocks: Iterator[Block]) -> Block | None:
    with stage("read"):
        return next(blocks, None)


def ask(policy: str, channel: str, tenant: str | None) -> Question:
    """The question in checked words; OptionError names what is possible."""
    if policy not in POLICIES:
        raise OptionError("policy", POLICIES)
    if channel not in (*CHANNELS, "any"):
        raise OptionError("channel", (*CHANNELS, "any"))
    return Question(policy, channel, tenant)


def current_list(store: Store | Past, allow_empty: bool) -> Snapshot:
    """The list as it stands; EmptyStoreError when nothing is on it, unless that is allowed."""
    with stage("list"):
        current = snapshot(store)
    if current.n_entries == 0 and not allow_empty:
        raise EmptyStoreError(str(store.path))
    return current
