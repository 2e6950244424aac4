"""What a person decides of borderline pairs (要確認): list, show, decide, undo, export, import."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from optout.cli import options
from optout.cli.command import command
from optout.cli.session import Session

if TYPE_CHECKING:
    from optout.review import Item
    from optout.store import Record, Store

_PANEL: Final = "三重チェック The three checks"
ItemId = Annotated[str, typer.Argument(metavar="ITEM", help="P-…, as `review list` shows it.")]
Reviewer = Annotated[
    str | None, typer.Option("--reviewer", metavar="NAME", help="確認者 (default: the actor).")
]
ListName = Annotated[
    str | None, typer.Option("--list", metavar="NAME", help="Of one list only: the number of an intake, say.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    review = typer.Typer(help="要確認 Decide borderline pairs: is this the person?", no_args_is_help=True)
    command(review, "list", "optout review list suppression.db")(listed)
    command(review, "show", "optout review show suppression.db P-...")(show)
    command(review, "decide", "optout review decide suppression.db P-... other --reason 電話で確認")(decide)
    command(review, "undo", "optout review undo suppression.db P-... --reason 取り違え")(undo)
    command(review, "export", "optout review export suppression.db review.csv")(export)
    command(review, "import", "optout review import suppression.db review.csv --reason 現物を確認")(take_in)
    app.add_typer(review, name="review", rich_help_panel=_PANEL)


def listed(session: Session, store: options.StorePath, name: ListName = None) -> None:
    """List the pairs that wait for a decision; no names are shown."""
    from optout import review
    from optout.report import reviewed

    with session.store(store) as opened:
        open_ = review.waiting(opened, name)
    plain = ("item", "list", "row", "subject", "request", "rule", "reason", "weight", "scheme")
    told = {"waiting": open_.height, "items": open_.select(plain).to_dicts()}
    session.tell(told, lambda: [reviewed.waiting(open_)], value="\n".join(open_["item"]))


def show(session: Session, store: options.StorePath, item: ItemId) -> None:
    """Show one pair, field by field, and what was decided of it (個人情報が表示されます)."""
    from optout import review
    from optout.report import reviewed

    with session.store(store) as opened:
        found = review.shown(opened, item)
        versions = _versions(opened, item)
        opened.record("review shown", {"item": item})
    told = _told(found) | {"decisions": [_decision(one) for one in versions], "personal_data": True}
    session.tell(told, lambda: reviewed.compared(found, versions), value=found.id)


def decide(
    session: Session,
    store: options.StorePath,
    item: ItemId,
    answer: Annotated[
        str, typer.Argument(metavar="ANSWER", help="same (本人: withhold the row) or other (別人: keep it).")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="判断の理由.", show_default=False)],
    reviewer: Reviewer = None,
) -> None:
    """Decide a pair; it holds wherever the pair is met again under this key scheme."""
    from optout import review
    from optout.report import reviewed

    with session.store(store) as opened:
        kept = review.decide(opened, item, answer, reason, reviewer)
    session.tell(_decision(kept), lambda: [reviewed.history([kept])], value=kept.id)


def undo(
    session: Session,
    store: options.StorePath,
    item: ItemId,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="取消の理由.", show_default=False)],
    reviewer: Reviewer = None,
) -> None:
    """Take a decision back: the pair is under review again."""
    from optout import review
    from optout.report import reviewed

    with session.store(store) as opened:
        kept = review.undo(opened, item, reason, reviewer)
        versions = review.history(opened, item)
    session.tell(_decision(kept), lambda: [reviewed.history(versions)], value=kept.id)


def export(
    session: Session,
    store: options.StorePath,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv (opens in Excel) or .parquet file.")],
    name: ListName = None,
) -> None:
    """Write the open pairs as a sheet to be filled in (個人情報を含みます)."""
    from optout import review
    from optout.cli.tabular import write_table
    from optout.report.reviewed import for_a_reviewer

    with session.store(store) as opened:
        made = review.answer_sheet(opened, name)
        opened.record("review export", {"items": made.height})
    write_table(for_a_reviewer(made), out)
    session.remark("個人情報を含みます: the sheet shows personal data; keep it at the desk.")
    line = f"判断用の一覧 sheet: {made.height:,} pairs, {out}; 本人 (same) または 別人 (other) を記入してください"
    told = {"items": made.height, "out": str(out), "personal_data": True}
    session.tell(told, lambda: [line], value=str(made.height))


def take_in(
    session: Session,
    store: options.StorePath,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The sheet, filled in: .csv, .tsv, .xlsx or .parquet.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="判断の理由, for lines that tell none.")
    ] = "",
    reviewer: Reviewer = None,
    encoding: options.Encoding = None,
    sheet: options.SheetName = None,
) -> None:
    """Read the answers of a sheet back: all of them, or none."""
    from optout import review

    with session.store(store) as opened:
        told = review.take_in(opened, file, reason, reviewer, encoding=encoding, sheet=sheet)
    line = f"判断 {told.decided:,} decided, {told.known:,} known before, {told.left_open:,} left open"
    session.tell(asdict(told), lambda: [line], value=str(told.decided))


def _versions(store: Store, item: str) -> list[Record]:
    from optout import review
    from optout.errors import UnknownRecordError

    try:
        return review.history(store, item)
    except UnknownRecordError:
        return []


def _told(item: Item) -> dict[str, Any]:
    return asdict(item)


def _decision(record: Record) -> dict[str, Any]:
    plain = ("answer", "reviewer", "reason", "request", "list", "row", "scheme")
    return {"item": record.id, "at": record.at, **{name: record.told[name] for name in plain}}
