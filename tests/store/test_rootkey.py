from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from optout.errors import KeyMissingError, OptionError, StoreError, WrongKeyError
from optout.store import Request, Store, rootkey, seal

ROOT = bytes(range(32))
Where = Path | str


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost is written into each store, so a cheap one opens by the same code."""
    monkeypatch.setattr(seal, "SCRYPT_N", 2**4)
    monkeypatch.setattr(seal.stretch, "__defaults__", (2**4,))


def opens(path: Where, key: bytes | str | None = None) -> bool:
    with Store.open(path, key=key) as store:
        return store.active_requests() != []


def fill(store: Store) -> None:
    with store:
        store.suppress(Request(phones="090-1234-5678"))


def test_create_puts_a_random_key_into_the_key_folder(path: Where, key_folder: Path) -> None:
    store = Store.create(path)
    fill(store)
    assert store.key_path == key_folder / f"{store.store_id}.key"
    assert len(bytes.fromhex(store.key_path.read_text("ascii").strip())) == 32
    assert opens(path)
    with Store.open(path) as again:
        assert again.key_path == store.key_path


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_only_the_owner_may_read_the_key(path: Where, key_folder: Path) -> None:
    with Store.create(path) as store:
        assert store.key_path is not None
        assert stat.S_IMODE(store.key_path.stat().st_mode) == 0o600
        assert stat.S_IMODE(key_folder.stat().st_mode) == 0o700


def test_a_copied_store_alone_tells_nothing(path: Where, key_folder: Path) -> None:
    fill(Store.create(path))
    for file in key_folder.iterdir():
        file.unlink()
    with pytest.raises(KeyMissingError) as missing:
        Store.open(path)
    assert str(key_folder) in str(missing.value)
    assert {"key=", "OPTOUT_KEY_FILE", "OPTOUT_KEY"} <= set(missing.value.places)


def test_a_key_given_makes_no_file(path: Where, key_folder: Path) -> None:
    fill(Store.create(path, key=ROOT))
    assert not key_folder.exists()
    assert opens(path, ROOT)
    with pytest.raises(KeyMissingError):
        Store.open(path)


@pytest.mark.parametrize("wrong", [bytes(32), "another"])
def test_a_wrong_key_is_told_from_damage(path: Where, wrong: bytes | str) -> None:
    fill(Store.create(path, key=ROOT))
    with pytest.raises(WrongKeyError):
        Store.open(path, key=wrong)
    assert opens(path, ROOT)


def test_a_wrong_key_changes_no_byte(file: Path) -> None:
    fill(Store.create(file, key=ROOT))
    before = file.read_bytes()
    with pytest.raises(WrongKeyError):
        Store.open(file, key=bytes(32))
    assert file.read_bytes() == before


def test_a_passphrase_is_a_key_in_any_width(path: Where) -> None:
    fill(Store.create(path, key="合言葉 Open１"))
    assert opens(path, "合言葉 Ｏｐｅｎ1")
    with pytest.raises(WrongKeyError):
        Store.open(path, key="合言葉")


def test_a_passphrase_that_looks_like_hex_is_a_passphrase(path: Where) -> None:
    fill(Store.create(path, key=ROOT.hex()))
    with pytest.raises(WrongKeyError):
        Store.open(path, key=ROOT)
    assert opens(path, ROOT.hex())


@pytest.mark.parametrize(
    "written", [ROOT.hex(), ROOT.hex().upper(), base64.b64encode(ROOT).decode(), f" {ROOT.hex()}\n"]
)
def test_the_environment_may_hold_the_key(path: Where, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("OPTOUT_KEY", written)
    fill(Store.create(path))
    monkeypatch.delenv("OPTOUT_KEY")
    assert opens(path, ROOT)


def test_url_safe_base64_is_read_too() -> None:
    awkward = b"\xfb\xff" * 16
    found = rootkey.find(
        None, {"OPTOUT_KEY": base64.urlsafe_b64encode(awkward).decode()}, "id", lambda _: b""
    )
    assert found.root == awkward


def test_the_environment_may_hold_a_passphrase(path: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTOUT_KEY", "合言葉")
    fill(Store.create(path))
    monkeypatch.delenv("OPTOUT_KEY")
    assert opens(path, "合言葉")


@pytest.mark.parametrize("content", [ROOT, ROOT.hex().encode() + b"\r\n", base64.b64encode(ROOT)])
def test_a_key_file_comes_before_the_variable(
    path: Where, tmp_path: Where, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    file = tmp_path / "root.key"
    file.write_bytes(content)
    file.chmod(0o600)
    monkeypatch.setenv("OPTOUT_KEY_FILE", str(file))
    monkeypatch.setenv("OPTOUT_KEY", "another")
    fill(Store.create(path))
    assert opens(path)
    assert opens(path, ROOT)


def test_a_key_file_that_is_named_but_missing_ends_the_search(
    by_hand: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPTOUT_KEY_FILE", str(tmp_path / "nowhere.key"))
    with pytest.raises(KeyMissingError, match=r"nowhere\.key"):
        Store.create(by_hand.path)
    assert not by_hand.is_there()


@pytest.mark.parametrize("wrong", [b"short", "", bytes(33), 7])
def test_a_key_that_cannot_be_is_refused(by_hand: Any, wrong: bytes) -> None:
    with pytest.raises(OptionError):
        Store.create(by_hand.path, key=wrong)
    assert not by_hand.is_there()


def test_a_key_folder_that_cannot_be_made_leaves_no_store(
    by_hand: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("OPTOUT_KEY_DIR", str(tmp_path / "file" / "keys"))
    with pytest.raises(StoreError, match="OPTOUT_KEY"):
        Store.create(by_hand.path)
    assert not by_hand.is_there()


def test_repr_shows_no_key(path: Where) -> None:
    with Store.create(path, key=ROOT) as store:
        shown = f"{store!r} {store._keyring!r} {rootkey.find(ROOT, {}, None, lambda _: b'')!r}"
    assert ROOT.hex() not in shown
    assert repr(ROOT) not in shown
