"""The torture of the store: what may end a process or damage a file, and what must be true afterwards.

    python benchmarks/torture_store.py all
    python benchmarks/torture_store.py kills --n 1000
    python benchmarks/torture_store.py kills --n 500 --engine postgresql
    python benchmarks/torture_store.py power --n 3200
    python benchmarks/torture_store.py flips --n 10000
    python benchmarks/torture_store.py together --seconds 60
    python benchmarks/torture_store.py scan
    python benchmarks/torture_store.py speed --rows 1000000 --repeats 3

One JSON line a part and engine (`--n` is for each); PostgreSQL where a server is installed, which is started here. Exit
code 1 when a bound is broken; what was made in that part is kept (`kept`). The same --seed draws the same people and
moments, as far as a moment can be drawn.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import torture_places

Part = Callable[[Path, argparse.Namespace], dict[str, Any]]


def _part(name: str, *options: str) -> Part:
    """A module is imported when its part is asked for: some need what not every machine has."""

    def work(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
        chosen = {option: getattr(given, option) for option in options if getattr(given, option) is not None}
        told: dict[str, Any] = import_module(f"torture_{name}").run(folder, **chosen)
        return told

    return work


PARTS: Final[dict[str, Part]] = {
    "kills": _part("kills", "rng_seed", "n", "server"),
    "power": _part("power", "rng_seed", "n"),
    "flips": _part("flips", "rng_seed", "n"),
    "together": _part("together", "rng_seed", "seconds", "server"),
    "scan": _part("scan", "server"),
    "speed": _part("speed", "rng_seed", "rows", "repeats"),
}
OURS: Final = ("OPTOUT_KEY", "OPTOUT_KEY_FILE", "OPTOUT_CACHE_DIR")  # of whoever runs this
BOTH: Final = ("kills", "together", "scan")  # on each engine


def main() -> int:
    given = _arguments()
    for name in OURS:
        os.environ.pop(name, None)
    # Every store here is given its key, or has a folder of its own for it.
    os.environ["OPTOUT_KEY_DIR"] = tempfile.gettempdir()
    needed = given.engine != "sqlite" and given.part in (*BOTH, "all")
    with torture_places.postgres() if needed else nullcontext() as server:
        if given.engine == "postgresql" and isinstance(server, str):
            sys.exit(server)
        broken = [
            _one(name, given, each)
            for name in (PARTS if given.part == "all" else (given.part,))
            for each in _servers(name, given, server)
        ]
    return 1 if any(broken) else 0


def _servers(name: str, given: argparse.Namespace, server: Any) -> list[Any]:
    """What a part runs on: None is SQLite."""
    found = [] if server is None or isinstance(server, str) or name not in BOTH else [server]
    return found if found and given.engine == "postgresql" else [None, *found]


def _one(name: str, given: argparse.Namespace, server: Any) -> bool:
    """One part on one engine; whether anything broke."""
    folder = Path(tempfile.mkdtemp(prefix=f"optout-{name}-", dir=given.dir))
    told = PARTS[name](folder, argparse.Namespace(**vars(given) | {"server": server}))
    broken = bool(told["broken"])
    if broken:
        told = told | {"broken": told["broken"][:20], "n_broken": len(told["broken"]), "kept": str(folder)}
    else:
        shutil.rmtree(folder)
    print(json.dumps({"part": name, "seed": given.rng_seed} | told | _machine()), flush=True)
    return broken


def _machine() -> dict[str, Any]:
    return {
        "sqlite": sqlite3.sqlite_version,
        "python": platform.python_version(),
        "system": platform.system(),
        "cores": os.cpu_count(),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", choices=[*PARTS, "all"])
    parser.add_argument("--n", type=int, help="kills, states or changes")
    engines = ("both", "sqlite", "postgresql")
    parser.add_argument("--engine", choices=engines, default="both", help="for kills, together and scan")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--seed", dest="rng_seed", type=int, default=6)
    parser.add_argument(
        "--dir", type=Path, help="where stores are made: a folder on the disk that is to be measured"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
