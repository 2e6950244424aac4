"""E-mail addresses: a cell → the addresses written in it, and the keys that stand for one person's mailbox.

Source: RFC 5321/5322 (what an address may hold), loosened to the dots docomo and au gave out before 2009;
RFC 5891 (U-label → A-label); the providers' own rules (tables/email_provider.tsv, email_alias.tsv). Both
parts are compared in lower case: RFC 5321 2.4 lets a host tell cases apart, no provider does.

Three paths. A cell that is one plain ASCII address whose key is itself is done after one lower-casing and two
tests; a plain address of a special provider or mailbox is judged at once; every other cell is folded, mended
(tables/email_repair.tsv) and cut first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import chars
from optout.text.repairs import Repairs, joined

_LIST: Final = pl.List(pl.String)
_PLAIN: Final = r"^[a-z0-9_][a-z0-9._+-]*@(?:[a-z0-9-]+\.)+[a-z]{2,}$"
# A cell may part addresses by "/" and put "=" or a quote before one: none of them starts a mailbox name here.
_ADDRESS: Final = r"[a-z0-9!#$%+?^_~.-][a-z0-9!#$%&'*+/=?^_`{|}~.-]*@(?:[\p{L}\p{N}-]+\.)+[a-z][a-z0-9-]*"

# Two words and a domain, nothing else: one mailbox name with a blank in it, or a name before the mailbox.
_SPACED: Final = r"^([a-z0-9._-]+) +([a-z0-9._-]+) *@ *((?:[a-z0-9-]+\.)+[a-z]{2,})$"
_ENUMERATORS: Final = "①②③④⑤⑥⑦⑧⑨⑩⑴⑵⑶⑷⑸⑹⑺⑻⑼⒈⒉⒊⒋⒌⒍⒎⒏⒐"


def parse(written: pl.Series) -> pl.DataFrame:
    """Every e-mail address written in each cell.

    Args:
        written: String; any width, display names, several addresses in a cell; nulls allowed.

    Returns:
        A frame of the same height and order. `addresses` List[String]: lower case, A-label domain, in the
        order written. `keys` List[String]: those that may identify a person, provider spellings folded
        (Gmail's dots and +tags). `aliases` List[String]: other names the same mailbox may have, and the other
        reading of a blank inside it (yamada taro@…), for review only. `reason` String: why an address is no
        key or none was read (role, placeholder, impossible); null when all is well and for a blank cell.
        Elementwise; a parsed address parses to itself.

    Examples:
        >>> parse(pl.Series(["山田 <Ta.Ro+x@Gmail.com>", "info@example.jp"])).select("keys", "reason").rows()
        [(['taro@gmail.com'], None), ([], 'role')]
    """
    cells = _quick(pl.DataFrame({"written": written.cast(pl.String)}).with_row_index("i"))
    read = pl.concat([_nothing(), *(some for _, some in _hard(cells))])
    special = int(cells["special"].sum())
    cells = cells.with_columns_seq(
        single=cells["text"].reshape((-1, 1)).arr.to_list(),
        at=pl.when("special")
        .then(pl.col("special").cum_sum().cast(pl.UInt32) - 1)
        .when("messy")
        .then(pl.col("messy").cum_sum().cast(pl.UInt32) + (special - 1)),
    )
    cells = cells.with_columns(read[name].gather(cells["at"]).alias(name) for name in read.columns)
    hard, empty = pl.col("special") | pl.col("messy"), pl.lit([], dtype=_LIST)
    return cells.select_seq(
        *(
            pl.when("plain").then("single").when(hard).then(name).otherwise(empty).alias(name)
            for name in ("addresses", "keys")
        ),
        aliases=pl.when(hard).then("aliases").otherwise(empty),
        reason="reason",
    )


def keys(written: pl.Series) -> pl.DataFrame:
    """Only the keys and aliases, one line each: `parse` without lists, for every row of a batch.

    Args:
        written: As for `parse`.

    Returns:
        `i` UInt32 (position of the cell), `value` String, `alias` Boolean; cells without a key or alias have no line.
    """
    cells = _quick(pl.DataFrame({"written": written.cast(pl.String)}).with_row_index("i").drop_nulls())
    found = [cells.filter("plain").select("i", value="text", alias=pl.lit(value=False))]
    for lines, read in _hard(cells):
        for column, alias in (("keys", False), ("aliases", True)):
            some = pl.DataFrame({"i": lines, "value": read[column]}).filter(pl.col("value").list.len() > 0)
            found.append(some.explode("value").with_columns(alias=pl.lit(value=alias)))
    return pl.concat(found)


def _quick(cells: pl.DataFrame) -> pl.DataFrame:
    """`i`, `text`, and what it is: `plain` (one address, its own key), `special` (one address) or `messy`."""
    cells = cells.select_seq("i", text=pl.col("written").str.strip_chars().str.to_lowercase().fill_null(""))
    # In sequence: a long pattern costs several times as much on the engine's threads, each building its own automaton.
    cells = cells.with_columns_seq(
        address=pl.col("text").str.contains(_PLAIN), marked=pl.col("text").str.contains(_special())
    )
    return cells.select_seq(
        "i",
        "text",
        plain=pl.col("address") & ~pl.col("marked"),
        special=pl.col("address") & pl.col("marked"),
        messy=~pl.col("address") & (pl.col("text") != ""),
    )


def _hard(cells: pl.DataFrame) -> Iterator[tuple[pl.Series, pl.DataFrame]]:
    """The special cells, then the messy ones: `i`, and what was read of them."""
    for kind, read in (("special", _read_single), ("messy", _read_cells)):
        if cells[kind].any():
            some = cells.filter(kind)
            yield some["i"], read(some["text"])


def _nothing() -> pl.DataFrame:
    """What is read of no cells."""
    return pl.DataFrame(schema={"addresses": _LIST, "keys": _LIST, "aliases": _LIST, "reason": pl.String})


def _read_single(text: pl.Series) -> pl.DataFrame:
    """Judge cells that are one plain address each."""
    found = pl.DataFrame({"address": text}).with_row_index("cell")
    found = _with_aliases(_judged(_parted(found)))
    empty = pl.lit([], dtype=_LIST)
    return found.select(
        addresses=pl.concat_list("address"),
        keys=pl.when(pl.col("why").is_null()).then(pl.concat_list("key")).otherwise(empty),
        aliases=pl.col("alias").fill_null(empty),
        reason="why",
    )


def _read_cells(text: pl.Series) -> pl.DataFrame:
    """The staged path: fold, mend, cut, judge each address, gather what each cell held."""
    cells = pl.DataFrame({"text": text}).with_row_index("cell")
    cells = cells.with_columns_seq(_fold()(pl.col("text")).str.to_lowercase())
    spaced = cells.filter(pl.col("text").str.contains(_SPACED))
    cells = cells.with_columns_seq(_repairs()(cells["text"]))
    found = cells.select("cell", address=pl.col("text").str.extract_all(_ADDRESS)).explode("address")
    gathered = _gathered(_with_aliases(_judged(_parted(found.drop_nulls()))))
    gathered = _with_other_reading(gathered, spaced) if spaced.height else gathered
    return _with_reason(cells.join(gathered, on="cell", how="left", maintain_order="left"))


def _with_other_reading(gathered: pl.DataFrame, spaced: pl.DataFrame) -> pl.DataFrame:
    """The reading of a blank that was not chosen is an alias: with the blank closed, or without the first word."""
    first, second, domain = (pl.col("text").str.extract(_SPACED, group) for group in (1, 2, 3))
    found = spaced.select("cell", local=pl.concat_list(first + second, second), domain=domain)
    found = found.explode("local").with_columns(address=pl.col("local") + "@" + pl.col("domain"))
    found = _judged(found).filter(pl.col("why").is_null()).join(gathered, on="cell", maintain_order="left")
    found = found.filter(~pl.col("key").is_in(pl.col("keys")))
    others = found.group_by("cell", maintain_order=True).agg(other="key")
    with_others = gathered.join(others, on="cell", how="left", maintain_order="left")
    both = pl.col("aliases").list.concat(pl.col("other").fill_null(pl.lit([], dtype=_LIST)))
    return with_others.with_columns(aliases=both.list.unique(maintain_order=True)).drop("other")


def _with_reason(read: pl.DataFrame) -> pl.DataFrame:
    """The columns of `parse`; a cell in which no address was found says whether one was meant."""
    nothing = (
        pl.when(pl.col("text").str.contains("@", literal=True))
        .then(pl.lit("impossible"))
        .when(pl.col("text") != "")
        .then(pl.lit("placeholder"))
    )
    return read.select(
        pl.col("addresses", "keys", "aliases").fill_null(pl.lit([], dtype=_LIST)),
        reason=pl.when(pl.col("addresses").is_null()).then(nothing).otherwise("reason"),
    )


def _parted(found: pl.DataFrame) -> pl.DataFrame:
    """`cell`, `local`, `domain` (A-labels), `address`; a domain that has no A-label form is dropped."""
    found = found.select(
        "cell",
        local=pl.col("address").str.extract("^([^@]*)@"),
        domain=pl.col("address").str.extract("@(.*)$"),
    )
    foreign = found["domain"].unique().drop_nulls()
    foreign = foreign.filter(foreign.str.contains(r"[^a-z0-9.-]"))
    ascii_form = {domain: _a_label(domain) for domain in foreign}
    found = found.with_columns(pl.col("domain").replace(ascii_form)) if ascii_form else found
    found = found.filter(pl.col("domain").is_not_null())
    return found.with_columns(address=pl.col("local") + "@" + pl.col("domain"))


def _a_label(domain: str) -> str | None:
    """The ASCII form of one domain; null when it has none. Called once a distinct non-ASCII domain."""
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def _judged(found: pl.DataFrame) -> pl.DataFrame:
    """Add `why` (role, placeholder or null) and `key`, the provider's spellings folded."""
    found = found.join(_providers(), on="domain", how="left", maintain_order="left")
    untagged = pl.col("local").str.replace(r"^([^+]+)\+.*$", "${1}")
    dotless = untagged.str.replace_all(".", "", literal=True)
    folded = pl.when(pl.col("ignores_dots") == "yes").then(dotless).otherwise(untagged)
    mailbox = pl.when(pl.col("canonical").is_not_null() & (folded != "")).then(folded).otherwise("local")
    return found.with_columns_seq(
        key=mailbox + "@" + pl.coalesce("canonical", "domain"),
        why=pl.when(pl.col("address").str.contains(_placeholder()))
        .then(pl.lit("placeholder"))
        .when(pl.col("address").str.contains(_role()))
        .then(pl.lit("role")),
    )


def _with_aliases(found: pl.DataFrame) -> pl.DataFrame:
    """Add `alias` List[String]: the key under the provider's other domains (tables/email_alias.tsv)."""
    if not found["domain"].is_in(_others()["domain"].implode()).any():
        return found.with_columns_seq(alias=pl.lit(None, dtype=_LIST))
    found = found.with_row_index("at").join(_others(), on="domain", how="left", maintain_order="left")
    mailbox = pl.col("key").str.extract("^([^@]*)@")
    named = (
        found.filter(pl.col("why").is_null())
        .select("at", "others", mailbox=mailbox)
        .explode("others")
        .drop_nulls()
        .select("at", alias=pl.col("mailbox") + "@" + pl.col("others"))
        .group_by("at", maintain_order=True)
        .agg("alias")
    )
    return found.join(named, on="at", how="left", maintain_order="left")


def _gathered(found: pl.DataFrame) -> pl.DataFrame:
    """One line a cell that held an address."""
    personal = pl.col("why").is_null()
    gathered = found.group_by("cell", maintain_order=True).agg(
        addresses=pl.col("address").unique(maintain_order=True),
        keys=pl.col("key").filter(personal).unique(maintain_order=True),
        aliases=pl.col("alias").filter(pl.col("alias").is_not_null()).explode().drop_nulls(),
        reason=pl.col("why").drop_nulls().first(),
    )
    return gathered.with_columns(pl.col("aliases").list.unique(maintain_order=True))


@cache
def _special() -> str:
    """The plain addresses whose key is not the address itself, or that have aliases."""
    dotless, tagged = [], []
    for domain, canonical, ignores_dots in _provider_rows():
        if canonical != domain:
            dotless.append(f"@{re.escape(domain)}$")
        else:
            tagged.append(rf"[{'.+' if ignores_dots else '+'}][^@]*@{re.escape(domain)}$")
    aliased = [f"@{re.escape(domain)}$" for domain in tables.load("email_alias")["domain"].unique()]
    return "|".join([_role(), _placeholder(), *dotless, *tagged, *sorted(aliased)])


@cache
def _providers() -> pl.DataFrame:
    return tables.load("email_provider").select("domain", "canonical", "ignores_dots")


@cache
def _others() -> pl.DataFrame:
    """Domain → the provider's other domains."""
    return tables.load("email_alias").group_by("domain", maintain_order=True).agg(others="alias")


@cache
def _repairs() -> Repairs:
    rows = tables.load("email_repair")
    return Repairs(rows["pattern"].to_list(), rows["canonical"].fill_null("").to_list())


def _provider_rows() -> list[tuple[str, str, bool]]:
    rows = _providers().rows()
    return [(domain, canonical, ignores_dots == "yes") for domain, canonical, ignores_dots in rows]


@cache
def _role() -> str:
    """Mailboxes of an office, not a person; offices number them (info2@, sales-3@)."""
    rows = tables.load("email_role").select("local", "match").rows()
    ends = {"whole": "[-_.]?[0-9]*@", "start": ""}
    return "|".join(f"^{re.escape(local)}{ends[match]}" for local, match in rows)


@cache
def _placeholder() -> str:
    return joined(tables.load("email_placeholder")["pattern"].to_list())


@cache
def _fold() -> chars.Replacement:
    """Width, hyphens that are always hyphens, the Japanese full stop (IDNA's too, RFC 3490 3.1).

    A soft hyphen comes with text copied from pages, where nobody sees it; the number of an item is no letter.
    """
    dashes = dict.fromkeys(chars.dashes(), "-") | {"\u00ad": ""} | dict.fromkeys(_ENUMERATORS, " ")
    return chars.Replacement.of({**chars.width_map(), **dashes, "。": ".", "｡": ".", "～": "~"})
