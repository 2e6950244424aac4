"""What a screen gives back: the rows as they came, why each was judged so, and nobody's data in passing."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout import errors, match
from optout.schema import HITS_SCHEMA, VERDICTS_SCHEMA
from optout.screen import judge, run

Make = Callable[..., optout.Request]
# Values that may stand in output rows and in `explain`, and nowhere else.
PLANTED = (
    "秘蔵院",
    "ヒゾウイン",
    "09012348888",
    "090-1234-8888",
    "hizoin",
    "秘蔵町",
    "1961-12-13",
    "19611213",
    "S36.12.13",
)


@pytest.fixture
def asked(store: optout.Store, person: Make) -> optout.Receipt:
    return store.suppress(person())


@pytest.fixture
def frame() -> pl.DataFrame:
    """Every kind of column a frame may have; one row withheld, one kept, one under review."""
    return pl.DataFrame(
        {
            "番号": [7, 8, 9],
            "氏名": ["高橋 一郎", "見本 花子", "高橋 一朗"],
            "住所": ["新宿区西新宿3-2-1", None, "新宿区西新宿3-2-1"],
            "電話番号": [312345678, 9012340001, None],
            "生年月日": [None, date(1980, 1, 31), None],
            "購入額": [1.5, None, 3.0],
            "会員": [True, False, None],
            "区分": pl.Series(["A", "B", "A"], dtype=pl.Enum(["A", "B"])),
            "更新": [datetime(2026, 4, 1, 9, 30)] * 3,
            "": ["", " ", None],
        },
        schema_overrides={"番号": pl.Int8, "電話番号": pl.Int64},
    )


def test_the_parts_are_the_input_with_its_columns_dtypes_and_order(
    store: optout.Store, asked: optout.Receipt, frame: pl.DataFrame
) -> None:
    result = optout.screen(frame, store)
    assert result.verdicts["verdict"].to_list() == ["withhold", "keep", "review"]
    assert result.verdicts.schema == pl.Schema(VERDICTS_SCHEMA)
    assert result.hits.schema == pl.Schema(HITS_SCHEMA)
    assert result.withheld.equals(frame[[0]])
    assert result.kept.equals(frame[[1]])
    assert result.review.equals(frame[[2]])
    for part in (result.withheld, result.kept, result.review):
        assert part.schema == frame.schema


def test_a_kept_row_carries_no_reason_and_any_other_does(
    store: optout.Store, asked: optout.Receipt, frame: pl.DataFrame
) -> None:
    verdicts = optout.screen(frame, store).verdicts
    kept = pl.col("verdict") == "keep"
    assert verdicts.filter(kept).select("request", "rule", "weight", "reason").row(0) == (None,) * 4
    assert verdicts.filter(~kept)["reason"].null_count() == 0
    assert verdicts.filter(~kept)["request"].to_list() == asked.request_ids * 2


@pytest.mark.parametrize("form", ["lazy", "parquet", "csv", "path as text"])
def test_a_list_is_judged_alike_in_every_form(
    store: optout.Store, asked: optout.Receipt, frame: pl.DataFrame, tmp_path: Path, form: str
) -> None:
    frame = frame[:, :-1]
    frame.write_parquet(tmp_path / "list.parquet")
    frame.write_csv(tmp_path / "list.csv")
    forms: dict[str, Any] = {
        "lazy": frame.lazy(),
        "parquet": tmp_path / "list.parquet",
        "csv": tmp_path / "list.csv",
        "path as text": str(tmp_path / "list.csv"),
    }
    result = optout.screen(forms[form], store)
    assert result.verdicts["verdict"].to_list() == ["withhold", "keep", "review"]
    assert result.withheld["番号"].cast(pl.String).to_list() == ["7"]


@pytest.mark.parametrize("nothing", [pl.DataFrame(), pl.DataFrame({"氏名": []}, schema={"氏名": pl.String})])
def test_a_frame_without_rows_is_told(
    store: optout.Store, asked: optout.Receipt, nothing: pl.DataFrame
) -> None:
    with pytest.raises(errors.EmptyBatchError):
        optout.screen(nothing, store)
    with pytest.raises(errors.EmptyBatchError):
        optout.screen(nothing.lazy(), store)


def test_cells_that_are_lists_are_refused_by_name(store: optout.Store, asked: optout.Receipt) -> None:
    frame = pl.DataFrame({"氏名": ["秘蔵院"], "電話番号": [["03-1234-5678"]]})
    with pytest.raises(errors.UnreadableFileError, match="電話番号") as refused:
        optout.screen(frame, store)
    assert "秘蔵院" not in str(refused.value)


def test_columns_of_nulls_and_of_no_identity(store: optout.Store, asked: optout.Receipt) -> None:
    frame = pl.DataFrame({"氏名": [None, None], "住所": [None, ""]}, schema_overrides={"氏名": pl.Null})
    result = optout.screen(frame, store)
    assert result.verdicts["reason"].to_list() == ["unidentifiable"] * 2
    with pytest.raises(errors.MissingColumnError):
        optout.screen(pl.DataFrame({"商品": ["x"]}), store)


def test_several_people_of_a_row_each_have_their_hits(store: optout.Store, person: Make) -> None:
    first, second = store.suppress(
        [person(), person(name="見本 花子", kana=None, phones=["090-1234-0001"])]
    ).request_ids
    frame = pl.DataFrame(
        {
            "注文者氏名": ["高橋 一郎"],
            "注文者電話番号": ["03-1234-5678"],
            "送付先氏名": ["見本 花子"],
            "送付先電話番号": ["090-1234-0001"],
        }
    )
    result = optout.screen(frame, store)
    assert set(result.hits.select("row", "request", "rule").rows()) == {
        (0, first, "RU08"),
        (0, second, "RU08"),
    }
    assert result.hits["subject"].n_unique() == 2
    assert result.verdicts.height == 1
    assert set(result.hits["fields"].to_list()[0]) == {"name", "phone"}


def test_all_requests_that_speak_of_a_row_are_hits_and_the_heaviest_withholding_decides(
    store: optout.Store, person: Make
) -> None:
    ids = store.suppress(
        [
            person(phones=[]),
            person(phones=["03-1234-5678"], emails=["taro@example.jp"]),
            person(name="高橋 一朗", kana=None, phones=[]),
        ]
    ).request_ids
    row = {
        "氏名": "高橋一郎",
        "住所": "新宿区西新宿3-2-1",
        "電話番号": "03-1234-5678",
        "メール": "taro@example.jp",
    }
    result = optout.screen(pl.DataFrame(row), store)
    assert set(result.hits["request"]) == set(ids)
    assert result.verdicts.select("verdict", "request", "rule").row(0) == ("withhold", ids[1], "RU01")
    assert result.hits.filter(request=ids[1])["channels"].item().to_list() == [
        "mail",
        "phone",
        "fax",
        "email",
        "sms",
    ]


def test_a_row_is_explained_field_by_field_on_both_sides(
    store: optout.Store, asked: optout.Receipt, frame: pl.DataFrame
) -> None:
    result = optout.screen(frame, store)
    told = result.explain(0)
    line = told.filter(field="address").row(0, named=True)
    assert (line["row_value"], line["entry_value"]) == ("新宿区西新宿3-2-1", "東京都新宿区西新宿三丁目2番1号")
    assert (line["level"], line["verdict"], line["request"]) == ("equal", "withhold", asked.request_ids[0])
    assert told["weight"].sum() == pytest.approx(result.verdicts["weight"][0])
    assert result.explain(1).is_empty()
    assert result.explain(1).columns == told.columns
    assert result.explain(99).is_empty()
    assert result.explain(2)["verdict"].unique().to_list() == ["review"]


def test_written_files_hold_the_rows_and_a_report(
    store: optout.Store, asked: optout.Receipt, frame: pl.DataFrame, tmp_path: Path
) -> None:
    result = optout.screen(frame, store)
    written = result.write(tmp_path / "out")
    assert {name: file.rows for name, file in written.items()} == {
        "kept.csv": 1,
        "withheld.csv": 1,
        "review.csv": 1,
        "quarantined.csv": 0,
    }
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["counts"]["rows"] == 3
    assert report["by_reason"] == {"name_variant": 1, "same_person": 1}
    assert report["against"]["revision"] == store.revision == result.revision
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    optout.screen(frame, store).write(tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first


def test_a_file_keeps_its_bytes_in_its_parts(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    header = "氏名,住所,備考\r\n".encode("cp932")
    kept = b'\x8c\xa9\x96{ \x89\xd4\x8eq,"\x8d`\x8b\xe6, 1-1",\x81\xca\x87\x9c\xee\xf9\r\n'
    withheld = '"高橋 一郎",新宿区西新宿3-2-1,\r\n'.encode("cp932")
    (tmp_path / "list.csv").write_bytes(header + kept + withheld)
    optout.screen(tmp_path / "list.csv", store).write(tmp_path / "out")
    assert (tmp_path / "out" / "kept.csv").read_bytes() == header + kept
    assert (tmp_path / "out" / "withheld.csv").read_bytes() == header + withheld
    assert (tmp_path / "out" / "review.csv").read_bytes() == header


def test_an_encoding_that_lacks_a_character_writes_nothing(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    result = optout.screen(
        pl.DataFrame({"氏名": ["𠮷田 花子", "見本 次郎"], "住所": ["港区1-1", "港区1-2"]}), store
    )
    with pytest.raises(errors.UnencodableError):
        result.write(tmp_path / "out", encoding="cp932")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
    result.write(tmp_path / "out", encoding="utf-8-sig")
    assert (tmp_path / "out" / "kept.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_nothing_but_rows_and_explanations_shows_a_persons_data(
    store: optout.Store, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    store.suppress(
        optout.Request(
            name="秘蔵院 一郎",
            kana="ヒゾウイン イチロウ",
            address="港区秘蔵町1-2-3",
            phones=["090-1234-8888"],
            emails=["hizoin@example.jp"],
            birth_date="1961-12-13",
        )
    )
    row = {
        "氏名": "秘蔵院 一郎",
        "住所": "港区秘蔵町1-2-3",
        "電話番号": "09012348888",
        "メール": "hizoin@example.jp",
    }
    result = optout.screen(pl.DataFrame(row | {"生年月日": "S36.12.13"}), store)
    assert result.counts["withhold"] == 1
    result.write(tmp_path / "out")
    shown = [
        repr(result),
        str(result),
        repr(result.report),
        repr(result.verdicts.rows()),
        repr(result.hits.rows()),
    ]
    shown += [(tmp_path / "out" / "report.json").read_text("utf-8"), caplog.text, *capfd.readouterr()]
    shown += [repr(part) for part in (result.source, store, result._judged, result._snapshot)]
    assert [number for number, text in enumerate(shown) if any(planted in text for planted in PLANTED)] == []


@pytest.mark.parametrize(
    ("headers", "option"),
    [
        (["氏名", "氏名"], {}),
        (["氏名", "住所"], {"columns": {"name": "無い列"}}),
        (["甲", "乙"], {}),
        (["氏名", "住所"], {"channel": "pigeon"}),
    ],
)
def test_errors_show_no_persons_data(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, headers: list[str], option: dict[str, Any]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(",".join(headers) + "\n秘蔵院,09012348888\n", "utf-8")
    try:
        optout.screen(path, store, **option)
    except errors.OptoutError as error:
        shown = f"{error} {error!r} {error.args}"
        assert not any(planted in shown for planted in PLANTED)
    else:
        assert headers == ["氏名", "氏名"]


SILENCED = {
    "phone": (["氏名", "電話番号"], "optout.match.compare", {"phone": "different"}),
    "email": (["メール"], "optout.match.compare", {"email": "different"}),
    "address": (["氏名", "住所"], "optout.match.compare", {"address": "different"}),
    "birth_date": (["氏名", "生年月日"], "optout.match.compare", {"birth_date": "different"}),
    "name": (["氏名", "住所"], "optout.match.compare", {"person": "other"}),
}


@pytest.mark.parametrize("layer", SILENCED)
def test_a_layer_that_fails_is_noticed_by_the_seeds(
    store: optout.Store, asked: optout.Receipt, monkeypatch: pytest.MonkeyPatch, layer: str
) -> None:
    headers, target, blind = SILENCED[layer]
    row = {
        "氏名": "見本 花子",
        "電話番号": "090-1234-0001",
        "メール": "a@example.jp",
        "住所": "港区芝1-1",
        "生年月日": "1980-01-31",
    }
    batch = pl.DataFrame({header: [row[header]] for header in headers})
    compare = match.compare
    monkeypatch.setattr(
        target,
        lambda *sides: compare(*sides).with_columns(
            pl.lit(level).alias(field) for field, level in blind.items()
        ),
    )
    with pytest.raises(errors.SeedMissedError) as missed:
        optout.screen(batch, store)
    assert missed.value.caught < missed.value.planted


@pytest.mark.parametrize("loss", ["no keys", "no rules", "no hits"])
def test_a_lane_that_loses_pairs_is_noticed_by_the_seeds(
    store: optout.Store, asked: optout.Receipt, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    batch = pl.DataFrame({"氏名": ["見本 花子"], "住所": ["港区芝1-1"]})
    if loss == "no keys":
        candidates = judge._candidates
        monkeypatch.setattr(
            judge,
            "_candidates",
            lambda *a, **k: (candidates(*a, **k)[0].clear(), pl.Series([], dtype=pl.UInt32)),
        )
    elif loss == "no rules":
        decide = judge.match.decide
        nothing = pl.lit(None)
        monkeypatch.setattr(
            "optout.match.decide", lambda levels: decide(levels).with_columns(rule=nothing, verdict=nothing)
        )
    else:
        hits = judge._hits
        monkeypatch.setattr(judge, "_hits", lambda *a: hits(*a).clear())
    with pytest.raises(errors.SeedMissedError):
        optout.screen(batch, store)


def test_planted_people_are_in_no_count_hit_or_file(store: optout.Store, asked: optout.Receipt) -> None:
    frame = pl.DataFrame(
        {"氏名": ["高橋種子様"], "住所": ["新宿区西新宿99-9-97"], "電話番号": ["03-1234-9997"]}
    )
    result = optout.screen(frame, store)
    assert result.report["seeds"] > 0
    assert result.counts == {"keep": 1, "withhold": 0, "review": 0}
    assert result.hits.is_empty()
    assert result.report["against"]["entries"] == 1


def test_a_commit_while_a_list_is_screened_is_for_the_next_screen(
    store: optout.Store, asked: optout.Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.DataFrame({"氏名": ["見本 花子", "高橋 一郎"], "電話番号": ["090-1234-0001", "03-1234-5678"]})
    judged = run.judge

    def after_a_commit(*args: Any, **options: Any) -> Any:
        with optout.Store.open(store.path) as other:
            other.suppress(optout.Request(name="見本 花子", phones=["090-1234-0001"]))
        return judged(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(run, "judge", after_a_commit)
        before = optout.screen(frame, store)
    assert (before.revision, before.counts["withhold"]) == (1, 1)
    after = optout.screen(frame, store)
    assert (after.revision, after.counts["withhold"]) == (2, 2)


def test_a_snapshot_is_not_kept_from_one_store_to_another(
    tmp_path: Path, asked: optout.Receipt, store: optout.Store
) -> None:
    frame = pl.DataFrame({"氏名": ["高橋 一郎"], "電話番号": ["03-1234-5678"]})
    assert optout.screen(frame, store).counts["withhold"] == 1
    with optout.Store.create(tmp_path / "other.db") as other:
        other.suppress(optout.Request(name="他の 人", phones=["090-1234-7777"]))
        assert optout.screen(frame, other).counts["withhold"] == 0
