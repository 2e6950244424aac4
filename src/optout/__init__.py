"""optout: people who asked to be left out of a list stay out of it.

The public API is what this module exports; everything else may change. See README.md for the three checks.
"""

from __future__ import annotations

from importlib.metadata import version as _version

from optout import errors
from optout.checks import Intake, deliver, intake, removal
from optout.errors import DeliveryRefused, OptoutError
from optout.register import Certificate, verify_certificate
from optout.screen import Result, Summary, normalize, screen, screen_file
from optout.store import Identity, Receipt, Request, Store

__version__ = _version("optout")

__all__ = [
    "Certificate",
    "DeliveryRefused",
    "Identity",
    "Intake",
    "OptoutError",
    "Receipt",
    "Request",
    "Result",
    "Store",
    "Summary",
    "__version__",
    "deliver",
    "errors",
    "intake",
    "normalize",
    "removal",
    "screen",
    "screen_file",
    "verify_certificate",
]
