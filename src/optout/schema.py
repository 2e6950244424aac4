"""Names and dtypes of every frame that crosses a layer: the words of the product, in one place.

A *raw* frame has one line per subject (本人) of a row, every value a String as written:

    row UInt32 | name former kana company postal address birth_date corporate_number String | phone_1.. email_1.. String

Columns a list does not have are absent; null and blank mean the same. `phone_*` and `email_*` may be any number.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import polars as pl

DType: TypeAlias = pl.DataType | type[pl.DataType]

Verdict: TypeAlias = Literal["keep", "withhold", "review"]
VERDICTS: Final = ("keep", "withhold", "review")
VERDICT: Final = pl.Enum(VERDICTS)

Policy: TypeAlias = Literal["person", "household"]
POLICIES: Final = ("person", "household")

CHANNELS: Final = ("mail", "phone", "fax", "email", "sms")

# What is asked for; what each does to a list stands in tables/request_kind.tsv.
KINDS: Final = ("opt_out", "deceased", "minor", "do_not_call", "moved_away", "legal_hold")
KIND: Final = pl.Enum(KINDS)

# Why a row is not kept. Every rule of tables/rules.tsv names one; from `own_flag` on none does: the row
# speaks for itself (`under_16`: at an intake that withholds minors), or a person has decided (`decided_…`).
REASONS: Final = (
    "same_person",
    "same_email",
    "same_phone",
    "same_corporate_number",
    "household_request",
    "household_policy",
    "name_variant",
    "surname_changed",
    "other_person_same_phone",
    "no_usable_name",
    "room_differs",
    "partial_address",
    "birth_date_conflict",
    "email_alias",
    "own_flag",
    "own_flag_unclear",
    "oversized_cell",
    "crowded",
    "unidentifiable",
    "under_16",
    "decided_same",
    "decided_other",
)
REASON: Final = pl.Enum(REASONS)

# The text columns of a raw frame; phone_1.. and email_1.. come beside them.
RAW_FIELDS: Final = (
    "name",
    "former",
    "kana",
    "company",
    "postal",
    "address",
    "birth_date",
    "corporate_number",
)
SELF: Final = "self"  # the role of the only subject of a row

VERDICTS_SCHEMA: Final[dict[str, DType]] = {
    "row": pl.UInt32,
    "verdict": VERDICT,
    "request": pl.String,
    "rule": pl.String,
    "weight": pl.Float64,
    "reason": REASON,
}
HITS_SCHEMA: Final[dict[str, DType]] = {
    "row": pl.UInt32,
    "subject": pl.String,
    "request": pl.String,
    "rule": pl.String,
    "weight": pl.Float64,
    "fields": pl.List(pl.String),
    "channels": pl.List(pl.String),
}
QUARANTINE_SCHEMA: Final = {"line": pl.UInt64, "why": pl.String}

# An entry (one line of the suppression list), as the request gave it. Several entries share a request. `first_seen`
# is the store's clock when it was recorded; every other value is the request's.
ENTRY_SCHEMA: Final[dict[str, DType]] = {
    "request": pl.String,
    "tenant": pl.String,  # null = global
    "channels": pl.List(pl.String),  # subset of CHANNELS; all five = every channel
    "household": pl.Boolean,
    "received": pl.String,
    "source": pl.String,
    "name": pl.String,
    "kana": pl.String,
    "company": pl.String,
    "postal": pl.String,
    "address": pl.String,
    "phones": pl.List(pl.String),
    "emails": pl.List(pl.String),
    "birth_date": pl.String,
    "corporate_number": pl.String,
    "kind": KIND,
    "reason": pl.String,
    "first_seen": pl.Datetime("ms", "UTC"),
}


def typed(schema: dict[str, DType]) -> list[pl.Expr]:
    """The columns of a schema, in its order and dtypes, for `select`."""
    return [pl.col(column).cast(dtype) for column, dtype in schema.items()]


def numbered(frame: pl.DataFrame, field: str) -> list[str]:
    """The columns `field_1`, `field_2` … of a raw frame, in order."""
    return [
        name for name in frame.columns if name.startswith(f"{field}_") and name[len(field) + 1 :].isdigit()
    ]
