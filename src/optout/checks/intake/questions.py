"""What is open of an intake, in words; each question begins with the word that settles it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from optout.checks.intake.division import Division
from optout.errors import OptionError

LEAVE_OUT: Final = ("review", "quarantined")
ACKNOWLEDGE: Final = ("damage", "minors")


def questions(division: Division, beside: Sequence[str]) -> list[str]:
    """Every open question, those about the source (`beside`) first for supplier and history."""
    report, counts = division.report, division.counts
    first = [asked for asked in beside if asked.split(":")[0] in ("supplier", "history")]
    later = [asked for asked in beside if asked not in first]
    found = []
    if counts["review"]:
        found.append(f"review: {counts['review']} rows are undecided")
    if division.quarantined.height:
        found.append(f"quarantined: {division.quarantined.height} records could not be read")
    if lost := [line for line in report["damage"] if line["action"] == "lost"]:
        found.append(_lost(lost))
    if division.kept_minors:
        minors = division.findings["minors"]
        found.append(
            f"minors: {division.kept_minors} kept rows are of people under {minors['under']} on {minors['as_of']} "
            f'(16歳未満), first rows {minors["rows"][:5]}; minors="withhold" leaves them out'
        )
    if report["identity_like"]:
        found.append(f"columns: {', '.join(report['identity_like'])} look like identity, not mapped")
    return [*first, *found, *later]


def still_open(asked: Sequence[str], leave_out: Collection[str], acknowledge: Collection[str]) -> list[str]:
    """The questions that these words do not settle.

    Raises:
        OptionError: a word settles nothing.
    """
    _require_known("leave_out", leave_out, LEAVE_OUT)
    _require_known("acknowledge", acknowledge, ACKNOWLEDGE)
    settled = {*leave_out, *acknowledge}
    return [question for question in asked if question.split(":")[0] not in settled]


def _require_known(option: str, given: Collection[str], allowed: tuple[str, ...]) -> None:
    if unknown := set(given) - set(allowed):
        raise OptionError(f"{option} ({len(unknown)} unknown)", allowed)


def _lost(lines: list[dict[str, Any]]) -> str:
    """Values a spreadsheet took, by column; the supplier may still have them."""
    cells = sum(line["count"] for line in lines)
    told = ", ".join(f"{line['header']} ({line['kind']}, {line['count']})" for line in lines)
    return f"damage: {cells} values were lost in a spreadsheet: {told}; ask for the list with these columns as text"
