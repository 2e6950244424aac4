"""Addresses written plainly, read as arrays of letters: all that `parse` tells of them.

Plain is a cell of `plain` whose name is a municipality and one of its registered towns and nothing else, under a
postal code that is of that municipality or of none. The name is looked up by its digest; what is found nowhere, means
several places, or has something odd behind the numbers makes the cell hard, which costs time and nothing else. The
two agree wherever this one reads at all (tested).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from optout.text import flat as flats
from optout.text import numerals
from optout.text.address import banchi, plain, spelling
from optout.text.address.kanji import is_in
from optout.text.address.known import Known, as_numbers, known_of, of_group, of_postal
from optout.text.address.places import ANYWHERE, Places
from optout.text.flat import Codes, Flat, Mask
from optout.text.flat import Places as At
from optout.text.lookup import NOWHERE

_MOST: Final = 4  # numbers
_LONGEST: Final = 60  # letters of a name
# What stands behind the numbers and changes how they, or what stands before them, is read.
_ODD: Final = "><|[0-9]<1>[0-9]|[月年]|-[0A-Z]|[0-9]{4}-[0-9]"
_SUFFIX: Final = 2  # letters of 番地, behind which the numbers end
_SUFFIXES: Final = 5  # that, a blank, and 号室
_BEFORE_LOT: Final = 7  # letters that may stand before the number of a lot: 番地-渡辺-3
_WIDEST: Final = 5  # digits of a room
_IS_ROOM: Final = is_in("F階室")  # right behind the numbers
_IS_ROOM_MARK: Final = is_in("F階")
_SAYS_ROOM: Final = is_in("号室")
_JOINS_ROOM: Final = is_in("-ABCDEFGHIJKLMNOPQRSTUVWXYZ") | is_in(numerals.LETTERS)
_SMALL: Final = is_in(numerals.DIGITS + "十")  # letters of numerals below 100
_OF_NUMERALS: Final = is_in(numerals.LETTERS)
_IS_DIGIT: Final = is_in("0123456789")
# What stands behind the numbers: a numeral, or what makes more of one.
_NUMERAL, _MARK = 1, 2
_SIGNS: Final = np.maximum(
    np.where(_IS_DIGIT | _OF_NUMERALS, _NUMERAL, 0), np.where(is_in("-棟月年"), _MARK, 0)
).astype(np.uint8)
_DROPPED: Final = is_in(" 字")


class _Found(NamedTuple):
    """Cells whose name is known.

    Attributes:
        lines: Which.
        town: What their name means, a line of `Known.towns`.
        numbers: Four of them, each raised by one, 0 for none.
        room: Raised by one, 0 for none.
        behind: How many letters stand before what is behind the numbers.
        unclear: Whether that may tell another room, or one more number.
    """

    lines: At
    town: At
    numbers: list[At]
    room: At
    behind: At
    unclear: Mask


class Told(NamedTuple):
    """What the plain cells tell.

    Attributes:
        lines: Which they are.
        frame: The columns of `parse`, a line each.
        hard: Of every cell, whether it is not plain; a blank one is, and tells nothing.
    """

    lines: At
    frame: pl.DataFrame
    hard: Mask


def read(written: pl.Series, postal: pl.Series | None, places: Places) -> Told:
    """What the plain cells tell, and which cells are hard (see `parse`)."""
    known = known_of(places)
    code = np.full(len(written), NOWHERE) if postal is None else as_numbers(postal)
    hard = np.zeros(len(written), np.bool_)
    found = []
    for piece in flats.pieces(written):
        if isinstance(piece, slice):
            hard[piece] = True
            continue
        here = slice(piece.first, piece.first + piece.height)
        some, hard[here] = _found(piece, code[here], known)
        found.append(some)
    if not found:
        return Told(np.zeros(0, np.int64), pl.DataFrame(), hard)
    whole = _joined(found)
    room, odd = _rooms(written, whole)
    hard[whole.lines[odd]] = True
    kept = np.flatnonzero(~odd)
    return Told(whole.lines[kept], _told(whole, kept, room.gather(kept), known), hard)


def _joined(found: list[_Found]) -> _Found:
    numbers = [np.concatenate(each) for each in zip(*(some.numbers for some in found), strict=True)]
    lines, town, room, behind, unclear = (
        np.concatenate([getattr(some, part) for some in found])
        for part in ("lines", "town", "room", "behind", "unclear")
    )
    return _Found(lines, town, numbers, room, behind, unclear)


def _found(flat: Flat, postal: At, known: Known) -> tuple[_Found, Mask]:
    parts = plain.parted(flat, _MOST)
    hard = parts.hard
    kept = np.flatnonzero(~hard[parts.lines])
    lines, begin, end = (of_all[kept] for of_all in (parts.lines, parts.begin, parts.end))
    numbers = [number[kept] for number in parts.numbers]
    town = _towns(parts.piece, flat.starts[lines], begin, known)
    odd = (town == NOWHERE) | _elsewhere(postal[lines], known.codes[town], known)
    odd |= plain.may_be_year(numbers[2]) & (numbers[3] > 0) | plain.may_be_year(numbers[3])
    hard[lines[odd]] = True
    some = np.flatnonzero(~odd)
    lines, end = lines[some], end[some]
    numbers = [number[some] for number in numbers]
    room, unclear = _behind(parts, lines, end, several=numbers[1] > 0)
    room = np.where(numbers[3] > 0, numbers[3], room)
    return _Found(lines + flat.first, town[some], numbers, room, end - flat.starts[lines], unclear), hard


def _elsewhere(postal: At, codes: At, known: Known) -> Mask:
    """The postal code is of other municipalities, or of several."""
    at = known.postal.find(of_postal(postal))
    other: Mask = (at != NOWHERE) & (known.of_postal[at] != codes)
    return other


def _behind(parts: plain.Parted, lines: At, end: At, *, several: Mask) -> tuple[At, Mask]:
    """The room that the last digits behind the numbers are, raised by one, 0 for none; and where that is not plain."""
    piece, text = parts.piece, parts.piece.text
    unclear, room = np.zeros(len(lines), np.bool_), np.zeros(len(lines), np.int64)
    for nth in range(_SUFFIXES):
        unclear |= _IS_ROOM[text[np.minimum(end + nth, piece.flat.ends[lines])]]
    last = _last_numeral(parts, lines)
    some = np.flatnonzero(last >= end)
    at, end = last[some], end[some]
    first = at.copy()
    for _ in range(_WIDEST):
        first -= _IS_DIGIT[text[first - 1]]
    before, behind, digits = text[first - 1], text[at + 1], _IS_DIGIT[text[at]]
    told = digits & (_SAYS_ROOM[behind] | (before == ord(" ")) | (at - first >= 2))
    number = flats.values(plain.digit_values(), piece.flat.codes, first, at + 1, _WIDEST)
    room[some] = np.where(told, number + 1, 0)
    odd = digits & (_JOINS_ROOM[before] | (at - first >= _WIDEST)) | _IS_ROOM_MARK[behind]
    # 第二ビル tells no room.
    odd |= ~digits & ~((before == ord("第")) & _SMALL[text[at]] & ~_SAYS_ROOM[behind])
    odd |= first - end <= _SUFFIX
    letters, of = _letters_between(end, piece.flat.ends[lines[some]])
    sign = _SIGNS[text[letters]]
    signs = np.flatnonzero(sign)
    of = of[signs]
    # A lot: 2ノ甲1994.
    lot = (letters[signs] - end[of] < _BEFORE_LOT) & ~several[some][of]
    odd[of[(sign[signs] == _MARK) | lot]] = True
    unclear[some] |= odd
    return room, unclear


def _last_numeral(parts: plain.Parted, lines: At) -> At:
    """Where the last letter of a numeral, in digits or kanji, stands in these cells."""
    piece, runs = parts.piece, parts.runs
    last = np.full(piece.flat.height, NOWHERE)
    last[piece.flat.cell_of(piece.numerals.starts)] = piece.numerals.ends - 1
    digits = runs.ends[runs.firsts[lines + 1] - 1] - 1
    either: At = np.maximum(last[lines], digits)
    return either


def _letters_between(starts: At, ends: At) -> tuple[At, At]:
    """The places from each of these to before those, and which pair each belongs to."""
    counts = ends - starts
    of = np.repeat(np.arange(len(starts)), counts)
    return np.arange(len(of)) + np.repeat(starts - (np.cumsum(counts) - counts), counts), of


def _towns(piece: plain.Piece, starts: At, begin: At, known: Known) -> At:
    """What the names of these cells mean, a line of `Known.towns`."""
    letters, cell = _letters(piece, starts, begin)
    counts = np.bincount(cell, minlength=len(starts))
    firsts = np.cumsum(counts) - counts
    place = np.arange(len(letters)) - firsts[cell]
    sums = flats.summed(letters, np.minimum(place, _LONGEST))
    # Where one prefix begins as another does, the longer one is meant.
    may_end = np.flatnonzero(known.ends[letters])
    of_cell = cell[may_end]
    begun = flats.digests_between(sums, firsts[of_cell], may_end + 1, np.zeros(len(may_end), np.int64))
    at = known.prefixes.find(begun)
    fits = np.flatnonzero(at != NOWHERE)
    prefix, left = (np.zeros(len(starts), np.int64) for _ in range(2))
    prefix[of_cell[fits]], left[of_cell[fits]] = known.groups[at[fits]], may_end[fits] + 1
    named = np.flatnonzero((prefix != ANYWHERE) & (counts <= _LONGEST) & (left < firsts + counts))
    digests = flats.digests_between(sums, left[named], (firsts + counts)[named], left[named] - firsts[named])
    town = np.full(len(starts), NOWHERE)
    town[named] = known.names.find(of_group(digests, prefix[named]))
    return town


def _letters(piece: plain.Piece, starts: At, begin: At) -> tuple[Codes, At]:
    """The letters of the names as `spelling.without_marks` leaves them, one cell behind the other; and their cells.

    A cell with a word that the fold spells as another word has none.
    """
    at, cell = _letters_between(starts, begin)
    text, written = piece.text[at], piece.flat.codes[at]
    kept = ~_DROPPED[text]
    # 大字, 小字
    marks = np.flatnonzero(written == ord("字"))
    marked = marks[
        (piece.flat.codes[at[marks] - 1] == ord("大")) | (piece.flat.codes[at[marks] - 1] == ord("小"))
    ]
    kept[marked[marked > 0] - 1] = False
    odd = np.zeros(len(starts), np.bool_)
    respelt = plain.respelt(piece.text, at)
    odd[cell[respelt[piece.text[at[respelt]] != ord("字")]]] = True
    # 北四条西, 第三: neither sign tells anything.
    for sign, beside in (("条", -1), ("第", 1)):
        signs = np.flatnonzero(text == ord(sign))
        kept[signs[_OF_NUMERALS[piece.text[at[signs] + beside]]]] = False
    kept &= ~odd[cell]
    return plain.digits_of_kanji(text[kept]), cell[kept]


def _rooms(written: pl.Series, found: _Found) -> tuple[pl.Series, Mask]:
    """The room of each cell, and the cells in which what is behind the numbers belongs to them."""
    room = _strings(found.room)
    odd = np.zeros(len(found.lines), np.bool_)
    some = np.flatnonzero(found.unclear)
    if not len(some):
        return room, odd
    cells = written.gather(found.lines[some]).to_frame("text")
    cells = cells.select(pl.col("text").str.slice(pl.Series(found.behind[some])))
    behind = spelling.folded(cells["text"])
    second = pl.Series(found.numbers[1][some] > 0)
    told, strange = banchi.rooms_behind(behind, second, _strings(found.numbers[3][some]))
    odd[some] = (strange | behind.str.contains(_ODD)).to_numpy()
    return room.scatter(some, told), odd


def _told(found: _Found, kept: At, room: pl.Series, known: Known) -> pl.DataFrame:
    numbers = _joined_numbers([number[kept] for number in found.numbers])
    frame = known.told(found.town[kept]).with_columns(numbers, room.alias("room"))
    town = pl.col("code") + "|" + pl.col("town")
    frame = frame.with_columns(place=town, key=town + "|" + pl.col("numbers"))
    return frame.select(
        *("prefecture", "city", "ward", "town", "numbers", "room"),
        pl.lit(None, pl.String).alias("lot"),
        "tail",
        pl.col("numbers").alias("seen"),
        pl.lit(None, pl.String).alias("unknown"),
        pl.lit("").alias("behind_town"),
        pl.concat_list("code").alias("codes"),
        pl.concat_list("place").alias("towns"),
        pl.concat_list("place").alias("places"),
        pl.concat_list("key").alias("keys"),
        pl.lit(value=True).alias("known_town"),
        pl.lit(value=False).alias("guess"),
        pl.lit(value=False).alias("postal_conflict"),
    )


def _strings(raised: At) -> pl.Series:
    """Numbers that were raised by one; null for 0."""
    number = pl.when(pl.col("number") > 0).then(pl.col("number") - 1)
    return pl.DataFrame({"number": raised}).select(number.cast(pl.String))["number"]


def _joined_numbers(numbers: list[At]) -> pl.Series:
    told = pl.DataFrame({str(nth): number for nth, number in enumerate(numbers[:3])})
    each = [pl.when(pl.col(name) > 0).then(pl.col(name) - 1) for name in told.columns]
    return told.select(numbers=pl.concat_str(each, separator="-", ignore_nulls=True))["numbers"]
