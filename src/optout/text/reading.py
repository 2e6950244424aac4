"""Kanji names → the readings they may have, as K1 keys of text.kana.

Source: pykakasi (GPL-3.0-or-later), imported only when the first reading is asked for. Its first answer is
right for two names in three, so a reading makes a candidate or agrees beside an address; it never decides
alone.
"""

from __future__ import annotations

import gc
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from optout.text import kana

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "name": pl.String,
    "readings": pl.List(pl.String),
}
_REPEATED: Final = re.compile(r"([㐀-䶿一-鿿])\1")


def readings(names: pl.Series) -> pl.DataFrame:
    """Plausible readings of kanji names, each name looked up once.

    Args:
        names: String series, "family given" or unsplit; nulls allowed and left out.

    Returns:
        Frame with one line per distinct name, in order of first appearance: `name` String, `readings`
        List[String] of distinct K1 keys: the whole read as one, and the parts read apart; never null.

    Examples:
        >>> readings(pl.Series(["山田 太郎"])).rows()
        [('山田 太郎', ['ヤマダタロー'])]
    """
    unique = names.cast(pl.String).drop_nulls().unique(maintain_order=True).alias("name")
    spoken = [_spoken(name) for name in unique]
    frame = pl.DataFrame({"name": unique, "readings": spoken}, schema=SCHEMA)
    if frame.is_empty():
        return frame
    keys = (
        frame.with_row_index("line")
        .explode("readings")
        .select("line", readings=kana.keys(pl.col("readings")))
        .drop_nulls()
        .unique(maintain_order=True)
        .group_by("line", maintain_order=True)
        .agg("readings")
    )
    joined = (
        frame.select("name").with_row_index("line").join(keys, on="line", how="left", maintain_order="left")
    )
    return joined.select("name", pl.col("readings").fill_null(pl.lit([], dtype=SCHEMA["readings"])))


def _spoken(name: str) -> list[str]:
    """The whole read as one word, and its parts read apart, in katakana."""
    convert = _converter()
    written = _REPEATED.sub(r"\1々", name)  # names are compared without 々, dictionaries list words with it
    parts = written.split()
    return [convert("".join(parts)), "".join(convert(part) for part in parts)]


@cache
def _converter() -> Callable[[str], str]:
    # Slow to import, and GPL: loaded only where a reading is asked for.
    import pykakasi

    kakasi: Any = pykakasi.kakasi
    collecting = gc.isenabled()
    gc.disable()  # its dictionaries are 10^5 objects that live for ever: half the loading time is walking them
    try:
        reader = kakasi()
    finally:
        if collecting:
            gc.enable()

    def convert(text: str) -> str:
        return "".join(word["kana"] for word in reader.convert(text))

    return convert
