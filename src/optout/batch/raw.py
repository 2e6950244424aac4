"""A list and its mapping → the raw frame: one line a person of a row, every value a String as written.

The frame is described in schema.py. Nothing is understood here: split columns are joined, cells become text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from optout.batch import cells, joined
from optout.batch.columns import ColumnMapping
from optout.batch.subjects import Subject
from optout.errors import UnknownColumnError
from optout.schema import RAW_FIELDS
from optout.text import company, surname

_ROW: Final = "row"
# 花子・太郎 in one cell of joint names: so many people are read from it.
_JOINT_NAMES: Final = 8
_BETWEEN_NAMES: Final = r"[・･、,，/／;；\n]"
_GIVEN_ONLY: Final = 3  # a longer joint name without a blank has a surname of its own
_OFFICE: Final = "[部課室係店局]$"  # 営業部 is no given name
_OFFICES: Final = r"^(?:\S+(?:[部課室係科局店所]|支社|本社|工場|グループ|チーム|センター)\s+)+"
_UNDIVIDED: Final = r"^[\p{Han}々]{3,6}$"  # 見本太郎
_FIRST_WORD: Final = r"^(\S+)\s+\S"


def raw(frame: pl.DataFrame, mapping: ColumnMapping, first_row: int = 0) -> pl.DataFrame:
    """The people of a block of rows.

    Args:
        frame: The block; columns in the places the mapping was made for, any dtype and names.
        mapping: From `columns.recognise`; the same for every block of a list.
        first_row: Number of the block's first row.

    Returns:
        `row` UInt32, `subject` String, the RAW_FIELDS, then `phone_1..`, `email_1..`, `refusal_1..`,
        `permission_1..`, `note_1..`, all String, blank → null. First person of every row in row order, then
        the others, each where one of their own cells is filled. Flags and notes stand with the first person.

    Raises:
        UnknownColumnError: the block has fewer columns than the mapping.

    Examples:
        >>> from optout.batch.columns import recognise
        >>> list_ = pl.DataFrame({"姓": ["見本"], "名": ["花子"], "TEL": ["０３-1234-5678"]})
        >>> raw(list_, recognise(list_.columns)).select("row", "subject", "name", "phone_1").row(0)
        (0, 'self', '見本 花子', '０３-1234-5678')
    """
    if frame.width < len(mapping.headers):
        raise UnknownColumnError(mapping.headers[frame.width :], frame.columns)
    mapping = _with_company_kana(mapping)
    texts = _texts(frame, mapping, first_row)
    first, *others = mapping.subjects
    lines = {first.role: _lines(texts, first, mapping, leading=True)}
    lines |= {subject.role: _lines(texts, subject, mapping) for subject in others}
    frames = [lines[first.role]]
    for subject in others:
        mine = lines[subject.role]
        frames += _joint_lines(mine, lines[subject.beside], subject.role) if subject.joint else [mine]
    return pl.concat(frames)


def _with_company_kana(mapping: ColumnMapping) -> ColumnMapping:
    """会社名, フリガナ and nobody's name: the kana are kept as the kana of the row, for there are no others."""
    first, *others = mapping.subjects
    if "company" not in first.fields or any(subject.named for subject in mapping.subjects):
        return mapping
    places = [c.position for c in mapping.columns if c.field == "company_kana" and c.role == first.role]
    if not places:
        return mapping
    read = replace(first, fields={**first.fields, "kana": tuple(places)})
    return replace(mapping, subjects=(read, *others))


def _texts(frame: pl.DataFrame, mapping: ColumnMapping, first_row: int) -> pl.DataFrame:
    """The cells of every column that is used, as text, named by place; `row` before them."""
    used = {place for subject in mapping.subjects for place in _places(subject)}
    used |= {place for slot in ("refusal", "permission", "note") for place in mapping.positions(slot)}
    rows = pl.int_range(first_row, first_row + frame.height, dtype=pl.UInt32, eager=True).alias(_ROW)
    columns = [frame.to_series(place).alias(str(place)) for place in sorted(used)]
    return cells.texts(pl.DataFrame(columns)).insert_column(0, rows)


def _places(subject: Subject) -> set[int]:
    single = {place for places in subject.fields.values() for place in places}
    phones = {place for number in subject.phones for place in number}
    return single | phones | set(subject.emails) | set(subject.own)


def _cells(places: Sequence[int]) -> list[pl.Expr]:
    return [pl.col(str(place)) for place in places]


def _lines(
    texts: pl.DataFrame, subject: Subject, mapping: ColumnMapping, leading: bool = False
) -> pl.DataFrame:
    """The lines of one subject, with the columns every subject of this list has."""
    if subject.own and not leading:
        texts = texts.filter(pl.any_horizontal([cell.is_not_null() for cell in _cells(subject.own)]))
    said = _single(subject)
    columns = {name: _where_named(said, name) if subject.guest else said[name] for name in RAW_FIELDS}
    phones = [joined.in_turn(_cells(number), "-") for number in subject.phones]
    n_phones = max(len(one.phones) for one in mapping.subjects)
    n_emails = max(len(one.emails) for one in mapping.subjects)
    columns |= _numbered("phone", phones, n_phones) | _numbered("email", _cells(subject.emails), n_emails)
    for slot in ("refusal", "permission", "note"):
        places = mapping.positions(slot)
        columns |= _numbered(slot, _cells(places) if leading else [], len(places))
    nothing = pl.lit(None, dtype=pl.String)
    found = [(nothing if value is None else value).alias(name) for name, value in columns.items()]
    return texts.select(_ROW, pl.lit(subject.role).alias("subject"), *found)


def _where_named(said: Mapping[str, pl.Expr | None], name: str) -> pl.Expr | None:
    """The address of another is this person's only in a row that names this person."""
    value = said[name]
    if value is None or name not in {"postal", "address"}:
        return value
    names = [known for known in (said["name"], said["kana"]) if known is not None]
    return pl.when(pl.any_horizontal([known.is_not_null() for known in names])).then(value)


def _single(subject: Subject) -> dict[str, pl.Expr | None]:
    fields = {name: _cells(places) for name, places in subject.fields.items()}
    return {
        "name": joined.person_name(fields, "name"),
        "former": joined.in_turn(fields["name_former"], " ") if "name_former" in fields else None,
        "kana": joined.person_name(fields, "kana"),
        "company": joined.in_turn(fields["company"], " ") if "company" in fields else None,
        "postal": joined.postal_code(fields),
        "address": joined.address(fields),
        "birth_date": joined.date_of_birth(fields),
        "corporate_number": joined.in_turn(fields["corporate_number"], " ")
        if "corporate_number" in fields
        else None,
    }


def _numbered(name: str, values: Sequence[pl.Expr], n_columns: int) -> dict[str, pl.Expr | None]:
    return {f"{name}_{n + 1}": values[n] if n < len(values) else None for n in range(n_columns)}


def _joint_lines(lines: pl.DataFrame, beside: pl.DataFrame, role: str) -> list[pl.DataFrame]:
    """The people named beside a person: one line a name; a given name alone gets that person's surname."""
    lines = lines.join(beside.select(_ROW, _surname()), on=_ROW, how="left", maintain_order="left")
    lines = lines.with_columns(
        pl.col("name", "kana")
        .str.replace(_OFFICES, "")
        .str.replace_all(_BETWEEN_NAMES, "・")
        .str.split("・")
        .list.eval(_filled(pl.element()))
    )
    n_names = lines.select(pl.col("name").list.len().max().clip(1, _JOINT_NAMES).fill_null(1)).item()
    return [_nth_joint(lines, n, role if n == 0 else f"{role}-{n + 1}") for n in range(n_names)]


def _surname() -> pl.Expr:
    """The first word of a person's name; where there is no blank, a guess, for a wrong one is review at worst."""
    name = pl.col("name")
    firm = name.str.contains_any(list(company.hints()), ascii_case_insensitive=True)
    guessed = pl.when(name.str.contains(_UNDIVIDED)).then(name.str.head(surname.guess(name)))
    return pl.when(~firm).then(pl.coalesce(name.str.extract(_FIRST_WORD), guessed)).alias("_surname")


def _filled(name: pl.Expr) -> pl.Expr:
    return name.str.strip_chars().filter(name.str.strip_chars().str.len_bytes() > 0)


def _nth_joint(lines: pl.DataFrame, n: int, role: str) -> pl.DataFrame:
    nth = lines.with_columns(pl.col("name", "kana").list.get(n, null_on_oob=True), subject=pl.lit(role))
    if n:
        nth = nth.filter(pl.col("name").is_not_null())
    name, family = pl.col("name"), pl.col("_surname")
    short = (name.str.len_chars() <= _GIVEN_ONLY) & ~name.str.contains(rf"\s|{_OFFICE}")
    full = pl.when(short & ~name.str.starts_with(family)).then(family + pl.lit(" ") + name)
    return nth.with_columns(name=pl.coalesce(full, name)).drop("_surname")
