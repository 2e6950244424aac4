"""A batch against the suppression list: snapshot + rows → hits → verdicts."""

from optout.screen.normalized import normalize
from optout.screen.progress import Progress
from optout.screen.result import Result, describe_files
from optout.screen.run import Columns, Summary, screen, screen_file
from optout.screen.tally import described

__all__ = [
    "Columns",
    "Progress",
    "Result",
    "Summary",
    "describe_files",
    "described",
    "normalize",
    "screen",
    "screen_file",
]
