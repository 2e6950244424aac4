"""The scheme: which rules a key or a verdict was made under."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from optout import tables
from optout.errors import KeySchemeError
from optout.tables.gazetteer import Gazetteer, packaged

# Raised by hand whenever a change of code alters any key or any level.
VERSION: Final = 7


@dataclass(frozen=True, slots=True)
class KeyScheme:
    """Keys compare only within one scheme; results and certificates name it.

    Attributes:
        version: Version of the code that makes keys.
        tables: SHA-256 (hex) over the tables keys and verdicts depend on, so an edit of data alters it too; and over
            the gazetteer when it is not the packaged one.
    """

    version: int
    tables: str

    @classmethod
    def current(cls, gazetteer: Gazetteer | None = None) -> KeyScheme:
        """The scheme of this installation, with the places addresses are read by.

        Args:
            gazetteer: Those of a store; None = the packaged ones, which the rule tables tell of already.
        """
        digest = tables.matching_digest()
        if gazetteer is not None and gazetteer.digest != packaged().digest:
            digest = hashlib.sha256(f"{digest}\n{gazetteer.digest}".encode()).hexdigest()
        return cls(VERSION, digest)

    @property
    def tag(self) -> str:
        """What is written beside everything made under this scheme, e.g. ``k1-9f2ac1d0``."""
        return f"k{self.version}-{self.tables[:8]}"

    def require(self, stored_tag: str) -> None:
        """Raise KeySchemeError unless what carries `stored_tag` may be compared with ours."""
        if stored_tag != self.tag:
            raise KeySchemeError(self.tag, stored_tag)
