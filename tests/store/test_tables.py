"""Address tables in a store: all or nothing, once each, newer only, and noticed when tampered with."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from optout.atlas import read
from optout.errors import OlderTableError, OptionError, StoreDamagedError, StoreError, TableFileError
from optout.keys import KeyScheme
from optout.store import Request, Store, layout
from optout.tables.gazetteer import packaged

_HEADER = "pref,old_name,old_code,new_name,new_code,date,kind\r\n"
_FIRST = "千葉県,見本町,12901,君津市,12225,1971-04-01,編入\r\n"
_SECOND = "千葉県,例示村,12902,君津市,12225,1990-04-01,編入\r\n"
NAME = ("千葉県", None, "見本町", None)

_IMPORTS = """
import os, sys
from pathlib import Path
from typing import Any
from optout.store import Store
store = Store.open(sys.argv[1])
for n in range(200):
    path = Path(sys.argv[2]) / f"{n}.csv"
    line = f"千葉県,見本{n}村,129{n:02},君津市,12225,{1800 + n}-04-01,編入"
    path.write_text("pref,old_name,old_code,new_name,new_code,date,kind\\n" + line + "\\n", "utf-8")
    print(store.import_tables("mergers", path).revision, flush=True)
    if sys.argv[3] == "exit":
        os._exit(1)
"""

Write = Callable[..., Path]
Where = Path | str


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(*lines: str, name: str = "mergers.csv") -> Path:
        path = tmp_path / name
        path.write_text(_HEADER + "".join(lines or (_FIRST,)), "cp932", newline="")
        return path

    return make


def names(store: Store, revision: int | None = None) -> set[tuple[object, ...]]:
    return set(store.gazetteer(revision).former.drop("code").rows())


def test_an_import_counts_from_its_revision_on_and_survives_opening(path: Where, write: Write) -> None:
    with Store.create(path) as store:
        assert store.tables() == []
        assert store.gazetteer() is packaged()
        store.suppress(Request(phones="090-1234-5678"))
        done = store.import_tables("mergers", write())
        assert (done.revision, done.rows, done.known, done.in_force) == (2, 1, False, True)
        assert done.as_of == date(1971, 4, 1)
    with Store.open(path) as again:
        assert NAME in names(again)
        assert NAME not in names(again, 1)
        assert again.gazetteer(1) is packaged()
        assert [(each.kind, each.revision) for each in again.tables()] == [("mergers", 2)]
        assert len(again.active_requests()) == 1
        assert again.audit_verify() == 3


def test_the_key_scheme_names_the_places(store: Store, write: Write) -> None:
    plain = KeyScheme.current()
    assert KeyScheme.current(store.gazetteer()) == plain
    store.import_tables("mergers", write())
    changed = KeyScheme.current(store.gazetteer())
    assert changed.tag != plain.tag
    store.import_tables("mergers", write(_SECOND, name="second.csv"))
    assert KeyScheme.current(store.gazetteer()).tag not in (plain.tag, changed.tag)
    assert KeyScheme.current(store.gazetteer(1)).tag == changed.tag


def test_the_same_gazetteer_is_made_once(store: Store, write: Write) -> None:
    store.import_tables("mergers", write())
    made = store.gazetteer()
    store.suppress(Request(phones="090-1234-5678"))
    assert store.gazetteer() is made


def test_the_same_table_again_is_one_record_whatever_its_file(
    store: Store, write: Write, tmp_path: Path
) -> None:
    first = store.import_tables("mergers", write())
    other = tmp_path / "again.csv"
    other.write_text(_HEADER + _FIRST, "utf-8-sig")
    for path in (write(), other):
        again = store.import_tables("mergers", path)
        assert (again.known, again.revision, again.name) == (True, first.revision, "mergers.csv")
    assert store.revision == 1
    assert len(store.tables()) == 1
    # In place of itself it says nothing new either.
    assert store.import_tables("mergers", other, replace=True).known


def test_an_older_table_is_refused_unless_it_is_meant(store: Store, write: Write) -> None:
    store.import_tables("mergers", write(_SECOND))
    older = write(_FIRST, name="older.csv")
    with pytest.raises(OlderTableError, match="is of 1971-04-01, and what was imported is of 1990-04-01"):
        store.import_tables("mergers", older)
    assert (store.revision, NAME in names(store)) == (1, False)
    done = store.import_tables("mergers", older, replace=True)
    assert done.replaces
    assert names(store) & {NAME, ("千葉県", None, "例示村", None)} == {NAME}
    assert [each.in_force for each in store.tables()] == [False, True]
    # What was replaced may come back, as another record.
    assert store.import_tables("mergers", write(_SECOND)).revision == 3


def test_several_tables_of_a_kind_add_up(store: Store, write: Write) -> None:
    store.import_tables("mergers", write(_FIRST))
    store.import_tables("mergers", write(_SECOND, name="second.csv"))
    assert {NAME, ("千葉県", None, "例示村", None)} <= names(store)
    assert [each.in_force for each in store.tables()] == [True, True]


def test_a_wrong_file_or_kind_leaves_nothing(store: Store, write: Write) -> None:
    for kind, wrong in (("ken-all", TableFileError), ("abr", TableFileError), ("KEN_ALL", OptionError)):
        with pytest.raises(wrong):
            store.import_tables(kind, write())
    assert (store.revision, store.tables(), store.head.audit_n) == (0, [], 1)


def test_an_interrupted_import_leaves_nothing(
    by_hand: Any, path: Where, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with Store.create(path) as store:
        with monkeypatch.context() as patch:
            patch.setattr("optout.store.commit.Commit.finish", interrupt)
            with pytest.raises(KeyboardInterrupt):
                store.import_tables("mergers", write())
        assert (store.revision, store.tables()) == (0, [])
        assert store.gazetteer() is packaged()
        assert not by_hand.has("place")
        assert by_hand.format() == layout.FIRST
        assert store.import_tables("mergers", write()).revision == 1


def test_an_acknowledged_import_survives_a_process_that_just_ends(
    path: Where, apart: Any, tmp_path: Path
) -> None:
    Store.create(path).close()
    with apart(_IMPORTS, path, tmp_path, "exit") as child:
        assert child.stdout.read().split() == ["1"]
    assert child.returncode == 1
    with Store.open(path) as store:
        assert ("千葉県", None, "見本0村", None) in names(store)
        assert store.audit_verify() == 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_no_acknowledged_import_is_lost_when_the_importer_is_killed(
    path: Where, apart: Any, tmp_path: Path
) -> None:
    Store.create(path).close()
    with apart(_IMPORTS, path, tmp_path, "on") as child:
        for _ in range(5):
            last = int(child.stdout.readline())
        child.kill()
        rest = [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    last = max([last, *map(int, rest)])
    with Store.open(path) as store:
        done = store.tables()
        assert [each.revision for each in done] == list(range(1, len(done) + 1))
        assert len(done) in (last, last + 1)
        assert {("千葉県", None, f"見本{n}村", None) for n in range(last)} <= names(store)
        assert store.audit_verify() == len(done) + 1


@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM place",
        "UPDATE place SET data = zeroblob(100)",
        "UPDATE place SET data = x'74657874'",
        "DELETE FROM block WHERE kind = 'amend'",
        "DROP TABLE place",
    ],
)
def test_a_table_that_was_tampered_with_is_noticed(by_hand: Any, write: Write, edit: str) -> None:
    with Store.create(by_hand.path) as store:
        store.import_tables("mergers", write())
    by_hand.free()
    by_hand.do(edit)
    with Store.open(by_hand.path) as store:
        for look in (store.gazetteer, store.audit_verify):
            with pytest.raises(StoreDamagedError):
                look()


@pytest.mark.parametrize("verb", ["DELETE FROM place", "UPDATE place SET data = x'00'"])
def test_the_database_itself_forbids_changing_a_table(by_hand: Any, write: Write, verb: str) -> None:
    with Store.create(by_hand.path) as store:
        store.import_tables("mergers", write())
    with pytest.raises(by_hand.refused, match="append-only"):
        by_hand.do(verb)


def test_an_optout_that_does_not_know_of_tables_does_not_open_the_store(
    path: Where, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.create(path) as store:
        store.import_tables("mergers", write())
    monkeypatch.setattr(layout, "FORMAT", 1)
    with pytest.raises(StoreError, match="has format 2"):
        Store.open(path)


def test_two_stores_open_at_once_see_each_others_tables(path: Where, write: Write) -> None:
    with Store.create(path) as one, Store.open(path) as other:
        one.import_tables("mergers", write())
        assert NAME in names(other)
        assert other.import_tables("mergers", write()).known


def test_the_audit_tells_of_an_import_and_not_of_its_place_in_the_file_system(
    by_hand: Any, write: Write, tmp_path: Path
) -> None:
    with Store.create(by_hand.path) as store:
        store.import_tables("mergers", write())
    assert by_hand.ask("SELECT action FROM audit ORDER BY n") == [("create",), ("import tables",)]
    kept = [file for file in by_hand.kept() if file.suffix != ".csv" and "keys" not in file.parts]
    assert not any(str(tmp_path).encode() in file.read_bytes() for file in kept)


@pytest.mark.skipif(os.name == "nt", reason="a file cannot be taken away while it is open")
def test_the_file_is_not_needed_afterwards(store: Store, write: Write) -> None:
    path = write()
    store.import_tables("mergers", path)
    extract = read("mergers", path)
    path.unlink()
    assert NAME in names(store)
    assert store.tables()[0].content == extract.content


TOTTORI = "鳥取県"


def postal_lines(rename: dict[str, tuple[str, str]]) -> str:
    """The packaged postal codes of a prefecture as KEN_ALL; `rename` gives codes another code and name."""
    places = packaged()
    known = places.municipalities.filter(prefecture=TOTTORI)
    names = {code: f"{county or ''}{city}" for code, _, county, city, _ in known.rows()}
    lines = []
    for postal, old, town in places.postal.join(known, on="code", how="semi").rows():
        code, name = rename.get(old, (old, names[old]))
        lines.append(
            f'{code},"{postal[:3]}  ","{postal}","ｶﾅ","ｶﾅ","ｶﾅ","{TOTTORI}","{name}","{town}",0,0,0,0,0,0'
        )
    return "\r\n".join(lines) + "\r\n"


def test_a_newer_ken_all_and_registry_are_laid_over_the_packaged_tables(store: Store, tmp_path: Path) -> None:
    ken_all = tmp_path / "31TOTTOR.CSV"
    ken_all.write_text(postal_lines({"31386": ("31299", "見本市")}), "cp932", newline="")
    done = store.import_tables("ken-all", ken_all, as_of=date(2030, 4, 1))
    assert done.remarks == ("1 municipalities became former names of others",)
    merged = store.gazetteer()
    assert merged.municipalities.filter(code="31299").rows() == [("31299", TOTTORI, None, "見本市", None)]
    assert merged.former.filter(code="31299").rows() == [(TOTTORI, "西伯郡", "大山町", None, "31299")]
    assert merged.municipalities.height == packaged().municipalities.height
    towns = packaged().towns.filter(code="31386").drop("code")
    assert towns.join(
        merged.towns.filter(code="31299"), on=towns.columns, how="anti", nulls_equal=True
    ).is_empty()
    registry = tmp_path / "mt_town_pref31.csv"
    header = "lg_code,machiaza_id,pref,county,city,ward,oaza_cho,chome,koaza\n"
    rows = [f"313866,1,{TOTTORI},西伯郡,大山町,,{town},,{koaza or ''}\n" for town, koaza, _ in towns.rows()]
    registry.write_text(header + "".join(rows) + f"313866,2,{TOTTORI},西伯郡,大山町,,新町,,\n", "utf-8")
    told = store.import_tables("abr", registry)
    assert "in use no longer" in told.remarks[0]
    assert store.gazetteer().towns.filter(code="31299", town="新町").height == 1
    assert "31386" not in set(store.gazetteer().towns["code"])


def test_a_ken_all_of_an_earlier_day_is_refused(store: Store, tmp_path: Path) -> None:
    ken_all = tmp_path / "31TOTTOR.CSV"
    ken_all.write_text(postal_lines({}), "cp932", newline="")
    store.import_tables("ken-all", ken_all, as_of=date(2030, 4, 1))
    ken_all.write_text(postal_lines({"31386": ("31299", "見本市")}), "cp932", newline="")
    with pytest.raises(OlderTableError, match="is of 2030-03-01"):
        store.import_tables("ken-all", ken_all, as_of=date(2030, 3, 1))
    assert store.revision == 1
    ken_all.write_text("\r\n".join(postal_lines({}).splitlines()[:300]), "cp932")
    with pytest.raises(TableFileError, match="is not whole"):
        store.import_tables("ken-all", ken_all, replace=True)
