"""People of the list who are not the one who asked, though something speaks for it: the traps of the benchmark.

As many for each true match as `TRAPS` says:

    relatives      the household of an entry that has a landline: surname, place and landline shared, another
                   given name, own mobile, mailbox and birth
    namesakes      the full name of an entry, in the same municipality, at another place
    neighbours     the same town as an entry, a number or two away; another surname
    same_building  the house of an entry, another room; another surname
    switchboard    somebody else of a company whose number an entry gave; half of them write its name and place
    common_names   the full name of an entry with one of the thirty commonest surnames, anywhere in Japan
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

import polars as pl
from match_changes import PLACE, Person
from match_person import BOARD_START, framed, plain, with_companies
from people import all_towns, people

TRAPS: Final = {
    "relatives": 0.5, "namesakes": 0.1, "neighbours": 0.1, "same_building": 0.1, "switchboard": 0.1,
    "common_names": 0.1,
}  # fmt: skip
Towns: TypeAlias = dict[tuple[str, str], list[tuple[str, str, str]]]
_Trap: TypeAlias = Callable[[Person, Person, random.Random], Person]
_BOARD_SHARE: Final = 0.01  # entries who gave the number of their firm
_NAME: Final = ("name_family", "name_given", "kana_family", "kana_given")


def with_switchboards(
    entries: pl.DataFrame, rng_seed: int, towns: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Every hundredth entry gives a company's name and number; the sizes of the companies follow 1 / rank.

    Half of them give the company's place too. The companies themselves never asked.
    """
    rng = random.Random(rng_seed)
    lines = entries.with_row_index("line").filter(pl.col("company").is_null())["line"].to_list()
    chosen = rng.sample(lines, round(entries.height * _BOARD_SHARE))
    some = people(200 + len(chosen) * 10, rng_seed, towns=towns, start=BOARD_START)
    firms = with_companies(plain(some), rng_seed).filter(pl.col("company").is_not_null())
    boards = firms.head(max(1, len(chosen) // 8)).to_dicts()
    weights = [1 / rank for rank in range(1, len(boards) + 1)]
    members = entries[chosen].to_dicts()
    for member, board in zip(members, rng.choices(boards, weights, k=len(chosen)), strict=True):
        shared = {field: board[field] for field in ("phone", "company", "form", "front")}
        place = {part: board[part] for part in PLACE} if rng.random() < 0.5 else {}
        member |= shared | place
    changed = pl.DataFrame(members, schema=entries.schema).with_columns(
        line=pl.Series(chosen, dtype=pl.UInt32)
    )
    rest = entries.with_row_index("line").filter(~pl.col("line").is_in(chosen))
    return pl.concat([rest, changed.select(rest.columns)]).sort("line").drop("line")


def traps(
    entries: pl.DataFrame,
    true: int,
    spare: list[Person],
    rng: random.Random,
    towns: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The rows of all traps; `spare` people lend what is new."""
    makers = _MAKERS | {"namesakes": partial(_namesake, _towns_of(all_towns() if towns is None else towns))}
    asked = entries.filter(pl.col("name_family").is_not_null())
    common = asked["name_family"].value_counts(sort=True).head(30)["name_family"].implode()
    pools = {
        "relatives": asked.filter(pl.col("phone").is_not_null(), pl.col("company").is_null()),
        "same_building": asked.filter(pl.col("building").is_not_null(), pl.col("room").is_not_null()),
        "switchboard": asked.filter(pl.col("company").is_not_null()),
        "common_names": asked.filter(pl.col("name_family").is_in(common)),
    }
    frames = []
    for trap, share in TRAPS.items():
        pool = pools.get(trap, asked).to_dicts()
        wanted = round(true * share) if pool else 0
        made: list[Person] = []
        while len(made) < wanted:
            entry = rng.choice(pool)
            other = makers[trap](entry, rng.choice(spare), rng)
            if _fits(trap, entry, other):
                made.append(other)
        frames.append(framed(made, trap))
    return pl.concat(frames)


def _fits(trap: str, entry: Person, other: Person) -> bool:
    """Nobody calls two children by one name; a neighbour of the same surname may be a relative."""
    if trap in ("namesakes", "common_names"):
        return True
    given = entry["kana_given"] != other["kana_given"] and entry["name_given"] != other["name_given"]
    return bool(given and (trap == "relatives" or entry["kana_family"] != other["kana_family"]))


def _own(other: Person) -> Person:
    """Somebody else, with everything that is theirs alone. They carry another serial number of their own."""
    return dict(other)


def _relative(entry: Person, other: Person, rng: random.Random) -> Person:
    family = {part: entry[part] for part in (*PLACE, "name_family", "kana_family", "phone")}
    mobile = other["mobile"] if rng.random() < 0.5 else None
    return _own(other) | family | {"mobile": mobile}


def _named_like(entry: Person, other: Person) -> Person:
    """The same name and nothing else; not even born on the same day."""
    day = None if other["birth_date"] == entry["birth_date"] else other["birth_date"]
    return _own(other) | {part: entry[part] for part in _NAME} | {"birth_date": day}


def _towns_of(towns: pl.DataFrame) -> Towns:
    """Every municipality's towns: postal code, name, has 丁目."""
    grouped = towns.group_by("pref", "city").agg("postal", "town", "has_chome")
    return {
        (pref, city): sorted(zip(postals, towns, chome, strict=True))
        for pref, city, postals, towns, chome in grouped.iter_rows()
    }


def _namesake(known_towns: Towns, entry: Person, other: Person, rng: random.Random) -> Person:
    """In another town of the municipality; in the same one, if it has no other, with another number."""
    known = known_towns[(entry["pref"], entry["city"])]
    postal, town, has_chome = rng.choice(known)
    chome = rng.randint(1, 6) if has_chome == "1" else None
    place = {"pref": entry["pref"], "city": entry["city"], "postal": postal, "town": town, "chome": chome}
    ban = other["ban"] if other["ban"] != entry["ban"] else other["ban"] + 1
    return _named_like(entry, other) | place | {"ban": ban}


def _neighbour(entry: Person, other: Person, rng: random.Random) -> Person:
    place = {part: entry[part] for part in ("postal", "pref", "city", "town", "chome", "ban", "go")}
    part = "go" if entry["go"] is not None else "ban"
    away = rng.choice([step for step in (-2, -1, 1, 2) if entry[part] + step > 0])
    return _own(other) | place | {part: entry[part] + away}


def _same_building(entry: Person, other: Person, rng: random.Random) -> Person:
    place = {part: entry[part] for part in PLACE}
    return _own(other) | place | {"room": entry["room"] + rng.choice((1, 2, 100, 101, 200))}


def _colleague(entry: Person, other: Person, rng: random.Random) -> Person:
    """Reached under the same number; half of them at the company's place and under its name."""
    named = {field: entry[field] for field in ("company", "form", "front")}
    place = {part: entry[part] for part in PLACE}
    shared = named | place if rng.random() < 0.5 else {}
    return _own(other) | {"phone": entry["phone"], "mobile": None} | shared


def _common_name(entry: Person, other: Person, rng: random.Random) -> Person:
    del rng
    return _named_like(entry, other)


_MAKERS: Final[dict[str, _Trap]] = {
    "relatives": _relative,
    "neighbours": _neighbour,
    "same_building": _same_building,
    "switchboard": _colleague,
    "common_names": _common_name,
}
