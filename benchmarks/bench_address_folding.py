"""The folding audit: which different registered names of one municipality each rule of an address key makes equal.

The names are all towns and 小字 of the packaged gazetteer. A rule is measured by taking it away from the others: what
is equal with it and not without it is what it merges. A merge is no fault where the two names are one place, which
shows in three ways, counted apart: the names differ in 大字, 字, 小字 alone, so that the registry has one place twice;
they are two spellings of a 小字 of one town; Japan Post lists one of them, or both under one postal code. Of the rest,
`kept apart` are those that Japan Post lists under different postal codes, so that they are surely two places: no rule
of the key may have any. What it does not list is mostly 小字 whose town nobody tells.

Below, what is *not* folded although people write it, with the same counts: the reason why.

    pip install .
    python benchmarks/bench_address_folding.py
    python benchmarks/bench_address_folding.py --all        # every merge of the rules in use, not two examples
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from optout import tables
from optout.tables import gazetteer
from optout.text import chars, numerals
from optout.text.address.places import bare

# Private characters: no rule knows them, so a spelling marked with one keeps apart what the rule would merge.
_PRIVATE: Final = 0xF0000
_FIXED: Final = "大字|小字|字"
_KANA: Final = {chr(code): chr(code + 0x60) for code in range(0x3041, 0x3097)}
_SMALL: Final = dict(zip("ァィゥェォャュョヮ", "アイウエオヤユヨワ", strict=True))
# What people also write, and would be folded if it never told two places apart: (name, pattern, replacement).
_TEMPTING: Final = (
    ("町 at the end left out", "(.)町$", "${1}"),
    ("ノ left out", "(.)ノ(.)", "${1}${2}"),
    ("ケ left out", "(.)ケ(.)", "${1}${2}"),
    ("カ = ケ", "[カヵ]", "ケ"),
    ("ハ = 八", "ハ", "8"),
    ("ニ = 二", "ニ", "2"),
    ("ヱ = エ", "ヱ", "エ"),
    ("ヲ = オ", "ヲ", "オ"),
    ("舟 = 船", "舟", "船"),
    ("荻 = 萩", "荻", "萩"),
    ("波 = 浪", "浪", "波"),
    ("畠 = 畑", "畠", "畑"),
    ("杉 = 椙", "椙", "杉"),
    ("箕 = 蓑", "蓑", "箕"),
    ("己 = 巳", "巳", "己"),
    ("治 = 冶", "冶", "治"),
    ("阪 = 坂", "阪", "坂"),
    ("嶺 = 峰", "嶺", "峰"),
    ("荘 = 庄", "荘", "庄"),
    ("洲 = 州", "洲", "州"),
    ("薗 = 園", "薗", "園"),
    ("苑 = 園", "苑", "園"),
    ("菅 = 管", "管", "菅"),
    ("苅 = 刈", "苅", "刈"),
    ("簗 = 梁", "簗", "梁"),
    ("窪 = 久保", "窪", "久保"),
    ("町目 = 丁目", "町目", "丁目"),
)


class Merges(NamedTuple):
    """What a rule does to the registered names.

    Attributes:
        rule: Its name.
        changed: Names it changes.
        groups: `code`, `names` List(String), `kind` of every group of names it makes equal.
    """

    rule: str
    changed: int
    groups: pl.DataFrame

    def count(self, kind: str) -> int:
        """The groups of one kind."""
        return self.groups.filter(kind=kind).height

    def examples(self, several: int) -> str:
        """Some groups, the worst first."""
        worst = self.groups.with_columns(pl.col("kind").replace_strict(_WORST, return_dtype=pl.Int8))
        shown = worst.sort("kind", "code", pl.col("names").list.first())["names"].head(several)
        return "; ".join(" / ".join(names) for names in shown.to_list())


_WORST: Final = {"kept apart": 0, "unlisted": 1, "listed once": 2, "one town": 3, "大字": 4}


def registered() -> pl.DataFrame:
    """`code`, `town`, `koaza` ("" = none), `name` as registered, glyphs folded, and `key`, the name in a key."""
    towns = gazetteer.packaged().towns.select("code", "town", pl.col("koaza").fill_null(""))
    named = towns.unique(maintain_order=True).with_columns(name=pl.col("town") + pl.col("koaza"))
    return named.with_columns(
        chars.fold_glyphs(pl.col("name")).alias("plain"), bare(pl.col("name")).alias("key")
    )


def postal_codes() -> pl.DataFrame:
    """`code`, `listed` (a town without 大字 and 字), `postal` List(String)."""
    listed = gazetteer.packaged().postal.select("code", "postal", listed=_without_aza("town"))
    return listed.group_by("code", "listed").agg("postal")


def _without_aza(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all(_FIXED, "")


def merged(names: pl.DataFrame, one: str, many: str) -> pl.DataFrame:
    """Groups of names of a municipality equal under the key `one` and not under the key `many`."""
    several = pl.col(many).n_unique().over("code", one) > 1
    found = names.filter(several).unique(["code", one, "name"], maintain_order=True)
    groups = found.group_by("code", one, maintain_order=True).agg(
        names=pl.col("name"), kind=_kind(), bare=_without_aza("name").unique()
    )
    return _apart(groups.select("code", "names", "kind", "bare"))


def _kind() -> pl.Expr:
    twice = _without_aza("name").n_unique() == 1
    one_town = (
        (pl.col("koaza") != "").all() & (_without_aza("town").n_unique() == 1) & (pl.col("town") != "").all()
    )
    return (
        pl.when(twice)
        .then(pl.lit("大字"))
        .when(one_town)
        .then(pl.lit("one town"))
        .otherwise(pl.lit("unlisted"))
    )


def _apart(groups: pl.DataFrame) -> pl.DataFrame:
    """With those `kept apart` whose names Japan Post lists under codes of their own, or `listed once`."""
    numbered = groups.with_row_index("group")
    listed = numbered.explode("bare").join(
        postal_codes(), left_on=["code", "bare"], right_on=["code", "listed"], how="inner"
    )
    found = listed.group_by("group").agg(different=pl.col("postal").n_unique())
    told = numbered.join(found, on="group", how="left", maintain_order="left")
    doubtful, different = pl.col("kind") != "大字", pl.col("different")
    kind = (
        pl.when(doubtful & (different > 1))
        .then(pl.lit("kept apart"))
        .when((pl.col("kind") == "unlisted") & (different == 1))
        .then(pl.lit("listed once"))
        .otherwise("kind")
    )
    return told.select("code", "names", kind=kind)


def without(names: pl.DataFrame, column: str, marks: dict[str, str], spare: list[str]) -> pl.DataFrame:
    """The names with `other`, their key if the patterns of `marks` were letters of their own.

    Args:
        names: Of `registered`.
        column: Where the patterns are looked for: `name`, or `plain` for what comes after the glyphs.
        marks: Pattern → a private character.
        spare: Patterns of other rules: where they apply the rule in question never did.
    """
    held = chars.Replacement.of({pattern: pattern for pattern in spare} | marks)
    written = names.with_columns(marked=held(pl.col(column)))
    touched = pl.col("marked") != pl.col(column)
    other = written.filter(touched).with_columns(other=bare(pl.col("marked")))
    same = written.filter(~touched).with_columns(other=pl.col("key"))
    return pl.concat([other, same]).drop("marked")


def measured(rule: str, names: pl.DataFrame, column: str, marks: dict[str, str], spare: list[str]) -> Merges:
    """A rule in use: what is equal only because of it."""
    taken_away = without(names, column, marks, spare)
    changed = taken_away.filter(pl.col("other") != pl.col("key")).height
    return Merges(rule, changed, merged(taken_away, "key", "other"))


def tempted(rule: str, names: pl.DataFrame, pattern: str, replacement: str) -> Merges:
    """A rule not in use: what would be equal with it."""
    replaced = pl.col("key").str.replace_all(pattern, replacement)
    return _added(rule, names.with_columns(other=replaced))


def _added(rule: str, names: pl.DataFrame) -> Merges:
    return Merges(rule, names.filter(pl.col("other") != pl.col("key")).height, merged(names, "other", "key"))


def _private(patterns: list[str]) -> dict[str, str]:
    return {pattern: chr(_PRIVATE + number) for number, pattern in enumerate(sorted(patterns))}


def in_use(names: pl.DataFrame) -> Iterator[Merges]:
    """The rules of the key, each alone: glyphs, numerals, and every row of the table."""
    rows = tables.load("address_fold").select("rule_id", "written", "canonical").rows()
    own = [written for _, written, _ in rows]
    glyphs = [written for written in chars.glyph_map() if len(written) == 1 and written not in own]
    yield measured("kanji_fold.tsv: glyphs and widths", names, "name", _private(glyphs), own)
    yield measured("kanji numerals", names, "plain", _private(list(numerals.MARKED) + list("十百千")), own)
    yield measured("第 and 条 dropped", names, "plain", _private(["第", "条"]), own)
    for rule_id, written, canonical in rows:
        spare = [pattern for pattern in own if pattern != written]
        yield measured(
            f"{rule_id} {written} → {canonical or 'nothing'}", names, "plain", _private([written]), spare
        )


def not_in_use(names: pl.DataFrame) -> Iterator[Merges]:
    """What is left apart, and why."""
    for rule, pattern, replacement in _TEMPTING:
        yield tempted(rule, names, pattern, replacement)
    for rule, letters in (("hiragana = katakana", _KANA), ("small kana = large", _SMALL)):
        kana = chars.Replacement.of(letters)
        yield _added(rule, names.with_columns(other=kana(pl.col("key"))))


def lines(found: Iterator[Merges], several: int) -> Iterator[str]:
    """A table in Markdown."""
    yield (
        "| rule | names changed | groups merged | 大字/字 only | 小字 of one town | listed once | unlisted "
        "| kept apart | examples |"
    )
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
    for rule in found:
        counts = (rule.count(kind) for kind in ("大字", "one town", "listed once", "unlisted", "kept apart"))
        cells = (rule.rule, rule.changed, rule.groups.height, *counts, rule.examples(several))
        yield "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="every merge of a rule, not two examples")
    args = parser.parse_args()
    names = registered()
    several = names.height if args.all else 2
    whole = merged(names, "key", "name")
    print(f"{names.height} registered names of {names['code'].n_unique()} municipalities\n")
    print("\n".join(lines(in_use(names), several)))
    print("\n".join(lines(iter([Merges("**all together**", 0, whole)]), 2)).split("\n")[-1])
    print("\nNot folded:\n")
    print("\n".join(lines(not_in_use(names), 2)))


if __name__ == "__main__":
    main()
