"""A person's request (求め) as it was given, and the entries of the suppression list it becomes.

Nothing is corrected or normalised here: keys are made from entries under the scheme of the day. A former
surname or an old address is one more `Identity`; each name form is listed with each address.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import Any, Final, Generic, TypeAlias, TypeVar

from optout import tables
from optout.errors import OptionError
from optout.schema import CHANNELS
from optout.store.entry import told_rows
from optout.store.kind import OPT_OUT, covered, kind, words

Texts: TypeAlias = str | Iterable[str]
Form: TypeAlias = tuple[str | None, ...]
Answer = TypeVar("Answer")

ALL: Final = "all"
_NAME: Final = ("name", "kana", "company")
_PLACE: Final = ("postal", "address")
_LISTS: Final = ("phones", "emails")
_DATED: Final = ("birth_date", "received")
_TEXT: Final = (
    "name",
    "kana",
    "postal",
    "address",
    "company",
    "corporate_number",
    "source",
    "tenant",
    "reason",
)
_TEXT_ALLOWED: Final = ("text (str)", "None")


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """One way a person may stand in a list: a former surname, an old address, a second number.

    Attributes are those of `Request`; what is missing is taken from the request, except that another name
    is not given the request's kana, nor another address its postal code.

    Examples:
        >>> Identity(name="見本 花子")
        Identity(name)
    """

    name: str | None = None
    kana: str | None = None
    postal: str | None = None
    address: str | None = None
    phones: Texts = ()
    emails: Texts = ()
    birth_date: str | date | None = None
    company: str | None = None
    corporate_number: str | None = None

    def __post_init__(self) -> None:
        _settle(self)

    def __repr__(self) -> str:
        return f"Identity({', '.join(_filled(self))})"


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One request to be left out, as given.

    Attributes:
        name: Kanji or as written; `kana` its reading; both any spelling.
        postal: Any spelling; `address` from the prefecture on, or as much as was given.
        phones: One number or several, fax numbers included.
        emails: One address or several.
        birth_date: Text in any spelling, or a date.
        received: When it arrived; text or a date.
        source: How it arrived, or from whom.
        channels: "all", or one or several of mail phone fax email sms (郵送 電話 FAX メール SMS); None = those of
            the kind, which are covered in any case.
        household: Whether it speaks for everyone at the address.
        tenant: Whose list it is for; None = every list.
        identities: Other names, addresses and numbers of the same person.
        kind: opt_out (停止), deceased (故人), minor (未成年), do_not_call (架電禁止), moved_away (転居) or legal_hold
            (法的保全); what each does stands in tables/request_kind.tsv.
        reason: Why, in whatever words.

    Raises:
        OptionError: a field is of another type, or a channel or kind does not exist.

    Examples:
        >>> Request(name="見本 一郎", phones="090-1234-5678", channels="電話,FAX")
        Request(name, phones; phone,fax)
        >>> Request(name="見本 一郎", phones="090-1234-5678", kind="架電禁止")
        Request(name, phones; do_not_call phone,sms)
    """

    name: str | None = None
    kana: str | None = None
    postal: str | None = None
    address: str | None = None
    phones: Texts = ()
    emails: Texts = ()
    birth_date: str | date | None = None
    company: str | None = None
    corporate_number: str | None = None
    received: str | date | None = None
    source: str | None = None
    channels: Texts | None = None
    household: bool = False
    tenant: str | None = None
    identities: Iterable[Identity] = ()
    kind: str = OPT_OUT
    reason: str | None = None

    def __post_init__(self) -> None:
        _settle(self)
        object.__setattr__(self, "kind", kind(self.kind))
        said = None if self.channels is None else channels(self.channels)
        object.__setattr__(self, "channels", covered(self.kind, said))
        if not isinstance(self.household, bool):
            raise OptionError("household", ("True", "False"))
        others = tuple(self.identities) if isinstance(self.identities, Iterable) else (None,)
        if not all(isinstance(other, Identity) for other in others):
            raise OptionError("identities", ("a list of Identity",))
        object.__setattr__(self, "identities", others)

    def __repr__(self) -> str:
        covers = self._covered
        scope = ALL if covers == CHANNELS else ",".join(covers)
        what = "" if self.kind == OPT_OUT else f"{self.kind} "
        return f"Request({', '.join(_filled(self))}; {what}{scope})"

    @property
    def _covered(self) -> tuple[str, ...]:
        return tuple(self.channels or ())

    @property
    def canonical(self) -> bytes:
        """The request as given, as canonical JSON: the same request gives the same bytes in every version."""
        given = {**_plain(self), "identities": [_plain(other) for other in self.identities]}
        (given,) = told_rows([given])
        return json.dumps(given, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @property
    def is_plain(self) -> bool:
        """Whether an optout of the first format reads it as it is meant."""
        return self.kind == OPT_OUT and self.reason is None

    def entries(self, request_id: str) -> list[dict[str, Any]]:
        """Rows of `schema.ENTRY_SCHEMA`: every name form with every address, each with all numbers."""
        everyone: list[Request | Identity] = [self, *self.identities]
        shared = {
            "request": request_id,
            "tenant": self.tenant,
            "channels": list(self._covered),
            "household": self.household,
            "received": self.received,
            "source": self.source,
            "phones": _union(everyone, "phones"),
            "emails": _union(everyone, "emails"),
            "birth_date": _first(everyone, "birth_date"),
            "corporate_number": _first(everyone, "corporate_number"),
            "kind": self.kind,
            "reason": self.reason,
            "first_seen": None,
        }
        names = _forms(self, [_named(self, other) for other in self.identities], _NAME)
        places = _forms(self, [_placed(self, other) for other in self.identities], _PLACE)
        pairs = [dict(zip(_NAME + _PLACE, name + place, strict=True)) for name in names for place in places]
        return [shared | pair for pair in pairs]


@dataclass(frozen=True, slots=True, eq=False)
class Receipt:
    """What `Store.suppress` did, aligned with the requests or rows given.

    Attributes:
        named: Says `request_ids`; asked when they are first read, which for a list of a million takes a while.
        revision: The store's, after the change.
        judge: Finds `unmatchable`; asked once, when that is first read.
        known: The same was recorded before, and stands; nothing changed.
    """

    named: Callable[[], list[str]]
    revision: int
    judge: Callable[[], list[bool]]
    known: bool = False

    @property
    def request_ids(self) -> list[str]:
        """One a request or row."""
        return self.named()

    @property
    def unmatchable(self) -> list[bool]:
        """True where nothing that identifies anyone survives the rules of the day; stored all the same.

        Found on first reading: an opt-out is on disk in milliseconds, making its keys takes far longer.
        """
        return self.judge()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Receipt):
            return NotImplemented
        return (self.request_ids, self.revision) == (other.request_ids, other.revision)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        said = ", known" if self.known else ""
        return f"Receipt({len(self.request_ids)} requests, revision={self.revision}{said})"

    def __reduce__(self) -> tuple[Any, ...]:
        # A judge holds what was given; what leaves the process is its answer.
        answers = (Answered(tuple(self.request_ids)), self.revision, Answered(tuple(self.unmatchable)))
        return Receipt, (*answers, self.known)


@dataclass(frozen=True, slots=True)
class Answered(Generic[Answer]):
    """An answer already known, in place of what a `Receipt` asks."""

    known: tuple[Answer, ...]

    def __call__(self) -> list[Answer]:
        """The answer."""
        return list(self.known)


def channels(written: Texts | None) -> tuple[str, ...]:
    """Channels in the order of `schema.CHANNELS`; OptionError when one does not exist.

    Examples:
        >>> channels("電話、ＦＡＸ")
        ('phone', 'fax')
    """
    known = tuple(read_channels(part) for part in _channel_words(written))
    if not known or None in known:
        raise OptionError("channels", (ALL, *CHANNELS, "郵送", "電話", "FAX", "メール", "SMS"))
    chosen = {channel for each in known for channel in each or ()}
    return tuple(channel for channel in CHANNELS if channel in chosen)


def read_channels(cell: str) -> tuple[str, ...] | None:
    """The channels one cell names, split at commas and the like; None when a word is unknown."""
    said = words(cell)
    known = [_words().get(word) for word in said]
    if not said or None in known:
        return None
    chosen = {channel for each in known for channel in each or ()}
    return tuple(channel for channel in CHANNELS if channel in chosen)


def _channel_words(written: Texts | None) -> list[str]:
    if written is None:
        return [ALL]
    parts = [written] if isinstance(written, str) else list(written) if isinstance(written, Iterable) else []
    return parts if all(isinstance(part, str) for part in parts) else []


@cache
def _words() -> dict[str, tuple[str, ...]]:
    rows = tables.mapping("channel")
    meaning = {written: CHANNELS if channel == ALL else (channel,) for written, channel in rows.items()}
    return {"".join(words(written)): channel for written, channel in meaning.items()}


def _settle(given: Request | Identity) -> None:
    """Check the types and make blanks None, numbers tuples, dates text. Values stay as written."""
    names = {field.name for field in fields(given)}
    for name in names.intersection(_TEXT):
        object.__setattr__(given, name, _text(name, getattr(given, name)))
    for name in names.intersection(_DATED):
        object.__setattr__(given, name, _dated(name, getattr(given, name)))
    for name in _LISTS:
        object.__setattr__(given, name, _texts(name, getattr(given, name)))


def _text(field: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise OptionError(field, _TEXT_ALLOWED)
    # Half of a surrogate pair (a bad decode elsewhere) cannot be stored; the rest of the value can.
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole if whole.strip() else None


def _dated(field: str, value: object) -> str | None:
    if isinstance(value, datetime) and field == "birth_date":
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else _text(field, value)


def _texts(field: str, value: object) -> tuple[str, ...]:
    if value is None or isinstance(value, str):
        value = (value,)
    if not isinstance(value, Iterable) or isinstance(value, bytes):
        raise OptionError(field, ("a text (str)", "a list of texts"))
    texts = [_text(field, each) for each in value]
    return tuple(dict.fromkeys(text for text in texts if text is not None))


def _filled(given: Request | Identity) -> list[str]:
    """Field names that have a value; never the values."""
    own = ("channels", "household", "tenant", "kind")
    return [field.name for field in fields(given) if field.name not in own and getattr(given, field.name)]


def _plain(given: Request | Identity) -> dict[str, Any]:
    return {field.name: getattr(given, field.name) for field in fields(given)}


def _union(everyone: Sequence[Request | Identity], field: str) -> list[str]:
    return list(dict.fromkeys(value for each in everyone for value in getattr(each, field)))


def _first(everyone: Sequence[Request | Identity], field: str) -> str | None:
    return next((value for each in everyone if (value := getattr(each, field)) is not None), None)


def _named(main: Request, other: Identity) -> Form:
    """Name, kana, company of an identity. Another name does not read as the main one does."""
    another = other.name is not None and other.name != main.name
    kana = other.kana if another else other.kana or main.kana
    return (other.name or main.name, kana, other.company or main.company)


def _placed(main: Request, other: Identity) -> Form:
    """Postal code and address of an identity. Another address is not at the main one's postal code."""
    another = other.address is not None and other.address != main.address
    postal = other.postal if another else other.postal or main.postal
    return (postal, other.address or main.address)


def _forms(main: Request, others: list[Form], parts: tuple[str, ...]) -> list[Form]:
    """Distinct forms, the main one first; an empty form only when there is no other."""
    own: Form = tuple(getattr(main, part) for part in parts)
    distinct = list(dict.fromkeys([own, *others]))
    return [form for form in distinct if any(form)] or [own]
