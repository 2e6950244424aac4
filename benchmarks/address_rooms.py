"""Kinds of address pairs that differ in what stands behind the numbers: building, floor, room."""

from __future__ import annotations

import random
from typing import Final

import address_places as known
from address_kind import (
    Written,
    building,
    dashed,
    kind,
    room,
    three,
    wide,
)
from address_places import Place
from lists import kanji_number

_FIGURES: Final = (
    "第3山田ビル",
    "レジデンス21",
    "ハイツ2000",
    "フォーレスト2号館",
    "109ビル",
    "コーポ3",
    "第2サンハイツ",
)


def apart(house: str) -> str:
    """A house whose name begins with a figure cannot follow a number directly."""
    return f" {house}" if house[0].isdigit() else house


@kind("P18_building_vs_none(banchi-level)", known.with_chome, level="banchi")
def _(place: Place, rng: random.Random) -> Written:
    end, house, number = "-".join(map(str, three(place, rng))), building(rng), room(rng)
    a, b, c = end.split("-")
    form = rng.choice(
        (
            f"{a}丁目{b}番{c}号 {house}{number}号室",
            f"{end}　{house}　{number}",
            f"{end}{apart(house)}{number}",
        )
    )
    return place.full + end, place.full + form


@kind("P19_room_forms(room-level)", known.with_chome, level="room")
def _(place: Place, rng: random.Random) -> Written:
    end, house, number = "-".join(map(str, three(place, rng))), building(rng), room(rng)
    a, b, c = end.split("-")
    forms = [
        f"{end} {house}{number}号室", f"{end.replace('-', '－')}　{house}　{number}号", f"{end}-{number} {house}",
        f"{end} {house}＃{wide(str(number))}", f"{end}-{number}", f"{end} {house}#{number}",
        f"{a}丁目{b}番{c}号{house}{number}", f"{end} {house} {number}",
    ]  # fmt: skip
    ours, theirs = rng.sample(forms, 2)
    return place.full + ours, place.full + theirs


@kind("X_room_wing", known.with_chome, level="room")
def _(place: Place, rng: random.Random) -> Written:
    start, wing, number = place.full + dashed(place, rng), rng.choice("ABC123"), room(rng)
    house = rng.choice(("みどり団地", "サンハイツ", "市営住宅"))
    wings = f"{wing}号棟" if wing.isdigit() else f"{wing}棟"
    forms = (
        f" {house}{wings}{number}号室",
        f"-{wing}-{number}",
        f" {house} {wing}-{number}",
        f" {house}{wings} {number}",
    )
    ours, theirs = rng.sample(forms, 2)
    return start + ours, start + theirs


@kind("X_floor", known.with_chome, level="room")
def _(place: Place, rng: random.Random) -> Written:
    start, floor = place.full + dashed(place, rng), rng.randint(2, 15)
    house = building(rng)
    forms = (
        f" {house}{floor}F",
        f" {house}{floor}階",
        f" {house} {wide(f'{floor}F')}",
        f"　{house}　{kanji_number(floor)}階",
    )
    if house[-1].isdigit():
        forms = tuple(form.replace(house, f"{house} ", 1).replace("  ", " ") for form in forms)
    ours, theirs = rng.sample(forms, 2)
    return start + ours, start + theirs


@kind("X_building_figures", known.with_chome, level="banchi")
def _(place: Place, rng: random.Random) -> Written:
    start, house = place.full + dashed(place, rng), rng.choice(_FIGURES)
    form = rng.choice((f" {house}", f"　{house}　{room(rng)}号室", f" {house} {rng.randint(2, 9)}F"))
    return start, start + form


@kind("X_building_kanji", known.with_chome, level="banchi")
def _(place: Place, rng: random.Random) -> Written:
    start, house = (
        place.full + dashed(place, rng),
        rng.choice(("三田マンション", "一番館", "六本木ハイツ", "二葉荘")),
    )
    return start, start + rng.choice((house, f"{house}{room(rng)}", f" {house}{room(rng)}号室"))


@kind("N10_room(room-level)", known.with_chome, "different", "room")
def _(place: Place, rng: random.Random) -> Written:
    start, number = place.full + "-".join(map(str, three(place, rng))), room(rng)
    return f"{start}-{number}", f"{start}-{number + 1}"


@kind("Y_room_wing", known.with_chome, "different", "room")
def _(place: Place, rng: random.Random) -> Written:
    start, number = place.full + dashed(place, rng), room(rng)
    return f"{start} みどり団地A棟{number}号室", f"{start} みどり団地B棟{number}号室"


@kind("Y_room_figures", known.with_chome, "different", "room")
def _(place: Place, rng: random.Random) -> Written:
    start, house, number = place.full + dashed(place, rng), rng.choice(_FIGURES), room(rng)
    return f"{start} {house} {number}号室", f"{start} {house} {number + 1}"
