"""Kinds of request: how they are read, what each does to a list, and what plain requests keep of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout import tables
from optout.errors import OptionError, StoreError
from optout.report.words import words
from optout.schema import CHANNELS, KINDS
from optout.store import Identity, Request, Store, kind, layout

Where = Path | str
OLD = "東京都新宿区西新宿3-2-1"
NEW = "大阪府大阪市北区梅田1-1-1"
PERSON: dict[str, Any] = {
    "name": "見本 一郎",
    "address": OLD,
    "phones": "090-1234-5678",
    "birth_date": "1970-03-02",
}


def lines() -> list[Any]:
    rows = tables.load("request_kind").to_dicts()
    assert rows
    return [pytest.param(row, id=row["rule_id"]) for row in rows]


def verdict(store: Store, channel: str = "any", **row: str | None) -> str:
    headers = {"name": "氏名", "address": "住所", "phone": "電話番号"}
    listed = pl.DataFrame({header: [row.get(field)] for field, header in headers.items()})
    listed = listed.cast(pl.String)
    found: str = optout.screen(listed, store, channel=channel, allow_empty=True).verdicts["verdict"][0]
    return found


@pytest.mark.parametrize("row", lines())
def test_a_kind_is_read_from_its_words_and_not_from_the_near_miss(row: dict[str, str]) -> None:
    assert kind.kind(row["example"]) == row["kind"]
    assert {kind.kind(word) for word in row["words"].split("|")} == {row["kind"]}
    with pytest.raises(OptionError):
        kind.kind(row["leaves_alone"])
    assert kind.read_kinds(row["leaves_alone"]) == ("opt_out",)


def test_the_table_of_kinds_is_the_schema_and_has_words() -> None:
    table = tables.load("request_kind")
    assert tuple(table["kind"]) == KINDS == tuple(kind.kinds())
    assert set(table["effect"]) == {"person", "address", "record"}
    told = [word for each in table["words"] for word in each.split("|")]
    assert len(told) == len(set(told))
    for code, japanese in table.select("kind", "japanese").iter_rows():
        assert words("kind", code).startswith(f"{japanese} ")
        assert kind.kind(japanese) == code


@pytest.mark.parametrize("wrong", ["個人", "", None, 7, "故人・転居"])
def test_a_request_has_one_kind_that_exists(wrong: Any) -> None:
    with pytest.raises(OptionError):
        Request(name="見本 一郎", kind=wrong)


@pytest.mark.parametrize(
    ("code", "said", "covers"),
    [
        ("opt_out", None, CHANNELS),
        ("opt_out", "電話", ("phone",)),
        ("deceased", None, CHANNELS),
        ("do_not_call", None, ("phone", "sms")),
        ("do_not_call", "FAX", ("phone", "fax", "sms")),
        ("do_not_call", "all", CHANNELS),
        ("moved_away", None, ("mail",)),
        ("legal_hold", None, ()),
    ],
)
def test_a_kind_covers_its_channels_and_what_is_said_besides(
    code: str, said: str | None, covers: tuple[str, ...]
) -> None:
    assert Request(phones="090-1234-5678", kind=code, channels=said).channels == covers


@pytest.mark.parametrize("code", ["opt_out", "deceased", "minor"])
def test_a_person_is_withheld_wherever_found(store: Store, code: str) -> None:
    store.suppress(Request(**PERSON, kind=code))
    assert verdict(store, name="見本 一郎", address=OLD) == "withhold"
    assert verdict(store, name="見本 一郎", address=NEW, phone="090-1234-5678") == "withhold"


def test_do_not_call_stops_calls_and_short_messages_and_no_post(store: Store) -> None:
    store.suppress(Request(**PERSON, kind="架電禁止"))
    found = {
        channel: verdict(store, channel, name="見本 一郎", phone="090-1234-5678")
        for channel in (*CHANNELS, "any")
    }
    stopped = {"phone", "sms", "any"}
    assert found == {name: "withhold" if name in stopped else "keep" for name in found}


def test_of_who_moved_away_the_old_address_alone_is_out_of_date(store: Store) -> None:
    store.suppress(Request(**PERSON, kind="転居"))
    assert verdict(store, name="見本 一郎", address=OLD) == "withhold"
    assert verdict(store, name="見本 一郎", address=OLD, phone="090-1234-5678") == "withhold"
    # The person may be reached there, and by that number.
    assert verdict(store, name="見本 一郎", address=NEW, phone="090-1234-5678") == "keep"
    assert verdict(store, "phone", name="見本 一郎", address=OLD, phone="090-1234-5678") == "keep"
    # The next tenant is somebody else; whoever is not named may be the one who left.
    assert verdict(store, name="架空 花子", address=OLD) == "keep"
    assert verdict(store, name=None, address=OLD) == "review"


def test_what_a_person_who_moved_gave_is_stored_whole(store: Store) -> None:
    store.suppress(Request(**PERSON, kind="転居"))
    (row,) = store.entries()[1].to_dicts()
    assert (row["phones"], row["birth_date"], row["kind"]) == (["090-1234-5678"], "1970-03-02", "moved_away")


def test_a_legal_hold_suppresses_nobody_and_is_told_of(store: Store) -> None:
    store.suppress(Request(**PERSON, kind="法的保全", reason="事件番号 1"))
    assert verdict(store, name="見本 一郎", address=OLD, phone="090-1234-5678") == "keep"
    assert kind.held(store.entries()[1]) == store.active_requests()


def test_a_hold_or_a_move_takes_nothing_from_an_opt_out(store: Store) -> None:
    store.suppress(Request(**PERSON))
    for code in ("moved_away", "legal_hold", "do_not_call"):
        store.suppress(Request(**PERSON, kind=code))
    for channel in (*CHANNELS, "any"):
        assert verdict(store, channel, name="見本 一郎", address=NEW, phone="090-1234-5678") == "withhold"


def test_kinds_and_reasons_are_read_from_a_list(store: Store) -> None:
    people = pl.DataFrame(
        {
            "氏名": ["見本 一郎", "見本 次郎", "見本 三郎", "見本 花子", "見本 月子"],
            "電話番号": [f"090-1234-000{n}" for n in range(5)],
            "種別": ["故人", "架電禁止", "個人", None, "転居・法的保全"],
            "停止範囲": [None, "郵送", None, "FAX", None],
            "理由": ["ご家族より", None, " ", None, "返戻"],
        }
    )
    ids = store.suppress(people).request_ids
    entries = store.entries()[1].select("request", "kind", "channels", "reason").rows()
    assert entries == [
        (ids[0], "deceased", list(CHANNELS), "ご家族より"),
        (ids[1], "do_not_call", ["mail", "phone", "sms"], None),
        (ids[2], "opt_out", list(CHANNELS), None),
        (ids[3], "opt_out", ["fax"], None),
        (ids[4], "moved_away", ["mail"], "返戻"),
        (ids[4], "legal_hold", [], "返戻"),
    ]


def test_every_entry_tells_when_it_was_first_recorded(store: Store, path: Where) -> None:
    store.suppress(Request(phones="090-1234-0000"))
    store.record("read", {})
    store.suppress(Request(phones="090-1234-0001", reason="本人の申出"))
    store.suppress(Request(phones="090-1234-0000"))
    with store._log.read() as db:
        rows = db.execute("SELECT ts FROM audit WHERE action = 'suppress' ORDER BY n").fetchall()
    with Store.open(path) as again:
        for listed in (store.entries()[1], again.entries()[1]):
            seen = [each.isoformat(timespec="milliseconds") for each in listed["first_seen"]]
            assert seen == [ts for (ts,) in rows]


def test_a_second_request_for_a_person_is_one_more(store: Store) -> None:
    (first,) = store.suppress(Request(**PERSON, channels="電話", source="fax")).request_ids
    (second,) = store.suppress(Request(**PERSON, channels="郵送", source="mail", reason="二度目")).request_ids
    told = store.entries()[1].select("request", "source", "reason").rows()
    assert told == [(first, "fax", None), (second, "mail", "二度目")]
    assert {verdict(store, c, name="見本 一郎", address=OLD) for c in ("phone", "mail")} == {"withhold"}
    store.lift(second, "本人の申出")
    assert verdict(store, "phone", name="見本 一郎", address=OLD) == "withhold"


def test_every_identity_of_a_request_is_found(store: Store) -> None:
    store.suppress(
        Request(
            name="見本 花子",
            address=OLD,
            identities=[Identity(name="架空 花子", address=NEW, phones="090-1234-9999")],
        )
    )
    assert verdict(store, name="架空 花子", address=OLD) == "withhold"
    assert verdict(store, name="見本 花子", address=NEW) == "withhold"
    assert verdict(store, name="見本 花子", phone="090-1234-9999") == "withhold"


def test_plain_requests_stay_in_the_first_format_and_others_do_not(store: Store, by_hand: Any) -> None:
    people = pl.DataFrame({"氏名": ["見本 一郎"], "電話番号": ["090-1234-5678"], "種別": ["停止"]})
    store.suppress(people)
    store.suppress(people.drop("種別").with_columns(電話番号=pl.lit("090-1234-5679")))
    store.suppress(Request(**PERSON))
    assert by_hand.format() == layout.FIRST
    # A kind that says nothing new is the same list.
    assert store.suppress(people.drop("種別")).known
    store.suppress(Request(**PERSON, kind="deceased"))
    assert by_hand.format() == layout.KINDS.format
    store.suppress(people.with_columns(理由=pl.lit("本人の申出")))
    assert store.audit_verify() == store.head.audit_n


def test_schema_steps_and_the_record_that_they_ran_are_one_commit(
    store: Store, by_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("optout.store.commit.Commit.finish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.suppress(Request(**PERSON, kind="deceased"))
    assert (by_hand.format(), store.revision) == (layout.FIRST, 0)
    told: list[Any] = []

    def packed(detail: object) -> bytes:
        told.append(detail)
        return json.dumps(detail).encode()

    monkeypatch.setattr("optout.store.commit.packed", packed)
    store.suppress(Request(**PERSON, kind="deceased"))
    assert [each["format"] for each in told if "format" in each] == [[2, 3]]


def test_a_legal_hold_in_force_outlives_a_purge(store: Store) -> None:
    (held,) = store.suppress(Request(**PERSON, kind="legal_hold")).request_ids
    with pytest.raises(StoreError, match="legal hold in force"):
        store.purge(held, "誤記", force=True)
    store.lift(held, "命令の解除")
    store.purge(held, "保存期間の満了")
    assert store.requests([held]).is_empty()
