"""Whatever is damaged, validate says so in findings; fix and describe end with a result or an error of ours."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from millwright.core.errors import MillwrightError
from millwright.datasets import validate
from millwright.datasets.checks.reference import Reference
from millwright.datasets.describing import describe
from millwright.datasets.fixing import fix
from tests.datasets.test_validation import find_reference, sound

__all__ = ["sound"]  # the fixture

RUNS = 24


def damage_json(path: Path, rng: random.Random) -> None:
    """Drop a value somewhere, or make it another."""
    content = holder = json.loads(path.read_text())
    while True:
        key: Any = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        if not isinstance(holder[key], dict | list) or not holder[key] or rng.random() < 0.3:
            break
        holder = holder[key]
    if isinstance(holder, dict) and rng.random() < 0.3:
        del holder[key]
    else:
        holder[key] = rng.choice([None, -1, 0, "x", [], {}, 3.5, [None]])
    path.write_text(json.dumps(content))


def damage_table(path: Path, rng: random.Random) -> None:
    """Take a column away, a value out of it, its type or some rows."""
    table = pq.read_table(path)
    name = rng.choice(table.column_names)
    at, values = table.column_names.index(name), table[name].to_pylist()
    values[rng.randrange(len(values))] = None
    changed = [
        table.drop_columns([name]),
        table.set_column(at, name, pa.array(values, table[name].type)),
        table.set_column(at, name, pa.array(["x"] * len(table))),
        table.slice(0, rng.randrange(len(table))),
    ]
    pq.write_table(rng.choice(changed), path)


def damage_bytes(path: Path, rng: random.Random) -> None:
    """Cut a file short, or overwrite bytes of it."""
    content = bytearray(path.read_bytes())
    if rng.random() < 0.4:
        del content[rng.randrange(len(content)) :]
    else:
        for _ in range(rng.choice([1, 10, 500])):
            content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(content)


def find_known(provenance: Mapping[str, Any]) -> Reference | None:
    """The judge of the made-up environment; whatever else was recorded is nobody's."""
    return find_reference(provenance) if provenance.get("env") == "made-up" else None


@pytest.mark.parametrize("seed", range(RUNS))
def test_damage_is_told_and_never_a_traceback(sound: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    root = Path(shutil.copytree(sound, tmp_path / "data"))
    path = rng.choice(sorted(path for path in root.rglob("*.*") if path.is_file() and path.name != ".lock"))
    kinds = {".json": damage_json, ".parquet": damage_table}
    (kinds.get(path.suffix, damage_bytes) if rng.random() < 0.7 else damage_bytes)(path, rng)
    findings = validate(root, find_known)
    with contextlib.suppress(MillwrightError):
        describe(root)
    with contextlib.suppress(MillwrightError):
        fix(root, tmp_path / "fixed", findings)
