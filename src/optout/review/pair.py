"""What names a pair: a keyed digest of the request, the identity cells of one person of a row, and the scheme.

The digest key never leaves the store, so an id tells nothing of a person. Widths, blanks, the order of numbers and the
hyphens in them do not count; any other difference makes another pair, and the person is asked again.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import polars as pl

from optout.schema import RAW_FIELDS, numbered
from optout.store import Store

PURPOSE: Final = "review"
_BYTES: Final = 15
_BETWEEN: Final = "\x1f"
_FLAGS: Final = ("refusal", "permission", "note")


def pair_ids(key: bytes, scheme: str, lines: pl.DataFrame, requests: pl.Series) -> pl.Series:
    """The id of each pair.

    Args:
        key: `Store.digest_key(PURPOSE)`.
        scheme: Tag of the key scheme.
        lines: A line of a raw frame for each pair.
        requests: String, one a pair; a word of the row's own (`own_flag_unclear` …) where no request is meant.

    Returns:
        `item` String, no nulls: `P-` and 24 letters and digits.
    """
    told = lines.select(_identity(lines)).to_series()
    pairs = pl.DataFrame({"request": requests, "told": told})
    distinct = pairs.unique(maintain_order=True)
    named = [_named(key, scheme, request, text) for request, text in distinct.iter_rows()]
    distinct = distinct.with_columns(pl.Series("item", named, pl.String))
    return pairs.join(distinct, on=["request", "told"], how="left", maintain_order="left")["item"]


def row_ids(key: bytes, scheme: str, raw: pl.DataFrame, own: pl.DataFrame) -> pl.Series:
    """The id of each row that is under review for what it says itself.

    Args:
        key, scheme: As for `pair_ids`.
        raw: A raw frame.
        own: `row` UInt32, `reason`: rows of it.

    Returns:
        `item` String, one a line of `own`; everything that is told of the row counts, its flags and notes too.
    """
    lines = raw.join(own.select("row"), on="row", how="semi", maintain_order="left")
    whole = lines.select(
        "row", pl.concat_str(_identity(lines), *_flags(lines), separator=_BETWEEN).alias("told")
    )
    each = whole.group_by("row", maintain_order=True).agg(pl.col("told").str.join(_BETWEEN))
    told = own.select("row", pl.col("reason").cast(pl.String)).join(
        each, on="row", how="left", maintain_order="left"
    )
    named = [_named(key, scheme, reason, text) for reason, text in told.select("reason", "told").iter_rows()]
    return pl.Series("item", named, pl.String)


def batch_id(store: Store, name: str) -> str:
    """What the open items of a list are recorded under; the name itself may not stand in clear."""
    return f"B-{_letters(store.digest_key(PURPOSE), name.encode())[:16]}"


def _named(key: bytes, scheme: str, request: str, told: str) -> str:
    return f"P-{_letters(key, *(part.encode() for part in (scheme, request, told)))}"


def _letters(key: bytes, *parts: bytes) -> str:
    code = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"optout review")
    for part in parts:
        code.update(len(part).to_bytes(8, "little") + part)
    return base64.b32encode(code.digest()).decode("ascii")


def _identity(lines: pl.DataFrame) -> pl.Expr:
    """All identity cells of a line as one String, no nulls."""
    fields = [_folded(pl.col(field)) for field in RAW_FIELDS]
    phones = [_folded(pl.col(c)).str.replace_all(r"[^0-9a-z+,/]", "") for c in numbered(lines, "phone")]
    emails = [_folded(pl.col(c)) for c in numbered(lines, "email")]
    return pl.concat_str(*fields, _together(phones), _together(emails), separator=_BETWEEN).alias("told")


def _flags(lines: pl.DataFrame) -> list[pl.Expr]:
    return [_folded(pl.col(column)) for slot in _FLAGS for column in numbered(lines, slot)]


def _folded(cell: pl.Expr) -> pl.Expr:
    return cell.fill_null("").str.normalize("NFKC").str.replace_all(r"\s+", "").str.to_lowercase()


def _together(values: list[pl.Expr]) -> pl.Expr:
    """Several numbers, whichever column each stands in."""
    if not values:
        return pl.lit("")
    every = pl.concat_list(values)
    return every.list.filter(pl.element() != "").list.unique().list.sort().list.join(";")
