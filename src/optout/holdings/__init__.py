"""The lists that are held: files from which rows can be erased."""

from __future__ import annotations

from optout.holdings.files import Erased, erasable, erase_rows

__all__ = ["Erased", "erasable", "erase_rows"]
