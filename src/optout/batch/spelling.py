"""The spelling of a header → the form in which headers are compared.

NFKC (Unicode 15.1), casefolded, without blanks, invisible characters, remarks (※…), end marks (*, ●).
Brackets stay until a caller drops or joins them, because 氏名(姓) is not 氏名.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PAIRS: Final = ("()", "[]", "{}", "<>", "【】", "〔〕", "〈〉", "《》", "「」")
_BRACKETED: Final = re.compile("|".join(rf"\{left}([^\{right}]*)\{right}" for left, right in _PAIRS))
_HINT: Final = re.compile(r"[(\[【](?:必須|任意|入力必須|要入力)[)\]】]")
_MARKS: Final = "*★☆●◎○■□◆:・"
_JOINTS: Final = "_・:;/.,、。|−" + "".join(_PAIRS)


def fold(header: str) -> str:
    """The form in which headers are compared; brackets are kept.

    Args:
        header: A header as written, of any width.

    Returns:
        NFKC, without blanks, invisible characters, a ※ remark or marks at the ends, casefolded.

    Examples:
        >>> fold("＊ ＴＥＬ（自宅）※必須")
        'tel(自宅)'
    """
    text = unicodedata.normalize("NFKC", header)
    text = "".join(
        char for char in text if not char.isspace() and unicodedata.category(char) not in {"Cf", "Cc"}
    )
    # ﾊ ﾟ: a blank stood between a letter and its mark.
    text = unicodedata.normalize("NFKC", text)
    return (text.partition("※")[0] or text).strip(_MARKS).casefold()


def hintless(text: str) -> str:
    """Without (必須) and the like."""
    return _HINT.sub("", text) or text


def without_brackets(text: str) -> str:
    """Without brackets and what stands in them; as it is when nothing else is left."""
    return _BRACKETED.sub("", text).strip(_MARKS) or text


def joined(text: str) -> str:
    """Without brackets, hyphens and separators: E_MAIL → email, 住所(番地) → 住所番地."""
    kept = (char for char in text if char not in _JOINTS and unicodedata.category(char) != "Pd")
    return "".join(kept) or text


def in_brackets(text: str) -> list[str]:
    """What stands in brackets, in order."""
    return [content for found in _BRACKETED.finditer(text) for content in found.groups() if content]
