"""The text of one header → the field it names and whose it is (role).

Sources: tables/header_alias.tsv, header_ambiguous.tsv, role_prefix.tsv. Brackets are tried as they stand
(氏名(姓)), then joined (住所(建物名)), and only then dropped as a hint (氏名(必須)). Nothing is guessed from
a substring: a header is known whole, as role + field, as two fields of which one refines the other, or by a
plain last word behind a role no table knows (登録用電話番号).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

from optout import tables
from optout.batch import flags, spelling
from optout.batch.roles import after_role as after_role
from optout.batch.roles import kind_of as kind_of
from optout.batch.roles import named, of_number, people_alone
from optout.batch.roles import role_alone as role_alone
from optout.batch.roles import roles as roles
from optout.schema import SELF

_LONGEST: Final = 60  # characters of a header that is worth taking apart
_REMEMBERED: Final = 16_384
_KANA_WORDS: Final = ("カナ", "かな", "がな", "ガナ", "よみ", "ヨミ", "読み", "kana")
_NUMBER: Final = re.compile(r"^(.*?)([0-9]{1,2})$")
_NUMBERED_ROLE: Final = re.compile(r"^([0-9]{1,2})[_-]?(.+)$")
# How a value is written says nothing of what it is: 商号漢字, 住所欄.
_MANNERS: Final = ("漢字", "全角", "半角", "欄", "など", "等")
# お名前をご記入ください, ご住所は?: the questions of a form.
_REQUEST: Final = re.compile("(?:を(?:ご|お)?(?:記入|入力|記載|書き|教え|聞かせ|知らせ|選択|選び).*|は[?]?)$")
# What stands for the field instead of telling it: 都道府県(ID).
_STAND_INS: Final = ("id", "コード", "cd", "code", "区分", "フラグ", "有無", "件数")
_UNKNOWN_ROLE: Final = re.compile(r"[^\s、。,.!?_・:/()-]{1,12}")

_NAME_PARTS: Final = frozenset({"name_family", "name_given"})
_KANA_OF: Final = {
    "name": "kana",
    "name_family": "kana_family",
    "name_given": "kana_given",
    "kana_family": "kana_family",
    "kana_given": "kana_given",
    "joint_names": "joint_names",
    "company": "company_kana",
    "party": "kana",
}
# What one part of a header makes of the other: 住所 + 都道府県 is a prefecture, 電話 + 携帯 a mobile.
_REFINED_BY: Final[Mapping[str, frozenset[str]]] = {
    "name": _NAME_PARTS | {"name_former", "name_roman", "kana_family", "kana_given"},
    "address": frozenset({"pref", "city", "town", "addr_rest", "building", "postal"}),
    "phone": frozenset({"mobile", "fax", "phone_home", "phone_work"}),
    "birth_date": frozenset({"birth_year", "birth_month", "birth_day"}),
    "email": frozenset({"email"}),
    "mobile": frozenset({"email"}),
}
_ADDRESS: Final = frozenset(
    {"address", "pref", "city", "town", "addr_rest", "building", "postal", "address_1", "address_2"}
)
# 緊急連絡先電話番号: words that end a header of a person or place no table knows, without any doubt.
_PLAIN_ENDS: Final = (
    "氏名",
    "お名前",
    "フリガナ",
    "ふりがな",
    "住所",
    "所在地",
    "郵便番号",
    "電話番号",
    "メールアドレス",
    "生年月日",
    "電話",
    "tel",
    "fax",
    "携帯",
)
# A bare 名 is the given name beside a 姓 and the whole name without one.
_BARE_GIVEN: Final = "名"
_GIVEN: Final = frozenset({"name_given", "kana_given"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What one header says.

    Attributes:
        field: One of the fields of header_field.tsv; "" when the header is understood to be none of them.
        role: Whose it is: "self", a role of role_prefix.tsv, or the header's own first word.
        bare: The header says only 名 or フリガナ, so its neighbours decide what it belongs to.
        number: The number the header ends with (TEL2), None without.
        stem: The header without that number: columns with one stem are one family.
    """

    field: str
    role: str = SELF
    bare: bool = False
    number: int | None = None
    stem: str = ""


@lru_cache(_REMEMBERED)
def read(header: str) -> Reading | None:
    """What a header means; None when it is not known.

    Args:
        header: A header as written.

    Returns:
        The first reading of: as it stands, brackets and separators joined, one bracket kept, none.

    Examples:
        >>> read("送付先 住所（都道府県）")
        Reading(field='pref', role='recipient', bare=False, number=None, stem='送付先住所都道府県')
        >>> read("商品名") is None
        True
    """
    return _read(spelling.fold(header))


def is_header(cell: str) -> bool:
    """Whether a cell could be a header; unlike `read` it remembers nothing, for it may be anybody's."""
    if len(cell) > _LONGEST:
        return False
    folded = spelling.fold(cell)
    return _read(folded) is not None or spelling.hintless(folded) in _ambiguous()


def _read(folded: str) -> Reading | None:
    if len(folded) > _LONGEST:
        return None
    spelled = dict.fromkeys(_spellings(spelling.hintless(folded)))
    # A role no table knows is taken only when no spelling of the header is known whole.
    for known in (_whole, _by_last_word):
        for text, role in spelled:
            found = known(text)
            if found is not None:
                return found if role is None else replace(found, role=role, stem=found.stem + role)
    return None


@cache
def slots() -> Mapping[str, str]:
    """Field → the column of the raw frame it fills, "" for none."""
    return tables.mapping("header_field", "field", "slot")


@cache
def kinds() -> Mapping[str, str]:
    """Field → `single`, `joined` (several columns make one value), `many`, `joint` or `unused`."""
    return tables.mapping("header_field", "field", "kind")


@cache
def field_named(name: str) -> str | None:
    """The field a caller means in `columns=`: its own name or the friendly one of header_field.tsv."""
    also = {other: field for other, field in tables.mapping("header_field", "also", "field").items() if other}
    return name if name in kinds() else also.get(name)


def by_values(header: str) -> tuple[tuple[str, ...], str] | None:
    """For a header whose values decide: what it can be, and what it is when they do not say ("" none)."""
    return _ambiguous().get(spelling.hintless(spelling.fold(header)))


@cache
def _ambiguous() -> Mapping[str, tuple[tuple[str, ...], str]]:
    table = tables.load("header_ambiguous")
    rows = zip(table["written"], table["by_values"], table["otherwise"].fill_null(""), strict=True)
    return {
        spelling.fold(written): (tuple(fields.split(" ")), otherwise) for written, fields, otherwise in rows
    }


def _spellings(text: str) -> Iterator[tuple[str, str | None]]:
    """The texts to look up, in order, each with the role its bracket names."""
    base = spelling.without_brackets(text)
    inside = spelling.in_brackets(text)
    yield text, None
    yield spelling.joined(text), None
    if base == text:
        return
    for content in inside:
        if spelling.joined(content) in _STAND_INS:
            return
        yield spelling.joined(base + content), None
        role = named(content)
        if role is not None:
            yield spelling.joined(base), role
    # 氏名(全角カナ) is not 氏名: a bracket that says kana is never a mere hint.
    says_kana = any(word in content for content in inside for word in _KANA_WORDS)
    yield spelling.joined(base) + (_KANA_WORDS[0] if says_kana else ""), None


def _whole(text: str) -> Reading | None:
    """A header known as a whole, by role + field, by two fields, or without its manner."""
    stem, number = _numbered_stem(text)
    found = _aliases().get(text) or _flag(text) or _composed(text) or _by_role(text)
    if found is None and number:
        found = _repeated(stem, number)
    if found is not None:
        return Reading(*found, bare=_is_bare(text, found[0]), number=number, stem=stem)
    rest = _unmannered(text)
    return _whole(rest) if rest else None


def _numbered_stem(text: str) -> tuple[str, int | None]:
    numbered = _NUMBER.match(text)
    return (numbered[1], int(numbered[2])) if numbered else (text, None)


def _unmannered(text: str) -> str:
    """A header without a word about how to fill it in; "" when there is none."""
    asked = _REQUEST.sub("", text)
    if asked != text:
        return asked
    word = next((word for word in _MANNERS if text.endswith(word)), "")
    return text.removesuffix(word) if word else ""


def _is_bare(text: str, field: str) -> bool:
    rest = spelling.joined(next((rest for _, rest in after_role(text)), text))
    # フリガナ may stand for the company, and for whoever stands before it; 名 for a given or a whole name.
    if field == "kana":
        return text in _bare_kana()
    given = field == "kana_given" and rest.startswith(_BARE_GIVEN)
    return given or rest == _BARE_GIVEN or rest in {_BARE_GIVEN + manner for manner in _MANNERS}


@cache
def _bare_kana() -> frozenset[str]:
    return frozenset(
        {
            "カナ",
            "かな",
            "フリガナ",
            "ふりがな",
            "ヨミ",
            "よみ",
            "ヨミガナ",
            "よみがな",
            "ヨミカナ",
            "読み",
            "読み仮名",
        }
    )


def _flag(text: str) -> tuple[str, str] | None:
    return ("dm_ok", SELF) if flags.polarity(text) else None


def _by_role(text: str, deeper: bool = True) -> tuple[str, str] | None:
    for prefix, rest in after_role(text):
        if prefix.kind == "place" and rest.startswith(_BARE_GIVEN) and "(" not in rest:
            return "", SELF  # 支店名, 会社名英語: the name of a place
        found = _field(rest)
        if found is None and deeper and prefix.kind == SELF:
            found = _by_role(rest, deeper=False)  # 取引先担当者名
        if found is not None and found[0] not in {"joint_names", "dm_ok"}:
            return found[0], prefix.role if found[1] == SELF else found[1]
        counted = _NUMBERED_ROLE.match(rest)
        if counted and (found := _field(counted[2])) and found[1] == SELF:
            return found[0], of_number(prefix, int(counted[1]))
    alone = people_alone().get(text) if deeper else None
    return ("name", alone) if alone else None


def _field(text: str) -> tuple[str, str] | None:
    stem, number = _numbered_stem(text)
    more = _repeated(stem, number) if number else None
    if more and more[0] in _GIVEN and stem.startswith(_BARE_GIVEN):
        more = None  # 名1 behind a role is the first line of the whole name
    return _aliases().get(text) or _composed(text) or more


def _composed(text: str) -> tuple[str, str] | None:
    """Two fields written together, of which one refines the other: 住所都道府県, 姓フリガナ, TEL自宅."""
    aliases = _aliases()
    for cut in range(len(text) - 1, 0, -1):
        left, right = aliases.get(text[:cut]), aliases.get(text[cut:].removeprefix("の"))
        if left and right:
            field = _refined(left[0], right[0])
            if field is not None:
                return field, left[1] if left[1] != SELF else right[1]
    return None


def _refined(left: str, right: str) -> str | None:
    for a, b in ((left, right), (right, left)):
        if b == "kana" and a in _KANA_OF:
            return _KANA_OF[a]
        if b == "kana" and a in _ADDRESS:
            return ""
        if b in _REFINED_BY.get(a, frozenset()):
            return b
    return None


def _repeated(stem: str, number: int) -> tuple[str, str] | None:
    """TEL4, 携帯2, 備考9 are more of the same; a second 氏名 is told by values, a second 住所 the next line."""
    found = _aliases().get(stem) or _composed(stem) or _by_role(stem)
    if not found:
        return None
    field, role = found
    if field in _GIVEN and _is_bare(stem, field):
        field = field.removesuffix("_given")  # 注文者名1
    if kinds().get(field, "unused") != "single" or number == 1:
        return field, role
    if field == "address":
        return (f"address_{number}", role) if number <= _LINES else None
    return (f"second_{field}", role) if field in {"name", "kana", "party"} else None


_LINES: Final = 4


def _by_last_word(text: str) -> Reading | None:
    stem, number = _numbered_stem(text)
    for word in _PLAIN_ENDS:
        role = text.removesuffix(word).removesuffix("の")
        if role != text and _UNKNOWN_ROLE.fullmatch(role):
            field = _aliases()[spelling.joined(spelling.fold(word))][0]
            return Reading(field, role, number=number, stem=stem)
    return None


@cache
def _aliases() -> Mapping[str, tuple[str, str]]:
    """Compared form → (field, role); the form as written goes before the joined one."""
    table = tables.load("header_alias")
    rows = list(zip(table["written"], table["field"], table["role"], strict=True))
    known = {spelling.fold(written): (field, role) for written, field, role in rows}
    return {
        spelling.joined(spelling.fold(written)): (field, role) for written, field, role in reversed(rows)
    } | known
