"""Headers of special care (要配慮個人情報), which may not be provided by opt-out, and those of people's money.

Source: 個人情報の保護に関する法律 第2条第3項, 同施行令 第2条, in tables/header_sensitive.tsv; 同法施行規則 第7条
第2号, in tables/header_property.tsv.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import polars as pl

from optout import tables
from optout.batch import headers as known
from optout.batch import spelling
from optout.text import chars

if TYPE_CHECKING:
    from optout.batch.columns import ColumnMapping

# Columns of codes and dates, in which nobody writes a sentence.
_NO_TEXT: Final = frozenset(
    {"acquired_on", "age", "gender", "honorific", "phone_ext", "record_id", "entity_kind"}
)


def sensitive(headers: Sequence[str]) -> list[str]:
    """The headers of special care (要配慮個人情報), in order, as written.

    Args:
        headers: Headers as written.

    Returns:
        Those that a row of tables/header_sensitive.tsv names (whole, start or part of the header).

    Examples:
        >>> sensitive(["氏名", "病歴（詳細）", "障害物"])
        ['病歴（詳細）']
    """
    return [header for header in headers if _is_named(header, "header_sensitive")]


def costly(headers: Sequence[str]) -> list[str]:
    """The headers whose values may cost people money when they get out (財産的被害のおそれ), in order, as written.

    Args:
        headers: Headers as written.

    Returns:
        Those that a row of tables/header_property.tsv names. Source: 個人情報保護法施行規則 第7条第2号.

    Examples:
        >>> costly(["氏名", "カード番号（下4桁）", "カード種別"])
        ['カード番号（下4桁）']
    """
    return [header for header in headers if _is_named(header, "header_property")]


@cache
def _is_named(header: str, of_table: str) -> bool:
    text = spelling.fold(header)
    forms = {spelling.joined(text), spelling.joined(spelling.without_brackets(text))}
    forms |= {rest for form in tuple(forms) for _, rest in known.after_role(form)}
    table = tables.load(of_table)
    for written, where in zip(table["written"], table["where"], strict=True):
        word = spelling.joined(spelling.fold(written))
        if any(_says(form, word, where) for form in forms):
            return True
    return False


def _says(form: str, word: str, where: str) -> bool:
    if where == "whole":
        return form == word
    return form.startswith(word) if where == "start" else word in form


@dataclass(frozen=True, slots=True)
class CareFound:
    """Cells of special care in one column.

    Attributes:
        place: Of the column, from 0.
        header: As written.
        kinds: illness, disability, crime … → cells.
        rows: Numbers of all rows, UInt32.
    """

    place: int
    header: str
    kinds: dict[str, int]
    rows: pl.Series


def places_of_text(mapping: ColumnMapping) -> list[int]:
    """The columns in which somebody may have written anything: notes, flags and whatever was not recognised.

    Names, addresses and numbers are not looked at: a clinic on the ground floor says nothing of who lives above it.
    """
    identity = {"name", "former", "kana", "company", "corporate_number", "postal", "address", "birth_date"}
    used = {
        c.position
        for c in mapping.columns
        if known.slots().get(c.field, "") in {*identity, "phone", "email"} or c.field in _NO_TEXT
    }
    return [place for place in range(len(mapping.headers)) if place not in used]


def cells_of_care(frame: pl.DataFrame, mapping: ColumnMapping, first_row: int = 0) -> list[CareFound]:
    """Cells whose words are of special care (要配慮個人情報), whatever their header.

    Args:
        frame: A block of rows, String columns in the places of the mapping.
        mapping: From `columns.recognise`.
        first_row: Number of the block's first row.

    Returns:
        One a column that has any, in order; rows are numbered over the list.

    Examples:
        >>> from optout.batch.columns import recognise
        >>> listed = pl.DataFrame({"氏名": ["見本 花子"] * 2, "備考": ["糖尿病で通院中", "がん保険に加入"]})
        >>> found = cells_of_care(listed, recognise(listed.columns))
        >>> [(each.header, each.kinds, each.rows.to_list()) for each in found]
        [('備考', {'illness': 1}, [0])]
    """
    found = []
    for place in places_of_text(mapping):
        if place >= frame.width:
            continue
        cells = frame.to_series(place)
        rows = care(cells).arg_true()
        if len(rows):
            kinds = _kinds(cells.gather(rows))
            found.append(CareFound(place, mapping.headers[place], kinds, (rows + first_row).cast(pl.UInt32)))
    return found


def care(cells: pl.Series) -> pl.Series:
    """Boolean, one a cell: it holds words of special care. Null and blank are False. Elementwise."""
    filled = cells.fill_null("") != ""
    distinct = cells.filter(filled).unique()
    caring = distinct.filter(_said(distinct).str.contains(_pattern("care")))
    return cells.is_in(caring.implode()) & filled


def _said(cells: pl.Series) -> pl.Series:
    """Widths and blanks folded, and the phrases that only look like it taken out."""
    folded = cells.to_frame("cell").select(
        chars.fold_width(pl.col("cell")).str.replace_all(r"[ 　]+", "").str.to_uppercase()
    )
    return folded.to_series().str.replace_all(_pattern("clear"), "　")


def _kinds(cells: pl.Series) -> dict[str, int]:
    said, counted = _said(cells), dict[str, int]()
    for kind in tables.load("special_care_value")["kind"].unique().sort():
        if n := int(said.str.contains(_pattern("care", kind)).sum()):
            counted[kind] = n
    return counted


@cache
def _pattern(meaning: str, kind: str | None = None) -> str:
    """The rules of one meaning, of one kind of care or of all; cells are folded to capitals before they are read."""
    rows = tables.load("special_care_value").filter(pl.col("meaning") == meaning)
    wanted = rows if kind is None else rows.filter(pl.col("kind") == kind)
    return "(?i)" + "|".join(f"(?:{pattern})" for pattern in wanted["written"])
