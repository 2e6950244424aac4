"""Lists of numbers and addresses somebody else keeps (TPS, DNC, a client's): dated, sealed, used while they are fresh.

A list that is older than its kind allows (tables/external_list.tsv) is no proof: a delivery that needs it is refused.
Every import is a new version; what an earlier one held stays on record, not in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout import tables
from optout.batch import open_batch
from optout.batch.columns import recognise
from optout.batch.heading import Columns
from optout.batch.raw import raw
from optout.errors import HeaderMissingError, InputError, MissingColumnError, OptionError
from optout.register import day
from optout.schema import numbered
from optout.store import Draft, Record, Store
from optout.text import email, phone

KIND: Final = "external"
_KEYS: Final = "keys"
_READ: Final = {"phone": phone.parse, "email": email.parse}


@dataclass(frozen=True, slots=True)
class Listed:
    """One external list, as it was last imported.

    Attributes:
        name: What the office calls it; stands in clear.
        kind: One of tables/external_list.tsv.
        channels: The channels it speaks for.
        dated: The day it tells of.
        max_age_days: How old it may be when it is used.
        keys: Numbers and addresses in it.
        unreadable: Lines no number or address could be read from.
        sha256: Of the file.
        tenant: Whose deliveries it is for; None = everybody's.
        imported: When (UTC, ISO 8601).
        retired: Not in force any more.
    """

    name: str
    kind: str
    channels: tuple[str, ...]
    dated: date
    max_age_days: int
    keys: int
    unreadable: int
    sha256: str | None
    tenant: str | None = None
    imported: str = ""
    retired: bool = False

    def age(self, as_of: date) -> int:
        """Days since the day it tells of."""
        return (as_of - self.dated).days

    def speaks_for(self, channel: str, tenant: str | None) -> bool:
        """Whether it counts for a delivery."""
        ours = self.tenant is None or self.tenant == tenant
        return not self.retired and ours and (channel == "any" or channel in self.channels)


def import_list(
    store: Store,
    path: str | Path,
    name: str,
    dated: date | str,
    kind: str = "other",
    *,
    tenant: str | None = None,
    max_age_days: int | None = None,
    columns: Columns = None,
    encoding: str | None = None,
) -> Listed:
    """Import a list of numbers or e-mail addresses.

    Args:
        store: Where to.
        path: A list with a header, as for `screen`; or one number or address a line and nothing else.
        name: What it is called; importing under the same name takes the place of the earlier one.
        dated: The day it tells of.
        kind: tps, dnc, client or other: the channels it speaks for, and how old it may be.
        tenant: Whose deliveries it is for; None = everybody's.
        max_age_days: Less than its kind allows, never more.
        columns, encoding: As for `screen`.

    Returns:
        What was imported.

    Raises:
        OptionError: an unknown kind, a day to come, an age its kind does not allow, or nothing readable in the file.
        InputError: the file cannot be read.
    """
    channels, allowed = _kind(kind)
    told = day.read(dated, "dated")
    if told is None or told > day.today(store):
        raise OptionError("dated", ("the day the list tells of, not later than today",))
    if max_age_days is not None and not 0 < max_age_days <= allowed:
        raise OptionError("max_age_days", (f"1 to {allowed}",))
    keys, unreadable, sha256 = _read_keys(Path(path), columns, encoding)
    if keys.is_empty():
        raise OptionError("file", ("a list with a number or e-mail address in it",))
    facts: dict[str, Any] = {
        "kind": kind,
        "channels": list(channels),
        "dated": told.isoformat(),
        "max_age_days": max_age_days or allowed,
        "keys": keys.height,
        "unreadable": unreadable,
        "sha256": sha256,
        "tenant": tenant,
        "retired": False,
    }
    [kept] = store.keep(
        [Draft(KIND, name, facts, tenant or "", {_KEYS: keys})], "external import", {"list": name}
    )
    return _listed(kept)


def retire(store: Store, name: str, reason: str) -> Listed:
    """Take a list out of force.

    Args:
        store: Where it is.
        name: Of the list.
        reason: Why; it stays in the audit.

    Raises:
        UnknownRecordError: there is none of this name.
        OptionError: no reason.
    """
    if not reason.strip():
        raise OptionError("reason", ("a text that says why",))
    known = store.record_of(KIND, name)
    facts = {**known.told, "retired": True}
    [kept] = store.keep(
        [Draft(KIND, name, facts, known.tenant, after=known.n)], "external retire", {"reason": reason}
    )
    return _listed(kept)


def lists(store: Store) -> list[Listed]:
    """Every external list, in the order of first import."""
    return [_listed(kept) for kept in store.records(KIND).values()]


def keys(store: Store, name: str) -> pl.DataFrame:
    """The content of a list: `field` (phone, email) and `key` String, distinct; personal data."""
    frame = store.frame_of(KIND, name, _KEYS)
    return pl.DataFrame(schema={"field": pl.String, "key": pl.String}) if frame is None else frame


def told_by(rows: pl.DataFrame) -> pl.DataFrame:
    """Every number and address of a raw frame (schema.py) that may be looked up: `row`, `field`, `key`; distinct."""
    found = [
        rows.select("row", pl.lit(field).alias("field")).with_columns(read(rows[column])["keys"].alias("key"))
        for field, read in _READ.items()
        for column in numbered(rows, field)
    ]
    schema = {"row": pl.UInt32, "field": pl.String, "key": pl.String}
    lines = [each.explode("key").drop_nulls("key") for each in found]
    return pl.concat([pl.DataFrame(schema=schema), *lines]).unique(maintain_order=True)


def _read_keys(path: Path, columns: Columns, encoding: str | None) -> tuple[pl.DataFrame, int, str | None]:
    """What is in it, lines without anything readable, hash."""
    rows, sha256 = _rows(path, columns, encoding)
    told = told_by(rows)
    return (
        told.select("field", "key").unique(maintain_order=True),
        rows.height - told["row"].n_unique(),
        sha256,
    )


def _rows(path: Path, columns: Columns, encoding: str | None) -> tuple[pl.DataFrame, str | None]:
    """As a raw frame. A bare list of numbers has no header: its only column is read as both kinds."""
    try:
        source = open_batch(path, encoding, columns)
        return raw(source.frame, recognise(source.headers, columns, (), source.frame)), source.sha256
    except (HeaderMissingError, MissingColumnError) as headerless:
        source = open_batch(path, encoding, {"phone": [0]})
        if source.frame.width != 1:
            raise headerless
    except InputError:
        raise
    cells = source.frame.to_series(0)
    if source.headers != ["column_1"]:  # a first line that was taken for a header is the first number
        cells = pl.concat([pl.Series([source.headers[0]], dtype=pl.String), cells.alias("")])
    frame = pl.DataFrame({"phone_1": cells, "email_1": cells})
    return frame.with_row_index("row").cast({"row": pl.UInt32}), source.sha256


@cache
def _kinds() -> Mapping[str, tuple[tuple[str, ...], int]]:
    rows = tables.load("external_list").select("list", "channels", "max_age_days").iter_rows()
    return {name: (tuple(channels.split("|")), int(days)) for name, channels, days in rows}


def _kind(kind: str) -> tuple[tuple[str, ...], int]:
    if kind not in _kinds():
        raise OptionError("kind", tuple(_kinds()))
    return _kinds()[kind]


def _listed(kept: Record) -> Listed:
    told = dict(kept.told)
    told |= {"channels": tuple(told["channels"]), "dated": date.fromisoformat(told["dated"])}
    return Listed(kept.id, **told, imported=kept.at)
