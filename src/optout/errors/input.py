"""What was handed in cannot be used as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optout.errors.root import OptoutError


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
class SensitiveValueError(SensitiveColumnError):
    """Cells of a list are of special care (要配慮個人情報), whatever their header says."""

    exit_code = 27
    n_cells: int
    first_rows: Sequence[int]
    told = (
        "{n_cells} cells of special care (要配慮個人情報) in the columns {headers} (first rows {first_rows}). "
        "Refuse the list, or blank those cells with drop_sensitive=True."
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
class LabelsError(InputError):
    """A sheet of review decisions lacks a column, names an unknown row or request, or contradicts itself."""

    exit_code = 25
    name: str
    why: str
    next_step: str
    n_lines: int = 0
    first_lines: Sequence[int] = ()  # of the sheet, 1 is its header

    def __str__(self) -> str:
        where = ", ".join(map(str, self.first_lines)) + (
            " ..." if self.n_lines > len(self.first_lines) else ""
        )
        lines = f" ({self.n_lines:,} lines: {where})" if self.n_lines else ""
        return f"{self.name}: {self.why}{lines}. {self.next_step}"


@dataclass(eq=False, repr=False)
class CellRefusedError(InputError):
    """Cells of a holding cannot hold what should be put there, or may not be blank; nothing was changed."""

    exit_code = 29
    name: str
    columns: Sequence[str]
    why: str
    next_step: str
    told = "{name}: cells of {columns} {why}. {next_step}"


@dataclass(eq=False, repr=False)
class UnknownHoldingError(InputError):
    """The register of holdings has none of this name."""

    exit_code = 26
    n_held: int
    told = (
        "No such list is in the register of holdings (保有名簿); {n_held} are. "
        "Name one of them, or register it first."
    )
