"""A batch against the suppression list: snapshot + rows → hits → verdicts."""

from optout.screen.labels import label_sheet
from optout.screen.normalized import normalize
from optout.screen.progress import Progress
from optout.screen.result import Result, describe_files
from optout.screen.run import Columns, Summary, screen, screen_file
from optout.screen.tally import described
from optout.screen.tuning import Tuning, tune

__all__ = [
    "Columns",
    "Progress",
    "Result",
    "Summary",
    "Tuning",
    "describe_files",
    "described",
    "label_sheet",
    "normalize",
    "screen",
    "screen_file",
    "tune",
]
