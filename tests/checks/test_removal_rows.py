"""Check 1: what becomes of each row: one person, several people, a key that people share, a hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import optout
from optout import review
from optout.register import holding, ledger
from optout.register.holding import Holding

Person = Callable[..., optout.Request]
Put = Callable[..., Path]
Rows = dict[str, str]
HOME = "新宿区西新宿3-2-1"
PHONE = "03-1234-5678"


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., Path]:
    """A Parquet list of these columns, null where a cell is None."""

    def write(columns: dict[str, list[str | None]], name: str = "held.parquet") -> Path:
        pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).write_parquet(tmp_path / name)
        return tmp_path / name

    return write


def actions(plan: optout.removal.Plan) -> list[tuple[int, str]]:
    return plan.table.select("row", "action").rows()


def carried_out(store: optout.Store, plan: optout.removal.Plan) -> optout.removal.Outcome:
    return optout.removal.execute(store, plan.hash)


def test_D5_every_outcome_a_holding_can_have(
    store: optout.Store, person: Person, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    calls = store.suppress(
        person(name="例示 太郎", kana=None, address="港区芝公園4-2-8", phones="03-1111-2222", channels="電話")
    )
    only = "7,例示 太郎,,港区芝公園4-2-8,03-1111-2222,"
    files = {
        "removed": put(rows["asked"], rows["other"], name="a.csv"),
        "suppressed": put(only, rows["other"], name="b.csv"),
        "exempt": put(rows["asked"], rows["other"], name="c.csv"),
        "not_found": put(rows["other"], name="d.csv"),
        "review": put(rows["variant"], rows["other"], name="e.csv"),
        "unreachable": tmp_path / "gone.csv",
    }
    before = {name: path.read_bytes() for name, path in files.items() if path.exists()}
    holding.add(store, Holding("記録", str(files["exempt"]), exempt="個人情報保護法 第29条第2項"))
    plan = optout.removal.plan(store, [*asked.request_ids, *calls.request_ids], list(files.values()))
    outcome = carried_out(store, plan)
    assert list(outcome.statuses.values()) == list(files)
    assert not outcome.done
    told = dict(outcome.table.select("status", "why").rows())
    assert told["exempt"] == "個人情報保護法 第29条第2項"
    assert told["unreachable"] == "UnreadableFileError"
    changed = [name for name, path in files.items() if name in before and path.read_bytes() != before[name]]
    assert changed == ["removed"]
    of_calls = outcome.requests.filter(request=calls.request_ids[0])
    assert dict(of_calls.select("holding", "status").rows())["b.csv"] == "suppressed"
    assert dict(of_calls.select("holding", "status").rows())["a.csv"] == "not_found"


def test_D6_a_number_of_several_people_erases_only_the_one_it_is_asked_for(
    store: optout.Store, asked: optout.Receipt, listed: Callable[..., Path]
) -> None:
    house: dict[str, list[str | None]] = {
        "氏名": ["高橋 一郎", "高橋 花子", "見本 次郎", None],
        "電話番号": [PHONE, PHONE, PHONE, PHONE],
    }
    path = listed(house)
    plan = optout.removal.plan(store, asked, [path])
    # The last row names nobody: whose of the three it is nobody knows.
    assert actions(plan) == [(0, "remove"), (1, "review"), (2, "review"), (3, "review")]
    assert carried_out(store, plan).statuses == {"held.parquet": "review"}
    assert pl.read_parquet(path)["氏名"].to_list() == ["高橋 花子", "見本 次郎", None]
    kept = optout.screen(path, store).verdicts["verdict"]
    assert "keep" not in kept.to_list(), "who shares the number is suppressed until a person decides"


def test_D6_a_number_nobody_else_has_erases_a_row_without_a_name(
    store: optout.Store, asked: optout.Receipt, listed: Callable[..., Path]
) -> None:
    path = listed({"氏名": ["見本 次郎", None], "電話番号": ["03-9999-1111", PHONE]})
    assert actions(optout.removal.plan(store, asked, [path])) == [(1, "remove")]


def test_D6_a_household_request_erases_the_one_who_asked_and_suppresses_the_others(
    store: optout.Store, person: Person, listed: Callable[..., Path]
) -> None:
    receipt = store.suppress(person(household=True))
    path = listed({"氏名": ["高橋 一郎", "高橋 花子"], "住所": [HOME, HOME]})
    plan = optout.removal.plan(store, receipt, [path])
    assert actions(plan) == [(0, "remove"), (1, "suppress_only")]
    assert carried_out(store, plan).done
    assert pl.read_parquet(path)["氏名"].to_list() == ["高橋 花子"]
    assert optout.screen(path, store).verdicts["verdict"].to_list() == ["withhold"]


def test_D6_a_mailbox_two_people_share_erases_nobody_unreviewed(
    store: optout.Store, person: Person, listed: Callable[..., Path]
) -> None:
    receipt = store.suppress(person(emails="family@example.com"))
    path = listed({"氏名": ["見本 花子", None], "メール": ["family@example.com"] * 2})
    assert actions(optout.removal.plan(store, receipt, [path])) == [(0, "review"), (1, "remove")]


ORDERS = {
    "注文者氏名": ["見本 花子", "高橋 一郎", "高橋 一郎"],
    "注文者電話番号": ["090-1234-0001", PHONE, PHONE],
    "送付先氏名": ["高橋 一郎", "見本 花子", None],
    "送付先住所": [HOME, "千代田区千代田1-1", None],
    "商品": ["りんご", "みかん", "柿"],
}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_D7_of_a_row_of_two_people_only_the_cells_of_one_go(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"orders.{kind}"
    frame = pl.DataFrame(ORDERS)
    frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    plan = optout.removal.plan(store, asked, [path])
    assert actions(plan) == [(0, "blank"), (1, "blank"), (2, "remove")]
    outcome = carried_out(store, plan)
    assert outcome.table.select("status", "removed", "blanked").row(0) == ("removed", 1, 2)
    left = pl.read_csv(path) if kind == "csv" else pl.read_parquet(path)
    assert left.rows() == [
        ("見本 花子", "090-1234-0001", None, None, "りんご"),
        (None, None, "見本 花子", "千代田区千代田1-1", "みかん"),
    ]
    assert optout.removal.plan(store, asked, [path]).table.is_empty()


def test_D7_beside_a_joint_name_the_shared_address_stays(
    store: optout.Store, asked: optout.Receipt, listed: Callable[..., Path]
) -> None:
    couples: dict[str, list[str | None]] = {
        "氏名": ["高橋 一郎", "見本 太郎", "高橋 一郎"],
        "住所": [HOME, HOME, HOME],
        "連名": ["見本 花子", "高橋 一郎", "花子"],
    }
    path = listed(couples)
    plan = optout.removal.plan(store, asked, [path])
    # Without his name beside it, the last 花子 would have no surname: a person has to write it first.
    assert actions(plan) == [(0, "blank"), (1, "blank"), (2, "review")]
    assert plan.table["why"].to_list()[2] == "two_people"
    assert carried_out(store, plan).statuses == {"held.parquet": "review"}
    assert pl.read_parquet(path).rows() == [
        (None, HOME, "見本 花子"),
        ("見本 太郎", HOME, None),
        ("高橋 一郎", HOME, "花子"),
    ]


def test_D7_two_names_in_the_cell_of_somebody_else_do_not_bind_the_one_who_asked(
    store: optout.Store, asked: optout.Receipt, listed: Callable[..., Path]
) -> None:
    row: dict[str, list[str | None]] = {
        "注文者氏名": ["高橋 一郎"],
        "注文者電話番号": [PHONE],
        "送付先氏名": ["見本 太郎・花子"],
        "送付先住所": ["千代田区千代田1-1"],
    }
    path = listed(row)
    assert carried_out(store, optout.removal.plan(store, asked, [path])).done
    assert pl.read_parquet(path).rows() == [(None, None, "見本 太郎・花子", "千代田区千代田1-1")]


def test_D7_one_person_at_home_and_at_work_is_one_person(
    store: optout.Store, asked: optout.Receipt, listed: Callable[..., Path]
) -> None:
    path = listed({"氏名": ["高橋 一郎"], "自宅住所": [HOME], "会社住所": ["大阪市北区梅田1-2-3"]})
    assert actions(optout.removal.plan(store, asked, [path])) == [(0, "remove")]


def test_D8_an_erasure_leaves_the_suppression_and_the_records_of_articles_29_and_30(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows
) -> None:
    told = ledger.Provision(
        id="D-1",
        date=store.now().date(),
        recipient={"name": "見本商事", "address": "港区1-1", "representative": "見本 社長"},
        items=("氏名", "住所"),
        rows=1,
    )
    schema = {"row": pl.UInt32, "row_id": pl.String, "subject": pl.String}
    person = pl.DataFrame(
        {"row": [0], "row_id": ["1"], "subject": ["self"], "name": ["高橋 一郎"], "address": [HOME]},
        schema_overrides=schema,
    )
    ledger.record(store, told, person)
    held = put(rows["asked"], rows["other"])
    assert carried_out(store, optout.removal.plan(store, asked, [held])).done
    assert store.is_active(asked.request_ids[0])
    assert ledger.subjects(store, "D-1")["name"].to_list() == ["高橋 一郎"]


@pytest.mark.parametrize("hold", ["the same person", "perhaps the same"])
def test_D8_a_row_under_a_legal_hold_survives(
    store: optout.Store, person: Person, asked: optout.Receipt, put: Put, rows: Rows, hold: str
) -> None:
    store.suppress(
        person(
            kind="legal_hold", **({} if hold == "the same person" else {"name": "高橋 一朗", "phones": ()})
        )
    )
    held = put(rows["asked"], rows["other"])
    before = held.read_bytes()
    plan = optout.removal.plan(store, None, [held])
    expected = "exempt" if hold == "the same person" else "review"
    assert plan.table.select("action", "why").rows() == [(expected, "legal_hold")]
    outcome = carried_out(store, plan)
    assert (outcome.statuses["held.csv"], held.read_bytes()) == (expected, before)
    assert outcome.done == (expected == "exempt")


def test_D9_who_is_found_nowhere_is_suppressed_for_the_future(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows
) -> None:
    outcome = carried_out(store, optout.removal.plan(store, asked, [put(rows["other"])]))
    assert outcome.done
    assert outcome.requests["status"].to_list() == ["not_found"]
    later = put(rows["asked"], name="bought.csv")
    assert optout.screen(later, store).verdicts["verdict"].to_list() == ["withhold"]


def test_one_clients_request_finds_nothing_in_another_clients_list_and_erases_from_his_own(
    store: optout.Store, person: Person, put: Put, rows: Rows
) -> None:
    """S2: tenants answer for themselves alone."""
    receipt = store.suppress(person(tenant="client-a"))
    for name, owner in (("a", "client-a"), ("b", "client-b"), ("ours", None)):
        holding.add(
            store, Holding(name, str(put(rows["asked"], rows["other"], name=f"{name}.csv")), owner=owner)
        )
    plan = optout.removal.plan(store, receipt)
    assert dict(plan.table.select("holding", "action").rows()) == {"a": "remove", "ours": "suppress_only"}
    assert carried_out(store, plan).statuses == {"a": "removed", "b": "not_found", "ours": "suppressed"}


def test_a_doubtful_row_waits_and_goes_or_stays_as_a_person_decides(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows
) -> None:
    second = "8,高橋 一郎子,,新宿区西新宿3-2-1,,"
    held = put(rows["variant"], second, rows["other"])
    first = optout.removal.plan(store, asked, [held])
    assert actions(first) == [(0, "review"), (1, "review")]
    waiting = review.waiting(store)
    assert waiting["row"].to_list() == [0, 1]
    assert first.table["id"].to_list() == ["line 2", "line 3"]
    assert not carried_out(store, first).done
    review.decide(store, waiting["item"][0], "same", "本人に確認", "鈴木")
    review.decide(store, waiting["item"][1], "other", "家族", "鈴木")
    plan = optout.removal.plan(store, asked, [held])
    assert actions(plan) == [(0, "remove")]
    assert review.waiting(store).is_empty()
    review.undo(store, waiting["item"][0], "取り違え")
    with pytest.raises(optout.errors.StalePlanError, match="decision"):
        carried_out(store, plan)
    review.decide(store, waiting["item"][0], "same", "再確認", "鈴木")
    assert carried_out(store, optout.removal.plan(store, asked, [held])).done
    assert [line.split(",")[0] for line in held.read_text("cp932").splitlines()] == ["番号", "8", "2"]
