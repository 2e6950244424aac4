"""The columns of a list → its subjects (本人): which columns tell of which person.

One row may hold several people. A role with a name is a person of its own (送付先); 自宅 and 会社 are further
places of the same person; a 保護者 or a 連名 without an address of their own lives at the first person's.
Policy: an address is given to a further person only where leaving it out could miss them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from optout.batch import headers, spelling
from optout.errors import AmbiguousColumnError
from optout.schema import SELF

_JOINT: Final = "joint"
_NAMES: Final = frozenset({"name", "name_family", "name_given", "kana", "kana_family", "kana_given"})
_ADDRESSES: Final = frozenset(
    {
        "pref",
        "city",
        "town",
        "addr_rest",
        "address",
        "address_1",
        "address_2",
        "address_3",
        "address_4",
        "building",
    }
)
_POSTAL: Final = frozenset({"postal", "postal_1", "postal_2"})
# What tells who a row is about; a postal code or a former surname alone does not.
_IDENTITY: Final = _NAMES | _ADDRESSES | {"birth_date", "birth_year", "corporate_number", "company"}
_KANA: Final = re.compile(r"カナ|かな|ガナ|がな|よみ|ヨミ|kana|読み")
_DIGIT: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One column and what it was taken for.

    Attributes:
        position: Place in the list, from 0.
        header: As written.
        field: A field of header_field.tsv, "" when unmapped.
        role: Whose it is.
        told: Said by the caller, not recognised.
        rank: Order in which columns of one field are joined.
    """

    position: int
    header: str
    field: str = ""
    role: str = SELF
    told: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """One person of a row: the positions of the columns that tell of them.

    Attributes:
        role: Name in the raw frame.
        fields: Single-valued field → positions (several when they are joined).
        phones: Each number: one position, or the three of its parts.
        emails: Positions.
        own: Positions of which one must be filled for the person to exist in a row; empty: always.
        joint: Named beside the first person (連名): may be several names, may lack the surname.
        guest: The address is another's, so it holds only in rows that name this person.
        beside: Role of the person a joint name stands beside.
    """

    role: str
    fields: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    phones: tuple[tuple[int, ...], ...] = ()
    emails: tuple[int, ...] = ()
    own: tuple[int, ...] = ()
    joint: bool = False
    guest: bool = False
    beside: str = SELF

    @property
    def named(self) -> bool:
        """Whether a name or kana column tells who this is."""
        return bool(_NAMES & self.fields.keys())

    @property
    def located(self) -> bool:
        """Whether a column tells where."""
        return bool(_ADDRESSES & self.fields.keys())

    @property
    def identified(self) -> bool:
        """Whether any column tells who a row is about."""
        return bool(self.phones or self.emails or _IDENTITY & self.fields.keys())

    def restricted(self, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """Those of the fields that are among `names`."""
        return {name: places for name, places in self.fields.items() if name in set(names)}


def joint_role(role: str) -> str:
    """The role of whoever is named beside a person: 連名, the second line of a name."""
    return _JOINT if role == SELF else f"{role}_{_JOINT}"


def _is_joint(role: str) -> bool:
    return role == _JOINT or role.endswith(f"_{_JOINT}")


def assemble(columns: Sequence[Column], triples: Sequence[tuple[int, ...]]) -> tuple[Subject, ...]:
    """The subjects of a list, the first person first.

    Args:
        columns: Every mapped column.
        triples: Positions of phone numbers written in three parts.

    Returns:
        Subjects that have an identifier, in this order: people, further places, joint names.

    Raises:
        AmbiguousColumnError: two columns claim one single-valued field of one person.
    """
    roles = dict.fromkeys(column.role for column in columns if not _is_joint(column.role) and _claims(column))
    people = {
        role: _subject(role, [c for c in columns if c.role == role], triples) for role in [SELF, *roles]
    }
    people = _with_nameless(people)
    people = _with_only_name(people)
    people = _with_only_address(people)
    places = [role for role in people if headers.kind_of(role) == "place" and not people[role].named]
    base = _base(people, places)
    for role in sorted(places, key=lambda role: role != "home"):
        base, further = _with_place(people.get(base.role, base), people.pop(role))
        people[base.role] = base
        if further is not None:
            people[role] = further
    first = people.get(base.role, base)
    members = [
        _with_home(subject, first)
        for role, subject in people.items()
        if role != first.role and role not in places
    ]
    rest = [people[role] for role in places if role in people]
    together = [first, *members, *rest, *_joint_subjects(columns, triples, people, first)]
    return tuple(subject for subject in together if subject.identified)


def _joint_subjects(
    columns: Sequence[Column],
    triples: Sequence[tuple[int, ...]],
    people: Mapping[str, Subject],
    first: Subject,
) -> list[Subject]:
    """Everybody named beside somebody, at that person's address."""
    found = []
    for role in dict.fromkeys(column.role for column in columns if _is_joint(column.role)):
        beside = people.get(role.removesuffix(f"_{_JOINT}"), first)
        mine = [column for column in columns if column.role == role]
        found += [
            replace(_with_home(one, beside), beside=beside.role) for one in _joints(role, mine, triples)
        ]
    return found


def _claims(column: Column) -> bool:
    return headers.kinds().get(column.field, "unused") != "unused"


def _subject(role: str, columns: Sequence[Column], triples: Sequence[tuple[int, ...]]) -> Subject:
    fields: dict[str, tuple[int, ...]] = {}
    slots, kinds = headers.slots(), headers.kinds()
    for name in dict.fromkeys(column.field for column in columns):
        same = sorted((c for c in columns if c.field == name), key=lambda c: (c.rank, c.position))
        if kinds.get(name) == "single" and len(same) > 1 and not all(c.told for c in same):
            raise AmbiguousColumnError([c.header for c in same], [_meaning(role, name)])
        if kinds.get(name) in {"single", "joined"}:
            fields[name] = tuple(c.position for c in same)
    ordered = sorted(columns, key=lambda c: c.position)
    mine = {c.position for c in columns}
    parts = [triple for triple in triples if set(triple) <= mine]
    singles = [
        (c.position,) for c in ordered if slots.get(c.field) == "phone" and not c.field.startswith("phone_n")
    ]
    emails = tuple(c.position for c in ordered if slots.get(c.field) == "email")
    own = tuple(c.position for c in ordered if _claims(c) and slots.get(c.field) not in {"flag", "note"})
    return Subject(role, fields, (*parts, *singles), emails, own if role != SELF else ())


def _meaning(role: str, name: str) -> str:
    return name if role == SELF else f"{role}.{name}"


def _base(people: Mapping[str, Subject], places: Sequence[str]) -> Subject:
    """The person further places and members belong to: self, or the first of the list with an address."""
    others = [role for role in people if role not in (SELF, *places)]
    if people[SELF].identified or not others:
        return people[SELF]
    return people[next((role for role in others if people[role].located), others[0])]


def _joined(one: Subject, other: Subject, fields: Mapping[str, tuple[int, ...]]) -> Subject:
    phones = tuple(dict.fromkeys((*one.phones, *other.phones)))
    emails = tuple(dict.fromkeys((*one.emails, *other.emails)))
    own = (*one.own, *other.own) if one.own else ()
    return Subject(one.role, {**fields, **one.fields}, phones, emails, own)


def _with_nameless(people: dict[str, Subject]) -> dict[str, Subject]:
    """登録用電話番号: a first word no table knows, without a name of its own, tells of the first person."""
    kept = {SELF: people[SELF]}
    for role, subject in people.items():
        if role == SELF:
            continue
        if headers.kind_of(role) != "unknown" or subject.named:
            kept[role] = subject
        elif not subject.located or not kept[SELF].located:
            kept[SELF] = _joined(kept[SELF], subject, subject.fields)
        else:
            kept[SELF] = _joined(kept[SELF], subject, {})
            kept[role] = Subject(role, subject.fields, own=subject.own)
    return kept


def _with_only_name(people: dict[str, Subject]) -> dict[str, Subject]:
    """契約者名, 住所, 電話番号: the only named person of a row is whom its plain columns tell of.

    Of several who live together (生徒氏名, 保護者氏名, 住所) it is the first; of a firm's people it is nobody.
    """
    plain = people[SELF]
    named = [subject for subject in people.values() if subject.named]
    housemates = [one for one in named if headers.kind_of(one.role) == "member"]
    whose = named if len(named) == 1 else [] if "company" in plain.fields else housemates[:1]
    if not plain.identified or plain.named or not whose:
        return people
    slots = headers.slots()
    taken = {slots[name] for name in plain.fields}
    if taken & {slots[name] for name in whose[0].fields}:
        return people
    merged = _joined(plain, whose[0], whose[0].fields)
    return {SELF: merged} | {role: one for role, one in people.items() if role not in (SELF, whose[0].role)}


def _with_only_address(people: dict[str, Subject]) -> dict[str, Subject]:
    """氏名, 電話番号, 請求先住所: the only address of a row that names one person is that person's."""
    first = people[SELF]
    there = [one for role, one in people.items() if role != SELF and one.located]
    alone = not any(one.named for role, one in people.items() if role != SELF)
    if not first.named or first.located or len(there) != 1 or not alone:
        return people
    if headers.kind_of(there[0].role) != "person" or not first.fields.keys().isdisjoint(there[0].fields):
        return people
    merged = _joined(first, there[0], there[0].fields)
    return {SELF: merged} | {role: one for role, one in people.items() if role not in (SELF, there[0].role)}


def _with_place(person: Subject, place: Subject) -> tuple[Subject, Subject | None]:
    """A further place: the person's own when they have none, else the same person there."""
    where = place.restricted(_ADDRESSES | _POSTAL)
    extra = {name: places for name, places in place.fields.items() if name not in where}
    if place.role == "home":
        free = not {headers.slots()[name] for name in where} & {
            headers.slots()[name] for name in person.fields
        }
    else:
        free = not person.restricted(_ADDRESSES | _POSTAL)
    reached = _joined(person, place, {**extra, **(where if free else {})})
    if free or not place.located:
        return reached, None
    who = {name: places for name, places in reached.fields.items() if name not in _ADDRESSES | _POSTAL}
    there = tuple(position for positions in where.values() for position in positions)
    return reached, Subject(place.role, {**who, **where}, reached.phones, reached.emails, there)


def _with_home(subject: Subject, first: Subject) -> Subject:
    """A member of the first person's house or firm shares their address, phones and company."""
    if not subject.named or not (subject.joint or headers.kind_of(subject.role) == "member"):
        return subject
    shared = {} if subject.located else first.restricted(_ADDRESSES | _POSTAL)
    shared |= first.restricted({"company"})
    phones = subject.phones or first.phones
    fields = {**shared, **subject.fields}
    return replace(subject, fields=fields, phones=phones, guest=not subject.located)


def _joints(role: str, columns: Sequence[Column], triples: Sequence[tuple[int, ...]]) -> list[Subject]:
    """連名1, 連名2, ご家族: one person a column; kana go with the name of the same number or place."""
    plural = [c for c in columns if c.field == "joint_names" or c.field in {"name", "kana"}]
    names = [
        c
        for c in plural
        if c.field == "name" or (c.field == "joint_names" and not _KANA.search(spelling.fold(c.header)))
    ]
    kanas = [c for c in plural if c not in names]
    rest = [c for c in columns if c not in plural]
    people: dict[str, list[Column]] = {}
    for kind, same in (("name", names), ("kana", kanas)):
        for place, column in enumerate(sorted(same, key=lambda c: c.position), 1):
            number = _DIGIT.search(spelling.fold(column.header))
            key = number[0] if number else f"place {place}" if len(same) > 1 else "1"
            people.setdefault(key, []).append(Column(column.position, column.header, kind, role, column.told))
    for column in rest:
        number = _DIGIT.search(spelling.fold(column.header))
        known = number is not None and number[0] in people
        people.setdefault(number[0] if number and known else next(iter(people), "1"), []).append(column)
    made = []
    for place, mine in enumerate(people.values(), 1):
        subject = _subject(role if place == 1 else f"{role}_{place}", mine, triples)
        made.append(replace(subject, joint=True))
    return made
