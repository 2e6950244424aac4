"""The opt-out desk (受付) said no: what was asked for may not be done with this case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optout.errors.root import OptoutError


class DeskError(OptoutError):
    """What was asked for may not be done with this case; nothing was recorded."""

    exit_code = 100


@dataclass(eq=False, repr=False)
class IllegalMoveError(DeskError):
    """A case cannot go from the state it is in to the one that was asked for."""

    exit_code = 101
    state: str
    asked: str
    allowed: Sequence[str]

    def __str__(self) -> str:
        open_ways = (
            f"Choose one of: {', '.join(self.allowed)}." if self.allowed else "Leave it: it has ended."
        )
        return f"A case that is {self.state} cannot become {self.asked}. {open_ways}"


@dataclass(eq=False, repr=False)
class NotIdentifiedError(DeskError):
    """A request of this kind needs a passed check of who asks (本人確認), or of the agent's right (代理権), first."""

    exit_code = 102
    why: str
    told = (
        "Not accepted (本人確認): {why}. Do the check and record it, or refuse the request with its reason."
    )


@dataclass(eq=False, repr=False)
class ItemNotHeldError(DeskError):
    """A check of identity asks for items that neither the lists held nor the request itself have (37条4項)."""

    exit_code = 103
    items: Sequence[str]
    told = (
        "A check may not ask for what is not held (個人情報保護法 第37条第2項・第4項): {items}. "
        "Ask for something that stands in a list or in the request."
    )


@dataclass(eq=False, repr=False)
class NoGroundError(DeskError):
    """The reason given for a refusal is none that the law knows for a request of this kind."""

    exit_code = 104
    kind: str
    allowed: Sequence[str]
    told = "A request of kind {kind} cannot be refused for that. Give one of these reasons: {allowed}."


@dataclass(eq=False, repr=False)
class IncompleteAnswerError(DeskError):
    """A person cannot be told what is held of them while a holding cannot be read or a row is in doubt."""

    exit_code = 105
    holdings: Sequence[str]
    told = (
        "No answer can be given yet (未回答): a list could not be read, or rows in it are in doubt: {holdings}. "
        "Open it again, or say whose the rows are."
    )
