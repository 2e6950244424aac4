"""Two writers and four readers at once, each a process: no update is lost, nobody sees half a commit.

A reader tells what it saw at which revision. Whoever saw the same revision must have seen the same entries, revisions
never go back, and every import is there with all its rows or none.
One reader opens the store anew each time, the others keep it open.
"""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import polars as pl
import torture_work
from torture_places import Places, processes
from torture_truth import Truth
from torture_work import KEY, LIST, RECORDING, Diary, Writer

from optout.errors import OptoutError
from optout.store import Store

WRITERS: Final = 2
READERS: Final = 4
_IMPORT: Final = r"^(R-[A-Z2-7]{13})-"


def run(folder: Path, seconds: float = 60.0, rng_seed: int = 6, server: Any = None) -> dict[str, Any]:
    """Everyone at work for some seconds, and what was broken; on SQLite, or on a running PostgreSQL server."""
    places = Places(folder, server)
    place, home = places.new()
    context = processes()
    begin = context.Barrier(WRITERS + READERS)
    arguments = [(place, str(home / f"writer{who}"), who, begin, seconds, rng_seed) for who in range(WRITERS)]
    crew = [context.Process(target=_write, args=each) for each in arguments]
    for who in range(READERS):
        told = str(home / f"reader{who}")
        crew.append(context.Process(target=_read, args=(place, told, who == 0, begin, seconds)))
    for each in crew:
        each.start()
    for each in crew:
        each.join(seconds * 3 + 120)
    broken = [f"process {n} ended with {each.exitcode}" for n, each in enumerate(crew) if each.exitcode != 0]
    return {"engine": places.engine} | _judged(home, place, seconds, broken)


def _judged(home: Path, place: str, seconds: float, broken: list[str]) -> dict[str, Any]:
    written = [Diary(home / f"writer{who}").read() for who in range(WRITERS)]
    seen = [Diary(home / f"reader{who}").read() for who in range(READERS)]
    commits = [sum(line[0] == "done" for line in lines) for lines in written]
    truth = Truth()
    for lines in written:
        truth.hear(lines)
    with Store.open(place, key=KEY) as store:
        revision, entries = store.entries()
        broken += truth.wrong(entries)
        if (revision, store.audit_verify()) != (sum(commits), sum(commits) + 1):
            broken.append(f"revision {revision} after {sum(commits)} commits")
    return {
        "seconds": seconds,
        "commits": commits,
        "entries": entries.height,
        "reads": [sum(line[0] == "saw" for line in lines) for lines in seen],
        "broken": broken + _disagreements(seen),
    }


def _disagreements(seen: list[list[list[str]]]) -> list[str]:
    found = [
        f"reader {who}: {' '.join(line[1:])}"
        for who, lines in enumerate(seen)
        for line in lines
        if line[0] == "bad"
    ]
    digests: dict[str, set[str]] = defaultdict(set)
    for who, lines in enumerate(seen):
        views = [line[1:] for line in lines if line[0] == "saw"]
        revisions = [int(revision) for revision, _ in views]
        if not views:
            found.append(f"reader {who} saw nothing")
        if revisions != sorted(revisions):
            found.append(f"reader {who}: a revision went back")
        for revision, digest in views:
            digests[revision].add(digest)
    differing = [revision for revision, each in digests.items() if len(each) > 1]
    return found + [f"revision {revision} was seen in two ways" for revision in differing]


def _write(place: str, told: str, who: int, begin: Any, seconds: float, rng_seed: int) -> None:
    with Store.open(place, key=KEY) as store:
        begin.wait()
        until = time.monotonic() + seconds
        writer = Writer(store, who, Diary(Path(told)))
        torture_work.forever(writer, rng_seed + who, RECORDING, lambda: time.monotonic() < until)


def _read(place: str, told: str, anew: bool, begin: Any, seconds: float) -> None:
    diary = Diary(Path(told))
    store = Store.open(place, key=KEY)
    begin.wait()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if anew:
            store.close()
            store = Store.open(place, key=KEY)
        try:
            before = store.revision
            revision, entries = store.entries()
        except OptoutError as refused:
            diary.tell("bad", type(refused).__name__)
            continue
        diary.tell("saw", revision, f"{entries.height}/{entries['request'].hash(seed=6).sum()}")
        if revision < before:
            diary.tell("bad", "a revision went back")
        if half := _in_half(entries):
            diary.tell("bad", f"{half} imports in half")
    store.close()


def _in_half(entries: pl.DataFrame) -> int:
    of_import = entries.select(pl.col("request"), pl.col("request").str.extract(_IMPORT).alias("import"))
    sizes = of_import.drop_nulls().group_by("import").agg(pl.col("request").n_unique())
    return int((sizes["request"] != LIST).sum())
