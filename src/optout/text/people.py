"""Several people in one cell: 佐藤 一郎・花子 → 佐藤 一郎 and 佐藤 花子.

A middle dot is also a plain separator (山田・太郎) and part of a foreign name (マリア・サントス): it joins
people only after a kanji name that is complete before it. The surname of those who follow is the first's.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.text import addressing, chars, letters, surname

_HAN: Final = letters.HAN
_TWO_NAMES_BYTES: Final = len("佐藤一 佐藤二".encode())
_GIVEN_ENDING: Final = "[子郎美代香恵江枝衣奈乃輔介人之]$"
_SHORT: Final = f"[{letters.KANA}ー]{{1,3}}"


def dotted(text: pl.Expr) -> pl.Expr:
    """In a text with kanji every sign that joins people (・ 、 , / &) → one ・. Elementwise."""
    joined = text.str.replace_all(r" *[・·•、,/&＆] *", "・").str.strip_chars("・ ")
    kana = text.str.replace_all(r" *[・·•] *", "")
    return pl.when(text.str.contains(f"[{_HAN}?]")).then(joined).otherwise(kana)


def _is_separator(before: pl.Expr, after: pl.Expr, spelled: pl.Expr) -> pl.Expr:
    """Does the dot stand between the surname and the given name of one person? `spelled` is `before` respelled."""
    listed = spelled.is_in(surname.surnames(3).implode()) | spelled.is_in(surname.surnames(4).implode())
    short = before.str.len_chars() <= 2  # no name of two letters is complete
    return ~before.str.contains(" ") & ~after.str.contains(" ") & (short | listed)


def split(frame: pl.DataFrame) -> pl.DataFrame:
    """Take the people after the first out of `text` into `others`.

    Args:
        frame: with String `text`; at most one line per cell.

    Returns:
        The frame, same height and order, `text` holding one person, `others` List[String] ("family given").
    """
    frame = frame.with_columns_seq(others=pl.lit([], dtype=pl.List(pl.String)))
    asked = frame["text"].str.contains("・| .* ").fill_null(value=False) | may_be_two(frame["text"])
    return chars.overlaid(frame, asked, _parted(frame.filter(asked))) if asked.any() else frame


def _parted(frame: pl.DataFrame) -> pl.DataFrame:
    """The same for cells that may hold several."""
    parts = pl.col("text").str.split("・")
    frame = frame.with_columns_seq(first=parts.list.get(0), second=parts.list.get(1, null_on_oob=True))
    frame = frame.with_columns_seq(spelled=letters.respell(pl.col("first")))
    single = (parts.list.len() == 2) & _is_separator(pl.col("first"), pl.col("second"), pl.col("spelled"))
    foreign = (parts.list.len() > 1) & ~pl.col("text").str.contains(rf"^[^・]*[{_HAN}?]") | _foreign_given(
        pl.col("text")
    )
    frame = frame.with_columns_seq(
        text=pl.when(single)
        .then(pl.col("text").str.replace("・", " ", literal=True))
        .when(foreign)
        .then(pl.col("text").str.replace_all("・", "", literal=True))
        .otherwise(pl.col("text"))
    )
    frame = frame.with_columns_seq(first=parts.list.get(0), rest=parts.list.slice(1))
    frame = frame.with_columns_seq(spelled=letters.respell(pl.col("first")))
    frame = frame.with_columns_seq(family=_family(pl.col("first"), pl.col("spelled")))
    others = _others(frame.select("rest", "family").with_row_index("line"))
    named = frame.with_columns(text=pl.col("first"), others=others)
    named = named.drop("first", "second", "rest", "family", "spelled")
    return _second_given(_two_names(_repeated_family(named)))


def _foreign_given(text: pl.Expr) -> pl.Expr:
    """山田 マリア・ルイーザ: two given names of one person, unless both are short (キヨ・ハナ)."""
    kana = rf"^[{_HAN}]+ [{letters.KANA}ー]+・[{letters.KANA}ー]+$"
    return text.str.contains(kana) & ~text.str.contains(rf" {_SHORT}・{_SHORT}$")


def _family(first: pl.Expr, spelled: pl.Expr) -> pl.Expr:
    guess = first.str.head(surname.guess(spelled))
    return pl.when(first.str.contains(" ")).then(first.str.extract("^([^ ]+)", 1)).otherwise(guess)


def _others(people: pl.DataFrame) -> pl.Series:
    """The people of `rest` with a surname each; an empty list where there are none."""
    each = people.filter(pl.col("rest").list.len() > 0).explode("rest")
    name, length = pl.col("rest"), pl.col("rest").str.len_chars()
    each = each.filter(name.str.len_bytes() > 0).with_columns_seq(spelled=letters.respell(name))
    own = (length > 3) | (length == 3) & ~name.str.contains(_GIVEN_ENDING)
    each = each.with_columns_seq(size=surname.guess(pl.col("spelled")))
    full = (
        pl.when(name.str.contains(" "))
        .then(name)
        .when(own & name.str.contains(f"^[{_HAN}]{{3,}}"))
        .then(pl.concat_str(name.str.head("size"), name.str.slice("size"), separator=" "))
        .otherwise(pl.concat_str("family", name, separator=" "))
    )
    grouped = (
        each.with_columns(rest=_spelled(full))
        .drop_nulls("rest")
        .group_by("line", maintain_order=True)
        .agg("rest")
    )
    lines = people.select("line").join(grouped, on="line", how="left", maintain_order="left")
    return lines.select(pl.col("rest").fill_null(pl.lit([], dtype=pl.List(pl.String)))).to_series()


def _spelled(person: pl.Expr) -> pl.Expr:
    return letters.respell(letters.lost_letters(addressing.without_honorifics(person)))


def _repeated_family(frame: pl.DataFrame) -> pl.DataFrame:
    """佐藤 一郎 佐藤 花子: the surname comes twice, so these are two people."""
    words = pl.col("text").str.split(" ")
    at = [words.list.get(place, null_on_oob=True) for place in range(4)]
    twice = ((words.list.len() == 4) & (at[0] == at[2])).fill_null(value=False)
    second = pl.concat_list(_spelled(pl.concat_str(at[2], at[3], separator=" ")))
    return frame.with_columns(
        others=pl.when(twice).then(second).otherwise("others"),
        text=pl.when(twice).then(pl.concat_str(at[0], at[1], separator=" ")).otherwise("text"),
    )


def may_be_two(text: pl.Series) -> pl.Series:
    """Boolean without nulls: two words of three kanji and more, perhaps two whole names (佐藤一郎 佐藤花子)."""
    long = text.str.len_bytes().fill_null(0) >= _TWO_NAMES_BYTES
    if not long.any():
        return long
    # A pattern that counts kanji is dear, so words are counted another way, and in long names only.
    words = pl.col("text").str.split_exact(" ", 2).struct
    first, second, third = (words.field(f"field_{k}") for k in range(3))
    two = (first.str.len_chars() > 2) & (second.str.len_chars() > 2) & third.is_null()
    kanji = ~pl.col("text").str.contains(f"[^{_HAN} ]")
    told = text.filter(long).alias("text").to_frame().select((two & kanji).fill_null(value=False)).to_series()
    return long.scatter(long.arg_true(), told)


def _two_names(frame: pl.DataFrame) -> pl.DataFrame:
    """佐藤一郎 佐藤花子: two whole names, the surname in both."""
    asked = may_be_two(frame["text"]) & (frame["others"].list.len() == 0)
    if not asked.any():
        return frame
    words = pl.col("text").str.split_exact(" ", 1).struct.rename_fields(["first", "second"])
    several = frame.filter(asked).with_columns_seq(words=words).unnest("words")
    first, second, length = pl.col("first"), pl.col("second"), pl.col("length")
    several = several.with_columns_seq(length=letters.respell(first))
    several = several.with_columns_seq(length=surname.guess(length))
    family = first.str.head(length)
    named = (first.str.len_chars() > length) & (second.str.len_chars() > length) & (first != second)
    twice = (named & second.str.starts_with(family)).fill_null(value=False)
    whole, other = (pl.concat_str(family, name.str.slice(length), separator=" ") for name in (first, second))
    several = several.with_columns(
        others=pl.when(twice).then(pl.concat_list(_spelled(other))).otherwise("others"),
        text=pl.when(twice).then(whole).otherwise("text"),
    )
    return chars.overlaid(frame, asked, several.select(frame.columns))


def _second_given(frame: pl.DataFrame) -> pl.DataFrame:
    """佐藤 一郎 花子: a given name that is complete, and another behind it."""
    words = pl.col("text").str.split(" ")
    at = [words.list.get(place, null_on_oob=True) for place in range(3)]
    kanji = pl.col("text").str.contains(rf"^[{_HAN}]{{1,3}} [{_HAN}]{{2,3}} [{_HAN}]{{1,3}}$")
    twice = (kanji & at[1].str.contains(_GIVEN_ENDING)).fill_null(value=False)
    twice &= pl.col("others").list.len() == 0
    second = pl.concat_list(_spelled(pl.concat_str(at[0], at[2], separator=" ")))
    return frame.with_columns(
        others=pl.when(twice).then(second).otherwise("others"),
        text=pl.when(twice).then(pl.concat_str(at[0], at[1], separator=" ")).otherwise("text"),
    )
