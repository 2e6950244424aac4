"""Ours beside public tools, on the cases the tests are made of: kanji, names, telephones, e-mails.

Each tool is asked what it was made for and gets its best chance: phonenumbers may look for numbers inside a text
where it cannot read the whole, email-validator may take a display name and a quoted mailbox name. NFKC stands for
what most programs do: NFKC, lower case, and for a telephone nothing but its digits.

    pip install .[bench]
    python benchmarks/names_side_by_side.py
    python benchmarks/names_side_by_side.py --page docs/explanation/names.md
"""

from __future__ import annotations

import argparse
import csv
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final

import email_validator
import phonenumbers
import polars as pl
import pykakasi
from ja_itaiji.ja_itaiji import Itaiji

import optout
from optout.text import chars, email, phone

Case = dict[str, str]
CASES: Final = Path(__file__).parents[1] / "tests" / "cases"
PAGE: Final = Path(__file__).parent / "names_side_by_side.md"
TOOLS: Final = ("pykakasi", "ja-itaiji", "phonenumbers", "email-validator")
_WANTED: Final = {"yes": {"withhold"}, "review": {"review"}, "no": {"keep"}, "not_yes": {"keep", "review"}}
_PHONE_KINDS: Final = {
    "spelling": "widths, separators, look-alikes",
    "words": "words, tags, extensions around it",
    "abroad": "+81, 0081, 010-81, 81",
    "spreadsheet": "damaged by a spreadsheet",
    "service": "toll-free, shared, machine numbers",
    "old": "as written before 1991 and 1999",
    "several": "several numbers in a cell",
    "nothing": "no Japanese number: too short, masked, lost, foreign",
}
_EMAIL_KINDS: Final = {
    "plain": "plain",
    "spelling": "widths, hyphens, domains in Japanese",
    "words": "names, labels, brackets around it",
    "mistyped": "blanks, commas and doubled signs inside",
    "old": "dots only docomo and au gave out",
    "provider": "the provider's other spelling (Gmail dots, +tag)",
    "several": "several addresses in a cell",
    "nothing": "no person's address: role, placeholder, impossible",
}


def cases(name: str) -> list[Case]:
    """The rows of one table of cases, marks for nothing and blank undone."""
    with (CASES / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows
    empty = {"(none)": "", "(blank)": ""}
    return [{field: empty.get(value, value) for field, value in row.items()} for row in rows]


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", _nfkc(text))


def _mail(text: str) -> str:
    return _nfkc(text).lower().strip()


def libphonenumber(text: str) -> str:
    """The valid Japanese numbers of a cell: read whole, else looked for inside."""
    try:
        found = [phonenumbers.parse(text, "JP")]
    except phonenumbers.NumberParseException:
        found = [match.number for match in phonenumbers.PhoneNumberMatcher(text, "JP")]
    valid = [number for number in found if number.country_code == 81 and phonenumbers.is_valid_number(number)]
    return ";".join(f"0{number.national_number}" for number in valid)


def validated(text: str) -> str:
    """The address as email-validator gives it back, in lower case; "" where it refuses."""
    try:
        checked = email_validator.validate_email(
            text, check_deliverability=False, allow_display_name=True, allow_quoted_local=True
        )
    except email_validator.EmailNotValidError:
        return ""
    return (checked.ascii_email or checked.normalized).lower()


def counted(right: Iterable[bool]) -> str:
    """Right of all, as a fraction."""
    answers = list(right)
    return f"{sum(answers)}/{len(answers)}"


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """Markdown; numbers to the right."""
    rule = "| --- |" + " ---: |" * (len(head) - 1)
    first, *rest = ("| " + " | ".join(line) + " |" for line in (head, *lines))
    return "\n".join((first, rule, *rest))


def scored(rows: list[Case], kinds: dict[str, str], answers: dict[str, list[str]]) -> str:
    """A table of how many cells of each kind every tool answers as expected."""
    right = {
        tool: [answer == case["expect"] for answer, case in zip(told, rows, strict=True)]
        for tool, told in answers.items()
    }
    assert {case["kind"] for case in rows} == set(kinds)
    lines = []
    for kind, label in kinds.items():
        places = [place for place, case in enumerate(rows) if case["kind"] == kind]
        lines.append((label, *(counted(told[place] for place in places) for told in right.values())))
    return table(("kind", *answers), [*lines, ("**all**", *map(counted, right.values()))])


def phones() -> str:
    rows = cases("phone")
    written = [case["written"] for case in rows]
    ours = phone.parse(pl.Series(written))["numbers"].list.join(";").to_list()
    plain = [_digits(text) for text in written]
    found = {
        "optout": ours,
        "NFKC, digits": plain,
        "phonenumbers": [libphonenumber(text) for text in written],
    }
    return scored(rows, _PHONE_KINDS, found)


def emails() -> str:
    rows = cases("email")
    written = [case["written"] for case in rows]
    ours = email.parse(pl.Series(written))["keys"].list.join(";").to_list()
    found = {"optout": ours, "NFKC, lower case": [_mail(text) for text in written]}
    return scored(rows, _EMAIL_KINDS, found | {"email-validator": [validated(text) for text in written]})


def kanji() -> str:
    rows = cases("kanji_pairs")
    pairs = pl.DataFrame(rows).select("a", "b")
    ours = (
        pairs.select(chars.fold_glyphs(pl.col("a")) == chars.fold_glyphs(pl.col("b"))).to_series().to_list()
    )
    same = {
        "optout": ours,
        "NFKC": [_nfkc(case["a"]) == _nfkc(case["b"]) for case in rows],
        "ja-itaiji": [Itaiji.is_similar(case["a"], case["b"]) for case in rows],
    }
    lines = []
    for label, want in (("two glyphs of one kanji: the same", "fold"), ("two kanji: apart", "apart")):
        places = [place for place, case in enumerate(rows) if case["expect"] == want]
        told = (counted(answer[place] == (want == "fold") for place in places) for answer in same.values())
        lines.append((label, *told))
    return table(("pairs", *same), lines)


def names() -> dict[str, str]:
    """The table of the name pairs, and the pairs answered otherwise than expected."""
    rows = [
        case for case in cases("name_pairs") if case["context"].startswith(("same_addr", "same_m", "same_l"))
    ]
    found = verdicts(rows)
    right = [set(both) <= _WANTED[case["expected"]] for both, case in zip(found, rows, strict=True)]
    spoken = pykakasi.kakasi()
    readings = {
        n: "".join(word["hepburn"] for word in spoken.convert(_nfkc(n))) for c in rows for n in _both(c)
    }
    tools: dict[str, Callable[[str, str], bool]] = {
        "NFKC": lambda a, b: _bare(a) == _bare(b),
        "ja-itaiji": lambda a, b: Itaiji.is_similar(_bare(a), _bare(b)),
        "pykakasi": lambda a, b: _bare(readings[a]).lower() == _bare(readings[b]).lower(),
    }
    lines = []
    for kind in [*dict.fromkeys(case["class"] for case in rows), "**all**"]:
        places = [n for n, case in enumerate(rows) if kind in (case["class"], "**all**")]
        clear = [n for n in places if rows[n]["expected"] != "review"]
        told = (
            counted(same(*_both(rows[n])) == (rows[n]["expected"] == "yes") for n in clear)
            for same in tools.values()
        )
        doubt = counted(right[n] for n in places if rows[n]["expected"] == "review")
        lines.append((kind, counted(right[n] for n in clear), *told, doubt))
    wrong = [_told(case, both) for case, both, fine in zip(rows, found, right, strict=True) if not fine]
    return {
        "names": table(("kind", "optout", *tools, "in doubt: optout"), lines),
        "wrong": "\n".join(wrong) or "- nothing",
    }


def _told(case: Case, both: tuple[str, str]) -> str:
    wanted = " or ".join(sorted(_WANTED[case["expected"]]))
    return f"- {case['name_a']} / {case['name_b']}: {' and '.join(dict.fromkeys(both))}, wanted {wanted}"


def _both(case: Case) -> tuple[str, str]:
    return case["name_a"], case["name_b"]


def _bare(name: str) -> str:
    return re.sub(r"\s", "", _nfkc(name))


def verdicts(rows: list[Case]) -> list[tuple[str, str]]:
    """What screening says of each pair, the one on the list and the other in the request, and the other way."""
    with tempfile.TemporaryDirectory() as folder:
        ways = [
            _screened(Path(folder) / f"{here}.db", rows, here, there)
            for here, there in (("name_a", "name_b"), ("name_b", "name_a"))
        ]
    return list(zip(*ways, strict=True))


def _screened(path: Path, rows: list[Case], here: str, there: str) -> list[str]:
    told = [_beside(number, case["context"]) for number, case in enumerate(rows)]
    listed = [
        {"氏名": case[here], "住所": row.get("address"), "電話番号": row.get("phone")}
        for case, (row, _) in zip(rows, told, strict=True)
    ]
    asked = [
        optout.Request(
            name=case[there], address=ask.get("address"), phones=[ask["phone"]] if "phone" in ask else []
        )
        for case, (_, ask) in zip(rows, told, strict=True)
    ]
    with optout.Store.create(path, key=b"k" * 32) as store:
        store.suppress(asked)
        frame = pl.DataFrame(listed, schema=dict.fromkeys(("氏名", "住所", "電話番号"), pl.String))
        found: list[str] = optout.screen(frame, store).verdicts["verdict"].to_list()
    return found


def _beside(number: int, context: str) -> tuple[dict[str, str], dict[str, str]]:
    """What else the list and the request tell, in a place and under numbers of this pair alone."""
    home = {"address": f"東京都新宿区西新宿{number + 1}-2-1"}
    mobile, landline = {"phone": f"090-1234-{number:04}"}, {"phone": f"03-1234-{number:04}"}
    row = {"same_mobile": mobile, "same_landline": landline, "same_addr+phone": home | mobile}.get(
        context, home
    )
    return row, home | mobile if context == "same_addr+phone" else row


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--page", type=Path, help="write the tables as a page of the documentation")
    args = parser.parse_args()
    told = {"kanji": kanji(), **names(), "phones": phones(), "emails": emails()}
    told["versions"] = ", ".join(f"{tool} {version(tool)}" for tool in TOOLS)
    text = PAGE.read_text("utf-8").format(**told, unicode=unicodedata.unidata_version)
    if args.page:
        args.page.write_text(text, "utf-8", newline="\n")
    print(text)


if __name__ == "__main__":
    main()
