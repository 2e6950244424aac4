"""Why one row was judged as it was, field by field. Shows personal data: for the desk, never for a log."""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.report.sheet import Column, Row, Sheet, Tone
from optout.report.words import words

_TONES: Final[dict[str, Tone]] = {
    "same": "bad",
    "equal": "bad",
    "none": "plain",
    "different": "good",
    "other": "good",
}
_COLUMNS: Final = ("項目 field", "名簿 row", "登録 entry", "一致度 level")


def explained(
    row: int, verdict: str, reason: str | None, comparison: pl.DataFrame, most: int = 5
) -> list[Sheet]:
    """One sheet an entry that came near, best first.

    Args:
        row: Number of the row, 0-based.
        verdict: What was decided for the row.
        reason: Why; null where it is kept.
        comparison: What `Result.explain` returned.
        most: How many entries to show.

    Returns:
        Sheets; the first tells the verdict.
    """
    # A pair of row and entry has one line a field.
    near = list(comparison.iter_slices(max(1, comparison["field"].n_unique())))
    said = words("verdict", verdict) + (f": {words('reason', reason)}" if reason else "")
    notes = () if near else ("停止リストに近い人はいません: no entry came near.",)
    more = (f"ほか {len(near) - most} more entries came near.",) if len(near) > most else ()
    return [Sheet(f"行 row {row}: {said}", notes=(*notes, *more)), *map(_compared, near[:most])]


def _compared(lines: pl.DataFrame) -> Sheet:
    first = lines.row(0, named=True)
    rows = tuple(
        Row(
            (
                words("field", line["field"]),
                line["row_value"] or "-",
                line["entry_value"] or "-",
                words("level", line["level"]),
                f"{line['weight']:.1f}",
            ),
            _TONES.get(line["level"], "doubt"),
        )
        for line in lines.iter_rows(named=True)
    )
    rule = (
        f"rule {first['rule']}: {words('verdict', first['verdict'])}"
        if first["rule"]
        else "規則なし no rule fits"
    )
    title = f"求め request {first['request']} / {first['subject']} / {rule}"
    return Sheet(title, (*map(Column, _COLUMNS), Column("重み bits", number=True)), rows)
