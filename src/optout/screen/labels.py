"""The sheet a person labels: made of the pairs of a screen, and read back with the person's answers.

A pair is a row of the list and a request, whatever number of subjects and entries they met by. It decides when its
verdict is that of its row; other pairs change nothing and are not asked for. The words a reviewer may write are those
of the sheet itself, no rule about lists of people, so they stand here and not in a table. An answer that cannot be
told is an error, never a guess.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import polars as pl

from optout import match
from optout.batch import Batch, Source, open_batch, spelling
from optout.errors import AmbiguousColumnError, LabelsError, OptionError
from optout.schema import VERDICT, VERDICTS
from optout.screen.result import Result

PAIR: Final = ("row", "request")

# Column of the sheet → its header for a reviewer, and other headers it is known by.
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "row": ("行 row", "行", "行番号", "row", "row number"),
    "request": ("求め request", "求め", "求め番号", "受付番号", "request", "request id", "request_id"),
    "decision": ("判断 decision", "判断", "判断結果", "確認結果", "本人か", "decision", "label", "answer"),
    "list": ("名簿 list", "list"),
}
_NEEDED: Final = ("row", "request", "decision")
_SAME: Final = ("same", "本人", "同一人", "同一人物", "同じ", "yes", "y", "true", "はい", "○", "〇", "◯")
_OTHER: Final = ("other", "別人", "他人", "違う", "no", "n", "false", "いいえ", "×", "✕", "✗")
_OPEN: Final = ("", "不明", "保留", "わからない", "分からない", "unsure", "unknown", "?", "-")
_FIRST: Final = 5


# Column of the sheet → columns of both sides it is put together from; numbered ones by their beginning.
_VALUES: Final = {
    "name": ("name", "former", "kana", "company"),
    "address": ("postal", "address"),
    "phone": ("phone_",),
    "email": ("email_",),
    "birth_date": ("birth_date",),
    "corporate_number": ("corporate_number",),
}


def label_sheet(
    result: Result,
    verdicts: Collection[str] = ("review",),
    sample: int | None = None,
    rng_seed: int = 0,
) -> pl.DataFrame:
    """The pairs that decide the rows of a screen, as a sheet to be labelled.

    It shows personal data: it is for the desk, not for a log.

    Args:
        result: A screen.
        verdicts: Of which rows: `review`, `withhold` (to find false matches), `keep` (somebody came near, but no rule
            fits: to find missed matches).
        sample: At most so many rows a verdict, drawn at random, so that shares are those of the whole; None for all.
        rng_seed: Another number draws other rows.

    Returns:
        One line a pair, heaviest first: `row` UInt32, `request` String, `decision` String (blank, to be filled in),
        `verdict`, `rule`, `reason`, `weight` Float64, `subject`, the level of each field, then `row_…` and `entry_…`
        as the list and the request wrote them (null where they are silent), and `list`, by which `tune` knows the list.

    Raises:
        OptionError: an unknown verdict, or a sample below 1.
    """
    if not set(verdicts) <= set(VERDICTS):
        raise OptionError("verdicts", VERDICTS)
    if sample is not None and sample < 1:
        raise OptionError("sample", ("a number from 1",))
    pairs = best(deciding(met(result)).filter(pl.col("verdict").is_in(list(verdicts))))
    if sample is not None:
        pairs = pairs.filter(pl.col("row").is_in(_drawn(pairs, sample, rng_seed).implode()))
    pairs = pairs.sort("verdict", "weight", *PAIR, descending=[True, True, False, False])
    sides = [*written(result._raw[pairs["a"]], "row"), *written(result._snapshot.raw[pairs["b"]], "entry")]
    told = pairs.select(
        *PAIR,
        pl.lit("").alias("decision"),
        *("verdict", "rule", "reason"),
        pl.col("weight").round(2),
        "subject",
        *(pl.col(field).alias(f"{field}_level") for field in match.FIELDS),
    )
    return told.with_columns(*sides, pl.lit(list_id(result), pl.String).alias("list"))


def _drawn(pairs: pl.DataFrame, sample: int, rng_seed: int) -> pl.Series:
    """Rows drawn at random, at most `sample` of a verdict."""
    rows = pairs.select("row", "verdict").unique("row", keep="any").sort("row")
    place = pl.int_range(pl.len()).shuffle(seed=rng_seed).over("verdict")
    return rows.filter(place < sample)["row"]


def list_id(result: Result) -> str | None:
    """What a sheet calls the list it was made from, by its bytes; None of a frame."""
    digest = result.source.sha256
    # The letter in front keeps a spreadsheet from reading it as a number.
    return None if digest is None else f"L-{digest[:12]}"


def met(result: Result) -> pl.DataFrame:
    """Every pair of lines that was compared, with row, request and verdict (keep where no rule fits)."""
    pairs = result._judged.pairs
    rows = result._raw["row"].gather(pairs["a"])
    return pairs.with_columns(
        rows.alias("row"),
        result._raw["subject"].gather(pairs["a"]).alias("subject"),
        result._snapshot.entries["request"].gather(pairs["b"]).alias("request"),
        result.verdicts["verdict"].gather(rows).alias("row_verdict"),
        pl.col("verdict").fill_null(pl.lit("keep").cast(VERDICT)),
    )


def deciding(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs whose verdict is their row's; `alone`: no other rule speaks of the row."""
    rules = pl.col("rule").drop_nulls().n_unique().over("row")
    return pairs.with_columns((rules < 2).alias("alone")).filter(pl.col("verdict") == pl.col("row_verdict"))


def best(deciding: pl.DataFrame) -> pl.DataFrame:
    """The heaviest line of each pair of row and request."""
    order = deciding.sort(
        "row", "request", "weight", "rule", "b", descending=[False, False, True, False, False]
    )
    return order.unique(PAIR, keep="first", maintain_order=True)


def written(side: pl.DataFrame, whose: str) -> list[pl.Series]:
    """What one side wrote, a String column a field; null where it is silent."""
    made = []
    for field, starts in _VALUES.items():
        met = [name for name in side.columns if any(_is_of(name, start) for start in starts)]
        filled = [pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in met]
        whole = pl.concat_str(filled, separator=" / ", ignore_nulls=True) if filled else pl.lit("")
        made.append(side.with_columns(whole.replace("", None).alias(f"{whose}_{field}"))[f"{whose}_{field}"])
    return made


def _is_of(column: str, start: str) -> bool:
    return column.startswith(start) if start.endswith("_") else column == start


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Labels:
    """The decisions of a sheet.

    Attributes:
        name: The sheet, for errors.
        pairs: Decided ones, one line a pair: `line` UInt32 (1 is the header), `row` UInt32, `request` String,
            `same` Boolean; no nulls.
        undecided: Lines left open.
    """

    name: str
    pairs: pl.DataFrame
    undecided: int

    def refuse(self, wrong: pl.Series, why: str, next_step: str) -> None:
        """Raise LabelsError with the lines of the sheet for which `wrong` (Boolean, one a pair) holds, if any."""
        _refuse(self.name, self.pairs["line"].filter(wrong).to_list(), why, next_step)


def read(labels: Batch, encoding: str | None, sheet: str | None, list_id: str | None) -> Labels:
    """Decided lines of a review list.

    Args:
        labels: A frame, or a CSV, TSV, XLSX or Parquet file.
        encoding: Of a text file, when it should not be found out.
        sheet: Of a workbook in which several sheets hold something.
        list_id: What the sheet calls the list that was screened (`tuning.list_id`); None of a frame.

    Returns:
        The decisions.

    Raises:
        LabelsError: a column is missing, a cell cannot be told, two answers for one pair, another list, no answer.
        AmbiguousColumnError: two columns of one meaning.
        InputError: the file cannot be read.
    """
    written = {"label": [header for headers in HEADERS.values() for header in headers]}
    source = open_batch(labels, encoding, written, sheet)
    lost = source.quarantined["line"].to_list()
    _refuse(source.name, lost, "lines cannot be read", "Give the sheet as it was exported, filled in.")
    lines = _columns(source)
    strange = ~pl.col("list").is_in(["", list_id]) & pl.lit(list_id is not None)
    _require(
        source, lines, strange, "the sheet was made from another list", "Give the list it was made from."
    )
    told = lines.with_columns(answer(pl.col("decision")).alias("said"))
    unclear = pl.col("said").is_null()
    _require(source, told, unclear, "decisions are no answer", "Write 本人 (same) or 別人 (other).")
    decided = told.filter(pl.col("said") != "open")
    if decided.is_empty():
        why = "no line holds a decision"
        raise LabelsError(source.name, why, "Write 本人 (same) or 別人 (other) beside the pairs.")
    return Labels(source.name, _one_a_pair(source, decided), told.height - decided.height)


def _columns(source: Source) -> pl.DataFrame:
    """`line` and the columns of the sheet, by their headers; `list` is null where there is none."""
    found = {name: headed(source, known) for name, known in HEADERS.items()}
    if missing := [HEADERS[name][0] for name in _NEEDED if found[name] is None]:
        raise LabelsError(
            source.name, f"no column {', '.join(missing)}", "Name the columns row, request, decision."
        )
    cells = [cell(found[name]).alias(name) for name in HEADERS]
    return source.frame.select(pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("line"), *cells)


def headed(source: Source, known: tuple[str, ...]) -> str | None:
    """The one column of a sheet under any of these headers; None when there is none.

    Raises:
        AmbiguousColumnError: there are several.
    """
    names = {spelling.fold(header) for header in known}
    met = [i for i, header in enumerate(source.headers) if spelling.fold(header) in names]
    if len(met) > 1:
        raise AmbiguousColumnError([source.headers[i] for i in met], [known[-1]])
    return source.columns[met[0]] if met else None


def cell(column: str | None) -> pl.Expr:
    """A cell of a sheet that came back, NFKC and trimmed; "" where there is no such column."""
    if column is None:
        return pl.lit("")
    # What keeps a spreadsheet from running a cell is no part of it.
    return pl.col(column).fill_null("").str.normalize("NFKC").str.strip_chars().str.strip_prefix("'")


def answer(text: pl.Expr) -> pl.Expr:
    """What a reviewer wrote (`cell`): `same`, `other` or `open`; null where it is no answer. Elementwise.

    Examples:
        >>> pl.select(answer(pl.lit("別人"))).item()
        'other'
    """
    said = text.str.to_lowercase()
    words = {"same": _SAME, "other": _OTHER, "open": _OPEN}
    known = {word: meaning for meaning, each in words.items() for word in each}
    return said.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)


def _one_a_pair(source: Source, decided: pl.DataFrame) -> pl.DataFrame:
    number = pl.col("row").str.extract(r"^([0-9]{1,9})(?:\.0+)?$").cast(pl.UInt32)
    told = decided.select("line", number.alias("row"), "request", (pl.col("said") == "same").alias("same"))
    _require(source, told, pl.col("row").is_null(), "rows are no row number", "Write row numbers from 0.")
    _require(source, told, pl.col("request") == "", "requests are blank", "Give the request id of each line.")
    mixed = pl.col("same").n_unique().over("row", "request") > 1
    _require(source, told, mixed, "two answers for one pair of row and request", "Leave one answer a pair.")
    return told.unique(["row", "request"], keep="first", maintain_order=True)


def _require(source: Source, lines: pl.DataFrame, wrong: pl.Expr, why: str, next_step: str) -> None:
    _refuse(source.name, lines.filter(wrong)["line"].to_list(), why, next_step)


def _refuse(name: str, lines: list[int], why: str, next_step: str) -> None:
    if lines:
        raise LabelsError(name, why, next_step, len(lines), tuple(lines[:_FIRST]))
