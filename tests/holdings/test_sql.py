"""A table of SQLite or PostgreSQL is changed in one transaction, or not at all; names come from reflection."""

from __future__ import annotations

import gc
import secrets
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from optout.batch.source import Source
from optout.errors import (
    CellRefusedError,
    CheckError,
    ConservationError,
    EmptyBatchError,
    HoldingBoundError,
    HoldingChangedError,
    HoldingLockedError,
    HoldingReadOnlyError,
    HoldingUnreachableError,
    UnreadableFileError,
)
from optout.holdings import Changed, Edits, Held, opened

PEOPLE = (
    'CREATE TABLE people (id integer PRIMARY KEY, "氏名" varchar(10) NOT NULL,'
    " tel text, born date, n integer NOT NULL)"
)
ROWS = [
    (30, "見本 花子", "03-1234-5678", "1970-03-02", 1),
    (10, "高橋 一郎", None, None, 2),
    (20, "鈴木", "090-1234-0000", "1980-01-31", 3),
]


def seen(_: Source) -> None:
    return None


class Sqlite:
    """A table in a file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "office.db"
        self.url = f"sqlite:///{self.path}"

    def do(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            for statement in statements:
                db.execute(statement)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(query).fetchall()


class Postgres:
    """The same in a schema of a server."""

    def __init__(self, server: Any) -> None:
        self.server, self.schema = server, f"h{secrets.token_hex(4)}"
        self.url = server.url()
        self.do(f"CREATE SCHEMA {self.schema}")

    def connect(self) -> Any:
        import psycopg

        return psycopg.connect(self.url, options=f"-c search_path={self.schema}", autocommit=True)

    def do(self, *statements: str) -> None:
        with closing(self.connect()) as db, db.transaction():
            for statement in statements:
                db.execute(statement)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as db:
            return list(db.execute(query).fetchall())


class Office:
    """A database and the holding in it."""

    def __init__(self, base: Any) -> None:
        self.base, self.do, self.ask = base, base.do, base.ask
        schema = f"{base.schema}." if hasattr(base, "schema") else ""
        self.location = f"{base.url}#{schema}people"
        self.do(PEOPLE, *(f"INSERT INTO people VALUES ({_row(row)})" for row in ROWS))

    @cached_property
    def held(self) -> Held:
        return opened(self.location)

    def rows(self) -> list[tuple[Any, ...]]:
        return [
            tuple(str(cell) if cell is not None else None for cell in row)
            for row in self.ask("SELECT * FROM people ORDER BY id")
        ]

    def change(self, edits: Edits, verify: Callable[[Source], None] = seen) -> Changed:
        held, told = self.held, list[str]()
        done = held.change(edits, held.fingerprint(), verify, told.append)
        assert told == [done.after] == [held.fingerprint()]
        return done


def _row(row: tuple[Any, ...]) -> str:
    return ", ".join("NULL" if cell is None else repr(cell) for cell in row)


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "sqlite":
        yield Office(Sqlite(tmp_path))
        return
    base = Postgres(request.getfixturevalue("postgres"))
    yield Office(base)
    base.do(f"DROP SCHEMA {base.schema} CASCADE")


@pytest.fixture
def file(tmp_path: Path) -> Office:
    return Office(Sqlite(tmp_path))


def test_rows_are_read_as_text_in_the_order_of_the_key(office: Office) -> None:
    source = office.held.source()
    assert source.headers == ["id", "氏名", "tel", "born", "n"]
    assert source.frame.rows() == [
        ("10", "高橋 一郎", None, None, "2"),
        ("20", "鈴木", "090-1234-0000", "1980-01-31", "3"),
        ("30", "見本 花子", "03-1234-5678", "1970-03-02", "1"),
    ]
    assert set(source.frame.schema.values()) == {pl.String}
    assert source.sha256 == office.held.fingerprint()
    assert source.unchanged()
    assert [block.first_row for block in source.blocks(1)] == [0]
    assert office.held.row_ids([2, 0]) == ["id=30", "id=10"]
    with pytest.raises(ConservationError):
        office.held.row_ids([3])


def test_rows_go_and_cells_change_by_primary_key_in_one_transaction(office: Office) -> None:
    def verify(new: Source) -> None:
        assert new.frame.rows() == [
            ("10", "新 一郎", None, None, "2"),
            ("20", "", None, "1981-01-31", "77"),
        ]
        assert len(office.rows()) == 3  # nobody else sees it yet

    done = office.change(Edits([2], {1: [1, 2]}, {0: {1: "新 一郎"}, 1: {3: "1981-01-31", 4: "77"}}), verify)
    assert (done.rows_erased, done.cells_changed) == (1, 5)
    assert office.rows() == [("10", "新 一郎", None, None, "2"), ("20", "", None, "1981-01-31", "77")]


def test_D7_only_the_asked_ones_cells_of_a_row_are_blanked(office: Office) -> None:
    office.change(Edits(blank={2: [2, 3]}))
    assert office.rows()[2] == ("30", "見本 花子", None, None, "1")
    assert office.rows()[:2] == [
        ("10", "高橋 一郎", None, None, "2"),
        ("20", "鈴木", "090-1234-0000", "1980-01-31", "3"),
    ]


def test_what_the_caller_refuses_did_not_happen(office: Office) -> None:
    before = office.rows()

    def refuse(new: Source) -> None:
        assert new.frame.height == 2
        raise CheckError("no")

    with pytest.raises(CheckError, match="no"):
        office.change(Edits([0], put={1: {2: "x"}}), refuse)

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        office.held.change(Edits([0]), office.held.fingerprint(), seen, interrupted)
    assert office.rows() == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE people SET tel = '1' WHERE id = 20",
        "DELETE FROM people WHERE id = 20",
        "INSERT INTO people VALUES (1, 'x', NULL, NULL, 1)",
        "ALTER TABLE people ADD COLUMN mail text",
        "ALTER TABLE people RENAME COLUMN tel TO tel2",
    ],
)
def test_a_table_that_is_not_the_planned_one_is_left_alone(office: Office, change: str) -> None:
    expected = office.held.fingerprint()
    office.do(change)
    before = office.ask("SELECT * FROM people ORDER BY id")
    with pytest.raises(HoldingChangedError):
        office.held.change(Edits([0]), expected, seen, lambda _: None)
    assert office.ask("SELECT * FROM people ORDER BY id") == before


@pytest.mark.parametrize(
    ("edits", "error"),
    [
        (Edits([3]), ConservationError),
        (Edits([-1]), ConservationError),
        (Edits(blank={0: [0]}), CellRefusedError),
        (Edits(blank={0: [4]}), CellRefusedError),
        (Edits(put={0: {0: "99"}}), CellRefusedError),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is(
    office: Office, edits: Edits, error: type[Exception]
) -> None:
    before = office.rows()
    with pytest.raises(error):
        office.change(edits)
    assert office.rows() == before


@pytest.mark.parametrize("rule", ["CHECK (tel <> 'forbidden')", "UNIQUE (tel)"])
def test_a_rule_of_the_database_that_forbids_a_text_is_told_without_the_text(
    office: Office, rule: str
) -> None:
    office.do(
        "DROP TABLE people",
        f"CREATE TABLE people (id integer PRIMARY KEY, name text, tel text, {rule})",
        "INSERT INTO people VALUES (1, 'a', 'x'), (2, 'b', 'forbidden2')",
    )
    before = office.rows()
    with pytest.raises(CellRefusedError) as told:
        office.change(Edits([], {}, {0: {1: "new", 2: "forbidden" if "CHECK" in rule else "forbidden2"}}))
    assert "forbidden" not in str(told.value)
    assert office.rows() == before


@pytest.mark.parametrize("action", ["", "ON DELETE CASCADE"])
def test_rows_that_others_point_to_stay_and_nothing_is_taken_along(office: Office, action: str) -> None:
    office.do(
        f"CREATE TABLE orders (id integer PRIMARY KEY, who integer REFERENCES people (id) {action})",
        "INSERT INTO orders VALUES (1, 20), (2, 20), (3, NULL)",
    )
    before, orders = office.rows(), office.ask("SELECT * FROM orders")
    with pytest.raises(HoldingBoundError) as told:
        office.change(Edits([0, 1]))
    assert (told.value.n_rows, told.value.tables) == (1, ("orders",))
    assert (office.rows(), office.ask("SELECT * FROM orders")) == (before, orders)
    office.change(Edits([0, 2]))
    assert [row[0] for row in office.rows()] == ["20"]


def test_rows_that_point_to_one_another_go_together(office: Office) -> None:
    office.do(
        "DROP TABLE people",
        "CREATE TABLE people (id integer PRIMARY KEY, boss integer REFERENCES people (id))",
        "INSERT INTO people VALUES (1, NULL), (2, 1), (3, 1)",
    )
    with pytest.raises(HoldingBoundError):
        office.change(Edits([0]))
    office.change(Edits([0, 1, 2]))
    assert office.rows() == []


def test_a_trigger_that_brings_rows_back_or_changes_others_is_found_out(office: Office) -> None:
    if isinstance(office.base, Sqlite):
        office.do(
            "CREATE TRIGGER back AFTER DELETE ON people BEGIN"
            " INSERT INTO people VALUES (old.id, old.氏名, old.tel, old.born, old.n); END"
        )
    else:
        office.do(
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            "CREATE TRIGGER keep BEFORE DELETE ON people FOR EACH ROW EXECUTE FUNCTION keep()",
        )
    before = office.rows()
    with pytest.raises(UnreadableFileError, match="keeps 1 rows that were deleted"):
        office.change(Edits([1]))
    assert office.rows() == before


def test_a_trigger_that_changes_other_rows_stops_everything(file: Office) -> None:
    file.do(
        "CREATE TRIGGER others AFTER DELETE ON people BEGIN UPDATE people SET n = n + 1 WHERE id = 10; END"
    )
    before = file.rows()
    with pytest.raises(ConservationError):
        file.change(Edits([1]))
    assert file.rows() == before


def test_a_table_without_primary_key_can_be_screened_and_not_changed(office: Office) -> None:
    office.do(
        "DROP TABLE people", "CREATE TABLE people (name text)", "INSERT INTO people VALUES ('a'), ('b')"
    )
    held = office.held
    assert sorted(held.source().frame["name"]) == ["a", "b"]
    assert held.fingerprint() == held.fingerprint()
    with pytest.raises(UnreadableFileError, match="no primary key"):
        held.require_changeable()
    with pytest.raises(UnreadableFileError, match="no primary key"):
        held.change(Edits([0]), held.fingerprint(), seen, lambda _: None)


def test_a_key_of_several_columns_and_odd_names(office: Office) -> None:
    office.do(
        "DROP TABLE people",
        'CREATE TABLE people ("a b" text, "select" integer, "x""y" text, PRIMARY KEY ("a b", "select"))',
        "INSERT INTO people VALUES ('甲', 1, 'p'), ('甲', 2, 'q'), ('乙', 1, 'r')",
    )
    names = office.held.source().frame['x"y"'[:3]].to_list()
    gone = names.index("q")
    assert office.held.row_ids([gone]) == ["a b=甲 select=2"]
    office.change(Edits([gone], put={names.index("r"): {2: "'; --"}}))
    assert sorted(office.held.source().frame['x"y']) == ["'; --", "p"]


def test_all_rows_can_go_and_then_there_is_nothing_to_screen(office: Office) -> None:
    shown: list[int] = []
    office.change(Edits([0, 1, 2]), lambda new: shown.append(new.frame.height))
    assert (shown, office.rows()) == ([0], [])
    with pytest.raises(EmptyBatchError):
        office.held.source()
    assert office.held.fingerprint()


def test_without_edits_nothing_happens(office: Office) -> None:
    done = office.change(Edits())
    assert (done.rows_erased, done.cells_changed, done.before) == (0, 0, done.after)


def test_more_rows_than_a_statement_takes(office: Office) -> None:
    office.do(
        "INSERT INTO people SELECT v, 'n' || v, NULL, NULL, v FROM"
        " (WITH RECURSIVE s(v) AS (SELECT 100 UNION ALL SELECT v + 1 FROM s WHERE v < 2600) SELECT v FROM s) t"
    )
    done = office.change(Edits(list(range(3, 2503))))
    assert (done.rows_erased, len(office.rows())) == (2500, 4)


def test_a_table_or_file_that_is_not_there(file: Office, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="does not exist"):
        opened(f"{file.base.url}#nobody").fingerprint()
    with pytest.raises(UnreadableFileError, match="does not exist"):
        opened(f"sqlite:///{tmp_path / 'none.db'}#people").source()
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(UnreadableFileError, match="no sound SQLite"):
        opened(f"sqlite:///{tmp_path / 'text.db'}#people").source()


@pytest.mark.parametrize(
    "text", ["sqlite:///office.db", "sqlite://#x", "nothing://h/d#t", "://#x", "postgresql://u:secret@h"]
)
def test_an_address_that_cannot_be_read_is_not_repeated(text: str) -> None:
    with pytest.raises(UnreadableFileError) as told:
        opened(text).fingerprint()
    assert "secret" not in str(told.value)


def test_a_server_that_does_not_answer_is_told_without_the_password() -> None:
    held = opened("postgresql://someone:secret@127.0.0.1:1/office#people")
    assert held.name == "postgresql://127.0.0.1:1/office#people"
    assert "secret" not in repr(held)
    for ask in (held.fingerprint, held.source, held.require_changeable):
        with pytest.raises(HoldingUnreachableError) as told:
            ask()
        assert "secret" not in str(told.value)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of a cursor that was cut off
def test_a_server_that_goes_away_in_the_middle_leaves_the_table_as_it_was(postgres: Any) -> None:
    office = Office(Postgres(postgres))
    before = office.rows()

    def cut(_: Source) -> None:
        office.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database() AND state = 'idle in transaction'"
        )

    with pytest.raises(HoldingUnreachableError):
        office.change(Edits([0]), cut)
    gc.collect()
    assert office.rows() == before


def test_somebody_else_writing_is_waited_for_and_then_told(
    file: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from optout.holdings.sql import address

    monkeypatch.setattr(address, "_BUSY_SECONDS", 0.05)
    expected = file.held.fingerprint()
    with closing(sqlite3.connect(file.base.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HoldingLockedError):
            file.held.change(Edits([0]), expected, seen, lambda _: None)
        other.execute("ROLLBACK")
    assert len(file.rows()) == 3


def test_a_table_somebody_has_locked_on_the_server_is_told(
    postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from optout.holdings import sql

    monkeypatch.setattr(sql, "_LOCK_TIMEOUT", "50ms")
    office = Office(Postgres(postgres))
    expected = office.held.fingerprint()
    with closing(office.base.connect()) as other, other.transaction():
        other.execute("UPDATE people SET n = 9")
        with pytest.raises(HoldingLockedError):
            office.held.change(Edits([0]), expected, seen, lambda _: None)


def test_a_commit_that_is_told_is_on_the_disk_whatever_the_server_is_set_to(
    postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    office, found, commit = Office(Postgres(postgres)), list[str](), psycopg.Connection.commit

    def looked_at(self: Any) -> None:
        found.append(self.execute("SHOW synchronous_commit").fetchone()[0])
        commit(self)

    for wanted, got in (("off", "on"), ("remote_apply", "remote_apply")):
        held = opened(office.location.replace("#", f"&options=-csynchronous_commit%3D{wanted}#"))
        expected = held.fingerprint()
        with monkeypatch.context() as patch:
            patch.setattr(psycopg.Connection, "commit", looked_at)
            held.change(Edits([0]), expected, seen, lambda _: None)
        assert found.pop() == got


def test_a_user_who_may_only_read_is_told(postgres: Any) -> None:
    office = Office(Postgres(postgres))
    schema = office.base.schema
    reader = f"r{schema}"
    office.do(
        f"CREATE ROLE {reader} LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO {reader}",
        f"GRANT SELECT ON people TO {reader}",
    )
    held = opened(office.location.replace("optout@", f"{reader}@"))
    assert held.source().frame.height == 3
    with pytest.raises(HoldingReadOnlyError):
        held.change(Edits([0]), held.fingerprint(), seen, lambda _: None)
    office.do(f"DROP OWNED BY {reader}", f"DROP ROLE {reader}")
    assert len(office.rows()) == 3


def test_a_table_that_hides_rows_from_this_user_is_not_taken_for_clean(postgres: Any) -> None:
    office = Office(Postgres(postgres))
    schema = office.base.schema
    reader = f"r{schema}"
    office.do(
        f"CREATE ROLE {reader} LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO {reader}",
        f"GRANT ALL ON people TO {reader}",
        "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON people USING (n = 1)",
    )
    held = opened(office.location.replace("optout@", f"{reader}@"))
    for ask in (held.fingerprint, lambda: held.source().frame):
        with pytest.raises(UnreadableFileError, match="not all of it"):
            ask()
    assert office.held.source().frame.height == 3
    office.do(f"DROP OWNED BY {reader}", f"DROP ROLE {reader}")


def test_a_database_file_that_is_write_protected_is_left_alone(file: Office) -> None:
    file.base.path.chmod(stat.S_IRUSR)
    held = file.held
    assert held.source().frame.height == 3
    for ask in (held.require_changeable, lambda: file.change(Edits([0]))):
        with pytest.raises(HoldingReadOnlyError):
            ask()


def test_deleted_rows_are_overwritten_in_a_file(file: Office) -> None:
    file.do("INSERT INTO people VALUES (40, '消す', '03-1234-9999', NULL, 4)")
    assert b"03-1234-9999" in file.base.path.read_bytes()
    file.change(Edits([3]))
    assert b"03-1234-9999" not in file.base.path.read_bytes()


def test_whatever_sqlite_holds_in_a_column_is_read(file: Office) -> None:
    file.do("INSERT INTO people VALUES (40, '見本', x'00ff', '昭和45年3月2日', 'many')")
    assert file.held.source().frame.row(3) == ("40", "見本", None, "昭和45年3月2日", "many")
    file.do("INSERT INTO people VALUES (50, CAST(x'8ca9967b' AS text), NULL, NULL, 5)")  # CP932
    assert file.held.source().frame.row(4) == ("50", "見本", None, None, "5")
    file.change(Edits(put={3: {3: "1970-03-02"}}))
    assert file.held.source().frame.row(3) == ("40", "見本", None, "1970-03-02", "many")
