"""What goes out: the client's encoding, cells of a refused channel blanked, decoys; every other byte as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import optout
from optout import DeliveryRefused
from optout.batch import open_batch
from optout.checks.delivery.outgoing import Outgoing
from optout.checks.traced import traced
from optout.errors import OptionError, UnencodableError
from optout.register import attempt, decoy, external, ledger, recipient
from optout.register.day import JAPAN

Put = Callable[..., Path]
Rows = dict[str, str]
TOLD: dict[str, Any] = {"recipient": "見本商事", "purpose": "DM", "channel": "mail"}
NO_CALLS = optout.Request(name="見本花子", address="千代田区千代田1-1", channels="電話")
DECOY = {
    "name": "見本 囮",
    "kana": "ミホン オトリ",
    "postal": "100-0001",
    "address": "東京都千代田区千代田1-2-3 見本ビル{n}号",
    "phone": "03-1234-0000",
}


def delivered(cert: optout.Certificate) -> bytes:
    assert cert.path
    return (cert.path.parent / cert.payload["subject"]["name"]).read_bytes()


def test_who_refused_calls_alone_stays_in_a_mailing_without_a_number(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    """Issue 9: channel-level outcome."""
    path = put(rows["other"], rows["odd"], '5,外字 ㈱,,港区芝公園4-2-8,080-1234-0003,"a,b"', name="list.csv")
    store.suppress(NO_CALLS)
    plain = optout.deliver(path, store, out=tmp_path / "keep", **TOLD)
    assert (delivered(plain), plain.payload["blanked"]) == (path.read_bytes(), 0)
    cert = optout.deliver(path, store, out=tmp_path / "blank", other_channels="blank", **TOLD)
    assert delivered(cert) == path.read_bytes().replace(b"09012340001", b"")
    assert (cert.payload["blanked"], cert.payload["counts"]["keep"]) == (1, 3)
    assert cert.sha256 != cert.payload["input"]["sha256"]
    with pytest.raises(DeliveryRefused, match="他の手段"):
        optout.deliver(path, store, out=tmp_path / "no", other_channels="refuse", **TOLD)
    with pytest.raises(DeliveryRefused, match="withhold"):
        optout.deliver(path, store, out=tmp_path / "no", **(TOLD | {"channel": "phone"}))


def test_a_list_is_not_written_over_by_what_goes_out_of_it(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    path = put(rows["other"], name="list.csv")
    before = path.read_bytes()
    store.suppress(NO_CALLS)
    with pytest.raises(OptionError, match="folder"):
        optout.deliver(path, store, out=tmp_path, other_channels="blank", **TOLD)
    assert path.read_bytes() == before
    optout.deliver(path, store, out=tmp_path, **TOLD)  # the same bytes may lie beside their certificate
    assert path.read_bytes() == before


def test_E6_a_number_that_was_blanked_is_in_no_record_of_provision(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    store.suppress(NO_CALLS)
    optout.deliver(put(rows["other"]), store, out=tmp_path / "out", other_channels="blank", **TOLD)
    [made] = ledger.provisions(store)
    assert ledger.subjects(store, made.id).select("name", "phone_1").rows() == [("見本 花子", None)]


def test_the_cells_of_the_channel_go_blank_and_no_others(store: optout.Store, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    header = ["氏名", "住所", "自宅電話", "携帯電話", "FAX番号", "メールアドレス"]
    gone = {"電話": {2, 3}, "fax": {4}, "メール": {5}, "sms": {2, 3}, "fax,メール": {4, 5}}
    lines = []
    for n, channels in enumerate(gone, 1):
        lines.append(
            f"見本 花子,千代田区千代田{n}-1,03-1234-00{n}1,090-1234-00{n}2,03-1234-00{n}3,{n}@example.com"
        )
        store.suppress(optout.Request(name="見本花子", address=f"千代田区千代田{n}-1", channels=channels))
    path.write_text("\n".join([",".join(header), *lines, ""]), "utf-8")
    cert = optout.deliver(path, store, out=tmp_path / "out", other_channels="blank", **TOLD)
    expected = [
        ",".join("" if place in blank else cell for place, cell in enumerate(line.split(",")))
        for line, blank in zip(lines, gone.values(), strict=True)
    ]
    assert delivered(cert).decode("utf-8").splitlines()[1:] == expected


def test_of_two_people_in_a_row_only_the_number_of_the_one_who_asked_goes(
    store: optout.Store, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "注文者氏名,注文者住所,注文者電話番号,送付先氏名,送付先住所,送付先電話番号\n"
        "例示 太郎,港区芝公園4-2-8,03-1234-0001,見本 花子,千代田区千代田1-1,03-1234-0002\n",
        "utf-8",
    )
    store.suppress(NO_CALLS)
    cert = optout.deliver(path, store, out=tmp_path / "out", other_channels="blank", **TOLD)
    assert delivered(cert).decode("utf-8").splitlines()[1].split(",")[2::3] == ["03-1234-0001", ""]


def test_G6_a_number_on_an_external_list_of_calls_is_blanked_in_a_mailing(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    (tmp_path / "n.csv").write_text("TEL\n090-1234-0001\n", "utf-8")
    external.import_list(store, tmp_path / "n.csv", "tps", datetime.now(JAPAN).date().replace(day=1), "dnc")
    cert = optout.deliver(put(rows["other"]), store, out=tmp_path / "out", other_channels="blank", **TOLD)
    assert b"09012340001" not in delivered(cert)
    assert cert.payload["blanked"] == 1


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
def test_a_workbook_or_parquet_file_goes_out_as_it_is_or_as_text(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path, kind: str
) -> None:
    frame = pl.DataFrame(
        {"氏名": ["見本 花子", "見本 次郎"], "住所": ["千代田区千代田1-1"] * 2, "TEL": ["09012340001", ""]}
    )
    path = tmp_path / f"list.{kind}"
    if kind == "parquet":
        frame.write_parquet(path)
    else:
        from openpyxl import Workbook

        book = Workbook()
        for line in [frame.columns, *frame.rows()]:
            book.active.append(list(line))  # type: ignore[union-attr]
        book.save(path)
    plain = optout.deliver(path, store, out=tmp_path / "plain", **TOLD)
    assert delivered(plain) == path.read_bytes()
    store.suppress(NO_CALLS)
    cert = optout.deliver(
        path, store, out=tmp_path / "out", other_channels="blank", out_encoding="cp932", **TOLD
    )
    assert cert.payload["subject"]["name"] == "list.csv"
    told = "氏名,住所,TEL\r\n見本 花子,千代田区千代田1-1,\r\n見本 次郎,千代田区千代田1-1,\r\n"
    assert delivered(cert).decode("cp932") == told


def test_G7_the_list_comes_in_the_encoding_of_the_client(
    store: optout.Store,
    office: dict[str, Any],
    put: Put,
    rows: Rows,
    tmp_path: Path,
    client: Callable[..., Any],
) -> None:
    recipient.add(store, client(encoding="utf-8-sig"))
    path = put(rows["other"], rows["odd"], name="list.csv")
    cert = optout.deliver(path, store, out=tmp_path / "out", **office)
    assert delivered(cert) == b"\xef\xbb\xbf" + path.read_bytes().decode("cp932").encode("utf-8")
    back = tmp_path / "out" / "list.csv"
    again = optout.deliver(back, store, out=tmp_path / "again", out_encoding="cp932", **office)
    assert delivered(again) == path.read_bytes()


def test_I4_what_an_encoding_lacks_is_reported_and_never_a_question_mark(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "氏名,TEL\n別人 太郎,03-1234-0001\n𠮷野 花子,03-1234-0002\n﨑山 一,03-1234-0003\n", "utf-8"
    )
    with pytest.raises(UnencodableError) as lacking:
        optout.deliver(path, store, out=tmp_path / "out", out_encoding="cp932", **TOLD)
    assert (lacking.value.n_rows, list(lacking.value.first_rows)) == (1, [1])
    assert not [*(tmp_path / "out").glob("*")]
    assert "𠮷" not in str(lacking.value)
    assert "delivered" not in [made.state for made in attempt.attempts(store)]


def test_X5_every_delivery_has_decoys_of_its_own_that_name_the_client_who_leaks(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    decoy.add(store, decoy.Template("T1", DECOY))
    path = put(rows["other"], rows["odd"], name="list.csv")
    for name in ("甲社", "乙社", "丙社"):
        told = TOLD | {"recipient": name}
        cert = optout.deliver(path, store, out=tmp_path / name, delivery=f"D-{name}", decoys=2, **told)
        lines = delivered(cert).splitlines(keepends=True)
        assert len(lines) == 5
        original = path.read_bytes().splitlines(keepends=True)
        assert [line for line in lines if line in original] == original
    everything = decoy.all_planted(store)
    assert everything["number"].n_unique() == 6
    # Somebody else's program wrote the list anew: another encoding, order, header and spelling.
    leaked = open_batch(tmp_path / "乙社" / "list.csv").frame.reverse()
    leaked = leaked.rename({"住所": "現住所"}).with_columns(
        pl.col("現住所").str.replace("東京都", "").str.replace("千代田1-2-3", "千代田一丁目２番３号")
    )
    found = traced(store, leaked)
    assert found.select("delivery", "recipient").unique().rows() == [("D-乙社", "乙社")]
    assert found.height == 2
    assert traced(store, path).is_empty()


def test_X5_a_decoy_is_no_person(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    """Not screened, in no record of provision, counted apart; rows of the record are those the client sees."""
    decoy.add(store, decoy.Template("T1", DECOY))
    store.suppress(optout.Request(name="見本囮", phones=["03-1234-0000"]))
    cert = optout.deliver(put(rows["other"], rows["odd"]), store, out=tmp_path / "out", decoys=3, **TOLD)
    [made] = ledger.provisions(store)
    people = ledger.subjects(store, made.id)
    assert (made.rows, people.height, cert.payload["subject"]["rows"]) == (2, 2, 5)
    went = delivered(cert).decode("cp932").splitlines()[1:]
    assert [went[row].split(",")[1] for row in people["row"]] == people["name"].to_list()
    assert sum("見本 囮" in line for line in went) == 3
    from optout.checks.hand_over import handover

    store.suppress(
        optout.Request(name="見本　囮", address="東京都千代田区千代田1-2-3", phones=["03-1234-0000"])
    )
    assert handover(cert.path, tmp_path / "out" / "held.csv", store)


def test_X5_a_decoy_looks_like_the_rows_around_it(
    store: optout.Store, asked: optout.Receipt, tmp_path: Path
) -> None:
    decoy.add(store, decoy.Template("T1", DECOY))
    path = tmp_path / "list.csv"
    lines = [
        f"{n},見本,{given},様,港区,芝公園4-2-{n},0{n}012345678"
        for n, given in enumerate(("花", "月", "星"), 7)
    ]
    path.write_text("\n".join(["会員番号,姓,名,敬称,市区町村,番地,TEL", *lines]), "utf-8")
    cert = optout.deliver(path, store, out=tmp_path / "out", decoys=1, **TOLD)
    [planted] = set(delivered(cert).decode().splitlines()) - set(path.read_text("utf-8").splitlines())
    number, family, given, title, *_ = planted.split(",")
    assert (family, given, title) == ("見本", "囮", "様")
    assert number.isdigit()
    assert number not in {"7", "8", "9"}


def test_X5_decoys_need_a_template_that_tells_them_apart(
    store: optout.Store, asked: optout.Receipt, put: Put, rows: Rows, tmp_path: Path
) -> None:
    path = put(rows["other"])
    with pytest.raises(OptionError, match="decoys"):
        optout.deliver(path, store, out=tmp_path / "out", decoys=1, **TOLD)
    for cells in ({}, {"name": "見本 囮"}, {"address": "東京都"}, {"氏": "{n}"}, {"name": "{n}"}):
        with pytest.raises(OptionError):
            decoy.Template("T1", cells)
    decoy.add(store, decoy.Template("T1", {"name": "見本 囮", "email": "dm+{n}@example.com"}))
    with pytest.raises(OptionError, match="decoys"):
        optout.deliver(path, store, out=tmp_path / "out", decoys=1, **TOLD)
    assert not (tmp_path / "out").exists()


def test_X5_the_same_delivery_has_the_same_decoys_and_no_other_delivery_has(store: optout.Store) -> None:
    decoy.add(store, decoy.Template("T1", DECOY))
    once, again = (decoy.planted(store, "D-1", 3, 100) for _ in range(2))
    assert once.equals(again)
    other = decoy.planted(store, "D-2", 3, 100)
    assert not set(once["number"]) & set(other["number"])
    assert once["row"].unique().is_between(0, 102).all()


def test_rows_keep_count_of_the_decoys_before_them() -> None:
    going = Outgoing("list.csv", decoys={0: [], 2: [], 5: []})
    rows = going.row_of(pl.Series([0, 1, 2, 3], dtype=pl.UInt32))
    assert rows.to_list() == [1, 3, 4, 6]
    assert Outgoing("list.csv").row_of(pl.Series([0, 1], dtype=pl.UInt32)).to_list() == [0, 1]
