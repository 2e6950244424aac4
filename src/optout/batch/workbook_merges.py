"""Merged cells → a value in every row they cover, and a header for every column they cover.

Excel keeps the value of a merged area in its first cell. Down, it belongs to every row: a blank there would be a
person missed. To the right it stays where it is: 住所 twice in a row would be no address.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from optout.batch import headers, spelling
from optout.batch.heading import is_row
from optout.batch.records import Positions
from optout.batch.workbook_sheet import Area, Facts
from optout.batch.workbook_zip import damaged

_KNOWN_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Head:
    """The first records of a sheet, two header lines made one where merged cells say so.

    Attributes:
        records: Cell by cell; "" is blank.
        places: For each its place among all records.
        remarks: What was decided, in words.
    """

    records: list[list[str]]
    places: list[int]
    remarks: tuple[str, ...] = ()


def fills(name: str, text: pl.DataFrame, facts: Facts) -> dict[int, Positions]:
    """Where merged cells repeat a value further down.

    Args:
        name: Of the file, for errors.
        text: From `workbook_values.values`.
        facts: Of the same sheet.

    Returns:
        Column (from 0) → for each row (from 0) the row its value comes from; columns without such cells are absent.

    Raises:
        UnreadableFileError: the areas overlap.
    """
    down = [area for area in facts.areas if area.bottom > area.top and facts.left <= area.left <= facts.right]
    down = [area._replace(bottom=min(area.bottom, facts.bottom)) for area in down if area.top < facts.bottom]
    if sum(area.bottom - area.top + 1 for area in down) > text.height * text.width:
        raise damaged(name, "its merged cells overlap")
    found = {column: np.arange(text.height) for column in {area.left - facts.left for area in down}}
    for area in down:
        source = found[area.left - facts.left]
        source[area.top - 1 : area.bottom] = area.top - 1
    for column, source in found.items():
        own = text.to_series(column).fill_null("").str.len_bytes().to_numpy() > 0
        source[own] = np.flatnonzero(own)
        source[~own[source]] = np.flatnonzero(~own[source])
    return found


def spread(text: pl.DataFrame, sources: dict[int, Positions]) -> pl.DataFrame:
    """Text with the values of merged cells in every row they cover."""
    return text.with_columns(text.to_series(column).gather(source) for column, source in sources.items())


def one_header_line(records: Sequence[Sequence[str]], rows: Sequence[int], facts: Facts) -> Head:
    """Make one line of two where a header stands in groups (送付先 over 氏名, 住所, 電話).

    Args:
        records: The first records, merged cells filled down.
        rows: Number of each in the sheet.
        facts: Of the sheet.
    """
    near = [area for area in facts.areas if rows and area.bottom <= rows[-1]]
    for at in range(len(records) - 1):
        upper, lower = records[at], records[at + 1]
        above = [area for area in near if area.top <= rows[at] == area.bottom == rows[at + 1] - 1]
        groups = _groups(upper, lower, above, facts.left)
        if groups and _is_lower_line(lower):
            joined = _joined(upper, lower, groups)
            remark = f"two header lines were read as one, with {len(groups)} groups of columns"
            places = [place for place in range(len(records)) if place != at]
            kept = [list(records[place]) for place in places]
            kept[at] = joined
            return Head(kept, places, (remark,))
    return Head([list(record) for record in records], list(range(len(records))))


def _groups(upper: Sequence[str], lower: Sequence[str], areas: Sequence[Area], left: int) -> list[range]:
    """Columns (from 0) under one merged cell each; a title over all that is written below is none."""
    written = [place for place, text in enumerate(lower) if text]
    found = []
    for area in areas:
        columns = range(max(area.left - left, 0), min(area.right - left + 1, len(lower)))
        whole = bool(written) and columns.start <= written[0] and written[-1] < columns.stop
        if len(columns) > 1 and not whole and upper[columns.start]:
            found.append(columns)
    return sorted(found, key=lambda columns: columns.start)


def _is_lower_line(lower: Sequence[str]) -> bool:
    written = [text for text in lower if text]
    known = sum(headers.is_header(text) for text in written)
    return bool(written) and known >= _KNOWN_SHARE * len(written) and not is_row(lower)


def _joined(upper: Sequence[str], lower: Sequence[str], groups: Sequence[range]) -> list[str]:
    joined = [below or above for above, below in zip(upper, lower, strict=True)]
    inside = {place for columns in groups for place in columns}
    alone = [
        range(place, place + 1)
        for place in range(len(upper))
        if place not in inside and upper[place] != lower[place]
    ]
    for columns in (*groups, *alone):
        group, below = upper[columns.start], [lower[place] for place in columns]
        if group and _belongs(group, below, lower):
            for place, text in zip(columns, below, strict=True):
                joined[place] = f"{group}{text}" if text else joined[place]
    return joined


def _belongs(group: str, below: Sequence[str], line: Sequence[str]) -> bool:
    """Whether a group says whose its columns are: all known with it, or some known without it but not once only."""
    known = [text for text in below if text and headers.is_header(text)]
    readings = [headers.read(f"{group}{text}") for text in known or below if text]
    if readings and all(reading and headers.kind_of(reading.role) != "unknown" for reading in readings):
        return True
    count = Counter(spelling.fold(text) for text in line)
    return any(count[spelling.fold(text)] > 1 for text in known)


def parts(
    header: Sequence[str], row: int, facts: Facts, empty: Sequence[bool]
) -> tuple[list[str], tuple[str, ...]]:
    """Headers for the columns under one merged header cell (住所 over three columns: 住所1, 住所2, 住所3).

    Args:
        header: The header line.
        row: Its number in the sheet.
        facts: Of the sheet.
        empty: Which columns have nothing below; they get no header.

    Returns:
        The header line with every column told, and remarks.
    """
    told, remarks = list(header), []
    for columns in _under_one(header, row, facts):
        used = [place for place in columns if not empty[place]] or [columns.start]
        text = header[columns.start]
        texts = list(_numbered(text, len(used)))
        for place in columns:
            told[place] = ""
        for place, part in zip(used, texts, strict=True):
            told[place] = part
        if len(used) > 1:
            remarks.append(f"one header cell over {len(used)} columns was read as {', '.join(texts)}")
    return told, tuple(remarks)


def _under_one(header: Sequence[str], row: int, facts: Facts) -> Iterator[range]:
    for area in facts.areas:
        columns = range(max(area.left - facts.left, 0), min(area.right - facts.left + 1, len(header)))
        if (
            area.top <= row <= area.bottom
            and len(columns) > 1
            and not any(header[columns.start + 1 : columns.stop])
        ):
            yield columns


def _numbered(text: str, count: int) -> Iterator[str]:
    """住所 → 住所1, 住所2 …; the text itself again and again when such headers mean nothing."""
    numbered = [f"{text}{number}" for number in range(1, count + 1)]
    known = count > 1 and all(headers.read(part) is not None for part in numbered)
    yield from numbered if known else [text] * count
