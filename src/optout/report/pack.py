"""What a client gets beside a list: the form by which its people can be left out, and what it must know.

The list, its certificate and the public key are written by `checks.deliver`; this makes the papers that go with them,
before the list has its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from optout import tables
from optout.register import day, filing
from optout.register.certificate import Certificate
from optout.report import html
from optout.store import Store

FORM: Final = "optout_form.html"
README: Final = "お読みください.txt"
_MARK: Final = b"\xef\xbb\xbf"  # without it a Windows editor of an older office shows the text in CP932


def papers(store: Store) -> Callable[[Certificate, str], Mapping[str, bytes]]:
    """Makes the papers of a delivery, for `deliver(papers=…)`.

    Args:
        store: Whose filing names the vendor, and the ways by which a stop can be asked for.

    Returns:
        Certificate and name of the list → file name and content: the オプトアウト依頼書 with the 納品番号 (HTML, prints
        on A4), and お読みください.txt (UTF-8).
    """
    filed = filing.current(store)
    vendor = {"name": filed.name if filed else "", "contact": list(filed.contact) if filed else []}
    return lambda certificate, name: made(certificate, name, vendor)


def made(certificate: Certificate, name: str, vendor: Mapping[str, Any]) -> dict[str, bytes]:
    """The papers of one delivery.

    Args:
        certificate: What was issued.
        name: Of the list.
        vendor: `name`, `contact` (ways to ask for a stop).
    """
    told = _told(certificate, name, vendor)
    form = html.page("optout_form.html", **told).encode()
    return {
        FORM: form,
        README: _MARK + html.plain("delivery_readme.txt", **told).replace("\n", "\r\n").encode(),
    }


def _told(certificate: Certificate, name: str, vendor: Mapping[str, Any]) -> dict[str, Any]:
    payload = certificate.payload
    return {
        "vendor": {"name": "", "contact": [], **vendor},
        "delivery": payload["delivery"],
        "certificate": certificate.id,
        "recipient": payload["recipient"].get("name", ""),
        "purpose": payload["purpose"],
        "channel": _channel(payload["channel"]),
        "list": name,
        "rows": payload["subject"]["rows"],
        "revision": certificate.revision,
        "blanked": payload["blanked"],
        "issued": day.of(payload["issued_at"]),
        "issued_at": _moment(payload["issued_at"]),
        "expires_at": _moment(payload["expires_at"]),
    }


def _channel(code: str) -> str:
    words = tables.load("report_words").filter(kind="channel", word=code)["japanese"]
    return "すべての手段" if code == "any" else words[0] if len(words) else code


def _moment(written: str) -> str:
    """A moment by the clock of Japan."""
    return f"{datetime.fromisoformat(written).astimezone(day.JAPAN):%Y-%m-%d %H:%M} (日本時間)"
