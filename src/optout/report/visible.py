"""Text from a list or a header → text that is safe to show on a terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

# Cc control, Cf format (direction marks, BOM), Cs lone surrogates, Zl/Zp line breaks of their own.
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LONGEST: Final = 300


def visible(text: str, longest: int = _LONGEST) -> str:
    r"""Text that cannot steer a terminal: control and direction characters spelt out, very long text cut.

    Examples:
        >>> visible("\x1b[2J氏名")
        '\\x1b[2J氏名'
    """
    cut = text if len(text) <= longest else f"{text[:longest]}..."
    if all(unicodedata.category(letter) not in _UNSAFE for letter in cut):
        return cut
    return "".join(ascii(c)[1:-1] if unicodedata.category(c) in _UNSAFE else c for c in cut)
