"""Holdings of invented people, what should happen to one of them, and what must be there afterwards and nothing else.

What must be there is made without the product: bytes of a text file put together anew, a frame without rows, cells
read by openpyxl, rows asked of the database.
"""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import openpyxl
import polars as pl
from crash_work import SCENARIOS, WHOSE
from openpyxl.styles import Font

from optout.holdings.parquet import layout

ROWS: Final = 240
NAME: Final = "見本 消子"
PHONE: Final = "03-1234-5678"
HEADERS: Final = ["番号", "氏名", "電話", "備考"]


def rows() -> list[list[str]]:
    """The list as it was."""
    return [
        [
            str(n),
            NAME if n in WHOSE else f"別人 {n}",
            PHONE if n in WHOSE else f"03-1234-{n:04}",
            "表,能" * (n % 3),
        ]
        for n in range(ROWS)
    ]


def left(scenario: str) -> list[list[str]]:
    """The list as it must be."""
    edits, table = SCENARIOS[scenario], rows()
    for row, columns in edits.blank.items():
        for column in columns:
            table[row][column] = ""
    for row, texts in edits.put.items():
        for column, text in texts.items():
            table[row][column] = text
    return [row for number, row in enumerate(table) if number not in set(edits.erase)]


@dataclass(frozen=True)
class Kind:
    """One kind of holding in a file.

    Attributes:
        name: Of its file.
        make: Writes it into a folder.
        shows: What is in it, to be compared; raises when it is torn.
        expected: What must be in it, of an old one and a scenario.
    """

    name: str
    make: Callable[[Path], None]
    shows: Callable[[Path], Any]
    expected: Callable[[Path, str], Any]

    def location(self, folder: Path) -> str:
        """As `opened` takes it."""
        path = folder / self.name
        return f"sqlite:///{path}#people" if path.suffix == ".db" else str(path)


def _line(row: list[str], end: str = "\r\n") -> bytes:
    quoted = [
        f'"{cell}"' if "," in cell or (n == 1 and int(row[0] or 0) % 2) else cell
        for n, cell in enumerate(row)
    ]
    return (",".join(quoted) + end).encode("cp932")


def _csv(table: list[list[str]]) -> bytes:
    """The last row has no line end; in the middle stand a line that is no row, and an empty one."""
    odd = {"49": "壊れた行\r\n\r\n".encode("cp932")}
    ends = {str(ROWS - 1): ""}
    lines = (_line(row, ends.get(row[0], "\r\n")) + odd.get(row[0], b"") for row in table)
    return ",".join(HEADERS).encode("cp932") + b"\r\n" + b"".join(lines)


def _make_csv(folder: Path) -> None:
    (folder / "held.csv").write_bytes(_csv(rows()))


def _make_parquet(folder: Path) -> None:
    frame = pl.DataFrame(rows(), schema=HEADERS, orient="row").with_columns(
        pl.col("番号").cast(pl.Int32), pl.col("備考").cast(pl.Categorical)
    )
    frame.write_parquet(
        folder / "held.parquet", compression="snappy", row_group_size=64, metadata={"own": "x"}
    )


def _make_by_arrow(folder: Path) -> None:
    """As pandas writes it: a column that may not be null, a note beside the columns."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = [list(column) for column in zip(*rows(), strict=True)]
    fields = [
        pa.field("番号", pa.int32(), nullable=False),
        *(pa.field(name, pa.string()) for name in HEADERS[1:]),
    ]
    arrays = [pa.array(list(map(int, columns[0])), pa.int32()), *map(pa.array, columns[1:])]
    schema = pa.schema(fields, metadata={"pandas": "{}"})
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / "held.pq", row_group_size=64)


def _shows_by_arrow(path: Path) -> Any:
    from pyarrow import parquet

    file = parquet.ParquetFile(path)
    told = file.schema_arrow
    return (
        str(file.schema).split("\n", 1)[1],
        str(told),
        told.metadata,
        told.field("番号").nullable,
    ), _shows_parquet(path)


def _shows_parquet(path: Path) -> Any:
    frame = pl.read_parquet(path)
    told = layout(path)
    metadata = {key: text for key, text in pl.read_parquet_metadata(path).items() if key != "ARROW:schema"}
    return list(frame.schema.items()), frame.rows(), metadata, told and told.codec


def _expected_parquet(old: Path, scenario: str) -> Any:
    schema, _, metadata, codec = _shows_parquet(old)
    blanked = {(row[0], HEADERS[column]) for row, column in _blank_cells(scenario)}
    table = [
        (
            int(row[0]),
            *(
                None if (row[0], name) in blanked else cell
                for name, cell in zip(HEADERS[1:], row[1:], strict=True)
            ),
        )
        for row in left(scenario)
    ]
    return schema, table, metadata, codec


def _expected_by_arrow(old: Path, scenario: str) -> Any:
    return _shows_by_arrow(old)[0], _expected_parquet(old, scenario)


def _blank_cells(scenario: str) -> Iterator[tuple[list[str], int]]:
    table = rows()
    for row, columns in SCENARIOS[scenario].blank.items():
        yield from ((table[row], column) for column in columns)


def _make_xlsx(folder: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "顧客"
    sheet.append(HEADERS)
    for row in rows():
        sheet.append([int(row[0]), *row[1:]])
        sheet.cell(sheet.max_row, 2).font = Font(bold=int(row[0]) % 2 == 0)
    sheet.column_dimensions["B"].width = 30
    book.create_sheet("別")["A1"] = "集計"
    book.save(folder / "held.xlsx")


def _shows_xlsx(path: Path) -> Any:
    sheet = openpyxl.load_workbook(path)["顧客"]
    cells = [[(cell.value or None, cell.font.b) for cell in row] for row in sheet.iter_rows()]
    with zipfile.ZipFile(path) as archive:
        others = {
            name: archive.read(name) for name in sorted(archive.namelist()) if not name.endswith("sheet1.xml")
        }
    return cells, sheet.column_dimensions["B"].width, others


def _expected_xlsx(old: Path, scenario: str) -> Any:
    (header, *cells), width, others = _shows_xlsx(old)
    bold = {str(row[0][0] or 0): [font for _, font in row] for row in cells}
    kept = [
        [
            (int(row[0]) or None, bold[row[0]][0]),
            *((cell or None, font) for cell, font in zip(row[1:], bold[row[0]][1:], strict=True)),
        ]
        for row in left(scenario)
    ]
    return [header, *kept], width, others


def _make_sqlite(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "held.db")) as db, db:
        for statement in tables():
            db.execute(statement)
        db.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", [(int(row[0]), *row[1:]) for row in rows()])


def _make_wal(folder: Path) -> None:
    """As programs that keep it open like it: changes go to a log of their own first."""
    _make_sqlite(folder)
    with closing(sqlite3.connect(folder / "held.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")


def tables() -> list[str]:
    """Of a database: the people, and others who have nothing to do with it."""
    return [
        "CREATE TABLE people (n integer PRIMARY KEY, name text, phone text NOT NULL, note text)",
        "CREATE TABLE other (id integer PRIMARY KEY, name text)",
        f"INSERT INTO other VALUES (1, '{NAME}')",
    ]


def _shows_sqlite(path: Path) -> Any:
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as db:
        if db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise ValueError("integrity")
        return shown_rows(lambda query: db.execute(query).fetchall())


def shown_rows(ask: Callable[[str], list[Any]]) -> Any:
    """What is in the tables of `tables`."""
    return [tuple(row) for row in ask("SELECT * FROM people ORDER BY n")], [
        tuple(row) for row in ask("SELECT * FROM other")
    ]


def expected_rows(scenario: str) -> Any:
    """What must be in them."""
    blanked = {(row[0], column) for row, column in _blank_cells(scenario)}
    people = [
        (
            int(row[0]),
            *(
                None if column == 1 and (row[0], column) in blanked else cell
                for column, cell in enumerate(row[1:], 1)
            ),
        )
        for row in left(scenario)
    ]
    return people, [(1, NAME)]


KINDS: Final = {
    "CSV": Kind(
        "held.csv", _make_csv, lambda path: path.read_bytes(), lambda _, scenario: _csv(left(scenario))
    ),
    "Parquet": Kind("held.parquet", _make_parquet, _shows_parquet, _expected_parquet),
    "Parquet (pandas)": Kind("held.pq", _make_by_arrow, _shows_by_arrow, _expected_by_arrow),
    "XLSX": Kind("held.xlsx", _make_xlsx, _shows_xlsx, _expected_xlsx),
    "SQLite": Kind("held.db", _make_sqlite, _shows_sqlite, lambda _, scenario: expected_rows(scenario)),
    "SQLite (WAL)": Kind("held.db", _make_wal, _shows_sqlite, lambda _, scenario: expected_rows(scenario)),
}
