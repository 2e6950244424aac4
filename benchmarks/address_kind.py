"""What a kind of address pair is, and the ways numbers, rooms and buildings are written in one."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import polars as pl
from address_places import NUMERALS, WHERE, Place
from lists import WIDE, kanji_number

Cells: TypeAlias = Mapping[str, str]
Written: TypeAlias = tuple[str | Cells, str | Cells] | None
Writer: TypeAlias = Callable[[Place, random.Random], Written]
Level: TypeAlias = Literal["any", "banchi", "room", "review"]
Label: TypeAlias = Literal["same", "different"]

HEADER: Final = "住所"
KINDS: Final[dict[str, Kind]] = {}
# Signs of lots.
LOTS: Final = "甲乙丙丁イロハニホヘ"
_TRIES: Final = 40
_BUILDINGS: Final = (
    "サンハイツ", "グランドタワー", "コーポ桜", "第二山田ビル", "メゾン三番館", "エクセル21", "ニュー八重洲ビル",
    "レジデンス青葉", "ヒルズ南", "パークハイム", "ひまわり荘", "ロイヤルマンション", "三田マンション",
    "フォーレスト2号館", "シティハウス", "みどり団地", "ハイツ2000", "21世紀ビル",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Two spellings, header → cell.

    Attributes:
        kind: The name of its kind.
        level: Where the answer holds: any, banchi (rooms apart), room, or review (may not be taken for another).
        label: same or different.
        ours, theirs: The cells of each side; usually one, under HEADER.
    """

    kind: str
    level: Level
    label: Label
    ours: Cells
    theirs: Cells


@dataclass(frozen=True, slots=True)
class Kind:
    """How pairs of one kind are made.

    Attributes:
        pool: Places to draw from, columns of `WHERE`; `also` may be absent.
        write: A place → both spellings; None where the place does not fit.
    """

    name: str
    label: Label
    level: Level
    pool: Callable[[], pl.DataFrame]
    write: Writer

    def pairs(self, n: int, rng_seed: int) -> Iterator[Pair]:
        """At most `n` pairs, all different; places are used again when there are too few."""
        number = zlib.crc32(self.name.encode()) ^ rng_seed
        rng = random.Random(number)
        pool = self.pool()
        if "also" not in pool.columns:
            pool = pool.with_columns(also=pl.lit(""))
        drawn = pool.select(WHERE).sample(min(pool.height, 12 * n), shuffle=True, seed=number)
        places = [Place(*row) for row in drawn.iter_rows()]
        seen: set[str] = set()
        for place in places * _TRIES:
            if len(seen) == n:
                return
            written = self.write(place, rng)
            if written is None or written[0] == written[1] or str(written) in seen:
                continue
            seen.add(str(written))
            yield Pair(self.name, self.level, self.label, cells(written[0]), cells(written[1]))


def kind(
    name: str, pool: Callable[[], pl.DataFrame], label: Label = "same", level: Level = "any"
) -> Callable[[Writer], Writer]:
    """Enter a writer among the kinds."""

    def enter(write: Writer) -> Writer:
        KINDS[name] = Kind(name, label, level, pool, write)
        return write

    return enter


def cells(written: str | Cells) -> Cells:
    """One cell, unless there are several."""
    return {HEADER: written} if isinstance(written, str) else written


def wide(text: str) -> str:
    """Digits, capitals and hyphens in full width."""
    return text.translate(WIDE)


def chome(place: Place, rng: random.Random) -> int:
    """A 丁目 the town has; any small number where it has none."""
    return rng.randint(1, place.chome or 9)


def three(place: Place, rng: random.Random) -> tuple[int, int, int]:
    """丁目, 番, 号."""
    return chome(place, rng), rng.randint(1, 40), rng.randint(1, 30)


def two(rng: random.Random) -> tuple[int, int]:
    """番地 and its branch number."""
    return rng.randint(1, 2900), rng.randint(2, 30)


def numbers(place: Place, rng: random.Random) -> str:
    """The numbers a place of that sort has: 2-13-11, or 1820-2."""
    return "-".join(map(str, three(place, rng) if place.chome else two(rng)))


def in_words(text: str, rng: random.Random) -> str:
    """2-13-11 → 二丁目13番11号, 2丁目13-11 …; 1820-2 → 1820番地2, 1820番地の2 …."""
    parts = text.split("-")
    if len(parts) == 3:
        first = kanji_number(int(parts[0])) if rng.random() < 0.5 else parts[0]
        return first + rng.choice(("丁目{}番{}号", "丁目{}-{}", "丁目{}番{}")).format(*parts[1:])
    return rng.choice(("{}番地{}", "{}番地の{}", "{}番{}", "{}の{}")).format(*parts)


def building(rng: random.Random) -> str:
    """The name of a house."""
    return rng.choice(_BUILDINGS)


def room(rng: random.Random) -> int:
    """A room of three digits."""
    return rng.randint(1, 9) * 100 + rng.randint(1, 12)


def dashed(place: Place, rng: random.Random) -> str:
    """2-13-11."""
    return "-".join(map(str, three(place, rng)))


def value(numeral: str) -> int:
    """四十 → 40."""
    total = current = 0
    for char in numeral:
        if char in "十百千":
            total += (current or 1) * {"十": 10, "百": 100, "千": 1000}[char]
            current = 0
        else:
            current = current * 10 + NUMERALS.index(char)
    return total + current
