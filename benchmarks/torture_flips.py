"""Single bytes changed in what lies on disk: noticed, or of no effect on any answer.

The store and a certificate. Positions are drawn from every structure of a file, small ones (header, page headers) as
often as large ones, and each change is a flipped bit, a zero or another byte.
A change is *noticed* when opening, reading or verifying raises an error of ours, *harmless* when all answers are
those of the untouched file; anything else is a wrong verdict. Any other exception is broken as well.
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

import torture_people

import optout
from optout.errors import OptoutError
from optout.store import Store

KEY: Final = bytes(range(32))
PAGE: Final = 4096
SHARE: Final = {"certificate": 0.2}  # of the changes; the store has the rest
LIFTED: Final = (3, 7)
SCREENED: Final = 25  # every so many harmless changes the list is screened as well, which takes far longer

Answer = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Subject:
    """A file, and the question whose answer must stay the same."""

    name: str
    path: Path
    places: list[range]
    ask: Answer
    ask_more: Answer | None = None


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
    told["changes"] = sum(sum(counts.values()) for counts in told.values())
    return told | {"seconds": round(time.perf_counter() - began, 1), "broken": broken}


def _changed(subject: Subject, n: int, dice: random.Random) -> tuple[Counter[str], list[str]]:
    content, target = subject.path.read_bytes(), subject.path.with_name(f"flipped-{subject.path.name}")
    target.write_bytes(content)
    honest = subject.ask(target)
    honest_more = subject.ask_more(target) if subject.ask_more else None
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for _ in range(n):
        at = dice.choice(dice.choice(subject.places))
        change = _other_byte(content[at], dice)
        target.write_bytes(content[:at] + bytes([change]) + content[at + 1 :])
        try:
            same = subject.ask(target) == honest
            if same and subject.ask_more and counts["harmless"] % SCREENED == 0:
                same = subject.ask_more(target) == honest_more
            counts["harmless" if same else "wrong"] += 1
            if not same:
                wrong.append(f"{subject.name}: byte {at} {content[at]:#x} → {change:#x}: another answer")
        except OptoutError:
            counts["noticed"] += 1
        except Exception as error:
            counts["wrong"] += 1
            wrong.append(f"{subject.name}: byte {at} {content[at]:#x} → {change:#x}: {type(error).__name__}")
    return counts, wrong


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
    assert certificate.path is not None
    signed = folder / "certificate.json"
    shutil.copy(certificate.path, signed)
    (delivered,) = (folder / "out").glob("*.csv")

    def verified(target: Path) -> object:
        return optout.verify_certificate(target, delivered, public).payload

    yield Subject("certificate", signed, [range(signed.stat().st_size)], verified)


def _filled(store: Store) -> None:
    """Every table has rows; some requests are single, some imported, some are lifted."""
    store.suppress(torture_people.frame(400, 2))
    ids = [store.suppress(torture_people.request(number)).request_ids[0] for number in range(12)]
    for number in LIFTED:
        store.lift(ids[number], "本人の申出")
    store.save_job("removal", "J-1", "planned", {"rows": [1]})
    store.record("export", {"rows": 3})


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
