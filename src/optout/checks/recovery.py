"""After a list was restored from a backup: how far the lost one had come, as the certificates it issued tell."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from optout.errors import CertificateError
from optout.register.certificate import Certificate, read_certificate
from optout.store import Anchor, Store
from optout.store.backup import Behind


def settle(
    store: Store, certificates: Iterable[str | Path] = (), accept_loss: str | None = None
) -> Behind | None:
    """Tell a restored store what it had certified before; until it has caught up nothing is delivered.

    Args:
        store: A store made by `Store.restore`.
        certificates: Files of the newest certificates issued, every recipient has some.
        accept_loss: Why what was recorded after the backup is given up, when nobody can say.

    Returns:
        What the store still lacks; None when it has caught up or the loss was accepted.

    Raises:
        CertificateError: a certificate is damaged, forged, or of another store.
        OptionError: nothing is told, or the store was never restored.
        StoreDamagedError: a certificate tells of another history than this store's.
    """
    heads = [_head(store, Path(path)) for path in certificates]
    return store.settle(heads, accept_loss)


def _head(store: Store, path: Path) -> Anchor:
    told = _read(store, path).payload["store"]
    if told["id"] != store.store_id:
        raise CertificateError("it is of another suppression list")
    return Anchor(told["epoch"], told["revision"], told["audit_n"], bytes.fromhex(told["audit_hash"]))


def _read(store: Store, path: Path) -> Certificate:
    """By the key of today, or by one from before a rotation."""
    *earlier, newest = store.public_keys
    for key in earlier:
        try:
            return read_certificate(path, key)
        except CertificateError:
            continue
    return read_certificate(path, newest)
