"""What a person decides of borderline pairs (要確認), kept and used again by the checks.

A decision is about a pair: one person of a row and one request, under one key scheme. It holds in every later list in
which the same identity cells meet the same request under the same scheme, and under no other.

How a check uses it:

- A list held in memory: `review.decided(store, screen(...))` is the same `Result` with what was decided taken in.
- A stream of blocks: once `decisions = Decisions.of(store, snapshot.scheme)`, then a block
  `judged = decisions.settle(judged, raw, snapshot)`; it costs nothing while nothing was decided. `judged.verdicts`,
  `judged.hits` and `judged.pairs` are then what was decided: `same` → withhold (reason `decided_same`), `other` → keep
  (reason `decided_other`). Only pairs under review can become keep; a certain hit is never weakened.
- What is still open: `review.items(store, result)`, or `review.items_in(decisions, judged, raw, snapshot)` a block;
  `review.keep_items(store, name, items)` puts it before a person.
"""

from optout.review.decision import decide, decisions, history, undo
from optout.review.item import Evidence, Item, items, items_in, keep_items, shown, waiting
from optout.review.pair import pair_ids
from optout.review.settled import Decisions, decided
from optout.review.sheet import Answers, answer_sheet, take_in

__all__ = [
    "Answers",
    "Decisions",
    "Evidence",
    "Item",
    "answer_sheet",
    "decide",
    "decided",
    "decisions",
    "history",
    "items",
    "items_in",
    "keep_items",
    "pair_ids",
    "shown",
    "take_in",
    "undo",
    "waiting",
]
