"""Build the packaged demo: lists, requests and their truth, all of invented people, the same each time.

    python tools/build_demo.py                # into src/optout/cli/demo_data
    python tools/build_demo.py --out /tmp/x   # elsewhere, e.g. to compare

Telephone numbers are of blocks nobody has (090-1234-…, 03-1234-…, 0XX-123-4…), mail addresses of example
domains, town names real. truth.json says which rows (0-based) of each file are whose, and where relatives
and namesakes are.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "tools")]

from demo_requests import (  # noqa: E402
    BOUGHT_NEW,
    CUSTOMERS,
    RNG_SEED,
    SEMINAR_NEW,
    STRANGERS,
    Asking,
    alone,
    arrive,
    choose,
    late_request,
    namesakes_of,
)
from lists import layout, spell  # noqa: E402
from people import few_towns, people  # noqa: E402

TARGET: Final = ROOT / "src" / "optout" / "cli" / "demo_data"
ENCODINGS: Final = {
    "held_customers.csv": "cp932",
    "held_seminar.csv": "utf-8-sig",
    "bought_list.csv": "cp932",
    "delivery.csv": "cp932",
    "requests.csv": "utf-8",
}
NOTES: Final = (
    ("DM不要", 30), ("架電禁止", 12), ("送付停止希望", 6), ("故人", 5),
    ("要確認", 12), ("展示会2019", 160), ("紹介", 90), ("転居", 8),
)  # fmt: skip


@dataclass(slots=True)
class Listed:
    """One list: who is in each row, and the rows."""

    persons: list[int]
    frame: pl.DataFrame


def _population(rng: random.Random) -> pl.DataFrame:
    """Everybody; ten of the bought list are given the name of a customer who lives elsewhere."""
    everybody = people(STRANGERS.stop, RNG_SEED, towns=few_towns(), numbers="invented")
    names = ["name_family", "name_given", "kana_family", "kana_given"]
    namesakes = alone(everybody, BOUGHT_NEW)[:10]
    asked = rng.sample(alone(everybody, CUSTOMERS), 10)
    source = list(range(everybody.height))
    for namesake, person in zip(namesakes, asked, strict=True):
        source[namesake] = person
    return everybody.with_columns(everybody[name][source] for name in names)


def _written(everybody: pl.DataFrame, persons: list[int], seed: int, encoding: str) -> pl.DataFrame:
    codec = "cp932" if encoding == "cp932" else "utf-8"
    return spell(everybody[persons], RNG_SEED + seed, noise=0.9, encoding=codec)


def _numbered(prefix: str, count: int) -> pl.Series:
    return pl.Series("number", [f"{prefix}{number:05d}" for number in range(1, count + 1)])


def _notes(count: int, spared: set[int], rng: random.Random) -> pl.Series:
    """Remarks in some rows, none in those of `spared`."""
    notes = [""] * count
    free = [row for row in range(count) if row not in spared]
    for note, times in NOTES:
        for row in rng.sample(free, times):
            notes[row] = note
    return pl.Series("note", notes)


def _customers(everybody: pl.DataFrame, twice: list[int], asking: list[Asking], rng: random.Random) -> Listed:
    persons = [*CUSTOMERS, *twice]
    rng.shuffle(persons)
    who, scant = (
        {a.person for a in asking},
        {a.person for a in asking if a.kind in ("phone_only", "email_only")},
    )
    spared = {row for row, person in enumerate(persons) if person in who}
    written = _written(everybody, persons, 1, "cp932").with_columns(
        _numbered("C", len(persons)), _notes(len(persons), spared, rng)
    )
    written = _reachable(written, everybody[persons], [person in scant for person in persons])
    return Listed(persons, _nobody(_joint(written, everybody, persons, spared, rng), spared, rng))


def _reachable(written: pl.DataFrame, plain: pl.DataFrame, scant: list[bool]) -> pl.DataFrame:
    """Whoever gives nothing but a number or a mail address in the request has both on the list."""
    return written.with_columns(
        pl.when(pl.Series(scant)).then(plain[contact].fill_null("")).otherwise(contact).alias(contact)
        for contact in ("mobile", "email")
    )


def _nobody(written: pl.DataFrame, spared: set[int], rng: random.Random) -> pl.DataFrame:
    """Three rows lose whatever told who they are about; their note says so."""
    rows = rng.sample(
        [row for row in range(written.height) if row not in spared and not written["note"][row]], 3
    )
    gone = pl.int_range(pl.len()).is_in(rows)
    identity = ("name", "kana", "postal", "address", "phone", "mobile", "email", "birth_date")
    blanks = [pl.when(gone).then(pl.lit("")).otherwise(name).alias(name) for name in identity]
    lost = pl.when(gone).then(pl.lit("入力漏れ")).otherwise("note").alias("note")
    unknown = pl.when(gone).then(pl.lit("不明")).otherwise("name").alias("name")
    return written.with_columns(blanks).with_columns(lost, unknown)


def _joint(
    written: pl.DataFrame, everybody: pl.DataFrame, persons: list[int], spared: set[int], rng: random.Random
) -> pl.DataFrame:
    """Twenty rows name two relatives at once: 佐藤 一郎・花子."""
    home = everybody["household_id"].to_list()
    follows = [
        row
        for row, person in enumerate(persons)
        if person + 1 < len(home) and home[person + 1] == home[person]
    ]
    asking = {persons[row] for row in spared}
    quiet = [row for row in follows if row not in spared and persons[row] + 1 not in asking]
    chosen = set(rng.sample(quiet, 20))
    names = [
        f"{everybody['name_family'][p]}　{everybody['name_given'][p]}・{everybody['name_given'][p + 1]}"
        if row in chosen
        else name
        for row, (p, name) in enumerate(zip(persons, written["name"], strict=True))
    ]
    return written.with_columns(pl.Series("name", names))


def _late(everybody: pl.DataFrame, customers: Listed, homes_asking: set[int]) -> int:
    """The one who asks after the delivery was made up; one relative shares the landline."""
    home = everybody["household_id"].to_list()
    clear = {
        p
        for p, phone, note in zip(
            customers.persons, customers.frame["phone"], customers.frame["note"], strict=True
        )
        if phone and not note
    }
    pairs = everybody.with_row_index("p").filter(
        pl.len().over("household_id") == 2, pl.col("phone").is_not_null()
    )
    for person in pairs["p"]:
        relative = person + 1
        known = person in clear and relative in clear and home[person] == home[relative]
        if (
            known
            and person > 200
            and home[person] not in homes_asking
            and customers.persons.count(person) == 1
        ):
            return int(person)
    raise LookupError("no household fits the late request")


def _delivery(
    everybody: pl.DataFrame, customers: Listed, barred: set[int], late: int, rng: random.Random
) -> Listed:
    """1,200 rows of the customers as they stand there; no household that asked, no row with a note."""
    home = everybody["household_id"].to_list()
    clean = [
        row
        for row, (person, note) in enumerate(zip(customers.persons, customers.frame["note"], strict=True))
        if home[person] not in barred and not note and "・" not in customers.frame["name"][row]
    ]
    sure = [row for row in clean if home[customers.persons[row]] == home[late]]
    rows = sure + rng.sample([row for row in clean if row not in sure], 1_200 - len(sure))
    rng.shuffle(rows)
    return Listed(
        [customers.persons[row] for row in rows],
        customers.frame[rows].with_columns(_numbered("D", len(rows))),
    )


def _csv(frame: pl.DataFrame | list[dict[str, str]], encoding: str) -> bytes:
    """csv, not polars: its way of quoting is settled, so the bytes stay the same."""
    rows = frame if isinstance(frame, list) else frame.fill_null("").to_dicts()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n" if encoding == "cp932" else "\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def _where(files: dict[str, Listed], wanted: set[int]) -> dict[str, list[int]]:
    found = {
        name: [row for row, p in enumerate(listed.persons) if p in wanted] for name, listed in files.items()
    }
    return {name: rows for name, rows in found.items() if rows}


def _truth(
    everybody: pl.DataFrame, files: dict[str, Listed], asking: list[Asking], late: int
) -> dict[str, Any]:
    home = everybody["household_id"].to_list()
    relatives = {
        a: {p for p in range(len(home)) if home[p] == home[a] and p != a}
        for a in [late, *(a.person for a in asking)]
    }
    namesakes = namesakes_of(everybody, asking)
    told = [
        {
            "request": a.cells["受付番号"], "kind": a.kind,
            "household": a.cells["対象"] == "世帯", "ways": list(a.ways),
            "rows": _where(files, {a.person}), "relatives": _where(files, relatives[a.person]),
            "namesakes": _where(files, set(namesakes[a.person])),
        }
        for a in asking
    ]  # fmt: skip
    notes = files["held_customers.csv"].frame["note"].to_list()
    refusing = [
        row for row, note in enumerate(notes) if note in ("DM不要", "架電禁止", "送付停止希望", "故人")
    ]
    return {
        "rng_seed": RNG_SEED,
        "rows": {name: listed.frame.height for name, listed in files.items()},
        "requests": told,
        "late_request": {"rows": _where(files, {late}), "relatives": _where(files, relatives[late])},
        "own_flag": {"held_customers.csv": refusing},
        "unidentifiable": {
            "held_customers.csv": [row for row, note in enumerate(notes) if note == "入力漏れ"]
        },
    }


def build() -> dict[str, bytes]:
    """Every file of the demo by name."""
    rng = random.Random(RNG_SEED)
    everybody = _population(rng)
    both, seminar_known = rng.sample(CUSTOMERS, 350), rng.sample(CUSTOMERS, 150)
    asking = choose(everybody, both, seminar_known, rng)
    requests = arrive(everybody, asking, rng)
    who = {a.person for a in asking}
    homes = {everybody["household_id"][person] for person in who}
    twice = rng.sample([p for p in CUSTOMERS if p in who], 6) + rng.sample(
        [p for p in CUSTOMERS if p not in who], 34
    )
    customers = _customers(everybody, twice, asking, rng)
    late = _late(everybody, customers, homes)
    persons = {"held_seminar.csv": [*SEMINAR_NEW, *seminar_known], "bought_list.csv": [*BOUGHT_NEW, *both]}
    files = {"held_customers.csv": customers}
    for seed, (name, chosen) in enumerate(persons.items(), 2):
        rng.shuffle(chosen)
        written = _written(everybody, chosen, seed, ENCODINGS[name]).with_columns(_numbered("", len(chosen)))
        files[name] = Listed(chosen, written)
    files["delivery.csv"] = _delivery(everybody, customers, homes, late, rng)
    styles = dict(zip(files, ("customers", "seminar", "bought", "delivery"), strict=True))
    built = {
        name: _csv(layout(listed.frame, styles[name]), ENCODINGS[name]) for name, listed in files.items()
    }
    truth = _truth(everybody, files, asking, late)
    told = {"late_request.json": late_request(everybody, late), "truth.json": truth}
    texts = {name: json.dumps(value, ensure_ascii=False, indent=1) + "\n" for name, value in told.items()}
    return (
        built
        | {"requests.csv": _csv(requests, "utf-8")}
        | {name: text.encode() for name, text in texts.items()}
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=TARGET)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, data in build().items():
        (out / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
