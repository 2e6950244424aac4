"""What a person is given (開示, 提供記録, 訂正の内容) and what a client is sent (通知書): JSON, CSV and pages.

Every function takes what the checks return and gives bytes or text; nothing is looked up and nothing is written here.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from optout.report import html

if TYPE_CHECKING:
    import polars as pl

    from optout.checks.correction import Change
    from optout.checks.disclosure import Access, Records
    from optout.register.notice import Notice
    from optout.report.letters import Sender

_HEADERS: Final = {"holding": "保有名簿・記録", "row": "番号", "item": "項目", "value": "内容"}
# Excel tells UTF-8 by its mark; a person's name may hold characters that CP932 lacks.
_ENCODING: Final = "utf-8-sig"


def as_json(given: Access | Records) -> bytes:
    """What the person is given, for a program: UTF-8, keys sorted."""
    return json.dumps(given.plain(), ensure_ascii=False, sort_keys=True, indent=2).encode() + b"\n"


def as_csv(access: Access) -> bytes:
    """The same as a table for a spreadsheet: one line a cell, UTF-8 with its mark, CRLF."""
    lines = access.lines().rename(_HEADERS)
    page = io.StringIO()
    lines.with_columns(_safe(lines)).write_csv(page, line_terminator="\r\n")
    return page.getvalue().encode(_ENCODING)


def _safe(lines: pl.DataFrame) -> list[pl.Expr]:
    """Every column without cells that a spreadsheet takes for a formula."""
    import polars as pl

    risky = [pl.col(name).str.contains(r"^[=+\-@\t\r]") for name in lines.columns]
    return [
        pl.when(odd).then(pl.lit("'") + pl.col(name)).otherwise(pl.col(name)).alias(name)
        for odd, name in zip(risky, lines.columns, strict=True)
    ]


def access_page(access: Access, sender: Sender | None = None) -> str:
    """保有個人データの開示 as a page that prints on A4."""
    held = [
        {
            "title": one.holding,
            "facts": [
                (what, value)
                for what, value in (("管理する者", one.entity), ("利用目的", one.purpose))
                if value
            ],
            "rows": [list(row.items()) for row in one.rows],
        }
        for one in access.held
    ]
    shown = {"access": access, "held": held, "sender": sender, "records": _sections(access.records)}
    return html.page("answer_access.html", **shown)


def records_page(records: Records, on: date, sender: Sender | None = None, case: str | None = None) -> str:
    """第三者提供記録の開示 as a page that prints on A4."""
    shown = {
        "records": _sections(records),
        "answer": records.answer,
        "on": on,
        "sender": sender,
        "case": case,
    }
    return html.page("answer_records.html", **shown)


def correction_details(changes: Iterable[Change]) -> list[tuple[str, str]]:
    """What was corrected, as the letter to the person lists it: list and item, and what stands there now.

    Source: 個人情報保護法 第34条第3項 (訂正等を行ったときは、その内容).
    """
    told = {f"{one.holding}の「{one.header}」": one.after or "（削除）" for one in changes}
    return list(told.items())


def notice_page(notice: Notice, lines: pl.DataFrame, sender: Sender | None = None) -> str:
    """The covering letter of a notice to a client, with the lines it is about."""
    shown = {"notice": notice, "headers": lines.columns, "rows": lines.rows(), "sender": sender}
    return html.page("answer_notice.html", **shown)


def purge_page(payload: Mapping[str, Any]) -> str:
    """What a certificate of a purge (廃棄証明) says, as a page that prints on A4."""
    return html.page("answer_purge.html", certificate=payload)


def _sections(records: Records) -> list[dict[str, Any]]:
    """The records by what they are, each as its items; blank ones are left out."""
    both = (
        ("第三者提供の記録（法第29条）", records.provided),
        ("受領の記録・取得元（法第30条）", records.received),
    )
    return [
        {"title": title, "rows": [[pair for pair in one.items() if pair[1]] for one in found]}
        for title, found in both
    ]
