"""The shape of the package: layers, who may import what, purity, SQL, sizes, docstrings."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import optout

SOURCE = Path(optout.__file__).parent
PROJECT = Path(__file__).parents[1]
MOST_LINES = 450
PURE = ("text", "keys", "match")
# No I/O, clock, randomness or environment in the pure layers.
IMPURE = {
    *(
        "os",
        "io",
        "pathlib",
        "shutil",
        "tempfile",
        "glob",
        "sqlite3",
        "socket",
        "subprocess",
        "requests",
        "urllib",
    ),
    *("time", "random", "secrets", "uuid", "threading", "platform", "getpass", "logging"),
}
IMPURE_CALLS = {"open", "print", "input", "today", "now", "utcnow", "getenv"}
SLOW_OR_UNSTABLE = {"map_elements", "map_rows", "apply"}
# Their hashes are of tables in memory, and end with the process.
HASHED_IN_MEMORY = {"text.address.places"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "tools", "process", "data"}
SQL = re.compile(
    r"^\s*(?:SELECT\b.+\bFROM|INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|PRAGMA\s+\w+"
    r"|CREATE\s+(?:TABLE|TRIGGER|INDEX)|ALTER\s+TABLE|DROP\s+TABLE|BEGIN\s+IMMEDIATE)\b",
    re.IGNORECASE | re.DOTALL,
)
# Package → modules that may import it; whatever is not named here may be imported anywhere.
RESERVED = {
    "pykakasi": ("text.reading",),
    "jaconv": ("text.kana",),
    "rapidfuzz": ("match.compare",),
    "polars_hash": ("keys.digest",),
    "sqlite3": ("store", "register", "holdings.sql"),
    "psycopg": ("store.engine.postgres", "store.engine.address", "store.engine.erasing"),
    "sqlalchemy": ("holdings.sql",),
    "pyarrow": ("holdings.parquet_arrow",),
    "cryptography": ("store", "register"),
    "platformdirs": ("store",),
    "typer": ("cli",),
    "rich": ("cli", "report"),
    "jinja2": ("report.html",),
}
# Imported inside a function only: slow to start, and pykakasi is GPL.
LAZY = ("pykakasi", "jaconv")


@cache
def modules() -> dict[str, ast.Module]:
    """Dotted name below optout → syntax tree."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        found[name] = ast.parse(path.read_text("utf-8"), str(path))
    assert len(found) > 50
    return found


def below(name: str, layers: tuple[str, ...]) -> bool:
    return any(name == layer or name.startswith(f"{layer}.") for layer in layers)


def imports(tree: ast.AST) -> Iterator[str]:
    """Top-level packages a tree imports, wherever the statement stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def top_level(tree: ast.Module) -> ast.Module:
    """The statements of a module that run when it is imported."""
    kept = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return ast.Module(kept, [])


def called(tree: ast.AST) -> Iterator[str]:
    """Names of functions and methods that are called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            target = node.func
            yield target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def docstrings(tree: ast.AST) -> set[int]:
    """Identity of the constants that are docstrings."""
    holders = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, holders) and node.body and isinstance(node.body[0], ast.Expr)
    }


def texts(tree: ast.AST) -> Iterator[str]:
    """String constants that are not docstrings."""
    skipped = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def test_data_flows_one_way() -> None:
    if importlib.util.find_spec("importlinter") is None:
        pytest.skip("import-linter is in the lint extra; CI runs it")
    script = Path(sys.executable).with_name("lint-imports.exe" if os.name == "nt" else "lint-imports")
    linter = [str(script), "--no-cache"]
    # Its banner needs a terminal encoding that can draw; the environment says so.
    environment = {**os.environ, "PYTHONPATH": str(SOURCE.parent), "PYTHONUTF8": "1"}
    done = subprocess.run(
        linter, cwd=PROJECT, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", RESERVED)
def test_a_reserved_package_is_imported_only_where_it_belongs(package: str) -> None:
    strangers = [name for name, tree in modules().items() if package in set(imports(tree))]
    assert [name for name in strangers if not below(name, RESERVED[package])] == []


@pytest.mark.parametrize("package", LAZY)
def test_a_slow_package_is_not_imported_before_it_is_needed(package: str) -> None:
    assert [name for name, tree in modules().items() if package in set(imports(top_level(tree)))] == []


def test_importing_optout_loads_no_gpl_code() -> None:
    check = "import sys, optout; sys.exit('pykakasi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize("name", [name for name in modules() if below(name, PURE)])
def test_a_pure_module_has_no_io_clock_randomness_or_environment(name: str) -> None:
    tree = modules()[name]
    assert IMPURE & set(imports(tree)) == set()
    assert IMPURE_CALLS & set(called(tree)) == set()


def test_sql_stands_only_in_the_store_the_register_and_sql_holdings() -> None:
    speakers = {name for name, tree in modules().items() if any(SQL.match(text) for text in texts(tree))}
    assert speakers, "no SQL found: the pattern is broken"
    assert [name for name in speakers if not below(name, RESERVED["sqlite3"])] == []


def test_no_sql_is_glued_from_values() -> None:
    """An f-string may only put constants of its own module (upper case) into SQL."""
    glued = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and SQL.match(_skeleton(node)) and not _constant(node)
    ]
    # Triggers from a constant list.
    allowed = [place for place in glued if place.startswith("store.engine.sqlite:")]
    assert sorted(set(glued) - set(allowed)) == []


def _skeleton(text: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in text.values)


def _constant(text: ast.JoinedStr) -> bool:
    names = [part.value for part in text.values if isinstance(part, ast.FormattedValue)]
    return all(
        (isinstance(value, ast.Name) and value.id.isupper())
        or (isinstance(value, ast.Attribute) and value.attr.isupper())
        for value in names
    )


@pytest.mark.parametrize("name", modules())
def test_nothing_is_done_per_row_in_python_and_no_unstable_hash_is_used(name: str) -> None:
    tree = modules()[name]
    assert SLOW_OR_UNSTABLE & set(called(tree)) == set()
    hashes = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "hash"
    ]
    assert hashes == [] or name in HASHED_IN_MEMORY


def test_digits_are_spelt_out_because_a_class_takes_full_width_ones_too() -> None:
    spoken = [
        name
        for name, tree in modules().items()
        if any(re.search(r"(?<!\\)\\d", text) for text in texts(tree))
        and below(name, ("text", "keys", "match", "batch"))
    ]
    assert spoken == []


def test_every_module_has_a_name_that_says_what_it_does() -> None:
    assert [name for name in modules() if set(name.split(".")) & VAGUE] == []


def test_a_module_fits_in_a_head() -> None:
    long = {
        str(path.relative_to(SOURCE)): lines
        for path in SOURCE.rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_functions_fit_on_a_screen() -> None:
    lengths = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1 - len((ast.get_docstring(node) or "").splitlines())
        for tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    )
    assert lengths[len(lengths) // 2] <= 11
    assert lengths[len(lengths) * 9 // 10] < 37


def public() -> Iterator[tuple[str, Any]]:
    """Every public function and method that `optout` exports."""
    for name in optout.__all__:
        thing = getattr(optout, name)
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing) and not issubclass(thing, Exception):
            yield from (
                (f"{name}.{method}", getattr(thing, method))
                for method in dir(thing)  # what a class inherits is public too
                if not method.startswith("_") and inspect.isroutine(getattr(thing, method))
            )
        elif inspect.ismodule(thing) and thing is not optout.errors:
            yield from (
                (f"{name}.{attribute}", function)
                for attribute, function in vars(thing).items()
                if not attribute.startswith("_")
                and inspect.isfunction(function)
                and function.__module__ == thing.__name__
            )


PUBLIC = dict(public())


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_public_is_documented(name: str) -> None:
    function = PUBLIC[name]
    told = inspect.getdoc(function)
    assert told
    signature = inspect.signature(function)
    given = [parameter for parameter in signature.parameters if parameter not in ("self", "cls")]
    if len(given) > 1 and not name.startswith("Store."):
        assert "Args:" in told
        for parameter in given:
            assert parameter in told, f"{name} does not tell of {parameter}"
    if signature.return_annotation not in (None, "None") and len(given) > 1:
        assert "Returns:" in told or name.startswith("Store.")
    body = ast.parse(textwrap.dedent(inspect.getsource(function)))
    if any(isinstance(node, ast.Raise) for node in ast.walk(body)):
        assert "Raises:" in told, f"{name} raises and does not say what"


def test_the_package_is_typed() -> None:
    assert (SOURCE / "py.typed").exists()


def test_every_module_says_what_it_is_for() -> None:
    assert [name for name, tree in modules().items() if tree.body and not ast.get_docstring(tree)] == []
