"""The three checks: removal (削除), intake (取得時), delivery (提供前). Each returns data; none renders."""

from optout.checks import removal
from optout.checks.delivery import deliver
from optout.checks.intake import Intake, intake

__all__ = ["Intake", "deliver", "intake", "removal"]
