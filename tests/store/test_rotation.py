from __future__ import annotations

import os
import signal
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from optout.errors import OptionError, StoreError, WrongKeyError
from optout.store import Request, Store, rootkey, rotation, seal
from optout.store.keyring import Keyring

ROOT, OTHER = bytes(range(32)), bytes(range(32, 64))
Where = Path | str


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost is written into each store, so a cheap one opens by the same code."""
    monkeypatch.setattr(seal, "SCRYPT_N", 2**4)
    monkeypatch.setattr(seal.stretch, "__defaults__", (2**4,))


def people(path: Where, key: bytes | str | None = None) -> list[str]:
    with Store.open(path, key=key) as store:
        store.audit_verify()
        return store.active_requests()


def test_a_rotated_key_opens_and_the_old_one_does_not(path: Where) -> None:
    with Store.create(path, key=ROOT) as store:
        (one,) = store.suppress(Request(phones="090-1234-5678")).request_ids
        assert store.rotate_key(OTHER) is None
        (two,) = store.suppress(Request(phones="090-1234-0000")).request_ids
        assert store.suppress(Request(phones="090-1234-5678")).request_ids == [one]
    assert people(path, OTHER) == [one, two]
    with pytest.raises(WrongKeyError):
        Store.open(path, key=ROOT)


def test_a_passphrase_follows_and_is_followed(path: Where) -> None:
    with Store.create(path, key="合言葉") as store:
        store.rotate_key("another one")
        store.rotate_key("ａnother two")
    assert people(path, "another two") == []
    for earlier in ("合言葉", "another one"):
        with pytest.raises(WrongKeyError):
            Store.open(path, key=earlier)


def test_a_random_key_lies_beside_the_old_one_and_is_found(path: Where, key_folder: Path) -> None:
    with Store.create(path) as store:
        first = store.key_path
        second = store.rotate_key()
        third = store.rotate_key()
        assert store.key_path == third
    assert third is not None
    assert {first, second, third} == set(key_folder.iterdir())
    assert people(path) == []
    with Store.open(path) as again:
        assert again.key_path == third
    if os.name != "nt":
        assert stat.S_IMODE(third.stat().st_mode) == 0o600


def test_a_named_key_file_has_the_new_one_beside_it(
    path: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "safe" / "root.key"
    rootkey.keep(named, ROOT)
    monkeypatch.setenv("OPTOUT_KEY_FILE", str(named))
    with Store.create(path) as store:
        new = store.rotate_key()
    assert new is not None
    assert new.parent == named.parent
    assert people(path) == []
    new.unlink()
    with pytest.raises(WrongKeyError):
        Store.open(path)


def test_an_open_store_whose_key_was_rotated_elsewhere_says_so(path: Where) -> None:
    with Store.create(path, key=ROOT) as store, Store.open(path, key=ROOT) as other:
        store.rotate_key(OTHER)
        with pytest.raises(WrongKeyError):
            other.suppress(Request(phones="090-1234-5678"))
        with pytest.raises(WrongKeyError):
            other.rotate_key()
        assert store.revision == 0


@pytest.mark.parametrize("wrong", [ROOT, b"short", ""])
def test_a_key_that_is_none_or_the_present_one_is_refused(path: Where, wrong: bytes | str) -> None:
    with Store.create(path, key=ROOT) as store:
        with pytest.raises(OptionError):
            store.rotate_key(wrong)
        assert store.audit_verify() == 1
    assert people(path, ROOT) == []


def test_a_rotation_is_in_the_audit_and_keeps_the_public_half_of_the_old_signing_key(by_hand: Any) -> None:
    with Store.create(by_hand.path, key=ROOT) as store:
        before = store.public_key
        store.rotate_key(OTHER)
        ((job_id, _),) = store.jobs(rotation.PUBLIC_KEY)
        kept = store.load_job(job_id)
        assert kept is not None
        assert kept[2] == {"pem": before}
        assert before != store.public_key
        assert store.audit_verify() == 2
    assert by_hand.ask("SELECT action FROM audit WHERE n = 2") == [("rotate key",)]


def test_a_rotation_takes_new_data_keys_into_use(by_hand: Any) -> None:
    with Store.create(by_hand.path, key=ROOT) as store:
        store.suppress(Request(phones="090-1234-5678"))
        store.rotate_key(OTHER)
        store.suppress(Request(phones="090-1234-0000"))
    used = by_hand.ask("SELECT dek_id FROM block ORDER BY seq")
    assert used[0] != used[1]
    assert by_hand.ask("SELECT count(*) FROM dek WHERE retired IS NULL AND purpose = 'block'") == [(1,)]
    assert by_hand.ask("SELECT DISTINCT kek_id FROM dek") == [(2,)]


def test_a_rotation_wraps_keys_and_touches_no_block(path: Where) -> None:
    with Store.create(path, key=ROOT) as store:
        store.suppress([Request(phones=f"090-1234-{n:04}") for n in range(10_000)])
        for n in range(20):
            store.suppress(Request(phones=f"090-1234-{n:04}", tenant=f"client-{n}"))
        began = time.perf_counter()
        store.rotate_key(OTHER)
        assert time.perf_counter() - began < 0.5
    assert len(people(path, OTHER)) == 10_020


class Cut(BaseException):
    """The process ends here."""


STEPS = ("keep", "rewrap", "keep_job", "finish", "commit", "become")


def cut_at(step: str, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    from optout.store.commit import Commit

    targets: dict[str, tuple[object, str]] = {
        "keep": (rootkey, "keep"),
        "rewrap": (Keyring, "rewrap"),
        "keep_job": (Commit, "keep_job"),
        "finish": (Commit, "finish"),
        "commit": (store._log, "_commit"),
        "become": (Keyring, "become"),
    }
    owner, name = targets[step]
    original = getattr(owner, name)

    def cut(*given: Any, **named: Any) -> Any:
        original(*given, **named)
        raise Cut

    monkeypatch.setattr(owner, name, cut)


@pytest.mark.parametrize("step", STEPS)
def test_cut_off_after_any_step_the_store_opens_with_what_is_kept(
    path: Where, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with Store.create(path) as store:
        (one,) = store.suppress(Request(phones="090-1234-5678")).request_ids
        with monkeypatch.context() as patch:
            cut_at(step, patch, store)
            with pytest.raises(Cut):
                store.rotate_key()
    assert people(path) == [one]


def test_whoever_is_told_of_each_head_is_told_of_a_rotation(path: Where, tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    with Store.create(path, key=ROOT, audit_sink=heads) as store:
        store.rotate_key(OTHER)
        store.suppress(Request(phones="090-1234-5678"))
    assert len(heads.read_text().splitlines()) == 3


@pytest.mark.parametrize("step", ["finish", "_commit"])
def test_after_a_failed_rotation_the_open_store_has_the_key_that_fits(
    path: Where, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with Store.create(path, key=ROOT) as store:
        with monkeypatch.context() as patch:
            cut_at("commit" if step == "_commit" else step, patch, store)
            with pytest.raises(Cut):
                store.rotate_key(OTHER)
        assert len(store.suppress(Request(phones="090-1234-5678")).request_ids) == 1
    assert len(people(path, OTHER if step == "_commit" else ROOT)) == 1


_ROTATES = """
import sys
from optout.store import Store
store = Store.open(sys.argv[1])
while True:
    print("rotates", flush=True)
    store.rotate_key()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_while_it_rotates_the_store_opens(path: Where, apart: Any) -> None:
    with Store.create(path) as store:
        (one,) = store.suppress(Request(phones="090-1234-5678")).request_ids
    for turn in range(6):
        with apart(_ROTATES, path) as child:
            for _ in range(1 + turn):
                child.stdout.readline()
            child.kill()
        assert people(path) == [one]


def test_a_data_key_is_retired_before_its_seals_are_used_up(by_hand: Any) -> None:
    with Store.create(by_hand.path, key=ROOT) as store:
        store._keyring = store._view._keyring = Keyring(str(by_hand.path), store.store_id, ROOT, most_seals=3)
        ids = [store.suppress(Request(phones=f"090-1234-{n:04}")).request_ids[0] for n in range(10)]
    assert people(by_hand.path, ROOT) == ids
    sealed = by_hand.ask("SELECT seals, retired IS NULL FROM dek WHERE purpose = 'block' ORDER BY dek_id")
    assert [(seals, bool(used)) for seals, used in sealed] == [(3, False)] * 3 + [(1, True)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620])
def test_a_key_file_others_can_read_is_refused(
    path: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    named = tmp_path / "root.key"
    rootkey.keep(named, ROOT)
    monkeypatch.setenv("OPTOUT_KEY_FILE", str(named))
    Store.create(path).close()
    named.chmod(mode)
    with pytest.raises(StoreError, match="chmod 600"):
        Store.open(path)
    named.chmod(0o400)
    assert people(path) == []
