"""Address tables a user downloads (KEN_ALL, ABR, 廃置分合) → what they say, and a gazetteer they are laid over.

The files are public: Japan Post, the Digital Agency and e-Stat give them to anybody. Of each only the columns
named here are kept, so whatever else a wrong file holds never gets further.
"""

from __future__ import annotations

from optout.atlas.extract import KINDS, Extract, read
from optout.atlas.overlay import digest_of, laid_over
from optout.atlas.weighing import OLDER, weighed

__all__ = ["KINDS", "OLDER", "Extract", "digest_of", "laid_over", "read", "weighed"]
