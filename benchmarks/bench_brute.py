"""Does blocking lose anything? Lane 2 over all pairs of some thousand rows and entries, beside what a screen found.

    python benchmarks/bench_brute.py                                  # 2,000 × 2,000, as lists are and mingled
    python benchmarks/bench_brute.py --rows 150 --entries 150 --examples 5

The people are those of the matching benchmark. As lists are, few pairs agree in anything. *Mingled* they do: every
record is made after one of a few people, most of its cells as that one or another of them wrote them, surnames and
given names are put together anew, letters are lost or misread; so that all agrees with all in part. Both counts must
be nought: pairs a rule speaks of that blocking never proposed, and rows with another verdict. Prints every kind of
pair that was lost; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import match_cells as cells
import polars as pl
from match_glyphs import ALIKE
from match_muddle import muddled
from match_people import world
from people import few_towns

import optout
from optout import match
from optout.batch import open_batch
from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.keys import comparable
from optout.screen import run
from optout.screen.judge import Question, judge
from optout.screen.snapshot import Snapshot, in_scope, snapshot

KEY: Final = bytes(range(32))
PAIRS: Final = 200_000  # compared at once
LEVELS: Final = tuple(match.LEVELS)
# Cells that go together: a record takes each from its model, from another one, or keeps its own.
GROUPS: Final = (
    ("name", "kana"), ("postal", "address"), ("phone",), ("mobile",), ("email",), ("birth_date",), ("company",),
)  # fmt: skip
TAKEN: Final = (0.6, 0.15)
MODELS: Final = 0.1  # people who are models, to a row
CROSSED: Final = 0.2  # of the names and their readings: the surname or the given name of somebody else
BLANK: Final = 0.3  # of the names or the readings, one of the two
MISREAD: Final = 0.15  # of the names, readings and places: a letter is lost or another


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Compared:
    """What came of one list, both ways.

    Attributes:
        lost: Pairs a rule speaks of that the screen did not find, for blocking never proposed them: `a` `b` (lines),
            levels, rule, verdict.
        differing: Rows whose verdict is another: `row`, `verdict`, `brute`.
        spoken: How many pairs a rule speaks of.
        rules: How many rules speak.
        pairs: How many were compared.
    """

    lost: pl.DataFrame
    differing: pl.DataFrame
    spoken: int
    rules: int
    pairs: int


def sides(n_rows: int, n_entries: int, rng_seed: int, *, mingle: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A list and the requests, as cells under Japanese headers; the same for the same seed."""
    both = world(max(n_rows, n_entries * 2), n_entries, rng_seed, few_towns())
    people = pl.concat(both.chunks).head(n_rows)
    asked = cells.written(both.entries, rng_seed + 20)
    listed = cells.written(people, rng_seed + 10)
    listed, _ = cells.faxed(listed, people["kind"].eq("fax").arg_true().to_list(), rng_seed + 30)
    asked, listed = muddled(asked, rng_seed + 50), muddled(listed, rng_seed + 40)
    if mingle:
        rng = random.Random(rng_seed)
        known = people["entry"].is_not_null()
        twice = zip(
            listed.filter(known).to_dicts(), asked[people["entry"].drop_nulls()].to_dicts(), strict=True
        )
        models = rng.sample(list(twice), max(2, min(round(n_rows * MODELS), known.sum())))
        asked, listed = (_mingled(side, models, rng) for side in (asked, listed))
    return listed.rename(cells.HEADERS), asked.rename(cells.HEADERS)


_Models = list[tuple[dict[str, str], dict[str, str]]]


def _mingled(side: pl.DataFrame, models: _Models, rng: random.Random) -> pl.DataFrame:
    """Every record made after a model, each of whom was written down twice."""
    return pl.DataFrame([_after(record, models, rng) for record in side.to_dicts()], schema=side.schema)


def _after(record: dict[str, str], models: _Models, rng: random.Random) -> dict[str, str]:
    model = rng.choice(models)
    for fields in GROUPS:
        [source] = rng.choices(
            (rng.choice(model), rng.choice(rng.choice(models)), record), (*TAKEN, 1 - sum(TAKEN))
        )
        record |= {field: source[field] for field in fields}
    if rng.random() < CROSSED:
        other, first = rng.choice(rng.choice(models)), rng.random() < 0.5
        for field in ("name", "kana"):
            record[field] = _crossed(record[field], other[field], first=first)
    if record["name"] and rng.random() < BLANK:
        record[rng.choice(("name", "kana"))] = ""
    for field in ("name", "kana", "address"):
        if record[field] and rng.random() < MISREAD:
            record[field] = _misread(record[field], rng)
    return record


def _crossed(ours: str, theirs: str, *, first: bool) -> str:
    """The first word of one and the last of the other, where both have two."""
    words, others = ours.split(), theirs.split()
    if min(len(words), len(others)) < 2:
        return ours
    return f"{words[0]}　{others[-1]}" if first else f"{others[0]}　{words[-1]}"


def _misread(text: str, rng: random.Random) -> str:
    """A letter is lost, or is another one of the same text, or one that looks like it."""
    at = rng.randrange(len(text))
    alike = ALIKE.get(text[at], "")
    instead = rng.choice(("", rng.choice(text), rng.choice(alike) if alike else "", "●"))
    return text[:at] + instead + text[at + 1 :]


def fill(store: optout.Store, asked: pl.DataFrame) -> None:
    """Record the requests; every tenth for a household, every seventh for one channel alone."""
    plain = {header: field for field, header in cells.HEADERS.items()}
    store.suppress(
        [_request(told, number) for number, told in enumerate(asked.rename(plain).iter_rows(named=True))]
    )


def _request(told: dict[str, str], number: int) -> optout.Request:
    fields = ("name", "kana", "company", "postal", "address", "birth_date")
    return optout.Request(
        **{field: told[field] or None for field in fields},
        phones=[told[line] for line in ("phone", "mobile") if told[line]],
        emails=[told["email"]] if told["email"] else [],
        household=number % 10 == 0,
        channels="phone" if number % 7 == 0 else "all",
    )


def compared(
    frame: pl.DataFrame, store: optout.Store, policy: str = "person", channel: str = "any"
) -> Compared:
    """Screen a list, compare all its rows with all entries, and tell where the two disagree."""
    current, rows = snapshot(store), _raw(frame)
    judged = judge(rows, 0, frame.height, current, Question(policy, channel, None))
    verdicts = judged.verdicts
    spoken, n_pairs = _spoken(rows, current, policy, channel)
    # What a row says of itself needs no entry.
    own = verdicts.filter(pl.col("verdict") != "keep", pl.col("request").is_null())
    said = [
        spoken.select(row=rows["row"].gather(spoken["a"]), verdict="verdict"),
        own.select("row", "verdict"),
    ]
    brute = verdicts.select("row").join(_worst(pl.concat(said)), on="row", how="left", maintain_order="left")
    both = verdicts.select("row", "verdict").with_columns(brute["brute"].fill_null("keep"))
    differing = both.filter(pl.col("verdict").cast(pl.String) != pl.col("brute"))
    return Compared(
        spoken.join(judged.pairs, on=["a", "b", "rule"], how="anti"),
        differing,
        spoken.height,
        spoken["rule"].n_unique(),
        n_pairs,
    )


def _raw(frame: pl.DataFrame) -> pl.DataFrame:
    source = open_batch(frame)
    return raw(source.frame, recognise(source.headers, None, (), source.frame.head(run.SAMPLE)))


def _worst(said: pl.DataFrame) -> pl.DataFrame:
    """`row`, `brute`: withhold where anything withholds, else review."""
    withheld = (pl.col("verdict") == "withhold").any()
    worst = pl.when(withheld).then(pl.lit("withhold")).otherwise(pl.lit("review"))
    return said.group_by("row").agg(worst.alias("brute"))


def _spoken(rows: pl.DataFrame, current: Snapshot, policy: str, channel: str) -> tuple[pl.DataFrame, int]:
    """All pairs within scope a rule speaks of, and how many were compared."""
    scope = in_scope(current.entries, channel, None) & ~current.entries["planted"]
    theirs = pl.DataFrame({"b": pl.int_range(len(scope), dtype=pl.UInt32, eager=True).filter(scope)})
    ours, entries = comparable(rows, current.gazetteer), comparable(current.raw, current.gazetteer)
    asked = pl.when("h").then(pl.lit("household")).otherwise(pl.lit("person"))
    found = []
    for lines in _slices(rows.height, max(1, PAIRS // theirs.height)):
        pairs = lines.join(theirs, how="cross")
        household = current.entries["household"].gather(pairs["b"]).fill_null(value=False).alias("h")
        levels = match.compare(pairs, ours, entries).with_columns(
            household.to_frame().select(asked.alias("asked"))["asked"],
            policy=pl.lit(policy),
            channel=pl.lit(channel),
        )
        found.append(match.decide(levels).drop_nulls("rule"))
    return pl.concat(found), rows.height * theirs.height


def _slices(height: int, size: int) -> Iterator[pl.DataFrame]:
    lines = pl.DataFrame({"a": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return lines.iter_slices(size)


def kinds(lost: pl.DataFrame) -> pl.DataFrame:
    """Lost pairs by rule and the levels it asks for, the most frequent first."""
    return lost.group_by("rule", *LEVELS).len().sort("len", "rule", *LEVELS, descending=[True] + [False] * 7)


def examples(lost: pl.DataFrame, frame: pl.DataFrame, store: optout.Store, n: int) -> Iterator[str]:
    """Some pairs of every kind, as both sides wrote them (invented people)."""
    rows, entries = _raw(frame), snapshot(store).raw
    for kind in kinds(lost).iter_rows(named=True):
        some = lost.join(pl.DataFrame([kind]).select("rule", *LEVELS), on=["rule", *LEVELS]).sort("a", "b")
        levels = " ".join(f"{field}={kind[field]}" for field in LEVELS)
        yield f"{kind['rule']} × {kind['len']}: {levels}"
        for pair in some.head(n).iter_rows(named=True):
            yield f"    list     {_cells(rows, pair['a'])}"
            yield f"    request  {_cells(entries, pair['b'])}"


def _cells(side: pl.DataFrame, line: int) -> str:
    told = side.drop("row", "subject").row(line, named=True)
    return " | ".join(f"{field}={text}" for field, text in told.items() if text)


def measured(args: argparse.Namespace, *, mingle: bool) -> dict[str, Any]:
    """One list both ways; prints what was found."""
    frame, asked = sides(args.rows, args.entries, args.seed, mingle=mingle)
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        optout.Store.create(Path(folder) / "brute.db", key=KEY) as store,
    ):
        fill(store, asked)
        found = compared(frame, store, args.policy)
        told = {
            "list": "mingled" if mingle else "as lists are",
            "rows": frame.height,
            "entries": asked.height,
            "pairs": found.pairs,
            "spoken": found.spoken,
            "rules": found.rules,
            "lost": found.lost.height,
            "other_verdicts": found.differing.height,
            "seconds": round(time.perf_counter() - began, 1),
        }
        print("  ".join(f"{word} {value}" for word, value in told.items()), flush=True)
        for line in examples(found.lost, frame, store, args.examples):
            print(line)
    return told


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--entries", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--policy", default="person")
    parser.add_argument("--examples", type=int, default=1, help="pairs to show of every kind that was lost")
    args = parser.parse_args()
    told = [measured(args, mingle=mingle) for mingle in (False, True)]
    print(json.dumps({"bench": "brute", "seed": args.seed, "policy": args.policy, "lists": told}))


if __name__ == "__main__":
    main()
