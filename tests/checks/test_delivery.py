"""Check 3: nothing goes out unproved; every reason is told at once; a refusal leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout import DeliveryRefused
from optout.batch.staged import StagedFile
from optout.checks import delivery
from optout.register import attempt

Put = Callable[..., Path]
Rows = dict[str, str]
States = Callable[[Path], dict[str, str]]


def refused(tmp_path: Path, path: Path, store: optout.Store, **options: Any) -> list[str]:
    """The reasons of a refusal that left nothing behind."""
    told: dict[str, Any] = {
        "recipient": "見本商事",
        "purpose": "DM",
        "channel": "mail",
        "out": tmp_path / "out",
    }
    before = path.read_bytes()
    with pytest.raises(DeliveryRefused) as refusal:
        optout.deliver(path, store, **(told | options))
    assert [found for found in tmp_path.rglob("*") if found.is_file() and "out" in found.parent.name] == []
    assert path.read_bytes() == before
    assert "delivered" not in [made.state for made in attempt.attempts(store)]
    assert refusal.value.exit_code == 67
    return refusal.value.reasons


@pytest.fixture
def clean(put: Put, rows: Rows) -> Path:
    return put(rows["other"], rows["odd"], name="clean.csv")


VERIFY = """
import sys, optout
assert "optout.store" not in sys.modules
proved = optout.verify_certificate(*sys.argv[1:4])
print(proved.id, proved.revision)
"""


def test_a_clean_list_is_delivered_byte_for_byte_and_proved_where_there_is_no_store(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path
) -> None:
    recipient = {"name": "見本商事", "address": "港区"}
    cert = optout.deliver(
        clean, store, recipient=recipient, purpose="DM", channel="mail", out=tmp_path / "out"
    )
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {"clean.csv", "certificate.json", "public_key.pem"}
    assert (out / "clean.csv").read_bytes() == clean.read_bytes()
    assert [made.certificate_id for made in attempt.attempts(store)] == [cert.id]
    elsewhere = tmp_path / "elsewhere"
    out.rename(elsewhere)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPTOUT_KEY")}
    names = [str(elsewhere / name) for name in ("certificate.json", "clean.csv", "public_key.pem")]
    proved = subprocess.run(
        [sys.executable, "-c", VERIFY, *names], capture_output=True, text=True, check=True, env=environment
    )
    assert proved.stdout.split() == [cert.id, str(asked.revision)]


def test_the_certificate_names_what_was_asked_and_nobody_on_any_list(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path
) -> None:
    head = store.head
    cert = optout.deliver(
        clean,
        store,
        "見本商事",
        purpose="DM 発送",
        channel="mail",
        policy="household",
        tenant="client-a",
        out=tmp_path / "out",
    )
    payload = cert.payload
    assert payload["subject"] == {
        "name": "clean.csv",
        "rows": 2,
        "sha256": hashlib.sha256(clean.read_bytes()).hexdigest(),
        "bytes": clean.stat().st_size,
    }
    assert payload["store"]["id"] == store.store_id
    assert (payload["store"]["epoch"], payload["store"]["revision"]) == (head.epoch, asked.revision)
    assert payload["store"]["audit_hash"] == head.audit_hash.hex()
    assert payload["counts"] == {
        "keep": 2,
        "withhold": 0,
        "review": 0,
        "rows": 2,
        "quarantined": 0,
        "records": 2,
    }
    asked_for = {key: payload[key] for key in ("recipient", "purpose", "channel", "policy", "tenant")}
    assert asked_for == {
        "recipient": {"name": "見本商事"},
        "purpose": "DM 発送",
        "channel": "mail",
        "policy": "household",
        "tenant": "client-a",
    }
    assert payload["rules"]["scheme"]
    assert payload["seeds"] > 0
    told = (tmp_path / "out" / "certificate.json").read_text("utf-8") + json.dumps(
        payload, ensure_ascii=False
    )
    for planted in ("高橋", "髙橋", "花子", "次郎", "西新宿", "千代田区", "0312345678", "09012340001"):
        assert planted not in told


def test_every_reason_is_told_at_once(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    bad = put(rows["asked"], rows["variant"], "two,fields", rows["other"], name="bad.csv")
    reasons = refused(tmp_path, bad, store, recipient=" ", purpose="")
    told = " ".join(reasons)
    for word in ("recipient", "purpose", "withhold", "review", "could not be read"):
        assert word in told
    assert len(reasons) == 5
    for planted in ("高橋", "一朗", "西新宿", "0312345678"):
        assert planted not in told


@pytest.mark.parametrize("line", ["asked", "variant"])
def test_one_doubtful_row_is_enough(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path, line: str
) -> None:
    assert len(refused(tmp_path, put(rows["other"], rows[line]), store)) == 1


def test_an_unreadable_record_is_enough(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    [reason] = refused(tmp_path, put(rows["other"], "two,fields"), store)
    assert "1 records could not be read, first lines [3]" in reason


@pytest.mark.parametrize(
    ("recipient", "missing"),
    [
        ("", "recipient"),
        ("　", "recipient"),
        ({}, "recipient"),
        ({"address": "港区"}, "recipient"),
        ({"name": None}, "recipient"),
    ],
)
def test_a_recipient_must_be_named(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path, recipient: Any, missing: str
) -> None:
    [reason] = refused(tmp_path, clean, store, recipient=recipient)
    assert missing in reason


def test_columns_that_may_be_identity_refuse_until_they_are_named_or_ignored(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    path = tmp_path / "list.parquet"
    pl.DataFrame({"氏名": ["見本 花子"] * 40, "甲": [f"03-1234-{n:04}" for n in range(40)]}).write_parquet(
        path
    )
    [reason] = refused(tmp_path, path, store)
    assert "甲" in reason
    cert = optout.deliver(path, store, "見本商事", "DM", "mail", out=tmp_path / "out", ignore=["甲"])
    assert (
        optout.verify_certificate(cert.path, tmp_path / "out" / "list.parquet", store.public_key).id
        == cert.id
    )


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ("氏名\n", "EmptyBatchError"),
        ("甲,乙\n1,2\n", "MissingColumnError"),
    ],
)
def test_a_list_that_cannot_be_proved_is_refused(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, raw: str, error: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(raw, "utf-8")
    reasons = refused(tmp_path, path, store, purpose="")
    assert len(reasons) == 2
    assert reasons[1].startswith(error)


def test_an_ambiguous_column_and_an_empty_list_of_requests_refuse(
    store: optout.Store,
    clean: Path,
    put: Put,
    rows: Rows,
    tmp_path: Path,
    person: Callable[..., optout.Request],
) -> None:
    assert refused(tmp_path, clean, store)[0].startswith("EmptyStoreError")
    store.suppress(person())
    with pytest.raises(DeliveryRefused, match="UnknownColumnError"):
        optout.deliver(
            clean, store, "見本商事", "DM", "mail", out=tmp_path / "out", columns={"name": "無い列"}
        )


def test_a_missed_seed_refuses(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = optout.screen.__globals__["judge"].__globals__["match"].compare
    blind = {"person": "other", "address": "different", "phone": "different", "email": "none"}
    monkeypatch.setattr(
        "optout.match.compare",
        lambda *sides: compare(*sides).with_columns(
            pl.lit(level).alias(field) for field, level in blind.items()
        ),
    )
    [reason] = refused(tmp_path, clean, store)
    assert reason.startswith("SeedMissedError")


def test_a_request_that_arrives_while_the_list_is_screened_counts(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, arrivals = delivery.screen, iter([optout.Request(name="見本 花子", phones=["090-1234-0001"])])

    def then_a_request(*args: Any, **options: Any) -> optout.Result:
        result = screen(*args, **options)
        for request in arrivals:
            store.suppress(request)
        return result

    monkeypatch.setattr(delivery, "screen", then_a_request)
    [reason] = refused(tmp_path, clean, store)
    assert reason.startswith("1 rows are withhold")


def test_a_list_of_requests_that_never_stands_still_refuses(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = delivery.screen
    numbers = iter(range(100))

    def always_one_more(*args: Any, **options: Any) -> optout.Result:
        result = screen(*args, **options)
        store.suppress(optout.Request(name="他の 人", phones=[f"090-1234-9{next(numbers):03}"]))
        return result

    monkeypatch.setattr(delivery, "screen", always_one_more)
    untold, moved = refused(tmp_path, clean, store, purpose="")
    assert "purpose" in untold
    assert "moved 5 times" in moved


def test_a_file_that_changes_after_it_was_screened_is_refused(
    store: optout.Store,
    asked: optout.Receipt,
    clean: Path,
    rows: Rows,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payload = delivery._payload

    def changed_meanwhile(*args: Any) -> dict[str, Any]:
        clean.write_bytes(clean.read_bytes() + (rows["asked"] + "\r\n").encode("cp932"))
        return payload(*args)

    monkeypatch.setattr(delivery, "_payload", changed_meanwhile)
    with pytest.raises(DeliveryRefused, match="changed while it was screened"):
        optout.deliver(clean, store, "見本商事", "DM", "mail", out=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    assert "delivered" not in [made.state for made in attempt.attempts(store)]


@pytest.mark.parametrize("survivors", [0, 1, 2])
def test_whatever_stops_it_no_list_stands_there_without_its_certificate(
    store: optout.Store,
    asked: optout.Receipt,
    clean: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    survivors: int,
) -> None:
    placed, left = StagedFile.place, iter(range(survivors))

    def interrupted(file: StagedFile, mode: int | None = None) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        placed(file, mode)

    with monkeypatch.context() as patch:
        patch.setattr(StagedFile, "place", interrupted)
        with pytest.raises(KeyboardInterrupt):
            optout.deliver(clean, store, "見本商事", "DM", "mail", out=tmp_path / "out")
    there = {path.name for path in (tmp_path / "out").iterdir()}
    assert there == set(["public_key.pem", "certificate.json"][:survivors])


def test_an_unknown_channel_is_a_mistake_of_the_caller_not_a_refusal(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path
) -> None:
    with pytest.raises(optout.errors.OptionError, match="channel"):
        optout.deliver(clean, store, "見本商事", "DM", "pigeon", out=tmp_path / "out")
