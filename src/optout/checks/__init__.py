"""The three checks: removal (削除), intake (取得時), delivery (提供前). Each returns data; none renders."""

from optout.checks import correction, desk, disclosure, propagation, removal, reported, retention
from optout.checks.delivery import deliver
from optout.checks.hand_over import handover
from optout.checks.intake import Intake, intake

__all__ = [
    "Intake",
    "correction",
    "deliver",
    "desk",
    "disclosure",
    "handover",
    "intake",
    "propagation",
    "removal",
    "reported",
    "retention",
]
