"""What a torture process does to a store, and whom it tells.

Every operation is told of twice in a file of its own, before it begins and once it was acknowledged; what was written
to a file outlives the process. So afterwards everything is known to have happened, not to have happened, or to be
either (the operation under way): `torture_truth`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest.mock import patch

import torture_people

from optout.errors import WrongKeyError
from optout.screen import cache
from optout.screen.snapshot import snapshot
from optout.store import Store

KEY: Final = bytes(range(32))
LIST: Final = 40  # rows of a bulk import; odd ones are of a second tenant
ASIDE: Final = "aside"  # the folder of snapshots, in the home of a store
_PATIENCE: Final = 5
IN_FOLDER: Final = None  # the key is one that the store finds in its key folder

Key = bytes | None
Line = list[str]


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    """The environment of one store: its keys and what is kept aside lie beside it, nobody's own keyring is asked.

    A snapshot of a small list is kept aside too: lists of a thousand would take longer to build than there are kills.
    """
    told = {
        "OPTOUT_KEY_DIR": str(home / "keys"),
        "OPTOUT_CACHE_DIR": str(home / ASIDE),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    with patch.dict(os.environ, told), patch.object(cache, "LEAST", 1):
        yield


@dataclass(slots=True)
class Diary:
    """The file a process tells its operations to; beside it lies what else belongs to the store."""

    path: Path

    @property
    def home(self) -> Path:
        """The folder of the store."""
        return self.path.parent

    def tell(self, *words: object) -> None:
        """One line, in one call of the system, so that a kill leaves whole lines."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, ("\t".join(map(str, words)) + "\n").encode())
        os.close(handle)

    def read(self) -> list[Line]:
        """Every line so far, oldest first."""
        return (
            [line.split("\t") for line in self.path.read_text("utf-8").splitlines()]
            if self.path.exists()
            else []
        )


def keys(first: Key, told: Iterable[Line]) -> list[Key]:
    """What the user of a store holds: the key it was made with, and each they chose for a rotation; newest first."""
    chosen = (bytes.fromhex(words[-1]) for words in told if words[:2] == ["begin", "rotate"] and words[-1])
    return [*reversed([*chosen]), first]


def opened(place: str | Path, held: Iterable[Key]) -> Store:
    """Open with one of the keys the user holds; WrongKeyError when none fits. A wrong key does nothing else."""
    refused: WrongKeyError | None = None
    for key in held:
        try:
            return Store.open(place, key=key)
        except WrongKeyError as wrong:
            refused = wrong
    raise refused or AssertionError("no key is held")


def entered(place: str | Path, diary: Diary, first: Key) -> Store:
    """The same while others are at work: a key may be rotated between reading of it and opening."""
    for _ in range(_PATIENCE):
        with suppress(WrongKeyError):
            return opened(place, keys(first, diary.read()))
    return opened(place, keys(first, diary.read()))


@dataclass(slots=True)
class Writer:
    """One process at work: `who` and the number of the operation make every person its own.

    Attributes:
        first: The key the store was made with.
        number: Of the operation.
        mine: Number and request of those that came alone,
        rows: of some rows of the imports,
        lifted: and of those that were lifted.
    """

    store: Store
    who: int
    diary: Diary
    first: Key = KEY
    number: int = 0
    mine: list[tuple[int, str]] = field(default_factory=list)
    rows: list[tuple[int, str]] = field(default_factory=list)
    lifted: list[tuple[int, str]] = field(default_factory=list)

    def do(self, kind: str) -> None:
        """One operation, told of before and after; once more when somebody else rotated the key."""
        self.number += 1
        while True:
            try:
                return DOING[kind](self)
            except WrongKeyError:
                self.store.close()
                self.store = entered(self.store.path, self.diary, self.first)

    def suppress(self) -> None:
        """One person."""
        number = self.number
        self.diary.tell("begin", "in", self.who, number)
        (request_id,) = self.store.suppress(torture_people.request(number, self.who)).request_ids
        self.diary.tell("done", "in", self.who, number)
        self.mine.append((number, request_id))

    def bulk(self) -> None:
        """A list, `LIST` people in one commit of several blocks."""
        numbers = range(self.number, self.number + LIST)
        self.number = numbers[-1]
        self.diary.tell("begin", "in", self.who, *numbers)
        given = [torture_people.request(number, self.who) for number in numbers]
        receipt = self.store.suppress(given)
        self.diary.tell("done", "in", self.who, *numbers)
        self.rows += list(zip(numbers, receipt.request_ids, strict=True))[:4]

    def lift(self) -> None:
        """The last person that came alone goes again."""
        if not self.mine:
            return self.suppress()
        number, request_id = self.mine[-1]
        self.diary.tell("begin", "out", self.who, number)
        self.store.lift(request_id, "本人の申出")
        self.diary.tell("done", "out", self.who, number)
        self.lifted.append(self.mine.pop())
        return None

    def rotate(self) -> None:
        """Another root key: one that the store puts into its key folder, or one that was chosen and written down."""
        in_folder = self.first is IN_FOLDER and self.number % 2 == 0
        key = None if in_folder else random.Random(f"{self.who} {self.number}").randbytes(32)
        self.diary.tell("begin", "rotate", self.who, key.hex() if key else "")
        self.store.rotate_key(key)
        self.diary.tell("done", "rotate", self.who, "")

    def backup(self) -> None:
        """A copy to a new file; it has to hold at least this revision."""
        copy = f"copy-{self.who}-{self.number}.db"
        self.diary.tell("begin", "backup", self.who, copy, self.store.revision)
        anchor = self.store.backup(self.diary.home / copy)
        self.diary.tell("done", "backup", self.who, copy, anchor.revision)

    def purge(self) -> None:
        """A person goes for good: one in force, one that was lifted, or a row of an import."""
        if not self.mine:
            self.suppress()
            self.number += 1
        pools = [pool for pool in (self.mine, self.lifted, self.rows) if pool]
        pool = pools[self.number % len(pools)]
        number, request_id = pool[-1]
        self.diary.tell("begin", "gone", self.who, number, request_id)
        self.store.purge(request_id, "本人の申出", force=True)
        self.diary.tell("done", "gone", self.who, number, request_id)
        pool.pop()

    def prepare(self) -> None:
        """The list made ready for a screen and kept aside: newer blocks added to what lay there, or all of it."""
        self.diary.tell("begin", "prepare", self.who)
        with entered(self.store.path, self.diary, self.first) as fresh:
            if self.number % 3 == 0:
                fresh.forget()
            snapshot(fresh)
        self.diary.tell("done", "prepare", self.who)


DOING: Final[dict[str, Callable[[Writer], None]]] = {
    "suppress": Writer.suppress,
    "import": Writer.bulk,
    "lift": Writer.lift,
    "rotate": Writer.rotate,
    "backup": Writer.backup,
    "purge": Writer.purge,
    "prepare": Writer.prepare,
}
CYCLE: Final = ("suppress", "import", "lift", "rotate", "suppress", "backup", "purge", "prepare")
RECORDING: Final = ("suppress", "import", "lift")  # under one key that never changes


def cycle(writer: Writer, kinds: Iterable[str] = CYCLE) -> None:
    """Each kind once, in this order."""
    for kind in kinds:
        writer.do(kind)


def forever(
    writer: Writer,
    rng_seed: int,
    kinds: Iterable[str] = sorted(DOING),
    more: Callable[[], bool] = lambda: True,
) -> None:
    """Operations at random, until something ends the process."""
    dice, drawn = random.Random(rng_seed), list(kinds)
    while more():
        writer.do(dice.choice(drawn))
