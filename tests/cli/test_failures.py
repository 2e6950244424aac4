from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from optout import errors
from optout.cli import failure

from .conftest import Run

Given = Callable[[Path, Path], list[str | Path]]
HEADER = "氏名,TEL\n"
DELIVERY = ("--recipient", "見本商事", "--purpose", "案内", "--channel", "mail", "--out", "delivered")
PEOPLE = f"{HEADER}例示 花子,06-1234-9999\n"


def written(folder: Path, content: str | bytes, name: str = "given.csv") -> Path:
    place = folder / name
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    place.chmod(0o600)
    return place


def damaged(store: Path) -> Path:
    content = bytearray(store.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    store.write_bytes(content)
    return store


def screen(content: str | bytes, *more: str) -> Given:
    return lambda folder, store: ["screen", store, written(folder, content), "--out", folder / "out", *more]


CASES: dict[str, tuple[Given, type[errors.OptoutError]]] = {
    "missing file": (lambda f, s: ["screen", s, f / "no.csv", "--out", f], errors.UnreadableFileError),
    "folder": (lambda f, s: ["columns", f], errors.UnreadableFileError),
    "binary": (screen(b"PK\x03\x04" + bytes(range(256)) * 20), errors.UnreadableFileError),
    "empty": (screen(b""), errors.EmptyBatchError),
    "header only": (screen(HEADER), errors.EmptyBatchError),
    "unknown column": (screen(PEOPLE, "--columns", "name=顧客"), errors.UnknownColumnError),
    "unknown field": (screen(PEOPLE, "--columns", "nobody=氏名"), errors.UnknownColumnError),
    "duplicate headers": (screen("氏名,氏名,TEL\n一,二,3\n"), errors.AmbiguousColumnError),
    "no identity": (screen("商品,数量\n机,1\n"), errors.MissingColumnError),
    "sensitive": (
        lambda f, s: ["intake", s, written(f, "氏名,TEL,病歴\n一,2,3\n"), "--basis", "consent", "--out", f],
        errors.SensitiveColumnError,
    ),
    "bad policy": (screen(PEOPLE, "--policy", "everyone"), errors.OptionError),
    "bad channel": (lambda f, s: ["suppress", s, "--name", "例示", "--channels", "鳩"], errors.OptionError),
    "bad encoding": (screen(PEOPLE, "--encoding", "ebcdic"), errors.OptionError),
    "missing store": (lambda f, s: ["audit", f / "no.db"], errors.StoreMissingError),
    "store exists": (lambda f, s: ["init", s], errors.StoreExistsError),
    "no folder": (lambda f, s: ["init", f / "no" / "s.db"], errors.StoreError),
    "damaged store": (lambda f, s: ["audit", damaged(s)], errors.StoreDamagedError),
    "no store at all": (lambda f, s: ["audit", written(f, PEOPLE)], errors.StoreDamagedError),
    "missing key": (lambda f, s: ["audit", s, "--key-file", f / "no.key"], errors.KeyMissingError),
    "wrong key": (lambda f, s: ["audit", s, "--key-file", written(f, "ab" * 32)], errors.WrongKeyError),
    "unknown request": (lambda f, s: ["lift", s, "R-NONE", "--reason", "x"], errors.UnknownRequestError),
    "no reason": (lambda f, s: ["lift", s, "R-NONE", "--reason", " "], errors.OptionError),
    "unknown plan": (lambda f, s: ["remove", "execute", s, "0" * 64], errors.StalePlanError),
    "no recipient": (
        lambda f, s: ["deliver", s, written(f, PEOPLE), *DELIVERY[:1], " ", *DELIVERY[2:]],
        errors.DeliveryRefused,
    ),
    "no certificate": (
        lambda f, s: ["verify", f / "c.json", s, "--public-key", f / "p.pem"],
        errors.CertificateError,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_is_one_line_and_its_own_exit_code(case: str, run: Run, store: Path, tmp_path: Path) -> None:
    given, expected = CASES[case]
    told = run(*given(tmp_path, store))
    assert told.code == expected.exit_code
    assert told.err.startswith(f"{expected.__name__}: ")
    assert told.err.count("\n") == 1
    assert told.out == ""


@pytest.mark.parametrize("case", CASES)
def test_with_json_an_error_is_a_document(case: str, run: Run, store: Path, tmp_path: Path) -> None:
    given, expected = CASES[case]
    told = run(*given(tmp_path, store), "--json")
    assert told.code == told.document["exit_code"] == expected.exit_code
    assert told.document["error"] == expected.__name__
    assert told.document["message"]
    assert json.loads(told.err) == told.document


def test_an_empty_store_screens_nothing_unless_told_to(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path / "empty.db")
    ask = ("screen", tmp_path / "empty.db", written(tmp_path, PEOPLE), "--out", tmp_path / "out")
    assert run(*ask).code == errors.EmptyStoreError.exit_code
    assert run(*ask, "--allow-empty").code == 0


def test_a_plan_for_a_list_that_changed_is_stale(run: Run, store: Path, listed: Path) -> None:
    plan = run("remove", "plan", store, listed, "--quiet").out.strip()
    listed.write_bytes(listed.read_bytes() + "例示 四郎,,,03-1234-0000,\n".encode("cp932"))
    assert run("remove", "execute", store, plan).code == errors.StalePlanError.exit_code


ODD: dict[str, str | bytes] = {
    "nothing": b"",
    "blank lines": b"\n\n\n",
    "header only": HEADER,
    "binary": bytes(range(256)) * 50,
    "half a character": HEADER.encode("cp932") + b"\x83,1\n",
    "a blank column": f"氏名,TEL,\n{'一,2,' + chr(10)}",
    "nulls": "氏名,TEL\n,\n,\n",
    "a huge cell": f"{HEADER}{'あ' * 50_000},03-1234-5678\n",
    "a huge header": f"{'あ' * 50_000},TEL\n一,2\n",
    "2,000 columns": ",".join(f"列{n}" for n in range(2_000)) + "\n" + "," * 1_999 + "\n",
    "duplicate headers": "氏名,TEL,TEL,氏名\n一,2,3,四\n",
    "control characters": "氏\x1b[2J名,TEL\x07\n\x1b]0;x\x07一,2\n",
    "an open quote": f'{HEADER}"一,2\n三,4\n',
    "ragged lines": f"{HEADER}一\n二,3,4\n五,6\n",
    "no header": "見本 一郎,03-1234-5678\n例示 花子,06-1234-9999\n",
}
READERS: dict[str, Given] = {
    "screen": lambda f, s: ["screen", s, f / "odd.csv", "--out", f / "out"],
    "stream": lambda f, s: ["screen", s, f / "odd.csv", "--out", f / "out", "--stream"],
    "columns": lambda f, s: ["columns", f / "odd.csv"],
    "normalize": lambda f, s: ["normalize", f / "odd.csv"],
    "import": lambda f, s: ["import", s, f / "odd.csv"],
    "intake": lambda f, s: ["intake", s, f / "odd.csv", "--basis", "consent", "--out", f / "out"],
    "deliver": lambda f, s: ["deliver", s, f / "odd.csv", *DELIVERY[:-1], f / "out"],
    "explain": lambda f, s: ["explain", s, f / "odd.csv", "0"],
    "plan": lambda f, s: ["remove", "plan", s, f / "odd.csv"],
}


@pytest.mark.parametrize("content", ODD)
@pytest.mark.parametrize("reader", READERS)
def test_odd_files_never_end_in_a_traceback(
    reader: str, content: str, run: Run, store: Path, tmp_path: Path
) -> None:
    written(tmp_path, ODD[content], "odd.csv")
    told = run(*READERS[reader](tmp_path, store))
    assert told.code == 0 or 10 <= told.code < 70, told.err
    assert "Traceback" not in told.said
    assert "\x1b" not in told.said
    assert len(told.err) < 5_000


def test_an_odd_parquet_file_is_told(run: Run, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.parquet"
    pl.DataFrame({"氏名": [None, None], "TEL": [None, None]}).write_parquet(file)
    assert run("screen", store, file, "--out", tmp_path / "out").code == 0
    file.write_bytes(b"PAR1" + bytes(100))
    assert run("screen", store, file, "--out", tmp_path / "out").code == errors.UnreadableFileError.exit_code


def broken(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("optout.store.Store.audit_verify", fails)


def test_an_unexpected_error_is_named_without_what_it_says(
    run: Run, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, ZeroDivisionError("見本 一郎"))
    told = run("audit", store)
    assert told.code == 1
    assert "internal error (ZeroDivisionError); nothing was written under a final name" in told.err
    assert "見本" not in told.said
    monkeypatch.setenv(failure.DEBUG, "1")
    with pytest.raises(ZeroDivisionError):
        run("audit", store)


def test_the_system_refusing_is_told_with_a_next_step(
    run: Run, store: Path, clean: Path, tmp_path: Path
) -> None:
    told = run("screen", store, clean, "--out", clean)
    assert told.code == 1
    assert "Check the path" in told.err
    assert run("screen", store, clean, "--out", tmp_path / "o", "--json").code == 0


def test_an_interrupt_ends_with_its_own_code(run: Run, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, KeyboardInterrupt())
    told = run("audit", store, "--json")
    assert told.code == told.document["exit_code"] == 130


@pytest.mark.parametrize(
    "arguments", [["screen"], ["nothing"], ["demo", "--wrong"], ["explain", "a", "b", "-1"]]
)
def test_wrong_usage_is_exit_code_two(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).code == 2
    assert run(*arguments, "--json").document["exit_code"] == 2


def test_a_pair_without_a_field_is_wrong_usage(run: Run, listed: Path) -> None:
    told = run("columns", listed, "--columns", "氏名")
    assert told.code == 2
    assert "FIELD=HEADER" in told.err
