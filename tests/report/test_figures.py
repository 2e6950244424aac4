"""Reports as JSON, CSV and a page: the same bytes each time, for anybody's eyes, and nobody named in them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import optout
from optout.checks import reported
from optout.checks.reporting_breach import Circumstances
from optout.cli.tabular import encoded_csv
from optout.errors import UnencodableError
from optout.register import holding, ledger
from optout.report import figures
from optout.report.figures_plot import bars, shortened
from optout.report.figures_words import COLUMNS, FACTS, REMARKS, TABLES, TITLES
from optout.report.render import as_text

from .planted import reports

KINDS = ("effect", "requests", "provisions", "filing", "breach")
AGAINST = "0123abcd revision 41"


class Tags(HTMLParser):
    """Tags and their attributes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(page)
    return parser.seen


@pytest.mark.parametrize("kind", KINDS)
def test_O5_the_same_report_is_the_same_bytes(kind: str) -> None:
    first, second = reports()[kind], reports()[kind]
    assert figures.page(first, AGAINST) == figures.page(second, AGAINST)
    assert json.dumps(first.document) == json.dumps(second.document)
    for name, frame in figures.files(first).items():
        assert encoded_csv(frame, "utf-8-sig") == encoded_csv(figures.files(second)[name], "utf-8-sig")


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_one_file_without_script_or_resource(kind: str) -> None:
    page = figures.page(reports()[kind], AGAINST)
    found = tags(page)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form"} & {tag for tag, _ in found}
    for _, attributes in found:
        assert not {"src", "href", "xlink:href", "srcset", "style"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import", page)
    assert ("html", {"lang": "ja"}) in found


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_told_to_who_cannot_see_it(kind: str) -> None:
    page = figures.page(reports()[kind], AGAINST)
    found = tags(page)
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in found:
        if tag == "th":
            assert attributes.get("scope") in ("col", "row")
        if tag in ("svg", "table", "section"):
            assert set((attributes["aria-labelledby"] or "").split()) <= set(ids)
        if tag == "svg":
            assert attributes["role"] == "img"
    assert page.count("<svg") == page.count("<desc")


def test_what_a_list_is_called_cannot_steer_the_page_or_a_spreadsheet() -> None:
    report = reports()["effect"]
    page = figures.page(report, AGAINST)
    assert "<b>" not in page
    assert "\u202e" not in page
    assert "&lt;b&gt;&amp;amp;" in page
    assert "'=1+1" in encoded_csv(figures.files(report)["effect_by_supplier"], "utf-8-sig").decode(
        "utf-8-sig"
    )


@pytest.mark.parametrize(("encoding", "begins"), [("cp932", b""), ("utf-8-sig", b"\xef\xbb\xbf")])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "effect"])
def test_the_csv_files_are_what_excel_reads(kind: str, encoding: str, begins: bytes) -> None:
    for name, frame in figures.files(reports()[kind]).items():
        written = encoded_csv(frame, encoding)
        assert written.startswith(begins)
        lines = list(csv.reader(io.StringIO(written.decode(encoding), newline="")))
        assert len(lines) == frame.height + 1, name
        assert {len(line) for line in lines} == {frame.width}
        assert written.count(b"\n") == written.count(b"\r\n") == frame.height + 1


def test_I4_a_name_that_cp932_lacks_is_reported_and_never_a_question_mark() -> None:
    frame = pl.DataFrame({"取得元 supplier": ["見本名簿店", "𠮷野名簿店"]})
    with pytest.raises(UnencodableError) as refused:
        encoded_csv(frame, "cp932")
    assert (refused.value.n_rows, list(refused.value.first_rows)) == (1, [1])
    assert "𠮷野名簿店" in encoded_csv(frame, "utf-8-sig").decode("utf-8-sig")


@pytest.mark.parametrize("kind", KINDS)
def test_everything_a_report_tells_has_words(kind: str) -> None:
    report = reports()[kind]
    assert kind in TITLES
    assert set(report.facts) <= set(FACTS)
    assert set(report.remarks) <= set(REMARKS)
    for name, table in report.tables.items():
        assert (kind, name) in TABLES
        assert set(table.columns) <= set(COLUMNS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_shows_on_a_terminal(kind: str) -> None:
    told = "".join(as_text(sheet) for sheet in figures.sheets(reports()[kind]))
    assert TITLES[kind][0] in told


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_a_table_stands_on_the_page(kind: str) -> None:
    page = figures.page(reports()[kind], AGAINST)
    for figure in figures.figures(reports()[kind]):
        numbers = {
            cell for row in figure.rows for cell, head in zip(row, figure.heads, strict=True) if head.number
        }
        assert not [number for number in numbers if f">{number}<" not in page]


def test_bars_are_as_long_as_their_numbers() -> None:
    plot = bars(["a", "b", "c"], {"one": [10, 0, 5], "two": [10, 0, 0]}, "what")
    assert plot is not None
    lengths = [bar.end - plot.left for bar in plot.bars]
    assert lengths[0] == pytest.approx(4 * lengths[2])
    assert lengths[1] == 0
    assert [bar.total for bar in plot.bars] == ["20", "0", "5"]
    assert [segment.tone for segment in plot.bars[0].segments] == [0, 1]
    assert plot.description == "what: a 20、b 0、c 5"


def test_nothing_to_draw_is_no_plot() -> None:
    assert bars([], {"one": []}, "what") is None
    assert bars(["a"], {"one": [0]}, "what") is None


@pytest.mark.parametrize("largest", [1, 3, 7, 10, 11, 99, 1000, 1001, 123_456_789])
def test_an_axis_begins_at_nothing_and_ends_at_or_after_the_largest(largest: int) -> None:
    plot = bars(["a"], {"one": [largest]}, "what")
    assert plot is not None
    ends = [int(text.replace(",", "")) for _, text in plot.ticks]
    assert ends[0] == 0
    assert ends[-1] >= largest
    assert len(ends) <= 6


def test_a_label_is_cut_to_the_room_there_is() -> None:
    assert shortened("見本名簿店", 1000) == "見本名簿店"
    assert shortened("見本名簿店", 40) == "見本…"


Run = Callable[..., tuple[int, str]]
NAME, KANA, PHONE, EMAIL = "番兵 守", "バンペイ マモル", "090-1234-7777", "banpei@example.jp"
TRACES = ("番兵", "バンペイ", "1234-7777", "12347777", "banpei")


@dataclass(frozen=True)
class Office:
    """A store after a day of work, and its list of the person who asked.

    Attributes:
        run: A command line in this process, with the office's key: exit code, and all that was said.
    """

    store: Path
    listed: Path
    run: Run


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A request, its removal, an intake, a refused and an allowed delivery, all of one person; only read after that."""
    from optout.cli import main

    place = tmp_path_factory.mktemp("office")
    key = place / "store.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)

    def run(*arguments: str | Path) -> tuple[int, str]:
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = main([*map(str, arguments), "--key-file", str(key)])
        return code, said.getvalue()

    store, listed, clean = place / "store.db", place / "list.csv", place / "clean.csv"
    held = place / "held.csv"
    person, other = f"{NAME},{KANA},{PHONE},{EMAIL}", "例示 花子,レイジ ハナコ,06-1234-9999,"
    for path, lines in ((listed, [person, other]), (held, [person, other]), (clean, [other])):
        path.write_text("\n".join(["氏名,フリガナ,TEL,メール", *lines, ""]), "utf-8")
    with optout.Store.create(store, key.read_bytes(), actor="佐藤") as opened:
        asked = optout.Request(name=NAME, kana=KANA, phones=[PHONE], emails=[EMAIL], source="fax")
        told = opened.suppress(asked)
        plan = optout.removal.plan(opened, told, {"会員名簿": held})
        optout.removal.execute(opened, plan.hash)
        optout.intake(listed, opened, "見本名簿店", "consent", "展示会で取得", place / "in")
        with pytest.raises(optout.DeliveryRefused):
            optout.deliver(listed, opened, "見本商事", "教材の案内", "mail", place / "refused")
        optout.deliver(clean, opened, "見本商事", "教材の案内", "mail", place / "gone")
    return Office(store, listed, run)


def test_E5_no_report_names_a_person(office: Office, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    said = [
        office.run("report", kind, office.store, "--out", out, *mode)[1]
        for kind in KINDS[:3]
        for mode in ((), ("--json",))
    ]
    leaked = ("--known", "2026-11-20", "--list", office.listed)
    said.append(office.run("report", "breach", office.store, "--out", out, *leaked)[1])
    written = [path.read_text("utf-8") for path in out.iterdir()]
    assert len(written) > 20
    for text in [*said, *written]:
        assert [trace for trace in TRACES if trace in text] == []


def test_Q3_the_effect_report_of_a_day_of_work_counts_all_three_checks(
    office: Office, tmp_path: Path
) -> None:
    code, said = office.run("report", "effect", office.store, "--out", tmp_path / "out", "--json")
    assert code == 0, said
    told = json.loads(said)
    assert told["facts"]["removed_1"] == 1
    assert told["facts"]["removed_2"] == 1
    assert told["facts"]["removed_3"] == 1
    suppliers = {line["supplier"]: line["removed_2"] for line in told["tables"]["by_supplier"]}
    assert suppliers["見本名簿店"] == 1
    lists = {(line["list"], line["removed_1"], line["removed_3"]) for line in told["tables"]["by_list"]}
    assert {("会員名簿", 1, 0), ("list.csv", 0, 1)} <= lists
    assert json.loads((tmp_path / "out" / "effect.json").read_text("utf-8"))["facts"] == told["facts"]


def test_Q2_a_provision_of_the_ledger_is_in_the_report_of_its_month(office: Office, tmp_path: Path) -> None:
    code, said = office.run("report", "provisions", office.store, "--out", tmp_path / "out", "--json")
    assert code == 0, said
    told = json.loads(said)
    assert (told["facts"]["deliveries"], told["facts"]["rows"]) == (1, 1)
    assert told["tables"]["by_recipient"][0]["recipient"] == "見本商事"


def test_O5_a_report_made_twice_has_the_same_files(office: Office, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for out in (first, second):
        for kind in KINDS[:3]:
            assert office.run("report", kind, office.store, "--out", out, "--encoding", "cp932", "-q")[0] == 0
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    assert [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()] == []


def test_X6_a_breach_report_is_made_of_files_from_the_command_line(office: Office, tmp_path: Path) -> None:
    leaked = ("--known", "2026-11-20", "--list", office.listed, "--malicious", "--not-encrypted")
    code, said = office.run("report", "breach", office.store, "--out", tmp_path / "out", *leaked, "--json")
    assert code == 0, said
    told = json.loads(said)
    assert told["facts"] | {"people": 2, "reportable": True} == told["facts"]
    assert told["tables"]["dates"][-2]["on"] == "2027-01-18"


def test_X6_what_was_delivered_and_what_is_held_can_get_out_too(office: Office, tmp_path: Path) -> None:
    with optout.Store.open(office.store, bytes(range(32)), actor="鈴木") as opened:
        [provision] = ledger.provisions(opened)
        copy = tmp_path / "held.csv"
        copy.write_bytes(office.listed.read_bytes())
        holding.add(opened, holding.Holding("会員名簿", copy))
        told = Circumstances(date(2026, 11, 20))
        report = reported.breach(opened, told, [], [provision.id], ["会員名簿"])
    assert report.tables["lists"].rows() == [(provision.id, 1, 1), ("会員名簿", 2, 2)]
    assert report.facts["people"] == 2  # the one who was delivered is one of those held


def test_an_encoding_that_is_neither_is_refused(office: Office, tmp_path: Path) -> None:
    code, said = office.run(
        "report", "effect", office.store, "--out", tmp_path / "out", "--encoding", "latin-1"
    )
    assert code == 18
    assert "cp932" in said
