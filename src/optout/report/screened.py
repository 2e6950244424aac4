"""The report of a screen → sheets: counts, reasons, remarks. Works from the plain report alone, so a stored
one shows the same as a fresh one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from optout import match
from optout.report.sheet import Column, Row, Sheet, Tone
from optout.report.words import why, words

_TONES: Final[dict[str, Tone]] = {
    "keep": "good",
    "withhold": "bad",
    "review": "doubt",
    "quarantined": "doubt",
}
_REPAIRS: Final[dict[str, Tone]] = {"repaired": "good", "doubtful": "doubt", "lost": "bad"}
_REACHED: Final = ("withhold", "review")
_MOST: Final = 12
_FEW: Final = 3


def counts(report: Mapping[str, Any], title: str) -> Sheet:
    """How many rows were kept, withheld, are to be reviewed, could not be read; they add up to the list."""
    counted = report["counts"]
    rows = [Row((words("verdict", verdict), int(counted[verdict])), tone) for verdict, tone in _TONES.items()]
    rows.append(Row(("計 records in the list", int(counted["records"]))))
    return Sheet(title, (Column("判定 verdict"), Column("件 rows", number=True)), tuple(rows))


def reasons(report: Mapping[str, Any], title: str = "理由 Why") -> Sheet:
    """Why rows are not kept, most frequent first."""
    found = sorted(_by_reason(report).items(), key=lambda pair: (pair[0][0] != "withhold", -pair[1], pair[0]))
    rows = [
        Row((words("verdict", verdict), words("reason", reason), n), _TONES[verdict])
        for (verdict, reason), n in found
    ]
    rows += [
        Row((words("verdict", "quarantined"), why(text), int(n)), _TONES["quarantined"])
        for text, n in report["quarantine"].items()
    ]
    columns = (Column("判定 verdict"), Column("理由 reason"), Column("件 rows", number=True))
    return Sheet(title, columns, tuple(rows), () if rows else ("該当なし: every row is kept.",))


def _by_reason(report: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    """(verdict, reason) → rows. A reason no rule gave is the row's own: a refusal, or nobody is named."""
    answers = {rule: (str(verdict), str(reason)) for rule, verdict, reason in match.answers().iter_rows()}
    told: Counter[tuple[str, str]] = Counter()
    for rule, n in report["by_rule"].items():
        told[answers[rule]] += n
    by_rule: Counter[str] = Counter()
    for (_, reason), n in told.items():
        by_rule[reason] += n
    for reason, n in report["by_reason"].items():
        if own := n - by_rule[reason]:
            told["withhold" if reason == "own_flag" else "review", reason] += own
    return told


def scopes(report: Mapping[str, Any]) -> list[Sheet]:
    """How far requests reach, where it matters: channels that differ, rows withheld for a household alone."""
    sheets = []
    by_channel = report.get("by_channel", {})
    if len({tuple(sorted(n.items())) for n in by_channel.values()}) > 1:
        rows = [
            Row((words("channel", channel), n.get("withhold", 0), n.get("review", 0)))
            for channel, n in by_channel.items()
        ]
        columns = (Column("手段 channel"), *(Column(words("verdict", v), number=True) for v in _REACHED))
        sheets.append(Sheet("求めの範囲 What the requests cover", columns, tuple(rows)))
    by_policy = report.get("by_policy", {})
    if any(policy.startswith("household") for policy in by_policy):
        rows = [Row((words("policy", policy), n)) for policy, n in by_policy.items()]
        columns = (Column("除外の根拠 withheld because"), Column("件 rows", number=True))
        sheets.append(Sheet("本人と世帯 Person and household", columns, tuple(rows)))
    return sheets


def damage(report: Mapping[str, Any]) -> list[Sheet]:
    """What a spreadsheet did to identity columns; nothing for a list it left alone."""
    found = report.get("damage", ())
    if not found:
        return []
    rows = tuple(
        Row(
            (
                line["header"],
                words("damage", line["kind"]),
                words("repair", line["action"]),
                int(line["count"]),
                _numbers(line["rows"], int(line["count"])),
            ),
            _REPAIRS[line["action"]],
        )
        for line in found[:_MOST]
    )
    columns = (
        Column("列 header"),
        Column("変化 what"),
        Column("結果 result"),
        Column("件 cells", number=True),
        Column("行 rows"),
    )
    more = (f"ほか {len(found) - _MOST} more.",) if len(found) > _MOST else ()
    return [Sheet("表計算による変化 Changed by a spreadsheet (行 rows from 0)", columns, rows, more)]


def remarks(report: Mapping[str, Any]) -> tuple[str, ...]:
    """What a person should know about how the list was read."""
    told = []
    if unmapped := list(report["unmapped"]):
        told.append(f"照合に使わなかった列 not used: {_some(unmapped)}")
    if suspects := list(report.get("identity_like", ())):
        told.append(f"注意 look like identity, not mapped: {_some(suspects)}; use --columns or --ignore")
    told += [f"列の判断 decided: {decision}" for decision in report["decisions"][:_MOST]]
    return tuple(told)


def against(report: Mapping[str, Any]) -> str:
    """Which list, rules and question the verdicts hold for, in one line."""
    held = report["against"]
    scope = f"policy {held['policy']}, channel {held['channel']}, tenant {held['tenant'] or '-'}"
    entries = f"{held['entries']:,} entries, rules {held['scheme']}"
    return f"停止リスト store revision {held['revision']}, {entries}; {scope}"


def _numbers(rows: Sequence[int], count: int) -> str:
    shown = rows[:_FEW]
    return " ".join(map(str, shown)) + (" ..." if count > len(shown) else "")


def _some(headers: list[str]) -> str:
    return ", ".join(headers[:_MOST]) + (f" (+{len(headers) - _MOST})" if len(headers) > _MOST else "")
