"""Raw frame → blocking keys (lane 1, every row) and comparable columns (lane 2, candidates only)."""

from optout.keys.blocking import Blocked, Side, blocked, matchable
from optout.keys.comparable import Comparable, comparable
from optout.keys.scheme import KeyScheme

__all__ = ["Blocked", "Comparable", "KeyScheme", "Side", "blocked", "comparable", "matchable"]
