"""A folder of lists → the lists in it.

What is passed over here is never looked into, so nothing that may be a list is: what optout cannot read (.xls, .zip) is
handed on and told of by whoever opens it.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from optout.errors import UnreadableFileError

_SUFFIXES: Final = frozenset(
    [
        *(".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq", ".xlsx"),
        *(".xls", ".xlsm", ".xlsb", ".xltx", ".xltm", ".ods", ".numbers", ".zip", ".gz", ".7z", ".lzh"),
    ]
)
# Our temporary files, what an open Excel leaves beside a workbook, and what no file dialog shows.
_PASSED: Final = (".", "~$")
_WILD: Final = "*?["


def expanded(location: str | os.PathLike[str]) -> list[str]:
    """The lists a location stands for.

    Args:
        location: A folder: the list files in it and in the folders in it. A pattern (`*`, `?`, `[…]`; `**` for
            folders within): what fits. Anything else, a table or one file, stands for itself, be it there or not.

    Returns:
        Locations in order, each file once.

    Raises:
        UnreadableFileError: a folder or pattern holds no list (a share that is not connected looks like that), or
            a folder in it may not be read.
    """
    text = os.fspath(location)
    if "://" in text:
        return [text]
    path = Path(text)
    if path.is_dir():
        found = [file for file in _files(path) if file.suffix.lower() in _SUFFIXES]
    elif any(sign in text for sign in _WILD) and not path.exists():
        found = _fitting(path)
    else:
        return [text]
    if not found:
        why = "holds no list" if path.is_dir() else "fits no file"
        raise UnreadableFileError(
            path.name, why, "Check the path, and whether its disk or share is connected."
        )
    return _once(found)


def _fitting(path: Path) -> list[Path]:
    """Files that fit a pattern, looked for from the last folder before it."""
    fixed = next(parent for parent in path.parents if not any(sign in str(parent) for sign in _WILD))
    pattern = str(path.relative_to(fixed)) if str(fixed) != "." else str(path)
    every = "**" in pattern
    fits = [pattern, pattern.replace("**/", "").replace("**\\", "")]
    files = _files(fixed) if fixed.is_dir() else iter(())
    return [
        file
        for file in files
        if any(
            fnmatch.fnmatch(str(file.relative_to(fixed)), one)
            and (every or len(file.relative_to(fixed).parts) == len(Path(one).parts))
            for one in fits
        )
    ]


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder that can be seen; links to folders are followed, each folder once."""
    seen: set[str] = set()
    for parent, folders, files in os.walk(folder, onerror=_told, followlinks=True):
        real = os.path.realpath(parent)
        folders[:] = [] if real in seen else sorted(name for name in folders if not name.startswith(_PASSED))
        if real not in seen:
            seen.add(real)
            yield from (Path(parent, name) for name in sorted(files) if not name.startswith(_PASSED))


def _told(error: OSError) -> None:
    """A folder that cannot be looked into may hold the person."""
    name = Path(error.filename or "").name
    raise UnreadableFileError(name, "may not be read", "Change its rights, or move the lists out of it.")


def _once(files: list[Path]) -> list[str]:
    """Of several names of one file, the first."""
    by_file: dict[str, str] = {}
    for file in files:
        by_file.setdefault(os.path.realpath(file), str(file))
    return list(by_file.values())
