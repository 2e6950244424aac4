"""How many pairs of addresses are told right, by kind: what is one place is equal, what is two is not.

Every pair of `address_pairs` is asked twice: as parsed addresses (do they share a key, and which level does
`optout.match` find), and through `optout.screen`, one side a list and the other the requests, with the same name. Both
directions each. Prints a table by kind, whether the bounds hold, and one JSON line.

`equal`: the answer at the level the kind names. `keep`, `review`, `withhold`: shares of the verdicts. A room that
differs and a number that only begins alike (1-2, 1-2-3) are reviewed by design, so the review of different pairs is
told with and without those kinds. `apart`: pairs found equal whose rows share no key of lane 1, which may not be.

    python benchmarks/bench_address_pairs.py                            # every kind, 200 pairs of each
    python benchmarks/bench_address_pairs.py --kinds P21 X --show 5 --mergers mergers.csv
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import address_pairs
import polars as pl
from address_kind import Cells, Pair
from people import HERE

import optout
from optout import match, tables
from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.keys import comparable
from optout.keys.blocking import blocked
from optout.text import address, postal

# The levels that are right for a pair, by label and level; for different pairs those that are wrong.
RIGHT: Final = {
    "any": ("equal",),
    "banchi": ("equal", "room_differs"),
    "room": ("equal",),
    "review": ("equal", "room_differs", "partial", "town", "unclear", "near"),
}
WRONG: Final = {"any": ("equal", "room_differs"), "room": ("equal",)}
# By design two rooms, and a number that may be the beginning of another, are for a person to look at.
BY_DESIGN: Final = ("N04_", "N10_", "Y_room", "Y_begins")
SAME_LEAST, DIFFERENT_LEAST, KIND_LEAST, REVIEW_MOST = 0.99, 0.995, 0.95, 0.05
NAME: Final = "氏名"


@dataclass(frozen=True, slots=True)
class Asked:
    """Both sides of all pairs, the theirs behind the ours.

    Attributes:
        raw: Raw frame of 2n lines, each pair with a name of its own.
        lines: kind, level, label of each pair.
    """

    raw: pl.DataFrame
    lines: pl.DataFrame

    @property
    def height(self) -> int:
        """How many pairs."""
        return self.lines.height


def names(n: int, rng_seed: int) -> list[str]:
    """Invented names, all different."""
    families, given = (
        pl.read_csv(HERE / f"{table}.tsv", separator="\t", infer_schema=False)["name"].unique(
            maintain_order=True
        )
        for table in ("surnames", "given_names")
    )
    every = [f"{family} {name}" for family, name in itertools.product(families, given)]
    return random.Random(rng_seed).sample(every, n)


def layouts(sides: Sequence[Cells], people: Sequence[str]) -> Iterator[tuple[list[int], pl.DataFrame]]:
    """The sides in lists as they come: one list for each set of headers."""
    by_headers: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, cells in enumerate(sides):
        by_headers[tuple(cells)].append(number)
    for headers, members in by_headers.items():
        schema = dict.fromkeys((NAME, *headers), pl.String)
        rows = [{NAME: people[number], **sides[number]} for number in members]
        yield members, pl.DataFrame(rows, schema=schema)


def asked(pairs: Sequence[Pair], people: Sequence[str]) -> Asked:
    """The pairs as one raw frame."""
    parts = []
    for k, sides in enumerate(([pair.ours for pair in pairs], [pair.theirs for pair in pairs])):
        for members, frame in layouts(sides, people):
            lines = raw(frame, recognise(frame.columns)).with_columns(at=pl.Series(members) + k * len(pairs))
            parts.append(lines)
    whole = pl.concat(parts, how="diagonal").sort("at").drop("at")
    rows = pl.int_range(whole.height, dtype=pl.UInt32, eager=True)
    lines = pl.DataFrame(
        [(pair.kind, pair.level, pair.label) for pair in pairs],
        schema=["kind", "level", "label"],
        orient="row",
    )
    return Asked(whole.with_columns(row=rows), lines)


def levels(sides: Asked) -> pl.DataFrame:
    """Level of the comparison both ways, and whether the keys of both meet: `there`, `back`, `keys`."""
    parts = comparable(sides.raw)
    n = sides.height
    ours = pl.int_range(n, dtype=pl.UInt32, eager=True)
    theirs = ours + n
    there = match.compare(pl.DataFrame({"a": ours, "b": theirs}), parts, parts)["address"]
    back = match.compare(pl.DataFrame({"a": theirs, "b": ours}), parts, parts)["address"]
    return pl.DataFrame({"there": there, "back": back, "keys": _meet(sides)})


def _meet(sides: Asked) -> pl.Series:
    """Whether two addresses share a key; null as long as there are none."""
    parsed = _parsed(sides.raw)
    n = sides.height
    if "keys" not in parsed.columns:
        return pl.Series("keys", [None] * n, dtype=pl.Boolean)
    both = pl.DataFrame({"a": parsed["keys"].head(n), "b": parsed["keys"].tail(n)})
    common = pl.col("a").list.set_intersection("b").list.len() > 0
    return both.select(common.fill_null(False).alias("keys"))["keys"]


def _parsed(frame: pl.DataFrame) -> pl.DataFrame:
    if "postal" in address.parse.__code__.co_varnames[: address.parse.__code__.co_argcount]:
        return address.parse(frame["address"], postal=postal.parse(frame["postal"]))
    return address.parse(frame["address"])


def apart(sides: Asked) -> pl.Series:
    """Boolean, a pair each: no key of lane 1 that needs no name is shared, in one direction or the other."""
    rules = tables.load("blocking").filter(~pl.col("parts").str.contains("name"))["rule_id"]
    ours, theirs = sides.raw.head(sides.height), sides.raw.tail(sides.height)
    met = [_shared(row, entry, rules.to_list()) for row, entry in ((ours, theirs), (theirs, ours))]
    lines = pl.int_range(sides.height, dtype=pl.UInt32, eager=True)
    return ~(lines.is_in(met[0].implode()) & lines.is_in(met[1].implode()))


def _shared(rows: pl.DataFrame, entries: pl.DataFrame, rules: list[str]) -> pl.Series:
    """Lines that have a key of one of the rules in common with the same line of the other side."""
    left, right = blocked(rows, "row").keys, blocked(entries, "entry").keys
    return pl.concat([left[rule].join(right[rule], on=["i", "key"], how="semi")["i"] for rule in rules])


def verdicts(rows: Sequence[Cells], requests: Sequence[Cells], people: Sequence[str]) -> pl.DataFrame:
    """What `screen` says of each row: `verdict`, and `own`: it was the pair's own request."""
    told = []
    with (
        tempfile.TemporaryDirectory() as folder,
        optout.Store.create(f"{folder}/s.db", key=bytes(range(32))) as store,
    ):
        ids = [""] * len(requests)
        for members, frame in layouts(requests, people):
            for number, request in zip(members, store.suppress(frame).request_ids, strict=True):
                ids[number] = request
        for members, frame in layouts(rows, people):
            found = optout.screen(frame, store).verdicts.select("verdict", "request")
            told.append(found.with_columns(at=pl.Series(members)))
    whole = pl.concat(told).sort("at").with_columns(pl.col("verdict").cast(pl.String), own=pl.Series(ids))
    return whole.select("verdict", own=(pl.col("request") == pl.col("own")).fill_null(False))


def judged(pairs: Sequence[Pair], rng_seed: int) -> pl.DataFrame:
    """One line a pair: what was asked, what was told, `right` and `keys_right`, `apart`."""
    people = names(len(pairs), rng_seed)
    sides = asked(pairs, people)
    ours, theirs = [pair.ours for pair in pairs], [pair.theirs for pair in pairs]
    forth = verdicts(ours, theirs, people).rename({"verdict": "forth", "own": "own_forth"})
    back = verdicts(theirs, ours, people).rename({"verdict": "back_verdict", "own": "own_back"})
    whole = pl.concat([sides.lines, levels(sides), forth, back], how="horizontal")
    same = pl.col("label") == "same"
    right = pl.all_horizontal(_right("there"), _right("back"))
    keys = pl.when(same | (pl.col("level") != "room"), pl.col("level") != "review").then(
        pl.col("keys") == same
    )
    found = pl.col("there").is_in(["equal", "room_differs"]) | pl.col("keys").fill_null(False)
    return whole.with_columns(right=right, keys_right=keys, apart=apart(sides)).with_columns(
        pl.col("apart") & found
    )


def _right(way: str) -> pl.Expr:
    """The level found in this direction is one the pair allows."""
    at, found = pl.col("level"), pl.col(way)
    same = pl.any_horizontal([(at == level) & found.is_in(levels) for level, levels in RIGHT.items()])
    wrong = pl.any_horizontal([(at == level) & found.is_in(levels) for level, levels in WRONG.items()])
    return pl.when(pl.col("label") == "same").then(same).otherwise(~wrong)


def by_kind(told: pl.DataFrame) -> pl.DataFrame:
    """The table, a line a kind."""
    shares = [
        ((pl.col("forth") == word).mean() + (pl.col("back_verdict") == word).mean()).truediv(2).alias(word)
        for word in ("withhold", "review", "keep")
    ]
    return told.group_by("kind", "label", "level", maintain_order=True).agg(
        pl.len().alias("n"),
        pl.col("right").mean().alias("equal"),
        pl.col("keys_right").mean().alias("keys"),
        *shares,
        pl.col("apart").sum(),
    )


def table(kinds: pl.DataFrame) -> str:
    """The same for reading."""
    lines = [
        f"{'kind':<38}{'n':>6}{'right':>8}{'keys':>8}{'withhold':>10}{'review':>8}{'keep':>8}{'apart':>7}"
    ]
    for row in kinds.iter_rows(named=True):
        keys = "-" if row["keys"] is None else f"{row['keys']:.1%}"
        shares = f"{row['withhold']:>10.1%}{row['review']:>8.1%}{row['keep']:>8.1%}"
        mark = " <" if row["equal"] < KIND_LEAST else ""
        label = f"{row['kind']} {'=' if row['label'] == 'same' else '≠'}"
        lines.append(
            f"{label:<38}{row['n']:>6}{row['equal']:>8.1%}{keys:>8}{shares}{row['apart'] or '':>7}{mark}"
        )
    return "\n".join(lines)


def totals(told: pl.DataFrame) -> dict[str, Any]:
    """Everything the issue bounds, over the kinds it names and over all."""
    named = told.filter(pl.col("kind").str.contains("^[PN]"))
    found: dict[str, Any] = {}
    for scope, some in (("named", named), ("all", told)):
        for label in ("same", "different"):
            part = some.filter(label=label)
            found[f"{scope}_{label}"] = round(part["right"].mean() or 0.0, 4) if part.height else None
            if part.height and part["keys_right"].null_count() < part.height:
                found[f"{scope}_{label}_keys"] = round(part["keys_right"].mean(), 4)
        different = some.filter(label="different")
        meant = different.filter(~pl.col("kind").str.contains("^(?:" + "|".join(BY_DESIGN) + ")"))
        for scale, part in (("review", different), ("review_not_meant", meant)):
            share = [(part[way] == "review").mean() or 0.0 for way in ("forth", "back_verdict")]
            found[f"{scope}_different_{scale}"] = round(sum(share) / 2, 4)
        withheld = different.filter((pl.col("forth") == "withhold") & pl.col("own_forth"))
        found[f"{scope}_different_withheld"] = withheld.height
        kept = some.filter(label="same").filter(
            (pl.col("forth") == "keep") | (pl.col("back_verdict") == "keep")
        )
        found[f"{scope}_same_kept"] = kept.height
    return found | {"apart": int(told["apart"].sum())}


def examples(told: pl.DataFrame, pairs: Sequence[Pair], most: int) -> Iterator[str]:
    """The first few pairs of each kind that are not told right."""
    wrong = told.with_row_index("at").filter(~pl.col("right") | ~pl.col("keys_right").fill_null(True))
    for (kind,), some in wrong.group_by("kind", maintain_order=True):
        yield f"{kind}: {some.height}"
        for row in some.head(most).iter_rows(named=True):
            pair = pairs[row["at"]]
            ours, theirs = (" | ".join(cells.values()) for cells in (pair.ours, pair.theirs))
            keys = {None: "", True: " keys meet", False: " keys apart"}[row["keys"]]
            yield f"    {ours}\n    {theirs}\n        {row['there']}/{row['back']}{keys} {row['forth']}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=200, help="pairs of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=[], help="beginnings of their names")
    parser.add_argument("--mergers", type=Path, help="changes of municipalities, CSV")
    parser.add_argument("--show", type=int, default=0, help="failures of each kind to print")
    parser.add_argument("--json", action="store_true", help="print the JSON line alone")
    args = parser.parse_args()
    pairs = address_pairs.make(args.n, args.seed, args.kinds, args.mergers)
    told = judged(pairs, args.seed)
    kinds, found = by_kind(told), totals(told)
    if not args.json:
        print(table(kinds))
        for line in examples(told, pairs, args.show) if args.show else ():
            print(line)
        low = kinds.filter(pl.col("equal") < KIND_LEAST)["kind"].to_list()
        print(
            f"same {found['named_same']} (≥ {SAME_LEAST}), different {found['named_different']} (≥ "
            f"{DIFFERENT_LEAST}), different in review {found['named_different_review']} (≤ {REVIEW_MOST}; "
            f"{found['named_different_review_not_meant']} but for rooms and beginnings), "
            f"kinds below {KIND_LEAST}: {', '.join(low) or 'none'}"
        )
    record = {"bench": "address_pairs", "n": args.n, "seed": args.seed, "pairs": len(pairs), **found}
    shares = {row["kind"]: round(row["equal"], 4) for row in kinds.iter_rows(named=True)}
    machine = platform.processor() or platform.machine()
    versions = {"polars": pl.__version__, "threads": pl.thread_pool_size(), "machine": machine}
    print(json.dumps(record | {"kinds": shares} | versions, ensure_ascii=False))


if __name__ == "__main__":
    main()
