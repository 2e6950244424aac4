"""The text of one header → the field it names and whose it is (role).

Sources: tables/header_alias.tsv, header_ambiguous.tsv, role_prefix.tsv. Brackets are tried as they stand
(氏名(姓)), then joined (住所(建物名)), and only then dropped as a hint (氏名(必須)). Nothing is guessed from
a substring: a header is known whole, as role + field, or as two fields of which one refines the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from optout import tables
from optout.batch import flags, spelling
from optout.schema import SELF

_LONGEST: Final = 60  # characters of a header that is worth taking apart
_KANA_WORDS: Final = ("カナ", "かな", "がな", "ガナ", "よみ", "ヨミ", "読み", "kana")
_PARTICLES: Final = ("の", "様の", "さまの", "様", "さま")
_NUMBER: Final = re.compile(r"^(.*?)([0-9]{1,2})$")

_NAME_PARTS: Final = frozenset({"name_family", "name_given"})
_KANA_OF: Final = {
    "name": "kana",
    "name_family": "kana_family",
    "name_given": "kana_given",
    "kana_family": "kana_family",
    "kana_given": "kana_given",
    "joint_names": "joint_names",
    "company": "company_kana",
}
# What one part of a header makes of the other: 住所 + 都道府県 is a prefecture, 電話 + 携帯 a mobile.
_REFINED_BY: Final[Mapping[str, frozenset[str]]] = {
    "name": _NAME_PARTS | {"name_former"},
    "address": frozenset({"pref", "city", "town", "addr_rest", "building"}),
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
)
# A bare 名 is the given name beside a 姓 and the whole name without one.
_BARE_GIVEN: Final = "名"


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


@dataclass(frozen=True, slots=True)
class Prefix:
    """One row of role_prefix.tsv: a word before a field that says whose the field is."""

    written: str
    role: str
    kind: str


@cache
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
    folded = spelling.fold(header)
    if len(folded) > _LONGEST:
        return None
    for text, role in _spellings(folded):
        found = _whole(text)
        if found is not None:
            return (
                found
                if role is None
                else Reading(found.field, role, found.bare, found.number, found.stem + role)
            )
    return None


def kind_of(role: str) -> str:
    """`self`, `person`, `member` (lives or works with the first person) or `place` (of the same person)."""
    return {prefix.role: prefix.kind for prefix in _prefixes()}.get(role, SELF if role == SELF else "unknown")


def roles() -> list[str]:
    """Every role of role_prefix.tsv and "self"."""
    return list(dict.fromkeys([SELF, *(prefix.role for prefix in _prefixes())]))


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


@cache
def by_values(header: str) -> tuple[tuple[str, ...], str] | None:
    """For a header whose values decide: what it can be, and what it is when they do not say ("" none)."""
    table = tables.load("header_ambiguous")
    rows = zip(table["written"], table["by_values"], table["otherwise"].fill_null(""), strict=True)
    known = {
        spelling.fold(written): (tuple(fields.split(" ")), otherwise) for written, fields, otherwise in rows
    }
    return known.get(spelling.hintless(spelling.fold(header)))


def _spellings(text: str) -> Iterator[tuple[str, str | None]]:
    """The texts to look up, in order, each with the role its bracket names."""
    base = spelling.without_brackets(text)
    inside = spelling.in_brackets(text)
    yield text, None
    yield spelling.joined(text), None
    if base == text:
        return
    for content in inside:
        yield spelling.joined(base + content), None
        role = _role_named(content)
        if role is not None:
            yield spelling.joined(base), role
    # 氏名(全角カナ) is not 氏名: a bracket that says kana is never a mere hint.
    says_kana = any(word in content for content in inside for word in _KANA_WORDS)
    yield spelling.joined(base) + (_KANA_WORDS[0] if says_kana else ""), None


def _whole(text: str) -> Reading | None:
    """A header known as a whole, by role + field, by two fields, or by its last word."""
    numbered = _NUMBER.match(text)
    stem, number = (numbered[1], int(numbered[2])) if numbered else (text, None)
    found = _aliases().get(text) or _flag(text) or _composed(text) or _by_role(text)
    if found is None:
        found = _repeated(stem, number) or _by_last_word(text)
    return found and Reading(*found, bare=_is_bare(text, found[0]), number=number, stem=stem)


def _is_bare(text: str, field: str) -> bool:
    rest = next((rest for _, rest in after_role(text)), text)
    # フリガナ may stand for the company, and for whoever stands before it; 名 for a given or a whole name.
    return rest == _BARE_GIVEN or (field == "kana" and rest == text and text in _bare_kana())


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


def _by_role(text: str) -> tuple[str, str] | None:
    for prefix, rest in after_role(text):
        if prefix.kind == "place" and rest == _BARE_GIVEN:
            return "", SELF  # 支店名 is the name of a place
        numbered = _NUMBER.match(rest)
        found = _aliases().get(rest) or _composed(rest)
        if found is None and numbered:
            found = _repeated(numbered[1], int(numbered[2]))
        if found is not None and found[0] not in {"joint_names", "dm_ok"}:
            return found[0], prefix.role if found[1] == SELF else found[1]
    return ("name", _role_named(text) or SELF) if _person_alone(text) else None


def _person_alone(text: str) -> bool:
    return any(
        text in {prefix.written, f"{prefix.written}様"} and prefix.kind == "member" for prefix in _prefixes()
    )


def after_role(text: str) -> Iterator[tuple[Prefix, str]]:
    """Each role word the text begins with (the longest first), and what follows it."""
    politeness = text[1:] if text[:1] in {"ご", "お"} else text
    for prefix in _prefixes():
        for form in dict.fromkeys((text, politeness)):
            if form.startswith(prefix.written) and len(form) > len(prefix.written):
                rest = form[len(prefix.written) :]
                for particle in _PARTICLES:
                    if rest.startswith(particle) and len(rest) > len(particle):
                        yield prefix, rest[len(particle) :]
                yield prefix, rest


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


def _repeated(stem: str, number: int | None) -> tuple[str, str] | None:
    """TEL4, 携帯2, 備考9 are more of the same; a second 氏名 is another person, which must be asked."""
    found = number and (_aliases().get(stem) or _composed(stem) or _by_role(stem))
    if not number or not found:
        return None
    kind = kinds().get(found[0], "unused")
    if kind == "single" and number > 1:
        return ("second_" + found[0], found[1]) if found[0] in {"name", "kana", "address"} else None
    return found


def _by_last_word(text: str) -> tuple[str, str] | None:
    for word in _PLAIN_ENDS:
        if text.endswith(word) and len(text) > len(word):
            role = text.removesuffix(word).removesuffix("の")
            return _aliases()[spelling.joined(spelling.fold(word))][0], role
    return None


def role_alone(header: str) -> str:
    """The role a header names when it is nothing but a role word (送付先), else "self"."""
    return _role_named(spelling.hintless(spelling.fold(header))) or SELF


def _role_named(text: str) -> str | None:
    names = {text, text.removesuffix("様"), text.removeprefix("ご"), text.removeprefix("お")}
    return next((prefix.role for prefix in _prefixes() if prefix.written in names), None)


@cache
def _aliases() -> Mapping[str, tuple[str, str]]:
    """Compared form → (field, role); the form as written goes before the joined one."""
    table = tables.load("header_alias")
    rows = list(zip(table["written"], table["field"], table["role"], strict=True))
    known = {spelling.fold(written): (field, role) for written, field, role in rows}
    return {
        spelling.joined(spelling.fold(written)): (field, role) for written, field, role in reversed(rows)
    } | known


@cache
def _prefixes() -> tuple[Prefix, ...]:
    table = tables.load("role_prefix")
    rows = zip(table["written"], table["role"], table["kind"], strict=True)
    return tuple(
        sorted(
            (Prefix(spelling.fold(w), role, kind) for w, role, kind in rows), key=lambda p: -len(p.written)
        )
    )
