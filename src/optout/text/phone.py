"""Japanese telephone numbers: a cell → the national digits in it, and those that may identify a person.

Source: 総務省 電気通信番号計画 (tables/phone_plan.tsv); ITU-T E.164 for "+81"; the renumberings of 1991 and
1999 and the accidents of spreadsheets (tables/phone_repair.tsv). In doubt the answer is nothing and a
reason: nothing goes to review, a wrong guess is a silent miss.

Two paths. A cell whose digits, freed from width and punctuation, are a personal number of the plan is done
after one replacement and three tests. Every other cell is folded, cut into runs and repaired in the table's
order.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import chars
from optout.text.repairs import Repairs, joined

_LIST: Final = pl.List(pl.String)
_WIDE_DIGITS: Final = dict(zip("０１２３４５６７８９", "0123456789", strict=True))
_KANJI_DIGITS: Final = dict(zip("〇零一二三四五六七八九", "00123456789", strict=True))
# Numbers of items; NFKC would make them digits of the telephone number.
_ENUMERATORS: Final = "①②③④⑤⑥⑦⑧⑨⑩⑴⑵⑶⑷⑸⑹⑺⑻⑼⒈⒉⒊⒋⒌⒍⒎⒏⒐"
# They may tell a range of lines (5678〜80), so they become hyphens only after that was looked for.
_TILDES: Final = "~〜～"
_LOST: Final = r"^'?[0-9](?:\.[0-9]+)?e\+?[0-9]+$"  # 9.01E+09: the digits are gone
# o, i, l and | are look-alike digits; words have become marks before tokens are cut.
_RUN: Final = r"\+?[0-9oil|][0-9oil| -]*"
_WHOLE: Final = r"0[0-9]{1,4}-[0-9]{1,4}-[0-9]{4}|0[0-9]{9,10}"
_SEVERAL: Final = rf"^(?:{_WHOLE})(?:-(?:{_WHOLE}))+$"
_SHORT_CODE: Final = r"^1[0-9]{2}$"  # 総務省 電気通信番号計画 1XY: 110, 118, 119, 177 …
_NO_AREA_CODE: Final = r"^[0-9]{1,8}$"


def parse(written: pl.Series) -> pl.DataFrame:
    """Every telephone number written in each cell.

    Args:
        written: String; any width, hyphen, notes, several numbers in a cell; nulls allowed.

    Returns:
        A frame of the same height and order. `numbers` List[String]: national digits in the order written,
        [] when there are none. `keys` List[String]: those that may identify a person (no toll-free, shared,
        machine or placeholder number). `reason` String: why a number is not among `keys` or was not read
        (lost, impossible, partial, foreign, shared, machine, service, placeholder); null when all is well
        and for a blank cell. Elementwise; a parsed number parses to itself.

    Examples:
        >>> parse(pl.Series(["TEL ０３（１２３４）５６７８ 内線12", "0120-123-456"])).rows()
        [(['0312345678'], ['0312345678'], None), (['0120123456'], [], 'shared')]
    """
    cells = _quick(pl.DataFrame({"written": written.cast(pl.String)}))
    hard = cells.filter(~(pl.col("plain") | pl.col("blank")))["written"]
    read = _read_cells(hard) if hard.len() else _nothing()
    single = cells["digits"].reshape((-1, 1)).arr.to_list()
    empty = pl.lit([], dtype=_LIST)
    cells = cells.with_columns(single=single, at=_positions(cells))
    cells = cells.with_columns(read[name].gather(cells["at"]).alias(name) for name in read.columns)
    plain, blank = pl.col("plain"), pl.col("blank")
    return cells.select(
        *(
            pl.when(plain).then("single").when(blank).then(empty).otherwise(name).alias(name)
            for name in ("numbers", "keys")
        ),
        "reason",
    )


def keys(written: pl.Series) -> pl.DataFrame:
    """Only the numbers that may identify a person, one line each: `parse` without lists, for every row of a batch.

    Args:
        written: As for `parse`.

    Returns:
        `i` UInt32 (position of the cell), `value` String (national digits); cells without a key have no line.
    """
    cells = pl.DataFrame({"written": written.cast(pl.String)}).with_row_index("i").drop_nulls()
    cells = _quick(cells)
    told = [cells.filter("plain").select("i", value="digits")]
    hard = cells.filter(~(pl.col("plain") | pl.col("blank")))
    if hard.height:
        tokens = _tokens(_folded(hard["written"]))
        read = tokens.filter(personal(tokens["digits"]))
        if (read["cell"] == read["cell"].shift()).any():
            read = read.unique(["cell", "digits"], maintain_order=True)
        told.append(read.select(i=hard["i"].gather(read["cell"]), value="digits"))
    return pl.concat(told)


def _nothing() -> pl.DataFrame:
    """What `parse` returns, with no rows."""
    return pl.DataFrame(schema={"numbers": _LIST, "keys": _LIST, "reason": pl.String})


def _positions(cells: pl.DataFrame) -> pl.Series:
    """Where each hard cell stands among the hard ones; null for a cell already done."""
    return cells.select(
        pl.when(~(pl.col("plain") | pl.col("blank"))).then(
            (~(pl.col("plain") | pl.col("blank"))).cum_sum().cast(pl.UInt32) - 1
        )
    ).to_series()


def _quick(cells: pl.DataFrame) -> pl.DataFrame:
    """Add `digits`, `plain` (they are one number that may identify a person) and `blank`."""
    cells = cells.with_columns_seq(digits=_bare()(pl.col("written")).fill_null(""))
    lost_zero = pl.col("digits").str.contains(_repairs("zero").any)
    cells = cells.with_columns_seq(digits=pl.when(lost_zero).then("0" + pl.col("digits")).otherwise("digits"))
    return cells.with_columns_seq(plain=personal(cells["digits"]), blank=pl.col("digits") == "")


def personal(digits: pl.Series) -> pl.Series:
    """Boolean of String digits: they are a number of the plan that may identify a person."""
    text = pl.col("digits").str
    known, shared, dummy = (text.contains(of) for of in (_plan(), _no_key(), _placeholder()))
    return digits.to_frame("digits").select_seq(known & ~shared & ~dummy).to_series()


def _read_cells(written: pl.Series) -> pl.DataFrame:
    """The staged path: fold, mark words, cut tokens, repair them, gather what each cell held."""
    cells = _folded(written)
    gathered = _gathered(_judged(_tokens(cells)))
    read = cells.select("cell", "lost").join(gathered, on="cell", how="left", maintain_order="left")
    none = pl.when("lost").then(pl.lit("lost")).otherwise(pl.lit("placeholder"))
    return read.select_seq(
        pl.col("numbers", "keys").fill_null(pl.lit([], dtype=_LIST)),
        reason=pl.when(pl.col("numbers").is_null()).then(none).otherwise("reason"),
    )


def _folded(written: pl.Series) -> pl.DataFrame:
    """`cell`, `text` (lower-case ASCII, hyphens, words as marks T F X /) and `lost`."""
    cells = pl.DataFrame({"text": written}).with_row_index("cell")
    cells = cells.with_columns_seq(_fold()(pl.col("text")).str.to_lowercase().str.strip_chars())
    cells = _repaired(cells, "text", "raw")
    text = pl.col("text")
    kanji = text.str.contains("[〇零二三四五六七八九]") & ~text.str.contains("[0-9]")
    cells = cells.with_columns_seq(lost=text.str.contains(_LOST), kanji=kanji)
    if cells["kanji"].any():
        digits = text.str.replace_many(_KANJI_DIGITS)
        cells = cells.with_columns_seq(pl.when("kanji").then(digits).otherwise("text").alias("text"))
    cells = cells.select_seq("cell", _marks()(text), "lost")
    return _repaired(cells, "text", "cell")


def _tokens(cells: pl.DataFrame) -> pl.DataFrame:
    """The runs of digits of folded cells, in order: `at`, `cell`, `digits`, `valid` (they are a number of the plan)."""
    runs = cells.filter(~pl.col("lost")).select_seq("cell", token=pl.col("text").str.extract_all(_RUN))
    tokens = _repaired(runs.explode("token").drop_nulls(), "token", "token").with_row_index("at")
    tokens = _read_tokens(tokens)
    if tokens["several"].any():
        whole = tokens.filter(~pl.col("several"))
        tokens = pl.concat([whole, _read_tokens(_pieces(tokens))]).sort("at", maintain_order=True)
    return tokens.select("at", "cell", "digits", "valid")


def _read_tokens(tokens: pl.DataFrame) -> pl.DataFrame:
    """Add `group`, `digits`, `valid`, and `several` (not one number, but perhaps more than one)."""
    group, digits = pl.col("group"), pl.col("digits")
    tokens = tokens.with_columns_seq(group=pl.col("token").str.replace_all("[ -]+", "-").str.strip_chars("-"))
    tokens = _checked(tokens.with_columns_seq(digits=group.str.replace_all("-", "", literal=True)))
    # A placeholder is not repaired into a number: 0300000000 is no old mobile.
    final = tokens.select_seq(pl.col("valid") | digits.str.contains(_placeholder())).to_series()
    if not final.all():
        failed = _repaired(tokens.filter(~final), "group", "group")
        failed = failed.with_columns_seq(digits=group.str.replace_all("-", "", literal=True))
        failed = _checked(_repaired(_repaired(failed, "digits", "digits"), "digits", "zero"))
        tokens = pl.concat([tokens.filter(final), failed]).sort("at", maintain_order=True)
    parted = group.str.contains(_SEVERAL) | pl.col("token").str.contains("[0-9] +[0-9]")
    return tokens.with_columns_seq(several=~pl.col("valid") & ~digits.str.starts_with("+") & parted)


def _pieces(tokens: pl.DataFrame) -> pl.DataFrame:
    """The parts of the tokens that hold several numbers: whole numbers in a row, else what blanks part."""
    whole = pl.col("group").str.extract_all(_WHOLE)
    parted = (
        pl.when(pl.col("group").str.contains(_SEVERAL)).then(whole).otherwise(pl.col("token").str.split(" "))
    )
    pieces = tokens.filter("several").select_seq("at", "cell", token=parted).explode("token")
    return pieces.filter(pl.col("token").str.contains("[0-9]"))


def _checked(tokens: pl.DataFrame) -> pl.DataFrame:
    """Add `valid`: the digits are a number of the plan."""
    return tokens.with_columns_seq(valid=pl.col("digits").str.contains(_plan()))


def _judged(tokens: pl.DataFrame) -> pl.DataFrame:
    """Add `why`: null for a personal number, else why the token gives no key."""
    digits = pl.col("digits")
    unread = (
        pl.when(digits.str.starts_with("+"))
        .then(pl.lit("foreign"))
        .when(digits.str.contains(_SHORT_CODE))
        .then(pl.lit("service"))
        .when(digits.str.contains(_NO_AREA_CODE))
        .then(pl.lit("partial"))
        .otherwise(pl.lit("impossible"))
    )
    dummy = digits.str.contains(_placeholder())
    shared = tokens.select_seq(pl.col("valid") & digits.str.contains(_no_key())).to_series()
    kind = _kind_reason() if shared.any() else pl.lit(None, dtype=pl.String)
    why = pl.when("valid").then(kind).otherwise(unread)
    return tokens.with_columns_seq(why=pl.when(dummy).then(pl.lit("placeholder")).otherwise(why))


def _gathered(tokens: pl.DataFrame) -> pl.DataFrame:
    """One line a cell that held a token; what is too short for a number matters only beside nothing else."""
    digits, valid, why = pl.col("digits"), pl.col("valid"), pl.col("why")
    long = why.filter(why.is_not_null() & (valid | (digits.str.len_bytes() > 8)))
    gathered = tokens.group_by("cell", maintain_order=True).agg(
        numbers=digits.filter(valid).unique(maintain_order=True),
        keys=digits.filter(valid & why.is_null()).unique(maintain_order=True),
        long=long.first(),
        longest=why.sort_by(digits.str.len_bytes(), descending=True, maintain_order=True).first(),
    )
    nothing = pl.col("numbers").list.len() == 0
    return gathered.select_seq(
        "cell", "numbers", "keys", reason=pl.when(nothing).then("longest").otherwise("long")
    )


def _kind_reason() -> pl.Expr:
    """The reason a number of the plan is no key, from the first row it fits."""
    reason = pl.lit(None, dtype=pl.String)
    for pattern, why in reversed(tables.load("phone_plan").select("pattern", "reason").rows()):
        reason = pl.when(pl.col("digits").str.contains(pattern)).then(pl.lit(why)).otherwise(reason)
    return reason


def _repaired(frame: pl.DataFrame, column: str, stage: str) -> pl.DataFrame:
    """Make the repairs of one stage."""
    return frame.with_columns_seq(_repairs(stage)(frame[column]))


@cache
def _repairs(stage: str) -> Repairs:
    rows = tables.load("phone_repair").filter(pl.col("stage") == stage)
    return Repairs(rows["pattern"].to_list(), rows["canonical"].to_list())


@cache
def _plan() -> str:
    """One pattern for all the numbers of the plan."""
    return joined(tables.load("phone_plan")["pattern"].to_list())


@cache
def _no_key() -> str:
    """The numbers of the plan that are no one person's; the table lists them before those that may be."""
    return joined(tables.load("phone_plan").filter(pl.col("is_key") == "no")["pattern"].to_list())


@cache
def _placeholder() -> str:
    return joined(tables.load("phone_placeholder")["pattern"].to_list())


@cache
def _bare() -> chars.Replacement:
    """Width folded, punctuation inside a number dropped. Dots stay: 9012345678.0 is a float."""
    dashes = set(chars.dashes()) | set(chars.dashes("between_digits")) - set(_TILDES)
    return chars.Replacement.of(dict.fromkeys([*dashes, *"()（）[]［］ 　'’"], "") | _WIDE_DIGITS)


@cache
def _fold() -> chars.Replacement:
    """Width folded, hyphens of every kind, but not yet those that may be a word or a range."""
    dashes = dict.fromkeys(chars.dashes(), "-")
    return chars.Replacement.of(
        {
            **chars.width_map(),
            **dashes,
            **dict.fromkeys(_TILDES, "~"),
            **dict.fromkeys(_ENUMERATORS, "/"),
            "〇": "〇",
        }
    )


@cache
def _marks() -> chars.Replacement:
    """Words → marks (tables/phone_word.tsv), the remaining hyphens → "-", a circle among digits → 0."""
    dashes = dict.fromkeys([*chars.dashes("between_digits"), *"()[].", *_TILDES], "-")
    return chars.Replacement.of({**dashes, "〇": "0", **tables.mapping("phone_word", canonical="mark")})
