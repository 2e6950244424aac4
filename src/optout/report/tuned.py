"""Labelled review decisions → sheets: per rule, and per threshold of weight; and the sheet a reviewer fills in."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from optout.match import FIELDS
from optout.report.sheet import Column, Row, Sheet, Tone
from optout.report.words import words
from optout.screen import Tuning
from optout.screen.labels import HEADERS

_TONES: Final[dict[bool, Tone]] = {True: "doubt", False: "plain"}
# (verdict now, what would be done instead) → title.
_TITLES: Final = {
    ("review", "withhold"): "要確認の行を、重みがこれ以上なら除外したら Withhold reviews from this weight",
    ("review", "keep"): "要確認の行を、重みがこれ未満なら残したら Keep reviews below this weight",
    ("withhold", "review"): "除外の行を、重みがこれ未満なら要確認にしたら Review withheld rows below it",
    ("keep", "review"): "残す行を、重みがこれ以上なら要確認にしたら Review kept rows from this weight",
}
_HEADERS: Final = {
    "verdict": "判定 verdict",
    "rule": "規則 rule",
    "reason": "理由 reason",
    "weight": "重み weight",
    "subject": "誰 subject",
}
_UNCHANGED: Final = "規則は変わりません: figures only, no rule was changed."


def for_a_reviewer(sheet: pl.DataFrame) -> pl.DataFrame:
    """What `label_sheet` made, in Japanese with English beside: headers, verdicts, reasons and levels."""
    levels = [f"{field}_level" for field in FIELDS]
    kinds = {"verdict": "verdict", "reason": "reason", **dict.fromkeys(levels, "level")}
    shown = sheet.with_columns(_worded(sheet[column], kind) for column, kind in kinds.items())
    sides = {
        f"{side}_{'name' if field == 'person' else field}": f"{whose}: {words('field', field)}"
        for side, whose in {"row": "名簿 list", "entry": "求め request"}.items()
        for field in FIELDS
    }
    agreement = {f"{field}_level": f"一致度 level: {words('field', field)}" for field in FIELDS}
    return shown.rename({name: known[0] for name, known in HEADERS.items()} | _HEADERS | sides | agreement)


def _worded(column: pl.Series, kind: str) -> pl.Series:
    text = column.cast(pl.String)
    known = text.drop_nulls().unique().to_list()
    return text.replace(known, [words(kind, word) for word in known])


def tuned(tuning: Tuning) -> list[Sheet]:
    """The rules, the thresholds of each verdict that has labels, and what stands against trusting them."""
    moves = tuning.thresholds.partition_by("verdict", "action", maintain_order=True)
    notes = (
        f"判断済 {tuning.labelled:,} pairs labelled, 未判断 {tuning.undecided:,} left open",
        *(f"注意 {remark}" for remark in tuning.remarks),
        _UNCHANGED,
    )
    return [_rules(tuning.rules), *map(_thresholds, moves), Sheet("まとめ In all", notes=notes)]


def _rules(rules: pl.DataFrame) -> Sheet:
    rows = tuple(_rule(line) for line in rules.iter_rows(named=True))
    columns = (
        Column("規則", whole=True),
        Column("判定 now", whole=True),
        *(
            Column(header, number=True)
            for header in ("対", "済", "本人", "別人", "本人の割合", "誤り", "漏れ")
        ),
    )
    notes = (
        "対 pairs of a row and a request; 済 labelled; 本人 the person; 別人 another",
        "割合 share of the person, 95 % interval; ? 判断が少ない too few labels",
        "誤り 除外すれば誤る行 false if withheld; 漏れ 残せば漏れる行 missed if kept",
    )
    return Sheet("規則ごとの判断 Decisions by rule", columns, rows, notes)


def _rule(line: dict[str, Any]) -> Row:
    counts = (line["pairs"], line["labelled"], line["same"], line["other"])
    wrong = (line["false_if_withheld"], line["missed_if_kept"])
    cells = (line["rule"] or "-", words("verdict", line["verdict"]), *counts, _share(line), *wrong)
    return Row(cells, _TONES[line["few"]])


def _thresholds(moved: pl.DataFrame) -> Sheet:
    lines = moved.to_dicts()
    rows = tuple(_moved(line) for line in lines)
    headers = ("bits", "要確認 reviews", "済 labels", "誤り false", "漏れ missed", "割合 share")
    columns = tuple(Column(header, number=True) for header in headers)
    return Sheet(_TITLES[lines[0]["verdict"], lines[0]["action"]], columns, rows)


def _moved(line: dict[str, Any]) -> Row:
    reviews, false, missed = (f"{line[name]:+,}" for name in ("reviews", "false_matches", "missed_matches"))
    cells = (f"{line['threshold']:.1f}", reviews, line["labelled"], false, missed, _share(line))
    return Row(cells, _TONES[line["few"]])


def _share(line: dict[str, Any]) -> str:
    """A share in per cent with its interval, marked where labels are too few."""
    if line["share"] is None:
        return "-"
    few = " ?" if line["few"] else ""
    return f"{line['share']:.0%} ({line['low']:.0%}-{line['high']:.0%}){few}"
