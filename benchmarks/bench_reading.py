"""How often the true reading is among the plausible ones, how seldom a stranger's is, and what asking costs.

Samples, each named in the output:
    population   surnames of PyPI `japanese-personal-name-dataset` 0.4.0 drawn by the number of their bearers
                 (1,999 surnames, 99.6 million people), each with one reading
    gimei        given names of PyPI `gimei` 0.2.3, each as often (13,239)
    dataset      given names of `japanese-personal-name-dataset`, each as often (91,222): every spelling anyone found
    figures      given names of the well-known people of ENAMDICT (class h) as often as they bear them, cut by the
                 surnames of the dataset. Circular: ENAMDICT tells the readings and names the people
None of the first three is a source of the table. The law counted at the end is RK(romaji) = RK(kana) over every
person's name of ENAMDICT, with the romaji its editors wrote.

    pip install japanese-personal-name-dataset==0.4.0 gimei==0.2.3
    python benchmarks/bench_reading.py PATH/TO/enamdict         # the file of Debian's package enamdict
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import re
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import polars as pl

from optout.text import kana, name, reading

SIZE = 10_000
SEED = 1
NAMES = {"name": pl.String, "kana": pl.String, "weight": pl.Float64}
_CLASS = re.compile(r"\(([a-z]+(?:,[a-z]+)*)\)")


def dataset(file: str) -> Iterator[list[str]]:
    """Records of one file of japanese-personal-name-dataset."""
    path = resources.files("japanese_personal_name_dataset") / "dataset" / file
    yield from csv.reader(path.read_text("utf-8").splitlines())


def frame(rows: list[tuple[str, str, float]]) -> pl.DataFrame:
    assert rows
    return pl.DataFrame(rows, schema=NAMES, orient="row")


def population() -> pl.DataFrame:
    return frame([(kanji, read, float(people)) for kanji, people, read, _ in dataset("last_name_org.csv")])


def spellings() -> pl.DataFrame:
    files = ("first_name_man_org.csv", "first_name_woman_org.csv")
    records = [record for file in files for record in dataset(file)]
    return frame([(kanji, read, 1.0) for read, _, *every in records for kanji in every if kanji])


def gimei() -> pl.DataFrame:
    text = (resources.files("gimei") / "data" / "names.yml").read_text("utf-8")
    given = re.split(r"^last_name:", text.replace("\r", ""), flags=re.MULTILINE)[0]
    found = re.findall(r"\['([^']+)', '[^']+', '([^']+)'\]", given)
    return frame([(kanji, read, 1.0) for kanji, read in found])


def entries(path: Path) -> pl.DataFrame:
    """`name`, `kana`, `classes`, `romaji` of the entries of ENAMDICT that name people."""
    rows = []
    for line in path.read_bytes().decode("euc_jp").splitlines()[1:]:
        entry = re.fullmatch(r"(\S+) \[([^\]]+)\] /(.*)/", line)
        if entry:
            classes = {letter for group in _CLASS.findall(entry[3]) for letter in group.split(",")}
            if told := classes & set("sgfmuh"):
                romaji = re.sub(r"\([^)]*\)", "", entry[3].split("/")[0]).strip()
                rows.append((entry[1], entry[2], "".join(sorted(told)), romaji))
    assert len(rows) > 400_000
    return pl.DataFrame(rows, schema=["name", "kana", "classes", "romaji"], orient="row")


def figures(named: pl.DataFrame, families: pl.DataFrame) -> pl.DataFrame:
    full = (
        named.filter(pl.col("classes").str.contains("h")).select("name", "kana").unique().sort("name", "kana")
    )
    full = full.with_columns(cut=pl.int_ranges(1, 5)).explode("cut")
    full = full.with_columns(family=pl.col("name").str.slice(0, pl.col("cut")))
    begun = full.join(families.select(family="name", begin="kana"), on="family")
    begun = begun.filter(pl.col("kana").str.starts_with(pl.col("begin")))
    best = begun.sort("cut", descending=True).unique(["name", "kana"], keep="first", maintain_order=True)
    given = best.select(
        name=pl.col("name").str.slice(pl.col("cut")),
        kana=pl.col("kana").str.slice(pl.col("begin").str.len_chars()),
    )
    given = given.filter((pl.col("name") != "") & (pl.col("kana").str.len_chars() > 1))
    return given.group_by("name", "kana").agg(weight=pl.len().cast(pl.Float64)).sort("name", "kana")


def drawn(names: pl.DataFrame, seed: int) -> pl.DataFrame:
    """SIZE names, each as likely as its weight says."""
    ends = names.select(pl.col("weight").cum_sum() / pl.col("weight").sum()).to_series()
    throws = pl.int_range(SIZE, eager=True).shuffle(seed=seed) * 1.0
    steps = (throws + 0.5) / SIZE
    places = ends.search_sorted(steps).clip(0, names.height - 1)
    return names[places]


def pairs(families: pl.DataFrame, givens: pl.DataFrame, blank: str = " ") -> pl.DataFrame:
    """What `reading.agree` asks of full names and their kana."""
    written = families["name"] + blank + givens["name"]
    spoken = families["kana"] + blank + givens["kana"]
    read = kana.parse(spoken).select("key", "romaji", "romaji_family", "romaji_given")
    parts = name.parse(written).select("full", "family", "given")
    return pl.concat([parts, read], how="horizontal").with_columns(latin=pl.lit(False), firm=pl.lit(False))


def top_one(names: pl.Series) -> pl.Series:
    """K1 of pykakasi's first answer, for comparison."""
    import pykakasi

    converter = pykakasi.kakasi()
    spoken = {text: "".join(word["kana"] for word in converter.convert(text)) for text in names.unique()}
    return pl.DataFrame({"kana": names.replace_strict(spoken)}).select(kana.keys(pl.col("kana"))).to_series()


def shares(answers: pl.Series) -> dict[str, float]:
    """Per cent of yes, in doubt, no."""
    told = {"yes": answers.fill_null(value=False).sum(), "doubt": answers.null_count()}
    told["no"] = len(answers) - sum(told.values())
    return {answer: round(100 * count / len(answers), 2) for answer, count in told.items()}


def truth(names: pl.DataFrame, part: str) -> dict[str, float]:
    """Per cent of names whose reading is in the set, beside a part that always is; and of pykakasi's first answers."""
    constant = frame([("佐藤", "サトウ", 1.0) if part == "given" else ("太郎", "タロウ", 1.0)])
    other = constant[[0] * names.height]
    asked = pairs(names, other) if part == "family" else pairs(other, names)
    key = names.select(kana.keys(pl.col("kana"))).to_series()
    first = (top_one(asked[part].fill_null("")) == key).fill_null(value=False)
    return {
        "in_set": shares(reading.agree(asked))["yes"],
        "pykakasi": round(100 * first.sum() / len(first), 2),
    }


def law(named: pl.DataFrame) -> dict[str, float]:
    """RK(romaji) = RK(kana), over entries of people; full names have dates and titles in their romaji."""
    people = named.filter(~pl.col("classes").str.contains("h"))
    equal = kana.parse(people["romaji"])["romaji"] == kana.parse(people["kana"])["romaji"]
    return {
        "entries": people.height,
        "equal": int(equal.sum()),
        "per_cent": round(100 * equal.sum() / people.height, 3),
    }


def timed(work: Callable[[], object], times: int = 5) -> dict[str, float]:
    """Best of five, and the spread."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return {"seconds": round(min(seconds), 3), "spread": round(max(seconds) / min(seconds), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("enamdict", type=Path)
    named = entries(parser.parse_args().enamdict)
    families, samples = population(), {"gimei": gimei(), "dataset": spellings()}
    one = pairs(families.head(1), samples["gimei"].head(1))
    start = time.perf_counter()
    reading.agree(one)
    record: dict[str, object] = {
        "bench": "reading",
        "first answer, seconds": round(time.perf_counter() - start, 3),
    }
    samples["figures"] = figures(named, families)
    ours = drawn(families, SEED)
    record["family truth, population"] = truth(ours, "family")
    for label, names in samples.items():
        record[f"given truth, {label}"] = truth(drawn(names, SEED + 1), "given")
    theirs = drawn(samples["gimei"], SEED + 2)
    own = pairs(ours, theirs)
    strangers = own.with_columns(own.select("key").sample(fraction=1, shuffle=True, seed=SEED).to_series())
    relatives = pairs(ours, theirs.select("name", theirs["kana"].shuffle(seed=SEED)))
    record["population x gimei, own kana"] = shares(reading.agree(own))
    record["the same, unsplit"] = shares(reading.agree(pairs(ours, theirs, "")))
    record["a stranger's kana"] = shares(reading.agree(strangers))
    record["same surname, another's given name"] = shares(
        reading.agree(pairs(ours, theirs).with_columns(relatives["key"].alias("key")))
    )
    others = theirs["name"].shuffle(seed=SEED)
    record["two given names share a usual reading"] = shares(reading.shared(theirs["name"], others))["yes"]
    record[f"{SIZE} pairs"] = timed(lambda: reading.agree(own))
    record[f"{SIZE} pairs, unsplit"] = timed(lambda: reading.agree(pairs(ours, theirs, "")))
    record[f"{SIZE} names, pykakasi"] = timed(lambda: top_one(own["full"]), 1)
    record["law RK(romaji) = RK(kana)"] = law(named)
    record |= {"polars": pl.__version__, "threads": pl.thread_pool_size(), "machine": platform.machine()}
    for what, value in record.items():
        print(f"{what:42} {value}")
    print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
