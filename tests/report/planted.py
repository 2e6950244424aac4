"""Reports of invented lists, long names and awkward numbers: what a page must bear."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Final

import polars as pl

from optout.checks import reporting
from optout.checks.reporting import ANSWERED, PROVIDED, REMOVED, Period, Report
from optout.checks.reporting_breach import LEAKED, Circumstances, breach

AUTUMN: Final = Period(date(2026, 10, 1), date(2026, 11, 30))
_LONG: Final = "通信販売データサービス株式会社 東日本支社 第二営業部 名簿管理課"
_LISTS: Final = (
    ("同窓会名簿_H12.xlsx", "見本名簿店"),
    ("tsuhan_cp932.csv", _LONG),
    ("seminar_participants_2026_a_very_long_file_name_without_any_blank_in_it_at_all.csv", None),
    ("<b>&amp;\u202e名簿.csv", "=1+1"),
    *((f"名簿{number:02d}.csv", f"取得元{number % 6}") for number in range(20)),
)
_FILED: Final = {
    "party": ("見本名簿株式会社", "東京都千代田区千代田1-1", "見本 太郎"),
    "purpose": "第三者への提供",
    "items": ("氏名", "住所", "電話番号"),
    "acquisition": ("同窓会名簿等の購入",),
    "methods": ("書面", "電子記録媒体"),
    "stop": "本人の求めに応じて提供を停止する",
    "contact": (
        "郵送",
        "電話 03-1234-5678",
        "https://example.jp/a-very-long-address/without-any-blank/in-it/optout",
    ),
    "updating": "年1回",
    "starts": date(2026, 4, 1),
}


def reports() -> dict[str, Report]:
    """One of each kind; the same every time."""
    rng = random.Random(7)
    made = (_effect(rng), _requests(rng), _provisions(rng), _filing(), _breach())
    return {report.kind: report for report in made}


def _day(rng: random.Random) -> date:
    return AUTUMN.since + timedelta(rng.randrange(60))


def _effect(rng: random.Random) -> Report:
    lines = [
        {
            **{"check": check, "on": _day(rng), "list": name, "supplier": supplier},
            "rows": None if check == 1 else rng.randrange(1000, 20_000_000),
            "removed": rng.randrange(0, 400_000 if check < 3 else 20),
            "review": rng.randrange(0, 40),
        }
        for name, supplier in _LISTS
        for check in (1, 2, 3)
    ]
    return reporting.effect(pl.DataFrame(lines, schema=REMOVED), AUTUMN)


def _requests(rng: random.Random) -> Report:
    lines = []
    for number in range(120):
        arrived, outcome = _day(rng), rng.choice(reporting.OUTCOMES)
        told = outcome not in ("open", "partly")
        lines.append(
            {
                "id": f"C-2026{number:04d}-ABCDEF",
                "kind": rng.choice(["stop", "erase", "correct", "disclose_records", "complaint"]),
                "channel": rng.choice(["fax", "post", "phone", "email", "client"]),
                "client": rng.choice([None, "見本ダイレクト株式会社", _LONG]),
                "received": arrived,
                "due": arrived + timedelta(14),
                "answered": arrived + timedelta(rng.randrange(18)) if told else None,
                "outcome": outcome,
            }
        )
    return reporting.requests(pl.DataFrame(lines, schema=ANSWERED), AUTUMN, AUTUMN.until, unfiled=12_345)


def _provisions(rng: random.Random) -> Report:
    lines = [
        {
            "id": f"D-2026-{number:03d}",
            "on": _day(rng),
            "recipient": rng.choice(["見本ダイレクト株式会社", _LONG, None]),
            "corporate_number": "1234567890123",
            "verified": rng.choice([date(2026, 9, 1), None]),
            "purpose": rng.choice(["通信教育の案内", "住宅設備の点検と改修に関する案内の送付"]),
            "basis": "optout",
            "method": "mail",
            "items": ["氏名", "郵便番号", "住所", "電話番号", "生年月日"],
            "rows": rng.randrange(500, 2_000_000),
            "certificate": f"0b1d3c4e-1111-4222-8333-0123456789{number:02d}",
        }
        for number in range(25)
    ]
    return reporting.provisions(pl.DataFrame(lines, schema=PROVIDED), AUTUMN)


def _filing() -> Report:
    new = _FILED | {"items": ("氏名", "住所", "生年月日"), "starts": date(2027, 1, 1)}
    return reporting.filing(_FILED, new)


def _breach() -> Report:
    lines = [
        {
            **{"list": _LISTS[2][0], "rows": 12_000_000, "people": 11_870_000},
            **{
                "items": ["氏名", "住所", "病歴", "口座番号"],
                "sensitive": ["病歴"],
                "property": ["口座番号"],
            },
        },
        {"list": "tsuhan.csv", "rows": 8, "people": 7, "items": ["氏名"], "sensitive": [], "property": []},
    ]
    told = Circumstances(date(2026, 11, 20), encrypted=False, malicious=True)
    return breach(pl.DataFrame(lines, schema=LEAKED), told, as_of=date(2026, 11, 23))
