"""What is put before a person: a pair under review, field by field, and the rows that are in doubt by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from optout import match
from optout.errors import UnknownRecordError
from optout.review.pair import batch_id, pair_ids, row_ids
from optout.review.settled import ITEM, KIND, Decisions
from optout.schema import DType
from optout.screen import Result
from optout.screen.judge import Judged
from optout.screen.labels import written
from optout.screen.snapshot import Snapshot
from optout.store import Draft, Store

_SIDES: Final = ("row", "entry")
# The columns of both sides; the name and the company are one compared field.
_SHOWN: Final = {field: "name" if field == "person" else field for field in match.FIELDS}
_FRAME: Final = "items"
# Only of this word can a person say that it is no refusal; what nobody can tell apart is never kept.
KEPT_IF_OTHER: Final = ("own_flag_unclear",)

SCHEMA: Final[dict[str, DType]] = {
    "item": pl.String,
    "row": pl.UInt32,
    "subject": pl.String,
    "request": pl.String,
    "rule": pl.String,
    "reason": pl.String,
    "weight": pl.Float64,
    "scheme": pl.String,
    **{f"{field}_level": pl.String for field in match.FIELDS},
    **{f"{field}_weight": pl.Float64 for field in match.FIELDS},
    **{f"{side}_{field}": pl.String for side in _SIDES for field in _SHOWN.values()},
}


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """One compared field of a pair.

    Attributes:
        field: person, address, phone, email, birth_date or corporate_number.
        row_value, entry_value: As the list and the request wrote it; None where they are silent.
        level: How they compare; None where the row speaks for itself.
        weight: Bits.
    """

    field: str
    row_value: str | None
    entry_value: str | None
    level: str | None
    weight: float | None


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """A question for a person: is this the one who asked?

    Attributes:
        id: `P-…`; the same pair has the same id in every list under this scheme.
        list: Where it was met, as the check named it.
        row: Row number there, from 0.
        subject: Role of the person in the row.
        request: Who asked; None where the row is in doubt by itself.
        rule, reason, weight: Why it is under review.
        scheme: Tag of the key scheme.
        evidence: Field by field. Personal data: for the desk, not for a log.
    """

    id: str
    list: str
    row: int
    subject: str
    request: str | None
    rule: str | None
    reason: str
    weight: float | None
    scheme: str
    evidence: tuple[Evidence, ...]

    def __repr__(self) -> str:
        return f"<Item {self.id}, row {self.row}, {self.reason}>"


def items_in(known: Decisions, judged: Judged, raw: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    """What is open in a block, after `Decisions.settle`.

    Args:
        known: The decisions, for their digest key.
        judged, raw, snapshot: As for `Decisions.settle`.

    Returns:
        SCHEMA, a line an item, rows in order: for each row whose verdict is review the pairs under review, the
        heaviest of those with one request, and what the row says itself.
    """
    in_doubt = judged.verdicts.filter(pl.col("verdict") == "review").select("row")
    if in_doubt.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    found = [_pairs(known, judged, raw, snapshot, in_doubt), _rows(known, judged, raw, in_doubt)]
    whole = pl.concat(found, how="diagonal")
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in whole.columns]
    typed = whole.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    return typed.unique("item", keep="first", maintain_order=True).sort("row", "item")


def _pairs(
    known: Decisions, judged: Judged, raw: pl.DataFrame, snapshot: Snapshot, in_doubt: pl.DataFrame
) -> pl.DataFrame:
    met = judged.pairs.filter(pl.col("verdict") == "review")
    met = met.with_columns(raw["row"].gather(met["a"]).alias("row"))
    met = met.join(in_doubt, on="row", how="semi", maintain_order="left")
    met = met.with_columns(snapshot.entries["request"].gather(met["b"]).alias("request"))
    met = met.sort("row", "a", "request", "weight", "b", descending=[False, False, False, True, False])
    met = met.unique(["a", "request"], keep="first", maintain_order=True)
    weighed = match.bits(met).rename({field: f"{field}_weight" for field in match.FIELDS})
    told = met.select(
        pair_ids(known.key, known.scheme, raw[met["a"]], met["request"]),
        "row",
        raw["subject"].gather(met["a"]).alias("subject"),
        *("request", "rule", pl.col("reason").cast(pl.String), "weight"),
        pl.lit(known.scheme).alias("scheme"),
        *(pl.col(field).cast(pl.String).alias(f"{field}_level") for field in match.FIELDS),
    )
    sides = [*written(raw[met["a"]], "row"), *written(snapshot.raw[met["b"]], "entry")]
    return pl.concat([told, weighed], how="horizontal").with_columns(sides)


def _rows(known: Decisions, judged: Judged, raw: pl.DataFrame, in_doubt: pl.DataFrame) -> pl.DataFrame:
    """Rows that are in doubt by what they say themselves."""
    own = judged.own.filter(pl.col("verdict") == "review")
    own = own.join(in_doubt, on="row", how="semi", maintain_order="left")
    lines = raw.unique("row", keep="first", maintain_order=True)
    lines = own.select("row").join(lines, on="row", how="left", maintain_order="left")
    told = own.select(
        row_ids(known.key, known.scheme, raw, own),
        "row",
        lines["subject"],
        pl.col("reason").cast(pl.String),
        pl.lit(known.scheme).alias("scheme"),
    )
    return told.with_columns(written(lines, "row"))


def items(store: Store, result: Result, name: str | None = None) -> list[Item]:
    """What is open in a screen, with the evidence; call it on what `decided` returned.

    Args:
        store: Of which the list was screened.
        result: The screen.
        name: What the list is called; the file's by default.
    """
    known = Decisions.of(store, result.scheme)
    frame = items_in(known, result._judged, result._raw, result._snapshot)
    return [item_of(line, name or result.source.name) for line in frame.iter_rows(named=True)]


def keep_items(store: Store, name: str, found: pl.DataFrame | Sequence[Item]) -> int:
    """Put open items before a person; how many.

    What was open under this name before is replaced; the same again records nothing.

    Args:
        store: Where they are kept, sealed.
        name: What the list is called: an intake, a delivery, a holding. No personal data.
        found: From `items_in` (blocks joined) or `items`.
    """
    frame = found if isinstance(found, pl.DataFrame) else _framed(found)
    batch = batch_id(store, name)
    before = _batches(store).get(batch)
    if (before is None and frame.is_empty()) or (before is not None and frame.equals(_kept(store, batch))):
        return frame.height
    told = {"answer": None, "list": name, "items": frame.height}
    draft = Draft(KIND, batch, told, frames={_FRAME: frame})
    store.keep([draft], "review items", {"items": frame.height})
    return frame.height


def waiting(store: Store, name: str | None = None) -> pl.DataFrame:
    """The items nobody has decided yet, of all lists or of one: `list` String, then SCHEMA. Shows personal data."""
    answered = [item for item, record in store.records(KIND).items() if record.told["answer"]]
    frames = [
        _kept(store, batch).select(pl.lit(listed).alias("list"), pl.all())
        for batch, listed in _batches(store).items()
        if name in (None, listed)
    ]
    whole = pl.concat([pl.DataFrame(schema={"list": pl.String, **SCHEMA}), *frames])
    return whole.filter(~pl.col("item").is_in(answered)).unique("item", keep="last", maintain_order=True)


def shown(store: Store, item_id: str) -> Item:
    """One item with its evidence, decided or not.

    Raises:
        UnknownRecordError: no such item.
    """
    for batch, listed in reversed(_batches(store).items()):
        lines = _kept(store, batch).filter(pl.col("item") == item_id)
        if lines.height:
            return item_of(lines.row(0, named=True), listed)
    record = store.records(KIND).get(item_id)
    if record is None or not item_id.startswith(ITEM):
        raise UnknownRecordError(KIND)
    return _of_record(item_id, record.told)


def _of_record(item_id: str, told: dict[str, Any]) -> Item:
    facts = {name: told[name] for name in ("list", "row", "subject", "request", "rule", "weight", "scheme")}
    evidence = tuple(Evidence(**each) for each in told["evidence"])
    return Item(id=item_id, reason=told["word"], evidence=evidence, **facts)


def _batches(store: Store) -> dict[str, str]:
    """Batch → what its list is called."""
    records = store.records(KIND)
    return {batch: str(r.told["list"]) for batch, r in records.items() if not batch.startswith(ITEM)}


def _kept(store: Store, batch: str) -> pl.DataFrame:
    frame = store.frame_of(KIND, batch, _FRAME)
    return pl.DataFrame(schema=SCHEMA) if frame is None else frame


def item_of(line: dict[str, Any], listed: str) -> Item:
    """A line of SCHEMA as an item of a list."""
    evidence = tuple(
        Evidence(
            field,
            line[f"row_{shown}"],
            line[f"entry_{shown}"],
            line[f"{field}_level"],
            line[f"{field}_weight"],
        )
        for field, shown in _SHOWN.items()
    )
    facts = {name: line[name] for name in ("row", "subject", "request", "rule", "reason", "weight", "scheme")}
    return Item(id=line["item"], list=listed, evidence=evidence, **facts)


def _framed(found: Sequence[Item]) -> pl.DataFrame:
    lines = []
    for item in found:
        line: dict[str, Any] = {"item": item.id}
        line |= {name: getattr(item, name) for name in list(SCHEMA)[1:8]}
        for each in item.evidence:
            line |= {f"{each.field}_level": each.level, f"{each.field}_weight": each.weight}
            line |= {
                f"row_{_SHOWN[each.field]}": each.row_value,
                f"entry_{_SHOWN[each.field]}": each.entry_value,
            }
        lines.append(line)
    return pl.DataFrame(lines, schema=SCHEMA)
