"""What kind of Office file this is → a workbook that may be opened, or the next step for its owner.

Source: ECMA-376 part 1 (content types of SpreadsheetML); [MS-CFB] 2.6 (directory entries of OLE files, 128 bytes
each, names in UTF-16LE); [MS-OFFCRYPTO] 2.3.2 (a password turns a workbook into an OLE file that holds a stream
EncryptedPackage); OpenDocument 1.3 part 2 §3.3 (the part mimetype).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from optout.batch.workbook_zip import SAVE_AGAIN, Package, damaged
from optout.errors import UnreadableFileError

_MACROS: Final = (
    "Open it in Excel without letting its macros run, save it as Excel ブック (.xlsx) with 名前を付けて保存, "
    "and give that file."
)
_UNLOCK: Final = (
    "Open it in Excel with the password, take the password off (ファイル → 情報 → ブックの保護 → "
    "パスワードを使用して暗号化), save it as Excel ブック (.xlsx), and give that file."
)
_TABLE_ONLY: Final = "Copy its table into Excel, save it as Excel ブック (.xlsx), and give that file."
_UNPACK: Final = "Unpack it and give the Excel, CSV or Parquet file inside."
_ASK: Final = "Ask its sender for the table as Excel ブック (.xlsx) or CSV."


class _Kind(NamedTuple):
    sign: str
    why: str
    next_step: str


_WORKBOOKS: Final = (
    "openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "openxmlformats-officedocument.spreadsheetml.template.main+xml",
)
# What the list of content types says, in the order of looking.
_BY_TYPE: Final = (
    _Kind("sheet.binary", "is a binary Excel workbook (.xlsb)", SAVE_AGAIN),
    _Kind("macroenabled.main+xml", "is an Excel workbook with macros (.xlsm)", _MACROS),
    _Kind("vbaproject", "is an Excel workbook with macros (.xlsm)", _MACROS),
    _Kind("wordprocessingml", "is a Word document (.docx)", _TABLE_ONLY),
    _Kind("presentationml", "is a PowerPoint presentation (.pptx)", _TABLE_ONLY),
)
# Parts that tell, whatever the content types say.
_BY_PART: Final = (
    _Kind("xl/workbook.bin", "is a binary Excel workbook (.xlsb)", SAVE_AGAIN),
    _Kind("xl/vbaproject.bin", "is an Excel workbook with macros (.xlsm)", _MACROS),
    _Kind("word/document.xml", "is a Word document (.docx)", _TABLE_ONLY),
    _Kind("ppt/presentation.xml", "is a PowerPoint presentation (.pptx)", _TABLE_ONLY),
)
_BY_MIMETYPE: Final = (
    _Kind("opendocument.spreadsheet", "is an OpenDocument spreadsheet (.ods)", SAVE_AGAIN),
    _Kind("opendocument", "is an OpenDocument file that is no spreadsheet", _TABLE_ONLY),
)
# Streams of an OLE file, in the order of looking.
_BY_STREAM: Final = (
    _Kind("EncryptedPackage", "is an Office file that is protected by a password", _UNLOCK),
    _Kind("Workbook", "is an Excel workbook of the old kind (.xls)", SAVE_AGAIN),
    _Kind("Book", "is an Excel workbook of the old kind (.xls)", SAVE_AGAIN),
    _Kind("WordDocument", "is a Word document of the old kind (.doc)", _TABLE_ONLY),
    _Kind("PowerPoint Document", "is a PowerPoint presentation of the old kind (.ppt)", _TABLE_ONLY),
    _Kind("__properties_version1.0", "is an Outlook message (.msg)", "Give the file that is attached to it."),
)
_NO_WORKBOOK: Final = ("is an old Office file that is no workbook", _ASK)
_TYPES: Final = "[content_types].xml"
_MIMETYPE: Final = "mimetype"
_ENTRY: Final = 128
_SECTOR: Final = 512
_NAME_BYTES: Final = 64
_CHUNK: Final = 1 << 20


def refuse_unless_workbook(path: Path) -> Package:
    """Open the container of an .xlsx workbook, and nothing else.

    Args:
        path: A file that begins like a ZIP archive.

    Returns:
        Its parts; no content has been parsed but the list of content types.

    Raises:
        UnreadableFileError: another kind of file, or damaged; says what to do.
        UnsafeWorkbookError: a ZIP bomb.
    """
    package = Package(path)
    kind = _kind(package)
    if kind is not None:
        raise UnreadableFileError(package.name, *kind)
    if "xl/workbook.xml" not in package:
        raise damaged(package.name, "xl/workbook.xml is missing")
    return package


def ole_kind(path: Path) -> tuple[str, str]:
    """What an OLE file (it begins with D0 CF 11 E0) is, and what to do with it.

    Args:
        path: The file.

    Returns:
        Why it is not read, and the next step: the last two arguments of UnreadableFileError.
    """
    streams = _streams(path)
    found = next((kind for kind in _BY_STREAM if kind.sign in streams), None)
    return (found.why, found.next_step) if found else _NO_WORKBOOK


def _kind(package: Package) -> tuple[str, str] | None:
    """Why it is no workbook we read, and the next step; null for a workbook."""
    types = package.read(_TYPES).decode("utf-8", "replace").lower() if _TYPES in package else ""
    mimetype = package.head(_MIMETYPE, 200).decode("latin-1") if _MIMETYPE in package else ""
    found = next((kind for kind in _BY_PART if kind.sign in package), None)
    found = found or _first(_BY_TYPE, types) or _first(_BY_MIMETYPE, mimetype)
    if found is not None:
        return found.why, found.next_step
    if any(kind in types for kind in _WORKBOOKS):
        return None
    if any(part.endswith(".iwa") for part in package.parts):
        return "is an Apple Numbers, Pages or Keynote file", _ASK
    return "is a ZIP archive and no Excel workbook", _UNPACK


def _first(kinds: tuple[_Kind, ...], text: str) -> _Kind | None:
    return next((kind for kind in kinds if kind.sign in text), None)


def _streams(path: Path) -> set[str]:
    """Names of the known streams that stand where a directory entry can begin."""
    names = {kind.sign: kind.sign.encode("utf-16-le").ljust(_NAME_BYTES, b"\0") for kind in _BY_STREAM}
    found: set[str] = set()
    with path.open("rb") as file:
        file.seek(_SECTOR)
        while piece := file.read(_CHUNK):
            found |= {sign for sign, name in names.items() if _has_entry(piece, name)}
    return found


def _has_entry(piece: bytes, name: bytes) -> bool:
    at = piece.find(name)
    while at >= 0 and at % _ENTRY:
        at = piece.find(name, at + 1)
    return at >= 0
