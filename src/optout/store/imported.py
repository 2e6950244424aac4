"""Address tables imported into a store: public data in the clear, told of in sealed blocks.

The bytes stand in the table `place` under their SHA-256; which of them count, and since which revision, stands in an
`amend` block, which is sealed, ordered and in the audit chain like a request. So a table that was changed, taken
away or slipped in is noticed, and the tables of any earlier revision are known.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import polars as pl

from optout.atlas import OLDER, Extract, digest_of, laid_over, weighed
from optout.errors import OlderTableError, StoreDamagedError
from optout.store import layout, statements
from optout.store.commit import Commit, Piece, packed
from optout.store.engine import Transaction
from optout.tables.gazetteer import Gazetteer, packaged

TABLES: Final = "tables"  # the key under which an `amend` block tells of an import


@dataclass(frozen=True, slots=True)
class TableImport:
    """One import of address tables.

    Attributes:
        kind: ken-all, abr or mergers.
        name: Name of the file without folder.
        as_of: The day the file tells of.
        imported: When, UTC, ISO 8601.
        revision: The revision it made.
        rows: Lines it holds.
        sha256: Hex, over the file as it was.
        content: Hex, over what it says; the same table in another archive has the same.
        replaces: It counts in place of every earlier import of its kind.
        in_force: It counts now.
        known: It was imported before; nothing was recorded this time.
        remarks: What is to be told of it, in words.
    """

    kind: str
    name: str
    as_of: date
    imported: str
    revision: int
    rows: int
    sha256: str
    content: str
    replaces: bool
    in_force: bool = True
    known: bool = False
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelf:
    """Every import of a store as its blocks tell of them, oldest first, up to one revision.

    Attributes:
        records: Revision and what the block says.
    """

    records: tuple[tuple[int, Mapping[str, Any]], ...] = ()

    def at(self, revision: int) -> Shelf:
        """The shelf as it was at a revision."""
        return Shelf(tuple(record for record in self.records if record[0] <= revision))

    @property
    def in_force(self) -> list[bool]:
        """For each import whether it counts: those of a kind since the last one that replaces the earlier ones."""
        last = {told["kind"]: at for at, (_, told) in enumerate(self.records) if told["replaces"]}
        return [at >= last.get(told["kind"], 0) for at, (_, told) in enumerate(self.records)]

    @property
    def counting(self) -> list[Mapping[str, Any]]:
        """What the blocks say of the imports in force."""
        return [told for (_, told), counts in zip(self.records, self.in_force, strict=True) if counts]

    @property
    def digest(self) -> str:
        """The digest of the gazetteer they make."""
        return digest_of(packaged(), [told["content"] for told in self.counting])

    def listed(self) -> list[TableImport]:
        """Every import, oldest first."""
        return [_told(*record, counts) for record, counts in zip(self.records, self.in_force, strict=True)]

    def same(self, extract: Extract, replaces: bool) -> TableImport | None:
        """The import in force that says the same already, if recording it again would change nothing."""
        of_kind = [told for told in self.counting if told["kind"] == extract.kind]
        equal = [told for told in of_kind if told["content"] == extract.content]
        if not equal or (replaces and len(of_kind) > 1):
            return None
        return next(each for each in self.listed() if each.content == extract.content and each.in_force)

    def require_newer(self, extract: Extract) -> None:
        """Raise OlderTableError when an import in force tells of the same places and a later day."""
        for told in self.counting:
            newer = date.fromisoformat(told["as_of"]) > extract.as_of
            if told["kind"] == extract.kind and newer and extract.scope & set(told["scope"]):
                why = f"is of {extract.as_of}, and what was imported is of {told['as_of']}"
                raise OlderTableError(extract.name, why, OLDER)

    def without(self, kind: str) -> Shelf:
        """What would count if every import of a kind were replaced."""
        return Shelf(tuple(record for record in self.records if record[1]["kind"] != kind))


def _told(revision: int, told: Mapping[str, Any], in_force: bool) -> TableImport:
    plain = {
        name: told[name] for name in ("kind", "name", "imported", "rows", "sha256", "content", "replaces")
    }
    as_of = date.fromisoformat(told["as_of"])
    return TableImport(as_of=as_of, revision=revision, in_force=in_force, **plain)


class Places:
    """The gazetteer of one open store; the last one made is kept, for imports are rare and screens are not."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._made: Gazetteer | None = None

    def of(self, db: Transaction, shelf: Shelf) -> Gazetteer:
        """The packaged gazetteer with the imports in force laid over it.

        Raises:
            StoreDamagedError: a table is missing or not what was imported.
        """
        if self._made is None or self._made.digest != shelf.digest:
            self._made = laid_over(packaged(), [_extract(db, told, self._name) for told in shelf.counting])
        return self._made


def settled(
    db: Transaction, places: Places, shelf: Shelf, extract: Extract, replaces: bool
) -> TableImport | tuple[str, ...]:
    """Whether an import is to be recorded: what to tell of it, or the import that says the same already.

    Raises:
        TableFileError, OlderTableError: it is not to be imported.
    """
    if same := shelf.same(extract, replaces):
        return replace(same, known=True)
    if replaces:
        shelf = shelf.without(extract.kind)
    else:
        shelf.require_newer(extract)
    return weighed(places.of(db, shelf), extract, older=replaces)


def record(commit: Commit, extract: Extract, replaces: bool, remarks: tuple[str, ...]) -> TableImport:
    """Write an import into the transaction of a commit, and finish it."""
    commit.raise_format(layout.TABLES.format)
    buffer = io.BytesIO()
    extract.frame.write_parquet(buffer, compression="zstd", statistics=False)
    data = buffer.getvalue()
    sha256 = hashlib.sha256(data).digest()
    told = {
        "kind": extract.kind,
        "name": extract.name,
        "as_of": extract.as_of.isoformat(),
        "imported": commit.stamp.ts,
        "rows": extract.frame.height,
        "sha256": extract.sha256,
        "content": extract.content,
        "scope": sorted(extract.scope),
        "replaces": replaces,
        "data": sha256.hex(),
    }
    # The same table imported again after others stands there already.
    commit.db.execute(statements.ADD_PLACED, (sha256, data))
    commit.append(Piece("", "amend", "js", 1, packed({TABLES: told})))
    detail = {name: told[name] for name in ("kind", "as_of", "rows", "sha256", "content", "replaces")}
    return replace(_told(commit.finish("import tables", detail).rev, told, True), remarks=remarks)


def verify(db: Transaction, shelf: Shelf, name: str) -> None:
    """Raise StoreDamagedError unless every import is there as it was."""
    for _, told in shelf.records:
        _data(db, told, name)


def _data(db: Transaction, told: Mapping[str, Any], name: str) -> bytes:
    row = db.execute(statements.PLACED, (bytes.fromhex(told["data"]),)).fetchone()
    if row is None or not isinstance(row[0], bytes) or hashlib.sha256(row[0]).hexdigest() != told["data"]:
        raise StoreDamagedError(name, "an imported address table is not what was written")
    return row[0]


def _extract(db: Transaction, told: Mapping[str, Any], name: str) -> Extract:
    frame = pl.read_parquet(io.BytesIO(_data(db, told, name)))
    return Extract(told["kind"], frame, told["name"], date.fromisoformat(told["as_of"]), told["sha256"])


def of_blocks(told: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[tuple[int, Mapping[str, Any]], ...]:
    """The imports among `amend` blocks (revision, payload)."""
    return tuple((revision, payload[TABLES]) for revision, payload in told if TABLES in payload)
