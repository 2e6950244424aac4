"""Fill the parts of docs/ that are made from the code: levels, rules, reasons, errors, commands.

Run: python tools/render_docs.py (tests/test_docs.py compares). A part stands between `<!-- name:begin -->`
and `<!-- name:end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import typer

from optout import errors, match, tables
from optout.cli.app import app
from optout.schema import REASONS

DOCS: Final = Path(__file__).parents[1] / "docs"
_PART: Final = re.compile(r"(<!-- (\w+):begin -->\n).*?(<!-- \2:end -->)", re.DOTALL)
_CONTEXT: Final = ("asked", "policy", "channel")
# What each reason says to a person; a reason without a line here fails the rendering.
_REASONS: Final = {
    "same_person": "本人と一致: the same name with the same address, phone or birth date",
    "same_email": "メールアドレスが一致: the mailbox is the person's",
    "same_phone": "電話番号が一致: the number must not ring, or nobody else is named",
    "same_corporate_number": "法人番号が一致",
    "household_request": "世帯の求め: the household asked, at the same address or number",
    "household_policy": "世帯として止める設定: policy is `household`, and a relative asked",
    "name_variant": "名の一字違い: a slip of the pen, or a brother",
    "surname_changed": "改姓の可能性: the same given name, another surname",
    "other_person_same_phone": "同じ番号の別人: a family or a passed-on number",
    "no_usable_name": "氏名なし: the same address and no name to compare (世帯主様, 不明, blank)",
    "room_differs": "部屋番号が違う: the same name in another room of the building",
    "partial_address": "住所の一部が不明: the same name, and what is told of the address fits",
    "birth_date_conflict": "生年月日が矛盾: name and address or phone agree, two real birth dates do not",
    "email_alias": "メールの別名: a provider renamed its domain",
    "own_flag": "行自身の拒否: DM不要, 架電禁止, 故人 … in a column, a note or the name",
    "own_flag_unclear": "拒否欄が読めない: a refusal column holds something unclear",
    "oversized_cell": "長すぎるセル: an identity cell longer than any name or address",
    "crowded": "共用が多すぎる: a number or house that so many entries share that not all were compared",
    "unidentifiable": "誰の行か不明: no identifier survives",
    "under_16": "16歳未満: by the birth date, at an intake that withholds minors",
    "decided_same": "確認済み・本人: a reviewer decided that it is the person",
    "decided_other": "確認済み・別人: a reviewer decided that it is somebody else; the row is kept",
}


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def levels() -> str:
    """The comparison levels of each field."""
    return table(
        ("field", "levels, best first"), ((f, ", ".join(known)) for f, known in match.LEVELS.items())
    )


def rules() -> str:
    """The deciding table, `any` as blank."""
    columns = ("rule_id", *match.FIELDS, *_CONTEXT, "verdict", "reason", "source")
    rows = tables.load("rules").select(columns).iter_rows()
    return table(columns, (["" if c == "any" else c.replace("|", " or ") for c in row] for row in rows))


def reasons() -> str:
    """Every reason word, what it means and which rules give it."""
    given = tables.load("rules").group_by("reason", maintain_order=True).agg("rule_id")
    by_rule = {reason: ", ".join(ids) for reason, ids in given.iter_rows()}
    rows = ((f"`{reason}`", _REASONS[reason], by_rule.get(reason, "the row itself")) for reason in REASONS)
    return table(("reason", "meaning", "given by"), rows)


def error_tree() -> str:
    """Every error class, indented under its parent."""

    def lines(base: type[errors.OptoutError], depth: int) -> Iterator[tuple[str, str, str]]:
        told = (base.__doc__ or "").strip().splitlines()[0]
        yield "&nbsp;" * 4 * depth + f"`{base.__name__}`", str(base.exit_code), told
        for child in sorted(base.__subclasses__(), key=lambda error: error.exit_code):
            yield from lines(child, depth + 1)

    return table(("class", "exit code", "when"), lines(errors.OptoutError, 0))


def commands(group: Any = None, path: tuple[str, ...] = ("optout",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with its path."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def _usage(path: tuple[str, ...], command: Any) -> str:
    told = [p for p in command.params if p.param_type_name == "argument"]
    return " ".join(
        [*path, *(p.make_metavar(None) if not p.metavar else p.metavar for p in told), "[OPTIONS]"]
    )


def _paragraphs(told: str) -> str:
    """How a docstring breaks its lines is not told."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", told.strip())


def _option(option: Any) -> tuple[str, str]:
    value = "" if option.is_flag else f" {option.metavar or 'TEXT'}"
    needed = " *(required)*" if option.required else ""
    return f"`{', '.join(option.opts)}{value}`{needed}", (option.help or "").strip()


def command_line() -> str:
    """Every command: usage, what it does, options."""
    parts = []
    for path, command in commands():
        options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
        parts += [
            f"## {' '.join(path)}\n\n",
            f"`{_usage(path, command)}`\n\n",
            f"{_paragraphs(command.help or '')}\n\n",
        ]
        parts += [table(("option", "meaning"), map(_option, options)), "\n"]
        parts += [f"{command.epilog}\n\n"] if command.epilog else []
    return "".join(parts).rstrip("\n") + "\n"


PARTS: Final[dict[str, Callable[[], str]]] = {
    "levels": levels,
    "rules": rules,
    "reasons": reasons,
    "errors": error_tree,
    "cli": command_line,
}


def rendered(page: str) -> str:
    """A page with all its parts made anew."""
    return _PART.sub(lambda part: part[1] + "\n" + PARTS[part[2]]() + "\n" + part[3], page)


def main() -> None:
    """Write every page that has parts."""
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text("utf-8")
        if (new := rendered(text)) != text:
            page.write_text(new, "utf-8", newline="\n")
            print(page.relative_to(DOCS))


if __name__ == "__main__":
    main()
