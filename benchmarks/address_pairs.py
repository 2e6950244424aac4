"""Pairs of invented addresses in registered places, by kind: what is one place written two ways, what is two.

The kinds are those of the issue: P… and N… as its cases name them, X… and Y… (same and different) what it tells
besides. Towns are drawn from the packaged gazetteer, numbers are invented. The same seed gives the same pairs.

    python benchmarks/address_pairs.py --n 200 --seed 1 --mergers mergers.csv > pairs.jsonl
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import address_differ
import address_more
import address_region
import address_rooms
import address_same
from address_kind import KINDS, Pair

SOURCES = (address_same, address_region, address_rooms, address_more, address_differ)


def make(n: int, rng_seed: int, kinds: Sequence[str] = (), mergers: Path | None = None) -> list[Pair]:
    """At most `n` pairs of every kind whose name begins with one of `kinds`.

    Args:
        n: Of each kind; a kind without places, as old municipalities may be, gives fewer.
        rng_seed: Drawn from; a kind's pairs do not depend on which other kinds are made.
        kinds: Beginnings of names; none = all.
        mergers: Changes of municipalities (see `address_places.former`).
    """
    address_same.MERGERS[:] = [mergers] if mergers else []
    chosen = [kind for name, kind in sorted(KINDS.items()) if not kinds or name.startswith(tuple(kinds))]
    return [pair for kind in chosen for pair in kind.pairs(n, rng_seed)]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=200, help="pairs of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=[], help="beginnings of their names")
    parser.add_argument("--mergers", type=Path, help="changes of municipalities, CSV")
    args = parser.parse_args()
    for pair in make(args.n, args.seed, args.kinds, args.mergers):
        print(json.dumps(asdict(pair), ensure_ascii=False))


if __name__ == "__main__":
    main()
