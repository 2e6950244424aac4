"""What the matching engine catches, what it costs, and how it stands beside its peers: invented people, known truth.

    python benchmarks/bench_match.py --dir bench-data                        # 1 M rows × 100 k entries
    python benchmarks/bench_match.py --dir bench-data --rows 100000 --entries 10000 --examples 5
    python benchmarks/bench_match.py --dir bench-data --parts speed peers
    python benchmarks/bench_match.py --dir bench-data --docs                 # and the page and plots of docs/

Every part prints its table; the last line is JSON with all figures.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any, Final

import match_contest
import match_docs
import match_files as files
import match_score
import match_sizes
import match_speed
import polars as pl
from match_examples import examples
from match_people import KINDS
from match_traps import TRAPS

PARTS: Final = ("quality", "speed", "peers", "sizes")
SIZES: Final = [
    *((300_000, entries) for entries in (10_000, 30_000, 100_000)),
    *((rows, 100_000) for rows in (1_000_000, 3_000_000)),
]


def quality(place: Path, n_examples: int) -> match_score.Score:
    """Screen the UTF-8 list, print the tables and some rows of every kind that falls short."""
    import optout

    told = files.truth(place).sort("row")
    with optout.Store.open(place / "store.db", key=files.KEY) as store:
        result = optout.screen(place / "utf8.csv", store)
        verdicts = result.verdicts.sort("row").select(
            pl.col("verdict").cast(pl.String), "rule", hit="request"
        )
        told = pl.concat([told, verdicts], how="horizontal")
        found = match_score.score(told)
        print(f"{shares()}\n\n{match_score.text(found)}\n", flush=True)
        if n_examples:
            print(examples(place, told, found, n_examples, result))
    return found


def shares() -> str:
    """The shares of the kinds and traps, as fixed in the generator."""
    true = ", ".join(f"{kind} {share} %" for kind, (share, _) in KINDS.items())
    traps = ", ".join(f"{trap} {share:g}" for trap, share in TRAPS.items())
    return f"true matches: {true}\ntraps for each true match: {traps}"


def measured(args: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Every part asked for; prints as it goes."""
    tables: dict[str, str] = {}
    record: dict[str, Any] = {}
    contest = score = None
    if "quality" in args.parts:
        score = quality(place, args.examples)
        tables["quality"] = match_score.text(score)
        record["quality"] = score.kinds.to_dicts() + score.traps.to_dicts()
        record |= {"precision": score.precision, "unrelated_review": score.unrelated_review}
    if "speed" in args.parts:
        record["speed"] = match_speed.compared(place, args.repeats)
        tables["speed"] = match_speed.text(record["speed"])
        print(f"{tables['speed']}\n", flush=True)
    if "peers" in args.parts:
        record["peers"] = contest = match_contest.contest(place, tuple(args.peers))
        tables["peers"] = match_contest.text(contest)
        print(f"{tables['peers']}\n", flush=True)
    if "sizes" in args.parts:
        record["sizes"] = match_sizes.measured(args.dir, args.sizes or SIZES, args.seed, args.repeats)
        tables["sizes"] = match_sizes.text(record["sizes"])
        print(f"{tables['sizes']}\n", flush=True)
    if args.docs:
        match_docs.written(tables)
        if score:
            match_docs.recall_plot(score, contest)
        if "sizes" in record:
            match_docs.size_plots(record["sizes"])
    return record


def _size(text: str) -> tuple[int, int]:
    rows, entries = text.split("x")
    return int(rows), int(entries)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--dir", type=Path, required=True, help="holds the generated files; used again if they fit"
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["quality", "speed", "peers"])
    parser.add_argument("--peers", nargs="*", choices=match_contest.PEERS, default=list(match_contest.PEERS))
    parser.add_argument("--repeats", type=int, default=3, help="processes of each task that is timed")
    parser.add_argument("--sizes", nargs="+", type=_size, help="ROWSxENTRIES …, instead of the usual ones")
    parser.add_argument("--examples", type=int, default=0, help="rows to show of every kind that misses some")
    parser.add_argument(
        "--docs", action="store_true", help="write the tables and plots into docs/explanation"
    )
    return parser.parse_args()


def main() -> None:
    """Command line."""
    args = _arguments()
    place = files.made(args.dir, args.rows, args.entries, args.seed)
    record = {"bench": "match", "rows": args.rows, "entries": args.entries, "seed": args.seed}
    record |= measured(args, place)
    machine = platform.processor() or platform.machine()
    versions = {
        "polars": pl.__version__,
        "python": platform.python_version(),
        "threads": pl.thread_pool_size(),
    }
    print(json.dumps(record | {"machine": machine} | versions, default=str))


if __name__ == "__main__":
    main()
