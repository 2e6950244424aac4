"""The readers of plain cells agree with the readers of all cells wherever they read at all.

Cells are put together at random from what tells one from the other: numerals of every kind, what parts them, words
that stand beside names. A cell that a plain reader leaves to the other is no failure; the usual ones it has to read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optout import tables
from optout.tables import gazetteer
from optout.text import address, birth, company, flat, name, phone, plain_digits, plain_name, postal
from optout.text.address import banchi, plain, plain_places, spelling
from optout.text.address.places import places_of

CASES: Final = Path(__file__).parents[1] / "cases"
PLACES: Final = (
    *(
        "東京都",
        "新宿区",
        "西新宿",
        "横浜市",
        "中区",
        "本町",
        "京都府",
        "京都市",
        "上京区",
        "大字見本",
        "字東",
        "小字西",
    ),
    *(
        "三田",
        "二番町",
        "八王子市",
        "千代田区",
        "八の窪",
        "一之江",
        "四ツ谷",
        "北四十一条東",
        "南二条",
        "つつじが丘",
        "桜ヶ丘",
    ),
    *(
        "大通り",
        "ひえ田野町",
        "辰己",
        "久右エ門町",
        "孫兵エ新田",
        "外神田",
        "先",
        "無番地",
        "番外地",
        "地先",
        "月島",
        "旭町",
    ),
    *(
        "烏丸通",
        "東入る",
        "上ル",
        "下リ松町",
        "ふ頭",
        "番丁",
        "丁堀",
        "町",
        "市",
        "区",
        "郡",
        "条",
        "線",
        "第",
        "地割",
        "甲",
        "イ",
    ),
)
NUMBERS: Final = (
    "1",
    "2",
    "10",
    "３",
    "１２",
    "301",
    "2001",
    "0",
    "007",
    "123456",
    "三",
    "十二",
    "二十三",
    "〇",
    "壱",
    "百五",
)
BETWEEN: Final = (
    *(
        "-",
        "－",
        "ー",
        "ｰ",
        "‐",
        "の",
        "ノ",
        "・",
        "~",
        "丁目",
        "番地",
        "番",
        "号",
        "丁",
        "番地の",
        "番-",
        "号-",
        "字",
        "地割",
    ),
    *(" ", "　", "", "", " - ", "月", "日", "年", "/", ".", ".0", "棟", "条", "東", "区"),
)
BEHIND: Final = (
    " 見本ビル301",
    "　エクセル21",
    "見本ハイツ",
    "号室",
    "F",
    "(方)",
    "A",
    "b",
    "#5",
    "<",
    "三好荘",
    "ビル",
    "゛",
    "\ufe00",
    "𠮷",
    "々",
)
ROOMS: Final = (
    *(
        "301",
        "301号室",
        "5F",
        "5階",
        "２０７",
        "12",
        "3号",
        "012",
        "0",
        "A-3",
        "B301",
        "123456",
        "3-304",
        "2号棟301",
        "棟",
    ),
    *(
        "甲12",
        "-5",
        " 5",
        "室",
        "号室",
        "丁目",
        "号",
        "番地",
        "第二",
        "二",
        "百",
        "十二号室",
        "5月3日",
        "2001-10-02",
        "東入",
        "4-B",
    ),
)
NAMES: Final = (
    *(
        "佐藤",
        "髙橋",
        "渡邉",
        "阿部",
        "馬場",
        "佐々木",
        "関ケ原",
        "林",
        "四方",
        "九鬼",
        "一",
        "二",
        "𠮷田",
        "サトウ",
        "ｻﾄｳ",
        "さとう",
    ),
    *(
        "一郎",
        "花子",
        "直人",
        "ミドリ",
        "マリー",
        "イチロー",
        "ー",
        "々",
        "ア",
        "アアア",
        "ああああ",
        "Smith",
        "J",
        "3",
        "家",
        "名",
        "人",
    ),
)
AROUND: Final = (
    *(
        "様",
        " さま",
        "　さま",
        "殿",
        "氏",
        "御中",
        "先生",
        "君",
        "さん",
        " 方",
        "様方",
        "(旧姓鈴木)",
        "・",
        "、",
        "※DM不要",
        "故",
        "(株)",
        "株式会社",
        "㈱",
    ),
    *(
        "総務部",
        "営業課",
        "大阪支店",
        "工場",
        "部長",
        "課長",
        "不明",
        "世帯主",
        "匿名",
        "他2名",
        "二名",
        "?",
        "●",
        "-",
        "\t",
        "゛",
        "﨑",
    ),
)


def mixed(rng: random.Random, *parts: Sequence[str]) -> str:
    """A few words of one list after the other, blanks between them now and then."""
    words = [rng.choice(part) for part in parts if rng.random() < 0.8]
    return "".join(word + rng.choice(("", "", "", " ", "　")) for word in words)


def an_address(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return a_place(rng)
    block = [part for _ in range(3) for part in (NUMBERS, BETWEEN)]
    return mixed(rng, *[PLACES] * 3, *block, BEHIND if rng.random() < 0.4 else NUMBERS)


def a_name(rng: random.Random) -> str:
    return mixed(rng, NAMES, NAMES, NAMES if rng.random() < 0.2 else AROUND, AROUND)


def digits(rng: random.Random) -> str:
    """Ten digits or so, in runs."""
    if rng.random() < 0.5:
        runs = [rng.randint(1860, 2050), rng.randint(0, 13), rng.randint(0, 32)]
        return rng.choice(("-", "/", "", ".", " ")).join(f"{run:02}" for run in runs)
    count = rng.choice((5, 7, 7, 9, 10, 11, 12))
    text = rng.choice(("0", "0", "090", "03", "0120", "")) + "".join(
        rng.choice("0123456789") for _ in range(count)
    )
    cuts = sorted(rng.sample(range(len(text)), 2))
    parts = [text[: cuts[0]], text[cuts[0] : cuts[1]], text[cuts[1] :]]
    return rng.choice(("-", "", "－", ") ", "(", "ー")).join(parts)


def of_pieces(
    written: pl.Series, read: Callable[[flat.Flat], tuple[Sequence[np.ndarray], np.ndarray]]
) -> tuple[list[np.ndarray], np.ndarray]:
    """What a plain reader of pieces finds in a column, and what it leaves to others."""
    found: list[np.ndarray] = []
    hard = np.ones(len(written), np.bool_)
    for piece in (plain_name.pieces if read is plain_name.read else flat.pieces)(written):
        if isinstance(piece, slice):
            continue
        told, hard[piece.first : piece.first + piece.height] = read(piece)
        found = found or [np.zeros(len(written), column.dtype) for column in told]
        for column, some in zip(found, told, strict=True):
            column[piece.first : piece.first + piece.height] = some
    return found, hard


def odd_addresses(written: pl.Series) -> list[str]:
    found, hard = of_pieces(written, plain.read)
    if not found:
        return []
    others = plain.of_strings(banchi.sketched(*spelling.cleaned(written)))
    wrong = [(one != other) & ~hard for one, other in zip(found, others, strict=True)]
    return written.filter(pl.Series(np.logical_or.reduce(wrong, initial=False) & ~hard)).to_list()


def odd_names(written: pl.Series) -> list[str]:
    found, hard = of_pieces(written, plain_name.read)
    if not found:
        return []
    whole = name.parse(written)
    more = (whole["former"].is_not_null() | (whole["others"].list.len() > 0)).alias("more")
    kanji = (whole["script"] == "kanji").fill_null(value=False)
    firm = written.str.contains_any(list(company.hints()), ascii_case_insensitive=True).fill_null(value=False)
    wrong = (found[0] != flat.of_words(whole["full"])) | (found[2] != kanji.to_numpy())
    wrong |= found[1] != flat.of_words(whole["full"].str.head(1))
    wrong |= (whole["flagged"] | more | firm).to_numpy()
    return written.filter(pl.Series(wrong & ~hard)).to_list()


def odd_phones(written: pl.Series) -> list[str]:
    keys, hard = plain_digits.phones(written)
    read = phone.keys(written)
    others = np.zeros(len(written), np.uint64)
    others[read["i"].to_numpy()] = plain_digits.phone_keys(read["value"])
    several = np.bincount(read["i"].to_numpy(), minlength=len(written)) > 1
    return written.filter(pl.Series(((keys != others) | several) & ~hard)).to_list()


def odd_postals(written: pl.Series) -> list[str]:
    keys, hard = plain_digits.postals(written)
    return written.filter(
        pl.Series((keys != plain_digits.postal_keys(postal.parse(written))) & ~hard)
    ).to_list()


def odd_births(written: pl.Series) -> list[str]:
    keys, hard = plain_digits.births(written)
    return written.filter(
        pl.Series((keys != plain_digits.birth_keys(birth.parse(written))) & ~hard)
    ).to_list()


def odd_dates(written: pl.Series) -> list[str]:
    return written.filter(plain_digits.dates(written).ne_missing(birth.parse(written))).to_list()


@cache
def places() -> list[tuple[str, ...]]:
    """Prefecture, county, city, ward, town and postal code of places that mean to be hard or usual."""
    shipped = gazetteer.packaged()
    towns = shipped.towns.filter(pl.col("koaza").is_null()).join(shipped.municipalities, on="code")
    towns = towns.join(shipped.postal, on=["code", "town"], how="left", maintain_order="left")
    columns = ("prefecture", "county", "city", "ward", "town", "postal")
    return list(towns.select(pl.col(columns).fill_null("")).iter_rows())


def a_place(rng: random.Random) -> str:
    """A registered town, what may stand around it, and numbers."""
    *told, town, _ = rng.choice(places())
    told[0], told[1] = told[0] * (rng.random() < 0.8), told[1] * (rng.random() < 0.8)
    parts = [*told, "大字" * (rng.random() < 0.1), town, rng.choice(PLACES) * (rng.random() < 0.05)]
    name = "".join(part + rng.choice(("", "", "", "", " ", "　")) for part in parts if part)
    block = [part for _ in range(4) for part in (NUMBERS, BETWEEN)]
    some = mixed(rng, *block[: rng.randrange(2, 9)])
    usual = "-".join(str(rng.randint(1, 40)) for _ in range(rng.randint(1, 4)))
    return name + rng.choice((some, usual)) + mixed(rng, ("", " "), BEHIND, ROOMS, BEHIND, ROOMS)


def odd_places(written: pl.Series) -> list[str]:
    """Also beside a postal code, of the same place or not."""
    rng = random.Random(len(written))
    postal_codes = pl.Series([rng.choice(places())[-1] or None for _ in written], dtype=pl.String)
    known = places_of(gazetteer.packaged())
    wrong: list[str] = []
    for codes in (None, postal_codes, pl.Series(["1600023"] * len(written))):
        told = plain_places.read(written, codes, known)
        lines = pl.Series(told.lines)
        if len(lines):
            whole = address.by_expressions(written[lines], None if codes is None else codes[lines], known)
            differs = [told.frame[column].ne_missing(whole[column]) for column in whole.columns]
            assert told.frame.schema == whole.schema
            wrong += (
                written[lines]
                .filter(pl.DataFrame(differs).select(pl.any_horizontal(pl.all())).to_series())
                .to_list()
            )
    return wrong


READERS: Final = {
    odd_places: a_place,
    odd_addresses: an_address,
    odd_names: a_name,
    odd_phones: digits,
    odd_postals: digits,
    odd_births: digits,
    odd_dates: digits,
}


@pytest.mark.parametrize("odd", READERS)
@given(seed=st.integers(0, 2**32))
@example(seed=1)
@settings(deadline=None, max_examples=15)
def test_what_a_plain_reader_reads_is_what_the_other_reads(
    odd: Callable[[pl.Series], list[str]], seed: int
) -> None:
    rng = random.Random(seed)
    assert odd(pl.Series([READERS[odd](rng) for _ in range(300)])) == []


@pytest.mark.parametrize("odd", READERS)
def test_the_same_of_every_cell_of_every_case(odd: Callable[[pl.Series], list[str]]) -> None:
    for table in sorted(CASES.glob("*.tsv")):
        frame = pl.read_csv(table, separator="\t", quote_char=None, infer_schema=False)
        assert [odd(column) for column in frame] == [[]] * frame.width, table.name


def test_a_word_of_the_tables_beside_a_name_is_seen() -> None:
    of_names = ("name_honorific", "name_title", "name_note", "name_placeholder")
    words = [word for table in of_names for word in tables.load(table)["written"]]
    beside = ("見本 花子{}", "見本花子 {}", "{}見本 花子", "{} 見本花子", "{}")
    assert odd_names(pl.Series([cell.format(word) for word in words for cell in beside])) == []


def test_the_usual_addresses_are_read() -> None:
    usual = pl.Series(
        [
            *USUAL[plain.read],
            "千葉県千葉市中央区千葉港1-1",
            "札幌市北区屯田三丁目4番-5 第二ハイツ301",
            None,
            "",
        ]
    )
    told = plain_places.read(usual, None, places_of(gazetteer.packaged()))
    assert not told.hard[[0, 3, 4, 6, 7]].any()
    assert set(told.lines) >= {0, 3, 4}


def test_any_mixture_of_plain_hard_and_blank_cells_is_told_in_order() -> None:
    known, usual, odd = places_of(gazetteer.packaged()), "東京都新宿区西新宿3-2-1", "新宿区西新宿\0三の二"
    for some in ((usual,), (None,), (odd,), ("",), (usual, None, odd, "", "不明"), (odd, None)):
        cells = pl.Series([*some] * (6_000 // len(some)), dtype=pl.String)
        for codes in (None, pl.repeat("1600023", len(cells), dtype=pl.String, eager=True)):
            assert address.parse(cells, codes).equals(address.by_expressions(cells, codes, known))


USUAL: Final = {
    plain.read: (
        "東京都新宿区西新宿3-2-1",
        "西新宿三丁目２番１号 見本ビル301号室",
        "見本市大字見本123番地の4",
        "千代田区九段南4-9-4",
    ),
    plain_name.read: (
        "佐藤 一郎",
        "髙橋　花子",
        "佐々木結菜",
        "サトウ イチロー",
        "村井 キヌ 様",
        "村井 キヌ さま",
    ),
}


@pytest.mark.parametrize("read", USUAL)
def test_the_usual_cells_are_read(
    read: Callable[[flat.Flat], tuple[Sequence[np.ndarray], np.ndarray]],
) -> None:
    found, hard = of_pieces(pl.Series(USUAL[read]), read)
    assert not hard.any()
    assert all(found[0])


@pytest.mark.parametrize(
    ("read", "usual"),
    [
        (plain_digits.phones, ("03-1234-5678", "090(1234)5678", "９０１２３４５６７８", "312345678")),
        (plain_digits.postals, ("160-0023", "1600023")),
        (plain_digits.births, ("1970-03-02", "1970/03/02", "19700302")),
    ],
)
def test_the_usual_digits_are_read(
    read: Callable[[pl.Series], tuple[np.ndarray, np.ndarray]], usual: Sequence[str]
) -> None:
    keys, hard = read(pl.Series(usual))
    assert not hard.any()
    assert all(keys)


def test_blank_cells_tell_nothing_and_are_nobodys_business() -> None:
    blank = pl.Series(["", None, ""], dtype=pl.String)
    for read in (plain_digits.phones, plain_digits.postals, plain_digits.births):
        keys, hard = read(blank)
        assert not hard.any()
        assert not keys.any()
    for of_piece in (plain.read, plain_name.read):
        found, hard = of_pieces(blank, of_piece)
        assert not hard.any()
        assert not found[0].any()


def test_equal_words_have_equal_keys_and_others_hardly_ever() -> None:
    words = pl.Series(["佐藤", "佐", "藤", "藤佐", "佐藤一", "𠮷", "", None, "佐藤"])
    keys = flat.of_words(words)
    assert keys[0] == keys[-1]
    assert len(set(keys[:6])) == 6
    assert keys[6] == keys[7] == 0


def test_a_word_has_one_key_wherever_it_stands() -> None:
    words = pl.Series(["佐藤" * length for length in (1, 40, 0, 3, 32, 33, 500)])
    alone = [int(flat.of_words(words.slice(at, 1))[0]) for at in range(len(words))]
    assert len(set(alone)) == len(words)
    assert flat.of_words(pl.concat([words] * 60)).tolist() == alone * 60


@pytest.mark.parametrize("odd", READERS)
def test_a_column_with_an_end_of_cells_within_a_cell_is_read_by_the_other(
    odd: Callable[[pl.Series], list[str]],
) -> None:
    assert odd(pl.Series(["西新宿\0 3-2-1", "佐藤\0一郎", "03-1234\0-5678", "西新宿3-2-1"])) == []
    assert [type(piece) for piece in flat.pieces(pl.Series(["a\0b", "c"]))] == [slice]
