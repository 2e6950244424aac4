"""Many requests at once: a list of requests, or the rows of a frame → entries, without a Python step per row.

The columns that tell who is meant are recognised as for any list (`batch`); how far the request goes is read
from the columns of `SCOPE`. A channel cell that cannot be read means every channel, a kind that cannot be read means
opt_out: the broader stop is safe. A cell that names two kinds (故人・法的保全) makes entries of both.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeAlias

import polars as pl

from optout.errors import OptionError
from optout.schema import CHANNELS, ENTRY_SCHEMA, KIND, RAW_FIELDS, SELF, DType, numbered
from optout.store import entry
from optout.store.commit import Piece
from optout.store.kind import OPT_OUT, covered, read_kinds
from optout.store.request import Request, read_channels
from optout.store.view import parquet

Columns: TypeAlias = Mapping[str, str | Sequence[str]]
Buffer: TypeAlias = "bytes | memoryview"

BLOCK: Final = 65_536  # entries a block
_LANES: Final = 2
_AHEAD: Final = 8  # columns of a block laid out before they are hashed: bounded memory
# Headers of a request list that say how far a request goes, as offices write them; the first found is read.
SCOPE: Final = {
    "channels": (
        *("channels", "channel", "停止チャネル", "停止範囲", "停止手段", "停止媒体"),
        *("対象チャネル", "対象媒体"),
    ),
    "household": ("household", "世帯", "対象", "停止対象", "対象範囲"),
    "tenant": ("tenant", "テナント"),
    "received": (
        "received",
        "受付日",
        "依頼日",
        "受付年月日",
        "依頼年月日",
        "停止依頼日",
        "申出日",
        "受領日",
        "受信日",
    ),
    "source": ("source", "受付方法", "依頼元", "経路", "受付経路", "依頼方法", "申出方法", "受付手段"),
    "kind": (
        *("kind", "種別", "区分", "求めの種別", "依頼種別", "申出種別", "停止種別", "登録種別"),
        *("依頼区分", "申出区分", "停止区分", "登録区分"),
    ),
    "reason": ("reason", "理由", "停止理由", "依頼理由", "申出理由", "登録理由", "削除理由"),
}
SAMPLE: Final = 10_000  # rows looked at where headers alone do not tell
_YES: Final = ("1", "true", "yes", "y", "はい", "有", "あり", "○", "◯", "〇")
_HOUSEHOLD: Final = (
    *("household", "世帯", "世帯全員", "世帯全体", "世帯単位", "全世帯", "全員", "一家", "一家全員"),
    *("家族", "ご家族", "家族全員", "ご家族全員", "同居家族", "同居の家族", "同居家族全員"),
    *("本人と家族", "本人及び家族", "本人および家族", "本人・家族", "本人+家族", "本人,家族"),
)
# A cell ○ says yes to 世帯 and nothing to 対象.
_ASKS_YES: Final = ("household", "世帯")
_ROW: Final = "row"
_NOTHING: Final = pl.lit(None, dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Import:
    """Requests ready to be recorded.

    Attributes:
        entries: `schema.ENTRY_SCHEMA` without `request`, and `row` UInt32: which request each is of.
        n: How many requests.
    """

    entries: pl.DataFrame
    n: int

    def __repr__(self) -> str:
        return f"Import({self.n} requests, {self.entries.height} entries)"

    @property
    def digest(self) -> bytes:
        """SHA-256 over the content as given: the same import again has the same, whatever the versions."""
        return content_digest(entry.told(self.entries))

    def unmatchable(self) -> list[bool]:
        """For each request, whether nothing that identifies anyone survives under the rules of the day."""
        from optout.keys import matchable

        people = as_raw(self.entries)
        found = people.select(_ROW).with_columns(matchable(people).alias("found"))
        return found.group_by(_ROW).agg(~pl.col("found").any()).sort(_ROW)["found"].to_list()

    def pieces(self, receipt_id: str) -> list[Piece]:
        """Blocks of Parquet, a tenant each, under the ids `receipt_id`-row."""
        request = pl.concat_str(pl.lit(f"{receipt_id}-"), pl.col(_ROW).cast(pl.String)).alias("request")
        named = self.entries.with_columns(request).select(list(ENTRY_SCHEMA))
        parts = [
            (tenant, part) for tenant, of_tenant in _by_tenant(named) for part in of_tenant.iter_slices(BLOCK)
        ]
        with ThreadPoolExecutor(_LANES) as lanes:
            return list(lanes.map(_piece, *zip(*parts, strict=True))) if parts else []


def _piece(tenant: str, part: pl.DataFrame) -> Piece:
    told = entry.told(part)
    return Piece(tenant, "add", "pq", part.height, parquet(told), entry.is_plain(told))


def ids(receipt_id: str, n: int) -> list[str]:
    """The request ids of an import, by row."""
    rows = pl.int_range(n, dtype=pl.UInt32, eager=True).cast(pl.String)
    return (f"{receipt_id}-" + rows).to_list()


def from_requests(requests: object) -> Import:
    """A list of `Request`; OptionError when something else is in it."""
    given = list(requests) if isinstance(requests, Iterable) else [requests]
    people = [each for each in given if isinstance(each, Request)]
    if len(people) != len(given):
        raise OptionError("suppress", ("a Request", "a list of Request", "a polars DataFrame or LazyFrame"))
    rows = [{**entry, _ROW: row} for row, each in enumerate(people) for entry in each.entries("")]
    entries = pl.DataFrame(rows, schema={**ENTRY_SCHEMA, _ROW: pl.UInt32}, orient="row").drop("request")
    return Import(entries, len(people))


def from_frame(frame: pl.DataFrame, columns: Columns | None) -> Import:
    """The rows of a frame; several people of one row are one request.

    Raises:
        InputError: no column tells who is meant, or one could mean several things.
    """
    from optout.batch import columns as recogniser
    from optout.batch.raw import raw

    scope = _scope_headers(frame, columns)
    ignored = tuple(scope.values())
    mapping = recogniser.recognise(frame.columns, columns, ignore=ignored, sample=frame.head(SAMPLE))
    people = _every_name(raw(frame, mapping))
    entries = people.select(_ROW, *_person(people)).join(_scope(frame, scope), on=_ROW, how="right")
    # A row no subject was found in is a request all the same: stored as given, flagged unmatchable.
    seen = pl.lit(None, ENTRY_SCHEMA["first_seen"]).alias("first_seen")
    entries = entries.with_columns(pl.col("phones", "emails").fill_null([]), seen)
    ordered = entries.select(*[name for name in ENTRY_SCHEMA if name != "request"], _ROW).sort(
        _ROW, maintain_order=True
    )
    return Import(ordered, frame.height)


def as_raw(entries: pl.DataFrame) -> pl.DataFrame:
    """Entries with their `row` as a raw frame (see `schema`), for the layer that makes keys."""
    former = _NOTHING.alias("former")
    plain = [former if name == "former" else pl.col(name) for name in RAW_FIELDS]
    return entries.select(
        pl.col(_ROW),
        pl.lit(SELF).alias("subject"),
        *plain,
        *_spread(entries, "phones", "phone"),
        *_spread(entries, "emails", "email"),
    )


def content_digest(frame: pl.DataFrame) -> bytes:
    """SHA-256 over the values: for each slice and column the lengths (-1 = null), then the text.

    Stays as it is for good: by it an import of an earlier version is known again.
    """
    sha = hashlib.sha256()

    def add(told: list[Buffer]) -> None:
        for piece in told:
            sha.update(piece)

    told = (_flat(column) for part in frame.iter_slices(BLOCK) for column in part.get_columns())
    if frame.height <= BLOCK:
        for each in told:
            add(each)
        return sha.digest()
    # One thread hashes while the other lays out; the pieces stay in order.
    with ThreadPoolExecutor(1) as beside:
        ahead: deque[Future[None]] = deque()
        for each in told:
            ahead.append(beside.submit(add, each))
            if len(ahead) > _AHEAD:
                ahead.popleft().result()
        for hashed in ahead:
            hashed.result()
    return sha.digest()


def _flat(column: pl.Series) -> list[Buffer]:
    told: list[Buffer] = [f"{column.name}\0{len(column)}\0".encode()]
    if isinstance(column.dtype, pl.List):
        told.append(_lengths(column.list.len()))
        column = column.explode(empty_as_null=False, keep_nulls=False)
    text = column.cast(pl.String)
    told.append(_lengths(text.str.len_bytes()))
    told.append(text.str.join("").cast(pl.Binary).item())
    return told


def _lengths(lengths: pl.Series) -> Buffer:
    told = lengths.cast(pl.Int64).fill_null(-1) if lengths.null_count() else lengths
    return told.to_numpy().astype("<i8", copy=False).data


def _by_tenant(entries: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    if entries["tenant"].n_unique() == 1:
        yield entries["tenant"][0] or "", entries
        return
    for part in entries.partition_by("tenant", maintain_order=True):
        yield part["tenant"][0] or "", part


def _spread(entries: pl.DataFrame, lists: str, name: str) -> list[pl.Expr]:
    longest = entries[lists].list.len().max()
    most = longest if isinstance(longest, int) else 0
    return [pl.col(lists).list.get(n, null_on_oob=True).alias(f"{name}_{n + 1}") for n in range(most)]


def _every_name(people: pl.DataFrame) -> pl.DataFrame:
    """People, and after each who has a former surname in a column of its own the same one under that name.

    A former surname is one more identity (DESIGN §8). Only a name with a blank tells what its given name is.
    """
    given = pl.col("name").str.strip_chars().str.extract(r"^\S+[ \u3000]+(.+)$")
    former = pl.concat_str(pl.col("former"), pl.lit(" "), given)
    renamed = people.with_columns(former.alias("name"), *(_NOTHING.alias(n) for n in ("former", "kana")))
    return pl.concat([people, renamed.filter(pl.col("name").is_not_null())])


def _person(people: pl.DataFrame) -> list[pl.Expr]:
    """The identifying fields of an entry from those of a raw frame."""
    bracketed = pl.concat_str(pl.col("name"), pl.lit("（旧姓"), pl.col("former"), pl.lit("）"))
    name = pl.coalesce(bracketed, "name", "former").alias("name")
    plain = [pl.col(field) for field in RAW_FIELDS if field not in ("name", "former")]
    return [name, *plain, _gathered(people, "phone"), _gathered(people, "email")]


def _gathered(people: pl.DataFrame, field: str) -> pl.Expr:
    cells = numbered(people, field)
    empty = pl.lit([], dtype=pl.List(pl.String))
    return (pl.concat_list(cells).list.drop_nulls() if cells else empty).alias(f"{field}s")


def _scope_headers(frame: pl.DataFrame, columns: Columns | None) -> dict[str, str]:
    """Scope field → header, whatever its width, leaving alone the headers the caller gave a meaning."""
    taken = {
        header for each in (columns or {}).values() for header in ([each] if isinstance(each, str) else each)
    }
    free = {_folded(header): header for header in reversed(frame.columns) if header not in taken}
    first = {
        field: next((free[name] for name in names if name in free), None) for field, names in SCOPE.items()
    }
    return {field: header for field, header in first.items() if header is not None}


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _scope(frame: pl.DataFrame, headers: Mapping[str, str]) -> pl.DataFrame:
    """The scope of every row, `row` beside it: a line a kind it names."""
    cells = [_cell(frame, headers.get(field)).alias(field) for field in SCOPE]
    scope = frame.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias(_ROW), *cells)
    words = _household_words(headers.get("household", ""))
    scope = scope.with_columns(_says(scope["household"], words).alias("household"))
    given = ["channels", "kind"]
    meanings = _meanings(scope.select(given).unique(maintain_order=True))
    return (
        scope.join(meanings, on=given, how="left", nulls_equal=True, maintain_order="left_right")
        .drop(given)
        .rename({"means": "kind", "covers": "channels"})
    )


def _meanings(given: pl.DataFrame) -> pl.DataFrame:
    """What pairs of cells (`channels`, `kind`) mean: `means` and `covers`, a line a kind."""
    rows = [
        {"channels": channels, "kind": kinds, "means": code, "covers": list(covered(code, _said(channels)))}
        for channels, kinds in given.iter_rows()
        for code in (read_kinds(kinds) if kinds else (OPT_OUT,))
    ]
    schema: dict[str, DType] = {
        "channels": pl.String,
        "kind": pl.String,
        "means": KIND,
        "covers": pl.List(pl.String),
    }
    return pl.DataFrame(rows, schema=schema)


def _said(cell: str | None) -> tuple[str, ...] | None:
    return (read_channels(cell) or CHANNELS) if cell else None


def _household_words(header: str) -> tuple[str, ...]:
    return (*_HOUSEHOLD, *_YES) if _folded(header) in _ASKS_YES else _HOUSEHOLD


def _says(cells: pl.Series, words: tuple[str, ...]) -> pl.Series:
    """Boolean: the cell is one of the words, whatever its width."""
    known = {_folded(word) for word in words}
    meaning = [cell for cell in cells.drop_nulls().unique() if _folded(cell) in known]
    return cells.is_in(meaning).fill_null(value=False)


def _cell(frame: pl.DataFrame, header: str | None) -> pl.Expr:
    """A scope cell as text, stripped, blank = null; a list cell joined by commas."""
    if header is None:
        return _NOTHING
    column = pl.col(header)
    listed = isinstance(frame.schema[header], pl.List)
    text = (
        column.cast(pl.List(pl.String)).list.join(",") if listed else column.cast(pl.String)
    ).str.strip_chars()
    return pl.when(text != "").then(text)
