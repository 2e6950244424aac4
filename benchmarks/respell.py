"""Ways in which one person's record is spelled again, each named, so a benchmark can say which is missed.

A way is a pure function from a record (name, kana, postal, address …) to the changed fields, or None where it
does not apply. Addresses come in as prefecture, municipality, town and a block of numbers (3丁目2-1, 12番地3,
1-2-3), then after a blank the building.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import jaconv
from lists import WIDE, glyphs, kanji_number
from people import PREFECTURES

Record: TypeAlias = Mapping[str, str]
Rewrite: TypeAlias = Callable[[str], str | None]

_BLOCK: Final = re.compile(
    r"^(?P<head>.*?[^0-9A-Za-z-])"
    r"(?P<block>[0-9]+(?:(?:丁目|番地の?|番|号|-|の)[0-9]+)*(?:丁目|番地|番|号)?)"
    r"(?P<rest>(?:[ 　].*|[一-龥ァ-ヶー]{3,}.*)?)$"
)
_PREF: Final = re.compile("^(" + "|".join(PREFECTURES) + ")")
_CITY: Final = re.compile(
    "^(?P<pref>"
    + "|".join(PREFECTURES)
    + r")(?P<city>(?:[^市区町村郡]+郡[^町村]+[町村]|[^市]+市(?:[^区]{1,4}区)?|[^区]{1,4}区))(?P<town>.+)$"
)
_COUNTY: Final = re.compile(r"^((?:" + "|".join(PREFECTURES) + r")?)[^0-9市区町村郡]{1,4}郡(.{1,6}?[町村])")
# Abbreviation → in full, as one sign where there is one; the longer forms first, for they hold the shorter.
_LEGAL: Final = {
    "公社": ("公益社団法人", "(公社)"),
    "公財": ("公益財団法人", "(公財)"),
    "一社": ("一般社団法人", "(一社)"),
    "一財": ("一般財団法人", "(一財)"),
    "株": ("株式会社", "㈱"),
    "有": ("有限会社", "㈲"),
    "財": ("財団法人", "㈶"),
    "社": ("社団法人", "㈳"),
}
_NUMERALS: Final = "〇一二三四五六七八九十百千"
_DASHES: Final = ("ー", "−", "‐", "―", "–", "－", "ｰ", "─", "~", "・")


@dataclass(frozen=True, slots=True)
class Way:
    """One way of spelling.

    Attributes:
        name: How reports call it, e.g. ``address: kanji numerals``.
        rewrite: Record → changed fields; None where the way does not apply.
    """

    name: str
    rewrite: Callable[[Record], dict[str, str] | None]

    def apply(self, record: Record) -> dict[str, str] | None:
        """The whole record spelled this way; None if that changes nothing."""
        changed = self.rewrite(record)
        if changed is None or all(record.get(field) == text for field, text in changed.items()):
            return None
        return {**record, **changed}


def _on(field: str, name: str, rewrite: Rewrite) -> Way:
    def change(record: Record) -> dict[str, str] | None:
        text = rewrite(record[field]) if record.get(field) else None
        return None if text is None else {field: text}

    return Way(f"{field}: {name}", change)


def _numbers(form: Callable[[list[int], bool], str | None]) -> Rewrite:
    """Write the block of numbers anew; `form` gets them and whether the first is known to be the 丁目."""

    def rewrite(address: str) -> str | None:
        found = _BLOCK.match(address)
        if not found:
            return None
        numbers = [int(number) for number in re.findall("[0-9]+", found["block"])]
        if max(numbers) > 9_999 or found["block"].endswith("丁目"):
            return None
        block = form(numbers, "丁目" in found["block"] or len(numbers) == 3)
        # 六番地二三番町弥生館: nobody can tell where the number ends.
        unclear = block and block[-1] in _NUMERALS and found["rest"][:1] in _NUMERALS and found["rest"]
        return None if block is None or unclear else found["head"] + block + found["rest"]

    return rewrite


def _words(numbers: list[int], chome: bool, write: Callable[[int], str] = str) -> str | None:
    """3丁目2番1号, 3丁目2番, 12番地3, 12番地."""
    texts = [write(number) for number in numbers]
    if len(texts) > 3:
        return None
    if chome and len(texts) >= 2:
        return f"{texts[0]}丁目{texts[1]}番" + (f"{texts[2]}号" if len(texts) == 3 else "")
    return "番地".join(texts) if len(texts) == 2 else f"{texts[0]}番地"


def _positional(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "〇一二三四五六七八九"))


def _kanji_chome(numbers: list[int], chome: bool) -> str | None:
    rest = "-".join(map(str, numbers[1:]))
    return f"{kanji_number(numbers[0])}丁目{rest}" if chome and rest else None


def _chome_hyphen(numbers: list[int], chome: bool) -> str | None:
    rest = "-".join(map(str, numbers[1:]))
    return f"{numbers[0]}丁目{rest}" if chome and rest else None


def _banchi_no(numbers: list[int], chome: bool) -> str | None:
    return None if chome or len(numbers) != 2 else f"{numbers[0]}番地の{numbers[1]}"


def _joined(mark: str) -> Callable[[list[int], bool], str | None]:
    def form(numbers: list[int], chome: bool) -> str | None:
        del chome
        return mark.join(map(str, numbers)) if len(numbers) > 1 else None

    return form


def _swap(pairs: Mapping[str, str]) -> Rewrite:
    table = str.maketrans(dict(pairs))
    return lambda text: text.translate(table)


def _pattern(pattern: str, replacement: str) -> Rewrite:
    compiled = re.compile(pattern)
    return lambda text: compiled.sub(replacement, text, count=1) if compiled.search(text) else None


def _spaced(address: str) -> str | None:
    found = _CITY.match(address)
    return f"{found['pref']}　{found['city']} {found['town']}" if found else None


def _oaza(address: str) -> str | None:
    found = _CITY.match(address)
    block = _BLOCK.match(address)
    if not found or not block or re.match("大字|字", found["town"]):
        return None
    # Towns with 丁目 are no 大字.
    if "丁目" in block["block"] or len(re.findall("[0-9]+", block["block"])) > 2:
        return None
    return f"{found['pref']}{found['city']}大字{found['town']}"


def _no_building(address: str) -> str | None:
    found = _BLOCK.match(address)
    return found["head"] + found["block"] if found and found["rest"] else None


def _appended(building: str) -> Rewrite:
    """Only where none stands: a second building would be another place."""

    def rewrite(address: str) -> str | None:
        found = _BLOCK.match(address)
        alone = found and not found["rest"] and not re.search("[A-Za-z]", found["head"])
        return address + building if alone else None

    return rewrite


def _kana(address: str) -> str:
    return jaconv.z2h(address, kana=True, digit=False, ascii=False)


def _selector(text: str) -> str | None:
    """An ideographic variation selector after the first kanji: invisible, but another string."""
    found = re.search("[一-龥]", text)
    return text[: found.end()] + "\U000e0101" + text[found.end() :] if found else None


def _legal(form: str) -> Rewrite:
    """Write the legal form after a pattern with {short}, {full} and {sign}."""

    def rewrite(name: str) -> str | None:
        for short, (full, sign) in _LEGAL.items():
            for written in (f"（{short}）", f"({short})", full, sign):
                if written in name:
                    return name.replace(written, form.format(short=short, full=full, sign=sign)).strip("　 ")
        return None

    return rewrite


def _set(name: str, **fields: str) -> Way:
    """A field blanked or given outright."""
    return Way(name, lambda record: fields if all(record.get(field) for field in fields) else None)


def _kana_for_name(record: Record) -> dict[str, str] | None:
    return {"name": record["kana"], "kana": ""} if record.get("kana") else None


def _chain(name: str, *ways: str) -> Way:
    def change(record: Record) -> dict[str, str] | None:
        current: Record = record
        for way in ways:
            current = BY_NAME[way].apply(current) or current
        return dict(current)

    return Way(name, change)


_ADDRESS: Final = (
    _on("address", "full width", lambda text: text.translate(WIDE)),
    _on("address", "hyphens", _numbers(_joined("-"))),
    _on("address", "丁目番号", _numbers(_words)),
    _on("address", "丁目 and hyphens", _numbers(_chome_hyphen)),
    _on("address", "kanji numerals", _numbers(lambda numbers, chome: _words(numbers, chome, kanji_number))),
    _on("address", "kanji digits", _numbers(lambda numbers, chome: _words(numbers, chome, _positional))),
    _on("address", "kanji 丁目", _numbers(_kanji_chome)),
    _on("address", "番地の", _numbers(_banchi_no)),
    _on("address", "1の2の3", _numbers(_joined("の"))),
    *(_on("address", f"dash U+{ord(mark):04X}", _numbers(_joined(mark))) for mark in _DASHES),
    _on("address", "prefecture omitted", lambda text: _PREF.sub("", text)),
    _on("address", "county omitted", lambda text: _COUNTY.sub(r"\1\2", text)),
    _on("address", "大字 added", _oaza),
    _on("address", "大字 removed", _pattern("大字", "")),
    _on("address", "字 removed", _pattern("(?<!大)字(?=.{2})", "")),
    _on("address", "ケ → ヶ", _swap({"ケ": "ヶ"})),
    _on("address", "ヶ → ケ", _swap({"ヶ": "ケ"})),
    _on("address", "ケ → が", _pattern("(?<=[一-龥])[ケヶ](?=[一-龥])", "が")),
    _on("address", "が → ケ", _pattern("(?<=[一-龥])が(?=[一-龥])", "ケ")),
    _on("address", "の → ノ", _pattern("(?<=[一-龥])の(?=[一-龥])", "ノ")),
    _on("address", "ノ → の", _pattern("(?<=[一-龥])ノ(?=[一-龥])", "の")),
    _on("address", "之 → ノ", _pattern("(?<=[一-龥])之(?=[一-龥])", "ノ")),
    _on("address", "ツ → ッ", _pattern("(?<=[一-龥])ツ(?=[一-龥])", "ッ")),
    _on("address", "variant glyphs", _swap(glyphs())),
    _on("address", "variation selector", _selector),
    _on("address", "blanks", _spaced),
    _on("address", "half-width kana", _kana),
    _on("address", "decomposed kana", lambda text: unicodedata.normalize("NFD", text)),
    _on("address", "building dropped", _no_building),
    _on("address", "building appended", _appended("　見本ビル3階")),
    _on("address", "room appended", _appended(" 見本ハイツ101号室")),
    _on("address", "postal code in front", lambda text: f"〒000-0000 {text}"),
    _on("address", "方 appended", lambda text: f"{text}（見本方）"),
)
_NAME: Final = (
    _on("name", "variant glyphs", _swap(glyphs())),
    _on("name", "rarer glyphs", _swap(glyphs(choice=1))),
    _on("name", "variation selector", _selector),
    _on("name", "no blanks", lambda text: re.sub("[ 　]", "", text)),
    _on("name", "half-width blank", lambda text: text.replace("　", " ")),
    _on("name", "full width", lambda text: jaconv.h2z(text, digit=True, ascii=True)),
    _on("name", "half-width kana", _kana),
    _on("name", "様", lambda text: f"{text}　様"),
    _on("name", "御中", lambda text: f"{text} 御中"),
    _on("name", "(株)", _legal("({short})")),
    _on("name", "㈱", _legal("{sign}")),
    _on("name", "株式会社", _legal("{full}")),
    _on("name", "legal form dropped", _legal("")),
    Way("name: kana only", _kana_for_name),
)
_OTHER: Final = (
    _on("kana", "half width", _kana),
    _on("kana", "hiragana", lambda text: jaconv.kata2hira(text)),
    _on("kana", "no blanks", lambda text: re.sub("[ 　]", "", text)),
    _set("kana: omitted", kana=""),
    _set("postal: omitted", postal=""),
    _on(
        "postal",
        "lost zero",
        lambda text: text.replace("-", "").lstrip("0") if text.startswith("0") else None,
    ),
    _on("postal", "full width", lambda text: f"〒{text[:3]}-{text[-4:]}".translate(WIDE)),
)
_SEVERAL: Final = (
    _chain(
        "several: 1",
        "address: 丁目番号",
        "address: prefecture omitted",
        "name: (株)",
        "name: no blanks",
        "postal: omitted",
    ),
    _chain(
        "several: 2", "address: kanji numerals", "name: variant glyphs", "name: no blanks", "kana: half width"
    ),
    _chain(
        "several: 3",
        "address: full width",
        "address: county omitted",
        "name: ㈱",
        "name: 様",
        "kana: omitted",
    ),
    _chain(
        "several: 4",
        "address: hyphens",
        "address: blanks",
        "address: building appended",
        "name: rarer glyphs",
        "kana: omitted",
    ),
)
UNCHANGED: Final = Way("unchanged", dict)
WAYS: Final = (*_ADDRESS, *_NAME, *_OTHER, *_SEVERAL)
BY_NAME: Final = {way.name: way for way in WAYS}
