"""E-mail addresses: cases, rows that prove themselves, and the laws of a parser."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout import tables
from optout.text import email

CASES = pl.read_csv(
    Path(__file__).parents[1] / "cases" / "email.tsv", separator="\t", quote_char=None, infer_schema=False
).with_columns(pl.col("written", "expect").replace({"(none)": "", "(blank)": ""}))
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
SPELLINGS = (
    "{}@{}",
    " {}@{}　",
    "mailto:{}@{}",
    "<{}@{}>",
    "山田 <{}@{}>",
    "{} @{}",
    "{}@ {}",
    '"{}"@{}',
    "{}@{};",
    "\ufeff{}@{}",
    "{}(at){}",
)
LOCAL = st.from_regex(r"taro[a-z0-9]{0,6}([._-][a-z0-9]{1,4})?", fullmatch=True)
DOMAIN = st.sampled_from(
    ["example.jp", "docomo.ne.jp", "yahoo.co.jp", "xn--r8jz45g.jp", "mail.example.co.jp"]
)
ANYTHING = st.one_of(
    st.none(), st.text(max_size=30), st.text("taro@例え.jp,;、 <>+-_/\"'comge＠ー", max_size=40)
)


def parsed(*written: str | None) -> list[dict[str, object]]:
    return email.parse(pl.Series(written, dtype=pl.String)).rows(named=True)


@pytest.mark.parametrize("case", CASES.rows(named=True), ids=lambda case: case["id"])
def test_a_cell_gives_the_keys_written_in_it(case: dict[str, str], request: pytest.FixtureRequest) -> None:
    if case["status"] == "known_failure":
        request.applymarker(pytest.mark.xfail(reason=case["why"]))
    keys = email.parse(pl.Series([case["written"]]))["keys"].to_list()
    assert ";".join(keys[0]) == case["expect"]


@pytest.mark.parametrize("table", ["email_role", "email_placeholder"])
def test_every_row_that_denies_a_key_proves_itself(table: str) -> None:
    rows = tables.load(table)
    denied, left = email.parse(rows["example"]), email.parse(rows["leaves_alone"])
    assert denied["keys"].list.len().to_list() == [0] * rows.height
    assert denied["addresses"].list.len().to_list() == [1] * rows.height
    assert denied["reason"].unique().to_list() == [table.removeprefix("email_")]
    assert left["keys"].to_list() == [[written] for written in rows["leaves_alone"]]


@pytest.mark.parametrize("table", ["email_provider", "email_repair"])
def test_every_row_that_changes_a_key_proves_itself(table: str) -> None:
    rows = tables.load(table)
    assert email.parse(rows["example"])["keys"].to_list() == [[expect] for expect in rows["expect"]]
    left = email.parse(rows["leaves_alone"])["addresses"].list.join(" ").to_list()
    for written, addresses in zip(rows["leaves_alone"], left, strict=True):
        assert addresses
        assert set(addresses.split(" ")) <= set(written.replace(",", " ").replace("'", " ' ").split(" ")) | {
            written
        }


def test_every_alias_proves_itself_and_is_never_a_key() -> None:
    rows = tables.load("email_alias")
    got, left = email.parse(rows["example"]), email.parse(rows["leaves_alone"])
    for aliases, keys, expect in zip(got["aliases"], got["keys"], rows["expect"], strict=True):
        assert expect in aliases.to_list()
        assert expect not in keys.to_list()
    assert left["aliases"].list.len().sum() == 0


@pytest.mark.parametrize(
    ("written", "key", "alias"),
    [
        ("yamada taro@example.jp", "taro@example.jp", "yamadataro@example.jp"),
        ("ta ro@example.jp", "taro@example.jp", "ro@example.jp"),
        ("yamada info@example.jp", None, "yamadainfo@example.jp"),
    ],
)
def test_either_reading_of_a_blank_is_known_and_the_other_is_for_review_only(
    written: str, key: str | None, alias: str
) -> None:
    row = parsed(written)[0]
    assert (row["keys"], row["aliases"]) == ([key] if key else [], [alias])


def test_invented_people_of_the_example_domains_are_keys() -> None:
    people = ["taro@example.jp", "hanako@example.com", "user1@example.com", "taro.yamada@example.co.jp"]
    assert [row["keys"] for row in parsed(*people)] == [[person] for person in people]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("info@example.jp", "role"),
        ("none@example.jp", "placeholder"),
        ("なし", "placeholder"),
        ("taro@example", "impossible"),
        ("taro@example.jp", None),
        ("", None),
        (None, None),
    ],
)
def test_what_gives_no_key_says_why(written: str | None, reason: str | None) -> None:
    assert parsed(written)[0]["reason"] == reason


@settings(deadline=None, max_examples=60)
@given(LOCAL, DOMAIN)
def test_spelling_never_changes_the_address(local: str, domain: str) -> None:
    spelt = [spelling.format(local, domain) for spelling in SPELLINGS]
    spelt += [f"{local}@{domain}".translate(WIDE), f"{local}@{domain}".upper()]
    assert [row["addresses"] for row in parsed(*spelt)] == [[f"{local}@{domain}"]] * len(spelt)


@settings(deadline=None, max_examples=25)
@given(st.lists(ANYTHING, max_size=8))
def test_cells_do_not_know_of_each_other(written: list[str | None]) -> None:
    assert parsed(*written) == [parsed(cell)[0] for cell in written]


@settings(deadline=None, max_examples=25)
@given(st.lists(ANYTHING, max_size=8))
def test_a_parsed_address_and_a_key_parse_to_themselves(written: list[str | None]) -> None:
    rows = parsed(*written)
    addresses = [address for row in rows for address in row["addresses"]]
    assert [row["addresses"] for row in parsed(*addresses)] == [[address] for address in addresses]
    keys = [key for row in rows for key in row["keys"]]
    assert [row["keys"] for row in parsed(*keys)] == [[key] for key in keys]
