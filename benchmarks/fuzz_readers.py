"""Damaged files without end: no crash, and no row gone without a word.

    python benchmarks/fuzz_readers.py --minutes 10
    python benchmarks/fuzz_readers.py --minutes 1 --only books

Three kinds take turns: `texts` (tables of odd cells in every encoding, then bytes changed, cut out, put in or
doubled), `noise` (bytes of delimiters, quotes, lead bytes, escapes) and `books` (Excel workbooks, then their
XML or the bytes of the archive changed). Whatever is opened must account for every byte of a text file: each
lies in the header, in a parsed row, in a quarantined record, or is an empty line; and each row must hold the
cells that Python's own codec and csv module find in its bytes. Anything raised must be an InputError.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import openpyxl
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

CODECS: Final = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "cp932": "cp932",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp_ext",
    "utf-16": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
}
HEADER: Final = ["氏名", "電話番号", "住所"]
CELL: Final = st.text(st.sampled_from("ab09,;\t|\"\n\r 　表ソ能ー一見本ﾔﾏ'=@\x01\x0b"), max_size=6)
TABLE: Final = st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8)
NOISE: Final = st.lists(
    st.sampled_from(
        [
            b",",
            b"\n",
            b"\r\n",
            b'"',
            b"\t",
            b"a",
            b"1",
            b"\0",
            b"\x1b$B",
            b"\x1b(B",
            b"\x81",
            b"\x83|",
            b"\x95\\",
            b"\xa4\xa2",
            b"\xe3\x81\x82",
            b"\xff",
            b"\xfe",
            b"\x8e",
            b"\xef\xbb\xbf",
            b"\xff\xfe",
            b"\xe6\xb0\x8f",
        ]
    ),
    max_size=60,
).map(b"".join)
CHANGE: Final = st.tuples(
    st.integers(0, 10**6), st.sampled_from(["set", "cut", "put", "double"]), st.binary(max_size=3)
)
CHANGES: Final = st.lists(CHANGE, max_size=4)


def changed(raw: bytes, changes: Sequence[tuple[int, str, bytes]]) -> bytes:
    """The bytes with some damage."""
    for place, kind, extra in changes:
        at = place % (len(raw) + 1)
        if kind == "set":
            raw = raw[:at] + extra + raw[at + len(extra) :]
        elif kind == "cut":
            raw = raw[:at] + raw[at + 1 + len(extra) * 7 :]
        elif kind == "put":
            raw = raw[:at] + extra + raw[at:]
        else:
            raw = raw[:at] + raw[max(0, at - 40) : at] + raw[at:]
    return raw


def in_bytes(rows: Sequence[Sequence[str]], encoding: str, eol: str, quoting: int, delimiter: str) -> bytes:
    """A table as the csv module writes it."""
    text = io.StringIO()
    csv.writer(text, lineterminator=eol, quoting=quoting, delimiter=delimiter).writerows([HEADER, *rows])
    mark = {"utf-8-sig": b"\xef\xbb\xbf", "utf-16": b"\xff\xfe"}.get(encoding, b"")
    return mark + text.getvalue().encode(CODECS[encoding], "ignore")


def check_text(path: Path, raw: bytes, counts: Counter[str], **options: str) -> None:
    """Open, read, and account for every byte."""
    from optout.batch.delimited import DelimitedSource
    from optout.errors import InputError

    path.write_bytes(raw)
    try:
        source = DelimitedSource(path, **options)
        blocks = list(source.blocks(64))
    except InputError as error:
        counts[type(error).__name__] += 1
        return
    seen = bytearray(raw)
    seen[: source.header_end] = b"\n" * source.header_end
    for block in blocks:
        assert block.frame.height == len(block.starts)
        assert block.quarantined.height == len(block.bad_starts)
        for row, start, end in zip(block.frame.rows(), block.starts, block.ends, strict=True):
            # To the parser a bare CR at the end of a cell is blank; the bytes that are written keep it.
            cells = [cell.strip("\r") for cell in _cells(source, raw[start:end])]
            assert cells == [cell.strip("\r") for cell in row], "a row holds other cells than its bytes"
        spans = zip((*block.starts, *block.bad_starts), (*block.ends, *block.bad_ends), strict=True)
        for start, end in spans:
            assert end > start
            assert seen[start:end] == raw[start:end], "two records share bytes"
            seen[start:end] = b"\n" * (end - start)
    left = bytes(seen) + b"\0" * (len(seen) % 2)
    assert not left.translate(None, b"\r\n\0"), "bytes that belong to no record"
    counts["read"] += 1
    counts["rows"] += sum(block.frame.height for block in blocks)
    counts["quarantined"] += sum(block.quarantined.height for block in blocks)


def _cells(source: object, record: bytes) -> list[str]:
    from optout.batch.delimited import DelimitedSource

    assert isinstance(source, DelimitedSource)
    codec = CODECS[source.codec.name]
    try:
        text = record.decode(codec)
    except UnicodeDecodeError:
        text = source.codec.decode(record)  # characters Windows adds to EUC-JP and JIS
    else:
        text = text if codec in ("utf-8", "cp932") or "utf-16" in codec else source.codec.decode(record)
    end = "\r" if source.eol == "\r" else "\n"
    text = text.removesuffix(end)
    text = text.removesuffix("\r") if end == "\n" else text
    # A line end inside a record is a character of its cell, whatever csv takes for one.
    line = text.translate({0x0D: "\U0010fffd", 0x0A: "\U0010fffc"})
    cells = next(csv.reader([line], delimiter=source.delimiter))
    return [cell.translate({0x10FFFD: "\r", 0x10FFFC: "\n"}) for cell in cells]


def texts(folder: Path, counts: Counter[str]) -> Callable[[], None]:
    @given(
        TABLE,
        st.sampled_from(list(CODECS)),
        st.sampled_from(["\n", "\r\n", "\r"]),
        st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        st.sampled_from([",", "\t", ";", "|"]),
        CHANGES,
        st.booleans(),
    )
    def check(
        rows: list[list[str]],
        encoding: str,
        eol: str,
        quoting: int,
        delimiter: str,
        changes: list[tuple[int, str, bytes]],
        told: bool,
    ) -> None:
        raw = changed(in_bytes(rows, encoding, eol, quoting, delimiter), changes)
        options = {"encoding": encoding} if told else {}
        check_text(folder / "list.csv", raw, counts, **options)

    return check


def noise(folder: Path, counts: Counter[str]) -> Callable[[], None]:
    @given(NOISE, st.sampled_from(["", *CODECS]), st.booleans())
    def check(raw: bytes, encoding: str, with_header: bool) -> None:
        if with_header:
            raw = ",".join(HEADER).encode(CODECS[encoding or "cp932"]) + b"\n" + raw
        options = {"encoding": encoding} if encoding else {}
        check_text(folder / "list.csv", raw, counts, **options)

    return check


VALUE: Final = st.one_of(
    CELL.map(lambda cell: "".join(char for char in cell if char not in "\x01\x0b\r")),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.dates(min_value=date(1900, 3, 1)),
    st.none(),
)


def books(folder: Path, counts: Counter[str]) -> Callable[[], None]:
    @given(
        st.lists(st.lists(VALUE, min_size=3, max_size=3), min_size=1, max_size=6),
        st.integers(0, 2),
        st.sampled_from([None, "sheet", "strings", "styles", "workbook", "archive"]),
        CHANGES,
    )
    def check(
        rows: list[list[object]], titles: int, where: str | None, changes: list[tuple[int, str, bytes]]
    ) -> None:
        book = openpyxl.Workbook()
        for number in range(titles):
            book.active.append([f"名簿 {number}"])
        for row in [HEADER, *rows]:
            book.active.append(row)
        for cells in book.active.iter_rows():
            for cell in cells:
                cell.data_type = "s" if cell.data_type == "f" else cell.data_type
        raw = io.BytesIO()
        book.save(raw)
        whole = raw.getvalue()
        if where == "archive":
            whole = changed(whole, changes)
        elif where is not None:
            whole = _with_part(whole, where, changes)
        check_book(folder / "list.xlsx", whole, rows if where is None else None, counts)

    return check


def _with_part(book: bytes, where: str, changes: Sequence[tuple[int, str, bytes]]) -> bytes:
    name = {
        "sheet": "xl/worksheets/sheet1.xml",
        "strings": "xl/sharedStrings.xml",
        "styles": "xl/styles.xml",
        "workbook": "xl/workbook.xml",
    }[where]
    raw = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, changed(content, changes) if member == name else content)
    return raw.getvalue()


def check_book(path: Path, raw: bytes, rows: list[list[object]] | None, counts: Counter[str]) -> None:
    """Open and read; an undamaged workbook must give every row that is not blank."""
    from optout.batch import open_batch
    from optout.errors import InputError

    path.write_bytes(raw)
    try:
        source = open_batch(path)
        frame = source.frame
    except InputError as error:
        counts[f"book {type(error).__name__}"] += 1
        return
    counts["books read"] += 1
    counts["book rows"] += frame.height
    assert frame.height + source.quarantined.height == source.records
    if rows is not None:
        read = [row for row in frame.rows() if any(cell.strip() for cell in row)]
        filled = [row for row in rows if any(_shown(cell) for cell in row)]
        assert len(read) == len(filled), "rows of an undamaged workbook are missing"
        for got, written in zip(read, filled, strict=True):
            pairs = [(a, b) for a, b in zip(got, written, strict=True) if isinstance(b, str) and b.strip()]
            assert all(a == b for a, b in pairs), "a text cell of an undamaged workbook differs"


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


KINDS: Final = {"texts": texts, "noise": noise, "books": books}


def run(minutes: float, only: Sequence[str], rng_seed: int, examples: int = 300) -> Counter[str]:
    """Fuzz for so long; raises at the first finding, with the smallest example."""
    counts: Counter[str] = Counter()
    until = time.monotonic() + minutes * 60
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for number, kind in enumerate(itertools.cycle(only)):
            if time.monotonic() > until:
                return counts
            check = settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            )(seed(rng_seed + number)(KINDS[kind](folder, counts)))
            check()
            counts[f"files {kind}"] += examples
    return counts


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    counts = run(args.minutes, args.only, args.seed)
    for what, number in sorted(counts.items()):
        print(f"{what:<32}{number:>12,}")
    print(
        json.dumps({"bench": "fuzz", "minutes": args.minutes, "crashes": 0, "rows gone": 0, "counts": counts})
    )


if __name__ == "__main__":
    main()
