"""How the columns of a list are understood → sheets; cells are counted, never shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from optout.report.sheet import Cell, Column, Row, Sheet, Tone, facts

_MOST: Final = 200
_HALF: Final = 0.5
_KINDS: Final = {
    "text": "テキスト text",
    "workbook": "Excel workbook",
    "parquet": "Parquet",
    "frame": "frame",
}
_DELIMITERS: Final = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar |"}
_LINE_ENDS: Final = {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}


def file_facts(told: Mapping[str, Any]) -> Sheet:
    """What kind of file it is, how it is written, where its header stands."""
    written = {
        "種類 kind": _KINDS.get(told["kind"], told["kind"]),
        "シート sheet": told["sheet"],
        "文字コード encoding": told["encoding"],
        "区切り delimiter": _DELIMITERS.get(told["delimiter"], told["delimiter"]),
        "改行 line ends": _LINE_ENDS.get(told["eol"], told["eol"]),
        "見出し header": "なし none" if told["header_line"] is None else f"line {told['header_line']}",
    }
    pairs: dict[str, Cell] = {what: value for what, value in written.items() if value}
    return facts(f"名簿 List {told['list']}", pairs, tuple(told["remarks"]))


def understood(told: Mapping[str, Any]) -> Sheet:
    """Every column: its field, whose it is, and how many cells are filled, distinct, and can be read as the field."""
    rows = tuple(_row(line) for line in told["columns"][:_MOST])
    columns = (
        Column("no.", number=True),
        Column("列 header"),
        Column("項目 field"),
        Column("誰 role"),
        Column("filled", number=True),
        Column("distinct", number=True),
        Column("alike", number=True),
    )
    return Sheet("列の対応 Columns", columns, rows, tuple(_notes(told)))


def _row(line: Mapping[str, Any]) -> Row:
    field = f"{line['field']} {line['guess']}?" if line["guess"] else line["field"]
    alike = "-" if line["alike"] is None else line["alike"]
    counts = (line["filled"], line["distinct"], alike)
    return Row((line["position"], line["header"], field, line["role"], *counts), _tone(line))


def _tone(line: Mapping[str, Any]) -> Tone:
    if line["field"] == "(asked)":
        return "bad"
    if line["field"].startswith("("):
        return "doubt" if line["guess"] else "plain"
    few = line["alike"] is not None and line["alike"] < _HALF * line["filled"]
    return "doubt" if few else "good"


def _notes(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"先頭 first {told['rows_looked_at']:,} rows looked at"
    yield "no. 位置 from 0, filled 記入, distinct 異なり, alike 項目として読めるセル"
    if (hidden := len(told["columns"]) - _MOST) > 0:
        yield f"ほか {hidden:,} more columns, not shown"
    doubtful = [
        line["header"] for line in told["columns"][:_MOST] if _tone(line) == "doubt" and not line["guess"]
    ]
    if doubtful:
        yield f"注意 most cells do not look like the field: {', '.join(doubtful)}"
    if told["sensitive"]:
        yield f"要配慮個人情報 special care: {', '.join(told['sensitive'])}"
    if told["identity_like"]:
        yield f"注意 look like identity, not mapped: {', '.join(told['identity_like'])}"
    yield from (f"判断 decided: {decision}" for decision in told["decisions"])
    if told["suggestion"]:
        pairs = " ".join(f"--columns {pair}" for pair in told["suggestion"])
        yield f"提案 suggestion, by the looks of the cells; check it first: {pairs}"
