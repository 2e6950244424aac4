"""What a reviewer decided, held against a screen → false and missed matches per rule and per threshold of weight.

A pair is a row of the list and a request, whatever number of subjects and entries they met by. It decides when its
verdict is that of its row; other pairs change nothing, and are neither asked for nor counted. Nothing here changes a
rule: it only counts.

Source: E. B. Wilson, Probable Inference, JASA 22 (1927) 209-212, for the interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from optout import match
from optout.batch import Batch
from optout.errors import OptionError
from optout.schema import REASON, VERDICT, VERDICTS, DType, typed
from optout.screen import labels as labels_of
from optout.screen.labels import PAIR, Labels
from optout.screen.result import Result

# The quantile 0.975 of the normal distribution.
_Z: Final = 1.959964
# Fewer tell nothing; a hundred always make an interval narrower than that.
_FEWEST, _WIDEST = 30, 0.2
_THRESHOLDS: Final = 10
_UNEVEN: Final = 0.1
_ORDER: Final = ("withhold", "review", "keep")
_SHARES: Final[dict[str, DType]] = {"low": pl.Float64, "high": pl.Float64, "few": pl.Boolean}
RULES_SCHEMA: Final[dict[str, DType]] = {
    "rule": pl.String,
    "verdict": VERDICT,
    "reason": REASON,
    "pairs": pl.UInt32,
    "labelled": pl.UInt32,
    "same": pl.UInt32,
    "other": pl.UInt32,
    "false_if_withheld": pl.UInt32,
    "missed_if_kept": pl.UInt32,
    "share": pl.Float64,
    **_SHARES,
}
THRESHOLDS_SCHEMA: Final[dict[str, DType]] = {
    "verdict": VERDICT,
    "side": pl.String,
    "threshold": pl.Float64,
    "action": VERDICT,
    "rows": pl.UInt32,
    "labelled": pl.UInt32,
    "reviews": pl.Int64,
    "false_matches": pl.Int64,
    "missed_matches": pl.Int64,
    "share": pl.Float64,
    **_SHARES,
}


@dataclass(frozen=True, slots=True)
class _Move:
    """Rows of one verdict on one side of a threshold, and the verdict they would get.

    Attributes:
        verdict, side, action: What they are, where their weight lies, what they would be.
        of: The answer that is counted: `other` of rows withheld before or after, `same` of rows kept.
        reviews: By how much a row changes the reviews.
        false, missed: By how much a row of that answer changes false and missed matches.
    """

    verdict: str
    side: str
    action: str
    of: str
    reviews: int
    false: int
    missed: int


_MOVES: Final = (
    _Move("review", "above", "withhold", "other", -1, 1, 0),
    _Move("review", "below", "keep", "same", -1, 0, 1),
    _Move("withhold", "below", "review", "other", 1, -1, 0),
    _Move("keep", "above", "review", "same", 1, 0, -1),
)


@dataclass(frozen=True, slots=True, eq=False)
class Tuning:
    """Labelled pairs against the rules of one screen. No personal data.

    Attributes:
        rules: One line a rule that decides a row, in order of precedence, and one without `rule` for labelled pairs
            that no rule speaks of (RULES_SCHEMA): `pairs` it decides, `labelled` of them, `same` (the person),
            `other` (somebody else), and rows: `false_if_withheld` (in which nobody asked), `missed_if_kept` (in which
            somebody asked, and nothing but this rule says so). `share` of `same` with `low` and `high` (95 %, null
            without labels); `few`: too few labels to tell.
        thresholds: What another verdict for the rows on one side of a weight would change (THRESHOLDS_SCHEMA):
            `verdict` now, `side` (above: heaviest pair at or above `threshold`; below), `action`, `rows` moved,
            `labelled` of them, the change in `reviews` (rows), in `false_matches` and `missed_matches` (labelled
            rows); `share` of rows withheld or kept in error, before or after, with its interval, `few`.
        labelled: Pairs decided.
        undecided: Lines of the sheet left open.
        remarks: What stands against trusting the figures, in words; empty when nothing does.
    """

    rules: pl.DataFrame
    thresholds: pl.DataFrame
    labelled: int
    undecided: int
    remarks: tuple[str, ...]


def tune(
    result: Result,
    labels: Batch,
    thresholds: Sequence[float] | None = None,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Tuning:
    """What labelled review decisions say of the rules and of thresholds of weight. Changes nothing.

    Args:
        result: The screen the sheet was made from, or the same list screened again.
        labels: A frame or a .csv, .tsv, .xlsx or .parquet file: row number (from 0), request id, and a decision,
            `same` (本人) or `other` (別人); null, blank and 不明 leave a pair open. Headers in English or Japanese.
        thresholds: Weights (bits) to try; by default ten of those that occur.
        encoding: Of a text file, when it should not be found out.
        sheet: Of a workbook in which several sheets hold something.

    Returns:
        Counts per rule and threshold, with 95 % intervals. Pairs nobody labelled count in `pairs` only.

    Raises:
        LabelsError: a column is missing, a row or request is unknown, a decision cannot be told, two answers for one
            pair, another list, or no answer at all.
        InputError: the file cannot be read, or a threshold is no number.
    """
    if thresholds is not None and not all(map(math.isfinite, thresholds)):
        raise OptionError("thresholds", ("a number of bits",))
    told = labels_of.read(labels, encoding, sheet, labels_of.list_id(result))
    met = labels_of.met(result)
    _require_met(told, met, result)
    met = met.join(told.pairs.select(*PAIR, "same"), on=PAIR, how="left", maintain_order="left")
    deciding = labels_of.deciding(met)
    rules = _by_rule(deciding)
    moved = _by_threshold(_rows(deciding), thresholds)
    pairs = labels_of.best(deciding)
    remarks = (*_thin(rules), *_partial(pairs, told.pairs.height), *_lopsided(pairs))
    return Tuning(rules, moved, told.pairs.height, told.undecided, remarks)


def wilson(k: pl.Expr, n: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The 95 % interval of a share k of n; both null where n is 0. Elementwise.

    Examples:
        >>> [round(pl.select(end).item(), 3) for end in wilson(pl.lit(2), pl.lit(40))]
        [0.014, 0.165]
    """
    share = k / pl.when(n > 0).then(n)
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * (share * (1 - share) / n + _Z**2 / (4 * n**2)).sqrt()
    return (middle - half).clip(0.0, 1.0), (middle + half).clip(0.0, 1.0)


def _require_met(told: Labels, met: pl.DataFrame, result: Result) -> None:
    """Every label speaks of a pair of this screen."""
    pairs, height = told.pairs, result.verdicts.height
    told.refuse(pairs["row"] >= height, f"rows are not in the list of {height:,}", "Give the list screened.")
    listed = result._snapshot.entries["request"]
    strange = ~pairs["request"].is_in(listed.implode())
    told.refuse(strange, "requests are not in force in this store", "Leave out those that were lifted.")
    apart = pairs.join(met.select(*PAIR), on=PAIR, how="anti")["line"]
    told.refuse(
        pairs["line"].is_in(apart.implode()),
        "rows and requests never met in this screen",
        "Screen the same list under the same policy, channel and tenant.",
    )


def _by_rule(deciding: pl.DataFrame) -> pl.DataFrame:
    """RULES_SCHEMA; a pair counts for every rule that decides it."""
    each = deciding.with_columns(_asked().over("row").alias("asked"))
    counted = (
        each.unique([*PAIR, "rule"], keep="any")
        .group_by("rule")
        .agg(
            *_counts(pl.col("same")).values(),
            pl.col("row").filter(~pl.col("asked")).n_unique().alias("false_if_withheld"),
            pl.col("row").filter(pl.col("same") & pl.col("alone")).n_unique().alias("missed_if_kept"),
        )
    )
    answers = match.answers().with_row_index("place")
    shown = (
        counted.join(answers, on="rule", how="left")
        .filter(pl.col("rule").is_not_null() | (pl.col("labelled") > 0))
        .sort("place", nulls_last=True)
        .with_columns(pl.col("verdict").fill_null(pl.lit("keep").cast(VERDICT)))
    )
    return _with_share(shown.rename({"len": "pairs"}), "same").select(typed(RULES_SCHEMA))


def _asked() -> pl.Expr:
    """Whether a row's labels say that somebody in it asked: one does, or all of them say no; else null."""
    same = pl.col("same")
    return pl.when(same.any()).then(pl.lit(True)).when(same.null_count() == 0).then(pl.lit(False))


def _rows(deciding: pl.DataFrame) -> pl.DataFrame:
    """`row`, `verdict`, `weight` of the heaviest pair, `same` as `_asked`."""
    return deciding.group_by("row").agg(
        pl.col("verdict").first(), pl.col("weight").max(), _asked().alias("same")
    )


def _counts(same: pl.Expr) -> dict[str, pl.Expr]:
    return {
        "len": pl.len().alias("len"),
        "labelled": same.is_not_null().sum().alias("labelled"),
        "same": same.sum().alias("same"),
        "other": (~same).sum().alias("other"),
    }


def _with_share(counted: pl.DataFrame, of: str) -> pl.DataFrame:
    """The share of labelled ones with its interval, and whether that is too little to go by."""
    k, n = pl.col(of), pl.col("labelled")
    low, high = wilson(k, n)
    wide = (high - low > _WIDEST).fill_null(True)
    return counted.with_columns(
        (k / pl.when(n > 0).then(n)).alias("share"),
        low.alias("low"),
        high.alias("high"),
        ((n < _FEWEST) | wide).alias("few"),
    )


def _by_threshold(rows: pl.DataFrame, thresholds: Sequence[float] | None) -> pl.DataFrame:
    """THRESHOLDS_SCHEMA, for the verdicts of which a row is labelled."""
    moved = [
        _moved(ours, threshold, move)
        for move in _MOVES
        if (ours := rows.filter(pl.col("verdict") == move.verdict))["same"].count()
        for threshold in (_occurring(ours["weight"]) if thresholds is None else sorted(set(thresholds)))
    ]
    whole = pl.concat(moved) if moved else pl.DataFrame(schema=THRESHOLDS_SCHEMA)
    return whole.select(typed(THRESHOLDS_SCHEMA))


def _occurring(weights: pl.Series) -> list[float]:
    """At most ten weights that occur, spread over their pairs, cut to one decimal so that what is shown is meant."""
    steps = [k / (_THRESHOLDS - 1) for k in range(_THRESHOLDS)]
    met = [weights.quantile(step, "nearest") for step in steps]
    return sorted({math.floor(weight * 10) / 10 for weight in met if weight is not None})


def _moved(ours: pl.DataFrame, threshold: float, move: _Move) -> pl.DataFrame:
    above = pl.col("weight") >= threshold
    there = ours.filter(above if move.side == "above" else ~above)
    counted = _with_share(there.select(_counts(pl.col("same")).values()), move.of)
    rows, wrong = pl.col("len").cast(pl.Int64), pl.col(move.of).cast(pl.Int64)
    return counted.select(
        pl.lit(move.verdict).alias("verdict"),
        pl.lit(move.side).alias("side"),
        pl.lit(threshold).alias("threshold"),
        pl.lit(move.action).alias("action"),
        pl.col("len").alias("rows"),
        "labelled",
        (rows * move.reviews).alias("reviews"),
        (wrong * move.false).alias("false_matches"),
        (wrong * move.missed).alias("missed_matches"),
        *("share", "low", "high", "few"),
    )


def _thin(rules: pl.DataFrame) -> Iterator[str]:
    few = rules.filter(pl.col("few") & (pl.col("labelled") > 0)).with_columns(
        pl.col("rule").fill_null("no rule")
    )
    if told := [f"{rule} ({n})" for rule, n in few.select("rule", "labelled").iter_rows()]:
        yield (
            f"too few labels to tell (under {_FEWEST}, or an interval wider than 20 points; 100 are always "
            f"enough): {', '.join(told)}"
        )
    begun = pl.col("labelled").sum().over("verdict") > 0
    if unseen := rules.filter(begun & (pl.col("labelled") == 0))["rule"].to_list():
        yield f"no label for {', '.join(unseen)}"


def _partial(pairs: pl.DataFrame, n_labels: int) -> Iterator[str]:
    if idle := n_labels - pairs["same"].count():
        yield f"{idle} labels are of pairs that do not decide their row, and were not counted"
    each = pairs.group_by("row").agg(pl.col("same").count().alias("some"), pl.len().alias("all"))
    if partly := each.filter((pl.col("some") > 0) & (pl.col("some") < pl.col("all"))).height:
        yield f"{partly} rows are labelled in part: a row counts as somebody else's only when all its pairs are"


def _lopsided(pairs: pl.DataFrame) -> Iterator[str]:
    for verdict in VERDICTS:
        if _uneven(pairs.filter(pl.col("verdict") == verdict)):
            yield f"labels of {verdict} rows are not spread over the rules as the rows are: thresholds lean to some"


def _uneven(pairs: pl.DataFrame) -> bool:
    """Whether the labelled pairs differ in their rules from all pairs by more than a tenth."""
    labelled = pairs["same"].count()
    if labelled < _FEWEST:
        return False
    each = pairs.group_by("rule").agg(pl.len().alias("all"), pl.col("same").count().alias("some"))
    return bool((each["all"] / pairs.height - each["some"] / labelled).abs().max() > _UNEVEN)  # type: ignore[operator]
