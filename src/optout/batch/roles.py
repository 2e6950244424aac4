"""Words that say whose a field is: 注文者, 送付先, 自宅, 緊急連絡先2. Source: tables/role_prefix.tsv."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from optout import tables
from optout.batch import spelling
from optout.schema import SELF

_PARTICLES: Final = ("の", "様の", "さまの", "様", "さま")
_OF_NUMBER: Final = re.compile(r"_[0-9]+$")


@dataclass(frozen=True, slots=True)
class Prefix:
    """One row of role_prefix.tsv: a word before a field that says whose the field is."""

    written: str
    role: str
    kind: str


def kind_of(role: str) -> str:
    """`self`, `person`, `member` (lives or works with the first person) or `place` (of the same person)."""
    kinds = _role_kinds()
    return kinds.get(role) or kinds.get(_OF_NUMBER.sub("", role), "unknown")


@cache
def _role_kinds() -> Mapping[str, str]:
    return {prefix.role: prefix.kind for prefix in _prefixes()} | {SELF: SELF}


def roles() -> list[str]:
    """Every role of role_prefix.tsv and "self"."""
    return list(dict.fromkeys([SELF, *(prefix.role for prefix in _prefixes())]))


def of_number(prefix: Prefix, number: int) -> str:
    """緊急連絡先2 is another person than 緊急連絡先1; joint names are counted where they are put together."""
    several = prefix.kind != SELF and prefix.role != "joint" and number > 1
    return f"{prefix.role}_{number}" if several else prefix.role


@cache
def people_alone() -> Mapping[str, str]:
    """世帯主, 保護者様: a word that is a person's role and, alone, that person's name."""
    members = [prefix for prefix in _prefixes() if prefix.kind == "member" and len(prefix.written) > 1]
    return {prefix.written + after: prefix.role for prefix in members for after in ("", "様")}


def after_role(text: str) -> Iterator[tuple[Prefix, str]]:
    """Each role word the text begins with (the longest first), and what follows it."""
    for form in (text, text[1:]) if text[:1] in {"ご", "お"} else (text,):
        for prefix in _prefixes_by_letter().get(form[:1], ()):
            if form.startswith(prefix.written) and len(form) > len(prefix.written):
                rest = form[len(prefix.written) :]
                for particle in _PARTICLES:
                    if rest.startswith(particle) and len(rest) > len(particle):
                        yield prefix, rest[len(particle) :]
                yield prefix, rest


@cache
def _prefixes() -> tuple[Prefix, ...]:
    table = tables.load("role_prefix")
    rows = zip(table["written"], table["role"], table["kind"], strict=True)
    return tuple(
        sorted(
            (Prefix(spelling.fold(w), role, kind) for w, role, kind in rows), key=lambda p: -len(p.written)
        )
    )


@cache
def _prefixes_by_letter() -> Mapping[str, tuple[Prefix, ...]]:
    letters = {prefix.written[0] for prefix in _prefixes()}
    return {letter: tuple(p for p in _prefixes() if p.written[0] == letter) for letter in letters}


def role_alone(header: str) -> str:
    """The role a header names when it is nothing but a role word (送付先), else "self"."""
    return named(spelling.hintless(spelling.fold(header))) or SELF


def named(text: str) -> str | None:
    """The role a folded text names, with or without politeness; None when it is no role word."""
    names = {text, text.removesuffix("様"), text.removeprefix("ご"), text.removeprefix("お")}
    return next((prefix.role for prefix in _prefixes() if prefix.written in names), None)
