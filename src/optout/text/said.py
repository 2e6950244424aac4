"""Can a name be said like what is to be its reading? Name by name: there are few to ask, and each takes its own way.

A name is said part by part, surname first, every listed reading behind every beginning that fits so far: as the table
lists the whole part, else kanji by kanji, and what the table cannot read as a dictionary reads it aloud.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from optout.text.chars import Replacement

# Surname and given name, as a name may be cut; either may be missing (blank).
Way: TypeAlias = tuple[str, str]
# One reading of a part: K1; the same folded; that without ン at its end, which may yet become ナ行 before a vowel; and
# without its first sound, which may be lost in a long vowel before it (サノ + オウタ); and whether it may change the
# end of what it is said behind, or its own beginning there. Plain tuples: the collector does not walk them.
Sound: TypeAlias = tuple[str, str, str, str, bool]
Sounds: TypeAlias = Sequence[Sound]

_LONGEST_SURNAME: Final = 5
_ONE_NAME: Final = 3  # so short, it may be a surname alone or a given name alone
_LONGEST_PART: Final = 6
VOWELS: Final = "アイウエオー"


class Asked(NamedTuple):
    """A name, and what is to be its reading; see `text.reading.agree`."""

    full: str
    family: str | None
    given: str | None
    key: str
    romaji: str | None
    romaji_family: str | None
    romaji_given: str | None
    latin: bool
    firm: bool

    def cuts(self) -> list[Way]:
        """The name where it is cut, or everywhere it may be."""
        if self.family is not None and self.given is not None:
            return [(self.family, self.given)]
        full = self.full
        short = len(full) <= _ONE_NAME
        places = range(min(len(full), _LONGEST_SURNAME) + 1)
        return [(full[:at], full[at:]) for at in places if short or 0 < at < len(full)]

    def sought(self) -> set[str]:
        """What is to be said, surname first; romaji may have been written the other way round."""
        if not self.latin:
            return {self.key}
        turned = [part for part in (self.romaji_given, self.romaji_family) if part is not None]
        whole = [] if self.romaji is None else [self.romaji]
        return {*whole, "".join(turned)} if len(turned) == 2 else {*whole}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Listed:
    """What the table has on surnames, or on given names.

    Attributes:
        whole: Readings of those in question, as a whole.
        parts: Readings of single kanji, and of kana, which read themselves.
    """

    whole: Mapping[str, Sounds]
    parts: Mapping[str, Sounds]

    def unreadable(self, part: str) -> bool:
        """It is not listed and holds a kanji that is not."""
        return part not in self.whole and not all(letter in self.parts for letter in part)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Ear:
    """Hears whether names are said so.

    Attributes:
        passes: What makes one key of readings written one behind the other.
        families, givens: The table.
        usual: Of given names in question, the usual readings.
        abroad: Readings of Chinese and Korean surnames.
        aloud: As a dictionary reads what the table cannot.
        begun, settled: What was found out already; forgotten with this ear.
    """

    passes: Sequence[Replacement]
    families: Listed
    givens: Listed
    usual: Mapping[str, Sounds]
    abroad: Mapping[str, Sounds]
    aloud: Mapping[str, Sounds]
    begun: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    settled: dict[str, bool] = field(default_factory=dict)

    def hears(self, ways: Sequence[Way], targets: set[str]) -> bool:
        """One of the ways can be said so: listed names first, then part by part."""
        tries = [(*way, target, self._begun(way[0], target)) for way in ways for target in targets]
        for _, given, target, begun in tries:
            if begun and target in self._listed(given, self.givens, target, begun):
                return True
        for family, given, target, begun in tries:
            if family not in self.families.whole:
                begun = self._spelt(family, self.families, target, {""})
            if begun and target in self._spelt(given, self.givens, target, begun):
                return True
        return False

    def hears_aloud(self, ways: Iterable[Way], targets: set[str]) -> bool:
        """The same with what is read aloud."""
        say = self._said_aloud
        return any(
            target in say(given, self.givens, target, say(family, self.families, target, {""}))
            for family, given in ways
            for target in targets
        )

    def hears_word(self, word: str, targets: set[str]) -> bool:
        """A firm's name can be read aloud so, as one word."""
        return any(folded in targets for _, folded, *_ in self.aloud.get(word, ()))

    def dark(self, ways: Iterable[Way]) -> bool:
        """In none of the ways the table can read both parts."""
        return all(
            self.families.unreadable(family) or self.givens.unreadable(given) for family, given in ways
        )

    def unread(self, ways: Iterable[Way], targets: set[str]) -> Iterator[str]:
        """What is to be read aloud: surnames that the table cannot read; given names once their surname is said so."""
        for family, given in ways:
            if family not in self.aloud and self.families.unreadable(family):
                yield family
            elif (
                given not in self.aloud
                and self.givens.unreadable(given)
                and any(self._said_aloud(family, self.families, target, {""}) for target in targets)
            ):
                yield given

    def foreign(self, ways: Iterable[Way], targets: set[str]) -> bool:
        """The surname is read as a Chinese or Korean one and the given name not as in Japan.

        Whoever is 李 明 may be リ アキラ, リ メイ, リー ミン or イ ミョン: one reading says too little.
        """
        held = [
            (family, given, target)
            for family, given in ways
            if given and family in self.abroad
            for target in targets
            if any(target.startswith(folded) for _, folded, *_ in self.abroad[family])
        ]
        return bool(held) and not any(
            target in self._extended(self._begun(family, target), target, self.usual.get(given, ()))
            for family, given, target in held
        )

    def unlike(self, ways: Iterable[Way], targets: set[str]) -> bool:
        """Neither part can be said so, though both can be read."""
        parted = [(family, given) for family, given in ways if family and given]
        sure = {family for family, _ in parted if family in self.families.whole}
        if not sure or any(self.givens.unreadable(given) for _, given in parted):
            return False
        return not any(
            any(self._begun(family, target) for family in sure)
            or any(self._ends(given, target) for _, given in parted)
            for target in targets
        )

    def _folded(self, text: str) -> str:
        for replacement in self.passes:
            text = replacement.on_text(text)
        return text

    def _settled(self, said: str) -> bool:
        """To fold it again changes nothing."""
        known = self.settled.get(said)
        if known is None:
            known = self.settled[said] = self._folded(said) == said
        return known

    def _extended(self, said: Collection[str], target: str, sounds: Sounds) -> set[str]:
        """Every reading said behind what is said so far, as far as the target begins so."""
        found: set[str] = set()
        for begun in said if sounds else ():
            if not begun:
                found.update(folded for _, folded, stem, _, _ in sounds if target.startswith(stem))
                continue
            settled = self._settled(begun)
            for reading, folded, _, _, joins in sounds:
                more = begun + folded if settled and not joins else self._folded(begun + reading)
                if target.startswith(more.removesuffix("ン")):
                    found.add(more)
        return found

    def _begun(self, family: str, target: str) -> set[str]:
        """The listed readings of a surname that the target begins with."""
        known = self.begun.get((family, target))
        if known is None:
            known = self._listed(family, self.families, target, {""})
            self.begun[family, target] = known
        return known

    def _listed(self, part: str, listed: Listed, target: str, said: set[str]) -> set[str]:
        """With a reading that the table lists for the whole part; a missing part is said already."""
        return self._extended(said, target, listed.whole.get(part, ())) if part else said

    def _spelt(self, part: str, listed: Listed, target: str, said: set[str]) -> set[str]:
        """Also kanji by kanji; a surname only if none is listed, for of those hardly any reading is missing."""
        whole = self._listed(part, listed, target, said)
        if not 0 < len(part) <= _LONGEST_PART or (listed is self.families and part in listed.whole):
            return whole
        for letter in part:
            said = self._extended(said, target, listed.parts.get(letter, ()))
        return whole | said

    def _said_aloud(self, part: str, listed: Listed, target: str, said: set[str]) -> set[str]:
        """Also as a dictionary reads a part that the table cannot read."""
        heard = self._extended(said, target, self.aloud.get(part, ())) if listed.unreadable(part) else set()
        return self._spelt(part, listed, target, said) | heard

    def _ends(self, given: str, target: str) -> bool:
        """The target ends with a reading of the given name, listed or kanji by kanji from the last."""
        if any(target.endswith(tail) for _, _, _, tail, _ in self.givens.whole.get(given, ())):
            return True
        if len(given) > _LONGEST_PART:
            return False
        said = {""}
        for letter in reversed(given):
            sounds = self.givens.parts.get(letter, ())
            said = self._preceded(said, target, sounds)
        return bool(said)

    def _preceded(self, said: set[str], target: str, sounds: Sounds) -> set[str]:
        """Every reading said before what is said so far, as far as the target ends so."""
        if said == {""}:
            return {folded for _, folded, _, tail, _ in sounds if target.endswith(tail)}
        more = {self._folded(reading + begun) for begun in said for reading, *_ in sounds}
        return {text for text in more if target.endswith(text[1:] if text[:1] in VOWELS else text)}
