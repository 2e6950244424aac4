"""A person's decisions on borderline pairs: kept, used again under the same scheme, taken back, on a sheet and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import optout
from optout import errors, review
from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.review import Decisions
from optout.screen.judge import Question, judge
from optout.screen.snapshot import snapshot

ASKED = {"氏名": "高橋一郎", "住所": "新宿区西新宿3-2-1", "電話番号": "", "DM不要": ""}
VARIANT = {"氏名": "高橋 一朗", "住所": "新宿区西新宿3-2-1", "電話番号": "", "DM不要": ""}
OTHER = {"氏名": "見本 花子", "住所": "千代田区千代田1-1", "電話番号": "090-1234-0001", "DM不要": ""}
UNCLEAR = {"氏名": "見本 次郎", "住所": "港区芝公園4-2-8", "電話番号": "", "DM不要": "??"}


def listed(*rows: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows))


@pytest.fixture
def asked(store: optout.Store, person: Callable[..., optout.Request]) -> str:
    return store.suppress(person()).request_ids[0]


@pytest.fixture
def waiting(store: optout.Store, asked: str) -> tuple[optout.Result, review.Item]:
    """A list with one borderline pair, put before a person."""
    result = optout.screen(listed(ASKED, VARIANT, OTHER), store)
    [item] = review.items(store, result, "list-1")
    review.keep_items(store, "list-1", [item])
    return result, item


def verdicts(store: optout.Store, result: optout.Result) -> list[str]:
    return list(review.decided(store, result).verdicts["verdict"])


def test_V1_there_are_three_zones_and_only_what_is_certain_acts_by_itself(
    store: optout.Store, waiting: tuple[optout.Result, review.Item]
) -> None:
    result, _ = waiting
    assert result.verdicts["verdict"].to_list() == ["withhold", "review", "keep"]
    assert [part.height for part in (result.kept, result.withheld, result.review)] == [1, 1, 1]
    assert review.decided(store, result) is result


def test_V2_an_item_shows_both_sides_field_by_field(
    waiting: tuple[optout.Result, review.Item], asked: str
) -> None:
    _, item = waiting
    assert (item.row, item.request, item.reason, item.rule) == (1, asked, "name_variant", "RU21")
    shown = {each.field: (each.row_value, each.level) for each in item.evidence}
    assert shown["person"] == ("高橋 一朗", "similar")
    assert shown["address"] == ("新宿区西新宿3-2-1", "equal")
    assert shown["email"] == (None, "none")
    [person] = [each for each in item.evidence if each.field == "person"]
    assert person.entry_value is not None
    assert "髙橋 一郎" in person.entry_value
    assert sum(each.weight or 0 for each in item.evidence) == pytest.approx(item.weight)


@pytest.mark.parametrize(("answer", "verdict"), [("same", "withhold"), ("other", "keep")])
def test_V2_a_decision_is_kept_with_reviewer_and_reason_and_holds_for_the_row(
    store: optout.Store, waiting: tuple[optout.Result, review.Item], answer: str, verdict: str
) -> None:
    result, item = waiting
    kept = review.decide(store, item.id, answer, "電話で確認", "佐藤")
    assert (kept.told["answer"], kept.told["reviewer"], kept.told["reason"]) == (answer, "佐藤", "電話で確認")
    told = review.decided(store, result)
    row = told.verdicts.row(1, named=True)
    assert (row["verdict"], row["reason"], row["request"]) == (verdict, f"decided_{answer}", item.request)
    assert told.report["by_reason"] == {f"decided_{answer}": 1, "same_person": 1}
    assert sum(told.counts.values()) == 3
    assert review.waiting(store).is_empty()


def test_V2_the_same_pair_is_decided_in_any_later_list_however_it_is_laid_out(
    store: optout.Store, waiting: tuple[optout.Result, review.Item]
) -> None:
    review.decide(store, waiting[1].id, "other", "電話で確認")
    later = pl.DataFrame(
        {
            "番号": ["7", "8"],
            "お名前": ["鈴木 太郎", "高橋　一朗"],
            "ご住所": ["大阪市北区1-1", "新宿区西新宿３-２-１"],
        }
    )
    result = optout.screen(later, store)
    assert result.verdicts["verdict"].to_list() == ["keep", "review"]
    assert verdicts(store, result) == ["keep", "keep"]


@pytest.mark.parametrize(
    "changed",
    [{"電話番号": "03-9999-1234"}, {"住所": "新宿区西新宿3-2-1 101"}, {"氏名": "高橋 一朗太"}],
    ids=["a number", "a room", "another name"],
)
def test_V2_another_row_is_another_pair(
    store: optout.Store, waiting: tuple[optout.Result, review.Item], changed: dict[str, str]
) -> None:
    review.decide(store, waiting[1].id, "other", "電話で確認")
    result = optout.screen(listed({**VARIANT, **changed}), store)
    assert review.decided(store, result) is result


def test_V2_another_request_of_the_same_person_is_another_pair(
    store: optout.Store,
    waiting: tuple[optout.Result, review.Item],
    person: Callable[..., optout.Request],
) -> None:
    review.decide(store, waiting[1].id, "other", "電話で確認")
    store.suppress(person(received="2026-05-01", source="post"))
    result = review.decided(store, optout.screen(listed(VARIANT), store))
    assert result.verdicts["verdict"].to_list() == ["review"]
    assert len(review.items(store, result)) == 1


def test_V2_a_decision_does_not_hold_under_another_scheme(
    store: optout.Store, waiting: tuple[optout.Result, review.Item]
) -> None:
    result, item = waiting
    review.decide(store, item.id, "other", "電話で確認")
    newer = replace(result._snapshot, scheme="k99-00000000")
    under = replace(result, _snapshot=newer)
    assert review.decided(store, under) is under
    [again] = review.items(store, under)
    assert again.id != item.id


def test_V2_a_decision_can_be_taken_back_and_every_version_stays(
    store: optout.Store, waiting: tuple[optout.Result, review.Item]
) -> None:
    result, item = waiting
    review.decide(store, item.id, "other", "電話で確認", "佐藤")
    review.undo(store, item.id, "取り違え", "鈴木")
    assert verdicts(store, result) == ["withhold", "review", "keep"]
    assert review.waiting(store)["item"].to_list() == [item.id]
    review.decide(store, item.id, "same", "本人から連絡", "佐藤")
    assert verdicts(store, result) == ["withhold", "withhold", "keep"]
    told = [(one.told["answer"], one.told["reviewer"]) for one in review.history(store, item.id)]
    assert told == [("other", "佐藤"), (None, "鈴木"), ("same", "佐藤")]
    review.undo(store, item.id, "再確認")
    with pytest.raises(errors.UnknownRecordError):
        review.undo(store, item.id, "もう一度")


def test_decisions_outlive_the_process_and_a_new_key(
    store: optout.Store, waiting: tuple[optout.Result, review.Item]
) -> None:
    _, item = waiting
    review.decide(store, item.id, "other", "電話で確認")
    store.rotate_key()
    path = store.path
    store.close()
    with optout.Store.open(path) as again:
        assert verdicts(again, optout.screen(listed(VARIANT), again)) == ["keep"]
        assert review.shown(again, item.id).evidence == item.evidence


def test_a_certain_hit_is_never_weakened_by_an_answer(
    store: optout.Store, waiting: tuple[optout.Result, review.Item], asked: str
) -> None:
    """What was answered of a pair under review changes nothing on a channel where the number alone decides."""
    row = {"氏名": "鈴木 太郎", "電話番号": "03-1234-5678"}
    result = optout.screen(listed(row), store)
    assert result.verdicts["verdict"].to_list() == ["review"]
    items = review.items(store, result)
    review.keep_items(store, "tm", items)
    review.decide(store, items[0].id, "other", "番号は再割当")
    assert verdicts(store, result) == ["keep"]
    assert verdicts(store, optout.screen(listed(row), store, channel="phone")) == ["withhold"]


def test_an_answer_that_it_is_the_person_withholds_even_where_no_rule_speaks(
    store: optout.Store, asked: str
) -> None:
    relative = {"氏名": "高橋 花子", "住所": "新宿区西新宿3-2-1", "電話番号": "0312345678"}
    result = optout.screen(listed(relative), store)
    assert result.verdicts["verdict"].to_list() == ["review"]
    items = review.items(store, result)
    review.keep_items(store, "a", items)
    review.decide(store, items[0].id, "same", "旧名と確認")
    pairs = result._judged.pairs.with_columns(
        pl.lit(None).cast(column.dtype).alias(column.name)
        for column in result._judged.pairs.select("rule", "verdict", "reason").get_columns()
    )
    silent = replace(result, _judged=replace(result._judged, pairs=pairs))
    assert verdicts(store, silent) == ["withhold"]


def test_a_row_is_kept_only_when_every_pair_of_it_is_decided(
    store: optout.Store, asked: str, person: Callable[..., optout.Request]
) -> None:
    store.suppress(person(received="2026-05-01", source="post"))
    result = optout.screen(listed(VARIANT), store)
    first, second = review.items(store, result)
    review.keep_items(store, "two", [first, second])
    review.decide(store, first.id, "other", "別人")
    assert verdicts(store, result) == ["review"]
    assert [item.id for item in review.items(store, review.decided(store, result))] == [second.id]
    review.decide(store, second.id, "other", "別人")
    assert verdicts(store, result) == ["keep"]


def test_a_row_that_is_in_doubt_by_itself_can_be_decided_but_nobody_can_be_made_out_of_nothing(
    store: optout.Store, asked: str
) -> None:
    nobody = {"氏名": "不明", "住所": "", "電話番号": "", "DM不要": ""}
    result = optout.screen(listed(UNCLEAR, nobody, OTHER), store)
    unclear, unidentifiable = review.items(store, result)
    assert (unclear.reason, unclear.request) == ("own_flag_unclear", None)
    review.keep_items(store, "own", [unclear, unidentifiable])
    review.decide(store, unclear.id, "other", "記入者の印")
    assert verdicts(store, result) == ["keep", "review", "keep"]
    with pytest.raises(errors.OptionError, match="answer"):
        review.decide(store, unidentifiable.id, "other", "多分よい")
    review.decide(store, unidentifiable.id, "same", "送らない")
    review.undo(store, unclear.id, "やはり拒否")
    review.decide(store, unclear.id, "same", "拒否の印")
    assert verdicts(store, result) == ["withhold", "withhold", "keep"]


def test_a_stream_is_decided_as_the_whole_list_is(
    store: optout.Store, waiting: tuple[optout.Result, review.Item]
) -> None:
    result, item = waiting
    review.decide(store, item.id, "other", "電話で確認")
    known = Decisions.of(store, result.scheme)
    rows = listed(OTHER, VARIANT, ASKED)
    mapping, current = recognise(rows.columns, sample=rows), snapshot(store)
    found = []
    for first in range(3):
        lines = raw(rows[first], mapping, first)
        judged = known.settle(
            judge(lines, first, 1, current, Question("person", "any", None)), lines, current
        )
        found += judged.verdicts.select("row", "verdict").rows()
        assert review.items_in(known, judged, lines, current).is_empty()
    assert found == [(0, "keep"), (1, "keep"), (2, "withhold")]


def test_nothing_decided_costs_nothing_and_changes_nothing(store: optout.Store, asked: str) -> None:
    result = optout.screen(listed(VARIANT), store)
    known = Decisions.of(store, result.scheme)
    assert known.settle(result._judged, result._raw, result._snapshot) is result._judged


def test_what_is_open_is_replaced_when_the_list_comes_again(
    store: optout.Store, waiting: tuple[optout.Result, review.Item]
) -> None:
    result, item = waiting
    audit = store.audit_verify()
    assert review.keep_items(store, "list-1", review.items(store, result)) == 1
    assert store.audit_verify() == audit
    review.keep_items(store, "list-2", [item])
    assert review.waiting(store)["list"].to_list() == ["list-2"]
    review.keep_items(store, "list-1", [])
    review.keep_items(store, "list-2", [])
    assert review.waiting(store).is_empty()


def test_decisions_need_a_reason_a_known_item_and_a_known_answer(
    store: optout.Store, waiting: tuple[optout.Result, review.Item]
) -> None:
    _, item = waiting
    with pytest.raises(errors.OptionError, match="reason"):
        review.decide(store, item.id, "same", " ")
    with pytest.raises(errors.OptionError, match="reviewer"):
        review.decide(store, item.id, "same", "確認", " ")
    with pytest.raises(errors.OptionError, match="answer"):
        review.decide(store, item.id, "perhaps", "確認")
    for unknown in ("P-NOBODY", review.pair.batch_id(store, "list-1")):
        with pytest.raises(errors.UnknownRecordError):
            review.decide(store, unknown, "same", "確認")
    assert review.decisions(store) == {}


def test_V2_the_open_pairs_go_out_as_a_sheet_and_their_answers_come_back(
    store: optout.Store, asked: str, tmp_path: Path
) -> None:
    result = optout.screen(listed(VARIANT, UNCLEAR, OTHER), store)
    items = review.items(store, result)
    review.keep_items(store, "甲", items)
    sheet = review.answer_sheet(store)
    assert sheet["item"].to_list() == [item.id for item in items]
    assert sheet["row_name"].to_list() == ["高橋 一朗", "見本 次郎"]
    filled = sheet.with_columns(pl.Series("answer", ["別人", ""]), pl.Series("reason", ["電話で確認", ""]))
    path = tmp_path / "back.csv"
    path.write_bytes(filled.select("item", "answer", "reason", "list").write_csv().encode("cp932"))
    told = review.take_in(store, path, reviewer="佐藤")
    assert (told.decided, told.known, told.left_open) == (1, 0, 1)
    assert verdicts(store, result) == ["keep", "review", "keep"]
    again = review.take_in(store, path, reviewer="佐藤")
    assert (again.decided, again.known) == (0, 1)
    assert len(review.history(store, items[0].id)) == 1


def test_a_sheet_that_contradicts_itself_or_what_stands_is_refused_whole(
    store: optout.Store, asked: str
) -> None:
    result = optout.screen(listed(VARIANT, UNCLEAR), store)
    first, second = review.items(store, result)
    review.keep_items(store, "甲", [first, second])
    review.decide(store, first.id, "same", "確認")
    wrong = {
        "items are decided otherwise": ([first.id, second.id], ["other", "same"], ["x", "x"]),
        "answers are none": ([second.id], ["maybe"], ["x"]),
        "two answers": ([second.id, second.id], ["same", "other"], ["x", "x"]),
        "no reason": ([second.id], ["same"], [""]),
        "items are not open": ([second.id, "P-OTHER"], ["same", "same"], ["x", "x"]),
    }
    for why, (items, answers, reasons) in wrong.items():
        sheet = pl.DataFrame({"item": items, "answer": answers, "reason": reasons})
        with pytest.raises(errors.LabelsError, match=why):
            review.take_in(store, sheet)
    with pytest.raises(errors.LabelsError, match="no column"):
        review.take_in(store, pl.DataFrame({"item": [second.id]}))
    assert list(review.decisions(store)) == [first.id]


def test_no_repr_id_or_message_tells_of_a_person(
    store: optout.Store, waiting: tuple[optout.Result, review.Item], tmp_path: Path
) -> None:
    _, item = waiting
    review.decide(store, item.id, "other", "電話で確認")
    shown = [repr(item), repr(item.evidence), item.id, repr(review.decisions(store))]
    shown += [repr(Decisions.of(store, item.scheme))]
    for told in ("高橋", "一朗", "西新宿", "髙橋"):
        assert all(told not in text for text in shown)
        on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert told.encode() not in on_disk


def test_the_same_pair_has_another_id_in_another_store(
    tmp_path: Path, person: Callable[..., optout.Request], store: optout.Store, asked: str
) -> None:
    other = optout.Store.create(tmp_path / "other.db")
    other.suppress(person())
    result = optout.screen(listed(VARIANT), store)
    request = result._judged.pairs["b"].head(1)
    lines = result._raw.head(1)
    requests = result._snapshot.entries["request"].gather(request)
    ids = {
        str(review.pair_ids(one.digest_key("review"), result.scheme, lines, requests)[0])
        for one in (store, other)
    }
    assert len(ids) == 2
