"""What may be done with a case: kinds, channels, states, moves, refusals, checks (tables/case_*.tsv) as objects.

Sources: 個人情報保護法 第27条第2項, 第32条–第40条, 政令 第12条・第13条; every line of a table names its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Final, Literal, TypeAlias

from optout import tables
from optout.errors import IllegalMoveError, NoGroundError, OptionError
from optout.schema import POLICIES

Need: TypeAlias = Literal["required", "optional", "none"]

FIRST: Final = "received"
LIFTING: Final = ("refused", "withdrawn")  # ends what the case suppressed
_REQUIRED: Final = "required"
_BLANKS: Final = str.maketrans("", "", " \t\u3000")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request (求めの種類).

    Attributes:
        code: stop, correct, erase, disclose, disclose_records, purpose or complaint.
        japanese: As letters name it.
        article: 個人情報保護法; `answer_article`: by which the answer must be told, if any.
        suppresses: Whether it stops provision by itself.
        identity: Whether the person must be checked: required, optional (by the desk's procedure) or none.
        fee: Whether a fee may be taken (第38条).
        days: Until the answer is due, counted from arrival.
        limit: The article that lets the person sue after two weeks; blank = none.
        steps: What has to be done, in order.
    """

    code: str
    japanese: str
    article: str
    answer_article: str
    suppresses: bool
    identity: Need
    fee: bool
    days: int
    limit: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A ground on which a request may be refused.

    Attributes:
        code: As it is recorded.
        japanese: The sentence of the letter (第36条).
        kinds: Kinds of request it may be said to.
        article: Where the law knows it.
    """

    code: str
    japanese: str
    kinds: tuple[str, ...]
    article: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """How the office takes requests (請求等に応じる手続, 第37条); frozen on every case.

    Attributes:
        days: Kind → days until the answer is due, where it is not that of the table; never later than two weeks where
            the person may sue after them.
        check: Kinds for which the check of identity is "required" or "none", where it is not that of the table.
        fee: Kind → yen; only for kinds with a fee.
        twin_days: A request of the same kind of the same person within so many days is linked to the first.
        policy: Screening policy, `person` or `household`, under which the case is carried out.
    """

    days: Mapping[str, int] = field(default_factory=dict)
    check: Mapping[str, Need] = field(default_factory=dict)
    fee: Mapping[str, int] = field(default_factory=dict)
    twin_days: int = 90
    policy: str = "person"

    def __post_init__(self) -> None:
        if {*self.days, *self.check, *self.fee} - set(kinds()):
            raise OptionError("kind of a procedure", tuple(kinds()))
        if not all(_is_count(n) for n in (*self.days.values(), *self.fee.values(), self.twin_days)):
            raise OptionError("days, fee, twin_days", ("whole numbers from 0",))
        if self.policy not in POLICIES:
            raise OptionError("policy", POLICIES)
        for code, n in self.days.items():
            rule = kinds()[code]
            if n < 1 or (rule.limit and n > rule.days):
                raise OptionError(f"days of {code}", (f"1 to {rule.days} ({rule.limit or rule.article})",))
        for code, need in self.check.items():
            if need not in ("required", "optional", "none"):
                raise OptionError(f"check of {code}", ("required", "optional", "none"))
        for code in self.fee:
            if not kinds()[code].fee:
                raise OptionError("fee", tuple(kind.code for kind in kinds().values() if kind.fee))

    def due(self, kind: str, arrived: date) -> date:
        """The day by which a request is done and answered: arrived on 4/1, due on 4/15; suit is possible from 4/16."""
        return arrived + timedelta(days=self.days.get(kind, kinds()[kind].days))

    def must_check(self, kind: str) -> bool:
        """Whether a request of this kind is accepted only after a passed check of identity."""
        return self.check.get(kind, kinds()[kind].identity) == _REQUIRED

    @property
    def told(self) -> dict[str, object]:
        """JSON values."""
        return {
            "days": dict(self.days),
            "check": dict(self.check),
            "fee": dict(self.fee),
            "twin_days": self.twin_days,
            "policy": self.policy,
        }


def _is_count(n: object) -> bool:
    return isinstance(n, int) and not isinstance(n, bool) and n >= 0


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its code."""
    return {row["kind"]: _kind(row) for row in tables.load("case_kind").iter_rows(named=True)}


def _kind(row: Mapping[str, str]) -> Kind:
    return Kind(
        row["kind"],
        row["japanese"],
        row["article"],
        row["answer_article"] or "",
        row["suppresses"] == "yes",
        row["identity"],  # type: ignore[arg-type]
        row["fee"] == "yes",
        int(row["days"]),
        row["limit"] or "",
        tuple(row["steps"].split("|")),
    )


def kind(written: object) -> str:
    """The kind that a word of either language means; OptionError when none.

    Examples:
        >>> kind("ＤＭ停止"), kind("開示請求")
        ('stop', 'disclose')
    """
    return _one("case_kind", "kind", written)


def kind_in(text: str | None) -> str | None:
    """The kind that a cell in anybody's words names; None when it names none, or several that differ.

    Examples:
        >>> kind_in("名簿削除"), kind_in("DMの停止をお願いします"), kind_in("その他")
        ('erase', 'stop', None)
    """
    known, said = _words("case_kind", "kind"), fold(text or "")
    if said in known:
        return known[said]
    words = [word for word in known if not word.isascii() and word in said]
    # Of a word inside a longer one the longer counts: 提供記録の開示 is no 開示.
    whole = [word for word in words if not any(word != other and word in other for other in words)]
    found = {known[word] for word in whole}
    return found.pop() if len(found) == 1 else None


@cache
def channels() -> dict[str, str]:
    """Every channel by which requests arrive → Japanese."""
    return tables.mapping("case_channel", "channel", "japanese")


def channel(written: object) -> str:
    """The channel that a word of either language means; OptionError when none.

    Examples:
        >>> channel("ＦＡＸ"), channel("取引先経由")
        ('fax', 'client')
    """
    return _one("case_channel", "channel", written)


@cache
def methods() -> dict[str, str]:
    """Every method of checking who asks → Japanese."""
    return tables.mapping("case_identity", "method", "japanese")


def method(written: object) -> str:
    """The method that a word of either language means; OptionError when none.

    Examples:
        >>> method("折り返し電話")
        'call_back'
    """
    return _one("case_identity", "method", written)


@cache
def methods_for(channel: str) -> tuple[str, ...]:
    """Methods that suit requests of a channel (通則編 3-8-7)."""
    rows = tables.load("case_identity").select("method", "channels").iter_rows()
    return tuple(name for name, suits in rows if channel in suits.split("|"))


@cache
def states() -> dict[str, str]:
    """Every state → Japanese."""
    return tables.mapping("case_state", "state", "japanese")


@cache
def open_states() -> frozenset[str]:
    """States in which something is still to be done."""
    rows = tables.load("case_state").select("state", "open").iter_rows()
    return frozenset(state for state, still in rows if still == "yes")


@cache
def moves() -> dict[str, tuple[str, ...]]:
    """State → states it may become."""
    found: dict[str, list[str]] = {state: [] for state in states()}
    for state, after in tables.load("case_move").select("state", "next").iter_rows():
        found[state].append(after)
    return {state: tuple(after) for state, after in found.items()}


def require_move(state: str, after: str) -> None:
    """Raise IllegalMoveError unless a case may go from one state to another."""
    if after not in moves()[state]:
        raise IllegalMoveError(state, after if after in states() else "that", moves()[state])


@cache
def refusals() -> dict[str, Refusal]:
    """Every ground for a refusal by its code."""
    rows = tables.load("case_refusal").select("reason", "japanese", "kinds", "article").iter_rows()
    return {code: Refusal(code, text, tuple(of.split("|")), article) for code, text, of, article in rows}


def refusal(kind: str, written: str) -> Refusal:
    """The ground, if it is one for this kind; NoGroundError names those that are."""
    found = refusals().get(written)
    if found is None or kind not in found.kinds:
        raise NoGroundError(kind, tuple(code for code, each in refusals().items() if kind in each.kinds))
    return found


@cache
def remarks() -> dict[str, str]:
    """What the desk is told of a request → Japanese with English beside."""
    rows = tables.load("case_remark").select("remark", "japanese", "english").iter_rows()
    return {code: f"{japanese} {english}" for code, japanese, english in rows}


@cache
def headers() -> dict[str, str]:
    """Folded header of a client's sheet → field."""
    return _words("case_header", "field")


def fold(text: str) -> str:
    """A word without widths, case and blanks.

    Examples:
        >>> fold("ＤＭ　停止")
        'dm停止'
    """
    return unicodedata.normalize("NFKC", text).casefold().translate(_BLANKS)


def _one(table: str, code: str, written: object) -> str:
    found = _words(table, code).get(fold(written)) if isinstance(written, str) else None
    if found is None:
        raise OptionError(code, tuple(dict.fromkeys(tables.load(table)[code])))
    return found


@cache
def _words(table: str, code: str) -> dict[str, str]:
    rows = tables.load(table).select("words", code).iter_rows()
    return {fold(word): meant for words, meant in rows for word in words.split("|")}


USUAL: Final = Procedure()
