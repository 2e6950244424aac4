"""Candidate pairs → comparison levels → a rule and a weight. Pure; frames in, frames out."""

from optout.match.levels import LEVELS, compare
from optout.match.rules import answers, decide
from optout.match.weights import FIELDS, bits, weights

__all__ = ["FIELDS", "LEVELS", "answers", "bits", "compare", "decide", "weights"]
