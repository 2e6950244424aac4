from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.batch import codec, encoding
from optout.errors import OptionError, UndecidedEncodingError, UnreadableFileError

TEXT = "氏名,住所\n髙橋　一郎,東京都①\nﾐﾎﾝ ﾊﾅｺ,大阪府\n"


InBytes = Callable[[str, str], bytes]


def put(tmp_path: Path, raw: bytes) -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("codec", encoding.codecs.ENCODINGS)
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_the_encodings_and_line_ends_of_office_files_are_told(
    in_bytes: InBytes, tmp_path: Path, codec: str, eol: str
) -> None:
    text = TEXT.replace("\n", eol)
    raw = in_bytes(text, codec)
    told = encoding.survey(put(tmp_path, raw))
    assert (told.encoding, told.eol, told.clean) == (codec, eol, True)
    assert told.codec.decode(raw[told.bom :]) == text


def test_plain_ascii_is_utf_8(tmp_path: Path) -> None:
    assert encoding.survey(put(tmp_path, b"a,b\n1,2\n")).encoding == "utf-8"


@pytest.mark.parametrize("codec", ["utf-8", "cp932"])
@pytest.mark.parametrize("ascii_before", [0, 300_000])
def test_japanese_far_into_the_file_still_decides(tmp_path: Path, codec: str, ascii_before: int) -> None:
    raw = b"a,b\n" * (ascii_before // 4) + TEXT.encode(codec) * 3000
    assert encoding.survey(put(tmp_path, raw)).encoding == codec


@pytest.mark.parametrize("codec", ["utf-8", "cp932", "euc-jp", "iso-2022-jp"])
def test_one_damaged_line_in_a_thousand_is_no_reason_to_refuse_a_list(
    in_bytes: InBytes, tmp_path: Path, codec: str
) -> None:
    raw = in_bytes(TEXT, codec) * 1000 + b"\xff\xfe\xa0,\x81\n" * 3 + in_bytes(TEXT, codec)
    told = encoding.survey(put(tmp_path, raw))
    assert (told.encoding, told.clean) == (codec, False)


@pytest.mark.parametrize("codec", ["utf-8", "cp932"])
def test_a_single_damaged_line_is_no_reason_in_a_short_list_either(tmp_path: Path, codec: str) -> None:
    raw = TEXT.encode(codec) + b"\xff\xfe\xa0,\x81\n" + TEXT.encode(codec)
    assert encoding.survey(put(tmp_path, raw)).encoding == codec


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfd\xfa\n" * 50,
        "氏名\n見本\n".encode() + b"\xff\xff\n" * 3,
        TEXT.encode("cp932") * 300 + b"\xff\xff\n" * 3,
        b"\xef\xbb\xbf" + TEXT.encode("cp932"),
    ],
)
def test_what_no_encoding_decodes_but_one_line_in_a_thousand_is_asked(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(UndecidedEncodingError, match="encoding=") as caught:
        encoding.survey(put(tmp_path, raw))
    assert caught.value.lines == raw.count(b"\n")


def test_half_width_kana_that_read_as_kanji_elsewhere_are_asked(tmp_path: Path) -> None:
    path = put(tmp_path, "name,tel\nﾔﾏﾀﾞ,2\nﾐﾎﾅｺ,3\n".encode("cp932"))
    with pytest.raises(UndecidedEncodingError) as caught:
        encoding.survey(path)
    assert {name: n for name, n in caught.value.undecodable.items() if not n} == {"cp932": 0, "euc-jp": 0}
    assert encoding.survey(path, "sjis").encoding == "cp932"
    assert encoding.survey(path, "EUC_JP").encoding == "euc-jp"


def test_letters_of_two_bytes_that_may_be_latin_or_kana_are_asked(tmp_path: Path) -> None:
    with pytest.raises(UndecidedEncodingError):
        encoding.survey(put(tmp_path, "name,tel\nJosé,2\n".encode()))


@pytest.mark.parametrize(
    ("sign", "told"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "Unpack"),
        ("氏名".encode("utf-32"), "UTF-32"),
        (b"a,\0\n1,\0\n", "NUL"),
    ],
)
def test_binary_files_are_refused_with_what_to_do(tmp_path: Path, sign: bytes, told: str) -> None:
    with pytest.raises(UnreadableFileError, match=told):
        encoding.survey(put(tmp_path, sign + b"\n"))


@pytest.mark.parametrize("alias", ["cp932", "sjis", "Shift_JIS", "windows-31j", "MS932"])
def test_shift_jis_in_all_its_names_is_cp932(tmp_path: Path, alias: str) -> None:
    assert encoding.survey(put(tmp_path, TEXT.encode("cp932")), alias).encoding == "cp932"


def test_an_encoding_that_was_asked_for_overrides_the_trial_but_must_read_something(tmp_path: Path) -> None:
    path = put(tmp_path, TEXT.encode("cp932"))
    with pytest.raises(UnreadableFileError, match="encoding="):
        encoding.survey(path, "utf-8")
    with pytest.raises(OptionError):
        encoding.survey(path, "utf-7")
    path = put(tmp_path, TEXT.encode("cp932") + b"\xff\xff\n" * 3)
    told = encoding.survey(path, "cp932")
    assert (told.encoding, told.clean) == ("cp932", False)


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_the_mark_of_utf_16_tells_its_order(tmp_path: Path, order: str) -> None:
    raw = ("\ufeff" + TEXT).encode(order)
    for asked in (None, "utf-16", order):
        told = encoding.survey(put(tmp_path, raw), asked)
        assert (told.encoding, told.codec.name, told.bom) == ("utf-16", order, 2)


def test_a_stray_nul_makes_no_utf_16(tmp_path: Path) -> None:
    raw = TEXT.encode("cp932") * 20 + b"\0\n"
    assert encoding.survey(put(tmp_path, raw)).encoding == "cp932"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(st.sampled_from("一郎髙①ｶﾅabc,〒－"), min_size=2), min_size=3),
    st.sampled_from(("utf-8", "cp932", "euc-jp", "iso-2022-jp", "utf-16", "utf-16-be")),
)
def test_text_with_kanji_is_told_in_every_encoding(
    in_bytes: InBytes, tmp_path: Path, lines: list[str], codec: str
) -> None:
    raw = in_bytes("\n".join(["氏名,フリガナ,住所,電話番号,備考", *lines]) + "\n", codec)
    assert encoding.survey(put(tmp_path, raw)).encoding == codec


CP932_CHARACTERS = [
    char
    for lead in (*range(0x81, 0xA0), *range(0xE0, 0xEF))
    for trail in (*range(0x40, 0x7F), *range(0x80, 0xFD))
    if len(char := bytes((lead, trail)).decode("cp932", "ignore")) == 1
    and char.encode("cp932")[0] != 0xA0
    and 0x80 < char.encode("cp932")[0] < 0xF0
]


@given(st.text(st.sampled_from([*CP932_CHARACTERS, *' ,AZ09az"ｱﾝﾞ']), max_size=40))
def test_code_page_932_and_its_jis_clothes_read_the_same(in_bytes: InBytes, text: str) -> None:
    for name in ("euc-jp", "iso-2022-jp"):
        assert encoding.codecs.codec_of(name).decode(in_bytes(text, name)) == text


@settings(deadline=None)  # the machine may be busy
@given(st.text("aé髙ｶ𠮷,\n", max_size=30), st.binary(max_size=3), st.integers(0, 90), st.integers(1, 9))
def test_where_the_steps_of_a_check_end_changes_no_answer(text: str, odd: bytes, at: int, step: int) -> None:
    raw = text.encode()[:at] + odd + text.encode()[at:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "_STEP_BYTES", step)
        assert codec.UTF_8.first_undecodable(raw) == _wrong_at(raw)


def _wrong_at(raw: bytes) -> int | None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


@settings(deadline=None)  # the machine may be busy
@given(st.text("a髙ｶ①,\n", max_size=30), st.integers(1, 9))
def test_where_the_steps_of_decoding_end_changes_no_letter(text: str, step: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "_DECODED_BYTES", step)
        assert b"".join(codec.CP932.to_utf8(text.encode("cp932"))).decode() == text


@pytest.mark.parametrize("byte", [0xFD, 0xFE, 0xFF])
def test_what_python_alone_reads_as_cp932_is_no_text(byte: int) -> None:
    raw = "見本,".encode("cp932") + bytes([byte]) + b",1\n"
    assert codec.CP932.first_undecodable(raw) == 5
    with pytest.raises(UnicodeDecodeError):
        list(codec.CP932.to_utf8(raw))
