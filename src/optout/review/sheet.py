"""Open items as a sheet to be filled in, and the answers read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from optout import match
from optout.batch import Batch, Source, open_batch
from optout.errors import LabelsError
from optout.review.decision import decisions, keep_answers
from optout.review.item import SCHEMA, Item, item_of, waiting
from optout.screen import labels
from optout.store import Store

# Column → its header for a reviewer, and others it is known by.
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "item": ("番号 item", "番号", "item"),
    "answer": ("判断 answer", "判断", "判断 decision", "answer", "decision"),
    "reason": ("判断の理由 why", "判断の理由", "why", "reason"),
    "reviewer": ("確認者 reviewer", "確認者", "reviewer"),
}
_FIRST: Final = 5


@dataclass(frozen=True, slots=True)
class Answers:
    """What a sheet told.

    Attributes:
        decided: Items decided now.
        known: Items that had this answer already.
        left_open: Lines without an answer.
    """

    decided: int
    known: int
    left_open: int


def answer_sheet(store: Store, name: str | None = None) -> pl.DataFrame:
    """The open items as a sheet: it shows personal data, and is for the desk.

    Args:
        store: Where they are kept.
        name: Of one list; all lists by default.

    Returns:
        One line an item: `item`, `answer`, `reason`, `reviewer` (blank, to be filled in), `list`, `row`, `request`,
        `rule`, `rule_reason`, `weight`, the values of both sides and the level of each field.
    """
    open_ = waiting(store, name)
    sides = [column for column in SCHEMA if column.startswith(("row_", "entry_"))]
    return open_.select(
        "item",
        *(pl.lit("").alias(column) for column in ("answer", "reason", "reviewer")),
        *(
            "list",
            "row",
            "subject",
            "request",
            "rule",
            pl.col("reason").alias("rule_reason"),
            pl.col("weight").round(2),
        ),
        *sides,
        *(f"{field}_level" for field in match.FIELDS),
    )


def take_in(
    store: Store,
    answers: Batch,
    reason: str = "",
    reviewer: str | None = None,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Answers:
    """Read the answers of a sheet back; all of them are kept, or none.

    Args:
        store: Where they are kept.
        answers: A frame, or a CSV, TSV, XLSX or Parquet file: item and answer (本人 same, 別人 other; blank leaves it
            open), and reason and reviewer where the sheet has them.
        reason, reviewer: For lines that tell none; the actor of the store by default.
        encoding, sheet: As for `screen`.

    Raises:
        LabelsError: a column is missing, an item is unknown, an answer cannot be told or contradicts another or one
            that stands already (undo that one first), or no reason is told.
        InputError: the file cannot be read.
    """
    source = open_batch(answers, encoding, {"label": [h for known in HEADERS.values() for h in known]}, sheet)
    _refuse(
        source, source.quarantined["line"].to_list(), "lines cannot be read", "Give the sheet as exported."
    )
    lines = _lines(source).with_columns(
        pl.when(pl.col("reason") == "").then(pl.lit(reason)).otherwise("reason").alias("reason")
    )
    told = lines.with_columns(labels.answer(pl.col("answer")).alias("said"))
    _require(source, told, pl.col("said").is_null(), "answers are none", "Write 本人 (same) or 別人 (other).")
    given = told.filter(pl.col("said") != "open")
    mixed = pl.col("said").n_unique().over("item") > 1
    _require(source, given, mixed, "two answers for one item", "Leave one answer an item.")
    given = given.unique("item", keep="first", maintain_order=True)
    fresh = _fresh(store, source, given)
    blank = pl.col("reason").str.strip_chars() == ""
    _require(source, fresh, blank, "no reason is told", "Fill in 判断の理由, or give one for all.")
    found = {item.id: item for item in _open_items(store)}
    keep_answers(
        store,
        [
            (found[item], said, why, by or reviewer)
            for item, said, why, by in fresh.select("item", "said", "reason", "reviewer").iter_rows()
        ],
    )
    return Answers(
        fresh.height, given.height - fresh.height, told.height - told.filter(pl.col("said") != "open").height
    )


def _open_items(store: Store) -> list[Item]:
    return [item_of(line, line["list"]) for line in waiting(store).iter_rows(named=True)]


def _fresh(store: Store, source: Source, given: pl.DataFrame) -> pl.DataFrame:
    """The lines whose items are open; those decided alike before are left out."""
    standing = {item: str(record.told["answer"]) for item, record in decisions(store).items()}
    before = pl.DataFrame(
        {"item": list(standing), "before": list(standing.values())},
        schema={"item": pl.String, "before": pl.String},
    )
    known = given.join(before, on="item", how="left", maintain_order="left")
    other = (pl.col("before") != pl.col("said")).fill_null(False)
    _require(source, known, other, "items are decided otherwise", "Undo that decision first.")
    fresh = known.filter(pl.col("before").is_null())
    strange = ~pl.col("item").is_in(waiting(store)["item"].to_list())
    _require(source, fresh, strange, "items are not open in this store", "Give the sheet of this store.")
    return fresh


def _lines(source: Source) -> pl.DataFrame:
    found = {name: labels.headed(source, known) for name, known in HEADERS.items()}
    if missing := [HEADERS[name][0] for name in ("item", "answer") if found[name] is None]:
        raise LabelsError(source.name, f"no column {', '.join(missing)}", "Name the columns item and answer.")
    number = pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("line")
    return source.frame.select(number, *(labels.cell(found[name]).alias(name) for name in HEADERS))


def _require(source: Source, lines: pl.DataFrame, wrong: pl.Expr, why: str, next_step: str) -> None:
    _refuse(source, lines.filter(wrong)["line"].to_list(), why, next_step)


def _refuse(source: Source, lines: list[int], why: str, next_step: str) -> None:
    if lines:
        raise LabelsError(source.name, why, next_step, len(lines), tuple(lines[:_FIRST]))
