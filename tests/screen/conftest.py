"""A crowd of invented people, written the way lists write them, and a list on which some of them stand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import polars as pl
import pytest

import optout

FAMILIES = {
    "高橋": ("髙橋", "高橋", "タカハシ"),
    "渡辺": ("渡邊", "渡邉", "ワタナベ"),
    "佐藤": ("佐藤", "佐藤", "サトウ"),
}
GIVENS = {
    "一郎": "イチロウ",
    "一朗": "イチロウ",
    "花子": "ハナコ",
    "健": "ケン",
    "健一": "ケンイチ",
}
PLACES = {
    "東京都新宿区西新宿三丁目2番1号": (
        "新宿区西新宿3-2-1",
        "東京都新宿区西新宿３－２－１ 見本ハイツ301",
        "160-0023",
    ),
    "大阪府大阪市北区梅田一丁目1番": ("大阪市北区梅田1-1", "大阪市北区梅田1丁目1番 302号室", "5300001"),
    "北海道札幌市中央区北一条西4丁目": ("札幌市中央区北1条西4", "札幌市中央区北1条西", "〒060-0001"),
    "千葉県流山市大字中野久木559番地2": ("流山市中野久木559-2", "流山市中野久木559", "270-0107"),
}
PHONES = ("03-1234-5678", "０３（１２３４）５６７８", "090-1234-0001", "9012340001", "0120-123-456", None)
EMAILS = (
    "taro@example.jp",
    "TARO@EXAMPLE.JP",
    "hanako@ezweb.ne.jp",
    "hanako@au.com",
    "info@example.co.jp",
    None,
)
BIRTHS = ("1970-03-02", "S45.3.2", "平成元年1月8日", "1989/1/8", "1900-01-01", None, None)
NOTES = ("", "", "", "", "", "", "", "DM不要", "得意先")
HEADERS = ("氏名", "フリガナ", "郵便番号", "住所", "電話番号", "メール", "生年月日", "備考")


def line(dice: random.Random) -> dict[str, str | None]:
    """One row; fields are often missing, and differ from the next row's in one or two things."""
    family, given = dice.choice(list(FAMILIES)), dice.choice(list(GIVENS))
    written, other, spoken = FAMILIES[family]
    kana = f"{spoken} {GIVENS[given]}"
    names = (
        f"{written}　{given} 様",
        f"{other} {given}",
        f"{family}{given}",
        kana,
        "不明",
        None,
        f"{given} {family}",
    )
    place = dice.choice(list(PLACES))
    brief, roomed, postal = PLACES[place]
    return {
        "氏名": dice.choices(names, (3, 3, 3, 1, 1, 1, 1))[0],
        "フリガナ": dice.choice((kana, None, None, spoken)),
        "郵便番号": dice.choice((postal, None)),
        "住所": dice.choices((place, brief, roomed, None), (3, 3, 3, 2))[0],
        "電話番号": dice.choices(PHONES, (1, 1, 1, 1, 1, 6))[0],
        "メール": dice.choices(EMAILS, (1, 1, 1, 1, 1, 9))[0],
        "生年月日": dice.choice(BIRTHS),
        "備考": dice.choice(NOTES),
    }


@pytest.fixture(scope="session")
def crowd() -> Callable[[int, int], pl.DataFrame]:
    """`crowd(rng_seed, n)`: n rows, the same for the same seed; many of them agree with each other in part."""

    def made(rng_seed: int, n: int) -> pl.DataFrame:
        dice = random.Random(rng_seed)
        return pl.DataFrame([line(dice) for _ in range(n)], schema=dict.fromkeys(HEADERS, pl.String))

    return made


@pytest.fixture(scope="session")
def listed(
    tmp_path_factory: pytest.TempPathFactory, crowd: Callable[[int, int], pl.DataFrame]
) -> Iterator[optout.Store]:
    """A list of sixty requests by people of that crowd, some for a household or a channel alone."""
    with optout.Store.create(
        tmp_path_factory.mktemp("listed") / "s.db", key=b"k" * 32, actor="tester"
    ) as store:
        store.suppress([asked(row, number) for number, row in enumerate(crowd(1, 60).iter_rows(named=True))])
        yield store


def asked(row: dict[str, str | None], number: int) -> optout.Request:
    return optout.Request(
        name=row["氏名"],
        kana=row["フリガナ"],
        postal=row["郵便番号"],
        address=row["住所"],
        phones=[row["電話番号"]] if row["電話番号"] else [],
        emails=[row["メール"]] if row["メール"] else [],
        birth_date=row["生年月日"],
        household=number % 15 == 0,
        channels="phone" if number % 7 == 0 else "all",
    )
