"""A client's own sheet of people who refused, taken back: each is a case and suppressed, whatever else the sheet says.

Which delivery a line is about is looked up in the ledger afterwards: a number nobody delivered under, or one of another
client, is reported, and changes nothing of the stop. So is a person who was not in that delivery.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from optout.checks import provided
from optout.checks.desk_intake import Arrival, Received
from optout.checks.desk_sheet import receive_sheet
from optout.register import ledger
from optout.register.case import Case
from optout.store import Store
from optout.text import company


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TakenBack:
    """What a client's sheet said.

    Attributes:
        received: The cases, one a person, suppressed; and the lines that could not be read.
        deliveries: Delivery number → lines of the sheet that name it, of those on record for this client.
        unknown: Delivery number → lines, of those nothing was delivered under.
        of_others: Delivery number → lines, of those that went to another client.
        untold: Lines that name no delivery.
        not_in_it: Numbers of cases whose person is not found in the delivery that their line names.
    """

    received: Received
    deliveries: Mapping[str, int]
    unknown: Mapping[str, int]
    of_others: Mapping[str, int]
    untold: int
    not_in_it: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<TakenBack {len(self.received.cases)} cases, {len(self.unknown)} unknown deliveries>"


def take_back(
    store: Store,
    path: str | Path,
    client: str | None = None,
    delivery: str | None = None,
    columns: Mapping[str, str | int | Sequence[str | int]] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> TakenBack:
    """Record the people of a client's sheet, and say which deliveries it speaks of.

    Args:
        store: The suppression list.
        path: A .csv, .tsv, .xlsx or .parquet file, as for `desk.receive_sheet`.
        client: 依頼元会社名, where the lines do not name it.
        delivery: 納品番号, where the lines do not name it.
        columns, encoding, sheet: As for `desk.receive_sheet`.

    Returns:
        The cases and what was looked up. The same file again changes nothing.

    Raises:
        InputError: the file cannot be used; nothing was recorded.
        SeedMissedError: the search in the ledger failed; the stops are recorded all the same.
    """
    arrival = Arrival("client", client=client, delivery=delivery)
    received = receive_sheet(store, path, arrival, columns=columns, encoding=encoding, sheet=sheet)
    known = _recipients(store)
    told = [(case, _folded(case.delivery)) for case in received.cases if case.delivery]
    names = {number: str(case.delivery) for case, number in told}
    unknown = [number for _, number in told if number not in known]
    others = [number for case, number in told if number in known and not _is_of(case, known[number])]
    ours = [(case, number) for case, number in told if number in known and _is_of(case, known[number])]
    return TakenBack(
        received,
        _counted([number for _, number in ours], names),
        _counted(unknown, names),
        _counted(others, names),
        len(received.cases) - len(told),
        _missing(store, ours),
    )


def _recipients(store: Store) -> dict[str, set[str]]:
    """Delivery number → who got it, folded."""
    known: dict[str, set[str]] = {}
    for one in ledger.provisions(store):
        if one.delivery:
            known.setdefault(_folded(one.delivery), set()).add(_firm(str(one.recipient.get("name") or "")))
    return known


def _is_of(case: Case, recipients: set[str]) -> bool:
    """Whether a delivery went to the client of a line; one that is not named is not contradicted."""
    return not case.client or _firm(case.client) in recipients


def _missing(store: Store, told: list[tuple[Case, str]]) -> tuple[str, ...]:
    """Cases whose person the ledger does not find in the delivery they name."""
    requests = [request for case, _ in told for request in case.requests]
    found = provided.found(store, requests) if requests else pl.DataFrame({"request": [], "delivery": []})
    within = {
        (request, _folded(number))
        for request, number in found.select("request", "delivery").iter_rows()
        if number
    }
    return tuple(
        case.id for case, number in told if not any((request, number) in within for request in case.requests)
    )


def _counted(numbers: list[str], names: Mapping[str, str]) -> dict[str, int]:
    return {names[number]: n for number, n in sorted(Counter(numbers).items())}


def _folded(written: str | None) -> str:
    return "".join(unicodedata.normalize("NFKC", written or "").upper().split())


def _firm(written: str) -> str:
    """A company without its legal form: 見本商事㈱ = 株式会社見本商事."""
    parsed = company.parse(pl.Series([written], dtype=pl.String)).row(0, named=True)
    return str(parsed["core"] or _folded(written))
