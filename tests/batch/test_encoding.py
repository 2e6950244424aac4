from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.batch import encoding
from optout.errors import OptionError, UnreadableFileError

TEXT = "氏名,住所\n髙橋　一郎,東京都①\nﾐﾎﾝ ﾊﾅｺ,大阪府\n"


def put(tmp_path: Path, raw: bytes) -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_the_encodings_and_line_ends_of_office_files_are_told(tmp_path: Path, codec: str, eol: str) -> None:
    raw = TEXT.replace("\n", eol).encode(codec)
    told = encoding.survey(put(tmp_path, raw))
    assert (told.encoding, told.eol, told.clean) == (codec, eol, True)
    assert (told.sha256, told.size) == (hashlib.sha256(raw).hexdigest(), len(raw))


def test_plain_ascii_is_utf_8(tmp_path: Path) -> None:
    assert encoding.survey(put(tmp_path, b"a,b\n1,2\n")).encoding == "utf-8"


@pytest.mark.parametrize("codec", ["utf-8", "cp932"])
@pytest.mark.parametrize("ascii_before", [0, 300_000])
def test_japanese_far_into_the_file_still_decides(tmp_path: Path, codec: str, ascii_before: int) -> None:
    raw = b"a,b\n" * (ascii_before // 4) + TEXT.encode(codec) * 3000
    assert encoding.survey(put(tmp_path, raw)).encoding == codec


@pytest.mark.parametrize("codec", ["utf-8", "cp932"])
def test_a_damaged_line_is_no_reason_to_refuse_a_list(tmp_path: Path, codec: str) -> None:
    raw = TEXT.encode(codec) * 50 + b"\xff\xfe\xa0,\x81\n" + TEXT.encode(codec)
    told = encoding.survey(put(tmp_path, raw))
    assert (told.encoding, told.clean) == (codec, False)


@pytest.mark.parametrize("raw", [b"\xff\xfd\xfa\n" * 50, "氏名\n見本\n".encode() + b"\xff\xff\n" * 3])
def test_what_no_encoding_decodes_is_unreadable_and_asks_for_one(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="encoding="):
        encoding.survey(put(tmp_path, raw))


@pytest.mark.parametrize(
    ("sign", "told"),
    [
        (b"PK\x03\x04", "save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as CSV"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "Unpack"),
        ("氏名".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,\0\n", "NUL"),
    ],
)
def test_binary_files_are_refused_with_what_to_do(tmp_path: Path, sign: bytes, told: str) -> None:
    with pytest.raises(UnreadableFileError, match=told):
        encoding.survey(put(tmp_path, sign + b"\n"))


@pytest.mark.parametrize("alias", ["cp932", "sjis", "Shift_JIS", "windows-31j", "MS932"])
def test_shift_jis_in_all_its_names_is_cp932(tmp_path: Path, alias: str) -> None:
    assert encoding.survey(put(tmp_path, TEXT.encode("cp932")), alias).encoding == "cp932"


def test_an_encoding_that_was_asked_for_must_fit(tmp_path: Path) -> None:
    path = put(tmp_path, TEXT.encode("cp932"))
    with pytest.raises(UnreadableFileError):
        encoding.survey(path, "utf-8")
    with pytest.raises(OptionError):
        encoding.survey(path, "euc-jp")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.sampled_from("一郎髙①ｶﾅabc,〒－"), min_size=2), min_size=3), st.booleans())
def test_text_with_kanji_is_told_in_either_encoding(tmp_path: Path, lines: list[str], in_cp932: bool) -> None:
    codec = "cp932" if in_cp932 else "utf-8"
    raw = "\n".join(["氏名,フリガナ,住所", *lines]).encode(codec)
    assert encoding.survey(put(tmp_path, raw)).encoding == codec
