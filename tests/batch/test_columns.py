"""What every column is: the tables prove themselves, the cases of headers, and the laws of recognition."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.batch import flags, headers
from optout.batch.columns import ColumnMapping, describe, recognise, sensitive
from optout.errors import AmbiguousColumnError, HeaderMissingError, MissingColumnError, UnknownColumnError

CASES = Path(__file__).parent.parent / "cases" / "headers.tsv"
LAYOUTS = Path(__file__).parent.parent / "cases" / "layouts.tsv"
ALIASES = tables.load("header_alias").to_dicts()


def header_cases() -> list[Any]:
    head, *lines = CASES.read_text("utf-8").splitlines()
    rows = [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]
    assert rows
    failing = pytest.mark.xfail(strict=True)
    return [
        pytest.param(
            row["written"].replace("\\n", "\n").replace("(BOM)", "\ufeff"),
            row["field"],
            row["role"],
            id=row["id"],
            marks=[failing] if row["status"] == "known_failure" else [],
        )
        for row in rows
    ]


def layouts() -> dict[str, list[dict[str, str]]]:
    head, *lines = LAYOUTS.read_text("utf-8").splitlines()
    found: dict[str, list[dict[str, str]]] = {}
    for line in lines:
        row = dict(zip(head.split("\t"), line.split("\t"), strict=True))
        found.setdefault(row["layout"], []).append(row)
    assert len(found) > 50
    return found


def mapped(cells: dict[str, list[Any]], **options: Any) -> ColumnMapping:
    frame = pl.DataFrame(cells)
    return recognise(frame.columns, sample=frame, **options)


def fields(mapping: ColumnMapping) -> dict[str, str]:
    return {
        header: field if role == "self" else f"{role}.{field}" for header, field, role in describe(mapping)
    }


@pytest.mark.parametrize(("written", "field", "role"), header_cases())
def test_a_header_is_read_as_its_case_says(written: str, field: str, role: str) -> None:
    reading = headers.read(written)
    got = ("(unknown)", "self") if reading is None else (reading.field or "(none)", reading.role)
    assert got == (field, role)


@pytest.mark.parametrize("layout", layouts().items(), ids=lambda layout: layout[0])
def test_the_columns_of_a_product_are_what_an_office_expects(
    layout: tuple[str, list[dict[str, str]]],
) -> None:
    _, rows = layout
    described = describe(recognise([row["written"] for row in rows]))
    got = [
        "-" if field == "(unmapped)" else field if role == "self" else f"{role}.{field}"
        for _, field, role in described
    ]
    assert got == [row["expect"] for row in rows]


@pytest.mark.parametrize("rule", ALIASES, ids=lambda rule: rule["rule_id"])
def test_every_alias_is_read_as_its_own_field(rule: dict[str, str]) -> None:
    for written in (rule["written"], rule["example"]):
        reading = headers.read(written)
        assert reading is not None
        assert (reading.field, reading.role) == (rule["expect"], rule["role"])
    near = headers.read(rule["leaves_alone"])
    assert near is None or near.field != rule["field"]


def test_every_alias_names_a_known_field_and_a_known_role() -> None:
    assert len(ALIASES) >= 505
    assert {rule["field"] for rule in ALIASES} <= set(headers.kinds())
    assert {rule["role"] for rule in ALIASES} <= set(headers.roles())


@pytest.mark.parametrize("rule", tables.load("role_prefix").to_dicts(), ids=lambda rule: rule["rule_id"])
def test_every_role_word_proves_itself(rule: dict[str, str]) -> None:
    reading = headers.read(rule["example"])
    assert reading is not None
    assert reading.role == rule["expect"]
    near = headers.read(rule["leaves_alone"])
    assert rule["role"] == "self" or near is None or near.role != rule["role"]


@pytest.mark.parametrize("rule", tables.load("header_field").to_dicts(), ids=lambda rule: rule["rule_id"])
def test_every_field_proves_itself(rule: dict[str, str]) -> None:
    reading = headers.read(rule["example"])
    assert reading is not None
    assert reading.field == rule["expect"]
    near = headers.read(rule["leaves_alone"])
    assert near is None or near.field != rule["expect"]


@pytest.mark.parametrize("rule", tables.load("header_flag").to_dicts(), ids=lambda rule: rule["rule_id"])
def test_every_flag_word_proves_itself(rule: dict[str, str]) -> None:
    assert flags.polarity(rule["example"]) == rule["expect"]
    assert flags.polarity(rule["leaves_alone"]) is None


@pytest.mark.parametrize("rule", tables.load("header_sensitive").to_dicts(), ids=lambda rule: rule["rule_id"])
def test_every_sensitive_header_proves_itself(rule: dict[str, str]) -> None:
    assert sensitive([rule["leaves_alone"], rule["example"]]) == [rule["example"]]


@pytest.mark.parametrize("rule", tables.load("header_ambiguous").to_dicts(), ids=lambda rule: rule["rule_id"])
def test_every_ambiguous_header_proves_itself(rule: dict[str, str]) -> None:
    assert headers.by_values(rule["example"]) is not None
    assert headers.by_values(rule["leaves_alone"]) is None


def wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


SPELLINGS = {
    "wide": wide,
    "upper": str.upper,
    "narrow": lambda text: unicodedata.normalize("NFKC", text),
    "spaced": lambda text: "\u3000".join(text),
    "bom": lambda text: "\ufeff" + text,
    "required": lambda text: text + "（必須）",
    "starred": lambda text: "*" + text,
    "broken": lambda text: text[:1] + "\r\n" + text[1:],
}


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(ALIASES), st.lists(st.sampled_from(sorted(SPELLINGS)), max_size=3))
def test_spelling_never_changes_what_a_header_is(rule: dict[str, str], styles: list[str]) -> None:
    written = rule["written"]
    for style in styles:
        written = SPELLINGS[style](written)
    reading = headers.read(written)
    assert reading is not None
    assert (reading.field, reading.role) == (rule["field"], rule["role"])


@pytest.mark.parametrize("style", SPELLINGS)
def test_no_alias_is_lost_in_any_spelling(style: str) -> None:
    readings = {rule["rule_id"]: headers.read(SPELLINGS[style](rule["written"])) for rule in ALIASES}
    read = {name: (each.field, each.role) for name, each in readings.items() if each is not None}
    assert read == {rule["rule_id"]: (rule["field"], rule["role"]) for rule in ALIASES}


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=80))
def test_no_header_is_too_strange_to_be_read(written: str) -> None:
    headers.read(written)
    headers.by_values(written)
    sensitive([written])


def test_a_list_of_a_vendor_is_recognised() -> None:
    mapping = recognise(["氏名", "ﾌﾘｶﾞﾅ", "〒", "住所１", "住所２", "ＴＥＬ", "生年月日", "年収"])
    assert fields(mapping) == {
        "氏名": "name",
        "ﾌﾘｶﾞﾅ": "kana",
        "〒": "postal",
        "住所１": "address_1",
        "住所２": "address_2",
        "ＴＥＬ": "phone",
        "生年月日": "birth_date",
        "年収": "(unmapped)",
    }
    assert mapping.unmapped == ["年収"]


def test_a_frame_of_requests_is_recognised() -> None:
    request = ["name", "kana", "postal", "address", "phones", "emails", "birth_date"]
    about = ["received", "source", "channels", "household", "tenant", "request_id"]
    mapping = recognise([*request, *about])
    assert mapping.unmapped == about
    assert [subject.role for subject in mapping.subjects] == ["self"]


def test_columns_go_before_recognition_and_the_rest_is_still_recognised() -> None:
    mapping = recognise(
        ["氏名", "担当コード名", "TEL", "携帯", "謎"],
        columns={"name": "担当コード名", "phone": ["謎", "TEL"]},
    )
    assert fields(mapping) == {
        "氏名": "(unmapped)",
        "担当コード名": "name",
        "TEL": "phone",
        "携帯": "mobile",
        "謎": "phone",
    }


def test_a_column_may_be_told_by_place_and_by_another_spelling() -> None:
    assert fields(recognise(["甲", "乙"], columns={"name": 0, "phone": "乙 "})) == {
        "甲": "name",
        "乙": "phone",
    }


@pytest.mark.parametrize("columns", [{"nme": "甲"}, {"name": "丙"}, {"name": 2}, {"nobody.name": "甲"}])
def test_an_unknown_header_field_or_role_is_refused(columns: dict[str, str | int]) -> None:
    with pytest.raises(UnknownColumnError):
        recognise(["甲", "乙"], columns=columns)


def test_an_ignored_column_is_left_out_and_an_unknown_one_refused() -> None:
    mapping = recognise(["氏名", "名前", "TEL"], ignore=["名前"])
    assert fields(mapping)["名前"] == "(ignored)"
    assert mapping.unmapped == []
    with pytest.raises(UnknownColumnError):
        recognise(["氏名"], ignore=["住所"])


@pytest.mark.parametrize(
    "written",
    [
        ["氏名", "お名前", "TEL"],
        ["氏名", "住所", "ご住所"],
        ["氏名", "氏名", "TEL"],
        ["氏名", "氏名2", "TEL"],
        ["送付先氏名", "お届け先氏名", "送付先住所"],
        ["カナ姓", "カナ名", "名", "TEL"],
        ["first_name", "TEL"],
        ["氏名", "アドレス"],
    ],
)
def test_two_columns_for_one_field_and_a_header_of_two_meanings_are_refused(written: list[str]) -> None:
    with pytest.raises(AmbiguousColumnError):
        recognise(written)


def test_what_may_repeat_may_repeat() -> None:
    mapping = recognise(["氏名", "電話番号", "電話番号", "携帯", "FAX", "メール", "メール", "備考", "備考"])
    assert len(mapping.subjects[0].phones) == 4
    assert len(mapping.subjects[0].emails) == 2
    assert mapping.positions("note") == [7, 8]


def test_a_list_that_names_nobody_is_refused() -> None:
    with pytest.raises(MissingColumnError, match="商品名"):
        recognise(["商品名", "価格", "郵便番号"])


def test_a_list_without_a_header_line_shows_nobody_in_the_message() -> None:
    with pytest.raises(HeaderMissingError) as refused:
        recognise(["見本 花子", "090-1234-5678"])
    assert "見本" not in str(refused.value)
    assert "1234" not in str(refused.value)


@pytest.mark.parametrize(
    ("header", "cell", "field"),
    [
        ("連絡先", "090-1234-5678", "phone"),
        ("連絡先", "mihon@example.com", "email"),
        ("連絡先", "東京都新宿区西新宿3-2-1", "address"),
        ("ご連絡先", "会社まで", "phone"),
        ("アドレス", "mihon@example.com", "email"),
        ("アドレス", "新宿区西新宿3-2-1", "address"),
        ("Address", "mihon@example.com", "email"),
        ("お届け先", "東京都新宿区西新宿3-2-1", "recipient.address"),
        ("お届け先", "見本 花子", "recipient.name"),
    ],
)
def test_values_decide_what_a_header_leaves_open(header: str, cell: str, field: str) -> None:
    mapping = mapped({"氏名": ["見本 太郎"] * 10, header: [cell] * 9 + [None]})
    assert fields(mapping)[header] == field


def test_values_of_two_kinds_are_asked_about_and_may_be_told_as_both() -> None:
    cells = {"氏名": ["見本"] * 4, "連絡先": ["090-1234-5678", "a@example.com"] * 2}
    with pytest.raises(AmbiguousColumnError):
        mapped(cells)
    mapping = mapped(cells, columns={"phone": "連絡先", "email": "連絡先"})
    assert mapping.subjects[0].phones == ((1,),)
    assert mapping.subjects[0].emails == (1,)


@pytest.mark.parametrize(
    ("cells", "phones"),
    [
        ((["090", "03"], ["1234", "1234"], ["5678", "5678"]), ((1, 2, 3),)),
        (([90.0, 3.0], [1234.0, 1234.0], [5678.0, 5678.0]), ((1, 2, 3),)),
        ((["03-1234-5678", None], ["090-1234-5678"] * 2, [None, None]), ((1,), (2,), (3,))),
        (([None] * 2, [None] * 2, [None] * 2), ((1,), (2,), (3,))),
        ((["090", "03-1234-5678"], ["1234", "090-1234-5678"], ["5678", None]), ((1, 2, 3), (1,), (2,), (3,))),
    ],
    ids=["parts", "parts as floats", "numbers", "blank", "both"],
)
@pytest.mark.parametrize("stem", ["電話番号", "TEL", "携帯電話番号"])
def test_three_numbered_phones_are_parts_or_numbers_by_their_values(
    stem: str, cells: tuple[list[Any], ...], phones: tuple[tuple[int, ...], ...]
) -> None:
    mapping = mapped({"氏名": ["見本", "見本"]} | {f"{stem}{n}": cell for n, cell in enumerate(cells, 1)})
    assert mapping.subjects[0].phones == phones
    assert any(stem in decision for decision in mapping.decisions)


def test_parts_of_a_phone_may_be_told() -> None:
    mapping = recognise(
        ["氏名", "あ", "い", "う"], columns={"phone_n1": "あ", "phone_n2": "い", "phone_n3": "う"}
    )
    assert mapping.subjects[0].phones == ((1, 2, 3),)
    told = recognise(["氏名", "TEL1", "TEL2", "TEL3"], columns={"phone": ["TEL1", "TEL2", "TEL3"]})
    assert told.subjects[0].phones == ((1,), (2,), (3,))


def test_area_code_exchange_and_number_are_parts_without_a_look() -> None:
    assert recognise(["氏名", "市外局番", "市内局番", "加入者番号"]).subjects[0].phones == ((1, 2, 3),)


@pytest.mark.parametrize(
    ("written", "field"),
    [
        (["姓", "名", "TEL"], "name_given"),
        (["名", "TEL"], "name"),
        (["注文者姓", "注文者名", "注文者住所"], "orderer.name_given"),
        (["注文者名", "注文者住所"], "orderer.name"),
        (["担当者名", "担当者メール"], "contact.name"),
    ],
)
def test_a_bare_given_name_is_the_whole_name_where_no_surname_stands(written: list[str], field: str) -> None:
    given = next(header for header in written if header.endswith("名"))
    assert fields(recognise(written))[given] == field


@pytest.mark.parametrize(
    ("written", "roles"),
    [
        (["氏名", "フリガナ", "会社名", "フリガナ", "TEL"], ["kana", "company_kana"]),
        (["会社名", "フリガナ", "氏名", "フリガナ", "TEL"], ["company_kana", "kana"]),
        (["注文者氏名", "フリガナ", "送付先氏名", "フリガナ", "TEL"], ["orderer.kana", "recipient.kana"]),
        (["会社名", "カナ", "TEL"], ["company_kana"]),
        (["氏名", "会社名", "カナ", "TEL"], ["kana"]),
    ],
)
def test_bare_kana_belong_to_the_name_before_them(written: list[str], roles: list[str]) -> None:
    described = describe(recognise(written))
    got = [field if role == "self" else f"{role}.{field}" for _, field, role in described if "kana" in field]
    assert got == roles


def test_a_kana_column_full_of_firms_is_the_kana_of_the_firm() -> None:
    mapping = mapped(
        {"氏名": ["見本"], "会社名": ["見本商店"], "カナ": ["カブシキガイシャミホンショウテン"], "TEL": ["1"]}
    )
    assert fields(mapping)["カナ"] == "company_kana"


@pytest.mark.parametrize(
    ("written", "roles"),
    [
        (["氏名", "住所"], ["self"]),
        (["契約者名", "住所", "電話番号"], ["self"]),
        (["送付先氏名", "送付先住所"], ["recipient"]),
        (["注文者氏名", "注文者住所", "送付先氏名", "送付先住所"], ["orderer", "recipient"]),
        (["氏名", "住所", "送付先氏名"], ["self", "recipient"]),
        (["氏名", "自宅住所", "会社住所", "会社電話"], ["self", "work"]),
        (["氏名", "会社住所", "会社電話"], ["self"]),
        (["氏名", "住所", "自宅住所"], ["self", "home"]),
        (["氏名", "住所", "物件所在地"], ["self", "property"]),
        (["企業名", "住所", "代表者氏名"], ["self"]),
        (["企業名", "住所", "代表者氏名", "担当者氏名"], ["self", "representative", "contact"]),
        (["氏名", "住所", "連名1", "連名2"], ["self", "joint", "joint_2"]),
        (["氏名", "住所", "登録用電話番号"], ["self"]),
        (["生徒氏名", "住所", "電話番号"], ["self"]),
    ],
)
def test_the_people_of_a_row_are_told_by_its_roles(written: list[str], roles: list[str]) -> None:
    assert [subject.role for subject in recognise(written).subjects] == roles


SURNAMES, GIVEN = ["見本", "例示", "仮名"], ["太郎", "花子", "次郎"]
FULL = ["見本 太郎", "例示 花子", "仮名 次郎"]


@pytest.mark.parametrize(
    ("cells", "fields_of"),
    [
        ({"顧客名1": SURNAMES, "顧客名2": GIVEN}, ["name_family", "name_given"]),
        ({"name1": SURNAMES, "name2": GIVEN}, ["name_family", "name_given"]),
        ({"顧客名カナ1": ["ミホン"] * 3, "顧客名カナ2": ["タロウ"] * 3}, ["kana_family", "kana_given"]),
        ({"氏名1": FULL, "氏名2": ["桜", None, None]}, ["name", "joint.name"]),
        ({"氏名": FULL, "氏名2": ["桜", None, None]}, ["name", "joint.name"]),
        ({"name1": FULL, "name2": ["桜", None, None]}, ["name", "joint.name"]),
        ({"得意先名1": ["見本商事(株)"] * 3, "得意先名2": ["本店", "営業部", None]}, ["name", "joint.name"]),
        ({"宛名1": FULL, "宛名2": [None] * 3}, ["name", "joint.name"]),
        (
            {"お届け先名称1": SURNAMES, "お届け先名称2": ["営業部"] * 3},
            ["recipient.name", "recipient_joint.name"],
        ),
        ({"注文者名1": SURNAMES, "注文者名2": GIVEN}, ["orderer.name_family", "orderer.name_given"]),
        ({"フリガナ1": ["ミホンタロウ"] * 3, "フリガナ2": ["サクラ", None, None]}, ["kana", "joint.kana"]),
    ],
)
def test_a_second_line_of_a_name_is_told_by_its_values(
    cells: dict[str, list[Any]], fields_of: list[str]
) -> None:
    mapping = mapped({**cells, "TEL": ["03-1234-5678"] * 3})
    assert list(fields(mapping).values()) == [*fields_of, "phone"]
    assert any(next(iter(cells)) in decision for decision in mapping.decisions)


@pytest.mark.parametrize(
    "cells",
    [
        {"氏名1": ["見本", "例示", "仮名 次郎"], "氏名2": ["太郎", "花子", "桜"]},
        {"氏名1": [None, None], "氏名2": ["太郎", "花子"]},
        {"氏名2": ["太郎"]},
        {"氏名": ["見本 太郎"], "住所": ["東京都新宿区1"], "送付先氏名2": ["花子"]},
    ],
)
def test_a_second_line_that_values_do_not_tell_is_asked_about(cells: dict[str, list[Any]]) -> None:
    with pytest.raises(AmbiguousColumnError):
        mapped(cells)


def test_a_name_told_leaves_its_second_line_to_be_told() -> None:
    mapping = recognise(["氏名1", "氏名2", "TEL"], columns={"name": "氏名1"})
    assert [subject.role for subject in mapping.subjects] == ["self", "joint"]
    both = recognise(["氏名1", "氏名2", "TEL"], columns={"name": ["氏名1", "氏名2"]})
    assert both.subjects[0].fields["name"] == (0, 1)


@pytest.mark.parametrize(
    ("second", "field"),
    [
        (["大阪府大阪市北区梅田1", None], "other.address"),
        (["見本ビル3階", None], "address_2"),
        ([None, None], "address_2"),
    ],
)
def test_a_second_address_line_may_be_an_address_of_its_own(second: list[str | None], field: str) -> None:
    cells = {"氏名": ["見本", "例示"], "住所1": ["東京都新宿区1", "東京都中央区2"], "住所2": second}
    assert fields(mapped(cells))["住所2"] == field


def test_lines_of_both_kinds_are_asked_about() -> None:
    lines = ["大阪府大阪市北区梅田1", "見本ビル"]
    with pytest.raises(AmbiguousColumnError):
        mapped({"氏名": ["見本", "例示"], "住所1": ["東京都新宿区1", "東京都中央区2"], "住所2": lines})


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"姓": SURNAMES, "名前": GIVEN}, "name_given"),
        ({"姓": SURNAMES, "名前": FULL}, "name"),
        ({"氏名": FULL, "セイ": ["ミホン"] * 3, "名前フリガナ": ["タロウ"] * 3}, "kana_given"),
    ],
)
def test_a_name_beside_a_surname_is_the_given_name_unless_it_repeats_it(
    cells: dict[str, list[Any]], field: str
) -> None:
    *_, last = cells
    assert fields(mapped({**cells, "TEL": ["03-1234-5678"] * 3}))[last] == field
    with pytest.raises(AmbiguousColumnError):
        mapped({"姓": SURNAMES, "名前": ["太郎", "花子", "仮名 次郎"]})


@pytest.mark.parametrize(
    ("written", "field"),
    [
        (["取引先名", "住所"], "name"),
        (["取引先名", "姓", "名", "住所"], "company"),
        (["名称", "担当者氏名", "住所"], "name"),
        (["表示名", "姓", "名"], "(unmapped)"),
        (["表示名", "メール"], "name"),
    ],
)
def test_a_party_is_the_company_only_where_a_person_is_named(written: list[str], field: str) -> None:
    assert fields(recognise(written))[written[0]] == field


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"Name": ["#1001", "#1002"]}, "record_id"),
        ({"配偶者": ["有", "無"]}, "(unmapped)"),
        ({"ご家族": ["2人", "3人"]}, "(unmapped)"),
        ({"配偶者": ["花子", "桜"]}, "joint.joint_names"),
    ],
)
def test_a_name_column_of_codes_or_answers_names_nobody(cells: dict[str, list[Any]], field: str) -> None:
    (header,) = cells
    assert fields(mapped({**cells, "TEL": ["03-1234-5678", "090-1234-5678"]}))[header] == field


@pytest.mark.parametrize(
    ("written", "field"),
    [(["氏名", "氏名（ローマ字）"], "kana"), (["氏名", "カナ", "氏名（ローマ字）"], "(unmapped)")],
)
def test_a_name_in_letters_is_the_reading_where_there_are_no_kana(written: list[str], field: str) -> None:
    assert fields(recognise(written))["氏名（ローマ字）"] == field


def test_columns_without_a_header_over_header_words_are_asked_about() -> None:
    frame = pl.DataFrame({"a": ["", "見本"], "b": ["都道府県", "東京都"], "c": ["市区町村", "新宿区"]})
    with pytest.raises(AmbiguousColumnError, match="市区町村"):
        recognise(["氏名", "住所", ""], sample=frame)
    assert recognise(["氏名", "住所", ""], {"city": 2}, sample=frame).columns[2].field == "city"
    assert recognise(["氏名", "住所", ""], ignore=[2], sample=frame).columns


def test_a_message_shows_no_header_of_a_list_where_none_is_known() -> None:
    with pytest.raises(MissingColumnError) as refused:
        recognise(["見本一郎", "渋谷"])
    assert "見本" not in str(refused.value)
    assert "column 2 (position 1)" in str(refused.value)


@pytest.mark.parametrize(
    ("written", "roles"),
    [
        (["生徒氏名", "保護者氏名", "住所", "TEL"], ["self", "guardian"]),
        (["企業名", "住所", "代表者氏名", "担当者氏名"], ["self", "representative", "contact"]),
        (["氏名", "電話番号", "請求先住所"], ["self"]),
        (["氏名", "住所", "請求先住所"], ["self", "payer"]),
        (["緊急連絡先1氏名", "緊急連絡先1TEL", "緊急連絡先2氏名"], ["emergency", "emergency_2"]),
        (["担当者", "注文者氏名", "注文者住所", "送付先氏名"], ["orderer", "contact", "recipient"]),
        (["お届け先名称１", "お届け先名称２", "お届け先住所１"], ["recipient", "recipient_joint"]),
        (["氏名", "自宅住所", "Address 2 - Street"], ["self", "other"]),
    ],
)
def test_members_numbers_and_lone_addresses_find_their_person(written: list[str], roles: list[str]) -> None:
    assert [subject.role for subject in recognise(written).subjects] == roles


def test_columns_that_look_like_identity_but_are_not_screened_are_named() -> None:
    frame = pl.DataFrame(
        {
            "氏名": ["見本"] * 3,
            "謎": ["090-1234-5678", None, "なし"],
            "欄": ["東京都新宿区西新宿3-2-1", "大阪府大阪市北区梅田1", None],
            "Q7": ["a@example.com", "b@example.com", ""],
            "出身地": ["東京都", "大阪府", "京都府"],
            "会員番号": [1, 2, 3],
            "捨": ["090-1234-5678"] * 3,
            "組": [{"a": 1}] * 3,
            "番地なし": ["新宿区西新宿3-2-1", "北区梅田1", None],
            "旧氏名欄外": ["見本 太郎", "例示 花子", "仮名 次郎"],
            "商品": ["見本 太郎", "例示 花子", "仮名 次郎"],
        }
    )
    mapping = recognise(frame.columns, ignore=["捨"])
    assert mapping.identity_like(frame) == ["謎", "欄", "Q7", "番地なし", "旧氏名欄外"]
    assert mapping.identity_like(frame.clear()) == []


def test_two_thousand_columns_are_no_trouble() -> None:
    mapping = recognise(["氏名", *(f"項目{number}" for number in range(2000))])
    assert len(mapping.unmapped) == 2000


@settings(deadline=None, max_examples=50)
@given(st.permutations(["氏名", "フリガナ", "〒", "住所", "TEL", "携帯", "DM不要", "備考", "年収"]))
def test_the_order_of_columns_never_changes_what_they_are(written: list[str]) -> None:
    mapping = recognise(written)
    assert fields(mapping) == fields(recognise(sorted(written)))
    assert [subject.role for subject in mapping.subjects] == ["self"]
