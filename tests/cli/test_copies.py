from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optout import Store

Run = Callable[..., Any]


def asked(run: Run, store: Path, phone: str) -> None:
    assert run("suppress", store, "--phone", phone).code == 0


def delivered(run: Run, store: Path, clean: Path, out: Path) -> Any:
    told = ("--recipient", "見本商事", "--purpose", "DM", "--channel", "mail", "--out", out)
    return run("deliver", store, clean, *told)


def test_a_rotated_key_is_backed_up_and_the_copy_proved(
    run: Run, store: Path, tmp_path: Path, own_keys: Path
) -> None:
    document = run("key", "rotate", store, "--json").document
    assert Path(document["key_file"]).parent == own_keys
    assert run("key", "show", store, "--quiet").out.strip() == document["key_file"]
    assert run("key", "backup", store, "--out", tmp_path / "safe.key").code == 0
    for key in own_keys.iterdir():
        key.unlink()
    assert run("audit", store).code == 46
    assert run("key", "restore", store, tmp_path / "safe.key").code == 0
    assert run("audit", store).code == 0


def test_a_key_typed_from_paper_is_restored(run: Run, store: Path, tmp_path: Path, own_keys: Path) -> None:
    (key,) = own_keys.iterdir()
    digits = key.read_text().strip()
    typed = tmp_path / "typed.txt"
    typed.write_text("\n".join(digits[at : at + 16].upper() for at in range(0, 64, 16)) + "\n")
    key.unlink()
    assert run("key", "restore", store, typed).code == 0
    assert run("audit", store).code == 0


def test_a_restored_newer_key_lies_beside_the_older_one(
    run: Run, store: Path, tmp_path: Path, own_keys: Path
) -> None:
    new = Path(run("key", "rotate", store, "--quiet").out.strip())
    run("key", "backup", store, "--out", tmp_path / "safe.key")
    new.unlink()
    assert run("audit", store).code == 47
    assert run("key", "restore", store, tmp_path / "safe.key").code == 0
    assert run("audit", store).code == 0
    assert len(list(own_keys.iterdir())) == 2


def test_a_key_of_ones_own_is_rotated_in(run: Run, store: Path, tmp_path: Path) -> None:
    (tmp_path / "new.key").write_text("ab" * 32)
    (tmp_path / "new.key").chmod(0o600)
    assert run("key", "rotate", store, "--new-key-file", tmp_path / "new.key").code == 0
    assert run("audit", store, "--key-file", tmp_path / "new.key").code == 0
    assert run("audit", store).code == 47


def test_nothing_is_delivered_after_a_restore_before_the_list_caught_up(
    run: Run, store: Path, clean: Path, tmp_path: Path
) -> None:
    copy, again, lost = tmp_path / "backup.db", tmp_path / "again.db", "090-1234-0001"
    assert run("store", "backup", store, "--out", copy).code == 0
    assert run("store", "backup", store, "--out", copy).code == 42
    asked(run, store, lost)
    assert delivered(run, store, clean, tmp_path / "before").code == 0
    certificate = tmp_path / "before" / "certificate.json"

    assert run("store", "restore", copy, store).code == 42
    assert run("store", "restore", copy, again, "--json").document["epoch"] == 2
    refused = delivered(run, again, clean, tmp_path / "after")
    assert (refused.code, "optout store settle" in refused.err) == (67, True)
    assert run("store", "settle", again).code == 18
    told = run("store", "settle", again, "--certificate", certificate)
    assert (told.code, "revision 2" in told.err) == (60, True)
    assert run("store", "settle", again, "--certificate", certificate, "--json").document["known"] == 2
    assert delivered(run, again, clean, tmp_path / "after").code == 67
    assert not (tmp_path / "after").exists()
    asked(run, again, lost)
    assert delivered(run, again, clean, tmp_path / "after").code == 0


def test_a_loss_can_be_accepted_by_name(run: Run, store: Path, clean: Path, tmp_path: Path) -> None:
    run("store", "backup", store, "--out", tmp_path / "backup.db")
    run("store", "restore", tmp_path / "backup.db", tmp_path / "again.db")
    settled = run(
        "store", "settle", tmp_path / "again.db", "--accept-loss", "no certificate since", "--quiet"
    )
    assert (settled.code, settled.out) == (0, "settled\n")
    assert delivered(run, tmp_path / "again.db", clean, tmp_path / "out").code == 0


def test_a_certificate_from_before_a_rotation_bears_witness(
    run: Run, store: Path, clean: Path, tmp_path: Path
) -> None:
    assert delivered(run, store, clean, tmp_path / "out").code == 0
    certificate = tmp_path / "out" / "certificate.json"
    run("key", "rotate", store)
    run("store", "backup", store, "--out", tmp_path / "backup.db")
    run("store", "restore", tmp_path / "backup.db", tmp_path / "again.db")
    text = certificate.read_text()
    (tmp_path / "forged.json").write_text(text.replace('"sig": "', '"sig": "AAAA'))
    assert run("store", "settle", tmp_path / "again.db", "--certificate", tmp_path / "forged.json").code == 68
    assert run("store", "settle", tmp_path / "again.db", "--certificate", certificate).code == 0


def test_an_audit_is_held_against_certificates_and_what_a_sink_wrote(
    run: Run, store: Path, clean: Path, tmp_path: Path
) -> None:
    early = tmp_path / "early.db"
    early.write_bytes(store.read_bytes())
    for recipient in ("a", "b"):
        assert delivered(run, store, clean, tmp_path / "out" / recipient).code == 0
    certificate = tmp_path / "out" / "a" / "certificate.json"
    told = run("audit", store, "--certificate", certificate, "--json").document
    assert told["heads_told"] == 1
    run("key", "rotate", store)
    told = run("audit", store, "--certificate", tmp_path / "out", "--certificate", certificate)
    assert (told.code, "heads told outside: 3" in told.out) == (0, True)
    with Store.open(store, audit_sink=tmp_path / "heads.jsonl") as opened:
        opened.record("look", {})
    both = ("--heads", tmp_path / "heads.jsonl", "--certificate", certificate)
    assert run("audit", store, *both, "--json").document["heads_told"] == 2
    # The chain of an earlier state is whole; that its end is missing only a witness tells.
    assert run("audit", early).code == 0
    assert run("audit", early, "--certificate", certificate).code == 0
    assert run("audit", early, "--certificate", tmp_path / "out").code == 43


def test_a_certificate_that_is_no_witness_of_this_store_stops_an_audit(
    run: Run, store: Path, clean: Path, tmp_path: Path
) -> None:
    assert delivered(run, store, clean, tmp_path / "out").code == 0
    certificate, other = tmp_path / "out" / "certificate.json", tmp_path / "other.db"
    run("init", other)
    asked(run, other, "090-1234-0001")
    forged = tmp_path / "forged" / "certificate.json"
    forged.parent.mkdir()
    forged.write_text(certificate.read_text().replace('"sig": "', '"sig": "AAAA'))
    for against, given in ((other, certificate), (store, forged), (store, forged.parent)):
        refused = run("audit", against, "--certificate", given)
        assert (refused.code, "certificate.json" in refused.err) == (68, True)
    (tmp_path / "empty").mkdir()
    assert run("audit", store, "--certificate", tmp_path / "empty").code == 68
    assert run("audit", store, "--certificate", tmp_path / "nothing.json").code == 68


def test_one_store_sends_another_what_it_has(run: Run, store: Path, tmp_path: Path) -> None:
    other, file, pem = tmp_path / "other.db", tmp_path / "list.optout", tmp_path / "exchange.pem"
    sender = tmp_path / "sender.pem"
    run("init", other)
    run("key", "exchange", other, "--out", pem)
    run("key", "public", store, "--out", sender)
    assert run("store", "export", store, "--out", file, "--seal-with", pem, "--quiet").out.strip() == str(
        file
    )
    told = run("store", "merge", other, file, "--sender", sender, "--json").document
    assert (told["added"], told["known"]) == (1, 0)
    assert run("store", "merge", other, file, "--quiet").out == "0\n"
    assert run("store", "merge", store, file).code == 47


def test_an_export_with_a_passphrase_needs_it(run: Run, store: Path, tmp_path: Path) -> None:
    other, file, phrase = tmp_path / "other.db", tmp_path / "list.optout", tmp_path / "phrase.txt"
    run("init", other)
    phrase.write_text("合言葉は長く\n", "utf-8")
    assert run("store", "export", store, "--out", file, "--seal-with", phrase, "--since", "0").code == 0
    assert run("store", "merge", other, file).code == 18
    assert run("store", "merge", other, file, "--open-with", phrase).code == 0


def test_a_request_is_purged(run: Run, store: Path) -> None:
    with Store.open(store) as opened:
        (request,) = opened.active_requests()
    assert run("purge", store, request, "--reason", "誤入力").code == 40
    run("lift", store, request, "--reason", "本人の申出")
    assert run("purge", store, request, "--reason", "誤入力", "--quiet").out == "3\n"
    assert run("purge", store, "R-AAAAAAAAAAAAA", "--reason", "誤入力").code == 49
    assert run("audit", store).code == 0


def test_a_restored_list_is_cleaned_again(run: Run, store: Path, listed: Path) -> None:
    before = listed.read_bytes()
    assert run("remove", "replay", store, listed).code == 0
    after = listed.read_bytes()
    assert len(after) < len(before)
    listed.write_bytes(before)
    assert run("remove", "replay", store, listed, "--since", "1", "--quiet").code == 0
    assert listed.read_bytes() == before
    assert run("remove", "replay", store, listed, "--since", "0").code == 0
    assert listed.read_bytes() == after
    assert run("remove", "replay", store, listed, "--since", "9").code == 18


@pytest.mark.parametrize("command", ["key keyring"])
def test_without_a_keyring_the_key_stays_where_it_is(run: Run, store: Path, command: str) -> None:
    assert run(*command.split(), store).code == 40
    assert run("audit", store).code == 0
