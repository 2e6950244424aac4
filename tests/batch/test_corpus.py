"""The corpus and the fuzzer of benchmarks/, in a short form."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def test_every_file_of_the_corpus_is_read_as_it_must_be(tmp_path: Path) -> None:
    found = script("corpus").run(tmp_path)
    assert len(found) >= 500
    assert {name: why for name, why in found.items() if why} == {}


@pytest.mark.parametrize("kind", ["texts", "noise", "books"])
def test_damaged_files_neither_crash_nor_lose_a_row(kind: str) -> None:
    counts = script("fuzz_readers").run(minutes=0.05, only=[kind], rng_seed=7, examples=60)
    assert counts[f"files {kind}"] >= 60
    assert counts["read"] + counts["books read"] > 0
