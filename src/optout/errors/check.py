"""One of the three checks said no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optout.errors.root import OptoutError


class CheckError(OptoutError):
    """One of the three checks said no."""

    exit_code = 60


@dataclass(eq=False, repr=False)
class ConservationError(CheckError):
    """Rows out do not add up to rows in: a defect of optout; no output can be trusted."""

    exit_code = 61
    expected: int
    counted: int
    told = "{expected} records came in, {counted} were accounted for. Report this; use no output."


@dataclass(eq=False, repr=False)
class SeedMissedError(CheckError):
    """A planted entry that every screen must catch was not caught; no verdict can be trusted."""

    exit_code = 62
    planted: int
    caught: int
    told = "Only {caught} of {planted} planted entries were caught. Use no output; report this."


@dataclass(eq=False, repr=False)
class StalePlanError(CheckError):
    """The plan no longer describes what is there; make a new one."""

    exit_code = 63
    why: str
    told = "This plan cannot be executed: {why}. Make a new plan and look at it again."


@dataclass(eq=False, repr=False)
class HoldingLockedError(CheckError):
    """A holding's file is open in another program (often Excel) and cannot be replaced."""

    exit_code = 64
    holding: str
    told = "{holding} is open in another program. Close it and run the same plan again."


@dataclass(eq=False, repr=False)
class HoldingReadOnlyError(HoldingLockedError):
    """A holding is write-protected: its file, its folder, or its table for this user; it was left as it is."""

    exit_code = 82
    told = "{holding} is write-protected. Make it writable and run the same plan again."


@dataclass(eq=False, repr=False)
class HoldingUnreachableError(CheckError):
    """A holding's server does not answer, refuses us, or went away in the middle; nothing is known to be done."""

    exit_code = 80
    holding: str
    why: str
    told = (
        "{holding} cannot be reached: {why}. Check the server and its address, and run the same plan again."
    )


@dataclass(eq=False, repr=False)
class HoldingBoundError(CheckError):
    """Rows of other tables point to rows that should go; nothing was changed."""

    exit_code = 81
    holding: str
    n_rows: int
    tables: Sequence[str]
    told = (
        "{holding}: rows of {tables} point to {n_rows} of the rows that should go, so nothing was changed. "
        "Remove those rows, or what points from them, and make a new plan."
    )


@dataclass(eq=False, repr=False)
class SecondPersonError(CheckError):
    """Somebody else has to agree first, and was not named, or is the one who acts."""

    exit_code = 83
    why: str
    told = "A second person has to agree (二人体制): {why}. Name somebody else as approver."


@dataclass(eq=False, repr=False)
class HoldingChangedError(CheckError):
    """A holding's file changed while it was being worked on; it was left as it is."""

    exit_code = 65
    holding: str
    told = "{holding} changed in the meantime and was left alone. Make a new plan."


@dataclass(eq=False, repr=False)
class OpenQuestionsError(CheckError):
    """An intake cannot be accepted while questions are open."""

    exit_code = 66
    questions: Sequence[str]

    def __str__(self) -> str:
        return f"{len(self.questions)} open questions: {'; '.join(self.questions)}. Answer them, then accept again."


class DeliveryRefused(CheckError):  # noqa: N818 - the public API of the design names it so
    """This list may not go out. `reasons` holds every reason, not only the first."""

    exit_code = 67

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(tuple(reasons))
        self.reasons = list(reasons)

    def __str__(self) -> str:
        refused = f"Delivery refused (提供不可), {len(self.reasons)} reasons: {'; '.join(self.reasons)}"
        return f"{refused}. Mend what is named, and deliver rows that a new screen keeps."


@dataclass(eq=False, repr=False)
class CertificateError(CheckError):
    """A certificate does not prove this file clean: forged, damaged, or of another file."""

    exit_code = 68
    why: str
    told = "The certificate is not valid for this file: {why}. Do not use the list."


@dataclass(eq=False, repr=False)
class WriteFailedError(CheckError):
    """A result could not be written (disk full, quota, too large, I/O error); nothing has its final name."""

    exit_code = 69
    file: str
    why: str
    told = "Writing {file} failed: {why}. Nothing was put under a final name. Make room or mend the disk and rerun."
