"""One person → the same person as another list has them: the true kinds of the matching benchmark.

A change takes a person (see `match_people`), somebody else whose place, number or name may be borrowed, and a
random source; it returns the person as the list tells them. What it alters in earnest it alters in the fields
themselves; what is only written otherwise goes into `as_family` `as_given` (instead of the two parts of the
name) or `as_name` `as_kana` `as_company` (instead of the whole cell). So the truth can be computed from the
fields and needs no normaliser.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

import jaconv
import polars as pl
from match_glyphs import ALIKE, FORMS, plain
from people import HERE

Person: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Person, Person, random.Random], Person]

PLACE: Final = ("postal", "pref", "city", "town", "chome", "ban", "go", "building", "room")
LARGEST_BAN: Final = 2_500
_LEGAL: Final[Mapping[str, tuple[str, ...]]] = {
    "株式会社": ("株式会社", "(株)", "㈱", "（株）"),
    "有限会社": ("有限会社", "(有)", "㈲", "（有）"),
    "合同会社": ("合同会社", "(同)", "（同）"),
    "一般社団法人": ("一般社団法人", "(一社)", "（一社）"),
}
_JOINT: Final = (
    "{f}{gap}{a}・{b}", "{f}{gap}{a}、{b}", "{f}{gap}{a}/{b}", "{f}{gap}{a}・{f}{gap}{b}", "{f} {a} 様・{b} 様",
    "{f}{gap}{a}　他1名", "{f}{gap}{a}　{f}{gap}{b}", "{f}{gap}{a}／{f}{gap}{b}",
)  # fmt: skip


@cache
def _table(name: str) -> pl.DataFrame:
    return pl.read_csv(HERE / f"{name}.tsv", separator="\t", infer_schema=False, quote_char=None)


@cache
def _namesakes(table: str) -> dict[str, list[str]]:
    """Kana → the names of a table that are read so."""
    grouped = _table(table).group_by("kana").agg(pl.col("name").unique().sort())
    return {kana: names for kana, names in grouped.iter_rows() if len(names) > 1}


def unchanged(person: Person, other: Person, rng: random.Random) -> Person:
    """Only the spelling differs."""
    del other, rng
    return person


def variant_glyphs(person: Person, other: Person, rng: random.Random) -> Person:
    """異体字: at least one kanji of the name in another glyph."""
    del other
    name = list(f"{person['name_family']}\0{person['name_given']}")
    places = [at for at, char in enumerate(name) if char in FORMS]
    for at in {rng.choice(places), *(at for at in places if rng.random() < 0.5)}:
        name[at] = rng.choice(FORMS[name[at]])
    family, given = "".join(name).split("\0")
    return person | {"as_family": family, "as_given": given}


def has_variant(person: Person) -> bool:
    """Whether `variant_glyphs` applies."""
    return any(char in FORMS for char in f"{person['name_family']}{person['name_given']}")


def phone_changed(person: Person, other: Person, rng: random.Random) -> Person:
    """Every number is another one now."""
    del rng
    return person | {line: person[line] and other[line] for line in ("phone", "mobile")}


def phone_missing(person: Person, other: Person, rng: random.Random) -> Person:
    """The list has no number."""
    del other, rng
    return person | {"phone": None, "mobile": None}


def moved(person: Person, other: Person, rng: random.Random) -> Person:
    """Another place; the mobile stays, the landline only where there is no mobile."""
    del rng
    line = other["phone"] if person["mobile"] else person["phone"]
    return person | {part: other[part] for part in PLACE} | {"phone": person["phone"] and line}


def name_typo(person: Person, other: Person, rng: random.Random) -> Person:
    """A clerk's slip in the kanji; the kana column, where there is one, stays right."""
    del other
    family, given = person["name_family"], person["name_given"]
    homophones = [
        name
        for name in _namesakes("given_names").get(person["kana_given"], [])
        if plain(name) != plain(given)
    ]
    others = [
        name for name in _namesakes("surnames").get(person["kana_family"], []) if plain(name) != plain(family)
    ]
    draw = rng.random()
    if homophones and draw < 0.5:
        return person | {"name_given": rng.choice(homophones)}
    if others and draw < 0.7:
        return person | {"name_family": rng.choice(others)}
    whole = _slip(list(f"{family}\0{given}"), rng)
    typed_family, typed_given = whole.split("\0")
    return person | {"name_family": typed_family, "name_given": typed_given}


def _slip(name: list[str], rng: random.Random) -> str:
    """One letter taken for a similar one, left out, doubled, or two of them turned round."""
    alike = [at for at, char in enumerate(name) if char in ALIKE]
    gap = name.index("\0")
    inside = [at for at in range(len(name) - 1) if gap not in (at, at + 1) and name[at] != name[at + 1]]
    long = [at for at in range(len(name)) if at != gap and (gap if at < gap else len(name) - gap - 1) > 1]
    draw = rng.random()
    if alike and draw < 0.6:
        at = rng.choice(alike)
        name[at] = rng.choice(ALIKE[name[at]])
    elif long and draw < 0.8:
        del name[rng.choice(long)]
    elif inside and draw < 0.9:
        at = rng.choice(inside)
        name[at], name[at + 1] = name[at + 1], name[at]
    else:
        at = rng.choice([at for at in range(len(name)) if at != gap])
        name.insert(at, name[at])
    return "".join(name)


def given_in_kana(person: Person, other: Person, rng: random.Random) -> Person:
    """佐藤 いちろう, 佐藤 イチロウ: the surname in kanji, the given name as it is read."""
    del other
    kana = person["kana_given"]
    return person | {"as_given": kana if rng.random() < 0.5 else jaconv.kata2hira(kana)}


def surname_changed(person: Person, other: Person, rng: random.Random) -> Person:
    """Another surname, one in eight with the old one in brackets; three in ten moved or changed their numbers too."""
    changed = person | {"name_family": other["name_family"], "kana_family": other["kana_family"]}
    if rng.random() < 0.12:
        form = rng.choice(
            ("{new}（{old}）{given}", "{new}　{given}（旧姓{old}）", "{new} {given}(旧姓:{old})")
        )
        changed["as_name"] = form.format(
            new=changed["name_family"], old=person["name_family"], given=changed["name_given"]
        )
    draw = rng.random()
    if draw < 0.2:
        return moved(changed, other, rng)
    return phone_changed(changed, other, rng) if draw < 0.3 else changed


def number_typo(person: Person, other: Person, rng: random.Random) -> Person:
    """One of the house numbers is wrong: a digit, a neighbour's, or two digits turned round."""
    del other
    parts = [part for part in ("chome", "ban", "go") if person[part] is not None]
    part = rng.choice(parts)
    number = int(person[part])
    text = str(number)
    digit = rng.randrange(len(text))
    options = [number + 1, number - 1, number + 10, int(text[::-1]), int(text + text[-1])]
    options.append(int(text[:digit] + str(rng.randint(1, 9)) + text[digit + 1 :]))
    fit = [option for option in options if 0 < option <= LARGEST_BAN and option != number]
    return person | {part: rng.choice(fit)}


def phone_typo(person: Person, other: Person, rng: random.Random) -> Person:
    """The only number on the list has a wrong digit, or two of them turned round."""
    del other
    kept, dropped = ("mobile", "phone") if person["mobile"] else ("phone", "mobile")
    number = person[kept]
    return person | {dropped: None, kept: number and _mistyped(number, rng)}


def _mistyped(number: str, rng: random.Random) -> str:
    digits = list(number)
    places = [at for at, digit in enumerate(digits) if digit != "-"][-7:]
    turnable = [at for at in places[:-1] if digits[at + 1] not in ("-", digits[at])]
    if turnable and rng.random() < 0.3:
        at = rng.choice(turnable)
        digits[at], digits[at + 1] = digits[at + 1], digits[at]
    else:
        at = rng.choice(places)
        digits[at] = rng.choice([digit for digit in "23456789" if digit != digits[at]])
    return "".join(digits)


def kana_only(person: Person, other: Person, rng: random.Random) -> Person:
    """A list that has the reading alone, in the name cell or in the kana cell."""
    del other
    gap = rng.choice((" ", "　", " ", ""))
    spoken = f"{person['kana_family']}{gap}{person['kana_given']}"
    style = rng.random()
    if style < 0.3:
        spoken = jaconv.z2h(spoken.replace("　", " "), kana=True, digit=False, ascii=False)
    elif style < 0.45:
        spoken = jaconv.kata2hira(spoken)
    whole = {"as_name": "", "as_kana": spoken}
    return person | (whole if rng.random() < 0.5 else {"as_name": spoken, "as_kana": ""})


@cache
def _romaji() -> list[tuple[str, str]]:
    return sorted(_table("romaji").iter_rows(), key=lambda row: -len(row[0]))


def _latin(kana: str) -> str:
    for spoken, written in _romaji():
        kana = kana.replace(spoken, written)
    return kana


def _passport(latin: str) -> str:
    """Hepburn as passports have it: long vowels short (旅券法施行規則 別表第一)."""
    for long, short in (("oo", "o"), ("ou", "o"), ("uu", "u")):
        latin = latin.replace(long, short)
    return latin


def romaji(person: Person, other: Person, rng: random.Random) -> Person:
    """SATO ICHIRO, Ichiro Sato, Sato, Ichiro; every third keeps its long vowels (SATOU, SATOH)."""
    del other
    family, given = _latin(person["kana_family"]), _latin(person["kana_given"])
    draw = rng.random()
    if draw < 0.65:
        family, given = _passport(family), _passport(given)
    elif draw < 0.8 and family.endswith("ou"):
        family, given = f"{_passport(family)}h", _passport(given)
    form = rng.choice(("{F} {G}", "{G} {F}", "{f} {g}", "{g} {f}", "{F}, {G}", "{F}　{G}"))
    shown = form.format(F=family.upper(), G=given.upper(), f=family.title(), g=given.title())
    return person | {"as_name": shown, "as_kana": ""}


def joint(person: Person, other: Person, rng: random.Random) -> Person:
    """連名: two people of one house in one cell; the one who asked stands first or second."""
    family, given, more = person["name_family"], person["name_given"], other["name_given"]
    first, second = (given, more) if rng.random() < 0.5 else (more, given)
    gap = rng.choice(("　", " ", ""))
    form = rng.choice(_JOINT)
    if "{b}" not in form:
        first = given
    return person | {"as_name": form.format(f=family, gap=gap, a=first, b=second), "as_kana": ""}


def legal(form: str, style: int) -> str:
    """A legal form in full (0) or in one of its short forms."""
    spellings = _LEGAL[form]
    return spellings[style % len(spellings)]


def company(person: Person, other: Person, rng: random.Random) -> Person:
    """The company under another spelling of its legal form, without it, or with somebody named beside it."""
    core, form = person["company"], person["form"]
    written = legal(form, rng.randrange(4))
    gap = rng.choice(("", "", "　", " "))
    whole = f"{written}{gap}{core}" if person["front"] else f"{core}{gap}{written}"
    staff = f"{other['name_family']}{rng.choice(('　', ' ', ''))}{other['name_given']}"
    draw = rng.random()
    if draw < 0.4:
        cells = {"as_name": whole, "as_company": ""}
    elif draw < 0.55:
        cells = {"as_name": core, "as_company": ""}
    elif draw < 0.7:
        cells = {"as_name": f"{whole} 御中", "as_company": ""}
    elif draw < 0.9:
        cells = {"as_name": staff, "as_company": whole}
    else:
        cells = {"as_name": f"{whole}　{staff}様", "as_company": ""}
    return person | cells | {"as_kana": ""}


_ONE_BY_ONE: Final = (
    (variant_glyphs, phone_changed, phone_missing, moved, number_typo, phone_typo),
    (given_in_kana, surname_changed, name_typo, kana_only, romaji, joint, unchanged),
)


def several(person: Person, other: Person, rng: random.Random) -> Person:
    """Two changes at once: one of the place, the numbers or the glyphs, one of the name or another of the first."""
    places, names = _ONE_BY_ONE
    first = rng.choice(places if has_variant(person) else places[1:])
    second = rng.choice(names)
    if second is unchanged:
        second = rng.choice([change for change in places[1:] if change is not first])
    if first is variant_glyphs and second in (name_typo, surname_changed):
        return second(person, other, rng)
    return second(first(person, other, rng), other, rng)
