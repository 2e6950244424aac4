from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import typer

from optout.cli.app import app
from optout.cli.tabular import csv_of

from .conftest import CLEAN, LIST, Run

DELIVERY = ("--recipient", "見本商事", "--purpose", "案内", "--channel", "mail")
INTAKE = ("--basis", "consent", "--supplier", "見本商会", "--history", "展示会")


def lines(path: Path) -> list[str]:
    return path.read_text("cp932").splitlines()


def test_a_new_store_says_where_its_key_lies(run: Run, tmp_path: Path, own_keys: Path) -> None:
    told = run("init", tmp_path / "new.db", "--json")
    assert told.code == 0
    assert Path(told.document["key_file"]).parent == own_keys
    assert "key backup" in run("init", tmp_path / "other.db").out


def test_a_request_gives_its_id_and_the_same_request_the_same_id(run: Run, store: Path) -> None:
    asked = ("suppress", store, "--name", "例示 太郎", "--email", "taro@example.jp", "--quiet")
    first, again = run(*asked), run(*asked)
    assert first.code == again.code == 0
    assert first.out == again.out
    assert first.out.startswith("R-")
    assert first.err == ""


def test_a_request_that_can_match_nobody_is_recorded_and_told(run: Run, store: Path) -> None:
    told = run("suppress", store, "--name", "例示 太郎")
    assert told.code == 0
    assert "nothing in it can match" in told.err
    assert run("suppress", store, "--name", "例示 太郎", "--json").document["unmatchable"] is True


def test_many_requests_come_from_a_file_with_their_scope(run: Run, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    file.write_text(
        "氏名,電話,範囲,対象\n例示 花子,06-1234-9999,電話,本人\n例示 次郎,090-1234-0001,すべて,世帯\n"
    )
    scope = ("--columns", "channels=範囲", "--columns", "household=対象")
    told = run("import", store, file, *scope, "--json")
    assert told.code == 0
    assert len(told.document["request_ids"]) == 2
    out = tmp_path / "out"
    phones = tmp_path / "phones.csv"
    phones.write_text("氏名,電話\n例示 花子,06-1234-9999\n")
    by_mail = run("screen", store, phones, "--out", out, "--channel", "mail", "--json")
    by_phone = run("screen", store, phones, "--out", out, "--channel", "phone", "--json")
    assert (by_mail.document["counts"]["keep"], by_phone.document["counts"]["keep"]) == (1, 0)


def test_unreadable_lines_of_an_import_are_told_and_the_others_recorded(
    run: Run, store: Path, tmp_path: Path
) -> None:
    file = tmp_path / "requests.csv"
    file.write_text("氏名,電話\n例示 花子,06-1234-9999\nだれか,1,2,3\n")
    told = run("import", store, file)
    assert told.code == 11
    assert "first lines [3]" in told.err
    assert "1 requests" in told.out


def test_lifting_a_request_lets_the_row_through(run: Run, store: Path, listed: Path, tmp_path: Path) -> None:
    asked = ("suppress", store, "--name", "例示 花子", "--phone", "06-1234-9999", "--quiet")
    request = run(*asked).out.strip()
    before = run("screen", store, listed, "--out", tmp_path / "out", "--json").document["counts"]
    assert run("lift", store, request, "--reason", "本人の申出").code == 0
    after = run("screen", store, listed, "--out", tmp_path / "out", "--json").document["counts"]
    assert (before["withhold"], after["withhold"]) == (3, 2)


def test_a_screen_writes_every_row_into_one_file(run: Run, store: Path, listed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = run("screen", store, listed, "--out", out)
    assert told.code == 0
    assert "本人と一致 same person" in told.out
    assert "名簿自体に拒否の記載" in told.out
    header, *rows = LIST.splitlines()
    assert lines(out / "kept.csv") == [header, rows[1]]
    assert lines(out / "withheld.csv") == [header, rows[0], rows[2]]
    assert (out / "report.json").exists()


def test_a_streamed_screen_writes_the_same_bytes(run: Run, store: Path, listed: Path, tmp_path: Path) -> None:
    whole, streamed = tmp_path / "whole", tmp_path / "streamed"
    first = run("screen", store, listed, "--out", whole, "--json")
    second = run("screen", store, listed, "--out", streamed, "--stream", "--json")
    assert first.document["counts"] == second.document["counts"]
    for name in ("kept.csv", "withheld.csv", "review.csv", "quarantined.csv"):
        assert (whole / name).read_bytes() == (streamed / name).read_bytes()


def test_a_screen_keeps_the_encoding_unless_asked_otherwise(
    run: Run, store: Path, listed: Path, tmp_path: Path
) -> None:
    for way in ([], ["--stream"]):
        out = tmp_path / f"out{len(way)}"
        assert run("screen", store, listed, "--out", out, "--out-encoding", "utf-8-sig", *way).code == 0
        header, *rows = LIST.splitlines()
        assert (out / "kept.csv").read_text("utf-8-sig").splitlines() == [header, rows[1]]
    refused = run("screen", store, listed, "--out", tmp_path / "o", "--out-encoding", "ebcdic")
    assert refused.code == 18


def test_a_list_without_a_header_line_is_told_by_places(run: Run, store: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.csv"
    bare.write_text("0001,見本 一郎,03-1234-5678\n0002,例示 花子,06-1234-9999\n", "cp932")
    assert run("screen", store, bare, "--out", tmp_path / "out").code == 21
    places = ("--columns", "name=1", "--columns", "phone=2", "--ignore", "0")
    for way in ([], ["--stream"]):
        told = run("screen", store, bare, "--out", tmp_path / "out", *places, *way, "--json")
        assert (told.document["counts"]["withhold"], told.document["counts"]["keep"]) == (1, 1)
        assert lines(tmp_path / "out" / "withheld.csv") == ["0001,見本 一郎,03-1234-5678"]
    assert "03-1234-5678" in run("explain", store, bare, "0", *places).out
    assert run("normalize", bare, *places, "--json").document["rows"] == 2
    assert run("import", store, bare, *places[:4], "--json").document["unmatchable"] == []
    assert run("screen", store, bare, "--out", tmp_path / "out", *places, "--quiet").out == "0\n"
    taken = run("intake", store, bare, *INTAKE, *places, "--out", tmp_path / "in", "--json")
    assert taken.code == 0
    clean = tmp_path / "clean.csv"
    clean.write_text("例示 三郎,011-123-4567\n", "utf-8")
    by_place = ("--columns", "name=0", "--columns", "phone=1")
    assert run("deliver", store, clean, *DELIVERY, *by_place, "--out", tmp_path / "going").code == 0


def test_requests_without_a_header_line_tell_their_scope_by_place(
    run: Run, store: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "requests.csv"
    bare.write_text("例示 花子,06-1234-9999,電話\n")
    places = ("--columns", "name=0", "--columns", "phone=1", "--columns", "channels=2")
    assert run("import", store, bare, *places).code == 0
    phones = tmp_path / "phones.csv"
    phones.write_text("氏名,電話\n例示 花子,06-1234-9999\n")
    kept = [
        run("screen", store, phones, "--out", tmp_path / "o", "--channel", channel, "--quiet").out
        for channel in ("mail", "phone")
    ]
    assert kept == ["1\n", "0\n"]
    absent = run("import", store, bare, "--columns", "name=0", "--columns", "channels=9")
    assert absent.code == 13


def test_a_sheet_is_named_where_several_look_like_lists(run: Run, store: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for place, (title, person) in enumerate({"東京": "見本 一郎", "大阪": "例示 花子"}.items()):
        sheet = book.create_sheet(title, place)
        sheet.append(["氏名", "電話番号"])
        sheet.append([person, "03-1234-5678"])
    del book["Sheet"]
    file = tmp_path / "list.xlsx"
    book.save(file)
    out = ("--out", tmp_path / "out")
    assert run("screen", store, file, *out).code == 20
    for way in ([], ["--stream"]):
        told = run("screen", store, file, *out, "--sheet", "東京", *way, "--json").document
        assert (told["counts"]["withhold"], told["list"]["sheet"]) == (1, "東京")
    assert run("explain", store, file, "0", "--sheet", "東京").code == 0
    assert run("normalize", file, "--sheet", "大阪", "--json").document["lines"][0]["name"] == "例示花子"
    taken = run("intake", store, file, *INTAKE, "--out", tmp_path / "in", "--sheet", "東京", "--json")
    assert taken.document["list"]["sheet"] == "東京"
    # Nobody looked for people in the other sheet, and it would go out with this one.
    refused = run("deliver", store, file, *DELIVERY, "--out", tmp_path / "going", "--sheet", "大阪", "--json")
    assert any("東京" in reason for reason in refused.document["details"]["reasons"])
    assert run("import", store, file, "--sheet", "大阪").code == 0
    assert run("screen", store, file, *out, "--sheet", "京都").code == 18


def test_what_a_spreadsheet_did_is_shown(run: Run, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("氏名,TEL\n例示 花子,9.01E+09\n見本 一郎,312345678\n例示 次郎,#N/A\n")
    told = run("screen", store, file, "--out", tmp_path / "out")
    assert "表計算による変化" in told.out
    for word in ("指数表示", "数式のエラー", "先頭の0落ち", "復元 restored", "失われた lost"):
        assert word in told.out
    assert "9.01E" not in told.said
    document = run("screen", store, file, "--out", tmp_path / "out", "--json").document
    assert [(d["header"], d["kind"], d["rows"]) for d in document["damage"]] == [
        ("TEL", "error", [2]),
        ("TEL", "exponent", [0]),
        ("TEL", "zero", [1]),
    ]
    assert "表計算による変化" in run("import", store, file).out
    clean = run("screen", store, file, "--out", tmp_path / "o", "--ignore", "TEL", "--columns", "name=氏名")
    assert "表計算による変化" not in clean.out


def test_an_intake_asks_about_what_was_lost_and_takes_note_of_the_answer(
    run: Run, store: Path, tmp_path: Path
) -> None:
    file, out = tmp_path / "list.csv", ("--out", tmp_path / "in")
    file.write_text("氏名,TEL,メール\n例示 花子,9.01E+09,hanako@example.jp\n例示 次郎,9012340001,\n")
    refused = run("intake", store, file, *INTAKE, *out, "--accept", "--json")
    assert refused.code == 66
    assert [q.split(":")[0] for q in refused.document["details"]["questions"]] == ["damage"]
    assert run("intake", store, file, *INTAKE, *out, "--accept", "--acknowledge", "supplier").code == 18
    held = run("intake", store, file, *INTAKE, *out, "--accept", "--acknowledge", "damage", "--json")
    assert held.code == 0
    assert held.document["held"]


def test_cells_we_make_are_no_formulas_and_the_users_own_are_left_as_they_are(
    run: Run, store: Path, tmp_path: Path
) -> None:
    cell = '=HYPERLINK("http://example.jp")'
    file = tmp_path / "list.csv"
    quoted = cell.replace('"', '""')
    text = f'氏名,住所,TEL\n例示 花子,"東京都新宿区{quoted}3-2-1",\n"{quoted}",大阪市北区梅田1-1,+81-6-1234-9999\n'
    file.write_text(text, "utf-8")
    made = [run("normalize", file).out]
    assert run("normalize", file, "--out", tmp_path / "n.csv").code == 0
    made.append((tmp_path / "n.csv").read_text("utf-8-sig"))
    for page in made:
        frame = pl.read_csv(io.StringIO(page), infer_schema=False)
        cells = [cell for column in frame for cell in column if cell]
        assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r"))]
        assert any(cell.startswith("'=") for cell in cells)
    assert run("screen", store, file, "--out", tmp_path / "out").code == 0
    parts = [(tmp_path / "out" / f"{name}.csv").read_text("utf-8") for name in ("kept", "withheld", "review")]
    assert {line for part in parts for line in part.splitlines()} == set(text.splitlines())


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_a_cell_that_begins_like_a_formula_is_made_inert(start: str) -> None:
    frame = pl.DataFrame({"a": [f"{start}1", f"1{start}", None, "", "'"], "n": [-1, 2, 3, 4, 5]})
    read = pl.read_csv(io.StringIO(csv_of(frame)), infer_schema=False)
    assert read["a"].to_list()[:2] == [f"'{start}1", f"1{start}"]
    assert read["n"].to_list()[0] == "-1", "a number is no text"
    lists = pl.DataFrame({"a": [[f"{start}1", "2"], []]}, schema={"a": pl.List(pl.String)})
    assert pl.read_csv(io.StringIO(csv_of(lists)), infer_schema=False)["a"][0] == f"'{start}1;2"


def test_a_removal_is_planned_carried_out_and_proved(run: Run, store: Path, listed: Path) -> None:
    plan = run("remove", "plan", store, listed, "--json").document
    assert [row["row"] for row in plan["rows"]] == [0]
    assert listed.read_text("cp932") == LIST
    told = run("remove", "execute", store, plan["plan"], "--approver", "鈴木", "--json")
    assert told.code == 0
    assert told.document["done"] is True
    assert lines(listed) == [LIST.splitlines()[n] for n in (0, 2, 3)]
    assert run("remove", "execute", store, plan["plan"]).code == 0


def test_a_removal_that_is_not_finished_says_so_by_its_exit_code(
    run: Run, store: Path, tmp_path: Path
) -> None:
    held = tmp_path / "held.csv"
    held.write_text("氏名,電話\n別名 太郎,03-1234-5678\n")
    plan = run("remove", "plan", store, held, tmp_path / "absent.csv", "--quiet").out.strip()
    told = run("remove", "execute", store, plan)
    assert told.code == 60
    assert "held.csv: review" in told.err
    assert "absent.csv: unreachable" in told.err
    document = run("remove", "execute", store, plan, "--json")
    assert document.code == document.document["exit_code"] == 60


def test_an_intake_stays_quarantined_until_its_questions_are_settled(
    run: Run, store: Path, clean: Path, tmp_path: Path
) -> None:
    out = tmp_path / "in"
    told = run("intake", store, clean, "--basis", "consent", "--out", out)
    assert told.code == 0
    assert "取得元" in told.out
    assert "still quarantined" in told.out
    assert run("holdings", "list", store, "--json").document["holdings"] == []
    refused = run("intake", store, clean, "--basis", "consent", "--out", out, "--accept")
    assert refused.code == 66
    accepted = run("intake", store, clean, *INTAKE, "--out", out, "--accept", "--json")
    assert accepted.code == 0
    (held,) = run("holdings", "list", store, "--json").document["holdings"]
    assert (held["rows"], held["supplier"], held["deliverable"]) == (2, "見本商会", True)
    assert held["id"] in run("holdings", "list", store).out


def test_a_list_received_by_optout_may_not_be_provided_again(
    run: Run, store: Path, clean: Path, tmp_path: Path
) -> None:
    bought = ("--basis", "optout", "--supplier", "見本商会", "--history", "購入")
    told = run("intake", store, clean, *bought, "--out", tmp_path / "in", "--json")
    assert told.document["deliverable"] is False


def test_a_delivery_is_refused_with_every_reason_and_nothing_is_written(
    run: Run, store: Path, listed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    told = run("deliver", store, listed, *DELIVERY, "--out", out, "--json")
    assert told.code == 67
    assert told.document["error"] == "DeliveryRefused"
    assert told.document["details"]["reasons"] == ["2 rows are withhold (提供停止), first rows [0, 2]"]
    assert not out.exists()


def test_a_clean_list_is_delivered_and_verified_without_the_store(
    run: Run, store: Path, clean: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("deliver", store, clean, *DELIVERY, "--out", out).code == 0
    assert (out / "clean.csv").read_text("cp932") == CLEAN
    store.unlink()
    proof = ("verify", out / "certificate.json", out / "clean.csv", "--public-key", out / "public_key.pem")
    told = run(*proof, "--json")
    assert told.code == 0
    assert told.document["valid"] is True
    assert told.document["purpose"] == "案内"
    with (out / "clean.csv").open("ab") as file:
        file.write(b"x")
    assert run(*proof).code == 68


def test_an_explanation_shows_both_sides_and_is_audited(run: Run, store: Path, listed: Path) -> None:
    before = run("audit", store, "--json").document["audit_rows"]
    told = run("explain", store, listed, "0", "--actor", "佐藤", "--purpose", "照会")
    assert told.code == 0
    assert "03-1234-5678" in told.out
    assert "personal data" in told.err
    assert run("audit", store, "--json").document["audit_rows"] == before + 1
    document = run("explain", store, listed, "0", "--json").document
    assert (document["verdict"], document["personal_data"]) == ("withhold", True)
    assert run("explain", store, listed, "1").code == 0
    assert run("explain", store, listed, "3").code == 18


def test_a_list_is_normalized_to_standard_output_or_a_file(run: Run, listed: Path, tmp_path: Path) -> None:
    text = run("normalize", listed).out
    assert pl.read_csv(io.StringIO(text), infer_schema=False)["phones"][0] == "0312345678"
    assert run("normalize", listed, "--quiet").out == text
    for name, read in (("n.csv", pl.read_csv), ("n.parquet", pl.read_parquet)):
        assert run("normalize", listed, "--out", tmp_path / name).code == 0
        assert read(tmp_path / name).height == 3
    assert run("normalize", listed, "--out", tmp_path / "n.xlsx").code == 18
    assert len(run("normalize", listed, "--json").document["lines"]) == 3


def test_an_audit_tells_rows_and_head(run: Run, store: Path) -> None:
    document = run("audit", store, "--json").document
    assert (document["audit_rows"], document["revision"]) == (2, 1)
    assert run("audit", store, "--quiet").out.strip() == document["head"]


def test_a_lost_key_is_restored_from_its_backup(
    run: Run, store: Path, tmp_path: Path, own_keys: Path
) -> None:
    copy = tmp_path / "safe.key"
    place = Path(run("key", "show", store, "--quiet").out.strip())
    assert place.parent == own_keys
    assert run("key", "backup", store, "--out", copy).code == 0
    assert copy.stat().st_mode & 0o077 == 0
    assert run("key", "backup", store, "--out", copy).code == 42
    place.unlink()
    assert run("audit", store).code == 46
    assert run("audit", store, "--key-file", copy).code == 0
    assert run("key", "restore", store, copy).code == 0
    assert run("audit", store).code == 0


def test_a_wrong_key_is_never_restored(run: Run, store: Path, tmp_path: Path, own_keys: Path) -> None:
    wrong = tmp_path / "wrong.key"
    wrong.write_text("ab" * 32)
    (key,) = own_keys.iterdir()
    key.unlink()
    assert run("key", "restore", store, wrong).code == 47
    assert list(own_keys.iterdir()) == []


def test_the_public_key_is_told_and_written(run: Run, store: Path, tmp_path: Path) -> None:
    told = run("key", "public", store)
    assert told.out.startswith("-----BEGIN PUBLIC KEY-----")
    assert run("key", "public", store, "--out", tmp_path / "p.pem").code == 0
    assert (tmp_path / "p.pem").read_text().strip() == told.out.strip()


def test_the_version_is_told(run: Run) -> None:
    from optout import __version__

    assert run("--version").out == f"optout {__version__}\n"


def commands() -> list[tuple[str, ...]]:
    found = []
    for name, known in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        nested = getattr(known, "commands", None)
        found += [(name, each) for each in nested] if nested else [(name,)]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_the_help_of_every_command_has_an_example(run: Run, command: tuple[str, ...]) -> None:
    told = run(*command, "--help")
    assert told.code == 0
    assert f"Example: optout {' '.join(command)}" in told.out
    assert "--json" in told.out


def test_no_command_is_missing() -> None:
    assert len(commands()) == 103
