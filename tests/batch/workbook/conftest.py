"""Workbooks as Excel, and as others, write them: made of XML, part by part, so that every detail can be chosen."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Style 1 is a date, 2 a moment, 3 a time, 4 a number with leading zeros, 5 is red.
STYLES = (
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="000\\-0000"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/></font><font><color rgb="FFFF0000"/></font></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="6"><xf/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/>'
    '<xf numFmtId="21" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/>'
    '<xf fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
)


@dataclass(frozen=True)
class Raw:
    """A cell as XML; `{r}` stands for its reference."""

    xml: str


def letters(column: int) -> str:
    """1 → A."""
    text = ""
    while column:
        column, letter = divmod(column - 1, 26)
        text = chr(65 + letter) + text
    return text


def cell(reference: str, value: Any) -> str:
    """The XML of a cell."""
    if value is None:
        return ""
    if isinstance(value, Raw):
        return value.xml.replace("{r}", reference)
    if isinstance(value, bool):
        return f'<c r="{reference}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{reference}"><v>{value!r}</v></c>'
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


@dataclass
class Sheet:
    """A sheet: rows of values, and whatever stands around them."""

    rows: Sequence[Sequence[Any]] = ()
    top: int = 1
    left: int = 1
    merges: Sequence[str] = ()
    hidden_rows: Sequence[int] = ()
    head: str = ""
    tail: str = ""
    state: str = "visible"
    data: str | None = None

    @property
    def xml(self) -> str:
        data = self.data
        if data is None:
            data = "".join(self._row(number, row) for number, row in enumerate(self.rows, self.top))
        merged = "".join(f'<mergeCell ref="{area}"/>' for area in self.merges)
        merges = f'<mergeCells count="{len(self.merges)}">{merged}</mergeCells>' if merged else ""
        return f'<worksheet xmlns="{MAIN}">{self.head}<sheetData>{data}</sheetData>{merges}{self.tail}</worksheet>'

    def _row(self, number: int, row: Sequence[Any]) -> str:
        cells = "".join(
            cell(f"{letters(place)}{number}", value) for place, value in enumerate(row, self.left)
        )
        hidden = ' hidden="1"' if number in self.hidden_rows else ""
        return f'<row r="{number}"{hidden}>{cells}</row>'


@dataclass
class Book:
    """A workbook: sheets by name and its other parts; `parts` are put in last and may replace any."""

    sheets: Mapping[str, Sheet]
    strings: Sequence[str] = ()
    date1904: bool = False
    charts: Sequence[str] = ()
    parts: Mapping[str, str | bytes | None] = field(default_factory=dict)

    def all_parts(self) -> dict[str, str | bytes]:
        """Every part by its name."""
        sheets = {f"xl/worksheets/sheet{n}.xml": sheet.xml for n, sheet in enumerate(self.sheets.values(), 1)}
        strings = "".join(f"<si>{string}</si>" for string in self.strings)
        parts: dict[str, str | bytes | None] = {
            "[Content_Types].xml": self._types(),
            "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
            "xl/workbook.xml": self._workbook(),
            "xl/_rels/workbook.xml.rels": _relations(self._targets()),
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{STYLES}</styleSheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
            **sheets,
            **{
                f"xl/chartsheets/sheet{n}.xml": f'<chartsheet xmlns="{MAIN}"/>'
                for n, _ in enumerate(self.charts, 1)
            },
            **self.parts,
        }
        return {name: content for name, content in parts.items() if content is not None}

    def _types(self) -> str:
        overrides = "".join(
            f'<Override PartName="/{part}" ContentType="{TYPE}.{kind}+xml"/>'
            for part, kind in {
                "xl/workbook.xml": "sheet.main",
                "xl/styles.xml": "styles",
                "xl/sharedStrings.xml": "sharedStrings",
                **{f"xl/worksheets/sheet{n}.xml": "worksheet" for n, _ in enumerate(self.sheets, 1)},
            }.items()
        )
        defaults = (
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
        )
        return f'<Types xmlns="{PACKAGE}/content-types">{defaults}{overrides}</Types>'

    def _workbook(self) -> str:
        named = [
            *((name, sheet.state) for name, sheet in self.sheets.items()),
            *((name, "visible") for name in self.charts),
        ]
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{n}" state="{state}" r:id="rId{n}"/>'
            for n, (name, state) in enumerate(named, 1)
        )
        date = ' date1904="1"' if self.date1904 else ""
        return f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr{date}/><sheets>{sheets}</sheets></workbook>'

    def _targets(self) -> dict[str, tuple[str, str]]:
        sheets = [("worksheet", f"worksheets/sheet{n}.xml") for n, _ in enumerate(self.sheets, 1)]
        charts = [("chartsheet", f"chartsheets/sheet{n}.xml") for n, _ in enumerate(self.charts, 1)]
        others = [("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")]
        return {f"rId{n}": target for n, target in enumerate([*sheets, *charts, *others], 1)}


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    told = "".join(
        f'<Relationship Id="{key}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{told}</Relationships>'


class Excel:
    """Writes workbooks into one folder."""

    Sheet, Book, Raw = Sheet, Book, Raw

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, book: Book, name: str = "list.xlsx") -> Path:
        """A workbook as a file."""
        path = self.folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, content in book.all_parts().items():
                archive.writestr(part, content)
        return path

    def sheet(self, rows: Sequence[Sequence[Any]], name: str = "list.xlsx", **around: Any) -> Path:
        """A workbook with one sheet."""
        return self.write(Book({"名簿": Sheet(rows, **around)}), name)

    def parts(self, path: Path) -> dict[str, bytes]:
        """The parts of a file."""
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def excel(tmp_path: Path) -> Excel:
    """A writer of workbooks."""
    return Excel(tmp_path)


@pytest.fixture(scope="session")
def excel_in() -> Callable[[Path], Excel]:
    """A writer of workbooks for any folder."""
    return Excel
