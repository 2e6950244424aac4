"""What it costs to look for the traces of a spreadsheet: a clean list of eight identity columns, and a damaged one.

Run: python benchmarks/bench_damage.py [rows]. Best of nine, CPU seconds of this process; `answer` must not move.
"""

from __future__ import annotations

import json
import platform
import random
import sys
import time

import polars as pl

from optout.batch import damage
from optout.batch.columns import ColumnMapping, recognise

RUNS = 9


def clean(rows: int, rng_seed: int = 3) -> pl.DataFrame:
    """Invented people, written as most lists write them."""
    dice = random.Random(rng_seed)

    def phones(start: str) -> list[str]:
        return [f"{start}-{dice.randint(1000, 9999)}-{dice.randint(0, 9999):04}" for _ in range(rows)]

    return pl.DataFrame(
        {
            "氏名": ["見本 花子"] * rows,
            "フリガナ": ["ミホン ハナコ"] * rows,
            "郵便番号": [f"{dice.randint(100, 999)}-{dice.randint(0, 9999):04}" for _ in range(rows)],
            "住所": [
                f"東京都新宿区西新宿{dice.randint(1, 8)}-{dice.randint(1, 30)}-{dice.randint(1, 20)} "
                f"見本ハイツ{dice.randint(101, 999)}"
                for _ in range(rows)
            ],
            "電話番号": phones("03"),
            "携帯": phones("090"),
            "メール": [f"user{number}@example.jp" for number in range(rows)],
            "生年月日": [
                f"19{dice.randint(40, 99)}/{dice.randint(1, 12):02}/{dice.randint(1, 28):02}"
                for _ in range(rows)
            ],
        }
    )


def damaged(frame: pl.DataFrame) -> pl.DataFrame:
    """Every number has lost its leading zero."""
    bare = pl.col("電話番号", "携帯").str.replace_all("-", "").str.strip_chars_start("0")
    return frame.with_columns(bare)


def best(frame: pl.DataFrame, mapping: ColumnMapping) -> tuple[float, float, int]:
    """Best CPU seconds, spread, and how many cells were found."""
    seconds, answer = [], 0
    for _ in range(RUNS):
        before = time.process_time()
        found = damage.found(frame, mapping)
        seconds.append(time.process_time() - before)
        answer = int(found["count"].sum())
    return min(seconds), max(seconds) / min(seconds), answer


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    frame = clean(rows)
    mapping = recognise(frame.columns)
    for name, lists in {"clean": frame, "damaged": damaged(frame)}.items():
        cpu, spread, answer = best(lists, mapping)
        record = {
            "bench": f"damage, {name}",
            "rows": rows,
            "cpu_s_per_million_rows": round(cpu / rows * 1e6, 3),
            "spread": round(spread, 2),
            "answer": answer,
            "polars": pl.__version__,
            "threads": pl.thread_pool_size(),
            "machine": platform.processor() or platform.machine(),
        }
        print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
