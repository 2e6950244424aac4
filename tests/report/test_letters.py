"""Letters of the desk: what they say, what they never say, and that no page loads or runs anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateNotFound, UndefinedError

from optout.errors import DeskError, OptionError, UnreadableFileError
from optout.register import case_rules as rules
from optout.register.case import Case
from optout.register.case_parts import Agent, Check, Ending, Extension, Scope, Terms
from optout.report import html, letters
from optout.report.letters import Letter, Sender
from optout.report.sheet import facts
from optout.store import Identity

APRIL = date(2026, 4, 1)
OFFICE = Sender(
    "株式会社見本リスト",
    "東京都千代田区丸の内1-1-1",
    "100-0005",
    "代表取締役　例示 太郎",
    "個人情報お問い合わせ窓口",
    "03-1234-0000",
    "privacy@example.com",
    "平日10時～17時",
)
WHO = Identity(
    name="渡邊 花子", postal="160-0023", address="東京都新宿区西新宿3丁目2番1号", phones="03-1234-5678"
)
TERMS = Terms("k5-00000000", "0" * 64, "person", "0.1.0", rules.USUAL.told)
Open = Callable[..., Case]


def case(kind: str = "stop", **facts: object) -> Case:
    stops = kind in ("stop", "erase")
    usual: dict[str, object] = {
        "stops": stops,
        "requests": ("R-AAAAAAAAAAAAA",) if stops else (),
    }
    given = Case("C-20260401-ABCDEFG", kind, "fax", APRIL, date(2026, 4, 15), WHO, TERMS, "佐藤", APRIL)
    return replace(given, **(usual | facts))


def write(given: Case, kind: str, **how: object) -> Letter:
    return letters.letter(given, kind, OFFICE, date(2026, 4, 2), **how)  # type: ignore[arg-type]


ACKNOWLEDGED = """\
2026年4月2日

〒160-0023
東京都新宿区西新宿3丁目2番1号
渡邊 花子　様

株式会社見本リスト
代表取締役　例示 太郎
〒100-0005　東京都千代田区丸の内1-1-1

個人情報に関するご請求の受付について（受付通知）

　当社における個人情報の取扱いに関するご請求を、下記のとおり受け付けましたので、お知らせいたします。

　お申し出の内容は、受付の記録と同時に当社の停止リストへ登録いたしました。以後、当社が名簿を第三者に提供する際は停止リストと照合し、\
ご本人の情報を除外いたします。

　あわせて当社が保有する名簿を照合し、該当する情報の削除を進めてまいります。結果は、あらためてお知らせいたします。

　本人確認書類をお送りいただく必要はございません。

記

受付番号：C-20260401-ABCDEFG
受付日：2026年4月1日
ご請求の内容：第三者提供の停止（名簿からの除外）
根拠となる条文：個人情報の保護に関する法律第27条第2項
受付方法：FAX
回答の予定日：2026年4月15日まで
手数料：かかりません

以上

お問い合わせ窓口：個人情報お問い合わせ窓口　電話 03-1234-0000　メール privacy@example.com　受付時間 平日10時～17時
お問い合わせの際は、受付番号 C-20260401-ABCDEFG をお知らせください。
"""


def test_R9_an_acknowledgement_word_for_word() -> None:
    assert write(case(), "acknowledgement").text == ACKNOWLEDGED


@pytest.mark.parametrize("kind", rules.kinds())
def test_R9_every_kind_is_acknowledged_with_its_article_and_its_due_date(kind: str) -> None:
    text = write(case(kind), "acknowledgement").text
    rule = rules.kinds()[kind]
    assert rule.japanese in text
    assert rule.article in text
    assert "2026年4月15日" in text
    assert ("停止リスト" in text) == rule.suppresses
    assert ("本人確認をお願い" in text) == (rule.identity == "required")


@pytest.mark.parametrize(
    ("statuses", "says", "does_not_say"),
    [
        (["removed", "not_found"], "該当する情報を削除いたしました", "見つかりませんでした"),
        (["not_found"], "見つかりませんでした", "削除いたしました"),
        (["removed", "exempt"], "一部の名簿では", "見つかりませんでした"),
        (["suppressed"], "対象から除外いたしました", "削除いたしました"),
        ([], "手続が完了しました", "削除いたしました"),
    ],
)
def test_R9_a_result_says_what_the_removal_says_and_no_more(
    statuses: list[str], says: str, does_not_say: str
) -> None:
    holdings = {f"名簿{n}": status for n, status in enumerate(statuses)}
    done = case(state="done", facts={"holdings": holdings} if statuses else {})
    text = write(done, "result").text
    assert says in text
    assert does_not_say not in text
    assert "停止リストへの登録は今後も継続いたします" in text
    # How the office calls its lists is nobody's business.
    assert "名簿0" not in text


def test_R9_an_erasure_leaves_the_records_the_law_orders_and_says_so() -> None:
    text = write(case("erase", state="done", facts={"holdings": {"a": "removed"}}), "result").text
    assert "第29条・第30条" in text


@pytest.mark.parametrize("ground", rules.refusals().values(), ids=lambda ground: ground.code)
def test_R9_a_refusal_tells_its_reason_and_the_article(ground: rules.Refusal) -> None:
    refused = case(
        ground.kinds[0], state="refused", ending=Ending(ground.code, "佐藤", APRIL, "詳しくは別紙")
    )
    written = write(refused, "refusal")
    for page in (written.text, written.html):
        assert ground.japanese in page
        assert ground.article in page
        assert "詳しくは別紙" in page
    assert ("解除しております" in written.text) == bool(refused.requests)


def test_R9_an_extension_tells_both_days_and_the_reason() -> None:
    later = Extension(date(2026, 4, 15), date(2026, 4, 30), "書類の到着が遅れているため", "佐藤", APRIL)
    text = write(case(due=date(2026, 4, 30), extensions=(later,)), "extension").text
    for told in ("2026年4月15日", "2026年4月30日", "書類の到着が遅れているため"):
        assert told in text


def test_R6_the_letter_that_asks_for_a_check_names_the_items_and_no_others() -> None:
    asked = Check("person", "id_copy", ("name", "address"), "佐藤", APRIL)
    text = write(case("disclose", state="verifying", checks=(asked,)), "identity").text
    assert "確認の方法：本人確認書類の写し" in text
    assert "確認させていただく事項：氏名、住所" in text
    assert "塗りつぶして" in text


@pytest.mark.parametrize("kind", ["correct", "disclose", "disclose_records", "purpose", "complaint"])
def test_R9_an_answer_without_content_is_not_written(kind: str) -> None:
    done = case(kind, state="done")
    with pytest.raises(DeskError):
        write(done, "result")
    text = write(
        done, "result", details=[("訂正後", "東京都港区芝公園4丁目2番8号")], note="以上のとおりです。"
    ).text
    assert "訂正後：東京都港区芝公園4丁目2番8号" in text
    assert "以上のとおりです。" in text


def test_R9_a_letter_is_written_only_where_the_case_stands() -> None:
    for kind in ("result", "refusal", "extension"):
        with pytest.raises(DeskError):
            write(case(), kind)
    with pytest.raises(DeskError):
        write(case(state="done"), "identity")
    with pytest.raises(OptionError):
        write(case(), "reminder")
    with pytest.raises(OptionError):
        write(case(), "acknowledgement", to="client")


@pytest.mark.parametrize("state", ["withdrawn", "closed_unverified"])
def test_R11_who_took_it_back_and_who_was_not_identified_are_told(state: str) -> None:
    ended = case(state=state, ending=Ending("本人の申出", "佐藤", APRIL))
    text = write(ended, "result").text
    assert ("解除いたしました" in text) == (state == "withdrawn")
    assert ("引き続き有効" in text) == (state == "closed_unverified")


def test_R7_an_agent_is_written_to_in_the_persons_place() -> None:
    agent = Agent("法定代理人", "渡邊 桃子", "東京都港区芝公園4-2-8")
    written = write(case(agent=agent), "acknowledgement")
    assert written.to == "agent"
    assert "渡邊 桃子　様\n（渡邊 花子 様の法定代理人）" in written.text
    assert "東京都新宿区" not in written.text
    assert "該当される方の情報を除外" in written.text
    # Of whom no name is told cannot be written to.
    assert write(case(agent=Agent("任意代理人", "")), "acknowledgement").to == "person"


def test_R8_a_letter_never_tells_that_there_was_an_earlier_request() -> None:
    again = case(canonical="C-20260330-ZZZZZZZ")
    assert write(again, "acknowledgement").text == write(case(), "acknowledgement").text


def test_a_stop_of_some_channels_names_them() -> None:
    text = write(case(scope=Scope(("mail", "phone"))), "acknowledgement").text
    assert "停止の対象：郵送、電話" in text


def test_R3_a_client_is_told_of_its_sheet_without_a_name() -> None:
    sheet = {
        "sheet": "S-20260401-ABCDEFG",
        "client": "見本商事株式会社",
        "contact": "伊藤",
        "delivery": "D-1",
    }
    cases = [
        case(line=2, state="refused", **sheet),
        case("erase", line=1, state="partial", **sheet),
        case("disclose", line=3, **sheet),
    ]
    written = letters.sheet_report(cases, OFFICE, date(2026, 4, 2))
    assert "見本商事株式会社　御中\n伊藤　様" in written.text
    states = re.findall(r"^([0-9])行目.*：(\S+?)(?:（|　|$)", written.text, re.MULTILINE)
    assert states == [("1", "処理中"), ("2", "お断り"), ("3", "受付済")]
    for page in (written.text, written.html):
        assert "花子" not in page
        assert "新宿" not in page
    with pytest.raises(OptionError):
        letters.sheet_report([case(), case(sheet="S-1")], OFFICE, APRIL)
    with pytest.raises(OptionError):
        letters.sheet_report([], OFFICE, APRIL)


class Page(HTMLParser):
    """What a page loads, runs or links to, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "iframe", "object", "embed", "img", "base", "form"):
            self.outside.append(tag)
        self.outside += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href") or name[:2] == "on"]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Page:
    parser = Page()
    parser.feed(page)
    return parser


WILD = st.lists(
    st.sampled_from(
        [*"<>&\"'/{}%#見本 一郎", "\u202e", "\u200b", "\x1b", "\ue000", "{{", "<script>", "javascript:"]
    ),
    min_size=1,
    max_size=30,
).map("".join)


@given(name=WILD, note=WILD)
def test_whatever_a_person_wrote_stays_text(name: str, note: str) -> None:
    done = case(person=Identity(name=name, address=note), state="done")
    page = read(write(done, "result", details=[(name, note)], note=note).html)
    assert page.outside == []
    shown = "".join(page.text)
    assert squeezed(name) in squeezed(shown)
    assert not set(shown) & set("\u202e\u200b\x1b")


def squeezed(text: str) -> str:
    return "".join(letter for letter in text if letter not in "\u202e\u200b\x1b" and not letter.isspace())


@pytest.mark.parametrize("kind", ["acknowledgement", "identity"])
def test_a_page_is_whole_in_itself_and_meant_for_a4(kind: str) -> None:
    page = write(case(), kind).html
    assert read(page).outside == []
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert "size: A4" in page
    assert '<html lang="ja">' in page
    assert '<meta charset="utf-8">' in page


def test_a_value_that_is_missing_raises_and_prints_no_gap() -> None:
    with pytest.raises(UndefinedError):
        html.page("letter.html", subject="題")
    with pytest.raises(TemplateNotFound):
        html.page("no such page.html")


def test_a_sheet_is_a_table_of_a_page() -> None:
    macro = html.environment().from_string('{% import "parts.html" as parts %}{{ parts.sheet(given) }}')
    shown = macro.render(given=facts("件数 <b>", {"受付": 12000}, ("注意",)))
    assert "件数 &lt;b&gt;" in shown
    assert '<td class="number">12,000</td>' in shown
    assert "注意" in shown


def test_the_office_is_read_from_a_file(tmp_path: Path) -> None:
    toml, json = tmp_path / "office.toml", tmp_path / "office.json"
    toml.write_text('name = "見本"\nphone = "03-1234-0000"\n', "utf-8")
    json.write_text('{"name": "見本", "phone": "03-1234-0000"}', "utf-8-sig")
    assert letters.read_sender(toml) == letters.read_sender(json) == Sender("見本", phone="03-1234-0000")
    for text in ('phone = "03"', 'name = "見本"\nfax = "03"', "name = 3"):
        toml.write_text(text, "utf-8")
        with pytest.raises(OptionError):
            letters.read_sender(toml)
    toml.write_text("name: 見本", "utf-8")
    with pytest.raises(UnreadableFileError):
        letters.read_sender(toml)
    with pytest.raises(UnreadableFileError):
        letters.read_sender(tmp_path / "missing.toml")


def test_no_repr_of_a_letter_tells_to_whom_it_is() -> None:
    assert repr(write(case(), "acknowledgement")) == "Letter(acknowledgement, to person)"
    assert len(write(case(), "acknowledgement").sha256) == 64
