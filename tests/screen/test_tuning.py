"""Labelled review decisions: counted per rule and threshold, never guessed, never turned into a rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import optout
from optout import tables
from optout.errors import AmbiguousColumnError, LabelsError, OptionError
from optout.screen import tuning

Make = Callable[..., optout.Request]
PLACE = "新宿区西新宿3-2-1"
# Withheld by name and address; four reviews at three weights; kept beside a request; nobody near.
ROWS = {
    "氏名": ["高橋 一郎", "高橋 一朗", "高橋 一朗", "渡辺 花子", "高橋 一朗", "高橋 花子", "見本 太郎"],
    "住所": [PLACE, PLACE, PLACE, None, None, PLACE, None],
    "電話番号": [None, None, "03-1234-5678", "03-1234-5678", "03-1234-5678", None, "06-1234-9999"],
}
RULES = {1: "RU21", 2: "RU17", 3: "RU19", 4: "RU17"}


@pytest.fixture
def request_id(store: optout.Store, person: Make) -> str:
    return str(store.suppress(person()).request_ids[0])


@pytest.fixture
def result(store: optout.Store, request_id: str) -> optout.Result:
    made = optout.screen(pl.DataFrame(ROWS), store)
    assert made.verdicts["verdict"].to_list() == ["withhold", *["review"] * 4, "keep", "keep"]
    assert dict(made.verdicts[1:5].select("row", "rule").iter_rows()) == RULES
    return made


def labels(request_id: str, **rows: str) -> pl.DataFrame:
    """`r1="same"` labels row 1."""
    lines = [(int(row[1:]), request_id, answer) for row, answer in rows.items()]
    return pl.DataFrame(lines, schema=["row", "request", "decision"], orient="row")


def line(frame: pl.DataFrame, **where: object) -> dict[str, object]:
    found = frame.filter(*(pl.col(column) == value for column, value in where.items()))
    assert found.height == 1
    return found.row(0, named=True)


def test_each_rule_tells_what_it_would_do_wrong_either_way(result: optout.Result, request_id: str) -> None:
    told = optout.tune(result, labels(request_id, r0="other", r1="same", r2="same", r3="other", r4="other"))
    assert told.rules.schema == pl.Schema(tuning.RULES_SCHEMA)
    counts = ("pairs", "labelled", "same", "other", "false_if_withheld", "missed_if_kept")
    by_rule = {each["rule"]: tuple(each[name] for name in counts) for each in told.rules.to_dicts()}
    assert by_rule == {
        "RU10": (1, 1, 0, 1, 1, 0),
        "RU17": (2, 2, 1, 1, 1, 1),
        "RU19": (1, 1, 0, 1, 1, 0),
        "RU21": (1, 1, 1, 0, 0, 1),
    }
    assert (told.labelled, told.undecided) == (5, 0)


def test_a_row_two_requests_bring_to_review_is_missed_only_if_both_rules_were_off(
    store: optout.Store, person: Make, request_id: str
) -> None:
    other = store.suppress(person(name="渡辺 花子", kana=None, address=None)).request_ids[0]
    result = optout.screen(pl.DataFrame(ROWS)[[2]], store)
    assert set(result.hits["rule"]) == {"RU17", "RU19"}
    told = optout.tune(
        result, pl.concat([labels(request_id, r0="same"), labels(str(other), r0="other")])
    ).rules
    assert told["missed_if_kept"].to_list() == [0, 0]
    assert told["false_if_withheld"].to_list() == [0, 0]


def test_withholding_from_a_weight_saves_reviews_and_costs_false_matches(
    result: optout.Result, request_id: str
) -> None:
    weights = dict(result.verdicts.select("row", "weight").iter_rows())
    heaviest, lightest = max(weights[row] for row in RULES), min(weights[row] for row in RULES)
    assert weights[2] == heaviest > lightest
    told = optout.tune(
        result, labels(request_id, r1="same", r2="same", r3="other", r4="other"), [heaviest, lightest]
    )
    assert told.thresholds.schema == pl.Schema(tuning.THRESHOLDS_SCHEMA)
    changes = ("action", "rows", "reviews", "false_matches", "missed_matches")
    high = line(told.thresholds, side="above", threshold=heaviest)
    assert tuple(high[name] for name in changes) == ("withhold", 1, -1, 0, 0)
    low = line(told.thresholds, side="above", threshold=lightest)
    assert tuple(low[name] for name in changes) == ("withhold", 4, -4, 2, 0)
    nothing = line(told.thresholds, side="below", threshold=lightest)
    assert tuple(nothing[name] for name in changes) == ("keep", 0, 0, 0, 0)
    assert nothing["share"] is None


def test_keeping_below_a_weight_saves_reviews_and_costs_missed_matches(
    result: optout.Result, request_id: str
) -> None:
    told = optout.tune(result, labels(request_id, r1="same", r2="same", r3="other", r4="same"), [500.0])
    below = line(told.thresholds, side="below", threshold=500.0)
    changes = ("rows", "labelled", "reviews", "false_matches", "missed_matches", "share")
    assert tuple(below[name] for name in changes) == (4, 4, -4, 0, 3, 0.75)


def test_withheld_rows_could_be_reviewed_and_kept_ones_too(result: optout.Result, request_id: str) -> None:
    told = optout.tune(result, labels(request_id, r0="別人", r5="本人"), [-500.0, 500.0])
    withheld = line(told.thresholds, verdict="withhold", threshold=500.0)
    assert (withheld["action"], withheld["reviews"], withheld["false_matches"]) == ("review", 1, -1)
    kept = line(told.thresholds, verdict="keep", threshold=-500.0)
    assert (kept["action"], kept["reviews"], kept["missed_matches"]) == ("review", 1, -1)
    assert told.rules.filter(pl.col("rule").is_null())["missed_if_kept"].to_list() == [1]


def test_thresholds_are_those_that_occur_and_what_is_shown_is_what_was_tried(
    result: optout.Result, request_id: str
) -> None:
    told = optout.tune(result, labels(request_id, r1="same")).thresholds
    assert told["threshold"].n_unique() <= 10
    assert told.filter(pl.col("side") == "above")["rows"].max() == 4
    assert all(round(weight, 1) == weight for weight in told["threshold"])


def test_the_interval_is_wilson_s() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    known = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (k, n), ends in known.items():
        got = [pl.select(end).item() for end in tuning.wilson(pl.lit(k), pl.lit(n))]
        assert got == pytest.approx(ends, abs=5e-5)
    assert [pl.select(end).item() for end in tuning.wilson(pl.lit(0), pl.lit(0))] == [None, None]


def test_too_few_labels_are_called_too_few_and_a_hundred_never_are(
    store: optout.Store, request_id: str
) -> None:
    crowd = pl.DataFrame({"氏名": ["高橋 一朗"] * 100, "住所": [PLACE] * 100})
    result = optout.screen(crowd, store)

    def told(n: int) -> optout.Tuning:
        answers = {f"r{row}": ("same", "other")[row % 2] for row in range(n)}
        return optout.tune(result, labels(request_id, **answers))

    assert told(29).rules["few"].to_list() == [True]
    assert [remark for remark in told(29).remarks if "RU21 (29)" in remark]
    assert told(100).rules["few"].to_list() == [False]
    assert told(100).remarks == ()


def test_labels_that_lean_to_one_rule_are_told(store: optout.Store, request_id: str) -> None:
    crowd = pl.DataFrame(
        {
            "氏名": ["高橋 一朗"] * 80,
            "住所": [PLACE] * 40 + [None] * 40,
            "電話番号": [None] * 40 + ["03-1234-5678"] * 40,
        }
    )
    result = optout.screen(crowd, store)
    leaning = optout.tune(result, labels(request_id, **{f"r{row}": "same" for row in range(40)})).remarks
    assert [remark for remark in leaning if "not spread" in remark]
    assert "no label for RU17" in leaning
    even = optout.tune(result, labels(request_id, **{f"r{row}": "same" for row in range(80)})).remarks
    assert even == ()


def test_labels_of_pairs_that_do_not_decide_their_row_are_told_and_not_counted(
    store: optout.Store, person: Make
) -> None:
    asked = [str(i) for i in store.suppress([person(), person(name="高橋 一朗", phones=[])]).request_ids]
    frame = pl.DataFrame({"氏名": ["高橋 一郎"] * 2, "住所": [PLACE] * 2})
    told = optout.tune(optout.screen(frame, store), labels(asked[1], r0="other", r1="other"))
    assert [
        remark for remark in told.remarks if remark.startswith("2 labels are of pairs that do not decide")
    ]


def test_a_sheet_holds_the_reviews_with_both_sides_and_comes_back_as_labels(
    result: optout.Result, request_id: str
) -> None:
    sheet = optout.label_sheet(result)
    assert sheet["row"].sort().to_list() == [1, 2, 3, 4]
    assert sheet["weight"].is_sorted(descending=True)
    first = line(sheet, row=1)
    assert (first["row_name"], first["decision"], first["person_level"]) == ("高橋 一朗", "", "similar")
    assert first["entry_phone"] == "03-1234-5678"
    assert first["row_phone"] is None
    with pytest.raises(LabelsError, match="no line holds a decision"):
        optout.tune(result, sheet)
    filled = sheet.with_columns(pl.Series("decision", ["本人", " 別人 ", "不明", None]))
    told = optout.tune(result, filled)
    assert (told.labelled, told.undecided) == (2, 2)


def test_a_sheet_can_hold_what_was_withheld_or_kept_and_a_sample_of_rows(
    result: optout.Result, store: optout.Store
) -> None:
    whole = optout.label_sheet(result, ("review", "withhold", "keep"))
    assert set(whole["row"]) == {0, 1, 2, 3, 4, 5}
    drawn = optout.label_sheet(result, sample=2)
    assert drawn["row"].n_unique() == 2
    assert drawn.equals(optout.label_sheet(result, sample=2))
    assert len({tuple(optout.label_sheet(result, sample=2, rng_seed=seed)["row"]) for seed in range(20)}) > 1
    for wrong in ({"verdicts": ("perhaps",)}, {"sample": 0}):
        with pytest.raises(OptionError):
            optout.label_sheet(result, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header", ["行番号,求め番号,判断", "行 row,求め request,判断 decision", "Row,Request ID,Answer"]
)
@pytest.mark.parametrize(("suffix", "encoding"), [(".csv", "cp932"), (".tsv", "utf-8-sig")])
def test_a_sheet_is_read_as_a_spreadsheet_saves_it(
    result: optout.Result, request_id: str, tmp_path: Path, header: str, suffix: str, encoding: str
) -> None:
    place = tmp_path / f"sheet{suffix}"
    text = f"{header}\r\n１,{request_id},○\r\n2.0,{request_id},ＮＯ\r\n3,{request_id},\r\n"
    place.write_bytes((text if suffix == ".csv" else text.replace(",", "\t")).encode(encoding))
    told = optout.tune(result, place)
    assert (told.labelled, told.undecided) == (2, 1)
    assert told.rules.filter(pl.col("labelled") > 0).select("rule", "same").rows() == [
        ("RU17", 0),
        ("RU21", 1),
    ]


@pytest.mark.parametrize(
    ("answers", "why", "first_lines"),
    [
        ({"r1": "same", "r99": "same"}, "rows are not in the list of 7", (3,)),
        ({"r6": "other"}, "never met", (2,)),
        ({"r1": "たぶん"}, "decisions are no answer", (2,)),
    ],
)
def test_a_label_that_cannot_be_placed_is_an_error_with_its_line(
    result: optout.Result, request_id: str, answers: dict[str, str], why: str, first_lines: tuple[int, ...]
) -> None:
    with pytest.raises(LabelsError, match=why) as refused:
        optout.tune(result, labels(request_id, **answers))
    assert refused.value.first_lines == first_lines
    assert "たぶん" not in str(refused.value)


def test_an_unknown_request_a_blank_one_and_two_answers_for_one_pair_are_errors(
    result: optout.Result, request_id: str
) -> None:
    one = labels(request_id, r1="same")
    for wrong, why in (
        (labels("R-AAAAAAAAAAAAA", r1="same"), "requests are not in force"),
        (labels("", r1="same"), "requests are blank"),
        (pl.concat([one, labels(request_id, r1="other")]), "two answers for one pair"),
        (one.with_columns(pl.lit("first").alias("row")), "rows are no row number"),
        (one.drop("decision"), "no column 判断 decision"),
        (one.with_columns(pl.lit("").alias("decision")), "no line holds a decision"),
    ):
        with pytest.raises(LabelsError, match=why):
            optout.tune(result, wrong)
    assert optout.tune(result, pl.concat([one, one])).labelled == 1
    with pytest.raises(AmbiguousColumnError):
        optout.tune(result, one.with_columns(pl.lit("same").alias("判断")))
    with pytest.raises(OptionError):
        optout.tune(result, one, [float("nan")])


def test_a_sheet_of_another_list_is_refused(store: optout.Store, request_id: str, tmp_path: Path) -> None:
    for name, height in (("one.csv", 2), ("two.csv", 3)):
        rows = "".join(f"高橋 一朗,{PLACE}\n" for _ in range(height))
        (tmp_path / name).write_text(f"氏名,住所\n{rows}", "utf-8")
    one, two = (optout.screen(tmp_path / name, store) for name in ("one.csv", "two.csv"))
    filled = optout.label_sheet(one).with_columns(pl.lit("same").alias("decision"))
    assert optout.tune(one, filled).labelled == 2
    with pytest.raises(LabelsError, match="another list"):
        optout.tune(two, filled)


def test_tuning_changes_no_rule_and_shows_nobody(result: optout.Result, request_id: str) -> None:
    before = tables.load("rules")
    told = optout.tune(result, labels(request_id, r1="same", r3="other"))
    assert tables.load("rules").equals(before)
    said = f"{told} {told.rules.to_dicts()} {told.thresholds.to_dicts()}"
    assert [trace for trace in ("高橋", "新宿", "1234") if trace in said] == []
