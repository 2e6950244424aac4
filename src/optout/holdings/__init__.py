"""The lists that are held: files and tables from which rows can be erased and in which cells can be changed."""

from __future__ import annotations

from optout.holdings.files import Erased, erasable, erase_rows
from optout.holdings.folder import expanded
from optout.holdings.held import Changed, Edits, Held
from optout.holdings.opening import opened

__all__ = ["Changed", "Edits", "Erased", "Held", "erasable", "erase_rows", "expanded", "opened"]
