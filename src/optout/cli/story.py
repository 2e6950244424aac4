"""What the demo does: an office's day in steps. Each returns what to show; every number is computed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout import checks
from optout.batch import open_batch
from optout.checks import removal
from optout.checks.intake.division import Division
from optout.errors import CheckError, DeliveryRefused
from optout.register import Certificate, verify_certificate
from optout.report import checked, screened
from optout.report.sheet import Cell, Column, Row, Sheet, facts
from optout.screen import Result, screen
from optout.store import Request, Store

_HELD: Final = ("held_customers.csv", "held_seminar.csv")
_RECIPIENT: Final = "株式会社見本商事"


@dataclass(slots=True)
class Scene:
    """Where the demo stands.

    Attributes:
        out: Its folder.
        store: Its suppression list, with a key of its own.
        told: Numbers and places, for `--json`.
        answers: List → rows of people who asked that were caught, and how many there are.
        example: A row of the bought list that was withheld.
    """

    out: Path
    store: Store
    told: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, int]] = field(default_factory=dict)
    example: int = 0

    def folder(self, name: str) -> Path:
        """A folder of the demo, made if missing."""
        place = self.out / name
        place.mkdir(exist_ok=True)
        return place

    def caught(self, name: str, rows: pl.Series) -> None:
        """Compare what was found in a list with the answers that come with the demo."""
        wanted = {row for request in _answers()["requests"] for row in request["rows"].get(name, [])}
        self.answers[name] = (len(wanted & set(rows)), len(wanted))

    def copied(self, name: str, folder: str) -> Path:
        """A working copy of a packaged list."""
        place = self.folder(folder) / name
        place.write_bytes(_packaged(name))
        return place


def _packaged(name: str) -> bytes:
    return resources.files("optout.cli").joinpath("demo_data", name).read_bytes()


def _answers() -> dict[str, Any]:
    answers: dict[str, Any] = json.loads(_packaged("truth.json"))
    return answers


@contextmanager
def opened(out: Path) -> Iterator[Scene]:
    """A new store with a new key, both in the folder; the user's own key folder is not looked at."""
    key = secrets.token_bytes(32)
    place = out / "demo.key"
    place.touch(mode=0o600)
    place.write_text(f"{key.hex()}\n", "ascii")
    with Store.create(out / "suppression.db", key=key, actor="demo", purpose="demo") as store:
        yield Scene(out, store)


def requests(scene: Scene) -> Iterator[Sheet | str]:
    """The requests as they arrived, recorded at once."""
    file = scene.copied("requests.csv", "0_requests")
    receipt = scene.store.suppress(open_batch(file).frame)
    entries = scene.store.entries()[1]
    scene.told["requests"] = len(receipt.request_ids)
    pairs: dict[str, Cell] = {
        "届いた求め requests": len(receipt.request_ids),
        "  うち世帯全員 for a household": entries.filter("household")["request"].n_unique(),
        "  うち一部の手段のみ some channels only": entries.filter(pl.col("channels").list.len() < 5)[
            "request"
        ].n_unique(),
        "  照合できない can match nobody": sum(receipt.unmatchable),
    }
    yield facts("停止リスト Suppression list (FAX, 郵便, 電話, メール)", pairs)


def removed(scene: Scene) -> Iterator[Sheet | str]:
    """Check 1: a dry run, then its execution, each list read again."""
    held = [scene.copied(name, "1_removal") for name in _HELD]
    plan = removal.plan(scene.store, None, held)
    yield checked.planned(plan)
    yield checked.plan_reasons(plan)
    outcome = removal.execute(scene.store, plan.hash, approver="鈴木")
    yield checked.carried_out(outcome)
    for name in _HELD:
        scene.caught(name, plan.table.filter(pl.col("holding") == name)["row"])
    scene.told["removal"] = {
        "plan": plan.hash,
        "rows": plan.table.group_by("action").len().sort("action").to_dicts(),
        "removed": int(outcome.table["removed"].sum()),
        "done": outcome.done,
    }


def taken_in(scene: Scene) -> Iterator[Sheet | str]:
    """Check 2: a bought list is filtered; what is open is left out, the rest becomes a holding."""
    file = scene.copied("bought_list.csv", "2_intake")
    taken = checks.intake(
        file,
        scene.store,
        supplier="見本名簿サービス株式会社",
        basis="individual",
        history="展示会の来場者から本人の同意を得て取得",
        out=scene.folder("2_intake/filtered"),
    )
    yield from _screened(taken.result, "取得時チェック Bought list")
    yield checked.taken_in(taken)
    held = taken.accept(leave_out=("review", "quarantined"))
    yield "要確認を除いて保有名簿に accepted as a holding without the open rows:"
    yield f"  {held}"
    scene.told["intake"] = taken.result.report["counts"]
    scene.caught(file.name, taken.result.verdicts.filter(pl.col("verdict") != "keep")["row"])
    scene.example = taken.result.verdicts.filter(pl.col("verdict") == "withhold")["row"][0]


def prepared(scene: Scene) -> Iterator[Sheet | str]:
    """Check 3, three days before: the extract for a client is screened."""
    file = scene.copied("delivery.csv", "3_delivery")
    result = screen(file, scene.store)
    result.write(scene.folder("3_delivery/prepared"))
    scene.told["prepared"] = result.report["counts"]
    yield from _screened(result, "提供前の照合 Extract for a client")


def late(scene: Scene) -> Iterator[Sheet | str]:
    """A request arrives after the list was prepared; the delivery must not pass."""
    receipt = scene.store.suppress(Request(**json.loads(_packaged("late_request.json"))))
    yield f"出荷直前に1件の求め: one more request arrives (store revision {receipt.revision})."
    file = scene.out / "3_delivery" / "prepared" / "kept.csv"
    try:
        _deliver(scene, file)
    except DeliveryRefused as refusal:
        scene.told["refused"] = refusal.reasons
        yield checked.refused(refusal.reasons)
        yield "何も書き出していません: nothing was written for the client."
        return
    raise CheckError("the demo delivered a list with a late request in it; report this")


def delivered(scene: Scene) -> Iterator[Sheet | str]:
    """Screened again, delivered, and proved without the store."""
    clean = scene.folder("3_delivery/cleaned")
    result = screen(scene.out / "3_delivery" / "prepared" / "kept.csv", scene.store)
    result.write(clean)
    yield from _screened(result, "再照合 Screened again")
    certificate = _deliver(scene, clean / "kept.csv")
    out = scene.out / "3_delivery" / "delivered"
    proved = verify_certificate(out / "certificate.json", out / "kept.csv", out / "public_key.pem")
    yield checked.certified(proved, "提供証明 Certificate, verified with the public key and the file alone")
    scene.told["delivered"] = {
        "counts": result.report["counts"],
        "certificate": certificate.id,
        "verified": True,
    }


def _deliver(scene: Scene, file: Path) -> Certificate:
    return checks.deliver(
        file,
        scene.store,
        recipient=_RECIPIENT,
        purpose="新商品案内の送付",
        channel="mail",
        out=scene.out / "3_delivery" / "delivered",
    )


def _screened(result: Result | Division, title: str) -> list[Sheet]:
    return [screened.counts(result.report, title), screened.reasons(result.report)]


def places(scene: Scene) -> Iterator[Sheet | str]:
    """Where everything lies, and what to try next."""
    audit = scene.store.audit_verify()
    scene.told["audit_rows"] = audit
    yield _known(scene)
    pairs: dict[str, Cell] = {
        "suppression.db": f"停止リスト, sealed; audit of {audit} rows unbroken",
        "demo.key": "鍵 its key, for this demo only",
        "1_removal/": "削除済みの保有名簿 lists held, after removal",
        "2_intake/filtered/": "kept, withheld, review .csv + intake.json",
        "3_delivery/delivered/": "kept.csv + certificate.json + public_key.pem",
        "summary.txt": "この画面 what you just read",
    }
    yield facts(f"ファイル Files in {scene.out}", pairs)
    yield ""
    yield "次に Try next (explain shows invented personal data):"
    yield f"  cd {scene.out}"
    yield f"  optout explain suppression.db 2_intake/bought_list.csv {scene.example} --key-file demo.key"
    yield "  optout holdings list suppression.db --key-file demo.key"
    yield "  optout audit suppression.db --key-file demo.key"


def _known(scene: Scene) -> Sheet:
    """The people who asked stand in the lists in other spellings; were they all caught?"""
    scene.told["known_answers"] = {name: {"caught": n, "of": of} for name, (n, of) in scene.answers.items()}
    rows = tuple(Row((name, n, of), "good" if n == of else "bad") for name, (n, of) in scene.answers.items())
    columns = (Column("名簿 list"), Column("見つけた caught", number=True), Column("正解 of", number=True))
    return Sheet("答え合わせ Rows of people who asked, written in many ways", columns, rows)


STEPS: Final[tuple[tuple[str, Callable[[Scene], Iterator[Sheet | str]]], ...]] = (
    ("求めの受付 Requests arrive", requests),
    ("第1チェック 削除 Check 1: removal", removed),
    ("第2チェック 取得時 Check 2: intake", taken_in),
    ("第3チェック 提供前 Check 3: delivery, prepared", prepared),
    ("第3チェック 提供前 Check 3: a late request", late),
    ("第3チェック 提供前 Check 3: delivered", delivered),
    ("完了 Done", places),
)
