"""Ours beside a public address normaliser, on pairs of addresses by kind: one place written two ways, or two places.

The pairs are made by `address_pairs.py` in registered places with invented numbers; those of the tests are counted
too. Geolonia's normalize-japanese-addresses is given the same registered places as ours, as local files in the format
of its own data service. It says what it made of an address, not whether two are one place, so three ways to compare
its answers are tried, and it gets the one that is right most often. NFKC stands for what most programs do: NFKC, no
blanks, every dash one dash.

    pip install .[bench]
    npm install @geolonia/normalize-japanese-addresses      # needs Node.js
    python benchmarks/addresses_side_by_side.py --node .
    python benchmarks/addresses_side_by_side.py --node . --page docs/explanation/addresses.md

Geolonia's takes minutes; `--answers FILE` keeps what it said, so that another run asks only for what is new.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import address_pairs
import polars as pl
from address_kind import HEADER, Pair
from names_side_by_side import CASES, counted, table

import optout
from optout.tables import gazetteer
from optout.text import address, chars, numerals

PAGE: Final = Path(__file__).parent / "addresses_side_by_side.md"
DRIVER: Final = Path(__file__).parent / "addresses_geolonia.mjs"
_CHOME: Final = "丁目"
_NOWHERE: Final = [0, 0]
_RUNS: Final = 3
_NUMBER: Final = re.compile("[0-9]+")
_FIRST_RUN: Final = re.compile("^[-甲乙丙丁ァ-ヶぁ-ん]*[0-9]+(?:-[0-9]+){0,2}")

Answer = Sequence[Any]


class Told(NamedTuple):
    """What a tool says of every pair, and how fast it was.

    Attributes:
        same: Whether the pair is one place.
        per_second: Addresses read in a second.
    """

    same: list[bool]
    per_second: float


def written(cells: Mapping[str, str]) -> str:
    """The cells of an address as one text; a postal code beside it is left out, a building stands apart."""
    parts = [(header, cell) for header, cell in cells.items() if "郵便" not in header]
    return "".join(f" {cell}" if "建物" in header else cell for header, cell in parts).strip()


def test_pairs() -> list[Pair]:
    """The pairs of tests/cases/address_pairs.tsv."""
    with (CASES / "address_pairs.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Pair(row["category"], row["level"], row["label"], {HEADER: row["a"]}, {HEADER: row["b"]})  # type: ignore[arg-type]
        for row in rows
    ]


# --- ours


def ours(pairs: list[Pair]) -> Told:
    """One place if the addresses share a key; rooms count unless the pair is about the house."""
    sides = [_normalized([pair.ours for pair in pairs]), _normalized([pair.theirs for pair in pairs])]
    same = [_equal(pair.level, *both) for pair, *both in zip(pairs, *sides, strict=True)]
    distinct = list(dict.fromkeys(written(cells) for pair in pairs for cells in (pair.ours, pair.theirs)))
    return Told(same, len(distinct) / _quickest(lambda: address.parse(pl.Series(distinct))))


def _normalized(rows: list[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Keys and room of every address; lists with the same columns are read together."""
    found: dict[int, dict[str, Any]] = {}
    for headers in dict.fromkeys(tuple(cells) for cells in rows):
        places = [place for place, cells in enumerate(rows) if tuple(cells) == headers]
        frame = pl.DataFrame(
            [dict(rows[place]) for place in places], schema=dict.fromkeys(headers, pl.String)
        )
        found |= dict(zip(places, optout.normalize(frame).rows(named=True), strict=True))
    return [found[place] for place in range(len(rows))]


def _keys(row: dict[str, Any]) -> set[str]:
    if "address_keys" in row:
        return set(row["address_keys"] or ())
    return {f"{row['city']}|{row['town']}|{row['numbers']}"}


def _equal(level: str, one: dict[str, Any], other: dict[str, Any]) -> bool:
    if not _keys(one) & _keys(other):
        return False
    rooms = {one["room"], other["room"]}
    if level == "room":
        return len(rooms) == 1
    return level == "banchi" or len(rooms - {None}) < 2


def _quickest(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


# --- NFKC and dashes


def plain(text: str) -> str:
    """NFKC, no blanks, one dash."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).translate(_DASHES)


_DASHES: Final = dict.fromkeys(map(ord, chars.dashes()), "-")


def nfkc(pairs: list[Pair]) -> Told:
    """One place if the texts are equal once widths, blanks and dashes are."""
    texts = [(written(pair.ours), written(pair.theirs)) for pair in pairs]
    seconds = _quickest(lambda: [plain(text) for both in texts for text in both])
    return Told([plain(one) == plain(other) for one, other in texts], 2 * len(texts) / seconds)


# --- Geolonia


def local_data(folder: Path) -> str:
    """The registered places as the files of Geolonia's data service, version 2; their URL."""
    here = folder / "ja"
    municipalities = gazetteer.packaged().municipalities
    cities: dict[str, list[dict[str, Any]]] = {}
    for row in municipalities.iter_rows(named=True):
        named = {part: row[part] for part in ("county", "city", "ward") if row[part]}
        cities.setdefault(row["prefecture"], []).append(
            {"code": int(row["code"]), **named, "point": _NOWHERE}
        )
    prefectures = [
        {"code": number, "pref": name, "pref_k": "", "pref_r": "", "point": _NOWHERE, "cities": theirs}
        for number, (name, theirs) in enumerate(cities.items(), 1)
    ]
    _write(folder / "ja.json", prefectures)
    towns = dict(gazetteer.packaged().towns.group_by("code"))
    for row in municipalities.iter_rows(named=True):
        name = "".join(row[part] or "" for part in ("county", "city", "ward"))
        found = towns.get((row["code"],))
        _write(here / row["prefecture"] / f"{name}.json", _machi_aza(found) if found is not None else [])
    return f"file://{here.resolve()}"


def _machi_aza(towns: pl.DataFrame) -> list[dict[str, Any]]:
    """One entry a town, a 小字 and a 丁目, as the registry has them."""
    entries = []
    for town, koaza, chome in towns.select("town", "koaza", "chome").iter_rows():
        entries.append({"oaza_cho": town, "koaza": koaza or ""})
        numbered = range(1, chome + 1)
        entries += [
            {"oaza_cho": town, "chome": f"{numerals.grammatical()[n]}{_CHOME}", "chome_n": n}
            for n in numbered
        ]
    told = (entry for entry in entries if "".join(str(part) for part in entry.values()))
    return [{"machiaza_id": f"{number:07}", **entry} for number, entry in enumerate(told, 1)]


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"meta": {"updated": 1}, "data": entries}, ensure_ascii=False), "utf-8")


def geolonia(node: Path, url: str, addresses: list[str]) -> dict[str, Any]:
    """What Geolonia's normaliser makes of the addresses: `told`, `seconds`."""
    lines = "".join(f"{address}\n" for address in addresses)
    command = ["node", str(DRIVER.resolve()), url]
    child = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, cwd=node, check=True)
    answer: dict[str, Any] = json.loads(child.stdout)
    return answer


def asked(node: Path, addresses: list[str], kept: Path | None) -> tuple[dict[str, Answer], float]:
    """Its answers, and how many it gives in a second."""
    known = json.loads(kept.read_text("utf-8")) if kept and kept.exists() else {"answers": {}, "seconds": 0.0}
    new = [address for address in addresses if address not in known["answers"]]
    if new:
        with tempfile.TemporaryDirectory() as folder:
            answer = geolonia(node, local_data(Path(folder)), new)
        known["answers"] |= dict(zip(new, answer["told"], strict=True))
        known["seconds"] += answer["seconds"]
    if kept:
        kept.write_text(json.dumps(known, ensure_ascii=False), "utf-8")
    return known["answers"], len(known["answers"]) / known["seconds"]


def _other(answer: Answer) -> str:
    return plain(f"{answer[3]}{answer[4]}")


def _house(answer: Answer) -> str:
    first = _FIRST_RUN.match(_other(answer))
    return first.group() if first else _other(answer)


def _numbers(answer: Answer) -> str:
    return "-".join(_NUMBER.findall(_other(answer)))


_WAYS: Final[dict[str, Callable[[Answer], str]]] = {
    "the whole text": _other,
    "the first three numbers": _house,
    "all numbers": _numbers,
}


def compared(pairs: list[Pair], answers: dict[str, Answer]) -> tuple[list[bool], dict[str, str]]:
    """Whether each pair is one place, compared in the way that is right most often at its level; these ways."""
    same = [False] * len(pairs)
    best = {}
    for level in dict.fromkeys(pair.level for pair in pairs):
        places = [place for place, pair in enumerate(pairs) if pair.level == level]
        told = {way: [_alike(pairs[place], answers, of) for place in places] for way, of in _WAYS.items()}
        right = {way: sum(right_of([pairs[p] for p in places], found)) for way, found in told.items()}
        best[level] = max(right, key=right.__getitem__)
        for place, answer in zip(places, told[best[level]], strict=True):
            same[place] = answer
    return same, best


def _alike(pair: Pair, answers: dict[str, Answer], of: Callable[[Answer], str]) -> bool:
    one, other = (answers[written(cells)] for cells in (pair.ours, pair.theirs))
    return list(one[:3]) == list(other[:3]) and of(one) == of(other)


# --- the page


def right_of(pairs: Iterable[Pair], same: Iterable[bool]) -> list[bool]:
    """Which answers are right."""
    return [answer == (pair.label == "same") for pair, answer in zip(pairs, same, strict=True)]


def by_kind(pairs: list[Pair], told: dict[str, Told], label: str) -> str:
    """Right answers of each kind, for the pairs that are one place, or those that are two."""
    right = {tool: right_of(pairs, found.same) for tool, found in told.items()}
    chosen = [place for place, pair in enumerate(pairs) if pair.label == label]
    lines = []
    for kind in dict.fromkeys(pairs[place].kind for place in chosen):
        places = [place for place in chosen if pairs[place].kind == kind]
        lines.append((kind, *(counted(answers[p] for p in places) for answers in right.values())))
    whole = ("**all**", *(_share(answers, chosen) for answers in right.values()))
    return table(("kind", *told), [*lines, whole])


def _share(answers: list[bool], places: list[int]) -> str:
    right = sum(answers[place] for place in places)
    return f"{right}/{len(places)} ({100 * right / max(1, len(places)):.1f} %)"


def totals(pairs: list[Pair], told: dict[str, Told]) -> str:
    """The two sums only."""
    lines = []
    for label, name in (("same", "one place, two spellings"), ("different", "two places")):
        chosen = [place for place, pair in enumerate(pairs) if pair.label == label]
        shares = (_share(right_of(pairs, found.same), chosen) for found in told.values())
        lines.append((name, *shares))
    return table(("pairs", *told), lines)


def speeds(told: dict[str, Told]) -> str:
    """Addresses a second."""
    return table(
        ("", *told), [("addresses a second", *(f"{found.per_second:,.0f}" for found in told.values()))]
    )


def measured(made: list[Pair], cases: list[Pair], node: Path, kept: Path | None = None) -> dict[str, str]:
    """Every table of the page."""
    texts = list(dict.fromkeys(written(cells) for pair in made + cases for cells in (pair.ours, pair.theirs)))
    answers, per_second = asked(node, texts, kept)
    tables = {}
    for name, pairs in (("made", made), ("cases", cases)):
        same, ways = compared(pairs, answers)
        told = {"optout": ours(pairs), "geolonia": Told(same, per_second), "NFKC, dashes": nfkc(pairs)}
        if name == "made":
            tables |= {label: by_kind(pairs, told, label) for label in ("same", "different")}
            tables |= {"speeds": speeds(told), "ways": _named(ways), "wrong": wrong(pairs, told["optout"])}
        tables[f"{name}_totals"] = totals(pairs, told)
    return tables


def wrong(pairs: list[Pair], told: Told) -> str:
    """The kinds we do not always get right, with a pair of each."""
    missed: dict[str, list[Pair]] = {}
    for pair, fine in zip(pairs, right_of(pairs, told.same), strict=True):
        if not fine:
            missed.setdefault(pair.kind, []).append(pair)
    lines = (f"- {kind} ({len(some)}): {_both(some[0])}" for kind, some in missed.items())
    return "\n".join(lines) or "- nothing"


def _both(pair: Pair) -> str:
    return " / ".join(" | ".join(cells.values()) for cells in (pair.ours, pair.theirs))


def _named(ways: dict[str, str]) -> str:
    levels = {"any": "in general", "room": "where rooms matter", "banchi": "where they do not"}
    return ", ".join(f"{ways[level]} {words}" for level, words in levels.items() if level in ways)


def _version(node: Path) -> str:
    package = node / "node_modules" / "@geolonia" / "normalize-japanese-addresses" / "package.json"
    return str(json.loads(package.read_text("utf-8"))["version"])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--node", type=Path, default=Path(), help="folder of `npm install`")
    parser.add_argument("--n", type=int, default=200, help="pairs of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mergers", type=Path, help="changes of municipalities, CSV (see address_pairs.py)")
    parser.add_argument("--answers", type=Path, help="file that keeps Geolonia's answers between runs")
    parser.add_argument("--page", type=Path, help="write the tables as a page of the documentation")
    args = parser.parse_args()
    # What only a person can decide is a question for `optout.screen`, and none for a normaliser.
    made = [p for p in address_pairs.make(args.n, args.seed, mergers=args.mergers) if p.level != "review"]
    told = measured(made, test_pairs(), args.node, args.answers)
    told |= {
        "version": _version(args.node),
        "n": str(args.n),
        "seed": str(args.seed),
        "pairs": f"{len(made):,}",
    }
    text = PAGE.read_text("utf-8").format(**told)
    if args.page:
        args.page.write_text(text, "utf-8", newline="\n")
    print(text)


if __name__ == "__main__":
    main()
