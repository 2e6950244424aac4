"""What the certificates of a store tell of it: how far a lost one had come, and that the one here is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from optout.errors import CertificateError
from optout.register.certificate import Certificate, read_certificate
from optout.store import Anchor, Store
from optout.store.backup import Behind

_NAMED: Final = "*certificate*.json"  # in a folder: as deliver names it, whatever stands before or behind


def settle(
    store: Store, certificates: Iterable[str | Path] = (), accept_loss: str | None = None
) -> Behind | None:
    """Tell a restored store what it had certified before; until it has caught up nothing is delivered.

    Args:
        store: A store made by `Store.restore`.
        certificates: The newest certificates issued, every recipient has some; as for `heads`.
        accept_loss: Why what was recorded after the backup is given up, when nobody can say.

    Returns:
        What the store still lacks; None when it has caught up or the loss was accepted.

    Raises:
        CertificateError: a certificate is damaged, forged, or of another store.
        OptionError: nothing is told, or the store was never restored.
        StoreDamagedError: a certificate tells of another history than this store's.
    """
    return store.settle(heads(store, certificates), accept_loss)


def heads(store: Store, certificates: Iterable[str | Path]) -> list[Anchor]:
    """The heads that certificates of a store name, for `Store.audit_verify`: each is a witness of all before it.

    Args:
        store: The store that issued them.
        certificates: Files, or folders with certificates in them at any depth (`*certificate*.json`).

    Returns:
        A head a certificate, in their order.

    Raises:
        CertificateError: one is damaged, forged, or of another store, or a folder holds none.
    """
    return [_head(store, path) for given in certificates for path in _files(Path(given))]


def _files(given: Path) -> Iterator[Path]:
    if not given.is_dir():
        yield given
        return
    found = sorted(given.rglob(_NAMED))
    if not found:
        raise CertificateError(f"there is none in {given}")
    yield from found


def _head(store: Store, path: Path) -> Anchor:
    try:
        told = of_store(store, path).payload["store"]
    except CertificateError as wrong:
        raise CertificateError(f"{path}: {wrong.why}") from wrong
    if told["id"] != store.store_id:
        raise CertificateError(f"{path}: it is of another suppression list")
    return Anchor(told["epoch"], told["revision"], told["audit_n"], bytes.fromhex(told["audit_hash"]))


def of_store(store: Store, path: Path) -> Certificate:
    """A certificate of this store, by the key of today, or by one from before a rotation.

    Raises:
        CertificateError: it is damaged, or signed with none of them.
    """
    *earlier, newest = store.public_keys
    for key in earlier:
        try:
            return read_certificate(path, key)
        except CertificateError:
            continue
    return read_certificate(path, newest)
