"""What the office has to know and to keep: cases, holdings, suppliers, recipients, the filing, the ledger and so on.

One module a thing; they are imported when they are first used, so that a certificate is verified without the rest.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Final

from optout.register.certificate import Certificate, issue, verify_certificate

__all__ = ["Certificate", "issue", "verify_certificate"]

_MODULES: Final = frozenset(
    {
        *("attempt", "case", "day", "decoy", "external", "filing", "holding", "incident", "ledger", "notice"),
        *("receipt", "recipient", "retention", "supplier"),
    }
)


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
