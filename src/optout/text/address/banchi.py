"""Where the name of a place ends and its numbers begin; the numbers and the room.

The 丁目 is simply the first number, so 1丁目2番3号 = 1-2-3 = 一の二の三. Numerals inside names (三田, 二番町,
八王子) are never decided upon: every kanji run is a delimited token on both sides, and a token with a name
behind it belongs to the name.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.text import chars

# What may stand between two numbers of one address, with or without blanks around it. 号 is the last of them: a
# number behind it is a room, or begins the building's name (16号三田ビル); but 34号5番地 in the fields of 北海道.
_SEPARATOR: Final = " ?(?:丁目|番地|番|丁|地割|字|号?[-ノ・~ー])+ ?"
_FIRST_SEPARATOR: Final = " ?(?:丁目|番地|番|号|丁|地割|字|[-ノ・~ー])+ ?"
_NUMBER: Final = "<?([0-9]+)>?"
_NO_NAME: Final = "-ノ・~ー0-9< "
# A numeral with a name behind it is part of the name; a kanji numeral is marked <n>, an ASCII one is bare.
_NAME: Final = (
    r"^(?:[^0-9<]"
    rf"|<[0-9]+>(?:[^{_NO_NAME}丁番号地字]|番[^{_NO_NAME}地号]|丁[^目0-9< ]|ノ[^0-9<]|号[^室0-9< ]"
    rf"|地[^割]|地割[^{_NO_NAME}]|字[^{_NO_NAME}])"
    rf"|[0-9]+(?:番町|丁堀|条|線|区|部|軒|[東西南北]|地割[^{_NO_NAME}]))*"
)
_TWO_MORE: Final = f"(?:{_SEPARATOR}{_NUMBER}(?:{_SEPARATOR}{_NUMBER})?)?"
_THREE: Final = f"^{_NUMBER}(?:{_FIRST_SEPARATOR}{_NUMBER}(?:{_SEPARATOR}{_NUMBER})?)?"
_BEHIND: Final = f"^(?:{_NUMBER}(?:{_FIRST_SEPARATOR}{_NUMBER}{_TWO_MORE})?)?(?:丁目|番地|番|号)?(.*)$"
_SUFFIX: Final = "^(?:丁目|番地|番|号)"
# A lot between the numbers: 2ノ甲1994, 4丁目渡辺3号, 2丁目北2番6号, 2丁目C-15.
_LOT: Final = "[甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥イロハニホヘトチリヌ東西南北]|渡辺"
_LOT_BETWEEN: Final = (
    f"^(?:[-ノ ]?({_LOT})[-ノ番 ]?{_NUMBER}|-?([A-Z])[-ノ番]?([0-9]{{1,2}}))"
    f"(?:{_SEPARATOR}{_NUMBER})?(?:番地|番|号)?((?:[^0-9].*)?)$"
)
# A room is three digits or more, or says that it is one; エクセル21 is the name of a building.
_ROOM: Final = r"([A-Z]?-?[0-9]+)(?:号室|号|室|F|階)[^0-9]*$"
_ROOM_MARKED: Final = r"(?:[#\- ]|^)([A-Z]?[0-9]{1,5})[^0-9]*$"
_ROOM_LONG: Final = r"([0-9]{3,5})[^0-9]*$"
# The last number was a floor or a room after all: 1-5-2F.
_IS_ROOM: Final = "^ ?(?:F|階|室|号室)"
_HOUSE: Final = "([0-9A-Z]+)(?:号|-)?棟"
# Numbers of a house of several and of a flat in it: 市営住宅 3-304.
_FLAT: Final = "(?:^-?|[^0-9A-Z-])((?:[0-9]{1,2}|[A-Z])-[0-9]{3,4})[^0-9]*$"
_BEHIND_FOURTH: Final = "^-([0-9]{2,5})"
_TAIL_MARKS: Final = ["<", ">", " ", "条", "第", "字"]
# What stands before a town of a single letter: 豊平区旭町 and 旭町 have one tail.
ENDS_CITY: Final = "都道府県市区町村郡"
NUMBERS: Final = ("n1", "n2", "n3", "n4")
_UNTOLD: Final = pl.lit(None, pl.String)


def sketched(text: pl.Series, told: pl.DataFrame) -> pl.DataFrame:
    """`tail`, `n1`, `n2`, `n3` String of cleaned addresses: what lane 1 sees of them."""
    frame = _parted(text).with_columns_seq(_groups("behind", _THREE, NUMBERS[:3]))
    numbers = pl.col(*NUMBERS[:3])
    if frame.select(pl.any_horizontal(numbers.str.starts_with("0").any())).item():
        frame = frame.with_columns(_number(numbers))
    if told["numberless"].null_count() < told.height:
        frame = frame.with_columns(pl.coalesce("n1", at_lines(told, "numberless", len(text))).alias("n1"))
    return frame.select(tails(frame["name"]), numbers)


def _parted(text: pl.Series) -> pl.DataFrame:
    """`name` before the numbers and all that is `behind` it. Cutting off is quicker than capturing."""
    frame = pl.DataFrame({"text": text}).with_columns_seq(behind=pl.col("text").str.replace(_NAME, ""))
    return frame.select(name=pl.col("text").str.strip_suffix(pl.col("behind")), behind="behind")


def _groups(column: str, pattern: str, fields: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).str.extract_groups(pattern).struct.rename_fields(list(fields)).struct.unnest()


def tails(name: pl.Series) -> pl.Series:
    """The last two letters before the numbers, a final 町 apart; the last alone behind the sign of a municipality."""
    # The last few characters are enough, and cheaper to clean than the whole name.
    end = pl.col("name").str.slice(-8).str.replace_many(_TAIL_MARKS, [""] * len(_TAIL_MARKS))
    end = end.str.strip_chars_end("-").str.strip_suffix("町").str.slice(-2)
    frame = (
        name.to_frame("name")
        .select_seq(end=end)
        .with_columns_seq(bare=pl.col("end").str.strip_chars_start(ENDS_CITY))
    )
    last = pl.when(pl.col("bare").str.len_bytes() > 0).then("bare").otherwise(pl.col("end").str.slice(-1))
    return frame.select_seq(tail=last).select(chars.blank_to_null(pl.col("tail")))["tail"]


def at_lines(told: pl.DataFrame, column: str, height: int) -> pl.Series:
    """What few lines tell, as a column of that height."""
    lines = pl.DataFrame({"line": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return lines.join(told, on="line", how="left", maintain_order="left")[column]


def split(text: pl.Series, numberless: pl.Series | None = None) -> pl.DataFrame:
    """Cleaned addresses in parts.

    Args:
        text: String of `spelling.cleaned`; nulls allowed.
        numberless: 無番地 and the like, in the place of the numbers.

    Returns:
        `name` (as folded), what is `behind` it, `seen` (the numbers as `sketch` has them), `numbers` (three at most,
        a lot may be one), `lot` (that one), `room`: String, null where not told. Same height and order.
    """
    frame = _parted(text).with_columns_seq(_groups("behind", _BEHIND, (*NUMBERS, "rest")))
    if frame.select(pl.any_horizontal(pl.col(NUMBERS).str.starts_with("0").any())).item():
        frame = frame.with_columns(_number(pl.col(number)) for number in NUMBERS)
    if numberless is not None:
        frame = frame.with_columns(pl.coalesce("n1", numberless).alias("n1"))
    frame = frame.with_columns(lot=_UNTOLD, told_room=_UNTOLD)
    odd = frame.select((_holds_lot() | _ends_in_room()).fill_null(value=False).alias("odd"))["odd"]
    parts = frame.select("name", "behind")
    joined = frame.select(
        numbers=numbers(), lot=pl.col("n1").str.extract("^([^0-9].*)$", 1), room=rooms(frame)
    )
    seen = joined["numbers"].alias("seen")
    if odd.any():
        some = _rooms_apart(_lots_between(frame.filter(odd)))
        joined = chars.overlaid(joined, odd, some.select(numbers=numbers(), lot="lot", room=rooms(some)))
    return pl.concat([parts, seen.to_frame(), joined], how="horizontal")


def _number(text: pl.Expr) -> pl.Expr:
    """A number without leading zeros; 000 stays 0."""
    bare = text.str.strip_chars_start("0")
    return pl.when((bare != "") | (text == "")).then(bare).when(bare.is_not_null()).then(pl.lit("0"))


def _holds_lot() -> pl.Expr:
    return pl.col("n1").is_not_null() & pl.col("n2").is_null() & pl.col("rest").str.contains(_LOT_BETWEEN)


def _ends_in_room() -> pl.Expr:
    return pl.col("n2").is_not_null() & pl.col("rest").str.contains(_IS_ROOM)


def _lots_between(frame: pl.DataFrame) -> pl.DataFrame:
    """2ノ甲1994: the lot takes the place of a number."""
    fields = ("lot_1", "n_1", "lot_2", "n_2", "n_3", "behind_lot")
    found = frame.with_columns(_groups("rest", _LOT_BETWEEN, fields))
    lot = pl.coalesce("lot_1", "lot_2")
    held = _holds_lot()
    parts = {"lot": lot, "n2": lot, "n3": _number(pl.coalesce("n_1", "n_2")), "n4": _number(pl.col("n_3"))}
    parts["rest"] = pl.col("behind_lot")
    return found.with_columns(
        pl.when(held).then(told).otherwise(part).alias(part) for part, told in parts.items()
    )


def _rooms_apart(frame: pl.DataFrame) -> pl.DataFrame:
    """1-5-2F: the last number goes to the room."""
    held = _ends_in_room()
    return frame.with_columns(
        told_room=pl.when(held).then(pl.coalesce("n4", "n3", "n2")),
        n4=pl.when(~held).then("n4"),
        n3=pl.when(~held | pl.col("n4").is_not_null()).then("n3"),
        n2=pl.when(~held | pl.col("n3").is_not_null()).then("n2"),
    )


def numbers() -> pl.Expr:
    """The first three of them, joined by hyphens; null without any."""
    joined = pl.concat_str("n1", "n2", "n3", separator="-", ignore_nulls=True)
    return pl.when(pl.col("n1").is_not_null()).then(joined)


def rooms(frame: pl.DataFrame) -> pl.Series:
    """The room: the fourth number, or what the rest says, behind the number of its house (棟)."""
    frame = frame.select("told_room", "n4", rest=pl.col("rest").str.replace_all("[<>]", "").str.strip_chars())
    tells = frame.select(pl.col("rest").str.contains("[0-9]").fill_null(value=False))["rest"]
    room = frame.select(room=pl.coalesce("told_room", "n4"))
    if not tells.any():
        return room["room"]
    return chars.overlaid(room, tells, _told_rooms(frame.filter(tells)))["room"]


def rooms_behind(behind: pl.Series, second: pl.Series, fourth: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The rooms of addresses whose numbers are known.

    Args:
        behind: What stands behind the numbers, folded.
        second: Boolean, whether there is a second number.
        fourth: String, the fourth number or null.

    Returns:
        The room, String; and Boolean, that `behind` holds a lot, or makes a room of the last number.
    """
    rest = pl.col("rest").str.replace(_SUFFIX, "")
    frame = pl.DataFrame({"rest": behind, "second": second, "n4": fourth}).select(
        rest, n1=pl.lit(""), n2=pl.when("second").then(pl.lit("")), n4="n4", told_room=_UNTOLD
    )
    return rooms(frame), frame.select(odd=_holds_lot() | _ends_in_room())["odd"]


def _told_rooms(frame: pl.DataFrame) -> pl.DataFrame:
    rest = pl.col("rest")
    found = pl.coalesce(rest.str.extract(_ROOM), rest.str.extract(_ROOM_MARKED), rest.str.extract(_ROOM_LONG))
    number = pl.coalesce("told_room", "n4", found).str.replace_all("-", "", literal=True)
    frame = frame.with_columns(number=number, house=rest.str.extract(_HOUSE), flat=rest.str.extract(_FLAT))
    behind = pl.col("n4") + "-" + rest.str.extract(_BEHIND_FOURTH)
    number = _number(pl.col("number"))
    room = pl.coalesce(behind, "flat", pl.col("house") + "-" + number, number)
    return frame.select(room=room.str.replace("^([A-Z])-", "${1}"))  # B-704 is B704
