"""What an empty store holds: its tables, its facts, the first keys, the head and the audit row of its making."""

from __future__ import annotations

from optout.store import head, keyring, layout
from optout.store.commit import Commit, Stamp
from optout.store.engine import Place, Transaction


def build(place: Place, facts: layout.Facts, root: bytes, stamp: Stamp) -> None:
    """Make an empty store at a place; on any failure there is none.

    Raises:
        StoreExistsError: something is there.
        StoreError: it cannot be written there.
    """

    def fill(db: Transaction) -> None:
        layout.make_tables(db)
        facts.write(db)
        _first_rows(db, keyring.Keyring(place.name, facts.store_id, root), stamp)

    place.build(fill)


def _first_rows(db: Transaction, keys: keyring.Keyring, stamp: Stamp) -> None:
    mac = keys.add(db, "", "mac", stamp.ts)
    keys.add(db, "", "record", stamp.ts)
    keys.add(db, "", "block", stamp.ts)
    first = head.start(db, mac.key, keys.store_id)
    Commit(db, keys, first, stamp).finish("create", {})
