"""The requests of the demo: who asks, what they give, how they spell it. Used by build_demo.py."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import polars as pl
from lists import spell
from respell import BY_NAME

RNG_SEED: Final = 20_260_401
# Who is where, by number in the population.
CUSTOMERS: Final = range(2_960)
BOUGHT_NEW: Final = range(2_960, 5_110)
SEMINAR_NEW: Final = range(5_110, 5_560)
STRANGERS: Final = range(5_560, 5_800)
# Everyday mixtures of spellings; a way that does not fit an address is passed over.
MIXTURES: Final = (
    ("address: kanji numerals", "name: variant glyphs"),
    ("address: 丁目番号", "name: no blanks", "kana: half width"),
    ("address: full width", "postal: omitted"),
    ("address: prefecture omitted", "name: rarer glyphs"),
    ("address: building dropped", "name: variant glyphs"),
    ("address: kanji 丁目", "address: ケ → ヶ", "kana: omitted"),
    ("address: dash U+2212", "name: 様"),
    ("address: blanks", "address: の → ノ", "kana: hiragana"),
    ("address: county omitted", "address: 番地の", "name: no blanks"),
    ("address: kanji digits", "postal: lost zero"),
    ("address: 大字 added", "address: 1の2の3", "name: half-width blank"),
    ("name: variation selector", "address: variant glyphs"),
)
NEW_SURNAMES: Final = (("佐久間", "サクマ"), ("藤崎", "フジサキ"), ("三ツ谷", "ミツヤ"))


@dataclass(slots=True)
class Asking:
    """One request of the demo and what is known about it.

    Attributes:
        person: Number in the population.
        kind: plain, former_surname, phone_only, email_only, name_only or stranger.
        ways: The ways its fields are spelled.
        cells: What stands in requests.csv.
    """

    person: int
    kind: str = "plain"
    ways: tuple[str, ...] = ()
    cells: dict[str, str] = field(default_factory=dict)


def alone(everybody: pl.DataFrame, among: range) -> list[int]:
    """Those of a range who live by themselves."""
    single = everybody.with_row_index("person").filter(pl.len().over("household_id") == 1)["person"].to_list()
    return [person for person in single if person in among]


def namesakes_of(everybody: pl.DataFrame, asking: list[Asking]) -> dict[int, list[int]]:
    """Person → others of the same name in another household."""
    by_name: dict[tuple[str, str], list[int]] = {}
    for person, name in enumerate(zip(everybody["name_family"], everybody["name_given"], strict=True)):
        by_name.setdefault(name, []).append(person)
    home = everybody["household_id"].to_list()
    return {
        a.person: [other for other in by_name[_name(everybody, a.person)] if home[other] != home[a.person]]
        for a in asking
    }


def _name(everybody: pl.DataFrame, person: int) -> tuple[str, str]:
    return everybody["name_family"][person], everybody["name_given"][person]


def plain_record(everybody: pl.DataFrame, person: int) -> dict[str, str]:
    """The person's record in the plain form that `respell` takes."""
    return spell(everybody[[person]], 0, noise=0.0).row(0, named=True)


def _ask(everybody: pl.DataFrame, asking: Asking, contact: dict[str, str]) -> dict[str, str]:
    """The identity cells of one request."""
    plain = plain_record(everybody, asking.person)
    record = {name: plain[name] for name in ("name", "kana", "postal", "address")}
    for way in asking.ways:
        record = BY_NAME[way].apply(record) or record
    cells = {
        "氏名": record["name"],
        "フリガナ": record["kana"],
        "旧姓": "",
        "郵便番号": record["postal"],
        "住所": record["address"],
    }
    cells |= {"電話番号": contact["phone"], "メール": contact["email"], "生年月日": contact["birth_date"]}
    return cells | _special(asking, everybody, contact)


def _special(asking: Asking, everybody: pl.DataFrame, contact: dict[str, str]) -> dict[str, str]:
    """What the kind of request changes: less is given, or another surname."""
    nothing = dict.fromkeys(("郵便番号", "住所", "電話番号", "メール", "生年月日"), "")
    if asking.kind == "former_surname":
        family, kana = NEW_SURNAMES[asking.person % len(NEW_SURNAMES)]
        given, given_kana = everybody["name_given"][asking.person], everybody["kana_given"][asking.person]
        return {
            "氏名": f"{family} {given}",
            "フリガナ": f"{kana} {given_kana}",
            "旧姓": everybody["name_family"][asking.person],
        }
    if asking.kind == "phone_only":
        return nothing | {"電話番号": contact["any_phone"]}
    if asking.kind == "email_only":
        return nothing | {"メール": contact["any_email"]}
    return nothing if asking.kind == "name_only" else {}


def _contacts(everybody: pl.DataFrame, asking: list[Asking], rng: random.Random) -> list[dict[str, str]]:
    """How each of them writes telephone, mail and birth; many leave some out."""
    rows = spell(everybody[[a.person for a in asking]], RNG_SEED + 9, noise=0.9).to_dicts()
    plain = spell(everybody[[a.person for a in asking]], 0, noise=0.0).to_dicts()
    contacts = []
    for row, sure in zip(rows, plain, strict=True):
        phone = rng.choice([row["phone"], row["mobile"], row["mobile"], ""])
        email = row["email"] if rng.random() < 0.4 else ""
        birth = row["birth_date"] if rng.random() < 0.3 else ""
        sure_phone = sure["mobile"] or sure["phone"]
        contacts.append(
            {
                "phone": phone,
                "email": email,
                "birth_date": birth,
                "any_phone": sure_phone,
                "any_email": sure["email"],
            }
        )
    return contacts


def choose(everybody: pl.DataFrame, both: list[int], seminar: list[int], rng: random.Random) -> list[Asking]:
    """Sixty-four who ask, from every list and from none."""
    has = {
        name: set(everybody.with_row_index("p").filter(pl.col(name) != "")["p"])
        for name in ("mobile", "email")
    }
    customers = rng.sample([p for p in CUSTOMERS if p not in {*both, *seminar}], 400)
    reachable = [p for p in customers if p in has["mobile"] and p in has["email"]][:5]
    others = [p for p in customers if p not in reachable]
    kinds = ["former_surname"] * 3 + ["plain"] * 20
    asking = [Asking(p, kind) for p, kind in zip(others, kinds, strict=False)]
    asking += [Asking(p, "phone_only") for p in reachable[:3]] + [
        Asking(p, "email_only") for p in reachable[3:]
    ]
    # Whoever has a namesake in the bought list asks too: the namesake must be left alone.
    namesakes = namesakes_of(everybody, [Asking(p) for p in CUSTOMERS])
    watched = [p for p in alone(everybody, CUSTOMERS) if any(n in BOUGHT_NEW[:60] for n in namesakes[p])]
    asking += (
        [Asking(p) for p in watched[:6]]
        + [Asking(p) for p in rng.sample(both, 9)]
        + [Asking(p) for p in rng.sample(seminar, 5)]
    )
    asking += [Asking(p) for p in rng.sample(SEMINAR_NEW, 5)] + [
        Asking(p) for p in rng.sample(BOUGHT_NEW[100:], 9)
    ]
    asking += [Asking(p, "stranger") for p in rng.sample(STRANGERS, 3)] + [Asking(STRANGERS[-1], "name_only")]
    unique = list({a.person: a for a in asking}.values())
    rng.shuffle(unique)
    return unique


def arrive(everybody: pl.DataFrame, asking: list[Asking], rng: random.Random) -> list[dict[str, str]]:
    """requests.csv, in order of arrival."""
    contacts = _contacts(everybody, asking, rng)
    day, rows = date(2026, 3, 2), []
    for number, (one, contact) in enumerate(zip(asking, contacts, strict=True), 1):
        if one.kind in ("plain", "stranger"):
            one.ways = MIXTURES[number % len(MIXTURES)]
        day += timedelta(days=rng.choice((0, 0, 1, 1)))
        intake = {
            "受付番号": f"R{number:03d}",
            "受付日": day.isoformat(),
            "経路": rng.choice(("fax", "fax", "post", "phone", "email")),
        }
        scope = {
            "停止範囲": rng.choice(("すべて",) * 6 + ("DM", "電話")),
            "対象": "世帯" if number % 16 == 0 else "本人",
        }
        one.cells = intake | _ask(everybody, one, contact) | scope
        rows.append(one.cells)
    return rows


def late_request(everybody: pl.DataFrame, person: int) -> dict[str, Any]:
    """The arguments of `optout.Request` for the request that comes after the delivery was made up."""
    plain = plain_record(everybody, person)
    record = {name: plain[name] for name in ("name", "kana", "postal", "address")}
    for way in ("address: kanji numerals", "name: variant glyphs", "name: no blanks"):
        record = BY_NAME[way].apply(record) or record
    given = {
        "phones": [plain["phone"]],
        "emails": [],
        "birth_date": None,
        "received": "2026-04-15",
        "source": "fax",
    }
    return record | given | {"channels": "all", "household": False, "tenant": None}
