"""A new root key for a store: every data key wrapped anew, in one transaction that takes milliseconds.

The new key is on disk before the store asks for it, and the old one stays where it was: whenever this is cut off, the
store opens with the one or with the other. The blocks stay as they are; new ones are sealed under new data keys.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from optout.errors import OptionError, OptoutError, WrongKeyError
from optout.store import head, layout, oskeyring, rootkey, seal, statements
from optout.store.commit import Commit, Stamp
from optout.store.engine import Engine, Transaction
from optout.store.keyring import Keyring, key_check

PUBLIC_KEY: Final = "public key"  # the kind of job that keeps the public half of an earlier signing key


def rotate(
    log: Engine[Any],
    keyring: Keyring,
    stamp: Callable[[], Stamp],
    new_key: bytes | str | None,
    key_path: Path | None,
    environ: Mapping[str, str],
) -> Path | None:
    """Change the root key; the file the new one lies in, None when the caller or the keyring has it.

    Args:
        log: The open store.
        keyring: Its keys; holds the new root key afterwards.
        stamp: When, who and what for.
        new_key: 32 bytes, or a passphrase; None = a random one, kept where the present one is.
        key_path: The file the present one came from.
        environ: The environment, for the key folder.
    """
    salt = secrets.token_bytes(16)
    stretched = seal.SCRYPT_N
    root = (
        seal.new_key()
        if new_key is None
        else rootkey.given(new_key, lambda phrase: seal.stretch(phrase, salt, stretched))
    )
    check = key_check(root, keyring.store_id)
    if check == keyring.check:
        raise OptionError("new_key", ("another key than the present one",))
    with log.read() as db:
        keyring.mac_key(db)  # whose key was rotated by somebody else keeps no file of a new one
    place = _keep(keyring, root, key_path, environ) if new_key is None else None
    cost = {"salt": salt.hex(), "scrypt_n": str(stretched)}
    before: bytes | None = None
    try:
        with log.write() as db:
            _change(db, log.name, keyring, root, stamp(), cost)
            # Before the commit: whoever is told of it reads the head under the new key.
            before = keyring.become(root)
    except BaseException:
        if before is not None:
            _take_what_fits(log, keyring, before)
        raise
    return place


def _take_what_fits(log: Engine[Any], keyring: Keyring, before: bytes) -> None:
    """After a failure: whether it was committed is asked of the store."""
    new = keyring.become(before)
    try:
        with log.read() as db:
            keyring.mac_key(db)
    except WrongKeyError:
        keyring.become(new)
    except OptoutError:
        return  # it cannot be asked now; a key that does not fit is told at the next step


def _change(
    db: Transaction, name: str, keyring: Keyring, root: bytes, stamp: Stamp, cost: Mapping[str, str]
) -> None:
    at = head.read(db, keyring.mac_key(db), keyring.store_id, name)
    before = layout.read_facts(db, name)
    keys = keyring.rewrap(db, root, stamp.ts)
    facts = replace(before, key_check=key_check(root, keyring.store_id), **cost)
    for fact, value in {**asdict(facts), "checksum": facts.checksum}.items():
        db.execute(statements.SET_META, (value, fact))
    commit = Commit(db, Keyring(name, keyring.store_id, root), at, stamp)
    public = {"pem": seal.public_pem(keyring.signing_key)}
    commit.keep_job(PUBLIC_KEY, f"public-{keyring.check[:12]}", "retired", public)
    commit.finish(
        "rotate key", {"data_keys": keys, "before": before.key_check[:12], "after": facts.key_check[:12]}
    )


def _keep(keyring: Keyring, root: bytes, key_path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Put a random key where the present one is kept; one the caller held goes into the key folder."""
    check = key_check(root, keyring.store_id)
    if key_path is None and _system_holds(keyring):
        oskeyring.keep(rootkey.entry(keyring.store_id, check), root)
        return None
    before = key_path or rootkey.folder(environ) / f"{keyring.store_id}.key"
    place = rootkey.beside(before, check)
    rootkey.keep(place, root)
    return place


def _system_holds(keyring: Keyring) -> bool:
    names = (rootkey.entry(keyring.store_id, keyring.check), keyring.store_id)
    return any(keyring.is_root(oskeyring.read(name)) for name in names)
