"""Headers whose meaning hangs on their values or neighbours: 連絡先, 取引先名, 名, フリガナ, 電話番号1/2/3.

Each is settled once a file, and what was decided is put in words that name headers only, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from optout.batch import cells, headers, numbered, phone_parts, spelling
from optout.batch.subjects import Column
from optout.errors import AmbiguousColumnError
from optout.schema import SELF

_NAMED: Final = frozenset({"name", "name_family", "name_given", "company", "joint_names"})
_LEGAL_FORM: Final = r"カブシキ|ユウゲン|ゴウドウ|[(（]カ[)）]|[(（]ユ[)）]|^カ[)）]|[(（]カ$|ホウジン"
_SHARE_OF_FIRMS: Final = 0.3
_TRIPLE: Final = ("phone_n1", "phone_n2", "phone_n3")


@dataclass(frozen=True, slots=True)
class Settled:
    """Columns with nothing left to decide.

    Attributes:
        columns: As given, with the final field and role.
        triples: Positions of phone numbers written in three parts.
        decisions: One sentence a decision.
    """

    columns: tuple[Column, ...]
    triples: tuple[tuple[int, ...], ...]
    decisions: tuple[str, ...]


def settle(columns: Sequence[Column], sample: pl.DataFrame | None) -> Settled:
    """Decide every doubt about recognised columns; what the caller said is left as said.

    Args:
        columns: All columns that are not ignored, also the unmapped.
        sample: The first rows, columns in the same places; None: decide by headers alone.

    Raises:
        AmbiguousColumnError: neither values nor neighbours decide.
    """
    decisions: list[str] = []
    known = [_by_values(column, sample, decisions) for column in columns]
    known = [_nobody(column, sample, decisions) for column in known]
    known = numbered.places(known, sample, decisions)
    known = numbered.names(known, sample, decisions)
    known = [_party(column, known, decisions) for column in known]
    known = _halves(known, sample, decisions)
    known = _given_names(known, decisions)
    known = [_roman(column, known, decisions) for column in known]
    known = _kana(known, sample, decisions)
    known, triples = _phones(known, sample, decisions)
    return Settled(tuple(known), tuple(triples), tuple(decisions))


def _series(column: Column, sample: pl.DataFrame | None) -> pl.Series | None:
    return None if sample is None or column.position >= sample.width else sample.to_series(column.position)


def _by_values(column: Column, sample: pl.DataFrame | None, decisions: list[str]) -> Column:
    choice = None if column.told else headers.by_values(column.header)
    if choice is None:
        return column
    candidates, otherwise = choice
    found = _seen(candidates, _series(column, sample))
    clear = [field for field, share in found.items() if share >= cells.CLEAR]
    mixed = [field for field, share in found.items() if share > 1 - cells.CLEAR and field != otherwise]
    field = clear[0] if clear else "" if mixed else otherwise
    if not field:
        raise AmbiguousColumnError([column.header], candidates)
    if clear or field != column.field:
        decisions.append(f"{column.header}: {field}, {'by its values' if clear else 'by its header'}")
    role = column.role if column.field else headers.role_alone(column.header)
    return replace(column, field=field, role=role)


def _seen(candidates: Sequence[str], values: pl.Series | None) -> Mapping[str, float]:
    if values is None:
        return {}
    shares = cells.shares(values)
    shares["address"] = max(shares["address"], shares["local"])
    return {field: shares[field] for field in candidates}


def _nobody(column: Column, sample: pl.DataFrame | None, decisions: list[str]) -> Column:
    """A name column of codes (#1001) or answers (有, 2人) names nobody."""
    values = _series(column, sample)
    if column.told or column.field not in {"name", "party", "shown_name", "joint_names"} or values is None:
        return column
    found = cells.shares(values, ("code", "answer"))
    if max(found.values()) < cells.CLEAR:
        return column
    decisions.append(f"{column.header}: no names, by its values")
    return replace(column, field="record_id" if found["code"] >= cells.CLEAR else "", role=SELF)


def _party(column: Column, columns: Sequence[Column], decisions: list[str]) -> Column:
    """取引先名, 表示名: the name of whoever the row is about; where a person is named too, the company or nothing."""
    if column.field not in _BESIDE_A_PERSON:
        return column
    person = any(c.role == column.role and c.field in {"name", "name_family"} for c in columns)
    field = _BESIDE_A_PERSON[column.field] if person else "name"
    said = "not needed, for the name stands in another column" if not field else f"the {field}"
    decisions.append(f"{column.header}: {said}")
    return replace(column, field=field)


_BESIDE_A_PERSON: Final = {"party": "company", "shown_name": ""}


def _halves(columns: list[Column], sample: pl.DataFrame | None, decisions: list[str]) -> list[Column]:
    """姓, 名前: the name beside a surname and no given name is the given name, unless it repeats the surname."""
    settled = {column.position: column for column in columns if not column.told}
    for whole in ("name", "kana"):
        for column in [column for column in columns if column.field == whole and not column.told]:
            family = [c for c in columns if c.role == column.role and c.field == f"{whole}_family"]
            if len(family) != 1 or f"{whole}_given" in _fields_of(column.role, columns):
                continue
            share = _repeats(family[0], column, sample)
            if 1 - cells.CLEAR < share < cells.CLEAR:
                raise AmbiguousColumnError([column.header], [whole, f"{whole}_given"])
            if share < cells.CLEAR:
                settled[column.position] = replace(column, field=f"{whole}_given")
                decisions.append(f"{column.header}: the given part, for {family[0].header} has the surname")
    return [column if column.told else settled[column.position] for column in columns]


def _repeats(family: Column, whole: Column, sample: pl.DataFrame | None) -> float:
    """Share of rows in which the whole name begins with the surname; by the header alone without rows."""
    by_header = 0.0 if spelling.fold(whole.header).endswith(_HALF) else 1.0
    surname, name = _series(family, sample), _series(whole, sample)
    if surname is None or name is None:
        return by_header
    rows = pl.DataFrame([cells.text(surname).alias("surname"), cells.text(name).alias("name")]).drop_nulls()
    share = rows.select(pl.col("name").str.starts_with(pl.col("surname")).mean()).item()
    return by_header if share is None else float(share)


_HALF: Final = ("名前", "なまえ", "名前フリガナ", "名前ふりがな", "名前カナ", "名前かな", "名前よみ")


def _roman(column: Column, columns: Sequence[Column], decisions: list[str]) -> Column:
    """氏名(ローマ字): the reading of the name where there are no kana, else nothing new."""
    if column.field not in _ROMAN or column.told:
        return column
    has_kana = any(c.role == column.role and c.field.startswith("kana") for c in columns)
    field = "" if has_kana else _ROMAN[column.field]
    decisions.append(
        f"{column.header}: {'not needed beside the kana' if has_kana else 'the reading of the name'}"
    )
    return replace(column, field=field)


_ROMAN: Final = {"name_roman": "kana", "roman_family": "kana_family", "roman_given": "kana_given"}


def _given_names(columns: list[Column], decisions: list[str]) -> list[Column]:
    """名 or 名カナ beside no surname is the whole name or reading; 下の名前 alone cannot be used."""
    return [_given_name(column, columns, decisions) for column in columns]


def _given_name(column: Column, columns: Sequence[Column], decisions: list[str]) -> Column:
    if column.told or column.field not in {"name_given", "kana_given"}:
        return column
    mine = _fields_of(column.role, columns)
    surnames = {"name", "name_family"} if column.field == "name_given" else {"kana", "kana_family"}
    if mine & surnames:
        return column
    reading = headers.read(column.header)
    whole = column.field.removesuffix("_given")
    if reading is None or not reading.bare or mine & {"kana_family", "name_family"}:
        raise AmbiguousColumnError([column.header], [whole, column.field])
    decisions.append(f"{column.header}: the whole {whole}, for there is no surname column")
    return replace(column, field=whole)


def _fields_of(role: str, columns: Sequence[Column]) -> set[str]:
    return {column.field for column in columns if column.role == role}


def _is_bare_kana(column: Column) -> bool:
    reading = headers.read(column.header)
    return column.field == "kana" and not column.told and reading is not None and reading.bare


def _kana(columns: list[Column], sample: pl.DataFrame | None, decisions: list[str]) -> list[Column]:
    """フリガナ without more words: of the person, of the company, or of whom the column before it names."""
    bare = [column for column in columns if _is_bare_kana(column)]
    others = [c for c in columns if c.role == SELF and c.field.startswith("kana") and c not in bare]
    several = len(bare) + bool(others) > 1
    has_name = any(c.role == SELF and c.field in {"name", "name_family"} for c in columns)
    settled = {column.position: column for column in bare}
    for column in bare:
        before = [c for c in columns if c.position < column.position and c.field in _NAMED]
        nearest = max(before, key=lambda c: c.position, default=None)
        if nearest is None:
            continue
        if nearest.field == "company":
            if several or not has_name or _says_firm(_series(column, sample)):
                settled[column.position] = replace(column, field="company_kana", role=nearest.role)
        elif nearest.role != SELF and (several or not has_name):
            settled[column.position] = replace(column, role=nearest.role)
        if settled[column.position] != column:
            decisions.append(f"{column.header} (column {column.position + 1}): the kana of {nearest.header}")
    return [settled.get(c.position, c) if c in bare else c for c in columns]


def _says_firm(values: pl.Series | None) -> bool:
    if values is None:
        return False
    filled = cells.text(values.head(cells.LOOKED_AT)).drop_nulls()
    return (
        not filled.is_empty()
        and float(filled.str.contains(_LEGAL_FORM).sum()) / len(filled) >= _SHARE_OF_FIRMS
    )


def _phones(
    columns: list[Column], sample: pl.DataFrame | None, decisions: list[str]
) -> tuple[list[Column], list[tuple[int, ...]]]:
    """Three numbered phone columns are one number in parts, or three numbers."""
    triples: list[tuple[int, ...]] = []
    fields: dict[int, str] = {}
    for family in _families(columns):
        answer = _answer(family, sample)
        if answer in {"parts", "both"}:
            triples.append(tuple(column.position for column in family))
        if answer == "parts":
            fields |= {column.position: part for column, part in zip(family, _TRIPLE, strict=True)}
        if not all(column.told for column in family):
            decisions.append(f"{', '.join(column.header for column in family)}: {_SAID[answer]}")
    settled = []
    for column in columns:
        part = fields.get(column.position)
        loose = column.field in _TRIPLE and part is None
        settled.append(replace(column, field=part or ("phone" if loose else column.field)))
    return settled, triples


_SAID: Final[Mapping[phone_parts.Answer, str]] = {
    "parts": "the parts of one phone number, by their values",
    "numbers": "phone numbers of their own, by their values",
    "both": "read both as one phone number in parts and as numbers of their own, for rows differ",
    "blank": "phone numbers of their own, for there are no values to tell",
}


def _answer(family: Sequence[Column], sample: pl.DataFrame | None) -> phone_parts.Answer:
    if all(column.told for column in family):
        return "parts"
    series = [one for one in (_series(column, sample) for column in family) if one is not None]
    answer = phone_parts.decide(series) if len(series) == len(family) else "blank"
    by_name = all(_reading(column).number is None for column in family)
    return "parts" if answer == "blank" and by_name else answer


def _reading(column: Column) -> headers.Reading:
    return headers.read(column.header) or headers.Reading(column.field)


def _families(columns: Sequence[Column]) -> list[list[Column]]:
    """Phone columns numbered 1, 2, 3 under one stem, or named 市外局番, 市内局番, 加入者番号."""
    phones = [column for column in columns if headers.slots().get(column.field) == "phone"]
    found: dict[tuple[str, str], dict[int, list[Column]]] = {}
    for column in phones:
        reading = _reading(column)
        if column.field in _TRIPLE and (column.told or reading.number is None):
            key, number = (column.role, "told" if column.told else ""), _TRIPLE.index(column.field) + 1
        elif not column.told and reading.number is not None:
            key, number = (column.role, "stem " + reading.stem), reading.number
        else:
            continue
        found.setdefault(key, {}).setdefault(number, []).append(column)
    whole = [family for family in found.values() if sorted(family) == [1, 2, 3]]
    return [
        [family[n][0] for n in (1, 2, 3)]
        for family in whole
        if all(len(same) == 1 for same in family.values())
    ]
