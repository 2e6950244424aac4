"""Japanese addresses → prefecture, city, ward, town text, numbers, room; any spelling.

The 丁目 is simply the first number, so 1丁目2番3号 = 1-2-3 = 一の二の三. Numerals inside names (三田, 二番町,
八王子) are never decided upon: every kanji run becomes a delimited token on both sides, and a token with a name
behind it belongs to the name. Sources: tables/address_fold.tsv, address_placeholder.tsv,
dash.tsv and municipality.tsv.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import chars, numerals, spreadsheet

# What may stand between two numbers of one address, with or without blanks around it.
_SEPARATOR: Final = " ?(?:丁目|番地|番|号|丁|-|ノ|・|~|ー)+ ?"
_NUMBER: Final = "<?([0-9]+)>?"
# A numeral with a name behind it is part of the name; a kanji numeral is marked <n>, an ASCII one is bare.
_NAME: Final = (
    r"((?:[^0-9<]"
    r"|<[0-9]+>(?:[^-ノ・~ー0-9< 丁番号]|番[^-地号ノ0-9< ]|丁[^目0-9< ]|ノ[^0-9<]|号[^室0-9< ])"
    r"|[0-9]+(?:番町|丁堀|条|線|区|部|地割|軒|[東西南北]))*)"
)
_SKETCH: Final = f"^{_NAME}(?:{_NUMBER}(?:{_SEPARATOR}{_NUMBER}(?:{_SEPARATOR}{_NUMBER})?)?)?"
_WHOLE: Final = (
    f"^{_NAME}(?:{_NUMBER}(?:{_SEPARATOR}{_NUMBER}(?:{_SEPARATOR}{_NUMBER}(?:{_SEPARATOR}{_NUMBER})?)?)?)?"
    "(?:丁目|番地|番|号)?(.*)$"
)
_POSTAL: Final = r"^[ 〒]*[0-9]{3}-?[0-9]{4} ?"
_BRACKETED: Final = r"\([^)]*\)|\[[^\]]*\]|「[^」]*」|【[^】]*】"
# A room is three digits or more, or says that it is one; エクセル21 is the name of a building.
_ROOM: Final = r"([A-Z]?-?[0-9]+)(?:号室|号|室|F|階)[^0-9]*$"
_ROOM_MARKED: Final = r"(?:[#\- ]|^)([A-Z]?[0-9]{1,5})[^0-9]*$"
_ROOM_LONG: Final = r"([0-9]{3,5})[^0-9]*$"
# 京都: the streets before the town say how to walk there; the town follows the last turn.
_KYOTO_STREETS: Final = r"^.*(?:[東西]入[るル]?|[上下][るル])"
_INVISIBLE: Final = r"[\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}\x{200B}-\x{200F}]"
_NAME_MARKS: Final = r"[<> 条第]|-+$"


@cache
def _fold_map() -> chars.Replacement:
    """Glyphs, dashes, numerals and place-name spellings in a single pass."""
    own = tables.mapping("address_fold")
    single = {written: canonical for written, canonical in own.items() if len(written) == 1}
    single |= dict.fromkeys(chars.dashes(), "-") | dict.fromkeys("〜～", "~")
    glyphs = {
        written: "".join(single.get(char, numerals.MARKED.get(char, char)) for char in canonical)
        for written, canonical in chars.glyph_map().items()
    }
    return chars.Replacement.of({**numerals.marked(), **glyphs, **single, **own})


def fold(written: pl.Expr) -> pl.Expr:
    """One spelling of characters, dashes and numerals; kanji numerals become `<n>`, 大字 and 字 vanish.

    Args:
        written: String column, nulls allowed.

    Returns:
        String column, elementwise.

    Examples:
        >>> pl.select(fold(pl.lit("大字桜ヶ丘二十三番地の４"))).item()
        '桜ケ丘<23>番地ノ4'
    """
    return _fold_map()(written)


def _cleaned(written: pl.Series) -> pl.Series:
    """Folded, without postal code and brackets, numbers as they were before a spreadsheet."""
    text = pl.col("text")
    frame = pl.DataFrame({"text": written})
    # Inside 大字 or 丁目 a variation selector would hide the word from the one-pass fold.
    if frame.select(text.str.contains(_INVISIBLE).any()).item():
        frame = frame.with_columns(text.str.replace_all(_INVISIBLE, ""))
    frame = frame.with_columns(fold(text))
    if frame.select(text.str.contains(r"^[ 〒]*[0-9]{3}-?[0-9]{4}").any()).item():
        frame = frame.with_columns(text.str.replace(_POSTAL, ""))
    if not frame.select(text.str.contains(rf"[(\[「【]|{spreadsheet.HINT}").any()).item():
        return frame["text"]
    if frame.select(text.str.contains(r"[(\[「【]").any()).item():
        frame = frame.with_columns(text.str.replace_all(_BRACKETED, " "))
    return spreadsheet.numbers_restored(frame)["text"]


def _told(text: pl.Series) -> pl.Series:
    """Without outer blanks; null for a placeholder."""
    bare = pl.col("text").str.strip_chars(f" {spreadsheet.LOST_NUMBER}")
    frame = pl.DataFrame({"text": text}).with_columns(
        pl.when(bare.str.len_bytes() > 0).then(pl.col("text").str.strip_chars())
    )
    placeholder = pl.col("text").is_in(tables.load("address_placeholder")["written"].implode())
    return frame.select(pl.when(~placeholder).then("text").alias("text"))["text"]


def _number(text: pl.Expr) -> pl.Expr:
    """A number without leading zeros; 000 stays 0."""
    return text.str.replace("^0+([0-9])", "${1}")


def sketch(written: pl.Series) -> pl.DataFrame:
    """The cheap part, for every row of a batch: the tail of the town's name and the numbers.

    Two addresses that `parse` finds equal have equal sketches, whatever prefecture, city or ward was left out.

    Args:
        written: String, an address in one piece; nulls allowed.

    Returns:
        Frame of the same height and order: `tail` String (two characters before the numbers, a final 町 apart),
        `n1`, `n2`, `n3` String. Null where there is none.
    """
    text = pl.col("text")
    fields = ["name", "n1", "n2", "n3"]
    frame = pl.DataFrame({"text": _cleaned(written)})
    frame = frame.select(text.str.extract_groups(_SKETCH).struct.rename_fields(fields)).unnest("text")
    numbers = pl.col(fields[1:])
    if frame.select(pl.any_horizontal(numbers.str.starts_with("0").any())).item():
        frame = frame.with_columns(_number(numbers))
    return frame.select(_tail(), numbers)


def _tail() -> pl.Expr:
    # The last few characters are enough, and cheaper to clean than the whole name.
    name = pl.col("name").str.slice(-8).str.replace_all(_NAME_MARKS, "").str.strip_suffix("町").str.slice(-2)
    return chars.blank_to_null(name).alias("tail")


def parse(written: pl.Series) -> pl.DataFrame:
    """Everything an address tells, for the rows that need it.

    Args:
        written: String, an address in one piece; nulls allowed.

    Returns:
        Frame of the same height and order, all String, null where not told: `prefecture`, `city`, `ward` (of a
        designated city, or a special ward itself), `town` (folded name), `numbers` (at most three, joined by
        "-"), `room`, `tail`.

    Source: tables/municipality.tsv (Japan Post KEN_ALL) for the first three.

    Examples:
        >>> parse(pl.Series(["東京都新宿区西新宿三丁目2番1号 見本ビル301号室"])).row(0)
        ('東京都', '新宿区', '新宿区', '西新宿', '3-2-1', '301', '新宿')
    """
    text = pl.col("text")
    frame = pl.DataFrame({"text": _told(_cleaned(written))})
    fields = ["name", "n1", "n2", "n3", "n4", "rest"]
    frame = frame.select(text.str.extract_groups(_WHOLE).struct.rename_fields(fields)).unnest("text")
    frame = frame.with_columns(
        _tail(),
        pl.col("name").str.replace_all(_NAME_MARKS, ""),
        *(_number(pl.col(number)) for number in ("n1", "n2", "n3", "n4")),
    )
    frame = frame.with_columns(
        pl.concat_str("n1", "n2", "n3", separator="-", ignore_nulls=True).alias("numbers"),
        _room(pl.col("n4"), pl.col("rest")).alias("room"),
    )
    frame = pl.concat([frame, _municipality(frame["name"])], how="horizontal")
    return frame.select(
        "prefecture",
        "city",
        "ward",
        _town(pl.col("town"), pl.col("city")).alias("town"),
        pl.when(pl.col("n1").is_not_null()).then("numbers").alias("numbers"),
        "room",
        "tail",
    )


def _town(town: pl.Expr, city: pl.Expr) -> pl.Expr:
    walked = town.str.replace(_KYOTO_STREETS, "")
    town = pl.when((city == "京都市") & (walked != "")).then(walked).otherwise(town)
    return chars.blank_to_null(town)


def _room(fourth: pl.Expr, rest: pl.Expr) -> pl.Expr:
    rest = rest.str.replace_all("[<>]", "").str.strip_chars()
    found = pl.coalesce(rest.str.extract(_ROOM), rest.str.extract(_ROOM_MARKED), rest.str.extract(_ROOM_LONG))
    return _number(pl.coalesce(fourth, found).str.replace_all("-", ""))


def _spellings() -> Iterator[tuple[str, str, str | None, str | None]]:
    """Every way to begin an address with a municipality: (spelling, prefecture, city, ward)."""
    for row in tables.load("municipality").iter_rows(named=True):
        prefecture, county, city, ward = row["prefecture"], row["county"] or "", row["city"], row["ward"]
        special = city if city.endswith("区") else ward
        starts = {prefecture, ""} | ({"東京"} if prefecture == "東京都" else set())
        for start in starts:
            yield start + county + city + (ward or ""), prefecture, city, special
            yield start + city + (ward or ""), prefecture, city, special
            if ward:
                yield start + city, prefecture, city, None
                yield start + ward, prefecture, None if not start else city, ward
        yield prefecture, prefecture, None, None


@cache
def _prefixes() -> pl.DataFrame:
    """Folded beginnings → what they are known to mean; a part on which two municipalities differ is null."""
    schema = ["prefix", "prefecture", "city", "ward"]
    known = pl.DataFrame(list(_spellings()), schema=schema, orient="row")
    marks = fold(pl.col("prefix")).str.replace_all(_NAME_MARKS, "")
    agreed = [
        pl.when(pl.col(part).n_unique() == 1).then(pl.col(part).first()).alias(part)
        for part in ("prefecture", "city", "ward")
    ]
    return known.with_columns(marks).group_by("prefix", maintain_order=True).agg(agreed)


def _municipality(name: pl.Series) -> pl.DataFrame:
    """Split off the longest beginning that is a municipality; what is left is the town."""
    prefixes = _prefixes()
    lengths = prefixes["prefix"].str.len_chars()
    distinct = pl.DataFrame({"name": name.drop_nulls().unique()})
    found, left = [], distinct
    for length in sorted(lengths.unique(), reverse=True):
        head = left.with_columns(pl.col("name").str.slice(0, length).alias("prefix"))
        hits = head.join(prefixes.filter(lengths == length), on="prefix", how="inner")
        found.append(hits.with_columns(pl.col("name").str.slice(length).alias("town")).drop("prefix"))
        left = left.join(hits, on="name", how="anti")
    unresolved = left.with_columns(
        *(pl.lit(None, pl.String).alias(part) for part in ("prefecture", "city", "ward")),
        pl.col("name").alias("town"),
    )
    whole = pl.concat([*found, unresolved], how="diagonal")
    joined = pl.DataFrame({"name": name}).join(whole, on="name", how="left", maintain_order="left")
    return joined.select("prefecture", "city", "ward", "town")
