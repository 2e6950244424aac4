"""Single bytes changed in what lies on disk: noticed, or of no effect on any answer.

The store, a snapshot kept aside and a certificate. Positions are drawn from every structure of a file, small ones
(header, page headers, lengths) as often as large ones, and each change is a flipped bit, a zero or another byte.
A change is *noticed* when opening, reading or verifying raises an error of ours, or when a snapshot is not used;
*harmless* when all answers are those of the untouched file; anything else is a wrong verdict. Any other exception is
broken as well. Now and then, noticed or not, a list is screened: its verdicts are those of the untouched file or, but
for a damaged snapshot, there are none.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torture_aside
import torture_people
from torture_work import KEY, at_home

import optout
from optout.errors import OptoutError, StoreBusyError
from optout.screen import cache
from optout.screen.snapshot import snapshot
from optout.store import Store

PAGE: Final = 4096
MAGIC: Final = 15  # bytes of a file kept aside before its label; a length before each part has eight
LENGTH: Final = 8
SHARE: Final = {"snapshot": 0.3, "certificate": 0.2}  # of the changes; the store has the rest
OUTCOMES: Final = ("noticed", "harmless", "wrong")
LIFTED: Final = (3, 7)
PURGED: Final = 5
SCREENED: Final = 100  # every so many changes the list is screened as well, which takes far longer

Answer = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Subject:
    """A file, and the question whose answer must stay the same.

    Attributes:
        name: Of the kind of file.
        path: The untouched file.
        places: Its structures.
        ask: Asked of every changed file.
        ask_more: Asked now and then.
        target: Where the changed file has to lie; None = anywhere.
        heals: `ask_more` must be answered whatever was changed.
    """

    name: str
    path: Path
    places: list[range]
    ask: Answer
    ask_more: Answer | None = None
    target: Path | None = None
    heals: bool = False


class NotUsedError(Exception):
    """A snapshot kept aside was not taken."""


def run(folder: Path, n: int = 10_000, rng_seed: int = 6) -> dict[str, Any]:
    """`n` changes over all files, and what was broken."""
    dice, began = random.Random(rng_seed), time.perf_counter()
    subjects = list(_subjects(folder))
    told: dict[str, Any] = {}
    broken: list[str] = []
    for subject in subjects:
        share = SHARE.get(subject.name, 1 - sum(SHARE.get(each.name, 0) for each in subjects))
        counts, wrong = _changed(subject, round(n * share), dice)
        told[subject.name] = dict(counts)
        broken += wrong
    told["changes"] = sum(counts[each] for counts in told.values() for each in OUTCOMES if each in counts)
    return told | {"seconds": round(time.perf_counter() - began, 1), "broken": broken}


def _changed(subject: Subject, n: int, dice: random.Random) -> tuple[Counter[str], list[str]]:
    content = subject.path.read_bytes()
    target = subject.target or subject.path.with_name(f"flipped-{subject.path.name}")
    target.write_bytes(content)
    honest = subject.ask(target)
    honest_more = subject.ask_more(target) if subject.ask_more else None
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for turn in range(n):
        at = dice.choice(dice.choice(subject.places))
        change = _other_byte(content[at], dice)
        target.write_bytes(content[:at] + bytes([change]) + content[at + 1 :])
        outcome, why = _outcome(subject.ask, target, honest)
        if outcome != "wrong" and subject.ask_more and turn % SCREENED == 0:
            screened, why = _outcome(subject.ask_more, target, honest_more)
            bad = screened == "wrong" or (subject.heals and screened == "noticed")
            outcome = "wrong" if bad else outcome if outcome == "noticed" else screened
            counts["screened"] += screened == "harmless"
        counts[outcome] += 1
        if outcome == "wrong":
            wrong.append(f"{subject.name}: byte {at} {content[at]:#x} → {change:#x}: {why}")
    return counts, wrong


def _outcome(ask: Answer, target: Path, honest: object) -> tuple[str, str]:
    """What a question shows of a change; the second is a reason."""
    try:
        return ("harmless", "") if ask(target) == honest else ("wrong", "another answer")
    except StoreBusyError:
        return "wrong", "somebody who met the damage before did not let go of the store"
    except (OptoutError, NotUsedError) as refused:
        return "noticed", type(refused).__name__
    except Exception as error:
        return "wrong", type(error).__name__


def _other_byte(byte: int, dice: random.Random) -> int:
    choices = [byte ^ 1 << dice.randrange(8), 0, dice.randrange(256)]
    return next(each for each in [*dice.sample(choices, 3), byte ^ 0xFF] if each != byte)


def _subjects(folder: Path) -> Iterator[Subject]:
    listed = folder / "list.csv"
    path = folder / "s.db"
    torture_people.frame(60, 1).write_csv(listed)
    with Store.create(path, key=KEY) as store:
        _filled(store)
        certificate = optout.deliver(
            listed, store, recipient="見本商会", purpose="DM", channel="mail", out=folder / "out"
        )
        public = store.public_key
    yield Subject("store", path, _pages(path), _answers, lambda target: _verdicts(target, listed))
    yield _aside(path, folder, listed)
    assert certificate.path is not None
    signed = folder / "certificate.json"
    shutil.copy(certificate.path, signed)
    (delivered,) = (folder / "out").glob("*.csv")

    def verified(target: Path) -> object:
        return optout.verify_certificate(target, delivered, public).payload

    yield Subject("certificate", signed, [range(signed.stat().st_size)], verified)


def _aside(path: Path, folder: Path, listed: Path) -> Subject:
    """The snapshot of that store, in a folder of its own; the changed ones lie where the store looks for its own."""
    with at_home(folder / "whole"), Store.open(path, key=KEY) as store:
        honest = snapshot(store)
        assert cache.save(store, honest)
    (kept,) = (folder / "whole").rglob("*.snapshot")
    home = folder / "changed"
    target = home / kept.relative_to(folder / "whole")
    target.parent.mkdir(parents=True)

    def taken(_: Path) -> object:
        with at_home(home), Store.open(path, key=KEY) as store:
            told = cache.load(store)
            if told is None:
                raise NotUsedError
            base, news = told
            return torture_aside.differences(base, honest), news.added.height, news.lifted

    def screened(_: Path) -> object:
        """The verdicts, and whether a whole snapshot lies there afterwards."""
        with at_home(home), Store.open(path, key=KEY) as store:
            verdicts = optout.screen(listed, store).verdicts.rows()
            return verdicts, cache.load(store) is not None

    return Subject("snapshot", kept, _sections(kept.read_bytes()), taken, screened, target, heals=True)


def _sections(content: bytes) -> list[range]:
    """One range for what comes first, one for each length and one for each part: label, then sealed sections."""
    ranges, at = [range(MAGIC)], MAGIC
    while at < len(content):
        start = at + LENGTH
        end = start + int.from_bytes(content[at:start], "little")
        ranges += [range(at, start), range(start, end)]
        at = end
    assert at == len(content)
    return ranges


def _filled(store: Store) -> None:
    """Every table has rows and every kind of block is there; the keys were rotated."""
    store.suppress(torture_people.frame(400, 2))
    ids = [store.suppress(torture_people.request(number)).request_ids[0] for number in range(12)]
    for number in LIFTED:
        store.lift(ids[number], "本人の申出")
    store.purge(ids[PURGED], "本人の申出", force=True)
    store.save_job("removal", "J-1", "planned", {"rows": [1]})
    store.record("export", {"rows": 3})
    for key in (bytes(32), KEY):
        store.rotate_key(key)


def _answers(target: Path) -> object:
    """All that can be asked; first, somebody who was lifted asks again to be left out, and must be in force then."""
    with Store.open(target, key=KEY) as store:
        (again,) = store.suppress(torture_people.request(LIFTED[0])).request_ids
        revision, entries = store.entries()
        rows = store.audit_verify()
        asked = store.is_active(again), store.load_job("J-1"), store.jobs("removal")
        before = entries.filter(entries["request"] != again)
        # Recorded just now: its moment is another one each time.
        now = entries.filter(entries["request"] == again).drop("first_seen")
        return again, revision, rows, asked, before.rows(), now.rows(), store.head[:3]


def _verdicts(target: Path, listed: Path) -> object:
    with Store.open(target, key=KEY) as store:
        return optout.screen(listed, store).verdicts.rows()


def _pages(path: Path) -> list[range]:
    """One range for the file's header, one for each page header and one for each page: the small ones come up often."""
    size = path.stat().st_size
    starts = range(0, size, PAGE)
    return [
        range(100),
        *(range(at, at + 12) for at in starts),
        *(range(at, min(at + PAGE, size)) for at in starts),
    ]
