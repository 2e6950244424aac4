"""Ours and the peers on the same data in the same run: each in a process of its own, precision at equal recall."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import match_files as files
import match_peers as peers
import measure
import numpy as np
import polars as pl
from match_people import KINDS
from match_traps import TRAPS

OURS: Final = "optout"
PEERS: Final = ("splink", "recordlinkage", "naive")
_VERDICTS: Final = {"keep": 0.0, "review": 1.0, "withhold": 2.0}
_SHOWN_KINDS: Final = (*KINDS, *TRAPS)


def scored(place: Path, task: str) -> None:
    """Write `row`, `score` of every pair a peer found (the work of one child process)."""
    import match_naive
    import match_recordlinkage
    import match_splink

    work: dict[str, Callable[[Path], pl.DataFrame]] = {
        "splink": match_splink.pairs,
        "recordlinkage": match_recordlinkage.pairs,
        "naive": match_naive.pairs,
    }
    work[task](place).write_parquet(place / f"score_{task}.parquet")


def our_scores(place: Path) -> np.ndarray:
    """The rows by verdict, then by weight."""
    import optout

    with optout.Store.open(place / "store.db", key=files.KEY) as store:
        verdicts = optout.screen(place / "utf8.csv", store).verdicts.sort("row")
    rank = verdicts["verdict"].cast(pl.String).replace_strict(_VERDICTS, return_dtype=pl.Float64)
    weight = (
        verdicts["weight"].fill_null(0).clip(-500, 500) / 1000
    )  # less than what lies between two verdicts
    return np.where(rank > 0, (rank + weight).to_numpy(), -np.inf)


def contest(place: Path, tools: tuple[str, ...] = PEERS) -> dict[str, Any]:
    """Precision at each recall, recall of each kind at our own recall, and seconds, for every tool."""
    told = files.truth(place).sort("row")
    normalising = peers.prepared(place)
    ours = our_scores(place)
    eligible = told["eligible"].to_numpy()
    own = float((eligible & (ours >= 1.5)).sum() / eligible.sum())
    recalls = tuple(sorted({*peers.RECALLS, round(own, 4)}))
    found: dict[str, Any] = {"own_recall": round(own, 4), "normalise_s": round(normalising, 1), "tools": {}}
    for tool in (OURS, *tools):
        spent = _spent(place, tool) if tool != OURS else {}
        scores = (
            ours
            if tool == OURS
            else peers.best(pl.read_parquet(place / f"score_{tool}.parquet"), told.height)
        )
        curve = {str(recall): share for recall, share in peers.curve(scores, told, recalls).items()}
        top = peers.highest(scores, told)
        kinds = peers.by_kind(scores, told, min(own, top))
        found["tools"][tool] = {"curve": curve, "highest": round(top, 4), "kinds": kinds} | spent
    return found


def _spent(place: Path, tool: str) -> dict[str, Any]:
    """Run a peer; training, where it has any, is not part of the pass that is timed."""
    if tool == "splink" and _older(place / "splink.json", place / "left.parquet"):
        measure.child(__file__, ["--place", str(place), "--task", "train"])
    told = measure.child(__file__, ["--place", str(place), "--task", tool])
    return {
        "apply_s": round(told["process"], 2),
        "cpu_s": round(told["cpu"], 2),
        "rss_mb": round(told["rss_mb"]),
    }


def _older(path: Path, than: Path) -> bool:
    return not path.exists() or path.stat().st_mtime < than.stat().st_mtime


def text(found: dict[str, Any]) -> str:
    """Precision at recall, then what each flags of every kind and trap at our recall."""
    tools = found["tools"]
    recalls = list(next(iter(tools.values()))["curve"])
    lines = [
        f"{'precision at recall':<20}"
        + "".join(f"{float(recall):>9.2%}" for recall in recalls)
        + f"{'highest':>9}"
    ]
    for tool, told in tools.items():
        shares = "".join(
            f"{'-':>9}" if told["curve"][r] is None else f"{told['curve'][r]:>9.2%}" for r in recalls
        )
        lines.append(f"{tool:<20}{shares}{told['highest']:>9.2%}")
    lines += [
        "",
        f"{'flagged at recall ' + format(found['own_recall'], '.2%'):<26}"
        + "".join(f"{t:>15}" for t in tools),
    ]
    for kind in _SHOWN_KINDS:
        shares = "".join(f"{told['kinds'].get(kind, float('nan')):>15.2%}" for told in tools.values())
        lines.append(f"{kind:<26}{shares}")
    lines += ["", f"normalising the list for the peers: {found['normalise_s']} s"]
    for tool, told in tools.items():
        if "apply_s" in told:
            lines.append(
                f"{tool}: {told['apply_s']} s wall, {told['cpu_s']} s CPU, {told['rss_mb']} MB for its pass"
            )
    return "\n".join(lines)


def main() -> None:
    """One task; the command line of the child processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--task", required=True, choices=(*PEERS, "train"))
    args = parser.parse_args()
    if args.task == "train":
        import match_splink

        match_splink.train(args.place)
    else:
        scored(args.place, args.task)
    print(json.dumps({"cpu": measure.cpu(), "rss_mb": measure.peak_mb()}))


if __name__ == "__main__":
    main()
