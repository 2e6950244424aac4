"""optout: people who asked to be left out of a list stay out of it.

The public API is what this module exports; everything else may change. See README.md for the three checks.
Names are imported when they are first used, so that `optout --help` need not load the machinery.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from optout import errors, holdings, register, review
    from optout.checks import correction, desk, disclosure, propagation, removal, reported, retention
    from optout.checks.delivery import deliver
    from optout.checks.hand_over import handover
    from optout.checks.intake import Intake, intake
    from optout.errors import DeliveryRefused, OptoutError
    from optout.register import Certificate, verify_certificate
    from optout.screen import (
        Progress,
        Result,
        Summary,
        Tuning,
        label_sheet,
        normalize,
        screen,
        screen_file,
        tune,
    )
    from optout.store import Identity, Receipt, Request, Store

    __version__: str

__all__ = [
    "Certificate",
    "DeliveryRefused",
    "Identity",
    "Intake",
    "OptoutError",
    "Progress",
    "Receipt",
    "Request",
    "Result",
    "Store",
    "Summary",
    "Tuning",
    "__version__",
    "correction",
    "deliver",
    "desk",
    "disclosure",
    "errors",
    "handover",
    "holdings",
    "intake",
    "label_sheet",
    "normalize",
    "propagation",
    "register",
    "removal",
    "reported",
    "retention",
    "review",
    "screen",
    "screen_file",
    "tune",
    "verify_certificate",
]

_HOME: Final = {
    "Certificate": "register",
    "DeliveryRefused": "errors",
    "Identity": "store",
    "Intake": "checks",
    "OptoutError": "errors",
    "Progress": "screen",
    "Receipt": "store",
    "Request": "store",
    "Result": "screen",
    "Store": "store",
    "Summary": "screen",
    "Tuning": "screen",
    "correction": "checks",
    "deliver": "checks",
    "desk": "checks",
    "disclosure": "checks",
    "handover": "checks",
    "intake": "checks",
    "label_sheet": "screen",
    "normalize": "screen",
    "propagation": "checks",
    "removal": "checks",
    "reported": "checks",
    "retention": "checks",
    "screen": "screen",
    "screen_file": "screen",
    "tune": "screen",
    "verify_certificate": "register",
}
_MODULES: Final = ("holdings", "register", "review")


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("optout")
    elif name in _MODULES:
        value = import_module(f"{__name__}.{name}")
    elif name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        # Importing the layer `optout.screen` must not hide the function of that name.
        if not (name in _HOME and isinstance(value, ModuleType) and value.__name__ == f"{__name__}.{name}"):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
