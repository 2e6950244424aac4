"""README and docs say what is true: their Python runs, their commands exist, their tables are the code's."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

import optout
from optout import tables
from optout.cli import main
from optout.cli.app import app

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
PAGES = [
    PROJECT / "README.md",
    PROJECT / "README.ja.md",
    PROJECT / "CONTRIBUTING.md",
    *sorted(DOCS.rglob("*.md")),
]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
SETUP = ("-m venv", "pip install")


def name(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


def blocks(page: Path, *languages: str) -> list[str]:
    return [body for language, body in _BLOCK.findall(page.read_text("utf-8")) if language in languages]


def lines(page: Path) -> Iterator[str]:
    for block in blocks(page, "sh", "bat"):
        yield from (line.strip() for line in block.splitlines() if line.strip())


def commands() -> list[Any]:
    """Every `optout …` line of every page."""
    found = [(page, line) for page in PAGES for line in lines(page) if line.startswith("optout ")]
    assert len(found) > 10
    return [pytest.param(line, id=f"{name(page)}: {line[:60]}") for page, line in found]


def pages_with_python() -> list[Any]:
    found = [page for page in PAGES if blocks(page, "python")]
    assert found
    return [pytest.param(page, id=name(page)) for page in found]


@cache
def renderer() -> ModuleType:
    path = PROJECT / "tools" / "render_docs.py"
    spec = importlib.util.spec_from_file_location("render_docs", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", pages_with_python())
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__page__"}
    for number, block in enumerate(blocks(page, "python"), 1):
        exec(compile(block, f"{name(page)}, block {number}", "exec"), names)
    names["store"].close()


@pytest.mark.parametrize("line", commands())
def test_a_command_line_names_only_what_exists(line: str) -> None:
    # Markdown may join commands; each is looked at by itself.
    for part in line.split(" && "):
        words = shlex.split(part)
        if words[0] != "optout":
            continue
        command: Any = typer.main.get_command(app)
        rest = words[1:]
        while hasattr(command, "commands"):
            assert rest, f"{part}: a command is missing"
            assert rest[0] in command.commands, f"{part}: no command {rest[0]}"
            command = command.commands[rest.pop(0)]
        # Parsing without running: unknown options and missing arguments raise.
        command.make_context(words[1], rest)


def test_the_commands_of_the_readme_work_in_the_order_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = ["氏名,住所", "高橋一郎,新宿区西新宿3-2-1", "別人 太郎,千代田区千代田1-1", ""]
    for file in ("list.csv", "held.csv", "bought.csv"):
        Path(file).write_bytes("\r\n".join(rows).encode("cp932"))
    Path("requests.csv").write_text("氏名,電話番号\n見本 花子,090-1234-5678\n", "utf-8")
    done = [
        (line, main(shlex.split(line)[1:]))
        for line in lines(PROJECT / "README.md")
        if line.startswith("optout ")
    ]
    assert [(line, code) for line, code in done if code] == []
    assert len(done) > 5


def test_every_command_is_shown_at_work_somewhere() -> None:
    said = "\n".join(line for page in PAGES for line in lines(page))
    absent = {" ".join(path) for path, _ in renderer().commands() if " ".join(path) not in said}
    # These are told of by --help alone.
    assert absent <= {
        "optout lift",
        "optout explain",
        "optout normalize",
        "optout audit",
        "optout key show",
    } | {command for command in absent if command.startswith(("optout key ", "optout tables", "optout demo"))}


@pytest.mark.parametrize("page", [page for page in PAGES if "<!--" in page.read_text("utf-8")], ids=name)
def test_what_is_made_from_the_code_is_the_code_s(page: Path) -> None:
    text = page.read_text("utf-8")
    assert renderer().rendered(text) == text, "run: python tools/render_docs.py"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_link_leads_somewhere(page: Path) -> None:
    missing = [
        target for target in _LINK.findall(page.read_text("utf-8")) if not (page.parent / target).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("readme", ["README.md", "README.ja.md"])
def test_a_readme_sets_up_with_one_line_for_the_job_and_one_for_the_tests(readme: str) -> None:
    setup = [line for line in lines(PROJECT / readme) if all(word in line for word in SETUP)]
    unix = [line for line in setup if "Scripts" not in line]
    assert [line.split(" && ")[-1] for line in unix] == [
        ".venv/bin/optout demo",
        ".venv-test/bin/python -m pytest -n auto",
    ]
    windows = [line.replace("\\Scripts\\", "/bin/") for line in setup if "Scripts" in line]
    assert windows == unix


def test_both_readmes_name_the_same_commands() -> None:
    english, japanese = (
        {shlex.split(line)[1] for line in lines(PROJECT / readme) if line.startswith("optout ")}
        for readme in ("README.md", "README.ja.md")
    )
    assert japanese - english <= {"key"}  # stands in the text of the English page
    assert english - japanese <= {"screen"}


def test_the_notice_names_every_table_that_is_not_our_own() -> None:
    notice = (PROJECT / "NOTICE").read_text("utf-8")
    foreign = [table for table in tables.names() if set(tables.load(table)["licence"]) != {"own"}]
    assert foreign
    assert [table for table in foreign if f"{table}.tsv" not in notice] == []


def test_every_adr_says_context_decision_reason_and_consequence() -> None:
    records = sorted(DOCS.glob("adr/[0-9]*.md"))
    assert records
    for record in records:
        text = record.read_text("utf-8")
        places = [text.find(f"**{part}.**") for part in ("Context", "Decision", "Reason", "Consequence")]
        assert -1 not in places, record.name
        assert places == sorted(places), record.name


def test_no_page_records_where_packages_are_downloaded_from() -> None:
    for page in [*PAGES, PROJECT / "pyproject.toml"]:
        assert not re.search(
            r"--index-url|--extra-index|find-links|https?://[^ )]*/simple", page.read_text("utf-8")
        )


def test_the_changelog_has_a_fragment_for_what_is_unreleased() -> None:
    fragments = list((PROJECT / "changelog" / "unreleased").glob("*.md"))
    assert fragments or f"## [{optout.__version__}]" in (PROJECT / "CHANGELOG.md").read_text("utf-8")
