"""Build src/optout/tables/kanji_fold.tsv: which kanji are one letter of a person's name.

Sources: the SQLite file `dist/moji.db` of npm `@mandel59/mojidata` 1.8.1 (Unihan, the Kanji Database Project's variant
tables, joyo and radical tables), PyPI `jntajis-python` 0.1.0 (the National Tax Agency's JIS縮退マップ), and Unicode
NFKC of this Python. Same packages, same bytes.
Run: npm pack @mandel59/mojidata@1.8.1, unpack it, pip install jntajis-python==0.1.0, then
python tools/build_kanji_fold.py PATH/TO/moji.db

A plain transitive closure of any of these sources makes 吉田 and 吉岡 one name. So classes are joined pair by pair, the
most trusted source first, and a pair is refused if it would join two official characters that no official table
pairs, two JIS X 0208 characters on the word of the family registers alone, or a pair of CANNOT_LINK.
"""

from __future__ import annotations

import sqlite3
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Final

import polars as pl

PROJECT: Final = Path(__file__).parents[1]
TABLE: Final = PROJECT / "src/optout/tables/kanji_fold.tsv"
CONFUSABLE: Final = PROJECT / "src/optout/tables/kanji_confusable.tsv"
PAIRS: Final = PROJECT / "tests/cases/kanji_pairs.tsv"
COLUMNS: Final = ("rule_id", "written", "canonical", "example", "expect", "leaves_alone", "source", "licence")
ROWS: Final = {
    "A0-nfkc": 1_218,
    "A0-radical": 132,
    "A1-official": 321,
    "A2-jis/nta/z": 1_860,
    "A2x-koseki": 16_138,
    "A3-customary": 2,
}

# Different names, whatever a table of variants says: looked at one by one.
CANNOT_LINK: Final = (
    "薗園 阪坂 苅刈 盃杯 脩修 惣総 升舛 柏栢 潟瀉 彬斌 暘陽 美羔 映暎 丞亟 亥豕 来耒 來耒 乢蓋 乢盖 友夭 作做 "
    "紘絖 坡陂 揀柬 昜暘 喜憙 肉宍 燗爛 皓晧 晧皓 徳悳 德悳 燿耀 気氕 紘纊 絋纊"
)
# No table has them: 斎 is written for 斉 by its bearers, 㐧 is 第 in handwriting.
CUSTOMARY: Final = (("斎", "斉"), ("㐧", "第"))

OFFICIAL: Final = (
    "joyo_kangxi",
    "cjkvi:joyo/variant",
    "Unihan:kJinmeiyoKanji",
    "cjkvi:jinmei1/variant",
    "cjkvi:jinmei2/variant",
)
NTA: Final = "NTA JIS縮退マップ"
ZVARIANT: Final = "Unihan:kZVariant"
REGISTERS: Final = "cjkvi:koseki/variant"
# In this order: what is joined first is not undone.
ORDER: Final = (
    *OFFICIAL,
    "cjkvi:hyogai/variant",
    "cjkvi:ucs-scs/variant",
    NTA,
    ZVARIANT,
    "cjkvi:jisx0213/variant",
    "cjkvi:jisx0212/variant",
    REGISTERS,
)
COMPATIBILITY: Final = (range(0x2E80, 0x2FE0), range(0xF900, 0xFB00), range(0x2F800, 0x2FA20))
# The unified ideographs that stand among the compatibility ones (﨑 﨔 …) are letters of their own.
IDEOGRAPHS: Final = (
    range(0x3400, 0x4DC0),
    range(0x4E00, 0xA000),
    range(0xFA0E, 0xFA2A),
    range(0x20000, 0x40000),
)

Pair = tuple[str, str]


def is_ideograph(text: str) -> bool:
    """One CJK ideograph, and nothing else: tables of variants also say ヶ = 箇."""
    return len(text) == 1 and any(ord(text) in block for block in IDEOGRAPHS)


def nfkc(text: str) -> str:
    """Unicode NFKC."""
    return unicodedata.normalize("NFKC", text)


def encodes(char: str, codec: str, length: int) -> bool:
    """The character set knows the character, in so many bytes."""
    try:
        return len(char.encode(codec)) == length
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True, slots=True)
class Official:
    """The characters that official lists name, and how a representative is chosen."""

    joyo: frozenset[str]
    jinmei: frozenset[str]
    jisx0213: frozenset[str]

    def rank(self, char: str) -> tuple[bool, bool, bool, bool, bool, int]:
        """The representative is the smallest: joyo, jinmei, JIS X 0208, JIS X 0213, CP932, code point."""
        basic = in_jisx0208(char)
        plane = char in self.jisx0213 or basic
        windows = encodes(char, "cp932", 2)
        return (char not in self.joyo, char not in self.jinmei, not basic, not plane, not windows, ord(char))


def in_jisx0208(char: str) -> bool:
    """In EUC-JP a character of JIS X 0208 has two bytes, one of JIS X 0212 three."""
    return encodes(char, "euc_jp", 2)


def code_point(written: str) -> str:
    """`U+4E57<kSource` → 乗."""
    return chr(int(written.split("<")[0].removeprefix("U+"), 16))


def official(db: sqlite3.Connection) -> Official:
    """The official characters of moji.db."""
    jinmei = db.execute("select UCS, value from unihan_each_kJinmeiyoKanji").fetchall()
    found = Official(
        joyo=frozenset(char for (char,) in db.execute("select 漢字 from joyo")),
        jinmei=frozenset(char for char, value in jinmei if ":" not in value),
        jisx0213=frozenset(char for (char,) in db.execute("select UCS from unihan_each_kJIS0213")),
    )
    assert (len(found.joyo), len(found.jinmei)) == (2136, 633)
    return found


def nta_pairs() -> Iterator[Pair]:
    """What the tax agency writes for characters outside JIS X 0208: one character, where it knows one."""
    import jntajis

    for code in chain(range(0x3400, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x32000)):
        char = chr(code)
        try:
            shrunk = jntajis.jnta_shrink_translit(char)
        except jntajis.TransliterationError:
            continue
        if shrunk != char and "\ufffd" not in shrunk:
            yield char, shrunk


def pairs_of(db: sqlite3.Connection, source: str) -> list[Pair]:
    """The pairs of one source, ideographs only, in an order that does not depend on the package."""
    if source == NTA:
        raw = list(nta_pairs())
    elif source == ZVARIANT:
        raw = [(a, code_point(b)) for a, b in db.execute("select UCS, value from unihan_each_kZVariant")]
    elif source == "joyo_kangxi":
        raw = db.execute("select 漢字, 康熙字典体 from joyo_kangxi").fetchall()
    elif source == "Unihan:kJinmeiyoKanji":
        listed = db.execute("select UCS, value from unihan_each_kJinmeiyoKanji")
        raw = [(a, code_point(b.split(":")[1])) for a, b in listed if ":" in b]
    else:
        raw = db.execute(f'select subject, object from "kdpv_{source.removeprefix("cjkvi:")}"').fetchall()
    folded = [(nfkc(a), nfkc(b)) for a, b in sorted(raw)]
    kept = [(a, b) for a, b in folded if a != b and is_ideograph(a) and is_ideograph(b)]
    assert kept, source
    return kept


@dataclass
class Classes:
    """Disjoint sets of characters; a class is known by any of its members."""

    of: dict[str, frozenset[str]] = field(default_factory=dict)

    def __getitem__(self, char: str) -> frozenset[str]:
        return self.of.get(char, frozenset(char))

    def join(self, a: str, b: str) -> None:
        """Make one class of two."""
        joined = self[a] | self[b]
        self.of.update(dict.fromkeys(joined, joined))


def joined(sources: dict[str, list[Pair]], lists: Official) -> Classes:
    """The classes after all pairs of `sources`, in the order of ORDER."""
    classes = Classes()
    named = {frozenset(pair) for source in OFFICIAL for pair in sources.get(source, ())}
    banned = [frozenset(pair) for pair in CANNOT_LINK.split()]
    characters = lists.joyo | lists.jinmei

    def refused(a: str, b: str, source: str) -> bool:
        ours, theirs = classes[a], classes[b]
        if ours & characters and theirs & characters and frozenset((a, b)) not in named:
            return True
        if source == REGISTERS and any(map(in_jisx0208, ours)) and any(map(in_jisx0208, theirs)):
            return True
        return any(pair & ours and pair & theirs for pair in banned)

    for source in ORDER:
        for a, b in sources.get(source, ()):
            if classes[a] is not classes[b] and not refused(a, b, source):
                classes.join(a, b)
    return classes


@dataclass(frozen=True, slots=True)
class Row:
    """One character and what it becomes, before chains are followed."""

    written: str
    canonical: str
    tier: str
    sources: str
    place: int


def compatibility_rows(db: sqlite3.Connection) -> Iterator[Row]:
    """Characters that Unicode itself calls another spelling of an ideograph, then radicals written as letters."""
    for char in map(chr, chain(*COMPATIBILITY)):
        if nfkc(char) != char and is_ideograph(nfkc(char)):
            yield Row(char, nfkc(char), "A0-nfkc", "Unicode NFKC", 0)
    for radical, ideograph in db.execute("select radical_character, radical_CJKUI from radeqv"):
        if nfkc(radical) == radical and ideograph:
            yield Row(radical, ideograph, "A0-radical", "EquivalentUnifiedIdeograph", 4)


def variant_rows(sources: dict[str, list[Pair]], lists: Official) -> Iterator[Row]:
    """Every member of a class that is not its representative, with the sources that put it there."""
    classes = joined(sources, lists)
    by_law = joined({name: sources[name] for name in OFFICIAL}, lists)
    by_standard = joined({name: pairs for name, pairs in sources.items() if name != REGISTERS}, lists)
    told: dict[str, set[str]] = defaultdict(set)
    for source, pairs in sources.items():
        for pair in pairs:
            if classes[pair[0]] is classes[pair[1]]:
                for char in pair:
                    told[char].add(source)
    for char in sorted(classes.of):
        best = min(classes[char], key=lists.rank)
        if char != best and (char, best) not in CUSTOMARY:
            standard = best in by_standard[char]
            tier = "A1-official" if best in by_law[char] else "A2-jis/nta/z" if standard else "A2x-koseki"
            # Where the registers change the representative of a class, its former one comes with theirs.
            former = char == min(by_standard[char], key=lists.rank)
            place = 1 if tier == "A1-official" else 3 if former else 2
            yield Row(char, best, tier, ";".join(sorted(told[char])), place)
    for char, usual in CUSTOMARY:
        yield Row(char, usual, "A3-customary", "curated", 5)


def rows(db: sqlite3.Connection) -> list[Row]:
    """All rows of the table: letters of Unicode, of law, of standards, of registers alone, radicals, ours."""
    sources = {source: pairs_of(db, source) for source in ORDER}
    found = [*compatibility_rows(db), *variant_rows(sources, official(db))]
    counted: dict[str, int] = defaultdict(int)
    for row in found:
        counted[row.tier] += 1
    assert dict(counted) == ROWS, dict(counted)
    return sorted(found, key=lambda row: (row.place, row.written if row.place < 5 else ""))


def licence(row: Row) -> str:
    """Of the sources of a row, the one whose terms ask most."""
    if row.tier.startswith("A0"):
        return "Unicode-3.0"
    if NTA in row.sources:
        return "CC-BY-4.0"
    if ZVARIANT in row.sources:
        return "Unicode-3.0"
    return "own" if row.tier.startswith("A3") else "MIT"


def near_misses() -> Callable[[str, str], str]:
    """What looks like a row's characters and must stay as it is."""
    alike: dict[str, list[str]] = defaultdict(list)
    table = pl.read_csv(CONFUSABLE, separator="\t", quote_char=None, infer_schema=False)
    for a, b in chain(CANNOT_LINK.split(), table.select("written", "other").iter_rows()):
        alike[a].append(b)
        alike[b].append(a)

    def near(written: str, canonical: str) -> str:
        return next(iter(alike[canonical] or alike[written]), canonical)

    return near


def lines(found: list[Row]) -> Iterator[str]:
    """The table, with chains followed to their end."""
    step = {row.written: row.canonical for row in found}
    near = near_misses()
    yield "\t".join(COLUMNS)
    for number, row in enumerate(found, 1):
        end = row.canonical
        while end in step:
            end = step[end]
        miss = near(row.written, end)
        source = f"{row.tier}: {row.sources}"
        yield "\t".join((f"KF{number:05}", row.written, end, row.written, end, miss, source, licence(row)))


def proved(text: str) -> str:
    """The table, if it folds every pair it must and no pair it must not."""
    body = [line.split("\t") for line in text.splitlines()[1:]]
    fold = {cells[1]: cells[2] for cells in body}
    assert len(fold) == len(body) == sum(ROWS.values())
    assert not set(fold) & set(fold.values()), "a chain is left"
    cases = pl.read_csv(PAIRS, separator="\t", quote_char=None, infer_schema=False)
    assert cases.height > 600
    for a, b, expect in cases.select("a", "b", "expect").iter_rows():
        alike = [fold.get(char, char) for char in nfkc(a)] == [fold.get(char, char) for char in nfkc(b)]
        assert alike == (expect == "fold"), (a, b, expect)
    return text


def main() -> None:
    """Write the table from the database named on the command line."""
    assert metadata.version("jntajis-python") == "0.1.0"
    with sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True) as db:
        text = proved("\n".join(lines(rows(db))) + "\n")
    TABLE.write_text(text, encoding="utf-8")
    print(f"{sum(ROWS.values())} rows")


if __name__ == "__main__":
    main()
