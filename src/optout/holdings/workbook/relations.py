"""What a sheet of a workbook points to: tables, drawings, links. Source: ECMA-376 part 2, §9 (relationships)."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from optout.batch.workbook_parts import elements
from optout.batch.workbook_zip import Package

_NAME: Final = re.compile(r"""\s(?:name|displayName)\s*=\s*["']([^"']*)["']""")


class Relation(NamedTuple):
    """One of them: its id, the last part of its type, and the part it points to ("" when it is outside)."""

    id: str
    kind: str
    part: str


@dataclass(frozen=True, slots=True)
class Related:
    """What a sheet points to.

    Attributes:
        part: Of its relations; may be missing.
        every: All of them.
        table_names: Names of its tables.
    """

    part: str
    every: tuple[Relation, ...]
    table_names: frozenset[str]

    def parts(self, kind: str) -> list[str]:
        """The parts of one kind it points to."""
        return [one.part for one in self.every if one.kind == kind and one.part]


def related(package: Package, sheet: str) -> Related:
    """Read the relations of a sheet, given its part.

    Raises:
        UnreadableFileError: damaged.
    """
    folder, _, file = sheet.rpartition("/")
    part = f"{folder}/_rels/{file}.rels"
    found: list[Relation] = []
    if part in package:
        for element, given in elements(package.name, [(package.read(part), True)]):
            if element == "Relationship":
                found.append(_relation(given, folder))
    tables = [one.part for one in found if one.kind == "table" and one.part in package]
    names = [name for table in tables for name in _NAME.findall(_root(package.read(table)))]
    return Related(part, tuple(found), frozenset(names))


def _relation(given: object, folder: str) -> Relation:
    attributes = dict(given)  # type: ignore[call-overload]
    kind = attributes.get("Type", "").rpartition("/")[2]
    if attributes.get("TargetMode") == "External":
        return Relation(attributes.get("Id", ""), kind, "")
    target = attributes.get("Target", "").replace("\\", "/")
    part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
    return Relation(attributes.get("Id", ""), kind, part.lower())


def _root(text: bytes) -> str:
    found = re.search(rb"<(?:[\w.\-]+:)?table\b[^>]*>", text)
    return found[0].decode("utf-8", "replace") if found else ""
