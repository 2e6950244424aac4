"""Sheets as text: the words, the widths."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from optout import match, schema, tables
from optout.report import screened
from optout.report.render import as_text
from optout.report.sheet import Column, Row, Sheet, facts
from optout.report.visible import visible
from optout.report.words import why, words

REPORT = {
    "counts": {"keep": 1_234_567, "withhold": 3, "review": 4, "quarantined": 1, "rows": 7, "records": 8},
    "by_rule": {"RU10": 2, "RU22": 3, "RU12": 1},
    "by_reason": {"same_person": 2, "surname_changed": 4, "own_flag": 5, "unidentifiable": 6},
    "quarantine": {"fields: 3 instead of 2": 1},
    "unmapped": [f"列{n}" for n in range(40)],
    "identity_like": ["予備"],
    "decisions": ["電話番号1 and 電話番号2 are alternatives"],
    "damage": [
        {
            "column": n,
            "header": f"電話番号{n}",
            "kind": "exponent",
            "action": action,
            "rules": ["SD39"],
            "count": 1_234_567 if n else 1,
            "rows": [3, 1_000_000, 1_000_001, 1_000_002][: 4 if n else 1],
        }
        for n, action in enumerate(("lost", "repaired", "doubtful") * 5)
    ],
    "against": {
        "revision": 3,
        "entries": 5,
        "scheme": "k1-0",
        "policy": "person",
        "channel": "any",
        "tenant": None,
    },
}


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_page(width: int) -> None:
    sheets = [
        screened.counts(REPORT, "名簿"),
        screened.reasons(REPORT),
        *screened.damage(REPORT),
        facts("題", {"長い" * 30: "値" * 200}),
    ]
    for sheet in sheets:
        text = as_text(sheet, width)
        assert max(cell_len(line) for line in text.splitlines()) <= width
        assert all(line == line.rstrip() for line in text.splitlines())


def test_columns_line_up_though_kanji_are_two_cells_wide() -> None:
    sheet = Sheet("題", (Column("氏"), Column("件", number=True)), (Row(("漢字", 1)), Row(("ab", 20_000))))
    _, header, rule, *rows = as_text(sheet).splitlines()
    assert len({cell_len(line) for line in (header, rule, *rows)}) == 1


def test_reasons_are_split_by_what_happened_to_the_row() -> None:
    rows = {row.cells for row in screened.reasons(REPORT).rows}
    assert (words("verdict", "withhold"), words("reason", "surname_changed"), 1) in rows
    assert (words("verdict", "review"), words("reason", "surname_changed"), 3) in rows
    assert (words("verdict", "withhold"), words("reason", "own_flag"), 5) in rows
    assert (words("verdict", "review"), words("reason", "unidentifiable"), 6) in rows
    assert (words("verdict", "quarantined"), why("fields: 3 instead of 2"), 1) in rows


def test_remarks_name_columns_that_were_not_used_but_not_all_of_them() -> None:
    first, *_ = screened.remarks(REPORT)
    assert "列11 (+28)" in first
    assert "tenant -" in screened.against(REPORT)


def test_what_a_spreadsheet_did_is_told_by_column_and_not_for_every_one_of_them() -> None:
    (sheet,) = screened.damage(REPORT)
    assert len(sheet.rows) == 12
    assert sheet.notes == ("ほか 3 more.",)
    assert sheet.rows[0].cells == (
        "電話番号0",
        words("damage", "exponent"),
        words("repair", "lost"),
        1,
        "3",
    )
    assert sheet.rows[1].cells[3:] == (1_234_567, "3 1000000 1000001 ...")
    assert [row.tone for row in sheet.rows[:3]] == ["bad", "good", "doubt"]
    assert screened.damage({**REPORT, "damage": []}) == []
    # A report of an earlier version does not tell of it.
    assert screened.damage({}) == []


def test_every_kind_of_damage_and_what_became_of_it_has_words() -> None:
    table = tables.load("spreadsheet_damage")
    for kind, column in (("damage", "kind"), ("repair", "action")):
        assert [word for word in table[column].unique() if words(kind, word) == word] == []


@pytest.mark.parametrize("reason", schema.REASONS)
def test_every_reason_has_words(reason: str) -> None:
    assert words("reason", reason) != reason


@pytest.mark.parametrize("verdict", [*schema.VERDICTS, "quarantined"])
def test_every_verdict_has_words(verdict: str) -> None:
    assert words("verdict", verdict).endswith(verdict)


def test_every_level_has_words() -> None:
    levels = {level for each in match.LEVELS.values() for level in each}
    assert [level for level in levels if words("level", level) == level] == []
    assert [field for field in match.LEVELS if words("field", field) == field] == []


def test_every_word_proves_itself() -> None:
    table = tables.load("report_words")
    assert table.height > 30
    assert table["rule_id"].is_unique().all()
    assert table.select("kind", "word").is_unique().all()
    assert table.null_count().sum_horizontal().item() == 0
    assert (table["example"] != table["leaves_alone"]).all()


@pytest.mark.parametrize(
    ("written", "shown"),
    [("氏名", "氏名"), ("\x1b[2J", "\\x1b[2J"), ("a\u202eb", "a\\u202eb"), ("a\nb", "a\\nb"), ("𠮷", "𠮷")],
)
def test_text_cannot_steer_a_terminal(written: str, shown: str) -> None:
    assert visible(written) == shown


def test_long_text_is_cut() -> None:
    assert len(visible("あ" * 10_000)) < 400


def test_the_reach_of_requests_is_told_only_where_it_matters() -> None:
    every = {channel: {"withhold": 3} for channel in schema.CHANNELS}
    assert screened.scopes(REPORT) == []
    assert screened.scopes(REPORT | {"by_channel": every, "by_policy": {"person": 3}}) == []
    channels, policy = screened.scopes(
        REPORT
        | {
            "by_channel": {"mail": {"withhold": 3}, "phone": {"withhold": 3, "review": 4}},
            "by_policy": {"household_policy": 1, "person": 2},
        }
    )
    assert [row.cells for row in channels.rows] == [
        (words("channel", "mail"), 3, 0),
        (words("channel", "phone"), 3, 4),
    ]
    assert (words("policy", "household_policy"), 1) in {row.cells for row in policy.rows}
