"""How far a long screen has come → one line: a bar, rows, rows a second, time left.

ASCII where it draws: a Japanese Windows console shows box-drawing characters two cells wide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.text import Text

    from optout.screen import Progress

_BAR: Final = (8, 30)
_HOUR: Final = 3600


class Running:
    """A line that is drawn anew whenever the terminal is: what was told last, and the time that has gone by.

    Args:
        what: What is being done.
        clock: Seconds, from any beginning.
        width: Cells of the terminal that may be used.
    """

    def __init__(self, what: str, clock: Callable[[], float], width: Callable[[], int]) -> None:
        self._what, self._clock, self._width = what, clock, width
        self._began = clock()
        self._seen: tuple[Progress, float] | None = None

    def tell(self, seen: Progress) -> None:
        """What `screen_file` calls after every block."""
        self._seen = seen, self._clock() - self._began

    def __rich__(self) -> Text:
        from rich.text import Text

        if self._seen is None:
            return Text(f"{self._what} ...")
        seen, seconds = self._seen
        return Text(line(self._what, seen, seconds, self._clock() - self._began - seconds, self._width()))


def line(what: str, seen: Progress, seconds: float, since: float, width: int) -> str:
    """One line no wider than `width` cells; what matters least is left out first.

    Args:
        what: What is being done.
        seen: How far it has come.
        seconds: How long that took.
        since: Seconds that have gone by since.
        width: Cells there are.
    """
    from rich.cells import cell_len

    told = [what, f"{seen.share:4.0%}", f"{seen.rows:,} rows"]
    if seconds > 0 and 0 < seen.share < 1:
        left = seconds * (1 - seen.share) / seen.share - since
        told += [f"{seen.rows / seconds:,.0f} rows/s", f"残り left {_clock(max(0.0, left))}"]
    room = width - sum(cell_len(text) + 1 for text in told)
    if room >= _BAR[0] + 2:
        told.insert(1, _bar(seen.share, min(room - 2, _BAR[1])))
    while len(told) > 1 and sum(cell_len(text) + 1 for text in told) - 1 > width:
        # The rate, then the rows; the share and the time left stay.
        del told[-2]
    return " ".join(told)


def _bar(share: float, cells: int) -> str:
    done = round(share * cells)
    return f"[{'#' * done}{'.' * (cells - done)}]"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // _HOUR, whole % _HOUR // 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
