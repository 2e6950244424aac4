"""What arrives at the desk → cases, and the stops they ask for, in one commit.

The record comes first: a request is on disk and in force before anybody looks for repetitions or checks a document, so
nothing that fails afterwards can lose it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cache
from importlib import metadata
from typing import Final

import polars as pl

from optout import tables
from optout.checks import desk_twins
from optout.errors import OptionError, RecordChangedError, SecondPersonError
from optout.keys import KeyScheme
from optout.register import case_keying as keying
from optout.register import case_parts as parts
from optout.register import case_rules as rules
from optout.register import day
from optout.register.case import Case, actor, case, cases, draft
from optout.register.case_parts import Agent, Keying, Paper, Scope, Terms
from optout.register.case_rules import USUAL, Procedure
from optout.store import Identity, Request, Store, bulk
from optout.store.record import Draft
from optout.text import phone, surname

SHEET: Final = "sheet"
_LETTERS: Final = 7  # 35 bits a day
_TRIES: Final = 3
_SHORT: Final = 2  # letters; hardly anybody's whole name is as short


@dataclass(frozen=True, slots=True)
class Arrival:
    """How something came in.

    Attributes:
        channel: post, fax, phone, email, counter, web or client; Japanese words too.
        received: The day it arrived, a date or any spelling; None = today in Japan.
        client: 依頼元会社名, of the company that forwarded it; `contact` its clerk.
        delivery: 納品番号, of the delivery it is about.
        image: The scanned sheet, by name and hash.
        asked_on: 依頼日, the day the sheet names.
    """

    channel: str = "post"
    received: date | str | None = None
    client: str | None = None
    contact: str | None = None
    delivery: str | None = None
    image: Paper | None = None
    asked_on: date | str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "channel", rules.channel(self.channel))
        object.__setattr__(self, "received", day.read(self.received, "received"))
        object.__setattr__(self, "asked_on", day.read(self.asked_on, "asked_on"))
        for name in ("client", "contact", "delivery"):
            object.__setattr__(self, name, (getattr(self, name) or "").strip() or None)


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What one person asks for.

    Attributes:
        person: Who, and how far a stop goes: channels, household, tenant, kind of entry, reason.
        kind: Kind of the case, a code or a Japanese word.
        agent: Who asks for the person.
        second: A second operator's reading of the same sheet.
        stop: Suppress though this kind does not by itself; None = as the kind says.
        arrival: Of a line of a sheet that names its own client, day or delivery.
        remarks: Codes of `case_rules.remarks` that whoever read the sheet has to say.
        line: Where it stands on its sheet, from 1; None = in the order given.
    """

    person: Request
    kind: str = "stop"
    agent: Agent | None = None
    second: Keying | None = None
    stop: bool | None = None
    arrival: Arrival | None = None
    remarks: tuple[str, ...] = ()
    line: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", rules.kind(self.kind))
        if self.stop is False and rules.kinds()[self.kind].suppresses:
            raise OptionError("stop", (f"True: {rules.kinds()[self.kind].article}",))

    def __repr__(self) -> str:
        return f"Asked({self.kind}, {self.person!r})"

    @property
    def stops(self) -> bool:
        """Whether it suppresses."""
        return rules.kinds()[self.kind].suppresses if self.stop is None else self.stop


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an arrival.

    Attributes:
        cases: One a person, in the order given.
        sheet: Number of the sheet they stand on, when it was one.
        known: The same sheet was recorded before; nothing changed.
        unread: Lines of a file that could not be read: number and why. Nobody in them is recorded.
    """

    cases: tuple[Case, ...]
    sheet: str | None = None
    known: bool = False
    unread: tuple[tuple[int, str], ...] = field(default=())


def receive(
    store: Store,
    asked: Asked | Request | Iterable[Asked | Request],
    arrival: Arrival | None = None,
    procedure: Procedure = USUAL,
    unread: Sequence[tuple[int, str]] = (),
) -> Received:
    """Record what arrived: a case a person, and what they ask to be stopped, in force when this returns.

    Args:
        store: The suppression list.
        asked: One person or all those of a sheet; a plain `Request` asks for a stop.
        arrival: How it came in; by default by post, today.
        procedure: How this office takes requests.
        unread: Lines of a sheet that could not be read.

    Returns:
        The cases, linked by their sheet, each linked to an earlier one of the same person, if there is one.

    Raises:
        OptionError: nobody is named, a word is unknown, or no actor is named.
        SecondPersonError: both readings are by one person.
        StoreBusyError, StoreFailedError: nothing was recorded.
    """
    came, given = arrival or Arrival(), _listed(asked)
    by, on = actor(store), day.today(store)
    paper = came.image
    content = _content(given, came) if paper else ""
    if known := _known(store, paper, content):
        return replace(known, unread=tuple(unread))
    terms = _terms(store, procedure)
    sheet = _number("S", on) if paper or len(given) > 1 or unread else None
    made = [_opened(each, each.arrival or came, procedure, terms, by, on) for each in given]
    if sheet is not None:
        lines = [each.line or n for n, each in enumerate(given, 1)]
        made = [replace(each, sheet=sheet, line=line) for line, each in zip(lines, made, strict=True)]
    _record(store, made, _sheet(sheet, came, made, content, unread))
    return Received(tuple(_looked_at(store, made)), sheet, unread=tuple(unread))


def stop_request(given: Case) -> Request:
    """What the case suppresses: every reading of it, and the case as its origin."""
    readings = [each.given for each in given.keyed]
    main, *others = keying.distinct([given.person, *readings, *given.others])
    own = {each.name: getattr(main, each.name) for each in fields(Identity)}
    return Request(
        **own,
        received=given.received,
        source=f"{given.channel} {given.id}",
        channels=given.scope.channels,
        household=given.scope.household,
        tenant=given.scope.tenant,
        identities=others,
        kind=given.scope.entry,
        reason=given.reason,
    )


def _listed(asked: Asked | Request | Iterable[Asked | Request]) -> list[Asked]:
    given = [asked] if isinstance(asked, Asked | Request) else list(asked)
    if not given or not all(isinstance(each, Asked | Request) for each in given):
        raise OptionError("asked", ("an Asked or Request", "a list of them that is not empty"))
    return [Asked(each) if isinstance(each, Request) else each for each in given]


def _opened(asked: Asked, came: Arrival, procedure: Procedure, terms: Terms, by: str, on: date) -> Case:
    """The case of one person; a difference of readings shows from its first version on."""
    who, person = asked.person, identity_of(asked.person)
    keyed = (Keying(by, person), asked.second) if asked.second else ()
    if asked.second and asked.second.by.strip() in ("", by):
        raise SecondPersonError("both readings of the sheet are by one operator")
    differs = keying.unsettled(keyed)
    received = came.received if isinstance(came.received, date) else on
    if received > on:
        raise OptionError("received", (f"a day up to today ({on.isoformat()})",))
    return Case(
        id=_number("C", on),
        kind=asked.kind,
        channel=came.channel,
        received=received,
        due=procedure.due(asked.kind, received),
        person=person,
        terms=terms,
        by=by,
        on=on,
        state="needs_rekey" if differs else rules.FIRST,
        others=tuple(who.identities),
        scope=Scope(tuple(who.channels or ()), who.household, who.tenant, who.kind),
        stops=asked.stops,
        reason=who.reason,
        client=came.client,
        contact=came.contact,
        delivery=came.delivery,
        asked_on=came.asked_on if isinstance(came.asked_on, date) else None,
        agent=asked.agent,
        keyed=keyed,
        differs=differs,
        remarks=asked.remarks,
    )


def identity_of(person: Request) -> Identity:
    """Who a request is about, without how far it goes."""
    return Identity(**{each.name: getattr(person, each.name) for each in fields(Identity)})


def _record(store: Store, made: Sequence[Case], sheet: Draft | None) -> None:
    """One commit: the stops, the cases with the ids of their stops, the sheet."""
    stopping = [each for each in made if each.stops]
    beside = [sheet] if sheet else []

    def drafts(ids: Sequence[str]) -> list[Draft]:
        held = dict(zip((each.id for each in stopping), ids, strict=True))
        whole = [replace(each, requests=(held[each.id],)) if each.id in held else each for each in made]
        return [*map(draft, whole), *beside]

    if not stopping:
        store.keep(drafts(()), "case received", {"cases": len(made)})
    elif len(stopping) == 1:
        store.suppress(stop_request(stopping[0]), also=drafts)
    else:
        store.suppress([stop_request(each) for each in stopping], also=drafts)


def _looked_at(store: Store, made: Sequence[Case]) -> list[Case]:
    """The cases just recorded, with remarks and links to earlier ones, if there are any, in one more commit."""
    for _ in range(_TRIES):
        everyone = cases(store)
        fresh = [everyone[each.id] for each in made]
        links = desk_twins.earlier(store, fresh, list(everyone.values()))
        seen = [replace(each, canonical=links.get(each.id)) for each in _with_remarks(fresh)]
        changed = [after for before, after in zip(fresh, seen, strict=True) if after != before]
        if not changed:
            return fresh
        # Somebody may be working on one of them already: what was done counts, and is looked at again.
        with suppress(RecordChangedError):
            kept = store.keep([draft(each) for each in changed], "cases looked at", {"cases": len(changed)})
            versions = {record.id: record.n for record in kept}
            return [replace(each, n=versions.get(each.id, each.n)) for each in seen]
    return [case(store, each.id) for each in made]


def _sheet(
    number: str | None, came: Arrival, made: Sequence[Case], content: str, unread: Sequence[tuple[int, str]]
) -> Draft | None:
    if number is None:
        return None
    content_of = {"content": content} if content else {}
    told = {
        **parts.told(came),
        "received": made[0].received.isoformat(),
        "cases": [each.id for each in made],
        "unread": [list(line) for line in unread],
        **content_of,
    }
    return Draft(SHEET, number, told, after=0)


def _known(store: Store, paper: Paper | None, content: str) -> Received | None:
    """The cases of the same sheet with the same people on it, recorded before."""
    if paper is None:
        return None
    for number, record in store.records(SHEET).items():
        same = record.told.get("image", {}).get("sha256") == paper.sha256
        if same and record.told.get("content") == content:
            found = tuple(case(store, case_id) for case_id in record.told["cases"])
            return Received(found, number, known=True)
    return None


def _content(given: Sequence[Asked], came: Arrival) -> str:
    """SHA-256 (hex) of what is asked, for a sheet that is handed in twice; sealed with the sheet."""
    told = [
        (
            each.kind,
            each.stop,
            each.person.canonical.decode(),
            parts.told(each.agent),
            parts.told(each.second),
        )
        for each in given
    ]
    whole = json.dumps([told, came.client, came.delivery], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _terms(store: Store, procedure: Procedure) -> Terms:
    scheme = KeyScheme.current(store.gazetteer()).tag
    return Terms(scheme, tables.digest(), procedure.policy, metadata.version("optout"), procedure.told)


def _number(letter: str, on: date) -> str:
    """A number that no other day gives; within a day it is drawn, and recording it twice is refused."""
    drawn = base64.b32encode(secrets.token_bytes(5)).decode("ascii")[:_LETTERS]
    return f"{letter}-{on:%Y%m%d}-{drawn}"


def _with_remarks(made: Sequence[Case]) -> list[Case]:
    """Cases with what the desk should know of each before it goes on."""
    numbers = _numbers(made)
    often: dict[str, int] = {}
    for of_one in numbers:
        for number in of_one[0]:
            often[number] = often.get(number, 0) + 1
    alone = bulk.from_requests([stop_request(each) for each in made]).unmatchable()
    told = []
    for each, (personal, odd), lost in zip(made, numbers, alone, strict=True):
        found = {
            "unmatchable": lost,
            "delivery_missing": (each.channel == "client" or bool(each.client)) and not each.delivery,
            "surname_only": _is_surname(each.person.name),
            "same_number": any(often[number] > 1 for number in personal),
            "shared_number": odd,
            "agent_unnamed": each.agent is not None and not each.agent.name.strip(),
            **_worded(each),
        }
        said = (*each.remarks, *(code for code, holds in found.items() if holds))
        told.append(replace(each, remarks=tuple(code for code in rules.remarks() if code in said)))
    return told


def _numbers(made: Sequence[Case]) -> list[tuple[set[str], bool]]:
    """For each case the numbers that may be a person's own, and whether one is nobody's."""
    cells = [(n, number) for n, each in enumerate(made) for number in each.person.phones]
    found: list[tuple[set[str], bool]] = [(set(), False) for _ in made]
    if not cells:
        return found
    parsed = phone.parse(pl.Series([number for _, number in cells], dtype=pl.String))
    for (n, _), keys, numbers in zip(cells, parsed["keys"], parsed["numbers"], strict=True):
        personal, odd = found[n]
        found[n] = (personal | set(keys), odd or len(numbers) > len(keys))
    return found


def _is_surname(name: str | None) -> bool:
    """Whether a name is a surname and nothing behind it."""
    written = (name or "").strip()
    if len(written.split()) != 1:
        return False
    return len(written) <= _SHORT or written in surname.surnames(len(written))


def _worded(given: Case) -> dict[str, bool]:
    """Remarks that the words of a field give."""
    texts = {"address": given.person.address, "reason": given.reason}
    return {code: pattern.search(texts[name] or "") is not None for code, name, pattern in _patterns()}


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    rows = tables.load("case_remark").select("remark", "field", "pattern").drop_nulls("pattern").iter_rows()
    return tuple((code, name, re.compile(pattern)) for code, name, pattern in rows)
