"""What a Parquet footer says and polars does not: the codec of the pages and the size of the row groups.

Source: parquet-format, `parquet.thrift` (FileMetaData, RowGroup, ColumnMetaData, CompressionCodec) and
the Thrift compact protocol. Only what is needed is read: structs, lists, integers and binary.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

Codec: TypeAlias = Literal["uncompressed", "snappy", "gzip", "brotli", "lz4", "zstd"]

_CODECS: Final[dict[int, Codec]] = {
    0: "uncompressed",
    1: "snappy",
    2: "gzip",
    4: "brotli",
    5: "lz4",
    6: "zstd",
    7: "lz4",
}
_SIGN: Final = b"PAR1"
_ROW_GROUPS, _COLUMNS, _ROWS, _META, _CODEC, _WRITER = 4, 1, 3, 3, 4, 6
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)

_Field: TypeAlias = "int | bytes | list[_Field] | dict[int, _Field] | None"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a Parquet file is laid out.

    Attributes:
        codec: Of most columns.
        row_group_rows: Rows of its largest row group.
        writer: The program that wrote it, as it calls itself.
    """

    codec: Codec
    row_group_rows: int
    writer: str = ""


def layout(path: Path) -> Layout | None:
    """Read the layout from the footer; null if it is not as expected (encrypted, damaged, no row group)."""
    try:
        return _layout(_Footer(_footer(path)).struct())
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _layout(meta: dict[int, _Field]) -> Layout:
    groups = _structs(meta[_ROW_GROUPS])
    columns = [column for group in groups for column in _structs(group[_COLUMNS])]
    codecs = Counter(_CODECS[_integer(_struct(column[_META])[_CODEC])] for column in columns)
    writer = meta.get(_WRITER, b"")
    name = writer.decode("utf-8", "replace") if isinstance(writer, bytes) else ""
    return Layout(codecs.most_common(1)[0][0], max(_integer(group[_ROWS]) for group in groups), name)


def _footer(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-8, 2)
        tail = file.read(8)
        if tail[4:] != _SIGN:
            raise ValueError
        size = int.from_bytes(tail[:4], "little")
        file.seek(-8 - size, 2)
        return file.read(size)


def _integer(value: _Field) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def _struct(value: _Field) -> dict[int, _Field]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _structs(value: _Field) -> list[dict[int, _Field]]:
    if not isinstance(value, list):
        raise TypeError
    return [_struct(entry) for entry in value]


class _Footer:
    """Thrift compact protocol → nested dicts of field number to value."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self) -> dict[int, _Field]:
        fields: dict[int, _Field] = {}
        number = 0
        while header := self._byte():
            delta, kind = header >> 4, header & 15
            number = number + delta if delta else self._zigzag()
            fields[number] = int(kind == _TRUE) if kind in (_TRUE, _FALSE) else self._value(kind)
        return fields

    def _value(self, kind: int) -> _Field:
        if kind in (_I16, _I32, _I64):
            return self._zigzag()
        if kind == _BINARY:
            return self._take(self._varint())
        if kind in (_LIST, _SET):
            return self._list()
        if kind == _STRUCT:
            return self.struct()
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind == _DOUBLE:
            return self._take(8)
        raise ValueError  # no map in the Parquet metadata

    def _list(self) -> list[_Field]:
        header = self._byte()
        size = header >> 4
        return [self._value(header & 15) for _ in range(self._varint() if size == 15 else size)]

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _varint(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
