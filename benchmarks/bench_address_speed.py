"""What addresses cost: 1 M different ones parsed in full, and lane 1's sketch beside reading the column.

`read` is polars reading the address column of a list of five columns, `alone` of a file that holds nothing else.
`sketch` is what lane 1 makes of every row; `tables` the first address parsed, so loading and building the
tables; `parse` all of them with the tables, `loaded` without. Each run is a process of its own, the kinds take
turns; importing polars is no part of what is measured. Prints a table and one JSON line; `answer` must not move.

    python benchmarks/bench_address_speed.py --dir bench-data --repeats 3
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import measure
import numpy as np
import polars as pl

TASKS: Final = ("alone", "read", "sketch", "tables", "loaded", "parse")
WALL_MOST, MEMORY_MOST, SKETCH_MOST = 8.0, 2_000, 10.0
COLUMN: Final = "住所"
_WIDE: Final = dict(zip("0123456789-", "０１２３４５６７８９－", strict=True))
# How numbers are written, and how often in a hundred: hyphens, in words, in full width, 丁目 in kanji, with の.
_FORMS: Final = (50, 24, 10, 12, 4)
_KANJI: Final = ("", *"一二三四五六七八九", *(f"十{digit}" for digit in ("", *"一二三四五六七八九")))
_HOUSES: Final = (
    " サンハイツ",
    "　メゾン三番館　",
    " 第二山田ビル",
    "コーポ桜",
    " レジデンス21 ",
    " ロイヤルマンション",
)


def generate(folder: Path, rows: int, rng_seed: int) -> Path:
    """Both files, once for each folder and size; the list is returned, the column alone lies beside it."""
    path, made = folder / "addresses.csv", folder / "addresses.json"
    stamp = json.dumps([rows, rng_seed])
    if not (path.exists() and made.exists() and made.read_text() == stamp):
        written = addresses(rows, rng_seed)
        written.to_frame(COLUMN).write_csv(folder / "addresses_alone.csv")
        number = pl.int_range(rows, eager=True)
        pl.DataFrame(
            {
                "番号": number,
                "氏名": "見本 " + number.cast(pl.String),
                "郵便番号": (number % 900 + 100).cast(pl.String) + "-0001",
                COLUMN: written,
                "電話番号": "090-1234-" + (number % 10_000).cast(pl.String).str.zfill(4),
            }
        ).write_csv(path)
        made.write_text(stamp)
    return path


def addresses(rows: int, rng_seed: int) -> pl.Series:
    """That many different addresses in registered towns, numbers invented."""
    from address_places import towns

    known = towns().select(
        full=pl.concat_str("pref", "county", "city", "ward", "town"), chome=pl.col("chome").clip(0, 19)
    )
    rng = np.random.default_rng(rng_seed)
    extra = rows + rows // 8
    # Towns with 丁目 are where most people live.
    weights = np.where(known["chome"].to_numpy() > 0, 6.0, 1.0)
    drawn = known[rng.choice(known.height, extra, p=weights / weights.sum())]
    drawn = drawn.with_columns(
        a=pl.Series((rng.random(extra) * drawn["chome"].to_numpy()).astype(np.int64) + 1),
        b=pl.Series(rng.integers(1, 41, extra)),
        c=pl.Series(rng.integers(1, 31, extra)),
        lot=pl.Series(rng.integers(1, 2900, extra)),
        form=pl.Series(rng.choice(len(_FORMS), extra, p=np.array(_FORMS) / 100)),
        house=pl.Series(rng.choice(len(_HOUSES), extra)),
        room=pl.Series(rng.integers(1, 10, extra) * 100 + rng.integers(1, 12, extra)),
        housed=pl.Series(rng.random(extra) < 0.3),
        bare=pl.Series(rng.random(extra) < 0.1),
    )
    return _written(drawn)["written"].unique(maintain_order=True).head(rows)


def _written(drawn: pl.DataFrame) -> pl.DataFrame:
    a, b, c, lot, form = (pl.col(name) for name in ("a", "b", "c", "lot", "form"))
    short = (
        pl.when(pl.col("chome") > 0)
        .then(pl.format("{}-{}-{}", a, b, c))
        .otherwise(pl.format("{}-{}", lot, c))
    )
    kanji = pl.Series(_KANJI)
    drawn = drawn.with_columns(short=short, kanji=kanji.gather(drawn["a"]))
    words = pl.when(pl.col("chome") > 0).then(pl.format("{}丁目{}番{}号", a, b, c))
    words = words.otherwise(pl.format("{}番地{}", lot, c))
    spoken = pl.when(pl.col("chome") > 0).then(pl.format("{}丁目{}-{}", "kanji", b, c))
    numbers = (
        pl.when(form == 0)
        .then("short")
        .when(form == 1)
        .then(words)
        .when(form == 2)
        .then(pl.col("short").str.replace_many(_WIDE))
        .when(form == 3)
        .then(spoken.otherwise(pl.format("{}番地の{}", lot, c)))
        .otherwise(pl.col("short").str.replace_all("-", "の"))
    )
    houses = pl.Series(_HOUSES).gather(drawn["house"]).alias("house")
    inside = pl.when("housed").then(pl.format("{}{}号室", houses, "room")).otherwise(pl.lit(""))
    prefecture = pl.col("full").str.replace("^(?:北海道|東京都|大阪府|京都府|..県|...県)", "")
    full = pl.when("bare").then(prefecture).otherwise("full")
    return drawn.select(written=pl.concat_str(full, numbers, inside))


def read(path: Path) -> pl.Series:
    """The address column with polars."""
    return pl.read_csv(path, columns=[COLUMN], infer_schema=False)[COLUMN]


def _answer(frame: pl.DataFrame) -> int:
    """A number that moves with any part of any line."""
    parts = pl.concat_str(pl.col(pl.String).fill_null("-"), separator="|").str.len_bytes().cast(pl.UInt64)
    return int(frame.select((parts * (pl.int_range(pl.len()) % 9973 + 1)).sum()).item())


def _run(folder: Path, task: str) -> dict[str, Any]:
    """One task in this process."""
    if task in ("alone", "read"):
        file = folder / ("addresses_alone.csv" if task == "alone" else "addresses.csv")
        return measure.measured(lambda: read(file).len())
    from optout.text import address

    column = read(folder / "addresses.csv")
    if task in ("sketch", "loaded"):  # rules compiled and tables built before
        address.sketch(column.head(1_000))
        if task == "loaded":
            address.parse(column.head(1_000))
    work: dict[str, Callable[[], object]] = {
        "sketch": lambda: _answer(address.sketch(column)),
        "tables": lambda: _answer(address.parse(column.head(1))),
        "loaded": lambda: address.parse(column).height,
        "parse": lambda: address.parse(column).height,
    }
    found = measure.measured(work[task])
    return found | ({"told": _answer(address.parse(column.head(100_000)))} if task == "parse" else {})


def table(found: dict[str, dict[str, float]]) -> str:
    """Seconds, memory and the multiples of reading."""
    lines = [f"{'':<8}{'wall s':>9}{'cpu s':>9}{'RSS MB':>9}{'× read':>9}{'× alone':>9}"]
    for task, told in found.items():
        times = [told["cpu"] / max(found[base]["cpu"], 0.01) for base in ("read", "alone")]
        lines.append(
            f"{task:<8}{told['wall']:>9.2f}{told['cpu']:>9.2f}{told['rss_mb']:>9.0f}"
            f"{times[0]:>9.1f}{times[1]:>9.1f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", type=Path, required=True, help="holds the list; used again if it fits")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--task", choices=TASKS, help="run only this, in this process")
    args = parser.parse_args()
    if args.task:
        print(json.dumps(_run(args.dir, args.task)))
        return
    args.dir.mkdir(parents=True, exist_ok=True)
    generate(args.dir, args.rows, args.seed)
    runs: dict[str, list[dict[str, Any]]] = {task: [] for task in TASKS}
    for _ in range(args.repeats):
        for task, some in runs.items():
            some.append(measure.child(__file__, ["--dir", str(args.dir), "--task", task]))
    found = {task: measure.summary(some) for task, some in runs.items()}
    print(table(found))
    parse, ratio = found["parse"], found["sketch"]["cpu"] / max(found["read"]["cpu"], 0.01)
    print(
        f"parse {parse['wall']} s wall (≤ {WALL_MOST:.0f}), {parse['rss_mb']:.0f} MB (≤ {MEMORY_MOST}); "
        f"sketch {ratio:.1f} × reading (≤ {SKETCH_MOST:.0f})"
    )
    record = {
        "bench": "address_speed",
        "rows": args.rows,
        "seed": args.seed,
        "repeats": args.repeats,
        **{
            f"{task}_{part}": told[part] for task, told in found.items() for part in ("wall", "cpu", "rss_mb")
        },
        **{f"{task}_spread": told["cpu_spread"] for task, told in found.items()},
        "sketch_times_reading": round(ratio, 2),
        "answer": {task: runs[task][0]["told"] for task in ("sketch", "parse")},
        "polars": pl.__version__,
        "threads": pl.thread_pool_size(),
        "machine": platform.processor() or platform.machine(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
