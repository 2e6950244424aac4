from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optout
from optout.errors import InputError
from optout.schema import CHANNELS, ENTRY_SCHEMA, RAW_FIELDS
from optout.store import Request, Store, bulk

LIST = pl.DataFrame(
    {
        "氏名": ["見本 一郎", "見本 花子", "見本 次郎", None],
        "フリガナ": ["ミホン イチロウ", None, "ミホン ジロウ", None],
        "住所": ["東京都新宿区西新宿3-2-1", "大阪府大阪市北区1-1", None, None],
        "電話番号": ["03-1234-5678", "090-1234-5678", None, None],
        "受付日": ["2026-04-01", "2026-04-02", " ", None],
        "channels": ["電話,FAX", "", "鳩", None],
        "household": ["はい", "0", None, "true"],
    }
)


def by_row(store: Store, ids: list[str], field: str) -> list[object]:
    entries = store.entries()[1]
    return [entries.filter(pl.col("request") == request_id)[field].to_list() for request_id in ids]


def test_every_row_is_a_request_of_its_own(store: Store) -> None:
    receipt = store.suppress(LIST)
    assert receipt.revision == store.revision == 1
    assert receipt.unmatchable == [False, False, True, True]
    assert len(set(receipt.request_ids)) == LIST.height
    assert by_row(store, receipt.request_ids, "name") == [[name] for name in LIST["氏名"]]
    phones = [[["03-1234-5678"]], [["090-1234-5678"]], [[]], [[]]]
    assert by_row(store, receipt.request_ids, "phones") == phones


def test_scope_columns_are_read_and_an_unknown_channel_is_every_channel(store: Store) -> None:
    ids = store.suppress(LIST).request_ids
    assert by_row(store, ids, "channels") == [[["phone", "fax"]], [[*CHANNELS]], [[*CHANNELS]], [[*CHANNELS]]]
    assert by_row(store, ids, "household") == [[True], [False], [False], [True]]
    assert by_row(store, ids, "received") == [["2026-04-01"], ["2026-04-02"], [None], [None]]


def test_the_same_list_again_changes_nothing(store: Store) -> None:
    first = store.suppress(LIST)
    assert store.suppress(LIST.clone()).request_ids == first.request_ids
    assert store.suppress(LIST.lazy()).request_ids == first.request_ids
    assert store.revision == 1


def test_a_list_of_which_a_row_was_lifted_is_a_new_one(store: Store) -> None:
    first = store.suppress(LIST)
    store.lift(first.request_ids[1], "本人の申出")
    assert not store.is_active(first.request_ids[1])
    assert store.is_active(first.request_ids[0])
    second = store.suppress(LIST)
    assert not set(second.request_ids) & set(first.request_ids)
    assert all(map(store.is_active, second.request_ids))


def test_a_changed_cell_is_another_list(store: Store) -> None:
    store.suppress(LIST)
    store.suppress(LIST.with_columns(pl.lit("phone").alias("channels")))
    store.suppress(LIST.reverse())
    assert store.revision == 3


def test_rows_of_several_tenants_keep_their_own(store: Store) -> None:
    frame = LIST.with_columns(pl.Series("tenant", ["a", None, "b", "a"]))
    ids = store.suppress(frame).request_ids
    assert by_row(store, ids, "tenant") == [["a"], [None], ["b"], ["a"]]


def test_dates_and_lists_in_scope_columns_are_read(store: Store) -> None:
    frame = LIST.with_columns(
        pl.Series("受付日", [date(2026, 4, 1)] * 4),
        pl.Series("channels", [["phone", "sms"], ["mail"], [], None]),
    )
    ids = store.suppress(frame).request_ids
    assert by_row(store, ids, "received") == [["2026-04-01"]] * 4
    assert by_row(store, ids, "channels") == [[["phone", "sms"]], [["mail"]], [[*CHANNELS]], [[*CHANNELS]]]


OFFICE = pl.DataFrame(
    {
        "氏名": ["見本 一郎", "見本 花子", "見本 次郎", "見本 三郎", "見本 月子"],
        "旧姓": [None, "架空", None, None, None],
        "住所": ["東京都新宿区西新宿3-2-1"] * 5,
        "停止範囲": ["すべて", "ＤＭ・電話", "ﾌｧｯｸｽ/メール", "年賀状だけ", None],
        "対象": ["本人", "世帯", "ご家族 全員", "○", None],
        "依頼日": ["2026-04-01", "", None, "R8.4.1", "2026/4/2"],
        "受付経路": ["FAX", "郵便", None, " ", "電話"],
    }
)


NAMES = (1, 2, 1, 1, 1)  # of each of them: a former surname is a name of its own


def each_name(told: list[object]) -> list[list[object]]:
    return [[each] * n for each, n in zip(told, NAMES, strict=True)]


def test_columns_as_an_office_heads_them_are_read(store: Store) -> None:
    ids = store.suppress(OFFICE).request_ids
    channels: list[object] = [[*CHANNELS], ["mail", "phone"], ["fax", "email"], [*CHANNELS], [*CHANNELS]]
    assert by_row(store, ids, "channels") == each_name(channels)
    assert by_row(store, ids, "household") == each_name([False, True, True, False, False])
    assert by_row(store, ids, "received") == each_name(["2026-04-01", None, None, "R8.4.1", "2026/4/2"])
    assert by_row(store, ids, "source") == each_name(["FAX", "郵便", None, None, "電話"])
    assert by_row(store, ids, "tenant") == each_name([None] * 5)


@pytest.mark.parametrize("header", ["停止チャネル", "停止 範囲", "停止媒体", "Channels"])
def test_any_of_the_headers_for_channels_is_read(store: Store, header: str) -> None:
    ids = store.suppress(OFFICE.rename({"停止範囲": header})).request_ids
    assert by_row(store, ids, "channels")[1:3] == [[["mail", "phone"]] * 2, [["fax", "email"]]]


def test_a_header_the_caller_gave_a_meaning_is_no_scope(store: Store) -> None:
    ids = store.suppress(OFFICE, columns={"note": "停止範囲"}).request_ids
    assert by_row(store, ids, "channels") == each_name([[*CHANNELS]] * 5)


def test_a_circle_says_yes_to_a_household_column(store: Store) -> None:
    ids = store.suppress(OFFICE.rename({"対象": "世帯"})).request_ids
    assert by_row(store, ids, "household") == each_name([False, True, True, True, False])


@pytest.mark.parametrize(
    ("dropped", "verdict"),
    [("対象", "withhold"), ("旧姓", "review")],
)
def test_a_former_surname_beside_the_name_is_one_more_name(store: Store, dropped: str, verdict: str) -> None:
    store.suppress(OFFICE.drop({"対象", dropped}))
    listed = pl.DataFrame({"氏名": ["架空 花子"], "住所": ["新宿区西新宿三丁目2番1号"]})
    assert optout.screen(listed, store).verdicts["verdict"].to_list() == [verdict]


def test_a_frame_that_names_nobody_is_refused(store: Store) -> None:
    with pytest.raises(InputError):
        store.suppress(pl.DataFrame({"金額": ["1"]}))
    assert store.revision == 0


def test_more_rows_than_a_block_holds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BLOCK", 16)
    people = [Request(name=f"見本 {n}", phones=f"090-1234-{n:04}") for n in range(50)]
    ids = store.suppress(people).request_ids
    assert store.active_requests() == ids
    assert store.entries()[1]["name"].to_list() == [person.name for person in people]


def test_entries_become_a_raw_frame_with_a_column_a_number() -> None:
    people = [Request(name="見本", phones=["1", "2"], emails="a@example.com"), Request(phones="3")]
    raw = bulk.as_raw(bulk.from_requests(people).entries)
    assert raw.columns == ["row", "subject", *RAW_FIELDS, "phone_1", "phone_2", "email_1"]
    assert raw["row"].to_list() == [0, 1]
    assert raw.select("phone_1", "phone_2", "email_1").rows() == [
        ("1", "2", "a@example.com"),
        ("3", None, None),
    ]


TEXTS = st.none() | st.text(alphabet="aあ\0", max_size=3)
ROWS = st.lists(
    st.tuples(TEXTS, TEXTS, st.none() | st.lists(st.text(alphabet="aあ", max_size=2), max_size=2))
)


def frame(rows: list[tuple[str | None, str | None, list[str] | None]]) -> pl.DataFrame:
    schema = {"name": pl.String, "kana": pl.String, "phones": pl.List(pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row")


@settings(deadline=None)
@given(ROWS, ROWS)
def test_two_lists_have_one_digest_only_when_they_are_equal(
    one: list[tuple[str | None, str | None, list[str] | None]],
    other: list[tuple[str | None, str | None, list[str] | None]],
) -> None:
    left, right = frame(one), frame(other)
    assert (bulk.content_digest(left) == bulk.content_digest(right)) == left.equals(right)


def test_the_digest_of_a_list_stays_the_same_between_versions() -> None:
    digest = bulk.content_digest(frame([("見本", None, ["090-1234-5678"]), ("", "ミホン", [])]))
    assert digest.hex()[:16] == "9498f8ffac300903"


def test_an_import_keeps_the_schema_of_entries() -> None:
    entries = bulk.from_requests([Request(name="見本")]).entries
    assert {**dict(entries.schema), "request": pl.String} == {**ENTRY_SCHEMA, "row": pl.UInt32}
