"""Every name and call of the public API, as the README and the design write them, on a small CP932 list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import optout
from optout.schema import HITS_SCHEMA, QUARANTINE_SCHEMA, VERDICTS_SCHEMA

HEADER = "氏名,ﾌﾘｶﾞﾅ,〒,住所１,ＴＥＬ,備考"
ROWS = [
    "高橋一郎様,ﾀｶﾊｼ ｲﾁﾛｳ,1600023,新宿区西新宿３－２－１,0333441234,",  # asked: other characters throughout
    "見本 花子,ミホン ハナコ,1000001,千代田区千代田1-1,09012345678,",  # nobody asked
    "高橋 一朗,タカハシ イチロウ,160-0023,新宿区西新宿三丁目2-1,,",  # a brother or a slip of the pen
    "見本 次郎,ミホン ジロウ,1000001,千代田区千代田1-2,0312345678,DM不要",  # says so himself
]
RAGGED = "一列だけ多い,行,は,読め,ない,こと,に,する"


def put(path: Path, *rows: str) -> Path:
    path.write_bytes("\r\n".join([HEADER, *rows, ""]).encode("cp932"))
    return path


def person() -> optout.Request:
    return optout.Request(
        name="髙橋 一郎",
        kana="タカハシ イチロウ",
        postal="160-0023",
        address="東京都新宿区西新宿三丁目2番1号",
        phones=["03-3344-1234"],
        emails=[],
        birth_date=None,
        received="2026-04-01",
        source="fax",
        channels="all",
        household=False,
        tenant=None,
        identities=[],
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[optout.Store]:
    with optout.Store.create(tmp_path / "suppression.db", actor="tester", purpose="test") as made:
        yield made


@pytest.fixture
def asked(store: optout.Store) -> optout.Receipt:
    return store.suppress(person())


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    return put(tmp_path / "list.csv", *ROWS, RAGGED)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return put(tmp_path / "clean.csv", ROWS[1])


def test_the_package_exports_what_it_lists() -> None:
    for name in optout.__all__:
        assert getattr(optout, name) is not None
    assert optout.__version__


def test_a_store_is_made_found_again_with_its_key_and_never_made_by_opening(
    tmp_path: Path, store: optout.Store, asked: optout.Receipt
) -> None:
    assert [key.name for key in (tmp_path / "keys").iterdir()] == [f"{store.store_id}.key"]
    with optout.Store.open(tmp_path / "suppression.db") as again:
        assert again.revision == asked.revision
    with pytest.raises(optout.errors.StoreMissingError):
        optout.Store.open(tmp_path / "elsewhere.db")
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_request_is_acknowledged_with_an_id_and_the_revision(store: optout.Store) -> None:
    before = store.revision
    receipt = store.suppress(person())
    assert receipt.revision == store.revision == before + 1
    assert len(receipt.request_ids) == len(receipt.unmatchable) == 1
    assert receipt.unmatchable == [False]
    assert store.suppress(person()).request_ids == receipt.request_ids


def test_many_requests_come_as_a_list_or_as_a_frame_with_the_headers_of_any_list(store: optout.Store) -> None:
    people = [
        person(),
        optout.Request(name="見本 三郎", identities=[optout.Identity(phones="090-1234-0003")]),
    ]
    assert store.suppress(people).unmatchable == [False, False]
    frame = pl.DataFrame({"お客様": ["見本 四郎", "見本 五郎"], "TEL": ["090-1234-0004", None]})
    receipt = store.suppress(frame, columns={"name": "お客様"})
    assert len(receipt.request_ids) == 2
    assert receipt.unmatchable == [False, True]


def test_lifting_a_request_ends_it(store: optout.Store, asked: optout.Receipt, clean: Path) -> None:
    store.suppress(optout.Request(name="別の 人", phones=["090-1234-9999"]))
    store.lift(asked.request_ids[0], reason="本人の申出")
    assert store.revision == asked.revision + 2
    frame = pl.DataFrame({"氏名": ["髙橋 一郎"], "電話番号": ["03-3344-1234"]})
    assert optout.screen(frame, store).counts["keep"] == 1


def test_a_screen_answers_for_every_row_and_every_record(
    store: optout.Store, asked: optout.Receipt, batch: Path
) -> None:
    result = optout.screen(batch, store, policy="person", channel="any", tenant=None, columns=None)
    assert result.verdicts.schema == pl.Schema(VERDICTS_SCHEMA)
    assert result.hits.schema == pl.Schema(HITS_SCHEMA)
    assert result.quarantined.schema == pl.Schema(QUARANTINE_SCHEMA)
    assert result.verdicts["row"].to_list() == [0, 1, 2, 3]
    assert result.verdicts["verdict"].to_list() == ["withhold", "keep", "review", "withhold"]
    assert result.verdicts["reason"].to_list() == ["same_person", None, "name_variant", "own_flag"]
    assert result.verdicts["request"].to_list() == [asked.request_ids[0], None, asked.request_ids[0], None]
    assert result.quarantined["line"].to_list() == [6]
    assert set(result.hits["subject"]) == {"self"}


def test_the_three_parts_have_the_columns_of_the_input_untouched_and_in_order(
    store: optout.Store, asked: optout.Receipt, batch: Path
) -> None:
    result = optout.screen(batch, store)
    for part in (result.kept, result.withheld, result.review):
        assert part.columns == HEADER.split(",")
    assert [",".join(cell or "" for cell in row) for row in result.withheld.rows()] == [ROWS[0], ROWS[3]]


@pytest.mark.parametrize("kind", ["frame", "lazy", "parquet", "tsv"])
def test_the_same_list_in_another_form_gets_the_same_verdicts(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, kind: str
) -> None:
    cells = [row.split(",") for row in ROWS]
    frame = pl.DataFrame(cells, schema=HEADER.split(","), orient="row")
    frame.write_parquet(tmp_path / "list.parquet")
    (tmp_path / "list.tsv").write_text(
        "\n".join(["\t".join(row) for row in [HEADER.split(","), *cells]]), "utf-8"
    )
    forms = {
        "frame": frame,
        "lazy": frame.lazy(),
        "parquet": tmp_path / "list.parquet",
        "tsv": str(tmp_path / "list.tsv"),
    }
    verdicts = optout.screen(forms[kind], store).verdicts["verdict"]  # type: ignore[arg-type]
    assert verdicts.to_list() == ["withhold", "keep", "review", "withhold"]


def test_what_is_written_keeps_the_encoding_and_the_bytes(
    store: optout.Store, asked: optout.Receipt, batch: Path, tmp_path: Path
) -> None:
    optout.screen(batch, store).write(tmp_path / "out", encoding=None)
    assert (tmp_path / "out" / "kept.csv").read_bytes() == "\r\n".join([HEADER, ROWS[1], ""]).encode("cp932")
    names = {"kept.csv", "withheld.csv", "review.csv", "quarantined.csv", "report.json"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["counts"] == {
        "keep": 1,
        "withhold": 2,
        "review": 1,
        "rows": 4,
        "quarantined": 1,
        "records": 5,
    }


def test_a_streamed_screen_writes_the_same_files(
    store: optout.Store, asked: optout.Receipt, batch: Path, tmp_path: Path
) -> None:
    optout.screen(batch, store).write(tmp_path / "whole")
    summary = optout.screen_file(batch, store, out=tmp_path / "streamed")
    assert (summary.keep, summary.withhold, summary.review, summary.quarantined, summary.records) == (
        1,
        2,
        1,
        1,
        5,
    )
    for name in ("kept.csv", "withheld.csv", "review.csv", "quarantined.csv"):
        assert (tmp_path / "streamed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_verdict_is_explained_field_by_field(
    store: optout.Store, asked: optout.Receipt, batch: Path
) -> None:
    told = optout.screen(batch, store).explain(0)
    assert {"field", "row_value", "entry_value", "level", "weight"} <= set(told.columns)
    levels = dict(told.select("field", "level").iter_rows())
    assert levels["person"] == "same"
    assert (levels["address"], levels["phone"], levels["email"]) == ("equal", "equal", "none")


def test_removal_is_planned_then_carried_out_and_proved(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    held = put(tmp_path / "held.csv", *ROWS[:2])
    plan = optout.removal.plan(store, asked, [held])
    assert plan.hash
    assert plan.table.select("holding", "row", "action").rows() == [("held.csv", 0, "remove")]
    assert {"rule", "level"} <= set(plan.table.columns)
    outcome = optout.removal.execute(store, plan.hash, approver=None)
    assert outcome.statuses == {"held.csv": "removed"}
    assert outcome.done
    assert held.read_bytes() == "\r\n".join([HEADER, ROWS[1], ""]).encode("cp932")
    assert store.is_active(asked.request_ids[0])


def test_intake_quarantines_a_list_until_it_is_accepted(
    store: optout.Store, asked: optout.Receipt, batch: Path, tmp_path: Path
) -> None:
    intake = optout.intake(
        batch, store, supplier="見本名簿店", basis="direct", history="展示会で直接取得", out=tmp_path / "in"
    )
    assert (intake.kept.height, intake.withheld.height, intake.review.height) == (1, 2, 1)
    assert [question.split(":")[0] for question in intake.open_questions] == ["review", "quarantined"]
    with pytest.raises(optout.errors.OpenQuestionsError):
        intake.accept()
    assert intake.accept(leave_out=["review", "quarantined"]).name == "kept.csv"


def test_a_delivery_is_refused_with_every_reason_and_nothing_is_written(
    store: optout.Store, asked: optout.Receipt, batch: Path, tmp_path: Path
) -> None:
    with pytest.raises(optout.DeliveryRefused) as refused:
        optout.deliver(batch, store, recipient="", purpose="DM", channel="mail", out=tmp_path / "out")
    assert len(refused.value.reasons) >= 3
    assert not (tmp_path / "out").exists()


def test_a_certificate_is_verified_offline_and_speaks_for_these_bytes_only(
    store: optout.Store, asked: optout.Receipt, clean: Path, tmp_path: Path
) -> None:
    cert = optout.deliver(
        clean, store, recipient="見本商事", purpose="DM", channel="mail", out=tmp_path / "out"
    )
    assert cert.path is not None
    delivered, public_key = tmp_path / "out" / "clean.csv", tmp_path / "out" / "public_key.pem"
    proved = optout.verify_certificate(cert.path, delivered, public_key)
    assert (proved.id, proved.sha256, proved.revision) == (cert.id, cert.sha256, cert.revision)
    assert isinstance(proved, optout.Certificate)
    delivered.write_bytes(delivered.read_bytes() + b"\r\n")
    with pytest.raises(optout.errors.CertificateError):
        optout.verify_certificate(cert.path, delivered, store.public_key)


def test_normalize_gives_the_comparable_columns_a_line_a_subject(batch: Path) -> None:
    told = optout.normalize(batch, columns=None)
    assert told["name"][0] == "高橋一郎"
    assert told["phones"][0].to_list() == ["0333441234"]
    assert told.filter(pl.col("row") == 0)["numbers"].to_list() == ["3-2-1"]


def test_screening_against_nothing_is_refused_unless_it_is_meant(store: optout.Store, batch: Path) -> None:
    with pytest.raises(optout.errors.EmptyStoreError):
        optout.screen(batch, store)
    assert optout.screen(batch, store, allow_empty=True).counts["withhold"] == 1


def test_every_error_is_one_of_ours() -> None:
    assert issubclass(optout.DeliveryRefused, optout.OptoutError)
