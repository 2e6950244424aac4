"""People → lists as they are found: every field spelled in one of its usual ways, in some office's layout.

The spelling is drawn for each row and field; `noise` is how many rows leave the plain form (0 = none, 1 = the
usual mess). Every row keeps name and address, so it can be told who it is about.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import jaconv
import numpy as np
import polars as pl
from people import LARGEST_NUMBER

# Glyphs people write their names with, rarest last; only what the encoding of the list holds is used.
GLYPHS: Final = {
    "高": ["髙"], "崎": ["﨑"], "辺": ["邊", "邉"], "斎": ["齋", "斉", "齊"], "斉": ["齊"],
    "沢": ["澤"], "浜": ["濱", "濵"], "広": ["廣"], "島": ["嶋", "嶌"], "国": ["國"],
    "桜": ["櫻"], "吉": ["𠮷"], "塚": ["塚"], "真": ["眞"], "恵": ["惠"],
    "徳": ["德"], "橋": ["𣘺"], "柳": ["栁"], "滝": ["瀧"], "富": ["冨"],
    "関": ["關"], "亀": ["龜"], "竜": ["龍"], "豊": ["豐"], "栄": ["榮"],
    "静": ["靜"], "実": ["實"], "寿": ["壽"], "礼": ["禮"], "学": ["學"],
    "晴": ["晴"], "神": ["神"], "福": ["福"], "黒": ["黑"], "桑": ["桒"],
    "秋": ["穐"], "峰": ["峯"], "曽": ["曾"], "遥": ["遙"], "尭": ["堯"],
    "穣": ["穰"], "巌": ["巖"], "瀬": ["瀨"],
}  # fmt: skip

WIDE: Final = str.maketrans(
    "0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "０１２３４５６７８９－ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ",
)
_KANJI_DIGITS: Final = "〇一二三四五六七八九"
# After 丁目, after 番, end with 号, end without; digits (0 ASCII, 1 wide, 2 kanji), 丁目 in kanji, weight.
_BLOCKS: Final = (
    ("-", "-", "", "", 0, False, 34),
    ("丁目", "番", "号", "番", 0, False, 17),
    ("丁目", "-", "", "", 0, False, 14),
    ("－", "－", "", "", 1, False, 11),
    ("丁目", "番", "号", "番", 0, True, 8),
    ("丁目", "番", "号", "番地", 2, True, 5),
    ("の", "の", "", "", 0, False, 2),
    ("ー", "ー", "", "", 0, False, 3),
    ("丁目", "番地", "", "番地", 1, False, 3),
    ("‐", "‐", "", "", 0, False, 1),
    ("丁目", "番地の", "", "番地", 0, False, 2),
)
_LAYOUTS: Final = {
    "plain": {
        "氏名": "name", "フリガナ": "kana", "〒": "postal", "住所": "address", "電話番号": "phone",
        "携帯": "mobile", "メール": "email", "生年月日": "birth_date",
    },
    "customers": {
        "顧客番号": "number", "氏名": "name", "フリガナ": "kana", "〒": "postal", "住所": "address",
        "電話番号": "phone", "携帯電話": "mobile", "メールアドレス": "email", "生年月日": "birth_date",
        "備考": "note",
    },
    "seminar": {
        "姓": "name_family", "名": "name_given", "セイ": "kana_family", "メイ": "kana_given",
        "都道府県": "pref", "市区町村": "city", "番地": "block", "建物名": "house", "TEL": "any_phone",
    },
    "bought": {
        "No": "number", "氏名": "name", "フリガナ": "kana", "郵便番号": "postal", "住所1": "pref_city",
        "住所2": "block", "住所3": "house", "電話番号": "any_phone", "生年月日": "birth_date",
    },
    "delivery": {
        "管理番号": "number", "お名前": "name", "郵便番号": "postal", "住所": "address", "電話番号": "phone",
        "携帯番号": "mobile",
    },
}  # fmt: skip


def kanji_number(number: int) -> str:
    """1 → 一, 10 → 十, 21 → 二十一, 1234 → 千二百三十四; below 10,000."""
    written = ""
    for place, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            written += ("" if digit == 1 and unit else _KANJI_DIGITS[digit]) + unit
    return written or _KANJI_DIGITS[0]


@cache
def _numbers() -> pl.Series:
    """0 … LARGEST_NUMBER in ASCII, then in wide digits, then in kanji."""
    plain = [str(number) for number in range(LARGEST_NUMBER + 1)]
    kanji = [kanji_number(number) for number in range(LARGEST_NUMBER + 1)]
    return pl.Series(plain + [text.translate(WIDE) for text in plain] + kanji)


def glyphs(encoding: str = "utf-8", choice: int = 0) -> dict[str, str]:
    """Ordinary kanji → the variant people write, of those the encoding holds."""
    chosen = {}
    for kanji, variants in GLYPHS.items():
        fit = [v for v in variants if v != kanji and _holds(encoding, v)]
        if fit:
            chosen[kanji] = fit[choice % len(fit)]
    return chosen


def _holds(encoding: str, text: str) -> bool:
    return text.encode(encoding, "ignore").decode(encoding) == text


class Mess:
    """Draws for one list: which rows get which spelling."""

    def __init__(self, rows: int, rng_seed: int, noise: float, encoding: str) -> None:
        self.rows, self.noise, self.encoding = rows, noise, encoding
        self._rng = np.random.RandomState(rng_seed)

    def some(self, share: float) -> pl.Series:
        """True in about `share` × noise of the rows."""
        return pl.Series(self._rng.random_sample(self.rows) < share * self.noise)

    def pick(self, weights: list[float]) -> np.ndarray:
        """One of the positions for each row; the first is the plain form and takes what noise leaves."""
        share = np.asarray(weights, dtype=float) / sum(weights)
        share[1:] *= self.noise
        edges = np.cumsum(share[1:])
        draws = self._rng.random_sample(self.rows)
        return np.where(draws < edges[-1], np.searchsorted(edges, draws, side="right") + 1, 0)


def _chosen(choice: np.ndarray, options: list[pl.Expr]) -> pl.Expr:
    which = pl.Series(choice)
    result = pl.when(which == 0).then(options[0])
    for number, option in enumerate(options[1:], 1):
        result = result.when(which == number).then(option)
    return result


def _variants(mess: Mess, field: str, share: float) -> pl.Expr:
    first, second = glyphs(mess.encoding, 0), glyphs(mess.encoding, 1)
    options = [
        pl.col(field),
        *(pl.col(field).str.replace_many(list(m), list(m.values())) for m in (first, second)),
    ]
    return _chosen(mess.pick([1 - share, share * 0.7, share * 0.3]), options).alias(field)


def _wide(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(list("0123456789-"), list("０１２３４５６７８９－"))


@cache
def _half_width() -> tuple[list[str], list[str]]:
    kana = [chr(code) for code in range(0x30A1, 0x30F7)] + ["ー"]
    return kana, [jaconv.z2h(letter, kana=True) for letter in kana]


def _half(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(*_half_width())


def _hiragana(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(
        [chr(code + 0x60) for code in range(0x3041, 0x3097)], [chr(c) for c in range(0x3041, 0x3097)]
    )


def _names(frame: pl.DataFrame, mess: Mess) -> pl.DataFrame:
    frame = frame.with_columns(_variants(mess, "name_family", 0.25), _variants(mess, "name_given", 0.1))
    gap = pl.Series(["　", " ", ""])[mess.pick([55, 25, 20])]
    kind = mess.pick([68, 20, 5, 7])
    for field in ("kana_family", "kana_given"):
        kana = pl.col(field)
        frame = frame.with_columns(
            _chosen(kind, [kana, _half(kana), _hiragana(kana), pl.lit("")]).alias(field)
        )
    kana_gap = pl.Series([" ", "　", ""])[mess.pick([70, 15, 15])]
    title = pl.Series(["", "様", "　様", "殿"])[mess.pick([96, 2, 1, 0.3])]
    return frame.with_columns(
        name=pl.col("name_family") + gap + pl.col("name_given") + title,
        kana=(pl.col("kana_family") + kana_gap + pl.col("kana_given")).str.strip_chars(" 　"),
    )


def _tokens(number: str, kind: np.ndarray, frame: pl.DataFrame) -> pl.Series:
    value = frame[number].fill_null(0).to_numpy()
    return _numbers()[np.where(value > 0, value + kind * (LARGEST_NUMBER + 1), 0)]


def _block(frame: pl.DataFrame, mess: Mess) -> pl.DataFrame:
    """丁目, 番 and 号 in one of the forms of _BLOCKS."""
    style = mess.pick([row[6] for row in _BLOCKS])
    kind = np.array([row[4] for row in _BLOCKS])[style]
    chome_kind = np.where(np.array([row[5] for row in _BLOCKS])[style], 2, kind)
    after_chome, after_ban, end, lone_end = (pl.Series([row[i] for row in _BLOCKS])[style] for i in range(4))
    chome, ban, go = (
        _tokens(field, k, frame) for field, k in (("chome", chome_kind), ("ban", kind), ("go", kind))
    )
    rural = pl.col("chome").is_null()
    # Without 丁目 the lot is written 番地: 12番地3, never 12番3号.
    joint = pl.when(rural & (after_ban == "番")).then(pl.lit("番地")).otherwise(after_ban)
    last = pl.when(rural & (end == "号")).then(pl.lit("")).otherwise(end)
    lone = pl.when(lone_end == "番").then(pl.lit("番地")).otherwise(lone_end)
    numbers = (
        pl.when(rural).then(pl.lit("")).otherwise(chome + after_chome)
        + pl.lit(ban)
        + pl.when(pl.col("go").is_null()).then(lone).otherwise(joint + go + last)
    )
    return frame.with_columns(numbers=numbers)


def _places(frame: pl.DataFrame, mess: Mess) -> pl.DataFrame:
    town = pl.col("town")
    rural = pl.col("chome").is_null() & pl.col("city").str.contains("郡")
    swap = mess.some(0.5)
    respelled = town.str.replace_many(["ケ", "ヶ", "ノ", "之"], ["ヶ", "ケ", "の", "ノ"])
    frame = frame.with_columns(town=pl.when(swap).then(respelled).otherwise(town))
    oaza = pl.when(rural & mess.some(0.4)).then(pl.lit("大字")).otherwise(pl.lit(""))
    county = (
        pl.when(mess.some(0.04)).then(pl.col("city").str.replace(r"^.{1,4}郡", "")).otherwise(pl.col("city"))
    )
    pref = pl.when(mess.some(0.12)).then(pl.lit("")).otherwise(pl.col("pref"))
    gap = pl.Series(["", " ", "　"])[mess.pick([90, 5, 5])]
    frame = frame.with_columns(pref=pref, city=county, block=oaza + pl.col("town") + pl.col("numbers"))
    near = pl.col("pref") + gap + pl.col("city") + gap
    return frame.with_columns(
        pref_city=pl.col("pref") + pl.col("city"), near=near.str.strip_chars_start(" 　")
    )


def _houses(frame: pl.DataFrame, mess: Mess) -> pl.DataFrame:
    building, room = pl.col("building"), pl.col("room").cast(pl.String)
    # After a lone number "-201" would read as its branch number, so there the building is named.
    short = pl.when(pl.col("go").is_null()).then(building + room).otherwise("-" + room)
    forms = [
        building + room + "号室",
        building + " " + room,
        building + "　" + _wide(room),
        short,
        pl.lit(""),
    ]
    drawn = _chosen(mess.pick([50, 20, 10, 8, 12]), forms)
    house = pl.when(building.is_null()).then(pl.lit("")).otherwise(drawn)
    gap = pl.Series(["　", " "])[mess.pick([60, 40])]
    frame = frame.with_columns(house=house)
    # "-201" continues the numbers; in a column of its own the building must be named.
    joined = pl.when((house == "") | house.str.starts_with("-")).then(house).otherwise(gap + house)
    return frame.with_columns(
        address=pl.col("near") + pl.col("block") + joined,
        house=pl.when(house.str.starts_with("-")).then(room + "号").otherwise(house),
    )


def _phone(frame: pl.DataFrame, mess: Mess, field: str) -> pl.DataFrame:
    number = pl.col(field)
    bare = number.str.replace_all("-", "", literal=True)
    forms = [
        number,
        bare,
        number.str.replace("-", "(", literal=True).str.replace("-", ")", literal=True),
        _wide(number),
        bare.str.strip_prefix("0"),  # what a spreadsheet leaves of it
        number.str.replace_all("-", " ", literal=True),
        number.str.replace_all("-", ".", literal=True),
        number.str.replace_all("-", "ー", literal=True),
        number.str.replace("0", "+81-"),
        pl.lit(""),
    ]
    choice = mess.pick([55, 18, 4, 5, 7, 2, 1, 1, 1, 8])
    return frame.with_columns(_chosen(choice, forms).fill_null("").alias(field))


def _others(frame: pl.DataFrame, mess: Mess) -> pl.DataFrame:
    postal, email, birth = pl.col("postal"), pl.col("email"), pl.col("birth_date")
    hyphened = postal.str.slice(0, 3) + "-" + postal.str.slice(3)
    postals = [hyphened, postal, "〒" + hyphened, postal.str.strip_prefix("0"), _wide(hyphened), pl.lit("")]
    showa = (birth.dt.year() - 1925).cast(pl.String)
    month_day = birth.dt.month().cast(pl.String) + "月" + birth.dt.day().cast(pl.String) + "日"
    is_showa = birth.is_between(pl.date(1927, 1, 1), pl.date(1988, 12, 31))
    slashes = birth.dt.strftime("%Y/%m/%d")
    births = [
        slashes,
        birth.dt.strftime("%Y-%m-%d"),
        birth.dt.strftime("%Y%m%d"),
        pl.when(is_showa).then("S" + showa + "." + birth.dt.strftime("%-m.%-d")).otherwise(slashes),
        pl.when(is_showa).then("昭和" + showa + "年" + month_day).otherwise(slashes),
        pl.lit("1900/01/01"),
        pl.lit(""),
    ]
    emails = [email, email.str.to_uppercase(), _wide(email).str.replace("@", "＠"), pl.lit("")]
    return frame.with_columns(
        postal=_chosen(mess.pick([60, 18, 4, 8, 3, 7]), postals),
        email=_chosen(mess.pick([88, 4, 2, 6]), emails).fill_null(""),
        birth_date=_chosen(mess.pick([45, 12, 8, 7, 5, 3, 20]), births),
    )


def spell(
    people: pl.DataFrame, rng_seed: int, *, noise: float = 1.0, encoding: str = "utf-8"
) -> pl.DataFrame:
    """Every field of `people` as somebody wrote it.

    Returns:
        As many rows, same order, String columns, "" for a blank: name, kana and their halves, postal, pref,
        city, pref_city, block (town and numbers), house (building and room), address (all in one), phone,
        mobile, any_phone (one number, the mobile where there is no other), email, birth_date.
    """
    mess = Mess(people.height, rng_seed, noise, encoding)
    frame = _names(people, mess)
    frame = _houses(_places(_block(frame, mess), mess), mess)
    frame = _others(_phone(_phone(frame, mess, "phone"), mess, "mobile"), mess)
    other = pl.when(pl.col("phone") == "").then(pl.col("mobile")).otherwise(pl.col("phone"))
    return frame.with_columns(any_phone=other)


def layout(written: pl.DataFrame, style: str) -> pl.DataFrame:
    """The columns of one office's list under its Japanese headers; `number` and `note` may be missing."""
    known = {header: field for header, field in _LAYOUTS[style].items() if field in written.columns}
    return written.select(pl.col(field).alias(header) for header, field in known.items())


def _recode(source: Path, target: Path, encoding: str) -> None:
    """UTF-8 → another encoding, line ends as Windows has them."""
    with (
        source.open(encoding="utf-8", newline="\n") as lines,
        target.open("w", encoding=encoding, newline="\r\n") as out,
    ):
        while block := lines.readlines(1 << 24):
            out.write("".join(block))


def write_list(
    people: pl.DataFrame,
    path: Path,
    encoding: str = "utf-8",
    style: str = "plain",
    *,
    rng_seed: int = 0,
    noise: float = 1.0,
) -> None:
    """Write `people` as one office would: header names by `style`, spelled with `noise`, in `encoding`."""
    written = layout(spell(people, rng_seed, noise=noise, encoding=encoding), style)
    if encoding == "utf-8":
        written.write_csv(path)
        return
    between = path.with_suffix(".between")
    written.write_csv(between)
    _recode(between, path, encoding)
    between.unlink()


def requests(
    people: pl.DataFrame,
    n: int,
    rng_seed: int,
    *,
    share: float = 0.1,
    strangers: pl.DataFrame | None = None,
    noise: float = 1.0,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """n suppression requests, spelled without looking at the list, and who made them.

    Args:
        people: Those on the list, in its order.
        n: How many requests.
        rng_seed: Of the sample, the order and the spelling.
        share: How many of them come from `people`; the rest from `strangers`, who must be enough.
        strangers: People who are not on the list.
        noise: As for `spell`.

    Returns:
        The requests under Japanese headers, and their truth: request UInt32 (row of the first frame), person
        UInt32 (row of `people`) for those who are on the list.
    """
    known = round(n * share) if strangers is not None else n
    rng = np.random.RandomState(rng_seed)
    chosen = np.sort(rng.permutation(people.height)[:known])
    asking = people[chosen]
    if strangers is not None:
        asking = pl.concat([asking, strangers.head(n - known)])
    order = rng.permutation(asking.height)
    written = layout(spell(asking[order], rng_seed + 1, noise=noise), "plain")
    truth = pl.DataFrame({"request": np.argsort(order)[:known], "person": chosen})
    return written, truth.cast(pl.UInt32)
