"""Retention (保存期間): classes and exceptions, legal holds, what is due on a day, and its purge with a certificate."""

from optout.checks.due import collected, due_for_purge, schedule
from optout.checks.purging import Purged, certificate_of, purge
from optout.register.retention import (
    Exemption,
    Hold,
    RetentionClass,
    classes,
    define,
    exempt,
    exemptions,
    hold,
    holds,
    release,
)

__all__ = [
    "Exemption",
    "Hold",
    "Purged",
    "RetentionClass",
    "certificate_of",
    "classes",
    "collected",
    "define",
    "due_for_purge",
    "exempt",
    "exemptions",
    "hold",
    "holds",
    "purge",
    "release",
    "schedule",
]
