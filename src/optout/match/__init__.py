"""Candidate pairs → comparison levels → a rule and a weight. Pure; frames in, frames out."""

from optout.match.levels import LEVELS, compare
from optout.match.rules import FIELDS, answers, decide, weights

__all__ = ["FIELDS", "LEVELS", "answers", "compare", "decide", "weights"]
