"""What is recorded: a holding is changed, and what a caller notes is noted beside it. Started often: imports little."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from optout.batch.source import Source
from optout.holdings import Edits, opened

DIARY: Final = "diary"
WHOSE: Final = (7, 120, 239)  # the person's rows; the last one ends the file
NEW: Final = "改名 済子"
ERASE: Final = Edits(erase=WHOSE)
# The other scenario: her cells of a row she shares, one row, and a correction.
CHANGE: Final = Edits([WHOSE[1]], {WHOSE[0]: [1, 2]}, {WHOSE[2]: {1: NEW, 2: ""}})
SCENARIOS: Final = {"erase": ERASE, "change": CHANGE}


def work(home: str, location: str, scenario: str) -> None:
    """The fingerprint is noted, then the one after, then that it is done."""
    held, diary = opened(location), Path(home) / DIARY
    before = held.fingerprint()
    tell(diary, "before", before)
    held.change(SCENARIOS[scenario], before, looked_at, lambda after: tell(diary, "after", after))
    tell(diary, "done", "")


def tell(diary: Path, what: str, fingerprint: str) -> None:
    """One line, in one call of the system."""
    with diary.open("ab", buffering=0) as file:
        file.write(f"{what}\t{fingerprint}\n".encode())


def looked_at(new: Source) -> None:
    """The caller reads all of the new state."""
    assert sum(block.frame.height for block in new.blocks()) == len(new.frame)
