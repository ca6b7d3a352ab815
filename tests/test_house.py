"""The house keeps its own rules: sizes, names, sentences, contracts, and what a machine needs to run it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "millwright"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if not path.stem.endswith("_pb2"))  # what people wrote
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {contract["id"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}
MODULES = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
ROOMS = MODULES - {"__init__"}
TORCH_ROOMS = {"nets", "policies", "world_models", "processors", "training"}
MUJOCO_ROOMS = {"robots", "envs", "experts"}
TORCH_FREE = ("core", "geometry", "robots", "envs", "judges", "experts", "serving")


def walk_functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def count_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, its docstring not counted."""
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_file_ends_before_500_lines_and_a_function_before_60(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 500
    lengths = {function.name: count_lines(function) for function in walk_functions(ast.parse(text))}
    long = {name: length for name, length in lengths.items() if length > 60}
    assert not long


@pytest.mark.parametrize("path", [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))], ids=relative)
def test_a_file_starts_with_its_sentence(path: Path) -> None:
    text = path.read_text()
    if path.name == "__init__.py" and not text.strip():
        return
    docstring = ast.get_docstring(ast.parse(text))
    assert text.startswith('"""')
    assert docstring
    assert docstring.splitlines()[0].endswith((".", ":", "?"))


def test_nothing_is_called_utils_or_helpers() -> None:
    forbidden = {"util", "utils", "helper", "helpers", "common", "base", "misc"}
    assert not [path for path in SOURCES if forbidden & set(path.relative_to(PACKAGE).with_suffix("").parts)]


def test_no_source_file_imports_pickle_or_loads_with_it() -> None:
    modules = re.compile(r"^\s*(import|from)\s+(pickle|cloudpickle|dill|shelve|joblib|marshal)\b", re.M)
    calls = re.compile(r"(?<!safetensors\.)torch\.(save|load)\(|allow_pickle\s*=\s*True")
    assert not [relative(p) for p in SOURCES if modules.search(p.read_text()) or calls.search(p.read_text())]


def test_the_layers_name_every_room_and_keep_their_order() -> None:
    layers = [set(re.findall(r"\w+", layer)) for layer in CONTRACTS["layers"]["layers"]]
    assert set().union(*layers) >= ROOMS
    position = {room: index for index, layer in enumerate(layers) for room in layer}
    assert position["cli"] < position["recipes"] < position["catalog"] < position["training"] < position["policies"]
    assert position["policies"] < position["envs"] < position["nets"] < position["core"]


@pytest.mark.parametrize(("contract", "allowed"), [("torch", TORCH_ROOMS), ("mujoco", MUJOCO_ROOMS)])
def test_an_import_contract_covers_every_room_that_exists(contract: str, allowed: set[str]) -> None:
    covered = {name.removeprefix("millwright.") for name in CONTRACTS[contract]["source_modules"]}
    assert covered == ROOMS - allowed


def test_no_room_of_learning_is_left_out_of_the_leak_contract() -> None:
    learning = {"policies", "training", "evaluation", "serving", "datasets"} & ROOMS
    covered = {name.removeprefix("millwright.") for name in CONTRACTS["leak"]["source_modules"]}
    assert covered == learning


def test_the_rooms_below_learning_and_serving_import_without_torch() -> None:
    modules = [
        "millwright",
        *(
            ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
            for room in TORCH_FREE
            for path in sorted((PACKAGE / room).rglob("*.py"))
        ),
    ]
    imports = "\n".join(f"import {module}" for module in modules)
    code = f"import sys\n{imports}\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"


def test_the_lock_holds_exact_versions_and_no_place() -> None:
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert "torch==2.13.0" in lines
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", line) for line in lines)
    assert not [line for line in lines if line.startswith(("nvidia-", "triton", "cuda-"))]


def test_the_lock_holds_every_dependency() -> None:
    project = PYPROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    locked = {re.split("==", line)[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    assert {re.split(r"[<>=\[]", requirement)[0] for requirement in wanted} <= locked


@pytest.mark.parametrize("target", ["help", "demo", "test", "check", "bench"])
def test_make_help_lists_the_target(target: str) -> None:
    done = subprocess.run(["make", "-s", "-C", str(ROOT)], capture_output=True, text=True, check=True)
    assert f"make {target} " in done.stdout


@pytest.mark.parametrize("script", ["scripts/bootstrap.sh", "scripts/lock.sh", "scripts/make_protos.sh", ".ci/run"])
def test_a_shell_script_parses_and_may_be_run(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)
