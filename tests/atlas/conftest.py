"""A small gazetteer, and files as Japan Post, the Digital Agency and e-Stat write them."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from optout.tables.gazetteer import Gazetteer

MUNICIPALITIES = [
    ("12225", "千葉県", None, "君津市", None),
    ("12443", "千葉県", "夷隅郡", "御宿町", None),
    ("13104", "東京都", None, "新宿区", None),
    ("22138", "静岡県", None, "浜松市", "中央区"),
    ("22139", "静岡県", None, "浜松市", "浜名区"),
    ("22140", "静岡県", None, "浜松市", "天竜区"),
    ("22203", "静岡県", None, "沼津市", None),
]
FORMER = [("静岡県", None, "浜松市", "中区", "22138")]
TOWNS = [
    ("12225", "久保", None, 5),
    ("12443", "須賀", None, 0),
    ("12443", "浜", None, 0),
    ("13104", "西新宿", None, 8),
    ("22138", "砂山町", None, 0),
    ("22138", "大字都田", None, 0),
    ("22138", "大字都田", "字中谷", 0),
    ("22203", "大手町", None, 5),
]
POSTAL = [
    ("2991152", "12225", "久保"),
    ("2995102", "12443", "須賀"),
    ("2995103", "12443", "浜"),
    ("1600023", "13104", "西新宿"),
    ("4300926", "22138", "砂山町"),
    ("4312102", "22138", "大字都田"),
    ("4340000", "22139", ""),
    ("4313300", "22140", ""),
    ("4100801", "22203", "大手町"),
]
NAMES = ["prefecture", "county", "city", "ward"]


def frame(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pl.DataFrame:
    schema = {name: pl.UInt8 if name == "chome" else pl.String for name in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture
def base() -> Gazetteer:
    """Seven municipalities of three prefectures."""
    return Gazetteer(
        frame(MUNICIPALITIES, ["code", *NAMES]),
        frame(FORMER, [*NAMES, "code"]),
        frame(TOWNS, ["code", "town", "koaza", "chome"]),
        frame(POSTAL, ["postal", "code", "town"]),
        "base",
    )


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def ken_all(rows: Sequence[tuple[str, str, str, str, str]]) -> str:
    """(code, postal, prefecture, municipality, town) as the fifteen columns of KEN_ALL."""
    kana = ("ｶﾅ", "ｶﾅ", "ｶﾅ")
    return csv_text(
        [(code, postal[:5], postal, *kana, *names, 0, 0, 0, 0, 0, 0) for code, postal, *names in rows]
    )


ABR_COLUMNS = (
    "lg_code",
    "machiaza_id",
    "machiaza_type",
    "pref",
    "pref_kana",
    "pref_roma",
    "county",
    "county_kana",
    "county_roma",
    "city",
    "city_kana",
    "city_roma",
    "ward",
    "ward_kana",
    "ward_roma",
    "oaza_cho",
    "oaza_cho_kana",
    "oaza_cho_roma",
    "chome",
    "chome_kana",
    "chome_number",
    "koaza",
    "koaza_kana",
    "koaza_roma",
    "machiaza_dist",
    "rsdt_addr_flg",
    "rsdt_addr_mtd_code",
    "oaza_cho_aka_flg",
    "koaza_aka_code",
    "oaza_cho_gsi_uncmn",
    "koaza_gsi_uncmn",
    "status_flg",
    "wake_num_flg",
    "efct_date",
    "ablt_date",
    "src_code",
    "post_code",
    "remarks",
)


def abr(rows: Sequence[dict[str, str]]) -> str:
    """Rows of the town table; what is not given is blank."""
    return csv_text([ABR_COLUMNS, *([row.get(name, "") for name in ABR_COLUMNS] for row in rows)])


ESTAT_COLUMNS = (
    "標準地域コード",
    "都道府県",
    "政令市･郡･支庁･振興局等",
    "政令市･郡･支庁･振興局等（ふりがな）",
    "市区町村",
    "市区町村（ふりがな）",
    "廃置分合等施行年月日",
    "改正事由",
)


def estat(rows: Sequence[tuple[str, str, str, str, str, str]]) -> str:
    """(code, prefecture, county, municipality, date, words) as e-Stat's download."""
    return csv_text(
        [
            ESTAT_COLUMNS,
            *((code, pref, over, "", name, "", day, why) for code, pref, over, name, day, why in rows),
        ]
    )


def prepared(rows: Sequence[tuple[str, ...]]) -> str:
    """(pref, old_name, old_code, new_name, new_code, date, kind) with its header."""
    return csv_text([("pref", "old_name", "old_code", "new_name", "new_code", "date", "kind"), *rows])


Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write a file: text in an encoding, or inside an archive when the name ends in .zip."""

    def write(name: str, text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                info = zipfile.ZipInfo(name.removesuffix(".zip"), (2026, 10, 30, 0, 0, 0))
                archive.writestr(info, text.encode(encoding))
        else:
            path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture(scope="session")
def whole_mergers() -> Path:
    """The whole list of changes since 1970, where the one who runs the tests has it."""
    told = os.environ.get("OPTOUT_TEST_MERGERS")
    if not told or not Path(told).is_file():
        pytest.skip("OPTOUT_TEST_MERGERS names no file of e-Stat's 廃置分合等情報")
    return Path(told)
