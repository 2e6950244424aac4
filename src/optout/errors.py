"""Every error optout raises: one tree, an exit code per class, a next step in each message.

    OptoutError                      1
    ├── InputError                  10  what was handed in cannot be used
    │   ├── UnreadableFileError     11
    │   │   └── TableFileError      23
    │   │       └── OlderTableError 24
    │   ├── EmptyBatchError         12
    │   ├── UnknownColumnError      13
    │   ├── AmbiguousColumnError    14
    │   ├── MissingColumnError      15
    │   ├── SensitiveColumnError    16
    │   ├── UnencodableError        17
    │   ├── OptionError             18
    │   ├── UndecidedEncodingError  19
    │   ├── UndecidedSheetError     20
    │   ├── HeaderMissingError      21
    │   └── UnsafeWorkbookError     22
    ├── TableError                  30  a packaged rule table is damaged
    │   └── KeySchemeError          31
    ├── StoreError                  40  the suppression list
    │   ├── StoreMissingError       41
    │   ├── StoreExistsError        42
    │   ├── StoreDamagedError       43
    │   ├── StoreBusyError          44
    │   ├── StoreFailedError        45
    │   ├── KeyMissingError         46
    │   ├── WrongKeyError           47
    │   ├── EmptyStoreError         48
    │   └── UnknownRequestError     49
    └── CheckError                  60  one of the three checks said no
        ├── ConservationError       61
        ├── SeedMissedError         62
        ├── StalePlanError          63
        ├── HoldingLockedError      64
        ├── HoldingChangedError     65
        ├── OpenQuestionsError      66
        ├── DeliveryRefused         67
        ├── CertificateError        68
        └── WriteFailedError        69

Exit code 2 is the command line's own (wrong usage). Messages carry counts, column names, row numbers and
rule ids, never a value from a row: whoever logs an error must not log a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


class OptoutError(Exception):
    """Base of every error optout raises; `exit_code` is what the command line returns."""

    exit_code: ClassVar[int] = 1
    told: ClassVar[str] = ""  # the message, with the fields in braces, unless `__str__` is written out

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, list):
                setattr(self, name, tuple(value))
        # Everything goes into `args`, so the error survives pickling out of a worker.
        self.args = tuple(vars(self).values())

    def __str__(self) -> str:
        shown = {
            name: ", ".join(value) if isinstance(value, tuple) and {*map(type, value)} == {str} else value
            for name, value in vars(self).items()
        }
        return self.told.format(**shown) if self.told else super().__str__()


class InputError(OptoutError):
    """What was handed in cannot be used as it is."""

    exit_code = 10


@dataclass(eq=False, repr=False)
class UnreadableFileError(InputError):
    """A file is missing, binary, of a kind optout does not read, or in an encoding it cannot decode."""

    exit_code = 11
    name: str
    why: str
    next_step: str
    told = "{name}: {why}. {next_step}"


class TableFileError(UnreadableFileError):
    """A file of address tables is of another kind, damaged or cut off; nothing was imported."""

    exit_code = 23


class OlderTableError(TableFileError):
    """A file of address tables is older than what is in force; nothing was imported."""

    exit_code = 24


@dataclass(eq=False, repr=False)
class EmptyBatchError(InputError):
    """A batch has no header, or a header and no rows."""

    exit_code = 12
    name: str
    why: str
    told = "{name}: {why}. Check that this is the file you meant."


@dataclass(eq=False, repr=False)
class UnknownColumnError(InputError):
    """`columns=` or `ignore=` names a header or field that does not exist."""

    exit_code = 13
    unknown: Sequence[str]
    known: Sequence[str]
    told = "No such column or field: {unknown}. Use one of: {known}."


@dataclass(eq=False, repr=False)
class AmbiguousColumnError(InputError):
    """A header can mean several fields, or several headers claim one field."""

    exit_code = 14
    headers: Sequence[str]
    meanings: Sequence[str]
    told = (
        "Cannot tell what these columns (列) are: {headers}; possible: {meanings}. "
        'Say which with columns={{"field": "header"}}, or leave them out with ignore=[…].'
    )


@dataclass(eq=False, repr=False)
class MissingColumnError(InputError):
    """No column that tells who a row is about was recognised."""

    exit_code = 15
    headers: Sequence[str]

    def __str__(self) -> str:
        seen = ", ".join(self.headers[:20]) + (" …" if len(self.headers) > 20 else "")
        return (
            "No identity column (氏名, フリガナ, 住所, 電話番号, メール, 生年月日) was recognised among "
            f'{len(self.headers)} columns: {seen}. Name them with columns={{"name": "header"}}.'
        )


@dataclass(eq=False, repr=False)
class SensitiveColumnError(InputError):
    """The list carries columns of special care (要配慮個人情報) that may not be provided by opt-out."""

    exit_code = 16
    headers: Sequence[str]
    told = (
        "Columns of special care (要配慮個人情報): {headers}. "
        "Refuse the list, or drop them with drop_sensitive=True."
    )


@dataclass(eq=False, repr=False)
class UnencodableError(InputError):
    """Rows hold characters the output encoding lacks; nothing was written under a final name."""

    exit_code = 17
    encoding: str
    n_rows: int
    first_rows: Sequence[int]
    told = (
        "{n_rows} rows hold characters that {encoding} lacks (first rows {first_rows}). "
        'Write as UTF-8 (encoding="utf-8-sig" opens in Excel), or correct those rows.'
    )


@dataclass(eq=False, repr=False)
class OptionError(InputError):
    """An option has a value that does not exist."""

    exit_code = 18
    option: str
    allowed: Sequence[str]
    told = "{option}: not a possible value. Use one of: {allowed}."


@dataclass(eq=False, repr=False)
class UndecidedEncodingError(InputError):
    """No encoding fits a text file, or two fit equally well; `encoding=` decides."""

    exit_code = 19
    name: str
    undecodable: Mapping[str, int]
    lines: int

    def __str__(self) -> str:
        counts = ", ".join(f"{encoding} {bad:,}" for encoding, bad in self.undecodable.items())
        return (
            f"{self.name}: which encoding (文字コード) this is cannot be told; of {self.lines:,} lines cannot be "
            f'read: {counts}. Say which with encoding="cp932" (or another of these): the lines it cannot read '
            "are then set aside in quarantined.csv."
        )


@dataclass(eq=False, repr=False)
class UndecidedSheetError(InputError):
    """Several sheets of a workbook look like lists; `sheet=` decides."""

    exit_code = 20
    name: str
    sheets: Sequence[str]
    told = (
        "{name}: several sheets (シート) look like lists: {sheets}. "
        "Say which with sheet=, and give the file once for each."
    )


@dataclass(eq=False, repr=False)
class HeaderMissingError(InputError):
    """The first line holds somebody's data where headers should stand."""

    exit_code = 21
    name: str
    n_columns: int
    told = (
        "{name}: the first line is a row, not a header (見出し行がありません). Say what its "
        '{n_columns} columns are by position from 0: columns={{"name": 0, "address": 1}}, '
        "or put a header line on top."
    )


@dataclass(eq=False, repr=False)
class UnsafeWorkbookError(InputError):
    """A workbook would unpack to more than a list can be; it was not parsed."""

    exit_code = 22
    name: str
    why: str
    told = "{name}: {why}, so it was not opened. Ask its sender for the table as CSV."


@dataclass(eq=False, repr=False)
class TableError(OptoutError):
    """A rule table of the package is missing or damaged."""

    exit_code = 30
    table: str
    why: str
    told = "Rule table {table}: {why}. Reinstall optout."


class KeySchemeError(TableError):
    """Keys made under one scheme were to be compared with keys of another."""

    exit_code = 31
    told = "Keys of scheme {stored} cannot be compared with scheme {ours}. Screen again."

    def __init__(self, ours: str, stored: str) -> None:
        super().__init__(ours, stored)
        self.ours, self.stored = ours, stored


class StoreError(OptoutError):
    """The suppression list (停止リスト) could not be used."""

    exit_code = 40


@dataclass(eq=False, repr=False)
class StoreMissingError(StoreError):
    """There is no store at this path; opening never creates one."""

    exit_code = 41
    path: str
    told = "No suppression store at {path}. Check the path, or make one with `optout init`."


@dataclass(eq=False, repr=False)
class StoreExistsError(StoreError):
    """`create` found something at this path; it never overwrites."""

    exit_code = 42
    path: str
    told = "{path} exists already. Open it, or choose another path."


@dataclass(eq=False, repr=False)
class StoreDamagedError(StoreError):
    """The store file is not what was written; nothing is read from it."""

    exit_code = 43
    path: str
    why: str
    told = "The suppression store {path} is damaged: {why}. Restore it from a backup."


@dataclass(eq=False, repr=False)
class StoreBusyError(StoreError):
    """Another process held the store for longer than we wait."""

    exit_code = 44
    path: str
    seconds: float
    told = "{path} was busy for {seconds:.0f} s; nothing was written. Try again."


@dataclass(eq=False, repr=False)
class StoreFailedError(StoreError):
    """Writing failed (disk full, I/O error, server lost); the store refuses writes until it is opened again."""

    exit_code = 45
    path: str
    why: str
    outcome: str = "nothing was recorded"  # or, of a server lost while it committed, that it is not known
    told = "Writing to {path} failed ({why}); {outcome}. Mend the disk and open it again."


@dataclass(eq=False, repr=False)
class KeyMissingError(StoreError):
    """The store key was found in none of the places it is looked for."""

    exit_code = 46
    places: Sequence[str]
    told = "No store key. Looked in: {places}. Restore it with `optout key restore`."


@dataclass(eq=False, repr=False)
class WrongKeyError(StoreError):
    """The key given is not the key this store was made with; nothing was changed."""

    exit_code = 47
    path: str
    told = "This is not the key of {path}. The store is unchanged; give the key it was made with."


@dataclass(eq=False, repr=False)
class EmptyStoreError(StoreError):
    """Screening against an empty store would keep every row; that is rarely meant."""

    exit_code = 48
    path: str
    told = "{path} holds no active entry. Import requests first, or say allow_empty=True."


@dataclass(eq=False, repr=False)
class UnknownRequestError(StoreError):
    """No request with this id is in the store."""

    exit_code = 49
    request_id: str
    told = "No request {request_id} in this store. Check the id on the receipt."


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
    told = "This removal plan cannot be executed: {why}. Make a new plan and look at it again."


@dataclass(eq=False, repr=False)
class HoldingLockedError(CheckError):
    """A holding's file is open in another program (often Excel) and cannot be replaced."""

    exit_code = 64
    holding: str
    told = "{holding} is open in another program. Close it and run the same plan again."


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
        return f"{refused}. Deliver the kept rows of a new screen."


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
