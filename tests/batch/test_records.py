"""Record boundaries against the csv module, which decides what a record is."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optout.batch import records
from optout.batch.records import CR, LF, LITERAL, REGULAR, UNCLOSED, Records

CELL = st.text(st.sampled_from("ab0\"'髙ｶ\n\r,;\t 　"), max_size=6)
ROWS = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=12)
)


def found_cells(text: bytes, found: Records) -> list[bytes]:
    return [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)]


def written(rows: list[list[str]], eol: str, quoting: int) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=eol, quoting=quoting).writerows(rows)
    return text.getvalue().encode()


@settings(deadline=None)  # the machine may be busy
@given(ROWS, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_every_table_the_csv_module_writes_is_found_record_by_record(
    rows: list[list[str]], eol: str, quoting: int
) -> None:
    assume(quoting == csv.QUOTE_ALL or eol == "\r\n")  # otherwise csv leaves the other line end bare
    text = written(rows, eol, quoting)
    found = records.find(text, ord(","), CR if eol == "\r" else LF, at_end=True)
    each = [written([row], eol, quoting) for row in rows]
    assert found_cells(text, found) == each
    assert found.fields.tolist() == [len(row) for row in rows]
    assert not found.flaws.any()
    assert found.used == len(text)


@settings(deadline=None)  # the machine may be busy
@given(ROWS, st.data())
def test_where_a_piece_is_cut_changes_no_record(rows: list[list[str]], data: st.DataObject) -> None:
    text = written(rows, "\r\n", csv.QUOTE_MINIMAL)
    cut = data.draw(st.integers(0, len(text)))
    first = records.find(text[:cut], ord(","), LF, at_end=False) if cut else None
    used = first.used if first else 0
    rest = records.find(text[used:], ord(","), LF, at_end=True) if used < len(text) else None
    got = (found_cells(text, first) if first else []) + (found_cells(text[used:], rest) if rest else [])
    assert got == found_cells(text, records.find(text, ord(","), LF, at_end=True))


@settings(deadline=None)  # the machine may be busy
@given(st.binary(max_size=80).map(lambda raw: bytes(b'a",\n\r"'[byte % 6] for byte in raw)), st.data())
def test_no_byte_is_lost_and_pieces_agree_whatever_the_quotes(text: bytes, data: st.DataObject) -> None:
    whole = records.find(text, ord(","), LF, at_end=True) if text else None
    if whole is None:
        return
    gaps = np.concatenate((whole.starts, [len(text)])) - np.concatenate(([0], whole.ends))
    assert (gaps >= 0).all()
    between = b"".join(
        text[end:start] for end, start in zip([0, *whole.ends], [*whole.starts, len(text)], strict=True)
    )
    assert not between.strip(b"\r\n")
    got, at = [], 0
    size = data.draw(st.integers(1, len(text)))
    while at < len(text):
        piece = text[at : at + size]
        at_end = at + len(piece) == len(text)
        found = records.find(piece, ord(","), LF, at_end)
        if not found.used and not at_end:
            size += 1
            continue
        got += [(start + at, end + at) for start, end in zip(found.starts, found.ends, strict=True)]
        at += found.used
    assert got == list(zip(whole.starts, whole.ends, strict=True))


@pytest.mark.parametrize(
    ("text", "cells", "flaws"),
    [
        (b"1,2", [b"1,2"], [REGULAR]),
        (b"1,2\n\n\n", [b"1,2\n"], [REGULAR]),
        (b"1,2\r\n\r\n3,4\r\n", [b"1,2\r\n", b"3,4\r\n"], [REGULAR, REGULAR]),
        (b'5" pipe,2\n3,"4"\n', [b'5" pipe,2\n', b'3,"4"\n'], [LITERAL, REGULAR]),
        (b'1,"open\n3,4\n5,6\n', [b'1,"open\n', b"3,4\n", b"5,6\n"], [UNCLOSED, REGULAR, REGULAR]),
        (b'1,"open\n3,"4"\n5,"6"\n', [b'1,"open\n', b'3,"4"\n', b'5,"6"\n'], [UNCLOSED, REGULAR, REGULAR]),
        (b'1,"a"b\n3,4', [b'1,"a"b\n', b"3,4"], [LITERAL, REGULAR]),
        (b'1,"a\nb"\n"x"y,"c\nd"', [b'1,"a\nb"\n', b'"x"y,"c\n', b'd"'], [REGULAR, UNCLOSED, LITERAL]),
        (b'"a""b",",\n"', [b'"a""b",",\n"'], [REGULAR]),
    ],
)
def test_irregular_quotes_cost_their_own_line_only(text: bytes, cells: list[bytes], flaws: list[int]) -> None:
    found = records.find(text, ord(","), LF, at_end=True)
    assert found_cells(text, found) == cells
    assert found.flaws.tolist() == flaws


def test_a_quote_is_given_up_after_the_longest_record_wherever_the_piece_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "LONGEST_QUOTED", 20)
    text = b'1,"' + b"x\n" * 30 + b'",2\n3,4\n'
    whole = records.find(text, ord(","), LF, at_end=True)
    assert whole.flaws[0] == UNCLOSED
    assert found_cells(text, whole)[-1] == b"3,4\n"
    piece = records.find(text[:40], ord(","), LF, at_end=False)
    assert found_cells(text, piece)[0] == found_cells(text, whole)[0]
    waiting = records.find(text[:15], ord(","), LF, at_end=False)
    assert waiting.used == 0


def test_line_numbers_count_the_lines_inside_quotes() -> None:
    found = records.find(b'1,"a\nb\nc"\n\n2,3\n4,5\n', ord(","), LF, at_end=True)
    assert found.lines(np.ones(3, bool)).tolist() == [0, 4, 5]
    assert found.physical_lines == 6


def test_records_longer_than_the_cache_chunk_are_whole() -> None:
    text = b'1,"' + b'\xe3\x81\x82\n,""' * 100_000 + b'"\r\n2,3\r\n'
    found = records.find(text, ord(","), LF, at_end=True)
    assert found.fields.tolist() == [2, 2]
    assert found.ends.tolist() == [len(text) - 5, len(text)]


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(
        st.lists(st.sampled_from(['""', "", "a", '"a,b"', '"a\nb"']), min_size=1, max_size=4), min_size=1
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 9),
)
def test_where_the_cache_chunk_ends_changes_no_record(rows: list[list[str]], eol: str, chunk: int) -> None:
    text = "".join(",".join(row) + eol for row in rows).encode()
    whole = records.find(text, ord(","), LF, at_end=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_CHUNK", chunk)
        found = records.find(text, ord(","), LF, at_end=True)
    assert found_cells(text, found) == found_cells(text, whole)
    assert found.fields.tolist() == whole.fields.tolist() == [len(row) for row in rows if row != [""]]
    assert not found.flaws.any()


@pytest.mark.parametrize("quotes", [b"", b'"",'])
def test_a_record_of_more_fields_than_a_byte_counts_has_them_all(quotes: bytes) -> None:
    wide = quotes + b"," * 1000 + b"\n"
    found = records.find(wide + b"1,2\n" + wide, ord(","), LF, at_end=True)
    assert found.fields.tolist() == [1001 + quotes.count(b","), 2, 1001 + quotes.count(b",")]


def test_without_a_quote_a_record_of_any_length_is_regular(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_QUOTED", 20)
    found = records.find(b"x" * 100 + b",2\n3,4\n", ord(","), LF, at_end=True)
    assert (found.fields.tolist(), found.flaws.tolist()) == ([2, 2], [REGULAR, REGULAR])
