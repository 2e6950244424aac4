"""The words of the five reports: headings, columns, facts and values, Japanese with English beside."""

from __future__ import annotations

from functools import cache
from typing import Final

from optout import tables
from optout.report.words import words

Both = tuple[str, str]  # Japanese, English

TITLES: Final[dict[str, Both]] = {
    "effect": ("三重チェックの効果報告", "What the three checks removed"),
    "requests": ("本人からの求めへの対応報告", "How requests were answered"),
    "provisions": ("第三者提供の月次報告", "Monthly report of provisions"),
    "filing": ("オプトアウト届出事項の新旧対照表", "PPC filing, old and new"),
    "breach": ("漏えい等事案の範囲報告", "Scope of an incident"),
}
SOURCES: Final[dict[str, str]] = {
    "effect": "チェック1 削除（求めの到着時）、2 取得時、3 提供前に名簿から除いた行の数です。",
    "requests": "期間内に届いた求めへの対応と日数です（個人情報保護法27条2項・32条～36条・40条）。",
    "provisions": "期間内に提供した名簿です（個人情報保護法29条）。提供先が個人のときは番号で示します。",
    "filing": "個人情報保護法27条2項・3項、同法施行規則11条の届出事項です。",
    "breach": "個人情報保護法26条、同法施行規則7条・8条による報告の要否と期限です。知った日を1日目と数えます。",
}
# (report, table) → its heading.
TABLES: Final[dict[tuple[str, str], Both]] = {
    ("effect", "by_check"): ("チェック別", "By check"),
    ("effect", "by_month"): ("月別", "By month"),
    ("effect", "by_list"): ("名簿別", "By list"),
    ("effect", "by_supplier"): ("取得元別", "By supplier"),
    ("requests", "by_outcome"): ("対応の結果", "Outcome"),
    ("requests", "days"): ("回答までの日数", "Days to the answer"),
    ("requests", "by_kind"): ("求めの種類別", "By kind"),
    ("requests", "by_channel"): ("受付方法別", "By channel"),
    ("requests", "by_client"): ("取引先別", "By client"),
    ("requests", "overdue"): ("期限を過ぎた受付", "Overdue"),
    ("provisions", "by_recipient"): ("提供先別", "By recipient"),
    ("provisions", "by_basis"): ("提供の根拠別", "By basis"),
    ("provisions", "by_day"): ("提供日別", "By day"),
    ("provisions", "deliveries"): ("提供の一覧", "Every provision"),
    ("filing", "items"): ("届出の9項目", "The nine items"),
    ("breach", "dates"): ("報告の期限", "When what is due"),
    ("breach", "reasons"): ("報告対象の要件", "What makes it reportable"),
    ("breach", "lists"): ("名簿ごとの人数", "People by list"),
    ("breach", "items"): ("項目", "Items"),
    ("breach", "first_report"): ("速報の記載事項", "Points of the first report"),
}
COLUMNS: Final[dict[str, Both]] = {
    "check": ("チェック", "check"),
    "runs": ("回数", "runs"),
    "lists": ("名簿", "lists"),
    "rows": ("行", "rows"),
    "removed": ("除外", "removed"),
    "removed_1": ("1 削除", "removal"),
    "removed_2": ("2 取得時", "intake"),
    "removed_3": ("3 提供前", "delivery"),
    "review": ("要確認", "review"),
    "share": ("割合%", "share %"),
    "month": ("月", "month"),
    "list": ("名簿", "list"),
    "supplier": ("取得元", "supplier"),
    "outcome": ("結果", "outcome"),
    "cases": ("受付", "cases"),
    "from_day": ("日数 から", "from"),
    "to_day": ("まで", "to"),
    "kind": ("種類", "kind"),
    "channel": ("方法", "channel"),
    "client": ("取引先", "client"),
    "received": ("受付", "received"),
    "complied": ("応諾", "complied"),
    "partly": ("一部", "partly"),
    "refused": ("拒否", "refused"),
    "withdrawn": ("取下げ", "withdrawn"),
    "closed": ("未確認", "unverified"),
    "open": ("対応中", "open"),
    "mean_days": ("平均日数", "mean days"),
    "median_days": ("中央値", "median"),
    "id": ("番号", "id"),
    "due": ("期限", "due"),
    "days_late": ("超過日数", "days late"),
    "on": ("日付", "date"),
    "recipient": ("提供先", "recipient"),
    "corporate_number": ("法人番号", "corporate no."),
    "verified": ("実在確認", "verified"),
    "purpose": ("利用目的", "purpose"),
    "purposes": ("利用目的", "purposes"),
    "basis": ("根拠", "basis"),
    "method": ("手段", "use"),
    "items": ("項目", "items"),
    "certificate": ("証明書", "certificate"),
    "deliveries": ("提供", "provisions"),
    "first": ("最初", "first"),
    "last": ("最後", "last"),
    "number": ("号", "no."),
    "item": ("事項", "item"),
    "old": ("旧", "old"),
    "new": ("新", "new"),
    "change": ("変更", "change"),
    "taken_away": ("削除", "taken away"),
    "put_in": ("追加", "put in"),
    "when": ("届出の時期", "when to file"),
    "what": ("内容", "what"),
    "day_number": ("日目", "day"),
    "passed": ("経過", "passed"),
    "reason": ("要件", "test"),
    "answer": ("該当", "answer"),
    "people": ("人", "people"),
    "point": ("報告事項", "point"),
    "told": ("内容", "what is known"),
    "sensitive": ("要配慮", "special care"),
    "property": ("財産被害", "property"),
}
FACTS: Final[dict[str, Both]] = {
    "removed": ("除外した行", "rows removed"),
    "removed_1": ("1 削除", "removal"),
    "removed_2": ("2 取得時", "intake"),
    "removed_3": ("3 提供前", "delivery"),
    "review": ("要確認の行", "rows to review"),
    "lists": ("名簿", "lists"),
    "suppliers": ("取得元", "suppliers"),
    "received": ("受付", "received"),
    "complied": ("応諾", "complied"),
    "partly": ("一部応諾", "partly"),
    "refused": ("拒否", "refused"),
    "withdrawn": ("取下げ", "withdrawn"),
    "closed": ("本人未確認で終了", "closed unverified"),
    "open": ("対応中", "open"),
    "mean_days": ("平均日数", "mean days"),
    "median_days": ("日数の中央値", "median days"),
    "overdue": ("期限超過", "overdue"),
    "as_of": ("基準日", "as of"),
    "deliveries": ("提供", "provisions"),
    "rows": ("行", "rows"),
    "recipients": ("提供先", "recipients"),
    "not_verified": ("実在確認の記録なし", "recipient not verified"),
    "no_certificate": ("証明書なし", "without certificate"),
    "changed": ("変わる事項", "items changed"),
    "beforehand": ("事前に届出", "to file beforehand"),
    "without_delay": ("遅滞なく届出", "to file without delay"),
    "missing": ("未記入", "not told"),
    "first_filing": ("初めての届出", "first filing"),
    "people": ("本人の数", "people"),
    "over_1000": ("1,000人超", "over 1,000"),
    "encrypted": ("高度な暗号化", "encrypted"),
    "reportable": ("報告対象", "reportable"),
    "known": ("知った日", "day of knowing"),
    "tell_persons": ("本人への通知", "tell the persons"),
}
REMARKS: Final[dict[str, str]] = {
    "supplier_unknown": "取得元の記録がない名簿 lists without a supplier on record: {}",
    "no_case": "受付のない停止登録（停止は有効） requests in force without a case, not counted here: {}",
    "unknown": "不明の要件は該当として扱います tests nobody can answer yet count as yes: {}",
    "withdrawn": "取り消した提供（この表には含みません） provisions taken back, not counted here: {}",
}
_YES: Final[dict[str, str]] = {"true": "はい yes", "false": "いいえ no"}
_CHECKS: Final = {"1": "1 削除 removal", "2": "2 取得時 intake", "3": "3 提供前 delivery"}
_OUTCOMES: Final = {
    **{name: f"{FACTS[name][0]} {FACTS[name][1]}" for name in ("complied", "partly", "refused", "withdrawn")},
    **{name: f"{FACTS[name][0]} {FACTS[name][1]}" for name in ("closed", "open")},
}
_CHANGES: Final = {
    "same": "変更なし same",
    "changed": "変更 changed",
    "added": "追加 added",
    "removed": "削除 removed",
}
_WHEN: Final = {
    "beforehand": "事前 beforehand",
    "without_delay": "遅滞なく without delay",
}
_DUE: Final = {
    "known": "知った日 day of knowing",
    "first": "速報 first report",
    "final": "確報 final report",
    "persons": "本人への通知: 速やかに tell the persons without delay",
}
_TESTS: Final = {
    "sensitive": "要配慮個人情報 special care (1号)",
    "property": "財産的被害のおそれ risk to property (2号)",
    "malicious": "不正の目的 malicious (3号)",
    "over_1000": "1,000人を超える more than 1,000 people (4号)",
}
_ANSWERS: Final = {"yes": "該当 yes", "no": "非該当 no", "unknown": "不明 unknown"}
_PERSON: Final = {"individual": "（個人） individual"}
_BASES: Final = {
    "optout": "オプトアウト opt-out",
    "consent": "本人の同意 consent",
    "individual": "個人 individual",
    "public": "公開情報 public",
    "direct": "直接取得 direct",
}
_VALUES: Final[dict[str, dict[str, str]]] = {
    "check": _CHECKS,
    "outcome": _OUTCOMES,
    "change": _CHANGES,
    "when": _WHEN,
    "what": _DUE,
    "reason": _TESTS,
    "answer": _ANSWERS,
    "encrypted": {"yes": "はい yes", "no": "いいえ no", "unknown": "不明 unknown"},
    "basis": _BASES,
    "supplier": {**_PERSON, "direct": "自社で取得 our own", "public": "公開情報 public source"},
    "recipient": _PERSON,
}
# Column → the table of rules that names its values, and the column of their codes there.
_NAMED_BY: Final = {
    "kind": ("case_kind", "kind"),
    "channel": ("case_channel", "channel"),
    "item": ("filing_item", "field"),
    "point": ("breach_item", "item"),
}
# What stands for a value that is not there.
_NOTHING: Final = {
    "supplier": "（不明） unknown",
    "client": "（本人から直接） directly",
    "recipient": "（不明） unknown",
    "verified": "記録なし none",
    "certificate": "なし none",
    "to_day": "以上",
}


def value(column: str, given: object) -> str | int | float:
    """How a value of a column is shown; a number as it is.

    Examples:
        >>> value("outcome", "complied"), value("removed", 12), value("supplier", None)
        ('応諾 complied', 12, '（不明） unknown')
    """
    if given is None:
        return _NOTHING.get(column, "")
    if isinstance(given, bool):
        return _YES[str(given).lower()]
    if isinstance(given, list):
        return "、".join(str(each) for each in given)
    known = _VALUES.get(column, {}).get(str(given))
    if known is not None:
        return known
    return given if isinstance(given, int | float) else _worded(column, str(given))


def _worded(column: str, text: str) -> str:
    """Words of tables of rules, then those of the product, then the text itself."""
    if column in _NAMED_BY:
        return _named(column).get(text, text)
    return words("channel" if column == "method" else column, text)


@cache
def _named(column: str) -> dict[str, str]:
    name, code = _NAMED_BY[column]
    table = tables.load(name)
    return dict(zip(table[code], table["japanese"], strict=True))
