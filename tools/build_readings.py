"""Build src/optout/tables/reading.parquet, the readings a name may have, from ENAMDICT.

Source: the file /usr/share/edict/enamdict of Debian's package `enamdict` 2021.02.03-1 (EUC-JP; `apt-get download
enamdict`, then `dpkg -x`). Copyright Electronic Dictionary Research and Development Group, CC BY-SA; the licence
text stands beside the table. Same file, same polars: same bytes.
Run: python tools/build_readings.py PATH/TO/enamdict

Three things are taken from it. Whole surnames and given names (classes s g f m u) with every reading. The parts
given names and surnames are made of (翔 = ショウ, カ, ト), found by aligning kanji with kana over all names, so that a
name nobody listed can be read. And from the full names of well-known people (class h) which readings of a
given name are usual: one in ten of its bearers, or one in ten of the names its kanji stand in.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from optout.text import kana, letters

TABLE: Final = Path(__file__).parents[1] / "src/optout/tables/reading.parquet"
INPUT_SHA256: Final = "6316daac19ef6743a8ec4591f6b9089c785ef4f915f65092eda236706c24959c"
ROWS: Final = {
    "entries": 741_379,
    "family": 214_173,
    "given": 265_042,
    "family_part": 6_046,
    "given_part": 8_456,
}

FAMILY: Final = "[su]"
GIVEN: Final = "[gfmu]"
_ENTRY: Final = re.compile(r"(\S+) (?:\[([^\]]+)\] )?/(.*)/")
_CLASSES: Final = re.compile(r"\(([a-z]+(?:,[a-z]+)*)\)")
_KNOWN: Final = frozenset(["s", "p", "u", "g", "f", "m", "h", "pr", "c", "o", "st", "wk", "dei"])
_NAME: Final = rf"^[{letters.HAN}ァ-ヺー]+$"

# A part counts when two names and one in a hundred of its kanji have it: rarer ones are slips of the alignment.
_LEAST_NAMES: Final = 2 - 0.01
_LEAST_SHARE: Final = 0.01
_USUAL: Final = 0.1
_ROUNDS: Final = 5
_LONGEST: Final = (4, 8)  # kanji, kana
_LONGEST_PART: Final = (4, 5)  # kana of a part that is not the last, that is

MUST_READ: Final = (
    ("family", "山田", "ヤマダ"),
    ("family", "佐佐木", "ササキ"),
    ("family", "小鳥遊", "タカナシ"),
    ("family", "斉藤", "サイトー"),
    ("given", "太郎", "タロー"),
    ("given", "裕子", "ヒロコ"),
    ("given", "裕子", "ユーコ"),
    ("given_part", "翔", "シヨー"),
    ("given_part", "斗", "ト"),
    ("family_part", "田", "ダ"),
)
MUST_NOT_READ: Final = (
    ("family", "山田", "ヤマモト"),
    ("given", "一郎", "ジロー"),
    ("given_part", "子", "オ"),
)


def entries(content: bytes) -> pl.DataFrame:
    """`kanji`, `kana`, `classes` (letters out of s g f m u h) of every entry that has a reading and names a person."""
    rows, told = [], 0
    for line in content.decode("euc_jp").splitlines()[1:]:
        entry = _ENTRY.fullmatch(line)
        assert entry, line
        told += 1
        classes = {name for group in _CLASSES.findall(entry[3]) for name in group.split(",")} & _KNOWN
        if entry[2] and (of_people := "".join(sorted(classes & set("sgfmuh")))):
            rows.append((entry[1], entry[2], of_people))
    assert told == ROWS["entries"], told
    return pl.DataFrame(rows, schema=["kanji", "kana", "classes"], orient="row")


def keyed(listed: pl.DataFrame) -> pl.DataFrame:
    """`name` spelled as text.name spells names, `plain` kana in one script, `reading` its K1 key."""
    spelled = listed.with_columns(
        name=letters.expand(letters.spell(pl.col("kanji"))), reading=kana.keys(pl.col("kana"))
    )
    plain = kana.spelled(pl.col("kana")).alias("plain")
    return spelled.with_columns(plain).filter(pl.col("name").str.contains(_NAME)).drop("kanji", "kana")


def known_people(names: pl.DataFrame) -> pl.DataFrame:
    """`name`, `reading`, `people`: given names of full-name entries, cut where both parts are listed."""
    full = names.filter(pl.col("classes").str.contains("h")).select("name", "plain").unique()
    cuts = full.with_columns(cut=pl.int_ranges(1, 5)).explode("cut")
    cuts = cuts.filter(pl.col("cut") < pl.col("name").str.len_chars())
    cuts = cuts.with_columns(
        family=pl.col("name").str.slice(0, pl.col("cut")), given=pl.col("name").str.slice(pl.col("cut"))
    )
    families = _of(names, "s").select(family="name", begin="plain")
    begun = cuts.join(families, on="family").filter(pl.col("plain").str.starts_with(pl.col("begin")))
    begun = begun.with_columns(rest=pl.col("plain").str.slice(pl.col("begin").str.len_chars()))
    found = begun.join(_of(names, GIVEN).select(given="name", rest="plain"), on=["given", "rest"])
    # Two letters are the usual length of a surname; the rest is only there to make the choice the same every time.
    likely = found.sort((pl.col("cut") - 2).abs(), "name", "plain", "cut", "begin")
    people = likely.unique(["name", "plain"], keep="first", maintain_order=True)
    counted = people.select(name="given", reading=kana.keys(pl.col("rest")))
    return counted.group_by("name", "reading").agg(people=pl.len())


def _of(names: pl.DataFrame, classes: str) -> pl.DataFrame:
    return names.filter(pl.col("classes").str.contains(classes)).select("name", "plain").unique()


@cache
def cuts(kanji: int, kana_length: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Every way to deal so many kana out to so many kanji, as (start, end) of each."""
    inner, last = _LONGEST_PART

    def dealt(left: int, start: int) -> Iterator[tuple[tuple[int, int], ...]]:
        if left == 1:
            if kana_length - start <= last:
                yield ((start, kana_length),)
            return
        for end in range(start + 1, min(start + inner, kana_length - left + 1) + 1):
            for rest in dealt(left - 1, end):
                yield ((start, end), *rest)

    return tuple(dealt(kanji, 0))


def aligned(names: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """How many names each kanji is read so in: expectation maximisation over all ways to deal the kana out."""
    share: dict[tuple[str, str], float] = {}
    counted: dict[tuple[str, str], float] = {}
    for round_ in range(_ROUNDS):
        counted = defaultdict(float)
        for name, read in names:
            ways = cuts(len(name), len(read))
            weights = [_chance(name, read, way, share) if round_ else 1.0 for way in ways]
            total = sum(weights)
            for way, weight in zip(ways, weights, strict=True):
                if weight >= total / 1000:
                    for kanji, (start, end) in zip(name, way, strict=True):
                        counted[kanji, read[start:end]] += weight / total
        of_kanji: dict[str, float] = defaultdict(float)
        for (kanji, _), number in counted.items():
            of_kanji[kanji] += number
        share = {pair: number / of_kanji[pair[0]] for pair, number in counted.items()}
    return counted


def _chance(
    name: str, read: str, way: tuple[tuple[int, int], ...], share: dict[tuple[str, str], float]
) -> float:
    chance = 1.0
    for kanji, (start, end) in zip(name, way, strict=True):
        chance *= share.get((kanji, read[start:end]), 0.0) + 1e-6
    return chance


def parts(names: pl.DataFrame, classes: str) -> pl.DataFrame:
    """`name` (one kanji), `reading`, `share` of the names with that kanji in which it is read so."""
    kanji, read = pl.col("name").str.len_chars(), pl.col("plain").str.len_chars()
    fit = (kanji <= _LONGEST[0]) & (read <= _LONGEST[1]) & (kanji <= read)
    plain = _of(names, classes).filter(fit & pl.col("plain").str.contains("^[ァ-ヺ]+$")).sort("name", "plain")
    counted = aligned(plain.rows())
    rows = [(*pair, number) for pair, number in sorted(counted.items())]
    found = pl.DataFrame(rows, schema=["name", "plain", "names"], orient="row")
    found = (
        found.with_columns(reading=kana.keys(pl.col("plain")))
        .group_by("name", "reading")
        .agg(pl.sum("names"))
    )
    found = found.with_columns(share=pl.col("names") / pl.col("names").sum().over("name"))
    often = (pl.col("names") >= _LEAST_NAMES) & (pl.col("share") >= _LEAST_SHARE)
    return found.filter(often & pl.col("name").str.contains(rf"^[{letters.HAN}]$")).drop("names")


def _merged(family: pl.DataFrame, given: pl.DataFrame, *, part: bool) -> pl.DataFrame:
    """One line a name and reading: `family`, `given` tell of what, `usual` speaks of given names."""
    on = ["name", "reading"]
    both = family.with_columns(family=True).join(
        given.with_columns(given=True), on=on, how="full", coalesce=True
    )
    return both.select(
        *on,
        pl.col("family", "given").fill_null(False),
        part=pl.lit(part),
        usual=pl.col("usual").fill_null(False),
    )


def lexicon(listed: pl.DataFrame) -> pl.DataFrame:
    """The table: `name`, `reading` String, `family`, `given`, `part`, `usual` Boolean."""
    names = keyed(listed)
    on = ["name", "reading"]
    family = names.filter(pl.col("classes").str.contains(FAMILY)).select(on).unique()
    given = names.filter(pl.col("classes").str.contains(GIVEN)).select(on).unique()
    people = known_people(names)
    borne = pl.col("people") >= _USUAL * pl.col("people").sum().over("name")
    given = given.join(people.filter(borne).select(*on, usual=True), on=on, how="left")
    of_given = parts(names, GIVEN).select(*on, usual=pl.col("share") >= _USUAL)
    of_family = parts(names, "s").select(on)
    whole, made_of = _merged(family, given, part=False), _merged(of_family, of_given, part=True)
    # Readings together, because names of one reading share letters: the file is a third smaller than by name.
    return pl.concat([whole, made_of]).sort("part", "reading", "name")


def proved(table: pl.DataFrame) -> pl.DataFrame:
    """The table, if it is as large as it was and reads what it must."""
    kinds = {
        f"{use}{'_part' if part else ''}": (use, part)
        for use in ("family", "given")
        for part in (False, True)
    }
    for kind, (use, part) in kinds.items():
        lines = table.filter(pl.col(use) & (pl.col("part") == part))
        assert lines.height == ROWS[kind], (kind, lines.height)
        told = set(lines.select("name", "reading").iter_rows())
        for wanted, pairs in ((True, MUST_READ), (False, MUST_NOT_READ)):
            wrong = [pair for pair in pairs if pair[0] == kind and (pair[1:] in told) != wanted]
            assert not wrong, wrong
    assert not table.is_duplicated().any()
    assert table.null_count().sum_horizontal().item() == 0
    return table


def main() -> None:
    """Write the table from the dictionary named on the command line."""
    content = Path(sys.argv[1]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == INPUT_SHA256, "not the enamdict of 2021.02.03-1"
    table = proved(lexicon(entries(content)))
    table.write_parquet(TABLE, compression="zstd", compression_level=19, statistics=False)
    print(f"{table.height} rows, {TABLE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
