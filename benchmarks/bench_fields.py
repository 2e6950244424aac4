"""What lane 1 costs by field: name, kana, two telephones and e-mail of 1 M rows, beside reading their columns.

`read` is polars reading those five columns of the CSV. Lane 1 is what `optout.keys` makes of each field for every
row: the whole name and its digest, the kana key, the numbers, the addresses. Of the kana a batch reads at most
those of the lines with a birth date, often none; here all of them, which is the most it can cost. `tables` is what
the first use of the rules costs, whatever the size. CPU seconds, each run a process of its own, the kinds take
turns. At the end the same digests from batches of several sizes; `answer` must not move.

    python benchmarks/bench_fields.py --dir bench-data --repeats 5
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import measure
import polars as pl
from lists import write_list
from people import people

HEADERS: Final = ("氏名", "フリガナ", "電話番号", "携帯", "メール")
LIMIT: Final = 8.0
_BATCHES: Final = (100_000, 20_000, 3_000, 777)
_SAMPLE: Final = 100_000


def generate(folder: Path, rows: int, rng_seed: int) -> Path:
    """The list, once for each folder and size."""
    path = folder / "fields.csv"
    stamp = json.dumps([rows, rng_seed])
    made = folder / "fields.json"
    if not (path.exists() and made.exists() and made.read_text() == stamp):
        write_list(people(rows, rng_seed), path, "utf-8", rng_seed=rng_seed + 3)
        made.write_text(stamp)
    return path


def read(path: Path) -> pl.DataFrame:
    """The five columns with polars, as text."""
    return pl.read_csv(path, columns=list(HEADERS), infer_schema=False)


def raw_of(frame: pl.DataFrame) -> pl.DataFrame:
    """The raw frame of the five columns."""
    from optout.batch.columns import recognise
    from optout.batch.raw import raw

    return raw(frame, recognise(frame.columns))


def fields() -> dict[str, Callable[[pl.DataFrame], pl.Series]]:
    """What lane 1 makes of each field: digests, nulls and all."""
    from optout.keys.digest import digest
    from optout.keys.people import names
    from optout.text import email, kana, phone

    def name(raw: pl.DataFrame) -> pl.Series:
        main, extras = names(raw)
        whole = pl.concat([main.select("full"), extras.select("full")])
        return whole.select(digest("full")).to_series()

    def listed(column: str, keys: Callable[[pl.Series], pl.DataFrame]) -> Callable[[pl.DataFrame], pl.Series]:
        return lambda raw: keys(raw[column]).select(digest("value")).to_series()

    return {
        "name": name,
        "kana": lambda raw: kana.key(raw["kana"]).to_frame().select(digest("key")).to_series(),
        "phone": listed("phone_1", phone.keys),
        "mobile": listed("phone_2", phone.keys),
        "email": listed("email_1", email.keys),
    }


def lane_one(path: Path) -> dict[str, float]:
    """CPU seconds by field, and of the first use of each one's rules."""
    raw = raw_of(read(path))
    told = {"tables": 0.0}
    for field, make in fields().items():
        before = measure.cpu()
        make(raw.head(6_000))
        between = measure.cpu()
        make(raw)
        told[field] = measure.cpu() - between
        told["tables"] += between - before
    return told


def answers(path: Path) -> dict[str, int]:
    """The sum of all digests by field; raises unless it is the same for every batch size."""
    raw = raw_of(read(path).head(_SAMPLE))
    found: dict[str, int] = {}
    for size in _BATCHES:
        parts = [raw.slice(start, size) for start in range(0, raw.height, size)]
        for field, make in fields().items():
            total = sum(int((make(part) % (1 << 32)).sum() or 0) for part in parts)
            if found.setdefault(field, total) != total:
                raise SystemExit(f"{field}: another answer from batches of {size}")
    return found


def _run(path: Path, task: str) -> dict[str, Any]:
    """Do one task in this process; importing is no part of what is measured."""
    if task != "read":
        fields()
    work: dict[str, Callable[[], object]] = {
        "read": lambda: read(path).height,
        "lane1": lambda: lane_one(path),
        "answers": lambda: answers(path),
    }
    return measure.measured(work[task])


def table(reading: float, told: dict[str, float]) -> str:
    """CPU seconds and the multiple of reading, by field and together."""
    whole = sum(told.values())
    lines = [f"{'':<8}{'cpu s':>9}{'× read':>9}{'share':>9}", f"{'read':<8}{reading:>9.2f}{1:>9.2f}"]
    lines += [
        f"{field:<8}{seconds:>9.2f}{seconds / reading:>9.2f}{seconds / whole:>9.0%}"
        for field, seconds in told.items()
    ]
    ratio = whole / reading
    return "\n".join([*lines, f"{'lane 1':<8}{whole:>9.2f}{ratio:>9.2f}  (limit {LIMIT:.0f})"])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", type=Path, required=True, help="holds the list; used again if it fits")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--task", choices=("read", "lane1", "answers"), help="run only this, in this process")
    args = parser.parse_args()
    if args.task:
        print(json.dumps(_run(args.dir / "fields.csv", args.task)))
        return
    args.dir.mkdir(parents=True, exist_ok=True)
    generate(args.dir, args.rows, args.seed)
    runs: dict[str, list[dict[str, Any]]] = {"read": [], "lane1": []}
    for _ in range(args.repeats):
        for task, found in runs.items():
            found.append(measure.child(__file__, ["--dir", str(args.dir), "--task", task]))
    told = [run["told"] for run in runs["lane1"]]
    least = min(told, key=lambda run: sum(run.values()))
    reading = measure.summary(runs["read"])
    print(table(reading["cpu"], least))
    totals = [sum(run.values()) for run in told]
    same = measure.child(__file__, ["--dir", str(args.dir), "--task", "answers"])["told"]
    record = {
        "bench": "fields",
        "rows": args.rows,
        "seed": args.seed,
        "repeats": args.repeats,
        "read_cpu": reading["cpu"],
        "read_spread": reading["cpu_spread"],
        "lane1_cpu": {field: round(seconds, 2) for field, seconds in least.items()},
        "lane1_spread": round(max(totals) / min(totals), 2),
        "times_reading": round(min(totals) / reading["cpu"], 2),
        "batch_sizes": _BATCHES,
        "answer": same,
        "polars": pl.__version__,
        "threads": pl.thread_pool_size(),
        "machine": platform.processor() or platform.machine(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
