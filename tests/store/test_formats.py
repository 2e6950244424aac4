"""A store of every earlier format opens, says what it said, and is written to; one of each lies in `fixtures`.

They hold invented people and were made by the versions named; their key is the bytes 0 to 31.
"""

from __future__ import annotations

import shutil
from datetime import UTC
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout.schema import CHANNELS, ENTRY_SCHEMA
from optout.store import Identity, Request, Store, entry, layout

FIXTURES = Path(__file__).parent / "fixtures"
KEY = bytes(range(32))
PERSON = Request(
    name="見本 一郎",
    kana="ミホン イチロウ",
    postal="160-0023",
    address="東京都新宿区西新宿3-2-1",
    phones=["03-1234-5678"],
    emails=["ichiro.mihon@example.com"],
    received="2026-04-01",
    source="fax",
    identities=[Identity(name="旧本 一郎")],
)
LIFTED = Request(phones="090-1234-0000", tenant="client-a", channels="電話")
LIST = pl.read_csv(FIXTURES / "requests.csv", infer_schema=False)


def fixtures() -> list[Path]:
    found = sorted(FIXTURES.glob("format-*.db"))
    assert found
    return found


@pytest.fixture(params=fixtures(), ids=lambda path: path.stem)
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy: opening must not need to write, but a test may."""
    return Path(shutil.copy(request.param, tmp_path / request.param.name))


def test_there_is_a_store_of_every_format() -> None:
    assert {int(path.stem.split("-")[1]) for path in fixtures()} == set(range(1, layout.FORMAT + 1))


def test_an_earlier_store_opens_and_says_what_it_said(earlier: Path) -> None:
    before = earlier.read_bytes()
    with Store.open(earlier, key=KEY) as store:
        entries = store.entries()[1].filter(pl.col("kind") == "opt_out")
        assert dict(entries.schema) == ENTRY_SCHEMA
        assert entries["name"].to_list() == ["見本 一郎", "旧本 一郎", "見本 次郎", "見本 花子"]
        assert entries["channels"].to_list() == [[*CHANNELS]] * 4
        assert entries["reason"].null_count() == 4
        assert {each.astimezone(UTC).year for each in entries["first_seen"]} == {2026}
        assert store.audit_verify() == store.head.audit_n
        assert store.load_job("J-1") == ("removal", "planned", {"rows": [1, 2]})
        listed = pl.DataFrame(
            {"氏名": ["旧本 一郎", "見本 花子"], "電話番号": ["03-1234-5678", "090-1234-5678"]}
        )
        assert optout.screen(listed, store).verdicts["verdict"].to_list() == ["withhold"] * 2
    assert earlier.read_bytes() == before


def test_a_record_of_that_time_is_read(tmp_path: Path) -> None:
    path = Path(shutil.copy(FIXTURES / "format-5.db", tmp_path / "records.db"))
    with Store.open(path, key=KEY) as store:
        assert store.record_of("case", "C-1").told == {"state": "received", "name": "見本 一郎"}
        people = store.frame_of("case", "C-1", "people")
    assert people is not None
    assert people["name"].to_list() == ["見本 一郎", "見本 花子"]


def test_what_was_imported_then_is_known_again(earlier: Path) -> None:
    with Store.open(earlier, key=KEY) as store:
        revision = store.revision
        assert store.suppress(LIST).known
        assert store.suppress(PERSON).known
        assert store.revision == revision
        # Lifted then, so it is asked anew.
        assert not store.suppress(LIFTED).known


def test_an_earlier_store_is_written_to_and_raised_no_further_than_needed(earlier: Path) -> None:
    with Store.open(earlier, key=KEY) as store:
        before = store.entries()[1]

        def format_now() -> int | None:
            with store._log.read() as db:
                return db.format()

        first = format_now()
        store.suppress(Request(phones="090-1234-1111"))
        assert format_now() == first
        store.suppress(Request(phones="090-1234-1111", kind="deceased", reason="ご家族より"))
        assert format_now() == max(first or 0, layout.KINDS.format)
    with Store.open(earlier, key=KEY) as again:
        after = again.entries()[1]
        assert after.head(before.height).equals(before)
        assert after["kind"].to_list()[-2:] == ["opt_out", "deceased"]
        assert again.audit_verify() == again.head.audit_n


def test_every_step_leads_one_format_on() -> None:
    assert [step.format for step in layout.STEPS] == list(range(layout.FIRST + 1, layout.FORMAT + 1))
    assert all(step.why for step in layout.STEPS)


def test_columns_that_say_nothing_are_not_written() -> None:
    plain: dict[str, Any] = dict.fromkeys(ENTRY_SCHEMA)
    frame = pl.DataFrame([plain | {"kind": "opt_out"}], schema=ENTRY_SCHEMA)
    assert set(ENTRY_SCHEMA) - set(entry.told(frame).columns) == set(entry.LATER)
    assert entry.is_plain(frame)
    for column, value in {"kind": "deceased", "reason": "本人の申出"}.items():
        telling = frame.with_columns(pl.lit(value).cast(ENTRY_SCHEMA[column]).alias(column))
        assert set(entry.told(telling).columns) - set(entry.told(frame).columns) == {column}
        assert not entry.is_plain(telling)
        assert entry.whole(entry.told(telling), None).equals(telling)
