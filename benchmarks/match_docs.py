"""What a run found → the plots and the tables of docs/explanation/matching.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import match_plots as plots
import match_sizes
from match_people import KINDS
from match_score import BOUNDS, Score

_ROOT: Final = Path(__file__).parents[1] / "docs" / "explanation"
PAGE: Final = _ROOT / "matching.md"
IMAGES: Final = _ROOT / "img"


def written(tables: dict[str, str]) -> None:
    """Put every text between its marks on the page; an unknown mark is an error."""
    page = PAGE.read_text(encoding="utf-8")
    for mark, text in tables.items():
        pattern = re.compile(f"(<!-- begin: {mark} -->\n).*?(<!-- end: {mark} -->)", re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"no mark {mark} on {PAGE.name}")
        block = f"```text\n{text}\n```\n".replace("\\", r"\\")
        page = pattern.sub(rf"\g<1>{block}\g<2>", page)
    PAGE.write_text(page, encoding="utf-8")


def recall_plot(score: Score, contest: dict[str, Any] | None) -> None:
    """Bars by kind: ours withheld, ours caught, and each peer at our recall."""
    rows = {row["kind"]: row for row in score.kinds.iter_rows(named=True)}
    series = {
        f"optout: {what}": {kind: rows[kind][what] for kind in KINDS} for what in ("withheld", "caught")
    }
    for tool, told in (contest or {"tools": {}})["tools"].items():
        if tool != "optout":
            series[f"{tool} at our recall"] = {kind: told["kinds"].get(kind) for kind in KINDS}
    bounds = {kind: bound for kind, (_, bound) in BOUNDS.items()}
    _save("match_kinds.svg", plots.bars("Eligible matches found, by kind", series, bounds))


def size_plots(found: list[dict[str, Any]]) -> None:
    """Time by rows and by store size."""
    by_rows = match_sizes.series(found, "rows", "entries")
    by_store = match_sizes.series(found, "entries", "rows")
    _save("match_rows.svg", plots.lines("Seconds by rows of the list", "rows", by_rows))
    _save("match_store.svg", plots.lines("Seconds by entries of the store", "entries", by_store))


def _save(name: str, svg: str) -> None:
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / name).write_text(svg, encoding="utf-8")
