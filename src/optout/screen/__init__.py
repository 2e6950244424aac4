"""A batch against the suppression list: snapshot + rows → hits → verdicts."""

from optout.screen.normalized import normalize
from optout.screen.result import Result, describe_files
from optout.screen.run import Columns, Summary, screen, screen_file

__all__ = ["Columns", "Result", "Summary", "describe_files", "normalize", "screen", "screen_file"]
