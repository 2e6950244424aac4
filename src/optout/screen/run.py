"""`screen` and `screen_file`: a batch against the store, as one frame or as a stream of blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout.batch import Block, Source, SplitWriter, open_batch, write_json_atomically
from optout.batch.columns import ColumnMapping, recognise
from optout.batch.raw import raw
from optout.errors import ConservationError, EmptyStoreError, OptionError
from optout.schema import CHANNELS, POLICIES, VERDICTS
from optout.screen import result as results
from optout.screen.judge import Judged, Question, judge
from optout.screen.result import Result
from optout.screen.snapshot import Snapshot, snapshot
from optout.store import Store

Columns = Mapping[str, str | Sequence[str]] | None
# Rows looked at when values must tell what a column is; the same for any block size.
SAMPLE: Final = 10_000


def screen(
    batch: pl.DataFrame | pl.LazyFrame | str | Path,
    store: Store,
    policy: str = "person",
    channel: str = "any",
    tenant: str | None = None,
    columns: Columns = None,
    *,
    ignore: Collection[str] = (),
    encoding: str | None = None,
    allow_empty: bool = False,
) -> Result:
    """Screen a list that fits in memory against the suppression list (照合).

    Args:
        batch: A frame, or the path of a .csv, .tsv, .txt or .parquet file. Every value is read as text.
        store: The suppression list, at its newest revision.
        policy: `person`, or `household` to withhold relatives at the same address or number too.
        channel: `mail`, `phone`, `fax`, `email`, `sms`, or `any`: a request counts when it covers the channel.
        tenant: Whose own list counts beside the global one.
        columns: Field → header(s), where the headers do not say it themselves.
        ignore: Headers to leave out of the screen (they stay in the output).
        encoding: Of a text file, when it should not be found out.
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
        listed = beside.submit(_current, store, allow_empty)
        source = open_batch(batch, encoding=encoding)
        mapping = recognise(source.headers, columns, ignore, source.frame.head(SAMPLE))
        rows = raw(source.frame, mapping)
        current = listed.result()
    judged = judge(rows, 0, source.frame.height, current, question)
    _conserved(judged.verdicts, source.frame.height, source)
    told = results.report(judged, source, mapping, current, question)
    told["identity_like"] = mapping.identity_like(source.frame)
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
    store: Store,
    out: str | Path,
    policy: str = "person",
    channel: str = "any",
    tenant: str | None = None,
    columns: Columns = None,
    *,
    ignore: Collection[str] = (),
    encoding: str | None = None,
    allow_empty: bool = False,
    block_bytes: int = 64 << 20,
) -> Summary:
    """Screen a file of any size in one pass, block by block; the same files and verdicts as `screen(...).write(out)`.

    Args:
        path: A .csv, .tsv, .txt or .parquet file.
        store: The suppression list; one revision serves the whole pass.
        out: Folder for kept.csv, withheld.csv, review.csv, quarantined.csv and report.json.
        policy, channel, tenant, columns, ignore, encoding, allow_empty: As for `screen`.
        block_bytes: About how much of the file is held at once; verdicts do not depend on it.

    Returns:
        The counts.

    Raises:
        As `screen`. On any error nothing stands under a final name.
    """
    question = ask(policy, channel, tenant)
    current = _current(store, allow_empty)
    source = open_batch(path, encoding=encoding)
    tallies: Counter[tuple[str, str]] = Counter()
    folder = Path(out)
    mapping: ColumnMapping | None = None
    writer = SplitWriter(source, folder)
    try:
        for block in source.blocks(block_bytes):
            if mapping is None:
                mapping = recognise(source.headers, columns, ignore, block.frame.head(SAMPLE))
            rows = raw(block.frame, mapping, block.first_row)
            judged = judge(rows, block.first_row, block.frame.height, current, question)
            writer.add(block, judged.verdicts["verdict"])
            _count(tallies, judged, block)
        told = _streamed_report(tallies, source, mapping, current, question)
        written = writer.commit()
    finally:
        writer.abort()
    write_json_atomically(folder / "report.json", told | {"files": results.describe_files(written)})
    counts = told["counts"]
    return Summary(**{field: counts[field] for field in (*VERDICTS, "quarantined", "records")}, report=told)


def ask(policy: str, channel: str, tenant: str | None) -> Question:
    """The question in checked words; OptionError names what is possible."""
    if policy not in POLICIES:
        raise OptionError("policy", POLICIES)
    if channel not in (*CHANNELS, "any"):
        raise OptionError("channel", (*CHANNELS, "any"))
    return Question(policy, channel, tenant)


def _current(store: Store, allow_empty: bool) -> Snapshot:
    current = snapshot(store)
    if current.n_entries == 0 and not allow_empty:
        raise EmptyStoreError(str(store.path))
    return current


def _conserved(verdicts: pl.DataFrame, parsed: int, source: Source) -> None:
    """keep + withhold + review = parsed rows; parsed + quarantined = records in the file."""
    counts = results.counts_of(verdicts)
    judged = sum(counts[verdict] for verdict in VERDICTS)
    if judged != parsed or verdicts["row"].n_unique() != parsed:
        raise ConservationError(parsed, judged)
    if parsed + source.quarantined.height != source.records:
        raise ConservationError(source.records, parsed + source.quarantined.height)


def _count(tallies: Counter[tuple[str, str]], judged: Judged, block: Block) -> None:
    for column in ("verdict", "rule", "reason"):
        tallies.update({(column, value): n for value, n in results.tally(judged.verdicts, column).items()})
    fields = results.tally(judged.hits.select(pl.col("fields").explode()), "fields")
    tallies.update({("field", value): n for value, n in fields.items()})
    tallies.update({("why", value): n for value, n in results.tally(block.quarantined, "why").items()})
    tallies["sum", "rows"] += judged.verdicts.height
    tallies["sum", "quarantined"] += block.quarantined.height
    tallies["sum", "records"] += block.records
    tallies[("sum", "seeds")] = judged.seeds


def _streamed_report(
    tallies: Counter[tuple[str, str]],
    source: Source,
    mapping: ColumnMapping | None,
    current: Snapshot,
    question: Question,
) -> dict[str, Any]:
    def of(kind: str) -> dict[str, int]:
        return {value: tallies[k, value] for k, value in sorted(tallies) if k == kind}

    verdicts = {verdict: tallies["verdict", verdict] for verdict in VERDICTS}
    rows, quarantined, records = (tallies["sum", what] for what in ("rows", "quarantined", "records"))
    if sum(verdicts.values()) != rows or rows + quarantined != records:
        raise ConservationError(records, sum(verdicts.values()) + quarantined)
    return {
        "list": {"name": source.name, "sha256": source.sha256, "encoding": source.encoding},
        "counts": verdicts | {"rows": rows, "quarantined": quarantined, "records": records},
        "by_rule": of("rule"),
        "by_reason": of("reason"),
        "by_field": of("field"),
        "quarantine": of("why"),
        "columns": results.mapping_lines(mapping) if mapping else [],
        "decisions": list(mapping.decisions) if mapping else [],
        "unmapped": list(mapping.unmapped) if mapping else [],
        "against": results.against(current, question),
        "seeds": tallies["sum", "seeds"],
    }
