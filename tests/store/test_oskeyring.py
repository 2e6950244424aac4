"""The keyring of the operating system, played by a backend of the keyring library that keeps everything in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringLocked

from optout.errors import KeyMissingError, OptionError, StoreError
from optout.store import Request, Store, oskeyring

Where = Path | str


class InMemory(KeyringBackend):
    """Nothing leaves this process, and nobody is asked."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self.held.pop((service, username))


class Locked(InMemory):
    """One whose owner does not unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise InitError("no")


@pytest.fixture
def system() -> Iterator[InMemory]:
    before, backend = keyring.get_keyring(), InMemory()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_a_key_kept_in_the_keyring_opens_the_store_without_a_file(path: Where, system: InMemory) -> None:
    with Store.create(path) as store:
        (one,) = store.suppress(Request(phones="090-1234-5678")).request_ids
        store.keep_key()
        assert store.key_path is not None
        store.key_path.unlink()
    with Store.open(path) as again:
        assert (again.active_requests(), again.key_path) == ([one], None)


def test_a_key_in_the_keyring_is_rotated_in_the_keyring(
    path: Where, system: InMemory, key_folder: Path
) -> None:
    with Store.create(path) as store:
        store.keep_key()
        assert store.key_path is not None
        store.key_path.unlink()
    with Store.open(path) as store:
        assert store.rotate_key() is None
    assert list(key_folder.iterdir()) == []
    assert len(system.held) == 2
    with Store.open(path) as again:
        assert again.audit_verify() == again.head.audit_n


def test_a_key_put_there_under_the_store_id_is_found(path: Where, system: InMemory) -> None:
    with Store.create(path, key=bytes(32)) as store:
        system.set_password(oskeyring.SERVICE, store.store_id, bytes(32).hex())
    Store.open(path).close()


def test_of_folder_and_keyring_the_one_that_fits_is_taken(
    path: Where, system: InMemory, key_folder: Path
) -> None:
    with Store.create(path) as store:
        system.set_password(oskeyring.SERVICE, store.store_id, bytes(32).hex())
        folder_key = store.key_path
    with Store.open(path) as again:
        assert again.key_path == folder_key
        again.rotate_key(bytes(32))
    with Store.open(path) as again:
        assert again.key_path is None


@pytest.mark.parametrize("written", ["", "not a key", "zz" * 32])
def test_what_cannot_be_a_key_opens_nothing(path: Where, system: InMemory, written: str) -> None:
    with Store.create(path, key=bytes(32)) as store:
        system.set_password(oskeyring.SERVICE, store.store_id, written)
    with pytest.raises(StoreError):
        Store.open(path)


def test_a_locked_keyring_has_no_key_and_takes_none(path: Where, system: InMemory) -> None:
    with Store.create(path, key=bytes(32)) as store:
        keyring.set_keyring(Locked())
        with pytest.raises(StoreError, match="did not take"):
            store.keep_key()
    with pytest.raises(KeyMissingError, match="keyring"):
        Store.open(path)


def test_another_key_in_the_keyring_is_never_written_over(path: Where, system: InMemory) -> None:
    with Store.create(path) as store:
        name = store.keep_key()
        assert store.keep_key() == name
        system.held[oskeyring.SERVICE, name] = "ff" * 32
        with pytest.raises(StoreError, match="another key"):
            store.keep_key()


def test_without_the_extra_there_is_no_keyring_to_ask(path: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with Store.create(path) as store, pytest.raises(OptionError, match="optout"):
        store.keep_key()
    Store.open(path).close()


def test_the_keyring_is_not_loaded_when_a_key_file_has_the_key(path: Where) -> None:
    Store.create(path).close()
    code = "import sys; from optout import Store; Store.open(sys.argv[1]).close(); sys.exit('keyring' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0
